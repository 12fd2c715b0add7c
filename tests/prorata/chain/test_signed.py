"""A signed transaction says what eth_account reads in it, whatever happened to its bytes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from hypothesis import given
from hypothesis import strategies as st

from prorata.chain.signed import Signed, call_digest, read_signed
from prorata.chain.types import Fees

KEY = Account.from_key(b"\x11" * 32)
ADDRESSES = st.binary(min_size=20, max_size=20).map(to_checksum_address)
SLOTS = st.lists(
    st.binary(min_size=32, max_size=32).map(lambda slot: "0x" + slot.hex()), max_size=2
)
TRANSACTIONS = st.fixed_dictionaries(
    {
        "chainId": st.integers(1, 2**40),
        "nonce": st.integers(0, 2**20),
        "gas": st.integers(21_000, 2**24),
        "maxFeePerGas": st.integers(0, 2**50),
        "maxPriorityFeePerGas": st.integers(0, 2**50),
        "value": st.integers(0, 2**90),
        "data": st.binary(max_size=80),
        "accessList": st.lists(
            st.fixed_dictionaries({"address": ADDRESSES, "storageKeys": SLOTS}), max_size=2
        ),
    },
    optional={"to": ADDRESSES},
)


def signed(**fields: object) -> bytes:
    return bytes(KEY.sign_transaction(fields).raw_transaction)


def by_eth_account(raw: bytes) -> Signed:
    sent = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    to, fees = bytes(sent["to"]), Fees(sent["maxFeePerGas"], sent["maxPriorityFeePerGas"])
    data, gas = bytes(sent["data"]), sent["gas"]
    address = to_checksum_address(to) if to else None
    return Signed(sent["nonce"], address, sent["value"], data, gas, fees)


@given(TRANSACTIONS)
def test_it_is_read_as_eth_account_reads_it(fields):
    raw = signed(type=2, **fields)
    read = read_signed(raw)
    assert read == by_eth_account(raw)
    assert read.digest == call_digest(read.to, read.value, read.data)


@given(TRANSACTIONS, st.data())
def test_bytes_that_were_damaged_are_refused_where_eth_account_refuses_them(fields, data):
    raw = bytearray(signed(type=2, **fields))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(0, 255))
    damaged = bytes(raw[: data.draw(st.integers(place, len(raw)))])
    expected = read = None
    with suppress(Exception):
        expected = by_eth_account(damaged)
    with suppress(ValueError):
        read = read_signed(damaged)
    assert read == expected


@pytest.mark.parametrize("kind", ["legacy", "with an access list", "nothing", "no bytes of one"])
def test_what_is_no_eip_1559_transaction_is_refused(kind):
    whole = {"chainId": 1, "nonce": 0, "gas": 21_000, "gasPrice": 7, "value": 0, "to": KEY.address}
    raw = {
        "legacy": signed(**whole),
        "with an access list": signed(**whole, type=1, accessList=[]),
        "nothing": b"",
        "no bytes of one": b"\x02\xc0",
    }[kind]
    with pytest.raises(ValueError, match="no signed transaction"):
        read_signed(raw)

"""Words are read as eth-abi reads them, and refused where it refuses them."""

from __future__ import annotations

import pytest
from eth_abi.abi import decode
from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from hypothesis import example, given
from hypothesis import strategies as st

from prorata.chain.abi import _decode, function

KINDS = ("address", "bool", "uint8", "uint48", "uint96", "uint256", "bytes4", "bytes32")

words = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**256 - 1).map(lambda value: value.to_bytes(32, "big")),
    st.integers(0, 2**160).map(lambda value: value.to_bytes(32, "big")),
    st.integers(0, 2).map(lambda value: value.to_bytes(32, "big")),
    st.binary(max_size=32).map(lambda value: value.ljust(32, b"\0")),
)


def answered(read):
    try:
        return read()
    except DecodingError:
        return "refused"


@given(kinds=st.lists(st.sampled_from(KINDS), max_size=4), data=st.data(), rest=st.binary())
@example(kinds=["address"], data=None, rest=b"")
def test_words_are_read_as_eth_abi_reads_them(kinds, data, rest):
    """Clean or dirty, with something behind them or with too little."""
    chosen = [data.draw(words) for _ in kinds] if data is not None else []
    content = b"".join(chosen) + rest
    ours = answered(lambda: _decode([{"type": kind} for kind in kinds], content))
    theirs = answered(lambda: list(decode(kinds, content)))
    if theirs != "refused":
        theirs = [to_checksum_address(value) if kind == "address" else value
                  for kind, value in zip(kinds, theirs, strict=True)]  # fmt: skip
    assert ours == theirs


def test_the_arguments_of_a_call_are_those_that_were_encoded():
    claim_to = function("DividendVault", "claimTo")
    holder, receiver = "0x" + "1" * 40, "0x" + "2" * 40
    data = claim_to.encode([3, 1, 2**200], holder, holder, receiver)
    assert claim_to.arguments(data) == ((3, 1, 2**200), holder, holder, receiver)


@pytest.mark.parametrize("data", [b"", b"\1\2\3\4", b"\1\2\3\4" + bytes(96)])
def test_another_call_has_no_arguments_of_this_one(data):
    assert function("DividendVault", "claimTo").arguments(data) is None


def test_a_call_cut_short_has_no_arguments():
    """Also beside a program that decodes loosely, after which the shared decoders stay loose."""
    abi_decode(["address", "uint256"], bytes(64), strict=False)
    abi_decode(["uint256[]"], bytes([*bytes(31), 32, *bytes(32)]), strict=False)
    claim_to = function("DividendVault", "claimTo")
    data = claim_to.encode([3], *["0x" + "1" * 40] * 2, "0x" + "2" * 40)
    assert claim_to.arguments(data[:-1]) is None

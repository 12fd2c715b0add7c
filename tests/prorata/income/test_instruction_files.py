"""Payment instructions without a chain: what is signed, by whom, and the file it travels in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from prorata.chain.artifacts import artifact
from prorata.chain.signers import LocalSigner
from prorata.contracts.relayer import TYPES, PaymentInstruction, digest, typed_data
from prorata.errors import InputError
from prorata.income.instruction_files import (
    SignedInstruction,
    parse_data,
    read_instruction,
    sign_instruction,
    write_instruction,
)
from tests.contracts import relayer as by_hand

KEY, OTHER = (Account.from_key("0x" + pair * 32) for pair in ("0a", "0b"))
DESK = to_checksum_address("0x" + "de" * 20)
BANK = to_checksum_address("0x" + "ba" * 20)
SAID = PaymentInstruction(KEY.address, KEY.address, (1, 2), BANK, 1_900_000_000, nonce=2**255)
UNSIGNED = SignedInstruction(SAID, 1, DESK)
SIGN_ANEW = "sign a new one with `prorata instruct`"

words = st.integers(0, 2**256 - 1)
addresses = st.binary(min_size=20, max_size=20).filter(any).map(to_checksum_address)
instructions = st.builds(
    PaymentInstruction,
    holder=addresses,
    claimant=addresses,
    ids=st.lists(words, min_size=1, max_size=4).map(tuple),
    receiver=addresses,
    valid_until=words,
    hook=addresses,
    data=st.binary(max_size=70),
    nonce=words,
)


def refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises(InputError) as refused:
        call(*arguments)
    return str(refused.value)


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("instructions") / "to-my-bank.json"


# -------------------------------------------------------------------------------- what is signed


@given(instructions)
def test_the_digest_is_eip712_by_hand(said):
    """For any payment instruction: what is signed here is what the claim relayer's tests put
    together by hand.
    """
    other = by_hand.PaymentInstruction(
        SimpleNamespace(address=DESK), said.holder, said.claimant, said.ids, said.receiver,
        said.hook, said.data, said.nonce, said.valid_until,
    )  # fmt: skip
    assert digest(said, 1, DESK) == other.digest()
    assert other.encodable() == said.encodable()


def test_the_types_are_the_structs_own():
    """The members of the Solidity struct, in its order."""
    execute = next(e for e in artifact("ClaimRelayer").abi if e.get("name") == "execute")
    struct = execute["inputs"][0]["components"]
    assert TYPES["PaymentInstruction"] == [{"name": p["name"], "type": p["type"]} for p in struct]


def test_another_chain_or_desk_is_another_digest():
    digests = {digest(SAID, 1, DESK), digest(SAID, 2, DESK), digest(SAID, 1, BANK)}
    assert len(digests) == 3


def test_a_key_signs_for_itself_and_nobody_else():
    signed = sign_instruction(UNSIGNED, LocalSigner(KEY))
    assert (len(signed.signature), signed.signature[-1] in {27, 28}) == (65, True)
    assert signed.is_signed_by_key
    assert not UNSIGNED.is_signed_by_key
    assert refusal(sign_instruction, UNSIGNED, LocalSigner(OTHER)) == (
        f'account: "{OTHER.address}" is not {KEY.address}, who is to be paid; sign with that '
        "account, or write the file --unsigned and sign it elsewhere"
    )


@given(instructions)
def test_a_signature_is_for_these_words_only(said):
    signature = sign_instruction(UNSIGNED, LocalSigner(KEY)).signature
    other = SignedInstruction(replace(said, claimant=KEY.address), 1, DESK, signature)
    assert not other.is_signed_by_key


@given(st.binary(max_size=70))
def test_any_bytes_but_a_signature_are_none(noise):
    assert not replace(UNSIGNED, signature=noise).is_signed_by_key


def test_wallets_read_large_numbers_as_text():
    """A nonce of 2^255 survives a wallet that is written in JavaScript."""
    message = typed_data(SAID, 1, DESK)["message"]
    assert (message["nonce"], message["ids"], message["data"]) == (str(2**255), ["1", "2"], "0x")


# -------------------------------------------------------------------------------------- the file


@given(instructions, words, addresses, st.booleans())
def test_what_is_written_is_read(path, said, chain_id, relayer, with_signature):
    signature = b"\1" * 65 if with_signature else b""
    signed = SignedInstruction(said, chain_id, relayer, signature)
    write_instruction(path, signed)
    assert read_instruction(path) == signed
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_file_is_what_wallets_sign(path):
    """eth-account signs the file as it stands, and its answer belongs into the last member."""
    write_instruction(path, UNSIGNED)
    content = json.loads(path.read_text())
    assert (list(content)[-1], content["signature"]) == ("signature", None)
    wallet = {name: part for name, part in content.items() if name != "signature"}
    signature = Account.sign_typed_data(KEY.key, full_message=wallet).signature
    path.write_text(json.dumps({**content, "signature": f"0x{signature.hex()}"}))
    assert read_instruction(path) == sign_instruction(UNSIGNED, LocalSigner(KEY))


def changed(path: Path, *place: str, value: Any) -> str:
    """The refusal of a good file in which one thing is otherwise."""
    write_instruction(path, sign_instruction(UNSIGNED, LocalSigner(KEY)))
    content = part = json.loads(path.read_text())
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = value
    path.write_text(json.dumps(content))
    return refusal(read_instruction, path)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("primaryType", "Permit", f"are not those of a payment instruction; {SIGN_ANEW}"),
        ("types", {}, f"are not those of a payment instruction; {SIGN_ANEW}"),
        ("message", [], f'message: "[]" has no names with values; {SIGN_ANEW}'),
        ("domain", None, f'domain: "None" has no names with values; {SIGN_ANEW}'),
        ("note", "urgent", f'note: "urgent" does not belong there; {SIGN_ANEW}'),
        ("domain.name", "Other", f'domain.name: "Other" is not prorata ClaimRelayer; {SIGN_ANEW}'),
        ("domain.version", "2", f'domain.version: "2" is not 1; {SIGN_ANEW}'),
        ("domain.salt", "0x", f'domain.salt: "0x" does not belong there; {SIGN_ANEW}'),
        ("domain.verifyingContract", "0x12", 'verifyingContract: "0x12" is not an address'),
        ("message.receiver", DESK[:-1], "is not an address"),
        ("message.receiver", "0x" + "0" * 40, 'receiver: "0x0000'),
        ("message.claimant", BANK.swapcase(), "claimant"),
        ("message.ids", [], 'ids: "[]" is no list of distributions; write ["1", "2"]'),
        ("message.ids", "12", 'ids: "12" is no list of distributions; write ["1", "2"]'),
        ("message.ids", ["1", "1e3"], 'ids.1: "1e3" is no whole number below 2^256; write digits'),
        ("message.nonce", True, 'nonce: "True" is no whole number below 2^256'),
        ("message.nonce", 1.0, 'nonce: "1.0" is no whole number below 2^256'),
        ("message.nonce", "-1", 'nonce: "-1" is no whole number below 2^256'),
        ("message.nonce", "007", 'nonce: "007" is no whole number below 2^256'),
        ("message.nonce", "\u0661", 'nonce: "\u0661" is no whole number below 2^256'),
        ("message.validUntil", str(2**256), "is no whole number below 2^256"),
        ("message.data", "0x1", 'data: "0x1" is not hexadecimal'),
        ("message.data", 0, 'data: "0" is not hexadecimal'),
        ("signature", "abc", 'signature: "abc" is not hexadecimal; write 0x and an even number'),
    ],
)
def test_a_file_that_says_something_else_is_refused(path, place, value, said):
    assert said in changed(path, *place.split("."), value=value)


def test_every_fault_of_a_file_is_listed_and_a_missing_member_is_named(path):
    write_instruction(path, UNSIGNED)
    content = json.loads(path.read_text())
    del content["message"]["nonce"]
    content["message"] |= {"receiver": "0x12", "data": "0x1"}
    path.write_text(json.dumps(content))
    assert refusal(read_instruction, path) == (
        f"3 problems in {path}:\n"
        '  message.receiver: "0x12" is not an address; write 0x and 40 hexadecimal digits\n'
        '  message.data: "0x1" is not hexadecimal; write 0x and an even number of digits\n'
        f'  message.nonce: "" is missing; {SIGN_ANEW}'
    )


def test_a_file_that_is_none_is_refused(path):
    path.write_text("{")
    assert refusal(read_instruction, path) == f'instruction: "{path}" is not JSON; {SIGN_ANEW}'
    path.write_text("[]")
    assert refusal(read_instruction, path) == f'"[]" has no names with values; {SIGN_ANEW}'
    path.write_text("{}")
    assert refusal(read_instruction, path).count('"" is missing') == 5
    path.write_bytes(b"\xff\xfe")
    assert refusal(read_instruction, path) == f'instruction: "{path}" is not JSON; {SIGN_ANEW}'
    nowhere = path.with_name("nowhere.json")
    assert refusal(read_instruction, nowhere) == (
        f'instruction: "{nowhere}" cannot be read (no such file or directory); give the file '
        "that `prorata instruct` wrote"
    )


def test_a_file_that_cannot_be_written_is_refused(path):
    path.write_text("")
    inside = path / "file.json"
    assert refusal(write_instruction, inside, UNSIGNED).startswith(
        f'out: "{inside}" cannot be written ('
    )


def test_data_is_hexadecimal():
    assert parse_data("0x") == b""
    assert parse_data("0xaB01") == b"\xab\1"
    for text in ("", "ab", "0xa", "0xzz", "0x\u0661\u0661"):
        assert refusal(parse_data, text) == (
            f'data: "{text}" is not hexadecimal; write 0x and an even number of digits'
        )

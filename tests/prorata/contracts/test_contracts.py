"""Events and words of the contracts as Python has them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from prorata.chain.abi import function
from prorata.chain.artifacts import artifact
from prorata.chain.calls import decode_log
from prorata.chain.types import Log
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.relayer import PaymentInstruction
from prorata.contracts.rules import Code
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import DividendVault, Permit, Reason, Settlement, Terms, settlements
from prorata.errors import ChainError, InputError
from prorata.toolchain.compiler import CONTRACTS
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.kinds import Kind

VAULT, HOLDER, PAYEE = ("0x" + digit * 40 for digit in "123")


@dataclass
class ReportedEvent:
    name: str
    args: dict[str, Any] = field(default_factory=dict)


def one(number, gross, tax=0):
    args = {"id": number, "holder": HOLDER, "payee": PAYEE, "gross": gross, "tax": tax}
    return ReportedEvent("Claimed", args)


def many(*parts):
    """`ClaimedMany` of (id, gross, tax)."""
    reported = tuple(dict(zip(("id", "gross", "tax"), part, strict=True)) for part in parts)
    return ReportedEvent("ClaimedMany", {"holder": HOLDER, "payee": PAYEE, "settlements": reported})


def word(address):
    return bytes(12) + bytes.fromhex(address[2:])


def written(topics, types, values):
    """An event as the chain has it."""
    return Log(VAULT, tuple(topics), encode(types, values), 7, "0xb", "0xt", 3)


# ----------------------------------------------------------------------------------- settlements


def test_settlements_are_the_same_told_one_by_one_or_together():
    apart = list(settlements([one(1, 100, 15), one(4, 7), one(2, 0)]))
    together = list(settlements([many((1, 100, 15), (4, 7, 0), (2, 0, 0))]))
    assert apart == together
    assert apart[0] == Settlement(1, HOLDER, PAYEE, gross=100, tax=15)
    assert [settlement.net for settlement in apart] == [85, 7, 0]


def test_settlements_come_in_order_and_nothing_else_does():
    events = [
        one(3, 1),
        ReportedEvent("Skipped"),
        many((1, 2, 0), (2, 3, 1)),
        ReportedEvent("Carried"),
        one(9, 4),
    ]
    assert [s.distribution_id for s in settlements(events)] == [3, 1, 2, 9]
    assert list(settlements([])) == []
    assert list(settlements([many()])) == []


def test_both_forms_are_read_from_the_bytes_of_a_log():
    topic = keccak(text="Claimed(uint256,address,address,uint256,uint256)")
    alone = written(
        (topic, (5).to_bytes(32, "big"), word(HOLDER)),
        ("address", "uint256", "uint256"),
        (PAYEE, 100, 15),
    )
    topic = keccak(text="ClaimedMany(address,address,(uint256,uint256,uint256)[])")
    together = written(
        (topic, word(HOLDER)),
        ("address", "(uint256,uint256,uint256)[]"),
        (PAYEE, [(5, 100, 15), (6, 2**160 - 1, 0)]),
    )
    events = [decode_log(alone), decode_log(together)]
    assert list(settlements(events)) == [
        Settlement(5, HOLDER, PAYEE, 100, 15),
        Settlement(5, HOLDER, PAYEE, 100, 15),
        Settlement(6, HOLDER, PAYEE, 2**160 - 1, 0),
    ]


# ----------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("enum", "name", "interface"),
    [
        (Kind, "Kind", "income/IDividendVault"),
        (Reason, "Reason", "income/IDividendVault"),
        (Code, "Code", "compliance/ITransferRules"),
    ],
)
def test_what_solidity_enumerates_python_does_too(enum, name, interface):
    """An ABI has the numbers only, so that a word too few would not show until it is told."""
    source = (PROJECT_ROOT / CONTRACTS / f"{interface}.sol").read_text()
    found = re.search(rf"enum {name} \{{([^}}]*)\}}", source)
    if found is None:
        pytest.fail(f"{interface}.sol has no enum {name}")
    said = re.sub(r"//.*", "", found[1]).replace(",", " ").split()
    assert [member.name.replace("_", "").lower() for member in enum] == [w.lower() for w in said]
    assert [int(member) for member in enum] == list(range(len(said)))


def test_reasons_are_said_in_words():
    assert (Code.MAX_HOLDERS_OF_CLASS.label, Code.NONE.label) == ("max holders of class", "none")


# ----------------------------------------------------------------------------------------- calls

WROTE = [
    (ShareToken, "transfer_from", (HOLDER, PAYEE, 7), "transferFrom"),
    (ShareToken, "batch_transfer", ([HOLDER, PAYEE], [3, 4]), "batchTransfer"),
    (ShareToken, "approve", (PAYEE, 7), "approve"),
    (ShareToken, "unpause", (), "unpause"),
    (
        ShareToken,
        "set_document",
        (b"deed".ljust(32, b"\0"), "ipfs://deed", b"\1" * 32),
        "setDocument",
    ),
    (ShareToken, "remove_document", (b"deed".ljust(32, b"\0"),), "removeDocument"),
    (ShareToken, "set_contract_uri", ("ipfs://house",), "setContractURI"),
    (ShareToken, "set_name", ("House",), "setName"),
    (ShareToken, "set_symbol", ("HSE",), "setSymbol"),
    (ShareToken, "set_compliance", (PAYEE,), "setCompliance"),
    (ShareToken, "accept_ownership", (), "acceptOwnership"),
    (InvestorRegistry, "accept_ownership", (), "acceptOwnership"),
    (Currency, "transfer", (PAYEE, 7), "transfer"),
]


@pytest.mark.parametrize(
    ("contract", "method", "arguments", "solidity"), WROTE,
    ids=[f"{contract.CONTRACT}.{method}" for contract, method, *_ in WROTE],
)  # fmt: skip
def test_a_call_says_its_function_its_arguments_and_no_money(contract, method, arguments, solidity):
    call = getattr(contract(None, VAULT), method)(*arguments)
    assert (call.to, call.value) == (VAULT, 0)
    reported = function(contract.CONTRACT, solidity).arguments(call.data)
    assert reported == tuple(tuple(a) if isinstance(a, list) else a for a in arguments)
    assert call.label


def test_the_native_coin_is_sent_and_not_called():
    call = Currency(None, NATIVE).transfer(PAYEE, 7)
    assert (call.to, call.data, call.value) == (PAYEE, b"", 7)


def test_a_permit_goes_into_the_declaration_as_it_was_signed():
    permit = Permit(2_000_000_000, 27, b"\1" * 32, b"\2" * 32)
    vault = DividendVault(None, VAULT)
    call = vault.declare_with_permit(HOLDER, 3, PAYEE, 7, Terms(Kind.RENT), permit=permit)
    assert call.value == 0
    reported = function("DividendVault", "declareWithPermit").arguments(call.data)
    assert reported[:4] == (HOLDER, 3, PAYEE, 7)
    assert tuple(reported[5].values()) == permit.encodable()


def test_names_that_nothing_has_are_refused_with_what_there_is():
    with pytest.raises(InputError) as unknown:
        artifact("ShareTokem")
    assert str(unknown.value).startswith('contract: "ShareTokem" is not known; use ')
    with pytest.raises(InputError) as unknown:
        function("ShareToken", "transferTo")
    assert str(unknown.value) == (
        'function: "transferTo" is not a function of ShareToken; check its interface'
    )


def test_what_does_not_decode_is_no_answer_and_no_arguments():
    with pytest.raises(ChainError) as nonsense:
        function("ShareToken", "name").decode(b"\xff" * 32)
    assert "name" in str(nonsense.value)
    mint = function("ShareToken", "mint")
    assert mint.arguments(mint.encode(HOLDER, 7)[:-1]) is None


def test_an_instruction_says_whether_it_reinvests():
    plain = PaymentInstruction(HOLDER, HOLDER, (1,), PAYEE, 0)
    assert (plain.has_hook, replace(plain, hook=VAULT).has_hook) == (False, True)

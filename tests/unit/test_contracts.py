"""Events and words of the contracts as Python has them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from prorata.build import CONTRACTS, PROJECT_ROOT
from prorata.chain import Log
from prorata.contracts import Code, Kind, Reason, Settlement, decode_log, settlements

VAULT, HOLDER, PAYEE = ("0x" + digit * 40 for digit in "123")


@dataclass
class Told:
    name: str
    args: dict[str, Any] = field(default_factory=dict)


def one(number, gross, tax=0):
    args = {"id": number, "holder": HOLDER, "payee": PAYEE, "gross": gross, "tax": tax}
    return Told("Claimed", args)


def many(*parts):
    """`ClaimedMany` of (id, gross, tax)."""
    told = tuple(dict(zip(("id", "gross", "tax"), part, strict=True)) for part in parts)
    return Told("ClaimedMany", {"holder": HOLDER, "payee": PAYEE, "settlements": told})


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
    events = [one(3, 1), Told("Skipped"), many((1, 2, 0), (2, 3, 1)), Told("Carried"), one(9, 4)]
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
        (Kind, "Kind", "IDividendVault"),
        (Reason, "Reason", "IDividendVault"),
        (Code, "Code", "ITransferRules"),
    ],
)
def test_what_solidity_enumerates_python_does_too(enum, name, interface):
    """An ABI has the numbers only, so that a word too few would not show until it is told."""
    source = (PROJECT_ROOT / CONTRACTS / "interfaces" / f"{interface}.sol").read_text()
    found = re.search(rf"enum {name} \{{([^}}]*)\}}", source)
    if found is None:
        pytest.fail(f"{interface}.sol has no enum {name}")
    said = re.sub(r"//.*", "", found[1]).replace(",", " ").split()
    assert [member.name.replace("_", "").lower() for member in enum] == [w.lower() for w in said]
    assert [int(member) for member in enum] == list(range(len(said)))

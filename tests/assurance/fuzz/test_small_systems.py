"""Every sequence of steps there is in a system small enough for it."""

from __future__ import annotations

import os

import pytest

from tests.assurance.fuzz import faulty_market, faulty_token
from tests.assurance.fuzz.run import search_all
from tests.assurance.fuzz.small import STEPS, Small
from tests.assurance.fuzz.small_market import SmallMarket
from tests.assurance.fuzz.system import Broken
from tests.chainkit import Codec
from tests.contracts import faulty_vault

BOUND = int(os.environ.get("PRORATA_BOUND") or 7)
MARKET_BOUND = 4
SYSTEMS = ((2, 1, 0), (1, 1, 1))
"""Shares of ann, ben and cat."""


@pytest.mark.slow
def test_every_sequence(capsys: pytest.CaptureFixture[str]) -> None:
    """Transfers, records, distributions, claims, pushes, freezes, a recovery, sweeps and time: all
    sequences up to a length do what the law says (Laws 1 to 10 and 13)."""
    found = search_all(SYSTEMS, BOUND)
    with capsys.disabled():
        for held, tried in zip(SYSTEMS, found, strict=True):
            print(
                f"\n{tried.sequences:,} sequences of up to {BOUND} steps from {held}, "
                f"by {tried.steps:,} steps"
            )
    assert all(tried.sequences > 10 ** (BOUND - 1) / 2 for tried in found)


def test_a_small_system_finds_a_fault_of_the_token(faulty_codec: Codec) -> None:
    """A token that forgets what a giver had at the record is found among the short sequences."""
    system = Small(faulty_codec, (2, 1, 0), {"ShareToken": faulty_token.FAULTY})
    system.send("issuer", "east", "commit", 1)
    with pytest.raises(Broken, match=r"(?s)balanceOfAt.*give\(ann, ben\)"):
        system.search([], 4)


def test_a_small_system_finds_a_fault_of_the_vault(faulty_codec: Codec) -> None:
    """So is a vault that sweeps again, at the end of a life."""
    system = Small(faulty_codec, (2, 1, 0), {"DividendVault": faulty_vault.FAULTY})
    fault = [fault.code for fault in faulty_vault.FAULTS].index("sweeps and refunds again")
    system.send("issuer", "vault", "commit", 1 + fault)
    by_name = {step.name: step for step in STEPS}
    begun = [by_name[name] for name in ("schedule", "wait", "declare", "wait", "wait")]
    with pytest.raises(Broken, match="sweep"):
        system.search(begun, 7)


def test_every_sequence_of_a_market(codec: Codec, capsys: pytest.CaptureFixture[str]) -> None:
    """Fills of five orders in parts and whole, cancellations of one and of all below: all sequences
    up to a length do what the law says, and `explain` agrees before each (Laws 48, 50 and 52)."""
    tried = SmallMarket(codec).search(MARKET_BOUND)
    with capsys.disabled():
        print(
            f"\n{tried.sequences:,} sequences of up to {MARKET_BOUND} fills, {tried.steps:,} steps"
        )
    assert tried.sequences > 12**MARKET_BOUND


@pytest.mark.parametrize("code", ["forgets what was filled", "lets bit 63 pass below"])
def test_a_small_market_finds_a_fault(faulty_codec: Codec, code: str) -> None:
    """Among sequences of two steps."""
    market = SmallMarket(faulty_codec, TradeSettlement=faulty_market.FAULTY_SETTLEMENT)
    codes = [fault.code for fault in faulty_market.SETTLEMENT_FAULTS]
    market._send("eve", "settlement", "commit", 1 + codes.index(code))
    with pytest.raises(Broken, match="by"):
        market.search(2)

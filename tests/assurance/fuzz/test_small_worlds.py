"""Every sequence of steps there is in a world small enough for it."""

from __future__ import annotations

import os

import pytest

from tests.assurance.fuzz import twins
from tests.assurance.fuzz.run import search_all
from tests.assurance.fuzz.small import STEPS, Small
from tests.assurance.fuzz.world import Broken
from tests.chainkit import Codec
from tests.contracts import twin

BOUND = int(os.environ.get("PRORATA_BOUND") or 7)
WORLDS = ((2, 1, 0), (1, 1, 1))
"""Shares of ann, ben and cat."""


@pytest.mark.slow
def test_every_sequence(capsys: pytest.CaptureFixture[str]) -> None:
    """Transfers, records, distributions, claims, pushes, freezes, a recovery, sweeps and time: all
    sequences up to a length do what the law says (Laws 1 to 10 and 13)."""
    found = search_all(WORLDS, BOUND)
    with capsys.disabled():
        for held, tried in zip(WORLDS, found, strict=True):
            print(
                f"\n{tried.sequences:,} sequences of up to {BOUND} steps from {held}, "
                f"by {tried.steps:,} steps"
            )
    assert all(tried.sequences > 10 ** (BOUND - 1) / 2 for tried in found)


def test_a_small_world_finds_a_fault_of_the_token(twin_codec: Codec) -> None:
    """A token that forgets what a giver had at the record is found among the short sequences."""
    world = Small(twin_codec, (2, 1, 0), {"ShareToken": twins.TWIN})
    world.send("issuer", "east", "commit", 1)
    with pytest.raises(Broken, match=r"(?s)balanceOfAt.*give\(ann, ben\)"):
        world.search([], 4)


def test_a_small_world_finds_a_fault_of_the_vault(twin_codec: Codec) -> None:
    """So is a vault that sweeps again, at the end of a life."""
    world = Small(twin_codec, (2, 1, 0), {"DividendVault": twin.TWIN})
    fault = [fault.code for fault in twin.FAULTS].index("sweeps and refunds again")
    world.send("issuer", "vault", "commit", 1 + fault)
    by_name = {step.name: step for step in STEPS}
    begun = [by_name[name] for name in ("schedule", "wait", "declare", "wait", "wait")]
    with pytest.raises(Broken, match="sweep"):
        world.search(begun, 7)

"""Whatever a chain, its nodes and kills do, a ledger ends as one that was built anew."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.assurance.reorganisations.model import Killed, ModelChain, ModelNode
from tests.assurance.reorganisations.schedules import (
    DEEPEST,
    Schedule,
    World,
    built_anew,
    kills_at_writes,
)
from tests.prorata.store.made_logs import OTHER, TOKEN, VAULT

SCHEDULES = {"brief": 50, "deep": 5_000}.get(os.environ.get("HYPOTHESIS_PROFILE", ""), 500)
TOGETHER = 10
DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
STARTS = 4
STRIDE = STARTS if DEEP else 60


def same_as_anew(schedule: Schedule, place: str, folder: Path) -> World:
    """Play it, and compare; its words are the message of the failure."""
    try:
        world = schedule.play(place)
        anew = built_anew(world.chain, str(folder / "anew.db"), finalized=schedule.tells)
        assert world.digest() == anew.digest()
        anew.end()
    except Exception as error:
        raise AssertionError(f"schedule {schedule.seed}: {'; '.join(schedule.told)}") from error
    world.end()
    (folder / "anew.db").unlink()
    return world


@pytest.mark.parametrize("start", range(0, SCHEDULES, TOGETHER))
def test_a_ledger_is_as_one_that_was_built_anew(start, tmp_path):
    """Laws 81, 84, 86 and 87, in random schedules of mining, reorganisations of 1 to 64 blocks,
    reorganisations down to finality, kills, restarts, lagging nodes, limits, and late additions.
    """
    for seed in range(start, start + TOGETHER):
        same_as_anew(Schedule(seed), str(tmp_path / f"{seed}.db"), tmp_path)


@pytest.mark.parametrize("seed", range(0, SCHEDULES, 10))
def test_so_it_is_on_postgresql(seed, postgresql, tmp_path):
    """Laws 81, 84, 86 and 87: a tenth of the schedules; what is built anew is in SQLite, and so the
    two databases agree, too.
    """
    same_as_anew(Schedule(seed), postgresql, tmp_path)


def test_the_schedules_do_what_they_are_there_for(tmp_path):
    """Among a few there are all acts, deep reorganisations, and undone blocks in the ledger."""
    acts: Counter[str] = Counter()
    undone = 0
    for seed in range(1_000, 1_020):
        schedule = Schedule(seed)
        world = same_as_anew(schedule, str(tmp_path / f"{seed}.db"), tmp_path)
        acts.update(one.split()[0] for one in schedule.told)
        undone = max([undone, *(int(s.split()[1]) for s in world.said if "reorganised" in s)])
    assert min(acts[one] for one in ("mine", "replace", "kill", "add")) >= 10
    assert undone > DEEPEST // 2


# --------------------------------------------------------------------------------- every moment


def life(world: World) -> None:
    """What there is in a ledger's life: history, a late contract, a reorganisation, finality."""
    chain = world.chain
    if chain.head == 12:
        world.add(TOKEN, VAULT)
        world.to_head()
        chain.replace(4, 6)
    if chain.head == 14 and chain.final == 6:
        world.to_head()
        world.add(OTHER)
        world.to_head()
        chain.finalise(11)
    world.add(TOKEN, VAULT, OTHER)
    world.to_head()


def chain_of_a_life() -> ModelChain:
    chain = ModelChain("every moment")
    chain.grow(12)
    chain.finalise(6)
    return chain


@pytest.mark.parametrize("start", range(1, 1 + STRIDE, STRIDE // STARTS))
def test_a_kill_at_every_request_and_write_leaves_nothing_behind(start, tmp_path):
    """Law 86 at the moments of a life, one after the other: all of them in the deep profile."""
    whole = World(chain_of_a_life(), [ModelNode(chain_of_a_life())], str(tmp_path / "anew.db"))
    whole.nodes[0].chain = whole.chain
    with kills_at_writes(whole.countdown):
        life(whole)
    expected, moments = whole.digest(), whole.countdown.passed
    anew = built_anew(whole.chain, str(tmp_path / "again.db"), finalized=True)
    assert expected == anew.digest()
    whole.end()
    anew.end()
    assert moments > 150
    for moment in range(start, moments, STRIDE):
        chain = chain_of_a_life()
        world = World(chain, [ModelNode(chain)], str(tmp_path / f"{moment}.db"))
        world.countdown.left = moment
        with kills_at_writes(world.countdown):
            world.survive(lambda world=world: life(world))
            world.countdown.left = None
            life(world)
        assert world.digest() == expected, f"killed at moment {moment}"
        world.end()


def test_a_kill_is_a_kill():
    """No part of the product catches it."""
    chain = chain_of_a_life()
    node = ModelNode(chain)
    world = World(chain, [node], "")
    world.countdown.left = 1
    with pytest.raises(Killed):
        node.make_request("eth_chainId", [])
    assert not issubclass(Killed, Exception)

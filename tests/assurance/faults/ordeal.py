"""Playing an act through a fault until it is done, as the person would who runs it again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from prorata.errors import ProrataError
from tests.assurance.faults.proxy import FaultyNode
from tests.assurance.faults.world import World, difference

__all__ = ["Ordeal", "endure", "is_sentence"]

ATTEMPTS = 5
GIVE_UP = re.compile(r'--abandon "([^"]+)"')


@dataclass
class Ordeal:
    """What was said on the way, and how many exchanges the fault met."""

    said: list[str] = field(default_factory=list)
    met: int = 0


def is_sentence(said: str) -> bool:
    """Whether a refusal says what happened and, after a semicolon, what to do about it."""
    what, _, remedy = said.partition("; ")
    return len(what.split()) >= 4 and len(remedy.split()) >= 2 and "None" not in said


def endure(
    world: World,
    node: FaultyNode,
    wanted: dict[str, object],
    *,
    undone: bool = False,
) -> Ordeal:
    """Play the staged act with whatever is armed; when refused, do as told, in better weather.

    Anything but a refusal of ours, a sentence without a remedy, or another end than the unharmed
    act's is a failure. What was `undone` after the act's last question no program can notice: then
    the same command, run once more, has to heal it.
    """
    ordeal = Ordeal()
    _insist(world, node, ordeal)
    state = world.state()
    if undone and state != wanted:
        _insist(world, node, ordeal)
        state = world.state()
    assert state == wanted, (ordeal.said, difference(state, wanted))
    return ordeal


def _insist(world: World, node: FaultyNode, ordeal: Ordeal) -> None:
    abandon = None
    for _ in range(ATTEMPTS):
        try:
            world.play(abandon=abandon)
            break
        except ProrataError as refusal:
            ordeal.said.append(str(refusal))
        assert is_sentence(ordeal.said[-1]), ordeal.said
        ordeal.met = ordeal.met or node.met
        node.calm()
        told = GIVE_UP.search(ordeal.said[-1])
        abandon = told[1] if told else None
    else:
        raise AssertionError(ordeal.said)
    ordeal.met = ordeal.met or node.met
    node.calm()

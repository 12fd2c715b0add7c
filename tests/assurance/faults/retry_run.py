"""Playing an act through a fault until it is done, as the person would who runs it again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from prorata.errors import ProrataError
from tests.assurance.faults.harness import FaultHarness, difference
from tests.assurance.faults.proxy import FaultyNode

__all__ = ["RetryRun", "is_sentence", "retry_until_done"]

ATTEMPTS = 5
GIVE_UP = re.compile(r'--abandon "([^"]+)"')


@dataclass
class RetryRun:
    """The refusals on the way, and how many exchanges the fault met."""

    messages: list[str] = field(default_factory=list)
    met: int = 0


def is_sentence(message: str) -> bool:
    """Whether a refusal says what happened and, after a semicolon, what to do about it."""
    what, _, remedy = message.partition("; ")
    return len(what.split()) >= 4 and len(remedy.split()) >= 2 and "None" not in message


def retry_until_done(
    harness: FaultHarness,
    node: FaultyNode,
    wanted: dict[str, object],
    *,
    undone: bool = False,
) -> RetryRun:
    """Play the prepared act with whatever is armed; when refused, do as it says, without faults.

    Anything but a refusal of ours, a sentence without a remedy, or another end than the unharmed
    act's is a failure. What was `undone` after the act's last question no program can notice: then
    the same command, run once more, has to heal it.
    """
    retry_run = RetryRun()
    _retry(harness, node, retry_run)
    state = harness.state()
    if undone and state != wanted:
        _retry(harness, node, retry_run)
        state = harness.state()
    assert state == wanted, (retry_run.messages, difference(state, wanted))
    return retry_run


def _retry(harness: FaultHarness, node: FaultyNode, retry_run: RetryRun) -> None:
    abandon = None
    for _ in range(ATTEMPTS):
        try:
            harness.play(abandon=abandon)
            break
        except ProrataError as refusal:
            retry_run.messages.append(str(refusal))
        assert is_sentence(retry_run.messages[-1]), retry_run.messages
        retry_run.met = retry_run.met or node.met
        node.calm()
        reported = GIVE_UP.search(retry_run.messages[-1])
        abandon = reported[1] if reported else None
    else:
        raise AssertionError(retry_run.messages)
    retry_run.met = retry_run.met or node.met
    node.calm()

# SPDX-License-Identifier: MIT
"""Steps that are signed elsewhere: by the owners of a multisig, or on a machine of its own.

Such a step cannot be sent from here. It is written down, in a file for those who sign and as a note
in the journal: its key, from whom and to whom, its value, the digest of its data, the effect that
will show that it was done, and when it expires. It is done when that effect is seen on the chain,
whatever transaction brought it; never because a transaction has a status, for inside a multisig a
call can fail in a transaction that does not.

The effect is the event that the step's contract writes, as a rehearsal shows it, without what
counts up by itself, such as the id of a distribution. So two steps that differ in nothing need
another reference or reason, or the one would be taken for the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from prorata.chain.calls import Call, decode_log
from prorata.chain.journal import Journal
from prorata.chain.node import RpcChain
from prorata.chain.rehearsal import Rehearsal, RehearsedChain
from prorata.chain.rehearsed_steps import RehearsedStep
from prorata.chain.steps import GAS_LIMIT, Intent, Receipt, StepPlan, digest_of
from prorata.chain.transactions.plans import with_margin
from prorata.chain.types import Log, Mined, SimulatedBlock
from prorata.errors import ChainError, InputError, JournalError

__all__ = [
    "ELSEWHERE",
    "ElsewhereOperator",
    "ElsewhereStep",
    "effect_of",
    "elsewhere_steps",
    "give_up",
    "note_steps",
]

ELSEWHERE: Final = "elsewhere"
"""What a note of the journal about such a step is called."""
GIVEN_UP: Final = "elsewhere-abandoned"
"""What a note is called that gives such a step up."""

COUNTED: Final = frozenset({"id", "recordId", "carriedIn", "orderId", "number", "index"})
"""Arguments of events that count up by themselves, and so are not known before."""

WAITING, DONE, EXPIRED = "waiting", "done", "expired"


@dataclass(frozen=True)
class ElsewhereStep:
    """A step that was written down to be signed elsewhere, and what became of it.

    `effect` is the address and the topic of the event that shows it, with a digest of its
    arguments; `since` the block before which nothing counts. `state` is `waiting`, `done` by
    what wrote `log`, or `expired`.
    """

    key: str
    label: str
    sender: str
    digest: str
    effect: Mapping[str, str]
    since: int
    expires: int
    file: str
    state: str = WAITING
    log: Log | None = None


def effect_of(logs: Sequence[Log], call: Call) -> dict[str, str]:
    """The event by which a step will be known to be done.

    Raises: InputError when the step writes none: nothing would ever show that it was done.
    """
    for log in sorted(logs, key=lambda one: one.address != call.to):
        if (effect := _effect(log)) is not None:
            return effect
    raise InputError.of(
        "step",
        call.label,
        "writes no event by which it could be seen to be done",
        "send it from an account that signs here",
    )


def _effect(log: Log) -> dict[str, str] | None:
    event = decode_log(log)
    if event is None:
        return None
    told = {name: value for name, value in event.args.items() if name not in COUNTED}
    digest = sha256(repr(sorted(told.items())).encode()).hexdigest()
    return {"address": log.address, "topic": f"0x{log.topics[0].hex()}", "arguments": digest}


def note_steps(
    journal: Journal,
    chain: RpcChain,
    sender: str,
    steps: Sequence[tuple[RehearsedStep, Mapping[str, str]]],
    *,
    file: str,
    expires: int,
) -> None:
    """Write down that these steps are signed elsewhere from now on.

    Raises: JournalError when the disk does not take it.
    """
    since = chain.block().number
    for step, effect in steps:
        journal.note(
            {
                "action": ELSEWHERE,
                "key": step.key,
                "label": step.label,
                "from": sender,
                "to": step.to,
                "value": str(step.value),
                "digest": digest_of(step.call),
                "effect": dict(effect),
                "since": since,
                "expires": expires,
                "file": file,
            }
        )


def give_up(journal: Journal, key: str) -> None:
    """Give a step up that was to be signed elsewhere.

    Raises: JournalError when there is none of this key.
    """
    if key not in {step.key for step in _standing(journal.notes)}:
        raise JournalError(
            f'the journal {journal.path} has no step "{key}" that is to be signed elsewhere',
            "write the step as the refusal named it",
        )
    journal.note({"action": GIVEN_UP, "key": key})


def elsewhere_steps(
    chain: RpcChain, journal: Journal | None, confirmations: int = 0
) -> dict[str, ElsewhereStep]:
    """The latest step of each key that is signed elsewhere, with what became of it.

    An effect counts for the first step that waits for it, and once it is buried deep enough.

    Raises: ChainError.
    """
    noted = _standing(() if journal is None else journal.notes)
    if not noted:
        return {}
    last = chain.block().number - confirmations
    logs = _logs(chain, noted, last)
    now, seen, found = chain.now(), set[tuple[str, int]](), dict[str, ElsewhereStep]()
    for step in noted:
        log = _shown(step, logs, seen)
        if log is not None:
            seen.add((log.block_hash, log.log_index))
            step = replace(step, state=DONE, log=log)  # noqa: PLW2901
        elif step.expires < now:
            step = replace(step, state=EXPIRED)  # noqa: PLW2901
        if (before := found.get(step.key)) is None or before.state != DONE:
            found[step.key] = step
    return found


def _standing(notes: Iterable[Mapping[str, Any]]) -> list[ElsewhereStep]:
    """The steps that were written down and not given up since."""
    standing: list[ElsewhereStep] = []
    for note in notes:
        if note.get("action") == ELSEWHERE:
            standing.append(_noted(note))
        elif note.get("action") == GIVEN_UP:
            standing = [step for step in standing if step.key != note["key"]]
    return standing


def _noted(note: Mapping[str, Any]) -> ElsewhereStep:
    return ElsewhereStep(
        key=str(note["key"]),
        label=str(note["label"]),
        sender=str(note["from"]),
        digest=str(note["digest"]),
        effect=dict(note["effect"]),
        since=int(note["since"]),
        expires=int(note["expires"]),
        file=str(note["file"]),
    )


def _logs(chain: RpcChain, steps: Sequence[ElsewhereStep], last: int) -> list[Log]:
    first = min(step.since for step in steps) + 1
    if last < first:
        return []
    addresses = sorted({step.effect["address"] for step in steps})
    topics = sorted({bytes.fromhex(step.effect["topic"][2:]) for step in steps})
    return list(chain.logs(addresses, first, last, [topics]))


def _shown(step: ElsewhereStep, logs: Sequence[Log], seen: set[tuple[str, int]]) -> Log | None:
    for log in logs:
        fresh = (log.block_hash, log.log_index) not in seen and log.block_number > step.since
        if fresh and _effect(log) == dict(step.effect):
            return log
    return None


class ElsewhereOperator(Rehearsal):
    """Tries the steps of an account that signs elsewhere, and sends none.

    A step whose effect is on the chain is done, in the transaction that brought it. `waiting` has
    those that were written down before and are not done yet.
    """

    def __init__(self, chain: RehearsedChain, *args: Any, **options: Any) -> None:
        super().__init__(chain, *args, **options)
        self.waiting: dict[str, ElsewhereStep] = {}

    @cached_property
    def _known(self) -> dict[str, ElsewhereStep]:
        """Asked for late: a step may be given up before."""
        return elsewhere_steps(self.chain, self.journal, self.confirmations)

    def earlier(self, key: str, call: Call | None = None) -> Receipt | None:
        """The receipt of the transaction that brought a step's effect."""
        step = self._known.get(key)
        if step is None or step.state == EXPIRED:
            return super().earlier(key, call)
        if call is not None and step.digest != digest_of(call):
            raise JournalError(
                f'the step "{key}" was written to {step.file} with other contents',
                "give the same inputs again, or give the step up with --abandon",
            )
        if step.log is None:
            self.waiting[key] = step
            return super().earlier(key, call)
        [mined] = self.chain.receipts([step.log.transaction_hash])
        if mined is None:
            raise ChainError(
                f"the node knows no receipt of {step.log.transaction_hash}", "ask another node"
            )
        return Receipt(key, step.label, mined, resumed=True)

    def settle(self) -> None:
        """Nothing: what this account does elsewhere is known by its effects."""

    def plan(self, intents: Sequence[Intent]) -> list[StepPlan]:
        """Room for every step: whoever sends pays for it, and not this account."""
        return [StepPlan(intent, GAS_LIMIT) for intent in intents]

    def price(self, intents: Sequence[Intent]) -> list[int]:
        """The gas of each step by itself; sends nothing.

        Raises: RevertError for one that would fail; ChainError.
        """
        blocks = [SimulatedBlock([intent.call.question(self.address)]) for intent in intents]
        found = [self.chain.simulate([block])[0] for block in blocks]
        for one in found:
            if one.error is not None:
                raise one.error
        return [with_margin(one.gas_used) for one in found]

    def gas_of(self, plan: StepPlan, mined: Mined) -> int:
        """What a step needs, and a margin: for an account without ether no node estimates it.

        What is refunded, at most a fifth (EIP-3529), has to be there first.
        """
        return min(plan.gas, with_margin(mined.gas_used * 5 // 4))

    @property
    def to_sign(self) -> list[tuple[RehearsedStep, dict[str, str]]]:
        """The steps that nobody has been asked to sign yet, each with its effect.

        Raises: InputError for a creation, or a step that shows nothing.
        """
        fresh = [step for step in self.steps if step.key not in self.waiting]
        for step in fresh:
            if step.to is None:
                raise InputError.of(
                    "account",
                    self.address,
                    f"cannot create a contract by itself ({step.label})",
                    "deploy with an account that signs here, or with deterministic: true in the "
                    "asset's file, which creates through a factory",
                )
        return [(step, effect_of(self.logs_of(step.key), step.call)) for step in fresh]

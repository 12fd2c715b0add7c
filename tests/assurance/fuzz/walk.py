"""A seeded random walk: as many steps as there is time for, and a short story if one goes wrong.

Nothing is shrunk while it walks. When law and chain differ, the steps so far are replayed on new
chains, ever fewer of them, until none can be left out; what is left is told in words and as a list
that can be pasted into a test.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.assurance.fuzz.exchange_dice import next_step, opening
from tests.assurance.fuzz.exchanges import ExchangesHarness
from tests.assurance.fuzz.system import Step
from tests.chainkit import Codec

DEPTH = 250
"""Steps to a chain: its journal never shrinks, so an older one is a slower one."""

EVERYTHING = 20
"""After so many steps all there is is compared; after each step, what the harness's `check`
says."""

Make = Callable[[], ExchangesHarness]


@dataclass
class Walked:
    """What a walk has done."""

    steps: int = 0
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


class Failed(AssertionError):  # noqa: N818 - it is what happened
    """A law is broken; the message is the shortest story that was found."""


def walk(codec: Codec, seed: str, steps: int, walked: Walked, **faulty: str) -> None:
    """Walk `steps` steps, in stories of `DEPTH`."""
    story = 0
    while steps > 0:
        depth = min(DEPTH, steps)
        walk_one(lambda: ExchangesHarness(codec, **faulty), f"{seed}/{story}", depth, walked)
        steps -= depth
        story += 1


def walk_one(make: Make, seed: str, depth: int, walked: Walked, *, minimise: bool = True) -> None:
    """One story on one chain; raises `Failed`."""
    rng = random.Random(seed)
    system = make()
    taken: list[Step] = []
    try:
        for step in _drawn(system, rng, depth):
            taken.append(step)
            allowed = system.do(step)
            (walked.done if allowed else walked.refused)[step[0]] += 1
            if len(taken) % EVERYTHING and len(taken) != depth:
                system.check()
            else:
                system.check_everything()
    except AssertionError as broken:
        raise Failed(report(make, taken, seed, broken) if minimise else str(broken)) from None
    walked.steps += depth


def _drawn(system: ExchangesHarness, rng: random.Random, depth: int) -> Iterator[Step]:
    beginning = opening(rng)[:depth]
    yield from beginning
    for _ in range(depth - len(beginning)):
        yield next_step(system, rng)


# ------------------------------------------------------------------------- replaying


def play(make: Make, story: Sequence[Step]) -> ExchangesHarness:
    """Replay a story, comparing everything after each step; raises `Broken`."""
    system = make()
    for step in story:
        system.do(step)
        system.check_everything()
    return system


def fails(make: Make, story: Sequence[Step]) -> str:
    """What a story comes to grief over; nothing if it does not. Quicker than `play`: everything is
    compared at the end only."""
    try:
        system = make()
        for step in story:
            system.do(step)
            system.check()
        system.check_everything()
    except AssertionError as broken:
        return str(broken)
    return ""


def minimised(make: Make, story: Sequence[Step]) -> list[Step]:
    """A story that still fails, of which no step can be left out and no number made smaller."""
    kept = _without_refused(make, story)
    size = len(kept) // 2
    while size:
        at = 0
        while at < len(kept):
            shorter = _shorter(make, kept, at, size)
            kept, at = (shorter, at) if shorter else (kept, at + size)
        size //= 2
    for at in range(len(kept)):
        for smaller in _simpler(kept[at]):
            changed = [*kept[:at], smaller, *kept[at + 1 :]]
            if fails(make, changed):
                kept = changed
                break
    return kept


def _without_refused(make: Make, story: Sequence[Step]) -> list[Step]:
    """What is refused changes nothing, unless that is what is wrong."""
    system = make()
    shorter = [*(step for step in story[:-1] if system.do(step)), story[-1]]
    return shorter if fails(make, shorter) else list(story)


def _shorter(make: Make, story: list[Step], at: int, size: int) -> list[Step]:
    """The story without so many steps, if it still fails: with what comes later as it was, or with
    records and distributions counted anew. Empty if neither does."""
    plain = story[:at] + story[at + size :]
    anew = list(story)
    for place in reversed(range(at, min(at + size, len(story)))):
        anew = _renumbered(anew, place)
    return next((one for one in (plain, anew) if one and fails(make, one)), [])


def _renumbered(story: list[Step], at: int) -> list[Step]:
    """The story without one step; later ones speak of records and distributions by number."""
    gone, before, later = story[at], story[:at], story[at + 1 :]
    if gone[0] == "schedule":
        number = 1 + sum(step[:2] == gone[:2] for step in before)
        later = [_of_record(step, gone[1], number) for step in later]
    if gone[0].startswith("declare"):
        number = 1 + sum(step[0].startswith("declare") for step in before)
        later = [_of_distribution(step, number) for step in later]
    if gone[0] == "exchange_open":
        number = 1 + sum(step[0] == "exchange_open" for step in before)
        later = [_of_exchange(step, number) for step in later]
    return before + later


def _of_record(step: Step, token: str, gone: int) -> Step:
    """A step that named a later record of the token."""
    place = {"declare": 3, "declare_with_permit": 2, "cancel": 2}.get(step[0], 0)
    if not place or step[place - 1] != token or step[place] <= gone:
        return step
    return (*step[:place], step[place] - 1, *step[place + 1 :])


def _of_distribution(step: Step, gone: int) -> Step:
    """A step that named later distributions."""
    one = {"push": 1, "remit": 1, "sweep": 1, "refund": 1, "count": 1}.get(step[0], 0)
    many = {"claim": 1, "claim_to": 2, "instruct": 2}.get(step[0], 0)
    if one and step[one] > gone:
        return (*step[:one], step[one] - 1, *step[one + 1 :])
    if many:
        ids = tuple(n - (n > gone) for n in step[many] if n != gone)
        return (*step[:many], ids, *step[many + 1 :])
    return step


def _of_exchange(step: Step, gone: int) -> Step:
    """A step that named a later exchange."""
    names = step[0].startswith("exchange_") and step[0] not in ("exchange_open", "exchange_nonce")
    return (step[0], step[1] - 1, *step[2:]) if names and step[1] > gone else step


def _simpler(step: Step) -> Iterator[Step]:
    """The step with one of its numbers smaller, or with one of its names fewer."""
    for place, value in enumerate(step):
        if isinstance(value, int) and not isinstance(value, bool):
            for small in (n for n in (1, 2, 3, 10) if n < value):
                yield (*step[:place], small, *step[place + 1 :])
        # Terms have fields, of which none can be left out; what is a list has one kind of things.
        if isinstance(value, tuple) and len(value) > 1 and len(set(map(type, value))) == 1:
            for left_out in range(len(value)):
                fewer = value[:left_out] + value[left_out + 1 :]
                yield (*step[:place], fewer, *step[place + 1 :])


def report(make: Make, taken: Sequence[Step], seed: str, broken: Exception) -> str:
    """The shortest story that still fails, to be read and to be pasted."""
    if not fails(make, taken):
        return f"{broken}\n(seed {seed!r}, {len(taken)} steps; it does not fail when replayed)"
    story = minimised(make, taken)
    why = fails(make, story)
    lines = [f"    {step!r},  # {sentence}" for step, sentence in narrated(make, story)]
    name = "test_the_story_of_" + "".join(c if c.isalnum() else "_" for c in seed.lower())
    return "\n".join(
        [
            f"{why}",
            f"(seed {seed!r}, {len(taken)} steps, {len(story)} of them needed; as a test:)",
            "",
            f"def {name}(codec: Codec) -> None:",
            f'    """{why.splitlines()[0][:80]}"""',
            "    play(lambda: ExchangesHarness(codec), [",
            *(f"    {line}" for line in lines),
            "    ])",
        ]
    )


# --------------------------------------------------------------------------- telling

SENTENCES: dict[str, str] = {
    "transfer": "{2} gives {3} {4} of {1}",
    "transfer_from": "{2} takes {5} of {1} from {3} to {4}",
    "approve": "{2} lets {3} take {4} of {1}",
    "permit": "{5} signs that {2} may take {3} of {1}'s",
    "mint": "{2} is issued {3} of {1}",
    "burn": "{3} of {2}'s {1} are destroyed",
    "force": "{4} of {1} go from {2} to {3} by order",
    "stop": "{2}'s wallet is frozen in {1}: {3}",
    "freeze": "{3} of {2}'s {1} are frozen",
    "appoint": "{2} may hold {1}",
    "hold": "{2} holds {4} of {3}'s {1}",
    "deliver": "{2} delivers {5} of {3}'s {1} to {4}",
    "release": "{2} lets go of {4} of {3}'s {1}",
    "hold_income": "{1} says that income of club is held for who is not eligible: {2}",
    "recover": "{2} is lost in {1}, and {3} comes in its place",
    "confirm": "{1} is lost for all assets, and {2} comes in its place",
    "undo": "{1} was not lost after all",
    "pause": "{1} is paused: {2}",
    "schedule": "a record of {1} will close in {2} s",
    "cancel": "records of {1} from {2} on are cancelled",
    "register": "{1} is person {2}, for {3} s",
    "wait": "{1} s pass",
    "declare": "{1} declares {5} in {4} for record {3} of {2}",
    "declare_with_permit": "ola declares {3} usd for record {2} of {1}, with {4}'s permit",
    "claim": "{1} are claimed for {2}",
    "claim_to": "{1} claims {2} of {3} to {4}, as {5}",
    "push": "{1} is pushed to {2}",
    "instruct": "{1} signs for {2} of {3} to go to {4}",
    "set_payee": "{1}'s income is to go to {2}",
    "remit": "the tax of {1} is remitted",
    "sweep": "{1} is swept",
    "refund": "{1} is refunded",
    "count": "the shares of {1} are counted, less {2} more accounts",
    "donate": "ola gives the vault {2} in {1}",
    "mood": "the contract wallet's mood becomes {1}",
    "nature": "{1} takes {2} basis points; paused: {3}; quiet: {4}; it answers {5}",
    "block": "{1} blocks {2}: {3}",
    "allow": "{2} lets {3} move {4} of its {1}",
    "fill": "{1} takes {4} of the order {2}, signed by {3}, for at most {5}",
    "fill_permit": "{1} takes {4} of the order {2}, signed by {3}, for at most {5}, after {6}",
    "cancel_orders": "{1} cancels its orders {2}",
    "cancel_below": "{1} cancels its orders below {2}",
    "post": "{1} posts the order {2}, signed by {3}",
    "settle": "{1} brings a trade {2}, number {3}, until {4} s, signed by {5}",
    "settle_permit": "{1} brings a trade {2}, number {3}, until {4} s, signed by {5}, after {6}",
    "cancel_trades": "{1} cancels its trades {2}",
    "place": "{1} opens the hold {2}",
    "show": "{1} shows {3} as the secret of the hold {2}",
    "hand_over": "{1} has the hold {2} delivered",
    "redirect": "{1} has the hold {2} go to {3}",
    "let_out": "{1} ends the hold {2}",
    "void": "{1} orders that the hold {2} ends, by {3}",
    "set_keeper": "{1} lets {2} hold {4} of its {3}, until {5} s",
    "hold_for": "{1} holds {4} of {3}'s {2} more",
    "deliver_kept": "{1} delivers {5} of {3}'s {2} to {4}",
    "let_go": "{1} lets go of {4} of {3}'s {2}",
    "take_back": "{1} takes back what {2} holds of {4}'s {3}",
    "void_kept": "{1} orders that {2} holds nothing more of {4}'s {3}, by {5}",
    "call_open": "{1} opens the call {2}, signed by {3}",
    "call_cancel": "{1} cancels the call {2}, by {3}",
    "call_entitle": "what {2} had at the record of the call {1} is counted",
    "call_order": "{2} places a {3} of {4} at step {5} of ladder {6} of the call {1}",
    "call_permit": "{2} bids for {3} at step {4} of the call {1}, with {5}'s permit, late: {6}",
    "call_signed": "a {3} of {2}'s for {4} at {5} of ladder {6} of the call {1} is brought, "
    "signed by {7}, number {8}, until {9} s",
    "call_nonce": "{1} spends the number {2} for orders of calls",
    "call_withdraw": "{1} withdraws the order {3} of the call {2}",
    "call_withdraw_for": "the order {3} of the call {2} is withdrawn, signed by {1}, until {4} s",
    "call_strike": "of the orders {2} of the call {1} those are struck that cannot be delivered",
    "call_restore": "of the orders {2} of the call {1} those come back that can be delivered",
    "call_close": "{1} closes the call {2}, at {3}",
    "call_accept": "{1} accepts what the call {2} cleared at",
    "call_fail": "the call {1} fails, since nobody did what was due",
    "call_settle": "a page of {2} of the call {1} is settled",
    "call_deliver": "the pairs {2} of the call {1} are tried again",
    "call_refund": "the orders {2} of the call {1} are refunded",
    "call_return": "{1} gives {4} lots of the order {3} of the call {2} back",
    "call_pay": "the principal of the call {1} is paid",
    "call_take": "what the call {1} owes {3} in ladder {2} is paid",
    "call_take_to": "{1} has what the call {2} owes {4} in ladder {3} paid to {5}",
    "call_sweep": "what the call {1} owes in ladder {2} is swept",
    "exchange_open": "{1} opens the exchange {2} with {3}, and {4} locked",
    "exchange_fund": "{2} adds {3} to the exchange {1}",
    "exchange_drain": "{2} takes {3} out of the exchange {1}",
    "exchange_price": "{2} names {3} as the price of the exchange {1}, as of {4} s",
    "exchange_now": "{2} exchanges {3} in {1} for {4} or more, until {5} s",
    "exchange_permit": "{2} exchanges {3} in {1}, with {5}'s permit for {4}, late: {6}",
    "exchange_signed": "{3} of {2}'s are exchanged in {1} for {4} or more and at most {5}, signed "
    "by {6}, number {7}, until {8} s",
    "exchange_nonce": "{1} spends the number {2} for exchanges",
    "exchange_carry": "a page of the exchange {1} is carried out: {2}",
    "exchange_take": "what the exchange {1} owes {2} is paid",
    "exchange_take_to": "{2} has what the exchange {1} owes {3} paid to {4}",
    "exchange_end_hold": "what the hold {2} had brought in the exchange {1} is untied",
    "exchange_end_kept": "{2} unties what {6} of {4}'s brought in the exchange {1}, which {3} "
    "held, for {5}",
    "exchange_sweep": "what the exchange {1} owes is swept",
    "exchange_close": "{2} closes the exchange {1}",
    "exchange_cancel": "{2} cancels the exchange {1}, by {3}",
}


def narrated(make: Make, story: Sequence[Step]) -> Iterator[tuple[Step, str]]:
    """Each step in words: when, who, what, how much, and whether it was refused."""
    system = make()
    start = system.now
    for step in story:
        when = system.now - start
        sentence = f"{when} s: {SENTENCES[step[0]].format(*step)}"
        try:
            sentence_done = sentence if system.do(step) else f"{sentence} (refused)"
        except AssertionError:
            sentence_done = sentence
        yield step, sentence_done


def merged(parts: Sequence[Walked]) -> Walked:
    """Several walks as one."""
    total = Walked()
    for part in parts:
        total.steps += part.steps
        total.done.update(part.done)
        total.refused.update(part.refused)
    return total

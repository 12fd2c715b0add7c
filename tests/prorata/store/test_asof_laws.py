"""As of any block, time and record the ledger answers what `Ledger` says, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from prorata.chain.calls import decode_log
from prorata.chain.encoding import log_of
from prorata.errors import IncompleteError, InputError, MomentGoneError
from prorata.register.shares import Ledger
from prorata.store.asof import asset_of, balances, closing_time, holder, moment, supply
from prorata.store.database import Database
from prorata.store.flows import transfers
from prorata.store.holder_pages import holders
from prorata.store.writer import Writer
from prorata.values.addresses import checksummed
from prorata.values.as_of import Occasion
from tests.prorata.store.made_logs import (
    GENESIS,
    TOKEN,
    Event,
    MadeChain,
    follow,
    move,
    person,
    read,
    told,
)

PEOPLE = 5
CHAINS = count(1_000)
LARGE = 2**90
# One database for all examples, each of which is a chain of its own in it.
both = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])

steps = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(["move", "move", "move", "schedule", "cancel"]),
            st.integers(0, PEOPLE),
            st.integers(0, PEOPLE),
            st.integers(0, 4),
        ),
        max_size=4,
    ),
    min_size=1,
    max_size=8,
)


class Teller:
    """Makes events that a share token could write, one after the other."""

    def __init__(self) -> None:
        self.held = [0] * (PEOPLE + 1)
        self.records: list[int] = []
        self.cancelled: set[int] = set()

    def tell(self, chain: MadeChain, block: Sequence[tuple[str, int, int, int]]) -> None:
        """Mine a block of what is possible of that."""
        time = chain.time(chain.head + 1)
        events = (self._event(step, time) for step in block)
        chain.mine([event for event in events if event is not None])

    def _event(self, step: tuple[str, int, int, int], time: int) -> Event | None:
        kind, giver, receiver, part = step
        if kind == "move":
            return self._move(giver, receiver, part)
        open_ones = [n for n, at in enumerate(self.records, 1) if n not in self.cancelled]
        last = self.records[open_ones[-1] - 1] if open_ones else 0
        if kind == "schedule":
            closes_at = max(time + 12 * part, last + 1)
            self.records.append(closes_at)
            return told("RecordScheduled", recordId=len(self.records), closesAt=closes_at)
        if not open_ones or time > last:
            return None
        self.cancelled.add(open_ones[-1])
        return told("RecordCancelled", recordId=open_ones[-1])

    def _move(self, giver: int, receiver: int, part: int) -> Event | None:
        amount = LARGE + part if giver == 0 else self.held[giver] * part // 4
        if giver == receiver == 0:
            return None
        if giver:
            self.held[giver] -= amount
        if receiver:
            self.held[receiver] += amount
        return move(giver, receiver, amount)


def law(chain: MadeChain, until: int) -> Ledger:
    """What the law makes of the token's events up to a block."""
    logs = [log_of(one) for one in chain.logs(1, until, [TOKEN])]
    events = ((event, log.block_time) for log in logs if (event := decode_log(log)) is not None)
    return Ledger.of(events, TOKEN, chain.time(until))


class Filled:
    """A chain that is written into a database as it grows."""

    def __init__(self, database: Database) -> None:
        self.database, self.chain, self.teller = database, MadeChain(), Teller()
        self.chain_id = next(CHAINS)
        self.writer = Writer.take(database, self.chain_id, GENESIS, who="the tests")

    def grow(self, blocks: Sequence[Sequence[tuple[str, int, int, int]]]) -> None:
        for block in blocks:
            self.teller.tell(self.chain, block)
        follow(self.writer, self.chain)
        read(self.writer, self.chain)
        self.writer.note(self.chain.header(self.chain.head), None)

    def asset(self, connection: Connection) -> int:
        return asset_of(connection, self.chain_id, GENESIS, TOKEN).id


def named(found: dict[bytes, int]) -> dict[str, int]:
    return {str(checksummed(address)): shares for address, shares in found.items()}


@both
@given(blocks=steps)
def test_answers_at_every_block_time_and_record_are_the_laws(database, blocks):
    """Laws 84 and 89: whatever is asked of a snapshot is what the chain's events say by the law."""
    filled = Filled(database)
    filled.grow(blocks)
    chain, whole = filled.chain, law(filled.chain, filled.chain.head)
    with database.snapshot() as connection:
        asset = filled.asset(connection)
        for block in range(1, chain.head + 1):
            expected = law(chain, block)
            check_balances(connection, asset, block, expected)
            # A second in the middle of a block's is of that block still.
            for second in (chain.time(block), chain.time(block) + 5):
                if second <= chain.time(chain.head):
                    at = moment(connection, asset, Occasion("time", second))
                    held = named(balances(connection, asset, at.block))
                    assert held == whole.balances_at_time(second)
        for number in range(1, whole.record_count + 2):
            check_record(connection, asset, whole, number)


def check_balances(connection: Connection, asset: int, block: int, expected: Ledger) -> None:
    at = moment(connection, asset, f"block:{block}")
    assert named(balances(connection, asset, at.block)) == expected.balances
    total = supply(connection, asset, at.block)
    assert (total.total, total.holders) == (expected.total_supply, len(expected.balances))
    for number in range(1, PEOPLE + 1):
        shares = holder(connection, asset, at.block, person(number))
        assert shares == expected.balance_of(person(number))
        moved = transfers(connection, asset, at.block, of=person(number))
        signs = ((one.receiver == person(number)) - (one.giver == person(number)) for one in moved)
        amounts = (one.amount for one in transfers(connection, asset, at.block, of=person(number)))
        assert sum(s * a for s, a in zip(signs, amounts, strict=True)) == shares


def check_record(connection: Connection, asset: int, whole: Ledger, number: int) -> None:
    """Refused by both, or the same by both."""
    try:
        expected = whole.balances_at(number)
    except InputError:
        with pytest.raises((InputError, IncompleteError)):
            moment(connection, asset, f"record:{number}")
        return
    at = moment(connection, asset, f"record:{number}")
    assert named(balances(connection, asset, at.block)) == expected
    assert closing_time(connection, asset, number) == whole.record_time(number)


meanwhile = st.lists(
    st.one_of(st.tuples(st.just("grow"), steps), st.tuples(st.just("undo"), st.integers(0, 4))),
    max_size=4,
)


@both
@given(blocks=steps, asked=st.integers(0, 8), most=st.integers(1, 3), between=meanwhile)
def test_pages_are_the_whole_of_one_moment_or_it_is_gone(database, blocks, asked, most, between):
    """Laws 84 and 89: blocks that come meanwhile change no page; what is undone ends the pages."""
    filled = Filled(database)
    filled.grow([*blocks, [("move", 0, n, 0) for n in range(1, PEOPLE + 1)]])
    block = min(asked, filled.chain.head) or filled.chain.head
    with database.snapshot() as connection:
        asset = filled.asset(connection)
        expected = balances(connection, asset, block)
        page = holders(connection, asset, f"block:{block}", most=most)
    found, undone, plans = dict(page.holders), False, list(between)
    with suppress(MomentGoneError):
        while page.following is not None:
            if plans:
                undone |= happened(filled, plans.pop(0)) <= block
            with database.snapshot() as connection:
                page = holders(connection, asset, cursor=page.following, most=most)
            assert page.moment.block == block
            found.update(page.holders)
        assert found == expected
        assert not undone
        return
    assert undone


def happened(filled: Filled, plan: tuple[str, object]) -> int:
    """Let something happen to the ledger; the first block of which it was not true any more."""
    kind, what = plan
    chain = filled.chain
    if kind == "grow":
        filled.grow(what)  # type: ignore[arg-type]
        return chain.head + 1
    ancestor = max(chain.head - int(what), 0)  # type: ignore[call-overload]
    if ancestor == chain.head:
        return chain.head + 1
    filled.writer.undo(ancestor)
    # Other blocks come in their place, of another history.
    chain.reorganise(ancestor, [])
    balances_now = law(chain, ancestor).balances if ancestor else {}
    filled.teller = Teller()
    filled.teller.held = [0, *(balances_now.get(person(n), 0) for n in range(1, PEOPLE + 1))]
    whole = law(chain, ancestor) if ancestor else Ledger()
    filled.teller.records = [whole.scheduled_time(n) for n in range(1, whole.record_count + 1)]
    filled.teller.cancelled = {
        n for n in range(1, whole.record_count + 1) if whole.cancelled_at(n) is not None
    }
    filled.grow([[("move", 0, 1, 3)]])
    return ancestor + 1

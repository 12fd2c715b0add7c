"""NAV and premium beyond a limit: by the marks' times, whenever somebody looks."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from prorata.alerts.facts import Moment
from prorata.alerts.mark_thresholds import mark_threshold
from prorata.alerts.messages import shown
from prorata.alerts.outbox import Outbox
from prorata.alerts.replay import replay
from prorata.alerts.rules import ThresholdRule, digest_of_rule
from prorata.analysis.marks import Basis, Mark, MarkKind
from prorata.store.database import Database
from prorata.store.outbox_schema import METADATA
from prorata.values.amounts import Unit
from tests.prorata.alerts.told import Stage, nav, rule
from tests.prorata.store.made_logs import OTHER, SECONDS, START, TOKEN, move

LOW = {
    "when": "threshold", "value": "nav", "currency": "USD", "is": {"below": "95.50"},
    "clear": {"above": "99"},
}  # fmt: skip
FAR = {"when": "threshold", "value": "premium", "older_than": "60s", "is": {"below": -500}}


def at(block: int) -> int:
    return START + SECONDS * block


def price(id_: str, time: int, value: str, **said) -> Mark:
    return nav(id_, time, value, kind=MarkKind.PRICE, **said)


def told(stage: Stage) -> list[tuple[int, str]]:
    """Second of the beginning, and what it was."""
    return [(one["facts"]["since"], shown(one["facts"]["was"])) for one in stage.told()]


class Desk:
    """A stage with marks, which somebody writes."""

    def __init__(self, database: Database, **said) -> None:
        self.stage = Stage(database)
        self.marks: list[Mark] = []
        self.rule = rule(**said)
        self.decider = self.stage.decider(
            self.rule, marks=lambda token: self.marks if token == TOKEN else []
        )
        self.decider.step()

    def to(self, block: int) -> int:
        """Mine up to a block and decide."""
        self.stage.mine(*[[]] * (block - self.stage.chain.head))
        return self.decider.step().alerts


def test_a_nav_is_told_once_until_it_was_clear(database: Database) -> None:
    """Law 110: exactly at the limit it is not beyond it; the mark's time is the alert's."""
    desk = Desk(database, **LOW)
    desk.marks = [nav("a", at(1), "95.50"), nav("b", at(3), "95.4999999999999999999999")]
    assert desk.to(2) == 0
    assert [desk.to(3), desk.to(4)] == [1, 0]
    [said] = desk.stage.told()
    assert (said["asset"], said["time"]) == (TOKEN, "2023-11-14T22:13:56Z")
    assert said["facts"] == {
        "value": "nav", "since": at(3), "mark": "b", "was": {
            "units": "954999999999999999999999", "text": "95.4999999999999999999999",
            "decimals": 22, "currency": "USD"},
    }  # fmt: skip
    desk.marks += [nav("c", at(5), "99"), nav("d", at(6), "1"), nav("e", at(7), "99.01")]
    assert desk.to(8) == 0
    desk.marks += [nav("f", at(9), "95.49"), nav("g", at(100), "2")]
    assert desk.to(9) == 1
    assert told(desk.stage)[1] == (at(9), "95.49 USD")


def test_of_two_marks_of_one_time_the_higher_id_counts(database: Database) -> None:
    """Law 110: however they come."""
    desk = Desk(database, **LOW)
    desk.marks = [nav("b", at(1), "96", basis=Basis.CUM), nav("a", at(1), "90")]
    assert desk.to(2) == 0
    desk.marks.reverse()
    assert desk.to(3) == 0
    desk.marks.append(nav("c", at(1), "90"))
    assert desk.to(4) == 1


def test_other_currencies_kinds_and_assets_are_nothing_to_it(database: Database) -> None:
    """Nor does a rule know anything without an office."""
    desk = Desk(database, **LOW)
    desk.marks = [nav("a", at(1), "1", currency="EUR"), price("b", at(1), "1")]
    assert desk.to(2) == 0
    assert desk.stage.decider(desk.rule).step().alerts == 0
    elsewhere = desk.stage.decider(rule(**LOW, token=OTHER), marks=lambda _: [nav("c", at(2), "1")])
    elsewhere.step()
    assert [one["asset"] for one in desk.stage.told()] == [OTHER]


def test_it_lasts_by_the_marks_times(database: Database) -> None:
    """Law 110: told when `for` has passed since the mark, and not when one came between."""
    desk = Desk(database, **{**LOW, "for": "30s"})
    desk.marks = [nav("a", at(1), "90"), nav("b", at(3), "96"), nav("c", at(4), "91")]
    assert desk.to(6) == 0
    assert desk.to(7) == 1
    assert told(desk.stage) == [(at(4), "91 USD")]
    assert desk.stage.rows()[0].time == at(4) + 30


def test_what_was_so_when_the_rule_began_is_told_once(database: Database) -> None:
    """Law 109: of its beginning, whichever mark of before it is; older episodes alarm nobody."""
    stage = Stage(database)
    stage.mine([], [], [])
    marks = [nav("a", at(1), "1"), nav("b", at(2), "120"), nav("c", at(3), "2")]
    decider = stage.decider(rule(**LOW), marks=lambda token: marks if token == TOKEN else [])
    assert decider.step().alerts == 1
    assert told(stage) == [(at(3), "2 USD")]
    marks.insert(0, nav("z", at(3), "3"))
    stage.mine([])
    assert decider.step().alerts == 0


def test_a_mark_that_comes_late_tells_no_episode_twice(database: Database) -> None:
    """Law 110: before, between and in the place of what was told."""
    desk = Desk(database, **LOW)
    desk.marks = [nav("b", at(4), "90"), nav("c", at(6), "90")]
    assert desk.to(7) == 1
    # It began earlier, and there was another mark of the same second.
    desk.marks += [nav("a", at(2), "90"), nav("bb", at(4), "80")]
    assert desk.to(8) == 0
    # Superseded by another figure that is too low.
    desk.marks[0] = nav("b2", at(4), "89")
    assert desk.to(9) == 0
    # Between them it was clear: that is two episodes, of which the second one is news.
    desk.marks.append(nav("d", at(5), "100"))
    assert desk.to(10) == 1
    assert [since for since, _ in told(desk.stage)] == [at(4), at(6)]
    # Of what was before all that, and had an end, nobody has heard yet.
    desk.marks += [nav("e", at(1), "90"), nav("a2", at(3), "100")]
    desk.marks = [mark for mark in desk.marks if mark.id != "a"]
    assert [desk.to(11), desk.to(12)] == [1, 0]
    # A wrong mark was told, and is corrected: the next one is told again.
    desk.marks[1] = nav("c2", at(6), "100")
    assert desk.to(13) == 0
    desk.marks.append(nav("f", at(13), "90"))
    assert desk.to(14) == 1


def test_a_premium_needs_two_marks_that_are_young_enough(database: Database) -> None:
    """In basis points, of the same currency and basis; exactly at the limit it is not beyond."""
    desk = Desk(database, **FAR)
    desk.marks = [nav("a", at(1), "10.00"), price("b", at(2), "9.50")]
    assert desk.to(2) == 0
    desk.marks.append(price("c", at(3), "9.49"))
    assert desk.to(3) == 1
    assert [one["facts"] for one in desk.stage.told()] == [{
        "value": "premium", "since": at(3), "was": "-510.00 basis points",
        "price": Unit("USD", 2).amount(949).as_json(),
        "nav": Unit("USD", 2).amount(1_000).as_json(), "marks": ["c", "a"],
    }]  # fmt: skip
    # The NAV is too old from the second after block 6 on: so it is not known to be clear.
    desk.marks += [price("d", at(7), "11"), price("e", at(8), "9")]
    assert desk.to(8) == 0
    desk.marks += [nav("f", at(9), "9"), nav("g", at(10), "10")]
    assert desk.to(10) == 1
    assert told(desk.stage)[1] == (at(10), "-1000.00 basis points")


def test_a_premium_does_not_last_longer_than_its_marks(database: Database) -> None:
    """Law 110: what was not known for all of the time is not told."""
    found = []
    for lasting in ("61s", "62s"):
        desk = Desk(database, **{**FAR, "for": lasting})
        desk.marks = [nav("a", at(1), "10"), price("b", at(1), "9")]
        desk.to(10)
        found += [since for since, _ in told(desk.stage)]
    assert found == [at(1)]


@pytest.mark.parametrize("other", [{"currency": "EUR"}, {"basis": Basis.CUM}])
def test_what_cannot_be_compared_is_not(database: Database, other: dict) -> None:
    """A price of another currency or basis; an older NAV of its own will do."""
    desk = Desk(database, **FAR)
    desk.marks = [nav("a", at(1), "10"), price("b", at(2), "1", **other)]
    assert desk.to(2) == 0
    desk.marks = [nav("c", at(1), "10", **other), nav("d", at(2), "1"), desk.marks[1]]
    assert desk.to(3) == 1


def test_the_past_is_played_alike(database: Database) -> None:
    """Law 107: the same episodes, once each."""
    desk = Desk(database, **LOW)
    desk.marks = [nav("a", at(1), "90"), nav("b", at(2), "100"), nav("c", at(4), "91")]
    desk.stage.mine([move(0, 1, 5)])
    for block in range(1, 6):
        desk.to(block)
    marks = lambda token: desk.marks if token == TOKEN else []  # noqa: E731
    found = replay(database, 1, desk.stage.genesis, (desk.rule,), first=0, marks=marks)
    assert [(one["facts"]["since"], shown(one["facts"]["was"])) for one in found.alerts] == told(
        desk.stage
    )
    assert replay(database, 1, desk.stage.genesis, (desk.rule,), first=0).alerts == ()


# ------------------------------------------------------------------------------------------- a law


def looked(one: ThresholdRule, marks: list[Mark], looks: list[int]) -> list[int]:
    """What is told, of marks that are written in time, by who looks at those seconds."""
    memory = create_engine("sqlite://")
    METADATA.create_all(memory)
    with memory.begin() as connection:
        outbox = Outbox(connection, "1:0x00")
        for second in looks:
            moment = Moment(0, "", second, 0)
            outbox.decide(list(mark_threshold(outbox, one, TOKEN, moment, marks)))
        found = sorted(outbox.times(digest_of_rule(one), TOKEN))
    memory.dispose()
    return found


STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9), st.booleans()), max_size=12)


@given(steps=STEPS, lasting=st.integers(0, 4), clear=st.integers(5, 8), looks=st.sets(
    st.integers(0, 40), max_size=12), premium=st.booleans())  # fmt: skip
@settings(max_examples=100)
def test_how_often_somebody_looks_changes_nothing(
    steps: list[tuple[int, int, bool]], lasting: int, clear: int, looks: set[int], premium: bool
) -> None:
    """Law 110: in one step and in many the same is told, and each episode once."""
    numbers, time, marks = count(), 0, []
    for gap, value, is_price in steps:
        time += gap
        kind = MarkKind.PRICE if is_price and premium else MarkKind.NAV
        marks.append(nav(f"{next(numbers):03}", time, str(value), kind=kind))
    said = {"for": f"{lasting}s", "is": {"below": 5}, "clear": {"above": clear}}
    needs = {"value": "premium", "older_than": "6s"} if premium else {
        "value": "nav", "currency": "USD"}  # fmt: skip
    one = rule(when="threshold", **said, **needs)
    assert isinstance(one, ThresholdRule)
    many = looked(one, marks, [*sorted(looks), 50])
    assert many == looked(one, marks, [50])
    assert len(many) == len(set(many))

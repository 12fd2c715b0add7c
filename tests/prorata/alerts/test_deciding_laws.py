"""Laws of decisions: whatever happens in whatever order, beside a model of a few lines."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    run_state_machine_as_test,
)
from hypothesis.stateful import (
    rule as step,
)

from prorata.alerts.deciding import Decider
from prorata.alerts.outbox import Addressee
from prorata.alerts.rules import digest_of_rule
from prorata.analysis.marks import Mark
from prorata.deployments.drift import Drift, DriftKind, DriftReport
from prorata.store.database import Database
from prorata.store.outbox_schema import alert_cursor
from tests.prorata.alerts.told import Stage, nav, rule
from tests.prorata.store.made_logs import START, TOKEN, person, told

LOW = rule(
    name="low", when="threshold", value="nav", currency="USD", clear={"above": 6},
    **{"is": {"below": 5}},
)  # fmt: skip
DRIFT = rule(name="drift", when="absent", what="drift")
PAUSED = Drift(DriftKind.PAUSE, "ShareToken", "transfers go on", "transfers are stopped")


@pytest.fixture(scope="module")
def databases(postgresql_server: str) -> Iterator[list[Database]]:
    """Both, for the whole module: each example is a chain of its own."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with (
        tempfile.TemporaryDirectory(dir=memory) as folder,
        closing(Database.open(f"{folder}/ledger.db", create=True)) as sqlite,
        closing(Database.open(postgresql_server, create=True)) as postgresql,
    ):
        yield [sqlite, postgresql]


class Killed(BaseException):
    """The process ends between two statements."""


blocks = st.lists(st.lists(st.integers(1, 3), max_size=2), max_size=3)


class Machine(RuleBasedStateMachine):
    """Blocks come and go, the decider steps, dies, begins again, and its rules change."""

    database: Database

    @initialize()
    def begin(self) -> None:
        self.stage = Stage(self.database)
        self.final = 0
        self.versions = {"final": 0, "head": 0}
        # The blocks that each rule began with.
        self.begun: dict[str, set[bytes]] = {}
        # NAVs in the order in which they are written, and of those that the rule began with the
        # last one only; what differs from the manifest, and how often that was seen to begin.
        self.marks: list[Mark] = []
        self.low_since: int | None = None
        # To which time marks were judged: what is written of before that comes too late.
        self.judged = 0
        self.paused = self.seen_paused = self.unsure = False
        self.pauses = 0
        self.hours = 0
        self._renew()

    def _renew(self) -> None:
        severity = ("info", "warning", "critical")
        self.rules = {
            where: rule(
                name=f"at-{where}", when="event", event="AgentAdded", decided_at=where,
                says=f"Version {version}", severity=severity[version % 3],
            )
            for where, version in self.versions.items()
        }  # fmt: skip
        self.decider = Decider(
            self.database, 1, self.stage.genesis, (*self.rules.values(), LOW, DRIFT),
            addressees=[Addressee("desk")], page=3, clock=lambda: START + 3_600 * self.hours,
            marks=lambda token: self.marks if token == TOKEN else [], drifts=self._drifts,
        )  # fmt: skip

    def _drifts(self) -> tuple[str, DriftReport]:
        return TOKEN, DriftReport(0, {}, (PAUSED,) if self.paused else ())

    @staticmethod
    def _events(block: list[int]) -> list:
        return [told("AgentAdded", agent=person(number)) for number in block]

    @step(new=blocks)
    def mine(self, new: list[list[int]]) -> None:
        self.stage.mine(*map(self._events, new), final=False)

    @step(data=st.data(), new=blocks)
    def reorganise(self, data: st.DataObject, new: list[list[int]]) -> None:
        ancestor = data.draw(st.integers(self.final, self.stage.chain.head))
        self.stage.reorganise(ancestor, *map(self._events, new))

    @step(data=st.data())
    def finalise(self, data: st.DataObject) -> None:
        self.final = data.draw(st.integers(self.final, self.stage.chain.head))
        self.stage.read(self.final)

    @step()
    def decide(self) -> None:
        for one in self.rules.values():
            self.begun.setdefault(digest_of_rule(one), set(self.stage.chain.hashes))
        self._judge()
        if self.low_since is None:
            self.low_since = self.judged
        self.hours += 1
        self.decider.step()
        self.pauses += self.paused and not self.seen_paused
        self.seen_paused, self.unsure = self.paused, False

    def _judge(self) -> None:
        chain = self.stage.chain
        self.judged = max(self.judged, chain.time(min(self.final + 1, chain.head)))

    @step(after=st.integers(1, 40), value=st.integers(1, 9))
    def mark(self, after: int, value: int) -> None:
        """Later than the one before, and than what was judged; also later than the chain is."""
        last = max(self.judged, self.marks[-1].time if self.marks else START)
        self.marks.append(nav(f"{len(self.marks):03}", last + after, str(value)))

    @precondition(lambda self: not self.unsure)
    @step()
    def pause(self) -> None:
        """Or go on: by somebody else. After a kill it is not known here what was seen."""
        self.paused = not self.paused

    @step()
    def renumber(self) -> None:
        """As after a rebuild: the changes are looked at again."""
        with self.database.writing() as connection:
            connection.execute(alert_cursor.update().values(epoch="another"))

    @step()
    def restart(self) -> None:
        self._renew()

    @step(where=st.sampled_from(("final", "head")))
    def change_a_rule(self, where: str) -> None:
        self.versions[where] += 1
        self._renew()

    @precondition(lambda self: all(digest_of_rule(r) in self.begun for r in self.rules.values()))
    @step(after=st.integers(1, 40))
    def kill(self, after: int) -> None:
        """At the n-th statement of a step; what was not committed is gone."""
        from sqlalchemy import event

        left = [after]
        self._judge()
        self.hours, self.unsure = self.hours + 1, True

        def count(*_: object) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        event.listen(self.database.engine, "before_cursor_execute", count)
        try:
            self.decider.step()
        except Killed:
            pass
        finally:
            event.remove(self.database.engine, "before_cursor_execute", count)
        self._renew()

    @invariant()
    def nothing_is_told_twice(self) -> None:
        """Laws 107 and 108: one living alert for a cause, and each withdrawal names its own."""
        rows = self.stage.rows()
        alerts = {row.id: row for row in rows if row.kind == "alert"}
        gone = [row.parent for row in rows if row.kind == "withdrawal"]
        assert len(gone) == len(set(gone))
        assert set(gone) <= set(alerts)
        living = [row.base for row in alerts.values() if row.id not in gone]
        assert len(living) == len(set(living))
        early = [row for row in rows if row.name == "at-final"]
        assert all(row.kind == "alert" and row.block <= self.final for row in early)

    def teardown(self) -> None:
        """Law 109: in the end, what lives is what has happened since each rule began, no more."""
        self.decide()
        self.decide()
        self.final = self.stage.chain.head
        self.stage.read(self.final)
        self.decide()
        chain = self.stage.chain
        rows = self.stage.rows()
        gone = {row.parent for row in rows if row.kind == "withdrawal"}
        for one in self.rules.values():
            digest = digest_of_rule(one)
            expected = [
                (f"0x{chain.hashes[number].hex()}", person_)
                for number in range(1, chain.head + 1)
                if chain.hashes[number] not in self.begun[digest]
                for person_ in [event[3]["agent"] for event in chain.blocks[number]]
            ]
            found = [
                (row.hash, said["facts"]["arguments"]["agent"])
                for row, said in ((r, json.loads(r.body)["data"]) for r in rows)
                if row.rule == digest and row.kind == "alert" and row.id not in gone
            ]
            assert sorted(found) == sorted(expected)
        told = [(row.name, json.loads(row.body)["data"]["facts"].get("since")) for row in rows]
        assert sorted(since for name, since in told if name == "low") == self._lows()
        assert [name for name, _ in told].count("drift") == self.pauses
        current = {f"0x{hashed.hex()}" for hashed in chain.hashes}
        assert all(
            row.hash in current
            for row in rows
            if row.kind == "alert" and row.hash and row.id not in gone
        )

    def _lows(self) -> list[int]:
        """Law 110: when NAV fell below 5, each time after it was above 6."""
        begun, end = self.low_since or 0, self.judged
        before = [mark for mark in self.marks if mark.time <= begun]
        after = [mark for mark in self.marks if begun < mark.time <= end]
        found, low = [], False
        for mark in (*before[-1:], *after):
            if not low and mark.value < 5:
                found.append(max(mark.time, begun))
                low = True
            low = low and mark.value <= 6
        return found


@pytest.mark.parametrize("which", [0, 1], ids=["sqlite", "postgresql"])
def test_whatever_happens_each_cause_is_told_once(databases: list[Database], which: int) -> None:
    """Laws 107, 108, 109 and 110: events, marks, drift, undone blocks, kills, rules that change."""

    class Here(Machine):
        database = databases[which]

    run_state_machine_as_test(Here, settings=settings(max_examples=15, stateful_step_count=25))

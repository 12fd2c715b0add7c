"""What is of the present: a node that is behind, finality that stands still, drift."""

from __future__ import annotations

import pytest

from prorata.alerts.watches import confirmed
from prorata.deployments.drift import Drift, DriftKind, DriftReport
from prorata.store.database import Database
from tests.prorata.alerts.told import Stage, rule
from tests.prorata.store.made_logs import OTHER, SECONDS, START, TOKEN, person

HOUR = 3_600
PAUSED = Drift(DriftKind.PAUSE, "ShareToken", "transfers go on", "transfers are stopped", "0x1", 5)
OWNED = Drift(DriftKind.OWNER, "ShareToken", person(1), person(2))


def facts(stage: Stage) -> list[dict]:
    return [one["facts"] for one in stage.told()]


def test_a_node_is_behind(database: Database) -> None:
    """By the wall clock, once, until it has come back."""
    stage = Stage(database)
    now = [float(START + 100)]
    behind = rule(when="absent", what="node", older_than="60s")
    decider = stage.decider(behind, clock=lambda: now[0])
    assert [decider.step().alerts for _ in range(2)] == [1, 0]
    stage.mine([], [], [], [], [])
    assert decider.step().alerts == 0
    now[0] += 200
    assert decider.step().alerts == 1


def test_finality_stands_still(database: Database) -> None:
    """By the wall clock, once an episode, though new blocks come; nothing before any was final."""
    stage = Stage(database, [[], []])
    now = [float(START + 1_000)]
    still = rule(when="absent", what="finality", older_than="60s", grace="12s")
    decider = stage.decider(still, clock=lambda: now[0])
    assert decider.step().alerts == 0
    stage.read(1)
    # All to the time of the block after it, the second one, is final.
    now[0] = START + 2 * SECONDS + 72
    assert decider.step().alerts == 0
    now[0] += 1
    assert [decider.step().alerts for _ in range(2)] == [1, 0]
    stage.mine([], [], final=False)
    assert decider.step().alerts == 0
    assert facts(stage) == [{"final": 1, "final_time": START + 2 * SECONDS, "seconds": 73}]
    stage.read(4)
    assert decider.step().alerts == 0
    now[0] += 1_000
    assert decider.step().alerts == 1


# ------------------------------------------------------------------------------------------- drift


class Node:
    """What would be found now; it counts the questions, and writes, which no transaction lets."""

    def __init__(self, stage: Stage, token: str = TOKEN) -> None:
        self.stage, self.token = stage, token
        self.drifts: tuple[Drift, ...] | None = ()
        self.asked = 0

    def __call__(self) -> tuple[str, DriftReport] | None:
        self.asked += 1
        with self.stage.database.writing() as connection:
            connection.exec_driver_sql("UPDATE asset SET name = name")
        if self.drifts is None:
            return None
        return self.token, DriftReport(7, {}, self.drifts)


def test_each_drift_is_told_once_until_it_was_gone(database: Database) -> None:
    """Law 107: by what it is, where and what is found; the node is asked every so often."""
    stage = Stage(database)
    node, now = Node(stage), [float(START)]
    drift = rule(when="absent", what="drift", every="30min")
    decider = stage.decider(drift, clock=lambda: now[0], drifts=node)

    def later(*drifts: Drift) -> int:
        now[0] += HOUR
        node.drifts = drifts
        return decider.step().alerts

    node.drifts = (PAUSED,)
    assert [decider.step().alerts for _ in range(2)] == [1, 0]
    assert node.asked == 1
    [said] = stage.told()
    assert (said["asset"], said["block"]) == (TOKEN, 7)
    assert said["facts"] == {
        "kind": "pause", "contract": "ShareToken", "expected": "transfers go on",
        "found": "transfers are stopped", "transaction": "0x1", "block": 5,
    }  # fmt: skip
    assert later(PAUSED) == 0
    assert later(PAUSED, OWNED) == 1
    # By somebody else again, and still the same thing.
    assert later(Drift(*list(vars(PAUSED).values())[:4], "0x2", 6), OWNED) == 0
    assert later(OWNED) == 0
    assert later(PAUSED, OWNED) == 1
    assert later(PAUSED, Drift(DriftKind.OWNER, "ShareToken", person(1), person(3))) == 1
    assert len({row.id for row in stage.rows()}) == len(stage.rows()) == 4


def test_the_node_is_asked_every_hour_unless_a_rule_says_otherwise(database: Database) -> None:
    """Once for all rules that are due; another process, and a restart, know when it was."""
    stage = Stage(database)
    node, now = Node(stage), [float(START)]
    rules = (rule(when="absent", what="drift"),
             rule(name="often", when="absent", what="drift", every="1min"))  # fmt: skip
    asked = []
    for second in (0, 59, 60, 3_599, 3_600):
        now[0] = START + second
        stage.decider(*rules, clock=lambda: now[0], drifts=node).step()
        asked.append(node.asked)
    assert asked == [1, 1, 2, 3, 4]
    assert stage.decider(rule(when="absent", what="node", older_than="10d"), drifts=node).step()
    assert node.asked == 4


def test_a_node_that_does_not_answer_is_asked_again(database: Database) -> None:
    """And nothing is said of drift meanwhile: neither that it is there nor that it is gone."""
    stage = Stage(database)
    node, now = Node(stage), [float(START)]
    decider = stage.decider(rule(when="absent", what="drift"), clock=lambda: now[0], drifts=node)
    node.drifts = (PAUSED,)
    assert decider.step().alerts == 1
    node.drifts = None
    now[0] += HOUR
    assert [decider.step().alerts for _ in range(2)] == [0, 0]
    assert node.asked == 3
    node.drifts = (PAUSED,)
    assert decider.step().alerts == 0
    assert stage.decider(rule(when="absent", what="drift", says="Other")).step().alerts == 0


def test_what_somebody_else_has_found_meanwhile_counts(database: Database) -> None:
    """An older report neither ends nor begins anything."""
    stage = Stage(database)
    drift = rule(when="absent", what="drift")
    first, second = Node(stage), Node(stage)
    first.drifts = ()
    second.drifts = (PAUSED,)

    def slow() -> tuple[str, DriftReport] | None:
        found = first()
        assert stage.decider(drift, drifts=second).step().alerts == 1
        return found

    assert stage.decider(drift, drifts=slow).step().alerts == 0
    later = stage.decider(drift, drifts=second, clock=lambda: 10.0**10)
    assert later.step().alerts == 0


@pytest.mark.parametrize(("token", "alerts"), [(TOKEN, 1), (OTHER, 0)])
def test_a_rule_of_drift_may_be_of_one_token(database: Database, token: str, alerts: int) -> None:
    """And the deployment of another one is nothing to it."""
    stage = Stage(database)
    node = Node(stage)
    node.drifts = (PAUSED,)
    decider = stage.decider(rule(when="absent", what="drift", token=token), drifts=node)
    assert [decider.step().alerts for _ in range(2)] == [alerts, 0]
    assert node.asked == 1


def test_what_is_found_once_only_is_no_drift() -> None:
    """What a command sends between journal and chain is in the journal at the second look."""
    looks = [(PAUSED, OWNED), (OWNED,)]
    found = confirmed(lambda: DriftReport(7, {}, looks.pop(0)))
    assert (found.drifts, looks) == ((OWNED,), [])
    looks = [(OWNED,), (PAUSED, OWNED)]
    assert confirmed(lambda: DriftReport(7, {}, looks.pop(0))).drifts == (OWNED,)
    looks = [(), (OWNED,)]
    assert confirmed(lambda: DriftReport(7, {}, looks.pop(0))).drifts == ()

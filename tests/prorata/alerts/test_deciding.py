"""What is decided, once: events, thresholds, absences, and what a reorganisation takes back."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from prorata.alerts.outbox import Addressee, Quiet
from prorata.alerts.replay import replay
from prorata.alerts.rules import digest_of_rule, read_rules
from prorata.analysis.marks import MarkKind
from prorata.errors import InputError, StoreError
from prorata.store.database import Database
from prorata.store.outbox_schema import alert_cursor
from prorata.store.rebuild import rebuild
from prorata.store.writer import Writer
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.alerts.told import Stage, nav, rule
from tests.prorata.store.made_logs import (
    OTHER,
    SECONDS,
    START,
    TOKEN,
    VAULT,
    claimed,
    declared,
    move,
    person,
    told,
)

DAY = 86_400
DESK = Addressee("desk")
AGENT = rule(when="event", event="AgentAdded")
AT_HEAD = rule(when="event", event="AgentAdded", decided_at="head")


def added(number: int, token: str = TOKEN):
    return told("AgentAdded", token, agent=person(number))


def owned(number: int, token: str = TOKEN):
    return told("OwnershipTransferred", token, previousOwner=person(0), newOwner=person(number))


def facts(stage: Stage) -> list[dict]:
    return [one["facts"] for one in stage.told()]


# ------------------------------------------------------------------------------------------ events


def test_an_event_is_told_once_it_is_final(database: Database) -> None:
    """Laws 107 and 109: not before, not of the past, and not a second time."""
    stage = Stage(database, [[added(1)]])
    decider = stage.decider(AGENT, addressees=[DESK])
    assert decider.step().begun == ["a-rule"]
    stage.mine([added(2)], final=False)
    assert decider.step().alerts == 0
    stage.read(stage.chain.head)
    assert decider.step().alerts == 1
    assert decider.step().alerts == 0
    [said] = stage.told()
    assert said["asset"] == TOKEN
    assert said["facts"]["arguments"] == {"agent": person(2)}
    assert stage.deliveries() == [("alert", "desk", "pending")]


def test_a_block_that_was_replaced_before_it_was_final_is_passed(database: Database) -> None:
    """Law 107: the same event in the block that took its place is told, once."""
    stage = Stage(database)
    decider = stage.decider(AGENT)
    decider.step()
    stage.mine([added(2)], final=False)
    decider.step()
    stage.reorganise(0, [], [added(2)])
    stage.read(stage.chain.head)
    decider.step()
    [said] = stage.told()
    assert said["block"] == 2


def test_what_was_history_when_its_contract_was_added_is_passed(database: Database) -> None:
    """Law 109: backfilled blocks alarm nobody."""
    stage = Stage(database)
    decider = stage.decider(AGENT)
    decider.step()
    late = "0x" + "5" * 40
    stage.chain.mine([(late, "ShareToken", "AgentAdded", {"agent": person(3)})])
    stage.read(1)
    asset = stage.writer.add_asset(late, "Late", "LATE", 0)
    stage.writer.add_source(late, "ShareToken", ours=True, first_block=1, assets=[asset], head=1)
    stage.read(1)
    decider.step()
    assert stage.told() == []


def test_withdrawals_go_to_who_may_have_heard(database: Database) -> None:
    """Law 108: undelivered parents are cancelled, and a withdrawal names its alert."""
    stage = Stage(database)
    decider = stage.decider(AT_HEAD, addressees=[DESK, Addressee("other", "critical")])
    decider.step()
    stage.mine([added(2)], final=False)
    assert decider.step().alerts == 1
    stage.reorganise(0, [], [added(2)])
    assert decider.step().withdrawals == 1
    [first, second] = [row for row in stage.rows() if row.kind == "alert"]
    [withdrawal] = [row for row in stage.rows() if row.kind == "withdrawal"]
    assert withdrawal.parent in (first.id, second.id)
    assert withdrawal.id not in (first.id, second.id)
    assert stage.told("withdrawal")[0]["withdraws"] == withdrawal.parent
    # Nobody had tried to deliver the first one, so that nobody hears that it is gone.
    assert stage.deliveries() == [("alert", "desk", "cancelled"), ("alert", "desk", "pending")]


def test_a_block_that_comes_back_is_told_again(database: Database) -> None:
    """Law 108: after a withdrawal the same block is news, as another alert."""
    stage = Stage(database)
    decider = stage.decider(AT_HEAD)
    decider.step()
    stage.mine([added(2)], final=False)
    decider.step()
    stage.reorganise(0, [])
    decider.step()
    stage.reorganise(0, [added(2)])
    decider.step()
    rows = stage.rows()
    assert [row.kind for row in rows].count("alert") == 2
    assert len({row.id for row in rows}) == 3
    stage.read(1)
    assert decider.step().withdrawals == 0
    assert {row.settled for row in stage.rows() if row.life == 1} == {1}


def test_a_rule_that_was_changed_begins_now(database: Database) -> None:
    """Law 109: and what the old one told is still withdrawn."""
    stage = Stage(database)
    stage.decider(AT_HEAD).step()
    stage.mine([added(2)], final=False)
    stage.decider(AT_HEAD).step()
    other = rule(when="event", event="AgentAdded", decided_at="head", severity="critical")
    assert digest_of_rule(other) != digest_of_rule(AT_HEAD)
    assert stage.decider(other).step().alerts == 0
    stage.reorganise(0, [])
    assert stage.decider(other).step().withdrawals == 1


def test_changes_with_other_numbers_are_looked_at_again(database: Database) -> None:
    """Law 107: after a rebuild nothing is decided twice, and nothing is missed."""
    stage = Stage(database, [[added(1)]])
    decider = stage.decider(AGENT)
    decider.step()
    stage.mine([added(2)])
    decider.step()
    with database.writing() as connection:
        connection.execute(alert_cursor.update().values(epoch="another"))
    stage.mine([added(3)])
    assert decider.step().alerts == 1
    assert [one["arguments"]["agent"] for one in facts(stage)] == [person(2), person(3)]


PREDICATES = [
    ({"equals": person(2)}, True),
    ({"equals": person(2).lower()}, True),
    ({"equals": person(3)}, False),
    ({"differs_from": person(3)}, True),
    ({"one_of": [person(3), person(2)]}, True),
    ({"outside": "powers"}, False),
]


@pytest.mark.parametrize(("said", "true"), PREDICATES)
def test_addresses_are_compared(sqlite: str, said: dict, true: bool) -> None:
    """Whatever case they are written in; who was just made an agent is one."""
    database = Database.open(sqlite, create=True)
    stage = Stage(database)
    one = rule(when="event", event="AgentAdded", where=[{"argument": "agent", **said}])
    decider = stage.decider(one)
    decider.step()
    stage.mine([added(2)])
    assert decider.step().alerts == int(true)
    database.close()


NUMBERS = [
    ({"above": 4}, True), ({"above": 5}, False), ({"at_least": 5}, True), ({"at_least": 6}, False),
    ({"below": 6}, True), ({"below": 5}, False), ({"at_most": 5}, True), ({"at_most": 4}, False),
    ({"equals": 5}, True), ({"differs_from": 5}, False), ({"one_of": [1, 5]}, True),
]  # fmt: skip


@pytest.mark.parametrize(("said", "true"), NUMBERS)
def test_numbers_are_compared(sqlite: str, said: dict, true: bool) -> None:
    """On the side that is written, with the limit itself where it says so."""
    database = Database.open(sqlite, create=True)
    before = [told("RecordScheduled", recordId=n, closesAt=START + DAY + n) for n in range(1, 5)]
    stage = Stage(database, [before])
    where = [{"argument": "recordId", **said}]
    decider = stage.decider(rule(when="event", event="RecordScheduled", where=where))
    decider.step()
    stage.mine([told("RecordScheduled", recordId=5, closesAt=START + 2 * DAY)])
    assert decider.step().alerts == int(true)
    database.close()


def test_a_far_record_and_a_foreign_declaration(database: Database) -> None:
    """The built-in rules: the owner's declaration is none, and an agent's is none."""
    rules = read_rules(PROJECT_ROOT / "examples/alerts/rules.yaml")
    wanted = [one for one in rules if one.name in ("far-record", "foreign-declaration")]
    stage = Stage(database)
    decider = stage.decider(*wanted)
    decider.step()
    stage.mine(
        [owned(2), told("RecordScheduled", recordId=1, closesAt=START + 30 * DAY)],
        [told("RecordScheduled", recordId=2, closesAt=START + 91 * DAY)],
        [declared(1, 1, 10)],
        [added(1)],
        [declared(2, 1, 10)],
    )
    decider.step()
    said = {(one["rule"], one["block"]) for one in stage.told()}
    assert said == {("far-record", 2), ("foreign-declaration", 3)}
    assert {one["facts"]["contract"] for one in stage.told()} == {TOKEN, VAULT}


def test_who_becomes_an_agent_later_in_the_block_was_none(database: Database) -> None:
    """Powers are those at the event; what a vault of two assets tells of neither names none."""
    rules = read_rules(PROJECT_ROOT / "examples/alerts/rules.yaml")
    [foreign] = [one for one in rules if one.name == "foreign-declaration"]
    paid_out = rule(
        when="event", event="Claimed", of="DividendVault", where=[{"argument": "gross", "above": 1}]
    )
    stage = Stage(database)
    decider = stage.decider(foreign, paid_out)
    decider.step()
    stage.mine([move(0, 1, 5)], [declared(1, 1, 10), added(1)], [claimed(1, 1, 2)])
    decider.step()
    said = [(one["rule"], one["block"], one["asset"]) for one in stage.told()]
    assert sorted(said) == [("a-rule", 3, None), ("foreign-declaration", 2, TOKEN)]


def test_a_rule_may_be_of_one_token(database: Database) -> None:
    """Of events, thresholds and absences; an event of several assets is of each of them."""
    stage = Stage(database)
    both = rule(name="paid", when="event", event="Claimed", token=OTHER)
    decider = stage.decider(
        rule(when="event", event="AgentAdded", token=OTHER),
        both,
        rule(name="many", when="threshold", value="supply", token=OTHER, **{"is": {"above": 10}}),
        rule(name="soon", when="absent", what="record-close", within="60s", token=OTHER),
        rule(name="elsewhere", when="event", event="AgentAdded", token=person(9)),
    )
    assert decider.step().not_followed == ["elsewhere"]
    closing = [told("RecordScheduled", token, recordId=1, closesAt=START + 60)
               for token in (TOKEN, OTHER)]  # fmt: skip
    stage.mine([added(1), added(2, OTHER), *closing])
    stage.mine([move(0, 1, 11), move(0, 1, 12, OTHER), declared(1, 1, 10)], [claimed(1, 1, 2)])
    decider.step()
    assert {(one["rule"], one["asset"]) for one in stage.told()} == {
        ("a-rule", OTHER), ("many", OTHER), ("soon", OTHER), ("paid", None),
    }  # fmt: skip


def test_of_names_the_contract(database: Database) -> None:
    """An event of the same name elsewhere is another one."""
    stage = Stage(database)
    decider = stage.decider(rule(when="event", event="AgentAdded", of="InvestorRegistry"))
    decider.step()
    stage.mine([added(2)])
    assert decider.step().alerts == 0


def test_a_chain_that_is_not_followed_is_refused(database: Database) -> None:
    """With what to do first."""
    stage = Stage(database)
    decider = replace(stage.decider(AGENT), genesis="0x" + "9" * 64)
    with pytest.raises(StoreError, match="nothing of the chain 1"):
        decider.step()


# ---------------------------------------------------------------------------------------- silences


def test_a_rule_is_silent_for_a_while_after_it_spoke(database: Database) -> None:
    """Law 111: what is not delivered is decided; each asset has a silence of its own."""
    stage = Stage(database)
    seldom = rule(when="event", event="AgentAdded", silence="24s")
    decider = stage.decider(seldom, addressees=[DESK])
    decider.step()
    stage.mine([added(1)], [added(2)], [added(3), added(3, OTHER)], final=False)
    stage.read(2)
    decider.step()
    stage.read(3)
    decider.step()
    silenced = [(row.block, row.asset, row.silenced) for row in stage.rows()]
    assert sorted(silenced) == [(1, TOKEN, 0), (2, TOKEN, 1), (3, TOKEN, 0), (3, OTHER, 0)]
    assert len(stage.deliveries()) == 3


def test_an_operator_silences_a_rule(database: Database) -> None:
    """Law 111: between two times, for one asset or for all."""
    stage = Stage(database)
    quiet = [Quiet("a-rule", OTHER, 100, 200), Quiet("another", "", 100, 200)]
    now = [150.0]
    decider = stage.decider(AGENT, addressees=[DESK], quiets=lambda: quiet, clock=lambda: now[0])
    decider.step()
    stage.mine([added(1), added(1, OTHER)])
    decider.step()
    now[0] = 200.0
    stage.mine([added(2, OTHER)])
    decider.step()
    silenced = [(row.block, row.asset, row.silenced) for row in stage.rows()]
    assert sorted(silenced) == [(1, TOKEN, 0), (1, OTHER, 1), (2, OTHER, 0)]


# -------------------------------------------------------------------------------------- thresholds


def test_a_threshold_lasts_and_clears(database: Database) -> None:
    """Law 110: told once it has lasted, and again only after it was clear."""
    stage = Stage(database)
    many = rule(
        when="threshold", value="supply", **{"is": {"above": 10}, "for": "24s"},
        clear={"below": 6},
    )  # fmt: skip
    decider = stage.decider(many)
    decider.step()
    stage.mine([move(0, 1, 11)], [], final=True)
    assert decider.step().alerts == 0
    stage.mine([])
    assert decider.step().alerts == 1
    [said] = stage.told()
    assert (said["block"], said["facts"]["episode"]) == (1, 1)
    # Below the limit, and not clear: it is the same episode.
    stage.mine([move(1, 0, 4)], [move(0, 1, 4)], [], [], [])
    assert decider.step().alerts == 0
    stage.mine([move(1, 0, 6)], [move(0, 1, 6)], [], [])
    assert decider.step().alerts == 1


def test_a_threshold_is_not_told_again_of_changes_with_other_numbers(database: Database) -> None:
    """Law 110, after a rebuild: it was beyond its limit when it began, and came back within it."""
    stage = Stage(database, [[move(0, 1, 11)]])
    stage.mine([])
    decider = stage.decider(rule(when="threshold", value="supply", **{"is": {"above": 10}}))
    assert decider.step().alerts == 1
    stage.mine([move(0, 1, 1)], [move(1, 0, 5)])
    assert decider.step().alerts == 0
    with database.writing() as connection:
        connection.execute(alert_cursor.update().values(epoch="another"))
    assert decider.step().alerts == 0
    stage.mine([move(0, 1, 5)])
    with database.writing() as connection:
        connection.execute(alert_cursor.update().values(epoch="a third"))
    assert decider.step().alerts == 1


def test_a_threshold_is_decided_alike_in_one_step_and_in_many(database: Database) -> None:
    """Law 110: a value that lasted long enough between two looks is told."""
    blocks = [[move(0, 1, 11)], [], [], [move(1, 0, 11)], [move(0, 1, 12)], [move(1, 0, 1)]]
    many = rule(when="threshold", value="supply", **{"is": {"above": 10}, "for": "30s"})
    found = []
    for at_once in (True, False):
        stage = Stage(database)
        decider = stage.decider(many)
        decider.step()
        for block in blocks:
            stage.mine(block)
            if not at_once:
                decider.step()
        decider.step()
        found.append([(one["block"], one["time"]) for one in stage.told()])
    assert found[0] == found[1]
    assert len(found[0]) == 1


def test_holders_may_be_too_few(database: Database) -> None:
    """From the beginning of the rule on, where it is so already."""
    stage = Stage(database, [[move(0, 1, 11)]])
    stage.read(1)
    few = rule(when="threshold", value="holders", **{"is": {"below": 2}})
    decider = stage.decider(few)
    decider.step()
    assert [one["was"] for one in facts(stage)] == ["1"]
    stage.mine([move(1, 2, 5)])
    decider.step()
    stage.mine([move(2, 1, 5)])
    decider.step()
    assert [one["episode"] for one in facts(stage)] == [1, 2]


# ---------------------------------------------------------------------------------------- absences


def scheduled(number: int, closes_at: int):
    return told("RecordScheduled", recordId=number, closesAt=closes_at)


def test_a_record_closes_soon(database: Database) -> None:
    """Law 110: within the time, not before it, not when it was cancelled, and once."""
    stage = Stage(database)
    decider = stage.decider(rule(when="absent", what="record-close", within="60s"))
    decider.step()
    closes = START + 10 * SECONDS
    stage.mine(
        [scheduled(1, closes), scheduled(2, closes + 1), told("RecordCancelled", recordId=2)]
    )
    assert decider.step().alerts == 0
    stage.mine([], [], [], [])
    assert decider.step().alerts == 1
    stage.mine([])
    assert decider.step().alerts == 0
    assert facts(stage) == [{"record": 1, "closes_at": closes}]


def test_a_payout_that_does_not_come(database: Database) -> None:
    """Law 110: past deadline and grace only; one in time, or before the rule, is not missed."""
    stage = Stage(database)
    late = rule(when="absent", what="payout", within="24s", grace="12s")
    decider = stage.decider(late)
    decider.step()
    closes = START + 2 * SECONDS
    stage.mine([scheduled(1, closes), scheduled(2, closes + 1)], [], [], [declared(1, 1, 5)], [])
    assert decider.step().alerts == 0
    stage.mine([declared(2, 2, 5)])
    assert decider.step().alerts == 1
    assert facts(stage) == [{"record": 2, "closed_at": closes + 1, "by": closes + 37}]
    other = stage.decider(rule(when="absent", what="payout", within="12s"))
    other.step()
    assert len(stage.told()) == 1


def test_a_payout_by_a_date(database: Database) -> None:
    """Law 110: of every asset that had none between the two times."""
    stage = Stage(database)
    said = {
        "when": "absent", "what": "payout", "since": "2023-11-14T22:13:20Z",
        "by": "2023-11-14T22:14:20Z",
    }  # fmt: skip
    decider = stage.decider(rule(**said))
    decider.step()
    stage.mine([declared(1, 1, 5)], [], [], [], [])
    assert decider.step().alerts == 0
    stage.mine([])
    assert decider.step().alerts == 1
    assert [one["asset"] for one in stage.told()] == [OTHER]


def test_what_the_ledger_has_not_read_is_not_missed(database: Database) -> None:
    """Law 110: an absence is unknown while a contract of the asset is behind."""
    stage = Stage(database)
    decider = stage.decider(rule(when="absent", what="payout", within="1s"))
    decider.step()
    stage.mine([scheduled(1, START + SECONDS)], [], [])
    assets = [1]
    late = "0x" + "6" * 40
    stage.writer.add_source(late, "DividendVault", ours=True, first_block=1, assets=assets, head=3)
    assert decider.step().alerts == 0
    stage.read(3)
    assert decider.step().alerts == 1


def test_an_old_nav(database: Database) -> None:
    """Once for each mark; without any, from the rule's beginning; without an office, not at all."""
    stage = Stage(database)
    marks = {TOKEN: [], OTHER: [nav("m0", START + 10_000)]}
    old = rule(when="absent", what="nav", older_than="30s")
    decider = stage.decider(old, marks=lambda token: marks[token])
    stage.decider(old).step()
    stage.mine([], [])
    assert decider.step().alerts == 0
    stage.mine([], [])
    assert decider.step().alerts == 1 + 1
    assert decider.step().alerts == 0
    marks[TOKEN] = [nav("m1", START + 48), nav("p", START + 60, kind=MarkKind.PRICE)]
    marks[OTHER] = [nav("m2", START + 48)]
    assert decider.step().alerts == 0
    stage.mine([], [], [])
    assert decider.step().alerts == 2
    assert {one["mark"] for one in facts(stage)} == {"none", "m1", "m2"}


def test_a_lost_wallet_that_still_has_a_role(database: Database) -> None:
    """Law 110: for as long as the time for it has not passed, it is not told."""
    stage = Stage(database)
    decider = stage.decider(rule(when="absent", what="lost-wallet-role", within="20s"))
    decider.step()
    lost = {"lostWallet": person(1), "newWallet": person(2), "investorOnchainID": person(1)}
    stage.mine([added(1), added(3), owned(1)], [move(0, 1, 5)], [told("RecoverySuccess", **lost)])
    assert decider.step().alerts == 0
    stage.mine([owned(4)], [])
    assert decider.step().alerts == 1
    assert [(one["wallet"], one["role"]) for one in facts(stage)] == [(person(1), "agent")]
    stage.mine([told("AgentRemoved", agent=person(1))])
    assert decider.step().alerts == 0


# ------------------------------------------------------------------------------------------ replay


def test_replay_says_what_would_have_been_told(database: Database) -> None:
    """Law 107: the same judgement over the past, and nothing is kept or sent."""
    rules = (AGENT, rule(name="soon", when="absent", what="record-close", within="60s"),
             rule(name="many", when="threshold", value="supply", **{"is": {"above": 10}}),
             rule(name="node", when="absent", what="node", older_than="60s"),
             rule(name="still", when="absent", what="finality", older_than="60s"))  # fmt: skip
    blocks = [[added(1)], [move(0, 1, 11)], [scheduled(1, START + 100)], [], [added(2)]]
    live = Stage(database)
    decider = live.decider(*rules[:3], addressees=[DESK])
    decider.step()
    for block in blocks:
        live.mine(block)
        decider.step()
    past = Stage(database, blocks)
    past.read(past.chain.head)
    found = replay(database, 1, past.genesis, rules, first=0)
    assert past.rows() == []
    assert found.not_played == ("node", "still")
    key = lambda said: (said["rule"], said["block"], said["facts"].get("record"))  # noqa: E731
    assert sorted(map(key, found.alerts)) == sorted(map(key, live.told()))
    assert len(replay(database, 1, past.genesis, rules[:1], first=2).alerts) == 1
    with pytest.raises(InputError, match="after the last final block"):
        replay(database, 1, past.genesis, rules, first=6)


def test_a_rebuilt_ledger_keeps_what_was_decided(place: str) -> None:
    """Law 107: the changes have other numbers, and nothing is decided a second time."""
    with closing(Database.open(place, create=True)) as database:
        stage = Stage(database, [[added(1)]])
        stage.decider(AGENT, addressees=[DESK]).step()
        stage.mine([added(2)])
        stage.decider(AGENT, addressees=[DESK]).step()
        before = stage.rows()
        stage.writer.release()
    rebuild(place)
    with closing(Database.open(place)) as database:
        stage.database = database
        assert stage.rows() == before
        assert len(stage.deliveries()) == 1
        assert stage.decider(AGENT).step().alerts == 0
        stage.writer = Writer.take(database, 1, stage.genesis, who="the tests")
        stage.mine([added(3)])
        assert stage.decider(AGENT).step().alerts == 1
        # And another chain can be followed.
        assert Stage(database).writer.chain != stage.writer.chain

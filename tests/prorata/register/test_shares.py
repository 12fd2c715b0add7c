"""The register from events: examples, then the law that it equals a naive replay."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import example, given
from hypothesis import strategies as st

from prorata.chain import events as chain_events
from prorata.chain.abi import topics_of
from prorata.chain.artifacts import artifact
from prorata.chain.calls import Event
from prorata.chain.events import find_events, read_events
from prorata.chain.types import Block, Log
from prorata.errors import BooksError, InputError
from prorata.register.shares import Ledger
from prorata.values.addresses import ZERO_ADDRESS as ZERO

A, B, C = ("0x" + letter * 40 for letter in "ABC")


@dataclass
class ReportedEvent:
    name: str
    args: dict[str, Any] = field(default_factory=dict)


def at(block, index, reported):
    """What was told, with a place in the chain."""
    return Event(reported.name, reported.args, Log(ZERO, (), b"", block, "0xb", "0xt", index))


def transfer(giver, receiver, value):
    return ReportedEvent("Transfer", {"from": giver, "to": receiver, "value": value})


def scheduled(record_id, closes_at):
    return ReportedEvent("RecordScheduled", {"recordId": record_id, "closesAt": closes_at})


def cancelled(record_id):
    return ReportedEvent("RecordCancelled", {"recordId": record_id})


def recovered(lost, successor):
    return ReportedEvent("RecoverySuccess", {"lostWallet": lost, "newWallet": successor})


def frozen(account, on=True):
    return ReportedEvent("AddressFrozen", {"userAddress": account, "isFrozen": on})


def ledger_of(*events, until=None):
    return Ledger.of(events, "0xToken", until)


# ------------------------------------------------------------------------------------------ now


def test_shares_are_issued_moved_and_destroyed():
    ledger = ledger_of(
        (transfer(ZERO, A, 100), 1), (transfer(A, B, 30), 2), (transfer(B, ZERO, 10), 3)
    )
    assert ledger.balances == {A: 70, B: 20}
    assert ledger.total_supply == 90
    assert (ledger.balance_of(A), ledger.balance_of(C)) == (70, 0)


def test_holders_come_largest_first_and_leave_when_they_hold_nothing():
    ledger = ledger_of(
        (transfer(ZERO, A, 5), 1), (transfer(ZERO, C, 9), 1), (transfer(ZERO, B, 9), 1),
        (transfer(A, B, 5), 2),
    )  # fmt: skip
    assert ledger.holders == [B, C]
    assert list(ledger) == [A, C, B]


def test_a_transfer_to_oneself_or_of_nothing_changes_nothing():
    ledger = ledger_of(
        (transfer(ZERO, A, 5), 1), (transfer(A, A, 5), 2), (transfer(B, C, 0), 3), until=4
    )
    assert ledger.balances == {A: 5}
    assert ledger.balances_at_time(2) == {A: 5}


def test_what_moves_no_share_is_passed_over():
    ledger = ledger_of(
        (ReportedEvent("Approval"), 1),
        (ReportedEvent("AgentAdded"), 1),
        (ReportedEvent("Approval"), 2),
    )
    assert ledger.balances == {}
    assert ledger.until == 2


def test_every_event_that_a_share_token_can_tell_is_known():
    """Or the books of a token that can freeze and recover could not be opened at all."""
    events = [entry for entry in artifact("ShareToken").abi if entry["type"] == "event"]
    assert len(events) > 20
    for event in events:
        args = dict.fromkeys((item["name"] for item in event["inputs"]), 1)
        before = [(scheduled(1, 9), 1)] if event["name"] == "RecordCancelled" else []
        reported = ReportedEvent(event["name"], {**args, "from": ZERO, "lostWallet": A})
        ledger_of(*before, (reported, 1))


# -------------------------------------------------------------------------------------- persons


def test_income_follows_from_one_lost_wallet_to_the_next():
    ledger = ledger_of((recovered(A, B), 10), (recovered(B, C), 20))
    assert (ledger.claimant_of(A), ledger.claimant_of(B), ledger.claimant_of(C)) == (C, C, C)
    assert ledger.recovered == [A, B]
    at_times = [ledger.claimant_at(A, (time, 0, 0)) for time in (9, 10, 19, 20)]
    assert at_times == [A, B, B, C]


def test_a_recovery_counts_from_its_place_in_the_block():
    ledger = ledger_of((at(7, 3, recovered(A, B)), 10))
    assert ledger.claimant_at(A, (10, 7, 2)) == A
    assert ledger.claimant_at(A, (10, 7, 4)) == B
    assert ledger.claimant_at(A, (10, 8, 0)) == B


def test_a_wallet_is_frozen_until_it_is_released():
    ledger = ledger_of(
        (at(7, 3, frozen(A)), 10), (at(7, 5, frozen(A)), 10), (at(9, 0, frozen(A, on=False)), 30)
    )
    places = ((10, 7, 2), (10, 7, 4), (29, 8, 0), (30, 9, 1))
    assert [ledger.was_frozen(A, place) for place in places] == [False, True, True, False]
    assert not ledger.is_frozen(A)
    assert not ledger.is_frozen(B)


def test_that_income_may_wait_for_the_ineligible_is_never_forgotten():
    ledger = ledger_of((ReportedEvent("IncomeHeldSet", {"whileIneligible": False}), 1))
    assert not ledger.may_wait_ineligible
    for on in (True, False):
        ledger.apply(ReportedEvent("IncomeHeldSet", {"whileIneligible": on}), 2)
    assert ledger.may_wait_ineligible


# -------------------------------------------------------------------------------------- records


@pytest.mark.parametrize(("moved_at", "counts"), [(99, True), (100, True), (101, False)])
def test_a_transfer_counts_up_to_the_records_second_and_no_longer(moved_at, counts):
    ledger = ledger_of(
        (transfer(ZERO, A, 10), 1), (scheduled(1, 100), 1), (transfer(A, B, 4), moved_at), until=200
    )
    assert ledger.balances_at(1) == ({A: 6, B: 4} if counts else {A: 10})
    assert ledger.balance_at(B, 1) == (4 if counts else 0)


def test_a_record_can_be_read_one_second_after_it_closes():
    ledger = ledger_of((transfer(ZERO, A, 10), 1), (scheduled(1, 100), 1), until=100)
    assert not ledger.is_closed(1)
    with pytest.raises(InputError, match='"1" closes at 100 and the chain is at 100'):
        ledger.balances_at(1)
    ledger.advance(101)
    assert ledger.is_closed(1)
    assert ledger.balances_at(1) == {A: 10}
    assert ledger.total_supply_at(1) == 10


def test_hundreds_of_records_are_each_remembered():
    ledger = Ledger()
    for number in range(1, 501):
        ledger.apply(scheduled(number, number * 10), 0)
    for number in range(1, 501):
        ledger.apply(transfer(ZERO, A, 1), number * 10)
    ledger.advance(5_001)
    assert [ledger.balance_at(A, n) for n in range(1, 501)] == list(range(1, 501))
    assert ledger.total_supply_at(250) == 250


def test_a_cancelled_record_never_closes_and_gives_its_place_in_time_back():
    """Its number is not given again; the next may close before it would have."""
    ledger = ledger_of(
        (transfer(ZERO, A, 10), 1), (scheduled(1, 100), 1), (scheduled(2, 900), 1),
        (scheduled(3, 950), 1), (cancelled(3), 5), (cancelled(2), 5), (scheduled(4, 200), 6),
        until=1_000,
    )  # fmt: skip
    assert ledger.record_times == [100, None, None, 200]
    assert [ledger.is_closed(number) for number in range(1, 5)] == [True, False, False, True]
    assert (ledger.cancelled_at(1), ledger.cancelled_at(2)) == (None, 5)
    assert (ledger.scheduled_time(2), ledger.balances_at(4)) == (900, {A: 10})
    for ask in (ledger.record_time, ledger.balances_at, ledger.total_supply_at):
        with pytest.raises(InputError, match='"2" was cancelled; give another one'):
            ask(2)


@pytest.mark.parametrize(
    ("number", "time"),
    [(0, 50), (4, 50), (1, 50), (2, 201), (3, 50)],
    ids=["none", "unknown", "not the last", "closed", "twice"],
)
def test_a_cancellation_that_cannot_have_happened_is_refused(number, time):
    start = [(scheduled(n, n * 100), 1) for n in (1, 2, 3)]
    events = [*start, *([(cancelled(3), 2)] if number in (2, 3) else [])]
    ledger = ledger_of(*events)
    with pytest.raises(BooksError, match=f"record {number} is cancelled at time {time}, and only"):
        ledger.apply(cancelled(number), time)


@pytest.mark.parametrize("record_id", [0, 2, -1])
def test_an_unknown_record_is_refused(record_id):
    ledger = ledger_of((scheduled(1, 100), 1), until=200)
    with pytest.raises(InputError, match="was never scheduled; give 1 to 1"):
        ledger.balances_at(record_id)


def test_the_future_is_refused():
    with pytest.raises(InputError, match="is later than 5"):
        ledger_of(until=5).balances_at_time(6)


# --------------------------------------------------------------------------------------- reading


class Node:
    """A chain of one transfer in each block, whose logs may lack their times."""

    def __init__(self, count, *, tells_times):
        self.count, self.tells_times = count, tells_times
        self.asked = []
        self.topics = []

    def logs(self, addresses, first, last, topics=None):
        self.topics.append(topics)
        topic = keccak(text="Transfer(address,address,uint256)")
        for number in range(self.count):
            topics = (topic, bytes(32), bytes(31) + b"\1")
            time = 1_000 + number if self.tells_times else 0
            yield Log(A, topics, (1).to_bytes(32, "big"), number, "0xb", "0xt", 0, time)

    def blocks(self, numbers):
        self.asked.append(list(numbers))
        return [Block(number, 1_000 + number, "0xb") for number in numbers]


@pytest.mark.parametrize("tells_times", [True, False])
def test_events_are_read_a_page_at_a_time_and_headers_only_where_needed(tells_times, monkeypatch):
    monkeypatch.setattr(chain_events, "PAGE", 4)
    node = Node(10, tells_times=tells_times)
    events = read_events(node, [A], 0, 9)
    assert [time for _, time in events] == list(range(1_000, 1_010))
    pages = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert node.asked == ([[], [], []] if tells_times else pages)


def test_a_log_that_is_no_known_event_is_refused():
    node = Node(1, tells_times=True)
    known = next(node.logs([A], 0, 0))
    node.logs = lambda *_: iter([replace(known, topics=(bytes(32),))])
    with pytest.raises(BooksError, match=f"log 0 of block 0 by {A} is no known event"):
        read_events(node, [A], 0, 0)


def test_a_log_that_only_looks_like_what_was_asked_for_is_passed_over():
    """ERC-721 has a `Transfer` of its own, with a topic more."""
    node = Node(3, tells_times=True)
    first, second, third = node.logs([A], 0, 2)
    node.logs = lambda *_: iter([first, replace(second, topics=(*second.topics, bytes(32))), third])
    topics = topics_of("ShareToken", "Transfer")
    assert [time for _, time in read_events(node, [A], 0, 2, topics)] == [1_000, 1_002]
    assert [event.log for event in find_events(node, [A], 0, 2, topics)] == [first, third]
    with pytest.raises(BooksError, match=f"log 0 of block 1 by {A} is no known event"):
        list(find_events(node, [A], 0, 2))


def test_events_are_found_by_topic_without_asking_when_and_only_the_wanted_are_decoded():
    node = Node(10, tells_times=False)
    topics = topics_of("ShareToken", "Transfer", "RecordScheduled")
    wanted = find_events(node, [A], 0, 9, topics, wanted=lambda log: log.block_number > 6)
    assert [event.log.block_number for event in wanted] == [7, 8, 9]
    assert (node.asked, node.topics) == ([], [[topics]])


# -------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("event", "time", "says"),
    [
        (transfer(A, B, 11), 5, f"takes 11 shares from {A}, who has 10"),
        (transfer(C, B, 1), 5, f"takes 1 shares from {C}, who has 0"),
        (transfer(A, A, 11), 5, f"takes 11 shares from {A}, who has 10"),
        (transfer(ZERO, B, 1), 3, "of time 3 comes after one of 4"),
        (scheduled(3, 500), 5, "record 3 is scheduled where record 2 is next"),
        (scheduled(2, 100), 5, "record 2 closes at 100, no later than the one before it"),
        (ReportedEvent("Rebased"), 5, 'tells of "Rebased", which this ledger does not know'),
        (recovered(A, A), 5, f"{A} takes the place of {A} at time 5, and one of them is lost"),
        (recovered(C, A), 5, f"{A} takes the place of {C} at time 5, and one of them is lost"),
        (recovered(B, C), 5, f"{C} takes the place of {B} at time 5, and one of them is lost"),
    ],
)
def test_events_that_make_no_sense_are_refused_and_change_nothing(event, time, says):
    ledger = ledger_of(
        (transfer(ZERO, A, 10), 1), (scheduled(1, 100), 2), (recovered(C, B), 3), until=4
    )
    with pytest.raises(BooksError, match=says):
        ledger.apply(event, time)
    assert (ledger.balances, ledger.record_count, ledger.until) == ({A: 10}, 1, 4)


# ------------------------------------------------------------------------------------------ law

ACCOUNTS = (ZERO, A, B, C)


@st.composite
def record_ranges(draw):
    """Transfers that a token would allow, in blocks that may share a second, and a moment."""
    balances = dict.fromkeys(ACCOUNTS, 0)
    events, time = [], 0
    for _ in range(draw(st.integers(0, 30))):
        time += draw(st.integers(0, 3))
        giver, receiver = draw(st.sampled_from(ACCOUNTS)), draw(st.sampled_from(ACCOUNTS))
        value = draw(st.integers(0, 50 if giver == ZERO else balances[giver]))
        if giver == receiver == ZERO:
            continue
        balances[giver] -= value
        balances[receiver] += value
        events.append((transfer(giver, receiver, value), time))
    return events


def replay(events, moment):
    """The plain way: start from nothing and apply every transfer that counts."""
    balances: dict[str, int] = {}
    for event, time in events:
        if time <= moment:
            giver, receiver, value = (event.args[key] for key in ("from", "to", "value"))
            balances[giver] = balances.get(giver, 0) - value
            balances[receiver] = balances.get(receiver, 0) + value
    supply = -balances.pop(ZERO, 0)
    return {account: shares for account, shares in balances.items() if shares}, supply


@given(events=record_ranges())
@example(events=[])
def test_every_moment_is_what_a_naive_replay_finds(events):
    """At each second, balances and supply are those of replaying all transfers up to it."""
    last = events[-1][1] if events else 0
    records = [(scheduled(t + 1, t), 0) for t in range(last + 1)]
    ledger = ledger_of(*records, *events, until=last + 1)
    for moment in range(last + 1):
        balances, supply = replay(events, moment)
        assert ledger.balances_at_time(moment) == balances
        assert ledger.balances_at(moment + 1) == balances
        assert ledger.total_supply_at(moment + 1) == supply
        assert all(ledger.balance_at(a, moment + 1) == balances.get(a, 0) for a in (A, B, C))
    assert (ledger.balances, ledger.total_supply) == replay(events, last)

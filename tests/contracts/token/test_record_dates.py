"""Record dates: which second counts, what is remembered, and what it costs to remember."""

from __future__ import annotations

import random

import pytest

from tests.contracts.harness import DAY, Harness, person, refused


def at(harness: Harness, account: str, record: int) -> int:
    """A balance at a record."""
    return int(harness.token.call("balanceOfAt", account, record))


# ------------------------------------------------------------------ scheduling


def test_records_are_numbered_from_one_in_order_of_time(harness):
    """Each has its id, its time and its event."""
    now = harness.kit.now
    for number, closes_at in enumerate((now, now + 1, now + DAY), start=1):
        receipt = harness.token.send("scheduleRecord", closes_at, sender=harness.agent)
        assert receipt.events == (("RecordScheduled", {"recordId": number, "closesAt": closes_at}),)
        assert harness.token.call("recordTime", number) == closes_at
        assert harness.token.call("recordCount") == number


@pytest.mark.attack("B4")
def test_a_record_in_the_past_is_refused(harness):
    """One second ago is too late; the present second is not."""
    now = harness.kit.now
    with refused("ShareToken_RecordInThePast", now - 1, now):
        harness.schedule(now - 1)
    with refused("ShareToken_RecordInThePast", 0, now):
        harness.schedule(0)
    assert harness.schedule(now) == 1


@pytest.mark.attack("B4")
def test_a_record_not_later_than_the_last_is_refused(harness):
    """Neither the same second nor an earlier one, whether the last has closed or not."""
    closes_at = harness.kit.now + DAY
    harness.schedule(closes_at)
    for wrong in (closes_at, closes_at - 1):
        with refused("ShareToken_RecordNotLater", wrong, closes_at):
            harness.schedule(wrong)
    harness.kit.now = closes_at
    with refused("ShareToken_RecordNotLater", closes_at, closes_at):
        harness.schedule(closes_at)
    harness.kit.now = closes_at + 1
    with refused("ShareToken_RecordInThePast", closes_at, closes_at + 1):
        harness.schedule(closes_at)
    assert harness.schedule(closes_at + 1) == 2


@pytest.mark.attack("B4")
@pytest.mark.parametrize("number", [0, 2, 2**32, 2**48, 2**256 - 1])
@pytest.mark.parametrize("closed", [False, True])
def test_an_unknown_record_is_refused(harness, number, closed):
    """Zero and everything past the last id are unknown to every reader at all times."""
    harness.issue({harness.ann: 100})
    harness.schedule()
    if closed:
        harness.kit.now += DAY + 1
        harness.move(harness.ann, harness.ben, 1)
    for call in (("recordTime",), ("balanceOfAt", harness.ann), ("totalSupplyAt",)):
        with refused("ShareToken_UnknownRecord", number, 1):
            harness.token.call(*call, number)


@pytest.mark.attack("B4")
def test_a_token_that_has_never_moved_knows_no_record(harness):
    """A ledger begins with no record ahead, not with one at the beginning of time."""
    for call in (("recordTime",), ("balanceOfAt", harness.ann), ("totalSupplyAt",)):
        with refused("ShareToken_UnknownRecord", 1, 0):
            harness.token.call(*call, 1)


@pytest.mark.attack("B4")
def test_an_open_record_cannot_be_read(harness):
    """Until its second is over nobody can see what it will say, not even in the last one."""
    harness.issue({harness.ann: 100})
    closes_at = harness.kit.now + DAY
    record = harness.schedule(closes_at)
    for now in (harness.kit.now, closes_at - 1, closes_at):
        harness.kit.now = now
        with refused("ShareToken_RecordOpen", record, closes_at, now):
            at(harness, harness.ann, record)
        with refused("ShareToken_RecordOpen", record, closes_at, now):
            harness.token.call("totalSupplyAt", record)
    harness.kit.now = closes_at + 1
    assert at(harness, harness.ann, record) == 100
    assert harness.token.call("totalSupplyAt", record) == 100


@pytest.mark.attack("B4")
def test_a_record_behind_a_closed_one_is_still_open(harness):
    """Only those whose own second is over are readable, touched or untouched."""
    harness.issue({harness.ann: 100})
    first, second = harness.kit.now, harness.kit.now + DAY
    harness.schedule(first)
    harness.schedule(second)
    harness.kit.now = first + 1
    for _ in range(2):
        assert at(harness, harness.ann, 1) == 100
        with refused("ShareToken_RecordOpen", 2, second, first + 1):
            at(harness, harness.ann, 2)
        harness.move(harness.ann, harness.ben, 1)
    assert at(harness, harness.ben, 1) == 0


# --------------------------------------------------------------- which second counts


@pytest.mark.attack("B3")
@pytest.mark.parametrize(
    ("offset", "counts"), [(-DAY, True), (-1, True), (0, True), (1, False), (DAY, False)]
)
def test_a_transfer_counts_up_to_the_end_of_the_records_second(harness, offset, counts):
    """One second before and the very second count, one second after does not."""
    harness.issue({harness.ann: 100, harness.ben: 20})
    closes_at = harness.kit.now + 2 * DAY
    record = harness.schedule(closes_at)
    harness.kit.now = closes_at + offset
    harness.move(harness.ann, harness.ben, 30)
    harness.kit.now = closes_at + 2 * DAY
    assert at(harness, harness.ann, record) == (70 if counts else 100)
    assert at(harness, harness.ben, record) == (50 if counts else 20)
    assert harness.token.call("totalSupplyAt", record) == 120


@pytest.mark.attack("B3")
def test_a_record_at_the_present_second_counts_what_follows_in_it(harness):
    """Scheduled, then moved, in one second: the movement counts."""
    harness.issue({harness.ann: 100})
    record = harness.schedule(harness.kit.now)
    harness.move(harness.ann, harness.ben, 30)
    harness.kit.now += 1
    harness.move(harness.ann, harness.ben, 5)
    assert (at(harness, harness.ann, record), at(harness, harness.ben, record)) == (70, 30)


@pytest.mark.attack("B3")
def test_two_records_between_two_transfers_see_the_same_balance(harness):
    """An account untouched through both has what it had, at both."""
    harness.issue({harness.ann: 100})
    harness.close()
    harness.close()
    harness.move(harness.ann, harness.ben, 30)
    harness.close()
    harness.move(harness.ann, harness.ben, 30)
    assert [at(harness, harness.ann, record) for record in (1, 2, 3)] == [100, 100, 70]
    assert [at(harness, harness.ben, record) for record in (1, 2, 3)] == [0, 0, 30]


@pytest.mark.attack("B3")
def test_records_one_second_apart_are_told_apart(harness):
    """Blocks drift; a transfer belongs to the records whose second is not over."""
    harness.issue({harness.ann: 100})
    now = harness.kit.now
    for second in range(5):
        harness.schedule(now + second)
    for second in range(5):
        harness.kit.now = now + second
        harness.move(harness.ann, harness.ben, 1)
    harness.kit.now = now + 5
    assert [at(harness, harness.ann, record) for record in range(1, 6)] == [99, 98, 97, 96, 95]


@pytest.mark.attack("B1")
def test_in_and_out_within_one_second_earns_nothing(harness):
    """Shares borrowed and given back in the record's own second leave the lender as holder."""
    harness.issue({harness.ann: 100})
    record = harness.schedule(harness.kit.now)
    harness.move(harness.ann, harness.ben, 100)
    with refused("ShareToken_RecordOpen", record, harness.kit.now, harness.kit.now):
        at(harness, harness.ben, record)
    harness.move(harness.ben, harness.ann, 100)
    harness.kit.now += 1
    assert (at(harness, harness.ann, record), at(harness, harness.ben, record)) == (100, 0)


@pytest.mark.attack("B1")
def test_in_and_out_after_the_record_earns_nothing(harness):
    """Shares borrowed once the record can be read were counted for the lender."""
    harness.issue({harness.ann: 100})
    record = harness.close()
    harness.move(harness.ann, harness.ben, 100)
    assert (at(harness, harness.ann, record), at(harness, harness.ben, record)) == (100, 0)
    harness.move(harness.ben, harness.ann, 100)
    assert (at(harness, harness.ann, record), at(harness, harness.ben, record)) == (100, 0)


# ------------------------------------------------------------------- what is remembered


@pytest.mark.attack("A1")
def test_both_sides_are_settled_before_a_balance_moves(harness):
    """Shares that arrive after the record, sent or issued, earn nothing at it; those sent, all."""
    harness.issue({harness.ann: 100, harness.ben: 50})
    record = harness.close()
    harness.move(harness.ann, harness.ben, 60)
    harness.token.send("mint", harness.ann, 7, sender=harness.agent)
    harness.token.send("mint", harness.cid, 7, sender=harness.agent)
    harness.move(harness.cid, harness.dan, 7)
    people = (harness.ann, harness.ben, harness.cid, harness.dan)
    assert [at(harness, who, record) for who in people] == [100, 50, 0, 0]
    harness.token.send("mint", harness.ben, 1, sender=harness.agent)
    later = harness.close()
    harness.token.send("mint", harness.ben, 1, sender=harness.agent)
    assert [at(harness, who, later) for who in people] == [47, 111, 0, 7]
    assert [at(harness, who, record) for who in people] == [100, 50, 0, 0]


@pytest.mark.attack("B2")
def test_issuing_is_remembered_for_account_and_supply(harness):
    """Shares issued after a record did not exist at it, alone or in a batch."""
    harness.issue({harness.ann: 100})
    harness.close()
    harness.token.send("mint", harness.ann, 11, sender=harness.agent)
    harness.close()
    harness.token.send("batchMint", [harness.ann, harness.ben], [22, 33], sender=harness.agent)
    harness.close()
    assert [at(harness, harness.ann, record) for record in (1, 2, 3)] == [100, 111, 133]
    assert [at(harness, harness.ben, record) for record in (1, 2, 3)] == [0, 0, 33]
    supplies = [harness.token.call("totalSupplyAt", record) for record in (1, 2, 3)]
    assert supplies == [100, 111, 166]


@pytest.mark.attack("B2")
def test_burning_is_remembered_for_account_and_supply(harness):
    """Shares burned after a record existed at it."""
    harness.issue({harness.ann: 100, harness.ben: 50})
    harness.close()
    harness.token.send("burn", harness.ann, 100, sender=harness.agent)
    harness.close()
    harness.token.send("burn", harness.ben, 20, sender=harness.agent)
    harness.close()
    assert [at(harness, harness.ann, record) for record in (1, 2, 3)] == [100, 0, 0]
    assert [at(harness, harness.ben, record) for record in (1, 2, 3)] == [50, 50, 30]
    supplies = [harness.token.call("totalSupplyAt", record) for record in (1, 2, 3)]
    assert supplies == [150, 50, 30]


@pytest.mark.attack("B2")
def test_records_that_close_while_nothing_moves_can_be_read(harness):
    """Each from its own second on, though the ledger has counted none of them."""
    harness.issue({harness.ann: 100})
    times = [harness.kit.now + day * DAY for day in range(3)]
    records = [harness.schedule(closes_at) for closes_at in times]
    for closed, now in enumerate((times[0], times[1], times[2], times[2] + 1)):
        harness.kit.now = now
        for record in records[:closed]:
            assert at(harness, harness.ann, record) == 100
            assert harness.token.call("totalSupplyAt", record) == 100
        for record in records[closed:]:
            with refused("ShareToken_RecordOpen", record, times[record - 1], now):
                at(harness, harness.ann, record)


@pytest.mark.attack("B2")
def test_history_is_written_before_the_rules_are_told(kit):
    """Rules that read the record during the first movement after it see the old balance."""
    rules = kit.deploy("MovableRules")
    harness = Harness(kit, rules=rules.address)
    harness.issue({harness.ann: 100})
    record = harness.close()
    token = harness.token
    rules.send(
        "prepare", token.address, kit.codec.call("ShareToken", "balanceOfAt", harness.ann, record)
    )
    harness.move(harness.ann, harness.ben, 30)
    assert rules.call("succeeded") is True
    assert int.from_bytes(rules.call("answer"), "big") == 100
    assert at(harness, harness.ann, record) == 100


def test_an_account_empty_at_a_record_and_filled_later_had_nothing(harness):
    """Whether it was never used, or emptied in the same period, or emptied long before."""
    harness.issue({harness.ann: 100})
    harness.move(harness.ann, harness.ben, 10)
    harness.move(harness.ben, harness.ann, 10)
    harness.close()
    harness.move(harness.ann, harness.ben, 20)
    harness.move(harness.ann, harness.cid, 30)
    harness.close()
    harness.move(harness.ben, harness.ann, 20)
    harness.close()
    harness.close()
    harness.move(harness.ann, harness.ben, 40)
    harness.close()
    assert [at(harness, harness.ben, record) for record in range(1, 6)] == [0, 20, 0, 0, 40]
    assert [at(harness, harness.cid, record) for record in range(1, 6)] == [0, 30, 30, 30, 30]
    assert [at(harness, harness.ann, record) for record in range(1, 6)] == [100, 50, 70, 70, 30]


@pytest.mark.parametrize("length", range(1, 10))
def test_a_history_of_any_length_reads_back_every_record(harness, length):
    """Two balances share a slot; odd or even, the first and the last are found like the others."""
    harness.issue({harness.ann: 1_000})
    expected = []
    for step in range(length):
        expected.append(1_000 - sum(range(1, step + 1)))
        harness.close()
        harness.move(harness.ann, harness.ben, step + 1)
    assert [at(harness, harness.ann, record) for record in range(1, length + 1)] == expected
    assert [at(harness, harness.ben, record) for record in range(1, length + 1)] == [
        1_000 - balance for balance in expected
    ]


def test_only_the_first_movement_after_a_record_is_remembered_as_before_it(harness):
    """Later movements of the same period do not overwrite what the first one stored."""
    harness.issue({harness.ann: 100})
    harness.close()
    for _ in range(3):
        harness.move(harness.ann, harness.ben, 10)
    harness.close()
    assert [at(harness, harness.ann, record) for record in (1, 2)] == [100, 70]
    assert [at(harness, harness.ben, record) for record in (1, 2)] == [0, 30]


@pytest.mark.parametrize("seed", range(4))
def test_a_long_life_reads_back_as_a_plain_ledger_would(harness, seed):
    """Random movements, issues, burns and records of eight accounts against dictionaries."""
    dice = random.Random(seed)
    people = [person(i) for i in range(8)]
    ledger = dict.fromkeys(people, 1_000)
    harness.issue(ledger)
    snapshots: list[dict[str, int]] = []
    for _ in range(120):
        action = dice.choice(["move"] * 6 + ["mint", "burn", "close", "close"])
        giver, receiver = dice.choice(people), dice.choice(people)
        amount = dice.choice([0, dice.randint(0, ledger[giver]), ledger[giver]])
        if action == "close":
            harness.close()
            snapshots.append(dict(ledger))
        elif action == "mint":
            harness.token.send("mint", receiver, amount, sender=harness.agent)
            ledger[receiver] += amount
        else:
            to = receiver if action == "move" else None
            if to:
                harness.move(giver, to, amount)
                ledger[to] += amount
            else:
                harness.token.send("burn", giver, amount, sender=harness.agent)
            ledger[giver] -= amount
    for record, snapshot in enumerate(snapshots, start=1):
        assert {who: at(harness, who, record) for who in people} == snapshot
        assert harness.token.call("totalSupplyAt", record) == sum(snapshot.values())
    assert {who: harness.token.call("balanceOf", who) for who in people} == ledger


@pytest.mark.attack("B3")
def test_hundreds_of_records_untouched_do_not_make_a_transfer_dear(harness):
    """After 500 records the first transfer stays under 120,000 gas and every record reads right."""
    harness.issue({harness.ann: 100, harness.ben: 50})
    now = harness.kit.now
    for number in range(500):
        harness.schedule(now + number)
    harness.kit.now = now + 10_000
    receipt = harness.move(harness.ann, harness.ben, 30)
    assert receipt.gas < 120_000
    for record in (1, 2, 250, 499, 500):
        assert (at(harness, harness.ann, record), at(harness, harness.ben, record)) == (100, 50)
    assert harness.move(harness.ann, harness.ben, 30).gas < 60_000


def test_records_that_close_one_after_another_while_one_waits_are_counted_in_turn(harness):
    """With several ahead, each movement counts exactly those that have closed by then."""
    harness.issue({harness.ann: 100})
    now = harness.kit.now
    for day in range(1, 6):
        harness.schedule(now + day * DAY)
    for day in (2, 3, 6):
        harness.kit.now = now + day * DAY
        harness.move(harness.ann, harness.ben, 10)
    harness.kit.now += 1
    assert [at(harness, harness.ann, record) for record in range(1, 6)] == [100, 90, 80, 80, 80]


def test_a_record_can_be_scheduled_after_others_have_closed_uncounted(harness):
    """Scheduling counts what closed since, so that no later movement slips under an old record."""
    harness.issue({harness.ann: 100})
    harness.schedule(harness.kit.now)
    harness.kit.now += DAY
    harness.schedule(harness.kit.now + DAY)
    harness.move(harness.ann, harness.ben, 10)
    harness.kit.now += DAY + 1
    harness.move(harness.ann, harness.ben, 10)
    assert [at(harness, harness.ann, record) for record in (1, 2)] == [100, 90]


# ------------------------------------------------------------ the horizon, and cancelling

HORIZON = 400 * DAY


def cancel(harness, first: int, sender: str | None = None) -> list[int]:
    """Cancel records; which were."""
    receipt = harness.token.send("cancelRecords", first, sender=sender or harness.owner)
    assert {name for name, _ in receipt.events} <= {"RecordCancelled"}
    return [args["recordId"] for args in receipt.named("RecordCancelled")]


@pytest.mark.attack("K1")
def test_a_record_cannot_be_scheduled_beyond_the_horizon(harness):
    """Milliseconds for seconds are refused; the last second is 400 days ahead (Law 27)."""
    limit = harness.kit.now + HORIZON
    for closes_at in (limit + 1, harness.kit.now * 1_000, 2**48 - 1):
        with refused("ShareToken_RecordTooFar", closes_at, limit):
            harness.schedule(closes_at)
    assert harness.schedule(limit) == 1
    assert harness.token.call("recordTime", 1) == limit


@pytest.mark.attack("K1")
def test_the_owner_undoes_records_that_stand_in_the_way(harness):
    """A hostile agent's record bars all earlier ones until the owner cancels it; then the asset
    pays on, under ids that are new (Law 27)."""
    harness.issue({harness.ann: 100})
    far = harness.kit.now + HORIZON
    assert harness.schedule(far) == 1
    with refused("ShareToken_RecordNotLater", harness.kit.now, far):
        harness.schedule(harness.kit.now)
    assert cancel(harness, 1) == [1]
    record = harness.close()
    assert (record, harness.token.call("recordCount")) == (2, 2)
    harness.move(harness.ann, harness.ben, 30)
    assert [at(harness, who, 2) for who in (harness.ann, harness.ben)] == [100, 0]
    assert harness.declare(2, 1_000) == 1


def test_a_cancelled_record_never_closes(harness):
    """Neither its time nor a balance can be read, before its time or after (Law 7)."""
    harness.issue({harness.ann: 100})
    closes_at = harness.kit.now + DAY
    harness.schedule(closes_at)
    harness.schedule(closes_at + 1)
    cancel(harness, 2)
    for now in (harness.kit.now, closes_at + 2):
        harness.kit.now = now
        for call in (("recordTime",), ("balanceOfAt", harness.ann), ("totalSupplyAt",)):
            with refused("ShareToken_RecordCancelled", 2):
                harness.token.call(*call, 2)
        harness.move(harness.ann, harness.ben, 1)
    assert at(harness, harness.ann, 1) == 99
    answers = [
        harness.token.call("isRecordCancelled", record) for record in (0, 1, 2, 3, 2**256 - 1)
    ]
    assert answers == [False, False, True, False, False]


def test_records_are_cancelled_from_one_on(harness):
    """Those that were cancelled before are not told of again."""
    for ahead in range(1, 8):
        harness.schedule(harness.kit.now + ahead)
    assert cancel(harness, 6) == [7, 6]
    assert cancel(harness, 4) == [5, 4]
    harness.schedule(harness.kit.now + 4)
    harness.schedule(harness.kit.now + 5)
    assert cancel(harness, 3) == [9, 8, 3]
    with refused("ShareToken_RecordNotLater", harness.kit.now + 2, harness.kit.now + 2):
        harness.schedule(harness.kit.now + 2)
    assert harness.schedule(harness.kit.now + 3) == 10


def test_who_may_cancel_what(harness):
    """The owner alone; what is open, not what has closed, is unknown or was cancelled."""
    closes_at = harness.kit.now
    harness.schedule(closes_at)
    harness.schedule(closes_at + 2)
    with refused("OwnableUnauthorizedAccount", harness.agent):
        cancel(harness, 2, sender=harness.agent)
    for number in (0, 3, 2**256 - 1):
        with refused("ShareToken_UnknownRecord", number, 2):
            cancel(harness, number)
    harness.kit.now += 1
    with refused("ShareToken_RecordClosed", 1, closes_at, closes_at + 1):
        cancel(harness, 1)
    assert cancel(harness, 2) == [2]
    with refused("ShareToken_RecordCancelled", 2):
        cancel(harness, 2)


@pytest.mark.parametrize("counted", [True, False])
def test_cancelling_behind_a_record_that_has_closed_keeps_it(harness, counted):
    """Whether a movement has counted it or not, the next movement belongs after it (Law 5)."""
    harness.issue({harness.ann: 100})
    harness.schedule(harness.kit.now)
    harness.schedule(harness.kit.now + 5)
    harness.kit.now += 1
    if counted:
        harness.move(harness.ann, harness.ben, 10)
    cancel(harness, 2)
    harness.move(harness.ann, harness.ben, 10)
    assert (at(harness, harness.ann, 1), at(harness, harness.ben, 1)) == (100, 0)


@pytest.mark.parametrize("first", [1, 2])
def test_a_record_can_be_cancelled_in_its_own_second(harness, first):
    """It is open until that is over; the one before stays if it is not cancelled."""
    harness.issue({harness.ann: 100})
    harness.schedule(harness.kit.now + 4)
    harness.schedule(harness.kit.now + 5)
    harness.kit.now += 3 + first
    harness.move(harness.ann, harness.ben, 10)
    cancel(harness, first)
    harness.kit.now += 1
    harness.move(harness.ann, harness.ben, 10)
    if first == 2:
        assert at(harness, harness.ann, 1) == 100
    third = harness.close()
    harness.move(harness.ann, harness.ben, 10)
    assert (third, at(harness, harness.ann, 3)) == (3, 80)


def test_cancelling_costs_holders_nothing(harness):
    """No record has closed, so the next movement stores nothing, and neither does the one after the
    next record is scheduled."""
    harness.issue({harness.ann: 100, harness.ben: 100})
    usual = harness.move(harness.ann, harness.ben, 1).gas
    harness.schedule(harness.kit.now + DAY)
    cancel(harness, 1)
    assert harness.move(harness.ann, harness.ben, 1).gas == usual
    harness.schedule(harness.kit.now + DAY)
    assert harness.move(harness.ann, harness.ben, 1).gas == usual


def test_any_number_of_records_can_be_cancelled_in_pages(harness):
    """From the end: what an earlier page has cancelled costs a later one a step, and no more."""
    now = harness.kit.now
    for ahead in range(600):
        harness.schedule(now + ahead)
    page = harness.token.send("cancelRecords", 501, sender=harness.owner)
    assert page.gas < 100 * 2_500
    later = harness.token.send("cancelRecords", 401, sender=harness.owner)
    assert later.gas < page.gas + 5_000
    assert len(cancel(harness, 2)) == 399
    harness.kit.now += 601
    assert harness.close() == 601
    assert at(harness, harness.ann, 601) == 0


@pytest.mark.parametrize("seed", range(4))
def test_any_mixture_of_scheduling_and_cancelling_reads_back(harness, seed):
    """Random movements, records and cancellations against dictionaries (Law 5)."""
    dice = random.Random(seed)
    held = {harness.ann: 1_000, harness.ben: 1_000}
    harness.issue(held)
    times: list[int] = []
    closed: dict[int, dict[str, int]] = {}
    gone: set[int] = set()
    for _ in range(80):
        still = [n for n in range(1, len(times) + 1) if n not in gone and n not in closed]
        action = dice.choice(["move", "move", "schedule", "schedule", "cancel", "wait"])
        if action == "move":
            giver, taker = dice.sample(list(held), 2)
            harness.move(giver, taker, 1)
            held[giver] -= 1
            held[taker] += 1
        elif action == "schedule":
            standing = [time for n, time in enumerate(times, 1) if n not in gone]
            times.append(max([harness.kit.now - 1, *standing]) + dice.randint(1, 3))
            harness.schedule(times[-1])
        elif action == "cancel" and still:
            first = dice.choice(still)
            assert cancel(harness, first) == [n for n in reversed(still) if n >= first]
            gone |= {n for n in still if n >= first}
        else:
            harness.kit.now += dice.randint(1, 3)
            closed |= {n: dict(held) for n in still if times[n - 1] < harness.kit.now}
    for record in range(1, len(times) + 1):
        if record in closed:
            assert {who: at(harness, who, record) for who in held} == closed[record]
        else:
            reason = ("RecordCancelled", record)
            if record not in gone:
                reason = ("RecordOpen", record, times[record - 1], harness.kit.now)
            with refused(f"ShareToken_{reason[0]}", *reason[1:]):
                harness.token.call("totalSupplyAt", record)

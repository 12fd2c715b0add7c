"""Record dates: which second counts, what is remembered, and what it costs to remember."""

from __future__ import annotations

import random

import pytest

from tests.contracts.stage import DAY, Stage, person, refused

NEVER = 2**48 - 1


def at(stage: Stage, account: str, record: int) -> int:
    """A balance at a record."""
    return int(stage.token.call("balanceOfAt", account, record))


# ------------------------------------------------------------------ scheduling


def test_records_are_numbered_from_one_in_order_of_time(stage):
    """Each has its id, its time and its event."""
    now = stage.kit.now
    for number, closes_at in enumerate((now, now + 1, now + DAY), start=1):
        receipt = stage.token.send("scheduleRecord", closes_at, sender=stage.agent)
        assert receipt.events == (("RecordScheduled", {"recordId": number, "closesAt": closes_at}),)
        assert stage.token.call("recordTime", number) == closes_at
        assert stage.token.call("recordCount") == number


def test_B4_a_record_in_the_past_is_refused(stage):
    """One second ago is too late; the present second is not."""
    now = stage.kit.now
    with refused("ShareToken_RecordInThePast", now - 1, now):
        stage.schedule(now - 1)
    with refused("ShareToken_RecordInThePast", 0, now):
        stage.schedule(0)
    assert stage.schedule(now) == 1


def test_B4_a_record_not_later_than_the_last_is_refused(stage):
    """Neither the same second nor an earlier one, whether the last has closed or not."""
    closes_at = stage.kit.now + DAY
    stage.schedule(closes_at)
    for wrong in (closes_at, closes_at - 1):
        with refused("ShareToken_RecordNotLater", wrong, closes_at):
            stage.schedule(wrong)
    stage.kit.now = closes_at
    with refused("ShareToken_RecordNotLater", closes_at, closes_at):
        stage.schedule(closes_at)
    stage.kit.now = closes_at + 1
    with refused("ShareToken_RecordInThePast", closes_at, closes_at + 1):
        stage.schedule(closes_at)
    assert stage.schedule(closes_at + 1) == 2


def test_a_record_at_the_time_that_means_never_is_refused(stage):
    """The last second before it is possible, and then no other record is."""
    with refused("ShareToken_RecordTooLate", NEVER, NEVER - 1):
        stage.schedule(NEVER)
    assert stage.schedule(NEVER - 1) == 1
    with refused("ShareToken_RecordNotLater", NEVER - 1, NEVER - 1):
        stage.schedule(NEVER - 1)


@pytest.mark.parametrize("number", [0, 2, 2**32, 2**48, 2**256 - 1])
@pytest.mark.parametrize("closed", [False, True])
def test_B4_an_unknown_record_is_refused(stage, number, closed):
    """Zero and everything past the last id are unknown to every reader at all times."""
    stage.issue({stage.ann: 100})
    stage.schedule()
    if closed:
        stage.kit.now += DAY + 1
        stage.move(stage.ann, stage.ben, 1)
    for call in (("recordTime",), ("balanceOfAt", stage.ann), ("totalSupplyAt",)):
        with refused("ShareToken_UnknownRecord", number, 1):
            stage.token.call(*call, number)


def test_B4_a_token_that_has_never_moved_knows_no_record(stage):
    """A ledger begins with no record ahead, not with one at the beginning of time."""
    for call in (("recordTime",), ("balanceOfAt", stage.ann), ("totalSupplyAt",)):
        with refused("ShareToken_UnknownRecord", 1, 0):
            stage.token.call(*call, 1)


def test_B4_an_open_record_cannot_be_read(stage):
    """Until its second is over nobody can see what it will say, not even in the last one."""
    stage.issue({stage.ann: 100})
    closes_at = stage.kit.now + DAY
    record = stage.schedule(closes_at)
    for now in (stage.kit.now, closes_at - 1, closes_at):
        stage.kit.now = now
        with refused("ShareToken_RecordOpen", record, closes_at, now):
            at(stage, stage.ann, record)
        with refused("ShareToken_RecordOpen", record, closes_at, now):
            stage.token.call("totalSupplyAt", record)
    stage.kit.now = closes_at + 1
    assert at(stage, stage.ann, record) == 100
    assert stage.token.call("totalSupplyAt", record) == 100


def test_B4_a_record_behind_a_closed_one_is_still_open(stage):
    """Only those whose own second is over are readable, touched or untouched."""
    stage.issue({stage.ann: 100})
    first, second = stage.kit.now, stage.kit.now + DAY
    stage.schedule(first)
    stage.schedule(second)
    stage.kit.now = first + 1
    for _ in range(2):
        assert at(stage, stage.ann, 1) == 100
        with refused("ShareToken_RecordOpen", 2, second, first + 1):
            at(stage, stage.ann, 2)
        stage.move(stage.ann, stage.ben, 1)
    assert at(stage, stage.ben, 1) == 0


# --------------------------------------------------------------- which second counts


@pytest.mark.parametrize(
    ("offset", "counts"), [(-DAY, True), (-1, True), (0, True), (1, False), (DAY, False)]
)
def test_B3_a_transfer_counts_up_to_the_end_of_the_records_second(stage, offset, counts):
    """One second before and the very second count, one second after does not."""
    stage.issue({stage.ann: 100, stage.ben: 20})
    closes_at = stage.kit.now + 2 * DAY
    record = stage.schedule(closes_at)
    stage.kit.now = closes_at + offset
    stage.move(stage.ann, stage.ben, 30)
    stage.kit.now = closes_at + 2 * DAY
    assert at(stage, stage.ann, record) == (70 if counts else 100)
    assert at(stage, stage.ben, record) == (50 if counts else 20)
    assert stage.token.call("totalSupplyAt", record) == 120


def test_B3_a_record_at_the_present_second_counts_what_follows_in_it(stage):
    """Scheduled, then moved, in one second: the movement counts."""
    stage.issue({stage.ann: 100})
    record = stage.schedule(stage.kit.now)
    stage.move(stage.ann, stage.ben, 30)
    stage.kit.now += 1
    stage.move(stage.ann, stage.ben, 5)
    assert (at(stage, stage.ann, record), at(stage, stage.ben, record)) == (70, 30)


def test_B3_two_records_between_two_transfers_see_the_same_balance(stage):
    """An account untouched through both has what it had, at both."""
    stage.issue({stage.ann: 100})
    stage.close()
    stage.close()
    stage.move(stage.ann, stage.ben, 30)
    stage.close()
    stage.move(stage.ann, stage.ben, 30)
    assert [at(stage, stage.ann, record) for record in (1, 2, 3)] == [100, 100, 70]
    assert [at(stage, stage.ben, record) for record in (1, 2, 3)] == [0, 0, 30]


def test_B3_records_one_second_apart_are_told_apart(stage):
    """Blocks drift; a transfer belongs to the records whose second is not over."""
    stage.issue({stage.ann: 100})
    now = stage.kit.now
    for second in range(5):
        stage.schedule(now + second)
    for second in range(5):
        stage.kit.now = now + second
        stage.move(stage.ann, stage.ben, 1)
    stage.kit.now = now + 5
    assert [at(stage, stage.ann, record) for record in range(1, 6)] == [99, 98, 97, 96, 95]


def test_B1_in_and_out_within_one_second_earns_nothing(stage):
    """Shares borrowed and given back in the record's own second leave the lender as holder."""
    stage.issue({stage.ann: 100})
    record = stage.schedule(stage.kit.now)
    stage.move(stage.ann, stage.ben, 100)
    with refused("ShareToken_RecordOpen", record, stage.kit.now, stage.kit.now):
        at(stage, stage.ben, record)
    stage.move(stage.ben, stage.ann, 100)
    stage.kit.now += 1
    assert (at(stage, stage.ann, record), at(stage, stage.ben, record)) == (100, 0)


def test_B1_in_and_out_after_the_record_earns_nothing(stage):
    """Shares borrowed once the record can be read were counted for the lender."""
    stage.issue({stage.ann: 100})
    record = stage.close()
    stage.move(stage.ann, stage.ben, 100)
    assert (at(stage, stage.ann, record), at(stage, stage.ben, record)) == (100, 0)
    stage.move(stage.ben, stage.ann, 100)
    assert (at(stage, stage.ann, record), at(stage, stage.ben, record)) == (100, 0)


# ------------------------------------------------------------------- what is remembered


def test_A1_both_sides_are_settled_before_a_balance_moves(stage):
    """Shares that arrive after the record, sent or issued, earn nothing at it; those sent, all."""
    stage.issue({stage.ann: 100, stage.ben: 50})
    record = stage.close()
    stage.move(stage.ann, stage.ben, 60)
    stage.token.send("mint", stage.ann, 7, sender=stage.agent)
    stage.token.send("mint", stage.cid, 7, sender=stage.agent)
    stage.move(stage.cid, stage.dan, 7)
    people = (stage.ann, stage.ben, stage.cid, stage.dan)
    assert [at(stage, who, record) for who in people] == [100, 50, 0, 0]
    stage.token.send("mint", stage.ben, 1, sender=stage.agent)
    later = stage.close()
    stage.token.send("mint", stage.ben, 1, sender=stage.agent)
    assert [at(stage, who, later) for who in people] == [47, 111, 0, 7]
    assert [at(stage, who, record) for who in people] == [100, 50, 0, 0]


def test_B2_issuing_is_remembered_for_account_and_supply(stage):
    """Shares issued after a record did not exist at it, alone or in a batch."""
    stage.issue({stage.ann: 100})
    stage.close()
    stage.token.send("mint", stage.ann, 11, sender=stage.agent)
    stage.close()
    stage.token.send("batchMint", [stage.ann, stage.ben], [22, 33], sender=stage.agent)
    stage.close()
    assert [at(stage, stage.ann, record) for record in (1, 2, 3)] == [100, 111, 133]
    assert [at(stage, stage.ben, record) for record in (1, 2, 3)] == [0, 0, 33]
    supplies = [stage.token.call("totalSupplyAt", record) for record in (1, 2, 3)]
    assert supplies == [100, 111, 166]


def test_B2_burning_is_remembered_for_account_and_supply(stage):
    """Shares burned after a record existed at it."""
    stage.issue({stage.ann: 100, stage.ben: 50})
    stage.close()
    stage.token.send("burn", stage.ann, 100, sender=stage.agent)
    stage.close()
    stage.token.send("burn", stage.ben, 20, sender=stage.agent)
    stage.close()
    assert [at(stage, stage.ann, record) for record in (1, 2, 3)] == [100, 0, 0]
    assert [at(stage, stage.ben, record) for record in (1, 2, 3)] == [50, 50, 30]
    supplies = [stage.token.call("totalSupplyAt", record) for record in (1, 2, 3)]
    assert supplies == [150, 50, 30]


def test_B2_records_that_close_while_nothing_moves_can_be_read(stage):
    """Each from its own second on, though the ledger has counted none of them."""
    stage.issue({stage.ann: 100})
    times = [stage.kit.now + day * DAY for day in range(3)]
    records = [stage.schedule(closes_at) for closes_at in times]
    for closed, now in enumerate((times[0], times[1], times[2], times[2] + 1)):
        stage.kit.now = now
        for record in records[:closed]:
            assert at(stage, stage.ann, record) == 100
            assert stage.token.call("totalSupplyAt", record) == 100
        for record in records[closed:]:
            with refused("ShareToken_RecordOpen", record, times[record - 1], now):
                at(stage, stage.ann, record)


def test_B2_history_is_written_before_the_rules_are_told(kit):
    """Rules that read the record during the first movement after it see the old balance."""
    rules = kit.deploy("MovableRules")
    stage = Stage(kit, rules=rules.address)
    stage.issue({stage.ann: 100})
    record = stage.close()
    token = stage.token
    rules.send(
        "prepare", token.address, kit.codec.call("ShareToken", "balanceOfAt", stage.ann, record)
    )
    stage.move(stage.ann, stage.ben, 30)
    assert rules.call("succeeded") is True
    assert int.from_bytes(rules.call("answer"), "big") == 100
    assert at(stage, stage.ann, record) == 100


def test_an_account_empty_at_a_record_and_filled_later_had_nothing(stage):
    """Whether it was never used, or emptied in the same period, or emptied long before."""
    stage.issue({stage.ann: 100})
    stage.move(stage.ann, stage.ben, 10)
    stage.move(stage.ben, stage.ann, 10)
    stage.close()
    stage.move(stage.ann, stage.ben, 20)
    stage.move(stage.ann, stage.cid, 30)
    stage.close()
    stage.move(stage.ben, stage.ann, 20)
    stage.close()
    stage.close()
    stage.move(stage.ann, stage.ben, 40)
    stage.close()
    assert [at(stage, stage.ben, record) for record in range(1, 6)] == [0, 20, 0, 0, 40]
    assert [at(stage, stage.cid, record) for record in range(1, 6)] == [0, 30, 30, 30, 30]
    assert [at(stage, stage.ann, record) for record in range(1, 6)] == [100, 50, 70, 70, 30]


@pytest.mark.parametrize("length", range(1, 10))
def test_a_history_of_any_length_reads_back_every_record(stage, length):
    """Two balances share a slot; odd or even, the first and the last are found like the others."""
    stage.issue({stage.ann: 1_000})
    expected = []
    for step in range(length):
        expected.append(1_000 - sum(range(1, step + 1)))
        stage.close()
        stage.move(stage.ann, stage.ben, step + 1)
    assert [at(stage, stage.ann, record) for record in range(1, length + 1)] == expected
    assert [at(stage, stage.ben, record) for record in range(1, length + 1)] == [
        1_000 - balance for balance in expected
    ]


def test_only_the_first_movement_after_a_record_is_remembered_as_before_it(stage):
    """Later movements of the same period do not overwrite what the first one stored."""
    stage.issue({stage.ann: 100})
    stage.close()
    for _ in range(3):
        stage.move(stage.ann, stage.ben, 10)
    stage.close()
    assert [at(stage, stage.ann, record) for record in (1, 2)] == [100, 70]
    assert [at(stage, stage.ben, record) for record in (1, 2)] == [0, 30]


@pytest.mark.parametrize("seed", range(4))
def test_a_long_life_reads_back_as_a_plain_ledger_would(stage, seed):
    """Random movements, issues, burns and records of eight accounts against dictionaries."""
    dice = random.Random(seed)
    people = [person(i) for i in range(8)]
    ledger = dict.fromkeys(people, 1_000)
    stage.issue(ledger)
    snapshots: list[dict[str, int]] = []
    for _ in range(120):
        action = dice.choice(["move"] * 6 + ["mint", "burn", "close", "close"])
        giver, receiver = dice.choice(people), dice.choice(people)
        amount = dice.choice([0, dice.randint(0, ledger[giver]), ledger[giver]])
        if action == "close":
            stage.close()
            snapshots.append(dict(ledger))
        elif action == "mint":
            stage.token.send("mint", receiver, amount, sender=stage.agent)
            ledger[receiver] += amount
        else:
            to = receiver if action == "move" else None
            if to:
                stage.move(giver, to, amount)
                ledger[to] += amount
            else:
                stage.token.send("burn", giver, amount, sender=stage.agent)
            ledger[giver] -= amount
    for record, snapshot in enumerate(snapshots, start=1):
        assert {who: at(stage, who, record) for who in people} == snapshot
        assert stage.token.call("totalSupplyAt", record) == sum(snapshot.values())
    assert {who: stage.token.call("balanceOf", who) for who in people} == ledger


def test_B3_hundreds_of_records_untouched_do_not_make_a_transfer_dear(stage):
    """After 500 records the first transfer stays under 120,000 gas and every record reads right."""
    stage.issue({stage.ann: 100, stage.ben: 50})
    now = stage.kit.now
    for number in range(500):
        stage.schedule(now + number)
    stage.kit.now = now + 10_000
    receipt = stage.move(stage.ann, stage.ben, 30)
    assert receipt.gas < 120_000
    for record in (1, 2, 250, 499, 500):
        assert (at(stage, stage.ann, record), at(stage, stage.ben, record)) == (100, 50)
    assert stage.move(stage.ann, stage.ben, 30).gas < 60_000


def test_records_that_close_one_after_another_while_one_waits_are_counted_in_turn(stage):
    """With several ahead, each movement counts exactly those that have closed by then."""
    stage.issue({stage.ann: 100})
    now = stage.kit.now
    for day in range(1, 6):
        stage.schedule(now + day * DAY)
    for day in (2, 3, 6):
        stage.kit.now = now + day * DAY
        stage.move(stage.ann, stage.ben, 10)
    stage.kit.now += 1
    assert [at(stage, stage.ann, record) for record in range(1, 6)] == [100, 90, 80, 80, 80]


def test_a_record_can_be_scheduled_after_others_have_closed_uncounted(stage):
    """Scheduling counts what closed since, so that no later movement slips under an old record."""
    stage.issue({stage.ann: 100})
    stage.schedule(stage.kit.now)
    stage.kit.now += DAY
    stage.schedule(stage.kit.now + DAY)
    stage.move(stage.ann, stage.ben, 10)
    stage.kit.now += DAY + 1
    stage.move(stage.ann, stage.ben, 10)
    assert [at(stage, stage.ann, record) for record in (1, 2)] == [100, 90]

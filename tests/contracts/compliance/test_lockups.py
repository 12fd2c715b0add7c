"""Lots that may not be sold yet: by day, first in and first out, through forces and recoveries."""

from __future__ import annotations

import pytest

from tests.chainkit import GAS_CAP
from tests.contracts.compliant import FOREVER, Compliant, investor, rules_refused
from tests.contracts.harness import DAY, person, refused
from tests.model.lockups import (
    LONGEST,
    MOST,
    MOST_UNDER_ONE,
    lengths_of_all_lots,
    release,
)
from tests.model.register import Code

LOCK = 30 * DAY


@pytest.fixture
def locking(kit) -> Compliant:
    """What is acquired cannot be sold for thirty days."""
    return Compliant(kit, lockUp=LOCK)


def locked(harness: Compliant, wallet: str) -> tuple[int, int]:
    """Shares that are locked, and when the next are released."""
    amount, release = harness.lots.call("locked", harness.token.address, wallet)
    return amount, release


def lots(harness: Compliant, wallet: str) -> list[tuple[int, int]]:
    """Every lot: shares, and when they are free."""
    return list(harness.lots.call("lotsOf", harness.token.address, wallet))


def together(*wallets: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The lots of several wallets, put together by hand."""
    dates = sorted({released for of_one in wallets for _, released in of_one})
    return [
        (sum(amount for of_one in wallets for amount, at in of_one if at == date), date)
        for date in dates
    ]


def released_at(moment: int, lock: int = LOCK) -> int:
    """When shares acquired at a moment are free: after the lock-up that follows their day."""
    return (moment // DAY + 1) * DAY + lock


def test_shares_of_one_day_are_one_lot(locking):
    """However many movements brought them, whatever the hour."""
    harness, ann = locking, locking.ann
    midnight = (harness.kit.now // DAY + 1) * DAY
    for harness.kit.now in (midnight, midnight + 1, midnight + DAY - 1):
        harness.issue({ann: 10})
    assert locked(harness, ann) == (30, released_at(midnight))
    harness.kit.now = midnight + DAY
    harness.issue({ann: 5})
    assert locked(harness, ann) == (35, released_at(midnight))


@pytest.mark.parametrize("days", [1, 30, 92, 93, 365, 10_000])
def test_when_shares_will_be_free_can_be_asked_before_they_are_acquired(locking, days):
    """The same date as that of the lot, by the day of the acquisition alone (Law 33)."""
    moment = locking.kit.now
    assert locking.lots.call("releaseOf", moment, days * DAY) == release(moment, days * DAY)
    last = (moment // DAY + 1) * DAY - 1
    assert locking.lots.call("releaseOf", last, days * DAY) == release(moment, days * DAY)


def test_lots_are_released_one_after_the_other(locking):
    """The oldest first, in its second and not before."""
    harness, ann, ben = locking, locking.ann, locking.ben
    start = harness.kit.now
    for day in range(3):
        harness.kit.now = start + day * DAY
        harness.issue({ann: 10})
    for day in range(3):
        harness.kit.now = released_at(start) + day * DAY - 1
        with rules_refused(Code.LOCKED_UP, 1, 0):
            harness.move(ann, ben, 1)
        harness.kit.now += 1
        assert harness.explained(ann, ben, 1) == ([], 10)
        with (
            rules_refused(Code.LOCKED_UP, 11, 10)
            if day < 2
            else refused("ERC20InsufficientBalance", ann, 10, 11)
        ):
            harness.move(ann, ben, 11)
        harness.move(ann, ben, 10)
    assert locked(harness, ann) == (0, 0)


def test_who_buys_is_locked_and_who_sells_frees_nothing(locking):
    """A sale takes free shares; what was locked stays locked."""
    harness, ann, ben = locking, locking.ann, locking.ben
    harness.issue({ann: 10})
    harness.kit.now = released_at(harness.kit.now)
    harness.issue({ann: 7})
    harness.move(ann, ben, 10)
    assert locked(harness, ann) == (7, released_at(harness.kit.now))
    assert locked(harness, ben) == (10, released_at(harness.kit.now))
    with rules_refused(Code.LOCKED_UP, 1, 0):
        harness.move(ben, ann, 1)


def test_sending_to_oneself_starts_no_lock_up(locking):
    """Nor does a transfer of nothing."""
    harness, ann = locking, locking.ann
    harness.issue({ann: 10})
    harness.kit.now = released_at(harness.kit.now)
    harness.move(ann, ann, 10)
    harness.force(ann, ann, 10)
    harness.move(ann, harness.ben, 0)
    assert locked(harness, ann) == locked(harness, harness.ben) == (0, 0)


def test_a_force_or_a_burn_takes_free_shares_first_and_then_the_oldest_lots(locking):
    """What is left is never more locked than it can be."""
    harness, ann = locking, locking.ann
    start = harness.kit.now
    harness.issue({ann: 10})
    harness.kit.now = released_at(start)
    harness.issue({ann: 10})
    second = released_at(harness.kit.now)
    harness.kit.now += DAY
    harness.issue({ann: 10})
    harness.burn(ann, 9)
    assert locked(harness, ann) == (20, second)
    harness.burn(ann, 5)
    assert locked(harness, ann) == (16, second)
    harness.force(ann, harness.ben, 7)
    assert locked(harness, ann) == (9, second + DAY)
    assert locked(harness, harness.ben) == (7, second + DAY)
    harness.burn(ann, 9)
    assert locked(harness, ann) == (0, 0)


@pytest.mark.attack("C3")
def test_a_recovery_moves_the_lots_and_keeps_their_order(locking):
    """Lots of both wallets are interleaved by time; those of one day count together."""
    harness, ann, new = locking, locking.ann, person(1)
    harness.know({new: investor(1)})
    start = harness.kit.now
    for day in range(6):
        harness.kit.now = start + day * DAY
        if day != 4:
            harness.issue({(ann, new)[day % 2]: 1 << day})
        if day == 3:
            harness.issue({ann: 100})
    harness.recover(ann, new)
    assert locked(harness, ann) == (0, 0)
    amounts = [1, 2, 4, 108, 32]
    days = [0, 1, 2, 3, 5]
    for gone in range(5):
        assert locked(harness, new) == (sum(amounts[gone:]), released_at(start) + days[gone] * DAY)
        harness.kit.now = released_at(start) + days[gone] * DAY
        harness.move(new, harness.ben, amounts[gone])
    assert locked(harness, new) == (0, 0)


@pytest.mark.attack("C3")
def test_lots_that_were_released_before_a_recovery_stay_free(locking):
    """On either side."""
    harness, ann, new = locking, locking.ann, person(1)
    harness.know({new: investor(1)})
    harness.issue({ann: 10, new: 20})
    harness.kit.now = released_at(harness.kit.now)
    harness.issue({ann: 1})
    harness.recover(ann, new)
    assert locked(harness, new) == (1, released_at(harness.kit.now))
    harness.move(new, harness.ben, 30)


@pytest.mark.attack("H", "K2")
def test_a_share_a_day_for_two_years_makes_93_lots_at_most(kit):
    """What anybody eligible can do to a wallet under a lock-up of two years, and to the one that is
    to take its place: the recovery, the sale and the next acquisition stay cheap (Law 33)."""
    lock = 730 * DAY
    harness = Compliant(kit, lockUp=lock)
    ann, ben, new = harness.ann, harness.ben, person(1)
    harness.know({new: investor(1)})
    harness.issue({ann: 1_000})
    start = harness.kit.now
    for day in range(1, 730):
        harness.kit.now = start + day * DAY
        harness.issue({(ann, new)[day % 2]: 1})
        assert len(lots(harness, ann)) <= MOST_UNDER_ONE
    harness.kit.now = release(start, lock)
    free = 1_000 + sum(release(start + day * DAY, lock) <= kit.now for day in range(2, 730, 2))
    assert harness.explained(ann, ben, 1_000) == ([], free)
    assert harness.move(ann, ben, 1_000).gas < 300_000
    assert harness.token.send("mint", ann, 1, sender=harness.agent).gas < 300_000
    before = lots(harness, ann), lots(harness, new)
    assert harness.recover(ann, new).gas < 3_000_000
    assert len(lots(harness, new)) <= MOST_UNDER_ONE
    assert lots(harness, new) == together(*before)


@pytest.mark.attack("H", "K2")
def test_rules_after_rules_make_496_lots_at_most(kit):
    """As many lock-ups as it takes, each put in force for one acquisition, for a wallet and for the
    one that takes its place: it can still be recovered, and sell (Law 33)."""
    kit.now = (kit.now // (512 * DAY) + 1) * 512 * DAY
    harness, new = Compliant(kit), person(1)
    harness.know({new: investor(1)})
    harness.issue({harness.ann: 1_000})
    for length in lengths_of_all_lots():
        rules = harness.make_rules(lockUp=length * DAY or 1)
        harness.replace_rules(rules.address)
        harness.issue({harness.ann: 1, new: 2})
        assert len(lots(harness, new)) <= MOST
    assert len(lots(harness, new)) > MOST - 10
    assert harness.recover(harness.ann, new).gas < GAS_CAP // 2
    assert len(lots(harness, new)) <= MOST
    assert harness.move(new, harness.ben, 1_000).gas < GAS_CAP // 8


@pytest.mark.attack("A7")
def test_tiny_lots_cannot_make_transfers_too_dear(kit):
    """A year of one share a day: a transfer and its explanation cost little more than without."""
    lock = 365 * DAY
    harness = Compliant(kit, lockUp=lock)
    ann, ben = harness.ann, harness.ben
    harness.issue({ann: 1_000})
    start = harness.kit.now
    for day in range(1, 365):
        harness.kit.now = start + day * DAY
        harness.issue({ann: 1})
    harness.kit.now = release(start, lock)
    early = sum(release(start + day * DAY, lock) <= kit.now for day in range(1, 365))
    assert early < 4
    assert locked(harness, ann)[0] == 364 - early
    assert harness.explained(ann, ben, 1_000) == ([], 1_000 + early)
    assert harness.token.call("canTransfer", ann, ben, 1_001 + early) is False
    assert harness.move(ann, ben, 999).gas < 300_000
    harness.kit.now += 400 * DAY
    harness.issue({ann: 1})
    assert harness.move(ann, ben, 365).gas < 300_000


def test_a_hundred_tiny_transfers_of_one_day_cost_what_one_does(locking):
    """They are one lot, for who receives them and for who then sends shares that are free."""
    harness, ann, ben, cid = locking, locking.ann, locking.ben, locking.cid
    harness.issue({ann: 200, ben: 3})
    harness.kit.now = released_at(harness.kit.now)
    harness.move(ben, cid, 1)
    harness.move(ann, ben, 1)
    usual, selling = harness.move(ann, ben, 1).gas, harness.move(ben, cid, 1).gas
    for _ in range(100):
        last = harness.move(ann, ben, 1).gas
    assert last <= usual
    assert harness.move(ben, cid, 1).gas <= selling


def test_a_lock_up_of_a_second_is_one(kit):
    """The shortest there is: after the day of the acquisition, and the day of which it is a part
    (Law 33)."""
    harness = Compliant(kit, lockUp=1)
    harness.issue({harness.ann: 10})
    harness.kit.now = released_at(harness.kit.now, DAY) - 1
    with rules_refused(Code.LOCKED_UP, 10, 0):
        harness.move(harness.ann, harness.ben, 10)
    harness.kit.now += 1
    harness.move(harness.ann, harness.ben, 10)
    assert locked(harness, harness.ben) == (10, released_at(harness.kit.now, DAY))
    with rules_refused(Code.LOCKED_UP, 1, 0):
        harness.move(harness.ben, harness.ann, 1)


def test_a_lock_up_for_ever_does_not_end(kit):
    """Nor does one of more than a hundred years."""
    harness = Compliant(kit, lockUp=FOREVER)
    harness.issue({harness.ann: 10})
    harness.put_in_force(lockUp=LONGEST * DAY + 1)
    harness.issue({harness.ann: 10})
    assert lots(harness, harness.ann) == [(20, FOREVER)]
    harness.kit.now += 1_000 * 365 * DAY
    with rules_refused(Code.LOCKED_UP, 1, 0):
        harness.move(harness.ann, harness.ben, 1)


@pytest.mark.parametrize(
    ("days", "late"), [(92, 0), (93, 1), (184, 1), (185, 3), (365, 3), (368, 3), (369, 7), (730, 7)]
)
def test_a_long_lock_up_ends_with_a_period_of_days(kit, days, late):
    """As many days late as the interface says, at most, and to the second as it says."""
    harness = Compliant(kit, lockUp=days * DAY)
    ends = set()
    for _ in range(8):
        harness.issue({harness.ann: 1})
        ends.add(lots(harness, harness.ann)[-1][1] - released_at(harness.kit.now, days * DAY))
        harness.kit.now += DAY
    assert ends == {day * DAY for day in range(late + 1)}


def test_a_burn_takes_several_lots_and_a_part_of_the_next(locking):
    """What is left of a lot keeps its date; lots before it are gone."""
    harness, ann = locking, locking.ann
    start = harness.kit.now
    for day in range(5):
        harness.kit.now = start + day * DAY
        harness.issue({ann: 10})
    harness.burn(ann, 25)
    assert lots(harness, ann) == [
        (amount, released_at(start) + day * DAY) for day, amount in ((2, 5), (3, 10), (4, 10))
    ]


def test_a_shorter_lock_up_goes_before_a_longer_one(kit):
    """Rules with another lock-up and the same keeper of lots sort new lots among the old."""
    harness = Compliant(kit, lockUp=LOCK)
    ann, ben = harness.ann, harness.ben
    harness.issue({ann: 10})
    harness.put_in_force(lockUp=DAY)
    harness.issue({ann: 5})
    early, late = released_at(harness.kit.now, DAY), released_at(harness.kit.now)
    assert locked(harness, ann) == (15, early)
    harness.kit.now = early
    assert locked(harness, ann) == (10, late)
    harness.move(ann, ben, 5)
    with rules_refused(Code.LOCKED_UP, 1, 0):
        harness.move(ann, ben, 1)
    harness.kit.now = late
    harness.move(ann, ben, 10)


def test_shares_acquired_without_a_lock_up_are_free(kit):
    """Those that were there before, and stay free beside those that come."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 10})
    harness.put_in_force(lockUp=LOCK)
    harness.issue({harness.ann: 5})
    assert harness.explained(harness.ann, harness.ben, 11) == ([(Code.LOCKED_UP, 11, 10)], 10)
    harness.move(harness.ann, harness.ben, 10)


@pytest.mark.attack("F6")
@pytest.mark.parametrize(
    ("name", "args"), [("acquired", (1, LOCK)), ("reduced", (0,)), ("recovered", (person(2),))]
)
def test_only_the_rules_of_a_token_write_its_lots(locking, kit, name, args):
    """Neither stranger, nor agent, nor owner, nor the token itself."""
    harness = locking
    what = (harness.token.address, harness.ann, *args)
    for caller in (harness.stranger, harness.agent, harness.owner):
        with refused("LockUps_NotRules", caller, harness.token.address):
            harness.lots.send(name, *what, sender=caller)
    puppet = kit.deploy("Puppet")
    with refused("LockUps_NotRules", puppet.address, puppet.address):
        call = kit.codec.call("LockUps", name, puppet.address, *what[1:])
        puppet.send("say", harness.lots.address, call)
    harness.replace_rules(puppet.address)
    puppet.send("say", harness.lots.address, kit.codec.call("LockUps", name, *what))

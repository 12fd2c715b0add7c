"""Lots that may not be sold yet: by day, first in and first out, through forces and recoveries."""

from __future__ import annotations

import pytest

from tests.contracts.compliant import FOREVER, Code, Compliant, investor, rules_refused
from tests.contracts.stage import DAY, person, refused

LOCK = 30 * DAY


@pytest.fixture
def locking(kit) -> Compliant:
    """What is acquired cannot be sold for thirty days."""
    return Compliant(kit, lockUp=LOCK)


def locked(stage: Compliant, wallet: str) -> tuple[int, int]:
    """Shares that are locked, and when the next are released."""
    amount, release = stage.lots.call("locked", stage.token.address, wallet)
    return amount, release


def released_at(moment: int, lock: int = LOCK) -> int:
    """When shares acquired at a moment are free: after the lock-up that follows their day."""
    return (moment // DAY + 1) * DAY + lock


def test_shares_of_one_day_are_one_lot(locking):
    """However many movements brought them, whatever the hour."""
    stage, ann = locking, locking.ann
    midnight = (stage.kit.now // DAY + 1) * DAY
    for stage.kit.now in (midnight, midnight + 1, midnight + DAY - 1):
        stage.issue({ann: 10})
    assert locked(stage, ann) == (30, released_at(midnight))
    stage.kit.now = midnight + DAY
    stage.issue({ann: 5})
    assert locked(stage, ann) == (35, released_at(midnight))


def test_lots_are_released_one_after_the_other(locking):
    """The oldest first, in its second and not before."""
    stage, ann, ben = locking, locking.ann, locking.ben
    start = stage.kit.now
    for day in range(3):
        stage.kit.now = start + day * DAY
        stage.issue({ann: 10})
    for day in range(3):
        stage.kit.now = released_at(start) + day * DAY - 1
        with rules_refused(Code.LOCKED_UP, 1, 0):
            stage.move(ann, ben, 1)
        stage.kit.now += 1
        assert stage.explained(ann, ben, 1) == ([], 10)
        with (
            rules_refused(Code.LOCKED_UP, 11, 10)
            if day < 2
            else refused("ERC20InsufficientBalance", ann, 10, 11)
        ):
            stage.move(ann, ben, 11)
        stage.move(ann, ben, 10)
    assert locked(stage, ann) == (0, 0)


def test_who_buys_is_locked_and_who_sells_frees_nothing(locking):
    """A sale takes free shares; what was locked stays locked."""
    stage, ann, ben = locking, locking.ann, locking.ben
    stage.issue({ann: 10})
    stage.kit.now = released_at(stage.kit.now)
    stage.issue({ann: 7})
    stage.move(ann, ben, 10)
    assert locked(stage, ann) == (7, released_at(stage.kit.now))
    assert locked(stage, ben) == (10, released_at(stage.kit.now))
    with rules_refused(Code.LOCKED_UP, 1, 0):
        stage.move(ben, ann, 1)


def test_sending_to_oneself_starts_no_lock_up(locking):
    """Nor does a transfer of nothing."""
    stage, ann = locking, locking.ann
    stage.issue({ann: 10})
    stage.kit.now = released_at(stage.kit.now)
    stage.move(ann, ann, 10)
    stage.force(ann, ann, 10)
    stage.move(ann, stage.ben, 0)
    assert locked(stage, ann) == locked(stage, stage.ben) == (0, 0)


def test_a_force_or_a_burn_takes_free_shares_first_and_then_the_oldest_lots(locking):
    """What is left is never more locked than it can be."""
    stage, ann = locking, locking.ann
    start = stage.kit.now
    stage.issue({ann: 10})
    stage.kit.now = released_at(start)
    stage.issue({ann: 10})
    second = released_at(stage.kit.now)
    stage.kit.now += DAY
    stage.issue({ann: 10})
    stage.burn(ann, 9)
    assert locked(stage, ann) == (20, second)
    stage.burn(ann, 5)
    assert locked(stage, ann) == (16, second)
    stage.force(ann, stage.ben, 7)
    assert locked(stage, ann) == (9, second + DAY)
    assert locked(stage, stage.ben) == (7, second + DAY)
    stage.burn(ann, 9)
    assert locked(stage, ann) == (0, 0)


def test_C3_a_recovery_moves_the_lots_and_keeps_their_order(locking):
    """Lots of both wallets are interleaved by time; those of one day count together."""
    stage, ann, new = locking, locking.ann, person(1)
    stage.know({new: investor(1)})
    start = stage.kit.now
    for day in range(6):
        stage.kit.now = start + day * DAY
        if day != 4:
            stage.issue({(ann, new)[day % 2]: 1 << day})
        if day == 3:
            stage.issue({ann: 100})
    stage.recover(ann, new)
    assert locked(stage, ann) == (0, 0)
    amounts = [1, 2, 4, 108, 32]
    days = [0, 1, 2, 3, 5]
    for gone in range(5):
        assert locked(stage, new) == (sum(amounts[gone:]), released_at(start) + days[gone] * DAY)
        stage.kit.now = released_at(start) + days[gone] * DAY
        stage.move(new, stage.ben, amounts[gone])
    assert locked(stage, new) == (0, 0)


def test_C3_lots_that_were_released_before_a_recovery_stay_free(locking):
    """On either side."""
    stage, ann, new = locking, locking.ann, person(1)
    stage.know({new: investor(1)})
    stage.issue({ann: 10, new: 20})
    stage.kit.now = released_at(stage.kit.now)
    stage.issue({ann: 1})
    stage.recover(ann, new)
    assert locked(stage, new) == (1, released_at(stage.kit.now))
    stage.move(new, stage.ben, 30)


def test_H_many_lots_cannot_make_a_recovery_too_dear(kit):
    """Two wallets with a lot on every day of a year, interleaved, fit one transaction."""
    stage = Compliant(kit, lockUp=365 * DAY)
    ann, new = stage.ann, person(1)
    stage.know({new: investor(1)})
    start = stage.kit.now
    for day in range(360):
        stage.kit.now = start + day * DAY
        stage.issue({(ann, new)[day % 2]: 1})
    assert stage.recover(ann, new).gas < 16_777_216
    assert locked(stage, new) == (360, released_at(start, 365 * DAY))


def test_A7_tiny_lots_cannot_make_transfers_too_dear(kit):
    """A year of one share a day: a transfer and its explanation stay far below a block."""
    stage = Compliant(kit, lockUp=365 * DAY)
    ann, ben = stage.ann, stage.ben
    stage.issue({ann: 1_000})
    start = stage.kit.now
    for day in range(1, 365):
        stage.kit.now = start + day * DAY
        stage.issue({ann: 1})
    stage.kit.now = released_at(start, 365 * DAY)
    assert locked(stage, ann)[0] == 364
    assert stage.explained(ann, ben, 1_000) == ([], 1_000)
    assert stage.token.call("canTransfer", ann, ben, 1_001) is False
    assert stage.move(ann, ben, 999).gas < 1_500_000
    stage.kit.now += 400 * DAY
    stage.issue({ann: 1})
    assert stage.move(ann, ben, 365).gas < 1_500_000


def test_a_hundred_tiny_transfers_of_one_day_cost_what_one_does(locking):
    """They are one lot, for who receives them and for who then sends shares that are free."""
    stage, ann, ben, cid = locking, locking.ann, locking.ben, locking.cid
    stage.issue({ann: 200, ben: 3})
    stage.kit.now = released_at(stage.kit.now)
    stage.move(ben, cid, 1)
    stage.move(ann, ben, 1)
    usual, selling = stage.move(ann, ben, 1).gas, stage.move(ben, cid, 1).gas
    for _ in range(100):
        last = stage.move(ann, ben, 1).gas
    assert last <= usual
    assert stage.move(ben, cid, 1).gas <= selling


def test_a_lock_up_of_a_second_is_one(kit):
    """The shortest there is: after the day, and a second."""
    stage = Compliant(kit, lockUp=1)
    stage.issue({stage.ann: 10})
    stage.kit.now = released_at(stage.kit.now, 1) - 1
    with rules_refused(Code.LOCKED_UP, 10, 0):
        stage.move(stage.ann, stage.ben, 10)
    stage.kit.now += 1
    stage.move(stage.ann, stage.ben, 10)
    assert locked(stage, stage.ben) == (10, released_at(stage.kit.now, 1))
    with rules_refused(Code.LOCKED_UP, 1, 0):
        stage.move(stage.ben, stage.ann, 1)


def test_a_lock_up_for_ever_does_not_end(kit):
    """A release later than can be told is never, not soon."""
    stage = Compliant(kit, lockUp=FOREVER)
    stage.issue({stage.ann: 10})
    assert locked(stage, stage.ann) == (10, FOREVER)
    stage.kit.now += 1_000 * 365 * DAY
    with rules_refused(Code.LOCKED_UP, 1, 0):
        stage.move(stage.ann, stage.ben, 1)


def test_a_shorter_lock_up_goes_before_a_longer_one(kit):
    """Rules with another lock-up and the same keeper of lots sort new lots among the old."""
    stage = Compliant(kit, lockUp=LOCK)
    ann, ben = stage.ann, stage.ben
    stage.issue({ann: 10})
    stage.put_in_force(lockUp=DAY)
    stage.issue({ann: 5})
    early, late = released_at(stage.kit.now, DAY), released_at(stage.kit.now)
    assert locked(stage, ann) == (15, early)
    stage.kit.now = early
    assert locked(stage, ann) == (10, late)
    stage.move(ann, ben, 5)
    with rules_refused(Code.LOCKED_UP, 1, 0):
        stage.move(ann, ben, 1)
    stage.kit.now = late
    stage.move(ann, ben, 10)


def test_shares_acquired_without_a_lock_up_are_free(kit):
    """Those that were there before, and stay free beside those that come."""
    stage = Compliant(kit)
    stage.issue({stage.ann: 10})
    stage.put_in_force(lockUp=LOCK)
    stage.issue({stage.ann: 5})
    assert stage.explained(stage.ann, stage.ben, 11) == ([(Code.LOCKED_UP, 11, 10)], 10)
    stage.move(stage.ann, stage.ben, 10)


@pytest.mark.parametrize(
    ("name", "args"), [("acquired", (1, LOCK)), ("reduced", (0,)), ("recovered", (person(2),))]
)
def test_F6_only_the_rules_of_a_token_write_its_lots(locking, kit, name, args):
    """Neither stranger, nor agent, nor owner, nor the token itself."""
    stage = locking
    what = (stage.token.address, stage.ann, *args)
    for caller in (stage.stranger, stage.agent, stage.owner):
        with refused("LockUps_NotRules", caller, stage.token.address):
            stage.lots.send(name, *what, sender=caller)
    puppet = kit.deploy("Puppet")
    with refused("LockUps_NotRules", puppet.address, puppet.address):
        call = kit.codec.call("LockUps", name, puppet.address, *what[1:])
        puppet.send("say", stage.lots.address, call)
    stage.replace_rules(puppet.address)
    puppet.send("say", stage.lots.address, kit.codec.call("LockUps", name, *what))

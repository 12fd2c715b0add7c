"""Facts about history: the search finds the balance as it was, and nothing later changes it.

Checkpoints are written as functions of their place; `n` is how many there are, of any number. The
search is proved by its loop's promise: it holds at first, each turn keeps it, and what it says at
the end is what was asked for.
"""

from __future__ import annotations

import z3

from tests.proofs.facts import Facts

FACTS = Facts()

SINCE = z3.Function("since", z3.IntSort(), z3.IntSort())
BALANCE = z3.Function("balance", z3.IntSort(), z3.IntSort())


def numbers(names: str) -> list[z3.ArithRef]:
    """Whole numbers."""
    return [z3.Int(name) for name in names.split()]


def ascending(n: z3.ArithRef) -> z3.BoolRef:
    """Each checkpoint is later than the one before."""
    i, j = numbers("i_ j_")
    later = z3.Implies(z3.And(i >= 0, i < j, j < n), SINCE(i) < SINCE(j))
    return z3.ForAll([i, j], later)


def promise(low: z3.ArithRef, high: z3.ArithRef, n: z3.ArithRef, record: z3.ArithRef) -> z3.BoolRef:
    """All checkpoints below `low` are before the record, none from `high` on is."""
    (i,) = numbers("k_")
    below = z3.Implies(z3.And(i >= 0, i < low), SINCE(i) < record)
    above = z3.Implies(z3.And(i >= high, i < n), SINCE(i) >= record)
    return z3.And(low >= 0, low <= high, high <= n, z3.ForAll([i], z3.And(below, above)))


def halfway(low: z3.ArithRef, high: z3.ArithRef) -> z3.ArithRef:
    """Where the search looks next."""
    return (low + high) / 2


# --------------------------------------------------------------------------------------- the search


@FACTS.about("History.balanceAt", "ShareLedger._countClosed", "Timeline.valueAt")
def a_search_begins_with_its_promise():
    """Between nothing and all the promise holds: there is nothing below and nothing
    above. (Law 5)
    """
    n, record = numbers("n record")
    return [n >= 0, ascending(n)], promise(z3.IntVal(0), n, n, record)


@FACTS.about("History.balanceAt", "ShareLedger._countClosed", "Timeline.valueAt")
def a_step_up_keeps_the_promise():
    """If the middle one is before the record, so are all below it. (Law 5)"""
    low, high, n, record = numbers("low high n record")
    middle = halfway(low, high)
    given = [ascending(n), promise(low, high, n, record), low < high, SINCE(middle) < record]
    return given, promise(middle + 1, high, n, record)


@FACTS.about("History.balanceAt", "ShareLedger._countClosed", "Timeline.valueAt")
def a_step_down_keeps_the_promise():
    """If the middle one is not before the record, none above it is. (Law 5)"""
    low, high, n, record = numbers("low high n record")
    middle = halfway(low, high)
    given = [ascending(n), promise(low, high, n, record), low < high, SINCE(middle) >= record]
    return given, promise(low, middle, n, record)


@FACTS.about("History.balanceAt", "ShareLedger._countClosed", "Timeline.valueAt", "RateTable._find")
def every_turn_of_a_search_halves_what_is_left():
    """A turn leaves at most half of the places, so that 32 turns are enough for 2^32 -
    1 of them.
    """
    low, high = numbers("low high")
    middle = halfway(low, high)
    left = high - low
    given = [low >= 0, low < high]
    inside = z3.And(middle >= low, middle < high)
    return given, z3.And(inside, 2 * (high - (middle + 1)) < left, 2 * (middle - low) <= left)


@FACTS.about("History.balanceAt", "ShareLedger._countClosed", "Timeline.valueAt")
def a_search_ends_at_the_only_answer():
    """Where the search ends is the number of checkpoints before the record, and there is only one.
    (Law 5)
    """
    low, n, record, other = numbers("low n record other")
    given = [ascending(n), promise(low, low, n, record), promise(other, other, n, record)]
    return given, low == other


@FACTS.about("History.balanceAt")
def what_is_found_is_the_newest_before_the_record():
    """The one before the place where the search ends is before the record, and every later one is
    not. (Law 5)
    """
    low, n, record, i = numbers("low n record i")
    given = [ascending(n), promise(low, low, n, record), low > 0, i >= low, i < n]
    return given, z3.And(SINCE(low - 1) < record, SINCE(i) >= record, SINCE(i) > SINCE(low - 1))


@FACTS.about("RateTable._find")
def a_key_that_is_there_is_not_passed_over():
    """A search for an exact key never leaves the key's place outside what it has left
    to look at.
    """
    low, high, n, key, place = numbers("low high n key place")
    middle = halfway(low, high)
    given = [ascending(n), low >= 0, low < high, high <= n, low <= place, place < high]
    given += [SINCE(place) == key, SINCE(middle) != key]
    up, down = z3.And(place >= middle + 1, place < high), z3.And(place >= low, place < middle)
    return given, z3.If(SINCE(middle) < key, up, down)


# ---------------------------------------------------------------------------------------- history


def _append():
    """A history that takes up a checkpoint, since records have closed since the account was
    written.
    """
    n, since, balance, closed = numbers("n since balance closed")
    i = z3.Int("i_")
    given = [n >= 0, ascending(n), since < closed]
    # Every older checkpoint is older than the account's own last writing.
    given.append(z3.ForAll([i], z3.Implies(z3.And(i >= 0, i < n), SINCE(i) < since)))
    given += [SINCE(n) == since, BALANCE(n) == balance]
    return n, since, balance, closed, given


@FACTS.about("History.upTo", "History.checkpoint")
def a_new_checkpoint_keeps_the_order():
    """A checkpoint is added at the end, later than all before it and before the account's new
    `since`. (Law 5)
    """
    n, since, _, closed, given = _append()
    return given, z3.And(ascending(n + 1), SINCE(n) < closed, SINCE(n) == since)


def _found(low: z3.ArithRef) -> z3.ArithRef:
    """What `balanceAt` returns for the place where its search ends."""
    return z3.If(low == 0, 0, BALANCE(low - 1))


@FACTS.about("History.upTo", "History.balanceAt")
def a_record_after_the_last_writing_reads_the_same_after_a_checkpoint():
    """What was the present balance at a closed record is what its checkpoint says afterwards. (Law
    5)
    """
    n, since, balance, closed, given = _append()
    record, low = numbers("record low")
    given += [since < record, record <= closed, promise(low, low, n + 1, record)]
    return given, [low == n + 1, _found(low) == balance]


@FACTS.about("History.upTo", "History.balanceAt")
def an_older_record_reads_the_same_after_a_checkpoint():
    """A checkpoint more changes the answer for no record that was read from history
    before. (Law 5)
    """
    n, since, _, _, given = _append()
    record, low, before = numbers("record low before")
    given += [since >= record, promise(low, low, n + 1, record), promise(before, before, n, record)]
    return given, [low <= n, low == before, _found(low) == _found(before)]


@FACTS.about("History.checkpoint", "History.balanceAt")
def an_account_that_was_never_used_needs_no_checkpoint():
    """An empty account without history reads zero at every closed record, with or without a new
    `since`. (Law 5)
    """
    since, closed, record, balance, count = numbers("since closed record balance count")
    given = [balance == 0, count == 0, since < closed, record <= closed, record > 0]
    before = z3.If(since < record, balance, 0)
    after = z3.If(closed < record, balance, 0)
    return given, z3.And(before == 0, after == 0)


@FACTS.about("ShareLedger._move", "History.balanceAt")
def a_change_after_a_record_never_changes_the_record():
    """Once `since` is the number of closed records, none of them is answered with the present
    balance. (Law 5)
    """
    since, closed, record = numbers("since closed record")
    return [since == closed, record >= 1, record <= closed], z3.Not(since < record)


@FACTS.about("ShareLedger._balanceAt", "ShareLedger._countedOrNext")
def a_record_is_answered_only_when_its_second_is_over():
    """A record is answered if it was counted, or its second is past; each counted one is past. (Law
    7)
    """
    closed, record, now, following, own = numbers("closed record now following own")
    counted = record <= closed
    next_ = z3.And(record == closed + 1, now > following)
    given = [
        record >= 1,
        z3.Implies(counted, own < now),
        z3.Implies(record == closed + 1, own == following),
    ]
    answered = z3.Or(counted, next_, now > own)
    return [*given, answered], own < now


# ------------------------------------------------------------------------ the loop itself, unrolled

PLACES = 8


@FACTS.about("History.balanceAt", deep=True)
def the_loop_is_right_for_up_to_eight_checkpoints():
    """The loop as it is written, run on any history of up to eight, returns the balance as it was.
    (Law 5)
    """
    n, record = numbers("n record")
    given = [n >= 0, n <= PLACES, *(SINCE(i) < SINCE(i + 1) for i in range(PLACES - 1))]
    low, high = z3.IntVal(0), n
    for _ in range(PLACES.bit_length()):
        going, middle = low < high, halfway(low, high)
        up = SINCE(middle) < record
        low, high = (
            z3.If(z3.And(going, up), middle + 1, low),
            z3.If(z3.And(going, z3.Not(up)), middle, high),
        )
    expected = z3.IntVal(0)
    for i in range(PLACES):
        expected = z3.If(z3.And(i < n, SINCE(i) < record), BALANCE(i), expected)
    return given, z3.And(low == high, _found(low) == expected)


# --------------------------------------------------------------------------- controls: are refuted

CONTROLS = Facts()


@CONTROLS.about("History.balanceAt")
def control_a_step_down_may_leave_the_middle_out():
    """False: the middle one can be left out even if it is before the record."""
    low, high, n, record = numbers("low high n record")
    middle = halfway(low, high)
    given = [low >= 0, low < high, high <= n, n <= 2, SINCE(0) < SINCE(1), SINCE(0) < record]
    found = z3.Or(middle == 0, middle == 1)
    return [*given, found, low == 0], SINCE(middle) >= record

"""Facts about history: the search finds the balance as it was, and nothing later changes it.

Checkpoints are written as functions of their place; `n` is how many there are, of any number. The
search is proved by its loop's promise: it holds at first, each turn keeps it wherever it looks, and
what it says at the end is what was asked for. So the same facts hold for every search here, which
differ in where they look first.
"""

from __future__ import annotations

import z3

from tests.assurance.proofs.facts import Facts

FACTS = Facts()

SINCE = z3.Function("since", z3.IntSort(), z3.IntSort())
BALANCE = z3.Function("balance", z3.IntSort(), z3.IntSort())

WORD = 2**256
ANYWHERE = 2**64 - 1


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


SEARCHES = ("HistoryLib.balanceNear", "ShareLedger._countClosed", "TimelineLib.valueAt")


@FACTS.about(*SEARCHES)
def a_search_begins_with_its_promise():
    """Between nothing and all the promise holds: nothing is below and nothing above. (Law 5)"""
    n, record = numbers("n record")
    return [n >= 0, ascending(n)], promise(z3.IntVal(0), n, n, record)


@FACTS.about(*SEARCHES)
def a_step_up_keeps_the_promise():
    """If the one looked at, whichever, is before the record, so are all below it. (Law 5)"""
    low, high, n, record, at = numbers("low high n record at")
    given = [ascending(n), promise(low, high, n, record), low <= at, at < high]
    return [*given, SINCE(at) < record], promise(at + 1, high, n, record)


@FACTS.about(*SEARCHES)
def a_step_down_keeps_the_promise():
    """If the one looked at, whichever, is not before the record, none above it is. (Law 5)"""
    low, high, n, record, at = numbers("low high n record at")
    given = [ascending(n), promise(low, high, n, record), low <= at, at < high]
    return [*given, SINCE(at) >= record], promise(low, at, n, record)


@FACTS.about(*SEARCHES, "RateTableLib._find")
def the_middle_is_inside_and_halves_what_is_left():
    """Looking in the middle leaves less than half above, or at most half below: 32 turns do."""
    low, high = numbers("low high")
    middle = halfway(low, high)
    left = high - low
    given = [low >= 0, low < high]
    inside = z3.And(middle >= low, middle < high)
    return given, z3.And(inside, 2 * (high - (middle + 1)) < left, 2 * (middle - low) <= left)


@FACTS.about(*SEARCHES, "RateTableLib._find")
def every_turn_leaves_less():
    """Wherever a turn looks, what is left gets less, so that a search ends."""
    low, high, at = numbers("low high at")
    given = [low >= 0, low <= at, at < high]
    return given, z3.And(high - (at + 1) < high - low, at - low < high - low, at + 1 <= high)


def turned(low, high, guess, step, up):
    """A turn of `HistoryLib.balanceNear`: where it looks, and how it goes on."""
    at = z3.If(guess >= high, halfway(low, high), guess)
    below = z3.If(step == 0, z3.If(at == 0, WORD - 1, at - 1), z3.IntVal(ANYWHERE))
    return (
        at,
        z3.If(up, at + 1, low),
        z3.If(up, high, at),
        z3.If(up, at + 1 + step, below),
        z3.If(up, 2 * step + 1, z3.IntVal(ANYWHERE)),
    )


@FACTS.about("HistoryLib.balanceNear")
def a_guess_is_never_below_what_is_left():
    """However a search has guessed, it looks at a checkpoint that is still in question. (Law 5)"""
    low, high, guess, step = numbers("low high guess step")
    up = z3.Bool("up")
    at, low_then, _, guess_then, step_then = turned(low, high, guess, step, up)
    given = [low >= 0, low < high, high < 2**32, guess >= low, step >= 0]
    given.append(z3.Implies(step == 0, low == 0))
    kept = [guess_then >= low_then, step_then >= 0, z3.Implies(step_then == 0, low_then == 0)]
    return given, z3.And(at >= low, at < high, *kept)


@FACTS.about("HistoryLib.balanceNear")
def what_a_search_holds_is_the_one_below():
    """What a search has in hand is the balance below its lower end, or nothing at the bottom."""
    low, high, guess, step, held = numbers("low high guess step held")
    up = z3.Bool("up")
    at, low_then, _, _, _ = turned(low, high, guess, step, up)
    held_then = z3.If(up, BALANCE(at), held)
    given = [low >= 0, low < high, guess >= low, held == _found(low)]
    return given, held_then == _found(low_then)


@FACTS.about(*SEARCHES)
def a_search_ends_at_the_only_answer():
    """Where the search ends is the number of checkpoints before the record, and there is only one.
    (Law 5)
    """
    low, n, record, other = numbers("low n record other")
    given = [ascending(n), promise(low, low, n, record), promise(other, other, n, record)]
    return given, low == other


@FACTS.about("HistoryLib.balanceNear")
def what_is_found_is_the_newest_before_the_record():
    """The one before the place where the search ends is before the record, and every later one is
    not. (Law 5)
    """
    low, n, record, i = numbers("low n record i")
    given = [ascending(n), promise(low, low, n, record), low > 0, i >= low, i < n]
    return given, z3.And(SINCE(low - 1) < record, SINCE(i) >= record, SINCE(i) > SINCE(low - 1))


@FACTS.about("RateTableLib._find")
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


@FACTS.about("HistoryLib.upTo", "HistoryLib.checkpoint")
def a_new_checkpoint_keeps_the_order():
    """A checkpoint is added at the end, later than all before it and before the account's new
    `since`. (Law 5)
    """
    n, since, _, closed, given = _append()
    return given, z3.And(ascending(n + 1), SINCE(n) < closed, SINCE(n) == since)


def _found(low: z3.ArithRef) -> z3.ArithRef:
    """What `balanceAt` returns for the place where its search ends."""
    return z3.If(low == 0, 0, BALANCE(low - 1))


@FACTS.about("HistoryLib.upTo", "HistoryLib.balanceAt")
def a_record_after_the_last_writing_reads_the_same_after_a_checkpoint():
    """What was the present balance at a closed record is what its checkpoint says afterwards. (Law
    5)
    """
    n, since, balance, closed, given = _append()
    record, low = numbers("record low")
    given += [since < record, record <= closed, promise(low, low, n + 1, record)]
    return given, [low == n + 1, _found(low) == balance]


@FACTS.about("HistoryLib.upTo", "HistoryLib.balanceAt")
def an_older_record_reads_the_same_after_a_checkpoint():
    """A checkpoint more changes the answer for no record that was read from history
    before. (Law 5)
    """
    n, since, _, _, given = _append()
    record, low, before = numbers("record low before")
    given += [since >= record, promise(low, low, n + 1, record), promise(before, before, n, record)]
    return given, [low <= n, low == before, _found(low) == _found(before)]


@FACTS.about("HistoryLib.checkpoint", "HistoryLib.balanceAt")
def an_account_that_was_never_used_needs_no_checkpoint():
    """An empty account without history reads zero at every closed record, with or without a new
    `since`. (Law 5)
    """
    since, closed, record, balance, count = numbers("since closed record balance count")
    given = [balance == 0, count == 0, since < closed, record <= closed, record > 0]
    before = z3.If(since < record, balance, 0)
    after = z3.If(closed < record, balance, 0)
    return given, z3.And(before == 0, after == 0)


@FACTS.about("ShareLedger._move", "HistoryLib.balanceAt")
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

PLACES = 6


def ends_right(guess: z3.ArithRef, step: z3.ArithRef):
    """The loop as it is written, run to its end on any history of up to six."""
    n, record = numbers("n record")
    given = [n >= 0, n <= PLACES, guess >= 0]
    given += [SINCE(i) < SINCE(i + 1) for i in range(PLACES - 1)]
    low, high, held = z3.IntVal(0), n, z3.IntVal(0)
    for _ in range(PLACES):
        going = low < high
        at, *_ = turned(low, high, guess, step, z3.BoolVal(True))
        up = SINCE(at) < record
        _, low_then, high_then, guess_then, step_then = turned(low, high, guess, step, up)
        held = z3.If(z3.And(going, up), BALANCE(at), held)
        guess, step = z3.If(going, guess_then, guess), z3.If(going, step_then, step)
        low, high = z3.If(going, low_then, low), z3.If(going, high_then, high)
    expected = z3.IntVal(0)
    for i in range(PLACES):
        expected = z3.If(z3.And(i < n, SINCE(i) < record), BALANCE(i), expected)
    return given, z3.And(low == high, held == expected)


@FACTS.about("HistoryLib.balanceAt", "HistoryLib.balanceNear", deep=True)
def the_loop_is_right_without_a_guess():
    """The loop returns the balance as it was, of any history of up to six checkpoints. (Law 5)"""
    return ends_right(z3.IntVal(ANYWHERE), z3.IntVal(ANYWHERE))


@FACTS.about("HistoryLib.balanceNear", deep=True)
def the_loop_is_right_whatever_is_guessed():
    """The loop returns the balance as it was, wherever it is told to look first. (Law 5)"""
    return ends_right(z3.Int("guess"), z3.IntVal(0))


# --------------------------------------------------------------------------- controls: are refuted

CONTROLS = Facts()


@CONTROLS.about("HistoryLib.balanceAt")
def control_a_step_down_may_leave_the_middle_out():
    """False: the middle one can be left out even if it is before the record."""
    low, high, n, record = numbers("low high n record")
    middle = halfway(low, high)
    given = [low >= 0, low < high, high <= n, n <= 2, SINCE(0) < SINCE(1), SINCE(0) < record]
    found = z3.Or(middle == 0, middle == 1)
    return [*given, found, low == 0], SINCE(middle) >= record

"""Facts about the sums of a meeting, as they are kept: one word for each resolution, two halves of
128 bits.

`f` and `a` are the shares for a resolution and against it, `n` those present, of which `w` are what
a vote that is replaced has and `v` what the new one has; `wf` and `wa`, `vf` and `va` are what they
have for it and against it.
"""

from __future__ import annotations

import z3

from tests.assurance.proofs.arithmetic import natural, whole
from tests.assurance.proofs.facts import Facts

FACTS = Facts()
CONTROLS = Facts()

WORD, REPLACED = "VoteCountLib.wordOf", "VoteCountLib.replaced"
COUNT, SET, ADD = "Ballot._count", "Ballot._setPresent", "VoteCountLib.addAlike"
TALLY, PASSED = "VoteCountLib.resultOf", "VoteCountLib.isPassed"
HALF = 2**128


def _counted() -> tuple[list[z3.ArithRef], list[z3.BoolRef]]:
    """A count that holds, of which a vote is a part: its sums are within what is present."""
    names = whole("f a n w wf wa")
    f, a, n, w, wf, wa = names
    rest = [wf <= f, wa <= a, w <= n, f - wf + (a - wa) <= n - w]
    return names, [*natural(*names), n < HALF, wf + wa <= w, *rest]


@FACTS.about(REPLACED, COUNT, SET)
def sums_stay_within_what_is_present():
    """Is what is for a resolution and against it together within what is present, and so without
    the vote that is replaced, then it is with any other vote in its place; and what abstains is
    what is left (Law 74).
    """
    (f, a, n, w, wf, wa), given = _counted()
    v, vf, va = whole("v vf va")
    given += [*natural(v, vf, va), vf + va <= v]
    new_f, new_a, new_n = f - wf + vf, a - wa + va, n - w + v
    return given, [
        z3.And(new_f >= 0, new_a >= 0, new_n >= 0),
        new_f + new_a <= new_n,
        # And again without it: so the next one finds the same.
        new_f - vf + (new_a - va) <= new_n - v,
    ]


@FACTS.about(REPLACED, WORD)
def the_two_halves_of_a_word_never_touch():
    """Taking out what is a part of both halves and adding what fits leaves each half what it should
    be, borrows nothing and carries nothing (Law 74).
    """
    (f, a, n, w, wf, wa), given = _counted()
    v, vf, va = whole("v vf va")
    given += [*natural(v, vf, va), vf + va <= v, n - w + v < HALF]
    word = f + HALF * a - (wf + HALF * wa) + (vf + HALF * va)
    new_f, new_a = f - wf + vf, a - wa + va
    return given, [
        z3.And(new_f >= 0, new_a >= 0, new_f + new_a <= n - w + v),
        z3.And(new_f < HALF, new_a < HALF),
        word == new_f + HALF * new_a,
        z3.And(word >= 0, word < HALF * HALF),
    ]


@FACTS.about(ADD, REPLACED)
def parts_within_the_weight_keep_within_what_is_present():
    """Parts of which each chooses one way, and which together are no more than the holder's shares,
    have no more for a resolution and against it than they add to what is present (Law 74).
    """
    s, t, f, a, weight = whole("s t f a weight")
    chosen = z3.Int("chosen")
    given = [*natural(s, t, f, a), chosen >= 0, chosen <= 2, f + a <= t, t + s <= weight]
    vf = z3.If(chosen == 1, s, z3.IntVal(0))
    va = z3.If(chosen == 2, s, z3.IntVal(0))
    return given, [vf + va <= s, f + vf + (a + va) <= t + s, f + vf + (a + va) <= weight]


@FACTS.about(SET, TALLY)
def what_is_present_is_within_what_is_eligible():
    """Are the shares present no more than the eligible ones, each holder's no more than what it had
    at the record, then so they stay when one holder's vote is replaced, since the others' are no
    more than what the others had (Law 74).
    """
    others, mine, all_others, had, v = whole("others mine all_others had v")
    given = [
        *natural(others, mine, all_others, had, v),
        others <= all_others,
        mine <= had,
        v <= had,
    ]
    return given, others + mine - mine + v <= all_others + had


@FACTS.about(PASSED)
def products_of_a_threshold_fit_a_word():
    """Shares of 128 bits times ten thousand never wrap around; so what is carried is carried by its
    part of the basis (Law 74).
    """
    f, b, t = whole("f b t")
    given = [*natural(f, b, t), f < HALF, b < HALF * HALF // 2**20, t <= 10_000]
    return given, [z3.And(f * 10_000 < 2**256), z3.And(t * b <= 10_000 * b, t * b < 2**256)]


@CONTROLS.about(REPLACED)
def control_a_vote_that_is_no_part_of_the_sums_can_be_taken_out():
    """Without a count that holds, a half could borrow from the other: this is false."""
    f, a, wf = whole("f a wf")
    given = [*natural(f, a, wf), f < HALF, a < HALF, wf < HALF]
    return given, f - wf >= 0

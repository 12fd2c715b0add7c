"""marks.py: what is superseded stays, and what was known earlier can be read."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.analysis.marks import Basis, Mark, MarkBook, MarkKind, newest
from prorata.errors import InputError
from prorata.store.marks import Mark as KeptMark
from prorata.store.office_schema import BASES, MARK_KINDS
from tests.prorata.analysis.made import DAY, mark, second

JUNE, JULY = second("2027-06-30"), second("2027-07-31")
FIRST = replace(mark(JUNE, 100_00), id="one", created_at=JUNE + DAY)
BETTER = replace(FIRST, amount=98_00, id="two", supersedes="one", created_at=JUNE + 9 * DAY)


def test_a_mark_has_its_value_and_says_whose_it_is():
    assert FIRST.value == 100
    assert FIRST.text == "100 USD ex at 2027-06-30T00:00:00Z (the administrator)"


def test_a_mark_of_the_office_database_is_read_by_its_fields():
    """Its words for kinds and bases are those of figures."""
    kept = KeptMark(
        1, f"0x{'1' * 40}", JUNE, "NAV", 100_00, "USD", 2, "ex", "the administrator",
        id="one", created_at=JUNE + DAY,
    )  # fmt: skip
    assert Mark.of("Maple", vars(kept)) == FIRST
    assert {one.value for one in MarkKind} == set(MARK_KINDS)
    assert {one.value for one in Basis} == set(BASES)


def test_a_superseded_mark_is_read_as_it_was_known():
    """Law 104."""
    book = MarkBook.of([FIRST, BETTER])
    assert book.in_force() == [BETTER]
    assert book.in_force(known_at=JUNE + 5 * DAY) == [FIRST]
    assert book.in_force(known_at=JUNE) == []
    assert book.series("Maple", MarkKind.NAV, JULY) == [BETTER]
    assert book.series("Maple", MarkKind.PRICE, JULY) == []
    assert book.series("Maple", MarkKind.NAV, JUNE - 1) == []
    assert newest(book.marks, JUNE - 1) is None


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"amount": -1}, 'mark: "-1" is negative; write what a share is worth, 0 at least'),
        ({"source": ""}, 'source: "" is blank; say who found the mark'),
    ],
)
def test_a_mark_that_is_none(wrong, sentence):
    with pytest.raises(InputError) as refused:
        replace(FIRST, **wrong)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"supersedes": None}, "has a mark of this kind and basis already, one; supersede that"),
        ({"supersedes": "three"}, '"three" is no mark in force; name one that is'),
        ({"time": JULY}, "is the NAV of Maple at 2027-06-30T00:00:00Z; name a mark of the same"),
        ({"asset": "Oak"}, "is the NAV of Maple at 2027-06-30T00:00:00Z; name a mark of the same"),
        ({"id": "one"}, '"one" is that of another mark; give each its own'),
        ({"created_at": JUNE}, "is before the last entry, 2027-07-01T00:00:00Z; enter them in"),
    ],
)
def test_a_mark_that_its_book_refuses(wrong, sentence):
    with pytest.raises(InputError) as refused:
        MarkBook.of([FIRST, replace(BETTER, **wrong)])
    assert sentence in str(refused.value)


def test_a_mark_is_superseded_once():
    with pytest.raises(InputError, match='"one" is no mark in force'):
        MarkBook.of([FIRST, BETTER, replace(BETTER, id="three", amount=97_00)])


def test_cum_and_ex_of_one_second_stand_beside_each_other():
    cum = replace(FIRST, id="two", basis=Basis.CUM, amount=106_00)
    assert len(MarkBook.of([FIRST, cum]).in_force()) == 2


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_what_was_known_never_changes(amounts):
    """Law 104: whatever supersedes a mark later, an earlier time knows the same one."""
    book, seen = MarkBook(), []
    for n, amount in enumerate(amounts):
        before = None if n == 0 else str(n - 1)
        at = JUNE + n
        book.add(replace(FIRST, amount=amount, id=str(n), supersedes=before, created_at=at))
        seen.append((at, book.in_force()))
    assert [one.amount for one in book.in_force()] == amounts[-1:]
    for at, known in seen:
        assert book.in_force(known_at=at) == known
    assert book.marks[0].value == Fraction(amounts[0], 100)

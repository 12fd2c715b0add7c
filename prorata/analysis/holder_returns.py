# SPDX-License-Identifier: MIT
"""The return of one holder over a period: Modified Dietz on marks, and named so.

Shares that came in and went out are flows, at the price that was paid or else at the mark of their
time. What went between wallets of the same person, and a recovery of a lost wallet, is none. Income
that was paid has left the account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from prorata.analysis.figures import Figure, Question
from prorata.analysis.liquidity import Cause, Movement
from prorata.analysis.marks import Mark, checked_series, newest
from prorata.analysis.returns import Flow, modified_dietz
from prorata.values.times import lasting, moment

__all__ = ["Holder", "holder_return"]

NAME = "Modified Dietz return of the holder"


@dataclass(frozen=True)
class Holder:
    """A person, the smallest units of shares that it had when the period began, and their decimals.

    `income` is what it was paid, each a flow of more than 0 in the currency of the marks.
    """

    person: str
    shares: int | Fraction
    decimals: int
    income: Sequence[Flow] = ()


def holder_return(
    holder: Holder,
    movements: Sequence[Movement],
    marks: Sequence[Mark],
    *,
    begins: int,
    ends: int,
    oldest: int,
) -> Figure:
    """The return of a holder from one second to another, on marks of at most `oldest` seconds.

    Raises: InputError when the marks make no series.
    """
    checked_series(marks)
    moved = [one for one in movements if _moves(one, holder.person) and begins < one.time <= ends]
    question = Question(NAME, ends, len(moved), percent=True, places=2)
    flows = [Flow(one.time, -one.amount) for one in holder.income if begins < one.time <= ends]
    shares = holder.shares
    for one in sorted(moved, key=lambda one: one.time):
        price = one.price if one.price is not None else _mark_at(marks, one.time, oldest)
        if isinstance(price, str):
            return question.blank(price)
        change = one.shares if one.receiver == holder.person else -one.shares
        shares += change
        flows.append(Flow(one.time, _value(change, holder, price)))
    if shares < 0:
        return question.blank(f"more shares left {holder.person} than there were")
    ended = [_mark_at(marks, time, oldest) for time in (begins, ends)]
    for price in ended:
        if isinstance(price, str):
            return question.blank(price)
    first, last = (Fraction(price) for price in ended)
    start, end = _value(holder.shares, holder, first), _value(shares, holder, last)
    return replace(modified_dietz(start, end, flows, begins=begins, ends=ends), name=NAME)


def _moves(one: Movement, person: str) -> bool:
    """Whether shares came to the person or left it."""
    return (one.origin == person) != (one.receiver == person) and one.cause is not Cause.RECOVERY


def _value(shares: int | Fraction, holder: Holder, price: Fraction) -> Fraction:
    return Fraction(shares) / Fraction(10**holder.decimals) * price


def _mark_at(marks: Sequence[Mark], time: int, oldest: int) -> Fraction | str:
    """The value of a share at a time by its newest mark, or why there is none."""
    mark = newest(marks, time)
    if mark is None:
        return f"there is no mark at {moment(time)}"
    if time - mark.time > oldest:
        return f"the newest mark at {moment(time)} is {lasting(time - mark.time)} old"
    return mark.value

"""Calls to clear: strategies of their terms and orders, and the words of the model for them."""

from __future__ import annotations

from hypothesis import strategies as st

from prorata.market.clearing import CallOrder, CallRules, Kind, Ladder, Side
from tests.model.clearing import ASK, BID, Placed, Shape

SIDES = {Kind.SALE: (Side.BID,), Kind.TENDER: (Side.ASK,), Kind.AUCTION: (Side.BID, Side.ASK)}


def as_shape(rules: CallRules) -> Shape:
    """The terms of a call, in the model's words."""
    ladders = tuple(tuple(each) for each in rules.ladders)
    return Shape(
        rules.kind.name.lower(),
        ladders,  # type: ignore[arg-type]
        rules.steps,
        rules.lots,
        rules.least_lots,
        rules.budget,
        rules.by_amount,
        rules.valued,
    )


def as_placed(order: CallOrder) -> Placed:
    """An order, in the model's words."""
    return Placed((BID, ASK)[order.side], order.quantity, order.step, order.ladder, order.counts)


@st.composite
def _calls(draw: st.DrawFn) -> tuple[CallRules, list[CallOrder], int | None]:
    """Terms, orders, and the valuer's price if there is one."""
    kind = draw(st.sampled_from(list(Kind)))
    valued = draw(st.booleans())
    by_amount = kind is Kind.SALE and valued and draw(st.booleans())
    steps = draw(st.integers(1, 8))
    prices = st.builds(Ladder, st.integers(1, 40), st.integers(1, 9))
    two = kind is Kind.SALE and not valued and draw(st.booleans())
    ladders = tuple(draw(prices) for _ in range(1 + two))
    lots = 0 if kind is Kind.AUCTION else draw(st.integers(1, 80))
    budget = draw(st.integers(1, 2_000)) if kind is Kind.TENDER else 0
    least = draw(st.sampled_from([0, 0, 1, 20]))
    rules = CallRules(kind, ladders, steps, lots, least, budget, by_amount, valued)
    order = st.builds(
        CallOrder,
        st.sampled_from(SIDES[kind]),
        st.integers(1, 300 if by_amount else 40),
        st.integers(0, steps - 1),
        st.integers(0, len(ladders) - 1),
        st.sampled_from([True, True, True, False]),
    )
    orders = draw(st.lists(order, max_size=10))
    bounds = (ladders[0].price(0), ladders[0].price(steps - 1))
    return rules, orders, draw(st.integers(*bounds)) if valued else None


CALLS = _calls()

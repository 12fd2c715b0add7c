"""clearing.py: the law of a call, by examples, by its laws, and beside the long way."""

from __future__ import annotations

from itertools import product
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.errors import InputError
from prorata.market.clearing import (
    CallOrder,
    CallOutcome,
    CallRules,
    Failure,
    Kind,
    Ladder,
    Match,
    Side,
    clear,
    failure_of,
    interest,
    matches,
    outcome,
)
from tests.model import clearing as long_way
from tests.prorata.market.clearing_cases import CALLS, as_placed, as_shape

TEN_STEPS = (Ladder(100, 10),)
BID, ASK = Side.BID, Side.ASK


def sale(lots: int, *, least: int = 0, steps: int = 10) -> CallRules:
    """A sale with prices 100, 110 and so on."""
    return CallRules(Kind.SALE, TEN_STEPS, steps, lots, least)


def auction(steps: int = 10) -> CallRules:
    return CallRules(Kind.AUCTION, TEN_STEPS, steps)


def bids(*limits: tuple[int, int]) -> list[CallOrder]:
    """Bids, each of so many lots with a step as its limit."""
    return [CallOrder(BID, lots, step) for lots, step in limits]


def asks(*limits: tuple[int, int]) -> list[CallOrder]:
    return [CallOrder(ASK, lots, step) for lots, step in limits]


# -------------------------------------------------------------------------------- examples


def test_an_oversubscribed_offering_at_a_fixed_price_is_shared_out_exactly():
    """110 people want 100 lots each of 10,000: everybody gets 90 or 91, and nothing is left."""
    found = outcome(sale(10_000, steps=1), [CallOrder(BID, 100, 0)] * 110)
    assert found.clearing == (0, 100, 10_000, 11_000, 10_000)
    assert set(found.allotted) == {90, 91}
    assert sum(found.allotted) == found.principal == 10_000
    assert sum(found.refunds) == 1_000 * 100
    assert found.proceeds == (1_000_000,)


def test_an_offering_that_is_not_sold_out_clears_at_its_lowest_price():
    found = outcome(sale(100), bids((10, 9), (5, 0)))
    assert found.clearing == (0, 100, 15, 15, 100)
    assert found.allotted == [10, 5]
    assert found.refunds == [10 * 90, 0]


def test_a_sale_clears_at_the_highest_price_that_sells_everything():
    """Ten lots, bid for at three prices: the margin shares what the better bids leave."""
    found = outcome(sale(10), bids((4, 5), (8, 3), (4, 3), (9, 1)))
    assert found.clearing == (3, 130, 10, 16, 10)
    assert found.allotted == [4, 4, 2, 0]
    assert found.costs == [520, 520, 260, 0]
    assert found.refunds == [4 * 20, 4 * 130, 2 * 130, 9 * 110]


def test_a_tender_buys_at_the_lowest_price_that_fills_it():
    """A budget of 1,000 buys 8 lots at 120, and 7 at 130."""
    rules = CallRules(Kind.TENDER, TEN_STEPS, 10, lots=50, budget=1_000)
    found = outcome(rules, asks((3, 0), (4, 2), (6, 2), (5, 7)))
    assert found.clearing == (2, 120, 8, 8, 13)
    assert found.allotted == [3, 2, 3, 0]
    assert found.refunds == [0, 2, 3, 5]
    assert (found.principal, found.proceeds, found.unspent) == (8, (960,), 40)


def test_an_auction_among_holders_serves_better_limits_whole():
    found = outcome(auction(), [*bids((5, 8), (5, 4), (7, 4)), *asks((6, 1), (4, 4))])
    assert found.clearing == (4, 140, 10, 17, 10)
    assert found.allotted == [5, 2, 3, 6, 4]
    assert list(matches(found)) == [
        Match(1, 4, 5, 700, 0),
        Match(2, 4, 1, 140, 0),
        Match(2, 5, 1, 140, 0),
        Match(3, 5, 3, 420, 0),
    ]


@pytest.mark.parametrize(
    ("orders", "step"),
    [
        pytest.param([*bids((9, 6)), *asks((5, 2))], 6, id="bids are longer: the highest"),
        pytest.param([*bids((5, 6)), *asks((9, 2))], 2, id="asks are longer: the lowest"),
        pytest.param([*bids((5, 7)), *asks((5, 2))], 4, id="both are equal: the middle"),
        pytest.param([*bids((5, 9), (2, 5)), *asks((5, 2), (2, 6))], 5, id="first one, then other"),
    ],
)
def test_ties_range_over_all_steps_named_or_not(orders, step):
    """Between the limits that were named every step trades as much."""
    assert outcome(auction(), orders).clearing.step == step


def test_two_currencies_share_one_ladder_of_steps():
    """The same step, each order in its own money, in one order of placement."""
    rules = CallRules(Kind.SALE, (Ladder(100, 10), Ladder(7, 1)), 3, lots=3)
    found = outcome(rules, [CallOrder(BID, 2, 1, 0), CallOrder(BID, 2, 1, 1)])
    assert found.allotted == [1, 2]
    assert found.costs == [110, 16]
    assert found.proceeds == (110, 16)
    assert found.refunds == [110, 0]


def test_a_valuers_price_need_not_be_a_step_and_treats_kept_limits_alike():
    rules = CallRules(Kind.SALE, TEN_STEPS, 10, lots=6, valued=True)
    found = outcome(rules, bids((4, 9), (4, 2), (9, 0)), price=115)
    assert found.clearing == (0, 115, 6, 8, 6)
    assert found.allotted == [3, 3, 0]
    assert found.refunds == [4 * 190 - 345, 4 * 120 - 345, 900]


def test_subscriptions_by_amount_share_their_money_and_get_whole_lots():
    """2,000 came for lots worth 1,150: parts of 287, 575 and 288 buy 2, 5 and 2 lots."""
    rules = CallRules(Kind.SALE, TEN_STEPS, 10, lots=10, by_amount=True, valued=True)
    found = outcome(rules, bids((500, 9), (1_000, 9), (500, 9)), price=115)
    assert found.clearing == (0, 115, 10, 17, 10)
    assert found.allotted == [2, 5, 2]
    assert found.refunds == [500 - 230, 1_000 - 575, 500 - 230]
    assert (found.principal, found.proceeds) == (9, (1_035,))


def test_money_for_exactly_the_lots_there_are_is_not_shared_out():
    """1,190 buys ten lots at 115 and leaves 40: nobody lacks, so each spends what it can."""
    rules = CallRules(Kind.SALE, TEN_STEPS, 10, lots=10, by_amount=True, valued=True)
    found = outcome(rules, bids((575, 9), (615, 9)), price=115)
    assert found.clearing == (0, 115, 10, 10, 10)
    assert found.allotted == [5, 5]
    assert found.refunds == [0, 40]


def test_the_venues_part_is_rounded_down_for_each_delivery():
    rules = CallRules(Kind.SALE, TEN_STEPS, 10, lots=9, fee_bps=99)
    found = outcome(rules, bids((1, 0), (3, 0)))
    assert [(each.cost, each.fee) for each in matches(found)] == [(100, 0), (300, 2)]


@pytest.mark.parametrize(
    ("orders", "failure"),
    [
        pytest.param([], Failure.NO_VOLUME, id="no order"),
        pytest.param(bids((4, 3)), Failure.BELOW_LEAST, id="too few"),
    ],
)
def test_a_call_that_fails_gives_everything_back(orders, failure):
    found = outcome(sale(10, least=5), orders)
    assert (found.failure, found.principal, found.proceeds) == (failure, 0, (0,))
    assert list(found.allotted) == [0] * len(orders)
    assert list(found.refunds) == [lots * (100 + 10 * step) for _, lots, step, *_ in orders]
    assert list(matches(found)) == []


def test_an_order_that_does_not_count_keeps_its_number():
    struck = CallOrder(BID, 5, 9, counts=False)
    found = outcome(sale(4), [struck, *bids((4, 1))])
    assert found.clearing.demand == 4
    assert found.allotted == [0, 4]
    assert found.refunds[0] == 5 * 190
    assert [each.bid for each in matches(found)] == [2]


# -------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("order", "kind"),
    [
        pytest.param(CallOrder(ASK, 1, 0), Kind.SALE, id="the principal's side"),
        pytest.param(CallOrder(BID, 1, 0), Kind.TENDER, id="the principal's side of a tender"),
        pytest.param(CallOrder(BID, 1, 10), Kind.AUCTION, id="no such step"),
        pytest.param(CallOrder(BID, 1, -1), Kind.AUCTION, id="a step below the ladder"),
        pytest.param(CallOrder(BID, 1, 0, 1), Kind.AUCTION, id="no such ladder"),
        pytest.param(CallOrder(BID, 0, 0), Kind.AUCTION, id="nothing"),
    ],
)
def test_an_order_that_the_call_does_not_take_is_refused(order, kind):
    lots = 0 if kind is Kind.AUCTION else 5
    rules = CallRules(kind, TEN_STEPS, 10, lots, budget=900 if kind is Kind.TENDER else 0)
    with pytest.raises(InputError, match="cannot be placed in this call; give more than 0"):
        outcome(rules, [order])


def test_money_that_is_no_integer_is_refused():
    with pytest.raises(InputError, match=r'"2\.5" is no whole number from 0'):
        outcome(auction(), [CallOrder(BID, 2.5, 0)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"steps": 0}, 'steps: "0" are no ladder; give 1 to 255'),
        ({"steps": 256}, 'steps: "256" are no ladder; give 1 to 255'),
        ({"ladders": ()}, 'ladders: "0" do not go with the call'),
        ({"ladders": TEN_STEPS * 2, "valued": True}, 'ladders: "2" do not go with the call'),
        ({"ladders": (Ladder(0, 1),)}, "has no rising prices"),
        ({"ladders": (Ladder(1, 0),)}, "has no rising prices"),
        ({"lots": 0}, 'lots: "0" do not go with the kind'),
        ({"kind": Kind.AUCTION}, 'lots: "9" do not go with the kind'),
        ({"budget": 1}, 'budget: "1" does not go with the call'),
        ({"kind": Kind.TENDER}, 'budget: "0" does not go with the call'),
        ({"by_amount": True}, 'by_amount: "True" does not go with the call'),
        ({"least_lots": -1}, 'least_lots: "-1" is no whole number'),
    ],
)
def test_terms_that_contradict_themselves_are_refused(fields, says):
    usual = {"kind": Kind.SALE, "ladders": TEN_STEPS, "steps": 10, "lots": 9}
    with pytest.raises(InputError, match=says):
        CallRules(**(usual | fields))


@pytest.mark.parametrize(
    ("valued", "price", "says"),
    [
        (False, 100, "does not go with the call"),
        (True, None, "does not go with the call"),
        (True, 99, "is outside the ladder; give a price from 100 to 190"),
        (True, 191, "is outside the ladder; give a price from 100 to 190"),
    ],
)
def test_a_price_that_is_not_the_valuers_to_name_is_refused(valued, price, says):
    rules = CallRules(Kind.SALE, TEN_STEPS, 10, lots=9, valued=valued)
    with pytest.raises(InputError, match=says):
        outcome(rules, bids((1, 9)), price)


def test_sums_that_are_not_one_for_each_step_are_refused():
    with pytest.raises(InputError, match='bids: "2" are not the sums of this ladder'):
        clear(auction(3), [1, 2], [0, 0, 0])


# ------------------------------------------------------------------------------------ laws


def beside_the_long_way(
    rules: CallRules, orders: list[CallOrder], price: int | None
) -> CallOutcome:
    """The outcome, which is that of the brute force to the last unit."""
    found = outcome(rules, orders, price)
    wanted = long_way.result(as_shape(rules), [as_placed(order) for order in orders], price)
    cleared = (wanted.step, wanted.price, wanted.volume, wanted.demand, wanted.supply)
    assert found.clearing == cleared
    assert (found.failure and found.failure.name) == as_name(wanted.failure)
    assert tuple(found.allotted) == wanted.lots
    assert tuple(found.costs) == wanted.money
    assert tuple(found.refunds) == wanted.back
    assert tuple((each.bid, each.ask, each.lots) for each in matches(found)) == wanted.deliveries
    return found


def as_name(failure: str | None) -> str | None:
    return {"NoVolume": "NO_VOLUME", "BelowLeast": "BELOW_LEAST", None: None}[failure]


@given(CALLS)
def test_it_is_the_long_way_to_the_unit(call):
    """Laws 54 to 57: price, lots, money and who gets them from whom, as by counting."""
    beside_the_long_way(*call)


@given(CALLS)
def test_allotted_lots_are_the_volume_on_both_sides(call):
    """Law 54: to the lot; by amount, at most."""
    rules, orders, price = call
    found = outcome(rules, orders, price)
    volume = found.clearing.lots if found.failure is None else 0
    for side in Side:
        lots = sum(n for n, o in zip(found.allotted, orders, strict=True) if o.side == side)
        if rules.by_amount:
            assert lots <= volume
        elif any(o.side == side and o.counts for o in orders):
            assert lots == volume
    assert found.principal == (0 if rules.kind is Kind.AUCTION else sum(found.allotted))


@given(CALLS)
def test_nobody_with_a_worse_limit_gets_anything_while_a_better_one_lacks(call):
    """Law 55: and at the margin everybody has its exact share, rounded down or up."""
    rules, orders, price = call
    found = outcome(rules, orders, price)
    if found.failure is not None or rules.by_amount:
        return
    for side in Side:
        mine = [
            (order.step if side is Side.BID else -order.step, order.quantity, lots)
            for order, lots in zip(orders, found.allotted, strict=True)
            if order.side == side and order.counts
        ]
        if rules.valued:
            kept = [
                rules.ladders[0].price(abs(step)) >= found.clearing.price
                if side is Side.BID
                else rules.ladders[0].price(abs(step)) <= found.clearing.price
                for step, *_ in mine
            ]
            assert all(lots == 0 for (*_, lots), keeps in zip(mine, kept, strict=True) if not keeps)
            groups = [[each for each, keeps in zip(mine, kept, strict=True) if keeps]]
        else:
            served = [step for step, _, lots in mine if lots]
            assert all(
                lots == wanted for step, wanted, lots in mine if served and step > min(served)
            )
            groups = [[each for each in mine if each[0] == step] for step in {s for s, *_ in mine}]
        for group in groups:
            total, got = sum(each[1] for each in group), sum(each[2] for each in group)
            for _, wanted, lots in group:
                assert floor(got * wanted / total) <= lots <= ceil(got * wanted / total)


@given(CALLS)
def test_all_pay_one_price_within_their_limits_and_get_the_rest_back(call):
    """Law 56: exactly lots times the price of one step; nobody above or below its limit."""
    rules, orders, price = call
    found = outcome(rules, orders, price)
    for order, lots, cost, back in zip(
        orders, found.allotted, found.costs, found.refunds, strict=True
    ):
        unit = price or rules.ladders[order.ladder].price(found.clearing.step)
        assert cost == lots * unit
        assert back >= 0
        limit = rules.ladders[order.ladder].price(order.step)
        if lots:
            assert limit >= unit if order.side == Side.BID else limit <= unit
    assert 0 <= found.unspent <= rules.budget


@given(CALLS.filter(lambda call: call[2] is None))
def test_no_other_price_trades_more(call):
    """Law 57: of all steps, whether somebody named them or not."""
    rules, orders, _ = call
    found = outcome(rules, orders)
    shape, placed = as_shape(rules), [as_placed(order) for order in orders]
    volumes = [min(long_way._sides(shape, placed, shape.price(s))) for s in range(rules.steps)]
    assert found.clearing.lots == max(volumes)


@given(CALLS, st.integers(0, 9), st.integers(1, 50))
def test_a_name_for_a_step_that_is_taken_back_changes_nothing(call, place, lots):
    """Law 57: an order that does not count moves no price, wherever it stands."""
    rules, orders, price = call
    side = Side.ASK if rules.kind is Kind.TENDER else Side.BID
    place %= len(orders) + 1
    gone = CallOrder(side, lots, place % rules.steps, counts=False)
    found = outcome(rules, [*orders[:place], gone, *orders[place:]], price)
    before = outcome(rules, orders, price)
    assert found.clearing == before.clearing
    assert [*found.allotted[:place], *found.allotted[place + 1 :]] == list(before.allotted)


@given(CALLS)
def test_it_can_be_cleared_from_the_sums_alone(call):
    rules, orders, price = call
    found = outcome(rules, orders, price)
    cleared = clear(rules, *interest(rules, orders), price)
    assert cleared == found.clearing
    assert failure_of(rules, cleared) == found.failure


# ----------------------------------------------------------------------------- small worlds


def small_auctions() -> list[tuple[int, tuple[CallOrder, ...]]]:
    """Every auction of at most 4 orders of 1 or 2 lots on at most 3 steps."""
    found = []
    for steps in (1, 2, 3):
        kinds = [CallOrder(*each) for each in product(Side, (1, 2), range(steps))]
        for count in range(5):
            found += [(steps, orders) for orders in product(kinds, repeat=count)]
    return found


def test_every_small_auction_is_the_long_way():
    """Laws 54 to 57: all of them, some 28,000."""
    tried = 0
    for steps, orders in small_auctions():
        beside_the_long_way(auction(steps), list(orders), None)
        tried += 1
    assert tried == sum((4 * steps) ** n for steps in (1, 2, 3) for n in range(5))


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.TENDER])
@pytest.mark.parametrize("valued", [False, True])
def test_every_small_sale_and_tender_is_the_long_way(kind, valued):
    """Laws 54 to 57: at most 3 orders of 1 to 3 lots on at most 3 steps, for 2 or 5 lots."""
    side = Side.BID if kind is Kind.SALE else Side.ASK
    for steps, lots in product((1, 2, 3), (2, 5)):
        budget = 10 * lots if kind is Kind.TENDER else 0
        rules = CallRules(kind, (Ladder(8, 2),), steps, lots, budget=budget, valued=valued)
        kinds = [CallOrder(side, *each) for each in product((1, 2, 3), range(steps))]
        for count in range(4):
            for orders in product(kinds, repeat=count):
                for price in range(8, 7 + 2 * steps) if valued else (None,):
                    beside_the_long_way(rules, list(orders), price)

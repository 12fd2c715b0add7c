"""What the views tell of a call is the same, wherever its books keep it."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Harness, refused
from tests.contracts.market.calls import DOCUMENT, Calls, Ladder, Stage, State

PURSE = 1_000_000_000_000
LOT = 1_000_000


@pytest.fixture
def calls(kit) -> Calls:
    """A token, its issuer, and five who have money."""
    return Calls(Harness(kit))


def told(calls: Calls, terms) -> tuple[list[int], int, int]:
    """Interest at the first price, lots delivered, and money that may go back."""
    found = list(calls.auction.call("interestAt", calls.id(terms), 0))
    return found, calls.call(terms)["delivered"], calls.escrow(terms)[0]


ENDS = {
    "closed": Stage.SETTLING,
    "too few": Stage.FAILED,
    "not closed": Stage.FAILED,
    "cancelled": Stage.CANCELLED,
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("steps", [1, 2], ids=["one price", "two prices"])
@pytest.mark.parametrize("mint", [True, False], ids=["minted", "held"])
def test_interest_is_told_from_the_first_order_to_the_end(calls, mint, steps, end):
    """Over orders that are withdrawn, struck and restored, and whatever the end is: a call at one
    price tells what a call with more prices tells, and has delivered nothing (Laws 53 and 58).
    """
    terms = (calls.terms if mint else calls.sale)(
        steps=steps, ladders=(Ladder(calls.dollar.address, LOT, 1), Ladder()),
        withdraw_until=calls.kit.now + 1_000,
        least_lots=100 if end == "too few" else 0,
        return_until=calls.kit.now + 2_000_000 if end == "too few" else 0,
    )  # fmt: skip
    calls.open(terms)
    assert told(calls, terms) == ([0, 0], 0, 0)
    gone, struck, _ = (calls.bid(terms, who, 7) for who in (calls.ann, calls.ben, calls.cid))
    assert told(calls, terms) == ([21, 0], 0, 21 * LOT)
    calls.send("withdraw", terms, gone, sender=calls.ann)
    assert told(calls, terms) == ([14, 0], 0, 14 * LOT)
    calls.token.send("setAddressFrozen", calls.ben, True, sender=calls.agent)
    calls.send("strike", terms, [struck])
    assert told(calls, terms) == ([7, 0], 0, 14 * LOT)
    calls.token.send("setAddressFrozen", calls.ben, False, sender=calls.agent)
    calls.send("restore", terms, [struck])
    more = 40 if end == "too few" else 90
    calls.bid(terms, calls.dan, more)
    assert told(calls, terms) == ([14 + more, 0], 0, (14 + more) * LOT)
    preview = calls.auction.call("preview", terms.encodable(), 0)
    assert list(preview)[2:] == [min(100, 14 + more), 14 + more, 100]
    if end == "cancelled":
        calls.send("cancel", terms, DOCUMENT, sender=calls.issuer if not mint else calls.owner)
    elif end == "not closed":
        calls.kit.now = terms.close_by + 1
        calls.send("fail", terms)
    else:
        calls.close(terms)
    assert calls.stage(terms) == ENDS[end]
    assert told(calls, terms) == ([14 + more, 0], 0, (14 + more) * LOT)


def test_an_order_that_is_served_whole_ends_with_its_turn(calls):
    """Page by page, and is never paid back: after the last second only who had no turn is (Laws 53
    and 58).
    """
    terms = calls.terms()
    calls.open(terms)
    orders = [calls.bid(terms, who, 5) for who in (calls.ann, calls.ben, calls.cid)]
    calls.close(terms)
    assert [calls.state(terms, one) for one in orders] == [State.PLACED] * 3
    assert calls.got(terms, *orders) == [(0, 0)] * 3
    calls.settle(terms, 1)
    calls.settle(terms, 1)
    assert [calls.state(terms, one) for one in orders] == [State.ENDED, State.ENDED, State.PLACED]
    assert calls.got(terms, *orders) == [(5, 5), (5, 5), (0, 0)]
    with refused("CallAuction_NotRefundable", calls.id(terms), orders[2], terms.settle_by):
        calls.refund(terms, *orders)
    calls.late(terms)
    refunds = calls.refund(terms, *orders, *orders).named("Refunded")
    assert [(one["order"], one["money"]) for one in refunds] == [(orders[2], 5 * LOT)]
    assert calls.money(calls.ann, calls.ben, calls.cid) == [PURSE - 5 * LOT] * 2 + [PURSE]
    assert calls.shares(calls.ann, calls.ben, calls.cid) == [50, 50, 0]
    assert calls.escrow(terms) == (0, 0, 0)


def test_both_sides_of_an_auction_end_with_their_turn(calls):
    """A seller that was served whole has nothing held, and is given nothing back (Law 53)."""
    terms = calls.among()
    seller, other = calls.ann, calls.ben
    calls.harness.issue({seller: 1_000, other: 1_000})
    for who in (seller, other):
        calls.consent(who)
    calls.open(terms)
    asks = [calls.ask(terms, who, 5, 3) for who in (seller, other)]
    bids = [calls.bid(terms, who, 5, 3) for who in (calls.cid, calls.dan)]
    calls.close(terms)
    # Two asks are passed by, and the first pair is delivered.
    calls.settle(terms, 3)
    states = [calls.state(terms, one) for one in (*asks, *bids)]
    assert states == [State.ENDED, State.PLACED, State.ENDED, State.PLACED]
    calls.late(terms)
    calls.refund(terms, *asks, *bids)
    assert calls.held(seller, other) == [0, 0]
    assert calls.got(terms, *asks, *bids) == [(5, 5), (0, 0), (5, 5), (0, 0)]
    assert calls.escrow(terms) == (0, 0, 0)

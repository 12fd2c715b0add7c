"""Calls from invented events: money that is owed, taken and swept, lots that are given back."""

from __future__ import annotations

from typing import Any

import pytest

from prorata.ledger.calls import CallAccount, Calls
from prorata.ledger.movements import MarketContracts, MovementKind, Movements
from prorata.values.addresses import ZERO_ADDRESS as ZERO
from tests.prorata.ledger.test_movements import ADA, BOB, CYD, OTHER, TOKEN, USD, VENUE, Told

AUCTION, ISSUER = "0x" + "a" * 40, "0x" + "b" * 40
ID, NUMBER = b"\7" * 32, f"0x{'07' * 32}"
SALE, TENDER, BID, ASK = 0, 1, 0, 1
NO_LADDER = {"currency": ZERO, "firstPrice": 0, "increment": 0}


def opened(kind: int = SALE, **changed: Any) -> Told:
    """A sale that mints lots of ten shares for 100, and 10 more at each of five steps."""
    ladder = {"currency": USD, "firstPrice": 100, "increment": 10}
    names = (
        "lots leastLots budget opensAt withdrawUntil closesAt closeBy acceptBy settleBy "
        "returnUntil leastOrder mostPerPerson recordId entitledLots entitledShares feeBps "
        "deliveryGas takeUntil"
    )
    terms = {
        **dict.fromkeys(names.split(), 0),
        "opener": ISSUER, "salt": bytes(32), "kind": kind, "token": TOKEN, "lot": 10,
        "principal": ISSUER, "mint": kind == SALE, "byAmount": False,
        "ladders": [ladder, NO_LADDER], "steps": 5, "registry": ZERO, "valuer": ZERO,
        "feeTo": ZERO, "sweepTo": ZERO, "documentHash": bytes(32), **changed,
    }  # fmt: skip
    return Told("Opened", {"id": ID, "token": terms["token"], "principal": ISSUER, "terms": terms})


def told(name: str, **args: Any) -> Told:
    return Told(name, {"id": ID, **args})


def placed(order: int, owner: str, lots: int, step: int = 0, side: int = BID) -> Told:
    return told("Placed", order=order, owner=owner, side=side, quantity=lots, step=step, ladder=0)


def closed(lots: int, price: int = 100, step: int = 0) -> Told:
    return told("Closed", step=step, price=price, lots=lots, demand=lots, supply=lots)


def delivered(
    lots: int, cost: int, buyer: str, *, bid: int = 1, ask: int = 0, fee: int = 0
) -> Told:
    seller = ZERO if not ask else ADA
    pair = {"bid": bid, "ask": ask, "seller": seller, "buyer": buyer}
    return told("Delivered", **pair, lots=lots, cost=cost, fee=fee)


def money(name: str, amount: int, **who: str) -> Told:
    return told(name, currency=USD, amount=amount, **who)


def read(*events: Told) -> tuple[CallAccount, Calls]:
    calls = Calls(TOKEN)
    for time, event in enumerate(events):
        calls.apply(event, time)
    return calls.by_id[NUMBER], calls


def places(call: CallAccount) -> tuple[int, int, int]:
    """What may go back, what waits for the principal, and what is owed."""
    [found] = call.money
    return found.refundable, found.proceeds, found.owed


def test_what_cannot_be_refunded_is_owed_until_it_is_taken():
    """B1: it is there all the time."""
    begun = (opened(), placed(1, ADA, 3, step=2), closed(2))
    call, _ = read(*begun)
    assert places(call) == (3 * 120, 0, 0)
    back = (
        money("Owed", 160, account=ADA),
        told("Refunded", order=1, owner=ADA, money=160, shares=0),
    )
    call, _ = read(*begun, *back)
    assert (places(call), call.owed_to[0, ADA]) == ((200, 0, 160), 160)
    call, calls = read(*begun, *back, money("Taken", 160, account=ADA, receiver=BOB))
    assert (places(call), call.owed_to[0, ADA], calls.broken) == ((200, 0, 0), 0, [])
    call, _ = read(*begun, *back, money("Swept", 160, recipient=CYD))
    assert (places(call), call.swept) == ((200, 0, 0), {0})


@pytest.mark.parametrize("is_paid", [True, False], ids=["paid", "owed"])
def test_proceeds_of_a_sale_go_at_once_paid_or_owed(is_paid):
    """With the venue's part, which may be owed too."""
    begun = (opened(feeTo=VENUE, feeBps=100), placed(1, ADA, 2), closed(2))
    sold = delivered(2, 200, ADA, fee=2)
    call, _ = read(*begun, sold)
    assert places(call) == (0, 200, 0)
    fee = money("Owed", 2, account=VENUE)
    paid = money("PrincipalPaid", 198, principal=ISSUER)
    call, calls = read(*begun, sold, fee, paid if is_paid else money("Owed", 198, account=ISSUER))
    assert (places(call), calls.broken) == ((0, 0, 2 if is_paid else 200), [])


def test_a_tender_gives_the_rest_of_its_budget_back_paid_or_owed():
    begun = (opened(TENDER, lots=5, budget=700), placed(1, ADA, 2, side=ASK), closed(2))
    call, calls = read(*begun, delivered(2, 200, ISSUER, bid=0, ask=1))
    assert (places(call), call.money[0].paid) == ((500, 0, 0), 200)
    paid, owed = money("PrincipalPaid", 500, principal=ISSUER), money("Owed", 500, account=ISSUER)
    for after, waits in ((paid, 0), (owed, 500)):
        call, calls = read(*begun, delivered(2, 200, ISSUER, bid=0, ask=1), after)
        assert (places(call), calls.broken) == ((0, 0, waits), [])


def test_shares_that_could_not_be_let_go_are_an_ask_s_until_a_refund():
    """B7: they stay held, and are told as refunded once they are let go."""
    begun = (opened(TENDER, lots=5, budget=700), placed(1, ADA, 4, side=ASK), closed(2))
    stays = told("NotReleased", order=1, owner=ADA, shares=20)
    call, calls = read(*begun, stays, delivered(2, 200, ISSUER, bid=0, ask=1))
    assert (call.orders[1].kept, call.orders[1].refunded, calls.broken) == (20, 0, [])
    back = told("Refunded", order=1, owner=ADA, money=0, shares=20)
    call, calls = read(*begun, stays, delivered(2, 200, ISSUER, bid=0, ask=1), back)
    assert (call.orders[1].kept, call.orders[1].refunded, calls.broken) == (0, 20, [])
    _, calls = read(*begun, told("NotReleased", order=1, owner=ADA, shares=41))
    assert calls.broken == [(NUMBER, "what order 1 has kept, at most", 41, 40)]


def test_lots_that_are_given_back_are_a_movement_of_their_own():
    """Their money comes out of the proceeds that wait; the lots are burnt, at no gain."""
    sold = delivered(2, 200, ADA)
    back = told("Returned", order=1, owner=ADA, lots=1, paid=100)
    call, calls = read(opened(), placed(1, ADA, 2), closed(2), sold, back)
    assert (places(call), call.delivered, calls.broken) == ((0, 100, 0), 1, [])
    movements = Movements(TOKEN, MarketContracts(auction=AUCTION))
    for time, events in enumerate(
        (
            [opened(), placed(1, ADA, 2), closed(2)],
            [sold, Told("Transfer", {"from": ZERO, "to": ADA, "value": 20})],
            [back, Told("Transfer", {"from": ADA, "to": ZERO, "value": 10})],
        ),
        start=1,
    ):
        for event in events:
            movements.apply(event, time, by=TOKEN if event.name == "Transfer" else AUCTION)
    movements.close()
    assert [(one.kind, one.shares) for one in movements.listed] == [
        (MovementKind.ALLOTMENT, 20), (MovementKind.RETURN, 10),
    ]  # fmt: skip
    assert movements.unmatched == []


def test_what_breaks_a_law_is_kept_with_what_the_law_says():
    """B2: more lots than cleared. B4: another cost than lots times price."""
    begun = (opened(), placed(1, ADA, 5, step=1), closed(2))
    _, calls = read(*begun, delivered(3, 300, ADA))
    assert calls.broken == [(NUMBER, "lots delivered, at most", 3, 2)]
    _, calls = read(*begun, delivered(2, 201, ADA))
    assert calls.broken == [(NUMBER, "the cost of 2 lots", 201, 200)]
    too_much = told("Refunded", order=1, owner=ADA, money=551, shares=0)
    _, calls = read(*begun, too_much)
    assert calls.broken == [(NUMBER, "what order 1 got back, at most", 551, 550)]


def test_calls_in_other_tokens_are_passed_over():
    calls = Calls(TOKEN)
    for event in (opened(token=OTHER), placed(1, ADA, 2), closed(2), told("Failed", reason=0)):
        calls.apply(event, 1)
    assert not calls

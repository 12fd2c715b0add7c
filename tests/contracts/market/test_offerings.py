"""Offerings: shares sold at a price, delivered against money, or everything goes back."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.compliant import Compliant, investor
from tests.contracts.harness import DAY, NOTHING, Harness, refused
from tests.contracts.market.calls import (
    ADA,
    BEA,
    DOCUMENT,
    NO_PERMIT,
    Calls,
    Failure,
    Kind,
    Ladder,
    Side,
    Stage,
    State,
)
from tests.contracts.permits import Permit

PURSE = 1_000_000_000_000
LOT = 1_000_000


@pytest.fixture
def calls(kit) -> Calls:
    """A token, its issuer, and five who have money."""
    return Calls(Harness(kit))


def soft(calls: Calls, least: int, **changes: object):
    """A sale that needs so many lots delivered."""
    return calls.terms(least_lots=least, return_until=calls.kit.now + 20 * DAY, **changes)


# ------------------------------------------------------------------------- the whole way


@pytest.mark.parametrize("mint", [True, False], ids=["minted", "held"])
def test_an_offering_that_is_oversubscribed_is_shared_out(calls, mint):
    """Each gets its part to the lot, and the rest of its money back (Laws 53 to 56)."""
    terms = calls.terms() if mint else calls.sale()
    calls.open(terms)
    wanted = (60, 60, 30, 30, 20)
    orders = [calls.bid(terms, who, lots) for who, lots in zip(calls.people, wanted, strict=True)]
    assert calls.escrow(terms) == (200 * LOT, 0, 0)
    calls.close(terms)
    assert calls.stage(terms) == Stage.SETTLING
    before = calls.money(*calls.people)
    assert calls.held(calls.issuer) == [0 if mint else 1_000]
    calls.settle(terms, 3)
    calls.settle(terms)
    assert calls.stage(terms) == Stage.SETTLED
    assert calls.got(terms, *orders) == [(30, 30), (30, 30), (15, 15), (15, 15), (10, 10)]
    assert calls.shares(*calls.people) == [300, 300, 150, 150, 100]
    back = [now - was for now, was in zip(calls.money(*calls.people), before, strict=True)]
    assert back == [30 * LOT, 30 * LOT, 15 * LOT, 15 * LOT, 10 * LOT]
    assert calls.money(calls.issuer) == [PURSE + 100 * LOT]
    assert calls.escrow(terms) == (0, 0, 0)
    assert {calls.state(terms, order) for order in orders} == {State.ENDED}
    assert calls.shares(calls.issuer) == [10_000 if mint else 9_000]
    assert calls.held(calls.issuer) == [0]


def test_what_an_offering_tells(calls):
    """Each step says what happened; the fee is the venue's part of what was delivered."""
    terms = calls.terms(fee_to=calls.eve, fee_bps=50, lots=10)
    id_ = calls.id(terms)
    opened = calls.open(terms).named("Opened")[0]
    assert (opened["id"], opened["token"], opened["principal"]) == (
        id_, terms.token, calls.issuer,
    )  # fmt: skip
    assert calls.placing(terms, calls.ann, 15).named("Placed") == [
        {"id": id_, "order": 1, "owner": calls.ann, "side": 0, "quantity": 15, "step": 0,
         "ladder": 0}
    ]  # fmt: skip
    cleared = {"step": 0, "price": LOT, "lots": 10, "demand": 15, "supply": 10}
    assert calls.close(terms).named("Closed") == [{"id": id_, **cleared}]
    receipt = calls.settle(terms)
    assert receipt.named("Refunded") == [
        {"id": id_, "order": 1, "owner": calls.ann, "money": 5 * LOT, "shares": 0}
    ]
    assert receipt.named("Delivered") == [
        {"id": id_, "bid": 1, "ask": 0, "seller": ZERO, "buyer": calls.ann, "lots": 10,
         "cost": 10 * LOT, "fee": 50_000}
    ]  # fmt: skip
    assert receipt.named("PrincipalPaid") == [
        {"id": id_, "principal": calls.issuer, "currency": calls.dollar.address,
         "amount": 10 * LOT - 50_000}
    ]  # fmt: skip
    assert calls.money(calls.eve) == [PURSE + 50_000]
    found = calls.call(terms)
    assert (found["orders"], found["delivered"], found["passed"]) == (1, 10, 1)
    assert found["clearing"] == cleared


def test_an_offering_in_two_currencies(calls):
    """Steps of both ladders rank alike; each pays in its own currency (Laws 53, 56)."""
    euro = calls.kit.deploy("Dollar", "Rehearsal euro", "EURR", 6)
    calls.pay(calls.ben, PURSE, euro)
    both = (Ladder(calls.dollar.address, LOT, 100_000), Ladder(euro.address, 900_000, 90_000))
    terms = calls.terms(lots=10, ladders=both, steps=3)
    calls.open(terms)
    ann = calls.bid(terms, calls.ann, 6, 1)
    ben = calls.bid(terms, calls.ben, 6, 2, ladder=1)
    assert calls.escrow(terms, 0) == (6 * 1_100_000, 0, 0)
    assert calls.escrow(terms, 1) == (6 * 1_080_000, 0, 0)
    assert list(calls.auction.call("interestAt", calls.id(terms), 2)) == [6, 0]
    calls.close(terms)
    calls.settle(terms)
    assert calls.got(terms, ann, ben) == [(4, 4), (6, 6)]
    assert calls.money(calls.ann, calls.issuer) == [PURSE - 4 * 1_100_000, PURSE + 4 * 1_100_000]
    assert [euro.call("balanceOf", who) for who in (calls.ben, calls.issuer)] == [
        PURSE - 6 * 990_000, 6 * 990_000,
    ]  # fmt: skip
    assert calls.escrow(terms, 0) == calls.escrow(terms, 1) == (0, 0, 0)


# ---------------------------------------------------------------------------------- opening


def test_who_opens_an_offering(calls):
    """The opener that the terms name, once; the principal has signed if its shares are held."""
    terms = calls.terms()
    with refused("CallAuction_NotOpener", calls.ann, terms.opener):
        calls.open(terms, sender=calls.ann)
    with refused("CallAuction_NotOwnerOrAgent", calls.ann, terms.token):
        calls.open(terms.but(opener=calls.ann))
    calls.token.send("removeAgent", calls.auction.address, sender=calls.owner)
    with refused("CallAuction_NotOwnerOrAgent", calls.auction.address, terms.token):
        calls.open(terms)
    calls.token.send("addAgent", calls.auction.address, sender=calls.owner)
    calls.open(terms)
    with refused("CallAuction_KnownCall", calls.id(terms)):
        calls.open(terms)
    calls.harness.issue({ADA.address: 1_000})
    calls.consent(ADA.address)
    signed = calls.sale(opener=calls.owner, principal=ADA.address)
    with refused("CallAuction_NotSigned", ADA.address):
        calls.open(signed, calls.opening(signed, BEA))
    calls.open(signed, calls.opening(signed, ADA))
    assert calls.held(ADA.address) == [1_000]


def test_shares_are_held_only_by_a_consent_that_lasts(calls):
    """Until the last delivery at least."""
    terms = calls.sale()
    until = calls.kit.now + 400 * DAY
    calls.consent(calls.issuer, until=until)
    terms = terms.but(settle_by=terms.settle_by)
    calls.open(terms)
    late = calls.sale(opener=calls.ben, principal=calls.ben)
    calls.consent(calls.ben, until=late.settle_by - 1)
    error = (calls.ben, late.settle_by - 1, late.settle_by)
    with refused("CallAuction_ConsentTooShort", *error):
        calls.open(late)


def test_a_call_is_cancelled_until_it_is_closed(calls):
    """By its opener or its principal; all orders go back (Law 58)."""
    terms = calls.sale(opener=calls.issuer)
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 5)
    with refused("CallAuction_MayNotCancel", calls.ann, calls.id(terms)):
        calls.send("cancel", terms, DOCUMENT, sender=calls.ann)
    with refused("CallAuction_NotRefundable", calls.id(terms), order, terms.settle_by):
        calls.refund(terms, order)
    told = calls.send("cancel", terms, DOCUMENT, sender=calls.issuer).named("Cancelled")
    assert told == [{"id": calls.id(terms), "by": calls.issuer, "documentHash": DOCUMENT}]
    with refused("CallAuction_NotAt", calls.id(terms), Stage.CANCELLED):
        calls.send("cancel", terms, DOCUMENT, sender=calls.issuer)
    calls.refund(terms, order)
    calls.send("payPrincipal", terms)
    assert calls.money(calls.ann) == [PURSE]
    assert calls.held(calls.issuer) == [0]
    with refused("CallAuction_NothingLeft", calls.id(terms), calls.issuer):
        calls.send("payPrincipal", terms)


# ---------------------------------------------------------------------------------- placing


def test_an_order_that_cannot_be_placed(calls):
    """Each reason, with what was given and what is allowed."""
    terms = calls.terms(least_order=2, steps=2, ladders=calls.ladder())
    id_, ann, now = calls.id(terms), calls.ann, calls.kit.now
    with refused("CallAuction_UnknownCall", id_):
        calls.bid(terms, ann, 5)
    calls.open(terms)
    with refused("CallAuction_WrongSide", Side.ASK, Kind.SALE):
        calls.ask(terms, ann, 5)
    with refused("CallAuction_UnknownStep", 2, 2):
        calls.bid(terms, ann, 5, 2)
    for ladder in (1, 2):
        with refused("CallAuction_UnknownLadder", ladder):
            calls.bid(terms, ann, 5, ladder=ladder)
    for lots in (0, 1):
        with refused("CallAuction_TooSmall", lots, 2):
            calls.bid(terms, ann, lots)
    with refused("CallAuction_TooLarge", 2**40, 2**40 - 1):
        calls.bid(terms, ann, 2**40)
    with refused("CallAuction_PrincipalsPerson", calls.issuer, int(calls.issuer, 16)):
        calls.bid(terms, calls.issuer, 5)
    with refused("CallAuction_Short", calls.dollar.address, 0, 2_000_000 * LOT):
        calls.bid(terms, ann, 2_000_000)
    calls.token.send("setAddressFrozen", ann, True, sender=calls.agent)
    with refused("CallAuction_Undeliverable", ann, 50):
        calls.bid(terms, ann, 5)
    later = terms.but(opens_at=now + 10, salt=b"\1" * 32)
    calls.open(later)
    with refused("CallAuction_TooEarly", now + 10, now):
        calls.bid(later, ann, 5)
    calls.kit.now = terms.closes_at
    calls.bid(terms, calls.ben, 5)
    calls.kit.now += 1
    with refused("CallAuction_TooLate", terms.closes_at, terms.closes_at + 1):
        calls.bid(terms, calls.ben, 5)
    calls.close(terms)
    with refused("CallAuction_NotAt", id_, Stage.SETTLING):
        calls.bid(terms, calls.ben, 5)
    with refused("CallAuction_UnknownOrder", id_, 2):
        calls.order(terms, 2)


def test_persons_are_counted_and_not_wallets(kit):
    """Over all wallets of a person; what is withdrawn counts no more (Law 61)."""
    calls = Calls(Compliant(kit, maxHolders=100), issue=False)
    registry, agent = calls.harness.registry, calls.agent
    ann, ben, cid, dan = calls.people[:4]
    registry.send("register", [calls.issuer, ben], [investor(9), investor(1)], sender=agent)
    registry.send("register", [dan], [investor(9)], sender=agent)
    terms = calls.terms(
        registry=registry.address, most_per_person=10, withdraw_until=calls.kit.now + 10
    )
    calls.open(terms)
    order = calls.bid(terms, ann, 6)
    with refused("CallAuction_OverLimit", 1, 11, 10):
        calls.bid(terms, ben, 5)
    calls.bid(terms, ben, 4)
    assert calls.auction.call("orderedBy", calls.id(terms), Side.BID, 1) == 10
    with refused("CallAuction_PrincipalsPerson", dan, 9):
        calls.bid(terms, dan, 1)
    with refused("CallAuction_UnknownPerson", ADA.address, registry.address):
        calls.token.send("setIdentityRegistry", ZERO, sender=calls.owner)
        calls.harness.replace_rules(ZERO)
        calls.bid(terms, ADA.address, 1)
    calls.send("withdraw", terms, order, sender=ann)
    assert calls.auction.call("orderedBy", calls.id(terms), Side.BID, 1) == 4
    calls.bid(terms, ben, 6)
    # Cid joins Ann's person: what it ordered stays the person's that it was.
    mine = calls.bid(terms, cid, 7)
    registry.send("register", [cid], [investor(1)], sender=agent)
    calls.send("withdraw", terms, mine, sender=cid)
    assert calls.auction.call("orderedBy", calls.id(terms), Side.BID, 1) == 10
    assert calls.auction.call("orderedBy", calls.id(terms), Side.BID, 3) == 7


def test_pre_emption_at_a_record(calls):
    """A person orders what its wallets give it a right to, as far as they are counted (Law 61)."""
    calls.harness.issue({calls.ann: 100, calls.ben: 50})
    record = calls.harness.close()
    terms = calls.terms(record_id=record, entitled_lots=1, entitled_shares=20)
    calls.open(terms)
    with refused("CallAuction_OverLimit", int(calls.ann, 16), 1, 0):
        calls.bid(terms, calls.ann, 1)
    told = calls.send("entitle", terms, [calls.ann, calls.ben]).named("Entitled")
    assert [(one["wallet"], one["shares"]) for one in told] == [(calls.ann, 100), (calls.ben, 50)]
    assert calls.auction.call("isEntitled", calls.id(terms), calls.ann) is True
    assert calls.auction.call("entitledSharesOf", calls.id(terms), int(calls.ben, 16)) == 50
    with refused("CallAuction_EntitledBefore", calls.id(terms), calls.ann):
        calls.send("entitle", terms, [calls.ann])
    calls.bid(terms, calls.ann, 5)
    with refused("CallAuction_OverLimit", int(calls.ben, 16), 3, 2):
        calls.bid(terms, calls.ben, 3)
    calls.bid(terms, calls.ben, 2)
    calls.kit.now = terms.closes_at + 1
    with refused("CallAuction_TooLate", terms.closes_at, calls.kit.now):
        calls.send("entitle", terms, [calls.cid])
    other = calls.terms()
    calls.open(other)
    with refused("CallAuction_TermsMismatch", Kind.SALE, ZERO, 0):
        calls.send("entitle", other, [calls.ann])


# --------------------------------------------------------------------------------- signing


def test_a_signed_order_is_brought_by_anybody_once(calls):
    """In time, for the call it names; a nonce is spent for ever."""
    ada, auction = ADA.address, calls.auction
    calls.pay(ada, PURSE)
    terms = calls.terms()
    calls.open(terms)
    placement = calls.placement(terms, ada, 3)
    digest = auction.call("digestOf", placement)
    signature = calls.signed(placement)

    def bring(placement, signature, call=terms):
        return calls.send("placeFor", call, placement, signature, NO_PERMIT)

    with refused("CallAuction_NotSigned", ada):
        bring(placement, calls.signed(placement, BEA))
    with refused("CallAuction_NotSigned", ada):
        bring(placement, calls.signed(placement, chainId=2))
    other = calls.terms(salt=b"\1" * 32)
    calls.open(other)
    with refused("CallAuction_OtherCall", calls.id(terms), calls.id(other)):
        bring(placement, signature, other)
    bring(placement, signature)
    assert calls.order(terms, 1)["owner"] == ada
    assert auction.call("isSpent", ada, 0) is True
    with refused("CallAuction_NonceSpent", ada, 0):
        bring(placement, signature)
    late = calls.placement(terms, ada, 3, nonce=1, until=calls.kit.now - 1)
    with refused("CallAuction_TooLate", calls.kit.now - 1, calls.kit.now):
        bring(late, calls.signed(late))
    told = auction.send("cancelNonce", 5, sender=ada).named("NonceCancelled")
    assert told == [{"signer": ada, "nonce": 5}]
    with refused("CallAuction_NonceSpent", ada, 5):
        auction.send("cancelNonce", 5, sender=ada)
    assert bytes(digest) != NOTHING


def test_an_order_with_a_permit(calls):
    """A permit that the currency refuses is passed over: what counts is the allowance."""
    coin = calls.kit.deploy("PermitCoin")
    coin.send("mint", ADA.address, 10 * LOT)
    terms = calls.terms(ladders=(Ladder(coin.address, LOT), Ladder()))
    calls.open(terms)
    permit = Permit(
        coin, ADA.address, calls.auction.address, 3 * LOT, 0, calls.kit.now, name="Permit coin"
    )
    v, r, s = permit.signed(ADA)
    signed = (calls.kit.now, v, r, s)
    calls.send("placeWithPermit", terms, 0, 3, 0, 0, signed, sender=ADA.address)
    with refused("CallAuction_Short", coin.address, 0, 3 * LOT):
        calls.send("placeWithPermit", terms, 0, 3, 0, 0, signed, sender=ADA.address)
    coin.send("approve", calls.auction.address, 3 * LOT, sender=ADA.address)
    calls.send("placeWithPermit", terms, 0, 3, 0, 0, signed, sender=ADA.address)
    placement = calls.placement(terms, ADA.address, 3)
    permit = Permit(
        coin, ADA.address, calls.auction.address, 3 * LOT, 1, calls.kit.now, name="Permit coin"
    )
    v, r, s = permit.signed(ADA)
    calls.send("placeFor", terms, placement, calls.signed(placement), (calls.kit.now, v, r, s))
    assert calls.escrow(terms) == (9 * LOT, 0, 0)


def test_an_order_that_is_paid_by_signature(calls):
    """The payment names the order, so that no other signature is needed; it pays once."""
    coin = calls.kit.deploy("AuthorizedCoin")
    coin.send("mint", ADA.address, 10 * LOT)
    terms = calls.terms(ladders=(Ladder(coin.address, LOT), Ladder()))
    calls.open(terms)
    placement = calls.placement(terms, ADA.address, 3)
    digest = bytes(calls.auction.call("digestOf", placement))
    paid = calls.authorized(coin, digest, ADA, 3 * LOT)
    other = calls.placement(terms, ADA.address, 3, step=0, nonce=7)
    with refused("CallAuction_Short", coin.address, 0, 3 * LOT):
        calls.send("placeWithAuthorization", terms, other, paid)
    calls.send("placeWithAuthorization", terms, placement, paid)
    assert calls.escrow(terms) == (3 * LOT, 0, 0)
    with refused("CallAuction_NonceSpent", ADA.address, 0):
        calls.send("placeWithAuthorization", terms, placement, paid)
    ask = calls.placement(terms, ADA.address, 3, nonce=8, side=Side.ASK)
    with refused("CallAuction_WrongSide", Side.ASK, Kind.SALE):
        calls.send("placeWithAuthorization", terms, ask, paid)


# ----------------------------------------------------------------------------- withdrawing


def test_an_order_is_withdrawn_in_time(calls):
    """By its owner, who has its money back at once; not twice, and not later (Law 53)."""
    terms = calls.terms(withdraw_until=calls.kit.now + 100)
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 5)
    other = calls.bid(terms, calls.ann, 6)
    with refused("CallAuction_NotOwner", calls.ben, calls.ann):
        calls.send("withdraw", terms, order, sender=calls.ben)
    told = calls.send("withdraw", terms, order, sender=calls.ann).named("Withdrawn")
    assert told == [{"id": calls.id(terms), "order": order, "owner": calls.ann}]
    assert calls.money(calls.ann) == [PURSE - 6 * LOT]
    assert calls.escrow(terms) == (6 * LOT, 0, 0)
    with refused("CallAuction_OrderNotIn", calls.id(terms), order, State.WITHDRAWN):
        calls.send("withdraw", terms, order, sender=calls.ann)
    calls.kit.now += 101
    with refused("CallAuction_TooLate", terms.withdraw_until, calls.kit.now):
        calls.send("withdraw", terms, other, sender=calls.ann)
    with refused("CallAuction_UnknownOrder", calls.id(terms), 9):
        calls.send("withdraw", terms, 9, sender=calls.ann)


def test_a_signed_withdrawal(calls):
    """Anybody brings it in time."""
    calls.pay(ADA.address, PURSE)
    terms = calls.terms(withdraw_until=calls.kit.now + 100)
    calls.open(terms)
    order = calls.bid(terms, ADA.address, 5)
    until = calls.kit.now
    with refused("CallAuction_NotSigned", ADA.address):
        signature = calls.withdrawal(terms, order, until, BEA)
        calls.send("withdrawFor", terms, order, until, signature)
    with refused("CallAuction_TooLate", until - 1, until):
        signature = calls.withdrawal(terms, order, until - 1, ADA)
        calls.send("withdrawFor", terms, order, until - 1, signature)
    calls.send("withdrawFor", terms, order, until, calls.withdrawal(terms, order, until, ADA))
    assert calls.money(ADA.address) == [PURSE]


def test_orders_that_cannot_be_delivered_are_struck_and_restored(calls):
    """By anybody, until the close; the money stays; never while the token is paused (Law 59)."""
    terms = calls.terms()
    calls.open(terms)
    orders = [calls.bid(terms, who, 5) for who in (calls.ann, calls.ben)]
    calls.token.send("setAddressFrozen", calls.ann, True, sender=calls.agent)
    calls.token.send("pause", sender=calls.agent)
    with refused("CallAuction_TokenPaused", calls.token.address):
        calls.send("strike", terms, orders)
    calls.token.send("unpause", sender=calls.agent)
    assert [one["order"] for one in calls.send("strike", terms, orders).named("Struck")] == [1]
    assert calls.state(terms, 1) == State.STRUCK
    assert list(calls.auction.call("interestAt", calls.id(terms), 0)) == [5, 0]
    assert calls.escrow(terms) == (10 * LOT, 0, 0)
    assert calls.send("restore", terms, orders).events == ()
    calls.token.send("setAddressFrozen", calls.ann, False, sender=calls.agent)
    assert [one["order"] for one in calls.send("restore", terms, orders).named("Restored")] == [1]
    assert list(calls.auction.call("interestAt", calls.id(terms), 0)) == [10, 0]
    calls.token.send("setAddressFrozen", calls.ann, True, sender=calls.agent)
    calls.send("strike", terms, orders)
    calls.close(terms)
    with refused("CallAuction_NotAt", calls.id(terms), Stage.SETTLING):
        calls.send("strike", terms, orders)
    calls.settle(terms)
    assert calls.got(terms, *orders) == [(0, 0), (5, 5)]
    with refused("CallAuction_NotRefundable", calls.id(terms), 1, terms.settle_by):
        calls.refund(terms, 1)
    calls.late(terms)
    calls.refund(terms, *orders)
    assert calls.money(calls.ann) == [PURSE]
    assert calls.escrow(terms) == (0, 0, 0)


# --------------------------------------------------------------------------------- closing


def test_when_an_offering_is_closed(calls):
    """After its last second for orders, until the last for the close; else it can fail (Law 58)."""
    terms = calls.terms(valuer=ZERO)
    calls.open(terms)
    calls.bid(terms, calls.ann, 5)
    with refused("CallAuction_TooEarly", terms.closes_at + 1, calls.kit.now):
        calls.send("close", terms)
    with refused("CallAuction_NotValuer", calls.stranger, ZERO):
        calls.send("closeAt", terms, LOT)
    calls.kit.now = terms.close_by
    with refused("CallAuction_TooEarly", terms.close_by + 1, terms.close_by):
        calls.send("fail", terms)
    calls.kit.now += 1
    with refused("CallAuction_TooLate", terms.close_by, terms.close_by + 1):
        calls.send("close", terms)
    told = calls.send("fail", terms).named("Failed")
    assert told == [{"id": calls.id(terms), "reason": Failure.NOT_CLOSED}]
    with refused("CallAuction_NotAt", calls.id(terms), Stage.FAILED):
        calls.send("fail", terms)
    calls.refund(terms, 1)
    assert calls.money(calls.ann) == [PURSE]


def test_the_principal_accepts_what_was_cleared(calls):
    """Or it does not in time, and everything goes back (Law 58)."""
    terms = calls.terms(accept_by=calls.kit.now + 3 * DAY)
    for salt in (b"\1" * 32, b"\2" * 32):
        terms = terms.but(salt=salt)
        calls.open(terms)
        calls.bid(terms, calls.ann, 5)
    refused_one = terms.but(salt=b"\1" * 32)
    calls.close(terms)
    calls.close(refused_one)
    assert calls.stage(terms) == Stage.CLEARED
    with refused("CallAuction_NotAt", calls.id(terms), Stage.CLEARED):
        calls.settle(terms)
    with refused("CallAuction_NotPrincipal", calls.ann, calls.issuer):
        calls.send("accept", terms, sender=calls.ann)
    with refused("CallAuction_NotRefundable", calls.id(terms), 1, terms.settle_by):
        calls.refund(terms, 1)
    assert calls.send("accept", terms, sender=calls.issuer).named("Accepted")
    calls.settle(terms)
    assert calls.got(terms, 1) == [(5, 5)]
    calls.kit.now = terms.accept_by + 1
    with refused("CallAuction_TooLate", terms.accept_by, calls.kit.now):
        calls.send("accept", refused_one, sender=calls.issuer)
    told = calls.send("fail", refused_one).named("Failed")
    assert told[0]["reason"] == Failure.NOT_ACCEPTED
    calls.refund(refused_one, 1)
    assert calls.money(calls.ann) == [PURSE - 5 * LOT]


@pytest.mark.parametrize(
    ("lots", "reason"), [(0, Failure.NO_VOLUME), (49, Failure.BELOW_LEAST)], ids=["none", "few"]
)
def test_a_failed_offering_pays_everything_back(calls, lots, reason):
    """Too few lots: nobody gets shares, and the principal no money (Law 58)."""
    terms = soft(calls, 50)
    calls.open(terms)
    orders = [calls.bid(terms, calls.ann, lots)] if lots else []
    assert calls.close(terms).named("Failed")[0]["reason"] == reason
    with refused("CallAuction_NotAt", calls.id(terms), Stage.FAILED):
        calls.settle(terms)
    told = calls.refund(terms, *orders, *orders).named("Refunded")
    assert [one["money"] for one in told] == [lots * LOT] * len(orders)
    assert calls.money(calls.ann, calls.issuer) == [PURSE, PURSE]
    assert calls.escrow(terms) == (0, 0, 0)
    with refused("CallAuction_NothingLeft", calls.id(terms), calls.issuer):
        calls.send("payPrincipal", terms)


# ------------------------------------------------------------------------------- delivering


def test_a_delivery_that_fails_is_tried_again(calls):
    """It changes nothing; others are delivered; the money goes back in the end (Law 59)."""
    terms = calls.terms()
    id_ = calls.id(terms)
    calls.open(terms)
    orders = [calls.bid(terms, who, 5) for who in (calls.ann, calls.ben, calls.cid)]
    calls.close(terms)
    for who in (calls.ann, calls.cid):
        calls.token.send("setAddressFrozen", who, True, sender=calls.agent)
    receipt = calls.settle(terms)
    assert [one["bid"] for one in receipt.named("NotDelivered")] == [1, 3]
    assert calls.got(terms, *orders) == [(5, 0), (5, 5), (5, 0)]
    assert calls.state(terms, 1) == State.ALLOTTED
    assert calls.escrow(terms) == (10 * LOT, 0, 0)
    with refused("CallAuction_NotAPair", 1, 2):
        calls.send("deliver", terms, [(1, 2)])
    with refused("CallAuction_OrderNotIn", id_, 2, State.ENDED):
        calls.send("deliver", terms, [(2, 0)])
    with refused("CallAuction_UnknownOrder", id_, 4):
        calls.send("deliver", terms, [(4, 0)])
    calls.token.send("setAddressFrozen", calls.ann, False, sender=calls.agent)
    receipt = calls.send("deliver", terms, [(1, 0), (3, 0)])
    assert [one["bid"] for one in receipt.named("Delivered")] == [1]
    assert calls.got(terms, *orders) == [(5, 5), (5, 5), (5, 0)]
    assert calls.money(calls.issuer) == [PURSE + 10 * LOT]
    calls.late(terms)
    with refused("CallAuction_TooLate", terms.settle_by, calls.kit.now):
        calls.send("deliver", terms, [(3, 0)])
    calls.token.send("setAddressFrozen", calls.cid, False, sender=calls.agent)
    calls.refund(terms, *orders)
    assert calls.money(*calls.people[:3]) == [PURSE - 5 * LOT, PURSE - 5 * LOT, PURSE]
    assert calls.got(terms, 3) == [(5, 0)]
    assert calls.escrow(terms) == (0, 0, 0)


def test_nobody_makes_a_delivery_fail_by_bringing_little_gas(calls):
    """What would leave too little is refused whole."""
    terms = calls.terms(delivery_gas=2_000_000)
    calls.open(terms)
    calls.bid(terms, calls.ann, 5)
    calls.close(terms)
    data = calls.kit.codec.call("CallAuction", "settle", terms.encodable(), 10)
    with pytest.raises(Exception) as caught:
        calls.kit.transact(calls.stranger, calls.auction.address, data, gas=1_500_000)
    assert caught.value.name == "CallAuction_TooLittleGas"
    assert caught.value.values[1] == 2_000_000
    calls.settle(terms)
    assert calls.got(terms, 1) == [(5, 5)]


def test_settlement_ends_with_its_last_second(calls):
    """Then everything that was not delivered goes back, whoever settled or not (Law 58)."""
    terms = calls.sale()
    calls.open(terms)
    orders = [calls.bid(terms, who, 5) for who in (calls.ann, calls.ben)]
    calls.close(terms)
    calls.settle(terms, 1)
    with refused("CallAuction_NotAt", calls.id(terms), Stage.SETTLING):
        calls.send("deliver", terms, [(1, 0)])
    calls.late(terms)
    with refused("CallAuction_TooLate", terms.settle_by, calls.kit.now):
        calls.settle(terms)
    calls.refund(terms, *orders)
    calls.send("payPrincipal", terms)
    assert calls.money(calls.ann, calls.ben) == [PURSE - 5 * LOT, PURSE]
    assert calls.held(calls.issuer) == [0]
    assert calls.escrow(terms) == (0, 0, 0)


def test_a_successor_receives_and_is_paid(calls):
    """Shares and money of a lost wallet go to the wallet in its place (Law 59)."""
    terms = calls.terms(lots=10)
    calls.open(terms)
    calls.bid(terms, calls.ann, 20)
    calls.token.send("recoveryAddress", calls.ann, calls.ben, ZERO, sender=calls.agent)
    calls.close(terms)
    calls.settle(terms)
    assert calls.shares(calls.ann, calls.ben) == [0, 100]
    assert calls.money(calls.ann, calls.ben) == [PURSE - 20 * LOT, PURSE + 10 * LOT]


# ---------------------------------------------------------------------------------- paying


def test_proceeds_wait_until_enough_is_delivered(calls):
    """Not a unit goes to the principal before; then all of it (Law 58)."""
    terms = soft(calls, 8, fee_to=calls.eve, fee_bps=100)
    calls.open(terms)
    for who in (calls.ann, calls.ben):
        calls.bid(terms, who, 5)
    calls.close(terms)
    calls.settle(terms, 1)
    assert calls.escrow(terms) == (5 * LOT, 5 * LOT, 0)
    with refused("CallAuction_NothingLeft", calls.id(terms), calls.issuer):
        calls.send("payPrincipal", terms)
    calls.settle(terms)
    assert calls.money(calls.issuer, calls.eve) == [PURSE + 10 * LOT - 100_000, PURSE + 100_000]
    assert calls.escrow(terms) == (0, 0, 0)


@pytest.mark.parametrize("mint", [True, False], ids=["minted", "held"])
def test_shares_are_given_back_if_too_few_were_delivered(calls, mint):
    """For what they cost, until the last second; what nobody gives back is the principal's."""
    terms = soft(calls, 8, fee_to=calls.eve, fee_bps=100)
    if not mint:
        terms = terms.but(mint=False, opener=calls.issuer)
    id_ = calls.id(terms)
    calls.open(terms)
    for who in (calls.ann, calls.ben):
        calls.bid(terms, who, 5)
    calls.close(terms)
    calls.token.send("setAddressFrozen", calls.ben, True, sender=calls.agent)
    calls.settle(terms)
    give = calls.send
    with refused("CallAuction_TooEarly", terms.settle_by + 1, calls.kit.now):
        give("returnShares", terms, 1, 2, sender=calls.ann)
    calls.late(terms)
    calls.token.send("approve", calls.auction.address, 10**6, sender=calls.ann)
    with refused("CallAuction_NotOwner", calls.ben, calls.ann):
        give("returnShares", terms, 1, 2, sender=calls.ben)
    with refused("CallAuction_TooSmall", 0, 1):
        give("returnShares", terms, 1, 0, sender=calls.ann)
    with refused("CallAuction_OverDelivered", 6, 5):
        give("returnShares", terms, 1, 6, sender=calls.ann)
    told = give("returnShares", terms, 1, 2, sender=calls.ann).named("Returned")
    assert told == [{"id": id_, "order": 1, "owner": calls.ann, "lots": 2, "paid": 2 * LOT}]
    assert calls.got(terms, 1) == [(5, 3)]
    assert calls.call(terms)["delivered"] == 3
    assert calls.shares(calls.ann) == [30]
    assert calls.escrow(terms) == (5 * LOT, 3 * LOT, 0)
    with refused("CallAuction_OverDelivered", 4, 3):
        give("returnShares", terms, 1, 4, sender=calls.ann)
    calls.kit.now = terms.return_until + 1
    with refused("CallAuction_TooLate", terms.return_until, calls.kit.now):
        give("returnShares", terms, 1, 1, sender=calls.ann)
    calls.refund(terms, 2)
    calls.send("payPrincipal", terms)
    assert calls.money(calls.issuer, calls.eve) == [PURSE + 3 * LOT - 30_000, PURSE + 30_000]
    assert calls.escrow(terms) == (0, 0, 0)
    assert calls.held(calls.issuer) == [0]
    whole = soft(calls, 5, salt=b"\1" * 32)
    with refused("CallAuction_UnknownCall", calls.id(whole)):
        calls.refund(whole, 1)


def test_nothing_is_given_back_once_enough_was_delivered(calls):
    """The principal's money is its own then."""
    terms = soft(calls, 5)
    calls.open(terms)
    calls.bid(terms, calls.ann, 5)
    with refused("CallAuction_NotAt", calls.id(terms), Stage.OPEN):
        calls.send("returnShares", terms, 1, 1, sender=calls.ann)
    with refused("CallAuction_NotAt", calls.id(terms), Stage.OPEN):
        calls.send("payPrincipal", terms)
    calls.close(terms)
    calls.settle(terms)
    calls.late(terms)
    with refused("CallAuction_EnoughDelivered", 5, 5):
        calls.send("returnShares", terms, 1, 1, sender=calls.ann)


def test_who_cannot_be_paid_is_owed(calls):
    """Others are paid; it takes what it is owed later, or chooses where to (Laws 53, 59)."""
    coin = calls.kit.deploy("BlockList")
    for who in calls.people[:3]:
        calls.pay(who, 100 * LOT, coin)
    terms = calls.terms(
        lots=10, ladders=(Ladder(coin.address, LOT), Ladder()),
        take_until=calls.kit.now + 30 * DAY, sweep_to=calls.eve,
    )  # fmt: skip
    id_ = calls.id(terms)
    calls.open(terms)
    for who in calls.people[:3]:
        calls.bid(terms, who, 10)
    calls.close(terms)
    for who in (*calls.people[:2], calls.issuer):
        coin.send("setBlocked", who, True)
    receipt = calls.settle(terms)
    owed = [(one["account"], one["amount"]) for one in receipt.named("Owed")]
    assert owed == [(calls.ann, 7 * LOT), (calls.ben, 7 * LOT), (calls.issuer, 10 * LOT)]
    assert calls.escrow(terms) == (0, 0, 24 * LOT)
    assert coin.call("balanceOf", calls.cid) == 96 * LOT
    with refused("CallAuction_PaymentFailed", coin.address, calls.ann, 7 * LOT):
        calls.send("take", terms, 0, calls.ann)
    with refused("CallAuction_NothingLeft", id_, calls.cid):
        calls.send("take", terms, 0, calls.cid)
    with refused("CallAuction_UnknownLadder", 2):
        calls.send("take", terms, 2, calls.cid)
    with refused("CallAuction_NotOwner", calls.ben, calls.ann):
        calls.send("takeTo", terms, 0, calls.ann, calls.dan, sender=calls.ben)
    for nobody in (ZERO, calls.auction.address):
        with refused("CallAuction_InvalidReceiver", nobody):
            calls.send("takeTo", terms, 0, calls.ann, nobody, sender=calls.ann)
    told = calls.send("takeTo", terms, 0, calls.ann, calls.dan, sender=calls.ann).named("Taken")
    assert told == [
        {"id": id_, "account": calls.ann, "currency": coin.address, "receiver": calls.dan,
         "amount": 7 * LOT}
    ]  # fmt: skip
    coin.send("setBlocked", calls.issuer, False)
    calls.send("take", terms, 0, calls.issuer)
    assert (coin.call("balanceOf", calls.dan), coin.call("balanceOf", calls.issuer)) == (
        7 * LOT, 10 * LOT,
    )  # fmt: skip
    with refused("CallAuction_TooEarly", terms.take_until + 1, calls.kit.now):
        calls.send("sweep", terms, 0)
    calls.kit.now = terms.take_until + 1
    with refused("CallAuction_TooLate", terms.take_until, calls.kit.now):
        calls.send("take", terms, 0, calls.ben)
    assert calls.owed(terms, calls.ben) == 7 * LOT
    told = calls.send("sweep", terms, 0).named("Swept")
    assert [(one["recipient"], one["amount"]) for one in told] == [(calls.eve, 7 * LOT)]
    assert calls.owed(terms, calls.ben) == 0
    with refused("CallAuction_NothingLeft", id_, calls.eve):
        calls.send("sweep", terms, 0)
    with refused("CallAuction_UnknownLadder", 2):
        calls.send("sweep", terms, 2)


def test_a_currency_that_moves_and_says_no(calls):
    """A page does not go on then: what it moved would be owed once more (Law 53)."""
    coin = calls.kit.deploy("FalseAfterMoving")
    calls.pay(calls.ann, 100 * LOT, coin)
    terms = calls.terms(lots=10, ladders=(Ladder(coin.address, LOT), Ladder()))
    calls.open(terms)
    calls.bid(terms, calls.ann, 12)
    calls.close(terms)
    coin.send("setBroken", True)
    with refused("CallAuction_PaymentFailed", coin.address, calls.ann, 2 * LOT):
        calls.settle(terms)
    with refused("CallAuction_NotAt", calls.id(terms), Stage.SETTLING):
        calls.send("cancel", terms, DOCUMENT, sender=terms.opener)
    with refused("CallAuction_NothingLeft", calls.id(terms), ZERO):
        calls.send("sweep", terms, 0)


def test_a_currency_of_which_less_arrives(calls):
    """Is refused with what arrived (Law 53)."""
    coin = calls.kit.deploy("FeeOnTransfer")
    calls.pay(calls.ann, 100 * LOT, coin)
    terms = calls.terms(ladders=(Ladder(coin.address, LOT), Ladder()))
    calls.open(terms)
    coin.send("setFee", 100)
    with refused("CallAuction_Short", coin.address, 9_900_000, 10 * LOT):
        calls.bid(terms, calls.ann, 10)
    assert coin.call("balanceOf", calls.ann) == 100 * LOT

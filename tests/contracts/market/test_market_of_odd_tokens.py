"""Calls and exchanges at their edges: tokens that lie, voided keeps, numbers too large."""

from __future__ import annotations

import pytest
from eth_utils import function_signature_to_4byte_selector

from tests.chainkit import Reverted, RevmKit
from tests.contracts.compliant import Compliant
from tests.contracts.harness import DAY, NOTHING, Harness, refused
from tests.contracts.market.calls import ADA, Calls, Ladder, Stage, State
from tests.contracts.market.exchanging import Exchanging
from tests.contracts.market.test_exchange_explanations import Explained
from tests.contracts.overlay import divert, overlaid, word

LOT = 1_000_000
MOST_LOTS = 2**40 - 1
EXPLAIN = "explain(address,address,uint256)"


@pytest.fixture
def calls(kit: RevmKit) -> Calls:
    """The issuer sells; five people have 1,000 shares each."""
    return Calls(Harness(kit), holders=1_000)


def undeliverable(owner: str, shares: int) -> bytes:
    """The error as a log has it."""
    selector = function_signature_to_4byte_selector("CallAuction_Undeliverable(address,uint256)")
    return selector + bytes(12) + bytes.fromhex(owner[2:]) + shares.to_bytes(32, "big")


# --------------------------------------------------------------------------------- calls


def test_who_is_entitled_must_be_somebody_the_registry_knows(kit):
    """Shares of several wallets are one person's; a wallet of nobody is refused (Law 61)."""
    calls = Calls(Compliant(kit, maxHolders=100), issue=False)
    harness = calls.harness
    harness.issue({calls.ann: 100, calls.ben: 60})
    harness.know({calls.ben: harness.registry.call("investorOf", calls.ann)})
    record = harness.close()
    terms = calls.terms(
        record_id=record, entitled_lots=1, entitled_shares=20, registry=harness.registry.address
    )
    calls.open(terms)
    with refused("CallAuction_UnknownPerson", ADA.address, harness.registry.address):
        calls.send("entitle", terms, [calls.ann, ADA.address])
    told = calls.send("entitle", terms, [calls.ann, calls.ben]).named("Entitled")
    assert [(one["person"], one["shares"]) for one in told] == [(1, 100), (1, 60)]
    assert calls.auction.call("entitledSharesOf", calls.id(terms), 1) == 160
    with refused("CallAuction_OverLimit", 1, 9, 8):
        calls.bid(terms, calls.ben, 9)


def test_more_lots_than_can_be_counted_fail_when_the_call_closes(calls):
    """Shares issued since it was opened can be more: nothing is cut, all can be refunded."""
    terms = calls.among(lot=1, steps=1, ladders=(Ladder(calls.dollar.address, 1), Ladder()))
    calls.open(terms)
    calls.harness.issue(dict.fromkeys((calls.ann, calls.ben), MOST_LOTS))
    for who in (calls.cid, calls.dan):
        calls.pay(who, MOST_LOTS)
        calls.bid(terms, who, MOST_LOTS)
    for who in (calls.ann, calls.ben):
        calls.ask(terms, who, MOST_LOTS)
    with refused("CallAuction_TooLarge", 2 * MOST_LOTS, MOST_LOTS):
        calls.close(terms)
    calls.kit.now = terms.close_by + 1
    calls.send("fail", terms)
    assert calls.stage(terms) == Stage.FAILED
    calls.refund(terms, 1, 2, 3, 4)
    assert calls.escrow(terms) == (0, 0, 0)
    assert calls.held(calls.ann, calls.ben) == [0, 0]


def test_an_ask_whose_keep_the_issuer_voided_is_struck(calls):
    """Its shares are free again, so that it could not be delivered (Law 59)."""
    terms = calls.among()
    calls.open(terms)
    order = calls.ask(terms, calls.ann, 50, 2)
    parties = (calls.auction.address, calls.token.address, calls.ann)
    calls.holds.send("voidKept", *parties, NOTHING, sender=calls.owner)
    [struck] = calls.send("strike", terms, [order]).named("Struck")
    assert struck["reason"] == undeliverable(calls.ann, 500)
    assert calls.state(terms, order) == State.STRUCK
    calls.consent(calls.ann)
    assert calls.send("restore", terms, [order]).events == ()
    calls.close(terms)
    calls.refund(terms, order)
    assert calls.shares(calls.ann) == [1_000]


def test_a_pair_is_delivered_as_far_as_the_smaller_of_the_two(calls):
    """Whichever order has more left, it keeps the rest (Law 55)."""
    terms = calls.among(steps=1)
    calls.open(terms)
    bid = calls.bid(terms, calls.dan, 30)
    asks = [calls.ask(terms, calls.ann, 10), calls.ask(terms, calls.ben, 20)]
    calls.close(terms)
    calls.token.send("setAddressFrozen", calls.dan, True, sender=calls.agent)
    calls.settle(terms)
    assert calls.got(terms, bid, *asks) == [(30, 0), (10, 0), (20, 0)]
    calls.token.send("setAddressFrozen", calls.dan, False, sender=calls.agent)
    assert calls.send("deliver", terms, [(bid, asks[1])]).named("Delivered")
    assert calls.got(terms, bid, *asks) == [(30, 20), (10, 0), (20, 20)]
    calls.send("deliver", terms, [(bid, asks[0])])
    assert calls.got(terms, bid, *asks) == [(30, 30), (10, 10), (20, 20)]
    assert calls.escrow(terms) == (0, 0, 0)


def test_of_two_that_wait_the_bid_can_be_the_smaller(calls):
    """The ask keeps what the bid does not take."""
    terms = calls.among(steps=1)
    calls.open(terms)
    bids = [calls.bid(terms, calls.cid, 10), calls.bid(terms, calls.dan, 20)]
    ask = calls.ask(terms, calls.ann, 30)
    calls.close(terms)
    for who in (calls.cid, calls.dan):
        calls.token.send("setAddressFrozen", who, True, sender=calls.agent)
    calls.settle(terms)
    for who in (calls.cid, calls.dan):
        calls.token.send("setAddressFrozen", who, False, sender=calls.agent)
    calls.send("deliver", terms, [(bids[1], ask)])
    assert calls.got(terms, *bids, ask) == [(10, 0), (20, 20), (30, 20)]


def test_shares_are_not_given_back_to_a_token_that_says_false(calls):
    """No money for shares that have not come."""
    terms = calls.sale(least_lots=50, return_until=calls.kit.now + 20 * DAY)
    calls.open(terms)
    order = calls.bid(terms, calls.ann, 40)
    calls.bid(terms, calls.ben, 20)
    calls.close(terms)
    calls.token.send("setAddressFrozen", calls.ben, True, sender=calls.agent)
    calls.settle(terms)
    calls.late(terms)
    before = calls.money(calls.ann)
    overlay = overlaid(calls.kit, calls.token)
    divert(overlay, "transferFrom(address,address,uint256)", word(calls.kit, 0))
    with refused("CallAuction_Undeliverable", calls.issuer, 400):
        calls.send("returnShares", terms, order, 40, sender=calls.ann)
    assert calls.money(calls.ann) == before
    divert(overlay, "transferFrom(address,address,uint256)", "0x" + "00" * 20)
    calls.token.send("approve", calls.auction.address, 400, sender=calls.ann)
    calls.send("returnShares", terms, order, 40, sender=calls.ann)
    assert calls.money(calls.ann) == [before[0] + 40 * LOT]


def test_nothing_is_owed_by_a_call_that_was_never_opened(calls):
    terms = calls.terms()
    with refused("CallAuction_UnknownCall", calls.id(terms)):
        calls.send("take", terms, 0, calls.ann)


# ------------------------------------------------------------------------------- exchanges


def test_who_gives_other_shares_cannot_receive_them(kit):
    """An exchange by whoever the other shares come from is refused before it is tried."""
    x = Explained(Harness(kit))
    x.harness.issue({x.ann: 1_000, x.dan: 50})
    x.other.send("mint", x.dan, 50, sender=x.agent)
    x.other.send("setHoldsContract", x.holds.address, sender=x.owner)
    it = x.open(x.redemption(gets=0, other=x.other.address, other_shares=1, other_from=x.dan))
    x.consent(30, x.kit.now + DAY, x.dan, x.other)
    assert x.explain(it, 20)[2] == 30
    obstacles, _, most = x.explain(it, 20, x.dan)
    assert (len(obstacles), most) == (1, 0)
    assert not x.passes(it, 20, x.dan)


def test_the_most_of_a_token_that_never_ends_to_say_no_is_nothing(kit):
    """A token that refuses every number, and names one less as the most, is not asked for ever."""
    x = Explained(Harness(kit))
    x.harness.issue({x.ann: 1_000})
    it = x.facility(10**12, burns=False, acquirer=x.ben)
    assert x.explain(it, 31) == ([], [], 1_000)
    stubborn = kit.deploy("ExplainingToken")
    stubborn.send("setStubborn", True)
    divert(overlaid(kit, x.token), EXPLAIN, stubborn.address)
    _, _, most = x.explain(it, 31)
    assert most == 0


def test_more_held_than_there_is_counts_as_all(exchanging: Exchanging):
    """A token that says so ties no more money than the shares brought."""
    x = exchanging
    it = x.open(x.maturity())
    x.begin(it)
    divert(overlaid(x.kit, x.token), "heldOf(address)", word(x.kit, 2**96))
    x.carry_out(it, x.ann)
    assert x.shares(x.ann) == [0]
    paid, others, tied = x.owed(it, x.ann)
    assert (others, x.money(x.ann)) == (0, [0])
    assert max(paid, tied) == x.quote(it, 1_000)[0] > 0


def test_a_page_with_too_little_gas_is_refused_whole(exchanging: Exchanging):
    """At every amount of gas either nobody is exchanged or all are."""
    x = exchanging
    it = x.open(x.maturity())
    x.begin(it)
    data = x.kit.codec.call("ShareExchange", "carryOut", it, [x.ann, x.ben])
    names = []
    for gas in range(300_000, 6_000_000, 50_000):
        try:
            x.kit.transact(x.stranger, x.exchange.address, data, gas=gas)
        except Reverted as error:
            names.append(error.name)
            assert x.shares(x.ann, x.ben) == [1_000, 500]
        else:
            break
    assert x.shares(x.ann, x.ben) == [0, 0]
    assert names[-1] == "ShareExchange_TooLittleGas"

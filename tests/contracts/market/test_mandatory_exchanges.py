"""Mandatory exchanges: everybody's shares, in pages, with all the money there from the start."""

from __future__ import annotations

import random

import pytest

from tests.chainkit import ZERO, Reverted
from tests.contracts.compliant import Compliant
from tests.contracts.harness import DAY, NOTHING, person, refused
from tests.contracts.market.exchanging import NOTICE, Exchanging, Reason, Stage
from tests.contracts.trading import MAX

# ------------------------------------------------------------------------------------- opening

WRONG = {
    "no notice": ({"opens_at": 0}, "TimesOutOfOrder", ("now", 0)),
    "opens now": ({"opens_at": "now"}, "TimesOutOfOrder", ("now", "now")),
    "never closes": ({"closes_at": 0}, "TimesOutOfOrder", ("tomorrow", 0)),
    "valuer": (
        {"valuer": "ann", "most_price": 2_000_000}, "NotForMandatory", ("ann", 0, 0),
    ),
    "pays": ({"pays": 2}, "NotForMandatory", (ZERO, 2, 0)),
    "day": ({"day_limit": 3}, "NotForMandatory", (ZERO, 0, 3)),
    "nothing": ({"gets": 0}, "GetsNothing", (0, 0)),
    "no document": ({"document": NOTHING}, "NoDocument", ("token",)),
}  # fmt: skip


def spelt(x, value):
    """A name turned into an address or a time."""
    if value in ("now", "tomorrow"):
        return x.kit.now + (DAY if value == "tomorrow" else 0)
    found = getattr(x, value) if isinstance(value, str) and not value.startswith("0x") else value
    return getattr(found, "address", found)


@pytest.mark.attack("J21")
@pytest.mark.parametrize("name", WRONG)
def test_a_squeeze_out_for_nothing_or_without_notice_is_refused(exchanging, name):
    x = exchanging
    changes, error, values = WRONG[name]
    terms = x.maturity(**{key: spelt(x, value) for key, value in changes.items()})
    with refused(f"ShareExchange_{error}", *(spelt(x, value) for value in values)):
        x.opening(terms, 0)


@pytest.mark.attack("J21")
def test_only_the_owner_opens_a_mandatory_exchange_and_all_see_it(exchanging):
    """And nobody is exchanged before it opens (Law 65)."""
    x = exchanging
    terms = x.maturity()
    for sender in (x.agent, x.ann):
        with refused("ShareExchange_NotOwnerOrAgent", sender, x.token.address):
            x.opening(terms, 0, sender=sender)
    [event] = x.opening(terms).named("Opened")
    assert event["terms"][-1] == NOTICE
    it = event["id"]
    assert x.of(it)["stage"] == Stage.NOTICED
    with refused("ShareExchange_TooEarly", terms.opens_at, x.kit.now):
        x.carry_out(it, x.ann)
    assert x.shares(x.ann) == [1_000]


def test_all_the_money_must_be_there(exchanging):
    """With a unit less it is not opened (Law 63)."""
    x = exchanging
    needed = x.needed(x.maturity())
    assert needed == 1_500 * 1_250_000
    with refused("ShareExchange_TooLittleFunding", needed - 1, needed):
        x.opening(x.maturity(), needed - 1)
    x.opening(x.maturity(), needed)


def test_what_fractions_can_bring_is_funded_too(exchanging):
    x = exchanging
    # Three for ten, 7.00 each: a wallet of one share gets 2.10 in lieu.
    assert x.needed(x.merger()) == 1_500 * 2_100_000
    # Whatever is over whole shares: 13 for 10 leave what 3 for 10 leave.
    assert x.needed(x.merger(other_shares=13)) == 1_500 * 2_100_000
    assert x.needed(x.merger(other_shares=20)) == 0


# -------------------------------------------------------------------------------------- pages


def test_a_merger_pays_each_its_floor_and_the_fraction_in_lieu(exchanging):
    """Shares and money in lieu are all that one is entitled to (Law 64)."""
    x = exchanging
    x.harness.issue({x.cid: 7})
    it = x.open(x.merger())
    x.begin(it)
    receipt = x.carry_out(it, x.ann, x.ben, x.cid, x.dan)
    assert [e["otherShares"] for e in receipt.named("Exchanged")] == [300, 150, 2]
    assert receipt.named("Skipped") == [{"id": it, "holder": x.dan, "reason": Reason.NO_SHARES}]
    assert x.others(x.ann, x.ben, x.cid) == [300, 150, 2]
    assert x.money(x.cid) == [700_000]
    assert x.exchange.call("missingFunds", it) == 0
    [event] = x.exchange.send("close", it).named("Closed")
    assert event == {"id": it, "amount": x.needed(x.merger()) + 1_507 * 2_100_000 - 700_000}
    assert x.money(x.exchange.address) == [0]


def test_a_page_can_be_repeated_by_anyone(exchanging):
    x = exchanging
    it = x.open(x.maturity())
    x.begin(it)
    first = x.carry_out(it, x.ann, x.ann, x.ben)
    assert [e["shares"] for e in first.named("Exchanged")] == [1_000, 500]
    again = x.carry_out(it, x.ann, x.ben, sender=x.dan)
    assert [e["reason"] for e in again.named("Skipped")] == [Reason.NO_SHARES] * 2
    assert x.money(x.ann, x.ben) == [1_250_000_000, 625_000_000]


def test_a_squeeze_out_gives_all_shares_to_the_acquirer_and_locks_them(exchanging):
    x = exchanging
    x.harness.issue({x.acquirer: 10_000})
    x.consent(11_500, x.kit.now + 30 * DAY)
    it = x.open(x.squeeze_out(), None, 10_000)
    assert x.token.call("heldOf", x.acquirer) == 10_000
    x.begin(it)
    receipt = x.carry_out(it, x.ann, x.acquirer)
    assert receipt.named("Skipped") == [{"id": it, "holder": x.acquirer, "reason": Reason.LOCKED}]
    with refused("ShareExchange_SharesLeft", it, 500):
        x.exchange.send("close", it)
    x.carry_out(it, x.ben)
    assert x.shares(x.ann, x.ben, x.acquirer) == [0, 0, 11_500]
    assert x.token.call("heldOf", x.acquirer) == 11_500 == x.of(it)["locked"]
    x.exchange.send("close", it)
    assert (x.token.call("heldOf", x.acquirer), x.of(it)["locked"]) == (0, 0)
    assert x.money(x.exchange.address) == [0]


def test_the_acquirer_s_consent_must_last_and_reach(exchanging):
    x = exchanging
    x.harness.issue({x.acquirer: 10_000})
    terms = x.squeeze_out()
    with refused("ShareExchange_ConsentTooShort", x.acquirer, 0, terms.closes_at):
        x.opening(terms, None, 10_000)
    x.consent(11_500, terms.closes_at - 1)
    with refused("ShareExchange_ConsentTooShort", x.acquirer, terms.closes_at - 1, terms.closes_at):
        x.opening(terms, None, 0)
    x.consent(11_499, terms.closes_at)
    with refused("Holds_OverConsent", x.exchange.address, 11_500, 11_499):
        x.opening(terms, None, 10_000)
    x.consent(11_500, terms.closes_at)
    x.opening(terms, None, 10_000)


def test_shares_are_locked_in_the_acquirer_s_own_wallet(kit, harness):
    x = Exchanging(harness, appointed=False)
    harness.issue({x.ann: 10, x.acquirer: 90})
    x.token.send("approve", x.holds.address, MAX, sender=x.acquirer)
    terms = x.squeeze_out()
    x.consent(200, terms.closes_at)
    with refused("ShareExchange_Short", x.token.address, 0, 90):
        x.opening(terms, None, 90)


def test_only_an_acquirer_locks_and_only_in_a_mandatory_exchange(exchanging):
    x = exchanging
    with refused("ShareExchange_WrongAcquirer", ZERO):
        x.opening(x.maturity(), 0, 5)
    with refused("ShareExchange_WrongAcquirer", x.ann):
        x.opening(x.redemption(acquirer=x.ann), 0, 5)


def test_shares_that_the_acquirer_bought_meanwhile_are_locked_by_a_page(exchanging):
    x = exchanging
    x.harness.issue({x.acquirer: 10_000})
    x.consent(20_000, x.kit.now + 30 * DAY)
    it = x.open(x.squeeze_out(), None, 10_000)
    x.harness.move(x.ben, x.acquirer, 500)
    x.begin(it)
    x.carry_out(it, x.acquirer, x.ann)
    assert x.of(it)["locked"] == 11_500
    x.exchange.send("close", it)
    # What was funded for Ben's shares goes back.
    assert x.money(x.treasury) == [625_000_000]


def test_a_consent_that_is_used_up_or_over_stops_nobody_s_payment(exchanging):
    x = exchanging
    x.harness.issue({x.acquirer: 10_000})
    terms = x.squeeze_out()
    x.consent(11_500, terms.closes_at)
    it = x.open(terms, None, 10_000)
    x.harness.issue({x.dan: 10})
    x.fund(it, 12_500_000)
    x.begin(it)
    x.carry_out(it, x.ann, x.dan)
    x.kit.now = terms.closes_at + 1
    x.carry_out(it, x.ben)
    assert x.money(x.ben) == [625_000_000]
    assert x.of(it)["locked"] == 11_010
    with refused("ShareExchange_SharesLeft", it, 500):
        x.exchange.send("close", it)
    x.consent(20_000, x.kit.now + DAY)
    x.carry_out(it, x.acquirer)
    x.exchange.send("close", it)


def test_a_lock_that_is_voided_is_missed(exchanging):
    """What counts is what is locked, not what was (Law 63)."""
    x = exchanging
    x.harness.issue({x.acquirer: 10_000})
    x.consent(11_500, x.kit.now + 30 * DAY)
    it = x.open(x.squeeze_out(), None, 10_000)
    assert x.exchange.call("missingFunds", it) == 0
    x.holding.void_kept(keeper=x.exchange.address, owner=x.acquirer)
    assert x.exchange.call("missingFunds", it) == 10_000 * 1_250_000
    x.exchange.send("cancel", it, NOTHING, sender=x.owner)
    assert x.money(x.treasury) == [1_875_000_000]


def frozen(x):
    """The acquirer's shares are frozen, those that it gets too."""
    x.holding.order("setFrozenTokens", x.acquirer, MAX)


def appointed(x):
    """The token has appointed another contract for its holds."""
    x.holding.appoint(x.stranger)


@pytest.mark.parametrize("trouble", [frozen, appointed])
def test_shares_that_cannot_be_locked_stop_nobody_s_payment(exchanging, trouble):
    """A page pays everybody whatever stands against the lock; what is not locked counts as left
    (Laws 62 and 63)."""
    x = exchanging
    x.harness.issue({x.acquirer: 10_000})
    x.consent(20_000, x.kit.now + 30 * DAY)
    it = x.open(x.squeeze_out(), None, 10_000)
    x.begin(it)
    trouble(x)
    x.carry_out(it, x.ann, x.ben)
    assert x.money(x.ann, x.ben) == [1_250_000_000, 625_000_000]
    assert (x.shares(x.acquirer), x.of(it)["locked"]) == ([11_500], 10_000)
    with refused("ShareExchange_SharesLeft", it, 1_500):
        x.exchange.send("close", it)
    x.holding.appoint(x.holds.address)
    x.holding.order("setFrozenTokens", x.acquirer, 0)
    x.carry_out(it, x.acquirer)
    assert x.of(it)["locked"] == 11_500
    x.exchange.send("close", it)


def test_shares_are_not_locked_in_two_ways(exchanging):
    """While `Holds` has shares in its own care for another exchange, it locks none of the wallet's;
    and everybody is paid (Laws 62 and 63)."""
    x = exchanging
    x.harness.issue({x.acquirer: 30})
    x.consent(20_000, x.kit.now + 90 * DAY)
    x.token.send("approve", x.holds.address, MAX, sender=x.acquirer)
    x.holding.appoint(x.stranger)
    given = x.merger(
        token=x.other.address, other=x.token.address, other_from=x.acquirer, per=1, gets=0,
        other_shares=2, fraction_price=0,
    )  # fmt: skip
    x.other.send("mint", x.dan, 10, sender=x.agent)
    x.open(given)
    assert x.shares(x.holds.address) == [20]
    x.holding.appoint(x.holds.address)
    it = x.open(x.squeeze_out())
    x.begin(it)
    x.carry_out(it, x.ann, x.ben)
    assert x.money(x.ann, x.ben) == [1_250_000_000, 625_000_000]
    assert (x.shares(x.acquirer), x.of(it)["locked"]) == ([1_510], 0)


def test_a_page_with_little_gas_locks_or_is_refused(exchanging):
    """Nobody keeps shares from being locked by the gas that it brings (Law 63)."""
    x = exchanging
    x.consent(20_000, x.kit.now + 30 * DAY)
    it = x.open(x.squeeze_out(gets=0, other=x.other.address, other_shares=1))
    x.begin(it)
    x.holding.order("setAddressFrozen", x.ann, True)
    data = x.kit.codec.call("ShareExchange", "carryOut", it, [x.ann])
    with pytest.raises(Reverted) as caught:
        x.kit.transact(x.stranger, x.exchange.address, data, gas=600_000)
    assert caught.value.name == "ShareExchange_TooLittleGas"
    assert x.shares(x.ann) == [1_000]
    x.kit.transact(x.stranger, x.exchange.address, data, gas=900_000)
    assert (x.shares(x.ann), x.of(it)["locked"]) == ([0], 1_000)


@pytest.mark.parametrize("order", ["burn", "forcedTransfer"])
def test_locked_shares_that_an_order_takes_do_not_count_as_locked(exchanging, order):
    """What the issuer burns or moves of them is missed at once, and the exchange ends only when the
    last holder is paid (Laws 62 and 63)."""
    x = exchanging
    x.harness.issue({x.acquirer: 10_000})
    x.consent(20_000, x.kit.now + 30 * DAY)
    it = x.open(x.squeeze_out(), None, 10_000)
    x.begin(it)
    moved = [] if order == "burn" else [x.dan]
    x.holding.order(order, x.acquirer, *moved, 1_500)
    assert (x.of(it)["locked"], x.token.call("heldOf", x.acquirer)) == (10_000, 8_500)
    missing = 1_500 * 1_250_000 * len(moved)
    assert x.exchange.call("missingFunds", it) == missing
    x.fund(it, missing)
    x.carry_out(it, x.ann, *moved)
    # Of all shares, as many are locked as there are less Ben's.
    with refused("ShareExchange_SharesLeft", it, 500):
        x.exchange.send("close", it)
    x.carry_out(it, x.ben)
    assert x.money(x.ann, x.ben) == [1_250_000_000, 625_000_000]
    x.exchange.send("close", it)
    assert x.token.call("heldOf", x.acquirer) == 0


def test_all_locked_shares_can_be_burnt(exchanging):
    """No number goes below nothing (Law 63)."""
    x = exchanging
    x.harness.issue({x.acquirer: 10_000})
    x.consent(20_000, x.kit.now + 30 * DAY)
    it = x.open(x.squeeze_out(), None, 10_000)
    x.holding.order("burn", x.acquirer, 10_000)
    assert x.exchange.call("missingFunds", it) == 0
    x.begin(it)
    x.carry_out(it, x.ann, x.ben)
    x.exchange.send("close", it)
    assert x.money(x.ann, x.ben, x.treasury) == [1_250_000_000, 625_000_000, 0]


def test_what_a_consent_does_not_reach_is_left(exchanging):
    """Until the acquirer lets more of its shares be locked."""
    x = exchanging
    x.consent(1_500, x.kit.now + 30 * DAY)
    it = x.open(x.squeeze_out())
    x.begin(it)
    x.carry_out(it, x.ann, x.ben)
    x.harness.issue({x.acquirer: 10})
    x.carry_out(it, x.acquirer)
    with refused("ShareExchange_SharesLeft", it, 10):
        x.exchange.send("close", it)
    x.consent(1_510, x.kit.now + 30 * DAY)
    x.carry_out(it, x.acquirer)
    x.exchange.send("close", it)


def test_shares_of_a_lost_acquirer_are_locked_in_its_successor_s_wallet(exchanging):
    """They count there (Law 63)."""
    x = exchanging
    x.harness.issue({x.acquirer: 10_000})
    x.consent(20_000, x.kit.now + 30 * DAY)
    it = x.open(x.squeeze_out(), None, 10_000)
    x.holding.recover(x.acquirer, x.dan)
    assert x.token.call("heldOf", x.dan) == 10_000
    assert x.exchange.call("missingFunds", it) == 0


@pytest.mark.attack("J20")
def test_shares_issued_meanwhile_stop_the_page_and_nobody_is_paid_less(exchanging):
    """The supply grows during a buy-out: the page stops, funding tops it up (Laws 62 and 63)."""
    x = exchanging
    it = x.open(x.maturity())
    x.harness.issue({x.cid: 100})
    assert x.exchange.call("missingFunds", it) == 125_000_000
    x.begin(it)
    receipt = x.carry_out(it, x.ann, x.cid, x.ben, x.dan)
    assert receipt.named("Unfunded") == [{"id": it, "holder": x.ben, "missing": 125_000_000}]
    assert [e["holder"] for e in receipt.named("Exchanged")] == [x.ann, x.cid]
    assert (x.shares(x.ben), receipt.named("Skipped")) == ([500], [])
    with refused("ShareExchange_SharesLeft", it, 500):
        x.exchange.send("close", it)
    x.fund(it, 125_000_000)
    x.carry_out(it, x.ben)
    assert x.money(x.ann, x.ben, x.cid) == [1_250_000_000, 625_000_000, 125_000_000]
    x.exchange.send("close", it)


@pytest.mark.attack("J20")
def test_how_far_a_page_got_is_returned(exchanging):
    x = exchanging
    it = x.open(x.maturity())
    x.harness.issue({x.cid: 100})
    x.begin(it)
    args = (it, [x.ann, x.dan, x.cid, x.ben])
    assert x.exchange.call("carryOut", *args) == 3


@pytest.mark.attack("J22")
def test_shares_that_are_moved_meanwhile_are_exchanged_where_they_are(exchanging):
    """Ann moves her shares to a fresh wallet between two pages: they are found there, and the end
    is when no share is left, not when a list is (Law 62)."""
    x = exchanging
    it = x.open(x.maturity())
    x.begin(it)
    fresh = person(1)
    x.harness.move(x.ann, fresh, 1_000)
    x.carry_out(it, x.ann, x.ben)
    with refused("ShareExchange_SharesLeft", it, 1_000):
        x.exchange.send("close", it)
    x.carry_out(it, fresh)
    assert x.money(x.ann, fresh) == [0, 1_250_000_000]
    x.exchange.send("close", it)


@pytest.mark.attack("J23")
def test_each_exchange_is_paid_from_its_own_money_at_its_own_price(exchanging):
    """Nothing is pooled, nothing is priced again, and not a unit is stuck."""
    x = exchanging
    first = x.open(x.maturity(gets=1_000_001, per=3))
    second = x.open(x.maturity(gets=7, per=1))
    x.begin(first)
    x.carry_out(first, x.ann)
    x.carry_out(second, x.ben)
    assert x.money(x.ann, x.ben) == [1_000 * 1_000_001 // 3, 500 * 7]
    for it in (first, second):
        x.exchange.send("close", it)
    assert x.money(x.exchange.address) == [0]
    funded = 1_500 * 1_000_001 // 3 + 1_500 * 7
    assert x.money(x.treasury) == [funded - 1_000 * 1_000_001 // 3 - 3_500]


@pytest.mark.attack("J27")
@pytest.mark.parametrize("seed", range(4))
def test_fractions_cannot_be_gamed_by_many_wallets(exchanging, seed):
    """A holding spread over wallets before a reverse split: each loses less than a new share, paid
    in money; all together get no more than was funded, and no more shares than the whole brings."""
    x, dice = exchanging, random.Random(seed)
    per, price = ((10, 7_000_000), (7, 999_999), (100, 3))[seed % 3]
    wallets = [person(i) for i in range(12)]
    for wallet in wallets:
        # Of her 1,000.
        x.harness.move(x.ann, wallet, dice.randrange(1, min(2 * per, 84)))
    it = x.open(x.merger(per=per, other_shares=1, fraction_price=price))
    x.begin(it)
    everybody = [x.ann, x.ben, *wallets]
    had = dict(zip(everybody, x.shares(*everybody), strict=True))
    x.carry_out(it, *everybody)
    assert x.others(*everybody) == [had[who] // per for who in everybody]
    assert x.money(*everybody) == [had[who] % per * price // per for who in everybody]
    assert sum(x.others(*everybody)) <= 1_500 // per
    assert x.exchange.call("missingFunds", it) == 0
    x.exchange.send("close", it)


def test_a_holder_that_the_token_will_not_give_up_is_passed_over(exchanging):
    x = exchanging
    x.consent(10_000, x.kit.now + 30 * DAY)
    it = x.open(x.squeeze_out())
    x.begin(it)
    x.holding.order("setAddressFrozen", x.acquirer, True)
    receipt = x.carry_out(it, x.ann)
    assert receipt.named("Skipped") == [{"id": it, "holder": x.ann, "reason": Reason.REFUSED}]
    assert (x.shares(x.ann), x.money(x.ann)) == ([1_000], [0])
    x.holding.order("setAddressFrozen", x.acquirer, False)
    x.carry_out(it, x.ann)
    assert x.money(x.ann) == [1_250_000_000]


def test_an_elective_request_is_refused_in_a_mandatory_exchange(exchanging):
    x = exchanging
    it = x.open(x.maturity())
    x.begin(it)
    with refused("ShareExchange_WrongKind", it, True):
        x.now(it, 1)


# -------------------------------------------------------------------------- frozen, lost, refused


def test_a_frozen_holder_s_shares_are_taken_and_its_money_waits(exchanging):
    """What cannot be paid is owed (Law 62)."""
    x = exchanging
    it = x.open(x.maturity())
    x.begin(it)
    x.holding.order("setAddressFrozen", x.ann, True)
    x.holding.order("freezePartialTokens", x.ben, 400)
    receipt = x.carry_out(it, x.ann, x.ben)
    assert [e["payee"] for e in receipt.named("Exchanged")] == [ZERO, x.ben]
    [owed] = receipt.named("Owed")
    assert owed == {
        "id": it, "holder": x.ann, "paid": 1_250_000_000, "otherShares": 0, "heldShares": 0,
    }  # fmt: skip
    assert x.owed(it, x.ann) == (1_250_000_000, 0, 0)
    with refused("ShareExchange_IncomeHeld", x.token.address, x.ann):
        x.take(it, x.ann)
    [event] = x.exchange.send("close", it).named("Closed")
    assert (event["amount"], x.of(it)["owed"]) == (0, 1_250_000_000)
    x.holding.order("setAddressFrozen", x.ann, False)
    taken = x.take(it, x.ann)
    assert taken.named("Taken") == [
        {"id": it, "holder": x.ann, "receiver": x.ann, "paid": 1_250_000_000, "otherShares": 0}
    ]
    with refused("ShareExchange_NothingOwed", it, x.ann):
        x.take(it, x.ann)
    assert (x.money(x.ann, x.exchange.address), x.of(it)["owed"]) == ([1_250_000_000, 0], 0)


def test_what_is_owed_to_a_lost_wallet_is_its_successor_s(exchanging):
    x = exchanging
    it = x.open(x.maturity())
    x.begin(it)
    x.holding.order("setAddressFrozen", x.ann, True)
    x.carry_out(it, x.ann)
    x.holding.recover(x.ann, x.dan)
    with refused("ShareExchange_IncomeHeld", x.token.address, x.ann):
        x.take(it, x.ann)
    x.holding.order("setAddressFrozen", x.dan, False)
    with refused("ShareExchange_NotClaimant", x.ann, x.dan):
        x.exchange.send("takeTo", it, x.ann, x.ben, sender=x.ann)
    x.take(it, x.ann)
    assert x.money(x.ann, x.dan) == [0, 1_250_000_000]


def blocking(x):
    """A mandatory exchange in a currency that can bar wallets."""
    money = x.kit.deploy("BlockList")
    it = x.open(x.maturity(currency=money.address))
    x.begin(it)
    return money, it


def test_a_barred_payee_is_owed_and_the_page_goes_on(exchanging):
    x = exchanging
    money, it = blocking(x)
    money.send("setBlocked", x.ann, True)
    receipt = x.carry_out(it, x.ann, x.ben)
    assert [e["payee"] for e in receipt.named("Exchanged")] == [ZERO, x.ben]
    with refused("ShareExchange_PaymentFailed", money.address, x.ann, 1_250_000_000):
        x.take(it, x.ann)
    for nobody in (ZERO, x.exchange.address):
        with refused("ShareExchange_InvalidReceiver", nobody):
            x.exchange.send("takeTo", it, x.ann, nobody, sender=x.ann)
    with refused("ShareExchange_NotClaimant", x.ben, x.ann):
        x.exchange.send("takeTo", it, x.ann, x.ben, sender=x.ben)
    x.exchange.send("takeTo", it, x.ann, x.dan, sender=x.ann)
    assert money.call("balanceOf", x.dan) == 1_250_000_000


def test_new_shares_that_a_holder_cannot_receive_are_owed_and_its_money_is_paid(kit):
    c = Compliant(kit)
    x = Exchanging(c)
    c.issue({x.ann: 17, x.ben: 10})
    x.other.send("setAddressFrozen", x.ann, True, sender=x.agent)
    it = x.open(x.merger())
    x.begin(it)
    receipt = x.carry_out(it, x.ann, x.ben)
    assert [e["payee"] for e in receipt.named("Exchanged")] == [x.ann, x.ben]
    assert x.owed(it, x.ann) == (0, 5, 0)
    assert x.money(x.ann) == [700_000]
    with refused("ShareExchange_PaymentFailed", x.other.address, x.ann, 5):
        x.take(it, x.ann)
    x.exchange.send("takeTo", it, x.ann, x.cid, sender=x.ann)
    assert x.others(x.ann, x.ben, x.cid) == [0, 3, 5]


def test_a_merger_is_closed_while_minted_shares_are_owed_and_they_are_taken_afterwards(kit):
    """Law 62: what is owed stays owed beyond the end, though no shares are held for it."""
    c = Compliant(kit)
    x = Exchanging(c)
    c.issue({x.ann: 17, x.ben: 10})
    it = x.open(x.merger())
    x.begin(it)
    x.holding.order("setAddressFrozen", x.ann, True)
    x.carry_out(it, x.ann, x.ben)
    assert x.owed(it, x.ann)[1] == 5
    x.exchange.send("close", it, sender=x.stranger)
    x.holding.order("setAddressFrozen", x.ann, False)
    x.take(it, x.ann)
    assert x.others(x.ann, x.ben) == [5, 3]
    assert x.money(x.exchange.address) == [0]


def test_money_is_not_held_up_by_shares_that_cannot_be_received(exchanging):
    x = exchanging
    it = x.open(x.merger(gets=1_000_000))
    x.begin(it)
    x.holding.order("setAddressFrozen", x.ann, True)
    x.carry_out(it, x.ann)
    x.holding.order("setAddressFrozen", x.ann, False)
    x.other.send("setAddressFrozen", x.ann, True, sender=x.agent)
    [taken] = x.take(it, x.ann).named("Taken")
    assert (taken["paid"], taken["otherShares"]) == (100_000_000, 0)
    assert x.owed(it, x.ann) == (0, 300, 0)
    x.other.send("setAddressFrozen", x.ann, False, sender=x.agent)
    x.take(it, x.ann)
    assert (x.others(x.ann), x.money(x.ann)) == ([300], [100_000_000])


def test_every_holder_is_offered_the_same_gas_or_nobody_is(exchanging):
    x = exchanging
    it = x.open(x.maturity())
    x.begin(it)
    data = x.kit.codec.call("ShareExchange", "carryOut", it, [x.ann, x.ben])
    with pytest.raises(Reverted) as caught:
        x.kit.transact(x.stranger, x.exchange.address, data, gas=600_000)
    assert caught.value.name == "ShareExchange_TooLittleGas"
    left, needed = caught.value.values
    assert left < needed == 500_000
    assert x.shares(x.ann, x.ben) == [1_000, 500]
    x.kit.transact(x.stranger, x.exchange.address, data, gas=800_000)
    assert x.shares(x.ann, x.ben) == [0, 0]


# ------------------------------------------------------------------------- others by a consent


def held_merger(x, **changes):
    """A merger for Dan's shares of the other token."""
    x.other.send("mint", x.dan, 450, sender=x.agent)
    x.other.send("setHoldsContract", x.holds.address, sender=x.owner)
    return x.merger(other_from=x.dan, **changes)


def test_new_shares_of_somebody_are_held_from_the_opening(exchanging):
    x = exchanging
    terms = held_merger(x)
    with refused("ShareExchange_ConsentTooShort", x.dan, 0, terms.closes_at):
        x.opening(terms)
    x.consent(450, terms.closes_at, x.dan, x.other)
    it = x.open(terms)
    assert x.other.call("heldOf", x.dan) == 450
    x.begin(it)
    x.carry_out(it, x.ann, x.ben)
    assert x.others(x.ann, x.ben, x.dan) == [300, 150, 0]


def test_new_shares_that_nobody_needs_are_let_go_at_the_end(exchanging):
    x = exchanging
    terms = held_merger(x)
    x.harness.move(x.ann, x.ben, 5)
    x.consent(450, terms.closes_at, x.dan, x.other)
    it = x.open(terms)
    x.begin(it)
    x.holding.order("setAddressFrozen", x.ann, True)
    x.carry_out(it, x.ann, x.ben)
    assert x.owed(it, x.ann)[1] == 298
    x.exchange.send("close", it)
    # 995 bring 298 and 505 bring 151: of 450, one is nobody's.
    assert x.other.call("heldOf", x.dan) == 298
    x.holding.order("setAddressFrozen", x.ann, False)
    x.take(it, x.ann)
    assert x.others(x.ann, x.ben, x.dan) == [298, 151, 1]


def test_what_is_held_of_others_is_let_go_by_a_cancel(exchanging):
    x = exchanging
    terms = held_merger(x, take_until=x.kit.now + 60 * DAY, sweep_to=x.cid)
    x.consent(450, terms.closes_at, x.dan, x.other)
    with refused("ShareExchange_ConsentTooShort", x.dan, terms.closes_at, terms.take_until):
        x.opening(terms)
    x.consent(450, terms.take_until, x.dan, x.other)
    it = x.open(terms)
    x.exchange.send("cancel", it, NOTHING, sender=x.owner)
    assert x.other.call("heldOf", x.dan) == 0


# ------------------------------------------------------------------------------- cancel, sweep


def test_only_the_owner_cancels_and_only_before_it_opens(exchanging):
    x = exchanging
    x.harness.issue({x.acquirer: 10_000})
    x.consent(11_500, x.kit.now + 30 * DAY)
    it = x.open(x.squeeze_out(), None, 10_000)
    opens = x.of(it)["terms"]["opensAt"]
    with refused("ShareExchange_NotOwnerOrAgent", x.agent, x.token.address):
        x.exchange.send("cancel", it, NOTICE, sender=x.agent)
    x.kit.now = opens - 1
    start = x.kit.evm.snapshot()
    receipt = x.exchange.send("cancel", it, NOTICE, sender=x.owner)
    told = {"id": it, "documentHash": NOTICE, "amount": 1_875_000_000}
    assert receipt.named("Cancelled") == [told]
    assert (x.of(it)["stage"], x.token.call("heldOf", x.acquirer)) == (Stage.CANCELLED, 0)
    assert x.money(x.treasury, x.exchange.address) == [1_875_000_000, 0]
    with refused("ShareExchange_NotAt", it, Stage.CANCELLED):
        x.carry_out(it, x.ann)
    x.kit.evm.revert(start)
    x.kit.now = opens
    with refused("ShareExchange_TooLate", opens - 1, opens):
        x.exchange.send("cancel", it, NOTICE, sender=x.owner)


def test_a_mandatory_exchange_ends_when_no_share_is_left(exchanging):
    x = exchanging
    it = x.open(x.maturity())
    opens = x.of(it)["terms"]["opensAt"]
    x.holding.order("burn", x.ann, 1_000)
    x.holding.order("burn", x.ben, 500)
    with refused("ShareExchange_TooEarly", opens, x.kit.now):
        x.exchange.send("close", it)
    x.begin(it)
    x.exchange.send("close", it, sender=x.stranger)
    assert x.money(x.treasury) == [1_875_000_000]
    assert x.exchange.call("missingFunds", it) == 0


def test_what_nobody_took_is_swept_after_the_last_second(exchanging):
    x = exchanging
    until = x.kit.now + 60 * DAY
    it = x.open(x.merger(gets=1_000_000, take_until=until, sweep_to=x.cid))
    x.begin(it)
    for holder in (x.ann, x.ben):
        x.holding.order("setAddressFrozen", holder, True)
    x.carry_out(it, x.ann, x.ben)
    x.holding.order("setAddressFrozen", x.ben, False)
    x.kit.now = until
    with refused("ShareExchange_TooEarly", until + 1, until):
        x.exchange.send("sweep", it)
    x.take(it, x.ben)
    x.kit.now = until + 1
    x.holding.order("setAddressFrozen", x.ann, False)
    with refused("ShareExchange_TooLate", until, until + 1):
        x.take(it, x.ann)
    receipt = x.exchange.send("sweep", it, sender=x.stranger)
    told = {"id": it, "recipient": x.cid, "paid": 100_000_000, "otherShares": 300}
    assert receipt.named("Swept") == [told]
    assert (x.money(x.cid), x.others(x.cid)) == ([100_000_000], [300])
    with refused("ShareExchange_NothingOwed", it, ZERO):
        x.exchange.send("sweep", it)
    endless = x.open(x.maturity())
    with refused("ShareExchange_TooEarly", MAX, x.kit.now):
        x.exchange.send("sweep", endless)


def test_a_sweep_of_money_is_not_held_up_by_shares(exchanging):
    x = exchanging
    until = x.kit.now + 60 * DAY
    it = x.open(x.merger(gets=1_000_000, take_until=until, sweep_to=x.cid))
    x.begin(it)
    x.holding.order("setAddressFrozen", x.ann, True)
    x.carry_out(it, x.ann)
    x.other.send("setAddressFrozen", x.cid, True, sender=x.agent)
    x.kit.now = until + 1
    [event] = x.exchange.send("sweep", it).named("Swept")
    assert (event["paid"], event["otherShares"]) == (100_000_000, 0)
    x.other.send("setAddressFrozen", x.cid, False, sender=x.agent)
    x.exchange.send("sweep", it)
    assert x.others(x.cid) == [300]

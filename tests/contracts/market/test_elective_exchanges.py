"""Elective exchanges: a holder gives free shares for what is here, or nothing happens."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from tests.chainkit import ZERO, RevmKit
from tests.contracts.compliant import Compliant, investor
from tests.contracts.harness import DAY, NOTHING, refused
from tests.contracts.market.exchanging import NO_PERMIT, NOTICE, Exchanging, Request, Stage
from tests.contracts.permits import Permit
from tests.contracts.trading import MAKER, MAX, THIRD, digest_of
from tests.model.register import Code as Rule

YEARS = 50 * 365 * DAY
PAUSED, BLOCKED, FROZEN, LOCKED_UP, FAILED = 1, 2, 4, 16, 18

# ------------------------------------------------------------------------------------- opening


def test_an_opening_is_told_whole_and_kept_whole(exchanging):
    x = exchanging
    terms = x.redemption(
        per=10, pays=3, other=x.other.address, other_shares=7, fraction_price=9, opens_at=1,
        closes_at=x.kit.now + 9, valuer=x.valuer, least_price=1, most_price=2_000_000, max_age=60,
        day_limit=50, take_until=x.kit.now + 99, sweep_to=x.cid, document=NOTICE, acquirer=x.dan,
    )  # fmt: skip
    receipt = x.opening(terms, 5_000, sender=x.agent)
    [event] = receipt.named("Opened")
    assert event["terms"] == tuple(v.lower() if isinstance(v, str) else v for v in terms.told)
    assert (event["id"], event["opener"], event["locked"]) == (1, x.agent, 0)
    assert receipt.named("Funded") == [{"id": 1, "from": x.agent, "amount": 5_000}]
    found = x.of(1)
    assert tuple(found["terms"].values()) == terms.told
    assert found["stage"] == Stage.OPEN
    assert (found["price"], found["priceAsOf"], found["funds"]) == (1_250_000, x.kit.now, 5_000)
    assert (x.exchange.call("exchangeCount"), x.exchange.call("holds")) == (1, x.holds.address)


WRONG = {
    "per": ({"per": 0}, "PerNothing", (0,)),
    "nobody gets them": ({"burns": False}, "WrongAcquirer", (ZERO,)),
    "no currency": ({"currency": ZERO}, "WrongCurrency", (ZERO,)),
    "currency for lieu": (
        {"currency": ZERO, "gets": 0, "fraction_price": 1, "other_shares": 1, "other": "other"},
        "WrongCurrency", (ZERO,),
    ),
    "priced in nothing": ({"currency": ZERO, "gets": 0, "valuer": "ann"}, "WrongCurrency", (ZERO,)),
    "paid in itself": ({"currency": "token"}, "WrongCurrency", ("token",)),
    "others of nothing": ({"other_shares": 4}, "WrongOther", (ZERO, 4)),
    "none of others": ({"other": "other"}, "WrongOther", ("other", 0)),
    "itself": ({"other": "token", "other_shares": 1}, "WrongOther", ("token", 1)),
    "from without": ({"other_from": "ann"}, "WrongOther", (ZERO, 0)),
    "in lieu of nothing": ({"fraction_price": 1}, "WrongOther", (ZERO, 0)),
    "no treasury": ({"treasury": ZERO}, "WrongTreasury", (ZERO,)),
    "treasury here": ({"treasury": "exchange"}, "WrongTreasury", ("exchange",)),
    "acquirer here": ({"acquirer": "exchange"}, "WrongAcquirer", ("exchange",)),
    "acquirer the token": ({"burns": False, "acquirer": "token"}, "WrongAcquirer", ("token",)),
    "closes before": ({"closes_at": 1}, "TimesOutOfOrder", (RevmKit.START, 1)),
    "milliseconds": (
        {"closes_at": 1_700_000_000_000}, "TooFar", (1_700_000_000_000, RevmKit.START + YEARS),
    ),
    "no sweeper": ({"take_until": RevmKit.START + 9}, "SweepMismatch", (RevmKit.START + 9, ZERO)),
    "no end": ({"sweep_to": "ann"}, "SweepMismatch", (0, "ann")),
    "taken before": (
        {"take_until": RevmKit.START, "sweep_to": "ann"},
        "TimesOutOfOrder", (RevmKit.START, RevmKit.START),
    ),
    "price": (
        {"valuer": "ann", "least_price": 1_250_001, "most_price": 2_000_000},
        "PriceOutOfBounds", (1_250_000, 1_250_001, 2_000_000),
    ),
}  # fmt: skip


def spelt(x: Exchanging, value: object) -> object:
    """A name turned into an address."""
    found = getattr(x, value) if isinstance(value, str) and not value.startswith("0x") else value
    return getattr(found, "address", found)


@pytest.mark.parametrize("name", WRONG)
def test_terms_that_contradict_each_other_are_refused(exchanging, name):
    x = exchanging
    changes, error, values = WRONG[name]
    terms = x.redemption(**{key: spelt(x, value) for key, value in changes.items()})
    with refused(f"ShareExchange_{error}", *(spelt(x, value) for value in values)):
        x.opening(terms)


def test_money_in_no_currency_is_refused(exchanging):
    x = exchanging
    with refused("ShareExchange_WrongCurrency", ZERO):
        x.opening(x.redemption(currency=ZERO, gets=0), 5)
    assert x.of(x.open(x.redemption(currency=ZERO, gets=0, treasury=ZERO)))["funds"] == 0


def test_terms_with_bits_where_none_belong_are_refused(exchanging):
    x = exchanging
    data = bytearray(x.kit.codec.call("ShareExchange", "open", x.redemption().told, 0, 0))
    for word in range(22):
        dirty = data.copy()
        dirty[4 + 32 * word] = 1
        with refused("empty", ""):
            x.kit.transact(x.owner, x.exchange.address, bytes(dirty))


def test_only_who_speaks_for_the_token_opens(exchanging):
    x = exchanging
    with refused("ShareExchange_NotOwnerOrAgent", x.ann, x.token.address):
        x.opening(x.redemption(), sender=x.ann)
    with refused("ShareExchange_NotOwnerOrAgent", x.agent, x.token.address):
        x.opening(x.maturity(), sender=x.agent)
    x.opening(x.redemption(), sender=x.owner)
    x.opening(x.redemption(), sender=x.agent)


def test_this_contract_must_be_an_agent_of_what_it_burns_and_mints(exchanging):
    x = exchanging
    x.other.send("removeAgent", x.exchange.address, sender=x.owner)
    with refused("ShareExchange_NotAgent", x.other.address):
        x.opening(x.merger())
    x.token.send("removeAgent", x.exchange.address, sender=x.owner)
    with refused("ShareExchange_NotAgent", x.token.address):
        x.opening(x.redemption())


def test_shares_of_another_token_are_had_by_their_own_side_only(exchanging):
    """Whoever has a token of its own mints no shares of another's, nor takes those that somebody
    lets this contract hold for an exchange of its own."""
    x = exchanging
    worthless = ("Nothing", "NIL", 0, x.stranger, ZERO, ZERO, [x.stranger, x.exchange.address])
    nil = x.kit.deploy("ShareToken", worthless)
    x.token.send("setHoldsContract", x.holds.address, sender=x.owner)
    x.consent(500, x.kit.now + DAY, owner=x.ann)
    for given_by in (ZERO, x.ann):
        terms = x.redemption(
            token=nil.address, other=x.token.address, other_shares=1, other_from=given_by
        )
        with refused("ShareExchange_NotOwnerOrAgent", x.stranger, x.token.address):
            x.opening(terms, sender=x.stranger)


def test_less_money_than_was_said_is_refused(exchanging):
    x = exchanging
    fee = x.kit.deploy("FeeOnTransfer")
    fee.send("setFee", 100)
    fee.send("mint", x.owner, 10_000)
    fee.send("approve", x.exchange.address, MAX, sender=x.owner)
    with refused("ShareExchange_Short", fee.address, 9_900, 10_000):
        x.exchange.send("open", x.redemption(currency=fee.address).told, 10_000, 0, sender=x.owner)


# ------------------------------------------------------------------------------------- exchanging


def test_shares_are_burnt_for_money_at_once(exchanging):
    x = exchanging
    it = x.facility()
    receipt = x.now(it, 333, note=b"to Cid")
    [event] = receipt.named("Exchanged")
    assert event == {
        "id": it, "holder": x.ann, "payee": x.ann, "shares": 333, "paid": 416_250_000, "due": 0,
        "otherShares": 0, "inLieu": 0, "note": b"to Cid",
    }  # fmt: skip
    assert x.shares(x.ann) == [667]
    assert x.money(x.ann, x.exchange.address) == [416_250_000, 583_750_000]
    assert x.token.call("totalSupply") == 1_167
    found = x.of(it)
    assert (found["funds"], found["paid"], found["exchanged"]) == (583_750_000, 416_250_000, 333)


@pytest.mark.parametrize("shares", [1, 2, 3, 7, 999, 1_000])
def test_everybody_gets_its_floor_and_pays_the_ceiling(exchanging, shares):
    """Floors of what is paid and given, the fraction in lieu, the ceiling due (Laws 62 and 64)."""
    x = exchanging
    it = x.facility(
        per=7, gets=10, pays=5, other=x.other.address, other_shares=3, fraction_price=1_001
    )
    x.give_money(x.ann, 10_000)
    had = x.money(x.ann, x.treasury)
    x.now(it, shares)
    others, rest = divmod(shares * 3, 7)
    lieu, due = rest * 1_001 // 7, -(-shares * 5 // 7)
    assert x.others(x.ann) == [others]
    paid = shares * 10 // 7 + lieu
    assert x.quote(it, shares) == (paid, due, others, lieu)
    assert x.money(x.ann, x.treasury) == [had[0] + paid - due, had[1] + due]


def test_shares_go_to_the_acquirer_if_they_are_not_burnt(exchanging):
    x = exchanging
    it = x.facility(burns=False, acquirer=x.acquirer)
    x.now(it, 100)
    assert x.shares(x.ann, x.acquirer) == [900, 100]
    assert x.token.call("totalSupply") == 1_500


def test_an_acquirer_is_not_paid_for_its_own(exchanging):
    x = exchanging
    it = x.facility(burns=False, acquirer=x.ben)
    with refused("ShareExchange_Refused", x.token.address, x.ben, x.ben, 5):
        x.now(it, 5, x.ben)


def test_an_acquirer_that_cannot_receive_gets_nothing(kit):
    c = Compliant(kit)
    x = Exchanging(c)
    c.issue({x.ann: 100})
    it = x.facility(burns=False, acquirer=x.stranger)
    with refused("ShareExchange_Refused", x.token.address, x.ann, x.stranger, 10):
        x.now(it, 10)
    assert x.shares(x.ann) == [100]


def test_rights_are_exercised_for_money_and_new_shares(exchanging):
    x = exchanging
    it = x.open(x.redemption(gets=0, pays=3_000_000, other=x.other.address, other_shares=2, per=5))
    x.give_money(x.ann, 100_000_000)
    x.now(it, 11)
    assert x.others(x.ann) == [4]
    assert x.money(x.ann, x.treasury) == [93_400_000, 6_600_000]


def test_who_cannot_pay_or_receive_gets_nothing(exchanging):
    x = exchanging
    it = x.open(x.redemption(gets=0, pays=1_000_000, other=x.other.address, other_shares=1))
    with refused("ShareExchange_Short", x.dollar.address, 0, 5_000_000):
        x.now(it, 5)
    x.give_money(x.ann, 5_000_000)
    x.other.send("setAddressFrozen", x.ann, True, sender=x.agent)
    with refused("ShareExchange_PaymentFailed", x.other.address, x.ann, 5):
        x.now(it, 5)
    assert (x.shares(x.ann), x.money(x.ann)) == ([1_000], [5_000_000])


def test_the_treasury_pays_itself_nothing(exchanging):
    x = exchanging
    x.harness.issue({x.treasury: 10})
    it = x.open(x.redemption(gets=0, pays=1_000_000, other=x.other.address, other_shares=1))
    x.now(it, 10, x.treasury)
    assert x.others(x.treasury) == [10]


def test_other_shares_of_somebody_are_given_by_its_consent(exchanging):
    x = exchanging
    x.other.send("mint", x.dan, 50, sender=x.agent)
    x.other.send("setHoldsContract", x.holds.address, sender=x.owner)
    terms = x.redemption(gets=0, other=x.other.address, other_shares=1, other_from=x.dan)
    it = x.open(terms)
    with refused("Holds_OverConsent", x.exchange.address, 20, 0):
        x.now(it, 20)
    x.consent(30, x.kit.now + DAY, x.dan, x.other)
    x.now(it, 20)
    assert x.others(x.ann, x.dan) == [20, 30]
    with refused("Holds_OverConsent", x.exchange.address, 31, 30):
        x.now(it, 31)


def test_a_payee_that_is_refused_keeps_its_shares(exchanging):
    x = exchanging
    blocked = x.kit.deploy("BlockList")
    blocked.send("mint", x.owner, 10_000)
    blocked.send("approve", x.exchange.address, MAX, sender=x.owner)
    terms = x.redemption(currency=blocked.address, gets=1)
    it = int(
        x.exchange.send("open", terms.told, 10_000, 0, sender=x.owner).named("Opened")[0]["id"]
    )
    blocked.send("setBlocked", x.ann, True)
    with refused("ShareExchange_PaymentFailed", blocked.address, x.ann, 5):
        x.now(it, 5)
    assert x.shares(x.ann) == [1_000]


# --------------------------------------------------------------------------------- free shares only


def test_what_would_stop_the_holder_stops_an_exchange(exchanging):
    """A pause, a block, a frozen amount (Law 65)."""
    x = exchanging
    it = x.facility(2_000_000_000)
    x.holding.order("pause")
    with refused("ShareExchange_NotFree", x.ann, PAUSED, 0, 0):
        x.now(it, 5)
    x.holding.order("unpause")
    x.holding.order("setAddressFrozen", x.ann, True)
    with refused("ShareExchange_NotFree", x.ann, BLOCKED, 0, 0):
        x.now(it, 5)
    x.holding.order("setAddressFrozen", x.ann, False)
    x.holding.order("freezePartialTokens", x.ann, 990)
    with refused("ShareExchange_NotFree", x.ann, FROZEN, 11, 10):
        x.now(it, 11)
    with refused("ERC20InsufficientBalance", x.ann, 1_000, 1_001):
        x.now(it, 1_001)
    x.now(it, 10)


def test_held_shares_are_not_free(exchanging):
    x = exchanging
    it = x.facility(2_000_000_000)
    x.holding.open(amount=60)
    with refused("ShareExchange_NotFree", x.ann, FROZEN, 941, 940):
        x.now(it, 941)
    x.now(it, 940)


def test_locked_up_shares_are_not_free(kit):
    c = Compliant(kit, lockUp=30 * DAY)
    x = Exchanging(c)
    c.issue({x.ann: 100})
    it = x.facility()
    with refused("ShareExchange_NotFree", x.ann, LOCKED_UP, 10, 0):
        x.now(it, 10)
    x.kit.now += 31 * DAY
    x.now(it, 10)
    assert x.shares(x.ann) == [90]


def test_who_is_not_eligible_any_more_may_leave(kit):
    c = Compliant(kit)
    x = Exchanging(c)
    c.know({x.signer: investor(6, until=x.kit.now + DAY)})
    c.issue({x.signer: 100})
    it = x.facility()
    x.kit.now += 2 * DAY
    refusals, _ = x.token.call("explain", x.signer, x.signer, 10)
    assert Rule.NOT_ELIGIBLE in [code for code, _, _ in refusals]
    x.now(it, 10, x.signer)
    assert x.shares(x.signer) == [90]


def test_a_token_that_explains_nothing_lets_nothing_go(exchanging):
    x = exchanging
    bare = x.kit.deploy("SpokenToken")
    for question, word in (("isAgent(address)", 1), ("balanceOf(address)", 9)):
        bare.send("setWord", keccak(text=question)[:4], word)
    it = x.open(x.redemption(token=bare.address, gets=0))
    with refused("ShareExchange_NotFree", x.ann, FAILED, 0, 0):
        x.now(it, 1)


# ---------------------------------------------------------------------------- when, and how much


def test_only_while_it_is_open(exchanging):
    x = exchanging
    start = x.kit.now
    it = x.facility(opens_at=start + 10, closes_at=start + 20)
    assert x.of(it)["stage"] == Stage.NOTICED
    with refused("ShareExchange_TooEarly", start + 10, start):
        x.now(it, 1)
    for at in (start + 10, start + 20):
        x.kit.now = at
        assert x.of(it)["stage"] == Stage.OPEN
        x.now(it, 1)
    x.kit.now = start + 21
    with refused("ShareExchange_TooLate", start + 20, start + 21):
        x.now(it, 1)


def test_a_holder_bounds_what_it_gets_and_when(exchanging):
    x = exchanging
    it = x.facility()
    with refused("ShareExchange_TooLittlePaid", 12_500_000, 12_500_001):
        x.now(it, 10, least=12_500_001)
    with refused("ShareExchange_Expired", x.kit.now - 1, x.kit.now):
        x.now(it, 10, until=x.kit.now - 1)
    with refused("ShareExchange_NoteTooLong", 4_097, 4_096):
        x.now(it, 10, note=bytes(4_097))
    with refused("ShareExchange_NoShares", it, x.ann):
        x.now(it, 0)
    x.now(it, 10, least=12_500_000, until=x.kit.now, note=bytes(4_096))


def test_a_day_has_its_limit_for_all_together(exchanging):
    x = exchanging
    x.kit.now += DAY - x.kit.now % DAY - 1
    it = x.facility(day_limit=100)
    x.now(it, 60)
    assert x.exchange.call("leftToday", it) == 40
    with refused("ShareExchange_OverDayLimit", 41, 40):
        x.now(it, 41, x.ben)
    x.now(it, 40, x.ben)
    x.kit.now += 1
    assert x.exchange.call("leftToday", it) == 100
    with refused("ShareExchange_OverDayLimit", 101, 100):
        x.now(it, 101)
    x.now(it, 100)
    assert x.exchange.call("leftToday", x.facility()) == MAX


def test_no_more_is_paid_than_is_here(exchanging):
    x = exchanging
    it = x.facility(funding=12_499_999)
    with refused("ShareExchange_Unfunded", it, 12_500_000, 12_499_999):
        x.now(it, 10)
    assert x.fund(it, 1).named("Funded") == [{"id": it, "from": x.stranger, "amount": 1}]
    x.now(it, 10)


@pytest.mark.attack("J23")
def test_money_of_one_exchange_pays_for_no_other(exchanging):
    x = exchanging
    x.facility()
    poor = x.facility(funding=10)
    with refused("ShareExchange_Unfunded", poor, 1_250_000, 10):
        x.now(poor, 1)


# ------------------------------------------------------------------------------------ price


@pytest.mark.attack("J18")
def test_a_price_is_bounded_in_value_time_and_age(exchanging):
    """A valuer names no wild price, none of the future, none that is older; and a stale one pays
    nobody."""
    x = exchanging
    start = x.kit.now
    it = x.facility(valuer=x.valuer, least_price=1_000_000, most_price=1_500_000, max_age=600)
    set_price = x.exchange.send
    for price in (999_999, 1_500_001):
        with refused("ShareExchange_PriceOutOfBounds", price, 1_000_000, 1_500_000):
            set_price("setPrice", it, price, start, sender=x.valuer)
    for as_of in (start, start + 101):
        x.kit.now = start + 100
        with refused("ShareExchange_WrongPriceTime", as_of, start, start + 100):
            set_price("setPrice", it, 1_100_000, as_of, sender=x.valuer)
    with refused("ShareExchange_NotValuer", x.owner, x.valuer):
        set_price("setPrice", it, 1_100_000, start + 1, sender=x.owner)
    receipt = set_price("setPrice", it, 1_100_000, start + 50, sender=x.valuer)
    assert receipt.events == (("PriceSet", {"id": it, "price": 1_100_000, "asOf": start + 50}),)
    x.kit.now = start + 650
    x.now(it, 1)
    assert x.money(x.ann) == [1_100_000]
    x.kit.now += 1
    with refused("ShareExchange_PriceTooOld", start + 50, 600, start + 651):
        x.now(it, 1)


@pytest.mark.attack("J18")
def test_a_holder_is_not_exchanged_at_a_price_that_moved(exchanging):
    """Between the quote and the exchange the price falls: who bounds it is not exchanged."""
    x = exchanging
    it = x.facility(valuer=x.valuer, least_price=1, most_price=1_500_000)
    seen, _, _, _ = x.quote(it, 100)
    x.kit.now += 1
    x.exchange.send("setPrice", it, 1, x.kit.now, sender=x.valuer)
    with refused("ShareExchange_TooLittlePaid", 100, seen):
        x.now(it, 100, least=seen)


def test_without_a_valuer_nobody_names_a_price(exchanging):
    x = exchanging
    it = x.facility()
    with refused("ShareExchange_NotValuer", x.owner, ZERO):
        x.exchange.send("setPrice", it, 1, x.kit.now, sender=x.owner)


# ------------------------------------------------------------------------------------ signed


def test_anyone_brings_what_a_holder_has_signed(exchanging):
    x = exchanging
    x.harness.issue({x.signer: 100})
    it = x.facility()
    request = Request(it, x.signer, 40, 50_000_000, note=b"gold to Rotterdam")
    assert x.exchange.call("digestOf", request.told) == digest_of(request.typed(x.exchange))
    [event] = x.bring(request).named("Exchanged")
    assert (event["payee"], event["note"]) == (x.signer, b"gold to Rotterdam")
    assert x.money(x.signer, x.stranger) == [50_000_000, 0]
    assert x.exchange.call("isSpent", x.signer, 0)
    with refused("ShareExchange_NonceSpent", x.signer, 0):
        x.bring(request)


def test_a_signature_counts_for_what_was_signed_only(exchanging):
    x = exchanging
    x.harness.issue({x.signer: 100})
    it = x.facility()
    request = Request(it, x.signer, 40)
    signed = request.signed(x.exchange)
    other = x.facility()
    changes = [
        {"id": other}, {"shares": 41}, {"least_paid": 1}, {"most_due": 1}, {"nonce": 1},
        {"valid_until": MAX}, {"note": b"x"}, {"holder": x.ann},
    ]  # fmt: skip
    for change in changes:
        changed = request.but(**change)
        with refused("ShareExchange_NotSigned", changed.holder):
            x.bring(changed, signed)
    for domain in ({"chainId": 2}, {"verifyingContract": x.token.address}, {"version": "2"}):
        with refused("ShareExchange_NotSigned", x.signer):
            x.bring(request, request.signed(x.exchange, **domain))
    with refused("ShareExchange_NotSigned", x.signer):
        x.bring(request, request.signed(x.exchange, MAKER))
    x.bring(request, signed)


def test_a_request_has_its_bounds(exchanging):
    x = exchanging
    x.harness.issue({x.signer: 100})
    it = x.open(x.redemption(gets=0, pays=3))
    x.give_money(x.signer, 1_000)
    start = x.kit.now
    with refused("ShareExchange_TooMuchDue", 30, 29):
        x.bring(Request(it, x.signer, 10, most_due=29))
    with refused("ShareExchange_Expired", start - 1, start):
        x.bring(Request(it, x.signer, 10, valid_until=start - 1))
    x.bring(Request(it, x.signer, 10, most_due=30, valid_until=start))


def test_a_nonce_is_cancelled_once(exchanging):
    x = exchanging
    x.harness.issue({x.signer: 100})
    it = x.facility()
    receipt = x.exchange.send("cancelNonce", 257, sender=x.signer)
    assert receipt.events == (("NonceCancelled", {"signer": x.signer, "nonce": 257}),)
    with refused("ShareExchange_NonceSpent", x.signer, 257):
        x.exchange.send("cancelNonce", 257, sender=x.signer)
    with refused("ShareExchange_NonceSpent", x.signer, 257):
        x.bring(Request(it, x.signer, 1, nonce=257))
    assert not x.exchange.call("isSpent", x.signer, 1)
    x.bring(Request(it, x.signer, 1, nonce=1))


def test_a_wallet_contract_signs_by_its_own_word(exchanging):
    x = exchanging
    wallet = x.kit.deploy("KeyWallet", MAKER.address)
    x.harness.issue({wallet.address: 10})
    it = x.facility()
    request = Request(it, wallet.address, 10)
    with refused("ShareExchange_NotSigned", wallet.address):
        x.bring(request, request.signed(x.exchange, THIRD))
    x.bring(request, request.signed(x.exchange, MAKER))
    assert x.money(wallet.address) == [12_500_000]


# ------------------------------------------------------------------------------------ permits


def permit_coin(x):
    """A currency with permits, of which the signer has some."""
    coin = x.kit.deploy("PermitCoin")
    coin.send("mint", x.signer, 1_000)
    return coin


def test_what_a_holder_pays_is_taken_by_its_permit(exchanging):
    x = exchanging
    coin = permit_coin(x)
    x.harness.issue({x.signer: 100})
    it = x.open(x.redemption(currency=coin.address, gets=0, pays=3))
    until = x.kit.now + DAY
    signed = Permit(
        coin, x.signer, x.exchange.address, 60, 0, until, name=coin.call("name")
    ).signed(THIRD)
    permit = (60, until, *signed)
    x.exchange.send("exchangeWithPermit", it, 10, 0, MAX, b"", permit, sender=x.signer)
    assert coin.call("balanceOf", x.treasury) == 30
    # Spent by now; the allowance that is left counts.
    x.bring(Request(it, x.signer, 10), permit=permit)
    assert coin.call("balanceOf", x.treasury) == 60
    with refused("ShareExchange_Short", coin.address, 0, 3):
        x.bring(Request(it, x.signer, 1, nonce=1), permit=permit)


def test_a_permit_for_nothing_is_passed_over(exchanging):
    x = exchanging
    it = x.facility()
    x.exchange.send("exchangeWithPermit", it, 10, 0, MAX, b"", (9, 9, 9, NOTHING, NOTHING),
                    sender=x.ann)  # fmt: skip
    assert x.shares(x.ann) == [990]
    with refused("ShareExchange_UnknownExchange", 9):
        x.exchange.send("exchangeWithPermit", 9, 1, 0, MAX, b"", NO_PERMIT, sender=x.ann)


# ------------------------------------------------------------------------------- money and the end


def test_a_facility_can_be_drained_by_the_token_s_side_alone(exchanging):
    x = exchanging
    it = x.facility(funding=1_000)
    with refused("ShareExchange_NotOwnerOrAgent", x.treasury, x.token.address):
        x.exchange.send("drain", it, 1, sender=x.treasury)
    with refused("ShareExchange_Unfunded", it, 1_001, 1_000):
        x.exchange.send("drain", it, 1_001, sender=x.agent)
    receipt = x.exchange.send("drain", it, 400, sender=x.agent)
    assert receipt.named("Drained") == [{"id": it, "by": x.agent, "amount": 400}]
    assert x.money(x.treasury, x.exchange.address) == [400, 600]
    mandatory = x.open(x.maturity())
    with refused("ShareExchange_WrongKind", mandatory, True):
        x.exchange.send("drain", mandatory, 1, sender=x.owner)


def test_an_exchange_without_an_end_is_ended_by_the_token_s_side(exchanging):
    x = exchanging
    it = x.facility(funding=1_000)
    with refused("ShareExchange_NotOwnerOrAgent", x.ann, x.token.address):
        x.exchange.send("close", it, sender=x.ann)
    receipt = x.exchange.send("close", it, sender=x.agent)
    assert receipt.named("Closed") == [{"id": it, "amount": 1_000}]
    assert (x.of(it)["stage"], x.money(x.treasury)) == (Stage.CLOSED, [1_000])
    for function, *args in (
        ("exchange", it, 1, 0, MAX, b""),
        ("fund", it, 1),
        ("drain", it, 0),
        ("setPrice", it, 1, 1),
        ("close", it),
        ("carryOut", it, []),
        ("cancel", it, NOTHING),
    ):
        with refused("ShareExchange_NotAt", it, Stage.CLOSED):
            x.exchange.send(function, *args, sender=x.owner)


def test_anyone_closes_an_exchange_after_its_end(exchanging):
    x = exchanging
    end = x.kit.now + 10
    it = x.facility(funding=1_000, closes_at=end)
    x.kit.now = end
    with refused("ShareExchange_TooEarly", end + 1, end):
        x.exchange.send("close", it, sender=x.owner)
    x.kit.now = end + 1
    x.exchange.send("close", it, sender=x.stranger)
    assert x.money(x.treasury) == [1_000]


def test_an_elective_exchange_is_neither_carried_out_nor_cancelled(exchanging):
    """Nobody is exchanged unasked in an elective exchange (Law 65)."""
    x = exchanging
    it = x.facility()
    for function, *args in (("carryOut", it, [x.ann]), ("cancel", it, NOTHING)):
        with refused("ShareExchange_WrongKind", it, False):
            x.exchange.send(function, *args, sender=x.owner)
    assert x.shares(x.ann) == [1_000]


def test_what_was_never_opened_is_unknown(exchanging):
    x = exchanging
    for function, *args in (
        ("fund", 0, 1), ("drain", 7, 1), ("setPrice", 7, 1, 1), ("exchange", 7, 1, 0, MAX, b""),
        ("carryOut", 7, []), ("take", 7, x.ann), ("takeTo", 7, x.ann, x.ann), ("sweep", 7),
        ("close", 7), ("cancel", 7, NOTHING), ("endKept", 7, x.ann, x.ann, x.ann, 1),
        ("endHold", 7, x.holding.terms().told),
    ):  # fmt: skip
        with refused("ShareExchange_UnknownExchange", args[0]):
            x.exchange.send(function, *args, sender=x.owner)
    for view, *args in (
        ("exchangeOf", 7), ("missingFunds", 7), ("leftToday", 7), ("quote", 7, 1),
    ):  # fmt: skip
        with refused("ShareExchange_UnknownExchange", 7):
            x.exchange.call(view, *args)


def test_an_exchange_without_money_takes_none(exchanging):
    x = exchanging
    it = x.open(x.redemption(currency=ZERO, gets=0, treasury=ZERO))
    with refused("ShareExchange_WrongCurrency", ZERO):
        x.exchange.send("fund", it, 1, sender=x.ann)
    x.now(it, 10, note=b"retired for Ann")
    x.exchange.send("close", it, sender=x.agent)
    assert x.token.call("totalSupply") == 1_490


def test_what_is_retired_stays_retired(exchanging):
    """This contract mints no share of the token that is given (Law 66)."""
    x = exchanging
    it = x.facility(other=x.other.address, other_shares=1)
    supply = x.token.call("totalSupply")
    x.now(it, 10)
    assert x.token.call("totalSupply") == supply - 10
    with refused("ShareExchange_WrongOther", x.token.address, 1):
        x.opening(x.redemption(other=x.token.address, other_shares=1))

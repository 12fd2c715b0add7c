"""What held shares bring in a mandatory exchange waits for the hold, and goes where they would.

A hold or a keeper that has ended before, or came after, has no part in it.
"""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.harness import DAY, NOTHING, refused
from tests.contracts.market.exchanging import Exchanging
from tests.contracts.market.holding import SECRET, State
from tests.contracts.trading import MAX

EACH = 1_250_000


def begun(x, **changes):
    """A maturity under way; what was held was held before."""
    it = x.open(x.maturity(**changes))
    x.begin(it)
    return it


def end(x, it, hold, sender=None):
    """Untie what a hold brought, as a stranger."""
    return x.exchange.send("endHold", it, hold.told, sender=sender or x.stranger)


def end_kept(x, it, shares, account, *, sender, keeper=None, holder=None):
    """Untie what a keeper held."""
    args = (it, keeper or x.valuer, holder or x.ann, account, shares)
    return x.exchange.send("endKept", *args, sender=sender)


def untied(x, it, *who):
    """What can be taken, in shares' worth."""
    return [x.owed(it, account)[0] // EACH for account in who]


# ---------------------------------------------------------------------------------------- holds


def test_what_held_shares_bring_is_owed_and_cannot_be_taken(exchanging):
    x = exchanging
    x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    it = begun(x)
    receipt = x.carry_out(it, x.ann)
    assert receipt.named("Exchanged")[0]["payee"] == x.ann
    assert receipt.named("Owed") == [
        {"id": it, "holder": x.ann, "paid": 60 * EACH, "otherShares": 0, "heldShares": 60}
    ]
    assert x.money(x.ann) == [940 * EACH]
    assert x.owed(it, x.ann) == (60 * EACH, 0, 60)
    with refused("ShareExchange_NothingOwed", it, x.ann):
        x.take(it, x.ann)


def test_who_claims_in_time_gets_what_the_shares_brought(exchanging):
    x = exchanging
    hold = x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    it = begun(x)
    x.carry_out(it, x.ann)
    with refused("ShareExchange_HoldNotEnded", x.holding.id(hold), State.OPEN):
        end(x, it, hold)
    x.holding.claim(hold)
    assert x.holding.state(hold) == State.CLAIMED
    receipt = end(x, it, hold)
    assert receipt.named("HoldEnded") == [
        {
            "id": it, "holder": x.ann, "account": x.ben, "holdId": x.holding.id(hold),
            "keeper": ZERO, "shares": 60,
        }
    ]  # fmt: skip
    assert (x.owed(it, x.ann), x.owed(it, x.ben)) == ((0, 0, 0), (60 * EACH, 0, 0))
    with refused("ShareExchange_HoldNotEnded", x.holding.id(hold), State.CLAIMED):
        end(x, it, hold)
    x.take(it, x.ben)
    assert x.money(x.ben) == [60 * EACH]


def test_it_follows_the_wallet_that_the_receiver_names(exchanging):
    x = exchanging
    hold = x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    it = begun(x)
    x.carry_out(it, x.ann)
    x.holding.claim(hold)
    x.holding.redirect(hold, x.cid)
    end(x, it, hold)
    assert untied(x, it, x.ann, x.ben, x.cid) == [0, 0, 60]


def test_the_owner_has_it_when_nobody_claimed_in_time(exchanging):
    x = exchanging
    hold = x.holding.open(amount=60, until=x.kit.now + 2 * DAY)
    it = begun(x)
    x.carry_out(it, x.ann)
    x.kit.now = hold.until
    with refused("ShareExchange_HoldNotEnded", x.holding.id(hold), State.OPEN):
        end(x, it, hold)
    x.kit.now += 1
    end(x, it, hold)
    x.take(it, x.ann)
    assert x.money(x.ann) == [1_000 * EACH]


@pytest.mark.parametrize("way", ["release by the owner", "release by the receiver", "void"])
def test_the_owner_has_it_when_the_hold_is_released_or_voided(exchanging, way):
    x = exchanging
    hold = x.holding.open(amount=60, until=x.kit.now + 2 * DAY)
    it = begun(x)
    x.carry_out(it, x.ann)
    if way == "void":
        x.holding.void(hold)
    elif way == "release by the receiver":
        x.holding.release(hold, sender=x.ben)
    else:
        x.kit.now = hold.until + 1
        x.holding.release(hold)
    name = x.holding.id(hold)
    assert x.holds.call("missingOf", name) == (60, x.kit.now)
    end(x, it, hold)
    assert untied(x, it, x.ann, x.ben) == [60, 0]


def test_a_hold_that_ended_before_the_exchange_unties_nothing(exchanging):
    """Ann's own hold, released before, gives her nothing of what is held for Ben."""
    x = exchanging
    x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    own = x.holding.open(amount=40, to=x.cid, nonce=1, until=x.kit.now + 9 * DAY)
    delivered = x.holding.open(amount=5, to=x.cid, nonce=2, until=x.kit.now + 9 * DAY)
    it = begun(x)
    x.holding.release(own, sender=x.cid)
    x.holding.claim(delivered)
    x.carry_out(it, x.ann)
    for hold, state in ((own, State.RELEASED), (delivered, State.DELIVERED)):
        with refused("ShareExchange_HoldNotEnded", x.holding.id(hold), state):
            end(x, it, hold)
    assert x.owed(it, x.ann) == (60 * EACH, 0, 60)


def test_a_hold_that_was_taken_from_before_the_exchange_unties_nothing(exchanging):
    x = exchanging
    first = x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    it = x.open(x.maturity())
    x.holding.order("burn", x.ann, 1_000)
    x.holding.release(first, sender=x.ben)
    assert x.holds.call("missingOf", x.holding.id(first)) == (60, x.kit.now)
    x.harness.issue({x.ann: 1_000})
    x.holding.open(amount=60, nonce=1, until=x.kit.now + 9 * DAY)
    x.begin(it)
    x.carry_out(it, x.ann)
    with refused("ShareExchange_HoldNotEnded", x.holding.id(first), State.RELEASED):
        end(x, it, first)


def test_a_hold_that_opened_after_the_exchange_gives_its_receiver_nothing(exchanging):
    """Amendment (bb): what it held is its owner's."""
    x = exchanging
    it = x.open(x.maturity())
    x.kit.now += 1
    hold = x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    x.begin(it)
    x.carry_out(it, x.ann)
    x.holding.claim(hold)
    end(x, it, hold)
    assert untied(x, it, x.ann, x.ben) == [60, 0]


def test_a_hold_of_shares_that_came_later_unties_nothing_of_the_earlier(exchanging):
    """Ann gets new shares after hers were exchanged, and has them held for herself."""
    x = exchanging
    first = x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    it = begun(x)
    x.carry_out(it, x.ann)
    x.harness.move(x.ben, x.ann, 60)
    late = x.holding.open(amount=60, to=x.cid, nonce=1, until=x.kit.now + 9 * DAY)
    x.holding.order("burn", x.ann, 60)
    x.holding.claim(late)
    with refused("ShareExchange_HoldNotEnded", x.holding.id(late), State.CLAIMED):
        end(x, it, late)
    x.holding.claim(first)
    end(x, it, first)
    assert untied(x, it, x.ann, x.ben, x.cid) == [0, 60, 0]


def test_a_hold_of_another_token_or_another_holder_unties_nothing(exchanging):
    x = exchanging
    x.dollar.send("mint", x.ann, 100)
    x.dollar.send("approve", x.holds.address, MAX, sender=x.ann)
    x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    money = x.holding.open(asset=x.dollar.address, nonce=1, until=x.kit.now + 9 * DAY)
    bens = x.holding.open(owner=x.ben, to=x.cid, nonce=2, until=x.kit.now + 9 * DAY)
    it = begun(x)
    x.carry_out(it, x.ann)
    x.holding.claim(money)
    with refused("ShareExchange_HoldNotEnded", x.holding.id(money), State.DELIVERED):
        end(x, it, money)
    x.holding.order("pause")
    x.holding.claim(bens)
    with refused("ShareExchange_NothingOwed", it, x.ben):
        end(x, it, bens)
    unknown = x.holding.terms(nonce=99)
    with refused("ShareExchange_HoldNotEnded", x.holding.id(unknown), State.NONE):
        end(x, it, unknown)


def test_several_holds_end_one_by_one_and_the_last_has_what_rounding_left(exchanging):
    """What held shares brought adds up to the unit (Law 64)."""
    x = exchanging
    holds = [
        x.holding.open(amount=amount, nonce=amount, until=x.kit.now + 9 * DAY)
        for amount in (7, 11, 23)
    ]
    it = begun(x, per=3, gets=10, other=x.other.address, other_shares=2)
    x.carry_out(it, x.ann)
    paid, others, held = x.owed(it, x.ann)
    assert (paid, others, held) == (3_333 * 41 // 1_000, 666 * 41 // 1_000, 41)
    for hold in holds:
        x.holding.claim(hold)
        end(x, it, hold)
    assert x.owed(it, x.ann) == (0, 0, 0)
    assert x.owed(it, x.ben) == (paid, others, 0)
    x.take(it, x.ben)
    assert (x.money(x.ben), x.others(x.ben)) == ([paid], [others])


def test_two_exchanges_of_a_holder_s_shares_add_up(exchanging):
    x = exchanging
    hold = x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    it = begun(x)
    x.carry_out(it, x.ann)
    x.harness.move(x.ben, x.ann, 100)
    x.carry_out(it, x.ann)
    assert x.owed(it, x.ann) == (60 * EACH, 0, 60)
    x.holding.claim(hold)
    end(x, it, hold)
    assert untied(x, it, x.ben) == [60]


# -------------------------------------------------------------------------------------- keepers


def kept(x, amount=60, until=None):
    """Eve keeps Ann's shares, for twenty days."""
    x.holding.consent(80, until or x.kit.now + 20 * DAY)
    x.holding.keep(amount)


def test_a_keeper_in_time_says_whose_it_is(exchanging):
    x = exchanging
    kept(x)
    it = begun(x)
    x.carry_out(it, x.ann)
    with refused("ShareExchange_StillKept", x.valuer, x.ann, 60):
        end_kept(x, it, 1, x.ann, sender=x.stranger)
    with refused("ShareExchange_StillKept", x.valuer, x.ann, 60):
        end_kept(x, it, 61, x.dan, sender=x.valuer)
    for nobody in (ZERO, x.exchange.address):
        with refused("ShareExchange_InvalidReceiver", nobody):
            end_kept(x, it, 1, nobody, sender=x.valuer)
    receipt = end_kept(x, it, 20, x.dan, sender=x.valuer)
    assert receipt.named("HoldEnded") == [
        {
            "id": it, "holder": x.ann, "account": x.dan, "holdId": NOTHING,
            "keeper": x.valuer, "shares": 20,
        }
    ]  # fmt: skip
    end_kept(x, it, 40, x.ann, sender=x.valuer)
    assert untied(x, it, x.ann, x.dan) == [40, 20]
    with refused("ShareExchange_StillKept", x.valuer, x.ann, 60):
        end_kept(x, it, 1, x.dan, sender=x.valuer)


def test_after_its_time_anyone_unties_it_for_the_holder_alone(exchanging):
    x = exchanging
    until = x.kit.now + 5 * DAY
    kept(x, until=until)
    it = begun(x)
    x.carry_out(it, x.ann)
    x.kit.now = until + 1
    for sender in (x.valuer, x.stranger):
        with refused("ShareExchange_StillKept", x.valuer, x.ann, 60):
            end_kept(x, it, 60, x.dan, sender=sender)
    end_kept(x, it, 30, x.ann, sender=x.stranger)
    end_kept(x, it, 30, x.ann, sender=x.valuer)
    assert untied(x, it, x.ann) == [60]


@pytest.mark.parametrize("way", ["let go", "voided", "taken back"])
def test_what_a_keeper_has_let_go_is_the_holder_s(exchanging, way):
    x = exchanging
    until = x.kit.now + 5 * DAY
    kept(x, until=until)
    it = begun(x)
    x.carry_out(it, x.ann)
    if way == "let go":
        x.holding.let_go(60)
    elif way == "voided":
        x.holding.void_kept()
    else:
        x.kit.now = until + 1
        x.holding.take_back(x.ann)
    with refused("ShareExchange_StillKept", x.valuer, x.ann, 0):
        end_kept(x, it, 60, x.dan, sender=x.valuer)
    end_kept(x, it, 60, x.ann, sender=x.stranger)
    assert untied(x, it, x.ann) == [60]
    with refused("ShareExchange_StillKept", x.valuer, x.ann, 0):
        end_kept(x, it, 1, x.ann, sender=x.stranger)


def test_what_a_keeper_let_go_of_before_unties_nothing(exchanging):
    x = exchanging
    hold = x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    kept(x)
    it = begun(x)
    x.holding.let_go(60)
    x.carry_out(it, x.ann)
    with refused("ShareExchange_StillKept", x.valuer, x.ann, 0):
        end_kept(x, it, 1, x.ann, sender=x.stranger)
    x.holding.claim(hold)
    end(x, it, hold)


def test_a_keeper_has_nothing_where_nothing_is_tied(exchanging):
    x = exchanging
    kept(x)
    it = begun(x)
    with refused("ShareExchange_NothingOwed", it, x.ann):
        end_kept(x, it, 1, x.ann, sender=x.valuer)


# ------------------------------------------------------------------------------------- in custody


@pytest.fixture
def custody(harness) -> Exchanging:
    """A token that has not appointed the contract: what is held lies with it."""
    x = Exchanging(harness, appointed=False)
    harness.issue({x.ann: 1_000, x.ben: 500})
    x.token.send("approve", x.holds.address, MAX, sender=x.ann)
    return x


def test_shares_in_custody_are_exchanged_with_the_contract_s_wallet(custody):
    x = custody
    hold = x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    other = x.holding.open(amount=40, to=x.cid, nonce=1, until=x.kit.now + 2 * DAY)
    x.holding.consent(80, x.kit.now + 20 * DAY)
    x.holding.keep(25)
    it = begun(x)
    receipt = x.carry_out(it, x.holds.address, x.ann, x.ben)
    assert receipt.named("Owed")[0]["heldShares"] == 125
    assert x.money(x.holds.address) == [0]
    x.exchange.send("close", it)
    x.holding.claim(hold)
    assert x.holding.state(hold) == State.CLAIMED
    end(x, it, hold)
    with refused("ShareExchange_HoldNotEnded", x.holding.id(other), State.OPEN):
        end(x, it, other)
    x.kit.now = other.until + 1
    end(x, it, other)
    end_kept(x, it, 25, x.dan, sender=x.valuer)
    assert untied(x, it, x.ann, x.ben, x.dan) == [40, 60, 25]
    for who in (x.ann, x.ben, x.dan):
        x.take(it, who)
    assert x.money(x.exchange.address) == [0]


def test_a_secret_shown_after_the_exchange_still_claims(exchanging):
    """The claim is kept although nothing is left to deliver."""
    x = exchanging
    hold = x.holding.open(amount=60, until=x.kit.now + 9 * DAY)
    it = begun(x)
    x.carry_out(it, x.ann)
    assert x.holds.call("claim", hold.told, SECRET) is False

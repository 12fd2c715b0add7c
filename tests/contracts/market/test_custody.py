"""What is in the care of `Holds`: any ERC-20 that has not appointed it, well behaved or not."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO, Deployed
from tests.contracts.compliant import Compliant, investor
from tests.contracts.currencies import Movement, Nature
from tests.contracts.harness import DAY, Harness, person, refused
from tests.contracts.market.holding import SECRET, Holding, State

NEW, NEXT = person(1), person(2)


@pytest.fixture
def holding(kit) -> Holding:
    """Money to hold; the token plays no part."""
    return Holding(Harness(kit))


def currency_of(holding: Holding, contract: str, *, units: int = 100) -> Deployed:
    """A currency of which Ann has some, and somebody else has had some held already."""
    currency = holding.kit.deploy(contract)
    if contract == "WilfulCurrency":
        currency.send("become", Nature().words())
    holding.fund(currency, holding.ann, units)
    cid = holding.harness.cid
    holding.fund(currency, cid, 50)
    holding.open(asset=currency.address, owner=cid, amount=50)
    return currency


# ------------------------------------------------------------------------- examples


def test_money_is_taken_into_care_and_claimed(holding):
    """By the allowance of its owner; it goes to the receiver only (Law 43)."""
    dollar, ann, ben = holding.harness.dollar, holding.ann, holding.ben
    holding.fund(dollar, ann, 100)
    terms = holding.terms(asset=dollar.address)
    held = holding.opening(terms)
    number, holds = holding.id(terms), holding.holds.address
    told = {"id": number, "asset": dollar.address}
    assert held.events == (
        ("Held", {**told, "owner": ann, "terms": terms.written, "inCustody": True}),
        ("Transfer", {"from": ann, "to": holds, "value": 60}),
    )
    assert holding.holds.call("stateOf", number) == (State.OPEN, True, holding.kit.now)
    assert holding.money(dollar) == [40, 0, 60]
    assert holding.claim(terms).events == (
        ("Claimed", {"id": number, "secret": SECRET}),
        ("Delivered", {**told, "from": ann, "to": ben, "amount": 60}),
        ("Transfer", {"from": holds, "to": ben, "value": 60}),
    )
    assert holding.money(dollar) == [40, 60, 0]


def test_money_goes_back_to_its_owner(holding):
    """After the time, or when the receiver lets go (Law 43)."""
    dollar = holding.harness.dollar
    holding.fund(dollar, holding.ann, 100)
    first, second = (
        holding.open(asset=dollar.address, amount=amount, nonce=amount) for amount in (60, 40)
    )
    holding.release(first, sender=holding.ben)
    holding.kit.now = second.until + 1
    holding.release(second)
    assert holding.money(dollar) == [100, 0, 0]


def test_a_keeper_holds_money(holding):
    """Holds more, delivers, lets go, and the owner takes back the rest (Law 43)."""
    dollar = holding.harness.dollar
    asset = {"asset": dollar.address}
    holding.fund(dollar, holding.ann, 100)
    holding.consent(90, **asset)
    holding.keep(80, **asset)
    assert holding.money(dollar) == [20, 0, 80]
    assert holding.kept(**asset)[2:] == (80, True)
    holding.give(30, **asset)
    holding.let_go(20, **asset)
    with refused("Holds_NotTokenOwner", holding.harness.owner, dollar.address):
        holding.void_kept(**asset)
    holding.kit.now += 2 * DAY
    holding.take_back(**asset)
    assert holding.money(dollar) == [70, 30, 0]


def test_nobody_orders_about_what_is_in_custody(holding):
    """There is no owner of the token to do so (Law 43)."""
    dollar = holding.harness.dollar
    holding.fund(dollar, holding.ann, 100)
    terms = holding.open(asset=dollar.address)
    for caller in (holding.harness.owner, holding.ann, holding.ben):
        with refused("Holds_NotTokenOwner", caller, dollar.address):
            holding.void(terms, sender=caller)


def test_a_receiver_in_custody_names_any_other_wallet(holding):
    """A currency knows no persons; the receiver could pay it on itself."""
    currency = currency_of(holding, "BlockList")
    terms = holding.open(asset=currency.address)
    currency.send("setBlocked", holding.ben, True)
    holding.claim(terms)
    holding.redirect(terms, NEW)
    holding.deliver(terms)
    assert holding.money(currency, NEW) == [40, 0, 50, 60]


# -------------------------------------------------------------------- hostile currencies


def test_a_currency_that_answers_nothing_is_held(holding):
    """As some old ones do."""
    currency = currency_of(holding, "NoReturn")
    terms = holding.open(asset=currency.address)
    holding.claim(terms)
    assert holding.money(currency) == [40, 60, 50]


def test_a_blocked_receiver_keeps_its_claim(holding):
    """Until the currency lets it have the money, or for ever; the owner does not have it back
    (Law 43)."""
    currency = currency_of(holding, "BlockList")
    terms = holding.open(asset=currency.address)
    currency.send("setBlocked", holding.ben, True)
    holding.claim(terms)
    assert holding.state(terms) == State.CLAIMED
    holding.kit.now += 2 * DAY
    with refused("Holds_NotIn", holding.id(terms), State.CLAIMED):
        holding.release(terms)
    with refused("Holds_Refused", currency.address, holding.holds.address, holding.ben, 60):
        holding.deliver(terms)
    currency.send("setBlocked", holding.ben, False)
    holding.deliver(terms)
    assert holding.money(currency) == [40, 60, 50]


def test_a_blocked_owner_waits(holding):
    """What cannot be given back is refused, and stays (Law 43)."""
    currency = currency_of(holding, "BlockList")
    terms = holding.open(asset=currency.address)
    holding.kit.now += 2 * DAY
    currency.send("setBlocked", holding.ann, True)
    with refused("Holds_Refused", currency.address, holding.holds.address, holding.ann, 60):
        holding.release(terms)
    currency.send("setBlocked", holding.ann, False)
    holding.release(terms)
    assert holding.money(currency) == [100, 0, 50]


@pytest.mark.parametrize(
    "contract", ["ReturnsFalse", "FalseAfterMoving", "GasBurner", "ReturnBomb"]
)
def test_a_currency_that_breaks_pays_once_when_it_is_mended(holding, contract):
    """Though it moved and said no, burnt the gas or answered a megabyte: the claim is kept, and
    what others have had held stays (Law 43, Law 44)."""
    currency = currency_of(holding, contract)
    terms = holding.open(asset=currency.address)
    how = (True, False) if contract == "ReturnBomb" else (True,)
    currency.send("setBroken", *how)
    data = holding.kit.codec.call("Holds", "claim", terms.told, SECRET)
    holding.kit.transact(holding.ann, holding.holds.address, data, gas=3_000_000)
    assert holding.state(terms) == State.CLAIMED
    assert holding.money(currency) == [40, 0, 110]
    with refused("Holds_Refused", currency.address, holding.holds.address, holding.ben, 60):
        holding.deliver(terms)
    currency.send("setBroken", *(False for _ in how))
    holding.deliver(terms)
    assert holding.money(currency) == [40, 60, 50]
    with refused("Holds_NotIn", holding.id(terms), State.DELIVERED):
        holding.deliver(terms)


@pytest.mark.parametrize(
    ("contract", "arrived"), [("ReturnsFalse", 0), ("FalseAfterMoving", 0), ("GasBurner", 0)]
)
def test_what_a_broken_currency_says_is_held_of_nothing(holding, contract, arrived):
    """No hold opens, and nothing has moved (Law 44)."""
    currency = currency_of(holding, contract)
    currency.send("setBroken", True)
    with refused("Holds_Short", currency.address, arrived, 60):
        holding.open(asset=currency.address)
    assert holding.money(currency) == [100, 0, 50]


def test_a_currency_that_takes_a_fee_is_refused(holding):
    """Less than was to be held has arrived: others would pay for it (Law 44)."""
    currency = currency_of(holding, "FeeOnTransfer")
    currency.send("setFee", 1_000)
    with refused("Holds_Short", currency.address, 54, 60):
        holding.open(asset=currency.address)
    holding.consent(asset=currency.address)
    with refused("Holds_Short", currency.address, 54, 60):
        holding.keep(60, asset=currency.address)
    assert holding.money(currency) == [100, 0, 50]


def test_a_fee_that_comes_later_is_the_receivers(holding):
    """It is taken of what the receiver gets, and of nobody else's (Law 44)."""
    currency = currency_of(holding, "FeeOnTransfer")
    terms = holding.open(asset=currency.address)
    currency.send("setFee", 1_000)
    holding.claim(terms)
    assert holding.money(currency) == [40, 54, 50]


@pytest.mark.parametrize(
    ("movement", "paid"), [(Movement.NOTHING, 0), (Movement.ONE_LESS, 59), (Movement.ONE_MORE, 0)]
)
def test_a_currency_that_says_yes_has_to_pay(holding, movement, paid):
    """Not nothing, and not more than the hold; what it keeps for itself is between it and the
    receiver (Law 44)."""
    currency = currency_of(holding, "WilfulCurrency")
    terms = holding.open(asset=currency.address)
    currency.send("become", Nature(movement=movement).words())
    holding.claim(terms)
    assert holding.state(terms) == (State.DELIVERED if paid else State.CLAIMED)
    assert holding.money(currency) == [40, paid, 110 - paid]


def test_a_fee_on_top_is_not_paid_by_others(holding):
    """The delivery waits until the currency asks for none (Law 44)."""
    currency = currency_of(holding, "SenderPays")
    terms = holding.open(asset=currency.address)
    currency.send("setFee", 1)
    holding.claim(terms)
    with refused("Holds_Refused", currency.address, holding.holds.address, holding.ben, 60):
        holding.deliver(terms)
    assert holding.money(currency) == [40, 0, 110]
    currency.send("setFee", 0)
    holding.deliver(terms)
    assert holding.money(currency) == [40, 60, 50]


def test_a_currency_that_takes_unknown_calls_for_deposits_is_held(holding):
    """It burns what a question gets, once, when a hold opens."""
    plain, burning = (currency_of(holding, name) for name in ("NoReturn", "DepositingCoin"))
    costs = []
    for currency in (plain, plain, burning):
        terms = holding.terms(asset=currency.address, amount=30, nonce=len(costs))
        costs.append((holding.opening(terms).gas, holding.claim(terms).gas))
    _, usual, more = costs
    assert 45_000 < more[0] - usual[0] < 60_000
    assert abs(more[1] - usual[1]) < 30_000
    assert holding.money(burning) == [70, 30, 50]


def test_what_is_no_currency_is_refused(holding):
    """The native coin, a wallet, a contract without balances, and what nobody has allowed."""
    for asset in (ZERO, NEW, holding.harness.vault.address):
        with refused("Holds_Short", asset, 0, 60):
            holding.open(asset=asset)
    dollar = holding.harness.dollar
    dollar.send("mint", holding.ann, 100)
    with refused("Holds_Short", dollar.address, 0, 60):
        holding.open(asset=dollar.address)


def test_what_strays_here_is_nobodys(holding):
    """Money that was sent without a hold is never paid to anyone (Law 43)."""
    dollar = holding.harness.dollar
    holding.fund(dollar, holding.ann, 100)
    terms = holding.open(asset=dollar.address)
    holding.consent(40, asset=dollar.address)
    holding.keep(40, asset=dollar.address)
    dollar.send("mint", holding.holds.address, 1_000)
    holding.claim(terms)
    with refused("Holds_OverKept", holding.eve, 41, 40):
        holding.give(41, asset=dollar.address)
    holding.give(40, asset=dollar.address)
    assert holding.money(dollar) == [0, 100, 1_000]


# ------------------------------------------------- shares of a token that has not appointed


def test_shares_of_a_token_that_has_not_appointed_are_in_custody(kit):
    """If the contract may receive them; it is then their holder (Law 43)."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100})
    holding = Holding(harness, appointed=False)
    token, holds = harness.token, holding.holds.address
    token.send("approve", holds, 100, sender=harness.ann)
    with refused("Holds_Short", token.address, 0, 60):
        holding.open()
    harness.know({holds: investor(99)})
    terms = holding.open()
    assert harness.held(harness.ann, holds) == [40, 60]
    holding.claim(terms)
    assert harness.held(harness.ann, harness.ben, holds) == [40, 60, 0]


def test_a_recovery_reaches_into_custody(kit):
    """Owner and receiver have successors there as well; who has a lost key gets nothing
    (Law 43)."""
    harness = Harness(kit)
    harness.issue({harness.ann: 100})
    holding = Holding(harness, appointed=False)
    token = harness.token
    token.send("approve", holding.holds.address, 100, sender=harness.ann)
    first, second = holding.open(amount=60), holding.open(amount=30, nonce=1)
    holding.consent(10)
    holding.keep(10)
    holding.recover(harness.ann, NEW)
    holding.recover(harness.ben, NEXT)
    holding.claim(first)
    holding.kit.now += 2 * DAY
    for call in (lambda: holding.release(second), holding.take_back):
        with refused("Holds_NotOwner", harness.ann, NEW):
            call()
    holding.release(second, sender=NEW)
    holding.take_back(sender=NEW)
    assert holding.shares(NEW, NEXT, holding.holds.address) == [(40, 0), (60, 0), (0, 0)]
    with refused("Holds_HasSuccessor", harness.ann):
        holding.open(nonce=2)

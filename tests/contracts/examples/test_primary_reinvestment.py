"""The example hook: income buys an issuer's shares at a fixed price, and the rest comes back."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from tests.chainkit import ZERO, RevmKit
from tests.contracts.harness import Harness, person, refused
from tests.contracts.relayer import HOLDER, PaymentInstruction, desk_of

COIN = 10**18
NEW_HOME = person(7)


def least(shares: int) -> bytes:
    """What the holder signs for the hook to read."""
    return encode(["uint256"], [shares])


class Offer:
    """Shares of a building at a fixed price for its own rent, of which the holder gets 30 %."""

    def __init__(
        self, kit: RevmKit, *, price: int, stock: int = 50, decimals: int = 0, native: bool = False
    ) -> None:
        self.harness = Harness(kit, decimals=decimals)
        self.kit, self.token, self.dollar = kit, self.harness.token, self.harness.dollar
        self.issuer, self.native = self.harness.issuer, native
        self.harness.issue({HOLDER.address: 3_000, self.harness.ann: 7_000, self.issuer: stock})
        currency = ZERO if native else self.dollar.address
        self.desk = desk_of(self.harness)
        self.hook = kit.deploy(
            "PrimaryReinvestment",
            self.desk.address, self.issuer, self.token.address, currency, price,
        )  # fmt: skip
        self.record = self.harness.close()
        self.token.send("transfer", self.hook.address, stock, sender=self.issuer)

    def rent(self, net: int) -> int:
        """A distribution of which the holder gets this much, the issuer's stock being excluded."""
        amount, options = net * 10_000 // 3_000, {"excluded": [self.issuer]}
        if self.native:
            return self.harness.declare_native(self.record, amount, **options)
        return self.harness.declare(self.record, amount, **options)

    def order(self, number: int, minimum: int = 0) -> PaymentInstruction:
        """The holder wants shares for it, in another wallet."""
        return PaymentInstruction(
            self.desk, HOLDER.address, HOLDER.address, [number], NEW_HOME, self.hook.address,
            least(minimum),
        )  # fmt: skip

    def money(self, account: str) -> int:
        """What an account has of the currency."""
        return (
            self.kit.balance(account)
            if self.native
            else int(self.dollar.call("balanceOf", account))
        )

    def shares(self, account: str) -> int:
        """What an account has of the shares."""
        return int(self.token.call("balanceOf", account))


@pytest.mark.parametrize("native", [False, True])
def test_income_buys_shares_and_the_rest_comes_back(kit, native):
    """Three shares at 900 for 3,000: the issuer is paid at once, nothing stays in between."""
    offer = Offer(kit, price=900, native=native)
    before = offer.money(offer.issuer)
    receipt = offer.order(offer.rent(3_000), 3).send()
    assert receipt.named("Sold") == [{"receiver": NEW_HOME, "amount": 3, "cost": 2_700}]
    assert (offer.shares(NEW_HOME), offer.shares(offer.hook.address)) == (3, 47)
    assert (offer.money(offer.issuer) - before, offer.money(NEW_HOME)) == (2_700, 300)
    for between in (offer.hook, offer.desk):
        assert offer.money(between.address) == 0
    assert offer.shares(HOLDER.address) == 3_000


@given(
    st.integers(1, 10**14),
    st.integers(1, 10**13),
    st.integers(0, 2**80),
    st.sampled_from((0, 6, 18)),
)
def test_the_buyer_gets_what_it_can_afford_and_every_unit_is_accounted_for(
    codec, thirds, price, stock, decimals
):
    """The floor of money ÷ price, at most what is there; its cost rounded up; all else back."""
    offer = Offer(RevmKit(codec), price=price, stock=stock, decimals=decimals)
    net, whole = 3 * thirds, 10**decimals
    bought = min(net * whole // price, stock)
    cost = -(-bought * price // whole)
    offer.order(offer.rent(net), bought).send()
    assert offer.shares(NEW_HOME) == bought
    assert (offer.money(offer.issuer), offer.money(NEW_HOME)) == (cost, net - cost)
    assert offer.money(offer.hook.address) == 0
    if bought < stock:
        assert (net - cost) * whole < price


def test_fewer_shares_than_the_holder_signed_for_are_refused(kit):
    """A higher price than expected, or too few left: the holder keeps its income."""
    offer = Offer(kit, price=900, stock=2)
    number = offer.rent(3_000)
    with refused("PrimaryReinvestment_TooFewShares", 2, 3):
        offer.order(number, 3).send()
    assert offer.harness.vault.call("claimable", number, HOLDER.address) == 3_000
    offer.order(number, 2).send()
    assert (offer.shares(NEW_HOME), offer.money(NEW_HOME)) == (2, 1_200)


@pytest.mark.attack("A13")
def test_a_claim_that_comes_first_cannot_make_the_holder_buy_less(kit):
    """Somebody claims one of two distributions for the holder: what is left buys too little."""
    offer = Offer(kit, price=900)
    first, second = offer.rent(3_000), offer.rent(3_000)
    both = offer.order(first, 6).but(ids=[first, second])
    offer.harness.claim(HOLDER.address, first)
    with refused("PrimaryReinvestment_TooFewShares", 3, 6):
        both.send()
    assert offer.money(HOLDER.address) == 3_000


def test_only_the_desk_is_believed(kit):
    """Nobody gets shares for money that never came."""
    offer = Offer(kit, price=900)
    call = (NEW_HOME, offer.dollar.address, 45_000, least(0))
    for caller in (offer.harness.stranger, offer.issuer, HOLDER.address):
        with refused("PrimaryReinvestment_NotRelayer", caller, offer.desk.address):
            offer.hook.send("onIncome", *call, sender=caller)
    assert offer.shares(offer.hook.address) == 50


def test_another_currency_buys_nothing(kit):
    """Coins for an offer in dollars go nowhere."""
    offer = Offer(kit, price=900)
    number = offer.harness.declare_native(offer.record, COIN)
    with refused("PrimaryReinvestment_WrongCurrency", ZERO, offer.dollar.address):
        offer.order(number).send()
    assert kit.balance(offer.hook.address) == 0


@pytest.mark.parametrize("data", [b"", b"\0" * 31])
def test_an_order_without_a_minimum_is_refused(kit, data):
    """What the hook cannot read is no order."""
    offer = Offer(kit, price=900)
    order = offer.order(offer.rent(3_000)).but(data=data)
    with refused("ClaimRelayer_NotReinvested", offer.hook.address):
        order.send()


def test_a_buyer_who_may_not_hold_shares_keeps_its_income(kit):
    """What the token refuses is passed on, and undoes everything."""
    offer = Offer(kit, price=900)
    number = offer.rent(3_000)
    offer.token.send("setAddressFrozen", NEW_HOME, True, sender=offer.harness.agent)
    with refused("ERC7943CannotReceive", NEW_HOME):
        offer.order(number).send()
    assert offer.harness.vault.call("claimable", number, HOLDER.address) == 3_000


def test_unsold_shares_go_back_to_the_issuer_alone(kit):
    """Whenever it likes; others are told who may."""
    offer = Offer(kit, price=900)
    with refused("PrimaryReinvestment_NotIssuer", offer.harness.agent, offer.issuer):
        offer.hook.send("takeBack", 50, sender=offer.harness.agent)
    offer.hook.send("takeBack", 50, sender=offer.issuer)
    assert offer.shares(offer.issuer) == 50


def test_an_offer_has_a_price(kit):
    """Shares are not given away by mistake."""
    harness = Harness(kit)
    with refused("PrimaryReinvestment_NoPrice", 0):
        kit.deploy("PrimaryReinvestment", person(1), person(2), harness.token.address, ZERO, 0)

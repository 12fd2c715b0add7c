"""Hostile currencies as what is given, as what is taken, as a leg of a trade and in custody.

The same natures as the vault meets. Either everybody has what was signed for, or nothing has moved
and nothing is spent. What is expected of each is worked out from its nature alone.
"""

from __future__ import annotations

from hashlib import sha256

import pytest

from tests.chainkit import ZERO, Codec, Deployed, Reverted, RevmKit
from tests.contracts.currencies import CHANGES, CURRENCIES, Answer, Movement, Nature, Telling
from tests.contracts.harness import DAY, Harness
from tests.contracts.trading import MAX, Leg, Market, Order, Trade

pytestmark = pytest.mark.slow

AMOUNT, FUNDS = 1_000, 10_000
SECRET = b"\x07" * 32
NATURES: dict[str, Nature] = {
    **{one.code: one.nature for one in CURRENCIES if one.kind == "wilful"},
    **{one.code: Nature(**one.nature) for one in CHANGES if one.nature},
    "limited": Nature(limit=AMOUNT - 1),
    "fee of nothing": Nature(fee=9),
}
"""How the currency is from when the trade is brought."""

ROLES = ("give", "take", "leg", "custody")
BELIEVED = (Answer.YES, Answer.NOTHING, Answer.LONG)
OPEN = (Telling.TRUTH, Telling.DOUBLE)


def moves(nature: Nature) -> bool:
    """Whether the currency moves what it is asked to, or some of it, and says so."""
    stopped = nature.paused or 0 < nature.limit < AMOUNT
    # Balances that shrink by themselves leave too little to give.
    worth = FUNDS * Nature().grains // nature.grains
    short = nature.moves(AMOUNT)[0] > worth
    return not stopped and not short and nature.answer in BELIEVED


def arrives(nature: Nature) -> bool:
    """Whether as much as was asked for seems to arrive."""
    arrived = nature.moves(AMOUNT)[1] * (2 if nature.telling is Telling.DOUBLE else 1)
    return moves(nature) and nature.telling in OPEN and arrived >= AMOUNT


def passes(nature: Nature, role: str) -> bool:
    """Whether a trade with the currency in this role is carried out: what a taker receives it has
    chosen; everybody else has what was signed for."""
    return moves(nature) if role == "give" else arrives(nature)


class Bazaar(Market):
    """A market on which a wilful currency is traded for dollars."""

    def begin(self) -> Deployed:
        """The currency, of which the maker and the taker have some; on a good day."""
        coin = self.kit.deploy("WilfulCurrency")
        self.holds = self.kit.deploy("Holds")
        coin.send("become", Nature().words())
        for who in (self.maker, self.taker):
            coin.send("mint", who, FUNDS)
            self.dollar.send("mint", who, FUNDS)
            for spender in (self.settlement, self.holds):
                coin.send("approve", spender.address, MAX, sender=who)
        return coin

    def order(self, coin: Deployed, role: str) -> Order:
        """The currency for dollars, or dollars for it."""
        sides = (coin.address, self.dollar.address)
        give, take = sides if role == "give" else sides[::-1]
        return Order(self.maker, ZERO, give, take, AMOUNT, AMOUNT, AMOUNT)

    def bring(self, coin: Deployed, role: str) -> None:
        """Fill, settle, or have held."""
        if role == "custody":
            self.holds.send("hold", self.terms(coin), sender=self.maker)
        elif role == "leg":
            legs = [
                Leg(self.dollar.address, self.taker, self.maker, AMOUNT),
                Leg(coin.address, self.maker, self.taker, AMOUNT),
            ]
            self.settle(Trade(legs))
        else:
            self.fill(self.order(coin, role))

    def terms(self, coin: Deployed) -> tuple[object, ...]:
        """A hold of the maker's for the taker."""
        lock, until = sha256(SECRET).digest(), RevmKit.START + DAY
        return (coin.address, self.maker, self.taker, AMOUNT, lock, until, 0)

    def purses(self, coin: Deployed) -> list[int]:
        """What everybody really has, in grains and in dollars."""
        wallets = (self.maker, self.taker, self.settlement.address, self.holds.address)
        return [
            *(coin.call("grainsOf", who) for who in wallets),
            *(self.dollar.call("balanceOf", who) for who in wallets),
        ]


@pytest.fixture(scope="module")
def ready(codec: Codec) -> tuple[Bazaar, Deployed]:
    """One market for all cells: each leaves it as it was."""
    bazaar = Bazaar.of(Harness(RevmKit(codec)))
    return bazaar, bazaar.begin()


@pytest.fixture(scope="module")
def codec(artifacts) -> Codec:
    """What encodes and decodes, made once."""
    return Codec(artifacts)


@pytest.mark.attack("J7")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("code", NATURES)
def test_all_have_what_was_signed_for_or_nothing_moves(ready, code, role):
    """Of each nature in each role: done as it says, or undone to the grain (Laws 47, 49)."""
    bazaar, coin = ready
    nature, kit = NATURES[code], bazaar.kit
    start = kit.evm.snapshot()
    coin.send("become", nature.words())
    before = bazaar.purses(coin)
    try:
        bazaar.bring(coin, role)
    except Reverted:
        assert not passes(nature, role)
        assert bazaar.purses(coin) == before
        assert bazaar.settlement.call("left", bazaar.order(coin, role).encodable()) == AMOUNT
        assert not bazaar.settlement.call("isTradeSpent", bazaar.maker, 0)
    else:
        assert passes(nature, role)
        check_done(bazaar, coin, nature, role, before)
    kit.evm.revert(start)


def check_done(
    bazaar: Bazaar, coin: Deployed, nature: Nature, role: str, before: list[int]
) -> None:
    """What was to move has moved: a movement of the currency, and the dollars."""
    leaves, arrives_ = (part * nature.grains for part in nature.moves(AMOUNT))
    moved = [after - was for was, after in zip(before, bazaar.purses(coin), strict=True)]
    paid = AMOUNT if role != "custody" else 0
    expected = {
        "give": (-leaves, arrives_, 0, 0),
        "leg": (-leaves, arrives_, 0, 0),
        "take": (arrives_, -leaves, 0, 0),
        "custody": (-leaves, 0, 0, arrives_),
    }[role]
    sign = -1 if role == "take" else 1
    assert moved == [*expected, sign * paid, -sign * paid, 0, 0]


@pytest.mark.parametrize("code", NATURES)
def test_what_is_held_waits_until_it_can_be_delivered(ready, code):
    """A currency that turns while it is held: a claim in time is delivered, or stays claimed until
    the currency is itself again; nobody else's money is touched (Law 43)."""
    bazaar, coin = ready
    nature, kit, holds = NATURES[code], bazaar.kit, bazaar.holds
    start = kit.evm.snapshot()
    others = (coin.address, bazaar.taker, bazaar.third, AMOUNT, b"\1" * 32, RevmKit.START + DAY, 1)
    holds.send("hold", others, sender=bazaar.taker)
    terms = bazaar.terms(coin)
    holds.send("hold", terms, sender=bazaar.maker)
    coin.send("become", nature.words())
    had = coin.call("grainsOf", holds.address)
    holds.send("claim", terms, SECRET, sender=bazaar.harness.stranger)
    state, _, _ = holds.call("stateOf", holds.call("idOf", terms))
    gone = had - coin.call("grainsOf", holds.address)
    assert state in (2, 3)
    assert gone == 0 if state == 2 else 0 < gone <= AMOUNT * nature.grains
    coin.send("become", Nature().words())
    if state == 2:
        holds.send("deliver", terms, sender=bazaar.harness.stranger)
        gone = had - coin.call("grainsOf", holds.address)
        assert gone == AMOUNT * Nature().grains
    # What others have in custody is there.
    holds.send("release", others, sender=bazaar.third)
    kit.evm.revert(start)


def test_there_are_enough_of_them():
    """More than twenty, in four roles."""
    assert len(NATURES) > 20
    assert {passes(nature, role) for nature in NATURES.values() for role in ROLES} == {True, False}
    assert {Movement.NOTHING, Movement.ONE_LESS} <= {one.movement for one in NATURES.values()}

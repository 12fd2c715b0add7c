"""The same orders carried out by ours and by Seaport's, AirSwap's and 0x's own bytecode.

Each exchange has a chain of its own with the same two tokens on it. After the same fills the same
amounts lie in the same wallets; where others refuse what ours allows, `OURS_ALONE` says so.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from prorata.chain.artifacts import Artifact
from tests.bench.exchanges import (
    EXCHANGES,
    MAKER,
    Deal,
    Exchange,
    Ours,
    Seaport,
)
from tests.bench.peers import compile_exchanges
from tests.chainkit import ZERO, Codec, Deployed, Reverted, RevmKit

pytestmark = pytest.mark.slow

WEALTH = 10**30
OURS_ALONE = {
    "a part whose price is no whole number: the sum of all parts is the price, to the unit",
    "a part of any size: 0x and AirSwap fill no parts",
}
"""What is meant to differ."""


@pytest.fixture(scope="module")
def codec(artifacts: Mapping[str, Artifact]) -> Codec:
    """Everybody's contracts."""
    return Codec({**compile_exchanges(), **artifacts})


class Market:
    """One exchange on a chain of its own, with shares and money for a maker and a taker."""

    def __init__(self, codec: Codec, exchange: type[Exchange]) -> None:
        self.kit = RevmKit(codec)
        issuer, self.taker, *_ = self.kit.accounts
        token = ("Harbour", "HARB", 0, issuer, ZERO, ZERO, [issuer])
        self.shares = self.kit.deploy("ShareToken", token)
        self.money = self.kit.deploy("Dollar", "Dollar", "USD", 6)
        self.exchange = exchange(self.kit, 1)
        for who in (MAKER.address, self.taker):
            self.shares.send("mint", who, 10**24)
            self.money.send("mint", who, WEALTH)
            for token_ in (self.shares, self.money):
                token_.send("approve", self.exchange.contract.address, 2**256 - 1, sender=who)

    def deal(self, sells: bool, shares: int, price: int, nonce: int, in_parts: bool) -> Deal:
        """What the maker offers: shares for money, or money for shares."""
        give: tuple[Deployed, int] = (self.shares, shares)
        take: tuple[Deployed, int] = (self.money, price)
        if not sells:
            give, take = take, give
        return Deal(give[0], take[0], give[1], take[1], nonce, in_parts)

    def fill(self, deal: Deal, amount: int | None = None) -> bool:
        """Fill; whether it was done."""
        contract, function, args = self.exchange.fill(deal, self.taker, amount)
        return self._sent(contract, function, args, self.taker)

    def cancel(self, deal: Deal) -> bool:
        """Cancel; whether it was done."""
        contract, function, args = self.exchange.cancel(deal)
        return self._sent(contract, function, args, MAKER.address)

    @staticmethod
    def _sent(contract: Deployed, function: str, args: tuple[Any, ...], sender: str) -> bool:
        try:
            contract.send(function, *args, sender=sender)
        except Reverted:
            return False
        return True

    def purses(self) -> list[int]:
        """What both have of both, and what the exchange has kept."""
        wallets = (MAKER.address, self.taker, self.exchange.contract.address)
        return [
            token.call("balanceOf", who) for token in (self.shares, self.money) for who in wallets
        ]


@pytest.mark.parametrize("seed", range(2))
def test_whole_orders_move_what_they_move_elsewhere(codec: Codec, seed: int) -> None:
    """Orders of both kinds and all sizes, filled once and then again, cancelled and then filled:
    the same amounts in the same wallets, and nothing kept (Laws 47, 48, 50)."""
    dice = random.Random(seed)
    markets = [Market(codec, exchange) for exchange in EXCHANGES]
    for number in range(25):
        sells, shares = dice.random() < 0.5, dice.choice([1, 7, 10**18, dice.randrange(1, 10**20)])
        price = dice.choice([1, 10**11, dice.randrange(1, 10**25)])
        deals = [market.deal(sells, shares, price, number, False) for market in markets]
        if number % 5 == 0:
            able = [m for m in markets if m.exchange.cancels]
            assert all(m.cancel(d) for m, d in zip(markets, deals, strict=True) if m in able)
            assert not any(m.fill(d) for m, d in zip(markets, deals, strict=True) if m in able)
            continue
        assert [market.fill(deal) for market, deal in zip(markets, deals, strict=True)] == [
            True
        ] * 4
        assert not any(market.fill(deal) for market, deal in zip(markets, deals, strict=True))
        first, *others = [market.purses() for market in markets]
        if number % 5 == 1:
            # 0x has nothing to cancel by: what others cancelled was not filled there either.
            assert first[2] == first[5] == 0
        assert all(purses == first for purses in others)


@pytest.mark.parametrize("sells", [True, False], ids=["sells", "buys"])
def test_parts_move_what_they_move_elsewhere(codec: Codec, sells: bool) -> None:
    """Wherever a part has a price in whole units, Seaport takes that price, and so do we; where it
    has none, Seaport refuses the part, and ours add up to the whole price (Law 48)."""
    dice, inexact = random.Random(16), 0
    for nonce in range(12):
        ours, seaport = (Market(codec, exchange) for exchange in (Ours, Seaport))
        shares, price = dice.choice([6, 12, 60, 97]), dice.choice([60, 120, 97, 1_000])
        size = shares if sells else price
        deals = [market.deal(sells, shares, price, nonce, True) for market in (ours, seaport)]
        start, left = ours.purses(), size
        while left:
            amount = dice.randint(1, left)
            exact = (
                amount * deals[0].takes % size == 0 and (size - left) * deals[0].takes % size == 0
            )
            assert ours.fill(deals[0], amount)
            if seaport.fill(deals[1], amount):
                left -= amount
                assert not exact or ours.purses() == seaport.purses()
            else:
                # From here on the two have filled different parts.
                assert not exact
                inexact += 1
                left -= amount
                assert left == 0 or ours.fill(deals[0], left)
                left = 0
        sign = 1 if sells else -1
        moved = [after - before for before, after in zip(start, ours.purses(), strict=True)]
        assert moved == [-sign * shares, sign * shares, 0, sign * price, -sign * price, 0]
        assert not ours.fill(deals[0], 1)
    assert inexact > 3

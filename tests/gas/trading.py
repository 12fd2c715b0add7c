"""What trading costs, from fixed inputs on a fresh Anvil: both sides held both before, and have
used the word of the nonce before.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.chainkit import ZERO, AnvilKit, Deployed
from tests.contracts.trading import MAKER, PARTIAL, TAKER, THIRD, Leg, Order, Trade
from tests.gas.compliance import NONE, PLAIN, WEIGHTS, investor
from tests.gas.story import START, Clocked, fresh, person

SHARES, PRICE = 100, 100_000_000_000
UNTIL = START + 10**8
CHAIN_ID = 31_337
ALWAYS = 2**256 - 1
TRADERS = (MAKER.address, TAKER.address, THIRD.address)


class Market(Clocked):
    """A settlement, and two tokens of which three traders hold both and allow it all."""

    def __init__(self, kit: AnvilKit, *, ruled: bool) -> None:
        super().__init__(kit)
        self.settlement = self.deploy("TradeSettlement")
        self.dollar = self.deploy("Dollar", "Dollar", "USDR", 6)
        self.asset = self._shares() if ruled else self.deploy("Dollar", "Other", "OTHR", 6)
        self.nonces = count(1)
        kit.impersonate(*TRADERS)
        for who in TRADERS:
            self.send(self.dollar, "mint", who, 100 * PRICE)
            self.send(self.asset, "mint", who, 100 * SHARES)
            for token in (self.dollar, self.asset):
                self.send(token, "approve", self.settlement.address, ALWAYS, sender=who)

    def _shares(self) -> Deployed:
        owner = self.kit.accounts[0]
        registry = self.deploy("InvestorRegistry", owner, [owner])
        settings = NONE | WEIGHTS[PLAIN] | {"registry": registry.address}
        rules = self.deploy("TransferRules", tuple(settings.values()))
        terms = ("Harbour", "HARB", 0, owner, rules.address, registry.address, [owner])
        token = self.deploy("ShareToken", terms)
        self.send(registry, "bindToken", token.address)
        self.send(registry, "register", list(TRADERS), [investor(i) for i in (1, 2, 3)])
        return token

    def order(self, **changes: Any) -> Order:
        """The maker sells shares, by its next nonce."""
        usual = Order(
            MAKER.address, ZERO, self.asset.address, self.dollar.address, SHARES, PRICE, SHARES,
            UNTIL, next(self.nonces),
        )  # fmt: skip
        return usual.but(**changes)

    def fill(self, order: Order, amount: int = SHARES) -> int:
        """Fill as the taker."""
        signature = order.signed(self.settlement, chainId=CHAIN_ID)
        what = (order.encodable(), signature, amount, 2 * PRICE)
        return self.send(self.settlement, "fill", *what, sender=TAKER.address)

    def settle(self, trade: Trade, sender: str) -> int:
        """Settle as somebody."""
        signatures = trade.signed(self.settlement, caller=sender, chainId=CHAIN_ID)
        return self.send(self.settlement, "settle", trade.encodable(), signatures, sender=sender)

    def swap(self, nonce: int, *more: Leg) -> Trade:
        """Shares against money in two legs, and more of them."""
        maker, taker, _ = TRADERS
        legs = (
            Leg(self.asset.address, maker, taker, SHARES),
            Leg(self.dollar.address, taker, maker, PRICE),
        )
        return Trade([*legs, *more], nonce, UNTIL)


def measure(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> dict[str, int]:
    """The gas of each labelled operation."""
    gas: dict[str, int] = {}
    for ruled, pair in ((False, "plain"), (True, "under rules")):
        with fresh(artifacts, anvil) as kit:
            market = Market(kit, ruled=ruled)
            _orders(market, gas, pair)
            _trades(market, gas, pair)
            if not ruled:
                _cancels(market, gas)
    return gas


def _orders(market: Market, gas: dict[str, int], pair: str) -> None:
    market.fill(market.order())
    gas[f"fill: whole, {pair}"] = market.fill(market.order())
    parts = market.order(nonce=PARTIAL | 8, least_fill=1)
    gas[f"fill: a part, the first, {pair}"] = market.fill(parts, 10)
    gas[f"fill: a part, the next, {pair}"] = market.fill(parts, 10)
    fee = {"fee_to": person(0), "fee_bps": 10}
    market.fill(market.order(**fee))
    gas[f"fill: whole with a fee, {pair}"] = market.fill(market.order(**fee))
    tax = {"tax_to": person(0), "tax_bps": 50}
    gas[f"fill: whole with a fee and a tax, {pair}"] = market.fill(market.order(**fee, **tax))
    if pair == "plain":
        return
    guard = {"record_token": market.asset.address, "record": 1}
    gas["fill: whole, before a record that is not scheduled"] = market.fill(market.order(**guard))
    market.send(market.asset, "scheduleRecord", market.clock + 86_400)
    gas["fill: whole, before a record that is scheduled"] = market.fill(market.order(**guard))


def _trades(market: Market, gas: dict[str, int], pair: str) -> None:
    stranger = market.kit.accounts[1]
    third = Leg(market.asset.address, THIRD.address, TAKER.address, SHARES)
    market.settle(market.swap(0, third), stranger)
    gas[f"settle: two legs, brought by a third, {pair}"] = market.settle(market.swap(1), stranger)
    gas[f"settle: two legs, by a party, {pair}"] = market.settle(market.swap(2), TAKER.address)
    gas[f"settle: three legs, three signers, {pair}"] = market.settle(
        market.swap(3, third), stranger
    )


def _cancels(market: Market, gas: dict[str, int]) -> None:
    maker = TRADERS[0]
    gas["cancel: one order"] = market.send(market.settlement, "cancel", [77], sender=maker)
    market.send(market.settlement, "cancelBelow", 100, sender=maker)
    gas["cancel: all orders below a number"] = market.send(
        market.settlement, "cancelBelow", 200, sender=maker
    )
    order = market.order(nonce=300)
    gas["post: an order"] = market.send(
        market.settlement,
        "post",
        order.encodable(),
        order.signed(market.settlement, chainId=CHAIN_ID),
    )
    gas["deploy: TradeSettlement"] = market.settlement.receipt.gas

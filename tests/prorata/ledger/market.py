"""A chain on which people trade: its market's contracts, and orders, trades and holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from prorata.chain.artifacts import artifact
from prorata.chain.calls import Call, deploy_call
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Hold, Holds
from prorata.contracts.share_token import ShareToken
from prorata.contracts.trade_settlement import (
    PARTS,
    Leg,
    Trade,
    TradeOrder,
    TradeSettlement,
    order_message,
    trade_message,
)
from prorata.contracts.vault import DividendVault
from prorata.demo.chain import DemoChain
from prorata.ledger.audits import Audit, audit
from prorata.ledger.movements import MarketContracts
from prorata.values.addresses import ZERO_ADDRESS
from tests.prorata.ledger.story import Acting

USD = 10**6
FOR_EVER = 2**47
LOTS = 2**127
DOCUMENT = bytes(31) + b"\1"


@dataclass
class Market:
    """A token, a dollar, the market's contracts, and everybody's allowances for them."""

    demo_chain: DemoChain
    issuer: str
    people: list[str]
    token: ShareToken
    vault: DividendVault
    dollar: Currency
    settlement: TradeSettlement
    holds: Holds
    first_block: int
    acting: Acting

    @classmethod
    def opened(cls, demo_chain: DemoChain, shares: Sequence[int]) -> Market:
        """Everything deployed and issued; each person has money and has approved the market."""
        *people, issuer = demo_chain.enter([*range(len(shares)), 1_000])
        do, chain = Acting(demo_chain, issuer), demo_chain.chain
        first_block = chain.block().number

        def put(name: str, *arguments: object) -> str:
            address = do(deploy_call(artifact(name), *arguments)).contract_address
            assert address
            return address

        terms = ("House", "HSE", 0, issuer, ZERO_ADDRESS, ZERO_ADDRESS, [issuer])
        market = cls(
            demo_chain,
            issuer,
            people,
            ShareToken(chain, put("ShareToken", terms)),
            DividendVault(chain, put("DividendVault")),
            Currency(chain, put("Dollar", "Dollar", "USD", 6)),
            TradeSettlement(chain, put("TradeSettlement")),
            Holds(chain, put("Holds")),
            first_block,
            do,
        )
        do(market.token.batch_mint(people, list(shares)))
        calls = []
        for person in people:
            do(market.dollar.mint(person, 1_000_000 * USD))
            for spender in (market.settlement.address, market.holds.address):
                calls += [(person, market.token.approve(spender, LOTS))]
                calls += [(person, market.dollar.approve(spender, LOTS))]
        demo_chain.together(calls, 100_000)
        return market

    def do(self, account: str, call: Call) -> None:
        """One account sends one call.

        With gas for everything: an estimate of a claim finds what suffices without its delivery.
        """
        if account == self.issuer:
            self.acting(call)
        else:
            self.demo_chain.together([(account, call)], 900_000)

    def sign(self, account: str, message: Any) -> bytes:
        """An account's signature of typed data."""
        return self.demo_chain.operator(account).signer.sign_typed(message)

    # ---------------------------------------------------------------------- trading

    def order(self, maker: str, shares: int, price: int, **terms: Any) -> tuple[TradeOrder, bytes]:
        """A signed order to sell `shares` for `price` each, or with `buys` to buy them."""
        buys, parts = terms.pop("buys", False), terms.pop("parts", False)
        sides = (self.dollar.address, self.token.address)
        amounts = (shares * price, shares)
        give, take = sides if buys else sides[::-1]
        give_amount, take_amount = amounts if buys else amounts[::-1]
        nonce = terms.pop("nonce", 0)
        order = TradeOrder(
            maker=maker,
            give=give,
            take=take,
            give_amount=give_amount,
            take_amount=take_amount,
            least_fill=1 if parts else give_amount,
            valid_until=terms.pop("valid_until", FOR_EVER),
            nonce=nonce | PARTS if parts else nonce,
            maker_pays=buys,
            **terms,
        )
        chain_id = self.demo_chain.chain.chain_id
        return order, self.sign(maker, order_message(order, chain_id, self.settlement.address))

    def fill(self, taker: str, signed: tuple[TradeOrder, bytes], amount: int | None = None) -> None:
        """Fill an order, whole or in a part, at whatever it costs."""
        order, signature = signed
        much = order.give_amount if amount is None else amount
        self.do(taker, self.settlement.fill(order, signature, much, LOTS))

    def settle(self, by: str, legs: Sequence[Leg], nonce: int = 0) -> None:
        """Everybody who gives signs, and `by` brings the trade."""
        trade = Trade(tuple(legs), nonce, FOR_EVER)
        message = trade_message(trade, self.demo_chain.chain.chain_id, self.settlement.address)
        signatures = [self.sign(giver, message) for giver in trade.givers if giver != by]
        self.do(by, self.settlement.settle(trade, signatures))

    # ------------------------------------------------------------------------ holds

    def hold(self, owner: str, to: str, amount: int, **terms: Any) -> tuple[Hold, bytes]:
        """Hold something of the owner's for a secret, which is returned with its terms."""
        nonce = terms.pop("nonce", 0)
        secret = sha256(f"{owner} {to} {amount} {nonce}".encode()).digest()
        hold = Hold(
            asset=terms.pop("asset", self.token.address),
            owner=owner,
            to=to,
            amount=amount,
            lock=sha256(secret).digest(),
            until=terms.pop("until", self.demo_chain.now + 10_000),
            nonce=nonce,
        )
        self.do(owner, self.holds.hold(hold))
        return hold, secret

    def claim(self, by: str, claimed: tuple[Hold, bytes]) -> None:
        """Show the secret of a hold."""
        self.do(by, self.holds.claim(*claimed))

    # ------------------------------------------------------------------------ books

    @property
    def contracts(self) -> MarketContracts:
        """Where they are."""
        return MarketContracts(self.settlement.address, self.holds.address)

    def audited(self, **options: Any) -> Audit:
        """The books as they are now."""
        return audit(
            self.demo_chain.chain,
            self.vault.address,
            [self.token.address],
            self.first_block,
            **{"market": self.contracts, **options},
        )

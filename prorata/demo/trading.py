# SPDX-License-Identifier: MIT
"""How the demo's holders trade: the seller signs an order, and the buyer fills it and pays.

The market's contracts are the same for every asset of the chain. A seller lets the settlement
contract take its shares, a buyer its dollars; each is allowed once, when it trades first. An order
ends with a record date, so that nobody buys the income of a quarter by mistake.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from prorata.chain.abi import topics_of
from prorata.chain.calls import Call
from prorata.chain.events import read_events
from prorata.contracts.call_auction import CallAuction
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Hold, Holds
from prorata.contracts.share_exchange import ShareExchange
from prorata.contracts.share_token import ShareToken
from prorata.contracts.trade_settlement import PARTS, TradeOrder, TradeSettlement, order_message
from prorata.ledger.books import Books
from prorata.ledger.movements import IssuePrice, MarketContracts, MovementKind
from prorata.market.order_terms import price_text
from prorata.market.singletons import find_singleton
from prorata.market.tape import Tape

if TYPE_CHECKING:
    from prorata.demo.chain import DemoChain

__all__ = ["Offer", "Trading", "traded"]

PRICE: Final = 1_000 * 10**6
"""What a share costs at first, in the dollar's smallest units."""

CENTS, UP, DOWN = 10**4, 500, 440
"""By how many cents a price may differ from the one before."""

PURSE: Final = 5_000_000 * 10**6
"""What a buyer brings: USD 5,000,000."""

MOST_SHARES = 10_000
DAYS_TO_FILL = 60 * 86_400
GAS: Final = 400_000


@dataclass(frozen=True)
class Offer:
    """A signed order to sell."""

    order: TradeOrder
    signature: bytes

    @property
    def shares(self) -> int:
        """How many."""
        return self.order.give_amount


class Trading:
    """The market of one asset on the demo's chain."""

    def __init__(
        self,
        demo_chain: DemoChain,
        issuer: str,
        token: ShareToken,
        dollar: Currency,
        seed: int,
    ) -> None:
        self.demo_chain, self.token, self.dollar = demo_chain, token, dollar
        # Of its own, so that what people pay changes nothing of who trades with whom.
        self.random = random.Random(f"prices of {seed}")
        self.price = PRICE
        self._nonces: dict[str, int] = {}
        self._allowed: set[tuple[str, str]] = set()
        self._open(issuer)

    def _open(self, issuer: str) -> None:
        chain, operator = self.demo_chain.chain, self.demo_chain.operator(issuer)
        self.demo_chain.deploy_market(operator)
        self.settlement = find_singleton(TradeSettlement, chain)
        self.holds = find_singleton(Holds, chain)
        self.auction = find_singleton(CallAuction, chain)
        self.exchange = find_singleton(ShareExchange, chain)
        operator.send_one("holds", self.token.set_holds_contract(self.holds.address))

    @property
    def contracts(self) -> MarketContracts:
        """Where they are."""
        places = (self.settlement, self.holds, self.auction, self.exchange)
        return MarketContracts(*(one.address for one in places))

    @property
    def issue_price(self) -> IssuePrice:
        """What a share cost when it was issued to the treasury; what others paid the call says."""
        return IssuePrice(self.dollar.address, Fraction(PRICE))

    # ------------------------------------------------------------------------- orders

    def offer(self, seller: str, shares: int, record_id: int, *, parts: bool = False) -> Offer:
        """A seller's signed order, which ends when a record closes."""
        self.price += self.random.randint(-DOWN, UP) * CENTS
        nonce = self._nonces.get(seller, 0)
        self._nonces[seller] = nonce + 1
        order = TradeOrder(
            maker=seller,
            give=self.token.address,
            take=self.dollar.address,
            give_amount=shares,
            take_amount=shares * self.price,
            least_fill=1 if parts else shares,
            valid_until=self.demo_chain.now + DAYS_TO_FILL,
            nonce=nonce | PARTS if parts else nonce,
            maker_pays=False,
            record_token=self.token.address,
            record=record_id,
        )
        message = order_message(order, self.demo_chain.chain.chain_id, self.settlement.address)
        return Offer(order, self.demo_chain.signer(seller).sign_typed(message))

    def fill(self, buyer: str, offer: Offer, shares: int | None = None) -> list[tuple[str, Call]]:
        """What has to be sent for a buyer to have the shares of an offer, or so many of them."""
        amount = offer.shares if shares is None else shares
        # A part may cost a unit more than its exact share: the sum of all parts does not.
        most = -(-offer.order.take_amount * amount // offer.shares) + 1
        call = self.settlement.fill(offer.order, offer.signature, amount, most)
        return [*self._allow(offer.order.maker, buyer), (buyer, call)]

    def post(self, offer: Offer) -> list[tuple[str, Call]]:
        """What has to be sent to make an offer public."""
        return [(offer.order.maker, self.settlement.post(offer.order, offer.signature))]

    def posted(self) -> Offer:
        """The newest offer that was made public, as the chain's log has it."""
        chain, address = self.demo_chain.chain, self.settlement.address
        topics = topics_of(TradeSettlement.CONTRACT, "Posted")
        newest = chain.block().number
        *_, (event, _) = read_events(chain, [address], newest, newest, topics)
        return Offer(TradeOrder.of(event.args["order"]), event.args["signature"])

    def _allow(self, seller: str, buyer: str) -> list[tuple[str, Call]]:
        """The allowances that are missing, and the buyer's money."""
        calls: list[tuple[str, Call]] = []
        for trader, what in ((seller, self.token), (buyer, self.dollar)):
            if (trader, what.address) in self._allowed:
                continue
            self._allowed.add((trader, what.address))
            if isinstance(what, Currency):
                calls.append((trader, what.mint(trader, PURSE)))
            most = PURSE if isinstance(what, Currency) else MOST_SHARES
            calls.append((trader, what.approve(self.settlement.address, most)))
        return calls

    def send(self, calls: Sequence[tuple[str, Call]], at: int | None = None) -> None:
        """All of it in one block, at a second if it matters.

        Raises: RevertError, ChainError.
        """
        self.demo_chain.together(calls, GAS, at)

    # -------------------------------------------------------------------------- holds

    def hold(self, owner: str, receiver: str, shares: int, secret: str) -> tuple[Hold, bytes]:
        """A hold of the owner's shares, which the receiver has if it shows a secret in time."""
        key = sha256(secret.encode()).digest()
        until = self.demo_chain.now + DAYS_TO_FILL
        lock = sha256(key).digest()
        terms = Hold(self.token.address, owner, receiver, shares, lock, until, 0)
        self.send([(owner, self.holds.hold(terms))])
        return terms, key

    def claim(self, terms: Hold, secret: bytes) -> None:
        """The receiver shows the secret."""
        self.send([(terms.to, self.holds.claim(terms, secret))])


def traded(books: Books, token: str, currency: str) -> Iterator[str]:
    """What the trade tape says of a currency, in words."""
    moved = books.movements[token].trades
    trades = tuple(one.trade for one in moved if one.trade and one.kind is MovementKind.TRADE)
    tape = Tape(books.unit(token), trades, units={currency: books.unit(currency)})
    figures, unit = tape.figures(currency), tape.unit(currency)
    value = unit.amount(figures.value).text
    yield f"{figures.volume:,} shares in {figures.trades} trades, for {value} {unit.symbol};"
    prices = {"last": figures.last, "high": figures.high, "low": figures.low}
    said = (f"{name} {price_text(price, unit)}" for name, price in prices.items() if price)
    yield f"a share: {', '.join(said)}"

"""Settlement by its laws, in whole numbers: who may give what, and what each order has left.

Names stand for accounts and tokens. Signatures are facts here: who has signed what. What a token
refuses of itself is `blocked`: wallets that neither give nor take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.model.outcomes import NOBODY

PARTS = 2**63
MOST_LEGS = 32
MOST_BPS = 100


class Forbidden(Exception):  # noqa: N818 - it is what happened
    """What the laws forbid: the first of them that is broken, by the name of its error."""

    def __init__(self, law: str) -> None:
        super().__init__(law)
        self.law = law


@dataclass(frozen=True)
class Order:
    """What a maker offers."""

    maker: str
    taker: str
    give: str
    take: str
    give_amount: int
    take_amount: int
    least_fill: int
    valid_until: int
    nonce: int
    record_token: str = NOBODY
    record: int = 0
    maker_pays: bool = False
    fee_to: str = NOBODY
    fee_bps: int = 0
    tax_to: str = NOBODY
    tax_bps: int = 0

    def contradicts_itself(self, taker: str) -> bool:
        """Whether its fields say what cannot be."""
        in_parts = self.least_fill != self.give_amount
        return (
            0 in (self.give_amount, self.take_amount)
            or self.least_fill > self.give_amount
            or in_parts != (self.nonce >= PARTS)
            or self.give == self.take
            or self.maker == taker
            or (self.record == 0) != (self.record_token == NOBODY)
            or (self.fee_bps > 0 and self.fee_to == NOBODY)
            or (self.tax_bps > 0 and self.tax_to == NOBODY)
        )

    def cost(self, done: int) -> int:
        """What so much of it costs from the beginning: the next whole unit."""
        whole, rest = divmod(self.take_amount * done, self.give_amount)
        return whole + (rest > 0)


@dataclass(frozen=True)
class Leg:
    """One movement."""

    asset: str
    giver: str
    receiver: str
    amount: int


@dataclass(frozen=True)
class Trade:
    """Movements together."""

    legs: tuple[Leg, ...]
    nonce: int
    valid_until: int

    def givers(self) -> list[str]:
        """Everybody who gives, as they first do."""
        return list(dict.fromkeys(leg.giver for leg in self.legs))


@dataclass
class Settlement:
    """Two kinds of tokens, what everybody has and allows, and what was filled and cancelled."""

    now: int
    holdings: dict[tuple[str, str], int]
    allowed: dict[tuple[str, str], int]
    blocked: set[str] = field(default_factory=set)
    records: list[int | None] = field(default_factory=list)
    filled: dict[tuple[str, int], int] = field(default_factory=dict)
    ended: set[tuple[str, int]] = field(default_factory=set)
    lowest: dict[str, int] = field(default_factory=dict)
    traded: set[tuple[str, int]] = field(default_factory=set)

    # ------------------------------------------------------------------------- orders

    def is_spent(self, maker: str, nonce: int) -> bool:
        """Whether nothing with this nonce is ever filled again."""
        return (maker, nonce) in self.ended or nonce % PARTS < self.lowest.get(maker, 0)

    def left(self, order: Order) -> int:
        """How much of an order is left."""
        if self.is_spent(order.maker, order.nonce):
            return 0
        return max(0, order.give_amount - self.filled.get((order.maker, order.nonce), 0))

    def fill(self, order: Order, signer: str, taker: str, amount: int, most: int) -> int:
        """What the taker gives in all; forbidden by the first law that it breaks."""
        key, left = (order.maker, order.nonce), self.left(order)
        self._judge_fields(order, taker)
        self._judge_amount(order, amount)
        before = self.filled.get(key, 0)
        price = order.cost(before + amount) - order.cost(before)
        moves = self._moves(order, taker, amount, price)
        due = sum(each for token, giver, _, each in moves if (token, giver) == (order.take, taker))
        if due > most:
            raise Forbidden("PriceMoved")
        if order.record and self._has_closed(order.record):
            raise Forbidden("RecordClosed")
        if signer != order.maker:
            raise Forbidden("NotSigned")
        self._carry_out(moves)
        self.filled[key] = before + amount
        if amount == left:
            self.ended.add(key)
        return due

    def _judge_fields(self, order: Order, taker: str) -> None:
        if self.now > order.valid_until:
            raise Forbidden("Expired")
        if order.taker not in (NOBODY, taker):
            raise Forbidden("NotTaker")
        if order.contradicts_itself(taker):
            raise Forbidden("Malformed")
        if max(order.fee_bps, order.tax_bps) > MOST_BPS:
            raise Forbidden("FeeTooHigh")

    def _judge_amount(self, order: Order, amount: int) -> None:
        left = self.left(order)
        if self.is_spent(order.maker, order.nonce):
            raise Forbidden("Spent")
        if amount > left:
            raise Forbidden("TooMuch")
        if amount < max(1, min(order.least_fill, left)):
            raise Forbidden("TooLittle")

    def _moves(
        self, order: Order, taker: str, amount: int, price: int
    ) -> list[tuple[str, str, str, int]]:
        money = amount if order.maker_pays else price
        fee, tax = money * order.fee_bps // 10_000, money * order.tax_bps // 10_000
        buyer = order.maker if order.maker_pays else taker
        coin = order.give if order.maker_pays else order.take
        extras = [(coin, buyer, order.fee_to, fee), (coin, buyer, order.tax_to, tax)]
        gives = [(order.give, order.maker, taker, amount - (fee if order.maker_pays else 0))]
        takes = [(order.take, taker, order.maker, price - (0 if order.maker_pays else fee))]
        moves = [*gives, *extras, *takes] if order.maker_pays else [*gives, *takes, *extras]
        return [move for move in moves if move[3] and move[1] != move[2]]

    def _has_closed(self, record: int) -> bool:
        if record > len(self.records):
            return False
        closes_at = self.records[record - 1]
        return closes_at is None or closes_at < self.now

    def cancel(self, maker: str, nonces: Sequence[int]) -> None:
        """These nonces are spent."""
        self.ended |= {(maker, nonce) for nonce in nonces}

    def cancel_below(self, maker: str, nonce: int) -> None:
        """All nonces below are spent."""
        if not self.lowest.get(maker, 0) < nonce < PARTS:
            raise Forbidden("NotHigher")
        self.lowest[maker] = nonce

    # ------------------------------------------------------------------------- trades

    def settle(self, trade: Trade, caller: str, signers: Sequence[str]) -> None:
        """All legs, or the first law that is broken."""
        if self.now > trade.valid_until:
            raise Forbidden("Expired")
        if not 1 <= len(trade.legs) <= MOST_LEGS:
            raise Forbidden("Legs")
        if any(not leg.amount or leg.giver == leg.receiver for leg in trade.legs):
            raise Forbidden("IdleLeg")
        signed = list(signers)
        for giver in trade.givers():
            if (giver, trade.nonce) in self.traded:
                raise Forbidden("Spent")
            if giver == caller:
                continue
            if not signed:
                raise Forbidden("Signatures")
            if signed.pop(0) != giver:
                raise Forbidden("NotSigned")
        if signed:
            raise Forbidden("Signatures")
        self._carry_out([(leg.asset, leg.giver, leg.receiver, leg.amount) for leg in trade.legs])
        self.traded |= {(giver, trade.nonce) for giver in trade.givers()}

    def cancel_trades(self, signer: str, nonces: Sequence[int]) -> None:
        """These nonces are spent on trades."""
        self.traded |= {(signer, nonce) for nonce in nonces}

    # -------------------------------------------------------------------------- tokens

    def _carry_out(self, moves: Sequence[tuple[str, str, str, int]]) -> None:
        holdings, allowed = dict(self.holdings), dict(self.allowed)
        for token, giver, receiver, amount in moves:
            if allowed.get((token, giver), 0) < amount or {giver, receiver} & self.blocked_in(
                token
            ):
                raise Forbidden("token")
            if holdings.get((token, giver), 0) < amount:
                raise Forbidden("token")
            allowed[token, giver] -= amount
            holdings[token, giver] -= amount
            holdings[token, receiver] = holdings.get((token, receiver), 0) + amount
        self.holdings, self.allowed = holdings, allowed

    def blocked_in(self, token: str) -> set[str]:
        """Wallets that neither give nor take of a token: only shares know them."""
        return self.blocked if token == "shares" else set()

    def has(self, token: str, names: Sequence[str]) -> dict[str, int]:
        """What accounts have of a token."""
        return {name: self.holdings.get((token, name), 0) for name in names}

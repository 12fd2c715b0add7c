# SPDX-License-Identifier: MIT
"""Filling orders: what a fill would cost and what stands in its way, and then the fill, once.

A fill is asked for before it is sent, so that a refusal says everything in its way. Of an order
that may be filled in parts, a taker can mean the same number twice: the same fill again sends
nothing, and another `reference` makes a second one that is alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256
from typing import Any

from prorata.chain.calls import Call
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.trade_settlement import (
    Obstacle,
    ObstacleCode,
    SignedPermit,
    TradeOrder,
    TradeSettlement,
)
from prorata.errors import InputError, Problem
from prorata.files.writer import json_object
from prorata.market.order_files import SignedOrder
from prorata.market.order_obstacles import OF_AMOUNTS, Case, obstacles_in_words
from prorata.market.order_terms import shares_of, units_for
from prorata.market.permits import check_permits, make_permit
from prorata.values.amounts import Amount
from prorata.values.times import moment

__all__ = [
    "FillCheck",
    "Filled",
    "Moved",
    "check_fill",
    "fill",
    "order_title",
    "require_fillable",
]


@dataclass(frozen=True)
class Moved:
    """What changes hands in a fill, in smallest units, from the side of `taker`.

    `shares` go one way for `money`. Of that the venue has `fee`, out of what the seller receives,
    and the collector `tax`, on top of what the buyer pays.
    """

    signed: SignedOrder
    taker: str
    shares: int
    money: int
    fee: int
    tax: int

    @classmethod
    def of(
        cls, signed: SignedOrder, taker: str, sides: tuple[int, int], *, fee: int, tax: int
    ) -> Moved:
        """From both sides: what the maker gives, and what it takes for it."""
        given, taken = sides
        pair = (taken, given) if signed.order.maker_pays else (given, taken)
        return cls(signed, taker, *pair, fee, tax)

    @property
    def taker_buys(self) -> bool:
        """Whether the taker gets the shares."""
        return not self.signed.order.maker_pays

    @property
    def gets(self) -> Amount:
        """What reaches the taker."""
        return self._shares if self.taker_buys else self._money(self.money - self.fee)

    @property
    def gives(self) -> Amount:
        """What leaves the taker in all; a fee or a tax that it would pay itself stays."""
        if not self.taker_buys:
            return self._shares
        order = self.signed.order
        fee = 0 if order.fee_to == self.taker else self.fee
        tax = 0 if order.tax_to == self.taker else self.tax
        return self._money(self.money - self.fee + fee + tax)

    @property
    def price(self) -> Fraction | None:
        """What a whole share costs, fee and tax apart; None where no share moves."""
        unit, money = self.signed.share_unit, self.signed.money_unit
        if not self.shares:
            return None
        whole = Fraction(self.shares, 10**unit.decimals)
        return Fraction(self.money, 10**money.decimals) / whole

    @property
    def label(self) -> str:
        """In a few words, for the step that does it."""
        verb, other = ("buy", "from") if self.taker_buys else ("sell", "to")
        shares, money = self._shares, self.gives if self.taker_buys else self.gets
        order = self.signed.order
        parts = [n for n, bps in (("fee", order.fee_bps), ("tax", order.tax_bps)) if bps]
        included = f", {' and '.join(parts)} counted" if parts else ""
        return (
            f"{verb} {shares.text} {shares.currency} {other} {order.maker} for {money.text} "
            f"{money.currency}{included}"
        )

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "side": "buy" if self.taker_buys else "sell",
            "gives": self.gives,
            "gets": self.gets,
            "price": None if self.price is None else str(self.price),
            "fee": self._money(self.fee),
            "tax": self._money(self.tax),
        }

    @property
    def _shares(self) -> Amount:
        order = self.signed.order
        return self.signed.share_unit.amount(self.shares, order.shares)

    def _money(self, amount: int) -> Amount:
        return self.signed.money_unit.amount(amount, self.signed.order.money)


@dataclass(frozen=True)
class FillCheck:
    """What the contract says of a fill of `amount` of what is given, after `done` of the order.

    `by_permit` are obstacles that a permit of the maker's or the taker's will remove.
    """

    case: Case
    amount: int
    left: int
    by_permit: frozenset[ObstacleCode] = frozenset()

    @property
    def signed(self) -> SignedOrder:
        """The order."""
        return self.case.signed

    @property
    def obstacles(self) -> list[Obstacle]:
        """What stands in the way."""
        found = self.case.explanation.obstacles
        return [one for one in found if one.code not in self.by_permit]

    @property
    def passes(self) -> bool:
        """Whether the fill would succeed."""
        return not self.obstacles

    @property
    def sentences(self) -> list[str]:
        """Why it would fail."""
        return obstacles_in_words(self.case, self.obstacles)

    @property
    def moved(self) -> Moved:
        """What would change hands."""
        order, done = self.signed.order, self.case.done
        taken = order.cost(done, self.amount)
        money = self.amount if order.maker_pays else taken
        fee, tax = order.fee(money), order.tax(money)
        return Moved.of(self.signed, self.case.taker, (self.amount, taken), fee=fee, tax=tax)

    @property
    def due(self) -> int:
        """The most that leaves the taker: what it agrees to."""
        return self.case.explanation.due or self.moved.gives.units

    @property
    def most(self) -> Amount:
        """The most shares that this taker could fill now, with what is there and allowed."""
        shares = shares_of(self.signed.order, self.case.done, self.case.explanation.most)
        return self.signed.share_unit.amount(shares, self.signed.order.shares)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        signed = self.signed
        shares_left = shares_of(signed.order, self.case.done, self.left)
        return json_object(
            {
                "passes": self.passes,
                "digest": f"0x{signed.digest.hex()}",
                "maker": signed.order.maker,
                "taker": self.case.taker,
                **self.moved.as_json(),
                "left": signed.share_unit.amount(shares_left, signed.order.shares),
                "most": self.most,
                "valid_until": moment(signed.order.valid_until),
                "obstacles": [self._obstacle(one) for one in self.obstacles],
                "sentences": self.sentences,
            }
        )

    def _obstacle(self, one: Obstacle) -> dict[str, Any]:
        if one.code not in OF_AMOUNTS:
            pair: tuple[Any, Any] = (str(one.value), str(one.limit))
        else:
            unit = self.case.unit_of(one.code)
            pair = (unit.amount(one.value), unit.amount(one.limit))
        return {"code": one.code.label, "value": pair[0], "limit": pair[1]}


@dataclass(frozen=True)
class Filled:
    """A fill that was made."""

    moved: Moved
    receipt: Receipt


def check_fill(
    chain: RpcChain,
    signed: SignedOrder,
    taker: str,
    shares: int | None = None,
    *,
    permit: bool = False,
) -> FillCheck:
    """Ask what stands in the way of a fill: of so many shares, or of all that is left.

    With `permit` the taker's own allowance is signed for when it fills.

    Raises: InputError for no shares at all, or a permit that the token does not take; ChainError.
    """
    if shares == 0:
        raise InputError.of("amount", "0", "is nothing", "say how many shares")
    order, contract = signed.order, TradeSettlement(chain, signed.settlement)
    left = contract.left(order)
    done = order.give_amount - left if left else 0
    amount = left or order.give_amount
    if shares is not None:
        amount = _amount_for(signed, done, shares)
    explanation = contract.explain(order, signed.signature, taker, amount)
    case = Case(signed, taker, done, explanation)
    removed = set()
    if permit and any(o.code is ObstacleCode.TAKER_ALLOWANCE for o in explanation.obstacles):
        check_permits(chain, order.take, signed.settlement)
        removed.add(ObstacleCode.TAKER_ALLOWANCE)
    if _covers(signed.permit, order, explanation.obstacles, chain.now()):
        removed.add(ObstacleCode.MAKER_ALLOWANCE)
    return FillCheck(case, amount, left, frozenset(removed))


def fill(
    operator: Operator,
    signed: SignedOrder,
    shares: int | None = None,
    *,
    permit: bool = False,
    reference: str = "",
) -> Filled:
    """Fill an order as the account: so many shares, or all that is left, once per reference.

    No more is given than was shown. With `permit` a signature takes the place of an approval.

    Raises: InputError with everything in its way; what `Operator.send` raises.
    """
    operator.settle()
    taker = operator.address
    said = f"{signed.digest.hex()}\n{taker}\n{shares}\n{reference}"
    key = f"fill/{sha256(said.encode()).hexdigest()[:16]}"
    receipt = _earlier(operator, key)
    if receipt is None:
        check = check_fill(operator.chain, signed, taker, shares, permit=permit)
        require_fillable(check)
        receipt = _send(operator, key, check, permit=permit)
    [event] = receipt.events("Filled")
    args = event.args
    sides = (args["given"], args["taken"])
    moved = Moved.of(signed, args["taker"], sides, fee=args["fee"], tax=args["tax"])
    return Filled(moved, receipt)


def require_fillable(check: FillCheck) -> None:
    """Raises: InputError with everything in the way of a fill."""
    if check.passes:
        return
    most = f"; at most {check.most.text} {check.most.currency} would pass now"
    hint = most if check.most.units else ""
    problems = []
    for sentence in check.sentences:
        rule, _, remedy = sentence.partition("; ")
        title, ruled = order_title(check.signed), f"cannot be filled: {rule}"
        problems.append(Problem(None, "order", title, ruled, f"{remedy}{hint}"))
    raise InputError(problems, "the fill")


def order_title(signed: SignedOrder) -> str:
    """An order in a few words: `sell 100 HARB12 for 100,000.00 USD`."""
    order = signed.order
    verb = "buy" if order.maker_pays else "sell"
    shares = signed.share_unit.amount(order.share_amount)
    money = signed.money_unit.amount(order.money_amount)
    return f"{verb} {shares.text} {shares.currency} for {money.text} {money.currency}"


def _amount_for(signed: SignedOrder, done: int, shares: int) -> int:
    """How much of what is given moves so many shares.

    Raises: InputError where no amount does, since money's smallest unit buys several of them.
    """
    amount = units_for(signed.order, done, shares)
    if (moved := shares_of(signed.order, done, amount)) == shares:
        return amount
    text, near = (signed.share_unit.text(n, grouping=False) for n in (shares, moved))
    money = signed.money_unit.symbol
    rule = (
        f"cannot be paid for exactly: the smallest unit of {money} pays for more than one of them"
    )
    raise InputError.of("amount", text, rule, f"give {near}, or leave it out for all that is left")


def _earlier(operator: Operator, key: str) -> Receipt | None:
    """What an earlier run has sent, by whichever allowance."""
    if (receipt := operator.earlier(key)) is not None:
        return receipt
    # A permit's signature may make other call data each time, so that each attempt has its own key.
    for attempt in range(operator.attempts(f"{key}/permit")):
        if (receipt := operator.earlier(f"{key}/permit/{attempt}")) is not None:
            return receipt
    return None


def _send(operator: Operator, key: str, check: FillCheck, *, permit: bool) -> Receipt:
    signed, contract = check.signed, TradeSettlement(operator.chain, check.signed.settlement)
    asked = (signed.order, signed.signature, check.amount, check.due)
    lacking = {one.code for one in check.case.explanation.obstacles}
    permits: list[SignedPermit] = []
    if signed.permit is not None and ObstacleCode.MAKER_ALLOWANCE in lacking:
        permits.append(signed.permit)
    if permit and ObstacleCode.TAKER_ALLOWANCE in lacking:
        token, spender = signed.order.take, signed.settlement
        # As long as the order: a time of now would make another message at each look.
        until = signed.order.valid_until
        where = (operator.chain, operator.signer, token, spender)
        permits.append(make_permit(*where, value=check.due, deadline=until))
    if not permits:
        return operator.send_one(key, _labelled(contract.fill(*asked), check))
    call = _labelled(contract.fill_with_permits(*asked, permits), check)
    return operator.send_one(f"{key}/permit/{operator.attempts(f'{key}/permit')}", call)


def _covers(
    permit: SignedPermit | None,
    order: TradeOrder,
    obstacles: tuple[Obstacle, ...],
    now: int,
) -> bool:
    """Whether the maker's permit gives the allowance that is missing."""
    needed = [one.value for one in obstacles if one.code is ObstacleCode.MAKER_ALLOWANCE]
    return bool(
        permit is not None
        and needed
        and (permit.token, permit.owner) == (order.give, order.maker)
        and permit.value >= max(needed)
        and permit.deadline >= now
    )


def _labelled(call: Call, check: FillCheck) -> Call:
    """The call, called by what it moves."""
    return replace(call, label=check.moved.label)

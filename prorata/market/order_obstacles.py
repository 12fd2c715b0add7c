# SPDX-License-Identifier: MIT
"""Why an order cannot be filled, in the words of whoever asked: each with what would help."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from prorata.contracts.rules import Refusal
from prorata.contracts.trade_settlement import FillExplanation, Obstacle, ObstacleCode
from prorata.market.order_files import SIGN_ANEW, SignedOrder
from prorata.market.order_terms import shares_of
from prorata.market.singletons import SETTLEMENT, singleton_address
from prorata.register.refusals import Transfer, explain_in_words
from prorata.values.addresses import checksummed
from prorata.values.amounts import Unit, format_units
from prorata.values.times import moment

__all__ = ["OF_AMOUNTS", "OF_MAKER", "Case", "approve_command", "obstacles_in_words"]

OF_AMOUNTS = frozenset(
    {
        ObstacleCode.TOO_MUCH,
        ObstacleCode.TOO_LITTLE,
        ObstacleCode.MAKER_BALANCE,
        ObstacleCode.MAKER_ALLOWANCE,
        ObstacleCode.TAKER_BALANCE,
        ObstacleCode.TAKER_ALLOWANCE,
        ObstacleCode.GIVE_REFUSED,
        ObstacleCode.TAKE_REFUSED,
        ObstacleCode.FEE_REFUSED,
        ObstacleCode.TAX_REFUSED,
    }
)
"""Those whose value and limit are amounts."""

OF_MAKER = frozenset(
    {
        ObstacleCode.EXPIRED,
        ObstacleCode.MALFORMED,
        ObstacleCode.FEE_TOO_HIGH,
        ObstacleCode.SPENT,
        ObstacleCode.RECORD_CLOSED,
        ObstacleCode.NOT_SIGNED,
        ObstacleCode.MAKER_BALANCE,
        ObstacleCode.MAKER_ALLOWANCE,
    }
)
"""Those that stand in everybody's way, whoever would fill."""

_ANEW = "ask its maker for a new one"


@dataclass(frozen=True)
class Case:
    """An order that `taker` would fill, after `done` of it, as the contract explained it."""

    signed: SignedOrder
    taker: str
    done: int
    explanation: FillExplanation

    def size(self, amount: int) -> str:
        """So much of what is given, as the number of shares that it moves."""
        shares = shares_of(self.signed.order, self.done, amount)
        return _text(self.signed.share_unit, shares)

    def given(self, amount: int) -> str:
        """So much of what the maker gives."""
        return _text(self.signed.give_unit, amount)

    def taken(self, amount: int) -> str:
        """So much of what the maker takes."""
        return _text(self.signed.take_unit, amount)

    def unit_of(self, code: ObstacleCode) -> Unit:
        """How the numbers of a code are written; only of those that are `OF_AMOUNTS`."""
        signed = self.signed
        if code in (ObstacleCode.FEE_REFUSED, ObstacleCode.TAX_REFUSED):
            return signed.money_unit
        of_take = (ObstacleCode.TAKER_BALANCE, ObstacleCode.TAKER_ALLOWANCE)
        if code in (*of_take, ObstacleCode.TAKE_REFUSED):
            return signed.take_unit
        return signed.give_unit


def obstacles_in_words(case: Case, obstacles: Sequence[Obstacle]) -> list[str]:
    """A sentence for each obstacle, and after a semicolon what would help.

    Where a token says which of its rules refuse a transfer, each of those has a sentence.
    """
    said: list[str] = []
    for obstacle in obstacles:
        if obstacle.code is ObstacleCode.GIVE_REFUSED:
            said += _refused(case, obstacle, case.explanation.give_refusals)
        elif obstacle.code is ObstacleCode.TAKE_REFUSED:
            said += _refused(case, obstacle, case.explanation.take_refusals)
        else:
            said.append(_SENTENCES[obstacle.code](case, obstacle))
    return said


def approve_command(signed: SignedOrder, token: str, unit: Unit, amount: int) -> str:
    """The command by which somebody lets the settlement move so much of a token."""
    money = f" --currency {token}" if token == signed.order.money else ""
    size = format_units(amount, unit.decimals, grouping=False, trim=True)
    usual = signed.settlement == singleton_address(SETTLEMENT)
    spender = "settlement" if usual else signed.settlement
    return f"`prorata approve --spender {spender} --amount {size}{money}`"


def _text(unit: Unit, amount: int) -> str:
    return f"{unit.amount(amount).text} {unit.symbol}"


def _refused(case: Case, obstacle: Obstacle, refusals: Sequence[Refusal]) -> list[str]:
    """What a token says of the transfer of one side."""
    order, gives = case.signed.order, obstacle.code is ObstacleCode.GIVE_REFUSED
    ends = (order.maker, case.taker) if gives else (case.taker, order.maker)
    unit = case.unit_of(obstacle.code)
    if refusals:
        transfer = Transfer(*ends, obstacle.value, unit.symbol, unit.decimals)
        return explain_in_words(refusals, transfer)
    much = _text(unit, obstacle.value)
    rule = f"{unit.symbol} refuses that {ends[0]} sends {much} to {ends[1]}, or that the settlement"
    return [f"{rule} does it; ask who issues {unit.symbol}"]


def _record_closed(_: Case, obstacle: Obstacle) -> str:
    if not obstacle.limit:
        return f"record {obstacle.value}, with which it ends, was cancelled; {_ANEW}"
    return (
        f"it ended with record {obstacle.value}, which closed at {moment(obstacle.limit)}, so that "
        f"who holds now gets what is paid for that; {_ANEW}"
    )


def _not_signed(case: Case, _: Obstacle) -> str:
    maker = case.signed.order.maker
    if not case.signed.signature:
        return f"nobody has signed it; let {maker} sign: `prorata order sign`"
    return f"its signature is not {maker}'s for what it says; {SIGN_ANEW}"


def _malformed(case: Case, _: Obstacle) -> str:
    if case.taker == case.signed.order.maker:
        return "its maker cannot fill it; let somebody else, or cancel it: `prorata order cancel`"
    return f"its fields contradict each other; {_ANEW}"


def _maker_allowance(case: Case, obstacle: Obstacle) -> str:
    signed, order = case.signed, case.signed.order
    command = approve_command(signed, order.give, signed.give_unit, obstacle.value)
    return (
        f"its maker {order.maker} lets the settlement move {case.given(obstacle.limit)} of the "
        f"{case.given(obstacle.value)} that it would give; let it run {command}"
    )


def _taker_allowance(case: Case, obstacle: Obstacle) -> str:
    signed, order = case.signed, case.signed.order
    command = approve_command(signed, order.take, signed.take_unit, obstacle.value)
    return (
        f"the taker {case.taker} lets the settlement move {case.taken(obstacle.limit)} of the "
        f"{case.taken(obstacle.value)} that it would give; run {command}, or fill with --permit "
        f"if {signed.take_unit.symbol} takes permits"
    )


def _part_refused(name: str, receiver: Callable[[Case], str]) -> Callable[[Case, Obstacle], str]:
    def say(case: Case, obstacle: Obstacle) -> str:
        money = _text(case.signed.money_unit, obstacle.value)
        return (
            f"{case.signed.money_unit.symbol} refuses that the {name} of {money} goes to "
            f"{receiver(case)}; {_ANEW}, for another receiver"
        )

    return say


_SENTENCES: Mapping[ObstacleCode, Callable[[Case, Obstacle], str]] = {
    ObstacleCode.EXPIRED: lambda _, o: (
        f"it was good until {moment(o.value)}, and the chain's time is {moment(o.limit)}; {_ANEW}"
    ),
    ObstacleCode.NOT_TAKER: lambda c, o: (
        f"it is for {checksummed(f'0x{o.limit:040x}')} only, and not for {c.taker}; let that "
        "account fill it"
    ),
    ObstacleCode.MALFORMED: _malformed,
    ObstacleCode.FEE_TOO_HIGH: lambda _, o: (
        f"its fee or tax of {format_units(o.value, 2)}% is over the limit of "
        f"{format_units(o.limit, 2)}%; {_ANEW}"
    ),
    ObstacleCode.SPENT: lambda _, __: f"it was filled whole before, or cancelled; {_ANEW}",
    ObstacleCode.TOO_MUCH: lambda c, o: (
        f"{c.size(o.value)} are more than the {c.size(o.limit)} that are left of it; fill no more "
        "than that"
    ),
    ObstacleCode.TOO_LITTLE: lambda c, o: (
        f"{c.size(o.value)} are less than the {c.size(o.limit)} that one fill must have; fill at "
        "least that"
    ),
    ObstacleCode.RECORD_CLOSED: _record_closed,
    ObstacleCode.NOT_SIGNED: _not_signed,
    ObstacleCode.MAKER_BALANCE: lambda c, o: (
        f"its maker {c.signed.order.maker} has {c.given(o.limit)} of the {c.given(o.value)} that "
        "it would give; fill less where it may be filled in parts, or ask the maker"
    ),
    ObstacleCode.MAKER_ALLOWANCE: _maker_allowance,
    ObstacleCode.TAKER_BALANCE: lambda c, o: (
        f"the taker {c.taker} has {c.taken(o.limit)} of the {c.taken(o.value)} that it would give; "
        "fill less, or get more"
    ),
    ObstacleCode.TAKER_ALLOWANCE: _taker_allowance,
    ObstacleCode.FEE_REFUSED: _part_refused("fee", lambda c: c.signed.order.fee_to),
    ObstacleCode.TAX_REFUSED: _part_refused("tax", lambda c: c.signed.order.tax_to),
}

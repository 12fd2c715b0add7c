# SPDX-License-Identifier: MIT
"""Why an order cannot be placed in a call, in the words of whoever asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from prorata.contracts.call_explainer import CallObstacle, CallObstacleCode, PlaceExplanation
from prorata.contracts.call_terms import Side, Wanted
from prorata.market.calls.known_calls import KnownCall
from prorata.register.refusals import Transfer, explain_in_words
from prorata.values.amounts import format_units
from prorata.values.times import moment

__all__ = ["GIVEN_FIRST", "OrderCase", "order_obstacles"]

GIVEN_FIRST = frozenset({CallObstacleCode.ALLOWANCE, CallObstacleCode.NOT_KEPT})
"""What whoever orders can give by a step before the order."""


@dataclass(frozen=True)
class OrderCase:
    """An order that `owner` would place, as the chain explained it."""

    call: KnownCall
    owner: str
    wanted: Wanted
    explanation: PlaceExplanation

    def quantity(self, amount: int) -> str:
        """In the unit of orders: shares, or money in a call by amount."""
        if self.call.terms.by_amount:
            return self.call.units.paid(amount, self.wanted.ladder)
        return self.call.units.shares(amount)

    def given(self, amount: int) -> str:
        """In the unit of what the order gives: a bid money, an ask shares."""
        units = self.call.units
        if self.wanted.side is Side.BID:
            return units.paid(amount, self._ladder)
        return f"{units.share.amount(amount).text} {units.share.symbol}"

    @property
    def _ladder(self) -> int:
        return self.wanted.ladder if self.wanted.ladder < len(self.call.units.money) else 0


def order_obstacles(case: OrderCase, obstacles: Sequence[CallObstacle]) -> list[str]:
    """A sentence for each obstacle, and after a semicolon what would help.

    Where the token says which of its rules refuse the delivery, each of those has a sentence.
    """
    said: list[str] = []
    for obstacle in obstacles:
        if obstacle.code is CallObstacleCode.UNDELIVERABLE and case.explanation.refusals:
            units = case.call.units
            seller = case.call.terms.principal
            transfer = Transfer(
                seller, case.owner, obstacle.value, units.share.symbol, units.share.decimals
            )
            said += explain_in_words(case.explanation.refusals, transfer)
        else:
            said.append(_sentence(case, obstacle))
    return said


def _sentence(case: OrderCase, obstacle: CallObstacle) -> str:
    return _SENTENCES[obstacle.code](case, obstacle)


def _not_open(case: OrderCase, obstacle: CallObstacle) -> str:
    terms = case.call.terms
    now = moment(obstacle.value)
    if terms.opens_at > obstacle.value:
        return f"orders are taken from {moment(terms.opens_at)}, and it is {now}; wait until then"
    if terms.closes_at < obstacle.value:
        return f"orders were taken until {moment(terms.closes_at)}, and it is {now}; it is too late"
    return f"it takes no orders any more: it is {case.call.state.stage.label}; it is too late"


def _wrong_side(case: OrderCase, _: CallObstacle) -> str:
    buys = case.wanted.side is Side.BID
    verb = "buys itself; tender shares" if buys else "sells itself; bid for shares"
    return f"the principal of this {case.call.noun} {verb} instead"


def _too_large(case: OrderCase, obstacle: CallObstacle) -> str:
    return (
        f"{case.quantity(obstacle.value)} are more than the {case.quantity(obstacle.limit)} that "
        "can be ordered; order less"
    )


def _person(case: OrderCase, _: CallObstacle) -> str:
    return (
        f"the registry {case.call.terms.registry} does not know {case.owner} as a person; let the "
        "issuer register it: `prorata register`"
    )


def _over_limit(case: OrderCase, obstacle: CallObstacle) -> str:
    terms = case.call.terms
    over = f"{case.quantity(obstacle.value)} in all are more than the "
    most = terms.most_per_person
    if terms.record_id and (not most or obstacle.limit < most):
        return (
            f"{over}{case.quantity(obstacle.limit)} that this person's shares at record "
            f"{terms.record_id} give a right to, as far as they were counted; order less, or count "
            "them first: `prorata offer entitle`"
        )
    return f"{over}{case.quantity(obstacle.limit)} that one person may order; order less"


def _allowance(case: OrderCase, obstacle: CallObstacle) -> str:
    call = case.call
    bids = case.wanted.side is Side.BID
    spender = call.contract.address if bids else call.contract.holds()
    size = obstacle.value
    decimals = call.units.money[0].decimals if bids else call.units.share.decimals
    amount = format_units(size, decimals, grouping=False, trim=True)
    money = f" --currency {call.terms.ladders[case.wanted.ladder].currency}" if bids else ""
    return (
        f"{case.owner} lets the contract take {case.given(obstacle.limit)} of the "
        f"{case.given(size)} that the order gives; run `prorata approve --spender {spender} "
        f"--amount {amount}{money}`"
    )


def _not_kept(case: OrderCase, obstacle: CallObstacle) -> str:
    call = case.call
    size = format_units(obstacle.value, call.units.share.decimals, grouping=False, trim=True)
    words = f'prorata hold keeper {call.contract.address} "{size} {call.units.share.symbol}"'
    return (
        f"{case.owner} lets the contract hold {case.given(obstacle.limit)} of the "
        f"{case.given(obstacle.value)} that it would hold until {moment(call.terms.settle_by)}; "
        f"run `{words} --until {moment(call.terms.settle_by)}`"
    )


_SENTENCES: Mapping[CallObstacleCode, Callable[[OrderCase, CallObstacle], str]] = {
    CallObstacleCode.NOT_OPEN: _not_open,
    CallObstacleCode.WRONG_SIDE: _wrong_side,
    CallObstacleCode.UNKNOWN_STEP: lambda _, o: (
        f"step {o.value} is none of the {o.limit} of the ladder; give a price of the ladder"
    ),
    CallObstacleCode.UNKNOWN_LADDER: lambda c, o: (
        f"currency {o.value + 1} is none of this {c.call.noun}; leave --in out"
    ),
    CallObstacleCode.TOO_SMALL: lambda c, o: (
        f"{c.quantity(o.value)} are less than the smallest order, {c.quantity(o.limit)}; order more"
    ),
    CallObstacleCode.TOO_LARGE: _too_large,
    CallObstacleCode.UNKNOWN_PERSON: _person,
    CallObstacleCode.PRINCIPALS_PERSON: lambda c, _: (
        f"{c.owner} is of the same person as the principal {c.call.terms.principal}, who cannot "
        "order in its own call; let somebody else order"
    ),
    CallObstacleCode.OVER_LIMIT: _over_limit,
    CallObstacleCode.BALANCE: lambda c, o: (
        f"{c.owner} has {c.given(o.limit)} free of the {c.given(o.value)} that the order gives; "
        "order less, or get more"
    ),
    CallObstacleCode.ALLOWANCE: _allowance,
    CallObstacleCode.NOT_KEPT: _not_kept,
    CallObstacleCode.UNDELIVERABLE: lambda c, o: (
        f"the token refuses that {c.owner} receives {c.call.units.share.amount(o.value).text} "
        f"{c.call.units.share.symbol}; ask who issues it"
    ),
}

# SPDX-License-Identifier: MIT
"""Why an elective exchange cannot be made, in words: each with what would help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prorata.contracts.share_exchange import (
    Exchange,
    ExchangeExplanation,
    ExchangeObstacle,
    ExchangeObstacleCode,
    ExchangeStage,
)
from prorata.market.exchanges.words import ExchangeUnits
from prorata.register.refusals import Transfer, explain_in_words
from prorata.values.amounts import format_units
from prorata.values.times import lasting, moment

__all__ = ["ExchangeCase", "sentences_of"]

_OTHER = "choose another exchange: `prorata exchange list`"


@dataclass(frozen=True)
class ExchangeCase:
    """An exchange that a holder would make, as the contract explained it at the second `now`."""

    contract: str
    id: int
    exchange: Exchange
    units: ExchangeUnits
    holder: str
    shares: int
    explanation: ExchangeExplanation
    now: int


def sentences_of(case: ExchangeCase) -> list[str]:
    """A sentence for each obstacle, and after a semicolon what would help.

    Where the token says which of its rules refuse it, each of those has a sentence.
    """
    said: list[str] = []
    for obstacle in case.explanation.obstacles:
        ruled = obstacle.code in _RULED and case.explanation.refusals
        said += _refused(case, obstacle) if ruled else [_SENTENCES[obstacle.code](case, obstacle)]
    return list(dict.fromkeys(said))


def _refused(case: ExchangeCase, obstacle: ExchangeObstacle) -> list[str]:
    """What a token says of the shares that would move."""
    other = obstacle.code is ExchangeObstacleCode.OTHER_REFUSED
    unit = case.units.other if other else case.units.shares
    terms = case.exchange.terms
    giver = terms.other_from if other else case.holder
    taker = case.holder if other else terms.acquirer
    if obstacle.code is ExchangeObstacleCode.NOT_FREE:
        taker = case.holder
    amount = case.shares if not other else obstacle.value
    transfer = Transfer(giver, taker, amount, unit.symbol, unit.decimals)
    return explain_in_words(case.explanation.refusals, transfer)


def _not_open(case: ExchangeCase, _: ExchangeObstacle) -> str:
    terms, stage = case.exchange.terms, case.exchange.stage
    if stage in (ExchangeStage.CLOSED, ExchangeStage.CANCELLED):
        return f"exchange {case.id} was {stage.label}; {_OTHER}"
    if case.now < terms.opens_at:
        return (
            f"exchange {case.id} opens at {moment(terms.opens_at)}, and the chain's time is "
            f"{moment(case.now)}; wait until then"
        )
    return (
        f"exchange {case.id} ended at {moment(terms.closes_at)}, and the chain's time is "
        f"{moment(case.now)}; {_OTHER}"
    )


def _price_too_old(case: ExchangeCase, _: ExchangeObstacle) -> str:
    exchange = case.exchange
    return (
        f"the price was found at {moment(exchange.price_as_of)}, and may be "
        f"{lasting(exchange.terms.max_age)} old at most; let the valuer {exchange.terms.valuer} "
        f"run `prorata redeem price`"
    )


def _unfunded(case: ExchangeCase, obstacle: ExchangeObstacle) -> str:
    units = case.units
    size = format_units(
        max(obstacle.value - obstacle.limit, 0), units.money.decimals, grouping=False, trim=True
    )
    return (
        f"{units.said_money(obstacle.value)} would be paid, and {units.said_money(obstacle.limit)} "
        f"are there for it; give less, or ask the issuer to run `prorata exchange fund {case.id} "
        f"{size}`"
    )


def _give_refused(case: ExchangeCase, _: ExchangeObstacle) -> str:
    return (
        f"{case.units.shares.symbol} refuses that the acquirer {case.exchange.terms.acquirer} "
        f"receives the shares; ask who issues {case.units.shares.symbol}"
    )


def _other_refused(case: ExchangeCase, _: ExchangeObstacle) -> str:
    symbol = case.units.other.symbol
    return f"{symbol} refuses that {case.holder} receives its shares; ask who issues {symbol}"


def _due_allowance(case: ExchangeCase, obstacle: ExchangeObstacle) -> str:
    units = case.units
    size = format_units(obstacle.value, units.money.decimals, grouping=False, trim=True)
    currency = case.exchange.terms.currency
    return (
        f"{case.holder} lets the exchange contract take {units.said_money(obstacle.limit)} of the "
        f"{units.said_money(obstacle.value)} that it would pay; run `prorata approve --spender "
        f"{case.contract} --amount {size} --currency {currency}`"
    )


_RULED = frozenset(
    {
        ExchangeObstacleCode.NOT_FREE,
        ExchangeObstacleCode.GIVE_REFUSED,
        ExchangeObstacleCode.OTHER_REFUSED,
    }
)

_SENTENCES: Mapping[ExchangeObstacleCode, Callable[[ExchangeCase, ExchangeObstacle], str]] = {
    ExchangeObstacleCode.NOT_OPEN: _not_open,
    ExchangeObstacleCode.MANDATORY: lambda c, _: (
        f"exchange {c.id} takes everybody's shares, and nobody needs to come; wait for it: "
        f"`prorata exchange status {c.id}`"
    ),
    ExchangeObstacleCode.NOTHING: lambda _, __: "no shares would be exchanged; say how many",
    ExchangeObstacleCode.PRICE_TOO_OLD: _price_too_old,
    ExchangeObstacleCode.OVER_DAY_LIMIT: lambda c, o: (
        f"{c.units.said_shares(o.value)} are more than the {c.units.said_shares(o.limit)} that can "
        "still be exchanged in this UTC day by all holders together; give no more than that, or "
        "come tomorrow"
    ),
    ExchangeObstacleCode.UNFUNDED: _unfunded,
    ExchangeObstacleCode.BALANCE: lambda c, o: (
        f"{c.holder} has {c.units.said_shares(o.limit)}; give no more than that"
    ),
    ExchangeObstacleCode.NOT_FREE: lambda c, o: (
        f"{c.units.said_shares(o.limit)} of {c.holder} are free; give no more than that"
    ),
    ExchangeObstacleCode.GIVE_REFUSED: _give_refused,
    ExchangeObstacleCode.OTHER_REFUSED: _other_refused,
    ExchangeObstacleCode.DUE_BALANCE: lambda c, o: (
        f"{c.holder} has {c.units.said_money(o.limit)} of the {c.units.said_money(o.value)} that "
        "it would pay; give fewer shares, or get the rest first"
    ),
    ExchangeObstacleCode.DUE_ALLOWANCE: _due_allowance,
}

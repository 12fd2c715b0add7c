# SPDX-License-Identifier: MIT
"""Exchanges that take everybody's shares, by the words that people have for them."""

from __future__ import annotations

from dataclasses import dataclass

from prorata.contracts.share_exchange import ExchangeTerms
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.exchanges.terms import Opening, document_hash_of, money_of, shares_of_text
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.times import lasting, moment

__all__ = ["LEAST_NOTICE", "Wanted", "buy_out", "maturity"]

LEAST_NOTICE = 14 * 86_400
"""Seconds of notice before shares are taken for somebody else."""

_ONE = "1"


@dataclass(frozen=True)
class Wanted:
    """What a person says of such an exchange; times are Unix seconds.

    `price` is for a whole share and names its currency. `treasury` gets back what nobody needs.
    """

    price: str
    opens_at: int
    closes_at: int
    document: str
    treasury: str
    take_until: int = 0
    sweep_to: str = ZERO_ADDRESS


def maturity(found: Deployment, wanted: Wanted) -> Opening:
    """Everybody's shares are burnt for the redemption price.

    Raises: InputError.
    """
    return Opening(_terms(found, wanted, ZERO_ADDRESS, burns=True))


def buy_out(found: Deployment, wanted: Wanted, acquirer: str, locked: str | None = None) -> Opening:
    """Everybody's shares but the acquirer's go to the acquirer, after two weeks' notice at least.

    All that the acquirer has is locked, or as many as it says.

    Raises: InputError.
    """
    now = found.chain.now()
    if wanted.opens_at < now + LEAST_NOTICE:
        rule = (
            f"is sooner than {lasting(LEAST_NOTICE)} from now, and the chain's time is "
            f"{moment(now)}: holders are given notice before their shares go to somebody else"
        )
        remedy = "give a later time, such as +15d"
        raise InputError.of("at", moment(wanted.opens_at), rule, remedy)
    has = found.token().balance_of(acquirer)
    amount = has if locked is None else shares_of_text("locked", locked, found.settings.unit)
    if not has:
        rule = f"has no {found.settings.symbol}"
        raise InputError.of("acquirer", acquirer, rule, "name who has most of the shares")
    return Opening(_terms(found, wanted, acquirer, burns=False), locked=amount)


def _terms(found: Deployment, wanted: Wanted, acquirer: str, *, burns: bool) -> ExchangeTerms:
    currency, gets = money_of("price", wanted.price, found)
    if not gets:
        raise InputError.of("price", wanted.price, "is nothing", "say what a share brings")
    return ExchangeTerms(
        token=found.token().address,
        per=shares_of_text("per", _ONE, found.settings.unit),
        burns=burns,
        acquirer=acquirer,
        currency=currency.address,
        gets=gets,
        mandatory=True,
        opens_at=wanted.opens_at,
        closes_at=wanted.closes_at,
        treasury=wanted.treasury,
        take_until=wanted.take_until,
        sweep_to=wanted.sweep_to,
        document_hash=document_hash_of(wanted.document),
    )

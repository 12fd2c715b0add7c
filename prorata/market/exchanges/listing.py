# SPDX-License-Identifier: MIT
"""The exchanges of an asset, and the one that a person means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prorata.contracts.share_exchange import Exchange, ExchangeStage, ShareExchange
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.exchanges.carrying import find_exchange
from prorata.market.exchanges.words import kind_of
from prorata.values.words import listed

__all__ = ["Listed", "choose_exchange", "exchange_of_asset", "list_exchanges"]

Wanted = Callable[[Exchange], bool]


@dataclass(frozen=True)
class Listed:
    """An exchange with its number."""

    id: int
    exchange: Exchange

    @property
    def kind(self) -> str:
        """What people call it."""
        return kind_of(self.exchange.terms)


def list_exchanges(found: Deployment, contract: ShareExchange) -> list[Listed]:
    """All exchanges of the asset, in the order in which they were opened.

    Raises: ChainError.
    """
    token, ids = found.token().address, range(1, contract.exchange_count() + 1)
    read = zip(ids, contract.exchanges_of(ids), strict=True)
    return [Listed(number, one) for number, one in read if one.terms.token == token]


def exchange_of_asset(found: Deployment, contract: ShareExchange, exchange_id: int) -> Listed:
    """The exchange of this number, which must be one of the asset.

    Raises: InputError; ChainError.
    """
    exchange = find_exchange(contract, exchange_id)
    if exchange.terms.token != found.token().address:
        rule = f"is none of {found.settings.symbol}, but of the token {exchange.terms.token}"
        raise InputError.of("exchange", exchange_id, rule, "use the deployment of its token")
    return Listed(exchange_id, exchange)


def choose_exchange(
    found: Deployment,
    contract: ShareExchange,
    named: int | None,
    wanted: Wanted,
    *,
    noun: str,
    remedy: str,
) -> Listed:
    """The exchange that is `named`; or the only one of the asset that is open and `wanted`.

    Raises: InputError when there is none, or there are several; ChainError.
    """
    if named is not None:
        one = exchange_of_asset(found, contract, named)
        if not wanted(one.exchange):
            raise InputError.of("id", named, f"is no {noun}, but a {one.kind}", remedy)
        return one
    chosen = [
        one
        for one in list_exchanges(found, contract)
        if one.exchange.stage is ExchangeStage.OPEN and wanted(one.exchange)
    ]
    if not chosen:
        rule = f"has no {noun} that is open"
        raise InputError.of("asset", found.settings.symbol, rule, remedy)
    if len(chosen) > 1:
        numbers = listed([str(one.id) for one in chosen])
        rule = f"has several that are open: {numbers}"
        raise InputError.of("asset", found.settings.symbol, rule, "name one with --id")
    return chosen[0]

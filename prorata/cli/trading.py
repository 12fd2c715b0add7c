# SPDX-License-Identifier: MIT
"""Where commands of the market work: in an asset's deployment, or in a folder of their own.

Money is often on a chain on which no asset was deployed. Who holds it there has a journal all the
same: in `deployments/<chain id>/market`, or in the folder that --deployment names.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.cli.names import known_names
from prorata.cli.session import Session
from prorata.contracts.currency import Currency, parse_amount
from prorata.deployments.deployment import DEPLOYMENTS, Deployment, folder_for
from prorata.errors import DeploymentError, InputError
from prorata.market.legs import find_asset, find_person, known_assets, require_known
from prorata.market.singletons import KEEPERS, market_contract
from prorata.values.addresses import check_address

__all__ = ["MARKET", "Place", "looking_at", "parse_what", "trading"]

MARKET = "market"
"""The name of the folder, where there is no asset."""


@dataclass(frozen=True)
class Place:
    """The chain that a command works on; `found` is the asset whose deployment it is in, if any.

    `beside` is the folder of all deployments, where the command has a copy of one.
    """

    chain: RpcChain
    found: Deployment | None
    beside: Path | None = None

    def asset(self, named: str, column: str = "asset") -> Currency:
        """The share token or currency that a person names.

        Raises: InputError; ChainError.
        """
        return find_asset(self.chain, named, self.found, column, beside=self.beside)

    @property
    def known(self) -> frozenset[str]:
        """The assets that are what they are called here, by address."""
        return known_assets(self.found, self.beside)

    def require_known(self, assets: Iterable[str], named: Sequence[str] = ()) -> None:
        """Check that assets are known here, or `named` by their addresses.

        Raises: InputError.
        """
        meant = {check_address("token", one) for one in named}
        require_known(self.chain, assets, self.known | meant)

    def person(self, column: str, named: str) -> str:
        """The address that a person names, or the one behind a name of the address book.

        Raises: InputError.
        """
        return find_person(column, named, known_names())

    def keeper(self, column: str, named: str) -> str:
        """The same for a keeper, which can be the market's `auction` or `exchange`.

        Raises: InputError; DeploymentError when the contract is not there.
        """
        if named in KEEPERS:
            return market_contract(self.chain, named)
        return self.person(column, named)


@contextlib.contextmanager
def trading(session: Session) -> Iterator[tuple[Operator, Place]]:
    """An operator of the asset's deployment, or of the market's own folder on this chain."""
    with session.chain() as chain:
        alone = _is_alone(session, chain)
    if not alone:
        with session.deployed() as (operator, found):
            yield operator, Place(operator.chain, found, _beside(session))
        return
    with session.operator(MARKET) as (operator, _):
        yield operator, Place(operator.chain, None)


@contextlib.contextmanager
def looking_at(session: Session) -> Iterator[Place]:
    """The same to be looked at only: no account is asked for."""
    with session.chain() as chain:
        alone = _is_alone(session, chain)
        if alone:
            if session.names is not None:
                session.learn_names(session.folder(chain, MARKET))
            yield Place(chain, None)
            return
    with session.reading() as found:
        yield Place(found.chain, found)


def parse_what(place: Place, text: str, column: str = "what") -> tuple[Currency, int]:
    """An asset and an amount of it in smallest units, from `100 HARB12`.

    Raises: InputError when it is not both, or the amount is not exact; ChainError.
    """
    amount, _, named = text.strip().partition(" ")
    if not named or " " in named:
        rule = "is not an amount and an asset"
        raise InputError.of(column, text, rule, 'write "100 HARB12", or "100 0x…"')
    asset = place.asset(named, column)
    return asset, parse_amount(amount, asset)


def _beside(session: Session) -> Path | None:
    """Where the deployment lies of which a command that is only played has a copy."""
    stage = session.stage
    original = getattr(stage, "original", None) or (None if stage is None else stage.folder)
    return None if original is None else Path(original).parent


def _is_alone(session: Session, chain: RpcChain) -> bool:
    """Whether there is no asset to work in: none on this chain, or a folder without one is named.

    Raises: DeploymentError when a folder is named that is not there, or there are several.
    """
    if session.deployment is not None:
        if not session.deployment.is_dir():
            raise DeploymentError(
                f"there is no deployment in {session.deployment}",
                "name another folder with --deployment, or make that one for the journal",
            )
        return not (session.deployment / "manifest.json").exists()
    if session.symbol is not None:
        return False
    if not any((DEPLOYMENTS / str(chain.chain_id)).glob("*/manifest.json")):
        return True
    folder_for(chain, None)
    return False

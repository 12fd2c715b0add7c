# SPDX-License-Identifier: MIT
"""Put the market's contracts on a chain, or show where they are."""

from __future__ import annotations

from typing import Any

import click

from prorata.chain.node import RpcChain
from prorata.cli.command import Command, deploying_options, reading_options
from prorata.cli.session import Session
from prorata.deployments.deployment import Deployment
from prorata.errors import DeploymentError
from prorata.market.singletons import (
    HOLDS,
    DeployedSingleton,
    Singleton,
    deploy_singletons,
    read_singletons,
    singleton_address,
)
from prorata.values.addresses import ZERO_ADDRESS

MARKET = "market"
"""The folder of the journal, beside those of the assets."""


@click.group()
def cli() -> None:
    """Put the market's contracts on a chain, or show where they are.

    One contract settles signed orders and trades, one holds shares, one runs calls (offerings,
    auctions, tenders), and one exchanges shares for what is already there. They serve every asset
    of the chain, have no owner, and are at the same addresses on every chain.
    """


@cli.command(
    "deploy",
    cls=Command,
    examples=("prorata market deploy --dry-run", "prorata market deploy --account issuer.json"),
)
@deploying_options
def deploy_command(**options: Any) -> None:
    """Put the market's contracts on a chain, once for everybody.

    Whoever comes first deploys for all: what is there already is not sent again. The chain needs
    the usual CREATE2 factory.
    """
    session = Session.of(options)
    with session.operator(MARKET) as (operator, _):
        done = deploy_singletons(operator)
    for one in done:
        session.output.say(_told(one))
    session.output.result(
        {
            "contracts": [one.singleton.as_json() for one in done],
            "transactions": [one.receipt.hash for one in done if one.receipt is not None],
            "resumed": all(one.receipt is None or one.receipt.resumed for one in done),
        }
    )


@cli.command("show", cls=Command, examples=("prorata market show", "prorata market show --json"))
@reading_options
def show_command(**options: Any) -> None:
    """Show where the market's contracts are, and whether their code is ours.

    Of an asset that is deployed from here, it says, too, whether its owner lets the contract hold
    shares.
    """
    session = Session.of(options)
    with session.chain() as chain:
        found = read_singletons(chain)
        deployment = _deployment(session, chain)
        appointed = None if deployment is None else deployment.token().holds_contract()
    rows = [(one.name, one.address, _code(one)) for one in found]
    title = f"The market's contracts on chain {chain.chain_id}"
    session.output.table(title, ("contract", "at", "code"), rows)
    if any(one.code_hash is None for one in found):
        session.output.say("`prorata market deploy` puts there what is missing")
    if deployment is not None:
        session.output.say(_appointment(deployment, str(appointed)))
    session.output.result(
        {
            "contracts": [one.as_json() for one in found],
            "asset": None if deployment is None else deployment.settings.symbol,
            "holds_contract": None if appointed in (None, ZERO_ADDRESS) else appointed,
            "holds_appointed": None if appointed is None else appointed == singleton_address(HOLDS),
        }
    )


def _deployment(session: Session, chain: RpcChain) -> Deployment | None:
    """The asset that is meant, if there is one: the contracts are there without any."""
    try:
        return Deployment.open(chain, session.folder(chain))
    except DeploymentError:
        if session.deployment is not None or session.symbol is not None:
            raise
        return None


def _told(one: DeployedSingleton) -> str:
    where, receipt = f"{one.singleton.name} is at {one.singleton.address}", one.receipt
    if receipt is None:
        return f"{where}: already there, nothing was sent"
    if receipt.resumed:
        return f"{where}: already there since {receipt.hash}, nothing was sent"
    return f"{where}: deployed in {receipt.hash}"


def _code(one: Singleton) -> str:
    if one.code_hash is None:
        return "none"
    return "ours" if one.is_ours else f"other code, {one.code_hash}"


def _appointment(deployment: Deployment, appointed: str) -> str:
    symbol, ours = deployment.settings.symbol, singleton_address(HOLDS)
    if appointed == ours:
        return f"{symbol} lets it hold shares in their holders' wallets"
    if appointed == ZERO_ADDRESS:
        return (
            f"{symbol} lets no contract hold shares: its owner does with "
            f"`prorata settings holds-contract {ours}`"
        )
    return f"{symbol} lets another contract hold shares, {appointed}"

# SPDX-License-Identifier: MIT
"""Put an asset's contracts on a chain, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from prorata.assets.asset import Asset
from prorata.chain.artifacts import artifact
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.cli.command import Command, deploying_options
from prorata.cli.consent import can_ask, require_yes
from prorata.cli.session import Session
from prorata.deployments.deployer import deploy, price
from prorata.deployments.deployment import Deployment
from prorata.deployments.manifest import Manifest
from prorata.deployments.settings import Difference, Way, compare_settings
from prorata.values.addresses import check_address
from prorata.values.amounts import format_units
from prorata.values.words import spelled

EXAMPLES = (
    "prorata deploy --asset examples/building/asset.yaml --dollar",
    "prorata deploy --asset examples/compliant/asset.yaml",
    "prorata deploy --asset asset.yaml --network https://rpc.example.org --account issuer.json",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option(
    "--asset",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The asset's YAML file, such as examples/building/asset.yaml.",
)
@click.option("--vault", help="A DividendVault of this chain to use instead of a new one.")
@click.option(
    "--dollar", is_flag=True, help="Add a worthless USD that anyone can make, to rehearse."
)
@deploying_options
def cli(asset: Path, vault: str | None, dollar: bool, dry_run: bool, **options: Any) -> None:
    """Put an asset's contracts on a chain, once.

    Reads the asset from a YAML file, deploys its share token and, unless --vault names one, a
    dividend vault; where the file names rules, a registry of investors and the rules too. Keeps
    the manifest in deployments/<chain id>/<symbol>/. The same command again deploys nothing; a
    run that was interrupted is resumed.
    """
    session = Session.of(options)
    settings = Asset.load(asset)
    named = None if vault is None else check_address("vault", vault)
    if dry_run:
        with session.chain() as chain:
            there = _there(chain, session.folder(chain, settings.symbol))
            operator = Operator(chain, session.signer(chain))
            _plan(
                session,
                operator,
                settings,
                there,
                price(operator, settings, vault=named, dollar=dollar),
            )
        return
    with session.operator(settings.symbol) as (operator, folder):
        edited = _edited(operator, settings, folder)
        accept = any(difference.way is Way.ASKED for difference in edited)
        if not accept or options["yes"] or can_ask(options):
            _show_edited(session, edited)
        if accept and session.stage is None:
            require_yes(options, "take over what was edited")
        found = deploy(operator, settings, folder, vault=named, dollar=dollar, accept=accept)
    _show(session, found, edited)


def _edited(operator: Operator, settings: Asset, folder: Path) -> tuple[Difference, ...]:
    """What was edited since the deployment."""
    if not (folder / "manifest.json").exists():
        return ()
    return compare_settings(Deployment.open(operator.chain, folder), settings)


def _show_edited(session: Session, edited: Sequence[Difference]) -> None:
    """Show what was edited, if all of it can be taken over: else the refusal lists it."""
    if edited and all(difference.way in (Way.TAKEN, Way.ASKED) for difference in edited):
        rows = [(d.field, _cell(d.was), _cell(d.now), d.way.value) for d in edited]
        session.output.table("Edited since", ("setting", "was", "is", "becomes"), rows)


def _cell(value: Any) -> str:
    return "not set" if value is None else spelled(value)


def _there(chain: RpcChain, folder: Path) -> Deployment | None:
    """What is deployed already; nothing, if it was on a local chain that has been started anew."""
    path = folder / "manifest.json"
    if not path.exists():
        return None
    if chain.is_local and Manifest.read(path).genesis != chain.genesis_hash:
        return None
    return Deployment.open(chain, folder)


def _plan(
    session: Session,
    operator: Operator,
    settings: Asset,
    there: Deployment | None,
    most: Mapping[str, int],
) -> None:
    known = {} if there is None else there.manifest.contracts
    gas = {name: units for name, units in most.items() if name not in known}
    if gas:
        rows = [(name, f"{len(artifact(name).runtime):,}", f"{n:,}") for name, n in gas.items()]
        session.output.table("Would be deployed", ("contract", "bytes>", "gas, at most>"), rows)
    else:
        session.output.say("Nothing would be deployed: all of it is there")
    edited = () if there is None else compare_settings(there, settings)
    if edited:
        lines = [(d.field, _cell(d.was), _cell(d.now), d.remedy) for d in edited]
        session.output.table("Edited since", ("setting", "was", "is", "becomes"), lines)
    session.output.result(
        {
            "dry_run": True,
            "deployer": operator.address,
            "gas": gas,
            "edited": [difference.as_json() for difference in edited],
        }
    )


def _show(session: Session, found: Deployment, edited: Sequence[Difference]) -> None:
    settings, contracts = found.settings, found.manifest.contracts
    shares = format_units(settings.authorised, settings.decimals, trim=True)
    rows = [(name, c.address, str(c.block), f"{c.gas:,}") for name, c in contracts.items()]
    title = f"{settings.name} ({settings.symbol}), up to {shares} shares"
    session.output.table(title, ("contract", "address", "block>", "gas>"), rows)
    session.output.say(f"The manifest is {found.folder / 'manifest.json'}")
    session.output.result(
        {
            "folder": str(found.folder),
            "authorised": settings.unit.amount(settings.authorised).as_json(),
            "edited": [difference.as_json() for difference in edited],
            **found.manifest.model_dump(mode="json"),
        }
    )

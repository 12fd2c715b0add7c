# SPDX-License-Identifier: MIT
"""Have an explorer verify the sources of a deployment."""

from __future__ import annotations

import os
from typing import Any

import click

from prorata.chain.steps import Progress
from prorata.cli.command import Command, reading_options
from prorata.cli.session import Session
from prorata.deployments.deployment import Deployment
from prorata.deployments.explorers import (
    ETHERSCAN_URL,
    SOURCIFY_URL,
    Etherscan,
    Explorer,
    Sourcify,
    State,
)
from prorata.deployments.verification import Verification, verify_all
from prorata.errors import InputError

KEY = "ETHERSCAN_API_KEY"
REFUSED, WAITING = 1, 4

EXAMPLES = (
    "prorata verify --explorer sourcify",
    "prorata verify --explorer etherscan --market",
    "prorata verify --explorer etherscan --url https://explorer.example.org/api",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option(
    "--explorer",
    type=click.Choice(["sourcify", "etherscan"]),
    required=True,
    help=f"Who verifies. Etherscan, and what speaks as it does, takes a key from {KEY}.",
)
@click.option("--url", help=f"Its address.  [default: {SOURCIFY_URL} or {ETHERSCAN_URL}]")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=120,
    show_default=True,
    help="Seconds to wait for what it says.",
)
@click.option("--market", is_flag=True, help="The market's contracts, too, which are nobody's.")
@reading_options
def cli(explorer: str, url: str | None, wait: float, market: bool, **options: Any) -> None:
    """Have an explorer verify the sources of a deployment.

    Sends it the compiler's whole input, from the deployment's folder: the sources are public from
    then on. Nothing is sent anywhere unless this command is run. What it said is kept in
    verification.json, and what is verified is not asked again. Ends with exit code 4 while the
    explorer is not done, and with 1 when it refused a contract.
    """
    session = Session.of(options)
    with session.reading() as found:
        asked = _explorer(explorer, url, found)
        with session.output.progress() as follow:
            done = verify_all(
                found,
                asked,
                patience=wait,
                on_progress=lambda label: follow(Progress(label, 0, 0)),
                market=market,
            )
    _show(session, asked, done)
    states = {one.outcome.state for one in done}
    if State.FAILED in states or State.PENDING in states:
        click.get_current_context().exit(REFUSED if State.FAILED in states else WAITING)


def _explorer(named: str, url: str | None, found: Deployment) -> Explorer:
    if url is None and found.chain.is_local:
        raise InputError.of(
            "explorer",
            named,
            f"does not know chain {found.chain.chain_id}, which is on this machine",
            "name an explorer of this chain with --url",
        )
    if named == "sourcify":
        return Sourcify(url or SOURCIFY_URL)
    if not (key := os.environ.get(KEY, "").strip()):
        raise InputError.of(KEY, "", "is not set", f"give the explorer's key in {KEY}")
    return Etherscan(key, url or ETHERSCAN_URL)


def _show(session: Session, explorer: Explorer, done: list[Verification]) -> None:
    rows = [
        (one.label, one.address, one.outcome.state.value, "before" if one.before else "now",
         one.outcome.words)
        for one in done
    ]  # fmt: skip
    columns = ("contract", "address", "is", "since", "in its words")
    session.output.table(f"At {explorer.url}", columns, rows)
    session.output.result(
        {
            "explorer": explorer.name,
            "url": explorer.url,
            "contracts": [one.as_json() for one in done],
        }
    )

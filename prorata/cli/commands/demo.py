# SPDX-License-Identifier: MIT
"""Play the life of a building that pays rent, on a local chain."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from prorata.cli.command import Command
from prorata.cli.networks import connected
from prorata.demo.story import DEFAULT_OUT, DEFAULT_SEED, play


@click.command(
    cls=Command,
    examples=(
        "prorata demo",
        "prorata demo --seed 7 --out out/another",
        "prorata demo --network http://127.0.0.1:8545",
    ),
)
@click.option(
    "--network",
    help="A development chain to play on: a network of ape-config.yaml, or the address of an "
    "Anvil or Hardhat node.  [default: a fresh Anvil, stopped at the end]",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_OUT,
    show_default=True,
    help="The folder for the files. Those of an earlier run are replaced.",
)
@click.option(
    "--seed",
    type=int,
    default=DEFAULT_SEED,
    show_default=True,
    help="Who trades with whom: the same seed tells the same story.",
)
def cli(network: str | None, out: Path, seed: int) -> None:
    """Play the life of a building that pays rent, on a local chain.

    A building of USD 10,000,000 is divided into 10,000 shares and sold in an offering that is
    subscribed twice over. Shares change hands, record dates close, rent and a dividend in ether are
    paid, taxed and carried over; some holders sell in a tender, others redeem. At the end the books
    are rebuilt from events and compared with the contracts, to the last unit: exit code 1 if
    anything differs.

    Everything that an owner, an auditor or a tax office would ask for is then in the folder: the
    cap table at each record date, a statement for every holder, the register of distributions,
    the books as JSON, and a picture.
    """
    # A pipe has no width of its own.
    console = Console(width=None if sys.stdout.isatty() else 100)
    if network is None:
        play(console, out, seed)
        return
    with connected(network) as (chain, _):
        play(console, out, seed, chain)

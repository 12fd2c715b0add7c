# SPDX-License-Identifier: MIT
"""Play the life of an asset, on a local chain."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console

from prorata.assets.templates import TEMPLATES
from prorata.chain.node import RpcChain
from prorata.cli.command import Command
from prorata.cli.demo_service import check_service, serve_folder
from prorata.cli.networks import connected
from prorata.demo.classes import BUILDING
from prorata.demo.story import DEFAULT_SEED, folder_of, fresh_node, play

CLASSES = "\n".join(f"    {name:<10}{shows}" for name, shows in TEMPLATES.items())
HELP = f"""Play the life of an asset, on a local chain: a building, or another CLASS.

    \b
{CLASSES}

    A building of USD 10,000,000 is divided into 10,000 shares and sold in an offering that is
    subscribed twice over. Shares change hands, record dates close, rent and a dividend in ether are
    paid, taxed and carried over; some holders sell in a tender, others redeem. The other classes
    are played from the files of their templates, which `prorata new-asset --class` starts from.

    At the end the books are rebuilt from events and compared with the contracts, to the last unit:
    exit code 1 if anything differs. Everything that an owner, an auditor or a tax office would ask
    for is then in the folder: the cap table at each record date, a statement for every holder, the
    register of distributions, the books as JSON, and pages to look at.
    """


@click.command(
    cls=Command,
    help=HELP,
    examples=(
        "prorata demo",
        "prorata demo gold",
        "prorata demo --serve",
        "prorata demo --seed 7 --out out/another",
        "prorata demo --network http://127.0.0.1:8545",
    ),
)
@click.argument("asset_class", metavar="[CLASS]", default=BUILDING)
@click.option(
    "--network",
    help="A development chain to play on: a network of ape-config.yaml, or the address of an "
    "Anvil or Hardhat node.  [default: a fresh Anvil, stopped at the end]",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the files. Those of an earlier run are replaced.  "
    "[default: out/demo, or out/demo-CLASS]",
)
@click.option(
    "--seed",
    type=int,
    default=DEFAULT_SEED,
    show_default=True,
    help="Who trades with whom: the same seed tells the same story.",
)
@click.option(
    "--serve",
    is_flag=True,
    help="At the end follow the asset and serve it to browsers, until it is ended.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8000,
    show_default=True,
    help="The service's port on this machine, with --serve.",
)
@click.pass_context
def cli(
    ctx: click.Context, /, *, asset_class: str, network: str | None, out: Path | None, seed: int,
    serve: bool, port: int,
) -> None:  # fmt: skip
    """Play the life of an asset."""
    # A pipe has no width of its own.
    console = Console(width=None if sys.stdout.isatty() else 100)
    folder = out or folder_of(asset_class)
    keep = folder / "deployment" if serve else None
    if serve:
        check_service(port)
    with ExitStack() as stack:
        if network is None:
            node = stack.enter_context(fresh_node())
            chain = RpcChain(node.url)
        else:
            chain, _ = stack.enter_context(connected(network))
            node = None
        play(console, folder, seed, chain, asset_class=asset_class, keep=keep)
        if keep is not None:
            address = network if node is None else node.url
            ctx.exit(serve_folder(console, keep, str(address), port))

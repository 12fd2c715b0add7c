# SPDX-License-Identifier: MIT
"""A command: its help ends with examples, and a refusal is a sentence and exit code 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from prorata.cli.accounts import PASSPHRASE
from prorata.cli.networks import DEFAULT_NETWORK, PUBLIC_CONFIRMATIONS
from prorata.cli.output import escape
from prorata.errors import ProrataError

__all__ = ["Command", "basis_options", "common_options", "reading_options"]

F = TypeVar("F", bound=Callable[..., Any])


class Command(click.Command):
    """A command whose help ends with examples, and whose refusals are sentences, not tracebacks."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they are to be typed."""
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        super().format_epilog(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except ProrataError as error:
            Console(stderr=True, highlight=False, soft_wrap=True).print(
                f"[red]✗[/] {escape(str(error))}."
            )
            ctx.exit(1)


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, shown by `--help` in the order given."""

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


_NETWORK = click.option(
    "--network",
    default=DEFAULT_NETWORK,
    show_default=True,
    help="A network of ape-config.yaml, such as ethereum:sepolia, or a node's address, "
    "such as http://127.0.0.1:8545.",
)
_DEPLOYMENT = click.option(
    "--deployment",
    type=click.Path(path_type=Path),
    help="The deployment's folder.  [default: deployments/<chain id>/<symbol>]",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")

reading_options = _options(_NETWORK, _DEPLOYMENT, _JSON)
"""The options of every command that only reads."""

common_options = _options(
    _NETWORK,
    click.option(
        "--account",
        help="An ape alias, the path of a keystore file (passphrase in "
        f"{PASSPHRASE}, or asked for), or on a local chain TEST::0, the default there.",
    ),
    _DEPLOYMENT,
    click.option(
        "--confirmations",
        type=click.IntRange(min=0),
        help="Blocks to wait for after a transaction's own.  "
        f"[default: the network's; {PUBLIC_CONFIRMATIONS} for a public address; 0 locally]",
    ),
    click.option(
        "--abandon",
        metavar="STEP",
        help="Give up a step whose nonce was used elsewhere, as a refusal asked for.",
    ),
    _JSON,
)
"""The options of every command that sends."""

basis_options = _options(
    click.option("--reason", required=True, help="Why, in words; is kept in orders.jsonl."),
    click.option(
        "--document",
        required=True,
        metavar="FILE|0xHASH",
        help="What the order rests on: a file, whose SHA-256 is kept, or a hash.",
    ),
)
"""The options of every command that acts against a holder's will."""

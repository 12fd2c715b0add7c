# SPDX-License-Identifier: MIT
"""A command: its help ends with examples, and a refusal is a sentence and exit code 1.

With `--json` a refusal is a JSON document on stdout, with exit code 1, and so is a mistake in the
options, with exit code 2:

    {"error": {"kind": …, "value": …, "rule": …, "remedy": …}}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

import click

from prorata.chain.prices import BUMP_SECONDS, BUMPS
from prorata.cli.accounts import PASSPHRASE, elsewhere_account
from prorata.cli.consent import AGREED, require_consent
from prorata.cli.elsewhere import WAITS, write_down
from prorata.cli.networks import DEFAULT_NETWORK, PUBLIC_CONFIRMATIONS
from prorata.cli.output import DIGEST, Output, refuse, spoken, usage_refusal
from prorata.cli.stage import staged
from prorata.deployments.deployment import LEDGER_FILE
from prorata.errors import ProrataError
from prorata.register.address_book import NAMES_FILE

__all__ = [
    "HEAD",
    "WAIT",
    "Command",
    "basis_options",
    "common_options",
    "deploying_options",
    "planning_options",
    "reading_options",
    "signing_options",
]

F = TypeVar("F", bound=Callable[..., Any])


class Command(click.Command):
    """A command whose help ends with examples, and whose refusals are sentences, not tracebacks."""

    def __init__(
        self, *args: Any, examples: Sequence[str] = (), asks: bool = False, **options: Any
    ) -> None:
        """`asks` says that what it sends cannot be undone, so that somebody must agree first."""
        super().__init__(*args, **options)
        self.examples = tuple(examples)
        self.asks = asks

    @property
    def sends(self) -> bool:
        """Whether it has the options of commands that send."""
        return any(parameter.name == "confirm" for parameter in self.params)

    @property
    def previews(self) -> bool:
        """Whether it shows a dry run by itself, in its own words."""
        return self.callback is not None and "dry_run" in signature(self.callback).parameters

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Parse the options; a mistake in them is told to a program as JSON."""
        # Parsing takes the words out of the list.
        words = list(args)
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            if "--json" not in words:
                raise
            usage_refusal(error)
            raise click.exceptions.Exit(error.exit_code) from None

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, in the words of whoever runs it."""
        written = self.help
        self.help = None if written is None else spoken(written)
        super().format_help_text(ctx, formatter)
        self.help = written

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they are to be typed."""
        with formatter.section("Examples"):
            for example in self.examples:
                typed = spoken(f"`{example}`").strip("`")
                formatter.write(f"{'':>{formatter.current_indent}}{typed}\n")
        super().format_epilog(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            return self._played(ctx) if self.sends else super().invoke(ctx)
        except click.UsageError as error:
            if not ctx.params.get("as_json"):
                raise
            usage_refusal(error)
            ctx.exit(error.exit_code)
        except ProrataError as error:
            refuse(error, as_json=bool(ctx.params.get("as_json")))
            ctx.exit(1)

    def _played(self, ctx: click.Context) -> Any:
        """Run it once whoever sends has agreed; or show what it would send."""
        signer = elsewhere_account(ctx.params["account"])
        if signer is not None and not ctx.params["dry_run"]:
            with staged(ctx) as stage:
                super().invoke(ctx)
            if write_down(ctx, stage, signer):
                ctx.exit(WAITS)
            return super().invoke(ctx)
        if ctx.params["dry_run"] and not self.previews:
            with staged(ctx) as stage:
                super().invoke(ctx)
            output = Output(bool(ctx.params["as_json"]))
            stage.show(output)
            output.say("  nothing was sent")
            output.result(stage.as_json())
            return None
        if ctx.params["dry_run"]:
            return self._previewed(ctx) if self.asks else super().invoke(ctx)
        if ctx.params["confirm"] is not None or (self.asks and not ctx.params["yes"]):
            with staged(ctx, quiet=True) as stage:
                super().invoke(ctx)
            require_consent(stage, ctx.params)
            ctx.meta[AGREED] = stage
        try:
            return super().invoke(ctx)
        finally:
            Output(bool(ctx.params["as_json"])).say_repeated()

    def _previewed(self, ctx: click.Context) -> Any:
        """Show a dry run in the command's own words, with the digest to confirm it by."""
        with staged(ctx, quiet=True) as stage:
            super().invoke(ctx)
        ctx.meta[DIGEST] = stage.digest
        shown = super().invoke(ctx)
        if stage.digest is not None:
            Output(bool(ctx.params["as_json"])).say(f"  {'digest':<12}{stage.digest}")
        return shown


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
    envvar="PRORATA_NETWORK",
    show_envvar=True,
    help="A node's address, such as https://rpc.example.org, wss://… or the path of an IPC socket; "
    "several with commas between them; a set of networks.yaml by its name; with ape also a network "
    "of ape-config.yaml, such as ethereum:sepolia.",
)
_ASSET = click.option(
    "--asset",
    "symbol_named",
    metavar="SYMBOL",
    help="The asset, where several are deployed on the chain.",
)
_DEPLOYMENT = click.option(
    "--deployment",
    type=click.Path(path_type=Path),
    help="The deployment's folder.  [default: deployments/<chain id>/<symbol>]",
)
_NAMES = click.option(
    "--names",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A CSV file with addresses and names, to show both, such as examples/building/holders.csv."
    f"  [default: {NAMES_FILE} in the deployment's folder]",
)
_DATABASE = click.option(
    "--database",
    metavar="FILE|URL",
    envvar="PRORATA_DATABASE",
    show_envvar=True,
    help="The ledger's database: a file, or postgresql://…. What it has need not be read from the "
    f"node again.  [default: {LEDGER_FILE} in the deployment's folder, if it is there]",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")

WAIT = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Wait so long for another run that has this deployment.",
)
HEAD = click.option(
    "--head",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="PRORATA_HEAD",
    show_envvar=True,
    help="A file kept elsewhere that remembers how far the journal had come, to refuse another.",
)

reading_options = _options(_NETWORK, _ASSET, _DEPLOYMENT, _NAMES, _DATABASE, _JSON)
"""The options of every command that only reads."""

_SIGNER_HELP = (
    f"The name or path of a keystore file (passphrase in {PASSPHRASE}, or asked for), an ape "
    "alias, or on a local chain TEST::0, the default there"
)


def _account(more: str = "") -> Callable[[F], F]:
    said = f"{_SIGNER_HELP}{more}."
    return click.option("--account", envvar="PRORATA_ACCOUNT", show_envvar=True, help=said)


_SIGNER = _account()
_ACCOUNT = _account("; safe:0x… or unsigned:0x… for one that signs elsewhere")

planning_options = _options(_NETWORK, _SIGNER, _DEPLOYMENT, _JSON)
"""The options of commands that run another one, or sign for it."""

signing_options = _options(_NETWORK, _SIGNER, _ASSET, _DEPLOYMENT, _NAMES, _JSON)
"""The options of commands about an asset that sign, or ask as somebody, and send nothing."""

_DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would be sent; send nothing.")
_YES = click.option("--yes", is_flag=True, help="Send without a question.")
_TO_SIGN = click.option(
    "--to-sign",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the steps of an account that signs elsewhere (safe:0x…, unsigned:0x…) are "
    "written.  [default: in the deployment's folder]",
)
_EXPIRES = click.option(
    "--expires",
    default="+30d",
    show_default=True,
    help="Until when such a step may still be signed; after that it is written anew.",
)
_CONFIRM = click.option(
    "--confirm",
    metavar="DIGEST",
    help="Send what a dry run showed under this digest, and nothing else.",
)

deploying_options = _options(
    _DRY_RUN,
    _YES,
    _CONFIRM,
    _TO_SIGN,
    _EXPIRES,
    _NETWORK,
    _ACCOUNT,
    _DEPLOYMENT,
    _NAMES,
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
    click.option(
        "--max-fee",
        metavar="GWEI",
        help="The most to offer for a unit of gas.  [default: twice the base fee, and the tip]",
    ),
    click.option("--tip", metavar="GWEI", help="The tip in it.  [default: what the node proposes]"),
    click.option(
        "--bump-after",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Offer an eighth more for what waits so long.  "
        f"[default: {BUMP_SECONDS:g}; never locally]",
    ),
    click.option(
        "--bumps",
        type=click.IntRange(min=0),
        default=BUMPS,
        show_default=True,
        help="How often at most, in this run.",
    ),
    WAIT,
    HEAD,
    _JSON,
)
"""The options of a command that brings an asset to a chain, whose file says which it is."""

common_options = _options(_ASSET, deploying_options)
"""The options of every command that sends."""

basis_options = _options(
    click.option("--reason", required=True, help="Why, in words; is kept beside the journal."),
    click.option(
        "--document",
        required=True,
        metavar="FILE|0xHASH",
        help="What the order rests on: a file, whose SHA-256 is kept, or a hash.",
    ),
)
"""The options of every command that acts against a holder's will."""

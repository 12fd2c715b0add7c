"""What all doors share: the network, the account, the deployment, and how they speak.

A door connects, calls one function of `prorata` and shows what came of it. A refusal is one
sentence on stderr and exit code 1. With `--json`, stdout carries one JSON document and nothing
else. Ape is asked only for what it knows: the networks of `ape-config.yaml` and its accounts.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from eth_account import Account
from eth_account.messages import encode_typed_data
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from prorata.audit import Audit, audit
from prorata.chain import RpcChain
from prorata.deploy import Deployment, folder_for, open_operator
from prorata.errors import ChainError, InputError, ProrataError
from prorata.operator import LocalSigner, Operator, Progress, Signer
from prorata.orders import Done

__all__ = [
    "Door",
    "DoorCommand",
    "Spoken",
    "audited",
    "basis_options",
    "common_options",
    "connected",
    "reading_options",
    "show_order",
]

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_NETWORK = "ethereum:devnet:node"
PUBLIC_CONFIRMATIONS = 2
PIPE_WIDTH = 110
PASSPHRASE = "PRORATA_PASSPHRASE"  # noqa: S105 - the name of a variable, not a passphrase
TEST_MNEMONIC = "test test test test test test test test test test test junk"

_URL = re.compile(r"(?:[\w-]*:[\w-]*:)?(https?://.+)")
_TEST_ACCOUNT = re.compile(r"(?:test::)?([0-9]{1,3})", re.ASCII | re.IGNORECASE)


class DoorCommand(click.Command):
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
                f"[red]✗[/] {_escape(str(error))}."
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
"""The options of every door that only reads."""

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
"""The options of every door that sends."""

basis_options = _options(
    click.option("--reason", required=True, help="Why, in words; is kept in orders.jsonl."),
    click.option(
        "--document",
        required=True,
        metavar="FILE|0xHASH",
        help="What the order rests on: a file, whose SHA-256 is kept, or a hash.",
    ),
)
"""The options of every door that acts against a holder's will."""


@dataclass
class Spoken:
    """How a door speaks: to a person, or with `as_json` to a program."""

    as_json: bool

    def __post_init__(self) -> None:
        """Prepare the two consoles."""
        # A pipe has no width of its own, and an address must not be cut in two.
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        self.console = Console(quiet=self.as_json, highlight=False, width=width)
        self.aside = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """A line for a person."""
        self.console.print(text, soft_wrap=True)

    def notice(self, text: str) -> None:
        """A line that a program's user should see too."""
        self.aside.print(f"[yellow]![/] {_escape(text)}.")

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table for a person; columns whose name ends with `>` are aligned right."""
        table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
        for column in columns:
            side = column.endswith(">")
            table.add_column(
                column.rstrip(">"), justify="right" if side else "left", overflow="fold"
            )
        for row in rows:
            table.add_row(*(_escape(_short(cell)) for cell in row))
        self.console.print(table)

    def result(self, facts: Mapping[str, Any]) -> None:
        """The whole result, for a program."""
        if self.as_json:
            click.echo(json.dumps(facts, indent=2, ensure_ascii=False))

    @contextlib.contextmanager
    def progress(self) -> Iterator[Callable[[Progress], None]]:
        """A bar that follows an operator's steps."""
        bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        with bar:
            task = bar.add_task("connecting", total=None)

            def follow(progress: Progress) -> None:
                again = " (done before)" if progress.resumed else ""
                bar.update(
                    task,
                    description=_escape(_short(progress.label)) + again,
                    completed=progress.done,
                    total=progress.total or None,
                )

            yield follow


@dataclass
class Door:
    """A network and an account, as the common options name them."""

    network: str
    account: str | None
    deployment: Path | None
    confirmations: int | None
    abandon: str | None
    spoken: Spoken

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Door:
        """From the values of `common_options` or `reading_options`."""
        return cls(
            network=options["network"],
            account=options.get("account"),
            deployment=options["deployment"],
            confirmations=options.get("confirmations"),
            abandon=options.get("abandon"),
            spoken=Spoken(options["as_json"]),
        )

    @contextlib.contextmanager
    def chain(self) -> Iterator[RpcChain]:
        """The chain behind the network.

        Raises: ChainError when there is no such network or its node does not answer.
        """
        with connected(self.network) as (chain, confirmations):
            if self.confirmations is None:
                self.confirmations = 0 if chain.is_local else confirmations
            yield chain

    def signer(self, chain: RpcChain) -> Signer:
        """The account.

        Raises: InputError when there is none, or it is not for this chain.
        """
        return _signer(self.account, chain)

    def folder(self, chain: RpcChain, symbol: str | None = None) -> Path:
        """The deployment's folder."""
        return self.deployment or folder_for(chain, symbol)

    @contextlib.contextmanager
    def operator(self, symbol: str) -> Iterator[tuple[Operator, Path]]:
        """An operator with the journal of the folder where `symbol` is to be deployed."""
        with self.chain() as chain:
            signer, folder = self.signer(chain), self.folder(chain, symbol)
            with self._operator(chain, signer, folder) as operator:
                yield operator, folder

    @contextlib.contextmanager
    def reading(self) -> Iterator[Deployment]:
        """An asset that is deployed already, to be looked at only: no account is asked for."""
        with self.chain() as chain:
            yield Deployment.open(chain, self.folder(chain))

    @contextlib.contextmanager
    def deployed(self) -> Iterator[tuple[Operator, Deployment]]:
        """An operator of an asset that is deployed already."""
        with self.chain() as chain:
            # First, so that a wrong folder is not blamed on the account.
            found = Deployment.open(chain, self.folder(chain))
            with self._operator(chain, self.signer(chain), found.folder) as operator:
                yield operator, found

    @contextlib.contextmanager
    def _operator(self, chain: RpcChain, signer: Signer, folder: Path) -> Iterator[Operator]:
        with (
            self.spoken.progress() as follow,
            open_operator(
                chain,
                signer,
                folder,
                confirmations=self.confirmations or 0,
                on_progress=follow,
                on_notice=self.spoken.notice,
            ) as operator,
        ):
            if self.abandon:
                operator.abandon(self.abandon)
            yield operator


def audited(found: Deployment) -> Audit:
    """The books of a deployment's share token, compared with the chain."""
    return audit(
        found.chain,
        found.vault().address,
        [found.token().address],
        found.manifest.first_block,
        # A vault that this deployment did not create has other tokens' earlier business in it.
        older_vault=found.manifest.contracts["DividendVault"].transaction is None,
        streams=streams_of(found),
    )


def streams_of(found: Deployment) -> list[str]:
    """The addresses in whose name streams of record dates are paid, if the deployment has any."""
    contract = found.manifest.contracts.get("RecordStream")
    return [] if contract is None else [contract.address]


def show_order(door: Door, done: Done) -> None:
    """Say what became of an order."""
    basis, receipt = done.basis, done.receipt
    if receipt is None:
        door.spoken.say("Nothing was sent: the chain is so already")
    else:
        again = ", sent before" if receipt.resumed else ""
        door.spoken.say(f"Done: {receipt.label}{again}")
        rows = [
            ("order", done.order),
            ("reason", basis.reason),
            ("document", f"{basis.document_hash} ({basis.document})"),
            ("transaction", receipt.hash),
        ]
        for name, text in rows:
            door.spoken.say(f"  {name:<12}{_escape(text)}")
    door.spoken.result(
        {
            "order": done.order,
            **basis.facts(),
            "transaction": None if receipt is None else receipt.hash,
        }
    )


# ---------------------------------------------------------------------------------------- networks


@contextlib.contextmanager
def connected(network: str) -> Iterator[tuple[RpcChain, int]]:
    """The chain and the confirmations that its network asks for."""
    if (url := _URL.fullmatch(network)) is not None:
        yield _answering(RpcChain(url[1])), PUBLIC_CONFIRMATIONS
        return
    import ape  # noqa: PLC0415 - it costs seconds, and an address needs none of it
    from ape.api import SubprocessProvider  # noqa: PLC0415
    from ape.exceptions import ApeException  # noqa: PLC0415
    from ape.logging import LogLevel, logger  # noqa: PLC0415

    try:
        provider = ape.networks.get_provider_from_choice(network)
        confirmations = int(provider.network.required_confirmations)
        if not isinstance(provider, SubprocessProvider):
            url_text = str(getattr(provider, "http_uri", None) or provider.uri)
            expected = None if provider.network.is_adhoc else _chain_id(provider)
            yield _answering(_rpc(network, url_text, expected)), confirmations
            return
        # Ape tells on stdout what it starts and stops, and stdout is for the result.
        logger.set_level(LogLevel.WARNING)
        with ape.networks.parse_network_choice(network) as started:
            yield _answering(RpcChain(str(started.uri))), 0
    except ApeException as error:
        raise InputError.of(
            "network",
            network,
            f"cannot be used ({str(error).splitlines()[0].rstrip('.')})",
            "`ape networks list` shows what there is",
        ) from None


def _rpc(network: str, url: str, expected: int | None) -> RpcChain:
    if not url.startswith(("http://", "https://")):
        raise InputError.of(
            "network",
            network,
            f"has {url or 'nothing'} where the http address of a node belongs",
            "set the variable that ape-config.yaml names, or give an address",
        )
    return RpcChain(url, expected_chain_id=expected)


def _chain_id(provider: Any) -> int | None:
    from ape.exceptions import ApeException  # noqa: PLC0415

    with contextlib.suppress(ApeException, AttributeError, NotImplementedError):
        return int(provider.network.chain_id)
    return None


def _answering(chain: RpcChain) -> RpcChain:
    """The chain, once it has said who it is."""
    _ = chain.chain_id
    return chain


# ---------------------------------------------------------------------------------------- accounts


def _signer(named: str | None, chain: RpcChain) -> Signer:
    if named is None:
        if not chain.is_local or not chain.request("eth_accounts"):
            raise InputError.of(
                "account",
                "",
                f"is missing, and chain {chain.chain_id} has no account of its own",
                "give an ape alias or the path of a keystore file with --account",
            )
        named = "TEST::0"
    if (test := _TEST_ACCOUNT.fullmatch(named)) is not None:
        return _test_signer(named, int(test[1]), chain)
    if (path := Path(named).expanduser()).is_file():
        return _keystore_signer(path, _passphrase(named, PASSPHRASE))
    return _ape_signer(named)


def _test_signer(named: str, index: int, chain: RpcChain) -> Signer:
    if not chain.is_local:
        raise InputError.of(
            "account",
            named,
            f"is a test account, whose key everyone knows, and chain {chain.chain_id} is public",
            "use an account of your own",
        )
    Account.enable_unaudited_hdwallet_features()
    path = f"m/44'/60'/0'/0/{index}"
    return LocalSigner(Account.from_mnemonic(TEST_MNEMONIC, account_path=path))


def _keystore_signer(path: Path, passphrase: str) -> Signer:
    try:
        key = Account.decrypt(path.read_text(encoding="utf-8"), passphrase)
    except ValueError as error:
        wrong = "MAC mismatch" in str(error)
        raise InputError.of(
            "account",
            path,
            "does not open with this passphrase" if wrong else "is no keystore file",
            f"check {PASSPHRASE}" if wrong else "give a file that eth-account or geth wrote",
        ) from None
    except (KeyError, TypeError, NotImplementedError, OSError):
        raise InputError.of(
            "account", path, "is no keystore file", "give a file that eth-account or geth wrote"
        ) from None
    return LocalSigner(Account.from_key(key))


def _passphrase(named: str, *variables: str) -> str:
    for variable in variables:
        if variable in os.environ:
            return os.environ[variable]
    if not sys.stdin.isatty():
        raise InputError.of(
            "account",
            named,
            "needs a passphrase, and there is no terminal to ask for it",
            f"set {variables[0]}",
        )
    answer: str = click.prompt(f"Passphrase of {named}", hide_input=True, err=True)
    return answer


def _ape_signer(alias: str) -> Signer:
    import ape  # noqa: PLC0415

    if alias not in ape.accounts.aliases:
        raise InputError.of(
            "account",
            alias,
            "is neither an ape account nor a keystore file",
            "`ape accounts list` shows what there is",
        )
    account = ape.accounts.load(alias)
    if (keyfile := getattr(account, "keyfile_path", None)) is not None:
        passphrase = _passphrase(alias, f"APE_ACCOUNTS_{alias}_PASSPHRASE", PASSPHRASE)
        return _keystore_signer(Path(keyfile), passphrase)
    return _ApeSigner(account)


class _ApeSigner:
    """Signs with an account that only ape can reach, such as a hardware wallet."""

    def __init__(self, account: Any) -> None:
        self._account = account

    @property
    def address(self) -> str:
        return str(self._account.address)

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        import ape  # noqa: PLC0415

        prepared = ape.networks.ethereum.create_transaction(**transaction, required_confirmations=0)
        signed = self._account.sign_transaction(prepared)
        if signed is None:
            raise ChainError(
                f"{self.address} did not sign transaction {transaction['nonce']}, so it and those "
                "after it were not sent",
                "run the same command again and sign",
            )
        return bytes(signed.serialize_transaction())

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        signed = self._account.sign_message(encode_typed_data(full_message=dict(message)))
        if signed is None:
            raise ChainError(
                f"{self.address} did not sign the message, so nothing was sent",
                "run the same command again and sign",
            )
        return bytes(signed.encode_rsv())


# ------------------------------------------------------------------------------------------ words


def _short(text: str) -> str:
    """A text with its transaction hashes cut, to fit a line."""
    return re.sub(r"0x([0-9a-f]{8})[0-9a-f]{48}([0-9a-f]{8})\b", r"0x\1…\2", text)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")

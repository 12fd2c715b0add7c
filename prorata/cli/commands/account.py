# SPDX-License-Identifier: MIT
"""Make, import and list the keystore files that sign."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
from eth_account import Account
from eth_account.signers.local import LocalAccount

from prorata.chain.keystores import (
    address_in,
    is_open_to_others,
    key_in,
    open_keystore,
    parse_key,
    read_keystore,
    write_keystore,
)
from prorata.cli.accounts import (
    PASSPHRASE,
    account_path,
    accounts_folder,
    ape_accounts,
    passphrase_of,
)
from prorata.cli.command import Command
from prorata.cli.output import Output
from prorata.errors import InputError
from prorata.values.words import counted

__all__ = ["cli"]

SHORTEST = 8

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")


@click.group()
def cli() -> None:
    """Make, import and list the keystore files that sign.

    A keystore is a private key, encrypted with a passphrase. Named ones stand in
    ~/.prorata/accounts, or in the folder that PRORATA_ACCOUNTS says.
    """


@cli.command(
    "new", cls=Command, examples=("prorata account new issuer", "prorata account new ./issuer.json")
)
@click.argument("name")
@json_option
def new(name: str, as_json: bool) -> None:
    """Make a new key and write it, encrypted, to a file that only you can read.

    NAME is what --account then takes, or the path of a file. The passphrase is asked for twice, or
    read from PRORATA_PASSPHRASE. Whoever loses the file or the passphrase loses the account.
    """
    path = _free_path(name)
    passphrase = _chosen(name)
    _write(name, path, Account.create(), passphrase, as_json)


@cli.command(
    "import",
    cls=Command,
    examples=("prorata account import issuer", "prorata account import issuer --from key.txt"),
)
@click.argument("name")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="A file with a private key, or a keystore of any shape.  [default: the key is asked for]",
)
@json_option
def import_account(name: str, source: Path | None, as_json: bool) -> None:
    """Write a key that there is, encrypted, to a file that only you can read.

    It is asked for, or read from a file, and never taken from an option, which others on the
    machine could see. A keystore keeps its passphrase.
    """
    path = _free_path(name)
    plain = None if source is None else key_in(source)
    if source is None:
        account, passphrase = _typed(), _chosen(name)
    elif plain is not None:
        account, passphrase = plain, _chosen(name)
    else:
        account, passphrase = _of_keystore(source)
    _write(name, path, account, passphrase, as_json)
    if plain is not None:
        Output(as_json).notice(f"{source} still has the key, which nothing protects: remove it")


def _of_keystore(path: Path) -> tuple[LocalAccount, str]:
    """The account of a keystore, and the passphrase that opens it."""
    read_keystore(path)
    passphrase = passphrase_of(str(path), PASSPHRASE)
    return open_keystore(path, passphrase), passphrase


def _typed() -> LocalAccount:
    if not sys.stdin.isatty():
        rule = "is missing, and there is no terminal to ask for it"
        raise InputError.of("key", "", rule, "give a file with --from")
    return parse_key(click.prompt("Private key", hide_input=True, err=True))


def _chosen(name: str) -> str:
    passphrase = passphrase_of(name, PASSPHRASE, new=True)
    if len(passphrase) < SHORTEST:
        rule = f"has less than {SHORTEST} characters"
        raise InputError.of("passphrase", "…", rule, "choose a longer one")
    return passphrase


def _free_path(name: str) -> Path:
    """Where the keystore is to stand: asked before anybody is asked for a secret."""
    path = account_path(name)
    if path.exists():
        rule = "is there already, and no key is ever overwritten"
        raise InputError.of("account", path, rule, "give another name")
    return path


def _write(name: str, path: Path, account: LocalAccount, passphrase: str, as_json: bool) -> None:
    output = Output(as_json)
    write_keystore(path, account, passphrase)
    output.say(f"The account is {account.address}, its keystore {path}")
    output.say(
        f"Sign with `--account {name}`; keep a copy of the file, and the passphrase elsewhere"
    )
    output.result({"address": account.address, "path": str(path)})


# ------------------------------------------------------------------------------------------- list


class _Listed(NamedTuple):
    """One account: `remark` says what is wrong with its file, if anything."""

    name: str
    address: str | None
    kind: str
    path: str
    remark: str


@cli.command("list", cls=Command, examples=("prorata account list",))
@json_option
def list_accounts(as_json: bool) -> None:
    """Show the keystores that have a name, and the accounts of ape where it is installed."""
    output, folder = Output(as_json), accounts_folder()
    found = [*_keystores(folder), *_of_ape()]
    if found:
        rows = [(one.name, one.address or "not said", one.kind, one.remark) for one in found]
        title = f"{counted(len(found), 'account').capitalize()}"
        output.table(title, ("name", "address", "is a", "remark"), rows)
    else:
        output.say(f"There are no accounts in {folder}: `prorata account new NAME` makes one")
    accounts: list[dict[str, Any]] = [one._asdict() for one in found]
    output.result({"folder": str(folder), "accounts": accounts})


def _keystores(folder: Path) -> Iterator[_Listed]:
    for path in sorted(folder.glob("*.json")):
        try:
            address, remark = address_in(read_keystore(path)), ""
            if is_open_to_others(path):
                remark = "can be read by others: `chmod 600` mends that"
        except InputError as error:
            address, remark = None, error.problems[0].rule
        yield _Listed(path.stem, address, "keystore", str(path), remark)


def _of_ape() -> Iterator[_Listed]:
    for alias, address in ape_accounts().items():
        yield _Listed(alias, address, "ape account", "", "")

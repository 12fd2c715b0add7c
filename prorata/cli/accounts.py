# SPDX-License-Identifier: MIT
"""Accounts: whoever signs, named on the command line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from eth_account.messages import encode_typed_data

from prorata.chain.keystores import is_open_to_others, read_keystore
from prorata.chain.node import RpcChain
from prorata.chain.signers import ElsewhereSigner, LocalSigner, Signer
from prorata.errors import ChainError, InputError
from prorata.values.addresses import check_address

__all__ = [
    "ACCOUNTS",
    "DEFAULT_FOLDER",
    "PASSPHRASE",
    "account_path",
    "accounts_folder",
    "ape_accounts",
    "elsewhere_account",
    "passphrase_of",
    "signer_of",
]

PASSPHRASE = "PRORATA_PASSPHRASE"  # noqa: S105
ACCOUNTS = "PRORATA_ACCOUNTS"
ELSEWHERE_KINDS = ("safe", "unsigned")
DEFAULT_FOLDER = "~/.prorata/accounts"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)
_TEST_ACCOUNT = re.compile(r"(?:test::)?([0-9]{1,3})", re.ASCII | re.IGNORECASE)


# ---------------------------------------------------------------------------------------- accounts


def signer_of(named: str | None, chain: RpcChain, notice: Callable[[str], None]) -> Signer:
    """The signer that `--account` names, or the default of a local chain.

    Raises: InputError when there is none, or it is not for this chain.
    """
    if named is None:
        if not chain.is_local or not chain.request("eth_accounts"):
            raise InputError.of(
                "account",
                "",
                f"is missing, and chain {chain.chain_id} has no account of its own",
                "give the name or the path of a keystore file, or an ape alias, with --account",
            )
        named = "TEST::0"
    if (elsewhere := elsewhere_account(named)) is not None:
        return elsewhere
    if (test := _TEST_ACCOUNT.fullmatch(named)) is not None:
        return _test_signer(named, int(test[1]), chain)
    if (path := _keystore_path(named)) is not None:
        read_keystore(path)
        if is_open_to_others(path):
            notice(f"{path} can be read by others on this machine; `chmod 600` mends that")
        return LocalSigner.of_keystore(path, passphrase_of(named, PASSPHRASE))
    return _ape_signer(named)


def elsewhere_account(named: str | None) -> ElsewhereSigner | None:
    """An account that signs elsewhere, such as `safe:0x…` or `unsigned:0x…`.

    Raises: InputError for one that is no address behind the colon.
    """
    kind, colon, address = (named or "").partition(":")
    if not colon or kind.lower() not in ELSEWHERE_KINDS:
        return None
    return ElsewhereSigner(kind.lower(), check_address("account", address))


def accounts_folder() -> Path:
    """Where keystores stand that are known by a name."""
    return Path(os.environ.get(ACCOUNTS) or DEFAULT_FOLDER).expanduser()


def account_path(named: str) -> Path:
    """Where the keystore of a name stands, or the path that is given."""
    if _NAME.fullmatch(named):
        return accounts_folder() / f"{named}.json"
    return Path(named).expanduser()


def _keystore_path(named: str) -> Path | None:
    """The keystore that is meant, or None where it may be an account of ape.

    Raises: InputError for a name that both know.
    """
    path = Path(named).expanduser()
    # A folder that happens to have the name of an account is not meant.
    if path.is_file() or (path.exists() and not _NAME.fullmatch(named)):
        return path
    ours = account_path(named)
    if not ours.is_file():
        return None
    if (Path.home() / ".ape" / "accounts" / f"{named}.json").is_file():
        rule = f"is the name of {ours}, and of an account of ape"
        raise InputError.of("account", named, rule, "give the path of the one that you mean")
    return ours


def _test_signer(named: str, index: int, chain: RpcChain) -> Signer:
    if not chain.is_local:
        raise InputError.of(
            "account",
            named,
            f"is a test account, whose key everyone knows, and chain {chain.chain_id} is public",
            "use an account of your own",
        )
    return LocalSigner.of_test_account(index)


def passphrase_of(named: str, *variables: str, new: bool = False) -> str:
    """The passphrase of an account, from the first variable that is set, or asked for.

    A `new` one is asked for twice. Raises: InputError where nobody can be asked.
    """
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
    question = f"{'New passphrase' if new else 'Passphrase'} of {named}"
    answer: str = click.prompt(question, hide_input=True, confirmation_prompt=new, err=True)
    return answer


def ape_accounts() -> dict[str, str]:
    """The addresses of ape's accounts by alias; none where ape is not installed."""
    try:
        import ape  # noqa: PLC0415
    except ImportError:
        return {}
    return {str(account.alias): str(account.address) for account in ape.accounts}


def _ape_signer(alias: str) -> Signer:
    try:
        import ape  # noqa: PLC0415
    except ImportError:
        raise InputError.of(
            "account",
            alias,
            "is no keystore file, and ape, which knows accounts by alias, is not installed",
            "`prorata account list` shows what there is, and `prorata account new` makes one",
        ) from None
    if alias not in ape.accounts.aliases:
        raise InputError.of(
            "account",
            alias,
            "is neither an ape account nor a keystore file",
            "`prorata account list` shows what there is",
        )
    account = ape.accounts.load(alias)
    if (keyfile := getattr(account, "keyfile_path", None)) is not None:
        passphrase = passphrase_of(alias, f"APE_ACCOUNTS_{alias}_PASSPHRASE", PASSPHRASE)
        return LocalSigner.of_keystore(Path(keyfile), passphrase)
    return _ApeSigner(account)


class _ApeSigner:
    """Signs with an account that only ape can reach, such as a hardware wallet."""

    on_device = True
    """Each transaction waits for a person: a window of one."""

    def __init__(self, account: Any) -> None:
        self._account = account

    @property
    def address(self) -> str:
        return str(self._account.address)

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        import ape  # noqa: PLC0415

        prepared = ape.networks.ethereum.create_transaction(**transaction, required_confirmations=0)
        what = f"transaction {transaction['nonce']}, so it and those after it were not sent"
        signed = self._signed(what, self._account.sign_transaction, _printable(prepared))
        return bytes(signed.serialize_transaction())

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        asked = encode_typed_data(full_message=dict(message))
        signed = self._signed("the message, so nothing was sent", self._account.sign_message, asked)
        return bytes(signed.encode_rsv())

    def _signed(self, what: str, sign: Callable[[Any], Any], asked: Any) -> Any:
        """What an account of a plugin has signed.

        Raises: ChainError when it has not, for whatever reason the plugin has.
        """
        try:
            signed = sign(asked)
        except Exception as error:  # noqa: BLE001
            # A device that is not there, locked, or has another application open: each library
            # has exceptions of its own.
            told = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
            raise ChainError(
                f"{self.address} did not sign {what} ({told})",
                "see to that, and run the same command again",
            ) from None
        if signed is None:
            raise ChainError(
                f"{self.address} did not sign {what}", "run the same command again and sign"
            )
        return signed


def _printable(transaction: Any) -> Any:
    """A transaction that can be shown without a network of ape's, of which there is none here."""

    class Printable(type(transaction)):  # type: ignore[misc]
        def __str__(self) -> str:
            shown = self.model_dump(mode="json", exclude_none=True)
            return "\n".join(f"{name}: {value}" for name, value in shown.items())

    # Whoever signs is asked on the device, which shows what it signs; this is for the terminal.
    transaction.__class__ = Printable
    return transaction

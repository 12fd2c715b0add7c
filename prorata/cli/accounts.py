# SPDX-License-Identifier: MIT
"""Accounts: whoever signs, named on the command line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from eth_account.messages import encode_typed_data

from prorata.chain.node import RpcChain
from prorata.chain.signers import LocalSigner, Signer
from prorata.errors import ChainError, InputError

__all__ = ["PASSPHRASE", "signer_of"]

PASSPHRASE = "PRORATA_PASSPHRASE"  # noqa: S105
_TEST_ACCOUNT = re.compile(r"(?:test::)?([0-9]{1,3})", re.ASCII | re.IGNORECASE)


# ---------------------------------------------------------------------------------------- accounts


def signer_of(named: str | None, chain: RpcChain) -> Signer:
    """The signer that `--account` names, or the default of a local chain."""
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
        return LocalSigner.of_keystore(path, _passphrase(named, PASSPHRASE))
    return _ape_signer(named)


def _test_signer(named: str, index: int, chain: RpcChain) -> Signer:
    if not chain.is_local:
        raise InputError.of(
            "account",
            named,
            f"is a test account, whose key everyone knows, and chain {chain.chain_id} is public",
            "use an account of your own",
        )
    return LocalSigner.of_test_account(index)


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
    try:
        import ape  # noqa: PLC0415
    except ImportError:
        raise InputError.of(
            "account",
            alias,
            "is no keystore file, and ape, which knows accounts by alias, is not installed",
            "give the path of a keystore file, or install prorata[ape]",
        ) from None
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

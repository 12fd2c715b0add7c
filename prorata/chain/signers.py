# SPDX-License-Identifier: MIT
"""Whoever holds a key and signs with it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from eth_account import Account
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from prorata.chain.keystores import open_keystore
from prorata.errors import InputError

__all__ = ["TEST_MNEMONIC", "ElsewhereSigner", "LocalSigner", "Signer", "public_test_key"]

TEST_MNEMONIC = "test test test test test test test test test test test junk"
"""What Anvil and Hardhat print on start. Everybody knows it: never for anything of value."""


@lru_cache(maxsize=1)
def _seed() -> bytes:
    return seed_from_mnemonic(TEST_MNEMONIC, "")


def public_test_key(index: int, account: int = 0) -> LocalAccount:
    """A public test key by its BIP-44 account and index; those of account 0 a local node funds.

    Raises: InputError when the index is negative or 2**31 or more.
    """
    if not 0 <= index < 2**31:
        raise InputError.of("index", index, "is outside BIP-44's range", "give 0 to 2**31 - 1")
    path = f"m/44'/60'/{account}'/0/{index}"
    found: LocalAccount = Account.from_key(key_from_seed(_seed(), path))
    return found


class Signer(Protocol):
    """Whoever holds a key: a file, an ape account, a hardware wallet."""

    @property
    def address(self) -> str:
        """The account, in EIP-55."""
        ...

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        """The signed bytes of an EIP-1559 transaction with web3's field names."""
        ...

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        """The signature, r, s and v, of EIP-712 typed data."""
        ...


class LocalSigner:
    """Signs with an eth-account key in this process."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account

    @classmethod
    def of_key(cls, key: str | bytes) -> LocalSigner:
        """From a private key, in hexadecimal or as bytes."""
        return cls(Account.from_key(key))

    @classmethod
    def of_keystore(cls, path: str | Path, passphrase: str) -> LocalSigner:
        """From an encrypted keystore file, as eth-account and geth write it.

        Raises: InputError when it is none, or does not open with the passphrase.
        """
        return cls(open_keystore(Path(path), passphrase))

    @classmethod
    def of_test_account(cls, index: int = 0) -> LocalSigner:
        """An account that a local node funds. Everybody has its key: never for value."""
        return cls(public_test_key(index))

    @property
    def address(self) -> str:
        """The account, in EIP-55."""
        return str(self._account.address)

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        """The signed bytes."""
        return bytes(self._account.sign_transaction(dict(transaction)).raw_transaction)

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        """The signature, r, s and v, of EIP-712 typed data."""
        signable = encode_typed_data(full_message=dict(message))
        return bytes(self._account.sign_message(signable).signature)


class ElsewhereSigner:
    """An account that does not sign here: a `safe`, or another whose transactions stay `unsigned`.

    `kind` says what file its steps are written to.
    """

    def __init__(self, kind: str, address: str) -> None:
        self.kind = kind
        self.address = address

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        """Raises: InputError, for nobody signs here."""
        raise self._refusal(f"transaction {transaction.get('nonce')}")

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        """Raises: InputError, for nobody signs here."""
        raise self._refusal(f"a message of type {message.get('primaryType')}")

    def _refusal(self, what: str) -> InputError:
        rule = f"does not sign here, and {what} has to be signed"
        return InputError.of("account", self.address, rule, "use an account that signs here")

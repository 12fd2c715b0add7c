# SPDX-License-Identifier: MIT
"""Whoever holds a key and signs with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

__all__ = ["LocalSigner", "Signer"]


# ---------------------------------------------------------------------------------- what is sent


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

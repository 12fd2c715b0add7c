# SPDX-License-Identifier: MIT
"""Contracts that sign: a wallet is asked whether a signature is its own (ERC-1271)."""

from __future__ import annotations

from eth_abi.abi import encode as abi_encode

from prorata.chain.types import Chain
from prorata.errors import RevertError

__all__ = ["has_signed"]

MAGIC = bytes.fromhex("1626ba7e")
"""The selector of `isValidSignature(bytes32,bytes)`, and what it answers for yes."""


def has_signed(chain: Chain, wallet: str, digest: bytes, signature: bytes) -> bool:
    """Whether the contract at `wallet` says that it has signed `digest`. One that reverts has not.

    Raises: ChainError.
    """
    question = abi_encode(["bytes32", "bytes"], [digest, signature])
    try:
        answer = chain.call(wallet, MAGIC + question)
    except RevertError:
        return False
    return answer[:32] == MAGIC.ljust(32, b"\0")

# SPDX-License-Identifier: MIT
"""Signatures of typed data: made by an account here, or made elsewhere and checked.

What a signature is worth is decided as the contracts decide it: the key comes first, and only then
is a contract at the address asked (ERC-1271).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_utils.crypto import keccak

from prorata.chain.signers import ElsewhereSigner
from prorata.chain.types import Chain
from prorata.contracts.signature_wallet import has_signed
from prorata.errors import InputError
from prorata.income.instruction_files import TypedSigner

__all__ = [
    "KEY_SIGNATURE",
    "TypedSigner",
    "canonical",
    "is_signed",
    "read_signature",
    "sign_message",
]

KEY_SIGNATURE = 65
"""Bytes: r, s and v."""

_HEXADECIMAL = re.compile(r"0x(?:[0-9a-fA-F]{2})+", re.ASCII)

Message = Mapping[str, Any]


def sign_message(signer: TypedSigner, message: Message, owner: str, remedy: str) -> bytes:
    """The signature of `owner` on typed data; `remedy` says how to sign it elsewhere.

    Raises: InputError when the account is not `owner`, or does not sign here; ChainError when a
    device does not sign.
    """
    if signer.address != owner:
        rule = f"is not {owner}, who has to sign"
        raise InputError.of("account", signer.address, rule, f"sign with that account, or {remedy}")
    if isinstance(signer, ElsewhereSigner):
        raise InputError.of("account", signer.address, "does not sign here", remedy)
    return canonical(signer.sign_typed(message))


def canonical(signature: bytes) -> bytes:
    """The signature with the last byte that contracts expect: some devices count from 0."""
    if len(signature) == KEY_SIGNATURE and signature[-1] < 2:
        return signature[:-1] + bytes([signature[-1] + 27])
    return signature


def is_signed(chain: Chain, owner: str, message: Message, signature: bytes) -> bool:
    """Whether `owner` has signed typed data, by its key or as a contract.

    Raises: ChainError.
    """
    signable = encode_typed_data(full_message=dict(message))
    if _recovered(signable, signature) == owner:
        return True
    if not chain.code(owner):
        return False
    return has_signed(chain, owner, _digest(signable), signature)


def read_signature(given: str) -> bytes:
    """A signature that was made elsewhere: as hexadecimal text, or in a file.

    Raises: InputError when it is neither.
    """
    text = given.strip()
    if not text.startswith("0x"):
        try:
            text = Path(given).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = str(getattr(error, "strerror", None) or "it is no text").lower()
            remedy = "give the signature as 0x…, or the file that has it"
            raise InputError.of("signature", given, f"cannot be read ({reason})", remedy) from None
    if not _HEXADECIMAL.fullmatch(text):
        rule, remedy = "is no signature", "give 0x and an even number of hexadecimal digits"
        raise InputError.of("signature", text, rule, remedy)
    return canonical(bytes.fromhex(text[2:]))


def _recovered(signable: SignableMessage, signature: bytes) -> str | None:
    if len(signature) != KEY_SIGNATURE:
        return None
    try:
        return str(Account.recover_message(signable, signature=signature))
    except Exception:  # noqa: BLE001
        # Each fault of a signature has another exception in the library.
        return None


def _digest(signable: SignableMessage) -> bytes:
    return bytes(keccak(b"\x19" + signable.version + signable.header + signable.body))

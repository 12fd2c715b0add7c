# SPDX-License-Identifier: MIT
"""Payment payment instructions as files: drafted, signed, carried by mail, and read again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from eth_account import Account
from eth_account.messages import encode_typed_data

from prorata.contracts.relayer import (
    DOMAIN_NAME,
    DOMAIN_VERSION,
    PRIMARY_TYPE,
    TYPES,
    PaymentInstruction,
    digest,
    typed_data,
)
from prorata.errors import InputError
from prorata.files.writer import write_json
from prorata.values.addresses import ZERO_ADDRESS, check_address

__all__ = [
    "SIGN_ANEW",
    "SignedInstruction",
    "TypedSigner",
    "parse_data",
    "read_instruction",
    "sign_instruction",
    "write_instruction",
]

MAX_WORD = 2**256 - 1

_NUMBER = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)
_BYTES = re.compile(r"0x(?:[0-9a-fA-F]{2})*", re.ASCII)
SIGN_ANEW = "sign a new one with `prorata instruct`"


class TypedSigner(Protocol):
    """Whoever can sign typed data; every `Signer` of an operator can."""

    @property
    def address(self) -> str:
        """The account, in EIP-55."""
        ...

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        """The signature, r, s and v, of EIP-712 typed data."""
        ...


@dataclass(frozen=True)
class SignedInstruction:
    """A payment instruction for one claim relayer of one chain.

    `signature` is empty until it is signed.
    """

    instruction: PaymentInstruction
    chain_id: int
    relayer: str
    signature: bytes = b""

    @property
    def digest(self) -> bytes:
        """What is signed."""
        return digest(self.instruction, self.chain_id, self.relayer)

    @property
    def is_signed_by_key(self) -> bool:
        """Whether the claimant's own key has signed; what a contract says, only the chain knows."""
        signable = encode_typed_data(
            full_message=typed_data(self.instruction, self.chain_id, self.relayer)
        )
        try:
            signer = Account.recover_message(signable, signature=self.signature)
        except Exception:  # noqa: BLE001
            return False
        return bool(signer == self.instruction.claimant)


def sign_instruction(unsigned: SignedInstruction, signer: TypedSigner) -> SignedInstruction:
    """The same, signed.

    Raises: InputError when the signer is not the claimant.
    """
    claimant = unsigned.instruction.claimant
    if signer.address != claimant:
        raise InputError.of(
            "account",
            signer.address,
            f"is not {claimant}, who is to be paid",
            "sign with that account, or write the file --unsigned and sign it elsewhere",
        )
    message = typed_data(unsigned.instruction, unsigned.chain_id, unsigned.relayer)
    return replace(unsigned, signature=signer.sign_typed(message))


# ---------------------------------------------------------------------------------------- the file


def write_instruction(path: Path, signed: SignedInstruction) -> None:
    """Write the file, whole or not at all.

    Raises: InputError when it cannot be written.
    """
    content = typed_data(signed.instruction, signed.chain_id, signed.relayer)
    content["signature"] = f"0x{signed.signature.hex()}" if signed.signature else None
    write_json(path, content, column="out")


def read_instruction(path: Path) -> SignedInstruction:
    """Read the file, as strictly as what can be signed is narrow.

    Raises: InputError when it cannot be read, or is no payment instruction for a claim relayer of
    prorata.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = str(error.strerror).lower()
        raise InputError.of(
            "instruction",
            path,
            f"cannot be read ({reason})",
            "give the file that `prorata instruct` wrote",
        ) from None
    except ValueError:
        raise InputError.of("instruction", path, "is not JSON", SIGN_ANEW) from None
    whole = _members(content, "", {"types", "domain", "primaryType", "message", "signature"})
    # Another type of the same name would be shown, and signed, as something else.
    if whole["types"] != TYPES or whole["primaryType"] != PRIMARY_TYPE:
        raise InputError.of("types", path, "are not those of a payment instruction", SIGN_ANEW)
    message = _members(whole["message"], "message", {p["name"] for p in TYPES[PRIMARY_TYPE]})
    chain_id, relayer = _domain(whole["domain"])
    signature = whole["signature"]
    return SignedInstruction(
        _instruction(message),
        chain_id,
        relayer,
        b"" if signature is None else _bytes("signature", signature),
    )


def _domain(content: object) -> tuple[int, str]:
    domain = _members(content, "domain", {part["name"] for part in TYPES["EIP712Domain"]})
    if (domain["name"], domain["version"]) != (DOMAIN_NAME, DOMAIN_VERSION):
        raise InputError.of(
            "domain",
            f"{domain['name']} {domain['version']}",
            f"is not {DOMAIN_NAME} {DOMAIN_VERSION}",
            SIGN_ANEW,
        )
    return _number("chainId", domain["chainId"]), _address("verifyingContract", domain)


def _instruction(message: Mapping[str, Any]) -> PaymentInstruction:
    ids = message["ids"]
    if not isinstance(ids, list) or not ids:
        raise InputError.of("ids", ids, "is no list of distributions", 'write ["1", "2"]')
    return PaymentInstruction(
        holder=_address("holder", message),
        claimant=_address("claimant", message),
        ids=tuple(_number("ids", number) for number in ids),
        receiver=_address("receiver", message),
        # The one address that may be nobody.
        hook=ZERO_ADDRESS if message["hook"] == ZERO_ADDRESS else _address("hook", message),
        data=_bytes("data", message["data"]),
        nonce=_number("nonce", message["nonce"]),
        valid_until=_number("validUntil", message["validUntil"]),
    )


def _members(content: object, where: str, names: set[str]) -> Mapping[str, Any]:
    found = set(content) if isinstance(content, dict) else set()
    if found != names:
        odd = sorted(found ^ names)
        raise InputError.of(
            where or "instruction",
            ", ".join(odd),
            "is missing" if names - found else "does not belong there",
            SIGN_ANEW,
        )
    assert isinstance(content, dict)
    return content


def _address(column: str, members: Mapping[str, Any]) -> str:
    return check_address(column, members[column])


def _number(column: str, value: object) -> int:
    text = str(value)
    # True is an int, and 1.0 a number, to Python and JSON.
    if isinstance(value, bool | float) or not _NUMBER.fullmatch(text) or int(text) > MAX_WORD:
        raise InputError.of(column, value, "is no whole number below 2^256", 'write digits: "12"')
    return int(text)


def parse_data(text: str) -> bytes:
    """What a hook is to read, as a person writes it: `0x…`.

    Raises: InputError when it is not hexadecimal.
    """
    return _bytes("data", text)


def _bytes(column: str, value: object) -> bytes:
    if not isinstance(value, str) or not _BYTES.fullmatch(value):
        raise InputError.of(
            column, value, "is not hexadecimal", "write 0x and an even number of digits"
        )
    return bytes.fromhex(value[2:])

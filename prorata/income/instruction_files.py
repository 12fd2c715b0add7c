# SPDX-License-Identifier: MIT
"""Payment payment instructions as files: drafted, signed, carried by mail, and read again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Protocol

from eth_account import Account
from eth_account.messages import encode_typed_data
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

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
from prorata.files.models import parsed_by, validated
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
    except (ValueError, RecursionError):
        raise InputError.of("instruction", path, "is not JSON", SIGN_ANEW) from None
    said = validated(_File, content, "", str(path), remedy=SIGN_ANEW)
    return SignedInstruction(
        PaymentInstruction(**said.message.model_dump()),
        said.domain.chain_id,
        said.domain.relayer,
        said.signature or b"",
    )


def parse_data(text: str) -> bytes:
    """What a hook is to read, as a person writes it: `0x…`.

    Raises: InputError when it is not hexadecimal.
    """
    return _bytes(text)


def _bytes(value: object) -> bytes:
    if not isinstance(value, str) or not _BYTES.fullmatch(value):
        raise InputError.of(
            "data", value, "is not hexadecimal", "write 0x and an even number of digits"
        )
    return bytes.fromhex(value[2:])


# ------------------------------------------------------------------------------------- its members


def _number(value: object) -> int:
    text = str(value)
    # True is an int, and 1.0 a number, to Python and JSON.
    if isinstance(value, bool | float) or not _NUMBER.fullmatch(text) or int(text) > MAX_WORD:
        rule = "is no whole number below 2^256"
        raise InputError.of("number", value, rule, 'write digits: "12"')
    return int(text)


def _ids(value: object) -> object:
    if not isinstance(value, list) or not value:
        raise InputError.of("ids", value, "is no list of distributions", 'write ["1", "2"]')
    return value


def _account(value: object) -> str:
    return check_address("address", value)


def _hook(value: object) -> str:
    # The one address that may be nobody.
    return ZERO_ADDRESS if value == ZERO_ADDRESS else _account(value)


def _same(expected: object, rule: str) -> BeforeValidator:
    """Nothing else: what is shown and signed by another name would be something else."""

    def check(value: object) -> object:
        if value != expected:
            raise InputError.of(None, value, rule, SIGN_ANEW)
        return value

    return parsed_by(check)


_NOT_OURS = "are not those of a payment instruction"

Address = Annotated[str, parsed_by(_account)]
Bytes = Annotated[bytes, parsed_by(_bytes)]
Number = Annotated[int, parsed_by(_number)]


class _Part(BaseModel):
    """A part of the file, which has all of its members and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Domain(_Part):
    """Which claim relayer of which chain."""

    name: Annotated[str, _same(DOMAIN_NAME, f"is not {DOMAIN_NAME}")]
    version: Annotated[str, _same(DOMAIN_VERSION, f"is not {DOMAIN_VERSION}")]
    chain_id: Annotated[Number, Field(alias="chainId")]
    relayer: Annotated[Address, Field(alias="verifyingContract")]


class _Message(_Part):
    """The payment instruction."""

    holder: Address
    claimant: Address
    ids: Annotated[tuple[Number, ...], parsed_by(_ids)]
    receiver: Address
    hook: Annotated[str, parsed_by(_hook)]
    data: Bytes
    nonce: Number
    valid_until: Annotated[Number, Field(alias="validUntil")]


class _File(_Part):
    """The whole file."""

    types: Annotated[object, _same(TYPES, _NOT_OURS)]
    domain: _Domain
    primary_type: Annotated[str, _same(PRIMARY_TYPE, _NOT_OURS), Field(alias="primaryType")]
    message: _Message
    signature: Bytes | None

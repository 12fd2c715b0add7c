# SPDX-License-Identifier: MIT
"""Ethereum addresses as people write them: EIP-55, checked and refused in sentences."""

from __future__ import annotations

import re
from functools import lru_cache

from eth_utils.address import to_checksum_address

from prorata.errors import InputError
from prorata.values.amounts import strange_character

__all__ = ["ZERO_ADDRESS", "address_fault", "check_address", "checksummed", "named_account",
           "parse_address"]  # fmt: skip


def check_address(column: str, text: object) -> str:
    """An address in EIP-55.

    Raises: InputError when it is none, fails its checksum, or is the zero address.
    """
    if isinstance(text, int):
        raise InputError.of(column, text, "is a number to YAML", "write the address in quotes")
    return parse_address(str(text), column)


def parse_address(text: str, column: str = "address") -> str:
    """`check_address` for what stands in a file, which is always text."""
    if (fault := address_fault(text)) is not None:
        raise InputError.of(column, text, *fault)
    # Of letters in both cases the checksum was compared just now, and it costs a hash.
    return str(checksummed(text)) if _in_one_case(text) else text


_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)


def address_fault(cell: str) -> tuple[str, str] | None:
    """The rule that an address breaks and the remedy, or None."""
    if cell == "":
        return "is blank", "write the holder's address"
    if (strange := strange_character(cell)) is not None:
        return strange[0], "copy the address again from its source"
    if not _ADDRESS.fullmatch(cell):
        return "is not an address", "write 0x and 40 hexadecimal digits"
    if cell == ZERO_ADDRESS:
        return "is the zero address", "write the holder's own address"
    if not _in_one_case(cell) and checksummed(cell) != cell:
        return "fails its EIP-55 checksum", "copy the address again from its source"
    return None


def _in_one_case(address: str) -> bool:
    letters = address[2:]
    return letters in (letters.lower(), letters.upper())


ZERO_ADDRESS = "0x" + "0" * 40


def named_account(account: str) -> str | None:
    """An account for a program: none for the zero address."""
    return None if account == ZERO_ADDRESS else account


# A page of payments names the same few thousand addresses again and again, and each costs a hash.
checksummed = lru_cache(maxsize=65_536)(to_checksum_address)

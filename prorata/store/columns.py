# SPDX-License-Identifier: MIT
"""Types of columns: amounts to 2^256 that nothing sums wrongly, addresses, hashes.

SQLite has integers of 64 bits only and adds text as floats. There an amount is 32 bytes, the most
significant first: it sorts as a number does, and cannot be summed. PostgreSQL has NUMERIC(78, 0),
which is exact; its driver's `Decimal` is not used, since arithmetic on it rounds at 28 digits.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Numeric
from sqlalchemy.types import TypeDecorator, TypeEngine

from prorata.errors import InputError
from prorata.values.addresses import checksummed

__all__ = ["AddressColumn", "AmountColumn", "BigNumber", "HashColumn", "amount_bytes"]

AMOUNT_BYTES = 32

# SQLite keeps a key that counts up only in a column of the type INTEGER, which has 64 bits there.
BigNumber: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")


def amount_bytes(amount: int) -> bytes:
    """An amount as SQLite keeps it.

    Raises: InputError when it is no amount of a chain, which has 0 to 2^256 - 1.
    """
    try:
        return amount.to_bytes(AMOUNT_BYTES, "big")
    except (OverflowError, AttributeError):
        raise InputError.of(
            "amount", amount, "is no whole number from 0 to 2^256 - 1", "read it again"
        ) from None


class AmountColumn(TypeDecorator[int]):
    """A whole number from 0 to 2^256 - 1, of a token's or a currency's smallest unit."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """What the database keeps it in."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(LargeBinary(AMOUNT_BYTES))
        return dialect.type_descriptor(Numeric(78, 0, asdecimal=True))

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        """Raises: InputError when it is no amount."""
        if value is None:
            return None
        packed = amount_bytes(value)
        return packed if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """The amount as an integer, whatever the driver has made of it."""
        if value is None:
            return None
        return int.from_bytes(value, "big") if dialect.name == "sqlite" else int(value)


class _BytesColumn(TypeDecorator[str]):
    """Bytes in the database, hexadecimal text outside."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | bytes | None, dialect: Dialect) -> bytes | None:
        """Text or bytes."""
        del dialect
        if value is None or isinstance(value, bytes):
            return value
        return bytes.fromhex(value.removeprefix("0x"))

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """As a node writes it."""
        del dialect
        return None if value is None else f"0x{bytes(value).hex()}"


class HashColumn(_BytesColumn):
    """A hash: 32 bytes in the database, `0x…` outside."""

    cache_ok = True


class AddressColumn(_BytesColumn):
    """An address: 20 bytes in the database, EIP-55 outside."""

    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """As people read it."""
        found = super().process_result_value(value, dialect)
        return None if found is None else str(checksummed(found))

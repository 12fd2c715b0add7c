# SPDX-License-Identifier: MIT
"""What a signed transaction says, read from its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import rlp
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from prorata.chain.types import Fees

__all__ = ["Signed", "call_digest", "created_address", "read_signed", "signed_bytes"]

_FIELDS = (
    *("chainId", "nonce", "gas", "maxFeePerGas", "maxPriorityFeePerGas"),
    *("value", "accessList", "r", "s"),
)
_EIP_1559 = 2
_NUMBER, _ADDRESS = rlp.sedes.big_endian_int, rlp.sedes.Binary.fixed_length(20)
_ACCESS = rlp.sedes.CountableList(
    rlp.sedes.List([_ADDRESS, rlp.sedes.CountableList(rlp.sedes.Binary.fixed_length(32))])
)
# chain, nonce, tip, most, gas, to, value, data, access list, parity, r, s
_LAYOUT = rlp.sedes.List(
    [
        *(_NUMBER,) * 5,
        rlp.sedes.Binary.fixed_length(20, allow_empty=True),
        _NUMBER,
        rlp.sedes.binary,
        _ACCESS,
        *(_NUMBER,) * 3,
    ]
)


@dataclass(frozen=True)
class Signed:
    """An EIP-1559 transaction; `to` is None when it creates a contract, `value` is in wei."""

    nonce: int
    to: str | None
    value: int
    data: bytes
    gas: int
    fees: Fees

    @property
    def digest(self) -> str:
        """What tells its call from another."""
        return _digest(self.to or "", self.value, self.data)


def read_signed(raw: bytes) -> Signed:
    """What the bytes say.

    A journal has thousands of them, and is read whenever it is opened: eth_account would take ten
    times as long.

    Raises: ValueError when they are no signed EIP-1559 transaction.
    """
    try:
        if raw[0] != _EIP_1559:
            raise ValueError("of another type")
        _, nonce, tip, most, gas, to, value, data, _, _, _, _ = rlp.decode(raw[1:], _LAYOUT)
    except Exception as error:  # every library below has a tree of its own
        raise ValueError("no signed transaction") from error
    return Signed(nonce, _checksummed(to) if to else None, value, data, gas, Fees(most, tip))


def signed_bytes(found: Mapping[str, Any]) -> bytes | None:
    """The bytes that a node's answer about an EIP-1559 transaction was signed as.

    None for one of another type, or where the bytes have another hash than the answer says.
    """
    try:
        parts = {name: found[name] for name in _FIELDS}
        if found["to"] is not None:
            parts["to"] = to_checksum_address(found["to"])
        parts |= {"type": found["type"], "data": found["input"], "v": found["yParity"]}
        raw = bytes(TypedTransaction.from_dict(parts).encode())
    except Exception:  # noqa: BLE001 - every library below has a tree of its own
        return None
    return raw if f"0x{keccak(raw).hex()}" == found["hash"] else None


def call_digest(to: str | None, value: int, data: bytes) -> str:
    """What tells one call from another: receiver, value and data."""
    return _digest("" if to is None else _checksummed(to), value, data)


def _digest(receiver: str, value: int, data: bytes) -> str:
    return sha256(b"\n".join((receiver.encode(), str(value).encode(), data))).hexdigest()


@lru_cache(maxsize=1_024)
def _checksummed(address: str | bytes) -> str:
    return str(to_checksum_address(address))


def created_address(sender: str, nonce: int) -> str:
    """Where the `nonce`-th transaction of `sender` puts a contract that it creates."""
    packed = rlp.encode([to_canonical_address(sender), nonce])
    return str(to_checksum_address(keccak(packed)[12:]))

# SPDX-License-Identifier: MIT
"""The claim relayer (`ClaimRelayer`) and the payment instructions that it obeys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from prorata.chain.calls import Call
from prorata.contracts.base import BoundContract
from prorata.values.addresses import ZERO_ADDRESS

__all__ = [
    "DOMAIN_NAME",
    "DOMAIN_VERSION",
    "PRIMARY_TYPE",
    "TYPES",
    "ClaimRelayer",
    "PaymentInstruction",
    "digest",
    "typed_data",
]


@dataclass(frozen=True)
class PaymentInstruction:
    """What a holder wants done with its income, as in `IClaimRelayer.PaymentInstruction`.

    `claimant` signs: the holder, or its successor after a recovery. With a `hook` the money goes
    through that contract, which reads `data`.
    """

    holder: str
    claimant: str
    ids: tuple[int, ...]
    receiver: str
    valid_until: int
    hook: str = ZERO_ADDRESS
    data: bytes = b""
    nonce: int = 0

    @property
    def has_hook(self) -> bool:
        """Whether the money is to be reinvested."""
        return self.hook != ZERO_ADDRESS

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (
            self.holder,
            self.claimant,
            list(self.ids),
            self.receiver,
            self.hook,
            self.data,
            self.nonce,
            self.valid_until,
        )


class ClaimRelayer(BoundContract):
    """Carries out what holders have signed about their income."""

    CONTRACT = "ClaimRelayer"

    def vault(self) -> str:
        """The vault whose claim relayer this is."""
        return str(self._view("vault"))

    def is_spent(self, claimant: str, nonce: int) -> bool:
        """Whether a payment instruction with this nonce was executed or cancelled."""
        return bool(self._view("isSpent", claimant, nonce))

    def digest_of(self, instruction: PaymentInstruction) -> bytes:
        """What is to be signed."""
        return bytes(self._view("digestOf", instruction.encodable()))

    def execute(self, instruction: PaymentInstruction, signature: bytes) -> Call:
        """Do what the claimant has signed."""
        ids = ", ".join(map(str, instruction.ids))
        label = f"claim {ids} for {instruction.holder} as signed"
        return self._write("execute", instruction.encodable(), signature, label=label)

    def cancel(self, nonce: int) -> Call:
        """Make sure that no payment instruction of the sender with this nonce is executed."""
        return self._write("cancel", nonce, label=f"cancel payment instruction {nonce}")


DOMAIN_NAME, DOMAIN_VERSION = "prorata ClaimRelayer", "1"
PRIMARY_TYPE = "PaymentInstruction"
TYPES: Mapping[str, Sequence[Mapping[str, str]]] = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    PRIMARY_TYPE: [
        {"name": "holder", "type": "address"},
        {"name": "claimant", "type": "address"},
        {"name": "ids", "type": "uint256[]"},
        {"name": "receiver", "type": "address"},
        {"name": "hook", "type": "address"},
        {"name": "data", "type": "bytes"},
        {"name": "nonce", "type": "uint256"},
        {"name": "validUntil", "type": "uint256"},
    ],
}


# -------------------------------------------------------------------------------------- typed data


def typed_data(instruction: PaymentInstruction, chain_id: int, relayer: str) -> dict[str, Any]:
    """The whole of what a wallet shows and signs; numbers as text, since JSON cuts large ones."""
    return {
        "types": {name: [dict(part) for part in parts] for name, parts in TYPES.items()},
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": relayer,
        },
        "primaryType": PRIMARY_TYPE,
        "message": {
            "holder": instruction.holder,
            "claimant": instruction.claimant,
            "ids": [str(number) for number in instruction.ids],
            "receiver": instruction.receiver,
            "hook": instruction.hook,
            "data": f"0x{instruction.data.hex()}",
            "nonce": str(instruction.nonce),
            "validUntil": str(instruction.valid_until),
        },
    }


def digest(instruction: PaymentInstruction, chain_id: int, relayer: str) -> bytes:
    """What is signed: `ClaimRelayer.digestOf`, without a chain."""
    parts = encode_typed_data(full_message=typed_data(instruction, chain_id, relayer))
    return bytes(keccak(b"\x19" + parts.version + parts.header + parts.body))

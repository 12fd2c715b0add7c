# SPDX-License-Identifier: MIT
"""Steps as files for those who sign: Safe's Transaction Builder, or unsigned transactions.

A file for the Transaction Builder is of its schema 1.0 with raw data, since a form loses arrays. It
has at most 100 transactions and 12 million gas: more than that its service refuses, or no block
takes in one. Its checksum is the keccak-256 of the file with the name left out, written with the
keys of every object sorted and listed before its values.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from eth_utils.crypto import keccak

from prorata.chain.rehearsed_steps import RehearsedStep

__all__ = ["MOST_GAS", "MOST_STEPS", "checksum", "in_parts", "safe_batch", "unsigned_batch"]

MOST_STEPS: Final = 100
MOST_GAS: Final = 12_000_000
BUILDER: Final = "1.18.0"


def in_parts(steps: Sequence[RehearsedStep]) -> Iterator[list[RehearsedStep]]:
    """The steps in order, in parts that fit one file each."""
    part: list[RehearsedStep] = []
    for step in steps:
        if part and (len(part) == MOST_STEPS or sum(one.gas for one in part) + step.gas > MOST_GAS):
            yield part
            part = []
        part.append(step)
    if part:
        yield part


def safe_batch(
    chain_id: int,
    safe: str,
    steps: Sequence[RehearsedStep],
    *,
    name: str,
    description: str,
    created_at: int,
) -> dict[str, Any]:
    """A file for Safe's Transaction Builder; `created_at` in Unix seconds."""
    batch = {
        "version": "1.0",
        "chainId": str(chain_id),
        "createdAt": created_at * 1_000,
        "meta": {
            "name": name,
            "description": description,
            "txBuilderVersion": BUILDER,
            "createdFromSafeAddress": safe,
            "createdFromOwnerAddress": "",
        },
        "transactions": [
            {
                "to": step.to,
                "value": str(step.value),
                "data": f"0x{step.data.hex()}",
                "contractMethod": None,
                "contractInputsValues": None,
            }
            for step in steps
        ],
    }
    meta = {**dict(batch["meta"]), "checksum": checksum(batch)}  # type: ignore[call-overload]
    return {**batch, "meta": meta}


def checksum(batch: Mapping[str, Any]) -> str:
    """What the Transaction Builder compares a file with, which has no checksum yet."""
    named = {**batch, "meta": {**batch["meta"], "name": None}}
    return f"0x{keccak(_serial(named).encode()).hex()}"


def _serial(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_serial, value))}]"
    if isinstance(value, Mapping):
        keys = sorted(value)
        return f"{{{_plain(keys)}{''.join(f'{_serial(value[key])},' for key in keys)}}}"
    return _plain(value)


def _plain(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def unsigned_batch(
    chain_id: int, sender: str, steps: Sequence[RehearsedStep], digest: str
) -> dict[str, Any]:
    """Unsigned transactions in order, for any program that signs."""
    return {
        "chainId": chain_id,
        "from": sender,
        "digest": digest,
        "transactions": [
            {
                "label": step.label,
                "to": step.to,
                "value": str(step.value),
                "data": f"0x{step.data.hex()}",
                "gas": step.gas,
            }
            for step in steps
        ],
    }

# SPDX-License-Identifier: MIT
"""What the compiler made of the contracts: ABI, bytecode and documentation, as JSON in the package.

`make artifacts` writes the files of `prorata/artifacts/`, one a contract, with the compiler's whole
input beside them, so that nothing is compiled where the package is used and anyone can verify what
it deploys. A test compares them with what the compiler gives now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from prorata.errors import BuildError, InputError

__all__ = ["Artifact", "Compiler", "artifact", "artifacts", "compiler", "standard_input"]

FOLDER = files("prorata") / "artifacts"
COMPILER = "compiler.json"
STANDARD_INPUT = "standard-input.json"


@dataclass(frozen=True)
class Artifact:
    """What the compiler makes of one contract, interface or library."""

    name: str
    abi: list[Any]
    bytecode: bytes
    """The creation code, without constructor arguments; empty for an interface."""
    runtime: bytes
    """The code as deployed, with zeros where immutables go."""
    source_name: str
    immutable_references: Mapping[str, Sequence[Mapping[str, int]]]
    """Where the immutables go: per declaration, byte offsets into the runtime and lengths."""
    storage_layout: Mapping[str, Any]
    userdoc: Mapping[str, Any]
    devdoc: Mapping[str, Any]

    @property
    def deployable(self) -> bool:
        """Whether it has code of its own."""
        return bool(self.bytecode)

    def is_code(self, code: bytes) -> bool:
        """Whether `code` is the contract's, whatever stands where its immutables go."""
        found, expected = bytearray(code), bytearray(self.runtime)
        if len(found) != len(expected):
            return False
        for places in self.immutable_references.values():
            for place in places:
                here = slice(place["start"], place["start"] + place["length"])
                found[here] = expected[here] = bytes(place["length"])
        return found == expected

    def as_json(self) -> dict[str, Any]:
        """As it travels: code as hexadecimal text."""
        return {
            **asdict(self),
            "bytecode": f"0x{self.bytecode.hex()}",
            "runtime": f"0x{self.runtime.hex()}",
        }

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Artifact:
        """From what `as_json` gives."""
        code = {name: bytes.fromhex(found[name][2:]) for name in ("bytecode", "runtime")}
        return cls(**{**found, **code})


@dataclass(frozen=True)
class Compiler:
    """The compiler that made the artifacts, and its settings in its own terms.

    `build` is its version with its commit.
    """

    version: str
    build: str
    settings: Mapping[str, Any]


@cache
def artifacts() -> Mapping[str, Artifact]:
    """Every contract and interface by name.

    Raises: BuildError when the package has none, as in a checkout where they were never made.
    """
    found = [
        Artifact.of_json(json.loads(file.read_bytes()))
        for file in sorted(FOLDER.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".json") and file.name not in (COMPILER, STANDARD_INPUT)
    ]
    if not found:
        raise BuildError(f"there are no artifacts in {FOLDER}; run `make artifacts`")
    return {artifact.name: artifact for artifact in found}


def artifact(name: str) -> Artifact:
    """The artifact of one contract or interface.

    Raises: InputError when there is none of that name.
    """
    if name not in artifacts():
        raise InputError.of("contract", name, "is not known", f"use {', '.join(artifacts())}")
    return artifacts()[name]


@cache
def compiler() -> Compiler:
    """Which compiler made the artifacts, and how."""
    return Compiler(**json.loads((FOLDER / COMPILER).read_bytes()))


def standard_input() -> dict[str, Any]:
    """The compiler's whole input in its standard JSON: what a verification service asks for."""
    found: dict[str, Any] = json.loads((FOLDER / STANDARD_INPUT).read_bytes())
    return found

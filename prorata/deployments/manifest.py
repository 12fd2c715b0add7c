# SPDX-License-Identifier: MIT
"""The manifest of a deployment: everything needed to find and verify its contracts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from prorata.assets.asset import Asset
from prorata.errors import DeploymentError
from prorata.files.writer import write_json

__all__ = ["Contract", "Manifest"]


# --------------------------------------------------------------------------------------- manifest


class Contract(BaseModel):
    """One deployed contract; gas in units, `gas_price` in wei, hashes keccak-256."""

    model_config = ConfigDict(frozen=True)

    address: str
    block: int
    transaction: str | None
    gas: int
    gas_price: int
    arguments: list[Any]
    init_code_hash: str
    code_hash: str


class Manifest(BaseModel):
    """Everything about a deployment; the same deployment always gives the same bytes."""

    model_config = ConfigDict(frozen=True)

    manifest: int = 1
    asset: Asset
    chain_id: int
    genesis: str
    deployer: str
    commit: str | None
    compiler: dict[str, Any]
    contracts: dict[str, Contract]

    @property
    def first_block(self) -> int:
        """Where the ledger begins: no event of the deployment is older."""
        return min(contract.block for contract in self.contracts.values())

    def write(self, path: Path) -> None:
        """Write it, whole or not at all."""
        write_json(path, self.model_dump(mode="json"))

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read it.

        Raises: DeploymentError when it is missing or damaged.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise DeploymentError(
                f"there is no deployment in {path.parent}", "run `prorata deploy` first"
            ) from None
        except (OSError, ValueError):
            raise DeploymentError(
                f"the manifest {path} is damaged", "restore it from a copy"
            ) from None

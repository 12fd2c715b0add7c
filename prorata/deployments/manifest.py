# SPDX-License-Identifier: MIT
"""The manifest of a deployment: everything needed to find and verify its contracts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from prorata.assets.asset import Asset
from prorata.errors import DeploymentError
from prorata.files.writer import write_json

__all__ = ["Contract", "Manifest", "SettingsChange"]


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


class SettingsChange(BaseModel):
    """Settings that were changed after the deployment: when, by which account, and why.

    `was` and `now` have the fields of the asset that changed, as JSON.
    """

    model_config = ConfigDict(frozen=True)

    at: str
    by: str
    why: dict[str, Any] | None = None
    was: dict[str, Any]
    now: dict[str, Any]


class Manifest(BaseModel):
    """Everything about a deployment; the same deployment always gives the same bytes.

    `id` tells the asset from all others, on whatever chain; `asset` has its settings as they are
    now, and `history` what they were before; `control` is who stood behind the owner.
    """

    model_config = ConfigDict(frozen=True)

    manifest: int = 1
    id: str | None = None
    asset: Asset
    chain_id: int
    genesis: str
    deployer: str
    commit: str | None
    compiler: dict[str, Any]
    contracts: dict[str, Contract]
    control: dict[str, Any] | None = None
    history: tuple[SettingsChange, ...] = ()

    @property
    def as_deployed(self) -> Asset:
        """The settings that the contracts were deployed with."""
        fields = self.asset.model_dump(mode="json")
        for change in reversed(self.history):
            fields |= change.was
        return Asset.model_validate(fields)

    def changed(
        self, settings: Asset, *, at: str, by: str, why: Mapping[str, Any] | None = None
    ) -> Manifest:
        """The same with other settings, and those before them in its history."""
        before, after = self.asset.model_dump(mode="json"), settings.model_dump(mode="json")
        fields = [name for name in after if after[name] != before[name]]
        change = SettingsChange(
            at=at,
            by=by,
            why=None if why is None else dict(why),
            was={name: before[name] for name in fields},
            now={name: after[name] for name in fields},
        )
        return self.model_copy(update={"asset": settings, "history": (*self.history, change)})

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

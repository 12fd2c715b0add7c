# SPDX-License-Identifier: MIT
"""What the chain says of an asset before something is done to it: what a plan was made for."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from prorata.chain.artifacts import artifacts
from prorata.chain.node import RpcChain
from prorata.deployments.deployment import Deployment
from prorata.deployments.permissions import read_permissions
from prorata.deployments.plans import digest_of

__all__ = ["artifacts_digest", "read_preconditions", "read_roles_of"]


@cache
def artifacts_digest() -> str:
    """The hash of the creation code of every contract of this version, by name."""
    codes = {
        name: f"0x{keccak(built.bytecode).hex()}"
        for name, built in artifacts().items()
        if built.deployable
    }
    return digest_of(codes)


def read_preconditions(chain: RpcChain, folder: Path) -> dict[str, Any]:
    """Roles, supply, number of records and settings; of an asset that is not there, nothing.

    Raises: DeploymentError when the deployment is not the chain's; ChainError.
    """
    if not (folder / "manifest.json").exists():
        return {"deployed": False}
    found = Deployment.open(chain, folder)
    token = found.token()
    return {
        "deployed": True,
        "token": token.address,
        "roles": read_roles_of(found),
        "supply": str(token.total_supply()),
        "records": token.record_count(),
        "settings": digest_of(found.settings.model_dump(mode="json")),
    }


def read_roles_of(found: Deployment) -> list[str]:
    """Every role as one line, in alphabetical order.

    Raises: ChainError.
    """
    grants = read_permissions(found).grants
    return sorted({f"{g.contract}: {g.role} {g.account}" for g in grants if g.kind != "nobody"})

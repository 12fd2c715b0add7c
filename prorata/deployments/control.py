# SPDX-License-Identifier: MIT
"""Who stands behind an address: a key, a contract, or a Safe with its owners.

The same address on two chains need not be the same people's. A Safe can be on one chain only, and
somebody else's on the next; so what is put on a second chain is held against the first.
"""

from __future__ import annotations

from pathlib import Path

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import function_signature_to_4byte_selector
from pydantic import BaseModel, ConfigDict

from prorata.chain.node import RpcChain
from prorata.deployments.manifest import Manifest
from prorata.errors import ChainError, DeploymentError
from prorata.values.addresses import checksummed

__all__ = ["Control", "look_at", "require_same_control"]


class Control(BaseModel):
    """What controls an address: `threshold` of `owners` sign, if it is a Safe."""

    model_config = ConfigDict(frozen=True)

    address: str
    has_code: bool
    threshold: int | None = None
    owners: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What it is, for a person."""
        if not self.has_code:
            return "an account with a single key, or a multisig that is not on this chain yet"
        if self.threshold is None:
            return "a contract"
        return f"a Safe, of whose {len(self.owners)} owners {self.threshold} sign"


def look_at(chain: RpcChain, address: str) -> Control:
    """What stands at an address, which may be a Safe.

    Raises: ChainError when the node does not answer.
    """
    if not chain.code(address):
        return Control(address=address, has_code=False)
    try:
        threshold = chain.call(address, function_signature_to_4byte_selector("getThreshold()"))
        listed = chain.call(address, function_signature_to_4byte_selector("getOwners()"))
        [number], [people] = abi_decode(["uint256"], threshold), abi_decode(["address[]"], listed)
    except (ChainError, DecodingError, ValueError, OverflowError):
        return Control(address=address, has_code=True)
    owners = tuple(sorted(str(checksummed(one)) for one in people))
    return Control(address=address, has_code=True, threshold=int(number), owners=owners)


def require_same_control(chain: RpcChain, folder: Path, asset_id: str, owner: str) -> None:
    """Hold an owner against what it is on other chains where the asset is, in folders beside this.

    Raises: DeploymentError when other people sign for it there, or nobody does here; ChainError.
    """
    here: Control | None = None
    for path in sorted(folder.parent.parent.glob(f"*/{folder.name}/manifest.json")):
        other = Manifest.read(path)
        if other.id != asset_id or other.chain_id == chain.chain_id or other.control is None:
            continue
        here = here or look_at(chain, owner)
        there = Control.model_validate(other.control)
        if there.address == owner and there != here:
            raise DeploymentError(
                f"the owner {owner} is {there.words} on chain {other.chain_id}, where the asset is "
                f"already, and {here.words} on chain {chain.chain_id}",
                "put the same owner on this chain first, or name another",
            )

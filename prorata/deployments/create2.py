# SPDX-License-Identifier: MIT
"""Contracts at the same addresses on every chain, by the usual CREATE2 factory.

An address follows from the factory, a salt, and the code with its constructor arguments; not from
who deploys, nor from how much the account has sent before. The salt is made of the asset's id and
its owner. Since owners are constructor arguments, a stranger who comes first has put there what we
would have put, and nothing has to be sent.

A token whose arguments are of one chain only, such as the address of a registry that is elsewhere
on the next, has another address there.
"""

from __future__ import annotations

from uuid import UUID

from eth_utils.crypto import keccak

from prorata.chain.artifacts import Artifact
from prorata.chain.calls import Call, deploy_call
from prorata.chain.node import RpcChain
from prorata.errors import ChainError, DeploymentError
from prorata.values.addresses import checksummed

__all__ = [
    "FACTORY",
    "create2_address",
    "create2_call",
    "creation_block",
    "require_factory",
    "salt",
]

FACTORY = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
"""Arachnid's deterministic deployment proxy: it takes a salt and code, and obeys everybody."""

FACTORY_CODE = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234"
    "f58015156039578182fd5b8082525050506014600cf3"
)


def salt(asset_id: str, owner: str) -> bytes:
    """What tells one asset's contracts from another's: keccak of its id and its owner."""
    return keccak(UUID(asset_id).bytes + bytes.fromhex(owner[2:]))


def create2_call(salted: bytes, artifact: Artifact, *arguments: object) -> tuple[Call, str]:
    """The deployment of a contract through the factory, and the address that it will have.

    Raises: InputError when an argument does not fit its type.
    """
    plain = deploy_call(artifact, *arguments)
    call = Call(FACTORY, salted + plain.data, 0, plain.label)
    return call, create2_address(salted, plain.data)


def create2_address(salted: bytes, init_code: bytes, factory: str = FACTORY) -> str:
    """Where a factory puts a contract (EIP-1014)."""
    place = b"\xff" + bytes.fromhex(factory[2:]) + salted + keccak(init_code)
    return str(checksummed(f"0x{keccak(place)[12:].hex()}"))


def require_factory(chain: RpcChain) -> None:
    """Raises: DeploymentError when the chain has no such factory."""
    if chain.code(FACTORY) != FACTORY_CODE:
        raise DeploymentError(
            f"chain {chain.chain_id} has no CREATE2 factory at {FACTORY}",
            "put it there by its published transaction, or leave deterministic out of the file",
        )


def creation_block(chain: RpcChain, address: str) -> int:
    """The block that put code at an address, or one before it where the node has no old states."""
    first, last = 0, chain.block().number
    try:
        while first < last:
            middle = (first + last) // 2
            if chain.code(address, block=middle):
                last = middle
            else:
                first = middle + 1
    except ChainError:
        return 0
    return first

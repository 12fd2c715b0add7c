# SPDX-License-Identifier: MIT
"""What a play leaves to whoever looks at its asset afterwards: a deployment's folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from prorata.assets.asset import Asset
from prorata.chain.artifacts import artifact, compiler
from prorata.demo.chain import DemoChain
from prorata.deployments.deployment import keccak_hex
from prorata.deployments.manifest import Contract, Manifest
from prorata.files.writer import prepare_folder

__all__ = ["keep_folder", "write_deployment"]


def keep_folder(folder: Path, keep: Path) -> None:
    """A copy of a deployment's folder, in place of an earlier one."""
    shutil.rmtree(keep, ignore_errors=True)
    shutil.copytree(folder, keep)


def write_deployment(
    demo_chain: DemoChain,
    settings: Asset,
    deployer: str,
    contracts: Mapping[str, str],
    first_block: int,
) -> None:
    """The folder of contracts that were sent one by one, if it is to be kept: addresses by name.

    Raises: InputError when it cannot be written; ChainError.
    """
    chain, keep = demo_chain.chain, demo_chain.keep
    if keep is None:
        return
    shutil.rmtree(keep, ignore_errors=True)
    prepare_folder(keep)
    Manifest(
        asset=settings,
        chain_id=chain.chain_id,
        genesis=chain.genesis_hash,
        deployer=deployer,
        commit=None,
        compiler={"version": compiler().version, "build": compiler().build},
        contracts={
            name: Contract(
                address=address,
                block=first_block,
                transaction=None,
                gas=0,
                gas_price=0,
                arguments=[],
                init_code_hash=keccak_hex(artifact(name).bytecode),
                code_hash=keccak_hex(chain.code(address)),
            )
            for name, address in contracts.items()
        },
    ).write(keep / "manifest.json")

# SPDX-License-Identifier: MIT
"""The deployments that the service prepares transactions for: their folders, and their node."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from prorata.chain.node import RpcChain
from prorata.deployments.deployment import Deployment
from prorata.deployments.manifest import Manifest
from prorata.errors import DeploymentError, InputError
from prorata.service.problems import Refused
from prorata.service.workers import Workers
from prorata.values.amounts import Unit

__all__ = ["Deployed"]

T = TypeVar("T")


class Deployed:
    """Folders by the address of their share token; all are of one chain."""

    def __init__(
        self, node: Callable[[], RpcChain], folders: Sequence[Path], workers: Workers
    ) -> None:
        """`node` opens the chain, once for each thread.

        Raises: InputError for no folder; DeploymentError when one is damaged, or two are of two
        chains.
        """
        self._open = node
        self._kept = threading.local()
        self.workers = workers
        self.units: dict[str, dict[str, Unit]] = {}
        self.asked_at: dict[str, float] = {}
        self.folders: Mapping[str, Path] = {
            _token(folder, Manifest.read(folder / "manifest.json")): folder for folder in folders
        }
        if not self.folders:
            raise InputError.of("deployment", "", "is missing", "name the folder of one")
        chains = {self.manifest(token).chain_id for token in self.folders}
        if len(chains) > 1:
            listed = ", ".join(str(one) for one in sorted(chains))
            raise DeploymentError(
                f"the deployments are of several chains: {listed}", "serve each from its own origin"
            )
        [self.chain_id] = chains

    def node(self) -> RpcChain:
        """The chain, with connections of this thread's own."""
        found: RpcChain | None = getattr(self._kept, "chain", None)
        if found is None:
            found = self._kept.chain = self._open()
        return found

    def folder(self, token: str) -> Path:
        """The folder of a token.

        Raises: Refused when there is none.
        """
        found = self.folders.get(token)
        if found is None:
            sentence = f"nothing can be prepared for {token} here"
            raise Refused("not-found", sentence, "ask its issuer", value=token)
        return found

    def manifest(self, token: str) -> Manifest:
        """What is deployed; read anew, since withholding policies are added.

        Raises: Refused when there is none; DeploymentError when it is damaged.
        """
        return Manifest.read(self.folder(token) / "manifest.json")

    async def ask(self, token: str, function: Callable[[Deployment], T]) -> T:
        """What `function` finds of a deployment, which is compared with the chain first.

        Raises: Refused for no such token, or when the node takes too long; DeploymentError,
        ChainError, and whatever it raises.
        """
        folder = self.folder(token)
        return await self.workers.do(lambda: function(Deployment.open(self.node(), folder)))


def _token(folder: Path, manifest: Manifest) -> str:
    found = manifest.contracts.get("ShareToken")
    if found is None:
        raise DeploymentError(f"{folder} has no share token", "finish its deployment first")
    return found.address

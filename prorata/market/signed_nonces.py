# SPDX-License-Identifier: MIT
"""Which nonces were signed from a folder: the chain knows only those that were used.

Two orders of one maker with the same nonce are alternatives: what is filled of one counts for the
other. So a nonce that was signed once is not given to another order, filled or not.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prorata.errors import DeploymentError
from prorata.files.log import append_lines, whole_lines

__all__ = ["NONCES", "SignedNonces"]

NONCES = "signed-nonces.jsonl"
"""The file in a deployment's folder."""


@dataclass(frozen=True)
class SignedNonces:
    """The nonces that were signed from a folder, for one contract of one chain.

    `kind` tells what they count: orders and trades count apart.
    """

    folder: Path
    chain_id: int
    contract: str
    kind: str

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other run choose a nonce meanwhile: it waits until this one has kept its own.

        Raises: DeploymentError when the file cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / NONCES).open("a+b")
        except OSError as error:
            raise self._not_written(error) from None
        with file:
            # It goes with the file, and with the process, however that ends.
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def of(self, signer: str) -> set[int]:
        """Those that were given to papers of `signer`.

        Raises: DeploymentError when the file is damaged.
        """
        return {int(line["nonce"]) for line in self._lines() if line["signer"] == signer}

    def keep(self, signer: str, nonce: int, digest: bytes) -> None:
        """Remember a nonce before it is signed.

        Raises: DeploymentError when the file cannot be written.
        """
        line = {
            "chain_id": self.chain_id,
            "contract": self.contract,
            "kind": self.kind,
            "signer": signer,
            "nonce": str(nonce),
            "digest": f"0x{digest.hex()}",
        }
        try:
            with (self.folder / NONCES).open("a+b") as file:
                whole_lines(file)
                append_lines(file, [json.dumps(line).encode()])
        except OSError as error:
            raise self._not_written(error) from None

    def _not_written(self, error: OSError) -> DeploymentError:
        return DeploymentError(
            f"{self.folder / NONCES} cannot be written ({str(error.strerror).lower()}), so "
            "nothing was signed",
            "make room on the disk, or give a folder that this account may write",
        )

    def _lines(self) -> list[dict[str, str]]:
        path = self.folder / NONCES
        wanted = (self.chain_id, self.contract, self.kind)
        try:
            # What follows the last line end was torn by a kill, and nothing was signed for it.
            lines = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
            return [
                line
                for line in lines
                if (line["chain_id"], line["contract"], line["kind"]) == wanted
            ]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError):
            remedy = "restore it from a copy, or name each nonce with --nonce"
            raise DeploymentError(f"{path} is damaged", remedy) from None

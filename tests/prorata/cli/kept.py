"""What is dear to set up is set up once, and each test finds it as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from prorata.chain.node import RpcChain

__all__ = ["kept"]


@contextmanager
def kept(node: str, folder: Path) -> Iterator[None]:
    """Put the chain of a local node, and a folder, back as they were when the block ends."""
    chain = RpcChain(node)
    before = chain.request("evm_snapshot")
    with TemporaryDirectory() as place:
        copy = shutil.copytree(folder, Path(place) / folder.name)
        yield
        shutil.rmtree(folder)
        shutil.copytree(copy, folder)
    assert chain.request("evm_revert", before)

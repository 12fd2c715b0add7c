# SPDX-License-Identifier: MIT
"""A story from its first block to its last file."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from rich.console import Console

from prorata.chain.node import RpcChain
from prorata.demo.chain import DemoChain
from prorata.demo.classes import BUILDING, play_of
from prorata.demo.narration import Narrator
from prorata.files.writer import prepare_folder
from prorata.ledger.audits import Audit
from prorata.toolchain.anvil import Anvil

__all__ = ["DEFAULT_OUT", "DEFAULT_SEED", "folder_of", "fresh_node", "play"]

DEFAULT_SEED = 10_000_000
DEFAULT_OUT = Path("out/demo")

OPENING: Final = datetime(2026, 1, 5, 9, tzinfo=timezone.utc)


def folder_of(asset_class: str) -> Path:
    """Where the files of a class go, unless somebody says otherwise.

    Raises: InputError when there is no such class.
    """
    play_of(asset_class)
    return DEFAULT_OUT if asset_class == BUILDING else Path(f"{DEFAULT_OUT}-{asset_class}")


def fresh_node() -> Anvil:
    """A node whose time is that of the opening."""
    opening = str(int(OPENING.timestamp()))
    return Anvil(extra=("--timestamp", opening, "--order", "fifo"))


def play(
    console: Console,
    out: Path = DEFAULT_OUT,
    seed: int = DEFAULT_SEED,
    chain: RpcChain | None = None,
    *,
    asset_class: str = BUILDING,
    keep: Path | None = None,
) -> Audit:
    """Play a class of assets, on a fresh Anvil or on a development `chain`.

    Its deployment's folder is left at `keep`, if that is named.

    Raises: BooksError when the books do not balance; InputError, ChainError, BuildError.
    """
    chosen = play_of(asset_class)
    prepare_folder(out)
    own = fresh_node()
    with own if chain is None else nullcontext():
        demo_chain = DemoChain(chain or RpcChain(own.url), keep)
        try:
            return chosen(demo_chain, Narrator(console), out, seed).play()
        finally:
            demo_chain.leave()

# SPDX-License-Identifier: MIT
"""The worked example from its first block to its last file."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from rich.console import Console

from prorata.chain.node import RpcChain
from prorata.demo.building import (
    Demo,
)
from prorata.demo.chain import DemoChain
from prorata.demo.narration import Narrator
from prorata.files.writer import prepare_folder
from prorata.ledger.audits import Audit
from prorata.toolchain.anvil import Anvil

__all__ = ["DEFAULT_OUT", "DEFAULT_SEED", "play"]

DEFAULT_SEED = 10_000_000
DEFAULT_OUT = Path("out/demo")

OPENING: Final = datetime(2026, 1, 5, 9, tzinfo=timezone.utc)


def play(
    console: Console,
    out: Path = DEFAULT_OUT,
    seed: int = DEFAULT_SEED,
    chain: RpcChain | None = None,
) -> Audit:
    """Play the worked example, on a fresh Anvil or on a development `chain`.

    Raises: BooksError when the books do not balance; InputError, ChainError, BuildError.
    """
    prepare_folder(out)
    opening = str(int(OPENING.timestamp()))
    own = Anvil(extra=("--timestamp", opening, "--order", "fifo"))
    with own if chain is None else nullcontext():
        demo_chain = DemoChain(chain or RpcChain(own.url))
        try:
            return Demo(demo_chain, Narrator(console), out, seed).play()
        finally:
            demo_chain.leave()

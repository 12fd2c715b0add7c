# SPDX-License-Identifier: MIT
"""Where a checkout keeps its compiler and its Anvil."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Final

from prorata.errors import BuildError

__all__ = ["PROJECT_ROOT", "REMEDY", "SOLC_VERSION", "anvil_path", "solc_path", "solcx_folder"]

PROJECT_ROOT: Final = Path(__file__).resolve().parents[2]
SOLC_VERSION: Final = "0.8.37"
REMEDY: Final = "run `make setup` in the checkout"


# ---------------------------------------------------------------------------- where the tools are


def anvil_path() -> Path:
    """Find the Anvil executable of this checkout.

    The npm package holds one executable per platform. Its own start script is skipped: it
    would put a node process in between, which keeps Anvil from being stopped reliably.

    Returns:
        The native executable.

    Raises:
        BuildError: If the package for this platform is not installed.
    """
    packages = PROJECT_ROOT / "node_modules" / "@foundry-rs"
    executable = packages / f"anvil-{_npm_platform()}" / "bin" / "anvil"
    if not executable.is_file():
        raise BuildError(f"Anvil is not installed in {packages}; {REMEDY}")
    return executable


def solc_path() -> Path:
    """Find the Solidity compiler that this virtual environment has registered with py-solc-x.

    Returns:
        The executable that py-solc-x and ape run.

    Raises:
        BuildError: If none is registered.
    """
    executable = solcx_folder() / f"solc-v{SOLC_VERSION}"
    if not executable.is_file():
        raise BuildError(
            f"the Solidity compiler {SOLC_VERSION} is not registered with py-solc-x; {REMEDY}"
        )
    return executable


def _npm_platform() -> str:
    machine = platform.machine().lower()
    architecture = "arm64" if machine in {"arm64", "aarch64"} else "amd64"
    return f"{sys.platform}-{architecture}"


def solcx_folder() -> Path:
    """Where py-solc-x finds the compilers of this environment."""
    return Path(sys.prefix) / "solcx"

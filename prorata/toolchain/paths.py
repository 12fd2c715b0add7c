# SPDX-License-Identifier: MIT
"""Where a checkout keeps its compiler and its Anvil, and where Anvil is without a checkout."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Final

from prorata.errors import BuildError

__all__ = [
    "PROJECT_ROOT",
    "REMEDY",
    "SOLCX_FOLDER_VARIABLE",
    "SOLC_BUILD",
    "SOLC_VERSION",
    "anvil_path",
    "environment",
    "packaged_anvil",
    "solc_path",
    "solcx_folder",
]

PROJECT_ROOT: Final = Path(__file__).resolve().parents[2]
SOLC_VERSION: Final = "0.8.37"
SOLC_BUILD: Final = "0.8.37+commit.f401782d"
"""The version with its commit, by which services that verify sources know the compiler."""
SOLCX_FOLDER_VARIABLE: Final = "SOLCX_BINARY_PATH"
"""The variable that names the folder in which py-solc-x, and so ape, looks for compilers."""
REMEDY: Final = "run `make setup` in the checkout"
_ANVIL_REMEDY: Final = (
    "run `make setup` in a checkout, or for an installed package "
    "`npm install --global @foundry-rs/anvil` or Foundry's `foundryup`"
)


# ---------------------------------------------------------------------------- where the tools are


def anvil_path() -> Path:
    """Find Anvil: the one of this checkout, else the one on the PATH.

    Returns:
        The executable.

    Raises:
        BuildError: If there is none.
    """
    if (packaged := packaged_anvil()) is not None:
        return packaged
    if (found := shutil.which("anvil")) is not None:
        return Path(found)
    raise BuildError(
        "Anvil is not on the PATH, nor among the npm packages of a checkout", _ANVIL_REMEDY
    )


def packaged_anvil() -> Path | None:
    """Anvil's native executable in the npm packages of this checkout, or None.

    The package's own start script is skipped: it would put a node process in between.
    """
    packages = PROJECT_ROOT / "node_modules" / "@foundry-rs"
    executable = packages / f"anvil-{_npm_platform()}" / "bin" / "anvil"
    return executable if executable.is_file() else None


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


def solcx_folder() -> Path:
    """Where py-solc-x finds the compilers of this environment."""
    return Path(sys.prefix) / "solcx"


def environment() -> dict[str, str]:
    """The variables of a shell in which the virtual environment of this Python is active.

    Whoever starts ape in a process of its own passes them, so that ape finds the compiler and
    Anvil.
    """
    tools = str(Path(sys.prefix) / "bin")
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return {
        **os.environ,
        "PATH": os.pathsep.join([tools, *(folder for folder in path if folder != tools)]),
        SOLCX_FOLDER_VARIABLE: str(solcx_folder()),
    }


def _npm_platform() -> str:
    machine = platform.machine().lower()
    architecture = "arm64" if machine in {"arm64", "aarch64"} else "amd64"
    return f"{sys.platform}-{architecture}"

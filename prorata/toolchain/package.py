# SPDX-License-Identifier: MIT
"""Packing: what the compiler makes of `contracts/` becomes the JSON that travels in the package.

`make artifacts` runs this after a change of a contract. The same sources give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from prorata.chain.artifacts import COMPILER, STANDARD_INPUT
from prorata.files.writer import write_json
from prorata.toolchain.compiler import SETTINGS, compile_contracts, standard_json
from prorata.toolchain.paths import PROJECT_ROOT, SOLC_BUILD, SOLC_VERSION

__all__ = ["FOLDER", "contents", "pack"]

FOLDER = PROJECT_ROOT / "prorata" / "artifacts"


def contents() -> dict[str, object]:
    """What belongs in each file, by its name.

    Raises: BuildError when the contracts do not compile.
    """
    packed: dict[str, object] = {
        f"{name}.json": artifact.as_json() for name, artifact in compile_contracts().items()
    }
    packed[COMPILER] = {"version": SOLC_VERSION, "build": SOLC_BUILD, "settings": dict(SETTINGS)}
    packed[STANDARD_INPUT] = standard_json()
    return packed


def pack(folder: Path = FOLDER) -> list[Path]:
    """Write the files, and remove those of contracts that are gone.

    Raises: BuildError when the contracts do not compile; InputError when the folder cannot be
    written.
    """
    packed = contents()
    for stale in folder.glob("*.json"):
        if stale.name not in packed:
            stale.unlink()
    for name, content in packed.items():
        write_json(folder / name, content)
    return [folder / name for name in packed]


def main() -> None:
    """Pack, and say how much it is."""
    written = pack()
    size = sum(path.stat().st_size for path in written)
    print(f"{len(written)} files, {size / 1_000_000:.1f} MB in {FOLDER.relative_to(PROJECT_ROOT)}")


if __name__ == "__main__":
    main()

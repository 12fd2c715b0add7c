"""halmos, with SHA-256 of as many bytes as there are: 0.3.3 takes their number for one of bits.

Run by halmos's own Python, which has nothing of this project.
"""

from __future__ import annotations

import sys
from typing import Any

import z3
from halmos import sevm
from halmos.__main__ import main

NAMED = "f_sha256_"
_declare = sevm.Function


def declare(name: str, *sorts: Any) -> Any:
    """Declare a function, the one that stands for SHA-256 with what it takes in bits."""
    if name.startswith(NAMED):
        sorts = (z3.BitVecSort(8 * int(name.removeprefix(NAMED))), sorts[-1])
    return _declare(name, *sorts)


if __name__ == "__main__":
    sevm.Function = declare
    sys.exit(main())

"""Where the tests of the contracts are: by a short name, whichever folder of a subject it is in."""

from __future__ import annotations

from functools import cache

from prorata.toolchain.paths import PROJECT_ROOT

HERE = PROJECT_ROOT / "tests" / "contracts"


@cache
def path_of(name: str) -> str:
    """The path of `test_<name>.py` from the checkout's root.

    Raises: ValueError when there is none, or more than one.
    """
    [path] = HERE.glob(f"*/test_{name}.py")
    return path.relative_to(PROJECT_ROOT).as_posix()

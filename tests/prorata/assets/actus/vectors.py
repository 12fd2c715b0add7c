"""The test results that the ACTUS foundation publishes, where they are.

They are not part of this repository: their licence is CC BY-SA. They are looked for in the folder
that PRORATA_ACTUS names, or in `shared/actus/tests` beside the checkout: files such as
`actus-tests-pam.json`. PRORATA_ACTUS must not name a folder without them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from prorata.toolchain.paths import PROJECT_ROOT

NAMED = os.environ.get("PRORATA_ACTUS")
FOLDER = Path(NAMED) if NAMED else PROJECT_ROOT.parent / "shared" / "actus" / "tests"
TYPES = {
    "ann": 31, "clm": 15, "com": 4, "csh": 4, "lam": 31,
    "lax": 18, "nam": 22, "pam": 25, "stk": 10, "ump": 9,
}  # fmt: skip
"""How many results there are of each type."""


def _file(kind: str) -> Path:
    return FOLDER / f"actus-tests-{kind}.json"


def there() -> bool:
    """Whether the files are there."""
    found = all(_file(kind).is_file() for kind in TYPES)
    if NAMED and not found:
        message = f"PRORATA_ACTUS names {NAMED}: put the files of actus-tests there, or unset it"
        raise FileNotFoundError(message)
    return found


def vectors() -> dict[str, dict[str, Any]]:
    """All results of the types that are played, by their identifiers."""
    if not there():
        return {}
    found: dict[str, dict[str, Any]] = {}
    for kind in TYPES:
        found |= json.loads(_file(kind).read_text(encoding="utf-8"))
    return found

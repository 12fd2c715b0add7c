# SPDX-License-Identifier: MIT
"""Settings that people write in YAML: read strictly, and refused in sentences.

YAML reads more into plain words than people mean: `NO` is false, `040` is thirty-two, and a bare
`0x…` is a number. Such values are refused with the advice to quote them, never guessed at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from prorata.errors import InputError

__all__ = ["read_yaml"]


def read_yaml(path: str | Path, what: str, example: str) -> dict[str, Any]:
    """The settings in a YAML file; `what` names the file in a refusal, `example` a good one.

    Raises: InputError when it cannot be read, is not YAML, or holds no settings.
    """
    start = f"start from {example}"
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        reason = str(error.strerror).lower()
        raise InputError.of(
            what, path, f"cannot be read ({reason})", "give the path of a YAML file"
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # A day such as 2027-13-01 is a plain ValueError to the parser.
        reason = str(error).splitlines()[0]
        raise InputError.of(what, path, f"is not YAML ({reason})", start) from None
    if not isinstance(content, dict):
        raise InputError.of(what, path, "has no settings", start)
    return content

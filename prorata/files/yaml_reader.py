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

LONGEST = 10_000_000
DEEPEST = 100


class _Loader(yaml.SafeLoader):
    """Stops at lists within lists without end, which the scanner takes seconds to get through."""

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803 - PyYAML's name
        if self.flow_level == DEEPEST:
            raise RecursionError
        super().fetch_flow_collection_start(TokenClass)


def read_yaml(path: str | Path, what: str, example: str) -> dict[str, Any]:
    """The settings in a YAML file; `what` names the file in a refusal, `example` a good one.

    Raises: InputError when it cannot be read, is not YAML, or holds no settings.
    """
    start = f"start from {example}"
    try:
        with Path(path).open("rb") as file:
            # A device may have no end, and no such file is as long.
            text = file.read(LONGEST).decode("utf-8")
        content = yaml.load(text, _Loader)  # noqa: S506 - it constructs what the safe one does
    except OSError as error:
        reason = str(error.strerror).lower()
        raise InputError.of(
            what, path, f"cannot be read ({reason})", "give the path of a YAML file"
        ) from None
    except RecursionError:
        raise InputError.of(what, path, "is nested too deeply", start) from None
    except (yaml.YAMLError, ValueError) as error:
        # A date such as 2027-13-01 is a ValueError.
        reason = str(error).splitlines()[0]
        raise InputError.of(what, path, f"is not YAML ({reason})", start) from None
    if not isinstance(content, dict):
        raise InputError.of(what, path, "has no settings", start)
    return content

# SPDX-License-Identifier: MIT
"""Settings that people write in YAML: read strictly, and refused in sentences.

YAML reads more into plain words than people mean: `NO` is false, `040` is thirty-two, and a bare
`0x…` is a number. Such values are refused with the advice to quote them, never guessed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from prorata.errors import InputError, Problem

__all__ = ["read_yaml", "validated"]

Model = TypeVar("Model", bound=BaseModel)


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
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError.of(what, path, f"is not YAML ({reason})", start) from None
    if not isinstance(content, dict):
        raise InputError.of(what, path, "has no settings", start)
    return content


def validated(model: type[Model], content: Mapping[str, Any], example: str, subject: str) -> Model:
    """A model from values; `example` names a file that does it right, `subject` what is read.

    Raises: InputError with every fault in them.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [_problem_of(fault, example) for fault in error.errors()]
        raise InputError(problems, subject) from None


def _problem_of(fault: Any, example: str) -> Problem:
    """One of pydantic's faults as a sentence of ours."""
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        return Problem(None, where, "", "is missing", "add it")
    if fault["type"] == "extra_forbidden":
        return Problem(None, where, str(fault["input"]), "is no setting", "remove it")
    text = str(fault["msg"]).removeprefix("Value error, ")
    rule, _, remedy = text.partition("; ")
    return Problem(None, where, str(fault["input"]), rule, remedy or f"see {example}")

# SPDX-License-Identifier: MIT
"""Where the plans of corporate actions are kept, and how their files are read.

A plan is written beside the journal before anything is sent, and a repetition goes by it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, PlainSerializer

from prorata.errors import InputError
from prorata.files.models import validated

__all__ = ["FOLDER", "Units", "read_kept_plan"]

FOLDER = "actions"
"""The folder of plans, in that of the deployment."""

Units = Annotated[int, BeforeValidator(int), PlainSerializer(str)]
"""Smallest units, which are text in a file."""

Plan = TypeVar("Plan", bound=BaseModel)


def read_kept_plan(form: type[Plan], path: Path) -> Plan | None:
    """The plan in a file; None where there is none.

    Raises: InputError when the file is damaged.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        content = None
    remedy = "restore the file from a copy"
    if not isinstance(content, dict):
        raise InputError.of("plan", str(path), "is damaged", remedy)
    return validated(form, content, "docs", str(path), remedy)

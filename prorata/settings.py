"""Settings that people write in YAML: read strictly, and refused in sentences.

YAML reads more into plain words than people mean: `NO` is false, `040` is thirty-two, and a bare
`0x…` is a number. Such values are refused with the advice to quote them, never guessed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from prorata.errors import InputError, Problem

__all__ = ["moment", "parse_time", "read_yaml", "validated"]

Model = TypeVar("Model", bound=BaseModel)

LAST_SECOND = 2**48 - 1
_WRITE_A_TIME = "write 2027-03-31T23:59:59Z, or a day such as 2027-03-31"


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


def moment(timestamp: int) -> str:
    """A Unix second as people read it: `2027-03-31T23:59:59Z`."""
    return datetime.fromtimestamp(timestamp, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(column: str, value: object) -> int:
    """The Unix second that ISO 8601 names; of a day without a time, its last one in UTC.

    Raises: InputError when it names none, has no time zone, or a fraction of a second.
    """
    if isinstance(value, datetime):
        named = value
    elif isinstance(value, date):
        named = datetime(value.year, value.month, value.day, 23, 59, 59, tzinfo=timezone.utc)
    else:
        named = _parsed(column, str(value))
    if named.tzinfo is None:
        raise InputError.of(column, value, "has no time zone", f"add Z for UTC: {value}Z")
    if named.microsecond:
        raise InputError.of(column, value, "has a fraction of a second", _WRITE_A_TIME)
    if not 0 < (second := int(named.timestamp())) < LAST_SECOND:
        raise InputError.of(column, value, "is before 1970", _WRITE_A_TIME)
    return second


def _parsed(column: str, text: str) -> datetime:
    day = len(text) == len("2027-03-31")
    written = f"{text}T23:59:59Z" if day else text
    if "T" in written:
        iso = f"{written[:-1]}+00:00" if written.endswith("Z") else written
        try:
            return datetime.fromisoformat(iso)
        except ValueError:
            pass
    raise InputError.of(column, text, "is no time", _WRITE_A_TIME)

# SPDX-License-Identifier: MIT
"""Pydantic models of what files say: read whole, or refused with every fault as a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

from prorata.errors import InputError, Problem

__all__ = ["forwarded", "parsed_by", "validated"]

Model = TypeVar("Model", bound=BaseModel)


def validated(
    model: type[Model], content: object, example: str, subject: str, remedy: str | None = None
) -> Model:
    """A model from values; `example` names a file that does it right, `subject` what is read.

    The `remedy` is for files that nobody writes by hand: then a fault is not to be mended there.

    Raises: InputError with every fault in them.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [_problem_of(fault, f"see {example}", remedy) for fault in error.errors()]
        raise InputError(problems, subject) from None


def forwarded(parse: Callable[[Any], object]) -> Callable[[object], object]:
    """The same, with its refusal in the words that pydantic forwards."""

    def validate(value: object) -> object:
        try:
            return parse(value)
        except InputError as error:
            problem = error.problems[0]
            raise ValueError(f"{problem.rule}; {problem.remedy}") from None

    return validate


def parsed_by(parse: Callable[[Any], object]) -> BeforeValidator:
    """Reads a value as `parse` does, and refuses it in the same words."""
    return BeforeValidator(forwarded(parse))


def _problem_of(fault: Any, see: str, remedy: str | None) -> Problem:
    """One of pydantic's faults as a sentence of ours."""
    where = ".".join(str(part) for part in fault["loc"]) or None
    value, kind = str(fault["input"]), fault["type"]
    if kind == "missing":
        return Problem(None, where, "", "is missing", remedy or "add it")
    if kind == "extra_forbidden":
        rule = "does not belong there" if remedy else "is no setting"
        return Problem(None, where, value, rule, remedy or "remove it")
    if kind == "model_type":
        return Problem(None, where, value, "has no names with values", remedy or see)
    if kind == "literal_error":
        words = fault["ctx"]["expected"].replace("'", "")
        return Problem(None, where, value, "is no word for it", remedy or f"write {words}")
    rule, _, said = str(fault["msg"]).removeprefix("Value error, ").partition("; ")
    return Problem(None, where, value, rule, said or remedy or see)

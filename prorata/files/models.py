# SPDX-License-Identifier: MIT
"""Pydantic models of what files say: read whole, or refused with every fault as a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ValidationError

from prorata.errors import InputError, Problem
from prorata.values.words import listed

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
        see = f"see {example}"
        problems = [_problem_of(fault, model, see, remedy) for fault in error.errors()]
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


def _problem_of(fault: Any, model: type[BaseModel], see: str, remedy: str | None) -> Problem:
    """One of pydantic's faults as a sentence of ours."""
    where = ".".join(str(part) for part in fault["loc"]) or None
    value, kind = str(fault["input"]), fault["type"]
    if kind == "missing":
        return Problem(None, where, "", "is missing", remedy or "add it")
    if kind == "extra_forbidden":
        if remedy:
            return Problem(None, where, value, "does not belong there", remedy)
        known = [*_settings_beside(model, fault["loc"])]
        more = f"; the settings there are {listed(known)}" if len(known) > 1 else ""
        return Problem(None, where, value, "is no setting", f"remove it{more}")
    if kind == "model_type":
        return Problem(None, where, value, "has no names with values", remedy or see)
    if kind == "literal_error":
        words = fault["ctx"]["expected"].replace("'", "")
        return Problem(None, where, value, "is no word for it", remedy or f"write {words}")
    rule, _, said = str(fault["msg"]).removeprefix("Value error, ").partition("; ")
    return Problem(None, where, value, rule, said or remedy or see)


def _settings_beside(model: type[BaseModel], place: Sequence[int | str]) -> Iterator[str]:
    """The settings that there are where one is that there is not; none where that is not plain."""
    here: set[type[BaseModel]] = {model}
    for part in place[:-1]:
        if isinstance(part, str):
            found = (_field(one, part) for one in here)
            here = {inner for annotation in found for inner in _models_in(annotation)}
    if len(here) == 1:
        [only] = here
        yield from (field.alias or name for name, field in only.model_fields.items())


def _field(model: type[BaseModel], said: str) -> Any:
    """What the setting that a file calls so is made of."""
    for name, field in model.model_fields.items():
        if said in (name, field.alias):
            return field.annotation
    return None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation names, in whatever it is wrapped."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)

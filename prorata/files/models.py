# SPDX-License-Identifier: MIT
"""Pydantic models of what files say: read whole, or refused with every fault as a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
        told = error.errors()
        faults = [fault for fault in told if not _follows(fault, told)]
        problems = [_problem_of(fault, model, content, see, remedy) for fault in faults]
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


_SHORT = 60

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "bool_type": ("is not yes or no", "write true or false"),
    "dict_type": ("has no names with values", ""),
    "greater_than_equal": ("is less than {ge}", "write {ge} or more"),
    "int_parsing": ("is no whole number", "write digits"),
    "int_type": ("is no whole number", "write digits"),
    "less_than_equal": ("is more than {le}", "write {le} or less"),
    "list_type": ("is no list", "write each entry after a dash"),
    "mapping_type": ("has no names with values", ""),
    "model_attributes_type": ("has no names with values", ""),
    "model_type": ("has no names with values", ""),
    "string_pattern_mismatch": ("does not match {pattern}", "write it in that form"),
    "string_too_long": ("is too long", "write at most {max_length} letters"),
    "string_too_short": ("is too short", "write at least {min_length} letters"),
    "string_type": ("is no text", "write it in quotes"),
    "too_long": ("has {actual_length} entries", "write at most {max_length}"),
    "too_short": ("has {actual_length} entries", "write at least {min_length}"),
    "tuple_type": ("is no list", "write each entry after a dash"),
}
"""Rule and remedy for those faults that pydantic itself finds; their numbers are in its context."""


def _problem_of(
    fault: Any, model: type[BaseModel], content: object, see: str, remedy: str | None
) -> Problem:
    """One of pydantic's faults as a sentence of ours."""
    where = ".".join(_written(fault, content)) or None
    value, kind = _shortened(fault["input"]), fault["type"]
    if kind == "missing":
        return Problem(None, where, "", "is missing", remedy or "add it")
    if kind == "extra_forbidden":
        if remedy:
            return Problem(None, where, value, "does not belong there", remedy)
        known = [*_settings_beside(model, fault["loc"])]
        more = f"; the settings there are {listed(known)}" if len(known) > 1 else ""
        return Problem(None, where, value, "is no setting", f"remove it{more}")
    if kind in ("literal_error", "union_tag_invalid"):
        context = fault["ctx"]
        value = context.get("tag", value)
        words = context.get("expected", context.get("expected_tags", "")).replace("'", "")
        return Problem(None, where, value, "is no word for it", remedy or f"write {words}")
    if kind == "union_tag_not_found":
        tag = fault["ctx"]["discriminator"].replace("'", "")
        return Problem(None, where, value, f"does not say {tag}", remedy or see)
    if kind in _SENTENCES:
        rule, mend = (part.format_map(fault.get("ctx", {})) for part in _SENTENCES[kind])
        return Problem(None, where, value, rule, remedy or "; ".join(filter(None, (mend, see))))
    rule, _, said = str(fault["msg"]).removeprefix("Value error, ").partition("; ")
    return Problem(None, where, value, rule, said or remedy or see)


def _follows(fault: Any, faults: Sequence[Any]) -> bool:
    """Whether a list has too few entries only because some in it have faults of their own."""
    place = fault["loc"]
    return fault["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in faults
    )


def _written(fault: Any, content: object) -> Iterator[str]:
    """The place as it is in the file: without pydantic's own names of the kinds of an entry."""
    here, place = content, fault["loc"]
    for at, part in enumerate(place):
        if isinstance(here, Mapping) and part not in here:
            missing = fault["type"] == "missing" and at == len(place) - 1
            kinds = {str(value) for value in here.values() if isinstance(value, str)}
            if not missing and part in kinds:
                continue
        yield str(part)
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, Sequence) and isinstance(part, int) and part < len(here):
            here = here[part]


def _shortened(value: object) -> str:
    """What was written, at most so much of it as can be read."""
    said = str(value)
    return said if len(said) <= _SHORT or isinstance(value, str) else f"{said[:_SHORT]}…"


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

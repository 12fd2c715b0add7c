"""What a file says beyond its model is refused, and the settings that there are are named."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from prorata.errors import InputError
from prorata.files.models import validated


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    low: Annotated[str | None, Field(alias="from")] = None
    step: str | None = None


class Alone(BaseModel):
    model_config = ConfigDict(extra="forbid")
    only: str | None = None


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = ""
    price: Part | None = None
    rates: list[Part] = []
    named: dict[str, Part] = {}
    either: Part | Alone | None = None
    alone: Alone | None = None


OUTER = "name, price, rates, named, either and alone"
INNER = "from and step"


@pytest.mark.parametrize(
    ("content", "place", "known"),
    [
        ({"nmae": "x"}, "nmae", OUTER),
        ({"price": {"form": "x"}}, "price.form", INNER),
        ({"rates": [{}, {"stop": "x"}]}, "rates.1.stop", INNER),
    ],
)
def test_an_unknown_setting_is_refused_with_those_that_there_are(content, place, known):
    with pytest.raises(InputError) as caught:
        validated(Whole, content, "an example", "terms.yaml")
    [problem] = caught.value.problems
    remedy = f"remove it; the settings there are {known}"
    assert str(problem) == f'{place}: "x" is no setting; {remedy}'


@pytest.mark.parametrize(
    "content",
    [
        {"named": {"key": {"stop": "x"}}},
        {"either": {"stop": "x"}},
        {"alone": {"stop": "x"}},
    ],
)
def test_nothing_is_listed_where_it_is_not_plain_what_there_is(content):
    with pytest.raises(InputError) as caught:
        validated(Whole, content, "an example", "terms.yaml")
    assert {problem.remedy for problem in caught.value.problems} == {"remove it"}


def test_a_file_that_nobody_writes_keeps_its_own_remedy():
    with pytest.raises(InputError) as caught:
        validated(Whole, {"nmae": "x"}, "", "plan.json", "plan it anew")
    assert str(caught.value.problems[0]) == 'nmae: "x" does not belong there; plan it anew'


class Wage(BaseModel):
    kind: Literal["wage"]
    amount: int = Field(strict=True, ge=1, le=99)


class Note(BaseModel):
    kind: Literal["note"]
    text: str = Field(min_length=2, max_length=5, pattern="^[a-z]+$")


class Letters(BaseModel):
    entries: tuple[Annotated[Wage | Note, Field(discriminator="kind")], ...] = Field(min_length=1)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"kind": "wage", "amount": 0}, 'entries.0.amount: "0" is less than 1; write 1 or more'),
        ({"kind": "wage", "amount": 100}, '"100" is more than 99; write 99 or less'),
        ({"kind": "wage", "amount": "x"}, '"x" is no whole number; write digits'),
        ({"kind": "wage"}, "entries.0.amount"),
        ({"kind": "note", "text": "a"}, '"a" is too short; write at least 2 letters'),
        ({"kind": "note", "text": "abcdef"}, '"abcdef" is too long; write at most 5 letters'),
        ({"kind": "note", "text": "A1"}, '"A1" does not match ^[a-z]+$; write it in that form'),
        ({"kind": "note", "text": 7}, 'entries.0.text: "7" is no text; write it in quotes'),
        ({"kind": "bill"}, 'entries.0: "bill" is no word for it; write wage, note'),
        ({"text": "ab"}, "does not say kind"),
        (7, '"7" has no names with values'),
    ],
)
def test_what_pydantic_finds_is_said_once_and_in_our_words(entry: object, sentence: str) -> None:
    """One fault each: a list is not called too short because its entry has a fault."""
    with pytest.raises(InputError) as refused:
        validated(Letters, {"entries": [entry]}, "an example", "letters.yaml")
    [problem] = refused.value.problems
    assert sentence in str(problem)
    assert "should" not in str(problem)


def test_a_list_without_entries_is_too_short() -> None:
    with pytest.raises(InputError) as refused:
        validated(Letters, {"entries": []}, "an example", "letters.yaml")
    assert 'entries: "[]" has 0 entries; write at least 1' in str(refused.value)

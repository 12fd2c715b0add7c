"""What a file says beyond its model is refused, and the settings that there are are named."""

from __future__ import annotations

from typing import Annotated

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

"""Files of terms: the example of an offering lacks its time and nothing else."""

from __future__ import annotations

import pytest

from prorata.errors import InputError
from prorata.market.calls.term_files import read_terms
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment

EXAMPLE = PROJECT_ROOT / "examples" / "building" / "offering.yaml"


def test_the_example_is_complete_once_its_time_is_written(tmp_path):
    text = EXAMPLE.read_text(encoding="utf-8")
    *_, last = text.splitlines()
    assert last.startswith("# closes: ")
    path = tmp_path / "offering.yaml"
    for said in (text.replace(last, last.removeprefix("# ")), f"{text}{last.removeprefix('# ')}\n"):
        path.write_text(said, encoding="utf-8")
        assert moment(read_terms(path, "offer").closes) == "2027-05-31T15:00:00Z"


def test_the_example_as_it_stands_is_refused_for_want_of_its_time():
    with pytest.raises(InputError) as caught:
        read_terms(EXAMPLE, "offer")
    assert [str(one) for one in caught.value.problems] == ['closes: "" is missing; add it']

"""Groups of people in a table: law 93."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.register.small_groups import FEWEST, Groups, safe_groups


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"DE": 9, "US": 5}, Groups(("DE", "US"), ())),
        ({"DE": 9, "FR": 2, "IT": 3, "US": 5}, Groups(("DE", "US"), ("FR", "IT"))),
        # Two alone could be computed from the total: the next smallest hides them.
        ({"DE": 9, "FR": 2, "US": 5}, Groups(("DE",), ("FR", "US"))),
        ({"DE": 9, "FR": 4}, Groups((), ("DE", "FR"))),
        ({"FR": 4}, Groups((), ("FR",), hidden=True)),
        ({"FR": 0, "US": 7}, Groups(("FR", "US"), ())),
        ({}, Groups((), ())),
    ],
)
def test_small_groups_are_added_up(counts, expected):
    assert safe_groups(counts) == expected


@given(st.dictionaries(st.integers(0, 30), st.integers(0, 12), max_size=8))
def test_no_group_that_is_shown_or_can_be_computed_has_fewer_than_five(counts):
    """Law 93: what is shown and the others, each, are none or five at least; nobody is lost."""
    groups = safe_groups(counts)
    assert sorted((*groups.shown, *groups.others)) == sorted(counts)
    assert all(counts[key] == 0 or counts[key] >= FEWEST for key in groups.shown)
    others = sum(counts[key] for key in groups.others)
    assert groups.hidden == (0 < others < FEWEST)
    assert len(groups.others) != 1 or groups.hidden
    if groups.hidden:
        assert sum(counts.values()) < FEWEST
    # No more is hidden than must be: without the largest of the others they would be too few.
    large = [counts[key] for key in groups.others if counts[key] >= FEWEST]
    assert len(large) <= 1
    assert not large or others - large[0] < FEWEST

"""What a vote chooses, in words and as the contract has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.errors import InputError
from prorata.market.meetings.choices import choices_in_words, each_choice, parse_choices

ABSTAIN, FOR, AGAINST = range(3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for", [FOR, FOR, FOR]),
        ("Against", [AGAINST, AGAINST, AGAINST]),
        ("for, against, abstain", [FOR, AGAINST, ABSTAIN]),
        ("1 for, 2-3 against", [FOR, AGAINST, AGAINST]),
        ("2  for ,rest   abstain", [ABSTAIN, FOR, ABSTAIN]),
        ("rest against", [AGAINST, AGAINST, AGAINST]),
    ],
)
def test_words_are_read(text, expected):
    assert each_choice(parse_choices(text, 3), 3) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'has ""'),
        ("for against", 'has "for against"'),
        ("1 for, 3 for", "says nothing of resolution 2"),
        ("0 for, rest for", "the resolutions are 1 to 3"),
        ("3-1 for, rest for", "the resolutions are 1 to 3"),
        ("1-3 for, rest against", "the resolutions are 1 to 3"),
        ("1-2 for, 2 against, 3 for", "names resolution 2 twice"),
    ],
)
def test_a_slip_is_refused(text, said):
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        parse_choices(text, 3)


@given(st.lists(st.sampled_from((ABSTAIN, FOR, AGAINST)), min_size=1, max_size=60))
def test_what_is_written_is_read_again(chosen):
    """For any number of resolutions, two bits each, the first one lowest."""
    packed = sum(choice * 4**at for at, choice in enumerate(chosen))
    count = len(chosen)
    assert each_choice(packed, count) == chosen
    assert parse_choices(", ".join(choices_in_words(packed, count)), count) == packed

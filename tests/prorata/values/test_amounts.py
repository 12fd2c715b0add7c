"""money.py: exact text to units and back, or one clear sentence."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prorata.errors import InputError, Problem
from prorata.values.amounts import (
    ETHER,
    MAX_DECIMALS,
    MAX_UNITS,
    Amount,
    Unit,
    format_units,
    parse_units,
    percent,
)

DECIMALS = st.integers(0, MAX_DECIMALS)
AMOUNTS = st.one_of(st.integers(0, 10_000), st.integers(0, 10**18), st.integers(0, MAX_UNITS))


def refusal(text: str, decimals: int = 6, *, grouping: bool = True, noun: str = "units") -> str:
    with pytest.raises(InputError) as caught:
        parse_units(text, decimals, grouping=grouping, noun=noun)
    return str(caught.value)


# ---------------------------------------------------------------------------- examples


@pytest.mark.parametrize(
    ("text", "decimals", "units"),
    [
        ("85,000.00", 6, 85_000_000_000),
        ("85_000.00", 6, 85_000_000_000),
        ("85000", 6, 85_000_000_000),
        ("0", 0, 0),
        ("0.000001", 6, 1),
        ("1", 18, 10**18),
        ("1.000000000000000001", 18, 10**18 + 1),
        ("10,000", 0, 10_000),
        ("1,000,000.5", 2, 100_000_050),
        ("0." + "0" * 35 + "1", 36, 1),
        (str(MAX_UNITS), 0, MAX_UNITS),
    ],
)
def test_text_names_exactly_one_amount(text: str, decimals: int, units: int) -> None:
    assert parse_units(text, decimals) == units


@pytest.mark.parametrize(
    ("amount", "decimals", "text", "trimmed"),
    [
        (85_000_000_000, 6, "85,000.000000", "85,000"),
        (1, 6, "0.000001", "0.000001"),
        (1_500_000, 6, "1.500000", "1.5"),
        (0, 18, "0." + "0" * 18, "0"),
        (10_000, 0, "10,000", "10,000"),
        (100, 0, "100", "100"),
        (-5, 2, "-0.05", "-0.05"),
        (MAX_UNITS, 77, f"1.{str(MAX_UNITS)[1:]}", f"1.{str(MAX_UNITS)[1:]}"),
    ],
)
def test_an_amount_is_written_with_all_its_decimals_or_trimmed(
    amount: int, decimals: int, text: str, trimmed: str
) -> None:
    assert format_units(amount, decimals) == text
    assert format_units(amount, decimals, trim=True) == trimmed


def test_grouping_can_be_left_out_for_programs() -> None:
    assert format_units(1_234_567_890, 2, grouping=False) == "12345678.90"
    assert parse_units("12345678.90", 2, grouping=False) == 1_234_567_890


def test_percentages_are_rounded_down() -> None:
    assert percent(800, 10_000) == "8.00%"
    assert percent(1, 3) == "33.33%"
    assert percent(2, 3, 0) == "66%"
    assert percent(10_000, 10_000) == percent(1, 1) == "100.00%"
    assert percent(0, 7) == percent(0, 1) == "0.00%"
    assert percent(1, 7, 18) == "14.285714285714285714%"


# ---------------------------------------------------------------------------- refusals


PLAIN_ASCII = "type it again in plain ASCII"
NOT_A_NUMBER = ("is not a number", "write digits such as 1500.25")
BLANK = ("is blank", "write a number of units such as 1500.25")
NEGATIVE = ("is negative", "write an amount without a sign such as 1500.25")
EXPONENT = (
    "is in exponent notation",
    "format the cell as a plain number and write every digit",
)


@pytest.mark.parametrize(
    ("text", "rule", "remedy"),
    [
        ("", *BLANK),
        ("  ", *BLANK),
        (" 1", "has a space at position 1", "remove it"),
        ("1 000", "has a space at position 2", "remove it"),
        ("-5", *NEGATIVE),
        ("(5)", *NEGATIVE),
        ("+5", "has a sign", "write an amount without a sign such as 1500.25"),
        ("1.00E+03", *EXPONENT),
        ("1e3", *EXPONENT),
        ("NaN", *NOT_A_NUMBER),
        ("!1", *NOT_A_NUMBER),
        ("~1", *NOT_A_NUMBER),
        ("-inf", *NOT_A_NUMBER),
        (".5", *NOT_A_NUMBER),
        ("5.", *NOT_A_NUMBER),
        ("$5", *NOT_A_NUMBER),
        ("0x10", *NOT_A_NUMBER),
        ("007", "starts with a zero", "remove the leading zeros"),
        ("#REF!", "is a spreadsheet's error mark", "repair the cell and write 1500.25, say"),
        (
            "1.0000000",
            "has 7 decimals and only 6 exist",
            "write at most 6 digits after the point",
        ),
        (
            "\uff11\uff12",
            "has the foreign character U+FF11 FULLWIDTH DIGIT ONE at position 1",
            PLAIN_ASCII,
        ),
        (
            "\u0663",
            "has the foreign character U+0663 ARABIC-INDIC DIGIT THREE at position 1",
            PLAIN_ASCII,
        ),
        ("\u22125", "has the foreign character U+2212 MINUS SIGN at position 1", PLAIN_ASCII),
        (
            "1\u00a0000",
            "has the hidden character U+00A0 NO-BREAK SPACE at position 2",
            "remove it",
        ),
        (
            "1\u200b000",
            "has the hidden character U+200B ZERO WIDTH SPACE at position 2",
            "remove it",
        ),
        ("5\n", "has the hidden character U+000A CONTROL CHARACTER at position 2", "remove it"),
    ],
)
def test_text_that_names_no_amount_is_refused_in_a_sentence(
    text: str, rule: str, remedy: str
) -> None:
    with pytest.raises(InputError) as caught:
        parse_units(text, 6)
    assert caught.value.problems == (Problem(None, None, text, rule, remedy),)
    assert str(caught.value).endswith(f'" {rule}; {remedy}')


@pytest.mark.parametrize(
    "text", ["1,00", "1,0000", "10,00,000", "1,000_000", "1000,000", "1,000,", "0,100", "1,,000"]
)
def test_separators_that_do_not_group_by_three_are_refused(text: str) -> None:
    assert refusal(text) == (
        f'"{text}" has separators that do not stand between groups of three digits; '
        "write 1500.25, or 1,500 with one kind of separator every three digits"
    )


def test_a_separator_is_refused_where_programs_write() -> None:
    assert refusal("1,450", 0, grouping=False, noun="shares") == (
        '"1,450" has a separator between its digits; write it without, such as 1500'
    )


def test_a_fraction_of_what_cannot_be_split_is_refused() -> None:
    assert refusal("1.5", 0, noun="shares") == (
        '"1.5" is not a whole number of shares; write whole shares only'
    )
    assert refusal("1.0", 0, noun="shares") == (
        '"1.0" is not a whole number of shares; write whole shares only'
    )


@pytest.mark.parametrize("text", [str(2**256), "9" * 10_000])
def test_an_amount_beyond_the_chains_word_is_refused(text: str) -> None:
    assert refusal(text, 0).endswith(
        "does not fit the chain's 256-bit word; write a smaller amount"
    )


@pytest.mark.parametrize("decimals", [-1, 78])
def test_impossible_decimals_are_refused(decimals: int) -> None:
    sentence = f'decimals: "{decimals}" is outside 0 to 77; give 0 to 77'
    assert refusal("1", decimals) == sentence
    with pytest.raises(InputError) as caught:
        format_units(1, decimals)
    assert str(caught.value) == sentence


def test_floats_and_truth_values_are_no_amounts() -> None:
    for value in (1.0, True, "1"):
        with pytest.raises(InputError) as caught:
            format_units(value, 6)  # type: ignore[arg-type]
        assert str(caught.value) == (
            f'amount: "{value}" is not an integer; give smallest units as an int'
        )
    with pytest.raises(InputError) as caught:
        parse_units("1", True)
    assert str(caught.value) == 'decimals: "True" is not an integer; give 0 to 77'


def test_an_amount_beyond_the_chains_word_is_not_written() -> None:
    with pytest.raises(InputError) as caught:
        format_units(2**256, 0)
    assert "does not fit the chain's 256-bit word" in str(caught.value)


@pytest.mark.parametrize(
    ("part", "whole", "places", "sentence"),
    [
        (1, 0, 2, 'part: "1" is not a part of 0; give 0 <= part <= whole, and whole over 0'),
        (0, 0, 2, 'part: "0" is not a part of 0; give 0 <= part <= whole, and whole over 0'),
        (3, 2, 2, 'part: "3" is not a part of 2; give 0 <= part <= whole, and whole over 0'),
        (-1, 2, 2, 'part: "-1" is not a part of 2; give 0 <= part <= whole, and whole over 0'),
        (1, 2, 19, 'places: "19" is outside 0 to 18; give 0 to 18'),
    ],
)
def test_a_percentage_of_nothing_is_refused(
    part: int, whole: int, places: int, sentence: str
) -> None:
    with pytest.raises(InputError) as caught:
        percent(part, whole, places)
    assert str(caught.value) == sentence


# ---------------------------------------------------------------------------- laws


@given(AMOUNTS, DECIMALS, st.booleans(), st.booleans())
def test_writing_and_reading_an_amount_gives_it_back(
    amount: int, decimals: int, grouping: bool, trim: bool
) -> None:
    """Every amount, written in every style, is read back to the unit (Law 1)."""
    text = format_units(amount, decimals, grouping=grouping, trim=trim)
    assert parse_units(text, decimals, grouping=grouping) == amount


@given(AMOUNTS, AMOUNTS, DECIMALS)
def test_two_amounts_never_share_a_text(first: int, second: int, decimals: int) -> None:
    """Different amounts of one currency are written differently (Law 1)."""
    assume(first != second)
    assert format_units(first, decimals) != format_units(second, decimals)


@given(st.text(), DECIMALS)
def test_any_text_is_an_amount_or_a_sentence(text: str, decimals: int) -> None:
    """No text at all makes the reader fail in another way than with one problem (Law 1)."""
    try:
        amount = parse_units(text, decimals)
    except InputError as error:
        [problem] = error.problems
        faulty = problem.value
    else:
        faulty = text
        assert 0 <= amount <= MAX_UNITS
        assert text.isascii()
    assert faulty == text


@given(st.text("0123456789.,_+-eE ()", max_size=14), st.integers(0, 8))
def test_text_that_is_accepted_means_what_it_says(text: str, decimals: int) -> None:
    """An accepted text, without its separators, is the amount it would be by hand (Law 1)."""
    try:
        amount = parse_units(text, decimals)
    except InputError:
        return
    whole, _, part = text.replace(",", "").replace("_", "").partition(".")
    assert amount * 10 ** len(part) == int(whole + part) * 10**decimals


@given(st.lists(st.integers(0, 10**30), min_size=1, max_size=20), st.integers(0, 18))
def test_a_column_of_percentages_never_exceeds_the_whole(parts: list[int], places: int) -> None:
    """The percentages of the parts of one whole add up to at most 100 % (Law 2)."""
    assume(sum(parts) > 0)
    column = [percent(part, sum(parts), places)[:-1] for part in parts]
    assert sum(parse_units(text, places) for text in column) <= 100 * 10**places


# ---------------------------------------------------------------------------- for programs


def test_an_amount_for_a_program_says_all_there_is_to_know() -> None:
    amount = Unit("USD", 6).amount(85_000 * 10**6)
    assert amount.as_json() == {
        "units": "85000000000",
        "text": "85,000.00",
        "decimals": 6,
        "currency": "USD",
    }
    assert amount.model_dump(mode="json") == amount.as_json()
    assert (amount.cell, amount.figure) == ("85000.000000", "85,000.000000")
    assert ETHER.amount(10**18, "0x1").as_json()["address"] == "0x1"
    assert ETHER.if_known(None) is None
    assert ETHER.if_known(0) == ETHER.amount(0)


@pytest.mark.parametrize(
    ("units", "decimals", "text", "figure"),
    [
        (10_000, 0, "10,000", "10,000"),
        (5, 1, "0.5", "0.5"),
        (-5, 2, "-0.05", "-0.05"),
        (1_500_000, 6, "1.50", "1.500000"),
        (1_234_567, 6, "1.234567", "1.234567"),
        (10**18, 18, "1.00", "1"),
        (1, 18, "0.000000000000000001", "0.000000000000000001"),
    ],
)
def test_people_read_two_decimals_and_more_where_they_say_something(
    units: int, decimals: int, text: str, figure: str
) -> None:
    amount = Unit("USD", decimals).amount(units)
    assert (amount.text, amount.figure) == (text, figure)


@given(AMOUNTS, DECIMALS)
def test_the_json_of_an_amount_is_read_back_as_the_same_amount(units: int, decimals: int) -> None:
    """No unit is lost in JSON, and its text names the same amount (Law 1)."""
    amount = Unit("USD", decimals).amount(units)
    assert Amount.model_validate(amount.as_json()) == amount
    assert int(amount.as_json()["units"]) == parse_units(amount.text, decimals) == units

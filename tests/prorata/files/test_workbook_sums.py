"""Columns of amounts in a workbook: exact or text, and sums that a spreadsheet works out again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.files.workbook_sums import (
    as_text,
    computed,
    exact,
    exact_or_text,
    money_format,
    summed,
)
from prorata.files.workbook_writer import Formula, Page, write_workbook
from tests.evaluated import Evaluated


@pytest.mark.parametrize(
    ("units", "decimals", "number"),
    [
        (0, 6, 0),
        (85_000_000_000, 6, 85_000),
        (1_234_500, 6, Decimal("1.2345")),
        (-1_370_000, 6, Decimal("-1.37")),
        (10**15 - 1, 0, 10**15 - 1),
        (10**15, 0, None),
        (10**15 + 10**6, 6, Decimal(1_000_000_001)),
        (1_234_567_890_123_456, 2, None),
        (10**18, 18, 1),
        (1_234_567_890_123_456_789, 18, None),
    ],
)
def test_an_amount_is_a_number_as_long_as_a_spreadsheet_keeps_it(units, decimals, number):
    """Fifteen digits, wherever the point is."""
    assert exact(units, decimals) == number
    shown = exact_or_text(units, decimals)
    assert shown == (as_text(units, decimals) if number is None else number)


@given(st.integers(-(2**255), 2**255), st.integers(0, 36))
def test_a_number_comes_back_from_a_double_to_the_last_digit(units, decimals):
    number = exact(units, decimals)
    if number is not None:
        shown = Decimal(f"{float(number):.15g}")
        assert shown.scaleb(decimals) == units


def test_one_amount_that_does_not_fit_makes_the_column_text():
    """Nobody adds up a part of it."""
    column = summed("B", 2, [10**18, 1_234_567_890_123_456_789], 18)
    assert column.cells == ["1", "1.234567890123456789"]
    assert (column.total, column.live) == ("2.234567890123456789", False)
    full = summed("B", 2, [999_999_999_999_999, 1], 0)
    assert (full.cells, full.total, full.live) == (["999999999999999", "1"], str(10**15), False)


def test_a_column_of_nothing_comes_to_nothing():
    assert summed("B", 2, [], 6).total == 0


def test_a_formula_is_rounded_as_its_currency_is():
    assert computed("B2-B3", -1_370_000, 6, live=True) == Formula(
        "ROUND(B2-B3,6)", Decimal("-1.37")
    )
    assert computed("B2-B3", -1_370_000, 6, live=False) == "-1.37"
    assert money_format(0) == "#,##0"
    assert money_format(2) == "#,##0.00"
    assert money_format(6) == "#,##0.00####"


@given(
    columns=st.lists(
        st.tuples(st.integers(0, 8), st.lists(st.integers(0, 10**14), max_size=6)),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_live_sums_come_to_the_values_that_stand_in_the_file(tmp_path_factory, columns):
    """By an evaluator of its own; the same formula on two sheets has the value of each."""
    path = tmp_path_factory.mktemp("sums") / "x.xlsx"
    pages, expected = [], {}
    for number, (decimals, amounts) in enumerate(columns):
        column = summed("B", 2, amounts, decimals)
        rows = [("", cell) for cell in column.cells]
        pages.append(Page(f"s{number}", [("", "amount"), *rows, ("sum", column.total)], (9, 9)))
        if column.live and amounts:
            total = Decimal(sum(amounts)).scaleb(-decimals)
            expected[f"s{number}", f"B{len(amounts) + 2}"] = total
    write_workbook(path, pages)
    before = path.read_bytes()
    write_workbook(path, pages)
    assert path.read_bytes() == before
    book = Evaluated(path)
    assert set(book.formulas()) == set(expected)
    for place, total in expected.items():
        assert book.value(*place) == total
        assert book.kept(*place) == total

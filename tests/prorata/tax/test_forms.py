"""Where income stands on forms: the table is whole, and box 3b names a rate that withholds so."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prorata.apportion import withhold
from prorata.tax.forms import BOXES, REPORTING, tax_rate
from prorata.values.kinds import Kind


def test_every_kind_of_income_has_its_place():
    assert list(REPORTING) == list(Kind)
    for reporting in REPORTING.values():
        assert reporting.gross.form == reporting.withheld.form
        assert reporting.gross.number != reporting.withheld.number == "4"
        assert reporting.remark.endswith(".")
        assert len(reporting.event_type) == 4


def test_boxes_are_called_as_on_the_forms():
    assert [box.column for box in BOXES] == [
        "1099-DIV 1a Total ordinary dividends",
        "1099-DIV 3 Nondividend distributions",
        "1099-DIV 4 Federal income tax withheld",
        "1099-DIV 9 Cash liquidation distributions",
        "1099-INT 1 Interest income",
        "1099-INT 4 Federal income tax withheld",
        "1099-MISC 1 Rents",
        "1099-MISC 4 Federal income tax withheld",
    ]


@pytest.mark.parametrize(
    ("gross", "tax", "rate"),
    [
        (1_000_000, 300_000, "30.00"),
        (1_000_001, 150_000, "15.00"),
        (10_000, 5, "00.05"),
        (10_000, 10_000, "100.00"),
        (10**18, 0, "00.00"),
        # Too small to tell one rate from its neighbours, or no rate at all.
        (3, 0, ""),
        (7, 3, ""),
        (1_000_000_000, 300_000_001, ""),
        (0, 0, ""),
        (5, 6, ""),
    ],
)
def test_box_3b_has_the_one_rate_that_withholds_this(gross, tax, rate):
    assert tax_rate(gross, tax) == rate


@given(gross=st.integers(10_000, 10**30), rate=st.integers(0, 10_000))
@example(gross=10_000, rate=10_000)
def test_a_rate_that_was_applied_is_found_again(gross, rate):
    """On amounts of 10,000 units and more."""
    assert tax_rate(gross, withhold(gross, rate)) == f"{rate // 100:02d}.{rate % 100:02d}"

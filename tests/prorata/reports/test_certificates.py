"""Certificates of retirement: which shares they are among all that were retired."""

from __future__ import annotations

import pytest

from prorata.reports.certificates import Certificate, write_certificate
from prorata.values.amounts import Unit

HOLDER, TOKEN, PLACE = (f"0x{digit * 40}" for digit in "123")


def certificate(decimals: int, before: int, shares: int) -> Certificate:
    unit = Unit("CO2", decimals)
    return Certificate(
        asset="Forest",
        symbol="CO2",
        token=TOKEN,
        chain_id=1,
        contract=PLACE,
        exchange=1,
        holder=HOLDER,
        shares=unit.amount(shares),
        before=unit.amount(before),
        after=unit.amount(before + shares),
        beneficiary="Ann",
        reason="Flights",
        note="",
        document="",
        at=0,
        block=7,
        transaction=f"0x{'ab' * 32}",
    )


@pytest.mark.parametrize(
    ("decimals", "before", "shares", "said"),
    [
        (0, 0, 100, ("1 to 100", "CO2-100-abababab")),
        (0, 1_999, 1, ("2,000 to 2,000", "CO2-2000-abababab")),
        (2, 150, 500, ("from 1.50 to 6.50", "CO2-6.5-abababab")),
        (
            18,
            0,
            10**18 + 1,
            ("from 0.00 to 1.000000000000000001", "CO2-1.000000000000000001-abababab"),
        ),
        (18, 10**18, 5 * 10**17, ("from 1.00 to 1.50", "CO2-1.5-abababab")),
    ],
)
def test_what_was_retired_is_counted_in_shares(tmp_path, decimals, before, shares, said):
    made = certificate(decimals, before, shares)
    assert (made.counted, made.number) == said
    page, _ = write_certificate(made, tmp_path / "page.html")
    assert f"<dd>{said[0]}, counted among all that were retired</dd>" in page.read_text()

"""play.py: contracts of our own, worked out by hand, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from prorata.assets.actus import play
from prorata.errors import InputError

LOAN: dict[str, Any] = {
    "contractType": "PAM",
    "contractRole": "RPA",
    "statusDate": "2026-12-31T00:00:00",
    "initialExchangeDate": "2027-01-01T00:00:00",
    "maturityDate": "2028-01-01T00:00:00",
    "notionalPrincipal": "1200",
    "nominalInterestRate": "0.10",
    "dayCountConvention": "30E360",
    "cycleAnchorDateOfInterestPayment": "2027-07-01T00:00:00",
    "cycleOfInterestPayment": "P6ML1",
    "currency": "USD",
}


def told(terms: dict[str, Any], *further: Any) -> list[tuple[str, str, Fraction, Fraction]]:
    return [
        (one.time.date().isoformat(), one.type, one.payoff, one.notional)
        for one in play(terms, *further)
    ]


def refusal(terms: dict[str, Any], *further: Any) -> str:
    with pytest.raises(InputError) as refused:
        play(terms, *further)
    return str(refused.value)


def test_a_bond():
    assert told(LOAN) == [
        ("2027-01-01", "IED", -1200, 1200),
        ("2027-07-01", "IP", 60, 1200),
        ("2028-01-01", "IP", 60, 1200),
        ("2028-01-01", "MD", 1200, 0),
    ]


def test_who_owes_sees_all_signs_turned():
    turned = [(when, kind, -paid, -owed) for when, kind, paid, owed in told(LOAN)]
    assert told({**LOAN, "contractRole": "RPL"}) == turned


def test_a_purchase_and_a_sale_in_between():
    """Accrued interest is paid to the seller, and received by it."""
    traded = {
        **LOAN,
        "purchaseDate": "2027-04-01T00:00:00",
        "priceAtPurchaseDate": "1190",
        "terminationDate": "2027-10-01T00:00:00",
        "priceAtTerminationDate": "1210",
    }
    assert told(traded) == [
        ("2027-04-01", "PRD", -1220, 1200),
        ("2027-07-01", "IP", 60, 1200),
        ("2027-10-01", "TD", 1240, 0),
    ]


def test_capitalised_interest_and_a_rate_with_a_cap_and_a_floor():
    reset = {
        **LOAN,
        "capitalizationEndDate": "2027-07-01T00:00:00",
        "cycleAnchorDateOfRateReset": "2027-07-01T00:00:00",
        "marketObjectCodeOfRateReset": "ANY",
        "rateSpread": "0.02",
    }
    data = {"ANY": {"data": [{"timestamp": "2027-07-01T00:00:00", "value": "0.2"}]}}
    assert told(reset, data)[1:4] == [
        ("2027-07-01", "IPCI", 0, 1260),
        ("2027-07-01", "RR", 0, 1260),
        ("2028-01-01", "IP", Fraction("138.6"), 1260),
    ]
    for further, rate in (
        ({"lifeCap": "0.15"}, "0.15"),
        ({"periodCap": "0.03"}, "0.13"),
        ({"lifeFloor": "0.3"}, "0.3"),
        ({"rateSpread": "-0.15", "periodFloor": "-0.01"}, "0.09"),
    ):
        paid = told({**reset, **further}, data)[3]
        assert paid[2] == 1260 * Fraction(rate) / 2


def test_an_annuity_ends_at_nothing():
    """Two equal payments of 1,200 at 10 % a half year of 5 %: 1,200 · 1.05² / 2.05."""
    annuity = {
        **LOAN,
        "contractType": "ANN",
        "cycleAnchorDateOfPrincipalRedemption": "2027-07-01T00:00:00",
        "cycleOfPrincipalRedemption": "P6ML1",
    }
    played = play(annuity)
    paid = {}
    for one in played:
        paid[one.time.date().isoformat()] = paid.get(one.time.date().isoformat(), 0) + one.payoff
    equal = Fraction(1200) * Fraction(21, 20) ** 2 / Fraction(41, 20)
    assert abs(paid["2027-07-01"] - equal) < Fraction(1, 10**20)
    assert abs(paid["2028-01-01"] - equal) < Fraction(1, 10**20)


def test_what_is_not_played_is_refused():
    assert refusal({**LOAN, "contractType": "SWAPS"}).startswith(
        'contractType: "SWAPS" is not played here; use one of ANN, CLM, COM, CSH, LAM'
    )
    assert refusal({**LOAN, "feeRate": "0.1"}) == (
        'feeRate: "0.1" is a term that is not played here; remove it'
    )
    assert refusal({**LOAN, "contractRole": "BUY"}).startswith('contractRole: "BUY" is not played')
    for name, value in (
        ("dayCountConvention", "28E336"),
        ("calendar", "NYC"),
        ("businessDayConvention", "SCX"),
    ):
        assert refusal({**LOAN, name: value}).startswith(f'{name}: "{value}" is not played here')


def test_what_is_missing_or_no_value_is_refused():
    without = {name: value for name, value in LOAN.items() if name != "maturityDate"}
    assert refusal(without) == 'maturityDate: "" is missing; add it to the terms'
    assert refusal({**LOAN, "nominalInterestRate": "ten"}) == (
        'nominalInterestRate: "ten" is no number; write digits with a point'
    )
    assert refusal({**LOAN, "maturityDate": "2028-01-01T00:00:00Z"}).startswith(
        'maturityDate: "2028-01-01T00:00:00Z" is no time without a zone'
    )
    assert refusal({**LOAN, "cycleOfInterestPayment": "P6ML7"}).startswith(
        'cycleOfInterestPayment: "P6ML7" has no stub of L0 or L1'
    )
    reset = {
        **LOAN,
        "cycleAnchorDateOfRateReset": "2027-07-01T00:00:00",
        "marketObjectCodeOfRateReset": "ANY",
    }
    assert refusal(reset) == (
        'observed: "ANY" has no value for 2027-07-01T00:00:00; add it to the observed data'
    )


def test_instalments_that_never_pay_a_loan_back_are_refused():
    growing = {
        **{name: value for name, value in LOAN.items() if name != "maturityDate"},
        "contractType": "NAM",
        "cycleAnchorDateOfPrincipalRedemption": "2027-07-01T00:00:00",
        "cycleOfPrincipalRedemption": "P6ML1",
        "nextPrincipalRedemptionPayment": "60",
    }
    assert "never pays the principal back; give a larger one, or the maturity" in refusal(growing)

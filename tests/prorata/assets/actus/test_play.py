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


def test_equal_parts_and_their_end_are_worked_out():
    """A third of 1,200 each half year; with the instalment alone, the maturity follows from it."""
    parts = {
        **LOAN,
        "contractType": "LAM",
        "maturityDate": "2028-07-01T00:00:00",
        "cycleOfPrincipalRedemption": "P6ML1",
        "nominalInterestRate": "0",
    }
    expected = [
        ("2027-01-01", "IED", -1200, 1200),
        ("2027-07-01", "PR", 400, 800),
        ("2028-01-01", "PR", 400, 400),
        ("2028-07-01", "MD", 400, 0),
    ]
    assert [one for one in told(parts) if one[1] != "IP"] == expected
    derived = {**parts, "nextPrincipalRedemptionPayment": "400", "maturityDate": ""}
    assert [one for one in told(derived) if one[1] != "IP"] == expected
    once = {**derived, "cycleOfPrincipalRedemption": "",
            "cycleAnchorDateOfPrincipalRedemption": "2028-07-01T00:00:00"}  # fmt: skip
    assert [one for one in told(once) if one[1] != "IP"] == [
        ("2027-01-01", "IED", -1200, 1200),
        ("2028-07-01", "MD", 1200, 0),
    ]
    neither = {**derived, "cycleOfPrincipalRedemption": ""}
    assert refusal(neither) == 'cycleOfPrincipalRedemption: "" is missing; add it to the terms'


def test_an_instalment_that_does_not_cover_the_interest_is_added_to_the_loan():
    """50 of the 60 that a half year costs: 10 more are owed."""
    growing = {
        **LOAN,
        "contractType": "NAM",
        "cycleAnchorDateOfPrincipalRedemption": "2027-07-01T00:00:00",
        "cycleOfPrincipalRedemption": "P6ML1",
        "nextPrincipalRedemptionPayment": "50",
    }
    assert told(growing)[1:] == [
        ("2027-07-01", "PR", -10, 1210),
        ("2027-07-01", "IP", 60, 1210),
        ("2028-01-01", "IP", Fraction("60.5"), 1210),
        ("2028-01-01", "MD", 1210, 0),
    ]


ARRAYS: dict[str, Any] = {
    **{name: value for name, value in LOAN.items() if "cycle" not in name.lower()},
    "contractType": "LAX",
    "maturityDate": "",
    "nominalInterestRate": "0",
    "arrayCycleAnchorDateOfPrincipalRedemption": ["2027-07-01T00:00:00", "2028-01-01T00:00:00"],
    "arrayCycleOfPrincipalRedemption": ["P3ML1", "P6ML1"],
    "arrayNextPrincipalRedemptionPayment": [100, 700],
    "arrayIncreaseDecrease": ["INC", "DEC"],
}


def test_arrays_run_to_the_next_anchor_and_end_when_nothing_is_left():
    """Twice 100 more, then twice 700 back."""
    assert [one for one in told(ARRAYS) if one[1] != "IP"] == [
        ("2027-01-01", "IED", -1200, 1200),
        ("2027-07-01", "PI", -100, 1300),
        ("2027-10-01", "PI", -100, 1400),
        ("2028-01-01", "PR", 700, 700),
        ("2028-07-01", "MD", 700, 0),
    ]
    never = {**ARRAYS, "arrayIncreaseDecrease": ["INC", "INC"]}
    assert "is left and never paid back; give larger ones, or the maturity" in refusal(never)


def test_call_money_is_paid_back_after_its_notice():
    """12 % of 1,000 from 1 January to the call on 1 March, by 30E/360: interest stops there."""
    money = {
        **{name: value for name, value in LOAN.items() if "cycle" not in name.lower()},
        "contractType": "CLM",
        "notionalPrincipal": "1000",
        "nominalInterestRate": "0.12",
        "maturityDate": "",
        "xDayNotice": "P1M",
    }
    called = [{"time": "2027-03-01T00:00:00", "type": "XD", "value": 0}]
    assert told(money, {}, called) == [
        ("2027-01-01", "IED", -1000, 1000),
        ("2027-03-01", "XD", 0, 1000),
        ("2027-04-01", "IP", 20, 1000),
        ("2027-04-01", "STD", 1000, 0),
    ]


def test_what_is_bought_pays_dividends_and_is_sold():
    share = {
        "contractType": "STK",
        "contractRole": "RPA",
        "statusDate": "2027-01-01T00:00:00",
        "currency": "USD",
        "purchaseDate": "2027-02-01T00:00:00",
        "priceAtPurchaseDate": "50",
        "terminationDate": "2027-12-01T00:00:00",
        "priceAtTerminationDate": "60",
        "cycleAnchorDateOfDividendPayment": "2027-01-15T00:00:00",
        "cycleOfDividendPayment": "P6ML1",
        "marketObjectCodeOfDividends": "DIV",
    }
    data = {"DIV": {"data": [{"timestamp": f"2027-{month}-15T00:00:00", "value": "3"}
                             for month in ("01", "07")]}}  # fmt: skip
    assert told(share, data) == [
        ("2027-02-01", "PRD", -50, 0),
        ("2027-07-15", "DV", 3, 0),
        ("2027-12-01", "TD", 60, 0),
    ]
    metal = {**share, "contractType": "COM", "quantity": "4", "contractRole": "RPL"}
    assert told(metal) == [("2027-02-01", "PRD", 200, 0), ("2027-12-01", "TD", -240, 0)]
    cash = {"contractType": "CSH", "contractRole": "RPL", "statusDate": "2027-01-01T00:00:00",
            "currency": "USD", "notionalPrincipal": "10"}  # fmt: skip
    seen = [{"time": "2027-03-01T00:00:00", "type": "AD", "value": 0}]
    assert told(cash, {}, seen) == [("2027-03-01", "AD", 0, -10)]


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

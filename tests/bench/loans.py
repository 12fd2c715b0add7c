"""A pool of ten thousand loans over thirty years: serviced, reported, and paid out.

The tape has annuities, linear loans and bullets, each with its own rate, on 28 days of the month.
Of each hundred loans some are late, prepay, are modified or charged off. What stands beside it is
the plainest exact way for annuities alone, all on one day: Python's fractions, which nobody rounds.
"""

from __future__ import annotations

import json
import random
import sys
import time
from datetime import date
from fractions import Fraction
from typing import Any

from prorata.assets.loans.payments import Event, EventType
from prorata.assets.loans.reports import month_rows
from prorata.assets.loans.servicing import service
from prorata.assets.loans.tapes import parse_tape
from prorata.assets.loans.terms import LoanTerms
from prorata.assets.waterfalls.periods import period_of_month
from prorata.assets.waterfalls.terms import WaterfallTerms
from prorata.assets.waterfalls.waterfall import run
from tests.bench.memory import peak

YEARS = 30
AIM_SECONDS = 60
OPENS = date(2027, 1, 1)
SAMPLE = 2

TERMS = LoanTerms.model_validate(
    {
        "name": "Bench",
        "currency": "USD",
        "opens": OPENS,
        "day_count": "30/360",
        "determination": 10,
        "pays": 15,
        "delinquency": "MBA",
        "reported": "exceptions",
        "charge_off_after": 180,
    }
)


def tape(count: int) -> str:
    """So many loans as a CSV file."""
    dice = random.Random(30)
    rows = []
    for number in range(count):
        kind = dice.choices(["ANN", "LAM", "PAM"], [70, 20, 10])[0]
        day = dice.randint(1, 28)
        principal, rate = dice.randint(50, 500) * 1_000, dice.randint(30_000, 90_000)
        rows.append(
            f"L{number},{kind},{principal},{rate // 10_000}.{rate % 10_000:04d}%,2026-12-{day:02d},"
            f"2027-01-{day:02d},{12 * YEARS}"
        )
    return "loan,type,principal,rate,paid_to,next_due,payments\n" + "\n".join(rows) + "\n"


def happenings(names: list[str], days: dict[str, date]) -> list[Event]:
    """Of each hundred loans, five miss one instalment, two stop, two prepay and one is modified."""
    events = []
    for number, name in enumerate(names):
        year, day = OPENS.year + number % (YEARS - 2), days[name].day
        case = number % 100
        if case < 5:
            events.append(Event(date(year, 6, day), name, EventType.MISSED))
        elif case < 7:
            events += [
                Event(date(year, month, day), name, EventType.MISSED) for month in range(2, 8)
            ]
        elif case < 9:
            events.append(Event(date(year, 3, 28), name, EventType.PREPAYMENT, 500_000))
        elif case == 9:
            rate = Fraction(3, 100)
            events.append(Event(date(year, 4, 28), name, EventType.MODIFICATION, None, rate, 240))
    return events


def waterfall(principal: int) -> WaterfallTerms:
    """Three tranches, a reserve, a cure."""
    senior, mezzanine = principal * 7 // 10, principal * 2 // 10
    unit = TERMS.unit
    named = {"senior": senior, "mezzanine": mezzanine, "equity": principal - senior - mezzanine}
    rates = {"senior": "4%", "mezzanine": "6%"}
    return WaterfallTerms.model_validate(
        {
            "name": "Bench",
            "currency": "USD",
            "starts": date(2027, 1, 15),
            "day_count": "30/360",
            "pool": unit.text(principal),
            "write_downs": True,
            "tranches": [
                {"name": name, "original": unit.text(units), "rate": rates.get(name)}
                for name, units in named.items()
            ],
            "triggers": [{"name": "cover", "coverage_of": ["senior"], "least": "130%"}],
            "buckets": [
                {"name": "servicing", "kind": "expenses", "rate": "0.5%"},
                {"name": "interest", "kind": "senior", "interest": "senior"},
                {"name": "principal", "kind": "senior", "principal": "senior"},
                {"name": "reserve", "kind": "reserve", "target_rate": "1%", "of": ["senior"]},
                {
                    "name": "cure", "kind": "cure", "trigger": "cover", "pays": "senior",
                    "accumulates": True,
                },
                {"name": "junior", "kind": "junior", "interest": "mezzanine"},
                {"name": "rest", "kind": "residual", "to": "equity"},
            ],
        }
    )  # fmt: skip


def measure(count: int) -> dict[str, Any]:
    """Seconds of one core, from the text of the tape to the last sheet."""
    text, watch = tape(count), time.process_time
    began = watch()
    loans = parse_tape(text, TERMS)
    read = watch() - began
    events = happenings([loan.name for loan in loans], {one.name: one.next_due for one in loans})
    began = watch()
    pool = service(TERMS, loans, events)
    rows = month_rows(pool)
    serviced = watch() - began
    began = watch()
    terms = waterfall(pool.original)
    sheets = run(terms, [period_of_month(month) for month in pool.months], "0x" + "00" * 32)
    paid = watch() - began
    assert len(rows) == len(sheets) >= 12 * YEARS
    for month in pool.months:
        out = month.collected_principal + month.losses + month.closing
        assert month.opening + month.capitalised == out
    began = watch()
    for number in range(SAMPLE):
        _by_fractions(loans[number].principal, Fraction(5_0001 + number, 1_000_000))
    fractions = (watch() - began) / SAMPLE * count
    return {
        "loans": count,
        "years": YEARS,
        "events": len(events),
        "tape": round(read, 2),
        "servicing": round(serviced, 2),
        "waterfall": round(paid, 2),
        "seconds": round(read + serviced + paid, 2),
        "fractions": round(fractions, 1),
        "memory": peak(),
    }


def _by_fractions(principal: int, rate: Fraction) -> None:
    """One annuity whose state is never rounded."""
    i = rate / 12
    instalment = principal * i / (1 - (1 + i) ** (-12 * YEARS))
    owed = Fraction(principal)
    for _ in range(12 * YEARS):
        owed -= instalment - owed * i
    assert owed == 0


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))

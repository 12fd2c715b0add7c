"""Servicing against a model that looks at every day and allocates one unit at a time."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.day_counts import DayCount
from prorata.assets.loans.instalments import Loan, LoanType
from prorata.assets.loans.payments import Event, EventType
from prorata.assets.loans.servicing import Pool, service
from prorata.assets.loans.terms import LoanTerms
from prorata.errors import InputError
from tests.model.loans import Borrower

OPENS = date(2027, 1, 1)
UNTIL = date(2028, 6, 30)
FIGURES = (
    "interest_due",
    "principal_due",
    "received",
    "interest",
    "principal",
    "prepayments",
    "repurchased",
    "fees",
    "recoveries",
    "returned",
    "capitalised",
    "losses",
    "closing",
    "suspense",
)


@st.composite
def all_terms(draw: st.DrawFn) -> LoanTerms:
    return LoanTerms.model_validate(
        {
            "name": "Any",
            "currency": "USD",
            "decimals": 0,
            "opens": OPENS,
            "day_count": "30E/360",
            "determination": 10,
            "pays": 15,
            "delinquency": draw(st.sampled_from(["MBA", "OTS"])),
            "reported": draw(st.sampled_from(["all", "exceptions"])),
            "allocation": draw(
                st.sampled_from(
                    [
                        ("interest", "principal", "fees"),
                        ("fees", "interest", "principal"),
                        ("principal", "interest", "fees"),
                    ]
                )
            ),
            "partial_payments": draw(st.sampled_from(["suspense", "applied"])),
            "excess": draw(st.sampled_from(["principal", "suspense"])),
            "after_prepayment": draw(st.sampled_from(["shorten", "recast"])),
            "charge_off_after": draw(st.sampled_from([None, 45, 120])),
        }
    )


@st.composite
def loans(draw: st.DrawFn) -> Loan:
    paid_to = OPENS + timedelta(days=draw(st.integers(-70, 20)))
    principal = draw(st.one_of(st.integers(1, 60), st.integers(900, 4_000)))
    return Loan(
        name="L",
        type=draw(st.sampled_from(LoanType)),
        principal=principal,
        rate=Fraction(draw(st.integers(0, 3_000)), 10_000),
        paid_to=paid_to,
        next_due=paid_to + timedelta(days=draw(st.integers(1, 75))),
        payments=draw(st.sampled_from([1, 2, 6, 10, 14])),
        every=draw(st.sampled_from([1, 1, 2, 3])),
        day_count=draw(st.sampled_from([DayCount.E_30_360, DayCount.ACT_360, DayCount.ACT_365F])),
        instalment=None,
        original=principal,
    )


KINDS = st.sampled_from(
    ["payment"] * 6 + ["prepayment"] * 2 + ["fee", "modification", "charge-off", "liquidation"]
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[LoanTerms, Loan, list[Event]]:
    """Terms, a loan, and events in their order: the last may end it, and recoveries follow."""
    terms, loan = draw(all_terms()), draw(loans())
    days = sorted(draw(st.lists(st.integers(0, 520), max_size=9)))
    events = []
    for offset in days:
        day = OPENS + timedelta(days=offset)
        events.append(draw(one_event(day)))
    if terms.reported == "exceptions":
        dates = [d for d in loan.due_dates.first(loan.payments) if OPENS <= d <= UNTIL]
        missed = draw(st.lists(st.sampled_from(dates), unique=True)) if dates else []
        events += [Event(day, "L", EventType.MISSED) for day in missed]
    return terms, loan, events


@st.composite
def one_event(draw: st.DrawFn, day: date) -> Event:
    kind = EventType(draw(KINDS))
    amount = draw(st.one_of(st.integers(1, 30), st.integers(1, 600), st.integers(1, 5_000)))
    if kind is EventType.MODIFICATION:
        rate = draw(st.one_of(st.none(), st.integers(0, 2_000)))
        return Event(
            day,
            "L",
            kind,
            draw(st.sampled_from([None, 1, 25])),
            None if rate is None else Fraction(rate, 10_000),
            draw(st.integers(1, 8)),
        )
    return Event(day, "L", kind, None if kind is EventType.CHARGE_OFF else amount)


def borrower(terms: LoanTerms, loan: Loan, events: list[Event]) -> Borrower:
    return Borrower(
        kind=loan.type.value,
        principal=loan.principal,
        rate=loan.rate,
        paid_to=loan.paid_to,
        next_due=loan.next_due,
        payments=loan.payments,
        every=loan.every,
        basis=loan.day_count.value,
        terms={
            "opens": OPENS,
            "reported": terms.reported,
            "allocation": list(terms.allocation),
            "partial": terms.partial_payments,
            "excess": terms.excess,
            "after": terms.after_prepayment,
            "charge_off_after": terms.charge_off_after,
            "method": terms.delinquency,
        },
        events=[
            (one.day, one.type.value, one.amount or 0, one.rate, one.payments) for one in events
        ],
    )


def possible(terms: LoanTerms, loan: Loan, events: list[Event]) -> tuple[Pool, list[Event]]:
    """What can be serviced of it: an event that cannot be is left out, with all after it."""
    kept: list[Event] = []
    pool = service(terms, [loan], [], through=UNTIL)
    order = sorted(events, key=lambda one: (one.type is not EventType.MISSED, one.day))
    for event in order:
        try:
            pool = service(terms, [loan], [*kept, event], through=UNTIL)
        except InputError:
            continue
        kept.append(event)
    return pool, kept


@given(worlds())
def test_a_loan_is_serviced_as_a_borrower_would_count_it(world):
    """Law 72: every figure of every month, by a model that looks at every day."""
    terms, loan, events = world
    pool, kept = possible(terms, loan, events)
    check(pool, borrower(terms, loan, kept))


def check(pool: Pool, model: Borrower) -> None:
    """Every figure of every month is the model's."""
    model.live(OPENS, UNTIL)
    assert len(pool.months) == 18
    for number, month in enumerate(pool.months):
        expected = model.figures[number]
        found = {name: getattr(month, name) for name in FIGURES}
        assert found == {name: expected[name] for name in FIGURES}, (number, model.events)
        if sum(month.loans):
            assert month.loans.index(1) == expected["place"], (number, model.events)


@given(all_terms(), loans(), st.data())
def test_payments_of_what_is_due_on_its_day(terms, loan, data):
    """Law 72: some instalments are paid to the unit, on their day or later, and others are not."""
    terms = terms.model_copy(update={"reported": "all", "charge_off_after": None})
    plan = service(terms, [loan], through=UNTIL)
    events = []
    for day in loan.due_dates.first(loan.payments):
        month = plan.months[terms.period_of(day)] if OPENS <= day <= UNTIL else None
        if month is None or not data.draw(st.integers(0, 5)):
            continue
        due = month.interest_due + month.principal_due
        # One that is due before the opening counts in the first month as well.
        if due and terms.period_of(day):
            late = timedelta(days=data.draw(st.sampled_from([0, 0, 0, 3])))
            events.append(Event(min(day + late, UNTIL), "L", EventType.PAYMENT, due))
    pool, kept = possible(terms, loan, events)
    check(pool, borrower(terms, loan, kept))


@given(st.lists(worlds(), min_size=1, max_size=4), all_terms())
def test_principal_and_cash_are_in_one_place_each(worlds_, terms):
    """Law 72: all principal is paid, prepaid, bought back or lost, and all cash is named."""
    tape, events = [], []
    for number, (_, loan, wanted) in enumerate(worlds_):
        _, kept = possible(terms, loan, [e for e in wanted if e.type is not EventType.MISSED])
        name = f"L{number}"
        tape.append(Loan(**{**{f: getattr(loan, f) for f in loan.__slots__}, "name": name}))
        events += [Event(e.day, name, e.type, e.amount, e.rate, e.payments) for e in kept]
    pool = service(terms, tape, events, through=UNTIL)
    suspense, opening = 0, pool.original
    for month in pool.months:
        assert month.opening == opening
        out = month.collected_principal + month.losses + month.closing
        assert month.opening + month.capitalised == out
        kept_back = month.suspense - suspense
        assert month.received == month.collected + month.returned + kept_back
        assert sum(month.balances) == month.closing
        suspense, opening = month.suspense, month.closing
    alone = [service(terms, [one], [e for e in events if e.loan == one.name], through=UNTIL)
             for one in tape]  # fmt: skip
    for number, month in enumerate(pool.months):
        for name in FIGURES:
            assert getattr(month, name) == sum(getattr(p.months[number], name) for p in alone)


@given(worlds())
def test_a_month_does_not_depend_on_what_comes_after_it(world):
    """Law 73: a report through some month begins as every later one does."""
    terms, loan, events = world
    pool, kept = possible(terms, loan, [e for e in events if e.type is not EventType.MISSED])
    early = service(terms, [loan], kept, through=date(2027, 6, 30))
    for before, after in zip(early.months, pool.months, strict=False):
        assert before == after

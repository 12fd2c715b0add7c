"""Waterfalls against a model that hands out one unit at a time, with whatever terms and periods."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.waterfalls.periods import Period
from prorata.assets.waterfalls.sheets import Sheet
from prorata.assets.waterfalls.terms import WaterfallTerms
from prorata.assets.waterfalls.waterfall import run
from tests.model.waterfalls import Replay

START = date(2027, 1, 31)
TRANCHES = ("senior", "mezzanine", "equity")
HASH = "0x" + "11" * 32


@st.composite
def claims(draw: st.DrawFn, tranches: list[str], used: set[tuple[str, str]]) -> dict[str, Any]:
    """What one claim is due; the interest and the principal of a tranche stand in one bucket."""
    free = [
        (kind, name)
        for kind in ("interest", "principal")
        for name in tranches
        if (kind, name) not in used
    ]
    kind = draw(st.sampled_from(["amount", "column", "rate", *(["tranche"] * 4 if free else [])]))
    if kind == "amount":
        return {"amount": draw(st.integers(0, 60))}
    if kind == "column":
        return {"column": "repairs"}
    if kind == "rate":
        return {"rate": draw(st.sampled_from([5, 37, 200]))}
    what, name = draw(st.sampled_from(free))
    used.add((what, name))
    claim: dict[str, Any] = {what: name}
    if what == "principal" and draw(st.booleans()):
        claim["by"] = "all"
    return claim


@st.composite
def kind_lists(draw: st.DrawFn, *, cures: bool) -> list[str]:
    """Kinds in an order that terms may have."""
    some = ["expenses", "senior", "pro_rata", *(["cure"] if cures else [])]
    kinds = draw(st.lists(st.sampled_from(some), min_size=1, max_size=6))
    if draw(st.booleans()):
        kinds.append("junior")
    last = max((n for n, kind in enumerate(kinds) if kind == "senior"), default=-1) + 1
    if draw(st.booleans()):
        kinds.insert(draw(st.integers(last, len(kinds))), "reserve")
    return kinds


@st.composite
def reserves(draw: st.DrawFn, tranches: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"target": draw(st.integers(0, 150))}
    if tranches and draw(st.booleans()):
        found = {"target_rate": draw(st.integers(1, 2_000)), "of": [tranches[0]]}
    return found | ({"most": draw(st.integers(1, 5_000))} if draw(st.booleans()) else {})


@st.composite
def buckets(
    draw: st.DrawFn, kind: str, tranches: list[str], triggers: list[str], used: set
) -> dict[str, Any]:
    if kind == "reserve":
        return draw(reserves(tranches))
    if kind == "cure":
        return {
            "trigger": draw(st.sampled_from(triggers)),
            "pays": draw(st.sampled_from(tranches)),
            "accumulates": draw(st.booleans()),
        }
    count = draw(st.integers(2, 3)) if kind == "pro_rata" else 1
    of = [] if kind == "expenses" else tranches
    mine = [draw(claims(of, used)) for _ in range(count)]
    if kind in ("senior", "junior") and "rate" in mine[0]:
        mine = [{"amount": 7}]
    found: dict[str, Any] = {"claims": mine, "accumulates": draw(st.booleans())}
    if triggers and draw(st.integers(0, 3)) == 0:
        which = draw(st.sampled_from(["if_failing", "if_passing"]))
        found[which] = draw(st.sampled_from(triggers))
    return found


@st.composite
def bucket_lists(draw: st.DrawFn, tranches: list[str], triggers: list[str]) -> list[dict[str, Any]]:
    used: set[tuple[str, str]] = set()
    found = [
        {"name": f"b{number}", "kind": kind, **draw(buckets(kind, tranches, triggers, used))}
        for number, kind in enumerate(draw(kind_lists(cures=bool(tranches and triggers))))
    ]
    return [*found, {"name": "rest", "kind": "residual", "to": "holders"}]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Terms and periods as plain values; rates are in hundredths of a per cent."""
    names = list(TRANCHES[: draw(st.integers(0, 3))])
    tranches = {
        name: {"original": draw(st.integers(1, 300)), "rate": draw(st.sampled_from([0, 525, 1900]))}
        for name in names
    }
    triggers: dict[str, dict[str, Any]] = {}
    if names:
        of = names[: draw(st.integers(1, len(names)))]
        triggers["cover"] = {"coverage_of": of, "least": draw(st.sampled_from([8_000, 12_345]))}
    triggers["arrears"] = {"delinquent": True, "most": draw(st.integers(1, 3_000))}
    triggers["loss"] = {"losses": True, "most": draw(st.integers(1, 3_000))}
    triggers = {name: one for name, one in triggers.items() if draw(st.booleans())}
    terms = {
        "tranches": tranches,
        "triggers": triggers,
        "buckets": draw(bucket_lists(names, list(triggers))),
        "reserve": draw(st.integers(0, 120)),
        "pool": draw(st.integers(1, 900)),
        "write_downs": draw(st.booleans()),
        "starts": START,
    }
    money = st.one_of(st.integers(0, 40), st.integers(0, 400))
    periods = []
    day = START
    for _ in range(draw(st.integers(1, 4))):
        day += timedelta(days=draw(st.integers(1, 200)))
        periods.append(
            {
                "date": day,
                "interest": draw(money),
                "principal": draw(money),
                "recoveries": draw(st.integers(0, 20)),
                "pool": draw(st.integers(0, 900)),
                "delinquent": draw(st.integers(0, 90)),
                "losses": draw(st.integers(0, 60)),
                "columns": {"repairs": draw(st.integers(0, 50))},
            }
        )
    return terms, periods


def percent(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}%"


RATES = ("rate", "least", "most", "target_rate")
AMOUNTS = ("amount", "target", "original")


def written(value: Any) -> Any:
    """The plain values as a file has them: rates as per cent, amounts as text."""
    if isinstance(value, list):
        return [written(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, inner in value.items():
        if name in RATES:
            found[name] = percent(inner)
        elif name in AMOUNTS:
            found[name] = str(inner)
        else:
            found[name] = written(inner)
    return found


def terms_of(world: dict[str, Any]) -> WaterfallTerms:
    listed = []
    for bucket in world["buckets"]:
        rest = {name: value for name, value in bucket.items() if name != "claims"}
        mine = bucket.get("claims", [])
        listed.append(written(rest | ({"of": mine} if bucket["kind"] == "pro_rata" else {})))
        if mine and bucket["kind"] != "pro_rata":
            listed[-1] |= written(mine[0])
    return WaterfallTerms.model_validate(
        {
            "name": "Any",
            "currency": "USD",
            "decimals": 0,
            "starts": START,
            "day_count": "30E/360",
            "pool": str(world["pool"]),
            "reserve": str(world["reserve"]),
            "write_downs": world["write_downs"],
            "tranches": [{"name": n, **written(one)} for n, one in world["tranches"].items()],
            "triggers": [{"name": n, **written(one)} for n, one in world["triggers"].items()],
            "buckets": listed,
        }
    )


def exact(value: Any) -> Any:
    """The plain values as the model has them: rates as fractions."""
    if isinstance(value, list):
        return [exact(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: Fraction(inner, 10_000) if name in RATES else exact(inner)
        for name, inner in value.items()
    }


def facts_of(sheet: Sheet) -> dict[str, Any]:
    lines: dict[str, list[dict[str, int]]] = {}
    for line in sheet.lines:
        row = {"carried": line.carried, "due": line.due, "paid": line.paid}
        lines.setdefault(line.bucket, []).append(row)
    return {
        "lines": lines,
        "released": sheet.released,
        "drawn": sheet.drawn,
        "written_down": {one.name: one.written_down for one in sheet.tranches},
        "closing": {one.name: one.closing for one in sheet.tranches},
        "reserve": sheet.reserve_closing,
    }


def period_of(plain: dict[str, Any]) -> Period:
    return Period(**plain)


@given(worlds())
def test_every_unit_goes_where_the_terms_say(world):
    """Laws 70 and 71: bucket by bucket and unit by unit, as a model does that knows no division."""
    terms, periods = world
    replay = Replay(exact(terms))
    sheets = run(terms_of(terms), [period_of(one) for one in periods], HASH)
    for plain, sheet in zip(periods, sheets, strict=True):
        replay.check(plain, facts_of(sheet))


@given(worlds())
def test_what_comes_in_goes_out(world):
    """Law 70: collections and what the reserve gave are the buckets and what the reserve got."""
    terms, periods = world
    for sheet in run(terms_of(terms), [period_of(one) for one in periods], HASH):
        buckets = sum(line.paid for line in sheet.lines if line.kind != "reserve")
        came_in = sheet.period.collections + sheet.released + sheet.drawn
        assert came_in == buckets + sheet.filled
        assert sum(one.amount for one in sheet.payments) == buckets
        assert sheet.reserve_closing >= 0
        for one in sheet.tranches:
            assert one.opening - one.principal - one.written_down == one.closing >= 0


@given(worlds())
def test_nobody_junior_is_paid_while_a_senior_is_short(world):
    """Law 71: after a line of debt service that is short, no bucket has anything."""
    terms, periods = world
    for sheet in run(terms_of(terms), [period_of(one) for one in periods], HASH):
        short = [n for n, line in enumerate(sheet.lines) if line.kind == "senior" and line.short]
        if short:
            assert all(line.paid == 0 for line in sheet.lines[short[0] + 1 :])


@given(worlds(), st.data())
def test_a_period_does_not_depend_on_what_comes_after_it(world, data):
    """Law 73: the sheet of a period is the same whenever it is worked out, to its hash."""
    terms, periods = world
    read, given_periods = terms_of(terms), [period_of(one) for one in periods]
    count = data.draw(st.integers(1, len(periods)))
    whole, first = run(read, given_periods, HASH), run(read, given_periods[:count], HASH)
    assert [one.hash for one in whole[:count]] == [one.hash for one in first]
    assert first[0].previous is None
    for before, after in pairwise(whole):
        assert after.previous == before.hash

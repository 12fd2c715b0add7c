# SPDX-License-Identifier: MIT
"""Series: what was observed when; nothing is carried to a time at which nobody observed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, select

from prorata.analysis.concentration import Held, Part, by_wallet, hhi
from prorata.analysis.marks import MarkKind
from prorata.analysis.periods import Interval, last_second, period_of
from prorata.analysis.precision import exact
from prorata.errors import InputError
from prorata.reports.asset_facts import AssetFacts
from prorata.service.analysis.questions import Series
from prorata.store import schema
from prorata.store.asof import FollowedAsset, balances
from prorata.store.asof import moment as moment_at
from prorata.values.addresses import checksummed
from prorata.values.as_of import Occasion
from prorata.values.times import moment

__all__ = ["points_of"]

Point = dict[str, Any]


def points_of(
    connection: Connection, facts: AssetFacts, asset: FollowedAsset, block: int, wanted: Series
) -> dict[str, Any]:
    """The points that are wanted, and whether there are more.

    Raises: InputError for an interval where there is none.
    """
    find: Callable[[], Iterable[Point]] = {
        "nav": lambda: _marks(facts, MarkKind.NAV),
        "price": lambda: _marks(facts, MarkKind.PRICE),
        "appraisal": lambda: _marks(facts, MarkKind.APPRAISAL),
        "income": lambda: _income(facts),
        "supply": lambda: _supply(connection, asset, block),
        "holders": lambda: _holders(connection, asset, block),
        "concentration": lambda: _concentration(connection, facts, asset, block, wanted),
    }[wanted.metric]
    begins = max(wanted.begins, wanted.after + 1)
    found = [one for one in _spaced(find(), wanted) if begins <= one["second"] <= wanted.ends]
    count = wanted.most
    while 0 < count < len(found) and found[count]["second"] == found[count - 1]["second"]:
        # The next page begins after a second, so that none is cut in two.
        count += 1
    shown = found[:count]
    following = shown[-1]["second"] if count < len(found) else None
    points = [{"time": moment(one.pop("second")), **one} for one in shown]
    return {"points": points, "following": following}


def _spaced(points: Iterable[Point], wanted: Series) -> list[Point]:
    """The last point of each interval that has any; all points where no interval is wanted."""
    if wanted.interval is None or wanted.metric == "concentration":
        return list(points)
    if wanted.metric == "income":
        rule, remedy = "would leave out income", "ask for income without an interval"
        raise InputError.of("interval", wanted.interval, rule, remedy)
    interval = Interval(wanted.interval)
    return list({period_of(one["second"], interval): one for one in points}.values())


def _point(second: int, value: Fraction | int, unit: str, n: int = 1, **more: Any) -> Point:
    told = {"source": None, "basis": None, "document": None, "kind": None, **more}
    return {"second": second, "value": exact(value), "unit": unit, "n": n, "reason": None, **told}


def _blank(second: int, unit: str, reason: str) -> Point:
    return {**_point(second, 0, unit, 0), "value": None, "reason": reason}


def _marks(facts: AssetFacts, kind: MarkKind) -> Iterable[Point]:
    for one in facts.series(kind):
        yield _point(
            one.time, one.value, f"{one.currency} per share",
            source=one.source, basis=one.basis.value, document=one.document,
        )  # fmt: skip


def _income(facts: AssetFacts) -> Iterable[Point]:
    """What a share was paid for each record, in each currency and kind."""
    sums: dict[tuple[int, str, str], tuple[Fraction, int]] = {}
    for one in facts.distributions:
        key = (one.record, one.currency, one.kind.label)
        amount, n = sums.get(key, (Fraction(0), 0))
        sums[key] = amount + one.gross, n + 1
    for (second, currency, kind), (amount, n) in sorted(sums.items()):
        yield _point(second, amount, f"{currency} per share", n, kind=kind)


def _changes(
    connection: Connection, asset: FollowedAsset, block: int
) -> Mapping[int, tuple[int, int]]:
    """Shares and holders at the end of each second at which either changed."""
    c, header = schema.supply.c, schema.block.c
    wanted = (
        select(header.time, c.total, c.holders)
        .join(schema.block, (header.number == c.block) & (header.chain == asset.chain))
        .where(c.asset == asset.id, c.block <= block)
        .order_by(c.block)
    )
    return {time: (total, holders) for time, total, holders in connection.execute(wanted)}


def _supply(connection: Connection, asset: FollowedAsset, block: int) -> Iterable[Point]:
    for second, (total, _) in _changes(connection, asset, block).items():
        yield _point(second, Fraction(total, 10**asset.decimals), "shares")


def _holders(connection: Connection, asset: FollowedAsset, block: int) -> Iterable[Point]:
    for second, (_, holders) in _changes(connection, asset, block).items():
        yield _point(second, holders, "wallets")


def _concentration(
    connection: Connection, facts: AssetFacts, asset: FollowedAsset, block: int, wanted: Series
) -> Iterable[Point]:
    """The HHI by wallet at the end of each interval that is over, and now."""
    interval = Interval(wanted.interval or Interval.MONTH.value)
    begins = max(facts.since, wanted.begins, wanted.after + 1)
    last = min(wanted.ends, facts.as_of)
    seconds: list[int] = []
    if begins > last:
        return
    period = period_of(begins, interval)
    while len(seconds) <= wanted.most and (not seconds or seconds[-1] < last):
        end = last_second(period, interval)
        if end > facts.as_of:
            seconds.append(facts.as_of)
            break
        seconds.append(end)
        period += 1
    for second in seconds:
        then = moment_at(connection, asset.id, Occasion("time", second)).block
        yield _hhi(connection, facts, asset, min(block, then), second)


def _hhi(
    connection: Connection, facts: AssetFacts, asset: FollowedAsset, block: int, second: int
) -> Point:
    held = [
        Held(wallet, shares, part=facts.known.parts.get(wallet, Part.HOLDER))
        for packed, shares in balances(connection, asset.id, block).items()
        for wallet in (str(checksummed(packed)),)
    ]
    kept = by_wallet(held).known
    if not kept:
        return _blank(second, "HHI by wallet", "nobody holds")
    return _point(second, hhi(kept), "HHI by wallet", len(kept))

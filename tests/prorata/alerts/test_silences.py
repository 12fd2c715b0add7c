"""Silences: in the office, with a reason and an entry of the trail."""

from __future__ import annotations

from contextlib import closing

import pytest
import sqlalchemy as sa

from prorata.alerts.silences import add_silence, silences
from prorata.errors import InputError, StoreError
from prorata.store import office_schema as tables
from prorata.store.office import Office
from tests.prorata.store.made_logs import TOKEN


def test_a_silence_ends_by_itself_and_is_never_changed(place: str) -> None:
    """Law 111: for one asset or all, on both databases."""
    now = [1_000.0]
    with closing(Office.open(place, who="ann", create=True, clock=lambda: now[0])) as office:
        one = add_silence(office, "old-nav", seconds=60, token=TOKEN, reason="known")
        other = add_silence(office, "agent-added", seconds=90, reason="handing over")
        assert (one.asset, one.begins_at, one.ends_at) == (TOKEN, 1_000, 1_060)
        assert sorted(silences(office), key=lambda each: each.ends_at) == [one, other]
        now[0] = 1_060.0
        assert silences(office) == [other]
        assert [entry.action for entry in office.trail()] == ["alerts.silence"] * 2
        with pytest.raises(StoreError, match="only added to"), office.database.writing() as c:
            c.execute(sa.delete(tables.silence))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"seconds": 0}, "up to 90 days"),
        ({"seconds": 91 * 86_400}, "up to 90 days"),
        ({"reason": ""}, "is not of 1 to 200 characters"),
    ],
)
def test_a_silence_without_an_end_or_a_reason_is_refused(
    sqlite: str, said: dict, sentence: str
) -> None:
    """And nothing is written."""
    with closing(Office.open(sqlite, who="ann", create=True)) as office:
        with pytest.raises(InputError, match=sentence):
            add_silence(office, "old-nav", **{"seconds": 60, "reason": "known", **said})
        assert silences(office) == []

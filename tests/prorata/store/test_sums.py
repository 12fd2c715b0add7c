"""Sums of amounts in the store itself: exact, or refused; never another number."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from prorata.errors import StoreError
from prorata.store import schema
from tests.prorata.analysis.beyond import BITS, beyond
from tests.prorata.store.filled import Filled


@pytest.mark.parametrize("bits", BITS)
def test_a_store_adds_exactly_or_refuses(database, bits):
    """PostgreSQL's NUMERIC has room; SQLite, which would answer nought, is not let add at all."""
    story = beyond(bits)
    filled = Filled(database).add(story)
    wanted = sum(one.amount for one in story.moved)
    assert wanted > 2**bits
    with filled.database.snapshot() as connection:
        amounts = connection.scalars(select(schema.transfer.c.amount)).all()
        assert sum(amounts) == wanted
    sums = select(func.sum(schema.transfer.c.amount))
    if database.dialect == "postgresql":
        with database.snapshot() as connection:
            assert connection.scalar(sums) == wanted
    else:
        with pytest.raises(StoreError), database.snapshot() as connection:
            connection.scalar(sums)

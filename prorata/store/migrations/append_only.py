# SPDX-License-Identifier: MIT
"""A table to which rows are added and nothing else, whoever asks: the database itself refuses."""

from __future__ import annotations

from alembic import op

__all__ = ["forbid_changes"]

_CHANGES = ("UPDATE", "DELETE")


def forbid_changes(table: str) -> None:
    """Have the database refuse to change or delete rows of `table`."""
    if op.get_context().dialect.name == "sqlite":
        for change in _CHANGES:
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_is_added_to() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION '{table} is only added to'; END $$"
    )
    for change in (*_CHANGES, "TRUNCATE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
            f"EXECUTE FUNCTION {table}_is_added_to()"
        )

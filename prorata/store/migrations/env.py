# SPDX-License-Identifier: MIT
"""What alembic runs: on the connection that it is given, whose transaction holds every step.

It is no module to import: alembic executes it, and gives it a context then.
"""

from __future__ import annotations

from alembic import context

from prorata.store.office_schema import METADATA

__all__: list[str] = []

if __name__ == "env_py":
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        # SQLite has it too, if the transaction is begun by hand, as ours is.
        transactional_ddl=True,
        render_as_batch=True,
    )
    context.run_migrations()

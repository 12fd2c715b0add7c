# SPDX-License-Identifier: MIT
"""The service: the ledger over HTTP, for programs. It reads, it holds no key, it sends nothing.

It needs the extras `store` and `service`; whoever imports it without them is told how to get them.
"""

from __future__ import annotations

from prorata.errors import StoreError

__all__: list[str] = []

try:
    import fastapi  # noqa: F401 - whether it is there is the question
    import sqlalchemy  # noqa: F401
except ImportError as _error:
    raise StoreError(
        f"the service needs {_error.name}, which is not installed",
        "install it with: pip install 'prorata[store,service]'",
    ) from None

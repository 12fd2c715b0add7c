# SPDX-License-Identifier: MIT
"""The ledger in a database: every event of every followed asset, as of any block, in SQL.

It needs the extra `store`, which nothing else of prorata imports.
"""

from importlib.util import find_spec

from prorata.errors import StoreError

if find_spec("sqlalchemy") is None:
    raise StoreError(
        "the ledger in a database needs packages that are not installed",
        "install them with: pip install 'prorata[store]'",
    )

# SPDX-License-Identifier: MIT
"""The ledger in a database: every event of every followed asset, as of any block, in SQL.

It needs the extra `store`, which nothing else of prorata imports.
"""

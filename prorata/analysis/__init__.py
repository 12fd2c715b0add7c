# SPDX-License-Identifier: MIT
"""Questions over the published ledger, each one expression that every engine answers alike.

It needs the extra `analysis`, which nothing else of prorata imports.
"""

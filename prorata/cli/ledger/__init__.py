# SPDX-License-Identifier: MIT
"""The commands under `prorata ledger`; what needs the database is imported when it is opened."""

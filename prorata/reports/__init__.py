# SPDX-License-Identifier: MIT
"""What people are given: statements, annual forms, tables, pages and figures."""

from prorata.reports.annual import (
    paid_in,
    rows,
    sums,
    write_yearly,
    year_statement,
    year_totals,
)
from prorata.reports.export import Portrait, write_files
from prorata.reports.html import page
from prorata.reports.statements import (
    cap_table,
    cap_table_rows,
    distribution_rows,
    income_of,
    statement,
    totals,
    write_cap_table,
    write_distributions,
    write_statements,
)
from prorata.reports.tables import (
    cap_table_table,
    distributions_table,
    holders_table,
    plain_table,
    positions_table,
    verdict,
)

__all__ = [
    "Portrait",
    "cap_table",
    "cap_table_rows",
    "cap_table_table",
    "distribution_rows",
    "distributions_table",
    "holders_table",
    "income_of",
    "page",
    "paid_in",
    "plain_table",
    "positions_table",
    "rows",
    "statement",
    "sums",
    "totals",
    "verdict",
    "write_cap_table",
    "write_distributions",
    "write_files",
    "write_statements",
    "write_yearly",
    "year_statement",
    "year_totals",
]

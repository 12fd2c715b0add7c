# SPDX-License-Identifier: MIT
"""What people are given: statements, annual forms, tables, pages and figures."""

from prorata.reports.annual import (
    paid_in,
    rows,
    sums,
    year_statement,
    year_totals,
)
from prorata.reports.export import Portrait, write_files
from prorata.reports.letters import Letter, page
from prorata.reports.mailing import Post, issue_statements
from prorata.reports.recipients import Issuer, Recipient, read_recipients
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
from prorata.reports.status import Status, read_status
from prorata.reports.tables import (
    cap_table_table,
    distributions_table,
    holders_table,
    plain_table,
    positions_table,
    verdict,
)

__all__ = [
    "Issuer",
    "Letter",
    "Portrait",
    "Post",
    "Recipient",
    "Status",
    "cap_table",
    "cap_table_rows",
    "cap_table_table",
    "distribution_rows",
    "distributions_table",
    "holders_table",
    "income_of",
    "issue_statements",
    "page",
    "paid_in",
    "plain_table",
    "positions_table",
    "read_recipients",
    "read_status",
    "rows",
    "statement",
    "sums",
    "totals",
    "verdict",
    "write_cap_table",
    "write_distributions",
    "write_files",
    "write_statements",
    "year_statement",
    "year_totals",
]

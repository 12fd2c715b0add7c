# SPDX-License-Identifier: MIT
"""Who may hold and who holds: investors, cap tables, record dates, enforcement."""

from prorata.register.captable import CapTable, Holding, parse_csv, read_csv, write_csv
from prorata.register.enforcement import (
    Basis,
    Done,
    force_transfer,
    freeze,
    read_orders,
    recover,
    release,
)
from prorata.register.holders import (
    closing_time,
    holders_at,
    holders_now,
    holders_of,
    require_closed,
    tag_after,
)
from prorata.register.investors import (
    InvestorRow,
    RegisterChanges,
    Registered,
    first_block_of,
    parse_investors,
    read_investors,
    register_investors,
    registered_wallets,
)
from prorata.register.issuance import issue
from prorata.register.record_dates import CancelledRecords, cancel_records, schedule_record
from prorata.register.record_ranges import RangeRegister, balances_at_range, balances_expected
from prorata.register.refusals import Check, Transfer, check_transfer, explain_in_words
from prorata.register.shares import Ledger

__all__ = [
    "Basis",
    "CancelledRecords",
    "CapTable",
    "Check",
    "Done",
    "Holding",
    "InvestorRow",
    "Ledger",
    "RangeRegister",
    "RegisterChanges",
    "Registered",
    "Transfer",
    "balances_at_range",
    "balances_expected",
    "cancel_records",
    "check_transfer",
    "closing_time",
    "explain_in_words",
    "first_block_of",
    "force_transfer",
    "freeze",
    "holders_at",
    "holders_now",
    "holders_of",
    "issue",
    "parse_csv",
    "parse_investors",
    "read_csv",
    "read_investors",
    "read_orders",
    "recover",
    "register_investors",
    "registered_wallets",
    "release",
    "require_closed",
    "schedule_record",
    "tag_after",
    "write_csv",
]

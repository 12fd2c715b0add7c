# SPDX-License-Identifier: MIT
"""Who may hold and who holds: investors, cap tables, record dates, enforcement."""

from prorata.register.captable import CapTable, Holding, parse_csv, read_csv, write_csv
from prorata.register.differences import Difference, compare_tables, write_plan
from prorata.register.documents import read_documents, remove_document, set_document
from prorata.register.enforcement import (
    Basis,
    Done,
    burn,
    force_transfer,
    freeze,
    pause,
    read_orders,
    recover,
    release,
    unpause,
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
from prorata.register.properties import read_properties
from prorata.register.record_dates import CancelledRecords, cancel_records, schedule_record
from prorata.register.record_ranges import RangeRegister, balances_at_range, balances_expected
from prorata.register.refusals import Check, Transfer, check_transfer, explain_in_words
from prorata.register.registries import (
    bind_token,
    change_registry,
    count_holders,
    remove_wallet,
    unbind_token,
)
from prorata.register.rule_changes import change_rules, check_change, read_rules
from prorata.register.shares import Ledger
from prorata.register.tables import read_table
from prorata.register.transfers import approve, transfer

__all__ = [
    "Basis",
    "CancelledRecords",
    "CapTable",
    "Check",
    "Difference",
    "Done",
    "Holding",
    "InvestorRow",
    "Ledger",
    "RangeRegister",
    "RegisterChanges",
    "Registered",
    "Transfer",
    "approve",
    "balances_at_range",
    "balances_expected",
    "bind_token",
    "burn",
    "cancel_records",
    "change_registry",
    "change_rules",
    "check_change",
    "check_transfer",
    "closing_time",
    "compare_tables",
    "count_holders",
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
    "pause",
    "read_csv",
    "read_documents",
    "read_investors",
    "read_orders",
    "read_properties",
    "read_rules",
    "read_table",
    "recover",
    "register_investors",
    "registered_wallets",
    "release",
    "remove_document",
    "remove_wallet",
    "require_closed",
    "schedule_record",
    "set_document",
    "tag_after",
    "transfer",
    "unbind_token",
    "unpause",
    "write_csv",
    "write_plan",
]

# SPDX-License-Identifier: MIT
"""The books, rebuilt from events, and the audit that compares them with the chain."""

from prorata.ledger.answers import Answers
from prorata.ledger.audits import (
    Audit,
    audit,
    audit_deployment,
    audit_register,
    compare,
    range_contracts,
    read_vault,
)
from prorata.ledger.books import Books
from prorata.ledger.entries import BookEntry, DistributionAccount, Evidence, Place
from prorata.ledger.evidence import evidence_source
from prorata.ledger.lot_history import LotHistory
from prorata.ledger.movements import IssuePrice, MarketContracts, Movement, Movements
from prorata.ledger.trades import Trade
from prorata.ledger.unclaimed import AgedBalances, Overdue, read_unclaimed

__all__ = [
    "AgedBalances",
    "Answers",
    "Audit",
    "BookEntry",
    "Books",
    "DistributionAccount",
    "Evidence",
    "IssuePrice",
    "LotHistory",
    "MarketContracts",
    "Movement",
    "Movements",
    "Overdue",
    "Place",
    "Trade",
    "audit",
    "audit_deployment",
    "audit_register",
    "compare",
    "evidence_source",
    "range_contracts",
    "read_unclaimed",
    "read_vault",
]

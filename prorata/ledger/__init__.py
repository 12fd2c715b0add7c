# SPDX-License-Identifier: MIT
"""The books, rebuilt from events, and the audit that compares them with the chain."""

from prorata.ledger.answers import Answers
from prorata.ledger.audits import (
    Audit,
    audit,
    audit_deployment,
    audit_register,
    compare,
    read_vault,
    streams_of,
)
from prorata.ledger.books import Books
from prorata.ledger.entries import Distribution, Entry, Evidence, Place, Unit
from prorata.ledger.evidence import witness
from prorata.ledger.unclaimed import Ageing, Overdue, read_unclaimed

__all__ = [
    "Ageing",
    "Answers",
    "Audit",
    "Books",
    "Distribution",
    "Entry",
    "Evidence",
    "Overdue",
    "Place",
    "Unit",
    "audit",
    "audit_deployment",
    "audit_register",
    "compare",
    "read_unclaimed",
    "read_vault",
    "streams_of",
    "witness",
]

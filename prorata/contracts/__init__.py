# SPDX-License-Identifier: MIT
"""The contracts as typed Python objects, over any chain: one file a contract."""

from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency, money, parse_amount
from prorata.contracts.pass_through import PassThrough
from prorata.contracts.record_ranges import Component, RecordRanges
from prorata.contracts.registry import Investor, InvestorRegistry, LockUps
from prorata.contracts.relayer import ClaimRelayer, PaymentInstruction, digest, typed_data
from prorata.contracts.rules import Code, Explanation, Refusal, TransferRules
from prorata.contracts.share_token import ShareToken
from prorata.contracts.tax_policy import TaxPolicy
from prorata.contracts.vault import (
    Distribution,
    DividendVault,
    Entitlement,
    Permit,
    Reason,
    Settlement,
    Terms,
    find_distribution,
    settlements,
)
from prorata.contracts.withholding import (
    AppliedRate,
    Certificate,
    Facts,
    Filed,
    Rate,
    RateBasis,
    WithholdingPolicy,
)

__all__ = [
    "NATIVE",
    "AppliedRate",
    "Certificate",
    "ClaimRelayer",
    "Code",
    "Component",
    "Currency",
    "Distribution",
    "DividendVault",
    "Entitlement",
    "Explanation",
    "Facts",
    "Filed",
    "Investor",
    "InvestorRegistry",
    "LockUps",
    "PassThrough",
    "PaymentInstruction",
    "Permit",
    "Rate",
    "RateBasis",
    "Reason",
    "RecordRanges",
    "Refusal",
    "Settlement",
    "ShareToken",
    "TaxPolicy",
    "Terms",
    "TransferRules",
    "WithholdingPolicy",
    "digest",
    "find_distribution",
    "money",
    "parse_amount",
    "settlements",
    "typed_data",
]

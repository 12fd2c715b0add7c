# SPDX-License-Identifier: MIT
"""Fractional ownership of real-world assets on Ethereum, exact to the last unit.

What is named here is the public interface: deploy an asset, issue its shares, schedule record
dates, declare and pay income, and prove afterwards where every unit is. `docs/library.md` shows it
in use. Each name is loaded from its room when it is first used, so that importing the package
costs nothing; what is not named here may change in any version.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from prorata.version import __version__

if TYPE_CHECKING:
    from prorata.apportion import Apportionment, entitlement, withhold
    from prorata.assets.asset import Asset
    from prorata.assets.calendars import Calendar, find_calendar
    from prorata.assets.day_counts import DayCount, year_fraction
    from prorata.assets.rules import RuleSettings
    from prorata.assets.schedules.sheets import ScheduleSheet
    from prorata.assets.schedules.terms import ScheduleTerms
    from prorata.assets.withholding import PolicySettings
    from prorata.chain.node import RpcChain
    from prorata.chain.operator import Operator
    from prorata.chain.signers import LocalSigner, Signer
    from prorata.chain.steps import Intent, Progress, Receipt
    from prorata.contracts.currency import Currency
    from prorata.contracts.share_token import ShareToken
    from prorata.contracts.vault import DividendVault, Terms
    from prorata.deployments.deployer import deploy
    from prorata.deployments.deployment import Deployment, folder_for, open_operator
    from prorata.deployments.permissions import Permissions, read_permissions
    from prorata.errors import (
        BooksError,
        BuildError,
        ChainError,
        DeploymentError,
        InputError,
        JournalError,
        NoEligibleShares,
        Problem,
        ProrataError,
        RevertError,
    )
    from prorata.income.claims import claim
    from prorata.income.closing import refund, remit, sweep
    from prorata.income.declarations import Declaration, declare, declare_all
    from prorata.income.previews import Preview, preview_all
    from prorata.income.pushes import push_all
    from prorata.ledger.audits import Audit, audit_deployment
    from prorata.ledger.books import Books
    from prorata.register.captable import CapTable, Holding, parse_csv, read_csv, write_csv
    from prorata.register.holders import holders_at, holders_now
    from prorata.register.investors import read_investors, register_investors
    from prorata.register.issuance import issue
    from prorata.register.record_dates import cancel_records, schedule_record
    from prorata.register.shares import Ledger
    from prorata.register.tables import read_table
    from prorata.values.amounts import format_units, parse_units
    from prorata.values.kinds import InvestorClass, Kind

__all__ = [
    "Apportionment",
    "Asset",
    "Audit",
    "Books",
    "BooksError",
    "BuildError",
    "Calendar",
    "CapTable",
    "ChainError",
    "Currency",
    "DayCount",
    "Declaration",
    "Deployment",
    "DeploymentError",
    "DividendVault",
    "Holding",
    "InputError",
    "Intent",
    "InvestorClass",
    "JournalError",
    "Kind",
    "Ledger",
    "LocalSigner",
    "NoEligibleShares",
    "Operator",
    "Permissions",
    "PolicySettings",
    "Preview",
    "Problem",
    "Progress",
    "ProrataError",
    "Receipt",
    "RevertError",
    "RpcChain",
    "RuleSettings",
    "ScheduleSheet",
    "ScheduleTerms",
    "ShareToken",
    "Signer",
    "Terms",
    "__version__",
    "audit_deployment",
    "cancel_records",
    "claim",
    "declare",
    "declare_all",
    "deploy",
    "entitlement",
    "find_calendar",
    "folder_for",
    "format_units",
    "holders_at",
    "holders_now",
    "issue",
    "open_operator",
    "parse_csv",
    "parse_units",
    "preview_all",
    "push_all",
    "read_csv",
    "read_investors",
    "read_permissions",
    "read_table",
    "refund",
    "register_investors",
    "remit",
    "schedule_record",
    "sweep",
    "withhold",
    "write_csv",
    "year_fraction",
]

_ROOMS = {
    "apportion": ("Apportionment", "entitlement", "withhold"),
    "assets.asset": ("Asset",),
    "assets.calendars": ("Calendar", "find_calendar"),
    "assets.day_counts": ("DayCount", "year_fraction"),
    "assets.rules": ("RuleSettings",),
    "assets.schedules.sheets": ("ScheduleSheet",),
    "assets.schedules.terms": ("ScheduleTerms",),
    "assets.withholding": ("PolicySettings",),
    "chain.node": ("RpcChain",),
    "chain.operator": ("Operator",),
    "chain.signers": ("LocalSigner", "Signer"),
    "chain.steps": ("Intent", "Progress", "Receipt"),
    "contracts.currency": ("Currency",),
    "contracts.share_token": ("ShareToken",),
    "contracts.vault": ("DividendVault", "Terms"),
    "deployments.deployer": ("deploy",),
    "deployments.deployment": ("Deployment", "folder_for", "open_operator"),
    "deployments.permissions": ("Permissions", "read_permissions"),
    "errors": (
        "BooksError",
        "BuildError",
        "ChainError",
        "DeploymentError",
        "InputError",
        "JournalError",
        "NoEligibleShares",
        "Problem",
        "ProrataError",
        "RevertError",
    ),
    "income.claims": ("claim",),
    "income.closing": ("refund", "remit", "sweep"),
    "income.declarations": ("Declaration", "declare", "declare_all"),
    "income.previews": ("Preview", "preview_all"),
    "income.pushes": ("push_all",),
    "ledger.audits": ("Audit", "audit_deployment"),
    "ledger.books": ("Books",),
    "register.captable": ("CapTable", "Holding", "parse_csv", "read_csv", "write_csv"),
    "register.holders": ("holders_at", "holders_now"),
    "register.investors": ("read_investors", "register_investors"),
    "register.issuance": ("issue",),
    "register.record_dates": ("cancel_records", "schedule_record"),
    "register.shares": ("Ledger",),
    "register.tables": ("read_table",),
    "values.amounts": ("format_units", "parse_units"),
    "values.kinds": ("InvestorClass", "Kind"),
}
_HOMES = {name: f"prorata.{module}" for module, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    """A public name, loaded from its room."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

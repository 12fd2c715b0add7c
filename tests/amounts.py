"""Amounts in the JSON that programs read: what they must look like, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from prorata.values.amounts import Amount, format_units

__all__ = ["bare_amounts", "cell", "cells", "units"]

FIELDS = {"units", "text", "decimals", "currency"}

# What a person wrote or a wallet signs, as it stands; `binds` of a plan has a digest.
_OTHERS_WORDS = frozenset({"typed_data", "asset", "arguments", "compiler", "binds", "history"})

# Text that reads like a number and is none of money or shares: a nonce, which JSON's own numbers
# cannot hold, a price, which is a ratio, and what stands on forms.
_NO_AMOUNTS = re.compile(
    r".*\.(cancelled|nonce|price|bid|ask|spread|box|income_code|tax_rate|1042-S (1|3b) .*"
    # How many holders there were, as any figure of an alert.
    r"|price_exact|facts\.was|last|high|low|average|reference|factor|ratio)"
)

# What is counted in JSON's own numbers: things, gas, ids, times, and parts of the whole.
_COUNTS = re.compile(
    r".*\.("
    r"(adjusted|allowed|block|certificate|chain_id|corrected|distribution|exchange|id|line|manifest"
    r"|meeting|number|order|record|record_range|resolution|unit_count|year|country|class"
    r"|investor_class|person|plan|version)"
    r"|(closed_records|frozen_wallets|lines|mined|orders|waiting|checked\.[^.]+)"
    r"|(distributions|foreign|held|open_records|record_ranges|records|refundable|weights)\.#"
    r"|(holders|holders_left|holders_owed|holders_paid|holders_skipped|new|pages|payments|rates"
    r"|statements|steps|transactions|unchanged|basis_points|days|decimals)"
    r"|(by_proxy|resolutions|positions|blank)"
    r"|(purchases|sales|sales_of_known_cost|trades|without_price)"
    r"|(chains|period|loans|loans_[a-z0-9_]+)"
    r"|(at|closes_at|deadline|eligible_until|filed_at|former_until|from|payable_from|revoked_at"
    r"|set_at|valid_from|valid_until)"
    r"|(base_fee|gas|gas_price|size|gas\.[^.]+|gas\.approvals\.#)"
    r"|refusals\.#\.(value|limit)"
    # How far a ledger is: blocks, changes, events and seconds.
    r"|(blocks_behind|changes|done_to|events|final|first_block|head|last_block|log_index"
    r"|newest_block|silent_seconds|undone|until|verified_to)"
    r"|transfers\.#\.log"
    # What was decided and delivered of alerts, and when.
    r"|(alerts|withdrawals|delivered|failed|dead|attempts|next_due|begins_at|ends_at)"
    r"|messages\.#\.time|facts\.(closed_at|episode|since)"
    r")"
)

_NUMBER = re.compile(r"-?[0-9][0-9,_]*(\.[0-9]+)?")


def units(amount: dict[str, Any]) -> int:
    """The smallest units of an amount, once it is seen to be a whole and right one."""
    known = Amount.model_validate(amount)
    assert amount == known.as_json()
    assert set(amount) in (FIELDS, {*FIELDS, "address"})
    return known.units


def cell(value: Any) -> str:
    """A value of a JSON row as the same row of a CSV file has it."""
    if isinstance(value, dict):
        return format_units(units(value), value["decimals"], grouping=False)
    return "" if value is None else str(value)


def cells(row: dict[str, Any]) -> dict[str, str]:
    """A whole row of it."""
    return {name: cell(value) for name, value in row.items()}


def bare_amounts(document: Any) -> Iterator[str]:
    """Where a number stands that is neither an amount as a whole nor a count."""
    for path, value in _leaves(document, ""):
        if isinstance(value, dict):
            units(value)
        elif isinstance(value, str):
            if _NUMBER.fullmatch(value) and not _NO_AMOUNTS.fullmatch(path):
                yield f"{path} = {value!r}"
        elif not isinstance(value, bool | None) and not _COUNTS.fullmatch(path):
            yield f"{path} = {value!r}"


def _leaves(content: Any, path: str) -> Iterator[tuple[str, Any]]:
    """All that stands in a document, each with its path; amounts are not looked into."""
    if isinstance(content, dict) and not set(content) >= FIELDS:
        for name, value in content.items():
            if name not in _OTHERS_WORDS:
                yield from _leaves(value, f"{path}.{name}")
    elif isinstance(content, list):
        for value in content:
            yield from _leaves(value, f"{path}.#")
    else:
        yield path, content

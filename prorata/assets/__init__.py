# SPDX-License-Identifier: MIT
"""What people write down about an asset: its file, its rules, its tax rates. Pure."""

from prorata.assets.asset import Asset
from prorata.assets.rules import RuleSettings, parse_class
from prorata.assets.withholding import PolicySettings, format_rate, parse_rate

__all__ = [
    "Asset",
    "PolicySettings",
    "RuleSettings",
    "format_rate",
    "parse_class",
    "parse_rate",
]

# SPDX-License-Identifier: MIT
"""Tax: withholding policies, certificates, and the boxes of the forms."""

from prorata.tax.certificates import Entry, parse_certificates, read_certificates
from prorata.tax.forms import Box, tax_rate
from prorata.tax.policies import (
    Answers,
    Certified,
    Noted,
    Placed,
    Shown,
    certify,
    deploy_policy,
    find_policy,
    note,
    revoke,
    set_rates,
    show,
)

__all__ = [
    "Answers",
    "Box",
    "Certified",
    "Entry",
    "Noted",
    "Placed",
    "Shown",
    "certify",
    "deploy_policy",
    "find_policy",
    "note",
    "parse_certificates",
    "read_certificates",
    "revoke",
    "set_rates",
    "show",
    "tax_rate",
]

# SPDX-License-Identifier: MIT
"""Tax: withholding policies, certificates, and the boxes of the forms."""

from prorata.tax.certificates import CertificateRow, parse_certificates, read_certificates
from prorata.tax.forms import Box, tax_rate
from prorata.tax.policies import (
    Answers,
    Certified,
    Placed,
    Shown,
    StatusSnapshots,
    certify,
    deploy_policy,
    find_policy,
    revoke,
    set_rates,
    show,
    snapshot,
)

__all__ = [
    "Answers",
    "Box",
    "CertificateRow",
    "Certified",
    "Placed",
    "Shown",
    "StatusSnapshots",
    "certify",
    "deploy_policy",
    "find_policy",
    "parse_certificates",
    "read_certificates",
    "revoke",
    "set_rates",
    "show",
    "snapshot",
    "tax_rate",
]

# SPDX-License-Identifier: MIT
"""Deployments: put on a chain once, found again, and who can do what in them."""

from prorata.deployments.deployer import add_contract, deploy, price
from prorata.deployments.deployment import Deployment, folder_for, open_operator
from prorata.deployments.permissions import read_permissions

__all__ = [
    "Deployment",
    "add_contract",
    "deploy",
    "folder_for",
    "open_operator",
    "price",
    "read_permissions",
]

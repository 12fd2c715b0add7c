# SPDX-License-Identifier: MIT
"""Deployments: put on a chain once, found again, and who can do what in them."""

from prorata.deployments.changes import Change
from prorata.deployments.deployer import add_contract, deploy, price
from prorata.deployments.deployment import Deployment, folder_for, open_operator
from prorata.deployments.permissions import read_permissions
from prorata.deployments.roles import (
    accept_ownership,
    add_agent,
    find_governed,
    offer_ownership,
    read_roles,
    remove_agent,
)

__all__ = [
    "Change",
    "Deployment",
    "accept_ownership",
    "add_agent",
    "add_contract",
    "deploy",
    "find_governed",
    "folder_for",
    "offer_ownership",
    "open_operator",
    "price",
    "read_permissions",
    "read_roles",
    "remove_agent",
]

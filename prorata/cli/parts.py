# SPDX-License-Identifier: MIT
"""Which contract of an asset a command means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from prorata.deployments.roles import PARTS, TOKEN
from prorata.values.addresses import ZERO_ADDRESS, check_address

__all__ = ["parse_contract", "part_options"]

F = TypeVar("F", bound=Callable[..., Any])


def parse_contract(text: str, column: str) -> str:
    """An address, or the zero address for `none`.

    Raises: InputError when it is neither.
    """
    return ZERO_ADDRESS if text == "none" else check_address(column, text)


def part_options(function: F) -> F:
    """Which contract of an asset a command about owners and agents means."""
    part = click.option(
        "--of",
        "part",
        type=click.Choice(PARTS),
        default=TOKEN,
        show_default=True,
        help="Which contract of the asset.",
    )
    policy = click.option("--policy", help="The tax policy's name, where there are several.")
    return part(policy(function))

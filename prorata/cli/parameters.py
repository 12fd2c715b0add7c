# SPDX-License-Identifier: MIT
"""What people type after an option, as values."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from prorata.chain.node import RpcChain
from prorata.deployments.roles import PARTS, TOKEN
from prorata.values.addresses import ZERO_ADDRESS, check_address
from prorata.values.times import WRITE_A_TIME, checked_second, parse_time

__all__ = ["parse_contract", "parse_moment", "part_options"]

F = TypeVar("F", bound=Callable[..., Any])

# `now` leaves a transaction this long to be mined.
SOON_LOCAL_SECONDS = 2
SOON_PUBLIC_SECONDS = 60

_RELATIVE = re.compile(r"\+(?P<count>[0-9]{1,9})(?P<unit>[smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_REMEDY = f"{WRITE_A_TIME}, now, or +3600s, +90m, +12h, +2d"


def parse_moment(text: str, chain: RpcChain, column: str = "at") -> int:
    """The Unix second that `text` names: ISO 8601 with a zone, `now`, or `+2d` from now.

    Raises: InputError when it names none.
    """
    if text == "now":
        return chain.now() + (SOON_LOCAL_SECONDS if chain.is_local else SOON_PUBLIC_SECONDS)
    if (relative := _RELATIVE.fullmatch(text)) is not None:
        second = chain.now() + int(relative["count"]) * _SECONDS[relative["unit"]]
        return checked_second(column, text, second, _REMEDY)
    return parse_time(column, text, _REMEDY)


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

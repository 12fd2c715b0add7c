# SPDX-License-Identifier: MIT
"""Decide what the rules of alerts say, and deliver it: `prorata alerts run` as a service."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.commands.alerts import RECEIVERS, RULES, delivering_options, run_alerts

__all__ = ["cli"]


@click.command(
    cls=Command,
    examples=(
        f"prorata deliver --rules {RULES} --receivers {RECEIVERS}",
        f"prorata deliver --rules {RULES} --once",
    ),
)
@delivering_options
@reading_options
def cli(**options: Any) -> None:
    """Decide what the rules of alerts say, and deliver it, until it is ended.

    It is `prorata alerts run`. A rule begins when it is first seen, and what is decided is never
    decided again: end it, kill it, or run two of them beside each other. `prorata run` has one of
    them if it is given rules.
    """
    run_alerts(options)

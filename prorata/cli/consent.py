# SPDX-License-Identifier: MIT
"""Consent: whoever sends what cannot be undone has seen it first, and has said so.

What was agreed to is then all that is sent. The chain may have moved on since, and a command that
would do something else by now stops before its first step that nobody has seen.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from prorata.chain.operator import Operator
from prorata.chain.rehearsed_steps import content_of
from prorata.chain.steps import Intent
from prorata.cli.output import Output
from prorata.cli.stage import Stage
from prorata.errors import InputError

__all__ = ["AGREED", "can_ask", "keep_to", "require_consent", "require_yes"]

AGREED = "prorata.agreed"
"""Where a context keeps the stage whose steps were agreed to."""

_LOOK = "look at it with --dry-run, then give --yes, or --confirm with the digest that it prints"


def can_ask(options: Mapping[str, Any]) -> bool:
    """Whether there is a person to ask: at a terminal, and not behind a program."""
    return sys.stdin.isatty() and not options.get("as_json")


def require_consent(stage: Stage, options: Mapping[str, Any]) -> None:
    """Whoever runs the command agrees to the steps: by the digest, or when asked.

    Raises: InputError when nobody does.
    """
    if not stage.steps:
        return
    if (given := options["confirm"]) is not None:
        if given.lower() != stage.digest:
            rule = f"is not the digest of what would be sent now, which is {stage.digest}"
            raise InputError.of("confirm", given, rule, "look at it again with --dry-run")
        return
    many = len(stage.steps)
    if not can_ask(options):
        rule = (
            f"is missing: what would be sent ({stage.steps[0].label}"
            f"{f' and {many - 1} more' if many > 1 else ''}) cannot be undone, and there is "
            "nobody to ask"
        )
        raise InputError.of("yes", "", rule, _LOOK)
    if stage.foreword is not None:
        stage.foreword(Output(False))
    stage.show(Output(False))
    if not click.confirm("Send? It cannot be undone", err=True):
        raise InputError.of("yes", "no", "was the answer, so nothing was sent", "run it again")


def require_yes(options: Mapping[str, Any], what: str) -> None:
    """Whoever runs the command agrees to what changes a setting and sends nothing.

    Raises: InputError when nobody does.
    """
    if options.get("yes"):
        return
    if not can_ask(options):
        rule = f"is missing, to {what}, and there is nobody to ask"
        raise InputError.of("yes", "", rule, "look at it with --dry-run, then give --yes")
    if not click.confirm(f"{what[0].upper()}{what[1:]}?", err=True):
        raise InputError.of("yes", "no", "was the answer, so nothing was changed", "run it again")


def keep_to(stage: Stage, operator: Operator) -> None:
    """Let the operator send what was agreed to, in that order, and nothing else.

    Where the stage could not be played to its end, what follows has been seen by nobody and goes.
    """
    wanted = [step.content for step in stage.steps]
    places = {content["key"]: place for place, content in enumerate(wanted)}

    def gate(intents: Sequence[Intent]) -> None:
        for intent in intents:
            place = places.get(intent.key)
            known = place is not None and wanted[place] == content_of(intent)
            if known or (place is None and stage.ended is not None):
                continue
            if place is None and operator.earlier(intent.key, intent.call) is not None:
                continue
            found = "is not what was shown under its name" if place is not None else "was not shown"
            raise InputError.of(
                "step",
                intent.call.label,
                f"{found}, for the chain has changed since, so it was not sent",
                "look at it again with --dry-run",
            )

    operator.agreed = gate

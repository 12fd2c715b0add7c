# SPDX-License-Identifier: MIT
"""Secrets of the service, from files or from the environment, the newest first."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prorata.cli.checks import WEBHOOK_SECRETS
from prorata.errors import InputError

if TYPE_CHECKING:
    from prorata.alerts.webhook_secrets import Masters

__all__ = ["masters_of", "read_secrets", "webhook_secret_option", "webhook_secrets_of"]

LARGEST_SECRET = 10_000


def read_secrets(option: str, paths: Sequence[Path], variable: str) -> tuple[str, ...]:
    """The secrets in files, and after them those of a variable of the environment.

    Raises: InputError for a file that cannot be read.
    """
    return (*(_read(option, path) for path in paths), *os.environ.get(variable, "").split())


def _read(option: str, path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as opened:
            return opened.read(LARGEST_SECRET).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        rule, remedy = f"cannot be read ({reason.lower()})", "name a file with one line"
        raise InputError.of(option, path, rule, remedy) from None


def webhook_secret_option(function: Callable[..., None]) -> Callable[..., None]:
    """The option of whoever derives secrets of webhooks."""
    return click.option(
        "--webhook-secret-file", "webhook_secret_files", multiple=True,
        type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
        envvar="PRORATA_WEBHOOK_SECRET_FILES", show_envvar=True,
        help="A file with a master secret of webhooks; of several, new secrets are derived from "
        f"the first one, and those of {WEBHOOK_SECRETS} come after them.  [default: none]",
    )(function)  # fmt: skip


def webhook_secrets_of(options: dict[str, Any]) -> tuple[str, ...]:
    """The master secrets that the options and the environment say.

    Raises: InputError for a file that cannot be read, and a secret that could be guessed.
    """
    from prorata.alerts.webhook_secrets import Masters  # noqa: PLC0415 - it needs the extra `store`

    found = read_secrets("webhook-secret-file", options["webhook_secret_files"], WEBHOOK_SECRETS)
    Masters(found)
    return found


def masters_of(options: dict[str, Any]) -> Masters:
    """The same, to derive with.

    Raises: as `webhook_secrets_of`.
    """
    from prorata.alerts.webhook_secrets import Masters  # noqa: PLC0415

    return Masters(webhook_secrets_of(options))

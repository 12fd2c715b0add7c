# SPDX-License-Identifier: MIT
"""Extras that a command needs, and how they are installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prorata.errors import StoreError

__all__ = ["extra"]


@contextmanager
def extra(*names: str) -> Iterator[None]:
    """Import what the extras bring.

    Raises: StoreError, with how to install them, when something of them cannot be loaded.
    """
    try:
        yield
    except ImportError as error:
        raise StoreError(
            f"this command needs packages that cannot be loaded ({error})",
            f"install them with: pip install 'prorata[{','.join(names)}]'",
        ) from None

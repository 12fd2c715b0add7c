# SPDX-License-Identifier: MIT
"""Logs: lines that are added and never changed, each on the disk whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import BinaryIO

__all__ = ["append_lines", "whole_lines"]


def append_lines(file: BinaryIO, lines: Iterable[bytes]) -> None:
    """Add lines, and wait until the disk has them.

    Raises: OSError.
    """
    file.write(b"".join(line + b"\n" for line in lines))
    file.flush()
    os.fsync(file.fileno())


def whole_lines(file: BinaryIO) -> list[bytes]:
    """The lines of a log that was opened to be added to.

    What follows the last line end was torn by a kill, so that nothing was done for it: it goes.

    Raises: OSError.
    """
    file.seek(0)
    content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        file.truncate(len(whole))
    return whole.split(b"\n")[:-1]

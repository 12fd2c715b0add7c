"""Files that other programs read: whole or not there, whatever happens while they are written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from prorata.errors import InputError

__all__ = ["write_json", "write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Put `text` in place of what the file said before, in one step.

    Raises: InputError when the folder cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise InputError.of(
            "file", path, f"cannot be written ({reason})", "give another folder"
        ) from None


def write_json(path: Path, content: Any) -> None:
    """JSON that people can read too, written whole."""
    write_whole(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

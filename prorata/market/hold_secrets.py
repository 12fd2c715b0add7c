# SPDX-License-Identifier: MIT
"""The secret that opens a hold: 32 random bytes in a file that only its owner may read.

It stands nowhere else: not in a journal, a log or a document of ours, until it is shown on a chain.
No refusal shows it.
"""

from __future__ import annotations

import os
import re
import secrets
from hashlib import sha256
from pathlib import Path

from prorata.errors import InputError

__all__ = ["SECRET_BYTES", "lock_of", "make_secret", "parse_lock", "read_secret", "write_secret"]

SECRET_BYTES = 32

_WORD = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


def make_secret() -> bytes:
    """A secret that nobody can guess."""
    return secrets.token_bytes(SECRET_BYTES)


def lock_of(secret: bytes) -> bytes:
    """What a hold is locked with: every chain can compute it."""
    return sha256(secret).digest()


def write_secret(path: Path, secret: bytes) -> None:
    """Keep a secret in a new file that only its owner may read or write, on the disk at once.

    Raises: InputError when there is such a file, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(f"0x{secret.hex()}\n".encode())
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise InputError.of(
            "secret-file", path, "is there already, and a secret is never replaced", "name another"
        ) from None
    except OSError as error:
        reason = str(error.strerror).lower()
        rule = f"cannot be written ({reason})"
        raise InputError.of("secret-file", path, rule, "give another path") from None


def read_secret(path: Path) -> bytes:
    """The secret in a file.

    Raises: InputError, which does not show it, when the file cannot be read or has none.
    """
    try:
        with path.open("rb") as file:
            text = file.read(1_000).decode(errors="replace").strip()
    except OSError as error:
        reason = str(error.strerror).lower()
        remedy = "give the file that `prorata hold secret` wrote"
        raise InputError.of("secret-file", path, f"cannot be read ({reason})", remedy) from None
    if not _WORD.fullmatch(text):
        raise InputError.of(
            "secret-file",
            path,
            f"does not have 32 bytes as 0x and 64 hexadecimal digits, but {len(text)} characters",
            "give the file that `prorata hold secret` wrote",
        )
    return bytes.fromhex(text[2:])


def parse_lock(text: str) -> bytes:
    """A lock as a person writes it.

    Raises: InputError when it is not 32 bytes, or none that a secret could open.
    """
    if not _WORD.fullmatch(text):
        rule = "is not the SHA-256 of a secret"
        raise InputError.of("lock", text, rule, "write 0x and 64 hexadecimal digits")
    lock = bytes.fromhex(text[2:])
    if not any(lock):
        raise InputError.of("lock", text, "is nothing", "give the SHA-256 of a secret")
    return lock

# SPDX-License-Identifier: MIT
"""Keystore files: encrypted private keys, in whatever shape a tool has left one.

Read as one: what geth and eth-account write, with or without a byte-order mark, as the only entry
of a list, or as text within JSON. Whatever else a file is, is one sentence; no key and no
passphrase ever stands in it. Written readable for their owner only, and never over another file.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import is_hex_address, to_checksum_address
from eth_utils.exceptions import ValidationError

from prorata.errors import InputError

__all__ = [
    "address_in",
    "is_open_to_others",
    "key_in",
    "open_keystore",
    "parse_key",
    "read_keystore",
    "write_keystore",
]

LARGEST_BYTES = 1_000_000
VERSION, VALIDATOR_VERSION = 3, 4

_KEY = re.compile(r"(?:0x)?[0-9a-fA-F]{64}", re.ASCII)
_NO_KEYSTORE = "give a file that `prorata account new`, geth or eth-account wrote"
_IMPORT = "`prorata account import NAME --from FILE` makes a keystore of it"
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


# ---------------------------------------------------------------------------------------- reading


def read_keystore(path: Path) -> Mapping[str, Any]:
    """The keystore in a file, in whatever shape it stands there.

    Raises: InputError when the file cannot be read, or is none.
    """
    text = _text(path)
    if not text.strip():
        raise _refused(path, "is empty", _NO_KEYSTORE)
    if _KEY.fullmatch(text.strip()):
        raise _refused(path, "is a private key that nothing protects", _IMPORT)
    found = _unwrapped(path, _parsed(path, text))
    names = {name.lower() for name in found}
    if found.get("version") == VALIDATOR_VERSION:
        raise _refused(path, "is a validator's key, which signs no transactions", _NO_KEYSTORE)
    if "crypto" not in names:
        if {"privatekey", "private_key", "key"} & names:
            raise _refused(path, "has a private key that nothing protects", _IMPORT)
        raise _refused(path, "is JSON, and no keystore", _NO_KEYSTORE)
    return found


def open_keystore(path: Path, passphrase: str) -> LocalAccount:
    """The account whose key is in a file.

    Raises: InputError when it is no keystore, or does not open with the passphrase.
    """
    found = read_keystore(path)
    try:
        account: LocalAccount = Account.from_key(Account.decrypt(dict(found), passphrase))
    except Exception as error:  # noqa: BLE001 - a traceback could show the passphrase
        if "MAC mismatch" in str(error):
            rule, remedy = "does not open with this passphrase", "check the passphrase"
            raise _refused(path, rule, remedy) from None
        raise _refused(path, "is no keystore that can be opened", _NO_KEYSTORE) from None
    said = address_in(found)
    if said is not None and said != account.address:
        rule = f"says it is {said}, and has the key of {account.address}"
        raise _refused(path, rule, "give the file of the account that you mean")
    return account


def address_in(keystore: Mapping[str, Any]) -> str | None:
    """The account that a keystore says it is of, if it says so."""
    said = str(keystore.get("address", ""))
    said = said if said.startswith("0x") else f"0x{said}"
    return str(to_checksum_address(said)) if is_hex_address(said) else None


def is_open_to_others(path: Path) -> bool:
    """Whether others on this machine may read or change the file."""
    return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            raise _refused(path, "is a folder", "give a keystore file in it")
        with path.open("rb") as file:
            # A device may have no end.
            content = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error).lower()
        raise _refused(path, f"cannot be read ({reason})", _NO_KEYSTORE) from None
    if len(content) > LARGEST_BYTES:
        raise _refused(path, "is too large for a keystore", _NO_KEYSTORE)
    encoding = next((e for mark, e in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise _refused(path, "is no text, and no keystore", _NO_KEYSTORE) from None


def _parsed(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _refused(path, "is no JSON, and no keystore", _NO_KEYSTORE) from None


def _unwrapped(path: Path, found: Any) -> Mapping[str, Any]:
    """The object itself, out of the text or the list that it stands in."""
    if isinstance(found, str):
        if _KEY.fullmatch(found.strip()):
            raise _refused(path, "is a private key that nothing protects", _IMPORT)
        found = _parsed(path, found)
    if isinstance(found, list):
        if len(found) != 1:
            rule = f"is a list of {len(found)} keystores" if found else "is an empty list"
            raise _refused(path, rule, "put the one that you mean into a file of its own")
        [found] = found
    if isinstance(found, str):
        found = _parsed(path, found)
    if not isinstance(found, dict):
        raise _refused(path, "is JSON, and no keystore", _NO_KEYSTORE)
    return found


def _refused(path: Path, rule: str, remedy: str) -> InputError:
    return InputError.of("account", path, rule, remedy)


# ------------------------------------------------------------------------------------ private keys


def parse_key(text: str, where: str = "what was typed") -> LocalAccount:
    """The account of a private key in hexadecimal; the error has `where`, never the key.

    Raises: InputError when it is none.
    """
    key = text.strip()
    if _KEY.fullmatch(key):
        with contextlib.suppress(ValidationError, ValueError):
            account: LocalAccount = Account.from_key(key)
            return account
    raise InputError.of("key", where, "is no private key", "give 64 hexadecimal digits")


def key_in(path: Path) -> LocalAccount | None:
    """The account of a private key that stands unprotected in a file; None for what is none.

    Raises: InputError when the file cannot be read.
    """
    text = _text(path).strip()
    with contextlib.suppress(ValueError):
        found = json.loads(text) if text[:1] in ('"', "{") else text
        if isinstance(found, dict):
            lower = {name.lower(): value for name, value in found.items()}
            found = lower.get("privatekey", lower.get("private_key", lower.get("key")))
        if isinstance(found, str) and _KEY.fullmatch(found.strip()):
            return parse_key(found, str(path))
    return None


# ---------------------------------------------------------------------------------------- writing


def write_keystore(path: Path, account: LocalAccount, passphrase: str) -> None:
    """Write an account's key, encrypted, to a new file that its owner alone may read.

    The file is opened again before this returns: what could not be read back does not stay.

    Raises: InputError when there is such a file, or it cannot be written.
    """
    content = json.dumps(account.encrypt(passphrase), indent=2) + "\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        rule = "is there already, and no key is ever overwritten"
        raise _refused(path, rule, "give another name") from None
    except OSError as error:
        raise _not_written(path, error) from None
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        open_keystore(path, passphrase)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _not_written(path, error) from None
        raise


def _not_written(path: Path, error: OSError) -> InputError:
    reason = str(error.strerror or error).lower()
    return _refused(path, f"cannot be written ({reason})", "give another path")

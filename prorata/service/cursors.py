# SPDX-License-Identifier: MIT
"""Cursors that only this service can have written: which moment, which query, and whose.

All pages that a chain of cursors leads to are of the first page's moment. A cursor that was changed
or is of another query is refused; one whose moment a reorganisation has taken is gone.
"""

from __future__ import annotations

from itsdangerous import BadSignature, Signer
from sqlalchemy import Connection

from prorata.errors import InputError
from prorata.store.asof import AsOf
from prorata.store.holder_pages import Cursor, cursor_of, require_standing

__all__ = ["Cursors"]

LONGEST = 2_000


class Cursors:
    """Writes and reads them, by the secrets of the service; the first one signs."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        # The library takes the last one to sign with.
        self._signer = Signer(list(reversed(secrets)), salt="prorata.cursor", key_derivation="hmac")

    def placed(self, query: str, place: str) -> str:
        """The cursor of what comes behind a place in a list that is of no moment."""
        return self._signer.sign(f"{query} {place}").decode()

    def place(self, text: str, query: str) -> str:
        """The place of such a cursor.

        Raises: InputError for one that we have not written, or of another query.
        """
        asked, _, place = self._unsigned(text).partition(" ")
        if asked != query or not place:
            raise _of_another(text)
        return place

    def written(self, of: AsOf, query: str, after: int) -> str:
        """The cursor of what comes behind `after`."""
        return self._signer.sign(str(cursor_of(of, query, after))).decode()

    def read(self, connection: Connection, asset: int, text: str, query: str) -> tuple[AsOf, int]:
        """The moment of a cursor, and behind what its page begins.

        Raises: InputError for one that we have not written, or of another query; MomentGoneError
        when its moment is no more.
        """
        found = _checked(self._unsigned(text), text, query)
        return require_standing(connection, asset, found), found.after

    def _unsigned(self, text: str) -> str:
        try:
            return self._signer.unsign(text[:LONGEST]).decode()
        except (BadSignature, UnicodeError):
            rule = "is no cursor that this service has given"
            raise InputError.of("cursor", text[:80], rule, "begin with the first page") from None


def _checked(plain: str, text: str, query: str) -> Cursor:
    try:
        return Cursor.read(plain, query)
    except InputError:
        raise _of_another(text) from None


def _of_another(text: str) -> InputError:
    rule = "is the cursor of another question"
    return InputError.of("cursor", text[:80], rule, "send it with the same path and parameters")

# SPDX-License-Identifier: MIT
"""`Idempotency-Key`: a request that writes is done once, and answered alike for a day.

It is the header of the IETF's draft httpapi-idempotency-key-header. A key is of one API key; what
counts as the same request is its method, path and body. What was refused is not kept.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

from fastapi import Header, Request

from prorata.errors import StoreError
from prorata.service.principals import Principal
from prorata.service.problems import Refused
from prorata.store.idempotency import Claim, Kept, Outstanding, Reused, begin, give_up, keep
from prorata.store.office import Office, Transaction

__all__ = ["IdempotencyKey", "Writer", "once"]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Makes it safe to send the request again: with the same key and the same body "
        "it is done once within 24 hours, and answered alike. A random one such as a UUID, in "
        "quotation marks or without.",
        pattern='^("[A-Za-z0-9_.:-]{1,255}"|[A-Za-z0-9_.:-]{1,255})$',
        examples=['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
    ),
]

Writer = Callable[[Transaction, str], None]
"""Writes the answer down in the transaction of what was done."""


async def once(
    request: Request,
    principal: Principal,
    office: Office,
    key: str | None,
    do: Callable[[Writer], str],
) -> str:
    """What `do` answers, or has answered to this request before. It runs in a thread.

    Raises: Refused for a key of another request, or of one that is worked on; whatever `do` raises.
    """
    if key is None:
        return await asyncio.to_thread(do, lambda *_: None)
    body = hashlib.sha256(await request.body()).hexdigest()
    told = repr((request.method, request.url.path, request.url.query, body))
    digest = hashlib.sha256(told.encode()).digest()
    return await asyncio.to_thread(_once, office, principal.name, key.strip('"'), digest, do)


def _once(office: Office, who: str, key: str, request: bytes, do: Callable[[Writer], str]) -> str:
    begun = begin(office, who, key, request)
    if isinstance(begun, Kept):
        return begun.answer
    if isinstance(begun, Reused):
        raise Refused(
            "key-reused", "the Idempotency-Key was sent with another request before",
            "take a new key for a new request", value=key,
        )  # fmt: skip
    if isinstance(begun, Outstanding):
        raise Refused(
            "outstanding", "the request with this Idempotency-Key is still being worked on",
            "send it again in a moment", value=key, headers={"Retry-After": "1"},
        )  # fmt: skip
    return _do(office, begun, do)


def _do(office: Office, claim: Claim, do: Callable[[Writer], str]) -> str:
    try:
        return do(lambda writing, answer: keep(writing, claim, answer))
    except BaseException:
        # Its claim ends by itself, if this fails too.
        with suppress(StoreError):
            give_up(office, claim)
        raise

# SPDX-License-Identifier: MIT
"""Who asks, and what may be shown to them: every route but an explicit few goes through here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from prorata.service.problems import Refused
from prorata.service.serving import Service

__all__ = ["Asker", "Principal", "principal_of"]


@dataclass(frozen=True)
class Principal:
    """Whoever asks: a key of a tenant, or anybody.

    `assets` are those of the key, by chain and token; `public` the tokens that anybody may read.
    """

    public: frozenset[str]
    tenant: str | None = None
    key: str | None = None
    scopes: frozenset[str] = frozenset()
    assets: frozenset[tuple[int, str]] = frozenset()

    @property
    def name(self) -> str:
        """As the trail and the log name it."""
        return "anybody" if self.key is None else f"key {self.key}"

    def sees(self, chain_id: int, token: str) -> bool:
        """Whether an asset may be shown at all."""
        return token in self.public or ("read" in self.scopes and (chain_id, token) in self.assets)

    def owns(self, chain_id: int, token: str) -> bool:
        """Whether it is an asset of the key's own tenant."""
        return self.key is not None and (chain_id, token) in self.assets

    def require(self, scope: str) -> None:
        """Raises: Refused when the key lacks a scope."""
        if self.key is None:
            raise Refused(
                "no-key", "this needs a key", "send one as: Authorization: Bearer pr_…",
                headers={"WWW-Authenticate": "Bearer"},
            )  # fmt: skip
        if scope not in self.scopes:
            sentence = f"the key {self.key} has no scope {scope}"
            raise Refused("scope-missing", sentence, f"use a key with the scope {scope}")


async def principal_of(request: Request) -> Principal:
    """The one who asks, by the key in `Authorization`; without one it is anybody.

    Raises: Refused for a key that is not known, or was revoked, and beyond a limit.
    """
    service: Service = request.app.state.service
    public, limiter = service.settings.public, service.limiter
    given = request.headers.get("authorization")
    if given is None:
        await limiter.count_anybody(request)
        return Principal(public)
    scheme, _, text = given.partition(" ")
    key = None
    if scheme.lower() == "bearer":
        if not service.offices.remembers(text.strip()):
            await limiter.check_anybody(request)
        key = await service.offices.key(text.strip())
    if key is None:
        await limiter.count_anybody(request)
        raise Refused(
            "no-key", "the key is not known, or was revoked", "ask for another one",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )  # fmt: skip
    request.scope["state"].update(key=key.id, asker=key)
    await limiter.count_key(request, key.id)
    return Principal(public, key.tenant, key.id, frozenset(key.scopes), frozenset(key.assets))


Asker = Annotated[Principal, Depends(principal_of)]

# SPDX-License-Identifier: MIT
"""One question to the ledger: who asks, of which asset, as of when, and whether it is known there.

Whatever an answer says is of one snapshot. Its ETag is made of what can change it, which is read
first: whoever has the same answer already is told so before a large table is touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response
from sqlalchemy import Connection, bindparam, select

from prorata.errors import InputError
from prorata.service.audits import Audited
from prorata.service.models import Model, moment_model
from prorata.service.principals import Asker, Principal
from prorata.service.problems import Refused
from prorata.service.questions import cache_headers, has_tag
from prorata.service.reader import Reader
from prorata.service.serving import Service
from prorata.service.versions import Version
from prorata.store import schema
from prorata.store.asof import AsOf, FollowedAsset, moment
from prorata.values.addresses import address_fault, parse_address
from prorata.values.amounts import Unit
from prorata.version import __version__

T = TypeVar("T")

__all__ = [
    "Asked",
    "Asking",
    "Asks",
    "Followed",
    "every_asset",
    "followed_assets",
    "packed",
    "unknown_asset",
]

_ASSETS = (
    select(
        schema.asset.c.id,
        schema.asset.c.chain,
        schema.asset.c.token,
        schema.asset.c.name,
        schema.asset.c.symbol,
        schema.asset.c.decimals,
        schema.chain.c.chain_id,
        schema.chain.c.genesis,
        schema.chain.c.epoch,
        schema.chain.c.seq,
        schema.chain.c.undone,
        schema.chain.c.head,
        schema.chain.c.head_time,
        schema.chain.c.final,
        schema.chain.c.verified_to,
    )
    .join(schema.chain, schema.chain.c.id == schema.asset.c.chain)
    .order_by(schema.chain.c.chain_id, schema.asset.c.symbol, schema.asset.c.token)
)
_ASSET = _ASSETS.where(schema.asset.c.token == bindparam("token"))
_READ_TO = (
    select(schema.source_asset.c.asset, schema.source.c.done_to, schema.source.c.stopped)
    .join(schema.source, schema.source.c.id == schema.source_asset.c.source)
    .where(schema.source_asset.c.asset.in_(bindparam("assets", expanding=True)))
    .order_by(schema.source_asset.c.asset, schema.source_asset.c.source)
)


@dataclass(frozen=True)
class Followed:
    """An asset that is followed, and how its chain stands: all that its answers depend on."""

    asset: FollowedAsset
    name: str
    chain_id: int
    genesis: str
    state: tuple[Any, ...]

    @cached_property
    def unit(self) -> Unit:
        """How its shares are written."""
        return Unit(self.asset.symbol, self.asset.decimals)


def followed_assets(
    connection: Connection, principal: Principal, token: str | None = None
) -> list[Followed]:
    """The assets that may be shown, or those of one token."""
    found = every_asset(connection, token)
    return [one for one in found if principal.sees(one.chain_id, one.asset.token)]


def every_asset(connection: Connection, token: str | None = None) -> list[Followed]:
    """All assets that are followed, whoever may see them: for what decides, and is not shown."""
    return Reader.remember(connection, ("assets", token), lambda: _followed(connection, token))


def _followed(connection: Connection, token: str | None) -> list[Followed]:
    asked = _ASSETS if token is None else _ASSET
    rows = connection.execute(asked, {} if token is None else {"token": token}).all()
    read_to: dict[int, list[tuple[int, str | None]]] = {row.id: [] for row in rows}
    if rows:
        wanted = {"assets": list(read_to)}
        for asset, done_to, stopped in connection.execute(_READ_TO, wanted):
            read_to[asset].append((done_to, stopped))
    return [
        Followed(
            FollowedAsset(row.id, row.chain, row.token, row.symbol, row.decimals),
            row.name,
            row.chain_id,
            row.genesis,
            (row.epoch, row.seq, row.undone, row.head, row.head_time, row.final,
             row.verified_to, *read_to[row.id]),
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What a route is given: a snapshot, the asset, and the moment that was asked for.

    `after` is behind what the page begins; 0 for the first one.
    """

    service: Service
    connection: Connection
    principal: Principal
    followed: Followed
    moment: AsOf
    after: int = 0
    query: str = ""
    audited: Audited | None = None

    @property
    def id(self) -> int:
        """The asset as the database numbers it."""
        return self.followed.asset.id

    @property
    def block(self) -> int:
        """The last block that counts."""
        return self.moment.block

    @property
    def unit(self) -> Unit:
        """How shares are written."""
        return self.followed.unit

    @property
    def facts(self) -> dict[str, Any]:
        """What every answer begins with."""
        audited = self.audited
        return {
            "as_of": moment_model(self.moment, audited),
            "incomplete": not self.moment.complete,
            "disputed": audited is not None and not audited.balanced,
        }

    def next(self, after: int | None) -> str | None:
        """The cursor of the page behind `after`; None after the last page."""
        if after is None:
            return None
        return self.service.cursors.written(self.moment, self.query, after)

    def require_own(self) -> None:
        """Raises: Refused when the asset is public, and not the key's own."""
        one = self.followed
        if not self.principal.owns(one.chain_id, one.asset.token):
            raise unknown_asset(one.asset.token)

    def unit_of(self, currency: str) -> Unit | None:
        """How a currency is written, if somebody has said it."""
        return self.service.settings.unit_of(self.followed.chain_id, currency)


@dataclass
class Asking:
    """A request, and who has sent it."""

    request: Request
    principal: Principal
    _audits: dict[tuple[int, str], Audited | None] = field(default_factory=dict, init=False)
    _tag: tuple[object, str] | None = field(default=None, init=False)

    @cached_property
    def service(self) -> Service:
        """What the application was made with."""
        found: Service = self.request.app.state.service
        return found

    async def of_asset(
        self,
        named: str,
        build: Callable[[Asked], Model],
        *,
        at: str | None = None,
        cursor: str | None = None,
        long: bool = False,
        fresh: bool = False,
    ) -> Response:
        """The answer about one asset as of a moment, or that the asker has it already.

        `long` if it may read more than a page; `fresh` if no tag says whether it has changed.

        Raises: Refused when there is no such asset for the asker; as `moment` and `Cursors.read`.
        """

        def found(connection: Connection) -> tuple[str, bytes | None]:
            followed = self.find(connection, named)
            tag = self.tag([followed])
            if not fresh and self.has(tag):
                return tag, None
            kept = None if fresh else self.service.bodies.get(tag)
            if kept is None:
                kept = packed(build(self.asked(connection, followed, at, cursor)))
                if not fresh:
                    self.service.bodies.put(tag, kept)
            return tag, kept

        since = None if fresh else await self.service.reader.version()
        if since is not None:
            known = await self._known(named, since)
            if known is not None:
                return known
        tag, body = await self.service.reader.ask(found, long=long, since=since)
        return self.answer(None if fresh else tag, body)

    async def _known(self, named: str, version: Version) -> Response | None:
        """The answer without a snapshot, where nobody has written since it was made."""
        reader, key = self.service.reader, ("assets", named, self.principal)
        followed = reader.peek(version, key)
        if followed is None:
            followed = await reader.keep(
                version, key, lambda connection: self.find(connection, named)
            )
        # Asked before the tag is made of the audits: it is never older than they are.
        state = version, self.service.audits.changes
        tag = self.tag([followed])
        self.service.questions.put(self.request.scope, state, tag)
        if self.has(tag):
            return self.answer(tag, None)
        body = self.service.bodies.get(tag)
        return None if body is None else self.answer(tag, body)

    async def page_of(
        self,
        named: str,
        build: Callable[[Asked], T],
        *,
        at: str | None = None,
        cursor: str | None = None,
    ) -> T:
        """As `of_asset`, for an answer that needs more than the ledger: whatever is built of it."""

        def found(connection: Connection) -> T:
            return build(self.asked(connection, self.find(connection, named), at, cursor))

        return await self.service.reader.ask(found)

    def asked(
        self, connection: Connection, followed: Followed, at: str | None, cursor: str | None
    ) -> Asked:
        """The moment that is asked for, or that of the cursor.

        Raises: as `moment` and `Cursors.read`.
        """
        query, after, id_ = self.query(), 0, followed.asset.id
        if cursor is None:
            then = Reader.remember(connection, (id_, at), lambda: moment(connection, id_, at))
        else:
            then, after = self.service.cursors.read(connection, id_, cursor, query)
        asked = (self.service, connection, self.principal, followed, then, after, query)
        return Asked(*asked, self.audited(followed))

    async def of_all(self, build: Callable[[Connection, Sequence[Followed]], Model]) -> Response:
        """The answer about all assets that may be shown."""

        def found(connection: Connection) -> tuple[str, bytes | None]:
            followed = followed_assets(connection, self.principal)
            tag = self.tag(followed)
            return tag, None if self.has(tag) else packed(build(connection, followed))

        return self.answer(*await self.service.reader.ask(found))

    # ------------------------------------------------------------------------------- the asset

    def find(self, connection: Connection, named: str) -> Followed:
        """The asset of that token, which may stand behind its chain's number and a colon.

        Raises: Refused when there is none for the asker; InputError for no address, or a token that
        two chains have.
        """
        chain, _, token = named.rpartition(":")
        if address_fault(token) is not None:
            token = parse_address(token, "asset")
        found = [
            one
            for one in followed_assets(connection, self.principal, parse_address(token, "asset"))
            if chain in ("", str(one.chain_id))
        ]
        if not found:
            raise unknown_asset(named)
        if len(found) > 1:
            rule = "is a token of several chains"
            remedy = f"put the chain before it, as in {found[0].chain_id}:{token}"
            raise InputError.of("asset", named, rule, remedy)
        return found[0]

    def audited(self, one: Followed) -> Audited | None:
        """The last audit of an asset: the same one for the answer and its tag."""
        key = one.chain_id, one.asset.token
        if key not in self._audits:
            self._audits[key] = self.service.audits.of(*key)
        return self._audits[key]

    # ------------------------------------------------------------------- whether it has changed

    def query(self) -> str:
        """What is asked and by whom, without the place in it: every page of it has the same."""
        items = sorted(
            (name, value)
            for name, value in self.request.query_params.multi_items()
            if name not in ("cursor", "limit")
        )
        asked = repr((self.principal.tenant, self.principal.key, self.request.url.path, items))
        return hashlib.sha256(asked.encode()).hexdigest()[:32]

    def tag(self, followed: Sequence[Followed], more: object = None) -> str:
        """The ETag: weak, since it is of what was asked and not of its bytes.

        `more` is on what the answer depends besides the ledger.
        """
        of = (*followed, more)
        if self._tag is None or self._tag[0] != of:
            self._tag = of, self._made(followed, more)
        return self._tag[1]

    def _made(self, followed: Sequence[Followed], more: object) -> str:
        state = [(one.asset.id, one.name, self.audited(one), *one.state) for one in followed]
        asked = (self.request.url.path, self.request.url.query, _told(self.principal))
        told = repr((__version__, self.service.settings.digest, state, asked, more))
        return f'W/"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'

    def has(self, tag: str) -> bool:
        """Whether the asker has this answer."""
        return has_tag(self.request.headers.get("if-none-match"), tag)

    def answer(self, tag: str | None, body: bytes | None) -> Response:
        """The body, or that it has not changed."""
        headers = cache_headers(tag, self.principal.key)
        if body is None:
            return Response(None, 304, headers)
        return Response(body, 200, headers, "application/json")


def packed(body: Model) -> bytes:
    """An answer as it is sent."""
    return type(body).__pydantic_serializer__.to_json(body, by_alias=True)


def unknown_asset(named: str) -> Refused:
    """There is none of that name for the asker, whether or not there is one."""
    sentence, remedy = f"there is no asset {named}", "see /v1/assets for those that may be read"
    return Refused("not-found", sentence, remedy, value=named)


def _told(principal: Principal) -> tuple[Any, ...]:
    """What answers depend on of who asks."""
    return (
        principal.tenant,
        principal.key,
        sorted(principal.scopes),
        sorted(principal.assets),
        sorted(principal.public),
    )


async def asking(request: Request, principal: Asker) -> Asking:
    """The request as routes ask with it."""
    return Asking(request, principal)


Asks = Annotated[Asking, Depends(asking)]

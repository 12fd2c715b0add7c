# SPDX-License-Identifier: MIT
"""A holder's pages of one asset: its statements, meetings, offerings and orders."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy import Connection

from prorata.deployments.deployment import Deployment
from prorata.service.asking import Followed
from prorata.service.pages.answers import PageRoute
from prorata.service.pages.facts import held_of
from prorata.service.pages.issuer_facts import names_of
from prorata.service.pages.market_facts import meetings_of, offerings_of, orders_of
from prorata.service.pages.rendering import HEADERS, page
from prorata.service.pages.seen import of_token
from prorata.service.pages.statement_facts import MEDIA, AuditedBooks
from prorata.service.principals import Asker, Principal, principal_of
from prorata.service.problems import Refused
from prorata.service.sign_in.visitors import SignedIn, Visitor, predecessors

__all__ = ["router"]

router = APIRouter(
    prefix="/assets/{token}",
    include_in_schema=False,
    route_class=PageRoute,
    dependencies=[Depends(principal_of)],
)

T = TypeVar("T")
Token = Annotated[str, Path(max_length=80)]
Name = Annotated[str, Path(max_length=12)]


async def _admitted(
    request: Request, token: str, principal: Principal, visitor: Visitor
) -> tuple[Followed, list[str]]:
    """The asset, and the lost wallets whose place the visitor has there.

    Raises: Refused when it is not public, and the visitor no holder of it.
    """
    request.state.visitor = visitor

    def found(connection: Connection) -> tuple[Followed, list[str]]:
        followed = of_token(request, connection, token)
        before = predecessors(connection, visitor, followed.asset.id)
        if not principal.sees(followed.chain_id, followed.asset.token) and (
            held_of(connection, followed, visitor.address, before, {}) is None
        ):
            raise Refused("not-found", f"there is no asset {token}", "see / for those there are")
        return followed, before

    standing: tuple[Followed, list[str]] = await request.app.state.service.reader.ask(found)
    return standing


async def _asked(request: Request, followed: Followed, ask: Callable[[Deployment], T]) -> T:
    found: T = await request.app.state.deployed.ask(followed.asset.token, ask)
    return found


# -------------------------------------------------------------------------------- the statements


@router.get("/statements")
async def statements(
    request: Request, token: Token, principal: Asker, visitor: SignedIn
) -> Response:
    """The years in which the wallet has a statement."""
    followed, _ = await _admitted(request, token, principal, visitor)
    books: AuditedBooks = request.app.state.audited_books
    kept = await books.of(followed.asset.token)
    workers = request.app.state.deployed.workers
    years = await workers.do(lambda: kept.years_of(visitor.address))
    return page(request, "statements", followed=followed, years=years, kept=kept, kinds=list(MEDIA))


@router.get("/statements/{name}")
async def statement(
    request: Request, token: Token, name: Name, principal: Asker, visitor: SignedIn
) -> Response:
    """A statement of the wallet, as a file such as `2027.pdf`: nobody's but its own."""
    year, _, kind = name.partition(".")
    if kind not in MEDIA or not re.fullmatch("[1-9][0-9]{3}", year, re.ASCII):
        raise Refused("not-found", f"there is no statement {name}", "see the list of years")
    followed, _ = await _admitted(request, token, principal, visitor)
    books: AuditedBooks = request.app.state.audited_books
    kept = await books.of(followed.asset.token)
    office, clerks = request.app.state.sign_in.office, request.app.state.sign_in.workers
    who, me = f"wallet {visitor.address}", visitor.address
    names = await clerks.do(lambda: names_of(office, who, followed.chain_id, [me]))
    path, content = await request.app.state.deployed.workers.do(
        lambda: kept.file(me, int(year), kind, names.get(me, ""))
    )
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{path}"'}
    return Response(content, 200, headers, MEDIA[kind])


# ------------------------------------------------------------------------------------ the market


@router.get("/meetings")
async def meetings(request: Request, token: Token, principal: Asker, visitor: SignedIn) -> Response:
    """The meetings, what the wallet's shares are there, and how votes stand."""
    followed, before = await _admitted(request, token, principal, visitor)
    asked = await _asked(
        request, followed, lambda found: meetings_of(found, visitor.address, before)
    )
    return page(request, "meetings", followed=followed, asked=asked)


@router.get("/offerings")
async def offerings(
    request: Request, token: Token, principal: Asker, visitor: SignedIn
) -> Response:
    """The offerings, and the wallet's orders in them."""
    followed, before = await _admitted(request, token, principal, visitor)
    asked = await _asked(
        request, followed, lambda found: offerings_of(found, visitor.address, before)
    )
    return page(request, "offerings", followed=followed, asked=asked)


@router.get("/orders")
async def orders(request: Request, token: Token, principal: Asker, visitor: SignedIn) -> Response:
    """The signed orders that were made public: the wallet's own, and those of others."""
    followed, _ = await _admitted(request, token, principal, visitor)
    asked = await _asked(request, followed, orders_of)
    own = [one for one in asked.found if one.maker == visitor.address]
    others = [one for one in asked.found if one not in own and one.open.units]
    return page(request, "orders", followed=followed, asked=asked, own=own, others=others)

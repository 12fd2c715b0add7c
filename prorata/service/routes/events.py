# SPDX-License-Identifier: MIT
"""Live events: a stream of what changes, resumed without loss or repetition."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from sqlalchemy import Connection

from prorata.errors import InputError, ProrataError
from prorata.service.asking import followed_assets
from prorata.service.live.hub import Live
from prorata.service.live.positions import Position
from prorata.service.live.sse import EventStream
from prorata.service.principals import Asker, Principal, principal_of
from prorata.service.problems import Refused, responses

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["events"])

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `block`, `undo` and `reset`, each with an id; heartbeats.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
}


@router.get(
    "/events",
    response_class=Response,
    responses={
        **_STREAM,
        **responses("no-key", "not-found", "invalid", "too-many", "failed", "unavailable"),
    },
    summary="What changes, as it comes",
)
async def follow_events(
    request: Request,
    principal: Asker,
    chain: Annotated[
        int | None,
        Query(description="The chain's number, where the assets are on several.", ge=1, lt=2**63),
    ] = None,
    after: Annotated[
        str | None,
        Query(description="The id of the last event that was received.", max_length=100),
    ] = None,
    last: Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)] = None,
) -> Response:
    """Server-sent events of the assets that may be read, until either side ends the line.

    `block` has the events of one block, `undo` takes back every block from one on, and `reset` says
    that the ledger was made anew: read all again, and go on. Whoever gives the id of the last event
    gets each later one, once and in order; whoever gives none hears of what happens from now on.
    """
    live: Live = request.app.state.live
    # What the browser says when it comes back is newer than what the page once asked for.
    told, named = (last, "Last-Event-ID") if last else (after, "after")
    place = Position.parse(told, named) if told else None
    chain_id, genesis, tokens = await _seen(request, principal, chain)
    if live.closed:
        raise Refused(
            "unavailable", "the service is ending", "ask again", headers={"Retry-After": "1"}
        )
    seat = principal.name if principal.key is not None else _address(request)
    if not live.seats.take(seat):
        raise Refused(
            "too-many", f"there are {live.seats.of_one} streams already, or too many in all",
            "end one, or use one for all assets", headers={"Retry-After": "10"},
        )  # fmt: skip

    async def still() -> bool:
        # A key may have been withdrawn, or given other assets.
        try:
            again = await _seen(request, await principal_of(request), chain_id)
        except Refused:
            return False
        except ProrataError:
            return True
        return again == (chain_id, genesis, tokens)

    return EventStream(
        live.feed(chain_id, genesis).follow(place, tokens),
        ended=lambda: live.seats.leave(seat),
        still=still,
    )


async def _seen(
    request: Request, principal: Principal, chain: int | None
) -> tuple[int, str, frozenset[str]]:
    """The chain to follow, and the tokens on it that may be seen.

    Raises: Refused when there is none; InputError when there are several.
    """

    def found(connection: Connection) -> list[tuple[int, str, str]]:
        return [
            (one.chain_id, one.genesis, one.asset.token)
            for one in followed_assets(connection, principal)
            if chain in (None, one.chain_id)
        ]

    assets = await request.app.state.service.reader.ask(found)
    chains = sorted({(chain_id, genesis) for chain_id, genesis, _ in assets})
    if not chains:
        raise Refused(
            "not-found", "there is no asset here that may be read", "see /v1/assets for those"
        )
    if len(chains) > 1:
        numbers = ", ".join(str(chain_id) for chain_id, _ in chains)
        remedy = f"add ?chain= with one of {numbers}"
        raise InputError.of("chain", chain or "", "is not the only chain of these assets", remedy)
    return (*chains[0], frozenset(token for *_, token in assets))


def _address(request: Request) -> str:
    return f"address {request.client.host if request.client else ''}"

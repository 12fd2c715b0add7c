# SPDX-License-Identifier: MIT
"""Pages for everybody and for holders: assets, one asset, what a wallet has, and its actions."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from prorata.errors import ChainError, InputError
from prorata.service.asking import Followed, followed_assets
from prorata.service.bodies import read_fields, wants_json
from prorata.service.pages.answers import PageRoute
from prorata.service.pages.calls import FUNCTIONS, wallet_data
from prorata.service.pages.descriptors import descriptors_of
from prorata.service.pages.facts import Held, Wallet, asset_facts, held_of, wallet_of
from prorata.service.pages.forms import fields_of, read_arguments
from prorata.service.pages.rendering import HEADERS, page, static
from prorata.service.pages.seen import known_units, of_token, served_assets
from prorata.service.preparation import action_named, for_account
from prorata.service.preparing.actions import Action
from prorata.service.preparing.prepared import Prepared
from prorata.service.principals import Asker, principal_of
from prorata.service.problems import Refused
from prorata.service.sign_in.visitors import (
    MaybeSignedIn,
    SignedIn,
    Visitor,
    check_origin,
    predecessors,
)

__all__ = ["files", "router"]

router = APIRouter(
    include_in_schema=False, route_class=PageRoute, dependencies=[Depends(principal_of)]
)
files = APIRouter(include_in_schema=False, route_class=PageRoute)
"""What pages load, which costs nothing and is counted for nobody."""

LINKS = (
    ("payee", "Where income goes"),
    ("claim-to", "Sign a payment to somebody else"),
    ("transfer", "Transfer shares"),
    ("approve", "Approve"),
)

NUMBERED = defaultdict[str, tuple[str, ...]](
    tuple,
    {
        "claim": ("distributions",),
        "vote": ("meeting",),
        "subscribe": ("offering",),
        "withdraw-order": ("offering", "order"),
        "cancel-order": ("numbers",),
    },
)
"""Of each action, the numbers that a link may fill in."""

LISTED = {
    "vote": "meetings",
    "subscribe": "offerings",
    "withdraw-order": "offerings",
    "order": "orders",
    "cancel-order": "orders",
}
"""Actions that have a page of an asset beside `/me`."""

Token = Annotated[str, Path(max_length=80)]
Name = Annotated[str, Path(max_length=40)]


@files.get("/static/{name}")
async def file(name: Annotated[str, Path(max_length=80)]) -> Response:
    """What pages load."""
    found = static(name)
    if found is None:
        raise Refused("not-found", f"there is no file {name}", "load the page again")
    return found


@router.get("/")
async def assets(request: Request, principal: Asker, visitor: MaybeSignedIn) -> Response:
    """The assets that anybody may see."""
    request.state.visitor = visitor
    found = await request.app.state.service.reader.ask(
        lambda connection: followed_assets(connection, principal)
    )
    return page(request, "assets", assets=found)


@router.get("/assets/{token}")
async def asset(
    request: Request, token: Token, principal: Asker, visitor: MaybeSignedIn
) -> Response:
    """What anybody may know of an asset."""
    request.state.visitor = visitor
    units = await known_units(request, token)

    def found(connection: Connection) -> Response:
        followed = of_token(request, connection, token)
        if not principal.sees(followed.chain_id, followed.asset.token) and (
            visitor is None or held_of(connection, followed, visitor.address, (), units) is None
        ):
            raise Refused("not-found", f"there is no asset {token}", "see / for those there are")
        return page(request, "asset", facts=asset_facts(connection, followed, units))

    answer: Response = await request.app.state.service.reader.ask(found, long=True)
    return answer


@router.get("/assets/{token}/clear-signing/{name}")
async def descriptor(
    request: Request, token: Token, name: Name, principal: Asker, visitor: MaybeSignedIn
) -> Response:
    """What a wallet may be told of a contract of the asset (ERC-7730)."""
    await asset(request, token, principal, visitor)
    found = await request.app.state.deployed.ask(token, descriptors_of)
    if name not in found:
        sentence = f"there is no descriptor {name}"
        raise Refused("not-found", sentence, f"there are {', '.join(sorted(found))}", value=name)
    return JSONResponse(found[name], headers=HEADERS)


# ------------------------------------------------------------------------------------ the investor


@router.get("/me")
async def holdings(request: Request, visitor: SignedIn) -> Response:
    """What the wallet has of every asset that is served."""
    request.state.visitor = visitor
    units = {
        token: await known_units(request, token) for token in request.app.state.deployed.folders
    }

    def found(connection: Connection) -> list[Held]:
        held = []
        for followed in served_assets(request, connection):
            before = predecessors(connection, visitor, followed.asset.id)
            of = units[followed.asset.token]
            one = held_of(connection, followed, visitor.address, before, of)
            held += [] if one is None else [one]
        return held

    held = await request.app.state.service.reader.ask(found, long=True)
    shown = [(one, await _wallet(request, one, visitor)) for one in held]
    return page(request, "me", holdings=shown, links=LINKS)


async def _wallet(request: Request, held: Held, visitor: Visitor) -> Wallet | None:
    """What the chain says now; nothing where the node does not answer."""
    try:
        found: Wallet = await request.app.state.deployed.ask(
            held.facts.token, lambda found: wallet_of(found, visitor.address, held.before)
        )
    except (ChainError, Refused):
        return None
    return found


# ------------------------------------------------------------------------------------- the actions


@router.get("/assets/{token}/{name}")
async def form(request: Request, token: Token, name: Name, visitor: SignedIn) -> Response:
    """The form of an action."""
    request.state.visitor = visitor
    action = action_named(name)
    followed, own = await _standing(request, token, visitor)
    back = _page_of(action, followed.asset.token)
    data = await request.app.state.deployed.ask(
        followed.asset.token,
        lambda found: wallet_data(
            found, action.name, account=visitor.address, own=own, following=back
        ),
    )
    # Nothing that somebody is paid or given by is ever taken from an address that was followed.
    asked = request.query_params
    given = {name: _digits(asked[name]) for name in NUMBERED[action.name] if name in asked}
    if "holder" in action.arguments.model_fields and asked.get("holder") in own:
        given["holder"] = asked["holder"]
    return page(
        request,
        "action",
        action=action,
        name=followed.name,
        token=followed.asset.token,
        fields=list(fields_of(action)),
        given=given,
        messages=not FUNCTIONS[action.name],
        wallet_data=data,
        back=back,
    )


@router.post("/assets/{token}/{name}")
async def prepared(request: Request, token: Token, name: Name, visitor: SignedIn) -> Response:
    """The action, prepared: for our script, as a page, or as a file for a Safe."""
    check_origin(request)
    request.state.visitor = visitor
    action = action_named(name)
    followed, _ = await _standing(request, token, visitor)
    fields = dict(await read_fields(request))
    safe = fields.pop("safe", "") != ""
    done = await for_account(
        request.app.state.deployed,
        followed.asset.token,
        action,
        read_arguments(action, fields),
        account=visitor.address,
        safe=safe,
    )
    if safe:
        return _file(done)
    if wants_json(request):
        return JSONResponse(done.as_json(), headers={"Cache-Control": "no-store"})
    back = f"/assets/{followed.asset.token}/{action.name}"
    return page(request, "prepared", prepared=done.as_json(), back=back)


def _file(done: Prepared) -> Response:
    """The file for Safe's Transaction Builder.

    Raises: InputError when there is nothing to sign, or it does not fit one file.
    """
    if len(done.safe) != 1:
        rule = "leaves nothing to sign" if not done.safe else "does not fit one file"
        raise InputError.of("action", done.action, rule, "run the command with --safe")
    name = f"safe-{done.action}-{(done.digest or '')[2:10]}.json"
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(json.dumps(done.safe[0], indent=2), 200, headers, "application/json")


def _page_of(action: Action, token: str) -> str:
    """The page that an action is found on, and that shows what became of it."""
    if action.who == "issuer":
        return f"/desk/{token}"
    listed = LISTED.get(action.name)
    return "/me" if listed is None else f"/assets/{token}/{listed}"


def _digits(text: str) -> str:
    return "".join(one for one in text if one in "0123456789, ")[:200]


async def _standing(request: Request, token: str, visitor: Visitor) -> tuple[Followed, list[str]]:
    """The asset, and the lost wallets whose place the visitor has there."""

    def found(connection: Connection) -> tuple[Followed, list[str]]:
        followed = of_token(request, connection, token)
        return followed, predecessors(connection, visitor, followed.asset.id)

    standing: tuple[Followed, list[str]] = await request.app.state.service.reader.ask(found)
    return standing

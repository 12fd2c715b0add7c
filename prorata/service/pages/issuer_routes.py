# SPDX-License-Identifier: MIT
"""Pages for issuers: only for a wallet that is the token's owner or agent, as the chain says now.

A key of the tenant, with the scope `read:register`, may see them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy import Connection, inspect

from prorata.alerts.listing import listed_alerts
from prorata.errors import ProrataError
from prorata.service.asking import Followed
from prorata.service.bodies import read_fields, wants_json
from prorata.service.pages.answers import PageRoute
from prorata.service.pages.facts import AssetFacts, asset_facts, is_issuer
from prorata.service.pages.forms import fields_of, read_arguments
from prorata.service.pages.issuer_facts import (
    Shown,
    audited,
    names_of,
    previewed,
    register_of,
)
from prorata.service.pages.rendering import page
from prorata.service.pages.seen import known_units, of_token, served_assets
from prorata.service.preparation import refusals_told
from prorata.service.preparing.actions import ACTIONS, Distribute
from prorata.service.principals import Asker, Principal, principal_of
from prorata.service.problems import Refused, kind_of
from prorata.service.sign_in.visitors import MaybeSignedIn, SignedIn, Visitor, check_origin
from prorata.store.database import Database
from prorata.store.outbox_schema import alert
from prorata.values.amounts import Amount

__all__ = ["router"]

router = APIRouter(
    prefix="/desk",
    include_in_schema=False,
    route_class=PageRoute,
    dependencies=[Depends(principal_of)],
)

Token = Annotated[str, Path(max_length=80)]
Register = list[tuple[str, Amount, str]]
REGISTER = "read:register"
ALERTS = 20


async def _admitted(
    request: Request, token: str, principal: Principal, visitor: Visitor | None
) -> Followed:
    """The asset, if whoever asks may see its issuer's side.

    Raises: Refused when nobody is signed in, or it is not the issuer's wallet: then as if there
    were no such asset.
    """
    request.state.visitor = visitor
    followed: Followed = await request.app.state.service.reader.ask(
        lambda connection: of_token(request, connection, token)
    )
    address = followed.asset.token
    if principal.key is not None:
        principal.require(REGISTER)
        if principal.owns(followed.chain_id, address):
            return followed
    elif visitor is None:
        raise Refused("no-key", "nobody is signed in", "sign in at /sign-in")
    elif await request.app.state.deployed.ask(address, lambda one: is_issuer(one, visitor.address)):
        return followed
    raise Refused("not-found", f"there is no asset {token}", "see / for those there are")


@router.get("")
async def desk(request: Request, visitor: SignedIn) -> Response:
    """The assets of which the wallet is owner or agent."""
    request.state.visitor = visitor
    assets = await request.app.state.service.reader.ask(
        lambda connection: served_assets(request, connection)
    )
    deployed = request.app.state.deployed
    own = [
        one
        for one in assets
        if await deployed.ask(one.asset.token, lambda found: is_issuer(found, visitor.address))
    ]
    return page(request, "desk", assets=own)


@router.get("/{token}")
async def overview(
    request: Request, token: Token, principal: Asker, visitor: MaybeSignedIn
) -> Response:
    """The register, distributions and alerts of an asset."""
    followed = await _admitted(request, token, principal, visitor)
    units = await known_units(request, followed.asset.token)
    service, office = request.app.state.service, request.app.state.sign_in.office
    workers = request.app.state.sign_in.workers

    def found(connection: Connection) -> tuple[AssetFacts, Register]:
        facts = asset_facts(connection, followed, units)
        return facts, register_of(connection, followed, facts.moment)

    facts, register = await service.reader.ask(found, long=True)
    who = principal.name if visitor is None else f"wallet {visitor.address}"
    holders = [address for address, *_ in register]
    names = await workers.do(lambda: names_of(office, who, followed.chain_id, holders))
    return page(
        request,
        "desk_asset",
        facts=facts,
        register=[(address, names.get(address, ""), *rest) for address, *rest in register],
        alerts=await workers.do(lambda: _alerts(service.reader.database, followed)),
        actions=[one for one in ACTIONS.values() if one.who == "issuer"],
    )


def _alerts(database: Database, followed: Followed) -> list[dict[str, Any]]:
    """The newest of the asset, or of its whole chain; a page makes no tables for them."""
    if not inspect(database.engine).has_table(alert.name):
        return []
    told = listed_alerts(database, f"{followed.chain_id}:{followed.genesis}")
    return [one for one in told if one["asset"] in (None, followed.asset.token)][:ALERTS]


@router.get("/{token}/audit")
async def audit(
    request: Request, token: Token, principal: Asker, visitor: MaybeSignedIn
) -> Response:
    """The audit now: whether books and chain agree, what is owed and since when, and drift."""
    followed = await _admitted(request, token, principal, visitor)
    deployed, address = request.app.state.deployed, followed.asset.token
    folder = deployed.folder(address)
    done = await deployed.workers.do(lambda: audited(deployed.node(), folder))
    return page(request, "desk_audit", audited=done, name=followed.name, back=f"/desk/{address}")


@router.get("/{token}/preview")
async def ask(request: Request, token: Token, principal: Asker, visitor: MaybeSignedIn) -> Response:
    """The form of a preview."""
    followed = await _admitted(request, token, principal, visitor)
    return _preview_page(request, followed, {}, ())


@router.post("/{token}/preview")
async def preview(request: Request, token: Token, principal: Asker, visitor: SignedIn) -> Response:
    """What each holder would be paid; what is wrong with the form is told beside it."""
    check_origin(request)
    followed = await _admitted(request, token, principal, visitor)
    deployed, fields = request.app.state.deployed, dict(await read_fields(request))
    folder = deployed.folder(followed.asset.token)

    def play() -> list[Shown]:
        arguments = read_arguments(ACTIONS["distribute"], fields)
        assert isinstance(arguments, Distribute)
        return refusals_told(lambda: previewed(deployed.node(), folder, arguments, visitor.address))

    try:
        shown = await deployed.workers.do(play)
    except ProrataError as error:
        if kind_of(error) != "invalid" or wants_json(request):
            raise
        return _preview_page(request, followed, fields, (), fault=f"{error}")
    return _preview_page(request, followed, fields, shown)


def _preview_page(
    request: Request,
    followed: Followed,
    given: dict[str, str],
    shown: Sequence[Shown],
    fault: str = "",
) -> Response:
    address = followed.asset.token
    return page(
        request,
        "desk_preview",
        status=422 if fault else 200,
        fault=fault,
        name=followed.name,
        token=address,
        fields=list(fields_of(ACTIONS["distribute"])),
        given=given,
        previews=shown,
        back=f"/desk/{address}",
    )

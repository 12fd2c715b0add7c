# SPDX-License-Identifier: MIT
"""Webhooks by API: where alerts of a key's assets are sent, and what became of each message.

A key sees the webhooks of its tenant that hear of nothing but its own assets. To see them it needs
the scope `alerts`, and to make, rotate or end one `admin` too, since a webhook outlives the key.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Body, Path, Response
from pydantic import Field

from prorata.alerts.office_webhooks import (
    LONGEST_NAME,
    LONGEST_URL,
    Asset,
    Finish,
    NoWebhookError,
    Wanted,
    Webhook,
    add_webhook,
    end_webhook,
    find_webhook,
    rotate_webhook,
    webhooks,
)
from prorata.alerts.webhook_secrets import SET_MASTER, Masters
from prorata.errors import InputError
from prorata.service.asking import Asking, Asks, packed
from prorata.service.idempotency import IdempotencyKey, Writer, once
from prorata.service.models import Address, Model, Time, time_model
from prorata.service.problems import Refused, responses
from prorata.service.routes.parameters import CursorText, Limit
from prorata.store.deliveries import deliveries_to
from prorata.store.office import Office, Transaction
from prorata.values.addresses import parse_address

__all__ = ["router"]

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

UNKEPT = {"Cache-Control": "no-store"}
MOST_ASSETS = 100

_SEEN = ("no-key", "scope-missing", "invalid", "too-many", "failed", "unavailable")
_NAMED = (*_SEEN, "not-found")
_WRITTEN = ("bad-request", "too-large", "outstanding")

Severity = Literal["info", "warning", "critical"]
WebhookId = Annotated[
    str,
    Path(description="The id.", pattern="^wh_[0-9a-f]{16}$", examples=["wh_0123456789abcdef"]),
]
AssetText = Annotated[str, Field(pattern="^([0-9]{1,18}:)?0x[0-9a-fA-F]{40}$")]


class WantedModel(Model):
    """A webhook that is to be made."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME, examples=["the desk"])
    url: str = Field(
        min_length=1,
        max_length=LONGEST_URL,
        description="Where messages go: https, to an address that is public.",
        examples=["https://desk.example.org/in"],
    )
    least: Severity = Field(default="info", description="The least severity that is sent.")
    assets: list[AssetText] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_ASSETS,
        description="Tokens, each behind its chain's number and a colon where two chains have it. "
        "All that the key may read as its own, without it.",
    )


class AssetModel(Model):
    """An asset."""

    chain_id: int
    token: Address


class SecretModel(Model):
    """A secret that signs, without its text."""

    version: int
    made_at: Time
    ends_at: Time | None = Field(description="Until when it signs; null for the newest.")


class WebhookModel(Model):
    """A webhook."""

    id: str
    name: str
    url: str
    least: Severity
    assets: list[AssetModel] = Field(description="What it hears of.")
    created_at: Time
    rotated_at: Time | None
    secrets: list[SecretModel] = Field(description="What signs each message, the newest first.")


class MadeModel(WebhookModel):
    """A webhook and its newest secret, which is shown only here."""

    secret: str = Field(
        description="For a verifier of Standard Webhooks. Keep it: it is shown only now, and to "
        "whoever sends this very request again with its Idempotency-Key."
    )


class WebhooksModel(Model):
    """All of them."""

    webhooks: list[WebhookModel]


class DeliveryModel(Model):
    """A message, and what became of it."""

    id: str = Field(description="The message's, in `webhook-id`.")
    kind: str = Field(description="`alert` or `withdrawal`.")
    rule: str
    severity: str
    asset: Address | None
    decided_at: Time
    state: str = Field(description="`pending`, `claimed`, `delivered`, `cancelled` or `dead`.")
    attempts: int
    due_at: Time | None = Field(description="When the next attempt is due; null where none is.")
    ended_at: Time | None
    said: str = Field(description="What the last attempt met with; empty where it was taken.")


class DeliveriesModel(Model):
    """A page of messages, the newest first, as they stand now."""

    deliveries: list[DeliveryModel]
    next: str | None = Field(description="The cursor of the next page; null after the last one.")


# ------------------------------------------------------------------------------------------ routes


@router.get("", response_model=WebhooksModel, responses=responses(*_SEEN), summary="The webhooks")
async def list_webhooks(ask: Asks) -> Response:
    """The webhooks that have not ended; it needs the scope `alerts`."""
    office = _office(ask)
    found = await asyncio.to_thread(webhooks, office, within=_own(ask))
    return _answer(WebhooksModel(webhooks=[_shown(one) for one in found]))


@router.post(
    "",
    status_code=201,
    response_model=MadeModel,
    responses=responses(*_SEEN, *_WRITTEN),
    summary="Make a webhook",
)
async def make_webhook(
    ask: Asks, wanted: Annotated[WantedModel, Body()], key: IdempotencyKey = None
) -> Response:
    """Make one; the answer has its secret. It needs the scopes `alerts` and `admin`.

    A tenant has 20 at most. It hears of what is decided from now on.
    """
    office, masters = _office(ask, writes=True), _masters(ask)
    told = Wanted(wanted.name, wanted.url, _wanted_assets(ask, wanted.assets), wanted.least)

    def do(writer: Writer) -> str:
        return _kept(add_webhook(office, masters, told, finish=_finish(writer)))

    kept = await once(ask.request, ask.principal, office, key, do)
    return _made(kept, office, masters, 201)


@router.get(
    "/{webhook}", response_model=WebhookModel, responses=responses(*_NAMED), summary="A webhook"
)
async def show_webhook(ask: Asks, webhook: WebhookId) -> Response:
    """One webhook; it needs the scope `alerts`."""
    return _answer(_shown(await _find(ask, webhook)))


@router.delete(
    "/{webhook}",
    status_code=204,
    response_class=Response,
    responses=responses(*_NAMED),
    summary="End a webhook",
)
async def remove_webhook(ask: Asks, webhook: WebhookId) -> Response:
    """It gets nothing more, not even what is waiting. It needs the scopes `alerts` and `admin`."""
    office = _office(ask, writes=True)
    try:
        await asyncio.to_thread(end_webhook, office, webhook, within=_own(ask))
    except NoWebhookError:
        raise _unknown(webhook) from None
    return Response(None, 204, UNKEPT)


@router.post(
    "/{webhook}/rotate",
    response_model=MadeModel,
    responses=responses(*_NAMED, *_WRITTEN),
    summary="Give a webhook a new secret",
)
async def renew_secret(ask: Asks, webhook: WebhookId, key: IdempotencyKey = None) -> Response:
    """A new secret; the one before signs beside it for 24 hours.

    It needs the scopes `alerts` and `admin`.
    """
    office, masters = _office(ask, writes=True), _masters(ask)
    rotate = partial(rotate_webhook, office, masters, webhook, within=_own(ask))

    def do(writer: Writer) -> str:
        return _kept(rotate(finish=_finish(writer)))

    try:
        kept = await once(ask.request, ask.principal, office, key, do)
    except NoWebhookError:
        raise _unknown(webhook) from None
    return _made(kept, office, masters, 200)


@router.get(
    "/{webhook}/deliveries",
    response_model=DeliveriesModel,
    responses=responses(*_NAMED),
    summary="What became of its messages",
)
async def list_deliveries(
    ask: Asks, webhook: WebhookId, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """Its messages, the newest first, as they stand now; it needs the scope `alerts`."""
    found = await _find(ask, webhook)
    cursors, query = ask.service.cursors, ask.query()
    after = None if cursor is None else cursors.place(cursor, query)
    rows = await ask.service.reader.ask(
        lambda connection: deliveries_to(connection, found.id, after=after, most=limit + 1)
    )
    shown = rows[:limit]
    page = DeliveriesModel(
        deliveries=[
            DeliveryModel(
                id=one.id,
                kind=one.kind,
                rule=one.rule,
                severity=one.severity,
                asset=one.asset or None,
                decided_at=time_model(one.decided_at) or "",
                state=one.state,
                attempts=one.attempts,
                due_at=None if one.due is None else time_model(one.due),
                ended_at=None if one.ended_at is None else time_model(one.ended_at),
                said=one.said,
            )
            for one in shown
        ],
        next=cursors.placed(query, shown[-1].place) if len(rows) > limit else None,
    )
    return _answer(page)


# ------------------------------------------------------------------------------------ who may what


def _office(ask: Asking, *, writes: bool = False) -> Office:
    """The tenant's office.

    Raises: Refused when the key lacks a scope.
    """
    for scope in ("alerts", *(("admin",) if writes else ())):
        ask.principal.require(scope)
    return ask.service.offices.of(ask.principal.tenant or "", ask.principal.name)


def _own(ask: Asking) -> set[Asset]:
    """The assets of the key that it may read."""
    return {one for one in ask.principal.assets if ask.principal.sees(*one)}


def _masters(ask: Asking) -> Masters:
    """Raises: Refused when the operator has given no master secret."""
    found = Masters(ask.service.settings.webhook_secrets)
    if not found:
        sentence = "webhooks cannot be made here yet: the service has no master secret for them"
        raise Refused("unavailable", sentence, f"the operator is to {SET_MASTER}")
    return found


def _wanted_assets(ask: Asking, named: list[str] | None) -> set[Asset]:
    """The assets that are named, or all of the key's own.

    Raises: Refused for one that is not the key's own; InputError for no address, or two chains'.
    """
    own = _own(ask)
    if named is None:
        return own
    found = set()
    for text in named:
        chain, _, token = text.rpartition(":")
        token = parse_address(token, "assets")
        here = {one for one in own if one[1] == token and chain in ("", str(one[0]))}
        if not here:
            rule = "is no asset that the key may read as its own"
            raise InputError.of("assets", text, rule, "see /v1/assets for those that it may read")
        if len(here) > 1:
            rule, remedy = "is a token of several chains", "put the chain before it, as in 1:0x…"
            raise InputError.of("assets", text, rule, remedy)
        found |= here
    return found


async def _find(ask: Asking, webhook: str) -> Webhook:
    """Raises: Refused when there is none for the asker."""
    office = _office(ask)
    try:
        return await asyncio.to_thread(find_webhook, office, webhook, within=_own(ask))
    except NoWebhookError:
        raise _unknown(webhook) from None


def _unknown(webhook: str) -> Refused:
    sentence, remedy = f"there is no webhook {webhook}", "see /v1/webhooks for those that there are"
    return Refused("not-found", sentence, remedy, value=webhook)


# ----------------------------------------------------------------------------------------- answers


def _answer(body: Model, status: int = 200, **headers: str) -> Response:
    return Response(packed(body), status, {**UNKEPT, **headers}, "application/json")


def _shown(one: Webhook) -> WebhookModel:
    return WebhookModel(
        id=one.id,
        name=one.name,
        url=one.url,
        least=cast("Severity", one.least),
        assets=[AssetModel(chain_id=chain, token=token) for chain, token in one.assets],
        created_at=time_model(one.made_at) or "",
        rotated_at=None if one.rotated_at is None else time_model(one.rotated_at),
        secrets=[
            SecretModel(
                version=each.number,
                made_at=time_model(each.made_at) or "",
                ends_at=None if each.ends_at is None else time_model(each.ends_at),
            )
            for each in one.versions
        ],
    )


class _Kept(Model):
    """An answer as it is kept: without the secret, which is derived anew where it is said again."""

    shown: WebhookModel
    master: str
    salt: str


def _kept(one: Webhook) -> str:
    newest = one.versions[0]
    return _Kept(shown=_shown(one), master=newest.master, salt=newest.salt).model_dump_json()


def _finish(writer: Writer) -> Finish:
    def finish(writing: Transaction, made: Webhook) -> None:
        writer(writing, _kept(made))

    return finish


def _made(kept: str, office: Office, masters: Masters, status: int) -> Response:
    told = _Kept.model_validate_json(kept)
    secret = masters.secret(told.master, office.tenant, told.shown.id, told.salt)
    body = MadeModel(**told.shown.model_dump(), secret=secret)
    return _answer(body, status, Location=f"/v1/webhooks/{told.shown.id}")

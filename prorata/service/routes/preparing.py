# SPDX-License-Identifier: MIT
"""What is to be signed, prepared: a list of the actions, and each action for an account.

A key with the scope `prepare` may name any account. A holder who is signed in may not: it is
prepared for that wallet only.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from prorata.errors import InputError
from prorata.files.models import validated
from prorata.service.deployed import Deployed
from prorata.service.models import Address, Model
from prorata.service.preparation import action_named, for_account
from prorata.service.preparing.actions import ACTIONS
from prorata.service.principals import Asker
from prorata.service.problems import Refused, responses
from prorata.service.sign_in.visitors import MaybeSignedIn, check_origin
from prorata.values.addresses import parse_address

__all__ = ["router"]

router = APIRouter(prefix="/v1/prepare", tags=["prepare"])

UNKEPT = {"Cache-Control": "no-store"}


class ActionModel(Model):
    """An action that can be prepared."""

    name: str = Field(examples=["claim"])
    says: str = Field(description="What it does, in a line.")
    usual_signer: str = Field(description="`holder` or `issuer`.")
    arguments: dict[str, Any] = Field(description="JSON Schema of its arguments.")


class ActionsModel(Model):
    """All of them."""

    actions: list[ActionModel]


class PrepareModel(Model):
    """What is to be prepared."""

    asset: Address = Field(description="The share token.")
    account: Address | None = Field(
        default=None, description="Who signs. Of a signed-in holder: its own wallet, or left out."
    )
    arguments: dict[str, Any] = Field(
        default_factory=dict, description="What the action is told; see the list of actions."
    )
    safe: bool = Field(default=False, description="Whether files for a Safe are wanted too.")


@router.get("", operation_id="listActions", responses=responses("too-many"))
async def listed(principal: Asker) -> ActionsModel:
    """List the actions that can be prepared."""
    del principal
    return ActionsModel(
        actions=[
            ActionModel(
                name=one.name,
                says=one.says,
                usual_signer=one.who,
                arguments=one.arguments.model_json_schema(),
            )
            for one in ACTIONS.values()
        ]
    )


@router.post(
    "/{action}",
    operation_id="prepare",
    responses=responses(
        "bad-request",
        "no-key",
        "scope-missing",
        "not-found",
        "too-large",
        "invalid",
        "too-many",
        "unavailable",
    ),
)
async def prepared(
    request: Request,
    principal: Asker,
    visitor: MaybeSignedIn,
    action: Annotated[str, Path(max_length=40, examples=["claim"])],
    asked: Annotated[PrepareModel, Body()],
) -> Response:
    """Prepare an action: transactions, or a message, that a wallet or a Safe signs. None is sent.

    Each is tried on the chain as it is now, and put in words, with its events and with who would
    gain or lose what. What would fail is refused.
    """
    found = action_named(action)
    token = parse_address(asked.asset, "asset")
    deployed: Deployed = request.app.state.deployed
    if principal.key is not None or visitor is None:
        principal.require("prepare")
        if not principal.owns(deployed.chain_id, token):
            sentence = f"there is no asset {token}"
            raise Refused("not-found", sentence, "see /v1/assets", value=token)
        if asked.account is None:
            raise InputError.of("account", "", "is missing", "name who is to sign")
        account = parse_address(asked.account, "account")
    else:
        check_origin(request)
        account = visitor.address
        if asked.account is not None and parse_address(asked.account, "account") != account:
            rule = f"is not the wallet that is signed in, {account}"
            raise InputError.of("account", asked.account, rule, "leave it out, or sign in with it")
    arguments = validated(found.arguments, asked.arguments, "the list of actions", "the request")
    done = await for_account(deployed, token, found, arguments, account=account, safe=asked.safe)
    return JSONResponse(done.as_json(), headers=UNKEPT)

# SPDX-License-Identifier: MIT
"""The routes of sign-in: a page, a message to sign, a session for its signature, and its end.

Without script the message is shown, signed elsewhere, and its signature pasted.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from prorata.errors import InputError
from prorata.service.bodies import Fields, read_fields, wants_json
from prorata.service.pages.answers import PageRoute
from prorata.service.pages.rendering import page
from prorata.service.principals import principal_of
from prorata.service.sign_in.visitors import MaybeSignedIn, SignIn, check_origin

__all__ = ["router"]

# Whoever asks is counted, as everywhere.
router = APIRouter(
    include_in_schema=False, route_class=PageRoute, dependencies=[Depends(principal_of)]
)


def _sign_in(request: Request) -> SignIn:
    found: SignIn = request.app.state.sign_in
    return found


@router.get("/sign-in")
async def show(request: Request, visitor: MaybeSignedIn) -> Response:
    """Where a wallet is chosen."""
    if visitor is not None:
        return RedirectResponse("/me", 303)
    return page(request, "sign_in", chain_id=_sign_in(request).site.chain_id)


@router.post("/sign-in/message")
async def write(request: Request) -> Response:
    """A message for an account to sign."""
    check_origin(request)
    address = _field(await read_fields(request), "address")
    message = await _sign_in(request).message(address)
    if wants_json(request):
        return JSONResponse({"message": message}, headers={"Cache-Control": "no-store"})
    chain_id = _sign_in(request).site.chain_id
    return page(request, "sign_in_message", message=message, chain_id=chain_id)


@router.post("/sign-in")
async def begin(request: Request) -> Response:
    """A session, for a message that was signed."""
    check_origin(request)
    fields = await read_fields(request)
    # A form sends each line's end as two letters.
    message = _field(fields, "message").replace("\r\n", "\n")
    token = await _sign_in(request).begin(message, _field(fields, "signature").strip())
    answer: Response = RedirectResponse("/me", 303)
    if wants_json(request):
        answer = JSONResponse({"signed_in": True}, headers={"Cache-Control": "no-store"})
    _sign_in(request).set_cookie(answer, token)
    return answer


@router.post("/sign-out")
async def end(request: Request) -> Response:
    """Its end."""
    check_origin(request)
    sign_in = _sign_in(request)
    await sign_in.end(request.cookies.get(sign_in.cookie))
    answer = RedirectResponse("/sign-in", 303)
    sign_in.drop_cookie(answer)
    return answer


def _field(fields: Fields, name: str) -> str:
    if name not in fields:
        raise InputError.of(name, "", "is missing", "send it with the others")
    return fields[name]

# SPDX-License-Identifier: MIT
"""Refusals as problems of RFC 9457: what is wrong with which value, and what to do about it.

All that prorata refuses becomes one here, and so does what the framework refuses. What nobody has
expected is told without its cause, which is in the log beside the request's id.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException

from prorata.errors import (
    ChainError,
    IncompleteError,
    InputError,
    MomentGoneError,
    ProrataError,
    StoreError,
)
from prorata.service.models import Model

__all__ = [
    "KINDS",
    "MEDIA_TYPE",
    "ProblemModel",
    "Refused",
    "add_problems",
    "kind_of",
    "problem",
    "refusal",
    "responses",
    "unexpected",
]

MEDIA_TYPE = "application/problem+json"

LOG = logging.getLogger("prorata.service")


class FaultModel(Model):
    """One fault in what was asked."""

    place: str | None = Field(default=None, description="The parameter, as in `query.limit`.")
    value: str | None = Field(default=None, description="What was written.")
    rule: str = Field(description="What is wrong with it.")
    remedy: str | None = Field(default=None, description="What to write.")


class ProblemModel(Model):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(description="Which kind of problem; the address says more.")
    title: str = Field(description="The kind in words.")
    status: int = Field(description="The status of HTTP.")
    detail: str = Field(description="What is wrong, in a sentence.")
    value: str | None = Field(default=None, description="The value that was refused.")
    rule: str | None = Field(default=None, description="The rule that it breaks.")
    remedy: str | None = Field(default=None, description="What to do about it.")
    request_id: str = Field(description="The request, as the log names it.")
    problems: list[FaultModel] | None = Field(
        default=None, description="Every fault, where there may be several."
    )


KINDS: Mapping[str, tuple[int, str]] = {
    "bad-request": (400, "The request cannot be read"),
    "no-key": (401, "A key is needed, or the one given is not known"),
    "scope-missing": (403, "The key may not do this"),
    "foreign-origin": (403, "It was not sent from a page of ours"),
    "not-found": (404, "There is no such thing, or it may not be seen"),
    "method-not-allowed": (405, "This cannot be done here"),
    "incomplete": (409, "The ledger has not been read as far"),
    "outstanding": (409, "A request is outstanding for this Idempotency-Key"),
    "moment-gone": (410, "The moment is no longer in the ledger"),
    "too-large": (413, "The body is too large"),
    "invalid": (422, "What was asked is wrong"),
    "key-reused": (422, "Idempotency-Key is already used"),
    "too-many": (429, "Too many requests"),
    "failed": (500, "Something went wrong here"),
    "unavailable": (503, "It cannot be answered now"),
}
"""Status and title of each kind of problem."""


class Refused(ProrataError):  # noqa: N818 - a refusal of the service, by its kind
    """A refusal that only HTTP knows: `kind` is one of `KINDS`."""

    def __init__(
        self,
        kind: str,
        sentence: str,
        remedy: str | None = None,
        *,
        value: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence, remedy)
        self.kind = kind
        self.value = value
        self.headers = dict(headers or {})


_KIND_OF: tuple[tuple[type[ProrataError], str], ...] = (
    (InputError, "invalid"),
    (IncompleteError, "incomplete"),
    (MomentGoneError, "moment-gone"),
    (StoreError, "unavailable"),
    (ChainError, "unavailable"),
)


def _writable(told: Any) -> Any:
    """Text that can be written: JSON may hold half a letter of UTF-16, which is then an escape."""
    if not isinstance(told, str):
        return told
    return told.encode("utf-8", "backslashreplace").decode()


def problem(request: Request, kind: str, detail: str, **more: Any) -> Response:
    """The answer to a request that is refused; `more` are members of the problem."""
    status, title = KINDS[kind]
    headers = more.pop("headers", None) or {}
    told = ProblemModel(
        type=f"/problems/{kind}",
        title=title,
        status=status,
        detail=_writable(detail),
        request_id=request.scope.get("state", {}).get("request_id", ""),
        **{name: _writable(told) for name, told in more.items()},
    )
    return Response(
        told.model_dump_json(exclude_none=True),
        status,
        {"Cache-Control": "no-store", **headers},
        MEDIA_TYPE,
    )


def responses(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the refusals of a route."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemModel"}}}
    return {KINDS[kind][0]: {"description": KINDS[kind][1], "content": content} for kind in kinds}


def kind_of(error: ProrataError) -> str | None:
    """Which kind of problem a refusal is; None for one that nobody expects here."""
    if isinstance(error, Refused):
        return error.kind
    return next((kind for known, kind in _KIND_OF if isinstance(error, known)), None)


# --------------------------------------------------------------------------------------- handlers


def add_problems(app: FastAPI) -> None:
    """Have an application answer every refusal with a problem; `Edge` does so for faults."""
    app.add_exception_handler(ProrataError, _refusal)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_framework)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProrataError)
    return refusal(request, error)


def refusal(request: Request, error: ProrataError) -> Response:
    """The answer to a request that was refused."""
    if isinstance(error, Refused):
        return problem(
            request, error.kind, error.sentence,
            value=error.value, remedy=error.remedy, headers=error.headers,
        )  # fmt: skip
    kind = kind_of(error)
    if kind is None:
        return unexpected(request, error)
    if kind == "unavailable":
        # What a database or a node says is for whoever runs them.
        LOG.error("%s: %s", request.scope["state"]["request_id"], error)
        return problem(
            request, kind, "the ledger cannot be read now", remedy="ask again in a moment",
            headers={"Retry-After": "5"},
        )  # fmt: skip
    told = error.as_json()
    faults = [
        FaultModel(
            place=_writable(one["column"]),
            value=_writable(one["value"]),
            rule=_writable(one["rule"]),
            remedy=_writable(one["remedy"]),
        )
        for one in told.get("problems", ())
    ]
    return problem(
        request, kind, error.sentence,
        value=told["value"], rule=told["rule"], remedy=told["remedy"], problems=faults or None,
    )  # fmt: skip


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        FaultModel(
            place=_writable(".".join(map(str, one["loc"]))),
            value=None if one["type"] == "missing" else _writable(str(one.get("input"))[:200]),
            rule=one["msg"],
            remedy="see /openapi.json for what is possible",
        )
        for one in error.errors()
    ]
    first = faults[0]
    shown = "" if first.value is None else f' "{first.value}"'
    return problem(
        request, "invalid", f"{first.place}{shown}: {first.rule}",
        value=first.value, rule=first.rule, remedy=first.remedy, problems=faults,
    )  # fmt: skip


async def _of_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        sentence = f"there is nothing at {path}"
        return problem(request, "not-found", sentence, remedy="see /openapi.json for what there is")
    if error.status_code == 405:
        sentence = f"{request.method} is not possible at {path}"
        return problem(
            request, "method-not-allowed", sentence,
            value=request.method, remedy="see /openapi.json",
            headers={"Allow": ", ".join(sorted(set(_methods(request.app.routes, path))))},
        )  # fmt: skip
    return problem(request, "bad-request", str(error.detail), headers=error.headers)


def _methods(routes: Iterable[Any], path: str) -> Iterator[str]:
    """What is possible at a path, by all routes of it: the framework names those of the first."""
    for route in routes:
        part = getattr(route, "original_router", None)
        if part is not None:
            yield from _methods(part.routes, path)
        elif route.path_regex.match(path):
            yield from route.methods or ()


def unexpected(request: Request, error: Exception) -> Response:
    """The answer to a fault of ours, whose cause goes to the log."""
    number = request.scope.get("state", {}).get("request_id", "")
    LOG.error("%s: unexpected", number, exc_info=error)
    sentence = "an unexpected fault, which was written to the log"
    return problem(request, "failed", sentence, remedy=f"report it with the request's id {number}")

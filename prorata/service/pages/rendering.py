# SPDX-License-Identifier: MIT
"""How pages become answers: by templates that escape what is put in, under a strict policy."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from prorata.values.times import moment

__all__ = ["HEADERS", "page", "static", "static_name"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`, under which a browser sends no origin with a form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("prorata.service.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = moment
    environment.filters["data"] = _data
    environment.globals["static"] = static_name
    return environment


def page(request: Request, layout: str, /, *, status: int = 200, **facts: Any) -> Response:
    """The page of a template, by the name of its file without `.html.j2`."""
    template = _environment().get_template(f"{layout}.html.j2")
    facts.setdefault("visitor", getattr(request.state, "visitor", None))
    return HTMLResponse(template.render(**facts), status, HEADERS)


def _data(value: Any) -> Markup:
    """JSON for an element whose content a browser does not run; nothing in it can end that."""
    text = json.dumps(value, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704 - every letter that HTML knows is escaped above


@cache
def _files() -> dict[str, bytes]:
    """What pages load: by a name that has the digest of the content in it."""
    folder = files("prorata.service.pages") / "static"
    found = {}
    for one in folder.iterdir():
        stem, _, kind = one.name.rpartition(".")
        if kind in KINDS:
            content = one.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:16]
            found[f"{stem}.{digest}.{kind}"] = content
    return found


@cache
def static_name(name: str) -> str:
    """The address of a file that pages load, by its name in the folder."""
    stem, _, kind = name.rpartition(".")
    [found] = [one for one in _files() if one.startswith(f"{stem}.") and one.endswith(f".{kind}")]
    return f"/static/{found}"


def static(name: str) -> Response | None:
    """A file that pages load, which never changes under its name; None if there is none."""
    content = _files().get(name)
    if content is None:
        return None
    headers = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, 200, headers, KINDS[name.rpartition(".")[2]])

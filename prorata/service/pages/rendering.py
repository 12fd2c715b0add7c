# SPDX-License-Identifier: MIT
"""How pages become answers: by templates that escape what is put in, under a strict policy."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
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

HTMX = {
    "allowEval": False,
    "allowScriptTags": False,
    "historyEnabled": False,
    "historyCacheSize": 0,
    "includeIndicatorStyles": False,
    "selfRequestsOnly": True,
    "responseHandling": [
        {"code": "[23]04", "swap": False},
        {"code": "422", "swap": True},
        {"code": "2..", "swap": True},
        {"code": "...", "swap": False, "error": True},
    ],
}
"""What htmx may do: replace a part of a page by the same part of our answer, and nothing else."""

PLACE = secrets.token_hex(16)
"""Where the tag of a page goes that is not known before it is written."""

AS_OF = re.compile("<p data-as-of>.*?</p>", re.DOTALL)
"""Of which block a page is: where nothing else has changed, it is the same."""

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
    environment.globals["htmx_config"] = lambda: json.dumps(HTMX, separators=(",", ":"))
    environment.globals["tag_header"] = lambda: json.dumps({"If-None-Match": f'W/"{PLACE}"'})
    return environment


def page(request: Request, layout: str, /, *, status: int = 200, **facts: Any) -> Response:
    """The page of a template, by the name of its file without `.html.j2`.

    One that asks for itself anew has a tag, and is not sent to whoever has it.
    """
    template = _environment().get_template(f"{layout}.html.j2")
    facts.setdefault("visitor", getattr(request.state, "visitor", None))
    text = template.render(**facts)
    if PLACE not in text:
        return HTMLResponse(text, status, HEADERS)
    digest = hashlib.sha256(AS_OF.sub("", text).replace(PLACE, "").encode()).hexdigest()[:32]
    tagged = {**HEADERS, "ETag": f'W/"{digest}"'}
    if request.headers.get("if-none-match") == tagged["ETag"]:
        return Response(None, 304, tagged)
    return HTMLResponse(text.replace(PLACE, digest), status, tagged)


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

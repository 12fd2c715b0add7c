# SPDX-License-Identifier: MIT
"""Bodies of requests that pages send: fields of a form, or an object of JSON, by the same names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from prorata.errors import InputError

__all__ = ["Fields", "read_fields", "wants_json"]

Fields = Mapping[str, str]

MOST_FIELDS = 200
FORM = "application/x-www-form-urlencoded"


async def read_fields(request: Request) -> Fields:
    """The fields of a body, each once, as text.

    Raises: InputError for another body.
    """
    body, kind = await request.body(), request.headers.get("content-type", "").split(";")[0].strip()
    try:
        if kind == FORM:
            text = body.decode("utf-8")
            pairs = parse_qsl(
                text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=MOST_FIELDS
            )
            fields = dict(pairs)
            if len(fields) != len(pairs):
                raise ValueError
            return fields
        if kind == "application/json":
            found = json.loads(body)
            if isinstance(found, dict) and all(isinstance(one, str) for one in found.values()):
                # Half a letter of UTF-16, which nobody can write back.
                "".join((*found, *found.values())).encode()
                return found
    except (ValueError, RecursionError):
        pass
    rule = "is neither a form nor an object of texts, each field once"
    raise InputError.of("body", kind or "nothing", rule, f"send {FORM} or application/json")


def wants_json(request: Request) -> bool:
    """Whether a program asks, or our script, and not a person's browser by itself."""
    return "application/json" in request.headers.get("accept", "")

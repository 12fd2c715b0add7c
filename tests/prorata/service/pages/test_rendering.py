"""What is put into a page cannot become a part of it; and what a cookie is bound to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Request, Response
from hypothesis import given
from hypothesis import strategies as st

from prorata.errors import InputError
from prorata.service.pages.calls import FUNCTIONS
from prorata.service.pages.forms import fields_of, read_arguments
from prorata.service.pages.market_facts import Asked
from prorata.service.pages.rendering import HTMX as RULES
from prorata.service.pages.rendering import PLACE, _data, _environment, page
from prorata.service.preparing.actions import ACTIONS
from prorata.service.sign_in.message import Site
from prorata.service.sign_in.visitors import SignIn
from prorata.toolchain.paths import PROJECT_ROOT

ANN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
STATIC = PROJECT_ROOT / "prorata" / "service" / "pages" / "static"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_data_for_the_script_ends_no_element(value: Any) -> None:
    """Law 116: it is read back as it was, and has no letter that HTML knows."""
    text = str(_data(value))
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


def test_what_is_put_into_a_page_is_escaped() -> None:
    """Law 116: in an element and in an attribute."""
    template = _environment().from_string('<p title="{{ it }}">{{ it }}</p>')
    shown = template.render(it="\"><script>alert('x')</script>")
    assert shown.count("<") == 2
    assert shown.count('"') == 2


@pytest.mark.parametrize(
    ("origin", "name"),
    [("https://shares.example.org", "__Host-session"), ("http://localhost:8000", "session")],
)
def test_a_cookie_is_bound_to_its_host(origin: str, name: str) -> None:
    """Law 114: over https no other host, and no page without encryption, can set or send it."""
    sign_in = SignIn(Site(origin, 1), None, None, None)  # type: ignore[arg-type]
    answer = Response()
    sign_in.set_cookie(answer, "token")
    parts = answer.headers["set-cookie"].split("; ")
    assert parts[0] == f"{name}=token"
    wanted = {"HttpOnly", "Path=/", "SameSite=strict", "Max-Age=28800"}
    assert set(parts[1:]) == wanted | ({"Secure"} if origin.startswith("https") else set())


# ------------------------------------------------------------------------------------------ forms


def test_every_action_has_its_functions_and_a_form() -> None:
    """Law 115: a new action is on no page until somebody has said what it calls."""
    assert set(FUNCTIONS) == set(ACTIONS)
    for action in ACTIONS.values():
        names = [field.name for field in fields_of(action)]
        assert names == list(action.arguments.model_fields)


def test_a_form_is_read_as_the_action_wants_it() -> None:
    """Lists by lines or commas, holders by lines, and what is empty is not said."""
    claim = read_arguments(ACTIONS["claim"], {"distributions": "1, 2\n3", "holder": " "})
    assert claim.model_dump() == {"holder": None, "distributions": (1, 2, 3)}
    issue = read_arguments(ACTIONS["issue"], {"holders": f"{ANN}, 1,250\n\n{ANN},7", "tranche": ""})
    assert [row.shares for row in issue.holders] == ["1,250", "7"]


@pytest.mark.parametrize(
    ("action", "fields", "sentence"),
    [
        ("claim", {"distributions": "one"}, "distributions"),
        ("issue", {"holders": f"{ANN} 7"}, "has no comma"),
        ("transfer", {"to": ANN}, "amount"),
        ("transfer", {"to": ANN, "amount": "1", "gas": "1"}, "gas"),
    ],
)
def test_a_form_that_does_not_fit_is_refused(
    action: str, fields: dict[str, str], sentence: str
) -> None:
    """In a sentence that names the field."""
    with pytest.raises(InputError, match=sentence):
        read_arguments(ACTIONS[action], fields)


# --------------------------------------------------------------------------------------- scripts

HTMX = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
"""Of `dist/htmx.min.js` in htmx.org 2.0.11, as npm has it."""


def test_htmx_is_the_one_that_was_published() -> None:
    """Law 143: to the byte, and its terms are beside it."""
    assert sha256((STATIC / "htmx.min.js").read_bytes()).hexdigest() == HTMX
    assert HTMX in (STATIC / "README.md").read_text(encoding="utf-8")
    assert (STATIC / "HTMX-TERMS.txt").read_text(encoding="utf-8").startswith("Zero-Clause BSD")


def test_the_digest_of_the_wallet_script_is_published() -> None:
    """Law 115: whoever compares what a server gives with the guide sees another script."""
    guide = (PROJECT_ROOT / "docs" / "guide" / "pages.md").read_text(encoding="utf-8")
    assert sha256((STATIC / "wallet.js").read_bytes()).hexdigest() in guide


def test_htmx_may_run_nothing() -> None:
    """Law 143: no text as a program, no script of an answer, no style, no memory of pages."""
    for name in ("allowEval", "allowScriptTags", "includeIndicatorStyles", "historyEnabled"):
        assert RULES[name] is False
    assert RULES["historyCacheSize"] == 0
    assert RULES["selfRequestsOnly"] is True


def test_no_page_that_has_a_wallet_sign_loads_htmx() -> None:
    """Law 143: there, one script is all that there is."""
    loading = {"htmx": set(), "wallet": set()}
    for path in (STATIC.parent / "templates").glob("*.j2"):
        text = path.read_text(encoding="utf-8")
        loading["wallet"] |= {path.name} if "wallet.js" in text else set()
        loading["htmx"] |= {path.name} if "parts.htmx()" in text or "hx-" in text else set()
    assert {"action.html.j2", "sign_in.html.j2"} == loading["wallet"]
    assert "meetings.html.j2" in loading["htmx"]
    assert not loading["wallet"] & loading["htmx"]
    assert "script" not in (STATIC.parent / "templates" / "base.html.j2").read_text().replace(
        "{% block script %}", ""
    )


Asset = SimpleNamespace(name="Quay 9", asset=SimpleNamespace(token=ANN))


@dataclass
class Row:
    """An order of a page."""

    nonce: int
    side: str = "sell"
    price: str = "100.00"
    currency: str = "USD"
    valid_until: str = "2027-03-31T23:59:59Z"
    state: str = "open"
    shares = open = SimpleNamespace(text="5")


@given(st.lists(st.integers(0, 9), max_size=3), st.integers(0, 10**9))
def test_a_tag_is_of_what_is_said_and_not_of_the_block(said: list[int], block: int) -> None:
    """Law 143: the same words have the same tag, other words another, whatever the block."""

    def asked(words: list[int], block: int, known: str = "") -> Response:
        scope = {"type": "http", "headers": [(b"if-none-match", known.encode())], "state": {}}
        rows = [Row(number) for number in words]
        facts = {"followed": Asset, "asked": Asked(block, rows), "own": (), "others": rows}
        return page(Request(scope), "orders", **facts)

    first = asked(said, 1)
    tag = first.headers["etag"]
    assert asked(said, block, tag).status_code == 304
    other = asked([*said, 1], 1, tag)
    assert other.status_code == 200
    assert other.headers["etag"] != tag
    assert PLACE not in bytes(first.body).decode()

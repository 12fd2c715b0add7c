"""What is put into a page cannot become a part of it; and what a cookie is bound to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import Response
from hypothesis import given
from hypothesis import strategies as st

from prorata.errors import InputError
from prorata.service.pages.calls import FUNCTIONS
from prorata.service.pages.forms import fields_of, read_arguments
from prorata.service.pages.rendering import _data, _environment
from prorata.service.preparing.actions import ACTIONS
from prorata.service.sign_in.message import Site
from prorata.service.sign_in.visitors import SignIn

ANN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
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

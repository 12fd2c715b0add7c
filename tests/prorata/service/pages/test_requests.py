"""Pages and sign-in as a program asks for them, on a real chain: who may see and prepare what."""

from __future__ import annotations

import pytest

from tests.prorata.service.pages.conftest import ANN, Served
from tests.prorata.service.pages.wallet import Wallet

pytestmark = pytest.mark.slow


def test_a_holder_signs_in_and_out(served: Served, ann: Wallet) -> None:
    """Law 117: the cookie is out of reach of scripts and of other sites; sign-out ends it."""
    client = served.signed_in(ann)
    [cookie] = client.cookies.jar
    assert (cookie.name, cookie.path, cookie.has_nonstandard_attr("HttpOnly")) == (
        "session",
        "/",
        True,
    )
    assert cookie.get_nonstandard_attr("SameSite") == "strict"
    shown = client.get("/me")
    assert shown.status_code == 200
    assert "600" in shown.text
    assert ANN in shown.text
    token = client.cookies["session"]
    assert client.post("/sign-out").headers["location"] == "/sign-in"
    client.cookies.set("session", token)
    assert client.get("/me").headers["location"] == "/sign-in"

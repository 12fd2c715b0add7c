"""A holder's pages of an asset: statements, documents, meetings, offerings and orders."""

from __future__ import annotations

import re
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.prorata.service.pages.conftest import (
    ANN,
    BEN,
    BEN_KEY,
    PROSPECTUS,
    Served,
    free_port,
    made_app,
    serving,
)
from tests.prorata.service.pages.wallet import Wallet
from tests.prorata.service.preparations import prepared, send

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("eventful")]

NEW_KEY = "0x" + "5a" * 32
STRANGER_KEY = "0x" + "77" * 32
STRANGER = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"


def files_of(served: Served, year: int, place: Path) -> Path:
    """What the command writes of a year."""
    served.commands.says("statements", "--year", str(year), "--out", str(place))
    return place / "version-1"


@pytest.fixture
def ben(served: Served) -> Wallet:
    return Wallet(BEN_KEY, served.commands.anvil)


# --------------------------------------------------------------------------------- the statements


@pytest.mark.parametrize("kind", ["pdf", "html", "csv", "json"])
def test_a_statement_is_that_of_the_command(
    served: Served, ann: Wallet, kind: str, tmp_path: Path
) -> None:
    """Law 141: byte for byte, of the same block."""
    send(served.commands, ANN, prepared(served.commands, "claim", ANN))
    client = served.signed_in(ann)
    listed = client.get(f"/assets/{served.token}/statements").text
    [year] = set(re.findall(r"/statements/(\d{4})\.", listed))
    answer = client.get(f"/assets/{served.token}/statements/{year}.{kind}")
    assert answer.status_code == 200, answer.text
    written = files_of(served, int(year), tmp_path / "out") / f"{ANN}.{kind}"
    assert answer.content == written.read_bytes()
    disposition = answer.headers["content-disposition"]
    assert disposition == f'attachment; filename="statement-{year}-{ANN}.{kind}"'


def paid_years(client: httpx.Client, token: str) -> set[str]:
    listed = client.get(f"/assets/{token}/statements")
    assert listed.status_code == 200, listed.text
    return set(re.findall(r"/statements/(\d{4})\.", listed.text))


def test_nobody_sees_the_statement_of_another(served: Served, ann: Wallet, ben: Wallet) -> None:
    """Law 141: whoever asks gets its own, or none; there is no address to ask for another by."""
    send(served.commands, ANN, prepared(served.commands, "claim", ANN))
    [year] = paid_years(served.signed_in(ann), served.token)
    path = f"/assets/{served.token}/statements/{year}.json"
    own = served.signed_in(ann).get(path)
    assert (own.status_code, own.json()["holder"]) == (200, ANN)
    other = served.signed_in(ben)
    assert paid_years(other, served.token) == set()
    refused = other.get(path)
    assert refused.status_code == 404
    assert ANN not in refused.text
    assert served.client().get(path).headers["location"] == "/sign-in"
    for odd in ("2027.exe", "2027", "99999.pdf", "0xab.pdf", "2027.pdf%00", "..%2f..%2fkey.pdf"):
        assert other.get(f"/assets/{served.token}/statements/{odd}").status_code in {404, 422}, odd


def test_a_recovered_wallet_has_the_statement_of_the_lost_one(served: Served, ann: Wallet) -> None:
    """Law 141: what was paid before the loss is its own."""
    send(served.commands, ANN, prepared(served.commands, "claim", ANN))
    found = Wallet(NEW_KEY, served.commands.anvil)
    basis = ("--reason", "Order 12/2027 of a court", "--document", "0x" + "ab" * 32)
    lost = served.signed_in(ann)
    served.commands.says("recover", "--lost", ANN, "--new", found.address, *basis)
    served.follow()
    client = served.signed_in(found)
    [year] = paid_years(client, served.token)
    told = client.get(f"/assets/{served.token}/statements/{year}.json").json()
    assert told["holder"] == found.address
    assert [one["account"] for one in told["payments"]] == [ANN]
    gone = lost.get(f"/assets/{served.token}/statements/{year}.json")
    assert gone.headers["location"] == "/sign-in"


def test_books_that_do_not_balance_make_no_statement(served: Served, ann: Wallet) -> None:
    """Law 141: money has left the vault that no event tells of."""
    client, path = served.signed_in(ann), f"/assets/{served.token}/statements"
    assert client.get(path).status_code == 200
    served.app.state.audited_books._kept.clear()
    vault, found = served.commands.deployment.vault().address, served.commands.deployment
    money = found.currency("USD")
    rpc = served.commands.anvil.rpc
    rpc("anvil_impersonateAccount", vault)
    rpc("anvil_setBalance", vault, hex(10**18))
    call = money.transfer(BEN, 1)
    body = {"from": vault, "to": call.to, "data": f"0x{call.data.hex()}", "gas": hex(200_000)}
    rpc("eth_sendTransaction", body)
    served.commands.travel(served.commands.chain.now() + 1)
    refused = client.get(path)
    assert refused.status_code == 503
    assert "the books do not balance" in refused.text


# ------------------------------------------------------------------------------------ all the rest


@pytest.mark.parametrize("name", ["statements", "meetings", "offerings", "orders"])
def test_a_stranger_sees_nothing_of_a_private_asset(served: Served, ann: Wallet, name: str) -> None:
    """Law 142: to whoever holds none of it, it is as one that is not there."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    app = made_app(served.commands, origin, public=frozenset())
    stranger = Wallet(STRANGER_KEY, served.commands.anvil)
    with serving(app, port), ExitStack() as opened:
        private = Served(origin, served.commands, app, opened)
        hidden = private.signed_in(stranger).get(f"/assets/{served.token}/{name}")
        missing = private.signed_in(stranger).get(f"/assets/{BEN}/{name}")
        assert (hidden.status_code, missing.status_code) == (404, 404)
        plain = re.compile(r"Request \w+")
        assert plain.sub("", hidden.text).replace(served.token, BEN) == plain.sub("", missing.text)
        assert private.signed_in(ann).get(f"/assets/{served.token}/{name}").status_code == 200


def test_documents_are_shown_with_their_digest(served: Served) -> None:
    """Of everybody's page: as the token has them, and followed only where that is safe."""
    served.commands.says("documents", "set", "terms", "--uri", "javascript:alert(1)")
    served.follow()
    text = served.client().get(f"/assets/{served.token}").text
    assert sha256(PROSPECTUS.encode()).hexdigest() in text
    assert '<a href="https://example.org/p.pdf" rel="noreferrer noopener">' in text
    assert "javascript:alert(1)</td>" in text
    assert 'href="javascript' not in text


def test_a_vote_is_seen_at_the_meeting(served: Served, ann: Wallet, ben: Wallet) -> None:
    """Law 142: resolutions in words, the shares at the record, and how votes stand."""
    client = served.signed_in(ann)
    path = f"/assets/{served.token}/meetings"
    before = client.get(path).text
    assert "The accounts are approved" in before
    assert "600: not cast" in before
    assert "vote?meeting=1" in before
    choice = "1 for, 2 against"
    send(served.commands, ANN, prepared(served.commands, "vote", ANN, meeting=1, choice=choice))
    # Votes of one second are not told apart.
    served.commands.travel(served.commands.chain.now() + 60)
    after = client.get(path).text
    assert "600: 1 for, 2 against" in after
    assert "present are 600 of 1,000: quorate" in after
    assert "Change the vote" in after
    assert "400: not cast" in served.signed_in(ben).get(path).text
    assert f"block {served.commands.chain.block().number:,}, as the node says" in after


def test_an_order_in_an_offering_is_placed_and_withdrawn(served: Served, ann: Wallet) -> None:
    """Law 142: seen by whoever placed it, with a link to take it back."""
    commands, client = served.commands, served.signed_in(ann)
    path = f"/assets/{served.token}/offerings"
    send(commands, ANN, prepared(commands, "claim", ANN))
    text = client.get(path).text
    assert "10 HARB12; at least 5 HARB12, or all money goes back" in text
    assert "Your order" not in text
    send(commands, ANN, prepared(commands, "subscribe", ANN, offering="1", shares="3"))
    text = client.get(path).text
    assert "3 HARB12" in text
    assert "withdraw-order?offering=1&amp;order=1" in text
    form = client.get(f"/assets/{served.token}/withdraw-order?offering=1&order=1").text
    assert 'name="offering" value="1"' in form
    assert 'name="order" value="1"' in form
    told = prepared(commands, "withdraw-order", ANN, offering="1", order=1)
    # It wants more gas to be there than it uses, for the money that goes back.
    send(commands, ANN, told)
    text = client.get(path).text
    assert "withdrawn" in text
    assert "withdraw-order?" not in text


def test_a_public_order_is_cancelled(served: Served, ann: Wallet, ben: Wallet) -> None:
    """Law 142: its maker is offered that, and nobody else."""
    client, path = served.signed_in(ann), f"/assets/{served.token}/orders"
    [number] = re.findall(r"cancel-order\?numbers=(\d+)", client.get(path).text)
    assert "cancel-order?" not in served.signed_in(ben).get(path).text
    told = prepared(served.commands, "cancel-order", ANN, numbers=[int(number)])
    assert [one["function"] for one in told["transactions"]] == ["cancel"]
    send(served.commands, ANN, told)
    text = client.get(path).text
    assert "filled or cancelled" in text
    assert "cancel-order?" not in text
    assert prepared(served.commands, "cancel-order", ANN, numbers=[int(number)])["done"]


# ------------------------------------------------------------------------------------- asked anew


DONE = (
    ("vote", {"meeting": 1, "choice": "1 for, 2 against"}),
    ("claim", {}),
    ("subscribe", {"offering": "1", "shares": "1"}),
    ("transfer", {"to": STRANGER, "amount": "597"}),
)
"""After this each page says something else."""


@pytest.mark.parametrize("name", ["", "/meetings", "/offerings", "/orders"])
def test_what_has_not_changed_is_not_sent_again(served: Served, ann: Wallet, name: str) -> None:
    """Law 143: by the tag that the part itself brings, whatever blocks were mined since."""
    client, path = served.signed_in(ann), f"/assets/{served.token}{name}"
    answer = client.get(path)
    tag = answer.headers["etag"]
    assert tag.replace('"', "\\&#34;") in answer.text
    served.commands.anvil.rpc("anvil_mine", "0x2")
    served.follow()
    again = client.get(path, headers={"If-None-Match": tag, "HX-Request": "true"})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == answer.headers["content-security-policy"]
    for action, arguments in DONE:
        send(served.commands, ANN, prepared(served.commands, action, ANN, **arguments))
    served.follow()
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_part_never_becomes_the_sign_in(served: Served) -> None:
    """Law 143: once the session is over the whole page goes there."""
    client = served.client()
    answer = client.get("/me", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in")
    assert client.get("/me").headers["location"] == "/sign-in"

"""Pages, sign-in and preparing as a program asks for them, on a real chain: who may do what."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

import pytest
from eth_account import Account
from fastapi.routing import APIRoute

from prorata.service.pages.rendering import POLICY
from prorata.service.preparing.actions import ACTIONS
from prorata.store.keys import add_key
from prorata.store.office import Office, office_place
from tests.prorata.service.pages.conftest import ANN, BEN, Served
from tests.prorata.service.pages.wallet import Wallet

pytestmark = pytest.mark.slow

JSON = {"Accept": "application/json"}
DIGEST = "0x" + "ab" * 32
NEW_KEY = "0x" + "5a" * 32


def message(client: Any, address: str = ANN) -> str:
    answer = client.post("/sign-in/message", json={"address": address}, headers=JSON)
    return str(answer.json()["message"])


def sign_in(client: Any, text: str, signature: str) -> Any:
    fields = {"message": text, "signature": signature}
    return client.post("/sign-in", json=fields, headers=JSON)


def test_a_holder_signs_in_and_out(served: Served, ann: Wallet) -> None:
    """Law 114: the cookie is out of reach of scripts and of other sites; sign-out ends it."""
    client = served.signed_in(ann)
    [cookie] = client.cookies.jar
    assert (cookie.name, cookie.path) == ("session", "/")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "strict"
    shown = client.get("/me")
    assert shown.status_code == 200
    assert "600" in shown.text
    assert ANN in shown.text
    token = client.cookies["session"]
    assert client.post("/sign-out").headers["location"] == "/sign-in"
    client.cookies.set("session", token)
    assert client.get("/me").headers["location"] == "/sign-in"


def test_a_signature_is_good_once(served: Served, ann: Wallet) -> None:
    """Law 113: who has seen it go by cannot use it again."""
    client = served.client()
    text = message(client)
    assert sign_in(client, text, ann.signed(text)).status_code == 200
    again = sign_in(served.client(), text, ann.signed(text))
    assert again.status_code == 422
    assert "was not given here, or was used" in again.json()["detail"]


def test_a_wrong_signature_spends_the_nonce(served: Served, ann: Wallet) -> None:
    """Law 113: one attempt each."""
    client = served.client()
    text = message(client)
    assert sign_in(client, text, "0x" + "11" * 65).status_code == 422
    assert "was used" in sign_in(client, text, ann.signed(text)).json()["detail"]
    assert "session" not in client.cookies


def test_a_nonce_of_ones_own_is_refused(served: Served, ann: Wallet) -> None:
    """Law 113: though all else is as the site writes it."""
    client = served.client()
    text = re.sub("Nonce: .*", "Nonce: " + "ab" * 16, message(client))
    answer = sign_in(client, text, ann.signed(text))
    assert "was not given here" in answer.json()["detail"]


def test_another_address_is_refused(served: Served, ann: Wallet) -> None:
    """Law 113: the message names one account, and another has signed it."""
    client = served.client()
    text = message(client, BEN)
    assert f"is not of {BEN}" in sign_in(client, text, ann.signed(text)).json()["detail"]


def all_routes(found: Any) -> list[APIRoute]:
    routes: list[APIRoute] = []
    for route in found:
        part = getattr(route, "original_router", None)
        if part is not None:
            routes += all_routes(part.routes)
        elif isinstance(route, APIRoute):
            routes.append(route)
    return routes


def written(path: str, served: Served) -> str:
    return (
        path.replace("{token}", served.token)
        .replace("{name}", "claim")
        .replace("{action}", "claim")
        .replace("{asset}", served.token)
        .replace("{address}", ANN)
    )


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example.org", "http://127.0.0.1"])
def test_every_post_is_sent_from_our_pages(served: Served, ann: Wallet, origin: str | None) -> None:
    """Law 114: whatever a browser with a session is led to send from elsewhere does nothing."""
    client = served.signed_in(ann)
    posts = [
        route.path
        for route in all_routes(served.app.routes)
        # Webhooks are for keys only: a session is nobody to them.
        if "POST" in (route.methods or ()) and not route.path.startswith("/v1/webhooks")
    ]
    assert len(posts) >= 6
    del client.headers["Origin"]
    headers = JSON | ({} if origin is None else {"Origin": origin})
    for path in posts:
        body = {"asset": served.token} if path.startswith("/v1/") else {"address": ANN}
        answer = client.post(written(path, served), json=body, headers=headers)
        assert answer.status_code == 403, path
        assert answer.json()["type"] == "/problems/foreign-origin"
    assert client.get("/me").status_code == 200


OPEN = {
    "/",
    "/static/{name}",
    "/sign-in",
    "/assets/{token}",
    "/assets/{token}/clear-signing/{name}",
}
"""Pages that need nobody."""


def test_a_stranger_sees_what_is_public_only(served: Served) -> None:
    """Law 114: all other pages lead to the sign-in, whichever they are."""
    client, seen = served.client(), set()
    for route in all_routes(served.app.routes):
        if "GET" in (route.methods or ()) and not route.path.startswith(("/v1", "/health", "/re")):
            answer = client.get(written(route.path, served))
            if answer.status_code == 303:
                assert answer.headers["location"] == "/sign-in", route.path
                assert answer.text == ""
            else:
                seen.add(route.path)
    assert seen == OPEN
    text = client.get(f"/assets/{served.token}").text
    assert ANN not in text
    assert BEN not in text


@pytest.mark.parametrize("path", ["", "/audit", "/preview"])
def test_a_holder_is_no_issuer(served: Served, ann: Wallet, path: str) -> None:
    """Law 114: to a holder the issuer's pages are as those of an asset that is not there."""
    client = served.signed_in(ann)
    hidden = client.get(f"/desk/{served.token}{path}")
    missing = client.get(f"/desk/{BEN}{path}")
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert BEN not in hidden.text
    plain = re.compile(r"Request \w+")
    assert plain.sub("", hidden.text).replace(served.token, BEN) == plain.sub("", missing.text)
    assert served.token not in client.get("/desk").text


def test_an_issuer_sees_the_register_and_the_audit(served: Served, issuer: Wallet) -> None:
    """The names are the office's, whose trail has who read them."""
    people = served.commands.folder / "people.csv"
    people.write_text(f"address,name,country\n{ANN},Ann Example,DE\n")
    served.commands.says("ledger", "people", "import", str(people))
    client = served.signed_in(issuer)
    assert served.token in client.get("/desk").text
    text = client.get(f"/desk/{served.token}").text
    assert "Ann Example" in text
    assert BEN in text
    place = office_place(str(served.commands.folder / "ledger.db"))
    with closing(Office.open(place, who="me")) as office:
        assert office.trail()[-1].who == f"wallet {issuer.address}"
    audit = client.get(f"/desk/{served.token}/audit").text
    assert "1,000.00 USD owed" in audit
    assert "The chain is as the manifest and the journal say" in audit


def test_an_issuer_previews_a_distribution(served: Served, issuer: Wallet) -> None:
    """To the unit what each holder would be paid, and nothing is sent."""
    sent, client = served.commands.sent, served.signed_in(issuer)
    fields = {"currency": "USD", "amount": "500.01", "kind": "rent"}
    text = client.post(f"/desk/{served.token}/preview", data=fields).text
    assert "300.006" in text
    assert "200.004" in text
    refused = client.post(f"/desk/{served.token}/preview", data={**fields, "kind": "gift"})
    assert refused.status_code == 422
    assert "gift" in refused.text
    assert served.commands.sent == sent


def test_every_page_has_the_policy(served: Served, ann: Wallet) -> None:
    """Law 116: nothing inline, nothing from elsewhere, in nobody's frame; nothing is kept."""
    client = served.signed_in(ann)
    for path in ("/", "/me", f"/assets/{served.token}", f"/assets/{served.token}/claim", "/nope/x"):
        answer = client.get(path)
        if "text/html" in answer.headers["content-type"]:
            assert answer.headers["content-security-policy"] == POLICY
            assert answer.headers["cache-control"] == "no-store"
            scripts = re.findall(r"<script(.*?)>", answer.text)
            assert all('src="/static/' in one or "application/json" in one for one in scripts)


def test_files_of_pages_are_named_by_their_content(served: Served) -> None:
    """Law 116: so that a browser may keep them, and never has an old one."""
    client = served.client()
    text = client.get("/sign-in").text
    for address in re.findall(r'"(/static/[^"]+)"', text):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/static/wallet.js").status_code == 404
    assert client.get("/static/..%2frendering.py").status_code == 404


# -------------------------------------------------------------------------------------- preparing


def prepare(client: Any, action: str, served: Served, **body: Any) -> Any:
    headers = body.pop("headers", {})
    return client.post(f"/v1/prepare/{action}", json={"asset": served.token, **body},
                       headers=headers)  # fmt: skip


def key(served: Served, *scopes: str, token: str | None = None) -> dict[str, str]:
    place = office_place(str(served.commands.folder / "ledger.db"))
    with closing(Office.open(place, who="me")) as office:
        assets = [(31_337, token or served.token)]
        made = add_key(office, f"{scopes} {token}", scopes=scopes, assets=assets)[1]
    return {"Authorization": f"Bearer {made}"}


def test_the_actions_are_listed(served: Served) -> None:
    found = served.client().get("/v1/prepare").json()["actions"]
    assert [one["name"] for one in found] == list(ACTIONS)
    assert all(one["says"] and one["arguments"]["type"] == "object" for one in found)


def test_a_holder_prepares_for_its_own_wallet(served: Served, ann: Wallet) -> None:
    """Law 114: and for no other, whatever it asks."""
    client = served.signed_in(ann)
    told = prepare(client, "claim", served).json()
    assert told["account"] == ANN
    assert [one["function"] for one in told["transactions"]] == ["claim"]
    assert prepare(client, "claim", served, account=ANN).status_code == 200
    other = prepare(client, "claim", served, account=BEN)
    assert other.status_code == 422
    assert "is not the wallet that is signed in" in other.json()["detail"]
    assert prepare(served.client(), "claim", served, account=ANN).status_code == 401


def test_a_key_prepares_by_its_scope_and_assets(served: Served) -> None:
    """Law 114: for any account, of its own assets."""
    client = served.client()
    made = key(served, "prepare")
    told = prepare(client, "claim", served, account=BEN, headers=made)
    assert told.json()["account"] == BEN
    assert prepare(client, "claim", served, headers=made).status_code == 422
    reads = key(served, "read")
    assert prepare(client, "claim", served, account=BEN, headers=reads).status_code == 403
    foreign = key(served, "prepare", token=BEN)
    hidden = prepare(client, "claim", served, account=BEN, headers=foreign)
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    ("action", "arguments", "status", "sentence"),
    [
        ("transfer", {"to": BEN, "amount": "601"}, 422, "601"),
        ("transfer", {"to": "0x12", "amount": "1"}, 422, "is not an address"),
        ("transfer", {"to": BEN}, 422, "amount"),
        ("freeze", {"wallet": BEN, "reason": "Order 12/2027", "document": DIGEST}, 422, "agent"),
        (
            "freeze",
            {"wallet": BEN, "reason": "Order 12/2027", "document": "/etc/passwd"},
            422,
            "document",
        ),
        ("steal", {}, 404, "steal"),
    ],
)
def test_a_refusal_is_a_problem(
    served: Served,
    ann: Wallet,
    *,
    action: str,
    arguments: dict[str, Any],
    status: int,
    sentence: str,
) -> None:
    """Law 112: in the words of the command."""
    answer = prepare(served.signed_in(ann), action, served, arguments=arguments)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert sentence in answer.json()["detail"]


# --------------------------------------------------------------------------------------- recovery


def test_a_recovery_ends_the_lost_wallets_sessions(served: Served, ann: Wallet) -> None:
    """Law 114: whoever has the lost key is out, and whoever took its place claims what it had."""
    lost = [served.signed_in(ann), served.signed_in(ann)]
    found = Wallet(NEW_KEY, served.commands.anvil)
    assert lost[0].get("/me").status_code == 200
    basis = ("--reason", "Order 12/2027 of a court", "--document", DIGEST)
    served.commands.says("recover", "--lost", ANN, "--new", found.address, *basis)
    # The chain knows it before the ledger does.
    late = served.client()
    text = message(late)
    refused = sign_in(late, text, ann.signed(text)).json()
    assert f"was lost and recovered: {found.address} has its place" in refused["detail"]
    served.follow()
    for client in lost:
        assert client.get("/me").headers["location"] == "/sign-in"
        assert prepare(client, "claim", served).status_code == 401
    client = served.signed_in(found)
    text = client.get("/me").text
    assert ANN in text
    assert "600.00 USD" in text
    form = client.get(f"/assets/{served.token}/claim?distributions=1&holder={ANN}").text
    assert f'value="{ANN}"' in form
    told = prepare(client, "claim", served, arguments={"holder": ANN}).json()
    [change] = [c for c in told["balance_changes"] if c["account"] == found.address]
    assert change["change"]["units"] == "600000000"


def test_a_form_takes_no_address_that_was_sent(served: Served, ann: Wallet) -> None:
    """Law 115: neither a receiver, nor a holder that is not the visitor's own."""
    client = served.signed_in(ann)
    thief = Account.create().address
    for path in (f"transfer?to={thief}&amount=1", f"claim-to?to={thief}", f"payee?to={thief}",
                 f"claim?holder={thief}", f"approve?spender={thief}"):  # fmt: skip
        answer = client.get(f"/assets/{served.token}/{path}")
        assert answer.status_code == 200
        assert thief not in answer.text


def test_without_a_node_a_page_says_so(served: Served, ann: Wallet) -> None:
    """What the ledger knows is shown; what only the chain knows is not made up."""
    client = served.signed_in(ann)
    served.app.state.deployed.workers._most = 0
    answer = client.get("/me")
    assert answer.status_code == 200
    assert "600" in answer.text
    assert "The node does not answer" in answer.text
    assert "To be claimed" not in answer.text


# ----------------------------------------------------------------------------------- what is odd

BODIES = [
    (b"", ""),
    (b"{", "application/json"),
    (b"[]", "application/json"),
    (b'{"address": 1}', "application/json"),
    (b'{"address": "\\ud800", "message": "\\ud800", "signature": "0x"}', "application/json"),
    (b"[" * 50_000, "application/json"),
    (b"\xff\xfe", "application/x-www-form-urlencoded"),
    (b"address=1&address=2", "application/x-www-form-urlencoded"),
    (b"a=1&" * 500, "application/x-www-form-urlencoded"),
    (b"address=%00%ff&message=%00&signature=%ff", "application/x-www-form-urlencoded"),
    (b"--x\r\n", "multipart/form-data; boundary=x"),
    (b'{"asset": "0x", "arguments": {"a": "\\ud800"}}', "application/json"),
    (
        b'{"asset": "TOKEN", "arguments": {"a\\udfff": "\\ud800", "holder": "\\ud800"}}',
        "application/json",
    ),
]


def test_nothing_odd_is_a_fault_of_ours(served: Served, ann: Wallet) -> None:
    """Whatever is sent, it is refused in a sentence: as a page, and as a problem."""
    client = served.signed_in(ann)
    posts = [r.path for r in all_routes(served.app.routes) if "POST" in (r.methods or ())]
    for path in posts:
        if path == "/sign-out":
            continue
        for body, kind in BODIES:
            for accepted in ("text/html", "application/json"):
                answer = client.post(
                    written(path, served),
                    content=body.replace(b"TOKEN", served.token.encode()),
                    headers={"Content-Type": kind, "Accept": accepted},
                )
                # An empty form is one: of a claim of all that is open.
                least = 200 if path.endswith("/{name}") else 303 if "sign" in path else 400
                assert least <= answer.status_code < 500, (path, body[:40], answer.text)
    for odd in ("0x", "%00", "%ff", "..%2f..%2fetc%2fpasswd", "1:" + served.token, "é" * 70):
        for path in ("/assets/{}", "/assets/{}/claim", "/desk/{}", "/static/{}"):
            assert 400 <= client.get(path.format(odd)).status_code < 500, odd


def test_who_signs_in_too_often_is_told_to_wait(served: Served, ann: Wallet) -> None:
    """Nonces cost a row each: a visitor is counted as everywhere."""
    client = served.client()
    answers = [
        client.post("/sign-in/message", json={"address": ANN}, headers=JSON) for _ in range(130)
    ]
    assert {one.status_code for one in answers[:100]} == {200}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    shown = client.get("/sign-in")
    assert (shown.status_code, shown.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert int(shown.headers["Retry-After"]) > 0

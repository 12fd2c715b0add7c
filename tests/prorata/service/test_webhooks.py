"""Webhooks by API: made, seen, rotated and ended; requests that are sent again are done once."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import sqlalchemy as sa

from prorata.alerts.delivery import Courier
from prorata.alerts.office_receivers import office_receivers
from prorata.alerts.office_webhooks import rotate_webhook
from prorata.alerts.outbox import prepare
from prorata.alerts.webhook_secrets import Masters
from prorata.service.routes import webhooks as routes
from prorata.store.database import Database
from prorata.store.keys import add_key
from prorata.store.office import Office, office_place
from prorata.store.office_schema import METADATA, SCOPES
from prorata.store.outbox_schema import alert, alert_delivery
from tests.prorata.service.conftest import CHAIN_ID, Serve, Served
from tests.prorata.store.made_logs import OTHER, TOKEN, person

MASTER = "a master secret of more than 32 characters"
WANTED = {"name": "the desk", "url": "https://desk.example.org/in", "least": "warning"}
PATH = "/v1/webhooks"


@pytest.fixture
def office(place: str) -> Iterator[Office]:
    found = Office.open(office_place(place), who="me", create=True, tenant="ann")
    with closing(found):
        yield found


def key_of(
    office: Office, *tokens: str, scopes: Any = SCOPES, name: str = "a key"
) -> dict[str, str]:
    assets = [(CHAIN_ID, token) for token in tokens or (TOKEN,)]
    text = add_key(office, name, scopes=scopes, assets=assets)[1]
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def served(serve: Serve, office: Office, place: str) -> Served:
    return serve(
        office=office_place(place), public=frozenset(), key_seconds=0, webhook_secrets=(MASTER,)
    )


@pytest.fixture
def mine(office: Office) -> dict[str, str]:
    return key_of(office)


def make(served: Served, key: dict[str, str], **said: Any) -> Any:
    answer = served.client.post(PATH, headers=key, json={**WANTED, **said})
    assert answer.status_code == 201, answer.text
    return answer.json()


def everything(office: Office) -> str:
    with office.database.snapshot() as connection:
        tables = (table for table in METADATA.sorted_tables if table.name != "api_usage")
        return repr([list(connection.execute(sa.select(table))) for table in tables])


def test_a_webhook_is_made_seen_rotated_and_ended(served, office, mine):
    """Law 133: the secret is in the answers that make it, and in no other."""
    answer = served.client.post(PATH, headers=mine, json=WANTED)
    made = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"{PATH}/{made['id']}")
    assert answer.headers["cache-control"] == "no-store"
    assert made["assets"] == [{"chain_id": CHAIN_ID, "token": TOKEN}]
    secret = made.pop("secret")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert served.client.get(f"{PATH}/{made['id']}", headers=mine).json() == made
    assert served.client.get(PATH, headers=mine).json() == {"webhooks": [made]}
    rotated = served.client.post(f"{PATH}/{made['id']}/rotate", headers=mine).json()
    newer = rotated.pop("secret")
    assert newer != secret
    assert [one["version"] for one in rotated["secrets"]] == [2, 1]
    assert rotated["secrets"][1]["ends_at"] is not None
    [receiver] = office_receivers(office, Masters([MASTER]))
    assert receiver.secrets() == [newer, secret]
    assert served.client.get(f"{PATH}/{made['id']}", headers=mine).json() == rotated
    assert secret not in everything(office)
    gone = served.client.request("DELETE", f"{PATH}/{made['id']}", headers=mine)
    assert (gone.status_code, gone.content) == (204, b"")
    for method, path in (("GET", ""), ("GET", "/deliveries"), ("DELETE", ""), ("POST", "/rotate")):
        again = served.client.request(method, f"{PATH}/{made['id']}{path}", headers=mine)
        assert (again.status_code, again.json()["type"]) == (404, "/problems/not-found")
    assert served.client.get(PATH, headers=mine).json() == {"webhooks": []}
    written = [(one.action, one.subject) for one in office.trail() if "webhooks" in one.action]
    assert written == [(f"webhooks.{did}", made["id"]) for did in ("add", "rotate", "end")]
    assert len({one.who for one in office.trail() if "webhooks" in one.action}) == 1


def test_a_key_makes_webhooks_of_its_own_assets_only(served, office):
    """Law 131: neither what is another tenant's, nor what is the tenant's and not the key's."""
    narrow, wide = key_of(office, TOKEN, name="narrow"), key_of(office, TOKEN, OTHER)
    for named in ([OTHER], [f"{CHAIN_ID}:{OTHER}"], [TOKEN, OTHER], [f"5:{TOKEN}"], [person(1)]):
        answer = served.client.post(PATH, headers=narrow, json={**WANTED, "assets": named})
        assert answer.status_code == 422
        assert "is no asset that the key may read as its own" in answer.json()["detail"]
    both = make(served, wide, assets=[TOKEN, f"{CHAIN_ID}:{OTHER}"], name="both")
    assert {one["token"] for one in both["assets"]} == {TOKEN, OTHER}
    one = make(served, narrow, name="one")
    assert [each["token"] for each in one["assets"]] == [TOKEN]
    assert [each["id"] for each in served.client.get(PATH, headers=narrow).json()["webhooks"]] == [
        one["id"]
    ]
    assert len(served.client.get(PATH, headers=wide).json()["webhooks"]) == 2


def test_what_is_not_possible_names_what_is(served, mine):
    """By all routes of a path."""
    for path, allowed in ((PATH, "GET, POST"), (f"{PATH}/wh_{'0' * 16}", "DELETE, GET")):
        answer = served.client.request("PUT", path, headers=mine)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_scopes(served, office):
    """Law 131: a key that may not read its assets has none of them here."""
    for scopes, seen, written in (
        (("read", "alerts", "admin"), 200, 201),
        (("read", "alerts"), 200, 403),
        (("read", "admin"), 403, 403),
        (("alerts", "admin"), 200, 422),
    ):
        key = key_of(office, scopes=scopes, name=" ".join(scopes))
        assert served.client.get(PATH, headers=key).status_code == seen
        assert served.client.post(PATH, headers=key, json=WANTED).status_code == written
    assert served.client.post(PATH, json=WANTED).status_code == 401


def test_without_a_master_secret_it_says_what_to_set(serve, office, place, mine):
    served = serve(office=office_place(place), public=frozenset())
    before = everything(office)
    for path, body in ((PATH, WANTED), (f"{PATH}/wh_{'0' * 16}/rotate", None)):
        answer = served.client.post(path, headers=mine, json=body)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
        assert "no master secret" in answer.json()["detail"]
        assert "PRORATA_WEBHOOK_SECRETS" in answer.json()["remedy"]
    assert everything(office) == before
    assert served.client.get(PATH, headers=mine).json() == {"webhooks": []}


REFUSED = [
    ({"url": "http://desk.example.org/"}, "is not https"),
    ({"url": "https://192.168.1.1/"}, "is not public"),
    ({"url": "https://u:p@desk.example.org/"}, "has a user or a fragment"),
    ({"name": "x\u202e"}, "characters that can be seen"),
    ({"permit": ["10.0.0.1/32"]}, "Extra inputs are not permitted"),
    ({"least": "urgent"}, "'info', 'warning' or 'critical'"),
]


def test_what_can_be_no_webhook_is_a_problem(served, office, mine):
    before = everything(office)
    for said, sentence in REFUSED:
        answer = served.client.post(PATH, headers=mine, json={**WANTED, **said})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
        assert sentence in answer.json()["detail"]
    assert everything(office) == before


# -------------------------------------------------------------------------------- what became of it


def fill(place: str, receiver: str, number: int) -> list[str]:
    """So many deliveries in the outbox; their ids, the newest first."""
    with closing(Database.open(place)) as database:
        prepare(database)
        with database.writing() as connection:
            for n in range(number):
                row = {
                    "id": f"alert_{n:03}", "chain": "c", "base": f"{n}", "life": 0, "kind": "alert",
                    "rule": "r", "name": "a-rule", "severity": "info", "asset": TOKEN, "block": 1,
                    "hash": "", "time": 1, "decided_at": 1_000 + n // 3, "silenced": 0,
                    "settled": 1, "body": "{}",
                }  # fmt: skip
                connection.execute(sa.insert(alert), row)
                for whose in (receiver, "wh_ffffffffffffffff"):
                    told = {
                        "alert": row["id"], "receiver": whose, "state": "pending", "attempts": n,
                        "due": 2_000, "claimed_until": 0, "said": "answered 503",
                    }  # fmt: skip
                    connection.execute(sa.insert(alert_delivery), told)
    return [f"alert_{n:03}" for n in reversed(range(number))]


def test_deliveries_are_listed_by_pages_the_newest_first(served, office, mine, place):
    made = make(served, mine)
    path = f"{PATH}/{made['id']}/deliveries"
    assert served.client.get(path, headers=mine).json() == {"deliveries": [], "next": None}
    ids = fill(place, made["id"], 10)
    whole = served.client.get(path, headers=mine).json()["deliveries"]
    assert [one["id"] for one in whole] == ids
    assert (whole[0]["state"], whole[0]["attempts"], whole[0]["said"]) == (
        "pending", 9, "answered 503",
    )  # fmt: skip
    found, cursor = [], {}
    while True:
        page = served.client.get(path, headers=mine, params={"limit": 4, **cursor}).json()
        found += page["deliveries"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == whole
    other = make(served, mine, name="another")
    for wrong in (
        served.client.get(path, headers=mine, params={"cursor": cursor["cursor"] + "x"}),
        served.client.get(f"{PATH}/{other['id']}/deliveries", headers=mine, params=cursor),
        served.client.get(path, headers=key_of(office, name="b"), params=cursor),
    ):
        assert wrong.status_code == 422
        assert "cursor" in wrong.json()["detail"]


# ---------------------------------------------------------------------------------- Idempotency-Key


def test_a_request_that_is_sent_again_is_done_once(served, office, mine):
    """Law 134: status, body and secret are the same; the secret stands nowhere (law 133)."""
    keyed = {**mine, "Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}
    first = served.client.post(PATH, headers=keyed, json=WANTED)
    unquoted = {**keyed, "Idempotency-Key": "8e03978e-40d5-43e8-bc93-6894a57f9324"}
    for headers in (keyed, unquoted):
        again = served.client.post(PATH, headers=headers, json=WANTED)
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["location"] == first.headers["location"]
    made = first.json()
    assert len(served.client.get(PATH, headers=mine).json()["webhooks"]) == 1
    assert made["secret"].removeprefix("whsec_") not in everything(office)
    path = f"{PATH}/{made['id']}/rotate"
    turned = {**mine, "Idempotency-Key": "another"}
    rotated = served.client.post(path, headers=turned)
    rotate_webhook(office, Masters([MASTER]), made["id"])
    assert served.client.post(path, headers=turned).content == rotated.content
    assert len(served.client.get(f"{PATH}/{made['id']}", headers=mine).json()["secrets"]) == 3


def test_a_key_that_was_used_is_refused_for_another_request(served, office, mine):
    """Law 134: another body, or another path; what was refused is not kept."""
    keyed = {**mine, "Idempotency-Key": "one"}
    assert served.client.post(PATH, headers=keyed, json={**WANTED, "url": "x"}).status_code == 422
    made = served.client.post(PATH, headers=keyed, json=WANTED).json()
    for path, body in ((PATH, {**WANTED, "name": "b"}), (f"{PATH}/{made['id']}/rotate", None)):
        answer = served.client.post(path, headers=keyed, json=body)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/key-reused")
        assert answer.json()["title"] == "Idempotency-Key is already used"
    other = {**key_of(office, name="another"), "Idempotency-Key": "one"}
    answer = served.client.post(PATH, headers=other, json={**WANTED, "name": "b"})
    assert answer.status_code == 201, "a key is of one sender"
    for wrong in ("", "a b", '"', "x" * 256, '"x'):
        headers = {**mine, "Idempotency-Key": wrong}
        answer = served.client.post(PATH, headers=headers, json={**WANTED, "name": "c"})
        assert (answer.status_code, "Idempotency-Key" in answer.text) == (422, True), wrong


def test_one_that_is_worked_on_is_refused_until_it_is_done(served, office, mine, monkeypatch):
    """Law 134: of many at once one does it; the others hear that it is, or its answer."""
    begun, go_on = threading.Event(), threading.Event()
    plain = routes.add_webhook

    def slowly(*args: Any, **said: Any) -> Any:
        begun.set()
        assert go_on.wait(10)
        return plain(*args, **said)

    monkeypatch.setattr(routes, "add_webhook", slowly)
    keyed = {**mine, "Idempotency-Key": "one"}
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(served.client.post, PATH, headers=keyed, json=WANTED)
        assert begun.wait(10)
        meanwhile = served.client.post(PATH, headers=keyed, json=WANTED)
        assert (meanwhile.status_code, meanwhile.json()["type"]) == (409, "/problems/outstanding")
        assert meanwhile.json()["title"] == "A request is outstanding for this Idempotency-Key"
        assert meanwhile.headers["retry-after"] == "1"
        go_on.set()
        assert first.result(10).status_code == 201
    assert served.client.post(PATH, headers=keyed, json=WANTED).content == first.result().content
    with ThreadPoolExecutor(8) as pool:
        crowd = [
            pool.submit(
                served.client.post, PATH, headers={**mine, "Idempotency-Key": "two"},
                json={**WANTED, "name": "crowd"},
            )
            for _ in range(8)
        ]  # fmt: skip
    answers = [one.result() for one in crowd]
    assert {one.status_code for one in answers} <= {201, 409}
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    assert len(served.client.get(PATH, headers=mine).json()["webhooks"]) == 2


def test_a_process_that_dies_before_it_answers_has_done_all_or_nothing(
    served, office, mine, monkeypatch
):
    """Law 134: what was written is written with its answer."""
    keyed = {**mine, "Idempotency-Key": "one"}
    plain = routes.once

    async def dying(*args: Any) -> str:
        await plain(*args)
        raise KeyError

    monkeypatch.setattr(routes, "once", dying)
    served.client.app.state.service.offices.office.who = "died"
    assert served.client.post(PATH, headers=keyed, json=WANTED).status_code == 500
    monkeypatch.setattr(routes, "once", plain)
    answer = served.client.post(PATH, headers=keyed, json=WANTED)
    assert answer.status_code == 201
    [there] = served.client.get(PATH, headers=mine).json()["webhooks"]
    assert json.loads(answer.content)["id"] == there["id"]


def test_what_is_delivered_is_listed(served, office, mine, place):
    """Law 132: by the id that the receiver saw."""
    made = make(served, mine)
    ids = fill(place, made["id"], 2)
    with closing(Database.open(place)) as database:
        receivers = office_receivers(office, Masters([MASTER]))
        sent: list[str] = []
        courier = Courier(database, receivers, senders={made["id"]: lambda *o: sent.append(o[1])})
        assert courier.run().delivered == 2
    listed = served.client.get(f"{PATH}/{made['id']}/deliveries", headers=mine).json()
    assert [one["id"] for one in listed["deliveries"]] == ids
    assert sorted(sent) == sorted(ids)
    assert {(one["state"], one["due_at"]) for one in listed["deliveries"]} == {("delivered", None)}

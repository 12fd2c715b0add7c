"""Who sees what: every route of the application is tried with every kind of asker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from prorata.service.app import OPEN
from prorata.service.principals import principal_of
from prorata.store.keys import add_key, revoke_key
from prorata.store.office import Office, office_place
from prorata.store.office_people import take_in
from prorata.store.office_schema import SCOPES
from prorata.store.people import GivenWallet
from tests.prorata.service.conftest import CHAIN_ID, Serve, Served
from tests.prorata.service.files_of_figures import published
from tests.prorata.store.made_logs import OTHER, TOKEN, person

ALL = frozenset(SCOPES)
PLACED = {"{asset}": TOKEN, "{address}": person(1), "{metric}": "income", "{id}": "income"}
FILLED = re.compile("{[a-z]+}")
PUBLISHED = {"/v1/indices/{id}", "/v1/benchmark"}
"""Routes of the operator's files, which name TOKEN only."""


@pytest.fixture
def office(place: str) -> Iterator[Office]:
    found = Office.open(office_place(place), who="me", create=True, tenant="ann")
    with closing(found):
        yield found


@pytest.fixture
def guarded(serve: Serve, office: Office, place: str, tmp_path: Path) -> Served:
    """A service with an office, in which nothing is public, and a key is believed for no time."""
    told = published(tmp_path)
    return serve(office=office_place(place), public=frozenset(), key_seconds=0, published=told)


def key_of(office: Office, token: str, scopes: Any = ALL, name: str = "") -> dict[str, str]:
    named = name or f"{token} {len(scopes)}"
    text = add_key(office, named, scopes=scopes, assets=[(CHAIN_ID, token)])[1]
    return {"Authorization": f"Bearer {text}"}


def of(office: Office, tenant: str) -> Office:
    other = Office(office.database, who="me", tenant=tenant)
    other._admit()
    return other


def routes(served: Served) -> list[Any]:
    return list(all_routes(served.client.app.routes))


def all_routes(found: Any) -> Iterator[Any]:
    """Every route, those of included parts too, however the framework keeps them."""
    for route in found:
        part = getattr(route, "original_router", None)
        if part is None:
            yield route
        else:
            yield from all_routes(part.routes)


def knows_who_asks(dependant: Any) -> bool:
    return dependant.call is principal_of or any(map(knows_who_asks, dependant.dependencies))


def test_no_route_but_an_explicit_few_does_not_know_who_asks(served):
    """Law 126: no more and no less."""
    found = routes(served)
    guarded = {r.path for r in found if isinstance(r, APIRoute) and knows_who_asks(r.dependant)}
    assert {route.path for route in found} - guarded == OPEN
    described = served.client.get("/openapi.json").json()["paths"]
    assert {route.path for route in found} == {*described, "/openapi.json"}
    assert len(guarded) >= 19


def paths(served: Served) -> list[tuple[str, str]]:
    """Every method and path of an asset, for TOKEN and person 1."""
    return [
        (method, FILLED.sub(lambda found: PLACED[found[0]], route.path))
        for route in routes(served)
        if "{asset}" in route.path or route.path in PUBLISHED
        for method in route.methods
    ]


def hook_paths(served: Served, webhook: str) -> list[tuple[str, str]]:
    """Every method and path of a webhook; what ends it comes last."""
    found = [
        (method, route.path.replace("{webhook}", webhook))
        for route in routes(served)
        if "{webhook}" in route.path
        for method in route.methods
    ]
    return sorted(found, key=lambda one: one[0] == "DELETE")


def plain(headers: Any) -> dict[str, str]:
    """Without what is of one request."""
    mine = ("x-request-id", "ratelimit-remaining", "ratelimit-reset")
    return {name: value for name, value in headers.items() if name not in mine}


def test_a_key_of_another_tenant_sees_nothing_anywhere(guarded, office):
    """Law 126: no more and no less."""
    mine, theirs = key_of(office, TOKEN), key_of(of(office, "ben"), OTHER)
    tried = paths(guarded)
    assert len(tried) >= 24
    for method, path in tried:
        seen = guarded.client.request(method, path, headers=mine)
        assert seen.status_code == 200, (path, seen.text)
        hidden = guarded.client.request(method, path, headers=theirs)
        assert hidden.status_code == 404, path
        assert TOKEN not in hidden.text.replace(path, "").replace(f"no asset {TOKEN}", "").replace(
            f'"value":"{TOKEN}"', ""
        )
        if TOKEN not in path:
            continue
        unknown = guarded.client.request(method, path.replace(TOKEN, person(8)), headers=theirs)
        assert unknown.json()["detail"] == hidden.json()["detail"].replace(TOKEN, person(8))
        assert plain(hidden.headers) == plain(unknown.headers)
    listed = guarded.client.get("/v1/assets", headers=theirs).json()["assets"]
    assert [one["token"] for one in listed] == [OTHER]


def test_nobody_without_a_key_sees_what_is_not_public(guarded):
    """Law 126: no more and no less."""
    for method, path in paths(guarded):
        assert guarded.client.request(method, path).status_code in (401, 404), path
    assert guarded.client.get("/v1/assets").json() == {"assets": []}


def test_the_webhook_of_another_tenant_is_as_one_that_there_is_not(serve, office, place):
    """Laws 126 and 131: on every route, whatever is done; and so is one of another asset."""
    served = serve(
        office=office_place(place), public=frozenset({TOKEN}), key_seconds=0,
        webhook_secrets=("a master secret of more than 32 characters",),
    )  # fmt: skip
    mine = key_of(office, TOKEN)
    others = {
        "another tenant": key_of(of(office, "ben"), TOKEN),
        "another asset": key_of(office, OTHER),
        "no scope": key_of(office, TOKEN, {"read", "admin"}),
        "nobody": {},
    }
    wanted = {"name": "the desk", "url": "https://desk.example.org/in"}
    made = served.client.post("/v1/webhooks", headers=mine, json=wanted).json()
    nothing = "wh_0000000000000000"
    tried = hook_paths(served, made["id"])
    assert len(tried) >= 4
    for method, path in tried:
        for who, headers in others.items():
            hidden = served.client.request(method, path, headers=headers)
            unknown = served.client.request(
                method, path.replace(made["id"], nothing), headers=headers
            )
            told = {"another tenant": 404, "another asset": 404, "no scope": 403, "nobody": 401}
            assert (hidden.status_code, unknown.status_code) == (told[who],) * 2, (path, who)
            assert unknown.json()["detail"] == hidden.json()["detail"].replace(made["id"], nothing)
            assert plain(hidden.headers) == plain(unknown.headers)
    for who in ("another tenant", "another asset"):
        listed = served.client.get("/v1/webhooks", headers=others[who])
        assert listed.json() == {"webhooks": []}
    for method, path in tried:
        seen = served.client.request(method, path, headers=mine)
        assert seen.status_code in (200, 204), path
    written = [one.action for one in office.trail() if one.action.startswith("webhooks.")]
    assert written == ["webhooks.add", "webhooks.rotate", "webhooks.end"]


def test_a_cursor_and_a_tag_are_of_one_key(guarded, office):
    """Law 124: whatever comes meanwhile."""
    mine, other = key_of(office, TOKEN), key_of(office, TOKEN, name="another")
    path = f"/{TOKEN}/holders"
    first = guarded.get(path, params={"limit": 1}, headers=mine)
    following = {"cursor": first.json()["next"]}
    assert guarded.get(path, params=following, headers=mine).status_code == 200
    assert guarded.get(path, params=following, headers=other).status_code == 422
    tagged = {**other, "If-None-Match": first.headers["etag"]}
    assert guarded.get(path, params={"limit": 1}, headers=tagged).status_code == 200
    assert first.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("route", "scope"), [("register", "read:register"), ("alerts", "alerts"), ("holders", "read")]
)
def test_a_scope_is_needed(guarded, office, route, scope):
    lacking, having = key_of(office, TOKEN, ALL - {scope}), key_of(office, TOKEN, {"read", scope})
    refused = guarded.get(f"/{TOKEN}/{route}", headers=lacking)
    assert refused.status_code == (404 if scope == "read" else 403)
    assert guarded.get(f"/{TOKEN}/{route}", headers=having).status_code == 200


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", "Bearer pr_1_2", "Basic YTpi", f"Bearer pr_{'0' * 16}_{'0' * 64}"],
)
def test_what_is_no_key_is_refused_even_for_what_is_public(serve, office, place, given):
    """Law 127: and nothing else."""
    served = serve(office=office_place(place))
    answer = served.get(f"/{TOKEN}", headers={"Authorization": given})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_that_was_revoked_ends_when_it_is_believed_no_more(serve, office, place):
    """Law 127: and nothing else."""
    served = serve(office=office_place(place), public=frozenset(), key_seconds=60)
    mine = key_of(office, TOKEN)
    assert served.get(f"/{TOKEN}", headers=mine).status_code == 200
    [made] = [entry.subject for entry in office.trail()]
    revoke_key(office, made)
    assert served.get(f"/{TOKEN}", headers=mine).status_code == 200
    known = served.client.app.state.service.offices._known
    known.update({digest: (0.0, key) for digest, (_, key) in known.items()})
    assert served.get(f"/{TOKEN}", headers=mine).status_code == 401


def test_names_are_of_the_keys_own_tenant_and_each_reading_is_in_the_trail(guarded, office):
    """Law 126: no more and no less."""
    ben = of(office, "ben")
    take_in(office, CHAIN_ID, [GivenWallet(person(1), "Ann A.", "fund", 276)])
    take_in(ben, CHAIN_ID, [GivenWallet(person(1), "Somebody else"), GivenWallet(person(2), "B.")])
    mine, theirs = key_of(office, TOKEN), key_of(ben, TOKEN)
    answer = guarded.get(f"/{TOKEN}/register", headers=mine)
    found = {one["address"]: (one["name"], one["kind"], one["country"]) for one in
             answer.json()["holders"]}  # fmt: skip
    assert found == {person(1): ("Ann A.", "fund", 276), person(2): (None, None, None)}
    assert answer.headers["cache-control"] == "no-store"
    last = office.trail()[-1]
    made = next(entry.subject for entry in office.trail() if entry.action == "keys.add")
    assert (last.action, last.who, last.rows) == ("people.shown service", f"key {made}", 1)
    told = guarded.get(f"/{TOKEN}/register", headers=theirs).json()["holders"]
    assert {one["name"] for one in told} == {"Somebody else", "B."}
    assert len([one for one in office.trail() if one.action.startswith("people.shown")]) == 1


def test_a_public_asset_has_no_register_for_the_keys_of_others(serve, office, place):
    """Law 126: no more and no less."""
    served = serve(office=office_place(place))
    theirs = key_of(of(office, "ben"), OTHER)
    assert served.get(f"/{TOKEN}/holders", headers=theirs).status_code == 200
    for route in ("register", "alerts"):
        assert served.get(f"/{TOKEN}/{route}", headers=theirs).status_code == 404

"""Refusals: each is a problem of RFC 9457 that names the value, the rule and the remedy."""

from __future__ import annotations

import logging
import re

import pytest

from prorata.errors import InputError
from prorata.service.app import create_app
from prorata.service.problems import KINDS, MEDIA_TYPE
from prorata.service.settings import Settings
from tests.prorata.service.client import Client
from tests.prorata.service.conftest import SECRET
from tests.prorata.store.made_logs import OTHER, TOKEN, person


@pytest.mark.parametrize(
    ("path", "kind", "sentence", "remedy"),
    [
        (f"/v1/assets/{OTHER}", "not-found", f"there is no asset {OTHER}", "see /v1/assets"),
        (f"/v1/assets/{person(3)}", "not-found", "there is no asset 0x", "see /v1/assets"),
        ("/v1/assets/mine", "invalid", 'path.asset "mine"', "see /openapi.json"),
        (f"/v1/assets/0x{'0' * 40}", "invalid", "is the zero address", "own address"),
        (f"/v1/assets/{TOKEN}?at=never", "invalid", 'at: "never" is no time', "record:3"),
        (f"/v1/assets/{TOKEN}?at=record:2", "invalid", '"2" was cancelled', "give another one"),
        (f"/v1/assets/{TOKEN}?at=record:7", "invalid", "was never scheduled", "give 1 to 2"),
        (f"/v1/assets/{TOKEN}?at=block:77", "incomplete", "read to block 9", "earlier moment"),
        (f"/v1/assets/{TOKEN}/holders/{person(1)[:-1]}X", "invalid", "path.address", "openapi"),
        (f"/v1/assets/{TOKEN}/alerts", "no-key", "this needs a key", "Authorization: Bearer"),
        ("/nothing", "not-found", "there is nothing at /nothing", "see /openapi.json"),
    ],
)
def test_a_refusal_names_what_is_wrong_and_what_to_do(served, path, kind, sentence, remedy):
    """Law 129: to whoever asks."""
    answer = served.client.get(path)
    status, title = KINDS[kind]
    told = answer.json()
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.status_code, told["status"], told["title"]) == (status, status, title)
    assert told["type"] == f"/problems/{kind}"
    assert sentence in told["detail"]
    assert remedy in told["remedy"]
    assert told["request_id"] == answer.headers["x-request-id"]


def test_a_method_that_is_not_there_says_which_are(served):
    answer = served.client.post(f"/v1/assets/{TOKEN}")
    assert (answer.status_code, answer.json()["value"]) == (405, "POST")
    assert answer.headers["allow"] == "GET"


def test_the_id_of_a_request_is_the_proxys_if_it_is_harmless(served):
    for given, kept in (("abc-1", True), ("a b", False), ("x" * 65, False), ('"', False)):
        answer = served.client.get("/health", headers={"X-Request-ID": given})
        assert (answer.headers["x-request-id"] == given) is kept
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["x-request-id"])


def test_every_refusal_that_openapi_names_is_a_problem(served):
    """Law 129: to whoever asks."""
    document = served.client.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for told in methods.values():
            for status, answer in told["responses"].items():
                if int(status) >= 400 and (path, status) != ("/ready", "503"):
                    [(media, content)] = answer["content"].items()
                    assert media == MEDIA_TYPE, (path, status)
                    assert content["schema"]["$ref"].endswith("/ProblemModel")
    assert "HTTPValidationError" not in str(document)


def test_what_nobody_expected_is_told_without_its_cause(served, caplog):
    """Law 129: to whoever asks."""

    def fails() -> None:
        raise RuntimeError("the cause, with a password in it")

    served.client.app.add_api_route("/fails", fails)
    with Client(served.client.app, raises=False) as client, caplog.at_level(logging.ERROR):
        answer = client.get("/fails")
    assert (answer.status_code, answer.headers["content-type"]) == (500, MEDIA_TYPE)
    assert "password" not in answer.text
    assert answer.json()["request_id"] in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_database_that_fails_is_told_without_where_it_is(serve, sqlite, caplog):
    """Law 129: to whoever asks."""
    served = serve()
    reader = served.client.app.state.service.reader

    async def refuse(*_, **__):
        from prorata.errors import StoreError

        raise StoreError("/home/somebody/ledger.db is broken", "mend it")

    reader.ask = refuse
    answer = served.get(f"/{TOKEN}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "somebody" not in answer.text
    assert "/home/somebody/ledger.db is broken" in caplog.text
    assert served.client.get("/ready").json()["reason"] == "the ledger cannot be read"


@pytest.mark.parametrize("secrets", [(), ("short",), (SECRET, "")])
def test_a_service_needs_a_secret_that_cannot_be_guessed(secrets):
    with pytest.raises(InputError, match="has fewer than 32 characters; make one with"):
        create_app(Settings("ledger.db", secrets))

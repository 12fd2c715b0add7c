"""`verify`: asked for by name only, with the key from the environment and nowhere else."""

from __future__ import annotations

import json

import pytest

from tests.prorata.deployments.recording import recording_explorer

KEY = "a-key-that-nobody-must-see"


@pytest.fixture
def explorer():
    with recording_explorer() as started:
        yield started


def test_what_an_explorer_verified_is_shown_and_exit_code_0(started, explorer):
    explorer.answer = lambda _: (409, {"customCode": "already_verified", "message": "it is"})
    done = started.facts("verify", "--explorer", "sourcify", "--url", explorer.url)
    assert (done["explorer"], done["url"]) == ("sourcify", explorer.url)
    contracts = started.deployment.manifest.contracts
    assert [(one["contract"], one["state"]) for one in done["contracts"]] == [
        (label, "verified") for label in contracts
    ]
    again = started.gist("verify", "--explorer", "sourcify", "--url", explorer.url)
    assert "before" in again


@pytest.mark.parametrize(
    ("answer", "code", "state"),
    [
        ((202, {"verificationId": "job"}), 4, "pending"),
        ((400, {"customCode": "unsupported_chain", "message": "no"}), 1, "failed"),
    ],
)
def test_exit_codes_say_what_is_left(started, explorer, answer, code, state):
    explorer.answer = lambda _: answer
    options = ("verify", "--explorer", "sourcify", "--url", explorer.url, "--wait", "0", "--json")
    done = started.run(*options)
    assert done.code == code
    assert {one["state"] for one in json.loads(done.out)["contracts"]} == {state}


def test_a_chain_of_this_machine_is_known_to_no_explorer(started):
    assert started.refuses("verify", "--explorer", "sourcify") == (
        'explorer: "sourcify" does not know chain 31337, which is on this machine; name an '
        "explorer of this chain with --url"
    )


def test_a_key_is_taken_from_the_environment_and_never_shown(started, explorer, monkeypatch):
    monkeypatch.delenv("ETHERSCAN_API_KEY", raising=False)
    options = ("verify", "--explorer", "etherscan", "--url", explorer.url, "--wait", "0")
    assert started.refuses(*options) == (
        'ETHERSCAN_API_KEY: "" is not set; give the explorer\'s key in ETHERSCAN_API_KEY'
    )
    monkeypatch.setenv("ETHERSCAN_API_KEY", KEY)
    explorer.answer = lambda _: (200, {"status": "0", "result": f"Invalid API Key {KEY}"})
    done = started.run(*options)
    assert done.code == 1
    assert explorer.asked[0].body["apikey"] == KEY
    assert KEY not in done.out + done.err + (started.folder / "verification.json").read_text()

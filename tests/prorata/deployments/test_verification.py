"""Verifying sources: an explorer gets what it needs to come to the very bytes on the chain."""

from __future__ import annotations

import json
from functools import cache

import pytest

from prorata.assets.asset import Asset
from prorata.chain.artifacts import artifact
from prorata.chain.node import RpcChain
from prorata.deployments.create2 import create2_address
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment, open_operator
from prorata.deployments.explorers import Etherscan, Outcome, Sourcify, State
from prorata.deployments.market_contracts import SALT, packed_singletons
from prorata.deployments.verification import (
    STATUS,
    market_requests,
    verification_requests,
    verify_all,
)
from prorata.errors import ChainError, DeploymentError
from prorata.market.singletons import deploy_singletons
from prorata.toolchain.compiler import compile_standard
from prorata.toolchain.paths import PROJECT_ROOT, SOLC_BUILD
from tests.prorata.deployments.recording import Asked, RecordingExplorer, recording_explorer

KEY = "a-key-that-nobody-must-see"


@pytest.fixture
def explorer():
    with recording_explorer() as started:
        yield started


@pytest.fixture
def asset(operator, folder) -> Deployment:
    """With rules, whose arguments have integers that the manifest keeps as text."""
    path = PROJECT_ROOT / "examples" / "compliant" / "asset.yaml"
    return deploy(operator, Asset.load(path), folder, dollar=True)


@cache
def compiled(standard_input: str) -> dict:
    return compile_standard(json.loads(standard_input))["contracts"]


def creation_code(standard_input: object, identifier: str) -> bytes:
    """What the compiler makes of what was handed in."""
    text = standard_input if isinstance(standard_input, str) else json.dumps(standard_input)
    source, name = identifier.rsplit(":", 1)
    return bytes.fromhex(compiled(text)[source][name]["evm"]["bytecode"]["object"])


class SourcifyStandIn:
    """Compiles what it is handed, and looks at the transaction that it is told of."""

    def __init__(self, chain: RpcChain) -> None:
        self.chain, self.jobs = chain, {}

    def __call__(self, asked: Asked) -> tuple[int, object]:
        if asked.method == "POST":
            [sent] = self.chain.sent([asked.body["creationTransactionHash"]])
            made = creation_code(asked.body["stdJsonInput"], asked.body["contractIdentifier"])
            job = f"job-{len(self.jobs)}"
            self.jobs[job] = ["pending", "exact_match" if sent.data.startswith(made) else None]
            return 202, {"verificationId": job}
        state = self.jobs[asked.path.rsplit("/", 1)[1]]
        done = state.pop(0) != "pending"
        contract = {"match": state[0]} if done or len(state) == 1 else {}
        return 200, {"isJobCompleted": len(state) == 1, "contract": contract}


@pytest.mark.slow
def test_sourcify_comes_to_the_very_bytes_on_the_chain(asset, chain, explorer):
    explorer.answer = SourcifyStandIn(chain)
    done = verify_all(asset, Sourcify(explorer.url), patience=20, pause=0)
    assert {one.label for one in done} == set(asset.manifest.contracts)
    assert all(
        one.outcome == Outcome(State.VERIFIED, "exact match", one.outcome.job) for one in done
    )
    posts = [asked for asked in explorer.asked if asked.method == "POST"]
    for asked, contract in zip(posts, asset.manifest.contracts.values(), strict=True):
        assert asked.path == f"/v2/verify/31337/{contract.address}"
        assert set(asked.body) == {
            "stdJsonInput", "compilerVersion", "contractIdentifier", "creationTransactionHash",
        }  # fmt: skip
        assert asked.body["compilerVersion"] == SOLC_BUILD
        assert asked.kind == "application/json"


@pytest.mark.slow
def test_etherscan_comes_to_the_very_bytes_on_the_chain(asset, chain, explorer):
    guids: dict[str, int] = {}

    def answer(asked: Asked) -> tuple[int, object]:
        if asked.method == "POST":
            guids[asked.body["contractaddress"]] = 0
            return 200, {"status": "1", "message": "OK", "result": asked.body["contractaddress"]}
        guids[asked.query["guid"]] += 1
        if guids[asked.query["guid"]] == 1:
            return 200, {"status": "0", "message": "NOTOK", "result": "Pending in queue"}
        return 200, {"status": "1", "message": "OK", "result": "Pass - Verified"}

    explorer.answer = answer
    done = verify_all(asset, Etherscan(KEY, f"{explorer.url}/v2/api"), patience=20, pause=0)
    assert {(one.outcome.state, one.outcome.words) for one in done} == {
        (State.VERIFIED, "Pass - Verified")
    }
    posts = [asked for asked in explorer.asked if asked.method == "POST"]
    assert len(posts) == len(asset.manifest.contracts)
    for asked, contract in zip(posts, asset.manifest.contracts.values(), strict=True):
        assert asked.path == "/v2/api"
        assert asked.query == {
            "chainid": "31337", "module": "contract", "action": "verifysourcecode",
        }  # fmt: skip
        form = asked.body
        assert form["codeformat"] == "solidity-standard-json-input"
        assert (form["compilerversion"], form["apikey"]) == (f"v{SOLC_BUILD}", KEY)
        [sent] = chain.sent([contract.transaction])
        made = creation_code(form["sourceCode"], form["contractname"])
        assert made + bytes.fromhex(form["constructorArguments"]) == sent.data
        assert form["constructorArguements"] == form["constructorArguments"]


def test_what_is_verified_is_not_asked_again(asset, explorer, folder):
    explorer.answer = lambda _: (409, {"customCode": "already_verified", "message": "as is"})
    sourcify = Sourcify(explorer.url)
    first = verify_all(asset, sourcify, patience=0)
    asked = len(explorer.asked)
    second = verify_all(asset, sourcify, patience=0)
    assert len(explorer.asked) == asked == len(first)
    assert [one.before for one in first + second] == [False] * asked + [True] * asked
    kept = json.loads((folder / STATUS).read_text())[explorer.url]
    assert kept["ShareToken"] == {
        "address": asset.token().address,
        "state": "verified",
        "said": "as is",
        "job": None,
    }


def test_a_job_that_was_not_done_is_looked_up_and_not_handed_in_again(asset, explorer):
    explorer.answer = lambda asked: (202, {"verificationId": asked.path.rsplit("/", 1)[1]})
    sourcify = Sourcify(explorer.url)
    [*first] = verify_all(asset, sourcify, patience=0)
    assert {one.outcome.state for one in first} == {State.PENDING}
    explorer.asked.clear()
    explorer.answer = lambda _: (200, {"isJobCompleted": True, "contract": {"match": "match"}})
    second = verify_all(asset, sourcify, patience=0)
    assert {one.outcome.state for one in second} == {State.VERIFIED}
    assert {asked.method for asked in explorer.asked} == {"GET"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((400, {"customCode": "unsupported_chain", "message": "Chain 31337 is not supported"}),
         "Chain 31337 is not supported"),
        ((200, {"isJobCompleted": True, "contract": {"match": None},
                "error": {"customCode": "no_match", "message": "The bytecodes differ"}}),
         "The bytecodes differ"),
    ],
)  # fmt: skip
def test_what_sourcify_refuses_is_told_in_its_words(asset, answer, explorer, words):
    explorer.answer = lambda asked: (
        (202, {"verificationId": "job"}) if asked.method == "POST" and answer[0] == 200 else answer
    )
    done = verify_all(asset, Sourcify(explorer.url), patience=20, pause=0)
    assert {(one.outcome.state, one.outcome.words) for one in done} == {(State.FAILED, words)}


def etherscan_says(explorer: RecordingExplorer, asset: Deployment, result: str, **more) -> Outcome:
    explorer.answer = lambda _: (200, {"status": "0", "message": "NOTOK", "result": result})
    request = verification_requests(asset)["ShareToken"]
    return Etherscan(KEY, explorer.url).submit(request, **more)


@pytest.mark.parametrize(
    ("result", "state"),
    [
        ("Contract source code already verified", State.VERIFIED),
        ("Max rate limit reached", State.PENDING),
        ("Unable to locate ContractCode at 0x12", State.FAILED),
        (f"Invalid API Key {KEY}", State.FAILED),
    ],
)
def test_what_etherscan_refuses_is_told_in_its_words_and_never_with_the_key(
    asset, explorer, result, state
):
    told = etherscan_says(explorer, asset, result)
    assert (told.state, told.words) == (state, result.replace(KEY, "…"))


def test_an_explorer_that_asks_to_come_later_is_asked_later(asset, explorer):
    answers = iter([(429, b"slow down"), (409, {"customCode": "already_verified", "message": "y"})])
    explorer.answer = lambda _: next(answers, (409, {"customCode": "already_verified"}))
    done = verify_all(asset, Sourcify(explorer.url), patience=20, pause=0)
    assert {one.outcome.state for one in done} == {State.VERIFIED}


@pytest.mark.parametrize(("status", "text"), [(502, b"<html>bad gateway</html>"), (200, b"[]")])
def test_an_explorer_that_answers_something_else_is_one_sentence(asset, explorer, status, text):
    explorer.answer = lambda _: (status, text)
    with pytest.raises(ChainError) as refusal:
        verify_all(asset, Etherscan(KEY, explorer.url), patience=0)
    assert str(refusal.value) == (
        f"the explorer at {explorer.url} answered HTTP {status} without JSON; check the address, "
        "or wait a minute and run the same command again"
    )


@pytest.mark.attack("I5")
def test_an_explorer_that_does_not_answer_is_one_sentence_without_the_key(asset):
    with pytest.raises(ChainError) as refusal:
        verify_all(asset, Etherscan(KEY, "http://127.0.0.1:9/api"), patience=0)
    assert str(refusal.value).startswith(
        "the explorer at http://127.0.0.1:9/api cannot be asked (no answer); "
    )
    assert KEY not in str(refusal.value)


def test_contracts_that_were_there_before_are_their_own_folders_business(
    found, chain, issuer, settings, tmp_path
):
    folder, vault = tmp_path / "second", found.vault().address
    with open_operator(chain, issuer, folder) as second:
        other = deploy(second, settings, folder, vault=vault)
    assert set(verification_requests(other)) == {"ShareToken"}


def test_other_sources_are_refused(asset):
    contracts = asset.manifest.contracts
    other = contracts["ShareToken"].model_copy(update={"init_code_hash": f"0x{'00' * 32}"})
    manifest = asset.manifest.model_copy(update={"contracts": {**contracts, "ShareToken": other}})
    with pytest.raises(DeploymentError) as refusal:
        verification_requests(Deployment(asset.folder, manifest, asset.chain))
    assert str(refusal.value) == (
        "ShareToken was deployed from other sources than those of this version; use the version "
        f"that deployed it, of commit {asset.manifest.commit}"
    )


def test_a_status_that_is_damaged_is_refused(asset, explorer, folder):
    (folder / STATUS).write_text("{")
    with pytest.raises(DeploymentError, match=r"verification.json is damaged; remove it"):
        verify_all(asset, Sourcify(explorer.url), patience=0)
    assert explorer.asked == []


def test_the_markets_contracts_are_asked_for_with_the_code_that_gave_their_addresses(
    operator, chain, asset, explorer
):
    """Where the chain has them; an explorer is told of them only if somebody wants it."""
    deploy_singletons(operator)
    asked = market_requests(chain)
    assert list(asked) == [f"market/{name}" for name in packed_singletons()]
    for request in asked.values():
        made = artifact(request.name).bytecode + request.arguments
        assert create2_address(SALT, made) == request.address
    explorer.answer = lambda _: (200, {"status": "1", "message": "OK", "result": "Pass - Verified"})
    etherscan = Etherscan(KEY, explorer.url)
    told = verify_all(asset, etherscan, patience=0, pause=0)
    assert not [one for one in told if one.label in asked]
    told = verify_all(asset, etherscan, patience=0, pause=0, market=True)
    assert [one.label for one in told if one.label in asked] == list(asked)

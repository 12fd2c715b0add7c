"""alerts: decided, listed, silenced and played over the past, beside a real node."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.cli.opened import run as opened_run

pytestmark = pytest.mark.slow

EXAMPLES = PROJECT_ROOT / "examples"
RULES = str(EXAMPLES / "alerts/rules.yaml")
ANN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture(scope="module")
def building(tmp_path_factory) -> Iterator[Commands]:
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        commands.says("deploy", "--asset", str(EXAMPLES / "building/asset.yaml"), "--dollar")
        commands.says("follow", "--once", "--depth", "0")
        yield commands


@pytest.fixture
def commands(building) -> Iterator[Commands]:
    with kept(building.anvil.url, building.folder):
        yield building


def test_what_happens_is_decided_once_and_listed(commands: Commands, tmp_path: Path) -> None:
    """Law 107: the second run has nothing to say, and the past can be played."""
    run = ("alerts", "run", "--rules", RULES, "--once")
    (tmp_path / "address").write_text("json://127.0.0.1:1/")
    receivers = tmp_path / "receivers.yaml"
    receivers.write_text("receivers:\n  - {name: mail, apprise_file: address}\n")
    assert len(commands.facts(*run)["begun"]) == 10
    commands.says("agents", "add", ANN)
    commands.says("follow", "--once", "--depth", "0")
    told = commands.facts(*run, "--receivers", str(receivers))
    assert (told["alerts"] >= 1, told["failed"] == told["alerts"]) == (True, True)
    assert commands.facts(*run)["alerts"] == 0
    listed = commands.facts("alerts", "list")
    [added] = [one for one in listed["messages"] if one["rule"] == "agent-added"]
    assert added["facts"]["arguments"] == {"agent": ANN}
    assert [one["state"] for one in added["deliveries"]] == ["pending"]
    assert commands.facts("alerts", "list", "--dead")["messages"] == []
    assert "agent-added" in commands.says("alerts", "list")
    played = commands.facts("alerts", "test", RULES, "--from", "0")
    assert played["not_played"] == ["node-behind", "finality-behind", "drift"]
    assert ANN in {one["facts"].get("arguments", {}).get("agent") for one in played["alerts"]}
    assert "nothing was sent" in commands.says("alerts", "test", RULES, "--from", "0")


def test_a_silenced_rule_is_decided_and_not_delivered(commands: Commands) -> None:
    """Law 111: and the list says so, with the silences that last."""
    run = ("alerts", "run", "--rules", RULES, "--once")
    commands.says(*run)
    why = ("--for", "4h", "--reason", "known")
    commands.says("alerts", "silence", "agent-added", *why)
    commands.says("alerts", "silence", "old-nav", *why, "--token", ANN)
    commands.says("agents", "add", ANN)
    commands.says("follow", "--once", "--depth", "0")
    assert "alert" in commands.says(*run)
    listed = commands.facts("alerts", "list")
    assert {one["silenced"] for one in listed["messages"] if one["rule"] == "agent-added"} == {True}
    assert [one["rule"] for one in listed["silences"]] == ["agent-added", "old-nav"]
    assert "silenced" in commands.says("alerts", "list")


def test_drift_is_told_once_and_a_silent_node_is_told_of(
    commands: Commands, tmp_path: Path
) -> None:
    """Law 107: what another journal has done; without a node the rule says nothing."""
    path = tmp_path / "rules.yaml"
    path.write_text(
        "rules:\n"
        "  - {name: drift, says: Drift, when: absent, what: drift, every: 1s}\n"
        f"  - {{name: other, says: Other, when: event, event: Paused, token: '{ANN}'}}\n"
    )
    run = ("alerts", "run", "--rules", str(path), "--once")
    assert commands.facts(*run)["alerts"] == 0
    stranger = Operator(commands.chain, LocalSigner.of_test_account(0))
    receipt = stranger.send_one("pause", commands.deployment.token().pause())
    time.sleep(1.1)
    assert commands.facts(*run)["alerts"] == 1
    time.sleep(1.1)
    assert commands.facts(*run)["alerts"] == 0
    [told] = commands.facts("alerts", "list")["messages"]
    assert (told["rule"], told["asset"]) == ("drift", commands.deployment.token().address)
    assert told["facts"]["transaction"] == receipt.hash
    time.sleep(1.1)
    nowhere = ("--network", "http://127.0.0.1:1", "--deployment", str(commands.folder))
    done = opened_run(*run, *nowhere)
    assert done.code == 0, done
    said = " ".join(done.err.split())
    assert "the rules of drift say nothing, for " in said
    assert "the rule other is of a token that is not followed here" in said
    assert json.loads(opened_run(*run, *nowhere, "--json").out)["not_followed"] == ["other"]


def test_wrong_words_are_refused(commands: Commands, tmp_path: Path) -> None:
    """Before anything is decided."""
    path = tmp_path / "rules.yaml"
    path.write_text("rules: []\n")
    assert "rules" in commands.refuses("alerts", "run", "--rules", str(path), "--once")
    refused = commands.refuses("alerts", "silence", "x", "--for", "soon", "--reason", "y")
    assert "no length of time" in refused

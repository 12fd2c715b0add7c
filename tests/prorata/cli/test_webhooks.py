"""`prorata webhooks` and what `prorata deliver` makes of it, beside a real node and receiver."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import standardwebhooks.webhooks as library

from prorata.cli.commands import deliver as deliver_command
from prorata.cli.commands import run as run_command
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.alerts.test_delivery import Desk, listening
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

RULES = str(PROJECT_ROOT / "examples/alerts/rules.yaml")
AGENTS = (
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
)
MASTER = "a-master-secret-of-more-than-32-characters"
OLDER = "another-one-of-more-than-32-characters"


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    with Anvil() as anvil:
        found = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        found.says("deploy", "--asset", str(PROJECT_ROOT / "examples/building/asset.yaml"))
        yield found


@pytest.fixture
def commands(building: Commands) -> Iterator[Commands]:
    with kept(building.anvil.url, building.folder):
        yield building


@pytest.fixture
def master(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRORATA_WEBHOOK_SECRETS", "")
    path = tmp_path / "master.secret"
    path.write_text(MASTER + "\n", encoding="utf-8")
    monkeypatch.setenv("PRORATA_WEBHOOK_SECRET_FILES", str(path))
    return path


@contextmanager
def delivering(commands: Commands) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "prorata", "deliver", "--rules", RULES, "--poll", "0.2",
         "--network", commands.anvil.url, "--deployment", str(commands.folder)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def until_heard(desk: Desk, number: int) -> None:
    end = time.monotonic() + 30
    while len(desk.verified) < number and time.monotonic() < end:
        time.sleep(0.05)
    assert len(desk.verified) == number


def test_a_running_deliverer_tells_new_webhooks_and_ended_ones_no_more(commands, master):
    """Law 132: by commands only, without a restart; each secret is shown once (law 133)."""
    commands.says("follow", "--once", "--depth", "0")
    agents = list(AGENTS)

    def add_agent() -> None:
        commands.says("agents", "add", agents.pop(0))
        commands.says("follow", "--once", "--depth", "0")

    with listening("whsec_" + "A" * 44) as desk, delivering(commands) as process:
        assert process.stdout
        begun = iter(process.stdout.readline, "")
        assert any("the rule agent-added begins" in line for line in begun)
        url = f"http://127.0.0.1:{desk.port}/in"
        made = commands.facts("webhooks", "add", "the desk", url, "--permit", "127.0.0.1/32")
        desk.verifier = library.Webhook(made["secret"])
        add_agent()
        until_heard(desk, 1)
        [listed] = commands.facts("webhooks", "list")["webhooks"]
        assert (listed["id"], listed["secret_from"]) == (made["id"], "current")
        assert made["secret"] not in commands.says("webhooks", "list")
        rotated = commands.facts("webhooks", "rotate", "the desk")
        assert rotated["secret"] != made["secret"]
        assert "has ended" in commands.says("webhooks", "remove", made["id"])
        add_agent()
        end = time.monotonic() + 2
        while time.monotonic() < end:
            assert len(desk.seen) == 1
            time.sleep(0.1)
    office = (commands.folder / "office.db").read_bytes().decode("latin-1")
    for secret in (made["secret"], rotated["secret"], MASTER):
        assert secret.removeprefix("whsec_") not in office
    assert commands.facts("webhooks", "list")["webhooks"][0]["ended_at"] is not None


def test_a_master_secret_takes_another_ones_place(commands, master, tmp_path, monkeypatch):
    """Law 133: the list says which webhooks are still to be rotated, as the runbook has it."""
    add = ("webhooks", "add", "the desk", "https://desk.example.org/in")
    commands.says(*add)
    newer = tmp_path / "newer.secret"
    newer.write_text(OLDER, encoding="utf-8")
    monkeypatch.setenv("PRORATA_WEBHOOK_SECRET_FILES", str(newer))

    def standing() -> str:
        return str(commands.facts("webhooks", "list")["webhooks"][0]["secret_from"])

    assert standing() == "missing"
    commands.says("follow", "--once", "--depth", "0")
    waits = commands.gist("deliver", "--rules", RULES, "--once")
    assert re.search(r"messages to the webhook wh_\w+ wait: its master secret is not given", waits)
    monkeypatch.setenv("PRORATA_WEBHOOK_SECRETS", MASTER)
    assert standing() == "older"
    commands.says("webhooks", "rotate", "the desk")
    monkeypatch.delenv("PRORATA_WEBHOOK_SECRETS")
    assert standing() == "current"


def test_keys_and_webhooks_are_of_the_tokens_that_are_named(commands, master):
    """Law 131: and of no other."""
    other = "0x1111111111111111111111111111111111111111"
    for words in (
        ("keys", "add", "x", "--scope", "read"),
        ("webhooks", "add", "x", "https://a.b/"),
    ):
        made = commands.facts(*words, "--token", other, "--tenant", "quay")
        assert [one["token"] for one in made["assets"]] == [other]


def test_run_hands_the_master_secret_to_whoever_delivers():
    words = run_command._words(
        deliver_command.cli,
        (*run_command._TOLD, *run_command._SHARED),
        {"rules": "r", "receivers": None, "webhook_secret_files": ("a", "b")},
    )
    assert words[:4] == ["--webhook-secret-file", "a", "--webhook-secret-file", "b"]
    names = [option.name for option in run_command.cli.params]
    assert names.count("webhook_secret_files") == 1


def test_what_cannot_be_is_refused_in_a_sentence(commands, master, monkeypatch, tmp_path):
    for words, sentence in (
        (("add", "x", "http://desk.example.org/"), "is not https"),
        (("add", "x", "https://127.0.0.1/"), "is not public; name a host"),
        (("add", "", "https://desk.example.org/"), "is not of 1 to 80 characters"),
        (("add", "x", "https://d.example/", "--token", "0x12"), "is not an address"),
        (("add", "x", "https://d.example/", "--tenant", "A B"), "small letters, digits"),
        (("rotate", "nobody"), "is no webhook that is valid; see `prorata webhooks list`"),
        (("remove", "nobody"), "is no webhook that is valid; see `prorata webhooks list`"),
    ):
        assert sentence in commands.refuses("webhooks", *words), words
    monkeypatch.setenv("PRORATA_WEBHOOK_SECRET_FILES", str(tmp_path / "none"))
    add = ("webhooks", "add", "x", "https://desk.example.org/")
    assert "cannot be read (no such file or directory)" in commands.refuses(*add)
    monkeypatch.delenv("PRORATA_WEBHOOK_SECRET_FILES")
    refused = commands.refuses(*add)
    assert "is missing: secrets of webhooks are derived from it; set PRORATA_WEBHOOK" in refused
    monkeypatch.setenv("PRORATA_WEBHOOK_SECRETS", "short")
    assert "has fewer than 32 characters; make one with" in commands.refuses(*add)

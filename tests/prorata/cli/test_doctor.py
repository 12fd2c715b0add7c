"""`prorata doctor`: what a machine, a node and a folder have, and what mends what lacks."""

from __future__ import annotations

import json
import re
import sys
import time

import pytest

from prorata.cli.accounts import ACCOUNTS, PASSPHRASE
from prorata.cli.checks import VARIABLES
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.version import __version__
from tests.prorata.cli.opened import run

NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """In an empty folder, with none of our variables set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in set(VARIABLES) - {"PRORATA_CACHE"}:
        monkeypatch.delenv(name, raising=False)


def checks(*words: str, code: int = 0) -> dict[str, dict]:
    """What a program is told, by name."""
    ran = run("doctor", *words, "--json")
    assert (ran.code, ran.err) == (code, "")
    facts = json.loads(ran.out)
    assert facts["healthy"] == (code == 0)
    return {check["name"]: check for check in facts["checks"]}


def test_a_healthy_machine_and_node(anvil):
    """Everything is there; nothing of it needs a deployment."""
    found = checks("--network", anvil.url)
    assert {check["state"] for check in found.values()} == {"ok"}
    assert found["Python"]["found"] == sys.version.split()[0]
    assert found["prorata"]["found"] == __version__
    assert found["node"]["found"].startswith("anvil/")
    assert found["chain"]["found"].startswith("31337, a local one, genesis 0x")
    assert found["eth_simulateV1"]["found"] == "dry runs try all transactions in order"
    assert found["batches"]["found"] == "100 questions at once"
    assert re.fullmatch(r"block [\d,]+ of 20\S+Z", found["newest block"]["found"])
    said = run("doctor", "--network", anvil.url)
    assert (said.code, said.out.count("→")) == (0, 0)
    assert said.out.count("✓") == len(found)


def test_without_a_node_the_rest_is_looked_at_all_the_same():
    """It is missing, with what starts one; the exit code says so."""
    found = checks("--network", NOBODY_LISTENS, code=1)
    assert found["node"]["state"] == "missing"
    assert found["node"]["mend"].endswith("locally, `anvil` starts one")
    assert "chain" not in found
    assert found["folder"]["state"] == "ok"
    said = run("doctor", "--network", NOBODY_LISTENS)
    assert said.code == 1
    assert "✗ node" in said.out
    assert "→ check the address and that the node is running; locally" in said.out


def test_a_public_chain_must_be_in_step_with_the_clock():
    """Its newest block is neither old nor ahead of this machine."""
    with Anvil(chain_id=11_155_111) as node:
        assert checks("--network", node.url)["newest block"]["state"] == "ok"
        node.rpc("evm_setNextBlockTimestamp", int(time.time()) + 4_000)
        node.rpc("evm_mine")
        ahead = checks("--network", node.url, code=1)
        assert re.fullmatch(r"[34],\d{3} seconds behind the chain", ahead["clock"]["found"])
        assert ahead["clock"]["mend"].startswith("set this machine's clock")
    with Anvil(chain_id=11_155_111, extra=("--timestamp", str(int(time.time()) - 4_000))) as node:
        old = checks("--network", node.url, code=1)["newest block"]
        assert old["state"] == "missing"
        assert old["mend"].startswith("wait until the node is in step")


def test_a_keystore_that_others_may_read(anvil, tmp_path, monkeypatch):
    """Named as an option or by the environment."""
    path = tmp_path / "issuer.json"
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o644)
    words = ("--network", anvil.url)
    loose = checks(*words, "--account", str(path), code=1)["keystore"]
    assert loose["found"] == f"{path}: others may read it (0644)"
    assert loose["mend"] == f"chmod 600 {path}"
    path.chmod(0o600)
    monkeypatch.setenv("PRORATA_ACCOUNT", str(path))
    assert checks(*words)["keystores"]["found"] == "one, which nobody else can read"
    known = tmp_path / "accounts" / "agent.json"
    known.parent.mkdir()
    known.write_text("{}", encoding="utf-8")
    known.chmod(0o640)
    monkeypatch.setenv("PRORATA_ACCOUNTS", str(known.parent))
    assert checks(*words, code=1)["keystore"]["mend"] == f"chmod 600 {known}"
    known.chmod(0o600)
    assert checks(*words)["keystores"]["found"] == "2, which nobody else can read"


def test_variables_are_shown_secrets_are_not(anvil, monkeypatch):
    """One that no command reads is named, for it is likely a typing error."""
    monkeypatch.setenv("PRORATA_NETWORK", anvil.url)
    monkeypatch.setenv("PRORATA_PASSPHRASE", "open sesame")
    monkeypatch.setenv("PRORATA_ACOUNT", "issuer.json")
    ran = run("doctor", "--json")
    assert "open sesame" not in ran.out
    found = {check["name"]: check for check in json.loads(ran.out)["checks"]}
    assert found["PRORATA_NETWORK"]["found"].startswith(anvil.url)
    assert found["PRORATA_PASSPHRASE"]["found"].startswith("set: ")
    assert found["PRORATA_ACOUNT"]["state"] == "absent"
    assert found["PRORATA_ACOUNT"]["mend"].startswith("unset PRORATA_ACOUNT; there are PRORATA_N")


def test_a_folder_that_cannot_be_written(anvil, tmp_path):
    """A file stands in its place."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    words = ("--network", anvil.url, "--deployment", str(tmp_path / "file" / "HARB12"))
    assert checks(*words, code=1)["folder"]["state"] == "missing"


def test_every_variable_that_the_package_reads_is_known():
    """Those of the tests are not for users."""
    sources = (p.read_text(encoding="utf-8") for p in (PROJECT_ROOT / "prorata").rglob("*.py"))
    read = {name for text in sources for name in re.findall(r'"(PRORATA_[A-Z_]+)"', text)}
    assert read | {PASSPHRASE, ACCOUNTS} == set(VARIABLES)

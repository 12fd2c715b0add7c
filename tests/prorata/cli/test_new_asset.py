"""`prorata new-asset`: a commented file, from options or from questions, which `deploy` takes."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys

import pytest

from prorata.assets.asset import Asset
from prorata.assets.drafts import packs
from prorata.assets.rules import RuleSettings
from prorata.deployments.deployment import Deployment
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands, run

OWNER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
NEEDED = ("new-asset", "--name", "Pier 4", "--symbol", "PIER4", "--authorised", "1,000")


@pytest.fixture(autouse=True)
def place(monkeypatch, tmp_path):
    """An empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def facts(*words: str) -> dict:
    ran = run(*words, "--json")
    assert ran.code == 0, ran.out
    return json.loads(ran.out)


def refused(*words: str) -> str:
    ran = run(*words)
    assert (ran.code, ran.out) == (1, "")
    return ran.err[2:-2]


def test_three_answers_make_a_file_and_every_setting_is_explained(place):
    """What nobody set stands there as a comment."""
    assert facts(*NEEDED) == {"asset": "asset.yaml", "files": ["asset.yaml"]}
    settings = Asset.load("asset.yaml")
    assert (settings.name, settings.symbol, settings.authorised) == ("Pier 4", "PIER4", 1_000)
    text = (place / "asset.yaml").read_text(encoding="utf-8")
    for name in set(Asset.model_fields) - {"id", "deterministic"}:
        assert f"\n{name}:" in text or f"\n# {name}:" in text
    assert max(map(len, text.splitlines())) <= 100


def test_every_option_is_in_the_file(place):
    """And a pack of rules beside it, as it is."""
    words = ("--decimals", "2", "--unit-price", "EUR 5: net", "--owner", OWNER, "--agent", OWNER)
    more = ("--rules", "eu-149", "--currency", f"USDC=1:{USDC}", "--out", "new/pier.yaml")
    assert facts(*NEEDED, *words, *more)["files"] == ["new/pier.yaml", "new/eu-149.yaml"]
    settings = Asset.load("new/pier.yaml")
    assert (settings.decimals, settings.unit_price) == (2, "EUR 5: net")
    assert (settings.owner, settings.agents, settings.registry) == (OWNER, (OWNER,), "new")
    assert settings.currencies == {"USDC": {1: USDC}}
    assert isinstance(settings.rules, RuleSettings)
    assert settings.rules.max_holders_of_class_in_country == 149


@pytest.mark.parametrize("name", ['NO "8": a', "yes", "Größe #4", "12", "null", "- a", "0x12"])
def test_a_name_is_read_back_as_it_was_written(name):
    """Whatever YAML would make of it."""
    facts("new-asset", "--name", name, "--symbol", "NO", "--authorised", "10_000")
    settings = Asset.load("asset.yaml")
    assert (settings.name, settings.symbol, settings.authorised) == (name, "NO", 10_000)


@pytest.mark.parametrize("pack", ["none", *packs()])
def test_what_is_written_is_deployed(anvil, place, pack):
    """With each pack of rules, and with none."""
    snapshot = anvil.rpc("evm_snapshot")
    facts(*NEEDED, "--rules", pack)
    commands = Commands(anvil, place / "PIER4")
    commands.says("deploy", "--asset", "asset.yaml")
    token = Deployment.open(commands.chain, commands.folder).token()
    assert (token.name(), int(token.compliance(), 16) == 0) == ("Pier 4", pack == "none")
    assert anvil.rpc("evm_revert", snapshot)


def test_nothing_is_overwritten_and_nothing_half_written(place):
    """Neither the file nor the rules beside it."""
    facts(*NEEDED)
    assert refused(*NEEDED) == (
        'out: "asset.yaml" is there already, and is not overwritten; name another file with --out'
    )
    (place / "eu-149.yaml").write_text("mine", encoding="utf-8")
    assert '"eu-149.yaml" is there already' in refused(
        *NEEDED, "--rules", "eu-149", "--out", "b.yaml"
    )
    assert not (place / "b.yaml").exists()
    assert (place / "eu-149.yaml").read_text(encoding="utf-8") == "mine"


def test_what_cannot_be_is_refused_in_sentences(place):
    """Before anything is written."""
    assert refused("new-asset", "--name", "Pier 4") == (
        'symbol: "" is missing, and there is no terminal to ask for it; give --symbol, --authorised'
    )
    assert refused(*NEEDED, "--rules", "us-reg-x").startswith(
        'rules: "us-reg-x" is neither a pack nor a file; write a file, an address, none, or eu-149'
    )
    assert refused(*NEEDED, "--decimals", "19").startswith('decimals: "19" is outside 0 to 18')
    assert refused(*NEEDED, "--currency", "USDC").startswith('currency: "USDC" does not name a')
    assert refused(*NEEDED, "--owner", "0x12").startswith('owner: "0x12" is not an address')
    symbol = refused("new-asset", "--name", "P", "--symbol", "TOO LONG A ONE", "--authorised", "1")
    assert symbol.startswith('symbol: "TOO LONG A ONE" is no symbol; use up to 11')
    assert list(place.iterdir()) == []


def test_on_a_terminal_what_is_missing_is_asked_for_until_it_is_right(place):
    """A real terminal, and a wrong answer or two."""
    answers = ["Pier 4", "TOO LONG A ONE", "PIER4", "ten", "1,000", "", "", "0x12", "", "eu-149"]
    ours, theirs = pty.openpty()
    program = [sys.executable, "-m", "prorata", "new-asset", "--out", str(place / "asset.yaml")]
    ran = subprocess.Popen(
        program, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True, cwd=PROJECT_ROOT
    )
    os.close(theirs)
    said = ""
    for answer in answers:
        said += until(ours, ": ")
        os.write(ours, f"{answer}\n".encode())
    said += until(ours, "--dry-run`")
    assert ran.wait(30) == 0, said
    assert "is no symbol; use up to 11" in said
    assert "us-reg-s" in said
    settings = Asset.load("asset.yaml")
    assert (settings.symbol, settings.authorised, settings.owner) == ("PIER4", 1_000, None)
    assert settings.registry == "new"


def until(terminal: int, end: str) -> str:
    """What is printed, until it ends so and no more comes."""
    said = ""
    while True:
        ready, _, _ = select.select([terminal], [], [], 0.3 if said.endswith(end) else 20)
        if not ready:
            assert said.rstrip("\r\n").endswith(end), said
            return said
        try:
            said += os.read(terminal, 10_000).decode()
        except OSError:
            return said


# ----------------------------------------------------------------------------------- from a class


def test_a_class_makes_a_folder_and_what_names_wallets_is_left_out(place):
    """What an option says stands in the asset's file; nothing is asked."""
    words = ("new-asset", "--class", "gold", "--symbol", "OURS", "--owner", OWNER)
    found = facts(*words, "--rules", "eu-149", "--out", "vault")
    assert found["class"] == "gold"
    assert found["left_out"] == ["deliveries.csv", "holders.csv"]
    assert found["files"] == [
        "vault/asset.yaml", "vault/eu-149.yaml", "vault/bars.csv", "vault/custody.yaml",
    ]  # fmt: skip
    settings = Asset.load("vault/asset.yaml")
    assert (settings.symbol, settings.owner, settings.decimals) == ("OURS", OWNER, 3)
    assert settings.name == "Sankt Gallen Gold"
    said = run("new-asset", "--class", "gold")
    assert "Wrote gold/asset.yaml" in said.out
    assert "Left out, since they name wallets: deliveries.csv, holders.csv" in said.out


def test_a_class_that_there_is_not_and_a_folder_that_there_is(place):
    assert "choose one of building, note, loans" in refused("new-asset", "--class", "uranium")
    assert list(place.iterdir()) == []
    (place / "gold").mkdir()
    assert "is there already, and is not overwritten" in refused("new-asset", "--class", "gold")
    assert 'symbol: "no symbol!" is no symbol' in refused(
        "new-asset", "--class", "note", "--symbol", "no symbol!"
    )
    assert sorted(path.name for path in place.iterdir()) == ["gold"]

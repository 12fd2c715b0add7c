"""The runbooks have a section for whatever can be told, and the drill of one of them is played."""

from __future__ import annotations

import re
from contextlib import closing, suppress
from pathlib import Path

import click
import pytest

from prorata.alerts.rules import NEEDS, AbsentRule, read_rules
from prorata.cli.main import cli
from prorata.store.database import Database
from prorata.store.digest import digest_of
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands

TEXT = (PROJECT_ROOT / "docs/runbooks.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
RULES = read_rules(PROJECT_ROOT / "examples/alerts/rules.yaml")
WORK = ("Migrations", "Key rotation", "Restore", "Change of node", "Dead letters")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_has_a_section_with_steps(rule) -> None:
    section = SECTIONS[rule.name]
    assert re.search(r"^1\. .*", section, re.MULTILINE)
    if isinstance(rule, AbsentRule):
        assert f"`what: {rule.what}`" in section


def test_every_kind_of_absence_and_of_work_has_one() -> None:
    for kind in NEEDS:
        assert f"`what: {kind}`" in TEXT, kind
    for name in WORK:
        assert re.search(r"^1\. |\n1\. ", SECTIONS[name]), name


def test_metrics_that_are_named_are_there() -> None:
    code = "".join(
        path.read_text("utf-8")
        for path in (PROJECT_ROOT / "prorata/service/telemetry").glob("*.py")
    )
    pages = TEXT + (PROJECT_ROOT / "docs/guide/service.md").read_text("utf-8")
    named = set(re.findall(r"`prorata_([a-z_]+)`", pages))
    assert len(named) >= 4
    for name in named:
        plain = name.removesuffix("_total")
        assert f'"prorata_{plain}"' in code or f'"{plain}"' in code, name


COMMANDS = sorted(set(re.findall(r"`(prorata [^`]+)`", TEXT)))


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_that_is_named_is_there_with_its_options(words: str) -> None:
    """What can be changed in it is in capitals."""
    found: click.Command | None = cli
    _, *rest = words.split()
    while isinstance(found, click.Group) and rest and not rest[0].startswith("-"):
        found = found.get_command(click.Context(found), rest.pop(0))
    assert found is not None, words
    known = {option for one in found.params for option in (*one.opts, *one.secondary_opts)}
    assert {one for one in rest if one.startswith("--")} <= known | {"--help"}
    if not {one for one in rest if one.isupper() or one in ("--help", ">")}:
        # As it stands it is complete, but for what the command itself may ask.
        with suppress(click.MissingParameter, click.exceptions.Exit):
            found.make_context(found.name, [one.strip("'") for one in rest]).close()


@pytest.mark.slow
def test_the_drill_of_a_restore_is_played(tmp_path: Path) -> None:
    """Laws 91 and 94: by the commands of the runbook, on another folder than the lost one: what is
    restored, and what is built from the chain, say the same; who was erased is not in it.
    """
    building = PROJECT_ROOT / "examples" / "building"
    holders = str(building / "holders.csv")
    section = SECTIONS["Restore"]
    with Anvil() as anvil:
        lost = Commands(anvil, tmp_path / "HARB12")
        lost.says("deploy", "--asset", str(building / "asset.yaml"), "--dollar")
        lost.says("issue", holders)
        lost.says("follow", "--once")
        lost.says("ledger", "people", "import", holders)
        made = lost.facts("ledger", "backup", str(tmp_path / "backups"))
        lost.says("ledger", "people", "forget", "Samuel Mensah", "--yes")
        # Blocks go on after the backup.
        lost.close_record()
        people = {one["name"] for one in lost.facts("ledger", "people", "list")["people"]}
        kept = tmp_path / "elsewhere.jsonl"
        kept.write_bytes((lost.folder / "erasures.jsonl").read_bytes())
        manifest = (lost.folder / "manifest.json").read_bytes()

        there = Commands(anvil, tmp_path / "again" / "HARB12")
        there.folder.mkdir(parents=True)
        (there.folder / "manifest.json").write_bytes(manifest)
        for words in ("`prorata ledger restore FOLDER`", "`--erasures`", "`prorata follow --once`",
                      "`prorata follow --once --database anew.db`"):  # fmt: skip
            assert words in section
        there.says("ledger", "restore", made["folder"], "--erasures", str(kept))
        there.says("follow", "--once")
        anew = tmp_path / "anew.db"
        there.says("follow", "--once", "--database", str(anew))
        digests = []
        for place in (there.folder / "ledger.db", anew):
            with closing(Database.open(str(place))) as database:
                chain = there.chain
                digests.append(digest_of(database, chain.chain_id, chain.genesis_hash))
        assert digests[0] == digests[1]
        said = {one["name"] for one in there.facts("ledger", "people", "list")["people"]}
        assert said == people
        assert "Samuel Mensah" not in said
        there.says("ledger", "rebuild")
        with closing(Database.open(str(there.folder / "ledger.db"))) as database:
            assert digest_of(database, chain.chain_id, chain.genesis_hash) == digests[0]

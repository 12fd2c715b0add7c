"""`ape run tax ...` as a person or a program opens it, in this process, and once as ape runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from prorata.cli.commands.tax import cli
from prorata.register.investors import read_investors
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Doors

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
RATES, CERTIFICATES = str(COMPLIANT / "withholding.yaml"), str(COMPLIANT / "certificates.csv")
WALLETS = [entry.address for entry in read_investors(COMPLIANT / "investors.csv")]
GERMAN, CERTIFIED = WALLETS[13], WALLETS[12]
COMMANDS = ("deploy", "rates", "certify", "revoke", "note", "show")


@pytest.fixture(scope="module")
def asset(tmp_path_factory) -> Iterator[Doors]:
    """An asset with its register."""
    with Anvil() as anvil:
        doors = Doors(anvil, tmp_path_factory.mktemp("deployments") / "CANAL8")
        doors.says("deploy", "--asset", str(COMPLIANT / "asset.yaml"))
        doors.says("register", str(COMPLIANT / "investors.csv"))
        doors.says("issue", str(COMPLIANT / "holders.csv"))
        yield doors


@pytest.fixture
def started(asset) -> Iterator[Doors]:
    """The asset, as if no other test had been there."""
    with kept(asset.anvil.url, asset.folder):
        yield asset


@pytest.fixture
def doors(started) -> Doors:
    """The asset with a policy."""
    started.says("tax", "deploy", RATES)
    return started


def test_a_dry_run_tells_the_gas_and_sends_nothing(started):
    before = started.sent
    facts = started.facts("tax", "deploy", RATES, "--dry-run")
    assert (facts["dry_run"], facts["policy"], facts["rates"]) == (True, None, 18)
    assert 2_000_000 < facts["gas"] < 5_000_000
    assert started.sent == before


def test_a_policy_is_deployed_once(doors):
    before = doors.sent
    facts = doors.facts("tax", "deploy", RATES)
    assert (facts["name"], facts["transaction"]) == ("standard", None)
    said = doors.says("tax", "deploy", RATES)
    assert f"The policy standard is at {facts['policy']}, which was there before" in said
    assert doors.sent == before
    roles = {g["role"] for g in doors.facts("permissions")["grants"]
             if g["contract"] == "WithholdingPolicy"}  # fmt: skip
    assert roles == {"owner", "collector"}


def test_certificates_and_notes_are_sent_once_and_shown(doors):
    """The steps before a record date, and what comes of them at it."""
    planned = doors.facts("tax", "certify", CERTIFICATES, "--dry-run")
    assert (planned["dry_run"], len(planned["filed"]), planned["transactions"]) == (True, 3, [])
    said = doors.says("tax", "certify", CERTIFICATES)
    assert said.startswith("Filed 3 certificates; 0 are on file already")
    assert "5%" in said
    assert "2099-12-31" in said
    noted = doors.facts("tax", "note", "--dry-run")
    assert noted["noted"][GERMAN] == {"country": 276, "class": 0}
    assert "Noted 39 holders; 0 are noted already" in doors.says("tax", "note")
    before = doors.sent
    assert doors.facts("tax", "certify", CERTIFICATES)["unchanged"] == 3
    assert doors.facts("tax", "note")["unchanged"] == 39
    assert doors.sent == before

    record = str(doors.close_record())
    table = doors.says("tax", "show", "--record", record)
    rows = {line.split()[0]: line.split()[1:] for line in table.splitlines() if "0x" in line}
    assert len(rows) == 32
    assert rows[GERMAN] == ["15%", "0%", "15.83%", "0%", "0%"]
    assert rows[CERTIFIED] == ["15%", "0%", "5%", "0%", "0%"]
    one = doors.says("tax", "show", "--holder", CERTIFIED)
    assert "Noted: Germany, retail" in one
    assert "  rent                   5%  by certificate" in one
    facts = doors.facts("tax", "show", "--holder", CERTIFIED)
    [shown] = facts["holders"]
    assert facts["final"] is True
    assert shown["rates"]["rent"] == {"basis_points": 500, "by": "certificate"}
    assert shown["rates"]["dividend"] == {"basis_points": 1_500, "by": "country"}
    assert shown["certificates"][0]["kinds"] == ["rent"]


def test_a_revocation_counts_for_records_to_come(doors):
    doors.says("tax", "certify", CERTIFICATES)
    doors.says("tax", "note")
    first = str(doors.close_record())
    revoke = ("tax", "revoke", "--holder", CERTIFIED, "--certificate", "1")
    assert doors.says(*revoke).startswith(f"Certificate 1 of {CERTIFIED} counts for no record date")
    assert doors.facts(*revoke)["transaction"] is None
    second = str(doors.close_record())
    rates = [
        doors.facts("tax", "show", "--record", record, "--holder", CERTIFIED)["holders"][0]
        for record in (first, second)
    ]
    assert [shown["rates"]["rent"]["basis_points"] for shown in rates] == [500, 1_583]


def test_rates_can_be_announced_and_an_open_record_is_provisional(doors, tmp_path):
    assert "18 rates apply already" in doors.says("tax", "rates", RATES)
    other = tmp_path / "other.yaml"
    text = Path(RATES).read_text(encoding="utf-8").replace("rent: 30%", "rent: 31%")
    other.write_text(text, encoding="utf-8")
    facts = doors.facts("tax", "rates", str(other), "--from", "+1d")
    assert facts["rates"] == 18
    record = doors.facts("record", "--at", "+2d")
    shown = doors.run("tax", "show", "--holder", WALLETS[20], "--json")
    assert f"! record {record['record']} is open: rates may change until " in shown.err
    told = json.loads(shown.out)
    assert told["final"] is False
    assert told["holders"][0]["rates"]["rent"]["basis_points"] == 3_100


def test_refusals_are_one_sentence_and_send_nothing(doors, tmp_path):
    before = doors.sent
    bad = tmp_path / "bad.yaml"
    text = Path(RATES).read_text(encoding="utf-8")
    bad.write_text(text.replace("rent: 30%", "rent: 30"), encoding="utf-8")
    assert doors.refuses("tax", "deploy", str(bad)) == (
        'default.rent: "30" is no per cent; write a per cent with its sign, such as 15% or 26.37%'
    )
    assert doors.refuses("tax", "note", "--policy", "lenient") == (
        'policy: "lenient" is no policy of CANAL8, which has: standard; '
        "write such a name, or an address"
    )
    assert doors.refuses("tax", "revoke", "--holder", "0x12", "--certificate", "1") == (
        'holder: "0x12" is not an address; write 0x and 40 hexadecimal digits'
    )
    stranger = doors.refuses("tax", "certify", CERTIFICATES, "--account", "TEST::3")
    assert stranger.startswith(
        'account: "0x90F79bf6EB2c4f870365E785982E1f101E93b906" is no agent of the policy '
    )
    assert doors.sent == before


@pytest.mark.parametrize("name", COMMANDS)
def test_help_teaches_by_example(name):
    assert set(cli.commands) == set(COMMANDS)
    said = CliRunner().invoke(cli, [name, "--help"]).output
    assert f"Examples:\n  ape run tax {name} " in said


@pytest.mark.slow
def test_ape_runs_the_group():
    ape = Path(sys.prefix) / "bin" / "ape"
    ran = subprocess.run(
        [str(ape), "run", "tax", "note", "--help"],
        cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "Usage: ape run tax note [OPTIONS]" in ran.stdout

"""`ape run tax ...` as a person or a program opens it, in this process, and once as ape runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from prorata.cli.commands.tax import cli
from prorata.register.investors import read_investors
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
RATES, CERTIFICATES = str(COMPLIANT / "withholding.yaml"), str(COMPLIANT / "certificates.csv")
WALLETS = [entry.address for entry in read_investors(COMPLIANT / "investors.csv")]
GERMAN, CERTIFIED = WALLETS[13], WALLETS[12]
COMMANDS = ("deploy", "rates", "certify", "repay", "revoke", "snapshot", "show")


@pytest.fixture
def commands(started) -> Commands:
    """The asset with a policy."""
    started.says("tax", "deploy", RATES)
    return started


def test_a_dry_run_tells_the_gas_and_sends_nothing(started):
    before = started.sent
    facts = started.facts("tax", "deploy", RATES, "--dry-run")
    assert (facts["dry_run"], facts["policy"], facts["rates"]) == (True, None, 18)
    assert 2_000_000 < facts["gas"] < 5_000_000
    assert started.sent == before


def test_a_policy_is_deployed_once(commands):
    before = commands.sent
    facts = commands.facts("tax", "deploy", RATES)
    assert (facts["name"], facts["transaction"]) == ("standard", None)
    said = commands.says("tax", "deploy", RATES)
    assert f"The policy standard is at {facts['policy']}, which was there before" in said
    assert commands.sent == before
    roles = {g["role"] for g in commands.facts("permissions")["grants"]
             if g["contract"] == "WithholdingPolicy"}  # fmt: skip
    assert roles == {"owner", "collector"}


def test_certificates_and_notes_are_sent_once_and_shown(commands):
    """The steps before a record date, and what comes of them at it."""
    planned = commands.facts("tax", "certify", CERTIFICATES, "--dry-run")
    assert (planned["dry_run"], len(planned["filed"]), planned["transactions"]) == (True, 3, [])
    said = commands.says("tax", "certify", CERTIFICATES)
    assert said.startswith("Filed 3 certificates; 0 on file already")
    assert "5%" in said
    assert "2099-12-31" in said
    noted = commands.facts("tax", "snapshot", "--dry-run")
    assert noted["snapshots"][GERMAN] == {"country": 276, "class": 0}
    assert "Snapshot of 39 holders; 0 up to date" in commands.says("tax", "snapshot")
    before = commands.sent
    assert commands.facts("tax", "certify", CERTIFICATES)["unchanged"] == 3
    assert commands.facts("tax", "snapshot")["unchanged"] == 39
    assert commands.sent == before

    record = str(commands.close_record())
    everybody = commands.facts("tax", "show", "--record", record)["holders"]
    assert len(everybody) == 32
    two = ("--holder", GERMAN, "--holder", CERTIFIED)
    table = commands.says("tax", "show", "--record", record, *two)
    rows = {line.split()[0]: line.split()[1:] for line in table.splitlines() if "0x" in line}
    assert rows[GERMAN] == ["15%", "0%", "15.83%", "0%", "0%"]
    assert rows[CERTIFIED] == ["15%", "0%", "5%", "0%", "0%"]
    one = commands.says("tax", "show", "--holder", CERTIFIED)
    assert "Snapshot: Germany, retail" in one
    assert "  rent                   5%  by certificate" in one
    facts = commands.facts("tax", "show", "--holder", CERTIFIED)
    [shown] = facts["holders"]
    assert facts["final"] is True
    assert shown["rates"]["rent"] == {"basis_points": 500, "by": "certificate"}
    assert shown["rates"]["dividend"] == {"basis_points": 1_500, "by": "country"}
    assert shown["certificates"][0]["kinds"] == ["rent"]


def test_a_revocation_counts_for_records_to_come(commands):
    commands.says("tax", "certify", CERTIFICATES)
    commands.says("tax", "snapshot")
    first = str(commands.close_record())
    revoke = ("tax", "revoke", "--holder", CERTIFIED, "--certificate", "1")
    assert commands.says(*revoke).startswith(
        f"Certificate 1 of {CERTIFIED} counts for no record date"
    )
    assert commands.facts(*revoke)["transaction"] is None
    second = str(commands.close_record())
    rates = [
        commands.facts("tax", "show", "--record", record, "--holder", CERTIFIED)["holders"][0]
        for record in (first, second)
    ]
    assert [shown["rates"]["rent"]["basis_points"] for shown in rates] == [500, 1_583]


def test_rates_can_be_announced_and_an_open_record_is_provisional(commands, tmp_path):
    assert "18 rates apply already" in commands.says("tax", "rates", RATES)
    other = tmp_path / "other.yaml"
    text = Path(RATES).read_text(encoding="utf-8").replace("rent: 30%", "rent: 31%")
    other.write_text(text, encoding="utf-8")
    facts = commands.facts("tax", "rates", str(other), "--from", "+1d")
    assert facts["rates"] == 18
    record = commands.facts("record", "--at", "+2d")
    shown = commands.run("tax", "show", "--holder", WALLETS[20], "--json")
    assert f"! record {record['record']} is open: rates may change until " in shown.err
    reported = json.loads(shown.out)
    assert reported["final"] is False
    assert reported["holders"][0]["rates"]["rent"]["basis_points"] == 3_100


def test_refusals_are_one_sentence_and_send_nothing(commands, tmp_path):
    before = commands.sent
    bad = tmp_path / "bad.yaml"
    text = Path(RATES).read_text(encoding="utf-8")
    bad.write_text(text.replace("rent: 30%", "rent: 30"), encoding="utf-8")
    assert commands.refuses("tax", "deploy", str(bad)) == (
        'default.rent: "30" is no per cent; write a per cent with its sign, such as 15% or 26.37%'
    )
    assert commands.refuses("tax", "snapshot", "--policy", "lenient") == (
        'policy: "lenient" is no policy of CANAL8, which has: standard; '
        "write such a name, or an address"
    )
    assert commands.refuses("tax", "revoke", "--holder", "0x12", "--certificate", "1") == (
        'holder: "0x12" is not an address; write 0x and 40 hexadecimal digits'
    )
    stranger = commands.refuses("tax", "certify", CERTIFICATES, "--account", "TEST::3")
    assert stranger.startswith(
        'account: "0x90F79bf6EB2c4f870365E785982E1f101E93b906" is no agent of the policy '
    )
    assert commands.sent == before


@pytest.mark.parametrize("name", COMMANDS)
def test_help_teaches_by_example(name):
    assert set(cli.commands) == set(COMMANDS)
    said = CliRunner().invoke(cli, [name, "--help"]).output
    assert f"Examples:\n  prorata tax {name} " in said


@pytest.mark.slow
def test_ape_runs_the_group():
    ape = Path(sys.prefix) / "bin" / "ape"
    ran = subprocess.run(
        [str(ape), "run", "tax", "snapshot", "--help"],
        cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "Usage: ape run tax snapshot [OPTIONS]" in ran.stdout

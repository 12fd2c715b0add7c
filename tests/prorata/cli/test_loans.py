"""`prorata loans` and `prorata waterfall`, from the tape to the distribution on a chain."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.amounts import bare_amounts, cell, units
from tests.prorata.cli.opened import Commands, Ran, run

LOANS = PROJECT_ROOT / "examples" / "loans"
BUILDING = PROJECT_ROOT / "examples" / "building"
WATERFALL = str(LOANS / "waterfall.yaml")
POOL = (str(LOANS / "loans.yaml"), "--tape", str(LOANS / "tape.csv"))
PAID = (*POOL, "--payments", str(LOANS / "payments.csv"))
JANUARY = ("--through", "2027-01-31")
SENIOR = 'name: Harbour Loans, senior\nsymbol: HLSEN\nauthorised_shares: "42000"\n'
HOLDERS = (
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
)


def said(ran: Ran) -> str:
    assert ran.code == 0, ran
    return " ".join(f"{ran.out} {ran.err}".split())


def facts(*words: str) -> dict:
    ran = run(*words, "--json")
    assert ran.code == 0, ran
    found: dict = json.loads(ran.out)
    assert list(bare_amounts(found)) == []
    return found


def refused(*words: str) -> str:
    ran = run(*words)
    assert (ran.code, ran.out) == (1, ""), ran
    return " ".join(ran.err.split())


# -------------------------------------------------------------------------------------- waterfalls


def test_the_terms_are_shown_in_words():
    shown = said(run("waterfall", "show", WATERFALL))
    assert "trustee expenses 2,500.00 USD; unpaid, it stays due" in shown
    assert "cover the pool over senior at least 130%" in shown
    found = facts("waterfall", "show", WATERFALL)
    assert found["columns"] == ["date", "pool", "delinquent"]
    assert [row["kind"] for row in found["buckets"]][-2:] == ["pro rata", "residual"]
    assert found["terms"] == f"0x{sha256(Path(WATERFALL).read_bytes()).hexdigest()}"


def test_a_months_rent_is_paid_out(tmp_path):
    terms, income = str(BUILDING / "waterfall.yaml"), str(BUILDING / "income.csv")
    shown = said(run("waterfall", "run", terms, income))
    assert "rest the rest holders 9,125.00 9,125.00 0.00" in shown
    first = facts("waterfall", "run", terms, income, "--period", "1", "--out", str(tmp_path))
    assert units(first["reserve"]["closing"]) == 1_575_00
    sheet, lines = (Path(path) for path in first["files"])
    assert first["sheet"] == f"0x{sha256(sheet.read_bytes()).hexdigest()}"
    with lines.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{name: cell(value) for name, value in row.items()} for row in first["lines"]]


def test_nothing_is_written_unless_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    terms, income = str(BUILDING / "waterfall.yaml"), str(BUILDING / "income.csv")
    assert facts("waterfall", "run", terms, income)["files"] == []
    said(run("loans", "next", *PAID, *JANUARY, "--waterfall", WATERFALL))
    assert list(tmp_path.iterdir()) == []


def test_faults_of_waterfalls_are_refused_and_nothing_is_written(tmp_path):
    terms, income = str(BUILDING / "waterfall.yaml"), str(BUILDING / "income.csv")
    assert refused("waterfall", "run", terms, income, "--period", "4") == (
        '✗ period: "4" is no period: there are 3; give 1 to 3.'
    )
    out = tmp_path / "out"
    late = tmp_path / "late.csv"
    late.write_text("date,repairs\n2026-01-31,1\n", encoding="utf-8")
    assert "line 2, date:" in refused("waterfall", "run", terms, str(late), "--out", str(out))
    named = ("--record", "equity=1", "--out", str(out))
    assert '"equity=1" names no tranche of the terms' in refused(
        "waterfall", "run", terms, income, *named
    )
    assert not out.exists()
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: X\nbuckets: []\n", encoding="utf-8")
    ran = run("waterfall", "show", str(wrong), "--json")
    assert (ran.code, json.loads(ran.out)["error"]["kind"]) == (1, "InputError")


# ------------------------------------------------------------------------------------------- loans


def test_the_report_says_what_came_in_and_what_is_late(tmp_path):
    shown = said(run("loans", "report", *PAID, "--through", "2027-06-30", "--out", str(tmp_path)))
    assert "Late on 2027-06-30 by the MBA method" in shown
    assert "in default" in shown
    found = facts("loans", "report", *PAID, "--through", "2027-06-30")
    months = found["periods"]
    assert len(months) == 6
    for before, after in pairwise(months):
        assert after["opening"] == before["closing"]
    last = months[-1]
    classes = ("current", "late_1", "late_30", "late_60", "late_90")
    assert sum(units(last[name]) for name in classes) == units(last["closing"])
    with (tmp_path / "pool-report.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file))[-1]["closing"] == cell(last["closing"])
    with (tmp_path / "loans.csv").open(encoding="utf-8", newline="") as file:
        loans = list(csv.DictReader(file))
    assert len(loans) == 1_000
    assert {"current", "1-29", "30", "90+, in default"} <= {row["status"] for row in loans}


def test_a_bad_line_of_a_tape_is_refused_with_its_place(tmp_path):
    tape = tmp_path / "tape.csv"
    text = (LOANS / "tape.csv").read_text(encoding="utf-8").splitlines()
    text[6] = text[6].replace(".00", ".005")
    tape.write_text("\n".join(text), encoding="utf-8")
    out = tmp_path / "out"
    words = ("loans", "report", POOL[0], "--tape", str(tape), "--out", str(out))
    assert refused(*words).startswith("✗ line 7, principal:")
    assert not out.exists()
    before = ("loans", "report", *POOL, "--through", "2026-12-31")
    assert "is before the pool opens, 2027-01-01" in refused(*before)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("currency: USD", "currency: EUR"), 'currency: "EUR" is the waterfall\'s'),
        (("decimals: 2", "decimals: 6"), 'decimals: "6" is the waterfall\'s'),
        (("55,572,250.00", "55,572,251.00"), "is not what the loans of the tape owe together"),
        (("2027-01-15", "2027-02-16"), "is not before the first pay date of the loans"),
        (('amount: "2,500.00"', "column: trustee"), "is a column that a bucket is due"),
    ],
)
def test_a_waterfall_that_does_not_fit_the_loans_is_refused(tmp_path, change, sentence):
    path = tmp_path / "waterfall.yaml"
    text = Path(WATERFALL).read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), encoding="utf-8")
    assert sentence in refused("loans", "next", *POOL, *JANUARY, "--waterfall", str(path))


def test_a_tranche_that_is_paid_nothing_has_no_record():
    words = ("loans", "next", *POOL, *JANUARY, "--waterfall", WATERFALL, "--out", "nowhere")
    by_nothing = refused(*words, "--record", "super=1")
    assert '"super=1" names no tranche of the terms, which are senior, mezzanine' in by_nothing


def test_a_record_of_a_tranche_that_is_paid_nothing_is_refused(tmp_path):
    periods, out = tmp_path / "periods.csv", tmp_path / "out"
    periods.write_text("date,pool,delinquent\n2027-02-15,55572250,0\n", encoding="utf-8")
    words = ("waterfall", "run", WATERFALL, str(periods), "--out", str(out))
    # The reserve pays the debt service; nothing is left for the equity.
    assert '"equity=1" names equity, which is paid nothing in period 1; leave it out' in refused(
        *words, "--record", "equity=1"
    )
    assert not out.exists()


@pytest.fixture
def commands(tmp_path) -> Iterator[Commands]:
    """The senior tranche issued, and record 1 closed."""
    asset, holders = tmp_path / "senior.yaml", tmp_path / "holders.csv"
    asset.write_text(SENIOR, encoding="utf-8")
    rows = "".join(f"{holder},21000\n" for holder in HOLDERS)
    holders.write_text(f"address,shares\n{rows}", encoding="utf-8")
    with Anvil() as node:
        opened = Commands(node, tmp_path / "HLSEN")
        opened.says("deploy", "--asset", str(asset), "--dollar")
        opened.says("issue", str(holders))
        opened.close_record()
        yield opened


@pytest.mark.slow
def test_a_tranche_is_paid_what_the_sheet_says_under_its_hash(commands, tmp_path):
    """Law 70: from the tape to the claim, to the cent, and the vault's terms name the sheet."""
    out = tmp_path / "out"
    words = ("loans", "next", *PAID, *JANUARY, "--waterfall", WATERFALL, "--out", str(out))
    ran = run(*words, "--record", "senior=1")
    assert "2 tranches without a record" in said(ran)
    sheet = json.loads((out / "sheet-001.json").read_text(encoding="utf-8"))
    path = str(out / "distributions-senior-001.yaml")
    done = commands.facts("distribute", "--from", path)["distributions"]
    senior = [one for one in sheet["payments"] if one["to"] == "senior"]
    assert [one["received"]["text"] for one in done] == [one["amount"]["text"] for one in senior]
    digest = sha256((out / "sheet-001.json").read_bytes()).digest()
    vault = commands.deployment.vault()
    for one in done:
        assert vault.distribution(one["distribution"]).terms.document_hash == digest
    again = commands.facts("distribute", "--from", path)["distributions"]
    assert [one["resumed"] for one in again] == [True, True]
    for number in (1, 2):
        commands.says("distribute", "--push-only", str(number))
    assert commands.facts("books")["balanced"] is True


@pytest.mark.slow
def test_a_distribution_rests_on_a_document_or_a_reference(commands, tmp_path):
    """A file's SHA-256, or a hash as it is; both, or neither's file, is refused."""
    paper = tmp_path / "resolution.txt"
    paper.write_text("Paid.\n", encoding="utf-8")
    income = ("distribute", "--currency", "USD", "--kind", "interest", "--amount")
    first = commands.facts(*income, "5", "--document", str(paper))
    second = commands.facts(*income, "6", "--document", "0x" + "ab" * 32)
    vault = commands.deployment.vault()
    hashes = [
        vault.distribution(one["distribution"]).terms.document_hash for one in (first, second)
    ]
    assert hashes == [sha256(b"Paid.\n").digest(), bytes.fromhex("ab" * 32)]
    both = commands.run(*income, "7", "--document", str(paper), "--reference", "A")
    assert "cannot be given together with a reference; keep one of them" in both.err
    assert (
        "is no hash of anything" in commands.run(*income, "7", "--document", "0x" + "00" * 32).err
    )
    assert "cannot be read" in commands.run(*income, "7", "--document", "none.pdf").err

"""Certificates that come too late: the warning, the repayment, and where it stands afterwards."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from prorata.apportion import withhold
from prorata.chain.journal import Journal
from prorata.chain.operator import Operator
from prorata.cli.accounts import _test_signer
from prorata.contracts.currency import Currency
from prorata.ledger.audits import audit_deployment
from prorata.register.captable import read_csv
from prorata.register.investors import read_investors
from prorata.tax.certificates import read_certificates
from prorata.tax.procedures import procedure_of
from prorata.tax.repayments import find_repayments
from prorata.tax.years import YearRules
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment, parse_time
from tests.amounts import cell, units
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
RATES = str(COMPLIANT / "withholding.yaml")
COLLECTOR = "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"
# Two of the Netherlands, where dividends are taxed at 15 % by the table.
HOLDERS = [h for h in read_csv(COMPLIANT / "holders.csv") if h.shares]
REGISTER = {row.address: row.investor for row in read_investors(COMPLIANT / "investors.csv")}
DUTCH = [h for h in HOLDERS if h.address in REGISTER and REGISTER[h.address].country == 528
         and REGISTER[h.address].investor_class == 0][:2]  # fmt: skip
HASH = "0x" + "5f6b" * 16


@pytest.fixture(scope="module")
def taxed(tmp_path_factory) -> Iterator[Commands]:
    """A dividend of USD 0.1234567 for each share, all paid, of which tax was withheld."""
    with Anvil() as anvil:
        opened = Commands(anvil, tmp_path_factory.mktemp("deployments") / "CANAL8")
        opened.says("deploy", "--asset", str(COMPLIANT / "asset.yaml"), "--dollar")
        opened.says("register", str(COMPLIANT / "investors.csv"))
        opened.says("issue", str(COMPLIANT / "holders.csv"))
        opened.says("tax", "deploy", RATES)
        opened.says("tax", "snapshot")
        record = str(opened.close_record())
        opened.says(
            "distribute", "--record", record, "--currency", "USD", "--per-share", "0.1234567",
            "--kind", "dividend", "--tax-policy", "standard", "--push",
        )  # fmt: skip
        yield opened


@pytest.fixture
def commands(taxed) -> Iterator[Commands]:
    with kept(taxed.anvil.url, taxed.folder):
        yield taxed


@pytest.fixture
def late(tmp_path) -> str:
    """5 % for both, filed too late."""
    rows = [f"{h.address},dividend,5%,1971-01-01,2099-12-31,{HASH}\n" for h in DUTCH]
    path = tmp_path / "late.csv"
    path.write_text("address,kinds,rate,valid_from,valid_until,document\n" + "".join(rows))
    return str(path)


def owed_to(commands, holder) -> tuple[int, int]:
    """What was withheld from a holder, and what was withheld too much."""
    income = commands.deployment.vault().entitlement(1, holder)
    return income.tax, income.tax - withhold(income.gross, 500)


def held(commands, account) -> int:
    found = commands.deployment
    return Currency(commands.chain, found.currency("USD").address).balance_of(account)


def test_a_certificate_that_comes_too_late_says_so(commands, late):
    said = commands.gist("tax", "certify", late)
    for holder in DUTCH:
        tax, over = (amount / 10**6 for amount in owed_to(commands, holder.address))
        assert (
            f"! the certificate of {holder.address} comes too late for distribution 1: record 1 "
            "closed at "
        ) in said
        assert f"it was withheld {tax:,.6f}".rstrip("0") in said
        assert f"which is {over:,.6f}".rstrip("0") in said
    assert f"repay what was withheld too much with `prorata tax repay {late}`" in said
    facts = commands.facts("tax", "certify", late)
    assert [one["distribution"] for one in facts["late"]] == [1, 1]
    assert [units(one["too_much"]) for one in facts["late"]] == [
        owed_to(commands, holder.address)[1] for holder in DUTCH
    ]


def test_a_certificate_that_comes_in_time_says_nothing(commands, late):
    commands.says("tax", "certify", late)
    closed = str(commands.close_record())
    commands.says(
        "distribute", "--record", closed, "--currency", "USD", "--amount", "1,000", "--kind",
        "dividend", "--tax-policy", "standard",
    )  # fmt: skip
    facts = commands.facts("tax", "certify", late)
    assert {one["distribution"] for one in facts["late"]} == {1}


def test_a_record_that_nothing_was_declared_for_is_named_too(commands, late):
    commands.close_record()
    facts = commands.facts("tax", "certify", late)
    unused = [one for one in facts["late"] if one["distribution"] is None]
    assert [(one["record"], one["basis_points"]) for one in unused] == [("record 2", 1_500)] * 2


def test_what_was_withheld_too_much_is_repaid_once_and_booked(commands, late, tmp_path):
    before = {holder.address: held(commands, holder.address) for holder in DUTCH}
    facts = commands.facts("tax", "repay", late)
    sent = commands.sent
    for row, holder in zip(facts["repaid"], DUTCH, strict=True):
        tax, over = owed_to(commands, holder.address)
        assert (row["holder"], row["distribution"], row["by"]) == (holder.address, 1, "issuer")
        assert (units(row["withheld"]), units(row["repaid"])) == (tax, over)
        assert row["procedure"] == "US 1042-S reimbursement"
        assert held(commands, holder.address) - before[holder.address] == over
    again = commands.facts("tax", "repay", late)
    assert (again["repaid"], again["before"]) == ([], facts["repaid"])
    said = commands.says("tax", "repay", late)
    assert said.startswith("There is nothing to repay; nothing was sent\nDistribution 1: ")
    assert commands.sent == sent

    books = commands.facts("books", "--out", str(tmp_path / "books"))
    assert books["balanced"]
    assert books["corrections"] == sorted(facts["repaid"], key=lambda row: row["holder"])
    table = commands.says("books")
    assert all(holder.address in table.partition("booked")[2] for holder in DUTCH)
    with (tmp_path / "books" / "corrections.csv").open(newline="", encoding="utf-8") as file:
        assert [row["transaction"] for row in csv.DictReader(file)] == [
            row["transaction"] for row in books["corrections"]
        ]


def test_a_dry_run_shows_what_would_be_repaid(commands, late):
    before = commands.sent
    said = commands.says("tax", "repay", late, "--dry-run")
    assert said.startswith("Would repay; nothing was sent")
    assert all(holder.address in said for holder in DUTCH)
    facts = commands.facts("tax", "repay", late, "--dry-run")
    assert [units(row["repaid"]) for row in facts["would_repay"]] == [
        owed_to(commands, holder.address)[1] for holder in DUTCH
    ]
    assert (facts["repaid"], commands.sent) == ([], before)
    assert "is neither the collector" in commands.refuses(
        "tax", "repay", late, "--dry-run", "--account", "TEST::3"
    )


def test_the_statement_of_the_year_is_corrected_and_never_negative(commands, late, tmp_path):
    commands.says("tax", "repay", late)
    year = moment(commands.chain.now())[:4]
    said = commands.run("statements", "--year", year, "--out", str(tmp_path / year))
    assert "2 of them are corrected: they supersede earlier ones" in said.err
    folder = tmp_path / year / "version-1"
    for holder in HOLDERS:
        path = folder / f"{holder.address}.json"
        if not path.exists():
            continue
        found = json.loads(path.read_text(encoding="utf-8"))
        is_late = holder in DUTCH
        assert found["corrected"] == is_late
        assert len(found["corrections_of_year"]) == len(found["corrections_booked"]) == is_late
        [total], [form] = found["totals"], found["forms_1042_s"]
        amounts = [units(total[key]) for key in (
            "gross_cash_amount", "withholding_tax_amount", "tax_repaid_amount", "net_cash_amount",
        )]  # fmt: skip
        gross, tax, repaid, net = amounts
        assert min(amounts) >= 0
        assert (net, units(form["total_withholding_credit"])) == (
            gross - tax + repaid,
            tax - repaid,
        )
        if is_late:
            assert repaid == owed_to(commands, holder.address)[1]
            assert form["tax_rate"] == "05.00"
            assert "(corrected)" in path.with_suffix(".html").read_text(encoding="utf-8")
    totals = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert (totals["corrected"], len(totals["corrections_booked"])) == (2, 2)


def test_the_collector_repays_from_what_was_remitted_to_it(commands, late):
    stranger = commands.refuses("tax", "repay", late, "--account", "TEST::3")
    assert "is neither the collector of the tax of distribution 1 nor the issuer" in stranger
    lacking = commands.refuses("tax", "repay", late, "--account", "TEST::7")
    assert f"is more than the 0 USD that {COLLECTOR} holds; let the collector repay" in lacking
    issuer = commands.refuses("tax", "repay", late, "--remit")
    assert "is not the collector of the tax of distribution 1; use its account" in issuer
    collector = ("--remit", "--account", "TEST::7")
    planned = commands.facts("tax", "repay", late, *collector, "--dry-run")
    assert (len(planned["would_repay"]), held(commands, COLLECTOR)) == (2, 0)
    facts = commands.facts("tax", "repay", late, *collector, "--confirm", planned["digest"])
    assert [row["by"] for row in facts["repaid"]] == ["collector"] * 2
    returned = sum(units(row["repaid"]) for row in facts["repaid"])
    withheld = commands.deployment.vault().distribution(1).withheld
    assert held(commands, COLLECTOR) == withheld - returned
    assert commands.facts("tax", "repay", late, *collector)["repaid"] == []


def test_a_lower_rate_later_repays_the_rest_only(commands, late, tmp_path):
    first = commands.facts("tax", "repay", late, "--holder", DUTCH[0].address)
    [row] = first["repaid"]
    rest = commands.facts(
        "tax", "repay", "--holder", DUTCH[0].address, "--id", "1", "--rate", "0%",
        "--document", HASH,
    )  # fmt: skip
    tax, _ = owed_to(commands, DUTCH[0].address)
    assert units(rest["repaid"][0]["repaid"]) == tax - units(row["repaid"])
    assert commands.facts("books")["balanced"]


def test_a_journal_that_was_lost_repays_nothing_twice(commands, late):
    """What is on the chain is found by its reference, and booked."""
    first = commands.facts("tax", "repay", late)
    notes_of(commands, forget=True)
    assert commands.facts("books")["corrections"] == []
    sent = commands.sent
    again = commands.facts("tax", "repay", late)
    assert (again["repaid"], again["before"]) == ([], first["repaid"])
    assert commands.sent == sent
    assert len(commands.facts("books")["corrections"]) == 2


def test_what_a_stranger_sends_with_a_reference_counts_as_far_as_it_repays(commands, late):
    """Too much is no repayment, and blocks no books; a part of it leaves the rest to be repaid."""
    found, entries = commands.deployment, read_certificates(late)
    books = audit_deployment(found).books
    token, who = found.token().address, DUTCH[0].address
    due = find_repayments(books, token, entries, YearRules(), procedure_of("US")).due
    [one] = [repayment for repayment in due if repayment.entry.holder == who]
    money = Currency(commands.chain, found.currency("USD").address)
    stranger = Operator(commands.chain, _test_signer("TEST::3", 3, commands.chain))
    for amount in (one.entry.tax + 1, 1):
        stranger.send_one("mint", money.mint(stranger.address, amount))
        call = money.transfer(who, amount)
        data = call.data + one.reference(commands.chain.chain_id)
        stranger.send_one("gift", replace(call, data=data))
    facts = commands.facts("tax", "repay", late, "--holder", who)
    assert [units(row["repaid"]) for row in facts["repaid"]] == [one.amount - 1]
    [gift] = facts["before"]
    assert (units(gift["repaid"]), gift["by"]) == (1, "another account")
    assert commands.facts("books")["balanced"]


def test_the_chains_own_coin_is_repaid_once_by_what_the_journal_knows(commands, late):
    record = str(commands.close_record())
    commands.says(
        "distribute", "--record", record, "--currency", "ETH", "--amount", "0.123456789", "--kind",
        "dividend", "--tax-policy", "standard", "--push",
    )  # fmt: skip
    commands.says("tax", "certify", late)
    who = DUTCH[0].address
    before = commands.chain.balance(who)
    [row] = commands.facts("tax", "repay", late, "--id", "2", "--holder", who)["repaid"]
    income = commands.deployment.vault().entitlement(2, who)
    assert units(row["repaid"]) == income.tax - withhold(income.gross, 500)
    assert commands.chain.balance(who) - before == units(row["repaid"])
    # Killed before it was booked: the next run books it, and sends nothing.
    notes_of(commands, forget=True)
    sent = commands.sent
    [again] = commands.facts("tax", "repay", late, "--id", "2", "--holder", who)["repaid"]
    assert (again["transaction"], commands.sent) == (row["transaction"], sent)
    assert commands.facts("books")["balanced"]


def notes_of(commands, *, forget: bool = False) -> list:
    """The notes in the journal; what was noted of repayments can be cut off with what follows."""
    path, chain = commands.folder / "journal.jsonl", commands.chain
    with Journal(
        path, chain_id=chain.chain_id, genesis_hash=chain.genesis_hash, read_only=True
    ) as journal:
        notes = list(journal.notes)
    if forget:
        lines = path.read_bytes().splitlines(keepends=True)
        first = next(n for n, line in enumerate(lines) if b"tax-repaid" in line)
        path.write_bytes(b"".join(lines[:first]))
    return notes


def test_a_repayment_that_the_chain_does_not_know_is_a_difference(commands, late):
    commands.says("tax", "repay", late)
    path = commands.folder / "journal.jsonl"
    with Journal(
        path, chain_id=commands.chain.chain_id, genesis_hash=commands.chain.genesis_hash
    ) as journal:
        [one, _] = [note for note in journal.notes if note.get("what") == "tax-repaid"]
        journal.note({**one, "transaction": "0x" + "12" * 32})
    done = commands.run("books", "--json")
    assert done.code == 1
    found = json.loads(done.out)["differences"]
    assert any("tax repaid is" in line and "0x1212" in line for line in found)


def test_past_the_window_nothing_is_repaid_and_the_claim_is_named(commands, late):
    year = int(moment(commands.chain.now())[:4])
    filed = commands.refuses("tax", "repay", late, "--form-filed", moment(commands.chain.now() - 1))
    assert "could be repaid until" in filed
    commands.travel(parse_time("", f"{year + 1}-03-15 America/New_York") + 1)
    refusal = commands.refuses("tax", "repay", late, "--holder", DUTCH[0].address)
    assert refusal.startswith('distribution: "1" withheld too much at ')
    assert f"could be repaid until {year + 1}-03-16T03:59:59Z" in refusal
    assert refusal.endswith(
        "repay nothing; the holder claims the refund from the Internal Revenue Service with its "
        "own return, Form 1040-NR or 1120-F, and the Form 1042-S as issued"
    )
    facts = commands.facts(
        "tax", "repay", late, "--procedure", "DE 44b EStG", "--until", f"{year + 4}-12-31"
    )
    assert [row["procedure"] for row in facts["repaid"]] == ["DE 44b EStG"] * 2
    # Booked in the year after the one that it concerns.
    assert {row["year"] for row in facts["repaid"]} == {year}
    years = {row["year"]: row for row in commands.facts("books")["years"]}
    assert (cell(years[year]["repaid_in_year"]), units(years[year + 1]["gross"])) == (
        "0.000000", 0,
    )  # fmt: skip
    assert units(years[year + 1]["repaid_in_year"]) == sum(
        units(row["repaid"]) for row in facts["repaid"]
    )


def test_nobody_who_is_frozen_is_repaid_before_the_release(commands, late):
    order = ("--reason", "An order of the court", "--document", HASH)
    commands.says("freeze", "--wallet", DUTCH[0].address, *order)
    assert (
        f'holder: "{DUTCH[0].address}" cannot be paid now: its wallet is frozen, or its income '
        "waits; release it first, or name the others with --holder"
    ) in commands.refuses("tax", "repay", late)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), 'holder: "" is missing; give it, or a file of certificates'),
        (("--holder", COLLECTOR), 'rate: "" is missing'),
        (("--holder", COLLECTOR, "--rate", "5%"), 'document: "" is missing'),
        (("--procedure", "DE"), "is a procedure whose window is not known here; give --until"),
        (("--until", "2027-01-01"), "is given for the US procedure, whose window is known"),
        (("--procedure", "DE", "--until", "2027-01-01", "--form-filed", "2027-01-01"), "leave it"),
        (("--form-filed", "soon"), 'form-filed: "soon" is no time'),
    ],
)
def test_what_cannot_be_understood_is_refused(commands, words, sentence):
    full = ("--holder", COLLECTOR, "--rate", "5%", "--document", HASH)
    given = words if not words or words[0] == "--holder" else (*full, *words)
    assert sentence in commands.refuses("tax", "repay", *given)


def test_a_file_and_what_it_says_are_not_given_together(commands, late):
    assert "cannot be given together with a file" in commands.refuses(
        "tax", "repay", late, "--rate", "5%"
    )
    stranger = commands.refuses("tax", "repay", late, "--holder", COLLECTOR)
    assert f"has no certificate in {late}" in stranger

"""The commands of distributions as a person or a program opens them, from the preview to the end.

Most are opened in this process, which costs nothing; the new ones by `ape run` as well.
"""

from __future__ import annotations

import csv
import importlib
import json
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.chain.operator import Operator
from prorata.cli.accounts import _test_signer
from prorata.contracts.vault import Terms
from prorata.income.declaration_files import EXAMPLE
from prorata.income.declarations import declare
from prorata.register.captable import read_csv
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.amounts import format_units
from prorata.values.kinds import Kind
from prorata.values.times import moment
from tests.amounts import cell, cells, units
from tests.prorata.cli.opened import Commands
from tests.prorata.cli.test_commands import APE, ASSET, HOLDERS, CommandSession

pytestmark = pytest.mark.slow

TABLE = read_csv(PROJECT_ROOT / HOLDERS)
TREASURY = TABLE.holdings[0].address
COLLECTOR = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
RENT = ("--currency", "USD", "--amount", "85,000.00", "--kind", "rent")


@pytest.fixture
def commands(tmp_path) -> Iterator[Commands]:
    """The building issued, and record 1 closed."""
    with Anvil() as node:
        opened = Commands(node, tmp_path / "HARB12")
        opened.says("deploy", "--asset", ASSET, "--dollar")
        opened.says("issue", HOLDERS)
        opened.close_record()
        yield opened


# ---------------------------------------------------------------------------------------- preview


def test_a_preview_is_read_as_a_table_and_as_json(commands):
    before = commands.sent
    said = commands.gist("distribute", *RENT, "--exclude", TREASURY, "--dry-run")
    largest = max(TABLE.holdings[1:], key=lambda holding: holding.shares)
    net = format_units(85_000 * 10**6 * largest.shares // 9_200, 6)
    assert f"{largest.address} {largest.shares:,} {net} 0.000000 {net}" in said
    assert "holders 147 with 9,200 shares" in said
    assert "transactions 4, of which 2 pay" in said
    facts = commands.facts("distribute", *RENT, "--exclude", TREASURY, "--dry-run")
    assert (facts["dry_run"], facts["record"], len(facts["holders"])) == (True, 1, 147)
    assert units(facts["gross"]) + units(facts["remainder"]) == 85_000 * 10**6
    several = commands.facts("distribute", "--from", EXAMPLE, "--dry-run")
    assert [d["currency"][:4] for d in several["distributions"]] == [facts["currency"][:4], "0x00"]
    assert commands.sent == before


def test_a_preview_of_an_open_record_says_so(commands):
    commands.says("record", "--at", "+90d")
    said = commands.gist("distribute", *RENT, "--record", "2", "--dry-run")
    assert "at record 2, provisional: the largest of 148 holders" in said
    assert "holders and tax are those of now, and not final" in said


# ------------------------------------------------------------------------------------------- file


def test_a_dry_run_of_what_would_be_refused_shows_it_and_fails(commands):
    """More money than the account holds: the preview all the same, and exit code 1."""
    sent = commands.sent
    words = ("distribute", "--record", "1", "--currency", "USD", "--amount", "10,000,001")
    done = commands.run(*words, "--kind", "rent", "--dry-run")
    assert (done.code, commands.sent) == (1, sent)
    assert "the largest of 148 holders" in done.out
    assert "is more than the" in done.err
    told = commands.run(*words, "--kind", "rent", "--dry-run", "--json")
    assert (told.code, json.loads(told.out)["dry_run"]) == (1, True)


def test_a_deadline_over_a_frozen_holder_needs_a_yes(commands):
    """The preview lists who it is and what would be swept."""
    basis = ("--reason", "Order 12/2027", "--document", "0x" + "ab" * 32)
    commands.says("freeze", "--wallet", TREASURY, *basis)
    until = moment(commands.chain.now() + 100 * 86_400)
    words = ("distribute", *RENT, "--deadline", until, "--sweep-to", COLLECTOR)
    said = commands.gist(*words, "--dry-run")
    assert f"Swept after {until} unless released before" in said
    assert f"{TREASURY} 6,800.000000" in said
    held = [
        line["holder"] for line in commands.facts(*words, "--dry-run")["holders"] if line["held"]
    ]
    assert held == [TREASURY]
    assert commands.refuses(*words) == (
        f'deadline: "{until}" waits for nobody, and 1 holder is frozen or not eligible now '
        f"({TREASURY} 6,800 USD): that would be swept to {COLLECTOR}; release who is frozen, leave "
        "the deadline out, or give --yes"
    )
    assert commands.facts(*words, "--yes")["distribution"] == 1
    before = commands.sent
    assert commands.facts(*words)["distribution"] == 1
    assert commands.sent == before


def test_a_file_is_distributed_once_and_pushed_as_it_says(commands):
    done = commands.facts("distribute", "--from", EXAMPLE)["distributions"]
    assert [(d["distribution"], d["holders_paid"]) for d in done] == [(1, None), (2, 147)]
    before = commands.sent
    again = commands.facts("distribute", "--from", EXAMPLE)["distributions"]
    assert again == [{**one, "resumed": True} for one in done]
    assert commands.sent == before
    facts = commands.facts("distribute", "--push-only", "1")
    assert (facts["holders_paid"], cell(facts["owed"])) == (147, "0.000000")
    with (commands.folder / "push-1.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [cells(line) for line in facts["holders"]]


def test_a_dry_run_that_would_fail_for_want_of_money_is_exit_code_1(commands):
    """Once all is shown: today is a preview of tomorrow only if it can be paid for."""
    rich = ("--currency", "USD", "--amount", "85,000,000", "--kind", "rent", "--dry-run")
    before = commands.sent
    done = commands.run("distribute", *rich)
    assert (done.code, commands.sent) == (1, before)
    assert "148 with 10,000 shares" in done.out
    assert '"85,000,000 USD" is more than the 10,000,000 USD that' in done.err
    as_json = commands.run("distribute", *rich, "--json")
    assert as_json.code == 1
    assert json.loads(as_json.out)["dry_run"] is True


@pytest.mark.attack("K11")
def test_the_last_closed_record_is_paid_and_an_open_one_must_be_named(commands):
    commands.says("record", "--at", "+90d")
    done = commands.facts("distribute", *RENT)
    assert (done["record"], done["resumed"]) == (1, False)
    said = commands.gist("distribute", *RENT)
    assert "at record 1, which closed at 20" in said
    assert f"in {done['transaction']}; nothing was sent for it" in said
    assert commands.facts("distribute", *RENT, "--record", "2")["record"] == 2


@pytest.mark.attack("K11")
def test_the_same_words_after_another_record_pay_nothing_twice(commands):
    commands.says("distribute", *RENT)
    commands.close_record()
    said = commands.refuses("distribute", *RENT)
    assert said.startswith(
        'amount: "85,000 USD" may be a payment that was made already: distribution 1 pays 85,000 '
        "USD on the same terms at record 1, declared by 0x"
    )
    assert said.endswith("; give --record 2 if it is for that record, too")
    assert commands.facts("distribute", *RENT, "--record", "2")["distribution"] == 2


@pytest.mark.attack("K11")
def test_an_equal_declaration_by_another_account_is_asked_about(commands):
    """Which the journal of this account knows nothing of."""
    chain, found = commands.chain, commands.deployment
    stranger, dollar = Operator(chain, _test_signer("T", 3, chain)), found.currency("USD")
    rent = 85_000 * 10**6
    stranger.send_one("mint", dollar.mint(stranger.address, rent))
    terms = Terms(kind=Kind.RENT)
    declare(stranger, found, record_id=1, currency=dollar, amount=rent, terms=terms)
    said = commands.refuses("distribute", *RENT, "--record", "1")
    assert f"at record 1, declared by {stranger.address}; give --another if it" in said
    assert "is it the same?" in commands.gist("distribute", *RENT, "--dry-run")
    assert commands.facts("distribute", *RENT, "--record", "1", "--another")["distribution"] == 2


def test_without_a_closed_record_one_must_be_named(tmp_path):
    with Anvil() as node:
        opened = Commands(node, tmp_path / "HARB12")
        opened.says("deploy", "--asset", ASSET, "--dollar")
        opened.says("issue", HOLDERS)
        assert opened.refuses("distribute", *RENT) == (
            'record: "" is missing, and no record was ever scheduled; `prorata record` makes one'
        )
        opened.says("record", "--at", "+90d")
        said = opened.refuses("distribute", *RENT)
        assert "and none has closed: record 1 closes at" in said
        assert "or give --record 1, which pays in now for that record" in said


def test_a_file_and_options_exclude_each_other(commands):
    assert commands.refuses("distribute", "--from", EXAMPLE, "--amount", "1", "--push") == (
        f'from: "{EXAMPLE}" cannot be given together with --amount, --push; write them in the '
        "file, or leave --from out"
    )
    assert commands.refuses("distribute", "--push-only", "1", *RENT, "--dry-run") == (
        'push-only: "1" cannot be given together with --currency, --amount, --kind, --dry-run; '
        "leave them out, since it declares nothing"
    )
    assert commands.refuses("distribute", "--currency", "USD", "--kind", "rent") == (
        'amount: "" is missing; give --amount, or a file with --from'
    )


def test_a_faulty_file_is_listed_whole_and_sends_nothing(commands, tmp_path):
    path = tmp_path / "d.yaml"
    path.write_text("record: 9\ncurrency: USD\namount: 85000.0\nkind: rent\ndeadline: soon\n")
    assert commands.refuses("distribute", "--from", str(path)) == (
        f"2 problems in {path}:\n"
        '  line 3, amount: "85000.0" is a number to YAML; write it in quotes\n'
        '  line 5, deadline: "soon" is no time; write 2027-03-31T23:59:59Z, or a day such as '
        "2027-03-31"
    )
    assert commands.refuses("distribute", "--from", str(tmp_path / "none.csv")).startswith("file: ")


def test_terms_of_options_are_as_strict(commands):
    assert commands.refuses("distribute", *RENT, "--deadline", "+90d", "--sweep-to", COLLECTOR) == (
        'deadline: "+90d" is relative to the present, so that the same words again would be '
        "another time; write 2027-03-31T23:59:59Z, or a day such as 2027-03-31"
    )
    assert commands.refuses("distribute", *RENT, "--sweep-to", COLLECTOR) == (
        f'sweep-to: "{COLLECTOR}" is a recipient for what is unclaimed, without a deadline; '
        "give both, or neither"
    )
    later = moment(commands.chain.now() + 9_000)
    assert commands.refuses("distribute", *RENT, "--payable-from", later, "--push") == (
        f'push: "true" can pay nobody before {later}; leave it out, and pay with --push-only '
        "after that"
    )
    assert commands.refuses("distribute", *RENT, "--permit") == (
        'permit: "USD" takes no permits (ERC-2612), as far as it tells; leave --permit out, and '
        "an approval is sent first"
    )


# --------------------------------------------------------------------------------------- the end


def test_the_end_of_a_distribution(commands, tmp_path):
    """Declared with tax and a deadline, pushed but for a frozen wallet, remitted, aged, swept."""
    found, session = commands.deployment, CommandSession(commands.anvil.url, commands.folder).apart
    operator = Operator(commands.chain, _test_signer("TEST::0", 0, commands.chain))
    policy = operator.send_one("tax", deploy_call(artifact("FlatTax"), 1_500, COLLECTOR))
    wallet, until = TABLE.holdings[5].address, commands.chain.now() + 100 * 86_400
    commands.says(
        "freeze", "--wallet", wallet, "--reason", "Order 12/2027", "--document", "0x" + "ab" * 32
    )
    terms = ("--tax-policy", policy.contract_address, "--deadline", moment(until))
    said = commands.gist("distribute", *RENT, *terms, "--sweep-to", COLLECTOR, "--push", "--yes")
    assert f"{wallet} was not paid (held) and is owed as before" in said
    owed = 85_000 * 10**6 * TABLE.balances[wallet] // 10_000
    assert f"Still owed: {format_units(owed, 6, trim=True)} USD" in said

    commands.travel(commands.chain.now() + 95 * 86_400)
    out = tmp_path / "unclaimed.csv"
    facts = commands.facts("unclaimed", "--out", str(out))
    [line] = facts["lines"]
    assert (line["holder"], line["state"], line["age"], line["days"]) == (
        wallet,
        "frozen",
        "91-365 days",
        95,
    )
    assert len(out.read_text().splitlines()) == 2
    assert "91-365 days" in commands.gist("unclaimed")

    assert commands.refuses("sweep", "--id", "1").startswith(
        f'distribution: "1" can be claimed until {moment(until)}: the chain\'s time is '
    )
    assert commands.refuses("remit") == 'id: "" is missing; give --id or --all'
    assert commands.refuses("remit", "--id", "1", "--all").startswith('id: "1" stands beside --all')
    remitted = commands.facts("remit", "--all")["remitted"]
    assert [(r["distribution"], r["collector"]) for r in remitted] == [(1, COLLECTOR)]
    assert commands.facts("remit", "--all") == {
        "remitted": [],
        "refused": {},
        "resumed": False,
    }
    assert commands.refuses("remit", "--id", "1") == (
        'distribution: "1" has remitted all tax so far; remit once more holders have been paid'
    )

    commands.travel(until + 1)
    assert "expired at" in commands.gist("unclaimed")
    swept = session.facts("sweep", "--id", "1")
    assert units(swept["swept"]) + units(swept["carried"]) == owed
    assert commands.facts("sweep", "--id", "1") == swept | {"resumed": True}
    assert "Nobody is owed anything" in commands.gist("unclaimed")
    tax = units(remitted[0]["amount"])
    assert found.currency("USD").balance_of(COLLECTOR) == tax + units(swept["swept"])


def test_a_push_killed_at_the_door_is_continued_by_push_only(commands):
    """`kill -9` as soon as the journal tells of the push; nobody is paid twice (Law 4)."""
    journal = commands.folder / "journal.jsonl"
    where = ["--network", commands.anvil.url, "--deployment", str(commands.folder)]
    # A block a second: the push cannot end before it is killed.
    commands.anvil.rpc("evm_setIntervalMining", 1)
    with subprocess.Popen(
        [str(APE), "run", "distribute", *RENT, "--push", "--page", "5", *where],
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as run:
        while b'"push/1/' not in journal.read_bytes() and run.poll() is None:
            time.sleep(0.001)
        run.kill()
    commands.anvil.rpc("evm_setIntervalMining", 0)
    commands.anvil.rpc("evm_setAutomine", True)
    assert run.returncode == -signal.SIGKILL
    facts = commands.facts("distribute", "--push-only", "1")
    assert (facts["holders_paid"], facts["holders_owed"]) == (148, 0)
    assert cell(facts["owed"]) == "0.000000"
    paid = commands.deployment.currency("USD").balances_of([h.address for h in TABLE])
    assert paid == [85_000 * 10**6 * holding.shares // 10_000 for holding in TABLE]


@pytest.mark.parametrize("name", ["unclaimed", "sweep", "remit"])
def test_help_teaches_by_example(name):
    said = CliRunner().invoke(importlib.import_module(f"scripts.{name}").cli, ["--help"]).output
    assert f"Examples:\n  prorata {name}" in said

"""The ledger at a real node: nothing is read twice, all say the same, and `check` finds faults."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from prorata.chain.node import RpcChain
from prorata.toolchain.anvil import Anvil
from prorata.values.times import moment
from tests.amounts import bare_amounts, units
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

ANN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
BEN = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
CAT = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
ASSET = 'name: Quay 9\nsymbol: QUAY9\ndecimals: 2\nauthorised_shares: "1,000"\n'
TABLE = f"address,shares\n{ANN},50.00\n{BEN},30.25\n"


@pytest.fixture(scope="module")
def quay(tmp_path_factory) -> Iterator[Commands]:
    """An asset that has paid once and moved shares since, with a ledger beside it."""
    folder = tmp_path_factory.mktemp("deployments")
    (folder / "asset.yaml").write_text(ASSET, encoding="utf-8")
    (folder / "holders.csv").write_text(TABLE, encoding="utf-8")
    with Anvil() as anvil:
        commands = Commands(anvil, folder / "QUAY9")
        commands.says("deploy", "--asset", str(folder / "asset.yaml"))
        commands.says("market", "deploy")
        commands.says("issue", str(folder / "holders.csv"))
        record = commands.close_record()
        commands.says(
            "distribute", "--record", str(record), "--currency", "ETH", "--kind", "rent",
            "--amount", "0.8025",
        )  # fmt: skip
        commands.says("claim", "--account", "TEST::1")
        commands.says("transfer", "--to", CAT, "--amount", "10.10", "--account", "TEST::1")
        commands.says("follow", "--once")
        yield commands


@pytest.fixture
def asked(monkeypatch) -> Counter[str]:
    """How often the node was asked what."""
    counted: Counter[str] = Counter()
    ask = RpcChain.try_many

    def counting(self, questions, **more):
        counted.update(method for method, _ in questions)
        return ask(self, questions, **more)

    monkeypatch.setattr(RpcChain, "try_many", counting)
    return counted


@contextmanager
def without_ledger(commands: Commands) -> Iterator[None]:
    """As if nobody had followed the chain."""
    ledger, aside = commands.folder / "ledger.db", commands.folder / "aside"
    ledger.rename(aside)
    try:
        yield
    finally:
        aside.rename(ledger)


READING = (
    ("books",),
    ("captable",),
    ("captable", "--record", "1"),
    ("tape",),
    ("unclaimed",),
    ("status",),
    ("permissions",),
    ("order", "list"),
    ("hold", "list"),
)


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_no_log_is_read_twice_and_the_answer_is_the_same(quay, asked, words):
    """Law 82: what the ledger has is used only as far as the chain has the same block."""
    with_it = quay.facts(*words)
    assert asked["eth_getLogs"] == 0
    with without_ledger(quay):
        alone = quay.facts(*words)
    assert asked["eth_getLogs"] > 0
    # The clock goes on between the two.
    for facts in (with_it, alone):
        for name in ("at", "source", "time"):
            facts.pop(name, None)
    assert with_it == alone


def test_what_came_later_is_asked_of_the_node(quay, asked):
    with kept(quay.anvil.url, quay.folder):
        quay.says("transfer", "--to", ANN, "--amount", "0.10", "--account", "TEST::3")
        asked.clear()
        held = {row["address"]: units(row["shares"]) for row in quay.facts("captable")["holders"]}
        assert held == {ANN: 4_000, BEN: 3_025, CAT: 1_000}
        # Of the blocks after those that the ledger has, and of no others.
        assert asked["eth_getLogs"] == 1


def test_a_chain_that_was_replaced_is_asked_itself(quay, asked):
    """Law 82: above finality the ledger's log is not used once the chain has another block."""
    with kept(quay.anvil.url, quay.folder):
        before = quay.anvil.rpc("evm_snapshot")
        quay.says("transfer", "--to", BEN, "--amount", "2.00", "--account", "TEST::3")
        quay.says("follow", "--once")
        quay.anvil.rpc("evm_revert", before)
        quay.anvil.rpc("anvil_mine", 2)
        asked.clear()
        with_it = quay.facts("captable")["holders"]
        assert asked["eth_getLogs"] > 0
        with without_ledger(quay):
            assert quay.facts("captable")["holders"] == with_it
        assert {row["address"]: units(row["shares"]) for row in with_it}[CAT] == 1_010
        said = quay.refuses("ledger", "holders")
        assert said.endswith("than the ledger; run `prorata follow`, which takes it back")


# ------------------------------------------------------------------------------------- as of when


def balances_of(facts: dict) -> dict[str, int]:
    return {row["address"]: units(row["shares"]) for row in facts["holders"]}


def test_a_past_cap_table_is_the_ledgers_or_the_chains_and_says_so(quay, asked):
    ledger = str(quay.folder / "ledger.db")
    issued = quay.deployment.manifest.first_block
    moments = ["record:1", f"block:{quay.chain.block().number - 1}", f"block:{issued}",
               moment(quay.chain.block().timestamp)]  # fmt: skip
    for at in moments:
        asked.clear()
        with_it = quay.facts("captable", "--at", at)
        assert (with_it.pop("source"), asked["eth_getLogs"]) == (ledger, 0)
        with without_ledger(quay):
            alone = quay.facts("captable", "--at", at)
        assert (alone.pop("source"), asked["eth_getLogs"] > 0) == ("chain", True)
        assert with_it == alone
    assert balances_of(quay.facts("captable", "--record", "1")) == {ANN: 5_000, BEN: 3_025}
    said = quay.says("captable", "--at", "record:1")
    assert "at record 1, closed" in said
    assert f"from the ledger {ledger}" in " ".join(said.split()).replace("- ", "-")
    with without_ledger(quay):
        assert "from the chain's events" in quay.gist("captable", "--at", "record:1")


def test_what_the_ledger_has_not_read_is_the_chains(quay):
    with kept(quay.anvil.url, quay.folder):
        quay.says("transfer", "--to", ANN, "--amount", "0.20", "--account", "TEST::3")
        newest = quay.chain.block().number
        done = quay.run("captable", "--at", f"block:{newest}", "--json")
        assert "the chain is asked, for the ledger of QUAY9 is incomplete" in " ".join(
            done.err.split()
        )
        facts = json.loads(done.out)
        assert (facts["source"], facts["block"]) == ("chain", newest)
        assert balances_of(facts)[CAT] == 990
        said = quay.refuses("ledger", "holders", "--at", f"block:{newest}")
        assert said.endswith("was asked for; run `prorata follow`, or ask for an earlier moment")
    for at, rule in (("record:2", "was never scheduled"), (f"block:{10**9}", "has no block")):
        done = quay.run("captable", "--at", at)
        assert done.code == 1
        assert rule in done.err


# -------------------------------------------------------------------------------------- questions


def test_status_says_how_far_and_who(quay):
    facts = quay.facts("ledger", "status")
    newest = quay.chain.block().number
    assert (facts["done_to"], facts["newest_block"], facts["blocks_behind"]) == (newest, newest, 0)
    assert {one["contract"] for one in facts["sources"]} >= {"ShareToken", "DividendVault"}
    assert all(one["stopped"] is None for one in facts["sources"])
    assert (facts["writer"], facts["undone"]) == (None, 0)
    assert facts["size"] > 100_000
    said = quay.gist("ledger", "status")
    assert f"read to block {newest:,}, at the newest block {newest:,}" in said
    with kept(quay.anvil.url, quay.folder):
        quay.anvil.rpc("anvil_mine", 3)
        said = quay.gist("ledger", "status")
        assert "3 blocks behind" in said
        assert "nobody fills the ledger; run `prorata follow`" in said


def test_holders_flows_and_income_are_told_as_of_a_moment(quay, tmp_path):
    now = quay.facts("ledger", "holders")
    assert balances_of(now) == {ANN: 3_990, BEN: 3_025, CAT: 1_010}
    assert now["complete"] is True
    path = tmp_path / "holders.csv"
    then = quay.facts("ledger", "holders", "--at", "record:1", "--csv", str(path))
    assert balances_of(then) == {ANN: 5_000, BEN: 3_025}
    with path.open(newline="", encoding="utf-8") as lines:
        assert {row["address"]: row["shares"] for row in csv.DictReader(lines)} == {
            ANN: "50.00", BEN: "30.25",
        }  # fmt: skip
    assert balances_of(quay.facts("ledger", "holders", CAT)) == {CAT: 1_010}
    assert "as of block" in quay.gist("ledger", "holders")

    flows = quay.facts("ledger", "flows", ANN)["transfers"]
    assert [(one["kind"], units(one["shares"])) for one in flows] == [
        ("issue", 5_000), ("transfer", 1_010)
    ]  # fmt: skip
    everything = quay.facts("ledger", "flows", "--all", "--csv", str(path))["transfers"]
    assert sorted(one["receiver"] for one in everything) == sorted([ANN, BEN, CAT])
    assert len(path.read_text(encoding="utf-8").splitlines()) == 4
    assert "3 transfers of all holders" in quay.gist("ledger", "flows", "--all")

    [paid] = quay.facts("ledger", "income", "--all")["income"]
    assert (paid["holder"], paid["currency"], paid["payments"]) == (ANN, "ETH", 1)
    assert (units(paid["gross"]), units(paid["tax"])) == (5 * 10**17, 0)
    assert quay.facts("ledger", "income", BEN)["income"] == []
    assert quay.facts("ledger", "income", ANN, "--at", "record:1")["income"] == []
    assert "1 payment to all holders" in quay.gist("ledger", "income", "--all", "--csv", str(path))


@pytest.mark.parametrize(
    "words", [("status",), ("holders",), ("flows", "--all"), ("income", "--all"), ("check",)]
)
def test_amounts_are_whole_in_every_document(quay, words):
    assert list(bare_amounts(quay.facts("ledger", *words))) == []


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("flows",), "is missing; name a holder, or give --all"),
        (("income", ANN, "--all"), "is given with --all; keep one of them"),
        (("holders", "0x12"), "is not an address; write 0x and 40 hexadecimal digits"),
        (("holders", "--at", "record:7"), "was never scheduled; give 1 to 1"),
        (("holders", "--at", "2027-01-01T00:00:00"), "has no time zone; add Z for UTC"),
        (("holders", "--at", "block:x"), "has no number of a block; write block: and digits"),
        (("income", "--all", "--zone", "Mars"), "is no IANA time zone"),
    ],
)
def test_a_wrong_question_is_refused(quay, words, rule):
    assert rule in quay.refuses("ledger", *words)


def test_without_a_ledger_it_is_said_how_to_make_one(quay):
    with without_ledger(quay):
        for words in (("status",), ("holders",), ("check",)):
            said = quay.refuses("ledger", *words)
            assert "there is no ledger at" in said
            assert "run `prorata follow`" in said


# ----------------------------------------------------------------------------------- the database


def test_a_file_that_is_no_ledger_is_told_of_and_one_that_was_named_is_refused(quay, tmp_path):
    other = tmp_path / "other.db"
    other.write_text("this is not a database" * 100, encoding="utf-8")
    with kept(quay.anvil.url, quay.folder):
        shutil.copy(other, quay.folder / "ledger.db")
        said = quay.gist("captable")
        assert "the ledger's database is not used, and the node is asked:" in said
        assert "3 holders" in said
    assert "is not a database of SQLite" in quay.refuses("captable", "--database", str(other))
    missing = quay.refuses("books", "--database", str(tmp_path / "none.db"))
    assert missing.startswith(f"there is no ledger at {tmp_path / 'none.db'}")
    held = quay.facts("captable", "--at", "record:1", "--database", str(quay.folder / "ledger.db"))
    assert held["source"].endswith("ledger.db")


def test_without_the_extra_the_node_is_asked_and_the_remedy_named(quay):
    """As in an environment without SQLAlchemy."""
    program = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from prorata.cli.main import main; main(args=sys.argv[1:])"
    )
    where = ["--network", quay.anvil.url, "--deployment", str(quay.folder)]

    def ran(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, *words, *where], capture_output=True, text=True
        )

    done = ran("captable")
    assert done.returncode == 0
    assert "not used, and the node is asked: the ledger in a database needs packages" in done.stderr
    with without_ledger(quay):
        done = ran("captable")
        assert (done.returncode, done.stderr) == (0, "")
    done = ran("ledger", "status")
    assert (done.returncode, done.stderr.count("packages that are not installed")) == (1, 1)
    assert "install them with: pip install 'prorata[store]'" in done.stderr


# ------------------------------------------------------------------------------------------ check


def check(quay: Commands) -> tuple[int, dict]:
    done = quay.run("ledger", "check", "--json")
    assert done.err == ""
    return done.code, json.loads(done.out)


def change(quay: Commands, *statements: str) -> None:
    with closing(sqlite3.connect(quay.folder / "ledger.db")) as database, database:
        for statement in statements:
            assert database.execute(statement).rowcount == 1, statement


def test_a_ledger_that_is_right_is_proved(quay):
    code, facts = check(quay)
    assert (code, facts["agree"], facts["log"], facts["derived"], facts["books"]) == (
        0, True, [], [], []
    )  # fmt: skip
    assert facts["events"] >= 8
    said = quay.gist("ledger", "check")
    assert "each as the chain has it" in said
    assert "what follows from the log is what is stored" in said
    assert "the books of the stored log are what the contracts answer" in said


NEWEST = "(SELECT max(rowid) FROM log WHERE name = 'Transfer')"
PLANTED = {
    "missing": f"DELETE FROM log WHERE rowid = {NEWEST}",
    "altered": f"UPDATE log SET data = x'{7:064x}' WHERE rowid = {NEWEST}",
    "doubled": "INSERT INTO log SELECT chain, block, log_index + 90, source, transaction_hash, "
    f"name, topics, data FROM log WHERE rowid = {NEWEST}",
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_of_the_log_is_found_by_name(quay, kind):
    """Laws 82 and 84: an event that is missing, doubled or altered is named, in log and books."""
    with kept(quay.anvil.url, quay.folder):
        change(quay, PLANTED[kind])
        code, facts = check(quay)
        assert (code, facts["agree"]) == (3, False)
        [found] = facts["log"]
        token = quay.deployment.token().address
        assert (found["kind"], found["event"], found["contract"]) == (kind, "Transfer", token)
        block = quay.chain.block().number
        assert found["block"] == block
        assert facts["derived"] != []
        assert facts["books"] != []
        done = quay.run("ledger", "check")
        assert done.code == 3
        assert f"✗ {kind}: Transfer of {token}" in done.out


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        (
            "holding",
            (
                f"UPDATE holding SET amount = x'{1:064x}' WHERE (account, block) = "
                "(SELECT account, block FROM holding ORDER BY block DESC LIMIT 1)"
            ),
        ),
        ("settlement", "DELETE FROM settlement"),
        ("record", "UPDATE record SET closes_at = closes_at + 1"),
    ],
    ids=["holding", "settlement", "record"],
)
def test_what_was_derived_wrongly_is_found_by_its_table(quay, table, statement):
    with kept(quay.anvil.url, quay.folder):
        change(quay, statement)
        code, facts = check(quay)
        assert (code, facts["log"], facts["books"]) == (3, [], [])
        assert facts["derived"] == [f"{table}: other rows follow from the log"]
        assert quay.facts("ledger", "rebuild")["events"] == facts["events"]
        assert check(quay)[0] == 0

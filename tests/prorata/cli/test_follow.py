"""`follow`: the ledger of an asset, filled, gone on with, and shared by several assets."""

from __future__ import annotations

import json
import signal
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from prorata.chain.node import RpcChain
from prorata.cli.commands import follow
from prorata.cli.signals import stopped_by_signals
from prorata.deployments.deployment import Deployment
from prorata.deployments.market_contracts import SHARE_EXCHANGE, singleton_address
from prorata.ledger.audits import audit_register
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.sources import followed_contracts
from prorata.store.writer import Writer
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands

BUILDING = PROJECT_ROOT / "examples" / "building"


def ledger_of(commands: Commands) -> Path:
    return commands.folder / "ledger.db"


@pytest.fixture
def empty(started) -> Commands:
    """The asset under rules, which nobody has followed yet."""
    for path in started.folder.glob("ledger.db*"):
        path.unlink()
    return started


# ------------------------------------------------------------------------------------- to the head


def test_it_reads_to_the_head_and_ends(empty):
    said = empty.says("follow", "--once")
    assert "follows ShareToken 0x" in said
    assert "follows TransferRules 0x" in said
    head = int(empty.anvil.rpc("eth_blockNumber"), 16)
    assert f"at the head, block {head}" in said
    assert ledger_of(empty).is_file()


def test_a_program_gets_one_document(empty):
    facts = empty.facts("follow", "--once")
    head = int(empty.anvil.rpc("eth_blockNumber"), 16)
    assert facts["followed"] is True
    assert facts["head"] == head
    assert {one["done_to"] for one in facts["sources"]} == {head}
    assert {one["kind"] for one in facts["sources"]} == {
        "ClaimRelayer", "DividendVault", "InvestorRegistry", "ShareToken", "TransferRules",
    }  # fmt: skip
    assert all(one["ours"] and one["stopped"] is None for one in facts["sources"])


def test_it_goes_on_where_it_ended(empty):
    """Law 87: nothing is read twice, and what came meanwhile is there."""
    first = empty.facts("follow", "--once")
    again = empty.facts("follow", "--once")
    assert again["changes"] == first["changes"]
    assert again["epoch"] == first["epoch"]
    empty.says(
        "freeze",
        "--wallet",
        "0x8C8d35429F74ec245F8Ef2f4Fd1e551cFF97d650",
        "--reason",
        "a court has ordered it",
        "--document",
        "0x" + "1" * 64,
    )
    more = empty.facts("follow", "--once")
    assert more["changes"] > again["changes"]


def test_it_reads_to_a_block_and_ends(empty):
    facts = empty.facts("follow", "--until", "5")
    assert {one["done_to"] for one in facts["sources"]} == {5}


def test_what_it_has_read_is_what_the_register_is(empty):
    """Each holder's shares are those that an audit finds on the chain."""
    empty.says("follow", "--once")
    chain = RpcChain(empty.anvil.url)
    found = Deployment.open(chain, empty.folder)
    ledger, differences = audit_register(chain, found.token().address, found.manifest.first_block)
    assert not differences
    h, a = schema.holding.c, schema.account.c
    newest = select(h.account, func.max(h.block).label("block")).group_by(h.account).subquery()
    with closing(Database.open(str(ledger_of(empty)))) as opened, opened.snapshot() as connection:
        rows = connection.execute(
            select(a.address, h.amount)
            .join(newest, (newest.c.account == h.account) & (newest.c.block == h.block))
            .join(schema.account, a.id == h.account)
        )
        held = {address: amount for address, amount in rows if amount}
    assert held == {account: ledger.balance_of(account) for account in held}
    assert len(held) == sum(1 for account in ledger if ledger.balance_of(account))


# -------------------------------------------------------------------------- one writer, many assets


def test_while_one_follows_another_asset_is_added(empty, tmp_path, monkeypatch):
    """Laws 87 and 89: the second process adds its asset and ends; the first one reads it."""
    place = str(tmp_path / "both.db")
    empty.facts("follow", "--once", "--database", place)
    chain = RpcChain(empty.anvil.url)
    other = Commands(empty.anvil, tmp_path / "RIVER7")
    other.says("deploy", "--asset", str(BUILDING / "asset.yaml"))
    with closing(Database.open(place)) as opened:
        writer = Writer.take(opened, chain.chain_id, chain.genesis_hash, who="prorata follow")
        try:
            facts = other.facts("follow", "--database", place)
            assert facts["followed"] is False
            assert any(one.startswith("ShareToken 0x") for one in facts["added"])
            again = other.run("follow", "--database", place)
            assert again.code == 1
            assert "is being filled by prorata follow (process" in again.err
        finally:
            writer.release()
    facts = other.facts("follow", "--once", "--database", place)
    assert len([one for one in facts["sources"] if one["kind"] == "ShareToken"]) == 2
    assert len({one["done_to"] for one in facts["sources"]}) == 1


def test_a_contract_that_is_deployed_meanwhile_is_followed(empty):
    """The manifest has changed, and is read anew."""
    chain = RpcChain(empty.anvil.url)
    found = Deployment.open(chain, empty.folder)
    with closing(Database.open(str(ledger_of(empty)), create=True)) as opened:
        writer = Writer.take(opened, chain.chain_id, chain.genesis_hash, who="test")
        said: list[str] = []
        refresh = follow._refreshing(found, writer, said.append)
        refresh()
        assert said == []
        empty.says("record", "--at", "+1s")
        empty.says("record", "--at", "+60s", "--another")
        empty.says("record-range", "--from-record", "1", "--to-record", "2", "--weights", "equal")
        refresh()
        assert any("RecordRanges" in line for line in said)
        writer.release()


def test_the_markets_contracts_are_followed_where_they_are(empty):
    found = Deployment.open(RpcChain(empty.anvil.url), empty.folder)
    exchange = singleton_address(SHARE_EXCHANGE)
    assert exchange not in {one.address for one in followed_contracts(found)}
    empty.says("market", "deploy")
    one = next(o for o in followed_contracts(found) if o.address == exchange)
    assert (one.kind, one.ours, one.first_block) == (
        SHARE_EXCHANGE, True, found.manifest.first_block,
    )  # fmt: skip


# ------------------------------------------------------------------------------------- its end


def test_signals_end_it_after_its_page():
    """The handlers of before are put back."""
    before = signal.getsignal(signal.SIGTERM)

    class Ends:
        stopped = 0

        def stop(self) -> None:
            self.stopped += 1

    ends = Ends()
    with stopped_by_signals(ends.stop):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert ends.stopped == 2
    assert signal.getsignal(signal.SIGTERM) is before
    thread = threading.Thread(target=lambda: stopped_by_signals(ends.stop).__enter__())
    thread.start()
    thread.join()


def test_refusals(empty, tmp_path):
    """A database that is none, a folder that is not there, and a block that is no number."""
    (tmp_path / "text.db").write_text("this is no database, and never was one" * 30, "utf-8")
    for place, words in (
        (str(tmp_path / "text.db"), "is not a database of SQLite"),
        (str(tmp_path / "nowhere" / "ledger.db"), "is no place for a file"),
        ("mysql://somewhere/else", "is neither a file nor the address of a PostgreSQL"),
    ):
        refused = empty.run("follow", "--once", "--database", place)
        assert refused.code == 1
        assert words in " ".join(refused.err.split())
    told = empty.run("follow", "--once", "--json", "--database", str(tmp_path / "text.db"))
    assert json.loads(told.out)["error"]["kind"] == "StoreError"
    assert empty.run("follow", "--until", "soon").code == 2

"""The journal is not the only memory: a copy, a shortened or a resealed one pays nothing twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest
from eth_account import Account

from prorata.chain.sealed_log import sealed
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.chain.test_outside import sent_by_node
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.conftest import ISSUER_KEY

BUILDING = PROJECT_ROOT / "examples" / "building"
AGENT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
RENT = ("--record", "1", "--currency", "USD", "--amount", "850", "--kind", "rent")
PAY = ("distribute", *RENT)


@pytest.fixture(scope="module")
def asset(tmp_path_factory) -> Iterator[Commands]:
    """The building issued, and record 1 closed."""
    with Anvil() as node:
        opened = Commands(node, tmp_path_factory.mktemp("deployments") / "HARB12")
        opened.says("deploy", "--asset", str(BUILDING / "asset.yaml"), "--dollar")
        opened.says("issue", str(BUILDING / "holders.csv"))
        opened.close_record()
        yield opened


@pytest.fixture
def commands(asset) -> Iterator[Commands]:
    """The asset, as if no other test had been there."""
    with kept(asset.anvil.url, asset.folder):
        yield asset


@pytest.fixture
def clone(commands, tmp_path) -> Commands:
    """A copy of the folder, from before it went on."""
    return Commands(commands.anvil, shutil.copytree(commands.folder, tmp_path / "clone"))


def lines(commands: Commands) -> list[dict]:
    return list(map(json.loads, (commands.folder / "journal.jsonl").read_bytes().splitlines()))


def reseal(commands: Commands, records: list[dict]) -> None:
    """Write a journal whose seals all fit."""
    previous, written = "", b""
    for record in records:
        line = sealed(previous, {k: v for k, v in record.items() if k != "seal"})
        previous, written = json.loads(line)["seal"], written + line + b"\n"
    (commands.folder / "journal.jsonl").write_bytes(written)


def declared(commands: Commands) -> int:
    return commands.deployment.vault().distribution_count()


@pytest.mark.attack("I1")
def test_a_clone_of_the_folder_pays_nothing_twice(commands, clone):
    """One goes on; the other stops until it has taken in what was sent, and then sends nothing."""
    commands.says(*PAY)
    refusal = clone.refuses(*PAY)
    # The allowance before it is of a currency, which serves other assets, too.
    assert "sent a transaction for this asset that the journal" in refusal
    assert "(declare to " in refusal
    assert refusal.endswith("or take it in here with `prorata journal adopt`")
    assert "issue" not in refusal
    assert "does not know" in clone.refuses("record", "--at", "+90d", "--dry-run")
    shown = clone.facts("journal", "adopt", "--yes")
    assert [one["what"].split()[0] for one in shown["adopted"]] == ["declare"]
    before = clone.sent
    assert clone.facts(*PAY)["distribution"] == 1
    assert (declared(clone), clone.sent) == (1, before)
    # And from here on it is a journal like any other.
    clone.says("record", "--at", "+90d")
    assert "does not know: nonce" in commands.refuses("record", "--at", "+91d")


@pytest.mark.attack("I1")
@pytest.mark.parametrize("many", [1, 2])
def test_a_journal_whose_last_lines_were_deleted_pays_nothing_twice(commands, many):
    commands.says(*PAY)
    path = commands.folder / "journal.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-many]))
    assert "that the journal" in commands.refuses(*PAY)
    assert commands.facts("journal", "adopt", "--yes")["adopted"]
    before = commands.sent
    assert commands.facts(*PAY)["distribution"] == 1
    assert (declared(commands), commands.sent) == (1, before)


@pytest.mark.attack("I1")
def test_a_journal_that_is_gone_is_not_taken_for_a_new_one(commands):
    commands.says(*PAY)
    (commands.folder / "journal.jsonl").unlink()
    assert "that the journal" in commands.refuses(*PAY)
    assert declared(commands) == 1


@pytest.mark.attack("I1")
@pytest.mark.parametrize(
    "change",
    [{"nonce": 99}, {"digest": "ab" * 32}, {"hash": "0x" + "ab" * 32}, {"raw": "02c0"}],
    ids=lambda change: next(iter(change)),
)
def test_a_line_altered_and_sealed_anew_is_damage(commands, change):
    """What the signed bytes say must be what the line says."""
    commands.says(*PAY)
    records = lines(commands)
    records[-1] |= change
    reseal(commands, records)
    number = len(records)
    assert commands.refuses(*PAY).startswith(f"line {number} of the journal ")
    assert declared(commands) == 1


@pytest.mark.attack("I1")
def test_a_line_left_out_and_the_rest_sealed_anew_is_missed(commands):
    commands.says(*PAY)
    records = lines(commands)
    declaration = next(r for r in records if r.get("key", "").startswith("declare/"))
    reseal(commands, [r for r in records if r is not declaration])
    assert "(declare to " in commands.refuses(*PAY)


@pytest.mark.attack("I1")
def test_a_step_renamed_and_sealed_anew_pays_nothing_twice(commands):
    """No seal and no nonce tells: the vault does, and so does a head kept elsewhere."""
    commands.says(*PAY)
    records = lines(commands)
    for one in records:
        if one.get("key", "").startswith("declare/"):
            one["key"] = "declare/1/0123456789abcdef"
    reseal(commands, records)
    assert "may be a payment that was made already: distribution 1 pays" in commands.refuses(*PAY)
    assert declared(commands) == 1


def test_an_account_used_elsewhere_is_noted_and_stops_nothing(commands):
    """What touches none of our contracts is a matter of record."""
    account = commands.deployment.manifest.deployer
    there = "0x" + "de" * 20
    sent_by_node(commands.chain, {"from": account, "to": there, "value": "0x1"})
    commands.says(*PAY)
    marks = [record["mark"] for record in lines(commands) if "mark" in record]
    assert len(marks[-1]["foreign"]) == 1
    assert marks[-1]["account"] == account
    # Known now, it is not looked for again.
    assert len(marks) == 2
    commands.says("record", "--at", "+90d")
    assert len([record for record in lines(commands) if "mark" in record]) == 2


def test_nothing_to_adopt_is_said(commands):
    assert commands.facts("journal", "adopt")["adopted"] == []
    assert "Nothing to adopt" in commands.says("journal", "adopt")


def test_a_clone_whose_account_never_sent_is_told_too(commands, clone):
    """Of an account new to the journal, all events of our contracts are looked at."""
    agent = Account.from_key(ISSUER_KEY).address
    other = ("--account", "TEST::1")
    commands.anvil.rpc("anvil_setBalance", AGENT, hex(10**18))
    token = commands.deployment.token()
    added = {"from": agent, "to": token.address, "data": f"0x{token.add_agent(AGENT).data.hex()}"}
    sent_by_node(commands.chain, added)
    for one in (commands, clone):
        assert len(one.facts("journal", "adopt", "--yes")["adopted"]) == 1
    commands.says("record", "--at", "+90d", *other)
    assert "(scheduleRecord to " in clone.refuses("record", "--at", "+91d", *other)


@pytest.mark.attack("I1")
def test_a_clone_pushes_to_nobody_who_was_paid(commands, clone):
    """What is left is read from the chain; what was sent elsewhere is not sent again."""
    commands.says(*PAY)
    clone.says("journal", "adopt", "--yes")
    commands.says("distribute", "--push-only", "1")
    assert "(push to " in clone.refuses("distribute", "--push-only", "1")
    clone.facts("journal", "adopt", "--yes")
    before = clone.sent
    assert clone.facts("distribute", "--push-only", "1")["holders_paid"] == 148
    assert clone.sent == before
    assert clone.facts("books")["balanced"] is True


def test_another_asset_of_the_same_vault_and_account_is_no_stranger(tmp_path):
    """Each folder knows its own asset: what a vault or a register did for another is no gap."""
    text = (BUILDING / "asset.yaml").read_text(encoding="utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(text.replace("HARB12", "HARB13"), encoding="utf-8")
    with Anvil() as node:
        first = Commands(node, tmp_path / "HARB12")
        first.says("deploy", "--asset", str(BUILDING / "asset.yaml"), "--dollar")
        first.says("issue", str(BUILDING / "holders.csv"))
        dollar = first.deployment.currency("USD").address
        second = Commands(node, tmp_path / "HARB13")
        vault = first.deployment.vault().address
        second.says("deploy", "--asset", str(other), "--vault", vault)
        second.says("issue", str(BUILDING / "holders.csv"))
        rent = ("--amount", "500", "--kind", "rent")
        for commands, currency in ((second, dollar), (first, "USD"), (second, dollar)):
            commands.close_record()
            paid = ("distribute", "--currency", currency, *rent, "--record")
            number = str(commands.deployment.token().record_count())
            commands.says(*paid, number, "--push")
        assert first.facts("books")["balanced"] is True

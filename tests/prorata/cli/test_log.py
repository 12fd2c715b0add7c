"""`prorata log` and `prorata log verify`: all that was ordered and sent, and that it holds."""

from __future__ import annotations

import json
import threading

import pytest

from prorata.chain.signed import read_signed
from prorata.deployments.deployment import open_journal
from prorata.register.investors import read_investors
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.chain.test_journal import reseal
from tests.prorata.chain.test_outside import sent_by_node
from tests.prorata.cli.opened import Commands

WALLET = read_investors(PROJECT_ROOT / "examples" / "compliant" / "investors.csv")[14].address
BASIS = ("--reason", "Order 12/2027 of the court", "--document", "0x" + "ab" * 32)
FREEZE = ("freeze", "--wallet", WALLET, *BASIS)


@pytest.fixture
def commands(started) -> Commands:
    """The asset, with one wallet frozen."""
    started.says(*FREEZE)
    return started


def records(commands: Commands) -> list[dict]:
    return list(map(json.loads, (commands.folder / "journal.jsonl").read_bytes().splitlines()))


def test_every_order_and_transaction_is_shown_in_order(commands):
    lines = commands.facts("log")["lines"]
    order, sent, executed = lines[-3:]
    assert (order["kind"], order["facts"]) == ("order", {"wallet": WALLET})
    assert order["reason"] == "Order 12/2027 of the court"
    assert order["document"] == {"hash": "0x" + "ab" * 32, "is": "given as a hash"}
    assert order["by"] == sent["by"] == commands.deployment.manifest.deployer
    assert (sent["kind"], sent["state"]) == ("transaction", "mined")
    assert executed["transaction"] == sent["transaction"]
    assert sent["key"] == f"order/{order['order']}"
    assert len([line for line in lines if line["kind"] == "transaction"]) == commands.sent
    said = commands.gist("log")
    assert f"freeze wallet {WALLET}" in said
    assert "“Order 12/2027 of the court”" in said


def test_a_wallet_or_a_time_chooses(commands):
    lines = commands.facts("log", "--wallet", WALLET)["lines"]
    assert [line["kind"] for line in lines] == ["order", "transaction"]
    assert commands.facts("log", "--since", "9999-01-01")["lines"] == []
    assert "Nothing was ordered or sent" in commands.says("log", "--since", "9999-01-01")
    today = commands.facts("log")["lines"][1]["at"][:10]
    assert commands.facts("log", "--since", today)["lines"]


def test_a_journal_that_holds_says_so(commands):
    verdict = commands.facts("log", "verify")
    assert (verdict["holds"], verdict["faults"]) == (True, [])
    assert verdict["mined"] == verdict["transactions"] == commands.sent
    assert verdict["orders"] == 1
    assert "The journal holds" in commands.says("log", "verify")


def does_not_hold(commands: Commands) -> list[str]:
    done = commands.run("log", "verify", "--json")
    verdict = json.loads(done.out)
    assert (done.code, verdict["holds"]) == (1, False)
    return verdict["faults"]


@pytest.mark.attack("I1")
def test_a_shortened_journal_does_not_hold(commands):
    short = [one for one in records(commands) if "nonce" not in one]
    reseal(commands.folder / "journal.jsonl", [*short, records(commands)[2]])
    faults = does_not_hold(commands)
    assert any("setAddressFrozen to " in fault for fault in faults)
    assert any("(creates ShareToken, " in fault for fault in faults)


@pytest.mark.attack("I1")
def test_an_order_whose_name_was_altered_does_not_hold(commands):
    altered = records(commands)
    for one in altered:
        if one.get("key", "").startswith("order/"):
            one["key"] = "order/freeze/0123456789abcdef/0"
    reseal(commands.folder / "journal.jsonl", altered)
    [fault] = does_not_hold(commands)
    assert "was sent as an order, and no order of it is noted" in fault


@pytest.mark.attack("I1")
def test_a_journal_that_is_gone_does_not_hold(commands):
    (commands.folder / "journal.jsonl").unlink()
    # All but what only the register was told, which may have been for another asset of its.
    assert len(does_not_hold(commands)) == commands.sent - 1
    assert not (commands.folder / "journal.jsonl").exists()
    other = ("--account", "TEST::1")
    assert "does not know" in commands.refuses("record", "--at", "+90d", *other)


def test_a_folder_that_is_not_there_has_no_log(commands, tmp_path):
    nowhere = Commands(commands.anvil, tmp_path / "nowhere")
    assert nowhere.run("log").err == (
        f"✗ there is no deployment in {tmp_path / 'nowhere'}; name another folder with "
        "--deployment.\n"
    )


def test_a_step_that_something_else_took_the_place_of_does_not_hold(commands):
    """A snapshot put back, and another life lived."""
    chain = commands.chain
    before = chain.request("evm_snapshot")
    commands.says("freeze", "--wallet", WALLET, "--release", *BASIS)
    chain.request("evm_revert", before)
    owner = commands.deployment.manifest.deployer
    sent_by_node(chain, {"from": owner, "to": WALLET, "value": "0x0"})
    [fault] = does_not_hold(commands)
    assert "is not on the chain, and something else used its nonce" in fault
    assert "can never be mined" in commands.refuses("record", "--at", "+90d")
    taken = commands.facts("journal", "adopt", "--yes")
    assert (taken["adopted"], len(taken["foreign"])) == ([], 1)
    assert commands.facts("log", "verify")["holds"] is True
    assert commands.facts("log")["lines"][-2]["kind"] == "given up"


def test_a_head_kept_elsewhere_is_compared(commands, tmp_path):
    head = ("--head", str(tmp_path / "heads.jsonl"))
    commands.says("record", "--at", "+90d", *head)
    assert commands.facts("log", "verify", *head)["holds"] is True
    path = commands.folder / "journal.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert "lines, and not the" in commands.refuses("log", "verify", *head)
    assert "lines, and not the" in commands.refuses("record", "--at", "+91d", *head)


def test_who_holds_the_lock_is_said(commands):
    with open_journal(commands.chain, commands.folder):
        assert "is in use by another run: process " in commands.refuses("record", "--at", "+90d")
        # Looking is always possible.
        commands.says("log")


def test_a_command_that_waits_gets_its_turn(commands):
    journal = open_journal(commands.chain, commands.folder)
    threading.Timer(0.5, journal.close).start()
    assert commands.facts("record", "--at", "+90d", "--wait", "30")["record"] == 1


@pytest.mark.parametrize("option", ["--max-fee", "--tip"])
@pytest.mark.parametrize("value", ["a lot", "1e9", "-1", "0.0000000001"])
def test_a_price_that_is_no_amount_of_gwei_is_refused(commands, option, value):
    said = commands.refuses("record", "--at", "+90d", f"{option}={value}")
    assert said.startswith(f'{option}: "{value}" ')


def test_a_price_over_the_limit_sends_nothing_and_one_within_it_does(commands):
    low = ("record", "--at", "+90d", "--max-fee", "0.000000001")
    assert "more than --max-fee 0.000000001 gwei allows, so nothing was sent" in commands.refuses(
        *low
    )
    commands.says("record", "--at", "+90d", "--max-fee", "100", "--tip", "1.5")
    sent = [one for one in records(commands) if one.get("key", "").startswith("record/")]
    assert read_signed(bytes.fromhex(sent[-1]["raw"])).fees.tip == 1_500_000_000

"""The commands of a compliant asset, as a person or a program opens them."""

from __future__ import annotations

from hashlib import sha256

import pytest

from prorata.register.investors import read_investors
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.ape.opened import Commands
from tests.prorata.cli import opened

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
SUCCESSOR = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture(scope="module")
def planned() -> list[dict]:
    """What the dry run said, before anything was registered."""
    return []


@pytest.fixture(scope="module")
def commands(tmp_path_factory, planned):
    """An asset deployed, registered and issued."""
    with Anvil() as anvil:
        folder = tmp_path_factory.mktemp("deployments") / "CANAL8"
        commands = Commands(anvil, folder)
        # What is only prepared here is done in this process, which takes a tenth of the time.
        begun = opened.Commands(anvil, folder)
        begun.says("deploy", "--asset", str(COMPLIANT / "asset.yaml"))
        investors = str(COMPLIANT / "investors.csv")
        planned.append(commands.json("register", investors, "--dry-run"))
        commands.run("register", investors)
        begun.says("issue", str(COMPLIANT / "holders.csv"))
        yield commands


@pytest.fixture(scope="module")
def wallets() -> list[str]:
    return [entry.address for entry in read_investors(COMPLIANT / "investors.csv")]


def test_a_dry_run_tells_the_difference(commands, planned):
    [facts] = planned
    assert (len(facts["new"]), facts["changed"], facts["missing"]) == (39, {}, {})
    assert (len(facts["gas"]), facts["transactions"]) == (1, [])


def test_a_transfer_that_would_pass_is_exit_code_0(commands, wallets):
    words = ("check-transfer", "--from", wallets[14], "--to", wallets[32], "--amount", "2")
    output = commands.run(*words).stdout
    assert output.splitlines()[0] == "A transfer of 2 CANAL8 would pass"


def test_a_transfer_that_would_be_refused_is_exit_code_1_in_words(commands, wallets):
    words = ("check-transfer", "--from", wallets[14], "--to", wallets[35], "--amount", "2")
    output = commands.run(*words, code=1).stdout.splitlines()
    assert output[0] == "A transfer of 2 CANAL8 would be refused"
    assert output[1].startswith("  - the receiver's country is Bermuda, whose investors")
    assert output[-1] == "The most that would pass now: 0 CANAL8"
    facts = commands.json(*words, code=1)
    assert facts["refusals"] == [{"code": "country", "value": 60, "limit": 0}]
    assert facts["amount"] == {"units": "2", "text": "2", "decimals": 0, "currency": "CANAL8"}


def test_orders_without_reason_or_document_are_refused(commands, wallets):
    refused = commands.run("freeze", "--wallet", wallets[14], code=2)
    assert "Missing option '--reason'" in refused.stderr
    words = ("recover", "--lost", wallets[14], "--new", SUCCESSOR, "--reason", "Key lost at sea")
    assert "Missing option '--document'" in commands.run(*words, code=2).stderr


def test_orders_are_carried_out_and_kept(commands, wallets, tmp_path):
    document = tmp_path / "order.pdf"
    document.write_bytes(b"In the name of the people")
    digest = f"0x{sha256(document.read_bytes()).hexdigest()}"
    basis = ("--reason", "Order 12/2027 of a court", "--document", str(document), "--yes")
    frozen = commands.json("freeze", "--wallet", wallets[14], *basis)
    assert frozen["document"] == {"hash": digest, "is": "SHA-256 of order.pdf"}
    moved = commands.json(
        "force-transfer", "--from", wallets[1], "--to", wallets[2], "--amount", "25", *basis
    )
    output = commands.run("recover", "--lost", wallets[10], "--new", SUCCESSOR, *basis).stdout
    assert f"Done: put {SUCCESSOR} in the place of {wallets[10]}" in output
    assert digest in output
    lines = commands.json("log")["lines"]
    orders = [line["what"].split()[0] for line in lines if line["kind"] == "order"]
    assert orders == ["freeze", "force-transfer", "recover"]
    executed = [line["transaction"] for line in lines if line["kind"] == "executed"]
    assert executed[:2] == [frozen["transaction"], moved["transaction"]]


def test_permissions_are_read_from_the_chain_with_warnings(commands):
    facts = commands.json("permissions")
    owner = facts["deployer"]
    assert ["ShareToken", "owner", owner, "key"] in [list(g.values())[:4] for g in facts["grants"]]
    assert any("single key" in warning for warning in facts["warnings"])

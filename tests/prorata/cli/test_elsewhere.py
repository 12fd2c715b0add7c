"""Commands of accounts that sign elsewhere: files, and going on when the effects are seen.

The Safe is real: its published bytecode, with two of three owners who sign.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands
from tests.prorata.cli.test_handover_to_safe import OWNERS, Safe

pytestmark = pytest.mark.slow

BASIS = ("--reason", "Order 12 of a court", "--document", "0x" + "1" * 64)
WALLET = "0x" + "4" * 40
HOLDERS = str(PROJECT_ROOT / "examples" / "compliant" / "holders.csv")


@pytest.fixture
def safe(started: Commands) -> Safe:
    """A Safe that is an agent of the asset and of its register."""
    safe = Safe(started.chain)
    started.says("agents", "add", safe.address)
    started.says("agents", "add", safe.address, "--of", "registry")
    return safe


def execute(safe: Safe, files: list[str]) -> None:
    """What the owners do with the files in their application."""
    for name in files:
        batch = json.loads(Path(name).read_text(encoding="utf-8"))
        assert batch["meta"]["createdFromSafeAddress"] == safe.address
        for one in batch["transactions"]:
            safe.execute(one["to"], bytes.fromhex(one["data"][2:]), OWNERS[:2])


def test_a_freeze_by_a_safe_is_written_signed_and_seen(started, safe):
    words = ("freeze", "--wallet", WALLET, *BASIS, "--account", f"safe:{safe.address}")
    before = started.sent
    first = started.run(*words, "--json")
    told = json.loads(first.out)
    assert (first.code, told["waiting"], len(told["files"])) == (4, True, 1)
    again = started.run(*words, "--json")
    assert (again.code, json.loads(again.out)["files"]) == (4, [])
    assert json.loads(again.out)["pending"] == [f"freeze {WALLET}"]
    assert not started.deployment.token().is_frozen(WALLET)
    assert started.sent == before

    execute(safe, told["files"])
    assert started.deployment.token().is_frozen(WALLET)
    done = started.run(*words)
    assert (done.code, f"Done: freeze {WALLET}, sent before" in done.out) == (0, True), done
    assert started.run(*words).code == 0
    assert started.sent == before


def test_shares_issued_by_a_safe_go_on_where_they_stopped(started, safe):
    """Half of the batches first: the effect of each is looked for by itself."""
    table = started.folder.parent / "more.csv"
    rows = Path(HOLDERS).read_text(encoding="utf-8").splitlines()
    table.write_text(
        "address,shares\n" + "\n".join(f"{r.split(',')[0]},1" for r in rows[1:5]) + "\n"
    )
    words = ("issue", str(table), "--tranche", "second", "--batch", "2", "--despite-rules")
    words += ("--account", f"safe:{safe.address}")
    started.says("authorise", "5004", *BASIS, "--yes")
    supply = started.deployment.token().total_supply()
    told = started.run(*words, "--json")
    assert told.code == 4, told
    [name] = json.loads(told.out)["files"]
    batch = json.loads(Path(name).read_text(encoding="utf-8"))
    first, second = batch["transactions"]
    safe.execute(first["to"], bytes.fromhex(first["data"][2:]), OWNERS[:2])
    left = started.run(*words, "--json")
    assert (left.code, len(json.loads(left.out)["pending"])) == (4, 1)
    safe.execute(second["to"], bytes.fromhex(second["data"][2:]), OWNERS[1:])
    done = started.facts(*words)
    assert (done["resumed"], started.deployment.token().total_supply()) == (True, supply + 4)


def test_an_effect_that_another_brought_is_enough(started, safe):
    """Never a status: somebody else has done what the step was to do."""
    words = ("freeze", "--wallet", WALLET, *BASIS, "--account", f"safe:{safe.address}")
    assert started.run(*words).code == 4
    agent = LocalSigner.of_test_account(5)
    started.says("agents", "add", agent.address)
    token = started.deployment.token()
    Operator(started.chain, agent).send_one("f", token.set_address_frozen(WALLET, True))
    assert started.run(*words).code == 0


def test_a_dry_run_of_a_safe_writes_nothing(started, safe):
    words = ("freeze", "--wallet", WALLET, *BASIS, "--account", f"safe:{safe.address}")
    files = sorted(started.folder.iterdir())
    facts = started.facts(*words, "--dry-run")
    assert len(facts["steps"]) == 1
    assert sorted(started.folder.iterdir()) == files


def test_unsigned_transactions_for_any_program_that_signs(started, safe, tmp_path):
    agent = LocalSigner.of_test_account(6)
    started.says("agents", "add", agent.address)
    out = tmp_path / "cold.json"
    words = ("freeze", "--wallet", WALLET, *BASIS, "--account", f"unsigned:{agent.address}")
    assert started.run(*words, "--to-sign", str(out)).code == 4
    cold = json.loads(out.read_text(encoding="utf-8"))
    assert (cold["from"], cold["chainId"]) == (agent.address, 31337)
    [one] = cold["transactions"]
    data = bytes.fromhex(one["data"][2:])
    Operator(started.chain, agent).send_one("cold", Call(one["to"], data, 0, "cold"))
    assert started.run(*words).code == 0


def test_a_step_that_expired_or_was_given_up_is_written_anew(started, safe):
    words = ("freeze", "--wallet", WALLET, *BASIS, "--account", f"safe:{safe.address}")
    told = json.loads(started.run(*words, "--expires", "+1h", "--json").out)
    assert len(told["files"]) == 1
    started.travel(started.chain.now() + 3_700)
    assert len(json.loads(started.run(*words, "--json").out)["files"]) == 1
    lines = (started.folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    notes = [json.loads(line) for line in lines]
    key = next(n["note"]["key"] for n in notes if n.get("note", {}).get("action") == "elsewhere")
    again = started.run(*words, "--abandon", key, "--json")
    assert (again.code, len(json.loads(again.out)["files"])) == (4, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("freeze", "--wallet", WALLET, *BASIS, "--account", "safe:0x12"), "is not an address"),
        (
            ("freeze", "--wallet", WALLET, *BASIS, "--account", "safe:0x" + "9" * 40),
            "is no agent",
        ),
    ],
)
def test_refusals(started, words, said):
    assert said in started.refuses(*words)


def test_what_anyone_may_send_is_no_work_for_a_safe(started, safe):
    started.close_record()
    rent = ("--currency", "ETH", "--amount", "0.1", "--kind", "rent")
    started.says("distribute", *rent)
    holder = Path(HOLDERS).read_text(encoding="utf-8").splitlines()[2].split(",")[0]
    said = started.refuses("claim", "--holder", holder, "--account", f"safe:{safe.address}")
    assert "anyone may send it (claim); use an account that signs here" in said

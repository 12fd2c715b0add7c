"""`plan`, `approve-plan`, `apply`: what was looked at is sent, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.deployments.deployment import open_journal
from prorata.deployments.planning import DATA_FEE_ORACLE, SIGNED_BYTES
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.amounts import units
from tests.assurance.faults.lines import refused as refused_by_node
from tests.assurance.faults.proxy import faulty_node
from tests.prorata.cli.opened import Commands, Ran, run

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
ANNE, BERT = (LocalSigner.of_test_account(number).address for number in (1, 2))
DEPLOYER = LocalSigner.of_test_account(0)


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    with Anvil() as node:
        yield node


@pytest.fixture
def fresh(anvil, tmp_path) -> Iterator[Commands]:
    """A chain on which nothing is deployed."""
    before = anvil.rpc("evm_snapshot")
    yield Commands(anvil, tmp_path / "CANAL8")
    assert anvil.rpc("evm_revert", before)


@pytest.fixture
def asset(tmp_path) -> Path:
    """The asset's file, to be edited."""
    text = (COMPLIANT / "asset.yaml").read_text()
    path = tmp_path / "asset.yaml"
    rules = COMPLIANT.parent / "packs" / "eu-149.yaml"
    path.write_text(text.replace("../packs/eu-149.yaml", str(rules)))
    return path


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "plan.json"


def nonce(commands: Commands) -> int:
    return commands.chain.nonce(DEPLOYER.address)


def planned(commands: Commands, asset: Path, path: Path, *words: str) -> dict:
    done = commands.run("plan", "--asset", str(asset), "-o", str(path), "--json", *words)
    assert done.code == 0, done.out + done.err
    assert json.loads(path.read_text()) == {
        k: v for k, v in json.loads(done.out).items() if k != "file"
    }
    return json.loads(done.out)


def refused(done: Ran) -> str:
    assert done.code == 1, done.out
    return " ".join(done.err.split()).removeprefix("✗ ")


# --------------------------------------------------------------------------------- plan, apply


def test_a_plan_sends_nothing_and_apply_sends_just_that(fresh, asset, path):
    plan = planned(fresh, asset, path)
    assert nonce(fresh) == 0
    assert not fresh.folder.exists()
    first = fresh.facts("apply", str(path))
    keys = [step["key"] for step in plan["binds"]["steps"]]
    assert [step["key"] for step in first["steps"]] == keys
    assert not any(step["resumed"] for step in first["steps"])
    assert nonce(fresh) == len(keys) == 6

    found = fresh.deployment
    predicted = {
        step["key"].removeprefix("deploy/"): step["address"]
        for step in plan["informs"]["steps"]
        if step["address"]
    }
    assert predicted == {name: c.address for name, c in found.manifest.contracts.items()}
    assert {step["grade"] for step in plan["informs"]["steps"]} == {"simulated"}
    sizes = [step["size"] for step in plan["informs"]["steps"] if step["size"]]
    assert sizes == [len(fresh.chain.code(address)) for address in predicted.values()]
    # What is given to a step is enough for it, and not much more.
    used = sum(contract.gas for contract in found.manifest.contracts.values())
    assert used < plan["informs"]["gas"] < 2 * used
    assert f"ShareToken: owner {DEPLOYER.address}" in plan["informs"]["roles_after"]
    assert plan["informs"]["roles_before"] == []


def test_a_second_apply_sends_nothing(fresh, asset, path):
    planned(fresh, asset, path)
    fresh.says("apply", str(path))
    before, manifest = nonce(fresh), (fresh.folder / "manifest.json").read_bytes()
    again = fresh.facts("apply", str(path))
    assert all(step["resumed"] for step in again["steps"])
    assert "Nothing was sent: the plan was applied before" in fresh.says("apply", str(path))
    assert (nonce(fresh), (fresh.folder / "manifest.json").read_bytes()) == (before, manifest)
    # Nor does the command without a plan.
    fresh.says("deploy", "--asset", str(asset))
    assert nonce(fresh) == before


def test_the_same_again_is_the_same_plan_but_for_its_time(fresh, asset, path):
    plans = [planned(fresh, asset, path)["binds"] for _ in range(2)]
    assert len({json.dumps({**binds, "expires": ""}) for binds in plans}) == 1


def test_a_person_reads_what_it_costs_and_whose_roles_change(fresh, asset, path):
    said = fresh.says("plan", "--asset", str(asset), "-o", str(path), "--max-fee", "5")
    for words in (
        "deploy ShareToken",
        "at most      ",
        "at 5 gwei a unit of gas",
        f"role comes   ShareToken: owner {DEPLOYER.address}",
        f"digest       {json.loads(path.read_text())['digest']}",
        f"The plan is {path}; nothing was sent",
    ):
        assert words in said


# ------------------------------------------------------------------------- every difference refused


def test_a_changed_argument_is_refused(fresh, asset, path):
    planned(fresh, asset, path)
    asset.write_text(asset.read_text().replace("Canal Quay 8\n", "Canal Quay 9\n"))
    said = refused(fresh.run("apply", str(path)))
    assert "deploy/ShareToken to a new contract" in said
    assert "was planned as deploy/ShareToken to a new contract" in said
    assert nonce(fresh) == 0


def test_a_setting_that_is_in_no_step_is_refused_too(fresh, asset, path):
    planned(fresh, asset, path)
    asset.write_text(asset.read_text().replace("5,000", "9,000"))
    assert refused(fresh.run("apply", str(path))).startswith("settings: ")
    assert nonce(fresh) == 0


def test_a_nonce_that_was_used_is_refused(fresh, asset, path):
    planned(fresh, asset, path)
    Operator(fresh.chain, DEPLOYER).send_one("other", Call(ANNE, b"", 1, "something else"))
    said = refused(fresh.run("apply", str(path)))
    assert 'nonce: "1" is not what was planned, 0; plan it again with `prorata plan`' in said
    assert nonce(fresh) == 1


def test_another_account_another_chain_and_other_bytecode_are_refused(
    fresh, asset, path, monkeypatch
):
    planned(fresh, asset, path)
    said = refused(fresh.run("apply", str(path), "--account", "TEST::1"))
    assert said.startswith(f'account: "{ANNE}" is not what was planned, {DEPLOYER.address}; ')
    with Anvil(chain_id=1337) as other:
        where = ("--network", other.url, "--deployment", str(fresh.folder))
        said = refused(run("apply", str(path), *where))
        assert 'chain: "1337" is not what was planned, 31337' in said
    from prorata.deployments import applying

    monkeypatch.setattr(applying, "artifacts_digest", lambda: "0xother")
    assert refused(fresh.run("apply", str(path))).startswith('contracts: "0xother" is not what')
    assert nonce(fresh) == 0


def test_a_plan_that_has_expired_is_refused_unless_it_was_begun(fresh, asset, path):
    planned(fresh, asset, path, "--for", "1h")
    fresh.travel(fresh.chain.now() + 3_700)
    assert refused(fresh.run("apply", str(path))).startswith("expires: ")
    assert nonce(fresh) == 0


def test_a_fee_over_the_cap_is_refused_and_nothing_is_offered_above_it(fresh, asset, path, anvil):
    planned(fresh, asset, path, "--max-fee", "3")
    anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(9 * 10**9))
    anvil.rpc("evm_mine")
    assert "gwei" in refused(fresh.run("apply", str(path)))
    assert nonce(fresh) == 0
    anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
    anvil.rpc("evm_mine")
    fresh.says("apply", str(path))
    prices = [c.gas_price for c in fresh.deployment.manifest.contracts.values()]
    assert max(prices) <= 3 * 10**9


def test_a_plan_file_that_was_changed_is_refused(fresh, asset, path):
    planned(fresh, asset, path)
    path.write_text(path.read_text().replace('"most_fee": "', '"most_fee": "9'))
    assert "was changed since it was written" in refused(fresh.run("apply", str(path)))


def test_what_cannot_be_done_is_no_plan(fresh, asset, path, anvil):
    anvil.rpc("anvil_setBalance", DEPLOYER.address, "0x1")
    said = refused(fresh.run("plan", "--asset", str(asset), "-o", str(path)))
    assert "and this may cost up to" in said
    assert not path.exists()


def test_an_account_that_signs_elsewhere_plans_nothing(fresh, asset, path):
    """Its own files are what is looked at and signed by several."""
    who = ("--account", f"safe:{ANNE}")
    said = refused(fresh.run("plan", "--asset", str(asset), "-o", str(path), *who))
    assert "signs elsewhere, and a plan is applied by an account that signs here" in said
    planned(fresh, asset, path)
    assert "signs elsewhere" in refused(fresh.run("apply", str(path), *who))
    assert nonce(fresh) == 0


# --------------------------------------------------------------------------------- other commands


@pytest.fixture
def deployed(fresh, asset) -> Commands:
    fresh.says("deploy", "--asset", str(asset))
    fresh.says("register", str(COMPLIANT / "investors.csv"))
    return fresh


def test_any_command_that_sends_can_be_planned(deployed, path, tmp_path):
    words = ("issue", str(COMPLIANT / "holders.csv"))
    before = nonce(deployed)
    done = run("plan", "-o", str(path), "--network", deployed.anvil.url, "--deployment",
               str(deployed.folder), "--json", "--", *words)  # fmt: skip
    assert done.code == 0, done.err
    plan = json.loads(done.out)
    assert (nonce(deployed), plan["binds"]["before"]["supply"]) == (before, "0")
    applied = deployed.facts("apply", str(path))
    assert applied["command"]["shares"]["text"] == "5,000"
    assert deployed.deployment.token().total_supply() == 5_000
    # Whoever runs the command without a plan finds what the plan has done.
    sent = nonce(deployed)
    deployed.says(*words)
    assert nonce(deployed) == sent


def test_what_changed_since_the_plan_is_named(deployed, path):
    where = ("--network", deployed.anvil.url, "--deployment", str(deployed.folder))
    words = ("agents", "add", ANNE)
    assert run("plan", "-o", str(path), *where, "--", *words).code == 0
    deployed.says("agents", "add", BERT)
    said = refused(deployed.run("apply", str(path)))
    assert said.startswith(f'roles: "ShareToken: agent {BERT}" was not there when it was planned; ')


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("captable",), 'command: "captable" sends nothing; plan one that does, such as deploy'),
        ((), 'command: "" is missing; give --asset, or a command that sends after --'),
        (("pause", "--dry-run", "--reason", "x", "--document", "y"),
         'command: "--dry-run" is not for the planned command; give it before the --'),
    ],
)  # fmt: skip
def test_what_is_no_plan_is_refused(deployed, path, words, sentence):
    where = ("--network", deployed.anvil.url, "--deployment", str(deployed.folder))
    done = run("plan", "-o", str(path), *where, "--", *words)
    assert refused(done).rstrip(".") == sentence


# -------------------------------------------------------------------------------------- approvals


def test_where_the_asset_asks_two_must_sign_and_the_proposer_is_none_of_them(fresh, asset, path):
    people = ", ".join(f'"{who}"' for who in (ANNE, BERT, DEPLOYER.address))
    with asset.open("a") as opened:
        opened.write(f"approvers: {{need: 2, of: [{people}]}}\n")
    assert refused(fresh.run("deploy", "--asset", str(asset))).startswith('approvers: "2" of 3')
    planned(fresh, asset, path)
    words = "of the 2 approvals that the asset asks for are there"
    assert words in refused(fresh.run("apply", str(path)))
    assert "proposed the plan itself" in refused(fresh.run("approve-plan", str(path)))
    assert fresh.run("approve-plan", str(path), "--account", "TEST::1").code == 0
    assert words in refused(fresh.run("apply", str(path)))
    assert fresh.run("approve-plan", str(path), "--account", "TEST::3").code == 0
    assert words in refused(fresh.run("apply", str(path)))
    assert nonce(fresh) == 0
    assert fresh.run("approve-plan", str(path), "--account", "TEST::2").code == 0
    applied = fresh.facts("apply", str(path))
    assert applied["approvals"] == [ANNE, BERT]
    assert fresh.deployment.settings.approvers.need == 2

    # Other approvers need the approval of the present ones.
    text = asset.read_text().replace("need: 2", "need: 1")
    asset.write_text(text)
    assert "let 2 of the present approvers sign" in refused(
        fresh.run("deploy", "--asset", str(asset), "--yes")
    )
    second = path.with_name("second.json")
    plan = planned(fresh, asset, second)
    assert (plan["binds"]["steps"], plan["informs"]["settings"][0]["field"]) == ([], "approvers")
    assert words in refused(fresh.run("apply", str(second)))
    for number in (1, 2):
        fresh.run("approve-plan", str(second), "--account", f"TEST::{number}")
    fresh.says("apply", str(second))
    assert fresh.deployment.settings.approvers.need == 1


def test_where_approvers_sign_nothing_that_cannot_be_undone_is_sent_without_a_plan(
    deployed, asset, path
):
    with asset.open("a") as opened:
        opened.write(f'approvers: {{need: 1, of: ["{ANNE}"]}}\n')
    deployed.says("deploy", "--asset", str(asset), "--yes")
    why = ("--reason", "Order of a court", "--document", f"0x{'ab' * 32}")
    words = ("freeze", "--wallet", BERT, *why)
    before = nonce(deployed)
    assert refused(deployed.run(*words)).startswith('approvers: "1" of 1 must approve')
    # Looking is free, and so is what can be undone.
    assert deployed.run(*words, "--dry-run").code == 0
    assert nonce(deployed) == before
    where = ("--network", deployed.anvil.url, "--deployment", str(deployed.folder))
    assert run("plan", "-o", str(path), *where, "--", *words).code == 0
    assert deployed.run("approve-plan", str(path), "--account", "TEST::1").code == 0
    deployed.says("apply", str(path))
    assert deployed.deployment.token().is_frozen(BERT)
    assert refused(deployed.run("authorise", "9,000", *why)).startswith('approvers: "1" of 1')


# ------------------------------------------------------------------------------------ other chains


def test_plans_for_two_chains_have_the_same_addresses(fresh, asset, path, tmp_path):
    """By CREATE2, whatever the account has sent on the second chain."""
    with asset.open("a") as opened:
        opened.write("deterministic: true\nid: 7b0c3ad0-6a3b-4b9a-9a57-3f2f1f9c8f10\n")
    first = planned(fresh, asset, path)
    with Anvil(chain_id=1337) as other:
        second = Commands(other, tmp_path / "second" / "CANAL8")
        Operator(second.chain, DEPLOYER).send_one("other", Call(ANNE, b"", 1, "something else"))
        elsewhere = planned(second, asset, path.with_name("second.json"))
        second.says("apply", str(path.with_name("second.json")))
        there = {c.address for c in second.deployment.manifest.contracts.values()}
    fresh.says("apply", str(path))
    here = {c.address for c in fresh.deployment.manifest.contracts.values()}
    planned_here, planned_there = (
        {step["address"] for step in plan["informs"]["steps"] if step["address"]}
        for plan in (first, elsewhere)
    )
    assert here == there == planned_here == planned_there
    assert len(here) == 4
    assert first["digest"] != elsewhere["digest"]


def test_a_node_that_does_not_simulate_gives_a_plan_that_cannot_be_applied(
    fresh, asset, path, anvil
):
    """Exit code 5: its first steps were called alone, and nobody knows what would follow."""
    with faulty_node(anvil.url) as node:
        node.arm(
            refused_by_node(-32601, "the method eth_simulateV1 does not exist"),
            times=10_000,
            among=lambda exchange: "eth_simulateV1" in exchange.methods,
        )
        where = ("--network", node.url, "--deployment", str(fresh.folder))
        done = run("plan", "--asset", str(asset), "-o", str(path), "--json", *where)
    assert done.code == 5, done.err
    plan = json.loads(done.out)
    assert plan["binds"]["complete"] is False
    assert {step["grade"] for step in plan["informs"]["steps"]} == {"called alone"}
    said = refused(fresh.run("apply", str(path)))
    assert "was not simulated to its end; plan it with a node that simulates" in said
    assert nonce(fresh) == 0


def test_a_rollup_asks_for_data_too(fresh, asset, path, anvil):
    """Its oracle is asked for each step's bytes; here it wants a thousand wei for a byte."""
    # CALLDATALOAD of the size behind the selector, times 1,000.
    anvil.rpc("anvil_setCode", DATA_FEE_ORACLE, "0x6004356103e80260005260206000f3")
    plan = planned(fresh, asset, path)
    data = {step["key"]: step for step in plan["informs"]["steps"]}
    assert len(data) == 6
    fresh.says("apply", str(path))
    sent = [fresh.chain.request("eth_getTransactionByHash", step["transaction"])
            for step in fresh.facts("apply", str(path))["steps"]]  # fmt: skip
    sizes = [len(bytes.fromhex(one["input"][2:])) + SIGNED_BYTES for one in sent]
    assert units(plan["informs"]["data_fee"]) == 1_000 * sum(sizes)
    # The room for what is signed is enough.
    raw = [len(read_raw(fresh, one["hash"])) for one in sent]
    assert all(size >= whole for size, whole in zip(sizes, raw, strict=True))
    binds, informs = plan["binds"], plan["informs"]
    gas = informs["gas"] * int(binds["most_fee"])
    assert int(binds["most_total"]) == gas + 2 * units(informs["data_fee"])


def read_raw(commands: Commands, hashed: str) -> bytes:
    with open_journal(commands.chain, commands.folder, read_only=True) as journal:
        return next(entry.raw for entry in journal.entries if entry.hash == hashed)

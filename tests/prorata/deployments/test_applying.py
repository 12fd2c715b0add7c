"""What is planned is sent, and nothing else: every difference is named."""

from __future__ import annotations

import pytest

from prorata.chain.calls import Call
from prorata.chain.steps import Intent
from prorata.deployments.applying import Gate, check_place, compare_plan
from prorata.deployments.plans import Plan, planned_step
from prorata.deployments.preconditions import artifacts_digest, read_preconditions
from prorata.errors import InputError
from tests.prorata.deployments.test_plans import binding

FIRST, SECOND = Call(None, b"first", 0, "deploy one"), Call(None, b"second", 0, "deploy two")
STEPS = (planned_step("deploy/One", FIRST), planned_step("deploy/Two", SECOND))
BEFORE = {"deployed": False, "nonce": 3}


@pytest.fixture
def plan() -> Plan:
    return Plan.of(binding(steps=STEPS, before=BEFORE), {})


def refusal(call, *arguments) -> str:
    with pytest.raises(InputError) as refused:
        call(*arguments)
    return str(refused.value)


# ----------------------------------------------------------------------------------- the comparison


def test_what_is_as_planned_passes(plan):
    compare_plan(plan, STEPS, BEFORE, "0xcc", set())


def test_what_is_left_of_a_plan_passes(plan):
    """One step is done: the nonce is one more, and what the chain says is not compared again."""
    compare_plan(plan, STEPS[1:], {"deployed": True, "nonce": 4}, "0xcc", {"deploy/One"})
    compare_plan(plan, (), {"deployed": True, "nonce": 5}, "0xcc", {"deploy/One", "deploy/Two"})


def test_a_changed_argument_is_named(plan):
    changed = planned_step("deploy/Two", Call(None, b"other", 0, "deploy two"))
    assert refusal(compare_plan, plan, (STEPS[0], changed), BEFORE, "0xcc", set()) == (
        f'step: "{changed.words}" was planned as {STEPS[1].words}; plan it again with '
        "`prorata plan`"
    )


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (STEPS[:1], '"deploy/Two" is planned, and would not be sent now'),
        ((*STEPS, planned_step("more", FIRST)), "would be sent now, and is not planned"),
        (STEPS[::-1], '"deploy/Two, deploy/One" are in another order'),
    ],
)
def test_a_step_that_is_gone_or_new_or_elsewhere_is_named(plan, steps, words):
    assert words in refusal(compare_plan, plan, steps, BEFORE, "0xcc", set())


def test_a_nonce_that_was_used_is_named(plan):
    assert refusal(compare_plan, plan, STEPS, {**BEFORE, "nonce": 4}, "0xcc", set()) == (
        'nonce: "4" is not what was planned, 3; plan it again with `prorata plan`'
    )


def test_roles_that_changed_are_named(plan):
    before = {**BEFORE, "roles": ["ShareToken: owner 0xaa"]}
    planned = Plan.of(binding(steps=STEPS, before=before), {})
    now = {**BEFORE, "roles": ["ShareToken: owner 0xbb"]}
    assert refusal(compare_plan, planned, STEPS, now, "0xcc", set()).splitlines()[1:] == [
        (
            '  roles: "ShareToken: owner 0xbb" was not there when it was planned; plan it again '
            "with `prorata plan`"
        ),
        (
            '  roles: "ShareToken: owner 0xaa" was there when it was planned, and is gone; plan it '
            "again with `prorata plan`"
        ),
    ]


def test_what_is_done_is_done_whatever_the_account_has_sent_since(plan):
    later = {"deployed": True, "nonce": 17}
    compare_plan(plan, (), later, "0xcc", {"deploy/One", "deploy/Two"})
    assert 'nonce: "17" is not what was planned, 4' in refusal(
        compare_plan, plan, STEPS[1:], later, "0xcc", {"deploy/One"}
    )


def test_a_file_that_was_edited_meanwhile_is_named(plan):
    assert refusal(compare_plan, plan, STEPS, BEFORE, "0xcd", set()) == (
        'settings: "0xcd" is not what was planned, 0xcc; plan it again with `prorata plan`'
    )


def test_another_chain_account_or_bytecode_is_named(chain, issuer):
    here = {
        "chain_id": chain.chain_id,
        "genesis": chain.genesis_hash,
        "signer": issuer.address,
        "artifacts": artifacts_digest(),
    }
    check_place(Plan.of(binding(**here), {}), chain, issuer.address)
    for name, column in (
        ("chain_id", "chain"), ("genesis", "genesis"), ("signer", "account"),
        ("artifacts", "contracts"),
    ):  # fmt: skip
        other = {**here, name: 1 if name == "chain_id" else "0xother"}
        said = refusal(check_place, Plan.of(binding(**other), {}), chain, issuer.address)
        assert said.startswith(f'{column}: "{here[name]}" is not what was planned, {other[name]}; ')


# --------------------------------------------------------------------------------------- the gate


def test_the_gate_lets_through_what_is_planned_and_nothing_else(plan):
    gate = Gate(plan)
    gate([Intent("deploy/One", FIRST), Intent("deploy/Two", SECOND)])
    gate([Intent("deploy/Two", SECOND)])
    assert refusal(gate, [Intent("deploy/Three", FIRST)]) == (
        'step: "deploy/Three" is not in the plan; plan it again with `prorata plan`'
    )
    assert "was planned as deploy/One to a new contract" in refusal(
        gate, [Intent("deploy/One", SECOND)]
    )


# ------------------------------------------------------------------------------------ preconditions


def test_preconditions_are_what_the_chain_says(found, operator, folder, tmp_path):
    assert read_preconditions(operator.chain, tmp_path / "nothing") == {"deployed": False}
    before = read_preconditions(operator.chain, folder)
    assert (before["supply"], before["records"]) == ("0", 0)
    assert f"ShareToken: owner {operator.address}" in before["roles"]
    operator.send_one("mint", found.token().mint(operator.address, 5))
    after = read_preconditions(operator.chain, folder)
    assert {name for name in after if after[name] != before[name]} == {"supply"}

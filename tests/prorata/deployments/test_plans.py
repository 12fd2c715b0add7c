"""A plan's digest, its time, and who has approved it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.asset import Approvers
from prorata.chain.calls import Call
from prorata.chain.signers import LocalSigner
from prorata.deployments.plans import Approval, Approvals, Binding, Plan, planned_step
from prorata.errors import InputError

PROPOSER, ANNE, BERT, CARL = (LocalSigner.of_test_account(number) for number in range(4))
TWO = Approvers(need=2, of=(ANNE.address, BERT.address, PROPOSER.address))


def binding(**changes) -> Binding:
    return Binding(
        **{
            "chain_id": 1,
            "genesis": "0xaa",
            "signer": PROPOSER.address,
            "command": ("deploy", "--asset", "asset.yaml"),
            "steps": (planned_step("deploy/DividendVault", Call(None, b"code", 0, "deploy")),),
            "before": {"nonce": 3},
            "settings": "0xcc",
            "complete": True,
            "artifacts": "0xbb",
            "expires": "2027-03-31T23:59:59Z",
            "most_fee": "100",
            "most_total": "1000",
            **changes,
        }
    )


@pytest.fixture
def plan() -> Plan:
    return Plan.of(binding(), {"cost": "12"})


@pytest.fixture
def path(tmp_path, plan):
    plan.write(tmp_path / "plan.json")
    return tmp_path / "plan.json"


def test_what_is_written_is_read_back(plan, path):
    assert Plan.load(path) == plan
    assert plan.digest == "0x" + plan.digest[2:].lower()


def test_a_step_is_its_receiver_its_value_and_the_hash_of_its_data():
    step = planned_step("pause/0", Call(ANNE.address.lower(), b"", 7, "stop"))
    assert step.model_dump() == {
        "key": "pause/0",
        "to": ANNE.address,
        "value": "7",
        # Keccak of nothing.
        "data": "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": 2}, {"genesis": "0xab"}, {"signer": ANNE.address}, {"command": ("issue",)},
        {"steps": ()}, {"before": {"nonce": 4}}, {"artifacts": "0xbc"},
        {"settings": "0xcd"}, {"complete": False},
        {"expires": "2027-04-01T00:00:00Z"}, {"most_fee": "101"}, {"most_total": "1001"},
    ],
)  # fmt: skip
def test_the_digest_binds_everything_that_was_agreed_to(plan, change):
    assert binding(**change).digest != plan.digest


@given(st.dictionaries(st.text(), st.integers() | st.text()))
def test_what_only_informs_does_not_change_the_digest(facts):
    assert Plan.of(binding(), facts).digest == binding().digest


def test_a_plan_that_was_changed_is_refused(path):
    content = json.loads(path.read_text())
    content["binds"]["most_fee"] = "999"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"was changed since it was written: its digest is 0x"):
        Plan.load(path)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{", 'plan: "{path}" is no JSON; give a file of `prorata plan`'),
        ("{}", "3 problems in {path}"),
    ],
)
def test_what_is_no_plan_is_refused(path, text, rule):
    path.write_text(text)
    with pytest.raises(InputError) as refusal:
        Plan.load(path)
    assert str(refusal.value).startswith(rule.replace("{path}", str(path)))


def test_a_plan_holds_until_its_last_second(plan):
    plan.check_time(1_806_537_599)
    with pytest.raises(InputError) as refusal:
        plan.check_time(1_806_537_600)
    assert str(refusal.value) == (
        'expires: "2027-03-31T23:59:59Z" has passed, and the chain\'s time is '
        "2027-04-01T00:00:00Z; plan it again with `prorata plan`"
    )


# ------------------------------------------------------------------------------------- approvals


def approved(path, plan, *signers) -> Approvals:
    approvals = Approvals.beside(path)
    for signer in signers:
        approvals = approvals.with_one(Approval.sign(plan, signer))
    approvals.write()
    return Approvals.beside(path)


def test_two_of_those_listed_are_enough(path, plan):
    approvals = approved(path, plan, ANNE, BERT)
    assert approvals.valid(plan, TWO) == (ANNE.address, BERT.address)
    approvals.require(plan, TWO)
    approvals.require(plan, None)


@pytest.mark.parametrize(
    "signers",
    [(), (ANNE,), (ANNE, ANNE), (ANNE, CARL), (ANNE, PROPOSER)],
    ids=["nobody", "one", "one twice", "a stranger", "the proposer"],
)
def test_fewer_are_not_whoever_else_signs(path, plan, signers):
    with pytest.raises(InputError, match=r"of the 2 approvals that the asset asks for are there"):
        approved(path, plan, *signers).require(plan, TWO)


def test_a_signature_is_for_one_plan_only(path, plan):
    other = Plan.of(binding(most_total="2000"), {})
    approvals = approved(path, plan, ANNE, BERT)
    assert approvals.valid(other, TWO) == ()
    # Nor does writing another digest beside it help.
    forged = approvals.given[0].model_copy(update={"digest": other.digest})
    assert not forged.is_of(other)


@pytest.mark.parametrize("signature", ["", "0x", "0x00", "0x" + "11" * 65])
def test_a_signature_that_is_none_counts_for_nothing(plan, signature):
    assert not Approval(approver=ANNE.address, digest=plan.digest, signature=signature).is_of(plan)


def test_a_signature_of_somebody_else_counts_for_nothing(plan):
    signed = Approval.sign(plan, BERT).model_copy(update={"approver": ANNE.address})
    assert not signed.is_of(plan)

"""`handover`: grant, verify, offer, give up; and what the chain says in the end."""

from __future__ import annotations

import json

import pytest

from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.deployments.control import look_at
from tests.prorata.cli.opened import Commands, run

RECEIVER = LocalSigner.of_test_account(1)
TO = RECEIVER.address
OTHER = LocalSigner.of_test_account(2).address


def handed(commands: Commands, *words: str) -> tuple[int, dict]:
    done = commands.run("handover", "--to", TO, *words, "--json")
    return done.code, json.loads(done.out)


def accept(commands: Commands) -> None:
    """As the receiver: from another machine, with a journal of its own or none."""
    operator = Operator(commands.chain, RECEIVER)
    for contract in (commands.deployment.token(), commands.deployment.registry()):
        operator.send_one(f"accept/{contract.address}", contract.accept_ownership())


def test_an_asset_is_handed_over_and_the_deployer_holds_no_role(started):
    code, first = handed(started)
    token, registry = started.deployment.token(), started.deployment.registry()
    assert code == 4
    assert [one["change"].split(" 0x")[0] for one in first["changes"]] == [
        "add agent",
        "offer the ownership to",
        "remove agent",
        "add registrar",
        "offer the register to",
        "remove registrar",
    ]
    assert [(one["role"], one["called"]) for one in first["left"]] == [
        ("owner", "the token CANAL8"),
        ("owner", f"the register {registry.address}"),
    ]
    assert first["left"][0]["accept"] == {"to": token.address, "data": "0x79ba5097"}
    for contract in (token, registry):
        assert (contract.pending_owner(), contract.is_agent(TO)) == (TO, True)
        assert not contract.is_agent(started.deployment.manifest.deployer)

    before = started.sent
    code, again = handed(started)
    assert (code, again["changes"], started.sent) == (4, [], before)

    accept(started)
    done = started.run("handover", "--to", TO)
    assert done.code == 0
    assert f"The deployer holds no role: {TO}" in done.out
    code, last = handed(started)
    assert (code, last["done"], last["left"], started.sent) == (0, True, [], before)
    # What was handed over as it was meant is no drift.
    assert started.run("drift").code == 0


def test_a_key_as_receiver_is_pointed_out(started):
    done = started.run("handover", "--to", TO)
    said = " ".join(done.err.split())
    assert f"{TO} is an account with a single key, or a multisig that is not on" in said


def test_a_dry_run_shows_every_step_and_sends_none(started):
    before = started.sent
    done = started.facts("handover", "--to", TO, "--dry-run")
    assert [step["label"].split(" 0x")[0] for step in done["steps"]] == [
        "add agent",
        "offer the ownership to",
        "remove agent",
        "add registrar",
        "offer the register to",
        "remove registrar",
    ]
    assert started.sent == before
    bare = run("handover", "--to", TO, "--network", started.anvil.url,
               "--deployment", str(started.folder))  # fmt: skip
    assert (bare.code, started.sent) == (1, before)
    assert "there is nobody to ask" in bare.err


def test_a_run_that_was_interrupted_goes_on(started, monkeypatch):
    """After each step; nothing is sent twice, and the end is the same."""
    from prorata.deployments import handover

    sent = started.sent
    for number in range(1, 6):
        true, left = handover.offer_ownership, [number]

        def limited(*arguments, true=true, left=left):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return true(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(handover, "offer_ownership", limited)
            started.run("handover", "--to", TO)
    code, _ = handed(started)
    assert (code, started.sent - sent) == (4, 6)


def test_what_others_have_to_do_is_said(started):
    """An agent who is not the owner cannot give its role up."""
    started.says("ownership", "offer", "--to", OTHER)
    other = Operator(started.chain, LocalSigner.of_test_account(2))
    other.send_one("accept", started.deployment.token().accept_ownership())
    code, done = handed(started)
    assert code == 4
    assert ("agent", OTHER) in [(one["role"], one["owner"]) for one in done["left"]]
    said = started.run("handover", "--to", TO).out
    assert "prorata agents remove" in " ".join(said.split())


def test_the_giver_is_no_receiver(started):
    giver = started.deployment.manifest.deployer
    assert started.refuses("handover", "--to", giver) == (
        f'to: "{giver}" is the account that gives; name who is to have the asset'
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [("0x00", "a contract"), ("0x", "an account with a single key")],
)
def test_what_stands_at_an_address_is_looked_at(started, code, words):
    place = "0x" + "77" * 20
    started.anvil.rpc("anvil_setCode", place, code)
    assert look_at(started.chain, place).words.startswith(words)

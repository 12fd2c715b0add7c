"""Consent: asked at a terminal, given by a digest, and kept to when the chain moves on."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from prorata.chain.calls import Call
from prorata.chain.rehearsal import Rehearsal, RehearsedChain
from prorata.cli.consent import keep_to
from prorata.cli.stage import Stage
from prorata.errors import InputError
from prorata.register.captable import read_csv
from tests.prorata.cli.conftest import COMPLIANT

WALLET = read_csv(COMPLIANT / "holders.csv", authorised=5_000).holdings[1].address
BASIS = ("--reason", "Order 12/2027 of a court", "--document", "0x" + "ab" * 32)
HOLDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
FREEZE = ("freeze", "--wallet", WALLET, *BASIS)


def typed(commands, answer: str) -> tuple[int, str]:
    """Run the command at a terminal, and answer its question."""
    ours, theirs = pty.openpty()
    words = [*FREEZE, "--network", commands.anvil.url, "--deployment", str(commands.folder)]
    with subprocess.Popen(
        [sys.executable, "-m", "prorata", *words],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        said = process.communicate(timeout=60)[0].decode()
    os.close(ours)
    return process.returncode, said


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1), ("", 1)])
def test_a_person_at_a_terminal_is_shown_the_steps_and_asked(started, answer, code):
    before = started.sent
    ended, said = typed(started, answer)
    assert ended == code, said
    assert "Would be sent" in said
    assert "digest" in said
    assert "Send? It cannot be undone [y/N]" in said
    assert started.deployment.token().is_frozen(WALLET) is (answer == "y")
    assert started.sent == before + (answer == "y")


def test_who_has_nothing_left_to_send_is_not_asked(started):
    started.says(*FREEZE)
    ended, said = typed(started, "")
    assert (ended, "Send?" in said) == (0, False), said
    assert "sent before" in said


def test_a_digest_is_of_this_chain_signer_and_content(started):
    shown = started.facts(*FREEZE, "--dry-run")
    assert shown["simulated"] == "simulated"
    [step] = shown["steps"]
    assert step["label"].startswith("freeze")
    other = started.facts("freeze", "--wallet", HOLDER, *BASIS, "--dry-run")
    assert other["digest"] != shown["digest"]
    said = started.refuses(*FREEZE, "--confirm", other["digest"])
    assert said == (
        f'confirm: "{other["digest"]}" is not the digest of what would be sent now, which is '
        f"{shown['digest']}; look at it again with --dry-run"
    )
    done = started.facts(*FREEZE, "--confirm", shown["digest"])
    assert done["resumed"] is False


# ------------------------------------------------------------------------- what was agreed to


def staged(operator, *values: int) -> Stage:
    """A stage on which each value was paid."""
    rehearsal = Rehearsal(RehearsedChain(operator.chain), operator.signer, operator.journal)
    for number, value in enumerate(values):
        rehearsal.send_one(f"pay/{number}", paying(value))
    stage = Stage(quiet=True)
    stage.add(rehearsal)
    return stage


def paying(value: int) -> Call:
    return Call(HOLDER, b"", value, "pay")


def test_what_was_agreed_to_is_sent_and_nothing_else(operator):
    operator.send_one("before", paying(7))
    stage = staged(operator, 1, 2)
    keep_to(stage, operator)
    nonce = operator.chain.nonce(operator.address)
    operator.send_one("pay/0", paying(1))
    assert operator.send_one("before", paying(7)).resumed
    with pytest.raises(InputError, match='"pay" is not what was shown under its name'):
        operator.send_one("pay/1", paying(3))
    with pytest.raises(InputError, match='"pay" was not shown'):
        operator.send_one("pay/2", paying(2))
    assert operator.chain.nonce(operator.address) == nonce + 1
    operator.send_one("pay/1", paying(2))

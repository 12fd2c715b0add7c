"""An asset is handed over to a Safe, of its published bytecode, which accepts with two of three."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prorata.deployments.control import look_at
from tests.prorata.cli.safe import OWNERS, Safe

pytestmark = pytest.mark.slow


def test_a_safe_accepts_what_it_is_offered_and_the_deployer_holds_no_role(started):
    safe = Safe(started.chain)
    receiver = look_at(started.chain, safe.address)
    assert (receiver.threshold, set(receiver.owners)) == (2, {one.address for one in OWNERS})

    first = started.run("handover", "--to", safe.address, "--json")
    assert first.code == 4
    told = json.loads(first.out)
    assert told["receiver"]["is"] == "a Safe, of whose 3 owners 2 sign"
    # The same calls as a file of transactions for the Safe.
    written = started.run("ownership", "accept", "--account", f"safe:{safe.address}", "--json")
    assert written.code == 4, written.err
    [file] = json.loads(written.out)["files"]
    [call] = json.loads(Path(file).read_text())["transactions"]
    assert {name: call[name] for name in ("to", "data")} == told["left"][0]["accept"]

    for one in told["left"]:
        safe.execute(one["accept"]["to"], bytes.fromhex(one["accept"]["data"][2:]), OWNERS[:2])

    last = started.run("handover", "--to", safe.address)
    assert last.code == 0, last.err
    assert f"The deployer holds no role: {safe.address}, a Safe" in last.out
    for contract in (started.deployment.token(), started.deployment.registry()):
        assert (contract.owner(), contract.is_agent(safe.address)) == (safe.address, True)

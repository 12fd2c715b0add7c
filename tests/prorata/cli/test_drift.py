"""`drift`: a table, an exit code, and the transaction behind each difference."""

from __future__ import annotations

import json

from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner


def test_no_drift_is_exit_code_0(started):
    done = started.run("drift")
    assert done.code == 0
    assert "The chain is as the manifest and the journal say." in done.out
    facts = started.facts("drift")
    assert (facts["drift"], facts["drifts"]) == (False, [])
    assert set(facts["checked"]) == {
        "code", "owner", "pending owner", "agents", "rules", "registry", "pause", "documents",
    }  # fmt: skip


def test_what_our_own_commands_changed_is_none(started):
    started.says("settings", "name", "Canal Quay 9")
    started.says("settings", "symbol", "CANAL9")
    started.says("documents", "set", "terms", "--uri", "https://example.org/terms.pdf")
    assert started.facts("drift")["drifts"] == []


def test_drift_is_exit_code_3_and_names_the_transaction(started):
    stranger = Operator(started.chain, LocalSigner.of_test_account(0))
    receipt = stranger.send_one("pause", started.deployment.token().pause())
    done = started.run("drift")
    assert done.code == 3
    assert f"since       {receipt.hash} in block {receipt.mined.block_number}" in done.out
    told = started.run("drift", "--json")
    assert told.code == 3
    [drift] = json.loads(told.out)["drifts"]
    assert drift == {
        "kind": "pause",
        "contract": "ShareToken",
        "expected": "transfers go on",
        "found": "transfers are stopped",
        "transaction": receipt.hash,
        "block": receipt.mined.block_number,
    }


def test_changed_code_is_drift_and_no_refusal(started):
    started.anvil.rpc("anvil_setCode", started.deployment.vault().address, "0x00")
    told = started.run("drift", "--json")
    assert told.code == 3
    [drift] = json.loads(told.out)["drifts"]
    assert (drift["kind"], drift["contract"]) == ("code", "DividendVault")

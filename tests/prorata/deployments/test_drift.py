"""Drift: one transaction of somebody else for each kind, and each is found."""

from __future__ import annotations

import pytest

from prorata.assets.asset import Asset
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.contracts.base import NATIVE
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment
from prorata.deployments.drift import DriftKind, DriftReport, find_drift, known_transactions
from prorata.errors import DeploymentError
from prorata.toolchain.paths import PROJECT_ROOT

OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
TERMS = b"terms".ljust(32, b"\0")


@pytest.fixture
def asset(operator, folder) -> Deployment:
    """An asset with a register and rules, whose journal nobody has open any more."""
    path = PROJECT_ROOT / "examples" / "compliant" / "asset.yaml"
    found = deploy(operator, Asset.load(path), folder)
    operator.journal.close()
    return found


@pytest.fixture
def stranger(chain, issuer) -> Operator:
    """The owner's key, used without this folder's journal."""
    return Operator(chain, issuer)


def report(found: Deployment) -> DriftReport:
    return find_drift(found, known_transactions(found))


def kinds(found: Deployment) -> dict[DriftKind, int]:
    done = report(found)
    return {kind: len(done.of(kind)) for kind in DriftKind if done.of(kind)}


def test_a_deployment_that_nobody_touched_has_no_drift(asset):
    done = report(asset)
    assert done.drifts == ()
    assert all(done.checked[kind] for kind in DriftKind)


def test_what_the_journal_has_done_is_no_drift(found, operator):
    token = found.token()
    operator.send_one("test/add", token.add_agent(OTHER))
    operator.send_one("test/pause", token.pause())
    operator.send_one("test/document", token.set_document(TERMS, "ipfs://terms", b"\1" * 32))
    operator.send_one("test/offer", token.transfer_ownership(OTHER))
    operator.journal.close()
    assert kinds(found) == {}


# ----------------------------------------------------------------------------- one for each kind


@pytest.mark.parametrize("code", ["0x", "0x00"])
def test_other_code_is_found_and_that_contract_is_not_asked_for_more(anvil, asset, folder, code):
    anvil.rpc("anvil_setCode", asset.token().address, code)
    done = report(Deployment.unchecked(asset.chain, folder))
    [drift] = done.drifts
    assert (drift.kind, drift.contract) == (DriftKind.CODE, "ShareToken")
    assert drift.expected == asset.manifest.contracts["ShareToken"].code_hash
    assert done.checked[DriftKind.PAUSE] == 0
    with pytest.raises(DeploymentError):
        Deployment.open(asset.chain, folder)


def one_of(found: Deployment, kind: DriftKind, expected: str, now: str, contract="ShareToken"):
    [drift] = report(found).drifts
    assert (drift.kind, drift.contract) == (kind, contract)
    assert (drift.expected, drift.found) == (expected, now)
    assert drift.block == found.chain.block().number
    assert drift.transaction not in known_transactions(found)


def test_another_owner_is_found(asset, stranger):
    """Offered and accepted by others: the offer alone would be a drift of the pending owner."""
    other, owner = Operator(asset.chain, LocalSigner.of_test_account(1)), stranger.address
    stranger.send_one("offer", asset.token().transfer_ownership(OTHER))
    other.send_one("accept", asset.token().accept_ownership())
    one_of(asset, DriftKind.OWNER, owner, OTHER)


def test_another_pending_owner_is_found(asset, stranger):
    stranger.send_one("offer", asset.registry().transfer_ownership(OTHER))
    one_of(asset, DriftKind.PENDING_OWNER, "nobody", OTHER, "InvestorRegistry")


def test_another_agent_is_found(asset, stranger):
    stranger.send_one("add", asset.token().add_agent(OTHER))
    one_of(asset, DriftKind.AGENTS, f"{OTHER} is no agent", f"{OTHER} is agent")


def test_an_agent_who_is_gone_is_found(asset, stranger):
    ours = stranger.address
    stranger.send_one("remove", asset.token().remove_agent(ours))
    one_of(asset, DriftKind.AGENTS, f"{ours} is agent", f"{ours} is no agent")


def test_other_rules_are_found(asset, stranger):
    stranger.send_one("rules", asset.token().set_compliance(NATIVE))
    one_of(asset, DriftKind.RULES, asset.manifest.contracts["TransferRules"].address, "nobody")


def test_another_registry_is_found(asset, stranger):
    stranger.send_one("registry", asset.token().set_identity_registry(NATIVE))
    wanted = asset.manifest.contracts["InvestorRegistry"].address
    one_of(asset, DriftKind.REGISTRY, wanted, "nobody")


def test_a_registry_that_knows_the_token_no_more_is_found(asset, stranger):
    stranger.send_one("rules", asset.token().set_compliance(NATIVE))
    stranger.send_one("unbind", asset.registry().unbind_token(asset.token().address))
    assert kinds(asset) == {DriftKind.RULES: 1, DriftKind.REGISTRY: 1}


def test_a_pause_is_found(asset, stranger):
    stranger.send_one("pause", asset.token().pause())
    one_of(asset, DriftKind.PAUSE, "transfers go on", "transfers are stopped")


def test_a_pause_that_somebody_ended_is_found(found, operator, stranger):
    operator.send_one("test/pause", found.token().pause())
    operator.journal.close()
    stranger.send_one("unpause", found.token().unpause())
    one_of(found, DriftKind.PAUSE, "transfers are stopped", "transfers go on")


def test_another_document_is_found(asset, stranger):
    stranger.send_one("set", asset.token().set_document(TERMS, "ipfs://other", b"\2" * 32))
    name = f"0x{TERMS.hex()}"
    now = f"document {name} at ipfs://other, hash 0x{'02' * 32}"
    one_of(asset, DriftKind.DOCUMENTS, f"no document {name}", now)


@pytest.mark.parametrize("what", ["metadata", "name"])
def test_other_metadata_and_names_are_found_among_the_documents(asset, stranger, what):
    token = asset.token()
    call = token.set_contract_uri("ipfs://m") if what == "metadata" else token.set_name("Other")
    stranger.send_one("set", call)
    [drift] = report(asset).drifts
    said = "the metadata is at ipfs://m" if what == "metadata" else "Other / CANAL8"
    assert (drift.kind, drift.found) == (DriftKind.DOCUMENTS, said)


def test_an_ownership_that_was_offered_here_and_accepted_elsewhere_is_no_drift(found, operator):
    operator.send_one("test/offer", found.token().transfer_ownership(OTHER))
    operator.journal.close()
    other = Operator(found.chain, LocalSigner.of_test_account(1))
    other.send_one("accept", found.token().accept_ownership())
    assert kinds(found) == {}
    # What the new owner does then is not in this folder's journal.
    other.send_one("add", found.token().add_agent("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"))
    assert kinds(found) == {DriftKind.AGENTS: 1}

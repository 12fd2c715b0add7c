"""The same addresses on two chains, whoever has sent what before, and whoever comes first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prorata.assets.asset import Asset
from prorata.chain.artifacts import artifact
from prorata.chain.calls import Call
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.deployments.create2 import FACTORY, create2_address, create2_call, salt
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment, open_operator
from prorata.errors import DeploymentError
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.addresses import checksummed

ID = "7b0c3ad0-6a3b-4b9a-9a57-3f2f1f9c8f10"
OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture(scope="module")
def settings() -> Asset:
    path = PROJECT_ROOT / "examples" / "compliant" / "asset.yaml"
    return Asset.load(path).model_copy(update={"deterministic": True, "id": ID})


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[RpcChain]:
    with Anvil(chain_id=84_532_001) as anvil:
        yield RpcChain(anvil.url)


def addresses(found: Deployment) -> dict[str, str]:
    return {name: contract.address for name, contract in found.manifest.contracts.items()}


@pytest.mark.parametrize(
    ("factory", "salted", "code", "address"),
    [
        ("00" * 20, "00" * 32, "00", "0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38"),
        ("deadbeef" + "00" * 16, "00" * 32, "00", "0xB928f69Bb1D91Cd65274e3c79d8986362984fDA3"),
        ("00" * 16 + "deadbeef", "00" * 28 + "cafebabe", "deadbeef",
         "0x60f3f640a8508fC6a86d45DF051962668E1e8AC7"),
    ],
)  # fmt: skip
def test_an_address_is_what_eip_1014_says(factory, salted, code, address):
    """The first, the second and the fifth of its examples."""
    found = create2_address(bytes.fromhex(salted), bytes.fromhex(code), f"0x{factory}")
    assert found == address


def test_two_chains_have_the_same_addresses_whatever_was_sent_before(
    operator, settings, folder, elsewhere, issuer
):
    first = deploy(operator, settings, folder, dollar=True)
    place = folder.with_name("second")
    with open_operator(elsewhere, issuer, place) as other:
        for number in range(3):
            other.send_one(f"before/{number}", Call(OTHER, b"", 1, "something else"))
        second = deploy(other, settings, place, dollar=True)
    assert first.chain.nonce(issuer.address) != elsewhere.nonce(issuer.address)
    assert addresses(first) == addresses(second)
    assert first.vault().relayer() == second.vault().relayer()
    assert len(addresses(first)) == 5
    assert second.registry().tokens() == [second.token().address]


def test_a_second_run_sends_nothing(operator, settings, folder):
    found = deploy(operator, settings, folder)
    nonce = operator.chain.nonce(operator.address)
    assert deploy(operator, settings, folder) == found
    (folder / "manifest.json").unlink()
    assert deploy(operator, settings, folder).manifest == found.manifest
    assert operator.chain.nonce(operator.address) == nonce


def test_a_stranger_who_comes_first_has_done_our_work(chain, operator, settings, folder, anvil):
    """What is there at the address can be nothing but ours, owners included."""
    salted = salt(ID, operator.address)
    call, address = create2_call(salted, artifact("DividendVault"))
    anvil.rpc("anvil_mine", "0x5")
    stranger = Operator(chain, LocalSigner.of_test_account(3))
    mined = stranger.send_one("first", call).mined.block_number
    anvil.rpc("anvil_mine", "0x5")
    found = deploy(operator, settings, folder)
    vault = found.manifest.contracts["DividendVault"]
    assert (vault.address, vault.block, vault.transaction) == (address, mined, None)
    assert found.token().owner() == operator.address


def test_another_id_or_another_owner_is_another_place(operator, settings, folder, tmp_path, issuer):
    first = addresses(deploy(operator, settings, folder))
    for number, change in enumerate(
        ({"id": "7b0c3ad0-6a3b-4b9a-9a57-3f2f1f9c8f11"}, {"owner": OTHER})
    ):
        other = tmp_path / f"other{number}"
        with open_operator(operator.chain, issuer, other) as theirs:
            second = addresses(deploy(theirs, settings.model_copy(update=change), other))
        assert not set(first.values()) & set(second.values())


def test_a_chain_without_the_factory_is_refused(anvil, operator, settings, folder):
    code = operator.chain.code(FACTORY)
    anvil.rpc("anvil_setCode", FACTORY, "0x")
    nonce = operator.chain.nonce(operator.address)
    with pytest.raises(DeploymentError) as refusal:
        deploy(operator, settings, folder)
    anvil.rpc("anvil_setCode", FACTORY, f"0x{code.hex()}")
    assert str(refusal.value) == (
        f"chain 31337 has no CREATE2 factory at {FACTORY}; put it there by its published "
        "transaction, or leave deterministic out of the file"
    )
    assert operator.chain.nonce(operator.address) == nonce


def test_an_owner_who_is_somebody_else_on_the_second_chain_is_refused(
    anvil, operator, settings, elsewhere, tmp_path
):
    """The address is the same, and who signs for it is not."""
    owner, root = "0x" + "5a" * 20, tmp_path / "deployments"
    anvil.rpc("anvil_setCode", owner, "0x00")
    named = settings.model_copy(update={"owner": checksummed(owner)})
    first = deploy(operator, named, root / "31337" / "CANAL8")
    assert first.manifest.control == {
        "address": checksummed(owner), "has_code": True, "threshold": None, "owners": [],
    }  # fmt: skip
    nonce = elsewhere.nonce(operator.address)
    second = root / "84532001" / "CANAL8"
    with (
        open_operator(elsewhere, operator.signer, second) as other,
        pytest.raises(DeploymentError) as refusal,
    ):
        deploy(other, named, second)
    assert str(refusal.value) == (
        f"the owner {checksummed(owner)} is a contract on chain 31337, where the asset is already, "
        "and an account with a single key, or a multisig that is not on this chain yet on chain "
        "84532001; put the same owner on this chain first, or name another"
    )
    assert elsewhere.nonce(operator.address) == nonce

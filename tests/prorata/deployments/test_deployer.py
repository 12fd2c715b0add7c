"""Deploying once, finding it again, and refusing what does not fit."""

from __future__ import annotations

import json

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from prorata.assets.asset import Asset
from prorata.chain.artifacts import artifact
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.contracts.base import NATIVE
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment, folder_for, open_operator
from prorata.errors import DeploymentError, InputError
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.compiler import compile_standard
from prorata.toolchain.paths import PROJECT_ROOT

ASSET = PROJECT_ROOT / "examples" / "building" / "asset.yaml"
OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture(scope="module")
def settings() -> Asset:
    return Asset.load(ASSET)


@pytest.fixture
def found(operator, settings, folder) -> Deployment:
    return deploy(operator, settings, folder, dollar=True)


def sent(operator) -> int:
    return operator.chain.nonce(operator.address)


# ---------------------------------------------------------------------------------- deploying


def test_the_worked_example_is_on_the_chain(found, operator, settings):
    token = found.token()
    assert (token.name(), token.symbol(), token.decimals()) == ("Harbour Street 12", "HARB12", 0)
    assert token.owner() == operator.address
    assert token.is_agent(operator.address)
    assert (token.compliance(), token.identity_registry()) == (NATIVE, NATIVE)
    assert found.vault().distribution_count() == 0
    assert settings.authorised == 10_000
    assert found.currency("USD").balance_of(operator.address) == 10_000_000 * 10**6


def test_a_second_run_sends_nothing_and_changes_no_byte(found, operator, settings, folder):
    before, nonce = (folder / "manifest.json").read_bytes(), sent(operator)
    again = deploy(operator, settings, folder, dollar=True)
    assert again == found
    assert (folder / "manifest.json").read_bytes() == before
    assert sent(operator) == nonce


def test_a_dollar_can_be_added_later(operator, settings, folder):
    first = deploy(operator, settings, folder)
    second = deploy(operator, settings, folder, dollar=True)
    assert set(second.manifest.contracts) - set(first.manifest.contracts) == {"Dollar"}
    assert second.token().address == first.token().address


def test_a_run_killed_before_the_manifest_finds_what_it_deployed(found, operator, settings, folder):
    (folder / "manifest.json").unlink()
    nonce = sent(operator)
    again = deploy(operator, settings, folder, dollar=True)
    assert again.manifest.contracts == found.manifest.contracts
    assert sent(operator) == nonce


def test_a_vault_can_be_shared(found, chain, issuer, settings, tmp_path):
    folder, vault = tmp_path / "second", found.vault().address
    with open_operator(chain, issuer, folder) as second:
        other = deploy(second, settings, folder, vault=vault)
    assert other.vault().address == vault
    assert other.token().address != found.token().address


def test_the_manifest_is_enough_to_verify_the_code(found, folder):
    compiled = compile_standard(json.loads((folder / "standard-input.json").read_text()))
    for name, contract in found.manifest.contracts.items():
        source = artifact(name).source_name
        code = compiled["contracts"][source][name]["evm"]["bytecode"]["object"]
        assert bytes.fromhex(code) == artifact(name).bytecode
        assert contract.transaction is not None


# ------------------------------------------------------------------------------------ refusals


def refused(call, *arguments, **options) -> str:
    with pytest.raises(DeploymentError) as refusal:
        call(*arguments, **options)
    return str(refusal.value)


def test_other_settings_in_the_same_folder_are_refused(found, operator, settings, folder):
    other = settings.model_copy(update={"name": "Harbour Street 13"})
    nonce = sent(operator)
    with pytest.raises(InputError) as refusal:
        deploy(operator, other, folder)
    assert str(refusal.value) == (
        'name: "Harbour Street 13" was "Harbour Street 12" when it was deployed or last changed; '
        "`prorata settings name 'Harbour Street 13'` changes it on the chain"
    )
    assert sent(operator) == nonce


def test_a_vault_that_is_none_is_refused(found, chain, operator, settings, tmp_path):
    folder, token = tmp_path / "second", found.token().address
    fresh = Operator(chain, operator.signer)
    assert refused(deploy, fresh, settings, folder, vault=token) == (
        f"{token} is not the DividendVault of this checkout on chain 31337; "
        "check the address and the network"
    )
    assert refused(deploy, fresh, settings, folder, vault=OTHER) == (
        f"{OTHER} is no contract on chain 31337; check the address and the network"
    )


def plant(anvil, place: str, code: bytes, *changes: tuple[str, str]) -> None:
    """Put a contract's code elsewhere, with other addresses in the places of its immutables."""
    for old, new in changes:
        assert bytes.fromhex(old[2:]) in code
        code = code.replace(bytes.fromhex(old[2:]), bytes.fromhex(new[2:]))
    anvil.rpc("anvil_setCode", place, f"0x{code.hex()}")


@pytest.mark.parametrize(
    "trick", ["another contract", "another vault's claim relayer", "another domain"]
)
def test_a_vault_whose_desk_is_a_thiefs_is_refused(anvil, found, operator, folder, trick):
    """The vault's code is ours, but what its account made first is not: the vault would obey it."""
    chain, settings, second = found.chain, found.settings, folder.with_name("second")
    vault, relayer = found.vault().address, found.vault().relayer()
    place = to_checksum_address(f"0x{'7' * 40}")
    # The address of its first creation: the hash of the list of its address and the nonce 1.
    thief = to_checksum_address(keccak(bytes.fromhex(f"d694{'7' * 40}01"))[12:])
    code = chain.code(found.token().address if trick == "another contract" else relayer)
    changes = [] if trick != "another domain" else [(vault, place), (relayer, thief)]
    plant(anvil, thief, code, *changes)
    plant(anvil, place, chain.code(vault))
    fresh = Operator(chain, operator.signer)
    assert refused(deploy, fresh, settings, second, vault=place) == (
        f"{thief}, the claim relayer of the vault {place}, is not the ClaimRelayer of this "
        "checkout on chain 31337; use another vault: this one's claim relayer could send income "
        "elsewhere"
    )


@pytest.mark.attack("I2")
def test_other_code_at_the_address_is_noticed(found, anvil, chain, folder):
    token = found.token().address
    anvil.rpc("anvil_setCode", token, "0x00")
    assert refused(Deployment.open, chain, folder) == (
        f"ShareToken at {token} has other code than the manifest says on chain 31337; "
        "check the network, and whether the node is in step with the chain"
    )


def test_no_deployment_is_one_sentence(chain, tmp_path):
    assert refused(Deployment.open, chain, tmp_path) == (
        f"there is no deployment in {tmp_path}; run `prorata deploy` first"
    )
    assert refused(folder_for, chain, None, tmp_path) == (
        f"there is no deployment on chain 31337 in {tmp_path / '31337'}; run `prorata deploy` on "
        "this network first, or name a folder with --deployment"
    )


def test_a_damaged_manifest_is_refused(found, chain, folder):
    (folder / "manifest.json").write_text('{"manifest": 1}')
    assert refused(Deployment.open, chain, folder) == (
        f"the manifest {folder / 'manifest.json'} is damaged; restore it from a copy"
    )


def test_a_local_chain_started_anew_sets_the_folder_aside(found, operator, issuer, folder):
    operator.journal.close()
    with Anvil(extra=("--timestamp", "1700000000")) as fresh:
        chain, notices = RpcChain(fresh.url), []
        assert refused(Deployment.open, chain, folder) == (
            f"the deployment in {folder} is on a chain 31337 with genesis "
            f"{found.manifest.genesis}, and the network's is {chain.genesis_hash}; run `prorata "
            "deploy` on the new chain"
        )
        with open_operator(chain, issuer, folder, on_notice=notices.append) as again:
            assert again.journal.entries == ()
    aside = folder.with_name(f"HARB12~{found.manifest.genesis[2:10]}")
    assert notices == [f"the local chain was started anew; the old deployment is now in {aside}"]
    assert (aside / "manifest.json").exists()


def test_another_chain_is_refused_and_nothing_is_moved(found, operator, issuer, folder):
    operator.journal.close()
    with Anvil(chain_id=84_532_001) as public:
        chain = RpcChain(public.url)
        with pytest.raises(DeploymentError) as refusal, open_operator(chain, issuer, folder):
            pass
    assert str(refusal.value) == (
        f"the deployment in {folder} is on chain 31337, and the network is chain 84532001; choose "
        "the network it was deployed on, or name another folder with --deployment"
    )
    assert (folder / "manifest.json").exists()


# ---------------------------------------------------------------------------------- currencies


def test_currencies_have_names(found):
    assert found.currency("ETH").is_native
    assert found.currency("usd").symbol() == "USD"
    assert found.currency(found.currency("USD").address).decimals() == 6


@pytest.mark.parametrize(
    ("named", "rule"),
    [
        ("USDC", "is no currency of HARB12 on chain 31337; write ETH, USD, or an address"),
        (OTHER, "is not a contract on chain 31337; check the address and the network"),
        ("0x12", "is not an address; write 0x and 40 hexadecimal digits"),
    ],
)
def test_a_currency_that_is_none_is_refused(found, named, rule):
    with pytest.raises(InputError) as refusal:
        found.currency(named)
    assert str(refusal.value) == f'currency: "{named}" {rule}'


def test_views_of_nothing_are_one_sentence(chain):
    from prorata.errors import ChainError

    with pytest.raises(ChainError) as refusal:
        ShareToken(chain, OTHER).name()
    assert str(refusal.value) == (
        f"there is no ShareToken at {OTHER} on chain 31337; check the address and the network"
    )

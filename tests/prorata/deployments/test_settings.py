"""Settings edited after the deployment: each is taken over, asked about, or refused by name."""

from __future__ import annotations

import pytest

from prorata.assets.asset import Approvers, Asset
from prorata.assets.rules import RuleSettings
from prorata.chain.signers import LocalSigner
from prorata.contracts.base import NATIVE
from prorata.deployments.deployer import add_contract, deploy
from prorata.deployments.deployment import Deployment, open_operator
from prorata.deployments.manifest import Manifest
from prorata.deployments.settings import Way, compare_settings
from prorata.errors import InputError
from prorata.toolchain.paths import PROJECT_ROOT

EXAMPLES = PROJECT_ROOT / "examples"
OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
THIRD = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
RESTORE = "restore it in the file, or deploy another asset under another --deployment"


@pytest.fixture
def compliant(operator, folder) -> Deployment:
    return deploy(operator, Asset.load(EXAMPLES / "compliant" / "asset.yaml"), folder)


def edited(found: Deployment, **fields) -> Asset:
    return Asset.of({**found.settings.model_dump(mode="json"), **fields})


def ways(found: Deployment, **fields) -> dict[str, Way]:
    return {d.field: d.way for d in compare_settings(found, edited(found, **fields))}


def test_the_same_file_differs_in_nothing(found):
    assert compare_settings(found, found.settings) == ()
    assert ways(found) == {}
    # The same number, written in another way.
    assert ways(found, authorised_shares="10000") == {}


@pytest.mark.parametrize(
    ("field", "value", "way", "remedy"),
    [
        ("name", "Another House", Way.COMMAND,
         "`prorata settings name 'Another House'` changes it on the chain"),
        ("symbol", "OTHER", Way.COMMAND, "`prorata settings symbol OTHER` changes it on the chain"),
        ("decimals", 2, Way.NEVER, RESTORE),
        ("registry", OTHER, Way.COMMAND,
         f"`prorata registry change --to {OTHER}` changes it on the chain"),
        ("id", "7b0c3ad0-6a3b-4b9a-9a57-3f2f1f9c8f10", Way.NEVER, RESTORE),
        ("authorised_shares", "12,000", Way.COMMAND,
         "`prorata authorise 12,000 --reason … --document …` changes it"),
        ("owner", OTHER, Way.COMMAND, f"`prorata ownership offer --to {OTHER}` offers it"),
        ("rules", OTHER, Way.COMMAND, "`prorata rules change` puts other rules in force"),
        ("unit_price", "900.00 USD", Way.TAKEN, "`prorata deploy` takes it over"),
        ("approvers", {"need": 1, "of": [OTHER]}, Way.ASKED,
         "`prorata deploy` takes it over once a person says yes, or with --yes"),
    ],
)  # fmt: skip
def test_each_field_has_a_way_and_a_remedy(found, field, value, way, remedy):
    """Fault: edited settings were ignored in silence."""
    [difference] = compare_settings(found, edited(found, **{field: value}))
    assert (difference.field, difference.way, difference.remedy) == (field, way, remedy)


def test_currencies_are_compared_one_by_one(found):
    known = found.settings.model_dump(mode="json")["currencies"]
    assert ways(found, currencies={**known, "EURC": {31337: OTHER}}) == {
        "currencies.EURC.31337": Way.TAKEN
    }
    assert ways(found, currencies={"USDC": {11155111: OTHER}}) == {
        "currencies.USDC.11155111": Way.ASKED
    }
    assert ways(found, currencies={}) == {"currencies.USDC.11155111": Way.ASKED}


@pytest.mark.parametrize(("field", "value"), [("name", "Another House"), ("symbol", "OTHER")])
def test_a_name_that_the_chain_has_already_is_taken_over(found, operator, folder, field, value):
    token = found.token()
    call = token.set_name(value) if field == "name" else token.set_symbol(value)
    operator.send_one("test/set", call)
    assert ways(found, **{field: value}) == {field: Way.TAKEN}
    assert (
        getattr(deploy(operator, edited(found, **{field: value}), folder).settings, field) == value
    )


def test_a_registry_that_the_token_asks_already_is_taken_over(compliant, operator):
    operator.send_one("test/set", compliant.token().set_identity_registry(OTHER))
    assert ways(compliant, registry=OTHER) == {"registry": Way.TAKEN}


def test_a_new_registry_is_only_to_be_had_at_the_beginning(found):
    rules = RuleSettings.load(EXAMPLES / "packs" / "eu-149.yaml").model_dump(mode="json")
    assert ways(found, registry="new", rules=rules) == {
        "rules": Way.COMMAND,
        "registry": Way.NEVER,
    }


def test_rules_are_compared_field_by_field(compliant):
    rules = compliant.settings.model_dump(mode="json")["rules"]
    changed = {**rules, "max_holders": 99, "title": "Another title"}
    assert ways(compliant, rules=changed) == {
        "rules.title": Way.TAKEN,
        "rules.max_holders": Way.COMMAND,
    }


def test_rules_that_are_in_force_already_are_taken_over(compliant, operator, folder):
    """As after `rules change`, which puts them on the chain and lets the file say so."""
    rules = compliant.settings.model_dump(mode="json")["rules"]
    other = edited(compliant, rules={**rules, "max_holders": 99})
    assert isinstance(other.rules, RuleSettings)
    registry = compliant.registry()
    terms = other.rules.encodable(registry.address, NATIVE, 0)
    added = add_contract(operator, compliant, "TransferRules", [terms], "TransferRules/2")
    placed = added.manifest.contracts["TransferRules/2"].address
    assert ways(added, rules={**rules, "max_holders": 99}) == {"rules.max_holders": Way.COMMAND}
    operator.send_one("test/rules", added.token().set_compliance(placed))
    assert ways(added, rules={**rules, "max_holders": 99}) == {"rules": Way.TAKEN}
    assert ways(added, rules={**rules, "max_holders": 98}) == {"rules.max_holders": Way.COMMAND}
    assert deploy(operator, other, folder).settings.rules == other.rules


def test_agents_are_compared_with_the_chain(found, operator):
    token, ours = found.token(), operator.address
    [missing] = compare_settings(found, edited(found, agents=[OTHER]))
    assert missing.remedy == (
        f"`prorata agents add {OTHER}` and `prorata agents remove {ours}` on the chain first"
    )
    operator.send_one("test/add", token.add_agent(OTHER))
    operator.send_one("test/remove", token.remove_agent(ours))
    assert ways(found, agents=[OTHER]) == {"agents": Way.TAKEN}


def test_an_owner_who_has_accepted_is_taken_over(found, operator, folder):
    other = LocalSigner.of_test_account(1)
    assert other.address == OTHER
    operator.send_one("test/offer", found.token().transfer_ownership(OTHER))
    [pending] = compare_settings(found, edited(found, owner=OTHER))
    assert pending.remedy == f"let {OTHER} accept it with `prorata ownership accept`"
    with open_operator(found.chain, other, folder.with_name("others")) as theirs:
        theirs.send_one("accept", found.token().accept_ownership())
    again = deploy(operator, edited(found, owner=OTHER), folder)
    assert again.settings.owner == OTHER


# ------------------------------------------------------------------------------- what deploy does


def test_what_is_harmless_is_taken_over_with_a_history(found, operator, folder):
    nonce = operator.chain.nonce(operator.address)
    again = deploy(operator, edited(found, unit_price="900.00 USD"), folder)
    assert (again.settings.unit_price, found.settings.unit_price) == ("900.00 USD", "1,000.00 USD")
    [change] = again.manifest.history
    assert (change.by, change.was, change.now) == (
        operator.address,
        {"unit_price": "1,000.00 USD"},
        {"unit_price": "900.00 USD"},
    )
    assert Manifest.read(folder / "manifest.json") == again.manifest
    assert again.manifest.as_deployed == found.settings
    assert operator.chain.nonce(operator.address) == nonce
    assert deploy(operator, again.settings, folder).manifest == again.manifest


def test_what_a_person_has_to_allow_is_refused_until_then(found, operator, folder):
    other = edited(found, currencies={"USDC": {11155111: OTHER}})
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(InputError) as refusal:
        deploy(operator, other, folder)
    assert str(refusal.value) == (
        f'currencies.USDC.11155111: "{OTHER}" was "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238" '
        "when it was deployed or last changed; `prorata deploy` takes it over once a person says "
        "yes, or with --yes"
    )
    assert (folder / "manifest.json").read_bytes() == before
    assert deploy(operator, other, folder, accept=True).settings.currencies == other.currencies


def test_approvers_are_not_changed_by_whoever_deploys(found, operator, folder):
    two = {"need": 2, "of": [OTHER, THIRD]}
    asked = deploy(operator, edited(found, approvers=two), folder, accept=True)
    assert asked.settings.approvers is not None
    with pytest.raises(InputError) as refusal:
        deploy(operator, edited(asked, approvers=None), folder, accept=True)
    assert refusal.value.problems[0].remedy == (
        "`prorata plan` it, let 2 of the present approvers sign the plan, and `prorata apply` it"
    )


def test_where_approvers_sign_nothing_is_deployed_or_taken_over_without_a_plan(
    operator, settings, folder
):
    """Whoever deploys could else do without them."""
    two = Approvers(need=2, of=(OTHER, THIRD, operator.address))
    named = settings.model_copy(update={"approvers": two})
    words = (
        'approvers: "2" of 3 must approve what is done to HARB12; plan it with `prorata plan`, '
        "let them sign, and `prorata apply` it"
    )
    with pytest.raises(InputError) as refusal:
        deploy(operator, named, folder)
    assert (str(refusal.value), operator.chain.nonce(operator.address)) == (words, 0)
    operator.gate = list
    found = deploy(operator, named, folder)
    operator.gate = None
    assert deploy(operator, named, folder) == found
    for more, edit in ((True, {}), (False, {"unit_price": "900.00 USD"})):
        with pytest.raises(InputError) as refusal:
            deploy(operator, edited(found, **edit), folder, dollar=more)
        assert str(refusal.value) == words


def test_one_fault_among_several_changes_nothing(found, operator, folder):
    other = edited(found, unit_price="900.00 USD", name="Another House", authorised_shares="1")
    with pytest.raises(InputError) as refusal:
        deploy(operator, other, folder)
    assert str(refusal.value).splitlines()[0] == (
        f"3 problems in the settings against those of the deployment in {folder}:"
    )
    assert [p.column for p in refusal.value.problems] == ["name", "authorised_shares", "unit_price"]
    assert Manifest.read(folder / "manifest.json") == found.manifest


def test_a_dollar_comes_later_whatever_was_taken_over_before(operator, settings, folder):
    first = deploy(operator, settings, folder)
    changed = edited(first, unit_price="900.00 USD")
    second = deploy(operator, changed, folder, dollar=True)
    assert "Dollar" in second.manifest.contracts
    assert second.settings.unit_price == "900.00 USD"
    assert second.token().address == first.token().address


def test_agents_of_the_file_are_agents_from_the_start(operator, settings, folder):
    named = settings.model_copy(update={"agents": (OTHER, THIRD)})
    token = deploy(operator, named, folder).token()
    assert [token.is_agent(one) for one in (OTHER, THIRD, operator.address)] == [True, True, False]


def test_an_asset_without_an_id_gets_one(found, operator, folder):
    assert found.manifest.id
    assert deploy(operator, found.settings, folder).manifest.id == found.manifest.id

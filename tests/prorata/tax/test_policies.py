"""Withholding on a real Anvil: a policy placed, rates, certificates and notes, and what they do."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from eth_account import Account

from prorata.apportion import withhold
from prorata.assets.asset import Asset
from prorata.assets.withholding import PolicySettings
from prorata.chain.abi import function
from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.chain.node import RpcChain
from prorata.chain.signers import LocalSigner
from prorata.contracts.tax_policy import TaxPolicy
from prorata.contracts.vault import Terms
from prorata.contracts.withholding import (
    Certificate,
    Facts,
    RateBasis,
    WithholdingPolicy,
)
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import POLICY, Deployment, open_operator
from prorata.deployments.manifest import Manifest
from prorata.deployments.permissions import read_permissions
from prorata.errors import ChainError, DeploymentError, InputError, JournalError, RevertError
from prorata.income.declaration_files import Draft, Drafts, Word, resolve
from prorata.income.declarations import declare, preview
from prorata.income.pushes import push
from prorata.register.captable import read_csv
from prorata.register.enforcement import Basis, confirm_loss, recover
from prorata.register.holders import holders_at
from prorata.register.investors import read_investors, register_investors
from prorata.register.issuance import issue
from prorata.register.record_dates import schedule_record
from prorata.tax.certificates import CertificateRow, read_certificates
from prorata.tax.policies import (
    certify,
    deploy_policy,
    find_policy,
    revoke,
    set_rates,
    show,
    snapshot,
)
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.kinds import FOREVER, Kind

pytestmark = pytest.mark.slow

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
ENTRIES = read_investors(COMPLIANT / "investors.csv")
NOT_NOTED = Facts(known=False, country=0, investor_class=0)
GERMAN, PORTUGUESE, LITHUANIAN = (ENTRIES[i].address for i in (13, 20, 4))


@pytest.fixture(scope="module")
def settings() -> PolicySettings:
    return PolicySettings.load(COMPLIANT / "withholding.yaml")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "CANAL8"


@pytest.fixture
def found(operator, folder) -> Deployment:
    """An asset with a register, issued."""
    deployment = deploy(operator, Asset.load(COMPLIANT / "asset.yaml"), folder, dollar=True)
    register_investors(operator, deployment, ENTRIES)
    issue(operator, deployment, read_csv(COMPLIANT / "holders.csv", authorised=5_000))
    return deployment


@pytest.fixture
def policy(operator, found, settings) -> WithholdingPolicy:
    return deploy_policy(operator, found, settings).policy


@pytest.fixture
def close(anvil, operator, found):
    """Schedule a record, and let it close; its id."""

    def schedule_and_wait() -> int:
        record = schedule_record(operator, found, operator.chain.now() + 100)
        anvil.rpc("evm_setNextBlockTimestamp", record.closes_at + 1)
        anvil.rpc("evm_mine")
        return record.id

    return schedule_and_wait


@pytest.fixture
def stranger(found, anvil, tmp_path):
    account = Account.create()
    anvil.rpc("anvil_setBalance", account.address, hex(10**18))
    with open_operator(found.chain, LocalSigner(account), tmp_path / "stranger") as opened:
        yield opened


def refused(call, *arguments, **options) -> str:
    with pytest.raises((InputError, ChainError, JournalError)) as refusal:
        call(*arguments, **options)
    return str(refusal.value)


def sent(operator) -> int:
    return operator.chain.nonce(operator.address)


# ---------------------------------------------------------------------------------- the policy


def test_a_policy_is_deployed_once_and_found_by_name(operator, found, settings, policy):
    assert policy.table_at(0) == policy.table_at(FOREVER) == settings.table()
    assert policy.registry() == found.registry().address
    assert (policy.owner(), policy.collector()) == (operator.address, settings.collector)
    before = sent(operator)
    again = deploy_policy(operator, found, settings)
    assert (again.policy.address, again.receipt) == (policy.address, None)
    assert sent(operator) == before
    for named in (None, "standard", policy.address, policy.address.lower()):
        assert find_policy(found, named).address == policy.address


def test_a_dry_run_prices_the_policy(operator, found, settings):
    before = sent(operator)
    planned = deploy_policy(operator, found, settings, dry_run=True)
    assert sent(operator) == before
    assert planned.policy is None
    done = deploy_policy(operator, found, settings)
    assert done.receipt.mined.gas_used <= planned.gas


def test_a_run_killed_after_sending_is_resumed(operator, found, settings, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            deploy_policy(operator, found, settings)
    before = sent(operator)
    assert deploy_policy(operator, found, settings).receipt.resumed
    assert sent(operator) == before
    assert find_policy(found, "standard").collector() == settings.collector


def test_a_policy_that_an_older_version_wrote_down_is_still_known(operator, found, settings):
    """It kept them in a file of its own; nothing is deployed again, and who opens it is told."""
    placed = deploy_policy(operator, found, settings)
    manifest = found.folder / "manifest.json"
    now = Manifest.read(manifest)
    known = now.contracts[f"{POLICY}{settings.name}"]
    before = {name: c for name, c in now.contracts.items() if not name.startswith(POLICY)}
    now.model_copy(update={"contracts": before}).write(manifest)
    old = {
        "name": settings.name,
        "address": known.address,
        "block": known.block,
        "transaction": known.transaction,
        "arguments": known.arguments,
    }
    state = found.folder / "state.json"
    state.write_text(json.dumps({"records": [], "policies": [old]}), encoding="utf-8")
    nonce = sent(operator)
    assert find_policy(found, settings.name).address == placed.policy.address
    assert deploy_policy(operator, found, settings).receipt is None
    assert sent(operator) == nonce
    assert found.notice == (
        f"{state} was written by an older version: its withholding policies are still read"
    )
    assert any(grant.contract == "WithholdingPolicy" for grant in read_permissions(found).grants)
    state.write_text("{", encoding="utf-8")
    with pytest.raises(DeploymentError, match=r"state\.json is damaged; restore it from a copy"):
        found.policies()


def test_another_policy_needs_another_name(operator, found, settings, policy):
    other = settings.model_copy(update={"collector": OTHER})
    assert refused(deploy_policy, operator, found, other) == (
        f'name: "standard" is a policy with other settings, at {policy.address}; change its rates '
        "with `tax rates`, or give the new one another name"
    )
    second = deploy_policy(operator, found, other.model_copy(update={"name": "other"})).policy
    assert find_policy(found, "other").address == second.address
    assert refused(find_policy, found) == (
        'policy: "" is missing, and CANAL8 has these: other, standard; deploy one with '
        "`tax deploy`, or name one with --policy"
    )


def test_a_policy_that_is_none_is_refused(found):
    assert refused(find_policy, found, "standard") == (
        'policy: "standard" is no policy of CANAL8, which has: none yet; '
        "write such a name, or an address"
    )
    assert refused(find_policy, found, OTHER) == (
        f'policy: "{OTHER}" is not a contract on chain 31337; check the address and the network'
    )


def test_the_largest_table_of_a_deployment_fits_one_transaction(operator, found, settings):
    rows = [
        {"country": f"{code:03d}", "dividend": "1%", "interest": "2%", "rent": "3%"}
        for code in sorted({entry.investor.country for entry in ENTRIES})
    ]
    content = settings.model_dump(mode="json", by_alias=True)
    few = PolicySettings.of({**content, "rates": rows})
    table = few.table()
    while len(table) < 250:
        table.append(replace(table[-1], country=table[-1].country + 1))
    arguments = [operator.address, found.registry().address, few.collector]
    rates = [list(rate.encodable()) for rate in table]
    assert operator.chain.estimate(
        [{"data": "0x" + deploy_call(artifact("WithholdingPolicy"), *arguments, rates).data.hex()}]
    )[0] < 16_777_216  # fmt: skip


def test_rates_are_set_once_and_later_ones_withdrawn(operator, found, settings, policy):
    rows = settings.model_dump(mode="json", by_alias=True)["default"] | {"rent": "1%"}
    other = PolicySettings.of({**settings.model_dump(mode="json", by_alias=True), "default": rows})
    assert set_rates(operator, policy, settings).receipt is None
    later = operator.chain.now() + 1_000
    assert set_rates(operator, policy, other, later).since == later
    assert policy.rate_at(OTHER, Kind.RENT, later - 1).basis_points == 3_000
    assert policy.rate_at(OTHER, Kind.RENT, later).basis_points == 100
    before = sent(operator)
    assert set_rates(operator, policy, other, later).receipt is None
    assert sent(operator) == before
    # The present rates, set again, withdraw what was announced.
    assert set_rates(operator, policy, settings).receipt is not None
    assert policy.rate_at(OTHER, Kind.RENT, later).basis_points == 3_000
    assert set_rates(operator, policy, other).receipt is not None


def test_rates_are_the_owners_and_the_collector_stays(operator, found, settings, policy, stranger):
    assert refused(set_rates, stranger, policy, settings) == (
        f'account: "{stranger.address}" does not own the policy {policy.address}; '
        f"use the owner's account, {operator.address}"
    )
    other = settings.model_copy(update={"collector": OTHER})
    assert refused(set_rates, operator, policy, other) == (
        f'collector: "{OTHER}" is not {settings.collector}, whom the policy pays and will always '
        "pay; write that one, or deploy another policy"
    )
    assert 'from: "1970-01-01T00:00:09Z" is in the past: the chain' in refused(
        set_rates, operator, policy, settings, 9
    )


# --------------------------------------------------------------------------- certificates, notes


def test_certificates_are_filed_once(operator, found, policy):
    entries = read_certificates(COMPLIANT / "certificates.csv")
    before = sent(operator)
    planned = certify(operator, policy, entries, dry_run=True)
    assert (len(planned.filed), len(planned.gas), planned.receipts) == (3, 1, ())
    assert sent(operator) == before
    done = certify(operator, policy, entries)
    assert len(done.filed) == 3
    assert certify(operator, policy, entries).unchanged == 3
    assert sent(operator) == before + 1
    [[filed]] = policy.certificates_of([entries[1].address])
    assert (filed.id, filed.certificate, filed.revoked_at) == (1, entries[1].certificate, 0)
    # What was revoked is filed anew if the file still has it.
    assert revoke(operator, policy, entries[1].address, 1) is not None
    assert revoke(operator, policy, entries[1].address, 1) is None
    assert [entry.line for entry in certify(operator, policy, entries).filed] == [3]
    assert len(policy.certificates_of([entries[1].address])[0]) == 2


def test_certificates_are_refused_before_anything_is_sent(operator, found, policy, stranger):
    entries = read_certificates(COMPLIANT / "certificates.csv")
    assert refused(certify, stranger, policy, entries) == (
        f'account: "{stranger.address}" is no agent of the policy {policy.address}; use an '
        f"agent's account, or let the owner {operator.address} add it"
    )
    operator.send_one("agent", policy.add_agent(stranger.address))
    assert len(certify(stranger, policy, entries[:1]).receipts) == 1
    ended = Certificate(0, frozenset(Kind), 1, 2, b"\1" * 32)
    said = refused(certify, operator, policy, [CertificateRow(7, OTHER, ended)])
    assert said.startswith('line 7, valid_until: "1970-01-01T00:00:02Z" is past: the chain')
    assert refused(revoke, operator, policy, OTHER, 1) == (
        f'certificate: "1" is no certificate of {OTHER}, who has none; see `tax show`'
    )


def test_everyone_in_the_register_is_noted_and_only_what_is_new(operator, found, policy, stranger):
    planned = snapshot(operator, found, policy, dry_run=True)
    assert (len(planned.changed), planned.unchanged, planned.receipts) == (39, 0, ())
    done = snapshot(stranger, found, policy)
    assert done.changed == planned.changed
    assert done.changed[GERMAN] == (NOT_NOTED, Facts(known=True, country=276, investor_class=0))
    before = sent(operator)
    assert snapshot(operator, found, policy).unchanged == 39
    assert sent(operator) == before
    moved = replace(ENTRIES[13], investor=replace(ENTRIES[13].investor, country=620))
    register_investors(operator, found, [moved])
    assert list(snapshot(operator, found, policy).changed) == [GERMAN]
    operator.send_one("gone", found.registry().delete(ENTRIES[36].address))
    gone = snapshot(operator, found, policy, [ENTRIES[36].address]).changed
    assert gone[ENTRIES[36].address][1] == NOT_NOTED


def test_who_takes_the_place_of_a_lost_wallet_is_noted(operator, found, policy):
    """And of the lost one, noted again, nothing is new."""
    snapshot(operator, found, policy)
    basis = Basis.of("Key lost at sea", "0x" + "ab" * 32)
    recover(operator, found, basis, lost=GERMAN, successor=OTHER)
    confirm_loss(operator, found, basis, lost=GERMAN, successor=OTHER)
    assert list(snapshot(operator, found, policy).changed) == [OTHER]
    moved = replace(ENTRIES[13], investor=replace(ENTRIES[13].investor, country=620), address=OTHER)
    register_investors(operator, found, [moved])
    assert set(snapshot(operator, found, policy).changed) == {GERMAN, OTHER}
    assert snapshot(operator, found, policy).changed == {}


def test_a_policy_without_or_with_another_registry_notes_nobody(operator, found, settings, policy):
    rates = [list(rate.encodable()) for rate in settings.table()]
    arguments = (operator.address, "0x" + "0" * 40, settings.collector, rates)
    receipt = operator.send_one("b", deploy_call(artifact("WithholdingPolicy"), *arguments))
    bare = WithholdingPolicy(found.chain, receipt.contract_address)
    assert refused(snapshot, operator, found, bare) == (
        f'policy: "{bare.address}" has no registry, so there is nothing to snapshot; file '
        "certificates, or deploy a policy for an asset with a registry"
    )
    registry, token = found.registry().address, found.token()
    operator.send_one("c", token.set_identity_registry(OTHER))
    assert refused(snapshot, operator, found, policy) == (
        f'policy: "{policy.address}" asks the registry {registry}, and CANAL8 asks {OTHER}; deploy '
        "a policy that asks the same"
    )


# ------------------------------------------------------------------------------ what it comes to


def test_the_tax_is_known_before_the_declaration_and_is_what_is_withheld(
    operator, found, policy, close
):
    """The rates, what the policy answers to a vault, and the vault agree to the unit."""
    certify(operator, policy, read_certificates(COMPLIANT / "certificates.csv"))
    snapshot(operator, found, policy)
    record_id = close()
    # Too late for this record, all of it.
    late = Certificate(0, frozenset(Kind), 0, FOREVER, b"\1" * 32)
    certify(operator, policy, [CertificateRow(2, PORTUGUESE, late)])
    amount, token, time = 40_000_000_003, found.token(), found.token().record_time(record_id)
    law = preview(found, record_id, amount, holders_at(found, record_id))
    asked = policy.rates_of([(holder, Kind.RENT) for holder in law.gross], time)
    applied = dict(zip(law.gross, asked, strict=True))
    taxes = {holder: applied[holder].tax(gross) for holder, gross in law.gross.items()}
    vaults_own = TaxPolicy(found.chain, policy.address, block="pending")
    assert taxes == vaults_own.taxes_on(token.address, record_id, Kind.RENT, law.gross)
    rates = [applied[holder] for holder in (GERMAN, PORTUGUESE, LITHUANIAN)]
    assert [(r.basis_points, r.basis) for r in rates] == [
        (1_583, RateBasis.COUNTRY),
        (3_000, RateBasis.DEFAULT),
        (0, RateBasis.CERTIFICATE),
    ]
    assert taxes[GERMAN] == withhold(law.gross[GERMAN], 1_583)
    terms = Terms(kind=Kind.RENT, tax_policy=policy.address)
    dollars = found.currency("USD")
    declared = declare(
        operator, found, record_id=record_id, currency=dollars, amount=amount, terms=terms
    )
    paid = push(operator, found, declared.id, sorted(law.gross))
    assert {p.holder: (p.gross, p.tax) for p in paid.payouts} == {
        holder: (gross, taxes[holder]) for holder, gross in law.gross.items()
    }
    operator.send_one("remit", found.vault().remit(declared.id))
    assert dollars.balance_of(policy.collector()) == sum(taxes.values())


def test_a_distribution_names_a_policy_as_a_person_does(operator, found, policy, close):
    """By its name, or by its address."""
    said = {"currency": "USD", "amount": "1", "kind": "rent", "record": str(close())}
    for named in ("standard", policy.address):
        draft = Draft({name: Word(text) for name, text in {**said, "tax_policy": named}.items()})
        [declaration] = resolve(Drafts(drafts=[draft]), operator, found)
        assert declaration.terms == Terms(kind=Kind.RENT, tax_policy=policy.address)


def test_any_policy_can_be_asked_before_the_declaration(operator, found, close):
    record_id, token = close(), found.token().address
    receipt = operator.send_one("flat", deploy_call(artifact("FlatTax"), 1_234, OTHER))
    gross = {GERMAN: 10_001, PORTUGUESE: 0}
    flat = TaxPolicy(found.chain, receipt.contract_address, block="pending")
    assert flat.taxes_on(token, record_id, Kind.RENT, gross) == {GERMAN: 1_234, PORTUGUESE: 0}
    nobody = TaxPolicy(found.chain, OTHER, block="pending")
    assert nobody.taxes_on(token, record_id, Kind.RENT, gross) == {GERMAN: None, PORTUGUESE: None}
    assert refused(nobody.collector) == (
        f"there is no ITaxPolicy at {OTHER} on chain 31337; check the address and the network"
    )


def test_an_open_record_has_no_final_tax(operator, found, policy):
    record = schedule_record(operator, found, operator.chain.now() + 1_000)
    question = found.token().address, record.id, int(Kind.RENT), GERMAN, 1
    with pytest.raises(RevertError) as refusal:
        found.chain.call(policy.address, function("ITaxPolicy", "taxOn").encode(*question))
    assert refusal.value.error == "WithholdingPolicy_RecordOpen"
    answers = show(found, policy, record.id)
    assert (answers.final, len(answers.holders)) == (False, 32)
    assert all(one.facts == NOT_NOTED for one in answers.holders)


def test_what_applies_at_a_record_is_shown(operator, found, policy, close):
    entries = read_certificates(COMPLIANT / "certificates.csv")
    snapshot(operator, found, policy, [GERMAN, LITHUANIAN])
    certify(operator, policy, entries)
    record_id = close()
    answers = show(found, policy, record_id)
    assert (answers.final, len(answers.holders)) == (True, 32)
    assert [one.holder for one in answers.holders] == sorted(holders_at(found, record_id))
    [one] = show(found, policy, record_id, [LITHUANIAN]).holders
    assert one.facts == Facts(known=True, country=440, investor_class=4)
    assert {rate.basis for rate in one.rates.values()} == {RateBasis.CERTIFICATE}
    assert [filed.certificate for filed in one.certificates] == [entries[0].certificate]
    with pytest.raises(RevertError) as refusal:
        show(found, policy, 9)
    assert refusal.value.error == "ShareToken_UnknownRecord"


def test_the_powers_over_a_policy_are_told(operator, found, settings, policy):
    operator.send_one("a", policy.add_agent(OTHER))
    operator.send_one("o", policy.transfer_ownership(OTHER))
    read = read_permissions(found)
    powers = {(g.role, g.account, g.kind) for g in read.grants if g.contract == "WithholdingPolicy"}
    assert powers == {
        ("owner", operator.address, "key"),
        ("pending owner", OTHER, "key"),
        ("agent", OTHER, "key"),
        ("collector", settings.collector, "key"),
    }
    assert any(f"{OTHER} has not accepted WithholdingPolicy" in said for said in read.warnings)


def test_an_open_assets_policy_has_defaults_and_certificates(operator, tmp_path, settings):
    building = Asset.load(PROJECT_ROOT / "examples" / "building" / "asset.yaml")
    found = deploy(operator, building, tmp_path / "HARB12")
    policy = deploy_policy(operator, found, settings).policy
    assert policy.registry() == "0x" + "0" * 40
    certificate = Certificate(700, frozenset({Kind.RENT}), 0, FOREVER, b"\1" * 32)
    certify(operator, policy, [CertificateRow(2, OTHER, certificate)])
    time = operator.chain.now() + 10
    assert policy.rate_at(OTHER, Kind.RENT, time).basis_points == 700
    assert policy.rate_at(GERMAN, Kind.RENT, time).basis is RateBasis.DEFAULT


def test_views_of_nothing_are_one_sentence(chain: RpcChain):
    assert refused(WithholdingPolicy(chain, OTHER).collector) == (
        f"there is no WithholdingPolicy at {OTHER} on chain 31337; check the address and the "
        "network"
    )

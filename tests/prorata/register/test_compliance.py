"""A compliant asset on a real Anvil: deployed, registered, issued, ordered about, and looked at."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import pytest

from prorata.assets.asset import Asset
from prorata.assets.rules import RuleSettings
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.chain.steps import GAS_LIMIT
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.contracts.rules import Code, TransferRules
from prorata.contracts.vault import Terms
from prorata.demo.keys import rehearsal_key
from prorata.deployments.deployer import deploy, price
from prorata.deployments.deployment import Deployment, open_operator
from prorata.deployments.permissions import read_permissions
from prorata.errors import DeploymentError, InputError, RevertError
from prorata.income.claims import claim
from prorata.income.declarations import declare
from prorata.register.captable import CapTable, Holding, read_csv
from prorata.register.enforcement import (
    Basis,
    _Order,
    confirm_loss,
    force_transfer,
    freeze,
    read_orders,
    recover,
    release,
)
from prorata.register.investors import (
    InvestorRow,
    parse_investors,
    read_investors,
    register_investors,
)
from prorata.register.issuance import issue
from prorata.register.orders import OrderLog
from prorata.register.record_dates import schedule_record
from prorata.register.refusals import check_transfer
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.amounts import Unit
from prorata.values.kinds import FOREVER, Kind
from tests.prorata.conftest import PATIENCE, sent_by_node

pytestmark = pytest.mark.slow

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
PACKS = PROJECT_ROOT / "examples" / "packs"
BASIS = Basis.of("Order 12/2027 of the district court", "0x" + "ab" * 32)
OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
HEADER = "address,person,country,class,eligible_until"


@pytest.fixture(scope="module")
def settings() -> Asset:
    return Asset.load(COMPLIANT / "asset.yaml")


@pytest.fixture(scope="module")
def entries() -> list[InvestorRow]:
    return read_investors(COMPLIANT / "investors.csv")


@pytest.fixture(scope="module")
def table() -> CapTable:
    return read_csv(COMPLIANT / "holders.csv", authorised=5_000)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "CANAL8"


@pytest.fixture
def reopen(chain, issuer):
    """Another run of the same account, on whatever folder."""
    return lambda folder: open_operator(chain, issuer, folder, timeout=PATIENCE)


@pytest.fixture
def found(operator, settings, folder) -> Deployment:
    return deploy(operator, settings, folder)


@pytest.fixture
def registered(operator, found, entries) -> Deployment:
    register_investors(operator, found, entries)
    return found


@pytest.fixture
def issued(operator, registered, table) -> Deployment:
    issue(operator, registered, table)
    return registered


def refused(call, *arguments, **options) -> str:
    with pytest.raises((InputError, DeploymentError, RevertError)) as refusal:
        call(*arguments, **options)
    return str(refusal.value)


def sent(operator) -> int:
    return operator.chain.nonce(operator.address)


def named(table, name: str) -> str:
    return next(holding.address for holding in table if holding.name == name)


# --------------------------------------------------------------------------------- deploying


def test_everything_that_the_asset_needs_is_deployed_and_tied_together(found, operator):
    contracts = found.manifest.contracts
    assert list(contracts) == ["DividendVault", "InvestorRegistry", "TransferRules", "ShareToken"]
    token, registry = found.token(), found.registry()
    assert token.compliance() == contracts["TransferRules"].address
    assert token.identity_registry() == registry.address == contracts["InvestorRegistry"].address
    assert registry.tokens() == [token.address]
    assert registry.count_keeper(token.address) == token.compliance()
    assert registry.owner() == operator.address


def test_a_second_run_sends_nothing_and_changes_no_byte(found, operator, settings, folder):
    before, nonce = (folder / "manifest.json").read_bytes(), sent(operator)
    assert deploy(operator, settings, folder) == found
    assert (folder / "manifest.json").read_bytes() == before
    assert sent(operator) == nonce


def test_a_manifest_is_read_back_as_it_was(found, chain, folder):
    assert Deployment.open(chain, folder) == found
    terms = found.manifest.contracts["TransferRules"].arguments[0]
    assert json.loads((folder / "manifest.json").read_text())["asset"]["rules"]["title"]
    assert all(isinstance(word, int) or word.isdecimal() for word in terms[5])


@pytest.mark.parametrize("survives", range(5))
def test_a_run_killed_at_any_round_is_finished_by_the_next(
    operator, settings, reopen, monkeypatch, survives
):
    """Killed with its transactions signed and not sent, in each of the five rounds it takes."""
    rounds, folder = [], operator.journal.path.parent

    def send(self, signed):
        if len(rounds) == survives:
            raise KeyboardInterrupt
        rounds.append(len(signed))
        return true_send(self, signed)

    true_send, nonce = RpcChain.send_raw, sent(operator)
    with monkeypatch.context() as patch:
        patch.setattr(RpcChain, "send_raw", send)
        with pytest.raises(KeyboardInterrupt):
            deploy(operator, settings, folder)
    operator.journal.close()
    with reopen(folder) as again:
        found = deploy(again, settings, folder)
        assert sent(again) == nonce + 6
    assert found.registry().count_keeper(found.token().address) == found.token().compliance()


def test_other_rules_in_the_same_folder_are_refused(found, operator, settings, folder):
    other = settings.model_copy(update={"rules": RuleSettings.load(PACKS / "plain-whitelist.yaml")})
    nonce = sent(operator)
    said = refused(deploy, operator, other, folder)
    assert (
        '_of_class_in_country: "" is left out, and was 149 when it was deployed or last changed; '
        "`prorata rules change` puts other rules in force"
    ) in said
    assert sent(operator) == nonce


@pytest.mark.parametrize("pack", sorted(path.stem for path in PACKS.glob("*.yaml")))
def test_every_pack_can_be_deployed_and_says_what_it_was_written_as(
    operator, settings, folder, pack
):
    rules = RuleSettings.load(PACKS / f"{pack}.yaml")
    found = deploy(operator, settings.model_copy(update={"rules": rules}), folder)
    keeper = found.registry().count_keeper(found.token().address)
    assert (keeper != NATIVE) == rules.counts
    receipt = operator.earlier("deploy/TransferRules")
    [event] = receipt.events("RulesSet")
    read = RuleSettings.decode(event.args["settings"], 0)
    assert read == rules.model_copy(
        update={"title": "", "sources": (), "notice": "", "countries": read.countries}
    )
    if rules.countries is not None:
        assert set(read.countries.only or ()) == set(rules.countries.only or ())
        assert read.countries.until == rules.countries.until


def test_a_lock_up_gets_its_keeper_of_lots(operator, settings, folder, entries, table):
    rules = RuleSettings.of({"lock_up_days": 30})
    found = deploy(operator, settings.model_copy(update={"rules": rules}), folder)
    assert "LockUps" in found.manifest.contracts
    register_investors(operator, found, entries)
    issue(operator, found, table)
    sender, receiver = table.holdings[9].address, table.holdings[10].address
    check = check_transfer(found.token(), sender, receiver, 1)
    assert [r.code for r in check.explanation.refusals] == [Code.LOCKED_UP]
    assert (check.passes, check.most) == (False, 0)


def test_an_owner_who_does_not_deploy_is_handed_the_registry(operator, settings, folder):
    found = deploy(operator, settings.model_copy(update={"owner": OTHER}), folder)
    registry = found.registry()
    assert registry.pending_owner() == OTHER
    assert registry.is_agent(OTHER)
    assert not registry.is_agent(operator.address)
    assert found.token().owner() == OTHER


def test_a_registry_is_shared_by_the_assets_of_an_issuer(
    registered, settings, table, reopen, tmp_path
):
    registry = registered.registry().address
    second = settings.model_copy(update={"symbol": "CANAL9", "registry": registry})
    with reopen(tmp_path / "CANAL9") as operator:
        found = deploy(operator, second, tmp_path / "CANAL9")
        assert found.registry().tokens() == [registered.token().address, found.token().address]
        issue(operator, found, table)
    stranger = LocalSigner(rehearsal_key(0))
    with open_operator(registered.chain, stranger, tmp_path / "X") as other:
        assert f"does not own the registry {registry}" in refused(
            deploy, other, second, tmp_path / "X"
        )


def test_a_dry_run_prices_every_contract_at_least_at_what_it_costs(operator, settings, folder):
    planned = price(operator, settings)
    assert not (folder / "manifest.json").exists()
    found = deploy(operator, settings, folder)
    for name, contract in found.manifest.contracts.items():
        assert contract.gas <= planned[name] <= GAS_LIMIT


# ------------------------------------------------------------------------------- registering


def test_the_register_is_on_the_chain(registered, entries):
    known = registered.registry().investors_of([entry.address for entry in entries])
    assert known == [entry.investor for entry in entries]


def test_the_same_file_again_sends_nothing(operator, registered, entries):
    nonce = sent(operator)
    again = register_investors(operator, registered, entries)
    assert (again.difference.unchanged, again.receipts) == (39, ())
    assert sent(operator) == nonce


def test_only_what_differs_is_sent_and_what_lacks_is_told(operator, registered, entries):
    rows = [HEADER]
    for entry in entries[2:]:
        who = entry.investor
        kind = ("retail", "accredited", "qualified", "professional", "institutional")
        until = "forever" if who.eligible_until == FOREVER else "2040-12-31"
        rows.append(
            f"{entry.address},{who.person},{who.country:03d},{kind[who.investor_class]},{until}"
        )
    rows.append(f"{OTHER},99,CH,retail,forever")
    file = parse_investors("\n".join(rows))
    nonce = sent(operator)
    planned = register_investors(operator, registered, file, dry_run=True)
    assert sent(operator) == nonce
    done = register_investors(operator, registered, file)
    assert planned.difference == done.difference
    assert [e.address for e in done.difference.new] == [OTHER]
    assert len(done.difference.changed) == sum(
        entry.investor.eligible_until != FOREVER for entry in entries
    )
    assert list(done.difference.missing) == sorted(e.address for e in entries[:2])
    assert len(planned.gas) == len(done.receipts) == 2
    # Back again: the same step a second time is a step of its own.
    back = register_investors(operator, registered, entries)
    assert len(back.difference.changed) == len(done.difference.changed)
    assert register_investors(operator, registered, entries).receipts == ()


def test_large_registers_go_in_batches_below_the_cap(operator, found):
    rows = [f"0x{0xBEEF << 96 | i:040x},{i},DE,retail,2040-12-31" for i in range(1, 451)]
    done = register_investors(operator, found, parse_investors("\n".join([HEADER, *rows])))
    assert len(done.receipts) == 3
    gas = [receipt.mined.gas_used for receipt in done.receipts]
    assert max(gas) < GAS_LIMIT // 2
    assert sum(gas) // 450 < 30_000


def test_only_an_agent_registers(chain, found, entries, tmp_path):
    with open_operator(chain, LocalSigner(rehearsal_key(0)), tmp_path / "x") as stranger:
        assert refused(register_investors, stranger, found, entries) == (
            f'account: "{stranger.address}" is no agent of the registry '
            f"{found.registry().address}; use an agent's account, or let the owner "
            f"{found.registry().owner()} add it"
        )


def test_a_lost_wallet_is_not_registered_as_somebody_else(operator, issued, entries, table):
    lost = named(table, "Sofie Vermeulen")
    recover(operator, issued, BASIS, lost=lost, successor=OTHER)
    confirm_loss(operator, issued, BASIS, lost=lost, successor=OTHER)
    assert register_investors(operator, issued, entries).receipts == ()
    entry = next(entry for entry in entries if entry.address == lost)
    other = replace(entry, investor=replace(entry.investor, person=7_000))
    assert refused(register_investors, operator, issued, [other]) == (
        f'line {entry.line}, address: "{lost}" was lost, and {OTHER} took its place, a wallet of '
        "another person; write the same person"
    )


# -------------------------------------------------------------------------------- refusals


def test_every_refusal_is_said_with_its_values(issued, entries, table):
    token = issued.token()
    sender = named(table, "Elise Garnier")
    bermuda, expired = entries[35].address, entries[37].address
    there = check_transfer(token, sender, bermuda, 3)
    [sentence] = there.sentences
    assert sentence == (
        "the receiver's country is Bermuda, whose investors may not receive now; send to an "
        "investor of another country"
    )
    late = check_transfer(token, sender, expired, 3)
    assert len(late.sentences) == 1
    assert late.sentences[0].startswith(
        f"the receiver {expired} was eligible until 2025-12-31T23:59:59Z, and it is 20"
    )
    nobody = check_transfer(token, sender, OTHER, 3)
    assert [r.code for r in nobody.explanation.refusals] == [Code.NOT_ELIGIBLE, Code.COUNTRY]
    held = token.balance_of(sender)
    over = check_transfer(token, sender, entries[10].address, held + 1)
    assert over.sentences == [f"the sender holds {held} CANAL8; transfer no more than that"]
    assert (over.passes, over.most) == (False, held)
    assert check_transfer(token, sender, entries[10].address, held).passes


def test_the_rules_themselves_say_the_same(issued, entries, table):
    token = issued.token()
    arguments = (named(table, "Elise Garnier"), entries[35].address, 3)
    rules = TransferRules(issued.chain, token.compliance())
    assert rules.explain(token.address, *arguments) == token.explain(*arguments)


# ---------------------------------------------------------------------------------- orders


def test_a_frozen_wallet_neither_sends_nor_is_logged_twice(operator, issued, table):
    token, wallet = issued.token(), named(table, "Elise Garnier")
    done = freeze(operator, issued, BASIS, wallet)
    assert token.is_frozen(wallet)
    assert freeze(operator, issued, BASIS, wallet).receipt.hash == done.receipt.hash
    order, mined = read_orders(issued)
    assert (order["what"], order["wallet"], order["by"]) == ("freeze", wallet, operator.address)
    assert order["reason"] == BASIS.reason
    assert order["document"] == {"hash": "0x" + "ab" * 32, "is": "given as a hash"}
    assert (mined["order"], mined["transaction"]) == (order["order"], done.receipt.hash)
    check = check_transfer(token, wallet, table.holdings[10].address, 1)
    assert check.explanation.refusals[0].code == Code.SENDER_BLOCKED


def test_what_was_released_can_be_frozen_again_for_the_same_reason(operator, issued, table):
    wallet = named(table, "Elise Garnier")
    for _ in range(2):
        freeze(operator, issued, BASIS, wallet)
        assert issued.token().is_frozen(wallet)
        release(operator, issued, BASIS, wallet)
        assert not issued.token().is_frozen(wallet)
    assert len({line["order"] for line in read_orders(issued)}) == 4
    assert len(read_orders(issued)) == 8


def test_some_shares_are_frozen_and_freed(operator, issued, table):
    token, holder = issued.token(), table.holdings[1]
    freeze(operator, issued, BASIS, holder.address, amount=300)
    assert token.frozen_tokens(holder.address) == 300
    check = check_transfer(token, holder.address, table.holdings[2].address, holder.shares - 299)
    [sentence] = check.sentences
    assert sentence == (
        f"{holder.shares - 299} CANAL8 are more than the {holder.shares - 300} CANAL8 of the "
        "sender that are not frozen; transfer less, or ask the issuer"
    )
    assert check.most == holder.shares - 300
    freeze(operator, issued, BASIS, holder.address, amount=0)
    assert token.frozen_tokens(holder.address) == 0


def test_a_forced_transfer_is_done_once_for_one_reason(operator, issued, table):
    token = issued.token()
    giver, taker = table.holdings[1], table.holdings[2]
    options = {"sender": giver.address, "receiver": taker.address, "amount": 100}
    first = force_transfer(operator, issued, BASIS, **options)
    again = force_transfer(operator, issued, BASIS, **options)
    assert again.receipt.resumed
    assert token.balance_of(taker.address) == taker.shares + 100
    other = Basis.of("Order 13/2027 of the district court", BASIS.document_hash)
    second = force_transfer(operator, issued, other, **options)
    assert token.balance_of(taker.address) == taker.shares + 200
    lines = read_orders(issued)
    assert [line.get("transaction") for line in lines] == [
        None, first.receipt.hash, None, second.receipt.hash,
    ]  # fmt: skip


def test_what_cannot_be_ordered_leaves_no_line(operator, issued, table):
    giver = table.holdings[10]
    too_much = {"sender": giver.address, "receiver": table.holdings[2].address}
    assert refused(force_transfer, operator, issued, BASIS, **too_much, amount=9_999) == (
        f'amount: "9,999" is more than the {giver.shares} that {giver.address} holds; '
        "move no more than that"
    )
    said = refused(
        force_transfer, operator, issued, BASIS, sender=giver.address, receiver=OTHER, amount=1
    )
    assert "TransferRules_Refused" in said
    assert read_orders(issued) == []


def test_the_log_of_an_older_version_is_still_read(operator, issued, table):
    wallet = named(table, "Elise Garnier")
    old = {"order": "freeze/old", "what": "freeze", "reason": "Order 1/2025"}
    torn = f'{json.dumps(old)}\n{{"order": "freeze/torn"'
    (issued.folder / "orders.jsonl").write_text(torn)
    assert read_orders(issued) == [old]
    freeze(operator, issued, BASIS, wallet)
    assert [line.get("what") for line in read_orders(issued)] == ["freeze", "freeze", None]
    assert (issued.folder / "orders.jsonl").read_text() == torn


def test_a_run_killed_before_the_second_line_writes_it_next_time(operator, issued, table):
    wallet = named(table, "Elise Garnier")
    note = operator.journal.note
    operator.journal.note = lambda facts: None if "block" in facts else note(facts)
    done = freeze(operator, issued, BASIS, wallet)
    del operator.journal.note
    assert len(read_orders(issued)) == 1
    again = freeze(operator, issued, BASIS, wallet)
    assert again.receipt.hash == done.receipt.hash
    assert [line.get("transaction") for line in read_orders(issued)] == [None, done.receipt.hash]


def test_the_journal_has_no_words_that_could_name_a_person(operator, issued, table):
    """They are beside it with a salt, and can be erased there; the order stays."""
    wallet = named(table, "Elise Garnier")
    basis = Basis.of("Elise Garnier has lost her key", "0x" + "ab" * 32)
    freeze(operator, issued, basis, wallet)
    assert "Garnier" not in (issued.folder / "journal.jsonl").read_text()
    assert OrderLog(issued.folder, operator.journal).faults() == []
    reasons = issued.folder / "reasons.jsonl"
    kept = reasons.read_text()
    reasons.write_text(kept.replace("lost her key", "sold her key"))
    [fault] = OrderLog(issued.folder, operator.journal).faults()
    assert fault.endswith(f"in {reasons} were changed")
    reasons.unlink()
    order, _ = read_orders(issued)
    assert (order["reason"], order["document"]["hash"]) == (None, "0x" + "ab" * 32)
    assert order["wallet"] == wallet


def test_income_follows_the_person_to_the_new_wallet(anvil, operator, issued, table):
    token, lost = issued.token(), named(table, "Pieter Janssen")
    record = schedule_record(operator, issued, operator.chain.now() + 100)
    anvil.rpc("evm_setNextBlockTimestamp", record.closes_at + 1)
    anvil.rpc("evm_mine")
    ether = Currency(issued.chain, NATIVE)
    rent = declare(
        operator, issued, record_id=1, currency=ether, amount=5_000 * 10**12, terms=Terms(Kind.RENT)
    )
    shares = token.balance_of(lost)
    recover(operator, issued, BASIS, lost=lost, successor=OTHER)
    again = recover(operator, issued, BASIS, lost=lost, successor=OTHER)
    assert again.receipt.resumed
    assert (token.balance_of(lost), token.balance_of(OTHER)) == (0, shares)
    before = ether.balance_of(OTHER)
    claim(operator, issued, lost, [rent.id])
    assert ether.balance_of(OTHER) - before == shares * 10**12
    registry = issued.registry()
    assert registry.investor_of(OTHER) == registry.investor_of(lost)
    assert registry.investor_of(OTHER).country == 528
    assert refused(recover, operator, issued, BASIS, lost=lost, successor=operator.address) == (
        f'lost: "{lost}" was lost before, and {OTHER} took its place; name that wallet'
    )


def test_an_order_keeps_the_name_it_had_before_the_log_told_amounts():
    """Else an order of an older log would be executed once more."""
    shares = Unit("CANAL8", 2).amount(525)
    facts = {"from": OTHER, "to": BASIS.document, "shares": shares}
    words = (OTHER, BASIS.document, "525", BASIS.reason, BASIS.document_hash)
    digest = sha256("\n".join(words).encode()).hexdigest()[:16]
    order = _Order("force-transfer", facts, BASIS, None)
    assert order.prefix == f"order/force-transfer/{digest}"


def test_only_an_agent_orders(chain, issued, table, tmp_path):
    with open_operator(chain, LocalSigner(rehearsal_key(0)), tmp_path / "x") as stranger:
        said = refused(freeze, stranger, issued, BASIS, table.holdings[3].address)
    assert said.startswith(f'account: "{stranger.address}" is no agent of CANAL8')


@pytest.mark.parametrize(
    ("reason", "document", "rule"),
    [
        ("because", "0x" + "00" * 32, "is not 8 to 500 characters long"),
        ("Order of a court", "nothing.pdf", "cannot be read (no such file or directory)"),
        ("Order\x07 of a court", "0x" + "00" * 32, "has"),
    ],
)
def test_an_order_needs_a_reason_and_a_document(reason, document, rule):
    assert rule in refused(Basis.of, reason, document)


def test_a_document_is_known_by_its_sha_256(tmp_path):
    path = tmp_path / "judgment.pdf"
    path.write_bytes(b"In the name of the people")
    basis = Basis.of("Judgment of a court", str(path))
    assert basis.document_hash == f"0x{sha256(path.read_bytes()).hexdigest()}"
    assert basis.document == "SHA-256 of judgment.pdf"


# ------------------------------------------------------------------------------- permissions


def test_every_power_is_read_from_the_chain(operator, found, settings):
    token = found.token()
    operator.send_one("a", token.add_agent(OTHER))
    operator.send_one("b", token.remove_agent(operator.address))
    operator.send_one("c", token.transfer_ownership(OTHER))
    read = read_permissions(found)
    powers = {(g.contract, g.role, g.account) for g in read.grants}
    assert {
        ("ShareToken", "owner", operator.address),
        ("ShareToken", "pending owner", OTHER),
        ("ShareToken", "agent", OTHER),
        ("ShareToken", "rules", token.compliance()),
        ("InvestorRegistry", "owner", operator.address),
        ("InvestorRegistry", "agent", operator.address),
        ("InvestorRegistry", "bound token", token.address),
    } <= powers
    assert ("ShareToken", "agent", operator.address) not in powers
    assert (
        f"{OTHER} has not accepted ShareToken: {operator.address} owns it until then; let it "
        "accept with `prorata ownership accept --of token`"
    ) in read.warnings
    assert (
        f"{operator.address} is owner of ShareToken with a single key: whoever has it can appoint "
        "agents and replace the rules, and so take any holder's shares; offer the ownership to a "
        "multisig with `prorata ownership offer --to 0x… --of token`"
    ) in read.warnings
    assert read.as_json()["deployer"] == operator.address


def test_a_former_owner_who_is_still_agent_is_warned_of(anvil, operator, found):
    """The first owner is made agent when the asset is deployed, and stays it."""
    token = found.token()
    operator.send_one("offer", token.transfer_ownership(OTHER))
    anvil.rpc("anvil_setBalance", OTHER, hex(10**18))
    anvil.rpc("anvil_impersonateAccount", OTHER)
    sent_by_node(found.chain, token.accept_ownership().question(OTHER))
    read = read_permissions(found)
    warning = (
        f"{operator.address} owned ShareToken before and is still its agent: it can issue, burn "
        f"and force transfers; let the owner remove it with `prorata agents remove "
        f"{operator.address} --of token`"
    )
    assert warning in read.warnings
    [grant] = [g for g in read.grants if g.contract == "ShareToken" and "agent" in g.role]
    assert (grant.role, grant.account) == ("agent, former owner", operator.address)
    sent_by_node(found.chain, token.remove_agent(operator.address).question(OTHER))
    anvil.rpc("anvil_stopImpersonatingAccount", OTHER)
    assert warning not in read_permissions(found).warnings


def test_an_open_asset_has_powers_too(operator, tmp_path):
    building = Asset.load(PROJECT_ROOT / "examples" / "building" / "asset.yaml")
    found = deploy(operator, building, tmp_path / "HARB12", dollar=True)
    read = read_permissions(found)
    assert {g.contract for g in read.grants} == {"ShareToken", "DividendVault", "Dollar"}
    desks = [(g.account, g.kind) for g in read.grants if g.role == "claim relayer"]
    assert desks == [(found.vault().relayer(), "contract")]
    assert refused(found.registry) == (
        "HARB12 has no registry, so anyone may hold it; deploy an asset with rules, such as "
        "examples/compliant/asset.yaml"
    )


def test_a_program_may_ask_without_a_journal(chain: RpcChain, issuer, issued, table):
    alone = Operator(chain, issuer)
    done = freeze(alone, issued, BASIS, table.holdings[4].address)
    assert done.receipt is not None


# ------------------------------------------------------------------------------------ issuing


def holdings(*wallets: str, shares: int = 1) -> CapTable:
    return CapTable(tuple(Holding(wallet, shares) for wallet in wallets))


def test_nobody_is_issued_shares_who_may_not_hold_them(operator, registered, entries):
    """The token asks for eligibility only; the rest is said before anything is sent."""
    bermuda, expired = entries[35].address, entries[37].address
    nonce = sent(operator)
    said = refused(issue, operator, registered, holdings(OTHER, bermuda, expired))
    assert said == (
        "3 problems in what is to be issued:\n"
        f'  address: "{OTHER}" is not registered as eligible; register the wallet first\n'
        f'  address: "{bermuda}" is in Bermuda, whose investors may not receive now; leave the '
        "holder out, or issue despite the rules\n"
        f'  address: "{expired}" was eligible until 2025-12-31T23:59:59Z; register the wallet '
        "first"
    )
    assert sent(operator) == nonce
    issue(operator, registered, holdings(bermuda), tranche="island", despite_rules=True)
    assert registered.token().balance_of(bermuda) == 1


@pytest.mark.parametrize(
    ("rules", "rule"),
    [
        ({"max_holders": 2}, '"3" persons would hold, and there may be 2'),
        (
            {"max_holders_in_country": 1},
            '"2" persons in Netherlands would hold, and there may be 1',
        ),
        (
            {"limited_class": "institutional", "max_holders_of_class": 2},
            '"3" persons of class institutional would hold, and there may be 2',
        ),
        (
            {"limited_class": "institutional", "max_holders_of_class_in_country": 1},
            '"2" persons of class institutional in Netherlands would hold, and there may be 1',
        ),
        ({"max_holding": 4}, 'person 1: "6" is more than the 4 that one person may hold'),
        ({"min_holding": 6}, 'person 1: "5" is less than the 6 that who holds must hold'),
        ({"classes": ["retail"]}, "is of class institutional, which may not receive"),
    ],
)
def test_no_more_persons_are_issued_shares_than_may_hold(operator, settings, entries, rules, rule):
    changed = settings.model_copy(update={"rules": RuleSettings.of(rules)})
    found = deploy(operator, changed, operator.journal.path.parent)
    register_investors(operator, found, entries)
    wallets = [entry.address for entry in entries[:3]]
    if any(name.startswith("max") for name in rules):
        # Counting goes on from what is held already.
        issue(operator, found, holdings(wallets[0]))
        assert issue(operator, found, holdings(wallets[0])).receipts[0].resumed
    more = holdings(*wallets, shares=5)
    assert rule in refused(issue, operator, found, more, tranche="second")


def test_parts_of_shares_are_told_as_a_person_writes_them(operator, settings, entries):
    """Without the noughts that a token's decimals would end in."""
    given = {"decimals": 6, "rules": RuleSettings.of({"max_holding": "4.5"})}
    found = deploy(operator, settings.model_copy(update=given), operator.journal.path.parent)
    register_investors(operator, found, entries)
    table = CapTable((Holding(entries[0].address, 5_250_000),), decimals=6)
    said = refused(issue, operator, found, table)
    assert 'person 1: "5.25" is more than the 4.5 that one person may hold' in said


def test_who_holds_already_is_nobody_new(operator, settings, entries):
    """More persons than may hold is no reason to refuse shares to one of them."""
    rules = {"limited_class": "institutional", "max_holders_of_class": 1}
    changed = settings.model_copy(update={"rules": RuleSettings.of(rules)})
    found = deploy(operator, changed, operator.journal.path.parent)
    register_investors(operator, found, entries)
    first, second = (entry.address for entry in entries[:2])
    issue(operator, found, holdings(first, second), despite_rules=True)
    issue(operator, found, holdings(first, shares=2), tranche="second")
    assert found.token().balance_of(first) == 3


@pytest.mark.parametrize("rules", [{"max_holding": 5}, {"min_holding": 5}, {"max_holders": 3}])
def test_a_limit_may_be_reached(operator, settings, entries, rules):
    found = deploy(
        operator,
        settings.model_copy(update={"rules": RuleSettings.of(rules)}),
        operator.journal.path.parent,
    )
    register_investors(operator, found, entries)
    issue(operator, found, holdings(*(entry.address for entry in entries[:3]), shares=5))
    assert found.token().total_supply() == 15

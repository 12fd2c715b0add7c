"""What each contract answers, asked through Python's own words for it, on a real Anvil."""

from __future__ import annotations

from datetime import date
from io import StringIO

import pytest
from rich.console import Console

from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.contracts.pass_through import PassThrough
from prorata.contracts.record_ranges import RecordRanges
from prorata.contracts.registry import LockUps
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Terms
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import folder_for
from prorata.deployments.permissions import read_permissions
from prorata.errors import DeploymentError
from prorata.income.pushes import push_all
from prorata.ledger.audits import audit_register
from prorata.reports.tables import cap_table_table
from prorata.values.kinds import Kind
from prorata.values.times import parse_time
from tests.prorata.conftest import act, close_record, put, refused

DEED = b"deed".ljust(32, b"\0")
STRANGER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def test_a_token_tells_its_papers(operator, found):
    """Documents and metadata, from the day they are set to the day they go."""
    token = found.token()
    assert (token.documents(), token.contract_uri()) == ([], "")
    set_document = token.set_document(DEED, "ipfs://deed", b"\1" * 32)
    sent = operator.send_one("deed", set_document)
    set_at = operator.chain.blocks([sent.mined.block_number])[0].timestamp
    operator.send_one("metadata", token.set_contract_uri("ipfs://house"))
    assert token.documents() == [DEED]
    uri, document_hash, time = token.document(DEED)
    assert (uri, document_hash) == ("ipfs://deed", b"\1" * 32)
    assert time == set_at
    assert token.contract_uri() == "ipfs://house"
    operator.send_one("no deed", token.remove_document(DEED))
    assert (token.documents(), token.document(DEED)) == ([], ("", bytes(32), 0))


def test_a_token_tells_who_may_do_what_with_shares(operator, issued, table):
    """Before and after a pause, a freeze and an approval."""
    token, holder = issued.token(), table.holdings[0].address
    assert token.can_transfer(holder, STRANGER, 1)
    assert (token.can_send(holder), token.can_receive(holder), token.paused()) == (
        True,
        True,
        False,
    )
    assert (token.claimant_of(holder), token.allowance(holder, STRANGER)) == (holder, 0)
    operator.send_one("freeze", token.set_address_frozen(holder, True))
    operator.send_one("pause", token.pause())
    operator.send_one("approve", token.approve(STRANGER, 7))
    assert not token.can_transfer(STRANGER, operator.address, 0)
    assert (token.can_send(holder), token.can_receive(holder), token.paused()) == (
        False, False, True,
    )  # fmt: skip
    assert (token.claimant_of(holder), token.allowance(operator.address, STRANGER)) == (NATIVE, 7)


def test_record_ranges_lots_and_a_pool_tell_what_they_are(anvil, operator, issued):
    """Each knows the token it serves, and nothing of others."""
    record = close_record(anvil, operator, issued)
    token, vault = issued.token(), issued.vault()
    made = deploy_call(artifact("RecordRanges"), token.address)
    record_ranges = RecordRanges(
        operator.chain, operator.send_one("record_ranges", made).contract_address
    )
    operator.send_one("record_range", record_ranges.define([record], [3]))
    assert (record_ranges.token(), record_ranges.record_count()) == (token.address, 1)
    assert (
        record_ranges.record_time(1) == record_ranges.record_times()[0] == token.record_time(record)
    )
    arguments = (vault.address, STRANGER, token.address, record_ranges.address)
    made = deploy_call(artifact("PassThrough"), *arguments)
    pool = PassThrough(operator.chain, operator.send_one("pool", made).contract_address)
    reported = (pool.vault(), pool.pool(), pool.pool_token(), pool.pool_ranges())
    assert (*reported, pool.is_registered()) == (*arguments, False)
    made = deploy_call(artifact("LockUps"))
    lots = LockUps(operator.chain, operator.send_one("lots", made).contract_address)
    assert lots.locked(token.address, STRANGER) == (0, 0)


def test_money_is_counted_and_named_whatever_it_is(operator, artifacts, found):
    """The native coin, a plain token, and one of the first, whose name is no string."""
    ether, dollar = Currency(operator.chain, NATIVE), found.currency("USD")
    balances = ether.balances_of([operator.address, STRANGER])
    assert balances == [operator.chain.balance(who) for who in (operator.address, STRANGER)]
    assert ether.allowance(STRANGER, operator.address) == 0
    operator.send_one("pay", dollar.transfer(STRANGER, 7))
    assert dollar.balances_of([STRANGER]) == [7]
    antique = Currency(operator.chain, put(operator, artifacts, "AntiqueCurrency"))
    assert (antique.name(), antique.symbol()) == ("Antique", "ANT")


# ------------------------------------------------------------------------------- permissions


def test_contracts_of_another_make_are_named_as_such(operator, artifacts, found):
    """Their owners cannot be read here, and the table says so instead of leaving them out."""
    token = found.token()
    rules = put(operator, artifacts, "ForeignCompliance")
    registry = put(operator, artifacts, "ForeignRegistry")
    operator.send_one("rules", token.set_compliance(rules))
    act(operator, artifacts, "ShareToken", token.address, "setIdentityRegistry", registry)
    said = {(g.contract, g.account): g.may for g in read_permissions(found).grants}
    assert "refuse transfers: an ERC-3643 contract, whose owners are not read here" in said.values()
    assert said["InvestorRegistry", registry] == (
        "an ERC-3643 registry of another make, whose roles are not read here"
    )


# ----------------------------------------------------------------------------------- folders


def test_the_only_deployment_of_a_chain_needs_no_name(operator, settings, tmp_path):
    """None and two are refused with what there is to choose from."""
    chain, root = operator.chain, tmp_path / "deployments"
    with pytest.raises(DeploymentError) as none:
        folder_for(chain, None, root)
    assert str(none.value) == (
        f"there is no deployment on chain 31337 in {root / '31337'}; run `prorata deploy` on this "
        "network first, or name a folder with --deployment"
    )
    first = folder_for(chain, "HARB12", root)
    deploy(operator, settings, first, dollar=False)
    assert folder_for(chain, None, root) == first
    second = first.with_name("OTHER")
    second.mkdir()
    (second / "manifest.json").write_bytes((first / "manifest.json").read_bytes())
    with pytest.raises(DeploymentError) as two:
        folder_for(chain, None, root)
    assert str(two.value) == (
        "there are 2 deployments on chain 31337: HARB12, OTHER; "
        "name the folder of one with --deployment"
    )


def test_a_day_is_its_last_second():
    assert parse_time("deadline", date(2027, 3, 31)) == 1_806_537_599


# ---------------------------------------------------------------------------------- register


def test_the_register_alone_is_audited_and_drawn(operator, issued, table):
    """Read from events, compared with what the token answers, and shown by name."""
    token = issued.token()
    ledger, differences = audit_register(operator.chain, token.address, issued.manifest.first_block)
    assert (differences, ledger.total_supply) == ([], 10_000)
    assert ledger.balances == {holding.address: holding.shares for holding in table}
    console = Console(file=StringIO(), width=120)
    console.print(cap_table_table(table, 3))
    drawn = console.file.getvalue()
    first, fourth = table.holdings[0], table.holdings[3]
    assert first.address in drawn
    assert fourth.address not in drawn
    operator.send_one("later", token.mint(STRANGER, 5))
    earlier, _ = audit_register(
        operator.chain, token.address, issued.manifest.first_block,
        last=operator.chain.block().number - 1,
    )  # fmt: skip
    assert STRANGER not in earlier.balances


def test_a_page_for_another_tokens_distribution_is_refused(operator, issued, tmp_path, settings):
    """Its holders are not this register's."""
    made = deploy_call(
        artifact("ShareToken"),
        ("Two", "TWO", 0, operator.address, NATIVE, NATIVE, [operator.address]),
    )
    other = ShareToken(operator.chain, operator.send_one("two", made).contract_address)
    vault, dollar = issued.vault(), issued.currency("USD")
    operator.send_one("two shares", other.mint(STRANGER, 5))
    operator.send_one("agree", dollar.approve(vault.address, 100))
    operator.send_one("record", other.schedule_record(operator.chain.now() + 100))
    declared = vault.declare(other.address, 1, dollar.address, 100, Terms(Kind.RENT))
    operator.send_one("declare", declared)
    assert refused(push_all, operator, issued, 1) == (
        'distribution: "1" is none of HARB12; use the deployment of its token'
    )

"""The commands beside the reference suite of ERC-3643 from npm: they ask it, and tell it enough."""

from __future__ import annotations

import pytest

from prorata.chain.transactions.adoption import adopt
from prorata.chain.transactions.outside import find_outside
from prorata.deployments.deployment import home_of
from prorata.errors import RevertError
from prorata.register.captable import CapTable, Holding
from prorata.register.enforcement import Basis, recover
from prorata.register.issuance import issue
from tests.bench.peers import compile_reference
from tests.chainkit import AnvilKit
from tests.contracts.harness import person
from tests.contracts.reference import NEW, ReferenceSuite
from tests.prorata.conftest import refused, sent

pytestmark = pytest.mark.slow

BASIS = Basis.of("Order 12/2027 of the district court", "0x" + "ab" * 32)
ANN, BEN, CID = (person(i) for i in range(3))
LIMIT = 1_000


@pytest.fixture
def suite(anvil, artifacts, found, operator):
    """The suite beside the asset's token, with limits; Ann and Ben are verified."""
    with AnvilKit(anvil, {**compile_reference(), **artifacts}) as kit:
        kit.impersonate(ANN, BEN, CID)
        made = ReferenceSuite(kit, operator.address, operator.address)
        token = kit.at("ShareToken", found.token().address)
        made.plug_into(token)
        limit = kit.codec.call("SupplyLimitModule", "setSupplyLimit", LIMIT)
        made.add_module(token, "SupplyLimitModule", limit)
        largest = kit.codec.call("MaxBalanceModule", "setMaxBalance", LIMIT)
        made.add_module(token, "MaxBalanceModule", largest)
        made.know(ANN, BEN)
        # The owner plugged the suite in by other means than the commands.
        findings = find_outside(operator.chain, operator.journal, home_of(found.folder))
        adopt(operator.journal, findings)
        yield made


def table(**shares: int) -> CapTable:
    """A cap table of Ann, Ben and Cid."""
    wallets = {"ann": ANN, "ben": BEN, "cid": CID}
    return CapTable(tuple(Holding(wallets[who], amount) for who, amount in shares.items()))


def test_an_issue_asks_rules_of_another_make_before_it_begins(operator, found, suite):
    """One unit over the limit is refused in a sentence, and so is whoever they cannot judge."""
    before, rules = sent(operator), suite.compliance.address
    rule = f"shares, says the compliance contract {rules}; leave the holder out, or issue despite"
    said = refused(issue, operator, found, table(ann=LIMIT + 1))
    assert said == f'address: "{ANN}" may not be issued 1,001 {rule} the rules'
    said = refused(issue, operator, found, table(ann=1, cid=5))
    assert said == f'address: "{CID}" may not be issued 5 {rule} the rules'
    said = refused(issue, operator, found, table(ann=LIMIT - 5, ben=6))
    together = f"shares together may not be issued, says the compliance contract {rules}"
    assert said == f'total: "1,001" {together}; issue less, or despite the rules'
    assert sent(operator) == before
    assert issue(operator, found, table(ann=LIMIT - 5, ben=5), dry_run=True).shares == LIMIT
    issue(operator, found, table(ann=LIMIT))
    assert found.token().balance_of(ANN) == LIMIT
    more = table(ben=1)
    said = refused(issue, operator, found, more, tranche="second")
    assert f'"{BEN}" may not be issued 1 shares' in said
    issue(operator, found, more, tranche="second", despite_rules=True)
    assert found.token().balance_of(BEN) == 1


def test_a_recovery_gives_the_identity_that_the_registry_knows(operator, found, suite):
    """So that the new wallet is registered by it."""
    issue(operator, found, table(ann=590))
    identity = suite.registry.call("identity", ANN)
    recover(operator, found, BASIS, lost=ANN, successor=NEW)
    assert suite.registry.call("identity", NEW) == identity
    assert suite.registry.call("contains", ANN) is False
    assert [found.token().balance_of(wallet) for wallet in (ANN, NEW)] == [0, 590]


def test_a_recovery_to_another_person_is_refused_before_it_is_sent(operator, found, suite):
    """With both wallets and what the registry knows them by."""
    issue(operator, found, table(ann=590))
    before = sent(operator)
    with pytest.raises(RevertError) as caught:
        recover(operator, found, BASIS, lost=ANN, successor=BEN)
    ann, ben = (suite.registry.call("identity", wallet) for wallet in (ANN, BEN))
    assert (caught.value.error, caught.value.arguments) == (
        "ShareToken_OtherIdentity",
        {"lost": ANN, "successor": BEN, "identity": ann, "otherIdentity": ben},
    )
    assert sent(operator) == before

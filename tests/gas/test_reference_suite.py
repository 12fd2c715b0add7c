"""Beside the reference suite of ERC-3643: the dearest registry that is believed, on cold slots."""

from __future__ import annotations

import pytest

from tests.chainkit import GAS_CAP, AnvilKit
from tests.contracts.harness import Harness
from tests.contracts.reference import NEW, ReferenceSuite, reference_artifacts


@pytest.mark.slow
def test_what_asks_the_dearest_registry_fits_a_transaction(anvil, artifacts):
    """Fifteen topics of nineteen issuers: an issue, a transfer and a recovery ask it once each."""
    before = anvil.rpc("evm_snapshot")
    with AnvilKit(anvil, {**reference_artifacts(), **artifacts}) as kit:
        harness = Harness(kit)
        suite = ReferenceSuite(kit, harness.owner, harness.agent, topics=15, issuers=19)
        suite.plug_into(harness.token)
        identity, _ = suite.know(harness.ann, harness.ben)
        answer = suite.registry.send("isVerified", harness.ann).gas
        assert answer > 7_000_000
        order = ("recoveryAddress", harness.ann, NEW, identity.address)
        receipts = (
            harness.token.send("mint", harness.ann, 10, sender=harness.agent),
            harness.move(harness.ann, harness.ben, 1),
            harness.token.send(*order, sender=harness.agent),
        )
        assert all(answer < receipt.gas < answer + 400_000 for receipt in receipts)
        assert harness.token.call("balanceOf", NEW) == 9
    assert anvil.rpc("evm_revert", before)
    # A second answer as dear, the rules', would fit too.
    assert max(receipt.gas for receipt in receipts) + answer < GAS_CAP

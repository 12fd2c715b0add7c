"""The token of ERC-3643's reference suite in the care of `Holds`."""

from __future__ import annotations

import pytest

from tests.chainkit import Codec, RevmKit
from tests.contracts.harness import Harness, person, refused
from tests.contracts.market.holding import Holding, State
from tests.contracts.reference import ReferenceSuite, reference_artifacts


@pytest.mark.parametrize("verified", [True, False], ids=["verified", "unknown"])
def test_a_reference_token_is_held_where_the_contract_is_a_verified_holder(artifacts, verified):
    """The token of ERC-3643's reference suite; refused cleanly where it is not (Law 43)."""
    kit = RevmKit(Codec({**artifacts, **reference_artifacts()}))
    harness = Harness(kit)
    holding = Holding(harness, appointed=False)
    suite = ReferenceSuite(kit, harness.owner, harness.agent)
    suite.know(harness.ann, harness.ben)
    token = suite.reference_token()
    holds = holding.holds.address
    if verified:
        identity = suite.new_identity(person(50))
        suite.register(holds, identity.address)
    token.send("mint", harness.ann, 100, sender=harness.agent)
    token.send("approve", holds, 100, sender=harness.ann)
    if not verified:
        with refused("Holds_Short", token.address, 0, 60):
            holding.open(asset=token.address)
        assert holding.money(token) == [100, 0, 0]
        return
    terms = holding.open(asset=token.address)
    assert holding.in_custody(terms)
    token.send("pause", sender=harness.agent)
    holding.claim(terms)
    assert holding.state(terms) == State.CLAIMED
    token.send("unpause", sender=harness.agent)
    holding.deliver(terms)
    assert holding.money(token) == [40, 60, 0]

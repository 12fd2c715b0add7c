"""One contract of each kind, at an address that is computed and the same for everybody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prorata.chain.abi import encode_constructor
from prorata.chain.artifacts import artifact
from prorata.deployments.create2 import FACTORY, create2_address
from prorata.deployments.deployment import open_operator
from prorata.deployments.market_contracts import SALT
from prorata.errors import DeploymentError
from prorata.market.singletons import (
    deploy_singletons,
    packed_singletons,
    read_singletons,
    settlement_at,
    singleton_address,
)
from prorata.toolchain.anvil import Anvil
from tests.prorata.conftest import sent


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    """A chain of its own: on another one somebody may have come first."""
    with Anvil() as node:
        yield node


def test_they_are_deployed_once_whoever_comes_first(operator):
    chain = operator.chain
    assert [one.code_hash for one in read_singletons(chain)] == [None] * len(packed_singletons())
    with pytest.raises(DeploymentError, match="`prorata market deploy` puts it there"):
        settlement_at(chain)
    done = deploy_singletons(operator)
    assert [one.singleton.name for one in done] == list(packed_singletons())
    assert all(one.singleton.is_ours and not one.receipt.resumed for one in done)
    before = sent(operator)
    assert all(one.receipt.resumed for one in deploy_singletons(operator))
    assert sent(operator) == before
    assert settlement_at(chain).address == singleton_address("TradeSettlement")


def test_who_comes_second_sends_nothing(operator, tmp_path):
    """Another folder knows of no step, and finds the code."""
    deploy_singletons(operator)
    before = sent(operator)
    nothing = [None] * len(packed_singletons())
    with open_operator(operator.chain, operator.signer, tmp_path / "other") as second:
        assert [one.receipt for one in deploy_singletons(second)] == nothing
    assert sent(operator) == before


BUILT_ON = {
    "CallAuction": "Holds",
    "CallExplainer": "CallAuction",
    "ShareExchange": "Holds",
    "ExchangeExplainer": "ShareExchange",
}


@pytest.mark.parametrize("name", packed_singletons())
def test_the_address_follows_from_the_packed_code_alone(name):
    below = [singleton_address(BUILT_ON[name])] if name in BUILT_ON else []
    code = artifact(name).bytecode + encode_constructor(name, below)
    assert singleton_address(name) == create2_address(SALT, code, FACTORY)


def test_code_that_is_not_ours_is_said_to_be_other(anvil, chain):
    anvil.rpc("anvil_setCode", singleton_address("Holds"), "0x00")
    _, holds, *_ = read_singletons(chain)
    assert (holds.code_hash is None, holds.is_ours) == (False, False)


def test_an_address_without_code_is_refused_when_it_is_named(chain):
    nowhere = "0x" + "11" * 20
    with pytest.raises(DeploymentError, match="or leave it out for the usual one"):
        settlement_at(chain, nowhere)

"""A chain that does not run Ethereum's bytecode is refused before anything is sent."""

from __future__ import annotations

import pytest

from prorata.assets.asset import Asset
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.deployments.deployer import deploy, price
from prorata.deployments.machine import require_machine
from prorata.errors import DeploymentError
from prorata.toolchain.anvil import Anvil
from tests.prorata.conftest import BUILDING

SENTENCE = "chain 31337 does not run bytecode as Ethereum does since Cancun, which the contracts"


@pytest.mark.slow
@pytest.mark.parametrize("hardfork", ["cancun", "prague", "osaka"])
def test_ethereum_since_cancun_is_taken(hardfork):
    with Anvil(hardfork=hardfork) as node:
        require_machine(RpcChain(node.url))


@pytest.mark.slow
def test_what_lacks_an_opcode_is_refused(tmp_path, issuer):
    with Anvil(hardfork="shanghai") as node:
        operator = Operator(RpcChain(node.url), issuer)
        settings = Asset.load(BUILDING / "asset.yaml")
        for attempt in (
            lambda: price(operator, settings),
            lambda: deploy(operator, settings, tmp_path / "HARB12"),
        ):
            with pytest.raises(DeploymentError, match=SENTENCE) as refusal:
                attempt()
            assert "ZKsync-like virtual machines are not supported" in str(refusal.value)
        assert operator.chain.nonce(issuer.address) == 0
        assert not (tmp_path / "HARB12").exists()


@pytest.mark.parametrize("answer", ["0x", "0x2a012a00", "0x00000001"])
def test_a_machine_that_answers_something_else_is_refused(chain, monkeypatch, answer):
    """As one whose contracts' code cannot be read."""
    monkeypatch.setattr(RpcChain, "request", lambda *_: answer)
    monkeypatch.setattr(RpcChain, "chain_id", 31337)
    with pytest.raises(DeploymentError, match=f"it answered {answer}"):
        require_machine(chain)

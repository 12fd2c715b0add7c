"""A small asset behind a faulty node, on an Anvil of its own: what is undone here stays here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prorata.toolchain.anvil import Anvil
from tests.assurance.faults.chain_faults import ChainFaults
from tests.assurance.faults.harness import FaultHarness, in_haste
from tests.assurance.faults.proxy import FaultyNode, faulty_node


@pytest.fixture(scope="module")
def own_anvil() -> Iterator[Anvil]:
    with Anvil() as node:
        yield node


@pytest.fixture(scope="module")
def node(own_anvil) -> Iterator[FaultyNode]:
    with faulty_node(own_anvil.url) as faulty:
        yield faulty


@pytest.fixture(scope="module")
def chain_faults(own_anvil) -> ChainFaults:
    return ChainFaults(own_anvil)


@pytest.fixture
def harness(own_anvil, node, tmp_path) -> Iterator[FaultHarness]:
    """Nothing deployed yet."""
    before = own_anvil.rpc("evm_snapshot")
    node.calm()
    with in_haste():
        harness = FaultHarness(own_anvil, tmp_path, url=node.url)
        yield harness
        node.calm()
        harness.leave()
    assert own_anvil.rpc("evm_revert", before)

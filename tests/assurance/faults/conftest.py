"""A small world behind a faulty node, on an Anvil of its own: what is undone here stays here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prorata.toolchain.anvil import Anvil
from tests.assurance.faults.proxy import FaultyNode, faulty_node
from tests.assurance.faults.weather import Weather
from tests.assurance.faults.world import World, in_haste


@pytest.fixture(scope="module")
def own_anvil() -> Iterator[Anvil]:
    with Anvil() as node:
        yield node


@pytest.fixture(scope="module")
def node(own_anvil) -> Iterator[FaultyNode]:
    with faulty_node(own_anvil.url) as faulty:
        yield faulty


@pytest.fixture(scope="module")
def weather(own_anvil) -> Weather:
    return Weather(own_anvil)


@pytest.fixture
def world(own_anvil, node, tmp_path) -> Iterator[World]:
    """Nothing deployed yet."""
    before = own_anvil.rpc("evm_snapshot")
    node.calm()
    with in_haste():
        world = World(own_anvil, tmp_path, url=node.url)
        yield world
        node.calm()
        world.leave()
    assert own_anvil.rpc("evm_revert", before)

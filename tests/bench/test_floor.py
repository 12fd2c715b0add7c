"""The floor's prices, each against an EVM that runs nothing else; no figure is below it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.bench import floor
from tests.bench.operations import OPERATIONS
from tests.chainkit import AnvilKit

FIGURES = json.loads((PROJECT_ROOT / "tests/gas/figures.json").read_text(encoding="utf-8"))["gas"]
CALLEE = "0x" + "c0" * 20
CODE = "0x" + "c1" * 20
STEP = 3  # a push, or another operation of the cheapest kind that takes something

Runs = Callable[..., int]


@pytest.fixture(scope="module")
def kit():
    with Anvil(hardfork="osaka") as anvil, AnvilKit(anvil, {}) as kit:
        yield kit


@pytest.fixture
def runs(kit) -> Runs:
    """The gas of a transaction that runs some bytecode, its slot 0 holding a value before."""

    def run(code: str, data: bytes = b"", slot: int = 0) -> int:
        kit.rpc("anvil_setCode", CODE, "0x" + code)
        kit.rpc("anvil_setStorageAt", CODE, "0x" + "00" * 32, f"0x{slot:064x}")
        return kit.transact(kit.accounts[0], CODE, data).gas

    return run


@pytest.mark.parametrize(
    ("before", "after"), [(0, 0), (0, 1), (1, 1), (1, 2)], ids=["nothing", "fill", "same", "change"]
)
def test_a_storage_write(runs, before, after):
    """A cold slot that is filled, changed, or written as it was."""
    # PUSH1 after, PUSH1 0, SSTORE
    gas = runs(f"60{after:02x}600055", slot=before)
    assert gas == floor.TRANSACTION + 2 * STEP + floor.changing(before, before, after)


def test_a_second_write_to_the_same_slot(runs):
    """What was written before in the transaction is warm and dirty."""
    gas = runs("600260005560036000" + "55", slot=1)
    writes = floor.changing(1, 1, 2) + floor.changing(2, 1, 3, cold=False)
    assert gas == floor.TRANSACTION + 4 * STEP + writes


def test_a_slot_that_is_looked_at(runs):
    """PUSH1 0, SLOAD, once cold and once warm."""
    assert runs("600054") == floor.TRANSACTION + STEP + floor.read("").gas
    once_more = STEP + floor.WARM
    assert runs("600054600054") == floor.TRANSACTION + STEP + floor.read("").gas + once_more


def test_another_contract(kit, runs):
    """PUSH1 0 four times, PUSH20, PUSH2, STATICCALL: a call of code that stops at once."""
    kit.rpc("anvil_setCode", CALLEE, "0x00")
    code = "6000" * 4 + "73" + CALLEE[2:] + "61ffff" + "fa"
    assert runs(code) == floor.TRANSACTION + 6 * STEP + floor.call("").gas


@pytest.mark.parametrize("topics", range(1, 5))
def test_an_event(runs, topics):
    """LOG1 to LOG4 with a word of data, whose memory costs a step."""
    code = "6000" * topics + "60206000" + f"a{topics}"
    memory = 3
    gas = floor.TRANSACTION + (topics + 2) * STEP + memory + floor.event(topics, 1)
    assert runs(code) == gas


def test_calldata_of_a_transaction_that_does_something(runs):
    """Zero and other bytes, in a transaction whose work is above the least (EIP-2028)."""
    data = floor.SELECTOR + floor.ADDRESS + floor.number(2)
    gas = runs("6001600055", data)
    assert gas == floor.transaction(floor.ADDRESS, floor.number(2)).gas + 2 * STEP + (
        floor.fill("").gas
    )
    assert gas > floor.least(data)


def test_calldata_of_a_transaction_that_does_nothing(runs):
    """A transaction that only brings data costs the least that there is (EIP-7623)."""
    data = b"\0" * 300 + b"\x01" * 700
    assert runs("00", data) == floor.least(data)
    assert floor.least(data) > floor.TRANSACTION + floor.calldata(data)


@pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if o.key in floor.FLOORS], ids=lambda o: o.key
)
def test_no_operation_of_prorata_costs_less_than_its_floor(operation):
    """A floor above the figure would be one that counts what can be done without."""
    figure = sum(FIGURES[label] for label in operation.labels)
    assert floor.total(floor.FLOORS[operation.key]) <= figure

"""The announced prices, each by a transaction of a few instructions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prorata.toolchain.anvil import Anvil
from tests.bench import floor
from tests.bench.repricing import Repriced, RepricingKit, reprice

CODE, OTHER = "0x" + "c1" * 20, "0x" + "c0" * 20
SLOT_NOW, SLOT_THEN = 22_100, 12_100 + 64 * 1_530

Prices = Callable[..., tuple[int, Repriced]]


@pytest.fixture(scope="module")
def kit():
    steps = ["--steps-tracing"]
    with Anvil(hardfork="osaka", extra=steps) as anvil, RepricingKit(anvil, {}) as kit:
        yield kit


@pytest.fixture
def prices(kit) -> Prices:
    """Today's gas and the announced gas of a transaction that runs some bytecode."""

    def run(code: str, slot: int = 0, value: int = 0) -> tuple[int, Repriced]:
        kit.rpc("anvil_setCode", CODE, "0x" + code)
        kit.rpc("anvil_setStorageAt", CODE, "0x" + "00" * 32, f"0x{slot:064x}")
        kit.rpc("anvil_setBalance", CODE, hex(10**18))
        kit.transact(kit.accounts[0], CODE, b"", value)
        block = kit.rpc("eth_getBlockByNumber", "latest", False)
        receipt = kit.rpc("eth_getTransactionReceipt", block["transactions"][-1])
        trace = kit.rpc("debug_traceTransaction", block["transactions"][-1], {})
        found = reprice(kit, {**receipt, "miner": block["miner"]}, trace)
        return int(receipt["gasUsed"], 16), found

    return run


def test_what_touches_no_state_costs_the_same(prices):
    """PUSH1, POP; and a cold read of a slot, whose price stays."""
    for code in ("600050", "600054"):
        today, then = prices(code)
        assert (then.regular, then.state) == (today, 0)


def test_a_slot_that_is_filled(prices):
    """Cold, and warm after a read: 64 bytes of state either way."""
    for code, more in (("6001600055", 0), ("6000546001600055", 100)):
        today, then = prices(code)
        assert then.state == 97_920
        assert then.gas - today == SLOT_THEN - SLOT_NOW + more


def test_a_slot_that_is_changed(prices):
    """12,100 in place of 5,000; once more in the same transaction it costs the same as today."""
    today, then = prices("6002600055", slot=1)
    assert (then.regular - today, then.state) == (7_100, 0)
    again, twice = prices("60026000556003600055", slot=1)
    assert twice.regular - again == 7_100


def test_a_slot_that_is_written_as_it_was(prices):
    """Only the access: its warm part is in the cold price."""
    today, then = prices("6001600055", slot=1)
    assert (then.regular - today, then.state) == (-100, 0)


def test_a_slot_that_is_cleared_gives_back_at_most_a_fifth(prices):
    """The refund grows to 11,616, and is cut at a fifth of the whole."""
    today, then = prices("6000600055", slot=1)
    used = today + 4_800
    assert then.regular == used + 7_100 - min((used + 7_100) // 5, 11_616)


def test_another_contract(kit, prices):
    """A cold call is 400 dearer, a warm one is not; code that is looked at costs 100 more."""
    kit.rpc("anvil_setCode", OTHER, "0x00")
    call = "6000" * 4 + "73" + OTHER[2:] + "61ffff" + "fa"
    for code, more in (
        (call, 400),
        (call + "50" + call, 400),
        ("73" + OTHER[2:] + "3b", 500),
        ("73" + OTHER[2:] + "31", 400),
    ):
        today, then = prices(code)
        assert (then.regular - today, then.state) == (more, 0)


def test_coins_that_are_sent(kit, prices):
    """To an account that is there, and to one that comes to be: 120 bytes of state."""
    kit.rpc("anvil_setBalance", OTHER, "0x1")
    new = "0x" + "c7" * 20

    def send(to: str) -> str:
        return "6000" * 4 + "6001" + "73" + to[2:] + "61ffff" + "f1"

    today, then = prices(send(OTHER))
    assert (then.regular - today, then.state) == (400 + 2_300, 0)
    today, then = prices(send(new))
    assert (then.regular - today, then.state) == (400 + 2_300 - 25_000, 120 * 1_530)


def test_a_contract_that_is_made(prices):
    """CREATE of 5 bytes of code: an account and its code are state; hashing it costs a word."""
    # The new contract's maker: PUSH1 5, PUSH1 0, RETURN.
    making = "6460056000f3" + "600052" + "6005601b6000f0"
    today, then = prices(making)
    assert then.state == (120 + 5) * 1_530
    assert then.regular - today == 12_000 - 32_000 + 6 - 5 * 200


def test_a_transaction_that_makes_a_contract(kit):
    """The same, told by its receipt."""
    code = bytes.fromhex("60056000f3")
    receipt = kit.transact(kit.accounts[0], None, code)
    made = floor.TRANSACTION + floor.calldata(code) + 12_000 + 125 * 1_530 + 6
    # A word of starting code (EIP-3860), two pushes, and a word of memory.
    assert receipt.gas == made + 2 + 2 * 3 + 3

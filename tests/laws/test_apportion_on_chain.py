"""The contract's division against the law of `prorata/apportion.py`, on any cap table."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prorata.apportion import apportion
from tests.chainkit import ZERO, Codec, Deployed, RevmKit
from tests.laws.harness import scaled
from tests.model.shares import MAX_SUPPLY
from tests.model.vault import MAX_AMOUNT

UNTAXED = (0, 0, 0, ZERO, ZERO, b"\0" * 32)
HOLDERS = [f"0x{0xB0B0000000000000000000000000000000000000 + i:040x}" for i in range(12)]

shares = st.one_of(st.integers(0, 3), st.integers(0, 10_000), st.integers(0, MAX_SUPPLY))
tables = (
    st.lists(shares, min_size=1, max_size=12)
    .map(lambda table: [min(held, MAX_SUPPLY // len(table)) for held in table])
    .filter(any)
)
amounts = st.one_of(
    st.integers(1, 30), st.integers(1, 10**13), st.integers(1, MAX_AMOUNT), st.just(MAX_AMOUNT)
)


class Payday:
    """A closed record of one cap table, and distributions to it."""

    def __init__(self, codec: Codec, table: list[int]) -> None:
        self.kit = RevmKit(codec)
        terms = ("Shares", "S", 0, self.kit.accounts[0], ZERO, ZERO, [self.kit.accounts[0]])
        self.token = self.kit.deploy("ShareToken", terms)
        self.vault = self.kit.deploy("DividendVault")
        self.holders = HOLDERS[: len(table)]
        self.token.send("batchMint", self.holders, table)
        self.token.send("scheduleRecord", self.kit.now)
        self.kit.now += 1

    def declare_coin(self, amount: int) -> None:
        issuer = self.kit.accounts[0]
        self.kit.evm.set_balance(issuer, amount)
        self.vault.send(
            *("declare", self.token.address, 1, ZERO, amount, (*UNTAXED, [])), value=amount
        )

    def declare_dollars(self, amount: int, excluded: list[str]) -> Deployed:
        money = self.kit.deploy("Dollar", "Dollar", "USD", 6)
        money.send("mint", self.kit.accounts[0], amount)
        money.send("approve", self.vault.address, amount)
        self.vault.send(
            "declare", self.token.address, 1, money.address, amount, (*UNTAXED, excluded)
        )
        return money


@scaled(20)
@given(table=tables, amount=amounts)
def test_every_entitlement_is_the_exact_floor(codec: Codec, table, amount) -> None:
    """Each holder is entitled to floor(amount * shares / supply), to the unit (Law 1); the
    entitlements and the remainder make up the amount, and the remainder is less than one unit
    per holder (Law 2)."""
    day = Payday(codec, table)
    day.declare_coin(amount)
    law = apportion(amount, dict(zip(day.holders, table, strict=True)))

    given = {holder: day.vault.call("entitlement", 1, holder) for holder in day.holders}

    assert given == {holder: (gross, 0, gross) for holder, gross in law.gross.items()}
    assert sum(gross for gross, _, _ in given.values()) + law.remainder == amount
    assert 0 <= law.remainder < sum(1 for held in table if held)


@scaled(6)
@given(
    pay=st.tuples(tables, amounts),
    order=st.randoms(use_true_random=False),
    excluded=st.lists(st.sampled_from(HOLDERS), max_size=4),
    together=st.booleans(),
)
def test_what_rounding_leaves_is_carried(codec: Codec, pay, order, excluded, together) -> None:
    """Paid in any order, by claims or by pushes, each gets the exact floor (Law 1), and gets it
    once (Law 4); when all are paid, exactly the remainder is left, and carried (Laws 2, 3)."""
    table, amount = pay
    balances = dict(zip(HOLDERS, table, strict=False))
    if not any(held for who, held in balances.items() if who not in excluded):
        excluded = []
    day = Payday(codec, table)
    money = day.declare_dollars(amount, excluded)
    law = apportion(amount, balances, excluded)
    queue = [*day.holders, *day.holders]
    order.shuffle(queue)

    if together:
        day.vault.send("push", 1, queue)
    else:
        for holder in queue:
            day.vault.send("claim", [1, 1], holder)

    held = {holder: money.call("balanceOf", holder) for holder in day.holders}
    assert held == law.gross
    assert day.vault.call("carried", day.token.address, money.address) == law.remainder
    assert money.call("balanceOf", day.vault.address) == law.remainder

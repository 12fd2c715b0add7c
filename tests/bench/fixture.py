"""Where every peer plays: a chain on which nothing has happened, an issuer and its dollars."""

from __future__ import annotations

from typing import Any

from tests.chainkit import AnvilKit, Deployed
from tests.gas.field import BATCH
from tests.gas.story import START, person

SYMBOL = "HARB"
AMOUNT = 187_654_321_987
Gas = dict[str, int]


class BenchFixture:
    """A chain, an issuer with dollars, a hundred holders and more; the clock is set every time."""

    def __init__(self, kit: AnvilKit) -> None:
        self.kit = kit
        self.issuer = kit.accounts[0]
        self.clock = START
        self.people = [person(i) for i in range(2 * BATCH)]
        self.dollar = self.deploy("Dollar", "Rehearsal dollar", "USDR", 6)
        self.send(self.dollar, "mint", self.issuer, 10**15)

    def tick(self, seconds: int = 12) -> None:
        """Set the time of the next block."""
        self.clock += seconds
        self.kit.next_block_at(self.clock)

    def deploy(self, name: str, *args: Any) -> Deployed:
        """Create a contract in a block of its own."""
        self.tick()
        return self.kit.deploy(name, *args)

    def send(self, contract: Deployed, function: str, *args: Any, sender: str | None = None) -> int:
        """Send in a block of its own and return the gas."""
        self.tick()
        if sender and sender not in self.kit.accounts:
            self.kit.impersonate(sender)
        return contract.send(function, *args, sender=sender).gas

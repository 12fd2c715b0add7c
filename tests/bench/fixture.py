"""Where every peer plays: a chain on which nothing has happened, an issuer and its dollars."""

from __future__ import annotations

from tests.chainkit import AnvilKit
from tests.gas.field import BATCH
from tests.gas.story import Clocked, person

SYMBOL = "HARB"
AMOUNT = 187_654_321_987
Gas = dict[str, int]


class BenchFixture(Clocked):
    """A chain, an issuer with dollars, a hundred holders and more."""

    def __init__(self, kit: AnvilKit) -> None:
        super().__init__(kit)
        self.issuer = kit.accounts[0]
        self.people = [person(i) for i in range(2 * BATCH)]
        self.dollar = self.deploy("Dollar", "Rehearsal dollar", "USDR", 6)
        self.send(self.dollar, "mint", self.issuer, 10**15)

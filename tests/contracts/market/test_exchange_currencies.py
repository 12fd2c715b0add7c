"""Hostile currencies in exchanges of shares: as what is funded, paid, paid in a page, due, taken.

The same natures as the vault meets. Either everybody has what the terms say, or nothing has moved,
or it is owed; and money of another exchange in the same currency is touched in no case but that of
a currency that takes more than it was asked for.
"""

from __future__ import annotations

import pytest

from tests.chainkit import Codec, Reverted, RevmKit
from tests.contracts.currencies import CHANGES, CURRENCIES, Answer, Movement, Nature, Telling
from tests.contracts.harness import DAY, Harness
from tests.contracts.market.exchanging import Exchanging
from tests.contracts.trading import MAX

pytestmark = pytest.mark.slow

EACH, SHARES = 10, 100
AMOUNT = EACH * SHARES
FUNDS = 10 * AMOUNT
NATURES: dict[str, Nature] = {
    **{one.code: one.nature for one in CURRENCIES if one.kind == "wilful"},
    **{one.code: Nature(**one.nature) for one in CHANGES if one.nature},
    "limited": Nature(limit=AMOUNT - 1),
    "fee of nothing": Nature(fee=9),
}
ROLES = ("fund", "pay", "page", "due", "take")
BELIEVED = (Answer.YES, Answer.NOTHING)
OPEN = (Telling.TRUTH, Telling.DOUBLE)


class Desk(Exchanging):
    """Exchanges in a wilful currency, of which Ann and a stranger have some; on a good day."""

    def begin(self) -> None:
        """Open three, and let one owe Ben."""
        self.coin = self.kit.deploy("WilfulCurrency")
        self.coin.send("become", Nature().words())
        for who in (self.owner, self.ann, self.stranger):
            self.coin.send("mint", who, 10 * FUNDS)
            self.coin.send("approve", self.exchange.address, MAX, sender=who)
        self.harness.issue({self.ann: SHARES, self.ben: SHARES})
        money = {"currency": self.coin.address, "gets": EACH}
        self.paying = self._opened(self.redemption(**money), FUNDS)
        self.charging = self._opened(self.redemption(**{**money, "gets": 0, "pays": EACH}), 0)
        self.paging = self._opened(self.maturity(**money), 2 * AMOUNT)
        self.owing = self._opened(self.maturity(**money), 2 * AMOUNT)
        self.kit.now += DAY
        self.holding.order("setAddressFrozen", self.ben, True)
        self.carry_out(self.owing, self.ben)
        self.holding.order("setAddressFrozen", self.ben, False)

    def _opened(self, terms, funding: int) -> int:
        sent = self.exchange.send("open", terms.told, funding, 0, sender=self.owner)
        return int(sent.named("Opened")[0]["id"])

    def do(self, role: str) -> None:
        """The transaction in which the currency has a part."""
        if role == "fund":
            self.exchange.send("fund", self.paying, AMOUNT, sender=self.stranger)
        elif role == "pay":
            self.now(self.paying, SHARES)
        elif role == "page":
            self.carry_out(self.paging, self.ann)
        elif role == "due":
            self.now(self.charging, SHARES)
        else:
            self.take(self.owing, self.ben)

    def purses(self) -> dict[str, int]:
        """What everybody really has, in grains."""
        wallets = {
            "here": self.exchange.address, "ann": self.ann, "ben": self.ben,
            "stranger": self.stranger, "treasury": self.treasury,
        }  # fmt: skip
        return {name: self.coin.call("grainsOf", who) for name, who in wallets.items()}

    def books(self) -> list[tuple[int, ...]]:
        """What the contract says is here and owed, and what Ann has of shares."""
        ids = (self.paying, self.charging, self.paging, self.owing)
        told = [self.of(it) for it in ids]
        figures = ("funds", "paid", "owed", "exchanged")
        books = [tuple(it[name] for name in figures) for it in told]
        return [*books, tuple(self.shares(self.ann, self.ben)), self.owed(self.paging, self.ann)]


def moves(nature: Nature) -> bool:
    """Whether the currency moves what it is asked to, or some of it, and says so."""
    stopped = nature.paused or 0 < nature.limit < AMOUNT
    return not stopped and nature.answer in BELIEVED


@pytest.fixture(scope="module")
def desk(artifacts) -> Desk:
    """One desk for all cells: each leaves it as it was."""
    made = Desk(Harness(RevmKit(Codec(artifacts))))
    made.begin()
    return made


@pytest.mark.attack("J7")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("code", NATURES)
def test_all_is_paid_or_owed_or_nothing_moves(desk, code, role):
    """Of each nature in each role (Laws 62 and 63)."""
    nature, kit = NATURES[code], desk.kit
    start = kit.evm.snapshot()
    desk.coin.send("become", nature.words())
    before, books = desk.purses(), desk.books()
    try:
        desk.do(role)
    except Reverted:
        assert (desk.purses(), desk.books()) == (before, books)
        # A page is stopped by a currency that says no and moves the money all the same only.
        moved = nature.answer not in (Answer.BURNING, Answer.MEGABYTE_AS_REASON)
        assert role != "page" or moved
    else:
        check_done(desk, nature, role, before)
    kit.evm.revert(start)


def check_done(desk: Desk, nature: Nature, role: str, before: dict[str, int]) -> None:
    """What was to move has moved, or is owed; and what came in arrived."""
    now = desk.purses()
    moved = {name: now[name] - before[name] for name in now}
    leaves, arrives = (part * nature.grains for part in nature.moves(AMOUNT))
    if role in ("fund", "due"):
        to = "here" if role == "fund" else "treasury"
        said = arrives * (2 if nature.telling is Telling.DOUBLE else 1)
        assert moves(nature) or nature.answer is Answer.LONG
        assert nature.telling in OPEN
        assert moved[to] == arrives
        assert said >= AMOUNT * nature.grains
        return
    holder = {"pay": "ann", "page": "ann", "take": "ben"}[role]
    if role == "page" and desk.owed(desk.paging, desk.ann)[0]:
        assert desk.owed(desk.paging, desk.ann)[0] == AMOUNT
        assert moved == dict.fromkeys(moved, 0)
        return
    assert (moved["here"], moved[holder]) == (-leaves, arrives)
    if nature.movement is Movement.EXACT and not nature.fee:
        assert arrives == AMOUNT * nature.grains

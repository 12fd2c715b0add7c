"""What is held for a purpose, beside what an agent has frozen: two numbers that never mix."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.chainkit import ZERO
from tests.contracts.harness import DAY, Harness, person, refused

UNLIMITED = 2**256 - 1


class Holding(Harness):
    """The usual token, whose owner has let Eve hold shares. Ann has 100."""

    def __init__(self, kit, **options: Any) -> None:
        super().__init__(kit, **options)
        self.token.send("setHoldsContract", self.eve, sender=self.owner)
        self.issue({self.ann: 100})

    def hold(self, amount: int, account: str | None = None):
        """Hold shares of Ann."""
        return self.token.send("hold", account or self.ann, amount, sender=self.eve)

    def release(self, amount: int):
        """Let go of Ann's."""
        return self.token.send("release", self.ann, amount, sender=self.eve)

    def deliver(self, amount: int, to: str | None = None):
        """Deliver Ann's to Ben."""
        return self.token.send("deliver", self.ann, to or self.ben, amount, sender=self.eve)

    def order(self, amount: int):
        """Freeze so many of Ann's, by order."""
        return self.token.send("setFrozenTokens", self.ann, amount, sender=self.agent)

    def standing(self, who: str | None = None) -> tuple[int, int, int]:
        """Balance, what is held of it, and all that is frozen."""
        account = who or self.ann
        names = ("balanceOf", "heldOf", "getFrozenTokens")
        balance, held, frozen = (self.token.call(name, account) for name in names)
        return balance, held, frozen


@pytest.fixture
def harness(kit) -> Holding:
    """For every test here."""
    return Holding(kit)


# ------------------------------------------------------------------------- examples


def test_shares_are_held_delivered_and_released(harness):
    """They stay their holder's, cannot be given meanwhile, and each step is told (Law 28)."""
    ann, ben = harness.ann, harness.ben
    assert harness.hold(60).events == (("HeldSet", {"account": ann, "held": 60}),)
    assert harness.standing() == (100, 60, 60)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 41, 40):
        harness.move(ann, ben, 41)
    receipt = harness.deliver(50)
    assert receipt.events == (
        ("HeldSet", {"account": ann, "held": 10}),
        ("Transfer", {"from": ann, "to": ben, "value": 50}),
    )
    assert harness.release(10).events == (("HeldSet", {"account": ann, "held": 0}),)
    assert (harness.standing(), harness.standing(ben)) == ((50, 0, 0), (50, 0, 0))
    harness.move(ann, ben, 50)


def test_held_shares_earn_for_their_holder(harness):
    """At the record they are the holder's, and nobody else is paid for them."""
    harness.hold(100)
    number = harness.declare(harness.close(), 1_000)
    harness.claim(harness.ann, number)
    assert harness.dollar.call("balanceOf", harness.ann) == 1_000


def test_only_what_is_free_can_be_held(harness):
    """Not what an agent has frozen, and nothing twice (Law 28)."""
    harness.order(30)
    with refused("ERC7943InsufficientUnfrozenBalance", harness.ann, 71, 70):
        harness.hold(71)
    harness.hold(70)
    assert harness.standing() == (100, 70, 100)
    with refused("ERC7943InsufficientUnfrozenBalance", harness.ann, 1, 0):
        harness.hold(1)
    with refused("ERC7943InsufficientUnfrozenBalance", person(1), 1, 0):
        harness.hold(1, person(1))


@pytest.mark.parametrize("how", ["frozen", "lost"])
def test_nothing_is_held_of_a_wallet_that_is_blocked(harness, how):
    """Neither frozen nor lost."""
    if how == "frozen":
        harness.token.send("setAddressFrozen", harness.ann, True, sender=harness.agent)
    else:
        args = (harness.ann, harness.ben, ZERO)
        harness.token.send("recoveryAddress", *args, sender=harness.agent)
    with refused("ERC7943CannotSend", harness.ann):
        harness.hold(0)


def test_no_more_is_let_go_than_is_held(harness):
    """Neither delivered nor released; the numbers are told (Law 28)."""
    harness.hold(10)
    for call in (harness.release, harness.deliver):
        with refused("ShareToken_HoldExceeded", harness.ann, 11, 10):
            call(11)
    harness.release(10)
    with refused("ShareToken_HoldExceeded", harness.ann, 1, 0):
        harness.release(1)


# ------------------------------------------------- beside the orders of agents


def test_an_order_and_a_hold_end_apart(harness):
    """A release does not lift a freeze, and lifting the freeze releases nothing (Law 28)."""
    harness.hold(40)
    harness.order(50)
    assert harness.standing() == (100, 40, 90)
    harness.release(40)
    assert harness.standing() == (100, 0, 50)
    harness.hold(40)
    harness.order(0)
    assert harness.standing() == (100, 40, 40)
    with refused("ShareToken_UnfreezeExceedsFrozen", harness.ann, 1, 0):
        harness.token.send("unfreezePartialTokens", harness.ann, 1, sender=harness.agent)


def test_shares_are_frozen_one_by_one_beside_those_held(harness):
    """As many as are neither frozen nor held."""
    harness.hold(40)
    harness.token.send("freezePartialTokens", harness.ann, 60, sender=harness.agent)
    with refused("ShareToken_FreezeExceedsBalance", harness.ann, 100, 100):
        harness.token.send("freezePartialTokens", harness.ann, 1, sender=harness.agent)
    harness.token.send("unfreezePartialTokens", harness.ann, 60, sender=harness.agent)
    assert harness.standing() == (100, 40, 40)


def test_a_freeze_during_a_hold_stops_the_delivery(harness):
    """Of the wallet; and by number, while more is frozen and held than there are. A release is
    always possible."""
    token, ann = harness.token, harness.ann
    harness.hold(60)
    token.send("setAddressFrozen", ann, True, sender=harness.agent)
    with refused("ERC7943CannotSend", ann):
        harness.deliver(1)
    token.send("setAddressFrozen", ann, False, sender=harness.agent)
    harness.order(70)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 60, 30):
        harness.deliver(60)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 1, 0):
        harness.deliver(1)
    harness.release(30)
    assert harness.standing() == (100, 30, 100)
    harness.deliver(30)
    assert harness.standing() == (70, 0, 70)


def test_a_delivery_is_judged_as_a_transfer_is(kit):
    """By pause and by rules; and nobody is no receiver."""
    rules = kit.deploy("MovableRules")
    harness = Holding(kit, rules=rules.address)
    harness.hold(50)
    receipt = harness.deliver(5)
    asked = {"from": harness.ann, "to": harness.ben, "amount": 5}
    assert receipt.named("Asked") == [asked]
    rules.send("setRefusing", True)
    with refused("MovableRules_Refused", harness.ann, harness.ben, 5):
        harness.deliver(5)
    rules.send("setRefusing", False)
    with refused("ERC20InvalidReceiver", ZERO):
        harness.deliver(5, ZERO)
    harness.token.send("pause", sender=harness.agent)
    with refused("ShareToken_Paused"):
        harness.deliver(5)
    harness.release(45)


# --------------------------------------------------------- orders that take shares


@pytest.mark.parametrize(
    ("held", "ordered", "taken", "left"),
    [
        # Free shares first, ordered ones next, held ones last.
        (30, 20, 50, (50, 30, 50)),
        (30, 20, 51, (49, 30, 49)),
        (30, 20, 70, (30, 30, 30)),
        (30, 20, 71, (29, 29, 29)),
        (30, 20, 100, (0, 0, 0)),
        # An order of more than there is stays as much more.
        (30, 90, 10, (90, 30, 110)),
        (30, 90, 80, (20, 20, 40)),
        # A freeze without limit stays one.
        (30, UNLIMITED, 80, (20, 20, UNLIMITED)),
        (0, 2**128 - 1, 80, (20, 0, UNLIMITED)),
        (100, 5, 60, (40, 40, 45)),
        (0, 120, 60, (40, 0, 60)),
    ],
)
@pytest.mark.parametrize("order", ["forcedTransfer", "burn"])
def test_an_order_takes_held_shares_last(  # noqa: PLR0917 - a row of a table
    harness, order, held, ordered, taken, left
):
    """And never leaves more held than there are (Law 28)."""
    harness.hold(held)
    harness.order(ordered)
    to = (harness.ben,) if order == "forcedTransfer" else ()
    harness.token.send(order, harness.ann, *to, taken, sender=harness.agent)
    assert harness.standing() == left


def test_a_forced_transfer_to_oneself_releases_nothing(harness):
    """What stays with its holder stays held."""
    harness.hold(60)
    args = (harness.ann, harness.ann, 100)
    harness.token.send("forcedTransfer", *args, sender=harness.agent)
    assert harness.standing() == (100, 60, 60)


@pytest.mark.attack("C3")
def test_a_recovery_moves_what_is_held_and_what_is_ordered(harness):
    """To what the successor has of either; a freeze without limit stays one (Law 28)."""
    harness.issue({harness.ben: 10})
    harness.hold(10, harness.ben)
    harness.hold(60)
    harness.order(7)
    harness.token.send("setFrozenTokens", harness.ben, 2, sender=harness.agent)
    args = (harness.ann, harness.ben, ZERO)
    receipt = harness.token.send("recoveryAddress", *args, sender=harness.agent)
    assert receipt.named("HeldSet") == [
        {"account": harness.ben, "held": 70}, {"account": harness.ann, "held": 0},
    ]  # fmt: skip
    assert harness.standing(harness.ben) == (110, 70, 79)
    assert harness.standing() == (0, 0, 0)
    harness.token.send("setFrozenTokens", harness.ben, UNLIMITED, sender=harness.agent)
    args = (harness.ben, harness.cid, ZERO)
    harness.token.send("recoveryAddress", *args, sender=harness.agent)
    assert harness.standing(harness.cid) == (110, 70, UNLIMITED)


# ------------------------------------------------------------------------- who may


@pytest.mark.attack("F6")
def test_only_the_appointed_contract_holds(harness):
    """Not even owner and agent; and it can do nothing else (Law 28)."""
    harness.hold(10)
    for who in (harness.owner, harness.agent, harness.ann, harness.stranger):
        for call in (("hold", 1), ("release", 1)):
            with refused("ShareToken_NotHoldsContract", who):
                harness.token.send(call[0], harness.ann, call[1], sender=who)
        with refused("ShareToken_NotHoldsContract", who):
            harness.token.send("deliver", harness.ann, harness.ben, 1, sender=who)
    with refused("ShareToken_NotAgent", harness.eve):
        harness.token.send("forcedTransfer", harness.ann, harness.eve, 1, sender=harness.eve)


def test_another_contract_takes_over_what_is_held(harness):
    """With none in between, nothing can be let go."""
    token, owner = harness.token, harness.owner
    harness.hold(10)
    receipt = token.send("setHoldsContract", ZERO, sender=owner)
    assert receipt.events == (("HoldsContractSet", {"holdsContract": ZERO}),)
    with refused("ShareToken_NotHoldsContract", harness.eve):
        harness.release(10)
    assert harness.standing() == (100, 10, 10)
    token.send("setHoldsContract", harness.dan, sender=owner)
    assert token.call("holdsContract") == harness.dan
    token.send("deliver", harness.ann, harness.ben, 4, sender=harness.dan)
    token.send("release", harness.ann, 6, sender=harness.dan)
    assert harness.standing() == (96, 0, 0)


def test_nobody_is_appointed_at_first(kit):
    """And nobody can call as nobody."""
    harness = Harness(kit)
    assert harness.token.call("holdsContract") == ZERO
    with refused("ShareToken_NotHoldsContract", harness.ann):
        harness.token.send("hold", harness.ann, 0, sender=harness.ann)


# ---------------------------------------------------------------------- explanations


def test_what_is_held_is_explained_like_what_is_frozen(harness):
    """`canTransfer` and `explain` count both (code 4: frozen)."""
    harness.hold(60)
    harness.order(10)
    for amount, fits in ((30, True), (31, False)):
        args = (harness.ann, harness.ben, amount)
        assert harness.token.call("canTransfer", *args) is fits
        refusals, most = harness.token.call("explain", *args)
        assert (list(refusals), most) == ([] if fits else [(4, 31, 30)], 30)


# ------------------------------------------------------------------------------ law


@pytest.mark.parametrize("seed", range(4))
def test_any_mixture_of_orders_and_holds(harness, seed):
    """What is held changes by holds, and by orders only where there is no more left; what is
    ordered never by a hold (Law 28)."""
    dice = random.Random(seed)
    token = harness.token
    balance, held, ordered = 100, 0, 0
    for _ in range(150):
        amount = dice.choice([0, 1, dice.randint(0, 30), dice.randint(0, 130)])
        action = dice.choice(["hold", "release", "deliver", "order", "force", "mint"])
        if action == "hold" and amount <= balance - held - ordered:
            harness.hold(amount)
            held += amount
        elif action == "release" and amount <= held:
            harness.release(amount)
            held -= amount
        elif action == "deliver" and amount <= min(held, balance - held - ordered + amount):
            harness.deliver(amount)
            held, balance = held - amount, balance - amount
        elif action == "order":
            harness.order(amount)
            ordered = amount
        elif action == "force" and amount <= balance:
            caught = max(0, amount - max(0, balance - held - ordered))
            token.send("forcedTransfer", harness.ann, harness.ben, amount, sender=harness.agent)
            balance -= amount
            ordered -= caught - max(0, held - balance)
            held = min(held, balance)
        elif action == "mint":
            harness.issue({harness.ann: amount})
            balance += amount
        assert harness.standing() == (balance, held, held + ordered)
        assert held <= balance
        if dice.random() < 0.05:
            harness.kit.now += DAY

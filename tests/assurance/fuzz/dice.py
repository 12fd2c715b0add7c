"""What might happen next: any step, more often one that does something.

Only what is drawn depends on the system; the step itself is plain values. `rng` may be Python's own
or Hypothesis's, which can be shrunk.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.assurance.fuzz.system import (
    CLUB,
    COIN,
    CURRENCIES,
    EAST,
    KEYS,
    MONEY,
    PERSONS,
    WALLETS,
    WILFUL,
    Step,
    SystemHarness,
)
from tests.contracts.compliant import FOREVER
from tests.contracts.currencies import Answer, Mood
from tests.model.declared import Declared
from tests.model.outcomes import NOBODY
from tests.model.shares import MAX_SUPPLY, UNLIMITED
from tests.model.vault import MAX_AMOUNT

MOST_DISTRIBUTIONS = 12
MOST_RECORDS = 8
MOST_LOST = 3
SIGNERS = tuple(name for name in KEYS if name != "ola")


def opening(rng: random.Random) -> list[Step]:
    """Shares for everybody, and a first record; the same kind of beginning for every story."""
    steps: list[Step] = []
    for token in (EAST, CLUB):
        few = rng.choice((2, 12, 40))
        holders = [who for who in WALLETS if token == EAST or who in PERSONS]
        steps += [("mint", token, who, rng.randint(0, few)) for who in holders]
        steps += [("schedule", token, 0), ("appoint", token, "sam")]
    return [*steps, ("wait", 1)]


def next_step(system: SystemHarness, rng: random.Random) -> Step:
    """A step that the system, as it is, invites."""
    dice = Dice(system, rng)
    name = rng.choices(NAMES, WEIGHTS)[0]
    drawn = getattr(dice, name)()
    return drawn if drawn is not None else dice.wait()


class Dice:
    """One method to each kind of step; None where it makes no sense now."""

    def __init__(self, system: SystemHarness, rng: random.Random) -> None:
        self.system, self.law, self.rng = system, system.law, rng

    def pick(self, *choices: Any) -> Any:
        return self.rng.choice(choices)

    def wallet(self) -> str:
        return self.pick(*WALLETS)

    def token(self) -> str:
        return self.pick(EAST, EAST, CLUB)

    def amount(self, held: int) -> int:
        return self.pick(
            0,
            1,
            2,
            held,
            held,
            held // 2,
            held + 1,
            self.rng.randint(0, 30),
            self.rng.randint(0, 9),
        )

    def held(self, token: str, who: str) -> int:
        return int(self.system.shares[token].balances[who])

    # ----------------------------------------------------------------------- shares

    def transfer(self) -> Step:
        token, giver = self.token(), self.wallet()
        to = self.pick(*WALLETS, *WALLETS, NOBODY, token)
        return "transfer", token, giver, to, self.amount(self.held(token, giver))

    def transfer_from(self) -> Step:
        token = self.token()
        giver, spender = self.wallet(), self.wallet()
        allowed = [pair for pair, left in self.system.shares[token].allowances.items() if left]
        if allowed and self.rng.random() < 0.8:
            giver, spender = self.rng.choice(sorted(allowed))
        amount = self.amount(self.held(token, giver))
        return "transfer_from", token, spender, giver, self.wallet(), amount

    def approve(self) -> Step:
        amount = self.pick(0, 3, 10, MAX_SUPPLY, UNLIMITED)
        return "approve", self.token(), self.wallet(), self.wallet(), amount

    def permit(self) -> Step:
        owner = self.pick(*SIGNERS)
        signer = self.pick(owner, owner, owner, "ola")
        return (
            "permit",
            owner,
            self.wallet(),
            self.pick(0, 5, UNLIMITED),
            self.pick(-1, 0, 9),
            signer,
        )

    def mint(self) -> Step:
        token = self.token()
        most = MAX_SUPPLY - self.system.shares[token].supply
        amount = self.pick(0, 1, 5, self.rng.randint(0, 40), self.rng.randint(0, 40))
        if self.rng.random() < 0.02:
            amount = self.pick(most, most + 1, self.rng.randint(0, most))
        return "mint", token, self.wallet(), amount

    def burn(self) -> Step:
        token, holder = self.token(), self.wallet()
        return "burn", token, holder, self.amount(self.held(token, holder))

    def force(self) -> Step:
        token, giver = self.token(), self.wallet()
        frozen = sorted(who for who, n in self.system.shares[token].frozen.items() if n)
        if frozen and self.rng.random() < 0.3:
            # What is frozen stays so, if it goes nowhere.
            giver = self.rng.choice(frozen)
            return "force", token, giver, giver, self.amount(self.held(token, giver))
        return "force", token, giver, self.wallet(), self.amount(self.held(token, giver))

    def stop(self) -> Step:
        token = self.token()
        stopped = sorted(self.system.shares[token].frozen_wallets)
        if stopped and self.rng.random() < 0.7:
            return "stop", token, self.rng.choice(stopped), False
        return "stop", token, self.wallet(), self.pick(True, True, False)

    def freeze(self) -> Step:
        token, who = self.token(), self.wallet()
        return "freeze", token, who, self.pick(0, 0, 1, self.held(token, who), 50, UNLIMITED)

    def appoint(self) -> Step:
        return "appoint", self.token(), self.pick("sam", "sam", "sam", "ola", NOBODY)

    def keeper(self, token: str) -> str:
        """Mostly whoever may hold shares."""
        known = self.system.shares[token].keeper
        return self.pick(
            known if known != NOBODY else "ola", known if known != NOBODY else "sam", "ola"
        )

    def hold(self) -> Step:
        token, who = self.token(), self.wallet()
        free = self.system.shares[token].unfrozen(who)
        return "hold", token, self.keeper(token), who, self.amount(free)

    def kept(self, token: str) -> str:
        """Mostly a wallet of which something is held."""
        some = sorted(who for who, n in self.system.shares[token].held.items() if n)
        return self.pick(*some, *some, self.wallet())

    def deliver(self) -> Step:
        token = self.token()
        giver = self.kept(token)
        amount = self.amount(self.system.shares[token].held[giver])
        return "deliver", token, self.keeper(token), giver, self.wallet(), amount

    def release(self) -> Step:
        token = self.token()
        who = self.kept(token)
        amount = self.amount(self.system.shares[token].held[who])
        return "release", token, self.keeper(token), who, amount

    def hold_income(self) -> Step:
        return "hold_income", self.pick("wes", "wes", "wes", "ola"), self.pick(True, True, False)

    def recover(self) -> Step | None:
        token = self.token()
        if len(self.system.shares[token].successors) >= MOST_LOST:
            return None
        likely = (("ann", "ann2"), ("ben", "ben2"), ("ann2", "ann"))
        return "recover", token, *self.pick(*likely, *likely, (self.wallet(), self.wallet()))

    def confirm(self) -> Step | None:
        if len(self.system.register.book.losses) >= MOST_LOST:
            return None
        likely = (("ann", "ann2"), ("ben", "ben2"), ("ann2", "ann"))
        return "confirm", *self.pick(*likely, *likely, (self.wallet(), self.wallet()))

    def undo(self) -> Step:
        losses = sorted(self.system.register.book.losses)
        return "undo", self.pick(*losses, *losses, self.wallet())

    def pause(self) -> Step:
        token = self.token()
        return "pause", token, not self.system.shares[token].paused

    def unpause(self) -> Step | None:
        paused = [token for token, law in self.system.shares.items() if law.paused]
        return ("pause", paused[0], False) if paused else None

    def schedule(self) -> Step | None:
        token = self.token()
        if len(self.system.shares[token].times) >= MOST_RECORDS:
            return None
        return "schedule", token, self.pick(0, 0, 0, 1, 1, 2, 3, 5)

    def cancel(self) -> Step | None:
        """What was declared for them goes back."""
        token = self.token()
        first = max(1, len(self.system.shares[token].times) - self.pick(0, 0, 1, 2, -1))
        return ("cancel", token, first) if self.system.shares[token].times else None

    def register(self) -> Step:
        # A lost wallet can be its person's only.
        who = self.pick(self.wallet(), self.wallet(), *sorted(self.system.register.book.losses))
        person = self.pick(PERSONS.get(who, 2), PERSONS.get(who, 2), 1, 2, 3, 4, 5)
        valid = self.pick(*[FOREVER - self.system.now] * 4, 3, 9, 0)
        return "register", who, person, valid

    def wait(self) -> Step:
        return "wait", self.pick(1, 1, 1, 2, 3)

    def wait_for_something(self) -> Step | None:
        moments = self.law.moments()[:4]
        return ("wait", self.rng.choice(moments) - self.system.now) if moments else None

    # -------------------------------------------------------------------- declaring

    def declare(self) -> Step | None:
        if len(self.law.distributions) >= MOST_DISTRIBUTIONS:
            return None
        token = self.token()
        issuer = "eve" if token == EAST else "wes"
        records = len(self.system.shares[token].times)
        record = self.pick(records, records, 1, self.rng.randint(1, records + 1))
        # Often as the last time, so that there are series.
        last = [it.currency for it in self.law.distributions[-1:]]
        currency = self.pick(*CURRENCIES, *last * 4)
        what = (self.pick(issuer, issuer, "ola"), token, record, currency)
        amount = self.pick(1, self.rng.randint(1, 30), self.rng.randint(1, 10**7))
        if self.rng.random() < 0.05:
            amount = self.pick(0, MAX_AMOUNT, MAX_AMOUNT + 1)
        plain: Step = ("declare", *what, amount)
        if self.rng.random() < 0.3:
            return plain
        excluded = self.pick((), (), ("cat",), ("wall", "ola", "wall"), WALLETS)
        payable_in = self.pick(0, 0, 0, 2)
        deadline_in = self.pick(-1, -1, -1, 0, 1, 3, 6)
        policy = self.pick(NOBODY, NOBODY, "third", "third", "third", "whole")
        return *plain, deadline_in, policy, payable_in, excluded

    def declare_for_nobody(self) -> Step | None:
        """Of a record that is still open, everybody is left out: what will be refunded."""
        token = self.token()
        law = self.system.shares[token]
        if law.next_close is None or len(self.law.distributions) >= MOST_DISTRIBUTIONS:
            return None
        what = (self.pick("eve", "wes", "ola"), token, len(law.times), self.pick(*CURRENCIES))
        return "declare", *what, self.rng.randint(1, 10**6), -1, NOBODY, 0, WALLETS

    def declare_with_permit(self) -> Step | None:
        if len(self.law.distributions) >= MOST_DISTRIBUTIONS:
            return None
        token = self.token()
        signer = self.pick("ola", "ola", "ann")
        return "declare_with_permit", token, 1, self.rng.randint(1, 500), signer

    # ----------------------------------------------------------------------- paying

    def some(self, likely: Callable[[Declared], bool]) -> int | None:
        """A distribution, more often one for which something is likely to happen."""
        of = self.law.distributions
        if not of:
            return None
        fit = [it.id for it in of if likely(it)]
        if fit and self.rng.random() < 0.9:
            return int(self.rng.choice(fit))
        return self.rng.randint(1, len(of) + 1) if self.rng.random() < 0.3 else len(of)

    def payable(self, it: Declared) -> bool:
        now = self.law.now
        return it.payable_from <= now <= (it.deadline or now) and not it.finished

    def ids(self) -> tuple[int, ...]:
        fit = [it.id for it in self.law.distributions if self.payable(it)]
        if self.rng.random() < 0.4:
            return tuple(fit)
        chosen = [self.rng.choice(fit) for _ in range(self.pick(1, 2, 3, 5)) if fit]
        stray = self.some(self.payable) if self.rng.random() < 0.2 else None
        return tuple([*chosen, stray] if stray else chosen)

    def holder(self) -> str:
        return self.pick(*WALLETS, *WALLETS, "ola")

    def claim(self) -> Step:
        return "claim", self.ids(), self.holder()

    def claim_to(self) -> Step:
        holder = self.holder()
        law = self.system.shares[self.token()]
        sender = self.pick(law.successor(holder), law.successor(holder), holder, "ola")
        # A contract with moods sends nothing by itself.
        sender = "ola" if sender == "wall" else sender
        return (
            "claim_to",
            sender,
            self.ids(),
            holder,
            self.pick("ola", "cat", "wall", "ann", NOBODY),
            self.pick(sender, sender, sender, sender, law.successor(holder)),
        )

    def push(self) -> Step | None:
        number = self.some(self.payable)
        count = self.rng.randint(1, 7)
        some = tuple(self.holder() for _ in range(count))
        page = self.pick(WALLETS, some, some)
        return ("push", number, page) if number else None

    def instruct(self) -> Step:
        holder = self.pick(*SIGNERS)
        successor = self.system.shares[self.token()].successor(holder)
        signer = self.pick(holder, successor if successor in KEYS else holder)
        return (
            "instruct",
            signer,
            self.ids() or (1,),
            holder,
            self.pick("ola", "cat", "wall"),
            self.pick(1, 2, 3),
        )

    def set_payee(self) -> Step:
        payee = self.pick(NOBODY, NOBODY, "ola", "ann", "cat", "wall")
        return "set_payee", self.pick(*SIGNERS), payee

    # ----------------------------------------------------------------------- ending

    def remit(self) -> Step | None:
        number = self.some(lambda it: it.withheld > it.remitted)
        return ("remit", number) if number else None

    def sweep(self) -> Step | None:
        now = self.law.now
        number = self.some(lambda it: 0 < it.deadline < now and not it.finished)
        return ("sweep", number) if number else None

    def refund(self) -> Step | None:
        number = self.some(
            lambda it: (it.is_cancelled or (it.has_record and not it.eligible)) and not it.ended
        )
        return ("refund", number) if number else None

    def count(self) -> Step | None:
        number = self.some(lambda it: it.declared_open and not it.counted)
        return ("count", number, self.pick(0, 1, 1, 2, 9)) if number else None

    # ------------------------------------------------------------------- currencies

    def donate(self) -> Step:
        return "donate", self.pick(COIN, *MONEY), self.rng.randint(1, 9)

    def mood(self) -> Step:
        taking = (Mood.TAKING,) * 2
        others = (Mood.REFUSING, Mood.BURNING, Mood.HUNGRY, Mood.TALKATIVE)
        return "mood", int(self.pick(*taking, *others))

    def nature(self) -> Step:
        currency = self.pick(*WILFUL)
        fee = self.pick(100, 100, 0, 3_333) if currency == "fee" else self.pick(0, 0, 1)
        wrong = (Answer.NO, Answer.TWO, Answer.SHORT)
        answer = self.pick(*[Answer.YES] * 3, Answer.NOTHING, self.pick(*wrong))
        return "nature", currency, fee, self.rng.random() < 0.2, self.pick(True, False), int(answer)

    def block(self) -> Step:
        currency = self.pick(*WILFUL)
        blocked = sorted(self.law.natures[currency].blocked)
        if blocked and self.rng.random() < 0.6:
            return "block", currency, self.rng.choice(blocked), False
        return "block", currency, self.pick(*WALLETS, *WALLETS, "tax", "sam", "vault", "eve"), True


FREQUENCIES: dict[str, int] = {
    "transfer": 16, "transfer_from": 4, "approve": 3, "permit": 1, "mint": 5, "burn": 4, "force": 3,
    "stop": 4, "freeze": 2, "appoint": 1, "hold": 3, "deliver": 2, "release": 1, "hold_income": 1,
    "recover": 1,
    "pause": 1, "unpause": 3, "schedule": 4, "cancel": 2,
    "register": 2, "confirm": 1, "undo": 1, "wait": 6, "wait_for_something": 6, "declare": 14,
    "declare_for_nobody": 1, "declare_with_permit": 1, "claim": 18, "claim_to": 4,
    "push": 14, "instruct": 1, "set_payee": 3, "remit": 4, "sweep": 4, "refund": 2, "count": 2,
    "donate": 1, "mood": 4, "nature": 4, "block": 4,
}  # fmt: skip
NAMES: Sequence[str] = tuple(FREQUENCIES)
WEIGHTS: Sequence[int] = tuple(FREQUENCIES.values())

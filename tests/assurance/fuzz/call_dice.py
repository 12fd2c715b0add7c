"""What might happen next in a system with calls: any step of `market_dice`, or one of these."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.assurance.fuzz import market_dice
from tests.assurance.fuzz.calls import TIMES, CallsHarness
from tests.assurance.fuzz.market_dice import MarketDice
from tests.assurance.fuzz.system import CLUB, EAST, ISSUERS, MONEY, START, WILFUL, Step
from tests.assurance.fuzz.trading import TRADERS
from tests.model.calls import AUCTION, Call, Order, Stage, State, Terms
from tests.model.clearing import ASK, BID
from tests.model.outcomes import NOBODY, Refused

MOST_CALLS, MOST_ORDERS = 5, 9
"""In one story: more would only make each look longer."""

TRIES = 4
"""Kinds of steps that are tried before time passes instead: else calls would be over too soon."""

PRESSING = 0.25
"""How often a call goes on as soon as it can: else most of them would end unsettled."""

VALUER, VENUE, SWEPT_TO = "sam", "tax", "sam"
LASTING = (90, 200, 400)
"""Seconds of a consent, most of them longer than a call."""


def opening(rng: random.Random) -> list[Step]:
    """As with trades and holds, and everybody lets calls hold shares."""
    steps = market_dice.opening(rng)
    consents: list[Step] = [
        ("set_keeper", who, AUCTION, token, 1_000, 2_000)
        for who in TRADERS
        for token in (EAST, CLUB)
        if rng.random() < 0.8
    ]
    return [*steps, *consents]


def next_step(system: CallsHarness, rng: random.Random) -> Step:
    """A step that the system, as it is, invites."""
    drawing = CallDice(system, rng)
    if rng.random() < PRESSING and (due := drawing.what_is_due()):
        return due
    for _ in range(TRIES):
        drawn: Step | None = getattr(drawing, rng.choices(NAMES, WEIGHTS)[0])()
        if drawn is not None:
            return drawn
    return drawing.wait()


class _Tried(Refused):
    """What was tried can be done, and is taken back."""


class CallDice(MarketDice):
    """One method to each kind of step; None where it makes no sense now."""

    def __init__(self, system: CallsHarness, rng: random.Random) -> None:
        super().__init__(system, rng)
        self.all = system

    # ------------------------------------------------------- others' steps, with calls in them

    def consent(self, *, used: bool) -> tuple[str, str, str] | None:
        """A contract holds by itself, and sends nothing else."""
        fit = [
            key
            for key, keep in self.whole.escrow.keeps.items()
            if key[0] != AUCTION and (keep.kept if used else keep.most)
        ]
        if fit and self.rng.random() < 0.95:
            return self.rng.choice(fit)
        return ("sam", self.asset(), self.trader()) if self.rng.random() < 0.1 else None

    def set_keeper(self) -> Step:
        step = super().set_keeper()
        return (*step[:5], max(step[5], self.elapsed + self.pick(0, 40)))

    def take_back(self) -> Step | None:
        keeps = self.whole.escrow.keeps.items()
        late = [key for key, it in keeps if it.kept and it.until < self.whole.now]
        if late and self.rng.random() < 0.7:
            key = self.rng.choice(late)
            return ("take_back", self.present(key[1], key[2]), *key)
        keys = [key for key, it in keeps if key[0] == AUCTION and it.kept]
        if keys and self.rng.random() < 0.1:
            key = self.rng.choice(keys)
            return ("take_back", self.present(key[1], key[2]), *key)
        return super().take_back()

    def allow(self) -> Step:
        step = super().allow()
        return (*step[:3], AUCTION, step[4]) if self.rng.random() < 0.3 else step

    def transfer_from(self) -> Step:
        name, token, spender, *rest = super().transfer_from()
        return name, token, "ola" if spender == AUCTION else spender, *rest

    def block(self) -> Step:
        if self.rng.random() < 0.05:
            return "block", self.pick(*WILFUL), AUCTION, True
        step = super().block()
        return (*step[:2], self.trader(), True) if step[3] and self.rng.random() < 0.3 else step

    def let_calls(self) -> Step:
        """Somebody lets calls hold its shares, or does not any more."""
        token = self.token()
        most, until = self.pick(0, 5, 1_000, 1_000), self.elapsed + self.pick(2, *LASTING)
        return "set_keeper", self.free(token), AUCTION, token, most, until

    def wait_for_call(self) -> Step | None:
        moments = sorted(
            {
                moment + after
                for it, call in self.all.calls.calls.items()
                if call.stage not in (Stage.FAILED, Stage.CANCELLED)
                for moment in (getattr(it, name) for name in TIMES)
                for after in (0, 1)
                if moment + after > self.whole.now
            }
        )
        return ("wait", self.rng.choice(moments[:2]) - self.whole.now) if moments else None

    # ----------------------------------------------------------------------------- opening

    def terms(self) -> tuple[str, Terms, str]:
        """Who opens what, and who has signed it."""
        kind = self.pick(0, 0, 1, 2, 2)
        token = self.token()
        mint = kind == 0 and self.rng.random() < 0.5
        issuer = ISSUERS[token]
        principal = issuer if mint else self.free(token) if kind != 2 else NOBODY
        opener = issuer if mint else principal if kind != 2 else "ola"
        signer = NOBODY
        if principal in TRADERS and self.rng.random() < 0.2:
            opener, signer = "ola", self.pick(principal, principal, principal, "cat")
        valued = self.rng.random() < 0.25
        by_amount = kind == 0 and valued and self.rng.random() < 0.6
        two = kind == 0 and not valued and self.rng.random() < 0.4
        money = self.rng.sample(MONEY, 1 + two)
        if not two and self.rng.random() < 0.3:
            money = [self.pick(*WILFUL)]
        ladders = tuple((each, self.rng.randint(1, 20), self.rng.randint(1, 4)) for each in money)
        lots = self.size_of_call(kind, token, principal, mint)
        least = (
            self.pick(0, 0, 1, max(1, lots // 2), lots, lots) if kind == 0 else self.pick(0, 0, 1)
        )
        fee = self.pick(0, 0, 37, 100)
        record = self.record(token) if not by_amount and self.rng.random() < 0.15 else 0
        registry = "book" if token == CLUB or self.rng.random() < 0.2 else NOBODY
        ends = self.pick(False, True)
        it = Terms(
            opener=opener,
            salt=self.rng.randint(0, 99),
            kind=kind,
            token=token,
            lot=1 if kind == 1 else self.pick(1, 1, 2),
            principal=principal,
            mint=mint,
            by_amount=by_amount,
            lots=lots,
            least_lots=min(least, lots) if kind != 2 else least,
            budget=self.rng.randint(ladders[0][1], 300) if kind == 1 else 0,
            ladders=ladders,
            steps=self.pick(1, 2, 3, 6),
            least_order=self.pick(0, 1, 1, 2),
            most_per_person=self.pick(0, 0, 0, 12) * (6 if by_amount else 1),
            registry=registry,
            record=record,
            entitled_lots=self.pick(5, 20) if record else 0,
            entitled_shares=self.pick(10, 30) if record else 0,
            valuer=VALUER if valued else NOBODY,
            fee_to=VENUE if fee else NOBODY,
            fee_bps=fee,
            delivery_gas=1_000_000,
            sweep_to=SWEPT_TO if ends else NOBODY,
            document=self.rng.randint(0, 9),
            **self.times(accepts=kind != 2, returns=kind == 0 and least > 0, ends=ends),
        )
        return opener, it, signer

    def size_of_call(self, kind: int, token: str, principal: str, mint: bool) -> int:
        """Lots of a sale or a tender, mostly no more than there are shares."""
        if kind == 2:
            return 0
        if kind == 1 or mint:
            return self.rng.randint(1, 15)
        # There can be more shares than a call can have lots.
        free = min(1_000, self.whole.shares[token].unfrozen(principal))
        return max(1, self.pick(free // 2, free // 2, free // 3, free + 1))

    def times(self, *, accepts: bool, returns: bool, ends: bool) -> dict[str, int]:
        """The times of a call, in seconds after the first."""
        opens = self.elapsed + self.pick(0, 0, 0, 2)
        closes = opens + self.pick(15, 30, 60)
        close_by = closes + self.pick(30, 60)
        accept_by = close_by + self.pick(0, 9) if accepts and self.rng.random() < 0.35 else 0
        settle_by = max(close_by, accept_by) + self.pick(40, 90)
        return_until = settle_by + 20 if returns else 0
        withdraw = self.pick(0, opens + 9, closes - 1, closes - 1)
        last = max(settle_by, return_until)
        return dict(
            zip(
                TIMES,
                (
                    *(opens, withdraw, closes, close_by, accept_by, settle_by, return_until),
                    last + self.pick(5, 30) if ends else 0,
                ),
                strict=True,
            )
        )

    def record(self, token: str) -> int:
        """A record that has closed; 0 if there is none."""
        closed = list(self.whole.shares[token].closed)
        return self.rng.choice(closed) if closed else 0

    def call_open(self) -> Step | None:
        known = self.all.calls.calls
        if len(known) >= MOST_CALLS:
            return None
        if known and self.rng.random() < 0.03:
            it = self.rng.choice(list(known))
            return "call_open", it.opener, self.heard_terms(it), NOBODY
        opener, it, signer = self.terms()
        if not self.can(it, lambda: self.all.calls.open(opener, it, signer)):
            opener, it, signer = self.terms()
        opener = opener if self.rng.random() < 0.96 else "ola"
        return "call_open", opener, tuple(it), signer

    # ------------------------------------------------------------------------- known calls

    def can(self, it: Terms, attempt: Callable[[], Any]) -> bool:
        """Whether the law does something with a call now; nothing changes."""
        calls = self.all.calls.calls
        kept = calls[it].copy() if it in calls else None
        try:
            with self.all.world.whole():
                attempt()
                raise _Tried
        except Refused as refused:
            can = isinstance(refused, _Tried)
        if kept:
            calls[it] = kept
        else:
            calls.pop(it, None)
        return can

    def what_is_due(self) -> Step | None:
        """The next step of a call that can go on."""
        due = [step for it, call in self.all.calls.calls.items() for step in self.due_of(it, call)]
        return getattr(self, self.rng.choice(due))() if due else None

    def due_of(self, it: Terms, call: Call) -> list[str]:
        """What can be done with a call."""
        now = self.whole.now
        in_time = now <= it.settle_by
        due = {
            "call_close": call.stage == Stage.OPEN and it.closes_at < now <= it.close_by,
            "call_accept": call.stage == Stage.CLEARED and now <= it.accept_by,
            "call_settle": call.stage == Stage.SETTLING and in_time,
            "call_deliver": call.stage == Stage.SETTLED
            and in_time
            and any(order.state == State.ALLOTTED for order in call.orders),
            "call_return": self.is_short(it, call),
        }
        if any(amount for owed in call.owed for amount in owed.values()):
            late = bool(it.take_until) and it.take_until < now
            due |= {"call_take": not late, "call_take_to": not late}
            due["call_sweep"] = it.sweep_to != NOBODY
        return [name for name, holds in due.items() if holds]

    def is_short(self, it: Terms, call: Call) -> bool:
        """Whether less than enough was delivered, and that can be given back in time."""
        known = call.stage in (Stage.SETTLING, Stage.SETTLED)
        return known and 0 < call.delivered < it.least_lots and self.whole.now <= it.return_until

    @staticmethod
    def heard_terms(it: Terms) -> tuple[Any, ...]:
        """As a step says it."""
        earlier = {name: getattr(it, name) - START for name in TIMES if getattr(it, name)}
        return tuple(it._replace(**earlier))

    def known_call(self, *stages: Stage) -> tuple[Terms, Call] | None:
        """A call, mostly at one of these stages."""
        calls = list(self.all.calls.calls.items())
        fit = [each for each in calls if each[1].stage in stages]
        fit = [each for each in fit if each[1].orders] or fit
        if fit and self.rng.random() < 0.97:
            return self.rng.choice(fit)
        return self.rng.choice(calls) if calls and self.rng.random() < 0.1 else None

    def some_order(self, call: Call, *states: State) -> int | None:
        """The number of an order, mostly in one of these states."""
        numbers = [n for n, order in enumerate(call.orders, 1) if order.state in states]
        if numbers and self.rng.random() < 0.95:
            return self.rng.choice(numbers)
        return len(call.orders) + 1 if self.rng.random() < 0.05 else None

    def some_orders(self, call: Call) -> tuple[int, ...]:
        count = len(call.orders)
        return tuple(self.rng.sample(range(1, count + 1), self.rng.randint(0, count)))

    def owner_of(self, it: Terms, order: Order) -> str:
        return self.present(it.token, order.owner)

    def call_cancel(self) -> Step | None:
        found = self.known_call(Stage.OPEN)
        if not found or self.rng.random() < 0.6:
            return None
        it, _ = found
        sender = self.pick(it.opener, it.opener, it.principal, "cat")
        sender = sender if sender != NOBODY else it.opener
        return "call_cancel", sender, self.heard_terms(it), self.rng.randint(0, 9)

    def call_entitle(self) -> Step | None:
        with_record = [
            it
            for it, call in self.all.calls.calls.items()
            if it.record and call.stage == Stage.OPEN and it.closes_at >= self.whole.now
        ]
        found = self.known_call(Stage.OPEN)
        it = self.rng.choice(with_record) if with_record else found[0] if found else None
        if it is None or (not with_record and self.rng.random() < 0.8):
            return None
        wallets = tuple(self.rng.sample(TRADERS, self.rng.randint(1, 3)))
        return "call_entitle", self.heard_terms(it), wallets

    # ------------------------------------------------------------------------------ orders

    def placing(self) -> tuple[Terms, str, str, int, int, int] | None:
        """A call that takes orders, and an order: owner, side, quantity, step, ladder. Mostly one
        that it takes, if there is any among a few."""
        found = self.any_placing()
        for _ in range(3):
            if not found or self.rng.random() < 0.1:
                break
            it, *order = found
            if self.can(it, lambda it=it, order=order: self.all.calls.place(it, *order)):
                break
            found = self.any_placing()
        return found

    def any_placing(self) -> tuple[Terms, str, str, int, int, int] | None:
        """One that may be refused."""
        taking = [
            it
            for it, call in self.all.calls.calls.items()
            if call.stage == Stage.OPEN and it.opens_at <= self.whole.now <= it.closes_at
        ]
        found = self.known_call(Stage.OPEN)
        it = self.rng.choice(taking) if taking else found[0] if found else None
        if it is None or (not taking and self.rng.random() < 0.95):
            return None
        if len(self.all.calls.calls[it].orders) >= MOST_ORDERS:
            return None
        side = {0: BID, 1: ASK}.get(it.kind) or self.pick(BID, ASK)
        if self.rng.random() < 0.03:
            side = self.pick(BID, ASK)
        owner = self.rng.choice(TRADERS) if side == BID else self.free(it.token)
        if side == BID and self.rng.random() < 0.7:
            owner = self.able(it) or owner
        quantity = self.pick(1, 2, 3, self.rng.randint(1, 9))
        quantity = quantity if self.rng.random() < 0.97 else 0
        if it.by_amount:
            quantity = self.rng.randint(1, 90)
        step = self.rng.randrange(it.steps) if self.rng.random() < 0.97 else it.steps
        ladder = self.rng.randrange(len(it.ladders)) if self.rng.random() < 0.97 else 1
        return it, owner, side, quantity, step, ladder

    def able(self, it: Terms) -> str | None:
        """Somebody who could receive what a call sells, if anybody can."""
        world = self.all.world
        able = [who for who in TRADERS if world.deliverable(it.token, who, it.lot)]
        return self.pick(*able) if able else None

    def call_order(self) -> Step | None:
        found = self.placing()
        return ("call_order", self.heard_terms(found[0]), *found[1:]) if found else None

    def call_permit(self) -> Step | None:
        found = self.placing()
        if not found or found[0].ladders[0][0] != "usd" or found[0].kind == 1:
            return None
        it, owner, _, quantity, step, _ = found
        step = min(step, it.steps - 1)
        signer, late = self.pick(owner, owner, "cat"), self.pick(False, False, True)
        return "call_permit", self.heard_terms(it), owner, quantity, step, signer, late

    def call_signed(self) -> Step | None:
        found = self.placing()
        if not found:
            return None
        it, owner, *order = found
        signer, nonce = self.pick(owner, owner, owner, owner, "cat"), self.rng.randint(0, 9)
        until = self.elapsed + self.pick(-1, 0, 0, 3)
        return "call_signed", self.heard_terms(it), owner, *order, signer, nonce, until

    def call_nonce(self) -> Step:
        return "call_nonce", self.trader(), self.pick(0, 3, 9, 255, 256, 2**40)

    def call_withdraw(self) -> Step | None:
        found = self.known_call(Stage.OPEN)
        number = self.some_order(found[1], State.PLACED, State.STRUCK) if found else None
        if not found or not number:
            return None
        it, call = found
        order = call.orders[min(number, len(call.orders)) - 1] if call.orders else None
        sender = self.owner_of(it, order) if order else "cat"
        return "call_withdraw", sender, self.heard_terms(it), number

    def call_withdraw_for(self) -> Step | None:
        step = self.call_withdraw()
        if step is None:
            return None
        return "call_withdraw_for", *step[1:], self.elapsed + self.pick(-1, 0, 5)

    def call_strike(self) -> Step | None:
        found = self.known_call(Stage.OPEN)
        return (
            ("call_strike", self.heard_terms(found[0]), self.some_orders(found[1]))
            if (found)
            else None
        )

    def call_restore(self) -> Step | None:
        struck = [
            (it, call)
            for it, call in self.all.calls.calls.items()
            if any(order.state == State.STRUCK for order in call.orders)
        ]
        found = self.rng.choice(struck) if struck else self.known_call(Stage.OPEN)
        return (
            ("call_restore", self.heard_terms(found[0]), self.some_orders(found[1]))
            if (found)
            else None
        )

    # --------------------------------------------------------------------------- the close

    def call_close(self) -> Step | None:
        ready = [
            it
            for it, call in self.all.calls.calls.items()
            if call.stage == Stage.OPEN and it.closes_at < self.whole.now
        ]
        in_time = [it for it in ready if self.whole.now <= it.close_by]
        ready = in_time if in_time and self.rng.random() < 0.95 else ready
        found = self.known_call(Stage.OPEN)
        it = self.rng.choice(ready) if ready else found[0] if found else None
        if it is None or (not ready and self.rng.random() < 0.9):
            return None
        price, sender = 0, "ola"
        if it.valuer != NOBODY:
            price = self.rng.randint(it.price(0), it.price(it.steps - 1))
            sender = it.valuer
        if self.rng.random() < 0.04:
            price, sender = self.pick(0, 1, 1_000), self.pick("ola", VALUER)
        return "call_close", sender, self.heard_terms(it), price

    def call_accept(self) -> Step | None:
        found = self.known_call(Stage.CLEARED)
        if not found:
            return None
        sender = found[0].principal if self.rng.random() < 0.95 else "cat"
        return "call_accept", sender if sender != NOBODY else "cat", self.heard_terms(found[0])

    def call_fail(self) -> Step | None:
        found = self.known_call(Stage.OPEN, Stage.CLEARED)
        late = found and found[0].close_by < self.whole.now
        return (
            ("call_fail", self.heard_terms(found[0]))
            if (found and (late or self.rng.random() < 0.1))
            else None
        )

    # ---------------------------------------------------------------------------- after it

    def call_settle(self) -> Step | None:
        found = self.known_call(Stage.SETTLING)
        if not found:
            return None
        if self.rng.random() < 0.25 and (step := self.trouble_for(*found)):
            return step
        return "call_settle", self.heard_terms(found[0]), self.pick(0, 1, 1, 2, 3, 12)

    def trouble_for(self, it: Terms, call: Call) -> Step | None:
        """Somebody of a call can receive no shares any more, or no money."""
        if not call.orders:
            return None
        who = self.all.world.in_place(it.token, self.rng.choice(call.orders).owner)
        wilful = [currency for currency, *_ in it.ladders if currency in WILFUL]
        if wilful and self.rng.random() < 0.6:
            return "block", wilful[0], who, True
        return "stop", it.token, who, True

    def call_deliver(self) -> Step | None:
        waiting = [
            (it, call)
            for it, call in self.all.calls.calls.items()
            if call.stage == Stage.SETTLED
            and any(order.state == State.ALLOTTED for order in call.orders)
        ]
        found = self.rng.choice(waiting) if waiting else self.known_call(Stage.SETTLED)
        if not found or not found[1].orders:
            return None
        it, call = found
        sides = [
            [n for n, o in enumerate(call.orders, 1) if o.side == side and o.undelivered]
            for side in (BID, ASK)
        ]
        owners = {
            self.all.world.in_place(it.token, order.owner)
            for order in call.orders
            if order.undelivered
        }
        frozen = sorted(owners & self.whole.shares[it.token].frozen_wallets)
        if frozen and self.rng.random() < 0.5:
            return "stop", it.token, self.rng.choice(frozen), False
        bid, ask = (
            self.rng.choice(numbers) if numbers else self.rng.randint(0, len(call.orders))
            for numbers in sides
        )
        pair = (0 if it.kind == 1 else bid, 0 if it.kind == 0 else ask)
        pairs = (pair,) if self.rng.random() < 0.95 else ((ask, bid),)
        return "call_deliver", self.heard_terms(it), pairs

    def call_refund(self) -> Step | None:
        stages = (Stage.FAILED, Stage.CANCELLED, Stage.SETTLING, Stage.SETTLED)
        found = self.known_call(*stages)
        if found and self.rng.random() < 0.15 and (step := self.trouble_for(*found)):
            return step
        return (
            ("call_refund", self.heard_terms(found[0]), self.some_orders(found[1]))
            if (found)
            else None
        )

    def call_return(self) -> Step | None:
        calls = list(self.all.calls.calls.items())
        short = [each for each in calls if self.is_short(*each)]
        found = self.rng.choice(short) if short else None
        found = found or self.known_call(Stage.SETTLING, Stage.SETTLED)
        if not found or (not found[0].return_until and self.rng.random() < 0.9):
            return None
        it, call = found
        had = [n for n, order in enumerate(call.orders, 1) if order.delivered > 0]
        if not had:
            return None
        left = it.settle_by + 1 - self.whole.now
        if short and left > 0:
            return ("wait", left) if self.rng.random() < 0.3 else None
        number = self.rng.choice(had)
        order = call.orders[number - 1]
        rest = order.delivered
        lots = self.pick(0, 1, rest, rest, rest + 1)
        owner = self.owner_of(it, order)
        law = self.whole.shares[it.token]
        if not it.mint and law.allowances[owner, AUCTION] < lots * it.lot:
            return "approve", it.token, owner, AUCTION, 1_000
        return "call_return", owner, self.heard_terms(it), number, lots

    def call_pay(self) -> Step | None:
        found = self.known_call(Stage.SETTLING, Stage.SETTLED, Stage.FAILED, Stage.CANCELLED)
        return ("call_pay", self.heard_terms(found[0])) if found else None

    def owing(self) -> tuple[Terms, int, str] | None:
        """Something that is owed: call, ladder, account."""
        all_of_it = [
            (it, ladder, account)
            for it, call in self.all.calls.calls.items()
            for ladder, owed in enumerate(call.owed)
            for account, amount in owed.items()
            if amount
        ]
        if all_of_it:
            return self.rng.choice(all_of_it)
        found = self.known_call(*Stage)
        return (found[0], 0, "cat") if found and self.rng.random() < 0.1 else None

    def in_the_way(self, it: Terms, ladder: int, account: str) -> Step | None:
        """What lets a currency pay what is owed in it, if anything keeps it from that."""
        currency = it.ladders[ladder][0]
        nature = self.law.natures[currency]
        stands_in = self.all.world.in_place(it.token, account)
        for who in (AUCTION, stands_in):
            if who in nature.blocked:
                return "block", currency, who, False
        if nature.paused or not nature.says_yes:
            return "nature", currency, nature.fee, False, nature.quiet, 0
        return None

    def call_take(self) -> Step | None:
        found = self.owing()
        if not found:
            return None
        mended = self.in_the_way(*found) if self.rng.random() < 0.7 else None
        return mended or ("call_take", self.heard_terms(found[0]), *found[1:])

    def call_take_to(self) -> Step | None:
        found = self.owing()
        if not found:
            return None
        it, ladder, account = found
        if self.rng.random() < 0.7 and (mended := self.in_the_way(*found)):
            return mended
        receiver = self.pick("ola", "cat", "eve", "eve", "eve", NOBODY, AUCTION)
        sender = self.present(it.token, account)
        return "call_take_to", sender, self.heard_terms(it), ladder, account, receiver

    def call_sweep(self) -> Step | None:
        found = self.owing()
        if not found or (found[0].sweep_to == NOBODY and self.rng.random() < 0.8):
            return None
        it, ladder, _ = found
        left = it.take_until + 1 - self.whole.now
        if left > 0 and self.rng.random() < 0.4:
            return "wait", left
        return self.in_the_way(it, ladder, it.sweep_to) or (
            "call_sweep",
            self.heard_terms(it),
            ladder,
        )


CALLS: dict[str, int] = {
    "let_calls": 3, "wait_for_call": 5, "call_open": 10, "call_cancel": 1, "call_entitle": 3,
    "call_order": 30, "call_permit": 3, "call_signed": 4, "call_nonce": 1, "call_withdraw": 4,
    "call_withdraw_for": 2, "call_strike": 3, "call_restore": 3, "call_close": 10, "call_accept": 3,
    "call_fail": 2, "call_settle": 14, "call_deliver": 5, "call_refund": 6, "call_return": 5,
    "call_pay": 4, "call_take": 6, "call_take_to": 4, "call_sweep": 4,
}  # fmt: skip
FREQUENCIES = market_dice.FREQUENCIES | CALLS
NAMES: Sequence[str] = tuple(FREQUENCIES)
WEIGHTS: Sequence[int] = tuple(FREQUENCIES.values())

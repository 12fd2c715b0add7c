"""A whole call by its law: orders and what they gave, the close, pages, refunds, what is owed.

Names stand for accounts, tokens and currencies. What a call cannot decide itself (whether a token
lets somebody receive, whether a currency pays, who a person is) it asks of a `World`. Every verb
gives its answer and its events, or refuses and changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

from tests.model.clearing import ASK, BID, Placed, Shape, clears_at
from tests.model.currencies import Outcome
from tests.model.outcomes import NOBODY, Event, Refused, refuse

AUCTION = "auction"
"""The contract that has all calls, and their money."""

KINDS = ("sale", "tender", "auction")
SIDES = (BID, ASK)
BPS = 10_000


class Stage(IntEnum):
    """How far a call is."""

    NONE, OPEN, CLEARED, SETTLING, SETTLED, FAILED, CANCELLED = range(7)


class State(IntEnum):
    """How far an order is."""

    NONE, PLACED, WITHDRAWN, STRUCK, ALLOTTED, ENDED = range(6)


NO_VOLUME, BELOW_LEAST, NOT_CLOSED, NOT_ACCEPTED = range(4)


class Terms(NamedTuple):
    """What a call is, as its contract has it; times are seconds as the chain has them."""

    opener: str
    salt: int
    kind: int
    token: str
    lot: int
    principal: str
    mint: bool
    by_amount: bool
    lots: int
    least_lots: int
    budget: int
    ladders: tuple[tuple[str, int, int], ...]
    """One or two: currency, first price, increment."""
    steps: int
    opens_at: int
    withdraw_until: int
    closes_at: int
    close_by: int
    accept_by: int
    settle_by: int
    return_until: int
    least_order: int
    most_per_person: int
    registry: str
    record: int
    entitled_lots: int
    entitled_shares: int
    valuer: str
    fee_to: str
    fee_bps: int
    delivery_gas: int
    take_until: int
    sweep_to: str
    document: int

    def price(self, step: int, ladder: int = 0) -> int:
        """Money for a lot."""
        _, first, increment = self.ladders[ladder]
        return first + increment * step

    @property
    def shape(self) -> Shape:
        """What its price depends on."""
        return Shape(
            KINDS[self.kind],
            tuple((first, increment) for _, first, increment in self.ladders),
            self.steps,
            self.lots,
            self.least_lots,
            self.budget,
            self.by_amount,
            self.valuer != NOBODY,
        )


@dataclass
class Order:
    """One order, and what became of it."""

    owner: str
    side: str
    quantity: int
    step: int
    ladder: int
    person: Any
    state: State = State.PLACED
    allotted: int = 0
    undelivered: int = 0
    returned: int = 0
    unreleased: int = 0
    """Shares that an ask did not need, and that could not be let go."""

    @property
    def delivered(self) -> int:
        """Lots that it has got, less what it gave back."""
        return self.allotted - self.undelivered - self.returned


@dataclass
class Walker:
    """How far the orders of a side have had their turn; `left` is what this one still gets."""

    number: int = 0
    left: int = 0
    run: int = 0
    """What was placed before, of those that share."""


@dataclass
class Call:
    """A call as it stands."""

    id: Any
    orders: list[Order] = field(default_factory=list)
    stage: Stage = Stage.OPEN
    clearing: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)
    """Step, price, lots, demand, supply."""
    given: int = 0
    """Lots ever delivered."""
    returned: int = 0
    passed: int = 0
    released: int = 0
    """Lots of the principal's that were let go."""
    refundable: list[int] = field(default_factory=lambda: [0, 0])
    proceeds: list[int] = field(default_factory=lambda: [0, 0])
    fees: list[int] = field(default_factory=lambda: [0, 0])
    """The venue's part of the proceeds."""
    owed: list[dict[str, int]] = field(default_factory=lambda: [defaultdict(int), defaultdict(int)])
    came: list[int] = field(default_factory=lambda: [0, 0])
    went: list[int] = field(default_factory=lambda: [0, 0])
    ordered: dict[tuple[str, Any], int] = field(default_factory=lambda: defaultdict(int))
    entitled: dict[Any, int] = field(default_factory=lambda: defaultdict(int))
    counted: set[str] = field(default_factory=set)
    walkers: dict[str, Walker] = field(default_factory=lambda: {BID: Walker(), ASK: Walker()})

    @property
    def delivered(self) -> int:
        """Lots delivered, less what was given back."""
        return self.given - self.returned

    def copy(self) -> Call:
        """As it stands now."""
        return replace(
            self,
            orders=[replace(order) for order in self.orders],
            refundable=[*self.refundable],
            proceeds=[*self.proceeds],
            fees=[*self.fees],
            owed=[owed.copy() for owed in self.owed],
            came=[*self.came],
            went=[*self.went],
            ordered=self.ordered.copy(),
            entitled=self.entitled.copy(),
            counted=self.counted.copy(),
            walkers={side: replace(walker) for side, walker in self.walkers.items()},
        )

    def escrowed(self, ladder: int) -> tuple[int, int, int]:
        """What may go back, what waits for enough deliveries, and what is owed."""
        return self.refundable[ladder], self.proceeds[ladder], sum(self.owed[ladder].values())


class World(Protocol):
    """What is outside of all calls."""

    @property
    def now(self) -> int:
        """The present second."""

    def id_of(self, terms: Terms) -> Any:
        """The id of a call with these terms."""

    def whole(self) -> AbstractContextManager[None]:
        """All that happens within, or nothing if it raises Refused."""

    def in_place(self, token: str, wallet: str) -> str:
        """The wallet in the place of one, or itself."""

    def person(self, registry: str, wallet: str) -> Any:
        """Whose wallet it is; None if the registry does not know."""

    def shares_at(self, token: str, record: int, wallet: str) -> int:
        """What a wallet had at a record."""

    def speaks(self, token: str, wallet: str) -> bool:
        """Whether it is owner or agent of a token, and so is what holds calls."""

    def paused(self, token: str) -> bool:
        """Whether a token is paused."""

    def deliverable(self, token: str, wallet: str, shares: int) -> bool:
        """Whether a token would let a wallet receive."""

    def collect(self, currency: str, giver: str, amount: int) -> int:
        """Take money by allowance: what arrived."""

    def pay(self, currency: str, receiver: str, amount: int) -> Outcome:
        """Pay money of the calls."""

    def consent(self, token: str, owner: str) -> tuple[int, int]:
        """Until when shares may be held for calls, and how many are."""

    def is_held(self, token: str, owner: str, shares: int) -> bool:
        """Whether the token still keeps so many of them back."""

    def hold(self, token: str, owner: str, shares: int) -> None:
        """Hold shares for calls; raises Refused."""

    def let_go(self, token: str, owner: str, shares: int) -> None:
        """Let go of held ones; raises Refused."""

    def deliver(self, token: str, seller: str, buyer: str, shares: int) -> bool:
        """Move held shares, or mint them if nobody sells; whether it was done."""

    def take_back(self, terms: Terms, giver: str, shares: int) -> None:
        """Move delivered shares back to the principal, or burn them; raises Refused."""


class Calls:
    """All calls of a contract."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: dict[Terms, Call] = {}
        self.spent: set[tuple[str, int]] = set()
        self._said: list[Event] = []

    # -------------------------------------------------------------------------- all verbs

    @contextmanager
    def _all_of_it(self, terms: Terms | None = None) -> Iterator[list[Event]]:
        """The events of a verb that is done whole, or not at all."""
        kept = self.calls[terms].copy() if terms in self.calls else None
        spent = self.spent.copy()
        said: list[Event] = []
        self._said = said
        try:
            with self.world.whole():
                yield said
        except Refused:
            self.spent = spent
            if terms is not None and kept is not None:
                self.calls[terms] = kept
            elif terms is not None:
                self.calls.pop(terms, None)
            raise

    def _call(self, terms: Terms, *stages: Stage) -> Call:
        call = self.calls.get(terms)
        if call is None:
            raise Refused(_error("UnknownCall", self.world.id_of(terms)))
        if stages and call.stage not in stages:
            raise Refused(_error("NotAt", call.id, call.stage))
        return call

    def _order(self, call: Call, number: int) -> Order:
        if not 1 <= number <= len(call.orders):
            raise Refused(_error("UnknownOrder", call.id, number))
        return call.orders[number - 1]

    def _until(self, last: int) -> Any:
        late = self.world.now > last
        return _error("TooLate", last, self.world.now) if late else None

    def _after(self, last: int) -> Any:
        early = self.world.now <= last
        return _error("TooEarly", last + 1, self.world.now) if early else None

    def _say(self, name: str, call: Call, *values: Any) -> None:
        self._said.append((name, call.id, *values))

    # ---------------------------------------------------------------------------- opening

    def open(self, sender: str, terms: Terms, signer: str = NOBODY) -> tuple[Any, list[Event]]:
        """Open a call; `signer` is who has signed for the principal."""
        known = terms in self.calls
        refuse(_error("KnownCall", self.world.id_of(terms)) if known else None)
        with self._all_of_it(terms) as said:
            other = sender != terms.opener
            refuse(_error("NotOpener", sender, terms.opener) if other else None)
            if terms.mint:
                speaks = self.world.speaks(terms.token, sender)
                refuse(None if speaks else _error("NotOwnerOrAgent", sender, terms.token))
            elif terms.principal not in (NOBODY, sender, signer):
                refuse(_error("NotSigned", terms.principal))
            call = self.calls[terms] = Call(self.world.id_of(terms))
            self._say("Opened", call, terms.token, terms.principal, terms)
            if terms.kind == 1:
                self._collect(terms, call, 0, terms.principal, terms.budget)
            elif terms.kind == 0 and not terms.mint:
                self._hold(terms, terms.principal, terms.lots * terms.lot)
        return call.id, said

    def cancel(self, sender: str, terms: Terms, document: int) -> list[Event]:
        """End a call before it is closed."""
        call = self._call(terms, Stage.OPEN)
        if sender not in (terms.opener, terms.principal):
            refuse(_error("MayNotCancel", sender, call.id))
        call.stage = Stage.CANCELLED
        return [("Cancelled", call.id, sender, document)]

    def entitle(self, terms: Terms, wallets: Sequence[str]) -> list[Event]:
        """Count what wallets had at the record."""
        with self._all_of_it(terms) as said:
            call = self._call(terms, Stage.OPEN)
            none = _error("TermsMismatch", terms.kind, terms.valuer, 0)
            refuse(None if terms.record else none, self._until(terms.closes_at))
            for wallet in wallets:
                before = wallet in call.counted
                refuse(_error("EntitledBefore", call.id, wallet) if before else None)
                call.counted.add(wallet)
                person = self._person(terms, self.world.in_place(terms.token, wallet))
                shares = self.world.shares_at(terms.token, terms.record, wallet)
                call.entitled[person] += shares
                self._say("Entitled", call, person, wallet, shares)
        return said

    def _person(self, terms: Terms, wallet: str) -> Any:
        if terms.registry == NOBODY:
            return wallet
        person = self.world.person(terms.registry, wallet)
        refuse(None if person else _error("UnknownPerson", wallet, terms.registry))
        return person

    # ---------------------------------------------------------------------------- placing

    def place(  # noqa: PLR0917 - as the contract has it
        self,
        terms: Terms,
        owner: str,
        side: str,
        quantity: int,
        step: int,
        ladder: int,
        *,
        signed: tuple[str, int, int] | None = None,
        first: Callable[[int], None] = lambda _: None,
    ) -> tuple[int, list[Event]]:
        """Place an order: its number. `signed` is who signed it, its nonce and its last second;
        `first` is what happens, knowing the money that is due, before that is taken."""
        with self._all_of_it(terms) as said:
            if signed is not None:
                self._spend(owner, *signed)
            call = self._call(terms)
            opens, now = terms.opens_at, self.world.now
            wrong_stage = call.stage != Stage.OPEN
            refuse(
                _error("NotAt", call.id, call.stage) if wrong_stage else None,
                _error("TooEarly", opens, now) if now < opens else None,
                self._until(terms.closes_at),
            )
            self._check_order(terms, side, quantity, step, ladder)
            shares, money = self._gives(terms, side, quantity, step, ladder)
            person = self._check_owner(terms, call, owner, side, quantity, shares)
            call.orders.append(Order(owner, side, quantity, step, ladder, person))
            if terms.most_per_person or terms.record:
                call.ordered[side, person] += quantity
            number = len(call.orders)
            self._say("Placed", call, number, owner, SIDES.index(side), quantity, step, ladder)
            first(money)
            if side == BID:
                self._collect(terms, call, ladder, owner, money)
            else:
                self._hold(terms, owner, shares)
        return number, said

    def _check_order(self, terms: Terms, side: str, quantity: int, step: int, ladder: int) -> None:
        wrong = terms.kind != 2 and (terms.kind == 0) != (side == BID)
        unknown = ladder >= len(terms.ladders)
        small = quantity < max(terms.least_order, 1)
        refuse(
            _error("WrongSide", SIDES.index(side), terms.kind) if wrong else None,
            _error("UnknownStep", step, terms.steps) if step >= terms.steps else None,
            _error("UnknownLadder", ladder) if unknown else None,
            _error("TooSmall", quantity, terms.least_order) if small else None,
        )

    @staticmethod
    def _gives(terms: Terms, side: str, quantity: int, step: int, ladder: int) -> tuple[int, int]:
        """The shares that an order is about, and the money that a bid pays."""
        price = terms.price(step, ladder)
        lots = quantity // price if terms.by_amount else quantity
        money = quantity if terms.by_amount else quantity * price
        return lots * terms.lot, money if side == BID else 0

    def _check_owner(  # noqa: PLR0917
        self, terms: Terms, call: Call, owner: str, side: str, quantity: int, shares: int
    ) -> Any:
        bars = side == BID and not self.world.deliverable(terms.token, owner, shares)
        reasons = [_error("Undeliverable", owner, shares) if bars else None]
        if terms.registry == NOBODY:
            person, of_principal = owner, terms.principal
        else:
            person = self.world.person(terms.registry, owner)
            of_principal = self.world.person(terms.registry, terms.principal)
            unknown = not person
            reasons.append(_error("UnknownPerson", owner, terms.registry) if unknown else None)
        if person and (person == of_principal or owner == terms.principal):
            reasons.append(_error("PrincipalsPerson", owner, person))
        limit = self._limit(terms, call, person)
        together = call.ordered[side, person] + quantity
        if limit is not None and together > limit:
            reasons.append(_error("OverLimit", person, together, limit))
        refuse(*reasons)
        return person

    @staticmethod
    def _limit(terms: Terms, call: Call, person: Any) -> int | None:
        """The most of a person's orders on one side (Law 61); None if there is no limit."""
        limits = [terms.most_per_person] if terms.most_per_person else []
        if terms.record:
            limits.append(call.entitled[person] * terms.entitled_lots // terms.entitled_shares)
        return min(limits, default=None)

    def _spend(self, owner: str, signer: str, nonce: int, until: int) -> None:
        used = (owner, nonce) in self.spent
        refuse(
            self._until(until),
            _error("NonceSpent", owner, nonce) if used else None,
            _error("NotSigned", owner) if signer != owner else None,
        )
        self.spent.add((owner, nonce))

    def cancel_nonce(self, sender: str, nonce: int) -> list[Event]:
        """Spend a number."""
        used = (sender, nonce) in self.spent
        refuse(_error("NonceSpent", sender, nonce) if used else None)
        self.spent.add((sender, nonce))
        return [("NonceCancelled", sender, nonce)]

    def _collect(self, terms: Terms, call: Call, ladder: int, giver: str, amount: int) -> None:
        """Take money that may go back."""
        currency = terms.ladders[ladder][0]
        arrived = self.world.collect(currency, giver, amount)
        refuse(_error("Short", currency, arrived, amount) if arrived < amount else None)
        call.refundable[ladder] += amount
        call.came[ladder] += amount

    def _hold(self, terms: Terms, owner: str, shares: int) -> None:
        until, _ = self.world.consent(terms.token, owner)
        short = until < terms.settle_by
        refuse(_error("ConsentTooShort", owner, until, terms.settle_by) if short else None)
        self.world.hold(terms.token, owner, shares)

    # ------------------------------------------------------------- withdrawing and striking

    def withdraw(
        self, sender: str, terms: Terms, number: int, signed_until: int | None = None
    ) -> list[Event]:
        """Withdraw an order; `sender` is who has signed it, if it was signed."""
        with self._all_of_it(terms) as said:
            call = self._call(terms, Stage.OPEN)
            refuse(None if signed_until is None else self._until(signed_until))
            order = self._order(call, number)
            mine = sender == self.world.in_place(terms.token, order.owner)
            name = "NotOwner" if signed_until is None else "NotSigned"
            stands_in = self.world.in_place(terms.token, order.owner)
            values = (sender, order.owner) if signed_until is None else (stands_in,)
            gone = order.state not in (State.PLACED, State.STRUCK)
            refuse(
                None if mine else _error(name, *values),
                self._until(terms.withdraw_until),
                _error("OrderNotIn", call.id, number, order.state) if gone else None,
            )
            if terms.most_per_person or terms.record:
                self._uncount(terms, call, order)
            order.state = State.WITHDRAWN
            self._say("Withdrawn", call, number, order.owner)
            shares, money = self._gives(terms, order.side, order.quantity, order.step, order.ladder)
            if order.side == ASK:
                self._let_go(terms, order.owner, shares)
            else:
                self._pay_back(terms, call, order, money)
        return said

    def _uncount(self, terms: Terms, call: Call, order: Order) -> None:
        """Who has joined another person since stays counted for the one that it was."""
        person = order.owner
        if terms.registry != NOBODY:
            person = self.world.person(terms.registry, order.owner)
        if person == order.person:
            call.ordered[order.side, person] -= order.quantity

    def _pay_back(self, terms: Terms, call: Call, order: Order, money: int) -> None:
        call.refundable[order.ladder] -= money
        self._pay(terms, call, order.ladder, order.owner, money)

    def _let_go(self, terms: Terms, owner: str, shares: int) -> None:
        _, kept = self.world.consent(terms.token, owner)
        if min(kept, shares):
            self.world.let_go(terms.token, owner, min(kept, shares))

    def _could_let_go(self, terms: Terms, owner: str, shares: int) -> bool:
        """Let shares go, if the token lets them: whoever waits for nothing else is not kept."""
        try:
            with self.world.whole():
                self._let_go(terms, owner, shares)
        except Refused:
            return False
        return True

    def strike(self, terms: Terms, numbers: Sequence[int]) -> tuple[int, list[Event]]:
        """Take out those that could not be delivered now: how many."""
        with self._all_of_it(terms) as said:
            call = self._call(terms, Stage.OPEN)
            paused = self.world.paused(terms.token)
            refuse(_error("TokenPaused", terms.token) if paused else None)
            struck = 0
            for number in numbers:
                order = self._order(call, number)
                if order.state == State.PLACED and not self._could_be_delivered(terms, order):
                    order.state = State.STRUCK
                    struck += 1
                    self._say("Struck", call, number, ...)
        return struck, said

    def restore(self, terms: Terms, numbers: Sequence[int]) -> tuple[int, list[Event]]:
        """Put those back that could: how many."""
        with self._all_of_it(terms) as said:
            call = self._call(terms, Stage.OPEN)
            restored = 0
            for number in numbers:
                order = self._order(call, number)
                if order.state == State.STRUCK and self._could_be_delivered(terms, order):
                    order.state = State.PLACED
                    restored += 1
                    self._say("Restored", call, number)
        return restored, said

    def _could_be_delivered(self, terms: Terms, order: Order) -> bool:
        shares, _ = self._gives(terms, order.side, order.quantity, order.step, order.ladder)
        stands_in = self.world.in_place(terms.token, order.owner)
        if order.side == BID:
            return self.world.deliverable(terms.token, stands_in, shares)
        until, kept = self.world.consent(terms.token, order.owner)
        lasts = kept >= shares and until >= terms.settle_by
        return lasts and self.world.is_held(terms.token, order.owner, shares)

    # ---------------------------------------------------------------------------- closing

    def close(
        self, sender: str, terms: Terms, price: int | None = None
    ) -> tuple[tuple[int, ...], list[Event]]:
        """Close a call, by its valuer at a price: what it cleared at."""
        by_price = price is not None
        wrong = by_price != (terms.valuer != NOBODY) or (by_price and sender != terms.valuer)
        call = self.calls.get(terms)
        refuse(
            _error("NotValuer", sender, terms.valuer) if wrong else None,
            _error("UnknownCall", self.world.id_of(terms)) if call is None else None,
            _error("NotAt", call.id, call.stage) if call and call.stage != Stage.OPEN else None,
        )
        call = self._call(terms, Stage.OPEN)
        least, most = terms.price(0), terms.price(terms.steps - 1)
        outside = price is not None and not least <= price <= most
        refuse(
            self._after(terms.closes_at),
            self._until(terms.close_by),
            _error("WrongPrice", price, least, most) if outside else None,
        )
        cleared = self.preview(terms, price)
        lots = cleared[2]
        if lots == 0 or lots < terms.least_lots:
            call.stage = Stage.FAILED
            return cleared, [("Failed", call.id, BELOW_LEAST if lots else NO_VOLUME)]
        call.stage = Stage.CLEARED if terms.accept_by else Stage.SETTLING
        call.clearing = cleared
        return cleared, [("Closed", call.id, *cleared)]

    def preview(self, terms: Terms, price: int | None = None) -> tuple[int, int, int, int, int]:
        """What it would clear at, or has."""
        call = self._call(terms)
        if call.stage != Stage.OPEN:
            return call.clearing
        named = price if terms.valuer != NOBODY else None
        return clears_at(terms.shape, self._placed(call), named)

    @staticmethod
    def _placed(call: Call) -> list[Placed]:
        return [
            Placed(it.side, it.quantity, it.step, it.ladder, it.state == State.PLACED)
            for it in call.orders
        ]

    def accept(self, sender: str, terms: Terms) -> list[Event]:
        """The principal has it delivered."""
        call = self._call(terms, Stage.CLEARED)
        other = sender != terms.principal
        refuse(
            _error("NotPrincipal", sender, terms.principal) if other else None,
            self._until(terms.accept_by),
        )
        call.stage = Stage.SETTLING
        return [("Accepted", call.id)]

    def fail(self, terms: Terms) -> list[Event]:
        """Nobody closed it, or accepted it, in time."""
        call = self._call(terms, Stage.OPEN, Stage.CLEARED)
        is_open = call.stage == Stage.OPEN
        refuse(self._after(terms.close_by if is_open else terms.accept_by))
        call.stage = Stage.FAILED
        return [("Failed", call.id, NOT_CLOSED if is_open else NOT_ACCEPTED)]

    # --------------------------------------------------------------------------- settling

    def settle(self, terms: Terms, most: int) -> tuple[bool, list[Event]]:
        """Go on with the allotment: whether every order has had its turn."""
        with self._all_of_it(terms) as said:
            call = self._call(terms, Stage.SETTLING)
            refuse(self._until(terms.settle_by))
            fees = self._walk(terms, call, most)
            self._share_out(terms, call, fees)
        return call.stage == Stage.SETTLED, said

    def _walk(self, terms: Terms, call: Call, most: int) -> int:
        """Deliveries tried and orders passed, `most` in all; the fees of those who sell."""
        walking = [side for side in SIDES if self._walks(terms, side)]
        fees = 0
        while True:
            side = next(
                (
                    one
                    for one in walking
                    if not call.walkers[one].left and call.walkers[one].number < len(call.orders)
                ),
                None,
            )
            if side is not None:
                if not most:
                    return fees
                if not self._turn(terms, call, side):
                    most -= 1
                continue
            if any(not call.walkers[one].left for one in walking):
                call.stage = Stage.SETTLED
                return fees
            if not most:
                return fees
            most -= 1
            fees += self._match(terms, call, walking)

    @staticmethod
    def _walks(terms: Terms, side: str) -> bool:
        """Whether a side has orders; the other one is the principal's."""
        return terms.kind == 2 or (terms.kind == 0) == (side == BID)

    def _turn(self, terms: Terms, call: Call, side: str) -> bool:
        """The next order's turn, on one side: whether it gets anything."""
        walker = call.walkers[side]
        walker.number += 1
        order = call.orders[walker.number - 1]
        if order.side != side:
            return False
        call.passed += 1
        if order.state != State.PLACED:
            return False
        lots = self._allot(terms, call, order)
        order.allotted = order.undelivered = walker.left = lots
        order.state = State.ALLOTTED if lots else State.ENDED
        if side == BID:
            _, money = self._gives(terms, side, order.quantity, order.step, order.ladder)
            back = money - lots * self._price(terms, call, order.ladder)
            if back:
                self._say("Refunded", call, walker.number, order.owner, back, 0)
                self._pay_back(terms, call, order, back)
        elif order.quantity > lots:
            back = (order.quantity - lots) * terms.lot
            if self._could_let_go(terms, order.owner, back):
                self._say("Refunded", call, walker.number, order.owner, 0, back)
            else:
                order.unreleased = back
                self._say("NotReleased", call, walker.number, order.owner, back)
        return lots > 0

    def _allot(self, terms: Terms, call: Call, order: Order) -> int:
        """Whole if its limit is better; its share of what is left at the margin; else nothing."""
        step, price, lots, demand, supply = call.clearing
        there = [it for it in call.orders if self._counted(it, order.side)]
        up = 1 if order.side == BID else -1
        if terms.valuer == NOBODY:
            if (order.step - step) * up > 0:
                return order.quantity
            alike = [it for it in there if it.step == step]
            shared = lots - sum(it.quantity for it in there if (it.step - step) * up > 0)
        else:
            alike = [it for it in there if (terms.price(it.step) - price) * up >= 0]
            shared = lots
        place = next((at for at, it in enumerate(alike) if it is order), None)
        if place is None:
            return 0
        total = sum(it.quantity for it in alike)
        if terms.by_amount:
            shared = terms.lots * price if demand > supply else total
        before = sum(it.quantity for it in alike[:place])
        got = shared * (before + order.quantity) // total - shared * before // total
        return got // price if terms.by_amount else got

    @staticmethod
    def _counted(order: Order, side: str) -> bool:
        """Whether it was there when the call was closed."""
        return order.side == side and order.state not in (State.WITHDRAWN, State.STRUCK)

    @staticmethod
    def _price(terms: Terms, call: Call, ladder: int) -> int:
        return terms.price(call.clearing[0], 1) if ladder else call.clearing[1]

    def _match(self, terms: Terms, call: Call, walking: Sequence[str]) -> int:
        """Try to deliver what both whose turn it is have left; the seller's fee."""
        numbers = {side: call.walkers[side].number if side in walking else 0 for side in SIDES}
        lots = min(call.walkers[side].left for side in walking)
        done, fee = self._deliver(terms, call, numbers[BID], numbers[ASK], lots)
        for side in walking:
            call.walkers[side].left -= lots
            if done:
                self._complete(call.orders[numbers[side] - 1], lots)
        return fee

    @staticmethod
    def _complete(order: Order, lots: int) -> None:
        order.undelivered -= lots
        if not order.undelivered:
            order.state = State.ENDED

    def _deliver(self, terms: Terms, call: Call, bid: int, ask: int, lots: int) -> tuple[bool, int]:
        """Deliver lots against their price, or report that it cannot be: and the fee."""
        buyer = call.orders[bid - 1].owner if bid else terms.principal
        seller = call.orders[ask - 1].owner if ask else terms.principal
        seller = NOBODY if terms.mint else seller
        shares = lots * terms.lot
        stands_in = self.world.in_place(terms.token, buyer)
        done = self.world.deliver(terms.token, seller, buyer, shares) or (
            stands_in != buyer and self.world.deliver(terms.token, seller, stands_in, shares)
        )
        if not done:
            self._say("NotDelivered", call, bid, ask, lots, ...)
            return False, 0
        ladder = call.orders[bid - 1].ladder if bid else 0
        cost = lots * self._price(terms, call, ladder)
        fee = cost * terms.fee_bps // BPS
        call.given += lots
        call.refundable[ladder] -= cost
        self._say("Delivered", call, bid, ask, seller, buyer, lots, cost, fee)
        if ask:
            self._pay(terms, call, 0, seller, cost - fee)
            call.fees[0] += fee
        else:
            call.proceeds[ladder] += cost
            call.fees[ladder] += fee
        return True, fee if ask else 0

    def _share_out(self, terms: Terms, call: Call, fees: int) -> None:
        """At the end of a page: the venue's part, and the principal's once enough is delivered."""
        if terms.kind != 0:
            call.fees[0] -= fees
            if fees:
                self._pay(terms, call, 0, terms.fee_to, fees)
        elif self._is_payable(terms, call):
            self._pay_proceeds(terms, call)

    def _is_payable(self, terms: Terms, call: Call) -> bool:
        if call.stage not in (Stage.SETTLING, Stage.SETTLED):
            return False
        return call.delivered >= terms.least_lots or self.world.now > terms.return_until

    def _pay_proceeds(self, terms: Terms, call: Call) -> list[int]:
        amounts = [0, 0]
        for ladder in range(len(terms.ladders)):
            proceeds, fee = call.proceeds[ladder], call.fees[ladder]
            call.proceeds[ladder] = call.fees[ladder] = 0
            if fee:
                self._pay(terms, call, ladder, terms.fee_to, fee)
            amounts[ladder] = proceeds - fee
            if amounts[ladder]:
                self._pay_principal(terms, call, ladder, amounts[ladder])
        return amounts

    def _pay_principal(self, terms: Terms, call: Call, ladder: int, amount: int) -> None:
        if self._pay(terms, call, ladder, terms.principal, amount):
            currency = terms.ladders[ladder][0]
            self._say("PrincipalPaid", call, terms.principal, currency, amount)

    def deliver(self, terms: Terms, pairs: Sequence[tuple[int, int]]) -> tuple[int, list[Event]]:
        """Try again, in pairs of a bid and an ask: how many lots."""
        with self._all_of_it(terms) as said:
            call = self._call(terms, Stage.SETTLED)
            refuse(self._until(terms.settle_by))
            before, fees = call.given, 0
            for bid, ask in pairs:
                fees += self._retry(terms, call, bid, ask)
            self._share_out(terms, call, fees)
        return call.given - before, said

    def _retry(self, terms: Terms, call: Call, bid: int, ask: int) -> int:
        walks = [self._walks(terms, side) for side in SIDES]
        if [bool(bid), bool(ask)] != walks:
            refuse(_error("NotAPair", bid, ask))
        numbers = [number for number in (bid, ask) if number]
        orders = [self._order(call, number) for number in numbers]
        sides = [side for side, there in zip(SIDES, walks, strict=True) if there]
        refuse(
            *(
                _error("OrderNotIn", call.id, number, order.state)
                for number, order in zip(numbers, orders, strict=True)
                if order.state != State.ALLOTTED
            ),
            None if [it.side for it in orders] == sides else _error("NotAPair", bid, ask),
        )
        lots = min(order.undelivered for order in orders)
        done, fee = self._deliver(terms, call, bid, ask, lots)
        if done:
            for order in orders:
                self._complete(order, lots)
        return fee

    # -------------------------------------------------------------------------- refunding

    def refund(self, terms: Terms, numbers: Sequence[int]) -> tuple[int, list[Event]]:
        """Give orders back what is left of what they gave: how many."""
        with self._all_of_it(terms) as said:
            call = self._call(terms)
            late = self.world.now > terms.settle_by
            over = call.stage in (Stage.FAILED, Stage.CANCELLED) or (
                call.stage in (Stage.SETTLING, Stage.SETTLED) and late
            )
            count = 0
            for number in numbers:
                order = self._order(call, number)
                if order.state == State.WITHDRAWN:
                    continue
                if order.state == State.ENDED and not order.unreleased:
                    continue
                living = order.state != State.ENDED and not over
                late_from = terms.settle_by
                refuse(_error("NotRefundable", call.id, number, late_from) if living else None)
                count += self._refund(terms, call, number, order)
        return count, said

    def _refund(self, terms: Terms, call: Call, number: int, order: Order) -> bool:
        """Give an order back what is left; one whose shares cannot be let go stays as it was."""
        shares, money = self._gives(terms, order.side, order.quantity, order.step, order.ladder)
        if order.state == State.ALLOTTED:
            shares = order.undelivered * terms.lot + order.unreleased
            money = order.undelivered * self._price(terms, call, order.ladder)
        elif order.state == State.ENDED:
            shares = order.unreleased
        if order.side == BID:
            shares = 0
            self._pay_back(terms, call, order, money)
        else:
            money = 0
            if not self._could_let_go(terms, order.owner, shares):
                return False
            order.unreleased = 0
        order.state = State.ENDED
        self._say("Refunded", call, number, order.owner, money, shares)
        return True

    def return_shares(
        self, sender: str, terms: Terms, number: int, lots: int
    ) -> tuple[int, list[Event]]:
        """Give delivered lots back for their price, if too few were delivered."""
        with self._all_of_it(terms) as said:
            call = self._call(terms, Stage.SETTLING, Stage.SETTLED)
            enough = call.delivered >= terms.least_lots
            refuse(
                _error("EnoughDelivered", call.delivered, terms.least_lots) if enough else None,
                self._after(terms.settle_by),
                self._until(terms.return_until),
            )
            order = self._order(call, number)
            mine = sender == self.world.in_place(terms.token, order.owner)
            over = lots > order.delivered
            refuse(
                None if mine else _error("NotOwner", sender, order.owner),
                None if lots else _error("TooSmall", 0, 1),
                _error("OverDelivered", lots, order.delivered) if over else None,
            )
            price = self._price(terms, call, order.ladder)
            fee_before = order.delivered * price * terms.fee_bps // BPS
            order.returned += lots
            call.returned += lots
            call.fees[order.ladder] -= fee_before - order.delivered * price * terms.fee_bps // BPS
            call.proceeds[order.ladder] -= lots * price
            self._say("Returned", call, number, order.owner, lots, lots * price)
            self.world.take_back(terms, sender, lots * terms.lot)
            self._pay(terms, call, order.ladder, order.owner, lots * price)
        return lots * price, said

    # ----------------------------------------------------------------------------- paying

    def pay_principal(self, terms: Terms) -> tuple[tuple[int, int], list[Event]]:
        """Pay the principal what is its own, and let its shares go that nobody needs."""
        with self._all_of_it(terms) as said:
            call = self._call(terms)
            early = call.stage < Stage.SETTLING
            refuse(_error("NotAt", call.id, call.stage) if early else None)
            over = call.stage in (Stage.FAILED, Stage.CANCELLED)
            over = over or self.world.now > terms.settle_by
            needed = 0 if over else call.clearing[2] - call.given
            amounts, changed = [0, 0], False
            if terms.kind == 1:
                amounts[0] = call.refundable[0] - needed * call.clearing[1]
                call.refundable[0] -= amounts[0]
                changed = amounts[0] > 0
                if changed:
                    self._pay_principal(terms, call, 0, amounts[0])
            elif terms.kind == 0:
                free = terms.lots - call.given - call.released - needed
                if free and not terms.mint:
                    changed = self._could_let_go(terms, terms.principal, free * terms.lot)
                    call.released += free if changed else 0
                if self._is_payable(terms, call):
                    amounts = self._pay_proceeds(terms, call)
                    changed = changed or any(amounts)
            nothing = _error("NothingLeft", call.id, terms.principal)
            refuse(None if changed else nothing)
        return (amounts[0], amounts[1]), said

    def _pay(self, terms: Terms, call: Call, ladder: int, account: str, amount: int) -> bool:
        """Pay an account or the wallet in its place, or owe it."""
        if not amount:
            return True
        currency = terms.ladders[ladder][0]
        to = self.world.in_place(terms.token, account)
        came = self.world.pay(currency, to, amount)
        moved = came == Outcome.MOVED
        refuse(_error("PaymentFailed", currency, to, amount) if moved else None)
        if came == Outcome.PAID:
            call.went[ladder] += amount
            return True
        call.owed[ladder][account] += amount
        self._say("Owed", call, account, currency, amount)
        return False

    def take(
        self, sender: str, terms: Terms, ladder: int, account: str, receiver: str | None = None
    ) -> tuple[int, list[Event]]:
        """Pay what is owed, to the wallet in the account's place or where that says."""
        with self._all_of_it(terms) as said:
            call = self._call(terms)
            stands_in = self.world.in_place(terms.token, account)
            if receiver is not None and sender != stands_in:
                refuse(_error("NotOwner", sender, account))
            to = stands_in if receiver is None else receiver
            amount = call.owed[ladder][account] if ladder < 2 else 0
            refuse(
                _error("UnknownLadder", ladder) if ladder > 1 else None,
                self._until(terms.take_until) if terms.take_until else None,
                _error("InvalidReceiver", to) if to in (NOBODY, AUCTION) else None,
                None if amount else _error("NothingLeft", call.id, account),
            )
            call.owed[ladder][account] = 0
            currency = terms.ladders[ladder][0]
            self._say("Taken", call, account, currency, to, amount)
            self._send(call, ladder, currency, to, amount)
        return amount, said

    def sweep(self, terms: Terms, ladder: int) -> tuple[int, list[Event]]:
        """Send what is still owed to whom the terms name."""
        with self._all_of_it(terms) as said:
            call = self._call(terms)
            early = call.stage < Stage.SETTLING
            amount = sum(call.owed[ladder].values()) if ladder < 2 else 0
            nothing = _error("NothingLeft", call.id, terms.sweep_to)
            refuse(
                _error("NotAt", call.id, call.stage) if early else None,
                _error("UnknownLadder", ladder) if ladder > 1 else None,
                None if amount and terms.sweep_to != NOBODY else nothing,
                self._after(terms.take_until) if terms.sweep_to != NOBODY else None,
            )
            call.owed[ladder].clear()
            currency = terms.ladders[ladder][0]
            self._say("Swept", call, currency, terms.sweep_to, amount)
            self._send(call, ladder, currency, terms.sweep_to, amount)
        return amount, said

    def _send(self, call: Call, ladder: int, currency: str, to: str, amount: int) -> None:
        paid = self.world.pay(currency, to, amount) == Outcome.PAID
        refuse(None if paid else _error("PaymentFailed", currency, to, amount))
        call.went[ladder] += amount


def _error(name: str, *values: Any) -> tuple[str, tuple[Any, ...]]:
    return f"CallAuction_{name}", values

"""Whole calls by the hundred thousand: the contract, the law, and the long way.

Every call is opened, filled, closed, settled in pages, and paid and refunded to the last unit, on a
chain that is put back after it. After every step what the chain says of the call, of its orders,
its money and everybody's balances is what the model says (`tests.model.calls`); at the close, what
it clears at and who gets what is what `prorata.market.clearing` and the brute force say.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Any

from eth_utils.crypto import keccak

from prorata.market.clearing import CallOrder, CallOutcome, CallRules, Kind, Ladder, outcome
from tests.assurance.fuzz.stateless import ISSUER, PEOPLE, Bench
from tests.assurance.fuzz.system import Broken
from tests.assurance.fuzz.wire import Blob, encoded, revert_data, word
from tests.chainkit import Codec
from tests.model import clearing as long_way
from tests.model.calls import SIDES, Call, Calls, Stage, State, Terms
from tests.model.clearing import ASK, BID
from tests.model.currencies import Outcome
from tests.model.outcomes import NOBODY, Refused

AUCTION, TOKEN, VENUE, VALUER = "auction", "shares", "venue", "valuer"
MONEY = ("usd", "eur")
WEALTH = 10**9
DAY = 86_400
LASTING = 2**40


class PlainWorld:
    """A token without rules, and two currencies that move what they are asked to."""

    def __init__(self, now: int, at: dict[str, bytes]) -> None:
        self.now, self.at = now, at
        self.money: dict[tuple[str, str], int] = defaultdict(int)
        self.shares: dict[str, int] = defaultdict(int)
        self.kept: dict[str, int] = defaultdict(int)
        self.frozen: set[str] = set()

    def id_of(self, terms: Terms) -> bytes:
        """The hash of its words."""
        return keccak(encoded(self._spelt(as_words(terms))))

    def _spelt(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._spelt(item) for item in value)
        return self.at[value] if isinstance(value, str) else value

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All or nothing."""
        before = self.money.copy(), self.shares.copy(), self.kept.copy()
        try:
            yield
        except Refused:
            self.money, self.shares, self.kept = before
            raise

    def copy(self) -> PlainWorld:
        """As it is now."""
        twin = PlainWorld(self.now, self.at)
        twin.money, twin.shares = self.money.copy(), self.shares.copy()
        twin.kept, twin.frozen = self.kept.copy(), self.frozen.copy()
        return twin

    def in_place(self, _token: str, wallet: str) -> str:
        """Nobody is lost here."""
        return wallet

    def person(self, _registry: str, wallet: str) -> str:
        """Everybody is somebody."""
        return wallet

    def shares_at(self, _token: str, _record: int, wallet: str) -> int:
        """There are no records here."""
        return self.shares[wallet]

    def speaks(self, _token: str, wallet: str) -> bool:
        """The issuer owns the token."""
        return wallet == ISSUER

    def supply(self, _token: str) -> int:
        """Few enough."""
        return 0

    def paused(self, _token: str) -> bool:
        """Never."""
        return False

    def deliverable(self, _token: str, wallet: str, _shares: int) -> bool:
        """A frozen wallet receives nothing."""
        return wallet not in self.frozen

    def collect(self, currency: str, giver: str, amount: int) -> int:
        """What arrived: nothing if there is too little."""
        if self.money[currency, giver] < amount:
            return 0
        self.money[currency, giver] -= amount
        self.money[currency, AUCTION] += amount
        return amount

    def pay(self, currency: str, receiver: str, amount: int) -> Outcome:
        """Always."""
        self.money[currency, AUCTION] -= amount
        self.money[currency, receiver] += amount
        return Outcome.PAID

    def consent(self, _token: str, owner: str) -> tuple[int, int]:
        """For longer than any call."""
        return LASTING, self.kept[owner]

    def is_held(self, _token: str, owner: str, shares: int) -> bool:
        """Nobody takes of them here."""
        return self.kept[owner] >= shares

    def hold(self, _token: str, owner: str, shares: int) -> None:
        """Of what is there."""
        free = self.shares[owner] - self.kept[owner]
        if free < shares:
            raise Refused(("ShareToken_ExceedsFree", (owner, shares, free)))
        self.kept[owner] += shares

    def let_go(self, _token: str, owner: str, shares: int) -> None:
        """They are the owner's to give again."""
        self.kept[owner] -= shares

    def deliver(self, _token: str, seller: str, buyer: str, shares: int) -> bool:
        """Unless one of both is frozen; and nobody delivers to itself."""
        if self.frozen & {seller, buyer} or seller == buyer:
            return False
        if seller != NOBODY:
            self.kept[seller] -= shares
            self.shares[seller] -= shares
        self.shares[buyer] += shares
        return True

    def take_back(self, terms: Terms, giver: str, shares: int) -> None:
        """To the principal, or out of existence."""
        self.shares[giver] -= shares
        if not terms.mint:
            self.shares[terms.principal] += shares


def as_words(terms: Terms) -> tuple[Any, ...]:
    """As the contract takes them: always two ladders."""
    at = Terms._fields.index("ladders")
    ladders = (*terms.ladders, (NOBODY, 0, 0))[:2]
    return (*terms[:at], ladders, *terms[at + 1 :])


def as_rules(terms: Terms) -> CallRules:
    """What the product's law needs of them."""
    return CallRules(
        Kind(terms.kind),
        tuple(Ladder(first, increment) for _, first, increment in terms.ladders),
        terms.steps,
        terms.lots,
        terms.least_lots,
        terms.budget,
        terms.by_amount,
        terms.valuer != NOBODY,
        terms.fee_bps,
    )


class CallBench(Bench):
    """A chain with a token, two currencies, `Holds` and `CallAuction`."""

    def __init__(self, codec: Codec) -> None:
        self.questions: dict[tuple[Any, ...], bytes] = {}
        super().__init__(codec)
        for name, number in ((VENUE, 0xFE), (VALUER, 0xFD)):
            self._enter(name, "", f"0x{0xBE << 152 | number:040x}")
            self.evm.set_balance(self.address[name], 2**100)
        self.token()
        for currency in MONEY:
            self.create(currency, "PermitCoin")
        self.create("holds", "Holds")
        self.create(AUCTION, "CallAuction", "holds")
        self.world = PlainWorld(self.now, self.wire.at)
        self.send(ISSUER, TOKEN, "setHoldsContract", "holds")
        self.send(ISSUER, TOKEN, "addAgent", AUCTION)
        for who, currency in product((ISSUER, *PEOPLE), MONEY):
            self.send(who, currency, "mint", who, WEALTH)
            self.send(who, currency, "approve", AUCTION, 2**256 - 1)
            self.world.money[currency, who] = WEALTH
        for who in (ISSUER, *PEOPLE):
            self.send(ISSUER, TOKEN, "mint", who, 1_000)
            self.send(who, "holds", "setKeeper", AUCTION, TOKEN, 2**96 - 1, self.now + 365 * DAY)
            self.world.shares[who] = 1_000
        self.begin = self.now

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """What happens within is undone, on the chain and in the law."""
        kept, before = self.evm.snapshot(), self.world.copy()
        self.questions = {k: v for k, v in self.questions.items() if k[-1] in self.address}
        yield
        self.evm.revert(kept)
        self.world = before
        self.now = self.begin
        self.wait(0)

    def _question(self, label: tuple[Any, ...]) -> bytes:
        """Most are asked again and again."""
        data = self.questions.get(label)
        if data is None:
            data = self.questions[label] = super()._question(label)
        return data

    def wait(self, seconds: int) -> None:
        """Time passes, for both."""
        super().wait(seconds)
        if hasattr(self, "world"):
            self.world.now = self.now


class OneCall:
    """One call, in the law and on the chain."""

    def __init__(self, bench: CallBench, terms: Terms) -> None:
        self.bench, self.terms = bench, terms
        self.law = Calls(bench.world)
        # All static: one piece of the calldata.
        self.words = encoded(bench.wire.spelt(as_words(terms)))
        self.id = bench.world.id_of(terms)
        self.given: Any = None
        self.expected: CallOutcome | None = None
        self.steps = 0

    @property
    def call(self) -> Call:
        """As the law has it."""
        return self.law.calls[self.terms]

    def do(self, in_law: Any, sender: str, function: str, *args: Any) -> bool:
        """One step on both sides, whether it was done; then everything is compared."""
        refused = None
        try:
            self.given = in_law()
        except Refused as refusal:
            refused = refusal
        try:
            self.bench.send(sender, AUCTION, function, self.words, *args)
        except RuntimeError as error:
            data = revert_data(error)
            if refused is None:
                raise Broken(f"{function}: {self.bench.wire.read_revert(data)}") from None
            if data not in {self.bench.wire.refusal(reason) for reason in refused.reasons}:
                told = self.bench.wire.read_revert(data)
                raise Broken(f"{function}: {told}, not {refused.reasons}") from None
            return False
        if refused is not None:
            raise Broken(f"{function} is done, the law says {refused.reasons}")
        self.steps += 1
        self.compare()
        return True

    def compare(self) -> None:
        """The call, its orders, its money (Law 53), everybody's balances."""
        call, world = self.call, self.bench.world
        questions: list[tuple[tuple[Any, ...], bytes]] = []
        figures = (call.stage, len(call.orders), *call.clearing, call.delivered, call.passed)
        questions.append(((AUCTION, "callOf", self.id), _words(figures)))
        for number, it in enumerate(call.orders, 1):
            parts = (
                self.bench.wire.at[it.owner],
                *(SIDES.index(it.side), it.state, it.step, it.ladder),
                *(it.quantity, it.allotted, it.delivered),
            )
            questions.append(((AUCTION, "orderOf", self.id, number), _words(parts)))
        for ladder, (currency, *_) in enumerate(self.terms.ladders):
            parts = call.escrowed(ladder)
            if call.came[ladder] - call.went[ladder] != sum(parts):
                raise Broken(f"Law 53: {call.came} came, {call.went} went, {parts} are here")
            questions.append(((AUCTION, "escrowOf", self.id, ladder), _words((sum(parts), *parts))))
            for who in (*PEOPLE, ISSUER, AUCTION, VENUE):
                answer = word(world.money[currency, who])
                questions.append(((currency, "balanceOf", who), answer))
        for who in (*PEOPLE, ISSUER):
            questions.append(((TOKEN, "balanceOf", who), word(world.shares[who])))
            questions.append(((TOKEN, "heldOf", who), word(world.kept[who])))
        self.bench.look(questions)


def _words(values: Sequence[Any]) -> bytes:
    return b"".join(map(word, values))


# -------------------------------------------------------------------------------- at random


def draw_terms(bench: CallBench, dice: random.Random) -> Terms:
    """Terms of a small call of any kind."""
    kind = dice.randrange(3)
    valued = dice.random() < 0.3
    by_amount = kind == 0 and valued and dice.random() < 0.5
    mint = kind == 0 and dice.random() < 0.5
    steps = dice.choice((1, 2, 2, 3, 3, 3, 5, 8))
    count = 1 + (kind == 0 and not valued and dice.random() < 0.4)
    ladders = tuple(
        (currency, dice.randint(1, 20), dice.randint(1, 4)) for currency in MONEY[:count]
    )
    lots = 0 if kind == 2 else dice.randint(1, 20)
    least = dice.choice((0, 0, 0, 1, 5)) if kind != 2 else dice.choice((0, 0, 1, 3))
    least = min(least, lots) if kind != 2 else least
    now = bench.now
    fee = dice.choice((0, 0, 100, 37))
    returns = kind == 0 and least > 0
    return Terms(
        opener=ISSUER,
        salt=0,
        kind=kind,
        token=TOKEN,
        lot=1 if kind == 1 else dice.choice((1, 3)),
        principal=NOBODY if kind == 2 else ISSUER,
        mint=mint,
        by_amount=by_amount,
        lots=lots,
        least_lots=least,
        budget=dice.randint(ladders[0][1], 200) if kind == 1 else 0,
        ladders=ladders,
        steps=steps,
        opens_at=now,
        withdraw_until=now + DAY // 2,
        closes_at=now + DAY,
        close_by=now + 2 * DAY,
        accept_by=now + 3 * DAY if kind != 2 and dice.random() < 0.1 else 0,
        settle_by=now + 5 * DAY,
        return_until=now + 7 * DAY if returns else 0,
        least_order=1,
        most_per_person=0,
        registry=NOBODY,
        record=0,
        entitled_lots=0,
        entitled_shares=0,
        valuer=VALUER if valued else NOBODY,
        fee_to=VENUE if fee else NOBODY,
        fee_bps=fee,
        delivery_gas=500_000,
        take_until=0,
        sweep_to=NOBODY,
        document=0,
    )


def play(bench: CallBench, dice: random.Random, counted: Counter[str]) -> None:
    """One random call from its opening to its last unit; raises `Broken`."""
    terms = draw_terms(bench, dice)
    with bench.put_back():
        it = OneCall(bench, terms)
        it.do(lambda: it.law.open(ISSUER, terms), ISSUER, "open", Blob(b""))
        orders = [
            draw_order(terms, dice) for _ in range(dice.choice((0, 1, 2, 2, 3, 3, 4, 4, 5, 7)))
        ]
        price = None
        if terms.valuer != NOBODY:
            price = dice.randint(terms.price(0), terms.price(terms.steps - 1))
        run(it, orders, price, dice, counted)
        counted["calls"] += 1
        counted["steps"] += it.steps


def draw_order(terms: Terms, dice: random.Random) -> tuple[str, str, int, int, int]:
    """Who, side, quantity, step, ladder."""
    side = {0: BID, 1: ASK}.get(terms.kind) or dice.choice(SIDES)
    quantity = dice.randint(1, 60 if terms.by_amount else 9)
    step, ladder = dice.randrange(terms.steps), dice.randrange(len(terms.ladders))
    return dice.choice(PEOPLE), side, quantity, step, ladder


def run(
    it: OneCall,
    orders: Sequence[tuple[str, str, int, int, int]],
    price: int | None,
    dice: random.Random,
    counted: Counter[str],
) -> None:
    """Orders, trouble, the close, pages, deliveries and refunds, in some order."""
    bench, terms, law = it.bench, it.terms, it.law
    for order in orders:
        place(it, *order)
        if dice.random() < 0.1:
            number = dice.randint(1, len(it.call.orders))
            withdraw(it, number)
    trouble(it, dice)
    bench.wait(terms.closes_at + 1 - bench.now)
    close(it, price)
    counted[it.call.stage.name.lower()] += 1
    if it.call.stage == Stage.CLEARED:
        if dice.random() < 0.2:
            bench.wait(terms.accept_by + 1 - bench.now)
            it.do(lambda: law.fail(terms), "ann", "fail")
        else:
            it.do(lambda: law.accept(ISSUER, terms), ISSUER, "accept")
    if it.call.stage == Stage.SETTLING:
        settle(it, dice, counted)
    end(it, dice, counted)


def place(  # noqa: PLR0917 - an order is a tuple
    it: OneCall, who: str, side: str, quantity: int, step: int, ladder: int
) -> None:
    """Place an order."""
    args = (SIDES.index(side), quantity, step, ladder)
    it.do(lambda: it.law.place(it.terms, who, side, quantity, step, ladder), who, "place", *args)


def withdraw(it: OneCall, number: int) -> None:
    """Withdraw an order, once."""
    owner = it.call.orders[number - 1].owner
    it.do(lambda: it.law.withdraw(owner, it.terms, number), owner, "withdraw", number)


def freeze(it: OneCall, who: str, on: bool) -> None:
    """Somebody's wallet is frozen, or not any more."""
    (it.bench.world.frozen.add if on else it.bench.world.frozen.discard)(who)
    it.bench.send(ISSUER, TOKEN, "setAddressFrozen", who, on)


def trouble(it: OneCall, dice: random.Random) -> None:
    """Some orders are struck, and some of them come back."""
    if dice.random() < 0.7 or not it.call.orders:
        return
    who = dice.choice(it.call.orders).owner
    numbers = list(range(1, len(it.call.orders) + 1))
    dice.shuffle(numbers)
    freeze(it, who, True)
    it.do(lambda: it.law.strike(it.terms, numbers), "ann", "strike", numbers)
    if dice.random() < 0.7:
        freeze(it, who, False)
        if dice.random() < 0.7:
            it.do(lambda: it.law.restore(it.terms, numbers), "ann", "restore", numbers)


def close(it: OneCall, price: int | None) -> None:
    """Laws 54 to 57: the contract, the product's law and the long way clear it alike."""
    terms, call = it.terms, it.call
    there = [order.state == State.PLACED for order in call.orders]
    wanted = long_way.clears_at(
        terms.shape,
        [
            long_way.Placed(o.side, o.quantity, o.step, o.ladder, counts)
            for o, counts in zip(call.orders, there, strict=True)
        ],
        price,
    )
    if price is None:
        it.do(lambda: it.law.close("ann", terms), "ann", "close")
    else:
        it.do(lambda: it.law.close(VALUER, terms, price), VALUER, "closeAt", price)
    if tuple(it.given[0]) != wanted:
        raise Broken(f"the model clears at {it.given[0]}, the long way at {wanted}")
    theirs = [
        CallOrder(SIDES.index(o.side), o.quantity, o.step, o.ladder, counts)
        for o, counts in zip(call.orders, there, strict=True)
    ]
    it.expected = found = outcome(as_rules(terms), theirs, price)
    if tuple(found.clearing) != wanted:
        raise Broken(f"clearing.py clears at {found.clearing}, the long way at {wanted}")
    if (found.failure is not None) != (call.stage == Stage.FAILED):
        raise Broken(f"clearing.py says {found.failure} of a call that is {call.stage!r}")


def settle(it: OneCall, dice: random.Random, counted: Counter[str]) -> None:
    """In pages of any size, with somebody frozen meanwhile."""
    if dice.random() < 0.25 and it.call.orders:
        freeze(it, dice.choice(it.call.orders).owner, True)
    size = dice.choice((1, 1, 2, 3, 100))
    while it.call.stage == Stage.SETTLING:
        page = dice.randint(1, size)
        one_page(it, page)
        counted["pages"] += 1
        if dice.random() < 0.02:
            break
    if it.call.stage == Stage.SETTLED:
        as_expected(it)
        retry(it, dice, counted)


def one_page(it: OneCall, most: int) -> None:
    """One page."""
    it.do(lambda: it.law.settle(it.terms, most), "ann", "settle", most)


def as_expected(it: OneCall) -> None:
    """Laws 54 to 56: each order got its lots by `clearing.py`."""
    got, expected = [order.allotted for order in it.call.orders], it.expected
    assert expected is not None
    if got != list(expected.allotted):
        raise Broken(f"allotted are {got}, clearing.py says {expected.allotted}")
    if not it.bench.world.frozen and it.call.given != expected.principal and it.terms.kind != 2:
        raise Broken(f"delivered are {it.call.given} lots, clearing.py says {expected.principal}")


def retry(it: OneCall, dice: random.Random, counted: Counter[str]) -> None:
    """What was refused is tried again, mixed anew."""
    left = [n for n, order in enumerate(it.call.orders, 1) if order.state == State.ALLOTTED]
    if not left:
        return
    for who in list(it.bench.world.frozen):
        if dice.random() < 0.6:
            freeze(it, who, False)
    for _ in range(6):
        bids, asks = (
            [
                n
                for n, order in enumerate(it.call.orders, 1)
                if order.state == State.ALLOTTED and order.side == side
            ]
            for side in SIDES
        )
        bids = [0] if it.terms.kind == 1 else bids
        asks = [0] if it.terms.kind == 0 else asks
        if not bids or not asks or not any(bids + asks):
            return
        pair = [(dice.choice(bids), dice.choice(asks))]
        it.do(lambda these=pair: it.law.deliver(it.terms, these), "ann", "deliver", pair)
        counted["pairs"] += 1


def end(it: OneCall, dice: random.Random, counted: Counter[str]) -> None:
    """Refunds in any order and pages, returns, and what is the principal's: nothing is left."""
    terms, law, bench = it.terms, it.law, it.bench
    if it.call.stage in (Stage.SETTLING, Stage.SETTLED):
        bench.wait(terms.settle_by + 1 - bench.now)
    if terms.return_until and dice.random() < 0.5:
        give_back(it, dice, counted)
    numbers = list(range(1, len(it.call.orders) + 1))
    dice.shuffle(numbers)
    cut = dice.randint(0, len(numbers))
    for page in (numbers[:cut], numbers[cut:]):
        it.do(lambda these=page: law.refund(terms, these), "ann", "refund", page)
    if terms.return_until:
        bench.wait(max(0, terms.return_until + 1 - bench.now))
    it.do(lambda: law.pay_principal(terms), "ann", "payPrincipal")
    for ladder in range(len(terms.ladders)):
        if any(it.call.escrowed(ladder)):
            raise Broken(f"{it.call.escrowed(ladder)} are left in ladder {ladder}")
    if bench.world.money["usd", AUCTION] or bench.world.money["eur", AUCTION]:
        raise Broken("money is left in the contract")
    if any(bench.world.kept.values()):
        raise Broken(f"shares are still held: {dict(bench.world.kept)}")


def give_back(it: OneCall, dice: random.Random, counted: Counter[str]) -> None:
    """A buyer returns what it got, if too little was delivered."""
    for number, order in enumerate(list(it.call.orders), 1):
        if order.side == BID and order.delivered and not it.terms.mint and dice.random() < 0.7:
            lots = dice.randint(1, order.delivered)
            it.bench.send(order.owner, TOKEN, "approve", AUCTION, 2**255)
            it.do(
                lambda n=number, o=order, k=lots: it.law.return_shares(o.owner, it.terms, n, k),
                *(order.owner, "returnShares", number, lots),
            )
            counted["returns"] += 1


def many(codec: Codec, seed: str, calls: int) -> Counter[str]:
    """So many random calls; raises `Broken` with the seed of the one that differs."""
    bench, counted = CallBench(codec), Counter[str]()
    for place_ in range(calls):
        name = f"{seed}/{place_}"
        try:
            play(bench, random.Random(name), counted)
        except Broken as broken:
            raise Broken(f"{broken} (seed {name!r})") from None
    return counted


# ----------------------------------------------------------------------------- small worlds

World = tuple[int, int, int | None, tuple[tuple[str, int, int], ...]]
"""Kind, steps, the valuer's price, and orders: side, lots, step."""


def small_worlds() -> Iterator[World]:
    """Every call of at most 4 orders of 1 or 2 lots on at most 3 steps; sales and tenders are of 3
    lots, and of at most 3 orders if a valuer names the price."""
    for kind, steps in product(range(3), (1, 2, 3)):
        sides = {0: (BID,), 1: (ASK,), 2: SIDES}[kind]
        one = list(product(sides, (1, 2), range(steps)))
        for count in range(5):
            for orders in product(one, repeat=count):
                yield kind, steps, None, orders
                if kind != 2 and count < 4:
                    yield kind, steps, 10 + len(orders) % steps, orders


def play_small(bench: CallBench, world: World, size: int) -> None:
    """One of them whole, in pages of this size."""
    kind, steps, price, orders = world
    terms = draw_terms(bench, random.Random(0))._replace(
        kind=kind, mint=kind == 0, by_amount=False, lot=1, lots=3 if kind != 2 else 0,
        least_lots=0, return_until=0, accept_by=0, fee_to=NOBODY, fee_bps=0,
        principal=NOBODY if kind == 2 else ISSUER, budget=33 if kind == 1 else 0,
        ladders=(("usd", 10, 1),), steps=steps, valuer=NOBODY if price is None else VALUER,
    )  # fmt: skip
    with bench.put_back():
        it = OneCall(bench, terms)
        it.do(lambda: it.law.open(ISSUER, terms), ISSUER, "open", Blob(b""))
        for who, (side, lots, step) in zip(PEOPLE, orders, strict=False):
            place(it, who, side, lots, step, 0)
        bench.wait(terms.closes_at + 1 - bench.now)
        close(it, price)
        while it.call.stage == Stage.SETTLING:
            one_page(it, size)
        if it.call.stage == Stage.SETTLED:
            as_expected(it)
        end(it, random.Random(size), Counter())


def small(codec: Codec, first: int, every: int) -> int:
    """Every so many of the small worlds, from one on: how many."""
    bench, tried = CallBench(codec), 0
    for number, world in enumerate(small_worlds()):
        if number % every == first:
            try:
                play_small(bench, world, (1, 2, 100)[number % 3])
            except Broken as broken:
                raise Broken(f"{broken} ({world})") from None
            tried += 1
    return tried

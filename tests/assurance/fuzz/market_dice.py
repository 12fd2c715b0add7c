"""What might happen next in a system with trades and holds: any step of `dice`, or one of these."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from tests.assurance.fuzz import dice
from tests.assurance.fuzz.market import (
    HOLDS,
    IN_PARTS,
    SETTLEMENT,
    Care,
    Hold,
    Order,
    State,
)
from tests.assurance.fuzz.system import CLUB, EAST, ISSUERS, START, Step
from tests.assurance.fuzz.trading import TOKENS, TRADERS, TradingHarness
from tests.model.outcomes import COIN, NOBODY
from tests.model.shares import UNLIMITED

MOST_ORDERS = 24
"""So many orders are told apart in one story: more would only make each look longer."""

MOST_HOLDS = 16


def opening(rng: random.Random) -> list[Step]:
    """Shares for everybody, a first record, allowances, and who may hold."""
    steps = dice.opening(rng)
    for token in TOKENS:
        keeper = rng.choice((HOLDS, HOLDS, "sam"))
        steps = [
            ("appoint", token, keeper) if step[:2] == ("appoint", token) else step for step in steps
        ]
    return steps


def next_step(system: TradingHarness, rng: random.Random) -> Step:
    """A step that the system, as it is, invites."""
    drawing = MarketDice(system, rng)
    name = rng.choices(NAMES, WEIGHTS)[0]
    drawn = getattr(drawing, name)()
    return drawn if drawn is not None else drawing.wait()


class MarketDice(dice.Dice):
    """One method to each kind of step; None where it makes no sense now."""

    def __init__(self, system: TradingHarness, rng: random.Random) -> None:
        super().__init__(system, rng)
        self.whole = system

    @property
    def elapsed(self) -> int:
        """Seconds since the first."""
        return self.whole.now - START

    def trader(self) -> str:
        return self.pick(*TRADERS)

    def asset(self) -> str:
        return self.pick(EAST, EAST, CLUB, "usd", "usd", "fee", "fickle")

    def appoint(self) -> Step:
        return "appoint", self.token(), self.pick(HOLDS, HOLDS, HOLDS, "sam", "ola", NOBODY)

    def keeper(self, token: str) -> str:
        known = self.whole.shares[token].keeper
        # A contract sends nothing by itself.
        return "ola" if known == HOLDS else super().keeper(token)

    def transfer_from(self) -> Step:
        name, token, spender, *rest = super().transfer_from()
        return name, token, "ola" if spender in (SETTLEMENT, HOLDS) else spender, *rest

    def rich(self, asset: str) -> str:
        """Mostly a trader who has some."""
        some = [who for who in TRADERS if self.whole.estate.has(asset, who)]
        return self.pick(*some, *some, self.trader())

    def free(self, asset: str) -> str:
        """Mostly a trader who can give some."""
        law = self.whole.shares.get(asset)
        some = [who for who in TRADERS if law and law.unfrozen(who) and not law.blocked(who)]
        return self.pick(*some) if some and self.rng.random() < 0.9 else self.rich(asset)

    def size(self, asset: str, who: str) -> int:
        """Mostly no more than somebody can give."""
        law = self.whole.shares.get(asset)
        held = min(law.unfrozen(who) if law else self.whole.estate.has(asset, who), 1_000)
        return self.pick(1, 2, held, max(1, held // 2), held + 1, self.rng.randint(1, 30))

    # ----------------------------------------------------------------------- orders

    def allow(self) -> Step:
        spender = self.pick(SETTLEMENT, SETTLEMENT, HOLDS)
        amount = self.pick(0, 7, 10**6, 10**6, UNLIMITED)
        return "allow", self.asset(), self.trader(), spender, amount

    def number(self) -> int:
        """A nonce: small, or where another word of bits begins."""
        small = self.rng.randint(0, 5)
        return self.pick(*[small] * 6, 191, 192, 255, 256, 2**40)

    def offer(self) -> tuple[Any, ...]:
        """A new order."""
        token = self.token()
        money = self.pick("usd", "usd", "usd", "fee", "fickle", CLUB if token == EAST else EAST)
        buys = self.rng.random() < 0.5
        give, take = (money, token) if buys else (token, money)
        maker = self.free(give)
        gives, takes = self.size(give, maker) or 1, self.pick(1, 3, self.rng.randint(1, 400))
        if take in TOKENS:
            takes = self.pick(1, 1, 2, 3, self.rng.randint(1, 20))
        in_parts = self.rng.random() < 0.6 and gives > 1
        least = self.rng.randint(0, gives - 1) if in_parts and self.rng.random() < 0.5 else gives
        least = self.pick(0, 1) if in_parts and least == gives else least
        nonce = self.number() | (IN_PARTS if in_parts else 0)
        if self.rng.random() < 0.03:
            gives, least, nonce = self.pick((0, least, nonce), (gives, gives, nonce ^ IN_PARTS))
        records = len(self.whole.shares[token].times)
        record = self.pick(0, 0, records, records + 1, records + 1)
        recorded = (token, record) if record else (NOBODY, 0)
        recorded = recorded if self.rng.random() < 0.97 else ("usd", 1)
        taker = self.pick(*[NOBODY] * 6, self.trader())
        fee_bps, tax_bps = self.pick(0, 0, 100, 70, 30), self.pick(0, 0, 0, 100, 50)
        if self.rng.random() < 0.02:
            fee_bps = 101
        fee_to = self.pick("sam", "sam", maker, self.trader()) if fee_bps else NOBODY
        tax_to = self.pick("tax", "tax", maker, self.trader()) if tax_bps else NOBODY
        if self.rng.random() < 0.02:
            fee_to = NOBODY
        until = self.elapsed + self.pick(2, *[10**4] * 9)
        return (
            maker, taker, give, take, gives, takes, least, until, nonce, *recorded, buys,
            fee_to, fee_bps, tax_to, tax_bps,
        )  # fmt: skip

    def spoken(self, it: Order) -> tuple[Any, ...]:
        """An order as steps say it."""
        return tuple(it._replace(until=it.until - START))

    def order(self) -> tuple[tuple[Any, ...], str]:
        """An order, mostly one of those that are open, and who signs it."""
        known = self.whole.orders
        fit = [it for it in known if self.fillable(it)]
        if fit and self.rng.random() < 0.65:
            it = self.rng.choice(fit)
            return self.spoken(it), it.maker if self.rng.random() < 0.97 else self.trader()
        if known and (len(known) >= MOST_ORDERS or self.rng.random() < 0.1):
            it = self.rng.choice(list(known))
            return self.spoken(it), it.maker
        fields = self.offer()
        return fields, fields[0] if self.rng.random() < 0.95 else self.trader()

    def fillable(self, it: Order) -> bool:
        """Whether an order is open, and its maker has something to give."""
        of = self.whole.settlement
        if not of.left(it) or of.now > it.until or of.ended(it)[0]:
            return False
        held = self.whole.shares[it.give].unfrozen(it.maker) if it.give in TOKENS else 10**6
        return held >= max(1, min(it.least, of.left(it)))

    def filling(self) -> tuple[str, tuple[Any, ...], str, int, int]:
        fields, signer = self.order()
        it = Order(*fields)
        left = self.whole.settlement.left(it) if it.gives else 1
        some = (left, it.least, 1, self.rng.randint(1, max(1, left)), self.rng.randint(0, left + 1))
        amount = self.pick(left, left, *(some if it.nonce & IN_PARTS else ()))
        amount = amount if self.rng.random() < 0.95 else self.pick(0, left + 1)
        able = [who for who in TRADERS if self.whole.estate.has(it.take, who) >= it.takes]
        able = [who for who in able or TRADERS if who != it.maker] or ["ola"]
        taker = self.pick(*able) if self.rng.random() < 0.95 else self.trader()
        if it.taker != NOBODY and self.rng.random() < 0.9:
            taker = it.taker
        most = self.pick(10**6, 10**6, 10**6, 10**6, 10**6, self.rng.randint(0, 400))
        return taker, fields, signer, amount, most

    def fill(self) -> Step:
        return "fill", *self.filling()

    def fill_permit(self) -> Step:
        taker, fields, *rest = self.filling()
        return "fill_permit", taker, fields, *rest, self.permits((fields[0], taker))

    def permits(self, owners: Sequence[str]) -> tuple[tuple[Any, ...], ...]:
        """One or two permits, most of them good."""
        found = []
        for _ in range(self.pick(1, 1, 2)):
            owner = self.pick(*owners)
            signer = self.pick(owner, owner, owner, self.trader())
            value, seconds = self.pick(10**6, 10**6, 3, UNLIMITED), self.pick(9, 9, 0, -1)
            found.append((self.pick(EAST, "usd"), owner, value, seconds, signer))
        return tuple(found)

    def cancel_orders(self) -> Step:
        maker = self.trader()
        nonces = [self.number() | self.pick(0, IN_PARTS) for _ in range(self.pick(1, 1, 2))]
        return "cancel_orders", maker, tuple(nonces)

    def cancel_below(self) -> Step:
        lowest = self.whole.settlement.lowest
        maker = self.trader()
        return "cancel_below", maker, self.pick(lowest[maker], lowest[maker] + 1, 1, 192, IN_PARTS)

    def post(self) -> Step:
        return "post", self.pick(*TRADERS, "eve"), *self.order()

    # ----------------------------------------------------------------------- trades

    def settlement(self) -> tuple[Any, ...]:
        """A trade of one to four legs, and who brings it."""
        legs = []
        for _ in range(self.pick(1, 2, 2, 2, 3, 4)):
            asset = self.asset() if self.rng.random() < 0.99 else COIN
            giver = self.free(asset)
            to = self.pick(*[who for who in TRADERS if who != giver])
            legs.append((asset, giver, to, self.size(asset, giver) or 1))
        if self.rng.random() < 0.04:
            legs = self.pick([], [(*legs[0][:2], legs[0][1], 1)], [(*legs[0][:3], 0)])
        givers = list(dict.fromkeys(leg[1] for leg in legs))
        sender = self.pick(*givers, "eve", "ola")
        signers = [who for who in givers if who != sender]
        if signers and self.rng.random() < 0.06:
            signers = self.pick(signers[:-1], [*signers[1:], self.trader()])
        until = self.elapsed + self.pick(0, -1, *[9] * 18)
        return sender, tuple(legs), self.rng.randint(0, 40), max(0, until), tuple(signers)

    def settle(self) -> Step:
        return "settle", *self.settlement()

    def settle_permit(self) -> Step:
        drawn = self.settlement()
        givers = [leg[1] for leg in drawn[1]] or ["ann"]
        return "settle_permit", *drawn, self.permits(givers)

    def cancel_trades(self) -> Step:
        return "cancel_trades", self.trader(), (self.rng.randint(0, 40),)

    # ----------------------------------------------------------------------- holds

    def heard(self, it: Hold) -> tuple[Any, ...]:
        """A hold as steps say it."""
        return tuple(it._replace(until=it.until - START))

    def place(self) -> Step:
        locks = self.whole.escrow.locks
        if locks and (len(locks) >= MOST_HOLDS or self.rng.random() < 0.03):
            it = self.rng.choice(list(locks))
            return "place", it.owner, self.heard(it)
        asset = self.asset() if self.rng.random() < 0.98 else COIN
        owner = self.free(asset)
        to = self.pick(*[who for who in TRADERS if who != owner])
        if self.rng.random() < 0.05:
            to = self.pick(owner, NOBODY, HOLDS, asset)
        amount = self.size(asset, owner) or 1
        amount = amount if self.rng.random() < 0.97 else 0
        until = self.elapsed + self.pick(0, 1, 3, 9, 9, 40, 40, 40, 40, 40)
        if self.rng.random() < 0.02:
            until = 40 * 10**6
        sender = owner if self.rng.random() < 0.95 else self.trader()
        return "place", sender, (asset, owner, to, amount, self.rng.randint(1, 3), until, 0)

    def known(self, *states: State) -> Hold | None:
        """A hold, mostly in one of these states."""
        locks = self.whole.escrow.locks
        fit = [it for it, lock in locks.items() if lock.state in states]
        if fit and self.rng.random() < 0.9:
            return self.rng.choice(fit)
        return self.rng.choice(list(locks)) if locks and self.rng.random() < 0.3 else None

    def show(self) -> Step | None:
        it = self.known(State.OPEN)
        if it is None or (it.until < self.whole.now and self.rng.random() < 0.8):
            return None
        law = self.whole.shares.get(it.asset)
        if law and not law.paused and self.rng.random() < 0.2:
            # A secret that is out while nothing can be delivered.
            return "pause", it.asset, True
        secret = it.secret if self.rng.random() < 0.9 else it.secret + 1
        return "show", self.pick("ola", "eve"), self.heard(it), secret

    def hand_over(self) -> Step | None:
        it = self.known(State.CLAIMED)
        if it and self.whole.escrow.locks[it].state != State.CLAIMED and self.rng.random() < 0.7:
            return None
        return ("hand_over", self.pick("ola", "sam"), self.heard(it)) if it else None

    def redirect(self) -> Step | None:
        it = self.known(State.CLAIMED)
        if it is None:
            return None
        sender = self.present(it.asset, it.to)
        if self.whole.escrow.locks[it].state != State.CLAIMED and self.rng.random() < 0.7:
            return None
        other = self.pick("ann2", "ann", "ben2", "ben", self.trader(), NOBODY)
        return "redirect", sender, self.heard(it), other

    def present(self, asset: str, who: str) -> str:
        """Mostly whoever came in the place of a wallet, if it can send."""
        law = self.whole.shares.get(asset)
        likely = law.successor(who) if law else who
        likely = likely if likely in TRADERS else "ola"
        return self.pick(likely, likely, likely, self.trader())

    def let_out(self) -> Step | None:
        it = self.known(State.OPEN, State.OPEN, State.CLAIMED)
        if it is None:
            return None
        sender = self.present(it.asset, self.pick(it.owner, it.owner, it.to))
        return "let_out", sender, self.heard(it)

    def void(self) -> Step | None:
        it = self.known(State.OPEN, State.CLAIMED)
        if it is None or (it.asset not in TOKENS and self.rng.random() < 0.8):
            return None
        owner = ISSUERS.get(it.asset, "eve")
        return "void", self.pick(owner, owner, "ola"), self.heard(it), self.rng.randint(0, 9)

    # ----------------------------------------------------------------------- keepers

    def set_keeper(self) -> Step:
        asset = self.asset()
        most, until = self.pick(0, 20, 20, 10**3), self.elapsed + self.pick(0, 2, 9, 40, 40, 40)
        if self.rng.random() < 0.04:
            until = 10**10
        keeper = self.pick(*["sam", "eve"] * 8, NOBODY)
        return "set_keeper", self.free(asset), keeper, asset, most, until

    def consent(self, *, used: bool) -> tuple[str, str, str] | None:
        """A keeper, an asset and an owner, mostly with a consent, of which something is held."""
        keeps = self.whole.escrow.keeps
        fit = [key for key, keep in keeps.items() if (keep.kept if used else keep.most)]
        if fit and self.rng.random() < 0.95:
            return self.rng.choice(fit)
        return ("sam", self.asset(), self.trader()) if self.rng.random() < 0.2 else None

    def hold_for(self) -> Step | None:
        key = self.consent(used=False)
        return ("hold_for", *key, self.pick(0, 1, 1, 2, 2, 5, 20)) if key else None

    def part(self, key: tuple[str, str, str]) -> int:
        kept = self.whole.escrow.keeps[key].kept if key in self.whole.escrow.keeps else 0
        return self.pick(1, kept, kept, kept, (kept + 1) // 2, (kept + 1) // 2, kept + 1, 0)

    def deliver_kept(self) -> Step | None:
        key = self.consent(used=True)
        to = self.pick(*[who for who in TRADERS if not key or who != key[2]])
        return ("deliver_kept", *key, to, self.part(key)) if key else None

    def let_go(self) -> Step | None:
        key = self.consent(used=True)
        return ("let_go", *key, self.part(key)) if key else None

    def take_back(self) -> Step | None:
        key = self.consent(used=True)
        return ("take_back", self.present(key[1], key[2]), *key) if key else None

    def void_kept(self) -> Step | None:
        keeps = self.whole.escrow.keeps
        locked = [key for key, it in keeps.items() if it.kept and it.care == Care.LOCKED]
        key = self.pick(*locked) if locked else self.consent(used=True)
        if key is None:
            return None
        owner = ISSUERS.get(key[1], "eve")
        return "void_kept", self.pick(owner, owner, "ola"), *key, self.rng.randint(0, 9)


MARKET: dict[str, int] = {
    "allow": 3, "fill": 18, "fill_permit": 2, "cancel_orders": 2, "cancel_below": 1, "post": 1,
    "settle": 5, "settle_permit": 1, "cancel_trades": 1,
    "place": 8, "show": 7, "hand_over": 3, "redirect": 3, "let_out": 4, "void": 1,
    "set_keeper": 4, "hold_for": 5, "deliver_kept": 3, "let_go": 2, "take_back": 2, "void_kept": 2,
}  # fmt: skip
FREQUENCIES = dice.FREQUENCIES | MARKET | {"appoint": 2}
NAMES: Sequence[str] = tuple(FREQUENCIES)
WEIGHTS: Sequence[int] = tuple(FREQUENCIES.values())

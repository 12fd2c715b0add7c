"""The law of trades and of holds in whole numbers, written from what the interfaces promise.

It moves what the laws of the tokens and the currencies let it move, all of a call or nothing, and
knows no chain. `trading.py` takes each step here and on the chain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import Any, NamedTuple

from tests.model.outcomes import NOBODY, Event, Refused, refuse
from tests.model.shares import UNLIMITED, Ledger
from tests.model.vault import Vault

SETTLEMENT, HOLDS = "settlement", "holds"
IN_PARTS = 1 << 63
"""In the nonce of an order that may be filled in parts."""

MAX_BPS, BPS = 100, 10_000
MAX_LEGS = 32
LONGEST_HOLD, LONGEST_CONSENT = 400 * 86_400, 50 * 365 * 86_400


class Order(NamedTuple):
    """What one side offers; times are seconds as the chain has them."""

    maker: str
    taker: str
    give: str
    take: str
    gives: int
    takes: int
    least: int
    until: int
    nonce: int
    record_token: str
    record: int
    maker_pays: bool
    fee_to: str
    fee_bps: int
    tax_to: str
    tax_bps: int


class Leg(NamedTuple):
    """One movement of a trade."""

    asset: str
    giver: str
    to: str
    amount: int


class Trade(NamedTuple):
    """Movements that happen together."""

    legs: tuple[Leg, ...]
    nonce: int
    until: int
    document: int


class Permit(NamedTuple):
    """A signed allowance for the settlement."""

    token: str
    owner: str
    value: int
    until: int
    signer: str


class Denied(Exception):  # noqa: N818 - it is what happened
    """A currency answered no, or not at all; what it moved is taken back."""


class Estate:
    """Everything that can change hands: shares, money, and what spenders may move of it."""

    def __init__(self, shares: Mapping[str, Ledger], vault: Vault) -> None:
        self.shares, self.vault = shares, vault
        self.allowed: dict[tuple[str, str, str], int] = defaultdict(int)
        """Of a currency, by currency, owner and spender."""
        self.nonces: dict[str, int] = defaultdict(int)
        """Permits of the dollar that each owner has used, but for the one whom the vault knows."""

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """What is refused in the middle leaves everything as it was."""
        vault = self.vault
        kept: list[tuple[Any, str, Any]] = []
        for law in self.shares.values():
            names = ("balances", "allowances", "held", "permits", "noted", "frozen")
            kept += [(law, name, getattr(law, name).copy()) for name in names if hasattr(law, name)]
        kept += [(self, name, getattr(self, name).copy()) for name in ("allowed", "nonces")]
        money = {currency: has.copy() for currency, has in vault.money.items()}
        used = vault.natures["usd"].permits
        try:
            yield
        except (Refused, Denied):
            for holder, name, value in kept:
                setattr(holder, name, value)
            vault.money.update(money)
            vault.natures["usd"].permits = used
            raise

    def has(self, asset: str, who: str) -> int:
        """What somebody has of a token or a currency."""
        of = self.shares[asset].balances if asset in self.shares else self.vault.money[asset]
        return of[who]

    def move(self, asset: str, spender: str, giver: str, to: str, amount: int) -> None:
        """Move by allowance; raises Refused for the token's reason, or Denied."""
        if asset in self.shares:
            self.shares[asset].transfer_from(spender, giver, to, amount)
        elif asset == "usd":
            self._move_dollars(spender, giver, to, amount)
        elif asset in ("fee", "fickle"):
            allowed = self.allowed[asset, giver, spender]
            if allowed < amount:
                refuse(("WilfulCurrency_TooFew", (allowed, amount)))
            self.pay(asset, giver, to, amount)
            self.allowed[asset, giver, spender] -= amount
        else:
            raise Denied(asset)

    def _move_dollars(self, spender: str, giver: str, to: str, amount: int) -> None:
        allowed = self.allowed["usd", giver, spender]
        short = allowed < amount
        refuse(("ERC20InsufficientAllowance", (spender, allowed, amount)) if short else None)
        self.pay("usd", giver, to, amount)
        if allowed != UNLIMITED:
            self.allowed["usd", giver, spender] = allowed - amount

    def pay(self, asset: str, giver: str, to: str, amount: int) -> None:
        """Move one's own; raises as `move` does."""
        if asset in self.shares:
            self.shares[asset].transfer(giver, [(to, amount)])
            return
        money, nature = self.vault.money[asset], self.vault.natures[asset]
        has = money[giver]
        if asset == "usd":
            refuse(("ERC20InvalidReceiver", (to,)) if to == NOBODY else None)
            refuse(("ERC20InsufficientBalance", (giver, has, amount)) if has < amount else None)
        else:
            refuse(("WilfulCurrency_Paused", ()) if nature.paused else None)
            barred = [who for who in (giver, to) if who in nature.blocked]
            if barred and nature.quiet:
                raise Denied(asset)
            refuse(("WilfulCurrency_Blocked", (barred[0],)) if barred else None)
            refuse(("WilfulCurrency_TooFew", (has, amount)) if has < amount else None)
        money[giver] -= amount
        money[to] += amount - nature.taken(amount)
        if not nature.says_yes:
            raise Denied(asset)

    def permit_nonce(self, token: str, owner: str) -> int:
        """The number that the next permit of an owner has."""
        if token in self.shares:
            return self.shares[token].permits[owner]
        return self.vault.natures["usd"].permits if owner == "ola" else self.nonces[owner]

    def permit(self, it: Permit) -> None:
        """Use a permit for the settlement; one that fails changes nothing."""
        if it.token in self.shares:
            try:
                self.shares[it.token].permit(it.owner, SETTLEMENT, it.value, it.until, it.signer)
            except Refused:
                return
        elif it.signer == it.owner and self.vault.now <= it.until:
            self.allowed[it.token, it.owner, SETTLEMENT] = it.value
            self.count_permit(it.owner)

    def count_permit(self, owner: str) -> None:
        """One permit of the dollar was used."""
        if owner == "ola":
            self.vault.natures["usd"].permits += 1
        else:
            self.nonces[owner] += 1


class Parts(NamedTuple):
    """What changes hands in one fill."""

    given: int
    taken: int
    fee: int
    tax: int


@dataclass
class Settlement:
    """Which orders and trades are spent, and what was filled."""

    estate: Estate
    spent: set[tuple[str, int]] = field(default_factory=set)
    filled: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    lowest: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    trades: set[tuple[str, int]] = field(default_factory=set)

    @property
    def now(self) -> int:
        """The present second."""
        return self.estate.vault.now

    # ------------------------------------------------------------------ questions

    def is_spent(self, maker: str, nonce: int) -> bool:
        """Whether nothing can be filled with a nonce any more (Law 50)."""
        return nonce & ~IN_PARTS < self.lowest[maker] or (maker, nonce) in self.spent

    def left(self, it: Order) -> int:
        """What is left of an order."""
        if self.is_spent(it.maker, it.nonce):
            return 0
        return max(0, it.gives - self.filled[it.maker, it.nonce])

    @staticmethod
    def cost(it: Order, done: int) -> int:
        """What the first `done` of an order cost, rounded up."""
        return -(-it.takes * done // it.gives)

    def parts(self, it: Order, amount: int) -> Parts:
        """What a fill consists of (Law 48): path-independent."""
        done = self.filled[it.maker, it.nonce]
        taken = self.cost(it, done + amount) - self.cost(it, done)
        money = amount if it.maker_pays else taken
        return Parts(amount, taken, money * it.fee_bps // BPS, money * it.tax_bps // BPS)

    def due(self, it: Order, parts: Parts, taker: str) -> int:
        """What the taker gives in all."""
        return sum(leg.amount for leg in self._legs(it, parts, taker) if leg.giver == taker)

    @staticmethod
    def _legs(it: Order, parts: Parts, taker: str) -> list[Leg]:
        """The movements of a fill, in their order: the maker's first."""
        buyer = it.maker if it.maker_pays else taker
        money = it.give if it.maker_pays else it.take
        extras = [Leg(money, buyer, it.fee_to, parts.fee), Leg(money, buyer, it.tax_to, parts.tax)]
        # What one would pay to oneself stays where it is.
        extras = [leg for leg in extras if leg.amount and leg.to != buyer]
        to_taker = parts.given - (parts.fee if it.maker_pays else 0)
        to_maker = parts.taken - (0 if it.maker_pays else parts.fee)
        first = [Leg(it.give, it.maker, taker, to_taker)]
        then = [Leg(it.take, taker, it.maker, to_maker)] if to_maker else []
        return [*first, *extras, *then] if it.maker_pays else [*first, *then, *extras]

    def ended(self, it: Order) -> tuple[bool, int]:
        """Whether an order has ended with its record, and when that closed (Law 51)."""
        if not it.record:
            return False, 0
        law = self.estate.shares.get(it.record_token)
        if law is None:
            return True, 0
        if it.record in law.cancelled:
            return True, 0
        if it.record > len(law.times):
            return False, 0
        closes = law.times[it.record - 1]
        return closes < self.now, closes

    @staticmethod
    def malformed(it: Order, taker: str) -> bool:
        """Whether the fields of an order contradict each other."""
        in_parts = bool(it.nonce & IN_PARTS)
        return (
            not it.gives
            or not it.takes
            or it.least > it.gives
            or in_parts != (it.least < it.gives)
            or it.give == it.take
            or it.maker == taker
            or (it.record_token == NOBODY) != (it.record == 0)
            or (it.fee_to == NOBODY and it.fee_bps > 0)
            or (it.tax_to == NOBODY and it.tax_bps > 0)
        )

    # ------------------------------------------------------------------ orders

    def fill(  # noqa: PLR0917 - as the contract has it
        self,
        taker: str,
        it: Order,
        signer: str,
        amount: int,
        most: int,
        permits: Sequence[Permit] = (),
    ) -> tuple[int, list[Event]]:
        """Fill an order or a part of it: what the taker gave, and the event. The reasons are found
        in the order of `Code`."""
        with self.estate.all_or_nothing():
            for permit in permits:
                self.estate.permit(permit)
            parts = self._checked(taker, it, amount)
            due = self.due(it, parts, taker)
            dear = ("TradeSettlement_PriceMoved", (due, most)) if due > most else None
            refuse(dear)
            over, closed_at = self.ended(it)
            refuse(("TradeSettlement_RecordClosed", (it.record, closed_at)) if over else None)
            refuse(("TradeSettlement_NotSigned", (it.maker,)) if signer != it.maker else None)
            for leg in self._legs(it, parts, taker):
                self._deliver(leg, measured=leg.to == it.maker and leg.giver == taker)
        self._book(it, amount)
        event = ("Filled", it.maker, it.nonce, taker, it.give, it.take, *parts)
        return due, [event]

    def _checked(self, taker: str, it: Order, amount: int) -> Parts:
        late = self.now > it.until
        refuse(("TradeSettlement_Expired", (it.until, self.now)) if late else None)
        other = it.taker not in (NOBODY, taker)
        refuse(("TradeSettlement_NotTaker", (taker, it.taker)) if other else None)
        bad = self.malformed(it, taker)
        refuse(("TradeSettlement_Malformed", (it.maker, it.nonce)) if bad else None)
        for bps in (it.fee_bps, it.tax_bps):
            refuse(("TradeSettlement_FeeTooHigh", (bps, MAX_BPS)) if bps > MAX_BPS else None)
        spent = self.is_spent(it.maker, it.nonce)
        refuse(("TradeSettlement_Spent", (it.maker, it.nonce)) if spent else None)
        left = self.left(it)
        refuse(("TradeSettlement_TooMuch", (amount, left)) if amount > left else None)
        least = min(it.least, left) or 1
        refuse(("TradeSettlement_TooLittle", (amount, least)) if amount < least else None)
        return self.parts(it, amount)

    def _book(self, it: Order, amount: int) -> None:
        key = it.maker, it.nonce
        self.filled[key] += amount
        if self.filled[key] >= it.gives:
            self.spent.add(key)

    def _deliver(self, leg: Leg, *, measured: bool) -> None:
        """Move one leg; what is measured has to arrive whole."""
        before = self.estate.has(leg.asset, leg.to)
        try:
            self.estate.move(leg.asset, SETTLEMENT, leg.giver, leg.to, leg.amount)
        except Denied:
            refuse(("TradeSettlement_Short", (leg.asset, leg.to, 0, leg.amount)))
        arrived = self.estate.has(leg.asset, leg.to) - before
        if measured and arrived < leg.amount:
            refuse(("TradeSettlement_Short", (leg.asset, leg.to, arrived, leg.amount)))

    def would_fill(self, taker: str, it: Order, signer: str, amount: int) -> bool:
        """Whether a fill would succeed; nothing changes."""
        try:
            with self.estate.all_or_nothing():
                spent, filled = self.spent.copy(), self.filled.copy()
                self.fill(taker, it, signer, amount, UNLIMITED)
                self.spent, self.filled = spent, filled
                raise Denied
        except Denied:
            return True
        except Refused:
            return False

    def cancel(self, maker: str, nonces: Sequence[int]) -> list[Event]:
        """Spend nonces."""
        self.spent.update((maker, nonce) for nonce in nonces)
        return [("Cancelled", maker, nonce) for nonce in nonces]

    def cancel_below(self, maker: str, nonce: int) -> list[Event]:
        """Spend all nonces below one."""
        present = self.lowest[maker]
        lower = nonce <= present or nonce >= IN_PARTS
        refuse(("TradeSettlement_NotHigher", (nonce, present)) if lower else None)
        self.lowest[maker] = nonce
        return [("CancelledBelow", maker, nonce)]

    # ------------------------------------------------------------------ trades

    def settle(
        self, sender: str, it: Trade, signers: Sequence[str], permits: Sequence[Permit] = ()
    ) -> None:
        """Carry out a trade, all of it or nothing (Law 49)."""
        with self.estate.all_or_nothing():
            for permit in permits:
                self.estate.permit(permit)
            late = self.now > it.until
            refuse(("TradeSettlement_Expired", (it.until, self.now)) if late else None)
            count = len(it.legs)
            bad = not 1 <= count <= MAX_LEGS
            refuse(("TradeSettlement_Legs", (count, MAX_LEGS)) if bad else None)
            for place, leg in enumerate(it.legs):
                idle = not leg.amount or leg.giver == leg.to
                refuse(("TradeSettlement_IdleLeg", (place,)) if idle else None)
            givers = list(dict.fromkeys(leg.giver for leg in it.legs))
            others = [giver for giver in givers if giver != sender]
            counted = len(signers), len(others)
            refuse(
                *(
                    ("TradeSettlement_Spent", (giver, it.nonce))
                    for giver in givers
                    if (giver, it.nonce) in self.trades
                ),
                ("TradeSettlement_Signatures", counted) if counted[0] != counted[1] else None,
                *(
                    ("TradeSettlement_NotSigned", (giver,))
                    for giver, signer in zip(others, signers, strict=False)
                    if giver != signer
                ),
            )
            for leg in it.legs:
                self._deliver(leg, measured=True)
        self.trades.update((giver, it.nonce) for giver in givers)

    def cancel_trades(self, signer: str, nonces: Sequence[int]) -> list[Event]:
        """Spend numbers of trades."""
        self.trades.update((signer, nonce) for nonce in nonces)
        return [("TradeCancelled", signer, nonce) for nonce in nonces]


# --------------------------------------------------------------------------------------- holds


class Hold(NamedTuple):
    """A hold that a secret opens; the secret is a number."""

    asset: str
    owner: str
    to: str
    amount: int
    secret: int
    until: int
    nonce: int

    @property
    def lock(self) -> bytes:
        """What the chain knows of the secret."""
        return sha256(self.secret.to_bytes(32, "big")).digest()


class State(IntEnum):
    """How far a hold is, as `IHolds` numbers it."""

    NONE = 0
    OPEN = 1
    CLAIMED = 2
    DELIVERED = 3
    RELEASED = 4
    VOIDED = 5


class Care(IntEnum):
    """Where what is held lies: in its holder's wallet, or here."""

    LOCKED = 0
    SHARES = 1
    PLAIN = 2


@dataclass
class Lock:
    """What is known of a hold."""

    state: State = State.NONE
    care: Care = Care.LOCKED
    elsewhere: str = NOBODY
    opened: int = 0


@dataclass
class Consent:
    """What an owner allows a keeper, and what the keeper has."""

    until: int = 0
    most: int = 0
    kept: int = 0
    care: Care = Care.LOCKED


@dataclass
class Escrow:
    """All holds, and what keepers hold."""

    estate: Estate
    owners: Mapping[str, str]
    """Who owns each share token."""
    person: Any
    """The number behind a wallet in the register of a token; None where a token has none."""
    locks: dict[Hold, Lock] = field(default_factory=lambda: defaultdict(Lock))
    ids: dict[Hold, bytes] = field(default_factory=dict)
    keeps: dict[tuple[str, str, str], Consent] = field(default_factory=lambda: defaultdict(Consent))
    missing: dict[Hold | tuple[str, str, str], tuple[int, int]] = field(
        default_factory=lambda: defaultdict(lambda: (0, 0))
    )
    """What was missing when a hold ended, or what a keeper had; and when that was last."""

    @property
    def now(self) -> int:
        """The present second."""
        return self.estate.vault.now

    def care_for(self, asset: str, owner: str) -> Care:
        """Where what is held now will lie; a lost wallet has nothing held."""
        law = self.estate.shares.get(asset)
        if law is None:
            return Care.PLAIN
        refuse(("Holds_HasSuccessor", (owner,)) if law.successor(owner) != owner else None)
        return Care.LOCKED if law.keeper == HOLDS else Care.SHARES

    def in_place_of(self, asset: str, care: Care, who: str) -> str:
        """The wallet that came in the place of another."""
        return who if care == Care.PLAIN else self.estate.shares[asset].successor(who)

    def promised(self, asset: str, care: Sequence[Care], wallet: str | None = None) -> int:
        """What is held of an asset, of a wallet or of all (Law 44)."""
        found = 0
        for it, lock in self.locks.items():
            if it.asset == asset and lock.state in (State.OPEN, State.CLAIMED):
                mine = wallet in (None, self.in_place_of(asset, lock.care, it.owner))
                found += it.amount if mine and lock.care in care else 0
        for (_, of, owner), keep in self.keeps.items():
            if of == asset and keep.kept and keep.care in care:
                mine = wallet in (None, self.in_place_of(asset, keep.care, owner))
                found += keep.kept if mine else 0
        return found

    # ------------------------------------------------------------------ for a secret

    def hold(self, sender: str, it: Hold) -> list[Event]:
        """Open a hold."""
        other = sender != it.owner
        refuse(("Holds_NotOwner", (sender, it.owner)) if other else None)
        self._receiver(it.asset, it.owner, it.to, it.amount)
        self._time(it.until, LONGEST_HOLD)
        known = self.locks[it].state != State.NONE
        refuse(("Holds_Known", (self.ids[it],)) if known else None)
        care = self.care_for(it.asset, it.owner)
        self._take(it.asset, care, it.owner, it.amount)
        self.locks[it] = Lock(State.OPEN, care, opened=self.now)
        terms = (*it[:4], it.lock, *it[5:])
        return [("Held", self.ids[it], it.asset, it.owner, terms, care != Care.LOCKED)]

    def claim(self, it: Hold, secret: int) -> tuple[bool, list[Event]]:
        """Show the secret; what cannot be delivered stays claimed."""
        lock, name = self.locks[it], self.ids[it]
        self._in(it, lock, State.OPEN)
        refuse(("Holds_WrongSecret", (name,)) if secret != it.secret else None)
        refuse(("Holds_TooLate", (it.until, self.now)) if self.now > it.until else None)
        lock.state = State.CLAIMED
        shown: Event = ("Claimed", name, secret.to_bytes(32, "big"))
        try:
            return True, [shown, *self.deliver(it)]
        except Refused:
            return False, [shown]

    def deliver(self, it: Hold) -> list[Event]:
        """Deliver what was claimed."""
        lock = self.locks[it]
        self._in(it, lock, State.CLAIMED)
        to = it.to if lock.elsewhere == NOBODY else lock.elsewhere
        to = self.in_place_of(it.asset, lock.care, to)
        giver = self.in_place_of(it.asset, lock.care, it.owner)
        self._give(it.asset, lock.care, giver, to, it.amount)
        lock.state = State.DELIVERED
        return [("Delivered", self.ids[it], it.asset, giver, to, it.amount)]

    def redirect(self, sender: str, it: Hold, other: str) -> list[Event]:
        """Name another wallet of the receiver's person."""
        lock = self.locks[it]
        self._in(it, lock, State.CLAIMED)
        to = self.in_place_of(it.asset, lock.care, it.to)
        refuse(("Holds_NotReceiver", (sender, to)) if sender != to else None)
        self._receiver(it.asset, it.owner, other, it.amount)
        if lock.care == Care.LOCKED and (one := self.person(it.asset, to)) is not None:
            same = one and one == self.person(it.asset, other)
            refuse(None if same else ("Holds_OtherPerson", (to, other)))
        lock.elsewhere = other
        return [("Redirected", self.ids[it], other)]

    def release(self, sender: str, it: Hold) -> list[Event]:
        """End a hold without a delivery."""
        lock = self.locks[it]
        self._unended(it, lock)
        owner = self.in_place_of(it.asset, lock.care, it.owner)
        if sender != self.in_place_of(it.asset, lock.care, it.to):
            refuse(("Holds_NotOwner", (sender, owner)) if sender != owner else None)
            self._in(it, lock, State.OPEN)
            early = self.now <= it.until
            refuse(("Holds_TooEarly", (it.until, self.now)) if early else None)
        amount = self._give_back(it, it.asset, lock.care, owner, it.amount)
        lock.state = State.RELEASED
        return [("Released", self.ids[it], it.asset, owner, amount)]

    def void(self, sender: str, it: Hold, document: int) -> list[Event]:
        """End a hold by order of the token's owner."""
        lock = self.locks[it]
        self._unended(it, lock)
        self._token_owner(sender, it.asset, lock.care)
        owner = self.in_place_of(it.asset, lock.care, it.owner)
        amount = self._give_back(it, it.asset, lock.care, owner, it.amount)
        lock.state = State.VOIDED
        return [("Voided", self.ids[it], it.asset, document, amount)]

    # ------------------------------------------------------------------ keepers

    def set_keeper(self, owner: str, keeper: str, asset: str, most: int, until: int) -> list[Event]:
        """Consent to a keeper, or end it."""
        refuse(("Holds_Malformed", (keeper, most)) if keeper == NOBODY else None)
        if most:
            self._time(until, LONGEST_CONSENT)
        until = until if most else 0
        self.care_for(asset, owner)
        keep = self.keeps[keeper, asset, owner]
        used = keep.kept and (most < keep.most or until < keep.until)
        refuse(("Holds_InUse", (keeper, keep.kept)) if used else None)
        keep.most, keep.until = most, until
        return [("KeeperSet", keeper, asset, owner, most, until)]

    def hold_for(self, keeper: str, asset: str, owner: str, amount: int) -> list[Event]:
        """Hold more."""
        refuse(None if amount else ("Holds_Malformed", (owner, amount)))
        keep = self.keeps[keeper, asset, owner]
        after = keep.kept + amount
        over = after > keep.most
        refuse(("Holds_OverConsent", (keeper, after, keep.most)) if over else None)
        refuse(("Holds_TooLate", (keep.until, self.now)) if self.now > keep.until else None)
        care = self.care_for(asset, owner)
        changed = keep.kept and keep.care != care
        refuse(("Holds_ModeChanged", (asset, keep.care != Care.LOCKED)) if changed else None)
        self._take(asset, care, owner, amount)
        keep.kept, keep.care = after, care
        return [("Kept", keeper, asset, owner, amount)]

    def deliver_kept(
        self, keeper: str, asset: str, owner: str, to: str, amount: int
    ) -> list[Event]:
        """Deliver of what is held."""
        self._receiver(asset, owner, to, amount)
        keep = self.keeps[keeper, asset, owner]
        self._enough(keeper, keep, amount)
        refuse(("Holds_TooLate", (keep.until, self.now)) if self.now > keep.until else None)
        giver = self.in_place_of(asset, keep.care, owner)
        self._give(asset, keep.care, giver, to, amount)
        keep.kept -= amount
        return [("KeptDelivered", keeper, asset, owner, to, amount)]

    def let_go(self, keeper: str, asset: str, owner: str, amount: int) -> list[Event]:
        """Let go of what is held."""
        refuse(None if amount else ("Holds_Malformed", (owner, amount)))
        keep = self.keeps[keeper, asset, owner]
        self._enough(keeper, keep, amount)
        return self._end_keeping(keeper, asset, owner, keep, amount)

    def take_back(self, sender: str, keeper: str, asset: str, owner: str) -> list[Event]:
        """Take back all after the time."""
        keep = self.keeps[keeper, asset, owner]
        refuse(None if keep.kept else ("Holds_Malformed", (keeper, 0)))
        wallet = self.in_place_of(asset, keep.care, owner)
        refuse(("Holds_NotOwner", (sender, wallet)) if sender != wallet else None)
        early = self.now <= keep.until
        refuse(("Holds_TooEarly", (keep.until, self.now)) if early else None)
        return self._end_keeping(keeper, asset, owner, keep, keep.kept)

    def void_kept(
        self, sender: str, keeper: str, asset: str, owner: str, document: int
    ) -> list[Event]:
        """End what a keeper holds, and its consent, by order of the token's owner."""
        keep = self.keeps[keeper, asset, owner]
        refuse(None if keep.kept else ("Holds_Malformed", (keeper, 0)))
        self._token_owner(sender, asset, keep.care)
        wallet = self.in_place_of(asset, keep.care, owner)
        what = keeper, asset, owner
        amount = self._give_back(what, asset, keep.care, wallet, keep.kept)
        self.keeps[keeper, asset, owner] = Consent()
        ended: Event = ("KeeperSet", keeper, asset, owner, 0, 0)
        return [ended, ("KeptVoided", keeper, asset, owner, document, amount)]

    def _end_keeping(
        self, keeper: str, asset: str, owner: str, keep: Consent, amount: int
    ) -> list[Event]:
        wallet = self.in_place_of(asset, keep.care, owner)
        back = self._give_back((keeper, asset, owner), asset, keep.care, wallet, amount)
        keep.kept -= amount
        return [("KeptReleased", keeper, asset, owner, back)]

    # ------------------------------------------------------------------ reasons

    def _in(self, it: Hold, lock: Lock, state: State) -> None:
        wrong = lock.state != state
        refuse(("Holds_NotIn", (self.ids[it], int(lock.state))) if wrong else None)

    def _unended(self, it: Hold, lock: Lock) -> None:
        over = lock.state not in (State.OPEN, State.CLAIMED)
        refuse(("Holds_NotIn", (self.ids[it], int(lock.state))) if over else None)

    def _time(self, until: int, longest: int) -> None:
        limit = self.now + longest
        refuse(("Holds_Past", (until, self.now)) if until < self.now else None)
        refuse(("Holds_TooFar", (until, limit)) if until > limit else None)

    @staticmethod
    def _receiver(asset: str, owner: str, to: str, amount: int) -> None:
        bad = not amount or to in (NOBODY, owner, HOLDS, asset)
        refuse(("Holds_Malformed", (to, amount)) if bad else None)

    def _token_owner(self, sender: str, asset: str, care: Care) -> None:
        own = care == Care.LOCKED and sender == self.owners.get(asset)
        refuse(None if own else ("Holds_NotTokenOwner", (sender, asset)))

    @staticmethod
    def _enough(keeper: str, keep: Consent, amount: int) -> None:
        over = amount > keep.kept
        refuse(("Holds_OverKept", (keeper, amount, keep.kept)) if over else None)

    # ------------------------------------------------------------------ movements

    def _take(self, asset: str, care: Care, owner: str, amount: int) -> None:
        if care == Care.LOCKED:
            self.estate.shares[asset].hold(HOLDS, owner, amount)
            return
        with self.estate.all_or_nothing():
            before = self.estate.has(asset, HOLDS)
            try:
                with self.estate.all_or_nothing():
                    self.estate.move(asset, HOLDS, owner, HOLDS, amount)
            except (Refused, Denied):
                arrived = 0
            else:
                arrived = self.estate.has(asset, HOLDS) - before
            short = arrived < amount
            refuse(("Holds_Short", (asset, arrived, amount)) if short else None)

    def _give(self, asset: str, care: Care, giver: str, to: str, amount: int) -> None:
        if care != Care.LOCKED:
            self._send(asset, to, amount)
            return
        try:
            with self.estate.all_or_nothing():
                self.estate.shares[asset].deliver(HOLDS, giver, to, amount)
        except Refused:
            refuse(("Holds_Refused", (asset, giver, to, amount)))

    def _send(self, asset: str, to: str, amount: int) -> None:
        try:
            with self.estate.all_or_nothing():
                self.estate.pay(asset, HOLDS, to, amount)
        except (Refused, Denied):
            refuse(("Holds_Refused", (asset, HOLDS, to, amount)))

    def _give_back(
        self,
        what: Hold | tuple[str, str, str],
        asset: str,
        care: Care,
        owner: str,
        amount: int,
    ) -> int:
        """Give back what there still is; what is missing is noted once that is done."""
        if care != Care.LOCKED:
            self._send(asset, owner, amount)
            return amount
        law = self.estate.shares[asset]
        left = min(amount, law.held[owner])
        law.release(HOLDS, owner, left)
        if left < amount:
            before, _ = self.missing[what]
            self.missing[what] = before + amount - left, self.now
        return left

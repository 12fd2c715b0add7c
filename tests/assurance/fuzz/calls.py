"""The whole system with calls, beside the law of them.

A step speaks of a call by its terms, so that it means the same in every story: times in them are
seconds after the first. What a call asks of tokens, currencies and `Holds` it asks of their laws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from eth_utils.crypto import keccak

from tests.assurance.fuzz.many_calls import as_words
from tests.assurance.fuzz.market import Care, Denied, Escrow, Estate
from tests.assurance.fuzz.system import (
    ISSUERS,
    MONEY,
    PERMIT,
    START,
    Broken,
    Pair,
    yes,
)
from tests.assurance.fuzz.trading import ALLOWED, DOMAIN_TYPE, TRADERS, TradingHarness
from tests.assurance.fuzz.wire import Blob, encoded, raw_log, word
from tests.chainkit import Codec
from tests.model.calls import AUCTION, SIDES, Calls, Terms
from tests.model.currencies import Outcome
from tests.model.outcomes import NOBODY, Event, Refused

PLACEMENT_TYPE = (
    b"Placement(bytes32 id,address owner,uint8 side,uint128 quantity,uint8 step,uint8 ladder,"
    b"uint256 nonce,uint256 validUntil)"
)
WITHDRAWAL_TYPE = b"Withdrawal(bytes32 id,uint256 order,uint256 validUntil)"
OPENING_TYPE = b"Opening(bytes32 id)"
TIMES = (
    "opens_at", "withdraw_until", "closes_at", "close_by", "accept_by", "settle_by",
    "return_until", "take_until",
)  # fmt: skip


class SystemWorld:
    """What calls ask, answered by the laws of the system."""

    asks = AUCTION
    """Who asks: whose money it is, and whose are the consents."""

    def __init__(self, system: CallsHarness, estate: Estate, escrow: Escrow) -> None:
        self.system, self.estate, self.escrow = system, estate, escrow

    @property
    def now(self) -> int:
        """The present second."""
        return self.estate.vault.now

    def id_of(self, terms: Terms) -> bytes:
        """The hash of the terms' words."""
        return keccak(encoded(self.system._spell(as_words(terms))))

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All or nothing, of what is held too."""
        keeps = {key: replace(keep) for key, keep in self.escrow.keeps.items()}
        missing = self.escrow.missing.copy()
        try:
            with self.estate.all_or_nothing():
                yield
        except Refused:
            self.escrow.keeps.clear()
            self.escrow.keeps.update(keeps)
            self.escrow.missing = missing
            raise

    def in_place(self, token: str, wallet: str) -> str:
        """Who came in the place of a wallet."""
        return self.estate.shares[token].successor(wallet)

    def person(self, _registry: str, wallet: str) -> int:
        """By the register of persons; 0 if it does not know."""
        return self.system.register.person(wallet)

    def shares_at(self, token: str, record: int, wallet: str) -> int:
        """What a wallet had at a record; Refused while it cannot be read."""
        law = self.estate.shares[token]
        why = law.unreadable(record)
        if why:
            raise Refused(why)
        return law.closed[record].get(wallet, 0)

    def speaks(self, token: str, wallet: str) -> bool:
        """The issuer, or an agent; and what asks is one."""
        return self.estate.shares[token].speaks(wallet)

    def supply(self, token: str) -> int:
        """How many shares exist."""
        return self.estate.shares[token].supply

    def paused(self, token: str) -> bool:
        """Whether the token is."""
        return self.estate.shares[token].paused

    def deliverable(self, token: str, wallet: str, shares: int) -> bool:
        """By all its rules, as if they came from nobody."""
        law = self.estate.shares[token]
        reasons = [*law.unable(wallet), *law.broken_rules(NOBODY, wallet, shares)]
        return not law.paused and not any(reasons)

    def collect(self, currency: str, giver: str, amount: int) -> int:
        """What arrives of money that is taken by allowance."""
        return self._taken(currency, giver, self.asks, amount)

    def _taken(self, currency: str, giver: str, to: str, amount: int) -> int:
        before = self.estate.has(currency, to)
        try:
            with self.estate.all_or_nothing():
                self.estate.move(currency, self.asks, giver, to, amount)
        except (Refused, Denied):
            return 0
        return self.estate.has(currency, to) - before

    def pay(self, currency: str, receiver: str, amount: int) -> Outcome:
        """What becomes of a payment; money that moved with a no has moved."""
        nature = self.estate.vault.natures[currency]
        try:
            with self.estate.all_or_nothing():
                self.estate.pay(currency, self.asks, receiver, amount)
        except Refused:
            return Outcome.FAILED
        except Denied:
            barred = {receiver, self.asks} & nature.blocked
            return Outcome.DENIED if barred else Outcome.MOVED
        return Outcome.PAID

    def consent(self, token: str, owner: str) -> tuple[int, int]:
        """Until when, and how many are held."""
        keep = self.escrow.keeps.get((AUCTION, token, owner))
        return (keep.until, keep.kept) if keep else (0, 0)

    def is_held(self, token: str, owner: str, shares: int) -> bool:
        """What is in custody is; else the token says."""
        keep = self.escrow.keeps[AUCTION, token, owner]
        law = self.estate.shares[token]
        return keep.care != Care.LOCKED or law.held[law.successor(owner)] >= shares

    def hold(self, token: str, owner: str, shares: int) -> None:
        """By `Holds`."""
        self.escrow.hold_for(self.asks, token, owner, shares)

    def let_go(self, token: str, owner: str, shares: int) -> None:
        """By `Holds`."""
        self.escrow.let_go(self.asks, token, owner, shares)

    def deliver(self, token: str, seller: str, buyer: str, shares: int) -> bool:
        """By `Holds`, or as new ones."""
        law = self.estate.shares[token]
        try:
            with self.whole():
                if seller != NOBODY:
                    self.escrow.deliver_kept(AUCTION, token, seller, buyer, shares)
                elif self.deliverable(token, buyer, shares):
                    law.mint(law.agent, [(buyer, shares)])
                else:
                    raise Refused
        except Refused:
            return False
        return True

    def take_back(self, terms: Terms, giver: str, shares: int) -> None:
        """To the principal by its giver's allowance, or out of existence."""
        law = self.estate.shares[terms.token]
        if terms.mint:
            law.burn(law.agent, giver, shares)
        else:
            law.transfer_from(AUCTION, giver, terms.principal, shares)


class CallsHarness(TradingHarness):
    """The system with trades and holds, and with calls."""

    def __init__(self, codec: Codec, **faulty: str) -> None:
        super().__init__(codec, **faulty)
        self.world = SystemWorld(self, self.estate, self.escrow)
        self.calls = Calls(self.world)
        self.nonces: set[tuple[str, int]] = set()
        for issuer in ISSUERS.values():
            for currency in MONEY:
                self._allow(currency, issuer, AUCTION, ALLOWED)
        for currency in MONEY:
            for name in TRADERS:
                self._allow(currency, name, AUCTION, ALLOWED)

    def _build(self) -> None:
        super()._build()
        self._create(AUCTION, "CallAuction", self.address["holds"])
        for token, issuer in ISSUERS.items():
            self._send(issuer, token, "addAgent", AUCTION)
        parts = (keccak(DOMAIN_TYPE), keccak(b"prorata CallAuction"), keccak(b"1"), 1)
        self._call_domain = keccak(encoded((*parts, self.wire.at[AUCTION])))

    # ---------------------------------------------------------------- words and signatures

    def _call_terms(self, fields: Sequence[Any]) -> Terms:
        """Of a step: its times count from the first second."""
        it = Terms(*fields)
        later = {name: getattr(it, name) + START for name in TIMES if getattr(it, name)}
        return it._replace(**later)

    def _call_digest(self, kind: bytes, *fields: Any) -> bytes:
        inside = keccak(encoded((keccak(kind), *self._spell(fields))))
        return keccak(b"\x19\x01" + self._call_domain + inside)

    def _placement(  # noqa: PLR0917
        self, it: Terms, owner: str, side: str, quantity: int, step: int, ladder: int,
        nonce: int, until: int,
    ) -> tuple[Any, ...]:  # fmt: skip
        call = self.world.id_of(it)
        return call, owner, SIDES.index(side), quantity, step, ladder, nonce, until

    # ---------------------------------------------------------------- opening

    def _call_open(self, sender: str, fields: Sequence[Any], signer: str) -> bool:
        it = self._call_terms(fields)
        signature = b""
        if signer != NOBODY:
            signature = self._sign(signer, self._call_digest(OPENING_TYPE, self.world.id_of(it)))
        return self._called(
            it, lambda: self.calls.open(sender, it, signer), sender, "open", Blob(signature)
        )

    def _call_cancel(self, sender: str, fields: Sequence[Any], document: int) -> bool:
        it = self._call_terms(fields)
        return self._called(
            it,
            lambda: (None, self.calls.cancel(sender, it, document)),
            *(sender, "cancel", word(document)),
        )

    def _call_entitle(self, fields: Sequence[Any], wallets: Sequence[str]) -> bool:
        it = self._call_terms(fields)
        return self._called(
            it,
            lambda: (None, self.calls.entitle(it, wallets)),
            *("ola", "entitle", list(wallets)),
        )

    # ---------------------------------------------------------------- orders

    def _call_order(  # noqa: PLR0917 - a step is a tuple
        self, fields: Sequence[Any], owner: str, side: str, quantity: int, step: int, ladder: int
    ) -> bool:
        it = self._call_terms(fields)
        return self._called(
            it,
            lambda: self.calls.place(it, owner, side, quantity, step, ladder),
            *(owner, "place", SIDES.index(side), quantity, step, ladder),
        )

    def _call_permit(  # noqa: PLR0917
        self, fields: Sequence[Any], owner: str, quantity: int, step: int, signer: str, late: bool
    ) -> bool:
        it = self._call_terms(fields)
        until = self.now - late
        permit = self._call_permit_of(it, owner, quantity, step, signer, until)
        return self._called(
            it,
            lambda: self.calls.place(
                *(it, owner, "bid", quantity, step, 0),
                first=lambda due: self._use_permit(owner, due, signer, until),
            ),
            *(owner, "placeWithPermit", 0, quantity, step, 0, permit),
        )

    def _call_permit_of(  # noqa: PLR0917
        self, it: Terms, owner: str, quantity: int, step: int, signer: str, until: int
    ) -> tuple[Any, ...]:
        due = quantity if it.by_amount else quantity * it.price(step)
        nonce = self.estate.permit_nonce("usd", owner)
        parts = self._signed(signer, "usd", PERMIT, (owner, AUCTION, due, nonce, until))
        return (until, *parts)

    def _use_permit(self, owner: str, due: int, signer: str, until: int) -> None:
        """One that the currency refuses is passed over."""
        if signer != owner or self.now > until:
            return
        self.estate.allowed["usd", owner, AUCTION] = due
        self.estate.count_permit(owner)

    def _call_signed(  # noqa: PLR0917
        self,
        fields: Sequence[Any],
        owner: str,
        side: str,
        quantity: int,
        step: int,
        ladder: int,
        signer: str,
        nonce: int,
        until: int,
    ) -> bool:  # fmt: skip
        it, until = self._call_terms(fields), until + START
        self.nonces.add((owner, nonce))
        placement = self._placement(it, owner, side, quantity, step, ladder, nonce, until)
        signature = self._sign(signer, self._call_digest(PLACEMENT_TYPE, *placement))
        none = (0, 0, word(0), word(0))
        return self._called(
            it,
            lambda: self.calls.place(
                *(it, owner, side, quantity, step, ladder), signed=(signer, nonce, until)
            ),
            *("ola", "placeFor", placement, Blob(signature), none),
        )

    def _call_nonce(self, sender: str, nonce: int) -> bool:
        self.nonces.add((sender, nonce))
        done = self._both(
            lambda: self.calls.cancel_nonce(sender, nonce), sender, AUCTION, "cancelNonce", nonce
        )
        if done:
            self._call_events(self.answer)
        return done

    def _call_withdraw(self, sender: str, fields: Sequence[Any], number: int) -> bool:
        it = self._call_terms(fields)
        return self._called(
            it,
            lambda: (None, self.calls.withdraw(sender, it, number)),
            *(sender, "withdraw", number),
        )

    def _call_withdraw_for(
        self, signer: str, fields: Sequence[Any], number: int, until: int
    ) -> bool:
        it, until = self._call_terms(fields), until + START
        what = (self.world.id_of(it), number, until)
        signature = self._sign(signer, self._call_digest(WITHDRAWAL_TYPE, *what))
        return self._called(
            it,
            lambda: (None, self.calls.withdraw(signer, it, number, until)),
            *("ola", "withdrawFor", number, until, Blob(signature)),
        )

    def _call_strike(self, fields: Sequence[Any], numbers: Sequence[int]) -> bool:
        it = self._call_terms(fields)
        return self._called(
            it, lambda: self.calls.strike(it, numbers), "ola", "strike", list(numbers)
        )

    def _call_restore(self, fields: Sequence[Any], numbers: Sequence[int]) -> bool:
        it = self._call_terms(fields)
        return self._called(
            it, lambda: self.calls.restore(it, numbers), "ola", "restore", list(numbers)
        )

    # ---------------------------------------------------------------- the close

    def _call_close(self, sender: str, fields: Sequence[Any], price: int) -> bool:
        """At a price, or at none if that is 0."""
        it = self._call_terms(fields)
        call = ("closeAt", price) if price else ("close",)
        return self._called(it, lambda: self.calls.close(sender, it, price or None), sender, *call)

    def _call_accept(self, sender: str, fields: Sequence[Any]) -> bool:
        it = self._call_terms(fields)
        return self._called(it, lambda: (None, self.calls.accept(sender, it)), sender, "accept")

    def _call_fail(self, fields: Sequence[Any]) -> bool:
        it = self._call_terms(fields)
        return self._called(it, lambda: (None, self.calls.fail(it)), "ola", "fail")

    # ---------------------------------------------------------------- after it

    def _call_settle(self, fields: Sequence[Any], most: int) -> bool:
        it = self._call_terms(fields)
        return self._called(it, lambda: self.calls.settle(it, most), "ola", "settle", most)

    def _call_deliver(self, fields: Sequence[Any], pairs: Sequence[tuple[int, int]]) -> bool:
        it = self._call_terms(fields)
        listed = [tuple(pair) for pair in pairs]
        return self._called(it, lambda: self.calls.deliver(it, pairs), "ola", "deliver", listed)

    def _call_refund(self, fields: Sequence[Any], numbers: Sequence[int]) -> bool:
        it = self._call_terms(fields)
        return self._called(
            it, lambda: self.calls.refund(it, numbers), "ola", "refund", list(numbers)
        )

    def _call_return(self, sender: str, fields: Sequence[Any], number: int, lots: int) -> bool:
        it = self._call_terms(fields)
        return self._called(
            it,
            lambda: self.calls.return_shares(sender, it, number, lots),
            *(sender, "returnShares", number, lots),
        )

    def _call_pay(self, fields: Sequence[Any]) -> bool:
        it = self._call_terms(fields)
        return self._called(it, lambda: self.calls.pay_principal(it), "ola", "payPrincipal")

    def _call_take(self, fields: Sequence[Any], ladder: int, account: str) -> bool:
        it = self._call_terms(fields)
        return self._called(
            it, lambda: self.calls.take("ola", it, ladder, account), "ola", "take", ladder, account
        )

    def _call_take_to(
        self, sender: str, fields: Sequence[Any], ladder: int, account: str, receiver: str
    ) -> bool:
        it = self._call_terms(fields)
        return self._called(
            it,
            lambda: self.calls.take(sender, it, ladder, account, receiver),
            *(sender, "takeTo", ladder, account, receiver),
        )

    def _call_sweep(self, fields: Sequence[Any], ladder: int) -> bool:
        it = self._call_terms(fields)
        return self._called(it, lambda: self.calls.sweep(it, ladder), "ola", "sweep", ladder)

    # ---------------------------------------------------------------- comparing

    def _called(
        self, it: Terms, in_law: Callable[[], Any], sender: str, function: str, *args: Any
    ) -> bool:
        """A step of a call: its answer, its events, and how the call stands after it."""
        done = self._both(in_law, sender, AUCTION, function, as_words(it), *args)
        if done:
            answer, events = self.answer
            self._call_events(events)
            if self.gave != _answered(answer):
                raise Broken(f"{function} gave {self.gave.hex()}, the law says {answer}")
            self.look((None, self._call_now(it)))
        return done

    def _call_events(self, events: Sequence[Event]) -> None:
        """Those of the contract, in order; where the law leaves a reason open, without it."""
        at = self.address[AUCTION].lower()
        logs = self.evm.result.logs if self.evm.result else []
        reported = [raw_log(log) for log in logs if log.address.lower() == at]
        want = [self._call_event(event) for event in events]
        if [topics for topics, _ in reported] != [topics for topics, _ in want] or any(
            data is not None and told != data
            for (_, told), (_, data) in zip(reported, want, strict=True)
        ):
            raise Broken(f"the events are {reported}, the law says {events}")

    def _call_event(self, event: Event) -> tuple[tuple[bytes, ...], bytes | None]:
        name, *values = event
        if name == "Opened":
            values[-1] = as_words(values[-1])
        if name == "Cancelled":
            values[-1] = word(values[-1])
        open_reason = values[-1] is ...
        topics, data = self.wire.log(
            (name, *values[:-1], Blob(b"")) if open_reason else (name, *values), "ICallAuction"
        )
        return topics, None if open_reason else data

    def _call_now(self, it: Terms) -> Iterator[Pair]:
        """How a call stands: its orders, and its money (Law 53)."""
        call = self.calls.calls[it]
        figures = (call.stage, len(call.orders), *call.clearing, call.delivered, call.passed)
        yield (AUCTION, "callOf", call.id), _answer(figures)
        for number, order in enumerate(call.orders, 1):
            parts = (
                self.wire.at[order.owner],
                *(SIDES.index(order.side), order.state, order.step, order.ladder),
                *(order.quantity, order.allotted, order.delivered),
            )
            yield (AUCTION, "orderOf", call.id, number), _answer(parts)
        for ladder in range(len(it.ladders)):
            parts = call.escrowed(ladder)
            if call.came[ladder] - call.went[ladder] != sum(parts):
                raise Broken(f"Law 53: {call.came} came, {call.went} went, {parts} are here")
            yield (AUCTION, "escrowOf", call.id, ladder), _answer((sum(parts), *parts))
            for account, owed in call.owed[ladder].items():
                yield (AUCTION, "owedTo", call.id, ladder, account), yes(owed)

    def check_everything(self) -> None:
        """Every law, of calls too."""
        super().check_everything()
        self.look(
            *((None, self._call_now(it)) for it in self.calls.calls),
            (None, self._calls_more()),
        )
        for currency in MONEY:
            here = sum(
                sum(call.escrowed(ladder))
                for it, call in self.calls.calls.items()
                for ladder, (of, *_) in enumerate(it.ladders)
                if of == currency
            )
            has = self.estate.has(currency, AUCTION)
            if here != has:
                raise Broken(f"Law 53: {has} of {currency} in calls, {here} accounted for")

    def _calls_more(self) -> Iterator[Pair]:
        """Money of the contract, its nonces, what persons have ordered (Law 61)."""
        for currency in MONEY:
            yield self._holding(currency, AUCTION)
        for owner, nonce in self.nonces:
            spent = (owner, nonce) in self.calls.spent
            yield (AUCTION, "isSpent", owner, nonce), yes(spent)
        for call in self.calls.calls.values():
            for (side, person), quantity in call.ordered.items():
                number = (
                    int.from_bytes(self.wire.at[person], "big")
                    if isinstance(person, str)
                    else person
                )
                label = (AUCTION, "orderedBy", call.id, SIDES.index(side), number)
                yield label, yes(quantity)


def _answered(answer: Any) -> bytes:
    if answer is None:
        return b""
    return b"".join(map(word, answer)) if isinstance(answer, tuple) else word(answer)


def _answer(values: Sequence[Any]) -> bytes:
    return b"\1" + b"".join(map(word, values))

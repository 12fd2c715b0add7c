"""The whole system with exchanges of shares, beside the law of them.

A step speaks of an exchange by its number: times in it are seconds after the first. What an
exchange asks of tokens, currencies and `Holds` it asks of their laws.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from eth_utils.crypto import keccak

from tests.assurance.fuzz.calls import CallsHarness, SystemWorld
from tests.assurance.fuzz.market import Care, Hold, State
from tests.assurance.fuzz.system import (
    ISSUERS,
    MONEY,
    PERMIT,
    START,
    WALLETS,
    WEALTH,
    Broken,
    Pair,
    yes,
)
from tests.assurance.fuzz.trading import (
    ALLOWED,
    DOMAIN_TYPE,
    HOLDS,
    TOKENS,
    TRADERS,
)
from tests.assurance.fuzz.wire import Blob, encoded, word
from tests.chainkit import Codec
from tests.model.exchange import (
    BLOCKED,
    EXCHANGE,
    FROZEN,
    GOES_ON,
    PAUSED,
    Ended,
    Exchanges,
    Kept,
    Terms,
)
from tests.model.outcomes import NOBODY, Event, Refused

REQUEST_TYPE = (
    b"Request(uint256 id,address holder,uint256 shares,uint256 leastPaid,uint256 mostDue,"
    b"uint256 nonce,uint256 validUntil,bytes note)"
)
TIMES = ("opens_at", "closes_at", "take_until")
FIGURES = ("price", "as_of", "funds", "paid", "owed", "exchanged", "locked")
OWED = (*WALLETS, "ola", HOLDS)
"""Whom an exchange can owe something."""


class ExchangeWorld(SystemWorld):
    """What exchanges ask, answered by the laws of the system."""

    asks = EXCHANGE

    def owns(self, token: str, who: str) -> bool:
        """The issuer."""
        return who == ISSUERS[token]

    def balance(self, token: str, who: str) -> int:
        """By the ledger."""
        return self.estate.shares[token].balances[who]

    def held(self, token: str, who: str) -> int:
        """By the ledger."""
        return self.estate.shares[token].held[who]

    def unfrozen(self, token: str, who: str) -> int:
        """By the ledger."""
        return self.estate.shares[token].unfrozen(who)

    def locks(self, token: str) -> bool:
        """By the ledger: whom the token has appointed."""
        return self.estate.shares[token].keeper == HOLDS

    def claimant(self, token: str, who: str) -> str:
        """By the ledger, or the register."""
        return self.estate.shares[token].claimant(who)

    def stops(self, token: str, holder: str, shares: int) -> list[tuple[int, int, int]]:
        """A pause, a frozen wallet, frozen or held shares."""
        law = self.estate.shares[token]
        free = law.unfrozen(holder)
        found = [(PAUSED, 0, 0)] if law.paused else []
        found += [(BLOCKED, 0, 0)] if law.blocked(holder) else []
        caught = free < shares <= law.balances[holder]
        return [*found, (FROZEN, shares, free)] if caught else found

    def accepts(self, token: str, holder: str, taker: str, shares: int) -> bool:
        """By all its rules; what is missing is no rule's."""
        law = self.estate.shares[token]
        reasons = [*law.unable(taker), *law.broken_rules(holder, taker, shares)]
        return not any(reasons) and not self.stops(token, holder, shares)

    def take(self, token: str, holder: str, taker: str, shares: int) -> None:
        """By an agent's order; what was in the care of `Holds` is not there any more."""
        law = self.estate.shares[token]
        if taker == NOBODY:
            law.burn(law.agent, holder, shares)
        else:
            law.force(law.agent, holder, taker, shares)

    def mint(self, token: str, to: str, amount: int) -> bool:
        """By an agent's order."""
        law = self.estate.shares[token]
        try:
            law.mint(law.agent, [(to, amount)])
        except Refused:
            return False
        return True

    def consent(self, token: str, owner: str) -> Kept:
        """To the exchanges."""
        return self.kept_by(EXCHANGE, token, owner)

    def kept_by(self, keeper: str, token: str, owner: str) -> Kept:
        """By `Holds`."""
        key = keeper, token, owner
        it = self.escrow.keeps.get(key)
        missing = self.escrow.missing.get(key, (0, 0))
        if it is None:
            return Kept(missing=missing)
        return Kept(it.until, it.most, it.kept, it.care != Care.LOCKED, missing)

    def hold_of(self, terms: Hold) -> Ended:
        """By `Holds`."""
        name, lock = self.escrow.ids[terms], self.escrow.locks.get(terms)
        if lock is None:
            return Ended(name)
        missing = self.escrow.missing.get(terms, (0, 0))
        boxed = lock.state != State.NONE and lock.care != Care.LOCKED
        return Ended(name, int(lock.state), boxed, lock.opened, lock.elsewhere, missing)

    def deliver(self, token: str, owner: str, to: str, shares: int) -> bool:
        """By `Holds`."""
        try:
            with self.whole():
                self.escrow.deliver_kept(EXCHANGE, token, owner, to, shares)
        except Refused:
            return False
        return True

    def collect(self, currency: str, giver: str, to: str, amount: int) -> int:
        """What arrives of money that is taken by allowance."""
        return self._taken(currency, giver, to, amount)


class ExchangesHarness(CallsHarness):
    """The system with trades, holds and calls, and with exchanges."""

    def __init__(self, codec: Codec, **faulty: str) -> None:
        super().__init__(codec, **faulty)
        self.bourse = ExchangeWorld(self, self.estate, self.escrow)
        self.exchanges = Exchanges(self.bourse)
        self.signed: set[tuple[str, int]] = set()
        """Numbers of requests that were tried."""
        self.out_of_care: dict[str, int] = defaultdict(int)
        """Shares that exchanges took while they were in the care of `Holds`."""
        for currency in MONEY:
            for issuer in ISSUERS.values():
                self._allow(currency, issuer, EXCHANGE, WEALTH)
            for name in TRADERS:
                self._allow(currency, name, EXCHANGE, ALLOWED)

    def _build(self) -> None:
        super()._build()
        self._create(EXCHANGE, "ShareExchange", self.address[HOLDS])
        issuers = set(ISSUERS.values())
        for token, issuer in ISSUERS.items():
            # Who speaks for both can have shares of one exchanged for new ones of the other.
            self.shares[token].deputies = issuers - {issuer}
            for agent in (EXCHANGE, *sorted(self.shares[token].deputies)):
                self._send(issuer, token, "addAgent", agent)
        parts = (keccak(DOMAIN_TYPE), keccak(b"prorata ShareExchange"), keccak(b"1"), 1)
        self._exchange_domain = keccak(encoded((*parts, self.wire.at[EXCHANGE])))

    # ---------------------------------------------------------------- money

    def _exchange_terms(self, fields: Sequence[Any]) -> Terms:
        """Of a step: its times count from the first second."""
        it = Terms(*fields)
        later = {name: getattr(it, name) + START for name in TIMES if getattr(it, name)}
        return it._replace(**later)

    def _exchange_open(self, sender: str, fields: Sequence[Any], funding: int, locked: int) -> bool:
        it = self._exchange_terms(fields)
        return self._exchanged(
            len(self.exchanges.tills) + 1,
            lambda: self.exchanges.open(sender, it, funding, locked),
            *(sender, "open", tuple(it), funding, locked),
        )

    def _exchange_fund(self, number: int, sender: str, amount: int) -> bool:
        return self._exchanged(
            number,
            lambda: self.exchanges.fund(sender, number, amount),
            *(sender, "fund", number, amount),
        )

    def _exchange_drain(self, number: int, sender: str, amount: int) -> bool:
        return self._exchanged(
            number,
            lambda: self.exchanges.drain(sender, number, amount),
            *(sender, "drain", number, amount),
        )

    def _exchange_price(self, number: int, sender: str, price: int, as_of: int) -> bool:
        as_of += START
        return self._exchanged(
            number,
            lambda: self.exchanges.set_price(sender, number, price, as_of),
            *(sender, "setPrice", number, price, as_of),
        )

    # ---------------------------------------------------------------- electing

    @staticmethod
    def _note(shares: int) -> Blob:
        """Of some length or other."""
        return Blob(b"\7" * (shares % 40))

    def _exchange_now(self, number: int, holder: str, shares: int, least: int, until: int) -> bool:
        until += START
        note = self._note(shares)
        return self._exchanged(
            number,
            lambda: self.exchanges.exchange(holder, number, shares, least, until, note),
            *(holder, "exchange", number, shares, least, until, note),
        )

    def _exchange_permit(  # noqa: PLR0917 - a step is a tuple
        self, number: int, holder: str, shares: int, value: int, signer: str, late: bool
    ) -> bool:
        until = self.now - late
        nonce = self.estate.permit_nonce("usd", holder)
        parts = self._signed(signer, "usd", PERMIT, (holder, EXCHANGE, value, nonce, until))
        note = self._note(shares)

        def permit() -> None:
            """One that the currency refuses is passed over; and others know no permits."""
            tills = self.exchanges.tills[number - 1 : number]
            valid = signer == holder and self.now <= until
            if valid and any(till.terms.currency == "usd" for till in tills):
                self.estate.allowed["usd", holder, EXCHANGE] = value
                self.estate.count_permit(holder)

        return self._exchanged(
            number,
            lambda: self.exchanges.exchange(*(holder, number, shares, 0), note=note, first=permit),
            *(holder, "exchangeWithPermit", number, shares, 0, 2**256 - 1, note),
            (value, until, *parts),
        )

    def _exchange_signed(  # noqa: PLR0917
        self,
        number: int,
        holder: str,
        shares: int,
        least: int,
        most: int,
        signer: str,
        nonce: int,
        until: int,
    ) -> bool:  # fmt: skip
        until += START
        self.signed.add((holder, nonce))
        note = self._note(shares)
        request = (number, holder, shares, least, most, nonce, until, note)
        hashed = (keccak(REQUEST_TYPE), *self._spell(request[:-1]), keccak(bytes(note)))
        digest = keccak(b"\x19\x01" + self._exchange_domain + keccak(encoded(hashed)))
        none = (0, 0, 0, word(0), word(0))
        return self._exchanged(
            number,
            lambda: self.exchanges.exchange(
                *(holder, number, shares, least, until, note),
                most=most,
                signed=(signer, nonce),
            ),
            *("ola", "exchangeFor", request, Blob(self._sign(signer, digest)), none),
        )

    def _exchange_nonce(self, sender: str, nonce: int) -> bool:
        self.signed.add((sender, nonce))
        return self._exchanged(
            0,
            lambda: self.exchanges.cancel_nonce(sender, nonce),
            *(sender, "cancelNonce", nonce),
        )

    # ---------------------------------------------------------------- carrying out, and debts

    def _exchange_carry(self, number: int, holders: Sequence[str]) -> bool:
        return self._exchanged(
            number,
            lambda: self.exchanges.carry_out(number, holders),
            *("ola", "carryOut", number, list(holders)),
        )

    def _exchange_take(self, number: int, holder: str) -> bool:
        return self._exchanged(
            number, lambda: self.exchanges.take(number, holder), "ola", "take", number, holder
        )

    def _exchange_take_to(self, number: int, sender: str, holder: str, receiver: str) -> bool:
        return self._exchanged(
            number,
            lambda: self.exchanges.take(number, holder, sender, receiver),
            *(sender, "takeTo", number, holder, receiver),
        )

    def _exchange_end_hold(self, number: int, fields: Sequence[Any]) -> bool:
        it = self._held(fields)
        return self._exchanged(
            number,
            lambda: self.exchanges.end_hold(number, it),
            *("ola", "endHold", number, self._terms(it)),
        )

    def _exchange_end_kept(  # noqa: PLR0917
        self, number: int, sender: str, keeper: str, holder: str, account: str, shares: int
    ) -> bool:
        return self._exchanged(
            number,
            lambda: self.exchanges.end_kept(sender, number, keeper, holder, account, shares),
            *(sender, "endKept", number, keeper, holder, account, shares),
        )

    def _exchange_sweep(self, number: int) -> bool:
        return self._exchanged(number, lambda: self.exchanges.sweep(number), "ola", "sweep", number)

    def _exchange_close(self, number: int, sender: str) -> bool:
        return self._exchanged(
            number, lambda: self.exchanges.close(sender, number), sender, "close", number
        )

    def _exchange_cancel(self, number: int, sender: str, document: int) -> bool:
        return self._exchanged(
            number,
            lambda: self.exchanges.cancel(sender, number, document),
            *(sender, "cancel", number, word(document)),
        )

    # ---------------------------------------------------------------- what disturbs holds

    def do(self, step: Sequence[Any]) -> bool:
        """Take a step, and note which held shares a page has taken."""
        carries = step[0] == "exchange_carry"
        tills = self.exchanges.tills[step[1] - 1 : step[1]] if carries else []
        if not tills:
            return super().do(step)
        token = tills[0].terms.token
        held, cared = self.shares[token].held.copy(), self.shares[token].balances[HOLDS]
        done = super().do(step)
        if done:
            now = self.shares[token].held
            self.disturbed |= {(token, who) for who in step[2] if now[who] < held[who]}
            self.out_of_care[token] += cared - self.shares[token].balances[HOLDS]
        return done

    def _in_care(self, asset: str) -> int:
        return super()._in_care(asset) + self.out_of_care[asset]

    # ---------------------------------------------------------------- comparing

    def _exchanged(
        self, number: int, in_law: Callable[[], Any], sender: str, function: str, *args: Any
    ) -> bool:
        """A step of an exchange: its answer, its events, and how the exchange stands after it."""
        done = self._both(in_law, sender, EXCHANGE, function, *args)
        if done:
            answer, events = self.answer
            self._exchange_events(events)
            listed = answer if isinstance(answer, tuple) else () if answer is None else (answer,)
            if self.gave != b"".join(map(word, listed)):
                raise Broken(f"{function} gave {self.gave.hex()}, the law says {answer}")
            if number:
                self.look((None, self._till_now(number)))
        return done

    def _exchange_events(self, events: Sequence[Event]) -> None:
        spelt = [
            tuple(Blob(value) if type(value) is bytes and not value else value for value in event)
            for event in events
        ]
        self._same_events(EXCHANGE, spelt)

    def _till_now(self, number: int) -> Iterator[Pair]:
        """How an exchange stands (Law 62), what it lacks (Law 63), whom it owes what (Law 64)."""
        law = self.exchanges
        till = law.tills[number - 1]
        figures = (till.stage(self.now), *(getattr(till, name) for name in FIGURES))
        words = (*self._spell(tuple(till.terms)), *figures)
        yield (EXCHANGE, "exchangeOf", number), b"\1" + b"".join(map(word, words))
        yield (EXCHANGE, "missingFunds", number), yes(law.missing(till))
        yield (EXCHANGE, "leftToday", number), yes(till.left_today(self.now))
        for who in OWED:
            yield (EXCHANGE, "owedTo", number, who), b"\1" + b"".join(map(word, till.owing(who)))

    def check_everything(self) -> None:
        """Every law, of exchanges too."""
        super().check_everything()
        tills = self.exchanges.tills
        self.look(
            *((None, self._till_now(number)) for number in range(1, len(tills) + 1)),
            ("exchanges hold no shares", self._no_shares()),
            (None, self._exchanges_more()),
        )
        for currency in MONEY:
            here = sum(it.funds + it.owed for it in tills if it.terms.currency == currency)
            if (has := self.estate.has(currency, EXCHANGE)) != here:
                raise Broken(f"Law 62: {has} of {currency} in exchanges, {here} accounted for")
        for number, till in enumerate(tills, 1):
            self._is_funded(number)
            if min(till.owed, till.owed_others, till.funds) < 0:
                raise Broken(f"Law 62: {number} owes less than nothing")

    def _is_funded(self, number: int) -> None:
        """Law 63, wallet by wallet: unless it says what it lacks, there is enough for all."""
        till = self.exchanges.tills[number - 1]
        if not till.terms.mandatory or till.ended != GOES_ON or self.exchanges.missing(till):
            return
        law = self.shares[till.terms.token]
        acquirer = law.successor(till.terms.acquirer)
        shares = dict(law.balances)
        shares[acquirer] = shares.get(acquirer, 0) - self.exchanges.still_locked(till)
        if sum(till.due(left).paid for left in shares.values()) > till.funds:
            raise Broken(f"Law 63: {number} has {till.funds}, and lacks nothing")

    def _no_shares(self) -> Iterator[Pair]:
        for token in TOKENS:
            yield (token, "balanceOf", EXCHANGE), yes(0)

    def _exchanges_more(self) -> Iterator[Pair]:
        """Money of the contract, its nonces, and how many exchanges there are."""
        for currency in MONEY:
            yield self._holding(currency, EXCHANGE)
        for owner, nonce in self.signed:
            spent = (owner, nonce) in self.exchanges.spent
            yield (EXCHANGE, "isSpent", owner, nonce), yes(spent)
        yield (EXCHANGE, "exchangeCount"), yes(len(self.exchanges.tills))

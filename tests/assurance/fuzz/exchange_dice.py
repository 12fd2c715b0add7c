"""What might happen next in a system with exchanges: any step of `call_dice`, or one of these."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tests.assurance.fuzz import call_dice
from tests.assurance.fuzz.call_dice import CallDice
from tests.assurance.fuzz.exchanges import OWED, TIMES, ExchangesHarness
from tests.assurance.fuzz.market import State
from tests.assurance.fuzz.system import (
    CLUB,
    EAST,
    FOREVER,
    ISSUERS,
    MONEY,
    PERSONS,
    START,
    WALLETS,
    WILFUL,
    Step,
)
from tests.assurance.fuzz.trading import HOLDS, TOKENS, TRADERS
from tests.model.calls import AUCTION
from tests.model.exchange import EXCHANGE, GOES_ON, Terms, Till, needed
from tests.model.holds import DAY
from tests.model.outcomes import NOBODY

MOST_EXCHANGES = 4
"""In one story: more would only make each look longer."""

VALUER = "sam"
CONTRACTS = (AUCTION, EXCHANGE)
"""What holds by itself, and sends nothing else."""

PLENTY = 10**7
"""Shares that a consent is for: an acquirer gets all there are."""


def opening(rng: random.Random) -> list[Step]:
    """As with calls, and some let exchanges hold shares."""
    steps = call_dice.opening(rng)
    consents: list[Step] = [
        ("set_keeper", who, EXCHANGE, token, PLENTY, 2_000)
        for who in TRADERS
        for token in TOKENS
        if rng.random() < 0.25
    ]
    return [*steps, *consents]


def next_step(system: ExchangesHarness, rng: random.Random) -> Step:
    """A step that the system, as it is, invites."""
    drawing = ExchangeDice(system, rng)
    if rng.random() < call_dice.PRESSING and (due := drawing.what_is_due()):
        return due
    for _ in range(call_dice.TRIES):
        drawn: Step | None = getattr(drawing, rng.choices(NAMES, WEIGHTS)[0])()
        if drawn is not None:
            return drawn
    return drawing.wait()


class ExchangeDice(CallDice):
    """One method to each kind of step; None where it makes no sense now."""

    def __init__(self, system: ExchangesHarness, rng: random.Random) -> None:
        super().__init__(system, rng)
        self.everything = system

    @property
    def tills(self) -> list[Till]:
        return self.everything.exchanges.tills

    # -------------------------------------------------- others' steps, with exchanges in them

    def consent(self, *, used: bool) -> tuple[str, str, str] | None:
        found = super().consent(used=used)
        return None if found and found[0] in CONTRACTS else found

    def allow(self) -> Step:
        step = super().allow()
        return (*step[:3], EXCHANGE, step[4]) if self.rng.random() < 0.15 else step

    def transfer_from(self) -> Step:
        name, token, spender, *rest = super().transfer_from()
        return name, token, "ola" if spender in CONTRACTS else spender, *rest

    def block(self) -> Step:
        if self.rng.random() < 0.04:
            return "block", self.pick(*WILFUL), EXCHANGE, True
        return super().block()

    def let_exchanges(self) -> Step:
        """Somebody lets exchanges hold its shares, or does not any more."""
        token = self.token()
        most, until = self.pick(0, 9, PLENTY, PLENTY), self.elapsed + self.pick(5, 60, 400)
        return "set_keeper", self.free(token), EXCHANGE, token, most, until

    def wait_for_exchange(self) -> Step | None:
        now = self.whole.now
        moments = sorted(
            {
                moment + after
                for till in self.tills
                for moment in (getattr(till.terms, name) for name in TIMES)
                for after in (0, 1)
                if moment + after > now
            }
        )
        if any(till.today[1] for till in self.tills) and self.rng.random() < 0.02:
            return "wait", DAY - now % DAY
        return ("wait", self.rng.choice(moments[:2]) - now) if moments else None

    def what_is_due(self) -> Step | None:
        """The next step of a call or of an exchange that can go on."""
        due = [name for till in self.tills for name in self.due_of_till(till)]
        if due and self.rng.random() < 0.5:
            drawn: Step | None = getattr(self, self.rng.choice(due))()
            return drawn
        return super().what_is_due()

    def due_of_till(self, till: Till) -> list[str]:
        """What can be done with an exchange."""
        it, now = till.terms, self.whole.now
        owes = any(any(debt) for debt in till.debts.values())
        late = 0 < it.take_until < now
        due = {
            "exchange_carry": self.pages(till) and self.everything.exchanges.left(till) > 0,
            "exchange_take": owes and not late,
            "exchange_take_to": owes and not late,
            "exchange_end_hold": self.ties(till),
            "exchange_end_kept": self.ties(till),
            "exchange_sweep": it.take_until > 0 and till.owed > 0,
            "exchange_close": it.mandatory and self.ready(till),
        }
        return [name for name, holds in due.items() if holds]

    # ----------------------------------------------------------------------------- opening

    def exchange_open(self) -> Step | None:
        if len(self.tills) >= MOST_EXCHANGES:
            return None
        token = self.token()
        if not self.whole.shares[token].supply:
            return "mint", token, self.pick(*WALLETS), self.rng.randint(5, 40)
        mandatory = self.rng.random() < 0.5
        it, funding, locked = self.mandatory(token) if mandatory else self.elective(token)
        sender = ISSUERS[token]
        if not mandatory and self.rng.random() < 0.1:
            sender = self.pick(*ISSUERS.values(), it.other_from)
        if self.rng.random() < 0.04:
            it, sender = self.spoilt(it), self.pick(sender, "ola", *ISSUERS.values())
        earlier = {name: getattr(it, name) - START for name in TIMES if getattr(it, name)}
        sender = sender if sender != NOBODY else "ola"
        return "exchange_open", sender, tuple(it._replace(**earlier)), funding, locked

    def any_terms(self, token: str) -> Terms:
        """What both kinds have."""
        other, other_shares, other_from, fraction = NOBODY, 0, NOBODY, 0
        if self.rng.random() < 0.4:
            other = CLUB if token == EAST else EAST
            other_shares, fraction = self.pick(1, 2, 3), self.pick(0, 5, 11)
            if self.rng.random() < 0.4:
                other_from = self.consenting(other)
        money = self.pick("usd", "usd", *MONEY)
        return Terms(
            token=token,
            per=self.pick(1, 1, 2, 3, 7),
            burns=True,
            acquirer=NOBODY,
            currency=money,
            gets=self.pick(0, 1, *[self.rng.randint(1, 30)] * 6),
            pays=0,
            other=other,
            other_shares=other_shares,
            other_from=other_from,
            fraction_price=fraction,
            mandatory=False,
            opens_at=0,
            closes_at=0,
            valuer=NOBODY,
            least_price=0,
            most_price=0,
            max_age=0,
            day_limit=0,
            treasury=self.pick("sam", ISSUERS[token]),
            take_until=0,
            sweep_to=NOBODY,
            document=0,
        )

    def consenting(self, token: str) -> str:
        """Mostly somebody who lets exchanges hold its shares."""
        some = [who for who in TRADERS if self.everything.bourse.consent(token, who).most]
        rich = [who for who in some if self.whole.shares[token].unfrozen(who)]
        return self.pick(*(rich or some or TRADERS)) if self.rng.random() < 0.9 else self.trader()

    def mandatory(self, token: str) -> tuple[Terms, int, int]:
        """Everybody's shares, paid for from the beginning."""
        it = self.any_terms(token)
        opens = self.whole.now + self.pick(1, 3, 9)
        closes = opens + self.pick(9, 30)
        ends = self.pick(0, 0, closes + self.pick(9, 40))
        buys = self.rng.random() < 0.55
        acquirer = self.consenting(token) if buys or self.rng.random() < 0.2 else NOBODY
        locked, supply = 0, self.whole.shares[token].supply
        if acquirer != NOBODY and self.rng.random() < 0.6:
            free = self.whole.shares[token].unfrozen(acquirer)
            locked = self.pick(free, free, free // 2, min(free + 1, supply))
        moneyless = bool(it.other_shares) and self.rng.random() < 0.2
        it = it._replace(
            burns=not buys,
            acquirer=acquirer,
            gets=0 if moneyless else max(it.gets, 1 - it.other_shares),
            fraction_price=0 if moneyless else it.fraction_price,
            currency=NOBODY if moneyless else it.currency,
            mandatory=True,
            opens_at=opens,
            closes_at=closes,
            take_until=ends,
            sweep_to=self.pick("cat", "sam") if ends else NOBODY,
            document=self.rng.randint(1, 9),
        )
        more = self.pick(0, 0, 0, 0, 7, -1)
        return it, max(0, needed(it, supply - locked) + more * (not moneyless)), locked

    def elective(self, token: str) -> tuple[Terms, int, int]:
        """Whoever asks, while there is money."""
        it, now = self.any_terms(token), self.whole.now
        opens = self.pick(0, 0, now, now + 2)
        closes = self.pick(0, max(opens, now) + self.pick(9, 60))
        ends = self.pick(0, 0, 0, max(opens, closes, now) + 40)
        valued = self.rng.random() < 0.5
        sold = self.rng.random() < 0.3
        it = it._replace(
            burns=not sold,
            acquirer=self.trader() if sold else NOBODY,
            gets=max(1, it.gets) if valued else it.gets,
            pays=self.pick(0, 0, self.rng.randint(1, 9)),
            opens_at=opens,
            closes_at=closes,
            valuer=VALUER if valued else NOBODY,
            least_price=1 if valued else 0,
            most_price=40 if valued else 0,
            max_age=self.pick(0, 0, 20),
            day_limit=self.pick(0, 0, 12, 60),
            take_until=ends,
            sweep_to=self.pick("cat", "sam") if ends else NOBODY,
            document=self.rng.randint(0, 9),
        )
        return it, self.pick(0, 200, 2_000, 2_000), 0

    def spoilt(self, it: Terms) -> Terms:
        """Terms that contradict themselves, most of them."""
        return it._replace(
            **self.pick(
                {"per": 0},
                {"acquirer": EXCHANGE},
                {"treasury": NOBODY},
                {"other": it.token, "other_shares": 1},
                {"fraction_price": 1, "other": NOBODY, "other_shares": 0},
                {"valuer": VALUER, "least_price": 31},
                {"closes_at": it.opens_at or 1},
                {"sweep_to": EXCHANGE},
                {"take_until": it.closes_at},
                {"mandatory": True, "document": 0},
                {"mandatory": not it.mandatory},
            )
        )

    # ---------------------------------------------------------------------- known exchanges

    def some_till(self, likely: Callable[[Till], bool]) -> int | None:
        """The number of an exchange, mostly of one for which something is likely to happen."""
        fit = [number for number, till in enumerate(self.tills, 1) if likely(till)]
        if fit and self.rng.random() < 0.97:
            return self.rng.choice(fit)
        if self.tills and self.rng.random() < 0.12:
            return self.rng.randint(1, len(self.tills) + (self.rng.random() < 0.1))
        return None

    def till_of(self, number: int) -> Till | None:
        return self.tills[number - 1] if number <= len(self.tills) else None

    @staticmethod
    def takes_part(till: Till) -> bool:
        return till.ended == GOES_ON and not till.terms.mandatory

    def takes_shares(self, till: Till) -> bool:
        """Whether an elective exchange does, now."""
        it, now = till.terms, self.whole.now
        return self.takes_part(till) and it.opens_at <= now <= (it.closes_at or now)

    def pages(self, till: Till) -> bool:
        """Whether pages of a mandatory exchange can be carried out."""
        it = till.terms
        return till.ended == GOES_ON and it.mandatory and it.opens_at <= self.whole.now

    def exchange_fund(self) -> Step | None:
        number = self.some_till(lambda till: till.ended == GOES_ON)
        sender = self.pick(*ISSUERS.values(), self.trader())
        return ("exchange_fund", number, sender, self.pick(0, 50, 500)) if number else None

    def exchange_drain(self) -> Step | None:
        number = self.some_till(self.takes_part)
        till = self.till_of(number) if number else None
        if not number or (till and not till.funds and self.rng.random() < 0.8):
            return None
        funds, token = (till.funds, till.terms.token) if till else (1, EAST)
        amount = self.pick(funds, funds // 2, funds // 2, 1, funds + 1, 0)
        sender = self.pick(ISSUERS[token], ISSUERS[token], "eve", "wes", "ola")
        return "exchange_drain", number, sender, amount

    def exchange_price(self) -> Step | None:
        number = self.some_till(lambda till: self.takes_part(till) and till.terms.valuer != NOBODY)
        sender = self.pick(*[VALUER] * 9, "ola")
        price = self.pick(*[self.rng.randint(1, 40)] * 5, 0, 41)
        as_of = self.elapsed + self.pick(0, 0, 0, -1, -1, 1)
        return ("exchange_price", number, sender, price, as_of) if number else None

    # --------------------------------------------------------------------------- electing

    def asking(self) -> tuple[int, str, int] | None:
        """An exchange, a holder and some shares, mostly as many as it takes."""
        number = self.some_till(self.takes_shares)
        if not number:
            return None
        till = self.till_of(number)
        if till is None:
            return number, "ann", 1
        holder = self.free(till.terms.token)
        if holder == till.terms.acquirer and self.rng.random() < 0.8:
            return None
        most = self.whole.shares[till.terms.token].unfrozen(holder)
        day = till.left_today(self.whole.now)
        per = till.terms.per
        least = min(most, day, 60)
        shares = self.pick(least, least, 1, 2, per, per + 1, self.rng.randint(1, 9), day % 100)
        shares = min(shares, most) if self.rng.random() < 0.97 else self.pick(0, most, most + 1)
        if till.due(shares).paid > till.funds and self.rng.random() < 0.8:
            return None
        return number, holder, shares

    def exchange_now(self) -> Step | None:
        asked = self.asking()
        if not asked:
            return None
        till = self.till_of(asked[0])
        if till and self.is_old(till) and self.rng.random() < 0.9:
            price = self.rng.randint(till.terms.least_price, till.terms.most_price)
            return "exchange_price", asked[0], VALUER, price, self.elapsed
        paid = till.due(asked[2]).paid if till else 0
        least = self.pick(0, paid) + (self.rng.random() < 0.04)
        until = self.elapsed + (self.pick(0, 9) if self.rng.random() < 0.96 else -1)
        return self.mended(asked[0], asked[1]) or ("exchange_now", *asked, least, until)

    def is_old(self, till: Till) -> bool:
        """Whether the price is."""
        age = till.terms.max_age
        return 0 < age < self.whole.now - till.as_of

    def exchange_permit(self) -> Step | None:
        asked = self.asking()
        if not asked:
            return None
        signer, late = self.pick(asked[1], asked[1], "cat"), self.pick(False, False, True)
        return "exchange_permit", *asked, self.pick(0, 3, 10**6, 10**6), signer, late

    def exchange_signed(self) -> Step | None:
        asked = self.asking()
        if not asked:
            return None
        till = self.till_of(asked[0])
        due = till.due(asked[2]) if till else None
        least, most = (due.paid, due.due) if due else (0, 0)
        most = self.pick(most, most, 1_000, max(0, most - 1))
        signer, nonce = self.pick(*[asked[1]] * 6, "cat"), self.rng.randint(0, 9)
        until = self.elapsed + self.pick(0, *[3] * 9, -1)
        return "exchange_signed", *asked, least, most, signer, nonce, until

    def exchange_nonce(self) -> Step:
        return "exchange_nonce", self.trader(), self.pick(0, 3, 9, 255, 256, 2**40)

    # ----------------------------------------------------------------------- carrying out

    def exchange_carry(self) -> Step | None:
        number = self.some_till(self.pages)
        if not number:
            return None
        till = self.till_of(number)
        if till is None:
            return "exchange_carry", number, ("ann",)
        it = till.terms
        balances = self.whole.shares[it.token].balances
        left = [who for who in OWED if balances[who] and who != it.acquirer]
        if left and it.currency in WILFUL and self.rng.random() < 0.1:
            return "block", it.currency, self.rng.choice(left), True
        if not left and self.rng.random() < 0.8:
            return None
        if not it.burns and self.whole.shares[it.token].keeper != HOLDS and self.rng.random() < 0.4:
            return "appoint", it.token, HOLDS
        if it.acquirer != NOBODY and self.rng.random() < 0.06:
            return self.against(it)
        if self.rng.random() < 0.35:
            return "exchange_carry", number, tuple(left)
        some = self.rng.sample(left, min(len(left), self.rng.randint(1, 3)))
        strays = [self.pick(*OWED, it.acquirer, EXCHANGE) for _ in range(self.pick(0, 0, 1))]
        page = [who for who in (*some, *strays) if who != NOBODY]
        return "exchange_carry", number, tuple(page)

    def against(self, it: Terms) -> Step:
        """What keeps shares of an acquirer from being locked, or takes locked ones."""
        some = self.amount(self.whole.shares[it.token].balances[it.acquirer])
        return self.pick(
            ("freeze", it.token, it.acquirer, some),
            ("burn", it.token, it.acquirer, some),
            ("force", it.token, it.acquirer, self.trader(), some),
            ("appoint", it.token, "sam"),
        )

    # ------------------------------------------------------------------------ what is owed

    def owed_by(self) -> tuple[int, str] | None:
        """An exchange that owes something, and whom."""
        every = [
            (number, who)
            for number, till in enumerate(self.tills, 1)
            for who, debt in till.debts.items()
            if any(debt)
        ]
        if every and self.rng.random() < 0.95:
            return self.rng.choice(every)
        number = self.some_till(lambda till: till.terms.mandatory)
        return (number, self.trader()) if number and self.rng.random() < 0.1 else None

    def mended(self, number: int, receiver: str) -> Step | None:
        """What lets a currency pay what is owed in it, if anything keeps it from that."""
        till = self.till_of(number)
        currency = till.terms.currency if till else NOBODY
        if currency not in WILFUL or self.rng.random() < 0.3:
            return None
        nature = self.law.natures[currency]
        for who in (EXCHANGE, receiver):
            if who in nature.blocked:
                return "block", currency, who, False
        if nature.paused or not nature.says_yes:
            return "nature", currency, nature.fee, False, nature.quiet, 0
        return None

    def let_in(self, number: int, holder: str) -> Step | None:
        """What lets somebody be paid that is owed something, or have new shares, if anything keeps
        it from that."""
        till = self.till_of(number)
        if till is None or self.rng.random() < 0.3:
            return None
        tokens = (till.terms.token, *([till.terms.other] if till.debts[holder][1] else ()))
        who = self.whole.shares[till.terms.token].successor(holder)
        for token in tokens:
            law = self.whole.shares[token]
            if who in law.frozen_wallets:
                return "stop", token, who, False
            if token == CLUB and who in PERSONS and not self.whole.register.eligible(who):
                return "register", who, PERSONS[who], FOREVER - self.whole.now
        return None

    def exchange_take(self) -> Step | None:
        found = self.owed_by()
        if not found:
            return None
        till = self.till_of(found[0])
        stands_in = self.whole.shares[till.terms.token].successor(found[1]) if till else found[1]
        freed = self.let_in(*found) or self.mended(found[0], stands_in)
        return freed or ("exchange_take", *found)

    def exchange_take_to(self) -> Step | None:
        found = self.owed_by()
        if not found:
            return None
        till = self.till_of(found[0])
        sender = self.present(till.terms.token if till else EAST, found[1])
        receiver = self.pick(*["ola", "cat", "cat", "ann", "eve"] * 2, NOBODY, EXCHANGE)
        return (
            self.let_in(*found)
            or self.mended(found[0], receiver)
            or (*("exchange_take_to", found[0], sender, found[1], receiver),)
        )

    def ties(self, till: Till) -> bool:
        return any(tied.shares for tied in till.tied.values())

    def exchange_end_hold(self) -> Step | None:
        number = self.some_till(self.ties)
        locks = self.whole.escrow.locks
        if not number or not locks:
            return None
        till = self.till_of(number)
        fit = [
            it
            for it, lock in locks.items()
            if till and it.asset == till.terms.token
            if till.tied.keys() & {it.owner, HOLDS} and not till.untied[self.whole.escrow.ids[it]]
            if lock.opened <= till.opened or lock.opened < till.tied[it.owner].since
            if lock.state == State.CLAIMED
            or (lock.state == State.OPEN and it.until < self.whole.now)
            or self.whole.escrow.missing[it][0]
        ]
        if not fit and self.rng.random() < 0.8:
            return None
        it = self.rng.choice(fit if fit and self.rng.random() < 0.95 else list(locks))
        return "exchange_end_hold", number, self.heard(it)

    def exchange_end_kept(self) -> Step | None:
        number = self.some_till(self.ties)
        till = self.till_of(number) if number else None
        if not number or till is None:
            return None
        token, escrow = till.terms.token, self.whole.escrow
        keys = [key for key in escrow.keeps if key[1] == token]
        fit = [
            key
            for key in keys
            if till.tied.keys() & {key[2], HOLDS} and key[0] not in CONTRACTS
            if escrow.keeps[key].kept or escrow.missing[key][0]
        ]
        if not keys or (not fit and self.rng.random() < 0.9):
            return None
        keeper, _, holder = self.rng.choice(fit or keys)
        keep, missing = escrow.keeps[keeper, token, holder], escrow.missing[keeper, token, holder]
        late = keep.until < self.whole.now
        sender = holder if late and holder in TRADERS else keeper
        sender = self.pick(*[sender] * 6, keeper, "ola")
        sender = sender if sender not in CONTRACTS else "ola"
        account = self.pick(holder, holder, holder, self.trader())
        account = account if self.rng.random() < 0.95 else NOBODY
        most = keep.kept + missing[0] * (account == holder)
        shares = self.pick(most, most, 1, 2) if self.rng.random() < 0.9 else most + 1
        return "exchange_end_kept", number, sender, keeper, holder, account, shares

    def exchange_sweep(self) -> Step | None:
        number = self.some_till(lambda till: till.terms.take_until > 0 and till.owed > 0)
        till = self.till_of(number) if number else None
        if not number:
            return None
        left = till.terms.take_until + 1 - self.whole.now if till else 0
        if till and till.terms.take_until and left > 0 and self.rng.random() < 0.5:
            return "wait", left
        receiver = till.terms.sweep_to if till else NOBODY
        return self.mended(number, receiver) or ("exchange_sweep", number)

    # ---------------------------------------------------------------------------- the end

    def ready(self, till: Till) -> bool:
        """Whether an exchange can be closed."""
        it, now = till.terms, self.whole.now
        if till.ended != GOES_ON:
            return False
        if it.mandatory:
            return it.opens_at <= now and not self.everything.exchanges.left(till)
        return not it.closes_at or it.closes_at < now

    def exchange_close(self) -> Step | None:
        number = self.some_till(self.ready)
        till = self.till_of(number) if number else None
        if not number or (till and self.takes_part(till) and self.rng.random() < 0.5):
            return None
        issuer = ISSUERS[till.terms.token] if till else "eve"
        sender = self.pick(issuer, issuer, "ola")
        mended = self.mended(number, till.terms.treasury) if till and till.funds else None
        return mended or ("exchange_close", number, sender)

    def exchange_cancel(self) -> Step | None:
        number = self.some_till(
            lambda till: (
                till.terms.mandatory
                and till.ended == GOES_ON
                and self.whole.now < till.terms.opens_at
            )
        )
        if not number or self.rng.random() < 0.6:
            return None
        till = self.till_of(number)
        issuer = ISSUERS[till.terms.token] if till else "eve"
        sender = self.pick(issuer, issuer, issuer, "ola")
        return "exchange_cancel", number, sender, self.rng.randint(0, 9)


EXCHANGES: dict[str, int] = {
    "let_exchanges": 2, "wait_for_exchange": 4, "exchange_open": 8, "exchange_fund": 1,
    "exchange_drain": 2, "exchange_price": 3, "exchange_now": 11, "exchange_permit": 2,
    "exchange_signed": 3, "exchange_nonce": 1, "exchange_carry": 9, "exchange_take": 4,
    "exchange_take_to": 3, "exchange_end_hold": 4, "exchange_end_kept": 3, "exchange_sweep": 2,
    "exchange_close": 4, "exchange_cancel": 1,
}  # fmt: skip
FREQUENCIES = call_dice.FREQUENCIES | EXCHANGES
NAMES: Sequence[str] = tuple(FREQUENCIES)
WEIGHTS: Sequence[int] = tuple(FREQUENCIES.values())

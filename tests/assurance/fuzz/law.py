"""The law of the whole system, on top of the plain bookkeeping of `tests/laws/model.py`.

`Shares` adds to a ledger what agents may order; `Club` adds persons, and rules about them; `House`
adds to the vault who is to be paid, and currencies that have moods. All of it is written from the
law book and the interfaces: whole names, whole numbers, everything counted anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from prorata.apportion import entitlement
from tests.contracts.compliant import Code
from tests.contracts.currencies import Answer, Mood
from tests.laws.model import (
    COIN,
    NOBODY,
    UNLIMITED,
    VAULT,
    Distribution,
    Event,
    Ledger,
    Reason,
    Refused,
    Vault,
    held_by_person,
    refuse,
)

DESK = "desk"
MAX_HOLDING = 60
FOREVER = 2**48 - 1
FAILING = {Mood.REFUSING, Mood.BURNING, Mood.HUNGRY}
"""How a wallet contract does not take the coin."""


# ---------------------------------------------------------------------------- shares


class Shares(Ledger):
    """A ledger whose agent freezes, forces, recovers and pauses."""

    def __init__(self, name: str, agent: str, now: int) -> None:
        super().__init__(name, agent, now)
        self.stopped: set[str] = set()
        self.frozen: dict[str, int] = defaultdict(int)
        self.heirs: dict[str, str] = {}
        self.paused = False
        self.permits: dict[str, int] = defaultdict(int)
        """How many signed allowances of each owner have been used."""

    # ------------------------------------------------------------------ who is who

    def heir(self, wallet: str) -> str:
        """Who has come in the place of a wallet: itself, if it was never lost."""
        while wallet in self.heirs:
            wallet = self.heirs[wallet]
        return wallet

    def claimant(self, wallet: str) -> str:
        """Who is to be paid for a wallet; nobody while its income waits."""
        heir = self.heir(wallet)
        return NOBODY if heir in self.stopped else heir

    def blocked(self, wallet: str) -> bool:
        return wallet in self.stopped or wallet in self.heirs

    def unfrozen(self, wallet: str) -> int:
        return max(0, self.balances[wallet] - self.frozen[wallet])

    def unable(self, taker: str) -> list[Reason | None]:
        blocked = ("ERC7943CannotReceive", (taker,)) if self.blocked(taker) else None
        return [*super().unable(taker), blocked]

    def broken(self, giver: str, taker: str, amount: int) -> list[Reason]:
        """The rules that a transfer would break: none here."""
        return []

    # -------------------------------------------------------------------- movements

    def transfer(self, giver: str, gifts: Sequence[tuple[str, int]]) -> None:
        for taker, amount in gifts:
            held, free = self.balances[giver], self.unfrozen(giver)
            caught = free < amount <= held
            refuse(
                ("ShareToken_Paused", ()) if self.paused else None,
                ("ERC7943CannotSend", (giver,)) if self.blocked(giver) else None,
                ("ERC7943InsufficientUnfrozenBalance", (giver, amount, free)) if caught else None,
                self.short(giver, amount),
                *self.unable(taker),
                *self.broken(giver, taker, amount),
            )
            self.balances[giver] -= amount
            self.balances[taker] += amount

    def transfer_from(self, spender: str, giver: str, receiver: str, amount: int) -> None:
        allowed = self.allowances[giver, spender]
        why: list[Reason] = []
        if allowed < amount:
            why.append(("ERC20InsufficientAllowance", (spender, allowed, amount)))
        if self.blocked(spender):
            why.append(("ShareToken_SpenderBlocked", (spender,)))
        if why:
            raise Refused(*why)
        self.transfer(giver, [(receiver, amount)])
        if allowed != UNLIMITED:
            self.allowances[giver, spender] = allowed - amount

    def permit(self, owner: str, spender: str, amount: int, until: int, signer: str) -> None:
        """An allowance by signature."""
        late = self.now > until
        refuse(
            ("ERC2612ExpiredSignature", (until,)) if late else None,
            ("ERC2612InvalidSigner", (owner,)) if signer != owner else None,
        )
        self.permits[owner] += 1
        self.allowances[owner, spender] = amount

    def burn(self, sender: str, holder: str, amount: int) -> None:
        refuse(self._stranger(sender), self.short(holder, amount))
        self.thaw(holder, amount)
        self.balances[holder] -= amount

    def force(self, sender: str, giver: str, taker: str, amount: int) -> None:
        refuse(self._stranger(sender), self.short(giver, amount), *self.unable(taker))
        if giver != taker:
            self.thaw(giver, amount)
        self.balances[giver] -= amount
        self.balances[taker] += amount

    def thaw(self, holder: str, amount: int) -> None:
        """What the unfrozen shares do not cover is released first."""
        self.frozen[holder] -= max(0, amount - self.unfrozen(holder))

    def recover(self, sender: str, lost: str, heir: str) -> None:
        bad = lost == heir or lost in self.heirs or heir in self.heirs
        refuse(
            self._stranger(sender),
            ("ShareToken_InvalidRecovery", (lost, heir)) if bad else None,
            self._other_person(lost, heir),
        )
        self.heirs[lost] = heir
        self.frozen[heir] += self.frozen.pop(lost, 0)
        self.balances[heir] += self.balances.pop(lost, 0)
        if lost in self.stopped:
            self.stopped.add(heir)

    def stop(self, sender: str, wallet: str, on: bool) -> None:
        refuse(self._stranger(sender))
        (self.stopped.add if on else self.stopped.discard)(wallet)

    def freeze(self, sender: str, wallet: str, amount: int) -> None:
        refuse(self._stranger(sender))
        self.frozen[wallet] = amount

    def pause(self, sender: str, on: bool) -> None:
        refuse(self._stranger(sender))
        self.paused = on

    def _other_person(self, lost: str, heir: str) -> Reason | None:
        return None


class Club(Shares):
    """Shares that only known persons may take, of whom none may hold too many by transfer; and the
    income of who may not take any more waits."""

    def __init__(self, name: str, agent: str, now: int) -> None:
        super().__init__(name, agent, now)
        self.known: dict[str, tuple[int, int]] = {}
        """Person, and until when it may take shares, of each wallet."""

    def person(self, wallet: str) -> int:
        return self.known[wallet][0] if wallet in self.known else 0

    def eligible(self, wallet: str) -> bool:
        return (
            wallet in self.known
            and wallet not in self.heirs
            and self.now <= self.known[wallet][1]
        )  # fmt: skip

    def holdings(self) -> dict[int, int]:
        """Shares of each person, over all wallets."""
        return held_by_person(self.balances, self.person)

    def claimant(self, wallet: str) -> str:
        heir = self.heir(wallet)
        return heir if heir not in self.stopped and self.eligible(heir) else NOBODY

    def register(self, sender: str, wallet: str, person: int, until: int) -> None:
        """Say whose wallet it is."""
        lost = wallet in self.heirs
        heir = self.heirs.get(wallet, NOBODY)
        refuse(("InvestorRegistry_LostWallet", (wallet, heir)) if lost else None)
        self.known[wallet] = (person, until)

    def unable(self, taker: str) -> list[Reason | None]:
        reasons = super().unable(taker)
        if not self.eligible(taker):
            code = int(Code.NOT_ELIGIBLE)
            reasons.append(("TransferRules_Refused", (code, *self._expiry(taker))))
        return reasons

    def broken(self, giver: str, taker: str, amount: int) -> list[Reason]:
        held = defaultdict(int, self.holdings())
        held[self.person(giver)] -= amount
        held[self.person(taker)] += amount
        after = held[self.person(taker)]
        if after <= MAX_HOLDING:
            return []
        return [("TransferRules_Refused", (int(Code.MAX_HOLDING), after, MAX_HOLDING))]

    def recover(self, sender: str, lost: str, heir: str) -> None:
        super().recover(sender, lost, heir)
        if lost in self.known:
            self.known.setdefault(heir, self.known[lost])

    def _other_person(self, lost: str, heir: str) -> Reason | None:
        theirs, ours = self.person(heir), self.person(lost)
        if theirs in (0, ours):
            return None
        return "InvestorRegistry_OtherPerson", (heir, theirs, ours)

    def _expiry(self, wallet: str) -> tuple[int, int]:
        gone = wallet not in self.known or wallet in self.heirs
        return (0 if gone else self.known[wallet][1]), self.now


# ---------------------------------------------------------------------------- money


@dataclass
class Nature:
    """How a currency is at present."""

    fee: int = 0
    paused: bool = False
    quiet: bool = False
    answer: int = Answer.YES
    blocked: set[str] = field(default_factory=set)
    allowances: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: UNLIMITED))
    """How much of each payer's the vault may take."""
    permits: int = 0

    def taken(self, amount: int) -> int:
        """What is left of a movement on the way."""
        return amount * self.fee // 10_000

    @property
    def says_yes(self) -> bool:
        return self.answer in (Answer.YES, Answer.NOTHING)


PAID, FAILED, DENIED, MOVED = range(4)


class House(Vault):
    """The vault among lost wallets, waiting income and currencies with moods."""

    def __init__(self, ledgers: dict[str, Shares], rates: dict[str, int], now: int) -> None:
        super().__init__(ledgers, rates, now)
        self.natures: dict[str, Nature] = {}
        self.moods: dict[str, int] = {}
        self.spent: set[tuple[str, int]] = set()

    def _shares(self, it: Distribution) -> Shares:
        return self.ledgers[it.ledger.name]  # type: ignore[return-value]

    # ----------------------------------------------------------------- currencies

    def payment(self, currency: str, payee: str, amount: int) -> int:
        """What becomes of a payment by the vault."""
        if amount == 0:
            return PAID
        if currency == COIN:
            return FAILED if self.moods.get(payee) in FAILING else PAID
        nature = self.natures[currency]
        if nature.paused:
            return FAILED
        if payee in nature.blocked or VAULT in nature.blocked:
            return DENIED if nature.quiet else FAILED
        return PAID if nature.says_yes else MOVED

    def _take(self, currency: str, payer: str, amount: int) -> tuple[bool, int]:
        """Whether the vault can take money, and what arrives."""
        if currency == COIN:
            return True, amount
        nature = self.natures[currency]
        barred = nature.paused or payer in nature.blocked or VAULT in nature.blocked
        poor = self.money[currency][payer] < amount or nature.allowances[payer] < amount
        return not (barred or poor) and nature.says_yes, amount - nature.taken(amount)

    def _pay(self, currency: str, giver: str, receiver: str, amount: int) -> None:
        fee = self.natures[currency].taken(amount) if giver == VAULT and currency != COIN else 0
        super()._pay(currency, giver, receiver, amount)
        self.money[currency][receiver] -= fee

    def _unpaid(self, currency: str, payee: str, amount: int) -> Reason | None:
        if self.payment(currency, payee, amount) == PAID:
            return None
        return "DividendVault_PaymentFailed", (currency, payee, amount)

    def donate(self, giver: str, currency: str, amount: int) -> None:
        if currency == COIN:
            return super().donate(giver, currency, amount)
        fee = self.natures[currency].taken(amount)
        self.money[currency][giver] -= fee
        return super().donate(giver, currency, amount - fee)

    # ------------------------------------------------------------------ declaring

    def fund(
        self, declarer: str, token: str, record: int, currency: str, amount: int, **terms: object
    ) -> Distribution:
        """Declare, if the money can be taken."""
        taken, arrived = self._take(currency, declarer, amount)
        try:
            new = self.declare(
                declarer, token, record, currency, arrived if taken else 0, **terms  # type: ignore[arg-type]
            )  # fmt: skip
        except Refused as refused:
            if taken:
                raise
            failed = ("DividendVault_FundingFailed", (currency, declarer, amount))
            others = (why for why in refused.reasons if why[0] != "DividendVault_NothingReceived")
            raise Refused(failed, *others) from None
        self.money[currency][declarer] -= amount - arrived
        if currency != COIN and self.natures[currency].allowances[declarer] != UNLIMITED:
            self.natures[currency].allowances[declarer] -= amount
        return new

    def fund_with_permit(self, signer: str, what: tuple[str, str, int, str, int]) -> Distribution:
        """The same after a permit, which counts if the declarer has signed it."""
        declarer, _, _, currency, amount = what
        nature = self.natures[currency]
        before = nature.allowances[declarer]
        if signer == declarer:
            nature.allowances[declarer] = amount
        try:
            new = self.fund(*what)
        except Refused:
            nature.allowances[declarer] = before
            raise
        nature.permits += signer == declarer
        return new

    # -------------------------------------------------------------------- paying

    def payee(self, holder: str) -> str:
        """Where a claimant's income goes."""
        return self.payees.get(holder, holder)

    def claim(
        self, ids: Sequence[int], holder: str, sender: str = "", receiver: str = ""
    ) -> list[Event]:
        """Pay one holder, or whoever came in its place; with a receiver, as that person says."""
        why: list[Reason | None] = [self._unpayable(number) for number in ids]
        runs = []
        for number, run, payee, reasons in self._runs(ids, holder, sender, receiver):
            why += reasons
            total = sum(self._get(n).entitled(holder)[2] for n in run)
            why.append(self._unpaid(self._get(number).currency, payee, total))
            runs.append((run, payee, total))
        if receiver == NOBODY:
            why.append(("DividendVault_InvalidPayee", (NOBODY,)))
        refuse(*why)
        return [event for run in runs for event in self._pay_run(holder, *run)]

    def _runs(
        self, ids: Sequence[int], holder: str, sender: str, receiver: str
    ) -> Iterator[tuple[int, list[int], str, list[Reason]]]:
        """Neighbours of one series: one of them, what is due of them, who gets it, and why not."""
        left = {n for n in self._known_ids(ids) if self._get(n).due(holder)}
        for _, neighbours in groupby(self._known_ids(ids), lambda n: self._get(n).series):
            run = list(neighbours)
            due = list(dict.fromkeys(n for n in run if n in left))
            left -= set(due)
            shares = self._shares(self._get(run[0]))
            claimant = shares.claimant(holder)
            why: list[Reason] = []
            if claimant == NOBODY:
                why.append(("DividendVault_Waiting", (shares.name, holder)))
            elif receiver and sender not in (claimant, DESK):
                why.append(("DividendVault_NotClaimant", (sender, claimant)))
            yield run[0], due, receiver or self.payee(claimant), why

    def _known_ids(self, ids: Sequence[int]) -> list[int]:
        return [n for n in ids if 1 <= n <= len(self.distributions)]

    def _pay_run(self, holder: str, run: list[int], payee: str, total: int) -> list[Event]:
        carried: list[Event] = []
        settlements = []
        for it in map(self._get, run):
            settlements.append((it.id, *self._book(it, holder)))
            carried += self._carry_out(it) if it.finished else []
        if not run:
            return []
        self._pay(self._get(run[0]).currency, VAULT, payee, total)
        if len(run) == 1:
            number, gross, tax = settlements[0]
            return [*carried, ("Claimed", number, holder, payee, gross, tax)]
        return [*carried, ("ClaimedMany", holder, payee, settlements)]

    def _book(self, it: Distribution, holder: str) -> tuple[int, int]:
        gross, tax, _ = it.entitled(holder)
        it.settled[holder] = (gross, tax)
        self._known(it).claim(it.number_in_series, holder)
        return gross, tax

    def push(self, number: int, holders: Sequence[str]) -> list[Event]:
        """Pay a page; who cannot be paid is passed over."""
        refuse(self._unpayable(number))
        it = self._get(number)
        page = list(self._page(it, holders))
        moved = next((entry for entry in page if entry[1] == MOVED), None)
        if moved:
            payee, net = self._payee_of(it, moved[0]), it.entitled(moved[0])[2]
            raise Refused(("DividendVault_MovedOnFailure", (it.currency, payee, net)))
        told: list[Event] = []
        for holder, outcome, reason in page:
            if outcome != PAID:
                told.append(("Skipped", number, holder, reason))
                continue
            payee = self._payee_of(it, holder)
            gross, tax = self._book(it, holder)
            self._pay(it.currency, VAULT, payee, gross - tax)
            told.append(("Claimed", number, holder, payee, gross, tax))
            told += self._carry_out(it) if it.finished else []
        return told

    def _page(self, it: Distribution, holders: Sequence[str]) -> Iterator[tuple[str, int, int]]:
        """Each holder of a page, what becomes of its payment, and the code of why not."""
        paid = set(it.settled)
        for holder in holders:
            outcome, reason = FAILED, 0
            if holder in paid:
                reason = 1
            elif holder not in it.shares:
                reason = 0
            elif self._shares(it).claimant(holder) == NOBODY:
                reason = 4
            else:
                payee, net = self._payee_of(it, holder), it.entitled(holder)[2]
                outcome, reason = self.payment(it.currency, payee, net), 2
            if outcome == PAID:
                paid.add(holder)
            yield holder, outcome, reason

    def _payee_of(self, it: Distribution, holder: str) -> str:
        return self.payee(self._shares(it).claimant(holder))

    def instruct(
        self, signer: str, holder: str, ids: Sequence[int], receiver: str, nonce: int
    ) -> list[Event]:
        """What `signer` has signed for, brought by a stranger to the desk."""
        why: list[Reason | None] = [
            ("DividendVault_UnknownDistribution", (n,))
            for n in ids
            if n not in self._known_ids(ids)
        ]
        for n in self._known_ids(ids):
            expected = self._shares(self._get(n)).claimant(holder)
            if signer != expected:
                why.append(("PayoutDesk_NotClaimant", (n, signer, expected)))
        if (signer, nonce) in self.spent:
            why.append(("PayoutDesk_NonceSpent", (signer, nonce)))
        if not any(self._get(n).due(holder) for n in self._known_ids(ids)):
            why.append(("PayoutDesk_NothingToPay", (holder,)))
        try:
            refuse(*why)
        except Refused as refused:
            later = [self._unpayable(n) for n in ids]
            raise Refused(*refused.reasons, *(reason for reason in later if reason)) from None
        told = self.claim(ids, holder, DESK, receiver)
        self.spent.add((signer, nonce))
        return told

    # -------------------------------------------------------------------- ending

    def remit(self, number: int) -> list[Event]:
        refuse(self._unknown(number))
        it = self._get(number)
        rest = it.withheld - it.remitted
        refuse(
            ("DividendVault_NothingLeft", (number,)) if rest == 0 else None,
            self._unpaid(it.currency, "tax", rest),
        )
        super().remit(number)
        return [("Remitted", number, "tax", rest)]

    def sweep(self, number: int) -> list[Event]:
        refuse(self._unknown(number))
        it = self._get(number)
        if it.deadline and self.now > it.deadline and it.eligible and not it.finished:
            rest = entitlement(it.amount, it.eligible - it.settled_shares, it.eligible)
            refuse(self._unpaid(it.currency, it.sweep_to, rest))
        super().sweep(number)
        return [*self._carried(it), ("Swept", number, it.sweep_to, it.swept)]

    def refund(self, number: int) -> list[Event]:
        refuse(self._unknown(number))
        it = self._get(number)
        if it.has_record and not it.eligible and not it.ended:
            refuse(self._unpaid(it.currency, it.declarer, it.received))
        super().refund(number)
        return [*self._carried(it), ("Refunded", number, it.declarer, it.swept)]

    def _carried(self, it: Distribution) -> list[Event]:
        return [("Carried", it.id, *it.series, it.carried_out)] if it.carried_out else []

    def _unknown(self, number: int) -> Reason | None:
        known = 1 <= number <= len(self.distributions)
        return None if known else ("DividendVault_UnknownDistribution", (number,))

    # --------------------------------------------------------------------- views

    def claimable(self, it: Distribution, holder: str) -> int:
        waits = self._shares(it).claimant(holder) == NOBODY
        return 0 if waits else super().claimable(it, holder)

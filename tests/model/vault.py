"""All distributions of all tokens in all currencies, and the money of everyone.

`income` has the figures; this has the terms, the time, who is paid for whom, the currencies in
trouble, and the reason of every refusal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from tests.model.currencies import Nature, Outcome
from tests.model.declared import Declared
from tests.model.income import Series
from tests.model.outcomes import COIN, NOBODY, VAULT, Event, Reason, Refused, refuse
from tests.model.shares import UNLIMITED, Ledger

MAX_AMOUNT = 2**160 - 1
COLLECTOR = "tax"
RELAYER = "relayer"
"""Who may bring claims that others have signed for."""

NO_SHARES, CLAIMED, UNPAYABLE, WAITING = 0, 1, 2, 4
"""Why a holder of a page is skipped, as `IDividendVault` numbers it."""


class Vault:
    """Who is owed what, who is paid, and where all money is."""

    def __init__(self, ledgers: Mapping[str, Ledger], rates: Mapping[str, int], now: int) -> None:
        self.ledgers = ledgers
        self.rates = rates
        """Of each tax policy, in basis points."""
        self.now = now
        self.money: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.series: dict[tuple[str, str], Series] = defaultdict(Series)
        self.stray: dict[str, int] = defaultdict(int)
        self.payees: dict[str, str] = {}
        self.natures: dict[str, Nature] = defaultdict(Nature)
        self.refusing: set[str] = set()
        """Who cannot receive the native coin."""
        self.distributions: list[Declared] = []
        self.paid_out: set[str] = set()
        """Tokens that were a currency, whose shares may lie here unclaimed."""

    # ------------------------------------------------------------------ time

    def wait_until(self, now: int) -> None:
        """Time passes, and records close."""
        self.now = now
        for ledger in self.ledgers.values():
            ledger.wait_until(now)
        for it in self.distributions:
            it.fix_if_closed(self._not_earning(it.ledger))

    def moments(self) -> list[int]:
        """The times ahead at which something changes, and the seconds after them."""
        times = [time for ledger in self.ledgers.values() for time in ledger.times]
        times += [d.payable_from - 1 for d in self.distributions]
        times += [d.deadline for d in self.distributions]
        edges = {edge for time in times for edge in (time, time + 1)}
        return sorted(edge for edge in edges if edge > self.now)

    # ------------------------------------------------------------------ declaring

    def declare(
        self, declarer: str, token: str, record: int, currency: str, amount: int, **terms: Any
    ) -> Declared:
        """Fund a distribution with what arrives and, from who speaks for the token, the carry.

        `terms` are those of `Declared`, from `kind` to `excluded`.
        """
        takes, arrives = self._takes(currency, declarer, amount)
        failed = None if takes else ("DividendVault_FundingFailed", (currency, declarer, amount))
        ledger = self.ledgers[token]
        never = ledger.never_closes(record)
        if never:
            refuse(never, failed)
        received = arrives if takes else 0
        new = self._prepared((declarer, token, record, currency), received, terms)
        refuse(failed, *self._undeclarable(new, takes=takes))
        self._move(currency, declarer, VAULT, amount, arrives)
        allowances = self.natures[currency].allowances
        if currency != COIN and allowances[declarer] != UNLIMITED:
            allowances[declarer] -= amount
        self.series[new.series].enter(new)
        self.distributions.append(new)
        if currency in self.ledgers:
            self.paid_out.add(currency)
        return new

    def _not_earning(self, ledger: Ledger) -> set[str]:
        """The vault itself, if it has paid the token out."""
        return {VAULT} if ledger.name in self.paid_out else set()

    def _prepared(
        self, what: tuple[str, str, int, str], received: int, terms: Mapping[str, Any]
    ) -> Declared:
        """What would be declared; while its record is open, payable once that has closed."""
        declarer, token, record, currency = what
        ledger = self.ledgers[token]
        is_open = ledger.unreadable(record) is not None
        new = Declared(
            **terms,
            id=len(self.distributions) + 1,
            ledger=ledger,
            record=record,
            currency=currency,
            declarer=declarer,
            rate=self.rates.get(terms.get("policy", NOBODY), 0),
            received=received,
            carried_in=self.carried(token, currency) if ledger.speaks(declarer) else 0,
            eligible_only=ledger.holds_income,
            declared_open=is_open,
            counted=not is_open,
        )
        if is_open:
            new.payable_from = max(new.payable_from, ledger.times[record - 1] + 1)
        new.fix_if_closed(self._not_earning(ledger))
        return new

    def declare_with_permit(self, signer: str, what: tuple[str, str, int, str, int]) -> Declared:
        """The same after a permit, which counts if the declarer has signed it."""
        declarer, _, _, currency, amount = what
        nature = self.natures[currency]
        before = nature.allowances[declarer]
        if signer == declarer:
            nature.allowances[declarer] = amount
        try:
            new = self.declare(*what)
        except Refused:
            nature.allowances[declarer] = before
            raise
        nature.permits += signer == declarer
        return new

    def _undeclarable(self, new: Declared, *, takes: bool) -> list[Reason | None]:
        early = new.deadline and (new.deadline < self.now or new.deadline < new.payable_from)
        nobody = new.has_record and not new.eligible
        sums = {n for n in (new.received, new.amount) if n > MAX_AMOUNT}
        empty = takes and not new.received
        times = new.deadline, new.payable_from
        return [
            ("DividendVault_DeadlineTooEarly", times) if early else None,
            ("DividendVault_NoEligibleShares", (new.ledger.name, new.record)) if nobody else None,
            ("DividendVault_NothingReceived", (new.currency, 0)) if empty else None,
            *(("DividendVault_AmountTooLarge", (n, MAX_AMOUNT)) for n in sums),
        ]

    # ------------------------------------------------------------------ paying

    def set_payee(self, holder: str, payee: str) -> None:
        """Say where one's income is to go."""
        self.payees[holder] = holder if payee == NOBODY else payee

    def payee(self, claimant: str) -> str:
        """Where a claimant's income goes."""
        return self.payees.get(claimant, claimant)

    def claim(
        self,
        ids: Sequence[int],
        holder: str,
        receiver: str = "",
        named: str = "",
        also: Sequence[Reason | None] = (),
    ) -> list[Event]:
        """Pay one holder, or whoever came in its place, from many distributions, all or nothing;
        with a receiver, to whom the claimant says, who has to be the one named. `also` is what else
        stands in the way."""
        why: list[Reason | None] = [*also, *(self.unpayable(number) for number in ids)]
        groups = []
        for currency, due, payee, reasons in self._by_series(ids, holder, receiver, named):
            total = sum(it.entitled(holder).net for it in due)
            why += [*reasons, self._unpaid(currency, payee, total)]
            groups.append((due, payee, total))
        if receiver == NOBODY:
            why.append(("DividendVault_InvalidPayee", (NOBODY,)))
        refuse(*why)
        return [event for group in groups for event in self._pay_together(holder, *group)]

    def claim_to(
        self, sender: str, ids: Sequence[int], holder: str, named: str, receiver: str
    ) -> list[Event]:
        """The same by a caller who says where the money goes: for itself, or as the relayer."""
        own = sender in (named, RELAYER)
        why = None if own else ("DividendVault_NotClaimant", (sender, named))
        return self.claim(ids, holder, receiver, named, [why])

    def _by_series(
        self, ids: Sequence[int], holder: str, receiver: str, named: str
    ) -> Iterator[tuple[str, list[Declared], str, list[Reason]]]:
        """Neighbours of one series, which are one payment: the currency, what is due, who gets it,
        and why not."""
        known = self.known(ids)
        left = {it.id for it in known if it.unclaimed(holder)}
        for (token, currency, _), batch in groupby(
            known, lambda it: (*it.series, it.eligible_only)
        ):
            neighbours = list(batch)
            numbers = dict.fromkeys(it.id for it in neighbours if it.id in left)
            left -= set(numbers)
            claimant = neighbours[0].claimant(holder)
            why: list[Reason] = []
            if claimant == NOBODY:
                why.append(("DividendVault_IncomeHeld", (token, holder)))
            elif receiver and named != claimant:
                why.append(("DividendVault_NotClaimant", (named, claimant)))
            yield currency, self.known(list(numbers)), receiver or self.payee(claimant), why

    def known(self, ids: Sequence[int]) -> list[Declared]:
        """The distributions of those numbers that there are."""
        return [self.distributions[n - 1] for n in ids if 1 <= n <= len(self.distributions)]

    def _pay_together(
        self, holder: str, due: list[Declared], payee: str, total: int
    ) -> list[Event]:
        carried: list[Event] = []
        settlements = []
        for it in due:
            settlements.append((it.id, *self._settle(it, holder)))
            carried += self._carried_by(it)
        if not due:
            return []
        self._pay(due[0].currency, payee, total)
        if len(due) == 1:
            number, gross, tax = settlements[0]
            return [*carried, ("Claimed", number, holder, payee, gross, tax)]
        return [*carried, ("ClaimedMany", holder, payee, settlements)]

    def _settle(self, it: Declared, holder: str) -> tuple[int, int]:
        it.counted = True
        payment = self.series[it.series].claim(it, holder)
        return payment.gross, payment.tax

    def push(self, number: int, holders: Sequence[str]) -> list[Event]:
        """Pay a page; who cannot be paid is skipped."""
        refuse(self.unpayable(number))
        it = self.distributions[number - 1]
        page = list(self._page(it, holders))
        moved = next((entry for entry in page if entry[1] == Outcome.MOVED), None)
        if moved:
            payee, net = self._payee_of(it, moved[0]), it.entitled(moved[0]).net
            refuse(("DividendVault_MovedOnFailure", (it.currency, payee, net)))
        events: list[Event] = []
        # Whether the payment goes through or not.
        it.counted |= any(reason == UNPAYABLE for _, _, reason in page)
        for holder, outcome, reason in page:
            if outcome != Outcome.PAID:
                events.append(("Skipped", number, holder, reason))
                continue
            payee = self._payee_of(it, holder)
            gross, tax = self._settle(it, holder)
            self._pay(it.currency, payee, gross - tax)
            events.append(("Claimed", number, holder, payee, gross, tax))
            events += self._carried_by(it)
        return events

    def _page(self, it: Declared, holders: Sequence[str]) -> Iterator[tuple[str, Outcome, int]]:
        """Each holder of a page, what becomes of its payment, and the code of why not."""
        paid = set(it.settled)
        for holder in holders:
            outcome, reason = Outcome.FAILED, NO_SHARES
            if holder in paid:
                reason = CLAIMED
            elif holder not in it.shares:
                reason = NO_SHARES
            elif it.claimant(holder) == NOBODY:
                reason = WAITING
            else:
                payee, net = self._payee_of(it, holder), it.entitled(holder).net
                outcome, reason = self.payment(it.currency, payee, net), UNPAYABLE
            if outcome == Outcome.PAID:
                paid.add(holder)
            yield holder, outcome, reason

    def _payee_of(self, it: Declared, holder: str) -> str:
        return self.payee(it.claimant(holder))

    # ------------------------------------------------------------------ ending

    def remit(self, number: int) -> list[Event]:
        """Send what was withheld to the collector."""
        it = self._get(number)
        rest = it.withheld - it.remitted
        refuse(
            ("DividendVault_NothingLeft", (number,)) if rest == 0 else None,
            self._unpaid(it.currency, COLLECTOR, rest),
        )
        self._pay(it.currency, COLLECTOR, it.remit())
        return [("Remitted", number, COLLECTOR, rest)]

    def sweep(self, number: int) -> list[Event]:
        """After the deadline the floor of the unclaimed shares goes out, the rest is carried."""
        it = self._get(number)
        early = it.deadline == 0 or self.now <= it.deadline
        nobody = it.has_record and not it.eligible
        refuse(
            ("DividendVault_NotExpired", (number, it.deadline, self.now)) if early else None,
            it.ledger.unreadable(it.record) if it.is_cancelled and not it.ended else None,
            ("DividendVault_NoEligibleShares", (it.ledger.name, it.record)) if nobody else None,
            ("DividendVault_NothingLeft", (number,)) if it.finished else None,
        )
        refuse(self._unpaid(it.currency, it.sweep_to, it.unclaimed_share))
        it.counted = True
        swept = self.series[it.series].sweep(it).swept
        self._pay(it.currency, it.sweep_to, swept)
        return [*self._carried_by(it), ("Swept", number, it.sweep_to, swept)]

    def fix_eligible(self, number: int, most: int) -> list[Event]:
        """Look at so many more of those excluded; with the last of them the shares are counted."""
        it = self._get(number)
        if it.counted:
            return []
        left = len(it.excluded) - it.looked
        asks = most or not left
        refuse(
            ("DividendVault_NothingLeft", (number,)) if it.ended else None,
            it.ledger.unreadable(it.record) if asks else None,
        )
        it.looked += min(most, left)
        left = len(it.excluded) - it.looked
        it.counted = not left and it.eligible > 0
        return [("EligibleCounted", number, left, it.eligible if it.counted else 0)]

    def refund(self, number: int) -> list[Event]:
        """Nobody held a share, or the record was cancelled: what arrived goes back, and what was
        carried in is carried again."""
        it = self._get(number)
        refuse(
            None if it.is_cancelled else it.ledger.unreadable(it.record),
            ("DividendVault_NotRefundable", (number, it.eligible)) if it.eligible else None,
            ("DividendVault_NothingLeft", (number,)) if it.ended else None,
        )
        refuse(self._unpaid(it.currency, it.declarer, it.received))
        back = self.series[it.series].refund(it)
        self._pay(it.currency, it.declarer, back)
        return [*self._carried_by(it), ("Refunded", number, it.declarer, back)]

    def _carried_by(self, it: Declared) -> list[Event]:
        return [("Carried", it.id, *it.series, it.carried_out)] if it.carried_out else []

    # ------------------------------------------------------------------ money

    def donate(self, giver: str, currency: str, amount: int) -> None:
        """Money that nobody declared: it belongs to no distribution."""
        arrives = amount - self.natures[currency].taken(amount)
        self._move(currency, giver, VAULT, amount, arrives)
        self.stray[currency] += arrives

    def payment(self, currency: str, payee: str, amount: int) -> Outcome:
        """What becomes of a payment by the vault."""
        if amount == 0:
            return Outcome.PAID
        if currency == COIN:
            return Outcome.FAILED if payee in self.refusing else Outcome.PAID
        return self.natures[currency].payment(payee)

    def _takes(self, currency: str, payer: str, amount: int) -> tuple[bool, int]:
        """Whether the vault can take money, and what arrives."""
        if currency == COIN:
            return True, amount
        nature = self.natures[currency]
        poor = self.money[currency][payer] < amount or nature.allowances[payer] < amount
        takes = not nature.is_barred(payer) and not poor and nature.says_yes
        return takes, amount - nature.taken(amount)

    def _pay(self, currency: str, payee: str, amount: int) -> None:
        self._move(currency, VAULT, payee, amount, amount - self.natures[currency].taken(amount))

    def _move(self, currency: str, giver: str, receiver: str, leaves: int, arrives: int) -> None:
        self.money[currency][giver] -= leaves
        self.money[currency][receiver] += arrives

    # ------------------------------------------------------------------ questions

    def claimable(self, it: Declared, holder: str) -> int:
        """What a claim would pay now."""
        early = self.now < it.payable_from
        late = it.deadline and self.now > it.deadline
        waits = it.claimant(holder) == NOBODY
        return 0 if early or late or waits else it.claimable(holder)

    def carried(self, token: str, currency: str) -> int:
        """What waits for the next distribution."""
        return self.series[token, currency].carried

    def accounted(self, currency: str) -> int:
        """What the vault must hold: owed, carried, withheld and not yet remitted, and strays."""
        ours = [it for it in self.distributions if it.currency == currency]
        carried = sum(
            one.carried for (_, paid_in), one in self.series.items() if paid_in == currency
        )
        kept = sum(it.owed + it.withheld - it.remitted for it in ours)
        return kept + carried + self.stray[currency]

    def unaccounted(self) -> Iterator[str]:
        """Where money is missing from a series or a distribution, each place counted by itself."""
        for it in self.distributions:
            places = it.paid + it.owed + it.carried_out + it.swept
            if it.amount != places:
                yield f"{it.id} has {it.amount}, and {places} in its places"
        for name, series in self.series.items():
            ours = series.distributions
            between = sum(it.carried_out - it.carried_in for it in ours)
            if series.position().missing or series.carried != between:
                yield f"{name}: {series.position()}, and {between} between distributions"

    def _get(self, number: int) -> Declared:
        refuse(self.unknown(number))
        return self.distributions[number - 1]

    def unknown(self, number: int) -> Reason | None:
        """Why there is no distribution of this number."""
        known = 1 <= number <= len(self.distributions)
        return None if known else ("DividendVault_UnknownDistribution", (number,))

    def unpayable(self, number: int) -> Reason | None:
        """Why nobody can be paid from a distribution now."""
        if unknown := self.unknown(number):
            return unknown
        it = self.distributions[number - 1]
        if self.now < it.payable_from:
            return "DividendVault_NotPayableYet", (number, it.payable_from, self.now)
        if it.deadline and self.now > it.deadline:
            return "DividendVault_Expired", (number, it.deadline, self.now)
        return None

    def _unpaid(self, currency: str, payee: str, amount: int) -> Reason | None:
        if self.payment(currency, payee, amount) == Outcome.PAID:
            return None
        return "DividendVault_PaymentFailed", (currency, payee, amount)


def settlements(events: Sequence[Event]) -> Iterator[tuple[int, str, str, int, int]]:
    """Each settlement that events report, alone or of many: distribution, holder, payee, gross,
    tax."""
    for name, *values in events:
        if name == "Claimed":
            yield tuple(values)
        elif name == "ClaimedMany":
            holder, payee, many = values
            yield from ((number, holder, payee, gross, tax) for number, gross, tax in many)

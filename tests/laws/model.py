"""The laws as plain bookkeeping: dicts of integers by name, and nothing of how the contracts do it.

`Ledger` is one share token: a dict of balances, copied whole when the second of a record is over.
`Vault` is all distributions, and all the money of everyone. What the law forbids raises `Refused`
before anything changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

from prorata.apportion import Apportionment, SeriesModel, apportion, entitlement, withhold

NOBODY = "nobody"
COIN = "coin"
VAULT = "vault"

MAX_SUPPLY = 2**96 - 1
MAX_AMOUNT = 2**160 - 1
UNLIMITED = 2**256 - 1

Reason = tuple[str, tuple[Any, ...]]
Event = tuple[Any, ...]


class Refused(Exception):  # noqa: N818 - it is what happened
    """What the law forbids, with every reason that holds: the contract must give one of them."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


def refuse(*reasons: Reason | None) -> None:
    """Raise if any reason holds."""
    held = [reason for reason in reasons if reason is not None]
    if held:
        raise Refused(*held)


# ---------------------------------------------------------------------------- shares


class Ledger:
    """Who holds which shares, now and when each record closed."""

    def __init__(self, name: str, agent: str, now: int) -> None:
        self.name = name
        self.agent = agent
        self.now = now
        self.balances: dict[str, int] = defaultdict(int)
        self.allowances: dict[tuple[str, str], int] = defaultdict(int)
        self.times: list[int] = []
        self.closed: list[dict[str, int]] = []
        """The whole of `balances` as it was when record 1, 2, 3... closed."""

    @property
    def supply(self) -> int:
        """All shares there are."""
        return sum(self.balances.values())

    @property
    def next_close(self) -> int | None:
        """The second at whose end the next record closes, if one is scheduled."""
        return self.times[len(self.closed)] if len(self.closed) < len(self.times) else None

    def wait_until(self, now: int) -> None:
        """Time passes. A record whose second is over has the balances of this moment for ever."""
        self.now = now
        while self.next_close is not None and self.next_close < now:
            self.closed.append(dict(self.balances))

    def unreadable(self, record: int) -> Reason | None:
        """Why balances at this record cannot be read; None if they can."""
        if not 1 <= record <= len(self.times):
            return "ShareToken_UnknownRecord", (record, len(self.times))
        if record > len(self.closed):
            return "ShareToken_RecordOpen", (record, self.times[record - 1], self.now)
        return None

    def schedule(self, sender: str, at: int) -> None:
        """Schedule a record."""
        last = self.times[-1] if self.times else -1
        refuse(
            self._stranger(sender),
            ("ShareToken_RecordInThePast", (at, self.now)) if at < self.now else None,
            ("ShareToken_RecordNotLater", (at, last)) if at <= last else None,
        )
        self.times.append(at)

    def transfer(self, giver: str, gifts: Sequence[tuple[str, int]]) -> None:
        """Move shares to one or many, all or nothing."""
        after = dict(self.balances)
        for receiver, amount in gifts:
            held = after.get(giver, 0)
            refuse(
                self._no_receiver(receiver),
                ("ERC20InsufficientBalance", (giver, held, amount)) if held < amount else None,
            )
            after[giver] = held - amount
            after[receiver] = after.get(receiver, 0) + amount
        self.balances.update(after)

    def approve(self, owner: str, spender: str, amount: int) -> None:
        """Let someone else move shares."""
        self.allowances[owner, spender] = amount

    def transfer_from(self, spender: str, giver: str, receiver: str, amount: int) -> None:
        """Move another's shares within the allowance."""
        allowed = self.allowances[giver, spender]
        if allowed < amount:
            raise Refused(("ERC20InsufficientAllowance", (spender, allowed, amount)))
        self.transfer(giver, [(receiver, amount)])
        if allowed != UNLIMITED:
            self.allowances[giver, spender] = allowed - amount

    def mint(self, sender: str, gifts: Sequence[tuple[str, int]]) -> None:
        """Issue shares to one or many, all or nothing."""
        issued = sum(amount for _, amount in gifts)
        too_many = self.supply + issued > MAX_SUPPLY
        refuse(
            self._stranger(sender),
            *(reason for receiver, _ in gifts for reason in self.unable(receiver)),
            ("ShareToken_SupplyTooLarge", (self.supply, issued, MAX_SUPPLY)) if too_many else None,
        )
        for receiver, amount in gifts:
            self.balances[receiver] += amount

    def burn(self, sender: str, holder: str, amount: int) -> None:
        """Destroy shares."""
        refuse(self._stranger(sender), self.short(holder, amount))
        self.balances[holder] -= amount

    def unable(self, receiver: str) -> list[Reason | None]:
        """Why a wallet cannot take shares by order."""
        return [self._no_receiver(receiver)]

    def short(self, holder: str, amount: int) -> Reason | None:
        """Why a wallet cannot give so many."""
        held = self.balances[holder]
        return ("ERC20InsufficientBalance", (holder, held, amount)) if held < amount else None

    def _stranger(self, sender: str) -> Reason | None:
        return None if sender == self.agent else ("ShareToken_NotAgent", (sender,))

    def _no_receiver(self, receiver: str) -> Reason | None:
        return ("ERC20InvalidReceiver", (receiver,)) if receiver in (NOBODY, self.name) else None


def held_by_person(balances: Mapping[str, int], person: Callable[[str], int]) -> dict[int, int]:
    """Shares of each person, over all wallets."""
    held: dict[int, int] = defaultdict(int)
    for wallet, amount in balances.items():
        if amount:
            held[person(wallet)] += amount
    return held


# ---------------------------------------------------------------------------- money


@dataclass
class Distribution:
    """One distribution; the first half of it never changes."""

    id: int
    ledger: Ledger
    record: int
    currency: str
    declarer: str
    kind: int
    payable_from: int
    deadline: int
    sweep_to: str
    policy: str
    rate: int
    excluded: tuple[str, ...]
    received: int
    carried_in: int
    declared_open: bool
    settled: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Gross and tax of everyone who has been paid."""
    remitted: int = 0
    swept: int = 0
    carried_out: int = 0
    ended: bool = False
    number_in_series: int = 0

    @property
    def amount(self) -> int:
        return self.received + self.carried_in

    @property
    def series(self) -> tuple[str, str]:
        return self.ledger.name, self.currency

    @property
    def has_record(self) -> bool:
        return self.record <= len(self.ledger.closed)

    @cached_property
    def shares(self) -> dict[str, int]:
        """The shares of record that earn; those of excluded accounts do not."""
        held = self.ledger.closed[self.record - 1]
        return {who: n for who, n in held.items() if n and who not in self.excluded}

    @property
    def eligible(self) -> int:
        return sum(self.shares.values()) if self.has_record else 0

    @cached_property
    def division(self) -> Apportionment[str]:
        return apportion(self.amount, self.shares)

    def entitled(self, holder: str) -> tuple[int, int, int]:
        """Gross, tax and net of a holder, paid or not, once the record has closed."""
        gross = self.division.gross.get(holder, 0) if self.eligible else 0
        tax = withhold(gross, self.rate)
        return gross, tax, gross - tax

    @property
    def settled_shares(self) -> int:
        return sum(self.shares[who] for who in self.settled)

    @property
    def paid(self) -> int:
        return sum(gross for gross, _ in self.settled.values())

    @property
    def withheld(self) -> int:
        return sum(tax for _, tax in self.settled.values())

    @property
    def finished(self) -> bool:
        return self.ended or (self.eligible > 0 and self.settled_shares == self.eligible)

    @property
    def owed(self) -> int:
        return 0 if self.finished else self.amount - self.paid

    def due(self, holder: str) -> bool:
        """Whether a claim would settle something, time aside."""
        return holder not in self.settled and self.has_record and holder in self.shares


class Vault:
    """All distributions, and the money of everyone in every currency."""

    def __init__(self, ledgers: Mapping[str, Ledger], rates: Mapping[str, int], now: int) -> None:
        self.ledgers = ledgers
        self.rates = rates
        self.now = now
        self.money: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.carry: dict[tuple[str, str], int] = defaultdict(int)
        self.stray: dict[str, int] = defaultdict(int)
        self.payees: dict[str, str] = {}
        self.refusing: set[str] = set()
        """Who cannot receive the native coin."""
        self.distributions: list[Distribution] = []
        self.series: dict[tuple[str, str], SeriesModel[str]] = defaultdict(SeriesModel)
        """The product's own model, which the auditor uses, kept in step with this one."""

    def wait_until(self, now: int) -> None:
        self.now = now
        for ledger in self.ledgers.values():
            ledger.wait_until(now)

    def moments(self) -> list[int]:
        """The times ahead at which something changes, and the seconds after them."""
        times = [time for ledger in self.ledgers.values() for time in ledger.times]
        times += [d.payable_from - 1 for d in self.distributions]
        times += [d.deadline for d in self.distributions]
        edges = {edge for time in times for edge in (time, time + 1)}
        return sorted(edge for edge in edges if edge > self.now)

    # ------------------------------------------------------------------ declaring

    def declare(
        self,
        declarer: str,
        token: str,
        record: int,
        currency: str,
        received: int,
        *,
        kind: int = 0,
        payable_from: int = 0,
        deadline: int = 0,
        sweep_to: str = NOBODY,
        policy: str = NOBODY,
        excluded: Sequence[str] = (),
    ) -> Distribution:
        """Fund a distribution with what arrives and, from who speaks for the token, the carry."""
        ledger = self.ledgers[token]
        unreadable = ledger.unreadable(record)
        if unreadable and unreadable[0] == "ShareToken_UnknownRecord":
            raise Refused(unreadable)
        if unreadable:
            payable_from = max(payable_from, ledger.times[record - 1] + 1)
        new = Distribution(
            id=len(self.distributions) + 1,
            ledger=ledger,
            record=record,
            currency=currency,
            declarer=declarer,
            kind=kind,
            payable_from=payable_from,
            deadline=deadline,
            sweep_to=sweep_to,
            policy=policy,
            rate=self.rates.get(policy, 0),
            excluded=tuple(excluded),
            received=received,
            carried_in=0,
            declared_open=unreadable is not None,
        )
        if declarer == ledger.agent:
            new.carried_in = self.carry[new.series]
        early = deadline and (deadline < self.now or deadline < payable_from)
        nobody = new.has_record and not new.eligible
        sums = {n for n in (received, new.amount) if n > MAX_AMOUNT}
        refuse(
            ("DividendVault_DeadlineTooEarly", (deadline, payable_from)) if early else None,
            ("DividendVault_NoEligibleShares", (token, record)) if nobody else None,
            None if received else ("DividendVault_NothingReceived", (currency, 0)),
            *(("DividendVault_AmountTooLarge", (n, MAX_AMOUNT)) for n in sums),
        )
        self._pay(currency, declarer, VAULT, received)
        self.carry[new.series] -= new.carried_in
        self.distributions.append(new)
        new.number_in_series = self.series[new.series].announce(
            received, carry_in=new.carried_in > 0
        )
        return new

    # -------------------------------------------------------------------- paying

    def set_payee(self, holder: str, payee: str) -> None:
        self.payees[holder] = holder if payee == NOBODY else payee

    def payee(self, holder: str) -> str:
        return self.payees.get(holder, holder)

    def claim(self, ids: Sequence[int], holder: str) -> list[Event]:
        """Pay one holder from many distributions, all or nothing; what is told about it."""
        why = [self._unpayable(number) for number in ids]
        known = [n for n in ids if 1 <= n <= len(self.distributions)]
        due = list(dict.fromkeys(n for n in known if self._get(n).due(holder)))
        left = set(due)
        for (_, currency), run in groupby(known, lambda n: self._get(n).series):
            new = left & set(run)
            left -= new
            total = sum(self._get(n).entitled(holder)[2] for n in new)
            why.append(self._unreceivable(currency, self.payee(holder), total))
        refuse(*why)
        return [event for n in due for event in self._settle(self._get(n), holder)]

    def push(self, number: int, holders: Sequence[str]) -> list[Event]:
        """Pay many holders from one distribution; who cannot be paid is passed over."""
        refuse(self._unpayable(number))
        it = self._get(number)
        told: list[Event] = []
        for holder in holders:
            if holder in it.settled:
                told.append(("Skipped", number, holder, 1))
            elif not it.due(holder):
                told.append(("Skipped", number, holder, 0))
            elif self._unreceivable(it.currency, self.payee(holder), it.entitled(holder)[2]):
                told.append(("Skipped", number, holder, 2))
            else:
                told += self._settle(it, holder)
        return told

    def _settle(self, it: Distribution, holder: str) -> list[Event]:
        gross, tax, net = it.entitled(holder)
        payee = self.payee(holder)
        it.settled[holder] = (gross, tax)
        self._pay(it.currency, VAULT, payee, net)
        self._known(it).claim(it.number_in_series, holder)
        told: list[Event] = [("Claimed", it.id, holder, payee, gross, tax)]
        return told + (self._carry_out(it) if it.finished else [])

    def _carry_out(self, it: Distribution) -> list[Event]:
        it.carried_out = it.amount - it.paid - it.swept
        self.carry[it.series] += it.carried_out
        return [("Carried", it.id, *it.series, it.carried_out)] if it.carried_out else []

    # -------------------------------------------------------------------- ending

    def remit(self, number: int) -> None:
        """Send what was withheld to the collector."""
        it = self._get(number)
        rest = it.withheld - it.remitted
        refuse(("DividendVault_NothingLeft", (number,)) if rest == 0 else None)
        it.remitted += rest
        self._pay(it.currency, VAULT, "tax", rest)

    def sweep(self, number: int) -> None:
        """After the deadline the floor of the unclaimed shares goes out, the rest is carried."""
        it = self._get(number)
        early = it.deadline == 0 or self.now <= it.deadline
        nobody = it.has_record and not it.eligible
        refuse(
            ("DividendVault_NotExpired", (number, it.deadline, self.now)) if early else None,
            ("DividendVault_NoEligibleShares", (it.ledger.name, it.record)) if nobody else None,
            ("DividendVault_NothingLeft", (number,)) if it.finished else None,
        )
        unclaimed = it.eligible - it.settled_shares
        it.swept = entitlement(it.amount, unclaimed, it.eligible)
        it.ended = True
        self._known(it).sweep(it.number_in_series)
        self._pay(it.currency, VAULT, it.sweep_to, it.swept)
        self._carry_out(it)

    def refund(self, number: int) -> None:
        """Nobody held a share: what arrived goes back, and what was carried in is carried again."""
        it = self._get(number)
        refuse(
            it.ledger.unreadable(it.record),
            ("DividendVault_NotRefundable", (number, it.eligible)) if it.eligible else None,
            ("DividendVault_NothingLeft", (number,)) if it.ended else None,
        )
        it.swept = it.received
        it.ended = True
        self.series[it.series].refund(it.number_in_series)
        self._pay(it.currency, VAULT, it.declarer, it.swept)
        self._carry_out(it)

    def donate(self, giver: str, currency: str, amount: int) -> None:
        """Money that nobody declared: it belongs to no distribution."""
        self._pay(currency, giver, VAULT, amount)
        self.stray[currency] += amount

    # --------------------------------------------------------------------- views

    def claimable(self, it: Distribution, holder: str) -> int:
        waiting = self.now < it.payable_from
        expired = it.deadline and self.now > it.deadline
        return it.entitled(holder)[2] if not waiting and not expired and it.due(holder) else 0

    def accounted(self, currency: str) -> int:
        """What the vault must hold: owed, carried, withheld and not yet remitted, and strays."""
        ours = [d for d in self.distributions if d.currency == currency]
        carried = sum(n for (_, paid_in), n in self.carry.items() if paid_in == currency)
        kept = sum(d.owed + d.withheld - d.remitted for d in ours)
        return kept + carried + self.stray[currency]

    def known_series(self) -> Iterable[tuple[tuple[str, str], SeriesModel[str]]]:
        """The product's model of each series, told of every record that has closed."""
        for it in self.distributions:
            if it.eligible:
                self._known(it)
        return self.series.items()

    # ------------------------------------------------------------------- private

    def _known(self, it: Distribution) -> SeriesModel[str]:
        series = self.series[it.series]
        if series._distribution(it.number_in_series).holders is None:
            series.fix(it.number_in_series, it.shares, withholding=it.rate)
        return series

    def _get(self, number: int) -> Distribution:
        return self.distributions[number - 1]

    def _pay(self, currency: str, giver: str, receiver: str, amount: int) -> None:
        self.money[currency][giver] -= amount
        self.money[currency][receiver] += amount

    def _unpayable(self, number: int) -> Reason | None:
        if not 1 <= number <= len(self.distributions):
            return "DividendVault_UnknownDistribution", (number,)
        it = self._get(number)
        if self.now < it.payable_from:
            return "DividendVault_NotPayableYet", (number, it.payable_from, self.now)
        if it.deadline and self.now > it.deadline:
            return "DividendVault_Expired", (number, it.deadline, self.now)
        return None

    def _unreceivable(self, currency: str, payee: str, amount: int) -> Reason | None:
        if currency == COIN and amount and payee in self.refusing:
            return "DividendVault_PaymentFailed", (currency, payee, amount)
        return None

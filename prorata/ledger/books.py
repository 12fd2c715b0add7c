# SPDX-License-Identifier: MIT
"""The books: every unit of income, rebuilt from events alone and held against the law.

`Books` reads the vault's events in the order of the chain, with the share register (`Ledger`) of
every token it audits, and follows the money:

    received + carried in = paid + withheld + owed + carried out + swept

for each distribution, where `paid` is what reached the holders. What a holder should have got is
worked out by `prorata.apportion` from the register's balances at the record date; whatever the
events say otherwise becomes a `Difference`, in the order in which it was found. Nothing here asks
the contracts: `prorata.audit` does that and compares.

Who may receive a holder's income follows from events too: the holder, or the successor of its lost
wallet, or the payee that this person has set. A person may also send one payment elsewhere, by
`claimTo` or by a payment instruction that the claim relayer executes. The claim relayer tells of
that in an event; of `claimTo` only the transaction does, and where the person is a contract not
even that. So payments to anybody else are kept as `Diversion` until a `Witness` has been heard, and
what nobody can prove is listed in `Books.unproven`.

Amounts are integers of the currency's smallest unit, shares of the token's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from prorata.apportion import withhold
from prorata.chain.calls import DecodedEvent
from prorata.chain.events import Moment, moment_of, transaction_of
from prorata.contracts.vault import Reason, Terms, settlements
from prorata.ledger.corrections import Corrections
from prorata.ledger.entries import (
    BookEntry,
    Difference,
    DistributionAccount,
    Evidence,
    EvidenceSource,
    Place,
    RedirectedPayment,
    SourcedValue,
    VaultPosition,
)
from prorata.ledger.lot_history import LotHistory
from prorata.ledger.movements import Movements
from prorata.register.earning import OwnShares
from prorata.register.shares import Ledger
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import ETHER, Unit

__all__ = ["Books"]

# What a vault has room for in a distribution's terms; more stays for the next one.
MOST_CARRIED_IN = 2**48 - 1

# What a claim relayer tells beside the payment instructions that it has executed.
_PASSED_OVER = frozenset({"Cancelled", "Reinvested"})


class Books:
    """Distributions, payees and carries of one vault, and all that is wrong with them.

    `ledgers` are the complete registers of the audited tokens: of other tokens' distributions
    only the money is followed. `units` say how to write amounts, and `withholding` the flat rate
    in basis points of each tax policy whose rate is known. Distributions before `first_id` are
    none of these books' business: they are those of a vault that was there before the tokens.
    `share_tokens` are the audited tokens that name themselves record tokens: if not told, all.
    """

    def __init__(
        self,
        ledgers: Iterable[Ledger],
        *,
        vault: str = ZERO_ADDRESS,
        units: Mapping[str, Unit] | None = None,
        withholding: Mapping[str, int] | None = None,
        first_id: int = 1,
        share_tokens: Iterable[str] | None = None,
    ) -> None:
        self.vault = vault
        self.first_id = first_id
        self.ledgers = {ledger.token: ledger for ledger in ledgers}
        self.units = {ZERO_ADDRESS: ETHER, **(units or {})}
        self.withholding = dict(withholding or {})
        assets = {ledger.asset for ledger in self.ledgers.values()}
        self.own_shares = OwnShares(vault, assets if share_tokens is None else share_tokens)
        self.until = max((ledger.until for ledger in self.ledgers.values()), default=0)
        self.distributions: dict[int, DistributionAccount] = {}
        self.payees: dict[str, str] = {}
        self.carries: dict[tuple[str, str], int] = {}
        self.taxes: dict[tuple[int, str], int] = {}
        """Tax by distribution and holder, where somebody has asked the policy."""
        self.held: set[tuple[int, str]] = set()
        """Distribution and holder, where the chain says that the holder is not eligible for now."""
        self.corrections = Corrections()
        self.movements: dict[str, Movements] = {}
        """How the shares of each audited token moved, where that was read too."""
        self.lots_of = cache(lambda token: LotHistory(self.movements[token]))
        """The lots of everybody in a token, worked out once."""
        self.unproven: list[str] = []
        """Payments of which nobody can show that the person they belong to chose the payee."""
        self._diversions: list[RedirectedPayment] = []
        self._instructions: set[tuple[str, str, str, str]] = set()
        """Transaction, claimant, holder and payee of what the claim relayer has executed."""
        self._found: list[Difference] = []

    @classmethod
    def of(
        cls,
        events: Iterable[tuple[DecodedEvent, int]],
        ledgers: Iterable[Ledger],
        *,
        vault: str = ZERO_ADDRESS,
        units: Mapping[str, Unit] | None = None,
        withholding: Mapping[str, int] | None = None,
        first_id: int = 1,
        share_tokens: Iterable[str] | None = None,
        evidence_source: EvidenceSource | None = None,
    ) -> Books:
        """The books of a vault's decoded events, each with its block's timestamp, closed.

        The events are the vault's and its claim relayer's, in the chain's order.
        """
        books = cls(
            ledgers,
            vault=vault,
            units=units,
            withholding=withholding,
            first_id=first_id,
            share_tokens=share_tokens,
        )
        for event, timestamp in events:
            books.apply(event, timestamp)
        books.close(evidence_source)
        return books

    # ------------------------------------------------------------------------ figures

    @property
    def differences(self) -> list[Difference]:
        """All that is wrong, causes before what follows from them."""
        return sorted(self._found, key=lambda difference: difference.place)

    @property
    def balanced(self) -> bool:
        """Whether nothing is wrong, as far as it has been looked at."""
        return not self._found

    def knows_all_of(self, token: str) -> bool:
        """Whether no distribution of the token can lie before these books begin."""
        return self.first_id == 1 or token in self.ledgers

    def of_token(self, token: str) -> list[DistributionAccount]:
        """The distributions of one token, in order of declaration."""
        return [d for d in self.distributions.values() if d.token == token]

    def paying(self, asset: str) -> list[str]:
        """What an asset's distributions are declared for: its token, and its record ranges."""
        return [token for token, ledger in self.ledgers.items() if ledger.asset == asset]

    def of_asset(self, asset: str) -> list[DistributionAccount]:
        """The distributions to the holders of one asset, in order of declaration."""
        paying = frozenset(self.paying(asset))
        return [d for d in self.distributions.values() if d.token in paying]

    def tax_of(self, distribution: DistributionAccount, holder: str) -> int:
        """The tax on a holder's whole income: as settled, as the policy answered, or by its rate.

        0 when neither is known yet.
        """
        if holder in distribution.settlements:
            return distribution.settlements[holder].tax
        if (distribution.id, holder) in self.taxes:
            return self.taxes[distribution.id, holder]
        return self.tax_by_rate(distribution, self.gross_of(distribution, holder)) or 0

    def tax_by_rate(self, distribution: DistributionAccount, gross: int) -> int | None:
        """What the policy withholds from `gross`; None if its rate is not known here."""
        if distribution.terms.tax_policy == ZERO_ADDRESS:
            return 0
        rate = self.withholding.get(distribution.terms.tax_policy)
        return None if rate is None else withhold(gross, rate)

    @staticmethod
    def gross_of(distribution: DistributionAccount, holder: str) -> int:
        """What the law gives the holder, claimed or not; 0 before the record has closed."""
        division = distribution.division
        return 0 if division is None else division.gross.get(holder, 0)

    def waits(self, distribution: DistributionAccount, holder: str) -> bool:
        """Whether a holder's income waits for the person: its wallet is frozen, or not eligible."""
        ledger = self.ledgers.get(distribution.token)
        if ledger is not None and ledger.is_frozen(ledger.claimant_of(holder)):
            return True
        return (distribution.id, holder) in self.held

    def status(self, distribution: DistributionAccount, holder: str) -> str:
        """The status now, for the person: `held` while the token keeps the income back."""
        status = distribution.status(holder, self.until)
        held_back = status == "claimable" and self.waits(distribution, holder)
        return "held" if held_back else status

    def positions(self) -> list[VaultPosition]:
        """Where the money is, for each token and currency in order of first declaration."""
        series: dict[tuple[str, str], list[DistributionAccount]] = {}
        for distribution in self.distributions.values():
            series.setdefault((distribution.token, distribution.currency), []).append(distribution)
        return [
            VaultPosition(
                token=token,
                currency=currency,
                received=sum(d.received for d in group),
                paid=sum(d.paid for d in group),
                withheld=sum(d.withheld for d in group),
                remitted=sum(d.remitted for d in group),
                owed=sum(d.owed_by_law for d in group),
                carried=self.carries.get((token, currency), 0),
                swept=sum(d.swept for d in group),
            )
            for (token, currency), group in series.items()
        ]

    def liability(self, currency: str) -> int:
        """What the vault must hold of a currency, for all tokens: owed, carried, tax to remit."""
        return sum(
            d.liability for d in self.distributions.values() if d.currency == currency
        ) + sum(
            amount for (_, carried_in), amount in self.carries.items() if carried_in == currency
        )

    def unit(self, currency: str) -> Unit:
        """How amounts of a currency, or shares of a token, are written: else as plain units."""
        return self.units.get(currency, Unit(currency, 0))

    def money(self, currency: str, amount: int) -> str:
        """The amount with its symbol, for people."""
        unit = self.unit(currency)
        return f"{unit.text(amount)} {unit.symbol}"

    # ------------------------------------------------------------------------- events

    def apply(self, event: DecodedEvent, timestamp: int) -> None:
        """Enter one event of the vault or its claim relayer.

        What is wrong with it joins `differences`.
        """
        self.until = max(self.until, timestamp)
        self.own_shares.settled(event)
        if event.name == "Declared":
            self._declared(event, timestamp)
        elif event.name == "PayeeSet":
            self.payees[str(event.args["holder"])] = str(event.args["payee"])
        elif event.name in ("Claimed", "ClaimedMany"):
            self._claimed(event, moment_of(event, timestamp))
        elif event.name == "Executed":
            self._instructed(event)
        elif event.name not in _PASSED_OVER:
            self._enter(event, timestamp)

    def _enter(self, event: DecodedEvent, time: int) -> None:
        """Enter one of the events that are about a single distribution."""
        enter = {
            "EligibleCounted": self._counted,
            "Skipped": self._skipped,
            "Carried": self._carried,
            "Remitted": self._remitted,
            "Swept": self._swept,
            "Refunded": self._refunded,
        }.get(event.name)
        if enter is None:
            self.differ(
                Place.vault(), "an event", (event.name, "the log"), ("unknown", "these books")
            )
            return
        distribution = self._declared_before(int(event.args["id"]), event)
        if distribution is not None:
            enter(distribution, event, time)

    def _declared_before(self, number: int, event: DecodedEvent) -> DistributionAccount | None:
        """The distribution that an event is about; None if it is none of these books' business."""
        if number >= self.first_id and number not in self.distributions:
            reported, law = ("missing", "the events"), ("there", f"its event {event.name}")
            self.differ(Place.declaration(number), "its declaration", reported, law)
        return self.distributions.get(number)

    def _declared(self, event: DecodedEvent, time: int) -> None:
        args, terms = event.args, Terms.of(event.args["terms"])
        distribution = DistributionAccount(
            id=int(args["id"]),
            token=str(args["token"]),
            record_id=int(args["recordId"]),
            currency=str(args["currency"]),
            declarer=str(args["declarer"]),
            received=int(args["received"]),
            carried_in=int(args["carriedIn"]),
            terms=terms,
            declared_at=time,
            transaction=transaction_of(event),
            payable_from=terms.payable_from,
            vault=self.vault,
        )
        expected = self.first_id + len(self.distributions)
        if distribution.id != expected:
            reported = (distribution.id, "the event")
            self.differ(
                Place.declaration(distribution.id),
                "its id",
                reported,
                (expected, "the order of events"),
            )
        self.distributions[distribution.id] = distribution
        series = (distribution.token, distribution.currency)
        carry = self.carries.get(series, 0)
        most = min(carry, MOST_CARRIED_IN)
        if distribution.carried_in not in (0, most) and self.knows_all_of(distribution.token):
            reported = (distribution.carried_in, "the event")
            law = (most, "what earlier distributions left")
            self.differ(
                Place.declaration(distribution.id),
                "carried in",
                reported,
                law,
                distribution.currency,
            )
        self.carries[series] = carry - distribution.carried_in
        self._place(distribution)
        for number in self.own_shares.note(distribution.currency):
            self._apportion(self.distributions[number])

    def _counted(self, distribution: DistributionAccount, event: DecodedEvent, _: int) -> None:
        """What the vault divides by, once every excluded account has been counted."""
        if int(event.args["accountsLeft"]) or distribution.token not in self.ledgers:
            return
        eligible, division = int(event.args["eligible"]), distribution.division
        law = 0 if division is None else division.eligible
        if eligible != law:
            place = Place.total(distribution.id)
            self.differ(place, "eligible shares", (eligible, "the event"), (law, "the law"))

    def _place(self, distribution: DistributionAccount) -> None:
        """Find its record and when it closes, and work out what everyone gets if it has."""
        ledger = self.ledgers.get(distribution.token)
        if ledger is None:
            return
        record_id = distribution.record_id
        if not 1 <= record_id <= ledger.record_count:
            reported, law = (record_id, "the event"), ("never scheduled", "the token")
            self.differ(Place.declaration(distribution.id), "its record", reported, law)
            return
        cancelled_at = ledger.cancelled_at(record_id)
        distribution.cancelled = cancelled_at is not None
        if cancelled_at is not None and distribution.declared_at > cancelled_at:
            reported, law = (record_id, "the event"), ("cancelled before", "the token")
            self.differ(Place.declaration(distribution.id), "its record", reported, law)
        closes_at = distribution.record_time = ledger.scheduled_time(record_id)
        distribution.declared_open = distribution.declared_at <= closes_at
        if distribution.declared_open:
            distribution.payable_from = max(distribution.payable_from, closes_at + 1)
        is_open = distribution.declared_open
        self.own_shares.declared(distribution.id, ledger.asset, record_open=is_open)
        self._apportion(distribution)

    def _apportion(self, distribution: DistributionAccount) -> None:
        ledger, record_id = self.ledgers[distribution.token], distribution.record_id
        if ledger.is_closed(record_id):
            earners = self.own_shares.earners(distribution.id, distribution.terms.excluded)
            distribution.divide(ledger.balances_at(record_id), earners)

    def _claimed(self, event: DecodedEvent, moment: Moment) -> None:
        transaction = transaction_of(event)
        for reported in settlements([event]):
            distribution = self._declared_before(reported.distribution_id, event)
            if distribution is not None:
                self._settle(
                    distribution,
                    BookEntry(**vars(reported), moment=moment, transaction=transaction),
                )

    def _settle(self, distribution: DistributionAccount, entry: BookEntry) -> None:
        holder = entry.holder
        if holder in distribution.settlements:
            reported, law = ("a second one", "the event"), ("one", "the law")
            self.differ(Place.holder(distribution.id, holder), "the settlement", reported, law)
            return
        distribution.settlements[holder] = entry
        distribution.skipped.pop(holder, None)
        ledger = self.ledgers.get(distribution.token)
        if ledger is not None:
            self._check(distribution, entry)
            self._check_person(ledger, entry)

    def _check(self, distribution: DistributionAccount, settlement: BookEntry) -> None:
        """Hold one settlement against the law and the terms."""
        holder, currency = settlement.holder, distribution.currency
        place = Place.holder(distribution.id, holder)
        reported: SourcedValue
        law: SourcedValue
        gross = self.gross_of(distribution, holder)
        tax = self.tax_by_rate(distribution, gross)
        if holder not in distribution.earning:
            reported, law = ("there", "the event"), ("impossible without shares", "the law")
            self.differ(place, "the settlement", reported, law)
        if settlement.gross != gross:
            reported, law = (settlement.gross, "the event"), (gross, "the law")
            self.differ(place, "gross", reported, law, currency)
        if tax is not None and settlement.tax != tax:
            reported, law = (settlement.tax, "the event"), (tax, "the tax policy")
            self.differ(place, "tax", reported, law, currency)
        if settlement.tax > settlement.gross:
            reported, law = (settlement.tax, "the event"), (settlement.gross, "its gross, at most")
            self.differ(place, "tax", reported, law, currency)
        deadline = distribution.terms.deadline
        early, late = distribution.payable_from, deadline and settlement.time > deadline
        if settlement.time < early or late or distribution.ended:
            reported, law = (settlement.time, "the event"), (f"{early} to {deadline}", "the terms")
            self.differ(place, "the time of payment", reported, law)

    def _check_person(self, ledger: Ledger, entry: BookEntry) -> None:
        """Hold the payee against the person who stood behind the holder at the time."""
        claimant = ledger.claimant_at(entry.holder, entry.moment)
        if ledger.was_frozen(claimant, entry.moment):
            place = Place.holder(entry.distribution_id, entry.holder)
            law = (f"impossible while {claimant} is frozen", "the token")
            self.differ(place, "the payment", ("there", "the event"), law)
        # One who chose a payee in an older vault did so before these books begin.
        choice = self.payees.get(claimant, claimant if self.first_id == 1 else None)
        if entry.payee != (claimant if choice is None else choice):
            self._diversions.append(RedirectedPayment(entry, claimant, choice))

    def _instructed(self, event: DecodedEvent) -> None:
        args = event.args
        claimant, holder, hook = str(args["claimant"]), str(args["holder"]), str(args["hook"])
        payee = str(args["receiver"]) if hook == ZERO_ADDRESS else hook
        self._instructions.add((transaction_of(event), claimant, holder, payee))

    def _skipped(self, distribution: DistributionAccount, event: DecodedEvent, time: int) -> None:
        holder, reason = str(event.args["holder"]), Reason(event.args["reason"])
        if holder not in distribution.settlements:
            distribution.skipped[holder] = reason
        if distribution.token in self.ledgers:
            self._check_skip(distribution, holder, reason, moment_of(event, time))

    def _check_skip(
        self, distribution: DistributionAccount, holder: str, reason: Reason, moment: Moment
    ) -> None:
        """Hold a reason against the books; that a payment failed, only the push has seen."""
        ledger = self.ledgers[distribution.token]
        frozen = ledger.was_frozen(ledger.claimant_at(holder, moment), moment)
        if reason is Reason.NOTHING and holder in distribution.earning:
            found = "earned"
        elif reason is Reason.CLAIMED and holder not in distribution.settlements:
            found = "not settled"
        elif reason is Reason.HELD and not (frozen or ledger.may_wait_ineligible):
            found = "free to be paid"
        else:
            return
        reported, law = (f"skipped as {reason.name.lower()}", "the event"), (found, "the books")
        self.differ(Place.holder(distribution.id, holder), "its income", reported, law)

    def _carried(self, distribution: DistributionAccount, event: DecodedEvent, _: int) -> None:
        amount = int(event.args["amount"])
        distribution.carried_out += amount
        series = (distribution.token, distribution.currency)
        self.carries[series] = self.carries.get(series, 0) + amount
        named = (str(event.args["token"]), str(event.args["currency"]))
        if named != series:
            reported, law = (
                (" in ".join(named), "the event"),
                (" in ".join(series), "the declaration"),
            )
            self.differ(Place.total(distribution.id), "what was carried", reported, law)

    def _remitted(self, distribution: DistributionAccount, event: DecodedEvent, _: int) -> None:
        reported: SourcedValue
        law: SourcedValue
        distribution.remitted += int(event.args["amount"])
        collector = str(event.args["collector"])
        if distribution.collector not in ("", collector):
            reported, law = (collector, "the event"), (distribution.collector, "an earlier one")
            self.differ(Place.declaration(distribution.id), "the tax collector", reported, law)
        distribution.collector = collector
        if distribution.remitted > distribution.withheld:
            reported = (distribution.remitted, "the events")
            law = (distribution.withheld, "the tax withheld, at most")
            self.differ(
                Place.total(distribution.id), "tax remitted", reported, law, distribution.currency
            )

    def _swept(self, distribution: DistributionAccount, event: DecodedEvent, time: int) -> None:
        terms = distribution.terms
        distribution.swept += int(event.args["amount"])
        if distribution.ended or not terms.deadline or time <= terms.deadline:
            law = (f"one sweep after {terms.deadline}" if terms.deadline else "none", "the terms")
            self.differ(Place.total(distribution.id), "the sweep", (f"at {time}", "the event"), law)
        distribution.ended = "swept"
        recipient = str(event.args["recipient"])
        if recipient != terms.sweep_to:
            reported, law = (recipient, "the event"), (terms.sweep_to, "the terms")
            self.differ(Place.total(distribution.id), "who received the sweep", reported, law)

    def _refunded(self, distribution: DistributionAccount, event: DecodedEvent, time: int) -> None:
        reported: SourcedValue
        law: SourcedValue
        amount = int(event.args["amount"])
        distribution.swept += amount
        distribution.ended = "refunded"
        # What was carried in belongs to the holders, and is carried on.
        if amount != distribution.received:
            reported, law = (amount, "the event"), (distribution.received, "the declaration")
            self.differ(
                Place.total(distribution.id), "the refund", reported, law, distribution.currency
            )
        if distribution.division is not None:
            reported, law = ("there", "the event"), ("impossible with holders", "the law")
            self.differ(Place.total(distribution.id), "the refund", reported, law)
        ledger = self.ledgers.get(distribution.token)
        if ledger is not None and not ledger.is_over(distribution.record_id, time):
            reported, law = ("there", "the event"), ("impossible while it is open", "the record")
            self.differ(Place.total(distribution.id), "the refund", reported, law)
        declarer = str(event.args["declarer"])
        if declarer != distribution.declarer:
            reported, law = (declarer, "the event"), (distribution.declarer, "the declaration")
            self.differ(Place.total(distribution.id), "who received the refund", reported, law)

    # ------------------------------------------------------------------------ closing

    def close(self, evidence_source: EvidenceSource | None = None) -> None:
        """Check what only all events show: payees, remainders, sweeps, conservation."""
        self._judge(evidence_source)
        for distribution in self.distributions.values():
            if distribution.division is not None or distribution.ended == "refunded":
                self._close(distribution)
        for position in self.positions():
            wrong = position.missing or position.carried < 0
            if wrong and self.knows_all_of(position.token):
                reported = (position.received, "the declarations")
                found = (position.received - position.missing, "all the places it went to")
                place = Place.series(f"token {position.token}")
                self.differ(place, "income received", reported, found, position.currency)

    def _judge(self, evidence_source: EvidenceSource | None) -> None:
        """Ask who chose the payees that are nobody's standing choice."""
        unknown = [one for one in self._diversions if not self._is_instructed(one)]
        said = evidence_source(unknown) if evidence_source is not None and unknown else Evidence()
        for redirected in unknown:
            if redirected in said.chosen:
                continue
            entry, claimant = redirected.entry, redirected.claimant
            place = Place.holder(entry.distribution_id, entry.holder)
            if redirected in said.unverified:
                why = f"its choice, if it was that, {claimant} made as a contract, unverified"
            elif redirected.choice is None:
                why = f"what {claimant} had chosen before these books begin is not in them"
            else:
                reported, law = (
                    (entry.payee, "the event"),
                    (redirected.choice, "the holder's choice"),
                )
                self.differ(place, "the payee", reported, law)
                continue
            self.unproven.append(f"{place.name}: the payee is {entry.payee}, and {why}")

    def _is_instructed(self, redirected: RedirectedPayment) -> bool:
        entry = redirected.entry
        reported = (entry.transaction, redirected.claimant, entry.holder, entry.payee)
        return reported in self._instructions

    def _close(self, distribution: DistributionAccount) -> None:
        """Hold what became of a distribution against what the law makes of its settlements."""
        swept, carried = distribution.ending()
        for figure, reported, law in (
            ("carried out", distribution.carried_out, carried),
            ("swept", distribution.swept, swept),
            ("owed", distribution.owed, distribution.owed_by_law),
        ):
            if reported != law:
                says, expects = (reported, "the events"), (law, "the law")
                self.differ(
                    Place.total(distribution.id), figure, says, expects, distribution.currency
                )

    def differ(
        self,
        place: Place,
        figure: str,
        left: SourcedValue,
        right: SourcedValue,
        currency: str | None = None,
    ) -> None:
        """Note that `left` says one thing and `right` another, each a value and its source.

        With a `currency` the values are amounts of it.
        """
        shown = [
            str(value) if currency is None else self.money(currency, int(str(value)))
            for value, _ in (left, right)
        ]
        self._found.append(Difference(place, figure, shown[0], left[1], shown[1], right[1]))

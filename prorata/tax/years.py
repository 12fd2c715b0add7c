# SPDX-License-Identifier: MIT
"""The year in which income counts: which date decides, in whose calendar, for whom.

Each jurisdiction has its rule (`YearRule`); a holder's is that of its country, as the register or
a file of investors says, and of a holder whose country nobody knows, the default. By itself the
table has

    US          payable, America/New_York   26 CFR 1.301-1(b): a distribution is income when it is
                                            unqualifiedly made subject to the holder's demand
    all others  paid, UTC                   the date of payment, which every chain knows

and an issuer's file of rates can say otherwise under `years:`; what the last one said that was put
in force, the journal keeps.

By the rule `payable`, income from one distribution counts in the first year at whose end the holder
could have had it: the first second of payment had come, the record had closed, the deadline had
not passed, and the person's wallet was not frozen. What is paid before counts in the year of its
payment. So the income of a frozen wallet counts in the year of its release, and what nobody has
come for counts all the same. Whether a holder was eligible no event tells, but the register has the
last second of its eligibility: who is not eligible now, and has not been paid, was so until then,
or is taken for somebody who never was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from prorata.assets.year_rules import PAID, PAYABLE, YearRule, YearSettings
from prorata.chain.events import Moment
from prorata.chain.journal import Journal
from prorata.deployments.deployment import Deployment, open_journal
from prorata.files.models import validated
from prorata.ledger.books import Books
from prorata.ledger.entries import DistributionAccount
from prorata.values.countries import find_country
from prorata.values.times import year_of

__all__ = [
    "RULES",
    "US",
    "YearRules",
    "last_second_of",
    "note_years",
    "noted_years",
    "year_of_income",
    "years_of_income",
]

NOTED = "year-rules"
"""What the journal calls a note of whose rule is which."""

US = find_country("US").code

RULES: Final[Mapping[int, YearRule]] = {
    # As it is: the zone is looked up when it is used, which a computer without zones may never do.
    US: YearRule.model_construct(date=PAYABLE, zone="America/New_York", source="26 CFR 1.301-1(b)"),
}
"""The rules of jurisdictions that need not be told, by ISO 3166-1 code."""

_ANY = 2**256


@dataclass(frozen=True)
class YearRules:
    """Which rule is whose. `countries` are those of wallets, where they are known.

    With `forced` it is everybody's; a `zone` replaces that of every rule. `eligible_until` has the
    last second at which the person behind a wallet is eligible.
    """

    default: YearRule = field(default_factory=lambda: YearRule(date=PAID, zone="UTC"))
    by_country: Mapping[int, YearRule] = field(default_factory=lambda: RULES)
    countries: Mapping[str, int] = field(default_factory=dict)
    forced: YearRule | None = None
    zone: str | None = None
    eligible_until: Mapping[str, int] = field(default_factory=dict)

    def set_by(self, settings: YearSettings | None) -> YearRules:
        """The same, but for what a file says."""
        if settings is None:
            return self
        rules = {**self.by_country, **settings.countries}
        return replace(self, default=settings.default or self.default, by_country=rules)

    def country_of(self, *wallets: str) -> int | None:
        """The country of a person, by any of its wallets; None if nobody knows it."""
        return next((self.countries[w] for w in wallets if w in self.countries), None)

    def rule_of(self, *wallets: str) -> YearRule:
        """The rule for a person, by any of its wallets."""
        country = self.country_of(*wallets)
        known = self.default if country is None else self.by_country.get(country, self.default)
        rule = known if self.forced is None else self.forced
        return rule if self.zone is None else rule.model_copy(update={"zone": self.zone})


def note_years(journal: Journal | None, settings: YearSettings | None) -> None:
    """Keep what a file says of the year of income, unless that is what was kept last."""
    if journal is not None and settings not in (None, _last_of(journal)):
        journal.note({"what": NOTED, "years": settings.as_written()})


def noted_years(deployment: Deployment) -> YearSettings | None:
    """What the last file of rates said of the year of income, as the deployment's journal has it.

    Raises: JournalError when the journal is damaged; InputError when it says what nobody knows.
    """
    with open_journal(deployment.chain, deployment.folder, read_only=True) as journal:
        return _last_of(journal)


def _last_of(journal: Journal) -> YearSettings | None:
    said = [note["years"] for note in journal.notes if note.get("what") == NOTED]
    return validated(YearSettings, said[-1], "the file of rates", "the journal") if said else None


def last_second_of(year: int, rule: YearRule) -> int:
    """The last second of a year in the calendar of a rule."""
    return int(datetime(year + 1, 1, 1, tzinfo=rule.calendar).timestamp()) - 1


def year_of_income(
    books: Books,
    distribution: DistributionAccount,
    holder: str,
    rule: YearRule,
    eligible_until: Mapping[str, int] = MappingProxyType({}),
) -> int | None:
    """The year in which a holder's income from a distribution counts; None while in none yet."""
    person = books.ledgers[distribution.token].claimant_of(holder)
    eligible = eligible_until.get(person, 0)
    settled = distribution.settlements.get(holder)
    paid = None if settled is None else year_of(settled.time, rule.calendar)
    if rule.date == PAID or not _divides(distribution):
        return paid
    return next(
        (
            year
            for year, end in _year_ends(books, distribution, rule)
            if year == paid or _is_at_demand(books, distribution, holder, end, eligible)
        ),
        paid,
    )


def _divides(distribution: DistributionAccount) -> bool:
    return distribution.division is not None and distribution.ended != "refunded"


def _year_ends(
    books: Books, distribution: DistributionAccount, rule: YearRule
) -> Iterator[tuple[int, int]]:
    """The years since income could first be had, each with its last second, or the present one."""
    first = max(distribution.payable_from, distribution.declared_at)
    if first > books.until:
        return
    for year in range(year_of(first, rule.calendar), year_of(books.until, rule.calendar) + 1):
        yield year, min(last_second_of(year, rule), books.until)


def _is_at_demand(
    books: Books, distribution: DistributionAccount, holder: str, second: int, eligible_until: int
) -> bool:
    """Whether at the end of a second the income could be had, if it had not been paid."""
    ledger, deadline = books.ledgers[distribution.token], distribution.terms.deadline
    end: Moment = (second, _ANY, _ANY)
    unpaid = holder not in distribution.settlements
    held = unpaid and (distribution.id, holder) in books.held
    waits = held and second > eligible_until
    frozen = ledger.was_frozen(ledger.claimant_at(holder, end), end)
    return not (waits or frozen or (deadline and second > deadline))


def years_of_income(
    books: Books, distribution: DistributionAccount, rules: YearRules
) -> Iterator[tuple[str, int | None, YearRule]]:
    """Everyone who earned in a distribution, with the year in which it counts, and the rule."""
    ledger = books.ledgers[distribution.token]
    for holder in dict.fromkeys([*distribution.earning, *distribution.settlements]):
        rule = rules.rule_of(ledger.claimant_of(holder), holder)
        year = year_of_income(books, distribution, holder, rule, rules.eligible_until)
        yield holder, year, rule

# SPDX-License-Identifier: MIT
"""Whether the rules of an asset let its holders be issued what they are to be issued.

The token lets an agent issue to whoever is eligible, as ERC-3643 asks; limits on persons bind
transfers only. A limit that a law sets on purchasers has to bind the issue too, so that it is
checked here, by the same settings and from the same registry, before anything is sent. An ERC-3643
compliance contract of another make is asked itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prorata.assets.rules import RuleSettings
from prorata.contracts.compliance import Compliance
from prorata.contracts.registry import Investor, InvestorRegistry
from prorata.contracts.rules import TransferRules
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, InputError, Problem
from prorata.register.captable import Holding
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import format_units, parse_units
from prorata.values.countries import country_name
from prorata.values.kinds import InvestorClass
from prorata.values.times import moment

__all__ = ["check_issue"]

DESPITE = "leave the holder out, or issue despite the rules"
_PAGE = 100


def check_issue(deployment: Deployment, holdings: Sequence[Holding], issuer: str) -> None:
    """Compare what is to be issued with the rules that were deployed with the asset.

    Where the token asks a compliance contract of another make, that is asked: of each holder, and
    of the last one once `issuer` has issued to the others, if the node can run that. Nothing is
    checked under other rules of our kind: their settings are not known here.

    Raises: InputError with every holder and every limit that stands in the way; ChainError.
    """
    if not holdings:
        return
    rules = deployment.settings.rules
    ours = deployment.manifest.contracts.get("TransferRules")
    asked = deployment.token().compliance()
    problems: list[Problem] = []
    if ours is None or asked != ours.address:
        problems += _refused_elsewhere(deployment, asked, holdings, issuer)
    elif isinstance(rules, RuleSettings):
        issue = _Issue(deployment, rules, holdings)
        problems += [*issue.faulty_holders(), *issue.faulty_persons(), *issue.faulty_numbers()]
    if problems:
        raise InputError(problems, "what is to be issued")


def _refused_elsewhere(
    deployment: Deployment, rules: str, holdings: Sequence[Holding], issuer: str
) -> Iterator[Problem]:
    """Holders whom a compliance contract of another make would refuse, or all of them together."""
    if rules == ZERO_ADDRESS or _are_ours(TransferRules(deployment.chain, rules)):
        return
    compliance, decimals = Compliance(deployment.chain, rules), deployment.settings.decimals
    answers = compliance.may_issue([(holding.address, holding.shares) for holding in holdings])
    for holding, allowed in zip(holdings, answers, strict=True):
        if not allowed:
            shares = format_units(holding.shares, decimals, trim=True)
            rule = f"may not be issued {shares} shares, says the compliance contract {rules}"
            yield Problem(None, "address", holding.address, rule, DESPITE)
    *others, last = holdings
    if not (others and all(answers)):
        return
    token = deployment.token()
    pages = (others[start : start + _PAGE] for start in range(0, len(others), _PAGE))
    before = [token.batch_mint([h.address for h in p], [h.shares for h in p]) for p in pages]
    # A limit on the supply, for one, that no holder exceeds alone.
    if compliance.may_issue_after(before, issuer, last.address, last.shares) is False:
        total = format_units(sum(holding.shares for holding in holdings), decimals, trim=True)
        rule = f"shares together may not be issued, says the compliance contract {rules}"
        yield Problem(None, "total", total, rule, "issue less, or despite the rules")


def _are_ours(rules: TransferRules) -> bool:
    try:
        rules.registry()
    except ChainError:
        return False
    return True


@dataclass(frozen=True)
class _Person:
    """Somebody who is to be issued shares: what is held now, and what would be."""

    investor: Investor
    before: int
    after: int


class _Issue:
    """What is to be issued, by wallet and by person."""

    def __init__(
        self, deployment: Deployment, rules: RuleSettings, holdings: Sequence[Holding]
    ) -> None:
        self.rules, self.holdings = rules, holdings
        self.decimals = deployment.settings.decimals
        self.token = deployment.token().address
        self.now = deployment.chain.now()
        self.registry: InvestorRegistry = deployment.registry()
        self.investors = self.registry.investors_of([holding.address for holding in holdings])
        self.persons = list(self._persons()) if rules.counts else []

    def _persons(self) -> Iterator[_Person]:
        shares: Counter[int] = Counter()
        known = {}
        for holding, investor in zip(self.holdings, self.investors, strict=True):
            shares[investor.person] += holding.shares
            known[investor.person] = investor
        numbers = sorted(number for number in shares if number)
        held = self.registry.holdings_of(self.token, numbers)
        for number, before in zip(numbers, held, strict=True):
            yield _Person(known[number], before, before + shares[number])

    def faulty_holders(self) -> Iterator[Problem]:
        """Wallets that may not receive."""
        for holding, investor in zip(self.holdings, self.investors, strict=True):
            fault = self._fault(investor)
            if fault is not None:
                yield Problem(None, "address", holding.address, *fault)

    def _fault(self, investor: Investor) -> tuple[str, str] | None:
        rules, register = self.rules, "register the wallet first"
        if rules.eligible and investor.eligible_until < self.now:
            until = moment(investor.eligible_until) if investor.eligible_until else None
            return (f"was eligible until {until}" if until else _UNKNOWN), register
        listed = rules.countries
        if listed is not None and not (listed.until and self.now > listed.until):
            welcome = investor.country in (listed.only or ())
            if listed.but is not None:
                welcome = investor.country not in listed.but
            if not welcome:
                name = country_name(investor.country)
                return f"is in {name}, whose investors may not receive now", DESPITE
        if rules.classes and investor.investor_class not in rules.classes:
            return f"is of class {_class(investor.investor_class)}, which may not receive", DESPITE
        return None

    def faulty_persons(self) -> Iterator[Problem]:
        """Persons who would hold too much or too little."""
        most, least = (
            self._units(limit) for limit in (self.rules.max_holding, self.rules.min_holding)
        )
        for person in self.persons:
            column, held = f"person {person.investor.person}", self._shares(person.after)
            if most is not None and person.after > most:
                rule = f"is more than the {self._shares(most)} that one person may hold"
                yield Problem(None, column, held, rule, DESPITE)
            if least is not None and person.after < least:
                rule = f"is less than the {self._shares(least)} that who holds must hold"
                yield Problem(None, column, held, rule, DESPITE)

    def faulty_numbers(self) -> Iterator[Problem]:
        """Limits on the number of persons that would be exceeded."""
        rules, limited = self.rules, self.rules.limited_class
        new = [person.investor for person in self.persons if not person.before]
        of_class = [i for i in new if limited is not None and i.investor_class == limited]
        if new and rules.max_holders is not None:
            count = self.registry.holder_count(self.token) + len(new)
            yield from _over("", count, rules.max_holders)
        for country, number in sorted(Counter(i.country for i in new).items()):
            if rules.max_holders_in_country is not None:
                count = self.registry.holder_count_in(self.token, country) + number
                yield from _over(
                    f" in {country_name(country)}", count, rules.max_holders_in_country
                )
        if limited is None or not of_class:
            return
        named = f" of class {limited.label}"
        if rules.max_holders_of_class is not None:
            count = self.registry.holder_count_of(self.token, limited) + len(of_class)
            yield from _over(named, count, rules.max_holders_of_class)
        for country, number in sorted(Counter(i.country for i in of_class).items()):
            if rules.max_holders_of_class_in_country is not None:
                count = self.registry.holder_count_of_in(self.token, limited, country) + number
                where = f"{named} in {country_name(country)}"
                yield from _over(where, count, rules.max_holders_of_class_in_country)

    def _units(self, shares: str | None) -> int | None:
        return None if shares is None else parse_units(shares, self.decimals, noun="shares")

    def _shares(self, amount: int) -> str:
        return format_units(amount, self.decimals, trim=True)


_UNKNOWN = "is not registered as eligible"


def _over(which: str, count: int, limit: int) -> Iterator[Problem]:
    if count > limit:
        rule = f"persons{which} would hold, and there may be {limit:,}"
        yield Problem(None, None, f"{count:,}", rule, "issue to fewer, or despite the rules")


def _class(number: int) -> str:
    known = {int(kind): kind.label for kind in InvestorClass}
    return known.get(number, f"number {number}")

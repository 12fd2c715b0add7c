# SPDX-License-Identifier: MIT
"""What an analysis needs of one asset: who held, how shares moved, what was paid, and marks.

Holdings are the ledger's at a moment; movements and distributions come from the books, up to the
same second. Persons are the office's: wallets of one person are one, and so are a lost wallet and
its successor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from prorata.analysis.concentration import Held, Part
from prorata.analysis.distributions import Distribution
from prorata.analysis.liquidity import Cause, Movement, Supply
from prorata.analysis.marks import Basis, Mark, MarkKind
from prorata.analysis.reporting import Reporting
from prorata.analysis.returns import Flow
from prorata.analysis.splits import (
    Split,
    ratio_of,
    restated_distributions,
    restated_marks,
    restated_movements,
    restated_supply,
)
from prorata.errors import BooksError, InputError
from prorata.ledger.books import Books
from prorata.ledger.entries import DistributionAccount
from prorata.ledger.movements import Movement as Entry
from prorata.ledger.movements import MovementKind, Plain
from prorata.register.shares import Ledger
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Unit

__all__ = [
    "AssetFacts",
    "Known",
    "distributions_of",
    "facts_of",
    "same_currencies",
    "series_of",
    "splits_of",
]

_TRADES = (MovementKind.TRADE, MovementKind.AUCTION)
_PLAIN = (MovementKind.TRANSFER, MovementKind.DELIVERY)


@dataclass(frozen=True)
class Known:
    """What is known of wallets beside the chain.

    `persons` has the person of each wallet, None where there is no office; `countries` those of
    persons; `parts` what a wallet is, if it is no holder's; `same` the currencies that are counted
    as another one, as USDC may be as USD. With `reporting` all figures are in one currency. Where
    there are no `persons`, `unnamed` says why.
    """

    persons: Mapping[str, str] | None = None
    countries: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    same: Mapping[str, str] = field(default_factory=dict)
    reporting: Reporting | None = None
    unnamed: str = "no office says who is behind the wallets"

    def marks(self, marks: Sequence[Mark]) -> tuple[list[Mark], list[str]]:
        """Marks in the reporting currency, if there is one, and why others are left out."""
        return (list(marks), []) if self.reporting is None else self.reporting.marks(marks)


@dataclass(frozen=True)
class AssetFacts:
    """One asset at one second; `income` is what each person was paid, with its currency.

    `left_out` are marks that are not in the reporting currency, and why.
    """

    symbol: str
    decimals: int
    as_of: int
    known: Known
    held: Sequence[Held]
    movements: Sequence[Movement]
    supply: Sequence[Supply]
    distributions: Sequence[Distribution]
    marks: Sequence[Mark]
    income: Mapping[str, Sequence[tuple[str, Flow]]]
    persons: Mapping[str, str]
    left_out: Sequence[str] = ()

    @property
    def since(self) -> int:
        """When the first share was issued."""
        return self.supply[0].since if self.supply else self.as_of

    @property
    def currency(self) -> str | None:
        """What the newest mark is in."""
        return _newest_currency(self.marks)

    def series(self, kind: MarkKind) -> list[Mark]:
        """The marks of a kind in the currency of the newest one, one for each time: ex, if any."""
        return series_of(self.marks, kind)

    def person(self, wallet: str) -> str:
        """Whose a wallet is; its own, if nobody says."""
        return self.persons.get(wallet, wallet)

    def shares_at(self, person: str, second: int) -> int | Fraction:
        """What a person had at the end of a second, in smallest units of now."""
        moved = (one for one in self.movements if one.time <= second)
        return sum(
            one.shares * ((one.receiver == person) - (one.origin == person)) for one in moved
        )


def facts_of(
    books: Books,
    token: str,
    *,
    as_of: int,
    balances: Mapping[str, int],
    marks: Sequence[Mark],
    known: Known,
) -> AssetFacts:
    """The facts of an asset whose holders had `balances` at a second.

    Raises: BooksError when the shares that moved do not make the balances.
    """
    ledger, unit = books.ledgers[token], books.unit(token)
    people = _Persons(ledger, known)
    splits = splits_of(books, token, as_of=as_of)
    told, left_out = known.marks([one for one in marks if one.time <= as_of])
    seen = restated_marks(told, splits)
    moved = list(_moved(books, token, people, as_of, _newest_currency(seen)))
    supply = list(_supplies(moved))
    whole, found = sum(balances.values()), supply[-1].shares if supply else 0
    if whole != found:
        sentence = f"the ledger has {whole} smallest units of shares, and {found} were issued"
        raise BooksError(sentence, "run `prorata follow`, then `prorata ledger check`")
    return AssetFacts(
        symbol=unit.symbol,
        decimals=unit.decimals,
        as_of=as_of,
        known=known,
        held=[people.held(wallet, shares) for wallet, shares in sorted(balances.items())],
        movements=restated_movements(moved, splits),
        supply=restated_supply(supply, splits),
        distributions=distributions_of(books, token, as_of=as_of, known=known),
        marks=seen,
        income=_income(books, token, people, as_of),
        persons=people.all_of(books, token, balances),
        left_out=left_out,
    )


def same_currencies(said: Iterable[str]) -> dict[str, str]:
    """Pairs as people write them: `USDC=USD`.

    Raises: InputError for what is no pair of currencies.
    """
    found = {}
    for one in said:
        name, _, other = one.partition("=")
        if not name or not other:
            raise InputError.of("same", one, "is no pair of currencies", "write USDC=USD")
        found[name] = other
    return found


def series_of(marks: Sequence[Mark], kind: MarkKind) -> list[Mark]:
    """The marks of a kind in the currency of the newest one, one for each time: ex, if any."""
    currency = _newest_currency(marks)
    chosen: dict[int, Mark] = {}
    for one in marks:
        if one.kind is kind and one.currency == currency:
            before = chosen.get(one.time)
            if before is None or before.basis is Basis.CUM:
                chosen[one.time] = one
    return [chosen[time] for time in sorted(chosen)]


def distributions_of(books: Books, token: str, *, as_of: int, known: Known) -> list[Distribution]:
    """What a whole share of now was paid by what had been declared; what went back is none."""
    unit = books.unit(token)
    found = [
        _distribution(one, unit, books.unit(one.currency), known)
        for one in _declared(books, token, as_of)
        if one.currency != token
    ]
    if known.reporting is not None:
        found = known.reporting.distributions(found)
    return restated_distributions(found, splits_of(books, token, as_of=as_of))


def splits_of(books: Books, token: str, *, as_of: int) -> list[Split]:
    """The splits and the dividends in own shares that had been declared."""
    found = []
    for one in _declared(books, token, as_of):
        if one.currency == token and one.division is not None:
            ratio = ratio_of(one.earning, one.division.gross)
            found.append(Split(one.record_time, one.declared_at, 1 + ratio))
    return found


def _declared(books: Books, token: str, as_of: int) -> list[DistributionAccount]:
    return [
        one
        for one in books.of_asset(token)
        if one.declared_at <= as_of and one.earning and not one.cancelled
        if one.ended != "refunded"
    ]


def _newest_currency(marks: Sequence[Mark]) -> str | None:
    known = sorted(marks, key=lambda one: (one.time, one.created_at))
    return known[-1].currency if known else None


class _Persons:
    """Who is behind wallets: the office's person, or the last successor."""

    def __init__(self, ledger: Ledger, known: Known) -> None:
        self.ledger = ledger
        self.known = known

    def of(self, wallet: str) -> str:
        """The person of a wallet."""
        persons, last = self.known.persons or {}, self.ledger.claimant_of(wallet)
        return persons.get(last) or persons.get(wallet) or last

    def held(self, wallet: str, shares: int) -> Held:
        """What a wallet holds, for a concentration."""
        part = self.known.parts.get(wallet, Part.HOLDER)
        return Held(wallet, shares, self.of(wallet), part)

    def all_of(self, books: Books, token: str, balances: Mapping[str, int]) -> dict[str, str]:
        """The person of every wallet that ever had shares."""
        wallets = {wallet for one in books.movements[token].all for wallet in _parties(one)}
        return {wallet: self.of(wallet) for wallet in wallets | set(balances)}


def _parties(one: Entry | Plain) -> tuple[str, str]:
    return (one.giver, one.receiver) if isinstance(one, Entry) else one[1:3]


def _moved(
    books: Books, token: str, people: _Persons, as_of: int, currency: str | None
) -> Iterator[Movement]:
    """How shares went from person to person; to and from care they go to nobody.

    Prices are those in the `currency` of the marks.
    """
    unit, vault = books.unit(token), books.vault
    given_since = min((one.declared for one in splits_of(books, token, as_of=as_of)), default=None)
    for one in books.movements[token].all:
        if not isinstance(one, Entry):
            moment, giver, receiver, shares = one
            if moment[0] <= as_of:
                moved = _plainly(moment[0], giver, receiver, shares, people)
                if vault in (giver, receiver) and moved.cause is Cause.TRANSFER:
                    # What the vault pays in shares is nobody's trade.
                    split = given_since is not None and moment[0] >= given_since
                    cause = Cause.SPLIT if split and giver == vault else Cause.ISSUER
                    moved = replace(moved, cause=cause)
                yield moved
            continue
        if one.kind is MovementKind.CUSTODY or one.moment[0] > as_of:
            continue
        giver = one.owner or one.giver
        moved = _plainly(one.moment[0], giver, one.receiver, one.shares, people)
        if moved.cause is not Cause.TRANSFER:
            yield moved
            continue
        cause = Cause.ISSUER
        if one.kind in _TRADES:
            cause = Cause.TRADE
        elif one.kind in _PLAIN:
            cause = Cause.TRANSFER
        elif one.kind is MovementKind.RECOVERY:
            cause = Cause.RECOVERY
        price = _price(one, unit, books, people.known, currency)
        yield replace(moved, cause=cause, price=price)


def _plainly(time: int, giver: str, receiver: str, shares: int, people: _Persons) -> Movement:
    """A movement without more words; what the issuer gives or takes is its own."""
    cause = Cause.TRANSFER
    if giver == ZERO_ADDRESS:
        cause = Cause.MINT
    elif receiver == ZERO_ADDRESS:
        cause = Cause.BURN
    elif Part.TREASURY in {people.known.parts.get(wallet) for wallet in (giver, receiver)}:
        cause = Cause.ISSUER
    return Movement(time, shares, people.of(giver), people.of(receiver), cause)


def _price(
    one: Entry, unit: Unit, books: Books, known: Known, currency: str | None
) -> Fraction | None:
    """What a whole share cost in a trade in that currency, in whole units of it."""
    trade = one.trade
    if trade is None or not trade.priced or not trade.shares or not trade.paid:
        return None
    money = books.unit(trade.currency)
    paid = Fraction(trade.paid, 10**money.decimals) / Fraction(trade.shares, 10**unit.decimals)
    if known.reporting is not None:
        return known.reporting.worth(paid, _named(money, known), one.moment[0])
    return paid if _named(money, known) == currency else None


def _supplies(moved: Sequence[Movement]) -> Iterator[Supply]:
    """How many shares there were from each second on at which that changed."""
    whole: dict[int, int | Fraction] = {}
    shares: int | Fraction = 0
    for one in moved:
        if one.cause in (Cause.MINT, Cause.BURN):
            shares += one.shares if one.cause is Cause.MINT else -one.shares
            whole[one.time] = shares
    return (Supply(time, shares) for time, shares in whole.items())


def _named(unit: Unit, known: Known) -> str:
    return known.same.get(unit.symbol, unit.symbol)


def _distribution(one: DistributionAccount, unit: Unit, money: Unit, known: Known) -> Distribution:
    """What a whole share was paid. After tax only where nobody withholds any is that known."""
    shares = Fraction(sum(one.earning.values()), 10**unit.decimals)
    gross = Fraction(one.amount, 10**money.decimals) / shares
    return Distribution(
        record=one.record_time,
        declared=one.declared_at,
        gross=gross,
        currency=_named(money, known),
        kind=one.terms.kind,
        net=gross if one.terms.tax_policy == ZERO_ADDRESS else None,
        paid=max(one.declared_at, one.payable_from),
    )


def _income(
    books: Books, token: str, people: _Persons, as_of: int
) -> dict[str, list[tuple[str, Flow]]]:
    """What each person was paid, gross, when it was; shares of a split are no money."""
    found: dict[str, list[tuple[str, Flow]]] = {}
    for one in books.of_asset(token):
        if one.currency == token:
            continue
        money = books.unit(one.currency)
        for holder, entry in one.settlements.items():
            if entry.time <= as_of and entry.gross:
                flow = Flow(entry.time, Fraction(entry.gross, 10**money.decimals))
                told = _named(money, people.known), flow
                if people.known.reporting is not None:
                    told = people.known.reporting.flow(*told)
                found.setdefault(people.of(holder), []).append(told)
    return found

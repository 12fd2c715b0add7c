# SPDX-License-Identifier: MIT
"""The audit: the books, made from events and the law, against what the contracts answer.

`audit` reads both at one block: every event of the vault and of the share tokens, and then every
view that must agree with them. Whatever differs is named, in this order: the share register; then
for each distribution its terms, its holders one by one, and its totals; then what is carried; and
last the money itself, which the vault must really hold.

Who chose a payee that is nobody's standing choice, the transaction that paid is asked (`evidence
source`). What cannot be shown is said in `Books.unproven`: that a person who is a contract chose
the payee of a `claimTo`, and what somebody chose in an older vault before these books begin. That
income waits for somebody who is not eligible is the registry's word, and known for the present
only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prorata.chain.calls import Event
from prorata.chain.events import read_events
from prorata.chain.readings import read_steadily
from prorata.chain.types import Block, Chain
from prorata.contracts.record_ranges import RecordRanges
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution, DividendVault
from prorata.deployments.deployment import Deployment
from prorata.deployments.market_contracts import (
    CALL_AUCTION,
    HOLDS,
    SETTLEMENT,
    SHARE_EXCHANGE,
    packed_singletons,
    singleton_address,
)
from prorata.ledger.answers import (
    Answers,
    ask_token,
    read_answers,
    read_share_tokens,
    read_units,
)
from prorata.ledger.books import Books
from prorata.ledger.comparisons import CHAIN, check_figure
from prorata.ledger.corrections import Correction, read_corrections, unproven
from prorata.ledger.entries import (
    Difference,
    DistributionAccount,
    Place,
)
from prorata.ledger.evidence import evidence_source
from prorata.ledger.movements import NO_MARKET, IssuePrice, MarketContracts
from prorata.ledger.registers import read_register
from prorata.ledger.trading import TradingAnswers, check_trading, read_trading
from prorata.register.record_ranges import RangeRegister
from prorata.register.shares import Ledger
from prorata.values.addresses import ZERO_ADDRESS

__all__ = [
    "Audit",
    "audit",
    "audit_deployment",
    "audit_register",
    "compare",
    "correct",
    "range_contracts",
    "read_vault",
    "usual_market",
]

_NONE = ("missing", "the events")


@dataclass(frozen=True)
class Audit:
    """Books that have been compared with the chain, and the answers they were compared with."""

    books: Books
    answers: Answers
    trading: Mapping[str, TradingAnswers] = field(default_factory=dict)
    """What the market's contracts answered, for each share token."""

    @property
    def balanced(self) -> bool:
        """Whether no two figures differ."""
        return self.books.balanced


def audit(
    chain: Chain,
    vault: str,
    tokens: Sequence[str],
    first_block: int,
    *,
    last: int | None = None,
    withholding: Mapping[str, int] | None = None,
    older_vault: bool = False,
    record_ranges: Sequence[str] = (),
    market: MarketContracts = NO_MARKET,
    issue_price: IssuePrice | None = None,
) -> Audit:
    """Rebuild the books of `vault` for `tokens` at block `last`, or the newest, and compare.

    `record_ranges` are the contracts of the tokens' record ranges, which are audited with them.
    Trades are those of `market`, and `issue_price` says what shares cost at issue, if anybody does.

    `first_block` must not be later than the first event of a token, nor of the vault, unless that
    is an `older_vault`, which has served others before: then what came earlier is left out.

    Raises: BooksError when the register's events make no sense; ChainError.
    """

    def read(block: Block) -> Audit:
        registers = [
            read_register(
                chain, token, first_block, block.number, market=market, issue_price=issue_price
            )
            for token in tokens
        ]
        ledgers = [ledger for ledger, _ in registers]
        ledgers += _read_ranges(chain, ledgers, record_ranges, first_block, block)
        events = read_vault(chain, vault, first_block, block)
        first_id = _first_declared(chain, vault, events, block) if older_vault else 1
        currencies = {
            str(event.args["currency"]) for event, _ in events if event.name == "Declared"
        }
        movements = {one.token: one for _, one in registers}
        currencies = currencies.union(*(one.currencies for one in movements.values()))
        currencies |= set() if issue_price is None else {issue_price.currency}
        units = read_units(chain, currencies | {ledger.token for ledger in ledgers})
        books = Books.of(
            events,
            ledgers,
            vault=vault,
            units=units,
            withholding=withholding,
            first_id=first_id,
            share_tokens=read_share_tokens(chain, (ledger.asset for ledger in ledgers), block),
            evidence_source=evidence_source(chain, vault),
        )
        books.until = block.timestamp
        books.movements = movements
        answers = read_answers(chain, books, block)
        compare(books, answers)
        erc20 = currencies - {ZERO_ADDRESS}
        trading = {
            token: read_trading(chain, one, erc20, block) for token, one in movements.items()
        }
        for ledger, one in registers:
            check_trading(books, ledger, one, trading[one.token])
        return Audit(books, answers, trading)

    return read_steadily(chain, read, "latest" if last is None else last)


def read_vault(chain: Chain, vault: str, first_block: int, last: Block) -> list[tuple[Event, int]]:
    """The events of a vault and its claim relayer, in the chain's order.

    Raises: BooksError, ChainError.
    """
    relayer = DividendVault(chain, vault, block=last.number).relayer()
    speaking = [vault] if relayer == ZERO_ADDRESS else [vault, relayer]
    return read_events(chain, speaking, first_block, last.number)


def audit_register(
    chain: Chain, token: str, first_block: int, *, last: int | None = None
) -> tuple[Ledger, list[Difference]]:
    """The share register alone, and where it differs from what the token answers.

    Raises: BooksError when the token's events make no sense; ChainError.
    """

    def read(block: Block) -> tuple[Ledger, list[Difference]]:
        ledger = Ledger.read(chain, token, first_block, block.number)
        books, answers = Books([ledger]), Answers(chain.chain_id, block, 0)
        ask_token(answers, ShareToken(chain, token, block=block.number), ledger)
        _compare_register(books, ledger, answers)
        return ledger, books.differences

    return read_steadily(chain, read, "latest" if last is None else last)


def _read_ranges(
    chain: Chain,
    ledgers: Sequence[Ledger],
    record_ranges: Sequence[str],
    first_block: int,
    block: Block,
) -> list[RangeRegister]:
    """The registers of record ranges, each over that of its token."""
    by_token = {ledger.token: ledger for ledger in ledgers}
    found = []
    for address in record_ranges:
        ledger = by_token[RecordRanges(chain, address, block=block.number).token()]
        read = RangeRegister.read_over(chain, ledger, address, first_block, block.number)
        found.append(read)
    return found


def _first_declared(
    chain: Chain, vault: str, events: Sequence[tuple[Event, int]], block: Block
) -> int:
    """The first distribution among the events; the next one to come if there is none."""
    declared = (int(event.args["id"]) for event, _ in events if event.name == "Declared")
    count = DividendVault(chain, vault, block=block.number).distribution_count()
    return next(declared, count + 1)


# ------------------------------------------------------------------------------------- comparing


def compare(books: Books, answers: Answers) -> None:
    """Note every figure in which books and answers differ, in the order given above."""
    for ledger in books.ledgers.values():
        _compare_register(books, ledger, answers)
    for holder, payee in answers.payees.items():
        # Whom somebody chose in an older vault before these books begin is not known here.
        chosen = books.payees.get(holder, holder if books.first_id == 1 else payee)
        check_figure(books, Place.register(holder), "the payee it has chosen", chosen, payee)
    last = books.first_id + len(books.distributions) - 1
    check_figure(books, Place.vault(), "distributions declared", last, answers.count)
    for number, found in answers.distributions.items():
        if number < books.first_id:
            continue
        distribution = books.distributions.get(number)
        if distribution is None:
            books.differ(Place.declaration(number), "its declaration", _NONE, ("there", CHAIN))
            continue
        _compare_terms(books, distribution, found)
        _compare_holders(books, distribution, answers)
        _compare_totals(books, distribution, found)
    for position in books.positions():
        series, currency = (position.token, position.currency), position.currency
        place = Place.series(f"token {position.token}")
        if not books.knows_all_of(position.token):
            continue
        check_figure(
            books, place, "carried", position.carried, answers.carried[series], currency=currency
        )
    for currency, held in answers.held.items():
        needed = books.liability(currency) - _gone(books, currency)
        if held < needed:
            says = (needed, "the books, at least,")
            books.differ(Place.vault(), "money held", says, (held, CHAIN), currency)


def _gone(books: Books, currency: str) -> int:
    """What was left over in shares that the vault has no more.

    It is burnt before everybody's shares are exchanged, or was exchanged with them.
    """
    ledger = books.ledgers.get(currency)
    if ledger is None:
        return 0
    left_over = sum(amount for (_, shares), amount in books.carries.items() if shares == currency)
    if not left_over or not any(ledger.balances.values()):
        return left_over
    movements = books.movements.get(currency)
    if movements is None:
        return 0
    given = (entry for one in movements.exchanges.given for entry in one.entries)
    taken = sum(entry.shares for entry in given if entry.holder == books.vault)
    burnt = sum(
        one[3]
        for one in movements.all
        if isinstance(one, tuple) and one[1:3] == (books.vault, ZERO_ADDRESS)
    )
    return min(left_over, taken + burnt)


def _compare_register(books: Books, ledger: Ledger, answers: Answers) -> None:
    token = ledger.token
    place = Place.register(f"token {token}")
    # A record range has shares at its records only.
    supply = answers.supplies.get(token, ledger.total_supply)
    check_figure(books, place, "total supply", ledger.total_supply, supply)
    for account in ledger:
        ours = ledger.balance_of(account)
        theirs = answers.balances.get((token, account), ours)
        check_figure(books, Place.register(account), "shares", ours, theirs)
        _compare_person(books, ledger, account, answers)
    check_figure(books, place, "record dates", ledger.record_times, answers.record_times[token])
    for record_id in range(1, ledger.record_count + 1):
        if (token, record_id) not in answers.supplies_at:
            continue
        at = f"at record {record_id}"
        ours, theirs = ledger.total_supply_at(record_id), answers.supplies_at[token, record_id]
        check_figure(books, place, f"total supply {at}", ours, theirs)
        for account in ledger:
            ours = ledger.balance_at(account, record_id)
            theirs = answers.balances_at.get((token, record_id, account), ours)
            check_figure(books, Place.register(account), f"shares {at}", ours, theirs)


def _compare_person(books: Books, ledger: Ledger, account: str, answers: Answers) -> None:
    key, place = (ledger.token, account), Place.register(account)
    successor, frozen = ledger.claimant_of(account), ledger.is_frozen(account)
    words = ("not frozen", "frozen")
    check_figure(books, place, "its successor", successor, answers.successors.get(key, successor))
    check_figure(books, place, "the wallet", words[frozen], words[answers.frozen.get(key, frozen)])


def _compare_terms(books: Books, ours: DistributionAccount, theirs: Distribution) -> None:
    place = Place.declaration(ours.id)
    for figure, left, right in (
        ("the token", ours.token, theirs.token),
        ("the record", ours.record_id, theirs.record_id),
        ("the currency", ours.currency, theirs.currency),
        ("the declarer", ours.declarer, theirs.declarer),
        ("the kind", ours.terms.kind.label, theirs.terms.kind.label),
        ("the deadline", ours.terms.deadline, theirs.terms.deadline),
        ("the recipient of a sweep", ours.terms.sweep_to, theirs.terms.sweep_to),
        ("the tax policy", ours.terms.tax_policy, theirs.terms.tax_policy),
        ("the document", ours.terms.document_hash.hex(), theirs.terms.document_hash.hex()),
        ("excluded accounts", ours.terms.excluded, theirs.terms.excluded),
        ("the first second of payment", ours.payable_from, theirs.terms.payable_from),
    ):
        # When the record of a token closes is known only where its register is.
        audited = ours.token in books.ledgers
        if audited or figure != "the first second of payment":
            check_figure(books, place, figure, left, right)
    if ours.collector and ours.collector != theirs.tax_collector:
        check_figure(books, place, "the tax collector", ours.collector, theirs.tax_collector)
    check_figure(books, place, "amount", ours.amount, theirs.amount, currency=ours.currency)


def _compare_holders(books: Books, ours: DistributionAccount, answers: Answers) -> None:
    for holder in books.ledgers.get(ours.token, ()):
        key = (ours.id, holder)
        if key not in answers.claimed:
            continue
        claimed = answers.claimed[key]
        place = Place.holder(ours.id, holder)
        settled = holder in ours.settlements
        if settled != claimed:
            words = ("not settled", "settled")
            books.differ(
                place, "its income", (words[settled], "the events"), (words[claimed], CHAIN)
            )
        entitlement = answers.entitlements.get(key)
        if entitlement is None:
            continue
        gross, currency = books.gross_of(ours, holder), ours.currency
        check_figure(books, place, "gross", gross, entitlement.gross, currency=currency)
        # The policy is the law here; only what it answered and what was withheld can differ.
        books.taxes[key] = entitlement.tax
        rate = books.tax_by_rate(ours, gross)
        check_figure(
            books, place, "tax", books.tax_of(ours, holder), entitlement.tax, currency=currency
        )
        if rate is not None:
            check_figure(books, place, "tax by its rate", rate, entitlement.tax, currency=currency)
        # Who is not eligible may be held; whether it is, the terms decided at declaration.
        if answers.claimable[key] == 0 and (ours.token, holder) in answers.ineligible:
            books.held.add(key)
        due = gross - entitlement.tax if books.status(ours, holder) == "claimable" else 0
        check_figure(books, place, "claimable", due, answers.claimable[key], currency=currency)


def _compare_totals(books: Books, ours: DistributionAccount, theirs: Distribution) -> None:
    for figure, left, right in (
        ("paid and withheld", ours.settled, theirs.paid),
        ("withheld", ours.withheld, theirs.withheld),
        ("remitted", ours.remitted, theirs.remitted),
        ("owed", ours.owed, theirs.owed),
        ("carried out", ours.carried_out, theirs.carried_out),
        ("swept", ours.swept, theirs.swept),
    ):
        check_figure(books, Place.total(ours.id), figure, left, right, currency=ours.currency)
    if ours.token not in books.ledgers:
        return
    eligible = 0 if ours.division is None else ours.division.eligible
    # Until its first payment, a distribution declared at an open record may have no denominator.
    if not books.own_shares.is_counted(ours.id) and not theirs.eligible_supply:
        eligible = 0
    check_figure(books, Place.total(ours.id), "eligible shares", eligible, theirs.eligible_supply)
    check_figure(
        books, Place.total(ours.id), "settled shares", ours.settled_shares, theirs.settled_shares
    )


def audit_deployment(found: Deployment, *, issue_price: IssuePrice | None = None) -> Audit:
    """The books of a deployment's share token, compared with the chain.

    Trades are those of the market's contracts where they are on every chain. With them stand the
    repayments of tax that its journal has booked, each held against what its transaction has moved.
    """
    proven = audit(
        found.chain,
        found.vault().address,
        [found.token().address],
        found.manifest.first_block,
        # A vault that this deployment did not create has other tokens' earlier business in it.
        older_vault=found.manifest.contracts["DividendVault"].transaction is None,
        record_ranges=range_contracts(found),
        market=usual_market(),
        issue_price=issue_price,
    )
    booked = read_corrections(found)
    correct(proven.books, booked)
    for one, moved in unproven(found.chain, booked):
        place = Place.holder(one.distribution_id, one.holder)
        reported, law = (one.amount, "the journal"), (moved, f"the transaction {one.transaction}")
        proven.books.differ(place, "tax repaid", reported, law, one.currency)
    return proven


def correct(books: Books, corrections: Iterable[Correction]) -> None:
    """Enter repayments of over-withheld tax, each held against what was withheld."""
    for one in corrections:
        number, holder = one.distribution_id, one.holder
        books.corrections.add(one)
        distribution = books.distributions.get(number)
        if distribution is None:
            if number >= books.first_id:
                noted = ("there", "the journal")
                books.differ(Place.declaration(number), "its declaration", _NONE, noted)
            continue
        settled = distribution.settlements.get(holder)
        withheld = 0 if settled is None else settled.tax
        repaid = books.corrections.repaid(number, holder)
        if repaid > withheld:
            reported, law = (repaid, "the journal"), (withheld, "the tax withheld, at most")
            books.differ(Place.holder(number, holder), "tax repaid", reported, law, one.currency)


def usual_market() -> MarketContracts:
    """The contracts of the market, where they are on every chain that has them."""
    names, known = (SETTLEMENT, HOLDS, CALL_AUCTION, SHARE_EXCHANGE), packed_singletons()
    return MarketContracts(*(singleton_address(one) if one in known else "" for one in names))


def range_contracts(found: Deployment) -> list[str]:
    """The addresses in whose name record ranges are paid, if the deployment has any."""
    contract = found.manifest.contracts.get("RecordRanges")
    return [] if contract is None else [contract.address]

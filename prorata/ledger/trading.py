# SPDX-License-Identifier: MIT
"""Trading in the books: what the market's contracts answer, held against what events tell of them.

For each share token: every open hold and every keeper's number is as the contract says; what the
token holds of each wallet is what events say, and what holds promise (law H2); everybody's lots add
up to its balance; every trade has its transfer; and the holds contract has at least what is in its
care, of the shares and of the currencies that income and trades are paid in.

Money in calls and exchanges stands in `prorata.ledger.escrow`.

The settlement contract keeps nothing of a trade, and has no power to give anything back: what
somebody sends there is lost, and told as an open question, no difference, as anybody could do so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prorata.chain.types import Block, Chain
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Holds, HoldState
from prorata.contracts.share_token import ShareToken
from prorata.errors import ChainError
from prorata.ledger.books import Books
from prorata.ledger.entries import Place
from prorata.ledger.escrow import NO_ESCROW, EscrowAnswers, check_escrow, read_escrow
from prorata.ledger.holds import HeldFigures
from prorata.ledger.movements import Movements
from prorata.register.shares import Ledger
from prorata.values.amounts import Unit

__all__ = ["TradingAnswers", "check_trading", "held_words", "read_trading"]

_BOOKS, _CHAIN = "the books", "the chain"


@dataclass(frozen=True)
class TradingAnswers:
    """What the contracts answer about one token's trading, at one block."""

    held: Mapping[str, int] = field(default_factory=dict)
    """What the token holds of each account of which it ever held any."""
    states: Mapping[str, tuple[HoldState, bool]] = field(default_factory=dict)
    """How far each hold is that the events leave open, and whether it is in custody."""
    kept: Mapping[tuple[str, str], int] = field(default_factory=dict)
    cared_for: Mapping[str, int] = field(default_factory=dict)
    """What the holds contract has of each asset."""
    at_settlement: Mapping[str, int] = field(default_factory=dict)
    """What the settlement contract has of each asset, which nobody can move."""
    escrow: EscrowAnswers = NO_ESCROW
    """What is in the care of calls and exchanges."""


def read_trading(
    chain: Chain, movements: Movements, currencies: Iterable[str], block: Block
) -> TradingAnswers:
    """Ask the token and the market's contracts; of a token without holds nearly nothing.

    Raises: ChainError.
    """
    market, holds = movements.market, movements.holds
    accounts = holds.accounts()
    token = ShareToken(chain, movements.token, block=block.number)
    held = dict(zip(accounts, token.helds_of(accounts), strict=True))
    states: dict[str, tuple[HoldState, bool]] = {}
    kept: dict[tuple[str, str], int] = {}
    if holds.open or holds.pairs():
        contract = Holds(chain, market.holds, block=block.number)
        numbers = list(holds.open)
        ids = [bytes.fromhex(number[2:]) for number in numbers]
        states.update(zip(numbers, contract.states_of(ids), strict=True))
        asked = [(keeper, movements.token, owner) for keeper, owner in holds.pairs()]
        consents = zip(holds.pairs(), contract.consents_of(asked), strict=True)
        kept.update((pair, consent.kept) for pair, consent in consents)
    assets = [movements.token, *sorted(currencies)]
    return TradingAnswers(
        held,
        states,
        kept,
        _balances(chain, market.holds, assets, block) if market.holds else {},
        _balances(chain, market.settlement, assets, block) if market.settlement else {},
        read_escrow(chain, movements, block),
    )


def _balances(chain: Chain, account: str, assets: Iterable[str], block: Block) -> dict[str, int]:
    """What an account has of each asset; one that gives no answer is left out."""
    found = {}
    for asset in assets:
        try:
            found[asset] = Currency(chain, asset, block=block.number).balance_of(account)
        except ChainError:
            continue
    return found


# ------------------------------------------------------------------------------------- comparing


def check_trading(
    books: Books, ledger: Ledger, movements: Movements, answers: TradingAnswers
) -> None:
    """Note every figure of the trading in which events, laws and answers differ."""
    _check_holds(books, movements, answers)
    _check_persons(books, ledger, movements)
    _check_lots(books, ledger, movements)
    _check_care(books, movements, answers)
    check_escrow(books, movements, answers.escrow)
    for trade in movements.unmatched:
        place = Place.register(f"the trade in {trade.transaction}")
        source = trade.source or "the settlement"
        reported = (f"{trade.shares} from {trade.seller} to {trade.buyer}", source)
        books.differ(place, "its shares", reported, ("no such transfer", "the token"))
    for asset, amount in answers.at_settlement.items():
        if amount:
            books.unproven.append(
                f"{books.money(asset, amount)} were sent to the settlement contract "
                f"{movements.market.settlement} beside trades, and nobody can move them"
            )


def _check_holds(books: Books, movements: Movements, answers: TradingAnswers) -> None:
    holds = movements.holds
    for (keeper, owner), kept in answers.kept.items():
        holds.settle_kept(keeper, owner, kept)
        ours = holds.kept[keeper, owner] + holds.kept_in_custody[keeper, owner]
        _check(books, owner, f"shares that {keeper} keeps", ours, kept)
    for account, held in answers.held.items():
        _check(books, account, "shares held", holds.held.get(account, 0), held)
    for number, (state, in_custody) in answers.states.items():
        hold = holds.open[number]
        is_open = state in (HoldState.OPEN, HoldState.CLAIMED)
        theirs = _CUSTODY[in_custody] if is_open else state.label
        _check(books, hold.owner, f"the hold {number}", _CUSTODY[hold.in_custody], theirs)


_CUSTODY = ("open, locked in the wallet", "open, in the contract's care")


def _check_persons(books: Books, ledger: Ledger, movements: Movements) -> None:
    """H2 for each person: holds go on when a wallet has a successor."""
    persons: dict[str, list[str]] = {}
    for account in movements.holds.accounts():
        persons.setdefault(ledger.claimant_of(account), []).append(account)
    for person, wallets in persons.items():
        figures = movements.holds.figures(wallets)
        promised = figures.held - figures.difference
        _check(books, person, "shares held by its holds", promised, figures.held)


def _check_lots(books: Books, ledger: Ledger, movements: Movements) -> None:
    """The lots of each account are its balance, those in the holds contract's care its own.

    Where nothing was traded nobody asks for lots, and a register may be large.
    """
    if not any(movements.trades):
        return
    lots = books.lots_of(movements.token).lots
    for account in ledger:
        if account != movements.market.holds:
            ours, theirs = lots.shares(account), ledger.balance_of(account)
            _check(books, account, "shares in lots", ours, theirs)


def _check_care(books: Books, movements: Movements, answers: TradingAnswers) -> None:
    holds, place = movements.holds, Place.register(f"holds {movements.market.holds}")
    for asset, there in answers.cared_for.items():
        promised = holds.in_custody if asset == movements.token else holds.currencies[asset]
        if there < promised:
            says = (promised, "the books, at least,")
            books.differ(place, "what is in its care", says, (there, _CHAIN), asset)


def _check(books: Books, account: str, figure: str, ours: object, theirs: object) -> None:
    if ours != theirs:
        books.differ(Place.register(account), figure, (ours, _BOOKS), (theirs, _CHAIN))


def held_words(figures: HeldFigures, unit: Unit) -> str:
    """What a reader should know of held shares beside their number; nothing, as a rule."""
    said = []
    if figures.taken_by_order:
        taken = unit.amount(figures.taken_by_order).figure
        said.append(
            f"{taken} held shares were taken by order of an agent, so that open holds promise more "
            "than is there"
        )
    if figures.by_others:
        others = unit.amount(figures.by_others).figure
        said.append(f"{others} are held by a contract that these books do not read")
    return "; ".join(said)

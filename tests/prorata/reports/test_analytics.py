"""The analysis of an asset: flows by country without anybody in them, and movements by cause."""

from __future__ import annotations

from fractions import Fraction

import pytest

from prorata.analysis.figures import DAY
from prorata.analysis.liquidity import Cause, Movement, Supply
from prorata.analysis.marks import Basis, Mark, MarkKind
from prorata.chain.events import Moment
from prorata.errors import BooksError
from prorata.ledger.books import Books
from prorata.ledger.movements import Movement as Entry
from prorata.ledger.movements import MovementKind, Movements
from prorata.ledger.trades import Trade
from prorata.register.shares import Ledger
from prorata.reports.analytics import CountryFlow, Wish, chosen_series, country_flows
from prorata.reports.asset_facts import AssetFacts, Known, facts_of, series_of
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Unit

TOKEN, USD = "0x" + "70" * 20, "0x" + "71" * 20
ANN, BEN, CARE = (f"0x{number:040}" for number in (1, 2, 3))
NOW = 400 * DAY


def facts(ways: list[tuple[str, str, int]], *, people: int = 1) -> AssetFacts:
    """So many people of each country who each gave shares to one of another country."""
    countries, moved = {}, []
    for origin, receiver, count in ways:
        for number in range(count):
            giver, taker = f"{origin}{receiver}{number}", f"to {origin}{receiver}{number % people}"
            countries |= {giver: origin, taker: receiver}
            moved.append(Movement(NOW, 10, giver, taker, Cause.TRANSFER))
    known = Known({}, countries)
    return AssetFacts("QUAY9", 2, NOW, known, [], moved, [], [], [], {}, {})


def test_flows_of_five_and_more_are_shown():
    shown = country_flows(facts([("DE", "FR", 5), ("FR", "US", 6)], people=6))
    assert shown == [CountryFlow("DE", "FR", 50), CountryFlow("FR", "US", 60)]


def test_no_way_points_at_fewer_than_five():
    """Law 93: small ways are added to the others, with the next smallest, till they are five."""
    ways = [("DE", "FR", 9), ("FR", "US", 2), ("US", "DE", 3)]
    shown = country_flows(facts(ways, people=9))
    assert shown == [CountryFlow("DE", "FR", 90), CountryFlow("others", "others", 50)]
    joined = country_flows(facts([("DE", "FR", 9), ("FR", "US", 7), ("US", "DE", 3)], people=9))
    assert joined == [CountryFlow("DE", "FR", 90), CountryFlow("others", "others", 100)]


@pytest.mark.parametrize("ways", [[("DE", "FR", 4)], [("DE", "FR", 20), ("FR", "US", 1)]])
def test_where_the_volume_would_reveal_them_none_are_shown(ways):
    """Law 93: nine givers to one receiver point at the receiver."""
    assert country_flows(facts(ways, people=1)) is None


def test_without_movements_there_is_no_flow():
    empty = facts([])
    assert country_flows(empty) == []
    assert (empty.since, empty.currency) == (NOW, None)
    assert chosen_series(empty, Wish()) == []


def mark(kind: MarkKind, time: int, basis: Basis, currency: str = "USD", amount: int = 1) -> Mark:
    return Mark("QUAY9", time, kind, amount, currency, 0, basis, "Clerk", id=f"{time}{basis}")


def test_a_series_has_one_mark_for_a_time_and_the_ex_one_if_there_is():
    marks = [
        mark(MarkKind.NAV, 1, Basis.CUM), mark(MarkKind.NAV, 1, Basis.EX),
        mark(MarkKind.NAV, 2, Basis.EX), mark(MarkKind.NAV, 2, Basis.CUM),
        mark(MarkKind.NAV, 3, Basis.EX, "EUR"), mark(MarkKind.PRICE, 4, Basis.EX),
    ]  # fmt: skip
    found = series_of(marks, MarkKind.NAV)
    assert [(one.time, one.basis) for one in found] == [(1, Basis.EX), (2, Basis.EX)]


# ---------------------------------------------------------------------------------------- movements


def books(*entries: Entry | tuple) -> Books:
    """The books of a token whose shares moved so."""
    found = Books([Ledger(TOKEN)], units={TOKEN: Unit("QUAY9", 2), USD: Unit("USD", 6)})
    moved = Movements(TOKEN)
    moved.all += [((1, 1, 0), ZERO_ADDRESS, ANN, 1_000), *entries]
    found.movements = {TOKEN: moved}
    return found


def moved(kind: MovementKind, giver: str, receiver: str, time: int = 5, **more) -> Entry:
    return Entry(kind, (time, 2, 0), "0x", giver, receiver, 100, **more)


def of(found: Books, balances: dict[str, int], **known) -> AssetFacts:
    marks = [mark(MarkKind.NAV, 1, Basis.EX)]
    return facts_of(found, TOKEN, as_of=10, balances=balances, marks=marks, known=Known(**known))


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (MovementKind.TRADE, Cause.TRADE),
        (MovementKind.AUCTION, Cause.TRADE),
        (MovementKind.TRANSFER, Cause.TRANSFER),
        (MovementKind.DELIVERY, Cause.TRANSFER),
        (MovementKind.RECOVERY, Cause.RECOVERY),
        (MovementKind.ORDER, Cause.ISSUER),
        (MovementKind.TENDER, Cause.ISSUER),
    ],
)
def test_movements_by_their_cause(kind, cause):
    """What an order of an agent, an offering or a tender moves is no volume between holders."""
    found = of(books(moved(kind, ANN, BEN)), {ANN: 900, BEN: 100})
    assert [one.cause for one in found.movements] == [Cause.MINT, cause]
    assert found.supply == [Supply(1, 1_000)]
    assert found.shares_at(ANN, 4) == 1_000
    assert found.shares_at(ANN, 5) == 900


def test_shares_in_care_stay_their_owners_and_burnt_ones_go():
    """Into care is no movement; out of it is one of the owner's; a redemption is a burn."""
    entries = (
        moved(MovementKind.CUSTODY, ANN, CARE),
        moved(MovementKind.DELIVERY, CARE, BEN, owner=ANN),
        moved(MovementKind.REDEMPTION, BEN, ZERO_ADDRESS),
        moved(MovementKind.TRANSFER, ANN, BEN, time=11),
        ((12, 3, 0), ANN, BEN, 7),
    )
    found = of(books(*entries), {ANN: 900})
    parties = [(one.origin, one.receiver, one.cause) for one in found.movements]
    assert parties == [
        (ZERO_ADDRESS, ANN, Cause.MINT), (ANN, BEN, Cause.TRANSFER), (BEN, ZERO_ADDRESS, Cause.BURN)
    ]  # fmt: skip
    assert found.supply == [Supply(1, 1_000), Supply(5, 900)]


def trade(**more) -> Trade:
    moment: Moment = (5, 2, 0)
    return Trade(moment, "0x", ANN, BEN, **{"shares": 100, "currency": USD, "paid": 3, **more})


@pytest.mark.parametrize(
    ("sold", "same", "price"),
    [
        (trade(paid=9_500_000), {}, Fraction(19, 2)),
        (trade(paid=9_500_000), {"USD": "EUR"}, None),
        (trade(paid=0), {}, None),
        (trade(currency=""), {}, None),
        (None, {}, None),
    ],
)
def test_a_trade_has_a_price_in_the_currency_of_the_marks(sold, same, price):
    entry = moved(MovementKind.TRADE, ANN, BEN, trade=sold)
    found = of(books(entry), {ANN: 900, BEN: 100}, same=same)
    assert found.movements[-1].price == price


def test_shares_that_moved_must_be_those_that_are_held():
    """Law 106: the ledger and the books must have the same shares, or nothing is said."""
    with pytest.raises(BooksError) as refused:
        of(books(), {ANN: 999})
    assert "the ledger has 999 smallest units of shares, and 1000 were issued" in str(refused.value)
    with pytest.raises(BooksError):
        facts_of(
            _nothing(), TOKEN,
            as_of=0, balances={ANN: 1}, marks=[], known=Known(),
        )  # fmt: skip


def _nothing() -> Books:
    found = books()
    found.movements[TOKEN].all.clear()
    return found

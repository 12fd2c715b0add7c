"""What each transfer is called, from invented events: the odd cases that a market allows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from prorata.chain.types import Log
from prorata.ledger.lot_history import LotHistory
from prorata.ledger.movements import MarketContracts, MovementKind, Movements
from prorata.values.addresses import ZERO_ADDRESS as ZERO

ADA, BOB, CYD, VENUE = ("0x" + digit * 40 for digit in "1234")
TOKEN, OTHER, USD, SETTLEMENT, HOLDS = ("0x" + digit * 40 for digit in "56789")


@dataclass
class Told:
    """An event of one transaction."""

    name: str
    args: dict[str, Any]
    log: Log = field(default_factory=lambda: Log("", (), b"", 1, "", "0x1", 0))


def transfer(giver: str, receiver: str, value: int) -> Told:
    return Told("Transfer", {"from": giver, "to": receiver, "value": value})


def filled(maker: str, taker: str, **changed: Any) -> Told:
    """The maker sells 10 shares for 1,000."""
    sale = {
        "maker": maker, "nonce": 0, "taker": taker, "give": TOKEN, "take": USD,
        "given": 10, "taken": 1_000, "fee": 0, "tax": 0,
    }  # fmt: skip
    return Told("Filled", {**sale, **changed})


def settled(*legs: tuple[str, str, str, int]) -> Told:
    names = ("asset", "from", "to", "amount")
    trade = {"legs": [dict(zip(names, leg, strict=True)) for leg in legs]}
    return Told("Settled", {"digest": bytes(32), "trade": trade})


@pytest.fixture
def movements() -> Movements:
    """Ada and Bob have 100 each."""
    found = Movements(TOKEN, MarketContracts(SETTLEMENT, HOLDS))
    enter(found, transfer(ZERO, ADA, 100), transfer(ZERO, BOB, 100), at=1)
    return found


def enter(movements: Movements, *told: Told, at: int = 2) -> Movements:
    """One transaction."""
    for event in told:
        by = SETTLEMENT if event.name in ("Filled", "Settled") else TOKEN
        movements.apply(event, at, by=by)
    movements.close()
    return movements


def lots(movements: Movements) -> LotHistory:
    return LotHistory(movements)


def kinds(movements: Movements) -> list[str]:
    return [one.kind.value for one in movements.listed]


# ----------------------------------------------------------------------------------------- trades


@pytest.mark.parametrize("first", [True, False], ids=["event first", "event last"])
def test_a_fill_explains_its_transfer_wherever_its_event_stands(movements, first):
    told = [filled(ADA, BOB), transfer(ADA, BOB, 10)]
    enter(movements, *(told if first else told[::-1]))
    [one] = movements.trades
    assert (one.trade.seller, one.trade.buyer, one.trade.paid) == (ADA, BOB, 1_000)


def test_two_fills_and_a_gift_in_one_transaction_are_told_apart(movements):
    enter(
        movements,
        filled(ADA, BOB), transfer(ADA, BOB, 10),
        transfer(ADA, BOB, 10),
        filled(BOB, ADA, give=USD, take=TOKEN, given=500, taken=5, nonce=1), transfer(ADA, BOB, 5),
    )  # fmt: skip
    assert [(one.trade.shares, one.trade.paid) for one in movements.trades] == [
        (10, 1_000), (5, 500),
    ]  # fmt: skip
    assert movements.totals()[MovementKind.TRANSFER] == (1, 10)
    assert lots(movements).lots.shares(BOB) == 125


def test_an_order_in_another_token_is_no_trade_here(movements):
    enter(movements, filled(ADA, BOB, give=OTHER), transfer(ADA, BOB, 10))
    assert list(movements.trades) == []
    assert movements.totals()[MovementKind.TRANSFER] == (1, 10)


def test_where_shares_were_the_money_a_fee_in_shares_is_no_price(movements):
    """A buyer of dollars pays in shares, and the venue has its part of them."""
    enter(movements, filled(ADA, BOB, fee=1), transfer(ADA, BOB, 9), transfer(ADA, VENUE, 1))
    [one] = movements.trades
    assert (one.shares, one.trade.priced) == (9, False)
    assert movements.unmatched == []
    assert lots(movements).lots.of(BOB)[-1].cost is None


def test_a_part_without_shares_is_listed_with_its_money(movements):
    enter(movements, filled(BOB, ADA, give=USD, take=TOKEN, given=3, taken=0))
    [one] = movements.trades
    assert (one.shares, one.trade.cost) == (0, 3)
    assert movements.unmatched == []


def test_a_trade_of_more_than_two_legs_or_people_has_no_price(movements):
    shares, money = (TOKEN, ADA, BOB, 4), (USD, BOB, ADA, 400)
    for at, legs in enumerate(
        (
            [shares, money],
            [money, shares],
            [shares, (USD, CYD, ADA, 400)],
            [shares, (USD, BOB, CYD, 400)],
            [shares, money, (USD, CYD, ADA, 1)],
            [shares],
        ),
        start=2,
    ):
        enter(movements, settled(*legs), transfer(ADA, BOB, 4), at=at)
    assert [one.trade.priced for one in movements.trades] == [True, True] + [False] * 4
    assert [one.trade.paid for one in movements.trades] == [400, 400, 0, 0, 0, 0]


def test_both_share_legs_of_a_swap_are_listed_without_a_price(movements):
    enter(
        movements,
        settled((TOKEN, ADA, BOB, 4), (TOKEN, BOB, ADA, 3)),
        transfer(ADA, BOB, 4), transfer(BOB, ADA, 3),
    )  # fmt: skip
    assert [(one.shares, one.trade.priced) for one in movements.trades] == [(4, False), (3, False)]


# ----------------------------------------------------------------------------------------- others


def test_an_order_of_an_agent_and_a_recovery_are_told_from_transfers(movements):
    forced = Told("ForcedTransfer", {"from": ADA, "to": BOB, "amount": 5})
    enter(movements, transfer(ADA, BOB, 5), forced)
    recovered = Told("RecoverySuccess", {"lostWallet": ADA, "newWallet": CYD})
    enter(movements, transfer(ADA, CYD, 95), recovered, at=3)
    assert kinds(movements) == ["order", "recovery"]
    assert [part.lot.origin for part in lots(movements).lots.of(CYD)] == ["issue"]
    assert lots(movements).lots.shares(ADA) == 0


def test_shares_that_nobody_had_are_noted_and_stop_nothing(movements):
    enter(movements, transfer(CYD, ADA, 7))
    assert lots(movements).missing == {CYD: 7}
    assert lots(movements).lots.shares(ADA) == 107

"""What `explain` says of a fill: every obstacle with its figures, and the most that would pass."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import pytest

from tests.chainkit import Deployed, Reverted
from tests.contracts.compliant import Compliant, investor
from tests.contracts.harness import DAY, person
from tests.contracts.trading import (
    MAKER,
    MAX,
    PARTIAL,
    TAKER,
    THIRD,
    Market,
    Order,
    digest_of,
)
from tests.model.register import Code as Refusal

MONEY = 12_345_678


class Code(IntEnum):
    """Why an order cannot be filled, as `ITradeSettlement` numbers it."""

    EXPIRED = 0
    NOT_TAKER = 1
    MALFORMED = 2
    FEE_TOO_HIGH = 3
    SPENT = 4
    TOO_MUCH = 5
    TOO_LITTLE = 6
    RECORD_CLOSED = 7
    NOT_SIGNED = 8
    MAKER_BALANCE = 9
    MAKER_ALLOWANCE = 10
    TAKER_BALANCE = 11
    TAKER_ALLOWANCE = 12
    GIVE_REFUSED = 13
    TAKE_REFUSED = 14
    FEE_REFUSED = 15
    TAX_REFUSED = 16


def named(code: int) -> str:
    """A code as the errors are named."""
    return Code(code).name.title().replace("_", "")


class Explained:
    """An explanation by names."""

    def __init__(
        self,
        market: Market,
        order: Order,
        amount: int | None = None,
        *,
        signature: bytes | None = None,
        taker: str | None = None,
    ) -> None:
        signature = order.signed(market.settlement) if signature is None else signature
        amount = order.give_amount if amount is None else amount
        taker = taker or market.other(order.maker)
        obstacles, give, take, self.most, self.due = market.settlement.call(
            "explain", order.encodable(), signature, taker, amount
        )
        self.obstacles = {named(code): (value, limit) for code, value, limit in obstacles}
        assert len(self.obstacles) == len(obstacles) or "FeeTooHigh" in self.obstacles
        self.order = [Code(code) for code, _, _ in obstacles]
        self.give = [Refusal(code) for code, _, _ in give]
        self.take = [Refusal(code) for code, _, _ in take]


def number(account: str) -> int:
    """An address as an obstacle has it."""
    return int(account, 16)


# ------------------------------------------------------------------- one obstacle each


def test_of_a_good_order_nothing_is_listed(market):
    """What it costs and the most that would pass are there all the same (Law 52)."""
    found = Explained(market, market.sale())
    assert (found.obstacles, found.give, found.take) == ({}, [], [])
    assert (found.most, found.due) == (100, MONEY)


def test_each_obstacle_has_its_figures(market):
    """As the error of the same name has them (Law 52)."""
    now, maker, taker = market.kit.now, market.maker, market.taker
    market.settlement.send("cancel", [7], sender=maker)
    cases: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
        "Expired": ({"valid_until": now - 1}, (now - 1, now)),
        "NotTaker": ({"taker": market.third}, (number(taker), number(market.third))),
        "Malformed": ({"fee_bps": 1}, (0, 0)),
        "FeeTooHigh": ({"fee_bps": 101, "fee_to": person(1)}, (101, 100)),
        "Spent": ({"nonce": 7}, (7, 0)),
        "RecordClosed": ({"record": 1, "record_token": person(1)}, (1, 0)),
    }
    for name, (changes, figures) in cases.items():
        found = Explained(market, market.sale(**changes), 100)
        assert found.obstacles == {name: figures}
        assert found.most == 0
    assert Explained(market, market.sale(), signature=b"").obstacles == {
        "NotSigned": (number(maker), 0)
    }
    for amount, name in ((101, "TooMuch"), (99, "TooLittle"), (0, "TooLittle")):
        found = Explained(market, market.sale(), amount)
        assert found.obstacles == {name: (amount, 100)}
        assert found.most == 100


def test_all_obstacles_are_listed_at_once(market):
    """In the order in which a fill finds them (Law 52)."""
    market.harness.schedule(market.kit.now)
    market.kit.now += DAY
    order = market.sale(
        2_000, 10**13, valid_until=market.kit.now - 1, taker=market.third, maker_pays=True,
        fee_to=person(1), fee_bps=101, tax_to=person(1), tax_bps=200,
        record=1, record_token=market.token.address,
    )  # fmt: skip
    market.token.send("approve", market.settlement.address, 5, sender=market.maker)
    market.dollar.send("approve", market.settlement.address, 5, sender=market.taker)
    found = Explained(market, order, 2_001, signature=b"")
    assert found.order == [
        Code.EXPIRED, Code.NOT_TAKER, Code.FEE_TOO_HIGH, Code.FEE_TOO_HIGH, Code.TOO_MUCH,
        Code.RECORD_CLOSED, Code.NOT_SIGNED,
    ]  # fmt: skip
    low = Explained(market, order.but(fee_bps=100, tax_bps=100), 2_000, signature=b"")
    assert low.order == [
        Code.EXPIRED, Code.NOT_TAKER, Code.RECORD_CLOSED, Code.NOT_SIGNED,
        Code.MAKER_BALANCE, Code.MAKER_ALLOWANCE, Code.TAKER_BALANCE, Code.TAKER_ALLOWANCE,
    ]  # fmt: skip
    assert low.obstacles["MakerBalance"] == (2_020, 1_000)
    assert low.obstacles["TakerAllowance"] == (10**13, 5)
    assert (low.most, low.due) == (0, 10**13)


def test_at_a_fee_over_the_limit_nothing_is_reckoned(market):
    """Such an order has no price (Law 52)."""
    for name in ("fee", "tax"):
        order = market.sale(**{f"{name}_bps": 65_535, f"{name}_to": person(1)})
        found = Explained(market, order)
        assert (found.obstacles, found.due) == ({"FeeTooHigh": (65_535, 100)}, 0)


def test_who_pays_price_and_tax_needs_both(market):
    """The sum is compared, with what is there and with what is allowed (Law 52)."""
    order = market.sale(100, 10_000, tax_to=person(1), tax_bps=100, fee_to=person(2), fee_bps=100)
    market.dollar.send("approve", market.settlement.address, 10_099, sender=market.taker)
    found = Explained(market, order)
    assert found.obstacles == {"TakerAllowance": (10_100, 10_099)}
    assert (found.most, found.due) == (0, 10_100)
    found = Explained(market, order.in_parts(), 100)
    assert found.most == 99


# -------------------------------------------------------------------- what tokens refuse


def compliant(kit, **settings: Any) -> Market:
    """A market under rules: the maker has 100 shares, the taker money."""
    harness = Compliant(kit, **settings)
    harness.know({MAKER.address: investor(11), TAKER.address: investor(12)})
    market = Market.bare(harness)
    harness.issue({market.maker: 100})
    market.dollar.send("mint", market.taker, 10**12)
    for token, who in ((market.token, market.maker), (market.dollar, market.taker)):
        token.send("approve", market.settlement.address, MAX, sender=who)
    return market


def test_the_rules_say_why(kit):
    """Of what is given, and of what is taken (Law 52)."""
    market = compliant(kit, maxHolding=30)
    found = Explained(market, market.sale(40).in_parts(), 31)
    assert found.obstacles == {"GiveRefused": (31, 30)}
    assert (found.give, found.take, found.most) == ([Refusal.MAX_HOLDING], [], 30)
    found = Explained(market, market.purchase(40, 40).in_parts(), 31)
    assert found.obstacles == {"TakeRefused": (31, 30)}
    assert (found.give, found.take, found.most) == ([], [Refusal.MAX_HOLDING], 30)
    market.harness.freeze(market.taker)
    found = Explained(market, market.sale(10))
    assert (found.give, found.most) == ([Refusal.RECEIVER_BLOCKED], 0)


def test_the_most_leaves_a_least_holding(kit):
    """All of it would pass, and what leaves the least; nothing between (Law 52)."""
    market = compliant(kit, minHolding=10)
    assert Explained(market, market.sale(100).in_parts()).most == 100
    assert Explained(market, market.sale(95).in_parts()).most == 90
    assert Explained(market, market.sale(95)).most == 0
    assert Explained(market, market.sale(9)).give == [Refusal.MIN_HOLDING_TAKER]


def test_a_frozen_settlement_moves_nothing(market):
    """The token refuses it as a spender, which it says of no transfer (Law 52)."""
    market.token.send(
        "setAddressFrozen", market.settlement.address, True, sender=market.harness.agent
    )
    found = Explained(market, market.sale())
    assert found.obstacles == {"GiveRefused": (100, 0)}
    assert (found.give, found.most) == ([], 0)
    market.token.send(
        "setAddressFrozen", market.settlement.address, False, sender=market.harness.agent
    )
    assert Explained(market, market.sale()).most == 100


def test_fee_and_tax_are_asked_too(kit):
    """Where shares are the money: who would get the tax may not receive (Law 52)."""
    market = compliant(kit)
    order = market.sale(100, 100, maker_pays=True, fee_to=person(1), fee_bps=100)
    assert Explained(market, order).obstacles == {"FeeRefused": (1, 0)}
    order = order.but(fee_to=market.harness.ann, tax_to=person(1), tax_bps=100, give_amount=90)
    found = Explained(market, order.in_parts(), 90)
    assert found.obstacles == {}
    order = order.but(give_amount=100, least_fill=100)
    assert "TaxRefused" in Explained(market, order).obstacles


# --------------------------------------------------------------- tokens of another make


def explaining(market: Market) -> tuple[Deployed, Order]:
    """A token that explains as it is told, and an order that gives it."""
    token = market.kit.deploy("ExplainingToken")
    token.send("mint", market.maker, 1_000)
    token.send("approve", market.settlement.address, MAX, sender=market.maker)
    return token, market.sale(give=token.address)


def answer(*words: int) -> bytes:
    """What `explain` would return."""
    return b"".join(word.to_bytes(32, "big") for word in words)


def test_a_token_that_only_says_no(market):
    """One of ERC-7943 that cannot explain: yes or no, and no reason (Law 52)."""
    token, order = explaining(market)
    assert Explained(market, order).obstacles == {}
    token.send("setDenying", True)
    found = Explained(market, order)
    assert (found.obstacles, found.give, found.most) == ({"GiveRefused": (100, 0)}, [], 0)


def test_what_a_token_explains_is_passed_on(market):
    """In its own codes, as many as there are; a limit that is lower is the most (Law 52)."""
    token, order = explaining(market)
    token.send("prepare", answer(0x40, 7, 2, 1, 0, 0, 18, 5, 6))
    found = Explained(market, order.in_parts(), 100)
    assert found.obstacles == {"GiveRefused": (100, 7)}
    assert found.give == [Refusal.PAUSED, Refusal.RULES_FAILED]
    token.send("prepare", answer(0x40, 7, 0))
    assert Explained(market, order).obstacles == {}


@pytest.mark.parametrize(
    "words",
    [
        (0x20, 7, 1, 6, 0, 0),
        (0x40, 7, 1, 6, 0),
        (0x40, 7, 1, 19, 0, 0),
        (0x40, 7, 19, *[6, 0, 0] * 19),
        (0x40, 7, MAX),
        (0x40, 7),
        (0,),
    ],
    ids=["elsewhere", "cut", "no such code", "too many", "endless", "no list", "a word"],
)
def test_an_explanation_that_cannot_be_read_is_none(market, words):
    """The token is then asked for yes or no (Law 52)."""
    token, order = explaining(market)
    token.send("prepare", answer(*words))
    assert Explained(market, order).obstacles == {}
    token.send("setDenying", True)
    assert Explained(market, order).obstacles == {"GiveRefused": (100, 0)}


def test_a_token_that_always_wants_less_is_not_asked_for_ever(market):
    """After twelve rounds the most is nothing."""
    token, order = explaining(market)
    token.send("setStubborn", True)
    assert Explained(market, order.in_parts(), 100).most == 0
    assert Explained(market, order.in_parts(), 100).obstacles == {"GiveRefused": (100, 99)}


def test_a_contracts_signature_is_asked_for(market):
    """By ERC-1271, as a fill does (Law 52)."""
    wallet = market.kit.deploy("ContractWallet")
    market.harness.issue({wallet.address: 100})
    approve = market.kit.codec.call("ShareToken", "approve", market.settlement.address, MAX)
    wallet.send("execute", market.token.address, approve)
    order = market.sale(maker=wallet.address)
    found = Explained(market, order, signature=b"", taker=market.taker)
    assert found.obstacles == {"NotSigned": (number(wallet.address), 0)}
    wallet.send("sign", digest_of(order.typed(market.settlement)), True)
    assert Explained(market, order, signature=b"", taker=market.taker).obstacles == {}


# --------------------------------------------------------------------------- the most


@pytest.mark.parametrize(
    ("has", "most"), [(0, 0), (3, 0), (4, 1), (6, 1), (7, 2), (9, 2), (10, 3), (11, 3)]
)
def test_the_most_that_the_money_buys(market, has, most):
    """By the price as it rounds (Law 52)."""
    market.dollar.send("approve", market.settlement.address, has, sender=market.taker)
    found = Explained(market, market.sale(3, 10).in_parts(), 1)
    assert found.most == most


def test_what_is_done_counts(market):
    """The rest of an order, with what was paid for before (Law 52)."""
    order = market.sale(100, 3).in_parts(10)
    market.fill(order, 34)
    market.dollar.send("approve", market.settlement.address, 0, sender=market.taker)
    found = Explained(market, order, 32)
    assert (found.obstacles, found.due, found.most) == ({}, 0, 32)
    found = Explained(market, order, 33)
    assert (found.obstacles, found.most) == ({"TakerAllowance": (1, 0)}, 32)


@pytest.mark.parametrize("side", ["maker", "taker"])
def test_what_is_allowed_limits_the_most(market, side):
    """Of either side (Law 52)."""
    token = market.token if side == "maker" else market.dollar
    token.send("approve", market.settlement.address, 30, sender=getattr(market, side))
    found = Explained(market, market.sale(100, 100).in_parts(), 31)
    name = {"maker": "MakerAllowance", "taker": "TakerAllowance"}[side]
    assert (found.obstacles, found.most) == ({name: (31, 30)}, 30)


def test_of_an_alternative_less_is_left(market):
    """What was filled of a larger order of the same nonce (Law 52)."""
    market.fill(market.sale(100).in_parts(), 60)
    found = Explained(market, market.sale(50).in_parts(), 1)
    assert (found.obstacles, found.most) == ({"TooMuch": (1, 0)}, 0)


def test_of_a_spent_order_nothing_can_be_filled(market):
    """Cancelled, below the number, or filled."""
    order = market.sale().in_parts()
    market.fill(order, 100)
    for nonce in (PARTIAL, 1, 2):
        if nonce == 1:
            market.settlement.send("cancel", [1], sender=market.maker)
        if nonce == 2:
            market.settlement.send("cancelBelow", 3, sender=market.maker)
        changed = order.but(nonce=nonce, least_fill=0 if nonce == PARTIAL else 100)
        found = Explained(market, changed, 10)
        assert found.obstacles == {"Spent": (nonce, 0)}
        assert (found.most, found.due) == (0, 0)


# ------------------------------------------------------------------------ never reverts


def awkward(market: Market) -> list[Deployed | str]:
    """Addresses without code, and tokens that answer as they like."""
    kinds = ("ReturnBomb", "GasBurner", "Verbose", "WilfulCurrency", "SpokenToken", "BareToken")
    made: list[Deployed | str] = [person(5), market.settlement.address]
    for kind in kinds:
        try:
            made.append(market.kit.deploy(kind))
        except Reverted:
            continue
    return made


def test_it_never_reverts(market):
    """Whatever stands where a token, a record or a wallet should (Law 52)."""
    for each in awkward(market):
        address = each if isinstance(each, str) else each.address
        for changes in (
            {"give": address},
            {"take": address},
            {"record_token": address, "record": 1},
            {"maker": address},
            {"fee_to": address, "fee_bps": 100, "tax_to": address, "tax_bps": 65_535},
        ):
            for order in (market.sale(**changes), market.sale(**changes).in_parts()):
                found = Explained(market, order, 50, signature=b"x", taker=market.taker)
                assert found.obstacles


def test_contracts_that_burn_their_gas_leave_enough_to_answer(market):
    """On both sides, as the record's token, and as the wallet that is asked for its signature, all
    at once (Law 52)."""
    burners = []
    for _ in range(4):
        burner = market.kit.deploy("WilfulCurrency")
        burner.send("become", (0, 0, 3, 0, *[False] * 8, 0, 0, 1))
        burners.append(burner.address)
    order = market.sale(
        give=burners[0], take=burners[1], record_token=burners[2], record=1, maker=burners[3]
    )
    found = Explained(market, order, 100, signature=b"", taker=market.taker)
    assert {"RecordClosed", "NotSigned", "MakerBalance", "TakerBalance"} <= set(found.obstacles)


def test_without_code_there_is_nothing_to_give(market):
    """Neither balance nor allowance (Law 52)."""
    found = Explained(market, market.sale(give=person(1)))
    assert found.obstacles == {"MakerBalance": (100, 0), "MakerAllowance": (100, 0)}


def test_amounts_of_all_bits(market):
    """Nothing overflows on the way (Law 52)."""
    most = 2**128 - 1
    order = market.sale(
        most, most, maker_pays=True, fee_to=person(1), fee_bps=65_535, tax_to=person(1),
        tax_bps=65_535,
    )  # fmt: skip
    for amount in (0, 1, most, MAX):
        assert Explained(market, order, amount).most == 0
    found = Explained(market, order.but(fee_bps=100, tax_bps=100, fee_to=THIRD.address))
    assert found.obstacles["MakerBalance"] == (most + most // 100, 1_000)

"""The price of a call on a chain is the one that a search through all prices finds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import pytest

from tests.chainkit import Deployed, RevmKit
from tests.contracts.harness import person
from tests.contracts.market.call_terms import AUCTION, NO_LADDER, SALE, TENDER, call_terms, words

TOKEN, CURRENCY, PRINCIPAL, VALUER = (person(index) for index in range(4))
CALLS = 1_000


@pytest.fixture(scope="module")
def kit(codec) -> RevmKit:
    return RevmKit(codec)


@pytest.fixture(scope="module")
def probe(kit) -> Deployed:
    """The libraries of a call, with no contract around them."""
    return kit.deploy("CallProbe")


def terms_of(kit: RevmKit, **given: Any) -> tuple[Any, ...]:
    """Terms of a call whose token and money nobody asks."""
    return words(call_terms(kit.now, TOKEN, CURRENCY, PRINCIPAL, **given))


def packed(bids: list[int], asks: list[int]) -> list[int]:
    """Interest as it is stored, step by step."""
    return [ask << 128 | bid for bid, ask in zip(bids, asks, strict=True)]


def searched(given: dict[str, Any], bids: list[int], asks: list[int]) -> tuple[int, ...]:
    """The law of a call, tried out at every price: step, price, lots, demand, supply."""
    _, first, increment = given["ladders"][0]
    tried = []
    for step in range(given["steps"]):
        price = first + step * increment
        demand, supply = sum(bids[step:]), sum(asks[: step + 1])
        if given["kind"] == SALE:
            supply += given["lots"]
        if given["kind"] == TENDER:
            demand += min(given["lots"], given["budget"] // price)
        tried.append((step, price, min(demand, supply), demand, supply))
    most = max(lots for _, _, lots, _, _ in tried)
    tried = [each for each in tried if each[2] == most]
    least = min(abs(demand - supply) for *_, demand, supply in tried)
    tried = [each for each in tried if abs(each[3] - each[4]) == least]
    longer = [each for each in tried if each[3] > each[4]]
    if longer:
        return longer[-1]
    shorter = [each for each in tried if each[3] < each[4]]
    if shorter:
        return shorter[0]
    middle = (tried[0][0] + tried[-1][0]) // 2
    return next(each for each in tried if each[0] == middle)


def random_calls(seed: int) -> Iterator[tuple[dict[str, Any], list[int], list[int]]]:
    """Calls of few steps and small numbers, in which ties are common, and some wide ones."""
    rng = random.Random(seed)
    for index in range(CALLS):
        kind = rng.choice((SALE, TENDER, AUCTION))
        steps = rng.choice((1, 2, 3, 4, 6, 9)) if index % 50 else 255
        top = rng.choice((2, 5, 30))
        bids, asks = (
            [rng.randint(0, top) if rng.random() < 0.5 else 0 for _ in range(steps)]
            for _ in range(2)
        )
        if kind == SALE:
            asks = [0] * steps
        if kind == TENDER:
            bids = [0] * steps
        first, increment = rng.randint(1, 9), rng.randint(1, 3)
        yield (
            {
                "kind": kind,
                "steps": steps,
                "ladders": ((CURRENCY, first, increment), NO_LADDER),
                "lots": 0 if kind == AUCTION else rng.randint(1, top * 3),
                "budget": rng.randint(first, first * top * 6) if kind == TENDER else 0,
            },
            bids,
            asks,
        )


def test_a_thousand_calls_clear_where_a_search_through_all_prices_ends(kit, probe):
    """No step of the ladder trades more, and ties go as the interface says (Law 57)."""
    for given, bids, asks in random_calls(17):
        probe.send("setInterest", packed(bids, asks))
        found = probe.call("clear", terms_of(kit, **given))
        assert tuple(found) == searched(given, bids, asks), (given, bids, asks)


def test_a_step_that_is_named_with_nothing_moves_no_price(kit, probe):
    """The ends of a tie are where the sums change, not where somebody named a step."""
    given = {"kind": AUCTION, "lots": 0, "steps": 11, "ladders": ((CURRENCY, 100, 1), NO_LADDER)}
    bids, asks = [0] * 11, [0] * 11
    bids[9] = asks[2] = 4
    probe.send("setInterest", packed(bids, asks))
    assert tuple(probe.call("clear", terms_of(kit, **given))) == (5, 105, 4, 4, 4)


@pytest.mark.parametrize(
    ("bids", "asks", "expected"),
    [
        pytest.param([0, 0, 5, 0], [3, 0, 0, 0], (2, 7, 3, 5, 3), id="bids-longer-the-highest"),
        pytest.param([0, 0, 3, 0], [0, 5, 0, 0], (1, 6, 3, 3, 5), id="asks-longer-the-lowest"),
        pytest.param([0, 0, 0, 4], [4, 0, 0, 0], (1, 6, 4, 4, 4), id="equal-the-middle-down"),
        pytest.param([2, 8, 0, 0], [8, 0, 2, 0], (1, 6, 8, 8, 8), id="fewer-left-over-first"),
        pytest.param([0, 2, 0, 8], [8, 0, 2, 0], (1, 6, 8, 10, 8), id="both-ways-bids-first"),
        pytest.param([3, 0, 0, 0], [0, 0, 0, 4], (1, 6, 0, 0, 0), id="nothing-trades"),
    ],
)
def test_ties(kit, probe, bids, asks, expected):
    """What is left over decides, then the longer side, then the middle."""
    given = {"kind": AUCTION, "steps": 4, "ladders": ((CURRENCY, 5, 1), NO_LADDER)}
    probe.send("setInterest", packed(bids, asks))
    assert tuple(probe.call("clear", terms_of(kit, **given))) == expected


def test_an_offering_that_is_not_sold_out_clears_at_its_lowest_price(kit, probe):
    """The principal of a sale asks at step 0."""
    given = {"steps": 3, "lots": 100, "ladders": ((CURRENCY, 5, 1), NO_LADDER)}
    probe.send("setInterest", packed([10, 20, 30], [0] * 3))
    assert tuple(probe.call("clear", terms_of(kit, **given))) == (0, 5, 60, 60, 100)


def test_a_tender_buys_what_its_budget_pays_for_at_each_price(kit, probe):
    """The principal of a tender bids for fewer lots the higher the price."""
    given = {
        "kind": TENDER, "steps": 3, "lots": 50, "budget": 300,
        "ladders": ((CURRENCY, 5, 5), NO_LADDER),
    }  # fmt: skip
    probe.send("setInterest", packed([0] * 3, [10, 15, 40]))
    # At 5 it would buy 50 and finds 10; at 10 it could pay for 30 and finds 25; at 15 for 20 of 65.
    assert tuple(probe.call("clear", terms_of(kit, **given))) == (1, 10, 25, 30, 25)


def test_at_a_price_that_is_named_all_orders_that_keep_it_count(kit, probe):
    """With a valuer limits decide who takes part, and nothing else."""
    given = {
        "kind": AUCTION, "steps": 4, "valuer": VALUER, "ladders": ((CURRENCY, 10, 10), NO_LADDER),
    }  # fmt: skip
    probe.send("setInterest", packed([1, 2, 4, 8], [16, 32, 64, 128]))
    for price in range(10, 41):
        limits = [10 * (step + 1) for step in range(4)]
        demand = sum(1 << step for step in range(4) if limits[step] >= price)
        supply = sum(16 << step for step in range(4) if limits[step] <= price)
        found, bids = probe.call("clearAt", terms_of(kit, **given), price)
        assert tuple(found) == (0, price, min(demand, supply), demand, supply)
        assert bids == demand


@pytest.mark.parametrize(
    ("changes", "price", "expected"),
    [
        pytest.param({"lots": 9}, 20, (0, 20, 9, 14, 9), id="sale"),
        pytest.param({"lots": 99, "byAmount": True}, 4, (0, 4, 3, 3, 99), id="by-amount"),
        pytest.param({"lots": 2, "byAmount": True}, 4, (0, 4, 2, 3, 2), id="by-amount-scarce"),
        pytest.param({"kind": TENDER, "lots": 9, "budget": 99}, 20, (0, 20, 3, 4, 3), id="tender"),
        pytest.param(
            {"kind": TENDER, "lots": 2, "budget": 99}, 20, (0, 20, 2, 2, 3), id="tender-lots"
        ),
    ],
)
def test_the_principal_takes_part_at_a_named_price(kit, probe, changes, price, expected):
    """A sale asks its lots, a tender bids what its budget pays for, and money buys whole lots."""
    first = 2 if changes.get("byAmount") else 10
    given = {"steps": 4, "valuer": VALUER, "ladders": ((CURRENCY, first, first), NO_LADDER)}
    tender = changes.get("kind") == TENDER
    bids, asks = ([0] * 4, [1, 2, 4, 8]) if tender else ([1, 2, 4, 8], [0] * 4)
    probe.send("setInterest", packed(bids, asks))
    found, money = probe.call("clearAt", terms_of(kit, **{**given, **changes}), price)
    assert tuple(found) == expected
    if changes.get("byAmount"):
        assert money == 14


def test_shares_add_up_and_differ_from_their_part_by_less_than_one(probe):
    """Everyone at the margin gets the floor or the ceiling of its exact part (Law 55)."""
    rng = random.Random(3)
    for _ in range(60):
        bits = rng.choice((4, 20, 64, 127))
        sizes = [rng.randint(1, 1 << bits) for _ in range(5)]
        total = sum(sizes)
        quantity = rng.randint(0, total)
        befores = [0, *accumulate(sizes)]
        parts = [
            probe.call("share", quantity, befores[i], own, total) for i, own in enumerate(sizes)
        ]
        assert sum(parts) == quantity
        for part, own in zip(parts, sizes, strict=True):
            assert abs(part * total - own * quantity) < total


def test_a_product_of_more_than_256_bits_is_shared_exactly(probe):
    """No sum of orders is too large to be shared out."""
    big = (1 << 200) - 1
    assert probe.call("share", big - 5, big - 9, 9, big) == big - 5 - (big - 5) * (big - 9) // big


def test_255_named_steps_close_within_their_gas(kit, probe):
    """A close reads every step once, however many orders there are (section 11: 800,000)."""
    steps, warmed = 255, 2_000
    bids, asks = ([size | step for step in range(steps)] for size in (1 << 32, 1 << 33))
    given = {"kind": AUCTION, "steps": steps, "ladders": ((CURRENCY, 5, 1), NO_LADDER)}
    probe.send("setInterest", packed(bids, asks))
    # What was just written is warm; in a call that is closed nothing is.
    used = probe.send("clear", terms_of(kit, **given)).gas + steps * warmed
    assert used < 740_000
    expected = searched({**given, "lots": 0}, bids, asks)
    assert tuple(probe.call("clear", terms_of(kit, **given))) == expected

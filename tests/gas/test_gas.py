"""The gas of every main operation, to the unit, against the committed figures."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.compiler import EVM_VERSION, OPTIMIZER_RUNS, SETTINGS
from prorata.toolchain.paths import PROJECT_ROOT, SOLC_VERSION
from tests.chainkit import GAS_CAP, AnvilKit
from tests.gas.ballots import measure as measure_ballots
from tests.gas.calls import measure as measure_calls
from tests.gas.compliance import measure as measure_compliance
from tests.gas.exchanges import measure as measure_exchanges
from tests.gas.field import measure as measure_field
from tests.gas.holds import measure as measure_holds
from tests.gas.record_ranges import heaviest
from tests.gas.record_ranges import measure as measure_ranges
from tests.gas.story import Story, measure
from tests.gas.trading import measure as measure_trading
from tests.gas.withholding import measure as measure_withholding

FIGURES = Path(__file__).with_name("figures.json")
README = PROJECT_ROOT / "README.md"
SETUP = {
    "compiler": f"solc {SOLC_VERSION}",
    "evmVersion": EVM_VERSION,
    "optimizerRuns": OPTIMIZER_RUNS,
    "viaIR": SETTINGS["viaIR"],
    "chain": "anvil, hardfork osaka",
}

# What a user would otherwise pay, and what we said we would reach.
LIMITS = {
    "declare: ERC-20": 190_000,
    "declare: first of a token and currency": 192_000,
    "issue: batch of 100 new holders, per holder": 27_000,
    "transfer: between holders": 36_900,
    "transfer: first after record 1, both accounts": 82_000,
    "transfer: first after record 2, both accounts": 82_000,
    "transfer: to a fresh holder": 54_000,
    "transfer: eligibility and country": 46_500,
    "register: batch of 100, per investor": 27_000,
    "tax: by the table": 22_000,
    "tax: by certificate": 17_000,
    "fill: whole, plain": 81_500,
    "fill: whole, under rules": 93_500,
    "fill: a part, the next, plain": 86_500,
    "fill: a part, the next, under rules": 98_500,
    "settle: two legs, brought by a third, plain": 99_000,
    "settle: three legs, three signers, plain": 129_000,
    "cancel: one order": 29_000,
    "cancel: all orders below a number": 32_000,
    "lock shares: next": 70_000,
    "claim a hold: eligibility and country": 105_000,
    "place: at a fixed price, open token": 97_100,
    "settle: page of 100 new holders, each, open token": 38_500,
    "match among holders: page of 20, each, open token": 58_000,
    "match among holders: page of 20, each, eligibility and country": 63_000,
    "ask: at a named price, open token": 125_000,
    "close a call: 255 prices, open token": 800_000,
    "open an offering: next, held, open token": 120_000,
    "redeem: now": 82_500,
    "redeem: a page of 100, each": 26_500,
    "vote: 1 resolution": 75_000,
    "vote: 5 resolutions": 98_000,
    "vote: 20 resolutions": 187_000,
    "claim: a range of 30 records, never traded": 110_000,
    "claim: a range of 90 records, traded before each": 340_000,
}


def rewrite_readme(figures: dict[str, int]) -> None:
    """Put the figures into the README's table, whose labels are theirs."""
    text = README.read_text(encoding="utf-8")
    for label, gas in figures.items():
        text = re.sub(rf"(?m)^\| {re.escape(label)} \| [\d,]+ \|", f"| {label} | {gas:,} |", text)
    README.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def figures(artifacts: dict[str, Artifact]) -> dict[str, int]:
    """Gas by label, measured now."""
    stories = (
        measure,
        measure_compliance,
        measure_ranges,
        measure_withholding,
        measure_field,
        measure_holds,
        measure_trading,
        measure_calls,
        measure_exchanges,
        measure_ballots,
    )
    with Anvil(hardfork="osaka") as anvil:
        measured = [story(artifacts, anvil) for story in stories]
    return dict(sorted(item for figures in measured for item in figures.items()))


def test_gas_is_what_the_committed_figures_say(figures: dict[str, int]) -> None:
    """No operation costs one unit of gas more or less than committed (`make gas` rewrites)."""
    found = {"setup": SETUP, "gas": figures}
    if os.environ.get("PRORATA_GAS") == "update":
        FIGURES.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        rewrite_readme(figures)
    assert found == json.loads(FIGURES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("label", sorted(LIMITS))
def test_gas_stays_below_what_was_promised(figures: dict[str, int], label: str) -> None:
    """Each promised operation costs no more than its limit."""
    assert figures[label] <= LIMITS[label]


def test_a_share_token_fits(artifacts: dict[str, Artifact]) -> None:
    """The largest contract stays below what was promised, and so below the limit of EIP-170."""
    assert len(artifacts["ShareToken"].runtime) <= 24_000


def test_a_record_of_a_stream_costs_little_more_than_a_storage_read(
    figures: dict[str, int],
) -> None:
    """A claim's cost grows by less than 3,000 per record if the holder moved shares before each,
    which is a cold read (2,100) and its handling, and by less than 800 if it never did."""
    for kind, limit in (("never traded", 800), ("traded before each", 3_000)):
        gas = {
            count: figures[f"claim: a range of {count} record{'s' * (count > 1)}, {kind}"]
            for count in (1, 30, 90)
        }
        assert (gas[30] - gas[1]) // 29 < limit
        assert (gas[90] - gas[1]) // 89 < limit


@pytest.mark.attack("K2")
@pytest.mark.parametrize(
    ("stride", "excluded", "after"),
    [(1, 2, 0), (1, 2, 100), (2, 2, 0), pytest.param(7, 2, 0, marks=pytest.mark.slow)],
)
def test_the_longest_range_is_counted_in_pages_that_fit(
    artifacts: dict[str, Artifact], stride: int, excluded: int, after: int
) -> None:
    """Declared ahead, over every so many records, with records after it, and everybody busy before
    each: one excluded account, the supply, and the claim all stay below a sixth of a transaction,
    on cold slots (Law 38)."""
    heavy = heaviest(artifacts, stride, excluded, after)
    assert max(heavy.page, heavy.last, heavy.claim) < GAS_CAP // 6
    assert heavy.at_once is not None
    assert heavy.page + heavy.claim < heavy.at_once


@pytest.mark.slow
@pytest.mark.attack("K2")
def test_what_does_not_fit_at_once_is_paid_after_pages(artifacts: dict[str, Artifact]) -> None:
    """With 32 excluded accounts over every third record all at once is more than a transaction; a
    page of four fits with room to spare, and so does the claim."""
    heavy = heaviest(artifacts, stride=3, excluded=32)
    assert 32 * heavy.page > GAS_CAP
    assert heavy.at_once is None
    assert 3 * heavy.page + heavy.last < GAS_CAP // 3
    assert heavy.claim < GAS_CAP // 6


def test_a_declaration_costs_the_same_for_any_number_of_holders(
    artifacts: dict[str, Artifact],
) -> None:
    """Declaring for one holder and for a thousand costs the same gas."""
    gas = []
    for holders in (1, 1_000):
        with Anvil(hardfork="osaka") as anvil, AnvilKit(anvil, artifacts) as kit:
            story = Story(kit, holders)
            gas.append(story.declare(story.close_record()))
    assert gas[0] == gas[1]

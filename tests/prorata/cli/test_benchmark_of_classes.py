"""`benchmark` of six classes: what the demo plays of them, on one chain and from one database.

Each figure is counted again here from the chain's raw transfers and the files of the books.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from shutil import copytree

import pytest
from rich.console import Console

from prorata.analysis.benchmark import COLUMNS
from prorata.analysis.precision import rounded
from prorata.assets.examples import EXAMPLES
from prorata.demo import asset_play
from prorata.demo.story import OPENING, play
from prorata.toolchain.anvil import Anvil
from prorata.values.times import moment
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

DAY = 86_400
YEAR = 365 * DAY
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
NOBODY = "0x" + "00" * 20
CAPITAL = ("return of capital", "principal")

CLASSES = {
    "fund": ("QGLF", "101.50"), "loans": ("HL1S", "598.20"), "gold": ("SGAU", "88.20"),
    "carbon": ("MDR24", "14.75"), "equity": ("TIDE", "31.40"), "note": ("HN32", "997.10"),
}  # fmt: skip
"""The first token of each class, in the order in which time allows them, and a NAV of a share."""
PRICE = "90.00"
"""Of gold, beside its NAV."""


@dataclass
class Asset:
    """One class as it was played, and what the chain says of its shares, read here by itself.

    `moved` are all transfers: second, giver, receiver, shares; `contracts` are no holders. `at` is
    the last second of the play, or the last at which there were shares.
    """

    name: str
    symbol: str
    commands: Commands
    out: Path
    ended: int
    moved: list[tuple[int, str, str, int]] = field(default_factory=list)
    contracts: set[str] = field(default_factory=set)

    @property
    def mark(self) -> Fraction:
        return Fraction(CLASSES[self.name][1])

    @property
    def whole(self) -> int:
        """A share in its smallest units."""
        return 10**self.commands.deployment.settings.decimals

    @property
    def at(self) -> int:
        supply, there = 0, self.ended
        for second, giver, receiver, shares in self.moved:
            supply += shares * ((giver == NOBODY) - (receiver == NOBODY))
            there = self.ended if supply else second - 1
        return there

    def read(self, anvil: Anvil) -> None:
        token = self.commands.deployment.token().address
        asked = {"address": token, "topics": [TRANSFER], "fromBlock": "0x0", "toBlock": "latest"}
        for log in anvil.rpc("eth_getLogs", asked):
            giver, receiver = ("0x" + topic[-40:] for topic in log["topics"][1:3])
            block = anvil.rpc("eth_getBlockByNumber", log["blockNumber"], False)
            moved = (int(block["timestamp"], 16), giver, receiver, int(log["data"], 16))
            self.moved.append(moved)
        parties = {party for one in self.moved for party in one[1:3]}
        self.contracts = {one for one in parties if anvil.rpc("eth_getCode", one, "latest") != "0x"}

    def balances(self, at: int) -> dict[str, int]:
        """Who had shares after a second, nobody excepted."""
        held: dict[str, int] = {}
        for second, giver, receiver, shares in self.moved:
            if second <= at:
                held[giver] = held.get(giver, 0) - shares
                held[receiver] = held.get(receiver, 0) + shares
        return {who: shares for who, shares in held.items() if shares and who != NOBODY}

    def turnover(self, at: int) -> Fraction:
        """From wallet to wallet in 365 days, over what there was on average."""
        begins, volume, weighed = at - YEAR, 0, 0
        for second, giver, receiver, shares in self.moved:
            if begins < second <= at and not {giver, receiver} & {NOBODY, *self.contracts}:
                volume += shares
        changes = sorted({begins, at, *(one[0] for one in self.moved if begins < one[0] < at)})
        for since, until in pairwise(changes):
            weighed += sum(self.balances(since).values()) * (until - since)
        return Fraction(volume * YEAR, weighed)

    def paid(self, at: int) -> Fraction:
        """What a share had of the records of 365 days, capital apart, by the files of the books."""
        with (self.out / "distributions.csv").open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["token"] == self.symbol]
        found = Fraction(0)
        for row in rows:
            record = int(datetime.fromisoformat(row["record_date"]).timestamp())
            if at - YEAR < record <= at and row["kind"] not in CAPITAL:
                assert row["currency"] == "USD"
                amount = Fraction(row["received"]) + Fraction(row["carried_in"])
                found += amount / Fraction(row["eligible_shares"])
        return found


@dataclass
class Chain:
    """The chain on which all were played, and what they were."""

    anvil: Anvil
    assets: list[Asset]
    database: tuple[str, str]


@pytest.fixture(scope="module")
def chain(tmp_path_factory) -> Iterator[Chain]:
    """Six classes, one after another; the note is issued four years later than its file says."""
    root, opening = tmp_path_factory.mktemp("classes"), str(int(OPENING.timestamp()))
    copytree(EXAMPLES, root / "examples")
    for name in ("terms", "zero", "call"):
        file = root / "examples" / "note" / f"{name}.yaml"
        later = re.sub(
            r"\b(20[23]\d)(?=-)", lambda year: str(int(year[1]) + 4), file.read_text("utf-8")
        )
        file.write_text(later, encoding="utf-8")
    own = Anvil(extra=("--timestamp", opening, "--order", "fifo"))
    with pytest.MonkeyPatch.context() as patch, own as anvil:
        patch.setattr(asset_play, "EXAMPLES", root / "examples")
        database = ("--database", str(root / "ledger.db"))
        assets = []
        for name, (symbol, _) in CLASSES.items():
            kept, out = root / name, root / "out" / name
            kept.mkdir()
            patch.setattr(asset_play, "TemporaryDirectory", lambda kept=kept: nullcontext(kept))
            commands = Commands(anvil, kept / symbol)
            play(
                Console(file=io.StringIO(), width=100), out, chain=commands.chain, asset_class=name
            )
            assets.append(Asset(name, symbol, commands, out, commands.chain.now()))
        for one in assets:
            one.commands.says("follow", "--once", *database)
            one.read(anvil)
        for one in assets:
            for at in {one.at, assets[-1].at}:
                add(one, "nav", CLASSES[one.name][1], at, database)
            if one.name == "gold":
                add(one, "price", PRICE, one.at, database)
        yield Chain(anvil, assets, database)


def add(one: Asset, kind: str, amount: str, at: int, database: tuple[str, str]) -> None:
    one.commands.says(
        "marks", "add", "--kind", kind, "--amount", amount, "--currency", "USD", "--basis", "ex",
        "--source", "Administrator", "--at", moment(at), *database,
    )  # fmt: skip


def table(chain: Chain, folder: Path, assets: list[Asset], at: int) -> dict[str, dict]:
    """The figures of each class, by the command."""
    path = folder / "assets.yaml"
    lines = [f"  - {{ asset: {one.symbol}, class: {one.name} }}" for one in assets]
    path.write_text("\n".join(["assets:", *lines]) + "\n", encoding="utf-8")
    facts = assets[0].commands.facts("benchmark", str(path), "--at", moment(at), *chain.database)
    return {
        one["class"]: {each["name"]: each for each in one["figures"]} for one in facts["assets"]
    }


def test_each_figure_of_a_class_is_what_the_chain_says(chain, tmp_path) -> None:
    """At its own end: holders, HHI, size, turnover and yield, each summed in another way."""
    for one in chain.assets:
        figures = table(chain, tmp_path, [one], one.at)[one.name]
        assert list(figures) == list(COLUMNS)
        held = one.balances(one.at)
        kept = [shares for who, shares in held.items() if who not in one.contracts]
        assert figures["holders"]["value"] == str(len(kept))
        squares = sum(Fraction(shares, sum(kept)) ** 2 for shares in kept)
        assert figures["HHI"]["value"] == rounded(squares * 10_000, 2)
        size = sum(held.values()) * one.mark / one.whole
        assert figures["size"]["value"] == rounded(size, 2)
        begun = one.moved[0][0]
        if one.at - begun < YEAR:
            reason = f"not enough data: {(one.at - begun) // DAY} of 365 days"
            assert figures["turnover"]["reason"] == reason
            assert figures["distribution yield"]["reason"] == reason
        else:
            assert figures["turnover"]["value"] == rounded(one.turnover(one.at), 4)
            paid = one.paid(one.at) / one.mark
            assert figures["distribution yield"]["value"] == rounded(100 * paid, 2)
    old = [one.name for one in chain.assets if one.at - one.moved[0][0] >= YEAR]
    assert old == ["loans", "note"]
    loans, note = (one for one in chain.assets if one.name in old)
    assert loans.turnover(loans.at) > 0
    assert min(loans.paid(loans.at), note.paid(note.at)) > 0


def test_a_premium_is_there_where_there_is_a_price(chain, tmp_path) -> None:
    gold = next(one for one in chain.assets if one.name == "gold")
    figure = table(chain, tmp_path, [gold], gold.at)["gold"]["premium to NAV"]
    assert figure["value"] == rounded(100 * (Fraction(PRICE) / gold.mark - 1), 2)


def test_six_classes_stand_in_one_table(chain, tmp_path) -> None:
    """At one moment, years after the first: what is gone or too old by then is blank, and why."""
    at = chain.assets[-1].at
    figures = table(chain, tmp_path, chain.assets, at)
    assert list(figures) == ["note", "loans", "fund", "gold", "carbon", "equity"]
    for one in chain.assets:
        told, supply = figures[one.name], sum(one.balances(at).values())
        assert told["size"]["value"] == rounded(supply * one.mark / one.whole, 2)
        assert told["holders"]["value"] == str(len(set(one.balances(at)) - one.contracts))
        assert told["payout quality"]["reason"] == "no distribution was due by its terms"
        if one.name != "equity":
            assert told["turnover"]["value"] == rounded(one.turnover(at), 4)
            assert told["distribution yield"]["value"] == rounded(100 * one.paid(at) / one.mark, 2)
    assert figures["equity"]["HHI"]["reason"] == "nobody holds shares"
    assert figures["gold"]["premium to NAV"]["reason"].startswith("the price is ")
    path, first = str(tmp_path / "assets.yaml"), chain.assets[0].commands
    said = first.says("benchmark", path, "--at", moment(at), *chain.database)
    assert "6 assets, as of block" in said
    assert "No asset of: building." in said
    assert "Blank: TIDE, HHI: nobody holds shares." in said

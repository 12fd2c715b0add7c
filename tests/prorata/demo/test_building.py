"""What the demo does when something is wrong."""

from __future__ import annotations

import csv
import io

import pytest
from rich.console import Console

from prorata.chain.node import RpcChain
from prorata.demo import building
from prorata.demo.chain import DemoChain
from prorata.demo.story import play
from prorata.errors import BooksError, ChainError, InputError
from prorata.ledger.entries import Place

pytestmark = pytest.mark.slow


def test_a_chain_whose_clock_cannot_be_moved_is_refused(monkeypatch):
    monkeypatch.setattr(RpcChain, "request", lambda *_: "Geth/v1.16.0")
    with pytest.raises(ChainError, match="the node is geth, and the demo moves time"):
        DemoChain(RpcChain("http://127.0.0.1:1"))


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be written \(not a directory\)"):
        play(Console(file=io.StringIO()), tmp_path / "file" / "out")


def test_another_seed_tells_another_story_whose_books_balance_but_for_what_is_named(
    tmp_path, anvil, monkeypatch
):
    """On a chain that was there before, and goes on from its own present. Its books balance; one
    figure of another value is the end of the story, an error that names it."""
    balanced = []

    def audit(*args, **options):
        found = true_audit(*args, **options)
        balanced.append(found.balanced)
        found.books.differ(Place.total(1), "owed", (1, "the books"), (2, "the chain"))
        return found

    true_audit = building.audit
    monkeypatch.setattr(building, "audit", audit)
    console = Console(file=io.StringIO(), width=100)
    with pytest.raises(BooksError, match="distribution 1: owed is 1 by the books and 2"):
        play(console, tmp_path, seed=7, chain=RpcChain(anvil.url))
    assert balanced == [True]
    assert "balance" not in console.file.getvalue()
    assert '"balanced": false' in (tmp_path / "books.json").read_text()
    # Sold twice over, and left: nobody's money stays behind.
    told = " ".join(console.file.getvalue().split())
    assert "9,200 shares go to bids for 18,400" in told
    assert told.count("USD 0 is ") == 2
    with (tmp_path / "calls.csv").open(encoding="utf-8") as file:
        calls = list(csv.DictReader(file))
    assert [(one["kind"], one["stage"]) for one in calls] == [
        ("offering", "delivered"), ("tender", "delivered"),
    ]  # fmt: skip

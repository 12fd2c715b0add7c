"""`ledger publish` and `ledger query`: what they print, write, repeat and refuse."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from prorata.analysis.queries import QUERIES
from prorata.store.database import Database
from tests.prorata.cli.opened import run
from tests.prorata.store.filled import Filled, Story

# One chain: the same times of the same blocks.
STORIES = (Story(transfers=60, payments=40), Story(number=2, transfers=30, payments=20))


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Filled]:
    with closing(Database.open(str(tmp_path / "ledger.db"), create=True)) as database:
        filled = Filled(database)
        for story in STORIES:
            filled.add(story)
        yield filled


@pytest.fixture
def publish(filled: Filled, tmp_path: Path):
    """The command, into a folder, with more options."""

    def published(*words: str):
        place = ("--database", str(tmp_path / "ledger.db"))
        return run("ledger", "publish", "--to", str(tmp_path / "published"), *place, *words)

    return published


@pytest.fixture
def ask(publish, tmp_path: Path):
    """The other command, of what is published."""
    assert publish().code == 0

    def asked(*words: str):
        return run("ledger", "query", *words, "--from", str(tmp_path / "published"))

    return asked


# ------------------------------------------------------------------------------------------ publish


def test_publishing_says_what_is_new_and_then_that_nothing_is(publish):
    last = max(story.last for story in STORIES)
    first = publish()
    assert first.code == 0
    assert f"SHARE1: published to block {last:,}: " in first.out
    assert f"SHARE2: published to block {last:,}: " in first.out
    assert first.out.count("  manifest    ") == 2
    again = publish()
    assert again.out == "".join(
        f"{symbol}: everything to block {last:,} is published already\n"
        for symbol in ("SHARE1", "SHARE2")
    )


def test_one_asset_is_published_by_symbol_or_token(publish, tmp_path):
    told = json.loads(publish("--asset", "SHARE2", "--json").out)
    assert [one["symbol"] for one in told["assets"]] == ["SHARE2"]
    assert told["assets"][0]["new_rows"] > 0
    [place] = [path.name for path in (tmp_path / "published").iterdir()]
    assert place == STORIES[1].token.lower()
    refused = publish("--asset", "SHARE3")
    assert refused.code == 1
    assert '"SHARE3" is no asset of' in refused.err
    assert "which has SHARE1 and SHARE2; name one of them, or none for all" in refused.err


def test_nothing_that_is_final_is_said_so(publish, filled):
    filled.update(verified=1)
    done = publish("--asset", "SHARE1")
    assert done.code == 0
    assert done.out == ("SHARE1: nothing of it is final and verified yet; nothing was published\n")


def test_a_ledger_that_is_not_there_is_refused(tmp_path):
    place = str(tmp_path / "none.db")
    refused = run("ledger", "publish", "--to", str(tmp_path / "to"), "--database", place)
    assert refused.code == 1
    assert f"there is no ledger at {place}" in refused.err
    assert not (tmp_path / "to").exists()


# -------------------------------------------------------------------------------------------- query


def test_without_a_name_the_queries_are_listed():
    listed = run("ledger", "query")
    assert listed.code == 0
    for query in QUERIES:
        assert f"  {query.name} " in listed.out
        assert query.says in listed.out
    told = json.loads(run("ledger", "query", "--json").out)
    assert [one["name"] for one in told["queries"]] == [query.name for query in QUERIES]
    assert told["queries"][0]["columns"][0] == "asset"


@pytest.mark.parametrize("name", [query.name for query in QUERIES])
def test_an_answer_is_shown_written_and_told_alike(ask, tmp_path, name):
    """The digest on the screen is that of the file, and of what a program gets."""
    path = tmp_path / "answer.csv"
    shown = ask(name, "--csv", str(path))
    assert shown.code == 0, shown.err
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"  digest      {digest}" in shown.out
    told = json.loads(ask(name, "--json").out)
    assert told["digest"] == digest
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{n: str(v) for n, v in row.items()} for row in told["rows"]]
    assert len(rows) > 0


def test_one_assets_address_stands_in_the_title(ask, tmp_path):
    one = STORIES[0].token.lower()
    shown = run("ledger", "query", "largest", "--from", str(tmp_path / "published" / one))
    assert f"by duckdb, of {STORIES[0].token}" in shown.out
    assert shown.out.count(STORIES[0].token) == 1


def test_an_earlier_block_is_another_answer(ask):
    block = str(STORIES[0].first + 3)
    told = json.loads(ask("balances", "--at-block", block, "--json").out)
    assert told["at_block"] == int(block)
    refused = ask("balances", "--at-block", "99999")
    assert refused.code == 1
    assert '"99999" is not published: every asset is there to block' in refused.err


def test_an_unknown_query_is_refused_with_the_nearest(ask):
    refused = ask("incom")
    assert refused.code == 1
    assert '"incom" is no published query; write income' in refused.err


def test_a_query_needs_a_folder(tmp_path):
    missing = run("ledger", "query", "income")
    assert missing.code == 2
    assert "Missing option '--from'" in missing.err
    refused = run("ledger", "query", "income", "--from", str(tmp_path / "none"))
    assert refused.code == 1
    assert "has no manifest of a published ledger; name one that" in refused.err


def test_a_changed_file_is_refused_by_its_digest(ask, tmp_path):
    path = next((tmp_path / "published").rglob("supply/*.parquet"))
    path.write_bytes(path.read_bytes() + b" ")
    refused = ask("holders")
    assert refused.code == 1
    assert "is not the file that was published: its SHA-256 is" in refused.err
    # Of another table nothing was changed, and nothing of this one is read for it.
    assert ask("income").code == 0


@pytest.mark.parametrize(
    ("engine", "module", "remedy"),
    [
        ("clickhouse", "chdb", "pip install 'chdb'"),
        ("spark", "pyspark", r"pip install 'prorata[cluster]'"),
    ],
)
def test_a_missing_engine_is_a_sentence(ask, engine, module, remedy):
    """Neither comes with a checkout, whose tests of them are `make cluster`."""
    refused = ask("income", "--engine", engine)
    assert refused.code == 1
    assert f"this engine needs {module}, which cannot be loaded" in refused.err
    assert f"install it with: {remedy}" in refused.err

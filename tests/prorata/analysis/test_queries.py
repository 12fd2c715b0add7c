"""Published queries against the same questions in Python, over the rows that were put in."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from itertools import groupby

import pytest

from prorata.analysis.answers import ask
from prorata.analysis.engines import opened
from prorata.analysis.queries import QUERIES, find_query
from prorata.errors import InputError, StoreError
from prorata.files.manifests import TABLES, Manifest, Publication
from tests.prorata.analysis.beyond import BITS, beyond, expected
from tests.prorata.analysis.conftest import STORIES
from tests.prorata.store.filled import Story, address, balances_of, within

LAST = max(story.last for story in STORIES)
BLOCKS = (100, 101, 117, 150, LAST)
Row = tuple[int | str, ...]


# ------------------------------------------------------------------------------- the same in Python


def span(story: Story, block: int) -> tuple[int, str]:
    at = datetime.fromtimestamp(story.time(block), timezone.utc)
    return at.year, at.strftime("%Y-%m")


def summed(rows: Iterable[tuple[tuple, Sequence[int]]]) -> dict[tuple, list[int]]:
    """Amounts by key, and behind them how many rows there were."""
    found: dict[tuple, list[int]] = {}
    for key, amounts in rows:
        sums = found.setdefault(key, [0] * (len(amounts) + 1))
        for place, amount in enumerate((*amounts, 1)):
            sums[place] += amount
    return found


def income(story: Story, at: int, key) -> list[Row]:
    of = {(d.vault, d.number): d for d in story.declared}
    found = summed(
        (key(p, of[p.vault, p.number]), (p.gross, p.tax)) for p in within(story.paid, at)
    )
    return [(*k, count, gross, tax, gross - tax) for k, (gross, tax, count) in found.items()]


def by_month(story: Story, at: int) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in within(story.moved, at):
        kind = "issued" if not one.giver else "transfers" if one.receiver else "burnt"
        found[span(story, one.block)[1]][kind].append(one.amount)
    return found


def largest(story: Story, at: int) -> list[Row]:
    ranked = sorted(balances_of(story, at).items(), key=lambda one: (-one[1], one[0]))[:10]
    return [(story.token, rank, holder, amount) for rank, (holder, amount) in enumerate(ranked, 1)]


def month_ends(story: Story, at: int) -> list[Row]:
    blocks = sorted(block for block in story.supplied if block <= at)
    last = {span(story, block)[1]: block for block in blocks}
    return [
        (story.token, month, sum(1 for a in balances_of(story, block).values() if a),
         sum(balances_of(story, block).values()))
        for month, block in last.items()
    ]  # fmt: skip


MODEL = {
    "income": lambda story, at: income(
        story,
        at,
        lambda p, d: (
            story.token, address(p.holder), span(story, p.block)[0], story.currencies[d.currency],
        ),
    ),
    "payments": lambda story, at: income(
        story,
        at,
        lambda p, d: (
            story.token, story.vaults[p.vault], p.number, d.number, story.currencies[d.currency],
        ),
    ),
    "balances": lambda story, at: [
        (story.token, holder, amount) for holder, amount in balances_of(story, at).items()
    ],
    "largest": largest,
    "transfers": lambda story, at: [
        (story.token, month, len(kinds["transfers"]), sum(kinds["transfers"]))
        for month, kinds in by_month(story, at).items()
        if kinds["transfers"]
    ],
    "issued": lambda story, at: [
        (story.token, month, sum(kinds["issued"]), sum(kinds["burnt"]))
        for month, kinds in by_month(story, at).items()
        if kinds["issued"] or kinds["burnt"]
    ],
    "declared": lambda story, at: [
        (*key, count, received, carried)
        for key, (received, carried, count) in summed(
            ((story.token, span(story, d.block)[0], story.currencies[d.currency]),
             (d.received, d.carried_in))
            for d in within(story.declared, at)
        ).items()
    ],
    "holders": month_ends,
}  # fmt: skip


def test_every_query_has_a_model_in_python():
    assert {query.name for query in QUERIES} == set(MODEL)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("name", MODEL)
def test_an_answer_is_what_the_rows_say(published, name, block):
    """After any block, of all assets, in the order of the first columns."""
    wanted = sorted(row for story in STORIES for row in MODEL[name](story, block))
    answer = ask(find_query(name), published, at=block)
    assert answer.rows == wanted
    assert all(len(row) == len(answer.query.columns) for row in wanted)


def test_without_a_block_it_is_the_last_that_every_asset_has(published):
    answer = ask(find_query("balances"), published)
    assert answer.block == LAST
    assert answer.rows == ask(find_query("balances"), published, at=LAST).rows


def test_one_asset_is_asked_by_its_own_folder(published):
    story = STORIES[1]
    alone = Publication.open(published.folder / story.token.lower())
    answer = ask(find_query("balances"), alone)
    assert answer.rows == sorted(MODEL["balances"](story, story.last))


def test_the_digest_is_of_the_bytes_of_the_answer(published):
    answer = ask(find_query("income"), published)
    assert answer.digest == hashlib.sha256(answer.text.encode()).hexdigest()
    head, *lines = answer.text.splitlines()
    assert head == "asset,holder,year,currency,payments,gross,tax,net"
    assert [",".join(map(str, row)) for row in answer.rows] == lines
    assert answer.as_json()["rows"][0]["gross"] == str(answer.rows[0][5])


def test_balances_from_transfers_are_those_of_the_history(published):
    """The two tables say the same: the ten largest of one are the ten largest of the other."""
    rows = ask(find_query("balances"), published).rows
    for asset, group in groupby(rows, key=lambda row: row[0]):
        ranked = sorted(group, key=lambda row: (-row[2], row[1]))[:10]
        told = [row for row in ask(find_query("largest"), published).rows if row[0] == asset]
        assert [(row[2], row[3]) for row in told] == [(row[1], row[2]) for row in ranked]


# ------------------------------------------------------------------------------------ large amounts


@pytest.mark.parametrize("bits", BITS)
def test_sums_past_any_number_of_bits_are_exact(publishing, bits):
    """In DuckDB past 2^63; past 2^127 and 2^255 by adding the rows that no engine may add."""
    story = beyond(bits)
    opened_there = publishing(story)
    for name, rows in expected(story).items():
        answer = ask(find_query(name), opened_there)
        assert answer.rows == rows
        assert max(abs(cell) for row in rows for cell in row if isinstance(cell, int)) > 2**bits
        summed_here = name != "largest" and bits > 103
        assert (answer.added > 0) == summed_here


def claiming(published: Publication, largest: int) -> Publication:
    """The same files, whose manifests say that the largest amount in them is another."""
    parts = []
    for place, manifest in published.parts:
        tables = {
            table: tuple(
                file.model_copy(update={"largest": dict.fromkeys(file.largest, largest)})
                for file in files
            )
            for table, files in manifest.tables.items()
        }
        parts.append((place, manifest.model_copy(update={"tables": tables})))
    return Publication(published.folder, tuple(parts))


def test_a_sum_that_could_have_no_room_is_refused_before_an_engine_is_asked(published):
    """Rows times the largest amount stay below 10^38, to the unit."""
    count = sum(file.rows for _, file in published.files("settlements"))
    most = (10**38 - 1) // count
    assert ask(find_query("income"), claiming(published, most)).rows
    with pytest.raises(InputError, match=r"settlements.gross\) that could come to .*--from FOLDER"):
        ask(find_query("income"), claiming(published, most + 1))
    # Nothing is added there.
    assert ask(find_query("largest"), claiming(published, 10**38)).rows


def test_each_transfer_counts_twice_in_balances(published):
    count = sum(file.rows for _, file in published.files("transfers"))
    most = (10**38 - 1) // count
    assert ask(find_query("transfers"), claiming(published, most)).rows
    with pytest.raises(InputError, match=r"transfers.amount\) that could come to"):
        ask(find_query("balances"), claiming(published, most))


def test_transfers_that_are_missing_are_noticed(publishing):
    """Whoever had less than nothing is named, and no balance of anybody is told."""
    story = Story(transfers=0, payments=0)
    story.move(0, 1, 5)
    story.move(2, 1, 7)
    story.held.clear()
    story.supplied.clear()
    with pytest.raises(StoreError, match=f"{address(2)} would have -7 units of .*are missing"):
        ask(find_query("balances"), publishing(story))


# ----------------------------------------------------------------------------------------- refusals


def test_an_unknown_query_is_refused_with_the_nearest():
    with pytest.raises(InputError, match='"balance" is no published query; write balances'):
        find_query("balance")
    with pytest.raises(InputError, match=r"write one of income, balances, .* and holders"):
        find_query("xyz")


def test_a_block_that_is_not_published_is_refused(published):
    with pytest.raises(InputError, match=f"is not published: every asset is there to block {LAST}"):
        ask(find_query("income"), published, at=LAST + 1)
    with pytest.raises(InputError, match="is before the first block, 100"):
        ask(find_query("income"), published, at=99)


def test_an_engine_that_sees_other_files_is_not_believed(published):
    """Its rows are counted before it is asked."""
    [(_, file)] = Publication.open(published.parts[0][0]).files("settlements")
    more = file.model_copy(update={"rows": file.rows + 1})
    place, manifest = published.parts[0]
    tables = {**manifest.tables, "settlements": (more,)}
    wrong = Publication(place, ((place, manifest.model_copy(update={"tables": tables})),))
    with pytest.raises(StoreError, match=f"sees {file.rows:,} rows of settlements, and the manif"):
        ask(find_query("income"), wrong)


def test_files_that_an_engine_does_not_find_are_named(published, tmp_path):
    with pytest.raises(StoreError, match="DuckDB refused: IO Error: No files found"):
        ask(find_query("income"), published, seen_as=str(tmp_path))
    with pytest.raises(InputError, match="is given, and DuckDB has none"):
        ask(find_query("income"), published, server="https://ch:8443")


def test_duckdb_refuses_a_sum_that_it_has_no_room_for(published):
    """The last guard behind the manifest's: 2.0.1 and later raise, where older ones wrapped."""
    with opened("duckdb", published, sorted(TABLES), LAST) as engine:
        most = 10**38 - 1
        with pytest.raises(StoreError, match=r"DuckDB refused: .*(Overflow|out of range)"):
            engine.rows(f"SELECT sum(x) FROM (SELECT {most}::DECIMAL(38, 0) AS x FROM range(4))")


def test_a_table_without_a_row_is_asked_like_any_other(publishing):
    story = Story(transfers=0, payments=0)
    story.move(0, 1, 5)
    alone = publishing(story)
    assert ask(find_query("income"), alone).rows == []
    assert ask(find_query("balances"), alone).rows == [(story.token, address(1), 5)]


def test_a_manifest_is_read_without_a_database(published):
    """Whoever only asks needs no extra for it."""
    place, manifest = published.parts[0]
    assert Manifest.read(place) == manifest

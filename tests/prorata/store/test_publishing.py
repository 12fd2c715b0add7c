"""Publishing: what is final and verified, once, under a manifest that is whole or the former."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from prorata.errors import InputError, StoreError
from prorata.files.manifests import MANIFEST, TABLES, Manifest, Publication, exact
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.publishing import assets_in, publish
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.store.filled import GENESIS, Filled, Story, address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "published"


@pytest.fixture
def filled(database: Database) -> Filled:
    return Filled(database).add(Story())


def published(filled: Filled, folder: Path, **how):
    """Publish the only asset."""
    [asset] = assets_in(filled.database)
    return publish(filled.database, asset, folder, **how)


def rows(folder: Path, table: str) -> list[dict]:
    """All rows of a table, from the files that its manifests list."""
    found = []
    for path, _ in Publication.open(folder).files(table):
        found += pq.read_table(path).to_pylist()
    return found


def told(folder: Path) -> dict[str, list[tuple]]:
    """What is published, in the terms of a story."""
    whole = {
        table: [
            {
                column.name: int(row[exact(column.name)] or row[column.name])
                if column.type == "amount"
                else row[column.name]
                for column in columns
            }
            for row in rows(folder, table)
        ]
        for table, columns in TABLES.items()
    }
    return {
        "moved": sorted(
            (r["block"], r["log_index"], r["giver"], r["receiver"], r["amount"])
            for r in whole["transfers"]
        ),
        "held": sorted((r["holder"], r["block"], r["amount"]) for r in whole["holdings"]),
        "supplied": sorted((r["block"], r["total"], r["holders"]) for r in whole["supply"]),
        "records": sorted(
            (r["number"], r["cancelled"], r["block"], r["closes_at"]) for r in whole["records"]
        ),
        "declared": sorted(
            (r["vault"], r["distribution"], r["token"], r["currency"], r["received"])
            for r in whole["distributions"]
        ),
        "paid": sorted(
            (r["block"], r["log_index"], r["vault"], r["distribution"], r["record"], r["currency"],
             r["holder"], r["payee"], r["gross"], r["tax"])
            for r in whole["settlements"]
        ),
    }  # fmt: skip


def expected(story: Story, until: int | None = None) -> dict[str, list[tuple]]:
    """The same from the story, as it was after a block."""
    last = story.last if until is None else until
    of = {(d.vault, d.number): d for d in story.declared}
    records = [(n, 0, block, story.time(block) + 60) for n, block, _ in story.closed]
    cancelled = [(n, 1, block, story.time(block) + 60) for n, block, _ in story.closed[:1]]
    return {
        "moved": sorted(
            (m.block, m.log_index, address(m.giver), address(m.receiver), m.amount)
            for m in story.moved
            if m.block <= last
        ),
        "held": sorted(
            (address(account), block, amount)
            for (account, block), amount in story.held.items()
            if block <= last
        ),
        "supplied": sorted(
            (block, *both) for block, both in story.supplied.items() if block <= last
        ),
        "records": sorted(one for one in records + cancelled if one[2] <= last),
        "declared": sorted(
            (story.vaults[d.vault], d.number, story.ranges if d.ranges else story.token,
             story.currencies[d.currency], d.received)
            for d in story.declared
            if d.block <= last
        ),
        "paid": sorted(
            (p.block, p.log_index, story.vaults[p.vault], p.number, p.number,
             story.currencies[of[p.vault, p.number].currency], address(p.holder),
             address(p.holder), p.gross, p.tax)
            for p in story.paid
            if p.block <= last
        ),
    }  # fmt: skip


# ------------------------------------------------------------------------------------ what is there


def test_every_row_is_published_with_its_block_and_time(filled, folder):
    [story] = filled.stories
    done = published(filled, folder)
    assert told(folder) == expected(story)
    assert done.rows == sum(map(len, expected(story).values()))
    for table in TABLES:
        for row in rows(folder, table):
            assert row["asset"] == story.token
            assert row["time"] == story.time(row["block"])
            assert (row["year"], row["month"]) == (2026, f"2026-{_month(row['time']):02}")


def _month(second: int) -> int:
    """Of 2026, by counting its days."""
    day = (second - 1_767_225_600) // 86_400
    lengths = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return next(m for m in range(1, 13) if day < sum(lengths[:m]))


def test_the_manifest_says_what_each_file_is(filled, folder):
    [story] = filled.stories
    manifest = published(filled, folder).manifest
    assert manifest is not None
    said = json.loads((folder / story.token.lower() / MANIFEST).read_text(encoding="utf-8"))
    assert (said["chain_id"], said["genesis"], said["token"]) == (31_337, GENESIS, story.token)
    assert (said["first"], said["last"]) == (story.first, story.last)
    assert {s["kind"] for s in said["sources"]} == {"ShareToken", "DividendVault", "RecordRanges"}
    [file] = said["tables"]["settlements"]
    assert file["rows"] == len(story.paid)
    assert file["largest"] == {
        "gross": str(max(p.gross for p in story.paid)),
        "tax": str(max(p.tax for p in story.paid)),
    }
    assert file["exact"] == {"gross": 0, "tax": 0}
    path = folder / story.token.lower() / file["path"]
    assert (path.stat().st_size, manifest.digest) == (file["bytes"], manifest.own_digest)


def test_nobodys_name_is_in_a_column():
    """Who a person is stands in no published table: addresses, numbers and amounts only."""
    named = {column.name for columns in TABLES.values() for column in columns}
    texts = {c.name for columns in TABLES.values() for c in columns if c.type == "text"}
    assert texts == {
        "asset", "month", "giver", "receiver", "holder", "vault", "token", "currency", "declarer",
        "payee",
    }  # fmt: skip
    assert not {name for name in named if "name" in name or "country" in name}


@pytest.mark.parametrize("amount", [10**31 - 1, 10**31, 2**127, 2**255, 2**256 - 1])
def test_an_amount_is_a_decimal_or_text_and_never_another_number(database, folder, amount):
    story = Story(transfers=0, payments=0)
    story.move(0, 1, amount)
    published(Filled(database).add(story), folder)
    [row] = rows(folder, "transfers")
    if amount < 10**31:
        assert (int(row["amount"]), row["amount_exact"]) == (amount, None)
    else:
        assert (row["amount"], row["amount_exact"]) == (None, f"{amount:078}")
    [(_, file)] = Publication.open(folder).files("transfers")
    assert file.exact == {"amount": int(amount >= 10**31)}
    assert file.largest == {"amount": amount if amount < 10**31 else 0}


def test_pages_of_any_size_give_the_same_bytes(filled, folder, tmp_path):
    """One row at a time, or all at once: rows are neither lost nor doubled between pages."""
    [story] = filled.stories
    published(filled, folder, page=1)
    assert told(folder) == expected(story)
    published(filled, tmp_path / "other", page=7)
    assert told(tmp_path / "other") == expected(story)


# ---------------------------------------------------------------------------------- again and again


def test_publishing_again_adds_only_what_is_new(filled, folder):
    [story] = filled.stories
    first = published(filled, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*.parquet")}
    story.play(30, 30)
    filled.update()
    second = published(filled, folder)
    assert told(folder) == expected(story)
    assert second.rows == sum(map(len, expected(story).values())) - first.rows
    for path, content in before.items():
        assert path.read_bytes() == content
    assert not second.anew
    ranges = [(f.first, f.last) for _, f in Publication.open(folder).files("transfers")]
    assert ranges == [
        (story.first, first.manifest.last),
        (first.manifest.last + 1, story.last),
    ]


def test_publishing_again_writes_nothing_when_there_is_nothing(filled, folder):
    published(filled, folder)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    again = published(filled, folder)
    del before[next(path for path in before if path.name == "publish.lock")]
    assert (again.moved, again.files, again.rows) == (False, 0, 0)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("what", ["final", "verified_to", "done_to"])
def test_only_what_is_final_verified_and_complete_is_published(filled, folder, what):
    """Law 85: what may still be undone, or was not asked for a second time, is not published."""
    [story] = filled.stories
    until = (story.first + story.last) // 2
    if what == "done_to":
        # One contract of the asset is behind.
        with filled.database.writing() as connection:
            vault = schema.source.c.address == story.vaults[0]
            connection.execute(schema.source.update().where(vault).values(done_to=until))
    else:
        filled.set(schema.chain, **{what: until})
    assert published(filled, folder).manifest.last == until
    assert told(folder) == expected(story, until)
    filled.update()
    published(filled, folder)
    assert told(folder) == expected(story)


def test_nothing_that_is_verified_is_nothing_to_publish(filled, folder):
    filled.set(schema.chain, verified_to=5)
    done = published(filled, folder)
    assert (done.manifest, done.files) == (None, 0)
    with pytest.raises(InputError, match="has no manifest of a published ledger"):
        Publication.open(folder)


def test_two_assets_are_apart(filled, folder):
    other = Story(number=2, transfers=50, payments=20)
    filled.add(other)
    for asset in assets_in(filled.database):
        publish(filled.database, asset, folder)
    opened = Publication.open(folder)
    assert [manifest.symbol for _, manifest in opened.parts] != []
    for story in filled.stories:
        assert told(folder / story.token.lower()) == expected(story, opened.last)


# ----------------------------------------------------------------------------- what goes in between


def test_a_ledger_that_was_read_anew_is_published_anew(filled, folder):
    [story] = filled.stories
    former = published(filled, folder).manifest
    filled.set(schema.chain, epoch="second")
    done = published(filled, folder)
    assert done.anew
    assert done.manifest.generation != former.generation
    assert told(folder) == expected(story)
    place = folder / story.token.lower()
    # Whoever read the former manifest just now can still read its files; the next run removes them.
    assert all((place / path).exists() for path in former.paths)
    assert published(filled, folder).removed == len(former.paths)
    assert {p.relative_to(place).as_posix() for p in place.rglob("*.parquet")} == (
        done.manifest.paths
    )


def test_a_contract_that_is_added_later_makes_another_generation(filled, folder):
    """What lies before it may have gained rows: no file that is there says the same any more."""
    [story] = filled.stories
    former = published(filled, folder).manifest
    with filled.database.writing() as connection:
        connection.execute(
            schema.source.insert().values(
                id=99, chain=1, address=address(99), kind="DividendVault", ours=1,
                first_block=story.first, done_to=story.last, added_at=story.last,
            )
        )  # fmt: skip
        connection.execute(schema.source_asset.insert().values(source=99, asset=1))
    assert published(filled, folder).manifest.generation != former.generation
    assert told(folder) == expected(story)


def test_a_ledger_that_is_rebuilt_meanwhile_is_not_published(filled, folder):
    """Law 89: who publishes sees one history; pages of two are never in one file."""

    def rebuild(table: str, count: int) -> None:
        filled.set(schema.chain, epoch="second")

    with pytest.raises(StoreError, match="was built anew meanwhile"):
        published(filled, folder, page=10, follow=rebuild)
    assert not list(folder.rglob(MANIFEST))


def test_a_folder_of_another_chain_is_refused(filled, folder):
    published(filled, folder)
    filled.set(schema.chain, genesis="0x" + "cd" * 32)
    with pytest.raises(InputError, match=r"has SHARE1 of chain 31337 .*; publish into another"):
        published(filled, folder)
    assert told(folder)["moved"]


def test_two_runs_do_not_publish_one_asset_at_once(filled, folder):
    def meanwhile(table: str, count: int) -> None:
        with pytest.raises(StoreError, match="another run is publishing into"):
            published(filled, folder)

    published(filled, folder, follow=meanwhile)
    assert told(folder) == expected(filled.stories[0])


def test_a_folder_that_cannot_be_written_is_refused(filled, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        published(filled, tmp_path / "file")


@pytest.mark.slow
@pytest.mark.parametrize("page", [1, 9, 20, 33])
def test_a_killed_publication_leaves_the_former_manifest(sqlite, tmp_path, page):
    """Killed at any page of any table: readers have what they had; the next run completes it."""
    folder = tmp_path / "published"
    with closing(Database.open(sqlite, create=True)) as database:
        story = Story()
        filled = Filled(database).add(story)
        last = published(filled, folder).manifest.last
        story.play(200, 200)
        filled.update()
        ran = subprocess.run(
            [sys.executable, "-m", killed_publishing, sqlite, str(folder), str(page)],
            cwd=PROJECT_ROOT,
        )
        assert ran.returncode == -signal.SIGKILL
        assert Publication.open(folder).last == last
        assert told(folder) == expected(story, last)
        assert list(folder.rglob("*.part"))
        done = published(filled, folder)
        assert done.removed >= 1
        assert told(folder) == expected(story)
        assert {p.name for p in folder.rglob("*") if p.is_file()} == {
            MANIFEST, "publish.lock", *(path.split("/")[-1] for path in done.manifest.paths),
        }  # fmt: skip


killed_publishing = "tests.prorata.store.killed_publishing"


# ------------------------------------------------------------------------------ what readers refuse


def first_file(folder: Path) -> Path:
    return Publication.open(folder).files("transfers")[0][0]


def test_a_changed_file_is_refused_by_its_digest(filled, folder):
    published(filled, folder)
    path = first_file(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is not the file that was published: its SHA-256 is"):
        Publication.open(folder)


def test_a_missing_file_is_refused(filled, folder):
    published(filled, folder)
    first_file(folder).unlink()
    with pytest.raises(StoreError, match=r"which its manifest lists, cannot be read \(no such"):
        Publication.open(folder)


def test_a_file_that_no_manifest_lists_is_not_read(filled, folder):
    """Readers open listed files and look for no others."""
    published(filled, folder)
    path = first_file(folder)
    path.with_name("1-9.parquet").write_bytes(path.read_bytes())
    assert told(folder) == expected(filled.stories[0])


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda m: m.update(last=m["last"] + 1), "its digest is not that of what it says"),
        (lambda m: m.update(format=2), "it has format 2, and this version reads 1"),
        (lambda m: m.pop("token"), "token: field required"),
        (lambda m: m.update(more=1), "more: extra inputs are not permitted"),
    ],
)
def test_a_manifest_that_was_changed_is_refused(filled, folder, change, rule):
    place = published(filled, folder).asset.token.lower()
    path = folder / place / MANIFEST
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(StoreError, match=f"is no manifest that can be trusted .*{rule}"):
        Publication.open(folder)
    with pytest.raises(StoreError, match="is no manifest that can be trusted"):
        published(filled, folder)


def test_a_manifest_names_no_file_outside_its_folder(filled, folder):
    """One that was made to, with a digest that fits, is refused as well."""
    manifest = published(filled, folder).manifest
    [file] = manifest.tables["transfers"]
    elsewhere = file.model_copy(update={"path": "../../etc/passwd"})
    made = manifest.model_copy(
        update={"tables": {**manifest.tables, "transfers": (elsewhere,)}}
    ).sealed()
    path = folder / manifest.token.lower() / MANIFEST
    path.write_text(made.model_dump_json(), encoding="utf-8")
    with pytest.raises(StoreError, match="it lists what no version publishes"):
        Manifest.read(path.parent)


def test_assets_of_two_chains_are_not_added(filled, folder):
    manifest = published(filled, folder).manifest
    other = manifest.model_copy(update={"chain_id": 1, "token": address(77), "tables": {}}).sealed()
    place = folder / address(77).lower()
    place.mkdir()
    (place / MANIFEST).write_text(other.model_dump_json(), encoding="utf-8")
    with pytest.raises(StoreError, match="whose blocks are counted apart"):
        Publication.open(folder)

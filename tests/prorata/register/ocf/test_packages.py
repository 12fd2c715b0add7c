"""packages.py and reader.py: a package is read whole, becomes a cap table, or is refused."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.demo.keys import rehearsal_key
from prorata.errors import InputError
from prorata.register.captable import CapTable, Holding
from prorata.register.ocf import containers
from prorata.register.ocf.packages import find_package
from prorata.register.tables import read_table
from tests.prorata.register.ocf.examples import (
    Thing,
    issuance,
    manifest,
    package,
    stakeholder,
    stock_class,
    wallets,
)

ADA, BOB, CAT = (rehearsal_key(number).address for number in range(3))
OBJECTS = [
    stakeholder("ada"),
    stakeholder("bob", "INSTITUTION"),
    stakeholder("cat"),
    stock_class(),
    stock_class("seed", class_type="PREFERRED"),
    issuance("a", "ada", "1500"),
    issuance("b", "bob", "40.5"),
]
TABLE = CapTable((Holding(ADA, 15_000, "The ada", "individual"), Holding(BOB, 405, "The bob")), 1)


@pytest.fixture
def known(tmp_path) -> Path:
    return wallets(tmp_path / "wallets.csv", "ada", "bob", "cat")


def zipped(folder: Path, within: str = "", **more: bytes) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{within}{file.name}")
        for name, content in more.items():
            archive.writestr(name, content)
    return path


def refused(path: Path, **options) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_table(path, **options)
    return [str(problem) for problem in caught.value.problems]


# ---------------------------------------------------------------------------- examples


def test_a_folder_a_manifest_and_an_archive_are_the_same_table(tmp_path, known):
    folder = package(tmp_path / "p", *OBJECTS)
    places = [folder, folder / "Manifest.ocf.json", zipped(folder)]
    for place in places:
        assert read_table(place, decimals=1, wallets=known) == TABLE
    assert read_table(zipped(folder, "company/"), decimals=1, wallets=known) == TABLE
    # What a file is, its content says.
    again = (folder / "Manifest.ocf.json").rename(folder / "index.json")
    assert read_table(again, decimals=1, wallets=known) == TABLE


def test_of_several_classes_one_is_named_by_id_or_name(tmp_path, known):
    folder = package(tmp_path / "p", *OBJECTS, issuance("s", "cat", "7", stock_class_id="seed"))
    assert refused(folder, decimals=1, wallets=known) == [
        'class: "common stock (common), seed stock (seed)" are held; name one of them with --class'
    ]
    for named in ("seed", "seed stock"):
        table = read_table(folder, wallets=known, stock_class=named)
        assert table.balances == {CAT: 7}
    assert "is no class of the package; name the id of one: common stock (common), seed" in refused(
        folder, wallets=known, stock_class="gold"
    )[0]  # fmt: skip


def test_wallets_are_read_from_a_workbook_too(tmp_path):
    from tests.prorata.files.books import packed

    path = tmp_path / "wallets.xlsx"
    path.write_bytes(packed([("address", "stakeholder_id"), (ADA, "ada"), (BOB, "bob")]))
    assert read_table(package(tmp_path / "p", *OBJECTS), decimals=1, wallets=path) == TABLE


def test_what_is_not_as_the_manifest_says_is_told(tmp_path, known):
    folder = package(tmp_path / "p", *OBJECTS)
    path = folder / "Stakeholders.ocf.json"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    (folder / "Other.ocf.json").write_text("{}", encoding="utf-8")
    table = read_table(folder, decimals=1, wallets=known)
    assert table.notices == (
        "Stakeholders.ocf.json is not as it was when the manifest was written",
        "Manifest.ocf.json does not name Other.ocf.json, which are not read",
        f"{folder} comes to 1,540.5 shares of 2 holders",
    )


def test_other_json_and_other_archives_are_no_packages(tmp_path):
    path = tmp_path / "x.json"
    for text in (
        "{}",
        "[1]",
        '{"file_type": "x"}',
        '"OCF_"',
        '{"a": "OCF_"',
        "[" * 10_000 + '"OCF_',
    ):
        path.write_text(text, encoding="utf-8")
        assert find_package(path) is None
    assert find_package(tmp_path / "nowhere") is None
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "")
    assert find_package(path) is None
    path.write_bytes(b"PK\x03\x04 and no archive")
    assert find_package(path) is None


# ---------------------------------------------------------------------------- refusals


def test_every_holder_that_cannot_be_taken_is_named(tmp_path):
    objects = [*OBJECTS, issuance("c", "cat", "1.5")]
    path = wallets(tmp_path / "wallets.csv", "ada", "dan")
    found = refused(package(tmp_path / "p", *objects), wallets=path)
    wallet = "has shares and no wallet; add a line stakeholder_id,address to the table that"
    shares = "shares are held, and the token has 0 decimals; settle the fractions in the package"
    for line, begins in zip(
        found,
        [
            'stakeholder_id: "dan" has a wallet and is not in the package; correct the id',
            f'Stakeholders.ocf.json, bob, wallet: "The bob" {wallet}',
            f'Stakeholders.ocf.json, bob, shares: "40.5" {shares}',
            f'Stakeholders.ocf.json, cat, wallet: "The cat" {wallet}',
            f'Stakeholders.ocf.json, cat, shares: "1.5" {shares}',
        ],
        strict=True,
    ):
        assert line.startswith(begins)


def test_the_same_checks_hold_as_for_any_table(tmp_path):
    objects = [
        stakeholder("ada", name={"legal_name": "=cmd()"}),
        stakeholder("bob"),
        stock_class(),
        issuance("a", "ada", "5"),
        issuance("b", "bob", "7"),
    ]
    path = tmp_path / "wallets.csv"
    path.write_text(f"stakeholder_id,address\nada,{ADA}\nbob,{ADA}\n", encoding="utf-8")
    found = refused(package(tmp_path / "p", *objects), wallets=path, authorised=10)
    assert [line.split(";")[0].removeprefix("Stakeholders.ocf.json, ") for line in found] == [
        'ada, name: "=cmd()" begins like a spreadsheet formula',
        f'bob, address: "{ADA}" is the wallet of another stakeholder already',
        'total: "12" exceeds the 10 authorised shares by 2',
    ]


def test_options_of_another_kind_of_file_are_refused(tmp_path, known):
    folder = package(tmp_path / "p", *OBJECTS)
    assert refused(folder, sheet="A") == [
        'sheet: "A" is for tables, and this is a package; leave out --sheet'
    ]
    assert "as: " in refused(folder, known_as="explorer")[0]
    table = tmp_path / "t.csv"
    table.write_text(f"address,shares\n{ADA},1\n", encoding="utf-8")
    assert (
        "is for packages of the Open Cap Format, and this is a table; leave out --wallets"
        in (refused(table, wallets=known)[0])
    )
    assert "--class" in refused(table, stock_class="common")[0]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["ada,0x12"], 'line 2, address: "0x12" is not an address'),
        ([f"ada,{ADA}", f"ada,{BOB}"], 'line 3, stakeholder_id: "ada" stands on line 2 already'),
        ([], "has no rows; add a line for each stakeholder"),
    ],
)
def test_wallets_are_read_strictly(tmp_path, lines, sentence):
    path = tmp_path / "wallets.csv"
    path.write_text("\n".join(["stakeholder_id,address", *lines]), encoding="utf-8")
    assert sentence in refused(package(tmp_path / "p", *OBJECTS), wallets=path)[0]


def rewritten(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_faults_of_files_and_fields_are_told_at_once(tmp_path):
    objects: list[Thing] = [
        stakeholder("ada", nickname="A"),
        stakeholder("ada"),
        stock_class(votes_per_share=1),
        issuance("a", "ada", "1e5"),
        issuance("b", "ada", "0.12345678901"),
        {"object_type": "TX_STOCK_GIFT", "id": "gift"},
        {"object_type": "STAKEHOLDER", "id": ""},
    ]
    folder = package(tmp_path / "p", *objects)
    rewritten(folder, "Legends.ocf.json", '{"file_type": "OCF_X", "items": []}')
    rules = [line.split(";")[0] for line in refused(folder)]
    assert [rule.removesuffix(" of Transactions.ocf.json") for rule in rules] == [
        'Stakeholders.ocf.json, ada, nickname: "A" does not belong there',
        'Stakeholders.ocf.json, item 3, name: "" is missing',
        'Stakeholders.ocf.json, item 3, stakeholder_type: "" is missing',
        'Classes.ocf.json, common, votes_per_share: "1" is a JSON number, which programs round',
        'Legends.ocf.json: "Legends.ocf.json" has not just a file_type of the format and items',
        'Transactions.ocf.json, issue-a, quantity: "1e5" is no number of the format',
        'Transactions.ocf.json, issue-b, quantity: "0.12345678901" is no number of the format',
        'Transactions.ocf.json, gift, object_type: "TX_STOCK_GIFT" is no object',
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"file_type": "OCF_MANIFEST_FILE", "file_type": "OCF_MANIFEST_FILE"}', "stands twice"),
        ('{"file_type": "OCF_MANIFEST_FILE", "a": NaN}', "is no JSON (NaN is no number)"),
        ('{"file_type": "OCF_MANIFEST_FILE"', "is no JSON"),
        ('{"file_type": "OCF_MANIFEST_FILE", "a": ' + "[" * 99_999, "is no JSON"),
        (json.dumps(manifest(ocf_version="1.1.0")), "is a version of the format that is not read"),
        (json.dumps({**manifest(), "as_of": None}), '"None" is no text'),
    ],
)
def test_a_manifest_that_cannot_be_read(tmp_path, text, sentence):
    folder = rewritten(package(tmp_path / "p", *OBJECTS), "Manifest.ocf.json", text)
    assert any(sentence in line for line in refused(folder))


def test_ids_are_there_and_of_one_object_each(tmp_path):
    folder = package(tmp_path / "p", stakeholder("ada"), stakeholder("ada"), stock_class(""))
    twice, blank = (line.split(";")[0] for line in refused(folder))
    rule = "is the id of an object in Stakeholders.ocf.json already"
    assert twice == f'Stakeholders.ocf.json, ada, id: "ada" {rule}'
    assert blank == 'Classes.ocf.json, id: "" is blank'


@pytest.mark.parametrize("path", ["../secret.json", "/etc/passwd", "a/../../b.json"])
def test_nothing_outside_a_package_is_read(tmp_path, path):
    file = {"filepath": path, "md5": "0" * 32}
    folder = package(tmp_path / "p", *OBJECTS, stakeholders_files=[file])
    (tmp_path / "secret.json").write_text("{}", encoding="utf-8")
    assert refused(folder)[0] == (
        f'Manifest.ocf.json, filepath: "{path}" is outside the package; '
        "name files by where they are in it"
    )


def test_a_part_is_not_a_package_and_two_are_not_one(tmp_path):
    folder = package(tmp_path / "p", *OBJECTS)
    assert refused(folder / "Transactions.ocf.json") == [
        'file: "Transactions.ocf.json" is a part of a package; give Manifest.ocf.json'
    ]
    rewritten(folder, "Other.ocf.json", json.dumps(manifest()))
    assert "are manifests of several packages; give one of them" in refused(folder)[0]
    (tmp_path / "empty").mkdir()
    assert "since no file in it is a manifest" in refused(tmp_path / "empty")[0]


def test_a_file_that_the_manifest_names_and_is_not_there(tmp_path):
    folder = package(tmp_path / "p", *OBJECTS)
    (folder / "Legends.ocf.json").unlink()
    assert 'Legends.ocf.json, file: "Legends.ocf.json" cannot be read' in refused(folder)[0]
    assert "is not in the archive; give the whole package" in refused(zipped(folder))[0]


def test_a_package_of_nobody(tmp_path, known):
    folder = package(tmp_path / "p", *OBJECTS[:5])
    assert "has no stock that anybody holds" in refused(folder, wallets=known)[0]


def test_what_is_too_large_is_refused(tmp_path, monkeypatch):
    folder = package(tmp_path / "p", *OBJECTS)
    bomb = zipped(folder, **{"bomb.json": b" " * 10**7})
    assert "unpacks from" in refused(bomb)[0]
    monkeypatch.setattr(containers, "MOST_BYTES", 10)
    assert "has more than 10 bytes; export the cap table alone" in refused(folder)[0]


def test_what_prorata_wrote_beside_is_read_strictly(tmp_path):
    folder = package(tmp_path / "p", *OBJECTS)
    rewritten(folder, "x-prorata.json", json.dumps({"format": "x-prorata", "version": 2}))
    found = refused(folder, decimals=1)
    assert any(
        line.startswith('wallets: "" is missing; take the file as prorata') for line in found
    )
    assert any("give --wallets" in line for line in found)


def test_an_archive_that_is_damaged_says_so(tmp_path):
    path = zipped(package(tmp_path / "p", *OBJECTS))
    content = path.read_bytes()
    begin = content.find(b"PK\x03\x04", 10) - 20
    path.write_bytes(content[:begin] + b"\0" * 8 + content[begin + 8 :])
    assert "is damaged (" in refused(path)[0]
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None


ODD = [None, 0, -1, 1.5, True, "", [], {}, "ada", "a", "1e5", "-5", "0", "2027-01-04", ["a", "a"],
       [None], 10**30, "\ud800", "TX_STOCK_TRANSFER"]  # fmt: skip


def spots(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a document where a value stands."""
    if isinstance(content, dict | list):
        for key, value in list(
            content.items() if isinstance(content, dict) else enumerate(content)
        ):
            yield content, key
            yield from spots(value)


@given(file=st.integers(0, 4), place=st.integers(0, 999), odd=st.sampled_from(ODD))
def test_whatever_a_field_says_it_is_a_table_or_one_refusal(tmp_path_factory, file, place, odd):
    """Any value in any place of any file: never a traceback."""
    folder = tmp_path_factory.mktemp("ocf")
    known = wallets(folder / "wallets.csv", "ada", "bob", "cat")
    files = sorted(package(folder / "p", *OBJECTS).iterdir())
    path = files[file % len(files)]
    content = json.loads(path.read_text(encoding="utf-8"))
    found = list(spots(content))
    holder, key = found[place % len(found)]
    holder[key] = odd
    path.write_text(json.dumps(content), encoding="utf-8")
    with contextlib.suppress(InputError):
        assert read_table(folder / "p", decimals=1, wallets=known).total > 0

"""writer.py: what we write is right by the format's schemas, and reads back to the same table."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.demo.keys import rehearsal_key
from prorata.errors import InputError
from prorata.register.captable import KINDS, CapTable, Holding, read_csv
from prorata.register.ocf.packages import find_package
from prorata.register.ocf.writer import Facts, package_files, write_package
from prorata.register.tables import read_table
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.amounts import MAX_SHARES
from tests.prorata.register.ocf.official import agrees

ADA, BOB, CAT = (rehearsal_key(number).address for number in range(3))
FACTS = Facts(
    "Harbor Twelve Property B.V.", "NL", "2019-05-01", "Harbor Twelve", "HARB12", 10_000, 31337,
    CAT, 1_830_340_800,
)  # fmt: skip
BUILDING = PROJECT_ROOT / "examples" / "building" / "holders.csv"
KIND_OF = {
    "Manifest.ocf.json": "OCF_MANIFEST_FILE",
    "Stakeholders.ocf.json": "OCF_STAKEHOLDERS_FILE",
    "StockClasses.ocf.json": "OCF_STOCK_CLASSES_FILE",
    "Transactions.ocf.json": "OCF_TRANSACTIONS_FILE",
}


def test_every_file_is_right_by_the_schemas():
    files = package_files(read_csv(BUILDING), FACTS)
    assert [*files] == [*KIND_OF, "x-prorata.json"]
    for name, kind in KIND_OF.items():
        content = json.loads(files[name])
        assert content["file_type"] == kind
        assert agrees(kind, content, right=True)


def test_a_package_reads_back_and_says_what_is_not_known(tmp_path):
    table = CapTable((Holding(ADA, 15, "Ada", "individual"), Holding(BOB, 7, "", "")), 1)
    names = write_package(tmp_path / "p", table, FACTS)
    found = find_package(tmp_path / "p")
    assert found is not None
    assert (sorted(names), found.notices) == (sorted([*KIND_OF, "x-prorata.json"]), [])
    ada, bob = found.stakeholders
    assert (ada.name.legal_name, ada.stakeholder_type, ada.comments) == ("Ada", "INDIVIDUAL", None)
    assert (bob.name.legal_name, bob.stakeholder_type) == (BOB, "INSTITUTION")
    assert bob.comments == ["Whether this is a person or an institution is not known to prorata."]
    assert [(i.quantity, i.date, i.custom_id) for i in found.issuances] == [
        ("1.5", "2028-01-01", "HARB12-1"), ("0.7", "2028-01-01", "HARB12-2"),
    ]  # fmt: skip
    assert found.classes[0].initial_shares_authorized == "10000"
    manifest = json.loads((tmp_path / "p" / "Manifest.ocf.json").read_text(encoding="utf-8"))
    assert (manifest["ocf_version"], manifest["as_of"]) == ("1.2.0", "2028-01-01")
    (file,) = manifest["stakeholders_files"]
    content = (tmp_path / "p" / file["filepath"]).read_bytes()
    assert md5(content).hexdigest() == file["md5"]


def test_an_archive_is_the_same_package_and_the_same_bytes(tmp_path):
    table = read_csv(BUILDING)
    for name in ("a.zip", "b.ZIP"):
        write_package(tmp_path / name, table, FACTS)
    write_package(tmp_path / "folder", table, FACTS)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.ZIP").read_bytes()
    assert read_table(tmp_path / "a.zip") == read_table(tmp_path / "folder") == table


def test_more_decimals_than_the_format_has_are_refused_with_every_holder(tmp_path):
    table = CapTable((Holding(ADA, 10**18), Holding(BOB, 1), Holding(CAT, 10**8 + 1)), 18)
    with pytest.raises(InputError) as caught:
        write_package(tmp_path / "p", table, FACTS)
    assert [str(problem) for problem in caught.value.problems] == [
        f'{holder}: "{shares}" has more than the 10 decimals of the Open Cap Format; '
        "write --xlsx or --csv, or settle the fractions first"
        for holder, shares in ((BOB, "0.000000000000000001"), (CAT, "0.000000000100000001"))
    ]
    assert not (tmp_path / "p").exists()
    write_package(tmp_path / "p", replace(table, holdings=table.holdings[:1]), FACTS)
    assert read_table(tmp_path / "p", decimals=18).balances == {ADA: 10**18}


def test_where_it_cannot_be_written_it_says_so(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        write_package(tmp_path / "file", read_csv(BUILDING), FACTS)
    with pytest.raises(InputError, match="cannot be written"):
        write_package(tmp_path / "nowhere" / "x.zip", read_csv(BUILDING), FACTS)


NAMES = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=9
)


@given(
    shares=st.lists(st.integers(1, MAX_SHARES // 10**9), min_size=1, max_size=3),
    names=st.lists(NAMES.filter(lambda name: name[0] not in "=+-@"), min_size=3, max_size=3),
    kind=st.sampled_from(["", *KINDS]),
    decimals=st.integers(0, 18),
)
def test_every_table_reads_back(tmp_path_factory, shares, names, kind, decimals):
    """The same holders to the unit, as far as the format's ten decimals go."""
    units = [amount * 10 ** max(0, decimals - 10) for amount in shares]
    rows = zip((ADA, BOB, CAT), units, names, strict=False)
    table = CapTable(tuple(Holding(*row, kind) for row in rows), decimals)
    path = tmp_path_factory.mktemp("ocf") / "x.zip"
    write_package(path, table, FACTS)
    assert read_table(path, decimals=decimals) == table

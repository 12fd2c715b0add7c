"""Templates: a folder of files for each class, from which a new asset starts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prorata.assets.asset import Asset
from prorata.assets.examples import EXAMPLES
from prorata.assets.templates import TEMPLATES, write_template
from prorata.errors import InputError

ADDRESS = re.compile("0x[0-9a-fA-F]{40}(?![0-9a-fA-F])")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_folder_has_all_of_its_class_but_who_holds_what(name: str, tmp_path: Path) -> None:
    """Wallets of templates are rehearsal keys, which are everybody's."""
    written = write_template(name, tmp_path / "new", {})
    there = {path.name for path in (tmp_path / "new").iterdir()}
    assert there == {path.name for path in written.files}
    assert there | {*written.left_out} == {path.name for path in (EXAMPLES / name).iterdir()}
    assert "holders.csv" in written.left_out
    for path in written.files[1:]:
        assert not ADDRESS.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_nobody_changed_is_as_in_the_template(name: str, tmp_path: Path) -> None:
    write_template(name, tmp_path / "new", {"symbol": None})
    ours, theirs = (
        Asset.load(tmp_path / "new/asset.yaml"),
        Asset.load(EXAMPLES / name / "asset.yaml"),
    )
    fields = ("name", "symbol", "decimals", "authorised", "unit_price")
    assert [getattr(ours, one) for one in fields] == [getattr(theirs, one) for one in fields]


def test_what_a_person_says_stands_in_the_file(tmp_path: Path) -> None:
    changes = {"name": "Our vault", "symbol": "OURS", "rules": "eu-149"}
    write_template("gold", tmp_path / "new", changes)
    asset = Asset.load(tmp_path / "new" / "asset.yaml")
    assert (asset.name, asset.symbol, asset.decimals) == ("Our vault", "OURS", 3)
    assert (tmp_path / "new" / "eu-149.yaml").is_file()


def test_an_unknown_class_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"choose one of {', '.join(TEMPLATES)}"):
        write_template("uranium", tmp_path / "new", {})
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is there already, and is not overwritten"):
        write_template("gold", tmp_path, {})


def test_settings_at_fault_leave_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no symbol"):
        write_template("gold", tmp_path / "new", {"symbol": "far too long a symbol"})
    assert not (tmp_path / "new").exists()

"""files.py: a file is whole, or what it was before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prorata.errors import InputError
from prorata.files.writer import Row, json_object, write_csv_rows, write_json, write_whole
from prorata.values.amounts import Amount, Unit


def test_a_file_is_written_with_its_folder(tmp_path):
    write_json(tmp_path / "a" / "b.json", {"name": "Zieliński", "amount": "1.50"})
    text = (tmp_path / "a" / "b.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"name": "Zieliński", "amount": "1.50"}
    assert text.endswith("}\n")
    assert "ń" in text
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.json"]


def test_amounts_and_rows_in_json_become_objects_and_in_csv_decimal_text(tmp_path):
    class Paid(Row):
        holder: str
        net: Amount
        tax: Amount | None

    dollars = Unit("USD", 6)
    rows = [Paid(holder="0x1", net=dollars.amount(1_500_000), tax=None)]
    write_json(tmp_path / "b.json", {"rows": rows, "ids": (1, 2)})
    net = {"units": "1500000", "text": "1.50", "decimals": 6, "currency": "USD"}
    assert json.loads((tmp_path / "b.json").read_text()) == {
        "rows": [{"holder": "0x1", "net": net, "tax": None}], "ids": [1, 2],
    }  # fmt: skip
    assert json_object({"rows": rows}) == {"rows": [{"holder": "0x1", "net": net, "tax": None}]}
    write_csv_rows(tmp_path / "b.csv", Paid, rows)
    assert (tmp_path / "b.csv").read_text() == "holder,net,tax\n0x1,1.500000,\n"
    write_csv_rows(tmp_path / "b.csv", Paid, [])
    assert (tmp_path / "b.csv").read_text() == "holder,net,tax\n"


def test_what_is_interrupted_leaves_the_old_file(tmp_path, monkeypatch):
    """Killed before the new one takes its place, the old one is still whole."""
    path = tmp_path / "b.csv"
    write_whole(path, "old\n")

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "new, and much longer\n")
    assert path.read_text(encoding="utf-8") == "old\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "b.csv"
    with pytest.raises(InputError) as refused:
        write_whole(path, "new")
    assert str(refused.value) == (
        f'file: "{path}" cannot be written (file exists); give another path'
    )

"""files.py: a file is whole, or what it was before."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from prorata.errors import InputError
from prorata.files.log import append_lines, whole_lines
from prorata.files.writer import (
    Row,
    json_object,
    prepare_folder,
    write_csv_rows,
    write_json,
    write_whole,
    written_whole,
)
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


def test_what_another_program_writes_is_whole_too(tmp_path):
    """Such as a picture: what it began is gone, and the old file is what it was."""
    path = tmp_path / "a.png"
    with written_whole(path) as part:
        part.write_bytes(b"old")
    with contextlib.suppress(ZeroDivisionError), written_whole(path) as part:
        part.write_bytes(b"new, and much longer")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]
    missing = tmp_path / "none" / "a.csv"
    with pytest.raises(InputError) as refused:
        write_whole(missing, "", column="out", make_folder=False)
    assert str(refused.value) == (
        f'out: "{missing}" cannot be written (no such file or directory); give another path'
    )


def test_a_folder_is_cleared_of_what_an_earlier_run_left_and_of_nothing_else(tmp_path):
    for name in ("0x1.csv", "mine.csv"):
        write_whole(tmp_path / "out" / name, "")
    prepare_folder(tmp_path / "out", ["0x*.csv"])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.csv"]
    with pytest.raises(InputError) as refused:
        prepare_folder(tmp_path / "out" / "mine.csv")
    assert str(refused.value) == (
        f'folder: "{tmp_path / "out" / "mine.csv"}" cannot be written (file exists); give another'
    )


def test_a_log_has_whole_lines_only(tmp_path):
    """What a kill has torn goes before the next line comes."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"one\ntwo\nthr")
    with path.open("a+b") as file:
        assert whole_lines(file) == [b"one", b"two"]
        append_lines(file, [b"three", b"four"])
        assert whole_lines(file) == [b"one", b"two", b"three", b"four"]
    assert path.read_bytes() == b"one\ntwo\nthree\nfour\n"


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "b.csv"
    with pytest.raises(InputError) as refused:
        write_whole(path, "new")
    assert str(refused.value) == (
        f'file: "{path}" cannot be written (file exists); give another path'
    )

"""names: kept beside the deployment, and shown wherever an address is."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from prorata.register.address_book import NAMES_FILE, read_names
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

EXAMPLES = PROJECT_ROOT / "examples" / "building"
ASSET, HOLDERS = str(EXAMPLES / "asset.yaml"), str(EXAMPLES / "holders.csv")
ISSUER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
ANN, BEN = (
    "0x1000000000000000000000000000000000000001",
    "0x1000000000000000000000000000000000000002",
)


@pytest.fixture(scope="module")
def building(tmp_path_factory) -> Iterator[Commands]:
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        commands.says("deploy", "--asset", ASSET, "--dollar")
        commands.says("issue", HOLDERS)
        yield commands


@pytest.fixture
def commands(building) -> Iterator[Commands]:
    with kept(building.anvil.url, building.folder):
        yield building


def write(folder: Path, *lines: str) -> str:
    path = folder / "given.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


# ---------------------------------------------------------------------------- kept


def test_a_name_is_set_changed_and_taken_away(commands) -> None:
    said = commands.says("names", "set", ANN.lower(), "Ann & Co.", "--kind", "fund")
    assert said == f"{ANN} is Ann & Co.\n"
    path = commands.folder / NAMES_FILE
    assert path.read_text() == f"address,name,kind\n{ANN},Ann & Co.,fund\n"
    commands.says("names", "set", ANN, "Anna")
    assert commands.facts("names", "list") == {
        "file": str(path), "names": [{"address": ANN, "name": "Anna", "kind": "fund"}],
    }  # fmt: skip
    commands.says("names", "set", ANN, "")
    assert "There are no names yet" in commands.says("names", "list")


def test_names_are_imported_and_others_stay(commands, tmp_path) -> None:
    commands.says("names", "set", ANN, "Ann")
    book = write(tmp_path, "address,name,chainId", f"eth:{BEN},Ben,1", f"{ANN},Anna,1")
    assert "`--as address-book` reads that" in commands.refuses("names", "import", book)
    as_book = ("names", "import", book, "--as", "address-book")
    assert commands.facts(*as_book)["new"] == 2
    assert commands.facts(*as_book)["new"] == 0
    assert commands.facts("names", "import", HOLDERS)["new"] == 148
    known = read_names(commands.folder / NAMES_FILE)
    assert (len(known), known.name_of(ANN), known.name_of(BEN)) == (150, "Anna", "Ben")


def test_certificates_name_their_holders(commands, tmp_path) -> None:
    table = write(
        tmp_path, "Stakeholder Name,Security ID,Quantity Outstanding,Wallet",
        f'"Quay I, L.P.",CS-1,"1,000",{ANN}', f'"Quay I, L.P.",CS-2,"5",{ANN}', "José,CS-3,5,",
    )  # fmt: skip
    sentence = commands.refuses("names", "import", table)
    assert "take its names with `prorata names import FILE --as certificates`" in sentence
    done = commands.gist("names", "import", table, "--as", "certificates")
    assert "1 name in" in done
    assert "line 4 has no address, and is left out" in done


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ((f"{ANN},Ann", f"{ANN},Ben"), "differs from what line 2 says"),
        (("0x12,Ann",), "is not an address"),
        ((f"{ANN},=1+1",), "begins like a spreadsheet formula"),
        ((f"eth:{ANN},Ann",), "names a chain; `--as address-book` reads that"),
    ],
)
def test_a_faulty_book_is_refused_and_changes_nothing(commands, tmp_path, lines, sentence) -> None:
    commands.says("names", "set", BEN, "Ben")
    before = (commands.folder / NAMES_FILE).read_bytes()
    table = write(tmp_path, "address,name", *lines)
    assert sentence in commands.refuses("names", "import", table)
    assert (commands.folder / NAMES_FILE).read_bytes() == before


def test_a_chain_that_contradicts_its_prefix_is_refused(commands, tmp_path) -> None:
    table = write(tmp_path, "address,name,chainId", f"eth:{ANN},Ann,137")
    assert "is of chain 1, and the line says chain 137; correct one of them" in commands.refuses(
        "names", "import", table, "--as", "address-book"
    )


def test_names_that_cannot_be_read_stop_nothing(commands) -> None:
    (commands.folder / NAMES_FILE).write_text("address,name\n0x12,Ann\n")
    done = commands.run("captable")
    assert done.code == 0
    assert done.err.startswith("! no names are shown, for line 2, address: ")
    assert commands.refuses("captable", "--names", str(commands.folder / NAMES_FILE))
    assert commands.refuses("names", "set", ANN, "Ann")


# ---------------------------------------------------------------------------- shown


def test_every_command_names_whom_it_shows(commands) -> None:
    commands.says("names", "set", ISSUER, "Quay [red] Agents")
    named = f"{ISSUER} (Quay [red] Agents)"
    assert named in commands.says("permissions")
    assert named in commands.says("claim", "--holder", ISSUER)
    refused = commands.run("record", "--at", "+2h", "--account", "TEST::3").err
    commands.says("names", "set", "0x90F79bf6EB2c4f870365E785982E1f101E93b906", "Stranger")
    again = commands.run("record", "--at", "+2h", "--account", "TEST::3").err
    assert "(Stranger) is no agent" not in refused
    assert re.search(
        r'0x90F79bf6EB2c4f870365E785982E1f101E93b906 \(Stranger\)"? is no agent', again
    )


def test_a_program_reads_names_beside_addresses(commands) -> None:
    commands.says("names", "set", ISSUER, "Quay Agents")
    grants = commands.facts("permissions")["grants"]
    assert {g.get("name") for g in grants if g["account"] == ISSUER} == {"Quay Agents"}
    assert all(re.fullmatch(r"0x[0-9a-fA-F]{40}", g["account"]) for g in grants)


def test_names_given_take_the_place_of_those_kept(commands, tmp_path) -> None:
    commands.says("names", "set", ISSUER, "Kept")
    given = write(tmp_path, "address,name", f"{ISSUER},Given")
    assert f"{ISSUER} (Given)" in commands.says("permissions", "--names", given)


def test_a_pipe_never_folds_an_address(commands) -> None:
    said = commands.says("permissions")
    assert said.count(ISSUER) == json.dumps(commands.facts("permissions")["grants"]).count(ISSUER)


def test_a_narrow_terminal_shortens_addresses_and_folds_none(commands) -> None:
    commands.says("names", "set", ISSUER, "Quay Agents")
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "prorata", "permissions",
         "--network", commands.anvil.url, "--deployment", str(commands.folder)],
        stdin=slave, stdout=slave, stderr=slave, cwd=PROJECT_ROOT,
        env={**os.environ, "COLUMNS": "100", "TERM": "xterm"},
    )  # fmt: skip
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    assert process.wait(30) == 0
    os.close(master)
    text = shown.decode()
    assert "0xf39Fd6e5…ffFb92266"[:10] in text
    assert "…" in text
    assert "Quay" in text
    assert not re.search(r"0x[0-9a-fA-F]{11,39}\s", text)


def test_tables_have_twenty_rows_and_say_where_the_others_are(commands, tmp_path) -> None:
    commands.says("names", "import", HOLDERS)
    said = commands.says("names", "list")
    assert said.count("0x") == 20
    assert "(" not in said
    assert f"and 128 more: in {commands.folder / NAMES_FILE}" in said
    assert "and 128 more with 3,042 shares: `--csv FILE` writes them all" in commands.says(
        "captable"
    )
    path = tmp_path / "now.csv"
    assert f"The whole table is in {path}" in commands.says("captable", "--csv", str(path))

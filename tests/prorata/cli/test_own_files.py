"""The product reads what it writes: every CSV file of ours, by every command that takes a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from prorata.register.captable import read_csv
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

EXAMPLES = PROJECT_ROOT / "examples" / "building"
ASSET = str(EXAMPLES / "asset.yaml")
# Each gets a statement as PDF, which takes a while.
HOLDERS = 20
CAP_TABLE = ["address", "name", "kind", "shares", "percent"]


@pytest.fixture(scope="module")
def building(tmp_path_factory) -> Iterator[Commands]:
    """Issued, paid, and partly unclaimed; `files` beside the deployment has all that it wrote."""
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        commands.says("deploy", "--asset", ASSET, "--dollar")
        lines = (EXAMPLES / "holders.csv").read_text(encoding="utf-8").splitlines()
        table_of(commands).write_text("\n".join(lines[: HOLDERS + 1]) + "\n", encoding="utf-8")
        commands.says("issue", str(table_of(commands)))
        commands.close_record()
        rent = ("distribute", "--currency", "USD", "--amount", "1,000", "--kind", "rent")
        commands.says(*rent, "--record", "1", "--push")
        commands.says(*rent, "--record", "1", "--reference", "second")
        write_everything(commands, files_of(commands))
        yield commands


def table_of(commands: Commands) -> Path:
    return commands.folder.parent / "holders.csv"


def files_of(commands: Commands) -> Path:
    return commands.folder.parent / "files"


def write_everything(commands: Commands, folder: Path) -> None:
    """Every file that a command writes for people."""
    folder.mkdir()
    table = str(table_of(commands))
    names = ("--names", table)
    commands.says("captable", "--csv", str(folder / "now.csv"), *names)
    commands.says("captable", "--csv", str(folder / "nameless.csv"))
    commands.says("unclaimed", "--out", str(folder / "unclaimed.csv"))
    commands.says("books", "--out", str(folder / "books"), *names)
    commands.says("names", "import", table)
    year = moment(commands.chain.now())[:4]
    commands.says("statements", "--year", year, "--out", str(folder / "statements"))


def written(commands: Commands) -> list[Path]:
    """One file of each header there is."""
    every = sorted([*files_of(commands).rglob("*.csv"), *commands.folder.glob("*.csv")])
    found = {tuple(header(path)): path for path in every}
    assert len(found) >= 7, found
    return list(found.values())


def header(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return next(csv.reader(file))


def test_a_cap_table_is_issued_as_it_was_written(building, tmp_path) -> None:
    now = files_of(building) / "now.csv"
    again = Commands(building.anvil, tmp_path / "HARB12")
    again.says("deploy", "--asset", ASSET)
    assert again.facts("issue", str(now))["holders"] == HOLDERS
    assert f"shares of HARB12, {HOLDERS} holders" in again.says("captable", "--names", str(now))
    rewritten = tmp_path / "now.csv"
    again.says("captable", "--names", str(now), "--csv", str(rewritten))
    assert rewritten.read_bytes() == now.read_bytes()


@pytest.mark.parametrize("command", [("issue",), ("register",), ("names", "import"), ("captable",)])
def test_every_file_of_ours_is_read_or_called_by_its_name(building, command) -> None:
    """A cap table is read by all that take one; what is none is one sentence, and no traceback."""
    for path in written(building):
        words = (*command, "--names", str(path)) if command == ("captable",) else (
            *command, str(path), *(("--dry-run",) if len(command) == 1 else ())
        )  # fmt: skip
        done = building.run(*words)
        says = (path.name, command, done)
        named = "name" in header(path) and {"address", "holder"} & set(header(path))
        if command[-1] in ("captable", "import") and named:
            assert done.code == 0, says
            continue
        if command == ("issue",) and header(path) == CAP_TABLE:
            # The shares are there already, whichever sentence says so.
            assert "already" in done.err or done.code == 0, says
            continue
        assert done.code == 1, says
        assert done.err.startswith("✗ "), says
        assert "Traceback" not in done.err, says
        assert "; " in done.err, says


def test_every_cap_table_of_ours_is_the_table_that_was_issued(building) -> None:
    tables = [path for path in files_of(building).rglob("*.csv") if header(path) == CAP_TABLE]
    assert len(tables) == 3
    for path in tables:
        assert read_csv(path).balances == read_csv(table_of(building)).balances

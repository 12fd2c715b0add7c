"""ledger people: taken in, shown wherever an address is, and forgotten to the last byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from prorata.register.address_book import NAMES_FILE
from prorata.store.erasures import open_office
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

EXAMPLES = PROJECT_ROOT / "examples" / "building"
ASSET, HOLDERS = str(EXAMPLES / "asset.yaml"), str(EXAMPLES / "holders.csv")
ISSUER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
ANN, BEN, CEM = (f"0x1{number:039}" for number in (1, 2, 3))
LEDGER = ("ledger", "people")


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
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def with_bytes(folder: Path, text: str) -> list[str]:
    sought = text.encode()
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and sought in path.read_bytes()
    )


def actions(commands: Commands) -> list[str]:
    place = str(commands.folder / "office.db")
    with closing(open_office(place, who="test")) as office:
        return [entry.action for entry in office.trail()]


def test_people_are_taken_in_and_shown_wherever_an_address_is(commands, tmp_path) -> None:
    table = write(
        tmp_path, "address,name,kind,country,person,shares", f"{ISSUER},Harbour Ltd,company,DE,1,5",
        f"{ANN},Ann,individual,276,2,5", f"{BEN},Ann,,,2,5", f"{CEM},,,US,3,5",
    )  # fmt: skip
    done = commands.facts(*LEDGER, "import", table)
    assert (done["new"], done["changed"], done["unchanged"], done["erased"]) == (3, 0, 0, 0)
    assert commands.facts(*LEDGER, "import", table)["unchanged"] == 3
    assert commands.facts(*LEDGER, "list")["people"] == [
        {"name": "Ann", "kind": "individual", "country": "Germany", "wallets": [ANN, BEN]},
        {"name": "Harbour Ltd", "kind": "company", "country": "Germany", "wallets": [ISSUER]},
    ]
    assert "Harbour Ltd" in commands.says("permissions")
    assert "Harbour Ltd" not in commands.says("permissions", "--names", HOLDERS)
    assert actions(commands) == ["people.import"] * 2 + ["people.list", "people.shown permissions"]


def test_the_office_goes_before_the_file_of_names_and_both_are_shown(commands, tmp_path) -> None:
    commands.says("names", "set", ISSUER, "Old Name Ltd")
    assert "Old Name Ltd" in commands.says("permissions")
    commands.says(*LEDGER, "import", write(tmp_path, "address,name", f"{ISSUER},New Name Ltd"))
    said = commands.says("permissions")
    assert "New Name Ltd" in said
    assert "Old Name Ltd" not in said


def test_a_play_reads_the_office_itself_and_its_trail_has_it_once(commands, tmp_path) -> None:
    commands.says(*LEDGER, "import", write(tmp_path, "address,name", f"{ISSUER},Harbour Ltd"))
    commands.says(
        "authorise",
        "20000",
        "--reason",
        "the board resolved it",
        "--document",
        HOLDERS,
        "--dry-run",
    )
    commands.says("record", "--at", "+100s")
    assert actions(commands)[1:] == ["people.shown authorise", "people.shown record"]


def test_an_office_that_cannot_be_used_stops_nothing(commands) -> None:
    (commands.folder / "office.db").write_text("Dear Sirs")
    gist = commands.gist("permissions")
    assert "no names of the office are shown" in gist
    assert "is not a database" in gist


# ---------------------------------------------------------------------------------- forgotten


def test_a_person_is_forgotten_to_the_last_byte(commands, tmp_path) -> None:
    name = "Señora Example-Person"
    commands.says("names", "set", ANN, name)
    commands.says("names", "set", CEM, "Cem")
    table = write(tmp_path, "address,name,person", f"{ANN},{name},1", f"{BEN},{name},1")
    commands.says(*LEDGER, "import", table)
    preview = commands.says(*LEDGER, "forget", name, "--dry-run")
    assert f"To be erased: {name}" in preview
    assert f"{BEN} on chain 31337" in preview
    assert "nothing was erased" in preview
    assert len(with_bytes(commands.folder, name)) >= 2

    done = commands.facts(*LEDGER, "forget", BEN, "--yes")
    assert (done["cleared"], done["stays_in"]) == (True, [])
    assert with_bytes(commands.folder, name) == []
    assert "Cem" in (commands.folder / NAMES_FILE).read_text()
    assert commands.facts(*LEDGER, "list")["people"] == []

    # A file that brings the person back is told so.
    again = commands.gist(*LEDGER, "import", table)
    assert (
        "2 wallets left out, whose people were erased; `--erased-too` takes them in again" in again
    )
    assert commands.facts(*LEDGER, "import", table, "--erased-too")["new"] == 2


def test_files_that_keep_the_name_are_told(commands, tmp_path) -> None:
    report = commands.folder / "statements" / "2026.csv"
    report.parent.mkdir()
    report.write_text("holder\nAnn Onym\n")
    commands.says(*LEDGER, "import", write(tmp_path, "address,name", f"{ANN},Ann Onym"))
    assert commands.facts(*LEDGER, "forget", ANN, "--yes")["stays_in"] == [str(report)]
    assert with_bytes(commands.folder, "Ann Onym") == ["2026.csv"]


def test_nobody_is_forgotten_without_consent(commands, tmp_path) -> None:
    commands.says(*LEDGER, "import", write(tmp_path, "address,name", f"{ANN},Ann"))
    ran = commands.run(*LEDGER, "forget", "Ann", "--json")
    error = json.loads(ran.out)["error"]
    assert (ran.code, error["value"]) == (1, "")
    assert error["rule"].startswith("is missing, to erase this person, which cannot be undone")
    assert '"Eve" is nobody of the office' in commands.refuses(*LEDGER, "forget", "Eve", "--yes")
    assert [one["name"] for one in commands.facts(*LEDGER, "list")["people"]] == ["Ann"]


def test_without_an_office_there_is_nobody_to_list_or_forget(commands) -> None:
    for words in (("list",), ("forget", "Ann", "--yes")):
        sentence = commands.refuses(*LEDGER, *words)
        assert "there is no office at" in sentence
        assert "make one with `prorata ledger people import FILE`" in sentence
    assert not (commands.folder / "office.db").exists()


# ------------------------------------------------------------------------------------ by country


def test_no_table_by_country_points_at_somebody(commands, tmp_path) -> None:
    """Law 93: the two of Liechtenstein are with the next fewest."""
    countries = ["DE"] * 6 + ["FR"] * 5 + ["LI"] * 2 + ["US"] * 9
    lines = [f"0x2{n:039},N{n},{country}" for n, country in enumerate(countries)]
    commands.says(*LEDGER, "import", write(tmp_path, "address,name,country", *lines))
    assert commands.facts(*LEDGER, "list", "--by-country")["countries"] == [
        {"country": "Germany", "people": 6},
        {"country": "United States of America", "people": 9},
        {"country": "others", "people": 7},
    ]


def test_of_fewer_than_five_people_there_is_no_table(commands, tmp_path) -> None:
    commands.says(*LEDGER, "import", write(tmp_path, "address,name,country", f"{ANN},Ann,LI"))
    said = commands.says(*LEDGER, "list", "--by-country")
    assert said == "Fewer than 5 people are known: no table is shown\n"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (("address,name", "0x12,Ann"), "is not an address"),
        (("address,name,country", f"{ANN},Ann,Mars"), "is no country of ISO 3166-1"),
        (("address,name,kind", f"{ANN},Ann,robot"), "is no kind of holder"),
        (
            ("address,name,country,person", f"{ANN},Ann,DE,1", f"{BEN},Ann,US,1"),
            'line 3, country: "US" differs from what line 2 says of person 1; make the lines agree',
        ),
        (
            ("address,name", f"{ANN},Ann", f"{ANN},Ben"),
            f'line 3, name: "Ben" differs from what line 2 says of address {ANN}',
        ),
        (("address,names", f"{ANN},Ann"), "name"),
    ],
)
def test_a_faulty_file_is_refused_and_no_office_is_made(commands, tmp_path, lines, sentence):
    assert sentence in commands.refuses(*LEDGER, "import", write(tmp_path, *lines))
    assert not (commands.folder / "office.db").exists()

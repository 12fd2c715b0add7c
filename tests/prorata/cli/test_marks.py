"""marks: what a share was worth, written once, superseded, and read as it was known."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from prorata.store.erasures import open_office
from prorata.store.marks import Mark, add_mark
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment, parse_time
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

ASSET = str(PROJECT_ROOT / "examples" / "building" / "asset.yaml")
HEAD = "time,kind,value,currency,basis,source"
NAV = (
    "marks", "add", "--kind", "nav", "--amount", "102.50", "--currency", "USD", "--basis", "ex",
    "--source", "Fund administrator",
)  # fmt: skip


@pytest.fixture(scope="module")
def deployed(tmp_path_factory) -> Iterator[Commands]:
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        commands.says("deploy", "--asset", ASSET)
        yield commands


@pytest.fixture
def commands(deployed, tmp_path) -> Commands:
    """The asset in a folder of its own, so that it has no office yet."""
    shutil.copytree(deployed.folder, tmp_path / "HARB12")
    return Commands(deployed.anvil, tmp_path / "HARB12")


def table(folder: Path, *lines: str) -> str:
    path = folder / "marks.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def listed(commands: Commands, *words: str) -> list[tuple[str, str, str]]:
    found = commands.facts("marks", "list", *words)["marks"]
    return [(one["time"], one["kind"], one["amount"]["text"]) for one in found]


def trail(commands: Commands) -> list[tuple[str, int]]:
    with closing(open_office(str(commands.folder / "office.db"), who="test")) as office:
        return [(entry.action, entry.rows) for entry in office.trail()]


def test_a_mark_is_written_with_its_source_and_document(commands, tmp_path) -> None:
    paper = tmp_path / "nav.pdf"
    paper.write_bytes(b"%PDF-1.7 NAV 102.50")
    said = commands.says(*NAV, "--at", "2027-03-31", "--document", str(paper))
    assert "NAV of 102.50, ex, at 2027-03-31T23:59:59Z" in said
    [mark] = commands.facts("marks", "list")["marks"]
    assert mark["amount"]["units"] == "10250"
    assert (mark["source"], mark["supersedes"]) == ("Fund administrator", None)
    assert mark["document"] == f"0x{hashlib.sha256(paper.read_bytes()).hexdigest()}"
    assert trail(commands) == [("mark.add", 1)]


def test_a_wrong_mark_is_superseded_and_what_was_known_stays(commands) -> None:
    """Law 104: what was known at a time can be read as it was."""
    early = parse_time("at", "2026-04-01T12:00:00Z")
    place = str(commands.folder / "office.db")
    token = commands.deployment.token().address
    old = Mark(
        commands.deployment.manifest.chain_id, token, parse_time("at", "2027-03-31"), "NAV", 10_250,
        "USD", 2, "ex", "Fund administrator",
    )  # fmt: skip
    with closing(open_office(place, who="t", create=True, clock=lambda: early)) as office:
        first = add_mark(office, old)
    done = commands.facts(
        *NAV[:5], "101.75", *NAV[6:], "--at", "2027-03-31", "--supersedes", first.id
    )
    assert done["mark"]["supersedes"] == first.id
    end = "2027-03-31T23:59:59Z"
    assert listed(commands) == [(end, "NAV", "101.75")]
    assert [row[2] for row in listed(commands, "--superseded")] == ["102.50", "101.75"]
    assert listed(commands, "--at", moment(early)) == [(end, "NAV", "102.50")]
    assert listed(commands, "--at", moment(early - 1)) == []
    assert listed(commands, "--kind", "price") == []
    assert "as they were known at 2026-04-01T12:00:00Z" in commands.says(
        "marks", "list", "--at", moment(early)
    )


def test_a_second_mark_of_the_same_time_is_refused(commands) -> None:
    made = commands.facts(*NAV, "--at", "2027-03-31")["mark"]["id"]
    sentence = commands.refuses(*NAV, "--at", "2027-03-31")
    assert f"stands already, as the NAV of that time, in mark {made}" in sentence
    assert f"supersede {made} by this one" in sentence
    assert "is no mark of this asset" in commands.refuses(
        *NAV, "--at", "2027-03-31", "--supersedes", "none"
    )
    assert "of another kind or time" in commands.refuses(
        *NAV, "--at", "2027-06-30", "--supersedes", made
    )
    cum = ("ex" if word == "ex" else word for word in NAV)
    commands.says(*cum, "--at", "2027-03-31", "--supersedes", made)
    assert "was superseded by" in commands.refuses(*NAV, "--at", "2027-03-31", "--supersedes", made)
    assert trail(commands) == [("mark.add", 1)] * 2


def test_a_mark_of_another_basis_takes_no_place_that_is_taken(commands) -> None:
    """A cum mark that is superseded by an ex one would stand beside the ex one of its time."""
    commands.says(*NAV, "--at", "2027-03-31")
    with_income = tuple("cum" if word == "ex" else word for word in NAV)
    made = commands.facts(*with_income, "--at", "2027-03-31")["mark"]["id"]
    assert "stands already" in commands.refuses(*NAV, "--at", "2027-03-31", "--supersedes", made)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--amount", "12.345"), "has 3 decimals"),
        (("--amount", "-1"), "-1"),
        (("--at", "soon"), "soon"),
        (("--source", " "), "is no text"),
        (("--document", "no-such.pdf"), "cannot be read"),
    ],
)
def test_a_mark_that_is_none_is_refused(commands, words, sentence) -> None:
    assert sentence in commands.refuses(*NAV, "--at", "2027-03-31", *words)
    assert not (commands.folder / "office.db").exists()


def test_a_file_of_marks_is_shown_first_and_then_written(commands, tmp_path) -> None:
    digest = "ab" * 32
    path = table(
        tmp_path, f"{HEAD},document", f"2027-03-31,NAV,102.5,USD,ex,Administrator,{digest}",
        "2027-03-31T12:00:00Z,price,101.125,USD,cum,Broker,",
    )  # fmt: skip
    said = commands.says("marks", "import", path, "--dry-run")
    assert "nothing was written" in said
    assert not (commands.folder / "office.db").exists()
    shown = commands.facts("marks", "import", path, "--dry-run")
    assert [one["id"] for one in shown["marks"]] == [None, None]
    done = commands.facts("marks", "import", path)["marks"]
    assert [one["amount"]["text"] for one in done] == ["102.5", "101.125"]
    assert [one["document"] for one in done] == [f"0x{digest}", None]
    assert [one[1] for one in listed(commands)] == ["price", "NAV"]
    assert "2 marks of" not in commands.says("marks", "list")
    assert trail(commands) == [("mark.import", 2)]
    with closing(open_office(str(commands.folder / "office.db"), who="test")) as office:
        [entry] = office.trail()
    assert entry.subject == f"0x{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"


def test_every_fault_of_a_file_is_named_and_nothing_is_written(commands, tmp_path) -> None:
    path = table(
        tmp_path, HEAD, "2027-03-31,NAV,x,USD,ex,A", "2027-04-31,NAV,1,USD,ex,A",
        "2027-05-31,value,1,USD,ex,A", "2027-06-30,NAV,1,USD,both,A", "2027-07-31,NAV,1,,ex,",
    )  # fmt: skip
    problems = json.loads(commands.run("marks", "import", path, "--json").out)["error"]["problems"]
    found = [(one["line"], one["column"]) for one in problems]
    assert found == [
        (2, "value"), (3, "time"), (4, "kind"), (5, "basis"), (6, "currency"), (6, "source"),
    ]  # fmt: skip
    assert not (commands.folder / "office.db").exists()


def test_what_stands_already_is_named_for_each_line(commands, tmp_path) -> None:
    """In a preview as in the import; and of a file that says a thing twice in other words."""
    made = commands.facts(*NAV, "--at", "2027-03-31")["mark"]["id"]
    path = table(
        tmp_path, f"{HEAD},supersedes", "2027-03-31,NAV,1,USD,ex,A,", "2027-06-30,NAV,1,USD,ex,A,",
        "2027-06-30T23:59:59Z,NAV,2,USD,ex,A,", f"2027-03-31,NAV,3,USD,cum,A,{made}",
        f"2027-03-31T23:59:59Z,NAV,4,USD,ex,B,{made}", "2027-09-30,NAV,4,USD,ex,B,line 3",
    )  # fmt: skip
    for more in ((), ("--dry-run",)):
        answer = commands.run("marks", "import", path, *more, "--json")
        problems = json.loads(answer.out)["error"]["problems"]
        assert [one["line"] for one in problems] == [2, 4, 6, 7]
        assert "stands already" in problems[0]["rule"]
        assert "on line 3 already" in problems[1]["rule"]
        assert "on line 2 already" in problems[2]["rule"]
        assert "is no mark of this asset" in problems[3]["rule"]
    assert [row[2] for row in listed(commands)] == ["102.50"]


def test_marks_where_there_is_no_office(commands) -> None:
    assert "there is no office at" in commands.refuses("marks", "list")

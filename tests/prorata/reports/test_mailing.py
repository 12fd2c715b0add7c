"""Statements as letters: what files hold, whose words they use, and what is never overwritten."""

from __future__ import annotations

import csv
import json
import os
import re
import stat
import subprocess
import sys
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.errors import InputError
from prorata.reports.annual import year_statement
from prorata.reports.letters import Letter, page
from prorata.reports.mailing import Post, deliver, deliveries, issue_statements, versions_in
from prorata.reports.pdf import pdf_of, png_of
from prorata.reports.recipients import Issuer, Recipient, read_recipients
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.amounts import Unit, figures, parse_units
from tests.amounts import cells
from tests.pictures import opened
from tests.prorata.reports.test_annual import (
    KNOWN,
    NEW,
    TOKEN,
    A,
    books_of,
    box,
    claimed,
    declared,
    of,
    second,
)
from tests.prorata.reports.test_annual import books as books  # noqa: PLC0414

ISSUER = Issuer.load(PROJECT_ROOT / "examples" / "building" / "issuer.yaml")
PINNED = Path(__file__).parent / "pinned"


def letter(books, year, holder, **about):
    known = next((one for one in KNOWN if one.address == holder), None)
    content = year_statement(books, TOKEN, year, of(books, year, holder), known)
    recipient = Recipient(holder, **about.pop("to", {}))
    return Letter(content, recipient, **about)


# --------------------------------------------------------------------------------------- files


def test_files_hold_the_same_rows_and_no_version_is_overwritten(books, tmp_path):
    (tmp_path / "mine.csv").write_text("kept")
    first = issue_statements(books, TOKEN, 2026, tmp_path, known=KNOWN)
    assert (first.version, first.unchanged) == (1, False)
    names = sorted(path.name for path in first.folder.iterdir())
    assert names == [
        f"{A}.csv", f"{A}.html", f"{A}.json", f"{A}.pdf",
        "manifest.json", "summary.csv", "summary.json",
    ]  # fmt: skip
    with (first.folder / f"{A}.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    found = json.loads((first.folder / f"{A}.json").read_text(encoding="utf-8"))
    assert lines == [cells(row) for row in found["payments"]]
    assert (found["name"], found["kind"], found["year"]) == ("Ada <b>Löwe</b>", "individual", 2026)

    again = issue_statements(books, TOKEN, 2026, tmp_path, known=KNOWN)
    assert (again.version, again.unchanged) == (1, True)
    before = {path.name: path.read_bytes() for path in first.folder.iterdir()}
    post = Post(recipients={A: Recipient(A, account="HB-0001")})
    other = issue_statements(books, TOKEN, 2026, tmp_path, known=KNOWN, post=post)
    assert (other.version, other.unchanged, versions_in(tmp_path)) == (2, False, [1, 2])
    assert (other.folder / "HB-0001.pdf").read_bytes().startswith(b"%PDF")
    assert {path.name: path.read_bytes() for path in first.folder.iterdir()} == before
    assert json.loads((other.folder / "manifest.json").read_text())["takes_the_place_of"] == 1


def test_the_manifest_has_the_digest_of_every_file(books, tmp_path):
    issued = issue_statements(books, TOKEN, 2027, tmp_path)
    told = json.loads((issued.folder / "manifest.json").read_text())["files"]
    there = {path.name: path for path in issued.folder.iterdir() if path.name != "manifest.json"}
    assert told == {n: sha256(path.read_bytes()).hexdigest() for n, path in sorted(there.items())}


def test_files_are_for_their_owner_only(books, tmp_path):
    """They name people and what they earn."""
    issued = issue_statements(books, TOKEN, 2027, tmp_path)
    deliver(tmp_path, [A], "letter", "2028-01-31T00:00:00Z")
    assert stat.S_IMODE(issued.folder.stat().st_mode) == 0o700
    files = [*issued.folder.iterdir(), tmp_path / "deliveries.jsonl"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_summary_has_one_row_per_holder_and_currency(books, tmp_path):
    issued = issue_statements(books, TOKEN, 2027, tmp_path)
    with (issued.folder / "summary.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["holder"], line["currency"], line["payments"]) for line in lines] == [
        (A, "ETH", "1"), (NEW, "USD", "2"), (NEW, "ETH", "1"),
    ]  # fmt: skip
    dollars = lines[1]
    assert box(dollars, "1099-DIV", "1a") == "0.600000"
    assert box(dollars, "1099-MISC", "1") == "0.300000"
    assert box(dollars, "1099-INT", "1") == ""
    found = json.loads((issued.folder / "summary.json").read_text())
    assert [(total["currency"], total["payments"]) for total in found["totals"]] == [
        ("USD", 2), ("ETH", 2),
    ]  # fmt: skip


def test_a_year_without_payments_has_an_empty_summary(books, tmp_path):
    issued = issue_statements(books, TOKEN, 2028, tmp_path)
    assert issued.statements == ()
    assert (issued.folder / "summary.csv").read_text().count("\n") == 1
    assert json.loads((issued.folder / "summary.json").read_text())["totals"] == []


def test_the_same_books_give_the_same_bytes_in_one_process_and_in_two(books, tmp_path, monkeypatch):
    followed = []
    for name, few in (("one", 64), ("two", 0)):
        monkeypatch.setattr("prorata.reports.mailing.FEW", few)
        issue_statements(
            books,
            TOKEN,
            2027,
            tmp_path / name,
            known=KNOWN,
            on_progress=lambda *done: followed.append(done),
        )
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name / "version-1").iterdir()}
        for name in ("one", "two")
    )
    assert one == two
    assert followed == [(1, 2), (2, 2), (2, 2)]


def test_processes_find_the_package_where_its_place_was_taken_off_the_path(
    books, tmp_path, monkeypatch
):
    """As ape does with what it runs."""
    place = str(PROJECT_ROOT)
    monkeypatch.setattr("sys.path", [entry for entry in sys.path if entry not in ("", place)])
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("prorata.reports.mailing.FEW", 0)
    issued = issue_statements(books, TOKEN, 2027, tmp_path / "out")
    assert len(list(issued.folder.glob("*.pdf"))) == 2
    assert place not in sys.path


def test_two_holders_of_one_account_number_are_refused(books, tmp_path):
    """Before anything is written: one would be given the other's letter."""
    post = Post(recipients={who: Recipient(who, account="HB-1") for who in (A, NEW)})
    with pytest.raises(InputError) as refusal:
        issue_statements(books, TOKEN, 2027, tmp_path / "out", post=post)
    assert str(refusal.value) == (
        f'account: "HB-1" is the account number of {A} and of {NEW}; give each holder an account '
        "number of its own"
    )
    assert not (tmp_path / "out").exists()


def test_a_delivery_names_the_version_and_its_digest(books, tmp_path):
    issued = issue_statements(books, TOKEN, 2027, tmp_path)
    deliver(tmp_path, [A], "registered letter", "2028-01-31T23:59:59Z")
    digest = sha256((issued.folder / f"{A}.pdf").read_bytes()).hexdigest()
    assert deliveries(tmp_path) == [
        {
            "account": A,
            "version": 1,
            "how": "registered letter",
            "at": "2028-01-31T23:59:59Z",
            "sha256": digest,
        }
    ]


@pytest.mark.parametrize(
    ("account", "version", "sentence"),
    [
        ("HB-9", None, '"HB-9" has no statement in version 1; check the account number'),
        (A, 2, '"2" was never issued in {}: there are 1; issue the statements first'),
    ],
)
def test_what_was_never_issued_is_not_delivered(books, tmp_path, account, version, sentence):
    issue_statements(books, TOKEN, 2027, tmp_path)
    with pytest.raises(InputError, match=re.escape(sentence.format(tmp_path))):
        deliver(tmp_path, [account], "letter", "2028-01-31T23:59:59Z", version)
    assert deliveries(tmp_path) == []


# ---------------------------------------------------------------------------------------- letters


def test_a_page_shows_every_amount_and_escapes_what_others_wrote(books):
    one = letter(books, 2026, A)
    text = page(one)
    assert "<b>Löwe" not in text
    assert "Ada &lt;b&gt;Löwe&lt;/b&gt;" in text
    assert "If you are a foreign person" in text
    shown = [cell.replace(",", "") for cell in re.findall(r'<td class="n">([^<]*)</td>', text)]
    for payment in one.statement.payments:
        for key in ("gross_cash_amount", "withholding_tax_amount", "net_cash_amount"):
            amount = getattr(payment, key)
            assert amount.units in {
                parse_units(cell, amount.decimals) for cell in shown if _fits(cell, amount.decimals)
            }
    assert "src=" not in text
    assert "http" not in text


def _fits(cell: str, decimals: int) -> bool:
    return (
        bool(re.fullmatch(r"[0-9]+(\.[0-9]+)?", cell)) and len(cell.partition(".")[2]) <= decimals
    )


def test_dates_are_days_and_times_stand_in_the_small_print(books):
    table, _, small = page(letter(books, 2026, A)).partition('<p class="fine">')
    assert "2026-12-31" in table
    assert not re.search(r"T[0-9:]{8}Z", table)
    assert "paid 2026-12-31T23:59:59Z by" in small


@pytest.mark.parametrize(
    ("to", "issuer", "us_boxes", "form_1042_s"),
    [
        ({"country": "US"}, "", True, False),
        ({"country": "DE"}, "", False, True),
        ({"country": "DE", "stated_us_person": True}, "NL", True, False),
        ({"country": "US", "stated_us_person": False}, "US", False, True),
        ({"country": "DE"}, "NL", False, False),
        ({}, "NL", False, False),
        ({}, "US", True, True),
        ({}, "", True, True),
    ],
)
def test_us_boxes_are_for_us_persons_and_us_issuers(books, to, issuer, us_boxes, form_1042_s):
    text = page(letter(books, 2026, A, to=to, issuer=Issuer(name="X", country=issuer)))
    assert ("1099-MISC" in text) is us_boxes
    assert ("Form 1042-S" in text.partition("The boxes are")[0]) is form_1042_s


def test_the_words_are_those_of_the_holders_country_too(books):
    german = page(letter(books, 2026, A, to={"country": "DE"}, issuer=ISSUER, asset="Harbor 12"))
    for word in ("Bruttobetrag", "Einbehaltene Steuer", "Mieterträge", "Germany"):
        assert word in german
    assert "Bruttobetrag" not in page(letter(books, 2026, A, to={"country": "US"}))


def test_a_letter_has_its_sender_recipient_account_and_period(books):
    lines = ("Lindenweg 3", "20095 Hamburg")
    to = {"account": "HB-0007", "name": "Ada Löwe", "lines": lines, "country": "DE"}
    text = page(letter(books, 2026, A, to=to, issuer=ISSUER, asset="Harbor 12"))
    for part in (
        ISSUER.name, *ISSUER.address, *lines, "HB-0007", "Ada Löwe", "Harbor 12 (HSE)",
        "2026-01-01 to 2026-12-31", 'src="data:image/svg+xml;base64,',
    ):  # fmt: skip
        assert part in text


@given(st.lists(st.integers(0, 10**24), min_size=1), st.integers(0, 18))
def test_figures_lose_no_digit_and_share_their_decimals(units, decimals):
    unit = Unit("USD", decimals)
    shown = figures([unit.amount(amount) for amount in units])
    assert [parse_units(text, decimals) for text in shown] == units
    assert len({len(text.partition(".")[2]) for text in shown}) == 1


# ------------------------------------------------------------------------------------------- paper


def sample() -> Letter:
    """Two years of rent, with everything that a letter may have."""
    events = [(declared(n, 1_234_567_000_000), second(2027, n) + 5) for n in (1, 2, 3, 4)]
    events += [(claimed(A, A, (n, 617_283_500_000, 0)), second(2027, n, 9)) for n in (1, 2, 3, 4)]
    found = books_of(events)
    to = {
        "account": "HB-0007",
        "name": "Ada Löwe",
        "lines": ("Lindenweg 3", "20095 Hamburg"),
        "country": "DE",
    }
    return letter(found, 2027, A, to=to, issuer=ISSUER, asset="Harbor 12")


def test_paper_has_the_same_bytes_each_time():
    text = page(sample())
    one, two = (pdf_of(text, title="T", created="2028-01-01T00:00:00Z") for _ in range(2))
    assert one == two
    assert len(one) < 60_000


ISSUE = """
from pathlib import Path
import prorata
from prorata.reports.mailing import Post, issue_statements
from tests.prorata.reports.test_annual import KNOWN, TOKEN, A, B, C, books_of, claimed, declared
from tests.prorata.reports.test_annual import second
from tests.prorata.reports.test_mailing import ISSUER
events = [(declared(n, 1_000_000), second(2027, n) + 5) for n in (1, 2, 3, 4)]
events += [
    (claimed(who, who, (n, share, 0)), second(2027, n, 9))
    for n in (1, 2, 3, 4)
    for who, share in ((A, 500_000), (B, 300_000), (C, 200_000))
]
issued = issue_statements(
    books_of(events), TOKEN, 2027, Path("out"), known=KNOWN, post=Post(issuer=ISSUER)
)
print(prorata.__file__, len(list(issued.folder.glob("*.pdf"))))
"""
MACHINES = (
    {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0"},
    {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "4242"},
)


def test_statements_have_the_same_bytes_on_another_machine(tmp_path):
    """Another home, time zone, locale, order of hashes, folder, and place of the package."""
    found = []
    for number, machine in enumerate(MACHINES):
        place = tmp_path / f"machine {number}"
        copy = place / "package"
        for folder in ("prorata", "examples"):
            bare = ignore_patterns("__pycache__", "artifacts")
            copytree(PROJECT_ROOT / folder, copy / folder, ignore=bare)
        (place / "home").mkdir()
        (place / "work").mkdir()
        home = {"HOME": str(place / "home"), "XDG_CACHE_HOME": str(place / "home" / "cache")}
        paths = os.pathsep.join(map(str, (copy, PROJECT_ROOT)))
        done = subprocess.run(
            [sys.executable, "-c", ISSUE], cwd=place / "work", capture_output=True, text=True,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": paths, **home, **machine},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert str(copy) in done.stdout
        out = place / "work" / "out"
        files = {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()}
        assert sum(name.suffix == ".pdf" for name in files) == 3
        found.append(files)
    one, other = found
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_a_process_that_has_drawn_many_pages_ends_well(tmp_path):
    """PlutoPrint keeps what it read of fonts until after Python has gone."""
    path, draw = (
        tmp_path / "page.html",
        (
            "import sys; from pathlib import Path; from prorata.reports.pdf import pdf_of\n"
            "text = Path(sys.argv[1]).read_text(encoding='utf-8')\n"
            "for _ in range(64): pdf_of(text, title='T', created='2028-01-01T00:00:00Z')\n"
        ),
    )
    path.write_text(page(replace(sample(), issuer=Post().issuer)), encoding="utf-8")
    assert subprocess.run([sys.executable, "-c", draw, str(path)]).returncode == 0


def test_who_writes_statements_ends_where_the_command_is_killed(tmp_path):
    """They wait for letters that nobody will give them."""
    path = tmp_path / "command.py"
    path.write_text(
        "import os, time\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from multiprocessing import get_context\n"
        "from prorata.reports.mailing import _end_with_parent\n"
        "if __name__ == '__main__':\n"
        "    context = get_context('spawn')\n"
        "    with ProcessPoolExecutor(1, context, initializer=_end_with_parent) as pool:\n"
        "        print(pool.submit(os.getpid).result(), flush=True)\n"
        "        time.sleep(600)\n",
        encoding="utf-8",
    )
    with subprocess.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        writer = int(command.stdout.readline())
        os.kill(writer, 0)
        command.kill()
    # Nobody waits for one that is given to the system; it may be a zombie for a moment.
    for _ in range(600):
        try:
            os.kill(writer, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("it waits still")


def test_paper_is_the_pinned_picture():
    """Looked at once, and compared since: `PRORATA_PAPER=update` takes a new one."""
    drawn, pinned = png_of(page(sample())), PINNED / "statement.png"
    if os.environ.get("PRORATA_PAPER") == "update":
        pinned.write_bytes(drawn)
    assert digest_of(drawn) == digest_of(pinned.read_bytes())


def digest_of(picture: bytes) -> str:
    return sha256(picture).hexdigest()


def test_paper_fits_upright_a4_with_side_margins():
    """Nothing is drawn in the outer fifteen millimetres on either side."""
    picture = opened(png_of(page(sample())))
    width, height = picture.size
    assert abs(height / width - 297 / 210) < 0.01
    margin, white = width * 15 // 210, ((255, 255),) * 3
    assert picture.crop((0, 0, margin, height)).getextrema() == white
    assert picture.crop((width - margin, 0, width, height)).getextrema() == white
    assert picture.getextrema() != white


def test_a_page_reads_no_file_and_no_server(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"\x89PNG")
    text = page(sample()).replace('src="data:', f'src="file://{secret}" alt="data:')
    assert pdf_of(text, title="T", created="2028-01-01T00:00:00Z").startswith(b"%PDF")


# -------------------------------------------------------------------------------------- recipients


def test_recipients_are_read_by_wallet(tmp_path):
    path = tmp_path / "recipients.csv"
    path.write_text(
        "address,account,name,street,postal_code,city,country,us_person,shares\n"
        f"{A},HB-1,Ada Löwe,Lindenweg 3,20095,Hamburg,DE,,50\n"
        f"{NEW},HB-2,Ben,,,,USA,no,\n"
    )
    ada, ben = read_recipients(path).values()
    assert ada == Recipient(A, "HB-1", "Ada Löwe", ("Lindenweg 3", "20095 Hamburg"), "DE")
    assert (ada.us_person, ben.country, ben.us_person) == (False, "US", False)
    assert Recipient(A).us_person is None
    assert replace(ben, stated_us_person=None).us_person is True


def test_every_fault_of_a_file_of_recipients_is_named(tmp_path):
    path = tmp_path / "recipients.csv"
    path.write_text(
        f"address,account,country,us_person\n{A},HB/1,XX,maybe\n{A},HB-2,,\n{NEW},hb-2,,\n"
    )
    with pytest.raises(InputError) as refusal:
        read_recipients(path)
    said = str(refusal.value)
    for part in (
        '"HB/1" is no account number that can name a file',
        '"XX" is no country of ISO 3166-1',
        '"maybe" is neither yes nor no',
        f'line 3, address: "{A}" stands on line 2 already',
        'line 4, account: "hb-2" stands on line 3 already',
    ):
        assert part in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name: X\nlogo: none.png\n", "cannot be read (no such file or directory)"),
        ("name: X\nlogo: a.txt\n", "is no picture by its name"),
        ("address: [a]\n", 'name: "" is missing'),
        ("name: X\ncountry: NO\n", "is yes or no to YAML"),
        ("name: X\nphone: 1\n", "is no setting"),
    ],
)
def test_an_issuer_that_cannot_be_read_is_refused(tmp_path, content, said):
    path = tmp_path / "issuer.yaml"
    path.write_text(content)
    with pytest.raises(InputError, match=re.escape(said)):
        Issuer.load(path)

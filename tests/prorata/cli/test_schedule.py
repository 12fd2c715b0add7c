"""`prorata schedule`: a note's lines planned, carried out on a chain, and beside the books."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from prorata.assets.schedules import Cycle
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.contracts.vault import Terms
from prorata.income.declarations import declare
from prorata.ledger.audits import audit_deployment
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.kinds import Kind
from prorata.values.times import parse_time
from tests.amounts import units
from tests.prorata.cli.opened import Commands, run
from tests.prorata.conftest import sent_by_node

pytestmark = pytest.mark.slow

NOTE = str(PROJECT_ROOT / "examples" / "note" / "terms.yaml")
ISSUER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
AGENT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
HOLDERS = {
    ISSUER: 400,
    AGENT: 333,
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC": 266,
    "0x90F79bf6EB2c4f870365E785982E1f101E93b906": 1,
}
ASSET = 'name: Canal note\nsymbol: CANALN\nauthorised_shares: "2000"\n'
WITHOUT_TREASURY = ("--exclude", ISSUER)
DOLLAR = 10**6
WAITS = 4


def terms(start: date, **further) -> dict:
    """Three months from `start` at 10 %, of which a third is paid back each month."""
    return {
        "name": "Canal note",
        "currency": "USD",
        "decimals": 2,
        "unit": "100.00",
        "issued": start,
        "matures": Cycle(months=3).after(start, 1),
        "interest": {"day_count": "30E/360", "cycle": "1M", "rate": "10%"},
        "principal": {"plan": "equal parts"},
        "dates": {"calendar": "weekdays", "zone": "UTC", "cut_off": "12:00"},
        **further,
    }


def written(folder: Path, content: dict, name: str = "terms.yaml") -> str:
    path = folder / name
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Iterator[Commands]:
    folder = tmp_path_factory.mktemp("note")
    (folder / "asset.yaml").write_text(ASSET, encoding="utf-8")
    rows = "".join(f"{holder},{shares}\n" for holder, shares in HOLDERS.items())
    (folder / "holders.csv").write_text(f"address,shares\n{rows}", encoding="utf-8")
    with Anvil() as node:
        commands = Commands(node, folder / "CANALN")
        commands.says("deploy", "--asset", str(folder / "asset.yaml"), "--dollar")
        commands.says("issue", str(folder / "holders.csv"))
        yield commands


@pytest.fixture
def note(built, tmp_path) -> Iterator[Commands]:
    """The note as it was issued: each test has a chain and a folder that nobody has changed."""
    snapshot = built.anvil.rpc("evm_snapshot")
    copy = tmp_path / "CANALN"
    copy.mkdir()
    for path in built.folder.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    yield Commands(built.anvil, copy)
    built.anvil.rpc("evm_revert", snapshot)


def today(commands: Commands) -> date:
    return datetime.fromtimestamp(commands.chain.now(), timezone.utc).date()


def running(commands: Commands, *words: str, code: int = 0) -> dict:
    """What a program reads of a run that ends with this code."""
    done = commands.run("schedule", "run", *words, "--json")
    assert done.code == code, done.out + done.err
    return json.loads(done.out)


def past(commands: Commands, facts: dict) -> None:
    commands.travel(parse_time("closes", facts["closes"]) + 1)


def declare_interest(commands: Commands, facts: dict, dollars: int, digest: bytes) -> None:
    """Interest that carries a document, declared by another account than the issuer's."""
    found = commands.deployment
    currency = found.currency("USD")
    call = currency.mint(AGENT, dollars * DOLLAR)
    unlocked = LocalSigner.of_test_account(9).address
    sent_by_node(commands.chain, call.question(unlocked))
    at = parse_time("payable_from", facts["payable_from"])
    declare(
        Operator(commands.chain, LocalSigner.of_test_account(1)),
        found,
        record_id=1,
        currency=currency,
        amount=dollars * DOLLAR,
        terms=Terms(kind=Kind.INTEREST, payable_from=at, document_hash=digest),
    )


# ---------------------------------------------------------------------------------- without a chain


def test_a_schedule_is_shown_without_a_chain():
    shown = run("schedule", "show", NOTE, "--at", "2028-09-01")
    assert shown.code == 0, shown.err
    said = " ".join(shown.out.split())
    assert "Harbour note 2032: 11 lines, in USD of a unit" in said
    assert "4* 2028-06-30 2028-12-31 2028-12-29 2028-12-28 4.5% 18.00 0.00 800.00" in said
    assert "* Provisional, from line 1 on: holidays of US bond are known until 2026-12-31" in said
    assert "At 2028-09-01: 6.10 accrued, 800.00 outstanding, factor 4/5" in said
    facts = json.loads(run("schedule", "show", NOTE, "--json").out)
    assert sum(units(line["principal"]) for line in facts["lines"]) == 100_000
    assert facts["lines"][3]["fees"]["trustee"]["text"] == "0.20"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((NOTE, "--at", "soon"), 'at: "soon" is no date; write one such as 2028-03-01'),
        (
            (NOTE, "--at", "2050-01-01"),
            'date: "2050-01-01" is outside the periods that are planned',
        ),
        (("no.yaml",), 'terms: "no.yaml" cannot be read'),
    ],
)
def test_what_cannot_be_shown_is_refused(words, said):
    shown = run("schedule", "show", *words)
    assert (shown.code, shown.out) == (1, "")
    assert said in shown.err


# ------------------------------------------------------------------------------------- carrying out


def test_a_whole_life(note, tmp_path):
    """Three records, six distributions, everybody paid: planned = received, and received + carried
    in = paid + owed + carried out + swept; each holder gets its units exactly (Laws 68 and 69)."""
    path = written(tmp_path, terms(today(note)))
    expected = [(83, 3_333), (56, 3_333), (28, 3_334)]
    for number, (interest, principal) in enumerate(expected, start=1):
        waiting = running(note, path, *WITHOUT_TREASURY, code=WAITS)
        assert (waiting["line"], waiting["record"], waiting["waits"]) == (number, number, True)
        assert waiting["distributions"] == []
        past(note, waiting)
        done = running(note, path, *WITHOUT_TREASURY)
        amounts = [units(one["amount"]) for one in done["distributions"]]
        assert amounts == [interest * 600 * DOLLAR // 100, principal * 600 * DOLLAR // 100]
        note.travel(parse_time("payable_from", done["payable_from"]) + 1)
        for one in done["distributions"]:
            note.says("distribute", "--push-only", str(one["distribution"]))
    ended = running(note, path, *WITHOUT_TREASURY)
    assert (ended["line"], ended["resumed"]) == (None, True)

    status = note.facts("schedule", "status", path)
    assert status["balanced"] is True
    assert [line["state"] for line in status["lines"]] == ["paid"] * 3
    for line in status["lines"]:
        for kind in line["kinds"]:
            assert kind["planned"] == kind["received"]
            used = ("settled", "owed", "carried_out", "swept")
            brought = units(kind["received"]) + units(kind["carried_in"])
            assert brought == sum(units(kind[name]) for name in used)
    books = audit_deployment(note.deployment).books
    per_unit = [amount for pair in expected for amount in pair]
    for account, amount in zip(books.distributions.values(), per_unit, strict=True):
        assert account.terms.kind in (Kind.INTEREST, Kind.PRINCIPAL)
        for holder, shares in HOLDERS.items():
            if holder != ISSUER:
                assert account.settlements[holder].gross == amount * DOLLAR // 100 * shares


def test_units_that_divide_nothing_evenly_get_at_least_what_is_planned(note, tmp_path):
    """Rounded together, 1,000 units of 100.00 get 839.17 for a month: each gets at least its part,
    and what is left over is carried on (Law 69)."""
    content = terms(
        today(note),
        rounding={"rounds": "aggregate"},
        units=1_000,
        interest={"day_count": "30E/360", "cycle": "1M", "rate": "10.07%"},
        principal={"plan": "bullet"},
    )
    path = written(tmp_path, content)
    past(note, running(note, path, code=WAITS))
    [done] = running(note, path)["distributions"]
    assert units(done["amount"]) == 83_917 * DOLLAR // 100
    account = audit_deployment(note.deployment).books.distributions[1]
    assert account.division is not None
    for holder, shares in HOLDERS.items():
        planned = Fraction(83_917 * DOLLAR, 100 * 1_000) * shares
        assert account.division.gross[holder] == planned


def test_nothing_is_declared_twice(note, tmp_path):
    """The chain is asked, not the folder: without the document that was kept, it is found again."""
    path = written(tmp_path, terms(today(note)))
    past(note, running(note, path, code=WAITS))
    first = running(note, path)
    assert first["resumed"] is False
    sent = note.sent
    again = running(note, path, "--line", "1")
    assert (again["done"], again["distributions"], note.sent) == (True, [], sent)
    (note.folder / "schedule" / "1.json").unlink()
    another = running(note, path, "--line", "1")
    assert (another["done"], note.sent) == (True, sent)


def test_a_run_declares_what_no_other_agent_has(note, tmp_path):
    """Another agent declared the interest: the issuer's run declares the principal alone. What
    somebody without a role declares does not count."""
    path = written(tmp_path, terms(today(note)))
    waiting = running(note, path, code=WAITS)
    past(note, waiting)
    kept = (note.folder / "schedule" / "1.json").read_bytes()
    declare_interest(note, waiting, 830, sha256(kept).digest())
    shown = running(note, path, "--dry-run")
    assert [one["kind"] for one in shown["distributions"]] == ["interest", "principal"]
    note.says("agents", "add", AGENT)
    done = running(note, path)
    assert [one["kind"] for one in done["distributions"]] == ["principal"]


def test_a_dry_run_sends_and_writes_nothing(note, tmp_path):
    path = written(tmp_path, terms(today(note)))
    sent = note.sent
    shown = running(note, path, "--dry-run")
    assert (shown["dry_run"], shown["record"], shown["waits"], note.sent) == (True, 1, True, sent)
    assert not (note.folder / "schedule").exists()
    past(note, running(note, path, code=WAITS))
    sent = note.sent
    shown = running(note, path, "--dry-run")
    assert [one["distribution"] for one in shown["distributions"]] == [None, None]
    assert units(shown["distributions"][0]["amount"]) == 830 * DOLLAR
    assert note.sent == sent


# ------------------------------------------------------------------------------------- what is told


def test_a_line_is_read_before_it_is_run(note, tmp_path):
    path = written(tmp_path, terms(today(note)))
    said = note.gist("schedule", "next", path)
    assert "Line 1 of Canal note: no record yet, which closes at the end of" in said
    assert "interest 0.83 USD for a unit" in said
    running(note, path, code=WAITS)
    assert "Line 1 of Canal note: record 1, which closes" in note.gist("schedule", "next", path)
    assert note.facts("schedule", "next", path, "--line", "3")["per_unit"]["principal"] == {
        "units": "3334", "text": "33.34", "decimals": 2, "currency": "USD",
    }  # fmt: skip
    said = note.refuses("schedule", "next", path, "--line", "9")
    assert said == 'line: "9" is no line of the sheet, which has 3; see `prorata schedule show`'


def test_a_holiday_that_is_published_later_moves_no_record(note, tmp_path):
    """The calendar's file changes after the record was scheduled: the line stays, and says so."""
    start = today(note)
    due = Cycle(months=1).after(start, 1)
    calendar = {
        "name": "Ours", "source": "a letter", "licence": "ours", "verified_until": start,
        "from": start - timedelta(days=400), "until": start + timedelta(days=800),
    }  # fmt: skip
    written(tmp_path, calendar, "ours.yaml")
    content = terms(start)
    content["dates"] = {**content["dates"], "calendar": "ours.yaml", "roll": "preceding",
                        "record": {"offset": 1, "days": "business"}}  # fmt: skip
    path = written(tmp_path, content)
    waiting = running(note, path, code=WAITS)
    days = [due - timedelta(days=back) for back in range(1, 5)]
    written(tmp_path, {**calendar, "adds": days}, "ours.yaml")
    done = note.run("schedule", "next", path)
    assert "line 1 stays as it was begun: by the terms and calendars of now its record" in (
        " ".join(done.err.split())
    )
    assert note.facts("schedule", "next", path)["closes"] == waiting["closes"]
    past(note, waiting)
    assert running(note, path)["record"] == 1


def test_a_line_whose_record_was_cancelled_is_computed_anew(note, tmp_path):
    """Terms that are corrected after that count, and the old document binds nobody."""
    start = today(note)
    path = written(tmp_path, terms(start))
    running(note, path, code=WAITS)
    note.says("record", "cancel", "--from", "1", "--yes")
    content = terms(start)
    content["dates"] = {**content["dates"], "cut_off": "13:00"}
    path = written(tmp_path, content)
    assert note.facts("schedule", "next", path)["closes"].endswith("T13:00:00Z")
    again = running(note, path, code=WAITS)
    assert (again["record"], again["closes"][-9:]) == (2, "13:00:00Z")


def test_a_record_too_far_ahead_leaves_nothing_behind(note, tmp_path):
    content = terms(today(note), principal={"plan": "bullet"})
    content["matures"] = Cycle(months=24).after(today(note), 1)
    content["interest"] = {"day_count": "30E/360", "rate": "10%"}
    path = written(tmp_path, content)
    assert "is more than 400 days ahead" in note.refuses("schedule", "run", path)
    assert not (note.folder / "schedule").exists()


# ------------------------------------------------------------------------ due, late, short, foreign


def states(commands: Commands, path: str) -> list[str]:
    return [line["state"] for line in commands.facts("schedule", "status", path)["lines"]]


def test_planned_scheduled_due_late_declared(note, tmp_path):
    path = written(tmp_path, terms(today(note)))
    assert states(note, path) == ["planned"] * 3
    waiting = running(note, path, code=WAITS)
    assert states(note, path) == ["scheduled", "planned", "planned"]
    past(note, waiting)
    assert states(note, path) == ["due", "planned", "planned"]
    note.travel(parse_time("payable_from", waiting["payable_from"]) + 10)
    assert states(note, path) == ["late", "planned", "planned"]
    running(note, path)
    status = note.facts("schedule", "status", path)["lines"][0]
    assert (status["state"], status["declared_late"]) == ("declared", True)
    said = note.gist("schedule", "status", path)
    assert "line 1 was declared after it was to be paid" in said
    assert "Canal note by the books" in said


def test_a_line_without_a_payment_is_passed(note, tmp_path):
    """Interest of the first month is added to the principal: the second line is the next."""
    start = today(note)
    content = terms(start, principal={"plan": "bullet"})
    content["interest"] = {
        **content["interest"],
        "capitalises_until": Cycle(months=1).after(start, 1),
    }
    path = written(tmp_path, content)
    assert states(note, path) == ["nothing to pay", "planned", "planned"]
    assert "nothing to pay" in note.says("schedule", "status", path)
    assert note.facts("schedule", "next", path)["line"] == 2


def test_a_record_that_was_missed_is_late_and_cannot_be_run(note, tmp_path):
    path = written(tmp_path, terms(today(note) - timedelta(days=40)))
    assert states(note, path)[0] == "late"
    said = note.refuses("schedule", "run", path)
    assert said.startswith('line: "1" has no record, which should have closed at ')
    assert said.endswith("pay it with `prorata distribute`, and go on with --line 2")
    assert running(note, path, "--line", "2", code=WAITS)["record"] == 1


def test_too_little_is_short_and_other_documents_are_foreign(note, tmp_path):
    """Interest of half the amount carries the line's document; another payment carries none."""
    content = terms(today(note), principal={"plan": "bullet"})
    path = written(tmp_path, content)
    waiting = running(note, path, code=WAITS)
    past(note, waiting)
    kept = (note.folder / "schedule" / "1.json").read_bytes()
    note.says("agents", "add", AGENT)
    for digest in (sha256(kept).digest(), bytes(32)):
        declare_interest(note, waiting, 400, digest)
    status = note.facts("schedule", "status", path)["lines"][0]
    assert (status["state"], status["foreign"]) == ("short", [2])
    assert units(status["kinds"][0]["short"]) == 430 * DOLLAR
    assert "line 1: foreign distributions at its record, not counted: 2" in (
        note.gist("schedule", "status", path)
    )


def test_a_document_that_is_damaged_or_of_other_terms_is_refused(note, tmp_path):
    path = written(tmp_path, terms(today(note)))
    running(note, path, code=WAITS)
    kept = note.folder / "schedule" / "1.json"
    other = written(tmp_path, {**terms(today(note)), "name": "Other note"}, "other.yaml")
    assert note.refuses("schedule", "next", other) == (
        f'document: "{kept}" is of line 1 of Canal note; use the terms of that name, or another '
        "deployment's folder"
    )
    kept.write_text("{", encoding="utf-8")
    assert note.refuses("schedule", "next", path) == (
        f'document: "{kept}" is damaged; restore the file from a copy'
    )


def test_money_that_is_not_there_is_told_before_anything_is_sent(note, tmp_path):
    content = terms(today(note), unit="100,000,000.00")
    path = written(tmp_path, content)
    past(note, running(note, path, code=WAITS))
    for words in ((path,), (path, "--dry-run")):
        assert "holds" in note.refuses("schedule", "run", *words)

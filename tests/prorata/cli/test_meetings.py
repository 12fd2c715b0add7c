"""The commands of meetings: convene, vote, split, appoint, sign, bring, tally, declare, minutes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from prorata.values.times import moment
from tests.amounts import units
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.market.exchanges.exits import (
    ANN,
    AS,
    BEN,
    CAT,
    DAN,
    DAY,
    OWNER,
    Exits,
    opened_exits,
)

HASH = "0x" + "5f6b" * 16
TEXTS = ("The accounts of 2026 are approved.", "The building is sold <at once>.", "No dividend.")


def terms(record: int, opens: int, more: str = "", count: int = 3) -> str:
    """Three resolutions, of which the second needs three quarters of all shares."""
    resolutions = [
        f"  - text: {TEXTS[0]}",
        f"  - text: {TEXTS[1]}\n    of: eligible\n    majority: at least 75%",
        f"  - text: {TEXTS[2]}\n    of: present",
    ]
    return "\n".join([
        "title: Annual meeting 2027", f"record: {record}", f'opens: "{moment(opens)}"',
        f'closes: "{moment(opens + 7 * DAY)}"', "quorum: 25%", more, "resolutions:",
        *resolutions[:count], "",
    ])  # fmt: skip


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Exits]:
    with opened_exits(tmp_path_factory.mktemp("meetings")) as exits:
        yield exits


@pytest.fixture
def exits(opened) -> Iterator[Exits]:
    with kept(opened.commands.anvil.url, opened.commands.folder):
        yield opened


@pytest.fixture
def commands(exits) -> Commands:
    return exits.commands


@pytest.fixture
def convened(exits, commands) -> str:
    """A meeting that opens in a day; the file of its terms."""
    record = commands.close_record()
    path = exits.terms("meeting", terms(record, commands.chain.now() + DAY))
    assert commands.facts("meeting", "convene", path)["meeting"] == 1
    return path


@pytest.fixture
def meeting(commands, convened) -> str:
    """The same, open."""
    commands.travel(commands.chain.now() + DAY + 60)
    return "1"


def table(exits, name: str, *rows: str) -> str:
    """A table of parts."""
    path = exits.files / f"{name}.csv"
    path.write_text("\n".join(["shares,vote", *rows]) + "\n")
    return str(path)


def later(commands) -> None:
    """The next vote of anybody has a later second."""
    commands.travel(commands.chain.now() + 2)


def fresh(exits, name: str) -> str:
    """A file that is not there."""
    path: Path = exits.files / name
    path.unlink(missing_ok=True)
    return str(path)


def each(facts: dict) -> list[tuple[int, int, int, bool]]:
    """For, against, abstained and carried of each resolution."""
    return [
        (units(one["for"]), units(one["against"]), units(one["abstained"]), one["carried"])
        for one in facts["results"]
    ]


# --------------------------------------------------------------------------------------- convening


def test_a_meeting_is_convened_once_and_shown(exits, commands, convened):
    """The words are kept here, and are shown where they hash to what the chain has."""
    again = commands.facts("meeting", "convene", convened)
    assert (again["meeting"], again["resumed"]) == (1, True)
    second = commands.facts("meeting", "convene", convened, "--reference", "second")
    assert (second["meeting"], second["resumed"]) == (2, False)
    shown = commands.gist("meeting", "status", "1")
    assert "Annual meeting 2027: meeting 1, convened" in shown
    assert "The accounts of 2026 are approved. more than 50% of the votes cast" in shown
    assert "at least 75% of the eligible shares" in shown
    listed = commands.facts("meeting", "status")["meetings"]
    assert [(one["meeting"], one["stage"]) for one in listed] == [(1, "convened"), (2, "convened")]
    (commands.folder / "meetings" / "1.json").unlink()
    assert "its text is not here" in commands.gist("meeting", "status", "1")
    assert TEXTS[0] in commands.gist("meeting", "status", "1", "--terms", convened)


def test_a_dry_run_of_convening_sends_nothing(exits, commands):
    record = commands.close_record()
    path = exits.terms("dry", terms(record, commands.chain.now() + DAY))
    shown = commands.gist("meeting", "convene", path, "--dry-run")
    assert "convene a meeting: Annual meeting 2027" in shown
    assert "nothing was sent" in shown
    assert commands.facts("meeting", "status")["meetings"] == []


def test_terms_that_the_contract_would_refuse_are_refused_with_reasons(exits, commands):
    now = commands.chain.now()
    record = commands.facts("record", "--at", moment(now + 3 * DAY))["record"]

    def refused(text: str, *more: str) -> str:
        return commands.run("meeting", "convene", exits.terms("wrong", text), *more).err

    early = refused(terms(record, now + DAY))
    assert (
        f'record: "{record}" closes at the end of {moment(now + 3 * DAY)}, and votes are' in early
    )
    assert 'record: "9" is no record of this asset' in refused(terms(9, now + DAY))
    assert "does not lie ahead" in refused(terms(record, now - DAY))
    far = terms(record, now + 395 * DAY)
    assert 'closes: "' in refused(far)
    assert "is more than 400 days ahead" in refused(far)
    assert f"is neither owner nor agent of QUAY9; use the account {OWNER}" in refused(
        terms(record, now + 4 * DAY), *AS[ANN]
    )
    for wrong, said in (
        ("at least 0%", "would be reached without a vote for it"),
        ("more than 100%", "could never be reached"),
        ("most of them", "is no majority"),
        ("more than 101%", "is no part of 100%"),
    ):
        text = terms(record, now + 4 * DAY).replace("at least 75%", wrong)
        assert said in refused(text), wrong
    assert 'quorum: "a lot" is no part of 100%' in refused(
        terms(record, now + 4 * DAY).replace("25%", "a lot")
    )


def test_a_meeting_is_cancelled_before_it_opens(commands, convened):
    done = commands.facts("meeting", "cancel", "1", "--document", HASH)
    assert done["change"] == "cancel meeting 1"
    assert commands.facts("meeting", "cancel", "1", "--document", HASH)["resumed"]
    assert commands.facts("meeting", "status", "1")["stage"] == "cancelled"
    assert "at a meeting that is cancelled" in commands.refuses(
        "meeting", "vote", "1", "for", *AS[ANN]
    )


def test_an_open_meeting_is_not_cancelled(commands, meeting):
    assert "is open: it opened at" in commands.refuses(
        "meeting", "cancel", meeting, "--document", HASH
    )


# ------------------------------------------------------------------------------------------ voting


def test_holders_vote_change_their_votes_and_are_counted(commands, meeting):
    """The count is made anew from the votes (Laws 74, 76 and 77)."""
    shown = commands.gist("meeting", "vote", meeting, "1 for, 2-3 against", *AS[ANN], "--dry-run")
    assert f"vote for {ANN} at meeting 1: for, against, against" in shown
    commands.facts("meeting", "vote", meeting, "1 for, 2-3 against", *AS[ANN])
    assert commands.facts("meeting", "vote", meeting, "for, against, against", *AS[ANN])["resumed"]
    assert "in the chain's present second already; wait for the next block" in commands.refuses(
        "meeting", "vote", meeting, "for", *AS[ANN]
    )
    later(commands)
    commands.facts("meeting", "vote", meeting, "for", *AS[ANN])
    commands.facts("meeting", "vote", meeting, "against, for, abstain", *AS[DAN])
    facts = commands.facts("meeting", "tally", meeting)
    assert each(facts) == [
        (50_000, 100_000, 0, False), (150_000, 0, 0, True), (50_000, 0, 100_000, False),
    ]  # fmt: skip
    assert (units(facts["present"]), units(facts["eligible"]), facts["quorate"]) == (
        150_000, 153_334, True,
    )  # fmt: skip
    of_dan = commands.facts("meeting", "status", meeting, "--holder", DAN)["of_holder"]
    assert (of_dan["voter"], of_dan["claimant"], of_dan["proxy"]) == (DAN, DAN, None)
    # And back to what was voted before: another step.
    later(commands)
    back = commands.facts("meeting", "vote", meeting, "1 for, 2-3 against", *AS[ANN])
    assert not back["resumed"]


@pytest.mark.parametrize(
    ("vote", "said"),
    [
        ("1 for", "says nothing of resolution 2"),
        ("1 for, 1 against, rest abstain", "names resolution 1 twice"),
        ("1-4 for", 'has "1-4 for", and the resolutions are 1 to 3'),
        ("yes", 'has "yes", which is no choice'),
        ("for, against", "names 2 choices, and there are 3 resolutions"),
    ],
)
def test_words_that_are_no_vote_are_refused(commands, meeting, vote, said):
    assert said in commands.refuses("meeting", "vote", meeting, vote, *AS[ANN])


def test_who_may_not_vote_is_told_why(commands, convened):
    assert "at a meeting that is convened; vote from" in commands.refuses(
        "meeting", "vote", "1", "for", *AS[ANN]
    )
    commands.travel(commands.chain.now() + DAY + 60)
    assert "has no shares at the record, or is excluded" in commands.refuses(
        "meeting", "vote", "1", "for"
    )
    assert f"is neither the claimant of {BEN} nor its proxy" in commands.refuses(
        "meeting", "vote", "1", "for", "--holder", BEN, *AS[ANN]
    )
    assert 'meeting: "2" is no meeting: there is 1' in commands.refuses(
        "meeting", "vote", "2", "for", *AS[ANN]
    )


def test_a_custodian_votes_in_parts_and_replaces_them(exits, commands, meeting):
    """Its later vote finds the parts that it replaces by their event (Law 75)."""
    parts = table(exits, "parts", '400.00,"1 for, rest against"', '50.25,"abstain"')
    commands.facts("meeting", "split", meeting, parts, *AS[ANN])
    assert commands.facts("meeting", "split", meeting, parts, *AS[ANN])["resumed"]
    facts = commands.facts("meeting", "tally", meeting)
    assert [one[:3] for one in each(facts)] == [
        (40_000, 0, 5_025), (0, 40_000, 5_025), (0, 40_000, 5_025),
    ]  # fmt: skip
    later(commands)
    commands.facts("meeting", "split", meeting, table(exits, "other", "1.00,for"), *AS[ANN])
    later(commands)
    commands.facts("meeting", "vote", meeting, "against", *AS[ANN])
    facts = commands.facts("meeting", "tally", meeting)
    assert [one[:3] for one in each(facts)] == [(0, 50_000, 0)] * 3
    later(commands)
    whole = table(exits, "whole", "500.00,for")
    assert commands.facts("meeting", "split", meeting, whole, *AS[ANN])["vote"] == [
        "500.00 QUAY9: for, for, for"
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("500.01,for",), "shares are in the parts, and 500.00 voted at the record"),
        (("0,for",), 'line 2: "0" is no shares'),
        (("1.005,for",), "line 2:"),
        (("1,for,against",), "has not two cells"),
        ((), "has 0 parts, and 1 to 256 are taken"),
        (("1,maybe",), 'has "maybe", which is no choice'),
    ],
)
def test_parts_that_are_wrong_are_refused(exits, commands, meeting, rows, said):
    path = table(exits, "wrong", *rows)
    assert said in commands.refuses("meeting", "split", meeting, path, *AS[ANN])


def test_a_proxy_votes_until_the_holder_does(commands, meeting):
    """And is dismissed (Law 76)."""
    commands.facts("meeting", "appoint", meeting, CAT, *AS[ANN])
    assert commands.facts("meeting", "appoint", meeting, CAT, *AS[ANN])["resumed"]
    commands.facts("meeting", "vote", meeting, "against", "--holder", ANN, *AS[CAT])
    of_ann = commands.facts("meeting", "status", meeting, "--holder", ANN)["of_holder"]
    assert (of_ann["voter"], of_ann["by_proxy"], of_ann["proxy"]) == (CAT, True, CAT)
    commands.facts("meeting", "vote", meeting, "for", *AS[ANN])
    assert f"is the proxy of {ANN}, which has voted itself" in commands.refuses(
        "meeting", "vote", meeting, "against", "--holder", ANN, *AS[CAT]
    )
    # The version of an appointment is its second.
    commands.travel(commands.chain.now() + 1)
    assert commands.facts("meeting", "appoint", meeting, "nobody", *AS[ANN])["proxy"] is None
    assert "is the account itself" in commands.refuses("meeting", "appoint", meeting, ANN, *AS[ANN])
    assert f"is not {ANN}, who votes for {ANN}" in commands.refuses(
        "meeting", "appoint", meeting, CAT, "--holder", ANN, *AS[BEN]
    )


# ------------------------------------------------------------------------------------ signed votes


def sign(exits, commands, name: str, who: str, *words: str) -> str:
    """A signed vote or appointment as a file."""
    path = fresh(exits, f"{name}.json")
    commands.facts("meeting", "sign", "1", *words, "--out", path, *AS[who])
    return path


def test_signed_votes_are_counted_off_the_chain_as_the_chain_counts_them(exits, commands, meeting):
    """Before they are brought, and after (Law 77)."""
    commands.facts("meeting", "vote", meeting, "abstain", *AS[ANN])
    parts = table(exits, "signed", '900.00,"for"', '100.00,"1 against, rest abstain"')
    commands.facts("meeting", "appoint", meeting, "nobody", *AS[BEN])
    folder = exits.files / "ballots"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, who, words in (
        ("ann", ANN, ("for, for, against",)),
        ("dan", DAN, ("--parts", parts)),
        ("to-ann", BEN, ("--proxy", ANN)),
    ):
        sign(exits, commands, f"ballots/{name}", who, *words)
    later(commands)
    announced = commands.facts("meeting", "tally", meeting, "--from", str(folder))
    assert [one["counts"] for one in announced["files"]] == [True] * 3
    assert [one[:3] for one in each(announced)] == [
        (140_000, 10_000, 0), (140_000, 0, 10_000), (90_000, 50_000, 10_000),
    ]  # fmt: skip
    assert each(announced["chain"])[0][:3] == (0, 0, 50_000)
    later(commands)
    dry = commands.gist("meeting", "bring", meeting, str(folder), "--dry-run")
    assert "bring 2 signed votes" in dry
    done = commands.facts("meeting", "bring", meeting, str(folder))
    assert len(done["transactions"]) == 2
    assert each(done) == each(announced) == each(commands.facts("meeting", "tally", meeting))
    assert (
        commands.facts("meeting", "status", meeting, "--holder", BEN)["of_holder"]["proxy"] == ANN
    )
    again = commands.facts("meeting", "bring", meeting, str(folder))
    assert (again["transactions"], again["resumed"]) == ([], True)
    assert [one["taken_before"] for one in again["files"]] == [True] * 3


def test_files_that_cannot_be_taken_are_told_and_left_out(exits, commands, meeting):
    """Forged, of another meeting, of nobody, older than what was cast (Law 76)."""
    good = sign(exits, commands, "good", DAN, "for")
    old = sign(exits, commands, "old", ANN, "for")
    commands.travel(commands.chain.now() + 10)
    commands.facts("meeting", "vote", meeting, "against", *AS[ANN])
    forged = fresh(exits, "forged.json")
    content = json.loads(Path(good).read_text())
    Path(forged).write_text(json.dumps(content | {"choices": ["against"] * 3}))
    swapped = fresh(exits, "swapped.json")
    signature = json.loads(Path(old).read_text())["signature"]
    Path(swapped).write_text(json.dumps(content | {"signature": signature}))
    nonsense = fresh(exits, "nonsense.json")
    Path(nonsense).write_text('{"kind": "poem"}')
    files = [good, old, forged, swapped, nonsense]
    words = [word for path in files for word in ("--from", path)]
    told = commands.facts("meeting", "tally", meeting, *words)["files"]
    reasons = {Path(one["file"]).stem: one["reason"] or "" for one in told}
    assert reasons["good"] == ""
    assert reasons["old"] == "old version"
    assert "they were changed" in reasons["forged"]
    assert f"is not {DAN}'s for what the file says" in reasons["swapped"]
    assert "is neither a vote nor an appointment" in reasons["nonsense"]
    done = commands.facts("meeting", "bring", meeting, *files)
    assert each(done)[0][:3] == (100_000, 50_000, 0)
    assert "has nothing that can be taken" in commands.refuses("meeting", "bring", meeting, old)


def test_a_vote_is_signed_for_one_meeting_and_never_over_a_file(exits, commands, convened):
    path = sign(exits, commands, "early", ANN, "for")
    assert "is there already" in commands.refuses(
        "meeting", "sign", "1", "for", "--out", path, *AS[ANN]
    )
    assert "is not one of a vote, --parts and --proxy" in commands.refuses(
        "meeting", "sign", "1", "for", "--proxy", CAT, "--out", fresh(exits, "x.json"), *AS[ANN]
    )
    assert "has no shares at the record" in commands.refuses(
        "meeting", "sign", "1", "for", "--out", fresh(exits, "x.json")
    )
    commands.facts("meeting", "convene", convened, "--reference", "second")
    other = commands.facts("meeting", "tally", "2", "--from", path)["files"]
    assert "is the meeting that it was signed for" in other[0]["reason"]
    empty = exits.files / "empty"
    empty.mkdir(exist_ok=True)
    assert "has no file of a signed vote" in commands.refuses(
        "meeting", "tally", "1", "--from", str(empty)
    )


def test_a_recovered_holder_votes_by_its_new_wallet(exits, commands, meeting):
    """And nothing that the lost wallet signed is taken (Laws 75 and 76)."""
    lost = sign(exits, commands, "lost", ANN, "against")
    basis = ("--reason", "Lost its key", "--document", HASH)
    commands.facts("recover", "--lost", ANN, "--new", CAT, *basis)
    told = commands.facts("meeting", "tally", meeting, "--from", lost)["files"]
    assert told[0]["reason"] == "not voter"
    commands.facts("meeting", "vote", meeting, "for", "--holder", ANN, *AS[CAT])
    assert each(commands.facts("meeting", "tally", meeting))[0][:3] == (50_000, 0, 0)
    assert f"is neither the claimant of {ANN}" in commands.refuses(
        "meeting", "vote", meeting, "for", *AS[ANN]
    )


# ----------------------------------------------------------------------------------------- the end


def test_a_result_is_declared_and_its_minutes_are_written(exits, commands, convened, meeting):
    """A page and a file, with the words whose hash the chain has, escaped."""
    commands.facts("meeting", "vote", meeting, "for", *AS[DAN])
    commands.facts("meeting", "appoint", meeting, CAT, *AS[ANN])
    commands.facts("meeting", "vote", meeting, "for, for, against", "--holder", ANN, *AS[CAT])
    page = fresh(exits, "minutes.html")
    assert "is open, and minutes are of a meeting that is over" in commands.refuses(
        "meeting", "minutes", meeting, "--out", page
    )
    assert "is open; votes are taken until" in commands.refuses("meeting", "declare", meeting)
    commands.travel(commands.chain.now() + 8 * DAY)
    undeclared = commands.gist("meeting", "minutes", meeting, "--out", page)
    assert "not declared yet: `prorata meeting declare 1`" in undeclared
    declared = commands.facts("meeting", "declare", meeting, *AS[BEN])
    assert each(declared) == [
        (150_000, 0, 0, True), (150_000, 0, 0, True), (100_000, 50_000, 0, True),
    ]  # fmt: skip
    assert commands.facts("meeting", "declare", meeting)["transaction"] in (
        None, declared["transaction"],
    )  # fmt: skip
    facts = commands.facts("meeting", "minutes", meeting, "--out", page)
    assert (facts["holders"], facts["by_proxy"], facts["declared"]) == (2, 1, True)
    assert [one["carried"] for one in facts["resolutions"]] == [True] * 3
    text = Path(page).read_text()
    assert "The building is sold &lt;at once&gt;." in text
    assert "1,500.00 of 1,533.34 eligible shares, of 2 holders, 1 of them by proxy" in " ".join(
        text.split()
    )
    assert "Chair, place and date" in text
    beside = json.loads(Path(page).with_suffix(".json").read_text())
    assert beside["title"] == "Annual meeting 2027"
    (commands.folder / "meetings" / "1.json").unlink()
    assert "has resolutions whose words are not here" in commands.refuses(
        "meeting", "minutes", meeting, "--out", page
    )
    commands.facts("meeting", "minutes", meeting, "--out", page, "--terms", convened)
    wrong = exits.terms("wrong", terms(1, commands.chain.now(), count=2))
    assert "has other resolutions than meeting 1" in commands.refuses(
        "meeting", "minutes", meeting, "--out", page, "--terms", wrong
    )
    assert "is no HTML file" in commands.refuses("meeting", "minutes", meeting, "--out", "x.pdf")

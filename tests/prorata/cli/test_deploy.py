"""`deploy` on an edited file, and `authorise`: nothing in a file is ever ignored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prorata.deployments.deployment import open_journal
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import run

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
WHY = ("--reason", "Capital increase of May 2027", "--document", f"0x{'ab' * 32}")
OTHER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture
def file(tmp_path) -> Path:
    """The asset's file, to be edited; its rules are where they were."""
    text = (COMPLIANT / "asset.yaml").read_text()
    rules = COMPLIANT.parent / "packs" / "eu-149.yaml"
    path = tmp_path / "asset.yaml"
    path.write_text(text.replace("../packs/eu-149.yaml", str(rules)))
    return path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


# ---------------------------------------------------------------------------------- edited files


def test_an_unchanged_file_deploys_nothing_and_differs_in_nothing(started, file):
    before = started.sent
    done = started.facts("deploy", "--asset", str(file))
    assert (done["edited"], started.sent) == ([], before)


@pytest.mark.attack("K11")
def test_an_edited_number_of_shares_is_refused_with_the_command_that_changes_it(started, file):
    edit(file, "authorised_shares: 5,000", "authorised_shares: 6,000")
    assert started.refuses("deploy", "--asset", str(file)) == (
        'authorised_shares: "6,000" was "5,000" when it was deployed or last changed; '
        "`prorata authorise 6,000 --reason … --document …` changes it"
    )
    said = started.gist("authorise", "6,000", *WHY, "--yes")
    assert "6,000 shares of CANAL8 are authorised; before, 5,000 were" in said
    assert started.facts("deploy", "--asset", str(file))["authorised"]["text"] == "6,000"


def test_a_currency_that_is_added_is_taken_over_and_shown(started, file):
    with file.open("a") as opened:
        opened.write(f'currencies: {{EURC: {{31337: "{OTHER}"}}}}\n')
    said = started.says("deploy", "--asset", str(file))
    assert "Edited since" in said
    assert "currencies.EURC.31337" in said
    assert started.deployment.settings.currencies == {"EURC": {31337: OTHER}}
    assert started.facts("deploy", "--asset", str(file))["edited"] == []


def test_a_currency_that_moves_needs_a_yes(started, file):
    text = file.read_text()
    file.write_text(f'{text}currencies: {{EURC: {{31337: "{OTHER}"}}}}\n')
    started.says("deploy", "--asset", str(file))
    moved = started.chain.request("eth_accounts")[2]
    file.write_text(f'{text}currencies: {{EURC: {{31337: "{moved}"}}}}\n')
    assert started.refuses("deploy", "--asset", str(file)) == (
        'yes: "" is missing, to take over what was edited, and there is nobody to ask; look at it '
        "with --dry-run, then give --yes"
    )
    assert started.deployment.settings.currencies["EURC"][31337] == OTHER
    [edited] = started.facts("deploy", "--asset", str(file), "--yes")["edited"]
    assert (edited["field"], edited["way"]) == ("currencies.EURC.31337", "asked")
    assert started.deployment.settings.currencies["EURC"][31337].lower() == moved.lower()


def test_a_dry_run_lists_all_that_was_edited_and_what_becomes_of_it(started, file):
    assert "Nothing would be deployed" in started.says("deploy", "--asset", str(file), "--dry-run")
    edit(file, "authorised_shares: 5,000", "authorised_shares: 6,000")
    edit(file, "unit_price: 1,000.00 USD", "unit_price: 900.00 USD")
    before = started.sent
    done = started.facts("deploy", "--asset", str(file), "--dollar", "--dry-run")
    assert list(done["gas"]) == ["Dollar"]
    assert [(one["field"], one["way"]) for one in done["edited"]] == [
        ("authorised_shares", "command"),
        ("unit_price", "taken"),
    ]
    said = started.says("deploy", "--asset", str(file), "--dry-run")
    assert "prorata authorise 6,000 --reason" in said
    assert started.sent == before


# ------------------------------------------------------------------------------------- authorise


def test_who_authorises_more_can_issue_more_and_the_manifest_says_why(started):
    done = started.facts("authorise", "6,000", *WHY, "--yes")
    assert (done["before"]["text"], done["authorised"]["text"]) == ("5,000", "6,000")
    [change] = started.deployment.manifest.history
    assert change.why == {
        "reason": "Capital increase of May 2027",
        "document": {"hash": f"0x{'ab' * 32}", "is": "given as a hash"},
    }
    assert change.now == {"authorised_shares": "6,000"}
    with open_journal(started.chain, started.folder, read_only=True) as journal:
        [order] = [note for note in journal.notes if note.get("what") == "authorise"]
    assert (order["order"], order["reason"]) == ("authorise/1", WHY[1])
    assert (order["before"]["text"], order["shares"]["text"]) == ("5,000", "6,000")


def test_the_same_number_again_changes_nothing(started):
    started.says("authorise", "6,000", *WHY, "--yes")
    before = (started.folder / "manifest.json").read_bytes()
    again = started.run("authorise", "6000", *WHY, "--json")
    assert json.loads(again.out)["changed"] is False
    assert (started.folder / "manifest.json").read_bytes() == before


def test_less_than_is_issued_is_refused(started):
    assert started.refuses("authorise", "4,999", *WHY) == (
        'shares: "4,999" is less than the 5,000 shares of CANAL8 that are issued; authorise at '
        "least those, or burn some first"
    )
    assert started.refuses("authorise", "lots", *WHY).startswith('authorised_shares: "lots" ')


def test_a_dry_run_changes_nothing(started):
    before = (started.folder / "manifest.json").read_bytes()
    done = started.facts("authorise", "6,000", *WHY, "--dry-run")
    assert (done["dry_run"], done["changed"], done["authorised"]["text"]) == (True, True, "6,000")
    assert "6,000 shares of CANAL8 would be authorised; now, 5,000 are" in started.gist(
        "authorise", "6,000", *WHY, "--dry-run"
    )
    assert (started.folder / "manifest.json").read_bytes() == before


def test_without_a_yes_nothing_is_authorised(started):
    done = run(
        "authorise", "6,000", *WHY, "--network", started.anvil.url,
        "--deployment", str(started.folder),
    )  # fmt: skip
    assert done.code == 1
    assert "to authorise 6,000 shares of CANAL8, and there is nobody to ask" in done.err

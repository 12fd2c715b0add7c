"""`prorata record` and `prorata record cancel`, as a person and a program open them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

ASSET = str(PROJECT_ROOT / "examples" / "building" / "asset.yaml")
HOLDERS = str(PROJECT_ROOT / "examples" / "building" / "holders.csv")
DAY = 86_400


@pytest.fixture(scope="module")
def building(tmp_path_factory) -> Iterator[Commands]:
    """Issued; record 1 has closed, records 2 and 3 are open, and 3 has a payment."""
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        commands.says("deploy", "--asset", ASSET, "--dollar")
        commands.says("issue", HOLDERS)
        commands.close_record()
        commands.says("record", "--at", "+10d")
        commands.says("record", "--at", "+20d")
        rent = ("distribute", "--currency", "USD", "--amount", "1,000", "--kind", "rent")
        commands.says(*rent, "--record", "3")
        yield commands


@pytest.fixture
def commands(building) -> Iterator[Commands]:
    with kept(building.anvil.url, building.folder):
        yield building


@pytest.mark.parametrize("name", ["record", "refund"])
def test_help_teaches_by_example(name):
    command = importlib.import_module(f"scripts.{name}").cli
    said = CliRunner().invoke(command, ["--help"]).output
    assert f"Examples:\n  prorata {name} " in said


def test_a_dry_run_says_which_record_it_would_be(commands):
    before, at = commands.sent, moment(commands.chain.now() + 30 * DAY + 100)
    said = commands.says("record", "--at", at, "--dry-run")
    assert said == f"Record 4 of HARB12 would close at the end of {at}, in 30 days\n"
    facts = commands.facts("record", "--at", at, "--dry-run")
    assert (facts["dry_run"], facts["record"], facts["transaction"]) == (True, 4, None)
    assert commands.sent == before
    assert "dry_run" not in commands.facts("record", "--at", at)


@pytest.mark.attack("K1", "K11")
def test_a_record_far_ahead_is_refused(commands):
    assert "is more than 400 days ahead, so that no earlier record could" in commands.refuses(
        "record", "--at", "2099-12-31T23:59:59Z"
    )


def test_records_are_cancelled_once(commands):
    """What depends on them is named first; the money waits for a refund."""
    before, words = commands.sent, ("record", "cancel", "--from", "2")
    planned = commands.facts(*words, "--dry-run")
    assert planned == {
        "dry_run": True,
        "records": [2, 3],
        "record_ranges": [],
        "distributions": [1],
        "transaction": None,
        "digest": planned["digest"],
    }
    said = commands.gist(*words, "--dry-run")
    assert said.startswith("Would cancel records 2 to 3 of HARB12 record 2 would have closed at ")
    assert "distribution 1 pays nobody: `prorata refund --id 1` sends it back" in said
    assert said.endswith(planned["digest"])
    assert commands.sent == before
    done = commands.facts(*words)
    assert (done["records"], done["distributions"]) == ([2, 3], [1])
    assert commands.facts(*words) == {**done, "resumed": True}
    assert commands.sent == before + 1
    assert "Nothing was sent: " in commands.says(*words)
    assert "Cancelled records 2 to 3 of HARB12" in commands.says(*words)
    assert "Refunded 1,000 USD of distribution 1 to " in commands.says("refund", "--id", "1")
    assert ", as before" in commands.says("refund", "--id", "1")
    # The default is the last record that has closed.
    rent = ("distribute", "--currency", "USD", "--amount", "500", "--kind", "rent")
    assert commands.facts(*rent)["record"] == 1


def test_refusals_of_a_cancellation(commands):
    assert commands.refuses("record", "cancel", "--from", "9") == (
        'from: "9" was never scheduled: there are records 1 to 3; check the number'
    )
    assert commands.refuses("record", "cancel", "--from", "1").startswith(
        'from: "1" has closed at '
    )
    assert "is not the owner of HARB12; use the account" in commands.refuses(
        "record", "cancel", "--from", "2", "--account", "TEST::1"
    )


@pytest.mark.attack("K11")
def test_the_same_relative_words_make_one_record(commands):
    words, before = ("record", "--at", "+30d"), commands.sent
    made = commands.facts(*words)
    assert (made["record"], made["resumed"], commands.sent) == (4, False, before + 1)
    commands.travel(commands.chain.now() + 12 * 60)
    again = commands.facts(*words)
    assert (again["record"], again["closes_at"], again["resumed"]) == (4, made["closes_at"], True)
    said = commands.gist(*words)
    assert f"It was scheduled before in {made['transaction']}; nothing was sent" in said
    assert "The same words made it 12 minutes ago; `--another` makes one more" in said
    assert commands.sent == before + 1
    assert commands.facts(*words, "--another")["record"] == 5
    # A day later they mean another record.
    commands.travel(commands.chain.now() + DAY + 1)
    assert commands.facts(*words)["record"] == 6


def test_the_same_moment_again_is_the_same_record(commands):
    at, before = moment(commands.chain.now() + 30 * DAY), commands.sent
    made = commands.facts("record", "--at", at)
    assert commands.facts("record", "--at", at) == {**made, "resumed": True}
    assert commands.sent == before + 1


@pytest.mark.parametrize(
    ("at", "rule"),
    [
        (
            "1806537599000",
            "is a number, of milliseconds since 1970 by its length; if that is meant",
        ),
        ("1806537599", "is a number, of seconds since 1970 by its length; if that is meant"),
    ],
)
def test_a_number_of_seconds_or_milliseconds_is_recognised(commands, at, rule):
    said = commands.refuses("record", "--at", at)
    assert f"{rule}, write 2027-03-31T23:59:59Z" in said


def test_records_are_listed(commands):
    facts = commands.facts("record", "list")["records"]
    assert [(one["state"], one["distributions"]) for one in facts] == [
        ("closed", []), ("open", []), ("open", [1]),
    ]  # fmt: skip
    said = commands.gist("record", "list")
    assert "Record dates of HARB12" in said
    assert "open distribution 1" in said
    commands.says("record", "cancel", "--from", "3")
    assert commands.facts("record", "list")["records"][2]["state"] == "cancelled"


def test_at_must_be_given_where_no_further_command_is(commands):
    done = commands.run("record")
    assert (done.code, "Missing option '--at'" in done.err) == (2, True)

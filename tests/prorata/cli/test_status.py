"""`prorata status`: one screen for an asset."""

from __future__ import annotations

import pytest

from prorata.register.captable import read_csv
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment
from tests.prorata.cli.opened import Commands
from tests.prorata.cli.test_powers import BASIS, OTHER, OWNER, THIRD
from tests.prorata.conftest import sent_by_node

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
HOLDERS = read_csv(COMPLIANT / "holders.csv", authorised=5_000).holdings
DAY = 86_400
NOBODY = "holder whom nobody can pay before"


@pytest.fixture
def commands(started) -> Commands:
    """The asset."""
    return started


def pay(commands: Commands, record: int, *more: str) -> dict:
    """Declare a hundred ether at a record."""
    words = ("--currency", "ETH", "--amount", "100", "--kind", "rent", "--record", str(record))
    return commands.facts("distribute", *words, *more)


def due(commands: Commands) -> list[tuple[str, str | None]]:
    """What is due, and by which command."""
    return [(one["what"], one["command"]) for one in commands.facts("status")["due"]]


def test_a_new_asset_has_shares_and_holders_and_nothing_due(commands):
    """And who pays gas, with the roles."""
    status = commands.facts("status")
    assert status["shares"]["text"] == status["authorised"]["text"] == "5,000"
    assert (status["holders"], status["frozen_wallets"], status["paused"]) == (32, 0, False)
    assert (status["closed_records"], status["last_record"], status["next_record"]) == (
        0,
        None,
        None,
    )
    assert (status["distributions"], status["due"]) == ([], [])
    [account] = status["accounts"]
    assert (account["address"], account["low"]) == (OWNER, False)
    roles = ["deployer", "owner of token", "agent of token"]
    assert account["roles"] == [*roles, "owner of registry", "agent of registry"]
    said = commands.says("status")
    assert "5,000 of 5,000 authorised, 32 holders" in said
    assert "none has closed; none is scheduled" in said


def test_records_and_distributions_and_what_is_due_of_them(commands):
    """Each goes when it is done."""
    commands.close_record()
    at = commands.chain.now() + 3 * DAY + 100
    commands.facts("record", "--at", moment(at))
    assert due(commands) == [
        ("record 1 has closed, and nothing is declared for it", "prorata distribute --record 1"),
        ("record 2 closes", None),
    ]
    assert f"next is {moment(at)} (record 2), in 3 days" in commands.says("status")
    deadline = at + 20 * DAY
    terms = ("--deadline", moment(deadline), "--sweep-to", THIRD)
    pay(commands, 1, *terms)
    commands.facts("freeze", "--wallet", HOLDERS[3].address, *BASIS)
    [(said, command)] = due(commands)[1:]
    assert (said, command) == (
        f"deadline of distribution 1: 100.00 ETH unpaid, some of it of a frozen {NOBODY}",
        None,
    )
    [line] = commands.facts("status")["distributions"]
    assert (line["state"], line["owed"]["text"], line["kind"]) == ("payable", "100.00", "rent")
    commands.travel(deadline + 1)
    status = commands.facts("status")
    assert status["distributions"][0]["state"] == "expired"
    assert (
        "100.00 ETH of distribution 1 were not claimed by the deadline",
        ("prorata sweep --id 1"),
    ) in due(commands)
    commands.facts("sweep", "--id", "1")
    [line] = commands.facts("status")["distributions"]
    assert (line["state"], line["owed"]["units"]) == ("done", "0")


def test_what_stands_still_is_due_now(commands):
    """A pause, an offer that nobody has accepted, a count that is missing."""
    commands.facts("pause", *BASIS)
    commands.facts("ownership", "offer", "--to", OTHER)
    token = commands.deployment.token().address
    commands.facts("registry", "unbind", "--token", token)
    assert due(commands) == [
        (
            "the rules count persons who are not counted yet, so no share moves",
            ("prorata registry count"),
        ),
        ("transfers by holders are stopped", "prorata unpause"),
        (f"{OTHER} has not accepted the token CANAL8", "prorata ownership accept --of token"),
    ]
    assert "authorised, 32 holders; transfers are stopped" in commands.says("status")


def test_certificates_that_end_soon(commands, tmp_path):
    """Of each holder the last that covers a kind; one that is followed by another does not end."""
    commands.facts("tax", "deploy", str(COMPLIANT / "withholding.yaml"))
    now = commands.chain.now()
    holder, other = HOLDERS[1].address, HOLDERS[2].address
    path = tmp_path / "certificates.csv"

    def file(*lines: str) -> None:
        header = "address,kinds,rate,valid_from,valid_until,document\n"
        path.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")
        commands.facts("tax", "certify", str(path))

    soon, later = moment(now + 30 * DAY), moment(now + 300 * DAY)
    file(
        f"{holder},rent,5%,2020-01-01,{soon},0x{'11' * 32}",
        f"{other},rent,5%,2020-01-01,{soon},0x{'22' * 32}",
    )
    [(said, command)] = due(commands)
    assert said.startswith("the first of 2 certificates of the tax policy ")
    assert (said.endswith(" ends in the next 90 days"), command) == (True, "prorata tax show")
    file(f"{holder},rent,5%,2020-01-01,{later},0x{'33' * 32}")
    [(said, _)] = due(commands)
    assert said.startswith("a certificate of the tax policy ")
    assert commands.facts("status")["due"][0]["at"] == now + 30 * DAY


def test_an_account_that_can_hardly_pay_is_warned_of(commands):
    """By its balance, whoever it is."""
    commands.facts("agents", "add", THIRD)
    assert commands.run("status").err == ""
    commands.anvil.rpc("anvil_setBalance", THIRD, hex(10**16))
    done = commands.run("status")
    assert done.err == (
        f"! {THIRD} has 0.01 ETH, less than 0.05; send it some before it has to pay for a "
        "transaction.\n"
    )
    assert commands.run("status", "--low", "0.001").err == ""


def test_what_somebody_else_has_changed_is_drift(commands):
    """By a transaction that the journal does not have."""
    assert "none: the chain is as the manifest" in commands.says("status")
    assert commands.facts("status")["drift"] == []
    add = commands.deployment.token().add_agent(OTHER)
    sent_by_node(commands.chain, add.question(OWNER))
    assert "one thing differs (agents): `prorata drift`" in commands.says("status")
    [drift] = commands.facts("status")["drift"]
    assert (drift["kind"], drift["found"]) == ("agents", f"{OTHER} is agent")


def test_the_screen_stays_a_screen(commands):
    """Two dozen lines at most, whatever there is."""
    for number in range(9):
        commands.close_record()
        pay(commands, number + 1)
    for number in range(8):
        commands.facts("record", "--at", f"+{number + 1}d")
    lines = commands.says("status").splitlines()
    assert len(lines) <= 24
    assert sum("more: `prorata status --json`" in line for line in lines) == 2
    assert sum(" owed, payable" in line for line in lines) == 5


def test_nothing_is_sent_and_nobody_has_to_wait(commands):
    """Even while another run is at work on the folder."""
    sent = commands.sent
    with (commands.folder / "journal.jsonl").open("a+b") as journal:
        import fcntl

        fcntl.flock(journal, fcntl.LOCK_EX)
        assert commands.facts("status")["symbol"] == "CANAL8"
    assert commands.sent == sent

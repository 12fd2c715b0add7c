"""`prorata recover` and `prorata loss`: a lost wallet in one asset, and in all of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prorata.chain.signers import LocalSigner, public_test_key
from prorata.contracts.registry import InvestorRegistry
from prorata.deployments.deployment import open_operator
from prorata.deployments.permissions import REPORTS
from prorata.register.enforcement import read_orders
from prorata.register.investors import read_investors
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
ENTRIES = read_investors(COMPLIANT / "investors.csv")
LOST, STRANGER = ENTRIES[14], ENTRIES[15]
ANN, SOMEBODY = LOST.address, STRANGER.address
NEW = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
FRESH = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
BASIS = ("--reason", "Key lost at sea", "--document", "0x" + "ab" * 32)
IN_PLACE = ("--lost", ANN, "--new", NEW)


@pytest.fixture
def commands(started) -> Commands:
    """The asset."""
    return started


@pytest.fixture
def book(commands) -> InvestorRegistry:
    """Its register."""
    return commands.deployment.registry()


def test_a_recovery_registers_the_new_wallet_first_and_binds_this_asset(commands, book):
    """A dry run says so and sends nothing; the same again does nothing."""
    before = commands.sent
    planned = commands.facts("recover", *IN_PLACE, *BASIS, "--dry-run")
    person = LOST.investor.person
    assert planned["pending"] == [
        f"register {NEW} as a wallet of person {person}",
        f"put {NEW} in the place of {ANN}",
    ]
    assert (planned["transaction"], planned["binds"]) == (None, "this asset")
    assert 30_000 < planned["gas"] < 200_000
    said = commands.says("recover", *IN_PLACE, *BASIS, "--dry-run")
    assert said.startswith(f"Would register {NEW} as a wallet of person {person}, and then put ")
    assert commands.sent == before
    said = commands.gist("recover", *IN_PLACE, *BASIS)
    assert f"Done: register {NEW} as a wallet of person {person} Done: put {NEW} in" in said
    assert "The loss binds this asset only; an agent of the register confirms it for all" in said
    assert commands.sent == before + 2
    assert book.investor_of(NEW) == book.investor_of(ANN) == LOST.investor
    again = commands.facts("recover", *IN_PLACE, *BASIS)
    assert (again["registered"], again["pending"], again["binds"]) == (None, [], "this asset")
    assert commands.sent == before + 2
    assert commands.facts("register", str(COMPLIANT / "investors.csv"))["transactions"] == []


def test_a_loss_is_confirmed_for_all_assets_and_undone(commands, book):
    """Each once, with its reason in the log; the register knows the wallet as before."""
    before = commands.sent
    planned = commands.facts("loss", "confirm", *IN_PLACE, *BASIS, "--dry-run")
    assert len(planned["pending"]) == 2
    assert commands.sent == before
    done = commands.facts("loss", "confirm", *IN_PLACE, *BASIS)
    assert done["registered"] != done["transaction"]
    assert commands.sent == before + 2
    lost = book.investor_of(ANN)
    assert (lost.lost, lost.eligible_until) == (True, 0)
    assert (lost.found, book.successor_of(ANN)) == (LOST.investor, NEW)
    assert ", sent before" in commands.says("loss", "confirm", *IN_PLACE, *BASIS)
    assert commands.sent == before + 2
    facts = commands.facts("recover", *IN_PLACE, *BASIS)
    assert (facts["registered"], facts["binds"]) == (None, "all assets")
    assert "confirmed for all assets" in commands.says("recover", *IN_PLACE, *BASIS)
    planned = commands.facts("loss", "undo", "--lost", ANN, *BASIS, "--dry-run")
    assert planned["pending"] == [f"undo the loss of {ANN}"]
    assert commands.sent == before + 3
    said = commands.says("loss", "undo", "--lost", ANN, *BASIS)
    assert said.startswith(f"Done: undo the loss of {ANN}")
    assert book.investor_of(ANN) == LOST.investor
    again = commands.facts("loss", "undo", "--lost", ANN, *BASIS)
    assert (again["pending"], commands.sent) == ([], before + 4)
    what = [line.get("what") for line in read_orders(commands.deployment)]
    assert what[::2] == ["confirm-loss", "recover", "undo-loss"]


def test_only_the_wallet_that_took_the_place_in_the_asset_is_confirmed(commands, book):
    """Any other would be a typing error, and would be registered as the person's."""
    commands.facts("recover", *IN_PLACE, *BASIS)
    before = commands.sent
    assert commands.refuses("loss", "confirm", "--lost", ANN, "--new", FRESH, *BASIS) == (
        f'new: "{FRESH}" did not take the place of {ANN} in CANAL8: {NEW} did; name that wallet'
    )
    assert (commands.sent, book.investor_of(FRESH).person) == (before, 0)
    assert commands.facts("loss", "confirm", *IN_PLACE, *BASIS)["registered"] is None


def test_a_loss_that_is_undone_can_be_confirmed_again(commands, book):
    """What was sent once does not stand in the way of the next time."""
    for _ in range(2):
        assert commands.facts("loss", "confirm", *IN_PLACE, *BASIS)["transaction"]
        assert book.investor_of(ANN).lost
        assert commands.facts("loss", "undo", "--lost", ANN, *BASIS)["transaction"]
        assert not book.investor_of(ANN).lost


def test_who_cannot_register_the_new_wallet_is_told_who_can(commands, book):
    """An agent of the token that is none of the register."""
    token, deployment = commands.deployment.token(), commands.deployment
    agent = public_test_key(1)
    chain, owner = commands.chain, LocalSigner(public_test_key(0))
    with open_operator(chain, owner, deployment.folder) as operator:
        operator.send_one("agent", token.add_agent(LocalSigner(agent).address))
    account = ("--account", "TEST::1")
    who = LocalSigner(agent).address
    assert commands.refuses("recover", "--lost", ANN, "--new", FRESH, *BASIS, *account) == (
        f'new: "{FRESH}" is not in the register {book.address}, of which {who} is no agent; let '
        f"an agent of the register add it as a wallet of person {LOST.investor.person} first"
    )
    for words in (("confirm", *IN_PLACE), ("undo", "--lost", ANN)):
        assert commands.refuses("loss", *words, *BASIS, *account) == (
            f'account: "{who}" is no agent of the register {book.address}; use an agent\'s '
            f"account, or let the owner {book.owner()} add it"
        )
    with open_operator(chain, owner, deployment.folder) as operator:
        operator.send_one("register", book.register([FRESH], [LOST.investor]))
    done = commands.facts("recover", "--lost", ANN, "--new", FRESH, *BASIS, *account)
    assert (done["registered"], done["binds"]) == (None, "this asset")


def test_a_wallet_that_cannot_take_the_place_is_refused_in_a_sentence(commands, book):
    """Before anything is sent, by both commands."""
    persons = LOST.investor.person, STRANGER.investor.person
    both = (("recover",), ("loss", "confirm"))
    for words in both:
        assert commands.refuses(*words, "--lost", ANN, "--new", SOMEBODY, *BASIS) == (
            f'new: "{SOMEBODY}" is a wallet of person {persons[1]}, and {ANN} is of person '
            f"{persons[0]}; name a wallet of the same person"
        )
        assert commands.refuses(*words, "--lost", NEW, "--new", FRESH, *BASIS) == (
            f'lost: "{NEW}" is not in the register {book.address}, so nobody knows whose it is; '
            "register it as its person's first"
        )
    assert commands.refuses("loss", "confirm", "--lost", ANN, "--new", ANN, *BASIS) == (
        f'new: "{ANN}" is the lost wallet itself; name another wallet'
    )
    commands.says("loss", "confirm", *IN_PLACE, *BASIS)
    assert commands.refuses("loss", "confirm", "--lost", ANN, "--new", FRESH, *BASIS) == (
        f'lost: "{ANN}" was lost before, and {NEW} took its place; name that wallet, or undo the '
        "loss first"
    )
    for words in both:
        assert commands.refuses(*words, "--lost", NEW, "--new", ANN, *BASIS) == (
            f'new: "{ANN}" was lost itself, and {NEW} took its place; name another wallet'
        )


def test_the_owner_of_the_register_is_not_confirmed_lost(commands, book):
    """A lost wallet would own it: the ownership goes first."""
    owner = book.owner()
    with open_operator(
        commands.chain, LocalSigner(public_test_key(0)), commands.folder
    ) as operator:
        operator.send_one("register", book.register([owner], [LOST.investor]))
    assert commands.refuses("loss", "confirm", "--lost", owner, "--new", NEW, *BASIS) == (
        f'lost: "{owner}" owns the register {book.address}, or is offered it; hand the ownership '
        "over to another wallet first"
    )


def test_a_file_may_name_a_lost_wallet_as_a_wallet_of_its_person(commands, book, tmp_path):
    """It stays lost, and follows the person to another number; it is nobody else's."""
    commands.says("loss", "confirm", *IN_PLACE, *BASIS)
    table = tmp_path / "investors.csv"

    def write(*persons: tuple[str, int]) -> str:
        rows = [f"{wallet},{person},DE,retail,forever" for wallet, person in persons]
        table.write_text("\n".join(["address,person,country,class,eligible_until", *rows, ""]))
        return str(table)

    assert commands.refuses("register", write((ANN, 7_000))) == (
        f'line 2, address: "{ANN}" was lost, and {NEW} took its place, a wallet of another '
        "person; write the same person"
    )
    commands.says("register", write((ANN, 7_000), (NEW, 7_000)))
    assert (book.investor_of(NEW).person, book.investor_of(ANN).person) == (7_000, 7_000)
    assert book.investor_of(ANN).lost
    assert commands.facts("register", str(table))["transactions"] == []


def test_permissions_say_who_could_confirm_a_loss(commands):
    """The register's agents, for all assets; a bound token, for itself."""
    grants = commands.facts("permissions")["grants"]
    may = {g["role"]: g["may"] for g in grants if g["contract"] == "InvestorRegistry"}
    assert "confirm a wallet as lost for all assets and undo it" in may["agent"]
    assert may["bound token"] == REPORTS


def test_every_order_has_its_document(commands):
    """Both commands want a reason and a document, as a mistake in the options."""
    for words in (("confirm", *IN_PLACE), ("undo", "--lost", ANN)):
        done = commands.run("loss", *words, "--json")
        assert done.code == 2
        assert "--reason" in json.loads(done.out)["error"]["rule"]
    assert not Path(commands.folder / "reasons.jsonl").exists()

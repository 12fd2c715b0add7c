"""The commands of holds: by a secret, for a keeper, ended by order, and across two chains."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from prorata.market.singletons import singleton_address
from prorata.values.times import moment
from tests.amounts import units
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands, run
from tests.prorata.market.traders import (
    BUYER,
    OWNER,
    SELLER,
    STRANGER,
    Market,
    fake_money,
    opened_market,
    signer,
)

AS_SELLER, AS_BUYER, AS_STRANGER = (("--account", f"TEST::{n}") for n in (1, 2, 3))
HOLDS = singleton_address("Holds")
BASIS = ("--reason", "Order 12/2027 of a court", "--document", "0x" + "ab" * 32)
LOCK = "0x" + "5f6b" * 16
HUNDRED = ("hold", "place", "100 QUAY9", "--to", BUYER, "--until", "+3d")


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Market]:
    """The token has appointed the holds contract."""
    with opened_market(tmp_path_factory.mktemp("market")) as market:
        market.commands.says("settings", "holds-contract", HOLDS)
        yield market


@pytest.fixture
def market(opened) -> Iterator[Market]:
    with kept(opened.commands.anvil.url, opened.commands.folder):
        yield opened


@pytest.fixture
def commands(market) -> Commands:
    return market.commands


@pytest.fixture
def secret(tmp_path) -> str:
    path = str(tmp_path / "secret.txt")
    assert run("hold", "secret", path).code == 0
    return path


@pytest.fixture
def terms(commands, secret, tmp_path) -> str:
    """A hundred shares of the seller's, held for the buyer."""
    path = str(tmp_path / "terms.json")
    commands.says(*HUNDRED, "--secret-file", secret, "--out", path, *AS_SELLER)
    return path


def edited(file: str, change) -> str:
    content = json.loads(Path(file).read_text())
    change(content)
    Path(file).write_text(json.dumps(content))
    return file


# -------------------------------------------------------------------------------------- by a secret


def test_shares_are_held_where_they_are_and_claimed_by_the_secret(market, commands, terms, secret):
    token = market.token
    assert (token.balance_of(SELLER), token.held_of(SELLER)) == (500_00, 100_00)
    said = commands.gist("hold", "list")
    assert f"100.00 QUAY9 of {SELLER} for {BUYER}: open, locked in the wallet" in said
    assert "claim with the secret until" in said
    done = commands.facts("hold", "claim", terms, "--secret-file", secret, *AS_STRANGER)
    assert (done["state"], units(done["amount"])) == ("delivered", 100_00)
    assert (token.balance_of(BUYER), token.held_of(SELLER)) == (100_00, 0)
    again = commands.facts("hold", "claim", terms, "--secret-file", secret, *AS_STRANGER)
    assert (again["resumed"], again["transaction"]) == (True, done["transaction"])
    assert "Nothing is held" in commands.says("hold", "list")
    listed = commands.facts("hold", "list", "--all", "--party", BUYER)["holds"]
    assert [one["state"] for one in listed] == ["delivered"]


def test_the_secret_stands_in_its_file_and_nowhere_else(commands, secret, tmp_path):
    """Only its owner may read it; no folder, no journal and nothing that is said has it."""
    path = Path(secret)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "is there already" in run("hold", "secret", secret).err
    word = path.read_text().strip()[2:]
    out = str(tmp_path / "terms.json")
    said = [
        commands.run(*HUNDRED, "--secret-file", secret, "--out", out, *AS_SELLER, "--json"),
        commands.run("hold", "claim", out, "--secret-file", secret, "--dry-run", "--json"),
        commands.run("hold", "claim", out, "--secret-file", secret, "--dry-run"),
        commands.run("hold", "list", "--json"),
    ]
    assert [one.code for one in said] == [0, 0, 0, 0]
    assert not [one for one in said if word in one.out + one.err]
    files = [p for folder in (commands.folder, tmp_path) for p in folder.rglob("*") if p.is_file()]
    assert [p for p in files if word in p.read_text(errors="replace")] == [path]


def test_a_secret_is_made_on_the_way_and_a_repetition_goes_by_the_files(commands, tmp_path):
    made, out = tmp_path / "made.txt", tmp_path / "terms.json"
    words = (*HUNDRED, "--secret-file", str(made), "--out", str(out), *AS_SELLER)
    commands.says(*words, "--dry-run")
    assert not made.exists()
    assert not out.exists()
    first = commands.facts(*words)
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    second = commands.facts(*words)
    assert (second["resumed"], second["id"]) == (True, first["id"])
    # What is said now is not what stands in the file.
    other = (*HUNDRED[:4], OWNER, *HUNDRED[5:], *words[-6:])
    assert "is another to than that of the hold" in commands.refuses(*other)
    more = ("hold", "place", "101 QUAY9", *words[3:])
    assert "is another amount than" in commands.refuses(*more)


def test_after_the_time_it_is_released_and_before_by_the_receiver_only(market, commands, terms):
    refused = commands.refuses("hold", "release", terms, *AS_SELLER)
    assert f"is the last second at which {BUYER} may claim it" in refused
    assert "is neither" in commands.refuses("hold", "release", terms, *AS_STRANGER)
    commands.travel(commands.chain.now() + 4 * 86_400)
    said = commands.gist("hold", "list")
    assert f"release, by {SELLER}: nobody claimed in time" in said
    assert "Released" in commands.says("hold", "release", terms, *AS_SELLER)
    assert commands.facts("hold", "release", terms, *AS_SELLER)["resumed"] is True
    assert market.token.held_of(SELLER) == 0


def test_a_claim_whose_delivery_is_refused_stands_until_the_token_lets_it(
    market, commands, terms, secret
):
    """J31: paused in the minutes when the secret is out."""
    commands.says("pause", *BASIS)
    said = commands.gist("hold", "claim", terms, "--secret-file", secret, *AS_BUYER)
    assert "Claimed, and not delivered so far" in said
    assert "`prorata hold deliver` tries it again" in said
    commands.travel(commands.chain.now() + 4 * 86_400)
    assert "was claimed in time" in commands.refuses("hold", "release", terms, *AS_SELLER)
    refused = commands.refuses("hold", "deliver", terms, *AS_BUYER)
    assert "cannot be delivered yet: transfers of QUAY9 are stopped" in refused
    commands.says("unpause", *BASIS)
    assert "Delivered" in commands.says("hold", "deliver", terms, *AS_STRANGER)
    assert market.token.balance_of(BUYER) == 100_00


def test_a_claimed_hold_goes_to_another_wallet_of_the_same_person(
    market, commands, terms, secret, tmp_path
):
    other = signer(5).address
    rows = f"address,person,country,class,eligible_until\n{other},3,NL,retail,forever\n"
    (tmp_path / "more.csv").write_text(rows)
    commands.says("register", str(tmp_path / "more.csv"))
    commands.says("pause", *BASIS)
    commands.says("hold", "claim", terms, "--secret-file", secret, *AS_BUYER)
    assert f"is not {BUYER}" in commands.refuses("hold", "redirect", terms, "--to", other)
    commands.says("hold", "redirect", terms, "--to", other, *AS_BUYER)
    commands.says("unpause", *BASIS)
    commands.says("hold", "deliver", terms)
    assert market.token.balance_of(other) == 100_00


def test_money_is_taken_into_care_after_an_exact_approval(market, commands, secret, tmp_path):
    out = str(tmp_path / "money.json")
    words = ("hold", "place", "5,000.50 USD", "--to", SELLER, "--until", "+1d")
    done = commands.facts(*words, "--secret-file", secret, "--out", out, *AS_BUYER)
    assert done["in_custody"] is True
    assert done["approval"] is not None
    assert market.dollars.balance_of(HOLDS) == 5_000_500_000
    assert market.dollars.allowance(BUYER, HOLDS) == 0
    before = market.dollars.balance_of(SELLER)
    commands.says("hold", "claim", out, "--secret-file", secret, *AS_SELLER)
    assert market.dollars.balance_of(SELLER) - before == 5_000_500_000


def test_shares_of_a_token_that_appointed_nobody_need_a_word_more(market, commands, tmp_path):
    commands.says("settings", "holds-contract", "none")
    out = ("--lock", LOCK, "--out", str(tmp_path / "t.json"))
    refused = commands.refuses(*HUNDRED, *out, *AS_SELLER)
    assert "their income and votes would be that contract's" in refused
    assert f"`prorata settings holds-contract {HOLDS}`" in refused
    assert f"has not appointed {HOLDS}" in commands.gist("hold", "list")
    # The register does not know the contract, so that it cannot hold them at all.
    refused = commands.refuses(*HUNDRED, *out, *AS_SELLER, "--custody")
    assert f"the receiver {HOLDS} is not registered" in refused


def test_a_hold_is_ended_by_order_of_the_tokens_owner(market, commands, terms):
    assert "does not own the token" in commands.refuses("hold", "void", terms, *BASIS, *AS_SELLER)
    done = commands.facts("hold", "void", terms, *BASIS)
    assert commands.facts("hold", "void", terms, *BASIS)["resumed"] is True
    assert (market.token.held_of(SELLER), market.token.balance_of(SELLER)) == (0, 500_00)
    orders = [line for line in commands.facts("log", "--all")["lines"] if "void-hold" in str(line)]
    assert done["transaction"] in str(orders)
    assert commands.run("log", "verify").code == 0


# ------------------------------------------------------------------------------------- for a keeper


def test_a_keeper_holds_delivers_and_lets_go_within_the_consent(market, commands):
    until = ("--until", "+30d")
    commands.says("hold", "keeper", BUYER, "50 QUAY9", *until, *AS_SELLER)
    owner = ("--owner", SELLER, *AS_BUYER)
    refused = commands.refuses("hold", "for", "60 QUAY9", *owner)
    assert f"is more than {SELLER} lets {BUYER} hold: 50.00 more" in refused
    assert units(commands.facts("hold", "for", "20 QUAY9", *owner)["kept"]) == 20_00
    assert commands.facts("hold", "for", "20 QUAY9", *owner)["resumed"] is True
    more = commands.facts("hold", "for", "20 QUAY9", *owner, "--reference", "second")
    assert units(more["kept"]) == 40_00
    assert "keeps 40.00 of at most 50.00 QUAY9" in commands.gist("hold", "list")
    refused = commands.refuses("hold", "keeper", BUYER, "30 QUAY9", *until, *AS_SELLER)
    assert "is less, or ends earlier, than what stands" in refused
    refused = commands.refuses("hold", "deliver-kept", "1 QUAY9", "--to", STRANGER, *owner)
    assert "is not registered as eligible" in refused
    commands.says("hold", "deliver-kept", "15 QUAY9", "--to", OWNER, *owner)
    assert "is more than is kept" in commands.refuses("hold", "let-go", "26 QUAY9", *owner)
    commands.says("hold", "let-go", "5 QUAY9", *owner)
    token = market.token
    assert (token.balance_of(OWNER), token.held_of(SELLER)) == (15_00, 20_00)

    back = ("hold", "take-back", "QUAY9", "--keeper", BUYER)
    assert "is until when the keeper may hold it" in commands.refuses(*back, *AS_SELLER)
    commands.travel(commands.chain.now() + 31 * 86_400)
    assert f"take back, by {SELLER}" in commands.gist("hold", "list")
    assert "was the last second" in commands.refuses(
        "hold", "deliver-kept", "1 QUAY9", "--to", OWNER, *owner
    )
    assert f"is not {SELLER}" in commands.refuses(*back, "--owner", SELLER, *AS_BUYER)
    commands.says(*back, *AS_SELLER)
    assert commands.facts(*back, *AS_SELLER)["resumed"] is True
    assert token.held_of(SELLER) == 0


def test_what_is_kept_is_ended_by_order_and_the_consent_with_it(market, commands):
    commands.says("hold", "keeper", BUYER, "50 QUAY9", "--until", "+30d", *AS_SELLER)
    commands.says("hold", "for", "20 QUAY9", "--owner", SELLER, *AS_BUYER)
    who = ("--keeper", BUYER, "--owner", SELLER)
    commands.says("hold", "void", *who, *BASIS)
    assert commands.facts("hold", "void", *who, *BASIS)["resumed"] is True
    assert market.token.held_of(SELLER) == 0
    refused = commands.refuses(
        "hold", "for", "20 QUAY9", "--owner", SELLER, "--reference", "again", *AS_BUYER
    )
    assert "is more than" in refused
    assert "is not one hold" in commands.refuses("hold", "void", "--keeper", BUYER, *BASIS)


@pytest.mark.parametrize(
    ("name", "contract"), [("exchange", "ShareExchange"), ("auction", "CallAuction")]
)
def test_the_markets_own_keepers_have_names(commands, name, contract):
    there = singleton_address(contract)
    words = ("hold", "keeper", name, "50 QUAY9", "--until", "+30d", *AS_SELLER)
    assert commands.facts(*words)["keeper"] == there
    for of in (there, name):
        [one] = commands.facts("hold", "list", "--party", of)["keepers"]
        assert (one["keeper"], one["owner"]) == (there, SELLER)
    back = ("hold", "take-back", "QUAY9", "--keeper", name, *AS_SELLER)
    assert there in commands.refuses(*back)
    void = ("hold", "void", "--keeper", name, "--owner", SELLER, *BASIS)
    assert f'"{there}" keeps nothing' in commands.refuses(*void)
    for other in ("settlement", "holds", "exchanges"):
        said = commands.refuses("hold", "keeper", other, *words[3:])
        assert "is no address, and no name that is known" in said


def test_a_consent_is_taken_back_by_nothing(commands):
    commands.says("hold", "keeper", BUYER, "50 QUAY9", "--until", "+30d", *AS_SELLER)
    commands.says("hold", "keeper", BUYER, "0 QUAY9", *AS_SELLER)
    assert commands.facts("hold", "list")["keepers"] == []


# --------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("100", "--lock", LOCK), "is not an amount and an asset"),
        (("600 QUAY9", "--lock", LOCK), "are more than the 500.00 of"),
        (("1 GOLD", "--lock", LOCK), "is no currency of QUAY9"),
        (("1 QUAY9", "--lock", "0x12"), "is not the SHA-256 of a secret"),
        (("1 QUAY9",), "is not one lock"),
        (("1 QUAY9", "--lock", LOCK, "--until", "+500d"), "is more than 400 days ahead"),
        (("1 QUAY9", "--lock", LOCK, "--to", SELLER), "is the owner"),
        (("1 QUAY9", "--lock", LOCK, "--to", "Ann"), "no name that is known"),
    ],
    ids=["what", "more", "asset", "lock", "none", "until", "self", "name"],
)
def test_a_hold_that_cannot_be_is_refused(commands, tmp_path, words, said):
    given = ("--to", BUYER, "--until", "+3d", "--out", str(tmp_path / "t.json"))
    left = [w for n in range(0, len(given), 2) for w in given[n : n + 2] if given[n] not in words]
    assert said in commands.refuses("hold", "place", *words, *left, *AS_SELLER)


def test_a_wrong_secret_is_refused_and_not_shown(commands, terms, tmp_path):
    wrong = tmp_path / "wrong.txt"
    for text, said in (
        ("0x" + "77" * 32, "the secret is of 0x"),
        ("0x" + "77" * 31, "does not have 32 bytes"),
        ("hello", "but 5 characters"),
    ):
        wrong.write_text(text)
        refused = commands.refuses("hold", "claim", terms, "--secret-file", str(wrong), *AS_BUYER)
        assert said in refused
        assert "7777" not in refused
    missing = ("--secret-file", str(tmp_path / "none.txt"))
    assert "cannot be read" in commands.refuses("hold", "claim", terms, *missing)
    assert "is not one source" in commands.refuses("hold", "claim", terms)


def test_who_signs_elsewhere_shows_no_secret_in_a_file(commands, terms, secret):
    words = ("hold", "claim", terms, "--secret-file", secret, "--account", f"unsigned:{BUYER}")
    assert "would be in a file before it is on the chain" in commands.refuses(*words)


def test_what_is_signed_elsewhere_or_planned_is_the_same_whenever_it_is_run(commands, tmp_path):
    """A secret that was made on the way would be lost, and a time from now another one."""
    out, made = str(tmp_path / "t.json"), str(tmp_path / "made.txt")
    place = ("hold", "place", "1 QUAY9", "--to", BUYER, "--out", out)
    elsewhere = ("--account", f"unsigned:{SELLER}")
    lasting = ("--until", moment(commands.chain.now() + 86_400))
    refused = commands.refuses(*place, *lasting, "--secret-file", made, *elsewhere)
    assert "make it first with `prorata hold secret`" in refused
    refused = commands.refuses(*place, "--until", "+1d", "--lock", LOCK, *elsewhere)
    assert "is another second whenever it is run" in refused
    waits = commands.run(*place, *lasting, "--lock", LOCK, *elsewhere)
    assert waits.code == 4, waits.err
    where = ("--network", commands.anvil.url, "--deployment", str(commands.folder), *AS_SELLER)
    words = ("--", *place, *lasting, "--secret-file", made)
    planned = run("plan", "--output", str(tmp_path / "plan.json"), *where, *words)
    assert "make it first with `prorata hold secret`" in planned.err
    assert not Path(made).exists()


def test_permissions_say_whom_the_appointed_contract_obeys(commands):
    grants = commands.facts("permissions")["grants"]
    [grant] = [one for one in grants if one["role"] == "holds contract"]
    assert grant["account"] == HOLDS
    assert "its code, which cannot change, obeys holders" in grant["may"]
    commands.says("settings", "holds-contract", commands.deployment.vault().address)
    grants = commands.facts("permissions")["grants"]
    [grant] = [one for one in grants if one["role"] == "holds contract"]
    assert "whom it obeys is not read here" in grant["may"]


def test_too_late_and_not_what_was_agreed(commands, terms, secret):
    claim = ("hold", "claim", terms, "--secret-file", secret, *AS_BUYER)
    assert "was expected" in commands.refuses(*claim, "--expect", "99 QUAY9")
    assert "was expected" in commands.refuses(*claim, "--expect", "100 USD")
    assert "not in its block" in commands.refuses(*claim, "--final-after", "1")
    commands.travel(commands.chain.now() + 4 * 86_400)
    assert "too near an end" in commands.refuses(*claim)
    assert "nobody can claim it any more" in commands.refuses(*claim, "--late")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(to=STRANGER), "they were changed"),
        (lambda c: c["holds"].update(amount="200.00", units="20000"), "they were changed"),
        (lambda c: c["holds"].update(units="1"), "in smallest units"),
        (lambda c: c["holds"].update(symbol="GOLD"), "calls itself QUAY9"),
        (lambda c: c.update(chain_id=1), "the network is chain 31337"),
        (lambda c: c.update(contract=STRANGER), "is used here"),
        (lambda c: c.update(lock="0x12"), "is not 32 bytes"),
        (lambda c: c.pop("until"), "is missing"),
        (lambda c: c.update(more=1), "does not belong there"),
    ],
    ids=["to", "amount", "units", "symbol", "chain", "contract", "lock", "missing", "more"],
)
def test_terms_that_were_edited_are_refused(commands, terms, change, said):
    assert said in commands.refuses("hold", "release", edited(terms, change), *AS_BUYER)


def test_a_hold_is_shown_as_its_chain_has_it(commands, terms, secret):
    shown = commands.facts("hold", "show", terms, "--final-after", "1")
    assert (shown["final"], shown["hold"]["state"], shown["refusals"]) == (False, "open", [])
    assert commands.facts("hold", "show", shown["hold"]["id"])["final"] is True
    commands.says("pause", *BASIS)
    said = commands.gist("hold", "show", terms)
    assert "as things are it could not be delivered: transfers of QUAY9 are stopped" in said
    assert "claim with the secret until" in said
    commands.says("hold", "release", terms, *AS_BUYER)
    assert "nothing: it has ended" in commands.gist("hold", "show", terms)


def test_nobody_pays_against_shares_that_it_may_not_hold(commands, secret, market, tmp_path):
    """The stranger is in no register: whoever holds is told, and it is refused to pay."""
    theirs, ours = str(tmp_path / "theirs.json"), str(tmp_path / "ours.json")
    words = ("hold", "place", "100 QUAY9", "--to", STRANGER, "--until", "+3d")
    said = commands.gist(*words, "--secret-file", secret, "--out", theirs, *AS_SELLER)
    assert "could not be delivered: the receiver" in said
    against = ("--against", theirs, "--against-network", commands.anvil.url)
    agreed = ("--expect", f"100 {market.token.address}", "--out", ours, *AS_STRANGER)
    refused = commands.refuses("hold", "place", "50 USD", *against, *agreed)
    assert f"would not be delivered now: the receiver {STRANGER} is not registered" in refused


def test_one_lock_opens_one_hold_of_an_asset(commands, terms, secret, tmp_path):
    """Else one secret would open both: a copy of the file was lost, or another name given."""
    words = (*HUNDRED, "--secret-file", secret, "--out", str(tmp_path / "second.json"))
    refused = commands.refuses(*words, "--nonce", "1", *AS_SELLER)
    assert "one secret would open both" in refused
    commands.says("hold", "release", terms, *AS_BUYER)
    commands.says(*words, "--nonce", "1", *AS_SELLER)


def test_no_secret_is_shown_for_a_token_that_only_calls_itself_money(market, commands, tmp_path):
    token = fake_money(market)
    out, secret = str(tmp_path / "fake.json"), str(tmp_path / "secret.txt")
    words = ("hold", "place", f"7 {token}", "--to", SELLER, "--until", "+1d", "--out", out)
    commands.says(*words, "--secret-file", secret, *AS_BUYER)
    claim = ("hold", "claim", out, "--secret-file", secret, *AS_SELLER)
    assert "calls itself USD, and is no asset that is known here" in commands.refuses(*claim)
    commands.says(*claim, "--expect", f"7 {token}")


def test_an_asset_is_named_by_the_symbol_of_a_deployment_beside(commands, tmp_path):
    """When it is only played, too, in a copy of the folder."""
    twin = commands.folder.with_name("TWIN")
    shutil.copytree(commands.folder, twin)
    words = ("hold", "place", "1 TWIN", "--to", BUYER, "--until", "+1d", "--lock", LOCK)
    done = commands.facts(*words, "--out", str(tmp_path / "t.json"), *AS_SELLER)
    shutil.rmtree(twin)
    assert done["amount"]["address"] == commands.deployment.token().address


def test_a_hold_is_named_by_its_id_when_the_file_is_lost(commands, terms):
    [listed] = commands.facts("hold", "list")["holds"]
    commands.says("hold", "release", listed["id"], *AS_BUYER)
    assert "is no hold on chain" in commands.refuses("hold", "release", "0x" + "12" * 32)


# --------------------------------------------------------------------------------------- two chains


def test_without_an_asset_the_journal_is_in_the_markets_folder(market, tmp_path, monkeypatch):
    """Money is often on a chain on which nothing was deployed from here."""
    monkeypatch.chdir(tmp_path)
    token, url = market.dollars.address, market.commands.anvil.url
    words = ("hold", "place", f"7 {token}", "--to", SELLER, "--until", "+1d", "--lock", LOCK)
    where = ("--network", url, "--yes", *AS_BUYER)
    done = run(*words, "--out", "t.json", *where)
    assert done.code == 0, done.err
    assert (tmp_path / "deployments" / "31337" / "market" / "journal.jsonl").exists()
    assert "open" in run("hold", "list", "--network", url).out
    missing = run(*words, "--out", "u.json", *where, "--deployment", "nowhere")
    assert "there is no deployment in nowhere" in missing.err


def test_the_second_leg_is_placed_against_the_first_and_the_secret_read_from_its_claim(
    market, commands, secret, tmp_path
):
    """One node stands for both chains here; `test_two_chains.py` has two."""
    url, token = commands.anvil.url, market.token.address
    ours, theirs = str(tmp_path / "ours.json"), str(tmp_path / "theirs.json")
    commands.says(*HUNDRED, "--secret-file", secret, "--out", theirs, *AS_SELLER)
    against = ("--against", theirs, "--against-network", url)
    place = ("hold", "place", "50 USD", "--out", ours, *against, *AS_BUYER)
    assert "expect" in commands.refuses(*place)
    assert "was expected" in commands.refuses(*place, "--expect", f"99 {token}")
    agreed = ("--expect", f"100 {token}")
    refused = commands.refuses(*place, *agreed, "--until", "+70h")
    assert "is too close to the end of the other hold" in refused
    assert "too early an end of the other hold" in commands.refuses(
        *place, *agreed, "--margin", "4d"
    )
    assert "is that of the hold against which" in commands.refuses(*place, *agreed, "--lock", LOCK)
    done = commands.facts(*place, *agreed)
    mine, other = (json.loads(Path(file).read_text()) for file in (ours, theirs))
    assert (mine["lock"], mine["to"]) == (other["lock"], SELLER)
    assert commands.facts(*place, *agreed)["id"] == done["id"]

    source = ("--from", ours, "--from-network", url, *AS_BUYER)
    assert "was not claimed on chain" in commands.refuses("hold", "claim", theirs, *source)
    commands.says("hold", "claim", ours, "--secret-file", secret, *AS_SELLER)
    said = commands.facts("hold", "claim", theirs, *source)
    assert said["state"] == "delivered"
    # A repetition of what was placed asks nothing of a trade that is over.
    assert commands.facts(*place, *agreed)["resumed"] is True

"""The commands by which shares leave: exchange, redeem, mature, squeeze-out, retire."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from prorata.market.singletons import singleton_address
from prorata.toolchain.paths import PROJECT_ROOT
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
    DOLLAR,
    OWNER,
    Exits,
    opened_exits,
)

REDEMPTION = f"""
gets: 98.50 USD
funding: 50,000
day_limit: "600"
valuer: "{DAN}"
least_price: 90 USD
most_price: 110 USD
max_age: 2d
"""
NOTICE = "0x" + "5f6b" * 16
PLACE = singleton_address("ShareExchange")
NEWCO = 'name: New Co\nsymbol: NEWCO\ndecimals: 0\nauthorised_shares: "1000"\n'


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Exits]:
    with opened_exits(tmp_path_factory.mktemp("exits")) as exits:
        yield exits


@pytest.fixture
def exits(opened) -> Iterator[Exits]:
    with kept(opened.commands.anvil.url, opened.commands.folder):
        yield opened


@pytest.fixture
def commands(exits) -> Commands:
    return exits.commands


@pytest.fixture
def redemption(exits, commands) -> int:
    """One that is open, for 98.50 dollars a share."""
    return commands.facts("exchange", "open", exits.terms("redemption", REDEMPTION))["exchange"]


# -------------------------------------------------------------------------------------- redeeming


def test_shares_are_redeemed_at_once_within_the_days_limit(exits, commands, redemption):
    shown = commands.gist("redeem", "now", "33.33", *AS[BEN], "--dry-run")
    assert "gives 33.33 QUAY9 gets 3,283.005 USD" in shown
    assert "nothing was sent" in shown
    before = exits.dollars.balance_of(BEN)
    done = commands.facts("redeem", "now", "33.33", *AS[BEN])
    assert (units(done["paid"]), done["resumed"]) == (3_283_005_000, False)
    assert exits.dollars.balance_of(BEN) - before == 3_283_005_000
    assert commands.facts("redeem", "now", "33.33", *AS[BEN])["resumed"]
    said = commands.gist("redeem", "now", "33.33", *AS[BEN])
    assert f"Nothing was sent: exchanged before in {done['transaction']}" in said
    assert commands.refuses("redeem", "now", "5", *AS[BEN]) == (
        f'shares: "5.00 QUAY9" cannot be exchanged: {BEN} has 0.00 QUAY9; give no more than that'
    )
    too_many = commands.run("redeem", "now", "567", *AS[DAN]).err
    assert "more than the 566.67 QUAY9 that can still be exchanged in this UTC day" in too_many
    assert commands.refuses("redeem", "now", "1", "--least", "99", *AS[DAN]) == (
        'least: "99.00 USD" is more than the 98.50 USD that 1.00 QUAY9 bring at the present '
        "price; accept less, or wait for another price"
    )
    commands.travel(commands.chain.now() + 3 * DAY)
    assert "may be 2 days old at most; let the valuer" in commands.refuses(
        "redeem", "now", "1", *AS[DAN]
    )


def test_the_valuer_names_the_price_with_its_time(commands, redemption):
    commands.travel(commands.chain.now() + 100)
    found_at = commands.chain.now() - 50
    words = ("redeem", "price", "101.25", "--as-of")
    as_of = moment(found_at)
    assert "does not name the prices" in commands.refuses(*words, as_of)
    done = commands.facts(*words, as_of, *AS[DAN])
    assert done["change"] == f"name the price 101.25 USD as of {as_of}"
    assert commands.facts(*words, as_of, *AS[DAN])["resumed"]
    assert units(commands.facts("exchange", "quote", str(redemption), "1")["paid"]) == 101_250_000
    assert "is not within the bounds of 90.00 USD to 110.00 USD" in commands.refuses(
        "redeem", "price", "111", "--as-of", as_of, *AS[DAN]
    )
    assert "is not later than that of the price before" in commands.refuses(
        "redeem", "price", "102", "--as-of", as_of, *AS[DAN]
    )
    later = moment(commands.chain.now() + DAY)
    assert "lies ahead: the chain's time is" in commands.refuses(
        "redeem", "price", "102", "--as-of", later, *AS[DAN]
    )


def test_a_signed_request_is_brought_by_anybody_once(exits, commands, redemption):
    path = exits.files / "request.json"
    sign = ("exchange", "sign", "--id", str(redemption), "--shares", "10", "--out", str(path))
    signed = commands.facts(*sign, *AS[BEN])
    assert (units(signed["least_paid"]), signed["nonce"]) == (985 * DOLLAR, "0")
    assert "is there already" in commands.refuses(*sign, *AS[BEN])
    before = exits.dollars.balance_of(BEN)
    assert "985.00 USD" in commands.gist("exchange", "for", str(path), "--dry-run", *AS[CAT])
    assert not commands.facts("exchange", "for", str(path), *AS[CAT])["resumed"]
    assert commands.facts("exchange", "for", str(path), *AS[CAT])["resumed"]
    assert exits.dollars.balance_of(BEN) - before == 985 * DOLLAR
    forged = json.loads(path.read_text())
    forged["request"]["gives"] |= {"amount": "20.00", "units": "2000"}
    (exits.files / "forged.json").write_text(json.dumps(forged))
    assert "is the digest that the file names" in commands.refuses(
        "exchange", "for", str(exits.files / "forged.json"), *AS[CAT]
    )
    other = exits.files / "second.json"
    commands.facts(*sign[:-1], str(other), *AS[BEN])
    commands.facts("exchange", "cancel-request", "1", *AS[BEN])
    assert "was made before, or cancelled" in commands.refuses("exchange", "for", str(other))


def test_rights_are_exercised_against_money(exits, commands):
    text = "pays: 5.00 USD\nper: 2\n"
    file = exits.terms("rights", text)
    opened = commands.gist("exchange", "open", file)
    assert "Exchange 1: an exercise of rights of QUAY9" in opened
    number = commands.facts("exchange", "open", file)["exchange"]
    before = exits.dollars.balance_of(OWNER)
    words = ("exchange", "now", str(number), "3.01")
    assert units(commands.facts(*words, "--dry-run", *AS[ANN])["due"]) == 7_525_000
    commands.facts(*words, *AS[ANN])
    assert exits.dollars.balance_of(OWNER) - before == 7_525_000
    assert "takes no permits (ERC-2612)" in commands.refuses(*words, "--permit", *AS[DAN])


# ------------------------------------------------------------------------------- for everybody


def test_a_merger_gives_new_shares_and_cash_in_lieu(exits, commands):
    """Law X3: two for seven, and 10.00 for a whole one."""
    other = Commands(commands.anvil, commands.folder.parent / "NEWCO")
    (exits.files / "newco.yaml").write_text(NEWCO)
    other.says("deploy", "--asset", str(exits.files / "newco.yaml"))
    token = other.deployment.token()
    text = f"""
gets: 0 USD
per: 7
other: {{asset: "{token.address}", shares: 2, fraction_price: "10.00"}}
mandatory: true
opens_at: 2027-01-01
closes_at: 2027-02-01
document: "{NOTICE}"
"""
    terms = exits.terms("merger", text)
    shown = commands.facts("exchange", "open", terms, "--dry-run")
    number = commands.facts("exchange", "open", terms)["exchange"]
    commands.travel(commands.deployment.chain.now() + 40 * DAY)
    commands.says("exchange", "carry-out", str(number))
    by_holder = {one["holder"]: one for one in shown["holders"]}
    assert units(by_holder[BEN]["other_shares"]) == 3333 * 2 // 700
    assert units(by_holder[BEN]["in_lieu"]) == (3333 * 2 % 700) * 10 * DOLLAR // 700
    for holder, line in by_holder.items():
        assert token.balance_of(holder) == units(line["other_shares"])
    assert exits.token.total_supply() == 0


def test_the_rest_is_bought_out_after_notice_and_with_consent(exits, commands):
    """Attack J21: notice, a document, the owner; and the acquirer's own shares are not paid."""
    words = ("squeeze-out", "--acquirer", DAN, "--price", "1,050.00 USD", "--document", NOTICE)
    soon = moment(commands.chain.now() + 2 * DAY)
    assert "is sooner than 14 days from now" in commands.refuses(*words, "--at", soon)
    asked = (*words, "--at", moment(commands.chain.now() + 15 * DAY))
    assert "has not appointed the contract" in commands.refuses(*asked)
    commands.says("settings", "holds-contract", "market")
    said = commands.refuses(*asked)
    assert f'`prorata hold keeper {PLACE} "1533.34 QUAY9" --until' in said
    keeper = ("hold", "keeper", PLACE, "1533.34 QUAY9", "--until", "+60d")
    commands.says(*keeper, *AS[DAN])
    assert "use the account" in commands.refuses(*asked, *AS[ANN])
    shown = commands.facts(*asked, "--dry-run")
    assert {one["what"] for one in shown["holders"] if one["holder"] == DAN} == {"locked"}
    assert units(shown["funding"]) == 53_334 * 1_050 * DOLLAR // 100
    opened = commands.facts(*asked)
    assert (opened["stage"], units(opened["locked"])) == ("noticed", 100_000)
    assert commands.facts(*asked)["resumed"]
    commands.travel(commands.chain.now() + 16 * DAY)
    before = exits.dollars.balance_of(ANN)
    done = commands.facts(*asked)
    assert (done["pages"], len(done["holders"])) == (1, 3)
    assert exits.dollars.balance_of(ANN) - before == 525_000 * DOLLAR
    assert exits.token.balance_of(DAN) == exits.token.total_supply() == 153_334
    again = commands.gist(*asked)
    assert "Nothing was sent: nobody has shares that exchange 1 can take" in again
    commands.says("exchange", "close", "1")
    assert exits.token.held_of(DAN) == 0


def test_what_held_shares_bring_waits_for_the_hold(exits, commands):
    """A pledge lapses: what its shares brought is its owner's again."""
    commands.says("settings", "holds-contract", "market")
    path = exits.files / "pledge.json"
    words = ("hold", "place", "100 QUAY9", "--to", BEN, "--until", "+20d", "--lock", NOTICE)
    commands.says(*words, "--out", str(path), *AS[ANN])
    commands.says("mature", "--price", "2 USD", "--at", "+1d", "--document", NOTICE)
    commands.travel(commands.chain.now() + 2 * DAY)
    commands.says("exchange", "carry-out", "1")
    owed = commands.facts("exchange", "status", "1", "--holder", ANN)["owed_to_holder"]
    assert (units(owed["paid"]), units(owed["held_shares"])) == (200 * DOLLAR, 10_000)
    assert "is open until" in commands.refuses("exchange", "end-hold", "1", str(path))
    commands.travel(commands.chain.now() + 20 * DAY)
    commands.says("exchange", "end-hold", "1", str(path))
    assert units(commands.facts("exchange", "take", "1", *AS[ANN])["paid"]) == 200 * DOLLAR


def test_what_kept_shares_bring_waits_for_the_keeper(exits, commands):
    """The keeper says for whom, as long as its consent lasts; then anybody, for the holder."""
    commands.says("settings", "holds-contract", "market")
    commands.says("hold", "keeper", BEN, "100 QUAY9", "--until", "+20d", *AS[ANN])
    commands.says("hold", "for", "100 QUAY9", "--owner", ANN, *AS[BEN])
    commands.says("mature", "--price", "2 USD", "--at", "+1d", "--document", NOTICE)
    commands.travel(commands.chain.now() + 2 * DAY)
    commands.says("exchange", "carry-out", "1")
    kept = ("exchange", "end-hold", "1", "--keeper", BEN, "--holder", ANN, "--shares")
    said = commands.refuses(*kept, "60", "--for", DAN, *AS[DAN])
    assert f"is not the keeper {BEN}, whose consent lasts until" in said
    commands.says(*kept, "40", "--for", DAN, *AS[BEN])
    assert "resumed" in str(commands.facts(*kept, "40", "--for", DAN, *AS[BEN]))
    assert units(commands.facts("exchange", "take", "1", *AS[DAN])["paid"]) == 80 * DOLLAR
    commands.travel(commands.chain.now() + 20 * DAY)
    commands.says(*kept, "60", *AS[DAN])
    assert units(commands.facts("exchange", "take", "1", *AS[ANN])["paid"]) == 120 * DOLLAR
    assert "nothing waits for the end of a hold" in commands.refuses(*kept, "1", *AS[DAN])


# ------------------------------------------------------------------------------------ retirement


def test_a_retirement_has_a_certificate_that_anybody_can_write(exits, commands):
    page = exits.files / "ann.html"
    words = ("retire", "--amount", "5", "--reason", "Flights & trains", "--certificate", str(page))
    assert "has no retirement that is open" in commands.refuses(
        *words, "--beneficiary", "Ann <b>", *AS[ANN]
    )
    commands.says("retire", "open")
    assert 'beneficiary: "A" is not 2 to 500 characters' in commands.refuses(
        *words, "--beneficiary", "A", *AS[ANN]
    )
    commands.says("retire", "--amount", "1.5", *words[3:5], "--beneficiary", "Ben", *AS[BEN])
    done = commands.facts(*words, "--beneficiary", "Ann <b>", *AS[ANN])
    assert (done["beneficiary"], done["files"]) == ("Ann <b>", [str(page), str(page)[:-4] + "json"])
    text = page.read_text()
    for said in (
        "Ann &lt;b&gt;",
        "Flights &amp; trains",
        done["transaction"],
        "from 1.50 to 6.50,",
    ):
        assert said in text
    again = exits.files / "again.html"
    asked = ("retire", "certificate", "--transaction", done["transaction"], "--out", str(again))
    commands.says(*asked)
    assert again.read_text() == text
    facts = json.loads((exits.files / "ann.json").read_text())
    counted = [facts[name]["text"] for name in ("retired_before", "retired", "retired_after")]
    assert counted == ["1.50", "5.00", "6.50"]
    assert facts["certificate"] == f"QUAY9-6.5-{done['transaction'][2:10]}"
    assert len(commands.facts("retire", "certificate")["certificates"]) == 2
    assert "retired nothing of this asset" in commands.refuses(
        "retire", "certificate", "--transaction", NOTICE
    )


def test_credits_have_serials_and_shares_that_can_be_divided_have_none(commands):
    batches = str(PROJECT_ROOT / "examples" / "carbon" / "batches.csv")
    said = commands.refuses("retire", "certificate", "--batches", batches)
    assert "is of credits, which are whole, and QUAY9 has 2 decimals; leave it out" in said


def test_wrong_numbers_and_words_are_refused_in_one_sentence(exits, commands, redemption):
    number = str(redemption)
    for words, sentence in (
        (("exchange", "quote", "7", "1"), 'exchange: "7" is no exchange: there are exchanges 1'),
        (("exchange", "quote", number, "x"), 'amount: "x" is not a number'),
        (("exchange", "carry-out", number), "is elective: nobody's shares are taken"),
        (("exchange", "cancel", number), "is elective; end it"),
        (("exchange", "fund", number, "0"), 'amount: "0" is nothing'),
        (("exchange", "end-hold", number), "has to be said once"),
        (("exchange", "sweep", number), "has no last second"),
        (("exchange", "open", "none.yaml"), 'terms: "none.yaml" cannot be read'),
        (("redeem", "now", "1", "--id", "9", *AS[ANN]), "is no exchange"),
        (
            ("mature", "--price", "10", "--at", "+1d", "--document", NOTICE),
            'price: "10" is not an amount and a currency',
        ),
        (
            ("mature", "--price", "1 USD", "--at", "2020-01-01", "--document", NOTICE),
            "does not lie ahead: the chain's time is",
        ),
    ):
        assert sentence in commands.refuses(*words)

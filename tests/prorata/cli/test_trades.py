"""The commands of trades in several legs: propose, sign, show, approve, settle, cancel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import pytest

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
SHARES = f"100 QUAY9 from {SELLER} to {BUYER}"
MONEY = f"5,000.50 USD from {BUYER} to {SELLER}"


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Market]:
    with opened_market(tmp_path_factory.mktemp("market")) as market:
        yield market


@pytest.fixture
def market(opened) -> Iterator[Market]:
    with kept(opened.commands.anvil.url, opened.commands.folder):
        yield opened


@pytest.fixture
def commands(market) -> Commands:
    return market.commands


def propose(commands: Commands, path: Path, *legs: str, more: tuple[str, ...] = ()) -> str:
    words = [word for leg in legs or (SHARES, MONEY) for word in ("--leg", leg)]
    commands.says("trade", "propose", *words, "--out", str(path), *more)
    return str(path)


@pytest.fixture
def file(commands, tmp_path) -> str:
    """A hundred shares for money, which nobody has signed."""
    return propose(commands, tmp_path / "trade.json")


def sign(commands: Commands, file: str, *accounts: tuple[str, str]) -> None:
    for account in accounts:
        commands.says("trade", "sign", file, "--yes", *account)


def edited(file: str, change) -> str:
    content = json.loads(Path(file).read_text())
    change(content)
    Path(file).write_text(json.dumps(content))
    return file


# ------------------------------------------------------------------------------------ the whole way


def test_a_trade_is_proposed_signed_allowed_and_settled_once(market, commands, file):
    token, dollars = market.token, market.dollars
    before = token.balance_of(BUYER), dollars.balance_of(SELLER)
    said = commands.gist("trade", "show", file)
    for missing in (
        f"{SELLER} has not signed",
        f"{BUYER} has not signed",
        f"{SELLER} lets the settlement move 0.00 QUAY9, and gives 100.00",
        f"`prorata trade approve {file}`",
    ):
        assert missing in said
    sign(commands, file, AS_SELLER)
    assert "had signed it before" in commands.says("trade", "sign", file, *AS_SELLER)
    sign(commands, file, AS_BUYER)
    for account in (AS_SELLER, AS_BUYER):
        assert "let the settlement move" in commands.says("trade", "approve", file, *account)
    assert "Nothing is missing" in commands.says("trade", "show", file)

    # Anybody may bring it, and the buyer's own signature was not needed.
    facts = commands.facts("trade", "settle", file, *AS_STRANGER)
    assert [units(leg["amount"]) for leg in facts["legs"]] == [100_00, 5_000_500_000]
    assert token.balance_of(BUYER) - before[0] == 100_00
    assert dollars.balance_of(SELLER) - before[1] == 5_000_500_000
    again = commands.facts("trade", "settle", file, *AS_STRANGER)
    assert (again["resumed"], again["transaction"]) == (True, facts["transaction"])
    assert facts["transaction"] in commands.says("trade", "show", file)
    assert "was settled in" in commands.refuses("trade", "cancel", file, *AS_SELLER)


def test_files_that_were_signed_apart_are_one_trade(commands, file, tmp_path):
    other = tmp_path / "other.json"
    other.write_text(Path(file).read_text())
    sign(commands, file, AS_SELLER)
    sign(commands, str(other), AS_BUYER)
    assert f"{BUYER} has not signed" in commands.gist("trade", "show", file)
    both = commands.facts("trade", "show", file, str(other))
    assert both["signed_by"] == [SELLER, BUYER]
    for account in (AS_SELLER, AS_BUYER):
        commands.says("trade", "approve", file, *account)
    commands.says("trade", "settle", file, str(other), *AS_STRANGER)
    second = propose(commands, tmp_path / "second.json", SHARES)
    assert "is another trade than" in commands.refuses("trade", "show", file, second)


def test_with_a_permit_nothing_is_approved_before(market, commands, file):
    """The seller allows what it gives by a signature; the dollars know no permits."""
    commands.says("trade", "sign", file, "--permit", *AS_SELLER)
    refused = commands.run("trade", "sign", file, "--permit", *AS_BUYER).err
    assert "takes no permits" in refused
    commands.says("trade", "sign", file, *AS_BUYER)
    commands.says("trade", "approve", file, *AS_BUYER)
    assert "Nothing is missing" in commands.says("trade", "show", file)
    done = commands.facts("trade", "settle", file, *AS_STRANGER)
    assert market.token.balance_of(BUYER) == 100_00
    assert market.token.allowance(SELLER, market.contract.address) == 0
    again = commands.facts("trade", "settle", file, *AS_STRANGER)
    assert (again["resumed"], again["transaction"]) == (True, done["transaction"])


def test_a_permit_of_somebody_who_gives_nothing_is_refused(commands, file):
    commands.says("trade", "sign", file, "--permit", *AS_SELLER)
    edited(file, lambda c: c["permits"][0].update(owner=STRANGER))
    assert "has a permit for it in the file" in commands.refuses("trade", "show", file)


def test_three_people_trade_in_a_circle(market, commands, tmp_path):
    """Who gives on what an earlier leg brings needs none of it before."""
    legs = (
        f"10 QUAY9 from {SELLER} to {BUYER}",
        f"10 QUAY9 from {BUYER} to {OWNER}",
        f"7 USD from {BUYER} to {SELLER}",
    )
    file = propose(commands, tmp_path / "circle.json", *legs)
    said = commands.facts("trade", "show", file)
    needs = {(n["account"], n["moved"]["currency"]): units(n["needed"]) for n in said["needs"]}
    assert needs == {(SELLER, "QUAY9"): 10_00, (BUYER, "QUAY9"): 0, (BUYER, "USD"): 7_000_000}
    sign(commands, file, AS_SELLER)
    for account in (AS_SELLER, AS_BUYER):
        commands.says("trade", "approve", file, *account)
    commands.says("trade", "settle", file, *AS_BUYER)
    assert market.token.balance_of(OWNER) == 10_00


def test_legs_are_read_from_files_with_names_and_a_document(commands, tmp_path):
    names = tmp_path / "names.csv"
    names.write_text(f"address,name\n{SELLER},Ann Lee\n{BUYER},Ben\n")
    table = tmp_path / "legs.csv"
    table.write_text('amount,asset,from,to\n100,QUAY9,Ann Lee,Ben\n"5,000.50",USD,Ben,Ann Lee\n')
    sentences = tmp_path / "legs.yaml"
    written = ("100 QUAY9 from Ann Lee to Ben", "5,000.50 USD from Ben to ann lee")
    sentences.write_text("\n- ".join(["legs:", *written]))
    document = tmp_path / "contract.pdf"
    document.write_bytes(b"We agree.")
    more = ("--names", str(names), "--document", str(document))
    until = (
        "--valid-until",
        (datetime.now(timezone.utc) + timedelta(days=90)).strftime("%Y-%m-%d"),
    )
    digests = set()
    for source in (table, sentences):
        out = str(tmp_path / f"{source.suffix[1:]}.json")
        words = ("--legs", str(source), *more, *until, "--out", out)
        facts = commands.facts("trade", "propose", *words)
        assert facts["document_hash"] == f"0x{sha256(b'We agree.').hexdigest()}"
        digests.add(facts["digest"])
    words = [word for leg in (SHARES, MONEY) for word in ("--leg", leg)]
    out = str(tmp_path / "options.json")
    said = commands.facts("trade", "propose", *words, *more, *until, "--out", out)
    assert digests == {said["digest"]}


def test_a_signature_that_was_made_elsewhere_is_brought(commands, file, tmp_path):
    typed = tmp_path / "typed.json"
    commands.says("trade", "sign", file, "--typed-data", str(typed))
    made = signer(1).sign_typed(json.loads(typed.read_text()))
    words = ("--by", SELLER, "--signature", f"0x{made.hex()}", "--yes")
    assert "has signed it" in commands.says("trade", "sign", file, *words)
    assert commands.facts("trade", "show", file)["signed_by"] == [SELLER]
    wrong = ("--by", BUYER, "--signature", f"0x{made.hex()}", "--yes")
    assert f"is not {BUYER}'s" in commands.refuses("trade", "sign", file, *wrong)


def test_a_trade_that_was_cancelled_is_never_settled(commands, file):
    """By anybody who gives in it, signed or not."""
    sign(commands, file, AS_SELLER)
    done = commands.facts("trade", "cancel", file, *AS_BUYER)
    again = commands.facts("trade", "cancel", file, *AS_BUYER)
    assert (again["transaction"], again["resumed"]) == (done["transaction"], True)
    assert "is spent" in commands.refuses("trade", "sign", file, "--yes", *AS_BUYER)
    assert "is spent" in commands.refuses("trade", "settle", file, *AS_SELLER)
    assert "gives nothing" in commands.refuses("trade", "cancel", file, *AS_STRANGER)


# --------------------------------------------------------------------------------- what is refused


def test_nobody_signs_for_a_token_that_only_calls_itself_money(market, commands, tmp_path):
    token = fake_money(market)
    legs = (SHARES, f"5 {token} from {BUYER} to {SELLER}")
    file = propose(commands, tmp_path / "fake.json", *legs)
    for words in (("sign", file, *AS_SELLER), ("settle", file, *AS_SELLER)):
        refused = commands.refuses("trade", *words)
        assert f'"{token}" calls itself USD, and is no asset that is known here' in refused
    assert "calls itself USD" in commands.gist("trade", "show", file)
    commands.says("trade", "sign", file, "--token", token, *AS_SELLER)


def test_nobody_signs_unasked_or_for_another(commands, file):
    where = ("--network", commands.anvil.url, "--deployment", str(commands.folder))
    assert "there is nobody to ask" in run("trade", "sign", file, *AS_SELLER, *where).err
    refused = commands.refuses("trade", "sign", file, "--yes", *AS_STRANGER)
    assert f'"{STRANGER}" gives nothing in this trade' in refused
    assert "gives nothing" in commands.refuses("trade", "approve", file, *AS_STRANGER)


def test_what_a_token_refuses_is_said_before_and_when_settling(commands, tmp_path):
    """The stranger is in no register."""
    file = propose(commands, tmp_path / "t.json", f"1 QUAY9 from {SELLER} to {STRANGER}")
    commands.says("trade", "approve", file, *AS_SELLER)
    said = f"the receiver {STRANGER} is not registered as eligible"
    assert said in commands.gist("trade", "show", file)
    assert said in commands.refuses("trade", "settle", file, *AS_SELLER)


def test_a_missing_signature_and_a_missing_allowance_are_named(commands, file):
    refused = commands.refuses("trade", "settle", file, *AS_BUYER)
    assert f'"{SELLER}" has not signed; let it run `prorata trade sign FILE`' in refused
    sign(commands, file, AS_SELLER)
    commands.says("trade", "approve", file, *AS_SELLER)
    refused = commands.refuses("trade", "settle", file, *AS_BUYER)
    assert "lets the settlement move 0.00 USD, and gives 5,000.50" in refused


def test_a_trade_whose_time_is_over_is_refused(commands, tmp_path):
    file = propose(commands, tmp_path / "t.json", more=("--valid-until", "+60s"))
    sign(commands, file, AS_SELLER)
    commands.travel(commands.chain.now() + 100)
    for words in (("settle", file, *AS_BUYER), ("sign", file, "--yes", *AS_BUYER)):
        assert "was the last second at which it could be settled" in commands.refuses(
            "trade", *words
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["legs"][0]["gives"].update(units="1", amount="0.01"), "they were changed"),
        (lambda c: c["legs"][0]["gives"].update(amount="1"), "in smallest units"),
        (lambda c: c.update(nonce="7"), "they were changed"),
        (lambda c: c["signatures"].update({STRANGER: None}), "gives nothing in this trade"),
        (lambda c: c.pop("digest"), "is missing"),
        (lambda c: c["signatures"].update({SELLER: "0x" + "11" * 65}), f"is not {SELLER}'s"),
        (lambda c: c["legs"][0]["gives"].update(symbol="GOLD"), "calls itself QUAY9"),
    ],
    ids=["amount", "words", "nonce", "stranger", "digest", "signature", "symbol"],
)
def test_a_file_that_was_edited_is_refused(commands, file, change, said):
    assert said in commands.refuses("trade", "show", edited(file, change))


def test_a_trade_of_another_chain_is_refused(market, commands, file):
    """With the right digest of that chain, too."""
    from dataclasses import replace

    from prorata.market.trade_files import read_trade, write_trade

    path = Path(file)
    write_trade(path, replace(read_trade(path), chain_id=1))
    assert "the network is chain 31337" in commands.refuses("trade", "show", file)
    write_trade(path, replace(read_trade(path), chain_id=31_337, settlement=market.token.address))
    assert "is used here" in commands.refuses("trade", "show", file)


@pytest.mark.parametrize(
    ("leg", "said"),
    [
        ("100 QUAY9", "is no leg of a trade"),
        (f"1.001 QUAY9 from {SELLER} to {BUYER}", "has 3 decimals"),
        (f"0 QUAY9 from {SELLER} to {BUYER}", "is nothing"),
        (f"1 GOLD from {SELLER} to {BUYER}", "is no currency of QUAY9"),
        (f"1 ETH from {SELLER} to {BUYER}", "is the chain's own coin"),
        (f"1 {BUYER} from {SELLER} to {BUYER}", "is not a contract"),
        (f"1 QUAY9 from {SELLER} to {SELLER}", "gives to itself"),
        (f"1 QUAY9 from Ann to {BUYER}", "no name that is known"),
        (f"1 QUAY9 from Ann to Ben to {BUYER}", "can be read in two ways"),
    ],
)
def test_a_leg_that_says_no_movement_is_refused(commands, tmp_path, leg, said):
    words = ("trade", "propose", "--leg", leg, "--out", str(tmp_path / "t.json"))
    assert said in commands.refuses(*words)


def test_all_faults_of_a_table_are_listed_at_once(commands, tmp_path):
    table = tmp_path / "legs.csv"
    table.write_text(
        f"amount,asset,from,to\n0,QUAY9,{SELLER},{BUYER}\n1,GOLD,{SELLER},{BUYER}\n"
        f"1,QUAY9,Ann,{BUYER}\n"
    )
    out = ("--out", str(tmp_path / "t.json"))
    refused = commands.refuses("trade", "propose", "--legs", str(table), *out)
    assert "3 problems in the trade" in refused
    assert "line 3, currency" in refused


def test_a_file_that_is_there_is_not_replaced(commands, file):
    words = ("trade", "propose", "--leg", SHARES, "--out", file)
    assert "is there already, and may have been signed" in commands.refuses(*words)

"""The commands of orders: sign, explain, fill, post, list, cancel, and every wrong word."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.chain.signers import public_test_key
from tests.amounts import cells, units
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.market.traders import (
    BUYER,
    DOLLAR,
    OWNER,
    SELLER,
    STRANGER,
    Market,
    opened_market,
    signer,
)

AS_SELLER, AS_BUYER, AS_STRANGER = (("--account", f"TEST::{n}") for n in (1, 2, 3))
SELL = ("--sell", "100", "--for", "100,000.00", "--in", "USD")


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Market]:
    with opened_market(tmp_path_factory.mktemp("market")) as market:
        market.allow()
        yield market


@pytest.fixture
def market(opened) -> Iterator[Market]:
    with kept(opened.commands.anvil.url, opened.commands.folder):
        yield opened


@pytest.fixture
def commands(market) -> Commands:
    return market.commands


@pytest.fixture
def file(commands, tmp_path) -> str:
    """An order of the seller's that may be filled in parts of ten shares or more."""
    return sign(commands, tmp_path / "order.json", *SELL, "--least", "10")


def sign(commands: Commands, path: Path, *words: str, account=AS_SELLER) -> str:
    commands.says("order", "sign", *words, "--out", str(path), *account)
    return str(path)


# ----------------------------------------------------------------------------- the whole way


def test_an_order_is_signed_explained_and_filled_in_parts(market, commands, file):
    explained = commands.facts("order", "explain", file, "--amount", "40", *AS_BUYER)
    assert explained["passes"]
    assert (units(explained["gives"]), units(explained["gets"])) == (40_000 * DOLLAR, 4_000)
    assert (explained["price"], units(explained["most"])) == ("1000", 10_000)

    shown = commands.gist("order", "fill", file, "--amount", "40", "--dry-run", *AS_BUYER)
    assert "gives 40,000.00 USD gets 40.00 QUAY9 price 1,000.00 USD a share" in shown
    assert "nothing was sent" in shown
    part = ("order", "fill", file, "--amount", "40", *AS_BUYER)
    sent = commands.facts(*part)
    assert (sent["resumed"], units(sent["gets"])) == (False, 4_000)
    again = commands.facts(*part)
    assert again == {**sent, "resumed": True}
    assert f"Nothing was sent: filled before in {sent['transaction']}" in commands.gist(*part)
    assert commands.facts(*part, "--reference", "second")["resumed"] is False
    assert market.token.balance_of(BUYER) == 8_000
    rest = commands.facts("order", "fill", file, *AS_BUYER)
    assert units(rest["gets"]) == 2_000
    said = commands.refuses("order", "fill", file, "--reference", "third", *AS_BUYER)
    assert said == (
        'order: "sell 100.00 QUAY9 for 100,000.00 USD" cannot be filled: it was filled whole '
        "before, or cancelled; ask its maker for a new one"
    )


def test_what_explain_says_is_what_fill_does(commands, file):
    """Exit code 1 with the reasons that the fill then refuses with."""
    for words in (
        ("--amount", "5", *AS_BUYER),
        ("--amount", "100.01", *AS_BUYER),
        AS_STRANGER,
        ("--account", "TEST::1"),
    ):
        done = commands.run("order", "explain", file, *words, "--json")
        assert done.code == 1
        refusal = commands.refuses("order", "fill", file, *words)
        for sentence in json.loads(done.out)["sentences"]:
            assert sentence.partition("; ")[0] in refusal
    person = commands.run("order", "explain", file, "--as", STRANGER)
    assert (person.code, person.err) == (1, "")
    assert f"the receiver {STRANGER} is not registered as eligible" in person.out
    assert "would be refused" in person.out


def test_a_buyer_pays_by_permit_where_the_money_takes_them(commands, file):
    """Dollars take none, which is said; shares do."""
    commands.says("approve", "--spender", "settlement", "--amount", "0", *AS_SELLER)
    said = commands.refuses("order", "fill", file, "--amount", "40", *AS_BUYER)
    assert "`prorata approve --spender settlement --amount 40`" in said
    bid = sign(
        commands, Path(file).with_name("bid.json"),
        "--buy", "50", "--price", "990.00", "--in", "USD", account=AS_BUYER,
    )  # fmt: skip
    said = commands.refuses("order", "fill", bid, *AS_SELLER)
    assert "lets the settlement move 0.00 QUAY9 of the 50.00 QUAY9" in said
    assert commands.facts("order", "explain", bid, "--permit", *AS_SELLER)["passes"]
    done = commands.facts("order", "fill", bid, "--permit", *AS_SELLER)
    assert units(done["gets"]) == 49_500 * DOLLAR
    assert commands.facts("order", "fill", bid, "--permit", *AS_SELLER)["resumed"]
    commands.says(
        "approve", "--spender", spender(commands), "--amount", "0", "--currency", "USD", *AS_BUYER
    )
    commands.says("approve", "--spender", spender(commands), "--amount", "100", *AS_SELLER)
    said = commands.refuses("order", "fill", file, "--permit", *AS_BUYER)
    assert "takes no permits (ERC-2612)" in said
    assert commands.refuses("order", "explain", file, "--permit", *AS_BUYER) == said


def spender(commands: Commands) -> str:
    return commands.facts("market", "show")["contracts"][0]["address"]


# ---------------------------------------------------------------------------------------- signing


def test_what_is_signed_is_shown_with_what_is_missing(commands, tmp_path):
    """The next record, and an allowance that there is not."""
    commands.says("record", "--at", "+3d")
    commands.says("approve", "--spender", spender(commands), "--amount", "0", *AS_SELLER)
    words = (
        *SELL, "--parts", "--venue", OWNER, "--fee", "0.25%", "--tax-to", BUYER, "--tax", "0.5%",
        "--taker", BUYER, "--out", str(tmp_path / "order.json"), *AS_SELLER,
    )  # fmt: skip
    said = commands.gist("order", "sign", *words)
    for part in (
        "Signed: sell 100.00 QUAY9 for 100,000.00 USD",
        "price 1,000.00 USD a share",
        "in parts, each of 0.01 QUAY9 or more",
        f"fee 0.25% to {OWNER}, out of what the seller gets",
        f"tax 0.50% to {BUYER}, on top of what the buyer pays",
        f"by {BUYER}",
        "ends with record 1",
        "record 1 closes at",
        "the order ends with it; --through-records signs one that does not",
        "it cannot be filled yet: its maker",
    ):
        assert part in said, part


def test_another_wallet_signs_what_was_written_for_it(commands, tmp_path):
    draft, typed, out = (str(tmp_path / name) for name in ("draft.json", "typed.json", "o.json"))
    written = commands.facts(
        "order", "sign", *SELL, "--maker", SELLER, "--unsigned", "--typed-data", typed,
        "--out", draft,
    )  # fmt: skip
    assert written["signed"] is False
    message = json.loads(Path(typed).read_text())
    assert message == written["typed_data"]
    theirs = f"0x{signer(1).sign_typed(message).hex()}"
    (tmp_path / "signature.txt").write_text(theirs + "\n")
    finish = ("order", "sign", "--from", draft, "--out", out, "--signature")
    assert "is not" in commands.refuses(*finish, f"0x{signer(2).sign_typed(message).hex()}")
    assert "cannot be read" in commands.refuses(*finish, "none.txt")
    assert commands.facts(*finish, str(tmp_path / "signature.txt"))["signed"]
    assert commands.facts("order", "fill", out, *AS_BUYER)["resumed"] is False


def test_a_keystore_signs_what_was_written_unsigned_and_its_allowance(
    market, commands, tmp_path, monkeypatch
):
    """Of whoever holds the key, though nobody knew when it was written."""
    monkeypatch.setenv("PRORATA_PASSPHRASE", "correct horse")
    keystore = Account.encrypt(public_test_key(1).key, "correct horse", iterations=2)
    (tmp_path / "seller.json").write_text(json.dumps(keystore))
    (tmp_path / "seller.json").chmod(0o600)
    commands.says("approve", "--spender", "settlement", "--amount", "0", *AS_SELLER)
    draft, out = str(tmp_path / "draft.json"), str(tmp_path / "order.json")
    commands.says("order", "sign", *SELL, "--maker", SELLER, "--unsigned", "--out", draft)
    finish = ("order", "sign", "--from", draft, "--permit", "--out", out)
    assert f"is not {SELLER}, who has to sign" in commands.refuses(*finish, *AS_BUYER)
    done = commands.facts(*finish, "--account", str(tmp_path / "seller.json"))
    assert (done["signed"], done["permit"]) == (True, True)
    assert commands.facts("order", "fill", out, *AS_BUYER)["resumed"] is False
    assert market.token.balance_of(BUYER) == 10_000


def test_an_account_that_does_not_sign_here_is_told_how(commands, tmp_path):
    words = ("order", "sign", *SELL, "--out", str(tmp_path / "o.json"))
    said = commands.refuses(*words, "--account", f"safe:{SELLER}")
    assert said.startswith(f'account: "{SELLER}" does not sign here; write the order with ')


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sell", "100", "--buy", "1", "--for", "1", "--in", "USD"), "is given besides --sell"),
        (("--for", "1", "--in", "USD"), 'sell: "" is missing; give --sell, or --buy'),
        (("--sell", "1", "--in", "USD"), 'for: "" is missing; give --for, or --price'),
        (("--sell", "1", "--for", "1"), 'in: "" is missing; say in which money: --in USD'),
        (("--sell", "1.005", "--for", "1", "--in", "USD"), "has 3 decimals and only 2 exist"),
        (("--sell", "0", "--for", "1", "--in", "USD"), 'sell: "0" is nothing'),
        (("--sell", "1", "--for", "0", "--in", "USD"), 'for: "0" is nothing'),
        (("--sell", "1", "--for", "1", "--in", "EUR"), "is no currency of QUAY9"),
        (("--sell", "1", "--for", "1", "--in", "ETH"), "cannot be taken by allowance"),
        (("--sell", "0.01", "--price", "0.00001", "--in", "USD"), "its smallest unit cannot be"),
        ((*SELL, "--fee", "0.25%"), 'fee: "0.25%" is given without --venue'),
        ((*SELL, "--venue", OWNER), "is given without --fee"),
        ((*SELL, "--venue", OWNER, "--fee", "1.5%"), "is over 1.00%, the most there may be"),
        ((*SELL, "--tax-to", OWNER, "--tax", "1"), 'tax: "1" is no percentage'),
        ((*SELL, "--until", "2020-01-01"), "is not later than the chain's time"),
        ((*SELL, "--until", "2999-01-01"), "is more than 400 days ahead"),
        ((*SELL, "--until", "tomorrow"), 'until: "tomorrow" is no time'),
        ((*SELL, "--least", "101"), "is more than the order is for"),
        ((*SELL, "--taker", SELLER), "is the maker itself"),
        ((*SELL, "--maker", SELLER), "is given for an order that the account signs"),
        ((*SELL, "--settlement", OWNER), "there is no TradeSettlement at"),
        ((*SELL, "--signature", "0x12"), "is given without the order that it is of"),
    ],
    ids=lambda value: None if isinstance(value, tuple) else value.replace(" ", "-")[:24],
)
def test_an_order_that_cannot_be_meant_is_refused(commands, tmp_path, words, said):
    path = tmp_path / "order.json"
    assert said in commands.refuses("order", "sign", *words, "--out", str(path), *AS_SELLER)
    assert not path.exists()


def test_a_file_that_is_there_is_not_written_over(commands, file):
    said = commands.refuses("order", "sign", *SELL, "--out", file, *AS_SELLER)
    assert "is there already, and an order that was signed stays good" in said


# ------------------------------------------------------------------------------------ wrong files


def test_files_that_were_changed_or_are_for_elsewhere_are_refused(market, commands, file):
    path = Path(file)
    text = path.read_text()
    for old, new, said in (
        ('"amount": "100000.000000"', '"amount": "1.000000"', "is not what its amount 1.000000 is"),
        ('"chain_id": 31337', '"chain_id": 1', "choose its network with --network"),
        (market.contract.address, OWNER, f"give --settlement {OWNER} if you trust that contract"),
        (SELLER, BUYER, "they were changed; ask its maker for the file"),
        ('"version": 1', '"version": 9', "order.json"),
        ("}", "", "is not JSON"),
    ):
        path.write_text(text.replace(old, new))
        if old == '"version": 1':
            assert "version" in commands.refuses("order", "fill", file, *AS_BUYER)
        else:
            assert said in commands.refuses("order", "fill", file, *AS_BUYER)
    foreign = json.loads(text)
    foreign["signature"] = f"0x{signer(2).sign_typed(market.signed().message).hex()}"
    path.write_text(json.dumps(foreign))
    assert f"its signature is not {SELLER}'s" in commands.refuses("order", "fill", file, *AS_BUYER)
    assert "is not" in commands.refuses("order", "post", file)


def test_an_order_that_has_ended_is_refused(commands, file):
    """By its record, and by its time."""
    commands.close_record()
    said = commands.refuses("order", "fill", file, *AS_BUYER)
    assert "it ended with record 1, which closed at" in said
    commands.travel(commands.chain.now() + 40 * 86_400)
    said = commands.refuses("order", "fill", file, *AS_BUYER)
    assert "2 problems in the fill" in said
    assert "it was good until" in said


# --------------------------------------------------------------------------- the board, and the end


def test_orders_are_posted_listed_and_cancelled(commands, file, tmp_path):
    words = ("--buy", "20", "--price", "950.00", "--in", "USD")
    bid = sign(commands, tmp_path / "bid.json", *words, account=AS_BUYER)
    assert "No order about QUAY9 is to be shown" in commands.gist("order", "list")
    posted = commands.facts("order", "post", file)
    assert commands.facts("order", "post", file) == {**posted, "resumed": True}
    commands.says("order", "post", bid)
    commands.says("order", "fill", file, "--amount", "40", *AS_BUYER)
    said = commands.gist("order", "list")
    assert "sell 100.00 60.00 1,000.00 USD" in said
    assert "USD bid 950.00, ask 1,000.00, spread 50.00" in said
    found = commands.facts("order", "list", "--csv", str(tmp_path / "orders.csv"))
    with (tmp_path / "orders.csv").open() as rows:
        written = list(csv.DictReader(rows))
    assert [row["digest"] for row in written] == [one["digest"] for one in found["orders"]]
    assert written[0]["left"] == cells({"left": found["orders"][0]["left"]})["left"] == "60.00"
    mine = commands.facts("order", "list", "--mine", *AS_BUYER)["orders"]
    assert [one["maker"] for one in mine] == [BUYER]
    assert commands.facts("order", "list", "--maker", OWNER)["orders"] == []
    assert "besides --mine" in commands.refuses("order", "list", "--mine", "--maker", OWNER)

    assert "who alone can cancel" in commands.refuses("order", "cancel", file, *AS_BUYER)
    cancelled = commands.facts("order", "cancel", file, *AS_SELLER)
    assert cancelled["resumed"] is False
    assert commands.facts("order", "cancel", file, *AS_SELLER) == {**cancelled, "resumed": True}
    said = commands.refuses("order", "fill", file, "--reference", "late", *AS_BUYER)
    assert "it was filled whole before, or cancelled" in said
    below = ("order", "cancel", "--below", "10", *AS_BUYER)
    assert commands.facts(*below)["transaction"]
    assert commands.facts(*below)["resumed"] is True
    assert commands.facts("order", "list", "--open")["orders"] == []
    nonce = commands.facts("order", "cancel", "--nonce", "11", "--nonce", "12", *AS_BUYER)
    assert nonce["change"] == "cancel orders 11, 12"
    assert "give one of: the order's FILE, --nonce, --below" in commands.refuses("order", "cancel")


def test_money_that_only_calls_itself_so_is_refused(market, commands, tmp_path):
    """Another token of the same symbol and decimals, which the asset's file does not name."""
    with market.operator(0) as operator:
        call = deploy_call(artifact("Dollar"), "Fake Dollar", "USD", 6)
        fake = operator.send_one("fake", call).contract_address
    words = ("--buy", "10", "--for", "10,000.00", "--in", fake)
    bid = sign(commands, tmp_path / "fake.json", *words, account=AS_BUYER)
    said = commands.refuses("order", "fill", bid, *AS_SELLER)
    assert said == (
        f'order: "{fake}" calls itself USD, but QUAY9 names no such currency; look at what it is, '
        f"and give --in {fake} if it is the money that you mean"
    )
    assert commands.refuses("order", "explain", bid, *AS_SELLER) == said
    said = commands.refuses("order", "fill", bid, "--in", "USD", *AS_SELLER)
    assert f"is not the money of the order, which is {fake}" in said
    assert "2 problems in the fill" in commands.refuses(
        "order", "fill", bid, "--in", fake, *AS_SELLER
    )
    commands.says("order", "post", bid)
    assert f"buy 10.00 10.00 1,000.00 {fake}" in commands.gist("order", "list")


def test_the_market_is_there_once_and_says_where(commands):
    shown = commands.facts("market", "show")
    assert len(shown["contracts"]) == 7
    assert all(one["ours"] for one in shown["contracts"])
    assert (shown["asset"], shown["holds_appointed"]) == ("QUAY9", False)
    assert "already there" in commands.gist("market", "deploy")
    assert commands.facts("market", "deploy")["resumed"] is True
    holds = shown["contracts"][1]["address"]
    commands.says("settings", "holds-contract", holds)
    assert commands.facts("market", "show")["holds_appointed"] is True
    assert "QUAY9 lets it hold shares" in commands.gist("market", "show")


def test_without_the_contracts_every_command_names_what_puts_them_there(commands, file):
    commands.anvil.rpc("anvil_setCode", spender(commands), "0x")
    for words in (
        ("sign", *SELL, "--out", file + "2"), ("explain", file), ("fill", file), ("post", file),
        ("list",), ("cancel", file),
    ):  # fmt: skip
        said = commands.refuses("order", *words)
        assert said.startswith("there is no TradeSettlement at ")
        assert said.endswith("`prorata market deploy` puts it there, for everybody")
    words = ("approve", "--spender", "settlement", "--amount", "1")
    assert "`prorata market deploy` puts it there" in commands.refuses(*words)

"""What is prepared is what happens, in an offering, a trade and a meeting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from prorata.chain.node import RpcChain
from prorata.errors import InputError
from prorata.market.order_files import read_order
from prorata.market.singletons import singleton_address
from prorata.values.times import moment
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.cli.test_meetings import terms as meeting_terms
from tests.prorata.cli.test_offers import terms as offer_terms
from tests.prorata.market.traders import BUYER, DOLLAR, OWNER, SELLER, Market, opened_market
from tests.prorata.service.preparations import balances, prepared, send

pytestmark = pytest.mark.slow

KEY_OF_SELLER = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
"""Anvil's second account, which everybody knows."""
AS_SELLER = ("--account", "TEST::1")
DAY = 86_400


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with opened_market(tmp_path_factory.mktemp("prepared")) as market:
        with market.operator(0) as operator:
            operator.send_one("fund/owner", market.dollars.mint(OWNER, 1_000_000 * DOLLAR))
        market.commands.says("settings", "holds-contract", singleton_address("Holds"))
        yield market


@pytest.fixture
def commands(opened: Market) -> Iterator[Commands]:
    with kept(opened.commands.anvil.url, opened.commands.folder):
        yield opened.commands


def test_a_subscription_is_paid_for_and_placed(
    opened: Market, commands: Commands, tmp_path: Path
) -> None:
    """Law 112: the allowance is exact, and the second time nothing is left to do."""
    commands.says("offer", "open", offer_terms(opened, tmp_path / "offer.yaml"), *AS_SELLER)
    told = prepared(commands, "subscribe", BUYER, offering="First issue", shares="4")
    assert [one["function"] for one in told["transactions"]] == ["approve", "place"]
    before = balances(commands, told)
    send(commands, BUYER, told)
    after = balances(commands, told)
    assert {
        (one["account"], one["change"]["address"]): int(one["change"]["units"])
        for one in told["balance_changes"]
    } == {place: after[place] - before[place] for place in before}
    assert after[BUYER, opened.dollars.address] == before[BUYER, opened.dollars.address] - (
        400 * DOLLAR
    )
    with pytest.raises(InputError, match="give --shares"):
        prepared(commands, "subscribe", BUYER, offering="First issue", money="400")


def test_an_order_is_signed_by_the_wallet_and_filled_by_another(
    opened: Market, commands: Commands, tmp_path: Path
) -> None:
    """Law 112: the message is the order that the settlement contract takes."""
    opened.allow()
    until = moment(commands.chain.now() + DAY)
    told = prepared(
        commands, "order", SELLER, side="sell", shares="10", money="10,000.00", currency="USD",
        until=until,
    )  # fmt: skip
    assert told["transactions"] == []
    message = told["typed_data"]
    assert message["message"]["maker"] == SELLER
    signed = Account.sign_message(encode_typed_data(full_message=message), KEY_OF_SELLER).signature
    file = tmp_path / "unsigned.json"
    other = prepared(
        commands,
        "order",
        SELLER,
        side="sell",
        shares="10",
        money="10,001.00",
        currency="USD",
        until=until,
    )["typed_data"]["message"]
    assert other["nonce"] != message["message"]["nonce"]
    words = (
        "--nonce",
        str(message["message"]["nonce"]),
        "--sell",
        "10",
        "--for",
        "10,000.00",
        "--in",
        "USD",
        "--until",
        until,
    )
    commands.says("order", "sign", *words, "--maker", SELLER, "--unsigned", "--out", str(file))
    drafted = read_order(file, RpcChain(commands.anvil.url), message["domain"]["verifyingContract"])
    again = json.loads(json.dumps(message, default=str))
    assert {k: str(v) for k, v in drafted.message["message"].items()} == {
        k: str(v) for k, v in again["message"].items()
    }
    bound = tmp_path / "signed.json"
    commands.says(
        "order", "sign", "--from", str(file), "--signature", f"0x{signed.hex().removeprefix('0x')}",
        "--out", str(bound),
    )  # fmt: skip
    commands.says("order", "fill", str(bound), "--account", "TEST::2")


def test_a_vote_is_cast(opened: Market, commands: Commands, tmp_path: Path) -> None:
    """Law 112: it stands at the meeting as it was prepared."""
    record = commands.close_record()
    path = tmp_path / "meeting.yaml"
    path.write_text(meeting_terms(record, commands.chain.now() + DAY))
    commands.says("meeting", "convene", str(path))
    commands.travel(commands.chain.now() + DAY + 60)
    told = prepared(commands, "vote", SELLER, meeting=1, choice="1 for, rest against")
    assert [one["function"] for one in told["transactions"]] == ["vote"]
    send(commands, SELLER, told)
    assert prepared(commands, "vote", SELLER, meeting=1, choice="1 for, rest against")["done"]
    del opened

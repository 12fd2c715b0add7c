"""The market's routes on a real chain: they say what the commands and the contracts say then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from prorata.contracts.trade_settlement import PARTS
from prorata.market.fills import fill
from prorata.market.order_ends import cancel_below, cancel_order, post_order
from prorata.market.singletons import singleton_address
from prorata.service.app import create_app
from prorata.service.settings import Settings
from prorata.values.times import moment
from tests.amounts import units
from tests.prorata.cli.kept import kept
from tests.prorata.cli.test_meetings import terms as meeting_terms
from tests.prorata.cli.test_offers import terms as offer_terms
from tests.prorata.market.traders import (
    BUYER,
    DOLLAR,
    OWNER,
    SELLER,
    STRANGER,
    Market,
    opened_market,
)
from tests.prorata.service.client import Client
from tests.prorata.service.conftest import SECRET

pytestmark = pytest.mark.slow

AS_OWNER, AS_SELLER, AS_BUYER = (("--account", f"TEST::{n}") for n in range(3))
HOUR, DAY = 3_600, 86_400
Ask = Callable[..., Any]
SAID = {
    "record closed": "its record is over",
    "filled": "filled or cancelled",
    "cancelled": "filled or cancelled",
}
"""What `prorata order list` calls them."""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """Orders, an offering, a distribution that one has claimed, and a meeting with votes."""
    files = tmp_path_factory.mktemp("read")
    with opened_market(tmp_path_factory.mktemp("market")) as opened:
        commands = opened.commands
        with opened.operator(0) as operator:
            operator.send_one("fund/owner", opened.dollars.mint(OWNER, 1_000_000 * DOLLAR))
        commands.says("settings", "holds-contract", singleton_address("Holds"))
        _trade(opened)
        _offer(opened, files)
        _distribute(opened)
        _meet(opened, files)
        commands.says("follow", "--once")
        yield opened


def _trade(opened: Market) -> None:
    opened.allow()
    parts = opened.signed(least=1_000, through_records=True)
    bid = opened.signed(
        2, sells=False, money=99_000 * DOLLAR, least=1, nonce=PARTS | 5, through_records=True
    )
    whole = opened.signed(money=30_001 * DOLLAR, shares=3_000)
    private = opened.signed(money=1_000 * DOLLAR, taker=BUYER)
    gone = opened.signed(money=2_000 * DOLLAR, least=1)
    short = opened.signed(money=3_000 * DOLLAR, valid_until=opened.commands.chain.now() + HOUR)
    below = opened.signed(2, sells=False, money=4_000 * DOLLAR, nonce=1)
    with opened.operator(0) as operator:
        for signed in (parts, bid, whole, private, gone, short, below):
            post_order(operator, signed)
    with opened.operator(2) as operator:
        fill(operator, parts, 4_000)
        fill(operator, whole, 3_000)
        fill(operator, gone, 500)
        cancel_below(operator, opened.contract, 2)
    with opened.operator(1) as operator:
        cancel_order(operator, gone)


def _offer(opened: Market, files: Path) -> None:
    commands = opened.commands
    commands.says("offer", "open", offer_terms(opened, files / "offer.yaml"), *AS_SELLER)
    commands.says("subscribe", "--shares", "9", *AS_BUYER)
    commands.says("subscribe", "--shares", "6", *AS_OWNER)
    commands.travel(commands.chain.now() + 2 * HOUR + 1)
    commands.says("offer", "settle", *AS_OWNER)
    second = offer_terms(opened, files / "second.yaml", name="Second issue")
    commands.says("offer", "open", second, *AS_SELLER)
    commands.says("subscribe", "--shares", "4", "--offer", "Second issue", *AS_BUYER)


def _distribute(opened: Market) -> None:
    commands = opened.commands
    for amount, more in (("1,000.01", ()), ("77.77", ("--exclude", OWNER))):
        record = commands.close_record()
        commands.says(
            "distribute", "--record", str(record), "--currency", "USD", "--kind", "rent",
            "--amount", amount, *more, *AS_OWNER,
        )  # fmt: skip
    commands.says("claim", "--id", "1", *AS_BUYER)


def _meet(opened: Market, files: Path) -> None:
    commands = opened.commands
    record = commands.close_record()
    path = files / "meeting.yaml"
    path.write_text(meeting_terms(record, commands.chain.now() + DAY))
    commands.says("meeting", "convene", str(path))
    commands.travel(commands.chain.now() + DAY + 60)
    commands.says("meeting", "vote", "1", "1 for, 2-3 against", *AS_SELLER)
    commands.says("meeting", "vote", "1", "for", *AS_BUYER)
    commands.travel(commands.chain.now() + 2)
    commands.says("meeting", "vote", "1", "against, abstain, for", *AS_BUYER)


@pytest.fixture(scope="module")
def ask(market: Market) -> Iterator[Ask]:
    with asked(market) as asking:
        yield asking


@contextmanager
def asked(market: Market, *audits: str) -> Iterator[Ask]:
    """The answer below the asset's path."""
    token = market.token.address
    settings = Settings(
        str(market.commands.folder / "ledger.db"), (SECRET,), public=frozenset({token}),
        units={(market.commands.chain.chain_id, market.dollars.address): market.dollars.unit},
        anybody_per_minute=0, audits=audits,
    )  # fmt: skip
    with Client(create_app(settings)) as client:

        def asking(path: str, **params: Any) -> Any:
            answer = client.get(f"/v1/assets/{token}{path}", params=params)
            assert answer.status_code == 200, answer.text
            return answer.json()

        yield asking


def of(amount: dict[str, Any] | None) -> int | None:
    return None if amount is None else int(amount["units"])


def test_orders_stand_as_the_contract_says(market: Market, ask: Ask) -> None:
    """Law 135: what is left of each order is what the settlement contract says of it."""
    listed = market.commands.facts("order", "list")["orders"]
    told = ask("/orders", state="all")["orders"]
    by_digest = {one["digest"]: one for one in told}
    assert set(by_digest) == {one["digest"] for one in listed}
    assert len(told) == 7
    for one in listed:
        mine = by_digest[one["digest"]]
        assert (of(mine["shares"]), of(mine["left"])) == (units(one["shares"]), units(one["left"]))
        assert (mine["side"], mine["price"], mine["maker"], mine["nonce"]) == (
            one["side"], one["price"], one["maker"], one["nonce"],
        )  # fmt: skip
        assert mine["valid_until"] == one["valid_until"]
        # What the contract says besides is of balances and allowances.
        if mine["state"] != "open":
            assert one["state"] == SAID.get(mine["state"], mine["state"])
    states = sorted((one["state"], of(one["filled"]), of(one["left"])) for one in told)
    assert states == [
        ("cancelled", 0, 0), ("cancelled", 500, 0), ("expired", 0, 10_000),
        ("filled", 3_000, 0), ("open", 0, 10_000), ("open", 4_000, 6_000),
        ("record closed", 0, 10_000),
    ]  # fmt: skip
    standing = ask("/orders")["orders"]
    assert [(one["side"], one["price"]) for one in standing] == [
        ("sell", "1000"), ("buy", "990"),
    ]  # fmt: skip
    assert [one["record"] is None for one in told] == [one in standing for one in told]
    assert {one["maker"] for one in ask("/orders", maker=BUYER)["orders"]} == {BUYER}


def test_an_order_stood_otherwise_before(market: Market, ask: Ask) -> None:
    """Law 135: the same as of any block before."""
    posted = [one["block"] for one in ask("/orders", state="all")["orders"]]
    first, last = min(posted), max(posted)
    assert len(ask("/orders", at=f"block:{first}")["orders"]) == 1
    before = ask("/orders", at=f"block:{last}")["orders"]
    assert {(one["state"], of(one["filled"])) for one in before} == {("open", 0)}
    assert len(before) == 7
    assert [one["taker"] for one in before if one["price"] == "10"] == [BUYER]
    assert ask("/trades", at=f"block:{last}")["trades"] == []


def test_trades_are_those_of_the_tape(market: Market, ask: Ask) -> None:
    """Law 135: and each trade is told once."""
    rows = market.commands.facts("tape")["trades"]
    told = ask("/trades")["trades"]
    assert [
        (units(one["shares"]), one["price_exact"], units(one["value"]), one["seller"], one["buyer"],
         one["reference"], one["transaction"], one["time"])
        for one in rows if one["kind"] == "order"
    ] == [
        (of(one["shares"]), one["price"], of(one["paid"]), one["seller"], one["buyer"],
         one["reference"], one["transaction"], one["time"])
        for one in told
    ]  # fmt: skip
    assert [one["price"] for one in told] == ["1000", "30001/30", "20"]


def test_offerings_are_as_their_reports(market: Market, ask: Ask) -> None:
    """Law 135: what was sold, and where the money is."""
    first, second = ask("/offerings")["offerings"]
    for told, name in ((first, "First issue"), (second, "Second issue")):
        report = market.commands.facts("offer", "status", name)
        [money] = told["money"]
        held = of(money["refundable"]) + of(money["proceeds"]) + of(money["owed"])
        assert [held] == [units(one) for one in report["escrowed"]]
        assert of(told["delivered"]) == units(report["delivered"])
        assert told["id"] == report["id"]
    assert (first["kind"], first["stage"], first["price"]) == ("offering", "delivered", "100")
    assert (of(first["cleared"]), of(first["delivered"])) == (1_000, 1_000)
    [money] = first["money"]
    assert [of(money[name]) for name in ("received", "raised", "refunded")] == [
        1_500 * DOLLAR, 1_000 * DOLLAR, 500 * DOLLAR,
    ]  # fmt: skip
    assert (second["stage"], second["takes_orders"]) == ("open", False)
    assert (second["price"], second["cleared"], of(second["bids"])) == (None, None, 400)
    assert ask("/offerings", kind="tender")["offerings"] == []
    when = f"block:{second['block'] + 1}"
    assert ask("/offerings", at=when)["offerings"][1]["takes_orders"] is True


def test_a_meeting_counts_as_the_contract(market: Market, ask: Ask) -> None:
    """Law 135: the votes that stand, and what they add up to."""
    [told] = ask("/meetings")["meetings"]
    facts = market.commands.facts("meeting", "tally", "1")
    assert (told["number"], told["stage"], told["vote_count"]) == (1, "open", 2)
    assert (of(told["eligible"]), of(told["present"]), told["quorate"]) == (
        units(facts["eligible"]), units(facts["present"]), facts["quorate"],
    )  # fmt: skip
    assert [
        (of(one["in_favour"]), of(one["against"]), of(one["abstained"]), one["carried"])
        for one in told["resolutions"]
    ] == [
        (units(one["for"]), units(one["against"]), units(one["abstained"]), one["carried"])
        for one in facts["results"]
    ]
    assert any(of(one["abstained"]) for one in told["resolutions"])
    [before] = ask("/meetings", at=f"block:{told['block']}")["meetings"]
    assert (before["stage"], before["vote_count"], of(before["present"])) == ("convened", 0, 0)
    assert of(before["eligible"]) == of(told["eligible"])


def test_what_a_holder_can_claim_is_what_the_vault_says(market: Market, ask: Ask) -> None:
    """Law 136: to the unit, and what is left of all holders is what the vault still has."""
    vault, dust = market.found.vault(), {1: 0, 2: 0}
    for who in (OWNER, SELLER, BUYER, STRANGER):
        told = ask(f"/holders/{who}/unclaimed", state="all")["unclaimed"]
        assert [one["number"] for one in told] == [1, 2]
        for one in told:
            number = one["number"]
            assert of(one["gross"]) == vault.entitlement(number, who).gross
            assert (one["state"] == "claimed") == vault.is_claimed(number, who)
            # There is no tax on it.
            assert of(one["left"]) == vault.claimable(number, who)
            dust[number] += of(one["left"])
        left = ask(f"/holders/{who}/unclaimed")["unclaimed"]
        assert left == [one for one in told if of(one["left"])]
    states = [one["state"] for one in ask(f"/holders/{BUYER}/unclaimed", state="all")["unclaimed"]]
    assert states == ["claimed", "claimable"]
    excluded = ask(f"/holders/{OWNER}/unclaimed", state="all")["unclaimed"][1]
    assert (excluded["state"], of(excluded["shares"])) == ("nothing", 0)
    for one in ask("/unclaimed")["distributions"]:
        assert 0 <= of(one["left"]) - dust[one["number"]] < 3


def test_before_a_record_closes_nobody_knows(market: Market, ask: Ask) -> None:
    """Law 136: what is not known yet is null, and no nought."""
    record = market.commands.facts("record", "--at", moment(market.commands.chain.now() + DAY))
    market.commands.says(
        "distribute", "--record", str(record["record"]), "--currency", "USD", "--kind", "rent",
        "--amount", "50", *AS_OWNER,
    )  # fmt: skip
    market.commands.says("follow", "--once")
    third = ask(f"/holders/{SELLER}/unclaimed")["unclaimed"][-1]
    told = [third[name] for name in ("number", "state", "shares", "eligible", "gross", "left")]
    assert told == [3, "record open", None, None, None, None]


def test_an_audit_that_fails_disputes_the_answers(market: Market, tmp_path: Path) -> None:
    """Law 137: as `prorata books --json` has written it, the refusal behind it included."""
    commands, file = market.commands, tmp_path / "audit.json"
    with kept(commands.anvil.url, commands.folder):
        file.write_text(commands.says("books", "--json"))
        with asked(market, str(file)) as ask:
            assert (ask("")["as_of"]["audit"], ask("")["disputed"]) == ("balanced", False)
        vault, rpc = market.found.vault().address, commands.anvil.rpc
        rpc("anvil_impersonateAccount", vault)
        rpc("anvil_setBalance", vault, hex(10**18))
        call = market.dollars.transfer(STRANGER, 1)
        body = {
            "from": vault,
            "to": call.to,
            "data": f"0x{call.data.hex()}",
            "gasPrice": hex(10**10),
        }
        rpc("eth_sendTransaction", body)
        commands.travel(commands.chain.now() + 10)
        done = commands.run("books", "--json")
        assert done.code == 1
        file.write_text(done.out)
        with asked(market, str(file)) as ask:
            told = ask("")
            assert (told["as_of"]["audit"], told["disputed"]) == ("differs", True)
            assert told["as_of"]["audited_to"] == commands.chain.block().number

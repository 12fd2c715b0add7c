"""Shares that the dividend vault owes, or has left over, when everybody's shares are exchanged."""

from __future__ import annotations

import json

import pytest

from prorata.values.times import moment
from tests.amounts import units
from tests.prorata.cli.opened import Commands
from tests.prorata.market.exchanges.exits import ANN, AS, BEN, CAT, DAN, DAY, Exits

NOTICE = "0x" + "5f6b" * 16
BASIS = ("--reason", "Order 12/2027 of a court", "--document", NOTICE)
MATURE = ("mature", "--price", "100.003 USD", "--document", NOTICE, "--at")
PRICE = 100_003_000
HELD = {ANN: 50_000, BEN: 3_333, CAT: 1, DAN: 100_000}
GIVEN = {ANN: 16_666, BEN: 1_111, CAT: 0, DAN: 33_333}
"""One share for three."""
STAYS = GIVEN[BEN] + 2
"""What is owed to Ben, and what his distribution has not divided yet."""


@pytest.fixture
def commands(exits) -> Commands:
    return exits.commands


def give(commands: Commands, *words: str) -> None:
    commands.says("stock-dividend", "1:3", "--record", str(commands.close_record()), *words)


def in_days(commands: Commands, days: int) -> str:
    return moment(commands.chain.now() + days * DAY)


def worth(*shares: int) -> int:
    """What these bring, each rounded down by itself."""
    return sum(one * PRICE // 100 for one in shares)


def paid(exits: Exits) -> dict[str, int]:
    """What everybody has beyond the million of the beginning."""
    return {who: exits.dollars.balance_of(who) - 10**12 for who in HELD}


def test_a_maturity_waits_until_every_share_that_can_be_paid_is_pushed(exits, commands):
    """Law 62: what the vault owes is pushed first, and then each share is paid to its holder."""
    give(commands, "--no-push")
    vault, at = commands.deployment.vault().address, in_days(commands, 20)
    owed = f'vault: "{vault}" still owes 511.10 QUAY9 to 3 holders'
    remedy = "push distribution 1 first: `prorata distribute --push-only 1`"
    said = {"gets": "2 USD", "mandatory": True, "opens_at": at, "document": NOTICE}
    terms = exits.terms("all", json.dumps({**said, "closes_at": in_days(commands, 50)}))
    price = ("--currency", "USD", "--fraction-price", "1.00")
    for words in (
        (*MATURE, at),
        (*MATURE, at, "--dry-run"),
        ("squeeze-out", "--acquirer", DAN, *MATURE[1:], at),
        ("exchange", "open", terms),
        ("exchange", "open", terms, "--dry-run"),
        ("reverse-split", "1:10", "--symbol", "QUAY1", "--at", at, *price, *BASIS),
    ):
        said = commands.refuses(*words)
        assert said.startswith(owed), words
        assert said.endswith(remedy), words
    commands.says("distribute", "--push-only", "1")
    commands.says(*MATURE, at)
    commands.travel(commands.chain.now() + 21 * DAY)
    commands.says(*MATURE, at)
    assert paid(exits) == {who: worth(HELD[who] + GIVEN[who]) for who in HELD}
    assert exits.token.total_supply() == 0
    assert commands.facts("books")["balanced"] is True


def test_shares_given_after_the_notice_are_pushed_before_the_first_page(exits, commands):
    at = in_days(commands, 2)
    commands.says(*MATURE, at)
    give(commands, "--no-push")
    commands.says("exchange", "fund", "1", "60,000")
    commands.travel(commands.chain.now() + 3 * DAY)
    for words in ((*MATURE, at), (*MATURE, at, "--dry-run"), ("exchange", "carry-out", "1")):
        assert "still owes 511.10 QUAY9 to 3 holders" in commands.refuses(*words)
    commands.says("distribute", "--push-only", "1")
    commands.says(*MATURE, at)
    assert paid(exits) == {who: worth(HELD[who] + GIVEN[who]) for who in HELD}
    assert commands.facts("books")["balanced"] is True


def test_what_a_frozen_holder_is_owed_stays_and_is_exchanged_when_it_is_released(exits, commands):
    """Laws 62 and 63: the money for it stays in the exchange, whenever the vault pays."""
    commands.says("freeze", "--wallet", BEN, *BASIS)
    give(commands)
    at, vault = in_days(commands, 2), commands.deployment.vault().address
    shown = commands.run(*MATURE, at, "--dry-run")
    assert f"of which it owes 11.11 QUAY9 to 1 holder, such as {BEN}, which is frozen" in " ".join(
        shown.err.split()
    )
    assert vault not in shown.out
    commands.says(*MATURE, at)
    commands.travel(commands.chain.now() + 3 * DAY)
    kept = commands.facts(*MATURE, at)["vault"]
    assert (units(kept["kept"]), units(kept["owed"]), kept["holders"]) == (STAYS, 1_111, 1)
    assert exits.dollars.balance_of(vault) == 0
    assert exits.token.total_supply() == exits.token.balance_of(vault) == STAYS
    assert paid(exits)[BEN] == 0
    assert "11.13 QUAY9" in commands.refuses("exchange", "close", "1")

    commands.says("freeze", "--wallet", BEN, "--release", *BASIS)
    assert "still owes 11.11 QUAY9 to 1 holder" in commands.refuses(*MATURE, at)
    commands.says("distribute", "--push-only", "1")
    commands.says(*MATURE, at)
    commands.says("exchange", "take", "1", *AS[BEN])
    assert paid(exits)[BEN] == worth(HELD[BEN], GIVEN[BEN])
    assert exits.token.total_supply() == 0
    commands.says("exchange", "close", "1")
    assert exits.dollars.balance_of(exits.place.address) == 0
    assert commands.facts("books")["balanced"] is True


def leave_over(commands: Commands) -> int:
    """Let stock dividends leave shares in the vault that are nobody's; how many."""
    token, vault = commands.deployment.token(), commands.deployment.vault()
    for ratio in ("1:7", "1:11", "2:13", "3:17"):
        record = str(commands.close_record())
        commands.says("stock-dividend", ratio, "--record", record)
        if left := token.balance_of(vault.address):
            assert left == vault.carried(token.address, token.address)
            return left
    raise AssertionError("no ratio has left anything over")


def test_what_is_nobodys_is_burnt_before_the_first_page(exits, commands):
    left, at = leave_over(commands), in_days(commands, 2)
    vault = commands.deployment.vault().address
    shown = commands.facts(*MATURE, at, "--dry-run")
    assert units(shown["vault"]["left_over"]) == left
    assert vault not in [one["holder"] for one in shown["holders"]]
    commands.says(*MATURE, at)
    commands.travel(commands.chain.now() + 3 * DAY)
    done = commands.facts(*MATURE, at)
    assert [units(done["vault"][name]) for name in ("kept", "left_over")] == [0, 0]
    assert exits.dollars.balance_of(vault) == exits.token.total_supply() == 0
    commands.says("exchange", "close", "1")
    assert commands.facts("books")["balanced"] is True
    assert commands.facts("log", "verify")["holds"] is True


def test_whoever_is_no_agent_leaves_what_is_nobodys_to_the_issuer(exits, commands):
    left, at = leave_over(commands), in_days(commands, 2)
    commands.says(*MATURE, at)
    commands.travel(commands.chain.now() + 3 * DAY)
    done = commands.facts("exchange", "carry-out", "1", *AS[DAN])
    assert units(done["vault"]["left_over"]) == exits.token.total_supply() == left
    assert commands.facts("books")["balanced"] is True
    commands.says(*MATURE, at)
    assert exits.token.total_supply() == 0
    assert commands.facts("books")["balanced"] is True


def test_a_buy_out_burns_what_is_nobodys_and_a_later_dividend_asks_for_it(exits, commands):
    left, vault = leave_over(commands), commands.deployment.vault().address
    commands.says("settings", "holds-contract", "market")
    commands.says("hold", "keeper", exits.place.address, "5,000 QUAY9", "--until", "+90d", *AS[DAN])
    words = ("squeeze-out", "--acquirer", DAN, *MATURE[1:], in_days(commands, 15))
    commands.says(*words)
    commands.travel(commands.chain.now() + 16 * DAY)
    commands.says(*words)
    commands.says("exchange", "close", "1")
    assert exits.dollars.balance_of(vault) == exits.token.balance_of(vault) == 0
    assert exits.token.balance_of(DAN) == exits.token.total_supply()
    assert commands.facts("books")["balanced"] is True

    record = str(commands.close_record())
    said = commands.refuses("stock-dividend", "1:4", "--record", record)
    assert f"lacks 0.0{left} QUAY9 that earlier distributions left over" in said
    file = exits.files / "left.csv"
    file.write_text(f"address,shares\n{vault},0.0{left}\n")
    commands.says("issue", str(file), "--tranche", "left over")
    commands.says("stock-dividend", "1:4", "--record", record)
    assert commands.facts("books")["balanced"] is True


def test_shares_that_somebody_sent_to_the_vault_are_neither_burnt_nor_exchanged(exits, commands):
    vault, at = commands.deployment.vault().address, in_days(commands, 2)
    commands.says("transfer", "--to", vault, "--amount", "2.50", *AS[ANN])
    commands.says(*MATURE, at)
    commands.travel(commands.chain.now() + 3 * DAY)
    said = commands.gist(*MATURE, at)
    assert "2.50 QUAY9 in the vault are not exchanged" in said
    assert exits.dollars.balance_of(vault) == 0
    back = ("--from", vault, "--to", ANN, "--amount", "2.50")
    commands.says("force-transfer", *back, *BASIS)
    commands.says(*MATURE, at)
    assert paid(exits)[ANN] == worth(HELD[ANN] - 250, 250)
    assert exits.token.total_supply() == 0


def test_a_reverse_split_leaves_what_a_frozen_holder_is_owed(exits, commands):
    commands.says("freeze", "--wallet", BEN, *BASIS)
    give(commands)
    price = ("--currency", "USD", "--fraction-price", "1.00")
    words = ("reverse-split", "1:10", "--symbol", "QUAY1", "--at", in_days(commands, 2))
    assert commands.run(*words, *price, *BASIS).code == 4
    commands.travel(commands.chain.now() + 3 * DAY)
    told = commands.run(*words, *price, *BASIS, "--json")
    done, vault = json.loads(told.out), commands.deployment.vault().address
    assert (told.code, done["finished"]) == (4, False)
    assert "it owes 11.11 QUAY9 to 1 holder" in done["skipped"][vault]
    assert exits.token.balance_of(vault) == exits.token.total_supply() == STAYS
    commands.says("freeze", "--wallet", BEN, "--release", *BASIS)
    assert "while QUAY9 is paused" in json.loads(
        commands.run(*words, *price, *BASIS, "--json").out
    )["skipped"][vault]  # fmt: skip
    commands.says("unpause", *BASIS)
    assert "still owes 11.11 QUAY9" in commands.refuses(*words, *price, *BASIS)
    commands.says("distribute", "--push-only", "1")
    assert commands.facts(*words, *price, *BASIS)["finished"] is True
    assert exits.token.total_supply() == 0
    assert commands.facts("books")["balanced"] is True

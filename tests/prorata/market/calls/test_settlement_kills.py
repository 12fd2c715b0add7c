"""A settlement that is killed at any moment: the next run ends as if nothing had been."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from prorata.market.calls.known_calls import find_call
from prorata.market.calls.reports import report_call
from prorata.market.calls.settlements import settle_call
from tests.prorata.cli.opened import Commands
from tests.prorata.income.killed import live_once
from tests.prorata.market.calls.crowds import offering, subscribe, subscriber, wanted_by

pytestmark = pytest.mark.slow

COUNT, PAGE = 36, 4
# Killed again and again, each time a little later: before and after each line of the journal, the
# sending, the looking for receipts.
LIVES = ((1, 2, 3, 5, 8), (13, 9, 14, 11))


def work(operator, found) -> None:
    call = find_call(found, None, ("offer",))
    settle_call(operator, call, page=PAGE)
    report_call(call).write(found.folder)


def live(commands: Commands, scratch: Path, moments) -> tuple[dict, int]:
    """Settle, killed so often, until it ends: what is then, and how many runs were killed."""
    anvil = commands.anvil
    snapshot = anvil.rpc("evm_snapshot")
    folder = scratch / f"life-{snapshot}"
    shutil.copytree(commands.folder, folder)
    try:
        ends = [live_once(commands.chain, folder, work, moment) for moment in moments]
        assert live_once(commands.chain, folder, work, 0) == 0
        return state(Commands(anvil, folder)), len(ends) - ends.count(0)
    finally:
        anvil.rpc("anvil_dropAllTransactions")
        assert anvil.rpc("evm_revert", snapshot)


def state(commands: Commands) -> dict:
    """Everything that must not depend on how often the settlement was killed."""
    found = commands.deployment
    call = find_call(found, None, ("offer",))
    people = [subscriber(number) for number in range(COUNT)]
    return {
        "events": Counter(
            (event.name, str(sorted(event.args.items(), key=str)))
            for event in call.events("Delivered", "Refunded", "NotDelivered", "PrincipalPaid")
            # What a page pays the seller depends on the page.
            if event.name != "PrincipalPaid"
        ),
        "shares": found.token().balances_of(people),
        "money": found.currency("USD").balances_of([*people, call.terms.principal]),
        "call": call.state,
        "account": (folder_text(found.folder, call)),
    }


def folder_text(folder: Path, call) -> str:
    return (folder / f"call-{call.short}.csv").read_text(encoding="utf-8")


def test_a_settlement_killed_at_any_moment_ends_as_one_that_was_not(anvil, chain, tmp_path):
    """Nobody is delivered to, paid or refunded twice, and nobody is forgotten (B7, B8)."""
    wanted = [wanted_by(number) for number in range(COUNT)]
    commands, call = offering(anvil, tmp_path, sum(wanted) // 2)
    subscribe(anvil, call, COUNT)
    commands.travel(call.terms.closes_at + 1)
    unharmed, _ = live(commands, tmp_path, ())
    assert sum(unharmed["shares"]) == sum(wanted) // 2
    assert unharmed["call"].delivered == sum(wanted) // 2
    for moments in LIVES:
        after, killed = live(commands, tmp_path, moments)
        assert after == unharmed, moments
        assert killed >= 2, moments

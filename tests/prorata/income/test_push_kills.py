"""A push that is killed, again and again, at any moment: the next run ends as if nothing had been.

A few lives are played here, killed at every kind of moment. With `PRORATA_KILLS=200` as many more
are, killed at moments and after fractions of a second that their numbers draw.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from prorata.assets.asset import Asset
from prorata.chain.abi import topics_of
from prorata.chain.calls import decode_logs
from prorata.contracts.vault import settlements
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment
from prorata.income.declarations import declare
from prorata.register.issuance import issue
from tests.prorata.conftest import close_record, crowd
from tests.prorata.income.killed import push_once

pytestmark = pytest.mark.slow

AMOUNT = 85_000_000_003
HOLDERS = 120
MORE_LIVES = int(os.environ.get("PRORATA_KILLS", "0"))

# Run after run dies in the first life, each a moment later than the one before: nothing written,
# half a line on paper, all of it on disk and nothing sent, all sent and not looked for, and so on.
LIVES = (range(1, 15), (20, 16, 18, 22))


class World:
    """A distribution to 120 holders, one of them frozen, and the chain before anybody is paid."""

    def __init__(self, anvil, operator, folder: Path, scratch: Path) -> None:
        named = {"name": "Crowd", "symbol": "CROWD", "authorised_shares": "1000000"}
        self.anvil, self.folder, self.scratch = anvil, folder, scratch
        self.people = [holding.address for holding in crowd(HOLDERS)]
        found = deploy(operator, Asset.of(named), folder, dollar=True)
        issue(operator, found, crowd(HOLDERS))
        close_record(anvil, operator, found)
        operator.send_one("freeze", found.token().set_address_frozen(self.people[33], True))
        self.chain, self.dollars = operator.chain, found.currency("USD")
        declare(operator, found, record_id=1, currency=self.dollars, amount=AMOUNT)
        operator.journal.close()

    def live(self, moments=(), delays=()) -> tuple[dict, int]:
        """Push, killed so often, until it ends: what is then, and how many runs were killed."""
        snapshot = self.anvil.rpc("evm_snapshot")
        folder = self.scratch / f"life-{snapshot}"
        shutil.copytree(self.folder, folder)
        try:
            ends = [push_once(self.chain, folder, moment) for moment in moments]
            ends += [push_once(self.chain, folder, 0, delay) for delay in delays]
            assert push_once(self.chain, folder, 0) == 0
            return self._state(Deployment.open(self.chain, folder)), len(ends) - ends.count(0)
        finally:
            self.anvil.rpc("anvil_dropAllTransactions")
            assert self.anvil.rpc("evm_revert", snapshot)

    def _state(self, found: Deployment) -> dict:
        """Everything that must not depend on how often the push was killed."""
        vault, last = found.vault(), self.chain.block().number
        topics = topics_of("DividendVault", "Claimed", "ClaimedMany")
        logs = list(self.chain.logs([vault.address], 0, last, [topics]))
        paid = Counter(settled.holder for settled in settlements(decode_logs(logs)))
        rows = (found.folder / "push-1.csv").read_text(encoding="utf-8").splitlines()
        return {
            "payments": paid,
            "balances": self.dollars.balances_of([*self.people, vault.address]),
            "distribution": vault.distribution(1),
            "claimed": vault.are_claimed(1, self.people),
            # The transactions of a push that was interrupted may be others.
            "account": [row.rpartition(",")[0] for row in rows],
        }


def test_a_push_killed_at_any_moment_ends_as_one_that_was_not(anvil, operator, folder, tmp_path):
    """Nobody is paid twice, nobody is forgotten, and the account is the same (Laws 4, 20)."""
    world = World(anvil, operator, folder, tmp_path)
    unharmed, _ = world.live()
    assert unharmed["payments"] == Counter(set(world.people) - {world.people[33]})
    for moments in LIVES:
        state, killed = world.live(moments)
        assert state == unharmed, moments
        assert killed >= 2, moments
    for number in range(MORE_LIVES):
        draw = random.Random(number)
        moments = [draw.randint(1, 40) for _ in range(draw.randint(0, 4))]
        delays = [draw.uniform(0.01, 1.0) for _ in range(draw.randint(1, 4))]
        state, _ = world.live(moments, delays)
        assert state == unharmed, (number, moments, delays)

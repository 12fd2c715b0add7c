"""What stands in the way, as it is asked from here, is what the contract that explains it says."""

from __future__ import annotations

import pytest

from prorata.chain.abi import function
from prorata.contracts.share_exchange import ExchangeObstacleCode
from prorata.deployments.market_contracts import EXCHANGE_EXPLAINER, singleton_address
from prorata.market.exchanges.elective import check_exchange
from tests.prorata.market.exchanges.exits import ANN, BEN, CAT, DAN, DAY, OWNER, Exits

BASIS = ("--reason", "Order 12/2027 of a court", "--document", "0x" + "ab" * 32)
REDEMPTION = 'gets: 98.50 USD\nfunding: 40,000\nday_limit: "450"\n'
PRICED = f"gets: 1 USD\nfunding: 9\nvaluer: '{OWNER}'\nmost_price: 2 USD\nmax_age: 1d\n"
RIGHTS = "pays: 5.00 USD\nper: 2\n"
PURCHASE = f"gets: 2 USD\nshares_go_to: '{DAN}'\nfunding: 500\n"
LATER = "gets: 1 USD\nopens_at: 2060-01-01\nfunding: 3\n"
MATURE = ("mature", "--price", "1 USD", "--at", "+1h", "--document", "0x" + "ab" * 32)

NOTHING = ()
FROZEN = (("freeze", "--wallet", ANN, "--amount", "400", *BASIS),)
BLOCKED = (("freeze", "--wallet", ANN, *BASIS),)
PAUSED = (("pause", *BASIS),)

CASES = {
    "it passes": (REDEMPTION, NOTHING, ANN, 10_000, 0),
    "too many for the day": (REDEMPTION, NOTHING, ANN, 45_001, 0),
    "more than it has, and than is funded": (REDEMPTION, NOTHING, BEN, 60_000, 0),
    "nothing": (REDEMPTION, NOTHING, BEN, 0, 0),
    "most of it frozen": (REDEMPTION, FROZEN, ANN, 20_000, 0),
    "the wallet frozen": (REDEMPTION, BLOCKED, ANN, 100, 0),
    "paused": (REDEMPTION, PAUSED, ANN, 100, 0),
    "an old price": (PRICED, NOTHING, ANN, 100, 2 * DAY),
    "more than it can pay": (RIGHTS, NOTHING, CAT, 1, 0),
    "no allowance": (RIGHTS, NOTHING, ANN, 301, 0),
    "the acquirer itself": (PURCHASE, NOTHING, DAN, 100, 0),
    "to an acquirer": (PURCHASE, NOTHING, ANN, 30_000, 0),
    "too early": (LATER, NOTHING, ANN, 200, 0),
    "nobody need come": (None, (MATURE,), ANN, 100, 4_000),
}


@pytest.mark.parametrize("name", CASES)
def test_obstacles_and_the_most_are_those_of_the_explainer(exits: Exits, name: str) -> None:
    terms, before, holder, shares, wait = CASES[name]
    commands = exits.commands
    if terms is not None:
        commands.says("exchange", "open", exits.terms("terms", terms))
    for words in before:
        commands.says(*words)
    commands.travel(commands.chain.now() + wait + 1)
    check = check_exchange(commands.chain, exits.place, 1, holder, shares)
    asked = function(EXCHANGE_EXPLAINER, "explain")
    answer = commands.chain.call(
        singleton_address(EXCHANGE_EXPLAINER), asked.encode(1, holder, shares)
    )
    obstacles, refusals, most = asked.decode(answer)
    found = check.case.explanation
    assert [one.code for one in found.obstacles] == [
        ExchangeObstacleCode(one["code"]) for one in obstacles
    ]
    assert found.most == most
    assert [one.code for one in found.refusals] == [one["code"] for one in refusals]
    assert len(check.sentences) >= bool(obstacles)

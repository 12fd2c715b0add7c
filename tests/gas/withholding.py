"""What withholding costs, from fixed inputs on a fresh Anvil: 200 rates, and certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.chainkit import Deployed
from tests.gas.compliance import SWITZERLAND, investor
from tests.gas.story import START, fresh, person

DEFAULTS = [(0, 255, kind, 3_000) for kind in range(5)]
RATES = DEFAULTS + [(country, 255, 2, 1_500) for country in range(600, 795)]
CERTIFICATE = (500, 31, START, START + 10**9, b"\1" * 32)
GROSS = 187_654_321_987
RENT = 2

# A tax is asked for within a claim, which has paid for its transaction.
TRANSACTION = 21_000


def measure(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> dict[str, int]:
    """The gas of each labelled operation; that of a tax with everything cold, and its arguments."""
    assert any(country == SWITZERLAND for country, *_ in RATES)
    gas: dict[str, int] = {}
    with fresh(artifacts, anvil) as kit:
        clock = START
        owner, collector = kit.accounts[:2]

        def send(contract: Deployed, function: str, *args: Any) -> int:
            nonlocal clock
            clock += 12
            kit.next_block_at(clock)
            return contract.send(function, *args).gas

        token = kit.deploy("BareToken")
        registry = kit.deploy("InvestorRegistry", owner, [owner])
        policy = kit.deploy("WithholdingPolicy", owner, registry.address, collector, RATES)
        gas["deploy: WithholdingPolicy"] = policy.receipt.gas
        people = [person(i) for i in range(100)]
        send(registry, "register", people, [investor(i + 1) for i in range(100)])
        gas["snapshot: batch of 100, per holder"] = send(policy, "snapshot", people) // 100
        certified = send(policy, "certify", people[:50], [CERTIFICATE] * 50)
        gas["certify: batch of 50, per certificate"] = certified // 50
        gas["rates: a table of 200"] = send(policy, "setRates", RATES, 0)
        send(token, "setTime", 1, clock + 1)
        for label, holder in (("by the table", people[60]), ("by certificate", people[10])):
            asked = send(policy, "taxOn", token.address, 1, RENT, holder, GROSS)
            gas[f"tax: {label}"] = asked - TRANSACTION
    return gas

"""What compliance costs, from fixed inputs on a fresh Anvil: a token under rules of each weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.chainkit import ZERO
from tests.gas.story import START, Clocked, fresh, person

NONE: dict[str, Any] = {
    "registry": ZERO, "lockUps": ZERO, "eligible": True, "listed": 0, "listedUntil": 0,
    "countries": [0, 0, 0, 0], "classes": 0, "opensAt": 0, "closesAt": 0, "maxHolders": 0,
    "maxHoldersInCountry": 0, "limitedClass": 0, "maxHoldersOfClass": 0,
    "maxHoldersOfClassInCountry": 0, "maxHolding": 0, "minHolding": 0, "lockUp": 0, "supplyCap": 0,
}  # fmt: skip
SWITZERLAND = 756
ONLY = {"listed": 1, "countries": [0, 0, 1 << (SWITZERLAND - 512), 0]}

PLAIN, COUNTING = "eligibility and country", "with holders and holdings"
WEIGHTS: dict[str, dict[str, Any]] = {
    "eligibility alone": {},
    PLAIN: ONLY,
    "country and holding": ONLY | {"maxHolding": 9_999},
    COUNTING: ONLY | {"maxHolders": 2_000, "maxHolding": 9_999},
    "every rule": ONLY
    | {
        "listedUntil": START + 10**9, "classes": 0b10, "opensAt": START, "closesAt": START + 10**9,
        "maxHolders": 2_000, "maxHoldersInCountry": 1_000, "limitedClass": 1,
        "maxHoldersOfClass": 500, "maxHoldersOfClassInCountry": 400, "maxHolding": 9_999,
        "minHolding": 1, "lockUp": 86_400, "supplyCap": 10**9,
    },
}  # fmt: skip


def investor(number: int) -> int:
    """A person of Switzerland, eligible for years, packed as the registry keeps it."""
    return number | SWITZERLAND << 48 | 1 << 64 | (START + 10**9) << 72


def measure(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> dict[str, int]:
    """The gas of each labelled operation."""
    gas: dict[str, int] = {}
    for label, settings in WEIGHTS.items():
        _under(artifacts, anvil, gas, label, settings)
    return gas


def _under(
    artifacts: Mapping[str, Artifact],
    anvil: Anvil | None,
    gas: dict[str, int],
    label: str,
    settings: dict[str, Any],
) -> None:
    with fresh(artifacts, anvil) as kit:
        chain, owner = Clocked(kit), kit.accounts[0]
        deploy, send = chain.deploy, chain.send
        registry = deploy("InvestorRegistry", owner, [owner])
        chosen = NONE | settings | {"registry": registry.address}
        if chosen["lockUp"]:
            chosen["lockUps"] = deploy("LockUps").address
        rules = deploy("TransferRules", tuple(chosen.values()))
        token = deploy(
            "ShareToken", ("Harbour", "HARB", 0, owner, rules.address, registry.address, [owner])
        )
        bound = send(registry, "bindToken", token.address)
        if chosen["maxHolding"]:
            send(registry, "count", token.address, [])
        people = [person(i) for i in range(100)]
        registered = send(registry, "register", people, [investor(i + 1) for i in range(100)])
        issued = send(token, "batchMint", people, [1_000] * 100)
        # What was just issued may be locked up for a day.
        chain.clock += 3 * 86_400
        send(token, "transfer", people[1], 1, sender=people[0])
        gas[f"transfer: {label}"] = send(token, "transfer", people[1], 5, sender=people[0])
        gas[f"issue: {label}, per holder"] = issued // 100
        gas["register: batch of 100, per investor"] = registered // 100
        if label == PLAIN:
            gas["deploy: one more asset under rules"] = (
                token.receipt.gas + rules.receipt.gas + bound
            )
            gas["deploy: InvestorRegistry"] = registry.receipt.gas
            gas["deploy: TransferRules"] = rules.receipt.gas
            gas["freeze: a wallet, the first"] = send(token, "setAddressFrozen", people[5], True)
            gas["freeze: a part"] = send(token, "setFrozenTokens", people[6], 10)
            send(token, "setHoldsContract", owner)
            gas["hold: the first of a wallet"] = send(token, "hold", people[10], 10)
            gas["hold: another"] = send(token, "hold", people[10], 10)
            gas["deliver: a part of what is held"] = send(
                token, "deliver", people[10], people[11], 5
            )
            gas["release: a part of what is held"] = send(token, "release", people[10], 5)
            gas["deliver: all that is held"] = send(token, "deliver", people[10], people[11], 10)
            gas["forced transfer"] = send(token, "forcedTransfer", people[7], people[8], 5)
            send(registry, "register", [person(500)], [investor(10)])
            gas["recovery"] = send(token, "recoveryAddress", people[9], person(500), ZERO)

"""Terms of calls as the tests write them: by name, valid unless something is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.chainkit import ZERO

SALE, TENDER, AUCTION = range(3)
NO_LADDER = (ZERO, 0, 0)

# Each field of `ICallAuction.Terms` in order, with what its type has room for, in bits.
FIELDS: Mapping[str, int] = {
    "opener": 160, "salt": 256, "kind": 2, "token": 160, "lot": 96, "principal": 160, "mint": 1,
    "byAmount": 1, "lots": 64, "leastLots": 64, "budget": 128, "ladders": 0, "steps": 8,
    "opensAt": 48, "withdrawUntil": 48, "closesAt": 48, "closeBy": 48, "acceptBy": 48,
    "settleBy": 48, "returnUntil": 48, "leastOrder": 128, "mostPerPerson": 128, "registry": 160,
    "recordId": 32, "entitledLots": 64, "entitledShares": 96, "valuer": 160, "feeTo": 160,
    "feeBps": 16, "deliveryGas": 32, "takeUntil": 48, "sweepTo": 160, "documentHash": 256,
}  # fmt: skip


def call_terms(now: int, token: str, currency: str, who: str, **given: Any) -> dict[str, Any]:
    """A sale by `who` of 1,000 single shares at 5, for ten days from now; `given` goes over it."""
    kind = given.get("kind", SALE)
    plain = {
        "opener": who, "salt": b"\0" * 32, "kind": SALE, "token": token, "lot": 1,
        "principal": ZERO if kind == AUCTION else who, "mint": False, "byAmount": False,
        "lots": 0 if kind == AUCTION else 1_000, "leastLots": 0,
        "budget": 10_000 if kind == TENDER else 0, "ladders": ((currency, 5, 0), NO_LADDER),
        "steps": 1, "opensAt": now, "withdrawUntil": 0, "closesAt": now + 864_000,
        "closeBy": now + 950_400, "acceptBy": 0, "settleBy": now + 1_728_000, "returnUntil": 0,
        "leastOrder": 0, "mostPerPerson": 0, "registry": ZERO, "recordId": 0, "entitledLots": 0,
        "entitledShares": 0, "valuer": ZERO, "feeTo": ZERO, "feeBps": 0, "deliveryGas": 1_000_000,
        "takeUntil": 0, "sweepTo": ZERO, "documentHash": b"\0" * 32,
    }  # fmt: skip
    assert list(plain) == list(FIELDS)
    assert not given.keys() - plain.keys()
    return {**plain, **given}


def words(terms: Mapping[str, Any]) -> tuple[Any, ...]:
    """The terms in the order of the interface."""
    return tuple(terms[name] for name in FIELDS)

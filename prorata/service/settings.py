# SPDX-License-Identifier: MIT
"""What the service is told when it starts; nothing of it changes while it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from prorata.contracts.base import NATIVE
from prorata.errors import InputError
from prorata.service.analysis.published import NOTHING, Published
from prorata.values.amounts import ETHER, Unit

__all__ = ["SHORTEST_SECRET", "Settings"]

SHORTEST_SECRET = 32
"""Characters of the secret that signs cursors."""


@dataclass(frozen=True)
class Settings:
    """Where the ledger is, who may read what without a key, and what a request may cost.

    `secrets` sign cursors: the first one signs, all of them are accepted, so that a new one can
    take an old one's place without a cursor being refused. `webhook_secrets` are the master secrets
    of webhooks, the newest first. `public` are the tokens that anybody may read. `units` says how a
    currency is written, by chain and address; `audits` are the files in which the verdicts of
    audits are. `published` are indices, portfolios and a benchmark of the operator's files. Figures
    take `analysis_seconds` at most.
    """

    ledger: str
    secrets: tuple[str, ...]
    office: str | None = None
    webhook_secrets: tuple[str, ...] = ()
    public: frozenset[str] = frozenset()
    origins: tuple[str, ...] = ()
    units: Mapping[tuple[int, str], Unit] = field(default_factory=dict)
    body_bytes: int = 1_000_000
    statement_seconds: float = 5.0
    connections: int = 8
    blocks_behind: int = 20
    key_seconds: float = 10.0
    drain_seconds: float = 5.0
    audits: tuple[str, ...] = ()
    anybody_per_minute: int = 120
    key_per_minute: int = 1_200
    published: Published = NOTHING
    analysis_seconds: float = 20.0
    analysis_waiting: int = 8
    analysis_idle_seconds: float = 300.0

    def __post_init__(self) -> None:
        """Raises: InputError when there is no secret, or one that could be guessed."""
        if not self.secrets or any(len(one) < SHORTEST_SECRET for one in self.secrets):
            raise InputError.of(
                "secret",
                "…",
                f"has fewer than {SHORTEST_SECRET} characters",
                "make one with: python -c 'import secrets; print(secrets.token_hex(32))'",
            )

    @cached_property
    def digest(self) -> str:
        """Of what answers depend on besides the ledger."""
        told = repr((sorted(self.units.items(), key=repr), self.published.digest))
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def unit_of(self, chain_id: int, currency: str) -> Unit | None:
        """How amounts of a currency are written; None where nobody has said it."""
        return ETHER if currency == NATIVE else self.units.get((chain_id, currency))

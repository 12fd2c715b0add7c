# SPDX-License-Identifier: MIT
"""The register of a record range: what each holder's shares weigh in it."""

from __future__ import annotations

from collections.abc import Iterable

from prorata.chain.calls import DecodedEvent
from prorata.chain.events import find_events
from prorata.chain.types import Chain
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, InputError
from prorata.register.shares import Ledger

__all__ = ["RangeRegister", "balances_at_range", "balances_expected"]


# ------------------------------------------------------------------------------ who held how much


class RangeRegister(Ledger):
    """The share register as the record ranges over it see it: their ids are its record ids.

    It shares what `ledger` knows of accounts and persons, and so must be made when that is
    complete. `token` is the address of the `RecordRanges`. Shares now are the ledger's.
    """

    def __init__(self, ledger: Ledger, address: str) -> None:
        super().__init__(address)
        self.__dict__.update({**vars(ledger), "token": address})
        self.ledger = ledger
        self._components: list[tuple[tuple[int, int], ...]] = []

    @classmethod
    def over(cls, ledger: Ledger, address: str, events: Iterable[DecodedEvent]) -> RangeRegister:
        """The register of a token's record ranges, from the decoded events of their contract.

        Raises: BooksError when they make no sense.
        """
        register = cls(ledger, address)
        for event in events:
            register._define(event)
        return register

    @classmethod
    def read_over(
        cls, chain: Chain, ledger: Ledger, address: str, first_block: int, last_block: int
    ) -> RangeRegister:
        """The same from the chain, up to and including block `last_block`.

        Raises: BooksError, ChainError.
        """
        events = find_events(chain, [address], first_block, last_block)
        return cls.over(ledger, address, events)

    def _define(self, event: DecodedEvent) -> None:
        args, expected = event.args, len(self._components) + 1
        if event.name != "RangeDefined" or int(args["rangeId"]) != expected:
            raise BooksError(
                f"the record ranges {self.token} tell of {event.name} "
                f"{dict(args).get('rangeId', '')} where record range {expected} is next",
                "an event is missing; read them again from the contract's first block",
            )
        components = zip(map(int, args["recordIds"]), map(int, args["weights"]), strict=True)
        self._components.append(tuple(components))

    @property
    def asset(self) -> str:
        """The share token whose records the record ranges are made of."""
        return self.ledger.token

    @property
    def record_count(self) -> int:
        """Record ranges defined so far; their ids run from 1."""
        return len(self._components)

    def components_of(self, range_id: int) -> tuple[tuple[int, int], ...]:
        """Each record of a range with its weight.

        Raises: InputError for a record range that was never defined.
        """
        if not 1 <= range_id <= len(self._components):
            count = len(self._components)
            raise InputError.of(
                "record_range",
                range_id,
                "was never defined",
                f"give 1 to {count}" if count else "define a record range first",
            )
        return self._components[range_id - 1]

    def scheduled_time(self, record_id: int) -> int:
        """The second that was set for the last record of the record range."""
        return max(
            self.ledger.scheduled_time(number) for number, _ in self.components_of(record_id)
        )

    def cancelled_at(self, record_id: int) -> int | None:
        """When the first of its records was cancelled, since when it cannot close; or None."""
        found = (self.ledger.cancelled_at(number) for number, _ in self.components_of(record_id))
        return min((time for time in found if time is not None), default=None)

    def balances_at(self, record_id: int) -> dict[str, int]:
        """Weighted shares by holder when the record range had closed; who had none is left out."""
        self._closed(record_id)
        return self.balances_expected(record_id)

    def balances_expected(self, record_id: int) -> dict[str, int]:
        """The same if nobody trades any more: records that are open count the shares of now.

        Raises: InputError for a record range that was never defined, or has a cancelled record.
        """
        self.record_time(record_id)
        held: dict[str, int] = {}
        for number, weight in self.components_of(record_id):
            closed = self.ledger.is_closed(number)
            balances = self.ledger.balances_at(number) if closed else self.ledger.balances
            for account, shares in balances.items():
                held[account] = held.get(account, 0) + weight * shares
        return held

    def balance_at(self, account: str, record_id: int) -> int:
        """Weighted shares of `account` when the record range had closed."""
        self._closed(record_id)
        components = self.components_of(record_id)
        return sum(
            weight * self.ledger.balance_at(account, number) for number, weight in components
        )

    def total_supply_at(self, record_id: int) -> int:
        """All weighted shares when the record range had closed."""
        self._closed(record_id)
        components = self.components_of(record_id)
        return sum(weight * self.ledger.total_supply_at(number) for number, weight in components)


def balances_at_range(deployment: Deployment, range_id: int) -> dict[str, int]:
    """Everybody's weighted shares in a record range that has closed, read from events.

    They are compared with the chain's total, so that no holder can be missing.

    Raises: InputError when the record range was never defined or has not closed; BooksError.
    """
    held = _register(deployment).balances_at(range_id)
    total, supply = (
        sum(held.values()),
        deployment.record_ranges("pending").total_supply_at(range_id),
    )
    if total != supply:
        raise BooksError(
            f"the events give {total} weighted shares in record range {range_id}, and its contract "
            f"says "
            f"{supply}",
            "check that the node is in step with the chain",
        )
    return held


def balances_expected(deployment: Deployment, range_id: int) -> dict[str, int]:
    """Everybody's weighted shares in a range that may still be open, if nobody trades on.

    Raises: InputError when the record range was never defined; BooksError.
    """
    return _register(deployment).balances_expected(range_id)


def _register(deployment: Deployment) -> RangeRegister:
    chain, first = deployment.chain, deployment.manifest.first_block
    ledger = Ledger.read(chain, deployment.token().address, first)
    # Without regular blocks the newest one may be older than the record range's end.
    ledger.advance(max(ledger.until, chain.now()))
    newest, address = chain.block().number, deployment.record_ranges().address
    return RangeRegister.read_over(chain, ledger, address, first, newest)

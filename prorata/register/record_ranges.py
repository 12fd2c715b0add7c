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

__all__ = ["StreamRegister", "balances_at_stream", "balances_expected"]


# ------------------------------------------------------------------------------ who held how much


class StreamRegister(Ledger):
    """The share register as the streams over it see it: their ids are its record ids.

    It shares what `ledger` knows of accounts and persons, and so must be made when that is
    complete. `token` is the address of the `RecordStream`. Shares now are the ledger's.
    """

    def __init__(self, ledger: Ledger, address: str) -> None:
        super().__init__(address)
        self.__dict__.update({**vars(ledger), "token": address})
        self.ledger = ledger
        self._parts: list[tuple[tuple[int, int], ...]] = []

    @classmethod
    def over(cls, ledger: Ledger, address: str, events: Iterable[DecodedEvent]) -> StreamRegister:
        """The register of a token's streams, from the decoded events of their contract.

        Raises: BooksError when they make no sense.
        """
        register = cls(ledger, address)
        for event in events:
            register._define(event)
        return register

    @classmethod
    def read_over(
        cls, chain: Chain, ledger: Ledger, address: str, first_block: int, last_block: int
    ) -> StreamRegister:
        """The same from the chain, up to and including block `last_block`.

        Raises: BooksError, ChainError.
        """
        events = find_events(chain, [address], first_block, last_block)
        return cls.over(ledger, address, events)

    def _define(self, event: DecodedEvent) -> None:
        args, expected = event.args, len(self._parts) + 1
        if event.name != "StreamDefined" or int(args["streamId"]) != expected:
            raise BooksError(
                f"the streams {self.token} tell of {event.name} {dict(args).get('streamId', '')} "
                f"where stream {expected} is next",
                "an event is missing; read them again from the contract's first block",
            )
        parts = zip(map(int, args["recordIds"]), map(int, args["weights"]), strict=True)
        self._parts.append(tuple(parts))

    @property
    def asset(self) -> str:
        """The share token whose records the streams are made of."""
        return self.ledger.token

    @property
    def record_count(self) -> int:
        """Streams defined so far; their ids run from 1."""
        return len(self._parts)

    def parts_of(self, stream_id: int) -> tuple[tuple[int, int], ...]:
        """Each record of a stream with its weight.

        Raises: InputError for a stream that was never defined.
        """
        if not 1 <= stream_id <= len(self._parts):
            count = len(self._parts)
            raise InputError.of(
                "stream",
                stream_id,
                "was never defined",
                f"give 1 to {count}" if count else "define a stream first",
            )
        return self._parts[stream_id - 1]

    def record_time(self, record_id: int) -> int:
        """The second at whose end the last record of the stream closes."""
        return max(self.ledger.record_time(number) for number, _ in self.parts_of(record_id))

    def balances_at(self, record_id: int) -> dict[str, int]:
        """Weighted shares by holder when the stream had closed; who had none is left out."""
        self._closed(record_id)
        return self.balances_expected(record_id)

    def balances_expected(self, record_id: int) -> dict[str, int]:
        """The same if nobody trades any more: records that are open count the shares of now."""
        held: dict[str, int] = {}
        for number, weight in self.parts_of(record_id):
            closed = self.ledger.is_closed(number)
            balances = self.ledger.balances_at(number) if closed else self.ledger.balances
            for account, shares in balances.items():
                held[account] = held.get(account, 0) + weight * shares
        return held

    def balance_at(self, account: str, record_id: int) -> int:
        """Weighted shares of `account` when the stream had closed."""
        self._closed(record_id)
        parts = self.parts_of(record_id)
        return sum(weight * self.ledger.balance_at(account, number) for number, weight in parts)

    def total_supply_at(self, record_id: int) -> int:
        """All weighted shares when the stream had closed."""
        self._closed(record_id)
        parts = self.parts_of(record_id)
        return sum(weight * self.ledger.total_supply_at(number) for number, weight in parts)


def balances_at_stream(deployment: Deployment, stream_id: int) -> dict[str, int]:
    """Everybody's weighted shares in a stream that has closed, read from events.

    They are compared with the chain's total, so that no holder can be missing.

    Raises: InputError when the stream was never defined or has not closed; BooksError.
    """
    held = _register(deployment).balances_at(stream_id)
    total, supply = sum(held.values()), deployment.streams("pending").total_supply_at(stream_id)
    if total != supply:
        raise BooksError(
            f"the events give {total} weighted shares in stream {stream_id}, and its contract says "
            f"{supply}",
            "check that the node is in step with the chain",
        )
    return held


def balances_expected(deployment: Deployment, stream_id: int) -> dict[str, int]:
    """Everybody's weighted shares in a stream that may still be open, if nobody trades any more.

    Raises: InputError when the stream was never defined; BooksError.
    """
    return _register(deployment).balances_expected(stream_id)


def _register(deployment: Deployment) -> StreamRegister:
    chain, first = deployment.chain, deployment.manifest.first_block
    ledger = Ledger.read(chain, deployment.token().address, first)
    # Without regular blocks the newest one may be older than the stream's end.
    ledger.advance(max(ledger.until, chain.now()))
    newest, address = chain.block().number, deployment.streams().address
    return StreamRegister.read_over(chain, ledger, address, first, newest)

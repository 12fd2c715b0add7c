# SPDX-License-Identifier: MIT
"""The share register, rebuilt from events alone: who held how many shares at any moment.

`Ledger` knows nothing that the chain's log does not say: the token's events, in order, each with
the timestamp of its block. It asks the contract no question, so that what it says can be compared
with the contract's answers.

The rule it applies is the token's: a record closes at the end of its second, and a transfer
counts for it when its block's timestamp is that second or earlier. Every account keeps the
balances it has had with the time each began, so that any past moment costs one binary search.

It also knows the person behind an account: which wallet has taken the place of a lost one, and
which are frozen, since when. Both decide who may be paid, in the middle of a block if need be, so
they are kept by `Moment`, not by time.

Shares are integers of the token's smallest unit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from prorata.chain.calls import DecodedEvent
from prorata.chain.events import Moment, moment_of, stream_events
from prorata.chain.types import Chain
from prorata.errors import BooksError, InputError
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["Ledger"]

T = TypeVar("T", int, Moment)

# What a share token also tells, and what neither moves a share nor says who is to be paid: forced
# transfers and recoveries move theirs by a `Transfer` of their own.
_PASSED_OVER = frozenset(
    {
        "AgentAdded",
        "AgentRemoved",
        "Approval",
        "ComplianceAdded",
        "ContractURIUpdated",
        "DocumentRemoved",
        "DocumentUpdated",
        "EIP712DomainChanged",
        "ForcedTransfer",
        "Frozen",
        "HeldSet",
        "HoldsContractSet",
        "IdentityRegistryAdded",
        "OwnershipTransferStarted",
        "OwnershipTransferred",
        "Paused",
        "TokensFrozen",
        "TokensUnfrozen",
        "Unpaused",
        "UpdatedTokenInformation",
    }
)


class _History(Generic[T]):
    """The balances of one account: from `times[i]` on it was `amounts[i]`; before, zero."""

    __slots__ = ("amounts", "times")

    def __init__(self) -> None:
        self.times: list[T] = []
        self.amounts: list[int] = []

    @property
    def now(self) -> int:
        return self.amounts[-1] if self.amounts else 0

    def at(self, time: T) -> int:
        later = bisect_right(self.times, time)
        return self.amounts[later - 1] if later else 0

    def change(self, by: int, time: T) -> None:
        amount = self.now + by
        if self.times and self.times[-1] == time:
            self.amounts[-1] = amount
        else:
            self.times.append(time)
            self.amounts.append(amount)


class Ledger:
    """The register of one share token, as far as its events have been read.

    `until` is the time up to which they are known; a later moment is refused, since a transfer
    may still come that counts for it.
    """

    def __init__(self, token: str = ZERO_ADDRESS) -> None:
        self.token = token
        self.until = 0
        self.may_wait_ineligible = False
        """Whether the token was ever told to keep income back while its holder is not eligible.

        Who is eligible the registry knows: no event of the token tells.
        """
        self._accounts: dict[str, _History[int]] = {}
        self._supply: _History[int] = _History()
        self._records: list[int] = []
        self._cancelled: dict[int, int] = {}
        self._successions: dict[str, tuple[Moment, str]] = {}
        self._freezes: dict[str, _History[Moment]] = {}

    @classmethod
    def of(
        cls,
        events: Iterable[tuple[DecodedEvent, int]],
        token: str = ZERO_ADDRESS,
        until: int | None = None,
    ) -> Ledger:
        """The ledger of decoded events, each with its block's timestamp, in the chain's order.

        Raises: BooksError as `apply` does.
        """
        ledger = cls(token)
        for event, timestamp in events:
            ledger.apply(event, timestamp)
        if until is not None:
            ledger.advance(until)
        return ledger

    @classmethod
    def read(cls, chain: Chain, token: str, first_block: int, last: int | None = None) -> Ledger:
        """The ledger of the token at `token`, up to and including block `last` or the newest.

        `first_block` is the token's own or an earlier one.

        Raises: BooksError, ChainError.
        """
        newest = chain.block("latest" if last is None else last)
        events = stream_events(chain, [token], first_block, newest.number)
        return cls.of(events, token, newest.timestamp)

    @property
    def asset(self) -> str:
        """The share token whose holders these are."""
        return self.token

    # ------------------------------------------------------------------------ events

    def apply(self, event: DecodedEvent, timestamp: int) -> None:
        """Enter one event. Blocks come in order of time; one block may bring many events.

        Raises: BooksError when the event is not one of a share token's, takes shares that are
        not there, or comes out of order. The ledger then is as it was.
        """
        if timestamp < self.until:
            raise BooksError(
                f"an event {event.name} of time {timestamp} comes after one of {self.until}",
                "read the events in the order of their blocks",
            )
        if event.name == "Transfer":
            self._transfer(event.args, timestamp)
        elif event.name == "RecordScheduled":
            self._schedule(event.args)
        elif event.name == "RecordCancelled":
            self._cancel(int(event.args["recordId"]), timestamp)
        elif event.name == "RecoverySuccess":
            self._recover(event.args, moment_of(event, timestamp))
        elif event.name == "AddressFrozen":
            self._freeze(event.args, moment_of(event, timestamp))
        elif event.name == "IncomeHeldSet":
            self.may_wait_ineligible |= bool(event.args["whileIneligible"])
        elif event.name not in _PASSED_OVER:
            raise BooksError(
                f'the share token {self.token} tells of "{event.name}", which this ledger '
                "does not know",
                "use the version of prorata that the token was deployed with",
            )
        self.until = timestamp

    def advance(self, timestamp: int) -> None:
        """Note that up to `timestamp` nothing else has happened.

        Raises: BooksError when that is earlier than what is known.
        """
        if timestamp < self.until:
            raise BooksError(
                f"the time {timestamp} lies before {self.until}, to which events are known"
            )
        self.until = timestamp

    def _transfer(self, args: Mapping[str, Any], time: int) -> None:
        giver, receiver, shares = str(args["from"]), str(args["to"]), int(args["value"])
        # Checked first, so that a refused event changes nothing; to oneself one gives what one has.
        held = self._supply.now if giver == ZERO_ADDRESS else self.balance_of(giver)
        if shares < 0 or (giver != ZERO_ADDRESS and held < shares):
            raise BooksError(
                f"a transfer at time {time} takes {shares} shares from {giver}, who has {held}",
                "an event is missing or was altered; read them again from the token's first block",
            )
        if shares == 0 or giver == receiver:
            return
        if giver == ZERO_ADDRESS:
            self._supply.change(shares, time)
        else:
            self._history(giver).change(-shares, time)
        if receiver == ZERO_ADDRESS:
            self._supply.change(-shares, time)
        else:
            self._history(receiver).change(shares, time)

    def _schedule(self, args: Mapping[str, Any]) -> None:
        record_id, closes_at = int(args["recordId"]), int(args["closesAt"])
        if record_id != len(self._records) + 1:
            raise BooksError(
                f"record {record_id} is scheduled where record {len(self._records) + 1} is next",
                "an event is missing; read them again from the token's first block",
            )
        standing = [n for n in range(1, record_id) if n not in self._cancelled]
        if standing and closes_at <= self._records[standing[-1] - 1]:
            raise BooksError(
                f"record {record_id} closes at {closes_at}, no later than the one before it",
                "an event was altered; read them again from the token's first block",
            )
        self._records.append(closes_at)

    def _cancel(self, record_id: int, time: int) -> None:
        later = range(record_id + 1, len(self._records) + 1)
        known = 1 <= record_id <= len(self._records) and record_id not in self._cancelled
        if not known or time > self._records[record_id - 1] or set(later) - set(self._cancelled):
            raise BooksError(
                f"record {record_id} is cancelled at time {time}, and only the last record that is "
                "open can be",
                "an event is missing or was altered; read them again from the token's first block",
            )
        self._cancelled[record_id] = time

    def _recover(self, args: Mapping[str, Any], moment: Moment) -> None:
        lost, successor = str(args["lostWallet"]), str(args["newWallet"])
        if lost == successor or lost in self._successions or successor in self._successions:
            raise BooksError(
                f"{successor} takes the place of {lost} at time {moment[0]}, and one of them is "
                "lost already",
                "an event was altered; read them again from the token's first block",
            )
        self._successions[lost] = (moment, successor)

    def _freeze(self, args: Mapping[str, Any], moment: Moment) -> None:
        history = self._freezes.setdefault(str(args["userAddress"]), _History())
        history.change(int(bool(args["isFrozen"])) - history.now, moment)

    def _history(self, account: str) -> _History[int]:
        history = self._accounts.get(account)
        if history is None:
            history = self._accounts[account] = _History()
        return history

    # ------------------------------------------------------------------------- now

    def __iter__(self) -> Iterator[str]:
        """Every account that ever appeared, in order of appearance."""
        return iter(self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)

    @property
    def total_supply(self) -> int:
        """All shares in existence now."""
        return self._supply.now

    @property
    def balances(self) -> dict[str, int]:
        """Shares by holder now; who has none is left out."""
        return {account: h.now for account, h in self._accounts.items() if h.now}

    def balance_of(self, account: str) -> int:
        """Shares of `account` now."""
        history = self._accounts.get(account)
        return 0 if history is None else history.now

    @property
    def holders(self) -> list[str]:
        """Everyone with shares now, the largest first, equals in order of address."""
        balances = self.balances
        return sorted(balances, key=lambda account: (-balances[account], account))

    # ---------------------------------------------------------------------- persons

    @property
    def recovered(self) -> list[str]:
        """Every wallet that was lost and has a successor, in order of recovery."""
        return list(self._successions)

    def claimant_of(self, account: str) -> str:
        """Whose income of `account` is now: its last successor's, or its own."""
        while account in self._successions:
            account = self._successions[account][1]
        return account

    def claimant_at(self, account: str, moment: Moment) -> str:
        """Whose the income of `account` was at a moment."""
        while account in self._successions:
            since, successor = self._successions[account]
            if since > moment:
                break
            account = successor
        return account

    def is_frozen(self, account: str) -> bool:
        """Whether the wallet is frozen as a whole now."""
        return account in self._freezes and bool(self._freezes[account].now)

    def was_frozen(self, account: str, moment: Moment) -> bool:
        """Whether the wallet was frozen as a whole at a moment."""
        return account in self._freezes and bool(self._freezes[account].at(moment))

    # ---------------------------------------------------------------------- records

    @property
    def record_count(self) -> int:
        """Records scheduled so far; their ids run from 1."""
        return len(self._records)

    def record_time(self, record_id: int) -> int:
        """The second at whose end the record closes.

        Raises: InputError for a record that was never scheduled, or was cancelled.
        """
        time = self.scheduled_time(record_id)
        if self.cancelled_at(record_id) is not None:
            raise InputError.of("record", record_id, "was cancelled", "give another one")
        return time

    @property
    def record_times(self) -> list[int | None]:
        """When each record closes, that of `id` at index `id - 1`; None for a cancelled one."""
        return [
            None if self.cancelled_at(number) is not None else self.scheduled_time(number)
            for number in range(1, self.record_count + 1)
        ]

    def cancelled_at(self, record_id: int) -> int | None:
        """When a record was cancelled, or None."""
        return self._cancelled.get(record_id)

    def scheduled_time(self, record_id: int) -> int:
        """The second that was set for a record, whether or not it was cancelled later.

        Raises: InputError for a record that was never scheduled.
        """
        if not 1 <= record_id <= len(self._records):
            count = len(self._records)
            raise InputError.of(
                "record",
                record_id,
                "was never scheduled",
                f"give 1 to {count}" if count else "schedule a record date first",
            )
        return self._records[record_id - 1]

    def is_closed(self, record_id: int) -> bool:
        """Whether nothing can count for the record any more; one that was cancelled never is."""
        cancelled = self.cancelled_at(record_id) is not None
        return not cancelled and self.until > self.scheduled_time(record_id)

    def is_over(self, record_id: int, time: int) -> bool:
        """Whether at a time the record had closed, or been cancelled."""
        cancelled_at = self.cancelled_at(record_id)
        return (
            time > self.scheduled_time(record_id) if cancelled_at is None else time >= cancelled_at
        )

    def balances_at(self, record_id: int) -> dict[str, int]:
        """Shares by holder when the record closed; who had none is left out.

        Raises: InputError for a record that was never scheduled or has not closed.
        """
        return self.balances_at_time(self._closed(record_id))

    def balance_at(self, account: str, record_id: int) -> int:
        """Shares of `account` when the record closed. Raises as `balances_at` does."""
        time = self._closed(record_id)
        return self._accounts[account].at(time) if account in self._accounts else 0

    def total_supply_at(self, record_id: int) -> int:
        """All shares when the record closed. Raises as `balances_at` does."""
        return self._supply.at(self._closed(record_id))

    def balances_at_time(self, time: int) -> dict[str, int]:
        """Shares by holder at the end of second `time`; who had none is left out.

        Raises: InputError for a moment after `until`.
        """
        if time > self.until:
            raise InputError.of(
                "time",
                time,
                f"is later than {self.until}, the newest block that was read",
                "give a moment that has passed",
            )
        held = ((account, history.at(time)) for account, history in self._accounts.items())
        return {account: shares for account, shares in held if shares}

    def balance_at_time(self, account: str, time: int) -> int:
        """Shares of `account` at the end of second `time`, which is not after `until`."""
        history = self._accounts.get(account)
        return 0 if history is None else history.at(time)

    def _closed(self, record_id: int) -> int:
        time = self.record_time(record_id)
        if self.until <= time:
            raise InputError.of(
                "record",
                record_id,
                f"closes at {time} and the chain is at {self.until}",
                "wait until it has closed",
            )
        return time

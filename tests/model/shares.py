"""The share ledger as a dict of balances, copied whole when the second of a record is over.

Holders move shares; an agent issues, destroys, freezes, forces, recovers and pauses. Open to
everybody: who may hold is `register`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tests.model.outcomes import NOBODY, Reason, Refused, refuse

MAX_SUPPLY = 2**96 - 1
ENDLESS = 2**128 - 1
"""An order to freeze so many shares, or more, is one without limit."""
HORIZON = 400 * 86_400
"""How far ahead a record can be scheduled, in seconds."""
UNLIMITED = 2**256 - 1


class Ledger:
    """Who holds which shares of one token, now and when each record closed."""

    def __init__(self, name: str, agent: str, now: int) -> None:
        self.name = name
        self.agent = agent
        self.deputies: set[str] = set()
        """Agents beside the issuer, who is owner and agent at once."""
        self.now = now
        self.balances: dict[str, int] = defaultdict(int)
        self.allowances: dict[tuple[str, str], int] = defaultdict(int)
        self.permits: dict[str, int] = defaultdict(int)
        """How many signed allowances of each owner have been used."""
        self.frozen_wallets: set[str] = set()
        self.frozen: dict[str, int] = defaultdict(int)
        """How many shares of a wallet are frozen by order, be they there or not; `UNLIMITED` for a
        freeze without limit."""
        self.held: dict[str, int] = defaultdict(int)
        """How many shares of a wallet are held for a purpose; always there."""
        self.keeper = NOBODY
        """Who may hold shares."""
        self.successors: dict[str, str] = {}
        """Which wallet came in the place of a lost one."""
        self.paused = False
        self.times: list[int] = []
        """When each record closes, by its number; or would, had it not been cancelled."""
        self.cancelled: set[int] = set()
        self.closed: dict[int, dict[str, int]] = {}
        """Everyone's shares as they were when a record closed."""

    # ------------------------------------------------------------------ records

    @property
    def supply(self) -> int:
        """All shares there are."""
        return sum(self.balances.values())

    @property
    def open_records(self) -> list[int]:
        """The records that are still to close, in order."""
        every = range(1, len(self.times) + 1)
        return [record for record in every if record not in self.cancelled | self.closed.keys()]

    @property
    def next_close(self) -> int | None:
        """The second at whose end the next record closes, if one is scheduled."""
        return next((self.times[record - 1] for record in self.open_records), None)

    def wait_until(self, now: int) -> None:
        """Time passes. A record whose second is over has the balances of this moment for ever."""
        self.now = now
        for record in self.open_records:
            if self.times[record - 1] < now:
                self.closed[record] = {who: n for who, n in self.balances.items() if n}

    def never_closes(self, record: int) -> Reason | None:
        """Why a record will never be closed; None if it is or will be."""
        if not 1 <= record <= len(self.times):
            return "ShareToken_UnknownRecord", (record, len(self.times))
        return ("ShareToken_RecordCancelled", (record,)) if record in self.cancelled else None

    def unreadable(self, record: int) -> Reason | None:
        """Why balances at this record cannot be read; None if they can."""
        if record in self.closed:
            return None
        waiting = self.never_closes(record)
        return waiting or ("ShareToken_RecordOpen", (record, self.times[record - 1], self.now))

    def schedule(self, sender: str, at: int) -> None:
        """Schedule a record: later than all that were not cancelled."""
        standing = [n for record, n in enumerate(self.times, 1) if record not in self.cancelled]
        last, limit = max(standing, default=-1), self.now + HORIZON
        refuse(
            self._stranger(sender),
            ("ShareToken_RecordInThePast", (at, self.now)) if at < self.now else None,
            ("ShareToken_RecordTooFar", (at, limit)) if at > limit else None,
            ("ShareToken_RecordNotLater", (at, last)) if at <= last else None,
        )
        self.times.append(at)

    def cancel(self, sender: str, first: int) -> list[int]:
        """Cancel an open record and all that follow it; those that were not cancelled before."""
        refuse(self._not_owner(sender))
        refuse(self.never_closes(first))
        closed = ("ShareToken_RecordClosed", (first, self.times[first - 1], self.now))
        refuse(closed if first in self.closed else None)
        gone = [record for record in self.open_records if record >= first]
        self.cancelled.update(gone)
        return gone

    # ------------------------------------------------------------------ who is who

    def successor(self, wallet: str) -> str:
        """Who has come in the place of a wallet: itself, if it was never lost."""
        while wallet in self.successors:
            wallet = self.successors[wallet]
        return wallet

    holds_income = False
    """Whether what is declared now is held for who may not take shares any more."""

    def claimant(self, wallet: str, eligible_only: bool | None = None) -> str:
        """Who is to be paid for a wallet; nobody while its income waits. `eligible_only` is the
        term of a distribution; without it, of one that is declared now."""
        successor = self.successor(wallet)
        return NOBODY if successor in self.frozen_wallets else successor

    def blocked(self, wallet: str) -> bool:
        """Whether a wallet can neither give nor take: it is frozen, or lost."""
        return wallet in self.frozen_wallets or wallet in self.successors

    def unfrozen(self, wallet: str) -> int:
        """The shares that a wallet can give by itself."""
        return max(0, self.balances[wallet] - self.frozen[wallet] - self.held[wallet])

    def frozen_tokens(self, wallet: str) -> int:
        """The shares of a wallet that are frozen by order or held."""
        endless = self.frozen[wallet] == UNLIMITED
        return UNLIMITED if endless else self.frozen[wallet] + self.held[wallet]

    @staticmethod
    def _ordered(amount: int) -> int:
        return UNLIMITED if amount >= ENDLESS else amount

    # ------------------------------------------------------------------ holders

    def transfer(self, giver: str, gifts: Sequence[tuple[str, int]]) -> None:
        """Move shares to one or many, all or nothing."""
        before = self.balances.copy()
        try:
            for receiver, amount in gifts:
                refuse(*self._immovable(giver, receiver, amount))
                self._put(giver, receiver, amount)
        except Refused:
            self.balances = before
            raise

    def approve(self, owner: str, spender: str, amount: int) -> None:
        """Let someone else move shares."""
        self.allowances[owner, spender] = amount

    def permit(self, owner: str, spender: str, amount: int, until: int, signer: str) -> None:
        """An allowance by signature."""
        late = self.now > until
        refuse(
            ("ERC2612ExpiredSignature", (until,)) if late else None,
            ("ERC2612InvalidSigner", (owner,)) if signer != owner else None,
        )
        self.permits[owner] += 1
        self.allowances[owner, spender] = amount

    def transfer_from(self, spender: str, giver: str, receiver: str, amount: int) -> None:
        """Move another's shares within the allowance."""
        allowed = self.allowances[giver, spender]
        short = allowed < amount
        refuse(
            ("ERC20InsufficientAllowance", (spender, allowed, amount)) if short else None,
            ("ShareToken_SpenderBlocked", (spender,)) if self.blocked(spender) else None,
        )
        self.transfer(giver, [(receiver, amount)])
        if allowed != UNLIMITED:
            self.allowances[giver, spender] = allowed - amount

    # ------------------------------------------------------------------ orders of agents

    def mint(self, sender: str, gifts: Sequence[tuple[str, int]]) -> None:
        """Issue shares to one or many, all or nothing."""
        issued = sum(amount for _, amount in gifts)
        too_many = self.supply + issued > MAX_SUPPLY
        refuse(
            self._stranger(sender),
            *(reason for receiver, _ in gifts for reason in self.unable(receiver)),
            ("ShareToken_SupplyTooLarge", (self.supply, issued, MAX_SUPPLY)) if too_many else None,
        )
        for receiver, amount in gifts:
            self._put(NOBODY, receiver, amount)

    def burn(self, sender: str, holder: str, amount: int) -> None:
        """Destroy shares, frozen ones last."""
        refuse(self._stranger(sender), self._short(holder, amount))
        self._release(holder, amount)
        self._put(holder, NOBODY, amount)

    def force(self, sender: str, giver: str, taker: str, amount: int) -> None:
        """Move shares by order, frozen ones last; what is moved to oneself stays frozen."""
        refuse(self._stranger(sender), self._short(giver, amount), *self.unable(taker))
        if giver != taker:
            self._release(giver, amount)
        self._put(giver, taker, amount)

    def recover(self, sender: str, lost: str, successor: str) -> None:
        """Move everything of a lost wallet to the one that comes in its place."""
        bad = lost in {successor, self.agent, self.keeper}
        bad = bad or lost in self.successors or successor in self.successors
        refuse(
            self._stranger(sender),
            ("ShareToken_InvalidRecovery", (lost, successor)) if bad else None,
        )
        refuse(*self._unfit(lost, successor))
        self.successors[lost] = successor
        self.frozen[successor] = self._ordered(self.frozen[successor] + self.frozen.pop(lost, 0))
        self.held[successor] += self.held.pop(lost, 0)
        self.balances[successor] += self.balances.pop(lost, 0)
        if lost in self.frozen_wallets:
            self.frozen_wallets.add(successor)

    def freeze_wallet(self, sender: str, wallet: str, on: bool) -> None:
        """Freeze a whole wallet, or free it."""
        refuse(self._stranger(sender))
        (self.frozen_wallets.add if on else self.frozen_wallets.discard)(wallet)

    def freeze(self, sender: str, wallet: str, amount: int) -> None:
        """Freeze so many shares of a wallet."""
        refuse(self._stranger(sender))
        self.frozen[wallet] = self._ordered(amount)

    def appoint(self, sender: str, keeper: str) -> None:
        """Say who may hold shares."""
        refuse(self._not_owner(sender))
        lost = ("ShareToken_HasSuccessor", (keeper,)) if keeper in self.successors else None
        refuse(lost)
        self.keeper = keeper

    def hold(self, sender: str, wallet: str, amount: int) -> None:
        """Hold shares that are free."""
        free = self.unfrozen(wallet)
        short = ("ERC7943InsufficientUnfrozenBalance", (wallet, amount, free))
        refuse(
            self._not_keeper(sender),
            ("ERC7943CannotSend", (wallet,)) if self.blocked(wallet) else None,
            short if amount > free else None,
        )
        self.held[wallet] += amount

    def release(self, sender: str, wallet: str, amount: int) -> None:
        """Let go of shares that are held."""
        held = self.held[wallet]
        refuse(
            self._not_keeper(sender),
            ("ShareToken_HoldExceeded", (wallet, amount, held)) if amount > held else None,
        )
        self.held[wallet] -= amount

    def deliver(self, sender: str, giver: str, taker: str, amount: int) -> None:
        """Let go of shares, and move them as their holder could then."""
        self.release(sender, giver, amount)
        try:
            self.transfer(giver, [(taker, amount)])
        except Refused:
            self.held[giver] += amount
            raise

    def pause(self, sender: str, on: bool) -> None:
        """Stop all transfers of holders, or allow them again."""
        refuse(self._stranger(sender))
        self.paused = on

    # ------------------------------------------------------------------ reasons

    def unable(self, receiver: str) -> list[Reason | None]:
        """Why a wallet cannot take shares, even by order."""
        nobody = receiver in (NOBODY, self.name)
        return [
            ("ERC20InvalidReceiver", (receiver,)) if nobody else None,
            ("ERC7943CannotReceive", (receiver,)) if self.blocked(receiver) else None,
        ]

    def broken_rules(self, giver: str, taker: str, amount: int) -> list[Reason]:
        """The rules that a transfer would break: an open token has none."""
        return []

    def _immovable(self, giver: str, taker: str, amount: int) -> list[Reason | None]:
        """Why a holder cannot move shares."""
        held, free = self.balances.get(giver, 0), self.unfrozen(giver)
        caught = free < amount <= held
        return [
            ("ShareToken_Paused", ()) if self.paused else None,
            ("ERC7943CannotSend", (giver,)) if self.blocked(giver) else None,
            ("ERC7943InsufficientUnfrozenBalance", (giver, amount, free)) if caught else None,
            self._short(giver, amount),
            *self.unable(taker),
            *self.broken_rules(giver, taker, amount),
        ]

    def _short(self, holder: str, amount: int) -> Reason | None:
        held = self.balances[holder]
        return ("ERC20InsufficientBalance", (holder, held, amount)) if held < amount else None

    def speaks(self, sender: str) -> bool:
        """Whether it is the issuer or an agent."""
        return sender == self.agent or sender in self.deputies

    def _stranger(self, sender: str) -> Reason | None:
        return None if self.speaks(sender) else ("ShareToken_NotAgent", (sender,))

    def _not_keeper(self, sender: str) -> Reason | None:
        known = sender == self.keeper != NOBODY
        return None if known else ("ShareToken_NotHoldsContract", (sender,))

    def _not_owner(self, sender: str) -> Reason | None:
        return None if sender == self.agent else ("OwnableUnauthorizedAccount", (sender,))

    def _unfit(self, lost: str, successor: str) -> list[Reason | None]:
        """Why a register would not have this successor: there is none."""
        return []

    # ------------------------------------------------------------------ movements

    def _put(self, giver: str, taker: str, amount: int) -> None:
        """Where all shares move: nobody gives what is issued and takes what is destroyed."""
        if giver != NOBODY:
            self.balances[giver] -= amount
        if taker != NOBODY:
            self.balances[taker] += amount

    def _release(self, holder: str, amount: int) -> None:
        """What the unfrozen shares do not cover is released first, held shares last of all."""
        missing = max(0, amount - self.unfrozen(holder))
        from_holds = max(0, self.held[holder] - (self.balances[holder] - amount))
        self.held[holder] -= from_holds
        if self.frozen[holder] != UNLIMITED:
            self.frozen[holder] -= missing - from_holds

"""Lock-ups without lots: every acquisition is kept by itself, with the day on which it is free."""

from __future__ import annotations

from collections.abc import Iterable

DAY = 86_400
BY_DAY = 92
LONGEST = 36_525
NEVER = 2**48 - 1
MOST_UNDER_ONE, MOST = 93, 496


def release(moment: int, lock_up: int) -> int:
    """The first second in which shares are free that were acquired in a second."""
    days = -(-lock_up // DAY)
    if days > LONGEST:
        return NEVER
    period = next(2**n for n in range(10) if BY_DAY * 2**n >= days)
    first = moment // DAY + 1 + days
    return next(day for day in range(first, first + period) if day % period == 0) * DAY


def lengths_of_all_lots() -> list[int]:
    """Lock-ups in days that make the most lots if shares are acquired under each of them, in one
    day that is a multiple of 512; the longest first, so that each is sorted in before the others.
    """
    lengths = set(range(BY_DAY + 1)) | {LONGEST, LONGEST + 1}
    for period in (2**n for n in range(1, 10)):
        reach = BY_DAY * period
        lengths |= {*range(reach // 2 + 1, reach, period), reach}
    return sorted((length for length in lengths if length <= LONGEST + 1), reverse=True)


class LockUps:
    """For each wallet: how many shares, and from when on they are free, of every acquisition."""

    def __init__(self, wallets: Iterable[str], now: int) -> None:
        self.now = now
        self.acquisitions: dict[str, list[tuple[int, int]]] = {who: [] for who in wallets}

    def acquire(self, who: str, amount: int, lock_up: int) -> None:
        """Shares arrive."""
        self.acquisitions[who].append((release(self.now, lock_up), amount))

    def reduce(self, who: str, balance: int) -> None:
        """Shares were taken: what is still locked is what was to be locked the longest."""
        kept: list[tuple[int, int]] = []
        for released, amount in sorted(self._waiting(who), reverse=True):
            part = min(amount, balance)
            balance -= part
            kept.append((released, part))
        self.acquisitions[who] = kept

    def recover(self, lost: str, successor: str) -> None:
        """A wallet takes the place of another."""
        self.acquisitions[successor] += self.acquisitions[lost]
        self.acquisitions[lost] = []

    def lots(self, who: str) -> list[tuple[int, int]]:
        """Shares by the second in which they are free, in order: (amount, second)."""
        sums: dict[int, int] = {}
        for released, amount in self._waiting(who):
            sums[released] = sums.get(released, 0) + amount
        return [(amount, released) for released, amount in sorted(sums.items()) if amount]

    def locked(self, who: str) -> tuple[int, int]:
        """How many shares are locked, and when the next are free; 0 if none is locked."""
        lots = self.lots(who)
        return sum(amount for amount, _ in lots), lots[0][1] if lots else 0

    def _waiting(self, who: str) -> list[tuple[int, int]]:
        return [each for each in self.acquisitions[who] if each[0] > self.now]

"""Amounts whose sums pass 2^63, 2^127 and 2^255, and what the queries must say of them.

Whatever adds in 64, 128 or 256 bits, or in floats, gets another number.
"""

from __future__ import annotations

from collections import defaultdict

from tests.prorata.store.filled import ZERO, Moved, Story, address

BITS = (63, 127, 255)


def beyond(bits: int) -> Story:
    """Shares of just under 2^bits twice, one more, and all with one; income of three such sums.

    There can be no more shares than 2^256 - 1: of 255 bits these are all.
    """
    story = Story(transfers=0, payments=0)
    amount = 2**bits - 1
    for receiver in (1, 2):
        story.move(0, receiver, amount)
    story.move(0, 1, 1)
    story.move(2, 1, amount)
    first, second = story.declare(), story.declare()
    for distribution in (first, second, second):
        story.settle(distribution, 1, amount, amount // 3)
    story.settle(second, 2, 1, 0)
    return story


def expected(story: Story) -> dict[str, list[tuple[int | str, ...]]]:
    """Answers by query, in Python's integers alone."""
    moved: list[Moved] = story.moved
    held: dict[str, int] = defaultdict(int)
    for one in moved:
        held[address(one.receiver)] += one.amount
        held[address(one.giver)] -= one.amount
    held = {holder: amount for holder, amount in held.items() if amount and holder != ZERO}
    paid: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    currency = {(d.vault, d.number): story.currencies[d.currency] for d in story.declared}
    for one in story.paid:
        row = paid[address(one.holder), currency[one.vault, one.number]]
        row[0], row[1], row[2] = row[0] + 1, row[1] + one.gross, row[2] + one.tax
    ranked = sorted(held.items(), key=lambda one: (-one[1], one[0]))
    return {
        "balances": sorted((story.token, holder, amount) for holder, amount in held.items()),
        "largest": [
            (story.token, rank, holder, amount) for rank, (holder, amount) in enumerate(ranked, 1)
        ],
        "income": sorted(
            (story.token, holder, 2026, currency, count, gross, tax, gross - tax)
            for (holder, currency), (count, gross, tax) in paid.items()
        ),
        "issued": [
            (story.token, "2026-01", sum(one.amount for one in moved if not one.giver), 0),
        ],
    }

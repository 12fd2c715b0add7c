"""The page's section on calls and exchanges: the gas that tests hold, and figures of others.

Nobody on npm does the same, so nothing of others is measured by `make bench`. What stands beside
ours was measured once, by hand, on the same chain with the peer's own code, or was published by the
peer; the page says which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.gas.compliance import PLAIN

__all__ = ["ROWS", "CallRow", "section"]

OPEN, RULED = "open token", PLAIN


@dataclass(frozen=True)
class CallRow:
    """An operation, the labels of its figures, and what is known of others."""

    operation: str
    label: str
    elsewhere: str
    by_rules: bool = True
    """Whether its label ends with the token's kind."""

    def figures(self, gas: Mapping[str, int]) -> tuple[int | None, int | None]:
        """For an open token, and under rules."""
        if not self.by_rules:
            return gas.get(self.label), None
        return gas.get(f"{self.label}, {OPEN}"), gas.get(f"{self.label}, {RULED}")


NOBODY = "nobody has it"

ROWS = (
    CallRow(
        "one more offering, lots minted",
        "open an offering: next, minted",
        "711,614 ATK, a proxy for each trade (by hand)",
    ),
    CallRow("one more offering, lots held", "open an offering: next, held", ""),
    CallRow(
        "place an order at a fixed price",
        "place: at a fixed price",
        "119,038 EasyAuction, 360,605 for who is new to it (by hand); 149,928 to 337,522 and the "
        "transaction's 21,000, Uniswap CCA (published)",
    ),
    CallRow(
        "settle, each new holder in a page of 100",
        "settle: page of 100 new holders, each",
        "102,821 EasyAuction, a claim (by hand)",
    ),
    CallRow(
        "refund, each in a page of 100",
        "refund: page of 100, each",
        "80,491 EasyAuction (by hand)",
    ),
    CallRow("bid in an auction among holders", "bid: at a named price", NOBODY),
    CallRow("ask in one, the next of a wallet", "ask: next of a wallet", NOBODY),
    CallRow("match in one, each in a page of 20", "match among holders: page of 20, each", NOBODY),
    CallRow(
        "close, 255 prices, any number of orders",
        "close: 255 prices",
        "420,590 EasyAuction, for 110 orders, and more for each more (by hand)",
    ),
    CallRow(
        "redeem at once",
        "redeem: now",
        "82,830 Superstate, behind a plain proxy, with a token and a feed of our own (by hand)",
        by_rules=False,
    ),
    CallRow(
        "redeem everybody, each in a page of 100",
        "redeem: a page of 100, each",
        NOBODY,
        by_rules=False,
    ),
    CallRow(
        "buy everybody out, each in a page of 100",
        "buy out: a page of 100, each",
        NOBODY,
        by_rules=False,
    ),
)


WORDS = """
    An offering, a tender or an auction among holders is a call in `CallAuction`; shares leave for
    money, or for other shares, in `ShareExchange`. The gas is that which `make test` holds to the
    unit. What stands beside it is not measured by `make bench`, since no package has it:
    EasyAuction 0.5.0, ATK and Superstate's `RedemptionIdle` were run once, by hand, on the same
    chain; Uniswap's figures are those of its own repository. EasyAuction walks every order when it
    closes, and at the price at which it sells it serves whoever comes first in its list; a call
    reads each price once, and shares what is left exactly.
"""


def section(
    gas: Mapping[str, int],
    table: Callable[[Sequence[str], list[Sequence[str]], int], list[str]],
) -> list[str]:
    """What the page says of it; nothing where no figure is known."""
    rows = [
        (row.operation, row.elsewhere or "-", *map(_shown, row.figures(gas)))
        for row in ROWS
        if any(row.figures(gas))
    ]
    if not rows:
        return []
    return [
        "## Calls and exchanges",
        "",
        " ".join(WORDS.split()),
        "",
        *table(("operation", "elsewhere", "open token", "eligibility and country"), rows, 2),
    ]


def _shown(figure: int | None) -> str:
    return "-" if figure is None else f"{figure:,}"

"""What prorata owes in every currency it may pay: one table, for the tests and for readers.

`CURRENCIES` says what a currency may be, `CHANGES` what may happen to it while distributions are
under way. Each gives a word for every step that moves money. Where both apply, the graver holds.
`markdown()` is the same table for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field, replace
from enum import IntEnum
from itertools import product
from typing import Any, NamedTuple

from tests.model.currencies import moves

MAX = 2**256 - 1
MAX_AMOUNT = 2**160 - 1
MAX_96 = 2**96 - 1
GRAINS = 1_000_000
HUNGER = 700_000

# ------------------------------------------------------------------- what happens


class Does(IntEnum):
    """What a step does, the graver the higher."""

    PAYS = 0
    COUNTS = 1
    KEEPS = 2
    DRAINS = 3
    BELIEVES = 4
    SKIPS_ONE = 5
    SKIPS = 6
    STOPS = 7
    TOO_LARGE = 8
    EMPTY = 9
    REFUSES = 10
    NEVER = 11

    @property
    def settles(self) -> bool:
        """Whether the books say afterwards that it is done."""
        return self <= Does.BELIEVES

    @property
    def refuses(self) -> bool:
        """Whether the whole call is refused."""
        return Does.STOPS <= self <= Does.REFUSES


WORDS = {
    Does.PAYS: "pays",
    Does.COUNTS: "counts what arrives",
    Does.KEEPS: "pays (1)",
    Does.DRAINS: "pays (2)",
    Does.BELIEVES: "believes (3)",
    Does.SKIPS_ONE: "skips that holder",
    Does.SKIPS: "skips",
    Does.STOPS: "refuses the page",
    Does.TOO_LARGE: "refuses",
    Does.EMPTY: "refuses",
    Does.REFUSES: "refuses",
    Does.NEVER: "never",
}


class Cells(NamedTuple):
    """What each step does."""

    declare: Does = Does.PAYS
    claim: Does = Does.PAYS
    push: Does = Does.PAYS
    remit: Does = Does.PAYS
    sweep: Does = Does.PAYS
    refund: Does = Does.PAYS

    def with_change(self, other: Cells) -> Cells:
        """Two troubles at once: of each step the graver."""
        return Cells(*map(max, self, other))


STEPS = Cells._fields
ENTRANCES = (*STEPS, "claimTo", "pushWithGas", "declareWithPermit")


def every(does: Does, **but: Does) -> Cells:
    """The same for every step, but for those named."""
    return Cells(*[does] * len(STEPS))._replace(**but)


# -------------------------------------------------------------- what a currency is


class Answer(IntEnum):
    """What a movement returns."""

    YES, NOTHING, NO, TWO, SHORT, LONG, MEGABYTE, MEGABYTE_AS_REASON, BURNING = range(9)


class Movement(IntEnum):
    """What a movement moves."""

    EXACT, NOTHING, ONE_LESS, ONE_MORE = range(4)


class Telling(IntEnum):
    """What a currency says of balances."""

    TRUTH, DOUBLE, REVERTING, BURNING, LATE = range(5)


class Mood(IntEnum):
    """How a receiver takes the native coin."""

    TAKING, REFUSING, BURNING, MEGABYTE, MEGABYTE_AS_REASON, HUNGRY, TALKATIVE = range(7)


@dataclass(frozen=True)
class Nature:
    """How a `WilfulCurrency` is; its struct of this name says what the members mean."""

    answer: Answer = Answer.YES
    movement: Movement = Movement.EXACT
    telling: Telling = Telling.TRUTH
    fee: int = 0
    fee_on_top: bool = False
    paused: bool = False
    quiet: bool = False
    refuses_zero: bool = False
    max_means_all: bool = False
    approves_from_zero: bool = False
    flashes: bool = False
    calls_after: bool = False
    limit: int = 0
    hunger: int = 0
    grains: int = GRAINS

    def words(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return astuple(self)

    def moves(self, amount: int) -> tuple[int, int]:
        """What leaves the giver and what arrives, when so much is asked for."""
        if self.movement is Movement.NOTHING:
            return 0, 0
        amount += {Movement.ONE_LESS: -1, Movement.ONE_MORE: 1}.get(self.movement, 0)
        return moves(amount, self.fee, on_top=self.fee_on_top)


@dataclass(frozen=True)
class Currency:
    """One kind of currency, and what each step does with it on an ordinary day.

    `rent` is what is distributed in it, `offer` what a further declaration asks for, and `funds`
    what the declarer has then, if that differs.
    """

    code: str
    row: str
    kind: str = "wilful"
    nature: Nature = field(default_factory=Nature)
    cells: Cells = field(default_factory=Cells)
    decimals: int = 6
    rent: int = 1_000_003
    offer: int = 1_000
    funds: int = 0
    allows: str = "approve"


def dollar(decimals: int) -> Currency:
    """A plain ERC-20."""
    return Currency(
        f"decimals-{decimals}",
        "plain, of 0, 2, 6, 8, 18, 27 or 36 decimals",
        "dollar",
        decimals=decimals,
        rent=1_234_567 * 10**decimals + 1,
    )


ODD = "`bytes32` names, a permit of its own, allowances changed from zero only (MKR, DAI, USDT)"
PLAIN = Currency("unasked", "without `decimals()`, `name()`, `symbol()`")

CURRENCIES = (
    *(dollar(decimals) for decimals in (0, 2, 6, 8, 18, 27, 36)),
    PLAIN,
    Currency("no-return", "returns nothing (USDT)", nature=Nature(answer=Answer.NOTHING)),
    Currency("bytes32", ODD, "antique"),
    Currency("dai-permit", ODD, "antique", allows="permit"),
    Currency(
        "approve-race",
        ODD,
        nature=Nature(approves_from_zero=True),
        allows="approve from zero",
    ),
    Currency("refuses-zero", "refuses to move nothing", nature=Nature(refuses_zero=True)),
    Currency(
        "fee",
        "takes a fee out of each movement",
        nature=Nature(fee=250),
        cells=every(Does.KEEPS, declare=Does.COUNTS),
    ),
    Currency(
        "fee-on-top",
        "takes its fee from the sender, on top",
        nature=Nature(fee=250, fee_on_top=True),
        cells=every(Does.DRAINS, declare=Does.PAYS),
    ),
    Currency(
        "one-less",
        "moves a unit less than asked (stETH)",
        nature=Nature(movement=Movement.ONE_LESS),
        cells=every(Does.KEEPS, declare=Does.COUNTS),
    ),
    Currency(
        "one-more",
        "moves a unit more than asked",
        nature=Nature(movement=Movement.ONE_MORE),
        cells=every(Does.DRAINS, declare=Does.COUNTS),
    ),
    Currency(
        "96-bits",
        "amounts of at most 96 bits (UNI), asked for more",
        nature=Nature(limit=MAX_96),
        cells=Cells(declare=Does.REFUSES),
        rent=MAX_96,
        offer=MAX_96 + 1,
    ),
    Currency("over-96-bits", "amounts up to 2^160 - 1", rent=MAX_96 + 12_345),
    Currency("160-bits", "amounts up to 2^160 - 1", rent=MAX_AMOUNT),
    Currency(
        "over-160-bits",
        "an amount over 2^160 - 1",
        cells=Cells(declare=Does.TOO_LARGE),
        offer=2**161,
    ),
    Currency(
        "max-means-all",
        "the largest amount means all there is (cUSDCv3)",
        nature=Nature(max_means_all=True),
        cells=Cells(declare=Does.COUNTS),
        offer=MAX,
        funds=4_321,
    ),
    Currency("second-address", "two addresses for one currency (old TUSD)", "second"),
    Currency("flash-mint", "mints and burns while it moves", nature=Nature(flashes=True)),
    Currency("calls-before", "calls anything back, before or after it moves (ERC-777)"),
    Currency(
        "calls-after",
        "calls anything back, before or after it moves (ERC-777)",
        nature=Nature(calls_after=True),
    ),
    Currency(
        "hungry",
        "needs over 500,000 gas to move, or answers with a megabyte",
        nature=Nature(hunger=HUNGER),
        cells=Cells(push=Does.SKIPS),
    ),
    Currency(
        "long-answer",
        "needs over 500,000 gas to move, or answers with a megabyte",
        nature=Nature(answer=Answer.LONG),
        cells=Cells(push=Does.SKIPS),
    ),
    Currency("shares", "shares of another asset (ERC-3643)", "shares"),
    Currency("own-coin", "the native coin as an ERC-20 (CELO)", "own coin"),
    Currency("coin", "the native coin", "coin"),
    Currency(
        "no-code", "no contract at the address", "none",
        cells=every(Does.NEVER, declare=Does.REFUSES),
    ),
    Currency(
        "precompile", "no contract at the address", "precompile",
        cells=every(Does.NEVER, declare=Does.REFUSES),
    ),
)  # fmt: skip

# ------------------------------------------------------- what may happen to it midway


@dataclass(frozen=True)
class Change:
    """What happens to a currency, or to those it pays, while distributions are under way, and ends.

    `to` says what it is tried on: one currency, or every one that can change at will.
    """

    code: str
    row: str
    to: str
    cells: Cells
    nature: Mapping[str, Any] = field(default_factory=dict)
    blocks: tuple[str, ...] = ()
    mood: Mood = Mood.TAKING
    act: str = ""
    ends: bool = True


ALL = "all"
PAID = ("ann", "collector", "issuer", "agent")
REFUSED = every(Does.REFUSES, push=Does.SKIPS)
STOPPED = every(Does.REFUSES, push=Does.STOPS)
BELIEVED = every(Does.BELIEVES, declare=Does.EMPTY)
BLOCKED = every(Does.REFUSES, push=Does.SKIPS_ONE)
FEE = every(Does.KEEPS, declare=Does.COUNTS)


def upgrade(code: str, row: str, cells: Cells, **nature: Any) -> Change:
    """The currency's code is replaced by something worse."""
    return Change(code, row, PLAIN.code, cells, nature)


def blocking(code: str, row: str, who: str, **cells: Does) -> Change:
    """The currency's issuer blocks an account."""
    return Change(code, row, PLAIN.code, Cells(**cells), blocks=(who,))


def receivers(code: str, mood: Mood) -> Change:
    """Holder, collector, recipient and declarer are contracts that do not take the native coin."""
    row = "receivers of the native coin revert, burn gas, give a megabyte as the reason"
    return Change(code, row, "coin", BLOCKED._replace(declare=Does.PAYS), mood=mood)


def greedy(code: str, mood: Mood) -> Change:
    """They take it with more gas than a page has to offer at the least."""
    row = "receivers of the native coin need over 100,000 gas, as for an answer of a megabyte"
    return Change(code, row, "coin", Cells(push=Does.SKIPS_ONE), mood=mood)


ANSWERLESS = "answers false or a megabyte, burns all gas, or its code is gone"
HALF_HEARTED = "moves, and answers false, 2, or 31 bytes"
CREDULOUS = "moves nothing and says it did"
HARMLESS = "they answer at length or call back, or coins are forced into the vault"
SECRETIVE = "does not tell balances, or only after it has moved"

CHANGES = (
    blocking("holder-blocked", "blocks a holder", "ann", claim=Does.REFUSES, push=Does.SKIPS_ONE),
    Change(
        "holder-blocked-quietly", "blocks a holder", PLAIN.code,
        Cells(claim=Does.REFUSES, push=Does.SKIPS_ONE), {"quiet": True}, blocks=("ann",),
    ),
    blocking("collector-blocked", "blocks the collector", "collector", remit=Does.REFUSES),
    blocking("recipient-blocked", "blocks who is swept to", "issuer", sweep=Does.REFUSES),
    blocking(
        "declarer-blocked", "blocks the declarer", "agent",
        declare=Does.REFUSES, refund=Does.REFUSES,
    ),
    Change("all-blocked", "", ALL, BLOCKED, blocks=PAID),
    Change("frozen", "", "shares", BLOCKED, blocks=PAID),
    Change("vault-blocked", "blocks the vault", PLAIN.code, REFUSED, blocks=("vault",)),
    Change("paused", "is paused", ALL, REFUSED, {"paused": True}),
    Change("shares-paused", "is paused", "shares", REFUSED, {"paused": True}),
    Change("fee-on", "switches a fee on", ALL, FEE, {"fee": 1_000}),
    Change(
        "up", "raises balances by itself", PLAIN.code,
        Cells(), {"grains": GRAINS * 4 // 5}, ends=False,
    ),
    Change(
        "down", "lowers balances below what is due", PLAIN.code,
        REFUSED._replace(declare=Does.PAYS), {"grains": GRAINS * 1_000},
    ),
    Change(
        "answers-no", ANSWERLESS, ALL, REFUSED,
        {"answer": Answer.NO, "movement": Movement.NOTHING},
    ),
    upgrade("megabyte", ANSWERLESS, REFUSED, answer=Answer.MEGABYTE),
    upgrade("megabyte-as-reason", ANSWERLESS, REFUSED, answer=Answer.MEGABYTE_AS_REASON),
    upgrade("burns", ANSWERLESS, REFUSED, answer=Answer.BURNING),
    Change("vanishes", ANSWERLESS, PLAIN.code, REFUSED, act="vanish"),
    upgrade("moves-and-answers-no", HALF_HEARTED, STOPPED, answer=Answer.NO),
    upgrade("answers-two", HALF_HEARTED, STOPPED, answer=Answer.TWO),
    upgrade("answers-short", HALF_HEARTED, STOPPED, answer=Answer.SHORT),
    upgrade("lies", CREDULOUS, BELIEVED, movement=Movement.NOTHING),
    upgrade("idles", CREDULOUS, BELIEVED, answer=Answer.NOTHING, movement=Movement.NOTHING),
    upgrade("hides", SECRETIVE, Cells(declare=Does.REFUSES), telling=Telling.REVERTING),
    upgrade("burns-when-asked", SECRETIVE, Cells(declare=Does.REFUSES), telling=Telling.BURNING),
    upgrade("tells-late", SECRETIVE, Cells(declare=Does.REFUSES), telling=Telling.LATE),
    upgrade("doubles", "doubles balances", Cells(declare=Does.BELIEVES), telling=Telling.DOUBLE),
    receivers("coin-refused", Mood.REFUSING),
    receivers("coin-burns", Mood.BURNING),
    greedy("coin-megabyte", Mood.MEGABYTE),
    receivers("coin-megabyte-as-reason", Mood.MEGABYTE_AS_REASON),
    greedy("coin-hungry", Mood.HUNGRY),
    Change("coin-talk", HARMLESS, "coin", Cells(), mood=Mood.TALKATIVE),
    Change("coin-calls-back", HARMLESS, "coin", Cells(), act="call back"),
    Change("coin-forced", HARMLESS, "coin", Cells(), act="force"),
)  # fmt: skip

# --------------------------------------------------------------------- the matrix


@dataclass(frozen=True)
class Case:
    """One cell: a currency, what happens to it midway, if anything, and the step tried then."""

    currency: Currency
    change: Change | None
    step: str

    @property
    def code(self) -> str:
        """What pytest and the faulty vaults call it."""
        parts = (self.currency.code, self.change and self.change.code, self.step)
        return " ".join(part for part in parts if part)

    @property
    def calm(self) -> Does:
        """What the step does on an ordinary day."""
        return Does(getattr(self.currency.cells, self.step))

    @property
    def does(self) -> Does:
        """What the step does meanwhile."""
        return max(self.calm, getattr(self.change.cells, self.step)) if self.change else self.calm

    @property
    def nature(self) -> Nature:
        """What the currency is meanwhile."""
        return replace(self.currency.nature, **(self.change.nature if self.change else {}))


def cases() -> Iterator[Case]:
    """Every cell of the matrix."""
    for currency in CURRENCIES:
        for change in (None, *CHANGES):
            if change and not applies(change, currency):
                continue
            for step in STEPS:
                case = Case(currency, change, step)
                if case.calm is not Does.NEVER:
                    yield case


def applies(change: Change, currency: Currency) -> bool:
    """Whether a change is tried on a currency."""
    if change.to == ALL:
        return currency.kind in {"wilful", "antique", "second"}
    return change.to == currency.code


@dataclass(frozen=True)
class Reentry:
    """One call back: while one step pays, whoever is called tries another entrance."""

    currency: Currency
    step: str
    entrance: str

    @property
    def code(self) -> str:
        """What pytest and the faulty vaults call it."""
        return f"{self.currency.code} {self.step} into {self.entrance}"


def reentries() -> Iterator[Reentry]:
    """Every step against every entrance, called by a currency or by who receives the coin."""
    for currency in CURRENCIES:
        if currency.code in {"calls-before", "calls-after", "coin"}:
            for step, entrance in product(STEPS, ENTRANCES):
                # Whoever sends the native coin is not called.
                if (currency.code, step) != ("coin", "declare"):
                    yield Reentry(currency, step, entrance)


# ------------------------------------------------------------------- for people

TITLE = """# Payout currencies

What the vault does in each currency, step by step. In every cell whatever else is in the vault
stays as it is: other currencies, other holders. `tests/contracts/income/test_currencies.py`
checks every cell against the exact model, and writes this file if `PRORATA_CURRENCIES` is `update`.
"""

MIDWAY = """
## What may happen midway

What is refused or skipped is still owed, and paid once, to the unit, when the trouble has ended.
"""

NOTES = """
1. What is owed leaves the vault; the currency keeps its part of it.
2. More leaves the vault than was owed: the last payments in this currency are refused until
   somebody makes up for it.
3. The currency's word is all there is. It can spoil its own payments only.
"""


def table(title: str, rows: Iterable[tuple[str, Cells]]) -> str:
    """Rows of one kind; what shares a name is one row, and must be alike."""
    merged: dict[str, Cells] = {}
    for row, cells in rows:
        assert not row or merged.setdefault(row, cells) == cells, f"{row} is said twice"
    lines = [f"| {' | '.join((title, *STEPS))} |", "|---" * (1 + len(STEPS)) + "|"]
    lines += [
        f"| {' | '.join((row, *(WORDS[Does(does)] for does in cells)))} |"
        for row, cells in merged.items()
    ]
    return "\n".join(lines) + "\n"


def markdown() -> str:
    """The whole table."""
    kinds = table("a currency", ((it.row, it.cells) for it in CURRENCIES))
    changes = table("a currency, midway", ((it.row, it.cells) for it in CHANGES))
    return "\n".join((TITLE, kinds + MIDWAY, changes + NOTES))

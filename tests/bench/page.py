"""The page: everything that `make bench` found, said in Markdown; nothing is measured here.

`docs/costs.md` is made of `docs/costs.json` alone, so that a test can make it again and compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.bench import asof, calls, filling, trading
from tests.bench.field import PEERS
from tests.bench.floor import BYTE, COLD_ACCOUNT, COLD_SLOT, FLOORS, SET, total
from tests.bench.operations import OPERATIONS, Operation
from tests.bench.repricing import (
    ACCOUNT_BYTES,
    CODE_BYTE,
    CREATE,
    CREATE_ACCESS,
    HASH_WORD,
    NEW_COLD_SLOT,
    SLOT_BYTES,
    STATE_BYTE,
    STORAGE_WRITE,
)
from tests.bench.tables import BASELINE

CANNOT = "cannot"
GWEI = 10**9
PRICES = (100_000_000, GWEI, 5 * GWEI, 20 * GWEI)
ETHER_IN_DOLLARS = 3_000
BLOCK_GAS = 60_000_000
BLOCK_SECONDS = 12
COMMUNITIES = (100, 10_000, 1_000_000)
HASHING = 100  # two words read, hashed and compared, roughly


def ratio(a: int, b: int) -> str:
    """`a / b` with two decimals, rounded half up, in integers."""
    hundredths = (200 * a + b) // (2 * b)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


@dataclass(frozen=True)
class Results:
    """What was found, as `docs/costs.json` has it."""

    found: dict[str, Any]

    @property
    def gas(self) -> dict[str, int]:
        """Prorata's figures by the labels of `tests/gas`."""
        gas: dict[str, int] = self.found["gas"]
        return gas

    def ours(self, operation: Operation) -> int:
        """Prorata's figure."""
        if operation.key == "ask":
            return int(self.found["growth"]["entitlement"]["1000"])
        return sum(self.gas[label] for label in operation.labels)

    def theirs(self, peer: str, operation: Operation) -> int | None:
        """A peer's figure; None for what it cannot do."""
        figure = self.found["field"][peer].get(operation.key)
        return None if figure is None else int(figure)

    def best(self, operation: Operation) -> tuple[str, int] | None:
        """The cheapest peer that can do it."""
        able = [
            (figure, peer.title)
            for peer in PEERS
            if (figure := self.theirs(peer.key, operation)) is not None
        ]
        return (min(able)[1], min(able)[0]) if able else None

    @cached_property
    def by_key(self) -> dict[str, int]:
        """Prorata's figures by operation."""
        return {operation.key: self.ours(operation) for operation in OPERATIONS}


def render(found: dict[str, Any]) -> str:
    """The whole page."""
    results = Results(found)
    parts: Iterable[Sequence[str]] = (
        _opening(results),
        _summary(results),
        _where_others_win(results),
        _aims(results),
        _everything(results),
        _peers(results),
        trading.section(found.get("trading", {}), found["setup"]["packages"], table),
        calls.section(results.gas, table),
        _growth(results),
        _scale(results),
        filling.section(found["scale"].get("fill", {}), table),
        asof.section(found["scale"].get("as of", {}), table),
        _network(results),
        _merkle(results),
        _repriced(results),
        _floor_lists(),
        _method(results),
    )
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def prose(text: str) -> str:
    """A paragraph, however its lines are broken here."""
    return " ".join(text.split())


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: int) -> list[str]:
    """A Markdown table whose last columns are numbers."""
    words = len(head) - numbers
    return [
        f"| {' | '.join(head)} |",
        f"| {' | '.join(['---'] * words + ['---:'] * numbers)} |",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


# ------------------------------------------------------------------------------------------ gas


def _opening(results: Results) -> list[str]:
    able = sum(results.best(operation) is not None for operation in OPERATIONS)
    first = sum(
        best[1] >= results.ours(operation)
        for operation in OPERATIONS
        if (best := results.best(operation)) is not None
    )
    return [
        "# What it costs",
        "",
        prose(
            f"""
            prorata beside what one would use instead: the same story, on one local Anvil, in one
            run of `make bench`, which also wrote this page. Of the {len(OPERATIONS)} operations
            below, some peer can do {able}; in {first} of these prorata is the cheapest or equal,
            and in {able - first} it is not. Whoever promises less can be cheaper, and several
            are.
            """
        ),
        "",
        "![gas by operation](costs/operations.png)",
    ]


def _summary(results: Results) -> list[str]:
    rows = []
    for operation in OPERATIONS:
        ours, best = results.ours(operation), results.best(operation)
        floor = FLOORS.get(operation.key)
        low = total(floor) if floor else None
        rows.append(
            (
                operation.title,
                best[0] if best else "nobody else can",
                f"{ours:,}",
                f"{low:,}" if low else "",
                ratio(ours, low) if low else "",
                f"{best[1]:,}" if best else CANNOT,
                ratio(ours, best[1]) if best else "",
            )
        )
    head = (
        "operation", "the cheapest of the others", "prorata", "the EVM's floor",
        "prorata / floor", "the cheapest", "prorata / cheapest",
    )  # fmt: skip
    return [
        "## In one table",
        "",
        prose(
            """
            Gas of one transaction, or a holder's part of it where it says so. *The floor* is what
            the EVM itself charges for the slots, calls, events and calldata that the operation,
            as prorata promises it, cannot do without ([the lists](#the-floor-item-by-item)); a
            deployment has none, since code has no least size. Below 1 in the last column prorata
            is the cheapest.
            """
        ),
        "",
        *table(head, rows, 5),
    ]


def _where_others_win(results: Results) -> list[str]:
    lines = []
    for operation in OPERATIONS:
        ours = results.ours(operation)
        cheaper = sorted(
            (figure, peer.title)
            for peer in PEERS
            if (figure := results.theirs(peer.key, operation)) is not None and figure < ours
        )
        if cheaper:
            named = ", ".join(f"{title} {figure:,}" for figure, title in cheaper)
            lines.append(f"- **{operation.title}** ({ours:,}): {named}.")
    return [
        "## Where the others are cheaper",
        "",
        prose(
            """
            Read it with what they leave out: a plain token keeps no history, pays nobody and asks
            nobody; a vault or a splitter pays whoever is there, not who held at a record date,
            and takes all there is at once, so that a claim of a hundred costs it what one does.
            """
        ),
        "",
        *lines,
    ]


def _aims(results: Results) -> list[str]:
    rows = []
    for aim, key, limit in AIMS:
        operation = next(o for o in OPERATIONS if o.key == key)
        ours, low = results.ours(operation), total(FLOORS[key])
        best = results.best(operation)
        rows.append(
            (
                f"{aim} at most {limit // 100}.{limit % 100:02d} of the floor",
                "yes" if 100 * ours <= limit * low else "no",
                ratio(ours, low),
                f"{best[0]} {ratio(best[1], low)}" if best else CANNOT,
            )
        )
    return [
        "## What is aimed for",
        "",
        prose(
            """
            Each aim is a multiple of the EVM's floor of the same promise, which no code can pass.
            Beside it stands the cheapest peer against that floor: it promises less, so that it may
            lie below 1.
            """
        ),
        "",
        *table(("aim", "reached", "now", "the cheapest of the others"), rows, 2),
        "",
        *WHY_NOT,
    ]


AIMS = (
    ("open transfer", "transfer", 103),
    ("compliant transfer (identity)", "rules 0", 110),
    ("one claim", "claim 1", 115),
    ("push, per holder", "push", 140),
)
"""What is aimed for, the operation, and the limit in hundredths of the floor."""


WHY_NOT = (
    "What stands between the figure and the floor, and what was tried:",
    "",
    prose(
        f"""
        - **Open transfer.** A record date costs every transfer one slot that a plain token does not
        read, {COLD_SLOT:,} gas. The rest above the floor is the compiler's, and no more than a
        plain token has. Written in assembly from its first byte, as Solady's is, it would come
        nearer the floor; but the ledger is what people must be able to read. The pipeline by way
        of Yul makes it 767 gas dearer.
        """
    ),
    prose(
        f"""
        - **Compliant transfer.** Two more contracts are called, each {COLD_ACCOUNT:,} gas before
        its first instruction, and a slot is read there. Rules that were part of the token would
        be cheaper, and could not be replaced without replacing the ledger.
        """
    ),
    prose(
        """
        - **One claim.** A PaymentSplitter pays whoever is in its list, out of two slots. Here the
        terms are read, the token is asked, and two slots are written: the settled shares and the
        mark that keeps it from being paid twice. Of tokens that pay without a record date, a claim
        from StakingRewards costs more than one from prorata.
        """
    ),
    prose(
        """
        - **Deployment.** It was an aim to deploy one more asset below 3,000,000. That aim is given
        up: nearly all of it is code, 200 gas a byte, paid once in an asset's life, and every way to
        make it much smaller puts a second contract between holders and their ledger. A token that
        keeps what is asked for every day, and runs the code of one shared contract for orders,
        papers and permits, was built: 7,353 bytes instead of 23,900, transfers 57 to 86 gas cheaper
        and orders 2,900 dearer. It was left: the compiled token's interface is only half of it
        then, so that tools which compile the sources do not see the rest, and the one contract that
        must be beyond doubt would run another's code on its own storage. Clones would cost every
        transfer 2,600 gas.
        """
    ),
)


def _everything(results: Results) -> list[str]:
    rows = []
    for operation in OPERATIONS:
        figures = [results.theirs(peer.key, operation) for peer in PEERS]
        reported = [CANNOT if figure is None else f"{figure:,}" for figure in figures]
        rows.append((operation.title, f"**{results.ours(operation):,}**", *reported))
    head = ("operation", "prorata", *(peer.title for peer in PEERS))
    return ["## Everybody, everything", "", *table(head, rows, len(head) - 1)]


def _peers(results: Results) -> list[str]:
    setup = results.found["setup"]
    rows = [
        (
            peer.title,
            f"`{peer.package}` {setup['packages'][peer.package]}",
            setup["licences"][peer.package],
            peer.what,
            peer.promises,
        )
        for peer in PEERS
    ]
    return [
        "## Who they are",
        "",
        prose(
            """
            From npm, by a lock file of their own; development dependencies, never shipped and
            never copied, so that their licences bind nothing here.
            """
        ),
        "",
        *table(("peer", "package", "licence", "what is measured", "what it promises"), rows, 0),
        "",
        prose(
            """
            Not measured, because npm has not all of it: CMTAT (no package), 0xSplits (packages
            without contracts; PaymentSplitter stands for splits), Superfluid (its pools import a
            library that no package has). `tests/bench/solidity` only makes contracts of abstract
            ones.
            """
        ),
    ]


# --------------------------------------------------------------------------------------- growth


def _growth(results: Results) -> list[str]:
    growth, field = results.found["growth"], results.found["field"]
    declared = growth["declare"]
    each = field["openzeppelin"]["transfer"]
    holders = [
        (f"{int(count):,}", f"{gas:,}", f"{int(count) * each:,}") for count, gas in declared.items()
    ]
    records = [
        (f"{int(count):,}", f"{gas:,}", f"{growth['entitlement'][count]:,}")
        for count, gas in growth["claim"].items()
    ]
    return [
        "## How it grows",
        "",
        "![gas by number of holders and of records](costs/growth.png)",
        "",
        prose(
            """
            A declaration costs the same for any number of holders, and was made at each of these
            numbers; beside it, by multiplication, a plain token transfer to each.
            """
        ),
        "",
        *table(("holders", "declare", "a transfer to each"), holders, 3),
        "",
        prose(
            f"""
            A push to all costs {results.by_key["push"]:,} for each, less than a plain transfer
            of a currency, since a hundred share a transaction.
            """
        ),
        "",
        prose(
            """
            A claim grows with the logarithm of the records that a holder has traded after: the
            balance at the record is searched for. Measured for a holder who traded after every
            single one, and for the record in the middle; who has not traded pays as for one
            record.
            """
        ),
        "",
        *table(("records behind the holder", "claim", "ask what is owed"), records, 3),
    ]


def _times(a: float, b: float) -> str:
    """How many times as long, as people say it: two significant digits, for times are noisy."""
    times = a / b
    if times < 10:
        return f"{times:.1f}"
    digits = len(str(int(times)))
    return f"{round(times, 2 - digits):,.0f}"


READ_BACK = {
    "captable": (
        "cap table, from a node and compared with it, of",
        "asking the token for each balance (a sample, multiplied)",
    ),
    "books": (
        "books, from a node and compared with it, of",
        "asking the vault what each is owed (a sample, multiplied)",
    ),
    "statements": (
        "statements as letters, on paper too, by two processes, to",
        "one process drawing the PDFs and nothing more (a sample, multiplied)",
    ),
}


def _scale(results: Results) -> list[str]:
    scale = results.found["scale"]
    operate, single = scale["operate"], scale["one by one"]
    rows = [
        (
            f"{what} {operate['holders']:,} holders",
            f"ape, one transaction at a time (a sample of {single['holders']}, multiplied)",
            _times(single[key] / single["holders"], operate[key] / operate["holders"]),
            f"{operate['memory']:,} MB",
        )
        for what, key in (("issue to", "issue"), ("pay, and account for,", "pay"))
    ]
    for part, (what, baseline) in READ_BACK.items():
        # Figures from before these were measured have none of them.
        if (read := operate.get("read", {}).get(part)) is not None:
            rows.append(
                (
                    f"{what} {operate['holders']:,} holders",
                    baseline,
                    _times(read["baseline"], read["seconds"]),
                    f"{read['memory']:,} MB",
                )
            )
    for size, reported in scale["rebuild"].items():
        rows.append(
            (
                prose(
                    f"""
                    books of {int(size):,} transfers, {reported["holders"]:,} holders,
                    {reported["records"]} record dates and distributions, from raw logs
                    """
                ),
                "web3.py decoding the same transfers and nothing more (a sample, multiplied)",
                _times(reported["web3 decoding alone"], reported["read"] + reported["books"]),
                f"{reported['memory']:,} MB",
            )
        )
    for size, reported in scale["divide"].items():
        rows.append(
            (
                f"divide a distribution among {int(size):,} holders",
                "Python's `Fraction` for each",
                _times(reported["fractions"], reported["divide"]),
                f"{reported['memory']:,} MB",
            )
        )
    # Figures from before calls were measured have none of them.
    for size, reported in scale.get("clear", {}).items():
        rows.append(
            (
                f"clear a call of {int(size):,} orders at 255 prices, and allot it",
                "sorting both sides, and `Fraction` at the margin, with the price known",
                _times(reported["sorting"], reported["clear"]),
                f"{reported['memory']:,} MB",
            )
        )
    # Figures from before loans were serviced have none of them.
    if (loans := scale.get("loans")) is not None:
        rows.append(
            (
                prose(
                    f"""
                    service {loans["loans"]:,} loans over {loans["years"]} years, with
                    {loans["events"]:,} events, report on each month, and pay the tranches:
                    {loans["seconds"]:.0f} seconds of one core
                    """
                ),
                "Python's `Fraction` for as many annuities, never rounded (a sample, multiplied)",
                _times(loans["fractions"], loans["seconds"]),
                f"{loans['memory']:,} MB",
            )
        )
    tables = scale["tables"]
    seconds = tables["seconds"]
    rows += [
        (
            f"cap table of {tables['holders']:,} holders: {what}",
            "reading it as CSV, by the same checks (processor time)",
            _times(seconds[BASELINE], of_it),
            f"{tables['memory']:,} MB",
        )
        for what, of_it in seconds.items()
        if what != BASELINE
    ]
    largest = scale["rebuild"][max(scale["rebuild"], key=int)]
    rows.append(
        (
            f"cap table at any past second, of {largest['transfers']:,} transfers",
            "reading the logs anew",
            _times(largest["read"], largest["cap table at a past date"]),
            f"{largest['memory']:,} MB",
        )
    )
    head = ("work", "baseline, in the same run", "times as fast", "peak memory")
    return [
        "## Off the chain",
        "",
        prose(
            f"""
            Ratios against a named baseline in the same run, on a machine of
            {results.found["setup"]["cores"]} cores whose times are noisy (take a factor of 1.5
            for nothing); no test asserts a time. Each part is a process of its own, whose peak
            memory is its own; where it starts others, it is the one of the largest.
            """
        ),
        "",
        *table(head, rows, 2),
        "",
        *_limits(results),
    ]


def _limits(results: Results) -> list[str]:
    scale, setup = results.found["scale"], results.found["setup"]
    sizes = sorted(scale["rebuild"], key=int)
    small, large = scale["rebuild"][sizes[0]], scale["rebuild"][sizes[-1]]
    per = [
        (reported["read"] + reported["books"]) / reported["transfers"]
        for reported in (small, large)
    ]
    reading = (large["memory after reading"] - small["memory after reading"]) * 2**20
    each = reading // (large["transfers"] - small["transfers"])
    room = setup["memory"] // max(each, 1) // 10**6
    entries = large["holders"] * large["records"]
    booked = (large["memory"] - large["memory after reading"]) * 2**20 // entries
    return [
        prose(
            f"""
            From {small["transfers"]:,} to {large["transfers"]:,} transfers the time for each
            becomes {_times(per[1], per[0])} times what it was. The largest that was tried,
            {large["transfers"]:,} transfers and {entries:,} entitlements, was reached. What
            bounds it is memory: the register keeps about {each:,} bytes for each transfer (every
            past balance, so that any past second can be asked for), which would fill this
            machine's {setup["memory"] // 2**30} GiB at some {room:,} million transfers; the books
            keep about {booked:,} bytes for each holder of each distribution. Issuing and paying
            are bounded by the node, which runs every transaction.
            """
        ),
    ]


# ------------------------------------------------------------------------------------- on paper


def dollars(gas: int, price: int) -> str:
    """What so much gas costs at a price in wei, in whole dollars, rounded up; cents below ten."""
    cents = -(-gas * price * ETHER_IN_DOLLARS * 100 // 10**18)
    return f"{cents // 100}.{cents % 100:02d}" if cents < 1_000 else f"{-(-cents // 100):,}"


def _gwei(price: int) -> str:
    return f"{price / GWEI:g} gwei"


def _network(results: Results) -> list[str]:
    by = results.by_key
    each = by["register"] + by["issue under rules"]
    rows = []
    for count in COMMUNITIES:
        for what, gas in (
            ("set up: deploy, register, issue", by["deploy"] + count * each),
            ("a distribution, declared; holders claim", by["declare"]),
            ("a distribution, pushed to all", by["declare"] + count * by["push"]),
            ("all claims of it, paid by the holders", count * by["claim 1"]),
            ("twelve, claimed at once", 12 * by["declare"] + count * by["claim 12"]),
        ):
            reported = (dollars(gas, price) for price in PRICES)
            rows.append((f"{count:,}", what, f"{gas:,}", f"{blocks(gas):,}", *reported))
    head = ("holders", "what", "gas", "full blocks", *(f"USD at {_gwei(p)}" for p in PRICES))
    full = blocks(COMMUNITIES[-1] * by["push"])
    return [
        "## On a main network, on paper",
        "",
        prose(
            f"""
            With an ether at USD {ETHER_IN_DOLLARS:,} and a block of
            {BLOCK_GAS // 10**6} million gas every {BLOCK_SECONDS} seconds; these are assumptions,
            and everything scales with them. 0.1 gwei stands for a quiet day or a rollup, whose
            charge for data comes on top.
            """
        ),
        "",
        *table(head, rows, 2 + len(PRICES)),
        "",
        prose(
            f"""
            What changes at the larger end: declaring stays what it is, so that income can be
            *promised* to a million holders for the price of one transaction. Pushing it to a
            million takes {full:,} full blocks, {full * BLOCK_SECONDS // 60:,} minutes of the
            whole chain and nothing else in it: there, holders claim when it is worth it to them,
            several distributions at once, or all of it lives on a rollup. Registering and issuing
            to all costs as much as {ratio(each, by["push"])} pushes to all, once, and no way of
            paying makes them less.
            """
        ),
    ]


def blocks(gas: int) -> int:
    """How many full blocks of a main network so much gas fills."""
    return -(-gas // BLOCK_GAS)


def _merkle(results: Results) -> list[str]:
    by = results.by_key
    saved = COLD_ACCOUNT + 2 * COLD_SLOT
    rows = []
    for count in COMMUNITIES:
        depth = (count - 1).bit_length()
        proof = depth * (32 * BYTE + HASHING)
        rows.append(
            (
                f"{count:,}", str(depth), f"{proof:,}", f"{saved:,}", f"{proof - saved:+,}",
                f"{by['claim 1'] + proof - saved:,}",
            )
        )  # fmt: skip
    head = ("holders", "steps of proof", "the proof", "saved", "per claim", "a claim would cost")
    kept = by["transfer record"] - by["transfer"]
    return [
        "### Would a tree of payouts be cheaper?",
        "",
        prose(
            f"""
            Instead of looking up the holder's balance at the record, a claim could prove its line
            in a Merkle tree of payouts that the issuer computed and published. It would save
            asking the token ({saved:,} gas) and pay for the proof: 32 bytes of calldata and a
            hash for each doubling of the holders.
            """
        ),
        "",
        *table(head, rows, 5),
        "",
        prose(
            f"""
            It is dearer for every claim above some two thousand holders, the more so the more there
            are, and a claim of twelve (now {by["claim 12"]:,}) would bring twelve proofs. What it
            would save elsewhere is the history: {kept:,} gas for a pair's first transfer after
            every other record date at which both traded. And the chain would no longer know that
            the division is right, which is the point of prorata. The figures do not justify it,
            so it is not built. What could be worth a tree at a million holders is the issue
            itself ({by["issue"]:,} gas per holder): shares that are drawn by proof when first
            needed.
            """
        ),
    ]


# ------------------------------------------------------------------------------------- repricing


def _repriced(results: Results) -> list[str]:
    gas, state = results.found["repriced"]["gas"], results.found["repriced"]["state"]
    rows = []
    for operation in OPERATIONS:
        if not operation.labels:
            continue
        ours = results.ours(operation)
        then = sum(gas[label] for label in operation.labels)
        made = sum(state[label] for label in operation.labels)
        rows.append((operation.title, f"{ours:,}", f"{then:,}", f"{made:,}", ratio(then, ours)))
    head = ("operation", "today", "then", "of it state gas", "then / today")
    slot = NEW_COLD_SLOT + STORAGE_WRITE + STATE_BYTE * SLOT_BYTES
    code = CREATE + CODE_BYTE * TERMS_BYTES
    made = STATE_BYTE * (ACCOUNT_BYTES + TERMS_BYTES)
    regular = CREATE_ACCESS + HASH_WORD * -(-TERMS_BYTES // 32)
    return [
        "## If creating state becomes dearer",
        "",
        prose(
            f"""
            EIP-8037 and EIP-8038 are announced for the next fork of Ethereum's main network. State
            that is created would be paid for by the byte ({STATE_BYTE:,} gas each, {SLOT_BYTES}
            bytes a slot, {ACCOUNT_BYTES} an account), and each first write of a slot would cost
            {STORAGE_WRITE:,}. Both are drafts; the prices are those of the specifications' devnet
            8, as of November 2026. No client was run: every transaction of `tests/gas` was traced
            at today's prices, and each touch of the state in it priced anew
            (`tests/bench/repricing.py`). Other changes of that fork are left out.
            """
        ),
        "",
        *table(head, rows, 4),
        "",
        prose(
            """
            - **Whoever creates state pays**: a new holder, the first claim of a holder from a token
            in a currency, a declaration, a deployment. A transfer between holders, a later claim
            and a push create none.
            """
        ),
        prose(
            """
            - **Deployments** stay possible: the limit of 16,777,216 gas a transaction binds
            ordinary gas only. A gas limit above it is a reservoir for state gas, so that a
            deployment needs the gas limit that stands above, and little of it is ordinary.
            """
        ),
        prose(
            f"""
            - **Terms as code.** A declaration stores its terms as the code of a contract of
            {TERMS_BYTES} bytes: {code:,} gas today, {made + regular:,} then, of which {made:,} is
            state gas. Four slots would be {4 * (COLD_SLOT + SET):,} today and {4 * slot:,} then,
            and a claim would read four slots instead of one contract. So the terms stay code.
            """
        ),
        prose(
            f"""
            - **Gas for receivers.** A new slot in a wallet contract would cost {slot:,} where the
            gas limit leaves no reservoir, more than the 100,000 that a receiver of the native coin
            used to get. A claim of one holder therefore forwards what there is, less a reserve;
            a page of a push shares what is left among its holders, or gives what its caller says
            (`pushWithGas`). Give a gas limit above 16,777,216 there: what is above it pays for
            new slots of receivers, and the whole of it is passed to each call.
            """
        ),
    ]


TERMS_BYTES = 129
"""The code of a distribution's terms: a byte that stops, and four words."""


# --------------------------------------------------------------------------------------- method


def _floor_lists() -> list[str]:
    lines = [
        "## The floor, item by item",
        "",
        prose(
            """
            Computed by `tests/bench/floor.py` from the prices of EIP-2028, EIP-7623, EIP-2200,
            EIP-2929 and EIP-3529; a unit test holds each price against an EVM. Computation,
            memory, hashing and the checks of arguments are free in it. *Fill* is a slot that was
            empty, *change* one that was not.
            """
        ),
    ]
    titles = {operation.key: operation.title for operation in OPERATIONS}
    for key, items in FLOORS.items():
        reported: dict[str, list[int]] = {}
        for item in items:
            named = item.what + (f" (1/{item.shared})" if item.shared > 1 else "")
            reported.setdefault(named, []).append(item.gas // item.shared)
        lines += [
            "",
            f"<details><summary>{titles[key]}: {total(items):,}</summary>",
            "",
            *(
                f"- {what}{f', {len(gas)} times' if len(gas) > 1 else ''}: {sum(gas):,}"
                for what, gas in reported.items()
            ),
            "",
            "</details>",
        ]
    return lines


def _method(results: Results) -> list[str]:
    setup = results.found["setup"]
    compilers = "; ".join(
        f"{name}: solc {reported['compiler']}, {reported['evm']}"
        for name, reported in setup["compilers"].items()
    )
    return [
        "## How it was measured",
        "",
        prose(
            f"""
            - prorata: {setup["compiler"]}, EVM version {setup["evmVersion"]}, optimizer
            {setup["optimizerRuns"]:,} runs, legacy pipeline. Others alike, with the compiler that
            their sources name where it is older: {compilers}.
            """
        ),
        prose(
            f"""
            - {setup["chain"].capitalize()}; every transaction in a block of its own, the state
            put back between peers. Later holders, transfers and claims are measured, not the
            first ones ever, except where it says so; of two records the dearer is
            shown, since a slot takes two; addresses have no zero bytes.
            """
        ),
        prose(
            """
            - prorata's figures come from `tests/gas`, the code that `make test` holds against
            `tests/gas/figures.json` to the unit.
            """
        ),
        prose(
            """
            - *Deploy a working system* is registry, vault, token and rules of prorata; the token
            (and pool) of a peer that has no more; implementations, factories, modules'
            implementations apart, and the first asset of T-REX.
            """
        ),
        prose(
            """
            - *Ask* and *push* of peers: what their nearest function costs in a transaction of its
            own.
            """
        ),
        prose(
            """
            - *Every rule* is for prorata: identity, country list with an end, class, window, four
            limits on holders, greatest and least holding, lock-up, supply cap. For T-REX: its
            modules for allowed and restricted countries, greatest balance, supply limit, time
            limits and transfer restriction.
            """
        ),
        prose(
            """
            - `make bench` rewrites this page, its pictures and `docs/costs.json`, which has all
            figures for programs (the issue that asked for it said `benchmarks/results.json`; the
            root of the repository takes no more folders).
            """
        ),
    ]

"""What ranges of records cost, from fixed inputs on a fresh Anvil, for holders idle and busy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.chainkit import ZERO, AnvilKit, Deployed, Reverted
from tests.gas.story import TERMS, Story, fresh, person

DAY = 86_400
LENGTHS = (1, 30, 90)
AMOUNT = 187_654_321_987

# The most records a range can have.
MOST = 100


def measure(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> dict[str, int]:
    """The gas of each labelled operation."""
    gas: dict[str, int] = {}
    with fresh(artifacts, anvil) as kit:
        story = Story(kit, holders=10)
        story.tick()
        ranges = kit.deploy("RecordRanges", story.token.address)
        gas["deploy: RecordRanges"] = ranges.receipt.gas
        _live(story, max(LENGTHS))
        for number, length in enumerate(LENGTHS, start=1):
            _pay(story, ranges, number, length, gas)
        _pass_on(story, gas)
    return gas


class Heavy(NamedTuple):
    """What the first settlement of a heavy distribution of a range costs, in pages and at once."""

    page: int
    """One excluded account."""
    last: int
    """The last excluded account, and the supply."""
    claim: int
    """A claim of a busy holder, once the pages are done."""
    at_once: int | None
    """The same claim with everything else before it, of another distribution; None if it does not
    fit a transaction."""


def heaviest(
    artifacts: Mapping[str, Artifact], stride: int, excluded: int = 32, after: int = 0
) -> Heavy:
    """The longest range over every so many records, declared ahead, without accounts that moved
    shares before every one of the records, as supply and holder did; `after` it follow more."""
    with Anvil(hardfork="osaka") as anvil, AnvilKit(anvil, artifacts) as kit:
        story = Story(kit, holders=excluded + 2)
        holder, other, *outside = story.holders
        givers = [*outside[::2], holder]
        takers = [*outside[1::2], other]
        swap = (givers, takers, [1] * len(givers))
        ranges = kit.deploy("RecordRanges", story.token.address)
        count = MOST * stride
        for _ in range(count - 1):
            _busy_day(story, swap)
        story.tick()
        end = story.clock + 3 * DAY
        story.send(story.token, "scheduleRecord", end)
        chosen = [count - stride * i for i in reversed(range(MOST))]
        story.send(ranges, "defineRange", chosen, [1] * MOST)
        terms = (*TERMS[:-1], outside)
        for _ in range(2):
            what = (ranges.address, 1, story.dollar.address, AMOUNT, terms)
            story.send(story.vault, "declare", *what)
        story.tick(end + 1 - story.clock)
        for _ in range(after + 1):
            _busy_day(story, swap)
        pages = [story.send(story.vault, "fixEligible", 1, 1) for _ in outside]
        claim = story.send(story.vault, "claim", [1], holder)
        at_once = _if_it_fits(story, holder)
    return Heavy(pages[0], pages[-1], claim, at_once)


def _if_it_fits(story: Story, holder: str) -> int | None:
    try:
        return story.send(story.vault, "claim", [2], holder)
    except Reverted:
        return None


def _busy_day(story: Story, swap: tuple[list[str], list[str], list[int]]) -> None:
    """A record, after which everybody's shares and the supply change."""
    story.tick()
    story.token.send("scheduleRecord", story.clock)
    story.send(story.token, "batchForcedTransfer", *swap)
    story.send(story.token, "mint", person(3_000), 1)


def _live(story: Story, days: int) -> None:
    """A record a day, and after each the third holder sells a share to the fourth."""
    _, _, seller, buyer, *_ = story.holders
    for _ in range(days):
        story.tick()
        story.token.send("scheduleRecord", story.clock)
        story.tick(DAY)
        story.kit.rpc("evm_mine")
        story.send(story.token, "transfer", buyer, 1, sender=seller)


def _pay(story: Story, ranges: Deployed, number: int, length: int, gas: dict[str, int]) -> None:
    """Define a range, pay it twice, and claim the second for an idle and a busy holder."""
    records = "1 record" if length == 1 else f"{length} records"
    arguments = (list(range(1, length + 1)), [1] * length)
    gas[f"define: a range of {records}"] = story.send(ranges, "defineRange", *arguments)
    idle, other, busy, *_ = story.holders
    what = (ranges.address, number, story.dollar.address, AMOUNT, TERMS)
    for holders in ((other, idle, busy), (other,)):
        gas[f"declare: a range of {records}"] = story.send(story.vault, "declare", *what)
        last = int(story.vault.call("distributionCount"))
        for holder in holders:
            story.send(story.vault, "claim", [last], holder)
    gas[f"claim: a range of {records}, never traded"] = story.send(
        story.vault, "claim", [last], idle
    )
    gas[f"claim: a range of {records}, traded before each"] = story.send(
        story.vault, "claim", [last], busy
    )


def _pass_on(story: Story, gas: dict[str, int]) -> None:
    """A pool is one of the holders; its second income is measured."""
    kit, pool, issuer = story.kit, story.holders[5], story.issuer
    story.tick()
    certificates = kit.deploy(
        "ShareToken", ("Certificates", "CERT", 0, issuer, ZERO, ZERO, [issuer])
    )
    story.send(certificates, "mint", person(2_000), 1_000)
    story.tick()
    arguments = (story.vault.address, pool, certificates.address, ZERO)
    passer = kit.deploy("PassThrough", *arguments)
    gas["deploy: PassThrough"] = passer.receipt.gas
    story.send(story.vault, "setPayee", passer.address, sender=pool)
    for record in (1, 2):
        story.send(certificates, "scheduleRecord", story.clock + 36)
        story.send(story.token, "scheduleRecord", story.clock + 24)
        story.tick(DAY)
        kit.rpc("evm_mine")
        story.declare(int(story.token.call("recordCount")))
        last = int(story.vault.call("distributionCount"))
        gas["forward: one distribution"] = story.send(passer, "forwardOne", last, record)

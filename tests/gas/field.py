"""What is measured of prorata and of others alike, where the story has no label for it yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.chainkit import Deployed
from tests.contracts.permits import HOLDER, Permit
from tests.gas.story import Story, fresh, person

NAME = "Harbour Street 12"
BATCH = 100


def permit(token: Deployed, name: str, nonce: int, spender: str) -> tuple[Any, ...]:
    """The arguments of a permit that the holder signed."""
    signed = Permit(token, HOLDER.address, spender, 30, nonce, 2**48 - 1, 31_337, name)
    return (signed.owner, spender, signed.value, signed.deadline, *signed.signed())


def measure(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> dict[str, int]:
    """The gas of each labelled operation."""
    gas: dict[str, int] = {}
    with fresh(artifacts, anvil) as kit:
        story = Story(kit, holders=BATCH + 10)
        giver, *takers = story.holders
        story.send(story.token, "mint", giver, 10_000)
        for nonce in (0, 1):
            arguments = permit(story.token, NAME, nonce, person(3_000 + nonce))
            gas["permit: a second one"] = story.send(story.token, "permit", *arguments)
        sent = story.send(story.token, "batchTransfer", takers[:BATCH], [5] * BATCH, sender=giver)
        gas["transfer: batch of 100 to holders, per recipient"] = sent // BATCH
        _many_claims(story, gas)
    return gas


def _many_claims(story: Story, gas: dict[str, int]) -> None:
    """A holder who was paid before claims a hundred at once; another has claimed each before."""
    record = story.close_record()
    for _ in range(BATCH + 1):
        story.declare(record)
    one, other, *_ = story.holders
    ids = list(range(2, BATCH + 2))
    for who in (one, other):
        story.send(story.vault, "claim", [1], who)
    story.send(story.vault, "claim", ids, other)
    gas["claim: a hundred of one currency"] = story.send(story.vault, "claim", ids, one)


# -------------------------------------------------------------------------------------- growth


def by_holders(
    artifacts: Mapping[str, Artifact], anvil: Anvil, counts: list[int], page: int = 600
) -> dict[int, int]:
    """The gas of a declaration, the second of its token and currency, by number of holders."""
    gas: dict[int, int] = {}
    with fresh(artifacts, anvil) as kit:
        story = Story(kit, holders=1)
        _issue_many(story, 1, 2, page)
        story.declare(story.close_record())
        held = 1
        for count in sorted(counts):
            _issue_many(story, held, count, page)
            held = count
            gas[count] = story.declare(story.close_record())
    return gas


def _issue_many(story: Story, start: int, end: int, page: int) -> None:
    for at in range(start, end, page):
        people = [person(10_000 + i) for i in range(at, min(at + page, end))]
        story.send(story.token, "batchMint", people, [1_000] * len(people))


def by_records(
    artifacts: Mapping[str, Artifact], anvil: Anvil, counts: list[int]
) -> dict[str, dict[int, int]]:
    """The gas of a claim and of asking for it, by number of records behind a holder who traded
    after each, of the record in the middle, where the search is longest.
    """
    found: dict[str, dict[int, int]] = {"claim": {}, "entitlement": {}}
    with fresh(artifacts, anvil) as kit:
        story = Story(kit, holders=10)
        ann, ben, cid, *_ = story.holders
        story.kit.impersonate(ann)
        story.declare(story.close_record())
        for who in (ann, cid):
            story.send(story.vault, "claim", [1], who)
        behind, declared = 1, 1
        for count in sorted(counts):
            for _ in range(behind, count):
                story.tick()
                story.token.send("scheduleRecord", story.clock)
                story.tick()
                story.token.send("transfer", ben, 1, sender=ann)
            behind = count
            story.tick()
            kit.rpc("evm_mine")
            declared += 1
            story.declare(max(1, count // 2))
            story.send(story.vault, "claim", [declared], cid)
            ask = ("entitlement", declared, ann)
            found["entitlement"][count] = story.send(story.vault, *ask)
            found["claim"][count] = story.send(story.vault, "claim", [declared], ann)
    return found

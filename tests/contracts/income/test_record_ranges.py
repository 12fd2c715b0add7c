"""Streams: ranges of record dates that the vault pays as if each were one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from prorata.apportion import apportion
from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.harness import DAY, Harness, person, refused

MAX = 2**256 - 1
MAX_SHARES = 2**96 - 1
MAX_WEIGHT = 2**32 - 1
LIMIT = 100
SKIPPED_WAITING = 4


SPEECHLESS = 4


class Streamed(Harness):
    """The usual harness, with a contract for streams of its token and a register of its own."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(kit)
        self.streams = kit.deploy("RecordRanges", self.token.address)
        self.held: dict[str, int] = {}
        self.records: dict[int, dict[str, int]] = {}

    def issue(self, shares: Mapping[str, int]) -> None:
        """Issue shares, and note it."""
        super().issue(shares)
        for who, amount in shares.items():
            self.held[who] = self.held.get(who, 0) + amount

    def move(self, giver: str, receiver: str, amount: int) -> Receipt:
        """Transfer shares, and note it."""
        receipt = super().move(giver, receiver, amount)
        self.held[giver] -= amount
        self.held[receiver] = self.held.get(receiver, 0) + amount
        return receipt

    def close(self) -> int:
        """Let a record close, and note who held what."""
        record = super().close()
        self.records[record] = dict(self.held)
        return record

    def days(self, count: int, *moves: tuple[str, str, int]) -> list[int]:
        """So many records, a day apart; before the second and each later one, the next move."""
        records = []
        for day in range(count):
            if day and day <= len(moves):
                self.move(*moves[day - 1])
            records.append(self.close())
        return records

    def define(
        self, records: Sequence[int], weights: Sequence[int], sender: str | None = None
    ) -> int:
        """Define a stream, as an agent if nothing is said; its id."""
        receipt = self.streams.send(
            "defineRange", list(records), list(weights), sender=sender or self.agent
        )
        return int(receipt.named("RangeDefined")[0]["rangeId"])

    def law(self, records: Sequence[int], weights: Sequence[int]) -> dict[str, int]:
        """Each holder's weighted balance, by the register."""
        sums: dict[str, int] = {}
        for record, weight in zip(records, weights, strict=True):
            for who, shares in self.records[record].items():
                sums[who] = sums.get(who, 0) + weight * shares
        return sums

    def balance(self, account: str, stream: int) -> int:
        """A weighted balance."""
        return int(self.streams.call("balanceOfAt", account, stream))


@pytest.fixture
def harness(kit) -> Streamed:
    """The harness of these tests, with shares issued."""
    harness = Streamed(kit)
    harness.issue({harness.ann: 6_000, harness.ben: 3_000, harness.cid: 1_000})
    return harness


def dollars(harness: Harness, account: str) -> int:
    """What an account has of the dollar."""
    return int(harness.dollar.call("balanceOf", account))


def reasons(receipt: Receipt) -> list[tuple[str, int]]:
    """Whom a push passed over, and why."""
    return [(event["holder"], event["reason"]) for event in receipt.named("Skipped")]


def question(signature: str) -> bytes:
    """The selector of a function."""
    return keccak(text=signature)[:4]


# ------------------------------------------------------------------------------ defining


def test_a_stream_says_what_it_was_defined_as(harness):
    """One event with everything; records with their times; the last one's time is the stream's."""
    # Every byte of a time says something.
    harness.kit.now += 0x01010101
    first, second, third = harness.days(3)
    receipt = harness.streams.send(
        "defineRange", [first, third], [1, MAX_WEIGHT], sender=harness.agent
    )
    assert receipt.events == (
        (
            "RangeDefined",
            {
                "rangeId": 1,
                "definer": harness.agent,
                "recordIds": (first, third),
                "weights": (1, MAX_WEIGHT),
            },
        ),
    )
    times = [harness.token.call("recordTime", record) for record in (first, third)]
    assert harness.streams.call("componentsOf", 1) == (
        (first, 1, times[0]),
        (third, MAX_WEIGHT, times[1]),
    )
    assert harness.streams.call("recordTime", 1) == times[1]
    assert harness.define([second], [5]) == harness.streams.call("recordCount") == 2
    assert harness.streams.call("componentsOf", 1) == (
        (first, 1, times[0]),
        (third, MAX_WEIGHT, times[1]),
    )
    assert harness.streams.call("token") == harness.token.address


def test_only_who_speaks_for_the_token_defines(harness):
    """The owner and agents, for as long as they are; nobody where a token names nobody."""
    record = harness.close()
    for caller in (harness.stranger, harness.ann):
        with refused("RecordRanges_NotOwnerOrAgent", caller):
            harness.define([record], [1], sender=caller)
    assert harness.define([record], [1], sender=harness.owner) == 1
    harness.token.send("removeAgent", harness.agent)
    with refused("RecordRanges_NotOwnerOrAgent", harness.agent):
        harness.define([record], [1])
    bare = harness.kit.deploy("BareToken")
    bare.send("setTime", 1, harness.kit.now)
    streams = harness.kit.deploy("RecordRanges", bare.address)
    for caller in (harness.owner, harness.stranger):
        with refused("RecordRanges_NotOwnerOrAgent", caller):
            streams.send("defineRange", [1], [1], sender=caller)


def test_a_token_without_code_has_no_streams(kit):
    """It is refused when the contract is made."""
    with refused("RecordRanges_NoToken", person(1)):
        kit.deploy("RecordRanges", person(1))


@pytest.mark.attack("K2")
def test_a_range_of_ranges_is_refused(harness):
    """A question about a hundred records would become one about ten thousand; whoever says to be a
    contract of ranges is taken at its word."""
    with refused("RecordRanges_NotPlain", harness.streams.address):
        harness.kit.deploy("RecordRanges", harness.streams.address)
    spoken = harness.kit.deploy("SpokenToken")
    supports = question("supportsInterface(bytes4)")
    spoken.send("setWord", supports, 1)
    with refused("RecordRanges_NotPlain", spoken.address):
        harness.kit.deploy("RecordRanges", spoken.address)
    for word in (0, 2, MAX):
        spoken.send("setWord", supports, word)
        harness.kit.deploy("RecordRanges", spoken.address)


@pytest.mark.attack("H")
def test_records_out_of_order_or_range_are_refused(harness):
    """None, too many, repeated, descending, unknown, or too large for a vault."""
    records = harness.days(3)
    with refused("RecordRanges_RecordCount", 0, LIMIT):
        harness.define([], [])
    with refused("RecordRanges_RecordCount", LIMIT + 1, LIMIT):
        harness.define(range(1, LIMIT + 2), [1] * (LIMIT + 1))
    with refused("RecordRanges_LengthMismatch", 3, 2):
        harness.define(records, [1, 1])
    with refused("RecordRanges_LengthMismatch", 1, 2):
        harness.define(records[:1], [1, 1])
    with refused("RecordRanges_NotAscending", 2, 2):
        harness.define([1, 2, 2], [1, 1, 1])
    with refused("RecordRanges_NotAscending", 1, 3):
        harness.define([3, 1], [1, 1])
    with refused("RecordRanges_NotAscending", 0, 0):
        harness.define([0], [1])
    with refused("ShareToken_UnknownRecord", 4, 3):
        harness.define([*records, 4], [1] * 4)
    for record in (2**32, 2**32 + 1, MAX):
        with refused("RecordRanges_RecordTooLarge", record, 2**32 - 1):
            harness.define([record], [1])
    assert harness.streams.call("recordCount") == 0


@pytest.mark.attack("H")
@pytest.mark.parametrize("weight", [0, 2**32, 2**32 + 1, MAX])
def test_a_weight_out_of_range_is_refused(harness, weight):
    """Nothing, or more than 32 bits, whose low ones would be another weight."""
    records = harness.days(2)
    with refused("RecordRanges_WeightOutOfRange", records[1], weight, MAX_WEIGHT):
        harness.define(records, [1, weight])


@pytest.mark.parametrize("stream", [0, 2, 127, 128, 2**32, 2**64, MAX])
def test_an_unknown_stream_is_refused_everywhere(harness, stream):
    """Every view names the id it does not know, and no declaration is possible for it."""
    harness.define([harness.close()], [1])
    for view, *arguments in (
        ("recordTime",), ("totalSupplyAt",), ("componentsOf",), ("balanceOfAt", harness.ann),
    ):  # fmt: skip
        with refused("RecordRanges_UnknownRange", stream):
            harness.streams.call(view, *arguments, stream)
    with refused("RecordRanges_UnknownRange", stream):
        harness.streams.call("holdingsAt", harness.ann, [1, stream], False)
    if stream < 2**32:
        with refused("RecordRanges_UnknownRange", stream):
            harness.declare(stream, 1_000, token=harness.streams)


# ------------------------------------------------------------------------------- cancelled


def ahead(harness: Streamed) -> tuple[int, list[int]]:
    """A range over a closed record and two that are open; its id, and theirs."""
    records = [harness.close(), harness.schedule(), harness.schedule(harness.kit.now + 2 * DAY)]
    return harness.define(records, [1, 2, 3]), records


@pytest.mark.attack("K10")
@pytest.mark.parametrize("first", [2, 3])
def test_a_range_with_a_cancelled_record_never_closes(harness, first):
    """Its times and balances are refused with the token's own error, before its end and after; what
    it was made of is still told (Law 40)."""
    stream, records = ahead(harness)
    assert harness.streams.call("isRecordCancelled", stream) is False
    times = harness.streams.call("componentsOf", stream)
    number = harness.declare(stream, 1_000, token=harness.streams, excluded=[harness.ben])
    harness.token.send("cancelRecords", first)
    for _ in ("before", "after"):
        assert harness.streams.call("isRecordCancelled", stream) is True
        with refused("ShareToken_RecordCancelled", records[-1]):
            harness.streams.call("recordTime", stream)
        assert harness.streams.call("componentsOf", stream) == times
        assert harness.vault.call("entitlement", number, harness.ann) == (0, 0, 0)
        assert harness.vault.call("claimable", number, harness.ann) == 0
        with refused("ShareToken_RecordCancelled", records[-1]):
            harness.declare(stream, 1, token=harness.streams)
        harness.kit.now += 3 * DAY
    with refused("ShareToken_RecordCancelled", records[-1]):
        harness.balance(harness.ann, stream)
    for function, *arguments in (
        ("claim", [number], harness.ann), ("push", number, [harness.ann]),
        ("fixEligible", number, 1),
    ):  # fmt: skip
        with refused("ShareToken_RecordCancelled", records[-1]):
            harness.vault.send(function, *arguments)
    with refused("ShareToken_RecordCancelled", first):
        harness.streams.call("totalSupplyAt", stream)
    before = dollars(harness, harness.agent)
    harness.vault.send("refund", number, sender=harness.stranger)
    assert dollars(harness, harness.agent) == before + 1_000


def test_no_range_is_defined_over_a_cancelled_record(harness):
    """Records that were cancelled between others are left out of ranges, which stand."""
    first, gone = harness.close(), harness.schedule()
    harness.token.send("cancelRecords", gone)
    last = harness.close()
    with refused("ShareToken_RecordCancelled", gone):
        harness.define([first, gone, last], [1, 1, 1])
    stream = harness.define([first, last], [1, 1])
    assert harness.streams.call("isRecordCancelled", stream) is False
    assert harness.balance(harness.ann, stream) == 12_000
    with refused("RecordRanges_UnknownRange", 2):
        harness.streams.call("isRecordCancelled", 2)


# ---------------------------------------------------------------------------- the weights


def test_interest_accrues_to_who_held_on_each_day(harness):
    """Ann sells half of what she has on the second of three days, and earns for it until then (Law
    1): one distribution, one floor for the whole month."""
    records = harness.days(3, (harness.ann, harness.dan, 3_000))
    stream = harness.define(records, [1, 1, 1])
    people = (harness.ann, harness.ben, harness.cid, harness.dan)
    assert [harness.balance(who, stream) for who in people] == [
        6_000 + 3_000 + 3_000, 9_000, 3_000, 6_000,
    ]  # fmt: skip
    assert harness.streams.call("totalSupplyAt", stream) == 30_000
    number = harness.declare(stream, 3_000_001, token=harness.streams)
    for who, due in ((harness.ann, 1_200_000), (harness.dan, 600_000), (harness.ben, 900_000)):
        harness.claim(who, number)
        assert dollars(harness, who) == due
    harness.claim(harness.cid, number)
    assert dollars(harness, harness.cid) == 300_000
    assert harness.vault.call("carried", harness.streams.address, harness.dollar.address) == 1
    assert harness.vault.call("carried", harness.token.address, harness.dollar.address) == 0


def test_days_weigh_what_they_stand_for(harness):
    """A weekend's record counts three times a weekday's."""
    records = harness.days(2, (harness.ann, harness.dan, 6_000))
    stream = harness.define(records, [1, 3])
    law = harness.law(records, [1, 3])
    assert law == {harness.ann: 6_000, harness.ben: 12_000, harness.cid: 4_000, harness.dan: 18_000}
    assert {who: harness.balance(who, stream) for who in law} == law


@pytest.mark.attack("B3")
def test_records_that_are_left_out_do_not_count(harness):
    """A stream may skip days, and two streams may share some."""
    records = harness.days(4, (harness.ann, harness.dan, 1), (harness.ann, harness.dan, 10))
    for chosen, weights in (([1, 3], [1, 2]), ([2, 3, 4], [7, 1, 1]), ([4], [9])):
        assert set(chosen) <= set(records)
        stream = harness.define(chosen, weights)
        law = harness.law(chosen, weights)
        assert {who: harness.balance(who, stream) for who in law} == law
        assert harness.streams.call("totalSupplyAt", stream) == sum(law.values())


@pytest.mark.attack("B1")
def test_a_stream_cannot_be_read_before_its_last_record_has_closed(harness):
    """Not in the last second either; its time can be told from the beginning (Law 7)."""
    first = harness.close()
    last = harness.schedule(harness.kit.now + DAY)
    closes_at = harness.kit.now + DAY
    stream = harness.define([first, last], [1, 1])
    assert harness.streams.call("recordTime", stream) == closes_at
    for now in (harness.kit.now, closes_at - 1, closes_at):
        harness.kit.now = now
        for view, *arguments in (
            ("balanceOfAt", harness.ann, stream), ("totalSupplyAt", stream),
            ("holdingsAt", harness.ann, [stream], False),
        ):  # fmt: skip
            with refused("RecordRanges_Open", stream, closes_at, now):
                harness.streams.call(view, *arguments)
    harness.kit.now = closes_at + 1
    assert harness.balance(harness.ann, stream) == 12_000


def test_a_stream_declared_ahead_is_paid_from_its_end(harness):
    """The treasury fund: the month's interest is paid in before the month is over."""
    first = harness.close()
    last = harness.schedule(harness.kit.now + DAY)
    closes_at = harness.kit.now + DAY
    stream = harness.define([first, last], [1, 1])
    number = harness.declare(stream, 20_000, token=harness.streams)
    with refused("DividendVault_NotPayableYet", number, closes_at + 1, harness.kit.now):
        harness.claim(harness.ann, number)
    harness.move(harness.ann, harness.dan, 6_000)
    harness.kit.now = closes_at + 1
    assert reasons(harness.push(number, harness.ann, harness.ben, harness.cid, harness.dan)) == []
    people = (harness.ann, harness.ben, harness.cid, harness.dan)
    assert [dollars(harness, who) for who in people] == [
        6_000, 6_000, 2_000, 6_000,
    ]  # fmt: skip
    assert harness.figures(number)["eligibleSupply"] == 20_000


def test_excluded_accounts_neither_earn_nor_count(harness):
    """Over the whole stream, and each once."""
    records = harness.days(2, (harness.ann, harness.cid, 1_000))
    stream = harness.define(records, [1, 1])
    number = harness.declare(
        stream, 9_000, token=harness.streams, excluded=[harness.ann, harness.ann]
    )
    assert harness.figures(number)["eligibleSupply"] == 9_000
    assert reasons(harness.push(number, harness.ann, harness.ben, harness.cid)) == [
        (harness.ann, 0)
    ]
    assert (dollars(harness, harness.ben), dollars(harness, harness.cid)) == (6_000, 3_000)


def test_a_tax_policy_is_asked_about_the_stream(harness):
    """It learns the contract and the stream's id, whose time it can read like any record's."""
    records = harness.days(3)
    tax = harness.kit.deploy("DatedTax", harness.collector, harness.token.call("recordTime", 2))
    early, late = harness.define(records[:1], [1]), harness.define(records, [1, 1, 1])
    taxes = []
    for stream in (early, late):
        number = harness.declare(stream, 10_000, token=harness.streams, tax_policy=tax.address)
        taxes.append(harness.claim(harness.ann, number).named("Claimed")[0]["tax"])
        harness.vault.send("remit", number)
    assert taxes == [600, 1_200]
    assert dollars(harness, harness.collector) == 1_800


# ------------------------------------------------------------------------------- too large


@pytest.mark.attack("A6")
def test_as_much_weight_as_a_vault_counts_is_possible(kit):
    """Close to 2^96 - 1 weighted shares are divided exactly; more are refused with the figures."""
    harness = Streamed(kit)
    harness.issue({harness.ann: 2**64 - 1, harness.ben: 2})
    records = harness.days(1)
    harness.token.send("burn", harness.ben, 2, sender=harness.agent)
    harness.held[harness.ben] = 0
    records += harness.days(1)
    # (2^64 - 1) * (2^32 - 1) + (2^64 + 1) = 2^96 - 2^32 + 2
    stream = harness.define(records, [1, MAX_WEIGHT])
    supply = 2**96 - 2**32 + 2
    assert harness.streams.call("totalSupplyAt", stream) == supply
    number = harness.declare(stream, 10**30, token=harness.streams)
    assert harness.vault.call("entitlement", number, harness.ben)[0] == 10**30 * 2 // supply
    with refused("RecordRanges_SupplyTooLarge", supply + 2**64 + 1, MAX_SHARES):
        harness.define(records, [2, MAX_WEIGHT])


@pytest.mark.attack("A4")
def test_a_stream_that_came_to_weigh_too_much_is_refunded(kit):
    """Shares issued after the definition can do that: whoever declared before gets everything
    back, and whoever declares after is refused with the figures (Laws 3, 8)."""
    harness = Streamed(kit)
    harness.issue({harness.ann: 2**64})
    first, last = harness.close(), harness.schedule()
    stream = harness.define([first, last], [1, MAX_WEIGHT])
    number = harness.declare(stream, 1_000, token=harness.streams)
    harness.issue({harness.ben: 2**64})
    harness.kit.now += DAY + 1
    supply = 2**64 + 2**65 * MAX_WEIGHT
    with refused("DividendVault_SupplyTooLarge", supply, MAX_SHARES):
        harness.claim(harness.ann, number)
    with refused("DividendVault_SupplyTooLarge", supply, MAX_SHARES):
        harness.declare(stream, 1_000, token=harness.streams)
    harness.vault.send("refund", number, sender=harness.stranger)
    assert dollars(harness, harness.agent) == 1_000 + 1_000
    assert dollars(harness, harness.vault.address) == 0
    with refused("RecordRanges_SupplyTooLarge", supply, MAX_SHARES):
        harness.define([first, last], [1, MAX_WEIGHT])


@pytest.mark.attack("A4")
def test_a_stream_without_shares_is_refused_or_refunded(kit):
    """Nothing is absorbed where nobody held anything on any day."""
    harness = Streamed(kit)
    records = [*harness.days(2), harness.schedule()]
    stream = harness.define(records, [1, 1, 1])
    number = harness.declare(stream, 1_000, token=harness.streams)
    harness.kit.now += DAY + 1
    harness.issue({harness.ann: 5})
    assert harness.claim(harness.ann, number).named("Claimed") == []
    with refused("DividendVault_NoEligibleShares", harness.streams.address, stream):
        harness.declare(stream, 1_000, token=harness.streams)
    harness.vault.send("refund", number, sender=harness.stranger)
    assert dollars(harness, harness.vault.address) == 0


# ---------------------------------------------------------------------------------- people


def test_a_frozen_holder_waits(harness):
    """Its income of the stream stays until release; a page passes it over."""
    stream = harness.define(harness.days(2), [1, 1])
    number = harness.declare(stream, 20_000, token=harness.streams)
    harness.token.send("setAddressFrozen", harness.ann, True, sender=harness.agent)
    assert harness.streams.call("claimantOf", harness.ann) == ZERO
    with refused("DividendVault_IncomeHeld", harness.streams.address, harness.ann):
        harness.claim(harness.ann, number)
    assert reasons(harness.push(number, harness.ann)) == [(harness.ann, SKIPPED_WAITING)]
    assert harness.vault.call("claimable", number, harness.ann) == 0
    harness.token.send("setAddressFrozen", harness.ann, False, sender=harness.agent)
    harness.claim(harness.ann, number)
    assert dollars(harness, harness.ann) == 12_000


def test_a_recovered_holder_is_paid_at_the_new_wallet(harness):
    """For days before and after, and to nobody else (Law 13)."""
    new = person(7)
    records = harness.days(1)
    harness.token.send("recoveryAddress", harness.ann, new, ZERO, sender=harness.agent)
    harness.held[new] = harness.held.pop(harness.ann)
    records += harness.days(1)
    stream = harness.define(records, [1, 2])
    number = harness.declare(stream, 30_000, token=harness.streams)
    assert harness.streams.call("successorOf", harness.ann) == new
    harness.claim(harness.ann, number)
    assert (dollars(harness, harness.ann), dollars(harness, new)) == (0, 6_000)
    harness.claim(new, number)
    assert dollars(harness, new) == 18_000


def test_only_who_speaks_for_the_token_passes_a_remainder_on(harness):
    """A stranger may pay a stream, but what the last one left over stays for the next of those who
    speak for the token (Law 10)."""
    stream = harness.define(harness.days(2), [1, 1])
    first = harness.declare(stream, 10_001, token=harness.streams)
    harness.push(first, harness.ann, harness.ben, harness.cid)
    carried = ("carried", harness.streams.address, harness.dollar.address)
    assert harness.vault.call(*carried) == 1
    other = harness.declare(stream, 10_000, token=harness.streams, sender=harness.stranger)
    assert (harness.figures(other)["carriedIn"], harness.vault.call(*carried)) == (0, 1)
    later = harness.define([1], [1])
    third = harness.declare(later, 10_000, token=harness.streams, sender=harness.owner)
    assert (harness.figures(third)["carriedIn"], harness.vault.call(*carried)) == (1, 0)


@pytest.mark.parametrize(
    ("signature", "sane"),
    [
        ("claimantOf(address)", True), ("successorOf(address)", True), ("owner()", True),
        ("isAgent(address)", True), ("incomeHeldWhileIneligible()", False),
    ],
)  # fmt: skip
def test_people_are_the_tokens(kit, signature, sane):
    """Each question is answered with the token's word; no answer, or one that makes no sense, is no
    answer here either."""
    token = kit.deploy("SpokenToken")
    streams = kit.deploy("RecordRanges", token.address)
    name = signature.split("(")[0]
    arguments = [person(1)] if "address" in signature else []
    with refused("RecordRanges_Unanswered", question(signature)):
        streams.call(name, *arguments)
    token.send("setWord", question(signature), 1)
    flag = name in {"isAgent", "incomeHeldWhileIneligible"}
    assert streams.call(name, *arguments) == (True if flag else "0x" + "0" * 39 + "1")
    token.send("setWord", question(signature), MAX)
    if name == "isAgent":
        assert streams.call(name, *arguments) is False
    else:
        with refused("RecordRanges_Unanswered", question(signature)):
            streams.call(name, *arguments)


# ------------------------------------------------------------------------- all at one time


def test_several_streams_are_told_together(harness):
    """`holdingsAt` says for any list of streams what `balanceOfAt` says one by one, and whom to
    pay; for no streams, whom to pay."""
    records = harness.days(4, (harness.ann, harness.dan, 5), (harness.dan, harness.ann, 3))
    one, two = harness.define(records, [4, 3, 2, 1]), harness.define(records[1:], [1, 1, 9])
    for who in (harness.ann, harness.dan, harness.eve):
        listed = [two, one, two]
        balances = tuple(harness.balance(who, stream) for stream in listed)
        assert harness.streams.call("holdingsAt", who, listed, False) == (who, balances)
        assert harness.streams.call("holdingsAt", who, [], False) == (who, ())
    harness.token.send("setAddressFrozen", harness.ann, True, sender=harness.agent)
    assert harness.streams.call("holdingsAt", harness.ann, [one], False)[0] == ZERO
    assert harness.streams.call("holdingsAt", harness.ann, [], False)[0] == ZERO


def test_whether_income_is_held_is_the_tokens_to_say(harness):
    """Of what is declared now, there and here."""
    assert harness.streams.call("incomeHeldWhileIneligible") is False
    harness.token.send("setIncomeHeld", True, sender=harness.owner)
    assert harness.streams.call("incomeHeldWhileIneligible") is True


def test_a_token_that_names_no_supply_gives_its_ranges_none(kit):
    """An answer of less than a word is none."""
    harness = Harness(kit)
    callee = kit.deploy("WilfulCallee")
    ranges = kit.deploy("RecordRanges", callee.address)
    ranges.send("defineRange", [1], [1], sender=harness.agent)
    assert ranges.call("totalSupplyAt", 1) == 1
    callee.send("setMood", SPEECHLESS, False)
    with refused("empty", ""):
        ranges.call("totalSupplyAt", 1)


def test_a_token_that_only_tells_balances_can_have_streams(kit):
    """One that is asked record by record, and knows nobody but its owner."""
    harness = Harness(kit)
    token = kit.deploy("SpokenToken")
    token.send("setWord", question("owner()"), int(harness.owner, 16))
    for record, shares in ((1, 10), (2, 30)):
        token.send("setTime", record, kit.now)
        token.send("setSupply", record, 100)
        token.send("setShares", harness.ann, record, shares)
    kit.now += 1
    streams = kit.deploy("RecordRanges", token.address)
    streams.send("defineRange", [1, 2], [1, 2], sender=harness.owner)
    assert streams.call("balanceOfAt", harness.ann, 1) == 70
    assert streams.call("holdingsAt", harness.ann, [1], False) == (harness.ann, (70,))
    number = harness.declare(1, 3_000, token=streams)
    harness.claim(harness.ann, number)
    assert dollars(harness, harness.ann) == 700


# --------------------------------------------------------------------------- hostile tokens


class Liar(Harness):
    """A token that says what the test says, with a stream over two of its records."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(kit)
        self.liar = kit.deploy("SpokenToken")
        self.liar.send("setWord", question("owner()"), int(self.agent, 16))
        for record in (1, 2):
            self.liar.send("setTime", record, kit.now)
        self.streams = kit.deploy("RecordRanges", self.liar.address)

    def say(self, account: str, *shares: int, supply: Sequence[int] = ()) -> None:
        """Balances of an account, and supplies, at both records."""
        for record, amount in enumerate(shares, start=1):
            self.liar.send("setShares", account, record, amount)
        for record, amount in enumerate(supply, start=1):
            self.liar.send("setSupply", record, amount)


@pytest.mark.attack("A6")
@pytest.mark.parametrize("supply", [(MAX, MAX), (2**255, 2**255), (2**216, 0), (0, 2**216)])
def test_sums_that_do_not_fit_are_the_largest_number(kit, supply):
    """So that a distribution declared ahead can be refunded, whatever the token says later."""
    harness = Liar(kit)
    harness.streams.send("defineRange", [1, 2], [1, 1], sender=harness.agent)
    number = harness.declare(1, 500, token=harness.streams)
    harness.kit.now += 1
    harness.say(harness.ann, *supply, supply=supply)
    assert harness.streams.call("totalSupplyAt", 1) == MAX
    assert harness.streams.call("balanceOfAt", harness.ann, 1) == MAX
    with refused("DividendVault_SupplyTooLarge", MAX, MAX_SHARES):
        harness.claim(harness.ann, number)
    harness.vault.send("refund", number)
    assert dollars(harness, harness.agent) == 500
    with refused("RecordRanges_SupplyTooLarge", MAX, MAX_SHARES):
        harness.streams.send("defineRange", [1, 2], [1, 1], sender=harness.agent)


@pytest.mark.attack("A6")
def test_one_weighted_share_more_than_a_vault_counts_is_refused(kit):
    """2^96 - 1 is the most, to the unit."""
    harness = Liar(kit)
    harness.kit.now += 1
    harness.say(harness.ann, supply=(MAX_SHARES, 0))
    harness.streams.send("defineRange", [1, 2], [1, 1], sender=harness.agent)
    harness.say(harness.ann, supply=(MAX_SHARES, 1))
    with refused("RecordRanges_SupplyTooLarge", 2**96, MAX_SHARES):
        harness.streams.send("defineRange", [1, 2], [1, 1], sender=harness.agent)


@pytest.mark.attack("A6")
def test_the_largest_sums_that_are_added_are_exact(kit):
    """A hundred balances just below the bound, with the largest weight, stay exact."""
    harness = Liar(kit)
    records = range(1, LIMIT + 1)
    harness.kit.now += 1
    amount = 2**216 - 1
    for record in records:
        harness.liar.send("setShares", harness.ann, record, amount)
    harness.streams.send("defineRange", list(records), [MAX_WEIGHT] * LIMIT, sender=harness.agent)
    assert harness.streams.call("balanceOfAt", harness.ann, 1) == LIMIT * amount * MAX_WEIGHT


def test_a_token_that_lies_harms_only_its_own_streams(kit):
    """More balance than supply is refused to the last unit; money of others stays (Law 3)."""
    harness = Liar(kit)
    harness.issue({harness.ben: 10})
    honest = harness.declare(harness.close(), 1_000)
    harness.streams.send("defineRange", [1, 2], [1, 1], sender=harness.agent)
    harness.say(harness.ann, 60, 60, supply=(50, 50))
    harness.say(harness.cid, 40, 40)
    number = harness.declare(1, 700, token=harness.streams)
    with refused("DividendVault_SupplyTooLarge", 120, 100):
        harness.claim(harness.ann, number)
    harness.claim(harness.cid, number)
    assert dollars(harness, harness.cid) == 560
    with refused("DividendVault_SupplyTooLarge", 120, 20):
        harness.claim(harness.ann, number)
    harness.claim(harness.ben, honest)
    assert dollars(harness, harness.ben) == 1_000


WORD = 0x40
MOODS: dict[int, int | tuple[str, tuple[str, ...]]] = {
    0: 2,
    1: 0,
    2: ("WilfulCallee_Reverted", ()),
    3: ("empty", ("",)),
    4: ("empty", ("",)),
    # No time is that late.
    5: ("empty", ("",)),
    6: 0,
    8: 2 * WORD,
    9: 2 * WORD,
}


@pytest.mark.parametrize("mood", MOODS)
def test_a_token_that_makes_no_sense_harms_nobody_elses_money(kit, mood):
    """It agrees to everything, denies, reverts, burns gas, says nothing or too much: its streams
    say the same, or nothing, and what others are owed is paid (Law 3)."""
    harness = Harness(kit)
    harness.issue({harness.ben: 10})
    honest = harness.declare(harness.close(), 1_000)
    callee = kit.deploy("WilfulCallee")
    streams = kit.deploy("RecordRanges", callee.address)
    # While it agrees it answers 1 to everything: one share, anyone an agent, closed in 1970.
    streams.send("defineRange", [1, 2], [1, 1], sender=harness.agent)
    harness.declare(1, 700, token=streams)
    callee.send("setMood", mood, False)
    expected = MOODS[mood]
    if isinstance(expected, tuple):
        with refused(expected[0], *expected[1]):
            streams.call("balanceOfAt", harness.ann, 1)
    else:
        assert streams.call("balanceOfAt", harness.ann, 1) == expected
    harness.claim(harness.ben, honest)
    assert dollars(harness, harness.ben) == 1_000
    assert dollars(harness, harness.vault.address) == 700


# -------------------------------------------------------------------------------------- laws

people = st.integers(0, 4)
moves = st.lists(st.tuples(people, people, st.integers(0, 60)), max_size=3)
days = st.lists(moves, min_size=1, max_size=8)
schedule_of_moves = st.dictionaries(
    st.integers(1, 8), st.one_of(st.integers(1, 5), st.integers(1, MAX_WEIGHT)), min_size=1
)


@settings(max_examples=60)
@given(
    issued=st.lists(st.integers(0, 100), min_size=5, max_size=5),
    history=days,
    schedules=st.lists(schedule_of_moves, min_size=1, max_size=3),
    amount=st.integers(1, 10**12),
    order=st.permutations(range(5)),
)
def test_any_stream_is_the_sum_of_its_records(codec, issued, history, schedules, *, amount, order):
    """Whatever moves between whatever records: balances, supply and payments of every stream are
    those of plain sums over a register of one's own (Laws 1 to 6, 16)."""
    harness = Streamed(RevmKit(codec))
    everyone = [harness.ann, harness.ben, harness.cid, harness.dan, harness.eve]
    harness.issue(dict(zip(everyone, issued, strict=True)))
    for day in history:
        for giver, taker, amount_moved in day:
            held = harness.held[everyone[giver]]
            if giver != taker:
                harness.move(everyone[giver], everyone[taker], min(amount_moved, held))
        harness.close()
    paid = dict.fromkeys(everyone, 0)
    carried = 0
    for chosen in schedules:
        records = sorted(r for r in chosen if r <= len(history)) or [1]
        weights = [chosen.get(record, 1) for record in records]
        law = harness.law(records, weights)
        stream = harness.define(records, weights)
        assert {who: harness.balance(who, stream) for who in everyone} == law
        assert harness.streams.call("totalSupplyAt", stream) == sum(law.values())
        if not sum(law.values()):
            continue
        number = harness.declare(stream, amount, token=harness.streams)
        division = apportion(amount + carried, law)
        for index in order:
            harness.claim(everyone[index], number)
            paid[everyone[index]] += division.gross[everyone[index]]
        carried = division.remainder
        assert {who: dollars(harness, who) for who in everyone} == paid
        assert dollars(harness, harness.vault.address) == carried
        assert harness.figures(number)["owed"] == 0


@settings(max_examples=60)
@given(
    gaps=st.lists(st.booleans(), min_size=1, max_size=40),
    asked=st.lists(st.integers(1, 40), max_size=30),
)
def test_a_token_tells_any_list_of_records_as_one_by_one(codec, gaps, asked):
    """In whatever order, with repeats: where a search begins changes no answer (Law 5)."""
    harness = Streamed(RevmKit(codec))
    harness.issue({harness.ann: 1_000, harness.ben: 0})
    expected = []
    for moved in gaps:
        if moved:
            harness.move(harness.ann, harness.ben, 1)
        harness.close()
        expected.append((harness.held[harness.ann], harness.held[harness.ben]))
    listed = [record for record in asked if record <= len(gaps)]
    for place, who in enumerate((harness.ann, harness.ben)):
        balances = tuple(expected[record - 1][place] for record in listed)
        assert harness.token.call("holdingsAt", who, listed, False) == (who, balances)
        one_by_one = [harness.token.call("balanceOfAt", who, record) for record in listed]
        assert tuple(one_by_one) == balances
        asked_for = codec.call("ShareToken", "holdingsAt", who, listed, False)
        answered = harness.kit.read(harness.ann, harness.token.address, asked_for)
        assert answered == encode(["address", "uint256[]"], [who, balances])


def test_the_law_of_a_stream_does_not_depend_on_where_it_is_defined(harness):
    """Two contracts over one token give one stream the same figures, and keep their money apart."""
    records = harness.days(2, (harness.ann, harness.ben, 17))
    other: Deployed = harness.kit.deploy("RecordRanges", harness.token.address)
    harness.define(records, [2, 3])
    other.send("defineRange", records, [2, 3], sender=harness.agent)
    for who in (harness.ann, harness.ben):
        assert other.call("balanceOfAt", who, 1) == harness.balance(who, 1)
    first = harness.declare(1, 50_001, token=harness.streams)
    harness.push(first, harness.ann, harness.ben, harness.cid)
    second = harness.declare(1, 7, token=other)
    assert harness.figures(second)["carriedIn"] == 0

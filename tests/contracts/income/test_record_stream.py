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
from tests.contracts.stage import DAY, Stage, person, refused

MAX = 2**256 - 1
MAX_SHARES = 2**96 - 1
MAX_WEIGHT = 2**32 - 1
LIMIT = 100
SKIPPED_WAITING = 4


class Streamed(Stage):
    """The usual stage, with a contract for streams of its token and a plain register of its own."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(kit)
        self.streams = kit.deploy("RecordStream", self.token.address)
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
            "defineStream", list(records), list(weights), sender=sender or self.agent
        )
        return int(receipt.named("StreamDefined")[0]["streamId"])

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
def stage(kit) -> Streamed:
    """The stage of these tests, with shares issued."""
    stage = Streamed(kit)
    stage.issue({stage.ann: 6_000, stage.ben: 3_000, stage.cid: 1_000})
    return stage


def dollars(stage: Stage, account: str) -> int:
    """What an account has of the dollar."""
    return int(stage.dollar.call("balanceOf", account))


def reasons(receipt: Receipt) -> list[tuple[str, int]]:
    """Whom a push passed over, and why."""
    return [(event["holder"], event["reason"]) for event in receipt.named("Skipped")]


def question(signature: str) -> bytes:
    """The selector of a function."""
    return keccak(text=signature)[:4]


# ------------------------------------------------------------------------------ defining


def test_a_stream_says_what_it_was_defined_as(stage):
    """One event with everything; records with their times; the last one's time is the stream's."""
    # Every byte of a time says something.
    stage.kit.now += 0x01010101
    first, second, third = stage.days(3)
    receipt = stage.streams.send(
        "defineStream", [first, third], [1, MAX_WEIGHT], sender=stage.agent
    )
    assert receipt.events == (
        (
            "StreamDefined",
            {
                "streamId": 1,
                "definer": stage.agent,
                "recordIds": (first, third),
                "weights": (1, MAX_WEIGHT),
            },
        ),
    )
    times = [stage.token.call("recordTime", record) for record in (first, third)]
    assert stage.streams.call("partsOf", 1) == ((first, 1, times[0]), (third, MAX_WEIGHT, times[1]))
    assert stage.streams.call("recordTime", 1) == times[1]
    assert stage.define([second], [5]) == stage.streams.call("recordCount") == 2
    assert stage.streams.call("partsOf", 1) == ((first, 1, times[0]), (third, MAX_WEIGHT, times[1]))
    assert stage.streams.call("token") == stage.token.address


def test_only_who_speaks_for_the_token_defines(stage):
    """The owner and agents, for as long as they are; nobody where a token names nobody."""
    record = stage.close()
    for caller in (stage.stranger, stage.ann):
        with refused("RecordStream_NotSpeaker", caller):
            stage.define([record], [1], sender=caller)
    assert stage.define([record], [1], sender=stage.owner) == 1
    stage.token.send("removeAgent", stage.agent)
    with refused("RecordStream_NotSpeaker", stage.agent):
        stage.define([record], [1])
    bare = stage.kit.deploy("BareToken")
    bare.send("setTime", 1, stage.kit.now)
    streams = stage.kit.deploy("RecordStream", bare.address)
    for caller in (stage.owner, stage.stranger):
        with refused("RecordStream_NotSpeaker", caller):
            streams.send("defineStream", [1], [1], sender=caller)


def test_a_token_without_code_has_no_streams(kit):
    """It is refused when the contract is made."""
    with refused("RecordStream_NoToken", person(1)):
        kit.deploy("RecordStream", person(1))


def test_H_records_out_of_order_or_range_are_refused(stage):
    """None, too many, repeated, descending, unknown, or too large for a vault."""
    records = stage.days(3)
    with refused("RecordStream_RecordCount", 0, LIMIT):
        stage.define([], [])
    with refused("RecordStream_RecordCount", LIMIT + 1, LIMIT):
        stage.define(range(1, LIMIT + 2), [1] * (LIMIT + 1))
    with refused("RecordStream_LengthMismatch", 3, 2):
        stage.define(records, [1, 1])
    with refused("RecordStream_LengthMismatch", 1, 2):
        stage.define(records[:1], [1, 1])
    with refused("RecordStream_NotAscending", 2, 2):
        stage.define([1, 2, 2], [1, 1, 1])
    with refused("RecordStream_NotAscending", 1, 3):
        stage.define([3, 1], [1, 1])
    with refused("RecordStream_NotAscending", 0, 0):
        stage.define([0], [1])
    with refused("ShareToken_UnknownRecord", 4, 3):
        stage.define([*records, 4], [1] * 4)
    for record in (2**32, 2**32 + 1, MAX):
        with refused("RecordStream_RecordTooLarge", record, 2**32 - 1):
            stage.define([record], [1])
    assert stage.streams.call("recordCount") == 0


@pytest.mark.parametrize("weight", [0, 2**32, 2**32 + 1, MAX])
def test_H_a_weight_out_of_range_is_refused(stage, weight):
    """Nothing, or more than 32 bits, whose low ones would be another weight."""
    records = stage.days(2)
    with refused("RecordStream_WeightOutOfRange", records[1], weight, MAX_WEIGHT):
        stage.define(records, [1, weight])


@pytest.mark.parametrize("stream", [0, 2, 127, 128, 2**32, 2**64, MAX])
def test_an_unknown_stream_is_refused_everywhere(stage, stream):
    """Every view names the id it does not know, and no declaration is possible for it."""
    stage.define([stage.close()], [1])
    for view, *arguments in (
        ("recordTime",), ("totalSupplyAt",), ("partsOf",), ("balanceOfAt", stage.ann),
    ):  # fmt: skip
        with refused("RecordStream_UnknownStream", stream):
            stage.streams.call(view, *arguments, stream)
    with refused("RecordStream_UnknownStream", stream):
        stage.streams.call("holdingsAt", stage.ann, [1, stream])
    if stream < 2**32:
        with refused("RecordStream_UnknownStream", stream):
            stage.declare(stream, 1_000, token=stage.streams)


# ---------------------------------------------------------------------------- the weights


def test_interest_accrues_to_who_held_on_each_day(stage):
    """Ann sells half of what she has on the second of three days, and earns for it until then (Law
    1): one distribution, one floor for the whole month."""
    records = stage.days(3, (stage.ann, stage.dan, 3_000))
    stream = stage.define(records, [1, 1, 1])
    assert [stage.balance(who, stream) for who in (stage.ann, stage.ben, stage.cid, stage.dan)] == [
        6_000 + 3_000 + 3_000, 9_000, 3_000, 6_000,
    ]  # fmt: skip
    assert stage.streams.call("totalSupplyAt", stream) == 30_000
    number = stage.declare(stream, 3_000_001, token=stage.streams)
    for who, due in ((stage.ann, 1_200_000), (stage.dan, 600_000), (stage.ben, 900_000)):
        stage.claim(who, number)
        assert dollars(stage, who) == due
    stage.claim(stage.cid, number)
    assert dollars(stage, stage.cid) == 300_000
    assert stage.vault.call("carried", stage.streams.address, stage.dollar.address) == 1
    assert stage.vault.call("carried", stage.token.address, stage.dollar.address) == 0


def test_days_weigh_what_they_stand_for(stage):
    """A weekend's record counts three times a weekday's."""
    records = stage.days(2, (stage.ann, stage.dan, 6_000))
    stream = stage.define(records, [1, 3])
    law = stage.law(records, [1, 3])
    assert law == {stage.ann: 6_000, stage.ben: 12_000, stage.cid: 4_000, stage.dan: 18_000}
    assert {who: stage.balance(who, stream) for who in law} == law


def test_B3_records_that_are_left_out_do_not_count(stage):
    """A stream may skip days, and two streams may share some."""
    records = stage.days(4, (stage.ann, stage.dan, 1), (stage.ann, stage.dan, 10))
    for chosen, weights in (([1, 3], [1, 2]), ([2, 3, 4], [7, 1, 1]), ([4], [9])):
        assert set(chosen) <= set(records)
        stream = stage.define(chosen, weights)
        law = stage.law(chosen, weights)
        assert {who: stage.balance(who, stream) for who in law} == law
        assert stage.streams.call("totalSupplyAt", stream) == sum(law.values())


def test_B1_a_stream_cannot_be_read_before_its_last_record_has_closed(stage):
    """Not in the last second either; its time can be told from the beginning (Law 7)."""
    first = stage.close()
    last = stage.schedule(stage.kit.now + DAY)
    closes_at = stage.kit.now + DAY
    stream = stage.define([first, last], [1, 1])
    assert stage.streams.call("recordTime", stream) == closes_at
    for now in (stage.kit.now, closes_at - 1, closes_at):
        stage.kit.now = now
        for view, *arguments in (
            ("balanceOfAt", stage.ann, stream), ("totalSupplyAt", stream),
            ("holdingsAt", stage.ann, [stream]),
        ):  # fmt: skip
            with refused("RecordStream_Open", stream, closes_at, now):
                stage.streams.call(view, *arguments)
    stage.kit.now = closes_at + 1
    assert stage.balance(stage.ann, stream) == 12_000


def test_a_stream_declared_ahead_is_paid_from_its_end(stage):
    """The treasury fund: the month's interest is paid in before the month is over."""
    first = stage.close()
    last = stage.schedule(stage.kit.now + DAY)
    closes_at = stage.kit.now + DAY
    stream = stage.define([first, last], [1, 1])
    number = stage.declare(stream, 20_000, token=stage.streams)
    with refused("DividendVault_NotPayableYet", number, closes_at + 1, stage.kit.now):
        stage.claim(stage.ann, number)
    stage.move(stage.ann, stage.dan, 6_000)
    stage.kit.now = closes_at + 1
    assert reasons(stage.push(number, stage.ann, stage.ben, stage.cid, stage.dan)) == []
    assert [dollars(stage, who) for who in (stage.ann, stage.ben, stage.cid, stage.dan)] == [
        6_000, 6_000, 2_000, 6_000,
    ]  # fmt: skip
    assert stage.figures(number)["eligibleSupply"] == 20_000


def test_excluded_accounts_neither_earn_nor_count(stage):
    """Over the whole stream, and each once."""
    records = stage.days(2, (stage.ann, stage.cid, 1_000))
    stream = stage.define(records, [1, 1])
    number = stage.declare(stream, 9_000, token=stage.streams, excluded=[stage.ann, stage.ann])
    assert stage.figures(number)["eligibleSupply"] == 9_000
    assert reasons(stage.push(number, stage.ann, stage.ben, stage.cid)) == [(stage.ann, 0)]
    assert (dollars(stage, stage.ben), dollars(stage, stage.cid)) == (6_000, 3_000)


def test_a_tax_policy_is_asked_about_the_stream(stage):
    """It learns the contract and the stream's id, whose time it can read like any record's."""
    records = stage.days(3)
    tax = stage.kit.deploy("DatedTax", stage.collector, stage.token.call("recordTime", 2))
    early, late = stage.define(records[:1], [1]), stage.define(records, [1, 1, 1])
    taxes = []
    for stream in (early, late):
        number = stage.declare(stream, 10_000, token=stage.streams, tax_policy=tax.address)
        taxes.append(stage.claim(stage.ann, number).named("Claimed")[0]["tax"])
        stage.vault.send("remit", number)
    assert taxes == [600, 1_200]
    assert dollars(stage, stage.collector) == 1_800


# ------------------------------------------------------------------------------- too large


def test_A6_as_much_weight_as_a_vault_counts_is_possible(kit):
    """Close to 2^96 - 1 weighted shares are divided exactly; more are refused with the figures."""
    stage = Streamed(kit)
    stage.issue({stage.ann: 2**64 - 1, stage.ben: 2})
    records = stage.days(1)
    stage.token.send("burn", stage.ben, 2, sender=stage.agent)
    stage.held[stage.ben] = 0
    records += stage.days(1)
    # (2^64 - 1) * (2^32 - 1) + (2^64 + 1) = 2^96 - 2^32 + 2
    stream = stage.define(records, [1, MAX_WEIGHT])
    supply = 2**96 - 2**32 + 2
    assert stage.streams.call("totalSupplyAt", stream) == supply
    number = stage.declare(stream, 10**30, token=stage.streams)
    assert stage.vault.call("entitlement", number, stage.ben)[0] == 10**30 * 2 // supply
    with refused("RecordStream_SupplyTooLarge", supply + 2**64 + 1, MAX_SHARES):
        stage.define(records, [2, MAX_WEIGHT])


def test_A4_a_stream_that_came_to_weigh_too_much_is_refunded(kit):
    """Shares issued after the definition can do that: whoever declared before gets everything
    back, and whoever declares after is refused with the figures (Laws 3, 8)."""
    stage = Streamed(kit)
    stage.issue({stage.ann: 2**64})
    first, last = stage.close(), stage.schedule()
    stream = stage.define([first, last], [1, MAX_WEIGHT])
    number = stage.declare(stream, 1_000, token=stage.streams)
    stage.issue({stage.ben: 2**64})
    stage.kit.now += DAY + 1
    supply = 2**64 + 2**65 * MAX_WEIGHT
    with refused("DividendVault_SupplyTooLarge", supply, MAX_SHARES):
        stage.claim(stage.ann, number)
    with refused("DividendVault_SupplyTooLarge", supply, MAX_SHARES):
        stage.declare(stream, 1_000, token=stage.streams)
    stage.vault.send("refund", number, sender=stage.stranger)
    assert dollars(stage, stage.agent) == 1_000 + 1_000
    assert dollars(stage, stage.vault.address) == 0
    with refused("RecordStream_SupplyTooLarge", supply, MAX_SHARES):
        stage.define([first, last], [1, MAX_WEIGHT])


def test_A4_a_stream_without_shares_is_refused_or_refunded(kit):
    """Nothing is absorbed where nobody held anything on any day."""
    stage = Streamed(kit)
    records = [*stage.days(2), stage.schedule()]
    stream = stage.define(records, [1, 1, 1])
    number = stage.declare(stream, 1_000, token=stage.streams)
    stage.kit.now += DAY + 1
    stage.issue({stage.ann: 5})
    assert stage.claim(stage.ann, number).named("Claimed") == []
    with refused("DividendVault_NoEligibleShares", stage.streams.address, stream):
        stage.declare(stream, 1_000, token=stage.streams)
    stage.vault.send("refund", number, sender=stage.stranger)
    assert dollars(stage, stage.vault.address) == 0


# ---------------------------------------------------------------------------------- people


def test_a_frozen_holder_waits(stage):
    """Its income of the stream stays until release; a page passes it over."""
    stream = stage.define(stage.days(2), [1, 1])
    number = stage.declare(stream, 20_000, token=stage.streams)
    stage.token.send("setAddressFrozen", stage.ann, True, sender=stage.agent)
    assert stage.streams.call("claimantOf", stage.ann) == ZERO
    with refused("DividendVault_Waiting", stage.streams.address, stage.ann):
        stage.claim(stage.ann, number)
    assert reasons(stage.push(number, stage.ann)) == [(stage.ann, SKIPPED_WAITING)]
    assert stage.vault.call("claimable", number, stage.ann) == 0
    stage.token.send("setAddressFrozen", stage.ann, False, sender=stage.agent)
    stage.claim(stage.ann, number)
    assert dollars(stage, stage.ann) == 12_000


def test_a_recovered_holder_is_paid_at_the_new_wallet(stage):
    """For days before and after, and to nobody else (Law 13)."""
    new = person(7)
    records = stage.days(1)
    stage.token.send("recoveryAddress", stage.ann, new, ZERO, sender=stage.agent)
    stage.held[new] = stage.held.pop(stage.ann)
    records += stage.days(1)
    stream = stage.define(records, [1, 2])
    number = stage.declare(stream, 30_000, token=stage.streams)
    assert stage.streams.call("successorOf", stage.ann) == new
    stage.claim(stage.ann, number)
    assert (dollars(stage, stage.ann), dollars(stage, new)) == (0, 6_000)
    stage.claim(new, number)
    assert dollars(stage, new) == 18_000


def test_only_who_speaks_for_the_token_passes_a_remainder_on(stage):
    """A stranger may pay a stream, but what the last one left over stays for the next of those who
    speak for the token (Law 10)."""
    stream = stage.define(stage.days(2), [1, 1])
    first = stage.declare(stream, 10_001, token=stage.streams)
    stage.push(first, stage.ann, stage.ben, stage.cid)
    carried = ("carried", stage.streams.address, stage.dollar.address)
    assert stage.vault.call(*carried) == 1
    other = stage.declare(stream, 10_000, token=stage.streams, sender=stage.stranger)
    assert (stage.figures(other)["carriedIn"], stage.vault.call(*carried)) == (0, 1)
    later = stage.define([1], [1])
    third = stage.declare(later, 10_000, token=stage.streams, sender=stage.owner)
    assert (stage.figures(third)["carriedIn"], stage.vault.call(*carried)) == (1, 0)


@pytest.mark.parametrize(
    ("signature", "sane"),
    [
        ("claimantOf(address)", True), ("successorOf(address)", True), ("owner()", True),
        ("isAgent(address)", True), ("holdingsSuffice()", False),
    ],
)  # fmt: skip
def test_people_are_the_tokens(kit, signature, sane):
    """Each question is answered with the token's word; no answer, or one that makes no sense, is no
    answer here either."""
    token = kit.deploy("SpokenToken")
    streams = kit.deploy("RecordStream", token.address)
    name = signature.split("(")[0]
    arguments = [person(1)] if "address" in signature else []
    with refused("RecordStream_Unanswered", question(signature)):
        streams.call(name, *arguments)
    token.send("setWord", question(signature), 1)
    flag = name in {"isAgent", "holdingsSuffice"}
    assert streams.call(name, *arguments) == (True if flag else "0x" + "0" * 39 + "1")
    token.send("setWord", question(signature), MAX)
    if flag:
        assert streams.call(name, *arguments) is False
    else:
        with refused("RecordStream_Unanswered", question(signature)):
            streams.call(name, *arguments)


# ------------------------------------------------------------------------- all at one time


def test_several_streams_are_told_together(stage):
    """`holdingsAt` says for any list of streams what `balanceOfAt` says one by one, and whom to
    pay; for no streams, whom to pay."""
    records = stage.days(4, (stage.ann, stage.dan, 5), (stage.dan, stage.ann, 3))
    one, two = stage.define(records, [4, 3, 2, 1]), stage.define(records[1:], [1, 1, 9])
    for who in (stage.ann, stage.dan, stage.eve):
        listed = [two, one, two]
        balances = tuple(stage.balance(who, stream) for stream in listed)
        assert stage.streams.call("holdingsAt", who, listed) == (who, balances)
        assert stage.streams.call("holdingsAt", who, []) == (who, ())
    stage.token.send("setAddressFrozen", stage.ann, True, sender=stage.agent)
    assert stage.streams.call("holdingsAt", stage.ann, [one])[0] == ZERO
    assert stage.streams.call("holdingsAt", stage.ann, [])[0] == ZERO


def test_what_suffices_for_the_token_suffices_here(stage):
    """Income that waits for eligibility is asked about one by one, there and here."""
    assert stage.streams.call("holdingsSuffice") is True
    stage.token.send("setIncomeWaits", True, sender=stage.owner)
    assert stage.streams.call("holdingsSuffice") is False


def test_a_token_that_only_tells_balances_can_have_streams(kit):
    """One that is asked record by record, and knows nobody but its owner."""
    stage = Stage(kit)
    token = kit.deploy("SpokenToken")
    token.send("setWord", question("owner()"), int(stage.owner, 16))
    for record, shares in ((1, 10), (2, 30)):
        token.send("setTime", record, kit.now)
        token.send("setSupply", record, 100)
        token.send("setShares", stage.ann, record, shares)
    kit.now += 1
    streams = kit.deploy("RecordStream", token.address)
    streams.send("defineStream", [1, 2], [1, 2], sender=stage.owner)
    assert streams.call("balanceOfAt", stage.ann, 1) == 70
    assert streams.call("holdingsAt", stage.ann, [1]) == (stage.ann, (70,))
    number = stage.declare(1, 3_000, token=streams)
    stage.claim(stage.ann, number)
    assert dollars(stage, stage.ann) == 700


# --------------------------------------------------------------------------- hostile tokens


class Liar(Stage):
    """A token that says what the test says, with a stream over two of its records."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(kit)
        self.liar = kit.deploy("SpokenToken")
        self.liar.send("setWord", question("owner()"), int(self.agent, 16))
        for record in (1, 2):
            self.liar.send("setTime", record, kit.now)
        self.streams = kit.deploy("RecordStream", self.liar.address)

    def say(self, account: str, *shares: int, supply: Sequence[int] = ()) -> None:
        """Balances of an account, and supplies, at both records."""
        for record, amount in enumerate(shares, start=1):
            self.liar.send("setShares", account, record, amount)
        for record, amount in enumerate(supply, start=1):
            self.liar.send("setSupply", record, amount)


@pytest.mark.parametrize("supply", [(MAX, MAX), (2**255, 2**255), (2**216, 0), (0, 2**216)])
def test_A6_sums_that_do_not_fit_are_the_largest_number(kit, supply):
    """So that a distribution declared ahead can be refunded, whatever the token says later."""
    stage = Liar(kit)
    stage.streams.send("defineStream", [1, 2], [1, 1], sender=stage.agent)
    number = stage.declare(1, 500, token=stage.streams)
    stage.kit.now += 1
    stage.say(stage.ann, *supply, supply=supply)
    assert stage.streams.call("totalSupplyAt", 1) == MAX
    assert stage.streams.call("balanceOfAt", stage.ann, 1) == MAX
    with refused("DividendVault_SupplyTooLarge", MAX, MAX_SHARES):
        stage.claim(stage.ann, number)
    stage.vault.send("refund", number)
    assert dollars(stage, stage.agent) == 500
    with refused("RecordStream_SupplyTooLarge", MAX, MAX_SHARES):
        stage.streams.send("defineStream", [1, 2], [1, 1], sender=stage.agent)


def test_A6_one_weighted_share_more_than_a_vault_counts_is_refused(kit):
    """2^96 - 1 is the most, to the unit."""
    stage = Liar(kit)
    stage.kit.now += 1
    stage.say(stage.ann, supply=(MAX_SHARES, 0))
    stage.streams.send("defineStream", [1, 2], [1, 1], sender=stage.agent)
    stage.say(stage.ann, supply=(MAX_SHARES, 1))
    with refused("RecordStream_SupplyTooLarge", 2**96, MAX_SHARES):
        stage.streams.send("defineStream", [1, 2], [1, 1], sender=stage.agent)


def test_A6_the_largest_sums_that_are_added_are_exact(kit):
    """A hundred balances just below the bound, with the largest weight, stay exact."""
    stage = Liar(kit)
    records = range(1, LIMIT + 1)
    stage.kit.now += 1
    amount = 2**216 - 1
    for record in records:
        stage.liar.send("setShares", stage.ann, record, amount)
    stage.streams.send("defineStream", list(records), [MAX_WEIGHT] * LIMIT, sender=stage.agent)
    assert stage.streams.call("balanceOfAt", stage.ann, 1) == LIMIT * amount * MAX_WEIGHT


def test_a_token_that_lies_harms_only_its_own_streams(kit):
    """More balance than supply is refused to the last unit; money of others stays (Law 3)."""
    stage = Liar(kit)
    stage.issue({stage.ben: 10})
    honest = stage.declare(stage.close(), 1_000)
    stage.streams.send("defineStream", [1, 2], [1, 1], sender=stage.agent)
    stage.say(stage.ann, 60, 60, supply=(50, 50))
    stage.say(stage.cid, 40, 40)
    number = stage.declare(1, 700, token=stage.streams)
    with refused("DividendVault_SupplyTooLarge", 120, 100):
        stage.claim(stage.ann, number)
    stage.claim(stage.cid, number)
    assert dollars(stage, stage.cid) == 560
    with refused("DividendVault_SupplyTooLarge", 120, 20):
        stage.claim(stage.ann, number)
    stage.claim(stage.ben, honest)
    assert dollars(stage, stage.ben) == 1_000


WORD = 0x40
MOODS: dict[int, int | tuple[str, tuple[str, ...]]] = {
    0: 2,
    1: 0,
    2: ("WilfulCallee_Reverted", ()),
    3: ("empty", ("",)),
    4: ("empty", ("",)),
    5: MAX,
    6: 0,
    8: 2 * WORD,
    9: 2 * WORD,
}


@pytest.mark.parametrize("mood", MOODS)
def test_a_token_that_makes_no_sense_harms_nobody_elses_money(kit, mood):
    """It agrees to everything, denies, reverts, burns gas, says nothing or too much: its streams
    say the same, or nothing, and what others are owed is paid (Law 3)."""
    stage = Stage(kit)
    stage.issue({stage.ben: 10})
    honest = stage.declare(stage.close(), 1_000)
    callee = kit.deploy("WilfulCallee")
    streams = kit.deploy("RecordStream", callee.address)
    # While it agrees it answers 1 to everything: one share, anyone an agent, closed in 1970.
    streams.send("defineStream", [1, 2], [1, 1], sender=stage.agent)
    stage.declare(1, 700, token=streams)
    callee.send("setMood", mood, False)
    expected = MOODS[mood]
    if isinstance(expected, tuple):
        with refused(expected[0], *expected[1]):
            streams.call("balanceOfAt", stage.ann, 1)
    else:
        assert streams.call("balanceOfAt", stage.ann, 1) == expected
    stage.claim(stage.ben, honest)
    assert dollars(stage, stage.ben) == 1_000
    assert dollars(stage, stage.vault.address) == 700


# -------------------------------------------------------------------------------------- laws

people = st.integers(0, 4)
moves = st.lists(st.tuples(people, people, st.integers(0, 60)), max_size=3)
days = st.lists(moves, min_size=1, max_size=8)
course = st.dictionaries(
    st.integers(1, 8), st.one_of(st.integers(1, 5), st.integers(1, MAX_WEIGHT)), min_size=1
)


@settings(max_examples=60)
@given(
    issued=st.lists(st.integers(0, 100), min_size=5, max_size=5),
    history=days,
    courses=st.lists(course, min_size=1, max_size=3),
    amount=st.integers(1, 10**12),
    order=st.permutations(range(5)),
)
def test_any_stream_is_the_sum_of_its_records(codec, issued, history, courses, *, amount, order):
    """Whatever moves between whatever records: balances, supply and payments of every stream are
    those of plain sums over a register of one's own (Laws 1 to 6, 16)."""
    stage = Streamed(RevmKit(codec))
    everyone = [stage.ann, stage.ben, stage.cid, stage.dan, stage.eve]
    stage.issue(dict(zip(everyone, issued, strict=True)))
    for day in history:
        for giver, taker, amount_moved in day:
            held = stage.held[everyone[giver]]
            if giver != taker:
                stage.move(everyone[giver], everyone[taker], min(amount_moved, held))
        stage.close()
    paid = dict.fromkeys(everyone, 0)
    carried = 0
    for chosen in courses:
        records = sorted(r for r in chosen if r <= len(history)) or [1]
        weights = [chosen.get(record, 1) for record in records]
        law = stage.law(records, weights)
        stream = stage.define(records, weights)
        assert {who: stage.balance(who, stream) for who in everyone} == law
        assert stage.streams.call("totalSupplyAt", stream) == sum(law.values())
        if not sum(law.values()):
            continue
        number = stage.declare(stream, amount, token=stage.streams)
        division = apportion(amount + carried, law)
        for index in order:
            stage.claim(everyone[index], number)
            paid[everyone[index]] += division.gross[everyone[index]]
        carried = division.remainder
        assert {who: dollars(stage, who) for who in everyone} == paid
        assert dollars(stage, stage.vault.address) == carried
        assert stage.figures(number)["owed"] == 0


@settings(max_examples=60)
@given(
    gaps=st.lists(st.booleans(), min_size=1, max_size=40),
    asked=st.lists(st.integers(1, 40), max_size=30),
)
def test_a_token_tells_any_list_of_records_as_one_by_one(codec, gaps, asked):
    """In whatever order, with repeats: where a search begins changes no answer (Law 5)."""
    stage = Streamed(RevmKit(codec))
    stage.issue({stage.ann: 1_000, stage.ben: 0})
    expected = []
    for moved in gaps:
        if moved:
            stage.move(stage.ann, stage.ben, 1)
        stage.close()
        expected.append((stage.held[stage.ann], stage.held[stage.ben]))
    listed = [record for record in asked if record <= len(gaps)]
    for place, who in enumerate((stage.ann, stage.ben)):
        balances = tuple(expected[record - 1][place] for record in listed)
        assert stage.token.call("holdingsAt", who, listed) == (who, balances)
        one_by_one = [stage.token.call("balanceOfAt", who, record) for record in listed]
        assert tuple(one_by_one) == balances
        asked_for = codec.call("ShareToken", "holdingsAt", who, listed)
        said = stage.kit.read(stage.ann, stage.token.address, asked_for)
        assert said == encode(["address", "uint256[]"], [who, balances])


def test_the_law_of_a_stream_does_not_depend_on_where_it_is_defined(stage):
    """Two contracts over one token give one stream the same figures, and keep their money apart."""
    records = stage.days(2, (stage.ann, stage.ben, 17))
    other: Deployed = stage.kit.deploy("RecordStream", stage.token.address)
    stage.define(records, [2, 3])
    other.send("defineStream", records, [2, 3], sender=stage.agent)
    for who in (stage.ann, stage.ben):
        assert other.call("balanceOfAt", who, 1) == stage.balance(who, 1)
    first = stage.declare(1, 50_001, token=stage.streams)
    stage.push(first, stage.ann, stage.ben, stage.cid)
    second = stage.declare(1, 7, token=other)
    assert stage.figures(second)["carriedIn"] == 0

"""What a distribution is divided by: counted at once or in pages, once, and by everybody alike."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.harness import DAY, Harness, person, refused

MAX = 2**256 - 1
MAX_SHARES = 2**96 - 1
LARGEST_SUM = 2**152 - 1
SKIPPED_NOTHING = 0


class Counted(Harness):
    """The usual harness, with shares that five people hold, and distributions declared ahead."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(kit)
        self.people = [self.ann, self.ben, self.cid, self.dan, self.eve]
        self.issue(dict(zip(self.people, (5_000, 3_000, 1_500, 499, 1), strict=True)))

    def ahead(self, excluded: Sequence[str] = (), amount: int = 10_000, **options: object) -> int:
        """A distribution declared a day before its record closes, which passes."""
        number = self.declare(self.schedule(), amount, excluded=list(excluded), **options)
        self.kit.now += DAY + 1
        return number

    def page(self, number: int, most: int, sender: str | None = None) -> Receipt:
        """Count a page, as a stranger if nothing is said."""
        return self.vault.send("fixEligible", number, most, sender=sender or self.stranger)

    def left(self, number: int) -> int:
        """How many accounts are left to be looked at."""
        return int(self.vault.call("fixEligible", number, 0))

    def eligible(self, number: int) -> int:
        """The number of shares, if it is fixed."""
        return int(self.figures(number)["eligibleSupply"])


@pytest.fixture
def harness(kit) -> Counted:
    """The harness of these tests."""
    return Counted(kit)


def counted(number: int, left: int, eligible: int) -> tuple[tuple[str, dict[str, int]], ...]:
    """The one event of a page."""
    values = {"id": number, "accountsLeft": left, "eligible": eligible}
    return (("EligibleCounted", values),)


def dollars(harness: Harness, account: str) -> int:
    """What an account has of the dollar."""
    return int(harness.dollar.call("balanceOf", account))


# ---------------------------------------------------------------------------------- pages


@pytest.mark.attack("K2")
def test_anybody_counts_in_pages(harness):
    """Each page goes on where the last one ended, and the last one fixes the number (Law 38)."""
    number = harness.ahead([harness.ann, harness.ben, harness.eve])
    assert harness.left(number) == 3
    assert harness.page(number, 1).events == counted(number, 2, 0)
    assert (harness.left(number), harness.eligible(number)) == (2, 0)
    assert harness.page(number, 1, sender=harness.ann).events == counted(number, 1, 0)
    assert harness.page(number, 7).events == counted(number, 0, 1_999)
    assert (harness.left(number), harness.eligible(number)) == (0, 1_999)
    harness.claim(harness.cid, number)
    assert dollars(harness, harness.cid) == 10_000 * 1_500 // 1_999


def test_a_number_that_is_fixed_stays(harness):
    """Whether by declaration, by pages or by a payment: another page changes nothing (Law 38)."""
    closed = harness.declare(harness.close(), 1_000, excluded=[harness.ann])
    paged, paid = harness.ahead([harness.ann]), harness.ahead([harness.ann])
    harness.page(paged, 5)
    harness.claim(harness.ben, paid)
    for number in (closed, paged, paid):
        assert harness.eligible(number) == 5_000
        for most in (0, 1, MAX):
            assert harness.page(number, most).events == ()
        assert harness.eligible(number) == 5_000


@pytest.mark.attack("A10")
def test_accounts_named_twice_count_once_in_any_pages(harness):
    """Though the first naming was on another page."""
    excluded = [harness.ann, harness.ben, harness.ann, harness.ben, harness.ann]
    for most in (1, 2, 3, 4, 5):
        number = harness.ahead(excluded)
        while harness.left(number):
            harness.page(number, most)
        harness.page(number, most)
        assert harness.eligible(number) == 2_000


def test_a_page_of_none_changes_nothing_until_no_account_is_left(harness):
    """Then the supply is read."""
    number = harness.ahead([harness.ann])
    assert harness.page(number, 0).events == counted(number, 1, 0)
    assert harness.left(number) == 1
    plain = harness.ahead()
    assert harness.page(plain, 0).events == counted(plain, 0, 10_000)


@pytest.mark.attack("B3")
def test_nothing_is_counted_before_the_record_closes(harness):
    """Not in its last second either (Law 7)."""
    record = harness.schedule()
    closes_at = harness.kit.now + DAY
    with_some = harness.declare(record, 1_000, excluded=[harness.ann])
    plain = harness.declare(record, 1_000)
    harness.kit.now = closes_at
    for number in (with_some, plain):
        with refused("ShareToken_RecordOpen", record, closes_at, closes_at):
            harness.page(number, 5)
    harness.kit.now += 1
    for number in (with_some, plain):
        harness.page(number, 5)
        assert harness.eligible(number)


@pytest.mark.parametrize("number", [0, 2, 2**32, MAX])
def test_an_unknown_distribution_is_not_counted(harness, number):
    """It is refused by its id."""
    harness.ahead()
    with refused("DividendVault_UnknownDistribution", number):
        harness.page(number, 1)


@pytest.mark.attack("A4")
def test_what_nobody_earns_is_counted_and_goes_back(harness):
    """Everybody is excluded: nothing is fixed, and a refund goes on from there."""
    number = harness.ahead(harness.people)
    assert harness.page(number, 3).events == counted(number, 2, 0)
    assert harness.page(number, 3).events == counted(number, 0, 0)
    assert harness.page(number, 3).events == counted(number, 0, 0)
    record = harness.figures(number)["recordId"]
    with refused("DividendVault_NoEligibleShares", harness.token.address, record):
        harness.declare(record, 10, excluded=harness.people)
    harness.vault.send("refund", number)
    assert dollars(harness, harness.agent) == 10_010
    for most in (0, 9):
        with refused("DividendVault_NothingLeft", number):
            harness.page(number, most)


def test_more_than_a_vault_divides_by_is_not_fixed(kit):
    """To the last share; and it can be refunded."""
    harness = Harness(kit)
    bare = kit.deploy("BareToken")
    numbers = []
    for record, supply in ((1, MAX_SHARES), (2, MAX_SHARES + 1), (3, MAX)):
        bare.send("setTime", record, kit.now)
        bare.send("setSupply", record, supply)
        numbers.append(harness.declare(record, 100, token=bare))
    kit.now += 1
    for number, eligible in zip(numbers, (MAX_SHARES, 0, 0), strict=True):
        receipt = harness.vault.send("fixEligible", number, 1)
        assert receipt.events == counted(number, 0, eligible)
    with refused("DividendVault_NotRefundable", numbers[0], MAX_SHARES):
        harness.vault.send("refund", numbers[0])
    for number in numbers[1:]:
        harness.vault.send("refund", number)
    assert dollars(harness, harness.agent) == 200


@pytest.mark.attack("A6")
@pytest.mark.parametrize("at_once", [True, False])
def test_sums_of_a_token_that_lies_do_not_overflow(kit, at_once):
    """What those excluded hold is counted up to 2^152 - 1, in pages as at once, and never less than
    nothing is left: so the money goes back."""
    harness = Harness(kit)
    bare = kit.deploy("BareToken")
    bare.send("setTime", 1, kit.now)
    bare.send("setSupply", 1, LARGEST_SUM + 7)
    for who, shares in ((harness.ann, LARGEST_SUM - 1), (harness.ben, 1), (harness.cid, MAX)):
        bare.send("setShares", who, 1, shares)
    below = harness.declare(1, 100, token=bare, excluded=[harness.ann])
    exact = harness.declare(1, 100, token=bare, excluded=[harness.ann, harness.ben])
    beyond = harness.declare(1, 100, token=bare, excluded=[harness.ann, harness.cid])
    bare.send("setTime", 2, kit.now)
    bare.send("setSupply", 2, 10)
    bare.send("setShares", harness.cid, 2, 11)
    negative = harness.declare(2, 100, token=bare, excluded=[harness.cid])
    kit.now += 1
    for number, eligible in ((below, 8), (exact, 7), (beyond, 7)):
        if not at_once:
            for most in (1, 1, 0):
                harness.vault.send("fixEligible", number, most)
        with refused("DividendVault_NotRefundable", number, eligible):
            harness.vault.send("refund", number)
    harness.vault.send("refund", negative)
    assert dollars(harness, harness.agent) == 100


WAYS = ("claim", "push", "sweep", "refund", "pages")


@settings(max_examples=60)
@given(
    excluded=st.lists(st.integers(0, 6), max_size=12),
    pages=st.lists(st.integers(0, 4), max_size=6),
    way=st.sampled_from(WAYS),
    vault_holds=st.booleans(),
)
def test_every_way_comes_to_the_same_number(codec, excluded, pages, way, vault_holds):
    """Counted in whatever pages, left off wherever, and finished by a claim, a push, a sweep, a
    refund or further pages: it is what a declaration for the closed record has (Laws 25, 38)."""
    harness = Counted(RevmKit(codec))
    if vault_holds:
        harness.move(harness.ann, harness.vault.address, 100)
        pay_out_shares(harness, harness.token)
    places = [*harness.people, harness.vault.address, person(9)]
    outside = [places[place] for place in excluded]
    record = harness.schedule()
    deadline = harness.kit.now + DAY + 1
    number = harness.declare(
        record, 10_000, excluded=outside, deadline=deadline, sweep_to=harness.collector
    )
    harness.kit.now = deadline
    own = {harness.vault.address} if vault_holds else set()
    held = {who: int(harness.token.call("balanceOfAt", who, record)) for who in places}
    eligible = sum(shares for who, shares in held.items() if who not in own | set(outside))
    for most in pages:
        harness.page(number, most)
    if not eligible:
        harness.vault.send("refund", number)
        return
    assert harness.declare(record, 10, excluded=outside) == number + 1
    assert harness.eligible(number + 1) == eligible
    payable = [who for who in held if held[who] and who not in own | set(outside)]
    if way == "refund":
        with refused("DividendVault_NotRefundable", number, eligible):
            harness.vault.send("refund", number)
    if way == "claim":
        harness.claim(payable[0], number)
        assert harness.eligible(number) == eligible
    if way == "push":
        harness.push(number, *places)
        assert harness.eligible(number) == eligible
    if way == "sweep":
        harness.kit.now += 1
        harness.vault.send("sweep", number)
        assert harness.eligible(number) == eligible
        assert dollars(harness, harness.collector) == 10_000
    while harness.page(number, 2).events:
        pass
    assert harness.eligible(number) == eligible
    for who in payable:
        assert harness.vault.call("entitlement", number, who)[0] == 10_000 * held[who] // eligible


# ----------------------------------------------------------------------- cancelled records


class Cancelling(Harness):
    """A token with a record ahead, for which something is declared, and the one before it."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(kit)
        self.bare = kit.deploy("CancellingToken")
        self.bare.send("addRecord", kit.now, 10)
        self.bare.send("addRecord", kit.now + DAY, 10)
        kit.now += 1
        for record in (1, 2):
            for holder, shares in ((self.ann, 6), (self.ben, 4)):
                self.bare.send("setShares", holder, record, shares)

    def cancel(self, record: int = 2, *, cancelled: bool = True) -> None:
        """Cancel a record, the one ahead if nothing is said."""
        self.bare.send("setCancelled", record, cancelled)


@pytest.fixture
def cancelling(kit) -> Cancelling:
    """That harness."""
    return Cancelling(kit)


@pytest.mark.attack("K10")
def test_what_was_declared_for_a_cancelled_record_goes_back(cancelling):
    """To its declarer, at once; what was carried in to the carry; and only once (Law 40)."""
    harness = cancelling
    first = harness.declare(1, 13, token=harness.bare)
    harness.push(first, harness.ann, harness.ben)
    carried = ("carried", harness.bare.address, harness.dollar.address)
    assert harness.vault.call(*carried) == 1
    number = harness.declare(2, 1_000, token=harness.bare, excluded=[harness.ben])
    assert (harness.vault.call(*carried), harness.figures(number)["amount"]) == (0, 1_001)
    with refused("BareToken_Open", 2):
        harness.vault.send("refund", number)
    harness.cancel()
    receipt = harness.vault.send("refund", number, sender=harness.stranger)
    assert receipt.named("Refunded") == [{"id": number, "declarer": harness.agent, "amount": 1_000}]
    assert dollars(harness, harness.agent) == 1_000
    assert harness.vault.call(*carried) == 1
    with refused("DividendVault_NothingLeft", number):
        harness.vault.send("refund", number)
    figures = harness.figures(number)
    assert (figures["swept"], figures["carriedOut"], figures["owed"]) == (1_000, 1, 0)


def test_a_cancelled_record_pays_nobody_and_its_views_answer(cancelling):
    """There is nothing for anybody; payments and pages fail with the token's own error."""
    harness = cancelling
    number = harness.declare(2, 1_000, token=harness.bare, excluded=[harness.ben])
    harness.cancel()
    for _ in ("before its second", "after it"):
        assert harness.vault.call("entitlement", number, harness.ann) == (0, 0, 0)
        assert harness.vault.call("claimable", number, harness.ann) == 0
        figures = harness.figures(number)
        assert (figures["eligibleSupply"], figures["paid"], figures["owed"]) == (0, 0, 1_000)
        with refused("CancellingToken_Cancelled", 2):
            harness.vault.send("fixEligible", number, 1)
        harness.kit.now += 2 * DAY
    for function, *arguments in (("claim", [number], harness.ann), ("push", number, [harness.ann])):
        with refused("CancellingToken_Cancelled", 2):
            harness.vault.send(function, *arguments)
    assert dollars(harness, harness.ann) == 0


def test_nothing_is_declared_for_a_cancelled_record(cancelling):
    """The token's own error says why, before anything is taken."""
    harness = cancelling
    harness.cancel()
    with refused("CancellingToken_Cancelled", 2):
        harness.declare(2, 1_000, token=harness.bare)
    assert dollars(harness, harness.vault.address) == 0


@pytest.mark.attack("K10")
def test_a_token_that_lies_takes_nothing_back_once_the_number_is_fixed(cancelling):
    """Cancelled after the first payment, or after the pages, or of a record that had closed when it
    was declared: what is owed stays owed (Laws 8, 40)."""
    harness = cancelling
    closed = harness.declare(1, 1_000, token=harness.bare)
    paid, paged = (harness.declare(2, 1_000, token=harness.bare) for _ in range(2))
    harness.kit.now += DAY
    harness.claim(harness.ann, paid)
    harness.vault.send("fixEligible", paged, 1)
    harness.cancel(1)
    harness.cancel(2)
    for number in (closed, paid, paged):
        with refused("DividendVault_NotRefundable", number, 10):
            harness.vault.send("refund", number)
    harness.cancel(1, cancelled=False)
    harness.cancel(2, cancelled=False)
    for number in (closed, paid, paged):
        harness.claim(harness.ben, number)
    assert dollars(harness, harness.ben) == 1_200


def test_a_record_that_stands_again_does_not_pay_what_went_back(cancelling):
    """A token that lies cannot have it paid twice (Law 3)."""
    harness = cancelling
    number = harness.declare(2, 1_000, token=harness.bare, excluded=[harness.ben])
    harness.declare(2, 500, token=harness.bare)
    harness.cancel()
    harness.vault.send("refund", number)
    harness.cancel(cancelled=False)
    harness.kit.now += DAY
    with refused("DividendVault_NothingLeft", number):
        harness.claim(harness.ann, number)
    with refused("DividendVault_NothingLeft", number):
        harness.vault.send("fixEligible", number, 1)
    assert dollars(harness, harness.vault.address) == 500


# --------------------------------------------------------------------- the vault's own shares


def pay_out_shares(harness: Harness, token: Deployed, amount: int = 10) -> int:
    """A dividend in shares of `token`, to the holders of another token."""
    other = harness.kit.deploy(
        "ShareToken", ("Parent", "PAR", 0, harness.agent, ZERO, ZERO, [harness.agent])
    )
    other.send("mint", person(1), 7, sender=harness.agent)
    other.send("scheduleRecord", harness.kit.now, sender=harness.agent)
    harness.kit.now += DAY
    token.send("mint", harness.agent, amount, sender=harness.agent)
    token.send("approve", harness.vault.address, amount, sender=harness.agent)
    receipt = harness.vault.send(
        "declare", other.address, 1, token.address, amount, (0, 0, 0, ZERO, ZERO, bytes(32), []),
        sender=harness.agent,
    )  # fmt: skip
    return int(receipt.named("Declared")[0]["id"])


@pytest.mark.attack("C1")
@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_a_dividend_in_shares_does_not_earn_for_the_vault(harness, ahead, named):
    """What lies unclaimed at the next record counts in no denominator, and so does a gift on top;
    who names the vault as excluded excludes it once (Law 39)."""
    pay_out_shares(harness, harness.token, 2_000)
    harness.move(harness.ann, harness.vault.address, 500)
    address = harness.vault.address
    record = harness.schedule(harness.kit.now + DAY)
    excluded = [address, harness.ben, address] if named else [harness.ben]
    early = harness.declare(record, 6_500, excluded=excluded) if ahead else 0
    harness.kit.now += DAY + 1
    number = early or harness.declare(record, 6_500, excluded=excluded)
    for who in (harness.ann, address, harness.cid, harness.dan, harness.eve):
        harness.push(number, who)
    assert harness.eligible(number) == 6_500
    figures = harness.figures(number)
    assert (figures["paid"], figures["owed"], figures["settledShares"]) == (6_500, 0, 6_500)
    assert dollars(harness, harness.ann) == 4_500
    assert harness.vault.call("entitlement", number, address) == (0, 0, 0)


@pytest.mark.attack("C1")
def test_nor_over_a_range_of_records(harness):
    """The range names the token whose shares were paid out."""
    pay_out_shares(harness, harness.token, 2_000)
    ranges = harness.kit.deploy("RecordRanges", harness.token.address)
    records = [harness.close(), harness.close()]
    ranges.send("defineRange", records, [1, 2], sender=harness.agent)
    number = harness.declare(1, 30_000, token=ranges)
    assert ranges.call("balanceOfAt", harness.vault.address, 1) == 6_000
    assert harness.eligible(number) == 30_000


def test_other_tokens_count_as_before(harness):
    """Shares of a token that was never paid out came as gifts, and count like anybody's."""
    other = Counted(harness.kit)
    other.vault = harness.vault
    pay_out_shares(harness, harness.token, 10)
    other.move(other.ann, harness.vault.address, 500)
    assert other.eligible(other.declare(other.close(), 100)) == 10_000
    # The dollar is no share token, and answers nothing about records.
    harness.declare(harness.close(), 100)
    assert other.eligible(other.declare(other.close(), 100)) == 10_000
    pay_out_shares(other, other.token, 10)
    assert other.eligible(other.declare(other.close(), 100)) == 9_500


def test_a_distribution_keeps_its_number_when_its_token_is_paid_out_later(harness):
    """What is fixed stays (Laws 9, 38)."""
    harness.move(harness.ann, harness.vault.address, 500)
    number = harness.declare(harness.close(), 10_000)
    pay_out_shares(harness, harness.token)
    assert harness.eligible(number) == 10_000
    harness.claim(harness.ben, number)
    assert dollars(harness, harness.ben) == 3_000


def test_what_was_paid_out_is_paid_to_whom_it_was_declared_for(harness):
    """The shares in the vault are still their holders' (Law 3)."""
    number = pay_out_shares(harness, harness.token, 7)
    harness.claim(person(1), number)
    assert harness.token.call("balanceOf", person(1)) == 7

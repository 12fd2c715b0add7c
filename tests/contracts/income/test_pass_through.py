"""What a pool is owed, assigned to the pool's own holders: exactly, by anyone, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from pyrevm import AccountInfo

from prorata.apportion import apportion
from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.harness import DAY, Harness, person, refused

COIN = 10**18
INTEREST = 1
GUARDED = "3ee5aeb5"  # ReentrancyGuardReentrantCall()


class Pooled(Harness):
    """The usual harness, where Dan is a custodian: his own token says for whom he holds. The share
    token has an agent of its own, the custodian's token another.
    """

    def __init__(self, kit: RevmKit, *, registered: bool = True, pool: str | None = None) -> None:
        super().__init__(kit)
        self.pool = pool or self.dan
        self.keeper = self.issuer
        sheet = ("Harbour certificates", "cHARB", 0, self.keeper, ZERO, ZERO, [self.keeper])
        self.certs = kit.deploy("ShareToken", sheet)
        self.streams = kit.deploy("RecordRanges", self.token.address)
        self.cert_streams = kit.deploy("RecordRanges", self.certs.address)
        self.passer = self.new_passer()
        self.owners = [person(i) for i in range(3)]
        if registered:
            self.vault.send("setPayee", self.passer.address, sender=self.pool)

    def new_passer(self, streams: str | None = None) -> Deployed:
        """A pass-through for the pool."""
        return self.kit.deploy(
            "PassThrough", self.vault.address, self.pool, self.certs.address,
            self.cert_streams.address if streams is None else streams,
        )  # fmt: skip

    def start(self, shares: Mapping[str, int], certs: Mapping[str, int]) -> None:
        """Issue shares and certificates."""
        self.issue(shares)
        self.certs.send("batchMint", list(certs), list(certs.values()), sender=self.keeper)

    def usual(self) -> None:
        """Ten thousand shares, of which the pool has four thousand, for three owners."""
        shares = {self.ann: 5_000, self.ben: 1_000, self.pool: 4_000}
        self.start(shares, dict(zip(self.owners, (2_000, 1_999, 1), strict=True)))

    def both_close(self) -> int:
        """A record of either token at one second, which passes; their ids are the same."""
        self.certs.send("scheduleRecord", self.kit.now, sender=self.keeper)
        return self.close()

    def income(self, amount: int = 1_000_000, record: int | None = None, **options: Any) -> int:
        """A distribution to the holders of the share token, at a record of either token."""
        at = self.both_close() if record is None else record
        return self.declare(at, amount, **{"kind": INTEREST, **options})

    def pass_one(self, number: int, record: int, sender: str | None = None) -> int:
        """Pass one on, as a stranger if nothing is said; the new distribution."""
        caller = sender or self.stranger
        receipt = self.passer.send("forwardOne", number, record, sender=caller)
        return int(receipt.named("Forwarded")[0]["distributionId"])

    def passing(self, numbers: Sequence[int], records: Sequence[int]) -> Receipt:
        """Pass several on, as a stranger."""
        return self.passer.send("forward", list(numbers), list(records), sender=self.stranger)

    def money(self, account: str, currency: Deployed | None = None) -> int:
        """What an account has of a currency, of the dollar if nothing is said."""
        return int((currency or self.dollar).call("balanceOf", account))

    def all_claim(self, number: int, holders: Sequence[str] | None = None) -> None:
        """Everybody for whom the pool holds claims."""
        for holder in holders or self.owners:
            self.claim(holder, number)


@pytest.fixture
def harness(kit) -> Pooled:
    """The harness of these tests, with shares and certificates issued."""
    harness = Pooled(kit)
    harness.usual()
    return harness


def reported(harness: Pooled, number: int, name: str, *values: Any) -> dict[str, Any]:
    """The event that says why a distribution was not passed on: an error with its values."""
    entry = next(e for e in harness.kit.codec.errors.values() if e["name"] == name)
    kinds = [item["type"] for item in entry["inputs"]]
    selector = keccak(text=f"{name}({','.join(kinds)})")[:4]
    return {"id": number, "reason": selector + encode(kinds, values)}


# ------------------------------------------------------------------------------ passing on


def test_what_the_pool_is_owed_becomes_a_distribution_to_its_owners(harness):
    """Claimed and declared in one transaction: same vault, currency, kind and second; untaxed,
    without a deadline, pointing at where it came from (Law 1)."""
    number = harness.income(1_000_003, document=b"\7" * 32)
    receipt = harness.passer.send("forwardOne", number, 1, sender=harness.stranger)
    assert receipt.named("Claimed") == [
        {
            "id": 1,
            "holder": harness.pool,
            "payee": harness.passer.address,
            "gross": 400_001,
            "tax": 0,
        }
    ]
    assert receipt.named("Forwarded") == [
        {"id": 1, "distributionId": 2, "currency": harness.dollar.address, "amount": 400_001}
    ]
    figures = harness.figures(2)
    assert (figures["token"], figures["recordId"]) == (harness.certs.address, 1)
    assert (figures["amount"], figures["carriedIn"]) == (400_001, 0)
    assert figures["declarer"] == harness.passer.address
    assert figures["terms"] == {
        "kind": INTEREST, "payableFrom": 0, "deadline": 0, "sweepTo": ZERO, "taxPolicy": ZERO,
        "documentHash": harness.passer.call("originHash", 1), "excluded": [],
    }  # fmt: skip
    assert (harness.passer.call("forwardedAs", 1), harness.passer.call("isDone", 1)) == (2, True)
    assert harness.money(harness.passer.address) == 0
    assert harness.dollar.call("allowance", harness.passer.address, harness.vault.address) == 0
    harness.all_claim(2)
    assert [harness.money(owner) for owner in harness.owners] == [200_000, 199_900, 100]
    assert harness.vault.call("carried", harness.certs.address, harness.dollar.address) == 1


def test_the_document_points_at_the_original(harness):
    """Chain, vault and id, hashed: another vault's distribution of that number has another hash."""
    kinds = ["uint256", "address", "uint256"]
    hashed = keccak(encode(kinds, [1, harness.vault.address, 7]))
    assert harness.passer.call("originHash", 7) == hashed
    assert harness.passer.call("originHash", 8) != hashed


def test_native_coin_is_passed_on_alike(harness):
    """It comes from the vault and goes back to it in one transaction."""
    record = harness.both_close()
    number = harness.declare_native(record, 10 * COIN)
    passed = harness.pass_one(number, record)
    assert harness.kit.balance(harness.passer.address) == 0
    harness.all_claim(passed)
    assert harness.kit.balance(harness.owners[0]) == 2 * COIN


def test_native_coin_is_taken_from_the_vault_only(harness):
    """Anybody else's would only stay here."""
    with refused("PassThrough_NotVault", harness.stranger):
        harness.kit.transact(harness.stranger, harness.passer.address, b"", 1)
    number = harness.declare_native(harness.both_close(), COIN)
    harness.push(number, harness.pool)
    assert harness.kit.balance(harness.passer.address) == 4 * COIN // 10


def test_registration_is_the_payee(kit):
    """The pool names the contract in the vault, and nothing else."""
    harness = Pooled(kit, registered=False)
    assert harness.passer.call("isRegistered") is False
    harness.vault.send("setPayee", harness.passer.address, sender=harness.pool)
    assert harness.passer.call("isRegistered") is True


def test_several_are_passed_on_in_one_call(harness):
    """Of several records and currencies, each to its own second."""
    first, second = harness.income(1_000), harness.income(2_000)
    coin = harness.declare_native(harness.both_close(), COIN)
    receipt = harness.passing([coin, first, second], [3, 1, 2])
    assert [e["id"] for e in receipt.named("Forwarded")] == [coin, first, second]
    assert receipt.named("NotForwarded") == []
    amounts = [harness.figures(number)["amount"] for number in (4, 5, 6)]
    assert amounts == [4 * COIN // 10, 400, 800]
    records = [harness.figures(number)["recordId"] for number in (4, 5, 6)]
    assert records == [3, 1, 2]


def test_the_first_levels_tax_stays_and_there_is_no_second(harness):
    """What arrived is divided; the collector has what the first level withheld, once."""
    tax = harness.kit.deploy("FlatTax", 1_500, harness.collector)
    number = harness.income(1_000_000, tax_policy=tax.address)
    passed = harness.pass_one(number, 1)
    assert harness.figures(passed)["amount"] == 340_000
    harness.all_claim(passed)
    harness.vault.send("remit", number)
    assert harness.money(harness.collector) == 60_000
    assert harness.money(harness.owners[0]) == 170_000


def test_a_pool_of_a_pool_passes_on_too(harness):
    """An owner of certificates may itself be a pool."""
    inner = Pooled(harness.kit, pool=harness.cid, registered=False)
    inner.vault = harness.vault
    inner.passer = inner.new_passer()
    harness.vault.send("setPayee", inner.passer.address, sender=harness.cid)
    harness.certs.send("mint", harness.cid, 4_000, sender=harness.keeper)
    inner.certs.send("mint", harness.eve, 10, sender=inner.keeper)
    inner.certs.send("scheduleRecord", harness.kit.now, sender=inner.keeper)
    number = harness.income(1_000_000)
    middle = harness.pass_one(number, 1)
    last = inner.pass_one(middle, 1)
    harness.claim(harness.eve, last)
    assert harness.money(harness.eve) == 200_000


# ------------------------------------------------------------------------------ the right second


def test_only_the_record_of_the_same_second_is_taken(harness):
    """Whoever calls cannot choose whom to pay: other records are refused with both times."""
    harness.certs.send("scheduleRecord", harness.kit.now, sender=harness.keeper)
    early = harness.kit.now
    harness.kit.now += 1
    number = harness.income(1_000)
    late = harness.kit.now
    harness.certs.send("scheduleRecord", late, sender=harness.keeper)
    closes_at = harness.token.call("recordTime", 1)
    for record, time in ((1, early), (3, late)):
        with refused("PassThrough_OtherTime", number, closes_at, time):
            harness.pass_one(number, record)
    with refused("ShareToken_UnknownRecord", 4, 3):
        harness.pass_one(number, 4)
    assert harness.figures(harness.pass_one(number, 2))["recordId"] == 2


@pytest.mark.attack("B1")
def test_who_bought_certificates_afterwards_has_none_of_it(harness):
    """Entitled is who held at the second, on both levels."""
    number = harness.income(1_000_000)
    harness.certs.send(
        "forcedTransfer", harness.owners[0], harness.eve, 2_000, sender=harness.keeper
    )
    passed = harness.pass_one(number, 1)
    assert harness.vault.call("entitlement", passed, harness.eve)[0] == 0
    assert harness.vault.call("entitlement", passed, harness.owners[0])[0] == 200_000


def test_none_is_passed_on_twice(harness):
    """Neither by the same call nor after a claim."""
    number = harness.income(1_000)
    harness.pass_one(number, 1)
    for caller in (harness.stranger, harness.pool):
        with refused("PassThrough_Done", number):
            harness.pass_one(number, 1, sender=caller)
    receipt = harness.passing([number, number], [1, 1])
    assert (
        receipt.named("NotForwarded") == [reported(harness, number, "PassThrough_Done", number)] * 2
    )


@pytest.mark.parametrize("why", ["no shares", "excluded", "less than a unit", "all withheld"])
def test_where_nothing_arrives_nothing_is_declared(harness, why):
    """And nothing is claimed either, nor marked: a later call may find something."""
    options: dict[str, Any] = {}
    amount = 1_000
    if why == "no shares":
        harness.token.send("burn", harness.pool, 4_000, sender=harness.agent)
    if why == "excluded":
        options["excluded"] = [harness.pool]
    if why == "less than a unit":
        amount = 2
    if why == "all withheld":
        options["tax_policy"] = harness.kit.deploy("FlatTax", 10_000, harness.collector).address
    number = harness.income(amount, **options)
    with refused("PassThrough_NothingArrived", number):
        harness.pass_one(number, 1)
    assert harness.vault.call("isClaimed", number, harness.pool) is False
    assert harness.passer.call("isDone", number) is False


def test_a_pool_with_another_payee_is_not_claimed_for(harness):
    """The money would go there: the call undoes it, and the pool's choice stands."""
    number = harness.income(1_000)
    harness.vault.send("setPayee", harness.eve, sender=harness.pool)
    with refused("PassThrough_NothingArrived", number):
        harness.pass_one(number, 1)
    assert (harness.money(harness.eve), harness.vault.call("isClaimed", number, harness.pool)) == (
        0,
        False,
    )
    harness.vault.send("setPayee", harness.passer.address, sender=harness.pool)
    harness.pass_one(number, 1)


def test_a_frozen_pool_waits(harness):
    """As any holder; then everything is passed on."""
    number = harness.income(1_000)
    harness.token.send("setAddressFrozen", harness.pool, True, sender=harness.agent)
    with refused("DividendVault_IncomeHeld", harness.token.address, harness.pool):
        harness.pass_one(number, 1)
    harness.token.send("setAddressFrozen", harness.pool, False, sender=harness.agent)
    assert harness.figures(harness.pass_one(number, 1))["amount"] == 400


def test_a_recovered_pool_is_passed_through_by_its_successor(harness):
    """What the lost wallet was owed goes to its owners, once the new one names the contract (Law
    13)."""
    number = harness.income(1_000)
    new = harness.eve
    harness.token.send("recoveryAddress", harness.pool, new, ZERO, sender=harness.agent)
    with refused("PassThrough_NothingArrived", number):
        harness.pass_one(number, 1)
    harness.vault.send("setPayee", harness.passer.address, sender=new)
    assert harness.figures(harness.pass_one(number, 1))["amount"] == 400


def test_an_expired_distribution_is_the_sweeps(harness):
    """What the pool did not claim in time is not claimed here either; what was passed on in time
    has no deadline."""
    record = harness.both_close()
    options = {"deadline": harness.kit.now, "sweep_to": harness.eve}
    first, second = (harness.declare(record, 1_000, **options) for _ in range(2))
    passed = harness.pass_one(first, record)
    harness.kit.now += 1
    with refused("DividendVault_Expired", second, harness.kit.now - 1, harness.kit.now):
        harness.pass_one(second, record)
    harness.kit.now += 400 * DAY
    harness.all_claim(passed)
    assert harness.money(harness.owners[0]) == 200


def test_remainders_join_the_next_if_the_pools_token_says_so(harness):
    """As an agent of the pool's token, which it never makes use of, the contract carries them on
    (Law 10); else they wait for somebody who speaks for it."""
    carried = ("carried", harness.certs.address, harness.dollar.address)
    numbers = [harness.income(10_003) for _ in range(3)]
    harness.all_claim(harness.pass_one(numbers[0], 1))
    assert harness.vault.call(*carried) == 1
    second = harness.pass_one(numbers[1], 2)
    assert (harness.figures(second)["carriedIn"], harness.vault.call(*carried)) == (0, 1)
    harness.certs.send("addAgent", harness.passer.address, sender=harness.keeper)
    third = harness.pass_one(numbers[2], 3)
    assert (harness.figures(third)["carriedIn"], harness.vault.call(*carried)) == (1, 0)


# ------------------------------------------------------------------------------ paid before


@pytest.mark.parametrize("how", ["push", "claim"])
@pytest.mark.parametrize("native_coin", [False, True])
def test_what_was_claimed_before_is_passed_on_by_who_answers_for_the_pool(
    harness, how, native_coin
):
    """It is here already: to the record it belongs to, to the unit, and once."""
    record = harness.both_close()
    number = (
        harness.declare_native(record, 10_003)
        if native_coin
        else harness.income(10_003, record=record)
    )
    if how == "push":
        harness.push(number, harness.ann, harness.pool)
    else:
        harness.claim(harness.pool, number)
    for caller in (harness.stranger, harness.agent, harness.owners[0]):
        with refused("PassThrough_PaidBefore", number, caller):
            harness.pass_one(number, record, sender=caller)
    passed = harness.pass_one(number, record, sender=harness.pool)
    assert harness.figures(passed)["amount"] == 4_001
    held = harness.kit.balance(harness.passer.address) if native_coin else harness.money(
        harness.passer.address
    )  # fmt: skip
    assert held == 0
    with refused("PassThrough_Done", number):
        harness.pass_one(number, record, sender=harness.pool)


def test_the_pools_token_answers_for_the_pool(harness):
    """Its owner and its agents, in a batch too, for as long as they are."""
    first, second, third = (harness.income(1_000) for _ in range(3))
    for number in (first, second, third):
        harness.push(number, harness.pool)
    harness.pass_one(first, 1, sender=harness.keeper)
    harness.certs.send("addAgent", harness.eve, sender=harness.keeper)
    receipt = harness.passer.send("forward", [second], [2], sender=harness.eve)
    assert [event["amount"] for event in receipt.named("Forwarded")] == [400]
    harness.certs.send("removeAgent", harness.eve, sender=harness.keeper)
    with refused("PassThrough_PaidBefore", third, harness.eve):
        harness.pass_one(third, 3, sender=harness.eve)
    receipt = harness.passer.send("forward", [third], [3], sender=harness.eve)
    assert receipt.named("NotForwarded") == [
        reported(harness, third, "PassThrough_PaidBefore", third, harness.eve)
    ]


def test_claimed_and_unclaimed_do_not_mix(harness):
    """What is claimed now is measured: what was here before stays for its own record."""
    first, second, third = (harness.income(amount) for amount in (1_000, 20_000, 300_000))
    harness.push(first, harness.pool)
    harness.push(third, harness.pool)
    assert harness.figures(harness.pass_one(second, 2))["amount"] == 8_000
    assert harness.money(harness.passer.address) == 400 + 120_000
    assert harness.figures(harness.pass_one(third, 3, sender=harness.pool))["amount"] == 120_000
    assert harness.figures(harness.pass_one(first, 1, sender=harness.pool))["amount"] == 400
    assert harness.money(harness.passer.address) == 0


def test_a_gift_is_not_income(harness):
    """It is passed on with nothing and stays, like money sent to the vault by mistake; it pays
    nobody more, and it stops nothing (A8)."""
    harness.dollar.send("mint", harness.passer.address, 77)
    number, other = harness.income(1_000), harness.income(1_000)
    assert harness.figures(harness.pass_one(number, 1))["amount"] == 400
    harness.push(other, harness.pool)
    assert harness.figures(harness.pass_one(other, 2, sender=harness.pool))["amount"] == 400
    assert harness.money(harness.passer.address) == 77


# ------------------------------------------------------------------ nobody steers the money


@pytest.mark.attack("A13")
def test_what_another_payee_received_is_not_paid_from_what_is_here(kit):
    """The vault knows that the pool was paid, not to whom. A stranger who bought certificates for
    an old record's sake would take what the owners of a newer one are owed."""
    harness = Pooled(kit, registered=False)
    harness.usual()
    harness.certs.send("mint", harness.eve, 10**9, sender=harness.keeper)
    old = harness.income(1_000_000)
    harness.certs.send("burn", harness.eve, 10**9, sender=harness.keeper)
    harness.claim(harness.pool, old)
    harness.vault.send("setPayee", harness.passer.address, sender=harness.pool)
    new = harness.income(1_000_000)
    harness.push(new, harness.pool)
    with refused("PassThrough_PaidBefore", old, harness.eve):
        harness.pass_one(old, 1, sender=harness.eve)
    passed = harness.pass_one(new, 2, sender=harness.pool)
    harness.all_claim(passed)
    assert harness.money(harness.owners[0]) == 200_000


@pytest.mark.attack("A13")
@pytest.mark.parametrize("liar", ["token", "policy"])
def test_a_token_or_a_policy_that_changes_its_answer_steers_nothing(harness, liar):
    """One unit was paid, and now a million is said to have been: by a token at a second of the
    liar's choice, or by a tax policy that withheld the rest and sent it back to the liar."""
    honest = harness.income(10_000_000)
    harness.certs.send("mint", harness.eve, 10**9, sender=harness.keeper)
    best = harness.both_close()
    harness.certs.send("burn", harness.eve, 10**9, sender=harness.keeper)
    best_second = harness.certs.call("recordTime", best)
    if liar == "token":
        token = harness.kit.deploy("BareToken")
        token.send("setTime", 1, best_second)
        token.send("setSupply", 1, 1_000_000)
        token.send("setShares", harness.pool, 1, 1)
        token.send("setShares", harness.eve, 1, 999_999)
        number = harness.declare(1, 1_000_000, token=token, sender=harness.eve)
        harness.claim(harness.eve, number)
    else:
        policy = harness.kit.deploy("WilfulTax", harness.eve)
        policy.send("setTax", harness.pool, 399_999, 0)
        number = harness.declare(best, 1_000_000, tax_policy=policy.address, sender=harness.eve)
    harness.push(number, harness.pool)
    harness.push(honest, harness.pool)
    if liar == "token":
        token.send("setShares", harness.pool, 1, 1_000_000)
    else:
        policy.send("setTax", harness.pool, 0, 0)
    assert harness.vault.call("entitlement", number, harness.pool)[2] >= 400_000
    record = best
    with refused("PassThrough_PaidBefore", number, harness.eve):
        harness.pass_one(number, record, sender=harness.eve)
    assert harness.figures(harness.pass_one(honest, 1, sender=harness.pool))["amount"] == 4_000_000
    assert harness.money(harness.passer.address) == 1


def test_a_lying_token_can_give_but_not_take(harness):
    """Unclaimed, its distribution is passed on with what really arrived, wherever it points."""
    honest = harness.income(10_000_000)
    harness.push(honest, harness.pool)
    token = harness.kit.deploy("BareToken")
    token.send("setTime", 1, harness.token.call("recordTime", 1))
    token.send("setSupply", 1, 10)
    token.send("setShares", harness.pool, 1, 10)
    number = harness.declare(1, 77, token=token, sender=harness.eve)
    assert harness.figures(harness.pass_one(number, 1))["amount"] == 77
    assert harness.money(harness.passer.address) == 4_000_000


# ------------------------------------------------------------------------------ one bad among many


def test_one_bad_id_loses_nothing_of_another(harness):
    """Unknown, elsewhere, done, broken, burning, talking: told with the reason, and the rest is
    passed on (Laws 3, 4)."""
    done = harness.income(1_000)
    harness.pass_one(done, 1)
    elsewhere = harness.declare(harness.close(), 1_000)
    broken = harness.kit.deploy("ReturnsFalse")
    unpaid = harness.income(1_000, currency=broken)
    broken.send("setBroken", True)
    callee = harness.kit.deploy("WilfulCallee")
    burning = harness.declare(1, 1_000, token=callee)
    callee.send("setMood", 3, False)
    verbose = harness.kit.deploy("Verbose")
    talking = harness.declare(1, 1_000, token=verbose)
    verbose.send("setTalking", True)
    good = harness.income(1_000)
    last = int(harness.certs.call("recordCount"))
    receipt = harness.passing(
        [99, done, elsewhere, unpaid, burning, talking, good], [1, 1, 1, 2, 1, 1, last]
    )
    assert [event["id"] for event in receipt.named("Forwarded")] == [good]
    times = [harness.token.call("recordTime", 2), harness.certs.call("recordTime", 1)]
    payment = (broken.address, harness.passer.address, 400)
    failed = receipt.named("NotForwarded")
    assert failed[:4] == [
        reported(harness, 99, "DividendVault_UnknownDistribution", 99),
        reported(harness, done, "PassThrough_Done", done),
        reported(harness, elsewhere, "PassThrough_OtherTime", elsewhere, *times),
        reported(harness, unpaid, "DividendVault_PaymentFailed", *payment),
    ]
    assert failed[4] == {"id": burning, "reason": b""}
    reason = reported(harness, talking, "Verbose_Reason", "\0" * 1_000)["reason"]
    assert failed[5] == {"id": talking, "reason": reason[:132]}
    broken.send("setBroken", False)
    assert harness.figures(harness.pass_one(unpaid, 2))["amount"] == 400


def test_a_batch_needs_a_record_for_each(harness):
    """As many records as distributions."""
    for numbers, records in (([1], []), ([], [1]), ([1, 2], [1])):
        with refused("PassThrough_LengthMismatch", len(numbers), len(records)):
            harness.passing(numbers, records)
    assert harness.passing([], []).events == ()


def test_a_batch_without_gas_is_refused_and_not_passed_over(harness):
    """Else a wallet that looks for the least gas with which a call succeeds would find one that
    passes on nothing."""
    number = harness.income(1_000)
    data = harness.kit.codec.call("PassThrough", "forward", [number], [1])
    harness.kit.evm.reset_transient_storage()
    with pytest.raises(RuntimeError) as caught:
        harness.kit.evm.message_call(harness.stranger, harness.passer.address, data, 0, 5_160_000)
    error = harness.kit._reverted(caught.value)
    assert (error.name, error.values[1]) == ("PassThrough_TooLittleGas", 5_156_250)
    assert 5_000_000 < error.values[0] < 5_156_250
    assert len(harness.passing([number], [1]).named("Forwarded")) == 1


# ------------------------------------------------------------------------------ currencies


@pytest.mark.attack("D")
@pytest.mark.parametrize(
    "name",
    [
        "NoReturn", "ReturnsFalse", "FalseAfterMoving", "FeeOnTransfer", "BlockList",
        "PausableCurrency", "GasBurner", "ReturnBomb", "RevertsOnZero", "Reentrant", "SenderPays",
    ],
)  # fmt: skip
def test_every_currency_on_a_good_day_is_passed_on_to_the_unit(harness, name):
    """Claimed here, or before."""
    currency = harness.kit.deploy(name)
    first, second = (harness.income(10_003, currency=currency) for _ in range(2))
    harness.push(second, harness.pool)
    passed = [harness.pass_one(first, 1), harness.pass_one(second, 2, sender=harness.pool)]
    for number in passed:
        harness.all_claim(number)
    assert [harness.money(owner, currency) for owner in harness.owners] == [4_000, 3_998, 2]
    assert harness.money(harness.passer.address, currency) == 0


@pytest.mark.attack("D")
def test_a_fee_on_transfer_is_paid_by_what_arrives(harness):
    """Claimed here, what arrived is measured; claimed before, what is here is the most."""
    currency = harness.kit.deploy("FeeOnTransfer")
    first, second = (harness.income(1_000_000, currency=currency) for _ in range(2))
    currency.send("setFee", 100)
    assert harness.figures(harness.pass_one(first, 1))["amount"] == 396_000 - 3_960
    harness.push(second, harness.pool)
    assert harness.money(harness.passer.address, currency) == 396_000
    passed = harness.pass_one(second, 2, sender=harness.pool)
    assert harness.figures(passed)["amount"] == 396_000 - 3_960
    assert harness.money(harness.passer.address, currency) == 0


@pytest.mark.attack("D")
def test_a_currency_that_takes_more_than_is_sent_is_refused(harness):
    """The fee would come out of what is here for others."""
    currency = harness.kit.deploy("SenderPays")
    first, second = (harness.income(1_000, currency=currency) for _ in range(2))
    harness.push(first, harness.pool)
    currency.send("mint", harness.vault.address, 100)
    currency.send("setFee", 5)
    with refused("PassThrough_Unbalanced", currency.address, 395, 400):
        harness.pass_one(second, 2)
    assert harness.money(harness.passer.address, currency) == 400
    currency.send("setFee", 0)
    harness.pass_one(second, 2)


@pytest.mark.attack("E3")
@pytest.mark.parametrize("entrance", ["forwardOne", "forward", "returnUnmatched", "returnUnheld"])
def test_a_currency_that_calls_back_finds_the_entrances_shut(harness, entrance):
    """While one is passed on, nothing else is: not even another of the same currency."""
    currency = harness.kit.deploy("Reentrant")
    number, other = (harness.income(1_000, currency=currency) for _ in range(2))
    arguments = {
        "forwardOne": (other, 2), "forward": ([other], [2]), "returnUnmatched": (other, 0, 1),
        "returnUnheld": (other, 2),
    }[entrance]  # fmt: skip
    call = harness.kit.codec.call("PassThrough", entrance, *arguments)
    currency.send("prepare", harness.passer.address, call)
    assert harness.figures(harness.pass_one(number, 1))["amount"] == 400
    assert currency.call("sprung") == 2
    if entrance == "forward":
        # The batch is let in, and each of it is refused.
        assert int.from_bytes(currency.call("answer"), "big") == 0
    else:
        assert currency.call("succeeded") is False
        assert currency.call("answer").hex() == GUARDED
    assert harness.passer.call("isDone", other) is False


@pytest.mark.attack("E3")
def test_a_currency_that_claims_the_pools_next_income_meanwhile_mixes_nothing(harness):
    """The vault is shut while it pays; what is claimed at another moment is measured by nobody."""
    currency = harness.kit.deploy("Reentrant")
    number = harness.income(1_000, currency=currency)
    dollars = harness.income(50_000)
    call = harness.kit.codec.call("DividendVault", "claim", [dollars], harness.pool)
    currency.send("prepare", harness.vault.address, call)
    assert harness.figures(harness.pass_one(number, 1))["amount"] == 400
    assert currency.call("succeeded") is False
    assert harness.figures(harness.pass_one(dollars, 2))["amount"] == 20_000


# ------------------------------------------------------------------------------ returning


def test_what_falls_on_a_second_without_a_record_goes_back_to_the_pool(harness):
    """Anyone may send it back, and only there; what was paid before, who answers for the pool."""
    harness.both_close()
    lonely, other = (harness.declare(harness.close(), 1_000) for _ in range(2))
    harness.both_close()
    harness.push(other, harness.pool)
    receipt = harness.passer.send("returnUnmatched", lonely, 0, 2, sender=harness.stranger)
    dollar = harness.dollar.address
    assert receipt.named("Returned") == [{"id": lonely, "currency": dollar, "amount": 400}]
    with refused("PassThrough_PaidBefore", other, harness.stranger):
        harness.passer.send("returnUnmatched", other, 0, 2, sender=harness.stranger)
    harness.passer.send("returnUnmatched", other, 0, 2, sender=harness.keeper)
    assert (harness.money(harness.pool), harness.money(harness.passer.address)) == (800, 0)
    assert (harness.passer.call("isDone", lonely), harness.passer.call("forwardedAs", lonely)) == (
        True,
        0,
    )
    for call in (("forwardOne", lonely, 1), ("returnUnmatched", lonely, 0, 2)):
        with refused("PassThrough_Done", lonely):
            harness.passer.send(*call)


def test_a_second_before_or_after_all_records_is_unmatched_too(harness):
    """No record at all, before the first, after the last."""
    before = harness.declare(harness.close(), 1_000)
    harness.passer.send("returnUnmatched", before, 0, 1)
    early = harness.declare(harness.close(), 1_000)
    harness.both_close()
    harness.passer.send("returnUnmatched", early, 0, 1)
    late = harness.declare(harness.close(), 1_000)
    harness.passer.send("returnUnmatched", late, 0, 2)
    assert harness.money(harness.pool) == 1_200


def test_what_can_be_passed_on_does_not_go_back(harness):
    """Whichever record is named as the next: it is at the second, before it, or not the next."""
    harness.both_close()
    number = harness.income(1_000)
    harness.both_close()
    closes_at = harness.token.call("recordTime", 2)
    for later in (0, 1, 2, 3, 4, 5, 2**255):
        with refused("PassThrough_Matched", number, closes_at, later):
            harness.passer.send("returnUnmatched", number, 0, later, sender=harness.pool)
    lonely = harness.declare(harness.close(), 1_000)
    closes_at = harness.token.call("recordTime", 4)
    for later in (0, 1, 2, 3, 5):
        with refused("PassThrough_Matched", lonely, closes_at, later):
            harness.passer.send("returnUnmatched", lonely, 0, later, sender=harness.pool)
    harness.passer.send("returnUnmatched", lonely, 0, 4)


def test_a_second_that_is_not_over_may_still_get_a_record(harness):
    """So nothing of it goes back until then."""
    number = harness.declare(harness.schedule(), 1_000)
    closes_at = harness.token.call("recordTime", 1)
    for now in (harness.kit.now, closes_at):
        harness.kit.now = now
        with refused("PassThrough_Matched", number, closes_at, 1):
            harness.passer.send("returnUnmatched", number, 0, 1)
    harness.kit.now = closes_at + 1
    harness.passer.send("returnUnmatched", number, 0, 1)
    assert harness.money(harness.pool) == 400


@pytest.mark.parametrize("supply", [2**96 - 1, 2**96])
def test_certificates_beyond_what_a_vault_counts_are_as_good_as_none(harness, supply):
    """Nothing could ever be declared to their holders."""
    certs = harness.kit.deploy("BareToken")
    passer = harness.kit.deploy(
        "PassThrough", harness.vault.address, harness.pool, certs.address, ZERO
    )
    harness.vault.send("setPayee", passer.address, sender=harness.pool)
    number = harness.income(1_000)
    certs.send("setTime", 1, harness.token.call("recordTime", 1))
    certs.send("setSupply", 1, supply)
    if supply < 2**96:
        with refused("PassThrough_Held", number, supply):
            passer.send("returnUnheld", number, 1)
        return
    with refused("DividendVault_SupplyTooLarge", supply, 2**96 - 1):
        passer.send("forwardOne", number, 1)
    passer.send("returnUnheld", number, 1)
    assert harness.money(harness.pool) == 400


def test_what_nobody_held_certificates_for_goes_back(kit):
    """A second at which the pool held shares for nobody; not one at which it held them for one."""
    harness = Pooled(kit)
    harness.issue({harness.ann: 6_000, harness.pool: 4_000})
    empty = harness.income(1_000)
    with refused("DividendVault_NoEligibleShares", harness.certs.address, 1):
        harness.pass_one(empty, 1)
    harness.certs.send("mint", harness.eve, 1, sender=harness.keeper)
    held = harness.income(1_000)
    with refused("PassThrough_Held", held, 1):
        harness.passer.send("returnUnheld", held, 2)
    times = harness.token.call("recordTime", 1), harness.certs.call("recordTime", 2)
    with refused("PassThrough_OtherTime", empty, *times):
        harness.passer.send("returnUnheld", empty, 2)
    receipt = harness.passer.send("returnUnheld", empty, 1, sender=harness.stranger)
    assert [event["amount"] for event in receipt.named("Returned")] == [400]
    assert harness.money(harness.pool) == 400


@pytest.mark.attack("E1")
def test_a_pool_that_does_not_take_it_back_loses_nothing(kit):
    """The claim is undone, and the money is in the vault as before."""
    puppet = kit.deploy("Puppet")
    harness = Pooled(kit, registered=False, pool=puppet.address)
    harness.issue({harness.ann: 6_000, harness.pool: 4_000})
    call = kit.codec.call("DividendVault", "setPayee", harness.passer.address)
    puppet.send("say", harness.vault.address, call)
    number = harness.declare_native(harness.close(), 1_000)
    with refused("PassThrough_ReturnFailed", ZERO, harness.pool, 400):
        harness.passer.send("returnUnmatched", number, 0, 1)
    assert harness.vault.call("claimable", number, harness.pool) == 400
    assert harness.passer.call("isDone", number) is False


# ------------------------------------------------------------------------------ streams


def both_define(harness: Pooled, records: Sequence[int], weights: Sequence[int]) -> None:
    """The same stream of either token."""
    arguments = (list(records), list(weights))
    harness.streams.send("defineRange", *arguments, sender=harness.agent)
    harness.cert_streams.send("defineRange", *arguments, sender=harness.keeper)


def test_a_stream_is_passed_on_over_the_same_seconds(harness):
    """Interest that accrues daily belongs to the owners of each day, not to those of the last."""
    harness.both_close()
    harness.certs.send(
        "forcedTransfer", harness.owners[0], harness.eve, 1_000, sender=harness.keeper
    )
    harness.both_close()
    both_define(harness, [1, 2], [1, 3])
    number = harness.declare(1, 1_600_000, token=harness.streams)
    passed = harness.pass_one(number, 1)
    figures = harness.figures(passed)
    assert (figures["token"], figures["amount"]) == (harness.cert_streams.address, 640_000)
    harness.all_claim(passed, [*harness.owners, harness.eve])
    assert [harness.money(who) for who in (*harness.owners, harness.eve)] == [
        200_000, 319_840, 160, 120_000,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("records", "weights"),
    [([1, 2], [1, 2]), ([2], [1]), ([1, 2, 3], [1, 1, 1]), ([2, 3], [1, 1]), ([1, 3], [1, 1])],
)
def test_another_stream_is_refused(harness, records, weights):
    """One with other weights, fewer or more records, or other seconds would pay other people."""
    for _ in range(3):
        harness.both_close()
    harness.streams.send("defineRange", [1, 2], [1, 1], sender=harness.agent)
    harness.cert_streams.send("defineRange", records, weights, sender=harness.keeper)
    number = harness.declare(1, 1_000, token=harness.streams)
    with refused("PassThrough_OtherRange", number, 1):
        harness.pass_one(number, 1)
    with refused("RecordRanges_UnknownRange", 2):
        harness.pass_one(number, 2)
    harness.cert_streams.send("defineRange", [1, 2], [1, 1], sender=harness.keeper)
    assert harness.figures(harness.pass_one(number, 2))["amount"] == 400


def test_a_stream_and_a_record_do_not_stand_for_each_other(harness):
    """Though they end at the same second."""
    for _ in range(2):
        harness.both_close()
    both_define(harness, [1, 2], [1, 1])
    plain = harness.declare(2, 1_000)
    passed = harness.pass_one(plain, 2)
    assert harness.figures(passed)["token"] == harness.certs.address
    bare = harness.new_passer(ZERO)
    harness.vault.send("setPayee", bare.address, sender=harness.pool)
    streamed = harness.declare(1, 1_000, token=harness.streams)
    with refused("PassThrough_NoRanges", streamed):
        bare.send("forwardOne", streamed, 2)
    bare.send("returnUnmatched", streamed, 0, 1)
    assert harness.money(harness.pool) == 400


def test_a_stream_with_a_day_that_the_pool_has_no_record_of_goes_back(harness):
    """Who returns it names the day; one that is there is refused, and so is one past the end."""
    harness.both_close()
    harness.close()
    harness.both_close()
    harness.streams.send("defineRange", [1, 2, 3], [1, 1, 1], sender=harness.agent)
    number = harness.declare(1, 1_000, token=harness.streams)
    times = [harness.token.call("recordTime", record) for record in (1, 2, 3)]
    for part, later in ((0, 2), (2, 3)):
        with refused("PassThrough_Matched", number, times[part], later):
            harness.passer.send("returnUnmatched", number, part, later)
    for part in (3, 4):
        with refused("PassThrough_UnknownComponent", number, part, 3):
            harness.passer.send("returnUnmatched", number, part, 2)
    harness.passer.send("returnUnmatched", number, 1, 2)
    assert harness.money(harness.pool) == 400


def test_a_pass_through_is_made_of_a_plain_token_and_its_own_streams(harness):
    """Streams that end at one second could be exchanged for each other; those of another token are
    other people's."""
    vault, pool = harness.vault.address, harness.pool
    certs, streams = harness.certs.address, harness.cert_streams.address
    with refused("PassThrough_NotPlain", streams):
        harness.kit.deploy("PassThrough", vault, pool, streams, ZERO)
    other = harness.streams.address
    with refused("PassThrough_OtherToken", other, certs):
        harness.kit.deploy("PassThrough", vault, pool, certs, other)
    made = harness.new_passer()
    assert [made.call(name) for name in ("vault", "pool", "poolToken", "poolRanges")] == [
        vault, pool, certs, streams,
    ]  # fmt: skip


# ------------------------------------------------------------------------ who can forward


def word_of(signature: str) -> bytes:
    """The selector of a function."""
    return keccak(text=signature)[:4]


@pytest.mark.attack("C1")
def test_a_pool_that_nobody_acts_for_is_refused(harness):
    """A contract, whose token has no owner and knows no agents: a stranger's claim would lock its
    income. One with a key acts for itself, though it has named a contract to act for it."""
    bare, spoken = harness.kit.deploy("BareToken"), harness.kit.deploy("SpokenToken")
    wrapper = harness.kit.deploy("BareToken").address

    def made(pool: str, token: Deployed) -> Deployed:
        return harness.kit.deploy("PassThrough", harness.vault.address, pool, token.address, ZERO)

    for token in (bare, spoken):
        made(person(5), token)
        with refused("PassThrough_NobodyToForward", wrapper, token.address):
            made(wrapper, token)
    spoken.send("setWord", word_of("owner()"), 0)
    with refused("PassThrough_NobodyToForward", wrapper, spoken.address):
        made(wrapper, spoken)
    spoken.send("setWord", word_of("owner()"), int(harness.keeper, 16))
    made(wrapper, spoken)
    made(wrapper, harness.certs)
    agents = harness.kit.deploy("SpokenToken")
    agents.send("setWord", word_of("isAgent(address)"), 0)
    made(wrapper, agents)


@pytest.mark.parametrize(("code", "acts"), [("ef0100", True), ("ef0101", False), ("60", False)])
def test_an_account_with_a_key_that_a_contract_acts_for(harness, code, acts):
    """EIP-7702: its code is three bytes and an address; no other code can be."""
    pool = person(6)
    insert_code(harness.kit, pool, bytes.fromhex(code) + bytes.fromhex(harness.vault.address[2:]))
    arguments = (harness.vault.address, pool, harness.kit.deploy("BareToken").address, ZERO)
    if acts:
        harness.kit.deploy("PassThrough", *arguments)
        return
    with refused("PassThrough_NobodyToForward", *arguments[1:3]):
        harness.kit.deploy("PassThrough", *arguments)


def insert_code(kit: RevmKit, account: str, code: bytes) -> None:
    """Give an account code, as a transaction of the fourth type would."""
    kit.evm.insert_account_info(account, AccountInfo(code=code))


# --------------------------------------------------------------------- cancelled records


def test_what_falls_on_a_cancelled_record_goes_back(harness):
    """Records cancelled between are passed over, and so are those at the end (Laws 17, 40)."""
    certs, keeper = harness.certs, harness.keeper
    number = harness.declare(harness.schedule(harness.kit.now + DAY), 1_000)
    closes_at = harness.kit.now + DAY
    certs.send("scheduleRecord", harness.kit.now, sender=keeper)
    harness.kit.now += 1
    for ahead in (closes_at, closes_at + 5, closes_at + 9):
        certs.send("scheduleRecord", ahead, sender=keeper)
    certs.send("cancelRecords", 2, sender=keeper)
    harness.kit.now = closes_at + 1
    for gone in (2, 3, 4):
        with refused("ShareToken_RecordCancelled", gone):
            harness.pass_one(number, gone)
    for later in (3, 4):
        with refused("ShareToken_RecordCancelled", later):
            harness.passer.send("returnUnmatched", number, 0, later)
    with refused("PassThrough_Matched", number, closes_at, 1):
        harness.passer.send("returnUnmatched", number, 0, 1)
    certs.send("scheduleRecord", harness.kit.now, sender=keeper)
    with refused("PassThrough_Matched", number, closes_at, 7):
        harness.passer.send("returnUnmatched", number, 0, 7)
    harness.passer.send("returnUnmatched", number, 0, 5)
    assert harness.money(harness.pool) == 400


def test_a_record_scheduled_again_for_the_second_is_forwarded_over(harness):
    """Though an earlier one for that second was cancelled; then nothing goes back (Law 17)."""
    certs, keeper = harness.certs, harness.keeper
    closes_at = harness.kit.now + DAY
    number = harness.declare(harness.schedule(closes_at), 1_000)
    certs.send("scheduleRecord", closes_at, sender=keeper)
    certs.send("cancelRecords", 1, sender=keeper)
    certs.send("scheduleRecord", closes_at, sender=keeper)
    certs.send("scheduleRecord", closes_at + 5, sender=keeper)
    certs.send("cancelRecords", 3, sender=keeper)
    harness.kit.now = closes_at + 1
    with refused("PassThrough_Matched", number, closes_at, 4):
        harness.passer.send("returnUnmatched", number, 0, 4)
    with refused("ShareToken_RecordCancelled", 1):
        harness.pass_one(number, 1)
    assert harness.figures(harness.pass_one(number, 2))["amount"] == 400


@pytest.mark.attack("K10")
def test_income_of_a_cancelled_record_is_not_forwarded(harness):
    """It goes back to its declarer; the pool never had any (Law 40)."""
    closes_at = harness.kit.now + DAY
    number = harness.declare(harness.schedule(closes_at), 1_000)
    harness.certs.send("scheduleRecord", closes_at, sender=harness.keeper)
    harness.token.send("cancelRecords", 1)
    harness.kit.now = closes_at + 1
    with refused("ShareToken_RecordCancelled", 1):
        harness.pass_one(number, 1)
    harness.vault.send("refund", number)
    assert (harness.money(harness.agent), harness.passer.call("isDone", number)) == (1_000, False)


# ------------------------------------------------------------------------------ laws


class PooledHistory(Pooled):
    """Distributions to a pool among others, and beside them what each of them must come to."""

    def __init__(self, codec: Any, holdings: Sequence[int], certs: Sequence[int]) -> None:
        super().__init__(RevmKit(codec))
        self.first = dict(zip((self.ann, self.ben, self.pool), holdings, strict=True))
        self.second = dict(zip(self.owners, certs, strict=True))
        self.start(self.first, self.second)
        self.net: dict[int, dict[str, int]] = {}
        self.passed: dict[int, int] = {}
        self.pushed: set[int] = set()

    def pay_in(self, amount: int, rate: int) -> None:
        """A distribution at a record of its own, taxed at a rate."""
        policy = self.kit.deploy("FlatTax", rate, self.collector).address if rate else ZERO
        number = self.income(amount, tax_policy=policy)
        gross = apportion(amount, self.first).gross
        self.net[number] = {who: due - due * rate // 10_000 for who, due in gross.items()}

    def passable(self) -> set[int]:
        """Of which something can still be passed on."""
        return {n for n, net in self.net.items() if net[self.pool] and n not in self.passed}

    def step(self, what: str, number: int, whose: int) -> None:
        """Something happens; what is held for later is always what was pushed and not passed on."""
        if what == "pass" and number in self.passable():
            caller = self.pool if number in self.pushed else self.stranger
            self.passed[number] = self.pass_one(number, number, sender=caller)
        if what == "batch":
            expected, numbers = self.passable(), list(self.net)
            receipt = self.passer.send("forward", numbers, numbers, sender=self.pool)
            passed = {event["id"]: event["distributionId"] for event in receipt.named("Forwarded")}
            assert set(passed) == expected
            self.passed |= passed
        if what == "push":
            self.push(number, self.pool)
            self.pushed.add(number)
        if what == "claim" and number in self.passed:
            self.claim(self.owners[whose], self.passed[number])
        if what == "pay":
            self.claim((self.ann, self.ben)[whose % 2], number)
        waiting = sum(self.net[n][self.pool] for n in self.pushed if n not in self.passed)
        assert self.money(self.passer.address) == waiting

    def finish(self) -> None:
        """All that is left is passed on, and everybody claims."""
        for number in sorted(self.passable()):
            self.step("push", number, 0)
            self.step("pass", number, 0)
        for number in self.net:
            self.push(number, self.ann, self.ben, self.pool)
        for number in self.passed.values():
            self.all_claim(number)

    def law(self) -> dict[str, int]:
        """What everybody must have in the end."""
        due = dict.fromkeys((*self.owners, self.ann, self.ben, self.passer.address), 0)
        for number, net in self.net.items():
            for who in (self.ann, self.ben):
                due[who] += net[who]
            for who, gross in apportion(net[self.pool], self.second).gross.items():
                due[who] += gross if number in self.passed else 0
        return due


shares = st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any)
event = st.sampled_from(("pass", "batch", "push", "claim", "pay"))


@settings(max_examples=60)
@given(
    holdings=shares,
    certs=shares,
    paid_in=st.lists(
        st.tuples(st.integers(1, 10**9), st.sampled_from((0, 0, 1_500, 10_000))),
        min_size=1,
        max_size=4,
    ),
    steps=st.lists(st.tuples(event, st.integers(0, 3), st.integers(0, 2)), max_size=16),
)
def test_any_course_of_events_pays_both_levels_to_the_unit(codec, holdings, certs, paid_in, steps):
    """Whoever passes on, pushes or claims, in whatever order: every owner gets exactly the floor of
    what the pool's floor was, everybody else what they would have got anyway, and no unit is
    anywhere else (Laws 1 to 4, 8, 17)."""
    history = PooledHistory(codec, holdings, certs)
    for amount, rate in paid_in:
        history.pay_in(amount, rate)
    for what, place, whose in steps:
        history.step(what, place % len(paid_in) + 1, whose)
    history.finish()
    law = history.law()
    assert {who: history.money(who) for who in law} == law
    assert set(history.passed) == {n for n, net in history.net.items() if net[history.pool]}
    left = sum(amount for amount, _ in paid_in) - sum(law.values())
    assert history.money(history.vault.address) == left

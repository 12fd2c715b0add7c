"""What a pool is owed, assigned to the pool's own holders: exactly, by anyone, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from prorata.apportion import apportion
from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.stage import DAY, Stage, person, refused

COIN = 10**18
INTEREST = 1
GUARDED = "3ee5aeb5"  # ReentrancyGuardReentrantCall()


class Pooled(Stage):
    """The usual stage, where Dan is a custodian: his own token says for whom he holds. The share
    token has an agent of its own, the custodian's token another.
    """

    def __init__(self, kit: RevmKit, *, registered: bool = True, pool: str | None = None) -> None:
        super().__init__(kit)
        self.pool = pool or self.dan
        self.keeper = self.issuer
        sheet = ("Harbour certificates", "cHARB", 0, self.keeper, ZERO, ZERO)
        self.certs = kit.deploy("ShareToken", sheet)
        self.streams = kit.deploy("RecordStream", self.token.address)
        self.cert_streams = kit.deploy("RecordStream", self.certs.address)
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

    def income(self, amount: int = 1_000_000, record: int | None = None, **said: Any) -> int:
        """A distribution to the holders of the share token, at a record of either token."""
        at = self.both_close() if record is None else record
        return self.declare(at, amount, **{"kind": INTEREST, **said})

    def pass_one(self, number: int, record: int, sender: str | None = None) -> int:
        """Pass one on, as a stranger if nothing is said; the new distribution."""
        caller = sender or self.stranger
        receipt = self.passer.send("passOne", number, record, sender=caller)
        return int(receipt.named("Passed")[0]["distributionId"])

    def passing(self, numbers: Sequence[int], records: Sequence[int]) -> Receipt:
        """Pass several on, as a stranger."""
        return self.passer.send("pass", list(numbers), list(records), sender=self.stranger)

    def money(self, account: str, currency: Deployed | None = None) -> int:
        """What an account has of a currency, of the dollar if nothing is said."""
        return int((currency or self.dollar).call("balanceOf", account))

    def all_claim(self, number: int, holders: Sequence[str] | None = None) -> None:
        """Everybody for whom the pool holds claims."""
        for holder in holders or self.owners:
            self.claim(holder, number)


@pytest.fixture
def stage(kit) -> Pooled:
    """The stage of these tests, with shares and certificates issued."""
    stage = Pooled(kit)
    stage.usual()
    return stage


def told(stage: Pooled, number: int, name: str, *values: Any) -> dict[str, Any]:
    """The event that says why a distribution was not passed on: an error with its values."""
    entry = next(e for e in stage.kit.codec.errors.values() if e["name"] == name)
    kinds = [item["type"] for item in entry["inputs"]]
    selector = keccak(text=f"{name}({','.join(kinds)})")[:4]
    return {"id": number, "reason": selector + encode(kinds, values)}


# ------------------------------------------------------------------------------ passing on


def test_what_the_pool_is_owed_becomes_a_distribution_to_its_owners(stage):
    """Claimed and declared in one transaction: same vault, currency, kind and second; untaxed,
    without a deadline, pointing at where it came from (Law 1)."""
    number = stage.income(1_000_003, document=b"\7" * 32)
    receipt = stage.passer.send("passOne", number, 1, sender=stage.stranger)
    assert receipt.named("Claimed") == [
        {"id": 1, "holder": stage.pool, "payee": stage.passer.address, "gross": 400_001, "tax": 0}
    ]
    assert receipt.named("Passed") == [
        {"id": 1, "distributionId": 2, "currency": stage.dollar.address, "amount": 400_001}
    ]
    figures = stage.figures(2)
    assert (figures["token"], figures["recordId"]) == (stage.certs.address, 1)
    assert (figures["amount"], figures["carriedIn"]) == (400_001, 0)
    assert figures["declarer"] == stage.passer.address
    assert figures["terms"] == {
        "kind": INTEREST, "payableFrom": 0, "deadline": 0, "sweepTo": ZERO, "taxPolicy": ZERO,
        "documentHash": stage.passer.call("originHash", 1), "excluded": [],
    }  # fmt: skip
    assert (stage.passer.call("passedAs", 1), stage.passer.call("isDone", 1)) == (2, True)
    assert stage.money(stage.passer.address) == 0
    assert stage.dollar.call("allowance", stage.passer.address, stage.vault.address) == 0
    stage.all_claim(2)
    assert [stage.money(owner) for owner in stage.owners] == [200_000, 199_900, 100]
    assert stage.vault.call("carried", stage.certs.address, stage.dollar.address) == 1


def test_the_document_points_at_the_original(stage):
    """Chain, vault and id, hashed: another vault's distribution of that number has another hash."""
    kinds = ["uint256", "address", "uint256"]
    hashed = keccak(encode(kinds, [1, stage.vault.address, 7]))
    assert stage.passer.call("originHash", 7) == hashed
    assert stage.passer.call("originHash", 8) != hashed


def test_native_coin_is_passed_on_alike(stage):
    """It comes from the vault and goes back to it in one transaction."""
    record = stage.both_close()
    number = stage.declare_native(record, 10 * COIN)
    passed = stage.pass_one(number, record)
    assert stage.kit.balance(stage.passer.address) == 0
    stage.all_claim(passed)
    assert stage.kit.balance(stage.owners[0]) == 2 * COIN


def test_native_coin_is_taken_from_the_vault_only(stage):
    """Anybody else's would only stay here."""
    with refused("PassThrough_NotVault", stage.stranger):
        stage.kit.transact(stage.stranger, stage.passer.address, b"", 1)
    number = stage.declare_native(stage.both_close(), COIN)
    stage.push(number, stage.pool)
    assert stage.kit.balance(stage.passer.address) == 4 * COIN // 10


def test_registration_is_the_payee(kit):
    """The pool names the contract in the vault, and nothing else."""
    stage = Pooled(kit, registered=False)
    assert stage.passer.call("isRegistered") is False
    stage.vault.send("setPayee", stage.passer.address, sender=stage.pool)
    assert stage.passer.call("isRegistered") is True


def test_several_are_passed_on_in_one_call(stage):
    """Of several records and currencies, each to its own second."""
    first, second = stage.income(1_000), stage.income(2_000)
    coin = stage.declare_native(stage.both_close(), COIN)
    receipt = stage.passing([coin, first, second], [3, 1, 2])
    assert [e["id"] for e in receipt.named("Passed")] == [coin, first, second]
    assert receipt.named("NotPassed") == []
    amounts = [stage.figures(number)["amount"] for number in (4, 5, 6)]
    assert amounts == [4 * COIN // 10, 400, 800]
    records = [stage.figures(number)["recordId"] for number in (4, 5, 6)]
    assert records == [3, 1, 2]


def test_the_first_levels_tax_stays_and_there_is_no_second(stage):
    """What arrived is divided; the collector has what the first level withheld, once."""
    tax = stage.kit.deploy("FlatTax", 1_500, stage.collector)
    number = stage.income(1_000_000, tax_policy=tax.address)
    passed = stage.pass_one(number, 1)
    assert stage.figures(passed)["amount"] == 340_000
    stage.all_claim(passed)
    stage.vault.send("remit", number)
    assert stage.money(stage.collector) == 60_000
    assert stage.money(stage.owners[0]) == 170_000


def test_a_pool_of_a_pool_passes_on_too(stage):
    """An owner of certificates may itself be a pool."""
    inner = Pooled(stage.kit, pool=stage.cid, registered=False)
    inner.vault = stage.vault
    inner.passer = inner.new_passer()
    stage.vault.send("setPayee", inner.passer.address, sender=stage.cid)
    stage.certs.send("mint", stage.cid, 4_000, sender=stage.keeper)
    inner.certs.send("mint", stage.eve, 10, sender=inner.keeper)
    inner.certs.send("scheduleRecord", stage.kit.now, sender=inner.keeper)
    number = stage.income(1_000_000)
    middle = stage.pass_one(number, 1)
    last = inner.pass_one(middle, 1)
    stage.claim(stage.eve, last)
    assert stage.money(stage.eve) == 200_000


# ------------------------------------------------------------------------------ the right second


def test_only_the_record_of_the_same_second_is_taken(stage):
    """Whoever calls cannot choose whom to pay: other records are refused with both times."""
    stage.certs.send("scheduleRecord", stage.kit.now, sender=stage.keeper)
    early = stage.kit.now
    stage.kit.now += 1
    number = stage.income(1_000)
    late = stage.kit.now
    stage.certs.send("scheduleRecord", late, sender=stage.keeper)
    closes_at = stage.token.call("recordTime", 1)
    for record, time in ((1, early), (3, late)):
        with refused("PassThrough_OtherTime", number, closes_at, time):
            stage.pass_one(number, record)
    with refused("ShareToken_UnknownRecord", 4, 3):
        stage.pass_one(number, 4)
    assert stage.figures(stage.pass_one(number, 2))["recordId"] == 2


def test_B1_who_bought_certificates_afterwards_has_none_of_it(stage):
    """Entitled is who held at the second, on both levels."""
    number = stage.income(1_000_000)
    stage.certs.send("forcedTransfer", stage.owners[0], stage.eve, 2_000, sender=stage.keeper)
    passed = stage.pass_one(number, 1)
    assert stage.vault.call("entitlement", passed, stage.eve)[0] == 0
    assert stage.vault.call("entitlement", passed, stage.owners[0])[0] == 200_000


def test_none_is_passed_on_twice(stage):
    """Neither by the same call nor after a claim."""
    number = stage.income(1_000)
    stage.pass_one(number, 1)
    for caller in (stage.stranger, stage.pool):
        with refused("PassThrough_Done", number):
            stage.pass_one(number, 1, sender=caller)
    receipt = stage.passing([number, number], [1, 1])
    assert receipt.named("NotPassed") == [told(stage, number, "PassThrough_Done", number)] * 2


@pytest.mark.parametrize("why", ["no shares", "excluded", "less than a unit", "all withheld"])
def test_where_nothing_arrives_nothing_is_declared(stage, why):
    """And nothing is claimed either, nor marked: a later call may find something."""
    said: dict[str, Any] = {}
    amount = 1_000
    if why == "no shares":
        stage.token.send("burn", stage.pool, 4_000, sender=stage.agent)
    if why == "excluded":
        said["excluded"] = [stage.pool]
    if why == "less than a unit":
        amount = 2
    if why == "all withheld":
        said["tax_policy"] = stage.kit.deploy("FlatTax", 10_000, stage.collector).address
    number = stage.income(amount, **said)
    with refused("PassThrough_NothingArrived", number):
        stage.pass_one(number, 1)
    assert stage.vault.call("isClaimed", number, stage.pool) is False
    assert stage.passer.call("isDone", number) is False


def test_a_pool_with_another_payee_is_not_claimed_for(stage):
    """The money would go there: the call undoes it, and the pool's choice stands."""
    number = stage.income(1_000)
    stage.vault.send("setPayee", stage.eve, sender=stage.pool)
    with refused("PassThrough_NothingArrived", number):
        stage.pass_one(number, 1)
    assert (stage.money(stage.eve), stage.vault.call("isClaimed", number, stage.pool)) == (0, False)
    stage.vault.send("setPayee", stage.passer.address, sender=stage.pool)
    stage.pass_one(number, 1)


def test_a_frozen_pool_waits(stage):
    """As any holder; then everything is passed on."""
    number = stage.income(1_000)
    stage.token.send("setAddressFrozen", stage.pool, True, sender=stage.agent)
    with refused("DividendVault_Waiting", stage.token.address, stage.pool):
        stage.pass_one(number, 1)
    stage.token.send("setAddressFrozen", stage.pool, False, sender=stage.agent)
    assert stage.figures(stage.pass_one(number, 1))["amount"] == 400


def test_a_recovered_pool_is_passed_through_by_its_successor(stage):
    """What the lost wallet was owed goes to its owners, once the new one names the contract (Law
    13)."""
    number = stage.income(1_000)
    new = stage.eve
    stage.token.send("recoveryAddress", stage.pool, new, ZERO, sender=stage.agent)
    with refused("PassThrough_NothingArrived", number):
        stage.pass_one(number, 1)
    stage.vault.send("setPayee", stage.passer.address, sender=new)
    assert stage.figures(stage.pass_one(number, 1))["amount"] == 400


def test_an_expired_distribution_is_the_sweeps(stage):
    """What the pool did not claim in time is not claimed here either; what was passed on in time
    has no deadline."""
    record = stage.both_close()
    said = {"deadline": stage.kit.now, "sweep_to": stage.eve}
    first, second = (stage.declare(record, 1_000, **said) for _ in range(2))
    passed = stage.pass_one(first, record)
    stage.kit.now += 1
    with refused("DividendVault_Expired", second, stage.kit.now - 1, stage.kit.now):
        stage.pass_one(second, record)
    stage.kit.now += 400 * DAY
    stage.all_claim(passed)
    assert stage.money(stage.owners[0]) == 200


def test_remainders_join_the_next_if_the_pools_token_says_so(stage):
    """As an agent of the pool's token, which it never makes use of, the contract carries them on
    (Law 10); else they wait for somebody who speaks for it."""
    carried = ("carried", stage.certs.address, stage.dollar.address)
    numbers = [stage.income(10_003) for _ in range(3)]
    stage.all_claim(stage.pass_one(numbers[0], 1))
    assert stage.vault.call(*carried) == 1
    second = stage.pass_one(numbers[1], 2)
    assert (stage.figures(second)["carriedIn"], stage.vault.call(*carried)) == (0, 1)
    stage.certs.send("addAgent", stage.passer.address, sender=stage.keeper)
    third = stage.pass_one(numbers[2], 3)
    assert (stage.figures(third)["carriedIn"], stage.vault.call(*carried)) == (1, 0)


# ------------------------------------------------------------------------------ paid before


@pytest.mark.parametrize("how", ["push", "claim"])
@pytest.mark.parametrize("native_coin", [False, True])
def test_what_was_claimed_before_is_passed_on_by_who_answers_for_the_pool(stage, how, native_coin):
    """It is here already: to the record it belongs to, to the unit, and once."""
    record = stage.both_close()
    number = (
        stage.declare_native(record, 10_003) if native_coin else stage.income(10_003, record=record)
    )
    if how == "push":
        stage.push(number, stage.ann, stage.pool)
    else:
        stage.claim(stage.pool, number)
    for caller in (stage.stranger, stage.agent, stage.owners[0]):
        with refused("PassThrough_PaidBefore", number, caller):
            stage.pass_one(number, record, sender=caller)
    passed = stage.pass_one(number, record, sender=stage.pool)
    assert stage.figures(passed)["amount"] == 4_001
    held = stage.kit.balance(stage.passer.address) if native_coin else stage.money(
        stage.passer.address
    )  # fmt: skip
    assert held == 0
    with refused("PassThrough_Done", number):
        stage.pass_one(number, record, sender=stage.pool)


def test_the_pools_token_answers_for_the_pool(stage):
    """Its owner and its agents, in a batch too, for as long as they are."""
    first, second, third = (stage.income(1_000) for _ in range(3))
    for number in (first, second, third):
        stage.push(number, stage.pool)
    stage.pass_one(first, 1, sender=stage.keeper)
    stage.certs.send("addAgent", stage.eve, sender=stage.keeper)
    receipt = stage.passer.send("pass", [second], [2], sender=stage.eve)
    assert [event["amount"] for event in receipt.named("Passed")] == [400]
    stage.certs.send("removeAgent", stage.eve, sender=stage.keeper)
    with refused("PassThrough_PaidBefore", third, stage.eve):
        stage.pass_one(third, 3, sender=stage.eve)
    receipt = stage.passer.send("pass", [third], [3], sender=stage.eve)
    assert receipt.named("NotPassed") == [
        told(stage, third, "PassThrough_PaidBefore", third, stage.eve)
    ]


def test_claimed_and_unclaimed_do_not_mix(stage):
    """What is claimed now is measured: what was here before stays for its own record."""
    first, second, third = (stage.income(amount) for amount in (1_000, 20_000, 300_000))
    stage.push(first, stage.pool)
    stage.push(third, stage.pool)
    assert stage.figures(stage.pass_one(second, 2))["amount"] == 8_000
    assert stage.money(stage.passer.address) == 400 + 120_000
    assert stage.figures(stage.pass_one(third, 3, sender=stage.pool))["amount"] == 120_000
    assert stage.figures(stage.pass_one(first, 1, sender=stage.pool))["amount"] == 400
    assert stage.money(stage.passer.address) == 0


def test_a_gift_is_not_income(stage):
    """It is passed on with nothing and stays, like money sent to the vault by mistake; it pays
    nobody more, and it stops nothing (A8)."""
    stage.dollar.send("mint", stage.passer.address, 77)
    number, other = stage.income(1_000), stage.income(1_000)
    assert stage.figures(stage.pass_one(number, 1))["amount"] == 400
    stage.push(other, stage.pool)
    assert stage.figures(stage.pass_one(other, 2, sender=stage.pool))["amount"] == 400
    assert stage.money(stage.passer.address) == 77


# ------------------------------------------------------------------ nobody steers the money


def test_A13_what_another_payee_received_is_not_paid_from_what_is_here(kit):
    """The vault knows that the pool was paid, not to whom. A stranger who bought certificates for
    an old record's sake would take what the owners of a newer one are owed."""
    stage = Pooled(kit, registered=False)
    stage.usual()
    stage.certs.send("mint", stage.eve, 10**9, sender=stage.keeper)
    old = stage.income(1_000_000)
    stage.certs.send("burn", stage.eve, 10**9, sender=stage.keeper)
    stage.claim(stage.pool, old)
    stage.vault.send("setPayee", stage.passer.address, sender=stage.pool)
    new = stage.income(1_000_000)
    stage.push(new, stage.pool)
    with refused("PassThrough_PaidBefore", old, stage.eve):
        stage.pass_one(old, 1, sender=stage.eve)
    passed = stage.pass_one(new, 2, sender=stage.pool)
    stage.all_claim(passed)
    assert stage.money(stage.owners[0]) == 200_000


@pytest.mark.parametrize("liar", ["token", "policy"])
def test_A13_a_token_or_a_policy_that_changes_its_answer_steers_nothing(stage, liar):
    """One unit was paid, and now a million is said to have been: by a token at a second of the
    liar's choice, or by a tax policy that withheld the rest and sent it back to the liar."""
    honest = stage.income(10_000_000)
    stage.certs.send("mint", stage.eve, 10**9, sender=stage.keeper)
    best = stage.both_close()
    stage.certs.send("burn", stage.eve, 10**9, sender=stage.keeper)
    best_second = stage.certs.call("recordTime", best)
    if liar == "token":
        token = stage.kit.deploy("BareToken")
        token.send("setTime", 1, best_second)
        token.send("setSupply", 1, 1_000_000)
        token.send("setShares", stage.pool, 1, 1)
        token.send("setShares", stage.eve, 1, 999_999)
        number = stage.declare(1, 1_000_000, token=token, sender=stage.eve)
        stage.claim(stage.eve, number)
    else:
        policy = stage.kit.deploy("WilfulTax", stage.eve)
        policy.send("setTax", stage.pool, 399_999, 0)
        number = stage.declare(best, 1_000_000, tax_policy=policy.address, sender=stage.eve)
    stage.push(number, stage.pool)
    stage.push(honest, stage.pool)
    if liar == "token":
        token.send("setShares", stage.pool, 1, 1_000_000)
    else:
        policy.send("setTax", stage.pool, 0, 0)
    assert stage.vault.call("entitlement", number, stage.pool)[2] >= 400_000
    record = best
    with refused("PassThrough_PaidBefore", number, stage.eve):
        stage.pass_one(number, record, sender=stage.eve)
    assert stage.figures(stage.pass_one(honest, 1, sender=stage.pool))["amount"] == 4_000_000
    assert stage.money(stage.passer.address) == 1


def test_a_lying_token_can_give_but_not_take(stage):
    """Unclaimed, its distribution is passed on with what really arrived, wherever it points."""
    honest = stage.income(10_000_000)
    stage.push(honest, stage.pool)
    token = stage.kit.deploy("BareToken")
    token.send("setTime", 1, stage.token.call("recordTime", 1))
    token.send("setSupply", 1, 10)
    token.send("setShares", stage.pool, 1, 10)
    number = stage.declare(1, 77, token=token, sender=stage.eve)
    assert stage.figures(stage.pass_one(number, 1))["amount"] == 77
    assert stage.money(stage.passer.address) == 4_000_000


# ------------------------------------------------------------------------------ one bad among many


def test_one_bad_id_loses_nothing_of_another(stage):
    """Unknown, elsewhere, done, broken, burning, talking: told with the reason, and the rest is
    passed on (Laws 3, 4)."""
    done = stage.income(1_000)
    stage.pass_one(done, 1)
    elsewhere = stage.declare(stage.close(), 1_000)
    broken = stage.kit.deploy("ReturnsFalse")
    unpaid = stage.income(1_000, currency=broken)
    broken.send("setBroken", True)
    callee = stage.kit.deploy("WilfulCallee")
    burning = stage.declare(1, 1_000, token=callee)
    callee.send("setMood", 3, False)
    verbose = stage.kit.deploy("Verbose")
    talking = stage.declare(1, 1_000, token=verbose)
    verbose.send("setTalking", True)
    good = stage.income(1_000)
    last = int(stage.certs.call("recordCount"))
    receipt = stage.passing(
        [99, done, elsewhere, unpaid, burning, talking, good], [1, 1, 1, 2, 1, 1, last]
    )
    assert [event["id"] for event in receipt.named("Passed")] == [good]
    times = [stage.token.call("recordTime", 2), stage.certs.call("recordTime", 1)]
    payment = (broken.address, stage.passer.address, 400)
    failed = receipt.named("NotPassed")
    assert failed[:4] == [
        told(stage, 99, "DividendVault_UnknownDistribution", 99),
        told(stage, done, "PassThrough_Done", done),
        told(stage, elsewhere, "PassThrough_OtherTime", elsewhere, *times),
        told(stage, unpaid, "DividendVault_PaymentFailed", *payment),
    ]
    assert failed[4] == {"id": burning, "reason": b""}
    reason = told(stage, talking, "Verbose_Reason", "\0" * 1_000)["reason"]
    assert failed[5] == {"id": talking, "reason": reason[:132]}
    broken.send("setBroken", False)
    assert stage.figures(stage.pass_one(unpaid, 2))["amount"] == 400


def test_a_batch_needs_a_record_for_each(stage):
    """As many records as distributions."""
    for numbers, records in (([1], []), ([], [1]), ([1, 2], [1])):
        with refused("PassThrough_LengthMismatch", len(numbers), len(records)):
            stage.passing(numbers, records)
    assert stage.passing([], []).events == ()


def test_a_batch_without_gas_is_refused_and_not_passed_over(stage):
    """Else a wallet that looks for the least gas with which a call succeeds would find one that
    passes on nothing."""
    number = stage.income(1_000)
    data = stage.kit.codec.call("PassThrough", "pass", [number], [1])
    stage.kit.evm.reset_transient_storage()
    with pytest.raises(RuntimeError) as caught:
        stage.kit.evm.message_call(stage.stranger, stage.passer.address, data, 0, 3_100_000)
    error = stage.kit._reverted(caught.value)
    assert (error.name, error.values[1]) == ("PassThrough_TooLittleGas", 3_093_750)
    assert 3_000_000 < error.values[0] < 3_093_750
    assert len(stage.passing([number], [1]).named("Passed")) == 1


# ------------------------------------------------------------------------------ currencies


@pytest.mark.parametrize(
    "name",
    [
        "NoReturn", "ReturnsFalse", "FalseAfterMoving", "FeeOnTransfer", "BlockList",
        "PausableCurrency", "GasBurner", "ReturnBomb", "RevertsOnZero", "Reentrant", "SenderPays",
    ],
)  # fmt: skip
def test_D_every_currency_on_a_good_day_is_passed_on_to_the_unit(stage, name):
    """Claimed here, or before."""
    currency = stage.kit.deploy(name)
    first, second = (stage.income(10_003, currency=currency) for _ in range(2))
    stage.push(second, stage.pool)
    passed = [stage.pass_one(first, 1), stage.pass_one(second, 2, sender=stage.pool)]
    for number in passed:
        stage.all_claim(number)
    assert [stage.money(owner, currency) for owner in stage.owners] == [4_000, 3_998, 2]
    assert stage.money(stage.passer.address, currency) == 0


def test_D_a_fee_on_transfer_is_paid_by_what_arrives(stage):
    """Claimed here, what arrived is measured; claimed before, what is here is the most."""
    currency = stage.kit.deploy("FeeOnTransfer")
    first, second = (stage.income(1_000_000, currency=currency) for _ in range(2))
    currency.send("setFee", 100)
    assert stage.figures(stage.pass_one(first, 1))["amount"] == 396_000 - 3_960
    stage.push(second, stage.pool)
    assert stage.money(stage.passer.address, currency) == 396_000
    passed = stage.pass_one(second, 2, sender=stage.pool)
    assert stage.figures(passed)["amount"] == 396_000 - 3_960
    assert stage.money(stage.passer.address, currency) == 0


def test_D_a_currency_that_takes_more_than_is_sent_is_refused(stage):
    """The fee would come out of what is here for others."""
    currency = stage.kit.deploy("SenderPays")
    first, second = (stage.income(1_000, currency=currency) for _ in range(2))
    stage.push(first, stage.pool)
    currency.send("mint", stage.vault.address, 100)
    currency.send("setFee", 5)
    with refused("PassThrough_Unbalanced", currency.address, 395, 400):
        stage.pass_one(second, 2)
    assert stage.money(stage.passer.address, currency) == 400
    currency.send("setFee", 0)
    stage.pass_one(second, 2)


@pytest.mark.parametrize("entrance", ["passOne", "pass", "returnUnmatched", "returnUnheld"])
def test_E3_a_currency_that_calls_back_finds_the_entrances_shut(stage, entrance):
    """While one is passed on, nothing else is: not even another of the same currency."""
    currency = stage.kit.deploy("Reentrant")
    number, other = (stage.income(1_000, currency=currency) for _ in range(2))
    arguments = {
        "passOne": (other, 2), "pass": ([other], [2]), "returnUnmatched": (other, 0, 1),
        "returnUnheld": (other, 2),
    }[entrance]  # fmt: skip
    call = stage.kit.codec.call("PassThrough", entrance, *arguments)
    currency.send("prepare", stage.passer.address, call)
    assert stage.figures(stage.pass_one(number, 1))["amount"] == 400
    assert currency.call("sprung") == 2
    if entrance == "pass":
        # The batch is let in, and each of it is refused.
        assert int.from_bytes(currency.call("answer"), "big") == 0
    else:
        assert currency.call("succeeded") is False
        assert currency.call("answer").hex() == GUARDED
    assert stage.passer.call("isDone", other) is False


def test_E3_a_currency_that_claims_the_pools_next_income_meanwhile_mixes_nothing(stage):
    """The vault is shut while it pays; what is claimed at another moment is measured by nobody."""
    currency = stage.kit.deploy("Reentrant")
    number = stage.income(1_000, currency=currency)
    dollars = stage.income(50_000)
    call = stage.kit.codec.call("DividendVault", "claim", [dollars], stage.pool)
    currency.send("prepare", stage.vault.address, call)
    assert stage.figures(stage.pass_one(number, 1))["amount"] == 400
    assert currency.call("succeeded") is False
    assert stage.figures(stage.pass_one(dollars, 2))["amount"] == 20_000


# ------------------------------------------------------------------------------ returning


def test_what_falls_on_a_second_without_a_record_goes_back_to_the_pool(stage):
    """Anyone may send it back, and only there; what was paid before, who answers for the pool."""
    stage.both_close()
    lonely, other = (stage.declare(stage.close(), 1_000) for _ in range(2))
    stage.both_close()
    stage.push(other, stage.pool)
    receipt = stage.passer.send("returnUnmatched", lonely, 0, 2, sender=stage.stranger)
    dollar = stage.dollar.address
    assert receipt.named("Returned") == [{"id": lonely, "currency": dollar, "amount": 400}]
    with refused("PassThrough_PaidBefore", other, stage.stranger):
        stage.passer.send("returnUnmatched", other, 0, 2, sender=stage.stranger)
    stage.passer.send("returnUnmatched", other, 0, 2, sender=stage.keeper)
    assert (stage.money(stage.pool), stage.money(stage.passer.address)) == (800, 0)
    assert (stage.passer.call("isDone", lonely), stage.passer.call("passedAs", lonely)) == (True, 0)
    for call in (("passOne", lonely, 1), ("returnUnmatched", lonely, 0, 2)):
        with refused("PassThrough_Done", lonely):
            stage.passer.send(*call)


def test_a_second_before_or_after_all_records_is_unmatched_too(stage):
    """No record at all, before the first, after the last."""
    before = stage.declare(stage.close(), 1_000)
    stage.passer.send("returnUnmatched", before, 0, 1)
    early = stage.declare(stage.close(), 1_000)
    stage.both_close()
    stage.passer.send("returnUnmatched", early, 0, 1)
    late = stage.declare(stage.close(), 1_000)
    stage.passer.send("returnUnmatched", late, 0, 2)
    assert stage.money(stage.pool) == 1_200


def test_what_can_be_passed_on_does_not_go_back(stage):
    """Whichever record is named as the next: it is at the second, before it, or not the next."""
    stage.both_close()
    number = stage.income(1_000)
    stage.both_close()
    closes_at = stage.token.call("recordTime", 2)
    for later in (0, 1, 2, 3, 4, 5, 2**255):
        with refused("PassThrough_Matched", number, closes_at, later):
            stage.passer.send("returnUnmatched", number, 0, later, sender=stage.pool)
    lonely = stage.declare(stage.close(), 1_000)
    closes_at = stage.token.call("recordTime", 4)
    for later in (0, 1, 2, 3, 5):
        with refused("PassThrough_Matched", lonely, closes_at, later):
            stage.passer.send("returnUnmatched", lonely, 0, later, sender=stage.pool)
    stage.passer.send("returnUnmatched", lonely, 0, 4)


def test_a_second_that_is_not_over_may_still_get_a_record(stage):
    """So nothing of it goes back until then."""
    number = stage.declare(stage.schedule(), 1_000)
    closes_at = stage.token.call("recordTime", 1)
    for now in (stage.kit.now, closes_at):
        stage.kit.now = now
        with refused("PassThrough_Matched", number, closes_at, 1):
            stage.passer.send("returnUnmatched", number, 0, 1)
    stage.kit.now = closes_at + 1
    stage.passer.send("returnUnmatched", number, 0, 1)
    assert stage.money(stage.pool) == 400


@pytest.mark.parametrize("supply", [2**96 - 1, 2**96])
def test_certificates_beyond_what_a_vault_counts_are_as_good_as_none(stage, supply):
    """Nothing could ever be declared to their holders."""
    certs = stage.kit.deploy("BareToken")
    passer = stage.kit.deploy("PassThrough", stage.vault.address, stage.pool, certs.address, ZERO)
    stage.vault.send("setPayee", passer.address, sender=stage.pool)
    number = stage.income(1_000)
    certs.send("setTime", 1, stage.token.call("recordTime", 1))
    certs.send("setSupply", 1, supply)
    if supply < 2**96:
        with refused("PassThrough_Held", number, supply):
            passer.send("returnUnheld", number, 1)
        return
    with refused("DividendVault_SupplyTooLarge", supply, 2**96 - 1):
        passer.send("passOne", number, 1)
    passer.send("returnUnheld", number, 1)
    assert stage.money(stage.pool) == 400


def test_what_nobody_held_certificates_for_goes_back(kit):
    """A second at which the pool held shares for nobody; not one at which it held them for one."""
    stage = Pooled(kit)
    stage.issue({stage.ann: 6_000, stage.pool: 4_000})
    empty = stage.income(1_000)
    with refused("DividendVault_NoEligibleShares", stage.certs.address, 1):
        stage.pass_one(empty, 1)
    stage.certs.send("mint", stage.eve, 1, sender=stage.keeper)
    held = stage.income(1_000)
    with refused("PassThrough_Held", held, 1):
        stage.passer.send("returnUnheld", held, 2)
    with refused("PassThrough_OtherTime", empty, *(
        token.call("recordTime", record) for token, record in ((stage.token, 1), (stage.certs, 2))
    )):  # fmt: skip
        stage.passer.send("returnUnheld", empty, 2)
    receipt = stage.passer.send("returnUnheld", empty, 1, sender=stage.stranger)
    assert [event["amount"] for event in receipt.named("Returned")] == [400]
    assert stage.money(stage.pool) == 400


def test_E1_a_pool_that_does_not_take_it_back_loses_nothing(kit):
    """The claim is undone, and the money is in the vault as before."""
    puppet = kit.deploy("Puppet")
    stage = Pooled(kit, registered=False, pool=puppet.address)
    stage.issue({stage.ann: 6_000, stage.pool: 4_000})
    call = kit.codec.call("DividendVault", "setPayee", stage.passer.address)
    puppet.send("say", stage.vault.address, call)
    number = stage.declare_native(stage.close(), 1_000)
    with refused("PassThrough_ReturnFailed", ZERO, stage.pool, 400):
        stage.passer.send("returnUnmatched", number, 0, 1)
    assert stage.vault.call("claimable", number, stage.pool) == 400
    assert stage.passer.call("isDone", number) is False


# ------------------------------------------------------------------------------ streams


def both_define(stage: Pooled, records: Sequence[int], weights: Sequence[int]) -> None:
    """The same stream of either token."""
    arguments = (list(records), list(weights))
    stage.streams.send("defineStream", *arguments, sender=stage.agent)
    stage.cert_streams.send("defineStream", *arguments, sender=stage.keeper)


def test_a_stream_is_passed_on_over_the_same_seconds(stage):
    """Interest that accrues daily belongs to the owners of each day, not to those of the last."""
    stage.both_close()
    stage.certs.send("forcedTransfer", stage.owners[0], stage.eve, 1_000, sender=stage.keeper)
    stage.both_close()
    both_define(stage, [1, 2], [1, 3])
    number = stage.declare(1, 1_600_000, token=stage.streams)
    passed = stage.pass_one(number, 1)
    figures = stage.figures(passed)
    assert (figures["token"], figures["amount"]) == (stage.cert_streams.address, 640_000)
    stage.all_claim(passed, [*stage.owners, stage.eve])
    assert [stage.money(who) for who in (*stage.owners, stage.eve)] == [
        200_000, 319_840, 160, 120_000,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("records", "weights"),
    [([1, 2], [1, 2]), ([2], [1]), ([1, 2, 3], [1, 1, 1]), ([2, 3], [1, 1]), ([1, 3], [1, 1])],
)
def test_another_stream_is_refused(stage, records, weights):
    """One with other weights, fewer or more records, or other seconds would pay other people."""
    for _ in range(3):
        stage.both_close()
    stage.streams.send("defineStream", [1, 2], [1, 1], sender=stage.agent)
    stage.cert_streams.send("defineStream", records, weights, sender=stage.keeper)
    number = stage.declare(1, 1_000, token=stage.streams)
    with refused("PassThrough_OtherStream", number, 1):
        stage.pass_one(number, 1)
    with refused("RecordStream_UnknownStream", 2):
        stage.pass_one(number, 2)
    stage.cert_streams.send("defineStream", [1, 2], [1, 1], sender=stage.keeper)
    assert stage.figures(stage.pass_one(number, 2))["amount"] == 400


def test_a_stream_and_a_record_do_not_stand_for_each_other(stage):
    """Though they end at the same second."""
    for _ in range(2):
        stage.both_close()
    both_define(stage, [1, 2], [1, 1])
    plain = stage.declare(2, 1_000)
    passed = stage.pass_one(plain, 2)
    assert stage.figures(passed)["token"] == stage.certs.address
    bare = stage.new_passer(ZERO)
    stage.vault.send("setPayee", bare.address, sender=stage.pool)
    streamed = stage.declare(1, 1_000, token=stage.streams)
    with refused("PassThrough_NoStreams", streamed):
        bare.send("passOne", streamed, 2)
    bare.send("returnUnmatched", streamed, 0, 1)
    assert stage.money(stage.pool) == 400


def test_a_stream_with_a_day_that_the_pool_has_no_record_of_goes_back(stage):
    """Who returns it names the day; one that is there is refused, and so is one past the end."""
    stage.both_close()
    stage.close()
    stage.both_close()
    stage.streams.send("defineStream", [1, 2, 3], [1, 1, 1], sender=stage.agent)
    number = stage.declare(1, 1_000, token=stage.streams)
    times = [stage.token.call("recordTime", record) for record in (1, 2, 3)]
    for part, later in ((0, 2), (2, 3)):
        with refused("PassThrough_Matched", number, times[part], later):
            stage.passer.send("returnUnmatched", number, part, later)
    for part in (3, 4):
        with refused("PassThrough_UnknownPart", number, part, 3):
            stage.passer.send("returnUnmatched", number, part, 2)
    stage.passer.send("returnUnmatched", number, 1, 2)
    assert stage.money(stage.pool) == 400


def test_a_pass_through_is_made_of_a_plain_token_and_its_own_streams(stage):
    """Streams that end at one second could be exchanged for each other; those of another token are
    other people's."""
    vault, pool = stage.vault.address, stage.pool
    certs, streams = stage.certs.address, stage.cert_streams.address
    with refused("PassThrough_NotPlain", streams):
        stage.kit.deploy("PassThrough", vault, pool, streams, ZERO)
    other = stage.streams.address
    with refused("PassThrough_OtherToken", other, certs):
        stage.kit.deploy("PassThrough", vault, pool, certs, other)
    made = stage.new_passer()
    assert [made.call(name) for name in ("vault", "pool", "poolToken", "poolStreams")] == [
        vault, pool, certs, streams,
    ]  # fmt: skip


# ------------------------------------------------------------------------------ laws


class Course(Pooled):
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
            receipt = self.passer.send("pass", numbers, numbers, sender=self.pool)
            passed = {event["id"]: event["distributionId"] for event in receipt.named("Passed")}
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
    course = Course(codec, holdings, certs)
    for amount, rate in paid_in:
        course.pay_in(amount, rate)
    for what, place, whose in steps:
        course.step(what, place % len(paid_in) + 1, whose)
    course.finish()
    law = course.law()
    assert {who: course.money(who) for who in law} == law
    assert set(course.passed) == {n for n, net in course.net.items() if net[course.pool]}
    left = sum(amount for amount, _ in paid_in) - sum(law.values())
    assert course.money(course.vault.address) == left

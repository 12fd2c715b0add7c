"""Claims of everything that is open, among what strangers have declared to stop them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest

from prorata.chain.abi import function
from prorata.chain.artifacts import Artifact
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.contracts.vault import Terms
from prorata.demo.keys import rehearsal_key
from prorata.deployments.deployment import Deployment, open_operator
from prorata.errors import InputError
from prorata.income.claim_trials import MOST_GAS_FOR_OTHERS, ClaimTrial
from prorata.income.claims import claim
from prorata.income.closing import remit_all
from prorata.income.declarations import declare
from prorata.income.instructions import draft_instruction
from prorata.ledger.audits import audit_deployment
from prorata.ledger.unclaimed import read_unclaimed
from prorata.reports.statements import statement
from prorata.values.kinds import Kind
from tests.prorata.conftest import PATIENCE, act, put, refused, sent, travel

pytestmark = pytest.mark.slow

RENT = 85_000_000_003
DUST = 10_000
REFUSING, BURNING = 1, 2  # moods of WilfulTax
SHARES = 800  # of the largest holder, of 10,000


@pytest.fixture
def holder(anvil, chain, table) -> str:
    """Without ether: other tests of this node may have given the wallet some for good."""
    address = table.holdings[0].address
    anvil.rpc("anvil_setBalance", address, "0x0")
    return address


@pytest.fixture
def stranger(anvil, chain, tmp_path) -> Iterator[Operator]:
    """Somebody with ether, and no role in the asset."""
    key = rehearsal_key(77)
    anvil.rpc("anvil_setBalance", key.address, hex(100 * 10**18))
    with open_operator(chain, LocalSigner(key), tmp_path / "stranger", timeout=PATIENCE) as opened:
        yield opened


def declared(by: Operator, found: Deployment, currency: str = "USD", amount=RENT, **terms) -> int:
    """A distribution of rent at record 1; its id."""
    money = found.currency(currency)
    done = declare(
        by, found, record_id=1, currency=money, amount=amount, terms=Terms(Kind.RENT, **terms)
    )
    return done.id


def net(found: Deployment, holder: str) -> dict[str, int]:
    """What a holder has of the asset's own currencies."""
    return {name: found.currency(name).balance_of(holder) for name in ("USD", "ETH")}


# ------------------------------------------------------------------------------ sorted by series


def claimed_ids(receipt, chain: RpcChain) -> list[int]:
    """The ids that a transaction has sent to the vault, in its order."""
    [transaction] = chain.sent([receipt.hash])
    ids, _ = function("DividendVault", "claim").arguments(transaction.data)
    return list(ids)


def test_a_mixed_claim_is_sent_sorted_and_told_in_order(operator, closed, holder):
    """USD, ETH, USD, ETH: in the order of declaration each would be a run of its own."""
    ids = [
        declared(operator, closed, currency, 10**9, document_hash=bytes([number]) * 32)
        for number, currency in enumerate(("USD", "ETH") * 3, start=1)
    ]
    wild = [5, 2, 6, 1, 3, 4, 2]
    planned = claim(operator, closed, holder, wild, dry_run=True)
    done = claim(operator, closed, holder, wild)
    assert [p.distribution_id for p in done.payouts] == ids
    assert planned.payouts == done.payouts
    [receipt] = done.receipts
    # The native coin's address is zero, and so comes first.
    assert claimed_ids(receipt, operator.chain) == [2, 4, 6, 1, 3, 5]
    assert net(closed, holder) == {"USD": 3 * 10**9 * SHARES // 10_000, "ETH": 240_000_000}


def test_a_sorted_claim_is_cheaper_than_one_in_the_order_of_declaration(operator, closed, holder):
    """Forty in two currencies."""
    for number in range(40):
        currency = ("USD", "ETH")[number % 2]
        declared(operator, closed, currency, 10**9, document_hash=bytes([number]) * 32)
    vault, own = closed.vault(), operator.address
    mixed = vault.claim(range(1, 41), holder).question(own)
    ordered = vault.claim([*range(1, 41, 2), *range(2, 41, 2)], holder).question(own)
    before, after = operator.chain.estimate([mixed, ordered])
    done = claim(operator, closed, holder)
    assert [p.distribution_id for p in done.payouts] == list(range(1, 41))
    assert done.receipts[0].mined.gas_used <= after < before


# -------------------------------------------------------------------------------- strangers' dust


@pytest.fixture
def due(operator, closed) -> Deployment:
    """Rent in dollars and a dividend in ether, which is distribution 2."""
    declared(operator, closed)
    declared(operator, closed, "ETH", 10**18)
    return closed


class Scene(NamedTuple):
    """A holder whom the issuer owes money, and a stranger who means trouble."""

    operator: Operator
    stranger: Operator
    due: Deployment
    holder: str
    artifacts: Mapping[str, Artifact]

    def put(self, name: str, *arguments: object) -> str:
        return put(self.stranger, self.artifacts, name, *arguments)

    def act(self, name: str, address: str, function: str, *arguments: object) -> None:
        act(self.stranger, self.artifacts, name, address, function, *arguments)

    def tax(self, amount: int, mood: int = 0) -> str:
        """A tax policy of the stranger's that asks the holder for so much."""
        policy = self.put("WilfulTax", self.stranger.address)
        self.act("WilfulTax", policy, "setTax", self.holder, amount, mood)
        return policy

    def dust(self, name: str, **terms) -> tuple[int, str]:
        """Dust in a currency of the stranger's own; its id, and the currency."""
        money = self.put(name)
        self.act(name, money, "mint", self.stranger.address, DUST)
        return declared(self.stranger, self.due, money, DUST, **terms), money


@pytest.fixture
def scene(operator, stranger, due, holder, artifacts) -> Scene:
    return Scene(operator, stranger, due, holder, artifacts)


OWN = {"USD": RENT * SHARES // 10_000, "ETH": 10**18 * SHARES // 10_000}


def dead_policy(scene):
    policy = scene.tax(0, REFUSING)
    number, _ = scene.dust("PausableCurrency", tax_policy=policy)
    return number, f"is not paid: its tax policy {policy} gives no usable answer"


def burning_policy(scene):
    policy = scene.tax(0, BURNING)
    number, _ = scene.dust("PausableCurrency", tax_policy=policy)
    return number, f"is not paid: its tax policy {policy} gives no usable answer"


def greedy_policy(scene):
    policy = scene.tax(10**6)
    number, _ = scene.dust("PausableCurrency", tax_policy=policy)
    return number, f"is not paid: its tax policy {policy} asks for more than all"


def paused_currency(scene):
    number, money = scene.dust("PausableCurrency")
    scene.act("PausableCurrency", money, "setPaused", True)
    return number, f"is not paid: its currency {money}, or {scene.holder}, refuses the payment"


def burning_currency(scene):
    number, money = scene.dust("GasBurner")
    scene.act("GasBurner", money, "setBroken", True)
    return number, "is not paid: "


HUNGER = 5_000_000


def hungry_currency(scene):
    """It pays, and makes whoever sends the claim pay for it."""
    by, nature = scene.stranger, [0, 0, 0, 0, *[False] * 8, 0, 0, 1]
    money = scene.put("WilfulCurrency")
    scene.act("WilfulCurrency", money, "become", tuple(nature))
    scene.act("WilfulCurrency", money, "mint", by.address, DUST)
    scene.act("WilfulCurrency", money, "approve", scene.due.vault().address, DUST)
    # It answers no question about allowances, as our own door would ask.
    call = scene.due.vault().declare(scene.due.token().address, 1, money, DUST)
    number = by.send_one("declare", call).events("Declared")[0].args["id"]
    nature[13] = HUNGER
    scene.act("WilfulCurrency", money, "become", tuple(nature))
    return int(number), "needs "


ATTACKS = [
    dead_policy, burning_policy, greedy_policy, paused_currency, burning_currency, hungry_currency,
]  # fmt: skip


@pytest.mark.attack("K9")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_strangers_dust_stops_no_claim(scene, attack):
    """The rest is paid, what fails is named; a dry run says the same before; again is nothing."""
    number, rule = attack(scene)
    operator, due, holder = scene.operator, scene.due, scene.holder
    nonce = sent(operator)
    planned = claim(operator, due, holder, dry_run=True)
    assert sent(operator) == nonce
    done = claim(operator, due, holder)
    assert planned.payouts == done.payouts
    assert [str(failed.why) for failed in planned.failed] == [str(f.why) for f in done.failed]
    assert [p.distribution_id for p in done.payouts] == [1, 2]
    assert net(due, holder) == OWN
    [failed] = done.failed
    assert (failed.distribution.id, failed.by_issuer) == (number, False)
    [problem] = failed.why.problems
    assert problem.rule.startswith(rule)
    assert sum(receipt.mined.gas_used for receipt in done.receipts) < 2 * MOST_GAS_FOR_OTHERS
    again = claim(operator, due, holder)
    assert (again.payouts, again.receipts, len(again.failed)) == ((), (), 1)
    assert sent(operator) == nonce + 1


@pytest.mark.attack("K9")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_strangers_dust_stops_no_report(scene, attack):
    """Nor books, instructions and remittances of everything."""
    number, _ = attack(scene)
    operator, due, holder = scene.operator, scene.due, scene.holder
    aged = read_unclaimed(due)
    assert [overdue.distribution.id for overdue in aged.distributions] == [1, 2, number]
    assert list(aged.rows())
    found = audit_deployment(due)
    assert found.books.differences == []
    assert len(statement(found.books, due.token().address, holder)) == 3
    valid_until = operator.chain.now() + 10_000
    wish = draft_instruction(due, holder, receiver=operator.address, valid_until=valid_until)
    assert wish.instruction.ids == (1, 2)
    assert remit_all(operator, due).done == ()


@pytest.mark.attack("K9")
def test_dust_in_the_assets_own_currency_stops_no_claim(scene):
    """The same series, and a dead policy: it is the one distribution that is left out."""
    operator, stranger, due, holder, _ = scene
    operator.send_one("mint", due.currency("USD").mint(stranger.address, DUST))
    policy = scene.tax(0, REFUSING)
    for number in range(3):
        terms = {"tax_policy": policy, "document_hash": bytes([number]) * 32}
        declared(stranger, due, "USD", 1_000, **terms)
    declared(stranger, due, "USD", 1_000)
    done = claim(operator, due, holder)
    assert [p.distribution_id for p in done.payouts] == [1, 2, 6]
    assert [failed.distribution.id for failed in done.failed] == [3, 4, 5]
    assert len(done.receipts) == 2


@pytest.mark.attack("K9")
def test_dust_that_lies_in_wait_costs_the_issuers_money_nothing(scene, monkeypatch):
    """A currency can let a trial pass and refuse the payment: it is in another transaction."""
    _, money = scene.dust("PausableCurrency")
    operator, due, holder = scene.operator, scene.due, scene.holder
    trial = ClaimTrial.batches_of_others

    def then_pause(self, found):
        batches = trial(self, found)
        scene.act("PausableCurrency", money, "setPaused", True)
        return batches

    monkeypatch.setattr(ClaimTrial, "batches_of_others", then_pause)
    done = claim(operator, due, holder)
    assert [p.distribution_id for p in done.payouts] == [1, 2]
    assert [failed.distribution.id for failed in done.failed] == [3]
    assert net(due, holder) == OWN


@pytest.mark.attack("K9")
def test_a_token_that_gives_no_answer_any_more_stops_nobody_elses(anvil, scene):
    """Declared ahead for a token of its own, which then hides its supply: the vault tells of every
    distribution without asking any token."""
    token, operator, due = scene.put("BareToken"), scene.operator, scene.due
    closes = operator.chain.now() + 100
    scene.act("BareToken", token, "setTime", 1, closes)
    vault = due.vault()
    scene.stranger.send_one("declare", vault.declare(token, 1, due.currency("ETH").address, DUST))
    travel(anvil, closes + 1)
    scene.act("BareToken", token, "setTime", 1, 2**48 - 1)
    assert vault.distributions()[2].eligible_supply == 0
    done = claim(operator, due, scene.holder)
    assert ([p.distribution_id for p in done.payouts], done.failed) == ([1, 2], ())
    assert len(read_unclaimed(due).distributions) == 2
    found = audit_deployment(due)
    assert found.books.differences == []
    assert found.answers.unanswered == []


# ------------------------------------------------------------------------------------- refusals


def test_what_is_named_is_paid_as_a_whole_or_not_at_all(scene):
    number, rule = paused_currency(scene)
    operator, stranger, due, holder, _ = scene
    nonce = sent(operator)
    assert refused(claim, operator, due, holder, [number, 1]) == (
        f'distribution: "{number}" {rule}; '
        f"claim again later, or ask {stranger.address}, who declared it"
    )
    assert sent(operator) == nonce
    assert net(due, holder) == {"USD": 0, "ETH": 0}


def test_dear_dust_is_paid_when_it_is_named(scene):
    number, _ = hungry_currency(scene)
    operator, due, holder = scene.operator, scene.due, scene.holder
    [failed] = claim(operator, due, holder, dry_run=True).failed
    assert f"`prorata claim --id {number}` if it is worth that" in str(failed.why)
    done = claim(operator, due, holder, [number])
    assert [p.net for p in done.payouts] == [DUST * SHARES // 10_000]
    assert done.receipts[0].mined.gas_used > HUNGER


def test_nothing_paid_of_what_the_issuer_declared_is_a_refusal(operator, closed, holder, artifacts):
    """A paused currency of the issuer's: all of it is told at once, and nothing is sent."""
    money = put(operator, artifacts, "PausableCurrency")
    for number in (1, 2):
        act(operator, artifacts, "PausableCurrency", money, "mint", operator.address, DUST)
        declared(operator, closed, money, DUST, document_hash=bytes([number]) * 32)
    act(operator, artifacts, "PausableCurrency", money, "setPaused", True)
    said = refused(claim, operator, closed, holder)
    assert said.startswith("2 problems in the claim:\n")
    assert said.count(f"is not paid: its currency {money}, or {holder}, refuses the payment") == 2
    declared(operator, closed, "ETH", 10**18)
    nonce = sent(operator)
    done = claim(operator, closed, holder)
    assert [p.distribution_id for p in done.payouts] == [3]
    assert [(f.distribution.id, f.by_issuer) for f in done.failed] == [(1, True), (2, True)]
    assert sent(operator) == nonce + 1


def test_a_frozen_wallets_claim_is_refused_with_the_reason(operator, due, holder):
    operator.send_one("freeze", due.token().set_address_frozen(holder, True))
    said = refused(claim, operator, due, holder)
    assert said.count(f"is held by {due.token().address} for {holder}, as while a wallet is") == 2
    assert said.endswith("ask the issuer")


def test_what_strangers_declared_for_later_is_no_refusal(operator, stranger, due, holder):
    """Else anybody could make the second run of a command fail."""
    later = operator.chain.now() + 10**6
    declared(stranger, due, "ETH", DUST, payable_from=later)
    claim(operator, due, holder)
    again = claim(operator, due, holder)
    assert (again.payouts, again.not_payable, again.failed) == ((), (3,), ())


def test_more_than_a_transaction_holds_is_sent_in_several(operator, due, holder, monkeypatch):
    """As if a transaction could claim one only."""
    gas = ClaimTrial._gas

    def of_one(self, batches):
        too_many = InputError.of("gas", 0, "is too much", "divide it")
        found = zip(batches, gas(self, batches), strict=True)
        return [answer if len(batch) == 1 else too_many for batch, answer in found]

    monkeypatch.setattr(ClaimTrial, "_gas", of_one)
    done = claim(operator, due, holder)
    assert ([p.distribution_id for p in done.payouts], len(done.receipts)) == ([1, 2], 2)
    assert net(due, holder) == OWN


def test_a_run_that_was_killed_is_taken_up(scene, monkeypatch):
    """Between the two transactions: what was paid is not paid again, and the rest follows."""
    scene.dust("PausableCurrency")
    operator, due, holder = scene.operator, scene.due, scene.holder
    send = operator.send

    def once(intents):
        monkeypatch.setattr(operator, "send", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        return send(intents)

    monkeypatch.setattr(operator, "send", once)
    with pytest.raises(KeyboardInterrupt):
        claim(operator, due, holder)
    monkeypatch.setattr(operator, "send", send)
    assert [p.distribution_id for p in claim(operator, due, holder).payouts] == [3]
    assert claim(operator, due, holder).payouts == ()
    assert net(due, holder) == OWN

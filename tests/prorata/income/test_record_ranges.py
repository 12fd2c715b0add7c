"""Record ranges and pools on a real Anvil: defined, previewed, paid, forwarded, by the law."""

from __future__ import annotations

import json

import pytest
from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak

from prorata.apportion import apportion
from prorata.assets.asset import Asset
from prorata.chain.artifacts import artifact
from prorata.chain.calls import Call, deploy_call
from prorata.chain.node import RpcChain
from prorata.chain.signers import LocalSigner
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import DividendVault, Terms
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment, open_operator
from prorata.errors import BooksError, DeploymentError, InputError, RevertError
from prorata.income import denominators
from prorata.income.claims import claim
from prorata.income.declaration_files import Draft, Drafts, Word, resolve
from prorata.income.declarations import Declaration, declare, declare_all
from prorata.income.pools import add_pass_through, forward, name_as_payee, pass_through
from prorata.income.previews import preview_all
from prorata.income.pushes import push_all
from prorata.income.record_ranges import MOST_RECORDS, define_range, preview_range
from prorata.ledger.audits import audit
from prorata.ledger.unclaimed import read_unclaimed
from prorata.register.captable import read_csv
from prorata.register.issuance import issue
from prorata.register.record_dates import schedule_record
from prorata.register.record_ranges import RangeRegister, balances_at_range
from prorata.toolchain.paths import PROJECT_ROOT

pytestmark = pytest.mark.slow

BUILDING = PROJECT_ROOT / "examples" / "building"
DAY = 86_400
INTEREST = 31_000_000_003

# Anvil's second account, known to everyone.
POOL_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"


@pytest.fixture(scope="module")
def table():
    return read_csv(BUILDING / "holders.csv", authorised=10_000)


@pytest.fixture(scope="session")
def custodian() -> LocalSigner:
    return LocalSigner(Account.from_key(POOL_KEY))


@pytest.fixture
def found(operator, folder, table) -> Deployment:
    """The building, issued, with shares for the operator to trade with."""
    settings = Asset.load(BUILDING / "asset.yaml").model_copy(update={"authorised": 20_000})
    found = deploy(operator, settings, folder, dollar=True)
    issue(operator, found, table)
    operator.send_one("extra", found.token().mint(operator.address, 100))
    return found


def pass_time(anvil, moment: int) -> None:
    anvil.rpc("evm_setNextBlockTimestamp", moment)
    anvil.rpc("evm_mine")


@pytest.fixture
def month(anvil, operator, found, custodian) -> Deployment:
    """Four records, the third after a weekend; the custodian buys a share after each."""
    start = operator.chain.now() // DAY * DAY + 5 * DAY
    for number, day in enumerate((0, 1, 4, 5)):
        record = schedule_record(operator, found, start + day * DAY + DAY - 1)
        pass_time(anvil, record.closes_at + 1)
        call = found.token().transfer(custodian.address, 10)
        operator.send_one(f"trade/{number}", call)
    return found


def refused(call, *arguments, **options) -> str:
    with pytest.raises(InputError) as refusal:
        call(*arguments, **options)
    return str(refusal.value)


def sent(operator) -> int:
    return operator.chain.nonce(operator.address)


# ------------------------------------------------------------------------------------ record ranges


def test_a_record_range_is_defined_once_with_its_contract(operator, month):
    since = month.token().record_time(1) - DAY
    planned = define_range(operator, month, 1, 4, since=since, dry_run=True)
    assert (planned.id, planned.weights) == (0, (1, 1, 3, 1))
    with pytest.raises(DeploymentError, match="has no record ranges"):
        month.record_ranges()
    done = define_range(operator, month, 1, 4, since=since)
    again = Deployment.open(operator.chain, month.folder)
    assert done.address == again.manifest.contracts["RecordRanges"].address
    assert (done.id, done.weights, done.closes_at) == (
        1, (1, 1, 3, 1), month.token().record_time(4),
    )  # fmt: skip
    nonce = sent(operator)
    assert define_range(operator, again, 1, 4, since=since).id == 1
    assert define_range(operator, month, 1, 4, since=since).id == 1
    assert sent(operator) == nonce
    assert define_range(operator, again, 2, 3).weights == (1, 3)
    parts = again.record_ranges().components_of(2)
    assert [(part.record_id, part.weight) for part in parts] == [(2, 1), (3, 3)]


def test_the_deployment_stays_what_it_was(operator, month):
    """The manifest has one contract more, and the asset is not deployed a second time."""
    define_range(operator, month, 1, 2, weights="equal")
    again = Deployment.open(operator.chain, month.folder)
    added = again.manifest.contracts.pop("RecordRanges")
    assert again.manifest.contracts == month.manifest.contracts
    assert added.arguments == [month.token().address]
    assert added.block > 0
    nonce = sent(operator)
    found = deploy(operator, month.settings, month.folder, dollar=True)
    assert (set(found.manifest.contracts) - set(month.manifest.contracts), sent(operator)) == (
        {"RecordRanges"}, nonce,
    )  # fmt: skip
    assert sorted(path.name for path in month.folder.glob("standard-input*")) == [
        "standard-input.json"
    ]


def test_an_older_deployment_keeps_its_own_sources(operator, month):
    """A contract added from other sources brings its own, so that both can be verified."""
    kept = month.folder / "standard-input.json"
    kept.write_text(json.dumps({"older": True}), encoding="utf-8")
    define_range(operator, month, 1, 2, weights="equal")
    assert json.loads(kept.read_bytes()) == {"older": True}
    brought = json.loads((month.folder / "standard-input-RecordRanges.json").read_bytes())
    assert "contracts/income/RecordRanges.sol" in brought["sources"]


def test_a_record_range_pays_what_the_law_says(operator, month, custodian, table):
    """Preview, entitlements and balances agree to the unit, for everybody who ever held."""
    done = define_range(operator, month, 2, 4)
    again = Deployment.open(operator.chain, month.folder)
    held = balances_at_range(again, done.id)
    weighted = [10 * 1 + 20 * 3 + 30 * 1, 90 * 1 + 80 * 3 + 70 * 1]
    assert [held[custodian.address], held[operator.address]] == weighted
    assert {h.address: held[h.address] for h in table} == {h.address: 5 * h.shares for h in table}
    law = preview_range(again, done.id, INTEREST)
    assert law.gross == apportion(INTEREST, held).gross
    vault, dollars = again.vault(), again.currency("USD")
    operator.send_one("approve", dollars.approve(vault.address, INTEREST))
    call = vault.declare(done.address, done.id, dollars.address, INTEREST, Terms())
    number = operator.send_one("declare", call).events("Declared")[0].args["id"]
    holders = sorted(law.gross)
    reported = vault.entitlements(number, holders)
    assert [entitlement.gross for entitlement in reported] == [law.gross[who] for who in holders]
    operator.send_one("claim", vault.claim([number], custodian.address))
    assert dollars.balance_of(custodian.address) == law.gross[custodian.address]


@pytest.fixture
def streaming(operator, month) -> Deployment:
    """Record range 1, over three records."""
    define_range(operator, month, 2, 4)
    return Deployment.open(operator.chain, month.folder)


def drafted(operator, deployment, **words: str):
    """What one distribution of interest, written down so, becomes."""
    said = {"currency": "USD", "amount": "31,000.000003", "kind": "interest"} | words
    draft = Draft({name: Word(text) for name, text in said.items()})
    return resolve(Drafts(drafts=[draft]), operator, deployment)


def test_a_record_range_is_declared_and_pushed_like_a_record(operator, streaming):
    """Preview, payments and account are weights times balances; again sends nothing (Law 1)."""
    [what] = drafted(operator, streaming, record_range="1", push="true")
    [preview] = preview_all(operator, streaming, [what])
    law = apportion(INTEREST, balances_at_range(streaming, 1))
    assert {line.holder: line.gross for line in preview.lines} == law.gross
    assert (preview.provisional, preview.notices, preview.gas.basis) == (False, (), "simulated")
    [done] = declare_all(operator, streaming, [what])
    report = push_all(operator, streaming, done.id)
    assert {line.holder: line.gross for line in report.of("paid")} == law.gross
    dollars = what.currency
    paid = [dollars.balance_of(who) for who in sorted(law.gross) if who != operator.address]
    assert paid == [law.gross[who] for who in sorted(law.gross) if who != operator.address]
    found = streaming.vault().distribution(done.id)
    assert (found.token, found.record_id) == (streaming.record_ranges().address, 1)
    nonce = sent(operator)
    [again] = declare_all(operator, streaming, drafted(operator, streaming, record_range="1"))
    assert (again.id, push_all(operator, streaming, again.id).lines) == (done.id, report.lines)
    assert sent(operator) == nonce


def test_a_record_range_is_no_record_of_the_same_number(operator, streaming, custodian):
    """Each is declared and carries over for itself; both are told of as unclaimed."""
    both = [drafted(operator, streaming, **{name: "1"})[0] for name in ("record_range", "record")]
    assert [d.id for d in declare_all(operator, streaming, both)] == [1, 2]
    record_range, record = read_unclaimed(streaming).distributions
    owed = [
        {line.holder: line.gross for line in of.lines}.get(custodian.address, 0)
        for of in (record_range, record)
    ]
    assert owed == [INTEREST * 100 // 50_500, 0]


def test_an_open_record_range_is_previewed_as_it_would_be_now(
    anvil, operator, streaming, custodian
):
    """A closed record counts what was held then, an open one what is held now."""
    record = schedule_record(operator, streaming, operator.chain.now() + DAY)
    define_range(operator, streaming, 4, 5, weights="equal")
    [what] = drafted(operator, streaming, record_range="2")
    [preview] = preview_all(operator, streaming, [what])
    shares = {line.holder: line.shares for line in preview.lines}
    assert (preview.provisional, shares[custodian.address]) == (True, 30 + 40)
    assert preview.notices[0].startswith("record range 2 is open until ")
    pass_time(anvil, record.closes_at + 1)
    assert balances_at_range(streaming, 2) == shares


def test_what_names_no_record_range_is_refused(operator, month):
    """Before anything is sent: none at all, an unknown one, a record beside it, a word."""
    nonce = sent(operator)
    assert refused(drafted, operator, month, record_range="1") == (
        'record-range: "1" was never defined: HARB12 has no record ranges; define one with '
        "`record-range`"
    )
    what = Declaration(1, month.currency("USD"), 1, record_range=True)
    with pytest.raises(DeploymentError, match="has no record ranges"):
        declare_all(operator, month, [what])
    assert sent(operator) == nonce
    define_range(operator, month, 2, 4)
    found, nonce = Deployment.open(operator.chain, month.folder), sent(operator)
    for words, sentence in (
        (
            {"record_range": "2"},
            (
                'record-range: "2" was never defined: there are record ranges 1 to 1; define it '
                "with `record-range`"
            ),
        ),
        (
            {"record_range": "1", "record": "4"},
            'record-range: "1" cannot be given together with a record; keep one of them',
        ),
        (
            {"record_range": "one"},
            'record-range: "one" is no record range\'s number; write 1, 2, 3',
        ),
        ({}, 'record: "" is missing; add it, or a record range'),
    ):
        assert refused(drafted, operator, found, **words) == sentence
    assert sent(operator) == nonce


def test_a_holder_claims_what_record_ranges_and_records_pay(operator, month, custodian):
    """Without naming any: everything that is due in the asset's name."""
    done = define_range(operator, month, 2, 4)
    again = Deployment.open(operator.chain, month.folder)
    assert again.paying == (again.token().address, done.address)
    assert month.paying == (again.token().address,)
    vault, ether = again.vault(), again.currency("ETH")
    for number, (token, record) in enumerate(((done.address, 1), (again.token().address, 4))):
        call = vault.declare(token, record, ether.address, 10**18, Terms())
        operator.send_one(f"declare/{number}", call)
    claimed = claim(operator, again, custodian.address)
    assert [(payout.distribution_id, payout.gross) for payout in claimed.payouts] == [
        (1, 10**18 * 100 // 50_500), (2, 10**18 * 30 // 10_100),
    ]  # fmt: skip


def test_the_most_records_are_those_that_the_contract_takes(operator, streaming):
    """One more, and it refuses the number; as many, and it goes on to what they are."""
    record_ranges = streaming.record_ranges()
    for many in (MOST_RECORDS, MOST_RECORDS + 1):
        call = record_ranges.define([1] * many, [1] * many)
        with pytest.raises(RevertError) as refusal:
            operator.chain.call(record_ranges.address, call.data, sender=operator.address)
        assert ("RecordRanges_RecordCount" in str(refusal.value)) is (many > MOST_RECORDS)


def test_record_ranges_that_make_no_sense_are_refused(
    operator, month, chain, *, custodian, tmp_path, monkeypatch
):
    nonce = sent(operator)
    assert refused(define_range, operator, month, 0, 3) == (
        'from-record: "0" was never scheduled: there are records 1 to 4; schedule it with `record`'
    )
    assert refused(define_range, operator, month, 1, 5).startswith('to-record: "5" was never')
    assert refused(define_range, operator, month, 3, 2) == (
        'to-record: "2" is before 3; name the last record'
    )
    assert refused(define_range, operator, month, 1, 2).startswith('since: "" is missing')
    with monkeypatch.context() as patched:
        patched.setattr("prorata.income.record_ranges.MAX_SUPPLY", 40_000)
        assert refused(define_range, operator, month, 2, 3) == (
            'weights: "40400" weighted shares are more than the 40000 that a vault counts; weigh '
            "by days, or all equal"
        )
        patched.setattr("prorata.income.record_ranges.MOST_RECORDS", 2)
        assert refused(define_range, operator, month, 2, 4) == (
            'to-record: "4" makes a record range of 3 records, and 2 is the most; define several '
            "record ranges"
        )
    with open_operator(chain, custodian, tmp_path / "x") as stranger:
        assert refused(define_range, stranger, month, 2, 3) == (
            f'account: "{custodian.address}" does not speak for HARB12; use an agent\'s account, '
            f"or that of the owner {operator.address}"
        )
    assert sent(operator) == nonce


def test_an_agent_or_the_owner_speaks_for_the_token(operator, chain, month, custodian, tmp_path):
    operator.send_one("agent", month.token().add_agent(custodian.address))
    operator.send_one("no agent", month.token().remove_agent(operator.address))
    assert define_range(operator, month, 1, 2, weights="equal").id == 1
    again = Deployment.open(chain, month.folder)
    with open_operator(chain, custodian, tmp_path / "agent") as agent:
        assert define_range(agent, again, 2, 3, weights="equal").id == 2


# -------------------------------------------------------------------------------------- books


def test_shares_that_the_contract_does_not_confirm_are_not_given(
    operator, chain, month, monkeypatch
):
    define_range(operator, month, 1, 2, weights="equal")
    again = Deployment.open(chain, month.folder)
    assert sum(balances_at_range(again, 1).values()) == 20_200
    monkeypatch.setattr(
        "prorata.contracts.record_ranges.RecordRanges.total_supply_at", lambda *_: 20_199
    )
    with pytest.raises(BooksError) as refusal:
        balances_at_range(again, 1)
    assert str(refusal.value) == (
        "the events give 20200 weighted shares in record range 1, and its contract says 20199; "
        "check that the node is in step with the chain"
    )


def test_the_books_of_a_record_range_balance(operator, month, custodian, table):
    """Definition, weighted balances, claims and the remainder, rebuilt from events and compared
    with every answer of the chain (Laws 1 to 6)."""
    done = define_range(operator, month, 2, 4)
    again = Deployment.open(operator.chain, month.folder)
    vault, dollars = again.vault(), again.currency("USD")
    operator.send_one("approve", dollars.approve(vault.address, INTEREST))
    call = vault.declare(done.address, done.id, dollars.address, INTEREST, Terms())
    operator.send_one("declare", call)
    declare(operator, again, record_id=4, currency=dollars, amount=5_000)
    holders = [custodian.address, *(holding.address for holding in table)]
    operator.send_one("push", vault.push(1, holders[:100]))
    first = again.manifest.first_block
    tokens = [again.token().address]
    audited = audit(operator.chain, vault.address, tokens, first, record_ranges=[done.address])
    assert audited.balanced, [str(difference) for difference in audited.books.differences]
    record_range = audited.books.distributions[1]
    assert (record_range.token, record_range.record_time) == (done.address, done.closes_at)
    assert record_range.division == preview_range(again, 1, INTEREST)
    assert len(record_range.settlements) == 100
    assert audited.answers.balances_at[done.address, 1, custodian.address] == 100
    operator.send_one("push/2", vault.push(1, [*holders[100:], operator.address]))
    audited = audit(operator.chain, vault.address, tokens, first, record_ranges=[done.address])
    assert audited.balanced
    assert audited.books.carries[done.address, dollars.address] == record_range.division.remainder


def test_a_record_range_that_is_read_otherwise_is_noticed(operator, month, monkeypatch):
    """Weights read differently from the events than the contract has them are named."""
    done = define_range(operator, month, 2, 4)
    monkeypatch.setattr(RangeRegister, "components_of", lambda *_: ((2, 1), (3, 1), (4, 1)))
    found, vault = month.manifest.first_block, month.vault().address
    tokens = [month.token().address]
    audited = audit(operator.chain, vault, tokens, found, record_ranges=[done.address])
    assert str(audited.books.differences[0]) == (
        f"token {done.address}: total supply at record 1 is 30300 by the books and 50500 by the "
        "chain"
    )


# -------------------------------------------------------------------------------------- pools


@pytest.fixture
def certificates(operator, month) -> ShareToken:
    """The custodian's own token: three of ten for one owner, seven for the other."""
    sheet = ["Certificates", "CERT", 0, operator.address, *["0x" + "0" * 40] * 2]
    sheet.append([operator.address])
    receipt = operator.send_one("certs", deploy_call(artifact("ShareToken"), sheet))
    assert receipt.contract_address
    token = ShareToken(operator.chain, receipt.contract_address)
    owners = ["0x" + digit * 40 for digit in "ab"]
    operator.send_one("certs/issue", token.batch_mint(owners, [3, 7]))
    return token


@pytest.fixture
def pooled(anvil, operator, month, certificates, *, custodian, tmp_path) -> Deployment:
    """The custodian is passed through; a fifth record is one of both tokens, a sixth is not."""
    found = add_pass_through(operator, month, custodian.address, certificates.address)
    with open_operator(operator.chain, custodian, tmp_path / "pool") as its_own:
        name_as_payee(its_own, found, custodian.address)
        nonce = sent(its_own)
        name_as_payee(its_own, found, custodian.address)
        assert sent(its_own) == nonce
    at = operator.chain.now() + 100
    operator.send_one("certs/record", certificates.schedule_record(at))
    schedule_record(operator, found, at)
    pass_time(anvil, at + 1)
    lonely = schedule_record(operator, found, operator.chain.now() + 100)
    pass_time(anvil, lonely.closes_at + 1)
    return found


def test_a_pools_income_is_passed_on(operator, pooled, certificates, custodian):
    """Everything that can be: what was claimed before too, since the operator speaks for the pool's
    token; run again, nothing is sent."""
    pool, vault = custodian.address, pooled.vault()
    dollars = pooled.currency("USD")
    for number in (1, 2):
        declare(
            operator, pooled, record_id=5, currency=dollars, amount=INTEREST,
            terms=Terms(document_hash=bytes([number]) * 32),
        )  # fmt: skip
    declare(operator, pooled, record_id=6, currency=dollars, amount=INTEREST)
    operator.send_one("claim", vault.claim([2], pool))
    income = INTEREST * 40 // 10_100
    done = forward(operator, pooled, pool)
    assert [(p.id, p.distribution_id, p.amount) for p in done.forwarded] == [
        (1, 4, income), (2, 5, income),
    ]  # fmt: skip
    assert done.refused == {
        3: "the pool's token has no record at its second; return it to the pool"
    }
    for owner, certs in zip("ab", (3, 7), strict=True):
        address = "0x" + owner * 40
        assert vault.entitlement(4, address).gross == income * certs // 10
    assert vault.distribution(4).token == certificates.address
    assert dollars.balance_of(pass_through(pooled, pool).address) == 0
    nonce = sent(operator)
    again = forward(operator, pooled, pool, [1, 2])
    assert (again.forwarded, sent(operator)) == ((), nonce)
    assert again.refused == dict.fromkeys((1, 2), "nothing of it is due to the pool now")
    back = forward(operator, pooled, pool, give_back=True)
    assert [(r.id, r.amount) for r in back.returned] == [(3, INTEREST * 40 // 10_100)]
    assert dollars.balance_of(pool) == INTEREST * 40 // 10_100


def test_income_goes_back_where_nobody_held_the_pools_token(
    anvil, operator, pooled, certificates, custodian
):
    """All its owners had given their certificates up."""
    pool, owners = custodian.address, ["0x" + digit * 40 for digit in "ab"]
    for owner, certs in zip(owners, (3, 7), strict=True):
        operator.send_one(f"certs/burn/{owner}", certificates.burn(owner, certs))
    at = operator.chain.now() + 100
    operator.send_one("certs/record/2", certificates.schedule_record(at))
    record = schedule_record(operator, pooled, at)
    pass_time(anvil, at + 1)
    dollars = pooled.currency("USD")
    declare(operator, pooled, record_id=record.id, currency=dollars, amount=INTEREST)
    assert forward(operator, pooled, pool).refused == {
        1: "nobody held the pool's token at its second; return it to the pool"
    }
    back = forward(operator, pooled, pool, give_back=True)
    assert [(r.id, r.amount) for r in back.returned] == [(1, INTEREST * 40 // 10_100)]
    assert dollars.balance_of(pool) == INTEREST * 40 // 10_100


def test_income_of_a_record_range_goes_back_where_the_pool_has_none(operator, pooled, custodian):
    """Though the pool's token has a record at each of its seconds."""
    record_range = define_range(operator, pooled, 5, 5, weights="equal")
    found = Deployment.open(operator.chain, pooled.folder)
    vault, dollars, pool = found.vault(), found.currency("USD"), custodian.address
    operator.send_one("approve", dollars.approve(vault.address, INTEREST))
    call = vault.declare(record_range.address, record_range.id, dollars.address, INTEREST, Terms())
    operator.send_one("declare", call)
    assert forward(operator, found, pool).refused == {
        1: "the pool's token has no record at its second; return it to the pool"
    }
    back = forward(operator, found, pool, give_back=True)
    assert [(r.id, r.amount) for r in back.returned] == [(1, INTEREST * 40 // 10_100)]


def test_a_stranger_leaves_what_was_claimed_before(anvil, operator, pooled, custodian, tmp_path):
    """It is told why, and the rest is forwarded."""
    pool, vault = custodian.address, pooled.vault()
    ether = pooled.currency("ETH")
    for number in (1, 2):
        terms = Terms(document_hash=bytes([number]) * 32)
        declare(operator, pooled, record_id=5, currency=ether, amount=10**18, terms=terms)
    operator.send_one("push", vault.push(1, [pool]))
    key = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"
    stranger = LocalSigner(Account.from_key(key))
    with open_operator(RpcChain(anvil.url), stranger, tmp_path / "stranger") as its_own:
        done = forward(its_own, pooled, pool)
    assert [forwarded.id for forwarded in done.forwarded] == [2]
    assert done.refused[1].startswith("the contract refused: PassThrough_PaidBefore(id=1, caller=")
    assert DividendVault(operator.chain, vault.address).distribution(3).amount == (
        10**18 * 40 // 10_100
    )


def test_a_pool_that_nobody_acts_for_is_refused(operator, month, artifacts):
    """A wrapper whose token has no owner: a stranger's claim would lock its income."""
    address = operator.send_one(
        "token", Call(None, artifacts["SpokenToken"].bytecode)
    ).contract_address
    selector = keccak(text="recordCount()")[:4]
    data = keccak(text="setWord(bytes4,uint256)")[:4] + encode(["bytes4", "uint256"], [selector, 1])
    operator.send_one("count", Call(address, data))
    assert refused(add_pass_through, operator, month, month.vault().address, address) == (
        f'pool: "{month.vault().address}" is a contract, and its token {address} has no owner and '
        "knows no agents, so that nobody could forward what a stranger claims for it; give its "
        "token an owner, or let an account with a key be the pool"
    )


def test_what_is_no_pool_is_refused(operator, month, custodian, certificates):
    with pytest.raises(DeploymentError, match="has no pass-through here"):
        pass_through(month, custodian.address)
    assert refused(add_pass_through, operator, month, custodian.address, operator.address) == (
        f'token: "{operator.address}" does not tell its record dates; give the pool\'s own share '
        "token"
    )
    found = add_pass_through(operator, month, custodian.address, certificates.address)
    assert refused(name_as_payee, operator, found, custodian.address) == (
        f'account: "{operator.address}" is not the pool {custodian.address}; use the pool\'s own '
        "account"
    )
    assert refused(forward, operator, found, custodian.address, [7]) == (
        'id: "7" was never declared; give 1 to 0'
    )
    other = month.token().address
    with pytest.raises(DeploymentError, match="holds a PassThrough that was deployed with"):
        add_pass_through(operator, found, custodian.address, other)


# ------------------------------------------------------------------------- counted in pages


@pytest.fixture
def ahead(anvil, operator, found, table) -> tuple[Deployment, tuple[str, ...]]:
    """A range over a closed record and an open one, declared with ten accounts left out, closed."""
    start = operator.chain.now() // DAY * DAY + 5 * DAY
    for day in (0, 1):
        schedule_record(operator, found, start + day * DAY)
    pass_time(anvil, start + 1)
    define_range(operator, found, 1, 2, weights="equal")
    found = Deployment.open(operator.chain, found.folder)
    outside = tuple(sorted(table.balances)[:10])
    what = Declaration(
        1, found.currency("USD"), INTEREST, Terms(excluded=outside), record_range=True
    )
    [preview] = preview_all(operator, found, [what])
    assert any("up to 3 transactions more" in notice for notice in preview.notices)
    declare_all(operator, found, [what])
    pass_time(anvil, start + DAY + 1)
    return found, outside


@pytest.mark.parametrize("too_much", [True, False])
def test_excluded_accounts_are_counted_before_the_first_payment(
    operator, ahead, table, monkeypatch, too_much
):
    """In pages where it is too much for a payment; the division is the same (Law 38)."""
    found, outside = ahead
    monkeypatch.setattr(denominators, "_LITTLE", 1 if too_much else 3_000_000)
    vault = found.vault()
    assert vault.distribution(1).eligible_supply == 0
    holder = next(who for who in sorted(table.balances) if who not in outside)
    claim(operator, found, holder, [1])
    assert vault.accounts_left(1) == 0
    eligible = sum(2 * n for who, n in table.balances.items() if who not in outside)
    assert vault.distribution(1).eligible_supply == eligible + 200
    nonce = sent(operator)
    assert denominators.count_shares(operator, found, vault.distribution(1)) == ()
    assert sent(operator) == nonce


def test_counting_goes_on_where_it_stopped(operator, ahead, monkeypatch):
    """A page that somebody else sent, or an earlier run, is not sent again (Law 20)."""
    found, _ = ahead
    monkeypatch.setattr(denominators, "_LITTLE", 1)
    vault = found.vault()
    operator.send_one("somebody", vault.fix_eligible(1, 3))
    assert vault.accounts_left(1) == 7
    receipts = denominators.count_shares(operator, found, vault.distribution(1))
    assert [receipt.key for receipt in receipts] == ["count/1/7", "count/1/3"]
    assert vault.distribution(1).eligible_supply

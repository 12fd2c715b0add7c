"""The peers, each driven through the same story with fixed inputs; what one cannot do is left out.

Everything is measured in the state that lasts: not the first holder, transfer or claim ever, but a
later one, in a block of its own. Holders have no zero bytes in their addresses and amounts are
alike, so that calldata costs the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.bench.fixture import AMOUNT, SYMBOL, BenchFixture, Gas
from tests.bench.trex import trex
from tests.chainkit import Deployed
from tests.gas.field import BATCH, HOLDER, NAME, permit
from tests.gas.story import QUARTER, fresh, person


@dataclass(frozen=True)
class Peer:
    """Somebody else's way."""

    key: str
    title: str
    package: str
    measure: Callable[[BenchFixture], Gas]
    what: str
    """What it is, and what is to be known of its figures."""
    promises: str
    """What of a record date, exactness and identity it offers; for the page's table."""


# ------------------------------------------------------------------------------------------ tokens


def _token(fixture: BenchFixture, token: Deployed) -> Gas:
    """What every ERC-20 can do."""
    ann, ben, cid, *_ = fixture.people
    gas = {"deploy": token.receipt.gas, "deploy more": token.receipt.gas}
    first, second = fixture.people[:BATCH], fixture.people[BATCH:]
    fixture.send(token, "issue", first, [1_000 + i for i in range(BATCH)])
    issued = fixture.send(token, "issue", second, [1_000 + i for i in range(BATCH)])
    gas["issue"] = issued // BATCH
    gas["transfer"] = fixture.send(token, "transfer", ben, 5, sender=ann)
    gas["transfer fresh"] = fixture.send(token, "transfer", person(1_000), 5, sender=ann)
    fixture.send(token, "approve", cid, 1_000, sender=ann)
    gas["transferFrom"] = fixture.send(token, "transferFrom", ann, ben, 5, sender=cid)
    fixture.send(token, "issue", [HOLDER.address], [1_000])
    for nonce in (0, 1):
        arguments = permit(token, NAME, nonce, person(3_000 + nonce))
        gas["permit"] = fixture.send(token, "permit", *arguments)
    return gas


def openzeppelin(fixture: BenchFixture) -> Gas:
    """OpenZeppelin's ERC20."""
    return _token(fixture, fixture.deploy("OpenZeppelinToken", NAME, SYMBOL))


def solady(fixture: BenchFixture) -> Gas:
    """Solady's ERC20."""
    return _token(fixture, fixture.deploy("SoladyToken"))


def solmate(fixture: BenchFixture) -> Gas:
    """solmate's ERC20."""
    return _token(fixture, fixture.deploy("SolmateToken", NAME, SYMBOL))


def votes(fixture: BenchFixture) -> Gas:
    """OpenZeppelin's ERC20Votes, whose holders have delegated to themselves: else no balance of
    theirs is kept.
    """
    token = fixture.deploy("VotesToken", NAME, SYMBOL)
    for who in (*fixture.people[:3], person(1_000), HOLDER.address):
        enrolled = fixture.send(token, "delegate", who, sender=who)
    gas = _token(fixture, token) | {"register": enrolled}
    ann, ben, *_ = fixture.people
    gas["transfer record"] = fixture.send(token, "transfer", ben, 5, sender=ann)
    fixture.send(token, "issue", [ann], [10_000])
    middle = 0
    for number in range(1_000):
        fixture.tick()
        token.send("transfer", ben, 1, sender=ann)
        middle = fixture.clock if number == 500 else middle
    gas["ask"] = fixture.send(token, "getPastVotes", ann, middle)
    return gas


# ------------------------------------------------------------------------------------------ income


def erc4626(fixture: BenchFixture) -> Gas:
    """OpenZeppelin's ERC4626: what is sent to the vault makes each share worth more."""
    vault = fixture.deploy("IncomeVault", fixture.dollar.address, NAME, SYMBOL)
    ann, ben, cid, *_ = fixture.people
    gas = {"deploy": vault.receipt.gas, "deploy more": vault.receipt.gas}
    fixture.send(fixture.dollar, "approve", vault.address, 2**255)
    for who in fixture.people[:5]:
        gas["issue"] = fixture.send(vault, "deposit", 10**9, who)
    gas["transfer"] = fixture.send(vault, "transfer", ben, 5, sender=ann)
    gas["transfer fresh"] = fixture.send(vault, "transfer", person(1_000), 5, sender=ann)
    fixture.send(vault, "approve", cid, 1_000, sender=ann)
    gas["transferFrom"] = fixture.send(vault, "transferFrom", ann, ben, 5, sender=cid)
    for _ in range(2):
        gas["declare"] = fixture.send(fixture.dollar, "transfer", vault.address, AMOUNT)
        gas["claim 1"] = fixture.send(vault, "withdraw", 10**6, ann, ann, sender=ann)
    for _ in range(12):
        fixture.send(fixture.dollar, "transfer", vault.address, AMOUNT)
    gas["claim 12"] = fixture.send(vault, "withdraw", 10**6, ann, ann, sender=ann)
    for _ in range(100):
        fixture.send(fixture.dollar, "transfer", vault.address, AMOUNT)
    gas["claim 100"] = fixture.send(vault, "withdraw", 10**6, ann, ann, sender=ann)
    return gas


def staking(fixture: BenchFixture) -> Gas:
    """Synthetix's StakingRewards over OpenZeppelin's ERC20: who stakes is paid over a week."""
    token = fixture.deploy("OpenZeppelinToken", NAME, SYMBOL)
    fixture.tick()
    pool = fixture.kit.deploy(
        "StakingRewards", fixture.issuer, fixture.issuer, fixture.dollar.address, token.address
    )
    gas = {"deploy": token.receipt.gas + pool.receipt.gas}
    gas["deploy more"] = gas["deploy"]
    holders = fixture.people[:4]
    fixture.send(token, "issue", holders, [10**6] * len(holders))
    for who in holders:
        fixture.send(token, "approve", pool.address, 2**255, sender=who)
        gas["register"] = fixture.send(pool, "stake", 1_000, sender=who)
    ann, *_ = holders

    def declare(times: int) -> int:
        spent = 0
        for _ in range(times):
            sent = fixture.send(fixture.dollar, "transfer", pool.address, AMOUNT)
            spent = sent + fixture.send(pool, "notifyRewardAmount", AMOUNT)
            fixture.tick(QUARTER)
            fixture.kit.rpc("evm_mine")
        return spent

    for count, key in ((1, "first"), (1, "claim 1"), (12, "claim 12"), (100, "claim 100")):
        gas["declare"] = declare(count)
        gas[key] = fixture.send(pool, "getReward", sender=ann)
    del gas["first"]
    return gas


def splitter(fixture: BenchFixture) -> Gas:
    """OpenZeppelin's PaymentSplitter of 100 payees fixed for ever."""
    payees = fixture.people[:BATCH]
    shares = [1_000 + i for i in range(BATCH)]
    pool = fixture.deploy("PaymentSplitter", payees, shares)
    gas = {"deploy": pool.receipt.gas, "deploy more": pool.receipt.gas}
    ann, ben, *_ = payees

    def claim(times: int) -> int:
        for _ in range(times):
            gas["declare"] = fixture.send(fixture.dollar, "transfer", pool.address, AMOUNT)
        return fixture.send(pool, "release", fixture.dollar.address, ann)

    for _ in range(2):
        gas["claim 1"] = claim(1)
        fixture.send(pool, "release", fixture.dollar.address, ben)
    gas["push"] = gas["claim 1"]
    gas["claim 12"] = claim(12)
    gas["claim 100"] = claim(100)
    return gas


# ------------------------------------------------------------------------------------ all of them

PEERS = (
    Peer(
        "openzeppelin", "OpenZeppelin ERC20", "@openzeppelin/contracts", openzeppelin,
        "with permits, an owner and a loop to issue by; what most tokens are",
        "no income, no record date, no identity",
    ),
    Peer(
        "solady", "Solady ERC20", "solady", solady,
        "the leanest ERC-20 in use, with an owner and a loop to issue by",
        "no income, no record date, no identity",
    ),
    Peer(
        "solmate", "solmate ERC20", "solmate", solmate,
        "with an owner and a loop to issue by",
        "no income, no record date, no identity",
    ),
    Peer(
        "votes", "OpenZeppelin ERC20Votes", "@openzeppelin/contracts", votes,
        "by time; its holders have delegated to themselves (shown as registering), since only then "
        "is their balance at a past time kept, with a checkpoint for every transfer",
        "balances at any past time, of holders who delegated; no income, no identity",
    ),
    Peer(
        "erc4626", "OpenZeppelin ERC4626", "@openzeppelin/contracts", erc4626,
        "a vault over the dollar itself: income is sent to it and raises the price of a share, and "
        "who withdraws gives up shares, so that a claim of twelve is one withdrawal; issuing is a "
        "deposit of dollars, one by one",
        "income belongs to whoever holds when withdrawing; no record date; no identity",
    ),
    Peer(
        "staking", "Synthetix StakingRewards", "synthetix", staking,
        "with OpenZeppelin's ERC20; who stakes (shown as registering; shares staked cannot be "
        "transferred) is paid second by second over a week; declaring is two transactions, and one "
        "claim takes all there is",
        "income for who stays staked; rounds to nothing below a rate of one unit a second; no "
        "record date; no identity",
    ),
    Peer(
        "splitter", "OpenZeppelin PaymentSplitter", "@openzeppelin/contracts-v4", splitter,
        "100 payees fixed at deployment, whose parts cannot be transferred; one release takes all "
        "there is, and anybody may ask for it",
        "exact for payees fixed for ever; no shares, no record date, no identity",
    ),
    Peer(
        "trex", "T-REX (ERC-3643)", "@tokenysolutions/t-rex", trex,
        "the reference suite with an ONCHAINID and one claim per investor, its proxies and its "
        "factory; registering is three transactions (identity, claim, registry), recovering two; "
        "every transfer checks the identity, those by a spender and in batches (of 50) too",
        "identity on chain; no record date, no income",
    ),
)  # fmt: skip


def measure_all(
    artifacts: Mapping[str, Artifact], anvil: Anvil, tell: Callable[[str], None]
) -> dict[str, Gas]:
    """The gas of every operation that each peer can do, each peer on a chain put back after."""
    found: dict[str, Gas] = {}
    for peer in PEERS:
        tell(f"measuring {peer.title}")
        with fresh(artifacts, anvil) as kit:
            found[peer.key] = peer.measure(BenchFixture(kit))
    return found

"""The same calls to our code and to others': OpenZeppelin's, Solady's, and the plainest possible.

Where the answers may differ is listed; anywhere else a difference is a fault of one of them.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from eth_account import Account

from tests.chainkit import ZERO, Codec, Deployed, Receipt, Reverted, RevmKit

pytestmark = pytest.mark.slow

MAX = 2**256 - 1
CALLS = 2_000
KEYS = [Account.from_key(bytes([index]) * 32) for index in (1, 2, 3)]

SAME_SAYING = {
    # Solady's words for what ERC-6093 says.
    "InsufficientBalance": "ERC20InsufficientBalance",
    "InsufficientAllowance": "ERC20InsufficientAllowance",
    "PermitExpired": "ERC2612ExpiredSignature",
    "InvalidPermit": "ERC2612InvalidSigner",
}
"""Solady's errors have no arguments: names are compared, arguments with OpenZeppelin's only."""

OURS_ALONE = {
    "a transfer to the token itself is refused",
    "a supply of 2^96 units or more is refused",
    "of nobody's shares the sender is refused before the allowance",
    "ERC2612InvalidSigner names the owner only: who signed instead cannot be known of a wallet",
}
"""What is meant to differ; the calls below leave it out."""

SOLADYS_ALONE = {
    "anything can be sent to the zero address, and approved for it",
}


@pytest.fixture(scope="module")
def codec(artifacts) -> Codec:
    """What encodes and decodes, made once."""
    return Codec(artifacts)


@pytest.fixture
def kit(codec) -> RevmKit:
    """A new chain."""
    return RevmKit(codec)


def share_token(kit: RevmKit, owner: str, name: str = "Peer") -> Deployed:
    """An open token, its owner an agent."""
    return kit.deploy("ShareToken", (name, "PEER", 18, owner, ZERO, ZERO, [owner]))


def outcome(token: Deployed, sender: str, function: str, *args: Any) -> tuple[Any, ...]:
    """What came of a call: its events, or the error and its arguments."""
    try:
        receipt: Receipt = token.send(function, *args, sender=sender)
    except Reverted as reverted:
        return (SAME_SAYING.get(reverted.name, reverted.name), reverted.values)
    # Names of arguments are each author's own.
    return ("done", tuple((name, tuple(args.values())) for name, args in receipt.events))


@pytest.mark.parametrize("seed", range(3))
def test_the_token_behaves_as_openzeppelins_and_soladys(kit, seed):
    """Balances, allowances, events and refusals of thousands of calls, one by one."""
    dice, owner = random.Random(seed), kit.accounts[0]
    people = kit.accounts[1:5]
    ours, theirs, solady = (
        share_token(kit, owner), kit.deploy("OpenZeppelinPeer", "Peer"), kit.deploy("SoladyPeer"),
    )  # fmt: skip
    refusals = 0
    for step in range(CALLS):
        sender, giver, taker = (dice.choice(people) for _ in range(3))
        held = theirs.call("balanceOf", giver)
        allowed = theirs.call("allowance", giver, sender)
        edges = [0, 1, held, held // 2, held + 1, allowed, min(allowed + 1, MAX), MAX]
        amount = dice.choice([*edges, dice.randrange(10**18)])
        call: tuple[Any, ...] = dice.choice(
            [
                ("transfer", taker, amount),
                ("transferFrom", giver, taker, amount),
                ("approve", taker, amount),
                ("mint", taker, amount % 2**80),
                ("burn", giver, amount),
            ]
        )
        sender = owner if call[0] in {"mint", "burn"} else sender
        came = outcome(ours, sender, *call)
        assert came == outcome(theirs, sender, *call), call
        assert _bare(came) == _bare(outcome(solady, sender, *call)), call
        refusals += came[0] != "done"
        if step % 50 == 0:
            assert _books(ours, people) == _books(theirs, people) == _books(solady, people)
    assert CALLS // 10 < refusals < CALLS // 2


def _bare(came: tuple[Any, ...]) -> tuple[Any, ...]:
    return (came[0], came[1] if came[0] == "done" else ())


def _books(token: Deployed, people: list[str]) -> list[int]:
    balances = [token.call("balanceOf", who) for who in people]
    allowances = [token.call("allowance", a, b) for a in people[:2] for b in people[:2]]
    return [token.call("totalSupply"), *balances, *allowances]


def test_nobody_is_refused_by_the_same_words_as_openzeppelins(kit):
    """The zero address neither receives nor spends, nor has shares destroyed."""
    ours, theirs = share_token(kit, kit.accounts[0]), kit.deploy("OpenZeppelinPeer", "Peer")
    holder = kit.accounts[1]
    for token in (ours, theirs):
        token.send("mint", holder, 5)
    for call in (("transfer", ZERO, 5), ("transfer", ZERO, 0), ("approve", ZERO, 5)):
        assert outcome(ours, holder, *call) == outcome(theirs, holder, *call)
    owner = kit.accounts[0]
    assert outcome(ours, owner, "mint", ZERO, 1) == outcome(theirs, owner, "mint", ZERO, 1)


@pytest.mark.parametrize("seed", range(2))
def test_permits_behave_as_openzeppelins_and_soladys(kit, seed):
    """Good ones, old ones, repeated ones, for other words, by other keys."""
    dice = random.Random(seed)
    tokens = (
        share_token(kit, kit.accounts[0]), kit.deploy("OpenZeppelinPeer", "Peer"),
        kit.deploy("SoladyPeer"),
    )  # fmt: skip
    ends = set()
    for _ in range(40):
        owner, signer = dice.choice(KEYS), None
        signer = dice.choice([owner, owner, dice.choice(KEYS)])
        spender, value = dice.choice(kit.accounts), dice.choice([0, 1, MAX])
        deadline = kit.now + dice.choice([-1, 0, 1, 10**6])
        nonce = tokens[1].call("nonces", owner.address) + dice.choice([0, 0, 0, 1])
        shown = value if dice.random() < 0.9 else value ^ 1
        came = []
        for token in tokens:
            v, r, s = _sign(token, signer, owner.address, spender, value, nonce, deadline)
            call = (owner.address, spender, shown, deadline, v, r, s)
            came.append(outcome(token, kit.accounts[0], "permit", *call))
        assert len({name for name, _ in came}) == 1, came
        if came[0][0] != "ERC2612InvalidSigner":
            assert came[0] == came[1]
        if came[0][0] == "done":
            assert came[0] == came[2]
        ends.add(came[0][0])
        assert len({token.call("allowance", owner.address, spender) for token in tokens}) == 1
        assert len({token.call("nonces", owner.address) for token in tokens}) == 1
    assert ends == {"done", "ERC2612ExpiredSignature", "ERC2612InvalidSigner"}


def _sign(token: Deployed, key: Any, *fields: Any) -> tuple[int, bytes, bytes]:
    names = ("owner", "spender", "value", "nonce", "deadline")
    kinds = ("address", "address", "uint256", "uint256", "uint256")
    domain = {
        "name": "Peer", "version": "1", "chainId": 1, "verifyingContract": token.address,
    }  # fmt: skip
    types = {"Permit": [{"name": n, "type": k} for n, k in zip(names, kinds, strict=True)]}
    signed = key.sign_typed_data(domain, types, dict(zip(names, fields, strict=True)))
    return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


# --------------------------------------------------------------------------- divisions


def boundaries(bits: int) -> list[int]:
    """Where a number of so many bits is likely to go wrong."""
    powers = [2**power for power in (64, 95, 96, 127, 128, 160, 255) if power < bits]
    around = [power + by for power in powers for by in (-1, 0, 1)]
    return [number for number in (0, 1, 2, 3, *around, 2**bits - 1) if number < 2**bits]


def test_the_portion_is_what_openzeppelin_and_solady_compute(kit):
    """`floor(a * b / c)` of any three numbers: the same number, or nobody has one."""
    dice, divisions = random.Random(1), kit.deploy("Divisions")
    edges = boundaries(256)
    for _ in range(2_500):
        a, b, c = (
            dice.choice([dice.choice(edges), dice.randrange(2 ** dice.randrange(1, 257))])
            for _ in range(3)
        )
        answers = set()
        for author in ("ours", "openZeppelin", "solady"):
            try:
                answers.add(divisions.call(author, a, b, c))
            except Reverted:
                answers.add(None)
        fits = c != 0 and a * b // c <= MAX
        assert answers == {a * b // c if fits else None}, (a, b, c)


def test_settling_is_the_portion_and_its_loss(kit):
    """Law 1, wherever the lane is; the loss makes the difference to the portion of all settled."""
    dice, divisions = random.Random(2), kit.deploy("Divisions")
    for _ in range(2_500):
        eligible = dice.choice([*boundaries(96)[1:], dice.randrange(1, 2 ** dice.randrange(1, 97))])
        amount = dice.choice([*boundaries(160), dice.randrange(2**160)])
        shares = dice.choice([1, eligible, dice.randrange(1, eligible + 1)])
        settled = dice.choice([0, eligible - shares, dice.randrange(eligible - shares + 1)])
        width = eligible.bit_length() + min(eligible.bit_length(), 32)
        shift = dice.choice([0, 256 - width, dice.randrange(256 - width + 1)])
        gross, lost, after = divisions.call("settling", amount, shares, eligible, settled, shift)
        assert gross == divisions.call("openZeppelin", amount, shares, eligible)
        assert after == settled + shares
        before = divisions.call("solady", amount, settled, eligible)
        assert divisions.call("solady", amount, after, eligible) == before + gross + lost


# ------------------------------------------------------------------------------ ledger


@pytest.mark.parametrize("seed", range(4))
def test_the_packed_ledger_is_the_plain_one(kit, seed):
    """Laws 5, 6 and 7: every balance at every record, whatever happened before and after."""
    dice, agent, people = random.Random(seed), kit.accounts[0], kit.accounts[1:7]
    ours, plain = share_token(kit, agent), kit.deploy("PlainLedger", people)
    for step in range(400):
        kit.now += dice.choice([0, 0, 0, 1, 1, 2, 50])
        giver, taker = dice.choice(people), dice.choice(people)
        held = ours.call("balanceOf", giver)
        amount = dice.choice([0, 1, held, held // 3, held + 1, dice.randrange(10**6)])
        function, sender, args = dice.choice(
            [
                ("transfer", giver, (taker, amount)),
                ("transfer", giver, (taker, amount)),
                ("mint", agent, (taker, dice.randrange(10**9))),
                ("burn", agent, (giver, amount)),
                ("forcedTransfer", agent, (giver, taker, amount)),
                ("scheduleRecord", agent, (kit.now + dice.choice([-1, 0, 1, 3, 40]),)),
            ]
        )
        came = [outcome(token, sender, function, *args)[0] == "done" for token in (ours, plain)]
        assert came[0] == came[1], (step, function, args)
        if step % 40 == 39:
            _compare(ours, plain, people)
    kit.now += 100
    _compare(ours, plain, people)
    assert ours.call("recordCount") > 20


def _compare(ours: Deployed, plain: Deployed, people: list[str]) -> None:
    assert ours.call("totalSupply") == plain.call("totalSupply")
    for who in people:
        assert ours.call("balanceOf", who) == plain.call("balanceOf", who)
    for record in range(ours.call("recordCount") + 2):
        calls = [("totalSupplyAt", record), *(("balanceOfAt", who, record) for who in people)]
        for function, *args in calls:
            assert _read(ours, function, *args) == _read(plain, function, *args), (function, args)


def _read(token: Deployed, function: str, *args: Any) -> int | None:
    try:
        return int(token.call(function, *args))
    except Reverted:
        return None

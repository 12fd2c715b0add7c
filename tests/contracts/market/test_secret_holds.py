"""Shares that are locked in their holder's wallet until a secret is shown, or until a time."""

from __future__ import annotations

from contextlib import suppress

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.chainkit import ZERO, Reverted
from tests.contracts.compliant import Compliant, investor
from tests.contracts.harness import DAY, Harness, person, refused
from tests.contracts.market.holding import LONGEST_HOLD, ORDER, SECRET, Holding, State, lock_of


@pytest.fixture
def holding(kit) -> Holding:
    """An open token; Ann has 100 shares, Cid 5."""
    harness = Harness(kit)
    harness.issue({harness.ann: 100, harness.cid: 5})
    return Holding(harness)


@pytest.fixture
def ruled(kit) -> Holding:
    """A token under rules, whose registry knows everybody; Ann has 100 shares."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100})
    return Holding(harness)


# ------------------------------------------------------------------------- examples


def test_shares_are_held_and_claimed_with_the_secret(holding):
    """They stay in the wallet, cannot be given, and go to the receiver only (Law 43)."""
    ann, ben = holding.ann, holding.ben
    terms = holding.terms()
    held = holding.opening(terms)
    token, number = terms.asset, holding.id(terms)
    told = {"id": number, "asset": token, "owner": ann, "inCustody": False}
    assert held.events == (
        ("Held", {**told, "terms": terms.written}),
        ("HeldSet", {"account": ann, "held": 60}),
    )
    assert holding.state(terms) == State.OPEN
    assert holding.shares(ann, ben) == [(100, 60), (0, 0)]
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 41, 40):
        holding.harness.move(ann, ben, 41)
    told = {"id": number, "asset": token, "from": ann, "to": ben, "amount": 60}
    assert holding.claim(terms).events == (
        ("Claimed", {"id": number, "secret": SECRET}),
        ("Delivered", told),
        ("HeldSet", {"account": ann, "held": 0}),
        ("Transfer", {"from": ann, "to": ben, "value": 60}),
    )
    assert holding.state(terms) == State.DELIVERED
    assert holding.shares(ann, ben) == [(40, 0), (60, 0)]


def test_who_claims_learns_whether_the_shares_have_arrived(holding):
    """Yes, and no while transfers are stopped."""
    terms = holding.open()
    assert holding.holds.call("claim", terms.told, SECRET) is True
    holding.order("pause")
    assert holding.holds.call("claim", terms.told, SECRET) is False


def test_nobody_claims_and_the_owner_has_them_back(holding):
    """After the last second, and not in it."""
    terms = holding.open()
    holding.kit.now = terms.until
    with refused("Holds_TooEarly", terms.until, terms.until):
        holding.release(terms)
    holding.kit.now += 1
    with refused("Holds_TooLate", terms.until, terms.until + 1):
        holding.claim(terms)
    asset = {"asset": terms.asset, "to": holding.ann, "amount": 60}
    assert holding.release(terms).events == (
        ("Released", {"id": holding.id(terms), **asset}),
        ("HeldSet", {"account": holding.ann, "held": 0}),
    )
    assert holding.state(terms) == State.RELEASED
    holding.harness.move(holding.ann, holding.ben, 100)


def test_the_receiver_can_let_go_at_any_time(holding):
    """Of what is open, in time and late, and of what it has claimed: it goes to the owner."""
    early, late = holding.open(amount=10), holding.open(amount=11, nonce=1)
    claimed = holding.claimed(amount=12, nonce=2)
    holding.release(early, sender=holding.ben)
    holding.kit.now += 2 * DAY
    for terms in (late, claimed):
        holding.release(terms, sender=holding.ben)
    assert holding.shares(holding.ann, holding.ben) == [(100, 0), (0, 0)]


def test_an_id_is_the_hash_of_the_terms_the_chain_and_the_contract(holding):
    """So equal terms are another hold elsewhere; `hold` returns it."""
    terms = holding.terms()
    fields = "(address,address,address,uint256,bytes32,uint48,uint256)"
    value = (1, holding.holds.address, terms.told)
    expected = keccak(encode(["uint256", "address", fields], value))
    assert holding.id(terms) == expected
    assert holding.holds.call("hold", terms.told, sender=holding.ann) == expected
    others = (
        terms.but(asset=person(1)), terms.but(owner=person(1)), terms.but(to=person(1)),
        terms.but(amount=61), terms.but(lock=ORDER), terms.but(until=terms.until + 1),
        terms.but(nonce=1),
    )  # fmt: skip
    assert len({holding.id(each) for each in (terms, *others)}) == 8


# --------------------------------------------------------------- what is no hold at all


def test_only_the_owner_opens_a_hold(holding):
    """Not the receiver, and no stranger (Law 43)."""
    terms = holding.terms()
    for caller in (holding.ben, holding.harness.stranger, holding.harness.owner):
        with refused("Holds_NotOwner", caller, holding.ann):
            holding.opening(terms, sender=caller)


@pytest.mark.parametrize("whom", ["nobody", "owner", "holds", "token"])
def test_a_receiver_that_cannot_be_meant_is_refused(holding, whom):
    """Nobody, the owner itself, the contract that holds, the token."""
    named = {
        "nobody": ZERO,
        "owner": holding.ann,
        "holds": holding.holds.address,
        "token": holding.token.address,
    }
    with refused("Holds_Malformed", named[whom], 60):
        holding.open(to=named[whom])


def test_nothing_cannot_be_held(holding):
    """No hold of zero shares."""
    with refused("Holds_Malformed", holding.ben, 0):
        holding.open(amount=0)


def test_the_last_second_lies_ahead_and_not_too_far(holding):
    """This second and 400 days ahead are allowed; a time in milliseconds is not."""
    now = holding.kit.now
    limit = now + LONGEST_HOLD
    with refused("Holds_Past", now - 1, now):
        holding.open(until=now - 1)
    for until in (limit + 1, now * 1_000):
        with refused("Holds_TooFar", until, limit):
            holding.open(until=until)
    for until in (now, limit):
        holding.open(until=until, amount=1)


def test_terms_are_used_once(holding):
    """Whatever came of them; with another nonce they are another hold (Law 46)."""
    ends = {
        1: holding.claim,
        2: lambda terms: holding.release(terms, sender=holding.ben),
        3: holding.void,
        4: lambda terms: None,
    }
    for nonce, end in ends.items():
        terms = holding.open(nonce=nonce, amount=10)
        end(terms)
        with refused("Holds_Known", holding.id(terms)):
            holding.opening(terms)


def test_no_more_is_held_than_is_free(holding):
    """Neither what is held already nor what an order has frozen; nothing of a frozen wallet."""
    holding.order("setFrozenTokens", holding.ann, 30)
    holding.open(amount=50)
    with refused("ERC7943InsufficientUnfrozenBalance", holding.ann, 21, 20):
        holding.open(amount=21, nonce=1)
    holding.order("setAddressFrozen", holding.ann, True)
    with refused("ERC7943CannotSend", holding.ann):
        holding.open(amount=1, nonce=2)


# -------------------------------------------------------------------------- the secret


@pytest.mark.attack("J8")
def test_an_allowance_commits_to_nothing_and_a_hold_does(holding):
    """Who has promised shares by an allowance gives them to somebody else; held ones cannot be
    (Law 43)."""
    ann, ben, cid = holding.ann, holding.ben, holding.harness.cid
    holding.token.send("approve", holding.harness.stranger, 100, sender=ann)
    holding.harness.move(ann, cid, 40)
    with refused("ERC20InsufficientBalance", ann, 60, 100):
        holding.token.send("transferFrom", ann, ben, 100, sender=holding.harness.stranger)
    terms = holding.open(amount=60)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 60, 0):
        holding.harness.move(ann, cid, 60)
    holding.claim(terms)
    assert holding.token.call("balanceOf", ben) == 60


@pytest.mark.attack("J9")
@pytest.mark.parametrize(
    "preimage",
    [SECRET[:31], SECRET + b"\0", SECRET * 2, b""],
    ids=["shorter", "a byte more", "two words", "nothing"],
)
def test_a_secret_of_another_length_opens_nothing_here(holding, preimage):
    """A lock whose preimage is not 32 bytes opens with no word: the other chain's side must take
    32 bytes only, too (Law 46)."""
    terms = holding.open(lock=lock_of(preimage))
    for word in (preimage[:32].ljust(32, b"\0"), preimage[-32:].rjust(32, b"\0"), SECRET):
        with refused("Holds_WrongSecret", holding.id(terms)):
            holding.claim(terms, word)
    assert holding.state(terms) == State.OPEN


@pytest.mark.attack("J9")
def test_the_secret_counts_in_the_last_second(holding):
    """In it, even while the token refuses, and not in the next (Law 43)."""
    first, second = holding.open(amount=10), holding.open(amount=20, nonce=1)
    holding.order("pause")
    holding.kit.now = first.until
    holding.claim(first)
    holding.kit.now += 1
    with refused("Holds_TooLate", second.until, second.until + 1):
        holding.claim(second)
    with refused("Holds_NotIn", holding.id(first), State.CLAIMED):
        holding.release(first)
    holding.release(second)
    holding.order("unpause")
    holding.deliver(first)
    assert holding.shares(holding.ann, holding.ben) == [(90, 0), (10, 0)]


@pytest.mark.attack("J9")
def test_a_secret_that_a_reorganisation_took_back_opens_the_hold_again(holding):
    """Shown once it is known: who saw it in an abandoned block shows it in the next (Law 43)."""
    terms = holding.open()
    before = holding.kit.evm.snapshot()
    holding.claim(terms)
    holding.kit.evm.revert(before)
    assert holding.state(terms) == State.OPEN
    holding.kit.now = terms.until
    holding.claim(terms)
    assert holding.shares(holding.ann, holding.ben) == [(40, 0), (60, 0)]


def test_a_secret_opens_what_its_hash_locks(holding):
    """Not the lock beside it, and not the lock itself (Law 46)."""
    terms, other = holding.open(amount=10), holding.open(amount=20, lock=lock_of(ORDER))
    for hold, secret in ((terms, ORDER), (other, SECRET), (terms, terms.lock)):
        with refused("Holds_WrongSecret", holding.id(hold)):
            holding.claim(hold, secret)
    holding.claim(terms)
    holding.claim(other, ORDER)


# --------------------------------------------------------------------------- the states


DOES = {
    "claim": lambda holding, terms: holding.claim(terms),
    "deliver": lambda holding, terms: holding.deliver(terms),
    "redirect": lambda holding, terms: holding.redirect(terms, person(1)),
    "owner releases": lambda holding, terms: holding.release(terms),
    "receiver releases": lambda holding, terms: holding.release(terms, sender=holding.ben),
    "void": lambda holding, terms: holding.void(terms),
}
LEADS_TO = {
    State.NONE: lambda holding, terms: None,
    State.OPEN: lambda holding, terms: holding.opening(terms),
    State.CLAIMED: lambda holding, terms: holding.claimed(),
    State.DELIVERED: lambda holding, terms: (holding.opening(terms), holding.claim(terms)),
    State.RELEASED: lambda holding, terms: (
        holding.opening(terms),
        holding.release(terms, sender=holding.ben),
    ),
    State.VOIDED: lambda holding, terms: (holding.opening(terms), holding.void(terms)),
}
REFUSED = {
    State.NONE: DOES.keys(),
    State.OPEN: ("deliver", "redirect"),
    State.CLAIMED: ("claim", "owner releases"),
    State.DELIVERED: DOES.keys(),
    State.RELEASED: DOES.keys(),
    State.VOIDED: DOES.keys(),
}


@pytest.mark.parametrize("state", State, ids=lambda state: state.name.lower())
def test_a_hold_ends_once(holding, state):
    """Delivered, released or voided, and never two of them, late or early (Law 46)."""
    terms = holding.terms()
    LEADS_TO[state](holding, terms)
    assert holding.state(terms) == state
    for late in (0, 2 * DAY):
        holding.kit.now += late
        for name in REFUSED[state]:
            with refused("Holds_NotIn", holding.id(terms), state):
                DOES[name](holding, terms)
    assert holding.state(terms) == state


@pytest.mark.parametrize("state", [State.OPEN, State.CLAIMED], ids=["open", "claimed"])
def test_a_stranger_ends_no_hold(holding, state):
    """Only owner and receiver release, only the token's owner voids (Law 43)."""
    terms = holding.terms()
    LEADS_TO[state](holding, terms)
    holding.kit.now += 2 * DAY
    harness = holding.harness
    for caller in (harness.stranger, harness.owner, harness.agent):
        with refused("Holds_NotOwner", caller, holding.ann):
            holding.release(terms, sender=caller)
    for caller in (harness.stranger, harness.agent, holding.ann, holding.ben):
        with refused("Holds_NotTokenOwner", caller, terms.asset):
            holding.void(terms, sender=caller)


# ------------------------------------------------------- a claim that the token refuses


def obstacles(holding: Holding, name: str, on: bool) -> None:
    """Put something in the way of a delivery, or take it away."""
    if name == "paused":
        holding.order("pause" if on else "unpause")
    if name == "receiver frozen":
        holding.order("setAddressFrozen", holding.ben, on)
    if name == "owner frozen":
        holding.order("setAddressFrozen", holding.ann, on)
    if name == "shares frozen":
        holding.order("setFrozenTokens", holding.ann, 41 if on else 40)
    if name == "not eligible":
        investors = {holding.ben: investor(2, until=1) if on else investor(2)}
        holding.harness.know(investors)


@pytest.mark.attack("J31")
@pytest.mark.parametrize(
    "name", ["paused", "receiver frozen", "owner frozen", "shares frozen", "not eligible"]
)
def test_a_claim_in_time_is_kept_while_the_token_refuses(ruled, name):
    """The owner cannot have it back, and anyone delivers it once the token lets it (Law 43)."""
    terms = ruled.open()
    number = ruled.id(terms)
    obstacles(ruled, name, on=True)
    assert ruled.claim(terms).events == (("Claimed", {"id": number, "secret": SECRET}),)
    assert ruled.state(terms) == State.CLAIMED
    ruled.kit.now = terms.until + 365 * DAY
    with refused("Holds_NotIn", number, State.CLAIMED):
        ruled.release(terms)
    with refused("Holds_Refused", terms.asset, ruled.ann, ruled.ben, 60):
        ruled.deliver(terms)
    assert ruled.shares(ruled.ann, ruled.ben) == [(100, 60), (0, 0)]
    obstacles(ruled, name, on=False)
    ruled.deliver(terms)
    assert ruled.state(terms) == State.DELIVERED
    assert ruled.shares(ruled.ann, ruled.ben) == [(40, 0), (60, 0)]


def test_a_claim_with_too_little_gas_is_kept_and_nothing_else(holding):
    """Whatever gas is sent: nothing happens, the claim is kept, or the shares arrive (Law 43)."""
    terms = holding.open()
    data = holding.kit.codec.call("Holds", "claim", terms.told, SECRET)
    stranger, address = holding.harness.stranger, holding.holds.address
    seen = []
    before = holding.kit.evm.snapshot()
    enough = 2 * holding.claim(terms).gas
    holding.kit.evm.revert(before)
    for gas in range(20_000, enough, enough // 120):
        before = holding.kit.evm.snapshot()
        with suppress(Reverted):
            holding.kit.transact(stranger, address, data, gas=gas)
        state, shares = holding.state(terms), holding.shares(holding.ann, holding.ben)
        moved = state == State.DELIVERED
        assert shares == ([(40, 0), (60, 0)] if moved else [(100, 60), (0, 0)])
        if state == State.CLAIMED:
            holding.deliver(terms)
            assert holding.shares(holding.ann, holding.ben) == [(40, 0), (60, 0)]
        seen.append(state)
        holding.kit.evm.revert(before)
    assert seen == sorted(seen)
    assert set(seen) == {State.OPEN, State.CLAIMED, State.DELIVERED}


# ------------------------------------------------------------- another of its wallets


def test_a_receiver_names_another_of_its_wallets(ruled):
    """For what it has claimed and cannot take; it is delivered there and nowhere else."""
    terms = ruled.claimed()
    # One person, whatever else is known of either wallet.
    ruled.harness.know({ruled.harness.cid: investor(2, until=2**40)})
    ruled.order("setAddressFrozen", ruled.ben, True)
    cid = ruled.harness.cid
    told = {"id": ruled.id(terms), "to": cid}
    assert ruled.redirect(terms, cid).events == (("Redirected", told),)
    assert ruled.holds.call("redirectedTo", ruled.id(terms)) == cid
    ruled.deliver(terms)
    assert ruled.shares(ruled.ann, ruled.ben, cid) == [(40, 0), (0, 0), (60, 0)]


def test_another_wallet_may_be_named_again_and_lost(ruled):
    """The last one counts, and its successor takes its place."""
    terms = ruled.claimed()
    cid, dan, new = ruled.harness.cid, ruled.harness.dan, person(2)
    ruled.harness.know({cid: investor(2), dan: investor(2), new: investor(2)})
    ruled.redirect(terms, dan)
    ruled.redirect(terms, cid)
    ruled.recover(cid, new)
    ruled.deliver(terms)
    assert ruled.shares(ruled.ann, new) == [(40, 0), (60, 0)]


def test_only_the_receiver_names_another_wallet_and_only_of_its_own_person(ruled):
    """By the number of its person (Law 43)."""
    terms, cid = ruled.claimed(), ruled.harness.cid
    for caller in (ruled.ann, cid, ruled.harness.owner, ruled.harness.stranger):
        with refused("Holds_NotReceiver", caller, ruled.ben):
            ruled.redirect(terms, cid, sender=caller)
    for other in (cid, person(1)):
        with refused("Holds_OtherPerson", ruled.ben, other):
            ruled.redirect(terms, other)
    for other in (ZERO, ruled.ann, ruled.holds.address, terms.asset):
        with refused("Holds_Malformed", other, 60):
            ruled.redirect(terms, other)


def test_nobody_is_no_person(ruled):
    """Two wallets that the registry does not know are not taken for one person's."""
    stranger, other = person(1), person(2)
    ruled.harness.know({stranger: investor(9)})
    terms = ruled.claimed(to=stranger)
    ruled.harness.registry.send("deleteIdentity", stranger, sender=ruled.harness.agent)
    with refused("Holds_OtherPerson", stranger, other):
        ruled.redirect(terms, other)


def test_a_registry_without_numbers_knows_persons_by_their_identity(kit):
    """As ERC-3643's own does."""
    harness = Harness(kit)
    registry = kit.deploy("ForeignRegistry", sender=harness.owner)
    identities = {harness.ann: 1, harness.ben: 2, harness.cid: 2, harness.dan: 4}
    for wallet, number in identities.items():
        registry.send("registerIdentity", wallet, person(number), 276, sender=harness.owner)
    harness.token.send("setIdentityRegistry", registry.address, sender=harness.owner)
    harness.issue({harness.ann: 100})
    holding = Holding(harness)
    terms = holding.claimed()
    for other in (harness.dan, person(9)):
        with refused("Holds_OtherPerson", harness.ben, other):
            holding.redirect(terms, other)
    holding.redirect(terms, harness.cid)
    holding.deliver(terms)
    assert holding.shares(harness.cid) == [(60, 0)]


def test_a_token_without_a_registry_asks_for_no_person(holding):
    """The receiver could give the shares away itself."""
    terms = holding.claimed()
    holding.redirect(terms, person(1))
    holding.deliver(terms)
    assert holding.shares(person(1)) == [(60, 0)]

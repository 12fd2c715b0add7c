"""Who may do what: owner, agents, rules and registry."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chainkit import ZERO, Reverted, RevmKit
from tests.contracts.harness import DAY, NOTHING, Harness, person, refused, terms

OWNER, AGENT, ANYONE, HOLDS = "owner", "agent", "anyone", "holds contract"
DEED = b"deed".ljust(32, b"\0")


def token_calls(harness: Harness) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """Every function of the share token that changes state: who may call it, and a good call."""
    signature = (27, b"\1" * 32, b"\2" * 32)
    return {
        # Only the owner to be; a test of its own below.
        "acceptOwnership()": ("pending owner", ()),
        "addAgent(address)": (OWNER, (person(1),)),
        "approve(address,uint256)": (ANYONE, (person(1), 5)),
        "batchBurn(address[],uint256[])": (AGENT, ([harness.ann], [1])),
        "batchForcedTransfer(address[],address[],uint256[])": (
            AGENT, ([harness.ann], [person(1)], [1]),
        ),
        "batchFreezePartialTokens(address[],uint256[])": (AGENT, ([harness.ann], [1])),
        "batchMint(address[],uint256[])": (AGENT, ([person(1)], [1])),
        "batchSetAddressFrozen(address[],bool[])": (AGENT, ([harness.ann], [True])),
        "batchTransfer(address[],uint256[])": (ANYONE, ([person(1)], [1])),
        "batchUnfreezePartialTokens(address[],uint256[])": (AGENT, ([harness.ann], [0])),
        "burn(address,uint256)": (AGENT, (harness.ann, 1)),
        "cancelRecords(uint256)": (OWNER, (harness.token.call("recordCount"),)),
        "deliver(address,address,uint256)": (HOLDS, (harness.ann, person(1), 0)),
        "forcedTransfer(address,address,uint256)": (AGENT, (harness.ann, person(1), 1)),
        "freezePartialTokens(address,uint256)": (AGENT, (harness.ann, 1)),
        "hold(address,uint256)": (HOLDS, (harness.ann, 1)),
        "mint(address,uint256)": (AGENT, (person(1), 1)),
        "pause()": (AGENT, ()),
        # Whoever brings it; the signature decides.
        "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)": (
            "signer",
            (harness.ann, harness.ben, 1, 2**64, *signature),
        ),
        "recoveryAddress(address,address,address)": (AGENT, (harness.ann, person(1), ZERO)),
        "release(address,uint256)": (HOLDS, (harness.ann, 0)),
        "removeAgent(address)": (OWNER, (harness.agent,)),
        "removeDocument(bytes32)": (OWNER, (DEED,)),
        "renounceOwnership()": ("nobody", ()),
        "scheduleRecord(uint48)": (AGENT, (harness.kit.now + 2 * DAY,)),
        "setAddressFrozen(address,bool)": (AGENT, (harness.ann, True)),
        "setCompliance(address)": (OWNER, (ZERO,)),
        "setContractURI(string)": (OWNER, ("ipfs://new",)),
        "setDocument(bytes32,string,bytes32)": (OWNER, (DEED, "ipfs://new", DEED)),
        "setFrozenTokens(address,uint256)": (AGENT, (harness.ann, 1)),
        "setHoldsContract(address)": (OWNER, (person(1),)),
        "setIdentityRegistry(address)": (OWNER, (ZERO,)),
        "setIncomeHeld(bool)": (OWNER, (True,)),
        "setName(string)": (OWNER, ("New",)),
        "setOnchainID(address)": (OWNER, (person(1),)),
        "setSymbol(string)": (OWNER, ("NEW",)),
        "transfer(address,uint256)": (ANYONE, (person(1), 1)),
        "transferFrom(address,address,uint256)": (ANYONE, (harness.ann, person(1), 1)),
        "transferOwnership(address)": (OWNER, (person(1),)),
        "unfreezePartialTokens(address,uint256)": (AGENT, (harness.ann, 0)),
        "unpause()": (AGENT, ()),
    }  # fmt: skip


def vault_calls(harness: Harness) -> dict[str, tuple[Any, ...]]:
    """Every function of the vault that changes state, with a call that works for anyone."""
    harness.issue({harness.cid: 50, harness.dan: 50})
    late_record = harness.schedule(harness.kit.now)
    bare = harness.kit.deploy("BareToken")
    bare.send("setTime", 1, harness.kit.now)
    empty = harness.declare(1, 10, token=bare)
    harness.kit.now += DAY
    tax = harness.kit.deploy("FlatTax", 1_000, harness.collector).address
    taxed = harness.declare(late_record, 1_000, tax_policy=tax)
    harness.claim(harness.cid, taxed)
    ended = harness.declare(
        late_record, 1_000, deadline=harness.kit.now, sweep_to=harness.issuer
    )  # fmt: skip
    open_one = harness.declare(late_record, 1_000)
    harness.kit.now += 1
    currency = harness.dollar.address
    return {
        "claim(uint256[],address)": ([open_one], harness.cid),
        "claimTo(uint256[],address,address,address)": (
            [open_one], person(2), person(2), person(3),
        ),
        "declare(address,uint256,address,uint256,tuple)": (
            harness.token.address, late_record, currency, 10, terms(),
        ),
        "declareWithPermit(address,uint256,address,uint256,tuple,tuple)": (
            harness.token.address, late_record, currency, 10, terms(), (0, 27, NOTHING, NOTHING),
        ),
        "fixEligible(uint256,uint256)": (open_one, 1),
        "push(uint256,address[])": (open_one, [harness.cid]),
        "pushWithGas(uint256,address[],uint256)": (open_one, [harness.cid], 500_000),
        "refund(uint256)": (empty,),
        "remit(uint256)": (taxed,),
        "setPayee(address)": (person(1),),
        "sweep(uint256)": (ended,),
    }  # fmt: skip


def changing(kit: RevmKit, contract: str) -> set[str]:
    """The signatures of all functions of a contract that can change state."""
    return {
        f"{entry['name']}({','.join(item['type'] for item in entry['inputs'])})"
        for entry in kit.codec.artifacts[contract].abi
        if entry["type"] == "function" and entry["stateMutability"] not in {"view", "pure"}
    }


@pytest.mark.attack("F6")
def test_the_access_table_has_every_function_that_changes_state(harness):
    """A function added to a contract must be added here, with who may call it (Law 23)."""
    # Refused to everybody, so the compiler wants it to be a view.
    refused_to_all = {"renounceOwnership()"}
    assert set(token_calls(harness)) == changing(harness.kit, "ShareToken") | refused_to_all
    assert set(vault_calls(harness)) == changing(harness.kit, "DividendVault")


@pytest.mark.attack("F6")
@pytest.mark.parametrize("actor", ["stranger", "agent", "owner", "dan"])
def test_every_function_of_the_token_refuses_who_may_not_call_it(harness, actor):
    """Law 23: strangers, agents, the owner and the contract that may hold shares, here Dan, meet
    exactly the refusals of the access table."""
    harness.token.send("setHoldsContract", harness.dan, sender=harness.owner)
    harness.issue({harness.dan: 10})
    harness.issue({harness.ann: 100, harness.stranger: 10, harness.agent: 10, harness.owner: 10})
    harness.token.send("setDocument", DEED, "ipfs://deed", DEED, sender=harness.owner)
    harness.schedule()
    sender = getattr(harness, actor)
    harness.token.send("approve", sender, 100, sender=harness.ann)
    not_owner = ("OwnableUnauthorizedAccount", (sender,))
    expected = {
        ANYONE: None,
        OWNER: None if actor == "owner" else not_owner,
        AGENT: None if actor == "agent" else ("ShareToken_NotAgent", (sender,)),
        HOLDS: None if actor == "dan" else ("ShareToken_NotHoldsContract", (sender,)),
        "pending owner": not_owner,
        "signer": ("ERC2612InvalidSigner", (harness.ann,)),
        "nobody": ("ShareToken_OwnerRequired", ()) if actor == "owner" else not_owner,
    }
    met = {}
    for signature, (_, args) in token_calls(harness).items():
        before = harness.kit.evm.snapshot()
        met[signature] = None
        try:
            harness.token.send(signature.partition("(")[0], *args, sender=sender)
        except Reverted as error:
            met[signature] = (error.name, error.values)
        harness.kit.evm.revert(before)
    assert met == {name: expected[who] for name, (who, _) in token_calls(harness).items()}


@pytest.mark.attack("F6")
@pytest.mark.parametrize("actor", ["stranger", "agent", "owner"])
def test_the_vault_has_no_roles(harness, actor):
    """Strangers, agents and owners may call each of its functions, and succeed alike."""
    calls = vault_calls(harness)
    sender = getattr(harness, actor)
    harness.fund(sender, harness.dollar, 10)
    for signature, args in calls.items():
        before = harness.kit.evm.snapshot()
        if signature.startswith("claimTo"):
            # Where income goes is its owner's to say, whoever else one may be.
            with refused("DividendVault_NotClaimant", sender, args[1]):
                harness.vault.send("claimTo", *args, sender=sender)
            continue
        harness.vault.send(signature.partition("(")[0], *args, sender=sender)
        harness.kit.evm.revert(before)


# ----------------------------------------------------------------------- owner


def test_the_first_agents_are_those_of_the_terms(kit):
    """A fresh token can issue at once, and says who may; its owner may not, unless it is named."""
    owner, one, another = kit.accounts[1:4]
    token = kit.deploy("ShareToken", ("N", "S", 0, owner, ZERO, ZERO, [one, another, one]))
    assert token.call("owner") == owner
    agents = [who for who in kit.accounts if token.call("isAgent", who)]
    assert agents == [one, another]
    assert token.receipt.named("AgentAdded") == [{"agent": one}, {"agent": another}]
    with refused("ShareToken_NotAgent", owner):
        token.send("mint", owner, 1, sender=owner)
    lonely = kit.deploy("ShareToken", ("N", "S", 0, owner, ZERO, ZERO, []))
    assert lonely.receipt.named("AgentAdded") == []
    assert lonely.call("isAgent", owner) is False


@pytest.mark.attack("H")
def test_nobody_is_not_a_first_agent(kit):
    """Neither by the terms."""
    with refused("ShareToken_InvalidAgent", ZERO):
        kit.deploy("ShareToken", ("N", "S", 0, kit.accounts[1], ZERO, ZERO, [ZERO]))


def test_ownership_changes_in_two_steps(harness):
    """The new owner must accept; until then the old one is in charge; agency does not follow."""
    token = harness.token
    receipt = token.send("transferOwnership", harness.ann, sender=harness.owner)
    started = {"previousOwner": harness.owner, "newOwner": harness.ann}
    assert receipt.events == (("OwnershipTransferStarted", started),)
    assert (token.call("owner"), token.call("pendingOwner")) == (harness.owner, harness.ann)
    with refused("OwnableUnauthorizedAccount", harness.ann):
        token.send("addAgent", harness.ann, sender=harness.ann)
    with refused("OwnableUnauthorizedAccount", harness.owner):
        token.send("acceptOwnership", sender=harness.owner)
    receipt = token.send("acceptOwnership", sender=harness.ann)
    assert receipt.events == (("OwnershipTransferred", started),)
    assert (token.call("owner"), token.call("pendingOwner")) == (harness.ann, ZERO)
    with refused("OwnableUnauthorizedAccount", harness.owner):
        token.send("addAgent", harness.owner, sender=harness.owner)
    with refused("ShareToken_NotAgent", harness.ann):
        token.send("mint", harness.ann, 1, sender=harness.ann)


def test_a_started_change_of_owner_can_be_replaced_and_withdrawn(harness):
    """Only the one named last can accept; naming nobody withdraws."""
    token = harness.token
    token.send("transferOwnership", harness.ann, sender=harness.owner)
    token.send("transferOwnership", harness.ben, sender=harness.owner)
    with refused("OwnableUnauthorizedAccount", harness.ann):
        token.send("acceptOwnership", sender=harness.ann)
    token.send("transferOwnership", ZERO, sender=harness.owner)
    with refused("OwnableUnauthorizedAccount", harness.ben):
        token.send("acceptOwnership", sender=harness.ben)
    assert token.call("owner") == harness.owner


@pytest.mark.attack("H")
def test_the_last_owner_cannot_leave(harness):
    """Nobody could replace broken rules after that; strangers are told that they are strangers."""
    with refused("ShareToken_OwnerRequired"):
        harness.token.send("renounceOwnership", sender=harness.owner)
    with refused("OwnableUnauthorizedAccount", harness.ann):
        harness.token.send("renounceOwnership", sender=harness.ann)
    assert harness.token.call("owner") == harness.owner


# ---------------------------------------------------------------------- agents


def test_an_agent_is_added_and_removed_once(harness):
    """Adding one twice, or removing one who is none, changes nothing and says nothing."""
    token = harness.token
    added = (("AgentAdded", {"agent": harness.ann}),)
    removed = (("AgentRemoved", {"agent": harness.ann}),)
    assert token.send("removeAgent", harness.ann, sender=harness.owner).events == ()
    assert token.send("addAgent", harness.ann, sender=harness.owner).events == added
    assert token.send("addAgent", harness.ann, sender=harness.owner).events == ()
    assert token.call("isAgent", harness.ann) is True
    assert token.send("removeAgent", harness.ann, sender=harness.owner).events == removed
    assert token.send("removeAgent", harness.ann, sender=harness.owner).events == ()
    assert token.call("isAgent", harness.ann) is False


def test_an_agent_that_was_removed_can_do_nothing_more(harness):
    """Its power ends in the same second."""
    harness.token.send("removeAgent", harness.agent, sender=harness.owner)
    with refused("ShareToken_NotAgent", harness.agent):
        harness.token.send("mint", harness.ann, 1, sender=harness.agent)
    with refused("ShareToken_NotAgent", harness.agent):
        harness.schedule()


# ---------------------------------------------------------------------- lost wallets


def recover(harness, lost: str, successor: str):
    """A recovery by the agent."""
    return harness.token.send("recoveryAddress", lost, successor, ZERO, sender=harness.agent)


@pytest.mark.attack("K4")
def test_a_lost_agent_has_no_power_left(harness):
    """Who has found its key can neither issue nor force, and nobody can make it agent again. Its
    successor is not agent by that (Law 29)."""
    token = harness.token
    token.send("addAgent", harness.ann, sender=harness.owner)
    token.send("mint", harness.ann, 5, sender=harness.ann)
    receipt = recover(harness, harness.ann, harness.ben)
    assert receipt.named("AgentRemoved") == [{"agent": harness.ann}]
    assert [token.call("isAgent", who) for who in (harness.ann, harness.ben)] == [False, False]
    for call in (("mint", harness.ann, 5), ("forcedTransfer", harness.ben, harness.cid, 5)):
        with refused("ShareToken_NotAgent", harness.ann):
            token.send(*call, sender=harness.ann)
    with refused("ShareToken_HasSuccessor", harness.ann):
        token.send("addAgent", harness.ann, sender=harness.owner)
    assert token.call("isAgent", harness.ann) is False
    assert recover(harness, harness.cid, harness.dan).named("AgentRemoved") == []


@pytest.mark.attack("K4")
def test_an_agent_cannot_take_or_destroy_the_ownership(harness):
    """The owner's own wallet is not recovered from; it hands over first (Law 29)."""
    token, owner = harness.token, harness.owner
    harness.issue({owner: 5})
    with refused("ShareToken_InvalidRecovery", owner, harness.agent):
        recover(harness, owner, harness.agent)
    token.send("transferOwnership", harness.ann, sender=owner)
    token.send("acceptOwnership", sender=harness.ann)
    recover(harness, owner, harness.ben)
    assert token.call("balanceOf", harness.ben) == 5


@pytest.mark.attack("K4")
@pytest.mark.parametrize("first", ["named", "lost"])
def test_a_lost_wallet_never_becomes_the_owner(harness, first):
    """Whether it was lost before or after it was named: it cannot accept (Law 29)."""
    token = harness.token
    if first == "lost":
        recover(harness, harness.ann, harness.ben)
    token.send("transferOwnership", harness.ann, sender=harness.owner)
    if first == "named":
        recover(harness, harness.ann, harness.ben)
    with refused("ShareToken_HasSuccessor", harness.ann):
        token.send("acceptOwnership", sender=harness.ann)
    assert token.call("owner") == harness.owner


@pytest.mark.attack("K4")
def test_a_lost_wallet_never_holds_shares_for_others(harness):
    """It is not appointed, and whoever is appointed is not recovered from (Law 29)."""
    token = harness.token
    recover(harness, harness.ann, harness.ben)
    with refused("ShareToken_HasSuccessor", harness.ann):
        token.send("setHoldsContract", harness.ann, sender=harness.owner)
    token.send("setHoldsContract", harness.cid, sender=harness.owner)
    with refused("ShareToken_InvalidRecovery", harness.cid, harness.dan):
        recover(harness, harness.cid, harness.dan)
    token.send("setHoldsContract", ZERO, sender=harness.owner)
    recover(harness, harness.cid, harness.dan)


# ----------------------------------------------------------------------- rules


@pytest.fixture
def rules(kit):
    """Rules that allow everything until told otherwise."""
    return kit.deploy("MovableRules")


@pytest.fixture
def ruled(kit, rules) -> Harness:
    """A token under those rules."""
    return Harness(kit, rules=rules.address)


def asked(giver: str, receiver: str, amount: int) -> dict[str, Any]:
    """What rules are asked."""
    return {"from": giver, "to": receiver, "amount": amount}


def booked(giver: str, receiver: str, amount: int, supply: int) -> dict[str, Any]:
    """What rules are told of an order."""
    return {**asked(giver, receiver, amount), "supply": supply}


def test_rules_are_asked_before_every_transfer(ruled):
    """Who gives, who receives and how much: for each way in which a holder's shares move."""
    token, ann, ben, cid = ruled.token, ruled.ann, ruled.ben, ruled.cid
    ruled.issue({ann: 103})
    receipt = ruled.move(ann, ben, 5)
    assert receipt.named("Asked") == [asked(ann, ben, 5)]
    assert [name for name, _ in receipt.events] == ["Asked", "Transfer"]
    token.send("approve", cid, 9, sender=ann)
    receipt = token.send("transferFrom", ann, ben, 9, sender=cid)
    assert receipt.named("Asked") == [asked(ann, ben, 9)]
    receipt = token.send("batchTransfer", [ben, cid], [1, 2], sender=ann)
    assert receipt.named("Asked") == [asked(ann, ben, 1), asked(ann, cid, 2)]
    assert ruled.move(ann, ann, 3).named("Asked") == [asked(ann, ann, 3)]
    assert ruled.move(ann, ben, 0).named("Asked") == [asked(ann, ben, 0)]


def test_rules_are_told_before_every_order(ruled):
    """Issues with the supply they lead to, burns and forced transfers, one by one."""
    token, ann, ben, agent = ruled.token, ruled.ann, ruled.ben, ruled.agent
    receipt = token.send("mint", ann, 100, sender=agent)
    assert receipt.named("Booked") == [booked(ZERO, ann, 100, 100)]
    assert [name for name, _ in receipt.events] == ["Booked", "Transfer"]
    receipt = token.send("batchMint", [ann, ben], [1, 2], sender=agent)
    assert receipt.named("Booked") == [booked(ZERO, ann, 1, 103), booked(ZERO, ben, 2, 103)]
    receipt = token.send("burn", ann, 7, sender=agent)
    assert receipt.named("Booked") == [booked(ann, ZERO, 7, 0)]
    receipt = token.send("forcedTransfer", ann, ben, 3, sender=agent)
    assert receipt.named("Booked") == [booked(ann, ben, 3, 0)]
    assert [name for name, _ in receipt.events] == ["Booked", "Transfer", "ForcedTransfer"]


def test_a_refusal_by_the_rules_reaches_the_caller_as_it_is(ruled, rules):
    """Their own error with its own arguments, and nothing has moved."""
    ruled.issue({ruled.ann: 100})
    token, ann, ben, agent = ruled.token, ruled.ann, ruled.ben, ruled.agent
    token.send("approve", ben, 100, sender=ann)
    rules.send("setRefusing", True)
    with refused("MovableRules_Refused", ann, ben, 5):
        ruled.move(ann, ben, 5)
    with refused("MovableRules_Refused", ann, ben, 5):
        token.send("transferFrom", ann, ben, 5, sender=ben)
    with refused("MovableRules_Refused", ann, ben, 1):
        token.send("batchTransfer", [ben, ben], [1, 2], sender=ann)
    with refused("MovableRules_Refused", ZERO, ben, 5):
        token.send("mint", ben, 5, sender=agent)
    with refused("MovableRules_Refused", ZERO, ben, 1):
        token.send("batchMint", [ben, ann], [1, 2], sender=agent)
    assert token.call("totalSupply") == token.call("balanceOf", ann) == 100
    assert token.call("allowance", ann, ben) == 100


@pytest.mark.attack("F5")
def test_the_owner_can_replace_rules_that_refuse_everything(ruled, rules):
    """Broken rules trap nobody's shares for ever, and the views answer meanwhile."""
    ruled.issue({ruled.ann: 100})
    record = ruled.close()
    rules.send("setRefusing", True)
    assert ruled.token.call("balanceOfAt", ruled.ann, record) == 100
    receipt = ruled.token.send("setCompliance", ZERO, sender=ruled.owner)
    added = ("ComplianceAdded", {"compliance": ZERO})
    assert receipt.events == (("Replaced", {"newRules": ZERO}), added)
    ruled.move(ruled.ann, ruled.ben, 100)
    other = ruled.kit.deploy("MovableRules")
    receipt = ruled.token.send("setCompliance", other.address, sender=ruled.owner)
    assert receipt.events == (("ComplianceAdded", {"compliance": other.address}),)
    assert ruled.token.call("compliance") == other.address
    assert len(ruled.move(ruled.ben, ruled.ann, 1).named("Asked")) == 1


def test_replacing_rules_leaves_the_records_alone(ruled):
    """The ledger's slot is shared; its other fields do not change."""
    ruled.issue({ruled.ann: 100})
    first = ruled.close()
    second = ruled.schedule()
    ruled.token.send("setCompliance", ZERO, sender=ruled.owner)
    ruled.token.send("setIdentityRegistry", ZERO, sender=ruled.owner)
    ruled.kit.now += 2 * DAY
    ruled.move(ruled.ann, ruled.ben, 40)
    assert ruled.token.call("balanceOfAt", ruled.ann, first) == 100
    assert ruled.token.call("balanceOfAt", ruled.ann, second) == 100


@pytest.mark.attack("F5")
def test_rules_that_move_the_same_shares_meanwhile_leave_an_exact_ledger(ruled, rules):
    """They call back and take Ann's shares as her spender: what is left then decides."""
    token, ann, ben, cid = ruled.token, ruled.ann, ruled.ben, ruled.cid
    ruled.issue({ann: 100})
    token.send("approve", rules.address, 60, sender=ann)
    record = ruled.close()
    again = ruled.kit.codec.call("ShareToken", "transferFrom", ann, cid, 60)
    rules.send("prepare", token.address, again)
    with refused("ERC20InsufficientBalance", ann, 40, 50):
        ruled.move(ann, ben, 50)
    ruled.move(ann, ben, 40)
    assert rules.call("succeeded") is True
    assert [token.call("balanceOf", who) for who in (ann, ben, cid)] == [0, 40, 60]
    assert [token.call("balanceOfAt", who, record) for who in (ann, ben, cid)] == [100, 0, 0]


# -------------------------------------------------------------------- registry


@pytest.fixture
def book(kit):
    """A registry with nobody in it."""
    return kit.deploy("IdentityBook")


def test_only_accounts_in_the_registry_receive_shares(kit, book):
    """Whoever receives is looked up, by each way that shares arrive; who gives is not."""
    harness = Harness(kit, registry=book.address)
    token, ann, ben, agent = harness.token, harness.ann, harness.ben, harness.agent
    with refused("ERC7943CannotReceive", ann):
        token.send("mint", ann, 1, sender=agent)
    book.send("setVerified", ann, True)
    token.send("mint", ann, 100, sender=agent)
    token.send("approve", harness.cid, 9, sender=ann)
    with refused("ERC7943CannotReceive", ben):
        token.send("batchMint", [ann, ben], [1, 1], sender=agent)
    with refused("ERC7943CannotReceive", ben):
        harness.move(ann, ben, 1)
    with refused("ERC7943CannotReceive", ben):
        token.send("batchTransfer", [ann, ben], [1, 1], sender=ann)
    with refused("ERC7943CannotReceive", ben):
        token.send("transferFrom", ann, ben, 9, sender=harness.cid)
    book.send("setVerified", ben, True)
    book.send("setVerified", ann, False)
    harness.move(ann, ben, 60)
    token.send("burn", ann, 40, sender=agent)
    assert (token.call("balanceOf", ann), token.call("balanceOf", ben)) == (0, 60)


def test_the_registry_can_be_replaced_and_taken_away(harness, book):
    """It is asked from the moment it is set until the moment it is not."""
    harness.issue({harness.ann: 100})
    receipt = harness.token.send("setIdentityRegistry", book.address, sender=harness.owner)
    assert receipt.events == (("IdentityRegistryAdded", {"identityRegistry": book.address}),)
    assert harness.token.call("identityRegistry") == book.address
    with refused("ERC7943CannotReceive", harness.ben):
        harness.move(harness.ann, harness.ben, 1)
    harness.token.send("setIdentityRegistry", ZERO, sender=harness.owner)
    assert harness.token.call("identityRegistry") == ZERO
    harness.move(harness.ann, harness.ben, 1)


def test_the_registry_is_asked_before_the_rules(kit, book, rules):
    """With both, who is not verified never comes before the rules; who is, does."""
    harness = Harness(kit, registry=book.address, rules=rules.address)
    rules.send("setRefusing", True)
    with refused("ERC7943CannotReceive", harness.ann):
        harness.issue({harness.ann: 1})
    book.send("setVerified", harness.ann, True)
    with refused("MovableRules_Refused", ZERO, harness.ann, 1):
        harness.issue({harness.ann: 1})


def test_an_address_without_code_does_not_become_the_rules(harness):
    """It cannot answer, so every movement would be refused."""
    harness.issue({harness.ann: 100})
    with refused("ShareToken_BindingRefused", person(9)):
        harness.token.send("setCompliance", person(9), sender=harness.owner)
    harness.move(harness.ann, harness.ben, 1)


@pytest.mark.attack("H")
def test_nobody_is_not_an_agent(harness):
    """The zero address cannot be given power."""
    with refused("ShareToken_InvalidAgent", ZERO):
        harness.token.send("addAgent", ZERO, sender=harness.owner)
    assert harness.token.call("isAgent", ZERO) is False

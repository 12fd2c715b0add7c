"""Who may do what: owner, agents, rules and registry."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chainkit import ZERO, Reverted, RevmKit
from tests.contracts.stage import DAY, NOTHING, Stage, person, refused, terms

OWNER, AGENT, ANYONE = "owner", "agent", "anyone"
DEED = b"deed".ljust(32, b"\0")


def token_calls(stage: Stage) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """Every function of the share token that changes state: who may call it, and a good call."""
    signature = (27, b"\1" * 32, b"\2" * 32)
    return {
        # Only the owner to be; a test of its own below.
        "acceptOwnership()": ("pending owner", ()),
        "addAgent(address)": (OWNER, (person(1),)),
        "approve(address,uint256)": (ANYONE, (person(1), 5)),
        "batchBurn(address[],uint256[])": (AGENT, ([stage.ann], [1])),
        "batchForcedTransfer(address[],address[],uint256[])": (
            AGENT, ([stage.ann], [person(1)], [1]),
        ),
        "batchFreezePartialTokens(address[],uint256[])": (AGENT, ([stage.ann], [1])),
        "batchMint(address[],uint256[])": (AGENT, ([person(1)], [1])),
        "batchSetAddressFrozen(address[],bool[])": (AGENT, ([stage.ann], [True])),
        "batchTransfer(address[],uint256[])": (ANYONE, ([person(1)], [1])),
        "batchUnfreezePartialTokens(address[],uint256[])": (AGENT, ([stage.ann], [0])),
        "burn(address,uint256)": (AGENT, (stage.ann, 1)),
        "forcedTransfer(address,address,uint256)": (AGENT, (stage.ann, person(1), 1)),
        "freezePartialTokens(address,uint256)": (AGENT, (stage.ann, 1)),
        "mint(address,uint256)": (AGENT, (person(1), 1)),
        "pause()": (AGENT, ()),
        # Whoever brings it; the signature decides.
        "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)": (
            "signer",
            (stage.ann, stage.ben, 1, 2**64, *signature),
        ),
        "recoveryAddress(address,address,address)": (AGENT, (stage.ann, person(1), ZERO)),
        "removeAgent(address)": (OWNER, (stage.agent,)),
        "removeDocument(bytes32)": (OWNER, (DEED,)),
        "renounceOwnership()": ("nobody", ()),
        "scheduleRecord(uint48)": (AGENT, (stage.kit.now + DAY,)),
        "setAddressFrozen(address,bool)": (AGENT, (stage.ann, True)),
        "setCompliance(address)": (OWNER, (ZERO,)),
        "setContractURI(string)": (OWNER, ("ipfs://new",)),
        "setDocument(bytes32,string,bytes32)": (OWNER, (DEED, "ipfs://new", DEED)),
        "setFrozenTokens(address,uint256)": (AGENT, (stage.ann, 1)),
        "setIdentityRegistry(address)": (OWNER, (ZERO,)),
        "setIncomeWaits(bool)": (OWNER, (True,)),
        "setName(string)": (OWNER, ("New",)),
        "setOnchainID(address)": (OWNER, (person(1),)),
        "setSymbol(string)": (OWNER, ("NEW",)),
        "transfer(address,uint256)": (ANYONE, (person(1), 1)),
        "transferFrom(address,address,uint256)": (ANYONE, (stage.ann, person(1), 1)),
        "transferOwnership(address)": (OWNER, (person(1),)),
        "unfreezePartialTokens(address,uint256)": (AGENT, (stage.ann, 0)),
        "unpause()": (AGENT, ()),
    }  # fmt: skip


def vault_calls(stage: Stage) -> dict[str, tuple[Any, ...]]:
    """Every function of the vault that changes state, with a call that works for anyone."""
    stage.issue({stage.cid: 50, stage.dan: 50})
    late_record = stage.schedule(stage.kit.now)
    bare = stage.kit.deploy("BareToken")
    bare.send("setTime", 1, stage.kit.now)
    empty = stage.declare(1, 10, token=bare)
    stage.kit.now += DAY
    tax = stage.kit.deploy("FlatTax", 1_000, stage.collector).address
    taxed = stage.declare(late_record, 1_000, tax_policy=tax)
    stage.claim(stage.cid, taxed)
    ended = stage.declare(
        late_record, 1_000, deadline=stage.kit.now, sweep_to=stage.issuer
    )  # fmt: skip
    open_one = stage.declare(late_record, 1_000)
    stage.kit.now += 1
    currency = stage.dollar.address
    return {
        "claim(uint256[],address)": ([open_one], stage.cid),
        "claimTo(uint256[],address,address)": ([open_one], person(2), person(3)),
        "declare(address,uint256,address,uint256,tuple)": (
            stage.token.address, late_record, currency, 10, terms(),
        ),
        "declareWithPermit(address,uint256,address,uint256,tuple,tuple)": (
            stage.token.address, late_record, currency, 10, terms(), (0, 27, NOTHING, NOTHING),
        ),
        "push(uint256,address[])": (open_one, [stage.cid]),
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


def test_F6_the_access_table_has_every_function_that_changes_state(stage):
    """A function added to a contract must be added here, with who may call it (Law 23)."""
    # Refused to everybody, so the compiler wants it to be a view.
    refused_to_all = {"renounceOwnership()"}
    assert set(token_calls(stage)) == changing(stage.kit, "ShareToken") | refused_to_all
    assert set(vault_calls(stage)) == changing(stage.kit, "DividendVault")


@pytest.mark.parametrize("actor", ["stranger", "agent", "owner"])
def test_F6_every_function_of_the_token_refuses_who_may_not_call_it(stage, actor):
    """Law 23: strangers, agents and the owner meet exactly the refusals of the access table."""
    stage.issue({stage.ann: 100, stage.stranger: 10, stage.agent: 10, stage.owner: 10})
    stage.token.send("setDocument", DEED, "ipfs://deed", DEED, sender=stage.owner)
    sender = getattr(stage, actor)
    stage.token.send("approve", sender, 100, sender=stage.ann)
    not_owner = ("OwnableUnauthorizedAccount", (sender,))
    expected = {
        ANYONE: None,
        OWNER: None if actor == "owner" else not_owner,
        AGENT: None if actor == "agent" else ("ShareToken_NotAgent", (sender,)),
        "pending owner": not_owner,
        "signer": ("ERC2612InvalidSigner", (stage.ann,)),
        "nobody": ("ShareToken_OwnerRequired", ()) if actor == "owner" else not_owner,
    }
    met = {}
    for signature, (_, args) in token_calls(stage).items():
        before = stage.kit.evm.snapshot()
        met[signature] = None
        try:
            stage.token.send(signature.partition("(")[0], *args, sender=sender)
        except Reverted as error:
            met[signature] = (error.name, error.values)
        stage.kit.evm.revert(before)
    assert met == {name: expected[who] for name, (who, _) in token_calls(stage).items()}


@pytest.mark.parametrize("actor", ["stranger", "agent", "owner"])
def test_F6_the_vault_has_no_roles(stage, actor):
    """Strangers, agents and owners may call each of its functions, and succeed alike."""
    calls = vault_calls(stage)
    sender = getattr(stage, actor)
    stage.fund(sender, stage.dollar, 10)
    for signature, args in calls.items():
        before = stage.kit.evm.snapshot()
        if signature.startswith("claimTo"):
            # Where income goes is its owner's to say, whoever else one may be.
            with refused("DividendVault_NotClaimant", sender, args[1]):
                stage.vault.send("claimTo", *args, sender=sender)
            continue
        stage.vault.send(signature.partition("(")[0], *args, sender=sender)
        stage.kit.evm.revert(before)


# ----------------------------------------------------------------------- owner


def test_the_first_owner_is_also_the_first_agent(kit):
    """A fresh token can issue at once, and says who may."""
    owner = kit.accounts[1]
    token = kit.deploy("ShareToken", ("N", "S", 0, owner, ZERO, ZERO))
    assert token.call("owner") == owner
    assert token.call("isAgent", owner) is True
    assert token.receipt.named("AgentAdded") == [{"agent": owner}]
    assert token.call("isAgent", kit.accounts[0]) is False


def test_ownership_changes_in_two_steps(stage):
    """The new owner must accept; until then the old one is in charge; agency does not follow."""
    token = stage.token
    receipt = token.send("transferOwnership", stage.ann, sender=stage.owner)
    started = {"previousOwner": stage.owner, "newOwner": stage.ann}
    assert receipt.events == (("OwnershipTransferStarted", started),)
    assert (token.call("owner"), token.call("pendingOwner")) == (stage.owner, stage.ann)
    with refused("OwnableUnauthorizedAccount", stage.ann):
        token.send("addAgent", stage.ann, sender=stage.ann)
    with refused("OwnableUnauthorizedAccount", stage.owner):
        token.send("acceptOwnership", sender=stage.owner)
    receipt = token.send("acceptOwnership", sender=stage.ann)
    assert receipt.events == (("OwnershipTransferred", started),)
    assert (token.call("owner"), token.call("pendingOwner")) == (stage.ann, ZERO)
    with refused("OwnableUnauthorizedAccount", stage.owner):
        token.send("addAgent", stage.owner, sender=stage.owner)
    with refused("ShareToken_NotAgent", stage.ann):
        token.send("mint", stage.ann, 1, sender=stage.ann)


def test_a_started_change_of_owner_can_be_replaced_and_withdrawn(stage):
    """Only the one named last can accept; naming nobody withdraws."""
    token = stage.token
    token.send("transferOwnership", stage.ann, sender=stage.owner)
    token.send("transferOwnership", stage.ben, sender=stage.owner)
    with refused("OwnableUnauthorizedAccount", stage.ann):
        token.send("acceptOwnership", sender=stage.ann)
    token.send("transferOwnership", ZERO, sender=stage.owner)
    with refused("OwnableUnauthorizedAccount", stage.ben):
        token.send("acceptOwnership", sender=stage.ben)
    assert token.call("owner") == stage.owner


def test_H_the_last_owner_cannot_leave(stage):
    """Nobody could replace broken rules after that; strangers are told that they are strangers."""
    with refused("ShareToken_OwnerRequired"):
        stage.token.send("renounceOwnership", sender=stage.owner)
    with refused("OwnableUnauthorizedAccount", stage.ann):
        stage.token.send("renounceOwnership", sender=stage.ann)
    assert stage.token.call("owner") == stage.owner


# ---------------------------------------------------------------------- agents


def test_an_agent_is_added_and_removed_once(stage):
    """Adding one twice, or removing one who is none, changes nothing and says nothing."""
    token = stage.token
    added = (("AgentAdded", {"agent": stage.ann}),)
    removed = (("AgentRemoved", {"agent": stage.ann}),)
    assert token.send("removeAgent", stage.ann, sender=stage.owner).events == ()
    assert token.send("addAgent", stage.ann, sender=stage.owner).events == added
    assert token.send("addAgent", stage.ann, sender=stage.owner).events == ()
    assert token.call("isAgent", stage.ann) is True
    assert token.send("removeAgent", stage.ann, sender=stage.owner).events == removed
    assert token.send("removeAgent", stage.ann, sender=stage.owner).events == ()
    assert token.call("isAgent", stage.ann) is False


def test_an_agent_that_was_removed_can_do_nothing_more(stage):
    """Its power ends in the same second."""
    stage.token.send("removeAgent", stage.agent, sender=stage.owner)
    with refused("ShareToken_NotAgent", stage.agent):
        stage.token.send("mint", stage.ann, 1, sender=stage.agent)
    with refused("ShareToken_NotAgent", stage.agent):
        stage.schedule()


# ----------------------------------------------------------------------- rules


@pytest.fixture
def rules(kit):
    """Rules that allow everything until told otherwise."""
    return kit.deploy("MovableRules")


@pytest.fixture
def ruled(kit, rules) -> Stage:
    """A token under those rules."""
    return Stage(kit, rules=rules.address)


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


def test_F5_the_owner_can_replace_rules_that_refuse_everything(ruled, rules):
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


def test_F5_rules_that_move_the_same_shares_meanwhile_leave_an_exact_ledger(ruled, rules):
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
    stage = Stage(kit, registry=book.address)
    token, ann, ben, agent = stage.token, stage.ann, stage.ben, stage.agent
    with refused("ERC7943CannotReceive", ann):
        token.send("mint", ann, 1, sender=agent)
    book.send("setVerified", ann, True)
    token.send("mint", ann, 100, sender=agent)
    token.send("approve", stage.cid, 9, sender=ann)
    with refused("ERC7943CannotReceive", ben):
        token.send("batchMint", [ann, ben], [1, 1], sender=agent)
    with refused("ERC7943CannotReceive", ben):
        stage.move(ann, ben, 1)
    with refused("ERC7943CannotReceive", ben):
        token.send("batchTransfer", [ann, ben], [1, 1], sender=ann)
    with refused("ERC7943CannotReceive", ben):
        token.send("transferFrom", ann, ben, 9, sender=stage.cid)
    book.send("setVerified", ben, True)
    book.send("setVerified", ann, False)
    stage.move(ann, ben, 60)
    token.send("burn", ann, 40, sender=agent)
    assert (token.call("balanceOf", ann), token.call("balanceOf", ben)) == (0, 60)


def test_the_registry_can_be_replaced_and_taken_away(stage, book):
    """It is asked from the moment it is set until the moment it is not."""
    stage.issue({stage.ann: 100})
    receipt = stage.token.send("setIdentityRegistry", book.address, sender=stage.owner)
    assert receipt.events == (("IdentityRegistryAdded", {"identityRegistry": book.address}),)
    assert stage.token.call("identityRegistry") == book.address
    with refused("ERC7943CannotReceive", stage.ben):
        stage.move(stage.ann, stage.ben, 1)
    stage.token.send("setIdentityRegistry", ZERO, sender=stage.owner)
    assert stage.token.call("identityRegistry") == ZERO
    stage.move(stage.ann, stage.ben, 1)


def test_the_registry_is_asked_before_the_rules(kit, book, rules):
    """With both, who is not verified never comes before the rules; who is, does."""
    stage = Stage(kit, registry=book.address, rules=rules.address)
    rules.send("setRefusing", True)
    with refused("ERC7943CannotReceive", stage.ann):
        stage.issue({stage.ann: 1})
    book.send("setVerified", stage.ann, True)
    with refused("MovableRules_Refused", ZERO, stage.ann, 1):
        stage.issue({stage.ann: 1})


def test_a_rules_contract_without_code_stops_movements_until_it_is_replaced(stage):
    """An address that cannot answer is not consent."""
    stage.issue({stage.ann: 100})
    stage.token.send("setCompliance", person(9), sender=stage.owner)
    with refused("empty", ""):
        stage.move(stage.ann, stage.ben, 1)
    stage.token.send("setCompliance", ZERO, sender=stage.owner)
    stage.move(stage.ann, stage.ben, 1)


def test_H_nobody_is_not_an_agent(stage):
    """The zero address cannot be given power."""
    with refused("ShareToken_InvalidAgent", ZERO):
        stage.token.send("addAgent", ZERO, sender=stage.owner)
    assert stage.token.call("isAgent", ZERO) is False

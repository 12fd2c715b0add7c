"""ERC-3643, ERC-7943, ERC-1643, ERC-7572 and ERC-5267, by their selectors and to their letter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from itertools import permutations

import pyrevm
import pytest
from eth_utils.crypto import keccak

from tests.chainkit import ZERO
from tests.contracts.compliant import Compliant
from tests.contracts.harness import DAY, Harness, person, refused
from tests.contracts.permits import HOLDER, Permit
from tests.model.register import Code

MAX = 2**256 - 1
DEED, TITLE = b"deed".ljust(32, b"\0"), b"title".ljust(32, b"\0")

ERC7943 = {
    "forcedTransfer(address,address,uint256)": "9fc1d0e7",
    "setFrozenTokens(address,uint256)": "ebe45cba",
    "canSend(address)": "2bc06a92",
    "canReceive(address)": "90d370ba",
    "getFrozenTokens(address)": "158b1a57",
    "canTransfer(address,address,uint256)": "e46638e6",
}
RECORD_TOKEN = [
    "balanceOfAt(address,uint256)", "totalSupplyAt(uint256)", "recordTime(uint256)",
]  # fmt: skip
RECORD_RANGES = [
    "defineRange(uint256[],uint256[])", "token()", "recordCount()", "componentsOf(uint256)",
    "isRecordCancelled(uint256)", "claimantOf(address)", "successorOf(address)", "owner()",
    "isAgent(address)",
]  # fmt: skip
ERC3643_TOKEN = [
    "onchainID()",
    "version()",
    "identityRegistry()",
    "compliance()",
    "paused()",
    "isFrozen(address)",
    "getFrozenTokens(address)",
    "setName(string)",
    "setSymbol(string)",
    "setOnchainID(address)",
    "pause()",
    "unpause()",
    "setAddressFrozen(address,bool)",
    "freezePartialTokens(address,uint256)",
    "unfreezePartialTokens(address,uint256)",
    "setIdentityRegistry(address)",
    "setCompliance(address)",
    "forcedTransfer(address,address,uint256)",
    "mint(address,uint256)",
    "burn(address,uint256)",
    "recoveryAddress(address,address,address)",
    "batchTransfer(address[],uint256[])",
    "batchForcedTransfer(address[],address[],uint256[])",
    "batchMint(address[],uint256[])",
    "batchBurn(address[],uint256[])",
    "batchSetAddressFrozen(address[],bool[])",
    "batchFreezePartialTokens(address[],uint256[])",
    "batchUnfreezePartialTokens(address[],uint256[])",
    "addAgent(address)",
    "removeAgent(address)",
    "isAgent(address)",
    "owner()",
    "transferOwnership(address)",
    "name()",
    "symbol()",
    "decimals()",
    "totalSupply()",
    "balanceOf(address)",
    "allowance(address,address)",
    "transfer(address,uint256)",
    "transferFrom(address,address,uint256)",
    "approve(address,uint256)",
]
ERC3643_REGISTRY = [
    "identityStorage()",
    "issuersRegistry()",
    "topicsRegistry()",
    "setIdentityRegistryStorage(address)",
    "setClaimTopicsRegistry(address)",
    "setTrustedIssuersRegistry(address)",
    "registerIdentity(address,address,uint16)",
    "deleteIdentity(address)",
    "updateCountry(address,uint16)",
    "updateIdentity(address,address)",
    "batchRegisterIdentity(address[],address[],uint16[])",
    "contains(address)",
    "isVerified(address)",
    "identity(address)",
    "investorCountry(address)",
    "addAgent(address)",
    "removeAgent(address)",
    "isAgent(address)",
    "owner()",
    "transferOwnership(address)",
]
OTHERS = [
    "getDocument(bytes32)",
    "setDocument(bytes32,string,bytes32)",
    "removeDocument(bytes32)",
    "getAllDocuments()",
    "contractURI()",
    "eip712Domain()",
    "nonces(address)",
    "DOMAIN_SEPARATOR()",
    "supportsInterface(bytes4)",
    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
]
TOKEN_EVENTS = {
    "Transfer(address,address,uint256)": 2,
    "Approval(address,address,uint256)": 2,
    "UpdatedTokenInformation(string,string,uint8,string,address)": 3,
    "IdentityRegistryAdded(address)": 1,
    "ComplianceAdded(address)": 1,
    "RecoverySuccess(address,address,address)": 3,
    "AddressFrozen(address,bool,address)": 3,
    "TokensFrozen(address,uint256)": 1,
    "TokensUnfrozen(address,uint256)": 1,
    "Paused(address)": 0,
    "Unpaused(address)": 0,
    "AgentAdded(address)": 1,
    "AgentRemoved(address)": 1,
    "OwnershipTransferred(address,address)": 2,
    "ForcedTransfer(address,address,uint256)": 2,
    "Frozen(address,uint256)": 1,
    "DocumentUpdated(bytes32,string,bytes32)": 1,
    "DocumentRemoved(bytes32,string,bytes32)": 1,
    "ContractURIUpdated()": 0,
    "EIP712DomainChanged()": 0,
}
REGISTRY_EVENTS = {
    "IdentityRegistered(address,address)": 2,
    "IdentityRemoved(address,address)": 2,
    "IdentityUpdated(address,address)": 2,
    "CountryUpdated(address,uint16)": 2,
    "AgentAdded(address)": 1,
    "AgentRemoved(address)": 1,
}


def selector(signature: str) -> bytes:
    """The first four bytes of the hash of a signature."""
    return keccak(text=signature)[:4]


def dispatched(kit, contract: str, signature: str) -> bool:
    """Whether the runtime code compares with the selector: PUSH4, or shorter for leading zeros."""
    digits = selector(signature).lstrip(b"\0")
    return bytes([0x5F + len(digits)]) + digits in kit.codec.artifacts[contract].runtime


def interface_id(signatures: Iterable[str]) -> bytes:
    """ERC-165: the selectors of an interface's own functions, added without carrying."""
    parts = (int.from_bytes(selector(signature), "big") for signature in signatures)
    return reduce(lambda a, b: a ^ b, parts).to_bytes(4, "big")


# ------------------------------------------------------------------------ by selector


@pytest.mark.parametrize(
    ("interface", "known"),
    [
        ("3edbb4c4", True),
        ("ffffffff", False),
        ("29388973", False),
        ("01ffc9a7", True),
        ("36372b07", True),
        ("9d8ff7da", True),
    ],
)
def test_the_token_knows_the_final_erc7943_and_not_the_draft(harness, interface, known):
    """ERC-165: the id of the Final text, not of the interface with `canTransact`; and of ERC-20,
    and of ERC-2612."""
    assert harness.token.call("supportsInterface", bytes.fromhex(interface)) is known


def test_whatever_has_records_says_so(harness):
    """A share token and its ranges, by ERC-165; only the ranges are ranges."""
    ranges = harness.kit.deploy("RecordRanges", harness.token.address)
    for contract in (harness.token, ranges):
        assert contract.call("supportsInterface", bytes.fromhex("01ffc9a7")) is True
        assert contract.call("supportsInterface", interface_id(RECORD_TOKEN)) is True
        assert contract.call("supportsInterface", b"\xff" * 4) is False
    assert ranges.call("supportsInterface", interface_id(RECORD_RANGES)) is True
    assert harness.token.call("supportsInterface", interface_id(RECORD_RANGES)) is False


def test_the_id_of_erc7943_is_the_sum_of_its_selectors():
    """Six functions, and no other, make 0x3edbb4c4."""
    assert {name: selector(name).hex() for name in ERC7943} == ERC7943
    assert interface_id(ERC7943) == bytes.fromhex("3edbb4c4")


@pytest.mark.parametrize("signature", sorted({*ERC3643_TOKEN, *ERC7943, *OTHERS}))
def test_every_function_of_the_standards_is_in_the_token(kit, signature):
    """ERC-3643, ERC-7943 and the smaller ones: the runtime code looks for each selector."""
    assert dispatched(kit, "ShareToken", signature)


@pytest.mark.parametrize("signature", ERC3643_REGISTRY)
def test_every_function_of_the_standard_is_in_the_registry(kit, signature):
    """A tool written for an ERC-3643 registry finds each function."""
    assert dispatched(kit, "InvestorRegistry", signature)


def test_a_function_that_is_not_there_would_be_missed(kit):
    """The search itself can fail."""
    assert not dispatched(kit, "ShareToken", "canTransact(address)")


@pytest.mark.parametrize(
    ("contract", "events"), [("ShareToken", TOKEN_EVENTS), ("InvestorRegistry", REGISTRY_EVENTS)]
)
def test_every_event_of_the_standards_is_there_with_its_indexed_parts(kit, contract, events):
    """Name, types and what can be searched for."""
    reported = {
        f"{entry['name']}({','.join(item['type'] for item in entry['inputs'])})": sum(
            item["indexed"] for item in entry["inputs"]
        )
        for entry in kit.codec.artifacts[contract].abi
        if entry["type"] == "event"
    }
    assert reported | events == reported


def test_the_token_fits(kit):
    """The limit of the chain is 24,576 bytes; some are left."""
    assert len(kit.codec.artifacts["ShareToken"].runtime) <= 24_000


def test_the_rules_and_the_registry_say_what_they_are(kit):
    """ERC-165 of both, by which a token tells them from an ERC-3643 deployment's."""
    harness = Compliant(kit)
    for contract in (harness.rules, harness.registry):
        assert contract.call("supportsInterface", bytes.fromhex("01ffc9a7")) is True
        assert contract.call("supportsInterface", b"\xff" * 4) is False


# ----------------------------------------------------------------- ERC-7943, behaviour


def test_the_frozen_amount_overwrites_and_may_exceed_the_balance(harness):
    """`setFrozenTokens` is absolute; both families of events tell of it."""
    token, ann, agent = harness.token, harness.ann, harness.agent
    harness.issue({ann: 100})
    receipt = token.send("setFrozenTokens", ann, 150, sender=agent)
    assert receipt.events == (
        ("Frozen", {"account": ann, "amount": 150}),
        ("TokensFrozen", {"userAddress": ann, "amount": 150}),
    )
    receipt = token.send("setFrozenTokens", ann, 40, sender=agent)
    assert receipt.events == (
        ("Frozen", {"account": ann, "amount": 40}),
        ("TokensUnfrozen", {"userAddress": ann, "amount": 110}),
    )
    assert token.send("setFrozenTokens", ann, 40, sender=agent).events == (
        ("Frozen", {"account": ann, "amount": 40}),
    )
    assert token.call("getFrozenTokens", ann) == 40
    assert token.call("setFrozenTokens", ann, MAX, sender=agent) is True


@pytest.mark.attack("F2")
def test_nothing_is_unfrozen_while_more_than_the_balance_is_frozen(harness):
    """Unfrozen is never negative, so nothing wraps round."""
    token, ann, ben = harness.token, harness.ann, harness.ben
    harness.issue({ann: 100})
    token.send("setFrozenTokens", ann, MAX, sender=harness.agent)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 1, 0):
        harness.move(ann, ben, 1)
    assert token.call("canTransfer", ann, ben, 1) is False
    assert token.call("canTransfer", ann, ben, 0) is True
    harness.move(ann, ben, 0)
    harness.issue({ann: 7})
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 107, 0):
        harness.move(ann, ben, 107)


def test_an_amount_within_the_unfrozen_part_moves(harness):
    """At the boundary it passes; above it the refusal names amount and unfrozen part."""
    token, ann, ben = harness.token, harness.ann, harness.ben
    harness.issue({ann: 100})
    token.send("setFrozenTokens", ann, 60, sender=harness.agent)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 41, 40):
        harness.move(ann, ben, 41)
    harness.move(ann, ben, 40)
    assert token.call("balanceOf", ann) == token.call("getFrozenTokens", ann) == 60


def test_above_the_balance_the_refusal_is_that_of_erc20(harness):
    """`ERC7943InsufficientUnfrozenBalance` is for amounts within the balance only."""
    harness.issue({harness.ann: 100})
    harness.token.send("setFrozenTokens", harness.ann, 60, sender=harness.agent)
    with refused("ERC7943InsufficientUnfrozenBalance", harness.ann, 100, 40):
        harness.move(harness.ann, harness.ben, 100)
    with refused("ERC20InsufficientBalance", harness.ann, 100, 101):
        harness.move(harness.ann, harness.ben, 101)
    with refused("ERC20InsufficientBalance", harness.ann, 100, 101):
        harness.token.send("forcedTransfer", harness.ann, harness.ben, 101, sender=harness.agent)


def test_a_forced_transfer_takes_frozen_shares_last_and_tells_in_order(harness):
    """`Frozen` before `Transfer` before `ForcedTransfer`; only what is missing is released."""
    token, ann, ben, agent = harness.token, harness.ann, harness.ben, harness.agent
    harness.issue({ann: 100})
    token.send("setFrozenTokens", ann, 60, sender=agent)
    moved = {"from": ann, "to": ben, "value": 40}
    forced = {"from": ann, "to": ben, "amount": 40}
    receipt = token.send("forcedTransfer", ann, ben, 40, sender=agent)
    assert receipt.events == (("Transfer", moved), ("ForcedTransfer", forced))
    receipt = token.send("forcedTransfer", ann, ben, 10, sender=agent)
    assert receipt.events == (
        ("Frozen", {"account": ann, "amount": 50}),
        ("TokensUnfrozen", {"userAddress": ann, "amount": 10}),
        ("Transfer", moved | {"value": 10}),
        ("ForcedTransfer", forced | {"amount": 10}),
    )
    assert token.call("forcedTransfer", ann, ben, 1, sender=agent) is True


def test_a_burn_takes_frozen_shares_last_and_tells_first(harness):
    """The frozen amount is never left above what it was meant for."""
    token, ann, agent = harness.token, harness.ann, harness.agent
    harness.issue({ann: 100})
    token.send("setFrozenTokens", ann, 150, sender=agent)
    receipt = token.send("burn", ann, 30, sender=agent)
    assert [name for name, _ in receipt.events] == ["Frozen", "TokensUnfrozen", "Transfer"]
    assert token.call("getFrozenTokens", ann) == 120


@pytest.mark.attack("F2")
def test_a_forced_transfer_to_oneself_unfreezes_nothing(harness):
    """What stays with its holder stays frozen."""
    token, ann, agent = harness.token, harness.ann, harness.agent
    harness.issue({ann: 100})
    token.send("setFrozenTokens", ann, 60, sender=agent)
    receipt = token.send("forcedTransfer", ann, ann, 100, sender=agent)
    assert [name for name, _ in receipt.events] == ["Transfer", "ForcedTransfer"]
    assert token.call("getFrozenTokens", ann) == 60
    assert token.call("balanceOf", ann) == 100


@pytest.mark.attack("F3")
def test_a_forced_transfer_uses_no_allowance(harness):
    """Neither is one asked for, nor is one that exists used up."""
    harness.issue({harness.ann: 100})
    harness.token.send("approve", harness.agent, 5, sender=harness.ann)
    harness.token.send("forcedTransfer", harness.ann, harness.ben, 50, sender=harness.agent)
    assert harness.token.call("allowance", harness.ann, harness.agent) == 5


def test_a_transfer_can_be_allowed_though_balance_and_allowance_are_short(kit):
    """`canTransfer` is about permission: the largest number too is a matter of the balance."""
    for harness in (Harness(kit), Compliant(kit), Compliant(kit, maxHolders=5, minHolding=1)):
        for amount in (1, 2**96, MAX):
            assert harness.token.call("canTransfer", harness.ann, harness.ben, amount) is True


def test_a_frozen_wallet_neither_sends_nor_receives(harness):
    """`isFrozen` makes both false; so does the other party's freeze for the transfer."""
    token, ann, ben = harness.token, harness.ann, harness.ben
    assert (token.call("canSend", ann), token.call("canReceive", ann)) == (True, True)
    token.send("setAddressFrozen", ann, True, sender=harness.agent)
    assert (token.call("canSend", ann), token.call("canReceive", ann)) == (False, False)
    assert token.call("canTransfer", ann, ben, 1) is False
    assert token.call("canTransfer", ben, ann, 1) is False


def test_nobody_and_the_token_itself_cannot_receive(harness):
    """What a transfer refuses, the views refuse."""
    for nowhere in (ZERO, harness.token.address):
        assert harness.token.call("canReceive", nowhere) is False
        assert harness.token.call("canTransfer", harness.ann, nowhere, 1) is False


@pytest.mark.attack("C1")
@pytest.mark.parametrize("eligible", [True, False])
def test_no_rules_let_shares_go_to_nobody_or_to_their_own_token(kit, eligible):
    """Whatever they say of the receiver, and whether or not they count and lock."""
    for settings in ({}, {"lockUp": DAY}, {"maxHolders": 9} if eligible else {}):
        harness = Compliant(kit, eligible=eligible, **settings)
        harness.token.send("setIdentityRegistry", ZERO, sender=harness.owner)
        harness.know({harness.token.address: 77 | 276 << 48 | (2**48 - 1) << 72})
        harness.issue({harness.ann: 10})
        kit.now += 3 * DAY
        for nowhere in (ZERO, harness.token.address):
            for amount in (0, 1):
                with refused("ERC20InvalidReceiver", nowhere):
                    harness.move(harness.ann, nowhere, amount)
                with refused("ERC20InvalidReceiver", nowhere):
                    harness.force(harness.ann, nowhere, amount)
        assert harness.held(harness.ann, harness.token.address) == [10, 0]


def test_a_pause_stops_transfers_and_not_the_parties(harness):
    """`canTransfer` includes the pause."""
    harness.token.send("pause", sender=harness.agent)
    assert harness.token.call("canTransfer", harness.ann, harness.ben, 1) is False
    assert harness.token.call("canSend", harness.ann) is True
    assert harness.token.call("canReceive", harness.ben) is True


def test_can_receive_is_what_a_forced_transfer_goes_by(kit):
    """A forced transfer reverts for whoever `canReceive` refuses, however rules and registry are
    set: both of one registry, rules alone, a registry beside rules that do not ask it.
    """
    for eligible in (True, False):
        for registered in (True, False):
            harness = Compliant(kit, known=False, eligible=eligible)
            if not registered:
                harness.token.send("setIdentityRegistry", ZERO, sender=harness.owner)
            asks = eligible or registered
            assert harness.token.call("canReceive", harness.ben) is not asks
            assert harness.token.call("canTransfer", harness.ann, harness.ben, 0) is not asks
            before = harness.kit.evm.snapshot()
            if not asks:
                harness.force(harness.ann, harness.ben, 0)
            elif eligible:
                with refused("TransferRules_Refused", int(Code.NOT_ELIGIBLE), 0, harness.kit.now):
                    harness.force(harness.ann, harness.ben, 0)
            else:
                with refused("ERC7943CannotReceive", harness.ben):
                    harness.force(harness.ann, harness.ben, 0)
            harness.kit.evm.revert(before)


MOODS = ["agreeing", "denying", "reverting", "burning", "speechless", "garbling", "bombing",
         "bombing as reason", "overstating", "miscoding", "truncating"]  # fmt: skip
BROKEN = MOODS[2:]


@pytest.fixture
def wilful(kit):
    """Answers as the test says."""
    return kit.deploy("WilfulCallee")


@pytest.mark.attack("F5")
@pytest.mark.parametrize("ours", [True, False], ids=["ours", "foreign"])
@pytest.mark.parametrize("mood", BROKEN)
def test_the_views_answer_whatever_the_rules_do(harness, wilful, mood, ours):
    """Reverting, burning gas, saying nothing, garbage or a megabyte: it means no, and is told."""
    token, ann, ben = harness.token, harness.ann, harness.ben
    harness.issue({ann: 100})
    wilful.send("setMood", 0, ours)
    token.send("setCompliance", wilful.address, sender=harness.owner)
    wilful.send("setMood", MOODS.index(mood), ours)
    assert token.call("canSend", ann) is True
    assert token.call("canTransfer", ann, ben, 1) is False
    assert token.call("explain", ann, ben, 1) == (((int(Code.RULES_FAILED), 0, 0),), 0)
    token.send("setCompliance", ZERO, sender=harness.owner)
    harness.move(ann, ben, 100)


@pytest.mark.attack("F5")
@pytest.mark.parametrize("mood", BROKEN)
def test_the_views_answer_whatever_the_registry_does(harness, wilful, mood):
    """Nobody can receive while the registry fails; the owner can take it away."""
    token, ann, ben = harness.token, harness.ann, harness.ben
    harness.issue({ann: 100})
    token.send("setIdentityRegistry", wilful.address, sender=harness.owner)
    assert token.call("canReceive", ben) is True
    wilful.send("setMood", MOODS.index(mood), False)
    assert token.call("canSend", ann) is True
    assert token.call("canReceive", ben) is False
    assert token.call("canTransfer", ann, ben, 1) is False
    assert token.call("explain", ann, ben, 1) == (((int(Code.NOT_ELIGIBLE), 0, 0),), 0)
    assert token.call("claimantOf", ann) == ann
    token.send("setIncomeHeld", True, sender=harness.owner)
    assert token.call("claimantOf", ann) == ZERO
    token.send("setIdentityRegistry", ZERO, sender=harness.owner)
    harness.move(ann, ben, 100)


@pytest.mark.attack("F5")
def test_the_views_answer_where_there_is_no_code(harness, wilful):
    """Rules that have destroyed themselves say nothing, and that is no consent."""
    token, ann, ben = harness.token, harness.ann, harness.ben
    wilful.send("setMood", 0, False)
    token.send("setCompliance", wilful.address, sender=harness.owner)
    harness.kit.evm.insert_account_info(wilful.address, pyrevm.AccountInfo(nonce=1, code=b""))
    with refused("ERC7943CannotTransfer", ann, ben, 1):
        harness.move(ann, ben, 1)
    assert token.call("canTransfer", ann, ben, 1) is False
    assert token.call("explain", ann, ben, 1) == (((int(Code.RULES_FAILED), 0, 0),), 0)
    token.send("setIdentityRegistry", person(9), sender=harness.owner)
    assert token.call("canReceive", ben) is False
    assert token.call("canTransfer", ann, ben, 1) is False


@pytest.mark.parametrize("ours", [True, False], ids=["ours", "foreign"])
def test_rules_that_deny_without_reverting_are_believed(harness, wilful, ours):
    """An answer of false is a refusal, for the view and for the transfer."""
    harness.issue({harness.ann: 100})
    wilful.send("setMood", 0, ours)
    harness.token.send("setCompliance", wilful.address, sender=harness.owner)
    assert harness.token.call("canTransfer", harness.ann, harness.ben, 1) is True
    harness.move(harness.ann, harness.ben, 1)
    wilful.send("setMood", MOODS.index("denying"), ours)
    assert harness.token.call("canTransfer", harness.ann, harness.ben, 1) is False
    with refused("ERC7943CannotTransfer", harness.ann, harness.ben, 1):
        harness.move(harness.ann, harness.ben, 1)


# ----------------------------------------------------------------- documents, metadata


def test_a_document_is_set_replaced_read_and_removed(harness):
    """ERC-1643: address, hash and time of the last change."""
    token, owner = harness.token, harness.owner
    document = {"name": DEED, "uri": "ipfs://deed", "documentHash": TITLE}
    assert token.call("getDocument", DEED) == ("", b"\0" * 32, 0)
    receipt = token.send("setDocument", DEED, "ipfs://deed", TITLE, sender=owner)
    assert receipt.events == (("DocumentUpdated", document),)
    assert token.call("getDocument", DEED) == ("ipfs://deed", TITLE, harness.kit.now)
    token.send("setDocument", TITLE, "ipfs://title", DEED, sender=owner)
    assert token.call("getAllDocuments") == (DEED, TITLE)
    harness.kit.now += DAY
    token.send("setDocument", DEED, "ipfs://second", TITLE, sender=owner)
    assert token.call("getDocument", DEED) == ("ipfs://second", TITLE, harness.kit.now)
    assert token.call("getAllDocuments") == (DEED, TITLE)
    receipt = token.send("removeDocument", DEED, sender=owner)
    assert receipt.events == (("DocumentRemoved", document | {"uri": "ipfs://second"}),)
    assert token.call("getAllDocuments") == (TITLE,)
    assert token.call("getDocument", DEED) == ("", b"\0" * 32, 0)
    assert token.call("getDocument", TITLE) == ("ipfs://title", DEED, harness.kit.now - DAY)
    token.send("removeDocument", TITLE, sender=owner)
    assert token.call("getAllDocuments") == ()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_documents_go_in_any_order_and_leave_the_others(harness, order):
    """The last takes the place of the one that goes, and is found there afterwards."""
    names = [bytes([n]).rjust(32, b"\0") for n in (1, 2, 3)]
    for name in names:
        harness.token.send("setDocument", name, "ipfs://", TITLE, sender=harness.owner)
    for gone, place in enumerate(order, start=1):
        harness.token.send("removeDocument", names[place], sender=harness.owner)
        left = {names[p] for p in order[gone:]}
        assert set(harness.token.call("getAllDocuments")) == left
        assert {name for name in names if harness.token.call("getDocument", name)[2]} == left


def test_a_document_without_an_address_and_one_that_is_not_there_are_refused(harness):
    """Each with the name that was given."""
    with refused("Documents_Empty", DEED):
        harness.token.send("setDocument", DEED, "", TITLE, sender=harness.owner)
    with refused("Documents_Unknown", DEED):
        harness.token.send("removeDocument", DEED, sender=harness.owner)


def test_the_metadata_of_the_contract_can_be_changed(harness):
    """ERC-7572."""
    assert harness.token.call("contractURI") == ""
    receipt = harness.token.send("setContractURI", "ipfs://meta", sender=harness.owner)
    assert receipt.events == (("ContractURIUpdated", {}),)
    assert harness.token.call("contractURI") == "ipfs://meta"


def test_permits_follow_a_change_of_name(harness):
    """ERC-5267 tells the new domain; a permit of the old name is void, one of the new is good."""
    token = harness.token
    harness.issue({HOLDER.address: 100})
    permit = Permit(token, HOLDER.address, harness.ben, 30, 0, harness.kit.now + DAY)
    receipt = token.send("setName", "Quay Street 7", sender=harness.owner)
    information = {
        "newName": keccak(text="Quay Street 7"),
        "newSymbol": keccak(text="HARB"),
        "newDecimals": 0,
        "newVersion": "1",
        "newOnchainID": ZERO,
    }
    assert ("UpdatedTokenInformation", information) in receipt.events
    assert ("EIP712DomainChanged", {}) in receipt.events
    assert token.call("eip712Domain")[1] == token.call("name") == "Quay Street 7"
    with refused("ERC2612InvalidSigner", HOLDER.address):
        permit.send(permit.signed())
    renamed = replace(permit, name="Quay Street 7")
    renamed.send(renamed.signed())
    assert token.call("allowance", HOLDER.address, harness.ben) == 30


def test_symbol_and_identity_change_with_an_event_and_leave_permits_alone(harness):
    """Only the name is part of the domain."""
    before = harness.token.call("DOMAIN_SEPARATOR")
    receipt = harness.token.send("setSymbol", "QUAY", sender=harness.owner)
    reported = receipt.named("UpdatedTokenInformation")[0]
    assert reported["newSymbol"] == keccak(text="QUAY")
    receipt = harness.token.send("setOnchainID", person(3), sender=harness.owner)
    assert receipt.named("UpdatedTokenInformation")[0]["newOnchainID"] == person(3)
    assert (harness.token.call("symbol"), harness.token.call("onchainID")) == ("QUAY", person(3))
    assert harness.token.call("DOMAIN_SEPARATOR") == before


# --------------------------------------------------------------------------- batches


BATCHES = {
    "batchTransfer": ("address", "uint256"),
    "batchMint": ("address", "uint256"),
    "batchBurn": ("address", "uint256"),
    "batchSetAddressFrozen": ("address", "bool"),
    "batchFreezePartialTokens": ("address", "uint256"),
    "batchUnfreezePartialTokens": ("address", "uint256"),
}


@pytest.mark.parametrize(("left", "right"), [(2, 1), (1, 2), (0, 1), (1, 0)])
@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_of_unequal_lists_is_refused(harness, name, left, right):
    """Each batch function, with both lengths."""
    values = [True if BATCHES[name][1] == "bool" else 1] * right
    with refused("ShareToken_LengthMismatch", left, right):
        harness.token.send(name, [harness.ann] * left, values, sender=harness.agent)


@pytest.mark.parametrize(
    ("lengths", "reported"),
    [
        ((2, 1, 1), (2, 1)),
        ((1, 2, 1), (2, 1)),
        ((1, 1, 2), (1, 2)),
        ((0, 0, 1), (0, 1)),
    ],
)
def test_a_batch_of_forced_transfers_of_unequal_lists_is_refused(harness, lengths, reported):
    """Three lists, of which two are compared with the amounts."""
    givers, receivers, amounts = ([harness.ann] * lengths[0], [harness.ben] * lengths[1],
                                  [0] * lengths[2])  # fmt: skip
    with refused("ShareToken_LengthMismatch", *reported):
        harness.token.send("batchForcedTransfer", givers, receivers, amounts, sender=harness.agent)


def test_every_batch_is_so_many_single_calls(harness):
    """The same events in the same order."""
    token, ann, ben, agent = harness.token, harness.ann, harness.ben, harness.agent
    harness.issue({ann: 100, ben: 100})

    def both(batch, single, *lists):
        before = harness.kit.evm.snapshot()
        together = token.send(batch, *lists, sender=agent).events
        harness.kit.evm.revert(before)
        apart = [
            token.send(single, *args, sender=agent).events for args in zip(*lists, strict=True)
        ]
        assert together == sum(apart, ())

    both("batchFreezePartialTokens", "freezePartialTokens", [ann, ben, ann], [1, 2, 3])
    both("batchUnfreezePartialTokens", "unfreezePartialTokens", [ann, ben], [1, 1])
    both("batchForcedTransfer", "forcedTransfer", [ann, ben], [ben, harness.cid], [98, 150])
    both("batchBurn", "burn", [ben, ann], [10, 2])
    both("batchSetAddressFrozen", "setAddressFrozen", [ann, ben, ann], [True, True, False])

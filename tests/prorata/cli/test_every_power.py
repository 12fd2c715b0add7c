"""Every function that changes something can be reached by a command, or is named with the reason.

The functions are those of the ABIs. A command reaches one if a module that it loads calls the
method that encodes it.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import click
import pytest

from prorata.chain.artifacts import artifact
from prorata.cli.main import cli
from prorata.toolchain.paths import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "prorata"
OWNED = {
    "acceptOwnership": "ownership accept",
    "transferOwnership": "ownership offer",
    "addAgent": "agents add",
    "removeAgent": "agents remove",
}

COMMANDS = {
    "ShareToken": {
        **OWNED,
        "approve": "approve",
        "batchMint": "issue",
        "burn": "burn",
        "cancelRecords": "record cancel",
        "forcedTransfer": "force-transfer",
        "pause": "pause",
        "recoveryAddress": "recover",
        "removeDocument": "documents remove",
        "scheduleRecord": "record",
        "setAddressFrozen": "freeze",
        "setCompliance": "rules change",
        "setContractURI": "settings metadata",
        "setDocument": "documents set",
        "setFrozenTokens": "freeze",
        "setHoldsContract": "settings holds-contract",
        "setIdentityRegistry": "registry change",
        "setIncomeHeld": "settings income-waits",
        "setName": "settings name",
        "setOnchainID": "settings identity",
        "setSymbol": "settings symbol",
        "transfer": "transfer",
        "transferFrom": "transfer",
        "unpause": "unpause",
    },
    "InvestorRegistry": {
        **OWNED,
        "bindToken": "registry bind",
        "confirmLoss": "loss confirm",
        "count": "registry count",
        "deleteIdentity": "registry remove",
        "register": "register",
        "unbindToken": "registry unbind",
        "undoLoss": "registry undo-loss",
    },
    "WithholdingPolicy": {
        **OWNED,
        "certify": "tax certify",
        "revoke": "tax revoke",
        "setRates": "tax rates",
        "snapshot": "tax snapshot",
    },
    "DividendVault": {
        "claim": "claim",
        "declare": "distribute",
        "declareWithPermit": "distribute",
        "fixEligible": "distribute",
        "push": "distribute",
        "pushWithGas": "distribute",
        "refund": "refund",
        "remit": "remit",
        "setPayee": "payee set",
        "sweep": "sweep",
    },
    "ClaimRelayer": {"cancel": "instruct", "execute": "claim"},
    "PassThrough": {
        "forward": "pass-through",
        "returnUnheld": "pass-through",
        "returnUnmatched": "pass-through",
    },
    "RecordRanges": {"defineRange": "record-range"},
    "TradeSettlement": {
        "cancel": "order cancel",
        "cancelBelow": "order cancel",
        "fill": "order fill",
        "fillWithPermits": "order fill",
        "post": "order post",
        "settle": "trade settle",
        "settleWithPermits": "trade settle",
        "cancelTrades": "trade cancel",
    },
    "Holds": {
        "hold": "hold place",
        "claim": "hold claim",
        "deliver": "hold deliver",
        "redirect": "hold redirect",
        "release": "hold release",
        "voidHold": "hold void",
        "setKeeper": "hold keeper",
        "holdFor": "hold for",
        "deliverKept": "hold deliver-kept",
        "letGo": "hold let-go",
        "takeBack": "hold take-back",
        "voidKept": "hold void",
    },
    "CallAuction": {
        "open": "offer open",
        "cancel": "offer cancel",
        "close": "offer close",
        "closeAt": "redeem window close",
        "accept": "offer accept",
        "fail": "offer settle",
        "entitle": "offer entitle",
        "place": "subscribe",
        "placeWithPermit": "subscribe",
        "placeFor": "subscribe",
        "withdraw": "offer withdraw",
        "cancelNonce": "offer withdraw",
        "strike": "offer strike",
        "restore": "offer strike",
        "settle": "offer settle",
        "deliver": "offer settle",
        "refund": "offer settle",
        "returnShares": "offer return",
        "payPrincipal": "offer settle",
        "take": "offer take",
        "takeTo": "offer take",
        "sweep": "offer sweep",
    },
    "CallSettlement": {},
    "ShareExchange": {
        "open": "exchange open",
        "fund": "exchange fund",
        "drain": "exchange drain",
        "setPrice": "redeem price",
        "exchange": "exchange now",
        "exchangeWithPermit": "exchange now",
        "exchangeFor": "exchange for",
        "cancelNonce": "exchange cancel-request",
        "carryOut": "exchange carry-out",
        "take": "exchange take",
        "takeTo": "exchange take",
        "endHold": "exchange end-hold",
        "endKept": "exchange end-hold",
        "sweep": "exchange sweep",
        "close": "exchange close",
        "cancel": "exchange cancel",
    },
    "Ballot": {
        "convene": "meeting convene",
        "cancel": "meeting cancel",
        "vote": "meeting vote",
        "voteSplit": "meeting split",
        "castMany": "meeting bring",
        "appoint": "meeting appoint",
        "appointFor": "meeting bring",
        "declare": "meeting declare",
    },
    "RecordVotes": {},
    "TransferRules": {},
    "LockUps": {},
    "FlatTax": {},
    "Dollar": {"approve": "approve", "mint": "deploy"},
    "PrimaryReinvestment": {},
}
"""By contract, the command that reaches each function."""

MANY = "many of what a command does one by one, with a reason for each"
BY_CONTRACT = "a contract calls it, and nobody else may"
STANDARD = "ERC-3643's way of saying what `{}` says"
THE_OTHER_HALF = "the other half of `CallAuction`, which calls it with its own storage"
REASONS = {
    "CallAuction": {
        "placeWithAuthorization": "a currency's own wallets sign that (ERC-3009); `subscribe` has "
        "permits",
        "withdrawFor": "who can sign can send, and `offer withdraw` does",
    },
    "CallSettlement": dict.fromkeys(
        (
            *("withdraw", "withdrawFor", "strike", "restore", "settle", "deliver", "refund"),
            *("returnShares", "payPrincipal", "take", "takeTo", "sweep"),
        ),
        THE_OTHER_HALF,
    ),
    "Ballot": dict.fromkeys(
        ("requisition", "setRequisition"),
        "holders sign terms in their wallets (EIP-712), and no command gathers these yet",
    ),
    "ShareToken": {
        "batchBurn": MANY,
        "batchForcedTransfer": MANY,
        "batchFreezePartialTokens": MANY,
        "batchSetAddressFrozen": MANY,
        "batchTransfer": MANY,
        "batchUnfreezePartialTokens": MANY,
        "deliver": BY_CONTRACT,
        "hold": BY_CONTRACT,
        "release": BY_CONTRACT,
        "freezePartialTokens": STANDARD.format("freeze --amount"),
        "unfreezePartialTokens": STANDARD.format("freeze --amount"),
        "mint": "`issue` sends a batch, of one if need be",
        "permit": "who was approved by a signature sends it; `approve` needs none",
    },
    "InvestorRegistry": {
        "batchRegisterIdentity": STANDARD.format("register"),
        "registerIdentity": STANDARD.format("register"),
        "updateCountry": STANDARD.format("register"),
        "updateIdentity": "identity contracts are of no use to this registry",
        "handOver": BY_CONTRACT,
        "move": BY_CONTRACT,
        "recover": BY_CONTRACT,
    },
    "DividendVault": {
        "claimTo": "the claim relayer and smart wallets call it; `instruct` signs the same",
    },
    "PassThrough": {"forwardOne": "the contract itself calls it, one at a time, in `forward`"},
    "TransferRules": dict.fromkeys(("authorize", "book", "recover", "replacedBy"), BY_CONTRACT),
    "LockUps": dict.fromkeys(("acquired", "recovered", "reduced"), BY_CONTRACT),
    "Dollar": dict.fromkeys(("transfer", "transferFrom"), "worthless money, to rehearse with"),
    "PrimaryReinvestment": {
        "onIncome": BY_CONTRACT,
        "takeBack": "an example of a hook, which no command deploys",
    },
}
"""By contract, why a function has no command."""

POWERS = [(contract, name) for contract, named in COMMANDS.items() for name in named]


def changing(contract: str) -> set[str]:
    """The functions of a contract that change something."""
    entries = (entry for entry in artifact(contract).abi if entry["type"] == "function")
    return {e["name"] for e in entries if e["stateMutability"] not in ("view", "pure")}


def test_every_contract_that_can_be_deployed_is_looked_at():
    """Linked libraries that are deployed of themselves have no function that changes anything."""
    files = (PACKAGE / "artifacts").glob("*.json")
    names = {path.stem for path in files} - {"compiler", "standard-input"}
    deployable = {name for name in names if artifact(name).bytecode}
    assert {name for name in deployable if changing(name)} <= set(COMMANDS)


@pytest.mark.parametrize("contract", COMMANDS)
def test_every_function_has_a_command_or_a_reason(contract):
    """And none has both."""
    reached, excused = set(COMMANDS[contract]), set(REASONS.get(contract, {}))
    assert reached | excused == changing(contract)
    assert not reached & excused


def leaf(path: str) -> click.Command:
    """The command of this name."""
    command: click.Command = cli
    for word in path.split():
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None, path
        command = found
    return command


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def methods() -> dict[tuple[str, str], set[str]]:
    """Which methods of the wrappers encode a function, by contract; `` for those of many."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in (PACKAGE / "contracts").glob("*.py"):
        for wrapper in (n for n in tree_of(path).body if isinstance(n, ast.ClassDef)):
            contract = next(
                (
                    str(ast.literal_eval(line.value))
                    for line in wrapper.body
                    if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "CONTRACT"
                ),
                "",
            )
            for method in (n for n in wrapper.body if isinstance(n, ast.FunctionDef)):
                for name in written(method):
                    found.setdefault((contract, name), set()).add(method.name)
    return found


def written(method: ast.FunctionDef) -> set[str]:
    """The functions that a method encodes a call of."""
    calls = (node for node in ast.walk(method) if isinstance(node, ast.Call))
    return {
        str(ast.literal_eval(call.args[0]))
        for call in calls
        if ast.unparse(call.func) == "self._write" and isinstance(call.args[0], ast.Constant)
    }


@cache
def reach(module: str) -> frozenset[Path]:
    """Every module of the package that one loads, itself included; wrappers are left out."""
    done: set[Path] = set()
    waiting = [module]
    while waiting:
        place = PROJECT_ROOT / Path(*waiting.pop().split("."))
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if path in done or not path.exists() or path.parent == PACKAGE / "contracts":
            continue
        done.add(path)
        waiting.extend(imported(path))
    return frozenset(done)


@cache
def imported(path: Path) -> tuple[str, ...]:
    """The modules of the package that one imports from."""
    nodes = (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ImportFrom))
    named_modules = (str(node.module) for node in nodes)
    return tuple(module for module in named_modules if module.startswith("prorata."))


@cache
def named(path: Path) -> frozenset[str]:
    """The methods that a module names, of whatever object: to call them, or to have them called."""
    nodes = ast.walk(tree_of(path))
    return frozenset(node.attr for node in nodes if isinstance(node, ast.Attribute))


@pytest.mark.parametrize(("contract", "name"), POWERS)
def test_the_command_reaches_the_function(contract, name):
    """A module that the command loads calls what encodes it."""
    path = COMMANDS[contract][name]
    command = leaf(path)
    assert command.callback is not None
    known = methods()
    encoding = known.get((contract, name), set()) | known.get(("", name), set())
    assert encoding, f"no wrapper encodes {contract}.{name}"
    module = command.callback
    while hasattr(module, "__wrapped__"):
        module = module.__wrapped__
    loaded = reach(module.__module__)
    callers = [p for p in loaded if encoding & named(p)]
    assert callers, f"`prorata {path}` calls none of {encoding}"


def test_every_reason_is_a_sentence():
    """Of a few words at least."""
    for reasons in REASONS.values():
        assert all(len(reason.split()) > 3 for reason in reasons.values())

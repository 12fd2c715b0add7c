# SPDX-License-Identifier: MIT
"""Holds for a secret: placed, claimed, delivered, redirected and released, each once.

Every refusal that can be known beforehand is a sentence, and the chain decides in the end. The
name of a hold, its id, names its steps in the journal: the same hold is placed once and ended once,
however often a command runs.

Whoever claims shows the secret, to the node already when it estimates the gas. So a claim is looked
at from all sides before the secret is used for anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from prorata.chain.abi import topics_of
from prorata.chain.calls import Call, decode_log
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.rpc import BusyError
from prorata.chain.steps import Intent, Receipt
from prorata.chain.types import Chain
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Hold, Holds, HoldState
from prorata.contracts.rules import Code, Explanation, Refusal
from prorata.contracts.share_token import ShareToken
from prorata.deployments.changes import Change, make_change
from prorata.deployments.create2 import creation_block
from prorata.errors import ChainError, InputError, RevertError
from prorata.market.hold_secrets import lock_of
from prorata.market.validity import require_validity
from prorata.register.refusals import Transfer, check_transfer, explain_in_words
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.times import moment

__all__ = [
    "Ended",
    "Placed",
    "amount_of",
    "beside_what_is_held",
    "claim_hold",
    "deliver_hold",
    "is_appointed",
    "place_hold",
    "redirect_hold",
    "refusals_of",
    "release_hold",
    "require_appointed",
    "require_state",
    "wallet_of",
]

DELIVERY_GAS = 600_000
"""For the delivery in a claim: a claim succeeds without it, so that no estimate counts it."""


@dataclass(frozen=True)
class Placed:
    """A hold that is open, or was; `approval` is what let the contract take it into its care."""

    id: bytes
    receipt: Receipt
    approval: Receipt | None
    in_custody: bool


@dataclass(frozen=True)
class Ended:
    """What became of a hold: `state` now, and the transaction that did it."""

    state: HoldState
    receipt: Receipt


# ---------------------------------------------------------------------------------- what tokens say


def is_appointed(chain: Chain, asset: str, holds: str) -> bool:
    """Whether a token has appointed the contract, so that shares are locked where they are.

    Raises: ChainError.
    """
    try:
        return ShareToken(chain, asset).holds_contract() == holds
    except BusyError:
        raise
    except ChainError:
        # An ERC-20 of another make has no such question.
        return False


def require_appointed(asset: Currency, holds: str, *, custody: bool) -> bool:
    """Whether the asset is locked where it is; shares that would be moved need a word more.

    Raises: InputError for shares whose token has not appointed the contract, unless `custody`.
    """
    if is_appointed(asset.chain, asset.address, holds):
        return True
    if asset.is_share_token() and not custody:
        raise InputError.of(
            "asset",
            asset.unit.symbol,
            f"has not appointed the contract {holds}, so that shares would move into its care: "
            "their income and votes would be that contract's and not their holder's, and its "
            "rules must let it hold them",
            f"let the owner of the token run `prorata settings holds-contract {holds}`, or give "
            "--custody",
        )
    return False


def refusals_of(chain: Chain, terms: Hold) -> list[str]:
    """Why a token would not deliver a hold now, a sentence each; none of one that has no rules.

    Raises: ChainError.
    """
    asset = Currency(chain, terms.asset)
    if not asset.is_share_token():
        return []
    owner, to = (wallet_of(chain, terms.asset, account) for account in (terms.owner, terms.to))
    explained = ShareToken(chain, terms.asset).explain(owner, to, terms.amount)
    refusals, unit = beside_what_is_held(explained), asset.unit
    transfer = Transfer(owner, to, terms.amount, unit.symbol, unit.decimals)
    return explain_in_words(refusals, transfer)


def beside_what_is_held(explained: Explanation) -> tuple[Refusal, ...]:
    """Why a token refuses, but for a frozen amount: what is held counts so, and is delivered."""
    return tuple(one for one in explained.refusals if one.code is not Code.AMOUNT_FROZEN)


def amount_of(chain: Chain, terms: Hold) -> str:
    """What a hold is about, as people read it: `100 HARB12`.

    Raises: ChainError.
    """
    unit = Currency(chain, terms.asset).unit
    return f"{unit.amount(terms.amount).text} {unit.symbol}"


def _worded(call: Call, label: str) -> Call:
    return replace(call, label=label)


def wallet_of(chain: Chain, asset: str, account: str) -> str:
    """The wallet that stands in the place of `account`: itself, unless the token knows a successor.

    Raises: ChainError.
    """
    try:
        return ShareToken(chain, asset).successor_of(account)
    except BusyError:
        raise
    except ChainError:
        return account


# ------------------------------------------------------------------------------------------ placing


def place_hold(operator: Operator, holds: Holds, terms: Hold, *, custody: bool = False) -> Placed:
    """Hold what the account owns, for a secret; of what is not locked where it is, approve first.

    Raises: InputError when the contract or the token would refuse it; what `Operator.send` raises.
    """
    operator.settle()
    hold_id, said = holds.id_of(terms), amount_of(operator.chain, terms)
    call = _worded(holds.hold(terms), f"hold {said} for {terms.to} until {moment(terms.until)}")
    name = hold_id.hex()
    key, approving = f"hold/place/{name}", f"hold/approve/{name}"
    approval = operator.earlier(approving)
    if (receipt := operator.earlier(key, call)) is None:
        asset = Currency(operator.chain, terms.asset)
        _require_new(operator, holds, terms, hold_id)
        locked = require_appointed(asset, holds.address, custody=custody)
        _require_there(asset, holds, terms, locked=locked)
        if not locked and asset.allowance(terms.owner, holds.address) < terms.amount:
            approve = asset.approve(holds.address, terms.amount)
            approve = _worded(approve, f"let the holds contract take {said}")
            approval = operator.send_one(approving, approve)
        receipt = operator.send_one(key, call)
    _, in_custody = holds.state_of(hold_id)
    return Placed(hold_id, receipt, approval, in_custody)


def _require_new(operator: Operator, holds: Holds, terms: Hold, hold_id: bytes) -> None:
    if operator.address != terms.owner:
        rule = f"is not {terms.owner}, whose it is"
        raise InputError.of("account", operator.address, rule, "use that account")
    if terms.to in (terms.owner, holds.address, terms.asset, ZERO_ADDRESS):
        rule = "is the owner, or no wallet that could use it"
        raise InputError.of("to", terms.to, rule, "name who is to have it if the secret is shown")
    if terms.amount == 0:
        raise InputError.of("amount", "0", "is nothing", "say how much is held")
    require_validity("until", terms.until, operator.chain.now())
    state, _ = holds.state_of(hold_id)
    if state is not HoldState.NONE:
        rule = f"names a hold that is there already, and is {state.label}"
        raise InputError.of("terms", f"0x{hold_id.hex()}", rule, "give another --nonce or --lock")
    if (other := _open_with(operator.chain, holds, terms)) is not None:
        rule = f"is the lock of the hold 0x{other.hex()} of the same asset, which is open"
        remedy = "one secret would open both: make another, or release that one first"
        raise InputError.of("lock", f"0x{terms.lock.hex()}", rule, remedy)


def _open_with(chain: RpcChain, holds: Holds, terms: Hold) -> bytes | None:
    """An open hold of the same owner, asset and lock, if there is one."""
    [topic] = topics_of(holds.CONTRACT, "Held")
    asset, owner = (bytes.fromhex(word[2:]).rjust(32, b"\0") for word in (terms.asset, terms.owner))
    first, last = creation_block(chain, holds.address), chain.block().number
    logs = chain.logs([holds.address], first, last, [topic, None, asset, owner])
    events = (event for event in map(decode_log, logs) if event is not None)
    same = [e.args["id"] for e in events if bytes(e.args["terms"]["lock"]) == terms.lock]
    states = holds.states_of(same) if same else []
    alive = (i for i, (state, _) in zip(same, states, strict=True) if state is HoldState.OPEN)
    return next(alive, None)


def _require_there(asset: Currency, holds: Holds, terms: Hold, *, locked: bool) -> None:
    """What is to be held is there and free."""
    unit, held = asset.unit, asset.balance_of(terms.owner)
    free = held
    if locked:
        free = max(held - ShareToken(asset.chain, asset.address).frozen_tokens(terms.owner), 0)
    if free < terms.amount:
        wanted, there = unit.amount(terms.amount).text, unit.amount(free).text
        rule = f"of {unit.symbol} are more than the {there} of {terms.owner} that are free"
        raise InputError.of("amount", wanted, rule, "hold less, or wait until more is free")
    if not locked and asset.is_share_token():
        token = ShareToken(asset.chain, asset.address)
        check = check_transfer(token, terms.owner, holds.address, terms.amount)
        if not check.passes:
            rule, _, remedy = check.sentences[0].partition("; ")
            raise InputError.of("amount", unit.amount(terms.amount).text, rule, remedy)


# ----------------------------------------------------------------------------------------- claiming


def claim_hold(operator: Operator, holds: Holds, terms: Hold, secret: bytes) -> Ended:
    """Show the secret of a hold in time. If the token refuses the delivery now, the claim stands.

    Raises: InputError when it is not the secret, or too late; what `Operator.send` raises.
    """
    operator.settle()
    hold_id = holds.id_of(terms)
    key = f"hold/claim/{hold_id.hex()}"
    if (receipt := operator.earlier(key)) is None:
        if lock_of(secret) != terms.lock:
            rule = f"is the lock of the hold, and the secret is of 0x{lock_of(secret).hex()}"
            raise InputError.of("secret", f"0x{terms.lock.hex()}", rule, "give the right secret")
        require_state(holds, hold_id, HoldState.OPEN)
        if (now := operator.chain.now()) > terms.until:
            rule = f"was the last second for it, and the chain's time is {moment(now)}"
            remedy = f"nobody can claim it any more: {terms.owner} may release it"
            raise InputError.of("until", moment(terms.until), rule, remedy)
        label = f"claim {amount_of(operator.chain, terms)} for {terms.to}"
        call = _worded(holds.claim(terms, secret), label)
        intent = Intent(key, call, extra_gas=DELIVERY_GAS)
        [receipt] = operator.send([intent])
    return Ended(holds.state_of(hold_id)[0], receipt)


def deliver_hold(operator: Operator, holds: Holds, terms: Hold) -> Ended:
    """Deliver a claimed hold that the token refused before. Anyone may.

    Raises: InputError when it was not claimed, or the token still refuses; what `Operator.send`
    raises.
    """
    operator.settle()
    hold_id = holds.id_of(terms)
    key = f"hold/deliver/{hold_id.hex()}"
    if (receipt := operator.earlier(key)) is None:
        require_state(holds, hold_id, HoldState.CLAIMED)
        try:
            label = f"deliver {amount_of(operator.chain, terms)} to {terms.to}"
            receipt = operator.send_one(key, _worded(holds.deliver(terms), label))
        except RevertError as error:
            raise _still_refused(holds, terms, hold_id, error) from None
    return Ended(holds.state_of(hold_id)[0], receipt)


def _still_refused(
    holds: Holds, terms: Hold, hold_id: bytes, error: RevertError
) -> InputError | RevertError:
    """Why a token refuses a delivery, in its own words where it has some."""
    if error.error != "Holds_Refused":
        return error
    redirected = holds.redirected_to(hold_id)
    going = terms if redirected == ZERO_ADDRESS else replace(terms, to=redirected)
    said = (refusals_of(holds.chain, going) or ["the token refuses it; ask its issuer"])[0]
    rule, _, remedy = said.partition("; ")
    rule = f"cannot be delivered yet: {rule}"
    amount = amount_of(holds.chain, terms)
    return InputError.of("amount", amount, rule, f"{remedy}; the claim stands")


def redirect_hold(operator: Operator, holds: Holds, terms: Hold, other: str) -> Change:
    """Name another wallet of the receiver for a claimed hold that cannot be delivered.

    Raises: InputError when the account is not the receiver, or it was not claimed; what
    `Operator.send` raises.
    """
    operator.settle()
    hold_id = holds.id_of(terms)
    done = holds.redirected_to(hold_id) == other
    if not done:
        require_state(holds, hold_id, HoldState.CLAIMED)
        to = wallet_of(operator.chain, terms.asset, terms.to)
        if operator.address != to:
            rule = f"is not {to}, for whom it is held"
            raise InputError.of("account", operator.address, rule, "use that account")
    key = f"hold/redirect/{hold_id.hex()}/{other}"
    return make_change(operator, key, holds.redirect(terms, other), done=done)


# ------------------------------------------------------------------------------------------- ending


def release_hold(operator: Operator, holds: Holds, terms: Hold) -> Ended:
    """End a hold without a delivery: its owner once the time is over, its receiver at any time.

    Raises: InputError when the account may not, or not yet; what `Operator.send` raises.
    """
    operator.settle()
    hold_id = holds.id_of(terms)
    key = f"hold/release/{hold_id.hex()}"
    if (receipt := operator.earlier(key)) is None:
        _require_releasable(operator, holds, terms, hold_id)
        label = f"release {amount_of(operator.chain, terms)} to {terms.owner}"
        receipt = operator.send_one(key, _worded(holds.release(terms), label))
    return Ended(holds.state_of(hold_id)[0], receipt)


def _require_releasable(operator: Operator, holds: Holds, terms: Hold, hold_id: bytes) -> None:
    state, _ = holds.state_of(hold_id)
    owner, to = (
        wallet_of(operator.chain, terms.asset, account) for account in (terms.owner, terms.to)
    )
    if operator.address not in (owner, to):
        rule = f"is neither {owner}, whose it is, nor {to}, for whom it is held"
        raise InputError.of("account", operator.address, rule, "use one of these accounts")
    if operator.address == to and state is HoldState.CLAIMED:
        return
    if state is HoldState.CLAIMED:
        rule = "was claimed in time: it is the receiver's now, and waits to be delivered"
        raise InputError.of("terms", f"0x{hold_id.hex()}", rule, "`prorata hold deliver` tries it")
    require_state(holds, hold_id, HoldState.OPEN)
    now = operator.chain.now()
    if operator.address == owner and now <= terms.until:
        rule = (
            f"is the last second at which {to} may claim it, and the chain's time is {moment(now)}"
        )
        remedy = f"release it after that, or let {to} release it"
        raise InputError.of("until", moment(terms.until), rule, remedy)


def require_state(holds: Holds, hold_id: bytes, wanted: HoldState) -> None:
    """Raises: InputError when a hold is not in that state; ChainError."""
    state, _ = holds.state_of(hold_id)
    if state is wanted:
        return
    known = "is not known to the contract" if state is HoldState.NONE else f"is {state.label}"
    rule = f"{known}, and only what is {wanted.label} can be treated so"
    remedy = "`prorata hold list` shows what can be done"
    raise InputError.of("terms", f"0x{hold_id.hex()}", rule, remedy)

# SPDX-License-Identifier: MIT
"""The other leg of a trade across two chains: read there, and held against what was agreed.

Whoever holds second trusts nothing that the first side wrote. The file says where to look; the
chain says what is there. A contract of another make could answer anything, so that only the code
of this version of prorata counts, at the address where it belongs, unless another one is named.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from prorata.chain.artifacts import artifact
from prorata.chain.node import RpcChain
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Hold, Holds, HoldState
from prorata.deployments.create2 import creation_block
from prorata.errors import InputError
from prorata.market.hold_files import HoldFile, require_ours
from prorata.market.hold_list import shown_secret
from prorata.market.hold_secrets import lock_of
from prorata.market.holds import amount_of, is_appointed, refusals_of
from prorata.market.singletons import singleton_address
from prorata.market.windows import Finality, find_finality
from prorata.values.times import lasting, moment

__all__ = [
    "Counterpart",
    "Expected",
    "find_counterpart",
    "find_secret",
    "holds_of",
    "require_expected",
    "require_final",
]

POLL_SECONDS = 5.0


@dataclass(frozen=True)
class Expected:
    """What was agreed that the other side holds: the asset, the amount in its smallest unit."""

    asset: str
    amount: int
    receiver: str


@dataclass(frozen=True)
class Counterpart:
    """A hold on another chain that is open, final, and what was agreed."""

    file: HoldFile
    holds: Holds
    finality: Finality

    @property
    def terms(self) -> Hold:
        """What is held there."""
        return self.file.terms


def holds_of(chain: RpcChain, file: HoldFile, named: str | None, option: str) -> Holds:
    """The contract that a file of terms is of, if it is one of ours.

    Raises: InputError when it is another one, or other code; ChainError.
    """
    expected = named or singleton_address(Holds.CONTRACT)
    require_ours_here(chain, file, expected, option)
    return Holds(chain, expected)


def require_ours_here(chain: RpcChain, file: HoldFile, expected: str, option: str) -> None:
    """Check the code behind a contract before anything that it answers is believed.

    Raises: InputError; ChainError.
    """
    if file.contract == expected and not artifact(Holds.CONTRACT).is_code(chain.code(expected)):
        found = "has other code than this version of prorata" if chain.code(expected) else "is none"
        rule = f"{found} on chain {chain.chain_id}, so that nothing it says can be believed"
        remedy = f"use the version of prorata that the other side uses; see --{option}"
        raise InputError.of("contract", expected, rule, remedy)
    require_ours(file, chain, expected)


def find_counterpart(
    chain: RpcChain,
    file: HoldFile,
    expected: Expected,
    *,
    after: int | None = None,
    named: str | None = None,
) -> Counterpart:
    """The other leg, once it is open, final and as agreed; `after` as in `find_finality`.

    Raises: InputError, in one sentence, when it is not; ChainError.
    """
    holds = holds_of(chain, file, named, "against-contract")
    require_expected(chain, file, expected)
    finality = find_finality(chain, after, "against-final-after")
    require_final(holds, file, finality)
    require_deliverable(holds, file)
    return Counterpart(file, holds, finality)


def require_expected(chain: RpcChain, file: HoldFile, expected: Expected) -> None:
    """Check that a hold is what was agreed.

    Raises: InputError; ChainError.
    """
    terms = file.terms
    if terms.asset != expected.asset:
        rule = f"is what the other side holds, and {expected.asset} was expected"
        raise InputError.of("asset", terms.asset, rule, "do not go on: ask what was agreed")
    if terms.amount != expected.amount:
        unit = Currency(chain, terms.asset).unit
        wanted = f"{unit.amount(expected.amount).text} {unit.symbol}"
        rule = f"{unit.symbol} is what the other side holds, and {wanted} was expected"
        remedy = "do not go on: ask what was agreed"
        raise InputError.of("amount", unit.amount(terms.amount).text, rule, remedy)
    if terms.to != expected.receiver:
        rule = f"is for whom the other side holds, and {expected.receiver} was expected"
        raise InputError.of("to", terms.to, rule, "do not go on: ask for a hold for that account")


def require_final(holds: Holds, file: HoldFile, finality: Finality) -> None:
    """Check that a hold is open now, and was in a block that no reorganisation takes back.

    Raises: InputError; ChainError.
    """
    state, _ = holds.state_of(file.id)
    named, place = f"0x{file.id.hex()}", f"chain {finality.chain_id}"
    if state is not HoldState.OPEN:
        known = "is not known" if state is HoldState.NONE else f"is {state.label}"
        raise InputError.of("terms", named, f"{known} on {place}", "do not go on: it holds nothing")
    before = Holds(holds.chain, holds.address, block=finality.block)
    # Before the contract was there, nothing answers.
    there = bool(holds.chain.code(holds.address, block=finality.block))
    if not there or before.state_of(file.id)[0] is not HoldState.OPEN:
        raise InputError.of(
            "terms",
            named,
            f"is open on {place}, but not in its block {finality.block}, the newest that is final",
            f"wait some {lasting(max(finality.lag, 1))} and run the same command again",
        )


def require_deliverable(holds: Holds, file: HoldFile) -> None:
    """Check that the token would deliver it now: it obeys the contract, and its rules let it.

    Raises: InputError; ChainError.
    """
    _, in_custody = holds.state_of(file.id)
    if not in_custody and not is_appointed(holds.chain, file.terms.asset, holds.address):
        rule = f"no longer obeys the contract {holds.address} that holds it"
        remedy = "do not go on: it cannot be delivered"
        raise InputError.of("asset", file.terms.asset, rule, remedy)
    for sentence in refusals_of(holds.chain, file.terms):
        rule, _, remedy = sentence.partition("; ")
        amount = amount_of(holds.chain, file.terms)
        raise InputError.of("against", amount, f"would not be delivered now: {rule}", remedy)


# --------------------------------------------------------------------------------------- the secret


def find_secret(
    chain: RpcChain,
    file: HoldFile,
    ours: Hold,
    *,
    ours_lag: int,
    after: int | None = None,
    named: str | None = None,
    patience: float = 0.0,
    margin: int = 3_600,
    tell: Callable[[str], None] = lambda _: None,
    now: Callable[[], int] = lambda: 0,
) -> bytes:
    """The secret that the claim of our own hold has shown on the other chain, once that is final.

    It is waited for `patience` seconds. But when our claim has no time left for that, by the time
    of its own chain that `now` gives, the secret is used at once: it is out.

    Raises: InputError when nobody has claimed, or the claim is not final yet; ChainError.
    """
    holds = holds_of(chain, file, named, "from-contract")
    if file.terms.lock != ours.lock:
        rule = f"is the lock there, and 0x{ours.lock.hex()} is the lock here: it is another trade"
        raise InputError.of("from", f"0x{file.terms.lock.hex()}", rule, "give the hold against it")
    deadline, since = time.monotonic() + patience, creation_block(chain, holds.address)
    while True:
        shown = shown_secret(holds, file.id, since)
        if shown is not None and lock_of(shown[0]) != ours.lock:
            rule = "was claimed with another secret than the lock's"
            raise InputError.of("from", f"0x{file.id.hex()}", rule, "ask another node")
        finality = find_finality(chain, after, "from-final-after")
        if shown is not None and shown[1] <= finality.block:
            return shown[0]
        if shown is not None and now() + finality.lag + ours_lag + margin > ours.until:
            tell(
                f"the claim on chain {chain.chain_id} is not final yet, but there is no time to "
                "wait for that"
            )
            return shown[0]
        if time.monotonic() >= deadline:
            break
        time.sleep(min(POLL_SECONDS, max(deadline - time.monotonic(), 0.05)))
    named_hold = f"0x{file.id.hex()}"
    if shown is None:
        rule = f"was not claimed on chain {chain.chain_id}, so that its secret is not known"
        remedy = (
            f"wait until it is; after {moment(file.terms.until)} nobody can claim it, and its "
            "owner releases it"
        )
        raise InputError.of("from", named_hold, rule, remedy)
    rule = (
        f"was claimed in block {shown[1]} of chain {chain.chain_id}, which is not final: that is "
        f"block {finality.block}"
    )
    remedy = f"wait some {lasting(max(finality.lag, 1))}, or give --patience"
    raise InputError.of("from", named_hold, rule, remedy)

# SPDX-License-Identifier: MIT
"""Pools: what a custodian, a wrapper or an escrow is owed, assigned to its own holders.

A pool's own record token says for whom it holds. `add_pass_through` deploys the contract that
forwards the pool's income; `name_as_payee` names it as the payee. `forward` then finds every
distribution in which the pool has income and, for each, the record of the pool's token that closes
at the same second (or the record range that weighs the same seconds alike), and forwards it. What
falls on a second at which that token has no record can only go back to the pool.

What somebody has claimed for the pool before is in the contract already. The contract cannot know
from which distribution, the chain's events do: only such payments are forwarded as went there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from prorata.chain.abi import decode_error, topics_of
from prorata.chain.events import find_events
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent
from prorata.contracts.pass_through import PassThrough
from prorata.contracts.record_ranges import Component, RecordRanges
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution, DividendVault
from prorata.deployments.deployer import add_contract
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, DeploymentError, InputError, RevertError
from prorata.values.addresses import ZERO_ADDRESS

__all__ = [
    "Forwarded",
    "Forwarding",
    "Returned",
    "add_pass_through",
    "forward",
    "name_as_payee",
    "pass_through",
]

# So many usual ones fit a transaction, and leave room for one that uses all it may.
BATCH = 20

_NO_RECORD = "the pool's token has no record at its second; return it to the pool"
_NO_HOLDER = "nobody held the pool's token at its second; return it to the pool"
_NO_STREAM = (
    "the pool has no record range that weighs the same seconds alike; define it for its token"
)
_NOTHING_DUE = "nothing of it is due to the pool now"

Components: TypeAlias = list[tuple[int, int]]
"""The closing times of a record range's records, with their weights."""


@dataclass(frozen=True)
class Forwarded:
    """One distribution forwarded: as `distribution_id`, with what had arrived."""

    id: int
    distribution_id: int
    currency: str
    amount: int


@dataclass(frozen=True)
class Returned:
    """The pool's income from one distribution, returned to it."""

    id: int
    currency: str
    amount: int


@dataclass(frozen=True)
class Forwarding:
    """What came of forwarding; `refused` says why for each distribution that was left as it was."""

    forwarded: tuple[Forwarded, ...]
    returned: tuple[Returned, ...]
    refused: Mapping[int, str]
    transactions: tuple[str, ...]


@dataclass
class _Sorted:
    """Distributions with income of the pool, by what can be done with it.

    `matched` have the pool's record; `gaps` the record of the distribution, counted in its record
    range, that the pool lacks, and the pool's first record after it; `unheld` the pool's record at
    which nobody held its token; `refused` why nothing can be done.
    """

    matched: dict[int, int] = field(default_factory=dict)
    gaps: dict[int, tuple[int, int]] = field(default_factory=dict)
    unheld: dict[int, int] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


def pass_through(deployment: Deployment, pool: str) -> PassThrough:
    """The contract that forwards what `pool` is owed.

    Raises: DeploymentError when it has none.
    """
    contract = deployment.manifest.contracts.get(_label(pool))
    if contract is None:
        raise DeploymentError(
            f"the pool {pool} has no pass-through here", "deploy it: name its token with --token"
        )
    return PassThrough(deployment.chain, contract.address)


def add_pass_through(
    operator: Operator,
    deployment: Deployment,
    pool: str,
    pool_token: str,
    record_ranges: str = ZERO_ADDRESS,
) -> Deployment:
    """Deploy it for a pool and its token, unless it is there.

    `record_ranges` are those of that token, if it has any.

    Raises: InputError when the token tells no records, or nobody could act for the pool;
    DeploymentError when it has another; what `Operator.send` raises.
    """
    try:
        ShareToken(deployment.chain, pool_token).record_count()
    except ChainError:
        raise InputError.of(
            "token", pool_token, "does not tell its record dates", "give the pool's own share token"
        ) from None
    arguments = [deployment.vault().address, pool, pool_token, record_ranges]
    try:
        return add_contract(operator, deployment, "PassThrough", arguments, _label(pool))
    except RevertError as error:
        if error.error != "PassThrough_NobodyToForward":
            raise
    raise InputError.of(
        "pool",
        pool,
        f"is a contract, and its token {pool_token} has no owner and knows no agents, so that "
        "nobody could forward what a stranger claims for it",
        "give its token an owner, or let an account with a key be the pool",
    )


def name_as_payee(operator: Operator, deployment: Deployment, pool: str) -> None:
    """Name the pass-through as the payee of the pool, which must be the operator's account.

    Raises: InputError when it is not; what `Operator.send` raises.
    """
    contract = pass_through(deployment, pool)
    if operator.address != pool:
        raise InputError.of(
            "account", operator.address, f"is not the pool {pool}", "use the pool's own account"
        )
    operator.settle()
    if not contract.is_registered():
        key = f"register/{contract.address}"
        call = deployment.vault().set_payee(contract.address)
        operator.send_one(f"{key}/{operator.attempts(key)}", call)


def forward(
    operator: Operator,
    deployment: Deployment,
    pool: str,
    ids: Sequence[int] | None = None,
    *,
    give_back: bool = False,
) -> Forwarding:
    """Pass on what `pool` is owed from the distributions `ids`, or from all in which it has income.

    With `give_back`, what can be forwarded to nobody is returned to the pool. Anyone may do this
    for what the pool has not been paid yet; for the rest, the pool itself and whoever speaks for
    its token.

    Raises: InputError when a named distribution does not exist; what `Operator.send` raises.
    """
    contract, vault = pass_through(deployment, pool), deployment.vault("pending")
    operator.settle()
    found = _sorted(deployment, contract, _with_income(deployment, contract, vault, pool, ids))
    if not give_back:
        found.refused |= dict.fromkeys(found.gaps, _NO_RECORD)
        found.refused |= dict.fromkeys(found.unheld, _NO_HOLDER)
    known = {*found.matched, *found.gaps, *found.unheld, *found.refused}
    found.refused |= dict.fromkeys({*(ids or ())} - known, _NOTHING_DUE)
    intents = list(_intents(operator, contract, found, give_back))
    receipts = operator.send(intents)
    forwarded, returned = [], []
    for event in (event for receipt in receipts for event in receipt.events()):
        args = event.args
        if event.name == "Forwarded":
            forwarded.append(
                Forwarded(args["id"], args["distributionId"], args["currency"], args["amount"])
            )
        if event.name == "Returned":
            returned.append(Returned(args["id"], args["currency"], args["amount"]))
        if event.name == "NotForwarded":
            found.refused[args["id"]] = str(decode_error(args["reason"]))
    hashes = tuple(receipt.hash for receipt in receipts)
    return Forwarding(tuple(forwarded), tuple(returned), found.refused, hashes)


def _intents(
    operator: Operator, contract: PassThrough, found: _Sorted, give_back: bool
) -> Iterator[Intent]:
    prefix = f"pass/{contract.address}"
    attempt, numbers = operator.attempts(prefix), sorted(found.matched)
    for start in range(0, len(numbers), BATCH):
        page = numbers[start : start + BATCH]
        call = contract.forward(page, [found.matched[number] for number in page])
        yield Intent(f"{prefix}/{attempt}/{start // BATCH}", call)
    for number, (component, later) in sorted(found.gaps.items()) if give_back else ():
        call = contract.return_unmatched(number, component, later)
        yield Intent(f"{prefix}/{attempt}/return/{number}", call)
    for number, record_id in sorted(found.unheld.items()) if give_back else ():
        call = contract.return_unheld(number, record_id)
        yield Intent(f"{prefix}/{attempt}/return/{number}", call)


def _label(pool: str) -> str:
    return f"PassThrough/{pool}"


# --------------------------------------------------------------------------------------- looking


def _with_income(
    deployment: Deployment,
    contract: PassThrough,
    vault: DividendVault,
    pool: str,
    ids: Sequence[int] | None,
) -> Iterator[Distribution]:
    """Distributions of which the pool's income is due now, or was paid to the contract before."""
    count = vault.distribution_count()
    numbers = list(range(1, count + 1)) if ids is None else sorted(set(ids))
    for number in numbers:
        if not 1 <= number <= count:
            raise InputError.of("id", number, "was never declared", f"give 1 to {count}")
    done = dict(zip(numbers, contract.are_done(numbers), strict=True))
    here = set(_paid_here(deployment, vault, contract.address, pool))
    for number in numbers:
        if not done[number] and (number in here or _is_due(vault, number, pool)):
            yield vault.distribution(number)


def _is_due(vault: DividendVault, number: int, pool: str) -> bool:
    try:
        return vault.claimable(number, pool) > 0
    except ChainError:
        # Of a stranger's token, or under a stranger's tax policy, that does not answer.
        return False


def _paid_here(
    deployment: Deployment, vault: DividendVault, contract: str, pool: str
) -> Iterator[int]:
    """Distributions of which the pool's income was paid to the pass-through before."""
    chain, first = deployment.chain, deployment.manifest.first_block
    last, topics = chain.block().number, topics_of("DividendVault", "Claimed", "ClaimedMany")
    for event in find_events(chain, [vault.address], first, last, topics):
        if event.args["payee"] == contract and event.args["holder"] == pool:
            # A claim of several distributions is told in one event.
            for component in event.args.get("settlements", [event.args]):
                if component["gross"] > component["tax"]:
                    yield int(component["id"])


def _sorted(deployment: Deployment, contract: PassThrough, held: Iterable[Distribution]) -> _Sorted:
    """What can be done with each, by the times of the pool's records and record ranges."""
    chain, found = deployment.chain, _Sorted()
    times = ShareToken(chain, contract.pool_token()).record_times()
    all_components: list[Components] = []
    if (record_ranges := contract.pool_ranges()) != ZERO_ADDRESS:
        all_components = [
            _components_in(components)
            for components in RecordRanges(chain, record_ranges).all_components()
        ]
    for distribution in held:
        number, token = distribution.id, distribution.token
        components = _components_of(RecordRanges(chain, token), distribution.record_id)
        if components is None:
            seconds = [ShareToken(chain, token).record_time(distribution.record_id)]
        else:
            seconds = [closes_at for closes_at, _ in components]
        missing = [component for component, second in enumerate(seconds) if second not in times]
        if missing:
            component = missing[0]
            found.gaps[number] = (component, _next_after(times, seconds[component]))
        elif components is None:
            record_id = times.index(seconds[0]) + 1
            pool_token = ShareToken(chain, contract.pool_token())
            (found.matched if _held(pool_token, record_id) else found.unheld)[number] = record_id
        elif components in all_components:
            range_id = _standing(contract, all_components, components)
            ranges = RecordRanges(chain, record_ranges)
            (found.matched if _held(ranges, range_id) else found.unheld)[number] = range_id
        elif record_ranges == ZERO_ADDRESS:
            # To a contract that knows of no record ranges it is as if there were no record at all.
            found.gaps[number] = (0, 1)
        else:
            found.refused[number] = _NO_STREAM
    return found


def _held(token: ShareToken | RecordRanges, record_id: int) -> bool:
    """Whether somebody held a token at a record; one that never closes is left to the contract."""
    try:
        return token.total_supply_at(record_id) > 0
    except ChainError:
        return True


def _next_after(times: Sequence[int | None], second: int) -> int:
    """The first record after a second that was not cancelled, or the one to come."""
    later = (number for number, time in enumerate(times, 1) if time is not None and time > second)
    return next(later, len(times) + 1)


def _standing(contract: PassThrough, every: Sequence[Components], wanted: Components) -> int:
    """The pool's record range that weighs these seconds alike; a cancelled one if all are."""
    alike = [number for number, components in enumerate(every, 1) if components == wanted]
    ranges = RecordRanges(contract.chain, contract.pool_ranges())
    standing = (number for number in alike[1:] and alike if not ranges.is_record_cancelled(number))
    return next(standing, alike[0])


def _components_in(components: Sequence[Component]) -> Components:
    return [(component.closes_at, component.weight) for component in components]


def _components_of(record_ranges: RecordRanges, range_id: int) -> Components | None:
    """The components of a record range, or None of what is none."""
    try:
        return _components_in(record_ranges.components_of(range_id))
    except ChainError:
        return None

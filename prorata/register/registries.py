# SPDX-License-Identifier: MIT
"""The register that an asset asks: which it is, whose tokens it serves, and its count of persons.

A register can serve several assets of one issuer. It counts the persons of those that are bound to
it and have rules that count; they report lost wallets to it, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

from prorata.chain.abi import topics_of
from prorata.chain.events import find_events
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.rules import TransferRules
from prorata.contracts.share_token import ShareToken
from prorata.deployments.changes import Change, make_change, require_owner
from prorata.deployments.deployment import Deployment
from prorata.deployments.roles import Governed, find_governed
from prorata.errors import ChainError, InputError
from prorata.register.holders import holders_now
from prorata.values.addresses import ZERO_ADDRESS

__all__ = [
    "Counted",
    "bind_token",
    "change_registry",
    "count_holders",
    "counting_register",
    "must_count",
    "remove_wallet",
    "unbind_token",
]

WALLETS_PER_PAGE = 100
LAST_PAGE_GAS = 100_000


@dataclass(frozen=True)
class Counted:
    """Persons counted for the present rules; no receipts where their keeper counted already."""

    persons: int
    receipts: tuple[Receipt, ...]


# ---------------------------------------------------------------------------------- whose tokens


def bind_token(operator: Operator, deployment: Deployment, token: str) -> Change:
    """Let the register count the holders of a token, and take its word for lost wallets.

    Raises: InputError when there is no share token at the address, or the account does not own the
    register; what `Operator.send` raises.
    """
    registry = _owned(operator, deployment)
    if not operator.chain.code(token):
        rule = f"is not a contract on chain {operator.chain.chain_id}"
        raise InputError.of("token", token, rule, "check the address and the network")
    key = f"registry/bind/{registry.address}/{token}"
    return make_change(operator, key, registry.bind_token(token), done=token in registry.tokens())


def unbind_token(operator: Operator, deployment: Deployment, token: str) -> Change:
    """End that, and forget the count of its holders.

    Under rules that count, none of its shares moves from then on.

    Raises: InputError when it never was bound, or the account does not own the register; what
    `Operator.send` raises.
    """
    registry = _owned(operator, deployment)
    key, bound = f"registry/unbind/{registry.address}/{token}", registry.tokens()
    if token not in bound and not operator.attempts(key):
        rule = f"is not bound to the register {registry.address}"
        remedy = f"name one of {', '.join(bound)}" if bound else "nothing needs to be done"
        raise InputError.of("token", token, rule, remedy)
    call = registry.unbind_token(token)
    return make_change(operator, key, call, done=token not in bound)


def remove_wallet(operator: Operator, deployment: Deployment, wallet: str) -> Change:
    """Take a wallet out of the register, which must hold nothing that is counted.

    Raises: InputError when it is not registered or holds shares, or the account is no agent of the
    register; what `Operator.send` raises.
    """
    registry = _kept(operator, deployment)
    key = f"registry/remove/{registry.address}/{wallet}"
    done = registry.investor_of(wallet).person == 0
    if done and not operator.attempts(key):
        rule = f"is not in the register {registry.address}"
        raise InputError.of("wallet", wallet, rule, "nothing needs to be done")
    token = deployment.token()
    if not done and (held := token.balance_of(wallet)):
        unit = deployment.settings.unit
        rule = f"holds {unit.amount(held).text} {unit.symbol}"
        remedy = "let it transfer them first, or end its eligibility with `prorata register`"
        raise InputError.of("wallet", wallet, rule, remedy)
    return make_change(operator, key, registry.delete(wallet), done=done)


# ------------------------------------------------------------------------------------- the count


def counting_register(deployment: Deployment) -> str:
    """The register in which the present rules count persons; zero if they count nobody.

    Raises: ChainError.
    """
    rules = deployment.token().compliance()
    with suppress(ChainError):
        # No rules, or rules of another make, count nobody here.
        return TransferRules(deployment.chain, rules).counts_in()
    return ZERO_ADDRESS


def must_count(deployment: Deployment) -> bool:
    """Whether the present rules count persons and the register has not counted for them.

    Until it has, they refuse every movement.

    Raises: ChainError.
    """
    token = deployment.token()
    counted_in = counting_register(deployment)
    if counted_in == ZERO_ADDRESS:
        return False
    registry = InvestorRegistry(deployment.chain, counted_in)
    return registry.count_keeper(token.address) != token.compliance()


def count_holders(operator: Operator, deployment: Deployment) -> Counted:
    """Count the persons behind all holders, page by page, for the rules that are in force.

    A run that was killed goes on with the page it had come to.

    Raises: InputError when the rules count nobody, a holder is not registered, or the account is
    no agent of the register; what `Operator.send` raises.
    """
    registry, token = _kept(operator, deployment), deployment.token()
    _check_counting(deployment, registry, token)
    receipts: list[Receipt] = []
    if must_count(deployment):
        receipts = operator.send(_pages(registry, token, deployment))
    return Counted(registry.holder_count(token.address), tuple(receipts))


def _pages(registry: InvestorRegistry, token: ShareToken, found: Deployment) -> list[Intent]:
    """The pages for these rules, as often as they were put in force."""
    holders = sorted(holders_now(found), key=lambda wallet: int(wallet, 16))
    _check_registered(registry, holders)
    size, digest = WALLETS_PER_PAGE, sha256("".join(holders).encode()).hexdigest()[:16]
    pages = [holders[start : start + size] for start in range(0, len(holders), size)] or [[]]
    times = _rules_set(found, token)
    # The last page does more than it can be tried for before the others are mined.
    return [
        Intent(
            f"registry/count/{token.compliance()}/{times}/{digest}/{number}",
            registry.count(token.address, page),
            extra_gas=LAST_PAGE_GAS,
        )
        for number, page in enumerate(pages)
    ]


def _rules_set(found: Deployment, token: ShareToken) -> int:
    """How often rules were put in force: each time a count begins anew."""
    chain, topics = found.chain, topics_of("ShareToken", "ComplianceAdded")
    last = chain.block().number
    return len(list(find_events(chain, [token.address], found.manifest.first_block, last, topics)))


def _check_counting(deployment: Deployment, registry: InvestorRegistry, token: ShareToken) -> None:
    symbol = deployment.settings.symbol
    if counting_register(deployment) != registry.address:
        rule = f"has rules that count nobody in the register {registry.address}"
        raise InputError.of("asset", symbol, rule, "nothing needs to be done")
    if token.address not in registry.tokens():
        rule = f"is not bound to the register {registry.address}"
        remedy = f"bind it with `prorata registry bind --token {token.address}`"
        raise InputError.of("asset", symbol, rule, remedy)


def _check_registered(registry: InvestorRegistry, holders: Sequence[str]) -> None:
    known = zip(holders, registry.investors_of(holders), strict=True)
    unknown = [wallet for wallet, investor in known if investor.person == 0]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise InputError.of(
            "holder",
            unknown[0],
            f"holds shares and is not in the register{more}",
            "bring every holder there with `prorata register` first",
        )


# ------------------------------------------------------------------------------- another register


def change_registry(operator: Operator, deployment: Deployment, registry: str) -> Change:
    """Let the token ask another registry who may hold; nobody, by the zero address. Owner only.

    Raises: InputError when there is no registry at the address, or the account does not own the
    token; what `Operator.send` raises.
    """
    operator.settle()
    token = deployment.token()
    require_owner(token, operator.address, f"the token {deployment.settings.symbol}")
    if registry != ZERO_ADDRESS:
        _check_registry(deployment, registry)
    key, done = f"registry/change/{registry}", token.identity_registry() == registry
    return make_change(operator, key, token.set_identity_registry(registry), done=done)


def _check_registry(deployment: Deployment, registry: str) -> None:
    try:
        InvestorRegistry(deployment.chain, registry).is_verified(ZERO_ADDRESS)
    except ChainError:
        rule = f"is no registry of investors on chain {deployment.chain.chain_id}"
        raise InputError.of("to", registry, rule, "check the address and the network") from None


def _owned(operator: Operator, deployment: Deployment) -> InvestorRegistry:
    operator.settle()
    governed = _governed(deployment)
    require_owner(governed.contract, operator.address, governed.called)
    return deployment.registry()


def _kept(operator: Operator, deployment: Deployment) -> InvestorRegistry:
    operator.settle()
    registry, governed = deployment.registry(), _governed(deployment)
    if not registry.is_agent(operator.address):
        rule = f"is no agent of {governed.called}"
        remedy = f"use an agent's account, or let the owner {registry.owner()} add it"
        raise InputError.of("account", operator.address, rule, remedy)
    return registry


def _governed(deployment: Deployment) -> Governed:
    return find_governed(deployment, "registry")

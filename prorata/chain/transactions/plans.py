# SPDX-License-Identifier: MIT
"""Steps checked and priced before anything is signed: a refusal leaves nothing half done."""

from __future__ import annotations

from collections.abc import Sequence

from prorata.chain.node import RpcChain
from prorata.chain.prices import ANY_PRICE, Prices, gwei
from prorata.chain.steps import GAS_LIMIT, Intent, StepPlan
from prorata.errors import ChainError, InputError, ProrataError, RevertError
from prorata.values.amounts import format_units

__all__ = ["check_funds", "check_keys", "explained", "plan_steps", "with_margin"]

# Of an estimate, for state that changes before the transaction is mined.
MARGIN_PERCENT = 20

# How nodes say that no amount of gas they allow is enough.
_MORE_GAS = (
    "exceeds allowance",
    "out of gas",
    "exceeds block gas limit",
    "exceeds the block gas limit",
    "transaction gas limit",
    "gas limit too high",
)
_SMALLER = {
    "issue": "lower --batch",
    "register": "lower --batch",
    "push": "lower --page",
}
"""How a command is told to do less at once, by the first word of its steps' keys."""


def check_keys(intents: Sequence[Intent]) -> None:
    """Raises: InputError for a key that two steps have."""
    seen: set[str] = set()
    for intent in intents:
        if intent.key in seen:
            raise InputError.of("step", intent.key, "occurs twice", "give each step its own key")
        seen.add(intent.key)


def plan_steps(
    chain: RpcChain, address: str, intents: Sequence[Intent], prices: Prices = ANY_PRICE
) -> list[StepPlan]:
    """The gas of every step, after checking that the account can pay for all of them.

    Raises: RevertError, InputError, ChainError.
    """
    if not intents:
        return []
    open_ones = [intent for intent in intents if intent.gas_limit is None]
    estimates = iter(chain.estimate([i.call.question(address) for i in open_ones]))
    plans = []
    for intent in intents:
        given = intent.gas_limit
        gas = _estimated(chain, address, intent, next(estimates)) if given is None else given
        if gas > GAS_LIMIT:
            raise _too_much_gas(intent, gas)
        plans.append(StepPlan(intent, gas))
    check_funds(chain, address, plans, prices)
    return plans


def with_margin(gas: int) -> int:
    """Gas with the margin that a step is given."""
    return gas * (100 + MARGIN_PERCENT) // 100


def check_funds(
    chain: RpcChain, address: str, plans: Sequence[StepPlan], prices: Prices = ANY_PRICE
) -> None:
    """Raises: ChainError when the account could not pay for all of it, or gas costs too much."""
    fees, held = chain.fees(), chain.balance(address)
    if prices.most is not None and prices.most < fees.base:
        raise ChainError(
            f"gas costs {gwei(fees.base)} on chain {chain.chain_id}, more than --max-fee "
            f"{gwei(prices.most)} allows, so nothing was sent",
            "wait until it costs less, or allow more",
        )
    gas = sum(plan.gas for plan in plans)
    needed = gas * prices.offer(fees).most + sum(plan.intent.call.value for plan in plans)
    if held < needed:
        raise ChainError(
            f"the account {address} holds {_ether(held)} on chain {chain.chain_id} "
            f"and this may cost up to {_ether(needed)}, so nothing was sent",
            "fund it or use another account",
        )


def explained(error: RevertError, occasion: str) -> RevertError:
    """The same refusal with the occasion before the meaning."""
    remedy = occasion if error.remedy is None else f"{error.remedy}; {occasion}"
    return RevertError(error.error, error.arguments, remedy)


def _estimated(chain: RpcChain, address: str, intent: Intent, estimate: int | ProrataError) -> int:
    if isinstance(estimate, RevertError):
        raise explained(estimate, f"nothing was sent for the step to {intent.call.label}")
    if isinstance(estimate, ProrataError):
        said = str(estimate).lower()
        if "insufficient funds" in said or any(words in said for words in _MORE_GAS):
            # A node allows no more gas than the account can pay for.
            check_funds(chain, address, [StepPlan(intent, GAS_LIMIT)])
        if any(words in said for words in _MORE_GAS):
            raise _too_much_gas(intent, None)
        raise estimate
    if estimate > GAS_LIMIT:
        raise _too_much_gas(intent, estimate)
    wanted = with_margin(estimate) + intent.extra_gas
    return min(wanted, GAS_LIMIT)


def _too_much_gas(intent: Intent, gas: int | None) -> InputError:
    """The refusal of a step that needs `gas`; None where the node only says that it is too much."""
    remedy = _SMALLER.get(intent.key.split("/")[0], "divide it into smaller steps")
    most = f"than the {GAS_LIMIT:,} that one transaction may use (EIP-7825)"
    if gas is None:
        return InputError.of("step", intent.call.label, f"needs more gas {most}", remedy)
    rule = f"is more {most}, for the step to {intent.call.label}"
    return InputError.of("gas", f"{gas:,}", rule, remedy)


def _ether(wei: int) -> str:
    return f"{format_units(wei, 18, trim=True)} ETH"

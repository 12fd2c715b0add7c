# SPDX-License-Identifier: MIT
"""The contracts that serve every asset of a chain: one of each, at the same address everywhere.

They have no owner, and no constructor arguments but the address of the one that they are built on.
The usual CREATE2 factory puts them where their code and a fixed salt say, so that whoever deploys
first has deployed for all, and nobody keeps an address anywhere: it is computed from the packed
artifacts. Another version of the code has another address; who uses an earlier one names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from prorata.chain.artifacts import artifact
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.chain.types import Chain
from prorata.contracts.base import BoundContract
from prorata.contracts.trade_settlement import TradeSettlement
from prorata.deployments.create2 import require_factory
from prorata.deployments.deployment import keccak_hex
from prorata.deployments.machine import require_machine
from prorata.deployments.market_contracts import (
    CALL_AUCTION,
    CALL_EXPLAINER,
    EXCHANGE_EXPLAINER,
    HOLDS,
    SETTLEMENT,
    SHARE_EXCHANGE,
    packed_singletons,
    singleton_address,
    singleton_call,
)
from prorata.errors import DeploymentError
from prorata.values.addresses import check_address

__all__ = [
    "CALL_AUCTION",
    "CALL_EXPLAINER",
    "EXCHANGE_EXPLAINER",
    "HOLDS",
    "KEEPERS",
    "SETTLEMENT",
    "SHARE_EXCHANGE",
    "SPENDERS",
    "DeployedSingleton",
    "Singleton",
    "deploy_singletons",
    "find_singleton",
    "market_contract",
    "packed_singletons",
    "read_singletons",
    "settlement_at",
    "singleton_address",
    "spender_address",
]

SPENDERS = {
    "settlement": SETTLEMENT,
    "holds": HOLDS,
    "auction": CALL_AUCTION,
    "exchange": SHARE_EXCHANGE,
}
"""What people call them, where an allowance is given."""

KEEPERS = ("auction", "exchange")
"""Those that can keep what somebody lets them hold."""

Wrapper = TypeVar("Wrapper", bound=BoundContract)


@dataclass(frozen=True)
class Singleton:
    """Where a contract of the market belongs, and the hash of the code that is there, if any.

    `is_ours` says whether that is the code of this version of prorata.
    """

    name: str
    address: str
    code_hash: str | None
    is_ours: bool

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "contract": self.name,
            "address": self.address,
            "code_hash": self.code_hash,
            "ours": self.is_ours,
        }


@dataclass(frozen=True)
class DeployedSingleton:
    """A contract of the market that is there now.

    Without a receipt somebody had put it there before, and nothing was sent.
    """

    singleton: Singleton
    receipt: Receipt | None


def read_singletons(chain: Chain) -> list[Singleton]:
    """The contracts of the market as the chain has them.

    Raises: ChainError.
    """
    return [_read(chain, name, singleton_address(name)) for name in packed_singletons()]


def find_singleton(kind: type[Wrapper], chain: Chain, named: str | None = None) -> Wrapper:
    """The contract of a wrapper: where it belongs, or at the address `named`.

    Raises: DeploymentError when there is no code; ChainError.
    """
    name = kind.CONTRACT
    address = named or singleton_address(name)
    if not chain.code(address):
        raise _absent(chain, name, address, usual=named is None)
    return kind(chain, address)


def spender_address(chain: Chain, named: str) -> str:
    """Whom an allowance is for: an address, or a name in `SPENDERS` for the market's contract.

    Raises: InputError for what is neither; DeploymentError when the contract is not there.
    """
    if named not in SPENDERS:
        return check_address("spender", named)
    return market_contract(chain, named)


def market_contract(chain: Chain, called: str) -> str:
    """The contract that people call so, a name in `SPENDERS`, where it belongs.

    Raises: DeploymentError when it is not there.
    """
    address = singleton_address(SPENDERS[called])
    if not chain.code(address):
        raise _absent(chain, SPENDERS[called], address)
    return address


def settlement_at(chain: Chain, named: str | None = None) -> TradeSettlement:
    """The settlement of signed orders and trades, as `find_singleton`."""
    return find_singleton(TradeSettlement, chain, named)


def deploy_singletons(operator: Operator) -> list[DeployedSingleton]:
    """Put the contracts of the market on the chain unless they are there already.

    Raises: DeploymentError when the chain has no CREATE2 factory or does not run Ethereum's
    bytecode; what `Operator.send` raises.
    """
    operator.settle()
    chain = operator.chain
    names = packed_singletons()
    missing = [one.name for one in read_singletons(chain) if one.code_hash is None]
    receipts = {name: operator.earlier(_key(name)) for name in names if name not in missing}
    if missing:
        require_machine(chain)
        require_factory(chain)
        sent = operator.send([Intent(_key(name), singleton_call(name)[0]) for name in missing])
        receipts |= dict(zip(missing, sent, strict=True))
    done = []
    for name in names:
        found = _read(chain, name, singleton_address(name))
        if found.code_hash is None:
            raise DeploymentError(
                f"{name} was deployed, but the chain has no code at {found.address}",
                "run again once the node is in step with the chain",
            )
        done.append(DeployedSingleton(found, receipts[name]))
    return done


def _key(name: str) -> str:
    return f"market/{singleton_address(name)}"


def _read(chain: Chain, name: str, address: str) -> Singleton:
    code = chain.code(address)
    code_hash = keccak_hex(code) if code else None
    return Singleton(name, address, code_hash, artifact(name).is_code(code))


def _absent(chain: Chain, name: str, address: str, *, usual: bool = True) -> DeploymentError:
    remedy = "check the address and the network, or leave it out for the usual one"
    if usual:
        remedy = "`prorata market deploy` puts it there, for everybody"
    return DeploymentError(f"there is no {name} at {address} on chain {chain.chain_id}", remedy)

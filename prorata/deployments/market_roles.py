# SPDX-License-Identifier: MIT
"""What the market's contracts may do where an asset has given them a role, by their code alone.

`CallAuction` is agent of a token only where a call mints, and `ShareExchange` wherever shares are
exchanged; the role would let them do what any agent can, and their code, which cannot change, does
less. Both hold shares by `Holds`, as far as the holder has consented. The other contracts of the
market need no role at a token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prorata.chain.artifacts import artifact
from prorata.chain.types import Chain
from prorata.deployments.market_contracts import (
    CALL_AUCTION,
    SHARE_EXCHANGE,
    packed_singletons,
    singleton_address,
)

__all__ = [
    "AS_AGENT",
    "AS_KEEPER",
    "NO_USE",
    "Keeper",
    "agent_advice",
    "market_contract",
    "market_keepers",
]

AS_AGENT: Final[Mapping[str, str]] = {
    CALL_AUCTION: (
        "issue the lots that a call has allotted, to whom the rules let have them, in calls that "
        "mint and that the token's owner or an agent has opened; burn what a buyer gives back of "
        "them: its code, which cannot change, does no more with the role"
    ),
    SHARE_EXCHANGE: (
        "burn the shares that a holder gives in an exchange, or everybody's after the notice of "
        "one that the token's owner has opened, and move them to its acquirer, against what is "
        "paid in the same transaction or owed; issue the other shares of an exchange: its code, "
        "which cannot change, does no more with the role"
    ),
}
"""What they do with an agent's role, by their names."""

NO_USE = "nothing: its code has no use for the role"

AS_KEEPER: Final[Mapping[str, str]] = {
    CALL_AUCTION: (
        "hold what a seller offers in a call, as far as the seller has consented, deliver it under "
        "the token's rules to the buyers it was allotted to, let it go"
    ),
    SHARE_EXCHANGE: (
        "lock the acquirer's shares until a mandatory exchange is over, hold the other shares of "
        "an exchange and deliver them to its holders, as far as their owners have consented"
    ),
}
"""What they do as keepers of holds, by their names."""

_WHILE: Final[Mapping[str, str]] = {
    CALL_AUCTION: "no call is to mint",
    SHARE_EXCHANGE: "no exchange is open, and none is to be opened",
}


@dataclass(frozen=True)
class Keeper:
    """A contract of the market that holders let keep shares; `may` says what it does with them."""

    name: str
    address: str
    may: str


def market_contract(chain: Chain, account: str) -> str | None:
    """The name of the market's contract that an account is: where it belongs, with our code.

    Raises: ChainError.
    """
    for name in packed_singletons():
        if singleton_address(name) == account and artifact(name).is_code(chain.code(account)):
            return name
    return None


def market_keepers(chain: Chain) -> Iterator[Keeper]:
    """The contracts of the market that keep shares by consent, where the chain has them.

    Raises: ChainError.
    """
    for name, may in AS_KEEPER.items():
        if name in packed_singletons():
            address = singleton_address(name)
            if market_contract(chain, address) is not None:
                yield Keeper(name, address, may)


def agent_advice(name: str, account: str, options: str = "--of token") -> str:
    """What a careful issuer does about a contract of the market that is agent of its token."""
    remove = f"`prorata agents remove {account} {options}`"
    if name not in AS_AGENT:
        return (
            f"{account} is the market's {name} and agent of ShareToken: it needs no role, and its "
            f"code has no use for one; remove it with {remove}"
        )
    return (
        f"{account} is the market's {name} and agent of ShareToken: its code decides what it does "
        f"with the role, and no key of yours can stop it in time but by this; while "
        f"{_WHILE[name]}, remove it with {remove}"
    )

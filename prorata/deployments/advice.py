# SPDX-License-Identifier: MIT
"""What is unwise about the powers over an asset, what follows from it, and what mends it.

Each sentence has three parts: who has which power, what that lets happen, and after a semicolon the
command that changes it. They are about whose money is at stake before anybody else's comes in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.share_token import ShareToken
from prorata.contracts.withholding import WithholdingPolicy
from prorata.deployments.deployment import Deployment
from prorata.deployments.market_roles import agent_advice, market_contract
from prorata.deployments.roles import Roles
from prorata.errors import ChainError, RevertError
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["advice_on"]

OWNER_FOLLOWS: Mapping[str, str] = {
    "ShareToken": "can appoint agents and replace the rules, and so take any holder's shares",
    "InvestorRegistry": "can appoint agents who say who is eligible and whose wallet is whose",
    "WithholdingPolicy": "can withhold all the income of record dates to come",
}
AGENT_FOLLOWS: Mapping[str, str] = {
    "ShareToken": "can issue, burn and force transfers",
    "InvestorRegistry": "can make any holder ineligible, and any wallet a holder's",
    "WithholdingPolicy": "can file certificates for any holder",
}


def advice_on(
    deployment: Deployment, roles: Sequence[Roles], kinds: Mapping[str, str]
) -> Iterator[str]:
    """Sentences about the roles of an asset; `kinds` says what each account is.

    Raises: ChainError.
    """
    for one in roles:
        yield from _on_owner(one, kinds, deployment.manifest.deployer)
        yield from _on_agents(one, deployment.manifest.deployer)
    yield from _on_single_key(roles, kinds)
    yield from _on_lost_wallets(deployment, roles)
    yield from _on_registers(deployment, roles)
    yield from _on_holds_contract(deployment.token(), kinds)
    yield from _on_market_agents(deployment, roles)
    if "Dollar" in deployment.manifest.contracts:
        yield (
            "the asset knows a dollar that anyone can make, so a payment in it is worth nothing; "
            "it is for rehearsals only: deploy without --dollar"
        )


# ------------------------------------------------------------------------------ of one contract


def _on_owner(roles: Roles, kinds: Mapping[str, str], deployer: str) -> Iterator[str]:
    name, options = _name(roles), roles.governed.options
    offer = f"`prorata ownership offer --to 0x… {options}`"
    if kinds.get(roles.owner) == "key":
        yield (
            f"{roles.owner} is owner of {name} with a single key: whoever has it "
            f"{OWNER_FOLLOWS[name]}; offer the ownership to a multisig with {offer}"
        )
    if roles.owner == deployer:
        yield (
            f"{roles.owner} is owner of {name} and deployed it: its key was on the computer that "
            f"ran the commands; hand it over with {offer}"
        )
    if roles.pending != ZERO_ADDRESS:
        yield (
            f"{roles.pending} has not accepted {name}: {roles.owner} owns it until then; let it "
            f"accept with `prorata ownership accept {options}`"
        )


def _on_agents(roles: Roles, deployer: str) -> Iterator[str]:
    name, options = _name(roles), roles.governed.options
    for agent in roles.agents:
        remove = f"`prorata agents remove {agent} {options}`"
        if agent in roles.former_owners:
            yield (
                f"{agent} owned {name} before and is still its agent: it {AGENT_FOLLOWS[name]}; "
                f"let the owner remove it with {remove}"
            )
        elif agent == deployer:
            yield (
                f"{agent} is agent of {name} and deployed it: its key was on the computer that ran "
                f"the commands, and it {AGENT_FOLLOWS[name]}; remove it with {remove}"
            )
    if not roles.agents and name != "WithholdingPolicy":
        yield (
            f"{name} has no agent: nobody can give its daily orders; appoint one with "
            f"`prorata agents add 0x… {options}`"
        )


# ----------------------------------------------------------------------------- of all together


def _on_single_key(roles: Sequence[Roles], kinds: Mapping[str, str]) -> Iterator[str]:
    """One key that can do everything, or enough to take what holders have not been paid yet."""
    places = [(one.owner,) for one in roles] + [one.agents for one in roles if one.agents]
    everywhere = set.intersection(*(set(place) for place in places))
    keys = sorted(account for account in everywhere if kinds.get(account) == "key")
    for key in keys:
        yield (
            f"{key} is a single key with every role: whoever has it can issue shares, take any "
            "holder's and its unpaid income, and nobody else could stop that; give the ownership "
            "to a multisig with `prorata handover --to 0x…`, and the daily orders to another "
            "account with `prorata agents add 0x…`"
        )
    by_name = {_name(one): one for one in roles}
    if "InvestorRegistry" not in by_name:
        return
    both = set(by_name["ShareToken"].agents) & set(by_name["InvestorRegistry"].agents)
    for account in sorted(both - set(keys)):
        yield (
            f"{account} is agent of ShareToken and of InvestorRegistry: it can register a wallet "
            "of its own as a holder's, and give it that holder's shares and unpaid income; take "
            f"one of the two with `prorata agents remove {account} --of registry`"
        )


def _on_lost_wallets(deployment: Deployment, roles: Sequence[Roles]) -> Iterator[str]:
    """A role of a wallet that somebody else may have the key of."""
    for one in roles:
        for role, account in _accounts(one):
            if _is_lost(deployment, one, account):
                yield _lost(one, role, account)


def _is_lost(deployment: Deployment, roles: Roles, account: str) -> bool:
    """Whether the token, or the register that a contract goes by, has it that a wallet is lost."""
    token, contract = deployment.token(), roles.governed.contract
    if token.successor_of(account) != account:
        return True
    asked = token.identity_registry()
    if isinstance(contract, WithholdingPolicy):
        asked = contract.registry()
    # No register, or one of another make, knows nothing of it.
    with suppress(ChainError):
        return InvestorRegistry(deployment.chain, asked).investor_of(account).lost
    return False


def _lost(roles: Roles, role: str, account: str) -> str:
    name, options = _name(roles), roles.governed.options
    if role == "collector":
        return (
            f"{account} is collector of {name} and a lost wallet: what is withheld goes to whoever "
            "has its key; deploy another policy with `prorata tax deploy`, and declare with that"
        )
    mend = {
        "owner": f"offer the ownership to another wallet with `prorata ownership offer {options}`",
        "pending owner": f"offer it to another wallet with `prorata ownership offer {options}`",
        "agent": f"remove it with `prorata agents remove {account} {options}`",
    }
    follows = (
        f"whoever has found its key {AGENT_FOLLOWS[name]}"
        if name == "ShareToken"
        else "its power is void, and comes back when the loss is undone"
    )
    return f"{account} is {role} of {name} and a lost wallet: {follows}; {mend[role]}"


def _on_registers(deployment: Deployment, roles: Sequence[Roles]) -> Iterator[str]:
    token = deployment.token()
    for one in roles:
        contract = one.governed.contract
        if isinstance(contract, InvestorRegistry):
            others = [bound for bound in contract.tokens() if bound != token.address]
            if others:
                yield _shared(contract, others)
        if isinstance(contract, WithholdingPolicy):
            asked, read = token.identity_registry(), contract.registry()
            if ZERO_ADDRESS not in (asked, read) and asked != read:
                yield (
                    f"{one.governed.called} reads the register {read}, and the token asks {asked}: "
                    "who is known there is not taxed by what is known here; deploy another policy "
                    "with `prorata tax deploy`"
                )


def _shared(registry: InvestorRegistry, others: Sequence[str]) -> str:
    listed = ", ".join(others)
    assets = f"another asset, {listed}" if len(others) == 1 else f"{len(others)} others: {listed}"
    return (
        f"the register {registry.address} also serves {assets}: what its agents say of a person "
        "holds for all of them, and all their owners and agents can report wallets of theirs as "
        "lost; look at each with `prorata permissions --deployment …`, and unbind what is not "
        "trusted with `prorata registry unbind --token 0x…`"
    )


def _on_holds_contract(token: ShareToken, kinds: Mapping[str, str]) -> Iterator[str]:
    try:
        account = token.holds_contract()
    except RevertError:
        # A token of an older version has none.
        return
    if kinds.get(account) == "key":
        yield (
            f"{account} may hold shares and is an account with a key: whoever has it can hold any "
            "free shares and deliver them; appoint a contract with "
            "`prorata settings holds-contract 0x…`, or none"
        )


def _on_market_agents(deployment: Deployment, roles: Sequence[Roles]) -> Iterator[str]:
    """A role is needed only while shares are minted by a call, or exchanged."""
    for one in roles:
        for agent in one.agents if _name(one) == "ShareToken" else ():
            if (name := market_contract(deployment.chain, agent)) is not None:
                yield agent_advice(name, agent, one.governed.options)


def _accounts(roles: Roles) -> Iterator[tuple[str, str]]:
    yield "owner", roles.owner
    if roles.pending != ZERO_ADDRESS:
        yield "pending owner", roles.pending
    for agent in roles.agents:
        yield "agent", agent
    if isinstance(roles.governed.contract, WithholdingPolicy):
        yield "collector", roles.governed.contract.collector()


def _name(roles: Roles) -> str:
    return roles.governed.contract.CONTRACT

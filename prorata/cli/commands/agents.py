# SPDX-License-Identifier: MIT
"""Appoint agents, remove them, and list them."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.changes import show_change
from prorata.cli.command import Command, common_options, reading_options
from prorata.cli.parts import part_options
from prorata.cli.session import Session
from prorata.deployments.market_roles import AS_AGENT, NO_USE, market_contract
from prorata.deployments.roles import (
    TOKEN,
    Roles,
    add_agent,
    agents_of,
    all_governed,
    find_governed,
    read_roles,
    remove_agent,
)
from prorata.values.addresses import check_address

ADD = "prorata agents add 0x… --account owner.json"
REMOVE = "prorata agents remove 0x…"


@click.group()
def cli() -> None:
    """Appoint agents, remove them, and list them.

    The token's agents issue, burn, freeze and set record dates; the register's say who is eligible;
    those of a tax policy file certificates. Only the owner appoints them.
    """


@cli.command("add", cls=Command, examples=(ADD, "prorata agents add 0x… --of registry --dry-run"))
@click.argument("agent")
@part_options
@common_options
def add_command(agent: str, part: str, policy: str | None, **options: Any) -> None:
    """Appoint an agent.

    AGENT is its address. Whoever is one already is not appointed again. Of a contract of the
    market it says what that does with the role: nothing, unless a call mints or shares are
    exchanged.
    """
    session, who = Session.of(options), check_address("agent", agent)
    with session.deployed() as (operator, found):
        governed = find_governed(found, part, policy)
        known = market_contract(found.chain, who) if part == TOKEN else None
        if known is not None:
            does = AS_AGENT.get(known, NO_USE)
            session.output.notice(f"{who} is the market's {known}; as an agent it does: {does}")
        change = add_agent(operator, governed, who)
        agents = agents_of(found, governed)
    show_change(session, change, of=part, contract=governed.contract.address, agents=list(agents))


@cli.command("remove", cls=Command, examples=(REMOVE, "prorata agents remove 0x… --of registry"))
@click.argument("agent")
@part_options
@common_options
def remove_command(agent: str, part: str, policy: str | None, **options: Any) -> None:
    """Take an agent's power.

    AGENT is its address. What it did stays done.
    """
    session, who = Session.of(options), check_address("agent", agent)
    with session.deployed() as (operator, found):
        governed = find_governed(found, part, policy)
        change = remove_agent(operator, found, governed, who)
        agents = agents_of(found, governed)
    if not agents:
        session.output.notice(
            f"{governed.called} has no agent now; its owner appoints one with "
            f"`prorata agents add 0x… {governed.options}`"
        )
    show_change(session, change, of=part, contract=governed.contract.address, agents=list(agents))


@cli.command("list", cls=Command, examples=("prorata agents list", "prorata agents list --json"))
@reading_options
def list_command(**options: Any) -> None:
    """List the agents of token, register and tax policies.

    They are read from the chain: whoever was ever appointed is asked for. `prorata permissions`
    shows every other power, too.
    """
    session = Session.of(options)
    with session.reading() as found:
        read = [read_roles(found, governed) for governed in all_governed(found)]
        symbol = found.settings.symbol
        listed = [(one, agent) for one in read for agent in one.agents]
        rows = [
            (one.governed.called, agent, market_contract(found.chain, agent) or _was(one, agent))
            for one, agent in listed
        ]
    session.output.table(f"Agents of {symbol}", ("of", "agent", "is also"), rows)
    session.output.result(
        {
            "agents": [
                {
                    "of": one.governed.called,
                    "contract": one.governed.contract.address,
                    "owner": one.owner,
                    "pending_owner": None if int(one.pending, 16) == 0 else one.pending,
                    "agents": list(one.agents),
                }
                for one in read
            ]
        }
    )


def _was(roles: Roles, agent: str) -> str:
    if agent == roles.owner:
        return "owner"
    return "former owner" if agent in roles.former_owners else ""

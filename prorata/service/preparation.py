# SPDX-License-Identifier: MIT
"""What is prepared for whoever asks over HTTP: by whom, and in which words it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from prorata.errors import NoEligibleShares, RevertError
from prorata.service.deployed import Deployed
from prorata.service.preparing.actions import ACTIONS, Action, Arguments
from prorata.service.preparing.prepared import Prepared, prepare
from prorata.service.problems import Refused

__all__ = ["action_named", "for_account", "refusals_told"]

T = TypeVar("T")


def action_named(name: str) -> Action:
    """The action of that name.

    Raises: Refused when there is none.
    """
    if name not in ACTIONS:
        sentence = f"there is no action {name}"
        raise Refused("not-found", sentence, "see /v1/prepare for all of them", value=name)
    return ACTIONS[name]


async def for_account(
    deployed: Deployed,
    token: str,
    action: Action,
    arguments: Arguments,
    *,
    account: str,
    safe: bool = False,
) -> Prepared:
    """Play an action on the chain as it is now.

    Raises: Refused when there is no such deployment, the contract would refuse, or the node takes
    too long; InputError, ChainError, DeploymentError.
    """
    folder = deployed.folder(token)

    def play() -> Prepared:
        chain = deployed.node()
        return refusals_told(
            lambda: prepare(chain, folder, action, arguments, account=account, safe=safe)
        )

    return await deployed.workers.do(play)


def refusals_told(play: Callable[[], T]) -> T:
    """What `play` returns; what a contract or the law refuses is a fault of what was asked.

    Raises: Refused; whatever else it raises.
    """
    try:
        return play()
    except RevertError as error:
        raise Refused("invalid", error.sentence, error.remedy, value=error.error) from error
    except NoEligibleShares as error:
        raise Refused("invalid", error.sentence, error.remedy) from error

# SPDX-License-Identifier: MIT
"""Taking the role of an agent back from the exchange contract, once nothing needs it any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prorata.chain.operator import Operator
from prorata.contracts.share_exchange import ExchangeStage, ShareExchange
from prorata.contracts.share_token import ShareToken
from prorata.deployments.changes import Change, make_change

__all__ = ["end_agency"]

_RUNNING = (ExchangeStage.NOTICED, ExchangeStage.OPEN)


def end_agency(
    operator: Operator, contract: ShareExchange, exchange_id: int, holders: Sequence[str] = ()
) -> list[Change]:
    """Remove the exchange contract from the agents of both tokens of an exchange that has ended.

    It stays where another exchange needs it, where shares are owed to one of `holders`, and where
    the account does not own the token.

    Raises: what `Operator.send` raises.
    """
    ids = list(range(1, contract.exchange_count() + 1))
    exchanges = contract.exchanges_of(ids)
    running = [one.terms for one in exchanges if one.stage in _RUNNING]
    needed = {token for terms in running for token in (terms.token, terms.other)}
    terms = exchanges[exchange_id - 1].terms
    if any(owing.other_shares for owing in contract.all_owed(exchange_id, list(holders))):
        needed.add(terms.other)
    ended = []
    for address in (terms.token, terms.other):
        token = ShareToken(operator.chain, address, block="pending")
        if address in needed or token.owner() != operator.address:
            continue
        call = token.remove_agent(contract.address)
        call = replace(call, label=f"end the role of the exchange contract in {token.symbol()}")
        key = f"exchange/agent-end/{address}/{contract.address}"
        there = token.is_agent(contract.address)
        ended.append(make_change(operator, key, call, done=not there))
    return ended

# SPDX-License-Identifier: MIT
"""What held shares have brought: untied once the hold, or what a keeper held, has ended."""

from __future__ import annotations

from prorata.chain.operator import Operator
from prorata.contracts.holds import Hold, Holds, HoldState
from prorata.contracts.share_exchange import ShareExchange
from prorata.deployments.changes import Change
from prorata.errors import InputError
from prorata.market.exchanges.carrying import find_exchange
from prorata.market.exchanges.words import units_of
from prorata.values.times import moment

__all__ = ["end_hold", "end_kept"]


def end_hold(operator: Operator, contract: ShareExchange, exchange_id: int, terms: Hold) -> Change:
    """Untie what a hold's shares have brought, once for each hold, as anybody.

    Raises: InputError while the hold is open, or when nothing waits for it; what `Operator.send`
    raises.
    """
    operator.settle()
    exchange = find_exchange(contract, exchange_id)
    holds = Holds(operator.chain, contract.holds())
    hold_id = holds.id_of(terms)
    key = f"exchange/end-hold/{contract.address}/{exchange_id}/{hold_id.hex()}"
    call = contract.end_hold(exchange_id, terms)
    if (receipt := operator.earlier(key)) is not None:
        return Change(call.label, receipt)
    if terms.asset != exchange.terms.token:
        rule = f"is what is held, and exchange {exchange_id} is about {exchange.terms.token}"
        raise InputError.of("hold", terms.asset, rule, "choose its own hold")
    state, now = holds.state_of(hold_id)[0], operator.chain.now()
    if state is HoldState.OPEN and now <= terms.until:
        rule = f"is open until {moment(terms.until)}"
        raise InputError.of("hold", f"0x{hold_id.hex()}", rule, "wait until it has ended")
    _require_tied(operator, contract, exchange_id, terms.owner)
    return Change(call.label, operator.send_one(key, call))


def end_kept(
    operator: Operator,
    contract: ShareExchange,
    exchange_id: int,
    people: tuple[str, str, str],
    shares: int,
) -> Change:
    """Untie what a keeper's shares have brought: for keeper, holder, and who is owed now.

    The keeper does; or, to the holder alone, anybody after the keeper's consent has ended.

    Raises: InputError when the account may not, or nothing waits for it; what `Operator.send`
    raises.
    """
    operator.settle()
    keeper, holder, account = people
    token = find_exchange(contract, exchange_id).terms.token
    whose = f"{contract.address}/{exchange_id}/{keeper}/{holder}/{account}/{shares}"
    key = f"exchange/end-kept/{whose}"
    call = contract.end_kept(exchange_id, keeper, holder, account, shares)
    if (receipt := operator.earlier(key)) is not None:
        return Change(call.label, receipt)
    consent = Holds(operator.chain, contract.holds()).consent_of(keeper, token, holder)
    over = operator.chain.now() > consent.until
    if operator.address != keeper and not (over and account == holder):
        rule = f"is not the keeper {keeper}, whose consent lasts until {moment(consent.until)}"
        remedy = "use that account; or, for the holder alone, wait until then"
        raise InputError.of("account", operator.address, rule, remedy)
    _require_tied(operator, contract, exchange_id, holder)
    return Change(call.label, operator.send_one(key, call))


def _require_tied(
    operator: Operator, contract: ShareExchange, exchange_id: int, holder: str
) -> None:
    owing = contract.owed_to(exchange_id, holder)
    if not owing.held_shares:
        symbol = units_of(operator.chain, contract.exchange_of(exchange_id).terms).shares.symbol
        rule = f"has no {symbol} that were held when exchange {exchange_id} took them"
        raise InputError.of("holder", holder, rule, "nothing waits for the end of a hold")

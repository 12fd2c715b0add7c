# SPDX-License-Identifier: MIT
"""Carrying a mandatory exchange out: everybody's shares, page by page, and an account of it.

Who still has shares is read from the register before anything is sent, and the contract exchanges
nothing twice, so that a run that was killed at any moment is continued by running it again. Shares
that move while pages are under way are looked for once more, until none are left that can be taken.
Those in the dividend vault are another matter: see `vault_shares`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prorata.chain.calls import Event
from prorata.chain.operator import Operator
from prorata.chain.steps import GAS_LIMIT, Intent, Receipt
from prorata.contracts.share_exchange import (
    PAYMENT_GAS,
    Exchange,
    ExchangeStage,
    ShareExchange,
    SkipReason,
)
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError, ProrataError
from prorata.market.exchanges.vault_shares import (
    VaultShares,
    burn_left_over,
    read_vault_shares,
    require_pushed,
)
from prorata.market.exchanges.words import units_of
from prorata.register.enforcement import Basis
from prorata.register.holders import holders_now
from prorata.values.times import moment
from prorata.values.words import counted

__all__ = [
    "LARGEST_PAGE",
    "PAGE_GAS",
    "CarriedOut",
    "exchange_everybody",
    "find_exchange",
    "left_to_take",
]

LARGEST_PAGE = 200
"""Holders in one transaction, where gas allows it."""

PAGE_GAS = 12_000_000
"""What a page may need: below the most that a transaction may, since tokens differ."""

PAGE_RESERVE = PAYMENT_GAS + 100_000
"""Gas beyond the estimate: the contract goes on only while it can offer a payment so much."""

MOST_ROUNDS = 20
"""How often shares that moved meanwhile are looked for."""


@dataclass(frozen=True)
class CarriedOut:
    """What a run did: `skipped` says why for each holder whose shares were not taken.

    `vault` has the shares that stay in the dividend vault.
    """

    exchanged: int
    skipped: Mapping[str, SkipReason]
    receipts: tuple[Receipt, ...]
    vault: VaultShares


@dataclass
class _Run:
    """What has been sent so far, and what came of it."""

    operator: Operator
    contract: ShareExchange
    id: int
    skipped: dict[str, SkipReason] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    exchanged: int = 0

    def take(self, events: Iterable[Event]) -> None:
        """Count what a page did.

        Raises: InputError where it stopped for want of money.
        """
        for event in events:
            if event.args.get("id") != self.id:
                continue
            if event.name == "Exchanged":
                self.exchanged += 1
                self.skipped.pop(event.args["holder"], None)
            elif event.name == "Skipped":
                self.skipped[event.args["holder"]] = SkipReason(event.args["reason"])


def find_exchange(contract: ShareExchange, exchange_id: int) -> Exchange:
    """An exchange as it stands.

    Raises: InputError when there is none of that number; ChainError.
    """
    count = contract.exchange_count()
    if not 1 <= exchange_id <= count:
        known = f"there are exchanges 1 to {count}" if count else "there is none yet"
        rule = f"is no exchange: {known}"
        raise InputError.of("exchange", exchange_id, rule, "see `prorata exchange list`")
    return contract.exchange_of(exchange_id)


def exchange_everybody(
    operator: Operator,
    deployment: Deployment,
    contract: ShareExchange,
    exchange_id: int,
    *,
    page_size: int | None = None,
    page_gas: int = PAGE_GAS,
) -> CarriedOut:
    """Exchange everybody's shares in a mandatory exchange, in pages that fit `page_gas`.

    What stock dividends left over in the vault is burnt first, if the account is an agent.

    Raises: InputError when it is not open, or of another asset, the vault owes shares that it can
    pay now, or money is missing for the rest; what `Operator.send` raises.
    """
    operator.settle()
    exchange = find_exchange(contract, exchange_id)
    _require_open(operator, deployment, exchange, exchange_id)
    _require_page(page_size, page_gas)
    shares = read_vault_shares(deployment)
    require_pushed(shares)
    _burn_left_over(operator, deployment, exchange, exchange_id, shares)
    run = _Run(operator, contract, exchange_id)
    size = page_size
    for _ in range(MOST_ROUNDS):
        operator.tell("reading who has shares")
        left = left_to_take(deployment, contract.exchange_of(exchange_id))
        holders = [one for one in sorted(left) if one not in {*run.skipped, shares.vault}]
        if not holders:
            break
        if size is None:
            size = _fitting(run, holders, page_gas)
        _send_round(run, holders, size)
        _require_funds(run, exchange)
    stays = read_vault_shares(deployment)
    return CarriedOut(run.exchanged, run.skipped, tuple(run.receipts), stays)


def _burn_left_over(
    operator: Operator,
    deployment: Deployment,
    exchange: Exchange,
    exchange_id: int,
    shares: VaultShares,
) -> None:
    """Burn what is nobody's, on the document of the exchange; whoever is no agent leaves it."""
    if not shares.left_over or not deployment.token().is_agent(operator.address):
        return
    # With what was there before, so that the same number left over later is burnt, too.
    what = f"{shares.said(shares.left_over)} of {shares.said(shares.held)} in the vault"
    reason = f"Left over by stock dividends before exchange {exchange_id}: {what}"
    document = f"0x{exchange.terms.document_hash.hex()}"
    burn_left_over(operator, deployment, shares, Basis(reason, document, "that of the exchange"))


def left_to_take(deployment: Deployment, exchange: Exchange) -> dict[str, int]:
    """Who has shares that are still to be exchanged, and how many.

    Those of the acquirer's that are not locked yet are among them: they are not taken, but locked.

    Raises: BooksError; ChainError.
    """
    if exchange.stage in (ExchangeStage.CLOSED, ExchangeStage.CANCELLED):
        return {}
    balances = holders_now(deployment)
    token = deployment.token()
    now = dict(zip(balances, token.balances_of(list(balances)), strict=True))
    acquirer = exchange.terms.acquirer
    if acquirer in now:
        now[acquirer] = max(now[acquirer] - exchange.locked, 0)
    return {holder: shares for holder, shares in now.items() if shares}


def _send_round(run: _Run, holders: Sequence[str], size: int) -> None:
    """One transaction for each page of those who have shares now."""
    pages = [holders[start : start + size] for start in range(0, len(holders), size)]
    attempt = run.operator.attempts(f"exchange/carry-out/{run.id}")
    run.operator.tell(f"estimating the gas of {counted(len(pages), 'transaction')}")
    receipts = run.operator.send(
        [
            Intent(
                f"exchange/carry-out/{run.id}/{attempt}/{number}",
                run.contract.exchange_page(run.id, page),
                extra_gas=PAGE_RESERVE,
            )
            for number, page in enumerate(pages)
        ]
    )
    for receipt in receipts:
        run.take(receipt.events())
    run.receipts += receipts


def _require_page(size: int | None, gas: int) -> None:
    if size is not None and size < 1:
        raise InputError.of("page", size, "is no page", "give at least 1")
    if not PAGE_RESERVE < gas <= GAS_LIMIT:
        rule = f"is not between {PAGE_RESERVE:,} and {GAS_LIMIT:,}, the most of a transaction"
        raise InputError.of("page-gas", f"{gas:,}", rule, f"give {PAGE_GAS:,}, or leave it out")


def _fitting(run: _Run, holders: Sequence[str], gas: int) -> int:
    """How many holders fit a page: tried on the first of them, and fewer until they do.

    Raises: what the node says of a page of one.
    """
    size = min(LARGEST_PAGE, len(holders))
    chain, sender = run.operator.chain, run.operator.address
    while True:
        page = run.contract.exchange_page(run.id, holders[:size])
        [needed] = chain.estimate([page.question(sender)])
        if isinstance(needed, ProrataError):
            if size == 1:
                raise needed
            size //= 2
            continue
        if needed + PAGE_RESERVE <= gas or size == 1:
            return size
        size = max(1, min(size - 1, size * (gas - PAGE_RESERVE) // needed))


def _require_open(
    operator: Operator, deployment: Deployment, exchange: Exchange, exchange_id: int
) -> None:
    terms = exchange.terms
    if terms.token != deployment.token().address:
        rule = f"is none of {deployment.settings.symbol}, but of the token {terms.token}"
        raise InputError.of("exchange", exchange_id, rule, "use the deployment of its token")
    if not terms.mandatory:
        rule = "is elective: nobody's shares are taken in it unasked"
        remedy = "let holders come: `prorata exchange now`"
        raise InputError.of("exchange", exchange_id, rule, remedy)
    if exchange.stage in (ExchangeStage.CLOSED, ExchangeStage.CANCELLED):
        rule = f"was {exchange.stage.label}"
        raise InputError.of("exchange", exchange_id, rule, "nothing is left to be done")
    if (now := operator.chain.now()) < terms.opens_at:
        rule = f"opens at {moment(terms.opens_at)}, and the chain's time is {moment(now)}"
        raise InputError.of("exchange", exchange_id, rule, "wait until then")


def _require_funds(run: _Run, exchange: Exchange) -> None:
    """Raises: InputError where a page stopped because money is missing."""
    stopped = [e for r in run.receipts for e in r.events("Unfunded") if e.args["id"] == run.id]
    missing = run.contract.missing_funds(run.id)
    if not stopped or not missing:
        return
    units = units_of(run.operator.chain, exchange.terms)
    size = units.money.text(missing, grouping=False)
    raise InputError.of(
        "exchange",
        run.id,
        f"lacks {units.said_money(missing)} for the shares that are left, which were issued after "
        "it was opened; nobody was paid less",
        f"run `prorata exchange fund {run.id} {size}`, and then this again",
    )

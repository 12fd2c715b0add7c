# SPDX-License-Identifier: MIT
"""Everything that the contracts can be asked about the books, asked in batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from prorata.chain.types import Block, Chain
from prorata.contracts.currency import Currency
from prorata.contracts.record_ranges import RecordRanges
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution, DividendVault, Entitlement
from prorata.errors import ChainError, RevertError
from prorata.ledger.books import Books
from prorata.ledger.entries import DistributionAccount
from prorata.register.record_ranges import RangeRegister
from prorata.register.shares import Ledger
from prorata.values.amounts import Unit

__all__ = ["Answers", "ask_token", "read_answers", "read_share_tokens", "read_units"]


@dataclass(frozen=True)
class Answers:
    """What the contracts answer at one block; keys say which question, as in their views."""

    chain_id: int
    block: Block
    count: int
    distributions: dict[int, Distribution] = field(default_factory=dict)
    entitlements: dict[tuple[int, str], Entitlement] = field(default_factory=dict)
    claimed: dict[tuple[int, str], bool] = field(default_factory=dict)
    claimable: dict[tuple[int, str], int] = field(default_factory=dict)
    carried: dict[tuple[str, str], int] = field(default_factory=dict)
    payees: dict[str, str] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    """What the vault holds of each currency."""
    supplies: dict[str, int] = field(default_factory=dict)
    balances: dict[tuple[str, str], int] = field(default_factory=dict)
    record_times: dict[str, list[int | None]] = field(default_factory=dict)
    """When each record closes; None for one that was cancelled."""
    supplies_at: dict[tuple[str, int], int] = field(default_factory=dict)
    balances_at: dict[tuple[str, int, str], int] = field(default_factory=dict)
    successors: dict[tuple[str, str], str] = field(default_factory=dict)
    frozen: dict[tuple[str, str], bool] = field(default_factory=dict)
    ineligible: set[tuple[str, str]] = field(default_factory=set)
    """Accounts whose income may wait, of a token that ever let it wait for want of eligibility."""
    unanswered: list[str] = field(default_factory=list)
    """What could not be compared, because a stranger's tax policy or currency gave no answer."""

    @property
    def figures(self) -> int:
        """How many amounts and numbers of shares there are to compare."""
        per_distribution = 6 * len(self.distributions)
        per_holder = len(self.entitlements) * 3 + len(self.claimed) + len(self.claimable)
        per_token = len(self.supplies) + len(self.supplies_at)
        per_account = len(self.balances) + len(self.balances_at)
        per_currency = len(self.carried) + len(self.held)
        return per_distribution + per_holder + per_token + per_account + per_currency


def read_units(chain: Chain, currencies: Iterable[str]) -> dict[str, Unit]:
    """How the amounts of each currency, or token, are written; one that does not say is left out.

    So is one whose symbol could mislead a reader, or run as a formula in a spreadsheet.
    """
    units = {}
    for currency in sorted(currencies):
        unit = Currency(chain, currency).stated_unit()
        if unit is not None:
            units[currency] = unit
    return units


def read_share_tokens(chain: Chain, tokens: Iterable[str], block: Block) -> frozenset[str]:
    """Those of `tokens` that say by ERC-165 that they are record tokens, as a vault asks them."""
    asked = (Currency(chain, token, block=block.number) for token in sorted(set(tokens)))
    return frozenset(token.address for token in asked if token.is_share_token())


def read_answers(chain: Chain, books: Books, block: Block) -> Answers:
    """Ask the contracts everything that the books can be compared with, in batches."""
    vault = DividendVault(chain, books.vault, block=block.number)
    answers = Answers(chain.chain_id, block, vault.distribution_count())
    answers.distributions.update((found.id, found) for found in vault.distributions())
    for ledger in books.ledgers.values():
        if isinstance(ledger, RangeRegister):
            record_ranges = RecordRanges(chain, ledger.token, block=block.number)
            _ask_records(answers, record_ranges, ledger)
        else:
            ask_token(answers, ShareToken(chain, ledger.token, block=block.number), ledger)
    for distribution in books.distributions.values():
        if distribution.shares and distribution.id <= answers.count:
            # Accounts that ever had shares: who had none at the record must be owed nothing.
            _ask_holders(answers, vault, distribution, list(books.ledgers[distribution.token]))
    holders = sorted({*books.payees, *(a for ledger in books.ledgers.values() for a in ledger)})
    answers.payees.update(zip(holders, vault.payees_of(holders), strict=True))
    for position in books.positions():
        answers.carried[position.token, position.currency] = vault.carried(
            position.token, position.currency
        )
    for currency in sorted({position.currency for position in books.positions()}):
        try:
            money = Currency(chain, currency, block=block.number)
            answers.held[currency] = money.balance_of(books.vault)
        except ChainError as error:
            answers.unanswered.append(f"currency {currency} does not say what it holds: {error}")
    return answers


def _ask_holders(
    answers: Answers, vault: DividendVault, distribution: DistributionAccount, holders: list[str]
) -> None:
    keys = [(distribution.id, holder) for holder in holders]
    answers.claimed.update(zip(keys, vault.are_claimed(distribution.id, holders), strict=True))
    if distribution.division is None:
        return
    # Anyone can declare, with a tax policy that answers nobody: it must not silence the rest.
    try:
        entitlements = vault.entitlements(distribution.id, holders)
        claimable = vault.claimables(distribution.id, holders)
    except RevertError as error:
        answers.unanswered.append(
            f"distribution {distribution.id} does not say what it owes: {error}"
        )
        return
    answers.entitlements.update(zip(keys, entitlements, strict=True))
    answers.claimable.update(zip(keys, claimable, strict=True))


def ask_token(answers: Answers, token: ShareToken, ledger: Ledger) -> None:
    """Ask a share token everything about its accounts and records."""
    address, accounts = token.address, list(ledger)
    answers.supplies[address] = token.total_supply()
    for account, balance in zip(accounts, token.balances_of(accounts), strict=True):
        answers.balances[address, account] = balance
    for account, successor in zip(accounts, token.successors_of(accounts), strict=True):
        answers.successors[address, account] = successor
    for account, frozen in zip(accounts, token.are_frozen(accounts), strict=True):
        answers.frozen[address, account] = frozen
    if ledger.may_wait_ineligible:
        receiving = token.may_receive([ledger.claimant_of(account) for account in accounts])
        pairs = zip(accounts, receiving, strict=True)
        answers.ineligible.update((address, account) for account, may in pairs if not may)
    _ask_records(answers, token, ledger)


def _ask_records(answers: Answers, token: ShareToken | RecordRanges, ledger: Ledger) -> None:
    address, accounts = token.address, list(ledger)
    answers.record_times[address] = token.record_times()
    for record_id, closes_at in enumerate(answers.record_times[address], start=1):
        if closes_at is None or closes_at >= answers.block.timestamp:
            continue
        if record_id > ledger.record_count:
            continue
        answers.supplies_at[address, record_id] = token.total_supply_at(record_id)
        balances = token.balances_of_at(accounts, record_id)
        for account, balance in zip(accounts, balances, strict=True):
            answers.balances_at[address, record_id, account] = balance

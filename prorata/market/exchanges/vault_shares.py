# SPDX-License-Identifier: MIT
"""Shares that lie in the dividend vault while everybody's shares are to be exchanged.

A stock dividend is paid out of the vault, so that the shares of holders who have not been paid are
in its wallet. What they would bring in an exchange would come to the vault, which owes shares and
no money: nobody would get it. So the vault's shares are never exchanged:

- Those of holders who can be paid now are pushed to them first, or the exchange is refused.
- Those of holders who cannot be paid now stay. The exchange keeps their money, and exchanges them
  for whoever has been paid, however late.
- What finished stock dividends could not divide is nobody's. It is burnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from prorata.chain.operator import Operator
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError, Problem
from prorata.files.writer import json_object
from prorata.ledger.unclaimed import read_unclaimed
from prorata.register.enforcement import Basis, burn
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Unit
from prorata.values.words import counted, listed

__all__ = [
    "OwedShares",
    "VaultShares",
    "burn_left_over",
    "read_vault_shares",
    "require_pushed",
    "unpushed",
]


@dataclass(frozen=True)
class OwedShares:
    """What a distribution owes one holder in shares; `why` says why it cannot be paid now."""

    distribution: int
    holder: str
    shares: int
    why: str = ""


@dataclass(frozen=True)
class VaultShares:
    """The shares of an asset in its vault, in smallest units.

    `payable` can be paid now, `waiting` cannot; `left_over` is nobody's.
    """

    vault: str
    unit: Unit
    held: int = 0
    left_over: int = 0
    payable: tuple[OwedShares, ...] = ()
    waiting: tuple[OwedShares, ...] = ()

    @property
    def owed(self) -> int:
        """What holders are known to be owed."""
        return sum(one.shares for one in (*self.payable, *self.waiting))

    @property
    def holders(self) -> int:
        """How many are owed something."""
        return len({one.holder for one in (*self.payable, *self.waiting)})

    @property
    def kept(self) -> int:
        """What stays in the vault when the rest is burnt."""
        return self.held - self.left_over

    def said(self, shares: int) -> str:
        """So many shares, in words."""
        return f"{self.unit.text(shares)} {self.unit.symbol}"

    def why_kept(self) -> str | None:
        """Why shares stay in the vault and what is to be done, as a sentence; else None."""
        if not self.kept:
            return None
        which = "which it owes at a record that has not closed, or which were sent to it"
        remedy = "once holders have been paid, or they were sent back, run this again"
        if owed := self.payable or self.waiting:
            first, many = owed[0], counted(self.holders, "holder")
            such = f"such as {first.holder}{f', which {first.why}' if first.why else ''}"
            which = f"of which it owes {self.said(self.owed)} to {many}, {such}"
            remedy = "once they have been paid, run this again"
        return f"{self.said(self.kept)} in the vault are not exchanged, {which}; {remedy}"

    def burnt(self) -> str | None:
        """What an exchange does with what is left over, as a sentence; None where nothing is."""
        if not self.left_over:
            return None
        return (
            f"the vault has {self.said(self.left_over)} left over from stock dividends, which are "
            "nobody's: they are burnt"
        )

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return json_object(
            {
                "kept": self.unit.amount(self.kept),
                "owed": self.unit.amount(self.owed),
                "holders": self.holders,
                "left_over": self.unit.amount(self.left_over),
            }
        )


# --------------------------------------------------------------------------------------- reading


def read_vault_shares(found: Deployment) -> VaultShares:
    """What the vault has of the asset's own shares, and whose they are.

    Raises: BooksError when vault and events do not agree on who is owed what; ChainError.
    """
    token, vault, unit = found.token("pending"), found.vault("pending"), found.settings.unit
    held = token.balance_of(vault.address)
    if not held:
        return VaultShares(vault.address, unit)
    paid_in_shares = vault.distributions_in(token.address)
    owed = sum(one.owed for one in paid_in_shares)
    series = {token.address, *(one.token for one in paid_in_shares)}
    undivided = sum(vault.carried(one, token.address) for one in series)
    left_over = max(min(undivided, held - owed), 0)
    payable, waiting = _debts(found, token, paid_in_shares)
    return VaultShares(vault.address, unit, held, left_over, tuple(payable), tuple(waiting))


def _debts(
    found: Deployment, token: ShareToken, distributions: Sequence[Distribution]
) -> tuple[list[OwedShares], list[OwedShares]]:
    """Who is owed shares: those who can be paid now, and those who cannot."""
    ids = [one.id for one in distributions if one.owed and one.token in found.paying]
    if not ids:
        return [], []
    vault = found.vault("pending")
    lines = [
        (overdue.distribution.id, line)
        for overdue in read_unclaimed(found, ids).distributions
        for line in overdue.lines
        if line.gross
    ]
    payees = vault.payees_of([line.holder for _, line in lines])
    receivers = [
        payee if payee != ZERO_ADDRESS else line.claimant
        for payee, (_, line) in zip(payees, lines, strict=True)
    ]
    asked = [
        (vault.address, receiver, line.gross)
        for receiver, (_, line) in zip(receivers, lines, strict=True)
        if line.state == "claimable"
    ]
    able = dict(zip(asked, token.would_allow(asked), strict=True))
    payable, waiting = [], []
    for receiver, (number, line) in zip(receivers, lines, strict=True):
        debt = OwedShares(number, line.holder, line.gross)
        if line.state != "claimable":
            waiting.append(replace(debt, why=_STATES.get(line.state, f"is {line.state}")))
        elif able[vault.address, receiver, line.gross]:
            payable.append(debt)
        elif token.paused():
            why = f"cannot be paid while {token.symbol()} is paused"
            waiting.append(replace(debt, why=why))
        else:
            why = f"may not receive {token.symbol()} at {receiver}"
            waiting.append(replace(debt, why=why))
    return payable, waiting


_STATES = {
    "frozen": "is frozen",
    "held": "is not eligible now",
    "not due": "is to be paid later",
    "expired": "let the deadline pass (`prorata sweep` ends that distribution)",
}


# ------------------------------------------------------------------------------------ its refusal


def unpushed(shares: VaultShares) -> Problem | None:
    """What stands in the way of exchanging everybody's shares: some can be paid to holders now."""
    if not shares.payable:
        return None
    owed = sum(one.shares for one in shares.payable)
    holders = counted(len({one.holder for one in shares.payable}), "holder")
    ids = sorted({one.distribution for one in shares.payable})
    rule = (
        f"still owes {shares.said(owed)} to {holders}, and what an exchange pays for shares in the "
        "vault would be nobody's"
    )
    first = f"`prorata distribute --push-only {ids[0]}`"
    named = f"distribution {ids[0]} first: {first}"
    if len(ids) > 1:
        named = f"the distributions {listed([*map(str, ids)])} first, beginning with {first}"
    return Problem(None, "vault", shares.vault, rule, f"push {named}")


def require_pushed(shares: VaultShares) -> None:
    """Raises: InputError while the vault owes shares to holders who can be paid now."""
    if (problem := unpushed(shares)) is not None:
        raise InputError([problem])


# ------------------------------------------------------------------------------------------ acting


def burn_left_over(
    operator: Operator, found: Deployment, shares: VaultShares, basis: Basis
) -> None:
    """Burn what is nobody's; the account must be an agent.

    Raises: what `burn` raises.
    """
    if shares.left_over:
        burn(operator, found, basis, holder=shares.vault, amount=shares.left_over)

# SPDX-License-Identifier: MIT
"""Why a transfer is refused, in the words of whoever asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prorata.contracts.rules import Code, Explanation, Refusal
from prorata.contracts.share_token import ShareToken
from prorata.files.writer import json_object
from prorata.values.amounts import Unit, format_units
from prorata.values.countries import country_name
from prorata.values.kinds import InvestorClass
from prorata.values.times import moment

__all__ = ["Check", "Transfer", "check_transfer", "explain_in_words"]


# -------------------------------------------------------------------------------------- refusals


@dataclass(frozen=True)
class Transfer:
    """A transfer to be judged; `amount` in the token's smallest unit."""

    sender: str
    receiver: str
    amount: int
    symbol: str = "shares"
    decimals: int = 0

    @property
    def unit(self) -> Unit:
        """How the token's shares are written."""
        return Unit(self.symbol, self.decimals)

    def shares(self, amount: int) -> str:
        """An amount of the token as people read it: `1,450 HARB12`."""
        return f"{format_units(amount, self.decimals, trim=True)} {self.symbol}"


@dataclass(frozen=True)
class Check:
    """What a token says about a transfer; `balance` is what the sender holds.

    `sentences` has one for every reason why the transfer would fail now, and none if it passes;
    `most` is the most that would pass, in smallest units.
    """

    transfer: Transfer
    explanation: Explanation
    balance: int

    @property
    def passes(self) -> bool:
        """Whether the transfer would succeed."""
        return not self.explanation.refusals and self.transfer.amount <= self.balance

    @property
    def most(self) -> int:
        """The most that would pass now."""
        return min(self.explanation.most, self.balance)

    def as_json(self) -> dict[str, Any]:
        """For a program: value and limit of a refusal are shares, or a number such as a time."""
        unit = self.transfer.unit
        return json_object(
            {
                "passes": self.passes,
                "from": self.transfer.sender,
                "to": self.transfer.receiver,
                "amount": unit.amount(self.transfer.amount),
                "most": unit.amount(self.most),
                "balance": unit.amount(self.balance),
                "refusals": [
                    {
                        "code": refusal.code.label,
                        **{
                            name: unit.amount(number) if refusal.code in _OF_SHARES else number
                            for name, number in (
                                ("value", refusal.value),
                                ("limit", refusal.limit),
                            )
                        },
                    }
                    for refusal in self.explanation.refusals
                ],
                "sentences": self.sentences,
            }
        )

    @property
    def sentences(self) -> list[str]:
        """Why it would fail."""
        transfer = self.transfer
        said = explain_in_words(self.explanation.refusals, transfer)
        if transfer.amount > self.balance:
            held = transfer.shares(self.balance)
            said.append(f"the sender holds {held}; transfer no more than that")
        return said


def check_transfer(token: ShareToken, sender: str, receiver: str, amount: int) -> Check:
    """Ask a token what stands in the way of a transfer.

    Raises: ChainError.
    """
    transfer = Transfer(sender, receiver, amount, token.symbol(), token.decimals())
    return Check(transfer, token.explain(sender, receiver, amount), token.balance_of(sender))


def explain_in_words(refusals: Sequence[Refusal], transfer: Transfer) -> list[str]:
    """A sentence for each refusal: who, what, the limit, and after a semicolon what would help."""
    return [_SENTENCES[refusal.code](refusal, transfer) for refusal in refusals]


def _not_eligible(refusal: Refusal, transfer: Transfer) -> str:
    if not refusal.value:
        return f"the receiver {transfer.receiver} is not registered as eligible; {_REGISTER}"
    until, now = moment(refusal.value), moment(refusal.limit)
    return (
        f"the receiver {transfer.receiver} was eligible until {until}, and it is {now}; {_REGISTER}"
    )


def _country(refusal: Refusal, transfer: Transfer) -> str:
    if refusal.value == 0:
        return (
            f"the country of {transfer.receiver} is not known, and only investors of known "
            "countries may receive now; let the issuer register it"
        )
    return (
        f"the receiver's country is {country_name(refusal.value)}, whose investors may not receive "
        "now; send to an investor of another country"
    )


def _class(refusal: Refusal, _: Transfer) -> str:
    known = {int(k): k.label for k in InvestorClass}
    admitted = [label for number, label in known.items() if refusal.limit >> number & 1]
    named = known.get(refusal.value, f"number {refusal.value}")
    return (
        f"the receiver's class is {named}, and only {' and '.join(admitted) or 'others'} may "
        "receive; send to such an investor, or have the receiver's class corrected"
    )


def _window(refusal: Refusal, _: Transfer) -> str:
    now, limit = moment(refusal.value), moment(refusal.limit)
    if refusal.value < refusal.limit:
        return f"it is {now}, and transfers open at {limit}; wait until then"
    return f"it is {now}, and transfers closed at {limit}; ask the issuer whether they reopen"


def _holders(whose: str) -> Callable[[Refusal, Transfer], str]:
    def say(refusal: Refusal, _: Transfer) -> str:
        return (
            f"the receiver would be holder number {refusal.value:,}{whose}, and there may be "
            f"{refusal.limit:,}; send to somebody who holds already, or wait until a holder leaves"
        )

    return say


_OF_SHARES = frozenset(
    {
        Code.AMOUNT_FROZEN,
        Code.MAX_HOLDING,
        Code.MIN_HOLDING_GIVER,
        Code.MIN_HOLDING_TAKER,
        Code.LOCKED_UP,
        Code.SUPPLY_CAP,
    }
)

_REGISTER = "let the issuer check the person and register the wallet"
_ASK = "ask the issuer"

_SENTENCES: Mapping[Code, Callable[[Refusal, Transfer], str]] = {
    Code.NONE: lambda _, __: "no rule is broken; nothing needs to be done",
    Code.PAUSED: lambda _, t: (
        f"transfers of {t.symbol} are stopped; wait until an agent allows them again"
    ),
    Code.SENDER_BLOCKED: lambda _, t: f"the sender {t.sender} is frozen or was lost; {_ASK}",
    Code.RECEIVER_BLOCKED: lambda _, t: (
        f"the receiver {t.receiver} is frozen, was lost, or is no wallet that can hold shares; "
        "send to another wallet"
    ),
    Code.AMOUNT_FROZEN: lambda r, t: (
        f"{t.shares(r.value)} are more than the {t.shares(r.limit)} of the sender that are not "
        f"frozen; transfer less, or {_ASK}"
    ),
    Code.NOT_ELIGIBLE: _not_eligible,
    Code.COUNTRY: _country,
    Code.CLASS: _class,
    Code.WINDOW_CLOSED: _window,
    Code.MAX_HOLDERS: _holders(""),
    Code.MAX_HOLDERS_IN_COUNTRY: _holders(" in the receiver's country"),
    Code.MAX_HOLDERS_OF_CLASS: _holders(" of the receiver's class"),
    Code.MAX_HOLDERS_OF_CLASS_IN_COUNTRY: _holders(" of the receiver's class and country"),
    Code.MAX_HOLDING: lambda r, t: (
        f"the receiver's person would hold {t.shares(r.value)}, and one person may hold "
        f"{t.shares(r.limit)}; transfer {t.shares(r.value - r.limit)} less"
    ),
    Code.MIN_HOLDING_GIVER: lambda r, t: (
        f"the sender's person would keep {t.shares(r.value)}, and who holds must hold "
        f"{t.shares(r.limit)} or more; transfer less, or everything"
    ),
    Code.MIN_HOLDING_TAKER: lambda r, t: (
        f"the receiver's person would hold {t.shares(r.value)}, and who holds must hold "
        f"{t.shares(r.limit)} or more; transfer {t.shares(r.limit - r.value)} more"
    ),
    Code.LOCKED_UP: lambda r, t: (
        f"{t.shares(r.value)} are more than the {t.shares(r.limit)} of the sender that are not "
        "locked up; transfer less, or wait until more are released"
    ),
    Code.SUPPLY_CAP: lambda r, t: (
        f"there would be {t.shares(r.value)}, and there may be {t.shares(r.limit)}; issue less"
    ),
    Code.RULES_FAILED: lambda _, t: (
        f"the rules of {t.symbol} refuse this without a reason, or gave no answer; {_ASK}"
    ),
}

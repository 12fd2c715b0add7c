# SPDX-License-Identifier: MIT
"""The actions that can be prepared, each with what it needs to be told, and who usually signs it.

An action that sends plays a function that a command plays too, so that it is checked and refused in
the same way. An action that signs drafts a message (EIP-712), which others bring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from prorata.contracts.call_terms import Side
from prorata.contracts.relayer import typed_data
from prorata.files.models import parsed_by
from prorata.income.claims import claim
from prorata.income.declaration_files import Draft, Drafts, Word, resolve
from prorata.income.declarations import Declaration, declare_all
from prorata.income.instructions import draft_instruction
from prorata.income.payees import set_payee
from prorata.income.repetitions import alike
from prorata.market.calls.known_calls import find_call
from prorata.market.calls.placements import place_order, withdraw_order
from prorata.market.calls.wanted import wanted_of
from prorata.market.meetings.listing import ballot_at, meeting_of_asset
from prorata.market.meetings.votes import cast_vote, choice_of
from prorata.market.order_ends import cancel_nonces
from prorata.market.order_terms import OrderTerms
from prorata.market.orders import draft_order
from prorata.market.singletons import settlement_at
from prorata.register.captable import CapTable, Holding
from prorata.register.enforcement import (
    Basis,
    burn,
    force_transfer,
    freeze,
    pause,
    release,
    unpause,
)
from prorata.register.issuance import issue
from prorata.register.record_dates import last_closed_record, schedule_record
from prorata.register.transfers import approve, approve_money, transfer
from prorata.service.preparing.play import Played
from prorata.values.addresses import ZERO_ADDRESS, check_address
from prorata.values.amounts import parse_units
from prorata.values.times import parse_time

__all__ = ["ACTIONS", "Action", "Arguments"]

Message: TypeAlias = Mapping[str, Any]
"""Typed data of EIP-712, as `eth_signTypedData_v4` takes it."""


def _address(value: object) -> str:
    return str(check_address("address", str(value)))


def _second(value: object) -> int:
    return parse_time("time", value)


Address = Annotated[str, parsed_by(_address)]
Second = Annotated[int, parsed_by(_second)]
Amount = Annotated[str, Field(min_length=1, max_length=80, examples=["1,250.00"])]
Said = Annotated[str, Field(max_length=200)]
Hash = Annotated[str, Field(pattern="^0x[0-9a-fA-F]{64}$")]


class Arguments(BaseModel):
    """What an action is told. Amounts are whole units as people write them; times are ISO 8601."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def play(self, on: Played) -> Message | None:
        """Play it; the message to be signed, of an action that sends nothing."""
        raise NotImplementedError


@dataclass(frozen=True)
class Action:
    """An action by its name; `who` is the usual signer."""

    name: str
    who: Literal["holder", "issuer"]
    arguments: type[Arguments]

    @property
    def says(self) -> str:
        """One line about it."""
        return (self.arguments.__doc__ or "").split("\n", 1)[0]


ACTIONS: dict[str, Action] = {}
"""Every action, by its name."""


def _action(name: str, who: Literal["holder", "issuer"]) -> Callable[[type[Any]], type[Any]]:
    def keep(arguments: type[Any]) -> type[Any]:
        ACTIONS[name] = Action(name, who, arguments)
        return arguments

    return keep


def _shares(on: Played, text: str) -> int:
    return parse_units(text, on.deployment.settings.decimals, noun="shares")


# ------------------------------------------------------------------------------------ for holders


@_action("claim", "holder")
class Claim(Arguments):
    """Claim income: of the account, or of `holder`, to whom it is paid."""

    holder: Address | None = None
    distributions: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(), max_length=100)

    def play(self, on: Played) -> None:
        holder = self.holder or on.operator.address
        claim(on.operator, on.deployment, holder, self.distributions or None)


@_action("claim-to", "holder")
class ClaimTo(Arguments):
    """Sign that the account's open income goes to another address; anybody may bring it."""

    to: Address
    until: Second
    distributions: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(), max_length=100)

    def play(self, on: Played) -> Message:
        drafted = draft_instruction(
            on.deployment,
            on.operator.address,
            receiver=self.to,
            valid_until=self.until,
            ids=self.distributions or None,
        )
        return typed_data(drafted.instruction, drafted.chain_id, drafted.relayer)


@_action("payee", "holder")
class Payee(Arguments):
    """Say where the account's income goes from now on; without `to`, to the account itself."""

    to: Address | None = None

    def play(self, on: Played) -> None:
        set_payee(on.operator, on.deployment, self.to or on.operator.address)


@_action("transfer", "holder")
class Transfer(Arguments):
    """Transfer shares of the account."""

    to: Address
    amount: Amount
    reference: Said = ""

    def play(self, on: Played) -> None:
        shares = _shares(on, self.amount)
        transfer(on.operator, on.deployment, self.to, shares, reference=self.reference)


@_action("approve", "holder")
class Approve(Arguments):
    """Let somebody move so many of the account's shares, or of its money; 0 ends it."""

    spender: Address
    amount: Amount
    currency: Annotated[str, Field(max_length=60)] | None = None

    def play(self, on: Played) -> None:
        if self.currency is None:
            approve(on.operator, on.deployment, self.spender, _shares(on, self.amount))
            return
        money = on.deployment.currency(self.currency)
        units = parse_units(self.amount, money.unit.decimals, noun=money.unit.symbol)
        approve_money(on.operator, money, self.spender, units)


@_action("subscribe", "holder")
class Subscribe(Arguments):
    """Place an order in an offering, in shares or lots, or in money where the offering is so."""

    offering: Annotated[str, Field(min_length=1, max_length=80)]
    shares: Amount | None = None
    lots: Annotated[int, Field(ge=1)] | None = None
    money: Amount | None = None
    price: Amount | None = None
    currency: Annotated[str, Field(max_length=60)] | None = None
    reference: Said = ""

    def play(self, on: Played) -> None:
        call = find_call(on.deployment, self.offering, ("offer",), None)
        wanted = wanted_of(
            call, Side.BID, shares=self.shares, lots=self.lots, money=self.money, price=self.price,
            currency=self.currency,
        )  # fmt: skip
        place_order(on.operator, call, wanted, reference=self.reference)


@_action("withdraw-order", "holder")
class WithdrawOrder(Arguments):
    """Withdraw an order of the account's from an offering, as long as its terms permit it."""

    offering: Annotated[str, Field(min_length=1, max_length=80)]
    order: Annotated[int, Field(ge=1)]

    def play(self, on: Played) -> None:
        call = find_call(on.deployment, self.offering, ("offer",), None)
        withdraw_order(on.operator, call, self.order)


@_action("order", "holder")
class Order(Arguments):
    """Sign an order to sell or buy shares, which whoever it is for fills."""

    side: Literal["sell", "buy"]
    shares: Amount
    money: Amount
    currency: Annotated[str, Field(min_length=1, max_length=60)]
    until: Second
    taker: Address = ZERO_ADDRESS

    def play(self, on: Played) -> Message:
        money = on.deployment.currency(self.currency)
        terms = OrderTerms(
            sells=self.side == "sell",
            shares=_shares(on, self.shares),
            money=parse_units(self.money, money.unit.decimals, noun=money.unit.symbol),
            currency=money.address,
            valid_until=self.until,
            taker=self.taker,
            nonce=self._nonce(on),
        )
        return draft_order(on.deployment, on.operator.address, terms).message

    def _nonce(self, on: Played) -> int:
        """It follows from all the rest, for nothing is kept here of what was prepared before.

        So two orders hardly ever share one, and the same order prepared twice is filled once.
        """
        first = settlement_at(on.deployment.chain).lowest_nonce(on.operator.address)
        said = f"{on.deployment.token().address}\n{on.operator.address}\n{self!r}"
        return first + int.from_bytes(sha256(said.encode()).digest()[:2], "big")


@_action("cancel-order", "holder")
class CancelOrder(Arguments):
    """See to it that signed orders of the account's are never filled, by their numbers."""

    numbers: tuple[Annotated[int, Field(ge=0, lt=2**64)], ...] = Field(min_length=1, max_length=50)

    def play(self, on: Played) -> None:
        cancel_nonces(on.operator, settlement_at(on.deployment.chain), self.numbers)


@_action("vote", "holder")
class Vote(Arguments):
    """Vote at a meeting, for the account or for a holder that named it as proxy."""

    meeting: Annotated[int, Field(ge=1)]
    choice: Annotated[str, Field(min_length=1, max_length=400, examples=["1 for, 2 against"])]
    holder: Address | None = None

    def play(self, on: Played) -> None:
        place = ballot_at(on.deployment.chain)
        meeting = meeting_of_asset(on.deployment, place, self.meeting)
        holder = self.holder or on.operator.address
        choice = choice_of(self.choice, meeting)
        cast_vote(on.operator, on.deployment, place, meeting, holder=holder, choice=choice)


# ------------------------------------------------------------------------------------ for issuers


@_action("distribute", "issuer")
class Distribute(Arguments):
    """Distribute income to the holders of a record; by default the last that has closed."""

    currency: Annotated[str, Field(min_length=1, max_length=60)]
    amount: Amount
    kind: Annotated[str, Field(min_length=1, max_length=40, examples=["rent"])]
    record: Annotated[int, Field(ge=1)] | None = None
    reference: Said | None = None
    payable_from: Said | None = None
    deadline: Said | None = None
    sweep_to: Address | None = None
    exclude: tuple[Address, ...] = Field(default=(), max_length=64)

    def declarations(self, on: Played) -> list[Declaration]:
        """As the command would declare it."""
        given = self.model_dump(exclude_none=True, exclude={"exclude"})
        given.setdefault("record", last_closed_record(on.deployment))
        words = {name: Word(str(value)) for name, value in given.items()}
        draft = Draft(words, [Word(one) for one in self.exclude])
        return list(resolve(Drafts(drafts=[draft]), on.operator, on.deployment))

    def play(self, on: Played) -> None:
        declarations = self.declarations(on)
        named = self.record is not None
        found = alike(on.operator, on.deployment, declarations, record_named=named)
        on.notes += [f"{one}: is it the same?" for one in found]
        declare_all(on.operator, on.deployment, declarations)


@_action("record", "issuer")
class RecordDate(Arguments):
    """Schedule a record date."""

    at: Second

    def play(self, on: Played) -> None:
        schedule_record(on.operator, on.deployment, self.at)


class Row(BaseModel):
    """A holder and its shares."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Address
    shares: Amount


@_action("issue", "issuer")
class Issue(Arguments):
    """Issue shares to holders; a further issue has a name of its own."""

    holders: tuple[Row, ...] = Field(min_length=1, max_length=500)
    tranche: Annotated[str, Field(max_length=60)] = ""

    def play(self, on: Played) -> None:
        rows = tuple(Holding(row.address, _shares(on, row.shares)) for row in self.holders)
        table = CapTable(rows, on.deployment.settings.decimals)
        issue(on.operator, on.deployment, table, tranche=self.tranche)


class _Order(Arguments):
    reason: Annotated[str, Field(max_length=400)]
    document: Hash

    @property
    def basis(self) -> Basis:
        """What it rests on."""
        return Basis.of(self.reason, self.document)


@_action("freeze", "issuer")
class Freeze(_Order):
    """Freeze a wallet, or so many of its shares."""

    wallet: Address
    amount: Amount | None = None

    def play(self, on: Played) -> None:
        shares = None if self.amount is None else _shares(on, self.amount)
        freeze(on.operator, on.deployment, self.basis, self.wallet, amount=shares)


@_action("release", "issuer")
class Release(_Order):
    """Release a frozen wallet."""

    wallet: Address

    def play(self, on: Played) -> None:
        release(on.operator, on.deployment, self.basis, self.wallet)


@_action("force-transfer", "issuer")
class ForceTransfer(_Order):
    """Move shares without the holder's consent."""

    sender: Address
    receiver: Address
    amount: Amount

    def play(self, on: Played) -> None:
        force_transfer(
            on.operator,
            on.deployment,
            self.basis,
            sender=self.sender,
            receiver=self.receiver,
            amount=_shares(on, self.amount),
        )


@_action("burn", "issuer")
class Burn(_Order):
    """Burn shares of a wallet."""

    wallet: Address
    amount: Amount

    def play(self, on: Played) -> None:
        shares = _shares(on, self.amount)
        burn(on.operator, on.deployment, self.basis, holder=self.wallet, amount=shares)


@_action("pause", "issuer")
class Pause(_Order):
    """Stop all transfers of the asset."""

    def play(self, on: Played) -> None:
        pause(on.operator, on.deployment, self.basis)


@_action("unpause", "issuer")
class Unpause(_Order):
    """Let transfers of the asset go on."""

    def play(self, on: Played) -> None:
        unpause(on.operator, on.deployment, self.basis)

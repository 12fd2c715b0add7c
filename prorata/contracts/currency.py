# SPDX-License-Identifier: MIT
"""The contracts as typed Python objects, over any `Chain`.

A view asks the chain and returns integers, addresses in EIP-55, or a frozen dataclass that
mirrors the Solidity struct. A write asks nothing: it returns a `Call`, which an `Operator` sends.
Amounts are smallest units, times Unix seconds. Every view raises RevertError when the contract
refuses and ChainError when there is no such contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from prorata.chain.abi import function, interface_id
from prorata.chain.calls import Call
from prorata.chain.rpc import BusyError
from prorata.contracts.base import NATIVE, BoundContract
from prorata.errors import ChainError, InputError
from prorata.values.amounts import (
    MAX_DECIMALS,
    Unit,
    format_units,
    parse_units,
    strange_character,
)

__all__ = ["Currency", "money", "parse_amount"]

LONGEST_SYMBOL = 16

WORD = 32


# ------------------------------------------------------------------------------------ currencies


class Currency(BoundContract):
    """An ERC-20 that income is paid in, or the native coin when the address is `NATIVE`."""

    CONTRACT = "Dollar"

    @property
    def is_native(self) -> bool:
        """Whether it is the chain's own coin."""
        return self.address == NATIVE

    def name(self) -> str:
        """ERC-20 name."""
        return "Ether" if self.is_native else self._text("name")

    def symbol(self) -> str:
        """ERC-20 symbol, `ETH` for the native coin."""
        return "ETH" if self.is_native else self._text("symbol")

    def decimals(self) -> int:
        """18 for the native coin."""
        return 18 if self.is_native else int(self._view("decimals"))

    @cached_property
    def unit(self) -> Unit:
        """How its amounts are written, asked once: as plain units if it does not say how."""
        return self.stated_unit() or Unit(self.address, 0)

    def stated_unit(self) -> Unit | None:
        """How it says its amounts are written, or None: anybody's contract can be a currency.

        A symbol that could mislead a reader, or run as a formula in a spreadsheet, is none.
        """
        try:
            symbol, decimals = self.symbol(), self.decimals()
        except BusyError:
            raise
        except ChainError:
            return None
        plain = strange_character(symbol, printable=True) is None and symbol[:1].isalnum()
        fits = len(symbol) <= LONGEST_SYMBOL and decimals <= MAX_DECIMALS
        return Unit(symbol, decimals) if plain and fits else None

    def is_share_token(self) -> bool:
        """Whether it says by ERC-165 that it is a record token, so that income can be in shares.

        As a vault understands it: one that answers anything else than yes is none.
        """
        if self.is_native:
            return False
        question = function("ShareToken", "supportsInterface").encode(interface_id("IRecordToken"))
        try:
            answer = self.chain.call(self.address, question, block=self.block)
        except BusyError:
            raise
        except ChainError:
            return False
        return len(answer) >= WORD and int.from_bytes(answer[:WORD], "big") == 1

    def balance_of(self, account: str) -> int:
        """What `account` holds now."""
        if self.is_native:
            return self.chain.balance(account, block=self.block)
        return int(self._view("balanceOf", account))

    def balances_of(self, accounts: Sequence[str]) -> list[int]:
        """`balance_of` for many at once."""
        if self.is_native:
            return [self.chain.balance(account, block=self.block) for account in accounts]
        return self._views("balanceOf", [(account,) for account in accounts])

    def allowance(self, owner: str, spender: str) -> int:
        """What `spender` may take from `owner`; nobody can take the native coin."""
        return 0 if self.is_native else int(self._view("allowance", owner, spender))

    def transfer(self, to: str, amount: int) -> Call:
        """Send the sender's money."""
        label = f"send {amount} to {to}"
        if self.is_native:
            return Call(to, b"", amount, label)
        return self._write("transfer", to, amount, label=label)

    def approve(self, spender: str, amount: int) -> Call:
        """Let `spender` take `amount` of the sender's money. Not for the native coin."""
        return self._write("approve", spender, amount, label=f"approve {amount} for {spender}")

    def mint(self, to: str, amount: int) -> Call:
        """Make money for `to`: only rehearsal dollars can do this."""
        return self._write("mint", to, amount, label=f"mint {amount} for {to}")

    def _text(self, name: str) -> str:
        # The oldest tokens answer with 32 bytes instead of a string.
        data = function(self.CONTRACT, name).encode()
        answer = self.chain.call(self.address, data, block=self.block)
        self._require_answer(answer)
        if len(answer) == WORD:
            return answer.rstrip(b"\0").decode(errors="replace")
        return str(function(self.CONTRACT, name).decode(answer))


def parse_amount(text: str, currency: Currency) -> int:
    """The amount that `text` names in whole units of the currency.

    Raises: InputError, naming the currency, when it names none or has too many decimals.
    """
    decimals = currency.decimals()
    try:
        amount = parse_units(text, decimals)
    except InputError as error:
        fault = error.problems[0]
        rule = fault.rule.replace("only", f"{currency.symbol()} has only").replace(" exist", "")
        raise InputError.of("amount", text, rule, fault.remedy) from None
    if amount == 0:
        raise InputError.of("amount", text, "is nothing", "give more than 0")
    return amount


def money(amount: int, currency: Currency) -> str:
    """An amount as people read it: `85,000 USD`."""
    unit = currency.unit
    return f"{format_units(amount, unit.decimals, trim=True)} {unit.symbol}"

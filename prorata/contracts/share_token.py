# SPDX-License-Identifier: MIT
"""The share token (`ShareToken`)."""

from __future__ import annotations

from collections.abc import Sequence

from prorata.chain.calls import Call
from prorata.contracts.base import OwnedContract, RecordedContract
from prorata.contracts.rules import Explanation
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.words import counted

__all__ = ["ShareToken"]


# ------------------------------------------------------------------------------------ share token


class ShareToken(OwnedContract, RecordedContract):
    """Shares of one asset. `block` pins every view to a block of the past."""

    CONTRACT = "ShareToken"

    def name(self) -> str:
        """ERC-20 name."""
        return str(self._view("name"))

    def symbol(self) -> str:
        """ERC-20 symbol."""
        return str(self._view("symbol"))

    def decimals(self) -> int:
        """0 when shares cannot be divided."""
        return int(self._view("decimals"))

    def total_supply(self) -> int:
        """All shares."""
        return int(self._view("totalSupply"))

    def balance_of(self, account: str) -> int:
        """Shares that `account` holds now."""
        return int(self._view("balanceOf", account))

    def balances_of(self, accounts: Sequence[str]) -> list[int]:
        """`balance_of` for many at once."""
        return self._views("balanceOf", [(account,) for account in accounts])

    def allowance(self, owner: str, spender: str) -> int:
        """Shares of `owner` that `spender` may transfer."""
        return int(self._view("allowance", owner, spender))

    def balance_of_at(self, account: str, record_id: int) -> int:
        """Shares of `account` when the record closed."""
        return int(self._view("balanceOfAt", account, record_id))

    def balances_of_at(self, accounts: Sequence[str], record_id: int) -> list[int]:
        """`balance_of_at` for many at once."""
        return self._views("balanceOfAt", [(account, record_id) for account in accounts])

    def total_supply_at(self, record_id: int) -> int:
        """All shares when the record closed."""
        return int(self._view("totalSupplyAt", record_id))

    def total_supplies_at(self, record_ids: Sequence[int]) -> list[int]:
        """`total_supply_at` for many at once."""
        return self._views("totalSupplyAt", [(record_id,) for record_id in record_ids])

    def successor_of(self, account: str) -> str:
        """Who receives what `account` is owed."""
        return str(self._view("successorOf", account))

    def successors_of(self, accounts: Sequence[str]) -> list[str]:
        """`successor_of` for many at once."""
        return self._views("successorOf", [(account,) for account in accounts])

    def compliance(self) -> str:
        """The rules contract, zero for an open token."""
        return str(self._view("compliance"))

    def identity_registry(self) -> str:
        """The identity registry, zero for none."""
        return str(self._view("identityRegistry"))

    def explain(self, sender: str, receiver: str, amount: int) -> Explanation:
        """Everything that stands in the way of a transfer, balance and allowance apart."""
        return Explanation.of(self._view("explain", sender, receiver, amount))

    def can_transfer(self, sender: str, receiver: str, amount: int) -> bool:
        """Whether a transfer would be allowed, balance and allowance apart."""
        return bool(self._view("canTransfer", sender, receiver, amount))

    def would_allow(self, transfers: Sequence[tuple[str, str, int]]) -> list[bool]:
        """`can_transfer` for many at once: sender, receiver and amount of each."""
        return self._views("canTransfer", list(transfers))

    def can_send(self, account: str) -> bool:
        """Whether `account` may send at all."""
        return bool(self._view("canSend", account))

    def can_receive(self, account: str) -> bool:
        """Whether `account` may receive at all."""
        return bool(self._view("canReceive", account))

    def may_receive(self, accounts: Sequence[str]) -> list[bool]:
        """`can_receive` for many at once."""
        return self._views("canReceive", [(account,) for account in accounts])

    def is_frozen(self, account: str) -> bool:
        """Whether the wallet is frozen as a whole."""
        return bool(self._view("isFrozen", account))

    def are_frozen(self, accounts: Sequence[str]) -> list[bool]:
        """`is_frozen` for many at once."""
        return self._views("isFrozen", [(account,) for account in accounts])

    def frozen_tokens(self, account: str) -> int:
        """Shares of the wallet that are frozen; may exceed the balance."""
        return int(self._view("getFrozenTokens", account))

    def held_of(self, account: str) -> int:
        """Shares of `account` that are held for a purpose; part of `frozen_tokens`."""
        return int(self._view("heldOf", account))

    def helds_of(self, accounts: Sequence[str]) -> list[int]:
        """`held_of` for many at once."""
        return self._views("heldOf", [(account,) for account in accounts])

    def holds_contract(self) -> str:
        """The contract that may hold shares; the zero address for none."""
        return str(self._view("holdsContract"))

    def income_waits(self) -> bool:
        """Whether the income of who is not eligible waits, of distributions to come."""
        return bool(self._view("incomeHeldWhileIneligible"))

    def onchain_id(self) -> str:
        """The identity contract of the token (ERC-3643); zero for none."""
        return str(self._view("onchainID"))

    def paused(self) -> bool:
        """Whether transfers by holders are stopped."""
        return bool(self._view("paused"))

    def claimant_of(self, account: str) -> str:
        """Who is to be paid what `account` is owed; zero while that has to wait."""
        return str(self._view("claimantOf", account))

    def claimants_of(self, accounts: Sequence[str]) -> list[str]:
        """`claimant_of` for many at once."""
        return self._views("claimantOf", [(account,) for account in accounts])

    def documents(self) -> list[bytes]:
        """The names of all documents (ERC-1643)."""
        return list(self._view("getAllDocuments"))

    def document(self, name: bytes) -> tuple[str, bytes, int]:
        """A document's address, hash and time; empty if unknown."""
        uri, document_hash, timestamp = self._view("getDocument", name)
        return str(uri), bytes(document_hash), int(timestamp)

    def contract_uri(self) -> str:
        """Where the token's metadata is (ERC-7572)."""
        return str(self._view("contractURI"))

    def mint(self, to: str, amount: int) -> Call:
        """Issue shares to one receiver. Agents only."""
        return self._write("mint", to, amount, label=f"issue {amount} to {to}")

    def batch_mint(self, receivers: Sequence[str], amounts: Sequence[int]) -> Call:
        """Issue shares to many receivers. Agents only."""
        label = f"issue {sum(amounts):,} to {counted(len(receivers), 'holder')}"
        return self._write("batchMint", list(receivers), list(amounts), label=label)

    def burn(self, account: str, amount: int) -> Call:
        """Destroy shares. Agents only."""
        return self._write("burn", account, amount, label=f"burn {amount} of {account}")

    def transfer(self, to: str, amount: int) -> Call:
        """Transfer the sender's shares."""
        return self._write("transfer", to, amount, label=f"transfer {amount} to {to}")

    def transfer_from(self, owner: str, to: str, amount: int) -> Call:
        """Transfer shares that `owner` has approved."""
        label = f"transfer {amount} from {owner} to {to}"
        return self._write("transferFrom", owner, to, amount, label=label)

    def batch_transfer(self, receivers: Sequence[str], amounts: Sequence[int]) -> Call:
        """Transfer the sender's shares to many receivers."""
        label = f"transfer {sum(amounts):,} to {counted(len(receivers), 'holder')}"
        return self._write("batchTransfer", list(receivers), list(amounts), label=label)

    def approve(self, spender: str, amount: int) -> Call:
        """Let `spender` transfer the sender's shares."""
        return self._write("approve", spender, amount, label=f"approve {amount} for {spender}")

    def schedule_record(self, closes_at: int) -> Call:
        """Schedule the next record to close at the end of second `closes_at`. Agents only."""
        label = f"schedule a record at {closes_at}"
        return self._write("scheduleRecord", closes_at, label=label)

    def cancel_records(self, first_id: int) -> Call:
        """Cancel record `first_id`, which is open, and every later one. Owner only."""
        return self._write("cancelRecords", first_id, label=f"cancel records from {first_id} on")

    def set_holds_contract(self, contract: str) -> Call:
        """Appoint the one contract that may hold shares; none by the zero address. Owner only."""
        return self._write("setHoldsContract", contract, label=f"let {contract} hold shares")

    def hold(self, account: str, amount: int) -> Call:
        """Hold free shares of an account. For the appointed contract only."""
        return self._write("hold", account, amount, label=f"hold {amount} of {account}")

    def deliver(self, account: str, receiver: str, amount: int) -> Call:
        """Transfer held shares under the token's rules. For the appointed contract only."""
        label = f"deliver {amount} of {account} to {receiver}"
        return self._write("deliver", account, receiver, amount, label=label)

    def release(self, account: str, amount: int) -> Call:
        """Let go of held shares. For the appointed contract only."""
        return self._write("release", account, amount, label=f"release {amount} of {account}")

    def pause(self) -> Call:
        """Stop transfers by holders. Agents only."""
        return self._write("pause", label="stop transfers")

    def unpause(self) -> Call:
        """Allow transfers by holders again. Agents only."""
        return self._write("unpause", label="allow transfers again")

    def set_address_frozen(self, wallet: str, frozen: bool) -> Call:
        """Freeze a wallet as a whole, or release it. Agents only."""
        label = f"{'freeze' if frozen else 'release'} {wallet}"
        return self._write("setAddressFrozen", wallet, frozen, label=label)

    def set_frozen_tokens(self, wallet: str, amount: int) -> Call:
        """Set how many shares of a wallet are frozen, whatever it holds. Agents only."""
        label = f"freeze {amount} of {wallet}"
        return self._write("setFrozenTokens", wallet, amount, label=label)

    def forced_transfer(self, sender: str, receiver: str, amount: int) -> Call:
        """Move shares without the holder's consent. Agents only."""
        label = f"force {amount} from {sender} to {receiver}"
        return self._write("forcedTransfer", sender, receiver, amount, label=label)

    def recover(self, lost: str, successor: str, identity: str = ZERO_ADDRESS) -> Call:
        """Put a new wallet in the place of a lost one, with all it is owed. Agents only."""
        label = f"put {successor} in the place of {lost}"
        return self._write("recoveryAddress", lost, successor, identity, label=label)

    def set_income_waits(self, while_ineligible: bool) -> Call:
        """Set whether income waits while its holder is not eligible. Owner only."""
        verb = "waits" if while_ineligible else "does not wait"
        label = f"set that income {verb} while its holder is not eligible"
        return self._write("setIncomeHeld", while_ineligible, label=label)

    def set_document(self, name: bytes, uri: str, document_hash: bytes = bytes(32)) -> Call:
        """Add or replace a document (ERC-1643). Owner only."""
        return self._write("setDocument", name, uri, document_hash, label=f"set document {uri}")

    def remove_document(self, name: bytes) -> Call:
        """Remove a document (ERC-1643). Owner only."""
        return self._write("removeDocument", name, label=f"remove document 0x{name.hex()}")

    def set_contract_uri(self, uri: str) -> Call:
        """Replace the address of the token's metadata (ERC-7572). Owner only."""
        return self._write("setContractURI", uri, label=f"set the metadata to {uri}")

    def set_name(self, name: str) -> Call:
        """Change the name. Owner only."""
        return self._write("setName", name, label=f"set the name to {name}")

    def set_symbol(self, symbol: str) -> Call:
        """Change the symbol. Owner only."""
        return self._write("setSymbol", symbol, label=f"set the symbol to {symbol}")

    def set_onchain_id(self, identity: str) -> Call:
        """Replace the identity contract of the token; zero for none. Owner only."""
        return self._write("setOnchainID", identity, label=f"set the identity to {identity}")

    def set_compliance(self, rules: str) -> Call:
        """Replace the rules contract. Owner only."""
        return self._write("setCompliance", rules, label=f"set the rules to {rules}")

    def set_identity_registry(self, registry: str) -> Call:
        """Replace the identity registry. Owner only."""
        label = f"set the registry to {registry}"
        return self._write("setIdentityRegistry", registry, label=label)

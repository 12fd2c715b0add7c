"""The contracts as typed Python objects, over any `Chain`.

A view asks the chain and returns integers, addresses in EIP-55, or a frozen dataclass that
mirrors the Solidity struct. A write asks nothing: it returns a `Call`, which an `Operator` sends.
Amounts are smallest units, times Unix seconds. Every view raises RevertError when the contract
refuses and ChainError when there is no such contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from prorata.abi import ZERO_ADDRESS, encode_constructor, event_for, event_name, function
from prorata.build import Artifact
from prorata.chain import HEAVY_BATCH, BlockTag, Chain, Log, RpcChain
from prorata.errors import ChainError, InputError, ProrataError

__all__ = [
    "FOREVER",
    "NATIVE",
    "Call",
    "Code",
    "Currency",
    "DecodedEvent",
    "Distribution",
    "DividendVault",
    "Entitlement",
    "Event",
    "Explanation",
    "Instruction",
    "Investor",
    "InvestorClass",
    "InvestorRegistry",
    "Kind",
    "LockUps",
    "Part",
    "PassThrough",
    "PayoutDesk",
    "Permit",
    "Reason",
    "RecordStream",
    "Refusal",
    "Settlement",
    "ShareToken",
    "TaxPolicy",
    "Terms",
    "TransferRules",
    "decode_log",
    "decode_logs",
    "deploy_call",
    "settlements",
]

NATIVE = ZERO_ADDRESS
"""The currency address that stands for the chain's own coin."""

FOREVER = 2**48 - 1
"""The time that stands for "without end"."""


class Kind(IntEnum):
    """What income is, for tax reports: `IDividendVault.Kind`."""

    DIVIDEND = 0
    INTEREST = 1
    RENT = 2
    RETURN_OF_CAPITAL = 3
    PRINCIPAL = 4

    @property
    def label(self) -> str:
        """As people write it: `return of capital`."""
        return self.name.lower().replace("_", " ")


class Reason(IntEnum):
    """Why a push passed over a holder: `IDividendVault.Reason`."""

    NOTHING = 0
    CLAIMED = 1
    PAYMENT_FAILED = 2
    POLICY_FAILED = 3
    WAITING = 4

    @property
    def label(self) -> str:
        """As people write it: `payment failed`."""
        return self.name.lower().replace("_", " ")


class InvestorClass(IntEnum):
    """What an investor is by law; a person has one class, the one its issuer relies on.

    Retail: none of the others. Accredited: 17 CFR 230.501(a). Qualified: Regulation (EU)
    2017/1129, article 2(e). Professional: Directive 2014/65/EU, annex II. Institutional: a bank,
    insurer, fund or public body, by whatever law.
    """

    RETAIL = 0
    ACCREDITED = 1
    QUALIFIED = 2
    PROFESSIONAL = 3
    INSTITUTIONAL = 4

    @property
    def label(self) -> str:
        """As people write it."""
        return self.name.lower()


class Code(IntEnum):
    """Why a transfer is refused: `ITransferRules.Code`."""

    NONE = 0
    PAUSED = 1
    SENDER_BLOCKED = 2
    RECEIVER_BLOCKED = 3
    AMOUNT_FROZEN = 4
    NOT_ELIGIBLE = 5
    COUNTRY = 6
    CLASS = 7
    WINDOW_CLOSED = 8
    MAX_HOLDERS = 9
    MAX_HOLDERS_IN_COUNTRY = 10
    MAX_HOLDERS_OF_CLASS = 11
    MAX_HOLDERS_OF_CLASS_IN_COUNTRY = 12
    MAX_HOLDING = 13
    MIN_HOLDING_GIVER = 14
    MIN_HOLDING_TAKER = 15
    LOCKED_UP = 16
    SUPPLY_CAP = 17
    RULES_FAILED = 18

    @property
    def label(self) -> str:
        """As people write it: `max holders of class`."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Investor:
    """What a registry knows of the person behind a wallet; see `InvestorLib.sol` for the packing.

    `country` is ISO 3166-1 numeric, `eligible_until` the last Unix second at which the person may
    receive shares. Person 0 is nobody. `lost` marks a wallet that has a successor.
    """

    person: int
    country: int
    investor_class: int
    eligible_until: int
    lost: bool = False

    @property
    def packed(self) -> int:
        """The fields in one word.

        Raises: InputError when one does not fit its bits.
        """
        word = 0
        for name, place, bits in _INVESTOR_FIELDS:
            value = int(getattr(self, name))
            if not 0 <= value < 2**bits:
                raise InputError.of(name, value, f"does not fit {bits} bits", "give a smaller one")
            word |= value << place
        return word

    @classmethod
    def unpack(cls, word: int) -> Investor:
        """From one word, whatever its spare bits."""
        person, country, investor_class, until, lost = (
            (word >> place) % 2**bits for _, place, bits in _INVESTOR_FIELDS
        )
        return cls(person, country, investor_class, until, lost=bool(lost))


_INVESTOR_FIELDS = (
    ("person", 0, 48),
    ("country", 48, 16),
    ("investor_class", 64, 8),
    ("eligible_until", 72, 48),
    ("lost", 120, 1),
)


@dataclass(frozen=True)
class Refusal:
    """A rule that a transfer breaks: what it would lead to, or what is known, and the limit."""

    code: Code
    value: int
    limit: int


@dataclass(frozen=True)
class Explanation:
    """Every rule that a transfer breaks, and the most that would pass now in smallest units."""

    refusals: tuple[Refusal, ...]
    most: int

    @classmethod
    def of(cls, answer: tuple[Sequence[Mapping[str, Any]], int]) -> Explanation:
        """From what `explain` returns."""
        structs, most = answer
        refusals = (Refusal(Code(s["code"]), s["value"], s["limit"]) for s in structs)
        return cls(tuple(refusals), most)


@dataclass(frozen=True)
class Call:
    """A write: `data` for the contract `to`, or a deployment when `to` is None; `value` in wei.

    `label` says in a few words what it does.
    """

    to: str | None
    data: bytes
    value: int = 0
    label: str = ""

    def question(self, sender: str) -> dict[str, object]:
        """The call in a node's own terms, for an estimate or a simulation."""
        asked: dict[str, object] = {
            "from": sender,
            "data": f"0x{self.data.hex()}",
            "value": hex(self.value),
        }
        return asked if self.to is None else {**asked, "to": self.to}


class DecodedEvent(Protocol):
    """An event by name, with its arguments by name: what `decode_log` gives."""

    @property
    def name(self) -> str:
        """As in `Transfer`."""
        ...

    @property
    def args(self) -> Mapping[str, Any]:
        """As in `{"from": …, "to": …, "value": …}`."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """A log that a known contract wrote; `args` by the names in the Solidity interface."""

    name: str
    args: Mapping[str, Any]
    log: Log


@dataclass(frozen=True)
class Terms:
    """The terms of a distribution, as in `IDividendVault.Terms`; the default pays all at once."""

    kind: Kind = Kind.DIVIDEND
    payable_from: int = 0
    deadline: int = 0
    sweep_to: str = ZERO_ADDRESS
    tax_policy: str = ZERO_ADDRESS
    document_hash: bytes = bytes(32)
    excluded: tuple[str, ...] = ()

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Terms:
        """From the struct as the ABI names it."""
        return cls(
            kind=Kind(struct["kind"]),
            payable_from=struct["payableFrom"],
            deadline=struct["deadline"],
            sweep_to=struct["sweepTo"],
            tax_policy=struct["taxPolicy"],
            document_hash=struct["documentHash"],
            excluded=tuple(struct["excluded"]),
        )

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (
            int(self.kind),
            self.payable_from,
            self.deadline,
            self.sweep_to,
            self.tax_policy,
            self.document_hash,
            list(self.excluded),
        )


@dataclass(frozen=True)
class Entitlement:
    """What a holder earned in a distribution, in the currency's smallest unit."""

    gross: int
    tax: int
    net: int


@dataclass(frozen=True)
class Settlement:
    """A holder's income from one distribution, settled: `gross - tax` went to `payee`."""

    distribution_id: int
    holder: str
    payee: str
    gross: int
    tax: int

    @property
    def net(self) -> int:
        """What went to the payee."""
        return self.gross - self.tax


@dataclass(frozen=True)
class Permit:
    """An ERC-2612 signature over an allowance for the vault, valid until `deadline`."""

    deadline: int
    v: int
    r: bytes
    s: bytes

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return self.deadline, self.v, self.r, self.s


@dataclass(frozen=True)
class Distribution:
    """Everything about one distribution; see `IDividendVault.Distribution`."""

    id: int
    token: str
    record_id: int
    currency: str
    declarer: str
    terms: Terms
    tax_collector: str
    amount: int
    eligible_supply: int
    settled_shares: int
    paid: int
    withheld: int
    remitted: int
    owed: int
    carried_out: int
    swept: int


@dataclass(frozen=True)
class Instruction:
    """What a holder wants done with its income, as in `IPayoutDesk.Instruction`.

    `claimant` signs: the holder, or its successor after a recovery. With a `hook` the money goes
    through that contract, which reads `data`.
    """

    holder: str
    claimant: str
    ids: tuple[int, ...]
    receiver: str
    valid_until: int
    hook: str = ZERO_ADDRESS
    data: bytes = b""
    nonce: int = 0

    @property
    def has_hook(self) -> bool:
        """Whether the money is to be reinvested."""
        return self.hook != ZERO_ADDRESS

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (
            self.holder,
            self.claimant,
            list(self.ids),
            self.receiver,
            self.hook,
            self.data,
            self.nonce,
            self.valid_until,
        )


def deploy_call(artifact: Artifact, *arguments: object) -> Call:
    """The deployment of a contract; structs among its constructor arguments as tuples.

    Raises: InputError when an argument does not fit its type.
    """
    data = artifact.bytecode + encode_constructor(artifact.name, arguments)
    return Call(None, data, 0, f"deploy {artifact.name}")


def decode_log(log: Log) -> Event | None:
    """The event that `log` is, or None when no contract of ours writes such a one."""
    found = event_for(log.topics, log.data)
    return None if found is None else Event(*found, log)


def decode_logs(logs: Sequence[Log], name: str | None = None) -> list[Event]:
    """The known events among `logs`, in order; with `name`, only those called that."""
    wanted = (log for log in logs if name in (None, event_name(log.topics)))
    return [event for event in map(decode_log, wanted) if event is not None]


def settlements(events: Iterable[DecodedEvent]) -> Iterator[Settlement]:
    """What the events settle, in order, each distribution for itself.

    A vault tells of one distribution in `Claimed`, and of several that one claim has settled in
    `ClaimedMany`; whoever counts payments should not have to know.
    """
    for event in events:
        if event.name not in ("Claimed", "ClaimedMany"):
            continue
        together = event.args
        parts = together["settlements"] if event.name == "ClaimedMany" else [together]
        for part in parts:
            yield Settlement(
                distribution_id=int(part["id"]),
                holder=str(together["holder"]),
                payee=str(together["payee"]),
                gross=int(part["gross"]),
                tax=int(part["tax"]),
            )


class _Contract:
    """Encodes, asks and decodes; `CONTRACT` names the artifact whose ABI is spoken."""

    CONTRACT = ""

    def __init__(self, chain: Chain, address: str, *, block: BlockTag = "latest") -> None:
        self.chain = chain
        self.address = address
        self.block = block

    def _view(self, name: str, *arguments: object) -> Any:
        wanted = function(self.CONTRACT, name)
        answer = self.chain.call(self.address, wanted.encode(*arguments), block=self.block)
        self._require_answer(answer)
        return wanted.decode(answer)

    def _views(self, name: str, rows: Sequence[Sequence[object]]) -> list[Any]:
        wanted = function(self.CONTRACT, name)
        calls = [(self.address, wanted.encode(*row)) for row in rows]
        answers = self.chain.call_many(calls, block=self.block)
        for answer in answers:
            self._require_answer(answer)
        return [wanted.decode(answer) for answer in answers]

    def _write(self, name: str, *arguments: object, label: str, value: int = 0) -> Call:
        data = function(self.CONTRACT, name).encode(*arguments)
        return Call(self.address, data, value, label)

    def _require_answer(self, answer: bytes) -> None:
        if not answer:
            raise ChainError(
                f"there is no {self.CONTRACT} at {self.address} on chain {self.chain.chain_id}",
                "check the address and the network",
            )


# ------------------------------------------------------------------------------------ share token


class ShareToken(_Contract):
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

    def record_count(self) -> int:
        """Records scheduled so far; their ids run from 1 to this."""
        return int(self._view("recordCount"))

    def record_time(self, record_id: int) -> int:
        """The Unix second at whose end the record closes."""
        return int(self._view("recordTime", record_id))

    def record_times(self) -> list[int]:
        """The closing times of all records; that of record `id` at index `id - 1`."""
        ids = range(1, self.record_count() + 1)
        return self._views("recordTime", [(record_id,) for record_id in ids])

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

    def owner(self) -> str:
        """ERC-173 owner."""
        return str(self._view("owner"))

    def pending_owner(self) -> str:
        """Who may accept the ownership, or zero."""
        return str(self._view("pendingOwner"))

    def is_agent(self, account: str) -> bool:
        """Whether `account` may issue, burn and schedule."""
        return bool(self._view("isAgent", account))

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
        label = f"issue {sum(amounts)} to {len(receivers)} holders"
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
        label = f"transfer {sum(amounts)} to {len(receivers)} holders"
        return self._write("batchTransfer", list(receivers), list(amounts), label=label)

    def approve(self, spender: str, amount: int) -> Call:
        """Let `spender` transfer the sender's shares."""
        return self._write("approve", spender, amount, label=f"approve {amount} for {spender}")

    def schedule_record(self, closes_at: int) -> Call:
        """Schedule the next record to close at the end of second `closes_at`. Agents only."""
        label = f"schedule a record at {closes_at}"
        return self._write("scheduleRecord", closes_at, label=label)

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
        return self._write("setIncomeWaits", while_ineligible, label=label)

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

    def add_agent(self, agent: str) -> Call:
        """Let `agent` issue, burn and schedule. Owner only."""
        return self._write("addAgent", agent, label=f"add agent {agent}")

    def remove_agent(self, agent: str) -> Call:
        """Take an agent's power. Owner only."""
        return self._write("removeAgent", agent, label=f"remove agent {agent}")

    def set_compliance(self, rules: str) -> Call:
        """Replace the rules contract. Owner only."""
        return self._write("setCompliance", rules, label=f"set the rules to {rules}")

    def set_identity_registry(self, registry: str) -> Call:
        """Replace the identity registry. Owner only."""
        label = f"set the registry to {registry}"
        return self._write("setIdentityRegistry", registry, label=label)

    def transfer_ownership(self, owner: str) -> Call:
        """Offer the ownership to `owner`, who must accept it. Owner only."""
        return self._write("transferOwnership", owner, label=f"offer the ownership to {owner}")

    def accept_ownership(self) -> Call:
        """Accept the ownership that was offered to the sender."""
        return self._write("acceptOwnership", label="accept the ownership")


# ------------------------------------------------------------------------------ who may hold, how


class InvestorRegistry(_Contract):
    """Who may hold the shares of an issuer, and how much each person holds."""

    CONTRACT = "InvestorRegistry"

    def investor_of(self, wallet: str) -> Investor:
        """What is known of the person behind `wallet`."""
        return Investor.unpack(self._view("investorOf", wallet))

    def investors_of(self, wallets: Sequence[str]) -> list[Investor]:
        """`investor_of` for many at once."""
        words = self._views("investorOf", [(wallet,) for wallet in wallets])
        return [Investor.unpack(word) for word in words]

    def is_verified(self, wallet: str) -> bool:
        """Whether `wallet` may receive shares now."""
        return bool(self._view("isVerified", wallet))

    def successor_of(self, wallet: str) -> str:
        """Who took the place of a lost wallet; zero if it was not lost."""
        return str(self._view("successorOf", wallet))

    def tokens(self) -> list[str]:
        """The tokens bound so far."""
        return list(self._view("tokens"))

    def count_keeper(self, token: str) -> str:
        """The rules contract that keeps the count of a token's holders; zero if none does."""
        return str(self._view("countKeeper", token))

    def holding_of(self, token: str, person: int) -> int:
        """How much a person holds over all wallets, where persons are counted."""
        return int(self._view("holdingOf", token, person))

    def holdings_of(self, token: str, persons: Sequence[int]) -> list[int]:
        """`holding_of` for many at once."""
        return self._views("holdingOf", [(token, person) for person in persons])

    def holder_count(self, token: str) -> int:
        """How many persons hold a token, where persons are counted."""
        return int(self._view("holderCount", token))

    def holder_count_in(self, token: str, country: int) -> int:
        """How many persons of a country hold a token."""
        return int(self._view("holderCountIn", token, country))

    def holder_count_of(self, token: str, investor_class: int) -> int:
        """How many persons of a class hold a token."""
        return int(self._view("holderCountOf", token, int(investor_class)))

    def holder_count_of_in(self, token: str, investor_class: int, country: int) -> int:
        """How many persons of a class and a country hold a token."""
        return int(self._view("holderCountOfIn", token, int(investor_class), country))

    def owner(self) -> str:
        """ERC-173 owner."""
        return str(self._view("owner"))

    def pending_owner(self) -> str:
        """Who may accept the ownership, or zero."""
        return str(self._view("pendingOwner"))

    def is_agent(self, account: str) -> bool:
        """Whether `account` may keep the register."""
        return bool(self._view("isAgent", account))

    def register(self, wallets: Sequence[str], investors: Sequence[Investor]) -> Call:
        """Register wallets, or change what is known of them. Agents only."""
        words = [investor.packed for investor in investors]
        return self._write("register", list(wallets), words, label=f"register {len(words)} wallets")

    def delete(self, wallet: str) -> Call:
        """Remove a wallet, which must hold nothing that is counted. Agents only."""
        return self._write("deleteIdentity", wallet, label=f"remove {wallet} from the register")

    def bind_token(self, token: str) -> Call:
        """Let the holders of `token` be counted, and let it report recoveries. Owner only."""
        return self._write("bindToken", token, label=f"bind {token} to the register")

    def count(self, token: str, wallets: Sequence[str]) -> Call:
        """Count the persons behind a page of wallets in ascending order. Agents only."""
        label = f"count the holders of {token}"
        return self._write("count", token, list(wallets), label=label)

    def add_agent(self, agent: str) -> Call:
        """Let `agent` keep the register. Owner only."""
        return self._write("addAgent", agent, label=f"add registrar {agent}")

    def remove_agent(self, agent: str) -> Call:
        """Take an agent's power. Owner only."""
        return self._write("removeAgent", agent, label=f"remove registrar {agent}")

    def transfer_ownership(self, owner: str) -> Call:
        """Offer the ownership to `owner`, who must accept it. Owner only."""
        return self._write("transferOwnership", owner, label=f"offer the register to {owner}")

    def accept_ownership(self) -> Call:
        """Accept the ownership that was offered to the sender."""
        return self._write("acceptOwnership", label="accept the register")


class TransferRules(_Contract):
    """Which transfers of a token are allowed. Its settings are part of its code."""

    CONTRACT = "TransferRules"

    def registry(self) -> str:
        """The registry that these rules read."""
        return str(self._view("registry"))

    def explain(self, token: str, sender: str, receiver: str, amount: int) -> Explanation:
        """All rules that a transfer would break; the token adds its own refusals to these."""
        return Explanation.of(self._view("explain", token, sender, receiver, amount))


class LockUps(_Contract):
    """Which shares of a wallet may not be sold yet."""

    CONTRACT = "LockUps"

    def locked(self, token: str, wallet: str) -> tuple[int, int]:
        """Shares that are locked now, and when the next of them are released; 0 for none."""
        amount, next_release = self._view("locked", token, wallet)
        return int(amount), int(next_release)


# ----------------------------------------------------------------------------------- the vault


class DividendVault(_Contract):
    """Takes funded distributions and pays the holders of record."""

    CONTRACT = "DividendVault"

    def distribution_count(self) -> int:
        """Distributions declared so far; their ids run from 1 to this."""
        return int(self._view("distributionCount"))

    def distribution(self, distribution_id: int) -> Distribution:
        """Everything about one distribution."""
        return _distribution(distribution_id, self._view("distribution", distribution_id))

    def distributions(self) -> list[Distribution]:
        """All distributions of the vault, of whatever token."""
        ids = range(1, self.distribution_count() + 1)
        structs = self._views("distribution", [(number,) for number in ids])
        return [_distribution(*pair) for pair in zip(ids, structs, strict=True)]

    def entitlement(self, distribution_id: int, holder: str) -> Entitlement:
        """What `holder` earned, claimed or not."""
        return Entitlement(*self._view("entitlement", distribution_id, holder))

    def entitlements(self, distribution_id: int, holders: Sequence[str]) -> list[Entitlement]:
        """`entitlement` for many at once."""
        rows = [(distribution_id, holder) for holder in holders]
        return [Entitlement(*row) for row in self._views("entitlement", rows)]

    def claimable(self, distribution_id: int, holder: str) -> int:
        """What a claim would pay now, net."""
        return int(self._view("claimable", distribution_id, holder))

    def claimables(self, distribution_id: int, holders: Sequence[str]) -> list[int]:
        """`claimable` for many at once."""
        return self._views("claimable", [(distribution_id, holder) for holder in holders])

    def is_claimed(self, distribution_id: int, holder: str) -> bool:
        """Whether the income of `holder` has been settled."""
        return bool(self._view("isClaimed", distribution_id, holder))

    def are_claimed(self, distribution_id: int, holders: Sequence[str]) -> list[bool]:
        """`is_claimed` for many at once."""
        return self._views("isClaimed", [(distribution_id, holder) for holder in holders])

    def desk(self) -> str:
        """The contract that carries out signed instructions for this vault."""
        return str(self._view("desk"))

    def payee_of(self, holder: str) -> str:
        """Where the income of `holder` goes."""
        return str(self._view("payeeOf", holder))

    def payees_of(self, holders: Sequence[str]) -> list[str]:
        """`payee_of` for many at once."""
        return self._views("payeeOf", [(holder,) for holder in holders])

    def carried(self, token: str, currency: str) -> int:
        """What finished distributions left over for the next."""
        return int(self._view("carried", token, currency))

    def declare(
        self, token: str, record_id: int, currency: str, amount: int, terms: Terms | None = None
    ) -> Call:
        """Declare a distribution and fund it; for the native coin the amount is sent along."""
        terms = terms or Terms()
        return self._write(
            "declare",
            token,
            record_id,
            currency,
            amount,
            terms.encodable(),
            label=f"declare {terms.kind.label} of {amount} at record {record_id}",
            value=amount if currency == NATIVE else 0,
        )

    def declare_with_permit(
        self,
        token: str,
        record_id: int,
        currency: str,
        amount: int,
        terms: Terms,
        *,
        permit: Permit,
    ) -> Call:
        """`declare`, funded by a signature instead of an approval."""
        return self._write(
            "declareWithPermit",
            token,
            record_id,
            currency,
            amount,
            terms.encodable(),
            permit.encodable(),
            label=f"declare {terms.kind.label} of {amount} at record {record_id} by permit",
        )

    def claim(self, ids: Sequence[int], holder: str) -> Call:
        """Pay `holder` what it is owed from the distributions `ids`."""
        label = f"claim {', '.join(map(str, ids))} for {holder}"
        return self._write("claim", list(ids), holder, label=label)

    def push(self, distribution_id: int, holders: Sequence[str]) -> Call:
        """Pay a page of holders."""
        label = f"push distribution {distribution_id} to {len(holders)} holders"
        return self._write("push", distribution_id, list(holders), label=label)

    def would_push(self, distribution_id: int, pages: Sequence[Sequence[str]]) -> list[int]:
        """How many of each page a push of it would pay now."""
        rows = [(distribution_id, list(page)) for page in pages]
        # Each is a question of millions of gas, and an answer has to come in time.
        starts = range(0, len(rows), HEAVY_BATCH)
        return [
            n for start in starts for n in self._views("push", rows[start : start + HEAVY_BATCH])
        ]

    def set_payee(self, payee: str) -> Call:
        """Send the sender's income to `payee` from now on."""
        return self._write("setPayee", payee, label=f"set the payee to {payee}")

    def remit(self, distribution_id: int) -> Call:
        """Send the tax withheld so far to the collector."""
        label = f"remit the tax of distribution {distribution_id}"
        return self._write("remit", distribution_id, label=label)

    def sweep(self, distribution_id: int) -> Call:
        """After the deadline, send what is unclaimed to the recipient of the terms."""
        return self._write("sweep", distribution_id, label=f"sweep distribution {distribution_id}")

    def refund(self, distribution_id: int) -> Call:
        """Return a distribution that nobody can receive to its declarer."""
        label = f"refund distribution {distribution_id}"
        return self._write("refund", distribution_id, label=label)


class TaxPolicy(_Contract):
    """What is withheld from a distribution's income, and for whom. Anyone may have written it."""

    CONTRACT = "ITaxPolicy"

    def __init__(self, chain: RpcChain, address: str, *, block: BlockTag = "latest") -> None:
        super().__init__(chain, address, block=block)
        self._node = chain

    def collector(self) -> str:
        """Who receives what is withheld."""
        return str(self._view("collector"))

    def taxes_on(
        self, token: str, record_id: int, kind: Kind, gross: Mapping[str, int]
    ) -> dict[str, int | None]:
        """The tax on each holder's gross income; None for whom the policy has no usable answer."""
        wanted = function(self.CONTRACT, "taxOn")
        calls = [
            (self.address, wanted.encode(token, record_id, int(kind), holder, amount))
            for holder, amount in gross.items()
        ]
        answers = self._node.try_calls(calls, block=self.block)
        return {
            holder: _usable(answer, amount)
            for (holder, amount), answer in zip(gross.items(), answers, strict=True)
        }


def _usable(answer: bytes | ProrataError, gross: int) -> int | None:
    """The tax in a policy's answer, as a vault reads it: one word, at most the gross."""
    if isinstance(answer, ProrataError) or len(answer) < 32:
        return None
    tax = int.from_bytes(answer[:32], "big")
    return tax if tax <= gross else None


def _distribution(number: int, struct: Mapping[str, Any]) -> Distribution:
    return Distribution(
        id=number,
        token=struct["token"],
        record_id=struct["recordId"],
        currency=struct["currency"],
        declarer=struct["declarer"],
        terms=Terms.of(struct["terms"]),
        tax_collector=struct["taxCollector"],
        amount=struct["amount"],
        eligible_supply=struct["eligibleSupply"],
        settled_shares=struct["settledShares"],
        paid=struct["paid"],
        withheld=struct["withheld"],
        remitted=struct["remitted"],
        owed=struct["owed"],
        carried_out=struct["carriedOut"],
        swept=struct["swept"],
    )


class PayoutDesk(_Contract):
    """Carries out what holders have signed about their income."""

    CONTRACT = "PayoutDesk"

    def vault(self) -> str:
        """The vault whose desk this is."""
        return str(self._view("vault"))

    def is_spent(self, claimant: str, nonce: int) -> bool:
        """Whether an instruction with this nonce was carried out or cancelled."""
        return bool(self._view("isSpent", claimant, nonce))

    def digest_of(self, instruction: Instruction) -> bytes:
        """What is to be signed."""
        return bytes(self._view("digestOf", instruction.encodable()))

    def carry_out(self, instruction: Instruction, signature: bytes) -> Call:
        """Do what the claimant has signed."""
        ids = ", ".join(map(str, instruction.ids))
        label = f"claim {ids} for {instruction.holder} as signed"
        return self._write("carryOut", instruction.encodable(), signature, label=label)

    def cancel(self, nonce: int) -> Call:
        """Make sure that no instruction of the sender's with this nonce is ever carried out."""
        return self._write("cancel", nonce, label=f"cancel instruction {nonce}")


# ----------------------------------------------------------------- streams of records, and pools


@dataclass(frozen=True)
class Part:
    """One record of a stream: `IRecordStream.Part`."""

    record_id: int
    weight: int
    closes_at: int


class RecordStream(_Contract):
    """Ranges of a token's records, each paid like a record of this contract."""

    CONTRACT = "RecordStream"

    def token(self) -> str:
        """The share token."""
        return str(self._view("token"))

    def record_count(self) -> int:
        """Streams defined so far; their ids run from 1 to this."""
        return int(self._view("recordCount"))

    def record_time(self, stream_id: int) -> int:
        """The Unix second at whose end the last record of the stream closes."""
        return int(self._view("recordTime", stream_id))

    def record_times(self) -> list[int]:
        """The closing times of all streams; that of stream `id` at index `id - 1`."""
        ids = range(1, self.record_count() + 1)
        return self._views("recordTime", [(stream_id,) for stream_id in ids])

    def parts_of(self, stream_id: int) -> tuple[Part, ...]:
        """The records of a stream, in ascending order."""
        return _parts(self._view("partsOf", stream_id))

    def all_parts(self) -> list[tuple[Part, ...]]:
        """`parts_of` for every stream; that of stream `id` at index `id - 1`."""
        ids = range(1, self.record_count() + 1)
        return [_parts(found) for found in self._views("partsOf", [(number,) for number in ids])]

    def balances_of_at(self, accounts: Sequence[str], stream_id: int) -> list[int]:
        """The weighted balances of accounts, once the stream has closed."""
        return self._views("balanceOfAt", [(account, stream_id) for account in accounts])

    def total_supply_at(self, stream_id: int) -> int:
        """All weighted shares, once the stream has closed."""
        return int(self._view("totalSupplyAt", stream_id))

    def define(self, record_ids: Sequence[int], weights: Sequence[int]) -> Call:
        """Define a stream. Who speaks for the token only."""
        label = f"define a stream over {len(record_ids)} records from {record_ids[0]}"
        return self._write("defineStream", list(record_ids), list(weights), label=label)


def _parts(structs: Sequence[Mapping[str, int]]) -> tuple[Part, ...]:
    return tuple(Part(s["recordId"], s["weight"], s["closesAt"]) for s in structs)


class PassThrough(_Contract):
    """Assigns what a pool is owed to the pool's own holders."""

    CONTRACT = "PassThrough"

    def vault(self) -> str:
        """The vault."""
        return str(self._view("vault"))

    def pool(self) -> str:
        """The account whose income is passed on."""
        return str(self._view("pool"))

    def pool_token(self) -> str:
        """The record token of those for whom the pool holds."""
        return str(self._view("poolToken"))

    def pool_streams(self) -> str:
        """The streams of the pool's token; zero for none."""
        return str(self._view("poolStreams"))

    def is_registered(self) -> bool:
        """Whether the pool has named this contract as its payee."""
        return bool(self._view("isRegistered"))

    def are_done(self, ids: Sequence[int]) -> list[bool]:
        """Whether the pool's income from each distribution has been passed on or returned."""
        return self._views("isDone", [(number,) for number in ids])

    def pass_on(self, ids: Sequence[int], pool_record_ids: Sequence[int]) -> Call:
        """Pass on several distributions; those that cannot be are told in an event."""
        label = f"pass on {', '.join(map(str, ids))}"
        return self._write("pass", list(ids), list(pool_record_ids), label=label)

    def return_unmatched(self, distribution_id: int, part: int, later_record_id: int) -> Call:
        """Return to the pool what falls on a second at which its token has no record."""
        label = f"return {distribution_id} to the pool"
        arguments = (distribution_id, part, later_record_id)
        return self._write("returnUnmatched", *arguments, label=label)


# ------------------------------------------------------------------------------------ currencies


class Currency(_Contract):
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
        if len(answer) == 32:
            return answer.rstrip(b"\0").decode(errors="replace")
        return str(function(self.CONTRACT, name).decode(answer))

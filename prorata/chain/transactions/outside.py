# SPDX-License-Identifier: MIT
"""What our accounts sent that the journal does not know: the journal is not the only memory.

A copy of the folder may have gone on elsewhere, or this one was restored, shortened or sealed anew.
Then the accounts have used nonces that the journal cannot explain. In the ordinary case one
question for each account shows that there are none. Only on a difference are the transactions
looked for: by account and nonce where the node has that; else in the block in which the account's
count rose, as long as the node keeps the state of then; else by the events of our contracts.

What touches our contracts stops every sending until it is adopted. What does not, or failed, is
noted as foreign, for an account may be used for other things.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.address import to_checksum_address

from prorata.chain.abi import function
from prorata.chain.artifacts import artifacts
from prorata.chain.calls import decode_log
from prorata.chain.encoding import bytes_of, int_of
from prorata.chain.journal import Journal, Mark
from prorata.chain.node import RpcChain
from prorata.chain.signed import created_address, read_signed, signed_bytes
from prorata.chain.types import Log, Mined
from prorata.errors import ProrataError

__all__ = ["Findings", "Home", "Outside", "find_outside"]

MOST_BY_NONCE = 200
"""Nonces that are asked for one by one; an account that was busier elsewhere is read by events."""
MOST_STATES = 500
"""Questions about the count of an account at a block of the past."""

_Point: TypeAlias = tuple[int, int]
"""A block, and how many nonces the account had used by then."""


@dataclass(frozen=True)
class Home:
    """What belongs to a deployment: its contracts, since which block, and who put them there.

    `shared` are those of them that serve other assets, too: a vault, a register, a currency.
    """

    contracts: frozenset[str] = frozenset()
    first_block: int = 0
    accounts: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outside:
    """A transaction of our account that the journal does not know.

    `ours` when it did something to this deployment; `hash` is None when the node cannot show it.
    `raw` are the signed bytes, or None where the node's answer does not give them back.
    """

    account: str
    nonce: int
    what: str
    hash: str | None = None
    block: int | None = None
    raw: bytes | None = None
    ours: bool = False


@dataclass(frozen=True)
class Findings:
    """What was found of one account, which had used `count` nonces at `block`."""

    account: str
    count: int
    block: int
    found: tuple[Outside, ...]

    @property
    def ours(self) -> list[Outside]:
        """What did something to this deployment."""
        return [one for one in self.found if one.ours]

    def mark(self) -> Mark:
        """That nothing before is unknown, and what of it no entry explains."""
        foreign = {one.nonce: one.hash for one in self.found if one.raw is None or not one.ours}
        return Mark(self.account, self.count, self.block, foreign)


# ----------------------------------------------------------------------------------------- looking


def find_outside(
    chain: RpcChain,
    journal: Journal,
    home: Home,
    accounts: Iterable[str] = (),
    *,
    thoroughly: bool = False,
) -> list[Findings]:
    """What each account sent that the journal does not know; nothing for one without a difference.

    `thoroughly` looks, too, whether what the journal signed is what was mined with its nonce.

    Raises: ChainError.
    """
    findings = []
    for account in sorted({*accounts, *home.accounts, *journal.accounts()}):
        count = chain.nonce(account)
        unknown = journal.unknown(account, count)
        if thoroughly and unknown is not None:
            unknown = sorted({*unknown, *_replaced(chain, journal, account, count)})
        if unknown or unknown is None:
            last = chain.block().number
            places = _Places(chain, journal, home, account, last)
            found = places.by_event(None) if unknown is None else places.of(unknown)
            findings.append(Findings(account, count, last, tuple(found)))
    return findings


def _replaced(chain: RpcChain, journal: Journal, account: str, count: int) -> set[int]:
    """Nonces that were used, though nothing that the journal signed with them was mined."""
    signed = [e for e in journal.live() if e.sender == account and e.nonce < count]
    versions = [version for entry in signed for version in journal.versions(entry)]
    mined = chain.receipts([version.hash for version in versions])
    done = {v.nonce for v, receipt in zip(versions, mined, strict=True) if receipt is not None}
    return {entry.nonce for entry in signed} - done


@dataclass(frozen=True)
class _Places:
    """Where one account's transactions may be."""

    chain: RpcChain
    journal: Journal
    home: Home
    account: str
    last: int

    def of(self, nonces: Sequence[int]) -> list[Outside]:
        """What was sent with the nonces, as far as it can be found."""
        found = {int_of(one["nonce"]): one for one in self._by_nonce(nonces)}
        if left := [nonce for nonce in nonces if nonce not in found]:
            first = self._before(left[0])
            held = _Held(self.chain, self.account, range(left[0], left[-1] + 1))
            found |= {
                int_of(one["nonce"]): one
                for one in held.between(first, self.last)
                if int_of(one["nonce"]) in left
            }
        known = {one.nonce: one for one in self._judged(list(found.values()))}
        if left := [nonce for nonce in nonces if nonce not in known]:
            known |= {one.nonce: one for one in self.by_event(left)}
        lost = "could not be found on this node, and no event of the deployment is its"
        return [known.get(n) or Outside(self.account, n, lost) for n in nonces]

    def by_event(self, nonces: Sequence[int] | None) -> list[Outside]:
        """What made our contracts speak; of an account never looked at, any nonce."""
        contracts = sorted(_contracts(self.home, self.journal))
        if not contracts:
            return []
        first = self.home.first_block if nonces is None else self._before(nonces[0])
        logs = self.chain.logs(contracts, first, self.last)
        hashes = dict.fromkeys(log.transaction_hash for log in logs)
        own = {entry.hash for entry in self.journal.entries}
        questions = [("eth_getTransactionByHash", (one,)) for one in hashes if one not in own]
        sent = [one for one in self.chain.request_many(questions) if self._is_own(one)]
        wanted = [one for one in sent if nonces is None or int_of(one["nonce"]) in nonces]
        return self._judged(wanted)

    def _by_nonce(self, nonces: Sequence[int]) -> list[Mapping[str, Any]]:
        """Where the node has an index of its own."""
        asked = nonces[:MOST_BY_NONCE]
        method = "eth_getTransactionBySenderAndNonce"
        answers = self.chain.try_many([(method, (self.account, hex(nonce))) for nonce in asked])
        return [one for one in answers if self._is_own(one)]

    def _before(self, nonce: int) -> int:
        """A block at which the account had not used the nonce."""
        earlier = [
            entry.hash
            for entry in self.journal.entries
            if entry.sender == self.account and entry.nonce < nonce
        ]
        mined = self.chain.receipts(earlier[-1:])
        if mined and mined[0] is not None:
            return mined[0].block_number
        mark = self.journal.mark_of(self.account)
        if mark is not None and mark.nonce <= nonce:
            return mark.block
        return self.home.first_block

    def _is_own(self, sent: object) -> bool:
        """Whether it is a transaction of the account in a block."""
        return (
            isinstance(sent, dict)
            and str(sent.get("from")).lower() == self.account.lower()
            and sent.get("blockNumber") is not None
        )

    def _judged(self, sent: Sequence[Mapping[str, Any]]) -> list[Outside]:
        receipts = self.chain.receipts([one["hash"] for one in sent])
        contracts = _contracts(self.home, self.journal)
        return [
            _judged(self, one, mined, contracts)
            for one, mined in zip(sent, receipts, strict=True)
            if mined is not None
        ]


@dataclass
class _Held:
    """The account's count at blocks of the past, as long as the node keeps their state."""

    chain: RpcChain
    account: str
    nonces: range
    left: int = MOST_STATES

    def between(self, low: int, high: int) -> Iterator[Mapping[str, Any]]:
        """The account's transactions in the blocks after `low` up to `high` where nonces fit."""
        at_low, at_high = self._count(low), self._count(high)
        if at_low is not None and at_high is not None:
            yield from self._within((low, at_low), (high, at_high))

    def _within(self, low: _Point, high: _Point) -> Iterator[Mapping[str, Any]]:
        if low[1] >= min(high[1], self.nonces.stop) or high[1] <= self.nonces.start:
            return
        if high[0] - low[0] == 1:
            yield from self._in_block(high[0])
            return
        middle = (low[0] + high[0]) // 2
        count = self._count(middle)
        if count is not None:
            yield from self._within(low, (middle, count))
            yield from self._within((middle, count), high)

    def _count(self, block: int) -> int | None:
        self.left -= 1
        if self.left < 0:
            return None
        question = ("eth_getTransactionCount", (self.account, hex(block)))
        [answer] = self.chain.try_many([question])
        return None if isinstance(answer, ProrataError) else int_of(answer)

    def _in_block(self, number: int) -> list[Mapping[str, Any]]:
        block = self.chain.request("eth_getBlockByNumber", hex(number), True)
        sent = [] if block is None else block["transactions"]
        return [one for one in sent if str(one["from"]).lower() == self.account.lower()]


# ----------------------------------------------------------------------------------------- judging


def _judged(
    place: _Places, sent: Mapping[str, Any], mined: Mined, contracts: Collection[str]
) -> Outside:
    account, shared = place.account, place.home.shared
    data = bytes_of(sent["input"])
    to = None if sent["to"] is None else to_checksum_address(sent["to"])
    touched = {
        contract
        for contract in contracts
        if contract == to
        or any(log.address == contract for log in mined.logs)
        # An allowance for the vault, or what is created to serve the token.
        or bytes.fromhex(contract[2:]) in data
    }
    own = set(contracts) - set(shared)
    what = _what(to, data) if mined.success else f"{_what(to, data)}, which failed"
    ours = bool(touched) and mined.success
    if ours and not touched & own:
        ours = _is_for(place.chain, own, data, mined, shared)
    raw = signed_bytes(sent) if ours else None
    nonce = int_of(sent["nonce"])
    return Outside(account, nonce, what, str(sent["hash"]), mined.block_number, raw, ours)


def _is_for(
    chain: RpcChain, own: Collection[str], data: bytes, mined: Mined, shared: Collection[str]
) -> bool:
    """Whether what only a shared contract was asked concerns this asset, and not another."""
    words = [bytes.fromhex(contract[2:]) for contract in own]
    spoken = [data, *(log.data for log in mined.logs)]
    spoken += [topic for log in mined.logs for topic in log.topics]
    if any(word in said for word in words for said in spoken):
        return True
    return any(
        asset in own
        for log in mined.logs
        if log.address in shared
        for asset in _assets_of(chain, log)
    )


def _assets_of(chain: RpcChain, log: Log) -> set[str]:
    """The tokens of the distributions that a vault speaks of."""
    event = decode_log(log)
    if event is None:
        return set()
    told = [event.args, *event.args.get("settlements", ())]
    numbers = {int(one["id"]) for one in told if "id" in one}
    asset_of = function("DividendVault", "assetOf")
    answers = chain.try_calls([(log.address, asset_of.encode(number)) for number in numbers])
    return {str(asset_of.decode(a)[0]) for a in answers if isinstance(a, bytes)}


def _contracts(home: Home, journal: Journal) -> frozenset[str]:
    """The deployment's contracts, and what the journal's own steps have created."""
    return home.contracts | {
        created_address(entry.sender, entry.nonce)
        for entry in journal.entries
        if read_signed(entry.raw).to is None
    }


def _what(to: str | None, data: bytes) -> str:
    """What it asked for, in a few words."""
    if to is None:
        return f"creates {_created(data) or 'a contract'}"
    name = _functions().get(data[:4]) if data else "a payment"
    return f"{name or f'0x{data[:4].hex()}'} to {to}"


def _created(data: bytes) -> str | None:
    """The contract of ours that is created."""
    for name, one in artifacts().items():
        if one.bytecode and data.startswith(one.bytecode):
            return name
    return None


@cache
def _functions() -> Mapping[bytes, str]:
    """The names of our contracts' functions by selector."""
    return {
        function_abi_to_4byte_selector(item): item["name"]
        for one in artifacts().values()
        for item in one.abi
        if item["type"] == "function"
    }

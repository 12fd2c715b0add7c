"""Calls: offerings, tenders and auctions among holders, as tests open, fill and settle them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any

from eth_account import Account

from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.harness import DAY, NOTHING, Harness, named
from tests.contracts.trading import members, signature_of

MAX = 2**256 - 1
LONG = 2**48 - 1
DOCUMENT = b"\x0d" * 32
ADA = Account.from_key("0x" + "1a" * 32)
BEA = Account.from_key("0x" + "1b" * 32)
KEYS = {key.address: key for key in (ADA, BEA)}
PLACEMENT_TYPE = (
    "Placement(bytes32 id,address owner,uint8 side,uint128 quantity,uint8 step,uint8 ladder,"
    "uint256 nonce,uint256 validUntil)"
)
OPENING_TYPE = "Opening(bytes32 id)"
WITHDRAWAL_TYPE = "Withdrawal(bytes32 id,uint256 order,uint256 validUntil)"
NO_PERMIT = (0, 0, NOTHING, NOTHING)


class Kind(IntEnum):
    """What a call is."""

    SALE, TENDER, AUCTION = range(3)


class Side(IntEnum):
    """Which side an order is on."""

    BID, ASK = range(2)


class Stage(IntEnum):
    """How far a call is."""

    NONE, OPEN, CLEARED, SETTLING, SETTLED, FAILED, CANCELLED = range(7)


class Failure(IntEnum):
    """Why a call failed."""

    NO_VOLUME, BELOW_LEAST, NOT_CLOSED, NOT_ACCEPTED = range(4)


class State(IntEnum):
    """How far an order is."""

    NONE, PLACED, WITHDRAWN, STRUCK, ALLOTTED, ENDED = range(6)


@dataclass(frozen=True)
class Ladder:
    """Prices of one currency, for a lot."""

    currency: str = ZERO
    first_price: int = 0
    increment: int = 0


@dataclass(frozen=True)
class Terms:
    """The terms of a call, in the order of the contract's struct."""

    opener: str
    salt: bytes = NOTHING
    kind: Kind = Kind.SALE
    token: str = ZERO
    lot: int = 10
    principal: str = ZERO
    mint: bool = False
    by_amount: bool = False
    lots: int = 0
    least_lots: int = 0
    budget: int = 0
    ladders: tuple[Ladder, Ladder] = (Ladder(), Ladder())
    steps: int = 1
    opens_at: int = 0
    withdraw_until: int = 0
    closes_at: int = 0
    close_by: int = 0
    accept_by: int = 0
    settle_by: int = 0
    return_until: int = 0
    least_order: int = 1
    most_per_person: int = 0
    registry: str = ZERO
    record_id: int = 0
    entitled_lots: int = 0
    entitled_shares: int = 0
    valuer: str = ZERO
    fee_to: str = ZERO
    fee_bps: int = 0
    delivery_gas: int = 500_000
    take_until: int = 0
    sweep_to: str = ZERO
    document: bytes = NOTHING

    def but(self, **changes: Any) -> Terms:
        """The same, but for these fields."""
        return replace(self, **changes)

    def encodable(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        words = [getattr(self, part.name) for part in fields(self)]
        place = [part.name for part in fields(self)].index("ladders")
        words[place] = [(x.currency, x.first_price, x.increment) for x in self.ladders]
        return tuple(words)

    def price(self, step: int, ladder: int = 0) -> int:
        """Money for a lot at a step."""
        chosen = self.ladders[ladder]
        return chosen.first_price + step * chosen.increment


class Calls:
    """A `CallAuction` on a harness. The token has appointed its `Holds`, and made it an agent.

    The issuer has 10,000 shares and is the principal; Ann, Ben, Cid, Dan and Eve have 100.00
    dollars times 10,000 each, and 1,000 shares if they are given them.
    """

    def __init__(self, harness: Harness, *, holders: int = 0, issue: bool = True) -> None:
        self.harness = harness
        self.kit: RevmKit = harness.kit
        self.token, self.dollar = harness.token, harness.dollar
        self.owner, self.agent, self.stranger = harness.owner, harness.agent, harness.stranger
        self.issuer = harness.issuer
        self.people = [harness.ann, harness.ben, harness.cid, harness.dan, harness.eve]
        self.ann, self.ben, self.cid, self.dan, self.eve = self.people
        self.holds = self.kit.deploy("Holds")
        self.auction = self.kit.deploy("CallAuction", self.holds.address)
        self.token.send("setHoldsContract", self.holds.address, sender=harness.owner)
        self.token.send("addAgent", self.auction.address, sender=harness.owner)
        if issue:
            harness.issue({self.issuer: 10_000})
        if holders:
            harness.issue(dict.fromkeys(self.people, holders))
        for who in (*self.people, self.issuer):
            self.pay(who, 1_000_000_000_000)
            self.consent(who)

    # ------------------------------------------------------------------------------- before

    def pay(self, who: str, amount: int, currency: Deployed | None = None) -> None:
        """Give somebody money, all of which the auction may take."""
        money = currency or self.dollar
        money.send("mint", who, amount)
        money.send("approve", self.auction.address, MAX, sender=who)

    def consent(self, who: str, most: int = 2**96 - 1, until: int | None = None) -> Receipt:
        """Let the auction hold somebody's shares, for a year if nothing is said."""
        end = self.kit.now + 365 * DAY if until is None else until
        arguments = (self.auction.address, self.token.address, most, end)
        return self.holds.send("setKeeper", *arguments, sender=who)

    def terms(self, **changes: Any) -> Terms:
        """A sale of a hundred new lots of ten shares, at 1.00 a lot, for a day."""
        now = self.kit.now
        usual = Terms(
            opener=self.owner,
            token=self.token.address,
            principal=self.issuer,
            mint=True,
            lots=100,
            ladders=(Ladder(self.dollar.address, 1_000_000), Ladder()),
            opens_at=now,
            closes_at=now + DAY,
            close_by=now + 2 * DAY,
            settle_by=now + 10 * DAY,
        )
        return usual.but(**changes)

    def ladder(self, first: int = 1_000_000, increment: int = 100_000) -> tuple[Ladder, Ladder]:
        """Prices in dollars."""
        return (Ladder(self.dollar.address, first, increment), Ladder())

    def sale(self, **changes: Any) -> Terms:
        """The same of shares that the issuer holds, who opens it."""
        return self.terms(**{"mint": False, "opener": self.issuer, **changes})

    def tender(self, **changes: Any) -> Terms:
        """The issuer buys up to a hundred shares for up to 1,000.00, at ten prices from 1.00."""
        usual = {
            "kind": Kind.TENDER, "mint": False, "opener": self.issuer, "lot": 1, "steps": 10,
            "budget": 1_000_000_000, "ladders": self.ladder(),
        }  # fmt: skip
        return self.terms(**{**usual, **changes})

    def among(self, **changes: Any) -> Terms:
        """Holders trade among themselves, at ten prices from 1.00."""
        usual = {
            "kind": Kind.AUCTION, "mint": False, "opener": self.stranger, "principal": ZERO,
            "lots": 0, "steps": 10, "ladders": self.ladder(),
        }  # fmt: skip
        return self.terms(**{**usual, **changes})

    # ------------------------------------------------------------------------------- calling

    def send(self, function: str, terms: Terms, *args: Any, sender: str | None = None) -> Receipt:
        """Call the contract, as a stranger if nothing is said."""
        return self.auction.send(function, terms.encodable(), *args, sender=sender or self.stranger)

    def open(self, terms: Terms, signature: bytes = b"", sender: str | None = None) -> Receipt:
        """Open a call, as its opener if nothing is said."""
        return self.send("open", terms, signature, sender=sender or terms.opener)

    def place(
        self, terms: Terms, who: str, quantity: int, step: int = 0, side: Side = Side.BID,
        ladder: int = 0,
    ) -> int:  # fmt: skip
        """Place an order; its number."""
        receipt = self.placing(terms, who, quantity, step, side, ladder)
        return int(receipt.named("Placed")[0]["order"])

    def placing(
        self, terms: Terms, who: str, quantity: int, step: int = 0, side: Side = Side.BID,
        ladder: int = 0,
    ) -> Receipt:  # fmt: skip
        """Place an order; the receipt."""
        return self.send("place", terms, side, quantity, step, ladder, sender=who)

    def bid(self, terms: Terms, who: str, quantity: int, step: int = 0, ladder: int = 0) -> int:
        """Place a bid; its number."""
        return self.place(terms, who, quantity, step, Side.BID, ladder)

    def ask(self, terms: Terms, who: str, quantity: int, step: int = 0) -> int:
        """Place an ask; its number."""
        return self.place(terms, who, quantity, step, Side.ASK)

    def close(self, terms: Terms, price: int | None = None) -> Receipt:
        """Close a call after its last second for orders; by its valuer at a price."""
        if self.kit.now <= terms.closes_at:
            self.kit.now = terms.closes_at + 1
        if price is None:
            return self.send("close", terms)
        return self.send("closeAt", terms, price, sender=terms.valuer)

    def settle(self, terms: Terms, most: int = 1_000) -> Receipt:
        """Settle a page, all of it if nothing is said."""
        return self.send("settle", terms, most)

    def refund(self, terms: Terms, *orders: int) -> Receipt:
        """Refund orders."""
        return self.send("refund", terms, list(orders))

    def late(self, terms: Terms) -> None:
        """Wait until nothing is delivered any more."""
        self.kit.now = terms.settle_by + 1

    # --------------------------------------------------------------------------- what there is

    def id(self, terms: Terms) -> bytes:
        """The id of a call."""
        return bytes(self.auction.call("idOf", terms.encodable()))

    def _struct(self, function: str, *args: Any) -> dict[str, Any]:
        entry = self.kit.codec.function("CallAuction", function, len(args))
        return named(entry["outputs"][0]["components"], self.auction.call(function, *args))

    def call(self, terms: Terms) -> dict[str, Any]:
        """A call as it stands, by name."""
        return self._struct("callOf", self.id(terms))

    def stage(self, terms: Terms) -> Stage:
        """How far a call is."""
        return Stage(self.call(terms)["stage"])

    def order(self, terms: Terms, order: int) -> dict[str, Any]:
        """An order as it stands, by name."""
        return self._struct("orderOf", self.id(terms), order)

    def state(self, terms: Terms, order: int) -> State:
        """How far an order is."""
        return State(self.order(terms, order)["state"])

    def got(self, terms: Terms, *orders: int) -> list[tuple[int, int]]:
        """What orders were allotted, and how much of it was delivered."""
        found = [self.order(terms, order) for order in orders]
        return [(order["allotted"], order["delivered"]) for order in found]

    def escrow(self, terms: Terms, ladder: int = 0) -> tuple[int, int, int]:
        """What may go back, what waits, what is owed; which is all there is (Law 53)."""
        found = self._struct("escrowOf", self.id(terms), ladder)
        parts = (found["refundable"], found["proceeds"], found["owed"])
        assert found["escrowed"] == sum(parts)
        return parts

    def owed(self, terms: Terms, who: str, ladder: int = 0) -> int:
        """What somebody is owed."""
        return int(self.auction.call("owedTo", self.id(terms), ladder, who))

    def money(self, *wallets: str) -> list[int]:
        """Balances of dollars."""
        return [self.dollar.call("balanceOf", wallet) for wallet in wallets]

    def shares(self, *wallets: str) -> list[int]:
        """Balances of shares."""
        return [self.token.call("balanceOf", wallet) for wallet in wallets]

    def held(self, *wallets: str) -> list[int]:
        """How many shares of each are held."""
        return [self.token.call("heldOf", wallet) for wallet in wallets]

    # -------------------------------------------------------------------------------- signing

    def _typed(self, kind: str, values: Sequence[Any], **domain: Any) -> dict[str, Any]:
        parts = members(kind)
        usual = {
            "name": "prorata CallAuction",
            "version": "1",
            "chainId": 1,
            "verifyingContract": self.auction.address,
        }
        names: Iterable[str] = (part["name"] for part in parts)
        return {
            "domain_data": usual | domain,
            "message_types": {kind.partition("(")[0]: parts},
            "message_data": dict(zip(names, values, strict=True)),
        }

    def placement(self, terms: Terms, owner: str, quantity: int, **changes: Any) -> tuple[Any, ...]:
        """What an owner signs to place a bid at step 0, unless something else is said."""
        usual = {
            "id": self.id(terms), "owner": owner, "side": Side.BID, "quantity": quantity,
            "step": 0, "ladder": 0, "nonce": 0, "until": terms.closes_at,
        }  # fmt: skip
        return tuple({**usual, **changes}.values())

    def signed(self, placement: tuple[Any, ...], key: Any = None, **domain: Any) -> bytes:
        """A placement as its owner signs it, or somebody else."""
        what = self._typed(PLACEMENT_TYPE, placement, **domain)
        return signature_of(what, key or KEYS[placement[1]])

    def opening(self, terms: Terms, key: Any) -> bytes:
        """A principal's signature under terms."""
        return signature_of(self._typed(OPENING_TYPE, (self.id(terms),)), key)

    def withdrawal(self, terms: Terms, order: int, until: int, key: Any) -> bytes:
        """An owner's signature to withdraw."""
        what = self._typed(WITHDRAWAL_TYPE, (self.id(terms), order, until))
        return signature_of(what, key)

    def authorized(self, coin: Deployed, digest: bytes, owner: Any, value: int) -> tuple[Any, ...]:
        """A payment by signature (ERC-3009), whose nonce is the digest of a placement."""
        kind = (
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
            "uint256 validBefore,bytes32 nonce)"
        )
        before = self.kit.now + DAY
        values = (owner.address, self.auction.address, value, 0, before, digest)
        name = {"name": "Authorized coin", "verifyingContract": coin.address}
        signature = signature_of(self._typed(kind, values, **name), owner)
        return (0, before, signature[64], signature[:32], signature[32:64])

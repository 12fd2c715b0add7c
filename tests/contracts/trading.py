"""Orders and trades, signed as people sign them; and a market where two of them trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.harness import DAY, NOTHING, Harness

PARTIAL = 2**63
MAX = 2**256 - 1
ORDER_TYPE = (
    "Order(address maker,address taker,address give,address take,uint128 giveAmount,"
    "uint128 takeAmount,uint128 leastFill,uint48 validUntil,uint64 nonce,address recordToken,"
    "uint32 record,bool makerPays,address feeTo,uint16 feeBps,address taxTo,uint16 taxBps)"
)
LEG_TYPE = "Leg(address asset,address from,address to,uint256 amount)"
TRADE_TYPE = "Trade(Leg[] legs,uint256 nonce,uint48 validUntil,bytes32 documentHash)"
MAKER = Account.from_key("0x" + "0a" * 32)
TAKER = Account.from_key("0x" + "0b" * 32)
THIRD = Account.from_key("0x" + "0c" * 32)
KEYS = {key.address: key for key in (MAKER, TAKER, THIRD)}
Signature = bytes


def members(kind: str) -> list[dict[str, str]]:
    """The members of an EIP-712 type, as a wallet is given them."""
    parts = (part.split(" ") for part in kind.partition("(")[2].rstrip(")").split(","))
    return [{"name": name, "type": what} for what, name in parts]


def typed(
    settlement: Deployed, types: dict[str, Any], message: dict[str, Any], **domain: Any
) -> Any:
    """What a wallet shows of a message to this contract."""
    usual = {
        "name": "prorata TradeSettlement",
        "version": "1",
        "chainId": 1,
        "verifyingContract": settlement.address,
    }
    return {"domain_data": usual | domain, "message_types": types, "message_data": message}


def signature_of(what: dict[str, Any], key: Any) -> Signature:
    """As eth-account signs it: r, s and v."""
    return bytes(Account.sign_typed_data(key.key, **what).signature)


def digest_of(what: dict[str, Any]) -> bytes:
    """The digest as eth-account sees it."""
    parts = encode_typed_data(**what)
    return keccak(b"\x19" + parts.version + parts.header + parts.body)


@dataclass(frozen=True)
class Order:
    """An order, its fields in the order of the contract's struct."""

    maker: str
    taker: str
    give: str
    take: str
    give_amount: int
    take_amount: int
    least_fill: int
    valid_until: int = RevmKit.START + 100 * DAY
    nonce: int = 0
    record_token: str = ZERO
    record: int = 0
    maker_pays: bool = False
    fee_to: str = ZERO
    fee_bps: int = 0
    tax_to: str = ZERO
    tax_bps: int = 0

    def but(self, **changes: Any) -> Order:
        """The same, but for these fields."""
        return replace(self, **changes)

    def in_parts(self, least: int = 0, **changes: Any) -> Order:
        """The same, to be filled in parts of at least so many."""
        nonce = changes.pop("nonce", self.nonce) | PARTIAL
        return self.but(least_fill=least, nonce=nonce, **changes)

    def encodable(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return tuple(getattr(self, part.name) for part in fields(self))

    def typed(self, settlement: Deployed, **domain: Any) -> Any:
        """As a wallet shows it."""
        parts = members(ORDER_TYPE)
        names = (part["name"] for part in parts)
        message = dict(zip(names, self.encodable(), strict=True))
        return typed(settlement, {"Order": parts}, message, **domain)

    def signed(self, settlement: Deployed, key: Any = None, **domain: Any) -> Signature:
        """As its maker signs it, or somebody else."""
        return signature_of(self.typed(settlement, **domain), key or KEYS[self.maker])


@dataclass(frozen=True)
class Leg:
    """One movement of a trade."""

    asset: str
    giver: str
    to: str
    amount: int

    def encodable(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return (self.asset, self.giver, self.to, self.amount)


@dataclass(frozen=True)
class Trade:
    """A trade of several legs."""

    legs: Sequence[Leg]
    nonce: int = 0
    valid_until: int = RevmKit.START + 100 * DAY
    document: bytes = NOTHING

    def but(self, **changes: Any) -> Trade:
        """The same, but for these fields."""
        return replace(self, **changes)

    def encodable(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        legs = [leg.encodable() for leg in self.legs]
        return (legs, self.nonce, self.valid_until, self.document)

    def givers(self) -> list[str]:
        """Everybody who gives, in the order in which they first do."""
        return list(dict.fromkeys(leg.giver for leg in self.legs))

    def typed(self, settlement: Deployed, **domain: Any) -> Any:
        """As a wallet shows it."""
        parts = members(LEG_TYPE)
        names = [part["name"] for part in parts]
        message = {
            "legs": [dict(zip(names, leg.encodable(), strict=True)) for leg in self.legs],
            "nonce": self.nonce,
            "validUntil": self.valid_until,
            "documentHash": self.document,
        }
        return typed(settlement, {"Trade": members(TRADE_TYPE), "Leg": parts}, message, **domain)

    def signed(self, settlement: Deployed, *, caller: str = ZERO, **domain: Any) -> list[Signature]:
        """The signatures of everybody who gives but the caller."""
        what = self.typed(settlement, **domain)
        return [signature_of(what, KEYS[who]) for who in self.givers() if who != caller]


@dataclass
class Market:
    """A settlement on a harness, where the three who trade have nothing yet."""

    harness: Harness
    settlement: Deployed
    maker: str = MAKER.address
    taker: str = TAKER.address
    third: str = THIRD.address

    @classmethod
    def bare(cls, harness: Harness) -> Market:
        """Nobody has anything, or allows it."""
        return cls(harness, harness.kit.deploy("TradeSettlement"))

    @classmethod
    def of(cls, harness: Harness) -> Market:
        """The maker has 1,000 shares, the taker 1,000,000.00 dollars, the third both; they let the
        settlement move all they have.
        """
        market = cls.bare(harness)
        harness.issue({market.maker: 1_000, market.third: 1_000})
        for who in (market.taker, market.third):
            market.dollar.send("mint", who, 1_000_000_000_000)
        for who in (market.maker, market.taker, market.third):
            for token in (market.token, market.dollar):
                token.send("approve", market.settlement.address, MAX, sender=who)
        return market

    @property
    def kit(self) -> RevmKit:
        """The chain."""
        return self.harness.kit

    @property
    def token(self) -> Deployed:
        """The shares."""
        return self.harness.token

    @property
    def dollar(self) -> Deployed:
        """The money."""
        return self.harness.dollar

    def sale(self, shares: int = 100, money: int = 12_345_678, **changes: Any) -> Order:
        """The maker sells shares, whole or not at all unless something else is said."""
        usual = Order(
            self.maker, ZERO, self.token.address, self.dollar.address, shares, money, shares
        )
        return usual.but(**changes)

    def purchase(self, shares: int = 100, money: int = 12_345_678, **changes: Any) -> Order:
        """The taker's side as an order: who has the dollars makes it, and buys."""
        usual = Order(
            self.taker, ZERO, self.dollar.address, self.token.address, money, shares, money,
            maker_pays=True,
        )  # fmt: skip
        return usual.but(**changes)

    def fill(
        self,
        order: Order,
        amount: int | None = None,
        *,
        most: int = MAX,
        signature: Signature | None = None,
        sender: str | None = None,
    ) -> Receipt:
        """Fill an order; all of it, signed, and by the other of the two if nothing is said."""
        signature = order.signed(self.settlement) if signature is None else signature
        amount = order.give_amount if amount is None else amount
        sender = sender or self.other(order.maker)
        return self.settlement.send(
            "fill", order.encodable(), signature, amount, most, sender=sender
        )

    def settle(
        self,
        trade: Trade,
        signatures: Sequence[Signature] | None = None,
        *,
        sender: str | None = None,
    ) -> Receipt:
        """Settle a trade, brought by a stranger and signed by all if nothing is said."""
        sender = sender or self.harness.stranger
        if signatures is None:
            signatures = trade.signed(self.settlement, caller=sender)
        return self.settlement.send("settle", trade.encodable(), list(signatures), sender=sender)

    def swap(self, shares: int = 100, money: int = 12_345_678, **changes: Any) -> Trade:
        """Shares of the maker's against the taker's money, in two legs."""
        legs = [
            Leg(self.token.address, self.maker, self.taker, shares),
            Leg(self.dollar.address, self.taker, self.maker, money),
        ]
        return Trade(legs).but(**changes)

    def other(self, who: str) -> str:
        """Who is on the other side."""
        return self.maker if who == self.taker else self.taker

    def shares(self, *wallets: str) -> list[int]:
        """Balances of shares."""
        return [self.token.call("balanceOf", wallet) for wallet in wallets]

    def money(self, *wallets: str) -> list[int]:
        """Balances of money."""
        return [self.dollar.call("balanceOf", wallet) for wallet in wallets]

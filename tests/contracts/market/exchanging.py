"""A share exchange beside a harness, its terms and requests, and the few words its tests share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any

from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.harness import DAY, NOTHING, Harness, named
from tests.contracts.market.holding import Holding
from tests.contracts.trading import MAX, THIRD, members, signature_of

NOTICE = b"\x17" * 32
NO_PERMIT = (0, 0, 0, NOTHING, NOTHING)
REQUEST_TYPE = (
    "Request(uint256 id,address holder,uint256 shares,uint256 leastPaid,uint256 mostDue,"
    "uint256 nonce,uint256 validUntil,bytes note)"
)


class Stage(IntEnum):
    """How far an exchange is."""

    NONE, NOTICED, OPEN, CLOSED, CANCELLED = range(5)


class Reason(IntEnum):
    """Why a page passed over a holder."""

    NO_SHARES, LOCKED, REFUSED = range(3)


class Code(IntEnum):
    """What stands in the way of an elective exchange."""

    (
        NOT_OPEN, MANDATORY, NOTHING, PRICE_TOO_OLD, OVER_DAY_LIMIT, UNFUNDED, BALANCE, NOT_FREE,
        GIVE_REFUSED, OTHER_REFUSED, DUE_BALANCE, DUE_ALLOWANCE,
    ) = range(12)  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """The terms of an exchange, its fields in the order of the contract's struct."""

    token: str
    per: int = 1
    burns: bool = True
    acquirer: str = ZERO
    currency: str = ZERO
    gets: int = 0
    pays: int = 0
    other: str = ZERO
    other_shares: int = 0
    other_from: str = ZERO
    fraction_price: int = 0
    mandatory: bool = False
    opens_at: int = 0
    closes_at: int = 0
    valuer: str = ZERO
    least_price: int = 0
    most_price: int = 0
    max_age: int = 0
    day_limit: int = 0
    treasury: str = ZERO
    take_until: int = 0
    sweep_to: str = ZERO
    document: bytes = NOTHING

    def but(self, **changes: Any) -> Terms:
        """The same, but for these fields."""
        return replace(self, **changes)

    @property
    def told(self) -> tuple[Any, ...]:
        """As calls take it."""
        return tuple(getattr(self, part.name) for part in fields(self))


@dataclass(frozen=True)
class Request:
    """An exchange that a holder signs."""

    id: int
    holder: str
    shares: int
    least_paid: int = 0
    most_due: int = MAX
    nonce: int = 0
    valid_until: int = RevmKit.START + 100 * DAY
    note: bytes = b""

    def but(self, **changes: Any) -> Request:
        """The same, but for these fields."""
        return replace(self, **changes)

    @property
    def told(self) -> tuple[Any, ...]:
        """As calls take it."""
        return tuple(getattr(self, part.name) for part in fields(self))

    def typed(self, exchange: Deployed, **domain: Any) -> dict[str, Any]:
        """As a wallet shows it."""
        usual = {
            "name": "prorata ShareExchange",
            "version": "1",
            "chainId": 1,
            "verifyingContract": exchange.address,
        }
        parts = members(REQUEST_TYPE)
        message = dict(zip((part["name"] for part in parts), self.told, strict=True))
        return {
            "domain_data": usual | domain,
            "message_types": {"Request": parts},
            "message_data": message,
        }

    def signed(self, exchange: Deployed, key: Any = THIRD, **domain: Any) -> bytes:
        """As a key signs it."""
        return signature_of(self.typed(exchange, **domain), key)


class Exchanging:
    """`ShareExchange` on a harness, an agent of its token; another token of the same owner; and
    `Holds`, which the token has appointed unless something else is said.

    The treasury is the collector, the acquirer the issuer, the valuer Eve. Money is in cents of a
    millionth: 1.00 is 1,000,000.
    """

    def __init__(self, harness: Harness, *, appointed: bool = True) -> None:
        self.harness, self.kit = harness, harness.kit
        self.holding = Holding(harness, appointed=appointed)
        self.token, self.dollar = harness.token, harness.dollar
        self.holds = self.holding.holds
        self.exchange = self.kit.deploy("ShareExchange", self.holds.address)
        self.owner, self.agent = harness.owner, harness.agent
        self.ann, self.ben, self.cid, self.dan = harness.ann, harness.ben, harness.cid, harness.dan
        self.valuer, self.treasury, self.acquirer = harness.eve, harness.collector, harness.issuer
        self.stranger, self.signer = harness.stranger, THIRD.address
        other = ("Harbour Street 12 (new)", "HARN", 0, self.owner, ZERO, ZERO, [self.agent])
        self.other = self.kit.deploy("ShareToken", other)
        for token in (self.token, self.other):
            token.send("addAgent", self.exchange.address, sender=self.owner)

    # ------------------------------------------------------------------------------- opening

    def redemption(self, **changes: Any) -> Terms:
        """Elective: shares are burnt for 1.25 each, at any time."""
        usual = Terms(
            self.token.address, currency=self.dollar.address, gets=1_250_000, treasury=self.treasury
        )
        return usual.but(**changes)

    def maturity(self, **changes: Any) -> Terms:
        """Mandatory: from tomorrow shares are burnt for 1.25 each, for thirty days."""
        usual = {
            "mandatory": True,
            "opens_at": self.kit.now + DAY,
            "closes_at": self.kit.now + 30 * DAY,
            "document": NOTICE,
        }
        return self.redemption(**(usual | changes))

    def squeeze_out(self, **changes: Any) -> Terms:
        """Mandatory: from tomorrow the acquirer gets all shares, for 1.25 each."""
        return self.maturity(**({"burns": False, "acquirer": self.acquirer} | changes))

    def merger(self, **changes: Any) -> Terms:
        """Mandatory: three new shares for ten, and 7.00 for a whole new share in lieu."""
        usual = {
            "per": 10,
            "gets": 0,
            "other": self.other.address,
            "other_shares": 3,
            "fraction_price": 7_000_000,
        }
        return self.maturity(**(usual | changes))

    def open(
        self, terms: Terms, funding: int | None = None, locked: int = 0, sender: str | None = None
    ) -> int:
        """Open an exchange, funded as it must be; its id."""
        return int(self.opening(terms, funding, locked, sender).named("Opened")[0]["id"])

    def opening(
        self, terms: Terms, funding: int | None = None, locked: int = 0, sender: str | None = None
    ) -> Receipt:
        """Open an exchange; the receipt."""
        if funding is None:
            funding = self.needed(terms, locked) if terms.mandatory else 0
        opener = sender or self.owner
        if funding and terms.currency != ZERO:
            self.give_money(opener, funding, self.kit.at("Dollar", terms.currency))
        return self.exchange.send("open", terms.told, funding, locked, sender=opener)

    def needed(self, terms: Terms, locked: int = 0) -> int:
        """What a mandatory exchange must be funded with."""
        return int(self.exchange.call("fundingFor", terms.told, locked))

    def give_money(self, payer: str, amount: int, currency: Deployed | None = None) -> None:
        """Give money to somebody, and its allowance to the exchange."""
        money = currency or self.dollar
        money.send("mint", payer, amount)
        money.send("approve", self.exchange.address, MAX, sender=payer)

    def fund(self, id_: int, amount: int, payer: str | None = None) -> Receipt:
        """Fund an exchange, as a stranger if nothing is said."""
        self.give_money(payer or self.stranger, amount)
        return self.exchange.send("fund", id_, amount, sender=payer or self.stranger)

    def facility(self, funding: int = 1_000_000_000, **changes: Any) -> int:
        """Open an elective exchange with money; its id."""
        return self.open(self.redemption(**changes), funding)

    def consent(
        self, most: int, until: int, owner: str | None = None, token: Deployed | None = None
    ) -> Receipt:
        """Let the exchange lock shares: of the acquirer's, of the token, if nothing is said."""
        asset = (token or self.token).address
        args = (self.exchange.address, asset, most, until)
        return self.holds.send("setKeeper", *args, sender=owner or self.acquirer)

    # ----------------------------------------------------------------------------- exchanging

    def now(
        self,
        id_: int,
        shares: int,
        holder: str | None = None,
        *,
        least: int = 0,
        note: bytes = b"",
        until: int = MAX,
    ) -> Receipt:
        """Exchange shares, Ann's if nothing is said."""
        return self.exchange.send(
            "exchange", id_, shares, least, until, note, sender=holder or self.ann
        )

    def bring(self, request: Request, signature: bytes | None = None, **options: Any) -> Receipt:
        """Bring what a holder has signed, as a stranger."""
        signed = request.signed(self.exchange) if signature is None else signature
        permit = options.get("permit", NO_PERMIT)
        sender = options.get("sender", self.stranger)
        return self.exchange.send("exchangeFor", request.told, signed, permit, sender=sender)

    def carry_out(self, id_: int, *holders: str, sender: str | None = None) -> Receipt:
        """Carry out a page, as a stranger."""
        return self.exchange.send("carryOut", id_, list(holders), sender=sender or self.stranger)

    def begin(self, id_: int) -> None:
        """Let the time of an exchange come."""
        self.kit.now = max(self.kit.now, self.of(id_)["terms"]["opensAt"])

    def take(self, id_: int, holder: str, sender: str | None = None) -> Receipt:
        """Take what is owed to a holder, as a stranger."""
        return self.exchange.send("take", id_, holder, sender=sender or self.stranger)

    # --------------------------------------------------------------------------- what there is

    def of(self, id_: int) -> Mapping[str, Any]:
        """What the contract says about an exchange, by name."""
        entry = self.kit.codec.function("ShareExchange", "exchangeOf", 1)
        return named(entry["outputs"][0]["components"], self.exchange.call("exchangeOf", id_))

    def owed(self, id_: int, holder: str) -> tuple[int, int, int]:
        """What is owed to a holder: money, other shares, and how many given shares were held."""
        paid, other_shares, held = self.exchange.call("owedTo", id_, holder)
        return paid, other_shares, held

    def quote(self, id_: int, shares: int) -> tuple[int, int, int, int]:
        """What shares bring: paid, due, other shares, in lieu."""
        paid, due, other_shares, in_lieu = self.exchange.call("quote", id_, shares)
        return paid, due, other_shares, in_lieu

    def shares(self, *wallets: str) -> list[int]:
        """Balances of the token."""
        return [self.token.call("balanceOf", wallet) for wallet in wallets]

    def others(self, *wallets: str) -> list[int]:
        """Balances of the other token."""
        return [self.other.call("balanceOf", wallet) for wallet in wallets]

    def money(self, *wallets: str) -> list[int]:
        """Balances of money."""
        return [self.dollar.call("balanceOf", wallet) for wallet in wallets]

"""What exchanges of shares cost, from fixed inputs on a fresh Anvil: one by one, and in pages."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.chainkit import ZERO
from tests.contracts.market.exchanging import NO_PERMIT, NOTICE, Request, Terms
from tests.contracts.trading import THIRD
from tests.gas.story import START, Clocked, fresh, person

DAY = 86_400
PAGE = 100
CHAIN_ID = 31_337
FUNDS = 10**15
MAX = 2**256 - 1
SECRET = b"\xa5" * 32


class Exchanges(Clocked):
    """An open token whose holders have money, a dollar, a token to come, and the contract."""

    def __init__(self, kit: Any, *, funded: bool = True) -> None:
        super().__init__(kit)
        self.owner, self.treasury, self.acquirer = kit.accounts[:3]
        self.token, self.other = (
            self.deploy("ShareToken", (name, name, 0, self.owner, ZERO, ZERO, [self.owner]))
            for name in ("HARB", "HARN")
        )
        self.dollar = self.deploy("Dollar", "Rehearsal dollar", "USDR", 6)
        self.holds = self.deploy("Holds")
        self.exchange = self.deploy("ShareExchange", self.holds.address)
        self.explainer = self.deploy("ExchangeExplainer", self.exchange.address)
        for token in (self.token, self.other):
            self.send(token, "setHoldsContract", self.holds.address)
            self.send(token, "addAgent", self.exchange.address)
        self.send(self.dollar, "mint", self.owner, FUNDS)
        self.send(self.dollar, "approve", self.exchange.address, MAX)
        self.people = [person(i) for i in range(4 * PAGE)]
        for at in range(0, len(self.people), PAGE):
            page = self.people[at : at + PAGE]
            self.send(self.token, "batchMint", page, [1_000] * PAGE)
        for who in self.people[: 3 * PAGE] if funded else ():
            self.dollar.send("mint", who, 1)
            self.clock += 1

    def terms(self, **changes: Any) -> Terms:
        """Shares are burnt for 1.25 each."""
        usual = Terms(
            self.token.address, currency=self.dollar.address, gets=1_250_000, treasury=self.treasury
        )
        return usual.but(**changes)

    def mandatory(self, **changes: Any) -> Terms:
        """The same of everybody's, from an hour on."""
        usual = {
            "mandatory": True,
            "opens_at": self.clock + 3_600,
            "closes_at": self.clock + 90 * DAY,
            "document": NOTICE,
        }
        return self.terms(**(usual | changes))

    def open(self, terms: Terms, locked: int = 0) -> int:
        """Open an exchange with all it can need; the gas."""
        funding = FUNDS // 100 if terms.currency != ZERO else 0
        if terms.mandatory:
            funding = int(self.exchange.call("fundingFor", terms.told, locked))
        return self.tell("open", terms.told, funding, locked, sender=self.owner)

    def tell(self, function: str, *args: Any, sender: str) -> int:
        """Call the contract; the gas."""
        return self.send(self.exchange, function, *args, sender=sender)

    @property
    def last(self) -> int:
        """The id of the exchange opened last."""
        return int(self.exchange.call("exchangeCount"))

    def page(self, number: int) -> list[str]:
        """A hundred holders."""
        return self.people[number * PAGE : (number + 1) * PAGE]


def measure(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> dict[str, int]:
    """The gas of each labelled operation."""
    gas: dict[str, int] = {}
    with fresh(artifacts, anvil) as kit:
        chain = Exchanges(kit)
        gas["deploy: ShareExchange"] = chain.exchange.receipt.gas
        gas["deploy: ExchangeExplainer"] = chain.explainer.receipt.gas
        _elective(chain, gas)
        _mandatory(chain, gas)
    return gas


def _elective(chain: Exchanges, gas: dict[str, int]) -> None:
    ann, ben, cid, *_ = chain.people[3 * PAGE - 3 : 3 * PAGE]
    gas["exchange: open an elective one"] = chain.open(chain.terms())
    plain = (chain.last, 10, 0, START + 999 * DAY, b"")
    chain.tell("exchange", *plain, sender=ann)
    gas["redeem: now"] = chain.tell("exchange", *plain, sender=ben)
    signer = THIRD.address
    chain.send(chain.token, "mint", signer, 100)
    chain.send(chain.dollar, "mint", signer, 1)
    for nonce in range(2):
        request = Request(chain.last, signer, 10, nonce=nonce, valid_until=START + 999 * DAY)
        signed = request.signed(chain.exchange, chainId=CHAIN_ID)
        cost = chain.tell("exchangeFor", request.told, signed, NO_PERMIT, sender=cid)
    gas["redeem: signed, the next, brought by another"] = cost
    gas["exchange: fund"] = chain.tell("fund", chain.last, 5, sender=chain.owner)
    gas["exchange: drain"] = chain.tell("drain", chain.last, 5, sender=chain.owner)
    bounded = {"least_price": 1, "most_price": 2_000_000, "day_limit": 1_000, "max_age": 9 * DAY}
    chain.open(chain.terms(valuer=chain.owner, **bounded))
    priced = (chain.last, 10, 0, START + 999 * DAY, b"")
    chain.tell("exchange", *priced, sender=ann)
    gas["exchange: name a price"] = chain.tell(
        "setPrice", chain.last, 1_300_000, chain.clock, sender=chain.owner
    )
    gas["redeem: now, with a limit for the day"] = chain.tell("exchange", *priced, sender=ben)
    chain.open(chain.terms(gets=0, currency=ZERO, treasury=ZERO))
    retired = (chain.last, 10, 0, START + 999 * DAY, b"retired for the account of somebody")
    gas["retire: with a note"] = chain.tell("exchange", *retired, sender=ben)


def _mandatory(chain: Exchanges, gas: dict[str, int]) -> None:
    token, holder, held = chain.token, chain.people[0], chain.people[PAGE]
    chain.send(token, "mint", chain.acquirer, 10**6)
    until = chain.clock + 400 * DAY
    consent = (chain.exchange.address, token.address, 10**9, until)
    chain.send(chain.holds, "setKeeper", *consent, sender=chain.acquirer)
    hold = (token.address, held, chain.people[1], 10, sha256(SECRET).digest(), until - 9 * DAY, 0)
    chain.send(chain.holds, "hold", hold, sender=held)
    chain.send(token, "setAddressFrozen", holder, True)
    squeeze = chain.mandatory(burns=False, acquirer=chain.acquirer)
    gas["exchange: open a mandatory one, with shares locked"] = chain.open(squeeze, 10**6)
    bought = chain.last
    chain.open(chain.mandatory())
    redeemed = chain.last
    new = {"other": chain.other.address, "other_shares": 3, "per": 10, "fraction_price": 7_000_000}
    chain.open(chain.mandatory(gets=0, **new))
    merged = chain.last
    chain.clock += 7_200
    people = chain.page(2)
    gas["redeem: a page of 100, each"] = (
        chain.tell("carryOut", redeemed, people, sender=chain.owner) // PAGE
    )
    gas["buy out: a page of 100, each"] = (
        chain.tell("carryOut", bought, chain.page(1), sender=chain.owner) // PAGE
    )
    gas["merge: a page of 100, each gets its first new shares"] = (
        chain.tell("carryOut", merged, chain.page(3), sender=chain.owner) // PAGE
    )
    chain.tell("carryOut", redeemed, [holder], sender=chain.owner)
    chain.send(token, "setAddressFrozen", holder, False)
    gas["exchange: take what is owed"] = chain.tell("take", redeemed, holder, sender=chain.owner)
    chain.send(chain.holds, "claim", hold, SECRET, sender=chain.owner)
    gas["exchange: untie what a hold brought"] = chain.tell(
        "endHold", bought, hold, sender=chain.owner
    )

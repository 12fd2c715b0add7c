"""Random walks of a market on the contracts themselves: after every step the books agree with them.

Whatever holders, keepers, agents and owners do, in any order, what the token holds of each person
is what its holds promise less what orders took; lots add up to balances; and trades are told with
what they moved. Refused steps change nothing and are part of the walk.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from prorata.chain.artifacts import artifacts
from prorata.chain.types import Log
from prorata.contracts.holds import HoldState
from prorata.contracts.trade_settlement import (
    PARTS,
    Leg,
    Trade,
    TradeOrder,
    order_message,
    trade_message,
)
from prorata.ledger.books import Books
from prorata.ledger.holds import HeldFigures
from prorata.ledger.lot_history import LotHistory
from prorata.ledger.movements import MarketContracts, Movements
from prorata.ledger.trading import TradingAnswers, check_trading
from prorata.register.shares import Ledger
from tests.chainkit import ZERO, Deployed, Receipt, Reverted, RevmKit, checksummed
from tests.prorata.ledger.test_movements import Told

PEOPLE, STEPS, SEEDS, CHAIN_ID = 5, 60, 8, 1
FOR_EVER = 2**47
DOCUMENT = bytes(31) + b"\1"
KEYS = [Account.from_key(sha256(f"walker {number}".encode()).digest()) for number in range(12)]


class Walk:
    """One token, its market, and everybody who acts on them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.kit = RevmKit(dict(artifacts()))
        self.issuer = self.kit.accounts[0]
        self.keys = {key.address: key for key in KEYS}
        self.people = [key.address for key in KEYS[:PEOPLE]]
        self.spare = [key.address for key in KEYS[PEOPLE:]]
        terms = ("House", "HSE", 0, self.issuer, ZERO, ZERO, [self.issuer])
        self.token = self.kit.deploy("ShareToken", terms)
        self.dollar = self.kit.deploy("Dollar", "Dollar", "USD", 6)
        self.settlement = self.kit.deploy("TradeSettlement")
        self.holds = self.kit.deploy("Holds")
        contracts = MarketContracts(self.settlement.address, self.holds.address)
        self.ledger = Ledger(self.token.address)
        self.movements = Movements(self.token.address, contracts)
        self.told = 0
        self.open: list[tuple[tuple[Any, ...], bytes]] = []
        self.kept: list[tuple[str, str]] = []
        self.orders: list[tuple[TradeOrder, bytes]] = []
        self.nonce = 0
        for person in self.people:
            self.send(self.token, "mint", person, 100)
            self._equip(person)

    def _equip(self, person: str) -> None:
        self.send(self.dollar, "mint", person, 10**12)
        for spender in (self.settlement, self.holds):
            for token in (self.token, self.dollar):
                self.send(token, "approve", spender.address, 2**90, by=person)

    # ---------------------------------------------------------------------- sending

    def send(self, contract: Deployed, function: str, *args: Any, by: str | None = None) -> bool:
        """Send it, and enter its events; False for what was refused."""
        self.kit.now += self.random.choice((1, 60, 5_000))
        try:
            receipt = contract.send(function, *args, sender=by or self.issuer)
        except Reverted:
            return False
        self._tell(receipt)
        return True

    def _tell(self, receipt: Receipt) -> None:
        """Enter the events of a transaction that is the last one."""
        self.told += 1
        writers = [checksummed(log.address) for log in self.kit.evm.result.logs]
        events = zip(writers, receipt.events, strict=True)
        for number, (by, (name, args)) in enumerate(events):
            if by == self.dollar.address:
                continue
            log = Log(by, (), b"", self.told, "", f"0x{self.told}", number)
            event = Told(name, _as_structs(name, args), log)
            if by == self.token.address:
                self.ledger.apply(event, self.kit.now)
            self.movements.apply(event, self.kit.now, by=by)

    # ------------------------------------------------------------------------ steps

    def pick(self) -> str:
        return self.random.choice(self.people)

    def step(self) -> None:
        """One of everything that can be done, chosen by lot."""
        verbs: list[Callable[[], object]] = [
            self.transfer, self.order, self.fill, self.fill, self.trade, self.hold, self.hold,
            self.claim, self.deliver, self.release, self.void, self.consent, self.keep, self.keep,
            self.deliver_kept, self.let_go, self.take_back, self.void_kept, self.force, self.burn,
            self.freeze, self.recover, self.appoint, self.pause,
        ]  # fmt: skip
        self.random.choice(verbs)()

    def transfer(self) -> None:
        self.send(self.token, "transfer", self.pick(), self.random.randint(1, 40), by=self.pick())

    def order(self) -> None:
        maker, shares = self.pick(), self.random.randint(1, 30)
        buys, parts = self.random.random() < 0.5, self.random.random() < 0.6
        self.nonce += 1
        sides = (self.token.address, shares), (self.dollar.address, shares * 1_000)
        give, take = sides[::-1] if buys else sides
        order = TradeOrder(
            maker=maker, give=give[0], take=take[0], give_amount=give[1], take_amount=take[1],
            least_fill=1 if parts else give[1], valid_until=FOR_EVER,
            nonce=self.nonce | PARTS if parts else self.nonce, maker_pays=buys,
        )  # fmt: skip
        message = order_message(order, CHAIN_ID, self.settlement.address)
        self.orders.append((order, self.sign(maker, message)))

    def sign(self, signer: str, message: Any) -> bytes:
        signable = encode_typed_data(full_message=message)
        return bytes(self.keys[signer].sign_message(signable).signature)

    def fill(self) -> None:
        if not self.orders:
            return
        order, signature = self.random.choice(self.orders)
        whole = self.random.random() < 0.5
        amount = order.give_amount if whole else max(1, order.give_amount // 2_000 * 1_000)
        if order.give == self.token.address and not whole:
            amount = self.random.randint(1, order.give_amount)
        taker = self.pick()
        self.send(self.settlement, "fill", order.encodable(), signature, amount, 2**90, by=taker)

    def trade(self) -> None:
        seller, buyer, shares = self.pick(), self.pick(), self.random.randint(1, 20)
        self.nonce += 1
        legs = [
            Leg(self.token.address, seller, buyer, shares),
            Leg(self.dollar.address, buyer, seller, shares * 1_100),
        ]
        if self.random.random() < 0.3:
            legs.append(Leg(self.token.address, self.pick(), self.pick(), 1))
        trade = Trade(tuple(legs), self.nonce, FOR_EVER)
        message = trade_message(trade, CHAIN_ID, self.settlement.address)
        signatures = [self.sign(giver, message) for giver in trade.givers]
        self.send(self.settlement, "settle", trade.encodable(), signatures)

    def hold(self) -> None:
        owner, receiver, amount = self.pick(), self.pick(), self.random.randint(1, 40)
        self.nonce += 1
        secret = sha256(str(self.nonce).encode()).digest()
        until = self.kit.now + self.random.choice((10_000, 50_000))
        lock = sha256(secret).digest()
        terms = (self.token.address, owner, receiver, amount, lock, until, self.nonce)
        if self.send(self.holds, "hold", terms, by=owner):
            self.open.append((terms, secret))

    def with_hold(self, function: str, *more: Any, by: int | None = None) -> None:
        if self.open:
            terms, _ = self.random.choice(self.open)
            sender = self.issuer if by is None else self._claimant(terms[by])
            self.send(self.holds, function, terms, *more, by=sender)

    def claim(self) -> None:
        if self.open:
            terms, secret = self.random.choice(self.open)
            self.send(self.holds, "claim", terms, secret)

    def deliver(self) -> None:
        self.with_hold("deliver")

    def release(self) -> None:
        self.with_hold("release", by=self.random.choice((1, 2)))

    def void(self) -> None:
        self.with_hold("voidHold", DOCUMENT)

    def consent(self) -> None:
        keeper, owner = self.pick(), self.pick()
        until = self.kit.now + self.random.choice((20_000, 10**6))
        asked = (keeper, self.token.address, self.random.randint(1, 60), until)
        if self.send(self.holds, "setKeeper", *asked, by=owner):
            self.kept.append((keeper, owner))

    def with_kept(self, function: str, *more: Any, limit: int = 30) -> None:
        if self.kept:
            keeper, owner = self.random.choice(self.kept)
            asked = (self.token.address, owner, *more, self.random.randint(1, limit))
            self.send(self.holds, function, *asked, by=keeper)

    def keep(self) -> None:
        self.with_kept("holdFor")

    def deliver_kept(self) -> None:
        self.with_kept("deliverKept", self.pick())

    def let_go(self) -> None:
        self.with_kept("letGo")

    def take_back(self) -> None:
        if self.kept:
            keeper, owner = self.random.choice(self.kept)
            asked = (keeper, self.token.address, owner)
            self.send(self.holds, "takeBack", *asked, by=self._claimant(owner))

    def void_kept(self) -> None:
        if self.kept:
            keeper, owner = self.random.choice(self.kept)
            self.send(self.holds, "voidKept", keeper, self.token.address, owner, DOCUMENT)

    def force(self) -> None:
        amount = self.random.randint(1, 60)
        self.send(self.token, "forcedTransfer", self.pick(), self.pick(), amount)

    def burn(self) -> None:
        self.send(self.token, "burn", self.pick(), self.random.randint(1, 20))

    def freeze(self) -> None:
        self.send(self.token, "setFrozenTokens", self.pick(), self.random.randint(0, 30))

    def recover(self) -> None:
        if self.spare and self.random.random() < 0.4:
            lost, successor = self.pick(), self.spare.pop()
            if self.send(self.token, "recoveryAddress", lost, successor, ZERO):
                self.people[self.people.index(lost)] = successor
                self._equip(successor)

    def appoint(self) -> None:
        chosen = self.random.choice((self.holds.address, self.holds.address, ZERO))
        self.send(self.token, "setHoldsContract", chosen)

    def pause(self) -> None:
        if self.random.random() < 0.5:
            self.send(self.token, "pause")
            self.claim()
            self.send(self.token, "unpause")

    def _claimant(self, account: str) -> str:
        return str(self.token.call("successorOf", account)) if account else account

    # ---------------------------------------------------------------------- judging

    def differences(self) -> list[str]:
        """Where the books differ from what the contracts answer now."""
        self.movements.close()
        holds = self.movements.holds
        states = {}
        for number in holds.open:
            state, in_custody, _ = self.holds.call("stateOf", bytes.fromhex(number[2:]))
            states[number] = (HoldState(state), in_custody)
        kept = {
            pair: _kept_of(self.holds.call("consentOf", pair[0], self.token.address, pair[1]))
            for pair in holds.pairs()
        }
        answers = TradingAnswers(
            held={who: self.token.call("heldOf", who) for who in holds.accounts()},
            states=states,
            kept=kept,
            cared_for={self.token.address: self.token.call("balanceOf", self.holds.address)},
            at_settlement={
                self.token.address: self.token.call("balanceOf", self.settlement.address)
            },
        )
        books = Books([self.ledger])
        books.movements[self.token.address] = self.movements
        check_trading(books, self.ledger, self.movements, answers)
        for account in self.ledger:
            balance = self.token.call("balanceOf", account)
            if balance != self.ledger.balance_of(account):
                books.unproven.append(f"{account} has {balance}")
        return [*map(str, books.differences), *books.unproven]


def _kept_of(consent: Any) -> int:
    """`Consent` is a tuple here: until, most, kept, inCustody."""
    return int(consent[2])


def _as_structs(name: str, args: dict[str, Any]) -> dict[str, Any]:
    """Structs by name, as the product decodes them; the kit gives tuples."""
    if name == "Held":
        names = ("asset", "owner", "to", "amount", "lock", "until", "nonce")
        return {**args, "terms": dict(zip(names, args["terms"], strict=True))}
    if name == "Settled":
        legs = [
            dict(zip(("asset", "from", "to", "amount"), leg, strict=True))
            for leg in args["trade"][0]
        ]
        for leg in legs:
            leg |= {key: checksummed(leg[key]) for key in ("asset", "from", "to")}
        return {**args, "trade": {"legs": legs}}
    return args


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_walk_leaves_no_difference_at_any_step(seed):
    walk = Walk(seed)
    for number in range(STEPS):
        walk.step()
        assert walk.differences() == [], (seed, number)
    assert not books_missing(walk)


def books_missing(walk: Walk) -> dict[str, int]:
    """Shares that left an account whose lots they were not."""
    return dict(LotHistory(walk.movements).missing)


def kept_and_taken(taken: int) -> tuple[Walk, str, str]:
    """A keeper has ten shares of an owner's, of which an order has taken some."""
    walk = Walk(0)
    keeper, owner, other, *_ = walk.people
    assert walk.send(walk.token, "setHoldsContract", walk.holds.address)
    until = walk.kit.now + 10**6
    assert walk.send(walk.holds, "setKeeper", keeper, walk.token.address, 50, until, by=owner)
    assert walk.send(walk.holds, "holdFor", walk.token.address, owner, 10, by=keeper)
    assert walk.send(walk.token, "forcedTransfer", owner, other, 90 + taken)
    return walk, keeper, owner


def test_what_an_order_took_of_kept_shares_is_told_apart():
    walk, _, owner = kept_and_taken(3)
    assert walk.differences() == []
    found = HeldFigures(held=7, kept=10, taken_by_order=3)
    assert walk.movements.holds.figures([owner]) == found


@pytest.mark.parametrize("amount", [10, 8, 7, 2])
def test_a_keeper_that_lets_go_of_more_than_is_left_has_let_go_of_it(amount):
    """How much less is kept no event says, where less was given back: the contract is asked."""
    walk, keeper, owner = kept_and_taken(3)
    assert walk.send(walk.holds, "letGo", walk.token.address, owner, amount, by=keeper)
    assert walk.differences() == []
    assert walk.differences() == []
    figures = walk.movements.holds.figures([owner])
    assert (figures.held, figures.kept) == (7 - min(amount, 7), 10 - amount)
    assert figures.taken_by_order == figures.kept - figures.held


def test_kept_shares_of_which_some_were_taken_end_by_order_of_the_owner():
    walk, keeper, owner = kept_and_taken(3)
    asked = (keeper, walk.token.address, owner, DOCUMENT)
    assert walk.send(walk.holds, "voidKept", *asked)
    assert walk.differences() == []
    assert walk.movements.holds.figures() == HeldFigures()

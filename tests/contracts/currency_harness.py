"""A vault with distributions under way in one currency on harness, and in two others as witnesses.

`Account` is what must be. `CurrencyHarness` is what is. They are compared as a whole, so that
whatever else a step changed is found out, too.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import pyrevm

from tests.chainkit import ZERO, Codec, Deployed, Receipt, RevmKit
from tests.contracts.account import FIGURES, HOLDERS, PAGE, Account
from tests.contracts.currencies import (
    CURRENCIES,
    GRAINS,
    MAX,
    MAX_AMOUNT,
    PAID,
    Answer,
    Case,
    Change,
    Currency,
    Does,
    Mood,
    Telling,
)
from tests.contracts.harness import (
    NOTHING,
    SKIPPED_CLAIMED,
    SKIPPED_PAYMENT,
    Harness,
    refused,
    terms,
)
from tests.contracts.money import MONEY, Money, NativeCoin, send
from tests.laws.harness import calldata

PARTIES = (*HOLDERS, "collector", "issuer", "agent", "vault")
TAX = 1_500
COIN = 10**18
GIFT = 12_345
MEGABYTE_GAS = 2_500_000
NATIVE_GAS, TOKEN_GAS = 100_000, 500_000
SLACK = 10_000

SUBJECT = {"claim": "rent", "push": "rent", "remit": "rent", "sweep": "dated", "refund": "empty"}
"""Which of the distributions a step is about."""


class CurrencyHarness:
    """One vault, four holders, and under way in the currency on harness: `rent`, taxed, with tax to
    remit; `dated`, past its deadline; `empty`, to be refunded; two that are done, and a carry.
    """

    def __init__(self, codec: Codec, currency: Currency, vault: str = "") -> None:
        self.harness = Harness(RevmKit(codec))
        self.kit, self.currency, self.account = self.harness.kit, currency, Account()
        self.is_greedy = False
        if vault:
            self.harness.vault = self.kit.deploy(vault)
        self.vault = self.harness.vault
        self.people = {who: getattr(self.harness, who) for who in PARTIES if who != "vault"}
        self.people["vault"] = self.vault.address
        if currency.kind == "coin":
            self._deploy_receivers()
        self.money = MONEY[currency.kind](self.harness, currency)
        self.dollar = Money(self.harness, CURRENCIES[0])
        self.dollar.pot = "dollar"
        self.coin = NativeCoin(self.harness, CURRENCIES[0])
        self.monies: dict[str, Money] = {"dollar": self.dollar, "coin": self.coin}
        """What the distributions of each series are paid in."""
        self.monies["coin" if currency.kind == "coin" else "harness"] = self.money
        self.ids: dict[str, int] = {}
        self.overdrawn = 0
        """What the currency took, or said it brought, beyond what really moved."""
        self.tax = self.kit.deploy("FlatTax", TAX, self.people["collector"]).address

    def _deploy_receivers(self) -> None:
        """Contracts in place of everybody whom the vault pays, but for one holder."""
        for who in PAID:
            self.people[who] = self.kit.deploy("WilfulReceiver").address
        self.kit.evm.set_balance(self.people["agent"], 100 * COIN)
        self.harness.token.send("addAgent", self.people["agent"])

    def open(self) -> None:
        """Declare and pay until everything is under way."""
        harness, trying = self.harness, self.currency.cells.claim is not Does.NEVER
        for pot in {"coin", "dollar", self.money.pot}:
            for who in PARTIES:
                self.account.purses[pot, who] = 0
        for who in PARTIES:
            self.account.purses["coin", who] = self.kit.balance(self.people[who])
        for money in (self.money, self.dollar):
            money.allow(self.people["agent"])
        self.record = harness.schedule(self.kit.now)
        if trying:
            self.declare("empty", self.money, 70_001)
        self.kit.now += 1
        harness.issue({self.people[who]: shares for who, shares in HOLDERS.items()})
        self.record = harness.close()
        self.declare("spare", self.coin, COIN + 7)
        self.declare("dollars", self.dollar, 777_777, rate=TAX)
        if trying:
            self._open_tested()
        self.fund(self.money, self.currency.offer)
        self.kit.now += 1
        self.check()

    def _open_tested(self) -> None:
        self.declare("rent", self.money, self.currency.rent, rate=TAX)
        self.declare("dated", self.money, 99_998, dated=True)
        self.pay("rent", "cid")
        self.pay("dated", "cid")
        # The last of these holders is due nothing: by claim, then by push if it can be.
        for name, amount in (("done", 9_999), ("crumbs", 9_996)):
            self.declare(name, self.money, amount)
            for holder in HOLDERS:
                pushing = name == "crumbs" and self.currency.cells.push.settles
                self.pay(name, holder, push=pushing)

    # ------------------------------------------------------------------- doing

    def send(self, function: str, *args: Any, sender: str = "cid", value: int = 0) -> Receipt:
        """Call the vault as somebody, who may be a contract."""
        try:
            return send(self.vault, function, *args, sender=self.people[sender], value=value)
        finally:
            self.gas = self.kit.evm.result.gas_used
            self.money.after()

    def declare(
        self, name: str, money: Money, asked: int, *, rate: int = 0, dated: bool = False
    ) -> None:
        """The agent declares; what arrives is entered."""
        self.ask(money, asked, rate=rate, dated=dated)
        leaves, arrives = money.nature.moves(self.offered(asked))
        received = arrives * (2 if money.nature.telling is Telling.DOUBLE else 1)
        self.overdrawn += received - arrives
        series = next(it for it, other in self.monies.items() if other.address == money.address)
        if name == "empty":
            self.account.announce(name, series, received)
        else:
            self.account.declare(name, series, received, rate=rate, dated=dated)
        self.ids[name] = len(self.ids) + 1
        self.move(money, "agent", "vault", leaves, arrives)

    def ask(self, money: Money, asked: int, *, rate: int = 0, dated: bool = False) -> None:
        """Fund the agent and declare."""
        self.fund(money, asked)
        declared = terms(
            tax_policy=self.tax if rate else ZERO,
            deadline=self.kit.now if dated else 0,
            sweep_to=self.people["issuer"] if dated else ZERO,
        )
        value = asked if money.address == ZERO else 0
        self.send(
            "declare", self.harness.token.address, self.record, money.address, asked, declared,
            sender="agent", value=value,
        )  # fmt: skip

    def fund(self, money: Money, asked: int) -> None:
        """Give the agent what it lacks of what it is going to declare."""
        funds = self.currency.funds if asked == MAX else max(asked, money.nature.moves(asked)[0])
        lacking = funds - self.account.purses[money.pot, "agent"] // money.grains
        if lacking > 0 and not money.gone:
            money.fund(self.people["agent"], lacking)
            self.account.purses[money.pot, "agent"] += lacking * money.grains

    def offered(self, asked: int) -> int:
        """What is asked for, if the largest amount means everything."""
        if asked == MAX and self.money.nature.max_means_all:
            return self.account.purses[self.money.pot, "agent"] // self.money.grains
        return asked

    def pay(self, name: str, holder: str, *, push: bool = False) -> None:
        """Claim for one holder, or push to it."""
        number, who = self.ids[name], self.people[holder]
        if push:
            self.send("push", number, [who])
        else:
            self.send("claim", [number], who)
        money = self.monies[self.account.entries[name].series]
        self.settle(money, [(holder, self.account.settle(name, holder))])

    def settle(self, money: Money, dues: list[tuple[str, int]]) -> None:
        """The vault has paid these."""
        for who, amount in dues:
            if amount:
                leaves, arrives = money.nature.moves(amount)
                self.overdrawn += max(0, leaves - amount)
                self.move(money, "vault", who, leaves, arrives)

    def move(self, money: Money, giver: str, receiver: str, leaves: int, arrives: int) -> None:
        """Enter in the purses what has moved."""
        self.account.purses[money.pot, giver] -= leaves * money.grains
        self.account.purses[money.pot, receiver] += arrives * money.grains

    # ---------------------------------------------------------------- changing

    def apply(self, change: Change, case: Case, *, on: bool) -> None:
        """Let a change begin, or end."""
        if change.nature:
            self.money.become(case.nature if on else self.currency.nature)
        for who in change.blocks:
            self.money.block(self.people[who], on)
        if change.mood:
            self.is_greedy = on and change.mood in {Mood.MEGABYTE, Mood.HUNGRY}
            for who in PAID:
                there = self.kit.at("WilfulReceiver", self.people[who])
                there.send("setMood", change.mood if on else 0)
        if change.act:
            ACTS[change.act](self, on)

    def vanish(self, on: bool) -> None:
        """The currency's code is gone, or is back."""
        self.money.gone = on
        evm, address = self.kit.evm, self.money.address
        code = b"" if on else self.kit.codec.artifacts[self.money.contract].runtime
        evm.insert_account_info(address, pyrevm.AccountInfo(nonce=1, code=code))

    def force(self, on: bool) -> None:
        """A contract destroys itself in the vault's favour."""
        if on:
            # PUSH20 vault, SELFDESTRUCT.
            code = bytes.fromhex("73" + self.vault.address[2:] + "ff")
            self.kit.transact(self.kit.accounts[0], None, code, GIFT)
            self.account.purses["coin", "vault"] += GIFT

    def prepare(self, call: bytes) -> None:
        """Have the currency, or whoever receives the native coin, call the vault back."""
        for caller in self.callers():
            caller.send("prepare", self.vault.address if call else ZERO, call)

    def callers(self) -> list[Deployed]:
        """Who can call back: the currency; or those whom the native coin goes to."""
        if self.currency.kind != "coin":
            return [self.money.deployed]
        return [self.kit.at("WilfulReceiver", self.people[who]) for who in PAID]

    def call_back(self, on: bool) -> None:
        """Receivers claim for somebody else while they are paid."""
        self.prepare(self.entrance("claim") if on else b"")

    def entrance(self, function: str) -> bytes:
        """A call of a guarded function that would do something if it were let in."""
        rent, ben = self.ids["rent"], self.people["ben"]
        arguments: dict[str, tuple[Any, ...]] = {
            "claim": ([rent], ben),
            "push": (rent, [ben]),
            "pushWithGas": (rent, [ben], TOKEN_GAS),
            "declare": (self.harness.token.address, self.record, ZERO, 0, terms()),
            "remit": (rent,),
            "sweep": (self.ids["dated"],),
            "refund": (self.ids["empty"],),
            "claimTo": ([rent], ben, ben, ben),
            "declareWithPermit": (
                self.harness.token.address, self.record, self.dollar.address, 1, terms(),
                (0, 27, NOTHING, NOTHING),
            ),
        }  # fmt: skip
        return self.calling(function, *arguments[function])

    def calling(self, function: str, *args: Any) -> bytes:
        """A call of the vault."""
        return self.kit.codec.call(self.vault.name, function, *args)

    # ------------------------------------------------------------------- steps

    def do(self, step: str) -> Receipt:
        """Try a step, but for declaring."""
        if step == "claim":
            return self.send("claim", [self.ids["rent"]], self.people["ann"])
        if step == "push":
            # The least that a page may offer: what is beyond it, the payee is passed over for.
            least = NATIVE_GAS if self.currency.kind == "coin" else TOKEN_GAS
            page = [self.people[who] for who in PAGE]
            return self.send("pushWithGas", self.ids["rent"], page, least)
        return self.send(step, self.ids[SUBJECT[step]])

    def play(self, step: str, does: Does, most: int = 0) -> None:
        """Try a step: it does what it must, to the unit, and costs no more than it may."""
        if does.refuses:
            with refused(*self.refusal(step, does)):
                self.attempt(step)
        elif step == "declare":
            self.declare(f"offer {len(self.ids)}", self.money, self.currency.offer)
        else:
            self.pay_step(step, does)
        ceiling = most or self.ceiling(step, does)
        assert not ceiling or self.gas <= ceiling, f"{self.gas:,} gas is more than {ceiling:,}"

    def attempt(self, step: str) -> None:
        """Try a step that will be refused."""
        if step == "declare":
            self.ask(self.money, self.currency.offer)
        else:
            self.do(step)

    def pay_step(self, step: str, does: Does) -> None:
        """Try a step that pays somebody, or passes somebody over."""
        skipped: list[tuple[str, int]] = []
        passed = {Does.SKIPS: PAGE, Does.SKIPS_ONE: PAGE[:1]}.get(does, ())
        if step == "push":
            paid_before = set(PAGE) - set(self.account.unpaid("rent"))
            skipped = [
                (self.people[who], SKIPPED_CLAIMED if who in paid_before else SKIPPED_PAYMENT)
                for who in PAGE
                if who in paid_before or who in passed
            ]
        receipt = self.do(step)
        reported = [(event["holder"], event["reason"]) for event in receipt.named("Skipped")]
        assert reported == skipped
        if does is Does.SKIPS_ONE:
            self.settle(self.money, [("ben", self.account.settle("rent", "ben"))])
        elif does is not Does.SKIPS:
            self.settle(self.money, self.account.book(step))

    def refusal(self, step: str, does: Does) -> tuple[Any, ...]:
        """The error and its arguments with which a step is refused."""
        currency, offer = self.money.address, self.currency.offer
        if step != "declare":
            who, amount = self.account.dues(step)[0]
            reason = "MovedOnFailure" if does is Does.STOPS else "PaymentFailed"
            return f"DividendVault_{reason}", currency, self.people[who], amount
        if does is Does.TOO_LARGE:
            received = self.money.nature.moves(offer)[1]
            return "DividendVault_AmountTooLarge", received, MAX_AMOUNT
        if does is Does.EMPTY:
            return "DividendVault_NothingReceived", currency, offer
        return "DividendVault_FundingFailed", currency, self.people["agent"], offer

    def ceiling(self, step: str, does: Does) -> int:
        """The most gas that a step may cost; 0 for no limit, as where one payment is on its own."""
        if step == "push":
            return 300_000 + len(PAGE) * 510_000
        if not does.settles:
            return 0
        at_length = self.money.nature.answer is Answer.LONG or self.is_greedy
        megabytes = MEGABYTE_GAS if at_length else 0
        return 400_000 + self.money.nature.hunger + megabytes

    def most(self, step: str) -> int:
        """What a page costs on an ordinary day, and the gas that receivers of coins are given; any
        other step has one payment only, which may use all there is."""
        if step != "push":
            return 0
        before = self.kit.evm.snapshot()
        self.attempt(step)
        self.kit.evm.revert(before)
        return self.gas + len(PAGE) * NATIVE_GAS + SLACK

    def again(self, step: str) -> None:
        """Repeat a step that has been done: nobody is paid twice."""
        if step in {"claim", "push"}:
            receipt = self.do(step)
            assert receipt.named("Claimed") == []
        else:
            with refused("DividendVault_NothingLeft", self.ids[SUBJECT[step]]):
                self.do(step)

    def pay_others(self) -> None:
        """Other currencies, and another holder, are paid as if nothing had happened."""
        self.pay("dollars", "ann")
        self.pay("spare", "ben", push=True)

    # --------------------------------------------------------------- comparing

    def check(self) -> None:
        """Everything that can be asked or looked up is as it must be, and adds up."""
        seen = self.seen()
        wrong = self.wrong(seen)
        assert not wrong, f"(what is, what must be): {wrong}"
        for series, model in self.account.models.items():
            self._conserved(seen, series, model.position().received)
        for pot in {"coin", "dollar", self.money.pot}:
            self._solvent(seen, pot)

    def wrong(self, seen: dict[Any, Any]) -> dict[Any, tuple[Any, Any]]:
        """What is not as it must be: what is, and what must be."""
        must = self.account.expected()
        assert seen.keys() == must.keys()
        return {key: (seen[key], must[key]) for key in must if seen[key] != must[key]}

    def lines(self, seen: dict[Any, Any], series: str) -> list[dict[str, int]]:
        """The vault's figures of all distributions in one currency."""
        return [seen[name] for name, it in self.account.entries.items() if it.series == series]

    def _conserved(self, seen: dict[Any, Any], series: str, received: int) -> None:
        """What came in is paid, withheld, owed, carried or swept, by the vault's own figures."""
        lines = self.lines(seen, series)
        spent = sum(line["paid"] + line["owed"] + line["swept"] for line in lines)
        assert received == spent + seen["carried", series], f"{series} does not add up"

    def _solvent(self, seen: dict[Any, Any], pot: str) -> None:
        """The vault has what it owes, unless the currency has taken more than it was told to."""
        held = seen[pot, "vault"] // (self.money.grains if pot == self.money.pot else 1)
        if self.honest or pot != self.money.pot:
            assert held >= self.owing(seen, pot), f"the vault is short of {pot}"

    def owing(self, seen: dict[Any, Any], pot: str) -> int:
        """What the vault says it owes out of one pot: to holders, to collectors, to the next."""
        owing = 0
        for series in self.account.models:
            if self.monies[series].pot == pot:
                owing += seen["carried", series]
                owing += sum(
                    line["owed"] + line["withheld"] - line["remitted"]
                    for line in self.lines(seen, series)
                )
        return owing

    @property
    def honest(self) -> bool:
        """Whether the currency has always moved and told what it was asked to, or less."""
        return self.overdrawn == 0 and self.money.grains <= GRAINS

    def seen(self) -> dict[Any, Any]:
        """What the vault says, and what is in every purse."""
        seen: dict[Any, Any] = {}
        codec, vault = self.kit.codec, self.vault
        with self.kit.looking() as look:

            def ask(function: str, *args: Any) -> bytes:
                return look(vault.address, calldata(codec, vault.name, function, *args))

            for name, number in self.ids.items():
                seen[name] = self._figures(ask("distribution", number))
                for holder in HOLDERS if self.account.outstanding(name) else ():
                    who = self.people[holder]
                    due = int.from_bytes(ask("claimable", number, who), "big")
                    seen[name, holder] = (due, any(ask("isClaimed", number, who)))
            for series, money in self.monies.items():
                if series in self.account.models:
                    carried = ask("carried", self.harness.token.address, money.address)
                    seen["carried", series] = int.from_bytes(carried, "big")
            for pot, who in self.account.purses:
                seen[pot, who] = self._purse(look, pot, who)
        return seen

    def _purse(self, look: Callable[[str, bytes], bytes], pot: str, name: str) -> int:
        who = self.people[name]
        if pot == "coin":
            return self.kit.balance(who)
        money = self.dollar if pot == "dollar" else self.money
        if money.gone:
            # Nothing can have moved; it shows when the code is back.
            return self.account.purses[pot, name]
        return int.from_bytes(look(*money.question(who)), "big")

    def _figures(self, answer: bytes) -> dict[str, int]:
        return {
            name: int.from_bytes(answer[at : at + 32], "big") for name, at in self._places.items()
        }

    @cached_property
    def _places(self) -> dict[str, int]:
        """Where the ABI has the amounts of a distribution."""
        entry = self.kit.codec.function(self.vault.name, "distribution", 1)
        names = [part["name"] for part in entry["outputs"][0]["components"]]
        return {name: 32 * (1 + at) for at, name in enumerate(names) if name in FIGURES}


ACTS: dict[str, Callable[[CurrencyHarness, bool], None]] = {
    "vanish": CurrencyHarness.vanish,
    "force": CurrencyHarness.force,
    "call back": CurrencyHarness.call_back,
}


class CurrencyHarnesses:
    """CurrencyHarnesses that have been opened, one for each currency, so that each is opened once.

    What code and balances the test itself sets is out of the reach of a snapshot: such harnesses
    are opened anew.
    """

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.kept: dict[str, tuple[CurrencyHarness, bytes]] = {}

    def open(self, currency: Currency) -> CurrencyHarness:
        """A harness of its own."""
        harness = CurrencyHarness(self.codec, currency)
        harness.open()
        return harness

    @contextmanager
    def of(self, currency: Currency, change: Change | None = None) -> Iterator[CurrencyHarness]:
        """A harness as it was when it was opened."""
        if currency.kind == "own coin" or (change and change.act == "vanish"):
            yield self.open(currency)
            return
        if currency.code not in self.kept:
            harness = self.open(currency)
            # Many times faster than a deep copy.
            self.kept[currency.code] = (
                harness,
                pickle.dumps((harness.account, harness.ids, harness.overdrawn, harness.kit.now)),
            )
        harness, books = self.kept[currency.code]
        harness.account, harness.ids, harness.overdrawn, harness.kit.now = pickle.loads(books)
        harness.money.nature = currency.nature
        checkpoint = harness.kit.evm.snapshot()
        try:
            yield harness
        finally:
            harness.kit.evm.revert(checkpoint)


class FaultyHarnesses(CurrencyHarnesses):
    """CurrencyHarnesses of a vault with a fault, or, if there is none, of one that only could have
    it.
    """

    def __init__(self, codec: Codec, vault: str, fault: int = 0, *, opening: bool = False) -> None:
        super().__init__(codec)
        self.vault, self.fault, self.opening = vault, fault, opening

    def open(self, currency: Currency) -> CurrencyHarness:
        harness = CurrencyHarness(self.codec, currency, self.vault)
        if self.opening:
            harness.vault.send("commit", self.fault)
        harness.open()
        harness.vault.send("commit", self.fault)
        return harness

"""E3 for exchanges of shares: every function, from the middle of every call-out.

A currency, and the rules of the token that is given and of the other, are interlopers: in the
middle of what they are asked they call each function back. The guard refuses all but the
cancellation of a nonce, which is the caller's own.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from eth_utils.crypto import keccak

from tests.chainkit import ZERO, Codec, Deployed, RevmKit
from tests.contracts.harness import DAY, NOTHING, Harness
from tests.contracts.market.exchanging import NO_PERMIT, Exchanging, Request
from tests.contracts.trading import MAX

CONTRACT = "ShareExchange"
GUARD = bytes.fromhex("3ee5aeb5")  # ReentrancyGuardReentrantCall()
UNGUARDED = {"cancelNonce"}
NOTING, LEAST = 0, 300_000
TRANSFER, TAKE = "transfer(address,uint256)", "transferFrom(address,address,uint256)"
BOOK = "book(address,address,uint256,uint256)"
CALL_OUTS = (
    "open, taking",
    "fund, taking",
    "drain, paying",
    "exchange, paying",
    "exchange, due",
    "exchange, burning",
    "exchange, minting",
    "page, paying",
    "page, burning",
    "page, minting",
    "take, paying",
    "take, minting",
    "sweep, paying",
    "close, paying",
    "cancel, paying",
)


class ReentrySystem(Exchanging):
    """Exchanges in a currency that calls back, of tokens whose rules do."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(Harness(kit))
        self.harness.issue({self.ann: 1_000, self.ben: 500, self.signer: 10})
        self.coin = self._interloper(self.dollar.address)
        self.money = kit.at("Dollar", self.coin.address)
        agreeing = kit.deploy("WilfulCallee").address
        self.rules, self.new_rules = (self._interloper(agreeing) for _ in range(2))
        for rules in (self.rules, self.new_rules):
            kit.at("WilfulCallee", rules.address).send("setMood", 0, True)
        for who in (self.owner, self.ann, self.stranger):
            self.give_money(who, 10**12, self.money)
        coins = {"currency": self.coin.address}
        new = {"other": self.other.address, "other_shares": 1}
        self.elective = self.open(self.redemption(**coins, **new), 10**10)
        self.charging = self.open(self.redemption(**{**coins, "gets": 0, "pays": 3}))
        until = kit.now + 40 * DAY
        mandatory = self.maturity(**coins, **new, take_until=until, sweep_to=self.dan)
        self.running = self.open(mandatory)
        self.noticed = self.open(mandatory.but(opens_at=kit.now + 20 * DAY))
        self.begin(self.running)
        self.holding.order("setAddressFrozen", self.ben, True)
        self.carry_out(self.running, self.ben)
        self.holding.order("setAddressFrozen", self.ben, False)
        for token, rules in ((self.token, self.rules), (self.other, self.new_rules)):
            token.send("setCompliance", rules.address, sender=self.owner)

    def _interloper(self, mask: str) -> Deployed:
        spy = self.kit.deploy("Interloper")
        spy.send("wearMask", mask, False)
        return spy

    def acts(self) -> dict[str, tuple[Deployed, str, Callable[[], object]]]:
        """Who is asked what in the middle of which transaction."""
        coin, rules, new = self.coin, self.rules, self.new_rules
        terms = self.redemption(currency=coin.address)

        def swept() -> object:
            self.kit.now += 50 * DAY
            return self.exchange.send("sweep", self.running)

        def call(function: str, *args: object, sender: str) -> Callable[[], object]:
            return lambda: self.exchange.send(function, *args, sender=sender)

        def now(it: int) -> Callable[[], object]:
            return lambda: self.now(it, 5)

        page = call("carryOut", self.running, [self.ann], sender=self.stranger)
        take = call("take", self.running, self.ben, sender=self.stranger)
        side = {"sender": self.owner}
        return {
            "open, taking": (coin, TAKE, call("open", terms.told, 5, 0, **side)),
            "fund, taking": (coin, TAKE, call("fund", self.elective, 5, sender=self.stranger)),
            "drain, paying": (coin, TRANSFER, call("drain", self.elective, 5, **side)),
            "exchange, paying": (coin, TRANSFER, now(self.elective)),
            "exchange, due": (coin, TAKE, now(self.charging)),
            "exchange, burning": (rules, BOOK, now(self.elective)),
            "exchange, minting": (new, BOOK, now(self.elective)),
            "page, paying": (coin, TRANSFER, page),
            "page, burning": (rules, BOOK, page),
            "page, minting": (new, BOOK, page),
            "take, paying": (coin, TRANSFER, take),
            "take, minting": (new, BOOK, take),
            "sweep, paying": (coin, TRANSFER, swept),
            "close, paying": (coin, TRANSFER, call("close", self.elective, **side)),
            "cancel, paying": (coin, TRANSFER, call("cancel", self.noticed, NOTHING, **side)),
        }

    def entrances(self) -> dict[str, tuple[object, ...]]:
        """Every function that changes something, with arguments that mean something."""
        request = Request(self.elective, self.signer, 5)
        exchange = (self.elective, 5, 0, MAX, b"")
        return {
            "open": (self.redemption().told, 0, 0),
            "fund": (self.elective, 1),
            "drain": (self.elective, 1),
            "setPrice": (self.elective, 1, 1),
            "exchange": exchange,
            "exchangeWithPermit": (*exchange, NO_PERMIT),
            "exchangeFor": (request.told, request.signed(self.exchange), NO_PERMIT),
            "cancelNonce": (3,),
            "carryOut": (self.running, [self.ann]),
            "take": (self.running, self.ben),
            "takeTo": (self.running, self.ben, self.dan),
            "endHold": (self.running, self.holding.terms().told),
            "endKept": (self.running, self.valuer, self.ann, self.ann, 1),
            "sweep": (self.running,),
            "close": (self.elective,),
            "cancel": (self.noticed, NOTHING),
        }


@pytest.fixture(scope="module")
def system(artifacts) -> ReentrySystem:
    """One system for all cells: each leaves it as it was."""
    return ReentrySystem(RevmKit(Codec(artifacts)))


@pytest.mark.attack("E3")
@pytest.mark.parametrize("name", CALL_OUTS)
def test_nothing_is_done_in_the_middle_of_something(system, name):
    """Each function in turn, called back from there: the guard refuses it."""
    kit = system.kit
    for function, args in system.entrances().items():
        spy, asked, act = system.acts()[name]
        start, now = kit.evm.snapshot(), kit.now
        call = kit.codec.call(CONTRACT, function, *args)
        trigger = keccak(text=asked)[:4]
        spy.send("lieInWait", NOTING, trigger, LEAST, system.exchange.address, call)
        act()
        sprung, succeeded, answer = spy.call("whatCame")
        assert sprung, function
        if function in UNGUARDED:
            assert succeeded
        else:
            assert (succeeded, bytes(answer)) == (False, GUARD), function
        spy.send("lieInWait", NOTING, b"\0" * 4, 0, ZERO, b"")
        kit.evm.revert(start)
        kit.now = now


@pytest.mark.attack("E3")
def test_no_function_and_no_call_out_is_left_out(system, artifacts):
    """Whatever changes something is called back."""
    changing = {
        entry["name"]
        for entry in artifacts[CONTRACT].abi
        if entry["type"] == "function" and entry["stateMutability"] not in {"view", "pure"}
    }
    assert changing == set(system.entrances())
    assert tuple(system.acts()) == CALL_OUTS

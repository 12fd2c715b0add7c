"""The call-outs of calls: who is asked what in the middle of which function of `CallAuction`.

The currency, the rules of the share token and a wallet that signs are interlopers, as in `reentry`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.assurance.attacks.market_reentry import ENDLESS, HOLDS, MarketSystem, sends
from tests.assurance.attacks.reentry import LATER, CallOut
from tests.chainkit import Deployed, Receipt, RevmKit
from tests.contracts.harness import DAY, NOTHING
from tests.contracts.market.calls import NO_PERMIT, Kind, Ladder, Side, Stage, Terms

AUCTION = "CallAuction"
PRICE = 10
CALL_CALL_OUTS = (
    "open, budget",
    "place, taking",
    "place, counting",
    "place, permit",
    "place, receivable",
    "place, signature",
    "withdraw, sending",
    "settle, paying",
    "settle, counting",
    "settle, rules",
    "settle, minting",
    "deliver, rules",
    "refund, sending",
    "return, paying",
    "principal, paying",
    "take, sending",
    "sweep, sending",
)
PAID = 450_000
"""A payment is offered 500,000 gas at most."""


class CallSystem(MarketSystem):
    """The market with calls of every stage: the maker sells shares, the taker buys."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(kit)
        self.auction = kit.deploy(AUCTION, self.holds.address)
        self.opened: list[Terms] = []
        self.ruled.send("addAgent", self.auction.address, sender=self.owner)
        for who in (self.maker, self.taker, self.dan, self.signer.address):
            self.money.send("mint", who, 100_000)
            self._do(who, self.money, "approve", self.auction.address, ENDLESS)
        for who in (self.maker, self.taker):
            until = kit.now + 300 * DAY
            keeps = (self.auction.address, self.ruled.address, 2**96 - 1, until)
            self.holds.send("setKeeper", *keeps, sender=who)
        self._open_calls()

    def _do(self, who: str, contract: Deployed, function: str, *args: Any) -> None:
        if who != self.signer.address:
            contract.send(function, *args, sender=who)
            return
        call = self.kit.codec.call(contract.name, function, *args)
        self.signer.send("act", contract.address, call)

    # ------------------------------------------------------------------------------ the calls

    def call_terms(self, salt: int, **changes: Any) -> Terms:
        """An auction among holders that takes orders for a day."""
        now = self.kit.now
        usual: dict[str, Any] = {
            "opener": self.dan, "salt": bytes([salt]) * 32, "kind": Kind.AUCTION,
            "token": self.ruled.address, "lot": 1, "opens_at": now, "withdraw_until": now + DAY - 1,
            "ladders": (Ladder(self.coin.address, PRICE, 0), Ladder()), "closes_at": now + DAY,
            "close_by": now + 2 * DAY, "settle_by": now + 100 * DAY, "delivery_gas": 6_000_000,
        }  # fmt: skip
        return Terms(**{**usual, **changes})

    def sale(self, salt: int, **changes: Any) -> Terms:
        """An issue of new shares."""
        usual = {"kind": Kind.SALE, "mint": True, "lots": 10, "principal": self.eve}
        return self.call_terms(salt, opener=self.owner, **{**usual, **changes})

    def sending(
        self, function: str, terms: Terms, *args: Any, sender: str = ""
    ) -> Callable[[], Receipt]:  # fmt: skip
        """A transaction, to be sent later."""
        call = (terms.encodable(), *args)
        return sends(self.auction, function, *call, sender=sender or self.stranger)

    def opening(self, terms: Terms, *orders: tuple[str, Side, int]) -> Terms:
        """Open a call, and place orders at its first price."""
        self.sending("open", terms, b"", sender=terms.opener)()
        self.opened.append(terms)
        for who, side, lots in orders:
            self.sending("place", terms, side, lots, 0, 0, sender=who)()
        return terms

    def closing(self, terms: Terms, *orders: tuple[str, Side, int]) -> Terms:
        """The same, a day later, closed."""
        self.opening(terms, *orders)
        now, self.kit.now = self.kit.now, terms.closes_at + 1
        self.sending("close", terms)()
        self.kit.now = now
        return terms

    def _open_calls(self) -> None:
        """Everything that was closed lies a day back, and what was settled early, too."""
        bid, ask = (self.taker, Side.BID, 4), (self.maker, Side.ASK, 4)
        half = (self.maker, Side.ASK, 2)
        self.settling = self.closing(self.call_terms(1), bid, half, half)
        self.minting = self.closing(self.sale(2), bid)
        self.failed = self.closing(self.call_terms(3), bid, bid)
        self.missed = self.closing(self.call_terms(4), bid, ask)
        early = {"settle_by": self.kit.now + 3 * DAY, "return_until": self.kit.now + 90 * DAY}
        self.few = self.closing(self.sale(5, least_lots=5, lots=8, **early), bid, bid)
        self.owing = self.closing(self.call_terms(6), bid, ask)
        last = {"settle_by": self.kit.now + 3 * DAY, "take_until": self.kit.now + 4 * DAY}
        self.over = self.closing(self.call_terms(7, sweep_to=self.eve, **last), bid, ask)
        tender = {
            "kind": Kind.TENDER, "principal": self.taker, "opener": self.taker, "lots": 50,
            "budget": 500,
        }  # fmt: skip
        self.tender = self.closing(self.call_terms(8, **tender))
        self.kit.now += DAY + 1
        self._settle_some()
        self.kit.now += 4 * DAY
        self.live = self.opening(self.call_terms(9), bid, ask)
        self.next = self.call_terms(10, **tender)
        self.opened.append(self.next)
        """A call that is not open yet."""

    def _settle_some(self) -> None:
        """Deliveries and payments of a bad day."""
        self.ruled.send("pause", sender=self.agent)
        self.sending("settle", self.missed, 9)()
        self.ruled.send("unpause", sender=self.agent)
        self.sending("settle", self.few, 1)()
        self.coin.send("wearMask", self.kit.deploy("ReturnsFalse").address, False)
        for terms in (self.owing, self.over):
            self.sending("settle", terms, 9)()
        self.coin.send("wearMask", self.dollar.address, False)
        for terms in (self.owing, self.over):
            assert self.auction.call("owedTo", self.name(terms), 0, self.maker) == 4 * PRICE

    def name(self, terms: Terms) -> bytes:
        """The id of a call."""
        return bytes(self.auction.call("idOf", terms.encodable()))

    def stage(self, terms: Terms) -> Stage:
        """How far a call is."""
        return Stage(self.auction.call("callOf", self.name(terms))[0])

    def signed_placement(self, nonce: int = 1) -> tuple[Any, ...]:
        """A bid of the wallet's, which has signed it."""
        who = self.signer.address
        placement = (self.name(self.live), who, Side.BID, 1, 0, 0, nonce, self.live.closes_at)
        wallet = self.kit.at("ContractWallet", who)
        wallet.send("sign", self.auction.call("digestOf", placement), True)
        return placement


def call_call_outs(w: CallSystem) -> dict[str, CallOut]:
    """Every call-out of the auction but those to `Holds`, which calls out in its turn."""
    coin, rules = w.coin, w.rules
    own, both = frozenset({AUCTION}), frozenset({AUCTION, HOLDS})
    take, send, count = (
        "transferFrom(address,address,uint256)", "transfer(address,uint256)", "balanceOf(address)",
    )  # fmt: skip
    permit = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
    judge = "canTransfer(address,address,address,uint256)"
    book = "book(address,address,uint256,uint256)"
    signs = "isValidSignature(bytes32,bytes)"
    booking = "authorize(address,address,uint256)"
    order = (Side.BID, 1, 0, 0)
    given = (LATER, 27, NOTHING, NOTHING)
    places = w.sending("place", w.live, *order, sender=w.dan)
    permitted = w.sending("placeWithPermit", w.live, *order, given, sender=w.dan)
    signed = w.sending("placeFor", w.live, w.signed_placement(), b"", NO_PERMIT)
    opens = w.sending("open", w.next, b"", sender=w.taker)
    withdraws = w.sending("withdraw", w.live, 1, sender=w.taker)
    settles, mints = w.sending("settle", w.settling, 9), w.sending("settle", w.minting, 9)
    delivers = w.sending("deliver", w.missed, [(1, 2)])
    returns = w.sending("returnShares", w.few, 1, 4, sender=w.taker)
    return {
        "open, budget": CallOut(coin, take, opens, own),
        "place, taking": CallOut(coin, take, places, own),
        "place, counting": CallOut(coin, count, places, own, still=True, least=PAID),
        "place, permit": CallOut(coin, permit, permitted, own, shrugged=True),
        "place, receivable": CallOut(rules, judge, places, own, still=True),
        "place, signature": CallOut(w.signer, signs, signed, own, still=True),
        "withdraw, sending": CallOut(coin, send, withdraws, own, least=PAID),
        "settle, paying": CallOut(coin, send, settles, own, least=PAID),
        "settle, counting": CallOut(
            coin, count, settles, own, still=True, least=PAID, shrugged=True
        ),
        "settle, rules": CallOut(rules, booking, settles, both),
        "settle, minting": CallOut(rules, book, mints, own),
        "deliver, rules": CallOut(rules, booking, delivers, both),
        "refund, sending": CallOut(
            coin, send, w.sending("refund", w.failed, [1, 2]), own, least=PAID
        ),
        "return, paying": CallOut(coin, send, returns, own, least=PAID),
        "principal, paying": CallOut(
            coin, send, w.sending("payPrincipal", w.tender), own, least=PAID
        ),
        "take, sending": CallOut(coin, send, w.sending("take", w.owing, 0, w.maker), own),
        "sweep, sending": CallOut(coin, send, w.sending("sweep", w.over, 0), own),
    }


def auction_calls(w: CallSystem) -> Iterator[tuple[Deployed, str, bool, bytes]]:
    """Every external function of the auction, with arguments that would do something."""
    order = (Side.BID, 1, 0, 0)
    placement = w.signed_placement(2)
    live, settling = w.live.encodable(), w.settling.encodable()
    named = [w.name(terms) for terms in (w.live, w.settling, w.failed)]
    no_pair, until = ([(1, 2)],), w.kit.now + 9
    meant: dict[str, list[tuple[Any, ...]]] = {
        "open": [(w.next.encodable(), b"")],
        "cancel": [(live, NOTHING)],
        "entitle": [(live, [w.taker])],
        "place": [(live, *order)],
        "placeWithPermit": [(live, *order, NO_PERMIT)],
        "placeFor": [(live, placement, b"", NO_PERMIT)],
        "placeWithAuthorization": [(live, placement, (0, LATER, 27, NOTHING, NOTHING))],
        "cancelNonce": [(2,)],
        "withdraw": [(live, 1)],
        "withdrawFor": [(live, 1, until, b"")],
        "strike": [(live, [1, 2])],
        "restore": [(live, [1, 2])],
        "close": [(live,)],
        "closeAt": [(live, PRICE)],
        "accept": [(settling,)],
        "fail": [(live,)],
        "settle": [(settling, 9), (w.minting.encodable(), 9)],
        "deliver": [(w.missed.encodable(), *no_pair)],
        "refund": [(w.failed.encodable(), [1]), (settling, [1])],
        "returnShares": [(w.few.encodable(), 1, 1)],
        "payPrincipal": [(w.tender.encodable(),)],
        "take": [(w.owing.encodable(), 0, w.maker)],
        "takeTo": [(w.owing.encodable(), 0, w.maker, w.dan)],
        "sweep": [(w.over.encodable(), 0)],
        "holds": [()],
        "idOf": [(live,)],
        "digestOf": [(placement,)],
        "digestOfOpening": [(named[0],)],
        "digestOfWithdrawal": [(named[0], 1, until)],
        "callOf": [(name,) for name in named],
        "orderOf": [(name, 1) for name in named],
        "interestAt": [(named[0], 0)],
        "escrowOf": [(named[0], 0)],
        "owedTo": [(w.name(w.owing), 0, w.maker)],
        "orderedBy": [(named[0], Side.BID, 1)],
        "entitledSharesOf": [(named[0], 1)],
        "isEntitled": [(named[0], w.taker)],
        "isSpent": [(w.signer.address, 1)],
        "preview": [(live, 0), (settling, 0)],
        "eip712Domain": [()],
    }
    for entry in w.kit.codec.artifacts[AUCTION].abi:
        if entry["type"] != "function":
            continue
        view = entry["stateMutability"] in {"view", "pure"}
        for args in meant[entry["name"]]:
            call = w.kit.codec.call(AUCTION, entry["name"], *args)
            yield w.auction, entry["name"], view, call

"""The whole system with what carries out trades and what holds, beside the law of both.

A step speaks of an order, a trade or a hold by what it says, so that it means the same in every
story: times in it are seconds after the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

from eth_utils.crypto import keccak

from tests.assurance.fuzz.market import (
    HOLDS,
    SETTLEMENT,
    Care,
    Escrow,
    Estate,
    Hold,
    Leg,
    Order,
    Permit,
    Settlement,
    State,
    Trade,
)
from tests.assurance.fuzz.system import (
    CLUB,
    EAST,
    ISSUERS,
    KEYS,
    MONEY,
    PERMIT,
    START,
    WALLETS,
    Broken,
    Pair,
    SystemHarness,
    yes,
)
from tests.assurance.fuzz.wire import Blob, encoded, raw_log, word
from tests.chainkit import Codec
from tests.model.exchange import EXCHANGE
from tests.model.outcomes import COIN, Event, refuse

ORDER_TYPE = (
    b"Order(address maker,address taker,address give,address take,uint128 giveAmount,"
    b"uint128 takeAmount,uint128 leastFill,uint48 validUntil,uint64 nonce,address recordToken,"
    b"uint32 record,bool makerPays,address feeTo,uint16 feeBps,address taxTo,uint16 taxBps)"
)
LEG_TYPE = b"Leg(address asset,address from,address to,uint256 amount)"
TRADE_TYPE = b"Trade(Leg[] legs,uint256 nonce,uint48 validUntil,bytes32 documentHash)" + LEG_TYPE
DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"

TRADERS = tuple(KEYS)
"""Who has a key, and so can sign."""

PURSE = 10**9
"""What each trader has of each currency to begin with."""

ALLOWED = 10**6
"""What the settlement and the holds may move of each trader's to begin with."""

INTERFACES = {SETTLEMENT: "ITradeSettlement", HOLDS: "IHolds", EXCHANGE: "IShareExchange"}
TOKENS = (EAST, CLUB)
TRADABLE = (*TOKENS, *MONEY)
PLAIN = (*TOKENS, "usd")
"""What moves what it is asked to: Law 52 speaks of no other."""


class TradingHarness(SystemHarness):
    """The system, with trades and holds."""

    def __init__(self, codec: Codec, **faulty: str) -> None:
        super().__init__(codec, **faulty)
        self.estate = Estate(self.shares, self.law)
        self.settlement = Settlement(self.estate)
        self.escrow = Escrow(self.estate, ISSUERS, self._person)
        self.orders: dict[Order, str] = {}
        """Every order that was tried, and who signed it."""
        self.trades: list[Trade] = []
        self.disturbed: set[tuple[str, str]] = set()
        """Wallets of which shares were held by others, or taken while they were held."""
        for name in TRADERS:
            for currency in MONEY:
                self._send(name, currency, "mint", name, PURSE)
                self.law.money[currency][name] += PURSE
        for asset, name, spender in product(TRADABLE, TRADERS, (SETTLEMENT, HOLDS)):
            self._allow(asset, name, spender, ALLOWED)

    def _build(self) -> None:
        super()._build()
        self._create(SETTLEMENT, "TradeSettlement")
        self._create(HOLDS, "Holds")
        parts = (keccak(DOMAIN_TYPE), keccak(b"prorata TradeSettlement"), keccak(b"1"), 1)
        self._domain = keccak(encoded((*parts, self.wire.at[SETTLEMENT])))

    def _person(self, asset: str, who: str) -> int | None:
        return self.register.person(who) if asset == CLUB else None

    # ---------------------------------------------------------------- words and signatures

    def _order(self, fields: Sequence[Any]) -> Order:
        it = Order(*fields)
        return it._replace(until=it.until + START)

    def _digest(self, struct: Sequence[Any]) -> bytes:
        inside = keccak(encoded(self._spell(tuple(struct))))
        return keccak(b"\x19\x01" + self._domain + inside)

    def _order_digest(self, it: Order) -> bytes:
        return self._digest((keccak(ORDER_TYPE), *it))

    def _trade_digest(self, it: Trade) -> bytes:
        legs = [keccak(encoded(self._spell((keccak(LEG_TYPE), *leg)))) for leg in it.legs]
        return self._digest((keccak(TRADE_TYPE), keccak(b"".join(legs)), *it[1:]))

    def _permits(self, permits: Sequence[Sequence[Any]]) -> list[Permit]:
        """What a step says of permits: token, owner, value, seconds, who signs."""
        return [
            Permit(token, owner, value, self.now + seconds, signer)
            for token, owner, value, seconds, signer in permits
        ]

    def _spelt_permits(self, permits: Sequence[Permit]) -> list[Any]:
        """As the contract takes them, each signed for the number that is next then."""
        used: dict[tuple[str, str], int] = {}
        found = []
        for it in permits:
            key = it.token, it.owner
            nonce = self.estate.permit_nonce(*key) + used.get(key, 0)
            used[key] = used.get(key, 0) + (it.signer == it.owner and self.now <= it.until)
            fields = (it.owner, SETTLEMENT, it.value, nonce, it.until)
            parts = self._signed(it.signer, it.token, PERMIT, fields)
            found.append((it.token, it.owner, it.value, it.until, *parts))
        return found

    # ---------------------------------------------------------------- orders

    def _allow(self, asset: str, owner: str, spender: str, amount: int) -> bool:
        """An allowance for what moves by allowance."""
        if asset in self.shares:
            return self._approve(asset, owner, spender, amount)
        self.estate.allowed[asset, owner, spender] = amount
        self._send(owner, asset, "approve", spender, amount)
        return True

    def _fill(
        self, taker: str, fields: Sequence[Any], signer: str, amount: int, most: int
    ) -> bool:  # fmt: skip
        it = self._order(fields)
        self.orders.setdefault(it, signer)
        plain = {it.give, it.take} <= set(PLAIN) and it.record_token in (*TOKENS, "nobody")
        told = self._explained(it, signer, taker, amount) if plain else None
        would = told and self.settlement.would_fill(taker, it, signer, amount)
        most_of_it = told and self._most_is_right(it, signer, taker, told)
        done = self._traded(
            lambda: self.settlement.fill(taker, it, signer, amount, most),
            *(taker, "fill", tuple(it), self._by(signer, self._order_digest(it)), amount, most),
        )
        if told is not None and would == bool(told[0]):
            raise Broken(f"Law 52: explain says {told} of what would{'' if would else ' not'} fill")
        if most_of_it:
            raise Broken(most_of_it)
        return done

    def _fill_permit(  # noqa: PLR0917 - a step is a tuple
        self,
        taker: str,
        fields: Sequence[Any],
        signer: str,
        amount: int,
        most: int,
        permits: Sequence[Any],
    ) -> bool:  # fmt: skip
        it, used = self._order(fields), self._permits(permits)
        self.orders.setdefault(it, signer)
        spelt = self._spelt_permits(used)
        signature = self._by(signer, self._order_digest(it))
        return self._traded(
            lambda: self.settlement.fill(taker, it, signer, amount, most, used),
            *(taker, "fillWithPermits", tuple(it), signature, amount, most, spelt),
        )

    def _traded(self, in_law: Callable[[], Any], sender: str, function: str, *args: Any) -> bool:
        done = self._both(in_law, sender, SETTLEMENT, function, *args)
        if done:
            due, events = self.answer
            self._same_events(SETTLEMENT, events)
            if self.gave != word(due):
                raise Broken(f"the taker gave {int.from_bytes(self.gave, 'big')}, not {due}")
        return done

    def _by(self, signer: str, digest: bytes) -> Blob:
        return Blob(self._sign(signer, digest))

    def _explained(
        self, it: Order, signer: str, taker: str, amount: int
    ) -> tuple[list[Any], int, int]:
        """The obstacles, the most, and what is due."""
        signature = self._by(signer, self._order_digest(it))
        answer = self._ask(SETTLEMENT, "explain", tuple(it), signature, taker, amount)
        obstacles, _, _, most, due = self.wire.codec.result("TradeSettlement", "explain", 4, answer)
        return list(obstacles), most, due

    def _most_is_right(
        self, it: Order, signer: str, taker: str, told: tuple[list[Any], int, int]
    ) -> str:
        """Whether the most that would pass is the most that passes: what is wrong with it."""
        _, most, _ = told
        passes = [
            bool(amount) and self.settlement.would_fill(taker, it, signer, amount)
            for amount in (most, most + 1)
        ]
        if passes == [most > 0, False]:
            return ""
        return f"Law 52: explain says that {most} would pass, and {passes} of it and one more do"

    def _cancel_orders(self, maker: str, nonces: Sequence[int]) -> bool:
        return self._told(
            lambda: self.settlement.cancel(maker, nonces),
            *(maker, SETTLEMENT, "cancel", list(nonces)),
        )

    def _cancel_below(self, maker: str, nonce: int) -> bool:
        return self._told(
            lambda: self.settlement.cancel_below(maker, nonce),
            *(maker, SETTLEMENT, "cancelBelow", nonce),
        )

    def _post(self, sender: str, fields: Sequence[Any], signer: str) -> bool:
        it = self._order(fields)
        self.orders.setdefault(it, signer)
        signature = self._by(signer, self._order_digest(it))
        event: Event = ("Posted", it.maker, it.give, it.take, tuple(it), signature)

        def in_law() -> list[Event]:
            refuse(("TradeSettlement_NotSigned", (it.maker,)) if signer != it.maker else None)
            return [event]

        return self._told(in_law, sender, SETTLEMENT, "post", tuple(it), signature)

    # ---------------------------------------------------------------- trades

    def _trade(self, legs: Sequence[Any], nonce: int, until: int) -> Trade:
        return Trade(tuple(Leg(*leg) for leg in legs), nonce, until + START, len(legs))

    def _settle(  # noqa: PLR0917 - a step is a tuple
        self,
        sender: str,
        legs: Sequence[Any],
        nonce: int,
        until: int,
        signers: Sequence[str],
        permits: Sequence[Any] = (),
    ) -> bool:  # fmt: skip
        it, used = self._trade(legs, nonce, until), self._permits(permits)
        self.trades.append(it)
        digest = self._trade_digest(it)
        signatures = [self._by(signer, digest) for signer in signers]
        terms = ([tuple(leg) for leg in it.legs], *it[1:3], word(it.document))
        more = (self._spelt_permits(used),) if permits else ()
        done = self._both(
            lambda: self.settlement.settle(sender, it, signers, used),
            *(sender, SETTLEMENT, "settleWithPermits" if permits else "settle"),
            *(terms, signatures, *more),
        )
        if done:
            self._same_events(SETTLEMENT, [("Settled", digest, terms)])
            if self.gave != digest:
                raise Broken(f"what was signed is {self.gave.hex()}, not {digest.hex()}")
        return done

    def _settle_permit(self, *step: Any) -> bool:
        return self._settle(*step)

    def _cancel_trades(self, signer: str, nonces: Sequence[int]) -> bool:
        return self._told(
            lambda: self.settlement.cancel_trades(signer, nonces),
            *(signer, SETTLEMENT, "cancelTrades", list(nonces)),
        )

    # ---------------------------------------------------------------- holds

    def _held(self, fields: Sequence[Any]) -> Hold:
        it = Hold(*fields)
        it = it._replace(until=it.until + START)
        if it not in self.escrow.ids:
            spelt = self._spell((1, HOLDS, *self._terms(it)))
            self.escrow.ids[it] = keccak(encoded(spelt))
        return it

    @staticmethod
    def _terms(it: Hold) -> tuple[Any, ...]:
        return (*it[:4], it.lock, *it[5:])

    def _place(self, sender: str, fields: Sequence[Any]) -> bool:
        it = self._held(fields)
        done = self._told(
            lambda: self.escrow.hold(sender, it), sender, HOLDS, "hold", self._terms(it)
        )
        if done and self.gave != self.escrow.ids[it]:
            raise Broken(f"the hold is {self.gave.hex()}, not {self.escrow.ids[it].hex()}")
        return done

    def _show(self, sender: str, fields: Sequence[Any], secret: int) -> bool:
        it = self._held(fields)
        done = self._both(
            lambda: self.escrow.claim(it, secret),
            *(sender, HOLDS, "claim", self._terms(it), word(secret)),
        )
        if done:
            delivered, events = self.answer
            self._same_events(HOLDS, events)
            if self.gave != word(delivered):
                raise Broken(f"the claim says {self.gave.hex()}, the law {delivered}")
        return done

    def _hand_over(self, sender: str, fields: Sequence[Any]) -> bool:
        it = self._held(fields)
        return self._told(
            lambda: self.escrow.deliver(it), sender, HOLDS, "deliver", self._terms(it)
        )

    def _redirect(self, sender: str, fields: Sequence[Any], other: str) -> bool:
        it = self._held(fields)
        return self._told(
            lambda: self.escrow.redirect(sender, it, other),
            *(sender, HOLDS, "redirect", self._terms(it), other),
        )

    def _let_out(self, sender: str, fields: Sequence[Any]) -> bool:
        it = self._held(fields)
        return self._told(
            lambda: self.escrow.release(sender, it), sender, HOLDS, "release", self._terms(it)
        )

    def _void(self, sender: str, fields: Sequence[Any], document: int) -> bool:
        it = self._held(fields)
        return self._told(
            lambda: self.escrow.void(sender, it, document),
            *(sender, HOLDS, "voidHold", self._terms(it), word(document)),
        )

    def _set_keeper(self, owner: str, keeper: str, asset: str, most: int, until: int) -> bool:
        until += START
        return self._told(
            lambda: self.escrow.set_keeper(owner, keeper, asset, most, until),
            *(owner, HOLDS, "setKeeper", keeper, asset, most, until),
        )

    def _hold_for(self, keeper: str, asset: str, owner: str, amount: int) -> bool:
        return self._told(
            lambda: self.escrow.hold_for(keeper, asset, owner, amount),
            *(keeper, HOLDS, "holdFor", asset, owner, amount),
        )

    def _deliver_kept(self, keeper: str, asset: str, owner: str, to: str, amount: int) -> bool:
        return self._told(
            lambda: self.escrow.deliver_kept(keeper, asset, owner, to, amount),
            *(keeper, HOLDS, "deliverKept", asset, owner, to, amount),
        )

    def _let_go(self, keeper: str, asset: str, owner: str, amount: int) -> bool:
        return self._told(
            lambda: self.escrow.let_go(keeper, asset, owner, amount),
            *(keeper, HOLDS, "letGo", asset, owner, amount),
        )

    def _take_back(self, sender: str, keeper: str, asset: str, owner: str) -> bool:
        return self._told(
            lambda: self.escrow.take_back(sender, keeper, asset, owner),
            *(sender, HOLDS, "takeBack", keeper, asset, owner),
        )

    def _void_kept(
        self, sender: str, keeper: str, asset: str, owner: str, document: int
    ) -> bool:  # fmt: skip
        return self._told(
            lambda: self.escrow.void_kept(sender, keeper, asset, owner, document),
            *(sender, HOLDS, "voidKept", keeper, asset, owner, word(document)),
        )

    # ---------------------------------------------------------------- what disturbs holds

    def do(self, step: Sequence[Any]) -> bool:
        """Take a step, and note whose held shares others have touched."""
        touches = step[0] in ("hold", "force", "burn", "deliver", "release")
        before = self.shares[step[1]].held.copy() if touches else {}
        done = super().do(tuple(step))
        if done and touches:
            now = self.shares[step[1]].held
            changed = {who for who in now if now[who] != before.get(who, 0)}
            self.disturbed |= {(step[1], who) for who in changed}
        if done and step[0] == "recover" and (step[1], step[2]) in self.disturbed:
            self.disturbed.add((step[1], step[3]))
        return done

    # ---------------------------------------------------------------- comparing

    def _told(self, in_law: Callable[[], Any], *call: Any) -> bool:
        """A step that is told by events and by nothing else."""
        done = self._both(in_law, *call)
        if done:
            self._same_events(call[1], self.answer)
        return done

    def _same_events(self, contract: str, events: Sequence[Event]) -> None:
        """Events of one contract, in order."""
        at = self.address[contract].lower()
        logs = self.evm.result.logs if self.evm.result else []
        reported = [raw_log(log) for log in logs if log.address.lower() == at]
        interface = INTERFACES[contract]
        want = [self.wire.log(event, interface) for event in events]
        if reported != want:
            raise Broken(f"the events are {reported}, the law says {events}, which is {want}")

    def check_everything(self) -> None:
        """Every law, of trades and holds too."""
        super().check_everything()
        self.look(
            ("keeping nothing", self._keeping_nothing()),
            (None, self._orders()),
            (None, self._holds()),
        )
        self._holds_add_up()

    def _shares_now(self) -> Iterator[Pair]:
        yield from super()._shares_now()
        for token, law in self.shares.items():
            for who in ("ola", HOLDS):
                yield (token, "balanceOf", who), yes(law.balances[who])

    def _money(self, currency: str) -> Iterator[Pair]:
        yield from super()._money(currency)
        if currency != COIN:
            yield self._holding(currency, HOLDS)

    def _keeping_nothing(self) -> Iterator[Pair]:
        """The settlement holds nothing, ever."""
        for asset in TRADABLE:
            yield (asset, "balanceOf", SETTLEMENT), yes(0)

    def _orders(self) -> Iterator[Pair]:
        """What is left of each order (Law 48), and which nonces are spent (Law 50)."""
        of = self.settlement
        for it in self.orders:
            yield (SETTLEMENT, "left", tuple(it)), yes(of.left(it))
            yield (SETTLEMENT, "isSpent", it.maker, it.nonce), yes(of.is_spent(it.maker, it.nonce))
        for who in TRADERS:
            yield (SETTLEMENT, "lowestNonce", who), yes(of.lowest[who])
        for signer, nonce in dict.fromkeys(
            (leg.giver, it.nonce) for it in self.trades for leg in it.legs
        ):
            spent = (signer, nonce) in of.trades
            yield (SETTLEMENT, "isTradeSpent", signer, nonce), yes(spent)

    def _holds(self) -> Iterator[Pair]:
        """How far each hold is (Law 46), and what keepers have."""
        for it, lock in self.escrow.locks.items():
            held = lock.state != State.NONE
            answer = b"\1" + word(lock.state) + word(held and lock.care != Care.LOCKED)
            yield (HOLDS, "stateOf", self.escrow.ids[it]), answer + word(lock.opened)
            missing = b"\1" + b"".join(map(word, self.escrow.missing[it]))
            yield (HOLDS, "missingOf", self.escrow.ids[it]), missing
            elsewhere = yes(self.wire.at[lock.elsewhere])
            yield (HOLDS, "redirectedTo", self.escrow.ids[it]), elsewhere
        for key, keep in self.escrow.keeps.items():
            fields = (keep.until, keep.most, keep.kept, keep.care != Care.LOCKED)
            yield (HOLDS, "consentOf", *key), b"\1" + b"".join(map(word, fields))

    def _holds_add_up(self) -> None:
        """Held of a wallet is what holds and keepers have of it (Law 44), unless others took of it;
        and what is in care is there, to the unit."""
        for token, law in self.shares.items():
            for who in (*WALLETS, "ola"):
                promised = self.escrow.promised(token, (Care.LOCKED,), who)
                if (token, who) not in self.disturbed and law.held[who] != promised:
                    raise Broken(
                        f"Law 44: {law.held[who]} of {who}'s {token} held, {promised} promised"
                    )
        for asset in TRADABLE:
            promised = self.escrow.promised(asset, (Care.SHARES, Care.PLAIN))
            if self._in_care(asset) != promised:
                raise Broken(f"{self._in_care(asset)} of {asset} in care, not {promised}")

    def _in_care(self, asset: str) -> int:
        """What is there, of what is in care."""
        return self.estate.has(asset, HOLDS)

    def _flat(self, args: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(self.wire.spelt(tuple(args)))

"""The call-outs of what trades and holds: who is asked what in the middle of which function.

Currencies, share tokens with their rules and registries, and wallets that sign are interlopers, as
in `reentry`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from tests.assurance.attacks.reentry import LATER, AttackSystem, CallOut
from tests.bench.exchanges import IN_PARTS, MAKER
from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.harness import DAY, NOTHING

SETTLEMENT, HOLDS = "TradeSettlement", "Holds"
SECRET = b"\x07" * 32
ENDLESS = 2**256 - 1
MARKET_CALL_OUTS = (
    "fill, giving",
    "fill, taking",
    "fill, counting",
    "fill, fee",
    "fill, signature",
    "fill, permit",
    "fill, records",
    "fill, record's time",
    "fill, rules",
    "fill, compliance",
    "settle, moving",
    "settle, counting",
    "settle, signature",
    "settle, permit",
    "settle, rules",
    "post, signature",
    "hold, taking",
    "hold, counting",
    "claim, sending",
    "claim, counting",
    "claim, rules",
    "claim, compliance",
    "deliver, sending",
    "deliver, rules",
    "release, sending",
    "redirect, person",
    "keeper holds, taking",
    "keeper delivers, sending",
    "keeper delivers, rules",
    "keeper lets go, sending",
    "owner takes back, sending",
)


class MarketSystem(AttackSystem):
    """The system of `reentry` with a settlement and holds; the maker has a key, Ben takes."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(kit)
        self.settlement = kit.deploy("TradeSettlement")
        self.holds = kit.deploy("Holds")
        self.maker, self.taker = MAKER.address, self.ben
        self.money = kit.at("Dollar", self.coin.address)
        self.owners.append(self.maker)
        for token in (self.ruled, self.foreign):
            token.send("mint", self.maker, 50, sender=self.agent)
            token.send("setHoldsContract", self.holds.address, sender=self.owner)
            for who in (self.maker, self.taker):
                self._approve(token, who)
        for who in (self.maker, self.taker):
            self.money.send("mint", who, 10_000)
            self._approve(self.money, who)
        self._open_holds()

    def _approve(self, token: Deployed, who: str) -> None:
        for spender in (self.settlement, self.holds):
            token.send("approve", spender.address, ENDLESS, sender=who)

    def _open_holds(self) -> None:
        """Holds of the money in custody, and of shares where they are; some claimed and refused."""
        self.coins, self.coins_claimed, self.coins_over = (
            self.terms(self.money, 20, nonce=n, days=days) for n, days in ((1, 9), (2, 9), (3, 0))
        )
        self.shares, self.shares_claimed = (self.terms(self.ruled, 2, nonce=n) for n in (4, 5))
        self.theirs, self.theirs_claimed = (self.terms(self.foreign, 2, nonce=n) for n in (6, 7))
        for it in (
            self.coins, self.coins_claimed, self.coins_over, self.shares, self.shares_claimed,
            self.theirs, self.theirs_claimed,
        ):  # fmt: skip
            self.holds.send("hold", it, sender=self.maker)
        self._claim_in_vain()
        for token in (self.money, self.ruled):
            for until in (DAY * 9, 0):
                call = (self.keeper(until), token.address, 40, self.kit.now + until)
                self.holds.send("setKeeper", *call, sender=self.maker)
                held = (token.address, self.maker, 10)
                self.holds.send("holdFor", *held, sender=self.keeper(until))
        self.kit.now += 1
        self.more = self.terms(self.money, 6, nonce=8)
        """A hold that is not open yet."""

    def keeper(self, until: int) -> str:
        """Who holds until then."""
        return self.eve if until else self.cid

    def _claim_in_vain(self) -> None:
        """Secrets shown while nothing can be delivered."""
        for token in (self.ruled, self.foreign):
            token.send("pause", sender=self.agent)
        self.coin.send("wearMask", ZERO, False)
        for it in (self.coins_claimed, self.shares_claimed, self.theirs_claimed):
            self.holds.send("claim", it, SECRET, sender=self.stranger)
            assert self.state(it) == 2
        self.coin.send("wearMask", self.dollar.address, False)
        for token in (self.ruled, self.foreign):
            token.send("unpause", sender=self.agent)

    def state(self, it: tuple[Any, ...]) -> int:
        """How far a hold is."""
        state, _, _ = self.holds.call("stateOf", self.holds.call("idOf", it))
        return int(state)

    def terms(self, asset: Deployed, amount: int, *, nonce: int, days: int = 9) -> tuple[Any, ...]:
        """A hold of the maker's for the taker."""
        lock, until = sha256(SECRET).digest(), self.kit.now + days * DAY
        return (asset.address, self.maker, self.taker, amount, lock, until, nonce)

    # ------------------------------------------------------------------------- what is signed

    def order(self, give: Deployed, take: Deployed, **others: Any) -> tuple[Any, ...]:
        """An order of ten for ten, in parts."""
        fields = {
            "maker": self.maker, "taker": ZERO, "give": give.address, "take": take.address,
            "gives": 10, "takes": 10, "least": 1, "until": LATER, "nonce": 1 | IN_PARTS,
            "record_token": ZERO, "record": 0, "maker_pays": False, "fee_to": ZERO, "fee_bps": 0,
            "tax_to": ZERO, "tax_bps": 0,
        }  # fmt: skip
        return tuple({**fields, **others}.values())

    def signed(self, digest: bytes) -> bytes:
        """By the maker's key."""
        return bytes(MAKER.unsafe_sign_hash(digest).signature)  # type: ignore[arg-type]

    def filling(self, order: tuple[Any, ...], amount: int = 4) -> tuple[Any, ...]:
        """What `fill` takes."""
        signature = b""
        if order[0] == self.maker:
            signature = self.signed(self.settlement.call("digestOf", order))
        return (order, signature, amount, 10**6)

    def trade(self, *legs: tuple[str, str, str, int], nonce: int = 3) -> tuple[Any, ...]:
        """What `settle` takes: the maker gives, and somebody else brings it."""
        trade = (list(legs), nonce, LATER, NOTHING)
        digest = self.settlement.call("digestOfTrade", trade)
        return (trade, [self.signed(digest)])

    def permit(self) -> tuple[Any, ...]:
        """A permit of the money, which it does not know."""
        return (self.money.address, self.maker, 5, LATER, 27, NOTHING, NOTHING)


def sends(
    contract: Deployed, function: str, *args: Any, sender: str
) -> Callable[[], Receipt]:  # fmt: skip
    """A transaction, to be sent later."""
    return lambda: contract.send(function, *args, sender=sender)


def market_call_outs(w: MarketSystem) -> dict[str, CallOut]:
    """Every call-out of the settlement and of the holds."""
    coin, desk, holds = w.coin, w.settlement, w.holds
    own, care = frozenset({SETTLEMENT}), frozenset({HOLDS})
    take = "transferFrom(address,address,uint256)"
    send, count = "transfer(address,uint256)", "balanceOf(address)"
    signs = "isValidSignature(bytes32,bytes)"
    three = "(address,address,uint256)"
    booking = f"authorize{three}"
    permit = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"

    def fills(give: Deployed, take_: Deployed, **others: Any) -> Callable[[], Receipt]:
        call = w.filling(w.order(give, take_, **others))
        return sends(desk, "fill", *call, sender=w.taker)

    sells, buys = fills(w.ruled, w.money), fills(w.money, w.ruled)
    ends = fills(w.ruled, w.money, record_token=w.asset.address, record=w.open_record)
    feeds = sends(
        desk,
        "fill",
        *w.filling(
            w.order(
                w.money, w.ruled, gives=1_000, maker_pays=True, fee_to=w.purse.address, fee_bps=100
            ),
            400,
        ),
        sender=w.taker,
    )
    # The wallet signs what gives shares of a token without rules in the way.
    by_wallet = w.order(w.foreign, w.money, maker=w.signer.address)
    wallet = w.kit.at("ContractWallet", w.signer.address)
    wallet.send("sign", desk.call("digestOf", by_wallet), True)
    w.signer.send(
        "act", w.foreign.address, w.kit.codec.call("ShareToken", "approve", desk.address, ENDLESS)
    )
    signed_fill = sends(desk, "fill", *w.filling(by_wallet), sender=w.taker)
    posts = sends(desk, "post", by_wallet, b"", sender=w.stranger)
    permitted = sends(
        desk,
        "fillWithPermits",
        *w.filling(w.order(w.ruled, w.money)),
        [w.permit()],
        sender=w.taker,
    )
    pays = (w.money.address, w.maker, w.taker, 7)
    gives = (w.ruled.address, w.maker, w.taker, 2)
    moves = sends(desk, "settle", *w.trade(pays), sender=w.stranger)
    moved = sends(desk, "settle", *w.trade(gives), sender=w.stranger)
    by_permit = sends(desk, "settleWithPermits", *w.trade(pays), [w.permit()], sender=w.stranger)
    trade = ([(w.foreign.address, w.signer.address, w.taker, 2)], 4, LATER, NOTHING)
    wallet.send("sign", desk.call("digestOfTrade", trade), True)
    by_both = sends(desk, "settle", trade, [b""], sender=w.stranger)

    opens = sends(holds, "hold", w.more, sender=w.maker)

    def claims(it: tuple[Any, ...]) -> Callable[[], Receipt]:
        return sends(holds, "claim", it, SECRET, sender=w.stranger)

    def delivers(it: tuple[Any, ...]) -> Callable[[], Receipt]:
        return sends(holds, "deliver", it, sender=w.stranger)

    backs = sends(holds, "release", w.coins_over, sender=w.maker)
    redirects = sends(holds, "redirect", w.theirs_claimed, w.dan, sender=w.taker)
    kept, shares = (w.money.address, w.maker), (w.ruled.address, w.maker)
    holds_more = sends(holds, "holdFor", *kept, 3, sender=w.eve)
    hands_out = sends(holds, "deliverKept", *kept, w.dan, 3, sender=w.eve)
    hands_shares = sends(holds, "deliverKept", *shares, w.dan, 3, sender=w.eve)
    lets_go = sends(holds, "letGo", *kept, 3, sender=w.eve)
    takes_back = sends(holds, "takeBack", w.cid, *kept, sender=w.maker)
    return {
        "fill, giving": CallOut(coin, take, buys, own),
        "fill, taking": CallOut(coin, take, sells, own),
        "fill, counting": CallOut(coin, count, sells, own, still=True),
        "fill, fee": CallOut(coin, take, feeds, own),
        "fill, signature": CallOut(w.signer, signs, signed_fill, own, still=True),
        "fill, permit": CallOut(coin, permit, permitted, own, shrugged=True),
        "fill, records": CallOut(w.asset, "recordCount()", ends, own, still=True),
        "fill, record's time": CallOut(w.asset, "recordTime(uint256)", ends, own, still=True),
        "fill, rules": CallOut(w.rules, booking, sells, own),
        "fill, compliance": CallOut(w.compliance, f"transferred{three}", signed_fill, own),
        "settle, moving": CallOut(coin, take, moves, own),
        "settle, counting": CallOut(coin, count, moves, own, still=True),
        "settle, signature": CallOut(w.signer, signs, by_both, own, still=True),
        "settle, permit": CallOut(coin, permit, by_permit, own, shrugged=True),
        "settle, rules": CallOut(w.rules, booking, moved, own),
        "post, signature": CallOut(w.signer, signs, posts, still=True),
        "hold, taking": CallOut(coin, take, opens, care),
        "hold, counting": CallOut(coin, count, opens, care, still=True, least=450_000),
        "claim, sending": CallOut(coin, send, claims(w.coins), care, shrugged=True),
        "claim, counting": CallOut(
            coin, count, claims(w.coins), care, still=True, least=450_000, shrugged=True
        ),
        "claim, rules": CallOut(w.rules, booking, claims(w.shares), care, shrugged=True),
        "claim, compliance": CallOut(
            w.compliance, f"transferred{three}", claims(w.theirs), care, shrugged=True
        ),
        "deliver, sending": CallOut(coin, send, delivers(w.coins_claimed), care),
        "deliver, rules": CallOut(w.rules, booking, delivers(w.shares_claimed), care),
        "release, sending": CallOut(coin, send, backs, care),
        "redirect, person": CallOut(
            w.book, "investorOf(address)", redirects, care, still=True, least=40_000, shrugged=True
        ),
        "keeper holds, taking": CallOut(coin, take, holds_more, care),
        "keeper delivers, sending": CallOut(coin, send, hands_out, care),
        "keeper delivers, rules": CallOut(w.rules, booking, hands_shares, care),
        "keeper lets go, sending": CallOut(coin, send, lets_go, care),
        "owner takes back, sending": CallOut(coin, send, takes_back, care),
    }


def market_calls(w: MarketSystem) -> Iterator[tuple[Deployed, str, bool, bytes]]:
    """Every external function of both contracts, with arguments that would do something: the
    contract, the function, whether it is a view, and the calldata."""
    order = w.order(w.money, w.ruled)
    signature = w.signed(w.settlement.call("digestOf", order))
    nonce = order[8]
    trade, signatures = w.trade((w.money.address, w.maker, w.taker, 7))
    name = w.holds.call("idOf", w.coins)
    asset, owner = w.money.address, w.maker
    meant: dict[tuple[str, str], list[tuple[Any, ...]]] = {
        (SETTLEMENT, "fill"): [(order, signature, 4, 10**6)],
        (SETTLEMENT, "fillWithPermits"): [(order, signature, 4, 10**6, [w.permit()])],
        (SETTLEMENT, "settle"): [(trade, signatures)],
        (SETTLEMENT, "settleWithPermits"): [(trade, signatures, [w.permit()])],
        (SETTLEMENT, "cancel"): [([nonce, 1],)],
        (SETTLEMENT, "cancelBelow"): [(9,)],
        (SETTLEMENT, "cancelTrades"): [([3],)],
        (SETTLEMENT, "post"): [(order, signature)],
        (SETTLEMENT, "digestOf"): [(order,)],
        (SETTLEMENT, "digestOfTrade"): [(trade,)],
        (SETTLEMENT, "left"): [(order,)],
        (SETTLEMENT, "isSpent"): [(owner, nonce)],
        (SETTLEMENT, "isTradeSpent"): [(owner, 3)],
        (SETTLEMENT, "lowestNonce"): [(owner,)],
        (SETTLEMENT, "eip712Domain"): [()],
        (HOLDS, "hold"): [(w.coins,)],
        (HOLDS, "claim"): [(w.coins, SECRET), (w.shares, SECRET)],
        (HOLDS, "deliver"): [(w.coins_claimed,), (w.shares_claimed,), (w.coins,)],
        (HOLDS, "redirect"): [(w.theirs_claimed, w.dan)],
        (HOLDS, "release"): [(w.coins_over,), (w.coins,)],
        (HOLDS, "voidHold"): [(w.shares, NOTHING)],
        (HOLDS, "setKeeper"): [(w.eve, asset, 5, LATER // 1_000)],
        (HOLDS, "holdFor"): [(asset, owner, 1)],
        (HOLDS, "deliverKept"): [(asset, owner, w.dan, 1)],
        (HOLDS, "letGo"): [(asset, owner, 1)],
        (HOLDS, "takeBack"): [(w.cid, asset, owner)],
        (HOLDS, "voidKept"): [(w.eve, w.ruled.address, owner, NOTHING)],
        (HOLDS, "idOf"): [(w.coins,)],
        (HOLDS, "stateOf"): [(name,), (w.holds.call("idOf", w.coins_claimed),)],
        (HOLDS, "missingOf"): [(name,)],
        (HOLDS, "keepIdOf"): [(w.eve, asset, owner)],
        (HOLDS, "redirectedTo"): [(name,)],
        (HOLDS, "consentOf"): [(w.eve, asset, owner), (w.cid, asset, owner)],
    }
    for contract in (w.settlement, w.holds):
        for entry in w.kit.codec.artifacts[contract.name].abi:
            if entry["type"] != "function" or entry["name"] == "explain":
                # What stands in the way of a fill is the tokens' to say, which are in between.
                continue
            view = entry["stateMutability"] in {"view", "pure"}
            for args in meant[contract.name, entry["name"]]:
                call = w.kit.codec.call(contract.name, entry["name"], *args)
                yield contract, entry["name"], view, call

"""Settlement against its laws: any orders, fills, cancels and trades, beside a model of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.chainkit import Codec, Reverted, RevmKit
from tests.contracts import trading
from tests.contracts.compliant import Compliant, investor
from tests.contracts.harness import DAY, person
from tests.contracts.trading import MAKER, MAX, PARTIAL, TAKER, Market
from tests.laws.harness import Harness, scaled
from tests.model.outcomes import NOBODY
from tests.model.settlement import Forbidden, Leg, Order, Settlement, Trade

KEYS = {"ann": trading.MAKER, "ben": trading.TAKER, "cid": trading.THIRD}
PEOPLE = tuple(KEYS)
TOKENS = ("shares", "dollar", "euro")
VENUE, STRANGER, ISSUER = "venue", "stranger", "issuer"
WALLETS = (*PEOPLE, VENUE, STRANGER)
SETTLEMENT = "settlement"
NONCES = (0, 1, 2, 191, 192, 255, 256)
UNTIL = RevmKit.START + 10 * DAY

people = st.sampled_from(PEOPLE)
tokens = st.sampled_from(TOKENS)
nonces = st.sampled_from(NONCES)
amounts = st.one_of(st.integers(1, 40), st.integers(1, 3))
bps = st.sampled_from((0, 0, 0, 1, 50, 100, 101))
usually = st.sampled_from((True, True, True, True, False))


@st.composite
def orders(draw: Any) -> Order:
    """Orders that make sense most of the time."""
    give, take = draw(st.sampled_from([(a, b) for a in TOKENS for b in TOKENS if a != b]))
    size = draw(amounts)
    parts = draw(st.booleans())
    # Money in thousands, so that fees are not all rounded away.
    price = draw(st.one_of(amounts, st.integers(1, 40).map(lambda n: 1_000 * n)))
    order = Order(
        draw(people),
        draw(st.sampled_from((NOBODY, NOBODY, NOBODY, *PEOPLE))),
        give,
        take,
        size,
        price,
        draw(st.integers(0, size)) if parts else size,
        UNTIL,
        draw(nonces),
        maker_pays=draw(st.booleans()),
        fee_to=draw(st.sampled_from((VENUE, VENUE, *PEOPLE))),
        fee_bps=draw(bps),
        tax_to=draw(st.sampled_from((VENUE, VENUE, *PEOPLE))),
        tax_bps=draw(bps),
    )
    if draw(st.booleans()):
        order = replace(order, record_token="shares", record=draw(st.integers(1, 3)))
    if order.least_fill < order.give_amount:
        order = replace(order, nonce=order.nonce | PARTIAL)
    if draw(usually):
        return order
    odd: list[dict[str, Any]] = [
        {"nonce": order.nonce ^ PARTIAL},
        {"least_fill": size + 1},
        {"take_amount": 0},
        {"give_amount": 0},
        {"take": give},
        {"record": 0},
        {"record": 2, "record_token": NOBODY},
        {"fee_to": NOBODY},
        {"tax_to": NOBODY},
        {"valid_until": RevmKit.START},
    ]
    return replace(order, **draw(st.sampled_from(odd)))


class SettlementMachine(RuleBasedStateMachine):
    """Three traders, a share token and two currencies. What has been signed once is brought again
    and again, by anybody, in any parts."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.harness = harness = Harness(codec, (*WALLETS, ISSUER))
        harness.addresses |= {name: key.address for name, key in KEYS.items()}
        self.chain = harness.build(SETTLEMENT, "TradeSettlement")
        harness.token("shares", ISSUER)
        for coin in TOKENS[1:]:
            harness.build(coin, "Dollar", coin, coin, 6)
        self.law = Settlement(RevmKit.START, {}, {})
        for token in TOKENS:
            for who in PEOPLE:
                amount = 60 if token == "shares" else 100_000
                harness.send(ISSUER, token, "mint", who, amount)
                self.law.holdings[token, who] = amount
                self.allow(token, who, 10**9)
        self.known: list[Order] = []
        self.trades: list[Trade] = []

    def allow(self, token: str, who: str, amount: int) -> None:
        self.harness.send(who, token, "approve", SETTLEMENT, amount)
        self.law.allowed[token, who] = amount

    def both(self, in_model: Callable[[], Any], on_chain: Callable[[], Any]) -> bool:
        """Both do it, or both refuse for the same law."""
        try:
            in_model()
            expected = ""
        except Forbidden as forbidden:
            expected = forbidden.law
        try:
            on_chain()
            found = ""
        except Reverted as reverted:
            found = reverted.name.removeprefix("TradeSettlement_")
            if found == reverted.name:
                found = "token"
        assert found == expected
        return not found

    # ------------------------------------------------------------------- on the chain

    def send(self, sender: str, function: str, *args: Any) -> None:
        self.chain.send(function, *args, sender=self.harness.addresses[sender])

    def of_chain(self, order: Order) -> trading.Order:
        return trading.Order(*self.harness.spelt(astuple(order)))

    def signature(self, order: Order, signer: str) -> bytes:
        return self.of_chain(order).signed(self.chain, KEYS[signer])

    # ------------------------------------------------------------------ what can happen

    @rule(order=orders(), taker=people, most=st.sampled_from((0, 1, 10**9, 10**9)), data=st.data())
    def fill_new(self, order, taker, most, data):
        if data.draw(usually) and order.maker == taker:
            taker = PEOPLE[(PEOPLE.index(taker) + 1) % 3]
        self.known.append(order)
        self.fill(order, taker, most, data)

    @rule(taker=people, most=st.sampled_from((1, 10**9, 10**9)), data=st.data())
    def fill_known(self, taker, most, data):
        if self.known:
            self.fill(data.draw(st.sampled_from(self.known)), taker, most, data)

    def fill(self, order, taker, most, data):
        left = self.law.left(order)
        amount = data.draw(
            st.one_of(
                st.sampled_from((left, left, order.least_fill, left + 1, 0, 1)),
                st.integers(0, order.give_amount),
            )
        )
        signer = order.maker if data.draw(usually) else data.draw(people)
        signature = self.signature(order, signer)
        self.explained(order, signature, signer, taker, amount)
        what = (self.of_chain(order).encodable(), signature, amount, most)
        self.both(
            lambda: self.law.fill(order, signer, taker, amount, most),
            lambda: self.send(taker, "fill", *what),
        )
        self.compare()

    def explained(self, order, signature, signer, taker, amount):
        """Nothing is listed if and only if the law lets it pass; the most is the most."""
        what = (self.of_chain(order).encodable(), signature, self.harness.addresses[taker], amount)
        obstacles, _, _, most, due = self.chain.call("explain", *what)
        passing = {n: self.passes(order, signer, taker, n) for n in range(self.law.left(order) + 1)}
        passing = {n: cost for n, cost in passing.items() if cost is not None}
        assert (not obstacles) == (amount in passing), (obstacles, order)
        assert most == max(passing, default=0), order
        if amount in passing:
            assert due == passing[amount]

    def passes(self, order, signer, taker, amount):
        """What it would cost, in a copy of the law; None if it is forbidden."""
        try:
            law = replace(
                self.law, filled=dict(self.law.filled), ended=set(self.law.ended)
            )  # what a fill changes; what it replaces need not be copied
            return law.fill(order, signer, taker, amount, MAX)
        except Forbidden:
            return None

    @rule(who=people, chosen=st.lists(nonces, min_size=1, max_size=2), parts=st.booleans())
    def cancel(self, who, chosen, parts):
        chosen = [nonce | PARTIAL if parts else nonce for nonce in chosen]
        self.law.cancel(who, chosen)
        self.send(who, "cancel", chosen)
        self.compare()

    @rule(who=people, nonce=st.sampled_from((0, 1, 1, 2, 192, PARTIAL, PARTIAL | 1)))
    def cancel_below(self, who, nonce):
        self.both(
            lambda: self.law.cancel_below(who, nonce),
            lambda: self.send(who, "cancelBelow", nonce),
        )
        self.compare()

    @rule(
        legs=st.lists(
            st.builds(Leg, tokens, people, st.sampled_from((*PEOPLE, VENUE)), st.integers(0, 30)),
            max_size=4,
        ),
        nonce=nonces,
        late=usually,
        data=st.data(),
    )
    def settle_new(self, legs, nonce, late, data):
        trade = Trade(tuple(legs), nonce, UNTIL if late else RevmKit.START - 1)
        self.trades.append(trade)
        self.settle(trade, data)

    @rule(data=st.data())
    def settle_known(self, data):
        if self.trades:
            self.settle(data.draw(st.sampled_from(self.trades)), data)

    def settle(self, trade, data):
        caller = data.draw(st.sampled_from((*PEOPLE, STRANGER)))
        signers = [giver for giver in trade.givers() if giver != caller]
        if not data.draw(usually):
            signers = data.draw(st.lists(people, max_size=3))
        legs = [trading.Leg(*self.harness.spelt(astuple(leg))) for leg in trade.legs]
        there = trading.Trade(legs, trade.nonce, trade.valid_until)
        typed = there.typed(self.chain)
        signatures = [trading.signature_of(typed, KEYS[who]) for who in signers]
        self.both(
            lambda: self.law.settle(trade, caller, signers),
            lambda: self.send(caller, "settle", there.encodable(), signatures),
        )
        self.compare()

    @rule(who=people, chosen=st.lists(nonces, max_size=2))
    def cancel_trades(self, who, chosen):
        self.law.cancel_trades(who, chosen)
        self.send(who, "cancelTrades", chosen)
        self.compare()

    @rule(token=tokens, who=people, amount=st.sampled_from((0, 5, 20, 1_000, 10**9, 10**9)))
    def approve(self, token, who, amount):
        self.allow(token, who, amount)

    @rule(who=people)
    def freeze(self, who):
        frozen = who not in self.law.blocked
        self.harness.send(ISSUER, "shares", "setAddressFrozen", who, frozen)
        self.law.blocked ^= {who}

    @rule(ahead=st.integers(0, 2 * DAY))
    def schedule(self, ahead):
        last = max((at for at in self.law.records if at is not None), default=0)
        at = max(last + 1, self.law.now + ahead)
        self.harness.send(ISSUER, "shares", "scheduleRecord", at)
        self.law.records.append(at)

    @rule()
    def cancel_the_last_record(self):
        if self.law.records and (self.law.records[-1] or 0) >= self.law.now:
            self.harness.send(ISSUER, "shares", "cancelRecords", len(self.law.records))
            self.law.records[-1] = None

    @rule(seconds=st.sampled_from((1, 3_600, DAY, 3 * DAY)))
    def wait(self, seconds):
        self.law.now += seconds
        self.harness.kit.now = self.law.now

    # ---------------------------------------------------------------------- what must hold

    def compare(self):
        """What everybody has, what is left of every order, and what is spent, are the law's."""
        law = self.law
        with self.harness.looking() as look:

            def ask(contract: str, function: str, *args: Any) -> int:
                return int.from_bytes(look(contract, function, *args), "big")

            for token in TOKENS:
                found = {name: ask(token, "balanceOf", name) for name in (*WALLETS, SETTLEMENT)}
                assert found == law.has(token, WALLETS) | {SETTLEMENT: 0}
            for who in PEOPLE:
                assert ask(SETTLEMENT, "lowestNonce", who) == law.lowest.get(who, 0)
                for nonce in NONCES:
                    for one in (nonce, nonce | PARTIAL):
                        assert ask(SETTLEMENT, "isSpent", who, one) == law.is_spent(who, one)
                    traded = (who, nonce) in law.traded
                    assert ask(SETTLEMENT, "isTradeSpent", who, nonce) == traded
        for order in self.known[-3:]:
            left = self.chain.call("left", self.of_chain(order).encodable())
            assert left == law.left(order)


def test_any_history_of_orders_and_trades(codec: Codec) -> None:
    """Nobody gives what it has not signed or sent, nor at a worse price (Law 47); of an order never
    more than all is given, for exactly its price (Law 48); a trade moves whole (Law 49); what is
    spent stays spent (Law 50); nothing is filled after its record (Law 51); and `explain` lists
    nothing if and only if a fill passes (Law 52)."""
    run_state_machine_as_test(
        lambda: SettlementMachine(codec), settings=scaled(1, stateful_step_count=20)
    )


# ------------------------------------------------------------------- under any rules


def rarely(strategy: Any, otherwise: Any) -> Any:
    """Once in six times, so that most states have few obstacles."""
    return st.integers(0, 5).flatmap(lambda n: strategy if n == 0 else st.just(otherwise))


def often(strategy: Any, otherwise: Any) -> Any:
    """Once in two times."""
    return st.booleans().flatmap(lambda yes: strategy if yes else st.just(otherwise))


RULES = st.fixed_dictionaries(
    {
        "maxHolding": often(st.integers(6, 14), 0),
        "minHolding": often(st.integers(1, 6), 0),
        "maxHolders": rarely(st.integers(1, 3), 0),
        "lockUp": rarely(st.just(DAY), 0),
    }
)
STATES = st.fixed_dictionaries(
    {
        "seller": st.integers(0, 14),
        "locked": st.integers(0, 5),
        "buyer": st.sampled_from((0, 0, 1, 5)),
        "money": often(st.integers(0, 500), 1_000),
        "allowed": rarely(st.integers(0, 20), MAX),
        "allowed_money": rarely(st.integers(0, 500), MAX),
        "one_person": rarely(st.just(True), False),
        "frozen": rarely(st.integers(0, 10), 0),
        "paused": rarely(st.booleans(), False),
        "blocked": rarely(st.sampled_from(("seller", "buyer", "settlement")), None),
        "expired": rarely(st.booleans(), False),
        "record_closed": rarely(st.booleans(), False),
        "sells": st.booleans(),
        "shares": st.integers(1, 12),
        "price": st.one_of(st.integers(1, 30), st.integers(100, 400)),
        "least": often(st.integers(0, 12), None),
        "done": rarely(st.integers(1, 12), 0),
        "fee_bps": st.sampled_from((0, 50, 100)),
        "tax_bps": st.sampled_from((0, 33, 100)),
        "fee_to": st.sampled_from(("venue", "venue", "seller", "buyer")),
        "tax_to": st.sampled_from(("venue", "venue", "seller", "buyer")),
        "signed": rarely(st.booleans(), True),
    }
)


def under_rules(codec: Codec, rules: dict[str, int], state: dict[str, Any]) -> Market:
    """A market whose token obeys rules, in a state."""
    kit = RevmKit(codec)
    compliant = Compliant(kit, **rules)
    seller, buyer = MAKER.address, TAKER.address
    compliant.know({seller: investor(11), buyer: investor(11 if state["one_person"] else 12)})
    market = Market.bare(compliant)
    compliant.issue({seller: state["seller"], buyer: state["buyer"]})
    kit.now += 2 * DAY
    compliant.issue({seller: state["locked"]})
    market.dollar.send("mint", buyer, state["money"])
    market.token.send("approve", market.settlement.address, state["allowed"], sender=seller)
    market.dollar.send("approve", market.settlement.address, state["allowed_money"], sender=buyer)
    return market


def burden(market: Market, state: dict[str, Any]) -> None:
    """What comes after a first part was filled: freezes, a record, another life for the buyer."""
    seller, buyer, agent = market.maker, market.taker, market.harness.agent
    named = {"seller": seller, "buyer": buyer, "settlement": market.settlement.address}
    if state["frozen"]:
        market.token.send("setFrozenTokens", seller, state["frozen"], sender=agent)
    if state["blocked"]:
        market.token.send("setAddressFrozen", named[state["blocked"]], True, sender=agent)
    if state["record_closed"]:
        market.harness.schedule(market.kit.now)
        market.kit.now += 1
    if state["paused"]:
        market.token.send("pause", sender=agent)


def order_in(market: Market, state: dict[str, Any]) -> trading.Order:
    """The seller's order, or the buyer's."""
    named = {"seller": market.maker, "buyer": market.taker, "venue": person(1)}
    make = market.sale if state["sells"] else market.purchase
    order = make(
        state["shares"],
        state["price"],
        fee_to=named[state["fee_to"]],
        fee_bps=state["fee_bps"],
        tax_to=named[state["tax_to"]],
        tax_bps=state["tax_bps"],
        record=1,
        record_token=market.token.address,
        valid_until=market.kit.now - 1 if state["expired"] else 2**48 - 1,
    )
    least = state["least"]
    return order if least is None else order.in_parts(min(least, order.give_amount - 1))


@given(rules=RULES, state=STATES)
@scaled(1)
def test_explain_lists_nothing_if_and_only_if_a_fill_passes(codec, rules, state):
    """Whatever the rules, what is held, allowed, frozen, locked, filled and charged; and what it
    calls the most is the largest that passes (Law 52)."""
    rules = rules | {"minHolding": min(rules["minHolding"], rules["maxHolding"] or 99)}
    market = under_rules(codec, rules, state)
    order = order_in(market, state)
    signature = order.signed(market.settlement) if state["signed"] else b"nobody's"
    if state["done"] and order.nonce:
        passes(market, order, signature, state["done"], undo=False)
    burden(market, state)
    taker = market.other(order.maker)
    left = market.settlement.call("left", order.encodable())
    passing, named = [0], set()
    most = market.settlement.call("explain", order.encodable(), signature, taker, 0)[3]
    near = {*range(most - 2, most + 3), *range(left - 1, left + 2), *range(10)}
    for amount in sorted({*range(0, left, left // 40 + 1), *near}):
        if amount < 0:
            continue
        what = (order.encodable(), signature, taker, amount)
        obstacles, _, _, most, due = market.settlement.call("explain", *what)
        done = passes(market, order, signature, amount, most=due)
        assert done == (not obstacles), (amount, obstacles)
        if due and done:
            assert not passes(market, order, signature, amount, most=due - 1)
        passing += [amount] * done
        named.add(most)
    assert named == {max(passing)}


def passes(
    market: Market,
    order: trading.Order,
    signature: bytes,
    amount: int,
    *,
    most: int = MAX,
    undo: bool = True,
) -> bool:
    """Whether a fill passes."""
    before = market.kit.evm.snapshot()
    try:
        market.fill(order, amount, most=most, signature=signature)
    except Reverted:
        return False
    finally:
        if undo:
            market.kit.evm.revert(before)
    return True

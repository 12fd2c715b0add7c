"""Holds against promises: any history of holds, keepers, orders, losses and barred payees."""

from __future__ import annotations

from collections import defaultdict
from hashlib import sha256

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.chainkit import Codec, RevmKit
from tests.laws.harness import Harness, read, scaled
from tests.model.holds import (
    CLAIMED,
    DAY,
    HOLDS,
    LONGEST_CONSENT,
    LONGEST_HOLD,
    MONEY,
    OPEN,
    SHARES,
    Hold,
    Holds,
    Purse,
)
from tests.model.outcomes import NOBODY
from tests.model.shares import UNLIMITED, Ledger

PEOPLE = ("ann", "ben", "cat", "dan", "eve", "new")
ISSUER = "eve"
SECRETS = (b"\1" * 32, b"\2" * 32)

people = st.sampled_from(PEOPLE)
givers = st.sampled_from(("ann", "ann", "ben"))
takers = st.sampled_from(("ben", *("cat",) * 6, *PEOPLE, NOBODY, HOLDS, SHARES))
keepers = st.sampled_from(("dan",) * 9 + ("cat",))
assets = st.sampled_from((SHARES, SHARES, MONEY))
amounts = st.one_of(st.integers(1, 6), st.integers(1, 6), st.integers(0, 40))
waits = st.sampled_from((1, 1, 1, DAY - 1, DAY, DAY + 1))
ahead = st.sampled_from((*(DAY, 2 * DAY, 3 * DAY) * 6, 0, 1, -1, LONGEST_HOLD + 1))
rarely = st.sampled_from((False, False, False, True))
secrets = st.sampled_from((SECRETS[0], SECRETS[0], SECRETS[0], SECRETS[1]))
issuers = st.sampled_from((ISSUER,) * 5 + PEOPLE)
picks = st.integers(0, 100)
locks = secrets.map(lambda secret: sha256(secret).digest())
asked = st.builds(Hold, assets, givers, takers, amounts, locks, st.just(0), st.integers(0, 2))


class HoldsMachine(RuleBasedStateMachine):
    """One share token, one currency, the contract that holds, and six people."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.harness = Harness(codec, PEOPLE)
        self.harness.token(SHARES, ISSUER)
        self.harness.build(MONEY, "BlockList")
        self.harness.build(HOLDS, "Holds")
        self.ledger = Ledger(SHARES, ISSUER, RevmKit.START)
        self.purse = Purse()
        self.holds = Holds(self.ledger, self.purse, self.id_of)
        self.known: list[Hold] = []
        self.ids: dict[Hold, bytes] = {}
        self.keep_ids: dict[tuple[str, str, str], bytes] = {}
        self.strays: dict[str, int] = defaultdict(int)

    def id_of(self, terms: Hold) -> bytes:
        if terms not in self.ids:
            contract = self.harness.contracts[HOLDS]
            self.ids[terms] = bytes(contract.call("idOf", tuple(self.harness.spelt(terms))))
        return self.ids[terms]

    def keep_id_of(self, what: tuple[str, str, str]) -> bytes:
        if what not in self.keep_ids:
            contract = self.harness.contracts[HOLDS]
            self.keep_ids[what] = bytes(contract.call("keepIdOf", *self.harness.spelt(what)))
        return self.keep_ids[what]

    def both(self, in_model, sender, function, *args, contract=HOLDS):
        return self.harness.both(
            in_model, lambda: self.harness.send(sender, contract, function, *args)
        )

    def order(self, in_model, function, *args):
        return self.both(in_model, ISSUER, function, *args, contract=SHARES)

    # ------------------------------------------------------------------- what can happen

    @initialize(each=st.lists(st.integers(10, 60), min_size=2, max_size=2))
    def begin(self, each):
        self.appoint(HOLDS)
        for who, shares in zip(("ann", "ben"), each, strict=True):
            self.order(
                lambda w=who, n=shares: self.ledger.mint(ISSUER, [(w, n)]), "mint", who, shares
            )
            self.harness.send(ISSUER, MONEY, "mint", who, 50)
            self.purse.balances[who] = 50
            self.approve(who, MONEY, 40)
            self.approve(who, SHARES, 40)
            for asset in (SHARES, MONEY):
                self.set_keeper(who, "dan", asset, 40, 3 * DAY)
                self.hold_for("dan", asset, who, 9)
                terms = Hold(asset, who, "cat", 5, sha256(SECRETS[0]).digest(), 0, 9)
                self.hold("", terms, DAY)

    @rule(keeper=st.sampled_from((HOLDS, HOLDS, HOLDS, NOBODY)))
    def appoint(self, keeper):
        self.order(lambda: self.ledger.appoint(ISSUER, keeper), "setHoldsContract", keeper)

    @rule(who=givers, asset=assets, amount=amounts)
    def approve(self, who, asset, amount):
        if asset == MONEY:
            self.purse.allowed[who] = amount
        else:
            self.ledger.approve(who, HOLDS, amount)
        self.harness.send(who, asset, "approve", HOLDS, amount)

    @rule(sender=st.sampled_from(("",) * 9 + ("dan",)), asked=asked, ahead=ahead)
    def hold(self, sender, asked, ahead):
        owner = asked.owner if asked.nonce else self.ledger.successor(asked.owner)
        terms = asked._replace(owner=owner, until=self.ledger.now + ahead)
        sender = sender or owner
        self.known.append(terms)
        self.both(lambda: self.holds.hold(sender, terms), sender, "hold", terms)

    def one(self, pick: int, *states: int) -> Hold:
        """A hold that was asked for: in one of these states, if there is one, but for one time in
        seven.
        """
        there = [terms for terms, made in self.holds.promises.items() if made.state in states]
        pool = there if there and pick % 7 else self.known
        return pool[pick % len(pool)]

    @precondition(lambda self: self.known)
    @rule(pick=picks, is_wrong=rarely)
    def claim(self, pick, is_wrong):
        terms = self.one(pick, OPEN)
        right = SECRETS[0] if sha256(SECRETS[0]).digest() == terms.lock else SECRETS[1]
        secret = SECRETS[0] if is_wrong else right
        self.both(lambda: self.holds.claim(terms, secret), "dan", "claim", terms, secret)

    @rule(pick=picks)
    def claim_while_it_is_refused(self, pick):
        self.pause(True)
        self.claim(pick, False)
        self.pause(False)

    @precondition(lambda self: self.known)
    @rule(pick=picks)
    def deliver(self, pick):
        terms = self.one(pick, CLAIMED)
        self.both(lambda: self.holds.deliver(terms), "dan", "deliver", terms)

    @precondition(lambda self: self.known)
    @rule(pick=picks, sender=people, is_other=rarely, other=takers)
    def redirect(self, pick, sender, is_other, other):
        terms = self.one(pick, CLAIMED)
        if not is_other and terms.to in PEOPLE:
            sender = self.holds.place(terms.asset, terms.to)
        self.both(
            lambda: self.holds.redirect(sender, terms, other), sender, "redirect", terms, other
        )

    @precondition(lambda self: self.known)
    @rule(pick=picks, sender=people, role=st.integers(0, 2))
    def release(self, pick, sender, role):
        terms = self.one(pick, OPEN, CLAIMED)
        who = (sender, terms.owner, terms.to)[role]
        sender = self.holds.place(terms.asset, who) if who in PEOPLE else sender
        self.both(lambda: self.holds.release(sender, terms), sender, "release", terms)

    @precondition(lambda self: self.known)
    @rule(pick=picks, sender=issuers)
    def void(self, pick, sender):
        terms = self.one(pick, OPEN, CLAIMED)
        self.both(lambda: self.holds.void(sender, terms), sender, "voidHold", terms, bytes(32))

    # --------------------------------------------------------------------------- keepers

    @rule(
        owner=givers,
        keeper=st.sampled_from(("dan",) * 9 + ("cat", NOBODY)),
        asset=assets,
        most=st.integers(0, 40),
        ahead=st.sampled_from((3 * DAY, 3 * DAY, 9 * DAY, DAY, -1, LONGEST_CONSENT + 1)),
    )
    def set_keeper(self, owner, keeper, asset, most, ahead):
        until = self.ledger.now + ahead
        self.both(
            lambda: self.holds.set_keeper(owner, keeper, asset, most, until),
            owner, "setKeeper", keeper, asset, most, until,
        )  # fmt: skip

    @rule(keeper=keepers, asset=assets, owner=givers, amount=amounts)
    def hold_for(self, keeper, asset, owner, amount):
        what = (asset, owner, amount)
        self.both(lambda: self.holds.hold_for(keeper, *what), keeper, "holdFor", *what)

    @rule(keeper=keepers, asset=assets, owner=givers, to=takers, amount=amounts)
    def deliver_kept(self, keeper, asset, owner, to, amount):
        what = (asset, owner, to, amount)
        self.both(lambda: self.holds.deliver_kept(keeper, *what), keeper, "deliverKept", *what)

    @rule(keeper=keepers, asset=assets, owner=givers, amount=amounts)
    def let_go(self, keeper, asset, owner, amount):
        what = (asset, owner, amount)
        self.both(lambda: self.holds.let_go(keeper, *what), keeper, "letGo", *what)

    @rule(sender=people, is_other=rarely, keeper=keepers, asset=assets, owner=givers)
    def take_back(self, sender, is_other, keeper, asset, owner):
        sender = sender if is_other else self.holds.place(asset, owner)
        what = (keeper, asset, owner)
        self.both(lambda: self.holds.take_back(sender, *what), sender, "takeBack", *what)

    @rule(sender=issuers, keeper=keepers, asset=assets, owner=givers)
    def void_kept(self, sender, keeper, asset, owner):
        what = (keeper, asset, owner)
        self.both(lambda: self.holds.void_kept(sender, *what), sender, "voidKept", *what, bytes(32))

    # ------------------------------------------------------------- what happens beside holds

    @rule(on=rarely)
    def pause(self, on):
        self.order(lambda: self.ledger.pause(ISSUER, on), "pause" if on else "unpause")

    @rule(who=people, on=rarely)
    def freeze_wallet(self, who, on):
        self.order(lambda: self.ledger.freeze_wallet(ISSUER, who, on), "setAddressFrozen", who, on)

    @rule(who=givers, amount=st.sampled_from((0, 0, 0, 1, 10, UNLIMITED)))
    def freeze(self, who, amount):
        self.order(lambda: self.ledger.freeze(ISSUER, who, amount), "setFrozenTokens", who, amount)

    @rule(giver=people, taker=people, amount=amounts)
    def force(self, giver, taker, amount):
        before = self.ledger.held[giver]
        self.order(
            lambda: self.ledger.force(ISSUER, giver, taker, amount),
            "forcedTransfer", giver, taker, amount,
        )  # fmt: skip
        self.holds.taken(giver, before)

    @rule(holder=people, amount=amounts)
    def burn(self, holder, amount):
        before = self.ledger.held[holder]
        self.order(lambda: self.ledger.burn(ISSUER, holder, amount), "burn", holder, amount)
        self.holds.taken(holder, before)

    @precondition(lambda self: len(self.ledger.successors) < 3)
    @rule(lost=people, successor=people)
    def recover(self, lost, successor):
        done = self.order(
            lambda: self.ledger.recover(ISSUER, lost, successor),
            "recoveryAddress", lost, successor, NOBODY,
        )  # fmt: skip
        if done:
            self.holds.recovered(lost, successor)

    @rule(giver=people, to=takers, amount=amounts)
    def transfer(self, giver, to, amount):
        done = self.both(
            lambda: self.ledger.transfer(giver, [(to, amount)]),
            giver, "transfer", to, amount, contract=SHARES,
        )  # fmt: skip
        if done and to == HOLDS:
            self.strays[SHARES] += amount

    @rule(amount=amounts)
    def stray(self, amount):
        self.harness.send(ISSUER, MONEY, "mint", HOLDS, amount)
        self.purse.balances[HOLDS] = self.purse.balances.get(HOLDS, 0) + amount
        self.strays[MONEY] += amount

    @rule(who=people, on=rarely)
    def bar(self, who, on):
        (self.purse.barred.add if on else self.purse.barred.discard)(who)
        self.harness.send(ISSUER, MONEY, "setBlocked", who, on)

    @rule(seconds=waits)
    def wait(self, seconds):
        self.ledger.wait_until(self.ledger.now + seconds)
        self.harness.kit.now = self.ledger.now

    # --------------------------------------------------------------------- what must hold

    @invariant()
    def laws_hold(self):
        """Everything is where the promises say: in a wallet, of which so much is held, or in the
        box; and each hold is in the state that its history gives it, and only there (Laws 43, 44,
        45 and 46)."""
        accounts = (*PEOPLE, HOLDS)
        with self.harness.looking() as ask:
            shares = {who: read(ask(SHARES, "balanceOf", who))[0] for who in accounts}
            held = {who: read(ask(SHARES, "heldOf", who))[0] for who in accounts}
            money = {who: read(ask(MONEY, "balanceOf", who))[0] for who in accounts}
            self.states(ask)
        assert shares == {who: self.ledger.balances[who] for who in accounts}, "Law 45"
        assert money == {who: self.purse.balances.get(who, 0) for who in accounts}, "Law 43"
        lacking = self.holds.lacking
        assert held == {who: self.holds.locked(who) - lacking.get(who, 0) for who in accounts}, (
            "Law 44"
        )
        assert shares[HOLDS] == self.holds.boxed(SHARES) + self.strays[SHARES], "Law 44"
        assert money[HOLDS] == self.holds.boxed(MONEY) + self.strays[MONEY], "Law 44"

    def states(self, ask):
        for terms, promise in self.holds.promises.items():
            state = read(ask(HOLDS, "stateOf", self.id_of(terms)))
            assert state == (promise.state, promise.boxed, promise.opened), "Law 46"
            missing = read(ask(HOLDS, "missingOf", self.id_of(terms)))
            assert missing == self.holds.missing.get(terms, (0, 0))
        for what, consent in self.holds.consents.items():
            *numbers, boxed = read(ask(HOLDS, "consentOf", *what))
            missing = read(ask(HOLDS, "missingOf", self.keep_id_of(what)))
            assert missing == self.holds.missing.get(what, (0, 0))
            assert numbers == [consent.until, consent.most, consent.kept]
            assert boxed == consent.boxed or not consent.kept


def test_any_history_of_holds(codec: Codec) -> None:
    """Whatever people, keepers, agents and the token's owner do in any order: what is held is
    where the promises say, goes to whom they say, and what is refused is refused for the reason it
    should be (Laws 43, 44, 45 and 46)."""
    run_state_machine_as_test(
        lambda: HoldsMachine(codec), settings=scaled(1, stateful_step_count=40)
    )

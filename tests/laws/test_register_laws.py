"""The register against plain bookkeeping: persons and their shares of two assets, counted anew at
each step.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.chainkit import Codec, RevmKit
from tests.contracts.compliant import SETTINGS, investor
from tests.laws.harness import Harness, scaled, word
from tests.model.outcomes import NOBODY
from tests.model.register import Book, Identity, Limits, Register

WALLETS = ("ann", "ann2", "ben", "ben2", "cat", "dan", "eve")
ISSUER = "issuer"
ASSETS = TOKEN, TWIN = "shares", "twin"
BOOK, RULES = "book", "rules"
PERSONS, COUNTRIES, CLASSES = (1, 2, 3, 4), (276, 250), (1, 2)
MAX_HOLDING = 60

tokens = st.sampled_from((TOKEN, TOKEN, TWIN))
wallets = st.sampled_from(WALLETS)
amounts = st.one_of(st.integers(0, 3), st.integers(0, 30), st.integers(0, 100))
untils = st.sampled_from((2**48 - 1,) * 4 + (RevmKit.START + 3, RevmKit.START + 9, 0))
identities = st.tuples(
    st.sampled_from(PERSONS), st.sampled_from(COUNTRIES), st.sampled_from(CLASSES), untils
)


LIMITS = {
    "maxHolders": 3, "maxHoldersInCountry": 2, "limitedClass": 2, "maxHoldersOfClass": 2,
    "maxHoldersOfClassInCountry": 1, "maxHolding": MAX_HOLDING,
}  # fmt: skip
THE_SAME = Limits(
    holders=3, holders_in_country=2, limited_class=2, holders_of_class=2,
    holders_of_class_in_country=1, holding=MAX_HOLDING,
)  # fmt: skip


class RegisterMachine(RuleBasedStateMachine):
    """Two tokens of one register under rules that count, four persons, seven wallets, a clock."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.harness = harness = Harness(codec, (*WALLETS, ISSUER))
        issuer = harness.addresses[ISSUER]
        harness.build(BOOK, "InvestorRegistry", issuer, [issuer], sender=ISSUER)
        self.persons = Book()
        self.assets: dict[str, Register] = {}
        self.rules_made = 0
        for name in ASSETS:
            self.assets[name] = Register(name, ISSUER, RevmKit.START, THE_SAME, self.persons)
            harness.token(name, ISSUER)
            harness.send(ISSUER, BOOK, "bindToken", name)
            harness.send(ISSUER, name, "setIdentityRegistry", BOOK)
            self.put_rules_in_force(name)
            harness.send(ISSUER, BOOK, "count", name, [])

    @property
    def now(self):
        return self.harness.kit.now

    def put_rules_in_force(self, token):
        self.rules_made += 1
        name = f"{RULES}{self.rules_made}"
        rules = {**SETTINGS, **LIMITS, "eligible": True, "registry": self.harness.addresses[BOOK]}
        self.harness.build(name, "TransferRules", tuple(rules.values()))
        self.harness.send(ISSUER, token, "setCompliance", name)

    def both(self, in_model, sender, contract, function, *args):
        return self.harness.both(
            in_model, lambda: self.harness.send(sender, contract, function, *args)
        )

    def note(self, wallet, identity):
        return self.both(
            lambda: self.persons.register(wallet, Identity(*identity)),
            ISSUER, BOOK, "register", [wallet], [investor(*identity)],
        )  # fmt: skip

    # ------------------------------------------------------------------- what can happen

    @initialize(who=st.lists(identities, min_size=7, max_size=7),
                gifts=st.lists(st.integers(0, 40), min_size=7, max_size=7))  # fmt: skip
    def know_and_issue(self, who, gifts):
        for wallet, identity in zip(WALLETS[:5], who, strict=False):
            self.note(wallet, identity)
        for token in ASSETS:
            for wallet, amount in zip(WALLETS, gifts, strict=True):
                self.mint(token, wallet, amount)

    @rule(wallet=wallets, identity=identities)
    def register(self, wallet, identity):
        self.note(wallet, identity)

    @rule(wallet=wallets, other=wallets, until=untils)
    def move_wallet_to_the_person_of_another(self, wallet, other, until):
        if other in self.persons.known:
            self.note(wallet, (*self.persons.known[other][:3], until))

    @rule(wallet=wallets, country=st.sampled_from(COUNTRIES))
    def update_country(self, wallet, country):
        known = self.persons.known.get(wallet)
        if known and wallet not in self.persons.losses:
            moved = known._replace(country=country)
            self.both(lambda: self.persons.register(wallet, moved),
                      ISSUER, BOOK, "updateCountry", wallet, country)  # fmt: skip

    @rule(wallet=wallets)
    def delete(self, wallet):
        self.both(lambda: self.persons.delete(wallet), ISSUER, BOOK, "deleteIdentity", wallet)

    @rule(token=tokens, taker=wallets, amount=amounts)
    def mint(self, token, taker, amount):
        self.both(lambda: self.assets[token].mint(ISSUER, [(taker, amount)]),
                  ISSUER, token, "mint", taker, amount)  # fmt: skip

    @rule(token=tokens, holder=wallets, amount=amounts)
    def burn(self, token, holder, amount):
        self.both(lambda: self.assets[token].burn(ISSUER, holder, amount),
                  ISSUER, token, "burn", holder, amount)  # fmt: skip

    @rule(token=tokens, giver=wallets, taker=wallets, amount=amounts)
    def transfer(self, token, giver, taker, amount):
        with self.harness.looking() as ask:
            allowed = ask(token, "canTransfer", giver, taker, amount)
        done = self.both(lambda: self.assets[token].transfer(giver, [(taker, amount)]),
                         giver, token, "transfer", taker, amount)  # fmt: skip
        if done:
            assert allowed == word(1)
            assert self.assets[token].eligible(taker)

    @rule(token=tokens, giver=wallets, taker=wallets)
    def transfer_all(self, token, giver, taker):
        self.transfer(token, giver, taker, self.assets[token].balances[giver])

    @rule(token=tokens, giver=wallets, taker=wallets, amount=amounts)
    def force(self, token, giver, taker, amount):
        self.both(lambda: self.assets[token].force(ISSUER, giver, taker, amount),
                  ISSUER, token, "forcedTransfer", giver, taker, amount)  # fmt: skip

    @rule(token=tokens, giver=wallets, taker=wallets)
    def force_all(self, token, giver, taker):
        self.force(token, giver, taker, self.assets[token].balances[giver])

    @rule(token=tokens, wallet=wallets, amount=st.one_of(amounts, st.just(2**256 - 1)))
    def freeze_shares(self, token, wallet, amount):
        if amount < 2**255 or not self.assets[token].successors:
            self.harness.send(ISSUER, token, "setFrozenTokens", wallet, amount)
            self.assets[token].freeze(ISSUER, wallet, amount)

    @rule(token=tokens, wallet=wallets, on=st.booleans())
    def freeze_wallet(self, token, wallet, on):
        self.harness.send(ISSUER, token, "setAddressFrozen", wallet, on)
        self.assets[token].freeze_wallet(ISSUER, wallet, on)

    @rule(token=tokens, lost=wallets, successor=wallets, prepared=st.booleans())
    def recover(self, token, lost, successor, prepared):
        asset = self.assets[token]
        if len(asset.successors) == 4 or max(asset.frozen.values(), default=0) > 2**255:
            return
        if prepared:
            self.make_the_same_person(lost, successor)
        self.both(lambda: asset.recover(ISSUER, lost, successor),
                  ISSUER, token, "recoveryAddress", lost, successor, NOBODY)  # fmt: skip

    @rule(lost=wallets, successor=wallets, prepared=st.booleans())
    def confirm_a_loss(self, lost, successor, prepared):
        if prepared:
            self.make_the_same_person(lost, successor)
        self.both(lambda: self.persons.confirm(lost, successor),
                  ISSUER, BOOK, "confirmLoss", lost, successor)  # fmt: skip

    @rule(lost=wallets)
    def undo_a_loss(self, lost):
        self.both(lambda: self.persons.undo(lost), ISSUER, BOOK, "undoLoss", lost)

    def make_the_same_person(self, lost, successor):
        if lost in self.persons.known and lost != successor:
            known = self.persons.known[lost]
            self.note(successor, known._replace(person=self.persons.present_person(lost)))

    @rule(token=tokens)
    def unbind_an_asset_and_count_it_anew(self, token):
        asset, harness = self.assets[token], self.harness
        harness.send(ISSUER, BOOK, "unbindToken", token)
        refused = "InvestorRegistry_NotBound", (token,)
        assert harness.refusal(harness.send, ISSUER, token, "burn", "ann", 0) == refused
        harness.send(ISSUER, BOOK, "bindToken", token)
        ascending = sorted(WALLETS, key=lambda wallet: int(harness.addresses[wallet], 16))
        harness.send(ISSUER, BOOK, "count", token, ascending)
        asset.count(ascending)

    @rule(token=tokens)
    def replace_the_rules_by_their_like(self, token):
        if self.rules_made < 6:
            self.put_rules_in_force(token)

    @rule(seconds=st.sampled_from((1, 1, 2, 5)))
    def wait(self, seconds):
        for asset in self.assets.values():
            asset.wait_until(self.now + seconds)
        self.harness.kit.now += seconds

    # --------------------------------------------------------------------- what must hold

    @invariant()
    def laws_hold(self):
        """Balances, persons, groups, freezes, successors, losses are those of the plain books."""
        with self.harness.looking() as ask:
            for wallet in WALLETS:
                known, lost = self.persons.known.get(wallet), wallet in self.persons.losses
                packed = investor(*known, lost) if known else 0
                assert ask(BOOK, "investorOf", wallet) == word(packed), wallet
                eligible = self.assets[TOKEN].eligible(wallet)
                assert ask(BOOK, "isVerified", wallet) == word(eligible), wallet
                successor = self.persons.losses.get(wallet, NOBODY)
                assert ask(BOOK, "successorOf", wallet) == self.place(successor), wallet
            for token, asset in self.assets.items():
                self.asset_is(ask, token, asset)

    def asset_is(self, ask, token, model):
        held, sizes = model.holdings(), model.sizes()
        assert 0 not in held
        for wallet in WALLETS:
            assert ask(token, "balanceOf", wallet) == word(model.balances[wallet]), wallet
            assert ask(token, "getFrozenTokens", wallet) == word(model.frozen[wallet]), wallet
            assert ask(token, "canSend", wallet) == word(not model.blocked(wallet)), wallet
            able = model.eligible(wallet) and not model.blocked(wallet)
            assert ask(token, "canReceive", wallet) == word(able), wallet
            assert ask(token, "successorOf", wallet) == self.place(model.successor(wallet)), wallet
        assert ask(BOOK, "holderCount", token) == word(len(held))
        for person in PERSONS:
            assert ask(BOOK, "holdingOf", token, person) == word(held[person]), person
        for country in COUNTRIES:
            got = ask(BOOK, "holderCountIn", token, country)
            assert got == word(sizes[country, None]), country
            for kind in CLASSES:
                got = ask(BOOK, "holderCountOfIn", token, kind, country)
                assert got == word(sizes[country, kind]), (kind, country)
        for kind in CLASSES:
            assert ask(BOOK, "holderCountOf", token, kind) == word(sizes[None, kind]), kind

    def place(self, wallet):
        return word(int(self.harness.addresses[wallet], 16))


def test_any_history_of_the_register(codec: Codec) -> None:
    """The holder count is the number of persons with shares, in total, per country and per class,
    at every moment (Law 11); nobody ineligible receives shares by transfer, issue or force
    (Law 12); a recovery moves shares and freezes (Law 13); what one asset reports is that asset's
    own (Law 30); a loss that is undone leaves what was known (Law 31)."""
    run_state_machine_as_test(
        lambda: RegisterMachine(codec), settings=scaled(1, stateful_step_count=40)
    )


def test_a_person_with_two_wallets_is_one_holder(codec: Codec) -> None:
    """The example of the law of counting (Law 11)."""
    machine = RegisterMachine(codec)
    forever = 2**48 - 1
    machine.note("ann", (1, 276, 1, forever))
    machine.note("ann2", (1, 276, 1, forever))
    machine.note("ben", (2, 250, 1, forever))
    for wallet, amount in (("ann", 10), ("ann2", 5), ("ben", 7)):
        machine.mint(TOKEN, wallet, amount)
    with machine.harness.looking() as ask:
        assert ask(BOOK, "holderCount", TOKEN) == word(2)
        assert ask(BOOK, "holdingOf", TOKEN, 1) == word(15)
    machine.transfer(TOKEN, "ann", "ann2", 10)
    machine.note("ann2", (2, 250, 1, forever))
    with machine.harness.looking() as ask:
        assert ask(BOOK, "holderCount", TOKEN) == word(1)
    machine.laws_hold()

"""The register against plain bookkeeping: persons and their shares, counted anew at each step."""

from __future__ import annotations

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
from tests.contracts.compliant import SETTINGS, investor
from tests.laws.harness import Harness, scaled, word
from tests.model.outcomes import NOBODY
from tests.model.register import Identity, Limits, Register

WALLETS = ("ann", "ann2", "ben", "ben2", "cat", "dan", "eve")
ISSUER = "issuer"
TOKEN, BOOK, RULES = "shares", "book", "rules"
PERSONS, COUNTRIES, CLASSES = (1, 2, 3, 4), (276, 250), (1, 2)
MAX_HOLDING = 60

wallets = st.sampled_from(WALLETS)
amounts = st.one_of(st.integers(0, 3), st.integers(0, 30), st.integers(0, 100))
untils = st.sampled_from((2**48 - 1,) * 4 + (RevmKit.START + 3, RevmKit.START + 9, 0))
identities = st.tuples(
    st.sampled_from(PERSONS), st.sampled_from(COUNTRIES), st.sampled_from(CLASSES), untils
)


class RegisterMachine(RuleBasedStateMachine):
    """One token under rules that count, four persons, seven wallets, and a clock."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.harness = Harness(codec, (*WALLETS, ISSUER))
        harness = self.harness
        harness.token(TOKEN, ISSUER)
        harness.build(BOOK, "InvestorRegistry", harness.addresses[ISSUER], sender=ISSUER)
        harness.send(ISSUER, BOOK, "bindToken", TOKEN)
        harness.send(ISSUER, TOKEN, "setIdentityRegistry", BOOK)
        self.limits = {
            "maxHolders": 3, "maxHoldersInCountry": 2, "limitedClass": 2, "maxHoldersOfClass": 2,
            "maxHoldersOfClassInCountry": 1,
        }  # fmt: skip
        limits = Limits(
            holders=3, holders_in_country=2, limited_class=2, holders_of_class=2,
            holders_of_class_in_country=1, holding=MAX_HOLDING,
        )  # fmt: skip
        self.register_ = Register(TOKEN, ISSUER, RevmKit.START, limits)
        self.rules_made = 0
        self.put_rules_in_force()

    def put_rules_in_force(self):
        self.rules_made += 1
        name = f"{RULES}{self.rules_made}"
        rules = {**SETTINGS, **self.limits, "maxHolding": MAX_HOLDING, "eligible": True,
                "registry": self.harness.addresses[BOOK]}  # fmt: skip
        self.harness.build(name, "TransferRules", tuple(rules.values()))
        self.harness.send(ISSUER, TOKEN, "setCompliance", name)
        if self.rules_made == 1:
            self.harness.send(ISSUER, BOOK, "count", TOKEN, [])

    def both(self, in_model, sender, contract, function, *args):
        return self.harness.both(
            in_model, lambda: self.harness.send(sender, contract, function, *args)
        )

    def note(self, wallet, identity):
        return self.both(
            lambda: self.register_.register(wallet, Identity(*identity)),
            ISSUER, BOOK, "register", [wallet], [investor(*identity)],
        )  # fmt: skip

    # ------------------------------------------------------------------- what can happen

    @initialize(who=st.lists(identities, min_size=7, max_size=7),
                gifts=st.lists(st.integers(0, 40), min_size=7, max_size=7))  # fmt: skip
    def know_and_issue(self, who, gifts):
        for wallet, identity in zip(WALLETS[:5], who, strict=False):
            self.note(wallet, identity)
        for wallet, amount in zip(WALLETS, gifts, strict=True):
            self.mint(wallet, amount)

    @rule(wallet=wallets, identity=identities)
    def register(self, wallet, identity):
        self.note(wallet, identity)

    @rule(wallet=wallets, other=wallets, until=untils)
    def move_wallet_to_the_person_of_another(self, wallet, other, until):
        if other in self.register_.known:
            self.note(wallet, (*self.register_.known[other][:3], until))

    @rule(wallet=wallets, country=st.sampled_from(COUNTRIES))
    def update_country(self, wallet, country):
        known = self.register_.known.get(wallet)
        if known and wallet not in self.register_.successors:
            moved = known._replace(country=country)
            self.both(lambda: self.register_.register(wallet, moved),
                      ISSUER, BOOK, "updateCountry", wallet, country)  # fmt: skip

    @rule(wallet=wallets)
    def delete(self, wallet):
        self.both(lambda: self.register_.delete(wallet), ISSUER, BOOK, "deleteIdentity", wallet)

    @rule(taker=wallets, amount=amounts)
    def mint(self, taker, amount):
        self.both(lambda: self.register_.mint(ISSUER, [(taker, amount)]),
                  ISSUER, TOKEN, "mint", taker, amount)  # fmt: skip

    @rule(holder=wallets, amount=amounts)
    def burn(self, holder, amount):
        self.both(lambda: self.register_.burn(ISSUER, holder, amount),
                  ISSUER, TOKEN, "burn", holder, amount)  # fmt: skip

    @rule(giver=wallets, taker=wallets, amount=amounts)
    def transfer(self, giver, taker, amount):
        with self.harness.looking() as ask:
            allowed = ask(TOKEN, "canTransfer", giver, taker, amount)
        done = self.both(lambda: self.register_.transfer(giver, [(taker, amount)]),
                         giver, TOKEN, "transfer", taker, amount)  # fmt: skip
        if done:
            assert allowed == word(1)
            assert self.register_.eligible(taker)

    @rule(giver=wallets, taker=wallets)
    def transfer_all(self, giver, taker):
        self.transfer(giver, taker, self.register_.balances[giver])

    @rule(giver=wallets, taker=wallets, amount=amounts)
    def force(self, giver, taker, amount):
        self.both(lambda: self.register_.force(ISSUER, giver, taker, amount),
                  ISSUER, TOKEN, "forcedTransfer", giver, taker, amount)  # fmt: skip

    @rule(giver=wallets, taker=wallets)
    def force_all(self, giver, taker):
        self.force(giver, taker, self.register_.balances[giver])

    @rule(wallet=wallets, amount=st.one_of(amounts, st.just(2**256 - 1)))
    def freeze_shares(self, wallet, amount):
        self.harness.send(ISSUER, TOKEN, "setFrozenTokens", wallet, amount)
        self.register_.freeze(ISSUER, wallet, amount)

    @rule(wallet=wallets, on=st.booleans())
    def freeze_wallet(self, wallet, on):
        self.harness.send(ISSUER, TOKEN, "setAddressFrozen", wallet, on)
        self.register_.freeze_wallet(ISSUER, wallet, on)

    @precondition(lambda self: len(self.register_.successors) < 4)
    @rule(lost=wallets, successor=wallets)
    def recover(self, lost, successor):
        self.both(lambda: self.register_.recover(ISSUER, lost, successor),
                  ISSUER, TOKEN, "recoveryAddress", lost, successor, NOBODY)  # fmt: skip

    @rule()
    def replace_the_rules_by_their_like(self):
        if self.rules_made < 4:
            self.put_rules_in_force()

    @rule(seconds=st.sampled_from((1, 1, 2, 5)))
    def wait(self, seconds):
        self.register_.wait_until(self.register_.now + seconds)
        self.harness.kit.now = self.register_.now

    # --------------------------------------------------------------------- what must hold

    @invariant()
    def laws_hold(self):
        """Balances, persons, groups, freezes and successors are those of the plain books."""
        model = self.register_
        held, sizes = model.holdings(), model.sizes()
        assert 0 not in held
        with self.harness.looking() as ask:
            for wallet in WALLETS:
                assert ask(TOKEN, "balanceOf", wallet) == word(model.balances[wallet]), wallet
                assert ask(TOKEN, "getFrozenTokens", wallet) == word(model.frozen_tokens(wallet)), (
                    wallet
                )
                assert ask(TOKEN, "canSend", wallet) == word(not model.blocked(wallet)), wallet
                able = model.eligible(wallet) and not model.blocked(wallet)
                assert ask(TOKEN, "canReceive", wallet) == word(able), wallet
                assert ask(BOOK, "isVerified", wallet) == word(model.eligible(wallet)), wallet
                successor = self.harness.addresses[model.successor(wallet)]
                assert ask(TOKEN, "successorOf", wallet) == word(int(successor, 16)), wallet
            assert ask(BOOK, "holderCount", TOKEN) == word(len(held))
            for person in PERSONS:
                assert ask(BOOK, "holdingOf", TOKEN, person) == word(held[person]), person
            for country in COUNTRIES:
                got = ask(BOOK, "holderCountIn", TOKEN, country)
                assert got == word(sizes[country, None]), country
                for kind in CLASSES:
                    got = ask(BOOK, "holderCountOfIn", TOKEN, kind, country)
                    assert got == word(sizes[country, kind]), (kind, country)
            for kind in CLASSES:
                assert ask(BOOK, "holderCountOf", TOKEN, kind) == word(sizes[None, kind]), kind


def test_any_history_of_the_register(codec: Codec) -> None:
    """The holder count is the number of persons with shares, in total, per country and per class,
    at every moment (Law 11); nobody ineligible receives shares by transfer, issue or force
    (Law 12); a recovery moves shares, freezes and person (Law 13)."""
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
        machine.mint(wallet, amount)
    with machine.harness.looking() as ask:
        assert ask(BOOK, "holderCount", TOKEN) == word(2)
        assert ask(BOOK, "holdingOf", TOKEN, 1) == word(15)
    machine.transfer("ann", "ann2", 10)
    machine.note("ann2", (2, 250, 1, forever))
    with machine.harness.looking() as ask:
        assert ask(BOOK, "holderCount", TOKEN) == word(1)
    machine.laws_hold()

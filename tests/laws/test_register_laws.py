"""The register against plain bookkeeping: persons and their shares, counted anew at each step."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

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
from tests.contracts.compliant import SETTINGS, Code, investor
from tests.laws.harness import Harness, scaled, word
from tests.laws.model import NOBODY, Refused, held_by_person, refuse

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


class Register:
    """Who is behind each wallet, who holds what, and what may happen to it."""

    def __init__(self, rules: dict[str, int]) -> None:
        self.rules = rules
        self.now = RevmKit.START
        self.known: dict[str, tuple[int, int, int, int]] = {}
        self.heirs: dict[str, str] = {}
        self.balances: dict[str, int] = defaultdict(int)
        self.frozen: dict[str, int] = defaultdict(int)
        self.stopped: set[str] = set()
        self.noted: dict[int, tuple[int, int]] = {}
        """The country and class in which a person was last noted: where shares last arrived, or
        where a wallet with shares was last registered."""

    # ----------------------------------------------------------------------- persons

    def person(self, wallet: str) -> int:
        return self.known[wallet][0] if wallet in self.known else 0

    def eligible(self, wallet: str) -> bool:
        known = self.known.get(wallet)
        return known is not None and wallet not in self.heirs and self.now <= known[3]

    def holdings(self) -> dict[int, int]:
        """Shares of each person, over all wallets."""
        return held_by_person(self.balances, self.person)

    def sizes(self) -> dict[tuple[int | None, int | None], int]:
        """Persons with shares: in all, by country, by class, by both."""
        count: dict[tuple[int | None, int | None], int] = defaultdict(int)
        for person in self.holdings():
            country, kind = self.noted[person]
            for group in product((None, country), (None, kind)):
                count[group] += 1
        return count

    def heir(self, wallet: str) -> str:
        while wallet in self.heirs:
            wallet = self.heirs[wallet]
        return wallet

    def blocked(self, wallet: str) -> bool:
        return wallet in self.stopped or wallet in self.heirs

    def unfrozen(self, wallet: str) -> int:
        return max(0, self.balances[wallet] - self.frozen[wallet])

    # ------------------------------------------------------------------------ changes

    def register(self, wallet: str, identity: tuple[int, int, int, int]) -> None:
        if wallet in self.heirs:
            raise Refused(("InvestorRegistry_LostWallet", (wallet, self.heirs[wallet])))
        changed = self.known.get(wallet, (0, 0, 0))[:3] != identity[:3]
        self.known[wallet] = identity
        if changed and self.balances[wallet]:
            self.noted[identity[0]] = identity[1:3]

    def delete(self, wallet: str) -> None:
        held = self.balances[wallet]
        refuse(
            ("InvestorRegistry_UnknownWallet", (wallet,)) if wallet not in self.known else None,
            ("InvestorRegistry_LostWallet", (wallet, self.heirs.get(wallet)))
            if wallet in self.heirs else None,
            ("InvestorRegistry_HoldsShares", (wallet, TOKEN, held)) if held else None,
        )  # fmt: skip
        del self.known[wallet]

    def transfer(self, giver: str, taker: str, amount: int) -> None:
        held = self.balances[giver]
        short = held < amount
        frozen = not short and amount > self.unfrozen(giver)
        refuse(
            ("ERC20InsufficientBalance", (giver, held, amount)) if short else None,
            ("ERC7943CannotSend", (giver,)) if self.blocked(giver) else None,
            ("ERC7943CannotReceive", (taker,)) if self.blocked(taker) else None,
            ("ERC7943InsufficientUnfrozenBalance", (giver, amount, self.unfrozen(giver)))
            if frozen else None,
            *self.broken(giver, taker, amount),
        )  # fmt: skip
        self.put(giver, taker, amount)

    def broken(self, giver: str, taker: str, amount: int) -> list[tuple[str, tuple[int, ...]]]:
        """The rules that a transfer breaks, told by what it would lead to."""
        said = []
        if not self.eligible(taker):
            said.append((Code.NOT_ELIGIBLE, *self.expiry(taker)))
        before = self.sizes()
        new = amount and self.person(taker) not in self.holdings()
        after = self.after(giver, taker, amount)
        if new and self.person(giver) != self.person(taker):
            _, country, kind, _ = self.known.get(taker, (0, 0, 0, 0))
            limits = [
                (Code.MAX_HOLDERS, (None, None), "maxHolders"),
                (Code.MAX_HOLDERS_IN_COUNTRY, (country, None), "maxHoldersInCountry"),
            ]
            if kind == self.rules["limitedClass"]:
                limits += [
                    (Code.MAX_HOLDERS_OF_CLASS, (None, kind), "maxHoldersOfClass"),
                    (Code.MAX_HOLDERS_OF_CLASS_IN_COUNTRY, (country, kind),
                     "maxHoldersOfClassInCountry"),
                ]  # fmt: skip
            leaving = self.person(giver) in self.holdings() and not after[self.person(giver)]
            gone = self.noted.get(self.person(giver)) if leaving else None
            for code, (where, of), rule_ in limits:
                left = gone and where in (None, gone[0]) and of in (None, gone[1])
                size = before[where, of] + 1 - bool(left)
                if size > self.rules[rule_]:
                    said.append((code, size, self.rules[rule_]))
        if after[self.person(taker)] > MAX_HOLDING:
            said.append((Code.MAX_HOLDING, after[self.person(taker)], MAX_HOLDING))
        return [("TransferRules_Refused", tuple(map(int, one))) for one in said]

    def after(self, giver: str, taker: str, amount: int) -> dict[int, int]:
        held = defaultdict(int, self.holdings())
        held[self.person(giver)] -= amount
        held[self.person(taker)] += amount
        return held

    def expiry(self, wallet: str) -> tuple[int, int]:
        known = self.known.get(wallet)
        return (0 if known is None or wallet in self.heirs else known[3]), self.now

    def put(self, giver: str, taker: str, amount: int) -> None:
        self.balances[giver] -= amount
        self.balances[taker] += amount
        if amount and taker != NOBODY:
            self.noted[self.person(taker)] = self.known[taker][1:3]

    def unable(self, taker: str) -> list[tuple[str, tuple[object, ...]]]:
        """Why a wallet cannot take shares by order."""
        reasons: list[tuple[str, tuple[object, ...]]] = []
        if self.blocked(taker):
            reasons.append(("ERC7943CannotReceive", (taker,)))
        if not self.eligible(taker):
            code = int(Code.NOT_ELIGIBLE)
            reasons.append(("TransferRules_Refused", (code, *self.expiry(taker))))
        return reasons

    def mint(self, taker: str, amount: int) -> None:
        refuse(*self.unable(taker))
        self.put(NOBODY, taker, amount)
        self.balances[NOBODY] = 0

    def short(self, holder: str, amount: int) -> tuple[str, tuple[object, ...]] | None:
        held = self.balances[holder]
        return ("ERC20InsufficientBalance", (holder, held, amount)) if held < amount else None

    def burn(self, holder: str, amount: int) -> None:
        refuse(self.short(holder, amount))
        self.thaw(holder, amount)
        self.put(holder, NOBODY, amount)
        self.balances[NOBODY] = 0

    def force(self, giver: str, taker: str, amount: int) -> None:
        refuse(self.short(giver, amount), *self.unable(taker))
        if giver != taker:
            self.thaw(giver, amount)
        self.put(giver, taker, amount)

    def thaw(self, holder: str, amount: int) -> None:
        self.frozen[holder] -= max(0, amount - self.unfrozen(holder))

    def recover(self, lost: str, heir: str) -> None:
        bad = lost == heir or lost in self.heirs or heir in self.heirs
        if bad:
            raise Refused(("ShareToken_InvalidRecovery", (lost, heir)))
        theirs, ours = self.person(heir), self.person(lost)
        if theirs not in (0, ours):
            raise Refused(("InvestorRegistry_OtherPerson", (heir, theirs, ours)))
        self.heirs[lost] = heir
        if lost in self.known:
            self.known.setdefault(heir, self.known[lost])
        self.frozen[heir] += self.frozen.pop(lost, 0)
        self.balances[heir] += self.balances.pop(lost, 0)
        if lost in self.stopped:
            self.stopped.add(heir)


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
        self.register_ = Register(self.limits)
        self.rules_made = 0
        self.put_rules_in_force()

    def put_rules_in_force(self):
        self.rules_made += 1
        name = f"{RULES}{self.rules_made}"
        said = {**SETTINGS, **self.limits, "maxHolding": MAX_HOLDING, "eligible": True,
                "registry": self.harness.addresses[BOOK]}  # fmt: skip
        self.harness.build(name, "TransferRules", tuple(said.values()))
        self.harness.send(ISSUER, TOKEN, "setCompliance", name)
        if self.rules_made == 1:
            self.harness.send(ISSUER, BOOK, "count", TOKEN, [])

    def both(self, in_model, sender, contract, function, *args):
        return self.harness.both(
            in_model, lambda: self.harness.send(sender, contract, function, *args)
        )

    def note(self, wallet, identity):
        return self.both(
            lambda: self.register_.register(wallet, identity),
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
        if known and wallet not in self.register_.heirs:
            moved = (known[0], country, *known[2:])
            self.both(lambda: self.register_.register(wallet, moved),
                      ISSUER, BOOK, "updateCountry", wallet, country)  # fmt: skip

    @rule(wallet=wallets)
    def delete(self, wallet):
        self.both(lambda: self.register_.delete(wallet), ISSUER, BOOK, "deleteIdentity", wallet)

    @rule(taker=wallets, amount=amounts)
    def mint(self, taker, amount):
        self.both(lambda: self.register_.mint(taker, amount), ISSUER, TOKEN, "mint", taker, amount)

    @rule(holder=wallets, amount=amounts)
    def burn(self, holder, amount):
        self.both(lambda: self.register_.burn(holder, amount),
                  ISSUER, TOKEN, "burn", holder, amount)  # fmt: skip

    @rule(giver=wallets, taker=wallets, amount=amounts)
    def transfer(self, giver, taker, amount):
        with self.harness.looking() as ask:
            allowed = ask(TOKEN, "canTransfer", giver, taker, amount)
        done = self.both(lambda: self.register_.transfer(giver, taker, amount),
                         giver, TOKEN, "transfer", taker, amount)  # fmt: skip
        if done:
            assert allowed == word(1)
            assert self.register_.eligible(taker)

    @rule(giver=wallets, taker=wallets)
    def transfer_all(self, giver, taker):
        self.transfer(giver, taker, self.register_.balances[giver])

    @rule(giver=wallets, taker=wallets, amount=amounts)
    def force(self, giver, taker, amount):
        self.both(lambda: self.register_.force(giver, taker, amount),
                  ISSUER, TOKEN, "forcedTransfer", giver, taker, amount)  # fmt: skip

    @rule(giver=wallets, taker=wallets)
    def force_all(self, giver, taker):
        self.force(giver, taker, self.register_.balances[giver])

    @rule(wallet=wallets, amount=st.one_of(amounts, st.just(2**256 - 1)))
    def freeze_shares(self, wallet, amount):
        if amount < 2**255 or not self.register_.heirs:
            self.harness.send(ISSUER, TOKEN, "setFrozenTokens", wallet, amount)
            self.register_.frozen[wallet] = amount

    @rule(wallet=wallets, on=st.booleans())
    def freeze_wallet(self, wallet, on):
        self.harness.send(ISSUER, TOKEN, "setAddressFrozen", wallet, on)
        (self.register_.stopped.add if on else self.register_.stopped.discard)(wallet)

    @precondition(lambda self: len(self.register_.heirs) < 4)
    @rule(lost=wallets, heir=wallets)
    def recover(self, lost, heir):
        if max(self.register_.frozen.values(), default=0) > 2**255:
            return
        self.both(lambda: self.register_.recover(lost, heir),
                  ISSUER, TOKEN, "recoveryAddress", lost, heir, NOBODY)  # fmt: skip

    @rule()
    def replace_the_rules_by_their_like(self):
        if self.rules_made < 4:
            self.put_rules_in_force()

    @rule(seconds=st.sampled_from((1, 1, 2, 5)))
    def wait(self, seconds):
        self.register_.now += seconds
        self.harness.kit.now = self.register_.now

    # --------------------------------------------------------------------- what must hold

    @invariant()
    def laws_hold(self):
        """Balances, persons, groups, freezes and heirs are those of the plain books."""
        model = self.register_
        held, sizes = model.holdings(), model.sizes()
        assert 0 not in held
        with self.harness.looking() as ask:
            for wallet in WALLETS:
                assert ask(TOKEN, "balanceOf", wallet) == word(model.balances[wallet]), wallet
                assert ask(TOKEN, "getFrozenTokens", wallet) == word(model.frozen[wallet]), wallet
                assert ask(TOKEN, "canSend", wallet) == word(not model.blocked(wallet)), wallet
                able = model.eligible(wallet) and not model.blocked(wallet)
                assert ask(TOKEN, "canReceive", wallet) == word(able), wallet
                assert ask(BOOK, "isVerified", wallet) == word(model.eligible(wallet)), wallet
                heir = self.harness.addresses[model.heir(wallet)]
                assert ask(TOKEN, "successorOf", wallet) == word(int(heir, 16)), wallet
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

"""Beside the reference suite of ERC-3643 from npm: registry, storage, compliance with nine modules,
and identities with signed claims. What it does to our token, and our token to it.
"""

from __future__ import annotations

import random

import pytest

from tests.chainkit import ZERO, Codec, Deployed, Receipt, Reverted, RevmKit
from tests.contracts.compliant import AMERICA, FRANCE
from tests.contracts.harness import DAY, Harness, refused
from tests.contracts.reference import (
    COLLECTOR,
    EXCHANGE,
    MAX_BALANCE,
    MODULES,
    NEW,
    NEXT,
    SUPPLY_LIMIT,
    ReferenceSuite,
    objected,
    reference_artifacts,
)

HELD = 590


@pytest.fixture(scope="module")
def codec(artifacts) -> Codec:
    """The suite's contracts beside ours, which have the better names for what both have."""
    return Codec({**reference_artifacts(), **artifacts})


class Beside(Harness):
    """Our token beside the suite, or the reference's own if it is asked for.

    Ann, Ben, an exchange and whom fees go to are verified; Ann's wallet manages `identity`.
    """

    def __init__(self, kit: RevmKit, *, modules: bool = True, reference: bool = False) -> None:
        super().__init__(kit)
        self.suite = ReferenceSuite(kit, self.owner, self.agent)
        if reference:
            self.token = self.suite.reference_token()
        else:
            self.suite.plug_into(self.token)
        self.registry = self.suite.registry
        self.identity, self.bens, *_ = self.suite.know(self.ann, self.ben, EXCHANGE, COLLECTOR)
        if modules:
            self.suite.add_modules(
                self.token,
                allowed=(self.ann, self.ben, self.cid),
                exchange=EXCHANGE,
                collector=COLLECTOR,
            )

    def recover(self, lost: str, successor: str, identity: str | None = None) -> Receipt:
        """Put a wallet in the place of a lost one; of Ann's identity if nothing is said."""
        return self.token.send(
            "recoveryAddress", lost, successor, identity or self.identity.address,
            sender=self.agent,
        )  # fmt: skip

    def held(self, *wallets: str) -> list[int]:
        """Balances."""
        return [self.token.call("balanceOf", wallet) for wallet in wallets]

    def entry(self, wallet: str) -> tuple[str, int]:
        """Identity and country of a wallet, as the registry has them."""
        return self.registry.call("identity", wallet), self.registry.call("investorCountry", wallet)


@pytest.fixture
def beside(kit) -> Beside:
    """Our token beside the suite and all modules, with Ann's shares issued."""
    harness = Beside(kit)
    harness.issue({harness.ann: HELD})
    return harness


# ----------------------------------------------------------------------------- every day


def test_nine_modules_are_bound_to_a_compliance_that_our_token_is_bound_to(beside):
    """What the tests below play beside is whole."""
    assert beside.suite.compliance.call("getTokenBound") == beside.token.address
    assert len(beside.suite.compliance.call("getModules")) == len(MODULES) == 9
    assert beside.token.call("compliance") == beside.suite.compliance.address
    assert beside.token.call("identityRegistry") == beside.registry.address


def test_shares_move_under_the_modules_and_the_fee_is_theirs(beside):
    """A tenth of what another person is given goes on to the collector, by the module's order."""
    beside.move(beside.ann, beside.ben, 100)
    assert beside.held(beside.ann, beside.ben, COLLECTOR) == [490, 90, 10]
    assert beside.suite.id_balance(beside.identity.address) == 490
    assert beside.suite.id_balance(beside.bens.address) == 90


def in_a_barred_country(harness: Beside) -> tuple[str, int]:
    """Cid lives where nobody may."""
    harness.suite.know(harness.cid, country=AMERICA)
    return harness.cid, 1


def over_the_largest_holding(harness: Beside) -> tuple[str, int]:
    """Ben holds nearly as much as one may."""
    harness.issue({harness.ben: MAX_BALANCE - 10})
    return harness.ben, 11


def over_the_day(harness: Beside) -> tuple[str, int]:
    """Ann has moved nearly what one may in a day."""
    harness.issue({harness.ann: 400})
    harness.move(harness.ann, harness.ben, 700)
    return harness.ben, 101


def too_much_to_an_exchange(_: Beside) -> tuple[str, int]:
    """More than it takes of one person in a day."""
    return EXCHANGE, 51


def without_an_identity(harness: Beside) -> tuple[str, int]:
    """The registry does not know Dan."""
    return harness.dan, 1


def without_claims(harness: Beside) -> tuple[str, int]:
    """Cid's identity says nothing that the registry asks for."""
    identity = harness.suite.new_identity(harness.cid, claims=False)
    harness.suite.register(harness.cid, identity.address)
    return harness.cid, 1


@pytest.mark.parametrize(
    "obstacle",
    [
        in_a_barred_country,
        over_the_largest_holding,
        over_the_day,
        too_much_to_an_exchange,
        without_an_identity,
        without_claims,
    ],
)
def test_a_transfer_and_the_question_whether_it_would_pass_agree(beside, obstacle):
    """One unit less passes, or nothing; and both say so (Law 42)."""
    receiver, amount = obstacle(beside)
    for moved in (amount - 1, amount):
        told = beside.token.call("canTransfer", beside.ann, receiver, moved)
        assert told is beside.passes(beside.ann, receiver, moved)
    assert not told


def test_a_transfer_that_must_be_approved_passes_once(kit):
    """The conditional module counts what it has approved down."""
    harness = Beside(kit, modules=False)
    suite, token = harness.suite, harness.token
    approved = kit.codec.call(
        "ConditionalTransferModule", "approveTransfer", harness.ann, harness.ben, 5
    )
    suite.add_module(token, "ConditionalTransferModule", approved)
    harness.issue({harness.ann: 100})
    with refused("ERC7943CannotTransfer", harness.ann, harness.ben, 6):
        harness.move(harness.ann, harness.ben, 6)
    harness.move(harness.ann, harness.ben, 5)
    with refused("ERC7943CannotTransfer", harness.ann, harness.ben, 5):
        harness.move(harness.ann, harness.ben, 5)


# ------------------------------------------------------------------------------ recovery


@pytest.mark.attack("K5")
def test_a_recovery_moves_everything_and_no_fee_is_taken_off_it(beside):
    """Each module still finds the lost wallet's identity when it is told (Law 41)."""
    receipt = beside.recover(beside.ann, NEW)
    assert beside.held(beside.ann, NEW, COLLECTOR) == [0, HELD, 0]
    assert beside.suite.id_balance(beside.identity.address) == HELD
    assert beside.entry(NEW) == (beside.identity.address, 276)
    assert beside.registry.call("contains", beside.ann) is False
    names = [name for name, _ in receipt.events]
    places = [
        names.index(name)
        for name in ("IdentityRegistered", "Transfer", "RecoverySuccess", "IdentityRemoved")
    ]
    assert places == sorted(places)


def story(harness: Beside) -> list[object]:
    """What both tokens are told, and what is then in the books of everybody."""
    suite, token = harness.suite, harness.token
    # The reference's recovery asks for it.
    suite.add_key(harness.identity, harness.ann, NEW)
    suite.add_key(harness.identity, harness.ann, NEXT)
    harness.issue({harness.ann: HELD, harness.ben: 300})
    harness.move(harness.ben, harness.ann, 100)
    token.send("freezePartialTokens", harness.ann, 60, sender=harness.agent)
    harness.recover(harness.ann, NEW)
    token.send("forcedTransfer", NEW, harness.ben, 30, sender=harness.agent)
    token.send("burn", harness.ben, 7, sender=harness.agent)
    token.send("setAddressFrozen", NEW, True, sender=harness.agent)
    harness.recover(NEW, NEXT)
    harness.kit.now += DAY
    wallets = (harness.ann, harness.ben, NEW, NEXT, EXCHANGE, COLLECTOR)
    return [
        *harness.held(*wallets),
        *(harness.entry(wallet)[1] for wallet in wallets),
        *(suite.registry.call("isVerified", wallet) for wallet in wallets),
        *(suite.id_balance(of.address) for of in (harness.identity, harness.bens)),
        token.call("totalSupply"),
        token.call("getFrozenTokens", NEXT),
        token.call("isFrozen", NEXT),
    ]


def test_our_token_and_the_references_own_leave_the_same_books(kit, codec):
    """Issues, transfers with fees, forced transfers, burns, freezes, two recoveries (Law 41)."""
    assert story(Beside(kit)) == story(Beside(RevmKit(codec), reference=True))


class Walk:
    """One of two tokens that are told the same, and what is then in everybody's books."""

    def __init__(self, kit: RevmKit, *, reference: bool) -> None:
        self.harness = Beside(kit, reference=reference)
        self.issues_what_may_move = not reference
        self.ann = self.harness.ann
        self.fresh = [NEW, NEXT]
        # The reference's recovery asks for it.
        for wallet in self.fresh:
            self.harness.suite.add_key(self.harness.identity, self.harness.ann, wallet)

    def wallets(self) -> list[str]:
        """Those that may have shares, and two that may not."""
        known = (self.harness.ann, self.harness.ben, NEW, NEXT, EXCHANGE, COLLECTOR)
        return [*known, self.harness.dan]

    def step(self, rng: random.Random) -> bool:
        """Try a step; whether it was done. The same numbers make the same step."""
        what = rng.choice(
            ("issue", "move", "move", "move", "force", "burn", "part", "free", "stop")
        )
        if rng.random() < 0.06:
            what = "recover"
        elif rng.random() < 0.1:
            what = "wait"
        giver, receiver = rng.choice(self.wallets()), rng.choice(self.wallets())
        amount = rng.choice((1, 7, 40, rng.randint(1, 900)))
        try:
            self._take(what, giver, receiver, amount)
        except Reverted:
            return False
        return True

    def _take(self, what: str, giver: str, receiver: str, amount: int) -> None:
        token, agent = self.harness.token, self.harness.agent
        if what in ("issue", "force") and token.call("isFrozen", receiver):
            # The one thing that the reference does and ours does not, by ERC-7943.
            raise Reverted("a frozen wallet receives nothing", ())
        if what == "wait":
            self.harness.kit.now += amount * 600
        elif what == "move":
            self.harness.move(giver, receiver, amount)
        elif what == "recover":
            self._recover()
        elif what == "issue":
            may = self.harness.suite.compliance.call("canTransfer", ZERO, receiver, amount)
            # Ours asks the registry alone, by the standard's text; whoever issues asks the modules.
            if self.issues_what_may_move and not may:
                raise Reverted("refused by the modules", ())
            token.send("mint", receiver, amount, sender=agent)
        elif what == "stop":
            token.send("setAddressFrozen", giver, amount % 2 == 0, sender=agent)
        else:
            function = {
                "force": "forcedTransfer", "burn": "burn",
                "part": "freezePartialTokens", "free": "unfreezePartialTokens",
            }[what]  # fmt: skip
            to = (receiver,) if what == "force" else ()
            token.send(function, giver, *to, amount, sender=agent)

    def _recover(self) -> None:
        """Ann's wallet is lost, if it holds anything: the reference recovers no other."""
        if not self.fresh or not self.harness.held(self.ann)[0]:
            raise Reverted("nothing to recover", ())
        self.harness.recover(self.ann, self.fresh[0])
        self.ann = self.fresh.pop(0)

    def books(self) -> list[object]:
        """What token, registry and modules say."""
        harness, suite = self.harness, self.harness.suite
        token, wallets = harness.token, self.wallets()
        return [
            token.call("totalSupply"),
            *harness.held(*wallets),
            *(token.call("getFrozenTokens", wallet) for wallet in wallets),
            *(token.call("isFrozen", wallet) for wallet in wallets),
            *(harness.entry(wallet)[1] for wallet in wallets),
            *(suite.registry.call("isVerified", wallet) for wallet in wallets),
            *(suite.id_balance(of.address) for of in (harness.identity, harness.bens)),
        ]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_both_tokens_are_told_leaves_the_same_books(kit, codec, seed):
    """A walk beside nine modules: each step is done by both or refused by both, and everybody's
    books agree after it (Law 41).
    """
    ours, theirs = Walk(kit, reference=False), Walk(RevmKit(codec), reference=True)
    done = 0
    for number in range(80):
        dice = f"{seed}/{number}"
        taken = ours.step(random.Random(dice))
        assert taken is theirs.step(random.Random(dice)), dice
        assert ours.books() == theirs.books(), dice
        done += taken
    assert done >= 20


@pytest.mark.attack("K5")
@pytest.mark.parametrize("registered", [False, True])
def test_a_recovery_to_another_persons_wallet_is_refused(beside, registered):
    """Ben's identity cannot take Ann's place, be it given or registered (Laws 12, 41)."""
    successor = beside.ben if registered else NEW
    with refused(
        "ShareToken_OtherIdentity",
        beside.ann, successor, beside.identity.address, beside.bens.address,
    ):  # fmt: skip
        beside.recover(beside.ann, successor, beside.bens.address)
    assert beside.held(beside.ann, successor) == [HELD, 0]


@pytest.mark.attack("K5")
def test_a_recovery_to_a_wallet_that_is_not_verified_is_refused(beside):
    """Ann's own identity, but its claims are gone: nobody ineligible receives shares (Law 12)."""
    beside.suite.remove_claims(beside.identity, beside.ann)
    with refused("ERC7943CannotReceive", NEW):
        beside.recover(beside.ann, NEW)
    beside.suite.add_claim(beside.identity, beside.ann, 1)
    beside.recover(beside.ann, NEW)
    assert beside.held(beside.ann, NEW) == [0, HELD]


def test_a_recovery_from_a_wallet_that_the_registry_does_not_know_is_refused(beside):
    """Nobody can say whose it was."""
    beside.registry.send("deleteIdentity", beside.ann, sender=beside.agent)
    with refused("ShareToken_OtherIdentity", beside.ann, NEW, ZERO, beside.identity.address):
        beside.recover(beside.ann, NEW)


def test_a_recovery_needs_the_consent_of_the_registry(beside):
    """A token that is not its agent moves nothing."""
    beside.registry.send("removeAgent", beside.token.address, sender=beside.owner)
    with objected("AgentRole: caller does not have the Agent role"):
        beside.recover(beside.ann, NEW)
    assert beside.held(beside.ann, NEW) == [HELD, 0]


def test_a_second_asset_of_one_storage_recovers_once_the_lost_wallet_is_entered_again(kit):
    """The first recovery has deleted what the second compares; the registry's agent enters it."""
    harness = Beside(kit, modules=False)
    suite, first = harness.suite, harness.token
    harness.issue({harness.ann: HELD})
    second = kit.deploy(
        "ShareToken", ("Second", "TWO", 0, harness.owner, ZERO, ZERO, [harness.owner])
    )
    suite.compliance = suite.new_compliance()
    suite.plug_into(second)
    second.send("mint", harness.ann, 7, sender=harness.owner)
    harness.recover(harness.ann, NEW)
    identity = harness.identity.address
    order = ("recoveryAddress", harness.ann, NEW, identity)
    with refused("ShareToken_OtherIdentity", harness.ann, NEW, ZERO, identity):
        second.send(*order, sender=harness.owner)
    suite.register(harness.ann, identity)
    second.send(*order, sender=harness.owner)
    assert [token.call("balanceOf", NEW) for token in (first, second)] == [HELD, 7]
    assert suite.registry.call("contains", harness.ann) is False


def test_a_successor_that_is_registered_already_stays_in_its_country(beside):
    """Ann has moved to France, and entered her new wallet there herself."""
    beside.suite.register(NEW, beside.identity.address, FRANCE)
    beside.recover(beside.ann, NEW)
    assert beside.entry(NEW) == (beside.identity.address, FRANCE)
    assert beside.held(beside.ann, NEW) == [0, HELD]


@pytest.mark.attack("K5", "C3")
def test_a_wallet_with_income_and_no_shares_is_recovered(beside):
    """A movement of nothing is told to no module; the income is the successor's (Law 13)."""
    record = beside.close()
    distribution = beside.declare(record, HELD)
    beside.token.send("burn", beside.ann, HELD, sender=beside.agent)
    beside.recover(beside.ann, NEW)
    beside.claim(beside.ann, distribution)
    assert beside.dollar.call("balanceOf", NEW) == HELD
    assert beside.registry.call("contains", beside.ann) is False


def test_a_movement_of_nothing_passes_and_is_told_to_no_module(beside):
    """Transfers, issues, forced transfers and burns of 0 are standard (Law 42)."""
    token, ann, ben, agent = beside.token, beside.ann, beside.ben, beside.agent
    assert token.call("canTransfer", ann, ben, 0) is True
    beside.move(ann, ben, 0)
    token.send("mint", ben, 0, sender=agent)
    token.send("forcedTransfer", ann, ben, 0, sender=agent)
    token.send("burn", ann, 0, sender=agent)
    assert beside.held(ann, ben) == [HELD, 0]


# ------------------------------------------------------------------------- gas and binding


@pytest.mark.attack("F5", "K5")
def test_a_registry_that_costs_much_is_asked_alike_by_orders_and_questions(kit):
    """Fifteen topics of every trusted issuer: beyond the one limit, both refuse (Law 42)."""
    answers = []
    for issuers in (15, 19, 25):
        chain = RevmKit(kit.codec)
        harness = Harness(chain)
        suite = ReferenceSuite(chain, harness.owner, harness.agent, topics=15, issuers=issuers)
        suite.plug_into(harness.token)
        suite.know(harness.ann)
        harness.token.send("setIdentityRegistry", ZERO, sender=harness.owner)
        harness.issue({harness.ben: 10})
        harness.token.send("setIdentityRegistry", suite.registry.address, sender=harness.owner)
        assert suite.registry.call("isVerified", harness.ann) is True
        said = {
            harness.token.call("canReceive", harness.ann),
            harness.token.call("canTransfer", harness.ben, harness.ann, 1),
            harness.passes(harness.ben, harness.ann, 1),
        }
        assert len(said) == 1, issuers
        answers += said
    assert answers == [True, True, False]


def refusing(harness: Harness, suite: ReferenceSuite, kind: str) -> str:
    """A compliance contract that will not have our token."""
    compliance: Deployed = suite.compliance
    if kind == "bound elsewhere":
        suite.plug_into(
            harness.kit.deploy("ShareToken", ("", "", 0, harness.owner, ZERO, ZERO, []))
        )
        return compliance.address
    return suite.registry.address if kind == "no compliance" else harness.stranger


@pytest.mark.attack("F5")
@pytest.mark.parametrize("kind", ["bound elsewhere", "no compliance", "no contract"])
def test_a_compliance_that_refuses_the_binding_is_not_put_in_force(kit, kind):
    """Else no transfer would pass, though each question says that it would (Law 42)."""
    harness = Harness(kit)
    suite = ReferenceSuite(kit, harness.owner, harness.agent)
    other = refusing(harness, suite, kind)
    harness.issue({harness.ann: 10})
    with refused("ShareToken_BindingRefused", other):
        harness.token.send("setCompliance", other, sender=harness.owner)
    assert harness.token.call("compliance") == ZERO
    harness.move(harness.ann, harness.ben, 1)


def test_a_compliance_is_given_up_and_taken_back(beside):
    """It is unbound when it is replaced, and bound again."""
    for rules, bound in ((ZERO, ZERO), (beside.suite.compliance.address, beside.token.address)):
        beside.token.send("setCompliance", rules, sender=beside.owner)
        assert beside.suite.compliance.call("getTokenBound") == bound
    beside.move(beside.ann, beside.ben, 100)
    assert beside.held(beside.ben) == [90]


# ------------------------------------------------------------------------------- issuing


@pytest.mark.parametrize("amount", [0, 1])
def test_issuing_asks_the_registry_and_not_the_modules(beside, amount):
    """By the standard's text; so who issues has to ask them, as the command does."""
    beside.issue({beside.ben: 800, EXCHANGE: SUPPLY_LIMIT - HELD - 800 + amount})
    assert beside.token.call("totalSupply") == SUPPLY_LIMIT + amount
    asked = (ZERO, beside.ben, 1)
    assert beside.suite.compliance.call("canTransfer", *asked) is False
    with refused("ERC7943CannotReceive", beside.dan):
        beside.issue({beside.dan: 1})

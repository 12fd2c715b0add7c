"""Lost wallets: what an asset reports, what the register confirms, and how it is undone."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO, Deployed
from tests.contracts.compliant import (
    FOREVER,
    FRANCE,
    GERMANY,
    PROFESSIONAL,
    RETAIL,
    Compliant,
    investor,
    rules_refused,
)
from tests.contracts.harness import DAY, person, refused
from tests.model.register import Code

NEW, THIRD = person(1), person(2)


class Loss(Compliant):
    """Ann holds 100 of a counted asset and 50 of another, whose owner has no role in the register.

    `NEW` and `THIRD` are further wallets of Ann, and hold nothing.
    """

    def __init__(self, kit) -> None:
        super().__init__(kit, maxHolders=10)
        self.known = investor(1, GERMANY, RETAIL, kit.now + DAY)
        self.know({self.ann: self.known, NEW: self.known, THIRD: self.known})
        self.other = self.another_asset(self.issuer, maxHolders=10)
        self.issue({self.ann: 100})
        self.other.send("mint", self.ann, 50, sender=self.issuer)

    def confirm(self, lost: str, successor: str):
        """The register says that one wallet took another's place."""
        return self.registry.send("confirmLoss", lost, successor, sender=self.agent)

    def undo(self, lost: str):
        """The register says that it was not lost."""
        return self.registry.send("undoLoss", lost, sender=self.agent)

    def recover_other(self, lost: str, successor: str):
        """The other asset puts a wallet in the place of a lost one."""
        return self.other.send("recoveryAddress", lost, successor, ZERO, sender=self.issuer)

    def counted(self, token: Deployed) -> tuple[int, ...]:
        """Persons who hold a token, and what each of five holds."""
        ask = self.registry.call
        held = (ask("holdingOf", token.address, number) for number in (1, 2, 3, 8, 9))
        return (ask("holderCount", token.address), *held)

    def facts(self, *wallets: str) -> list[tuple[object, ...]]:
        """All that the register knows of wallets, and who may act on it."""
        names = ("investorOf", "identity", "successorOf", "isVerified", "isAgent")
        return [tuple(self.registry.call(name, wallet) for name in names) for wallet in wallets]


@pytest.fixture
def loss(kit) -> Loss:
    """Before anything is lost."""
    return Loss(kit)


@pytest.fixture
def book(loss) -> Deployed:
    """The register."""
    return loss.registry


# ---------------------------------------------------------------------- an asset's report


@pytest.mark.attack("K3")
def test_a_loss_that_an_asset_reports_binds_that_asset_only(loss, book):
    """Nothing known of any wallet changes, nor another asset's count: there the wallet still
    receives, sends, and can be registered anew (Law 30).
    """
    before = loss.facts(loss.ann, NEW), loss.counted(loss.token)
    receipt = loss.recover_other(loss.ann, NEW)
    assert receipt.named("LossReported") == [
        {"token": loss.other.address, "lost": loss.ann, "successor": NEW, "person": 1}
    ]
    assert receipt.named("WalletRecovered") == receipt.named("InvestorRegistered") == []
    assert (loss.facts(loss.ann, NEW), loss.counted(loss.token)) == before
    assert loss.other.call("canReceive", loss.ann) is False
    assert loss.counted(loss.other) == (1, 50, 0, 0, 0, 0)
    assert loss.token.call("canReceive", loss.ann) is True
    loss.issue({loss.ann: 1, loss.ben: 5})
    loss.move(loss.ann, loss.ben, 10)
    loss.move(loss.ben, loss.ann, 10)
    loss.know({loss.ann: investor(1, FRANCE)})
    assert loss.counted(loss.token) == (2, 101, 5, 0, 0, 0)


@pytest.mark.attack("K3")
def test_an_asset_makes_nobody_a_wallet_of_a_person(loss, book):
    """An agent of one asset, with a wallet of its own, gets neither another's place nor into the
    register by it.
    """
    thief = person(66)
    with refused("InvestorRegistry_UnknownWallet", thief):
        loss.recover_other(loss.ann, thief)
    with refused("InvestorRegistry_OtherPerson", loss.ben, 2, 1):
        loss.recover_other(loss.ann, loss.ben)
    with refused("InvestorRegistry_UnknownWallet", thief):
        loss.recover_other(thief, NEW)
    assert loss.facts(thief) == [(0, ZERO, ZERO, False, False)]
    assert loss.token.call("canReceive", thief) is False


def test_a_loss_is_reported_by_a_bound_token_or_its_rules_only(loss, book, kit):
    """Neither a stranger, nor another token's rules, nor a token that is not bound."""
    ann, token = loss.ann, loss.token
    for stranger in (loss.stranger, loss.agent, loss.owner):
        with refused("InvestorRegistry_NotRules", stranger, token.address):
            book.send("recover", token.address, ann, NEW, sender=stranger)
    puppet = kit.deploy("Puppet")
    foreign = kit.codec.call("InvestorRegistry", "recover", token.address, ann, NEW)
    with refused("InvestorRegistry_NotRules", puppet.address, token.address):
        puppet.send("say", book.address, foreign)
    own = kit.codec.call("InvestorRegistry", "recover", puppet.address, ann, NEW)
    with refused("InvestorRegistry_NotBound", puppet.address):
        puppet.send("say", book.address, own)
    book.send("bindToken", puppet.address, sender=loss.owner)
    reported = {"lost": ann, "successor": NEW, "person": 1}
    assert puppet.send("say", book.address, own).named("LossReported") == [
        {"token": puppet.address, **reported}
    ]
    loss.replace_rules(puppet.address)
    assert puppet.send("say", book.address, foreign).named("LossReported") == [
        {"token": token.address, **reported}
    ]
    with refused("InvestorRegistry_OwnSuccessor", ann):
        same = kit.codec.call("InvestorRegistry", "recover", token.address, ann, ann)
        puppet.send("say", book.address, same)


# ------------------------------------------------------------------------------ confirmed


def test_a_confirmed_loss_holds_for_all_assets(loss, book):
    """The wallet receives nothing, is not removed, and is in nobody's place; what it holds it can
    send, until its asset recovers it (Law 31).
    """
    receipt = loss.confirm(loss.ann, NEW)
    marked = investor(1, GERMANY, RETAIL, loss.kit.now + DAY, lost=True)
    assert receipt.events == (
        ("WalletRecovered", {"lost": loss.ann, "successor": NEW, "person": 1}),
        ("InvestorRegistered", {"wallet": loss.ann, "investor": marked}),
    )
    assert loss.facts(loss.ann) == [(marked, ZERO, NEW, False, False)]
    loss.issue({loss.ben: 5})
    for token, issuer in ((loss.token, loss.agent), (loss.other, loss.issuer)):
        with rules_refused(Code.NOT_ELIGIBLE, 0, loss.kit.now):
            token.send("mint", loss.ann, 1, sender=issuer)
    with rules_refused(Code.NOT_ELIGIBLE, 0, loss.kit.now):
        loss.move(loss.ben, loss.ann, 1)
    lost = (loss.ann, NEW)
    for name, *rest in (("deleteIdentity",), ("updateCountry", FRANCE)):
        with refused("InvestorRegistry_LostWallet", *lost):
            book.send(name, loss.ann, *rest, sender=loss.agent)
    with refused("InvestorRegistry_KnownWallet", loss.ann, 1):
        book.send("registerIdentity", loss.ann, ZERO, GERMANY, sender=loss.agent)
    with refused("InvestorRegistry_LostWallet", *lost):
        loss.report(NEW, loss.ann)
    loss.move(loss.ann, loss.ben, 40)
    loss.report(loss.ann, NEW)
    loss.recover_other(loss.ann, THIRD)
    assert loss.counted(loss.token) == (2, 60, 45, 0, 0, 0)
    assert (loss.held(NEW), loss.other.call("balanceOf", THIRD)) == ([60], 50)


def test_a_loss_that_makes_no_sense_is_not_confirmed(loss, book):
    """Each refusal names the wallet, and what stands in the way."""
    ann = loss.ann
    with refused("InvestorRegistry_OwnSuccessor", ann):
        loss.confirm(ann, ann)
    with refused("InvestorRegistry_UnknownWallet", person(5)):
        loss.confirm(person(5), NEW)
    with refused("InvestorRegistry_UnknownWallet", person(5)):
        loss.confirm(ann, person(5))
    with refused("InvestorRegistry_OtherPerson", loss.ben, 2, 1):
        loss.confirm(ann, loss.ben)
    with refused("InvestorRegistry_NotLost", ann):
        loss.undo(ann)
    loss.confirm(ann, NEW)
    for successor in (NEW, THIRD):
        with refused("InvestorRegistry_LostWallet", ann, NEW):
            loss.confirm(ann, successor)
    with refused("InvestorRegistry_LostWallet", ann, NEW):
        loss.confirm(NEW, ann)


@pytest.mark.parametrize("until", [0, 1, FOREVER])
def test_a_loss_undone_leaves_what_was_known_to_the_bit(loss, until):
    """Eligibility included, whatever it was, and as if nothing had happened (Law 31)."""
    known = investor(2**47 - 1, 999, PROFESSIONAL, until)
    loss.know({loss.dan: known, loss.eve: known})
    before = loss.facts(loss.dan, loss.eve)
    loss.confirm(loss.dan, loss.eve)
    receipt = loss.undo(loss.dan)
    assert receipt.events == (
        ("LossUndone", {"lost": loss.dan, "successor": loss.eve, "person": 2**47 - 1}),
        ("InvestorRegistered", {"wallet": loss.dan, "investor": known}),
    )
    assert loss.facts(loss.dan, loss.eve) == before
    loss.confirm(loss.eve, loss.dan)
    assert loss.facts(loss.dan) == before[:1]


def test_places_are_taken_in_a_line_and_never_in_a_circle(loss, book):
    """What is undone in the midst of it leaves both ends."""
    loss.confirm(loss.ann, NEW)
    loss.confirm(NEW, THIRD)
    for lost, successor in ((loss.ann, NEW), (NEW, THIRD)):
        with refused("InvestorRegistry_LostWallet", lost, successor):
            loss.confirm(THIRD, lost)
    loss.undo(NEW)
    with refused("InvestorRegistry_LostWallet", loss.ann, NEW):
        loss.confirm(THIRD, loss.ann)
    loss.confirm(THIRD, NEW)
    assert [book.call("successorOf", who) for who in (loss.ann, NEW, THIRD)] == [NEW, ZERO, NEW]


# ------------------------------------------------------------------- a person's new number


@pytest.mark.attack("C3")
def test_a_person_that_was_renumbered_after_a_loss_is_recovered_all_the_same(loss):
    """The number of the wallet that took the place counts, and the shares come to it."""
    loss.confirm(loss.ann, NEW)
    loss.report(loss.ann, NEW)
    now = investor(9, FRANCE, PROFESSIONAL)
    loss.know({NEW: now, THIRD: now})
    assert loss.counted(loss.token) == (1, 0, 0, 0, 0, 100)
    assert loss.counted(loss.other) == (1, 50, 0, 0, 0, 0)
    loss.know({loss.ben: investor(1)})
    with refused("InvestorRegistry_OtherPerson", loss.ben, 1, 9):
        loss.recover_other(loss.ann, loss.ben)
    loss.recover_other(loss.ann, THIRD)
    assert loss.counted(loss.other) == (1, 0, 0, 0, 0, 50)
    assert loss.registry.call("holderCountOfIn", loss.other.address, PROFESSIONAL, FRANCE) == 1
    loss.other.send("transfer", NEW, 50, sender=THIRD)
    assert loss.counted(loss.other) == (1, 0, 0, 0, 0, 50)


def test_a_lost_wallet_follows_its_person_to_another_number_and_stays_lost(loss, book):
    """So no person is counted as two while its asset has not recovered it; it is nobody else's."""
    loss.confirm(loss.ann, NEW)
    with refused("InvestorRegistry_OtherPerson", loss.ann, 9, 1):
        loss.know({loss.ann: investor(9)})
    now = investor(9, FRANCE, until=loss.kit.now + 5)
    loss.know({NEW: now, loss.ann: now})
    assert book.call("investorOf", loss.ann) == investor(
        9, FRANCE, until=loss.kit.now + 5, lost=True
    )
    assert book.call("isVerified", loss.ann) is False
    for token, shares in ((loss.token, 100), (loss.other, 50)):
        assert loss.counted(token) == (1, 0, 0, 0, 0, shares)
        assert book.call("holderCountIn", token.address, FRANCE) == 1
    with refused("InvestorRegistry_Malformed", loss.ann, now | 1 << 120):
        loss.know({loss.ann: now | 1 << 120})
    loss.undo(loss.ann)
    assert book.call("investorOf", loss.ann) == now


# ---------------------------------------------------------------------------------- roles


@pytest.mark.attack("K4")
def test_a_lost_wallet_keeps_no_role_and_gets_none(loss, book):
    """It registers nobody, is no agent again, and is offered no ownership (Law 31)."""
    agent = loss.agent
    loss.know({agent: investor(8), loss.eve: investor(8)})
    book.send("addAgent", loss.dan, sender=loss.owner)
    receipt = book.send("confirmLoss", agent, loss.eve, sender=loss.dan)
    assert receipt.named("AgentRemoved") == [{"agent": agent}]
    with refused("InvestorRegistry_NotAgent", agent):
        book.send("register", [agent], [investor(8)], sender=agent)
    with refused("InvestorRegistry_NotAgent", agent):
        book.send("undoLoss", agent, sender=agent)
    for name in ("addAgent", "transferOwnership"):
        with refused("InvestorRegistry_LostWallet", agent, loss.eve):
            book.send(name, agent, sender=loss.owner)
    assert book.call("pendingOwner") == ZERO
    book.send("undoLoss", agent, sender=loss.dan)
    assert book.call("isAgent", agent) is False
    book.send("addAgent", agent, sender=loss.owner)
    loss.know({loss.eve: investor(8, FRANCE)})


@pytest.mark.attack("K4")
def test_the_owners_wallet_is_not_confirmed_lost(loss, book):
    """Nor that of who is offered the ownership: a lost wallet would own the register."""
    offered = loss.dan
    loss.know({who: investor(8) for who in (loss.owner, offered, loss.eve)})
    with refused("InvestorRegistry_OwnersWallet", loss.owner):
        loss.confirm(loss.owner, loss.eve)
    book.send("transferOwnership", offered, sender=loss.owner)
    with refused("InvestorRegistry_OwnersWallet", offered):
        loss.confirm(offered, loss.eve)
    book.send("acceptOwnership", sender=offered)
    with refused("InvestorRegistry_OwnersWallet", offered):
        loss.confirm(offered, loss.eve)
    loss.confirm(loss.owner, loss.eve)
    with refused("InvestorRegistry_LostWallet", loss.owner, loss.eve):
        book.send("transferOwnership", loss.owner, sender=offered)
    with refused("OwnableUnauthorizedAccount", loss.stranger):
        book.send("transferOwnership", loss.dan, sender=loss.stranger)


# ------------------------------------------------------------------------------- unbound


@pytest.mark.attack("K3")
def test_an_asset_that_is_unbound_reports_nothing_and_is_not_counted(loss, book):
    """Its shares stand still under rules that count here, until others are in force; every other
    asset goes on (Law 30).
    """
    token, other = loss.token.address, loss.other.address
    with refused("OwnableUnauthorizedAccount", loss.agent):
        book.send("unbindToken", other, sender=loss.agent)
    receipt = book.send("unbindToken", other, sender=loss.owner)
    assert receipt.events == (("TokenUnbound", {"token": other}),)
    assert book.send("unbindToken", other, sender=loss.owner).events == ()
    assert book.call("tokens") == (token,)
    assert (loss.counted(loss.other), book.call("countKeeper", other)) == ((0,) * 6, ZERO)
    for what in (
        ("mint", loss.ann, 1), ("burn", loss.ann, 1), ("forcedTransfer", loss.ann, loss.ben, 1),
        ("recoveryAddress", loss.ann, NEW, ZERO),
    ):  # fmt: skip
        with refused("InvestorRegistry_NotBound", other):
            loss.other.send(*what, sender=loss.issuer)
    with refused("InvestorRegistry_NotBound", other):
        loss.other.send("transfer", loss.ben, 1, sender=loss.ann)
    with refused("InvestorRegistry_NotBound", other):
        book.send("count", other, [], sender=loss.agent)
    loss.know({loss.ann: investor(9)})
    loss.move(loss.ann, loss.ben, 1)
    assert loss.counted(loss.token) == (2, 0, 1, 0, 0, 99)
    loss.other.send("setCompliance", ZERO, sender=loss.issuer)
    loss.other.send("transfer", loss.ben, 1, sender=loss.ann)
    with refused("InvestorRegistry_NotBound", other):
        loss.other.send("recoveryAddress", loss.ann, NEW, ZERO, sender=loss.issuer)


def test_an_asset_that_is_bound_again_is_counted_anew(loss, book):
    """What an earlier count wrote is not in it, be it finished or under way."""
    other = loss.other.address
    wallets = sorted((loss.ann, loss.ben), key=str.lower)
    for page in ([], wallets[:1]):
        book.send("unbindToken", other, sender=loss.owner)
        book.send("bindToken", other, sender=loss.owner)
        with refused("InvestorRegistry_NotCounted", other, loss.other.call("compliance")):
            loss.other.send("transfer", loss.ben, 1, sender=loss.ann)
        book.send("count", other, page, sender=loss.agent)
    book.send("unbindToken", other, sender=loss.owner)
    book.send("bindToken", other, sender=loss.owner)
    book.send("count", other, wallets, sender=loss.agent)
    assert loss.counted(loss.other) == (1, 50, 0, 0, 0, 0)
    loss.other.send("transfer", loss.ben, 1, sender=loss.ann)
    assert loss.counted(loss.other) == (2, 49, 1, 0, 0, 0)


@pytest.mark.attack("H")
def test_an_asset_that_is_unbound_makes_room_for_another(loss, book):
    """Whichever it was of the 32; the others stay."""
    bound = list(book.call("tokens"))
    for index in range(30):
        book.send("bindToken", person(300 + index), sender=loss.owner)
        bound.append(person(300 + index))
    for gone in (bound[0], bound[-1], bound[7]):
        with refused("InvestorRegistry_TooManyTokens", 32):
            book.send("bindToken", person(99), sender=loss.owner)
        book.send("unbindToken", gone, sender=loss.owner)
        book.send("bindToken", person(99), sender=loss.owner)
        assert set(book.call("tokens")) == {*bound, person(99)} - {gone}
        book.send("unbindToken", person(99), sender=loss.owner)
        book.send("bindToken", gone, sender=loss.owner)

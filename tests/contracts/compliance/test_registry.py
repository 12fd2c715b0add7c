"""The register of investors: what it knows, who may tell it, and how it counts persons."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.compliant import (
    AMERICA,
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


@pytest.fixture
def counted(kit) -> Compliant:
    """A token whose persons are counted: at most ten."""
    return Compliant(kit, maxHolders=10)


@pytest.fixture
def book(counted):
    """Its registry."""
    return counted.registry


def sizes(harness: Compliant, country: int, kind: int) -> tuple[int, ...]:
    """Persons in all, of a country, of a class, of both; each asked by itself and all at once."""
    book, token = harness.registry, harness.token.address
    apart = (
        book.call("holderCount", token),
        book.call("holderCountIn", token, country),
        book.call("holderCountOf", token, kind),
        book.call("holderCountOfIn", token, kind, country),
    )
    assert book.call("sizes", token, country, kind) == apart
    return apart


# ------------------------------------------------------------------------- registering


def test_a_wallet_is_registered_with_its_person(counted, book):
    """Both families of events tell of it; every view reads it back."""
    wallet, known = person(1), investor(77, FRANCE, PROFESSIONAL, counted.kit.now)
    receipt = counted.know({wallet: known})
    assert receipt.events == (
        ("IdentityRegistered", {"investorAddress": wallet, "identity": ZERO}),
        ("InvestorRegistered", {"wallet": wallet, "investor": known}),
    )
    assert book.call("investorOf", wallet) == known
    assert book.call("investorsOf", wallet, counted.ann) == (known, investor(1))
    assert book.call("contains", wallet) is True
    assert book.call("isVerified", wallet) is True
    assert book.call("investorCountry", wallet) == FRANCE
    assert book.call("successorOf", wallet) == ZERO


def test_every_field_has_its_own_bits(counted, book):
    """The largest value of each field touches no other."""
    largest = (2**48 - 1, 999, 255, 2**48 - 1)
    for field, value in enumerate(largest):
        parts = [1, 0, 0, 0]
        parts[field] = value
        packed = investor(*parts)
        counted.know({person(1): packed})
        assert book.call("investorOf", person(1)) == packed
        assert book.call("investorCountry", person(1)) == parts[1]


def test_a_batch_registers_in_order_and_the_last_word_counts(counted, book):
    """A wallet named twice is first new, then changed."""
    wallets = [person(1), person(2), person(1)]
    known = [investor(8), investor(9), investor(8, FRANCE)]
    receipt = book.send("register", wallets, known, sender=counted.agent)
    assert len(receipt.named("IdentityRegistered")) == 2
    assert book.call("investorOf", person(1)) == investor(8, FRANCE)


@pytest.mark.parametrize(("wallets", "investors"), [(2, 1), (1, 2), (0, 1), (1, 0)])
def test_a_batch_of_unequal_lists_is_refused(counted, book, wallets, investors):
    """With both lengths."""
    people = [person(i) for i in range(wallets)]
    with refused("InvestorRegistry_LengthMismatch", wallets, investors):
        book.send("register", people, [investor(9)] * investors, sender=counted.agent)
    with refused("InvestorRegistry_LengthMismatch", wallets, investors):
        book.send(
            "batchRegisterIdentity", people, [ZERO] * investors, [GERMANY] * wallets,
            sender=counted.agent,
        )  # fmt: skip
    with refused("InvestorRegistry_LengthMismatch", wallets, investors):
        book.send(
            "batchRegisterIdentity", people, [ZERO] * wallets, [GERMANY] * investors,
            sender=counted.agent,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("wallet", "packed"),
    [
        (ZERO, investor(1)),
        (person(1), investor(0)),
        (person(1), 0),
        (person(1), investor(1) | 1 << 120),
        (person(1), investor(1) | 1 << 121),
        (person(1), investor(1) | 1 << 255),
        (person(1), investor(1, 1_000)),
        (person(1), investor(1, 65_535)),
    ],
)
def test_what_makes_no_sense_is_refused(counted, wallet, packed):
    """No wallet, no person, bits where none belong, or a country that cannot be."""
    with refused("InvestorRegistry_Malformed", wallet, packed):
        counted.know({wallet: packed})


def test_eligibility_ends_with_its_last_second(counted, book):
    """By itself: nobody has to do anything."""
    counted.know({person(1): investor(9, until=counted.kit.now + 5)})
    counted.kit.now += 5
    assert book.call("isVerified", person(1)) is True
    counted.kit.now += 1
    assert book.call("isVerified", person(1)) is False
    assert book.call("contains", person(1)) is True


# ------------------------------------------------------------------------ ERC-3643 parts


def test_the_functions_of_erc3643_register_change_and_remove(counted, book):
    """Each with its event; a wallet so registered is a person of its own, eligible for ever."""
    agent, wallet, other = counted.agent, person(1), person(2)
    receipt = book.send("registerIdentity", wallet, person(51), GERMANY, sender=agent)
    assert receipt.named("IdentityRegistered") == [
        {"investorAddress": wallet, "identity": person(51)}
    ]
    assert book.call("identity", wallet) == person(51)
    book.send("batchRegisterIdentity", [other], [person(52)], [FRANCE], sender=agent)
    first, second = book.call("investorOf", wallet), book.call("investorOf", other)
    assert first == investor(1 << 47, GERMANY, 0)
    assert second == investor((1 << 47) + 1, FRANCE, 0)
    receipt = book.send("updateCountry", wallet, AMERICA, sender=agent)
    assert receipt.named("CountryUpdated") == [{"investorAddress": wallet, "country": AMERICA}]
    assert book.call("investorCountry", wallet) == AMERICA
    receipt = book.send("updateIdentity", wallet, person(53), sender=agent)
    assert receipt.events == (
        ("IdentityUpdated", {"oldIdentity": person(51), "newIdentity": person(53)}),
    )
    receipt = book.send("deleteIdentity", wallet, sender=agent)
    assert receipt.events == (
        ("IdentityRemoved", {"investorAddress": wallet, "identity": person(53)}),
        ("InvestorRegistered", {"wallet": wallet, "investor": 0}),
    )
    assert book.call("contains", wallet) is False
    assert (book.call("identity", wallet), book.call("investorOf", wallet)) == (ZERO, 0)


def test_the_functions_of_erc3643_refuse_what_is_not_there_or_is_there_already(counted, book):
    """With the wallet, and the person it belongs to."""
    agent = counted.agent
    with refused("InvestorRegistry_KnownWallet", counted.ann, 1):
        book.send("registerIdentity", counted.ann, ZERO, GERMANY, sender=agent)
    for name, *rest in (("deleteIdentity",), ("updateCountry", 1), ("updateIdentity", ZERO)):
        with refused("InvestorRegistry_UnknownWallet", person(1)):
            book.send(name, person(1), *rest, sender=agent)
    with refused("InvestorRegistry_Malformed", counted.ann, investor(1, 1_000)):
        book.send("updateCountry", counted.ann, 1_000, sender=agent)


def test_there_are_no_claims_to_trust(counted, book):
    """The registry stores identities itself, and takes no other contract for it."""
    assert book.call("identityStorage") == book.address
    assert (book.call("issuersRegistry"), book.call("topicsRegistry")) == (ZERO, ZERO)
    for name in ("setIdentityRegistryStorage", "setClaimTopicsRegistry",
                 "setTrustedIssuersRegistry"):  # fmt: skip
        with refused("InvestorRegistry_NoClaims"):
            book.send(name, person(1), sender=counted.owner)


# --------------------------------------------------------------------------- re-registering


@pytest.mark.attack("F4")
def test_a_change_of_country_and_class_moves_the_count(counted, book):
    """By either function, for who holds; who holds nothing is in no count."""
    counted.issue({counted.ann: 10, counted.ben: 20})
    assert sizes(counted, GERMANY, RETAIL) == (2, 2, 2, 2)
    book.send("updateCountry", counted.ann, FRANCE, sender=counted.agent)
    assert sizes(counted, GERMANY, RETAIL) == (2, 1, 2, 1)
    assert sizes(counted, FRANCE, RETAIL) == (2, 1, 2, 1)
    counted.know({counted.ann: investor(1, FRANCE, PROFESSIONAL)})
    assert sizes(counted, FRANCE, PROFESSIONAL) == (2, 1, 1, 1)
    assert sizes(counted, FRANCE, RETAIL) == (2, 1, 1, 0)
    counted.know({counted.cid: investor(3, FRANCE, PROFESSIONAL)})
    assert sizes(counted, FRANCE, PROFESSIONAL) == (2, 1, 1, 1)
    counted.burn(counted.ann, 10)
    assert sizes(counted, FRANCE, PROFESSIONAL) == (1, 0, 0, 0)


def test_a_wallet_that_moves_to_another_person_takes_its_shares_along(counted):
    """Two holders become one, and two again."""
    counted.issue({counted.ann: 10, counted.ben: 20})
    counted.know({counted.ben: investor(1)})
    assert (counted.persons(), counted.holding(1), counted.holding(2)) == (1, 30, 0)
    counted.know({counted.ben: investor(6, AMERICA)})
    assert (counted.persons(), counted.holding(1), counted.holding(6)) == (2, 10, 20)
    assert sizes(counted, AMERICA, RETAIL) == (2, 1, 2, 1)


def test_registering_the_same_again_changes_nothing(counted):
    """Nor does a later expiry."""
    counted.issue({counted.ann: 10})
    counted.know({counted.ann: investor(1)})
    counted.know({counted.ann: investor(1, until=counted.kit.now + DAY)})
    assert sizes(counted, GERMANY, RETAIL) == (1, 1, 1, 1)


def test_who_holds_counted_shares_cannot_be_removed(counted, book):
    """With the token and the balance; once the shares are gone, it can."""
    counted.issue({counted.ann: 10})
    with refused("InvestorRegistry_HoldsShares", counted.ann, counted.token.address, 10):
        book.send("deleteIdentity", counted.ann, sender=counted.agent)
    counted.move(counted.ann, counted.ben, 10)
    book.send("deleteIdentity", counted.ann, sender=counted.agent)
    with rules_refused(Code.NOT_ELIGIBLE, 0, counted.kit.now):
        counted.move(counted.ben, counted.ann, 1)


# ------------------------------------------------------------------------------- counting


@pytest.mark.attack("F4")
def test_a_holder_is_counted_from_the_first_share_to_the_last(counted):
    """By issue, transfer, force and burn, to oneself and of nothing."""
    ann, ben = counted.ann, counted.ben
    counted.issue({ann: 10, ben: 0})
    assert counted.persons() == 1
    counted.move(ann, ann, 10)
    counted.move(ann, ben, 0)
    counted.force(ann, ann, 10)
    assert counted.persons() == 1
    counted.move(ann, ben, 4)
    assert counted.persons() == 2
    counted.force(ann, ben, 6)
    assert (counted.persons(), counted.holding(1), counted.holding(2)) == (1, 0, 10)
    counted.burn(ben, 10)
    assert sizes(counted, GERMANY, RETAIL) == (0, 0, 0, 0)


def pages(harness: Compliant, size: int) -> list[list[str]]:
    """All wallets, in ascending order, so many at a time."""
    wallets = sorted(harness.people, key=str.lower)
    return [wallets[at : at + size] for at in range(0, len(wallets), size)]


@pytest.fixture
def uncounted(kit) -> Compliant:
    """Three of five hold, and rules that count have just been put in force."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 10, harness.cid: 20, harness.eve: 30})
    harness.rules = harness.make_rules(maxHolders=10)
    harness.replace_rules(harness.rules.address)
    return harness


@pytest.mark.parametrize("size", [1, 2, 5])
def test_holders_are_counted_in_pages(uncounted, size):
    """Until the last share is counted nothing moves; then the rules keep the count."""
    harness, token, agent = uncounted, uncounted.token, uncounted.agent
    harness.know({harness.eve: investor(1)})
    uncounted_yet = ("InvestorRegistry_NotCounted", token.address, harness.rules.address)
    for page in pages(harness, size):
        with refused(*uncounted_yet):
            harness.move(harness.ann, harness.ben, 1)
        with refused(*uncounted_yet):
            harness.issue({harness.ben: 1})
        with refused(*uncounted_yet):
            harness.burn(harness.ann, 1)
        with refused(*uncounted_yet):
            harness.force(harness.ann, harness.ben, 1)
        assert harness.registry.call("countKeeper", token.address) == ZERO
        receipt = harness.registry.send("count", token.address, page, sender=agent)
    assert receipt.named("CountKept") == [
        {"token": token.address, "rules": harness.rules.address, "holders": 2}
    ]
    assert harness.registry.call("countKeeper", token.address) == harness.rules.address
    assert (harness.persons(), harness.holding(1), harness.holding(3)) == (2, 40, 20)
    harness.move(harness.ann, harness.ben, 1)
    assert harness.registry.send("count", token.address, [harness.ann], sender=agent).events == ()


def test_a_wallet_is_not_counted_twice(uncounted):
    """Pages ascend, within themselves and from one to the next."""
    first, second, *_ = sorted(uncounted.people, key=str.lower)
    token, agent, book = uncounted.token.address, uncounted.agent, uncounted.registry
    with refused("InvestorRegistry_NotAscending", first, first):
        book.send("count", token, [first, first], sender=agent)
    book.send("count", token, [second], sender=agent)
    with refused("InvestorRegistry_NotAscending", second, first):
        book.send("count", token, [first], sender=agent)
    with refused("InvestorRegistry_NotAscending", second, second):
        book.send("count", token, [second], sender=agent)


def test_a_count_needs_a_bound_token_rules_that_count_and_known_holders(uncounted):
    """Each refusal says what is missing."""
    harness, agent, book = uncounted, uncounted.agent, uncounted.registry
    with refused("InvestorRegistry_NotBound", person(1)):
        book.send("count", person(1), [], sender=agent)
    book.send("deleteIdentity", harness.cid, sender=agent)
    with refused("InvestorRegistry_UnknownWallet", harness.cid):
        book.send("count", harness.token.address, pages(harness, 5)[0], sender=agent)
    rules = harness.make_rules()
    harness.replace_rules(rules.address)
    with refused("InvestorRegistry_NotCounting", harness.token.address, rules.address):
        book.send("count", harness.token.address, pages(harness, 5)[0], sender=agent)


def test_registrations_during_a_count_are_not_lost(uncounted):
    """Of wallets before and after the page: the count at the end is right, and nobody who is in
    it can be removed.
    """
    harness, token, agent, book = uncounted, uncounted.token, uncounted.agent, uncounted.registry
    first, rest = pages(harness, 3)
    book.send("count", token.address, first, sender=agent)
    harness.know({harness.ann: investor(6, FRANCE), harness.eve: investor(6, FRANCE)})
    with refused("InvestorRegistry_HoldsShares", harness.ann, token.address, 10):
        book.send("deleteIdentity", harness.ann, sender=agent)
    book.send("count", token.address, rest, sender=agent)
    assert (harness.persons(), harness.holding(6), harness.holding(1)) == (2, 40, 0)
    assert sizes(harness, FRANCE, RETAIL) == (2, 1, 2, 1)


def test_a_recovery_during_a_count_starts_it_again(uncounted):
    """Shares that jump over the page are neither missed nor counted twice."""
    harness, token, agent, book = uncounted, uncounted.token, uncounted.agent, uncounted.registry
    first, _ = pages(harness, 3)
    book.send("count", token.address, first, sender=agent)
    harness.recover(harness.ann, person(1))
    harness.count(person(1))
    assert (harness.persons(), harness.holding(1)) == (3, 10)


def test_a_count_is_forgotten_when_the_rules_change_meanwhile(uncounted):
    """What moved under other rules is not in it."""
    harness, token, agent, book = uncounted, uncounted.token, uncounted.agent, uncounted.registry
    counting = harness.rules
    first, rest = pages(harness, 3)
    book.send("count", token.address, first, sender=agent)
    harness.replace_rules(ZERO)
    harness.move(harness.ann, harness.ben, 4)
    harness.move(harness.cid, harness.ann, 4)
    harness.replace_rules(counting.address)
    book.send("count", token.address, rest, sender=agent)
    assert book.call("countKeeper", token.address) == ZERO
    harness.replace_rules(ZERO)
    harness.replace_rules(counting.address)
    harness.count()
    assert (harness.persons(), harness.holding(2), harness.holding(3)) == (4, 4, 16)


def test_rules_that_count_hand_over_to_rules_that_count(counted, book):
    """Without a new count, and with the same numbers."""
    counted.issue({counted.ann: 10, counted.ben: 20})
    other = counted.make_rules(maxHolding=50)
    receipt = counted.replace_rules(other.address)
    assert receipt.named("CountKept") == [
        {"token": counted.token.address, "rules": other.address, "holders": 2}
    ]
    counted.move(counted.ann, counted.cid, 10)
    assert (counted.persons(), counted.holding(3)) == (2, 10)


@pytest.mark.parametrize("between", ["none", "plain", "other registry", "foreign"])
def test_rules_that_do_not_count_here_end_the_count(counted, book, kit, between):
    """What moves under them is not booked, so nothing may rely on old numbers: neither a change
    of registration, nor a removal, nor the old rules when they come back.
    """
    counted.issue({counted.ann: 10, counted.ben: 20})
    elsewhere = kit.deploy("InvestorRegistry", counted.owner, [])
    rules = {
        "none": lambda: ZERO,
        "plain": lambda: counted.make_rules().address,
        "other registry": lambda: counted.make_rules(
            maxHolders=5, registry=elsewhere.address
        ).address,
        "foreign": lambda: kit.deploy("ForeignCompliance").address,
    }[between]()  # fmt: skip
    counted.replace_rules(rules)
    assert book.call("countKeeper", counted.token.address) == ZERO
    if between in {"none", "plain"}:
        counted.move(counted.ann, counted.cid, 10)
        counted.move(counted.ben, counted.ann, 5)
    counted.know({counted.ann: investor(1, FRANCE), counted.cid: investor(8)})
    counted.replace_rules(counted.rules.address)
    with refused("InvestorRegistry_NotCounted", counted.token.address, counted.rules.address):
        counted.move(counted.ben, counted.ann, 1)
    counted.count()
    holders = sum(amount > 0 for amount in counted.held(*counted.people))
    assert counted.persons() == holders
    assert sizes(counted, FRANCE, RETAIL)[1] == (counted.held(counted.ann)[0] > 0)


def test_no_country_and_no_class_are_groups_of_their_own(counted):
    """A person without one counts in it, and not in the other."""
    counted.know({counted.ann: investor(1, 0, 0), counted.ben: investor(2, FRANCE, 0)})
    counted.know({counted.cid: investor(3, 0, RETAIL)})
    counted.issue({counted.ann: 10, counted.ben: 10, counted.cid: 10})
    found = [sizes(counted, country, kind) for country, kind in ((0, 0), (FRANCE, 0), (0, RETAIL))]
    assert found == [(3, 2, 2, 1), (3, 1, 2, 1), (3, 2, 1, 1)]


def test_two_tokens_of_one_issuer_are_counted_apart(counted, book):
    """A registration moves the count of both."""
    second = counted.another_asset(counted.owner, maxHolders=3)
    counted.issue({counted.ann: 10, counted.ben: 10})
    second.send("mint", counted.ann, 5, sender=counted.owner)
    counted.know({counted.ann: investor(9, FRANCE)})
    for token, persons in ((counted.token, 2), (second, 1)):
        assert book.call("holderCount", token.address) == persons
        assert book.call("holderCountIn", token.address, FRANCE) == 1
        assert book.call("holdingOf", token.address, 1) == 0
    assert book.call("tokens") == (counted.token.address, second.address)


# ----------------------------------------------------------------- bound tokens, and limits


def test_a_token_is_bound_once(counted, book):
    """Binding it again changes nothing and says nothing."""
    receipt = book.send("bindToken", person(1), sender=counted.owner)
    assert receipt.events == (("TokenBound", {"token": person(1)}),)
    assert book.send("bindToken", person(1), sender=counted.owner).events == ()
    assert book.call("tokens") == (counted.token.address, person(1))


@pytest.mark.attack("H")
def test_no_more_tokens_are_bound_than_can_be_looked_through(counted, book):
    """The 33rd is refused; with 32 a change of registration still fits a block many times."""
    counted.issue({counted.ann: 10})
    for index in range(31):
        book.send("bindToken", person(index), sender=counted.owner)
    with refused("InvestorRegistry_TooManyTokens", 32):
        book.send("bindToken", person(99), sender=counted.owner)
    assert counted.know({counted.ann: investor(6, FRANCE)}).gas < 500_000


@pytest.mark.attack("H")
def test_the_last_owner_cannot_leave(counted, book):
    """Nobody could appoint agents after that."""
    with refused("InvestorRegistry_OwnerRequired"):
        book.send("renounceOwnership", sender=counted.owner)
    with refused("OwnableUnauthorizedAccount", counted.ann):
        book.send("renounceOwnership", sender=counted.ann)


def test_the_owner_is_no_agent_by_itself(kit):
    """Agents are named to the constructor, none or several; the owner may be one of them."""
    owner, *others = kit.accounts[:3]
    for agents in ([], others, [owner]):
        book = kit.deploy("InvestorRegistry", owner, agents)
        appointed = [{"agent": agent} for agent in agents]
        assert book.receipt.named("AgentAdded") == appointed
        for account in (owner, *others):
            assert book.call("isAgent", account) is (account in agents)


def test_an_agent_is_added_and_removed_once(counted, book):
    """Adding one twice, or removing one who is none, says nothing."""
    ann, owner = counted.ann, counted.owner
    assert book.send("removeAgent", ann, sender=owner).events == ()
    assert book.send("addAgent", ann, sender=owner).events == (("AgentAdded", {"agent": ann}),)
    assert book.send("addAgent", ann, sender=owner).events == ()
    assert book.send("removeAgent", ann, sender=owner).events == (("AgentRemoved", {"agent": ann}),)
    assert book.call("isAgent", ann) is False

"""The rules: each alone, all together, and contracts of other people in their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chainkit import ZERO, Codec, RevmKit
from tests.contracts.compliant import (
    ALL_BUT,
    AMERICA,
    FRANCE,
    GERMANY,
    LIMITLESS,
    ONLY,
    PROFESSIONAL,
    RETAIL,
    SETTINGS,
    Compliant,
    bitmap,
    investor,
    rules_refused,
)
from tests.contracts.harness import DAY, Harness, person, refused
from tests.model.register import Code

NOW = RevmKit.START


def stopped(harness: Compliant, amount: int, code: Code, value: int, limit: int) -> None:
    """A transfer from Ann to Ben is refused with this, by the transfer and by both views."""
    with rules_refused(code, value, limit):
        harness.move(harness.ann, harness.ben, amount)
    assert harness.explained(harness.ann, harness.ben, amount)[0][0] == (code, value, limit)
    assert harness.token.call("canTransfer", harness.ann, harness.ben, amount) is False


def moved(harness: Compliant, amount: int) -> None:
    """A transfer from Ann to Ben passes, and the views say so beforehand."""
    assert harness.explained(harness.ann, harness.ben, amount)[0] == []
    assert harness.token.call("canTransfer", harness.ann, harness.ben, amount) is True
    harness.move(harness.ann, harness.ben, amount)


# ---------------------------------------------------------------------- one by one


def test_everything_that_a_token_itself_refuses_is_told_at_once(kit):
    """Without rules, and with a registry: five reasons, and nothing would pass."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 10})
    harness.replace_rules(ZERO)
    harness.registry.send("deleteIdentity", harness.ben, sender=harness.agent)
    harness.token.send("freezePartialTokens", harness.ann, 4, sender=harness.agent)
    for wallet in (harness.ann, harness.ben):
        harness.token.send("setAddressFrozen", wallet, True, sender=harness.agent)
    harness.token.send("pause", sender=harness.agent)
    assert harness.explained(harness.ann, harness.ben, 7) == (
        [
            (Code.PAUSED, 0, 0), (Code.SENDER_BLOCKED, 0, 0), (Code.RECEIVER_BLOCKED, 0, 0),
            (Code.AMOUNT_FROZEN, 7, 6), (Code.NOT_ELIGIBLE, 0, 0),
        ],
        0,
    )  # fmt: skip


def test_a_receiver_must_be_registered(kit):
    """Nobody who is not in the registry receives; who leaves it may still send."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100})
    harness.registry.send("deleteIdentity", harness.ben, sender=harness.agent)
    harness.registry.send("deleteIdentity", harness.ann, sender=harness.agent)
    stopped(harness, 1, Code.NOT_ELIGIBLE, 0, NOW)
    harness.know({harness.ben: investor(2)})
    moved(harness, 100)


def test_eligibility_ends_by_itself_between_two_seconds(kit):
    """In the last second it holds, in the next not: for a transfer, an issue and a force."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100})
    end = harness.kit.now + DAY
    harness.know({harness.ben: investor(2, until=end), harness.ann: investor(1, until=end)})
    harness.kit.now = end
    moved(harness, 1)
    harness.issue({harness.ben: 1})
    harness.force(harness.ann, harness.ben, 1)
    harness.kit.now = end + 1
    stopped(harness, 1, Code.NOT_ELIGIBLE, end, end + 1)
    with rules_refused(Code.NOT_ELIGIBLE, end, end + 1):
        harness.issue({harness.ben: 1})
    with rules_refused(Code.NOT_ELIGIBLE, end, end + 1):
        harness.force(harness.ann, harness.ben, 1)
    harness.move(harness.ann, harness.cid, 1)


@pytest.mark.parametrize("listed", [ONLY, ALL_BUT])
@pytest.mark.parametrize("country", [0, 1, 255, 256, 511, 512, 767, 768, 999])
def test_a_country_is_a_bit(kit, listed, country):
    """Allowed by the one list, blocked by the other, at the edges of the four words; 0, which is no
    country, by either (Law 32).
    """
    others = bitmap({*range(1_000)} - {country})
    harness = Compliant(kit, listed=listed, countries=others)
    harness.issue({harness.ann: 100})
    neighbour = country + 1 if country < 999 else 998
    harness.know({harness.ben: investor(2, country), harness.cid: investor(3, neighbour)})
    if listed == ONLY or country == 0:
        stopped(harness, 1, Code.COUNTRY, country, 0)
    else:
        moved(harness, 1)
    if listed == ONLY:
        harness.move(harness.ann, harness.cid, 1)
    else:
        with rules_refused(Code.COUNTRY, neighbour, 0):
            harness.move(harness.ann, harness.cid, 1)


def test_a_list_of_countries_ends_with_its_last_second(kit):
    """A distribution period binds in its last second and not after."""
    harness = Compliant(kit, listed=ALL_BUT, countries=bitmap([GERMANY]), listedUntil=NOW + DAY)
    harness.issue({harness.ann: 100})
    harness.kit.now = NOW + DAY
    stopped(harness, 1, Code.COUNTRY, GERMANY, 0)
    harness.kit.now += 1
    moved(harness, 1)


def test_countries_without_a_list_are_all_welcome(kit):
    """The bits mean nothing until it is said what they mean."""
    harness = Compliant(kit, countries=bitmap([FRANCE]))
    harness.issue({harness.ann: 100})
    moved(harness, 1)


@pytest.mark.parametrize("kind", [0, 1, 2, 254, 255])
def test_a_class_is_a_bit(kit, kind):
    """Only investors of the classes named may receive."""
    harness = Compliant(kit, classes=1 << kind)
    harness.issue({harness.ann: 100})
    harness.know({harness.ben: investor(2, kind=kind)})
    moved(harness, 1)
    other = kind ^ 1
    harness.know({harness.ben: investor(2, kind=other)})
    stopped(harness, 1, Code.CLASS, other, 1 << kind)


def test_a_window_opens_and_closes_with_its_seconds(kit):
    """Both ends belong to it."""
    harness = Compliant(kit, opensAt=NOW + 10, closesAt=NOW + 20)
    harness.issue({harness.ann: 100})
    harness.kit.now = NOW + 9
    stopped(harness, 1, Code.WINDOW_CLOSED, NOW + 9, NOW + 10)
    for harness.kit.now in (NOW + 10, NOW + 20):
        moved(harness, 1)
    harness.kit.now = NOW + 21
    stopped(harness, 1, Code.WINDOW_CLOSED, NOW + 21, NOW + 20)


LIMITS = {
    "maxHolders": (Code.MAX_HOLDERS, {}),
    "maxHoldersInCountry": (Code.MAX_HOLDERS_IN_COUNTRY, {"country": FRANCE}),
    "maxHoldersOfClass": (Code.MAX_HOLDERS_OF_CLASS, {"kind": PROFESSIONAL}),
    "maxHoldersOfClassInCountry": (
        Code.MAX_HOLDERS_OF_CLASS_IN_COUNTRY, {"country": FRANCE, "kind": PROFESSIONAL},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", LIMITS)
def test_a_number_of_persons_can_be_reached_and_not_exceeded(kit, rule):
    """The second person is one too many; a holder may have more, and may be replaced."""
    code, other = LIMITS[rule]
    harness = Compliant(kit, **{rule: 1}, limitedClass=RETAIL)
    harness.issue({harness.ann: 100})
    assert harness.persons() == 1
    stopped(harness, 99, code, 2, 1)
    assert harness.explained(harness.ann, harness.ben, 99)[1] == 100
    moved(harness, 100)
    harness.move(harness.ben, harness.ann, 100)
    if other:
        harness.know({harness.ben: investor(2, **other)})
        moved(harness, 1)
        harness.know({harness.cid: investor(3, **other)})
        same_group = rule != "maxHoldersOfClass" and "country" in other
        if same_group and rule == "maxHoldersInCountry":
            with rules_refused(code, 2, 1):
                harness.move(harness.ann, harness.cid, 1)
        else:
            harness.move(harness.ann, harness.cid, 1)


def test_another_wallet_of_a_holder_is_not_another_person(kit):
    """Two wallets of one person count once, whichever of them holds."""
    harness = Compliant(kit, maxHolders=2)
    harness.know({harness.cid: investor(2)})
    harness.issue({harness.ann: 100, harness.ben: 10})
    harness.move(harness.ann, harness.cid, 5)
    harness.move(harness.ben, harness.cid, 10)
    assert (harness.persons(), harness.holding(2)) == (2, 15)
    with rules_refused(Code.MAX_HOLDERS, 3, 2):
        harness.move(harness.ann, harness.dan, 5)


def test_who_was_there_before_a_lower_limit_may_move_shares_between_own_wallets(kit):
    """Not a new holder, for the transfer as for its explanation, though all shares move."""
    harness = Compliant(kit)
    harness.know({harness.cid: investor(2)})
    harness.issue({harness.ann: 100, harness.ben: 10})
    harness.put_in_force(maxHolders=1)
    assert harness.explained(harness.ben, harness.cid, 10) == ([], 10)
    harness.move(harness.ben, harness.cid, 10)
    harness.move(harness.cid, harness.cid, 10)
    assert harness.persons() == 2


def test_a_person_may_hold_so_much_and_no_more(kit):
    """The sum over the person's wallets counts, and moving between them changes nothing."""
    harness = Compliant(kit, maxHolding=50)
    harness.know({harness.cid: investor(2)})
    harness.issue({harness.ann: 50, harness.dan: 50, harness.cid: 20})
    stopped(harness, 31, Code.MAX_HOLDING, 51, 50)
    assert harness.explained(harness.ann, harness.ben, 31)[1] == 30
    moved(harness, 30)
    harness.move(harness.ben, harness.cid, 30)
    with rules_refused(Code.MAX_HOLDING, 51, 50):
        harness.move(harness.dan, harness.ben, 1)


def test_a_person_holds_so_much_or_nothing(kit):
    """Neither giver nor receiver may be left with less than the minimum, but for nothing at all."""
    harness = Compliant(kit, minHolding=10)
    harness.issue({harness.ann: 100})
    stopped(harness, 9, Code.MIN_HOLDING_TAKER, 9, 10)
    stopped(harness, 91, Code.MIN_HOLDING_GIVER, 9, 10)
    assert harness.explained(harness.ann, harness.ben, 91)[1] == 100
    moved(harness, 90)
    moved(harness, 10)
    assert harness.held(harness.ann, harness.ben) == [0, 100]


def test_nothing_can_be_transferred_to_who_holds_nothing(kit):
    """A transfer of nothing makes nobody a holder, under any rule about holders."""
    harness = Compliant(kit, minHolding=10, maxHolders=1, maxHolding=100)
    harness.issue({harness.ann: 100})
    moved(harness, 0)
    assert harness.persons() == 1


def test_the_supply_has_a_cap(kit):
    """It can be reached by issuing and not exceeded; what is burned can be issued again."""
    harness = Compliant(kit, supplyCap=100)
    harness.issue({harness.ann: 99})
    with rules_refused(Code.SUPPLY_CAP, 101, 100):
        harness.issue({harness.ben: 2})
    with rules_refused(Code.SUPPLY_CAP, 101, 100):
        harness.issue({harness.ben: 1, harness.cid: 1})
    harness.issue({harness.ben: 1})
    moved(harness, 1)
    harness.burn(harness.ann, 98)
    harness.issue({harness.ben: 98})


def test_acquired_shares_are_locked(kit):
    """For the days of the lock-up after the day they were acquired."""
    harness = Compliant(kit, lockUp=10 * DAY)
    harness.issue({harness.ann: 100})
    released = (NOW // DAY + 11) * DAY
    harness.kit.now = released - 1
    stopped(harness, 1, Code.LOCKED_UP, 1, 0)
    harness.kit.now = released
    moved(harness, 100)


# ------------------------------------------------------------------------- together


def test_every_broken_rule_is_listed_in_the_order_of_the_codes(kit):
    """One question tells all that stands in the way; the transfer names the first of it."""
    harness = Compliant(kit)
    harness.know({
        harness.ben: investor(2, AMERICA, PROFESSIONAL, NOW - 1),
        harness.cid: investor(3, AMERICA, PROFESSIONAL),
    })  # fmt: skip
    harness.issue({harness.ann: 100, harness.cid: 1})
    harness.put_in_force(
        listed=ONLY, countries=bitmap([GERMANY]), classes=1 << RETAIL, opensAt=NOW + 10,
        maxHolders=2, maxHoldersInCountry=1, limitedClass=PROFESSIONAL, maxHoldersOfClass=1,
        maxHoldersOfClassInCountry=1, maxHolding=3, minHolding=3, lockUp=DAY,
    )  # fmt: skip
    harness.issue({harness.ann: 1})
    token, agent = harness.token, harness.agent
    token.send("setFrozenTokens", harness.ann, 2, sender=agent)
    harness.freeze(harness.ann)
    harness.freeze(harness.ben)
    token.send("pause", sender=agent)
    refusals, most = harness.explained(harness.ann, harness.ben, 100)
    assert most == 0
    assert refusals == [
        (Code.PAUSED, 0, 0),
        (Code.SENDER_BLOCKED, 0, 0),
        (Code.RECEIVER_BLOCKED, 0, 0),
        (Code.AMOUNT_FROZEN, 100, 99),
        (Code.NOT_ELIGIBLE, NOW - 1, NOW),
        (Code.COUNTRY, AMERICA, 0),
        (Code.CLASS, PROFESSIONAL, 1 << RETAIL),
        (Code.WINDOW_CLOSED, NOW, NOW + 10),
        (Code.MAX_HOLDERS, 3, 2),
        (Code.MAX_HOLDERS_IN_COUNTRY, 2, 1),
        (Code.MAX_HOLDERS_OF_CLASS, 2, 1),
        (Code.MAX_HOLDERS_OF_CLASS_IN_COUNTRY, 2, 1),
        (Code.MAX_HOLDING, 100, 3),
        (Code.MIN_HOLDING_GIVER, 1, 3),
    ]
    token.send("unpause", sender=agent)
    harness.freeze(harness.ann, False)
    harness.freeze(harness.ben, False)
    with rules_refused(Code.NOT_ELIGIBLE, NOW - 1, NOW):
        harness.move(harness.ann, harness.ben, 90)
    assert harness.explained(harness.ann, harness.dan, 101) == (
        [
            (Code.AMOUNT_FROZEN, 101, 99),
            (Code.WINDOW_CLOSED, NOW, NOW + 10),
            (Code.MAX_HOLDING, 101, 3),
            (Code.LOCKED_UP, 101, 100),
        ],
        0,
    )


def test_a_pause_or_a_frozen_wallet_leaves_nothing_to_transfer(kit):
    """The most is zero whatever was asked, an amount over the balance too."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100})
    for amount in (0, 1, 100, 101, LIMITLESS):
        harness.token.send("pause", sender=harness.agent)
        assert harness.explained(harness.ann, harness.ben, amount) == ([(Code.PAUSED, 0, 0)], 0)
        harness.token.send("unpause", sender=harness.agent)
        for wallet, code in (
            (harness.ann, Code.SENDER_BLOCKED), (harness.ben, Code.RECEIVER_BLOCKED),
        ):  # fmt: skip
            harness.freeze(wallet)
            assert harness.explained(harness.ann, harness.ben, amount) == ([(code, 0, 0)], 0)
            harness.freeze(wallet, False)
        assert harness.explained(harness.ann, harness.ben, amount) == ([], 100)


def test_what_is_frozen_is_not_the_most_though_rules_would_rather_have_all(kit):
    """With the last place taken only the whole balance could move, and the whole is not free."""
    harness = Compliant(kit, maxHolders=1)
    harness.issue({harness.ann: 10})
    assert harness.explained(harness.ann, harness.ben, 10) == ([], 10)
    harness.token.send("setFrozenTokens", harness.ann, 1, sender=harness.agent)
    assert harness.explained(harness.ann, harness.ben, 1) == ([(Code.MAX_HOLDERS, 2, 1)], 0)


GROUPS = st.builds(
    investor,
    st.sampled_from((1, 2, 3)),
    st.sampled_from((GERMANY, FRANCE)),
    st.sampled_from((RETAIL, PROFESSIONAL)),
)
SMALL = st.integers(0, 12)
LIMIT = st.one_of(st.just(0), st.integers(1, 4))


@given(
    wallets=st.lists(GROUPS, min_size=4, max_size=4),
    held=st.lists(SMALL, min_size=4, max_size=4),
    frozen=st.one_of(st.just(0), SMALL),
    frozen_wallet=st.sampled_from((None,) * 6 + (0, 1)),
    paused=st.sampled_from((False,) * 7 + (True,)),
    limits=st.lists(LIMIT, min_size=4, max_size=4),
    maximum=st.one_of(st.just(0), st.integers(5, 20)),
    minimum=st.one_of(st.just(0), st.integers(1, 5)),
    lock=st.booleans(),
    later=SMALL,
    amount=st.integers(0, 15),
)
def test_the_most_is_exactly_the_largest_amount_that_passes(
    codec: Codec, *, wallets, held, frozen, frozen_wallet, paused, limits, maximum, minimum, lock,
    later, amount,
):  # fmt: skip
    """It passes, every larger one up to the balance fails, and `canTransfer` and the list of
    refusals agree with the transfer itself for every amount.
    """
    harness = Compliant(RevmKit(codec), known=False)
    people = dict(zip(harness.people[:4], wallets, strict=True))
    harness.know(people)
    harness.issue(dict(zip(people, held, strict=True)))
    names = ("maxHolders", "maxHoldersInCountry", "maxHoldersOfClass", "maxHoldersOfClassInCountry")
    harness.put_in_force(
        **dict(zip(names, limits, strict=True)), limitedClass=RETAIL, maxHolding=maximum,
        minHolding=min(minimum, maximum or minimum), lockUp=DAY if lock else 0,
    )  # fmt: skip
    giver, taker = harness.people[0], harness.people[1]
    harness.issue({giver: later})
    harness.token.send("setFrozenTokens", giver, frozen, sender=harness.agent)
    if frozen_wallet is not None:
        harness.freeze(harness.people[frozen_wallet])
    if paused:
        harness.token.send("pause", sender=harness.agent)
    balance = harness.held(giver)[0]
    _, most = harness.explained(giver, taker, amount)
    passing = [n for n in range(balance + 1) if harness.passes(giver, taker, n)]
    assert most == max(passing, default=0)
    for other in {amount, most, most + 1, balance}:
        if other <= balance:
            listed = harness.explained(giver, taker, other)
            assert (listed[0] == []) is (other in passing)
            assert listed[1] == most
            assert harness.token.call("canTransfer", giver, taker, other) is (other in passing)


# -------------------------------------------------------------- settings that cannot be


@pytest.mark.parametrize(
    ("wrong", "error", "values"),
    [
        ({"registry": ZERO}, "TransferRules_NoRegistry", ()),
        ({"lockUp": 1, "lockUps": ZERO}, "TransferRules_LockUpMismatch", (1, ZERO)),
        ({"lockUps": person(1)}, "TransferRules_LockUpMismatch", (0, person(1))),
        ({"minHolding": 11, "maxHolding": 10}, "TransferRules_Contradiction", (11, 10)),
        ({"opensAt": 11, "closesAt": 10}, "TransferRules_Contradiction", (11, 10)),
        ({"maxHolders": 1, "eligible": False}, "TransferRules_EligibilityRequired", ()),
        ({"minHolding": 1, "eligible": False}, "TransferRules_EligibilityRequired", ()),
    ],
)
def test_settings_that_contradict_themselves_are_refused(kit, wrong, error, values):
    """A rule that could not be kept is not made."""
    with refused(error, *values):
        kit.deploy(
            "TransferRules",
            tuple({**SETTINGS, "registry": person(2), "eligible": True, **wrong}.values()),
        )


def test_rules_tell_their_settings_once_and_for_ever(kit):
    """The event has every setting, and the views say which registry is asked for what."""
    harness = Compliant(kit)
    settings = {**SETTINGS, "registry": harness.registry.address, "eligible": True, "maxHolding": 7}
    rules = kit.deploy("TransferRules", tuple(settings.values()))
    assert rules.call("registry") == rules.call("countsIn") == harness.registry.address
    reported = rules.receipt.named("RulesSet")[0]["settings"]
    assert list(reported)[2:] == list(settings.values())[2:]
    open_to_all = harness.make_rules(eligible=False)
    assert (open_to_all.call("registry"), open_to_all.call("countsIn")) == (ZERO, ZERO)


# --------------------------------------------------------------------- replacing rules


def test_rules_are_replaced_at_once(kit):
    """From the next transfer on the new ones decide."""
    harness = Compliant(kit, listed=ONLY, countries=bitmap([FRANCE]))
    harness.issue({harness.ann: 100})
    stopped(harness, 1, Code.COUNTRY, GERMANY, 0)
    harness.put_in_force(listed=ONLY, countries=bitmap([GERMANY]))
    moved(harness, 1)
    harness.replace_rules(ZERO)
    assert harness.explained(harness.ann, harness.ben, 1) == ([], 99)


def test_without_rules_the_registry_is_asked_by_the_token(kit):
    """Rules that go do not take the eligibility with them."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100})
    harness.replace_rules(ZERO)
    harness.registry.send("deleteIdentity", harness.ben, sender=harness.agent)
    with refused("ERC7943CannotReceive", harness.ben):
        harness.move(harness.ann, harness.ben, 1)
    harness.put_in_force(eligible=False)
    with refused("ERC7943CannotReceive", harness.ben):
        harness.move(harness.ann, harness.ben, 1)
    assert harness.explained(harness.ann, harness.ben, 1) == ([(Code.NOT_ELIGIBLE, 0, 0)], 0)


@pytest.mark.attack("F5")
@pytest.mark.parametrize("ours", [True, False], ids=["ours", "foreign"])
@pytest.mark.parametrize("mood", range(2, 11))
def test_rules_that_fail_stop_transfers_and_are_replaced(kit, mood, ours):
    """Whatever they do when they are told, the owner gets rid of them, at a bounded price."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100})
    wilful = kit.deploy("WilfulCallee")
    wilful.send("setMood", 0, ours)
    harness.replace_rules(wilful.address)
    wilful.send("setMood", mood, ours)
    assert not harness.passes(harness.ann, harness.ben, 1)
    receipt = harness.replace_rules(harness.rules.address)
    assert receipt.gas < 3_000_000
    moved(harness, 100)


@pytest.mark.attack("F5")
@pytest.mark.parametrize("mood", range(2, 11))
def test_a_compliance_contract_that_will_not_be_bound_is_not_put_in_force(kit, mood):
    """One that fails is refused, the rules before it stay; one that does not can be replaced."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100})
    wilful = kit.deploy("WilfulCallee")
    wilful.send("setMood", mood, False)
    if mood in {2, 3, 6, 7}:  # reverting, burning, and the two bombs
        with refused("ShareToken_BindingRefused", wilful.address):
            harness.replace_rules(wilful.address)
        assert harness.token.call("compliance") == harness.rules.address
    else:
        assert harness.replace_rules(wilful.address).gas < 5_000_000
        assert not harness.passes(harness.ann, harness.ben, 1)
        harness.replace_rules(harness.rules.address)
    moved(harness, 100)


@pytest.mark.attack("F5")
def test_old_rules_that_call_back_while_they_are_replaced_change_nothing(kit):
    """Their own transfer counts a record; the ledger's slot is read after it, not before."""
    harness = Compliant(kit)
    hostile = kit.deploy("MovableRules")
    harness.replace_rules(hostile.address)
    harness.token.send("setIdentityRegistry", ZERO, sender=harness.owner)
    harness.token.send("addAgent", hostile.address, sender=harness.owner)
    harness.issue({harness.ann: 100})
    hostile.send("prepare", harness.token.address, kit.codec.call("ShareToken", "pause"))
    harness.replace_rules(ZERO)
    assert hostile.call("succeeded") is True
    assert harness.token.call("paused") is True
    assert harness.token.call("compliance") == ZERO


@pytest.mark.attack("F5")
def test_rules_that_call_back_during_a_forced_transfer_leave_an_exact_ledger(kit):
    """What is frozen is looked at after they have had their say."""
    harness = Harness(kit)
    hostile = kit.deploy("MovableRules")
    token, ann, ben, cid, agent = (
        harness.token,
        harness.ann,
        harness.ben,
        harness.cid,
        harness.agent,
    )
    token.send("setCompliance", hostile.address, sender=harness.owner)
    harness.issue({ann: 100})
    token.send("approve", hostile.address, 60, sender=ann)
    again = kit.codec.call("ShareToken", "transferFrom", ann, cid, 60)
    hostile.send("prepare", token.address, again)
    with refused("ERC20InsufficientBalance", ann, 40, 50):
        token.send("forcedTransfer", ann, ben, 50, sender=agent)
    token.send("forcedTransfer", ann, ben, 40, sender=agent)
    assert [token.call("balanceOf", who) for who in (ann, ben, cid)] == [0, 40, 60]


@pytest.mark.attack("F5")
@pytest.mark.parametrize("frozen", [0, 200])
def test_rules_that_call_back_during_a_burn_leave_an_exact_ledger(kit, frozen):
    """No more is destroyed than is there after they have had their say, whatever is frozen."""
    harness = Harness(kit)
    hostile = kit.deploy("MovableRules")
    token, ann, cid, agent = harness.token, harness.ann, harness.cid, harness.agent
    token.send("setCompliance", hostile.address, sender=harness.owner)
    token.send("addAgent", hostile.address, sender=harness.owner)
    harness.issue({ann: 100})
    token.send("setFrozenTokens", ann, frozen, sender=agent)
    again = kit.codec.call("ShareToken", "forcedTransfer", ann, cid, 60)
    hostile.send("prepareOnce", token.address, again)
    with refused("ERC20InsufficientBalance", ann, 40, 50):
        token.send("burn", ann, 50, sender=agent)
    token.send("burn", ann, 40, sender=agent)
    assert [token.call("balanceOf", who) for who in (ann, cid)] == [0, 60]
    assert token.call("totalSupply") == 60


@pytest.mark.attack("F5")
def test_rules_that_call_back_during_a_recovery_leave_an_exact_ledger(kit):
    """The successor gets what is there after they have had their say; nothing stays behind."""
    harness = Harness(kit)
    hostile = kit.deploy("MovableRules")
    token, ann, cid, agent, new = harness.token, harness.ann, harness.cid, harness.agent, person(7)
    token.send("setCompliance", hostile.address, sender=harness.owner)
    token.send("addAgent", hostile.address, sender=harness.owner)
    harness.issue({ann: 100, cid: 30})
    more = kit.codec.call("ShareToken", "forcedTransfer", cid, ann, 30)
    hostile.send("prepareOnce", token.address, more)
    token.send("recoveryAddress", ann, new, ZERO, sender=agent)
    assert hostile.call("succeeded") is True
    assert [token.call("balanceOf", who) for who in (ann, cid, new)] == [0, 0, 130]


@pytest.mark.attack("F5")
@pytest.mark.parametrize("mood", ["reverting", "speechless"])
def test_rules_whose_registry_fails_refuse_and_name_it(kit, mood):
    """No answer is no consent: to a transfer, an issue or a force."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100})
    failing = kit.deploy("WilfulCallee")
    failing.send("setMood", {"reverting": 2, "speechless": 4}[mood], False)
    harness.token.send("setIdentityRegistry", ZERO, sender=harness.owner)
    harness.replace_rules(harness.make_rules(registry=failing.address).address)
    with refused("TransferRules_RegistryFailed", failing.address):
        harness.move(harness.ann, harness.ben, 1)
    with refused("TransferRules_RegistryFailed", failing.address):
        harness.issue({harness.ben: 1})
    with refused("TransferRules_RegistryFailed", failing.address):
        harness.force(harness.ann, harness.ben, 1)


def test_rules_that_count_look_at_the_receiver_too(kit):
    """Who is no longer eligible is refused though every count would do."""
    harness = Compliant(kit, maxHolding=100)
    end = harness.kit.now + DAY
    harness.know({harness.ben: investor(2, until=end)})
    harness.issue({harness.ann: 50, harness.ben: 1})
    harness.kit.now = end
    moved(harness, 1)
    harness.kit.now = end + 1
    stopped(harness, 1, Code.NOT_ELIGIBLE, end, end + 1)


def test_rules_that_ask_nobody_to_be_eligible_still_look_at_the_rest(kit):
    """The country of a wallet that nobody knows is none."""
    harness = Compliant(kit, eligible=False, listed=ONLY, countries=bitmap([GERMANY]))
    harness.token.send("setIdentityRegistry", ZERO, sender=harness.owner)
    harness.issue({harness.ann: 100})
    assert harness.explained(harness.ann, person(5), 1) == ([(Code.COUNTRY, 0, 0)], 0)
    with rules_refused(Code.COUNTRY, 0, 0):
        harness.move(harness.ann, person(5), 1)
    harness.know({harness.ben: investor(2, until=0)})
    moved(harness, 1)


def test_the_most_leaves_the_giver_the_minimum_or_nothing(kit):
    """Where the receiver has no room for all, the rest may not be too little; nor is there anything
    to give for one who has too little already."""
    harness = Compliant(kit)
    harness.issue({harness.ann: 100, harness.ben: 90, harness.cid: 50, harness.dan: 136})
    harness.put_in_force(minHolding=60, maxHolding=135)
    assert harness.explained(harness.ann, harness.dan, 1)[1] == 0
    for giver, most in ((harness.ann, 40), (harness.cid, 0)):
        assert harness.explained(giver, harness.ben, 1)[1] == most
        with rules_refused(Code.MIN_HOLDING_GIVER, harness.held(giver)[0] - most - 1, 60):
            harness.move(giver, harness.ben, most + 1)
    harness.move(harness.ann, harness.ben, 40)


@pytest.mark.parametrize("nobody", [ZERO, "token"])
def test_nobody_is_explained_as_a_receiver_who_is_blocked(harness, nobody):
    """Neither the zero address nor the token itself can be given shares."""
    harness.issue({harness.ann: 100})
    receiver = harness.token.address if nobody == "token" else nobody
    blocked = ((int(Code.RECEIVER_BLOCKED), 0, 0),)
    assert harness.token.call("explain", harness.ann, receiver, 1) == (blocked, 0)
    with refused("ERC20InvalidReceiver", receiver):
        harness.token.send("transfer", receiver, 1, sender=harness.ann)


def test_more_than_the_balance_is_the_refusal_of_erc20_under_every_rule(kit):
    """Not a panic of whoever keeps books."""
    for settings in ({}, {"maxHolding": 1_000}, {"maxHolders": 5}, {"lockUp": DAY}):
        harness = Compliant(kit, **settings)
        harness.issue({harness.ann: 100, harness.ben: 5})
        harness.kit.now += 3 * DAY
        for amount in (101, 900):
            with refused("ERC20InsufficientBalance", harness.ann, 100, amount):
                harness.move(harness.ann, harness.ben, amount)


# ----------------------------------------------------- an existing ERC-3643 deployment


@pytest.fixture
def foreign(kit):
    """A token under an ERC-3643 registry and compliance contract, with Ann and Ben verified."""
    harness = Harness(kit)
    harness.registry = kit.deploy("ForeignRegistry")
    harness.compliance = kit.deploy("ForeignCompliance")
    harness.registry.send("addAgent", harness.token.address)
    harness.token.send("setIdentityRegistry", harness.registry.address, sender=harness.owner)
    harness.token.send("setCompliance", harness.compliance.address, sender=harness.owner)
    harness.registry.send("registerIdentity", harness.ann, person(91), GERMANY)
    harness.registry.send("registerIdentity", harness.ben, person(92), FRANCE)
    return harness


def test_a_foreign_compliance_contract_is_bound_asked_and_told(foreign):
    """`canTransfer` before, `transferred`, `created` and `destroyed` after the shares moved."""
    token, ann, ben, agent = foreign.token, foreign.ann, foreign.ben, foreign.agent
    assert foreign.compliance.call("token") == token.address
    receipt = token.send("mint", ann, 100, sender=agent)
    assert [name for name, _ in receipt.events] == ["Transfer", "Created"]
    assert receipt.named("Created") == [{"to": ann, "amount": 100}]
    receipt = foreign.move(ann, ben, 10)
    assert [name for name, _ in receipt.events] == ["Transfer", "Transferred"]
    assert receipt.named("Transferred") == [{"from": ann, "to": ben, "amount": 10}]
    receipt = token.send("forcedTransfer", ann, ben, 5, sender=agent)
    assert [name for name, _ in receipt.events] == ["Transfer", "ForcedTransfer", "Transferred"]
    receipt = token.send("burn", ben, 5, sender=agent)
    assert [name for name, _ in receipt.events] == ["Transfer", "Destroyed"]
    assert foreign.compliance.call("held", ben) == token.call("balanceOf", ben) == 10


def test_a_foreign_compliance_contract_refuses_transfers_and_no_orders(foreign):
    """Issues and forced transfers ask the registry only."""
    token, ann, ben, agent = foreign.token, foreign.ann, foreign.ben, foreign.agent
    foreign.issue({ann: 100})
    foreign.compliance.send("setLimit", 5)
    assert token.call("canTransfer", ann, ben, 5) is True
    assert token.call("canTransfer", ann, ben, 6) is False
    with refused("ERC7943CannotTransfer", ann, ben, 6):
        foreign.move(ann, ben, 6)
    token.send("forcedTransfer", ann, ben, 6, sender=agent)
    foreign.issue({ben: 1})
    with refused("ERC7943CannotReceive", foreign.cid):
        token.send("forcedTransfer", ann, foreign.cid, 1, sender=agent)
    with refused("ERC7943CannotReceive", foreign.cid):
        foreign.issue({foreign.cid: 1})


@pytest.mark.attack("F1")
def test_under_a_foreign_compliance_contract_a_frozen_wallet_stays_frozen(foreign):
    """What the token itself knows of a wallet binds whoever else is asked."""
    token, ann, ben, agent = foreign.token, foreign.ann, foreign.ben, foreign.agent
    foreign.issue({ann: 100})
    token.send("setFrozenTokens", ann, 95, sender=agent)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 6, 5):
        foreign.move(ann, ben, 6)
    foreign.move(ann, ben, 5)
    for frozen, word in ((ann, "ERC7943CannotSend"), (ben, "ERC7943CannotReceive")):
        token.send("setAddressFrozen", frozen, True, sender=agent)
        with refused(word, frozen):
            foreign.move(ann, ben, 0)
        token.send("setAddressFrozen", frozen, False, sender=agent)


def test_a_foreign_compliance_contract_is_unbound_when_it_is_replaced(foreign):
    """It may serve another token afterwards."""
    foreign.token.send("setCompliance", ZERO, sender=foreign.owner)
    assert foreign.compliance.call("token") == ZERO
    with refused("ERC7943CannotReceive", foreign.cid):
        foreign.issue({foreign.cid: 1})


def test_a_recovery_is_told_to_a_foreign_registry_and_a_foreign_compliance_contract(foreign):
    """The new wallet is registered in the country of the old one, which goes; books stay right."""
    token, ann, cid = foreign.token, foreign.ann, foreign.cid
    foreign.issue({ann: 100})
    receipt = token.send("recoveryAddress", ann, cid, person(91), sender=foreign.agent)
    assert receipt.named("Transferred") == [{"from": ann, "to": cid, "amount": 100}]
    assert foreign.registry.call("identity", cid) == person(91)
    assert foreign.registry.call("investorCountry", cid) == GERMANY
    assert foreign.registry.call("contains", ann) is False
    assert [foreign.compliance.call("held", who) for who in (ann, cid)] == [0, 100]


def test_a_foreign_registry_is_told_of_a_recovery_only_what_it_lacks(foreign):
    """A successor that it knows stays as it is; one of another identity is refused."""
    token, ann, cid, dan = foreign.token, foreign.ann, foreign.cid, foreign.dan
    foreign.issue({ann: 100})
    foreign.registry.send("registerIdentity", cid, person(93), AMERICA)
    with refused("ShareToken_OtherIdentity", ann, cid, person(91), person(93)):
        token.send("recoveryAddress", ann, cid, person(91), sender=foreign.agent)
    foreign.registry.send("registerIdentity", cid, person(91), AMERICA)
    token.send("recoveryAddress", ann, cid, person(91), sender=foreign.agent)
    assert foreign.registry.call("investorCountry", cid) == AMERICA
    token.send("recoveryAddress", cid, dan, person(91), sender=foreign.agent)
    assert foreign.registry.call("investorCountry", dan) == AMERICA
    assert foreign.registry.call("contains", cid) is False
    assert token.call("balanceOf", dan) == 100


def test_a_recovery_in_a_foreign_registry_needs_its_consent(foreign):
    """A token that is not its agent cannot register the new wallet, and moves nothing."""
    other = foreign.kit.deploy("ForeignRegistry")
    other.send("registerIdentity", foreign.ann, person(91), GERMANY)
    foreign.issue({foreign.ann: 100})
    foreign.token.send("setIdentityRegistry", other.address, sender=foreign.owner)
    with refused("ForeignRegistry_NotAgent", foreign.token.address):
        foreign.token.send(
            "recoveryAddress", foreign.ann, foreign.cid, person(91), sender=foreign.agent
        )
    assert foreign.token.call("balanceOf", foreign.ann) == 100


def test_our_rules_beside_a_foreign_registry_ask_both(kit):
    """The token asks its registry, the rules ask theirs; a recovery tells both."""
    harness = Compliant(kit)
    other = kit.deploy("ForeignRegistry")
    other.send("addAgent", harness.token.address)
    harness.token.send("setIdentityRegistry", other.address, sender=harness.owner)
    with refused("ERC7943CannotReceive", harness.ann):
        harness.issue({harness.ann: 100})
    other.send("registerIdentity", harness.ann, person(91), GERMANY)
    harness.issue({harness.ann: 100})
    other.send("registerIdentity", person(5), person(95), GERMANY)
    assert harness.token.call("canReceive", person(5)) is False
    with rules_refused(Code.NOT_ELIGIBLE, 0, NOW):
        harness.move(harness.ann, person(5), 1)
    harness.know({person(6): investor(1)})
    harness.token.send("recoveryAddress", harness.ann, person(6), person(91), sender=harness.agent)
    assert harness.registry.call("investorOf", person(6)) == investor(1)
    assert other.call("contains", harness.ann) is False
    assert harness.registry.call("investorOf", harness.ann) == investor(1)


def test_our_registry_beside_foreign_rules_keeps_person_and_expiry_in_a_recovery(kit):
    """The token reports to it itself, whether foreign rules are asked or none."""
    harness = Compliant(kit)
    foreign = kit.deploy("ForeignCompliance")
    end = NOW + DAY
    harness.know({harness.ann: investor(1, until=end)})
    for rules in (foreign.address, ZERO):
        before = kit.evm.snapshot()
        harness.replace_rules(rules)
        harness.issue({harness.ann: 100})
        receipt = harness.recover(harness.ann, person(6))
        assert harness.registry.call("investorOf", person(6)) == investor(1, until=end)
        assert [event["successor"] for event in receipt.named("LossReported")] == [person(6)]
        kit.evm.revert(before)

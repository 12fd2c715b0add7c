"""The table in `ShareToken`: each way shares move, against each thing that may stand in the way.

And the other table: each function that changes state, against everybody who might call it.
"""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account

from tests.chainkit import ZERO, Reverted, RevmKit
from tests.contracts.compliant import ALL_BUT, AMERICA, Compliant, bitmap, investor
from tests.contracts.harness import DAY, person
from tests.contracts.permits import Permit
from tests.contracts.token.test_roles import changing
from tests.model.register import Code

MAX = 2**256 - 1
SIGNER = Account.from_key("0x" + "0c" * 32)
HELD = 100


class PolicyHarness(Compliant):
    """Ann, who can sign, holds a hundred shares; Ben receives; Cid spends; America is blocked."""

    def __init__(self, kit) -> None:
        super().__init__(kit, listed=ALL_BUT, countries=bitmap([AMERICA]), lockUp=DAY)
        self.ann, self.new = SIGNER.address, person(50)
        self.people = (self.ann, *self.people[1:])
        self.know({self.ann: investor(1), self.new: investor(1)})
        self.issue({self.ann: HELD})
        self.kit.now += 5 * DAY
        self.token.send("approve", self.cid, MAX, sender=self.ann)

    # ------------------------------------------------------------------ what stands in the way

    def nothing(self) -> None:
        """Nothing does."""

    def pause(self) -> None:
        self.token.send("pause", sender=self.agent)

    def giver_frozen(self) -> None:
        self.freeze(self.ann)

    def taker_frozen(self) -> None:
        self.freeze(self.ben)
        self.freeze(self.new)

    def taker_lost(self) -> None:
        for lost in (self.ben, self.new):
            self.recover(lost, person(60 + (lost == self.ben)))

    def taker_lost_everywhere(self) -> None:
        for number, (lost, successor) in enumerate(self.lost_elsewhere, 2):
            self.know({lost: investor(number), successor: investor(number)})
            self.registry.send("confirmLoss", lost, successor, sender=self.agent)

    @property
    def lost_elsewhere(self) -> list[tuple[str, str]]:
        return [(self.ben, person(60)), (self.new, person(61))]

    def spender_frozen(self) -> None:
        self.freeze(self.cid)

    def spender_lost(self) -> None:
        self.recover(self.cid, person(61))

    def shares_frozen(self) -> None:
        self.token.send("setFrozenTokens", self.ann, HELD - 9, sender=self.agent)

    def taker_expired(self) -> None:
        end = self.kit.now - 1
        self.know({self.ben: investor(2, until=end), self.new: investor(1, until=end)})

    def taker_unknown(self) -> None:
        for wallet in (self.ben, self.new):
            self.registry.send("deleteIdentity", wallet, sender=self.agent)

    def country_blocked(self) -> None:
        self.know({self.ben: investor(2, AMERICA), self.new: investor(1, AMERICA)})

    def locked_up(self) -> None:
        self.kit.now -= 5 * DAY

    # ------------------------------------------------------------------------- how shares move

    def transfer(self) -> None:
        self.move(self.ann, self.ben, 10)

    def transfer_from(self) -> None:
        self.token.send("transferFrom", self.ann, self.ben, 10, sender=self.cid)

    def batch_transfer(self) -> None:
        self.token.send("batchTransfer", [self.ben], [10], sender=self.ann)

    def permit(self) -> None:
        self.token.send("approve", self.cid, 0, sender=self.ann)
        permit = Permit(self.token, self.ann, self.cid, 10, 0, self.kit.now)
        permit.send(permit.signed(SIGNER))
        self.transfer_from()

    def mint(self) -> None:
        self.token.send("mint", self.ben, 10, sender=self.agent)

    def batch_mint(self) -> None:
        self.token.send("batchMint", [self.ben], [10], sender=self.agent)

    def forced_transfer(self) -> None:
        self.force(self.ann, self.ben, 10)

    def batch_forced_transfer(self) -> None:
        self.token.send(
            "batchForcedTransfer", [self.ann], [self.ben], [10], sender=self.agent
        )  # fmt: skip

    def burning(self) -> None:
        self.burn(self.ann, 10)

    def batch_burn(self) -> None:
        self.token.send("batchBurn", [self.ann], [10], sender=self.agent)

    def recovery(self) -> None:
        self.recover(self.ann, self.new)


WISHED = ("transfer", "transfer_from", "batch_transfer", "permit")
SPENT = ("transfer_from", "permit")
ISSUED = ("mint", "batch_mint")
FORCED = ("forced_transfer", "batch_forced_transfer")
PATHS = (*WISHED, *ISSUED, *FORCED, "burning", "batch_burn", "recovery")


def by_rules(code: Code, value: Any, limit: Any) -> Any:
    """A refusal by the rules."""
    return lambda policy: (
        "TransferRules_Refused", (int(code), value(policy), limit(policy)),
    )  # fmt: skip


NOW, BEFORE, NONE = (lambda s: s.kit.now), (lambda s: s.kit.now - 1), (lambda s: 0)
CANNOT_RECEIVE = lambda s: ("ERC7943CannotReceive", (s.ben,))  # noqa: E731
BLOCKED_SPENDER = lambda s: ("ShareToken_SpenderBlocked", (s.cid,))  # noqa: E731

REFUSED: dict[str, list[tuple[tuple[str, ...], Any]]] = {
    "nothing": [],
    "pause": [(WISHED, lambda s: ("ShareToken_Paused", ()))],
    "giver_frozen": [(WISHED, lambda s: ("ERC7943CannotSend", (s.ann,)))],
    "taker_frozen": [((*WISHED, *ISSUED, *FORCED), CANNOT_RECEIVE)],
    "taker_lost": [
        ((*WISHED, *ISSUED, *FORCED), CANNOT_RECEIVE),
        (("recovery",), lambda s: ("ShareToken_InvalidRecovery", (s.ann, s.new))),
    ],
    # The register confirmed a loss that this asset has not seen.
    "taker_lost_everywhere": [
        ((*WISHED, *ISSUED, *FORCED), by_rules(Code.NOT_ELIGIBLE, NONE, NOW)),
        (("recovery",), lambda s: ("InvestorRegistry_LostWallet", s.lost_elsewhere[1])),
    ],
    "spender_frozen": [(SPENT, BLOCKED_SPENDER)],
    "spender_lost": [(SPENT, BLOCKED_SPENDER)],
    "shares_frozen": [
        (WISHED, lambda s: ("ERC7943InsufficientUnfrozenBalance", (s.ann, 10, 9))),
    ],
    "taker_expired": [
        ((*WISHED, *ISSUED, *FORCED), by_rules(Code.NOT_ELIGIBLE, BEFORE, NOW)),
    ],
    "taker_unknown": [((*WISHED, *ISSUED, *FORCED), by_rules(Code.NOT_ELIGIBLE, NONE, NOW))],
    "country_blocked": [(WISHED, by_rules(Code.COUNTRY, lambda s: AMERICA, NONE))],
    "locked_up": [(WISHED, by_rules(Code.LOCKED_UP, lambda s: 10, NONE))],
}


@pytest.fixture(scope="module")
def policy(codec) -> PolicyHarness:
    """One scene for all cells of the table, each played and undone."""
    return PolicyHarness(RevmKit(codec))


@pytest.mark.attack("F3")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("obstacle", REFUSED)
def test_each_way_shares_move_meets_exactly_what_should_stop_it(policy, obstacle, path):
    """The shares move, or the one error with its arguments is given and nothing has moved."""
    before, then = policy.kit.evm.snapshot(), policy.kit.now
    reported = None
    getattr(policy, obstacle)()
    held = policy.held(policy.ann, policy.ben, policy.new)
    expected = next((why(policy) for paths, why in REFUSED[obstacle] if path in paths), None)
    try:
        getattr(policy, path)()
    except Reverted as error:
        reported = (error.name, error.values)
    moved = policy.held(policy.ann, policy.ben, policy.new) != held
    policy.kit.evm.revert(before)
    policy.kit.now = then
    assert reported == expected
    assert moved is (expected is None)


# ------------------------------------------------------------------------------------ access


ACTORS = ("stranger", "agent", "owner", "token", "rules")
OWNER, AGENT, RULES, ANY = "owner", "agent", "rules", "any"


def registry_calls(harness: Compliant) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """Every function of the registry that changes state: who may call it, and a good call."""
    token, new = harness.token.address, person(1)
    return {
        "acceptOwnership()": ("pending owner", ()),
        "addAgent(address)": (OWNER, (new,)),
        "batchRegisterIdentity(address[],address[],uint16[])": (AGENT, ([new], [ZERO], [1])),
        "bindToken(address)": (OWNER, (new,)),
        "confirmLoss(address,address)": (AGENT, (harness.ann, harness.ben)),
        "count(address,address[])": (AGENT, (token, [])),
        "deleteIdentity(address)": (AGENT, (harness.eve,)),
        # Harmless for whoever does not keep the count; a test of its own.
        "handOver(address,address)": (ANY, (token, new)),
        "move(address,address,address,uint256)": ("keeper", (token, harness.ann, harness.ben, 1)),
        "recover(address,address,address)": (RULES, (token, harness.ann, harness.ben)),
        "register(address[],uint256[])": (AGENT, ([new], [investor(9)])),
        "registerIdentity(address,address,uint16)": (AGENT, (new, ZERO, 1)),
        "removeAgent(address)": (OWNER, (harness.agent,)),
        "renounceOwnership()": ("nobody", ()),
        "setClaimTopicsRegistry(address)": ("no claims", (new,)),
        "setIdentityRegistryStorage(address)": ("no claims", (new,)),
        "setTrustedIssuersRegistry(address)": ("no claims", (new,)),
        "transferOwnership(address)": (OWNER, (new,)),
        "unbindToken(address)": (OWNER, (token,)),
        "undoLoss(address)": (AGENT, (harness.cid,)),
        "updateCountry(address,uint16)": (AGENT, (harness.ann, 1)),
        "updateIdentity(address,address)": (AGENT, (harness.ann, new)),
    }  # fmt: skip


def lots_calls(harness: Compliant) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """The same of the keeper of lots."""
    token = harness.token.address
    return {
        "acquired(address,address,uint256,uint256)": (RULES, (token, harness.ann, 1, DAY)),
        "recovered(address,address,address)": (RULES, (token, harness.ann, person(1))),
        "reduced(address,address,uint256)": (RULES, (token, harness.ann, 0)),
    }


def rules_calls(harness: Compliant) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """The same of rules that count and lock: whoever calls is taken for a token."""
    return {
        "authorize(address,address,uint256)": ("keeper", (harness.ann, harness.ben, 1)),
        "book(address,address,uint256,uint256)": ("keeper", (harness.ann, harness.ben, 1, 0)),
        "recover(address,address)": (RULES, (harness.ann, person(1))),
        "replacedBy(address)": (ANY, (person(1),)),
    }


class Cast(Compliant):
    """A token, and puppets where a token and rules of other people would stand.

    `rules` is what the token names; `token` is another, bound token, that names no rules.
    """

    def __init__(self, kit) -> None:
        super().__init__(kit, maxHolders=10, lockUp=DAY)
        self.issue({self.ann: 10})
        self.counting = self.rules
        self.puppet, self.other = kit.deploy("Puppet"), kit.deploy("Puppet")
        self.registry.send("bindToken", self.other.address, sender=self.owner)
        # Ben and Dan are other wallets of Ann and Cid, and Cid's is lost.
        self.know({self.ben: investor(1), self.dan: investor(3)})
        self.registry.send("confirmLoss", self.cid, self.dan, sender=self.agent)

    def says(self, actor: str, target, signature: str, args: tuple[Any, ...]) -> Any:
        """What happens when an actor calls: None, or the refusal; and it is undone."""
        before = self.kit.evm.snapshot()
        name = signature.partition("(")[0]
        try:
            if actor in {"token", "rules"}:
                speaker = self.other if actor == "token" else self.puppet
                what = self.kit.codec.call(target.name, name, *args)
                speaker.send("say", target.address, what)
            else:
                target.send(name, *args, sender=getattr(self, actor))
        except Reverted as error:
            return error.name, error.values
        finally:
            self.kit.evm.revert(before)
        return None

    def speaker(self, actor: str) -> str:
        """The address of an actor."""
        if actor in {"token", "rules"}:
            return (self.other if actor == "token" else self.puppet).address
        return getattr(self, actor)


@pytest.mark.attack("F6")
@pytest.mark.parametrize("actor", ACTORS)
def test_every_function_of_the_registry_refuses_who_may_not_call_it(kit, actor):
    """Strangers, agents, the owner, a bound token, and the rules that the token names."""
    cast = Cast(kit)
    cast.replace_rules(cast.puppet.address)
    caller, token = cast.speaker(actor), cast.token.address
    calls = registry_calls(cast)
    views = {name for name, (who, _) in calls.items() if who in {"nobody", "no claims"}}
    assert set(calls) == changing(kit, "InvestorRegistry") | views
    stranger = ("OwnableUnauthorizedAccount", (caller,))
    is_agent = actor == "agent"
    expected = {
        ANY: None,
        OWNER: None if actor == "owner" else stranger,
        AGENT: None if is_agent else ("InvestorRegistry_NotAgent", (caller,)),
        RULES: None if actor == "rules" else ("InvestorRegistry_NotRules", (caller, token)),
        "keeper": ("InvestorRegistry_NotCounted", (token, caller)),
        "pending owner": stranger,
        "nobody": ("InvestorRegistry_OwnerRequired", ()) if actor == "owner" else stranger,
        "no claims": ("InvestorRegistry_NoClaims", ()),
    }
    met = {name: cast.says(actor, cast.registry, name, args) for name, (_, args) in calls.items()}
    # The puppet counts nobody, which an agent is told.
    count = "count(address,address[])"
    if is_agent:
        assert met.pop(count) == ("InvestorRegistry_NotCounting", (token, cast.puppet.address))
        calls.pop(count)
    assert met == {name: expected[who] for name, (who, _) in calls.items()}


@pytest.mark.attack("F6")
@pytest.mark.parametrize("actor", ACTORS)
def test_every_function_of_the_lots_refuses_who_may_not_call_it(kit, actor):
    """Only the rules that the token names may write."""
    cast = Cast(kit)
    cast.replace_rules(cast.puppet.address)
    calls = lots_calls(cast)
    assert set(calls) == changing(kit, "LockUps")
    why = ("LockUps_NotRules", (cast.speaker(actor), cast.token.address))
    for name, (_, args) in calls.items():
        assert cast.says(actor, cast.lots, name, args) == (None if actor == "rules" else why)


@pytest.mark.attack("F6")
@pytest.mark.parametrize("actor", ACTORS)
def test_whoever_calls_the_rules_is_taken_for_a_token_and_changes_nothing_of_another(kit, actor):
    """Rules that count believe only a token whose count they keep; the others they cannot touch."""
    cast = Cast(kit)
    calls = rules_calls(cast)
    assert set(calls) == changing(kit, "TransferRules")
    caller, rules = cast.speaker(actor), cast.counting.address
    uncounted = ("InvestorRegistry_NotCounted", (caller, rules))
    unheard = ("InvestorRegistry_NotRules", (rules, caller))
    if actor != "token":
        uncounted = unheard = ("InvestorRegistry_NotBound", (caller,))
    for name, (who, args) in calls.items():
        expected = {ANY: None, RULES: unheard, "keeper": uncounted}[who]
        assert cast.says(actor, cast.counting, name, args) == expected, name
    assert cast.registry.call("countKeeper", cast.token.address) == rules
    assert cast.persons() == 1


@pytest.mark.attack("F6")
@pytest.mark.parametrize("actor", ACTORS)
def test_nobody_but_the_keeper_hands_a_count_over(kit, actor):
    """The call passes, so that rules can always be replaced, and has no effect."""
    cast = Cast(kit)
    what = (cast.token.address, person(1))
    if actor in {"token", "rules"}:
        call = kit.codec.call("InvestorRegistry", "handOver", *what)
        speaker = cast.other if actor == "token" else cast.puppet
        speaker.send("say", cast.registry.address, call)
    else:
        cast.registry.send("handOver", *what, sender=cast.speaker(actor))
    assert cast.registry.call("countKeeper", cast.token.address) == cast.counting.address


@pytest.mark.attack("F6")
@pytest.mark.parametrize("actor", ["token", "rules"])
def test_neither_rules_nor_another_token_are_agents_of_a_token(kit, actor):
    """Orders of theirs are those of strangers."""
    cast = Cast(kit)
    cast.replace_rules(cast.puppet.address)
    caller = cast.speaker(actor)
    not_agent = ("ShareToken_NotAgent", (caller,))
    orders = {
        "mint": (cast.ann, 1), "burn": (cast.ann, 1), "forcedTransfer": (cast.ann, cast.ben, 1),
        "recoveryAddress": (cast.ann, person(1), ZERO), "pause": (), "unpause": (),
        "setAddressFrozen": (cast.ann, True), "setFrozenTokens": (cast.ann, 1),
        "scheduleRecord": (2**40,), "batchBurn": ([cast.ann], [1]),
    }  # fmt: skip
    for name, args in orders.items():
        assert cast.says(actor, cast.token, name, args) == not_agent
    for name, args in {"setCompliance": (ZERO,), "addAgent": (caller,)}.items():
        refused = ("OwnableUnauthorizedAccount", (caller,))
        assert cast.says(actor, cast.token, name, args) == refused

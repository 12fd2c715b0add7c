"""A token, a contract that holds its shares, and the few words that tests of holds share."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass, replace
from enum import IntEnum
from typing import Any

from tests.chainkit import ZERO, Deployed, Receipt, Reverted, RevmKit
from tests.contracts.harness import DAY, Harness

SECRET = b"\x07" * 32
ORDER = b"\x0d" * 32
LONGEST_HOLD, LONGEST_CONSENT = 400 * DAY, 50 * 365 * DAY


class State(IntEnum):
    """How far a hold is."""

    NONE, OPEN, CLAIMED, DELIVERED, RELEASED, VOIDED = range(6)


def lock_of(secret: bytes) -> bytes:
    """What opens with a secret."""
    return hashlib.sha256(secret).digest()


@dataclass(frozen=True)
class Hold:
    """The terms of a hold for a secret."""

    asset: str
    owner: str
    to: str
    amount: int
    lock: bytes
    until: int
    nonce: int = 0

    def but(self, **changes: Any) -> Hold:
        """The same with other terms."""
        return replace(self, **changes)

    @property
    def told(self) -> tuple[Any, ...]:
        """As calls take it."""
        return astuple(self)

    @property
    def written(self) -> tuple[Any, ...]:
        """As events tell it: addresses without their checksum."""
        return tuple(v.lower() if isinstance(v, str) else v for v in self.told)


class Holding:
    """`Holds` beside a harness, whose token has appointed it unless something else is said.

    Ann owns what is held, Ben is to get it, Eve keeps.
    """

    def __init__(self, harness: Harness, *, appointed: bool = True) -> None:
        self.harness = harness
        self.kit: RevmKit = harness.kit
        self.token = harness.token
        self.ann, self.ben, self.eve = harness.ann, harness.ben, harness.eve
        self.holds = self.kit.deploy("Holds")
        if appointed:
            self.appoint(self.holds.address)

    def appoint(self, contract: str) -> Receipt:
        """Appoint a contract, in place of the one before."""
        return self.token.send("setHoldsContract", contract, sender=self.harness.owner)

    # -------------------------------------------------------------------- holds for a secret

    def terms(self, **changes: Any) -> Hold:
        """Sixty of Ann's shares for Ben, for a day."""
        until = self.kit.now + DAY
        usual = Hold(self.token.address, self.ann, self.ben, 60, lock_of(SECRET), until)
        return usual.but(**changes)

    def opening(self, terms: Hold, sender: str | None = None) -> Receipt:
        """Open a hold, as its owner if nothing is said."""
        return self.holds.send("hold", terms.told, sender=sender or terms.owner)

    def open(self, **changes: Any) -> Hold:
        """Open a hold; its terms."""
        terms = self.terms(**changes)
        self.opening(terms)
        return terms

    def claim(self, terms: Hold, secret: bytes = SECRET) -> Receipt:
        """Show the secret, as a stranger."""
        return self.holds.send("claim", terms.told, secret, sender=self.harness.stranger)

    def claimed(self, **changes: Any) -> Hold:
        """Open and claim a hold while transfers are stopped; its terms. They go on afterwards."""
        terms = self.open(**changes)
        self.token.send("pause", sender=self.harness.agent)
        self.claim(terms)
        self.token.send("unpause", sender=self.harness.agent)
        return terms

    def deliver(self, terms: Hold) -> Receipt:
        """Deliver a claimed hold, as a stranger."""
        return self.holds.send("deliver", terms.told, sender=self.harness.stranger)

    def redirect(self, terms: Hold, other: str, sender: str | None = None) -> Receipt:
        """Name another wallet, as the receiver if nothing is said."""
        return self.holds.send("redirect", terms.told, other, sender=sender or terms.to)

    def release(self, terms: Hold, sender: str | None = None) -> Receipt:
        """End a hold, as its owner if nothing is said."""
        return self.holds.send("release", terms.told, sender=sender or terms.owner)

    def void(self, terms: Hold, sender: str | None = None) -> Receipt:
        """End a hold by order, as the token's owner if nothing is said."""
        caller = sender or self.harness.owner
        return self.holds.send("voidHold", terms.told, ORDER, sender=caller)

    def id(self, terms: Hold) -> bytes:
        """The id of a hold."""
        return bytes(self.holds.call("idOf", terms.told))

    def state(self, terms: Hold) -> State:
        """How far a hold is."""
        return State(self.holds.call("stateOf", self.id(terms))[0])

    def in_custody(self, terms: Hold) -> bool:
        """Whether what is held lies with the contract."""
        return bool(self.holds.call("stateOf", self.id(terms))[1])

    # ------------------------------------------------------------------------------- keepers

    def consent(self, most: int = 80, until: int | None = None, **who: Any) -> Receipt:
        """Let Eve hold Ann's, for a day if nothing is said."""
        keeper, owner = who.get("keeper", self.eve), who.get("owner", self.ann)
        at = self.kit.now + DAY if until is None else until
        asset = who.get("asset", self.token.address)
        return self.holds.send("setKeeper", keeper, asset, most, at, sender=owner)

    def keep(self, amount: int, **who: Any) -> Receipt:
        """Eve holds more."""
        return self._kept("holdFor", who, amount)

    def let_go(self, amount: int, **who: Any) -> Receipt:
        """Eve lets go."""
        return self._kept("letGo", who, amount)

    def give(self, amount: int, to: str | None = None, **who: Any) -> Receipt:
        """Eve delivers, to Ben if nothing is said."""
        return self._kept("deliverKept", who, to or self.ben, amount)

    def _kept(self, function: str, who: dict[str, Any], *args: Any) -> Receipt:
        asset, owner = who.get("asset", self.token.address), who.get("owner", self.ann)
        sender = who.get("keeper", self.eve)
        return self.holds.send(function, asset, owner, *args, sender=sender)

    def take_back(self, sender: str | None = None, **who: Any) -> Receipt:
        """The owner takes back what is left."""
        keeper, owner = who.get("keeper", self.eve), who.get("owner", self.ann)
        asset = who.get("asset", self.token.address)
        return self.holds.send("takeBack", keeper, asset, owner, sender=sender or owner)

    def void_kept(self, sender: str | None = None, **who: Any) -> Receipt:
        """End what is kept by order, as the token's owner if nothing is said."""
        keeper, owner = who.get("keeper", self.eve), who.get("owner", self.ann)
        args = (keeper, who.get("asset", self.token.address), owner, ORDER)
        return self.holds.send("voidKept", *args, sender=sender or self.harness.owner)

    def kept(self, **who: Any) -> tuple[int, int, int, bool]:
        """The consent: until, most, kept, in custody."""
        keeper, owner = who.get("keeper", self.eve), who.get("owner", self.ann)
        asset = who.get("asset", self.token.address)
        until, most, kept, in_custody = self.holds.call("consentOf", keeper, asset, owner)
        return until, most, kept, in_custody

    # ------------------------------------------------------------------------- what there is

    def shares(self, *wallets: str) -> list[tuple[int, int]]:
        """Balance, and how much of it is held, of each."""
        call = self.token.call
        return [(call("balanceOf", who), call("heldOf", who)) for who in wallets]

    def money(self, currency: Deployed, *more: str) -> list[int]:
        """What Ann, Ben, the contract and others have of a currency."""
        accounts = (self.ann, self.ben, self.holds.address, *more)
        return [currency.call("balanceOf", account) for account in accounts]

    def fund(self, currency: Deployed, owner: str, amount: int) -> None:
        """Give money to somebody who is about to have it held, and the allowance for it."""
        currency.send("mint", owner, amount)
        currency.send("approve", self.holds.address, amount, sender=owner)

    def recover(self, lost: str, successor: str) -> Receipt:
        """Put a wallet in the place of a lost one."""
        args = (lost, successor, ZERO)
        return self.token.send("recoveryAddress", *args, sender=self.harness.agent)

    def order(self, function: str, *args: Any) -> Receipt:
        """An order by the token's agent."""
        return self.token.send(function, *args, sender=self.harness.agent)


def outcome(action: Any) -> str:
    """What came of a call: the name of its error, or nothing."""
    try:
        action()
    except Reverted as reverted:
        return reverted.name
    return ""

"""What distributions are paid in, beside `harness.CurrencyHarness`: how to make, allow and change
it.
"""

from __future__ import annotations

from typing import Any

from tests.chainkit import ZERO, Deployed, Receipt, checksummed
from tests.contracts.currencies import MAX, Currency, Nature
from tests.contracts.harness import Harness
from tests.laws.harness import calldata


def send(there: Deployed, function: str, *args: Any, sender: str, value: int = 0) -> Receipt:
    """Send as somebody who may be a contract."""
    kit = there.kit
    if sender in kit.accounts:
        return there.send(function, *args, sender=sender, value=value)
    data = kit.codec.call(there.name, function, *args)
    return kit.at("WilfulReceiver", sender).send("execute", there.address, data, value)


class Money:
    """A plain ERC-20: how a test makes, allows and looks at it, and what it can do to it."""

    contract = "Dollar"
    pot = "harness"
    gone = False
    """Whether there is no code any more to ask or to call."""

    def __init__(self, harness: Harness, currency: Currency) -> None:
        self.harness, self.currency = harness, currency
        self.deployed = self.deploy()
        self.address = self.deployed.address
        self.nature = currency.nature

    def deploy(self) -> Deployed:
        return self.harness.kit.deploy("Dollar", "Coin", "C", self.currency.decimals)

    @property
    def grains(self) -> int:
        """Grains to a unit."""
        return 1

    def fund(self, who: str, amount: int) -> None:
        """Give somebody so much."""
        self.deployed.send("mint", who, amount)

    def allow(self, who: str) -> None:
        """Let the vault take whatever somebody has."""
        send(self.deployed, "approve", self.harness.vault.address, MAX, sender=who)

    def question(self, who: str) -> tuple[str, bytes]:
        """Where to ask, and what, for the grains that somebody has."""
        return self.address, calldata(self.harness.kit.codec, self.contract, "balanceOf", who)

    def become(self, nature: Nature) -> None:
        """Change what it is."""
        raise NotImplementedError

    def block(self, who: str, on: bool) -> None:
        """Block an account, or free it."""
        raise NotImplementedError

    def after(self) -> None:
        """What the chain itself does at the end of a transaction."""


class Wilful(Money):
    """A currency of any nature."""

    contract = "WilfulCurrency"

    def deploy(self) -> Deployed:
        deployed = self.harness.kit.deploy(self.contract)
        deployed.send("become", self.currency.nature.words())
        return deployed

    @property
    def grains(self) -> int:
        return self.nature.grains

    def allow(self, who: str) -> None:
        vault = self.harness.vault.address
        if self.currency.allows == "permit":
            # Holder, spender, nonce, expiry, all of it, and a signature.
            self.deployed.send("permit", who, vault, 0, 0, True, 27, b"\1" * 32, b"\1" * 32)
            return
        if self.currency.allows == "approve from zero":
            self.deployed.send("approve", vault, 1, sender=who)
            self.deployed.send("approve", vault, 0, sender=who)
        super().allow(who)

    def question(self, who: str) -> tuple[str, bytes]:
        return self.address, calldata(self.harness.kit.codec, self.contract, "grainsOf", who)

    def become(self, nature: Nature) -> None:
        self.nature = nature
        self.deployed.send("become", nature.words())

    def block(self, who: str, on: bool) -> None:
        self.deployed.send("setBlocked", who, on)


class Antique(Wilful):
    """The same, older than the standards."""

    contract = "AntiqueCurrency"


class Second(Wilful):
    """The same, under another address."""

    def deploy(self) -> Deployed:
        self.main = Wilful(self.harness, self.currency)
        return self.harness.kit.deploy("SecondAddress", self.main.address)

    def fund(self, who: str, amount: int) -> None:
        self.main.fund(who, amount)

    def question(self, who: str) -> tuple[str, bytes]:
        return self.main.question(who)

    def become(self, nature: Nature) -> None:
        self.nature = nature
        self.main.become(nature)

    def block(self, who: str, on: bool) -> None:
        self.main.block(who, on)


class Shares(Money):
    """Shares of another asset, whose agent is the first account."""

    contract = "ShareToken"

    def deploy(self) -> Deployed:
        kit = self.harness.kit
        token_terms = ("Mill Lane 3", "MILL", 0, kit.accounts[0], ZERO, ZERO, [kit.accounts[0]])
        return kit.deploy("ShareToken", token_terms)

    def become(self, nature: Nature) -> None:
        if nature.paused != self.nature.paused:
            self.deployed.send("pause" if nature.paused else "unpause")
        self.nature = nature

    def block(self, who: str, on: bool) -> None:
        self.deployed.send("setAddressFrozen", who, on)


class OwnCoin(Money):
    """The native coin under an ERC-20's address."""

    contract = "OwnCoin"
    pot = "coin"

    def deploy(self) -> Deployed:
        return self.harness.kit.deploy("OwnCoin")

    def after(self) -> None:
        harness = self.harness
        for who in (*harness.kit.accounts, harness.vault.address):
            if self.deployed.call("pending", who):
                harness.kit.evm.set_balance(who, self.deployed.call("balanceOf", who))
                self.deployed.send("settle", who)


class NativeCoin(Money):
    """The native coin itself."""

    pot = "coin"

    def deploy(self) -> Deployed:
        return self.harness.kit.at("", ZERO)

    def allow(self, who: str) -> None:
        """Nobody can take it."""

    def become(self, nature: Nature) -> None:
        """It cannot change; those who receive it can."""


class Nowhere(Money):
    """An address at which there is nothing."""

    gone = True

    def deploy(self) -> Deployed:
        return self.harness.kit.at("Dollar", checksummed("0x" + "c0de" * 10))

    def allow(self, who: str) -> None:
        """There is nobody to tell."""


class Precompile(Nowhere):
    """An address that answers with what it is asked, though no code is there."""

    def deploy(self) -> Deployed:
        return self.harness.kit.at("Dollar", "0x" + "00" * 19 + "04")


MONEY: dict[str, type[Money]] = {
    "dollar": Money,
    "wilful": Wilful,
    "antique": Antique,
    "second": Second,
    "shares": Shares,
    "own coin": OwnCoin,
    "coin": NativeCoin,
    "none": Nowhere,
    "precompile": Precompile,
}

"""The ERC-3643 reference suite as its factory deploys it, with an ONCHAINID for every investor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak

from tests.bench.fixture import SYMBOL, BenchFixture, Gas
from tests.chainkit import ZERO, Deployed
from tests.contracts.reference import CLAIMS, ECDSA, MANAGEMENT, PARTS, VERSION
from tests.gas.compliance import SWITZERLAND
from tests.gas.field import BATCH, NAME
from tests.gas.story import person

KYC = 1
CLAIM_SIGNER = Account.from_key("0x" + "0c" * 32)
TWO = ("CountryAllowModule", "MaxBalanceModule")
ALL = (
    *TWO,
    "SupplyLimitModule",
    "TimeTransfersLimitsModule",
    "TransferRestrictModule",
    "CountryRestrictModule",
)


@dataclass(frozen=True)
class Asset:
    """What the factory made."""

    token: Deployed
    registry: Deployed
    storage: str
    gas: int


class Suite:
    """What all assets share: factories, implementations, the issuer of claims, the modules."""

    def __init__(self, fixture: BenchFixture) -> None:
        self.fixture = fixture
        self.spent = 0
        identity = self._deploy("Identity", fixture.issuer, True)
        authority = self._deploy("ImplementationAuthority", identity.address)
        self.identities = self._deploy("IdFactory", authority.address)
        parts = tuple(self._deploy(name).address for name in PARTS)
        main = self._deploy("TREXImplementationAuthority", True, ZERO, ZERO)
        self._send(main, "addAndUseTREXVersion", VERSION, parts)
        self.factory = self._deploy("TREXFactory", main.address, self.identities.address)
        self._send(main, "setTREXFactory", self.factory.address)
        self._send(self.identities, "addTokenFactory", self.factory.address)
        self.claims = self._deploy("ClaimIssuer", fixture.issuer)
        self._send(self.claims, "addKey", _key(CLAIM_SIGNER.address), CLAIMS, ECDSA)
        self.modules: dict[str, Deployed] = {}

    def asset(self, salt: str, modules: tuple[str, ...] = (), storage: str = ZERO) -> Asset:
        """Deploy a token and what belongs to it alone."""
        for name in modules:
            if name not in self.modules:
                self.modules[name] = self._module(name)
        issuer, agents = self.fixture.issuer, [self.fixture.issuer]
        addresses = [self.modules[name].address for name in modules]
        settings = [self._setting(name) for name in modules]
        settings = [setting for setting in settings if setting]
        details = (issuer, NAME, SYMBOL, 0, storage, ZERO, agents, agents, addresses, settings)
        trusted = ([KYC], [self.claims.address], [[KYC]])
        self.fixture.tick()
        receipt = self.factory.send("deployTREXSuite", salt, details, trusted)
        (made,) = receipt.named("TREXSuiteDeployed")
        token = self.fixture.kit.at("Token", made["_token"])
        registry = self.fixture.kit.at("IdentityRegistry", made["_ir"])
        opened = self.fixture.send(token, "unpause")
        return Asset(token, registry, made["_irs"], receipt.gas + opened)

    def register(self, registry: Deployed, wallet: str) -> tuple[int, Deployed]:
        """An identity, a claim that somebody trusted signed, and the entry: three transactions."""
        made = self.fixture.send(self.identities, "createIdentity", wallet, wallet)
        identity = self.fixture.kit.at("Identity", self.identities.call("getIdentity", wallet))
        data = b"KYC"
        claim = keccak(encode(["address", "uint256", "bytes"], [identity.address, KYC, data]))
        signature = bytes(CLAIM_SIGNER.sign_message(encode_defunct(claim)).signature)
        claim = (KYC, ECDSA, self.claims.address, signature, data, "")
        claimed = self.fixture.send(identity, "addClaim", *claim, sender=wallet)
        entered = self.fixture.send(
            registry, "registerIdentity", wallet, identity.address, SWITZERLAND
        )
        return made + claimed + entered, identity

    def _module(self, name: str) -> Deployed:
        inside = self._deploy(name)
        start = self.fixture.kit.codec.call(name, "initialize")
        return self.fixture.kit.at(name, self._deploy("ModuleProxy", inside.address, start).address)

    def _setting(self, name: str) -> bytes:
        """What a module is told of the asset; nothing where it needs nothing."""
        call = self.fixture.kit.codec.call
        ann, *_ = self.fixture.people
        answers: dict[str, tuple[Any, ...]] = {
            "CountryAllowModule": ("addAllowedCountry", SWITZERLAND),
            "MaxBalanceModule": ("setMaxBalance", 9_999),
            "SupplyLimitModule": ("setSupplyLimit", 10**9),
            "TimeTransfersLimitsModule": ("setTimeTransferLimit", (86_400, 1_000)),
            "TransferRestrictModule": ("allowUser", ann),
        }
        return call(name, *answers[name]) if name in answers else b""

    def _deploy(self, name: str, *args: Any) -> Deployed:
        made = self.fixture.deploy(name, *args)
        self.spent += made.receipt.gas
        return made

    def _send(self, contract: Deployed, function: str, *args: Any) -> None:
        self.spent += self.fixture.send(contract, function, *args)


def trex(fixture: BenchFixture) -> Gas:
    """The suite's gas."""
    suite = Suite(fixture)
    plain = suite.asset("one")
    gas = {"deploy": suite.spent + plain.gas}
    more = suite.asset("two", storage=plain.storage)
    gas["deploy more"] = more.gas
    people = [*fixture.people[: BATCH + 1], person(1_000)]
    identities = {}
    for who in people:
        gas["register"], identities[who] = suite.register(plain.registry, who)
    ann, ben, cid, dan, eve, *_ = people
    token = plain.token
    fixture.send(token, "mint", people[BATCH], 1_000)
    issued = fixture.send(token, "batchMint", people[:BATCH], [1_000] * BATCH)
    gas["issue under rules"] = issued // BATCH
    gas["rules 0"] = fixture.send(token, "transfer", ben, 5, sender=ann)
    fixture.send(token, "approve", cid, 1_000, sender=ann)
    gas["transferFrom"] = fixture.send(token, "transferFrom", ann, ben, 5, sender=cid)
    sent = fixture.send(token, "batchTransfer", people[1:51], [1] * 50, sender=ann)
    gas["batch"] = sent // 50
    gas["freeze"] = fixture.send(token, "setAddressFrozen", dan, True)
    gas["forced"] = fixture.send(token, "forcedTransfer", eve, ben, 5)
    successor = person(2_000)
    keyed = fixture.send(identities[cid], "addKey", _key(successor), MANAGEMENT, ECDSA, sender=cid)
    recovered = fixture.send(token, "recoveryAddress", cid, successor, identities[cid].address)
    gas["recovery"] = keyed + recovered
    for key, modules in (("rules 2", TWO), ("rules all", ALL)):
        asset = suite.asset(key, modules, plain.storage)
        fixture.send(asset.token, "batchMint", [ann, ben], [1_000, 1_000])
        fixture.send(asset.token, "transfer", ben, 1, sender=ann)
        gas[key] = fixture.send(asset.token, "transfer", ben, 5, sender=ann)
    return gas


def _key(address: str) -> bytes:
    return keccak(encode(["address"], [address]))

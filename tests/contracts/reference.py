"""The reference suite of ERC-3643 from npm, as others have deployed it, beside a token.

Registry, storage, trusted issuers, claim topics and modular compliance stand behind their own
proxies; investors have ONCHAINIDs with claims that a claim issuer has signed. Nothing here is a
stand-in. The packages are the peers of the benchmark, with their lock file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_utils.crypto import keccak

from prorata.chain.artifacts import Artifact
from tests.bench.peers import compile_reference
from tests.chainkit import ZERO, Deployed, Kit, Receipt, Reverted
from tests.contracts.compliant import AMERICA, FRANCE, GERMANY
from tests.contracts.harness import DAY, person

MANAGEMENT, CLAIMS, ECDSA = 1, 3, 1
VERSION = (4, 1, 6)
PARTS = (
    "Token",
    "ClaimTopicsRegistry",
    "IdentityRegistry",
    "IdentityRegistryStorage",
    "TrustedIssuersRegistry",
    "ModularCompliance",
)
MODULES = (
    "CountryAllowModule",
    "CountryRestrictModule",
    "MaxBalanceModule",
    "SupplyLimitModule",
    "TimeTransfersLimitsModule",
    "TimeExchangeLimitsModule",
    "ExchangeMonthlyLimitsModule",
    "TransferRestrictModule",
    "TransferFeesModule",
)
"""Every module that lets an ordinary transfer pass; the conditional one wants each approved."""

MAX_BALANCE, SUPPLY_LIMIT, DAILY, TO_EXCHANGE, FEE = 1_000, 2_000, 800, 50, 1_000
"""Shares, but for the fee: a tenth, in the module's parts of ten thousand."""

CLAIM_DATA = b"KYC"


@lru_cache(maxsize=1)
def reference_artifacts() -> dict[str, Artifact]:
    """The suite's contracts by name."""
    return compile_reference()


@contextmanager
def objected(message: str) -> Iterator[None]:
    """The block reverts with these words: contracts of that age have no custom errors."""
    with pytest.raises(Reverted) as caught:
        yield
    data = bytes.fromhex(caught.value.values[0])
    assert data[:4] == keccak(text="Error(string)")[:4], caught.value
    assert decode(["string"], data[4:]) == (message,)


class ReferenceSuite:
    """What is deployed beside a token: one owner, one agent of the registry, claim issuers."""

    def __init__(
        self, kit: Kit, owner: str, agent: str, *, topics: int = 1, issuers: int = 1
    ) -> None:
        self.kit, self.owner, self.agent = kit, owner, agent
        self.topics = list(range(1, topics + 1))
        self.authority = self._deploy("TREXImplementationAuthority", True, ZERO, ZERO)
        parts = tuple(self._deploy(name).address for name in PARTS)
        self._send(self.authority, "addAndUseTREXVersion", VERSION, parts)
        self.claim_topics = self._proxy("ClaimTopicsRegistry")
        self.trusted = self._proxy("TrustedIssuersRegistry")
        self.storage = self._proxy("IdentityRegistryStorage")
        self.registry = self._proxy(
            "IdentityRegistry",
            self.trusted.address,
            self.claim_topics.address,
            self.storage.address,
        )
        self._send(self.storage, "bindIdentityRegistry", self.registry.address)
        self._send(self.registry, "addAgent", agent)
        inside = self._deploy("Identity", owner, True)
        behind = self._deploy("ImplementationAuthority", inside.address)
        self.identities = self._deploy("IdFactory", behind.address)
        for topic in self.topics:
            self._send(self.claim_topics, "addClaimTopic", topic)
        self.keys = [Account.from_key(bytes([16 + i]) * 32) for i in range(issuers)]
        self.issuers = [self._issuer(key.address) for key in self.keys]
        self.compliance = self.new_compliance()
        self.modules: dict[str, Deployed] = {}

    # ------------------------------------------------------------------ tokens and modules

    def new_compliance(self) -> Deployed:
        """A modular compliance contract that no token is bound to."""
        return self._proxy("ModularCompliance")

    def reference_token(self) -> Deployed:
        """The reference's own token, which binds itself to registry and compliance; unpaused."""
        compliance = self.compliance.address
        terms = (self.registry.address, compliance, "Reference", "REF", 0, ZERO)
        made = self._deploy("TokenProxy", self.authority.address, *terms)
        token = self.kit.at("Token", made.address)
        self._send(token, "addAgent", self.agent)
        self._send(self.registry, "addAgent", token.address)
        token.send("unpause", sender=self.agent)
        return token

    def plug_into(self, token: Deployed) -> None:
        """Make registry and compliance those of a token of ours, and the token their agent."""
        self._send(self.registry, "addAgent", token.address)
        self._send(token, "setIdentityRegistry", self.registry.address)
        self._send(token, "setCompliance", self.compliance.address)

    def add_module(self, token: Deployed, name: str, *settings: bytes) -> Deployed:
        """Bind a module to the compliance contract, and say to it what it has to know."""
        inside = self._deploy(name)
        start = self.kit.codec.call(name, "initialize")
        module = self.kit.at(name, self._deploy("ModuleProxy", inside.address, start).address)
        if name == "TransferFeesModule":
            # It takes its fee by forced transfers.
            self._send(token, "addAgent", module.address)
        self._send(self.compliance, "addModule", module.address)
        for setting in settings:
            self._send(self.compliance, "callModuleFunction", setting, module.address)
        self.modules[name] = module
        return module

    def add_modules(
        self, token: Deployed, *, allowed: Iterable[str], exchange: str, collector: str
    ) -> None:
        """Bind all of `MODULES`. The allowed may send and receive, an exchange takes 50 a day."""
        exchange_id = self.registry.call("identity", exchange)
        said: Mapping[str, tuple[tuple[Any, ...], ...]] = {
            "CountryAllowModule": (
                ("addAllowedCountry", GERMANY),
                ("addAllowedCountry", FRANCE),
            ),
            "CountryRestrictModule": (("addCountryRestriction", AMERICA),),
            "MaxBalanceModule": (("setMaxBalance", MAX_BALANCE),),
            "SupplyLimitModule": (("setSupplyLimit", SUPPLY_LIMIT),),
            "TimeTransfersLimitsModule": (("setTimeTransferLimit", (DAY, DAILY)),),
            "TimeExchangeLimitsModule": (("setExchangeLimit", exchange_id, (DAY, TO_EXCHANGE)),),
            "ExchangeMonthlyLimitsModule": (("setExchangeMonthlyLimit", exchange_id, TO_EXCHANGE),),
            "TransferRestrictModule": (("batchAllowUsers", list(allowed)),),
            "TransferFeesModule": (("setFee", FEE, collector),),
        }
        for name in MODULES:
            settings = (self.kit.codec.call(name, *setting) for setting in said[name])
            module = self.add_module(token, name, *settings)
            if "Exchange" in name:
                self._send(module, "addExchangeID", exchange_id)

    def id_balance(self, identity: str) -> int:
        """What the module of the largest holding believes that a person holds."""
        module = self.modules["MaxBalanceModule"]
        return int(module.call("getIDBalance", self.compliance.address, identity))

    # --------------------------------------------------------------------------- investors

    def new_identity(self, wallet: str, *, claims: bool = True) -> Deployed:
        """An ONCHAINID that `wallet` manages, with the claims that the registry asks for."""
        self._send(self.identities, "createIdentity", wallet, wallet)
        identity = self.kit.at("Identity", self.identities.call("getIdentity", wallet))
        for topic in self.topics if claims else ():
            self.add_claim(identity, wallet, topic)
        return identity

    def add_claim(self, identity: Deployed, manager: str, topic: int) -> Receipt:
        """A claim, signed by the claim issuer that the registry asks last."""
        issuer, key = self.issuers[-1], self.keys[-1]
        claim = keccak(
            encode(["address", "uint256", "bytes"], [identity.address, topic, CLAIM_DATA])
        )
        signature = bytes(key.sign_message(encode_defunct(claim)).signature)
        return identity.send(
            "addClaim", topic, ECDSA, issuer.address, signature, CLAIM_DATA, "", sender=manager
        )

    def remove_claims(self, identity: Deployed, manager: str) -> None:
        """What the registry asks for is there no more."""
        for topic in self.topics:
            claim = keccak(encode(["address", "uint256"], [self.issuers[-1].address, topic]))
            identity.send("removeClaim", claim, sender=manager)

    def add_key(self, identity: Deployed, manager: str, wallet: str) -> None:
        """Another wallet that manages an identity, which the reference's recovery asks for."""
        key = keccak(encode(["address"], [wallet]))
        identity.send("addKey", key, MANAGEMENT, ECDSA, sender=manager)

    def register(self, wallet: str, identity: str, country: int = GERMANY) -> Receipt:
        """Enter a wallet."""
        return self.registry.send("registerIdentity", wallet, identity, country, sender=self.agent)

    def know(self, *wallets: str, country: int = GERMANY) -> list[Deployed]:
        """Enter wallets, each with a verified identity of its own."""
        made = [self.new_identity(wallet) for wallet in wallets]
        for wallet, identity in zip(wallets, made, strict=True):
            self.register(wallet, identity.address, country)
        return made

    # ------------------------------------------------------------------------------ inside

    def _issuer(self, signer: str) -> Deployed:
        issuer = self._deploy("ClaimIssuer", self.owner)
        key = keccak(encode(["address"], [signer]))
        self._send(issuer, "addKey", key, CLAIMS, ECDSA)
        self._send(self.trusted, "addTrustedIssuer", issuer.address, self.topics)
        return issuer

    def _proxy(self, name: str, *args: Any) -> Deployed:
        made = self._deploy(f"{name}Proxy", self.authority.address, *args)
        return self.kit.at(name, made.address)

    def _deploy(self, name: str, *args: Any) -> Deployed:
        return self.kit.deploy(name, *args, sender=self.owner)

    def _send(self, contract: Deployed, function: str, *args: Any) -> Receipt:
        return contract.send(function, *args, sender=self.owner)


EXCHANGE, COLLECTOR, NEW, NEXT = (person(70 + i) for i in range(4))
"""More wallets: an exchange, whom fees go to, and two that take the place of lost ones."""

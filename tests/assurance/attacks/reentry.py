"""The call_outs of the re-entry matrix: who is asked what in the middle of which function.

A call_out is one call-out of one contract: the interloper that stands where the call goes, the
function it is asked, the transaction in whose middle that happens, and whose guards are shut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.compliant import SETTINGS
from tests.contracts.harness import DAY, NOTHING, Harness, terms
from tests.contracts.relayer import PaymentInstruction, desk_of

VAULT, DESK = "DividendVault", "ClaimRelayer"
COIN = 10**18
LATER = 2**40
NO_PERMIT = (LATER, 27, NOTHING, NOTHING)
VAULT_CALL_OUTS = (
    "declare, taking",
    "declare, counting",
    "declare, permit",
    "claim, paying",
    "claim of two, paying",
    "push, paying",
    "push, counting",
    "remit, paying",
    "sweep, paying",
    "refund, paying",
    "claim, native",
    "push, native",
    "remit, native",
    "sweep, native",
    "refund, native",
    "declare, supply",
    "declare, holdings",
    "declare, agent",
    "declare, owner",
    "declare, time",
    "declare, excluded",
    "declare, collector",
    "claim, holdings",
    "claim, balance",
    "claim, claimant",
    "push, holdings",
    "refund, supply",
    "refund, cancelled",
    "count, supply",
    "claim, tax",
    "claim of two, tax",
    "push, tax",
    "relayer, signature",
    "relayer, holdings",
    "relayer, paying",
    "relayer, hook",
    "relayer, hook's coin",
)
TOKEN_CALL_OUTS = (
    "transfer, authorize",
    "mint, book",
    "burn, book",
    "force, book",
    "recover, recover",
    "rules, replacedBy",
    "rules, kind",
    "registry, rules' own",
    "permit, signature",
    "transfer, canTransfer",
    "transfer, transferred",
    "mint, created",
    "burn, destroyed",
    "force, transferred",
    "recover, transferred",
    "rules, unbind",
    "rules, bind",
    "transfer, isVerified",
    "mint, isVerified",
    "recover, identity",
    "recover, isVerified",
    "recover, deleteIdentity",
)


@dataclass(frozen=True)
class CallOut:
    """One call-out: ``act`` is the transaction in whose middle ``spy`` is asked ``asked``."""

    spy: Deployed
    asked: str
    """The signature of the function; empty for the native coin."""
    act: Callable[[], Receipt]
    shut: frozenset[str] = frozenset()
    """The contracts whose guard is shut meanwhile."""
    still: bool = False
    """Whether it is a question, in the middle of which nothing can be written."""
    least: int = 1_200_000
    """Less gas than it is asked with, and more than it needs to answer."""
    later: int = 0
    """How many seconds later."""
    shrugged: bool = False
    """Whether whoever asks goes on if it does not answer."""

    @property
    def trigger(self) -> bytes:
        """The selector of what it is asked."""
        return keccak(self.asked.encode())[:4] if self.asked else b"\0" * 4


class AttackSystem(Harness):
    """A vault, its relayer and three tokens, with an interloper wherever one of them calls.

    ``coin`` is a currency; ``purse`` a wallet that holds shares and is collector, recipient and
    declarer; ``signer`` a wallet that signs; ``asset`` passes questions on to the share token;
    ``policy`` is a tax; ``hook`` reinvests; ``rules`` are those of the token ``ruled``;
    ``compliance`` and ``book`` are ERC-3643's for the token ``foreign``.
    """

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(kit)
        self.relayer = desk_of(self)
        self.coin = self.interloper(self.dollar)
        self.purse = self.interloper()
        self.signer = self.interloper(kit.deploy("ContractWallet"))
        self.asset = self.interloper(self.token, relays=True)
        self.policy = self.interloper(kit.deploy("FlatTax", 1_000, self.purse.address))
        self.hook = self.interloper(kit.deploy("WilfulHook"))
        agreeing = kit.deploy("WilfulCallee")
        self.rules, self.compliance, self.book = (self.interloper(agreeing) for _ in range(3))
        kit.at("WilfulCallee", self.rules.address).send("setMood", 0, True)
        self.ruled = self._other_token(self.rules.address, ZERO)
        self.foreign = self._other_token(self.compliance.address, self.book.address)
        self.office = kit.deploy("InvestorRegistry", self.owner, [self.owner])
        self.lots = kit.deploy("LockUps")
        settings = {**SETTINGS, "registry": self.office.address, "eligible": True}
        self.paper = kit.deploy("TransferRules", tuple(settings.values()))
        self.spies = (
            self.coin, self.purse, self.signer, self.asset, self.policy, self.hook, self.rules,
            self.compliance, self.book,
        )  # fmt: skip
        self._give_everyone_something()
        self._declare_everything()

    def interloper(self, mask: Deployed | None = None, *, relays: bool = False) -> Deployed:
        """Somebody who passes for ``mask``."""
        spy = self.kit.deploy("Interloper")
        spy.send("wearMask", mask.address if mask else ZERO, relays)
        return spy

    def _other_token(self, rules: str, registry: str) -> Deployed:
        token_terms = ("Quay Street 3", "QUAY", 0, self.owner, rules, registry, [self.agent])
        return self.kit.deploy("ShareToken", token_terms)

    def _give_everyone_something(self) -> None:
        self.empty = self.schedule(self.kit.now)
        self.unpaid = self._pay(self.empty, 70)
        self.unpaid_native = self._pay_native(self.empty, 70)
        self.kit.now += 1
        shares = {self.ann: 40, self.ben: 30} | {spy.address: 10 for spy in self.spies}
        self.owners = [*shares, *self.kit.accounts, self.vault.address, self.relayer.address]
        for token in (self.token, self.ruled, self.foreign):
            token.send("batchMint", list(shares), list(shares.values()), sender=self.agent)
            for spy in self.spies:
                token.send("approve", spy.address, 20, sender=self.ann)
                self.kit.evm.set_balance(spy.address, COIN)
        self.kit.at("Dollar", self.coin.address).send("mint", self.agent, LATER)

    def _declare_everything(self) -> None:
        self.record = self.close()
        self.open_record = self.schedule(self.kit.now + DAY)
        ending = {"deadline": self.kit.now, "sweep_to": self.purse.address}
        taxed = {"tax_policy": self.policy.address}
        self.taxed = self._pay(self.record, 1_000, **ending, **taxed)
        self.plain = self._pay(self.record, 1_003, **taxed)
        self.native = self._pay_native(self.record, 1_000, **ending, **taxed)
        self.late = self._pay(self.record, 1_000)
        self.slow = self._pay_as_a_plain_token()
        for number in (self.taxed, self.native):
            self.claim(self.ben, number)
        # All of it but a remainder, which waits for the next.
        tiny = self._pay(self.record, 7)
        self.push(tiny, *dict.fromkeys(self.owners))
        assert self.vault.call("carried", self.asset.address, self.coin.address) != 0

    def _pay_as_a_plain_token(self) -> int:
        """Declared while the asset did not say that it knows `holdingsAt`."""
        plain = self.kit.deploy("BareToken")
        plain.send("setTime", self.record, self.token.call("recordTime", self.record))
        plain.send("setSupply", self.record, self.token.call("totalSupplyAt", self.record))
        self.asset.send("wearMask", plain.address, True)
        number = self._pay(self.record, 1_000)
        self.asset.send("wearMask", self.token.address, True)
        return number

    def declaration(self, record: int, amount: int, **options: Any) -> tuple[Any, ...]:
        """What `declare` takes, in coin."""
        return (self.asset.address, record, self.coin.address, amount, terms(**options))

    def _pay(self, record: int, amount: int, **options: Any) -> int:
        coin = self.kit.at("Dollar", self.coin.address)
        coin.send("mint", self.agent, amount)
        coin.send("approve", self.vault.address, LATER, sender=self.agent)
        call = self.declaration(record, amount, **options)
        self.vault.send("declare", *call, sender=self.agent)
        return int(self.vault.call("distributionCount"))

    def _pay_native(self, record: int, amount: int, **options: Any) -> int:
        call = self.kit.codec.call(
            VAULT, "declare", self.asset.address, record, ZERO, amount, terms(**options)
        )
        self.purse.send("act", self.vault.address, call, value=amount)
        return int(self.vault.call("distributionCount"))

    # ------------------------------------------------------------------------- transactions

    def declares(self, record: int | None = None, **options: Any) -> Callable[[], Receipt]:
        """Somebody declares."""
        call = self.declaration(record or self.record, 50, **options)
        return lambda: self.vault.send("declare", *call, sender=self.agent)

    def asks_vault(self, function: str, *args: Any) -> Callable[[], Receipt]:
        """Anyone calls the vault."""
        return lambda: self.vault.send(function, *args, sender=self.stranger)

    def orders(self, token: Deployed, function: str, *args: Any, sender: str = "") -> Any:
        """The agent, or somebody, calls a token."""
        return lambda: token.send(function, *args, sender=sender or self.agent)

    def carries_out(self, number: int, hook: str = ZERO) -> Callable[[], Receipt]:
        """The relayer carries out what `signer` has signed."""
        who = self.signer.address
        order = PaymentInstruction(self.relayer, who, who, [number], self.eve, hook)
        wallet = self.kit.at("ContractWallet", who)
        wallet.send("sign", order.digest(), True)
        return lambda: order.send(b"", sender=self.stranger)


def vault_call_outs(system: AttackSystem) -> dict[str, CallOut]:
    """Every call-out of the vault and its relayer."""
    w, own, both = system, frozenset({VAULT}), frozenset({VAULT, DESK})
    coin, asset, purse = w.coin, w.asset, w.purse
    claims = w.asks_vault("claim", [w.taxed], w.ann)
    claims_two = w.asks_vault("claim", [w.taxed, w.plain], w.ann)
    pushes = w.asks_vault("push", w.taxed, [w.ann])
    remits, refunds = w.asks_vault("remit", w.taxed), w.asks_vault("refund", w.unpaid)
    sweeps = w.asks_vault("sweep", w.taxed)
    permits = w.orders(w.vault, "declareWithPermit", *w.declaration(w.record, 50), NO_PERMIT)
    payee = w.asks_vault("claim", [w.native], purse.address)
    pushed = w.asks_vault("push", w.native, [purse.address])
    tax = "taxOn(address,uint256,uint8,address,uint256)"
    move, at_, all_at = "transfer(address,uint256)", "balanceOfAt(address,uint256)", (
        "holdingsAt(address,uint256[],bool)"
    )  # fmt: skip
    take = "transferFrom(address,address,uint256)"
    permit = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
    hooked = w.carries_out(w.late, w.hook.address)
    hooked_native = w.carries_out(w.native, w.hook.address)
    signed = w.carries_out(w.late)
    return {
        "declare, taking": CallOut(coin, take, w.declares(), own),
        "declare, counting": CallOut(
            coin, "balanceOf(address)", w.declares(), own, still=True, least=450_000
        ),
        "declare, permit": CallOut(coin, permit, permits, own, shrugged=True),
        "claim, paying": CallOut(coin, move, claims, own),
        "claim of two, paying": CallOut(coin, move, claims_two, own),
        "push, paying": CallOut(coin, move, pushes, own, least=450_000),
        "push, counting": CallOut(
            coin, "balanceOf(address)", pushes, own, still=True, least=450_000, shrugged=True
        ),
        "remit, paying": CallOut(coin, move, remits, own),
        "sweep, paying": CallOut(coin, move, sweeps, own, later=1),
        "refund, paying": CallOut(coin, move, refunds, own),
        "claim, native": CallOut(purse, "", payee, own, least=90_000),
        "push, native": CallOut(purse, "", pushed, own, least=90_000),
        "remit, native": CallOut(purse, "", w.asks_vault("remit", w.native), own, least=90_000),
        "sweep, native": CallOut(
            purse, "", w.asks_vault("sweep", w.native), own, least=90_000, later=1
        ),
        "refund, native": CallOut(
            purse, "", w.asks_vault("refund", w.unpaid_native), own, least=90_000
        ),
        "declare, supply": CallOut(
            asset, "totalSupplyAt(uint256)", w.declares(), own, still=True, shrugged=True
        ),
        "declare, holdings": CallOut(
            asset,
            "incomeHeldWhileIneligible()",
            w.declares(),
            own,
            still=True,
            least=90_000,
            shrugged=True,
        ),
        "declare, agent": CallOut(
            asset, "isAgent(address)", w.declares(), own, still=True, shrugged=True
        ),
        "declare, owner": CallOut(asset, "owner()", w.declares(), own, still=True, shrugged=True),
        "declare, time": CallOut(
            asset, "recordTime(uint256)", w.declares(w.open_record), own, still=True
        ),
        "declare, excluded": CallOut(asset, at_, w.declares(excluded=[w.eve]), own, still=True),
        "declare, collector": CallOut(
            w.policy, "collector()", w.declares(tax_policy=w.policy.address), own, still=True
        ),
        "claim, holdings": CallOut(asset, all_at, claims, own, still=True),
        "claim, balance": CallOut(
            asset, at_, w.asks_vault("claim", [w.slow], w.ann), own, still=True
        ),
        "claim, claimant": CallOut(
            asset,
            "claimantOf(address)",
            w.asks_vault("claim", [w.slow], w.ann),
            own,
            still=True,
            shrugged=True,
        ),
        "push, holdings": CallOut(asset, all_at, pushes, own, still=True),
        "refund, supply": CallOut(asset, "totalSupplyAt(uint256)", refunds, own, still=True),
        "refund, cancelled": CallOut(
            asset, "isRecordCancelled(uint256)", refunds, own, still=True, shrugged=True
        ),
        "count, supply": CallOut(
            asset,
            "totalSupplyAt(uint256)",
            w.asks_vault("fixEligible", w.unpaid, 1),
            own,
            still=True,
        ),
        "claim, tax": CallOut(w.policy, tax, claims, own, still=True),
        "claim of two, tax": CallOut(w.policy, tax, claims_two, own, still=True),
        "push, tax": CallOut(w.policy, tax, pushes, own, still=True, least=450_000),
        "relayer, signature": CallOut(
            w.signer, "isValidSignature(bytes32,bytes)", signed, frozenset({DESK}), still=True
        ),
        "relayer, holdings": CallOut(asset, all_at, signed, both, still=True),
        "relayer, paying": CallOut(coin, move, signed, both),
        "relayer, hook": CallOut(
            w.hook, "onIncome(address,address,uint256,bytes)", hooked, frozenset({DESK})
        ),
        "relayer, hook's coin": CallOut(w.hook, "", hooked_native, both, least=90_000),
    }


def token_call_outs(system: AttackSystem) -> dict[str, CallOut]:
    """Every call-out of a share token, to rules of ours and to an ERC-3643 deployment."""
    w = system
    ruled, foreign, rules, theirs, book = w.ruled, w.foreign, w.rules, w.compliance, w.book
    three, lost, successor = "(address,address,uint256)", w.ben, w.eve
    wallet = w.signer.address
    w.kit.at("ContractWallet", wallet).send("sign", _permit_digest(w, ruled), True)
    permits = w.orders(ruled, "permit", wallet, w.ann, 5, LATER, 27, NOTHING, NOTHING)

    def on(token: Deployed) -> dict[str, Callable[[], Receipt]]:
        return {
            "transfer": w.orders(token, "transfer", w.ann, 5, sender=w.ben),
            "mint": w.orders(token, "mint", w.ann, 5),
            "burn": w.orders(token, "burn", w.ann, 5),
            "force": w.orders(token, "forcedTransfer", w.ann, w.ben, 5),
            "recover": w.orders(token, "recoveryAddress", lost, successor, ZERO),
            "drop": w.orders(token, "setCompliance", ZERO, sender=w.owner),
        }

    ours, other = on(ruled), on(foreign)
    again = w.orders(ruled, "setCompliance", rules.address, sender=w.owner)
    bind = w.orders(foreign, "setCompliance", theirs.address, sender=w.owner)
    look = w.orders(ruled, "setIdentityRegistry", book.address, sender=w.owner)
    booking = "book(address,address,uint256,uint256)"
    return {
        "transfer, authorize": CallOut(rules, f"authorize{three}", ours["transfer"]),
        "mint, book": CallOut(rules, booking, ours["mint"]),
        "burn, book": CallOut(rules, booking, ours["burn"]),
        "force, book": CallOut(rules, booking, ours["force"]),
        "recover, recover": CallOut(rules, "recover(address,address)", ours["recover"]),
        "rules, replacedBy": CallOut(rules, "replacedBy(address)", ours["drop"], shrugged=True),
        "rules, kind": CallOut(
            rules, "supportsInterface(bytes4)", again, still=True, shrugged=True
        ),
        "registry, rules' own": CallOut(rules, "registry()", look, still=True, shrugged=True),
        "permit, signature": CallOut(
            w.signer, "isValidSignature(bytes32,bytes)", permits, still=True
        ),
        "transfer, canTransfer": CallOut(
            theirs, f"canTransfer{three}", other["transfer"], still=True
        ),
        "transfer, transferred": CallOut(theirs, f"transferred{three}", other["transfer"]),
        "mint, created": CallOut(theirs, "created(address,uint256)", other["mint"]),
        "burn, destroyed": CallOut(theirs, "destroyed(address,uint256)", other["burn"]),
        "force, transferred": CallOut(theirs, f"transferred{three}", other["force"]),
        "recover, transferred": CallOut(theirs, f"transferred{three}", other["recover"]),
        "rules, unbind": CallOut(theirs, "unbindToken(address)", other["drop"], shrugged=True),
        "rules, bind": CallOut(theirs, "bindToken(address)", bind),
        "transfer, isVerified": CallOut(book, "isVerified(address)", other["transfer"], still=True),
        "mint, isVerified": CallOut(book, "isVerified(address)", other["mint"], still=True),
        "recover, identity": CallOut(book, "identity(address)", other["recover"], still=True),
        "recover, isVerified": CallOut(book, "isVerified(address)", other["recover"], still=True),
        "recover, deleteIdentity": CallOut(book, "deleteIdentity(address)", other["recover"]),
    }


def _permit_digest(system: AttackSystem, token: Deployed) -> bytes:
    kind = b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    fields = [system.signer.address, system.ann, 5, 0, LATER]
    words = [int(f, 16) if isinstance(f, str) else f for f in fields]
    struct = keccak(keccak(kind) + b"".join(word.to_bytes(32, "big") for word in words))
    return keccak(b"\x19\x01" + token.call("DOMAIN_SEPARATOR") + struct)

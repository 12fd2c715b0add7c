"""One harness for everything: two assets, four currencies, eight wallets, a vault, and the law of
it.

A step is a tuple, `("transfer", "east", "ann", "ben", 3)`, that means the same whatever happened
before it. So a story is a list of steps: it can be replayed, shortened, read, and pasted as a test.
`SystemHarness.do` takes a step in the law and on the chain: both do it, or both refuse for one
reason, with the same answer and the same events. Then it looks at the chain and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import pyrevm
from eth_account import Account
from eth_utils.crypto import keccak

from tests.assurance.fuzz.wire import Blob, Wire, encoded, raw_log, revert_data, word
from tests.chainkit import GAS_CAP, ZERO, Codec, RevmKit, checksummed
from tests.contracts.compliant import FOREVER, GERMANY, RETAIL, SETTINGS, investor
from tests.contracts.currencies import Answer, Mood
from tests.contracts.currencies import Nature as UncheckedArrayLib
from tests.contracts.relayer import TYPE as INSTRUCTION
from tests.laws.harness import terms_of
from tests.laws.product import differences
from tests.model.declared import Declared
from tests.model.outcomes import COIN, NOBODY, VAULT, Refused
from tests.model.register import Identity, Limits, Register
from tests.model.relayer import Relayer
from tests.model.shares import UNLIMITED, Ledger
from tests.model.vault import COLLECTOR, RELAYER, Vault

Step = tuple[Any, ...]
Pair = tuple[tuple[Any, ...], bytes]

WALLETS = ("ann", "ann2", "ben", "ben2", "cat", "wall")
"""ann2 is ann's other wallet, ben2 what ben has bought in case; wall is a contract with moods."""

EAST, CLUB = "east", "club"
ISSUERS = {EAST: "eve", CLUB: "wes"}
MONEY = ("usd", "fee", "fickle")
CURRENCIES = (COIN, *MONEY)
WILFUL = ("fee", "fickle")
RATES = {"third": 3_333, "whole": 10_000}
OTHERS = ("eve", "wes", "ola", COLLECTOR, "sam")
"""The issuers; a stranger; the collector; who is swept to."""

PARTIES = (*WALLETS, *OTHERS, VAULT)
PERSONS = {"ann": 1, "ann2": 1, "ben": 2, "cat": 3, "wall": 4}
MAX_HOLDING = 60
WEALTH = 2**166
FAILING = {Mood.REFUSING, Mood.BURNING}
"""How a wallet contract does not take the coin."""

START = RevmKit.START
PERMIT = b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"

KEYS = {
    name: Account.from_key(number.to_bytes(32, "big"))
    for number, name in enumerate(("ann", "ann2", "ben", "ben2", "cat", "ola"), start=0xA110)
}
PLAIN = {
    name: checksummed((0xACC0 << 144 | number).to_bytes(20, "big"))
    for number, name in enumerate(("eve", "wes", "tax", "sam"), start=1)
}


class Broken(AssertionError):  # noqa: N818 - it is what happened
    """The chain did not do what the law says."""


class SystemHarness:
    """The system and its law, in step."""

    def __init__(self, codec: Codec, **faulty: str) -> None:
        self.wire = Wire(codec)
        self.faulty = faulty
        self.evm = pyrevm.EVM()
        self.now = START
        self._call = self.evm.message_call
        for name, address in {**PLAIN, **{n: key.address for n, key in KEYS.items()}}.items():
            self.wire.enter(name, address)
            self.evm.set_balance(address, WEALTH)
        for name in (NOBODY, COIN):
            self.wire.enter(name, ZERO)
        self.address = {name: checksummed(at[12:]) for name, at in self.wire.at.items()}
        self._set_time()
        self.register = Register(CLUB, "wes", START, Limits(holding=MAX_HOLDING))
        self.register.holds_income = True
        self.shares: dict[str, Ledger] = {
            EAST: Ledger(EAST, "eve", START),
            CLUB: self.register,
        }
        self.law = Vault(self.shares, RATES, START)
        self.relayer = Relayer(self.law)
        self._kept: dict[Any, bytes] = {}
        self._build()
        self._separators = {name: self._ask(name, "DOMAIN_SEPARATOR") for name in (EAST, "usd")}
        self.touched: tuple[Iterable[int], Iterable[str]] = ((), ())

    # -------------------------------------------------------------------- setting up

    def _build(self) -> None:
        at = self.address
        for name, issuer in ISSUERS.items():
            token_terms = (name, name.upper(), 0, at[issuer], ZERO, ZERO, (at[issuer],))
            self._create(name, "ShareToken", token_terms)
        self._create("book", "InvestorRegistry", at["wes"], (at["wes"],))
        settings = {**SETTINGS, "maxHolding": MAX_HOLDING, "eligible": True, "registry": at["book"]}
        self._create("rules", "TransferRules", tuple(settings.values()))
        self._send("wes", "book", "bindToken", CLUB)
        self._send("wes", CLUB, "setIdentityRegistry", "book")
        self._send("wes", CLUB, "setCompliance", "rules")
        self._send("wes", CLUB, "setIncomeHeld", True)
        self._send("wes", "book", "count", CLUB, [])
        self._create(VAULT, "DividendVault")
        self._enter(RELAYER, "ClaimRelayer", checksummed(self._ask(VAULT, "relayer")[12:]))
        self._create("wall", "WilfulReceiver")
        self._create("lens", "Lens")
        for policy, rate in RATES.items():
            self._create(policy, "FlatTax", rate, at["tax"])
        self._make_money()
        for wallet, person in PERSONS.items():
            self.do(("register", wallet, person, FOREVER - START))

    def _make_money(self) -> None:
        for name in PARTIES:
            rich = name not in ("wall", VAULT)
            self.law.money[COIN][name] = WEALTH if rich else 0
        for name in MONEY:
            self._create(name, "PermitCoin" if name == "usd" else "WilfulCurrency")
            if name in WILFUL:
                self._become(name)
            for payer in ("eve", "wes", "ola"):
                self._send(payer, name, "mint", payer, WEALTH)
                self.law.money[name][payer] = WEALTH
                if (payer, name) != ("ola", "usd"):
                    self._send(payer, name, "approve", VAULT, UNLIMITED)
        self.law.natures["usd"].allowances["ola"] = 0

    def _create(self, name: str, contract: str, *args: Any) -> None:
        contract = self.faulty.get(contract, contract)
        code = _creation(self.wire.codec, contract, args)
        self._enter(name, contract, checksummed(self.evm.deploy(self.address["eve"], code)))

    def _enter(self, name: str, contract: str, address: str) -> None:
        self.address[name] = address
        self.wire.enter(name, address, contract)

    # ---------------------------------------------------------------------- the chain

    def _set_time(self) -> None:
        block = pyrevm.BlockEnv(timestamp=self.now, number=self.now // 12)
        self.evm.set_block_env(block)

    def _send(self, sender: str, contract: str, function: str, *args: Any, value: int = 0) -> bytes:
        """Send a transaction; raises RuntimeError."""
        data = self.wire.call(contract, function, args)
        if sender == "wall":
            # Contracts send nothing by themselves: somebody makes them.
            relayed = (self.wire.at[contract], Blob(data), value)
            data, sender, contract = self.wire.call("wall", "execute", relayed), "ola", "wall"
        self.evm.reset_transient_storage()
        return bytes(self._call(self.address[sender], self.address[contract], data, value, GAS_CAP))

    def _ask(self, contract: str, function: str, *args: Any) -> bytes:
        return self._send("ola", contract, function, *args)

    def _both(
        self,
        in_law: Callable[[], Any],
        sender: str,
        contract: str,
        function: str,
        *args: Any,
        value: int = 0,
    ) -> bool:
        """Take a step on both sides; whether they did it. What the law returns, `answer` holds."""
        refused: Refused | None = None
        self.answer: Any = None
        try:
            self.answer = in_law()
        except Refused as refusal:
            refused = refusal
        try:
            self.gave = self._send(sender, contract, function, *args, value=value)
        except RuntimeError as error:
            self._compare_refusal(refused, revert_data(error))
            return False
        if refused is not None:
            raise Broken(f"the contract allows it, the law says {refused}")
        return True

    def _compare_refusal(self, refused: Refused | None, data: bytes) -> None:
        if refused is None:
            raise Broken(f"the law allows it, the contract says {self.wire.read_revert(data)}")
        if data not in {self.wire.refusal(reason) for reason in refused.reasons}:
            reported = self.wire.read_revert(data)
            raise Broken(f"the contract refuses with {reported}, the law with {refused.reasons}")

    def _compare_events(self, events: Sequence[Any], answer: int) -> None:
        """Events of the vault, in order, and what the call returned."""
        vault = self.address[VAULT].lower()
        logs = self.evm.result.logs
        reported = [raw_log(log) for log in logs if log.address.lower() == vault]
        want = [self.wire.log(event) for event in events]
        if reported != want:
            decoded = [
                self.wire.codec.event(["0x" + t.hex() for t in log[0]], log[1]) for log in reported
            ]
            raise Broken(f"the events are {self.wire.named(str(decoded))}, the law says {events}")
        if self.gave != word(answer):
            raise Broken(f"the call returned {int.from_bytes(self.gave, 'big')}, not {answer}")

    # ---------------------------------------------------------------------- one step

    def do(self, step: Step) -> bool:
        """Take a step; whether it was allowed. Raises `Broken` if law and chain differ."""
        self.touched = ((), ())
        return bool(getattr(self, "_" + step[0])(*step[1:]))

    def _transfer(self, token: str, giver: str, to: str, amount: int) -> bool:
        law = self.shares[token]
        return self._both(
            lambda: law.transfer(giver, [(to, amount)]), giver, token, "transfer", to, amount
        )

    def _transfer_from(self, token: str, spender: str, giver: str, to: str, amount: int) -> bool:
        law = self.shares[token]
        return self._both(
            lambda: law.transfer_from(spender, giver, to, amount),
            *(spender, token, "transferFrom", giver, to, amount),
        )

    def _approve(self, token: str, owner: str, spender: str, amount: int) -> bool:
        law = self.shares[token]
        return self._both(
            lambda: law.approve(owner, spender, amount), owner, token, "approve", spender, amount
        )

    def _permit(self, owner: str, spender: str, amount: int, valid: int, signer: str) -> bool:
        law, until = self.shares[EAST], self.now + valid
        fields = (owner, spender, amount, law.permits[owner], until)
        parts = self._signed(signer, EAST, PERMIT, fields)
        return self._both(
            lambda: law.permit(owner, spender, amount, until, signer),
            *("ola", EAST, "permit", owner, spender, amount, until, *parts),
        )

    def _mint(self, token: str, to: str, amount: int) -> bool:
        issuer, law = ISSUERS[token], self.shares[token]
        return self._both(
            lambda: law.mint(issuer, [(to, amount)]), issuer, token, "mint", to, amount
        )

    def _burn(self, token: str, holder: str, amount: int) -> bool:
        issuer, law = ISSUERS[token], self.shares[token]
        return self._both(
            lambda: law.burn(issuer, holder, amount), issuer, token, "burn", holder, amount
        )

    def _force(self, token: str, giver: str, to: str, amount: int) -> bool:
        issuer, law = ISSUERS[token], self.shares[token]
        return self._both(
            lambda: law.force(issuer, giver, to, amount),
            *(issuer, token, "forcedTransfer", giver, to, amount),
        )

    def _stop(self, token: str, wallet: str, on: bool) -> bool:
        issuer, law = ISSUERS[token], self.shares[token]
        return self._both(
            lambda: law.freeze_wallet(issuer, wallet, on),
            *(issuer, token, "setAddressFrozen", wallet, on),
        )

    def _freeze(self, token: str, wallet: str, amount: int) -> bool:
        issuer, law = ISSUERS[token], self.shares[token]
        return self._both(
            lambda: law.freeze(issuer, wallet, amount),
            *(issuer, token, "setFrozenTokens", wallet, amount),
        )

    def _appoint(self, token: str, keeper: str) -> bool:
        issuer, law = ISSUERS[token], self.shares[token]
        return self._both(
            lambda: law.appoint(issuer, keeper), issuer, token, "setHoldsContract", keeper
        )

    def _hold(self, token: str, sender: str, wallet: str, amount: int) -> bool:
        law = self.shares[token]
        return self._both(
            lambda: law.hold(sender, wallet, amount), sender, token, "hold", wallet, amount
        )

    def _deliver(self, token: str, sender: str, giver: str, to: str, amount: int) -> bool:
        law = self.shares[token]
        return self._both(
            lambda: law.deliver(sender, giver, to, amount),
            *(sender, token, "deliver", giver, to, amount),
        )

    def _release(self, token: str, sender: str, wallet: str, amount: int) -> bool:
        law = self.shares[token]
        return self._both(
            lambda: law.release(sender, wallet, amount), sender, token, "release", wallet, amount
        )

    def _hold_income(self, owner: str, on: bool) -> bool:
        return self._both(
            lambda: self.register.hold_income(owner, on), owner, CLUB, "setIncomeHeld", on
        )

    def _recover(self, token: str, lost: str, successor: str) -> bool:
        issuer, law = ISSUERS[token], self.shares[token]
        self.touched = ((), (lost, successor))
        return self._both(
            lambda: law.recover(issuer, lost, successor),
            *(issuer, token, "recoveryAddress", lost, successor, NOBODY),
        )

    def _pause(self, token: str, on: bool) -> bool:
        issuer, law = ISSUERS[token], self.shares[token]
        return self._both(
            lambda: law.pause(issuer, on), issuer, token, "pause" if on else "unpause"
        )

    def _schedule(self, token: str, ahead: int) -> bool:
        issuer, law, at = ISSUERS[token], self.shares[token], self.now + ahead
        done = self._both(lambda: law.schedule(issuer, at), issuer, token, "scheduleRecord", at)
        if done and self.gave != word(len(law.times)):
            raise Broken(f"the record is {self.gave.hex()}, not {len(law.times)}")
        return done

    def _cancel(self, token: str, first: int) -> bool:
        issuer, law = ISSUERS[token], self.shares[token]
        done = self._both(lambda: law.cancel(issuer, first), issuer, token, "cancelRecords", first)
        if done:
            logs = [raw_log(log) for log in self.evm.result.logs]
            gone = sorted(int.from_bytes(topics[1], "big") for topics, _ in logs)
            if gone != self.answer:
                raise Broken(f"the chain cancels {gone}, the law {self.answer}")
        return done

    def _register(self, wallet: str, person: int, valid: int) -> bool:
        known = Identity(person, GERMANY, RETAIL, self.now + valid)
        return self._both(
            lambda: self.register.book.register(wallet, known),
            *("wes", "book", "register", [wallet], [investor(*known)]),
        )

    def _confirm(self, lost: str, successor: str) -> bool:
        self.touched = ((), (lost, successor))
        return self._both(
            lambda: self.register.book.confirm(lost, successor),
            *("wes", "book", "confirmLoss", lost, successor),
        )

    def _undo(self, lost: str) -> bool:
        self.touched = ((), (lost,))
        return self._both(lambda: self.register.book.undo(lost), "wes", "book", "undoLoss", lost)

    def _wait(self, seconds: int) -> bool:
        self.now += seconds
        self._set_time()
        self.law.wait_until(self.now)
        return True

    # ------------------------------------------------------------------------- money

    def _declare(  # noqa: PLR0917 - a step is a tuple
        self,
        declarer: str,
        token: str,
        record: int,
        currency: str,
        amount: int,
        deadline_in: int = -1,
        policy: str = NOBODY,
        payable_in: int = 0,
        excluded: tuple[str, ...] = (),
    ) -> bool:
        deadline = self.now + deadline_in if deadline_in >= 0 else 0
        what = (token, record, currency, amount)
        terms: dict[str, Any] = {
            "kind": amount % 5,
            "payable_from": self.now + payable_in if payable_in else 0,
            "deadline": deadline,
            "sweep_to": "sam" if deadline else NOBODY,
            "policy": policy,
            "excluded": excluded,
        }
        done = self._both(
            lambda: self.law.declare(declarer, *what, **terms),
            *(declarer, VAULT, "declare", *what, terms_of(**terms)),
            value=amount if currency == COIN else 0,
        )
        return self._declared(done)

    def _declare_with_permit(self, token: str, record: int, amount: int, signer: str) -> bool:
        until = self.now + 9
        fields = ("ola", VAULT, amount, self.law.natures["usd"].permits, until)
        parts = self._signed(signer, "usd", PERMIT, fields)
        what = ("ola", token, record, "usd", amount)
        done = self._both(
            lambda: self.law.declare_with_permit(signer, what),
            *("ola", VAULT, "declareWithPermit", *what[1:], terms_of(), (until, *parts)),
        )
        return self._declared(done)

    def _declared(self, done: bool) -> bool:
        if done:
            self.touched = ((self.answer.id,), ())
            if self.gave != word(self.answer.id):
                raise Broken(f"the id is {self.gave.hex()}, not {self.answer.id}")
        return done

    def _never_payable(self, ids: Sequence[int]) -> bool:
        """Whether one is of a cancelled record. What holders have at it means nothing: who has
        something there has the call refused, who has nothing is passed over."""
        return any(it.is_cancelled for it in self.law.known(ids))

    def _claim(self, ids: tuple[int, ...], holder: str) -> bool:
        if self._never_payable(ids):
            return False
        self.touched = (ids, (holder,))
        return self._paid(
            self._both(
                lambda: self.law.claim(ids, holder), "ola", VAULT, "claim", list(ids), holder
            )
        )

    def _claim_to(
        self, sender: str, ids: tuple[int, ...], holder: str, receiver: str, named: str
    ) -> bool:
        if self._never_payable(ids):
            return False
        self.touched = (ids, (holder,))
        return self._paid(
            self._both(
                lambda: self.law.claim_to(sender, ids, holder, named, receiver),
                *(sender, VAULT, "claimTo", list(ids), holder, named, receiver),
            )
        )

    def _push(self, number: int, holders: tuple[str, ...]) -> bool:
        if self._never_payable((number,)):
            return False
        self.touched = ((number,), holders)
        return self._paid(
            self._both(
                lambda: self.law.push(number, holders),
                *("ola", VAULT, "push", number, list(holders)),
            )
        )

    def _instruct(
        self, signer: str, ids: tuple[int, ...], holder: str, receiver: str, nonce: int
    ) -> bool:
        if self._never_payable(ids):
            return False
        self.touched = (ids, (holder,))
        listed = keccak(b"".join(map(word, ids)))
        fields = (holder, signer, listed, receiver, NOBODY, keccak(b""), nonce, FOREVER)
        signature = self._sign(
            signer, self._ask(RELAYER, "digestOf", self._instruction(fields, ids))
        )
        if signature != self._sign(
            signer, _digest(self._relayer_domain(), INSTRUCTION, self._spell(fields))
        ):
            raise Broken("the relayer's digest is not that of the instruction")
        return self._paid(
            self._both(
                lambda: self.relayer.execute(signer, holder, ids, receiver, nonce),
                *("ola", RELAYER, "execute", self._instruction(fields, ids), Blob(signature)),
            )
        )

    def _paid(self, done: bool) -> bool:
        if done:
            events = self.answer
            paid = sum(len(e[3]) if e[0] == "ClaimedMany" else e[0] == "Claimed" for e in events)
            self._compare_events(events, paid)
        return done

    def _set_payee(self, holder: str, payee: str) -> bool:
        return self._both(
            lambda: self.law.set_payee(holder, payee), holder, VAULT, "setPayee", payee
        )

    def _remit(self, number: int) -> bool:
        return self._ended(lambda: self.law.remit(number), "remit", number)

    def _sweep(self, number: int) -> bool:
        return self._ended(lambda: self.law.sweep(number), "sweep", number)

    def _count(self, number: int, most: int) -> bool:
        self.touched = ((number,), WALLETS[:1])
        done = self._both(
            lambda: self.law.fix_eligible(number, most),
            *("ola", VAULT, "fixEligible", number, most),
        )
        if done:
            self._compare_events(self.answer, self.answer[0][2] if self.answer else 0)
        return done

    def _refund(self, number: int) -> bool:
        return self._ended(lambda: self.law.refund(number), "refund", number)

    def _ended(self, in_law: Callable[[], Any], function: str, number: int) -> bool:
        self.touched = ((number,), WALLETS[:1])
        done = self._both(in_law, "ola", VAULT, function, number)
        if done:
            self._compare_events(self.answer, self.answer[-1][-1])
        return done

    def _donate(self, currency: str, amount: int) -> bool:
        if currency != COIN:
            if self.law.natures[currency].is_barred("ola"):
                return False
            self.law.donate("ola", currency, amount)
            self._send("ola", currency, "transfer", VAULT, amount)
            return True
        # The vault takes no gifts of native coin; a destroyed contract or a block reward forces it.
        self.law.donate(NOBODY, COIN, amount)
        vault = self.address[VAULT]
        self.evm.set_balance(vault, int(self.evm.get_balance(vault)) + amount)
        return True

    def _mood(self, mood: int) -> bool:
        refusing = self.law.refusing
        (refusing.add if mood in FAILING else refusing.discard)("wall")
        self._send("ola", "wall", "setMood", mood)
        return True

    def _nature(
        self, currency: str, fee: int, paused: bool, quiet: bool, answer: int
    ) -> bool:  # fmt: skip
        nature = self.law.natures[currency]
        nature.fee, nature.paused, nature.quiet = fee, paused, quiet
        nature.says_yes = answer in (Answer.YES, Answer.NOTHING)
        self._become(currency, Answer(answer))
        return True

    def _block(self, currency: str, who: str, on: bool) -> bool:
        blocked = self.law.natures[currency].blocked
        (blocked.add if on else blocked.discard)(who)
        self._send("ola", currency, "setBlocked", who, on)
        return True

    def _become(self, currency: str, answer: Answer = Answer.YES) -> None:
        it = self.law.natures[currency]
        words = UncheckedArrayLib(
            answer=answer, fee=it.fee, paused=it.paused, quiet=it.quiet, grains=1
        )
        self._send("ola", currency, "become", tuple(map(int, words.words())))

    # ---------------------------------------------------------------------- signatures

    def _signed(
        self, signer: str, contract: str, kind: bytes, fields: tuple[Any, ...]
    ) -> tuple[int, bytes, bytes]:
        digest = _digest(self._separators[contract], kind, self._spell(fields))
        signature = self._sign(signer, digest)
        return signature[64], signature[:32], signature[32:64]

    def _sign(self, signer: str, digest: bytes) -> bytes:
        return bytes(KEYS[signer].unsafe_sign_hash(digest).signature)

    def _spell(self, fields: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self.wire.spelt(fields))

    def _instruction(self, fields: tuple[Any, ...], ids: tuple[int, ...]) -> tuple[Any, ...]:
        holder, signer, _, receiver, hook, _, nonce, until = fields
        return (holder, signer, list(ids), receiver, hook, Blob(b""), nonce, until)

    def _relayer_domain(self) -> bytes:
        kind = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        parts = (
            keccak(kind),
            keccak(b"prorata ClaimRelayer"),
            keccak(b"1"),
            1,
            self.wire.at[RELAYER],
        )
        return keccak(encoded(parts))

    # --------------------------------------------------------------------- comparing

    def look(self, *groups: tuple[Any, Iterable[Pair]]) -> None:
        """Ask the chain many questions at once; every answer is what the law says.

        Questions of a group with a name are always the same, and are put together once.
        """
        asked = [(name, list(pairs)) for name, pairs in groups]
        data = b"".join([self._questions(name, pairs) for name, pairs in asked])
        want = b"".join([answer for _, pairs in asked for _, answer in pairs])
        if self._ask_lens(data) != want:
            self._explain([pair for _, pairs in asked for pair in pairs])

    def _ask_lens(self, data: bytes) -> bytes:
        return bytes(
            self._call(self.address["ola"], self.address["lens"], data, 0, 10**12, 0, True)
        )

    def _questions(self, name: Any, pairs: Sequence[Pair]) -> bytes:
        data = self._kept.get(name)
        if data is None:
            data = b"".join([self._question(label) for label, _ in pairs])
            if name:
                self._kept[name] = data
        return data

    def _question(self, label: tuple[Any, ...]) -> bytes:
        contract, function, *args = label
        at = self.wire.at[contract]
        if function == "coins":
            return at[12:] + b"\xff\xff"
        kind = self.wire.kinds[contract]
        return _asked(self.wire.codec, kind, function, at[12:], self._flat(args))

    def _flat(self, args: Sequence[Any]) -> tuple[Any, ...]:
        at = self.wire.at
        return tuple(at[arg] if isinstance(arg, str) else arg for arg in args)

    def _explain(self, asked: Sequence[Pair]) -> None:
        """Ask again, one by one, and name the first answer that differs."""
        for label, want in asked:
            got = self._ask_lens(self._question(label))
            if got != want:
                raise Broken(
                    f"{label} is {self._readable(got)}, the law says {self._readable(want)}"
                )
        raise Broken("the answers together are not those one by one")

    def _readable(self, answer: bytes) -> str:
        if len(answer) == 32:
            return f"{int.from_bytes(answer, 'big'):,}"
        if answer[:1] == b"\0":
            return self.wire.read_revert(answer[1:])
        body = answer[1:]
        numbers = [int.from_bytes(body[i : i + 32], "big") for i in range(0, len(body), 32)]
        return self.wire.named(", ".join(f"0x{n:040x}" if n >> 100 else str(n) for n in numbers))

    def check(self) -> None:
        """What every step is followed by: all shares, supplies and persons; what the vault has in
        each currency; and of what the step was about everything: the distributions, the holders in
        them, their carry, and everybody's money in their currencies.

        Whatever else a step could spoil stays spoilt, and is found by `check_everything`.
        """
        ids, holders = self.touched
        of = self.law.distributions
        series = {of[number - 1].series for number in ids if 1 <= number <= len(of)}
        self.look(
            ("shares", self._shares_now()),
            ("vault", self._vault_money()),
            *((currency, self._money(currency)) for _, currency in series),
            *((one, self._carry(*one)) for one in series),
            (None, self._distributions(ids, holders)),
        )

    def check_everything(self) -> None:
        """Every law, of everything there is."""
        every = [it.id for it in self.law.distributions]
        self.look(
            ("shares", self._shares_now()),
            (None, self._standing()),
            (None, self._records()),
            *((currency, self._money(currency)) for currency in CURRENCIES),
            *((one, self._carry(*one)) for one in product(ISSUERS, CURRENCIES)),
            (None, self._distributions(every, (*WALLETS, "ola"))),
        )
        self._law_adds_up()

    def _shares_now(self) -> Iterator[Pair]:
        """Balances, and that they add up to the supply (Law 6); persons are counted (Law 11)."""
        for token, law in self.shares.items():
            for who in WALLETS:
                yield (token, "balanceOf", who), yes(law.balances[who])
            yield (token, "totalSupply"), yes(law.supply)
        held = self.register.holdings()
        yield ("book", "holderCount", CLUB), yes(len(held))

    def _standing(self) -> Iterator[Pair]:
        """Who is frozen, lost, and to be paid for whom; allowances; persons' shares."""
        for token, law in self.shares.items():
            for who in WALLETS:
                yield (token, "getFrozenTokens", who), yes(law.frozen_tokens(who))
                yield (token, "heldOf", who), yes(law.held[who])
                yield (token, "canSend", who), yes(not law.blocked(who))
                yield (token, "successorOf", who), yes(self.wire.at[law.successor(who)])
                yield (token, "claimantOf", who), yes(self.wire.at[law.claimant(who)])
            for (owner, spender), amount in law.allowances.items():
                yield (token, "allowance", owner, spender), yes(amount)
            yield (token, "paused"), yes(law.paused)
            yield (token, "holdsContract"), yes(self.wire.at[law.keeper])
        for who in WALLETS:
            yield ("book", "investorOf", who), yes(self._known(who))
            successor = self.register.book.losses.get(who, NOBODY)
            yield ("book", "successorOf", who), yes(self.wire.at[successor])
        held = self.register.holdings()
        for person in range(1, 6):
            yield ("book", "holdingOf", CLUB, person), yes(held.get(person, 0))

    def _known(self, who: str) -> int:
        """What the register has of a wallet, in one word (Laws 30, 31)."""
        book = self.register.book
        return investor(*book.known[who], who in book.losses) if who in book.known else 0

    def _records(self) -> Iterator[Pair]:
        """Balances and supply at closed records (Laws 5, 6); others refuse (Law 7)."""
        for token, law in self.shares.items():
            for record, then in law.closed.items():
                for who in WALLETS:
                    yield (token, "balanceOfAt", who, record), yes(then.get(who, 0))
                yield (token, "totalSupplyAt", record), yes(sum(then.values()))
            later = {*law.open_records[:1], *law.cancelled, len(law.times), len(law.times) + 1}
            for record in later:
                gone = yes(record in law.cancelled)
                yield (token, "isRecordCancelled", record), gone
            for record in {0, *later}:
                why = law.unreadable(record)
                if why:
                    yield (token, "balanceOfAt", "ann", record), self._no(why)
                    yield (token, "totalSupplyAt", record), self._no(why)

    def _vault_money(self) -> Iterator[Pair]:
        for currency in CURRENCIES:
            yield self._holding(currency, VAULT)

    def _money(self, currency: str) -> Iterator[Pair]:
        """Everybody's money (Law 8); the vault holds what its books account for (Law 3)."""
        for who in PARTIES:
            yield self._holding(currency, who)
        held, accounted = self.law.money[currency][VAULT], self.law.accounted(currency)
        if held != accounted:
            raise Broken(f"Law 3: {held} of {currency}, accounted for {accounted}")

    def _holding(self, currency: str, who: str) -> Pair:
        held = self.law.money[currency][who]
        if currency == COIN:
            return (who, "coins"), word(held)
        return (currency, "balanceOf", who), yes(held)

    def _carry(self, token: str, currency: str) -> Iterator[Pair]:
        """What waits for the next distribution (Law 10)."""
        yield (VAULT, "carried", token, currency), yes(self.law.carried(token, currency))

    def _distributions(self, ids: Iterable[int], holders: Iterable[str]) -> Iterator[Pair]:
        """Entitlements (Laws 1, 2), claims (Law 4), books (Law 3) and terms (Law 9)."""
        for number in set(ids):
            if not 1 <= number <= len(self.law.distributions):
                continue
            it = self.law.distributions[number - 1]
            yield (VAULT, "distribution", number), yes(self._figures(it))
            if it.eligible and not 0 <= it.remainder < len(it.shares):
                raise Broken(f"Law 2: {number} leaves {it.remainder}")
            for who in set(holders):
                yield (VAULT, "entitlement", number, who), self._entitled(it, who)
                yield (VAULT, "isClaimed", number, who), yes(who in it.settled)
                yield (VAULT, "claimable", number, who), yes(self.law.claimable(it, who))

    def _entitled(self, it: Declared, who: str) -> bytes:
        if who in it.excluded or it.is_cancelled:
            return b"\1" + bytes(96)
        if it.has_record:
            return b"\1" + b"".join(map(word, it.entitled(who).amounts))
        why = it.ledger.unreadable(it.record)
        assert why
        return self._no(why)

    def _figures(self, it: Declared) -> bytes:
        """A `Distribution` as the interface has it."""
        terms = terms_of(
            kind=it.kind,
            payable_from=it.payable_from,
            deadline=it.deadline,
            sweep_to=it.sweep_to,
            policy=it.policy,
            excluded=it.excluded,
        )
        collector = NOBODY if it.policy == NOBODY else COLLECTOR
        figures = (
            *(it.ledger.name, it.record, it.currency, it.declarer, terms, collector),
            *it.shown().values(),
        )
        return encoded((self.wire.spelt(figures),))

    def _law_adds_up(self) -> None:
        """The law accounts for every unit (Law 3), and the product's own division is the law's."""
        for wrong in (*self.law.unaccounted(), *differences(self.law)):
            raise Broken(wrong)

    def _no(self, why: tuple[str, tuple[Any, ...]]) -> bytes:
        return b"\0" + self.wire.refusal(why)


def yes(value: Any) -> bytes:
    """An answer: a word, or whatever bytes."""
    return b"\1" + word(value)


def _digest(domain: bytes, kind: bytes, fields: Sequence[Any]) -> bytes:
    return keccak(b"\x19\x01" + domain + keccak(encoded((keccak(kind), *fields))))


@lru_cache(maxsize=64)
def _creation(codec: Codec, contract: str, args: tuple[Any, ...]) -> bytes:
    return codec.creation(contract, *args)


@lru_cache(maxsize=65_536)
def _asked(codec: Codec, kind: str, function: str, at: bytes, args: tuple[Any, ...]) -> bytes:
    data = codec.signature(kind, function, len(args)).selector + encoded(args)
    return at + len(data).to_bytes(2, "big") + data

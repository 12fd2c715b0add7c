"""DividendVault against plain bookkeeping: any history of distributions, payments and transfers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.chainkit import Codec, RevmKit
from tests.laws.harness import Harness, read, result, scaled, terms_of, word
from tests.laws.product import differences
from tests.model.declared import Declared
from tests.model.outcomes import COIN, NOBODY, VAULT
from tests.model.shares import Ledger
from tests.model.vault import MAX_AMOUNT, Vault, settlements

PEOPLE = ("eve", "wes", "ann", "ben", "cat", "dan", "tom", "tax", "sam", "ola")
"""eve issues the east building and wes the west one; tom is a treasury, tax the collector, sam is
swept to, ola a stranger."""

HOLDERS = ("ann", "ben", "cat", "dan", "tom")
ISSUERS = {"east": "eve", "west": "wes"}
DOLLARS = {"usd6": 6, "usd18": 18}
RATES = {"third": 3_333, "whole": 10_000}
WALL = "whole"
"""A contract that takes no native coin serves as the payee who refuses."""

WEALTH = 2**166
MOST_DISTRIBUTIONS = 6
EVERYONE = (*PEOPLE, WALL, VAULT)

holders = st.sampled_from(HOLDERS)
anyone = st.sampled_from((*HOLDERS, *HOLDERS, "ola"))
tokens = st.sampled_from(("east", "east", "west"))
currencies = st.sampled_from((COIN, "usd6", "usd6", "usd18"))
declarers = st.sampled_from(("eve", "eve", "wes", "ola"))
amounts = st.one_of(
    st.integers(0, 30), st.integers(1, 10**13), st.sampled_from((MAX_AMOUNT, MAX_AMOUNT + 1))
)
cap_tables = st.lists(st.integers(0, 12), min_size=5, max_size=5)
excluded = st.one_of(
    st.lists(st.sampled_from((*HOLDERS, "tom", "ola")), max_size=3), st.just(list(HOLDERS))
)


def ids_of(likely: Callable[[Declared, int], bool]) -> st.SearchStrategy[int]:
    """Any distribution, more often one for which something is likely to happen."""

    def chosen(machine: VaultMachine) -> st.SearchStrategy[int]:
        law = machine.law
        fit = [it.id for it in law.distributions if likely(it, law.now)]
        return st.sampled_from([*fit * 3, *(it.id for it in law.distributions)])

    return st.runner().flatmap(chosen)


def is_payable(it: Declared, now: int) -> bool:
    return it.payable_from <= now <= (it.deadline or now) and not it.finished


payable = ids_of(is_payable)


def is_taxed(it: Declared, now: int) -> bool:
    return it.withheld > it.remitted


def is_expired(it: Declared, now: int) -> bool:
    return it.deadline != 0 and now > it.deadline and not it.finished


def is_without_holders(it: Declared, now: int) -> bool:
    return it.has_record and not it.eligible and not it.ended


def is_uncounted(it: Declared, now: int) -> bool:
    return it.has_record and not it.counted and not it.ended


def some(likely: Callable[[Declared, int], bool]) -> Callable[[Any], Any]:
    """A rule for when there is such a distribution."""
    return precondition(
        lambda machine: any(likely(it, machine.law.now) for it in machine.law.distributions)
    )


records = st.sampled_from((1, 1, 2, 2, 3, 4))
moments = st.runner().flatmap(lambda machine: st.sampled_from(machine.edges_ahead()))
pages = st.lists(anyone, max_size=7)

declared = precondition(lambda machine: machine.law.distributions)
not_too_many = precondition(lambda machine: len(machine.law.distributions) < MOST_DISTRIBUTIONS)


class VaultMachine(RuleBasedStateMachine):
    """Two buildings, three currencies, one vault, and everything that people do with them.

    Times are in seconds since the start.
    """

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.harness = Harness(codec, PEOPLE)
        for name, issuer in ISSUERS.items():
            self.harness.token(name, issuer)
        self.harness.build(VAULT, "DividendVault")
        self.harness.addresses[COIN] = self.harness.addresses[NOBODY]
        for policy, rate in RATES.items():
            self.harness.build(policy, "FlatTax", rate, self.harness.addresses["tax"])
        ledgers = {name: Ledger(name, issuer, RevmKit.START) for name, issuer in ISSUERS.items()}
        self.law = Vault(ledgers, RATES, RevmKit.START)
        self.law.refusing = {WALL}
        self.fixed: dict[int, dict[str, Any]] = {}
        answer = codec.function("DividendVault", "distribution", 1)["outputs"][0]
        self.parts = [part["name"] for part in answer["components"]]
        self._make_money()

    def _make_money(self) -> None:
        for name, decimals in DOLLARS.items():
            self.harness.build(name, "Dollar", name, name, decimals)
            for payer in ("eve", "wes", "ola"):
                self.harness.send(payer, name, "mint", payer, WEALTH)
                self.harness.send(payer, name, "approve", VAULT, 2**256 - 1)
                self.law.money[name][payer] = WEALTH
        for person in PEOPLE:
            self.harness.kit.evm.set_balance(self.harness.addresses[person], WEALTH)
            self.law.money[COIN][person] = WEALTH

    def both(self, in_model, sender, contract, function, *args, value=0):
        return self.harness.both(
            in_model,
            lambda: self.harness.send(sender, contract, function, *args, value=value),
        )

    def edges_ahead(self) -> list[int]:
        return [moment - RevmKit.START for moment in self.law.moments()]

    # ----------------------------------------------------------------------------- shares

    @initialize(
        east=cap_tables,
        west=st.lists(st.integers(0, 1), min_size=5, max_size=5),
        rents=st.lists(st.tuples(currencies, st.integers(1, 10**6)), max_size=3),
    )
    def issue(self, east, west, rents):
        for token, table in (("east", east), ("west", west)):
            issuer = ISSUERS[token]
            self.both(
                lambda t=token, n=table, i=issuer: self.law.ledgers[t].mint(
                    i, list(zip(HOLDERS, n, strict=True))
                ),
                *(issuer, token, "batchMint", HOLDERS, table),
            )
            self.schedule_record(token, 0)
            self.schedule_record(token, 4)
        self.wait(1)
        for currency, amount in rents:
            self.declare_plain("eve", "east", 1, currency, amount)

    @rule(token=tokens, giver=holders, to=holders, amount=st.integers(0, 6))
    def transfer(self, token, giver, to, amount):
        self.both(
            lambda: self.law.ledgers[token].transfer(giver, [(to, amount)]),
            *(giver, token, "transfer", to, amount),
        )

    @rule(token=tokens, giver=holders, to=holders)
    def transfer_all(self, token, giver, to):
        self.transfer(token, giver, to, self.law.ledgers[token].balances[giver])

    @rule(token=tokens, to=holders, amount=st.integers(0, 9))
    def mint(self, token, to, amount):
        issuer = ISSUERS[token]
        self.both(
            lambda: self.law.ledgers[token].mint(issuer, [(to, amount)]),
            *(issuer, token, "mint", to, amount),
        )

    @rule(token=tokens, holder=holders)
    def burn_all(self, token, holder):
        issuer, amount = ISSUERS[token], self.law.ledgers[token].balances[holder]
        self.both(
            lambda: self.law.ledgers[token].burn(issuer, holder, amount),
            *(issuer, token, "burn", holder, amount),
        )

    @precondition(lambda self: sum(len(led.times) for led in self.law.ledgers.values()) < 8)
    @rule(token=tokens, in_seconds=st.sampled_from((0, 1, 2, 5)))
    def schedule_record(self, token, in_seconds):
        issuer, at = ISSUERS[token], self.law.now + in_seconds
        self.both(
            lambda: self.law.ledgers[token].schedule(issuer, at),
            *(issuer, token, "scheduleRecord", at),
        )

    # ------------------------------------------------------------------------------- time

    @rule(seconds=st.integers(1, 3))
    def wait(self, seconds):
        self._wait_until(self.law.now + seconds)

    @precondition(lambda self: self.edges_ahead())
    @rule(second=moments)
    def wait_until(self, second):
        self._wait_until(RevmKit.START + second)

    def _wait_until(self, moment):
        self.law.wait_until(moment)
        self.harness.kit.now = moment

    # -------------------------------------------------------------------------- declaring

    @not_too_many
    @rule(declarer=declarers, token=tokens, record=records, currency=currencies, amount=amounts)
    def declare_plain(self, declarer, token, record, currency, amount):
        self._declare((declarer, token, record, currency, amount))

    @not_too_many
    @rule(
        currency=currencies,
        amount=st.integers(1, 10**6),
        deadline_in=st.integers(0, 2),
        policy=st.sampled_from((None, *RATES)),
    )
    def declare_briefly(self, currency, amount, deadline_in, policy):
        what = ("eve", "east", 1, currency, amount)
        self._declare(what, deadline_in=deadline_in, policy=policy)

    @not_too_many
    @rule(
        token=tokens,
        in_seconds=st.integers(0, 3),
        currency=currencies,
        amount=st.integers(1, 10**6),
        excluded=excluded,
    )
    def schedule_and_declare(self, token, in_seconds, currency, amount, excluded):
        self.schedule_record(token, in_seconds)
        record = len(self.law.ledgers[token].times)
        self._declare((ISSUERS[token], token, record, currency, amount), excluded=excluded)

    @not_too_many
    @rule(
        declarer=declarers,
        token=tokens,
        record=records,
        currency=currencies,
        amount=amounts,
        kind=st.integers(0, 4),
        payable_in=st.sampled_from((0, 0, 3)),
        deadline_in=st.sampled_from((None, None, 0, 3, 6, 9)),
        policy=st.sampled_from((None, None, *RATES)),
        excluded=excluded,
    )
    def declare(self, declarer, token, record, currency, amount, **terms):
        self._declare((declarer, token, record, currency, amount), **terms)

    def _declare(self, what, kind=0, payable_in=0, *, deadline_in=None, policy=None, excluded=()):
        declarer, token, record, currency, amount = what
        payable_from = self.law.now + payable_in if payable_in else 0
        deadline = 0 if deadline_in is None else self.law.now + deadline_in
        terms = {
            "kind": kind,
            "payable_from": payable_from,
            "deadline": deadline,
            "sweep_to": "sam" if deadline else NOBODY,
            "policy": policy or NOBODY,
            "excluded": excluded,
        }
        done = self.both(
            lambda: self.law.declare(*what, **terms),
            *(declarer, VAULT, "declare", token, record, currency, amount, terms_of(**terms)),
            value=amount if currency == COIN else 0,
        )
        if done:
            new, receipt = done
            self.fixed[new.id] = self._terms(new)
            (answered,) = receipt.named("Declared")
            assert (answered["id"], answered["received"], answered["carriedIn"]) == (
                new.id,
                new.received,
                new.carried_in,
            )

    def _terms(self, new: Declared) -> dict[str, Any]:
        """What `distribution` must say of it for ever."""
        at = {name: address.lower() for name, address in self.harness.addresses.items()}
        return {
            "token": at[new.ledger.name],
            "recordId": new.record,
            "currency": at[new.currency],
            "declarer": at[new.declarer],
            "terms": (
                *(new.kind, new.payable_from, new.deadline, at[new.sweep_to], at[new.policy]),
                *(word(new.kind), tuple(at[who] for who in new.excluded)),
            ),
            "taxCollector": at[NOBODY if new.policy == NOBODY else "tax"],
            "amount": new.amount,
        }

    # ----------------------------------------------------------------------------- paying

    def _pay(self, in_model, function, *args):
        done = self.both(in_model, "ola", VAULT, function, *args)
        if done:
            expected, receipt = done
            self._compare("Claimed", receipt.settlements, list(settlements(expected)))
            for name in ("Skipped", "Carried"):
                wanted = [event[1:] for event in expected if event[0] == name]
                self._compare(name, receipt.named(name), wanted)

    def _compare(self, name: str, logged: list[dict[str, Any]], wanted: list[Any]) -> None:
        """The events of one name are those of the law, in its order."""
        reported = [tuple(self.harness.named(list(args.values()))) for args in logged]
        assert self._currencies_named(reported) == self._currencies_named(wanted), name

    def _currencies_named(self, events: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        # The native coin and nobody have one address.
        return [tuple(NOBODY if item == COIN else item for item in event) for event in events]

    @declared
    @rule(ids=st.lists(payable, max_size=5), holder=anyone)
    def claim(self, ids, holder):
        self._pay(lambda: self.law.claim(ids, holder), "claim", ids, holder)

    @declared
    @rule(holder=holders)
    def claim_everything(self, holder):
        all_of_them = self.law.distributions
        self.claim([it.id for it in all_of_them if is_payable(it, self.law.now)], holder)

    @declared
    @rule(ids=st.lists(payable, max_size=2), unknown=st.sampled_from((0, 99)), holder=holders)
    def claim_with_an_unknown_one(self, ids, unknown, holder):
        self.claim([*ids, unknown], holder)

    @declared
    @rule(number=payable, holders=pages)
    def push(self, number, holders):
        self._pay(lambda: self.law.push(number, holders), "push", number, holders)

    @declared
    @rule(number=payable)
    def push_everyone(self, number):
        self.push(number, list(HOLDERS))

    @rule(holder=holders, payee=st.sampled_from((NOBODY, "ola", "ann", "ben", WALL)))
    def set_payee(self, holder, payee):
        self.both(lambda: self.law.set_payee(holder, payee), holder, VAULT, "setPayee", payee)

    # ----------------------------------------------------------------------------- ending

    @some(is_taxed)
    @rule(number=ids_of(is_taxed))
    def remit(self, number):
        self.both(lambda: self.law.remit(number), "ola", VAULT, "remit", number)

    @some(is_expired)
    @rule(number=ids_of(is_expired))
    def sweep(self, number):
        self.both(lambda: self.law.sweep(number), "ola", VAULT, "sweep", number)

    @some(is_without_holders)
    @rule(number=ids_of(is_without_holders))
    def refund(self, number):
        self.both(lambda: self.law.refund(number), "ola", VAULT, "refund", number)

    @declared
    @rule(number=ids_of(is_uncounted), most=st.integers(0, 3))
    def count(self, number, most):
        """What is divided by is counted in pages, as it is at once (Law 38)."""
        self.both(
            lambda: self.law.fix_eligible(number, most), "ola", VAULT, "fixEligible", number, most
        )

    @declared
    @rule(number=payable, how=st.sampled_from(("remit", "sweep", "refund")))
    def end_too_soon(self, number, how):
        getattr(self, how)(number)

    @rule(currency=currencies, amount=st.integers(1, 9))
    def donate(self, currency, amount):
        if currency != COIN:
            self.law.donate("ola", currency, amount)
            self.harness.send("ola", currency, "transfer", VAULT, amount)
            return
        # The vault takes no gifts of native coin; a destroyed contract or a block reward forces it.
        vault = self.harness.addresses[VAULT]
        self.law.donate(NOBODY, COIN, amount)
        self.harness.kit.evm.set_balance(vault, self.harness.kit.balance(vault) + amount)

    # --------------------------------------------------------------------- what must hold

    @invariant()
    def laws_hold(self):
        """One invariant, so that a failing story has one line to a step."""
        self.entitlements()
        self.claims()
        self.books()
        self.carry()
        self.money()

    def entitlements(self):
        """Every holder's income is the exact floor (Law 1), with the remainder it makes up the
        amount (Law 2), and it cannot be read before the record has closed (Law 7)."""
        with self.harness.looking() as ask:
            for it in self.law.distributions:
                if not it.has_record:
                    self._waits(ask, it)
                    continue
                total = 0
                for who in (*HOLDERS, "ola"):
                    want = it.entitled(who).amounts
                    got = read(ask(VAULT, "entitlement", it.id, who))
                    assert got == want, f"Law 1: {it.id} gives {who} {got}, not {want}"
                    total += got[0]
                if it.eligible:
                    assert 0 <= it.amount - total < len(it.shares), f"Law 2: {it.id}, {total}"

    def _waits(self, ask, it: Declared) -> None:
        why = it.ledger.unreadable(it.record)
        for who in HOLDERS:
            answered = self.harness.refusal(ask, VAULT, "entitlement", it.id, who)
            nothing = who in it.excluded and answered == (0, 0, 0)
            assert answered == why or nothing, f"Law 7: {it.id} tells {who} {answered}, not {why}"

    def claims(self):
        """Who has been paid, by whatever path, can claim nothing more; all others what they are
        entitled to, while it is payable (Law 4)."""
        with self.harness.looking() as ask:
            for it in self.law.distributions:
                for who in (*HOLDERS, "ola"):
                    claimed = ask(VAULT, "isClaimed", it.id, who)
                    assert claimed == word(who in it.settled), f"Law 4: isClaimed({it.id}, {who})"
                    (got,) = read(ask(VAULT, "claimable", it.id, who))
                    want = self.law.claimable(it, who)
                    assert got == want, f"Law 4: claimable({it.id}, {who}) is {got}, not {want}"

    def books(self):
        """received + carried in = paid + owed + carried out + swept, in every distribution and at
        every moment (Law 3), and its terms never change (Law 9)."""
        with self.harness.looking() as ask:
            answers = [ask(VAULT, "distribution", it.id) for it in self.law.distributions]
        for it, answer in zip(self.law.distributions, answers, strict=True):
            got = self._read(answer)
            places = sum(got[place] for place in ("paid", "owed", "carriedOut", "swept"))
            assert got["amount"] == places, f"Law 3: {it.id}"
            terms = {name: got[name] for name in self.fixed[it.id]}
            assert terms == self.fixed[it.id], f"Law 9: {it.id}"
            want = it.shown()
            assert {name: got[name] for name in want} == want, f"Law 3: {it.id}"

    def _read(self, answer: bytes) -> dict[str, Any]:
        parts = result(self.harness.codec, "DividendVault", "distribution", 1, answer)
        return dict(zip(self.parts, parts, strict=True))

    def carry(self):
        """What finished distributions left over waits for the next one, and joins it once
        (Law 10)."""
        with self.harness.looking() as ask:
            for token in ISSUERS:
                for currency in (COIN, *DOLLARS):
                    (got,) = read(ask(VAULT, "carried", token, currency))
                    want = self.law.carried(token, currency)
                    assert got == want, f"Law 10: {token} in {currency} has {got}, not {want}"

    def money(self):
        """Money reaches only holders of record, their payees, the collector, the swept-to and the
        refunded (Law 8), and the vault holds exactly what is owed, carried, or withheld and not
        yet remitted, and stray gifts (Law 3)."""
        kit, where = self.harness.kit, self.harness.addresses
        held = {COIN: {who: kit.balance(where[who]) for who in EVERYONE}}
        with self.harness.looking() as ask:
            for dollar in DOLLARS:
                held[dollar] = {
                    who: int.from_bytes(ask(dollar, "balanceOf", who), "big") for who in EVERYONE
                }
        for currency, of in held.items():
            want = {who: self.law.money[currency][who] for who in EVERYONE}
            assert of == want, f"Law 8: {currency}"
            assert of[VAULT] == self.law.accounted(currency), f"Law 3: {currency}"

    def teardown(self):
        """The law accounts for every unit, and the product's own division is the law's."""
        assert not list(self.law.unaccounted())
        assert not list(differences(self.law))


def test_any_history_of_distributions(codec: Codec) -> None:
    """Whatever people do, in whatever order, every figure of the vault and every balance of every
    currency is that of plain bookkeeping (Laws 1 to 4, 7 to 10)."""
    run_state_machine_as_test(
        lambda: VaultMachine(codec), settings=scaled(2, stateful_step_count=50)
    )


def test_what_was_carried_into_a_refund_is_carried_again(codec: Codec) -> None:
    """The declarer gets back what arrived from it and no unit more (Laws 8, 10)."""
    machine = VaultMachine(codec)
    machine.issue([1, 1, 1, 0, 0], [0] * 5, [("usd6", 5)])
    machine.push_everyone(1)
    assert machine.law.carried("east", "usd6") == 2
    machine.schedule_and_declare("east", 3, "usd6", 100, list(HOLDERS))
    assert machine.law.distributions[-1].carried_in == 2
    machine.wait(4)
    machine.laws_hold()
    machine.refund(2)
    machine.laws_hold()
    assert machine.law.distributions[-1].swept == 100
    assert machine.law.carried("east", "usd6") == 2
    machine.teardown()


def test_a_payee_who_refuses_is_owed_as_before(codec: Codec) -> None:
    """A payment that fails leaves the claim, holds up nobody, and can be repeated (Laws 3, 4)."""
    machine = VaultMachine(codec)
    machine.issue([1, 2, 3, 0, 0], [0] * 5, [("coin", 100), ("usd6", 100)])
    machine.set_payee("ben", WALL)
    machine.push_everyone(1)
    assert sorted(machine.law.distributions[0].settled) == ["ann", "cat"]
    machine.laws_hold()
    machine.claim([2, 1], "ben")
    assert "ben" not in machine.law.distributions[1].settled
    machine.laws_hold()
    machine.set_payee("ben", NOBODY)
    machine.claim([2, 1, 1], "ben")
    assert machine.law.distributions[0].finished
    machine.laws_hold()
    machine.teardown()

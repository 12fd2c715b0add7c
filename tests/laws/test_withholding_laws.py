"""Withholding against a law that keeps no history: every rate is worked out once, when a record's
second is over, from what is known at that moment. The contract says the same, for ever."""

from __future__ import annotations

from itertools import product

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.chainkit import Codec, RevmKit
from tests.contracts.compliant import investor
from tests.laws.harness import Harness, read, scaled, word
from tests.model.income import BASIS_POINTS, tax_on
from tests.model.withholding import (
    ANY_CLASS,
    ANY_COUNTRY,
    KINDS,
    WINDOW,
    Certificate,
    Key,
    Withholding,
)

HOLDERS = ("ann", "ben", "cat", "dan")
OWNER, AGENT, COLLECTOR = "owner", "agent", "collector"
TOKEN, BOOK, POLICY = "shares", "book", "policy"
COUNTRIES, CLASSES = (276, 250), (1, 2)
GROSS = 999_983  # a prime, so that most rates leave a residue
DEED = b"deed".ljust(32, b"\0")

holders = st.sampled_from(HOLDERS)
rates = st.one_of(st.sampled_from((0, 1, 1_500, BASIS_POINTS)), st.integers(0, BASIS_POINTS))
keys = st.tuples(
    st.sampled_from((*COUNTRIES, ANY_COUNTRY)),
    st.sampled_from((*CLASSES, ANY_CLASS)),
    st.sampled_from(KINDS),
)
tables = st.builds(
    lambda listed, defaults: (
        listed
        | {(ANY_COUNTRY, ANY_CLASS, kind): rate for kind, rate in zip(KINDS, defaults, strict=True)}
    ),
    st.dictionaries(keys, rates, max_size=9),
    st.lists(rates, min_size=5, max_size=5),
)
soon = st.sampled_from((-2, -1, 0, 0, 1, 2, 4, 9))


class WithholdingMachine(RuleBasedStateMachine):
    """One policy, one register, four holders, and records at any time."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.harness = Harness(codec, (OWNER, AGENT, COLLECTOR, *HOLDERS))
        self.harness.build(TOKEN, "BareToken")
        self.harness.build(
            BOOK, "InvestorRegistry", self.harness.addresses[OWNER], [self.harness.addresses[OWNER]]
        )

    def tell(self, contract, function, *args, sender=OWNER):
        return lambda: self.harness.send(sender, contract, function, *args)

    @initialize(table=tables)
    def open(self, table):
        self.law = Withholding(table, HOLDERS, RevmKit.START)
        a = self.harness.addresses
        self.harness.build(
            POLICY, "WithholdingPolicy", a[OWNER], a[BOOK], a[COLLECTOR], self.listed(table)
        )
        self.harness.send(OWNER, POLICY, "addAgent", AGENT)

    @staticmethod
    def listed(table: dict[Key, int]) -> list[tuple[int, ...]]:
        return [(*key, rate) for key, rate in sorted(table.items())]

    # ------------------------------------------------------------------- what can happen

    @rule(table=tables, ahead=soon)
    def set_rates(self, table, ahead):
        since = self.law.now + ahead if ahead else 0
        self.harness.both(
            lambda: self.law.set_rates(table, since),
            self.tell(POLICY, "setRates", self.listed(table), since),
        )

    @rule(
        who=holders, country=st.sampled_from((*COUNTRIES, 4)), kind=st.sampled_from((*CLASSES, 9))
    )
    def register(self, who, country, kind):
        self.law.registered[who] = (country, kind)
        known = investor(HOLDERS.index(who) + 1, country, kind)
        self.harness.send(OWNER, BOOK, "register", [who], [known])

    @rule(who=holders)
    def strike_off(self, who):
        if self.law.registered.pop(who, None):
            self.harness.send(OWNER, BOOK, "deleteIdentity", who)

    @rule(wallets=st.lists(holders, max_size=4))
    def note(self, wallets):
        self.law.note(wallets)
        self.harness.send("dan", POLICY, "snapshot", wallets)

    @rule(
        who=holders,
        rate=rates,
        kinds=st.integers(1, 31),
        since=st.integers(-5, 9),
        length=st.sampled_from((-1, 0, 1, 3, 9, 10**9)),
    )
    def certify(self, who, rate, kinds, since, length):
        start = self.law.now + since
        given = Certificate(rate, kinds, start, start + length)
        terms = (rate, kinds, given.since, given.until, DEED)
        self.harness.both(
            lambda: self.law.certify(who, given),
            self.tell(POLICY, "certify", [who], [terms], sender=AGENT),
        )

    @rule(who=holders, number=st.integers(1, 9))
    def revoke(self, who, number):
        file = self.law.files[who]
        if number <= len(file) and file[number - 1].revoked:
            return
        self.harness.both(
            lambda: self.law.revoke(who, number),
            self.tell(POLICY, "revoke", who, number, sender=AGENT),
        )

    @precondition(lambda self: len(self.law.records) < 12)
    @rule(ahead=st.sampled_from((0, 0, 1, 1, 2, 3, 5, 9)))
    def schedule(self, ahead):
        self.law.records.append(self.law.now + ahead)
        number = len(self.law.records)
        self.harness.send(OWNER, TOKEN, "setTime", number, self.law.records[-1])

    @rule(seconds=st.sampled_from((1, 1, 1, 2, 3, 8)))
    def wait(self, seconds):
        over = self.law.wait_until(self.law.now + seconds)
        self.harness.kit.now = self.law.now
        self.compare(over)

    @rule(who=holders, kind=st.sampled_from(KINDS), ahead=st.sampled_from((0, 1, 5, 20)))
    def ask_for_now(self, who, kind, ahead):
        """What would apply if nothing changed."""
        time = self.law.now + ahead
        with self.harness.looking() as ask:
            rate, _ = read(ask(POLICY, "rateAt", who, kind, time))
        assert rate == self.law.rate(who, kind, time)

    # --------------------------------------------------------------------- what must hold

    def compare(self, records):
        """Every answer about these records is the law's, to the unit."""
        with self.harness.looking() as ask:
            for record, who, kind in product(records, HOLDERS, KINDS):
                tax = ask(POLICY, "taxOn", TOKEN, record, kind, who, GROSS)
                rate = self.law.answers[record, who, kind]
                assert tax == word(tax_on(GROSS, rate)), (record, who, kind, rate)

    def teardown(self):
        """Whatever happened since, each record has the answers it had when it closed; open ones
        have none."""
        if not hasattr(self, "law"):
            return
        for _ in range(2):
            closed = {record for record, _, _ in self.law.answers}
            self.compare(sorted(closed))
            with self.harness.looking() as ask:
                for record, at in enumerate(self.law.records, 1):
                    if record not in closed:
                        reported = self.harness.refusal(
                            ask, POLICY, "taxOn", TOKEN, record, 0, "ann", 1
                        )
                        why = (TOKEN, record, at, self.law.now)
                        assert reported == ("WithholdingPolicy_RecordOpen", why)
            # And once more after a year, when all of them are over.
            self.law.wait_until(self.law.now + 31_536_000)
            self.harness.kit.now = self.law.now


def test_any_history_of_rates_notes_and_certificates(codec: Codec) -> None:
    """For every holder, record and kind the tax is the law's at the end of the record's second, and
    stays it whatever is changed, noted, filed or revoked afterwards (Laws 5, 7, 14)."""
    run_state_machine_as_test(
        lambda: WithholdingMachine(codec), settings=scaled(1, stateful_step_count=40)
    )


def test_a_holder_with_many_certificates(codec: Codec) -> None:
    """More of them than are looked at: each still counts exactly as the law says, or is refused."""
    machine = WithholdingMachine(codec)
    machine.open({(ANY_COUNTRY, ANY_CLASS, kind): 3_000 for kind in KINDS})
    machine.certify("ann", 1, 31, 0, 40)
    for number in range(60):
        machine.certify("ann", 100 + number, 1 + number % 31, -1, number % 7 - 1)
        machine.certify("ann", 200 + number, 31, 3, number % 5)
        machine.schedule(number % 3)
        machine.wait(1)
        if number % 4 == 0:
            machine.revoke("ann", len(machine.law.files["ann"]))
    assert len(machine.law.files["ann"]) > 2 * WINDOW
    machine.teardown()

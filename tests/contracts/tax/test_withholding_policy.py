"""What is withheld: tables by country, class and kind, certificates, and when each counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.apportion import withhold
from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.compliant import AMERICA, FRANCE, GERMANY, RETAIL, Compliant, investor
from tests.contracts.harness import DAY, NOTHING, RENT, person, refused
from tests.contracts.token.test_roles import changing

ANY_COUNTRY, ANY_CLASS = 0, 255
DIVIDEND, INTEREST, _, RETURN_OF_CAPITAL, PRINCIPAL = range(5)
KINDS, ALL_KINDS = range(5), 0b11111
DEFAULT, CLASS, COUNTRY, EXACT, CERTIFICATE = range(5)
WHOLE, WINDOW = 10_000, 16
FOREVER = 2**48 - 1
DEED = b"certificate".ljust(32, b"\0")
Rate = tuple[int, int, int, int]


def defaults(*rates: int) -> list[Rate]:
    """The five defaults: one rate for all kinds, or one for each."""
    each = rates * 5 if len(rates) == 1 else rates
    return [(ANY_COUNTRY, ANY_CLASS, kind, rate) for kind, rate in zip(KINDS, each, strict=True)]


def table(*rates: Rate, default: int = 3_000) -> list[Rate]:
    """A table with these rates, in order."""
    return sorted((*defaults(default), *rates))


class Office(Compliant):
    """A compliant asset with a withholding policy. Owner and agent are the asset's.

    Ann, Ben, Cid, Dan, Eve are retail investors in Germany, whom of whom there is no snapshot yet.
    """

    def __init__(self, kit: RevmKit, *rates: Rate, default: int = 3_000) -> None:
        super().__init__(kit)
        self.policy = self.open_office(table(*rates, default=default))
        self.policy.send("addAgent", self.agent, sender=self.owner)

    def open_office(self, rates: list[Rate], registry: str | None = None) -> Deployed:
        """Deploy a policy."""
        book = self.registry.address if registry is None else registry
        return self.kit.deploy("WithholdingPolicy", self.owner, book, self.collector, rates)

    def set_rates(self, *rates: Rate, default: int = 3_000, since: int = 0) -> Receipt:
        """Put another table in force."""
        return self.policy.send(
            "setRates", table(*rates, default=default), since, sender=self.owner
        )

    def snapshot(self, *holders: str) -> Receipt:
        """Note what the registry knows of holders."""
        return self.policy.send("snapshot", list(holders), sender=self.stranger)

    def certify(
        self,
        holder: str,
        rate: int,
        *,
        kinds: int = ALL_KINDS,
        since: int = 0,
        until: int = FOREVER,
        document: bytes = DEED,
    ) -> int:
        """File a certificate; its id."""
        receipt = self.policy.send(
            "certify", [holder], [(rate, kinds, since, until, document)], sender=self.agent
        )
        return int(receipt.named("CertificateFiled")[0]["id"])

    def revoke(self, holder: str, number: int) -> Receipt:
        """Revoke a certificate."""
        return self.policy.send("revoke", holder, number, sender=self.agent)

    def rate(self, record: int, holder: str, kind: int = RENT) -> int:
        """The rate in basis points, as the tax on 10,000 tells it."""
        return int(self.policy.call("taxOn", self.token.address, record, kind, holder, WHOLE))

    def basis(self, record: int, holder: str, kind: int = RENT) -> tuple[int, int]:
        """The rate and what it rests on; `taxOn` agrees."""
        time = self.token.call("recordTime", record)
        rate, basis = self.policy.call("rateAt", holder, kind, time)
        assert rate == self.rate(record, holder, kind)
        return rate, basis


@pytest.fixture
def office(kit) -> Office:
    """A policy that has nothing but a default of 30 %."""
    return Office(kit)


# ------------------------------------------------------------------------- which rate applies


def test_a_holder_who_was_never_snapshotted_is_taxed_at_the_default(kit):
    """Whatever the registry knows of it, and even if it knows nothing."""
    office = Office(kit, (GERMANY, ANY_CLASS, RENT, 500), (ANY_COUNTRY, RETAIL, RENT, 700))
    record = office.close()
    assert office.basis(record, office.ann) == (3_000, DEFAULT)
    assert office.basis(record, person(1)) == (3_000, DEFAULT)


def test_the_first_match_decides(kit):
    """Country and class, then country, then class, then the default; for each kind alone."""
    office = Office(
        kit,
        (GERMANY, RETAIL, RENT, 100),
        (GERMANY, ANY_CLASS, RENT, 200),
        (ANY_COUNTRY, RETAIL, RENT, 300),
        (GERMANY, ANY_CLASS, INTEREST, 400),
        (ANY_COUNTRY, RETAIL, INTEREST, 500),
        (ANY_COUNTRY, RETAIL, DIVIDEND, 600),
    )
    office.know({office.ben: investor(2, kind=9), office.cid: investor(3, country=FRANCE)})
    office.know({office.dan: investor(4, country=FRANCE, kind=9)})
    office.snapshot(office.ann, office.ben, office.cid, office.dan)
    record = office.close()
    met = {
        (who, kind): office.basis(record, who, kind)
        for who in (office.ann, office.ben, office.cid, office.dan)
        for kind in (RENT, INTEREST, DIVIDEND, PRINCIPAL)
    }
    ann, ben, cid, dan = office.ann, office.ben, office.cid, office.dan
    assert met == {
        (ann, RENT): (100, EXACT),
        (ann, INTEREST): (400, COUNTRY),
        (ann, DIVIDEND): (600, CLASS),
        (ann, PRINCIPAL): (3_000, DEFAULT),
        (ben, RENT): (200, COUNTRY),
        (ben, INTEREST): (400, COUNTRY),
        (ben, DIVIDEND): (3_000, DEFAULT),
        (ben, PRINCIPAL): (3_000, DEFAULT),
        (cid, RENT): (300, CLASS),
        (cid, INTEREST): (500, CLASS),
        (cid, DIVIDEND): (600, CLASS),
        (cid, PRINCIPAL): (3_000, DEFAULT),
        (dan, RENT): (3_000, DEFAULT),
        (dan, INTEREST): (3_000, DEFAULT),
        (dan, DIVIDEND): (3_000, DEFAULT),
        (dan, PRINCIPAL): (3_000, DEFAULT),
    }


def test_a_rate_of_zero_is_a_rate(kit):
    """A match at zero is not passed over for a worse one."""
    office = Office(kit, (GERMANY, RETAIL, RENT, 0))
    office.snapshot(office.ann)
    assert office.basis(office.close(), office.ann) == (0, EXACT)


def test_every_kind_has_its_own_default(harness):
    """Principal is not taxed like a dividend."""
    rates = defaults(3_000, 2_500, 1_500, 0, 1)
    policy = harness.kit.deploy("WithholdingPolicy", harness.owner, ZERO, harness.collector, rates)
    record = harness.close()
    asked = [
        policy.call("taxOn", harness.token.address, record, k, harness.ann, WHOLE) for k in KINDS
    ]
    assert asked == [3_000, 2_500, 1_500, 0, 1]


def test_a_kind_that_does_not_exist_has_no_rate(office):
    """Another vault may know more kinds; this policy says so instead of guessing."""
    record = office.close()
    with refused("WithholdingPolicy_UnknownKind", 5, 4):
        office.rate(record, office.ann, 5)


def test_the_table_can_be_read_back(kit):
    """In its order, as it was given."""
    rates = [(GERMANY, RETAIL, RENT, 100), (AMERICA, ANY_CLASS, DIVIDEND, WHOLE)]
    office = Office(kit, *rates)
    assert office.policy.call("ratesAt", kit.now) == tuple(table(*rates))
    assert office.policy.call("collector") == office.collector
    assert office.policy.call("registry") == office.registry.address


# ------------------------------------------------------------------------------ when it counts


@pytest.mark.attack("B3")
def test_a_change_of_rates_counts_up_to_the_end_of_the_records_second(office):
    """At t - 1 and t it counts; at t + 1 it does not, nor ever after (Law 5)."""
    met = {}
    for late in (-1, 0, 1):
        record = office.schedule(office.kit.now + 10)
        office.kit.now += 10 + late
        office.set_rates(default=1_000 + late)
        office.kit.now += DAY
        met[late] = office.rate(record, office.ann)
    # The third change came too late for the third record, which has the rate of the second.
    assert met == {-1: 999, 0: 1_000, 1: 1_000}


@pytest.mark.attack("B3")
def test_a_snapshot_counts_up_to_the_end_of_the_records_second(kit):
    """At t - 1 and t it counts; at t + 1 it does not."""
    office = Office(kit, (GERMANY, ANY_CLASS, RENT, 500))
    record = office.schedule(kit.now + 10)
    for late, who in ((-1, office.ann), (0, office.ben), (1, office.cid)):
        kit.now = office.token.call("recordTime", record) + late
        office.snapshot(who)
    assert [office.rate(record, who) for who in (office.ann, office.ben, office.cid)] == [
        500, 500, 3_000,
    ]  # fmt: skip


@pytest.mark.attack("B3")
def test_a_certificate_counts_up_to_the_end_of_the_records_second(office):
    """Filed at t - 1 and t it counts, at t + 1 not. Revoked at t it does not, at t + 1 it does."""
    record = office.schedule(office.kit.now + 10)
    time = office.token.call("recordTime", record)
    for who in (office.dan, office.eve):
        office.certify(who, 100)
    for late, who in ((-1, office.ann), (0, office.ben), (1, office.cid)):
        office.kit.now = time + late
        office.certify(who, 100)
        if late == 0:
            office.revoke(office.dan, 1)
        if late == 1:
            office.revoke(office.eve, 1)
    people = (office.ann, office.ben, office.cid, office.dan, office.eve)
    assert [office.rate(record, who) for who in people] == [100, 100, 3_000, 3_000, 100]


def test_a_certificate_counts_within_its_validity_to_the_second(office):
    """From its first second to its last, both included."""
    start = office.kit.now + 100
    office.certify(office.ann, 100, since=start, until=start + 50)
    met = {}
    for time in (start - 1, start, start + 50, start + 51):
        record = office.schedule(time)
        office.kit.now = time + 1
        met[time - start] = office.basis(record, office.ann)
    assert met == {
        -1: (3_000, DEFAULT),
        0: (100, CERTIFICATE),
        50: (100, CERTIFICATE),
        51: (3_000, DEFAULT),
    }


def test_of_several_changes_in_one_second_the_last_counts(kit):
    """Of tables, of facts, of certificates."""
    office = Office(kit)
    office.set_rates((GERMANY, ANY_CLASS, RENT, 1))
    office.set_rates((FRANCE, ANY_CLASS, RENT, 2))
    office.snapshot(office.ann)
    office.know({office.ann: investor(1, country=FRANCE)})
    office.snapshot(office.ann)
    office.certify(office.ben, 3)
    office.certify(office.ben, 4)
    record = office.close()
    assert [office.rate(record, who) for who in (office.ann, office.ben)] == [2, 4]


def test_an_open_record_has_no_tax_yet(office):
    """Asking is refused until its second is over; the provisional rate may be asked for."""
    record = office.schedule(office.kit.now + 10)
    time = office.token.call("recordTime", record)
    for office.kit.now in (time - 1, time):
        with refused(
            "WithholdingPolicy_RecordOpen", office.token.address, record, time, office.kit.now
        ):
            office.rate(record, office.ann)
        assert office.policy.call("rateAt", office.ann, RENT, time) == (3_000, DEFAULT)
    office.kit.now = time + 1
    assert office.rate(record, office.ann) == 3_000


@pytest.mark.attack("B4")
def test_a_record_that_was_never_scheduled_has_no_tax(office):
    """The token says so."""
    with refused("ShareToken_UnknownRecord", 1, 0):
        office.rate(1, office.ann)


def test_the_first_rates_hold_for_records_before_the_policy(office):
    """A policy can be named for an old record: its first rates answer, and no later change."""
    record = office.close()
    late = office.open_office(table((GERMANY, ANY_CLASS, RENT, 500), default=2_000))
    late.send("snapshot", [office.ann])
    late.send("setRates", table(default=9_999), 0, sender=office.owner)
    ask = ("taxOn", office.token.address, record, RENT, office.ann, WHOLE)
    assert late.call(*ask) == 2_000
    office.kit.now += DAY
    late.send("setRates", table(default=8_888), 0, sender=office.owner)
    assert late.call(*ask) == 2_000


def test_rates_can_be_announced(office):
    """They apply from their second on; asking about times to come tells them."""
    now = office.kit.now
    receipt = office.set_rates(default=1_500, since=now + 100)
    assert receipt.named("RatesSet")[0] | {"table": None} == {
        "from": now + 100, "table": None, "count": 5,
    }  # fmt: skip
    records = [office.schedule(time) for time in (now + 99, now + 100, now + 101)]
    assert office.policy.call("ratesAt", now + 99) == tuple(table())
    assert office.policy.call("ratesAt", now + 100) == tuple(table(default=1_500))
    office.kit.now += DAY
    assert [office.rate(record, office.ann) for record in records] == [3_000, 1_500, 1_500]


def test_later_rates_take_the_place_of_announced_ones(office):
    """Whatever was to apply from then on is withdrawn; what was to apply before stays."""
    now = office.kit.now
    for ahead, rate in ((100, 1_000), (200, 2_000), (300, 2_500)):
        office.set_rates(default=rate, since=now + ahead)
    office.set_rates(default=1_234, since=now + 200)
    times = [now + ahead for ahead in (99, 100, 199, 200, 300, 9_999)]
    asked = [office.policy.call("rateAt", office.ann, RENT, time)[0] for time in times]
    assert asked == [3_000, 1_000, 1_000, 1_234, 1_234, 1_234]
    office.set_rates(default=5)
    asked = [office.policy.call("rateAt", office.ann, RENT, t)[0] for t in (now - 1, now, *times)]
    assert asked == [3_000, 5, 5, 5, 5, 5, 5, 5]


def test_rates_for_the_past_are_refused(office):
    """The present second is the earliest."""
    now = office.kit.now
    with refused("WithholdingPolicy_InThePast", now - 1, now):
        office.set_rates(since=now - 1)
    office.set_rates(since=now)


# --------------------------------------------------------------------------------------- noting


def test_anyone_may_snapshot_and_only_changes_are_told(office):
    """An event for each holder of whom something is new; nothing for the others."""
    office.know({office.ben: investor(2, country=FRANCE, kind=7)})
    taken = office.snapshot(office.ann, office.ben, office.ann, person(1)).events
    facts = {"known": True, "country": GERMANY, "class": RETAIL}
    assert taken == (
        ("InvestorStatusSnapshot", {"holder": office.ann, **facts}),
        (
            "InvestorStatusSnapshot",
            {"holder": office.ben, "known": True, "country": FRANCE, "class": 7},
        ),
    )
    office.kit.now += 1
    assert office.snapshot(office.ann, office.ben).events == ()
    assert office.policy.call("factsAt", office.ann, office.kit.now) == (True, GERMANY, RETAIL)
    before = RevmKit.START - 1
    assert office.policy.call("factsAt", office.ann, before) == (False, 0, 0)


def test_who_moves_is_taxed_by_the_country_snapshotted_at_each_record(kit):
    """The register alone changes nothing: the snapshot counts, and none before the first."""
    office = Office(kit, (GERMANY, ANY_CLASS, RENT, 100), (FRANCE, ANY_CLASS, RENT, 200))
    records = [office.close()]
    office.snapshot(office.ann)
    records.append(office.close())
    office.know({office.ann: investor(1, country=FRANCE)})
    records.append(office.close())
    office.snapshot(office.ann)
    records.append(office.close())
    assert [office.rate(record, office.ann) for record in records] == [3_000, 100, 100, 200]


def test_who_is_struck_off_the_register_is_taxed_at_the_default_once_snapshotted(kit):
    """And keeps its certificates, which are no business of the register."""
    office = Office(kit, (GERMANY, ANY_CLASS, RENT, 100))
    office.snapshot(office.ann, office.ben)
    office.certify(office.ben, 50)
    office.registry.send("deleteIdentity", office.ann, sender=office.agent)
    office.registry.send("deleteIdentity", office.ben, sender=office.agent)
    first = office.close()
    gone = {"known": False, "country": 0, "class": 0}
    assert office.snapshot(office.ann, office.ben).events == (
        ("InvestorStatusSnapshot", {"holder": office.ann, **gone}),
        ("InvestorStatusSnapshot", {"holder": office.ben, **gone}),
    )
    second = office.close()
    assert [office.basis(r, office.ann) for r in (first, second)] == [(100, COUNTRY), (3_000, 0)]
    assert [office.rate(r, office.ben) for r in (first, second)] == [50, 50]


@pytest.mark.attack("C3")
def test_for_records_before_a_recovery_the_lost_wallets_facts_count(kit):
    """The successor is paid what was lost, less the tax of the wallet that held; later, its own."""
    office = Office(kit, (GERMANY, ANY_CLASS, RENT, 1_000), (FRANCE, ANY_CLASS, RENT, 2_000))
    ann, new = office.ann, person(1)
    office.issue({ann: 100})
    office.snapshot(ann)
    first = office.close()
    office.recover(ann, new)
    office.know({new: investor(1, country=FRANCE)})
    second = office.close()
    office.snapshot(new)
    third = office.close()
    assert [office.rate(r, ann) for r in (first, second, third)] == [1_000] * 3
    assert [office.rate(r, new) for r in (second, third)] == [3_000, 2_000]
    number = office.declare(first, 1_000, tax_policy=office.policy.address)
    assert office.claim(ann, number).named("Claimed") == [
        {"id": number, "holder": ann, "payee": new, "gross": 1_000, "tax": 100}
    ]
    assert office.dollar.call("balanceOf", new) == 900


@pytest.mark.attack("C3")
def test_noting_a_lost_wallet_copies_what_is_known_of_the_person_now(kit):
    """What the register keeps of a lost wallet is old, and another asset may still be there."""
    office = Office(kit, (FRANCE, ANY_CLASS, RENT, 2_000))
    office.recover(office.ann, person(1))
    office.recover(person(1), person(2))
    for lost, successor in ((office.ann, person(1)), (person(1), person(2))):
        office.registry.send("confirmLoss", lost, successor, sender=office.agent)
    office.know({person(2): investor(1, country=FRANCE)})
    office.snapshot(office.ann, person(1), person(2))
    record = office.close()
    asked = [office.rate(record, who) for who in (office.ann, person(1), person(2))]
    assert asked == [2_000, 2_000, 2_000]


def test_without_a_registry_nobody_can_be_snapshotted(harness):
    """The policy of an open token knows defaults and certificates only."""
    policy = harness.kit.deploy(
        "WithholdingPolicy", harness.owner, ZERO, harness.collector, defaults(3_000)
    )
    with refused("WithholdingPolicy_NoRegistry"):
        policy.send("snapshot", [harness.ann])


# --------------------------------------------------------------------------------- certificates


def test_a_certificate_covers_the_kinds_it_names(office):
    """And leaves the others to the table."""
    office.certify(office.ann, 100, kinds=1 << RENT | 1 << INTEREST)
    record = office.close()
    asked = [office.rate(record, office.ann, kind) for kind in KINDS]
    assert asked == [3_000, 100, 100, 3_000, 3_000]


def test_the_newest_certificate_that_counts_decides(office):
    """Next year's, filed early, waits; when the newest is revoked, one before counts again."""
    start = office.kit.now
    office.certify(office.ann, 100, until=start + 10 * DAY)
    office.certify(office.ann, 200, since=start + 10 * DAY + 1, until=start + 20 * DAY)
    office.certify(office.ann, 300, kinds=1 << DIVIDEND)
    records = [office.close() for _ in range(2)]
    office.certify(office.ann, 400)
    records.append(office.close())
    office.revoke(office.ann, 4)
    records.append(office.close())
    office.kit.now = start + 15 * DAY
    records.append(office.close())
    office.kit.now = start + 25 * DAY
    records.append(office.close())
    assert [office.rate(r, office.ann) for r in records] == [100, 100, 400, 100, 200, 3_000]


def test_a_certificate_may_raise_the_rate(office):
    """A tax office may order more to be withheld, up to everything."""
    office.certify(office.ann, WHOLE)
    assert office.rate(office.close(), office.ann) == WHOLE


def test_certificates_are_kept_as_they_were_filed(office):
    """With when, and since when they are revoked."""
    now = office.kit.now
    receipt = office.policy.send(
        "certify", [office.ann, office.ann], [(1, 2, 3, FOREVER, DEED), (4, 8, now, now, DEED)],
        sender=office.owner,
    )  # fmt: skip
    assert receipt.events[0] == (
        "CertificateFiled",
        {"holder": office.ann, "id": 1, "certificate": (1, 2, 3, FOREVER, DEED)},
    )
    office.kit.now += 5
    receipt = office.revoke(office.ann, 1)
    assert receipt.events == (("CertificateRevoked", {"holder": office.ann, "id": 1}),)
    assert office.policy.call("certificateCount", office.ann) == 2
    kept = [office.policy.call("certificate", office.ann, number) for number in (1, 2)]
    assert kept == [(1, 2, 3, FOREVER, now, now + 5, DEED), (4, 8, now, now, now, 0, DEED)]


@pytest.mark.parametrize(
    ("given", "error", "values"),
    [
        ((WHOLE + 1, 1, 0, FOREVER, DEED), "RateTooHigh", (WHOLE + 1, WHOLE)),
        ((0, 0, 0, FOREVER, DEED), "InvalidKinds", (0, ALL_KINDS)),
        ((0, 32, 0, FOREVER, DEED), "InvalidKinds", (32, ALL_KINDS)),
        ((0, 1, 9, 8, DEED), "InvalidPeriod", (9, 8, RevmKit.START)),
        ((0, 1, 0, RevmKit.START - 1, DEED), "InvalidPeriod",
         (0, RevmKit.START - 1, RevmKit.START)),
    ],
)  # fmt: skip
def test_a_certificate_that_makes_no_sense_is_refused(office, given, error, values):
    """Too high, good for nothing, never valid."""
    with refused(f"WithholdingPolicy_{error}", *values):
        office.policy.send("certify", [office.ann], [given], sender=office.agent)


def test_a_certificate_without_a_document_or_a_holder_is_refused(office):
    """Somebody must be able to look it up."""
    with refused("WithholdingPolicy_NoDocument", office.ann):
        office.certify(office.ann, 0, document=NOTHING)
    with refused("WithholdingPolicy_LengthMismatch", 2, 0):
        office.policy.send("certify", [office.ann, office.ben], [], sender=office.agent)


def test_only_what_was_filed_can_be_revoked_and_once(office):
    """By the id it has."""
    for number in (0, 1):
        with refused("WithholdingPolicy_UnknownCertificate", office.ann, number):
            office.revoke(office.ann, number)
        with refused("WithholdingPolicy_UnknownCertificate", office.ann, number):
            office.policy.call("certificate", office.ann, number)
    office.certify(office.ann, 0)
    office.revoke(office.ann, 1)
    with refused("WithholdingPolicy_AlreadyRevoked", office.ann, 1, office.kit.now):
        office.revoke(office.ann, 1)


@pytest.mark.attack("H")
def test_certificates_cannot_pile_up_before_one_that_still_runs(office):
    """Sixteen are looked at, so none that counts may lie further back."""
    office.certify(office.ann, 99, until=office.kit.now)
    office.kit.now += 1
    office.certify(office.ann, 111)
    soon = office.kit.now + DAY
    for _ in range(WINDOW - 1):
        office.certify(office.ann, 222, until=soon)
    with refused("WithholdingPolicy_TooManyCertificates", office.ann, 2, WINDOW):
        office.certify(office.ann, 333, until=soon)
    first = office.close()
    office.kit.now += DAY
    assert office.rate(first, office.ann) == 222
    second = office.close()
    assert office.rate(second, office.ann) == 111
    office.revoke(office.ann, 2)
    for _ in range(WINDOW):
        office.certify(office.ann, 444)
    third = office.close()
    assert [office.rate(r, office.ann) for r in (first, second, third)] == [222, 111, 444]


# --------------------------------------------------------------------------------------- the tax


@pytest.mark.attack("A10")
@given(gross=st.integers(0, 2**160 - 1) | st.integers(0, 2**256 - 1), rate=st.integers(0, WHOLE))
def test_the_tax_is_the_floor_and_never_more_than_the_gross(codec, gross, rate):
    """Exactly floor(gross * rate / 10,000), for every amount there is; the residue is the holder's
    (Laws 8, 15)."""
    office = Office(RevmKit(codec), default=rate)
    record = office.close()
    tax = office.policy.call("taxOn", office.token.address, record, RENT, office.ann, gross)
    assert tax == withhold(gross, rate) <= gross


def test_the_vault_withholds_and_remits_once_to_the_unit(kit):
    """Gross and tax in each event, the net to each holder, the sum of the taxes to the collector in
    one remittance; by claim or by push (Laws 2, 3)."""
    office = Office(kit, (GERMANY, ANY_CLASS, RENT, 1_501))
    ann, ben, cid, dan = office.ann, office.ben, office.cid, office.dan
    office.issue({ann: 333, ben: 333, cid: 333, dan: 1})
    office.snapshot(ann, dan)
    office.certify(ben, 0)
    record = office.schedule()
    number = office.declare(record, 1_000_003, tax_policy=office.policy.address)
    office.kit.now += 2 * DAY
    office.set_rates(default=WHOLE)
    gross = {who: 1_000_003 * held // 1_000 for who, held in
             {ann: 333, ben: 333, cid: 333, dan: 1}.items()}  # fmt: skip
    taxes = {
        ann: withhold(gross[ann], 1_501),
        ben: 0,
        cid: withhold(gross[cid], 3_000),
        dan: withhold(gross[dan], 1_501),
    }
    for who, earned in gross.items():
        answered = office.vault.call("entitlement", number, who)
        assert answered == (earned, taxes[who], earned - taxes[who])
    claimed = office.claim(ann, number).named("Claimed")
    claimed += office.push(number, ben, cid, dan).named("Claimed")
    assert claimed == [
        {"id": number, "holder": who, "payee": who, "gross": gross[who], "tax": taxes[who]}
        for who in (ann, ben, cid, dan)
    ]
    paid = {who: office.dollar.call("balanceOf", who) for who in gross}
    assert paid == {who: gross[who] - taxes[who] for who in gross}
    office.vault.send("remit", number)
    assert office.dollar.call("balanceOf", office.collector) == sum(taxes.values())
    with refused("DividendVault_NothingLeft", number):
        office.vault.send("remit", number)


def test_a_record_open_at_declaration_is_taxed_as_things_are_when_it_closes(office):
    """The policy is fixed by the declaration, its answers by the record."""
    office.issue({office.ann: 10})
    record = office.schedule()
    number = office.declare(record, 1_000, tax_policy=office.policy.address)
    office.certify(office.ann, 500)
    office.kit.now += 2 * DAY
    office.revoke(office.ann, 1)
    assert office.vault.call("entitlement", number, office.ann) == (1_000, 50, 950)


@pytest.mark.attack("H")
def test_asking_stays_cheap_however_much_is_changed_later(kit):
    """Old records stay payable: what is filed and changed afterwards costs a search, no more."""
    office = Office(kit, (GERMANY, ANY_CLASS, RENT, 100))
    office.snapshot(office.ann)
    office.certify(office.ben, 100, until=kit.now)
    record = office.close()

    def gas(holder: str) -> int:
        args = (office.token.address, record, RENT, holder, WHOLE)
        return office.policy.send("taxOn", *args, sender=office.stranger).gas

    before = [gas(who) for who in (office.ann, office.ben)]
    for change in range(100):
        kit.now += 1
        office.set_rates(default=5_000)
        office.revoke(office.ben, office.certify(office.ben, 900))
        office.know({office.ann: investor(1, country=change + 1)})
        office.snapshot(office.ann)
    assert office.rate(record, office.ann) == office.rate(record, office.ben) == 100
    after = [gas(who) for who in (office.ann, office.ben)]
    # Seven steps in each of two timelines; with cold slots, 2,000 more for each step.
    assert all(late - early < 14 * 500 for early, late in zip(before, after, strict=True))


# ------------------------------------------------------------------------------ tables and roles


def test_a_table_of_every_size_is_found(kit):
    """The first, the last and each between, and nothing that is not there."""
    office = Office(kit)
    for size in range(1, 10):
        office.kit.now += 1
        countries = range(10, 10 + 2 * size, 2)
        office.set_rates(*((country, ANY_CLASS, RENT, country) for country in countries))
        for country in range(9, 11 + 2 * size):
            office.know({office.ann: investor(1, country=country)})
            office.snapshot(office.ann)
            rate, _ = office.policy.call("rateAt", office.ann, RENT, office.kit.now)
            assert rate == (country if country in countries else 3_000)


@pytest.mark.parametrize(
    ("rates", "error", "values"),
    [
        ([], "NoDefault", (0,)),
        (defaults(1)[:4], "NoDefault", (4,)),
        (defaults(1)[1:], "NoDefault", (0,)),
        (defaults(WHOLE + 1), "RateTooHigh", (WHOLE + 1, WHOLE)),
        ([(0, 0, 5, 1), *defaults(1)], "UnknownKind", (5, 4)),
        ([*defaults(1), (9, 1, 0, 1), (9, 0, 1, 1)], "NotAscending", (6,)),
        ([*defaults(1), (9, 1, 0, 1), (9, 1, 0, 1)], "NotAscending", (6,)),
        ([(0, 0, 0, 1), (0, 0, 0, 2), *defaults(1)], "NotAscending", (1,)),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(office, rates, error, values):
    """At deployment and later alike; the old table stays."""
    with refused(f"WithholdingPolicy_{error}", *values):
        office.policy.send("setRates", rates, 0, sender=office.owner)
    with refused(f"WithholdingPolicy_{error}", *values):
        office.open_office(rates)
    assert office.policy.call("ratesAt", office.kit.now) == tuple(table())


@pytest.mark.attack("H")
def test_a_table_is_as_large_as_code_can_be(office):
    """And still one transaction."""
    rates = [(country, kind, 0, 1) for country in range(1, 800) for kind in range(5)]
    assert len(rates) == 3_995
    receipt = office.set_rates(*rates)
    assert receipt.named("RatesSet")[0]["count"] == 4_000
    assert receipt.gas < 16_777_216
    with refused("WithholdingPolicy_TooManyRates", 4_001, 4_000):
        office.set_rates(*rates, (900, 0, 0, 1))


def test_a_policy_needs_a_collector_and_an_owner(harness):
    """Nobody would be paid the tax, or could answer for it."""
    with refused("WithholdingPolicy_NoCollector"):
        harness.kit.deploy("WithholdingPolicy", harness.owner, ZERO, ZERO, defaults(1))
    with refused("OwnableInvalidOwner", ZERO):
        harness.kit.deploy("WithholdingPolicy", ZERO, ZERO, harness.collector, defaults(1))


def calls(office: Office) -> dict[str, tuple[set[str], tuple[Any, ...]]]:
    """Every function that changes state: who may call it, and a call that works."""
    owner, filing, all_ = {"owner"}, {"owner", "agent"}, {"owner", "agent", "stranger"}
    certificate = (1, 1, 0, FOREVER, DEED)
    return {
        "acceptOwnership()": (set(), ()),
        "addAgent(address)": (owner, (person(1),)),
        "certify(address[],tuple[])": (filing, ([office.ann], [certificate])),
        "snapshot(address[])": (all_, ([office.ann],)),
        "removeAgent(address)": (owner, (office.agent,)),
        "renounceOwnership()": (set(), ()),
        "revoke(address,uint256)": (filing, (office.ann, 1)),
        "setRates(tuple[],uint48)": (owner, (table(), 0)),
        "transferOwnership(address)": (owner, (person(1),)),
    }


@pytest.mark.attack("F6")
def test_the_access_table_has_every_function_that_changes_state(office):
    """A function added to the contract must be added here."""
    assert set(calls(office)) == changing(office.kit, "WithholdingPolicy") | {"renounceOwnership()"}


@pytest.mark.attack("F6")
@pytest.mark.parametrize("actor", ["stranger", "agent", "owner"])
def test_every_function_refuses_who_may_not_call_it(office, actor):
    """Owner, agents and anyone, and what the others are told."""
    office.certify(office.ann, 1)
    sender = getattr(office, actor)
    for signature, (allowed, args) in calls(office).items():
        name = signature.partition("(")[0]
        before = office.kit.evm.snapshot()
        if actor in allowed:
            office.policy.send(name, *args, sender=sender)
        elif name in {"certify", "revoke"}:
            with refused("WithholdingPolicy_NotAgent", sender):
                office.policy.send(name, *args, sender=sender)
        elif (actor, name) == ("owner", "renounceOwnership"):
            with refused("WithholdingPolicy_OwnerRequired"):
                office.policy.send(name, *args, sender=sender)
        else:
            with refused("OwnableUnauthorizedAccount", sender):
                office.policy.send(name, *args, sender=sender)
        office.kit.evm.revert(before)


def test_agents_come_and_go(office):
    """Once each, with an event; a new owner files without being one."""
    policy, owner, agent = office.policy, office.owner, office.agent
    assert policy.call("isAgent", agent) is True
    assert policy.call("isAgent", owner) is False
    assert policy.send("addAgent", agent, sender=owner).events == ()
    removed = policy.send("removeAgent", agent, sender=owner)
    assert removed.events == (("AgentRemoved", {"agent": agent}),)
    assert policy.send("removeAgent", agent, sender=owner).events == ()
    with refused("WithholdingPolicy_NotAgent", agent):
        office.certify(office.ann, 1)
    policy.send("transferOwnership", agent, sender=owner)
    with refused("WithholdingPolicy_NotAgent", agent):
        office.certify(office.ann, 1)
    policy.send("acceptOwnership", sender=agent)
    office.certify(office.ann, 1)
    with refused("WithholdingPolicy_NotAgent", owner):
        policy.send("certify", [office.ann], [(1, 1, 0, FOREVER, DEED)], sender=owner)


def lose(office: Office, wallet: str, successor: str) -> None:
    """Let the register know a wallet as lost, and another as the same person's."""
    office.know({wallet: investor(77), successor: investor(77)})
    office.recover(wallet, successor)


@pytest.mark.attack("K4")
def test_a_lost_wallet_has_no_power(kit):
    """Neither as an agent nor as the owner nor as who is to be the owner; what it was appointed to
    stays written, and who takes its place inherits none of it."""
    office, thief = Office(kit), person(1)
    policy, owner, agent = office.policy, office.owner, office.agent
    kit.evm.set_balance(thief, 10**20)
    policy.send("addAgent", thief, sender=owner)
    certificate = (1, 1, 0, FOREVER, DEED)
    policy.send("certify", [office.ann], [certificate], sender=thief)
    lose(office, thief, person(2))
    lost = "WithholdingPolicy_LostWallet", thief, person(2)
    acts = {"certify": ([office.ann], [certificate]), "revoke": (office.ann, 1)}
    for name, args in acts.items():
        with refused(*lost):
            policy.send(name, *args, sender=thief)
        with refused("WithholdingPolicy_NotAgent", person(2)):
            policy.send(name, *args, sender=person(2))
    assert policy.call("isAgent", thief) is True

    policy.send("transferOwnership", thief, sender=owner)
    with refused(*lost):
        policy.send("acceptOwnership", sender=thief)

    policy.send("transferOwnership", office.stranger, sender=owner)
    policy.send("acceptOwnership", sender=office.stranger)
    lose(office, office.stranger, person(3))
    lost = "WithholdingPolicy_LostWallet", office.stranger, person(3)
    acts |= {"setRates": (table(), 0), "addAgent": (person(4),), "removeAgent": (agent,)}
    acts |= {"transferOwnership": (owner,)}
    for name, args in acts.items():
        with refused(*lost):
            policy.send(name, *args, sender=office.stranger)
    policy.send("revoke", office.ann, 1, sender=agent)


@pytest.mark.parametrize("registry", ["none", "empty", "a token"])
def test_a_registry_that_does_not_answer_locks_nobody_out(office, registry):
    """None, an address without code, or a contract of another kind: nobody is known as lost."""
    book = {"none": ZERO, "empty": person(9), "a token": office.dollar.address}[registry]
    policy = office.open_office(defaults(1), book)
    policy.send("addAgent", office.agent, sender=office.owner)
    policy.send("certify", [office.ann], [(1, 1, 0, FOREVER, DEED)], sender=office.agent)
    policy.send("setRates", defaults(2), 0, sender=office.owner)

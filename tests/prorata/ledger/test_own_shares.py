"""Income in shares, some of it unclaimed in the vault, and then income on those shares.

On a real Anvil: preview, declaration, push, account, claims, books, audit, statements and what is
unclaimed agree to the unit with what the contract pays (Law 39).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from eth_utils.address import to_checksum_address

from prorata.apportion import apportion
from prorata.assets.asset import Asset
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.chain.transactions.adoption import adopt
from prorata.chain.transactions.outside import find_outside
from prorata.contracts.vault import Distribution, Reason, Terms
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment, open_operator
from prorata.errors import NoEligibleShares
from prorata.income.claims import claim
from prorata.income.closing import refund, sweep
from prorata.income.declaration_files import Draft, Drafts, Word, resolve
from prorata.income.declarations import Declaration, declare, declare_all, preview
from prorata.income.previews import Preview, preview_all
from prorata.income.push_report import report_push
from prorata.income.pushes import push, push_all
from prorata.income.record_ranges import define_range, preview_range
from prorata.ledger.audits import Audit, audit, audit_deployment
from prorata.ledger.unclaimed import read_unclaimed
from prorata.register.captable import CapTable, Holding
from prorata.register.holders import holders_at, holders_now
from prorata.register.issuance import issue
from prorata.register.record_dates import schedule_record
from prorata.reports.statements import distribution_rows, income_of, statement, write_statements
from prorata.toolchain.anvil import Anvil
from tests.prorata.conftest import close_record, refused, travel

pytestmark = pytest.mark.slow

ANN, BEN, CID = (to_checksum_address(f"0x{digit * 40}") for digit in "abc")
RENT = 1_000_003
OWN_SHARES = 1_000
IN_SHARES = 100
"""Paid on the Attic's shares, of which Ann, Ben and Cid have 50, 30 and 20."""


@dataclass
class Story:
    """The Barn, whose shares have a price in dollars, and the Attic, which can pay in them."""

    anvil: Anvil
    operator: Operator
    attic_operator: Operator
    barn: Deployment
    attic: Deployment

    @property
    def vault(self) -> str:
        return self.barn.vault().address

    def close(self) -> int:
        """A record of the Barn that has closed."""
        return close_record(self.anvil, self.operator, self.barn)

    def ahead(self, **terms: object) -> int:
        """A distribution of the Barn at a record that is open."""
        record = schedule_record(self.operator, self.barn, self.operator.chain.now() + 2_000)
        return self.declared(record.id, **terms)

    def pass_record(self) -> None:
        """Let the latest record of the Barn close."""
        token = self.barn.token()
        travel(self.anvil, token.record_time(token.record_count()) + 1)

    def declared(self, record: int, *, number: int = 0, **terms: object) -> int:
        """Rent on the Barn, of which `number` tells several apart."""
        full = Terms(document_hash=bytes([number]) * 32, **terms)
        dollars = self.barn.currency("USD")
        return declare(
            self.operator, self.barn, record_id=record, currency=dollars, amount=RENT, terms=full
        ).id

    def pay_in_shares(self) -> int:
        """Income on the Attic in shares of the Barn, at a record that has closed."""
        record = close_record(self.anvil, self.attic_operator, self.attic)
        shares = self.attic.currency(self.barn.token().address)
        done = declare(
            self.attic_operator, self.attic, record_id=record, currency=shares, amount=IN_SHARES
        )
        return done.id

    def put(self, shares: int) -> None:
        """Send shares of the Barn to the vault, as a mistake and not as income."""
        self.operator.send_one(f"put/{shares}", self.barn.token().transfer(self.vault, shares))

    def look(self, *declarations: Declaration) -> list[Preview]:
        return preview_all(self.operator, self.barn, declarations)

    def rent(self, record: int, *, number: int = 0, **terms: object) -> Declaration:
        full = Terms(document_hash=bytes([number]) * 32, **terms)
        return Declaration(record, self.barn.currency("USD"), RENT, full)

    def found(self, number: int) -> Distribution:
        return self.barn.vault().distribution(number)

    def audited(self, ranges: Sequence[str] = ()) -> Audit:
        """The books of both assets, which must balance; so must those of each alone."""
        chain, tokens = self.operator.chain, [self.barn.token().address, self.attic.token().address]
        first = self.barn.manifest.first_block
        both = audit(chain, self.vault, tokens, first, record_ranges=ranges)
        alone = [
            audit_deployment(Deployment.open(chain, d.folder)) for d in (self.barn, self.attic)
        ]
        for done in (both, *alone):
            assert done.balanced, [str(difference) for difference in done.books.differences]
            assert done.answers.unanswered == []
        return both


class Adopting(Operator):
    """One account works from two folders, and each takes in what the other did in its shares."""

    def send(self, intents: Sequence[Intent]) -> list[Receipt]:
        assert self.journal is not None
        found = find_outside(self.chain, self.journal, self.home)
        if found:
            adopt(self.journal, found)
        return super().send(intents)

    def settle(self) -> None:
        assert self.journal is not None
        if found := find_outside(self.chain, self.journal, self.home):
            adopt(self.journal, found)
        super().settle()


@pytest.fixture
def story(anvil, chain, operator, issuer, folder) -> Iterator[Story]:
    """The operator holds most of the Barn; Ann and Ben a little, Cid nothing."""
    barn = Asset.of({"name": "Barn", "symbol": "BARN", "authorised_shares": "10,000"})
    attic = Asset.of({"name": "Attic", "symbol": "ATTIC", "authorised_shares": "10,000"})
    first = deploy(operator, barn, folder, dollar=True)
    holdings = (Holding(operator.address, 910), Holding(ANN, 60), Holding(BEN, 30))
    issue(operator, first, CapTable(holdings))
    other = folder.parent / "ATTIC"
    operator.__class__ = Adopting
    with open_operator(chain, issuer, other, make=Adopting) as second:
        found = deploy(second, attic, other, vault=first.vault().address)
        people = (Holding(ANN, 50), Holding(BEN, 30), Holding(CID, 20))
        issue(second, found, CapTable(people))
        yield Story(anvil, operator, second, first, found)


# --------------------------------------------------------------------------- example: all agree


def test_what_lies_in_the_vault_earns_nothing_wherever_one_looks(story, tmp_path):
    """Ann claims her 50 shares, 50 are left: 950 of 1,000 earn (Law 39)."""
    barn, dollars = story.barn, story.barn.currency("USD")
    in_shares = story.pay_in_shares()
    claim(story.operator, story.attic, ANN, [in_shares])
    record = story.close()
    balances = holders_at(barn, record)
    assert (balances[story.vault], balances[ANN]) == (50, 110)
    law = apportion(RENT, balances, [story.vault])
    assert law.eligible == 950

    # Before it is declared.
    assert preview(barn, record, RENT, balances) == law
    [ahead] = story.look(story.rent(record))
    assert {line.holder: line.gross for line in ahead.lines} == {
        holder: gross for holder, gross in law.gross.items() if gross
    }
    assert (ahead.shares, ahead.remainder, ahead.gas.basis) == (950, law.remainder, "simulated")
    assert ahead.notices == (
        "the vault itself holds 50 BARN, which somebody can still claim: they earn nothing",
    )

    # Before anybody is paid.
    number = story.declared(record)
    assert story.found(number).eligible_supply == 950
    [overdue] = read_unclaimed(barn, [number]).distributions
    assert {line.holder: line.gross for line in overdue.lines} == {
        holder: gross for holder, gross in law.gross.items() if gross
    }
    assert overdue.remainder == law.remainder
    assert story.audited().books.distributions[number].division == law

    # While some are paid, and when all are.
    claim(story.operator, barn, ANN, [number])
    assert dollars.balance_of(ANN) == law.gross[ANN]
    part = report_push(barn, number, balances)
    assert (part.paid, part.owed) == (law.gross[ANN], RENT - law.remainder - law.gross[ANN])
    whole = push_all(story.operator, barn, number)
    assert {line.holder: line.gross for line in whole.of("paid")} == {
        holder: gross for holder, gross in law.gross.items() if gross
    }
    assert (whole.remainder, story.found(number).carried_out) == (law.remainder, law.remainder)
    assert read_unclaimed(barn).distributions == ()

    # In the books, and in what is written from them.
    books, token = story.audited().books, barn.token().address
    done = books.distributions[number]
    assert (done.is_over, done.owed, done.carried_out) == (True, 0, law.remainder)
    [row] = distribution_rows(books, [token])
    assert (row.eligible_shares.units, row.holders, row.holders_paid) == (950, 3, 3)
    [line] = statement(books, token, story.vault)
    assert (line.status, line.gross.units) == ("excluded", 0)
    assert income_of(books, token, story.vault) == {}
    written = write_statements(books, token, tmp_path / "statements")
    assert {path.stem for path in written} == {story.operator.address, ANN, BEN, story.vault}

    # The shares themselves are still there for whom they belong to.
    claim(story.operator, story.attic, BEN, [in_shares])
    assert barn.token().balances_of([BEN, story.vault]) == [60, 20]
    story.audited()


def test_a_range_over_such_shares_leaves_them_out_too(story):
    """Two records with a weight each, the vault with 100 shares at the first, then 50."""
    in_shares = story.pay_in_shares()
    story.close()
    claim(story.operator, story.attic, ANN, [in_shares])
    story.close()
    done = define_range(story.operator, story.barn, 1, 2, weights="equal")
    barn = Deployment.open(story.operator.chain, story.barn.folder)
    law = preview_range(barn, done.id, RENT)
    assert law.eligible == 900 + 950
    assert law.gross[story.vault] == 0
    what = Declaration(done.id, barn.currency("USD"), RENT, record_range=True)
    [ahead] = preview_all(story.operator, barn, [what])
    assert {line.holder: line.gross for line in ahead.lines} == {
        holder: gross for holder, gross in law.gross.items() if gross
    }
    [declared] = declare_all(story.operator, barn, [what])
    assert story.found(declared.id).eligible_supply == law.eligible
    [overdue] = read_unclaimed(barn, [declared.id]).distributions
    assert overdue.owed == sum(law.gross.values())
    assert push_all(story.operator, barn, declared.id).remainder == law.remainder
    books = story.audited([done.address]).books
    assert books.distributions[declared.id].division == law


def test_an_asset_that_pays_in_its_own_shares(story):
    """The first payment counts the vault if it held any before; the second one does not."""
    token = story.barn.token().address
    story.put(40)
    record = story.close()
    own = story.barn.currency(token)
    whats = [Declaration(record, own, 100, Terms(document_hash=bytes([n]) * 32)) for n in (1, 2)]
    previews = story.look(*whats)
    assert [preview.shares for preview in previews] == [960, 960]
    assert [preview.gross + preview.remainder for preview in previews] == [100, 100]
    assert [preview.lines[0].gross for preview in previews] == [
        100 * 870 // 1_000, 100 * 870 // 960
    ]  # fmt: skip
    first, second = declare_all(story.operator, story.barn, whats)
    assert [story.found(d.id).eligible_supply for d in (first, second)] == [1_000, 960]
    story.audited()
    for done, previewed in zip((first, second), previews, strict=True):
        report = push_all(story.operator, story.barn, done.id)
        assert report.remainder == previewed.remainder
    story.audited()
    # What the vault still holds is the 40, and what nobody can be paid.
    later = story.declared(story.close())
    held = story.barn.token().balance_of(story.vault)
    assert story.found(later).eligible_supply == OWN_SHARES - held
    push_all(story.operator, story.barn, later)
    story.audited()


# ------------------------------------------------------------------- law: which moment it is


def test_what_was_declared_before_counts_the_vault_and_pays_it_nothing(story):
    """A record that had closed by then keeps its number; the next has another (Laws 1 and 39)."""
    story.put(50)
    record = story.close()
    balances = holders_at(story.barn, record)
    [before] = story.look(story.rent(record))
    law = apportion(RENT, balances)
    assert preview(story.barn, record, RENT, balances).remainder == before.remainder
    assert {line.holder: line.gross for line in before.lines} == {
        holder: gross for holder, gross in law.gross.items() if holder != story.vault
    }
    assert before.remainder == law.remainder + law.gross[story.vault]
    [notice] = before.notices
    assert notice == (
        f"the vault itself holds 50 BARN, for which nobody can be paid: exclude {story.vault}, so "
        "that others earn it"
    )
    deadline = story.operator.chain.now() + 5_000
    early = story.declared(record, deadline=deadline, sweep_to=CID)
    story.pay_in_shares()
    late = story.declared(record, number=1)
    assert [story.found(n).eligible_supply for n in (early, late)] == [1_000, 950]
    story.audited()
    report = push_all(story.operator, story.barn, early)
    assert report.remainder == before.remainder
    push_all(story.operator, story.barn, late)
    # Though every holder is paid, it is not over: the vault's own part is left.
    found = story.found(early)
    assert (found.owed, found.settled_shares) == (before.remainder, 950)
    [overdue] = read_unclaimed(story.barn).distributions
    assert (overdue.distribution.id, overdue.lines) == (early, ())
    assert overdue.remainder == found.owed
    books, token = story.audited().books, story.barn.token().address
    assert not books.distributions[early].is_over
    assert [row.status for row in statement(books, token, story.vault)] == ["excluded"] * 2
    pushed = story.operator.send_one("itself", story.barn.vault().push(early, [story.vault]))
    assert [event.args["reason"] for event in pushed.events("Skipped")] == [Reason.NOTHING]
    travel(story.anvil, deadline + 1)
    swept = sweep(story.operator, story.barn, early)
    assert swept.amount == RENT * 50 // 1_000
    story.audited()


def by_pages(story: Story, number: int) -> None:
    story.operator.send_one("pages", story.barn.vault().fix_eligible(number, 5))


def by_claim(story: Story, number: int) -> None:
    claim(story.operator, story.barn, ANN, [number])


def by_sweep(story: Story, number: int) -> None:
    travel(story.anvil, story.found(number).terms.deadline + 1)
    sweep(story.operator, story.barn, number)


def by_nothing(story: Story, number: int) -> None:
    """A push of somebody without shares counts nothing."""
    story.operator.send_one("nothing", story.barn.vault().push(number, [CID]))


@pytest.mark.parametrize(
    ("counted", "eligible"),
    [(by_pages, 1_000), (by_claim, 1_000), (by_sweep, 1_000), (by_nothing, 950)],
)
def test_what_was_declared_ahead_is_counted_when_it_is_counted(story, counted, eligible):
    """By a page, a claim or a sweep before the Barn's shares are paid out, or else by a payment
    after it (Laws 38 and 39)."""
    story.put(50)
    deadline = story.operator.chain.now() + 5_000
    number = story.ahead(deadline=deadline, sweep_to=CID)
    assert story.found(number).eligible_supply == 0
    story.audited()
    story.pass_record()
    assert story.found(number).eligible_supply == 0
    assert story.audited().books.distributions[number].division.eligible == 1_000
    assert read_unclaimed(story.barn, [number]).distributions[0].owed == 860_002 + 60_000 + 30_000
    counted(story, number)
    story.audited()
    story.pay_in_shares()
    balances = holders_at(story.barn, 1)
    assert story.audited().books.distributions[number].division.eligible == eligible
    if counted is not by_sweep:
        owed = read_unclaimed(story.barn, [number]).distributions[0]
        push(story.operator, story.barn, number, sorted(balances))
        assert story.found(number).owed <= owed.remainder
    report = report_push(story.barn, number, balances)
    assert sum(line.shares for line in report.lines) == 950
    assert story.found(number).eligible_supply == eligible
    story.audited()


def test_a_payment_that_failed_has_counted(story, chain):
    """Ann's payment is refused by the currency, and the number stays as it was found."""
    story.put(50)
    record = schedule_record(story.operator, story.barn, story.operator.chain.now() + 100)
    own = story.attic.token()
    story.attic_operator.send_one("mint", own.mint(story.operator.address, 1_000))
    done = declare(
        story.operator,
        story.barn,
        record_id=record.id,
        currency=story.barn.currency(own.address),
        amount=1_000,
    )
    story.pass_record()
    story.attic_operator.send_one("pause", own.pause())
    refusing = story.operator.send_one("refused", story.barn.vault().push(done.id, [ANN]))
    assert [event.args["reason"] for event in refusing.events("Skipped")] == [Reason.PAYMENT_FAILED]
    assert story.found(done.id).eligible_supply == 1_000
    story.attic_operator.send_one("unpause", own.unpause())
    story.pay_in_shares()
    story.audited()
    assert push_all(story.operator, story.barn, done.id).remainder == 1_000 - 860 - 60 - 30


def test_ahead_in_its_own_shares_the_vault_earns_nothing(story):
    """The declaration itself makes them a currency before anything is counted."""
    own = story.barn.currency(story.barn.token().address)
    story.put(40)
    record = schedule_record(story.operator, story.barn, story.operator.chain.now() + 100)
    what = Declaration(record.id, own, 100)
    [provisional] = story.look(what)
    assert provisional.provisional
    assert provisional.shares == 960
    assert sum(line.gross for line in provisional.lines) + provisional.remainder == 100
    [done] = declare_all(story.operator, story.barn, [what])
    assert holders_now(story.barn)[story.vault] == 140
    story.pass_record()
    assert story.audited().books.distributions[done.id].division.eligible == 860
    assert read_unclaimed(story.barn).distributions[0].remainder == 100 - 89 - 6 - 3
    push_all(story.operator, story.barn, done.id)
    assert story.found(done.id).eligible_supply == 860
    story.audited()


# ------------------------------------------------------------------------------------ refusals


def test_where_the_vault_has_all_shares_nobody_would_be_paid(story):
    """Said before anything is sent, in a file too; what was declared ahead goes back."""
    barn = story.barn
    early = story.ahead()
    story.pay_in_shares()
    token = barn.token()
    for holder, shares in ((story.operator.address, 810), (ANN, 60), (BEN, 30)):
        story.operator.send_one(f"burn/{holder}", token.burn(holder, shares))
    story.pass_record()
    assert holders_at(barn, 1) == {story.vault: 100}
    nonce = story.operator.chain.nonce(story.operator.address)
    with pytest.raises(NoEligibleShares):
        declare_all(story.operator, barn, [story.rent(1, number=1)])
    with pytest.raises(NoEligibleShares):
        preview(barn, 1, RENT, holders_at(barn, 1))
    with pytest.raises(NoEligibleShares):
        story.look(story.rent(1, number=1))
    words = {
        "record": Word("1"),
        "currency": Word("USD"),
        "amount": Word("5"),
        "kind": Word("rent"),
    }
    drafts = Drafts("the file", [Draft({k: Word(w.text, 3) for k, w in words.items()}, [], 3)])
    assert "has no eligible share, so that nobody would be paid" in refused(
        resolve, drafts, story.operator, barn
    )
    assert story.operator.chain.nonce(story.operator.address) == nonce
    assert read_unclaimed(barn).refundable == (early,)
    refund(story.operator, barn, early)
    assert story.audited().books.distributions[early].ended == "refunded"


def test_only_a_token_that_names_itself_is_one(story, chain):
    """The dollar, the native coin and an account without code do not."""
    barn = story.barn
    asked = [barn.token().address, barn.currency("USD").address, barn.currency("ETH").address]
    currencies = [barn.currency(named) for named in asked[:2]] + [barn.currency("ETH")]
    assert [currency.is_share_token() for currency in currencies] == [True, False, False]
    nobody = type(currencies[0])(chain, ANN)
    assert not nobody.is_share_token()

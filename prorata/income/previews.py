# SPDX-License-Identifier: MIT
"""Looking ahead: what a distribution would pay, withhold, leave over and cost, if it were declared.

Gross income is the law's; tax is what the named policy answers for each holder; gas comes from the
node, which runs approval, declaration and push one after the other without keeping any of it
(`eth_simulateV1`). A node that cannot do so leaves a rule of thumb, which is said. While the record
is open, holders and tax are those of the present, and the preview is provisional.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from prorata.chain.calls import Call, decode_logs
from prorata.chain.operator import Operator
from prorata.chain.types import Fees, Simulated, SimulatedBlock
from prorata.contracts.currency import money
from prorata.contracts.tax_policy import TaxPolicy
from prorata.contracts.vault import Reason
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, InputError, ProrataError
from prorata.files.writer import json_object
from prorata.income.declarations import Declaration, approvals, is_declared, lacking, record_token
from prorata.income.denominators import pages_to_count
from prorata.income.held_income import held_among, holders_expected, who_is_held
from prorata.income.pushes import PAGE_SIZE, pages_of
from prorata.register.earning import Earners, earners_expected
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import ETHER, Unit
from prorata.values.times import moment
from prorata.values.words import counted

__all__ = ["Gas", "Preview", "PreviewLine", "preview_all"]

# A simulation has a gas limit of its own, so that of many pages only some are looked at.
PAGES_LOOKED_AT = 3

# What fresh accounts cost in the committed gas figures, and a little more.
THUMB_APPROVAL, THUMB_DECLARATION, THUMB_HOLDER = 50_000, 200_000, 65_000

SIMULATED, RULE_OF_THUMB = "simulated", "rule of thumb"


@dataclass(frozen=True)
class PreviewLine:
    """One holder's part; `tax` is None where the policy has no usable answer.

    `held` is whether it could not be paid now, since a wallet is frozen or not eligible.
    """

    holder: str
    shares: int
    gross: int
    tax: int | None
    held: bool = False

    @property
    def net(self) -> int | None:
        """What would be paid out."""
        return None if self.tax is None else self.gross - self.tax


@dataclass(frozen=True)
class Gas:
    """What declaring and then paying everybody would use, in units of gas.

    Of `pages` transactions of a push, `pages_seen` were simulated and the rest follows from them.
    """

    approvals: tuple[int, ...]
    declaration: int
    push: int
    pages: int
    pages_seen: int
    basis: str

    @property
    def to_declare(self) -> int:
        """Approvals and declaration."""
        return sum(self.approvals) + self.declaration

    @property
    def total(self) -> int:
        """Everything, a full push included."""
        return self.to_declare + self.push


@dataclass(frozen=True)
class Preview:
    """What would become of a declaration, in the currency's smallest unit.

    `received` would arrive in the vault, `carried_in` join it from earlier distributions. `fees`
    are the present prices of gas, if the node tells. `share_unit` says how the shares of the lines
    are written; `notices` are sentences for whoever decides; `refusal` is why it would fail now.
    """

    declaration: Declaration
    share_unit: Unit
    closes_at: int
    provisional: bool
    received: int
    carried_in: int
    lines: tuple[PreviewLine, ...]
    remainder: int
    gas: Gas
    fees: Fees | None
    notices: tuple[str, ...] = ()
    refusal: ProrataError | None = None

    @property
    def held(self) -> list[PreviewLine]:
        """Those whose income is held now; after a deadline it is swept like any other."""
        return [line for line in self.lines if line.held]

    @property
    def shares(self) -> int:
        """The shares that earn."""
        return sum(line.shares for line in self.lines)

    @property
    def gross(self) -> int:
        """What all holders together would earn."""
        return sum(line.gross for line in self.lines)

    @property
    def tax(self) -> int:
        """What would be withheld, as far as the policy answers."""
        return sum(line.tax or 0 for line in self.lines)

    @property
    def net(self) -> int:
        """What would be paid out, to those for whom the policy answers."""
        return sum(line.net or 0 for line in self.lines)

    @property
    def transactions(self) -> int:
        """Those of approval, declaration and a full push."""
        return len(self.gas.approvals) + 1 + self.gas.pages

    @property
    def fee_range(self) -> tuple[int, int] | None:
        """What all of them would cost at the present base fee, and at most, in wei."""
        if self.fees is None:
            return None
        # The most that is offered has room for the base fee to double.
        present = (self.fees.most - self.fees.tip) // 2 + self.fees.tip
        return self.gas.total * present, self.gas.total * self.fees.most

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        what, unit, fees = self.declaration, self.declaration.currency.unit, self.fee_range
        return json_object(
            {
                what.column: what.record_id,
                "closes": moment(self.closes_at),
                "provisional": self.provisional,
                "currency": what.currency.address,
                "amount": unit.amount(what.amount),
                "received": unit.amount(self.received),
                "carried_in": unit.amount(self.carried_in),
                "gross": unit.amount(self.gross),
                "tax": unit.amount(self.tax),
                "net": unit.amount(self.net),
                "remainder": unit.amount(self.remainder),
                "holders": [
                    {
                        "holder": line.holder,
                        "shares": self.share_unit.amount(line.shares),
                        "gross": unit.amount(line.gross),
                        "tax": unit.if_known(line.tax),
                        "net": unit.if_known(line.net),
                        "held": line.held,
                    }
                    for line in self.lines
                ],
                "gas": {**asdict(self.gas), "total": self.gas.total},
                "transactions": self.transactions,
                "fees": fees and {"present": ETHER.amount(fees[0]), "most": ETHER.amount(fees[1])},
                "notices": self.notices,
            }
        )


def preview_all(
    operator: Operator,
    deployment: Deployment,
    declarations: Sequence[Declaration],
    *,
    permit: bool = False,
    page_size: int = PAGE_SIZE,
) -> list[Preview]:
    """What each declaration would do, one after the other; nothing is sent.

    Raises: InputError for a record that was never scheduled; NoEligibleShares; BooksError.
    """
    previews: list[Preview] = []
    registers: dict[tuple[bool, int], tuple[Mapping[str, int], bool]] = {}
    new = [d for d in declarations if not is_declared(operator, deployment, d)]
    for place, declaration in enumerate(declarations):
        at = declaration.record_range, declaration.record_id
        if at not in registers:
            operator.tell(f"reading who holds what at {declaration.record}")
            registers[at] = holders_expected(
                deployment, declaration.record_id, record_range=declaration.record_range
            )
        balances, provisional = registers[at]
        # What was left over joins the first that may have it; record ranges have their own.
        taken = any(
            earlier.carried_in
            for earlier in previews
            if earlier.declaration.currency.address == declaration.currency.address
            and earlier.declaration.record_range == declaration.record_range
        )
        beside = [d for d in new if d.currency.address == declaration.currency.address]
        problems = list(lacking(operator, beside)) if declaration in new else []
        notices = [str(problem) for problem in problems]
        if declaration not in new:
            notices = ["it was declared before, and would not be declared again"]
        # All of them come before the first payment, if the record is still open.
        before = declarations if provisional else declarations[:place]
        after = {d.currency.address for d in before if d in new or d is declaration}
        excluded = declaration.terms.excluded
        earners = earners_expected(deployment, excluded, balances, after=after)
        ahead = _Ahead(operator, deployment, declaration, permit=permit, page_size=page_size)
        seen = ahead.look(balances, earners, provisional, taken, notices)
        previews.append(replace(seen, refusal=InputError(problems)) if problems else seen)
    return previews


@dataclass(frozen=True)
class _Run:
    """What a node said would happen; `seen` are the pages of the push that it looked at."""

    approvals: tuple[Simulated, ...]
    declaration: Simulated
    push: tuple[Simulated, ...]
    seen: Sequence[Sequence[str]]

    @property
    def holders(self) -> int:
        """How many holders are on the pages looked at."""
        return sum(map(len, self.seen))

    @property
    def reasons(self) -> list[Reason]:
        """Why the push would skip some of them."""
        skipped = (event for page in self.push for event in decode_logs(page.logs, "Skipped"))
        return [Reason(event.args["reason"]) for event in skipped]


class _Ahead:
    """One look ahead."""

    def __init__(
        self,
        operator: Operator,
        deployment: Deployment,
        declaration: Declaration,
        *,
        permit: bool,
        page_size: int,
    ) -> None:
        self.operator, self.chain = operator, operator.chain
        self.vault, self.token = deployment.vault(), record_token(deployment, declaration)
        self.what, self.permit, self.page_size = declaration, permit, page_size
        self.deployment, self.share_unit = deployment, deployment.settings.unit

    def look(
        self,
        balances: Mapping[str, int],
        earners: Earners,
        provisional: bool,
        taken: bool,
        notices: list[str],
    ) -> Preview:
        """The preview for these holders; `taken` when nothing is left to be carried in.

        What `notices` say stands in the way of a declaration keeps the node from running it.
        """
        earning = sorted(earners.among(balances))
        pages = pages_of(earning, self.page_size)
        approving = approvals(self.operator, self.vault, self.what)
        closes_at = self.token.record_time(self.what.record_id)
        run = None if notices else self._run(approving, pages, closes_at)
        refusal = None if run is None else run.declaration.error
        if run is not None and run.declaration.error is not None:
            notices.append(f"the declaration would fail now: {run.declaration.error}")
            run = None
        received, carried = self._arriving(run, taken)
        law = earners.divide(received + carried, balances)
        taxes = self._taxes({holder: gross for holder, gross in law.gross.items() if gross})
        held = held_among(self.deployment, earning)
        lines = [
            PreviewLine(
                holder, balances[holder], law.gross[holder], taxes.get(holder, 0), holder in held
            )
            for holder in sorted(earning, key=lambda holder: (-law.gross[holder], holder))
        ]
        preview = Preview(
            declaration=self.what,
            share_unit=self.share_unit,
            closes_at=closes_at,
            provisional=provisional,
            received=received,
            carried_in=carried,
            lines=tuple(lines),
            remainder=law.remainder,
            gas=self._thumb(approving, pages) if run is None else self._measured(run, pages),
            fees=self._fees(),
            refusal=refusal,
        )
        notices += self._of_own_shares(balances, earners)
        return replace(preview, notices=(*notices, *self._notices(preview, run)))

    def _arriving(self, run: _Run | None, taken: bool) -> tuple[int, int]:
        """What the vault would receive, and what would be carried in."""
        if run is not None:
            said = decode_logs(run.declaration.logs, "Declared")[0].args
            return int(said["received"]), 0 if taken else int(said["carriedIn"])
        speaks = self.token.is_agent(self.operator.address)
        if taken or not (speaks or self.token.owner() == self.operator.address):
            return self.what.amount, 0
        carried = self.vault.carried(self.token.address, self.what.currency.address)
        return self.what.amount, carried

    def _taxes(self, gross: Mapping[str, int]) -> dict[str, int | None]:
        terms = self.what.terms
        if terms.tax_policy == ZERO_ADDRESS:
            return {}
        self.operator.tell(f"asking the tax on the income of {counted(len(gross), 'holder')}")
        policy = TaxPolicy(self.chain, terms.tax_policy)
        return policy.taxes_on(self.token.address, self.what.record_id, terms.kind, gross)

    def _fees(self) -> Fees | None:
        try:
            return self.chain.fees()
        except ChainError:
            return None

    # ----------------------------------------------------------------------- gas

    def _run(
        self, approving: Sequence[Call], pages: Sequence[Sequence[str]], closes_at: int
    ) -> _Run | None:
        """Approval, declaration and some pages of a push, or None where the node cannot."""
        what, count = self.what, len(approving)
        currency = what.currency.address
        declaring = self.vault.declare(
            self.token.address, what.record_id, currency, what.amount, what.terms
        )
        number, seen = self.vault.distribution_count() + 1, _some(pages)
        pushing = [self.vault.push(number, page) for page in seen]
        now = max(self.chain.now(), self.chain.block().timestamp + 1)
        payable = max(now + 1, what.terms.payable_from, closes_at + 1)
        self.operator.tell("letting the node run it, to no effect")
        try:
            results = self.chain.simulate(
                [
                    SimulatedBlock(self._questions([*approving, declaring]), now),
                    SimulatedBlock(self._questions(pushing), payable),
                ]
            )
        except ChainError:
            return None
        return _Run(tuple(results[:count]), results[count], tuple(results[count + 1 :]), seen)

    def _questions(self, calls: Sequence[Call]) -> list[dict[str, object]]:
        return [call.question(self.operator.address) for call in calls]

    def _measured(self, run: _Run, pages: Sequence[Sequence[str]]) -> Gas:
        approving = tuple(approval.gas_used for approval in run.approvals)
        seen, all_holders = sum(page.gas_used for page in run.push), sum(map(len, pages))
        return Gas(
            # A permit is checked in the declaration's own transaction, for no more than this.
            approvals=() if self.permit else approving,
            declaration=run.declaration.gas_used + (sum(approving) if self.permit else 0),
            push=-(-seen * all_holders // max(run.holders, 1)),
            pages=len(pages),
            pages_seen=len(run.seen),
            basis=SIMULATED,
        )

    def _thumb(self, approving: Sequence[Call], pages: Sequence[Sequence[str]]) -> Gas:
        return Gas(
            approvals=() if self.permit else (THUMB_APPROVAL,) * len(approving),
            declaration=THUMB_DECLARATION + (THUMB_APPROVAL if self.permit else 0),
            push=THUMB_HOLDER * sum(map(len, pages)),
            pages=len(pages),
            pages_seen=0,
            basis=RULE_OF_THUMB,
        )

    # ------------------------------------------------------------------- notices

    def _of_own_shares(self, balances: Mapping[str, int], earners: Earners) -> Iterator[str]:
        vault, unit = self.vault.address, self.share_unit
        held = balances.get(vault, 0)
        if not held or vault in self.what.terms.excluded:
            return
        itself = f"the vault itself holds {unit.text(held)} {unit.symbol}"
        if vault in earners.excluded:
            yield f"{itself}, which somebody can still claim: they earn nothing"
        else:
            yield f"{itself}, for which nobody can be paid: exclude {vault}, so that others earn it"

    def _of_open_record(self, preview: Preview) -> Iterator[str]:
        what, until = self.what, moment(preview.closes_at)
        yield (
            f"{what.record} is open until {until}: holders and tax are those of now, and not final"
        )
        excluded = len(what.terms.excluded)
        if what.record_range and (pages := pages_to_count(excluded)):
            yield (
                f"{excluded} accounts are excluded over a record range: before the first payment "
                f"they may have to be counted in up to {pages} transactions more"
            )

    def _notices(self, preview: Preview, run: _Run | None) -> Iterator[str]:
        what = self.what
        if preview.provisional:
            yield from self._of_open_record(preview)
        if preview.received != what.amount:
            arrives = money(preview.received, what.currency)
            yield f"of {money(what.amount, what.currency)}, {arrives} would arrive"
        if preview.held and what.terms.deadline:
            yield _swept_notice(preview)
        if unanswered := sum(line.tax is None for line in preview.lines):
            yield (
                f"the tax policy has no usable answer for {unanswered} of {len(preview.lines)} "
                "holders, whom a push would skip"
            )
        if run is None:
            yield "the node did not run it, so the gas is a rule of thumb"
            return
        yield from _push_notices(run)


def _push_notices(run: _Run) -> Iterator[str]:
    for page in run.push:
        if page.error is not None:
            yield f"a push would fail: {page.error}"
    for reason in sorted(set(run.reasons)):
        count = run.reasons.count(reason)
        yield f"a push would skip {count:,} of {counted(run.holders, 'holder')}: {reason.label}"


def _swept_notice(preview: Preview) -> str:
    what = preview.declaration
    owed = money(sum(line.gross for line in preview.held), what.currency)
    return (
        f"{who_is_held(len(preview.held))}: unless they can be paid by "
        f"{moment(what.terms.deadline)}, {owed} is swept to {what.terms.sweep_to}"
    )


def _some(pages: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """The first page, one from the middle, and the last full one."""
    if len(pages) <= PAGES_LOOKED_AT:
        return list(pages)
    return [pages[0], pages[len(pages) // 2], pages[-2]]

# SPDX-License-Identifier: MIT
"""How a building ends: holders vote to sell it, are paid what it brought, and give their shares.

The price is paid out as liquidating distributions: what is there at once, and what was held back
for claims of the buyer when these have lapsed. Then a mandatory exchange takes all shares for what
is left, and burns them. What waits for somebody, as for a frozen wallet, waits on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prorata.assets.examples import EXAMPLES
from prorata.chain.operator import Operator
from prorata.contracts.share_exchange import ShareExchange
from prorata.contracts.vault import Terms
from prorata.demo.meetings import MeetingAct, Voter
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError
from prorata.income.declarations import declare
from prorata.income.pushes import push_all
from prorata.ledger.audits import audit_deployment
from prorata.market.exchanges.account import account_of
from prorata.market.exchanges.carrying import exchange_everybody
from prorata.market.exchanges.mandatory import Wanted, maturity
from prorata.market.exchanges.opening import funded_whole, open_exchange
from prorata.market.exchanges.steps import close_exchange
from prorata.market.singletons import find_singleton
from prorata.register.holders import holders_now
from prorata.register.record_dates import schedule_record
from prorata.reports.minutes import Minutes, write_minutes
from prorata.reports.tables import positions_table, verdict
from prorata.values.amounts import format_units
from prorata.values.kinds import Kind
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.demo.chain import DemoChain
    from prorata.demo.narration import Narrator

__all__ = ["Sale"]

UNIT = 10**6
PRICE, LOAN_AND_COSTS, HOLDBACK = 5_240_000 * UNIT, 615_000 * UNIT, 125_000 * UNIT
"""What the buyer pays, what goes to the bank and for costs, and what is held back of the rest."""

RESIDUAL = "0.50 USD"
"""What a share brings in the end: what is left of the company."""

AGAINST = 2
"""Holders who are not for the sale."""

DAY = 86_400
HELD_BACK = 20 * DAY


class Sale:
    """The end of a building: also the venue of the meeting that decides on it."""

    def __init__(
        self,
        demo_chain: DemoChain,
        narrator: Narrator,
        operator: Operator,
        found: Deployment,
        folder: Path,
    ) -> None:
        self.demo_chain, self.narrator, self.operator = demo_chain, narrator, operator
        self.found, self.folder = found, folder
        self.dollar = found.currency("USD")
        self.exchange = find_singleton(ShareExchange, demo_chain.chain)

    # -------------------------------------------------------------------- as a venue

    @property
    def now(self) -> int:
        """The chain's time."""
        return self.demo_chain.now

    def operator_of(self, address: str) -> Operator:
        """Somebody who sends steps."""
        return self.demo_chain.operator(address)

    def schedule(self, found: Deployment, closes_at: int) -> int:
        """Schedule a record date; its number."""
        return schedule_record(self.operator, found, closes_at).id

    def enter(self, *indices: int) -> list[str]:
        """Further accounts of the rehearsal wallet."""
        return self.demo_chain.enter(indices)

    # ------------------------------------------------------------------------- acts

    def play(self, absent: str) -> None:
        """Tell it all; the holder `absent` cannot vote.

        Raises: BooksError when the books do not balance; InputError; ChainError.
        """
        self.narrator.heading("The building is sold")
        minutes = self._vote(absent)
        self._pay("Sale, paid out", PRICE - LOAN_AND_COSTS - HOLDBACK)
        self.demo_chain.travel(self.now + HELD_BACK)
        self._pay("The holdback", HOLDBACK)
        self._exchange(minutes)
        self._check()

    def _vote(self, absent: str) -> Minutes:
        held = holders_now(self.found)
        largest = sorted((one for one in held if one != absent), key=lambda one: (-held[one], one))
        voters = [Voter(address=one, how="signed", vote="for") for one in largest[:-AGAINST]]
        voters += [Voter(address=one, how="sent", vote="against") for one in largest[-AGAINST:]]
        act = MeetingAct(self, self.found, EXAMPLES / "building" / "sale.yaml", voters)
        minutes = act.hold()
        if not minutes.lines[0].carried:
            raise BooksError("the sale was not resolved, and nothing is sold")
        return minutes

    def _pay(self, title: str, amount: int) -> None:
        """A liquidating distribution, to whoever holds shares a day from now."""
        with self.narrator.step(title) as step:
            record = self.schedule(self.found, self.now + DAY)
            self.demo_chain.travel(self.now + DAY + 1)
            mint = self.dollar.mint(self.operator.address, amount)
            self.operator.send_one(f"{title} money", mint)
            done = declare(
                self.operator,
                self.found,
                record_id=record,
                currency=self.dollar,
                amount=amount,
                terms=Terms(Kind.RETURN_OF_CAPITAL),
            )
            report = push_all(self.operator, self.found, done.id)
            paid, skipped = len(report.of("paid")), len(report.of("skipped"))
            waits = f"; what {counted(skipped, 'holder')} earned waits" if skipped else ""
            step.say(f"{_dollars(amount)} at record {record}, to {counted(paid, 'holder')}{waits}")

    def _exchange(self, minutes: Minutes) -> None:
        """Everybody's shares for what is left; they are burnt."""
        with self.narrator.step("Shares are given back") as step:
            page, _ = write_minutes(minutes, self.folder / "minutes.html")
            opens, owner = self.now + DAY, self.operator.address
            wanted = Wanted(RESIDUAL, opens, opens + 30 * DAY, str(page), owner)
            opening = funded_whole(
                self.demo_chain.chain, self.exchange, maturity(self.found, wanted)
            )
            mint = self.dollar.mint(owner, opening.funding)
            self.operator.send_one("residual money", mint)
            opened = open_exchange(self.operator, self.exchange, opening)
            self.demo_chain.travel(opens + 1)
            exchange_everybody(self.operator, self.found, self.exchange, opened.id)
            close_exchange(self.operator, self.exchange, opened.id)
            account = account_of(self.found, self.exchange, opened.id)
            step.say(
                f"{account.shares:,} shares of {counted(len(account.lines), 'holder')} for "
                f"{RESIDUAL} each, {_dollars(account.brought.paid)} in all: "
                f"{self.found.token().total_supply()} shares are left"
            )

    def _check(self) -> None:
        with self.narrator.step("Its books") as step:
            books = audit_deployment(self.found)
            step.say(f"{books.answers.figures:,} figures agree with the contracts")
            step.tables.append(positions_table(books.books))
        if not books.balanced:
            raise BooksError(verdict(books))


def _dollars(amount: int) -> str:
    return f"USD {format_units(amount // 10**4, 2)}"

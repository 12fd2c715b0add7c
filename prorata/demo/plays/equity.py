# SPDX-License-Identifier: MIT
"""A company's shares, played: rights, a stock dividend, a meeting, a tender, splits, a squeeze-out.

Holders come first in an issue of new shares, and what nobody takes goes, exactly pro rata, to those
who want more. A stock dividend is paid by the vault like any other. As the meeting has resolved,
the company buys shares back and cancels them, and all shares become a tenth as many; who has nearly
all of them buys the rest. Three tokens take part, the shares, the rights and the shares after the
split: their books are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from prorata.contracts.call_terms import Side, Wanted
from prorata.contracts.currency import Currency
from prorata.demo.asset_play import DAY, DOLLAR_DECIMALS, AssetPlay, day_of
from prorata.demo.meetings import MeetingAct, read_votes
from prorata.deployments.roles import add_agent, find_governed, remove_agent
from prorata.errors import BooksError
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml
from prorata.ledger.audits import Audit
from prorata.market.actions.conversion_files import ConversionPlan
from prorata.market.actions.conversions import carry_conversion
from prorata.market.actions.ratios import parse_ratio
from prorata.market.actions.rights import (
    RightsPlan,
    issue_rights,
    lapse_rights,
    rights_for,
)
from prorata.market.actions.share_distributions import ShareOffer, give_shares, plan_shares
from prorata.market.calls.drafts import draft_call
from prorata.market.calls.known_calls import KnownCall
from prorata.market.calls.openings import open_call
from prorata.market.calls.placements import place_order
from prorata.market.calls.settlements import settle_call
from prorata.market.calls.term_files import read_terms
from prorata.market.exchanges.account import account_of
from prorata.market.exchanges.carrying import exchange_everybody
from prorata.market.exchanges.elective import exchange_now
from prorata.market.exchanges.mandatory import LEAST_NOTICE, buy_out
from prorata.market.exchanges.mandatory import Wanted as WantedBuyOut
from prorata.market.exchanges.opening import OpenedExchange, funded_whole, open_exchange
from prorata.market.exchanges.steps import close_exchange
from prorata.market.keepers import allow_keeper
from prorata.register.enforcement import Basis, burn
from prorata.reports.minutes import write_minutes
from prorata.reports.pages import Page, PageTable, write_page
from prorata.values.amounts import parse_units, percent
from prorata.values.kinds import Kind
from prorata.values.times import moment
from prorata.values.words import counted

__all__ = ["EquityPlay"]

EXAMPLE = "examples/equity/actions.yaml"

BIDDER, TRADERS = 0, ((3, 9), (12, 4))
"""By the place in the cap table: who ends with all shares; who sells rights, and to whom."""

IDLE = (3, 7, 13, 19, 20)
"""Who lets rights lapse."""

EAGER: Mapping[int, int] = {0: 2_000, 1: 1_500, 4: 600, 6: 401, 23: 300}
"""Who orders how much of what nobody took."""

TENDERING: Mapping[int, int] = {1: 4_000, 2: 3_500, 5: 2_000, 7: 1_999, 10: 500, 14: 333}
NEARLY_ALL = 95
"""Per cent of the shares from which on the rest can be bought."""

BUY_BACK, REVERSE_SPLIT = 14, 15
"""The resolutions of the meeting that the company acts on."""

RIGHT_PRICE = 3_500_000
OFFER_DAYS, TENDER_DAYS = 14, 20
MONTH = 30 * DAY


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RightsFile(_Part):
    """The issue of new shares to holders."""

    symbol: str
    ratio: str
    price: str


class StockDividendFile(_Part):
    """New shares for nothing."""

    ratio: str
    fraction_price: str


class ReverseSplitFile(_Part):
    """Fewer shares for many."""

    symbol: str
    ratio: str
    fraction_price: str


class SqueezeOutFile(_Part):
    """The rest, bought."""

    price: str


class ActionsFile(_Part):
    """What the company does."""

    dividend: Annotated[str, Field(min_length=1)]
    rights: RightsFile
    stock_dividend: StockDividendFile
    reverse_split: ReverseSplitFile
    squeeze_out: SqueezeOutFile

    @classmethod
    def load(cls, path: Path) -> ActionsFile:
        """From a YAML file.

        Raises: InputError with every fault in it, or when it cannot be read.
        """
        return validated(cls, read_yaml(path, "actions", EXAMPLE), EXAMPLE, str(path))


class EquityPlay(AssetPlay):
    """Two years of a company."""

    NAME = "equity"
    FIRST = 500
    JOURNALLED = True

    def promise(self) -> str:
        """What the asset is, in a few words."""
        return "the shares of a company, and what companies do with them"

    def tell(self) -> None:
        """Raises: InputError; ChainError."""
        self.actions = ActionsFile.load(self.files / "actions.yaml")
        self.done: list[tuple[str, str, str]] = []
        self._begin()
        self._offer_rights()
        self._give_stock()
        self._meet()
        self._buy_back()
        self._split()
        self._squeeze_out()

    def _note(self, what: str, outcome: str) -> None:
        """A line for the page."""
        self.done.append((day_of(self.now), what, outcome))

    def _paper(self, name: str, text: str) -> Path:
        """A document, such as a resolution, that an action rests on."""
        path = self.folder / f"{name}.txt"
        path.write_text(text, encoding="utf-8")
        return path

    def _begin(self) -> None:
        self.narrator.heading("The company")
        with self.narrator.step("Shares issued") as step:
            self.issue(self.asset, self.table)
            self.wallets = [one.address for one in self.table]
            self.bidder = self.wallets[BIDDER]
            supply = self.token.total_supply()
            self._note("Shares issued", f"{supply:,} to {len(self.table)} holders")
            step.say(f"{supply:,} to {len(self.table)} holders")
        with self.narrator.step("A dividend in money") as step:
            record = self.record(self.asset, self.now + MONTH)
            amount = parse_units(self.actions.dividend, DOLLAR_DECIMALS)
            self.distribute(self.asset, record, amount, Kind.DIVIDEND)
            each = amount // self.token.total_supply()
            self._note("Dividend", f"{self.dollars(amount)}, {self.dollars(each)} a share")
            step.say(f"{self.dollars(amount)} at record {record}, {self.dollars(each)} a share")

    # -------------------------------------------------------------------------------- rights

    def _offer_rights(self) -> None:
        self.narrator.heading("New shares, for holders first")
        wanted = self.actions.rights
        with self.narrator.step("Rights are handed out") as step:
            record = self.record(self.asset, self.now + MONTH)
            plan = RightsPlan(
                symbol=wanted.symbol,
                name=f"{self.settings.name}, rights",
                token=self.token.address,
                record=record,
                ratio=wanted.ratio,
                currency=self.dollar.address,
                price=parse_units(wanted.price, DOLLAR_DECIMALS),
                closes_at=self.now + MONTH,
                treasury=self.issuer,
                excluded=(),
            )
            issued = issue_rights(
                self.operator, self.asset, self.exchange, plan, beside=self.folder
            )
            self.rights, self.exercise = issued.rights, issued.opened
            self.tokens.append(self.rights)
            self.appoint_holds(self.rights)
            step.say(
                f"one {wanted.symbol} for each share, a token of its own; {wanted.ratio} with USD "
                f"{wanted.price} buys a new share until {day_of(plan.closes_at)}"
            )
        self._trade_rights()
        self._exercise_rights(plan)
        self._lapse(plan)

    def _trade_rights(self) -> None:
        with self.narrator.step("Rights are traded") as step:
            sold = 0
            for seller, buyer in ((self.wallets[a], self.wallets[b]) for a, b in TRADERS):
                rights = self.rights.token().balance_of(seller) // 2
                self.trade_in(self.rights, seller, buyer, rights, rights * RIGHT_PRICE)
                sold += rights
            step.say(
                f"{counted(len(TRADERS), 'holder')} sell {sold:,} of them for "
                f"{self.dollars(RIGHT_PRICE)} each to others who want more"
            )

    def _exercise_rights(self, plan: RightsPlan) -> None:
        terms, ratio = self.exercise.opening.terms, parse_ratio(plan.ratio)
        with self.narrator.step("Rights are exercised") as step:
            idle = {self.wallets[place] for place in IDLE}
            news = {
                holder: rights * ratio.given // ratio.held
                for holder, rights in self.holders(self.rights).items()
                if holder not in idle and rights >= ratio.held
            }
            self._pay(self.exchange.address, {one: new * plan.price for one, new in news.items()})
            for holder, new in news.items():
                exchange_now(
                    self.operator_of(holder),
                    self.exchange,
                    self.exercise.id,
                    rights_for(terms, new),
                )
            bought = sum(news.values())
            self.raised = bought * plan.price
            self._note("Rights exercised", f"{bought:,} new shares for {self.dollars(self.raised)}")
            step.say(
                f"{bought:,} new shares for {self.dollars(self.raised)}; the rights that they took "
                "are burnt in the same transactions"
            )

    def _pay(self, spender: str, amounts: Mapping[str, int]) -> None:
        """Money for several holders, which a contract may take."""
        calls = []
        for holder, amount in amounts.items():
            calls += [
                (holder, self.dollar.mint(holder, amount)),
                (holder, self.dollar.approve(spender, amount)),
            ]
        self.together(calls)

    def _lapse(self, plan: RightsPlan) -> None:
        self.demo_chain.travel(plan.closes_at + 1)
        with self.narrator.step("The rest lapses") as step:
            paper = self._paper("rights", f"Terms of the rights {plan.symbol}: lapsed.")
            basis = Basis.of("Rights that lapsed", str(paper))
            lapsed = lapse_rights(
                self.operator,
                self.asset,
                self.rights,
                self.exchange,
                basis,
                offer_seconds=OFFER_DAYS * DAY,
            )
            step.say(
                f"{sum(lapsed.burnt.values()):,} rights of {counted(len(lapsed.burnt), 'holder')} "
                f"are burnt; {lapsed.left:,} shares are left, and a file offers them"
            )
        assert lapsed.offer is not None
        call = self._open_call(lapsed.offer, "offer", mint=True)
        self._oversubscribe(call, lapsed.left)

    def _open_call(self, path: Path, noun: str, *, mint: bool = False) -> KnownCall:
        """Open a call by its file."""
        written = read_terms(path, noun)
        drafted = draft_call(self.asset, written, self.issuer)
        if mint:
            add_agent(self.operator, find_governed(self.asset, "token"), self.auction.address)
        return open_call(self.operator, self.asset, self.auction, drafted).call

    def _oversubscribe(self, call: KnownCall, left: int) -> None:
        price = call.terms.ladders[0].price_at(0)
        with self.narrator.step("More is wanted") as step:
            money = {self.wallets[place]: lots * price for place, lots in EAGER.items()}
            self._pay(self.auction.address, money)
            for place, lots in EAGER.items():
                place_order(self.operator_of(self.wallets[place]), call, Wanted(Side.BID, lots))
            wanted = sum(EAGER.values())
            step.say(f"{counted(len(EAGER), 'holder')} order {wanted:,} of the {left:,} shares")
        with self.narrator.step("All get their part") as step:
            got = self._settle(call)
            governed = find_governed(self.asset, "token")
            remove_agent(self.operator, self.asset, governed, self.auction.address)
            self._note("Shares that nobody took", f"{sum(got.values()):,} sold, pro rata")
            least, most = self._parts(got, {self.wallets[at]: n for at, n in EAGER.items()})
            step.say(
                f"{sum(got.values()):,} shares go to them, exactly pro rata: each between {least} "
                f"and {most} of its order. What was not used of their money went back"
            )

    def _settle(self, call: KnownCall) -> dict[str, int]:
        """Let a call end; what each order was delivered."""
        self.demo_chain.travel(call.terms.closes_at + 1)
        settle_call(self.operator, call)
        count = call.state.orders
        orders = self.auction.orders_of(call.id, range(1, count + 1))
        return {one.owner: one.delivered for one in orders}

    @staticmethod
    def _parts(got: Mapping[str, int], wanted: Mapping[str, int]) -> tuple[str, str]:
        """The least and the largest part that anybody got of what it wanted."""
        parts = sorted(got, key=lambda one: got[one] * 10**9 // wanted[one])
        least, most = parts[0], parts[-1]
        return percent(got[least], wanted[least]), percent(got[most], wanted[most])

    # -------------------------------------------------------------------------- stock, tender

    def _give_stock(self) -> None:
        self.narrator.heading("A stock dividend")
        wanted = self.actions.stock_dividend
        with self.narrator.step("Shares are given") as step:
            before = self.token.total_supply()
            record = self.record(self.asset, self.now + MONTH)
            offer = ShareOffer(
                "stock-dividend",
                wanted.ratio,
                parse_ratio(wanted.ratio),
                record,
                self.token,
                currency=Currency(self.demo_chain.chain, self.dollar.address),
                fraction_price=parse_units(wanted.fraction_price, DOLLAR_DECIMALS),
            )
            plan, _ = plan_shares(self.operator, self.asset, offer)
            in_lieu = sum(line.in_lieu for line in plan.lines)
            self.give_money(self.issuer, in_lieu)
            give_shares(self.operator, self.asset, plan)
            new = self.token.total_supply() - before
            self._note("Stock dividend", f"{new:,} shares, {self.dollars(in_lieu)} for fractions")
            step.say(
                f"{wanted.ratio}: {new:,} new shares to the holders of record {record}, by the "
                f"vault, and {self.dollars(in_lieu)} for their fractions"
            )

    def _meet(self) -> None:
        self.narrator.heading("The annual meeting")
        act = MeetingAct(
            self, self.asset, self.files / "meeting.yaml", read_votes(self.files / "votes.csv")
        )
        self.minutes = act.hold()
        self.resolved, _ = write_minutes(self.minutes, self.folder / "minutes.html")
        carried = [one.number for one in self.minutes.lines if one.carried]
        if not {BUY_BACK, REVERSE_SPLIT} <= set(carried):
            raise BooksError("what the company is to do was not resolved")
        self._note(
            "Annual meeting", f"{len(carried)} of {len(self.minutes.lines)} resolutions carried"
        )

    def _buy_back(self) -> None:
        self.narrator.heading("The company buys back")
        path = self.folder / "tender.yaml"
        closes = moment(self.now + TENDER_DAYS * DAY)
        text = (self.files / "tender.yaml").read_text(encoding="utf-8")
        path.write_text(f"{text}closes: {closes}\n", encoding="utf-8")
        with self.narrator.step("A tender is opened") as step:
            terms = draft_call(self.asset, read_terms(path, "tender"), self.issuer).terms
            self.give_money(self.issuer, terms.budget)
            call = self._open_call(path, "tender")
            price = terms.ladders[0].price_at(0)
            step.say(
                f"for {terms.lots:,} shares at {self.dollars(price)}; {self.dollars(terms.budget)} "
                "are paid in, to the last unit"
            )
        with self.narrator.step("More is tendered") as step:
            for place, lots in TENDERING.items():
                place_order(self.operator_of(self.wallets[place]), call, Wanted(Side.ASK, lots))
            step.say(
                f"{counted(len(TENDERING), 'holder')} offer {sum(TENDERING.values()):,} shares, "
                "which stay in their wallets, held"
            )
        with self.narrator.step("All sell their part") as step:
            sold = self._settle(call)
            least, most = self._parts(sold, {self.wallets[at]: n for at, n in TENDERING.items()})
            step.say(
                f"{sum(sold.values()):,} shares are bought, exactly pro rata: of each holder "
                f"between {least} and {most} of what it offered. The others are free again"
            )
        with self.narrator.step("They are cancelled") as step:
            bought = self.token.balance_of(self.issuer)
            basis = Basis.of(f"Resolution {BUY_BACK}: cancelled", str(self.resolved))
            burn(self.operator, self.asset, basis, holder=self.issuer, amount=bought)
            self._note("Buy-back", f"{bought:,} shares for {self.dollars(bought * price)}")
            step.say(f"{bought:,} shares are burnt, and {self.token.total_supply():,} are left")

    # ----------------------------------------------------------------------- split, squeeze-out

    def _split(self) -> None:
        self.narrator.heading("One for ten")
        wanted = self.actions.reverse_split
        opens = self.now + MONTH
        basis = Basis.of(f"Resolution {REVERSE_SPLIT}: one for ten", str(self.resolved))
        plan = ConversionPlan(
            action="reverse-split",
            ratio=wanted.ratio,
            token=self.token.address,
            symbol=wanted.symbol,
            name=self.settings.name,
            deploys=True,
            other=None,
            currency=self.dollar.address,
            fraction_price=parse_units(wanted.fraction_price, DOLLAR_DECIMALS),
            cash=0,
            opens_at=opens,
            closes_at=opens + MONTH,
            reason=basis.reason,
            document_hash=basis.document_hash,
            document=basis.document,
        )
        with self.narrator.step("Notice is given") as step:
            before = self.token.total_supply()
            self.give_money(self.issuer, before * plan.fraction_price // 10)
            done = carry_conversion(
                self.operator, self.asset, self.exchange, plan, beside=self.folder
            )
            assert done.other is not None
            self.after = done.other
            self.tokens.append(self.after)
            self.appoint_holds(self.after)
            step.say(f"on {day_of(opens)} all shares become {wanted.symbol}, {wanted.ratio}")
        with self.narrator.step("All are exchanged") as step:
            self.demo_chain.travel(opens + 1)
            account = carry_conversion(
                self.operator, self.asset, self.exchange, plan, beside=self.folder
            ).account
            assert account is not None
            new = self.after.token().total_supply()
            self._note("Reverse split", f"{before:,} shares became {new:,}")
            step.say(
                f"{before:,} shares: {before - account.shares} that were left over of the stock "
                f"dividend are burnt, {account.shares:,} of {len(account.lines)} holders became "
                f"{new:,}, and {self.dollars(account.brought.in_lieu)} was paid for fractions. The "
                "old token keeps its records"
            )

    def _squeeze_out(self) -> None:
        self.narrator.heading("One buys the rest")
        price = self.actions.squeeze_out.price
        each = parse_units(price, DOLLAR_DECIMALS)
        token = self.after.token()
        with self.narrator.step("The bidder buys") as step:
            for holder, shares in self.holders(self.after).items():
                supply, has = token.total_supply(), token.balance_of(self.bidder)
                if has * 100 >= NEARLY_ALL * supply:
                    break
                if holder != self.bidder:
                    self.trade_in(self.after, holder, self.bidder, shares, shares * each)
            has = token.balance_of(self.bidder)
            step.say(
                f"{self.name(self.bidder)} buys from the largest holders until it has {has:,} "
                f"shares, {percent(has, token.total_supply())} of all"
            )
        with self.narrator.step("Notice is given") as step:
            opened = self._open_squeeze_out(price)
            funding, terms = opened.opening.funding, opened.opening.terms
            step.say(
                f"the others' shares go to it for {self.dollars(each)} each, not before "
                f"{day_of(terms.opens_at)}; {self.dollars(funding)} are paid in for all of them"
            )
        with self.narrator.step("The rest is bought") as step:
            self.demo_chain.travel(terms.opens_at + 1)
            exchange_everybody(self.operator, self.after, self.exchange, opened.id)
            close_exchange(self.operator, self.exchange, opened.id)
            account = account_of(self.after, self.exchange, opened.id)
            self._note(
                "Squeeze-out", f"{account.shares:,} shares for {self.dollars(account.brought.paid)}"
            )
            step.say(
                f"{account.shares:,} shares of {counted(len(account.lines), 'holder')} for "
                f"{self.dollars(account.brought.paid)}; {self.name(self.bidder)} has all "
                f"{token.balance_of(self.bidder):,}"
            )

    def _open_squeeze_out(self, price: str) -> OpenedExchange:
        """The bidder lets its shares be locked and pays; the company opens the exchange."""
        opens = self.now + LEAST_NOTICE + DAY
        wanted = WantedBuyOut(
            price=f"{price} USD",
            opens_at=opens,
            closes_at=opens + MONTH,
            document=str(self._paper("squeeze-out", "Resolution: the squeeze-out at this price.")),
            treasury=self.bidder,
        )
        opening = funded_whole(
            self.demo_chain.chain, self.exchange, buy_out(self.after, wanted, self.bidder)
        )
        shares = Currency(self.demo_chain.chain, self.after.token().address)
        allow_keeper(
            self.operator_of(self.bidder),
            self.holds,
            self.exchange.address,
            shares,
            most=self.after.token().total_supply(),
            until=wanted.closes_at,
        )
        self.give_money(self.bidder, opening.funding)
        pay = self.dollar.transfer(self.issuer, opening.funding)
        self.send(self.bidder, "pay the company", pay)
        return open_exchange(self.operator, self.exchange, opening)

    # ----------------------------------------------------------------------------------- files

    def write(self, found: Audit) -> Iterator[str]:
        """A page of all that the company did.

        Raises: BooksError when somebody but the bidder has shares.
        """
        held = found.books.ledgers[self.after.token().address].balances
        others = [holder for holder, shares in held.items() if shares and holder != self.bidder]
        if others:
            raise BooksError(f"{others[0]} has shares after the squeeze-out")
        write_page(self._page(), self.out / "actions.html")
        write_minutes(self.minutes, self.out / "minutes.html")
        rights, after = self.rights.settings.symbol, self.after.settings.symbol
        yield "actions.html        what the company did, and who held its shares"
        yield "minutes.html        of the meeting: what later actions rest on, by its hash"
        yield "captable-record-*   who held what at each record"
        yield "calls.csv           the offer of what nobody took, and the tender"
        yield f"{rights}/, {after}/      the same files of the rights and of the new shares"
        yield "books.json          everything, for a program"

    def _page(self) -> Page:
        first = {one.address: one.shares for one in self.table}
        return Page(
            title=self.settings.name,
            subtitle=f"Corporate actions from {day_of(self.opened_at)} to {day_of(self.now)}",
            facts=(
                ("Shares at first", f"{sum(first.values()):,} {self.settings.symbol}"),
                (
                    "Shares at the end",
                    f"{self.after.token().total_supply():,} {self.after.settings.symbol}",
                ),
                ("Held by", self.name(self.bidder)),
                ("Token", self.token.address),
                ("Token after the split", self.after.token().address),
            ),
            tables=(
                PageTable("What was done", ("on", "what", "outcome"), self.done),
                PageTable(
                    "Holders at first",
                    ("holder", "kind", "shares>", "of all>"),
                    [
                        (
                            one.name,
                            one.kind,
                            f"{one.shares:,}",
                            percent(one.shares, self.table.total),
                        )
                        for one in sorted(self.table, key=lambda one: -one.shares)
                    ],
                ),
            ),
            source="Every figure is from the events of the tokens and of the market's contracts.",
        )

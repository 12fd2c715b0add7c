# SPDX-License-Identifier: MIT
"""The worked example, played: three quarters in the life of a building that pays rent.

A USD 10,000,000 building is divided into 10,000 shares of USD 1,000. On a local chain whose clock
is moved from quarter to quarter, shares are sold in an offering, holders sell to each other by
signed orders, record dates close, what a waterfall leaves of the rent and a dividend in the native
coin are declared, claimed, pushed and taxed, some holders sell in a tender or redeem, and at the
end the books are rebuilt from events and compared with the contracts, holder by holder.

Everybody signs with public rehearsal keys, so a chain with real money on it is refused. The same
seed gives the same story, the same blocks and the same files.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from rich.console import RenderableType
from rich.markup import escape

from prorata.assets.asset import Asset
from prorata.assets.examples import EXAMPLES
from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import DividendVault, Terms, settlements
from prorata.demo.asset_play import DAY, day_of, quarter_ends
from prorata.demo.chain import DemoChain
from prorata.demo.compliant import CompliantAct
from prorata.demo.exit import Exit
from prorata.demo.kept import write_deployment
from prorata.demo.narration import Narrator
from prorata.demo.offering import Offering, Venue
from prorata.demo.rents import Rents
from prorata.demo.trading import Trading, traded
from prorata.errors import BooksError
from prorata.ledger.audits import Audit, audit
from prorata.register.captable import CapTable, Holding, read_csv
from prorata.reports.export import Portrait, write_files
from prorata.reports.mailing import Post, issue_statements
from prorata.reports.recipients import Issuer
from prorata.reports.tables import (
    distributions_table,
    escrow_table,
    holders_table,
    plain_table,
    positions_table,
    verdict,
)
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import format_units, parse_units, percent
from prorata.values.kinds import Kind

__all__ = ["Demo"]
BUILDING = EXAMPLES / "building"

CENTS = 2
DOLLAR_DECIMALS = 6
TAX_BASIS_POINTS = 1_500

ETHER_DIVIDEND: Final = "12.345678901234567891"
TRADES = 60
TREASURY_PARTS: Final = (100, 50)
HELD = 5
SELLERS, REDEEMING = 12, 4
LARGEST_TRADE = 40
SMALL_BUYER = 20
PAGE = 60

# Index in the rehearsal wallet. The holders of the CSV file take its first rows.
ISSUER, TAX_OFFICE, CUSTODIAN = 1_000, 1_001, 1_002
NEWCOMERS: Final = (
    "Olena Kovalenko",
    "Mateus Carvalho",
    "Priya Raman",
    "Lars Holmqvist",
    "Quayside Pension Trust",
    "Noor Haddad",
    "Tomasz Zieliński",
    "Grace Achieng",
)
KINDS_OF_NEWCOMERS: Final = {"Quayside Pension Trust": "fund"}
GAS_TO_SET, GAS_TO_CLAIM = 200_000, 500_000


# --------------------------------------------------------------------------------------- the story


@dataclass(frozen=True)
class Market:
    """What a run of trading came to."""

    trades: int
    shares: int
    newcomers: int


class Demo:
    """The story and its actors. `play` tells it from beginning to end."""

    def __init__(self, demo_chain: DemoChain, narrator: Narrator, out: Path, seed: int) -> None:
        self.demo_chain, self.narrator, self.out = demo_chain, narrator, out
        self.random, self.seed = random.Random(seed), seed
        self.settings = Asset.load(BUILDING / "asset.yaml")
        self.table = read_csv(BUILDING / "holders.csv", authorised=self.settings.authorised)
        self.treasury = self.table.of_kind("treasury")[0]
        self.balances = self.table.balances
        """What the story believes everybody holds, to trade sensibly; the audit does not ask."""
        self.rents = Rents()
        self.started_at = time.monotonic()

    # ------------------------------------------------------------------------- acts

    def play(self) -> Audit:
        """Tell it all and write the files.

        Raises: BooksError when the books do not balance; ChainError.
        """
        self._open()
        self._first_quarter()
        self._second_quarter()
        self._third_quarter()
        self._leave()
        CompliantAct(self.demo_chain, self.narrator, self.issuer).play()
        return self._close()

    def _open(self) -> None:
        name = self.settings.name
        self.narrator.say(f"[bold]{escape(name)}[/]: a building of {self._value()}")
        self.narrator.heading("Opening")
        with self.narrator.step("The chain") as step:
            rows = range(len(self.table) + len(NEWCOMERS))
            addresses = self.demo_chain.enter([*rows, ISSUER, TAX_OFFICE, CUSTODIAN])
            *people, self.issuer, self.tax_office, self.custodian = addresses
            self.newcomers = people[len(self.table) :]
            self.known = CapTable(self.table.holdings + tuple(self._newcomer_holdings()))
            newest = self.demo_chain.chain.block()
            self.first_block, self.opened_at = newest.number, newest.timestamp
            step.say(f"a local one, id {self.demo_chain.chain.chain_id}, {day_of(self.opened_at)}")
        with self.narrator.step("Contracts deployed") as step:
            self._deploy()
            step.say("by the issuer, in 4 transactions")
            table = plain_table("", "", text=2)
            for label, address in (
                ("share token", self.token.address),
                ("dividend vault", self.vault.address),
                ("rehearsal dollar", self.dollar.address),
                ("tax policy of 15 %", self.policy),
            ):
                table.add_row(label, address)
            table.show_header = False
            step.tables.append(table)
        with self.narrator.step("A market opened") as step:
            self.trading = Trading(self.demo_chain, self.issuer, self.token, self.dollar, self.seed)
            step.say("contracts sell in calls, settle signed orders, hold shares and redeem")
            step.say("them, for every asset of the chain")
        self._sell_building()

    def _sell_building(self) -> None:
        self.narrator.heading("The building is sold")
        auction, known = self.trading.auction, {one.address: one for one in self.known}
        self.venue = Venue(self.demo_chain, auction, self.token, self.dollar)
        investors = [one for one in self.table if one.address != self.treasury]
        doubter = known[self.newcomers[NEWCOMERS.index("Noor Haddad")]]
        offering = Offering(self.venue, self.narrator, self.issuer)
        offering.play(known[self.treasury], investors, doubter)
        with self.narrator.step("Who holds it") as step:
            step.say(f"{self.token.total_supply():,} shares, {len(self.table)} holders")
            step.tables.append(self._kinds_table())

    def _first_quarter(self) -> None:
        self.narrator.heading("First quarter")
        closes_at = self._schedule(1)
        self._trade(closes_at, 1)
        with self.narrator.step("The last second counts") as step:
            seller, late_seller, buyer = (
                self._sellers(2)[0],
                self._sellers(2)[1],
                self.newcomers[-1],
            )
            # With the income of the quarter, and without: the order names the record that ends it.
            self._sell(seller, buyer, 1, 1, closes_at)
            self._sell(late_seller, buyer, 1, 2, closes_at + 1)
            name = self._name(buyer)
            held = self.token.balance_of_at(buyer, 1)
            step.say(f"{name} buys 1 share at {_clock(closes_at)} and 1 a second later,")
            step.say(f"and holds {held} at record 1, {self.token.balance_of(buyer)} now")
        self.demo_chain.travel(closes_at + 2 * DAY)
        with self.narrator.step("Trading goes on") as step:
            step.say(_described(self._tradingday_of(TRADES // 4, 2)))
        self.demo_chain.travel(closes_at + 10 * DAY)
        rent = self._rent(1)
        with self.narrator.step("A payee is named") as step:
            holder = self._earning(1)[2]
            self.demo_chain.together([(holder, self.vault.set_payee(self.custodian))], GAS_TO_SET)
            self.with_payee = holder
            step.say(f"{self._name(holder)} has income sent to a custodian")
        holders = self._earning(1)
        self.patient = self._some(holders[5:], 9)
        self._claim([rent], [holders[0], self.with_payee, *self._others(holders, 23)])
        self._push(rent, self._unpaid(rent, self.patient))
        ether = self._declare(1, ETHER_DIVIDEND, "A dividend in ether", NATIVE)
        self._claim([ether], self._others(holders, 12))
        self._push(ether, self._unpaid(ether, holders[40:]))

    def _second_quarter(self) -> None:
        self.narrator.heading("Second quarter")
        closes_at = self._schedule(2)
        self._treasury_sells(2)
        self._trade(closes_at, 2)
        self.demo_chain.travel(closes_at + 9 * DAY)
        rent = self._rent(2)
        self._push(rent, self._unpaid(rent, []), "Everybody is paid")
        with self.narrator.step("The remainder stays") as step:
            carried = self.vault.carried(self.token.address, self.dollar.address)
            step.say(f"{_dollars(carried)} USD could not be divided and wait for the next rent")

    def _third_quarter(self) -> None:
        self.narrator.heading("Third quarter")
        closes_at = self._schedule(3)
        self._trade(closes_at, 3)
        self.demo_chain.travel(closes_at + 8 * DAY)
        rent = self._rent(3, ", taxed", tax_policy=self.policy)
        holders = self._earning(3)
        with self.narrator.step("Three incomes at once") as step:
            patient = next(holder for holder in self.patient if holder in holders)
            before = Currency(self.demo_chain.chain, self.dollar.address).balance_of(patient)
            self.demo_chain.together(
                [(patient, self.vault.claim([1, rent, 2], patient))], GAS_TO_CLAIM
            )
            gained = self.dollar.balance_of(patient) - before
            step.say(f"{self._name(patient)} had waited, and claims everything")
            step.say(f"in one transaction: {_dollars(gained)} USD and ether")
        self._push(rent, self._unpaid(rent, holders[-17:]))
        with self.narrator.step("Tax remitted") as step:
            self.demo_chain.operator(self.issuer).send_one("remit", self.vault.remit(rent))
            step.say(f"{_dollars(self.dollar.balance_of(self.tax_office))} USD to the tax office")
        with self.narrator.step("Shares for a secret") as step:
            seller, buyer = holders[0], self.newcomers[NEWCOMERS.index("Lars Holmqvist")]
            held = self.trading.hold(seller, buyer, HELD, "paid on another chain")
            step.say(f"{self._name(seller)} holds {HELD} shares for {self._name(buyer)},")
            self.trading.claim(*held)
            self._note(seller, buyer, HELD)
            step.say("who pays on another chain, learns the secret, and has them")

    def _leave(self) -> None:
        self.narrator.heading("Ways out")
        trading = self.trading
        ways = Exit(self.venue, self.narrator, self.issuer, self.treasury)
        largest = sorted(self._holders(), key=lambda one: (-self.balances[one], one))
        for seller, shares in ways.tender(trading.holds, largest[:SELLERS]).items():
            self._note(seller, self.treasury, shares)
        ways.redeem(trading.exchange, largest[SELLERS : SELLERS + REDEEMING])

    def _close(self) -> Audit:
        self.narrator.heading("The books")
        with self.narrator.step("Rebuilt from events") as step:
            found = audit(
                self.demo_chain.chain,
                self.vault.address,
                [self.token.address],
                self.first_block,
                withholding={self.policy: TAX_BASIS_POINTS},
                market=self.trading.contracts,
                issue_price=self.trading.issue_price,
            )
            books = found.books
            accounts = len(books.ledgers[self.token.address])
            step.say(f"{len(books.distributions)} distributions, {accounts} accounts, and")
            step.say(f"{found.answers.figures:,} figures compared with the contracts")
            step.tables += [distributions_table(books), positions_table(books)]
            if (escrow := escrow_table(found, self.token.address)) is not None:
                step.tables.append(escrow)
        with self.narrator.step("What was traded") as step:
            for line in traded(books, self.token.address, self.dollar.address):
                step.say(line)
        with self.narrator.step("Some of the holders") as step:
            step.say("what they earned, have, and can still claim")
            chosen = [*self._earning(3)[:3], self.with_payee, self.patient[0], self.patient[1]]
            unique = list(dict.fromkeys(chosen))
            table = holders_table(books, self.token.address, unique, self.known)
            step.tables.append(table)
        with self.narrator.step("Files") as step:
            self._write(found)
            step.say(f"in {self.out}/")
            for line in self._listing(self._year(found)):
                step.say(line)
        seconds = time.monotonic() - self.started_at
        if not found.balanced:
            raise BooksError(verdict(found), "see books.json for every difference")
        self._keep()
        self.narrator.say(f"\n[bold green]{verdict(found)}[/]  [dim]{seconds:.0f} seconds[/]")
        return found

    def _keep(self) -> None:
        named = {"ShareToken": self.token, "DividendVault": self.vault, "Dollar": self.dollar}
        contracts = {name: one.address for name, one in named.items()}
        write_deployment(self.demo_chain, self.settings, self.issuer, contracts, self.first_block)

    # ------------------------------------------------------------------------- setting

    def _newcomer_holdings(self) -> Iterator[Holding]:
        """Who may yet become a holder; the shares here are only a placeholder for the name."""
        for address, name in zip(self.newcomers, NEWCOMERS, strict=True):
            yield Holding(address, 1, name, KINDS_OF_NEWCOMERS.get(name, "individual"))

    def _deploy(self) -> None:
        operator = self.demo_chain.operator(self.issuer)
        terms = (
            self.settings.name,
            self.settings.symbol,
            self.settings.decimals,
            self.issuer,
            ZERO_ADDRESS,
            ZERO_ADDRESS,
            [self.issuer],
        )
        calls = {
            "token": deploy_call(artifact("ShareToken"), terms),
            "vault": deploy_call(artifact("DividendVault")),
            "dollar": deploy_call(artifact("Dollar"), "Rehearsal Dollar", "USD", DOLLAR_DECIMALS),
            "policy": deploy_call(artifact("FlatTax"), TAX_BASIS_POINTS, self.tax_office),
        }
        receipts = [operator.send_one(key, call) for key, call in calls.items()]
        token, vault, dollar, policy = (str(receipt.contract_address) for receipt in receipts)
        self.token = ShareToken(self.demo_chain.chain, token)
        self.vault = DividendVault(self.demo_chain.chain, vault)
        self.dollar = Currency(self.demo_chain.chain, dollar)
        self.policy = policy

    def _kinds_table(self) -> RenderableType:
        table = plain_table("kind", "holders", "shares", "of all")
        for kind, shares in self.table.by_kind.items():
            people = self.table.of_kind(kind)
            part = percent(shares, self.table.total, 1)
            table.add_row(kind, str(len(people)), f"{shares:,}", part)
        return table

    # ------------------------------------------------------------------------- records

    def _schedule(self, record_id: int) -> int:
        """Schedule the record at the end of the present quarter; returns its time."""
        closes_at = quarter_ends(self.demo_chain.now + 30 * DAY, 1)[0]
        with self.narrator.step(f"Record date {record_id} set") as step:
            self.demo_chain.operator(self.issuer).send_one(
                f"record {record_id}", self.token.schedule_record(closes_at)
            )
            step.say(f"{day_of(closes_at)}, {_clock(closes_at)} UTC")
        return closes_at

    # ------------------------------------------------------------------------- trading

    def _trade(self, closes_at: int, record_id: int) -> None:
        """Six trading days, spread over what is left of the quarter."""
        with self.narrator.step("Shares change hands") as step:
            start, days = self.demo_chain.now, 6
            pause = (closes_at - start) // (days + 1)
            results = []
            for day in range(1, days + 1):
                self.demo_chain.travel(start + day * pause)
                results.append(self._tradingday_of(TRADES // days, record_id))
            step.say(
                _described(
                    Market(
                        sum(result.trades for result in results),
                        sum(result.shares for result in results),
                        sum(result.newcomers for result in results),
                    )
                )
            )
            step.say("each seller signs an order, each buyer fills one and pays")

    def _tradingday_of(self, trades: int, record_id: int) -> Market:
        """One block of trades: a part of a holding, to another holder or to somebody new."""
        calls, shares, before = [], 0, len(self._holders())
        for _ in range(trades):
            seller = self._sellers(1)[0]
            most = min(self.balances[seller] // 3, LARGEST_TRADE)
            amount = self.random.randint(1, max(1, most))
            buyer = self._buyer(seller)
            offer = self.trading.offer(seller, amount, record_id)
            calls += self.trading.fill(buyer, offer)
            self._note(seller, buyer, amount)
            shares += amount
        self.trading.send(calls)
        return Market(trades, shares, max(0, len(self._holders()) - before))

    def _treasury_sells(self, record_id: int) -> None:
        """A posted order that is filled in parts."""
        with self.narrator.step("The treasury sells") as step:
            fund = self.newcomers[NEWCOMERS.index("Quayside Pension Trust")]
            offer = self.trading.offer(self.treasury, sum(TREASURY_PARTS), record_id, parts=True)
            self.trading.send(self.trading.post(offer))
            offer = self.trading.posted()
            for part in TREASURY_PARTS:
                self.trading.send(self.trading.fill(fund, offer, part))
                self._note(self.treasury, fund, part)
            step.say(f"{offer.shares} shares by an order that everybody can read on the chain;")
            first, second = TREASURY_PARTS
            step.say(f"{self._name(fund)} fills {first} of it and then {second}")
            left = self.balances[self.treasury]
            step.say(f"the treasury keeps {left}, which earn nothing")

    def _sell(self, seller: str, buyer: str, shares: int, record_id: int, moment: int) -> None:
        """One trade, at a second."""
        offer = self.trading.offer(seller, shares, record_id)
        self.trading.send(self.trading.fill(buyer, offer), moment)
        self._note(seller, buyer, shares)

    def _note(self, seller: str, buyer: str, amount: int) -> None:
        """Remember what everybody has now."""
        self.balances[seller] -= amount
        self.balances[buyer] = self.balances.get(buyer, 0) + amount

    def _holders(self) -> list[str]:
        return [a for a, held in self.balances.items() if held and a != self.treasury]

    def _sellers(self, count: int) -> list[str]:
        """Holders at random, the larger the likelier, each at most once."""
        chosen: list[str] = []
        while len(chosen) < count:
            holders = self._holders()
            seller = self.random.choices(holders, [self.balances[h] for h in holders])[0]
            if seller not in chosen:
                chosen.append(seller)
        return chosen

    def _buyer(self, seller: str) -> str:
        new = [address for address in self.newcomers[:-1] if not self.balances.get(address)]
        if new and self.random.random() < 0.06:
            return self.random.choice(new)
        holders = [holder for holder in self._holders() if holder != seller]
        # Large holders buy more often, as they sell more often; so nobody is drained.
        weights = [SMALL_BUYER + self.balances[holder] for holder in holders]
        return self.random.choices(holders, weights)[0]

    # -------------------------------------------------------------------------- income

    def _rent(self, quarter: int, how: str = "", **terms: Any) -> int:
        """Declare what is left of a quarter's rent when others are paid; the distribution's id."""
        self.rents.tell(self.narrator, quarter)
        terms["document_hash"] = self.rents.document_hash(quarter)
        title, amount = f"Rent declared{how}", self.rents.amount(quarter)
        return self._declare(quarter, amount, title, self.dollar.address, **terms)

    def _declare(
        self, record_id: int, written: str, title: str, currency: str, **terms_given: Any
    ) -> int:
        """Fund and declare; returns the distribution's id."""
        native = currency == NATIVE
        amount = parse_units(written, 18 if native else DOLLAR_DECIMALS)
        kind = Kind.DIVIDEND if native else Kind.RENT
        terms = Terms(kind=kind, excluded=(self.treasury,), **terms_given)
        with self.narrator.step(title) as step:
            operator = self.demo_chain.operator(self.issuer)
            key = f"{title} {record_id}"
            if not native:
                operator.send_one(f"mint {key}", self.dollar.mint(self.issuer, amount))
                operator.send_one(f"approve {key}", self.dollar.approve(self.vault.address, amount))
            call = self.vault.declare(self.token.address, record_id, currency, amount, terms)
            event = operator.send_one(key, call).events("Declared")[0]
            number, carried = int(event.args["id"]), int(event.args["carriedIn"])
            found = self.vault.distribution(number)
            symbol, shown = (
                ("ETH", format_units(amount, 18)) if native else ("USD", _dollars(amount))
            )
            step.say(f"{shown} {symbol} to {found.eligible_supply:,} shares at record {record_id}")
            if carried:
                step.say(f"joined by {_dollars(carried)} USD carried over")
        return number

    def _claim(self, ids: Sequence[int], holders: Sequence[str]) -> None:
        with self.narrator.step("Holders claim") as step:
            calls = [(holder, self.vault.claim(ids, holder)) for holder in holders]
            self.demo_chain.together(calls, GAS_TO_CLAIM)
            step.say(f"{len(holders)} for themselves")

    def _push(self, number: int, holders: Sequence[str], title: str = "Others are paid") -> None:
        with self.narrator.step(title) as step:
            pages = [holders[start : start + PAGE] for start in range(0, len(holders), PAGE)]
            operator = self.demo_chain.operator(self.issuer)
            receipts = [
                operator.send_one(f"push {number} page {page}", self.vault.push(number, addresses))
                for page, addresses in enumerate(pages, start=1)
            ]
            paid = sum(1 for receipt in receipts for _ in settlements(receipt.events()))
            rest = len(self._unpaid(number, []))
            held = f"; {rest} are still owed" if rest else ""
            step.say(f"{paid} by push, in {_transactions(len(pages))}{held}")

    def _earning(self, record_id: int) -> list[str]:
        """Who earns at a record, the largest first, asked of the chain."""
        accounts = [account for account in self.balances if account != self.treasury]
        shares = dict(zip(accounts, self.token.balances_of_at(accounts, record_id), strict=True))
        return sorted((a for a in accounts if shares[a]), key=lambda a: (-shares[a], a))

    def _unpaid(self, number: int, but: Sequence[str]) -> list[str]:
        """Who is still to be paid, leaving out some."""
        holders = self._earning(self.vault.distribution(number).record_id)
        claimed = self.vault.are_claimed(number, holders)
        return [
            holder
            for holder, done in zip(holders, claimed, strict=True)
            if not done and holder not in but
        ]

    def _some(self, holders: Sequence[str], count: int) -> list[str]:
        return self.random.sample(list(holders), count)

    def _others(self, holders: Sequence[str], count: int) -> list[str]:
        """Some who have no part of their own in the story."""
        taken = {holders[0], self.with_payee, *self.patient}
        return self._some([holder for holder in holders if holder not in taken], count)

    # --------------------------------------------------------------------------- files

    def _write(self, found: Audit) -> None:
        write_files(
            found,
            self.token.address,
            self.out,
            self.known,
            Portrait(
                name="building",
                title=self.settings.name,
                subtitle=(
                    f"{self._value()}, {day_of(self.opened_at)} to {day_of(found.books.until)}"
                ),
                before=self.table,
            ),
        )
        year = self._year(found)
        folder = self.out / f"statements-{year}"
        # What an earlier rehearsal wrote was mailed to nobody.
        shutil.rmtree(folder, ignore_errors=True)
        post = Post(issuer=Issuer.load(BUILDING / "issuer.yaml"), asset=self.settings.name)
        issue_statements(found.books, self.token.address, year, folder, known=self.known, post=post)

    @staticmethod
    def _year(found: Audit) -> int:
        return _moment(found.books.until).year

    def _listing(self, year: int) -> Iterator[str]:
        files = len(list((self.out / "statements").glob("*.csv")))
        yield "captable-record-1.csv, -2, -3   who held what when each record closed"
        yield f"statements/                     {files} holders, each as CSV and JSON"
        yield f"statements-{year}/                letters for {year}: HTML, PDF, CSV and JSON"
        yield "distributions.csv, .json        the register of distributions"
        yield "movements.csv                   every trade, allotment and exit, with its price"
        yield "calls.csv, exchanges.csv        where their money went; and call-orders.csv"
        yield "books.json                      everything, for a program"
        yield "building.png                    the picture"

    def _value(self) -> str:
        """What the building is worth and how it is divided."""
        written, currency = self.settings.unit_price.split()
        price, shares = parse_units(written, CENTS), self.table.total
        whole = format_units(shares * price, CENTS, trim=True)
        each = format_units(price, CENTS, trim=True)
        return f"{currency} {whole} in {shares:,} shares of {currency} {each}"

    def _name(self, address: str) -> str:
        return next((h.name for h in self.known if h.address == address), address)


# ------------------------------------------------------------------------------------------ words


def _described(market: Market) -> str:
    new = {0: "", 1: ", one new holder"}.get(market.newcomers, f", {market.newcomers} new holders")
    return f"{market.trades} trades of {market.shares:,} shares{new}"


def _transactions(count: int) -> str:
    return "one transaction" if count == 1 else f"{count} transactions"


def _dollars(amount: int) -> str:
    return format_units(amount, DOLLAR_DECIMALS)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=timezone.utc)


def _clock(seconds: int) -> str:
    return f"{_moment(seconds):%H:%M:%S}"

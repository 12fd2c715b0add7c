# SPDX-License-Identifier: MIT
"""Files for people: cap tables, the register of distributions, and a statement for every holder.

Everything is written twice, as CSV for a spreadsheet and as JSON for a program, from the same
rows. Amounts are in CSV decimal text with all decimals of their currency and no separators, in
JSON an `Amount`; times are ISO 8601 in UTC. The same books always give the same bytes.

A statement has one line for every distribution whose record has closed with shares of the holder:
`paid`; `claimable` now; `not due` before the first day of payment; `held` for a person whose wallet
is frozen or who is not eligible; `expired` after the deadline; `excluded` for accounts, such as
treasury shares, that do not earn; `refunded` to the declarer. Where a record range is paid, the
record is the range, and the shares are `weighted`: their sum over its records, each times its
weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from prorata.contracts.vault import Reason
from prorata.files.writer import write_csv_rows, write_json
from prorata.ledger.books import Books
from prorata.ledger.entries import DistributionAccount
from prorata.register.captable import CapTable, Holding, Known
from prorata.reports.documents import CapTableRow, DistributionRow, IncomeRow, StatementRow
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Unit, percent
from prorata.values.times import iso

__all__ = [
    "cap_table",
    "cap_table_rows",
    "distribution_row",
    "distribution_rows",
    "income_of",
    "statement",
    "statement_row",
    "totals",
    "write_cap_table",
    "write_distributions",
    "write_statements",
]


# ------------------------------------------------------------------------------------ cap tables


def cap_table(
    balances: Mapping[str, int], known: Known | None = None, decimals: int = 0
) -> CapTable:
    """The balances as a cap table, the largest first, with the names and kinds that `known` has."""
    who = {holding.address: holding for holding in known or ()}
    held = sorted(balances.items(), key=lambda item: (-item[1], item[0]))
    stranger = Holding("", 0)
    return CapTable(
        tuple(
            Holding(
                address, shares, who.get(address, stranger).name, who.get(address, stranger).kind
            )
            for address, shares in held
            if shares
        ),
        decimals,
    )


def cap_table_rows(table: CapTable, symbol: str = "shares") -> list[CapTableRow]:
    """One row per holder, with its percentage of the total rounded down to two places."""
    unit, total = Unit(symbol, table.decimals), table.total
    return [
        CapTableRow(
            address=holding.address,
            name=holding.name,
            kind=holding.kind,
            shares=unit.amount(holding.shares),
            percent=percent(holding.shares, total),
        )
        for holding in table
    ]


def write_cap_table(table: CapTable, path: Path) -> None:
    """Write the table as CSV, to a folder that there is.

    Raises: InputError when the file cannot be written.
    """
    write_csv_rows(path, CapTableRow, cap_table_rows(table), make_folder=False)


# --------------------------------------------------------------------------------- distributions


def distribution_rows(books: Books, tokens: Iterable[str] | None = None) -> list[DistributionRow]:
    """The register of distributions, of some tokens or of all, in order of declaration."""
    wanted = None if tokens is None else frozenset(tokens)
    return [
        distribution_row(books, distribution)
        for distribution in books.distributions.values()
        if wanted is None or distribution.token in wanted
    ]


def distribution_row(books: Books, distribution: DistributionAccount) -> DistributionRow:
    """One distribution, and where its money is."""
    unit, shares = books.unit(distribution.currency), books.unit(distribution.token)
    division = distribution.division
    return DistributionRow(
        distribution=distribution.id,
        token=shares.symbol,
        kind=distribution.terms.kind.label,
        record=_record(distribution, books.ledgers[distribution.token].asset),
        record_date=iso(distribution.record_time),
        declared_at=iso(distribution.declared_at),
        payable_from=iso(_payable_from(distribution)),
        deadline=iso(distribution.terms.deadline),
        state=_state(books, distribution),
        currency=unit.symbol,
        received=unit.amount(distribution.received),
        carried_in=unit.amount(distribution.carried_in),
        paid=unit.amount(distribution.paid),
        withheld=unit.amount(distribution.withheld),
        remitted=unit.amount(distribution.remitted),
        owed=unit.amount(distribution.owed),
        carried_out=unit.amount(distribution.carried_out),
        swept=unit.amount(distribution.swept),
        eligible_shares=None if division is None else shares.amount(division.eligible),
        weighted=_weighted(books, distribution),
        holders=len(distribution.earning),
        holders_paid=len(distribution.settlements),
        document=f"0x{distribution.terms.document_hash.hex()}",
        transaction=distribution.transaction,
    )


def write_distributions(
    books: Books, csv_path: Path, json_path: Path, tokens: Iterable[str] | None = None
) -> None:
    """Write the register of distributions as CSV and as JSON."""
    rows = distribution_rows(books, tokens)
    write_csv_rows(csv_path, DistributionRow, rows)
    write_json(json_path, {"as_of": iso(books.until), "distributions": rows})


def _state(books: Books, distribution: DistributionAccount) -> str:
    if distribution.ended:
        return distribution.ended
    if distribution.is_over:
        return "complete"
    if distribution.cancelled:
        return "cancelled"
    if distribution.terms.deadline and books.until > distribution.terms.deadline:
        return "expired"
    return "not due" if books.until < distribution.payable_from else "open"


def _payable_from(distribution: DistributionAccount) -> int:
    """The day people could first be paid: never before it was declared."""
    return max(distribution.payable_from, distribution.declared_at)


# ------------------------------------------------------------------------------------ statements


def statement(books: Books, token: str, holder: str) -> list[StatementRow]:
    """One row for every distribution to holders of `token` at whose record `holder` had shares."""
    return [
        statement_row(books, token, distribution, holder)
        for distribution in books.of_asset(token)
        if distribution.shares.get(holder, 0)
    ]


def statement_row(
    books: Books, token: str, distribution: DistributionAccount, holder: str
) -> StatementRow:
    """What a holder who had shares at its record has of one distribution."""
    settlement = distribution.settlements.get(holder)
    gross, tax = books.gross_of(distribution, holder), books.tax_of(distribution, holder)
    if settlement is not None:
        gross, tax = settlement.gross, settlement.tax
    unit = books.unit(distribution.currency)
    return StatementRow(
        distribution=distribution.id,
        kind=distribution.terms.kind.label,
        record=_record(distribution, token),
        record_date=iso(distribution.record_time),
        payable_from=iso(_payable_from(distribution)),
        paid_at=iso(settlement.time) if settlement else "",
        status=books.status(distribution, holder),
        shares=books.unit(token).amount(distribution.shares[holder]),
        weighted=_weighted(books, distribution),
        currency=unit.symbol,
        gross=unit.amount(gross),
        tax=unit.amount(tax),
        net=unit.amount(gross - tax),
        payee=settlement.payee if settlement else "",
        transaction=settlement.transaction if settlement else "",
        note=_note(books, distribution, holder),
    )


def income_of(books: Books, token: str, holder: str) -> dict[str, dict[str, int]]:
    """The holder's income by currency: gross, tax and net of all of it, and its net by status."""
    sums: dict[str, dict[str, int]] = {}
    for distribution in books.of_asset(token):
        if holder not in distribution.earning:
            continue
        gross, tax = books.gross_of(distribution, holder), books.tax_of(distribution, holder)
        income = sums.setdefault(distribution.currency, dict.fromkeys(_TOTALS, 0))
        income["gross"] += gross
        income["tax"] += tax
        income["net"] += gross - tax
        status = books.status(distribution, holder).replace(" ", "_")
        if status in income:
            income[status] += gross - tax
    return sums


def totals(books: Books, token: str, holder: str) -> list[IncomeRow]:
    """`income_of` as rows, one per currency."""
    return [
        IncomeRow(
            currency=books.unit(currency).symbol,
            currency_address="" if currency == ZERO_ADDRESS else currency,
            **{name: books.unit(currency).amount(units) for name, units in income.items()},
        )
        for currency, income in income_of(books, token, holder).items()
    ]


def _record(distribution: DistributionAccount, token: str) -> str | int:
    number = distribution.record_id
    return number if distribution.token == token else f"record range {number}"


def _weighted(books: Books, distribution: DistributionAccount) -> str:
    """`weighted` where shares are those of a record range, times the weights of its records."""
    asset = books.ledgers[distribution.token].asset
    return "" if distribution.token == asset else "weighted"


def _note(books: Books, distribution: DistributionAccount, holder: str) -> str:
    """Why the holder is still unpaid, where a push has said so; or what was repaid of the tax."""
    if (reason := distribution.skipped.get(holder)) is not None:
        return f"the last push failed: {_REASONS[reason]}"
    repaid = (
        f"{books.money(one.currency, one.amount)} of the tax were repaid on {iso(one.booked_at)}"
        for one in books.corrections.of(distribution.id, holder)
    )
    return "; ".join(repaid)


_REASONS = {
    Reason.NOTHING: "no income",
    Reason.CLAIMED: "paid before",
    Reason.PAYMENT_FAILED: "the currency or the payee refused the payment",
    Reason.POLICY_FAILED: "the tax policy gave no usable answer",
    Reason.HELD: "the token keeps the income back, as while a wallet is frozen",
}

_TOTALS = ("gross", "tax", "net", "paid", "claimable", "held", "not_due", "expired")


def write_statements(
    books: Books, token: str, folder: Path, known: Known | None = None
) -> list[Path]:
    """A CSV and a JSON file, named by address, for everyone who ever had shares at a record.

    Returns the paths written, CSV and JSON in turn.
    """
    who = {holding.address: holding for holding in known or ()}
    written = []
    for holder in sorted(books.ledgers[token]):
        rows = statement(books, token, holder)
        if not rows:
            continue
        holding = who.get(holder)
        csv_path, json_path = folder / f"{holder}.csv", folder / f"{holder}.json"
        write_csv_rows(csv_path, StatementRow, rows, durable=False)
        write_json(
            json_path,
            {
                "holder": holder,
                "name": holding.name if holding else "",
                "kind": holding.kind if holding else "",
                "token": token,
                "symbol": books.unit(token).symbol,
                "vault": books.vault,
                "as_of": iso(books.until),
                "lines": rows,
                "totals": totals(books, token, holder),
            },
            durable=False,
        )
        written += [csv_path, json_path]
    return written

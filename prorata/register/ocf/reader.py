# SPDX-License-Identifier: MIT
"""A package of the Open Cap Format as a cap table of one class, by the same checks as any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from prorata.errors import InputError, Problem
from prorata.register.captable import CapTable, Reading, parse_rows
from prorata.register.ocf.packages import ObjectProblem, Package
from prorata.register.ocf.positions import Position, positions_of, written
from prorata.register.ocf.wallets import Wallet, unknown, wallets_beside
from prorata.values.amounts import format_units

__all__ = ["table_of"]

HEADER = ("address", "shares", "name", "kind")


def table_of(
    package: Package,
    *,
    decimals: int = 0,
    authorised: int | None = None,
    stock_class: str | None = None,
    wallets: Mapping[str, Wallet] | None = None,
) -> CapTable:
    """The holders of one class and their wallets.

    `stock_class` is the id or the name of the class, needed where several are held; `wallets` are
    by stakeholder, else what prorata wrote beside the package.

    Raises: InputError with every fault that the objects show together; then with every holder
    whose wallet, shares or name cannot be taken.
    """
    positions = _of_class(package, positions_of(package), stock_class)
    known = wallets_beside(package) if wallets is None else wallets
    problems = [*_strangers(package, known), *_unwritable(package, positions, known, decimals)]
    if problems:
        raise InputError(problems, package.subject)
    rows = [
        (number, _cells(position, known, decimals)) for number, position in enumerate(positions)
    ]
    reading = Reading(decimals, authorised, decimal_mark=".")
    try:
        table = parse_rows([(-1, HEADER), *rows], reading, package.subject)
    except InputError as error:
        found = [_placed(package, positions, problem) for problem in error.problems]
        raise InputError(found, package.subject) from None
    return CapTable(table.holdings, decimals, (*package.notices, *table.notices))


def _of_class(package: Package, positions: Sequence[Position], named: str | None) -> list[Position]:
    held = list(dict.fromkeys(position.stock_class for position in positions))
    names = {kind.id: kind.name for kind in package.classes}
    chosen = held if named is None else [k for k in names if named in (k, names[k])]
    if len(chosen) == 1:
        return [position for position in positions if position.stock_class == chosen[0]]
    listed = ", ".join(f"{names[kind]} ({kind})" for kind in held)
    if named is not None:
        rule = "is the name of several classes" if chosen else "is no class of the package"
        raise InputError.of("class", named, rule, f"name the id of one: {listed or 'none is held'}")
    if not held:
        rule = "has no stock that anybody holds"
        raise InputError.of("file", package.subject, rule, "add issuances to its transactions")
    raise InputError.of("class", listed, "are held", "name one of them with --class")


def _strangers(package: Package, wallets: Mapping[str, Wallet]) -> Iterator[Problem]:
    for id_ in unknown(wallets, package):
        yield Problem(
            None, "stakeholder_id", id_, "has a wallet and is not in the package", "correct the id"
        )


def _unwritable(
    package: Package, positions: Sequence[Position], wallets: Mapping[str, Wallet], decimals: int
) -> Iterator[Problem]:
    """Holders who have no wallet, or parts of a share that the token does not have."""
    for position in positions:
        id_ = position.stakeholder.id
        place = package.places.get(id_, "")
        if id_ not in wallets:
            rule = "has shares and no wallet"
            remedy = "add a line stakeholder_id,address to the table that --wallets names"
            name = position.stakeholder.name.legal_name
            yield ObjectProblem(None, "wallet", name, rule, remedy, place, id_)
        if (position.shares * 10**decimals).denominator != 1:
            rule = f"shares are held, and the token has {decimals} decimals"
            remedy = "settle the fractions in the package first"
            yield ObjectProblem(None, "shares", written(position.shares), rule, remedy, place, id_)


def _cells(position: Position, wallets: Mapping[str, Wallet], decimals: int) -> tuple[str, ...]:
    stakeholder = position.stakeholder
    wallet = wallets[stakeholder.id]
    units = int(position.shares * 10**decimals)
    # An institution may be a company or a fund: the format does not say.
    individual = stakeholder.stakeholder_type == "INDIVIDUAL"
    kind = wallet.kind or ("individual" if individual else "")
    shares = format_units(units, decimals, grouping=False, trim=True)
    return wallet.address, shares, stakeholder.name.legal_name, kind


def _placed(package: Package, positions: Sequence[Position], problem: Problem) -> Problem:
    if problem.line is None or problem.line < 0:
        return problem
    id_ = positions[problem.line].stakeholder.id
    rule = problem.rule
    if problem.column == "address" and "already" in rule:
        rule = "is the wallet of another stakeholder already"
    return ObjectProblem(
        None, problem.column, problem.value, rule, problem.remedy, package.places.get(id_, ""), id_
    )

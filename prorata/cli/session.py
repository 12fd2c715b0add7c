# SPDX-License-Identifier: MIT
"""A session: the network, the account and the deployment that the common options name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from prorata.chain.elsewhere import ElsewhereOperator, give_up
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.prices import ANY_PRICE, BUMP_SECONDS, BUMPS, Prices
from prorata.chain.rehearsal import Rehearsal, RehearsedChain
from prorata.chain.signers import ElsewhereSigner, Signer
from prorata.chain.steps import Receipt
from prorata.cli.accounts import signer_of
from prorata.cli.consent import AGREED, keep_to
from prorata.cli.names import learn
from prorata.cli.networks import connected
from prorata.cli.office import office_names
from prorata.cli.output import GOVERNOR, REPEATED, SENT, Output, escape
from prorata.cli.stage import Stage, stage_of
from prorata.cli.stored import with_archive
from prorata.deployments.deployment import Deployment, Turn, folder_for, open_operator
from prorata.deployments.plans import require_plan
from prorata.errors import DeploymentError, InputError, ProrataError
from prorata.register.address_book import AddressBook, default_names, read_names
from prorata.register.enforcement import Done
from prorata.values.amounts import parse_units
from prorata.values.times import moment

if TYPE_CHECKING:
    from prorata.store.database import Database

__all__ = ["Session", "sent_before", "show_order"]


@dataclass
class Session:
    """A network and an account, as the common options name them."""

    network: str
    account: str | None
    deployment: Path | None
    confirmations: int | None
    abandon: str | None
    output: Output
    prices: Prices = ANY_PRICE
    turn: Turn = field(default_factory=Turn)
    names: Path | None = None
    symbol: str | None = None
    database: str | None = None
    """Where the ledger is, if somebody said so."""
    stage: Stage | None = None
    """Where the command is only played: see `prorata.cli.stage`."""
    known: AddressBook | None = None
    """The names that the command has learned, once there is a deployment."""
    ledger: Database | None = None
    """The ledger's database, while a deployment is looked at that has one."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Session:
        """From the values of `common_options` or `reading_options`."""
        return cls(
            network=options["network"],
            account=options.get("account"),
            deployment=options["deployment"],
            confirmations=options.get("confirmations"),
            abandon=options.get("abandon"),
            output=Output(options["as_json"]),
            prices=prices_of(options),
            turn=turn_of(options),
            names=options.get("names"),
            symbol=options.get("symbol_named"),
            database=options.get("database"),
            stage=stage_of(click.get_current_context(silent=True)),
        )

    @contextlib.contextmanager
    def chain(self) -> Iterator[RpcChain]:
        """The chain behind the network.

        Raises: ChainError when there is no such network or its node does not answer.
        """
        with connected(self.network) as (chain, confirmations):
            if self.confirmations is None:
                self.confirmations = 0 if chain.is_local else confirmations
            yield chain if self.stage is None else RehearsedChain(chain)

    def signer(self, chain: RpcChain) -> Signer:
        """The account.

        Raises: InputError when there is none, or it is not for this chain.
        """
        context = click.get_current_context(silent=True)
        kept = {} if context is None else context.meta
        key = f"prorata.signer/{chain.chain_id}/{self.account}"
        if key not in kept:
            # A passphrase is asked for once, though a command may be played before it is run.
            kept[key] = signer_of(self.account, chain, self.output.notice)
        signer: Signer = kept[key]
        return signer

    def folder(self, chain: RpcChain, symbol: str | None = None) -> Path:
        """The deployment's folder."""
        return self.deployment or folder_for(chain, symbol or self.symbol)

    def folder_there(self) -> Path:
        """The deployment's folder, for which no node is asked if it is named.

        Raises: DeploymentError when there is none; ChainError.
        """
        folder = self.deployment
        if folder is None:
            with self.chain() as chain:
                folder = self.folder(chain)
        if not folder.is_dir():
            raise _no_deployment(folder)
        return folder

    @contextlib.contextmanager
    def operator(self, symbol: str) -> Iterator[tuple[Operator, Path]]:
        """An operator with the journal of the folder where `symbol` is to be deployed."""
        with self.chain() as chain:
            signer, folder = self.signer(chain), self.folder(chain, symbol)
            self.learn_names(folder)
            with (
                self._place(folder) as place,
                self._operator(chain, signer, place) as operator,
            ):
                yield operator, place

    @contextlib.contextmanager
    def reading(self, *, ledger: bool = True) -> Iterator[Deployment]:
        """An asset that is deployed already, to be looked at only: no account is asked for.

        What its ledger has of the log, if it has one, is not read from the node; unless `ledger`
        is false.

        Raises: StoreError when a ledger was named that cannot be used.
        """
        with self.chain() as chain:
            found = self._opened(chain)
            if not ledger:
                yield found
                return
            with with_archive(found, self.database, self.output.notice) as self.ledger:
                yield found

    @contextlib.contextmanager
    def deployed(self) -> Iterator[tuple[Operator, Deployment]]:
        """An operator of an asset that is deployed already."""
        with self.chain() as chain, self._place(self.folder(chain)) as place:
            # First, so that a wrong folder is not blamed on the account.
            found = self._opened(chain, place)
            if self.stage is None and _cannot_be_undone() and _governor() is None:
                require_plan(found.settings)
            with self._operator(chain, self.signer(chain), place) as operator:
                yield operator, found

    @contextlib.contextmanager
    def _place(self, folder: Path) -> Iterator[Path]:
        """The folder to work in: a copy, where the command is only played."""
        if self.stage is None:
            yield folder
        else:
            with self.stage.copied(folder) as copy:
                yield copy

    def _opened(self, chain: RpcChain, folder: Path | None = None) -> Deployment:
        found = Deployment.open(chain, folder or self.folder(chain))
        if (notice := found.notice) is not None:
            self.output.notice(notice)
        self.learn_names(found.folder)
        return found

    @contextlib.contextmanager
    def looking(self) -> Iterator[tuple[RpcChain, Path]]:
        """The chain, and the folder of an asset whose journal is looked at, deployed or not.

        Raises: DeploymentError when there is no such folder.
        """
        with self.chain() as chain:
            folder = self.folder(chain)
            if not folder.is_dir():
                raise _no_deployment(folder)
            self.learn_names(folder)
            yield chain, folder

    def learn_names(self, folder: Path) -> None:
        """Take the names of `--names`; or of the folder and its office, where faults are told."""
        if self.names is not None:
            self.known = learn(read_names(self.names))
        else:
            # What is only played has a copy of the folder, and no office in it.
            book = self._names_in(folder if self.stage is None else self.stage.folder or folder)
            self.known = learn(book) if len(book) or book.notices else None
        for notice in () if self.known is None else self.known.notices:
            self.output.notice(notice)

    def _names_in(self, folder: Path) -> AddressBook:
        """The names of a folder's file, and in front of them those of its office."""
        book, path = AddressBook(), default_names(folder)
        try:
            book = book if path is None else read_names(path)
        except InputError as error:
            self.output.notice(f"no names are shown, for {error}")
        try:
            return replace(book.joined(office_names(folder, self.database)), notices=book.notices)
        except ProrataError as error:
            self.output.notice(f"no names of the office are shown, for {error}")
            return book

    @contextlib.contextmanager
    def _operator(self, chain: RpcChain, signer: Signer, folder: Path) -> Iterator[Operator]:
        with (
            self.output.progress() as follow,
            open_operator(
                chain,
                signer,
                folder,
                confirmations=self.confirmations or 0,
                on_progress=follow,
                on_notice=self.output.notice,
                prices=self._prices(chain),
                # What a play does is nobody's turn, and leaves no trace elsewhere.
                turn=self.turn if self.stage is None else Turn(),
                make=self._maker(signer),
            ) as operator,
        ):
            if self.abandon and isinstance(signer, ElsewhereSigner):
                assert operator.journal is not None
                give_up(operator.journal, self.abandon)
            elif self.abandon:
                # On a stage in the copy of the journal, so that the play is that of the run.
                operator.abandon(self.abandon)
            if isinstance(operator, Rehearsal) and self.stage is not None:
                self.stage.add(operator)
            if self.stage is None and (agreed := _agreed()) is not None:
                keep_to(agreed, operator)
            if self.stage is None and (governor := _governor()) is not None:
                governor.govern(operator)
            yield operator
        if self.stage is None and (context := click.get_current_context(silent=True)):
            context.meta[SENT] = bool(operator.fresh)
            if operator.resumed:
                context.meta[REPEATED] = sent_before(operator.repeated[-1], chain)

    def _maker(self, signer: Signer) -> Callable[..., Operator]:
        """Who sends: nobody, on a stage or for an account that signs elsewhere."""
        if isinstance(signer, ElsewhereSigner):
            return lambda chain, *rest, **more: ElsewhereOperator(
                chain if isinstance(chain, RehearsedChain) else RehearsedChain(chain),
                *rest,
                **more,
            )
        return Operator if self.stage is None else Rehearsal

    def _prices(self, chain: RpcChain) -> Prices:
        """What was wished for; a local chain mines at once, or when its owner lets it."""
        if self.prices.bump_after is None and not chain.is_local:
            return replace(self.prices, bump_after=BUMP_SECONDS)
        return self.prices


def _no_deployment(folder: Path) -> DeploymentError:
    sentence = f"there is no deployment in {folder}"
    return DeploymentError(sentence, "name another folder with --deployment")


def sent_before(receipt: Receipt, chain: RpcChain) -> str:
    """When and in which transaction an earlier run did a step, in words."""
    at = moment(chain.block(receipt.mined.block_number).timestamp)
    return f"{receipt.label} was done on {at} in {receipt.hash}"


def _agreed() -> Stage | None:
    """The stage whose steps whoever sends has agreed to."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(AGREED)


def _cannot_be_undone() -> bool:
    """Whether the present command asks before it sends."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(getattr(context.command, "asks", False))


class Governor(Protocol):
    """Whoever sees to it that an operator does what a plan says."""

    def govern(self, operator: Operator) -> None:
        """Take hold of an operator before it sends."""
        ...


def _governor() -> Governor | None:
    """The plan that the present command must keep to, if there is one."""
    context = click.get_current_context(silent=True)
    found: Governor | None = None if context is None else context.meta.get(GOVERNOR)
    return found


def prices_of(options: Mapping[str, Any]) -> Prices:
    """What may be offered for gas, from the values of `common_options`.

    Raises: InputError when it is no amount of gwei.
    """
    most, tip = (_wei(f"--{n.replace('_', '-')}", options.get(n)) for n in ("max_fee", "tip"))
    return Prices(most, tip, options.get("bump_after"), options.get("bumps", BUMPS))


def _wei(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_units(text, 9, noun="gwei")
    except InputError as error:
        fault = error.problems[0]
        raise InputError.of(option, text, fault.rule, fault.remedy) from None


def turn_of(options: Mapping[str, Any]) -> Turn:
    """How to take a turn with the journal, from the values of `common_options`."""
    context = click.get_current_context(silent=True)
    command = "" if context is None else context.command_path
    return Turn(command, options.get("wait", 0.0), options.get("head"))


def show_order(session: Session, done: Done, **more: Any) -> None:
    """Say what became of an order; a program is told `more`, too."""
    basis, receipt = done.basis, done.receipt
    if done.registered is not None:
        session.output.say(f"Done: {done.registered.label}")
    if done.pending:
        session.output.say(f"Would {', and then '.join(done.pending)}; nothing was sent")
        session.output.say(f"  {'gas':<12}{done.gas:,}, of the first transaction")
    elif receipt is None:
        session.output.say("Nothing was sent: the chain is so already")
    else:
        again = ", sent before" if receipt.resumed else ""
        session.output.say(f"Done: {receipt.label}{again}")
        rows = [
            ("order", done.order),
            ("reason", basis.reason),
            ("document", f"{basis.document_hash} ({basis.document})"),
            ("transaction", receipt.hash),
        ]
        for name, text in rows:
            session.output.say(f"  {name:<12}{escape(text)}")
    session.output.result(
        {
            "order": done.order,
            **basis.facts(),
            "transaction": None if receipt is None else receipt.hash,
            **more,
        }
    )

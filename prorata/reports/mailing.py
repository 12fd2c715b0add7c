# SPDX-License-Identifier: MIT
"""The statements of a year as files to be mailed: in versions, with digests, and never overwritten.

    <folder>/
        version-1/
            <account>.csv        one row per payment
            trades/<account>.csv one row per sale, purchase and delivery, of who has any
            <account>.json       the same, with totals and boxes
            <account>.html       the letter, for a screen
            <account>.pdf        the same on A4
            summary.csv          one row per holder and currency
            summary.json         the totals of all
            manifest.json        the SHA-256 of each file, and which version it takes the place of
        deliveries.jsonl         what was sent to whom, when and how

A file is named by the account number that the issuer gave its holder, or else by the wallet. Files
can be read by whoever runs this only: they name people and their income. A second run makes another
version only where something differs.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

from prorata.errors import InputError
from prorata.files.log import append_lines, whole_lines
from prorata.files.writer import (
    csv_text,
    json_object,
    prepare_folder,
    write_json,
    write_whole,
    written_whole,
)
from prorata.ledger.books import Books
from prorata.register.captable import Holding, Known
from prorata.reports.annual import (
    Statement,
    paid_in,
    summary,
    year_statement,
    year_totals,
)
from prorata.reports.documents import PaymentRow, SummaryRow
from prorata.reports.letters import NEUTRAL, Letter, page
from prorata.reports.pdf import pdf_of
from prorata.reports.recipients import Issuer, Recipient
from prorata.reports.trades import TradeLine, trade_lines
from prorata.tax.years import YearRules

__all__ = [
    "Issued",
    "Post",
    "deliver",
    "deliveries",
    "issue_statements",
    "letter_files",
    "versions_in",
]

FEW = 64
"""So many are written by one process: starting others takes longer."""

PROCESSES = 2
PORTION = 50
MANIFEST = "manifest.json"
DELIVERIES = "deliveries.jsonl"


@dataclass(frozen=True)
class Post:
    """What letters need besides the books: sender, recipients by wallet, the asset's name.

    `countries` has the two letters of each wallet's country, as the register knows it.
    """

    issuer: Issuer = NEUTRAL
    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    asset: str = ""
    countries: Mapping[str, str] = field(default_factory=dict)

    def to(self, wallet: str, known: Holding | None) -> Recipient:
        """Who receives the statement of a wallet."""
        recipient = self.recipients.get(wallet, Recipient(wallet))
        return recipient.with_(known.name if known else "", self.countries.get(wallet, ""))

    def letter(
        self,
        books: Books,
        token: str,
        year: int,
        statement: Statement,
        *,
        known: Holding | None = None,
        rules: YearRules | None = None,
    ) -> Letter:
        """The letter of one statement."""
        content = year_statement(books, token, year, statement, known, rules=rules)
        return Letter(content, self.to(statement.holder, known), self.issuer, self.asset)


@dataclass(frozen=True)
class Issued:
    """The statements of a year in `folder`; `unchanged` where an earlier run had written them."""

    statements: tuple[Statement, ...]
    version: int
    folder: Path
    unchanged: bool


# ------------------------------------------------------------------------------------------ issuing


def issue_statements(
    books: Books,
    token: str,
    year: int,
    folder: Path,
    *,
    known: Known | None = None,
    post: Post | None = None,
    rules: YearRules | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Issued:
    """Write the statements of a year as a new version, unless the latest says the same.

    `on_progress` hears how many of how many are written.

    Raises: InputError for a year that no calendar has, two holders of one account number, or a
    folder that cannot be written.
    """
    statements = paid_in(books, token, year, rules)
    who = {holding.address: holding for holding in known or ()}
    sending = post or Post()

    def letters() -> Iterator[Letter]:
        for one in statements:
            yield sending.letter(books, token, year, one, known=who.get(one.holder), rules=rules)

    _check_accounts(sending.to(one.holder, who.get(one.holder)) for one in statements)
    contents = _digest(letters())
    versions = versions_in(folder)
    if versions and _manifest(folder, versions[-1])["contents"] == contents:
        return Issued(tuple(statements), versions[-1], _version(folder, versions[-1]), True)
    number = versions[-1] + 1 if versions else 1
    place = _version(folder, number)
    with _private():
        prepare_folder(place, ("*",))
        digests = dict(_written(place, letters(), len(statements), on_progress))
        totals = year_totals(books, token, year, statements)
        for name, text in (
            ("summary.csv", csv_text(SummaryRow, summary(books, statements, known))),
            ("summary.json", _json(totals)),
        ):
            write_whole(place / name, text)
            digests[name] = sha256(text.encode()).hexdigest()
        # Last, since its presence says that the version is complete.
        write_json(
            place / MANIFEST,
            {
                "version": number,
                "year": year,
                "token": token,
                "as_of": totals.as_of,
                "takes_the_place_of": versions[-1] if versions else None,
                "contents": contents,
                "files": dict(sorted(digests.items())),
            },
        )
    return Issued(tuple(statements), number, place, False)


def versions_in(folder: Path) -> list[int]:
    """The versions that are complete in a folder, in order."""
    names = (path.parent.name for path in folder.glob(f"version-*/{MANIFEST}"))
    return sorted(int(number) for name in names if (number := name[8:]).isdecimal())


def _version(folder: Path, number: int) -> Path:
    return folder / f"version-{number}"


def _manifest(folder: Path, number: int) -> dict[str, Any]:
    path = _version(folder, number) / MANIFEST
    try:
        found = json.loads(path.read_bytes())
        return {"contents": str(found["contents"]), "files": dict(found["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        rule = "is damaged or cannot be read"
        raise InputError.of("manifest", path, rule, "restore it, or name another folder") from None


def _check_accounts(recipients: Iterable[Recipient]) -> None:
    seen: dict[str, str] = {}
    for recipient in recipients:
        other = seen.setdefault(recipient.number.lower(), recipient.wallet)
        if other != recipient.wallet:
            rule = f"is the account number of {other} and of {recipient.wallet}"
            remedy = "give each holder an account number of its own"
            raise InputError.of("account", recipient.number, rule, remedy)


def _digest(letters: Iterable[Letter]) -> str:
    """What the letters say, apart from the moment as of which they say it."""
    digest = sha256()
    for letter in letters:
        # What a version of prorata has added, and says nothing, makes no other statement.
        left_out = {"as_of"} if letter.statement.trading else {"as_of", "trading"}
        digest.update(letter.statement.model_dump_json(exclude=left_out).encode())
        about = [vars(letter.recipient), letter.issuer.model_dump(), letter.asset]
        digest.update(json.dumps(about).encode())
    return digest.hexdigest()


@contextmanager
def _private() -> Iterator[None]:
    """What is made meanwhile, by the processes too that are started, is for its owner only."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


# ------------------------------------------------------------------------------------------ writing


def _written(
    folder: Path, letters: Iterator[Letter], total: int, on_progress: Callable[[int, int], None]
) -> Iterator[tuple[str, str]]:
    """The name and SHA-256 of each file, in any order."""
    done = 0
    for portion in _portions(folder, letters, total):
        done += sum(name.endswith(".pdf") for name, _ in portion)
        on_progress(done, total)
        yield from portion


def _portions(
    folder: Path, letters: Iterator[Letter], total: int
) -> Iterator[list[tuple[str, str]]]:
    if total <= FEW:
        for letter in letters:
            yield _write(folder, [letter])
        return
    context = get_context("spawn")
    with (
        _found_by_others(),
        ProcessPoolExecutor(PROCESSES, context, initializer=_end_with_parent) as pool,
    ):
        under_way: set[Future[list[tuple[str, str]]]] = set()
        while True:
            # A few portions ahead, so that ten thousand letters are never in memory at once.
            while len(under_way) < 2 * PROCESSES and (portion := list(islice(letters, PORTION))):
                under_way.add(pool.submit(_write, folder, portion))
            if not under_way:
                return
            finished, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for future in finished:
                yield future.result()


@contextmanager
def _found_by_others() -> Iterator[None]:
    """Processes that are started look for this package where this one does.

    A program that runs it may have taken its place off the path since it was found, as ape does.
    """
    place = str(Path(__file__).resolve().parents[2])
    if place in sys.path:
        yield
        return
    sys.path.append(place)
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.path.remove(place)


def _end_with_parent() -> None:
    """Wait for nothing more where whoever started this was killed."""

    def follow() -> None:
        parent = parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()


def _write(folder: Path, letters: Iterable[Letter]) -> list[tuple[str, str]]:
    """Write the files of some letters; the name and SHA-256 of each."""
    written = []
    for letter in letters:
        for name, content in letter_files(letter):
            with written_whole(folder / name, durable=False) as part:
                part.write_bytes(content)
            written.append((name, sha256(content).hexdigest()))
    return written


def letter_files(letter: Letter) -> Iterator[tuple[str, bytes]]:
    """The name and content of each file of a letter, made as each is asked for."""
    statement, recipient = letter.statement, letter.recipient
    number = recipient.number
    yield f"{number}.csv", csv_text(PaymentRow, statement.payments).encode()
    if statement.trading is not None:
        lines = trade_lines(statement.trading)
        yield f"trades/{number}.csv", csv_text(TradeLine, lines).encode()
    facts = {
        **statement.model_dump(mode="json"),
        "account": number,
        "country": recipient.country or statement.country,
    }
    yield f"{number}.json", _json(facts).encode()
    shown = page(letter)
    yield f"{number}.html", shown.encode()
    title = f"{letter.title}: {number}"
    yield f"{number}.pdf", pdf_of(shown, title=title, created=statement.as_of)


def _json(content: Any) -> str:
    plain = content if isinstance(content, dict) else json_object(dict(content))
    return f"{json.dumps(plain, indent=2, ensure_ascii=False)}\n"


# ---------------------------------------------------------------------------------------- delivery


def deliver(
    folder: Path, accounts: Iterable[str], how: str, at: str, version: int | None = None
) -> list[dict[str, Any]]:
    """Note that statements were sent: to which accounts, how and when, with the PDF's digest.

    Raises: InputError for a version or an account that was never issued.
    """
    issued = versions_in(folder)
    if not issued or version not in (None, *issued):
        known = f"there are {', '.join(map(str, issued))}" if issued else "there is none"
        rule = f"was never issued in {folder}: {known}"
        raise InputError.of("version", version or "", rule, "issue the statements first")
    number = version or issued[-1]
    files = _manifest(folder, number)["files"]
    notes = []
    for account in accounts:
        digest = files.get(f"{account}.pdf")
        if digest is None:
            rule = f"has no statement in version {number}"
            raise InputError.of("account", account, rule, "check the account number")
        notes.append(
            {"account": account, "version": number, "how": how, "at": at, "sha256": digest}
        )
    with _private(), (folder / DELIVERIES).open("a+b") as file:
        whole_lines(file)
        append_lines(file, [json.dumps(note, ensure_ascii=False).encode() for note in notes])
    return notes


def deliveries(folder: Path) -> list[dict[str, Any]]:
    """What was noted as sent, in order."""
    try:
        lines = (folder / DELIVERIES).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]

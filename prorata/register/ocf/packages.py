# SPDX-License-Identifier: MIT
"""A package of the Open Cap Format: a manifest and the files that it names, read whole.

A package is a folder, a ZIP archive or the path of a manifest, whose folder it then is. Every file
is JSON in which no name stands twice, and every object in it is checked by its model. What a file's
digest was when the manifest was written is compared, and a difference is told: publishers leave old
digests, so that it decides nothing.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path, PurePosixPath
from typing import Any

from prorata.errors import InputError, Problem
from prorata.files.models import validated
from prorata.files.workbook_files import check_size
from prorata.register.ocf.containers import MOST_BYTES, Archive, Container, Folder
from prorata.register.ocf.objects import (
    MODELS,
    PASSED,
    Issuance,
    Legend,
    Manifest,
    Passed,
    Stakeholder,
    StockClass,
    Thing,
    Transaction,
)

__all__ = ["ObjectProblem", "Package", "find_package"]

SUFFIX, BESIDE = ".ocf.json", "x-prorata.json"

_SCHEMA = "the schemas of the Open Cap Format 1.2.0"
_AGAIN = f"export it again as {_SCHEMA} say"
_FILES: Mapping[str, tuple[str, ...]] = {
    "OCF_STAKEHOLDERS_FILE": ("STAKEHOLDER",),
    "OCF_STOCK_CLASSES_FILE": ("STOCK_CLASS",),
    "OCF_STOCK_LEGEND_TEMPLATES_FILE": ("STOCK_LEGEND_TEMPLATE",),
    "OCF_TRANSACTIONS_FILE": ("TX_", "CE_"),
    "OCF_STOCK_PLANS_FILE": ("STOCK_PLAN",),
    "OCF_VALUATIONS_FILE": ("VALUATION",),
    "OCF_VESTING_TERMS_FILE": ("VESTING_TERMS",),
    "OCF_FINANCINGS_FILE": ("FINANCING",),
    "OCF_DOCUMENTS_FILE": ("DOCUMENT",),
}
_NO_STOCK = ("TX_CONVERTIBLE_", "TX_WARRANT_", "TX_EQUITY_COMPENSATION_", "TX_PLAN_SECURITY_")


@dataclass(frozen=True)
class ObjectProblem(Problem):
    """A fault in a package: in which `file`, and of which object by its `id`."""

    file: str = ""
    id: str = ""

    @property
    def place(self) -> str:
        """As `Transactions.ocf.json, tx-7, quantity`."""
        return ", ".join(part for part in (self.file, self.id, self.column) if part)


def find_package(path: Path) -> Package | None:
    """The package at `path`, by what is there; None where there is something else.

    Raises: InputError when it is a package that cannot be read.
    """
    if path.is_dir():
        return Package.of(Folder(path), str(path))
    try:
        with path.open("rb") as file:
            begins = file.read(4)
            if begins == b"PK\x03\x04":
                content = begins + file.read()
                return _archived(content, str(path))
            content = begins + file.read(MOST_BYTES)
    except (OSError, ValueError):
        return None  # whoever reads it next says why
    if not _is_file_of_format(content):
        return None
    return Package.of(Folder(path.parent), str(path), PurePosixPath(path.name))


def _archived(content: bytes, subject: str) -> Package | None:
    try:
        parts = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if not any(name.endswith(SUFFIX) for name in parts.namelist()):
        return None
    check_size(parts)
    return Package.of(Archive(parts), subject)


def _is_file_of_format(content: bytes) -> bool:
    """Whether it is a JSON object that calls itself a file of the format."""
    begins = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not begins.startswith(b"{") or b'"OCF_' not in content:
        return False
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return str(found.get("file_type", "")).startswith("OCF_")


# ---------------------------------------------------------------------------------------- packages


@dataclass
class Package:
    """All objects of a package by what they are, in the order of their files.

    `beside` is what prorata wrote beside it, if it did; `places` has the file of each object;
    `refused` are transactions of securities that are no stock, or that turn them into stock.
    `notices` are for whoever keeps the package.
    """

    subject: str
    manifest: Manifest
    stakeholders: list[Stakeholder] = field(default_factory=list)
    classes: list[StockClass] = field(default_factory=list)
    legends: list[Legend] = field(default_factory=list)
    issuances: list[Issuance] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    refused: list[Passed] = field(default_factory=list)
    beside: Mapping[str, Any] | None = None
    places: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls, container: Container, subject: str, manifest: PurePosixPath | None = None
    ) -> Package:
        """Read it whole.

        Raises: InputError with every fault of files and fields; what only the objects together
        show is for whoever asks for positions.
        """
        where = manifest or _manifest_of(container, subject)
        content = _json(container.read(str(where)), str(where))
        if isinstance(content, dict) and content.get("file_type") != "OCF_MANIFEST_FILE":
            found = [str(name) for name in _manifests(container)]
            remedy = f"give {found[0]}" if found else "give the manifest of its package"
            raise InputError.of("file", str(where), "is a part of a package", remedy)
        says = "the manifest of a package"
        package = cls(subject, validated(Manifest, content, _SCHEMA, f"{where}, {says}", _AGAIN))
        package._read_files(container, where)
        package._check_ids()
        if package.problems:
            raise InputError(package.problems, subject)
        return package

    def _read_files(self, container: Container, where: PurePosixPath) -> None:
        named = {str(where)}
        for file in self.manifest.files:
            path = where.parent / file.filepath
            if ".." in path.parts or path.is_absolute():
                rule, remedy = "is outside the package", "name files by where they are in it"
                self._add(str(where), "", "filepath", file.filepath, rule, remedy)
                continue
            named.add(str(path))
            try:
                self._take(container.read(str(path)), str(path), file.md5)
            except InputError as error:
                for p in error.problems:
                    self._add(str(path), "", p.column, p.value, p.rule, p.remedy)
        beside = where.parent / BESIDE
        if str(beside) in container.names:
            named.add(str(beside))
            content = _json(container.read(str(beside)), str(beside))
            self.beside = content if isinstance(content, dict) else {}
        others = [name for name in container.names if name.endswith(SUFFIX) and name not in named]
        if others:
            self.notices.append(f"{where} does not name {', '.join(others)}, which are not read")

    def _take(self, content: bytes, name: str, digest: str) -> None:
        if md5(content, usedforsecurity=False).hexdigest() != digest.lower():
            self.notices.append(f"{name} is not as it was when the manifest was written")
        found = _json(content, name)
        kinds = _FILES.get(str(found.get("file_type"))) if isinstance(found, dict) else None
        items = found.get("items") if isinstance(found, dict) else None
        if kinds is None or not isinstance(items, list) or set(found) != {"file_type", "items"}:
            rule = "has not just a file_type of the format and items"
            raise InputError.of(None, name, rule, f"see {_SCHEMA}")
        for number, item in enumerate(items):
            self._take_object(name, number, item, kinds)

    def _take_object(self, file: str, number: int, item: Any, kinds: Sequence[str]) -> None:
        kind = item.get("object_type") if isinstance(item, dict) else None
        named = item.get("id") if isinstance(item, dict) else None
        called = named if isinstance(named, str) and named else f"item {number + 1}"
        model = _model_of(kind) if isinstance(kind, str) and kind.startswith(tuple(kinds)) else None
        if model is None:
            fault = f"is no object of {file}", f"see {_SCHEMA}"
            self._add(file, called, "object_type", str(kind), *fault)
            return
        try:
            self._keep(file, validated(model, item, _SCHEMA, file, _AGAIN))
        except InputError as error:
            for p in error.problems:
                self._add(file, called, p.column, p.value, p.rule, p.remedy)

    def _keep(self, file: str, thing: Thing | Passed) -> None:
        if thing.id in self.places:
            rule = f"is the id of an object in {self.places[thing.id]} already"
            self._add(file, thing.id, "id", thing.id, rule, "give each object an id of its own")
        self.places[thing.id] = file
        match thing:
            case Stakeholder():
                self.stakeholders.append(thing)
            case StockClass():
                self.classes.append(thing)
            case Legend():
                self.legends.append(thing)
            case Issuance():
                self.issuances.append(thing)
            case Transaction():
                self.transactions.append(thing)
            case Passed() if thing.object_type not in PASSED:
                self.refused.append(thing)

    def _check_ids(self) -> None:
        """Empty ids name nothing."""
        for id_, file in self.places.items():
            if not id_:
                self._add(file, "", "id", id_, "is blank", "give each object an id")

    def _add(self, file: str, id_: str, column: str | None, *fault: str) -> None:
        value, rule, remedy = fault
        self.problems.append(ObjectProblem(None, column, value, rule, remedy, file, id_))


def _model_of(kind: str) -> type[Thing | Passed] | None:
    if kind in MODELS:
        return MODELS[kind]
    known = kind in PASSED or kind == "TX_STOCK_CONVERSION" or kind.startswith(_NO_STOCK)
    return Passed if known else None


def _manifest_of(container: Container, subject: str) -> PurePosixPath:
    found = list(_manifests(container))
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(map(str, found))
        raise InputError.of("file", names, "are manifests of several packages", "give one of them")
    rule = "is no package of the Open Cap Format, since no file in it is a manifest"
    raise InputError.of("file", subject, rule, f"give a folder or archive with Manifest{SUFFIX}")


def _manifests(container: Container) -> Iterable[PurePosixPath]:
    for name in container.names:
        if name.endswith(SUFFIX) and b'"OCF_MANIFEST_FILE"' in container.read(name):
            yield PurePosixPath(name)


# -------------------------------------------------------------------------------------------- JSON


def _json(content: bytes, name: str) -> Any:
    """The document, in which no name stands twice.

    Raises: InputError when it is none.
    """
    try:
        return json.loads(
            content.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as error:
        rule = f"is no JSON ({error})"
        raise InputError.of("file", name, rule, "export the package again") from None


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError.of("file", twice, "stands twice in one object", "keep one of them")
    return found


def _no_number(text: str) -> Iterator[None]:
    raise ValueError(f"{text} is no number")

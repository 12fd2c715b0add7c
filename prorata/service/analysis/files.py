# SPDX-License-Identifier: MIT
"""The operator's files, read and checked before the service begins: this is not a worker's work."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from prorata.analysis.index_files import read_index
from prorata.analysis.portfolio_files import read_portfolio
from prorata.analysis.scorecards import read_card
from prorata.analysis.scores import score
from prorata.assets.templates import TEMPLATES
from prorata.errors import InputError
from prorata.reports.analysis_documents import (
    index_document,
    portfolio_document,
    score_document,
)
from prorata.reports.benchmarks import Listed, read_benchmark
from prorata.service.analysis.published import Compared, Document, Published
from prorata.values.words import listed

__all__ = ["read_published"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)


def read_published(
    indices: Sequence[Path], portfolios: Sequence[Path], benchmark: Path | None
) -> Published:
    """What the files say; a file's name without its ending is its id.

    Raises: InputError for every fault in a file, or two files of one id.
    """
    return Published(
        indices=_all("index", indices, _index),
        portfolios=_all("portfolio", portfolios, _portfolio),
        benchmark=[] if benchmark is None else _benchmark(benchmark),
    )


def _all(
    option: str, paths: Sequence[Path], read: Callable[[Path], Document]
) -> Sequence[Document]:
    names: set[str] = set()
    for path in paths:
        if not _ID.fullmatch(path.stem):
            rule = "is no id: letters, digits, - and _, at most 64"
            raise InputError.of(option, path.stem, rule, "give the file another name")
        if path.stem in names:
            raise InputError.of(option, path.stem, "is the id of two files", "rename one of them")
        names.add(path.stem)
    return [read(path) for path in paths]


def _index(path: Path) -> Document:
    found = read_index(path)
    baskets = (found.index.members, *(one.members for one in found.index.rebalances))
    members = dict.fromkeys(name for basket in baskets for name in basket)
    return Document(path.stem, tuple(members), index_document(found, found.index.levels()))


def _portfolio(path: Path) -> Document:
    found = read_portfolio(path)
    members = dict.fromkeys(one.asset for one in found.portfolio.holdings)
    content = portfolio_document(found, found.portfolio.report())
    return Document(path.stem, tuple(members), content)


def _benchmark(path: Path) -> list[Compared]:
    found = read_benchmark(path)
    for one in found:
        if one.asset_class not in TEMPLATES:
            remedy = f"write {listed([*TEMPLATES])}"
            raise InputError.of("class", one.asset_class, "is no class of assets", remedy)
    return [_compared(one, path.parent) for one in found]


def _compared(one: Listed, folder: Path) -> Compared:
    if one.card is None:
        return Compared(one.asset, one.asset_class)
    scored = score(*read_card(folder / one.card))
    return Compared(one.asset, one.asset_class, scored, score_document(scored))

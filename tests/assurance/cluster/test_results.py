"""The kept results of `make cluster` are of today's queries and versions, and all were equal."""

from __future__ import annotations

import json
import re

import pytest

from prorata.analysis.engines import ENGINES
from prorata.analysis.queries import QUERIES
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.cluster import page
from tests.prorata.analysis.beyond import BITS

HERE = PROJECT_ROOT / "tests/assurance/cluster"
RESULTS = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
LOCK = (PROJECT_ROOT / ".ci/cluster.lock").read_text(encoding="utf-8")
NAMES = [query.name for query in QUERIES]


def test_every_query_was_asked_of_every_engine():
    assert list(RESULTS["seconds"]) == NAMES
    assert all(set(times) == set(ENGINES) for times in RESULTS["seconds"].values())
    assert sum(RESULTS["rows"].values()) >= 1_000_000


def test_all_that_was_compared_was_equal():
    """Each query, each sum past so many bits on each engine, and what a killed worker left over."""
    beyond = [
        f"2^{bits}, {name}, {engine}"
        for bits in BITS
        for engine in ENGINES
        for name in ("balances", "largest", "income", "issued")
    ]
    assert set(RESULTS["same"]) == {
        *NAMES,
        *beyond,
        "after a worker was killed",
        "through the command, Spark",
        "through the command, ClickHouse",
    }
    assert all(RESULTS["same"].values())


@pytest.mark.parametrize("package", ["duckdb", "chdb-core", "pyspark", "ibis-framework"])
def test_it_was_played_with_the_locked_versions(package):
    [locked] = re.findall(rf"^{package}==(\S+) ", LOCK, re.MULTILINE)
    assert RESULTS["versions"][package] == locked


def test_the_page_tells_the_measured_seconds():
    assert page.HEAD + page.table(RESULTS) + "\n" in page.PAGE.read_text(encoding="utf-8")

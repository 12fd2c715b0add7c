"""The table of seconds on the page about clusters, from what `make cluster` has measured."""

from __future__ import annotations

import re
from typing import Any

from prorata.toolchain.paths import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs/guide/cluster.md"
HEAD = (
    "| query | rows of the answer | DuckDB | ClickHouse's engine | Spark |\n"
    "|---|---:|---:|---:|---:|\n"
)
ENGINES = ("duckdb", "clickhouse", "spark")


def table(found: dict[str, Any]) -> str:
    """The rows below the heads."""
    return "".join(
        f"| {name} | {found['answer rows'][name]:,} | "
        f"{' | '.join(f'{times[engine]:.2f}' for engine in ENGINES)} |\n"
        for name, times in found["seconds"].items()
    )


def write(found: dict[str, Any]) -> None:
    """Put them in place of those that are there."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(HEAD)
    rest = re.sub(r"\A(?:\|.*\n)*", "", after)
    PAGE.write_text(before + HEAD + table(found) + rest, encoding="utf-8")

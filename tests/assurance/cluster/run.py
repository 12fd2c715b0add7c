"""`make cluster`: every published query on DuckDB, ClickHouse's engine and a Spark cluster.

A ledger of about a million rows is published in two steps. Each query is asked of each engine, and
the bytes of the answers are compared. One worker of the cluster is killed while it works. Then the
same is asked through the command, of the cluster and of an engine behind ClickHouse's protocol, and
amounts past 2^63, 2^127 and 2^255 are added up everywhere. Any difference ends it with exit code 1.

CLUSTER_TRANSFERS (250,000) says how many transfers, and as many payments, there are; the figures of
fewer are printed and not kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prorata.analysis.answers import Answer, ask
from prorata.analysis.engines import spark_session
from prorata.analysis.queries import QUERIES, find_query
from prorata.files.manifests import Publication
from prorata.store.database import Database
from prorata.store.publishing import assets_in, publish
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.cluster import page
from tests.assurance.cluster.spark import HOST, Cluster, Daemon, cluster
from tests.prorata.analysis.beyond import BITS, beyond, expected
from tests.prorata.store.filled import Filled, Story

WHOLE = 250_000
TRANSFERS = int(os.environ.get("CLUSTER_TRANSFERS", str(WHOLE)))
RESULTS = PROJECT_ROOT / "tests/assurance/cluster/results.json"
SEVERAL = 2
KILLED = "balances"
"""The query in the middle of which a worker dies."""

Tell = Callable[[str], None]


def main() -> None:
    """Play everything; exit code 1 on any difference."""
    start = time.monotonic()

    def tell(what: str) -> None:
        print(f"· {time.monotonic() - start:5.0f} s  {what}", flush=True)

    with tempfile.TemporaryDirectory(prefix="cluster") as name:
        folder = Path(name)
        tell(f"publishing a ledger of {TRANSFERS:,} transfers and as many payments")
        published = _published(folder)
        rows = {t: sum(f.rows for _, f in published.files(t)) for t in published.parts[0][1].tables}
        files = f"{_files(published)} files, {_bytes(published):,} bytes"
        tell(f"{sum(rows.values()):,} rows in {files}")
        found = _played(folder, published, tell)
    found |= {"rows": rows, "bytes": _bytes(published), "versions": _versions()}
    _print(found)
    wrong = [name for name, same in found["same"].items() if not same]
    if wrong:
        print(f"these differ: {', '.join(wrong)}", file=sys.stderr)
        raise SystemExit(1)
    if TRANSFERS < WHOLE:
        return
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    page.write(found)


def _published(folder: Path) -> Publication:
    """Two assets; the large one in two steps, so that tables have several files."""
    place = folder / "published"
    half = TRANSFERS // 2
    holders = max(20, TRANSFERS // 50)
    story = Story(transfers=half, payments=half, holders=holders, seconds=90)
    with closing(Database.open(str(folder / "ledger.db"), create=True)) as database:
        filled = Filled(database).add(story)
        for asset in assets_in(database):
            publish(database, asset, place)
        filled.add(Story(number=2, transfers=1_000, payments=1_000, seconds=90))
        story.play(half, half)
        filled.update()
        for asset in assets_in(database):
            publish(database, asset, place)
    return Publication.open(place)


def _files(published: Publication) -> int:
    return sum(len(manifest.paths) for _, manifest in published.parts)


def _bytes(published: Publication) -> int:
    return sum(f.bytes for _, m in published.parts for files in m.tables.values() for f in files)


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("duckdb", "chdb-core", "pyspark", "ibis-framework")}


# ------------------------------------------------------------------------------------------ playing


def _played(folder: Path, published: Publication, tell: Tell) -> dict[str, Any]:
    from pyspark import sql

    times: dict[str, dict[str, float]] = {}
    answers: dict[str, dict[str, str]] = {}
    sizes: dict[str, int] = {}
    same: dict[str, bool] = {}
    tell(f"starting a Spark master and {SEVERAL} workers")
    begun = time.monotonic()
    with cluster(folder, SEVERAL) as spark:
        os.environ["PYSPARK_SUBMIT_ARGS"] = " ".join(
            f"--conf {setting}"
            for setting in (
                f"spark.driver.host={HOST}", f"spark.driver.bindAddress={HOST}",
                "spark.executor.memory=700m", "spark.sql.shuffle.partitions=8",
            )
        ) + " pyspark-shell"  # fmt: skip
        session = spark_session(sql, spark.master)
        started = time.monotonic() - begun
        engines: dict[str, dict[str, Any]] = {
            "duckdb": {}, "clickhouse": {}, "spark": {"session": session},
        }  # fmt: skip
        for query in QUERIES:
            tell(f"asking {query.name}")
            for engine, where in engines.items():
                asked = time.monotonic()
                answer = ask(query, published, engine, **where)
                seconds = round(time.monotonic() - asked, 2)
                times.setdefault(query.name, {})[engine] = seconds
                answers.setdefault(query.name, {})[engine] = answer.digest
                sizes[query.name] = len(answer.rows)
            same[query.name] = len(set(answers[query.name].values())) == 1
        for bits in BITS:
            tell(f"adding amounts past 2^{bits}")
            same |= dict(_beyond(folder, bits, engines))
        tell(f"killing one of {SEVERAL} workers in the middle of {KILLED}")
        digest, seconds = _killed(published, session, spark)
        same["after a worker was killed"] = digest == answers[KILLED]["duckdb"]
        session.stop()
        tell("asking through the command, on the worker that is left")
        through = _commanded(published, "spark", spark.master)
        same["through the command, Spark"] = through == answers["income"]["duckdb"]
    tell("asking through the command, by ClickHouse's protocol")
    with _clickhouse() as address:
        through = _commanded(published, "clickhouse", address)
    same["through the command, ClickHouse"] = through == answers["income"]["duckdb"]
    return {
        "spark starts in": round(started, 1),
        "seconds": times,
        "answer rows": sizes,
        "killed": {"query": KILLED, "seconds": round(seconds, 2)},
        "digests": {name: found["duckdb"] for name, found in answers.items()},
        "same": same,
    }


def _beyond(
    folder: Path, bits: int, engines: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, bool]]:
    """Whether each engine gets the sums that Python gets."""
    place = folder / f"beyond-{bits}"
    with closing(Database.open(str(folder / f"beyond-{bits}.db"), create=True)) as database:
        story = beyond(bits)
        Filled(database).add(story)
        [asset] = assets_in(database)
        publish(database, asset, place)
    published = Publication.open(place)
    for engine, where in engines.items():
        for name, rows in expected(story).items():
            answer = ask(find_query(name), published, engine, **where)
            yield f"2^{bits}, {name}, {engine}", answer.rows == rows


def _killed(published: Publication, session: Any, spark: Cluster) -> tuple[str, float]:
    """The digest of an answer during which a worker was killed."""
    answered: list[Answer] = []
    query = find_query(KILLED)
    tracker = session.sparkContext.statusTracker()
    begun = time.monotonic()
    asking = threading.Thread(
        target=lambda: answered.append(ask(query, published, "spark", session=session))
    )
    asking.start()
    # Counting the rows is the first job: the query itself is under way with the second.
    while asking.is_alive() and not _under_way(tracker):
        time.sleep(0.02)
    if not asking.is_alive():
        raise SystemExit(f"{KILLED} was done before a worker could be killed; ask for more rows")
    victim: Daemon = _busy(spark)
    victim.kill()
    in_the_middle = asking.is_alive()
    asking.join()
    if not in_the_middle or not answered:
        raise SystemExit("the worker was not killed in the middle, or nothing was answered")
    return answered[0].digest, time.monotonic() - begun


def _under_way(tracker: Any) -> bool:
    """Whether tasks of a stage that shuffles are running."""
    stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
    return any(stage and stage.numActiveTasks and stage.numTasks > 1 for stage in stages)


def _busy(spark: Cluster) -> Daemon:
    """A worker that has an executor."""
    return next(w for w in spark.workers if "Launch" in w.log.read_text(errors="replace"))


def _commanded(published: Publication, engine: str, address: str) -> str:
    """The digest that the command prints."""
    command = [
        sys.executable, "-m", "prorata", "ledger", "query", "income", "--json",
        "--from", str(published.folder), "--engine", engine, "--server", address,
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT_ROOT)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)}: {ran.stdout}{ran.stderr[-2000:]}")
    return str(json.loads(ran.stdout)["digest"])


@contextmanager
def _clickhouse() -> Iterator[str]:
    """The address of ClickHouse's engine behind its protocol."""
    command = [sys.executable, "-m", "tests.assurance.cluster.clickhouse_http"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def _print(found: dict[str, Any]) -> None:
    print(f"\n{'query':<12}{'rows':>8}{'DuckDB':>9}{'chdb':>9}{'Spark':>9}  sha256 of the answer")
    for name, seconds in found["seconds"].items():
        shown = "".join(f"{seconds[engine]:>8.2f}s" for engine in ("duckdb", "clickhouse", "spark"))
        same = found["digests"][name][:16] if found["same"][name] else "DIFFERS"
        print(f"{name:<12}{found['answer rows'][name]:>8,}{shown}  {same}")
    for name, same in found["same"].items():
        if name not in found["seconds"]:
            print(f"{'equal' if same else 'DIFFERS':<9}{name}")


if __name__ == "__main__":
    main()

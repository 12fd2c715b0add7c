# SPDX-License-Identifier: MIT
"""The engines that answer published queries: DuckDB here, ClickHouse or Spark where one has them.

Each is asked in SQL, which Ibis writes from the same expression, and answers whole numbers and text
only. Before an engine is asked anything, it counts the rows of each table: one that sees other
files than the manifest lists, or leaves out one that it does not find, is not believed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from prorata.errors import InputError, StoreError
from prorata.files.manifests import TABLES, Publication, exact

__all__ = ["ENGINES", "Engine", "opened"]

ENGINES = ("duckdb", "clickhouse", "spark")

LOCAL_SPARK = "local[*]"


class Engine(Protocol):
    """Something that answers SQL, in its own dialect, over the published tables."""

    dialect: str

    def load(self, table: str, places: Sequence[str]) -> None:
        """Make files known under the name of a table.

        Raises: StoreError when one of them cannot be read.
        """

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Raises: StoreError when the engine refuses."""


@contextmanager
def opened(
    name: str,
    published: Publication,
    tables: Sequence[str],
    block: int,
    *,
    server: str | None = None,
    seen_as: str | None = None,
    session: Any = None,
) -> Iterator[Engine]:
    """An engine that has the tables, from the files with blocks up to one.

    `server` is the address of a ClickHouse or the master of a Spark cluster; without it chdb
    answers, or a Spark of this process. `seen_as` is what the folder is called there. A `session`
    of Spark that is open already stays open.

    Raises: InputError for options that do not fit, StoreError for an extra that is missing, an
        engine that cannot be reached, or one that sees other files.
    """
    with ExitStack() as stack:
        engine = _MAKERS[name](stack, server, session)
        for table in tables:
            files = published.files(table, block)
            engine.load(table, [_seen(path, published.folder, seen_as) for path, _ in files])
            _require_rows(engine, table, sum(file.rows for _, file in files))
        yield engine


def _seen(path: Path, folder: Path, seen_as: str | None) -> str:
    if seen_as is None:
        return str(path.resolve())
    return f"{seen_as.rstrip('/')}/{path.relative_to(folder).as_posix()}"


def _require_rows(engine: Engine, table: str, expected: int) -> None:
    [(found,)] = engine.rows(f"SELECT COUNT(*) FROM {table}")  # noqa: S608 - our own names
    if int(found) != expected:
        raise StoreError(
            f"the engine sees {int(found):,} rows of {table}, and the manifests list {expected:,}",
            "give it the same files: --seen-as says what it calls the folder",
        )


def _needed(module: str, extra: str) -> Any:
    """A module of an extra.

    Raises: StoreError when it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.split(".", maxsplit=1)[0]
        raise StoreError(
            f"this engine needs {package}, which cannot be loaded ({error})",
            f"install it with: pip install '{extra}'",
        ) from None


@contextmanager
def _refusals(engine: str, kinds: tuple[type[BaseException], ...]) -> Iterator[None]:
    """What an engine raises, as one sentence.

    Raises: StoreError.
    """
    try:
        yield
    except kinds as error:
        said = " ".join(str(error).split())[:300]
        raise StoreError(
            f"{engine} refused: {said}", "no part of an answer was kept; remove the cause"
        ) from error


def _typed(table: str, types: Mapping[str, str]) -> list[tuple[str, str]]:
    """The columns of a table with the types of an engine."""
    found: list[tuple[str, str]] = []
    for column in TABLES[table]:
        found.append((column.name, types[column.type]))
        if column.type == "amount":
            found.append((exact(column.name), types["exact"]))
    return found


def _literal(text: str) -> str:
    """Text in SQL."""
    quoted = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'"


# ----------------------------------------------------------------------------------------- DuckDB


class DuckDb:
    """In this process."""

    dialect = "duckdb"
    types: Mapping[str, str] = {
        "text": "VARCHAR",
        "integer": "BIGINT",
        "amount": "DECIMAL(38, 0)",
        "exact": "VARCHAR",
    }

    def __init__(self, stack: ExitStack) -> None:
        module = _needed("duckdb", "prorata[analysis]")
        self.errors: tuple[type[BaseException], ...] = (module.Error,)
        self.connection = stack.enter_context(module.connect())

    def load(self, table: str, places: Sequence[str]) -> None:
        """A view of the files; of none, a table without rows."""
        if not places:
            columns = ", ".join(f"{name} {kind}" for name, kind in _typed(table, self.types))
            self.rows(f"CREATE TABLE {table} ({columns})")
            return
        with _refusals("DuckDB", self.errors):
            self.connection.read_parquet(list(places)).create_view(table)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Its answer."""
        with _refusals("DuckDB", self.errors):
            return list(self.connection.execute(sql).fetchall())


# ------------------------------------------------------------------------------------- ClickHouse


class ClickHouse:
    """Through chdb, which is its engine in this process, or a server; both answer JSON lines.

    Tables are named in front of each query, so that nothing is made on a server.
    """

    dialect = "clickhouse"
    types: Mapping[str, str] = {
        "text": "String",
        "integer": "Int64",
        "amount": "Nullable(Decimal(38, 0))",
        "exact": "Nullable(String)",
    }

    def __init__(
        self, ask: Callable[[str], bytes], errors: tuple[type[BaseException], ...]
    ) -> None:
        self.ask = ask
        self.errors = errors
        self.tables: dict[str, str] = {}

    def load(self, table: str, places: Sequence[str]) -> None:
        """The files of a table, each folder by itself."""
        columns = ", ".join(f"{name} {kind}" for name, kind in _typed(table, self.types))
        folders: dict[str, list[str]] = {}
        for place in places:
            folder, _, name = place.rpartition("/")
            folders.setdefault(folder, []).append(name.removesuffix(".parquet"))
        selects = [
            f"SELECT * FROM {self._read(_pattern(folder, names), columns)}"  # noqa: S608
            for folder, names in folders.items()
        ]
        none = f"SELECT * FROM null({_literal(columns)})"  # noqa: S608
        self.tables[table] = " UNION ALL ".join(selects or [none])

    def _read(self, pattern: str, columns: str) -> str:
        function = "file"
        if pattern.startswith("s3://"):
            function = "s3"
        elif pattern.startswith(("http://", "https://")):
            function = "url"
        return f"{function}({_literal(pattern)}, 'Parquet', {_literal(columns)})"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Its answer."""
        named = ", ".join(f"{table} AS ({select})" for table, select in self.tables.items())
        with _refusals("ClickHouse", self.errors):
            # Each row is an array of numbers and text; amounts are text by the query.
            answered = self.ask(f"WITH {named} SELECT * FROM ({sql})")  # noqa: S608
        return [tuple(json.loads(line)) for line in answered.splitlines()]


def _pattern(folder: str, names: Sequence[str]) -> str:
    """Files of a folder as one name, all of them listed."""
    listed = names[0] if len(names) == 1 else f"{{{','.join(names)}}}"
    return f"{folder}/{listed}.parquet"


def _clickhouse(stack: ExitStack, server: str | None, session: Any) -> Engine:
    del session
    if server is not None:
        return _clickhouse_server(stack, server)
    module = _needed("chdb.session", "chdb")
    errors = _needed("chdb", "chdb")
    chdb = module.Session()
    stack.callback(chdb.close)
    settings = "SET output_format_json_quote_64bit_integers = 0"
    chdb.query(settings)
    return ClickHouse(
        lambda sql: bytes(chdb.query(sql, "JSONCompactEachRow").bytes() or b""), (errors.ChdbError,)
    )


def _clickhouse_server(stack: ExitStack, server: str) -> Engine:
    module = _needed("clickhouse_connect", "prorata[cluster]")
    errors = (_needed("clickhouse_connect.driver.exceptions", "prorata[cluster]").Error, OSError)
    with _refusals(f"the ClickHouse at {_without_password(server)}", errors):
        client = module.get_client(dsn=server)
    stack.callback(client.close)
    settings = {"output_format_json_quote_64bit_integers": 0, "readonly": 2}
    return ClickHouse(
        lambda sql: bytes(client.raw_query(sql, fmt="JSONCompactEachRow", settings=settings)),
        errors,
    )


def _without_password(address: str) -> str:
    """An address, without whoever signs in there."""
    scheme, mark, rest = address.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


# ------------------------------------------------------------------------------------------ Spark


class Spark:
    """A session of Spark, wherever its workers are."""

    dialect = "pyspark"
    types: Mapping[str, str] = {
        "text": "STRING",
        "integer": "BIGINT",
        "amount": "DECIMAL(38, 0)",
        "exact": "STRING",
    }

    def __init__(self, session: Any, errors: tuple[type[BaseException], ...]) -> None:
        self.session = session
        self.errors = errors

    def load(self, table: str, places: Sequence[str]) -> None:
        """A view of the files; of none, one without rows."""
        columns = ", ".join(f"{name} {kind}" for name, kind in _typed(table, self.types))
        with _refusals("Spark", self.errors):
            if places:
                frame = self.session.read.schema(columns).parquet(*places)
            else:
                frame = self.session.createDataFrame([], columns)
            frame.createOrReplaceTempView(table)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Its answer."""
        with _refusals("Spark", self.errors):
            return [tuple(row) for row in self.session.sql(sql).collect()]


def _spark(stack: ExitStack, server: str | None, session: Any) -> Engine:
    module = _needed("pyspark.sql", "prorata[cluster]")
    errors = (
        _needed("pyspark.errors", "prorata[cluster]").PySparkException,
        _needed("py4j.protocol", "prorata[cluster]").Py4JError,
        OSError,
        RuntimeError,
    )
    if session is None:
        with _refusals("Spark", errors):
            session = spark_session(module, server or LOCAL_SPARK)
        stack.callback(session.stop)
    return Spark(session, errors)


def spark_session(module: Any, master: str) -> Any:
    """A session that computes as the others do: a sum that overflows is refused, zones are UTC."""
    settings = {
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if master.startswith("local"):
        # A cluster has settings of its own; two hundred parts are too many for one machine.
        settings["spark.sql.shuffle.partitions"] = "8"
    builder = module.SparkSession.builder.master(master).appName("prorata")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _duckdb(stack: ExitStack, server: str | None, session: Any) -> Engine:
    del session
    if server is not None:
        raise InputError.of(
            "server", server, "is given, and DuckDB has none", "name --engine clickhouse or spark"
        )
    return DuckDb(stack)


_MAKERS: Mapping[str, Callable[[ExitStack, str | None, Any], Engine]] = {
    "duckdb": _duckdb,
    "clickhouse": _clickhouse,
    "spark": _spark,
}

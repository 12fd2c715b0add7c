"""What operators see: figures that are the ledger's, lines without values, spans without values."""

from __future__ import annotations

import io
import json
import logging
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from prorata.alerts.outbox import prepare
from prorata.chain.rpc import Wire
from prorata.chain.transports.troubles import TROUBLES
from prorata.errors import ChainError, InputError
from prorata.service.app import create_app
from prorata.service.settings import Settings
from prorata.service.telemetry.ledger_metrics import LedgerMetrics, NodeMetrics
from prorata.service.telemetry.logs import JsonLines, Observed
from prorata.service.telemetry.metrics import request_metrics, serving_metrics
from prorata.service.telemetry.traces import trace
from prorata.store.database import Database
from prorata.store.outbox_schema import alert, alert_delivery
from tests.prorata.service.client import Client
from tests.prorata.service.conftest import SECRET
from tests.prorata.store.made_logs import DOLLAR, OTHER, TOKEN, person


def figures(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Each sample by its name and the values of its labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(*collectors: Any) -> dict[tuple[str, tuple[str, ...]], float]:
    with serving_metrics(0, *collectors) as port:
        # Without a proxy, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            return figures(answer.read().decode())


# ------------------------------------------------------------------------------------- the ledger


def test_the_ledgers_figures_are_the_ledgers(serve, tmp_path: Path) -> None:
    """Law 122: lags, the outbox, the NAV, what is unpaid and the audit, each as it is."""
    served = serve()
    audit = tmp_path / "audit.json"
    said = json.dumps({"as_of": "2023-11-14T22:13:20Z", "balanced": True})
    # Behind an audit that has failed its refusal follows.
    audit.write_text(f'{said}\n{{"error": {{}}}}')
    served.chain.mine()
    served.chain.mine()
    served.writer.note(served.chain.header(served.chain.head), served.chain.header(4))
    now = served.chain.time(served.chain.head) + 1_000
    with closing(Database.open(served.place)) as database:
        prepare(database)
        with database.writing() as connection:
            connection.execute(insert(alert), [_alert(n, now - 500 + n) for n in range(3)])
            states = ("pending", "claimed", "dead")
            connection.execute(
                insert(alert_delivery),
                [
                    {"alert": str(n), "receiver": "desk", "state": state, "attempts": 0, "due": 0,
                     "claimed_until": 0, "said": ""}
                    for n, state in enumerate(states)
                ],
            )  # fmt: skip
        found = scraped(
            LedgerMetrics(
                database, lambda chain_id, token: [now - 50, now - 20] if token == TOKEN else (),
                audit, clock=lambda: float(now),
            )
        )  # fmt: skip
    chain = ("31337",)
    assert found["prorata_ledger_up", ()] == 1
    assert found["prorata_block_lag_blocks", chain] == 2
    assert found["prorata_finality_lag_blocks", chain] == served.chain.head - 4
    assert found["prorata_verified_lag_blocks", chain] == 4
    assert found["prorata_head_age_seconds", chain] == 1_000
    assert found["prorata_writer_alive", chain] == 1
    assert found["prorata_contracts_stopped", chain] == 0
    assert found["prorata_reorganisations_total", chain] == 0
    assert found["prorata_outbox_waiting", ("desk",)] == 2
    assert found["prorata_outbox_dead", ("desk",)] == 1
    assert found["prorata_outbox_age_seconds", ()] == 500
    assert found["prorata_nav_age_seconds", tuple(sorted(("31337", TOKEN, "HAR")))] == 20
    assert ("prorata_nav_age_seconds", tuple(sorted(("31337", OTHER, "ORC")))) not in found
    # 1,000 came, 995 were paid, 2 swept.
    assert found["prorata_unpaid_units", tuple(sorted(("31337", TOKEN, "HAR", DOLLAR)))] == 3
    assert found["prorata_audit_balanced", ()] == 1
    assert found["prorata_audit_age_seconds", ()] == now - 1_700_000_000


def _alert(number: int, decided_at: int) -> dict[str, Any]:
    return {
        "id": str(number), "chain": "c", "base": str(number), "life": 0, "kind": "alert",
        "rule": "r", "name": "n", "severity": "info", "asset": "", "block": 1, "hash": "",
        "time": 0, "decided_at": decided_at, "silenced": 0, "settled": 1, "body": "{}",
    }  # fmt: skip


def test_what_cannot_be_read_is_a_figure_too(serve, tmp_path: Path) -> None:
    """Law 122: a ledger that is gone, and an audit that nobody has written."""
    served = serve()
    with closing(Database.open(served.place)) as database:
        found = scraped(LedgerMetrics(database, audit=tmp_path / "none.json"))
        assert ("prorata_audit_balanced", ()) not in found
        assert ("prorata_audit_age_seconds", ()) not in found
        with database.writing() as connection:
            connection.exec_driver_sql("DROP TABLE source_asset")
            connection.exec_driver_sql("DROP TABLE source")
        assert scraped(LedgerMetrics(database)) == {("prorata_ledger_up", ()): 0}


def test_nodes_that_do_not_answer_are_counted() -> None:
    """Law 122: by host, without what may be a key."""
    before = TROUBLES["http://127.0.0.1:9", "failed"]
    with pytest.raises(ChainError):
        Wire("http://127.0.0.1:9/v3/a-key")([("eth_chainId", ())])
    nodes = NodeMetrics()
    nodes.undone += [2, 5, 1]
    found = scraped(nodes)
    assert found["prorata_rpc_errors_total", ("failed", "http://127.0.0.1:9")] == before + 1
    assert found["prorata_reorganisation_depth_blocks", ()] == 5
    assert not [labels for _, labels in found if "a-key" in str(labels)]


def test_a_port_that_is_taken_is_refused() -> None:
    refused = pytest.raises(InputError, match="is taken on this machine")
    with serving_metrics(0) as port, refused, serving_metrics(port):
        pass
    with serving_metrics(None) as nothing:
        assert nothing is None


# -------------------------------------------------------------------------------------- requests


@pytest.fixture
def observed(serve) -> Iterator[tuple[Client, io.StringIO]]:
    served = serve()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("prorata")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    app = create_app(Settings(ledger=served.place, secrets=(SECRET,), public=frozenset({TOKEN})))
    app.add_middleware(Observed, metrics=request_metrics())
    try:
        with Client(app, raises=False) as client:
            yield client, stream
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def test_a_request_has_one_line_and_no_value_in_it(observed) -> None:
    """Law 123: the route's template, status, time, ids; no address, no query, no key."""
    client, stream = observed
    secret = "pr_abcdef_" + "s" * 32
    holder = person(1)
    client.get(
        f"/v1/assets/{TOKEN}/holders/{holder}?at=block:5&name=Samuel%20Mensah",
        headers={"X-Request-ID": "r-1", "Authorization": f"Basic {secret}"},
    )
    client.get("/nowhere/Samuel%20Mensah?key=" + secret)
    client.get(f"/v1/assets/{TOKEN}/holders/{'x' * 50}")
    text = stream.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["logger"] == "prorata.request"]
    assert [line["route"] for line in requests] == [
        "/v1/assets/{asset}/holders/{address}", "unmatched", "/v1/assets/{asset}/holders/{address}",
    ]  # fmt: skip
    assert requests[0]["request_id"] == "r-1"
    assert requests[0]["ms"] >= 0
    assert requests[1]["status"] == 404
    for value in (secret, holder, "Mensah", "x" * 50, TOKEN):
        assert value not in text


def test_a_fault_is_logged_by_its_kind_and_place() -> None:
    """Law 123: and not by its words, in which a driver may put the values of a query."""
    try:
        raise RuntimeError("INSERT ('Samuel Mensah')")
    except RuntimeError as error:
        record = logging.LogRecord(
            "prorata",
            logging.ERROR,
            "",
            1,
            "it failed",
            (),
            (type(error), error, error.__traceback__),
        )
    line = json.loads(JsonLines().format(record))
    assert (line["fault"], line["level"]) == ("RuntimeError", "error")
    assert "test_a_fault_is_logged" in line["places"][0]
    assert "Mensah" not in str(line)


def test_requests_are_counted_by_route_and_status(observed) -> None:
    """Law 122."""
    client, _ = observed
    metrics = request_metrics()
    route = "/v1/assets/{asset}"

    def count() -> float:
        return metrics.requests.labels("GET", route, "200")._value.get()

    before = count()
    for _ in range(3):
        assert client.get(f"/v1/assets/{TOKEN}").status_code == 200
    assert count() == before + 3
    made = CollectorRegistry()
    made.register(metrics.seconds)
    samples = [s for family in made.collect() for s in family.samples]
    counted = [s for s in samples if s.name.endswith("_count") and s.labels["route"] == route]
    assert counted[0].value >= 3


# ---------------------------------------------------------------------------------------- traces


def test_a_request_is_a_span_without_values(serve) -> None:
    """Law 123: by OpenTelemetry's own instrumentation, into an exporter in memory."""
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    served = serve()
    app = create_app(Settings(ledger=served.place, secrets=(SECRET,), public=frozenset({TOKEN})))
    exporter = InMemorySpanExporter()
    provider = trace(app, exporter)
    with Client(app) as client:
        assert client.get(f"/v1/assets/{TOKEN}?at=block:5").status_code == 200
        client.get("/health")
    provider.shutdown()
    [span] = exporter.get_finished_spans()
    assert span.name == "GET /v1/assets/{asset}"
    assert TOKEN not in str(span.to_json())
    assert "block:5" not in str(span.to_json())

"""Alarms over the metrics: each names what there is, rings when it should, and has a runbook."""

from __future__ import annotations

import json
import operator
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from sqlalchemy import insert, update

from prorata.alerts.outbox import prepare
from prorata.service.telemetry.ledger_metrics import LedgerMetrics, NodeMetrics
from prorata.service.telemetry.metrics import request_metrics
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.outbox_schema import alert, alert_delivery
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.service.telemetry.test_telemetry import _alert

FILE = PROJECT_ROOT / "examples" / "service" / "prometheus-rules.yaml"
[GROUP] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["groups"]
RULES: list[dict[str, Any]] = GROUP["rules"]
RUNBOOKS = (PROJECT_ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")

NAME, LABELS, NUMBER = r"(?P<name>prorata_[a-z_]+)", r"(?:\{[a-z_]+=~?\"[^\"]+\"\})?", r"[0-9.]+"
TIME = r"[0-9]+[smhd]"
COMPARED = rf"(?P<sign>==|>|<) (?P<limit>{NUMBER})"
FORMS = (
    rf"{NAME}{LABELS} {COMPARED}",
    rf"absent\({NAME}\)",
    rf"(?:increase|rate)\({NAME}{LABELS}\[{TIME}\]\) {COMPARED}",
    rf"histogram_quantile\({NUMBER}, sum by \(le\) \(rate\({NAME}\[{TIME}\]\)\)\) {COMPARED}",
)
"""All that the file may say, of the language in which Prometheus is asked."""

SHOWN = {"prorata_changes_total", "prorata_unpaid_units", "prorata_http_request_seconds"}
"""What no alarm is about by itself: figures of how things go."""


def parsed(expression: str) -> re.Match[str]:
    found = [match for form in FORMS if (match := re.fullmatch(form, expression))]
    assert len(found) == 1, expression
    return found[0]


def slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def samples(*collectors: Any) -> dict[str, list[float]]:
    """The values of each name; a family without any is named, too."""
    found: dict[str, list[float]] = {}
    for collector in collectors:
        registry = CollectorRegistry()
        registry.register(collector)
        for family in registry.collect():
            total = "_total" if family.type == "counter" else ""
            found.setdefault(family.name + total, [])
            if family.type == "histogram":
                found.setdefault(f"{family.name}_bucket", [])
            for sample in family.samples:
                if not sample.name.endswith("_created"):
                    found.setdefault(sample.name, []).append(sample.value)
    return found


def rings(rule: dict[str, Any], found: dict[str, list[float]]) -> bool:
    """Whether a rule that compares one figure rings, were it to stay so."""
    match = parsed(rule["expr"])
    compare = {"==": operator.eq, ">": operator.gt, "<": operator.lt}[match["sign"]]
    return any(compare(value, float(match["limit"])) for value in found.get(match["name"], []))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alarm_has_a_runbook_that_names_it(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(TIME, rule.get("for", "1m"))
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "runbook"}
    path, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert path == "docs/runbooks.md"
    [section] = [
        text
        for heading, text in re.findall(
            r"^## (.+?)\n(.*?)(?=^## |\Z)", RUNBOOKS, re.MULTILINE | re.DOTALL
        )
        if slug(heading) == anchor
    ]
    assert re.search(r"^1\. ", section, re.MULTILINE)
    name = parsed(rule["expr"])["name"].removesuffix("_bucket")
    assert f"`{name}`" in section or f"*{rule['alert']}*" in section


def ledger_metrics(database: Database, audit: Path, now: float) -> LedgerMetrics:
    return LedgerMetrics(database, lambda *_: [int(now) - 20], audit, clock=lambda: now)


def test_alarms_are_about_what_there_is_and_ring_when_they_should(served, tmp_path: Path) -> None:
    """Law 122: nothing rings over a ledger that is well; over one that is not, each does."""
    audit = tmp_path / "audit.json"
    audit.write_text(json.dumps({"as_of": "2023-11-14T22:13:20Z", "balanced": True}))
    now = served.chain.time(served.chain.head) + 10.0
    served.writer.note(served.chain.header(served.chain.head), served.chain.header(4))
    chain = schema.chain
    with closing(Database.open(served.place)) as database:
        prepare(database)
        with database.writing() as connection:
            connection.execute(update(chain).values(verified_to=chain.c.final))
        nodes = NodeMetrics()
        well = samples(ledger_metrics(database, audit, now), nodes)
        compared = [rule for rule in RULES if re.fullmatch(FORMS[0], rule["expr"])]
        assert [rule["alert"] for rule in compared if rings(rule, well)] == []

        audit.write_text(json.dumps({"as_of": "2023-11-14T22:13:20Z", "balanced": False}))
        nodes.undone.append(9)
        later = now + 40 * 86_400
        messages = [_alert(number, int(now)) for number in range(1_002)]
        with database.writing() as connection:
            connection.execute(insert(alert), messages)
            waiting = [
                {"alert": one["id"], "receiver": "desk", "attempts": 0, "due": 0, "said": "",
                 "state": "dead" if one["id"] == "0" else "pending", "claimed_until": 0}
                for one in messages
            ]  # fmt: skip
            connection.execute(insert(alert_delivery), waiting)
            far = chain.c.head + 2_000
            connection.execute(update(chain).values(head=far, writer=None))
            [first, *_] = connection.execute(schema.source.select()).all()
            mine = update(schema.source).where(schema.source.c.id == first.id)
            connection.execute(mine.values(stopped="a test"))
        ill = ledger_metrics(database, audit, later)
        ill.navs = lambda *_: [int(now)]
        found = samples(ill, nodes)
        with database.writing() as connection:
            connection.execute(update(chain).values(final=chain.c.head))
        found["prorata_verified_lag_blocks"] = samples(ill)["prorata_verified_lag_blocks"]
        with database.writing() as connection:
            connection.exec_driver_sql("DROP TABLE source_asset")
            connection.exec_driver_sql("DROP TABLE source")
        found["prorata_ledger_up"] = samples(ill)["prorata_ledger_up"]
    assert [rule["alert"] for rule in compared if not rings(rule, found)] == []

    metrics = request_metrics()
    there = {*found, *samples(metrics.requests), *samples(metrics.seconds)}
    named = {parsed(rule["expr"])["name"] for rule in RULES}
    assert named <= there
    parts = ("_bucket", "_sum", "_count")
    assert {one for one in there if not one.endswith(parts)} - named == SHOWN

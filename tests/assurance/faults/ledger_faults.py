"""What nodes do to whoever reads a chain's log: they limit ranges, lag, forget finality, and lie.

Each is a fault of the proxy, which asks the true node and changes what it says. All of them go on
for as long as the proxy is armed with them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.assurance.faults.proxy import Answer, Exchange, Fault

__all__ = [
    "ALWAYS",
    "DIALECTS",
    "LIES",
    "changed",
    "finality_missing",
    "heads_repeated",
    "lagging",
    "range_limited",
]

ALWAYS = {"at": 1, "times": 10**9}
LOGS, HEADER = "eth_getLogs", "eth_getBlockByNumber"

Change = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
"""From a question and its true answer to what is said instead."""

# The words of providers for a range that is too wide, with the most that they take.
DIALECTS = {
    "infura": (-32602, "range {count} exceeds limit of {most}"),
    "alchemy": (-32600, "You can make eth_getLogs requests with up to a {most} block range."),
    "quicknode": (-32614, "eth_getLogs is limited to a {most} range"),
    "ankr": (-32000, "block range is too wide, blocks distance: {most}"),
    "nobody knows": (-32099, "computer says no"),
}  # fmt: skip


def changed(change: Change) -> Fault:
    """A fault that changes each answer of an exchange."""

    def fault(exchange: Exchange) -> Answer:
        said = json.loads(exchange.ask())
        found = {one["id"]: one for one in (said if isinstance(said, list) else [said])}
        answers = [
            {"jsonrpc": "2.0", "id": part["id"], **_bare(change(part, _bare(found[part["id"]])))}
            for part in exchange.parts
        ]
        body = answers if isinstance(exchange.body, list) else answers[0]
        return Answer(json.dumps(body).encode())

    return fault


def _bare(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in answer.items() if name in ("result", "error")}


def range_limited(dialect: str, most: int) -> Fault:
    """Ranges of more blocks are refused, in one provider's words."""
    code, words = DIALECTS[dialect]

    def change(part: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        span = part["params"][0] if part["method"] == LOGS else {}
        if "fromBlock" not in span:
            return answer
        count = int(span["toBlock"], 16) - int(span["fromBlock"], 16) + 1
        if count <= most:
            return answer
        return {"error": {"code": code, "message": words.format(count=count, most=most)}}

    return changed(change)


def lagging(blocks: int, header: Callable[[int], Any]) -> Fault:
    """The node has not the newest `blocks` yet; `header` is asked for what it takes for newest."""

    def until() -> int:
        return max(0, int(header(-1)["number"], 16) - blocks)

    def change(part: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        found = answer.get("result")
        if part["method"] == HEADER and isinstance(found, dict):
            if int(found["number"], 16) <= until():
                return answer
            newest = part["params"][0] in ("latest", "finalized")
            return {"result": header(until()) if newest else None}
        if part["method"] == LOGS and isinstance(found, list):
            return {"result": [log for log in found if int(log["blockNumber"], 16) <= until()]}
        return answer

    return changed(change)


def heads_repeated(times: int) -> Fault:
    """The newest block is told as it was before, so many times, before a new one is told."""
    told: list[Any] = []

    def change(part: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if part["method"] != HEADER or part["params"][0] != "latest":
            return answer
        if not told or told[-1][1] >= times:
            told.append([answer, 0])
        told[-1][1] += 1
        repeated: dict[str, Any] = told[-1][0]
        return repeated

    return changed(change)


def finality_missing(part: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The node knows no `finalized`."""
    if part["method"] == HEADER and part["params"][0] == "finalized":
        return {"error": {"code": -32602, "message": "invalid block tag"}}
    return answer


def _of_logs(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Change:
    def changed_logs(part: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if part["method"] != LOGS or not answer.get("result"):
            return answer
        return {"result": change(answer["result"])}

    return changed_logs


def _altered(log: dict[str, Any]) -> dict[str, Any]:
    data = log["data"]
    if len(data) > 2:
        return {**log, "data": data[:-1] + ("1" if data[-1] != "1" else "2")}
    return {**log, "topics": [*log["topics"][:-1], "0x" + "12" * 32]}


LIES: dict[str, Change] = {
    "one left out": _of_logs(lambda logs: logs[:-1]),
    "all left out": _of_logs(lambda logs: []),
    "one doubled": _of_logs(lambda logs: [*logs, logs[-1]]),
    "one altered": _of_logs(lambda logs: [*logs[:-1], _altered(logs[-1])]),
    "another hash": _of_logs(
        lambda logs: [*logs[:-1], {**logs[-1], "blockHash": "0x" + "5a" * 32}]
    ),
}
"""Of the last log in every answer that has any."""

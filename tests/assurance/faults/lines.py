"""What goes wrong on the line: connections, gateways and providers."""

from __future__ import annotations

import json
from typing import Any

from tests.assurance.faults.proxy import SENDING, Answer, Exchange, Fault

__all__ = ["LIMITS", "LINES", "PATIENCE", "TOO_MANY"]

# Seconds that a client waits whose line may be stalled, so that it soon gives up.
PATIENCE = 0.4

PAGE = b"<html><head><title>upstream</title></head><body><center>nginx</center></body></html>"
TOO_MANY = "Your app has exceeded its compute units per second capacity"


def swallowed_before(exchange: Exchange) -> Answer:
    """The connection closes; the node has heard nothing."""
    return Answer(share=0)


def swallowed_after(exchange: Exchange) -> Answer:
    """The node has done it; its answer is lost."""
    exchange.ask()
    return Answer(share=0)


def stalled_before(exchange: Exchange) -> Answer:
    """Time runs out; the node has heard nothing."""
    return Answer(share=0, delay=1.2 * PATIENCE)


def stalled_after(exchange: Exchange) -> Answer:
    """The node has done it; its answer comes when nobody waits any more."""
    return Answer(exchange.ask(), delay=1.2 * PATIENCE)


def truncated(exchange: Exchange) -> Answer:
    """The line breaks in the middle of the answer."""
    return Answer(exchange.ask(), share=500)


def cut(exchange: Exchange) -> Answer:
    """A gateway passes on half an answer as if it were whole."""
    body = exchange.ask()
    return Answer(body[: len(body) // 2])


def doubled(exchange: Exchange) -> Answer:
    """Every answer comes twice."""
    answer = json.loads(exchange.ask())
    return Answer(json.dumps(answer * 2 if isinstance(answer, list) else [answer] * 2).encode())


class Belated:
    """The answer to the exchange before comes in place of this one's, which is done."""

    def __init__(self) -> None:
        self.last: bytes | None = None

    def __call__(self, exchange: Exchange) -> Answer:
        answer = exchange.ask()
        earlier, self.last = self.last or answer, answer
        return Answer(earlier)


def shuffled(exchange: Exchange) -> Answer:
    """The answers of a batch come in the wrong order."""
    answer = json.loads(exchange.ask())
    return Answer(json.dumps(answer[::-1] if isinstance(answer, list) else answer).encode())


def http(status: int, body: bytes = PAGE) -> Fault:
    """A gateway answers in the node's place."""

    def fault(exchange: Exchange) -> Answer:
        return Answer(body, status)

    return fault


def http_after(status: int) -> Fault:
    """The node has done it; a gateway says otherwise."""

    def fault(exchange: Exchange) -> Answer:
        exchange.ask()
        return Answer(PAGE, status)

    return fault


def limited(exchange: Exchange) -> Answer:
    """HTTP 429 with one JSON-RPC error for the whole batch, without an id."""
    error = {"code": 429, "message": TOO_MANY}
    return Answer(json.dumps({"jsonrpc": "2.0", "error": error}).encode(), 429)


def limited_whole(exchange: Exchange) -> Answer:
    """HTTP 200 with one JSON-RPC error for the whole batch, whose id is null."""
    error = {"code": -32005, "message": "daily request count exceeded, request rate limited"}
    return Answer(json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode())


def refused(code: int, message: str, *, heard: bool = False) -> Fault:
    """A JSON-RPC error for each question, of which the node may have heard all the same."""

    def fault(exchange: Exchange) -> Answer:
        if heard:
            exchange.ask()
        return Answer(exchange.each(lambda part: {"error": {"code": code, "message": message}}))

    return fault


def refused_in_words(exchange: Exchange) -> Answer:
    """An error that is a text where an object belongs."""
    return Answer(exchange.each(lambda part: {"error": "backend unavailable"}))


def empty(exchange: Exchange) -> Answer:
    """A node behind the others knows nothing of it yet."""
    return Answer(exchange.each(lambda part: {"result": None}))


def holed(exchange: Exchange) -> Answer:
    """A batch comes back with nothing in it."""
    return Answer(json.dumps([None for _ in exchange.parts]).encode())


def limited_logs(exchange: Exchange) -> Answer | None:
    """A provider that gives the logs of three blocks at most."""
    if exchange.methods != ["eth_getLogs"]:
        return None
    span: dict[str, Any] = exchange.parts[0]["params"][0]
    if int(span["toBlock"], 16) - int(span["fromBlock"], 16) < 3:
        return None
    message = "Log response size exceeded. You can make requests with up to a 3 block range"
    return Answer(exchange.each(lambda part: {"error": {"code": -32602, "message": message}}))


def batches_over(most: int, refuse: Fault) -> Fault:
    """A node that takes batches of so many questions, and refuses longer ones in its own way."""

    def fault(exchange: Exchange) -> Answer | None:
        return refuse(exchange) if len(exchange.parts) > most else None

    return fault


def refused_for_the_first(exchange: Exchange) -> Answer:
    """One error in a list, with the number of the first question."""
    error = {"code": -32600, "message": "batch too large"}
    answer = {"jsonrpc": "2.0", "id": exchange.parts[0]["id"], "error": error}
    return Answer(json.dumps([answer]).encode())


def refused_as_a_whole(status: int) -> Fault:
    """One error for all, with a status of HTTP."""

    def fault(exchange: Exchange) -> Answer:
        error = {"code": -32603, "message": "Internal error"}
        return Answer(json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode(), status)

    return fault


def shortened(exchange: Exchange) -> Answer:
    """Only the first half of the answers comes back, of which the node has done all."""
    answers = json.loads(exchange.ask())
    return Answer(json.dumps(answers[: len(answers) // 2]).encode())


def renumbered(exchange: Exchange) -> Answer:
    """The answers are numbered from 0 on, in another order than the questions."""
    answers = json.loads(exchange.ask())
    numbered = [{**answer, "id": number} for number, answer in enumerate(answers[::-1])]
    return Answer(json.dumps(numbered).encode())


def on_sending(fault: Fault) -> Fault:
    """The fault for what broadcasts, alone."""

    def chosen(exchange: Exchange) -> Answer | None:
        return fault(exchange) if SENDING in exchange.methods else None

    return chosen


LINES: dict[str, Fault] = {
    "connection closed before the node": swallowed_before,
    "connection closed after the node": swallowed_after,
    "time-out before the node": stalled_before,
    "time-out after the node": stalled_after,
    "answer broken off": truncated,
    "answer cut in half": cut,
    "answers doubled": doubled,
    "answers shuffled": shuffled,
    "HTTP 429 page": http(429),
    "HTTP 429 error without id": limited,
    "HTTP 500 page": http(500),
    "HTTP 502 page": http(502),
    "HTTP 502 after the node": http_after(502),
    "HTTP 503 page": http(503),
    "HTTP 503 after the node": http_after(503),
    "rate limit for a batch": limited_whole,
    "rate limit for each": refused(-32005, TOO_MANY),
    "internal error before the node": refused(-32603, "Internal error"),
    "internal error after the node": refused(-32603, "Internal error", heard=True),
    "header not found": refused(-32000, "header not found"),
    "error in words": refused_in_words,
    "null for everything": empty,
    "batch of nothing": holed,
    "already known": on_sending(refused(-32000, "already known", heard=True)),
    "already known, which is untrue": on_sending(refused(-32000, "already known")),
    "nonce too low, which is untrue": on_sending(refused(-32000, "nonce too low: next nonce 99")),
    "nonce too low after the node": on_sending(refused(-32000, "nonce too low", heard=True)),
    "replacement underpriced, which is untrue": on_sending(
        refused(-32000, "replacement transaction underpriced", heard=True)
    ),
    "log range of three blocks": limited_logs,
}
"""Every fault of the line by name. `Belated` is made anew for each use."""

LIMITS: dict[str, Fault] = {
    "one error for the first question": batches_over(3, refused_for_the_first),
    "an error with HTTP 500": batches_over(3, refused_as_a_whole(500)),
    "an error with HTTP 413": batches_over(3, refused_as_a_whole(413)),
    "a page with HTTP 413": batches_over(3, http(413)),
    "half of the answers": batches_over(3, shortened),
    "other numbers": batches_over(1, renumbered),
    "log range of three blocks": limited_logs,
}
"""What nodes do at all times to who asks for too much at once, by name."""

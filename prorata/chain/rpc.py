# SPDX-License-Identifier: MIT
"""JSON-RPC over HTTP: one session, batches, and every failure a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

import requests

from prorata.errors import RUN_AGAIN, ChainError

if TYPE_CHECKING:
    from web3 import Web3

__all__ = [
    "BusyError",
    "HttpWire",
    "Request",
    "Wire",
    "asks_too_often",
    "borrowed",
    "reason_given",
    "shown",
]
TIMEOUT_SECONDS = 30
RETRIES_AFTER_SECONDS = (0.25, 1.0)
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
BUSY = frozenset({429, 502, 503, 504})

# What providers say, in errors of whatever code, to one who asks too often.
_TOO_OFTEN = (
    "compute units",
    "per second",
    "rate limit",
    "rate-limit",
    "request count",
    "throttl",
    "too many requests",
)


# -------------------------------------------------------------------------------- the node's wire


Request: TypeAlias = tuple[str, Sequence[object]]
Wire: TypeAlias = Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]]


class BusyError(ChainError):
    """The node would answer later, and nothing is wrong with the question."""


class HttpWire:
    """Posts JSON-RPC requests over one session; retries what a busy node refused."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        # A node on this machine is never behind a proxy, whatever the environment says.
        self._session.trust_env = urlsplit(url).hostname not in LOOPBACK

    def __call__(self, batch: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Post one batch; the answers, in any order."""
        answer = self._post(batch[0] if len(batch) == 1 else list(batch))
        if isinstance(answer, list):
            return [part for part in answer if isinstance(part, dict)]
        if len(batch) == 1 and isinstance(answer, dict):
            # An error may come without the number of the question; of one question it is this.
            return [answer if answer.get("id") is not None else {**answer, "id": batch[0]["id"]}]
        # Some providers take no batches.
        return [part for request in batch for part in self([request])]

    def _post(self, body: object) -> list[Any] | dict[str, Any]:
        for pause in (*RETRIES_AFTER_SECONDS, None):
            try:
                response = self._session.post(self.url, json=body, timeout=TIMEOUT_SECONDS)
                answer = _json(response)
                if not _is_busy(response, answer):
                    return _told(response, answer)
                if pause is None:
                    return _last_word(response, answer)
            except requests.RequestException as error:
                if pause is None or isinstance(error, requests.exceptions.InvalidURL):
                    raise ChainError(
                        f"the node at {shown(self.url)} does not answer ({_reason(error)})",
                        "check the address and that the node is running",
                    ) from None
            time.sleep(pause)
        raise AssertionError


def _json(response: requests.Response) -> list[Any] | dict[str, Any] | None:
    """What it says, or None when that is no JSON-RPC."""
    try:
        answer: object = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, list | dict) else None


def _told(
    response: requests.Response, answer: list[Any] | dict[str, Any] | None
) -> list[Any] | dict[str, Any]:
    if answer is not None:
        return answer
    raise ChainError(
        f"the node at {shown(response.url)} answered HTTP {response.status_code}, not JSON-RPC",
        "check the address and, if it needs one, the key in it",
    )


def _is_busy(response: requests.Response, answer: list[Any] | dict[str, Any] | None) -> bool:
    """Whether the same question may have an answer in a moment."""
    if answer is None:
        # Half an answer, which a gateway took for a whole one, says that all is well.
        return response.ok or response.status_code in {*BUSY, 500}
    parts = answer if isinstance(answer, list) else [answer]
    return response.status_code in BUSY or any(asks_too_often(part) for part in parts)


def asks_too_often(answer: object) -> bool:
    """Whether an answer's error says that the node is asked too often."""
    failed = answer.get("error") if isinstance(answer, dict) else None
    if failed is None:
        return False
    said = str(failed.get("message", "") if isinstance(failed, dict) else failed).lower()
    return any(words in said for words in _TOO_OFTEN)


def _last_word(response: requests.Response, answer: list[Any] | dict[str, Any] | None) -> list[Any]:
    """The answer of a node that is still busy, if it says to which question; else a refusal.

    A batch that is refused as a whole is not asked again in pieces, which would be asking more.
    """
    if isinstance(answer, list):
        return answer
    said, status = f"the node at {shown(response.url)}", response.status_code
    if answer and answer.get("error"):
        said += f" answers no more for now: {reason_given(answer['error'])}"
    elif status == 429:
        said += " answers no more for now (HTTP 429, too many requests)"
    elif response.ok:
        said += f" answered half a sentence with HTTP {status}"
    else:
        said += f" is out of order for now (HTTP {status})"
    raise BusyError(said, f"wait a minute and {RUN_AGAIN}")


def reason_given(failed: object) -> str:
    """The text of a node's error, which a few give instead of an object."""
    text = failed.get("message") if isinstance(failed, dict) else failed
    return str(text or "no reason given").rstrip(".")


def shown(url: str) -> str:
    """The address without what may be a key: user, path and query stay unsaid."""
    scheme, _, rest = url.partition("://")
    host = rest.split("/")[0].split("?")[0].rpartition("@")[2]
    return f"{scheme}://{host}"


def _reason(error: requests.RequestException) -> str:
    # The library's own texts repeat the whole address, key included.
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT_SECONDS} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke in the middle of its answer"
    if not isinstance(error, requests.ConnectionError):
        return "bad address"
    # Heard or not is all the difference to one who has just sent something.
    closed = "RemoteDisconnected" in str(error) or "reset by peer" in str(error)
    return "the connection closed before it answered" if closed else "connection refused"


def borrowed(web3: Web3) -> Wire:
    """The connection of a `Web3`, one request at a time."""

    def send(batch: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        answers = []
        for request in batch:
            try:
                answer = web3.provider.make_request(request["method"], request["params"])
            except (OSError, requests.RequestException) as error:
                raise ChainError(f"the node does not answer ({type(error).__name__})") from None
            answers.append({**answer, "id": request["id"]})
        return answers

    return send

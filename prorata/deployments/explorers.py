# SPDX-License-Identifier: MIT
"""Explorers that verify sources: Sourcify by its API v2, and whatever speaks Etherscan's API v2.

An explorer is handed the compiler's whole input and compiles it again. Both take a request and
answer later, so that each is asked again until it is done. A key is sent in a form's body or in the
query, as its explorer wants it, and stands in no sentence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import requests

from prorata.errors import ChainError

__all__ = [
    "ETHERSCAN_URL",
    "SOURCIFY_URL",
    "Etherscan",
    "Explorer",
    "Outcome",
    "Sourcify",
    "State",
    "VerificationRequest",
]

SOURCIFY_URL = "https://sourcify.dev/server"
ETHERSCAN_URL = "https://api.etherscan.io/v2/api"

TIMEOUT_SECONDS = 30.0
TOO_MANY = 429
LONGEST_WORDS = 200


class State(Enum):
    """What an explorer says of a contract."""

    VERIFIED = "verified"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What an explorer answered: `job` is what it is asked about again, `words` are its own."""

    state: State
    words: str
    job: str | None = None


@dataclass(frozen=True)
class VerificationRequest:
    """One contract to be verified: `source_name` is where the compiler's input has it.

    `arguments` are those of the constructor, encoded.
    """

    chain_id: int
    address: str
    name: str
    source_name: str
    compiler_build: str
    standard_input: Mapping[str, Any]
    arguments: bytes
    transaction: str | None

    @property
    def identifier(self) -> str:
        """The contract in the compiler's terms."""
        return f"{self.source_name}:{self.name}"


class Explorer(Protocol):
    """Whoever compiles sources again and publishes what comes of it."""

    name: str
    url: str

    def submit(self, asked: VerificationRequest) -> Outcome:
        """Ask for a verification. Raises: ChainError when there is no answer."""
        ...

    def look_up(self, asked: VerificationRequest, job: str) -> Outcome:
        """Ask what has become of it. Raises: ChainError when there is no answer."""
        ...


# ---------------------------------------------------------------------------------------- Sourcify


class Sourcify:
    """Sourcify, or a server of the same make."""

    name = "sourcify"

    def __init__(self, url: str = SOURCIFY_URL) -> None:
        self.url = url.rstrip("/")

    def submit(self, asked: VerificationRequest) -> Outcome:
        """Hand the compiler's input in."""
        body: dict[str, Any] = {
            "stdJsonInput": asked.standard_input,
            "compilerVersion": asked.compiler_build,
            "contractIdentifier": asked.identifier,
        }
        if asked.transaction is not None:
            body["creationTransactionHash"] = asked.transaction
        url = f"{self.url}/v2/verify/{asked.chain_id}/{asked.address}"
        answer = _heard(self.url, "POST", url, json=body)
        if (job := answer.get("verificationId")) is not None:
            return Outcome(State.PENDING, "in the queue", str(job))
        return self._refusal(answer)

    def look_up(self, asked: VerificationRequest, job: str) -> Outcome:  # noqa: ARG002
        """Ask for the job."""
        answer = _heard(self.url, "GET", f"{self.url}/v2/verify/{job}")
        if "isJobCompleted" not in answer:
            return self._refusal(answer)
        if not answer["isJobCompleted"]:
            return Outcome(State.PENDING, "in the queue", job)
        match = (answer.get("contract") or {}).get("match")
        if match in ("exact_match", "match"):
            return Outcome(State.VERIFIED, str(match).replace("_", " "), job)
        return self._refusal(answer.get("error") or {"message": "no match"})

    @staticmethod
    def _refusal(answer: Mapping[str, Any]) -> Outcome:
        words = _words(answer.get("message") or answer.get("customCode"))
        if answer.get("customCode") == "already_verified":
            return Outcome(State.VERIFIED, words)
        if answer.get("customCode") == "duplicate_verification_request":
            return Outcome(State.PENDING, words)
        return Outcome(State.FAILED, words)


# --------------------------------------------------------------------------------------- Etherscan


class Etherscan:
    """Etherscan for all its chains, or an explorer that speaks as it does, such as Blockscout."""

    name = "etherscan"

    def __init__(self, key: str, url: str = ETHERSCAN_URL) -> None:
        self._key = key
        self.url = url

    def submit(self, asked: VerificationRequest) -> Outcome:
        """Hand the compiler's input in."""
        arguments = asked.arguments.hex()
        form = {
            "apikey": self._key,
            "codeformat": "solidity-standard-json-input",
            "sourceCode": json.dumps(asked.standard_input, separators=(",", ":")),
            "contractaddress": asked.address,
            "contractname": asked.identifier,
            "compilerversion": f"v{asked.compiler_build}",
            # The first spelling is the older one, and some explorers know no other.
            "constructorArguements": arguments,
            "constructorArguments": arguments,
        }
        query = {**self._query(asked), "action": "verifysourcecode"}
        answer = _heard(self.url, "POST", self.url, params=query, data=form)
        if str(answer.get("status")) == "1":
            return Outcome(State.PENDING, "in the queue", str(answer.get("result")))
        return self._answer(answer, None)

    def look_up(self, asked: VerificationRequest, job: str) -> Outcome:
        """Ask for the job."""
        more = {"action": "checkverifystatus", "guid": job, "apikey": self._key}
        answer = _heard(self.url, "GET", self.url, params={**self._query(asked), **more})
        return self._answer(answer, job)

    @staticmethod
    def _query(asked: VerificationRequest) -> dict[str, str]:
        return {"chainid": str(asked.chain_id), "module": "contract"}

    def _answer(self, answer: Mapping[str, Any], job: str | None) -> Outcome:
        words = _words(answer.get("result") or answer.get("message")).replace(self._key, "…")
        said = words.lower()
        if "already verified" in said or (job and str(answer.get("status")) == "1"):
            return Outcome(State.VERIFIED, words, job)
        if "pending" in said or "rate limit" in said or "in progress" in said:
            return Outcome(State.PENDING, words, job)
        return Outcome(State.FAILED, words, job)


# ------------------------------------------------------------------------------------ the exchange


def _heard(host: str, method: str, url: str, **more: Any) -> dict[str, Any]:
    """What is answered, refusals included. No redirection is followed: it would take the key along.

    Raises: ChainError when there is no answer in JSON.
    """
    again = "check the address, or wait a minute and run the same command again"
    try:
        answer = requests.request(
            method, url, timeout=TIMEOUT_SECONDS, allow_redirects=False, **more
        )
    except requests.RequestException as error:
        # Its own words have the whole address in them, with the key.
        reason = "it did not answer in time" if isinstance(error, requests.Timeout) else "no answer"
        raise ChainError(f"the explorer at {host} cannot be asked ({reason})", again) from None
    if answer.status_code == TOO_MANY:
        return {"status": "0", "result": "rate limit", **_duplicate(answer)}
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ChainError(
            f"the explorer at {host} answered HTTP {answer.status_code} without JSON", again
        )
    return found


def _duplicate(answer: requests.Response) -> dict[str, Any]:
    """Sourcify says so that it has the same request already; others that they are asked too often.

    Either way the thing to do is to ask again later.
    """
    code, message = "duplicate_verification_request", "it is asked too often, or has this already"
    try:
        said = answer.json()
    except ValueError:
        said = {}
    message = said.get("message", message) if isinstance(said, dict) else message
    return {"customCode": code, "message": message}


def _words(said: object) -> str:
    """An explorer's own words, which are not to be trusted with the length of a line."""
    text = " ".join(str(said or "no reason given").split())
    return text if len(text) <= LONGEST_WORDS else f"{text[:LONGEST_WORDS]}…"

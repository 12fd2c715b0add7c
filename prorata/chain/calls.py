# SPDX-License-Identifier: MIT
"""A write as data that an operator sends, and a log as the event that it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from prorata.chain.abi import encode_constructor, event_for, event_name
from prorata.chain.artifacts import Artifact
from prorata.chain.types import Log

__all__ = ["Call", "DecodedEvent", "Event", "decode_log", "decode_logs", "deploy_call"]


@dataclass(frozen=True)
class Call:
    """A write: `data` for the contract `to`, or a deployment when `to` is None; `value` in wei.

    `label` says in a few words what it does. The data of a `private` one has a secret, which
    nothing shows before it is sent.
    """

    to: str | None
    data: bytes
    value: int = 0
    label: str = ""
    private: bool = False

    def question(self, sender: str) -> dict[str, object]:
        """The call in a node's own terms, for an estimate or a simulation."""
        asked: dict[str, object] = {
            "from": sender,
            "data": f"0x{self.data.hex()}",
            "value": hex(self.value),
        }
        return asked if self.to is None else {**asked, "to": self.to}


class DecodedEvent(Protocol):
    """An event by name, with its arguments by name: what `decode_log` gives."""

    @property
    def name(self) -> str:
        """As in `Transfer`."""
        ...

    @property
    def args(self) -> Mapping[str, Any]:
        """As in `{"from": …, "to": …, "value": …}`."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """A log that a known contract wrote; `args` by the names in the Solidity interface."""

    name: str
    args: Mapping[str, Any]
    log: Log


def deploy_call(artifact: Artifact, *arguments: object) -> Call:
    """The deployment of a contract; structs among its constructor arguments as tuples.

    Raises: InputError when an argument does not fit its type.
    """
    data = artifact.bytecode + encode_constructor(artifact.name, arguments)
    return Call(None, data, 0, f"deploy {artifact.name}")


def decode_log(log: Log) -> Event | None:
    """The event that `log` is, or None when no contract of ours writes such a one."""
    found = event_for(log.topics, log.data)
    return None if found is None else Event(*found, log)


def decode_logs(logs: Sequence[Log], name: str | None = None) -> list[Event]:
    """The known events among `logs`, in order; with `name`, only those called that."""
    wanted = (log for log in logs if name in (None, event_name(log.topics)))
    return [event for event in map(decode_log, wanted) if event is not None]

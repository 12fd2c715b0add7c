# SPDX-License-Identifier: MIT
"""Who is told, from the operator's file: webhooks, and whatever Apprise can reach.

Nothing in a rule, in the ledger or in a request names an address. Secrets are in files of their
own, two while one takes the other's place.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from pathlib import Path
from typing import Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from prorata.alerts.fields import Duration, Name, Strict
from prorata.alerts.outbox import Addressee
from prorata.errors import InputError
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.words import listed

__all__ = ["EXAMPLE", "Network", "Receiver", "Recipient", "check_url", "read_receivers"]

EXAMPLE = "examples/alerts/receivers.yaml"

FEWEST_BYTES, MOST_BYTES = 24, 64
"""Of a secret, as Standard Webhooks has it."""

LONGEST = 4_096

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class Recipient(Protocol):
    """Somebody to whom messages are delivered, wherever it is written down."""

    @property
    def name(self) -> str:
        """Under which the outbox has its deliveries."""

    @property
    def webhook(self) -> str | None:
        """The address of a webhook; None for one of Apprise."""

    @property
    def networks(self) -> tuple[Network, ...]:
        """Those that are permitted."""

    @property
    def addressee(self) -> Addressee:
        """For the outbox."""

    @property
    def is_operators(self) -> bool:
        """Whether the operator's file names it, and no tenant."""

    def secrets(self) -> list[str]:
        """The secrets of a webhook as they are now, the newest first."""

    def apprise_address(self) -> str:
        """The address for Apprise as it is now."""


class Receiver(Strict):
    """One of them: a webhook with its secrets, or the file with an address of Apprise.

    `permit` lists networks which are not public and to which its webhook may go all the same, and
    without encryption. With `digest`, alerts that are not critical are one message for each such
    time.
    """

    name: Name
    least: Literal["info", "warning", "critical"] = "info"
    digest: Duration = 0
    webhook: str | None = None
    secret_files: tuple[Path, ...] = Field(default=(), max_length=2)
    permit: tuple[str, ...] = ()
    apprise_file: Path | None = None

    @model_validator(mode="after")
    def _is_one_kind(self) -> Receiver:
        if (self.webhook is None) == (self.apprise_file is None):
            raise ValueError("has both kinds of address or none; write webhook or apprise_file")
        if self.webhook is None:
            if self.secret_files or self.permit:
                raise ValueError("has what is for webhooks only; remove secret_files and permit")
            return self
        if not self.secret_files:
            raise ValueError("has no secret; write secret_files with one file, or two to change it")
        for network in self.permit:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                raise ValueError(
                    f"permits {network}, which is no network; write 10.1.2.3/32"
                ) from None
        check_url(self.webhook, permitted=bool(self.permit))
        return self

    @property
    def addressee(self) -> Addressee:
        """For the outbox."""
        return Addressee(self.name, self.least, self.digest)

    @property
    def is_operators(self) -> bool:
        """It stands in the operator's file."""
        return True

    @property
    def networks(self) -> tuple[Network, ...]:
        """Those that are permitted."""
        return tuple(ipaddress.ip_network(one) for one in self.permit)

    def secrets(self) -> list[str]:
        """The secrets of a webhook, the newest first, as they are in the files now.

        Raises: InputError when one cannot be read, or is none.
        """
        return [_secret(path) for path in self.secret_files]

    def apprise_address(self) -> str:
        """The address for Apprise, as it is in its file now.

        Raises: InputError when it cannot be read.
        """
        if self.apprise_file is None:
            raise InputError.of("receiver", self.name, "is a webhook", "write apprise_file")
        return _read(self.apprise_file)


class _File(Strict):
    receivers: tuple[Receiver, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_once(self) -> _File:
        names = [one.name for one in self.receivers]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"names {listed(sorted(twice))} twice; give each its own name")
        return self


def read_receivers(path: str | Path) -> tuple[Receiver, ...]:
    """The receivers in a file; paths in it are from its folder.

    Raises: InputError with every fault in them.
    """
    content = read_yaml(path, "the receivers of alerts", EXAMPLE)
    found = validated(_File, content, EXAMPLE, str(path)).receivers
    folder = Path(path).parent
    return tuple(
        one.model_copy(
            update={
                "secret_files": tuple(folder / secret for secret in one.secret_files),
                "apprise_file": one.apprise_file and folder / one.apprise_file,
            }
        )
        for one in found
    )


def check_url(url: str, *, permitted: bool) -> str:
    """The host of a webhook's address; it need not be encrypted where a network is `permitted`.

    Raises: ValueError when a webhook cannot go there.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is no address; write https://host/path") from None
    if parts.scheme != "https" and not (permitted and parts.scheme == "http"):
        raise ValueError("is not https; write https://, or permit the network that it is in")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("has no sound port; write a number to 65535") from None
    if not parts.hostname or port == 0:
        raise ValueError("has no host or port; write https://host/path")
    if parts.username is not None or parts.fragment:
        raise ValueError("has a user or a fragment; remove it: the secret signs each message")
    return parts.hostname


def _secret(path: Path) -> str:
    text = _read(path)
    try:
        size = len(base64.b64decode(text.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not FEWEST_BYTES <= size <= MOST_BYTES:
        raise InputError.of(
            "secret", str(path), "holds no secret of a webhook",
            f"write whsec_ and {FEWEST_BYTES} to {MOST_BYTES} random bytes in base64 into it",
        )  # fmt: skip
    return text


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = str(getattr(error, "strerror", None) or "it is no text").lower()
        raise InputError.of("file", str(path), f"cannot be read ({reason})", "check it") from None
    if not text or len(text) > LONGEST or "\n" in text:
        raise InputError.of("file", str(path), "does not hold one line", "write one line into it")
    return text

# SPDX-License-Identifier: MIT
"""One attempt of a webhook: signed now, sent to an address that was checked, and to no other.

A name is resolved once. Unless the operator permits it, every address that it has must be public:
not private, not of this machine, and none that leads to such a one by NAT64, 6to4, Teredo or as an
IPv4 address in an IPv6 one. The connection is made to that address, while the certificate is held
against the name. A redirect is a refusal, and there is no proxy.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TypeAlias
from urllib.parse import urlsplit

from prorata.alerts.receivers import Network, Recipient
from prorata.errors import InputError

__all__ = ["Address", "Resolver", "checked_addresses", "forbidden", "send", "signed_headers"]

SECONDS = 10.0
MOST_READ = 4_096

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver: TypeAlias = Callable[[str, int], Sequence[str]]

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")
_GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def forbidden(address: Address) -> str | None:
    """Why nothing is sent to an address, or None for a public one."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return "is an IPv4 address in an IPv6 one"
        if any(address in network for network in _NAT64):
            return "is translated by NAT64"
        if address.sixtofour is not None:
            return "is of 6to4"
        if address.teredo is not None:
            return "is of Teredo"
        if address in _COMPATIBLE or address not in _GLOBAL_IPV6:
            return "is not public"
    if not address.is_global or address.is_multicast or address.is_reserved:
        return "is not public"
    return None


def checked_addresses(
    host: str, port: int, permitted: Sequence[Network], resolver: Resolver = resolve
) -> list[Address]:
    """The addresses of a host, all of which may be sent to.

    Raises: InputError when one may not, whatever the others are; OSError when it has none.
    """
    found: list[Address] = []
    for text in resolver(host, port):
        address = ipaddress.ip_address(text.partition("%")[0])
        fault = forbidden(address)
        if fault is not None and not any(address in network for network in permitted):
            raise InputError.of(
                "webhook", host, f"leads to {address}, which {fault}",
                "use a public one, or permit its network in the receiver's settings",
            )  # fmt: skip
        found.append(address)
    if not found:
        raise OSError(f"{host} has no address")
    return found


def signed_headers(secrets: Sequence[str], id_: str, body: str, now: float) -> dict[str, str]:
    """The headers of Standard Webhooks: a signature by each secret, separated by spaces.

    Raises: InputError when the library is not installed.
    """
    try:
        from standardwebhooks import Webhook  # noqa: PLC0415 - who has no webhook needs it not
    except ModuleNotFoundError:
        raise missing("standardwebhooks") from None
    at = datetime.fromtimestamp(int(now), tz=timezone.utc)
    signatures = [Webhook(secret).sign(id_, at, body) for secret in secrets]
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": " ".join(signatures),
    }


def missing(name: str) -> InputError:
    """The refusal where the extra lacks."""
    return InputError.of(
        "receiver", name, "is not installed", "install it with: pip install 'prorata[alerts]'"
    )


def send(
    receiver: Recipient, id_: str, body: str, now: float, *, resolver: Resolver = resolve
) -> str | None:
    """One attempt; None when it was taken, else what went wrong.

    Raises: InputError when it must not be sent.
    """
    parts = urlsplit(receiver.webhook or "")
    host, secure = str(parts.hostname), parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    headers = {
        "content-type": "application/json",
        "user-agent": "prorata",
        **signed_headers(receiver.secrets(), id_, body, now),
    }
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        addresses = checked_addresses(host, port, receiver.networks, resolver)
        if not secure and not all(_is_permitted(one, receiver.networks) for one in addresses):
            raise InputError.of("webhook", host, "is public and not https", "write https://")
        connection = _Connection(host, port, addresses[0], secure=secure)
        try:
            connection.request("POST", path, body.encode(), headers)
            answer = connection.getresponse()
            answer.read(MOST_READ)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        return f"{type(error).__name__}: {error}"[:200]
    if 200 <= answer.status < 300:
        return None
    if 300 <= answer.status < 400:
        return f"answered {answer.status}, a redirect, which is not followed"
    return f"answered {answer.status}"


def _is_permitted(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


class _Connection(http.client.HTTPConnection):
    """To one address, under a name; it asks no resolver and no proxy."""

    def __init__(self, host: str, port: int, address: Address, *, secure: bool) -> None:
        super().__init__(host, port, timeout=SECONDS)
        self._address, self._secure = str(address), secure
        if secure:
            self.default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        """Raises: OSError."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        if not self._secure:
            self.sock = plain
            return
        try:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

# SPDX-License-Identifier: MIT
"""Networks: a node's address, or a name that ape knows."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from prorata.chain.node import RpcChain
from prorata.errors import InputError

__all__ = ["DEFAULT_NETWORK", "PUBLIC_CONFIRMATIONS", "connected"]

DEFAULT_NETWORK = "http://127.0.0.1:8545"
PUBLIC_CONFIRMATIONS = 2

# As ape writes one, after the names of an ecosystem and a network, or alone.
_ADDRESS = re.compile(r"(?:[\w-]*:[\w-]*:)?((?:https?|wss?|ipc)://.+|.+\.ipc)")


# ---------------------------------------------------------------------------------------- networks


@contextlib.contextmanager
def connected(network: str) -> Iterator[tuple[RpcChain, int]]:
    """The chain and the confirmations that its network asks for."""
    if (address := _ADDRESS.fullmatch(network)) is not None:
        yield _answering(RpcChain(address[1])), PUBLIC_CONFIRMATIONS
        return
    try:
        # It costs seconds, and an address needs none of it.
        import ape  # noqa: PLC0415
    except ImportError:
        raise InputError.of(
            "network",
            network,
            "is no address of a node, and ape, which knows networks by name, is not installed",
            "give an address such as http://127.0.0.1:8545, or install prorata[ape]",
        ) from None
    from ape.api import SubprocessProvider  # noqa: PLC0415
    from ape.exceptions import ApeException  # noqa: PLC0415
    from ape.logging import LogLevel, logger  # noqa: PLC0415

    try:
        provider = ape.networks.get_provider_from_choice(network)
        confirmations = int(provider.network.required_confirmations)
        if not isinstance(provider, SubprocessProvider):
            url_text = str(getattr(provider, "http_uri", None) or provider.uri)
            expected = None if provider.network.is_adhoc else _chain_id(provider)
            yield _answering(_rpc(network, url_text, expected)), confirmations
            return
        # Ape tells on stdout what it starts and stops, and stdout is for the result.
        logger.set_level(LogLevel.WARNING)
        with ape.networks.parse_network_choice(network) as started:
            yield _answering(RpcChain(str(started.uri))), 0
    except ApeException as error:
        raise InputError.of(
            "network",
            network,
            f"cannot be used ({str(error).splitlines()[0].rstrip('.')})",
            "`ape networks list` shows what there is",
        ) from None


def _rpc(network: str, url: str, expected: int | None) -> RpcChain:
    if _ADDRESS.fullmatch(url) is None:
        raise InputError.of(
            "network",
            network,
            f"has {url or 'nothing'} where the address of a node belongs",
            "set the variable that ape-config.yaml names, or give an address",
        )
    return RpcChain(url, expected_chain_id=expected)


def _chain_id(provider: Any) -> int | None:
    from ape.exceptions import ApeException  # noqa: PLC0415

    with contextlib.suppress(ApeException, AttributeError, NotImplementedError):
        return int(provider.network.chain_id)
    return None


def _answering(chain: RpcChain) -> RpcChain:
    """The chain, once it has said who it is."""
    _ = chain.chain_id
    return chain

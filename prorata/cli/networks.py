# SPDX-License-Identifier: MIT
"""Networks: addresses of nodes, a set of them in networks.yaml, or a name that ape knows."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from prorata.chain.node import RpcChain
from prorata.errors import InputError
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml

__all__ = ["DEFAULT_NETWORK", "NETWORKS_FILE", "PUBLIC_CONFIRMATIONS", "connected"]

DEFAULT_NETWORK = "http://127.0.0.1:8545"
NETWORKS_FILE = "networks.yaml"
APE_FILE = "ape-config.yaml"
PUBLIC_CONFIRMATIONS = 2

# As ape writes one, after the names of an ecosystem and a network, or alone.
_ADDRESS = re.compile(r"(?:[\w-]*:[\w-]*:)?((?:https?|wss?|ipc)://.+|.+\.ipc)")
# A comma may stand in an address, but hardly before what another begins with.
_BETWEEN = re.compile(r"\s*,\s*(?=(?:https?|wss?|ipc)://|[^,]+\.ipc\s*(?:,|$))")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
# User, path and query of an address, which may be or hold a key.
_SECRET = re.compile(r"(?<=://)(?:[^@/\s]*@)?([^/?\s,)]+)[^\s,)]*")


# ---------------------------------------------------------------------------------------- networks


@contextlib.contextmanager
def connected(network: str) -> Iterator[tuple[RpcChain, int]]:
    """The chain and the confirmations that its network asks for.

    Raises: InputError for a network that is none; ChainError when no node answers.
    """
    addresses = [part.strip() for part in _BETWEEN.split(network.strip())]
    if all(_ADDRESS.fullmatch(address) for address in addresses):
        yield _answering(_chain_of(network, addresses, None)), PUBLIC_CONFIRMATIONS
    elif (found := _set_named(network)) is not None:
        chain = _chain_of(network, found.nodes, found.chain_id, found.requests_per_second)
        yield _answering(chain), found.confirmations
    else:
        with _known_to_ape(network) as known:
            yield known


def _chain_of(
    network: str, addresses: list[str], expected: int | None, rate: float | None = None
) -> RpcChain:
    """The chain behind one address or several, each asked at most `rate` questions a second.

    Raises: InputError for one that leads nowhere.
    """
    plain = [_address(network, address) for address in addresses]
    return RpcChain(plain if plain[1:] else plain[0], expected_chain_id=expected, rate=rate)


def _address(network: str, written: str) -> str:
    """An address as a node is asked at, with the variables in it put in.

    Raises: InputError when a variable is not set, or it is no address.
    """
    address = _VARIABLE.sub(lambda found: _value(network, found[1] or found[2]), written)
    if (found := _ADDRESS.fullmatch(address)) is not None:
        return found[1]
    # Of what a variable says nothing is shown: it may be a key.
    shown = written if address == written else f"{written}, a variable's value,"
    raise _refused(
        network,
        f"has {shown or 'nothing'} where the address of a node belongs",
        "give one that begins with http://, https://, ws:// or wss://, or the path of an IPC "
        "socket",
    )


def _value(network: str, variable: str) -> str:
    """What an environment variable says.

    Raises: InputError when it is not set.
    """
    if value := os.environ.get(variable, "").strip():
        return value
    raise _refused(
        network,
        f"takes its node from the variable {variable}, which is not set",
        f"set it, as in `export {variable}=https://rpc.example.org`, or give an address",
    )


def _refused(network: str, rule: str, remedy: str) -> InputError:
    """What is wrong with a network, without what may be a key."""
    return InputError.of("network", _SECRET.sub(r"\1", network), _SECRET.sub(r"\1", rule), remedy)


def _answering(chain: RpcChain) -> RpcChain:
    """The chain, once it has said who it is."""
    _ = chain.chain_id
    return chain


# ------------------------------------------------------------------------------------ sets of nodes


class _Nodes(BaseModel):
    """A named set in networks.yaml: the nodes of one chain, the first to be asked first.

    None of their hosts is asked more than `requests_per_second` questions.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    nodes: Annotated[list[str], Field(min_length=1)]
    chain_id: int | None = None
    confirmations: Annotated[int, Field(ge=0)] = PUBLIC_CONFIRMATIONS
    requests_per_second: Annotated[float, Field(gt=0)] | None = None


def _set_named(network: str) -> _Nodes | None:
    """The set of that name, of the file here or else of the user's; None when neither has it.

    Raises: InputError when the file is none.
    """
    for path in _files():
        if path.is_file():
            named = read_yaml(path, "networks", "docs/guide/networks.md")
            if network in named:
                facts = named[network]
                facts = {"nodes": facts} if isinstance(facts, list) else facts
                return validated(_Nodes, facts, "docs/guide/networks.md", f"{path}, {network}")
    return None


def _files() -> list[Path]:
    """Where sets of nodes are named."""
    mine = os.environ.get("XDG_CONFIG_HOME")
    home = Path(mine) if mine else Path("~/.config").expanduser()
    return [Path(NETWORKS_FILE), home / "prorata" / NETWORKS_FILE]


# ---------------------------------------------------------------------------------------------- ape


@contextlib.contextmanager
def _known_to_ape(network: str) -> Iterator[tuple[RpcChain, int]]:
    """A network of ape's, started if it is one that ape starts.

    Raises: InputError when ape is not there, or does not know it.
    """
    try:
        # It costs seconds, and an address needs none of it.
        import ape  # noqa: PLC0415
    except ImportError:
        raise _refused(
            network,
            f"is no address of a node and no set in {NETWORKS_FILE}, and ape, which knows networks "
            "by name, is not installed",
            "give an address such as http://127.0.0.1:8545, or install prorata[ape]",
        ) from None
    from ape.api import SubprocessProvider  # noqa: PLC0415
    from ape.exceptions import ApeException  # noqa: PLC0415
    from ape.logging import LogLevel, logger  # noqa: PLC0415

    _check_variables(network)
    try:
        provider = ape.networks.get_provider_from_choice(network)
        confirmations = int(provider.network.required_confirmations)
        if not isinstance(provider, SubprocessProvider):
            url_text = str(getattr(provider, "http_uri", None) or provider.uri)
            expected = None if provider.network.is_adhoc else _chain_id(provider)
            yield _answering(_chain_of(network, [url_text], expected)), confirmations
            return
        # Ape tells on stdout what it starts and stops, and stdout is for the result.
        logger.set_level(LogLevel.WARNING)
        with ape.networks.parse_network_choice(network) as started:
            yield _answering(RpcChain(str(started.uri))), 0
    except ApeException as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise _refused(
            network,
            f"cannot be used ({reason})",
            "`ape networks list` shows what there is",
        ) from None


def _chain_id(provider: Any) -> int | None:
    from ape.exceptions import ApeException  # noqa: PLC0415

    with contextlib.suppress(ApeException, AttributeError, NotImplementedError):
        return int(provider.network.chain_id)
    return None


def _check_variables(network: str) -> None:
    """Whether the variables are set that ape-config.yaml takes the network's node from.

    Without them ape would ask public nodes that it knows of, one after the other.

    Raises: InputError for the first that is not.
    """
    found: object = None
    # What else is wrong with the file, or that there is none, is ape's to say.
    with contextlib.suppress(InputError):
        found = read_yaml(APE_FILE, "network", APE_FILE)
    for name in ("node", *network.split(":")[:2], "uri"):
        found = found.get(name) if isinstance(found, dict) else None
    for variable in _VARIABLE.finditer(str(found or "")):
        _value(network, variable[1] or variable[2])

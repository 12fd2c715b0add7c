"""A node over HTTP, a websocket and an IPC socket: real Anvil, and nodes that speak badly."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer

import pytest
from web3 import AsyncHTTPProvider, HTTPProvider, IPCProvider, LegacyWebSocketProvider, Web3
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from prorata.chain import rpc
from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.chain.node import RpcChain
from prorata.cli.networks import connected
from prorata.contracts.base import NATIVE
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import open_operator
from prorata.errors import ChainError, InputError, RevertError
from prorata.toolchain.anvil import Anvil

TRANSPORTS = ("http", "websocket", "ipc")
RUNNING = "check the address and that the node is running"
KEY = "check the address and, if it needs one, the key in it"
WAIT = "wait a minute and run the same command again"
HOLDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
POLL_SECONDS = 0.02
TOO_MANY = "Your app has exceeded its compute units per second capacity"


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch):
    monkeypatch.setattr(rpc, "RETRIES_AFTER_SECONDS", (0.005, 0.01))


def message_of(call: Callable[[], object]) -> str:
    with pytest.raises(ChainError) as refused:
        call()
    return str(refused.value)


# -------------------------------------------------------------------------------------- real nodes


@pytest.fixture(scope="module")
def sockets(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("s") / "anvil.ipc"


@pytest.fixture(scope="module")
def own(sockets) -> Iterator[Anvil]:
    with Anvil(extra=("--ipc", str(sockets), "--no-request-size-limit")) as node:
        yield node


def address_of(transport: str, anvil: Anvil, path: Path) -> str:
    if transport == "ipc":
        return str(path)
    return anvil.url if transport == "http" else anvil.url.replace("http", "ws")


@pytest.fixture(params=TRANSPORTS)
def address(request, own, sockets) -> str:
    return address_of(request.param, own, sockets)


def test_a_token_is_deployed_issued_and_read_over_each_transport(address, issuer, tmp_path):
    chain = RpcChain(address)
    with open_operator(chain, issuer, tmp_path / "HARB12", timeout=30) as operator:
        terms = (
            "Harbour Street 12",
            "HARB12",
            0,
            operator.address,
            NATIVE,
            NATIVE,
            [operator.address],
        )
        deployed = operator.send_one("token", deploy_call(artifact("ShareToken"), terms))
        token = ShareToken(chain, deployed.contract_address)
        operator.send_one("mint", token.mint(HOLDER, 7))
        with pytest.raises(RevertError, match="ShareToken_UnknownRecord"):
            token.record_time(4)
    assert token.balances_of([HOLDER, NATIVE]) == [7, 0]
    assert len(list(chain.logs([token.address], 0, chain.block().number))) >= 1


def test_answers_come_in_the_order_of_the_questions_over_each_transport(address, own):
    own.rpc("anvil_mine", hex(250))
    numbers = list(range(250, 0, -1))
    assert [block.number for block in RpcChain(address).blocks(numbers)] == numbers


def test_a_socket_can_be_named_as_an_address(sockets, own):
    chain = RpcChain(f"ipc://{sockets}", expected_chain_id=31337)
    assert (chain.chain_id, chain.name) == (31337, f"ipc://{sockets}")


def test_a_command_reaches_a_node_over_each_transport(address):
    """As a network: the address alone, or after ape's words for it."""
    for written in (address, f"ethereum:local:{address}"):
        with connected(written) as (chain, _):
            assert (chain.name, chain.chain_id) == (address, 31337)


def test_each_transport_names_the_chain_that_it_leads_to(address):
    chain = RpcChain(address, expected_chain_id=1)
    assert message_of(lambda: chain.chain_id) == (
        f"{address} is chain 31337, not chain 1; choose the network of that chain"
    )


def test_what_is_asked_in_threads_is_answered_to_each(address, own):
    """Two who share a connection never get each other's answer (Law 20)."""
    chain = RpcChain(address)
    own.rpc("anvil_mine", hex(64))
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda n: chain.blocks([n, n + 1])[0].number, range(64))
    assert list(found) == list(range(64))


def test_an_answer_of_megabytes_is_read_over_each_transport(address, own):
    """Neither a websocket's usual megabyte nor 4 KB at a time, as web3 reads a socket (Law 20)."""
    large = "0x" + "ab" * 20
    own.rpc("anvil_setCode", large, "0x" + "5b" * 5_000_000)
    started = time.monotonic()
    assert len(RpcChain(address).code(large)) == 5_000_000
    assert time.monotonic() - started < 10


def test_web3_tries_nothing_again_and_remembers_nothing(own, sockets):
    """What is asked again, and when, is decided in one place (Law 20)."""
    for transport in TRANSPORTS:
        chain = RpcChain(address_of(transport, own, sockets))
        assert chain.chain_id == 31337
        provider = chain._wire._connection._provider
        assert getattr(provider, "_exception_retry_configuration", None) is None
        assert not provider.cache_allowed_requests


def test_a_node_that_went_and_came_back_is_asked_on(tmp_path):
    path = tmp_path / "a.ipc"
    with Anvil(extra=("--ipc", str(path))) as first:
        port = int(first.url.rpartition(":")[2])
        chains = [RpcChain(address_of(transport, first, path)) for transport in TRANSPORTS]
        assert [chain.request("eth_blockNumber") for chain in chains] == ["0x0"] * 3
    for chain in chains:
        assert message_of(lambda chain=chain: chain.request("eth_blockNumber")) == (
            f"the node at {chain.name} does not answer (connection refused); {RUNNING}"
        )
    path.unlink()
    with Anvil(port=port, extra=("--ipc", str(path))) as second:
        second.rpc("anvil_mine", "0x3")
        assert [chain.request("eth_blockNumber") for chain in chains] == ["0x3"] * 3


# ----------------------------------------------------------------------------------- nobody there


def test_a_socket_that_is_not_there_is_one_sentence(tmp_path):
    path = tmp_path / "nothing.ipc"
    assert message_of(lambda: RpcChain(str(path)).chain_id) == (
        f"the node at {path} does not answer (there is no such socket); {RUNNING}"
    )


def test_a_socket_that_nobody_listens_at_is_one_sentence(tmp_path):
    path = tmp_path / "left.ipc"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert message_of(lambda: RpcChain(str(path)).chain_id) == (
        f"the node at {path} does not answer (connection refused); {RUNNING}"
    )


def test_a_websocket_that_nobody_listens_at_is_one_sentence_without_the_key():
    assert message_of(lambda: RpcChain("ws://127.0.0.1:1/v3/secret-key").chain_id) == (
        f"the node at ws://127.0.0.1:1 does not answer (connection refused); {RUNNING}"
    )


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("somewhere", "somewhere"),
        ("ftp://10.0.0.1/key", "ftp://10.0.0.1"),
        ("https://", "https://"),
        ("ipc://", "ipc://"),
        ("https://user:key@a..b/key", "https://a..b"),
        ("ws://127.0.0.1:port/key", "ws://127.0.0.1:port"),
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_asked(written, shown):
    with pytest.raises(InputError) as refused:
        RpcChain(written)
    assert str(refused.value) == (
        f'node: "{shown}" is no address of a node; give one that begins with http://, https://, '
        "ws:// or wss://, or the path of an IPC socket, which ends in .ipc or begins with ipc://"
    )


# ----------------------------------------------------------------------------------- bad speakers


class Hangup(Exception):  # noqa: N818 - what a node does
    """The connection closes, after what has been said."""

    def __init__(self, before: bytes = b"") -> None:
        self.before = before


class Speaker:
    """A node that says to each request what `answer` makes of it, over one transport."""

    def __init__(self, answer: Callable[[object], object]) -> None:
        self._answer = answer
        self.heard: list[object] = []
        self.address = ""

    def answer(self, raw: bytes | str) -> bytes:
        self.heard.append(json.loads(raw))
        answer = self._answer(self.heard[-1])
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()


@contextmanager
def speaking(transport: str, folder: Path, answer: Callable[[object], object]) -> Iterator[Speaker]:
    speaker = Speaker(answer)
    with {"http": _http, "websocket": _websocket, "ipc": _ipc}[transport](speaker, folder):
        yield speaker


@contextmanager
def _served(server, *poll_seconds: float) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=poll_seconds, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        if hasattr(server, "server_close"):
            server.server_close()
        thread.join()


@contextmanager
def _http(speaker: Speaker, folder: Path) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            try:
                raw = speaker.answer(self.rfile.read(int(self.headers["Content-Length"])))
            except Hangup:
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    speaker.address = f"http://127.0.0.1:{server.server_port}"
    with _served(server, POLL_SECONDS):
        yield


@contextmanager
def _websocket(speaker: Speaker, folder: Path) -> Iterator[None]:
    def handle(line) -> None:
        with suppress(ConnectionClosed, Hangup):
            for raw in line:
                answer = speaker.answer(raw)
                # A text of other bytes would be a fault of the websocket's, and not of the node's.
                line.send(answer, text=answer != b"\xff")

    with serve(handle, "127.0.0.1", 0) as server:
        speaker.address = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        with _served(server):
            yield


@contextmanager
def _ipc(speaker: Speaker, folder: Path) -> Iterator[None]:
    class Handler(StreamRequestHandler):
        def handle(self):
            for raw in self.rfile:
                try:
                    self.wfile.write(speaker.answer(raw) + b"\n")
                except Hangup as hangup:
                    self.wfile.write(hangup.before)
                    return

    speaker.address = str(folder / "s.ipc")
    server = ThreadingUnixStreamServer(speaker.address, Handler)
    server.daemon_threads, server.block_on_close = True, False
    with _served(server, POLL_SECONDS):
        yield


def result(question: object, value: str = "0x1") -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": question["id"], "result": value}


def whole(error: object, **more: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", **more, "error": error}


every_transport = pytest.mark.parametrize("transport", TRANSPORTS)
TWO = [("eth_chainId", ()), ("eth_gasPrice", ())]


@every_transport
def test_answers_are_matched_by_number_and_by_nothing_else(transport, tmp_path):
    """In whatever order they come, more often than asked for, or among others' (Law 20)."""

    def answer(batch):
        answers = [result(question, question["method"]) for question in batch]
        stray = {"jsonrpc": "2.0", "id": 10**6, "result": "stray"}
        return [stray, *answers[::-1], *answers]

    with speaking(transport, tmp_path, answer) as node:
        assert RpcChain(node.address).request_many(TWO) == ["eth_chainId", "eth_gasPrice"]


@every_transport
def test_no_number_is_used_twice(transport, tmp_path):
    """Not even where the same question is asked again (Law 20)."""
    refused = whole({"code": 429, "message": TOO_MANY})
    with speaking(transport, tmp_path, lambda asked: refused) as node:
        chain = RpcChain(node.address)
        message_of(lambda: chain.request("eth_chainId"))
        message_of(lambda: chain.try_many(TWO))
    asked = [part for body in node.heard for part in (body if isinstance(body, list) else [body])]
    numbers = [part["id"] for part in asked]
    assert len(numbers) >= 3 + 2
    assert len(set(numbers)) == len(numbers)


@every_transport
def test_the_answer_to_another_question_is_no_answer(transport, tmp_path):
    def answer(asked):
        return {**result(asked), "id": asked["id"] - 1}

    with speaking(transport, tmp_path, answer) as node:
        assert message_of(lambda: RpcChain(node.address).request("eth_chainId")) == (
            f"{node.address} left eth_chainId without an answer; {WAIT}"
        )


@every_transport
@pytest.mark.parametrize(
    "rest", [[], [None], [7], [{"result": "0x2"}], [{"id": None}], [{"id": "2"}], [{"id": [2]}]]
)
def test_a_question_left_out_of_a_batch_is_named(transport, tmp_path, rest):
    """Whatever stands in the place of its answer (Law 20)."""

    def answer(asked):
        if isinstance(asked, list):
            return [result(asked[0]), *rest]
        return result(asked) if asked["method"] == "eth_chainId" else rest

    with speaking(transport, tmp_path, answer) as node:
        assert message_of(lambda: RpcChain(node.address).try_many(TWO)) == (
            f"{node.address} left eth_gasPrice without an answer; {WAIT}"
        )


@every_transport
@pytest.mark.parametrize("more", [{}, {"id": None}])
def test_an_error_without_a_number_is_that_of_the_only_question(transport, tmp_path, more):
    refused = whole({"code": -32000, "message": "syncing."}, **more)
    with speaking(transport, tmp_path, lambda _: refused) as node:
        assert message_of(lambda: RpcChain(node.address).request("eth_chainId")) == (
            "the node refused eth_chainId: syncing; run the same command again, or use another node"
        )


@every_transport
def test_an_error_that_is_a_text_is_told_as_it_is(transport, tmp_path):
    with speaking(transport, tmp_path, lambda asked: whole("overloaded", id=asked["id"])) as node:
        assert message_of(lambda: RpcChain(node.address).request("eth_chainId")) == (
            "the node refused eth_chainId: overloaded; run the same command again, or use another "
            "node"
        )


@every_transport
def test_a_node_without_batches_is_asked_one_by_one(transport, tmp_path):
    def answer(asked):
        if isinstance(asked, list):
            return whole({"code": -32600, "message": "no batch"}, id=None)
        return result(asked, asked["method"])

    with speaking(transport, tmp_path, answer) as node:
        assert RpcChain(node.address).request_many(TWO) == ["eth_chainId", "eth_gasPrice"]


MANY = [("eth_getBalance", (number,)) for number in range(90)]


def shorter_only(most: int, refuse: Callable[[list], object]) -> Callable[[object], object]:
    """A node that answers so many questions at once, and longer batches as `refuse` says."""

    def answer(asked):
        if not isinstance(asked, list):
            return result(asked, str(asked["params"][0]))
        if len(asked) > most:
            return refuse(asked)
        return [result(question, str(question["params"][0])) for question in asked]

    return answer


REFUSALS = {
    "one error for the first question": lambda asked: [
        whole({"code": -32600, "message": "batch too large"}, id=asked[0]["id"])
    ],
    "one error without a number": lambda _: whole(
        {"code": -32000, "message": "batch limit 20 exceeded: 90 requests given"}, id=None
    ),
    "an error that says nothing": lambda asked: [whole({"code": 1}, id=asked[0]["id"])],
    "the first answers only": lambda asked: [result(q, str(q["params"][0])) for q in asked[:20]],
    "errors from some question on": lambda asked: [
        result(q, str(q["params"][0]))
        if n < 20
        else whole({"code": -32003, "message": "response too large"}, id=q["id"])
        for n, q in enumerate(asked)
    ],
    "other numbers": lambda asked: [{**result(q), "id": n} for n, q in enumerate(asked)],
    "nothing": lambda _: [],
}


@every_transport
@pytest.mark.parametrize("refuse", REFUSALS.values(), ids=REFUSALS)
def test_a_batch_that_is_too_long_is_asked_in_parts(transport, tmp_path, refuse):
    """Each question gets its own answer, and few are asked in vain (Law 20)."""
    with speaking(transport, tmp_path, shorter_only(20, refuse)) as node:
        chain = RpcChain(node.address)
        for _ in range(3):
            assert chain.request_many(MANY) == [str(number) for number in range(90)]
    lengths = [len(body) for body in node.heard if isinstance(body, list)]
    assert sum(length > 20 for length in lengths) <= 8
    assert len(node.heard) <= 40


@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_the_limit_of_a_batch_is_remembered_for_the_host(transport, tmp_path):
    refuse = REFUSALS["one error for the first question"]
    with speaking(transport, tmp_path, shorter_only(20, refuse)) as node:
        RpcChain(node.address).request_many(MANY)
        node.heard.clear()
        RpcChain(node.address).request_many(MANY)
    assert sum(len(body) > 20 for body in node.heard) <= 1


@pytest.mark.parametrize("status", [400, 413, 500, 502, 503, 504])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_batch_that_a_gateway_finds_too_long_is_asked_in_parts(status, as_json, monkeypatch):
    """Only a page of HTML with HTTP 400 may say something else (Law 20)."""
    monkeypatch.setattr(rpc, "RETRIES_AFTER_SECONDS", (0.0, 0.0))
    error = json.dumps(whole({"code": -32600, "message": "request too large"}, id=None))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            batch = isinstance(asked, list)
            fits = not batch or len(asked) <= 20
            answers = [result(q, str(q["params"][0])) for q in (asked if batch else [asked])]
            answer = json.dumps(answers if batch else answers[0])
            raw = (answer if fits else error if as_json else "<html></html>").encode()
            self.send_response(200 if fits else status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with _served(server, POLL_SECONDS):
        chain = RpcChain(f"http://127.0.0.1:{server.server_port}")
        if as_json or status != 400:
            assert chain.request_many(MANY) == [str(number) for number in range(90)]
        else:
            assert f"HTTP {status}" in message_of(lambda: chain.request_many(MANY))


def test_calls_at_the_newest_block_are_of_one_block_though_the_node_takes_fewer(tmp_path):
    """It is asked which is the newest, and then again at that one (Law 20)."""
    refuse = REFUSALS["one error for the first question"]

    def answer(asked):
        if isinstance(asked, list) and len(asked) > 20:
            return refuse(asked)
        answers = [
            {**result(q), "result": {"number": "0x7", "timestamp": "0x1", "hash": "0x1"}}
            if q["method"] == "eth_getBlockByNumber"
            else result(q, "0x07" if q["params"][1] == "0x7" else "0x06")
            for q in (asked if isinstance(asked, list) else [asked])
        ]
        return answers if isinstance(asked, list) else answers[0]

    with speaking("http", tmp_path, answer) as node:
        chain = RpcChain(node.address)
        assert chain.call_many([("0x" + "1" * 40, b"")] * 90) == [b"\7"] * 90


@every_transport
def test_a_node_that_limits_is_asked_three_times_and_not_for_each_part(transport, tmp_path):
    """web3 cannot tell over a socket why a batch is refused; its first question can (Law 20)."""
    with speaking(
        transport, tmp_path, lambda _: whole({"code": -32005, "message": TOO_MANY}, id=None)
    ) as node:
        assert message_of(lambda: RpcChain(node.address).try_many(TWO * 50)) == (
            f"the node at {node.address} answers no more for now: {TOO_MANY}; {WAIT}"
        )
    assert len(node.heard) == (3 if transport == "http" else 4)


@every_transport
def test_a_limit_for_one_of_many_is_waited_for(transport, tmp_path):
    def answer(batch):
        answers = [result(question) for question in batch]
        if len(node.heard) < 3:
            answers[1] = whole({"code": 1, "message": TOO_MANY}, id=batch[1]["id"])
        return answers

    with speaking(transport, tmp_path, answer) as node:
        assert RpcChain(node.address).request_many(TWO) == ["0x1", "0x1"]
    assert len(node.heard) == 3


@pytest.mark.parametrize("transport", ["http", "websocket"])
@pytest.mark.parametrize("half", [b'{"jsonrpc": "2.0", "id": 1, "re', b"\xff", b"null", b"7"])
def test_half_an_answer_is_asked_for_again_and_named(transport, tmp_path, half):
    with speaking(transport, tmp_path, lambda _: half) as node:
        ending = " with HTTP 200" if transport == "http" else ""
        assert message_of(lambda: RpcChain(node.address).request("eth_chainId")) == (
            f"the node at {node.address} answered half a sentence{ending}; {WAIT}"
        )
        assert len(node.heard) == 3


@every_transport
@pytest.mark.parametrize(
    "odd",
    ["[" * 100_000 + "]" * 100_000, "[" + "9" * 5_000 + "]"],
    ids=["a nest too deep", "a number too long"],
)
def test_what_python_does_not_read_is_no_answer(transport, tmp_path, odd):
    """A nest too deep, a number too long: a sentence, not the end of the program (Law 20)."""
    with speaking(transport, tmp_path, lambda _: odd.encode()) as node:
        assert f"the node at {node.address} answered half a sentence" in message_of(
            lambda: RpcChain(node.address).request("eth_chainId")
        )


@every_transport
def test_silence_is_limited_as_the_moment_says(transport, tmp_path, monkeypatch):
    """The limit is read when a question is asked, on a connection old or new (Law 20)."""
    held, silent = threading.Event(), []

    def answer(asked):
        if silent:
            held.wait(5)
        return result(asked)

    with speaking(transport, tmp_path, answer) as node:
        chain = RpcChain(node.address)
        assert chain.request("eth_gasPrice") == "0x1"
        monkeypatch.setattr(rpc, "TIMEOUT_SECONDS", 0.1)
        silent.append(True)
        started = time.monotonic()
        assert message_of(lambda: chain.request("eth_chainId")) == (
            f"the node at {node.address} does not answer (no answer within 0.1 seconds); {RUNNING}"
        )
        assert time.monotonic() - started < 4
        held.set()
        silent.clear()
        assert chain.request("eth_gasPrice") == "0x1"


@every_transport
def test_a_connection_that_closes_is_named_at_once(transport, tmp_path):
    def answer(asked):
        raise Hangup(b'{"jsonrpc": "2.0", ')

    with speaking(transport, tmp_path, answer) as node:
        started = time.monotonic()
        assert message_of(lambda: RpcChain(node.address).request("eth_chainId")) == (
            f"the node at {node.address} does not answer (the connection closed before it "
            f"answered); {RUNNING}"
        )
        assert time.monotonic() - started < 4
    assert len(node.heard) == 3


@pytest.mark.parametrize(
    ("status", "sentence", "times"),
    [
        (403, f"answered HTTP 403, not JSON-RPC; {KEY}", 1),
        (429, f"answers no more for now (HTTP 429, too many requests); {WAIT}", 3),
        (503, f"is out of order for now (HTTP 503); {WAIT}", 3),
    ],
)
def test_a_gateway_before_a_websocket_is_understood_as_one_before_http(status, sentence, times):
    met = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            met.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with _served(server, POLL_SECONDS):
        url = f"ws://127.0.0.1:{server.server_port}"
        assert (
            message_of(lambda: RpcChain(f"{url}/v3/key").chain_id)
            == f"the node at {url} {sentence}"
        )
    assert met == ["/v3/key"] * times


# --------------------------------------------------------------------------------------- proxies


@pytest.mark.parametrize("scheme", ["http", "websocket"])
def test_a_node_on_this_machine_is_never_asked_through_a_proxy(scheme, own, sockets, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert RpcChain(address_of(scheme, own, sockets)).chain_id == 31337


# -------------------------------------------------------------------------------------- borrowed


@pytest.fixture(params=TRANSPORTS)
def lender(request, own, sockets) -> Iterator[object]:
    if request.param == "ipc":
        lent = IPCProvider(sockets)
        yield lent
        lent._socket.sock.close()
    elif request.param == "http":
        yield HTTPProvider(own.url)
    else:
        yield LegacyWebSocketProvider(own.url.replace("http", "ws"))


def test_a_provider_can_be_borrowed_and_goes_on_counting(lender):
    assert lender.make_request("eth_gasPrice", [])["id"] == 0
    for chain in (RpcChain(lender), RpcChain(Web3(lender))):
        assert (chain.name, chain.chain_id) == ("the node", 31337)
        assert [block.number for block in chain.blocks([0] * 150)] == [0] * 150
    assert lender.make_request("eth_gasPrice", [])["id"] >= 300


def test_a_borrowed_connection_asks_in_batches_and_matches_by_number(tmp_path):
    with speaking(
        "http", tmp_path, lambda batch: [result(q, q["method"]) for q in batch[::-1]]
    ) as node:
        chain = RpcChain(HTTPProvider(node.address))
        assert chain.request_many(TWO) == ["eth_chainId", "eth_gasPrice"]
    assert len(node.heard) == 1


def test_a_borrowed_connection_is_one_sentence_where_it_fails():
    no_retries = HTTPProvider("http://127.0.0.1:1/key", exception_retry_configuration=None)
    for lender, kind in (
        (no_retries, "ConnectionError"),
        (LegacyWebSocketProvider("ws://127.0.0.1:1/key"), "ConnectionRefusedError"),
    ):
        assert message_of(lambda: RpcChain(lender).chain_id) == f"the node does not answer ({kind})"  # noqa: B023


@pytest.mark.parametrize("lender", [AsyncHTTPProvider("http://127.0.0.1:1"), 7])
def test_what_cannot_be_asked_and_waited_for_is_not_borrowed(lender):
    with pytest.raises(InputError) as refused:
        RpcChain(lender)
    assert str(refused.value) == (
        f'node: "{type(lender).__name__}" is no connection that can be borrowed; give a Web3 with '
        "an HTTPProvider, an IPCProvider or a LegacyWebSocketProvider, or an address"
    )


def test_a_provider_that_remembers_answers_is_not_borrowed():
    """A block that it remembers may be another by now (Law 20)."""
    with pytest.raises(InputError) as refused:
        RpcChain(Web3(HTTPProvider("http://127.0.0.1:1", cache_allowed_requests=True)))
    assert str(refused.value) == (
        'node: "HTTPProvider" remembers answers, and so would not notice a reorganisation; give '
        "one without cache_allowed_requests"
    )


# ---------------------------------------------------------------------------------------- manners


def test_a_node_is_named_without_importing_web3():
    """Help and what asks no node does not wait for it."""
    program = (
        "import sys; from prorata.chain.node import RpcChain; RpcChain('http://127.0.0.1:1');"
        "print('web3' in sys.modules)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "False\n"


def test_a_program_ends_without_a_word_though_its_connections_are_open(own, sockets):
    addresses = [address_of(transport, own, sockets) for transport in TRANSPORTS]
    program = (
        "from prorata.chain.node import RpcChain; import gc\n"
        f"for address in {addresses!r}: print(RpcChain(address).chain_id); gc.collect()\n"
        f"kept = [RpcChain(a) for a in {addresses!r}]; print([c.chain_id for c in kept])"
    )
    shown = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "31337\n" * 3 + "[31337, 31337, 31337]\n"
    # On a busy machine asyncio says what took long.
    told = [line for line in shown.stderr.splitlines() if not line.startswith("Executing <")]
    assert told == []

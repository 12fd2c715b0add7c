"""The chain's own layer before real and awkward providers."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from web3 import HTTPProvider, Web3

from prorata.chain import abi
from prorata.chain.abi import decode_error, function
from prorata.chain.artifacts import artifact
from prorata.chain.calls import decode_logs, deploy_call
from prorata.chain.node import RpcChain
from prorata.chain.steps import Intent
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.errors import ChainError, InputError, RevertError

NO_REASON = "NoReason(); the contract gave none; check the address and the gas"
HOLDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@contextmanager
def provider(url: str, answer: Callable[[object], tuple[int, object] | None]) -> Iterator[str]:
    """A provider in front of `url`, which answers itself what `answer` answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content = answer(json.loads(body)) or (200, None)
            if content is None:
                request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
                with urllib.request.urlopen(request) as response:
                    raw = response.read()
            else:
                raw = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def token(operator) -> ShareToken:
    terms = ("Harbour Street 12", "HARB12", 0, operator.address, NATIVE, NATIVE, [operator.address])
    deployed = operator.send_one("token", deploy_call(artifact("ShareToken"), terms))
    token = ShareToken(operator.chain, deployed.contract_address)
    operator.send([Intent(f"m{n}", token.mint(HOLDER, n + 1)) for n in range(20)])
    return token


def minted(chain, token):
    last = chain.block().number
    events = decode_logs(list(chain.logs([token.address], 0, last)), "Transfer")
    return [event.args["value"] for event in events]


def test_logs_come_in_order(chain, token):
    assert minted(chain, token) == list(range(1, 21))


def test_logs_tell_the_time_of_their_block(chain, token):
    logs = list(chain.logs([token.address], 0, chain.block().number))
    headers = chain.blocks([log.block_number for log in logs])
    assert [log.block_time for log in logs] == [block.timestamp for block in headers]


def test_what_anvil_has_misplaced_is_sent_again(anvil, chain, operator, issuer):
    """One that waits though none before it is missing, as when it came while that was mined."""
    ahead = chain.nonce(operator.address) + 3
    signed = issuer.sign(
        {
            "to": HOLDER, "value": 1, "gas": 21_000, "nonce": ahead, "chainId": chain.chain_id,
            "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 1,
        }
    )  # fmt: skip
    [taken] = chain.send_raw([signed])
    anvil.rpc("anvil_setNonce", operator.address, hex(ahead))
    anvil.rpc("evm_mine")
    assert chain.receipts([taken]) == [None]
    assert chain.mine_leftovers(taken)
    chain.send_raw([signed])
    assert not chain.mine_leftovers(taken)
    [mined] = chain.receipts([taken])
    assert mined.success


def test_what_was_sent_can_be_asked_for(chain, token, operator):
    receipt = operator.send_one("mint", token.mint(HOLDER, 7))
    unknown = f"0x{'7' * 64}"
    sent, nothing = chain.sent([receipt.hash, unknown])
    assert (sent.sender, sent.to) == (operator.address, token.address)
    assert function("ShareToken", "mint").arguments(sent.data) == (HOLDER, 7)
    assert nothing is None


def test_a_creation_has_no_receiver_and_its_code_is_there_from_its_block_on(chain, operator):
    receipt = operator.send_one("dollar", deploy_call(artifact("Dollar"), "Dollar", "USD", 6))
    [sent] = chain.sent([receipt.hash])
    assert sent.to is None
    block = receipt.mined.block_number
    assert chain.code(receipt.contract_address, block=block - 1) == b""
    assert chain.code(receipt.contract_address, block=block) != b""


@pytest.mark.attack("I2")
def test_a_range_that_a_provider_refuses_is_halved(anvil, token):
    asked = []

    def answer(request):
        if not isinstance(request, dict) or request["method"] != "eth_getLogs":
            return None
        span = request["params"][0]
        size = int(span["toBlock"], 16) - int(span["fromBlock"], 16) + 1
        asked.append(size)
        error = {"code": -32005, "message": "query returned more than 3 blocks"}
        refused = {"jsonrpc": "2.0", "id": request["id"], "error": error}
        return (200, refused) if size > 3 else None

    with provider(anvil.url, answer) as url:
        assert minted(RpcChain(url), token) == list(range(1, 21))
    assert max(asked) > 3
    # It remembers the size that was taken.
    assert sum(size > 3 for size in asked) <= 5


def test_a_provider_without_batches_is_asked_one_by_one(anvil, token):
    def answer(request):
        refused = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batch"}}
        return (200, refused) if isinstance(request, list) else None

    with provider(anvil.url, answer) as url:
        balances = ShareToken(RpcChain(url), token.address).balances_of([HOLDER, NATIVE])
    assert balances == [210, 0]


def test_a_busy_provider_is_asked_again(anvil):
    busy = [429, 503]
    with provider(anvil.url, lambda _: (busy.pop(), {}) if busy else None) as url:
        assert RpcChain(url).chain_id == 31337
    assert busy == []


def test_a_page_that_is_no_node_is_one_sentence(anvil):
    with provider(anvil.url, lambda _: (403, "forbidden")) as url, pytest.raises(ChainError) as no:
        _ = RpcChain(f"{url}/v3/secret-key").chain_id
    assert str(no.value) == (
        f"the node at {url} answered HTTP 403, not JSON-RPC; "
        "check the address and, if it needs one, the key in it"
    )


def test_a_web3_can_lend_its_connection(anvil, token):
    chain = RpcChain(Web3(HTTPProvider(anvil.url)))
    assert chain.chain_id == 31337
    assert ShareToken(chain, token.address).balances_of([HOLDER]) == [210]
    with pytest.raises(RevertError):
        ShareToken(chain, token.address).record_time(1)


def test_a_refusal_is_named_and_explained(token):
    with pytest.raises(RevertError) as refused:
        token.record_time(4)
    assert (refused.value.error, refused.value.arguments) == (
        "ShareToken_UnknownRecord",
        {"recordId": 4, "recordCount": 0},
    )
    assert str(refused.value) == (
        "the contract refused: ShareToken_UnknownRecord(recordId=4, recordCount=0); "
        "that is, a record id was never given out"
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            "08c379a0" + "20".zfill(64) + "03".zfill(64) + "6e6f21".ljust(64, "0"),
            "the contract refused: Error(message=no!)",
        ),
        ("4e487b71" + "11".zfill(64), "the contract refused: Panic(code=17)"),
        ("deadbeef", "the contract refused: UnknownError(data=0xdeadbeef)"),
        ("08c379a0", "the contract refused: UnknownError(data=0x08c379a0)"),
        (
            "",
            f"the contract refused: {NO_REASON}",
        ),
    ],
)
def test_every_kind_of_revert_data_is_a_sentence(data, sentence):
    assert str(decode_error(bytes.fromhex(data))) == sentence


def test_every_custom_error_of_the_product_is_known():
    for contract in ("ShareToken", "DividendVault"):
        for entry in artifact(contract).abi:
            if entry["type"] == "error":
                assert any(known["name"] == entry["name"] for known, _ in abi._errors().values())


def test_arguments_that_do_not_fit_are_refused():
    with pytest.raises(InputError) as refused:
        function("ShareToken", "mint").encode(HOLDER, -1)
    assert str(refused.value).startswith("mint: ")


def test_views_can_be_pinned_to_a_block(chain, operator, token):
    before = chain.block().number
    operator.send_one("more", token.mint(HOLDER, 1_000))
    assert ShareToken(chain, token.address, block=before).balance_of(HOLDER) == 210
    assert token.balance_of(HOLDER) == 1_210


def test_the_native_coin_is_a_currency(chain, operator):
    ether = Currency(chain, NATIVE)
    assert (ether.symbol(), ether.decimals(), ether.is_native) == ("ETH", 18, True)
    assert ether.balance_of(operator.address) == chain.balance(operator.address)

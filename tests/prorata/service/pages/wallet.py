"""A wallet that stands in for a person's: it announces itself, signs with a key, and may refuse."""

from __future__ import annotations

import json
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from prorata.errors import ProrataError
from prorata.toolchain.anvil import Anvil

__all__ = ["SCRIPT", "Wallet"]

SCRIPT = """
(() => {
  const request = async ({ method, params }) => {
    const asked = JSON.stringify({ method, params: params ?? [] });
    const told = JSON.parse(await window.askWallet(asked));
    if (!told.error) return told.result;
    throw Object.assign(new Error(told.error.message), { code: told.error.code });
  };
  const provider = { request, on() {}, removeListener() {} };
  const icon = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E";
  const info = { uuid: "c0ffee", name: "<b>Test</b> wallet", icon, rdns: "org.example" };
  const detail = Object.freeze({ info: Object.freeze(info), provider });
  const announce = () =>
    window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window.addEventListener("eip6963:requestProvider", announce);
  if (window.injectOnly) window.ethereum = provider; else announce();
})();
"""


class Wallet:
    """`asked` is every method that the page has called; `refuses` those that the person denies."""

    def __init__(self, key: str, anvil: Anvil) -> None:
        self.account = Account.from_key(key)
        self.anvil = anvil
        self.chain_id = 31_337
        self.refuses: set[str] = set()
        self.asked: list[str] = []
        self.sent: list[dict[str, Any]] = []

    @property
    def address(self) -> str:
        return str(self.account.address)

    def signed(self, text: str) -> str:
        """As `personal_sign` does it."""
        return "0x" + bytes(self.account.sign_message(encode_defunct(text=text)).signature).hex()

    def request(self, body: str) -> str:
        """What the page asks, answered as EIP-1193 does."""
        told = json.loads(body)
        method, params = told["method"], told["params"]
        self.asked.append(method)
        if method in self.refuses:
            return json.dumps({"error": {"code": 4001, "message": "User rejected the request."}})
        try:
            return json.dumps({"result": self._answer(method, params)})
        except (ValueError, AssertionError, ProrataError) as error:
            return json.dumps({"error": {"code": -32000, "message": str(error)}})

    def _answer(self, method: str, params: list[Any]) -> Any:
        if method in ("eth_accounts", "eth_requestAccounts"):
            return [self.address.lower()]
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method == "wallet_switchEthereumChain":
            raise ValueError("Unrecognized chain ID")
        if method == "personal_sign":
            text = bytes.fromhex(params[0][2:]).decode()
            assert params[1].lower() == self.address.lower()
            return self.signed(text)
        if method == "eth_signTypedData_v4":
            message = encode_typed_data(full_message=json.loads(params[1]))
            return "0x" + bytes(self.account.sign_message(message).signature).hex()
        if method == "eth_sendTransaction":
            return self._send(params[0])
        return self.anvil.rpc(method, *params)

    def _send(self, body: dict[str, Any]) -> str:
        assert body["from"].lower() == self.address.lower()
        self.sent.append(body)
        price = int(self.anvil.rpc("eth_gasPrice"), 16)
        transaction = {
            "to": body["to"], "data": body["data"], "value": int(body["value"], 16),
            "gas": int(body["gas"], 16), "gasPrice": 2 * price, "chainId": 31_337,
            "nonce": int(self.anvil.rpc("eth_getTransactionCount", self.address, "pending"), 16),
        }  # fmt: skip
        signed = self.account.sign_transaction(transaction)
        return str(
            self.anvil.rpc("eth_sendRawTransaction", "0x" + bytes(signed.raw_transaction).hex())
        )

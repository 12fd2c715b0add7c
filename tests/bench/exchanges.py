"""What carries out signed orders: ours, and others' from npm, behind the same few words.

A deal is signed by its maker and filled by its taker; who needs allowances is the exchange itself.
`tests/bench` measures these, and `tests/assurance` compares what they move.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from eth_abi.abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32
from eth_utils.crypto import keccak

from tests.chainkit import ZERO, Deployed, Kit

MAKER: LocalAccount = Account.from_key("0x" + "0d" * 32)
"""Who signs."""

LATER = 2**40
"""Until when every order counts."""

IN_PARTS = 1 << 63
"""In the nonce of an order of ours that may be filled in parts."""

NOTHING = b"\0" * 32
Call = tuple[Deployed, str, tuple[Any, ...]]
"""The contract, the function, and what it takes."""


@dataclass(frozen=True)
class Deal:
    """What the maker gives and takes in all, in the smallest unit of each token."""

    give: Deployed
    take: Deployed
    gives: int
    takes: int
    nonce: int
    in_parts: bool = False


class Exchange(ABC):
    """One way to trade, deployed on a chain."""

    title: ClassVar[str]
    package: ClassVar[str] = ""
    """Whose it is; nothing for ours."""
    fills_parts: ClassVar[bool] = False
    cancels: ClassVar[bool] = True

    def __init__(self, kit: Kit, chain_id: int) -> None:
        self.kit, self.chain_id = kit, chain_id
        self.contract = self.deployed()

    @abstractmethod
    def deployed(self) -> Deployed:
        """The contract, to which both sides give allowances."""

    @abstractmethod
    def fill(self, deal: Deal, taker: str, amount: int | None = None) -> Call:
        """What the taker sends to have `amount` of what the maker gives; all of it without."""

    def cancel(self, deal: Deal) -> Call:
        """What the maker sends so that it is never filled.

        Raises: NotImplementedError where nothing does that.
        """
        raise NotImplementedError(self.title)


class Ours(Exchange):
    """`TradeSettlement`."""

    title = "prorata `TradeSettlement`"
    fills_parts = True

    def deployed(self) -> Deployed:
        return self.kit.deploy("TradeSettlement")

    def _nonce(self, deal: Deal) -> int:
        return deal.nonce | IN_PARTS if deal.in_parts else deal.nonce

    def order(self, deal: Deal, taker: str = ZERO) -> tuple[Any, ...]:
        """The order as the interface has it: no record, no fee, no tax."""
        tokens = (deal.give.address, deal.take.address)
        least = 1 if deal.in_parts else deal.gives
        terms = (deal.gives, deal.takes, least, LATER, self._nonce(deal))
        return (MAKER.address, taker, *tokens, *terms, ZERO, 0, False, ZERO, 0, ZERO, 0)

    def fill(self, deal: Deal, taker: str, amount: int | None = None) -> Call:
        order = self.order(deal)
        signature = _signed(self.contract.call("digestOf", order))
        asked = deal.gives if amount is None else amount
        return self.contract, "fill", (order, signature, asked, deal.takes)

    def cancel(self, deal: Deal) -> Call:
        return self.contract, "cancel", ([self._nonce(deal)],)


class Seaport(Exchange):
    """Seaport 1.6, without a conduit: allowances are given to itself."""

    title = "Seaport 1.6"
    package = "seaport-core"
    fills_parts = True
    ERC20: ClassVar[int] = 1

    def deployed(self) -> Deployed:
        return self.kit.deploy("Seaport", self.kit.deploy("ConduitController").address)

    def _parameters(self, deal: Deal) -> tuple[Any, ...]:
        offer = [(self.ERC20, deal.give.address, 0, deal.gives, deal.gives)]
        wanted = (self.ERC20, deal.take.address, 0, deal.takes, deal.takes, MAKER.address)
        kind = int(deal.in_parts)
        return (MAKER.address, ZERO, offer, [wanted], kind, 0, LATER, NOTHING, deal.nonce, NOTHING)

    def _signature(self, deal: Deal) -> bytes:
        counted = (*self._parameters(deal), 0)
        order = self.contract.call("getOrderHash", counted)
        _, domain, _ = self.contract.call("information")
        return _signed(keccak(b"\x19\x01" + domain + order))

    def fill(self, deal: Deal, taker: str, amount: int | None = None) -> Call:
        parameters = (*self._parameters(deal), 1)
        signature = self._signature(deal)
        if not deal.in_parts:
            return self.contract, "fulfillOrder", ((parameters, signature), NOTHING)
        asked = deal.gives if amount is None else amount
        advanced = (parameters, asked, deal.gives, signature, b"")
        return self.contract, "fulfillAdvancedOrder", (advanced, [], NOTHING, ZERO)

    def cancel(self, deal: Deal) -> Call:
        return self.contract, "cancel", ([(*self._parameters(deal), 0)],)


class AirSwap(Exchange):
    """AirSwap's SwapERC20 with no protocol fee. The signature names who may fill."""

    title = "AirSwap SwapERC20"
    package = "@airswap/swap-erc20"
    ORDER: ClassVar[bytes] = (
        b"OrderERC20(uint256 nonce,uint256 expiry,address signerWallet,address signerToken,"
        b"uint256 signerAmount,uint256 protocolFee,address senderWallet,address senderToken,"
        b"uint256 senderAmount)"
    )

    def deployed(self) -> Deployed:
        return self.kit.deploy("SwapERC20", 0, 0, self.kit.accounts[0], 0, 0)

    def fill(self, deal: Deal, taker: str, amount: int | None = None) -> Call:
        when = (deal.nonce, LATER)
        signer = (MAKER.address, deal.give.address, deal.gives)
        sender = (deal.take.address, deal.takes)
        kinds = ["bytes32", "uint256", "uint256", "address", "address", "uint256", "uint256"]
        kinds += ["address", "address", "uint256"]
        fields = (keccak(self.ORDER), *when, *signer, 0, taker, *sender)
        struct = keccak(encode(kinds, fields))
        domain = self.contract.call("DOMAIN_SEPARATOR")
        signature = _signed(keccak(b"\x19\x01" + domain + struct))
        return self.contract, "swap", (taker, *when, *signer, *sender, *_parts(signature))

    def cancel(self, deal: Deal) -> Call:
        return self.contract, "cancel", ([deal.nonce],)


class ZeroEx(Exchange):
    """0x's OTC orders, called without the proxy that stands before them, which would cost more.

    There is no cancelling: a nonce ends those below it when it is used.
    """

    title = "0x OTC order"
    package = "@0x/contracts-zero-ex"
    cancels = False
    EIP712: ClassVar[int] = 2

    def deployed(self) -> Deployed:
        return self.kit.deploy("OtcOrdersFeature", ZERO, ZERO)

    def fill(self, deal: Deal, taker: str, amount: int | None = None) -> Call:
        amounts = (deal.give.address, deal.take.address, deal.gives, deal.takes)
        order = (*amounts, MAKER.address, ZERO, taker, LATER << 192 | deal.nonce + 1)
        signature = _signed(self.contract.call("getOtcOrderHash", order))
        signed = (self.EIP712, *_parts(signature))
        return self.contract, "fillOtcOrder", (order, signed, deal.takes)


EXCHANGES: tuple[type[Exchange], ...] = (Ours, Seaport, AirSwap, ZeroEx)


def _signed(digest: bytes) -> bytes:
    return bytes(MAKER.unsafe_sign_hash(Hash32(digest)).signature)


def _parts(signature: bytes) -> tuple[int, bytes, bytes]:
    return signature[64], signature[:32], signature[32:64]

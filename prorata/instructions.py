"""What holders sign about their income: to be paid at another wallet, or to be reinvested.

An instruction is EIP-712 typed data for the desk of a vault (`IPayoutDesk`). Its file is that typed
data as wallets and hardware wallets take it (`eth_signTypedData_v4`), with one member more,
`signature`, which is null until somebody has signed:

    {"types": …, "domain": …, "primaryType": "Instruction", "message": …, "signature": "0x…"}

So a holder can sign with whatever it trusts, offline, and anyone who is handed the file can bring
it to the chain and pay for that. Nothing in the file is secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from eth_abi.abi import encode as abi_encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from prorata.abi import ZERO_ADDRESS
from prorata.asset import check_address
from prorata.chain import Chain
from prorata.contracts import Distribution, DividendVault, Instruction, PayoutDesk
from prorata.deploy import Deployment
from prorata.errors import InputError, RevertError
from prorata.operations import Payout, payouts
from prorata.operator import Operator, Receipt
from prorata.settings import moment

__all__ = [
    "CarriedOut",
    "Reinvested",
    "SignedInstruction",
    "TypedSigner",
    "cancel_instruction",
    "carry_out",
    "check_instruction",
    "desk_of",
    "digest",
    "draft_instruction",
    "parse_data",
    "read_instruction",
    "sign_instruction",
    "typed_data",
    "write_instruction",
]

DOMAIN_NAME, DOMAIN_VERSION = "prorata PayoutDesk", "1"
PRIMARY_TYPE = "Instruction"
TYPES: Mapping[str, Sequence[Mapping[str, str]]] = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    PRIMARY_TYPE: [
        {"name": "holder", "type": "address"},
        {"name": "claimant", "type": "address"},
        {"name": "ids", "type": "uint256[]"},
        {"name": "receiver", "type": "address"},
        {"name": "hook", "type": "address"},
        {"name": "data", "type": "bytes"},
        {"name": "nonce", "type": "uint256"},
        {"name": "validUntil", "type": "uint256"},
    ],
}

MAX_WORD = 2**256 - 1
ERC1271_MAGIC = bytes.fromhex("1626ba7e")

_NUMBER = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)
_BYTES = re.compile(r"0x(?:[0-9a-fA-F]{2})*", re.ASCII)
_SIGN_ANEW = "sign a new one with `ape run instruct`"


class TypedSigner(Protocol):
    """Whoever can sign typed data; every `Signer` of an operator can."""

    @property
    def address(self) -> str:
        """The account, in EIP-55."""
        ...

    def sign_typed(self, message: Mapping[str, Any]) -> bytes:
        """The signature, r, s and v, of EIP-712 typed data."""
        ...


@dataclass(frozen=True)
class SignedInstruction:
    """An instruction for one desk of one chain; `signature` is empty until it is signed."""

    instruction: Instruction
    chain_id: int
    desk: str
    signature: bytes = b""

    @property
    def digest(self) -> bytes:
        """What is signed."""
        return digest(self.instruction, self.chain_id, self.desk)

    @property
    def is_signed_by_key(self) -> bool:
        """Whether the claimant's own key has signed; what a contract says, only the chain knows."""
        signable = encode_typed_data(
            full_message=typed_data(self.instruction, self.chain_id, self.desk)
        )
        try:
            signer = Account.recover_message(signable, signature=self.signature)
        except Exception:  # noqa: BLE001 - eth-account has many words for "this is no signature"
            return False
        return bool(signer == self.instruction.claimant)


# -------------------------------------------------------------------------------------- typed data


def typed_data(instruction: Instruction, chain_id: int, desk: str) -> dict[str, Any]:
    """The whole of what a wallet shows and signs; numbers as text, since JSON cuts large ones."""
    return {
        "types": {name: [dict(part) for part in parts] for name, parts in TYPES.items()},
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": desk,
        },
        "primaryType": PRIMARY_TYPE,
        "message": {
            "holder": instruction.holder,
            "claimant": instruction.claimant,
            "ids": [str(number) for number in instruction.ids],
            "receiver": instruction.receiver,
            "hook": instruction.hook,
            "data": f"0x{instruction.data.hex()}",
            "nonce": str(instruction.nonce),
            "validUntil": str(instruction.valid_until),
        },
    }


def digest(instruction: Instruction, chain_id: int, desk: str) -> bytes:
    """What is signed: `PayoutDesk.digestOf`, without a chain."""
    parts = encode_typed_data(full_message=typed_data(instruction, chain_id, desk))
    return bytes(keccak(b"\x19" + parts.version + parts.header + parts.body))


def sign_instruction(unsigned: SignedInstruction, signer: TypedSigner) -> SignedInstruction:
    """The same, signed.

    Raises: InputError when the signer is not the claimant.
    """
    claimant = unsigned.instruction.claimant
    if signer.address != claimant:
        raise InputError.of(
            "account",
            signer.address,
            f"is not {claimant}, who is to be paid",
            "sign with that account, or write the file --unsigned and sign it elsewhere",
        )
    message = typed_data(unsigned.instruction, unsigned.chain_id, unsigned.desk)
    return replace(unsigned, signature=signer.sign_typed(message))


# ---------------------------------------------------------------------------------------- the file


def write_instruction(path: Path, signed: SignedInstruction) -> None:
    """Write the file, whole or not at all.

    Raises: InputError when it cannot be written.
    """
    content = typed_data(signed.instruction, signed.chain_id, signed.desk)
    content["signature"] = f"0x{signed.signature.hex()}" if signed.signature else None
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        reason = str(error.strerror).lower()
        raise InputError.of(
            "out", path, f"cannot be written ({reason})", "give another path"
        ) from None


def read_instruction(path: Path) -> SignedInstruction:
    """Read the file, as strictly as what can be signed is narrow.

    Raises: InputError when it cannot be read, or is no instruction for a desk of prorata.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = str(error.strerror).lower()
        raise InputError.of(
            "instruction",
            path,
            f"cannot be read ({reason})",
            "give the file that `ape run instruct` wrote",
        ) from None
    except ValueError:
        raise InputError.of("instruction", path, "is not JSON", _SIGN_ANEW) from None
    whole = _members(content, "", {"types", "domain", "primaryType", "message", "signature"})
    # Another type of the same name would be shown, and signed, as something else.
    if whole["types"] != TYPES or whole["primaryType"] != PRIMARY_TYPE:
        raise InputError.of("types", path, "are not those of an instruction", _SIGN_ANEW)
    message = _members(whole["message"], "message", {p["name"] for p in TYPES[PRIMARY_TYPE]})
    chain_id, desk = _domain(whole["domain"])
    signature = whole["signature"]
    return SignedInstruction(
        _instruction(message),
        chain_id,
        desk,
        b"" if signature is None else _bytes("signature", signature),
    )


def _domain(content: object) -> tuple[int, str]:
    domain = _members(content, "domain", {part["name"] for part in TYPES["EIP712Domain"]})
    if (domain["name"], domain["version"]) != (DOMAIN_NAME, DOMAIN_VERSION):
        raise InputError.of(
            "domain",
            f"{domain['name']} {domain['version']}",
            f"is not {DOMAIN_NAME} {DOMAIN_VERSION}",
            _SIGN_ANEW,
        )
    return _number("chainId", domain["chainId"]), _address("verifyingContract", domain)


def _instruction(message: Mapping[str, Any]) -> Instruction:
    ids = message["ids"]
    if not isinstance(ids, list) or not ids:
        raise InputError.of("ids", ids, "is no list of distributions", 'write ["1", "2"]')
    return Instruction(
        holder=_address("holder", message),
        claimant=_address("claimant", message),
        ids=tuple(_number("ids", number) for number in ids),
        receiver=_address("receiver", message),
        # The one address that may be nobody.
        hook=ZERO_ADDRESS if message["hook"] == ZERO_ADDRESS else _address("hook", message),
        data=_bytes("data", message["data"]),
        nonce=_number("nonce", message["nonce"]),
        valid_until=_number("validUntil", message["validUntil"]),
    )


def _members(content: object, where: str, names: set[str]) -> Mapping[str, Any]:
    found = set(content) if isinstance(content, dict) else set()
    if found != names:
        odd = sorted(found ^ names)
        raise InputError.of(
            where or "instruction",
            ", ".join(odd),
            "is missing" if names - found else "does not belong there",
            _SIGN_ANEW,
        )
    assert isinstance(content, dict)
    return content


def _address(column: str, members: Mapping[str, Any]) -> str:
    return check_address(column, members[column])


def _number(column: str, value: object) -> int:
    text = str(value)
    # True is an int, and 1.0 a number, to Python and JSON.
    if isinstance(value, bool | float) or not _NUMBER.fullmatch(text) or int(text) > MAX_WORD:
        raise InputError.of(column, value, "is no whole number below 2^256", 'write digits: "12"')
    return int(text)


def parse_data(text: str) -> bytes:
    """What a hook is to read, as a person writes it: `0x…`.

    Raises: InputError when it is not hexadecimal.
    """
    return _bytes("data", text)


def _bytes(column: str, value: object) -> bytes:
    if not isinstance(value, str) or not _BYTES.fullmatch(value):
        raise InputError.of(
            column, value, "is not hexadecimal", "write 0x and an even number of digits"
        )
    return bytes.fromhex(value[2:])


# ---------------------------------------------------------------------------------------- drafting


def desk_of(deployment: Deployment) -> PayoutDesk:
    """The desk of the deployment's vault."""
    return PayoutDesk(deployment.chain, deployment.vault().desk())


def draft_instruction(
    deployment: Deployment,
    holder: str,
    *,
    receiver: str,
    valid_until: int,
    ids: Sequence[int] | None = None,
    hook: str | None = None,
    data: bytes = b"",
    nonce: int | None = None,
) -> SignedInstruction:
    """An instruction about the income of `holder`, not signed yet.

    It is about all that is open now, if no `ids` are given. The nonce, if none is given, follows
    from all the rest: the same instruction drafted twice is carried out once, and another one does
    not get in its way.

    Raises: InputError when the desk would refuse it; ChainError.
    """
    vault, desk = deployment.vault(), desk_of(deployment)
    now = deployment.chain.now()
    if valid_until <= now:
        raise InputError.of(
            "valid-until",
            moment(valid_until),
            f"is not later than the chain's time, {moment(now)}",
            "give a later time",
        )
    _check_target("to", receiver, vault, desk)
    if hook is not None:
        _check_target("hook", hook, vault, desk)
        if not deployment.chain.code(hook):
            raise InputError.of("hook", hook, "is no contract", "check the address and the network")
    elif data:
        raise InputError.of("data", f"0x{data.hex()}", "would be read by nobody", "name a --hook")
    drafted = Instruction(
        holder=holder,
        # Even while its income waits: the signature is good as soon as it does no longer.
        claimant=deployment.token().successor_of(holder),
        ids=_chosen(deployment, vault, holder, ids, reinvested=hook is not None),
        receiver=receiver,
        valid_until=valid_until,
        hook=hook or ZERO_ADDRESS,
        data=data,
        nonce=nonce or 0,
    )
    if nonce is None:
        drafted = _with_free_nonce(drafted, desk)
    elif desk.is_spent(drafted.claimant, nonce):
        raise _spent(drafted)
    return SignedInstruction(drafted, deployment.chain.chain_id, desk.address)


def _check_target(column: str, address: str, vault: DividendVault, desk: PayoutDesk) -> None:
    if address in (vault.address, desk.address):
        name = "vault" if address == vault.address else "desk"
        raise InputError.of(
            column, address, f"is the {name}, where money would be lost", "name another address"
        )


def _chosen(
    deployment: Deployment,
    vault: DividendVault,
    holder: str,
    ids: Sequence[int] | None,
    *,
    reinvested: bool,
) -> tuple[int, ...]:
    """The distributions that the instruction is about."""
    token, every = deployment.token().address, vault.distributions()
    if ids is None:
        chosen = [d for d in every if d.token == token and vault.claimable(d.id, holder)]
        if not chosen:
            raise InputError.of(
                "holder", holder, "has nothing to claim now", "name distributions to come with --id"
            )
    else:
        chosen = [_open(every, number, vault, holder) for number in ids]
    currencies = {found.currency for found in chosen}
    if reinvested and len(currencies) > 1:
        raise InputError.of(
            "id",
            ", ".join(str(found.id) for found in chosen),
            f"are paid in {len(currencies)} currencies, and a hook takes one at a time",
            "sign an instruction for each",
        )
    return tuple(found.id for found in chosen)


def _open(
    every: Sequence[Distribution], number: int, vault: DividendVault, holder: str
) -> Distribution:
    if not 1 <= number <= len(every):
        known = f"there are 1 to {len(every)}" if every else "there is none yet"
        raise InputError.of("distribution", number, f"was never declared: {known}", "check the id")
    if vault.is_claimed(number, holder):
        raise InputError.of("distribution", number, f"was paid to {holder} before", "leave it out")
    return every[number - 1]


def _with_free_nonce(drafted: Instruction, desk: PayoutDesk) -> Instruction:
    """A nonce that nobody else's wish for other words would hit, and the next one if cancelled."""
    words = digest(drafted, desk.chain.chain_id, desk.address)
    nonce = int.from_bytes(words, "big")
    while desk.is_spent(drafted.claimant, nonce):
        nonce = (nonce + 1) % 2**256
    return replace(drafted, nonce=nonce)


# ------------------------------------------------------------------------------------ carrying out


@dataclass(frozen=True)
class Reinvested:
    """`amount` of `currency`, in its smallest unit, arrived at `hook` for `receiver`."""

    hook: str
    receiver: str
    currency: str
    amount: int


@dataclass(frozen=True)
class CarriedOut:
    """What an instruction did; `reinvested` is None without a hook."""

    payouts: tuple[Payout, ...]
    reinvested: Reinvested | None
    receipt: Receipt


def check_instruction(deployment: Deployment, signed: SignedInstruction) -> None:
    """Check, before anything is sent, what its signer or its bearer can set right.

    Raises: InputError when it is for another chain or desk, not signed by its claimant, too old,
    or has been carried out or cancelled; ChainError.
    """
    chain, desk = deployment.chain, desk_of(deployment)
    instruction = signed.instruction
    if signed.chain_id != chain.chain_id:
        raise InputError.of(
            "instruction", signed.chain_id, f"is not chain {chain.chain_id}", "choose its network"
        )
    if signed.desk != desk.address:
        raise InputError.of(
            "instruction",
            signed.desk,
            f"is not the desk of this deployment's vault, {desk.address}",
            "choose its deployment with --deployment",
        )
    if not signed.signature:
        raise InputError.of(
            "signature", "", "is missing", "put what the wallet has signed into the file"
        )
    if not _is_signed(chain, signed):
        raise InputError.of(
            "signature",
            f"0x{signed.signature.hex()}",
            f"is not {instruction.claimant}'s for what the file says",
            _SIGN_ANEW,
        )
    if (now := chain.now()) > instruction.valid_until:
        raise InputError.of(
            "validUntil",
            moment(instruction.valid_until),
            f"has passed: the chain's time is {moment(now)}",
            _SIGN_ANEW,
        )
    if desk.is_spent(instruction.claimant, instruction.nonce):
        raise _spent(instruction)


def carry_out(operator: Operator, deployment: Deployment, signed: SignedInstruction) -> CarriedOut:
    """Bring an instruction to its desk; what was brought before is not brought again.

    Raises: what `check_instruction` and `Operator.send` raise.
    """
    operator.settle()
    key = f"instruction/{signed.digest.hex()}"
    if (receipt := operator.earlier(key)) is None:
        check_instruction(deployment, signed)
        call = desk_of(deployment).carry_out(signed.instruction, _canonical(signed))
        receipt = operator.send_one(key, call)
    told = [event.args for event in receipt.events("Reinvested")]
    reinvested = [Reinvested(**_plain(args)) for args in told]
    return CarriedOut(payouts([receipt]), reinvested[0] if reinvested else None, receipt)


def cancel_instruction(
    operator: Operator, deployment: Deployment, signed: SignedInstruction
) -> Receipt:
    """Make sure that an instruction, signed or not, is never carried out. Claimant only.

    Raises: InputError when the account is not the claimant, or it is too late; what
    `Operator.send` raises.
    """
    instruction, desk = signed.instruction, desk_of(deployment)
    operator.settle()
    key = f"cancel/{desk.address}/{instruction.claimant}/{instruction.nonce}"
    if (receipt := operator.earlier(key)) is not None:
        return receipt
    if operator.address != instruction.claimant:
        raise InputError.of(
            "account",
            operator.address,
            f"is not {instruction.claimant}, who alone can cancel",
            "use that account",
        )
    if desk.is_spent(instruction.claimant, instruction.nonce):
        raise _spent(instruction)
    return operator.send_one(key, desk.cancel(instruction.nonce))


def _is_signed(chain: Chain, signed: SignedInstruction) -> bool:
    """What the desk will find: it asks a contract (ERC-1271), and of others wants the key's own."""
    claimant = signed.instruction.claimant
    if not chain.code(claimant):
        return signed.is_signed_by_key
    question = abi_encode(["bytes32", "bytes"], [signed.digest, signed.signature])
    try:
        answer = chain.call(claimant, ERC1271_MAGIC + question)
    except RevertError:
        return False
    return answer[:32] == ERC1271_MAGIC.ljust(32, b"\0")


def _canonical(signed: SignedInstruction) -> bytes:
    """The signature with the last byte that the desk expects: some devices count from 0."""
    signature = signed.signature
    if signed.is_signed_by_key and signature[-1] < 27:
        return signature[:-1] + bytes([signature[-1] + 27])
    return signature


def _spent(instruction: Instruction) -> InputError:
    return InputError.of(
        "nonce",
        instruction.nonce,
        f"of {instruction.claimant} is spent: an instruction with it was carried out or cancelled",
        _SIGN_ANEW,
    )


def _plain(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: args[name] for name in ("hook", "receiver", "currency", "amount")}

# SPDX-License-Identifier: MIT
"""A rehearsal: what steps would do, learned from the node, with nothing signed and nothing sent.

`RehearsedChain` is a node as it would be after some steps. It runs them one after the other in
blocks to come (`eth_simulateV1`), which leaves nothing behind, and puts every later question at the
end of such a run. So a command plays to its end as it would in earnest: what it reads between two
steps is what the first of them will have left.

A `Rehearsal` is an operator of such a chain that keeps the steps. How each was tried is its grade:
`simulated` on top of those before it, or `called alone` where the node cannot simulate; then the
run ends with the first steps, since nobody knows what the next ones would find.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import rlp
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from prorata.chain.calls import Call
from prorata.chain.encoding import hex_of, int_of, refusal_of
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Progress, Receipt, StepPlan
from prorata.chain.transactions.plans import check_keys, plan_steps
from prorata.chain.transactions.recovery import require_known
from prorata.chain.transports.replies import Request
from prorata.chain.types import Log, Mined
from prorata.errors import ChainError, ProrataError, RevertError

__all__ = [
    "CALLED_ALONE",
    "SIMULATED",
    "Rehearsal",
    "RehearsalEndError",
    "RehearsedChain",
    "RehearsedStep",
    "created_address",
    "digest_of_steps",
]

SIMULATED: Final = "simulated"
CALLED_ALONE: Final = "called alone"

# Creates a contract of the call data, and passes a refusal on.
_FACTORY = "0x366000600037366000" + "34f0806019573d600060003e3d6000fd5b60005260206000f3"
# The code, and the balance, of the address in the call data.
_CODE_OF = "0x600035803b8060006000843c6000f3"
_BALANCE_OF = "0x6000353160005260206000f3"
# No key is known of any of these.
_CODE_PROBE, _BALANCE_PROBE, _STRANGER = (f"0x{n:040x}" for n in (0xF0D1, 0xF0D2, 0xF0D3))

_HEAD = frozenset({"latest", "pending"})


class RehearsalEndError(ChainError):
    """The rehearsal ends here: the node cannot say what would come after these steps."""


def created_address(sender: str, nonce: int) -> str:
    """Where the `nonce`-th transaction of `sender` puts a contract that it creates."""
    packed = rlp.encode([to_canonical_address(sender), nonce])
    return str(to_checksum_address(keccak(packed)[12:]))


@dataclass(frozen=True)
class RehearsedStep:
    """One step that would be sent: its gas is what it is given at most, `grade` how it was tried.

    `creates` is where it would put a contract.
    """

    key: str
    label: str
    to: str | None
    value: int
    data: bytes
    gas: int
    grade: str
    creates: str | None = None

    @property
    def content(self) -> dict[str, Any]:
        """What a digest over steps is made of."""
        hashed = f"0x{keccak(self.data).hex()}"
        return {"key": self.key, "to": self.to, "value": str(self.value), "data": hashed}


def digest_of_steps(chain: RpcChain, signer: str, steps: Sequence[RehearsedStep]) -> str:
    """What names these steps, by this signer, on this chain: 32 bytes as `0x…`."""
    content = {
        "chain": chain.chain_id,
        "genesis": chain.genesis_hash,
        "signer": signer,
        "steps": [step.content for step in steps],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"0x{hashlib.sha256(canonical.encode()).hexdigest()}"


# ------------------------------------------------------------------------------------- the chain


@dataclass
class _Ran:
    """One step that was run: the block to ask for it again, its header, and what it did."""

    block: Mapping[str, Any]
    header: Mapping[str, Any]
    mined: Mined


class RehearsedChain(RpcChain):
    """The node of `chain`, after the steps that were run on it here."""

    def __init__(self, chain: RpcChain) -> None:
        # One node, and all that is known of it.
        vars(self).update(copy.copy(vars(chain)))
        self._ran: list[_Ran] = []
        self._nonces: dict[str, int] = {}
        self._codes: dict[str, str] = {}

    def run(self, sender: str, plan: StepPlan) -> Mined:
        """Run a step on top of those before it; what it did.

        Raises: RevertError when it would fail; ChainError when the node does not simulate.
        """
        call, nonce = plan.intent.call, self.nonce(sender)
        if call.to is None:
            block = self._creation(sender, nonce, plan)
        else:
            question = {**call.question(sender), "gas": hex(plan.gas)}
            block = {"calls": [question], "stateOverrides": self._plain(sender, nonce)}
        answer = self._simulated([block])[0]
        [outcome] = answer["calls"]
        if (refusal := _refused(outcome)) is not None:
            raise refusal
        mined = self._mined(sender, nonce, plan, answer, outcome)
        header = {**answer, "hash": mined.block_hash}
        self._ran.append(_Ran(block, header, mined))
        self._nonces[sender] = nonce + 1
        return mined

    def try_many(
        self, questions: Sequence[Request], *, batch: int | None = None, hasty: bool = False
    ) -> list[Any]:
        """As the node would answer, had the steps been sent."""
        if not self._ran:
            return super().try_many(questions, batch=batch, hasty=hasty)
        own = {n: answer for n, q in enumerate(questions) if (answer := self._own(q)) is not None}
        asked = [self._put(q) for n, q in enumerate(questions) if n not in own]
        answers = iter(super().try_many([q for q, _ in asked], batch=batch, hasty=hasty))
        for number in range(len(questions)):
            if number not in own:
                _, read = asked[number - len([n for n in own if n < number])]
                answer = next(answers)
                own[number] = (answer if isinstance(answer, ProrataError) else read(answer),)
        return [own[number][0] for number in range(len(questions))]

    # ------------------------------------------------------------------ simulating

    def _simulated(self, blocks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        states = [*(one.block for one in self._ran), *blocks]
        question = ("eth_simulateV1", ({"blockStateCalls": states}, "latest"))
        [answer] = super().try_many([question])
        if isinstance(answer, ProrataError):
            raise answer
        return list(answer[len(self._ran) :])

    def _creation(self, sender: str, nonce: int, plan: StepPlan) -> Mapping[str, Any]:
        """A block in which `sender` creates: not every node simulates a creation as such.

        For this block the sender has the code of a factory, so that the contract is made by the
        right account, with the right nonce.
        """
        call = plan.intent.call
        question = {"from": _STRANGER, "to": sender, "input": hex_of(call.data)}
        if call.value:
            question["value"] = hex(call.value)
        factory = {sender: {"code": _FACTORY, "nonce": hex(nonce)}}
        return {"calls": [{**question, "gas": hex(plan.gas * 2)}], "stateOverrides": factory}

    def _plain(self, sender: str, nonce: int) -> Mapping[str, Any]:
        """The sender as it is: without a factory's code, and with its own nonce."""
        if sender not in self._codes:
            [code] = super().try_many([("eth_getCode", (sender, "latest"))])
            self._codes[sender] = code if isinstance(code, str) else "0x"
        return {sender: {"code": self._codes[sender], "nonce": hex(nonce)}}

    def _mined(
        self,
        sender: str,
        nonce: int,
        plan: StepPlan,
        answer: Mapping[str, Any],
        outcome: Mapping[str, Any],
    ) -> Mined:
        number = int_of(answer["number"])
        hashed = f"0x{keccak(f'{sender}/{nonce}/{number}'.encode()).hex()}"
        creates = created_address(sender, nonce) if plan.intent.call.to is None else None
        logs = tuple(
            Log(
                address=str(to_checksum_address(log["address"])),
                topics=tuple(bytes.fromhex(topic[2:]) for topic in log["topics"]),
                data=bytes.fromhex(log["data"][2:]),
                block_number=number,
                block_hash=hashed,
                transaction_hash=hashed,
                log_index=place,
                block_time=int_of(answer["timestamp"]),
            )
            for place, log in enumerate(outcome.get("logs", ()))
        )
        used = int_of(outcome["gasUsed"])
        return Mined(hashed, number, hashed, True, used, self.fees().most, creates, logs)

    # -------------------------------------------------------------------- answering

    def _own(self, question: Request) -> tuple[Any] | None:
        """What is known without the node."""
        method, params = _parts(question)
        if method == "eth_sendRawTransaction":
            raise AssertionError("a rehearsal sends nothing")
        if method == "eth_getTransactionCount" and str(to_checksum_address(params[0])) in (
            nonces := self._nonces
        ):
            return (hex(nonces[str(to_checksum_address(params[0]))]),)
        if method == "eth_blockNumber":
            return (self._ran[-1].header["number"],)
        if method == "eth_getBlockByNumber" and (header := self._header(params[0])) is not None:
            return (header,)
        if method == "eth_getTransactionReceipt":
            found = [one.mined for one in self._ran if one.mined.transaction_hash == params[0]]
            return (_receipt(found[0]),) if found else None
        if method == "eth_getLogs" and int_of(params[0]["fromBlock"]) > self._base:
            return (self._logs(params[0]),)
        return None

    @property
    def _base(self) -> int:
        """The number of the last block that is really there."""
        return int_of(self._ran[0].header["number"]) - 1

    def _header(self, tag: str) -> Mapping[str, Any] | None:
        if tag in _HEAD:
            return self._ran[-1].header
        numbers = {int_of(one.header["number"]): one.header for one in self._ran}
        return numbers.get(int_of(tag)) if tag.startswith("0x") else None

    def _put(self, question: Request) -> tuple[Request, Any]:
        """The question as the node is asked it, and how to read what it answers."""
        method, params = _parts(question)
        if method == "eth_getLogs":
            asked, mine = dict(params[0]), self._logs(params[0])
            if int_of(asked["toBlock"]) > self._base:
                asked["toBlock"] = hex(self._base)
            return (method, (asked,)), lambda found: [*found, *mine]
        if method == "eth_simulateV1":
            states = [*(one.block for one in self._ran), *params[0]["blockStateCalls"]]
            asked = {**params[0], "blockStateCalls": states}
            return (method, (asked, "latest")), lambda found: found[len(self._ran) :]
        if method in _LAST_CALLS and self._is_head(params[1] if len(params) > 1 else "latest"):
            call, overrides = _LAST_CALLS[method](params[0])
            if method == "eth_estimateGas" and "to" not in call:
                return self._estimated(call)
            states = [*(one.block for one in self._ran), {"calls": [call], **overrides}]
            question = ("eth_simulateV1", ({"blockStateCalls": states}, "latest"))
            return question, lambda found: _outcome(method, found[-1]["calls"][0])
        return question, lambda found: found

    def _estimated(self, call: Mapping[str, Any]) -> tuple[Request, Any]:
        """What a creation would use."""
        sender = str(call["from"])
        data = str(call.get("input", call.get("data")))
        asked = {"from": _STRANGER, "to": sender, "input": data}
        factory = {sender: {"code": _FACTORY, "nonce": hex(self.nonce(sender))}}
        states = [*(one.block for one in self._ran), {"calls": [asked], "stateOverrides": factory}]
        question = ("eth_simulateV1", ({"blockStateCalls": states}, "latest"))
        return question, lambda found: _outcome("eth_estimateGas", found[-1]["calls"][0])

    def _is_head(self, tag: object) -> bool:
        if not isinstance(tag, str) or tag in _HEAD:
            return True
        return tag.startswith("0x") and int_of(tag) > self._base

    def _logs(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The logs of the steps that a question asks for."""
        addresses = {str(to_checksum_address(a)) for a in _listed(wanted.get("address"))}
        first, last = int_of(wanted["fromBlock"]), int_of(wanted["toBlock"])
        return [
            _raw(log)
            for one in self._ran
            for log in one.mined.logs
            if first <= log.block_number <= last
            and (not addresses or log.address in addresses)
            and _has_topics(log, wanted.get("topics", ()))
        ]


def _parts(question: Request) -> tuple[str, list[Any]]:
    method, params = question
    return method, list(params)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _has_topics(log: Log, wanted: Sequence[Any]) -> bool:
    for place, topics in enumerate(wanted):
        if topics is None:
            continue
        if place >= len(log.topics) or f"0x{log.topics[place].hex()}" not in _listed(topics):
            return False
    return True


def _raw(log: Log) -> dict[str, Any]:
    """A log as a node gives it."""
    return {
        "address": log.address,
        "topics": [f"0x{topic.hex()}" for topic in log.topics],
        "data": f"0x{log.data.hex()}",
        "blockNumber": hex(log.block_number),
        "blockHash": log.block_hash,
        "blockTimestamp": hex(log.block_time),
        "transactionHash": log.transaction_hash,
        "logIndex": hex(log.log_index),
        "removed": False,
    }


def _receipt(mined: Mined) -> dict[str, Any]:
    """A receipt as a node gives it."""
    return {
        "transactionHash": mined.transaction_hash,
        "blockNumber": hex(mined.block_number),
        "blockHash": mined.block_hash,
        "status": "0x1",
        "gasUsed": hex(mined.gas_used),
        "effectiveGasPrice": hex(mined.gas_price),
        "contractAddress": mined.contract_address,
        "logs": [_raw(log) for log in mined.logs],
    }


def _as_call(transaction: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return transaction, {}


def _probe(probe: str, code: str, account: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    call = {"to": probe, "input": f"0x{account[2:]:0>64}"}
    return call, {"stateOverrides": {probe: {"code": code}}}


_LAST_CALLS: Final[Mapping[str, Callable[[Any], tuple[Mapping[str, Any], Mapping[str, Any]]]]] = {
    "eth_call": _as_call,
    "eth_estimateGas": _as_call,
    "eth_getCode": lambda account: _probe(_CODE_PROBE, _CODE_OF, account),
    "eth_getBalance": lambda account: _probe(_BALANCE_PROBE, _BALANCE_OF, account),
}
"""How a question is put as the last call of a run."""


def _refused(outcome: Mapping[str, Any]) -> ProrataError | None:
    if int_of(outcome["status"]) == 1:
        return None
    error = dict(outcome.get("error") or {"message": "execution reverted", "code": 3})
    if outcome.get("returnData", "0x") != "0x":
        error.setdefault("data", outcome["returnData"])
    return refusal_of("eth_call", error)


def _outcome(method: str, outcome: Mapping[str, Any]) -> Any:
    if (refusal := _refused(outcome)) is not None:
        return refusal
    if method == "eth_estimateGas":
        # Before what is given back, of which there may be a fifth; and a call keeps a 64th.
        return hex(int_of(outcome["gasUsed"]) * 5 // 4 * 64 // 63)
    return outcome["returnData"]


# ---------------------------------------------------------------------------------- the operator


@dataclass
class _Notes:
    steps: list[RehearsedStep] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)


class Rehearsal(Operator):
    """An operator that tries steps and keeps them, where an `Operator` would send them.

    What an earlier run has sent is answered from the journal, which nothing is added to.
    """

    def __init__(self, chain: RehearsedChain, *args: Any, **options: Any) -> None:
        super().__init__(chain, *args, **options)
        self.rehearsed = chain
        self._notes = _Notes()

    @property
    def steps(self) -> tuple[RehearsedStep, ...]:
        """What would be sent, in order."""
        return tuple(self._notes.steps)

    @property
    def digest(self) -> str:
        """What names the steps: `digest_of_steps`."""
        return digest_of_steps(self.chain, self.address, self.steps)

    def settle(self) -> None:
        """Nothing: what an earlier run had only signed counts as not sent."""

    def send(self, intents: Sequence[Intent]) -> list[Receipt]:
        """Try every step that is not done yet; receipts in the order of `intents`.

        Raises: as `Operator.send` before anything is sent; RevertError for a step that would fail;
        RehearsalEndError when the node cannot say what comes next.
        """
        check_keys(intents)
        found = {intent.key: self.earlier(intent.key, intent.call) for intent in intents}
        done = {key: receipt for key, receipt in found.items() if receipt is not None}
        new = [intent for intent in intents if intent.key not in done]
        if new and not self._notes.steps:
            require_known(self)
        plans = plan_steps(self.chain, self.address, new, self.prices)
        for number, plan in enumerate(plans, start=1):
            done[plan.intent.key] = self._try(plan, plans)
            self.on_progress(Progress(plan.intent.call.label, number, len(plans)))
        return [done[intent.key] for intent in intents]

    def earlier(self, key: str, call: Call | None = None) -> Receipt | None:
        """The receipt of a step that an earlier run has done, or this one has tried."""
        return self._notes.receipts.get(key) or super().earlier(key, call)

    def _try(self, plan: StepPlan, plans: Sequence[StepPlan]) -> Receipt:
        try:
            mined = self.rehearsed.run(self.address, plan)
        except RevertError:
            raise
        except ChainError as error:
            # It was estimated, which is a call by itself.
            left = [one for one in plans if one.intent.key not in self._notes.receipts]
            self._notes.steps += [self._step(one, CALLED_ALONE, None) for one in left]
            raise RehearsalEndError(error.sentence, error.remedy) from None
        self._notes.steps.append(self._step(plan, SIMULATED, mined.contract_address))
        receipt = Receipt(plan.intent.key, plan.intent.call.label, mined, resumed=False)
        self._notes.receipts[plan.intent.key] = receipt
        return receipt

    def _step(self, plan: StepPlan, grade: str, creates: str | None) -> RehearsedStep:
        call = plan.intent.call
        return RehearsedStep(
            plan.intent.key, call.label, call.to, call.value, call.data, plan.gas, grade, creates
        )

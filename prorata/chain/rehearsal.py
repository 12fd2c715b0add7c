# SPDX-License-Identifier: MIT
"""A rehearsal: what steps would do, learned from the node, with nothing signed and nothing sent.

`RehearsedChain` is a node as it would be after some steps. It runs them one after the other in
blocks to come (`eth_simulateV1`), which leaves nothing behind, and puts every later question at the
end of such a run. So a command plays to its end as it would in earnest: what it reads between two
steps is what the first of them will have left.

The block that the run begins with is fixed by the first step, so that blocks that come meanwhile
change no answer. The blocks to come are numbered on from there and begin at the chain's time.

A `Rehearsal` is an operator of such a chain that keeps the steps. How each was tried is its grade:
`simulated` on top of those before it, `called alone` where the node cannot simulate, or `untried`
where it cannot succeed before those are mined; then the run ends with the first steps, since nobody
knows what the next ones would find.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from prorata.chain.abi import only_reads
from prorata.chain.calls import Call
from prorata.chain.encoding import bytes_of, hex_of, int_of, refusal_of
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.rehearsed_steps import (
    CALLED_ALONE,
    SIMULATED,
    UNTRIED,
    RehearsedStep,
    digest_of_steps,
)
from prorata.chain.rpc import BusyError
from prorata.chain.signed import created_address
from prorata.chain.steps import GAS_LIMIT, Intent, Progress, Receipt, StepPlan
from prorata.chain.transactions.plans import check_keys, explained, plan_steps
from prorata.chain.transactions.recovery import check_same, require_known
from prorata.chain.transports.replies import Request
from prorata.chain.types import Log, Mined
from prorata.errors import ChainError, ProrataError, RevertError

__all__ = [
    "Rehearsal",
    "RehearsalEndError",
    "RehearsedChain",
]

# Creates a contract of the call data, and passes a refusal on.
_FACTORY = "0x366000600037366000" + "34f0806019573d600060003e3d6000fd5b60005260206000f3"
# The code, and the balance, of the address in the call data.
_CODE_OF = "0x600035803b8060006000843c6000f3"
_BALANCE_OF = "0x6000353160005260206000f3"
# No key is known of any of these.
_CODE_PROBE, _BALANCE_PROBE, _STRANGER = (f"0x{n:040x}" for n in (0xF0D1, 0xF0D2, 0xF0D3))

_HEAD = frozenset({"latest", "pending"})

READS_AT_ONCE = 100
"""Questions that change nothing share the last block of a run."""


class RehearsalEndError(ChainError):
    """The rehearsal ends here: the node cannot say what would come after these steps."""


# ------------------------------------------------------------------------------------- the chain


@dataclass
class _Ran:
    """One step that was run: the block to ask for it again, its header, and what it did."""

    block: Mapping[str, Any]
    header: Mapping[str, Any]
    mined: Mined


@dataclass(frozen=True)
class _Last:
    """A question as the last call of a run of the steps up to `after`.

    `account` is whose balance it asks for.
    """

    method: str
    call: Mapping[str, Any]
    overrides: Mapping[str, Any]
    after: int
    account: str | None = None

    @property
    def changes_nothing(self) -> bool:
        """Whether others may be asked in the same block: it is nobody's trial."""
        if self.method in ("eth_getCode", "eth_getBalance"):
            return True
        data = str(self.call.get("input", self.call.get("data", "0x")))
        return self.method == "eth_call" and "from" not in self.call and only_reads(bytes_of(data))


def _grouped(lasts: Sequence[tuple[int, _Last]]) -> list[list[tuple[int, _Last]]]:
    """What can be asked together, and each other one alone."""
    groups = [[one] for one in lasts if not one[1].changes_nothing]
    reads = [one for one in lasts if one[1].changes_nothing]
    for after in sorted({last.after for _, last in reads}):
        same = [one for one in reads if one[1].after == after]
        groups += [same[n : n + READS_AT_ONCE] for n in range(0, len(same), READS_AT_ONCE)]
    return groups


_Reader: TypeAlias = Callable[[Any], Any]


class RehearsedChain(RpcChain):
    """The node of `chain`, after the steps that were run on it here."""

    def __init__(self, chain: RpcChain) -> None:
        # One node, and all that is known of it.
        vars(self).update(copy.copy(vars(chain)))
        self._ran: list[_Ran] = []
        self._nonces: dict[str, int] = {}
        self._codes: dict[str, str] = {}
        self._base, self._second = 0, 0
        self._paid: dict[str, int] = {}

    def run(self, sender: str, plan: StepPlan) -> Mined:
        """Run a step on top of those before it; what it did.

        Raises: RevertError when it would fail; ChainError when the node does not simulate.
        """
        if not self._ran:
            self._base, self._second = self.block().number, self.now()
        call, nonce = plan.intent.call, self.nonce(sender)
        if call.to is None:
            block = self._creation(sender, nonce, plan)
        else:
            question = {**call.question(sender), "gas": hex(plan.gas)}
            block = {"calls": [question], "stateOverrides": self._plain(sender, nonce)}
        block = {**block, "blockOverrides": self._place()}
        answer = self._simulated([block])[0]
        [outcome] = answer["calls"]
        if (refusal := _refused(outcome)) is not None:
            raise refusal
        mined = self._mined(sender, nonce, plan, outcome)
        # Nothing is paid for in a run, and whoever asks for fees wants the real ones.
        fee = {"baseFeePerGas": hex(self.fees().base)}
        header = {**answer, **self._place(), **fee, "hash": mined.block_hash}
        header["timestamp"] = header.pop("time")
        self._ran.append(_Ran(block, header, mined))
        self._nonces[sender] = nonce + 1
        self._paid[sender] = self._paid.get(sender, 0) + mined.gas_used * mined.gas_price
        return mined

    def would_do(self, gas: int) -> bool:
        """Whether the last step would have succeeded with so much gas, too.

        A contract may want more to be there than it uses. Raises: ChainError.
        """
        last = self._ran.pop()
        try:
            [call] = last.block["calls"]
            block = {**last.block, "calls": [{**call, "gas": hex(gas)}]}
            [outcome] = self._simulated([block])[0]["calls"]
        finally:
            self._ran.append(last)
        return _refused(outcome) is None

    def try_many(
        self, questions: Sequence[Request], *, batch: int | None = None, hasty: bool = False
    ) -> list[Any]:
        """As the node would answer, had the steps been sent."""
        if not self._ran:
            return super().try_many(questions, batch=batch, hasty=hasty)
        answers: dict[int, Any] = {}
        lasts: list[tuple[int, _Last]] = []
        others: list[tuple[int, Request, _Reader]] = []
        for number, question in enumerate(questions):
            if (own := self._own(question)) is not None:
                answers[number] = own[0]
            elif (last := self._last(question)) is not None:
                lasts.append((number, last))
            else:
                others.append((number, *self._put(question)))
        groups = _grouped(lasts)
        asked = [self._run_ending(group) for group in groups] + [q for _, q, _ in others]
        found = super().try_many(asked, batch=batch, hasty=hasty)
        for group, answer in zip(groups, found, strict=False):
            answers |= self._read_last(group, answer)
        answers |= self._again_alone(groups, answers)
        for (number, _, read), answer in zip(others, found[len(groups) :], strict=True):
            answers[number] = answer if isinstance(answer, ProrataError) else read(answer)
        return [answers[number] for number in range(len(questions))]

    # ------------------------------------------------------------------ simulating

    def _simulated(self, blocks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        states = [*(one.block for one in self._ran), *blocks]
        question = ("eth_simulateV1", ({"blockStateCalls": states}, hex(self._base)))
        [answer] = super().try_many([question])
        if isinstance(answer, ProrataError):
            raise answer
        return list(answer[len(self._ran) :])

    def _place(self) -> dict[str, str]:
        """The number and the time of the next block to come."""
        place = len(self._ran)
        return {"number": hex(self._base + 1 + place), "time": hex(self._second + place)}

    def _run_ending(self, group: Sequence[tuple[int, _Last]]) -> Request:
        """A run of the steps that ends with the calls of a group."""
        overrides: dict[str, Any] = {}
        for _, last in group:
            overrides |= last.overrides
        block = {
            "calls": [last.call for _, last in group],
            "stateOverrides": overrides,
            "blockOverrides": self._place(),
        }
        states = [*(one.block for one in self._ran[: group[0][1].after]), block]
        return "eth_simulateV1", ({"blockStateCalls": states}, hex(self._base))

    def _read_last(self, group: Sequence[tuple[int, _Last]], answer: Any) -> dict[int, Any]:
        if isinstance(answer, ProrataError):
            return dict.fromkeys((number for number, _ in group), answer)
        outcomes = answer[-1]["calls"]
        return {
            number: self._worth(last, _outcome(last.method, outcome))
            for (number, last), outcome in zip(group, outcomes, strict=True)
        }

    def _again_alone(
        self, groups: Sequence[Sequence[tuple[int, _Last]]], answers: Mapping[int, Any]
    ) -> dict[int, Any]:
        """What failed beside others may have lacked the gas that those had used."""
        failed = [
            one
            for group in groups
            for one in group
            if len(group) > 1 and isinstance(answers[one[0]], ProrataError)
        ]
        found = super().try_many([self._run_ending([one]) for one in failed])
        read: dict[int, Any] = {}
        for one, answer in zip(failed, found, strict=True):
            read |= self._read_last([one], answer)
        return read

    def _worth(self, last: _Last, answer: Any) -> Any:
        """A balance, less what the steps before have cost."""
        if last.method != "eth_getBalance" or isinstance(answer, ProrataError):
            return answer
        return hex(max(0, int_of(answer) - self._paid.get(str(last.account), 0)))

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
        return {"calls": [{**question, "gas": hex(GAS_LIMIT)}], "stateOverrides": factory}

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
        outcome: Mapping[str, Any],
    ) -> Mined:
        number, second = (int_of(part) for part in self._place().values())
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
                block_time=second,
            )
            for place, log in enumerate(outcome.get("logs", ()))
        )
        used, fees = int_of(outcome["gasUsed"]), self.fees()
        return Mined(hashed, number, hashed, True, used, fees.base + fees.tip, creates, logs)

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

    def _header(self, tag: str) -> Mapping[str, Any] | None:
        if tag in _HEAD:
            return self._ran[-1].header
        numbers = {int_of(one.header["number"]): one.header for one in self._ran}
        return numbers.get(int_of(tag)) if tag.startswith("0x") else None

    def _put(self, question: Request) -> tuple[Request, _Reader]:
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
            return (method, (asked, hex(self._base))), lambda found: found[len(self._ran) :]
        return question, lambda found: found

    def _last(self, question: Request) -> _Last | None:
        """What is asked at the end of a run; None for a question that no step has a say in."""
        method, params = _parts(question)
        if method not in _LAST_CALLS:
            return None
        tag = params[1] if len(params) > 1 else "latest"
        if not isinstance(tag, str) or tag in _HEAD:
            after = len(self._ran)
        elif tag.startswith("0x") and int_of(tag) > self._base:
            after = int_of(tag) - self._base
        else:
            return None
        if method == "eth_estimateGas" and "to" not in params[0]:
            return self._created(params[0], after)
        call, overrides = _LAST_CALLS[method](params[0])
        account = to_checksum_address(params[0]) if method == "eth_getBalance" else None
        return _Last(method, call, overrides, after, account)

    def _created(self, call: Mapping[str, Any], after: int) -> _Last:
        """A creation, by the code of a factory: see `_creation`."""
        sender = str(call["from"])
        data = str(call.get("input", call.get("data")))
        asked = {"from": _STRANGER, "to": sender, "input": data}
        factory = {sender: {"code": _FACTORY, "nonce": hex(self.nonce(sender))}}
        return _Last("eth_estimateGas", asked, factory, after)

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
    return call, {probe: {"code": code}}


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
        """What an earlier run had only signed counts as not sent.

        Raises: JournalError when our accounts sent what the journal does not know; ChainError.
        """
        if not self.steps:
            require_known(self)

    def send(self, intents: Sequence[Intent]) -> list[Receipt]:
        """Try every step that is not done yet; receipts in the order of `intents`.

        Raises: as `Operator.send` before anything is sent; RevertError for a step that would fail;
        RehearsalEndError when the node cannot say what comes next.
        """
        check_keys(intents)
        self.settle()
        found = {intent.key: self._done(intent) for intent in intents}
        done = {key: receipt for key, receipt in found.items() if receipt is not None}
        new = [intent for intent in intents if intent.key not in done]
        plans = self.plan(new)
        for number, plan in enumerate(plans, start=1):
            done[plan.intent.key] = self._try(plan, plans)
            self.on_progress(Progress(plan.intent.call.label, number, len(plans)))
        return [done[intent.key] for intent in intents]

    def _done(self, intent: Intent) -> Receipt | None:
        entry = None if self.journal is None else self.journal.find(intent.key)
        if entry is not None and self.journal is not None:
            check_same(entry, intent.call, self.journal)
        return self.earlier(intent.key, intent.call)

    def attempts(self, prefix: str) -> int:
        """As an operator counts them, with what this run has tried."""
        tried = sum(key.startswith(f"{prefix}/") for key in self._notes.receipts)
        return super().attempts(prefix) + tried

    def earlier(self, key: str, call: Call | None = None) -> Receipt | None:
        """The receipt of a step that an earlier run has done, or this one has tried."""
        return self._notes.receipts.get(key) or super().earlier(key, call)

    def plan(self, intents: Sequence[Intent]) -> list[StepPlan]:
        """The gas of every step, after every check that comes before sending."""
        return plan_steps(self.chain, self.address, intents, self.prices)

    def gas_of(self, plan: StepPlan, mined: Mined) -> int:  # noqa: ARG002
        """What a step that was tried is given."""
        return plan.gas

    def logs_of(self, key: str) -> tuple[Log, ...]:
        """What a step that was simulated would write."""
        receipt = self._notes.receipts.get(key)
        return () if receipt is None else receipt.logs

    def _try(self, plan: StepPlan, plans: Sequence[StepPlan]) -> Receipt:
        call = plan.intent.call
        try:
            mined = self.rehearsed.run(self.address, plan)
        except RevertError as error:
            raise explained(error, f"nothing was sent for the step to {call.label}") from None
        except BusyError:
            raise
        except ChainError as error:
            left = [one for one in plans if one.intent.key not in self._notes.receipts]
            self._notes.steps += [self._step(one, self._alone(one), None) for one in left]
            raise RehearsalEndError(error.sentence, error.remedy) from None
        tried = replace(plan, gas=self.gas_of(plan, mined))
        self._notes.steps.append(self._step(tried, SIMULATED, mined.contract_address))
        receipt = Receipt(plan.intent.key, call.label, mined, resumed=False)
        self._notes.receipts[plan.intent.key] = receipt
        return receipt

    def _alone(self, plan: StepPlan) -> str:
        """What is estimated was called by itself; what has its gas given was not, nor the rest."""
        first = not self._notes.receipts
        return CALLED_ALONE if first and plan.intent.gas_limit is None else UNTRIED

    def _step(self, plan: StepPlan, grade: str, creates: str | None) -> RehearsedStep:
        call = plan.intent.call
        return RehearsedStep(
            key=plan.intent.key,
            label=call.label,
            to=call.to,
            value=call.value,
            data=call.data,
            gas=plan.gas,
            grade=grade,
            creates=creates,
            private=call.private,
        )

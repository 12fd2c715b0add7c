"""Small systems, all of them: every sequence of steps up to a length, none left out, none drawn.

Three wallets, a handful of shares and units, two records and two distributions at most. From each
state that can be reached each step is taken, on the chain and in the law, and everything that can
be asked is asked. Where two sequences lead to one state, what follows is tried once: the state is
the law's, together with every storage slot of the contracts that a step can write, so that what was
tried once would go no other way the second time.

The law of the small system is a tuple of tuples, and each step makes a new one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple

import pyrevm
from eth_utils.crypto import keccak

from tests.assurance.fuzz.system import Broken, yes
from tests.assurance.fuzz.wire import Wire, encoded, revert_data, word
from tests.chainkit import GAS_CAP, ZERO, Codec, RevmKit, checksummed

START = RevmKit.START
ANN, BEN, CAT = HOLDERS = ("ann", "ben", "cat")
"""cat is whom ann's wallet passes to when it is lost."""

PAID = (*HOLDERS, "sam")
"""Who can be paid: holders, and who is swept to."""

FUNDS = 1_000
MOST = 2
"""Records, and distributions, at most."""

DONE = "done"


class Sum(NamedTuple):
    """A distribution of `amount`, of which `carried_in` comes from earlier ones; `payable_from` is
    None where the terms have none and the record had closed."""

    record: int
    amount: int
    carried_in: int
    payable_from: int | None
    deadline: int
    settled: tuple[str, ...] = ()
    swept: int = 0
    ended: bool = False


class State(NamedTuple):
    """All there is. Times are seconds since the start."""

    held: tuple[int, ...]
    now: int = 0
    stopped: bool = False
    """ben's wallet is frozen."""
    lost: bool = False
    """ann's wallet is lost."""
    records: tuple[int, ...] = ()
    then: tuple[tuple[int, ...], ...] = ()
    sums: tuple[Sum, ...] = ()
    carry: int = 0
    got: tuple[int, ...] = (0, 0, 0, 0)

    # ------------------------------------------------------------------- questions

    def shares(self, it: Sum, who: str) -> int:
        closed = it.record <= len(self.then)
        return self.then[it.record - 1][HOLDERS.index(who)] if closed else 0

    def eligible(self, it: Sum) -> int:
        return sum(self.shares(it, who) for who in HOLDERS)

    def gross(self, it: Sum, who: str) -> int:
        return it.amount * self.shares(it, who) // (self.eligible(it) or 1)

    def paid(self, it: Sum) -> int:
        return sum(self.gross(it, who) for who in it.settled)

    def unclaimed(self, it: Sum) -> int:
        return sum(self.shares(it, who) for who in HOLDERS if who not in it.settled)

    def finished(self, it: Sum) -> bool:
        return it.ended or (self.eligible(it) > 0 and self.unclaimed(it) == 0)

    def left(self, it: Sum) -> int:
        return it.amount - self.paid(it) - it.swept

    def due(self, it: Sum, who: str) -> bool:
        return who not in it.settled and self.shares(it, who) > 0

    def claimant(self, who: str) -> str:
        """Who is to be paid; nobody while it waits."""
        successor = CAT if self.lost and who == ANN else who
        return "" if successor == BEN and self.stopped else successor

    def blocked(self, who: str) -> bool:
        return (who == ANN and self.lost) or (who == BEN and self.stopped)

    def unpayable(self, it: Sum) -> str:
        """Why it is not; nothing if it is."""
        if it.payable_from is not None and self.now < it.payable_from:
            return "DividendVault_NotPayableYet"
        return "DividendVault_Expired" if self.now > it.deadline else ""

    # ------------------------------------------------------------------------- steps

    def give(self, giver: str, to: str) -> tuple[str, State]:
        """One share."""
        if self.blocked(giver):
            return "ERC7943CannotSend", self
        if self.blocked(to):
            return "ERC7943CannotReceive", self
        if not self.held[HOLDERS.index(giver)]:
            return "ERC20InsufficientBalance", self
        return DONE, self._moved(giver, to, 1)

    def schedule(self) -> tuple[str, State]:
        """A record that closes when this second is over."""
        if self.records and self.records[-1] >= self.now:
            return "ShareToken_RecordNotLater", self
        return DONE, self._replace(records=(*self.records, self.now))

    def wait(self) -> tuple[str, State]:
        """A second passes; records whose second is over have the balances of now for ever."""
        now = self.now + 1
        over = sum(at < now for at in self.records) - len(self.then)
        return DONE, self._replace(now=now, then=self.then + (self.held,) * over)

    def declare(self, amount: int) -> tuple[str, State]:
        """For the newest record, to be claimed until the next second is over."""
        if not self.records:
            return "ShareToken_UnknownRecord", self
        closed = len(self.then) == len(self.records)
        payable_from = None if closed else self.records[-1] + 1
        new = Sum(*(len(self.records), amount + self.carry, self.carry, payable_from, self.now + 1))
        return DONE, self._replace(sums=(*self.sums, new), carry=0)

    def claim(self, who: str) -> tuple[str, State]:
        """Everything there is, in one call."""
        for it in self.sums:
            if why := self.unpayable(it):
                return why, self
        if self.sums and not self.claimant(who):
            return "DividendVault_IncomeHeld", self
        after = self
        for place in range(len(self.sums)):
            after = after._settled(place, who)
        return DONE, after

    def push(self) -> tuple[str, State]:
        """The newest distribution to everybody; who must wait is passed over."""
        if why := self.unpayable(self.sums[-1]):
            return why, self
        after = self
        for who in HOLDERS:
            if self.claimant(who):
                after = after._settled(len(self.sums) - 1, who)
        return DONE, after

    def sweep(self) -> tuple[str, State]:
        """The oldest distribution."""
        it = self.sums[0]
        if self.now <= it.deadline:
            return "DividendVault_NotExpired", self
        if self.finished(it):
            return "DividendVault_NothingLeft", self
        swept = it.amount * self.unclaimed(it) // self.eligible(it)
        after = self._paid_to("sam", swept)._with(0, it._replace(swept=swept, ended=True))
        return DONE, after._carried(0)

    def freeze(self) -> tuple[str, State]:
        """ben's wallet is frozen, or released."""
        return DONE, self._replace(stopped=not self.stopped)

    def recover(self) -> tuple[str, State]:
        """ann's wallet is lost, and cat comes in its place."""
        if self.lost:
            return "ShareToken_InvalidRecovery", self
        return DONE, self._moved(ANN, CAT, self.held[0])._replace(lost=True)

    # ----------------------------------------------------------------------- private

    def _moved(self, giver: str, to: str, amount: int) -> State:
        held = list(self.held)
        held[HOLDERS.index(giver)] -= amount
        held[HOLDERS.index(to)] += amount
        return self._replace(held=tuple(held))

    def _settled(self, place: int, who: str) -> State:
        it = self.sums[place]
        if not self.due(it, who):
            return self
        after = self._paid_to(self.claimant(who), self.gross(it, who))
        after = after._with(place, it._replace(settled=tuple(sorted((*it.settled, who)))))
        return after._carried(place)

    def _paid_to(self, who: str, amount: int) -> State:
        got = list(self.got)
        got[PAID.index(who)] += amount
        return self._replace(got=tuple(got))

    def _with(self, place: int, it: Sum) -> State:
        return self._replace(sums=(*self.sums[:place], it, *self.sums[place + 1 :]))

    def _carried(self, place: int) -> State:
        it = self.sums[place]
        return self._replace(carry=self.carry + self.left(it)) if self.finished(it) else self


@dataclass(frozen=True)
class Step:
    """Something that may be done: what the law calls it, and the transaction."""

    name: str
    args: tuple[Any, ...] = ()
    contract: str = "east"
    function: str = ""
    sender: str = "issuer"

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.args))})"


STEPS = (
    Step("give", (ANN, BEN), function="transfer", sender=ANN),
    Step("give", (BEN, CAT), function="transfer", sender=BEN),
    Step("schedule", function="scheduleRecord"),
    Step("wait"),
    Step("declare", (5,), "vault", "declare"),
    Step("claim", (ANN,), "vault", "claim"),
    Step("claim", (BEN,), "vault", "claim"),
    Step("push", (), "vault", "push"),
    Step("sweep", (), "vault", "sweep"),
    Step("freeze", function="setAddressFrozen"),
    Step("recover", function="recoveryAddress"),
)


@dataclass
class Tried:
    """What an exhaustive search has done."""

    sequences: int = 0
    """Sequences of steps, of every length up to the bound."""
    steps: int = 0
    """Steps taken on the chain and compared."""


@dataclass
class Small:
    """One chain, and the search on it."""

    codec: Codec
    held: tuple[int, ...]
    faulty: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.evm = pyrevm.EVM()
        self.wire = Wire(self.codec)
        self.address: dict[str, str] = {}
        self._kept: dict[tuple[Any, ...], bytes] = {}
        for place, name in enumerate((*PAID, "issuer"), start=1):
            self._enter(name, "", checksummed((0x5A << 152 | place).to_bytes(20, "big")))
            self.evm.set_balance(self.address[name], 10**20)
        self.wire.enter("", ZERO)
        self._set_time(0)
        self._create(
            "east",
            "ShareToken",
            ("East", "E", 0, self.address["issuer"], ZERO, ZERO, [self.address["issuer"]]),
        )
        self._create("vault", "DividendVault")
        self._create("usd", "Dollar", "usd", "usd", 6)
        self._create("lens", "Lens")
        self.send("issuer", "usd", "mint", "issuer", FUNDS)
        self.send("issuer", "usd", "approve", "vault", FUNDS)
        self.send("issuer", "east", "batchMint", list(HOLDERS), list(self.held))
        self.slots = list(self._slots())

    def _create(self, name: str, contract: str, *args: Any) -> None:
        contract = self.faulty.get(contract, contract)
        code = self.codec.creation(contract, *args)
        self._enter(name, contract, checksummed(self.evm.deploy(self.address["issuer"], code)))

    def _enter(self, name: str, contract: str, address: str) -> None:
        self.address[name] = address
        self.wire.enter(name, address, contract)

    def _set_time(self, now: int) -> None:
        block = pyrevm.BlockEnv(timestamp=START + now, number=START + now)
        self.evm.set_block_env(block)

    def send(self, sender: str, contract: str, function: str, *args: Any) -> bytes:
        """Send a transaction; raises RuntimeError."""
        data = self.wire.call(contract, function, args)
        self.evm.reset_transient_storage()
        at = self.address
        return bytes(self.evm.message_call(at[sender], at[contract], data, 0, GAS_CAP))

    # ------------------------------------------------------------------ one step

    def take(self, state: State, step: Step) -> State:
        """Take a step in the law and on the chain, and compare; the state after it."""
        expected, after = getattr(state, step.name)(*step.args)
        if step.name == "wait":
            self._set_time(after.now)
        else:
            reported = self._try(state, step)
            if reported != expected:
                raise Broken(f"{step}: the contract says {reported}, the law {expected}")
        # What is refused changes nothing: that is the EVM's law.
        if expected == DONE:
            self._compare(after)
        return after  # type: ignore[no-any-return]

    def _try(self, state: State, step: Step) -> str:
        try:
            self.send(step.sender, step.contract, step.function, *self._arguments(state, step))
        except RuntimeError as error:
            return self.codec.error(revert_data(error)).name
        return DONE

    def _arguments(self, state: State, step: Step) -> tuple[Any, ...]:
        count = len(state.sums)
        terms = (0, 0, START + state.now + 1, "sam", "", word(0), [])
        by_name: dict[str, tuple[Any, ...]] = {
            "give": (*step.args[1:], 1),
            "schedule": (START + state.now,),
            "declare": ("east", len(state.records), "usd", *step.args, terms),
            "claim": (list(range(1, count + 1)), *step.args),
            "push": (count, list(HOLDERS)),
            "sweep": (1,),
            "freeze": (BEN, not state.stopped),
            "recover": (ANN, CAT, ""),
        }
        return by_name[step.name]

    # -------------------------------------------------------------------- comparing

    def _compare(self, state: State) -> None:
        asked = list(self._expected(state))
        data = b"".join([self._question(label) for label, _ in asked])
        if self._lens(data) == b"".join([answer for _, answer in asked]):
            return
        for label, answer in asked:
            reported = self._lens(self._question(label))
            if reported != answer:
                raise Broken(f"{label} is {reported.hex()}, the law says {answer.hex()}")

    def _lens(self, data: bytes) -> bytes:
        at = self.address
        return bytes(self.evm.message_call(at["issuer"], at["lens"], data, 0, 10**12, 0, True))

    def _question(self, label: tuple[Any, ...]) -> bytes:
        if label not in self._kept:
            contract, function, *args = label
            data = self.wire.call(contract, function, args)
            self._kept[label] = self.wire.at[contract][12:] + len(data).to_bytes(2, "big") + data
        return self._kept[label]

    def _expected(self, state: State) -> Iterator[tuple[tuple[Any, ...], bytes]]:
        """Balances now and then (Laws 5 to 7), money (Law 8), carry (Law 10), income (Laws 1, 2,
        4), books (Law 3), terms (Law 9), and who came in whose place (Law 13)."""
        for place, who in enumerate(HOLDERS):
            yield ("east", "balanceOf", who), yes(state.held[place])
            yield ("east", "claimantOf", who), yes(self.wire.at[state.claimant(who)])
            for record, then in enumerate(state.then, 1):
                yield ("east", "balanceOfAt", who, record), yes(then[place])
        for record in range(len(state.then) + 1, len(state.records) + 1):
            why = (record, START + state.records[record - 1], START + state.now)
            refusal = self.wire.refusal(("ShareToken_RecordOpen", why))
            yield ("east", "balanceOfAt", ANN, record), b"\0" + refusal
        yield ("east", "totalSupply"), yes(sum(state.held))
        for record, then in enumerate(state.then, 1):
            yield ("east", "totalSupplyAt", record), yes(sum(then))
        yield from self._money(state)
        for number, it in enumerate(state.sums, 1):
            yield ("vault", "distribution", number), yes(self._figures(state, it))
            for who in HOLDERS if it.record <= len(state.then) else ():
                gross = state.gross(it, who)
                open_ = state.due(it, who) and not state.unpayable(it) and state.claimant(who)
                answer = b"\1" + word(gross) + word(0) + word(gross)
                yield ("vault", "entitlement", number, who), answer
                yield ("vault", "claimable", number, who), yes(gross if open_ else 0)
                yield ("vault", "isClaimed", number, who), yes(who in it.settled)

    def _money(self, state: State) -> Iterator[tuple[tuple[Any, ...], bytes]]:
        put_in = sum(it.amount - it.carried_in for it in state.sums)
        kept = put_in - sum(state.got)
        owed = sum(state.left(it) for it in state.sums if not state.finished(it))
        if kept != owed + state.carry:
            raise Broken(f"Law 3: {kept} kept, {owed} owed and {state.carry} carried")
        parties = (*PAID, "issuer", "vault")
        for who, money in zip(parties, (*state.got, FUNDS - put_in, kept), strict=True):
            yield ("usd", "balanceOf", who), yes(money)
        yield ("vault", "carried", "east", "usd"), yes(state.carry)

    def _figures(self, state: State, it: Sum) -> bytes:
        """A `Distribution` as the interface has it."""
        # Declared early, its shares are counted with the first payment or the sweep.
        late = it.payable_from is not None and not it.settled and not it.ended
        payable_from = 0 if it.payable_from is None else START + it.payable_from
        terms = (0, payable_from, START + it.deadline, "sam", "", word(0), [])
        settled = sum(state.shares(it, who) for who in it.settled)
        over, left = state.finished(it), state.left(it)
        figures = (
            *("east", it.record, "usd", "issuer", terms, "", it.amount, it.carried_in),
            *(0 if late else state.eligible(it), settled, state.paid(it), 0, 0),
            *(0 if over else left, left if over else 0, it.swept),
        )
        return encoded((self.wire.spelt(figures),))

    # --------------------------------------------------------------------- searching

    def search(self, prefix: Sequence[Step], bound: int) -> Tried:
        """Try every sequence of up to `bound` steps that begins with `prefix`."""
        state, taken, tried = State(self.held), [], Tried()
        self._compare(state)
        for step in prefix:
            taken.append(step)
            state = self._take_last(state, taken)
            tried.steps += 1
        known: dict[tuple[Any, ...], int] = {}
        tried.sequences = self._follow(state, taken, bound - len(prefix), known, tried)
        return tried

    def _follow(
        self, state: State, taken: list[Step], more: int, known: dict[Any, int], tried: Tried
    ) -> int:
        """How many sequences of up to `more` steps there are from here, all of them tried."""
        if more == 0:
            return 1
        key = (state, self._hidden(), more)
        if key in known:
            return known[key]
        count = 1
        for step in possible(state):
            mark = self.evm.snapshot()
            taken.append(step)
            after = self._take_last(state, taken)
            tried.steps += 1
            count += self._follow(after, taken, more - 1, known, tried)
            taken.pop()
            self.evm.revert(mark)
            self._set_time(state.now)
        known[key] = count
        return count

    def _take_last(self, state: State, taken: Sequence[Step]) -> State:
        try:
            return self.take(state, taken[-1])
        except AssertionError as broken:
            story = "\n".join(f"    {one}" for one in taken)
            raise Broken(f"{broken}\nfrom {self.held}, by\n{story}") from None

    def _hidden(self) -> tuple[Any, ...]:
        """Every slot that a step can write and a view does not show."""
        return tuple([self.evm.storage(address, slot) for address, slot in self.slots])

    def _slots(self) -> Iterator[tuple[str, int]]:
        for contract, kind in (("east", "ShareToken"), ("vault", "DividendVault")):
            layout = self.codec.artifacts[kind].storage_layout["storage"]
            at = {entry["label"]: int(entry["slot"]) for entry in layout}
            slots = self._of_token(at) if contract == "east" else self._of_vault(at)
            yield from ((self.address[contract], slot) for slot in slots)

    def _of_token(self, at: dict[str, int]) -> Iterator[int]:
        yield at["_ledger"]
        accounts = [inside(self.wire.at[who], at["_holders"]) for who in HOLDERS]
        for base in (at["_supply"], *accounts):
            # Two records make two checkpoints at most, and two share a slot.
            yield base
            yield inside(word(0), base + 1)
        yield int.from_bytes(keccak(word(at["_recordTimes"])), "big")

    def _of_vault(self, at: dict[str, int]) -> Iterator[int]:
        yield at["_count"]
        for who in HOLDERS:
            yield inside(self.wire.at[who], at["_files"])
        yield inside(self.wire.at["usd"], inside(self.wire.at["east"], at["_series"]))
        yield inside(word(1 << 24), at["_progress"])
        # The counts by id are the first thing in the book of denominators.
        for name, number in product(("_eligible", "_endings"), range(1, MOST + 1)):
            yield inside(word(number), at[name])


def inside(key: bytes, slot: int) -> int:
    """Where a mapping keeps the value of a key."""
    return int.from_bytes(keccak(key + word(slot)), "big")


def possible(state: State) -> Iterator[Step]:
    """All steps but those that would make the system larger than it may be, or need what is not."""
    for step in STEPS:
        full = (step.name == "schedule" and len(state.records) == MOST) or (
            step.name == "declare" and len(state.sums) == MOST
        )
        if not full and (step.name not in ("push", "sweep") or state.sums):
            yield step


def beginnings(held: tuple[int, ...], length: int) -> list[list[Step]]:
    """All sequences of so many steps."""
    found: list[tuple[State, list[Step]]] = [(State(held), [])]
    for _ in range(length):
        found = [
            (getattr(state, step.name)(*step.args)[1], [*taken, step])
            for state, taken in found
            for step in possible(state)
        ]
    return [taken for _, taken in found]

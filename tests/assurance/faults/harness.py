"""A small asset whose life is played act by act, each from the same chain and the same folder.

An act is one of prorata's operations that can be resumed. `FaultHarness.prepare` plays the life up
to an act; `FaultHarness.again` puts the chain and the folder back to where the act begins;
`FaultHarness.state` is everything that must not depend on what went wrong meanwhile.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_utils.address import to_checksum_address

from prorata.assets.asset import Asset
from prorata.chain import operator as operator_module
from prorata.chain import rpc
from prorata.chain.artifacts import artifact
from prorata.chain.calls import DecodedEvent, deploy_call
from prorata.chain.events import read_events
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.chain.transactions import waits
from prorata.contracts.vault import Terms, settlements
from prorata.demo.keys import rehearsal_key
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment, open_operator
from prorata.income.claims import claim
from prorata.income.closing import remit_all, sweep
from prorata.income.declarations import declare
from prorata.income.instruction_files import SignedInstruction, sign_instruction
from prorata.income.instructions import draft_instruction, execute
from prorata.income.pushes import push_all
from prorata.ledger.audits import audit
from prorata.register.captable import CapTable, Holding
from prorata.register.issuance import issue
from prorata.register.record_dates import schedule_record
from prorata.toolchain.anvil import Anvil
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.kinds import Kind
from tests.prorata.conftest import ISSUER_KEY

__all__ = ["ACTS", "FaultHarness", "in_haste"]

# Small, so that nine holders fill several windows of several batches.
HOLDERS, BATCH, PAGE, WINDOW = 9, 2, 2, 2
RENT = 85_000_000_003
DAY = 86_400
NAMED = {"name": "Nine", "symbol": "NINE", "authorised_shares": "100000"}
# Deeper than what Anvil is asked to undo, for it goes back to no snapshot of a block undone.
GROUND = 3
# Seconds that a run waits for its transactions.
TIMEOUT = 1.5

KEYS = [rehearsal_key(number) for number in range(1, HOLDERS + 1)]
PEOPLE = [key.address for key in KEYS]
# Frozen while all others are paid; later one claims, one instructs, and one is too late.
CLAIMANT, INSTRUCTOR, LATE = 2, 4, 7
BANK, COLLECTOR, TREASURY = (to_checksum_address("0x" + 20 * n) for n in ("ba", "c0", "7e"))
TABLE = CapTable(tuple(Holding(p, 11 + 7 * n) for n, p in enumerate(PEOPLE)))


@dataclass(frozen=True)
class Given:
    """What a person would write into each act, the same however often it is run."""

    folder: Path
    closes_at: int
    deadline: int
    policy: str = ""
    signed: SignedInstruction | None = None


def _deploy(operator: Operator, given: Given) -> None:
    deploy(operator, Asset.of(NAMED), given.folder, dollar=True)


def _issue(operator: Operator, given: Given) -> None:
    issue(operator, Deployment.open(operator.chain, given.folder), TABLE, batch_size=BATCH)


def _record(operator: Operator, given: Given) -> None:
    schedule_record(operator, Deployment.open(operator.chain, given.folder), given.closes_at)


def _declare(operator: Operator, given: Given) -> None:
    found = Deployment.open(operator.chain, given.folder)
    terms = Terms(Kind.RENT, deadline=given.deadline, sweep_to=TREASURY, tax_policy=given.policy)
    dollars = found.currency("USD")
    declare(operator, found, record_id=1, currency=dollars, amount=RENT, terms=terms)


def _push(operator: Operator, given: Given) -> None:
    push_all(operator, Deployment.open(operator.chain, given.folder), 1, page_size=PAGE)


def _claim(operator: Operator, given: Given) -> None:
    claim(operator, Deployment.open(operator.chain, given.folder), PEOPLE[CLAIMANT])


def _instruct(operator: Operator, given: Given) -> None:
    assert given.signed
    execute(operator, Deployment.open(operator.chain, given.folder), given.signed)


def _remit(operator: Operator, given: Given) -> None:
    remit_all(operator, Deployment.open(operator.chain, given.folder))


def _sweep(operator: Operator, given: Given) -> None:
    sweep(operator, Deployment.open(operator.chain, given.folder), 1)


ACTS: dict[str, Callable[[Operator, Given], None]] = {
    "deploy": _deploy,
    "issue": _issue,
    "record": _record,
    "declare": _declare,
    "push": _push,
    "claim": _claim,
    "instruct": _instruct,
    "remit": _remit,
    "sweep": _sweep,
}
"""The acts in the order of the asset's life."""


@contextmanager
def in_haste(patience: float = 10.0) -> Iterator[None]:
    """Windows of two, and waits of fractions of a second; `patience` is for a single answer."""
    hasty = [
        (operator_module, "WINDOW", WINDOW),
        (waits, "LATE_RECEIPT_SECONDS", (0.01, 0.02)),
        (waits, "REMIND_SECONDS", 0.3),
        (waits, "STALL_SECONDS", 0.05),
        (rpc, "TIMEOUT_SECONDS", patience),
        (rpc, "RETRIES_AFTER_SECONDS", (0.005, 0.01)),
    ]
    usual = [(module, name, getattr(module, name)) for module, name, _ in hasty]
    for module, name, value in hasty:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in usual:
            setattr(module, name, value)


class FaultHarness:
    """One asset on an Anvil, which the harness puts back as it was when it is left."""

    def __init__(self, anvil: Anvil, scratch: Path, *, url: str | None = None) -> None:
        self.anvil, self.scratch = anvil, scratch
        self.url = url or anvil.url
        self.signer = LocalSigner(Account.from_key(ISSUER_KEY))
        self.act = ""
        self.ground = "0x0"
        self._life = scratch / "life" / "NINE"
        self._played: list[str] = []
        self._snapshot: str | None = None
        now = RpcChain(anvil.url).now()
        self.given = Given(self._life, closes_at=now + 10_000, deadline=now + 400 * DAY)

    # ------------------------------------------------------------------- the stage

    def prepare(self, act: str) -> None:
        """Play the life up to the act, and remember that moment."""
        if self._snapshot is not None:
            self.leave()
        names = list(ACTS)
        for name in names[: names.index(act)]:
            if name not in self._played:
                if name != self.act:
                    self._prepare(name)
                self._live(name)
        if act != self.act:
            self._prepare(act)
        self.act = act
        self._snapshot = str(self.anvil.rpc("evm_snapshot"))
        self.ground = self.anvil.rpc("eth_blockNumber")
        self.folder = self.scratch / "now" / "NINE"
        self.again()

    def _live(self, name: str) -> None:
        with self.operator(self.anvil.url, self._life) as operator:
            ACTS[name](operator, self.given)
        self._played.append(name)

    def _prepare(self, act: str) -> None:
        """What has to happen before an act, by others or in time."""
        with self.operator(self.anvil.url, self._life) as operator:
            if act == "declare":
                self.travel(self.given.closes_at + 1)
                flat = deploy_call(artifact("FlatTax"), 1_500, COLLECTOR)
                policy = operator.send_one("policy", flat).contract_address or ""
                self._give(policy=policy)
            elif act in ("push", "claim", "instruct"):
                token = Deployment.open(operator.chain, self._life).token()
                frozen = {"push": (CLAIMANT, INSTRUCTOR, LATE), "claim": (CLAIMANT,)}
                for number in frozen.get(act, (INSTRUCTOR,)):
                    freeze = token.set_address_frozen(PEOPLE[number], act == "push")
                    operator.send_one(f"{act}/freeze/{number}", freeze)
            elif act == "sweep":
                self.travel(self.given.deadline + 1)
            if act == "instruct":
                self._give(signed=self._instruction(operator.chain))

    def _give(self, **more: Any) -> None:
        known = {name: getattr(self.given, name) for name in Given.__dataclass_fields__}
        self.given = Given(**{**known, **more})

    def _instruction(self, chain: RpcChain) -> SignedInstruction:
        found = Deployment.open(chain, self._life)
        draft = draft_instruction(
            found, PEOPLE[INSTRUCTOR], receiver=BANK, valid_until=self.given.deadline
        )
        return sign_instruction(draft, LocalSigner(KEYS[INSTRUCTOR]))

    def travel(self, moment: int) -> None:
        self.anvil.rpc("evm_setNextBlockTimestamp", moment)
        self.anvil.rpc("evm_mine")

    def again(self, ground: int = GROUND) -> None:
        """The chain and the folder as they were when the act was staged, and some empty blocks."""
        self.leave()
        self._snapshot = str(self.anvil.rpc("evm_snapshot"))
        assert self.anvil.rpc("eth_blockNumber") == self.ground
        self._start = str(self.anvil.rpc("evm_snapshot"))
        self.anvil.rpc("anvil_mine", hex(ground))
        # Another folder would be another path in messages and files.
        shutil.rmtree(self.folder.parent, ignore_errors=True)
        if self._life.exists():
            shutil.copytree(self._life, self.folder)

    def rewind(self) -> None:
        """The chain alone as it was when the act was staged, in the middle of it."""
        assert self.anvil.rpc("evm_revert", self._start)
        self._start = str(self.anvil.rpc("evm_snapshot"))

    def leave(self) -> None:
        """The chain alone as it was."""
        if self._snapshot is None:
            return
        self.anvil.rpc("evm_setAutomine", False)
        self.anvil.rpc("anvil_dropAllTransactions")
        # It waits for whatever Anvil is still mining, which else would come after the snapshot.
        self.anvil.rpc("evm_mine")
        assert self.anvil.rpc("evm_revert", self._snapshot)
        self.anvil.rpc("anvil_dropAllTransactions")
        self.anvil.rpc("evm_setAutomine", True)
        # No snapshot takes it back.
        self.anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
        self._snapshot = None

    # --------------------------------------------------------------------- the act

    @contextmanager
    def operator(
        self, url: str, folder: Path | None = None, *, confirmations: int = 0
    ) -> Iterator[Operator]:
        where = self.folder if folder is None else folder
        chain = RpcChain(url)
        with open_operator(
            chain, self.signer, where, timeout=TIMEOUT, confirmations=confirmations
        ) as operator:
            yield operator

    def play(self, *, abandon: str | None = None, confirmations: int = 0) -> None:
        """Run the act once, as its door would."""
        with self.operator(self.url, confirmations=confirmations) as operator:
            if abandon is not None:
                operator.abandon(abandon)
            ACTS[self.act](operator, self._given_here)

    @property
    def _given_here(self) -> Given:
        known = {name: getattr(self.given, name) for name in Given.__dataclass_fields__}
        return Given(**{**known, "folder": self.folder})

    # ------------------------------------------------------------------- the state

    def state(self) -> dict[str, Any]:
        """Everything that must not depend on what went wrong, from the true node."""
        chain = RpcChain(self.anvil.url)
        found = Deployment.open(chain, self.folder)
        token, vault, dollars = found.token(), found.vault(), found.currency("USD")
        addresses = [token.address, vault.address]
        last = chain.block().number
        events = [e for e, _ in read_events(chain, addresses, 0, last)]
        books = audit(chain, vault.address, [token.address], found.manifest.first_block)
        accounts = [*PEOPLE, BANK, COLLECTOR, TREASURY, self.signer.address, vault.address]
        return {
            "shares": token.balances_of(PEOPLE),
            "supply": token.total_supply(),
            "records": token.record_times(),
            "issued": _issued(events),
            "paid": Counter(settlements(events)),
            "others": Counter(e.name for e in events if e.name in ("Swept", "Remitted", "Carried")),
            "distributions": vault.distributions(),
            "money": dollars.balances_of(accounts),
            "differences": [str(difference) for difference in books.books.differences],
            # Their addresses follow from nonces, which another may have used.
            "contracts": {n: c.code_hash for n, c in found.manifest.contracts.items()},
            "account": _account(self.folder),
            "steps": self._steps(chain),
        }

    def _steps(self, chain: RpcChain) -> Counter[str]:
        """What the journal says was done, by what it did: each of its steps that is on the chain.

        A page of a push holds whoever was not paid before, so its contents may be others.
        """
        lines = (self.folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()[1:]
        entries = {e["hash"]: e for e in map(json.loads, lines) if "hash" in e}
        receipts = chain.receipts(list(entries))
        return Counter(
            entry["digest"]
            for entry, mined in zip(entries.values(), receipts, strict=True)
            if mined is not None and mined.success and not entry["key"].startswith(_CHANGING)
        )


# Steps that a run may cut in another way the second time.
_CHANGING = "push/"


def _issued(events: list[Any]) -> Counter[tuple[str, int]]:
    moved: list[DecodedEvent] = [event for event in events if event.name == "Transfer"]
    return Counter((e.args["to"], e.args["value"]) for e in moved if e.args["from"] == ZERO_ADDRESS)


def _account(folder: Path) -> list[str]:
    path = folder / "push-1.csv"
    if not path.exists():
        return []
    return [row.rpartition(",")[0] for row in path.read_text(encoding="utf-8").splitlines()]


def difference(state: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Where two states differ, for whoever reads a failure."""
    return {n: (state[n], wanted[n]) for n in wanted if state[n] != wanted[n]}

"""The worst that every loop of the contracts can be made to do, each staged on a fresh Anvil.

A figure is of a transaction in a block of its own, in which every slot is cold: an EVM that is kept
in memory keeps its slots warm, and shows half the price. What bounds a loop is in `BOUNDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from eth_account import Account

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.chainkit import ZERO, AnvilKit, Deployed
from tests.contracts.permits import Permit
from tests.contracts.trading import Leg, Trade, signature_of
from tests.gas.ballots import worst as ballots
from tests.gas.calls import worst as calls
from tests.gas.compliance import COUNTING, NONE, WEIGHTS, investor
from tests.gas.exchanges import Exchanges
from tests.gas.record_ranges import MOST
from tests.gas.story import START, TERMS, Clocked, Story, fresh, person
from tests.model.lockups import BY_DAY, DAY, lengths_of_all_lots

AMOUNT = 187_654_321_987
EXCLUDED = 32
TOKENS = 32
CERTIFICATES = 16
CHAIN = 200
CHAIN_ID = 31_337
LEGS = 32
RECORDS = 700
STRIDES = (1, 2, 3, 7)
CLAIMS = 200
PAGE = 100
TABLE = 4_000

# A denominator is fixed in pages of so many excluded accounts.
ACCOUNTS = 8
FIXED_IN = EXCLUDED // ACCOUNTS

Figures = dict[str, int]


def eligible(number: int) -> int:
    """A person of Switzerland, eligible for ever, packed as the registry keeps it."""
    return investor(number) | (2**48 - 1) << 72


def measure(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> Figures:
    """The gas of each labelled worst case."""
    gas: Figures = {}
    for stage in (
        lots, successors, assets, withholding, claims, records, ranges, trades, calls, exchanges,
        ballots,
    ):  # fmt: skip
        with fresh(artifacts, anvil) as kit:
            gas |= stage(kit)
    return dict(sorted(gas.items()))


class Compliance(Clocked):
    """A token under rules with its registry; one account is owner and agent of everything."""

    step = 1

    def __init__(self, kit: AnvilKit, *, start: int = START, **settings: Any) -> None:
        super().__init__(kit, start)
        self.owner = kit.accounts[0]
        self.registry = self.deploy("InvestorRegistry", self.owner, [self.owner])
        self.keeper = self.deploy("LockUps")
        if settings.get("lockUp"):
            settings["lockUps"] = self.keeper.address
        self.settings = NONE | settings | {"registry": self.registry.address}
        self.rules, self.token = self.issue_asset()

    def issue_asset(self) -> tuple[Deployed, Deployed]:
        """Rules and a token under them, which the registry knows."""
        rules = self.deploy("TransferRules", tuple(self.settings.values()))
        where = (rules.address, self.registry.address, [self.owner])
        token = self.deploy("ShareToken", ("Harbour", "HARB", 0, self.owner, *where))
        self.send(self.registry, "bindToken", token.address)
        if self.settings["maxHolders"]:
            self.send(self.registry, "count", token.address, [])
        return rules, token

    def know(self, number: int, *wallets: str) -> None:
        """Register wallets of one person."""
        self.send(self.registry, "register", list(wallets), [eligible(number)] * len(wallets))

    def lose(self, lost: str, successor: str) -> int:
        """Recover a wallet."""
        return self.send(self.token, "recoveryAddress", lost, successor, ZERO)


@contextmanager
def undone(stage: Compliance | Story) -> Iterator[None]:
    """What happens in the block has not happened after it."""
    before, clock = stage.kit.rpc("evm_snapshot"), stage.clock
    yield
    stage.kit.rpc("evm_revert", before)
    # Anvil may not have taken the last one from its pool yet, and would mine it with the next.
    stage.kit.rpc("anvil_dropAllTransactions")
    stage.clock = clock


# ------------------------------------------------------------------------------------------- lots


def lots(kit: AnvilKit) -> Figures:
    """Wallets with as many lots as one lock-up, and as any lock-ups after each other, can make."""
    gas: Figures = {}
    worst_day = (START // (512 * DAY) + 1) * 512 * DAY
    stage = Compliance(kit, start=worst_day - 10 * DAY, lockUp=DAY)
    ann, ben, cid, new = (person(i) for i in range(4))
    for number, wallet in enumerate((ann, ben, cid), 1):
        stage.know(number, wallet)
    stage.know(1, new)
    stage.send(stage.token, "batchMint", [ann, ben, cid], [10_000] * 3)
    stage.clock = worst_day
    kit.impersonate(ann, ben, stage.rules.address)

    def acquire(wallet: str, days: int) -> None:
        stage.send(
            stage.keeper, "acquired", stage.token.address, wallet, 1, days * DAY,
            sender=stage.rules.address,
        )  # fmt: skip

    longest_first = lengths_of_all_lots()
    for one_lock_up, label in ((True, "93 lots"), (False, "496 lots")):
        with undone(stage):
            for wallet in (ann, ben):
                # The nearest lot of the receiver is still to come: it goes before all the others.
                rest = longest_first if wallet == ann else longest_first[:-1]
                for days in range(BY_DAY, -1, -1) if one_lock_up else rest:
                    acquire(wallet, days)
            _with_lots(stage, gas, label, (ann, ben, new))
    return gas


def _with_lots(stage: Compliance, gas: Figures, label: str, people: Sequence[str]) -> None:
    ann, ben, new = people
    acts: dict[str, Callable[[], int]] = {
        f"transfer: {label} each": lambda: stage.send(
            stage.token, "transfer", ben, 9_000, sender=ann
        ),
        f"burn: everything, {label}": lambda: stage.send(stage.token, "burn", ann, 10_000),
        f"recovery: {label}": lambda: stage.lose(ann, new),
    }
    for name, act in acts.items():
        with undone(stage):
            gas[name] = act()
    with undone(stage):
        # All but those for ever are released, and nobody has written since.
        stage.clock += 110 * 366 * DAY
        gas[f"issue: to {label}, released"] = stage.send(stage.token, "mint", ann, 1)


# ------------------------------------------------------------------------------------- successors


def successors(kit: AnvilKit) -> Figures:
    """A person who lost wallet after wallet: the first one's income is still the last one's."""
    gas: Figures = {}
    stage = Compliance(kit)
    vault, dollar = stage.deploy("DividendVault"), stage.deploy("Dollar", "Dollar", "USDR", 6)
    policy = stage.deploy(
        "WithholdingPolicy", stage.owner, stage.registry.address, kit.accounts[1],
        [(0, 255, kind, 3_000) for kind in range(5)],
    )  # fmt: skip
    stage.send(dollar, "mint", stage.owner, AMOUNT)
    stage.send(dollar, "approve", vault.address, AMOUNT)
    wallets = [person(i) for i in range(CHAIN + 1)]
    stage.know(1, wallets[0])
    stage.send(stage.token, "mint", wallets[0], 1_000)
    stage.tick()
    stage.token.send("scheduleRecord", stage.clock)
    terms = (*TERMS[:4], policy.address, *TERMS[5:])
    stage.send(vault, "declare", stage.token.address, 1, dollar.address, AMOUNT, terms)
    for lost, successor in pairwise(wallets):
        stage.know(1, successor)
        stage.lose(lost, successor)
        stage.send(stage.registry, "confirmLoss", lost, successor)
    gas[f"register: a wallet with {CHAIN} successors"] = stage.send(
        stage.registry, "register", wallets[:1], [eligible(1)]
    )
    gas[f"snapshot: a wallet with {CHAIN} successors"] = stage.send(policy, "snapshot", wallets[:1])
    gas[f"claim: a wallet with {CHAIN} successors"] = stage.send(vault, "claim", [1], wallets[0])
    assert int(dollar.call("balanceOf", wallets[-1])) == AMOUNT - AMOUNT * 3 // 10
    return gas


# ----------------------------------------------------------------------------------------- assets


def assets(kit: AnvilKit) -> Figures:
    """A wallet in each of the 32 assets that a registry can have, all of them counted."""
    gas: Figures = {}
    stage = Compliance(kit, **WEIGHTS[COUNTING])
    others = [stage.issue_asset()[1] for _ in range(TOKENS - 1)]
    ann, ben = person(1), person(2)
    stage.know(1, ann)
    stage.know(2, ben)
    for token in (stage.token, *others):
        stage.send(token, "batchMint", [ann, ben], [5, 5])
    # Another person, in another country: of each asset's groups, three shrink and three grow.
    moved = eligible(3) ^ 1 << 48
    gas["register: a wallet of 32 assets anew"] = stage.send(
        stage.registry, "register", [ann], [moved]
    )
    for token in (stage.token, *others):
        stage.send(token, "burn", ben, 5)
    gas["delete: a wallet, of 32 assets"] = stage.send(stage.registry, "deleteIdentity", ben)
    gas["unbind: the last of 32 assets"] = stage.send(
        stage.registry, "unbindToken", others[-1].address
    )
    return gas


# ------------------------------------------------------------------------------------ withholding


def withholding(kit: AnvilKit) -> Figures:
    """The largest table; tables announced one after the other; certificates that do not count."""
    gas: Figures = {}
    story = Story(kit, holders=3)
    ann, ben, _ = story.holders
    story.tick()
    defaults = [(0, 255, kind, 3_000) for kind in range(5)]
    policy = kit.deploy("WithholdingPolicy", story.issuer, ZERO, kit.accounts[1], defaults)
    useless = (500, 1, START, 2**47, b"\1" * 32)
    for _ in range(CERTIFICATES):
        story.send(policy, "certify", [ann], [useless])
    record = story.close_record()
    terms = (*TERMS[:4], policy.address, b"\0" * 32, [person(900 + i) for i in range(EXCLUDED)])
    what = (story.token.address, record, story.dollar.address, AMOUNT, terms)
    gas["declare: 32 excluded accounts"] = story.send(story.vault, "declare", *what)
    gas["claim: taxed, 16 certificates, 32 excluded accounts"] = story.send(
        story.vault, "claim", [1], ann
    )
    for later in range(1, CHAIN + 1):
        story.send(policy, "setRates", defaults, story.clock + later * DAY)
    with undone(story):
        gas[f"rates: in place of {CHAIN} announced tables"] = story.send(
            policy, "setRates", defaults, 0
        )
    rows = [
        (country, kind // 5, kind % 5, 1_500)
        for country in range(1, 1_000)
        for kind in range(5 * 5)
    ][: TABLE - len(defaults)]
    gas["rates: a table of 4,000"] = story.send(policy, "setRates", defaults + rows, 0)
    gas["tax: in a table of 4,000"] = story.send(policy, "rateAt", ben, 2, story.clock + 1)
    return gas


# ----------------------------------------------------------------------------------------- claims


def claims(kit: AnvilKit) -> Figures:
    """A claim of many distributions in the order in which they were declared, and a page."""
    gas: Figures = {}
    story = Story(kit, holders=PAGE)
    euro = kit.deploy("Dollar", "Euro", "EUR", 6)
    story.send(euro, "mint", story.issuer, 10**15)
    story.send(euro, "approve", story.vault.address, 2**255)
    record = story.close_record()
    for number in range(CLAIMS):
        story.declare(record, 10**9, (story.dollar.address, ZERO, euro.address)[number % 3])
    ids = list(range(1, CLAIMS + 1))
    gas[f"claim: {CLAIMS} of three currencies in turn"] = story.send(
        story.vault, "claim", ids, story.holders[0]
    )
    by_currency = sorted(ids, key=lambda number: number % 3)
    gas[f"claim: {CLAIMS} of three currencies, sorted"] = story.send(
        story.vault, "claim", by_currency, story.holders[1]
    )
    gas[f"push: a page of {PAGE}, nobody paid before"] = story.send(
        story.vault, "push", 1, story.holders
    )
    gas[f"push: a page of {PAGE} in the native coin, nobody has any"] = story.send(
        story.vault, "push", 2, story.holders
    )
    return gas


# ---------------------------------------------------------------------------------------- records


def records(kit: AnvilKit) -> Figures:
    """Records that nobody counted as they passed, and records that were cancelled."""
    gas: Figures = {}
    story = Story(kit, holders=2)
    for _ in range(RECORDS):
        story.tick()
        story.token.send("scheduleRecord", story.clock + 9_000)
    story.tick(2 * DAY)
    kit.rpc("evm_mine")
    ann, ben = story.holders
    gas[f"transfer: the first after {RECORDS} records"] = story.send(
        story.token, "transfer", ben, 1, sender=ann
    )
    for number in range(CHAIN):
        story.tick()
        story.token.send("scheduleRecord", story.clock + DAY + number)
    gas[f"cancel: {CHAIN} open records"] = story.send(story.token, "cancelRecords", RECORDS + 1)
    for number in range(RECORDS + CHAIN + 1, RECORDS + 2 * CHAIN + 1):
        story.send(story.token, "scheduleRecord", story.clock + DAY)
        story.send(story.token, "cancelRecords", number)
    story.send(story.token, "scheduleRecord", story.clock + DAY)
    story.tick(2 * DAY)
    kit.rpc("evm_mine")
    gas[f"transfer: the first after {CHAIN} records, cancelled one by one"] = story.send(
        story.token, "transfer", ben, 1, sender=ann
    )
    return gas


# ----------------------------------------------------------------------------------------- ranges


def ranges(kit: AnvilKit) -> Figures:
    """Ranges over every record, every second, third and seventh; 34 accounts and the supply moved
    before each; 32 of them are excluded. Declared ahead: the first payment weighs them all."""
    gas: Figures = {}
    story = Story(kit, holders=EXCLUDED + 2)
    *outside, other, holder = story.holders
    swap = ([*outside[::2], holder], [*outside[1::2], other], [1] * (EXCLUDED // 2 + 1))
    story.tick()
    agent = kit.deploy("Batch")
    story.send(story.token, "addAgent", agent.address)
    acts = ("mint", other, 1), ("batchForcedTransfer", *swap)
    moves = [kit.codec.call("ShareToken", *act) for act in acts]
    for _ in range(RECORDS):
        story.tick()
        record = kit.codec.call("ShareToken", "scheduleRecord", story.clock)
        agent.send("run", story.token.address, [*moves, record])
    assert story.token.call("recordCount") == RECORDS
    story.tick()
    over = kit.deploy("RecordRanges", story.token.address)
    story.tick(DAY)
    kit.rpc("evm_mine")
    for stride in STRIDES:
        for age, first in (("first", 1), ("last", RECORDS + 1 - MOST * stride)):
            # The last of them is still open when the payment is declared.
            closed = range(first, first + stride * (MOST - 1), stride)
            with undone(story):
                label = f"100 records, {stride} apart, the {age} of {RECORDS}"
                _over(story, over, closed, gas, label)
    story.declare(1)
    gas[f"claim: {RECORDS} records later, traded before each"] = story.send(
        story.vault, "claim", [1], holder
    )
    return gas


def _over(
    story: Story,
    over: Deployed,
    closed: Sequence[int],
    gas: Figures,
    label: str,
) -> None:
    """One range, defined and declared ahead; then its denominator, and a claim."""
    *outside, _, holder = story.holders
    story.send(story.token, "scheduleRecord", story.clock + DAY)
    ids = [*closed, RECORDS + 1]
    gas[f"define: {label}"] = story.send(over, "defineRange", ids, [1] * MOST)
    what = (over.address, 1, story.dollar.address, AMOUNT)
    story.send(story.vault, "declare", *what, (*TERMS[:-1], outside))
    story.tick(2 * DAY)
    story.kit.rpc("evm_mine")
    pages = [story.send(story.vault, "fixEligible", 1, ACCOUNTS) for _ in range(FIXED_IN)]
    gas[f"fix: {label}, {ACCOUNTS} of 32 excluded accounts"] = max(pages)
    gas[f"claim: {label}"] = story.send(story.vault, "claim", [1], holder)


# ----------------------------------------------------------------------------------------- trades


def trades(kit: AnvilKit) -> Figures:
    """A trade of as many legs as one can have: each of another share token, under rules that count,
    from another wallet to another new one, each signed, and each with a permit."""
    gas: Figures = {}
    stage = Compliance(kit, **WEIGHTS[COUNTING])
    shares = [stage.token, *(stage.issue_asset()[1] for _ in range(LEGS - 1))]
    settlement = stage.deploy("TradeSettlement")
    keys = [Account.from_key(bytes([7] * 31 + [number])) for number in range(1, LEGS + 1)]
    for number, key in enumerate(keys):
        stage.know(2 * number + 1, key.address)
        stage.know(2 * number + 2, person(number))
        stage.send(shares[number], "mint", key.address, 100)
    legs = [
        Leg(token.address, key.address, person(number), 100)
        for number, (token, key) in enumerate(zip(shares, keys, strict=True))
    ]
    trade = Trade(legs, valid_until=stage.clock + DAY)
    typed = trade.typed(settlement, chainId=CHAIN_ID)
    signatures = [signature_of(typed, key) for key in keys]
    permits = []
    for token, key in zip(shares, keys, strict=True):
        terms = (token, key.address, settlement.address, 100, 0, trade.valid_until)
        signed = Permit(*terms, chain_id=CHAIN_ID, name="Harbour").signed(key)
        permits.append((token.address, key.address, 100, trade.valid_until, *signed))
    gas[f"settle: {LEGS} legs, all signed, with permits"] = stage.send(
        settlement, "settleWithPermits", trade.encodable(), signatures, permits
    )
    # No two in one word.
    nonces = [256 * number for number in range(1, CHAIN + 1)]
    gas[f"cancel: {CHAIN} orders, of as many words"] = stage.send(settlement, "cancel", nonces)
    gas[f"cancel: {CHAIN} trades, of as many words"] = stage.send(
        settlement, "cancelTrades", nonces
    )
    return gas


# -------------------------------------------------------------------------------------- exchanges


def exchanges(kit: AnvilKit) -> Figures:
    """Pages of a mandatory exchange after a record that nobody has moved shares since: everybody's
    shares are moved or burnt, paid in money that nobody had, for new shares that nobody had; and
    everybody is frozen, so that all of it is owed."""
    gas: Figures = {}
    stage = Exchanges(kit, funded=False)
    stage.tick()
    stage.token.send("scheduleRecord", stage.clock)
    stage.tick(DAY)
    kit.rpc("evm_mine")
    consent = (stage.exchange.address, stage.token.address, 10**9, stage.clock + 400 * DAY)
    stage.send(stage.holds, "setKeeper", *consent, sender=stage.acquirer)
    squeeze = stage.mandatory(burns=False, acquirer=stage.acquirer)
    new = {"other": stage.other.address, "other_shares": 13, "per": 10, "fraction_price": 7 * 10**6}
    numbers = []
    for terms in (squeeze, stage.mandatory(**new), stage.mandatory(**new)):
        stage.open(terms)
        numbers.append(stage.last)
    stage.clock += 7_200
    bought, merged, owed = numbers
    gas[f"buy out: a page of {PAGE}, nobody has any money"] = stage.tell(
        "carryOut", bought, stage.page(0), sender=stage.owner
    )
    gas[f"merge: a page of {PAGE}, nobody has money or new shares"] = stage.tell(
        "carryOut", merged, stage.page(1), sender=stage.owner
    )
    stage.send(stage.token, "batchSetAddressFrozen", stage.page(2), [True] * PAGE)
    gas[f"merge: a page of {PAGE}, all of it owed"] = stage.tell(
        "carryOut", owed, stage.page(2), sender=stage.owner
    )
    return gas


# ------------------------------------------------------------------------------------- what bounds


@dataclass(frozen=True)
class Bound:
    """Loops that are bounded by one thing, and their worst cases."""

    what: str
    loops: str
    """Contract and function of each, as `Contract.function`."""
    bound: str
    measured: str
    """How the labels of their figures begin, one a line."""


BOUNDS = (
    Bound(
        "lots, while there is one lock-up",
        "",
        "93, since a long lock-up ends with a period of days (law 33)",
        "transfer: 93 lots\nrecovery: 93 lots\nburn: everything, 93\nissue: to 93 lots",
    ),
    Bound(
        "lots, whatever lock-ups follow each other",
        "LockUps.acquired LockUps.reduced LockUps.recovered LockUps.lotsOf LockUps._locked"
        " LockUps._firstLocked LockUps._lockedLots LockUps._merge LockUps._releaseDay",
        "496, since the periods of all lock-ups fall together (law 33)",
        "transfer: 496 lots\nrecovery: 496 lots\nburn: everything, 496\nissue: to 496 lots",
    ),
    Bound(
        "records that passed, checkpoints of an account",
        "ShareLedger._countClosed ShareLedger._answerHoldings HistoryLib.balanceNear",
        "binary search",
        "transfer: the first after 700\nclaim: 700 records later",
    ),
    Bound(
        "records that the owner cancels, and has cancelled one after the other",
        "ShareLedger._cancelRecords ShareLedger._countedAt PassThrough._lacks",
        "open records, which can be cancelled in parts, the last ones first; the owner's own doing",
        "cancel: 200 open\ntransfer: the first after 200",
    ),
    Bound(
        "components of a record range",
        "RangeTermsLib.unpack RecordRanges.defineRange RecordRanges.totalSupplyAt"
        " RecordRanges.componentsOf RecordRanges.isRecordCancelled RecordRanges._weigh"
        " PassThrough._weighAlike",
        "100",
        "define: 100 records\nfix: 100 records\nclaim: 100 records",
    ),
    Bound(
        "excluded accounts",
        "EligibleLib._look EligibleLib._contains TermsLib.excludes",
        "32",
        "declare: 32 excluded",
    ),
    Bound(
        "distributions of a claim",
        "DividendVault._claim DividendVault._settleBatch TermsLib.loadBatch"
        " RecordQueryLib.oneByOne RecordRanges.holdingsAt ClaimRelayer._currencyOf"
        " PassThrough.forward",
        "the caller's list",
        "claim: 100 of three\nclaim: 200 of three",
    ),
    Bound("holders of a page", "DividendVault._pushPage", "the caller's list", "push: a page"),
    Bound(
        "holders of a page of an exchange",
        "ShareExchange.carryOut",
        "the caller's list",
        "buy out: a page\nmerge: a page",
    ),
    Bound(
        "signed votes of a page, and holders who convene a meeting",
        "Ballot.castMany Ballot._sharesOfSigners",
        "the caller's list; `prorata meeting tally` brings 100 at a time",
        "cast: a page",
    ),
    Bound(
        "parts of a vote",
        "VoteLib.sharesIn VoteLib.findWrong VoteLib.areMalformed VoteLib._listHash"
        " VoteCountLib.add",
        "256",
        "vote: split in 256",
    ),
    Bound(
        "resolutions and excluded accounts of a meeting",
        "Ballot._convene Ballot._replaceAlike Ballot._replace Ballot._tallyOf"
        " MeetingTermsLib.check MeetingTermsLib.hash MeetingTermsLib.eligible"
        " MeetingTermsLib._isEarlier VoteCountLib.addAlike",
        "60 and 32",
        "convene: 60 resolutions\ndeclare: 60 resolutions",
    ),
    Bound(
        "records scheduled since the moment that a Governor asks about",
        "RecordVotes._recordBy",
        "an example: an issuer's records from then to now, a few",
        "",
    ),
    Bound(
        "refusals of a transfer to oneself",
        "FreeSharesLib.stopOf",
        "one for each code of the token's rules",
        "",
    ),
    Bound(
        "what is asked for an explanation of an exchange",
        "ExchangeExplainer._most ExchangeExplainer._largest",
        "three questions, eight rounds, search; only asked, never sent",
        "",
    ),
    Bound(
        "batches of the token, the registry and the policy",
        "ShareToken.batchMint ShareToken.batchForcedTransfer ShareToken.batchSetAddressFrozen"
        " ShareToken._forEach ShareToken._sum ShareToken.constructor InvestorRegistry.constructor"
        " InvestorRegistry.register InvestorRegistry.batchRegisterIdentity InvestorRegistry.count"
        " WithholdingPolicy.snapshot WithholdingPolicy.certify",
        "the caller's list",
        "",
    ),
    Bound(
        "assets of a registry",
        "InvestorRegistry.deleteIdentity InvestorRegistry._recount PersonCountLib._resize"
        " InvestorRegistry.unbindToken",
        "32 assets, three groups in each",
        "register: a wallet of 32\ndelete: a wallet\nunbind: the last",
    ),
    Bound(
        "successors of a wallet",
        "ShareToken.successorOf InvestorRegistry._presentPerson WithholdingPolicy._personBehind",
        "as often as the person's wallet was recovered by agents; about 5,000 gas each",
        "claim: a wallet with\nsnapshot: a wallet with\nregister: a wallet with",
    ),
    Bound(
        "certificates that a payment looks at",
        "WithholdingPolicy._certificateFor",
        "16",
        "claim: taxed",
    ),
    Bound(
        "rates of a table",
        "RateTableLib.write RateTableLib._pack RateTableLib.read RateTableLib._find",
        "4,000, five kinds; a payment searches",
        "rates: a table of\ntax: in a table of",
    ),
    Bound(
        "tables announced, snapshots kept",
        "TimelineLib.set TimelineLib.valueAt",
        "as many tables as the owner announced for later, which it can take back in parts; search",
        "rates: in place of",
    ),
    Bound(
        "refusals of an explanation",
        "ComplianceLib.explain ComplianceLib._askWhy",
        "one for each code; only asked, never sent",
        "",
    ),
    Bound(
        "legs of a trade",
        "TradeLib.load TradeLib.giversOf TradeLib._isAmong TradeLib._hash TradeSettlement._settle"
        " TradeSettlement._spendAndCheck TradeSettlement._refuseSignatures",
        "32",
        "settle: 32 legs",
    ),
    Bound("permits of a fill or trade", "TradeSettlement._use", "the caller's list", ""),
    Bound(
        "nonces that are cancelled",
        "TradeSettlement.cancel TradeSettlement.cancelTrades",
        "the caller's list",
        "cancel: 200 orders\ncancel: 200 trades",
    ),
    Bound(
        "what is asked for an explanation of a fill",
        "OrderExplanationLib._judgeMoves OrderExplanationLib._most OrderExplanationLib._largest"
        " OrderExplanationLib._fits RefusalLib.askWhy RefusalLib.lowered",
        "four transfers, twelve rounds, search; only asked, never sent",
        "",
    ),
    Bound(
        "prices of a call",
        "CallClearingLib._read CallClearingLib._search CallClearingLib.clearAt",
        "255",
        "close a call: 255 prices",
    ),
    Bound(
        "deliveries and orders of a page of a call",
        "CallSettlement._settle",
        "the caller's number",
        "settle a call: a page",
    ),
    Bound(
        "orders and pairs of a page of a call, wallets of a record",
        "CallSettlement.refund CallSettlement._sort CallSettlement.deliver CallAuction.entitle",
        "the caller's list",
        "",
    ),
    Bound(
        "words, times and ladders of the terms of a call",
        "CallTermsLib._requireClean CallTermsLib._requireTimes CallSettlement._payOut"
        " CallSettlement._payProceeds",
        "38 words, two ladders",
        "",
    ),
    Bound(
        "what is asked for an explanation of an order in a call",
        "CallExplainer._judgeDelivery CallExplainer._movable CallExplainer._roomFor",
        "a few rounds; only asked, never sent",
        "",
    ),
)

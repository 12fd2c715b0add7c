"""Properties without a story: one question, one exact answer, hundreds of thousands of times.

Every case is put to real bytecode: a library through `Probe.sol`, which takes many cases in a call,
or a contract, directly or through `Lens.sol`, which passes many questions on. A case counts once,
and only if everything that came back for it was compared with what was worked out here, in whole
numbers, from what the documents say and not from what the sources do.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyrevm

from prorata.apportion import apportion
from tests.assurance.fuzz.system import Broken
from tests.assurance.fuzz.wire import Wire, encoded, revert_data, word
from tests.chainkit import GAS_CAP, ZERO, Codec, RevmKit, checksummed
from tests.contracts.compliant import investor
from tests.laws.test_withholding_laws import CLASSES, COUNTRIES, DEED
from tests.model.income import BASIS_POINTS, tax_on
from tests.model.outcomes import COIN, NOBODY, Refused
from tests.model.shares import MAX_SUPPLY, UNLIMITED, Ledger
from tests.model.vault import MAX_AMOUNT
from tests.model.withholding import ANY_CLASS, ANY_COUNTRY, KINDS, Certificate, Withholding

BATCH = 200
PEOPLE = ("ann", "ben", "cat", "dan", "eve", "fay")
ISSUER = "issuer"
Case = tuple[int, ...]
StaticCallLib = tuple[tuple[Any, ...], bytes]


class Bench:
    """A new chain with the probe, the lens, and a few people."""

    def __init__(self, codec: Codec) -> None:
        self.evm = pyrevm.EVM()
        self.wire = Wire(codec)
        self.now = RevmKit.START
        self.address: dict[str, str] = {}
        for place, name in enumerate((ISSUER, *PEOPLE), start=1):
            self._enter(name, "", checksummed((0xBE << 152 | place).to_bytes(20, "big")))
            self.evm.set_balance(self.address[name], 2**200)
        for name in (NOBODY, COIN):
            self.wire.enter(name, ZERO)
        self.wait(0)
        self.create("lens", "Lens")

    def _enter(self, name: str, contract: str, address: str) -> None:
        self.address[name] = address
        self.wire.enter(name, address, contract)

    def create(self, name: str, contract: str, *args: Any) -> None:
        """Deploy a contract."""
        code = self.wire.codec.artifacts[contract].bytecode + encoded(self.wire.spelt(args))
        self._enter(name, contract, checksummed(self.evm.deploy(self.address[ISSUER], code)))

    def token(self) -> None:
        """An open share token called `shares`."""
        sheet = ("Shares", "S", 0, self.address[ISSUER], ZERO, ZERO, [self.address[ISSUER]])
        code = self.wire.codec.creation("ShareToken", sheet)
        at = checksummed(self.evm.deploy(self.address[ISSUER], code))
        self._enter("shares", "ShareToken", at)

    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.now += seconds
        self.evm.set_block_env(pyrevm.BlockEnv(timestamp=self.now, number=self.now // 12))

    def send(self, sender: str, contract: str, function: str, *args: Any, value: int = 0) -> bytes:
        """Send a transaction; raises RuntimeError."""
        data = self.wire.call(contract, function, args)
        at = self.address
        self.evm.reset_transient_storage()
        return bytes(self.evm.message_call(at[sender], at[contract], data, value, GAS_CAP))

    def probe(self, function: str, asked: Sequence[Case], answers: Sequence[Case]) -> int:
        """Put cases to a library; each answer is the one expected. How many there were."""
        if "probe" not in self.address:
            self.create("probe", "Probe")
        flat = [value for case in asked for value in case]
        got = self.send(ISSUER, "probe", function, flat)[64:]
        if got != b"".join([word(value) for answer in answers for value in answer]):
            self._explain(function, asked, answers, got)
        return len(asked)

    def _explain(
        self, function: str, asked: Sequence[Case], answers: Sequence[Case], got: bytes
    ) -> None:
        at = 0
        for case, answer in zip(asked, answers, strict=True):
            ends = range(at, at + 32 * len(answer), 32)
            reported = tuple(int.from_bytes(got[start : start + 32], "big") for start in ends)
            at += 32 * len(answer)
            if reported != answer:
                raise Broken(f"{function}{case} is {reported}, not {answer}")

    def look(self, questions: Sequence[StaticCallLib]) -> int:
        """Put questions to contracts; each answer is the one expected. How many there were."""
        for first in range(0, len(questions), BATCH):
            page = questions[first : first + BATCH]
            data = b"".join([self._question(label) for label, _ in page])
            if self._lens(data) != b"".join([b"\1" + answer for _, answer in page]):
                self._find(page)
        return len(questions)

    def _find(self, page: Sequence[StaticCallLib]) -> None:
        for label, answer in page:
            reported = self._lens(self._question(label))
            if reported != b"\1" + answer:
                raise Broken(f"{label} is {reported.hex()}, not {answer.hex()}")

    def _question(self, label: tuple[Any, ...]) -> bytes:
        contract, function, *args = label
        data = self.wire.call(contract, function, args)
        return self.wire.at[contract][12:] + len(data).to_bytes(2, "big") + data

    def _lens(self, data: bytes) -> bytes:
        at = self.address
        return bytes(self.evm.message_call(at[ISSUER], at["lens"], data, 0, 10**12, 0, True))


# --------------------------------------------------------------------------- numbers


def number(rng: random.Random, bits: int) -> int:
    """A number of at most so many bits: any length is as likely, and the ends more so."""
    if rng.random() < 0.1:
        return rng.choice((0, 1, (1 << bits) - 1))
    return rng.getrandbits(rng.randint(1, bits))


def positive(rng: random.Random, bits: int) -> int:
    return number(rng, bits) or 1


def part(rng: random.Random, whole: int) -> int:
    """A part of a whole, often all or nothing of it."""
    return rng.choice((0, whole, rng.randint(0, whole), min(whole, rng.randint(0, 3))))


def put(packed_: int, at: int, bits: int, value: int) -> int:
    """A packed word with another value in one field."""
    return packed_ & ~(((1 << bits) - 1) << at) | value << at


def field(packed_: int, at: int, bits: int) -> int:
    return packed_ >> at & ((1 << bits) - 1)


Make = Callable[[random.Random], tuple[Case, Case]]


def cases(make: Make, rng: random.Random) -> tuple[list[Case], list[Case]]:
    """A batch of questions and their answers."""
    made = [make(rng) for _ in range(BATCH)]
    return [case for case, _ in made], [answer for _, answer in made]


# ------------------------------------------------------------------- the arithmetic


def portion(rng: random.Random) -> tuple[Case, Case]:
    """floor(amount * shares / eligible), with a product of up to 512 bits."""
    eligible = positive(rng, rng.choice((8, 96, 256)))
    amount, shares = number(rng, rng.choice((64, 160, 256))), part(rng, eligible)
    return (amount, shares, eligible), (amount * shares // eligible,)


def settlement(rng: random.Random) -> tuple[Case, Case]:
    """A settlement books its shares, and loses what the floors of the parts fall short of the floor
    of the whole; no other bit of the slot changes."""
    amount, eligible = number(rng, 160), positive(rng, rng.choice((4, 14, 40, 96)))
    width = eligible.bit_length()
    lost_bits = min(width, 32)
    shift = rng.randint(0, 256 - width - lost_bits)
    settled = part(rng, eligible)
    shares = part(rng, eligible - settled)
    lost = rng.randint(0, (1 << lost_bits) - 2)
    lanes_ = put(rng.getrandbits(256), shift, width, settled)
    lanes_ = put(lanes_, shift + width, lost_bits, lost)
    gross = amount * shares // eligible
    lost += amount * (settled + shares) // eligible - amount * settled // eligible - gross
    after = put(lanes_, shift, width, settled + shares)
    after = put(after, shift + width, lost_bits, lost)
    reference = rng.getrandbits(24) << 16 | shift << 8 | width
    last = int(settled + shares == eligible)
    answer = (gross, after, last, settled + shares, lost)
    return (lanes_, reference, amount, shares, eligible), answer


def lane(rng: random.Random) -> tuple[Case, Case]:
    """A lane is as wide as its shares and their losses, and lies within one slot."""
    position, eligible, series = rng.randrange(2**32 - 512), positive(rng, 96), number(rng, 32)
    width = eligible.bit_length()
    bits = width + min(width, 32)
    if rng.randrange(4) == 0:
        # Where a lane just fits its slot, or just does not.
        position = (position // 256 + 1) * 256 - bits + rng.randint(-1, 1)
    place = position
    if position // 256 != (position + bits - 1) // 256:
        place = (position // 256 + 1) * 256
    answer = (place << 8 | width, place + bits, series << 24 | place // 256)
    return (position, eligible, series), answer


# ----------------------------------------------------------------- the packed words


def account(rng: random.Random) -> tuple[Case, Case]:
    """An account's fields: balance 96, pastCount 32, nothing 80, since 32, flags."""
    it = put(rng.getrandbits(256), 96, 32, rng.randrange(2**32 - 1))
    balance = number(rng, 96)
    it = put(it, 0, 96, balance)
    amount, closed = rng.randint(0, MAX_SUPPLY - balance), number(rng, 32)
    flag = 1 << rng.randint(240, 255)
    answer = (
        *(balance, field(it, 208, 32), field(it, 96, 32), int(it & flag > 0)),
        *(put(it, 208, 32, closed), put(it, 96, 32, field(it, 96, 32) + 1)),
        *(put(it, 0, 96, balance + amount), it, it | flag, it & ~flag),
    )
    return (it, closed, amount, flag), answer


def ledger(rng: random.Random) -> tuple[Case, Case]:
    """A ledger's fields: rules 160, nextRecordAt 48, closedRecords 32, flags."""
    it, rules = rng.getrandbits(256), number(rng, 160)
    closed, following, flag = number(rng, 32), number(rng, 48), 1 << rng.randint(240, 255)
    answer = (
        *(field(it, 0, 160), field(it, 160, 48), field(it, 208, 32)),
        *(int(it & flag > 0), put(it, 0, 160, rules)),
        *(put(put(it, 160, 48, following), 208, 32, closed), it | flag, it & ~flag),
    )
    return (it, rules, closed, following, flag), answer


def person(rng: random.Random) -> tuple[Case, Case]:
    """An investor's fields, as the tests pack them by hand."""
    who, country, kind, until = (number(rng, bits) for bits in (48, 16, 8, 48))
    other, group = number(rng, 16), kind << 16 | country
    it = investor(who, country, kind, until)
    moved = investor(who, other, kind, until)
    lost = investor(who, country, kind, until, lost=True)
    answer = (it, who, country, kind, until, group, moved, lost, 1)
    return (who, country, kind, until, other), answer


def standing(rng: random.Random) -> tuple[Case, Case]:
    """A holding (shares 96, group 24), and what decides a rate (country 16, class 8, known 1,
    certificates 32): nothing of a person whom the registry does not know."""
    shares, group = number(rng, 96), number(rng, 24)
    filed = rng.randrange(2**32 - 1)
    before = put(rng.getrandbits(57), 25, 32, filed)
    who, country, kind = rng.choice((0, number(rng, 48))), number(rng, 16), number(rng, 8)
    known = int(who > 0)
    facts = (kind << 16 | country) * known
    after = put(before, 0, 25, known << 24 | facts)
    answer = (
        *(group << 96 | shares, shares, group, after, country * known, kind * known, known),
        *(filed, put(after, 25, 32, filed + 1)),
    )
    return (shares, group, before, investor(who, country, kind, number(rng, 48))), answer


SHEET_BITS = (256, 160, 32, 32, 32, 40, 160, 48, 48, 160, 96, 160, 3, 48, 5)
DEADLINE, FLAGS = 8, 14


def sheet(rng: random.Random) -> tuple[Case, Case]:
    """Each field of stored terms is read as it was written, whatever the others are."""
    values = [number(rng, bits) for bits in SHEET_BITS]
    # The last second of all stands for none.
    values[DEADLINE] %= 2**48 - 1
    values[FLAGS] <<= 251
    return tuple(values), tuple(values)


PACKED: dict[str, Make] = {
    "accounts": account,
    "ledgers": ledger,
    "investors": person,
    "standings": standing,
    "sheets": sheet,
}


def portions(bench: Bench, rng: random.Random) -> int:
    return bench.probe("portions", *cases(portion, rng))


def settlements(bench: Bench, rng: random.Random) -> int:
    return bench.probe("settlements", *cases(settlement, rng))


def lanes(bench: Bench, rng: random.Random) -> int:
    return bench.probe("lanes", *cases(lane, rng))


def packed(bench: Bench, rng: random.Random) -> int:
    """All packed words in turn."""
    return sum(bench.probe(name, *cases(make, rng)) for name, make in PACKED.items())


def files(bench: Bench, rng: random.Random) -> int:
    """A holder's marks are those that were set, and its payee the last one, wherever they are
    kept. Only the questions are counted."""
    asked: list[Case] = []
    answers: list[Case] = []
    marked: list[Case] = []
    payees: dict[int, int] = {}
    holders = [rng.getrandbits(160) for _ in range(3)]
    for _ in range(2 * BATCH):
        what, holder = rng.choice((0, 1, 1, 2, 2, 2, 3)), rng.choice(holders)
        series, ordinal = rng.randint(1, 3), rng.choice((rng.randint(0, 70), number(rng, 10)))
        answer = 0
        if what == 0:
            payees[holder] = series = number(rng, 160)
        if what == 1:
            marked.append((holder, series, ordinal))
        if what == 2:
            holder, series, ordinal = rng.choice([*marked[-5:], (holder, series, ordinal)])
            answer = int((holder, series, ordinal) in marked)
        if what == 3:
            answer = payees.get(holder, 0)
        asked.append((what, holder, series, ordinal))
        answers.append((answer,))
    bench.probe("files", asked, answers)
    return sum(what >= 2 for what, *_ in asked)


# ----------------------------------------------------------------- the real contracts


def history(bench: Bench, rng: random.Random) -> list[dict[str, int]]:
    """A token with a past: who held what when each record closed."""
    bench.token()
    most = rng.choice((3, 100, MAX_SUPPLY // len(PEOPLE)))
    held = {who: rng.randint(0, most) for who in PEOPLE}
    bench.send(ISSUER, "shares", "batchMint", list(held), list(held.values()))
    closed: list[dict[str, int]] = []
    for _ in range(rng.randint(1, 14)):
        for _ in range(rng.choice((0, 1, 1, 3))):
            giver, to = rng.choice(PEOPLE), rng.choice(PEOPLE)
            amount = part(rng, held[giver])
            bench.send(giver, "shares", "transfer", to, amount)
            held[giver] -= amount
            held[to] += amount
        bench.send(ISSUER, "shares", "scheduleRecord", bench.now)
        bench.wait(1)
        closed.append(dict(held))
    return closed


def histories(bench: Bench, rng: random.Random) -> int:
    """A balance at a record is the balance when its second ended."""
    questions: list[StaticCallLib] = []
    for record, then in enumerate(history(bench, rng), 1):
        questions += [(("shares", "balanceOfAt", who, record), word(then[who])) for who in PEOPLE]
        questions.append((("shares", "totalSupplyAt", record), word(sum(then.values()))))
    return bench.look(questions)


def streams(bench: Bench, rng: random.Random) -> int:
    """A stream's balance is the sum of balances times weights."""
    closed = history(bench, rng)
    bench.create("streams", "RecordRanges", "shares")
    heaviest = rng.choice((1, 31, 2**32 - 1))
    questions: list[StaticCallLib] = []
    defined = 0
    for _ in range(8):
        chosen = sorted(rng.sample(range(1, len(closed) + 1), rng.randint(1, len(closed))))
        weights = [rng.randint(1, heaviest) for _ in chosen]
        summed: Counter[str] = Counter()
        for record, weight in zip(chosen, weights, strict=True):
            for who, held in closed[record - 1].items():
                summed[who] += weight * held
        if sum(summed.values()) > MAX_SUPPLY:
            continue
        bench.send(ISSUER, "streams", "defineRange", chosen, weights)
        defined += 1
        questions += [
            (("streams", "balanceOfAt", who, defined), word(summed[who])) for who in PEOPLE
        ]
        questions.append((("streams", "totalSupplyAt", defined), word(sum(summed.values()))))
    return bench.look(questions)


def moves(bench: Bench, rng: random.Random) -> int:
    """transfer, approve and transferFrom do what plain bookkeeping does, or refuse for its reason.

    A call is counted; the balances and allowances after it are compared every twenty calls.
    """
    bench.token()
    law = Ledger("shares", ISSUER, bench.now)
    most = rng.choice((3, 1_000, MAX_SUPPLY // len(PEOPLE)))
    for who in PEOPLE:
        law.balances[who] = rng.randint(0, most)
    bench.send(ISSUER, "shares", "batchMint", list(PEOPLE), [law.balances[w] for w in PEOPLE])
    for call in range(1, BATCH + 1):
        _move(bench, rng, law)
        if call % 20 == 0:
            held = [(("shares", "balanceOf", who), word(law.balances[who])) for who in PEOPLE]
            left = [(("shares", "allowance", *of), word(n)) for of, n in law.allowances.items()]
            bench.look([*held, *left])
    return BATCH


def _move(bench: Bench, rng: random.Random, law: Ledger) -> None:
    giver, spender = rng.choice(PEOPLE), rng.choice(PEOPLE)
    to = rng.choice((*PEOPLE, *PEOPLE, NOBODY, "shares"))
    held = law.balances[giver]
    amount = rng.choice((part(rng, held), part(rng, held), held + 1, number(rng, 256)))
    allowed = rng.choice((amount, UNLIMITED, 5))
    sender, function, args, in_law = rng.choice(
        (
            (giver, "transfer", (to, amount), lambda: law.transfer(giver, [(to, amount)])),
            (giver, "approve", (spender, allowed), lambda: law.approve(giver, spender, allowed)),
            *[
                (
                    *(spender, "transferFrom", (giver, to, amount)),
                    lambda: law.transfer_from(spender, giver, to, amount),
                )
            ]
            * 2,
        )
    )
    what = f"{function}{args} by {sender}"
    reasons: tuple[Any, ...] = ()
    try:
        in_law()
    except Refused as refusal:
        reasons = refusal.reasons
    try:
        reported = bench.send(sender, "shares", function, *args)
    except RuntimeError as error:
        data = revert_data(error)
        if data not in {bench.wire.refusal(reason) for reason in reasons}:
            refusal = bench.wire.read_revert(data)
            raise Broken(f"{what} is refused with {refusal}, not {reasons}") from None
        return
    if reasons or reported != word(1):
        raise Broken(f"{what} gives {reported.hex()}, the law says {reasons or 'yes'}")


def entitlements(bench: Bench, rng: random.Random) -> int:
    """Everybody's gross is that of `prorata.apportion`, whoever is excluded."""
    closed = history(bench, rng)
    bench.create("vault", "DividendVault")
    questions: list[StaticCallLib] = []
    declared = 0
    for record, then in enumerate(closed, 1):
        excluded = rng.sample(PEOPLE, rng.choice((0, 0, 1, 3)))
        amount = positive(rng, rng.choice((10, 64, 160)))
        assert amount <= MAX_AMOUNT
        if not any(held for who, held in then.items() if who not in excluded):
            continue
        terms = (0, 0, 0, NOBODY, NOBODY, word(0), excluded)
        bench.send(
            *(ISSUER, "vault", "declare", "shares", record, COIN, amount, terms), value=amount
        )
        declared += 1
        law = apportion(amount, then, excluded)
        for who in PEOPLE:
            gross = word(law.gross[who])
            questions.append((("vault", "entitlement", declared, who), gross + word(0) + gross))
            questions.append((("vault", "claimable", declared, who), gross))
    return bench.look(questions)


def withholding(bench: Bench, rng: random.Random) -> int:
    """The tax at a record is what a law without a memory would have said when it closed."""
    law = Withholding(_table(rng), PEOPLE, bench.now)
    bench.create("shares", "BareToken")
    bench.create("book", "InvestorRegistry", ISSUER, [ISSUER])
    bench.create("policy", "WithholdingPolicy", ISSUER, "book", "fay", _listed(law.tables[0]))
    for _ in range(rng.randint(5, 30)):
        _file(bench, rng, law)
    _record(bench, law)
    _pass(bench, law, 1)
    questions: list[StaticCallLib] = []
    for (record, who, kind), rate in law.answers.items():
        for _ in range(2):
            gross = number(rng, 160)
            label = ("policy", "taxOn", "shares", record, kind, who, gross)
            questions.append((label, word(tax_on(gross, rate))))
    return bench.look(questions)


def _table(rng: random.Random) -> dict[tuple[int, int, int], int]:
    countries, kinds = (*COUNTRIES, ANY_COUNTRY), (*CLASSES, ANY_CLASS)
    table = {(ANY_COUNTRY, ANY_CLASS, kind): rng.randint(0, BASIS_POINTS) for kind in KINDS}
    for _ in range(rng.randint(0, 12)):
        key = (rng.choice(countries), rng.choice(kinds), rng.choice(KINDS))
        table[key] = rng.choice((0, 1_500, BASIS_POINTS, rng.randint(0, BASIS_POINTS)))
    return table


def _listed(table: dict[tuple[int, int, int], int]) -> list[tuple[int, ...]]:
    return [(*key, rate) for key, rate in sorted(table.items())]


def _record(bench: Bench, law: Withholding) -> None:
    """A record that closes when this second is over."""
    law.records.append(law.now)
    bench.send(ISSUER, "shares", "setTime", len(law.records), law.now)


def _pass(bench: Bench, law: Withholding, seconds: int) -> None:
    bench.wait(seconds)
    law.wait_until(bench.now)


def _file(bench: Bench, rng: random.Random, law: Withholding) -> None:
    """Something that may change a rate, or a record, or time."""
    who = rng.choice(PEOPLE[:4])
    what = rng.choice(("rates", "register", "note", "certify", "certify", "record", "pass"))
    if what == "rates":
        table = _table(rng)
        law.set_rates(table, law.now)
        bench.send(ISSUER, "policy", "setRates", _listed(table), 0)
    elif what == "register":
        country, kind = rng.choice((*COUNTRIES, 4)), rng.choice((*CLASSES, 9))
        law.registered[who] = (country, kind)
        known = investor(PEOPLE.index(who) + 1, country, kind)
        bench.send(ISSUER, "book", "register", [who], [known])
    elif what == "note":
        law.note([who])
        bench.send(who, "policy", "snapshot", [who])
    elif what == "certify" and len(law.files[who]) < 12:
        since = law.now + rng.randint(-3, 3)
        until = max(since, law.now) + rng.randint(0, 9)
        given = Certificate(rng.randint(0, BASIS_POINTS), rng.randint(1, 31), since, until)
        law.certify(who, given)
        terms = (given.rate, given.kinds, since, until, DEED)
        bench.send(ISSUER, "policy", "certify", [who], [terms])
    elif what == "record" and len(law.records) < 6:
        _record(bench, law)
    elif what == "pass":
        _pass(bench, law, rng.randint(1, 3))


# --------------------------------------------------------------------------- running

Property = Callable[[Bench, random.Random], int]

PARTS: dict[Property, int] = {
    portions: 320, settlements: 250, lanes: 60, packed: 120, files: 40, histories: 70, moves: 40,
    entitlements: 60, withholding: 25, streams: 15,
}  # fmt: skip
"""How many of a thousand calls go to each property."""

FRESH = 20
"""Batches that one chain takes from libraries: its journal never shrinks."""

ON_LIBRARIES = (portions, settlements, lanes, packed, files)


def run(codec: Codec, seed: str, calls: int) -> Counter[str]:
    """Make at least so many calls; how many were made of each property."""
    counted: Counter[str] = Counter()
    for prove, share in PARTS.items():
        name = prove.__name__
        for batch, bench in enumerate(_benches(codec, prove)):
            if counted[name] * sum(PARTS.values()) >= calls * share:
                break
            try:
                counted[name] += prove(bench, random.Random(f"{seed}/{name}/{batch}"))
            except (AssertionError, RuntimeError) as broken:
                raise Broken(f"seed {seed!r}, {name}, batch {batch}: {broken}") from broken
    return counted


def _benches(codec: Codec, prove: Property) -> Iterator[Bench]:
    """A bench for each batch; libraries keep nothing, so that they share one for a while."""
    while True:
        bench = Bench(codec)
        for _ in range(FRESH if prove in ON_LIBRARIES else 1):
            yield bench

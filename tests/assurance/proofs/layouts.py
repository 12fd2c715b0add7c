"""The packed layouts, restated bit by bit for z3.

Each restatement names the function that it restates, and the probe's function by which
`test_layouts.py` asks the bytecode whether both say the same of random words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import z3

Bits = z3.BitVecRef
WORD = 256


def word(number: int) -> Bits:
    """A number as a word of the machine."""
    return z3.BitVecVal(number, WORD)


def ones(width: int) -> Bits:
    """A mask of this many bits."""
    return word((1 << width) - 1)


def words(names: str) -> list[Bits]:
    """UncheckedArrayLib of which nothing is known."""
    return [z3.BitVec(name, WORD) for name in names.split()]


def shr(value: Bits, by: Any) -> Bits:
    """The machine's shift to the right, which fills with zeros."""
    return z3.LShR(value, word(by) if isinstance(by, int) else by)


def fits(value: Bits, width: int) -> z3.BoolRef:
    """Whether a number has at most this many bits."""
    return z3.ULE(value, ones(width))


@dataclass(frozen=True)
class Restated:
    """A function of a library, restated."""

    of: str
    probe: str
    widths: tuple[int, ...]
    """Of the arguments, in bits, as far as the library's caller warrants them; 1 for a flag."""
    function: Callable[..., Any]


RESTATED: list[Restated] = []


def restates(
    of: str, probe: str, *widths: int
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The decorated function restates another."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        RESTATED.append(Restated(of, probe, widths, function))
        return function

    return add


# ---------------------------------------------------------------------------------------- Account


@restates("AccountLib.balance", "accountBalance", 256)
def account_balance(account):
    return account & ones(96)


@restates("AccountLib.since", "accountSince", 256)
def account_since(account):
    return shr(account, 208) & ones(32)


@restates("AccountLib.pastCount", "accountPastCount", 256)
def account_past_count(account):
    return shr(account, 96) & ones(32)


@restates("AccountLib.has", "accountHas", 256, 256)
def account_has(account, flags):
    return account & flags != 0


@restates("AccountLib.anyFlag", "accountAnyFlag", 256, 256)
def account_any_flag(account, other):
    return shr(account | other, 240) != 0


@restates("AccountLib.bothReady", "accountBothReady", 256, 256, 256)
def account_both_ready(account, other, ledger):
    present = ledger & (ones(32) << 208)
    return shr((account ^ present) | (other ^ present), 208) == 0


@restates("AccountLib.with", "accountWith", 256, 256, 1)
def account_with(account, flag, on):
    return z3.If(on, account | flag, account & ~flag)


@restates("AccountLib.plus", "accountPlus", 256, 256)
def account_plus(account, amount):
    return account + amount


@restates("AccountLib.minus", "accountMinus", 256, 256)
def account_minus(account, amount):
    return account - amount


@restates("AccountLib.withSince", "accountWithSince", 256, 256)
def account_with_since(account, closed):
    return (account & ~(ones(32) << 208)) | (closed << 208)


@restates("AccountLib.withOneMorePast", "accountWithOneMorePast", 256)
def account_with_one_more_past(account):
    return account + word(1 << 96)


def account_flags(account: Bits) -> Bits:
    """All flags; the library asks for them by name only."""
    return shr(account, 240)


def account_unused(account: Bits) -> Bits:
    """What no field has."""
    return shr(account, 128) & ones(80)


def history_entry(account: Bits) -> Bits:
    """What `HistoryLib.checkpoint` keeps of an account."""
    return account_balance(account) | (account_since(account) << 96)


# ----------------------------------------------------------------------------------- FrozenShares


@restates("FrozenSharesLib.ordered", "frozenOrdered", 256)
def frozen_ordered(frozen):
    return frozen & ones(128)


@restates("FrozenSharesLib.held", "frozenHeld", 256)
def frozen_held(frozen):
    return shr(frozen, 128)


@restates("FrozenSharesLib.total", "frozenTotal", 256)
def frozen_total(frozen):
    both = frozen_ordered(frozen) + frozen_held(frozen)
    return z3.If(frozen_ordered(frozen) == ones(128), ones(256), both)


@restates("FrozenSharesLib.free", "frozenFree", 256, 96)
def frozen_free(frozen, balance):
    total = frozen_total(frozen)
    return z3.If(z3.UGT(balance, total), balance - total, word(0))


@restates("FrozenSharesLib.withOrdered", "frozenWithOrdered", 256, 256)
def frozen_with_ordered(frozen, amount):
    kept = z3.If(z3.UGT(amount, ones(128)), ones(128), amount)
    return (shr(frozen, 128) << 128) | kept


@restates("FrozenSharesLib.withHeld", "frozenWithHeld", 256, 128)
def frozen_with_held(frozen, amount):
    return (frozen & ones(128)) | (amount << 128)


@restates("FrozenSharesLib.holdsOther", "frozenHoldsOther", 256, 256)
def frozen_holds_other(frozen, before):
    return frozen_held(frozen) != frozen_held(before)


@restates("FrozenSharesLib.plus", "frozenPlus", 256, 256)
def frozen_plus(frozen, other):
    held = frozen_held(frozen) + frozen_held(other)
    ordered = frozen_ordered(frozen) + frozen_ordered(other)
    return frozen_with_ordered(frozen_with_held(frozen, held), ordered)


@restates("FrozenSharesLib.taken", "frozenTaken", 256, 96, 96)
def frozen_taken(frozen, balance, amount):
    rest = balance - amount
    held, ordered = frozen_held(frozen), frozen_ordered(frozen)
    left = z3.If(z3.ULT(held, rest), held, rest)
    still = frozen_total(frozen) - (amount - frozen_free(frozen, balance)) - left
    return z3.If(ordered == ones(128), ones(128), still) | (left << 128)


# ----------------------------------------------------------------------------------------- Ledger

NO_RECORD = (1 << 48) - 1
FLAG_REGISTRY, FLAG_PAUSED, FLAG_OUR_RULES = 1 << 240, 1 << 241, 1 << 242


@restates("LedgerLib.rules", "ledgerRules", 256)
def ledger_rules(ledger):
    return ledger & ones(160)


@restates("LedgerLib.nextRecordAt", "ledgerNextRecordAt", 256)
def ledger_next(ledger):
    return shr(ledger, 160) & word(NO_RECORD)


@restates("LedgerLib.closedRecords", "ledgerClosedRecords", 256)
def ledger_closed(ledger):
    return shr(ledger, 208) & ones(32)


@restates("LedgerLib.guarded", "ledgerGuarded", 256)
def ledger_guarded(ledger):
    return ledger & (ones(160) | word(FLAG_REGISTRY | FLAG_PAUSED)) != 0


@restates("LedgerLib.asksOnlyOurRules", "ledgerAsksOnlyOurRules", 256)
def ledger_asks_only_our_rules(ledger):
    return ledger & word(FLAG_OUR_RULES | FLAG_PAUSED | FLAG_REGISTRY) == word(FLAG_OUR_RULES)


@restates("LedgerLib.has", "ledgerHas", 256, 256)
def ledger_has(ledger, flag):
    return ledger & flag != 0


@restates("LedgerLib.with", "ledgerWith", 256, 256, 1)
def ledger_with(ledger, flag, on):
    return z3.If(on, ledger | flag, ledger & ~flag)


@restates("LedgerLib.withRules", "ledgerWithRules", 256, 160)
def ledger_with_rules(ledger, rules):
    return (ledger & ~ones(160)) | rules


@restates("LedgerLib.withRecords", "ledgerWithRecords", 256, 256, 256)
def ledger_with_records(ledger, closed, following):
    fields = (word(NO_RECORD) << 160) | (ones(32) << 208)
    return (ledger & ~fields) | (following << 160) | (closed << 208)


def ledger_flags(ledger: Bits) -> Bits:
    """All flags."""
    return shr(ledger, 240)


# -------------------------------------------------------------------------- registry, withholding


@restates("InvestorLib.pack", "investorPack", 48, 16, 8, 48)
def investor_pack(person, country, class_, until):
    return person | (country << 48) | (class_ << 64) | (until << 72)


@restates("InvestorLib.person", "investorPerson", 256)
def investor_person(investor):
    return investor & ones(48)


@restates("InvestorLib.country", "investorCountry", 256)
def investor_country(investor):
    return shr(investor, 48) & ones(16)


@restates("InvestorLib.class", "investorClass", 256)
def investor_class(investor):
    return shr(investor, 64) & ones(8)


@restates("InvestorLib.group", "investorGroup", 256)
def investor_group(investor):
    return shr(investor, 48) & ones(24)


@restates("InvestorLib.eligibleUntil", "investorEligibleUntil", 256)
def investor_until(investor):
    return shr(investor, 72) & ones(48)


@restates("InvestorLib.withCountry", "investorWithCountry", 256, 16)
def investor_with_country(investor, country):
    return (investor & ~(ones(16) << 48)) | (country << 48)


@restates("InvestorLib.isLost", "investorIsLost", 256)
def investor_is_lost(investor):
    return investor & word(1 << 120) != 0


@restates("InvestorLib.asLost", "investorAsLost", 256)
def investor_as_lost(investor):
    return (investor & ~(ones(48) << 72)) | word(1 << 120) | (investor_until(investor) << 121)


@restates("InvestorLib.asFound", "investorAsFound", 256)
def investor_as_found(investor):
    return (investor & ones(72)) | ((shr(investor, 121) & ones(48)) << 72)


@restates("PersonHoldingLib.pack", "holdingPack", 256, 256)
def holding_pack(shares, group):
    return shares | (group << 96)


@restates("PersonHoldingLib.shares", "holdingShares", 256)
def holding_shares(holding):
    return holding & ones(96)


@restates("PersonHoldingLib.group", "holdingGroup", 256)
def holding_group(holding):
    return shr(holding, 96)


@restates("InvestorStatusLib.country", "standingCountry", 256)
def standing_country(standing):
    return standing & ones(16)


@restates("InvestorStatusLib.class", "standingClass", 256)
def standing_class(standing):
    return shr(standing, 16) & ones(8)


@restates("InvestorStatusLib.known", "standingKnown", 256)
def standing_known(standing):
    return standing & word(1 << 24) != 0


@restates("InvestorStatusLib.certificates", "standingCertificates", 256)
def standing_certificates(standing):
    return shr(standing, 25)


@restates("InvestorStatusLib.withInvestor", "standingWithInvestor", 256, 256)
def standing_with_investor(standing, investor):
    known = investor_group(investor) | word(1 << 24)
    facts = z3.If(investor_person(investor) == 0, word(0), known)
    return (standing & ~ones(25)) | facts


@restates("InvestorStatusLib.withOneMoreCertificate", "standingWithOneMoreCertificate", 256)
def standing_with_one_more_certificate(standing):
    return standing + word(1 << 25)


def rate_key(country: Bits, class_: Bits, kind: Bits) -> Bits:
    """`RateTableLib._key`, which is private: its table is compared with the contract's."""
    return (country << 16) | (class_ << 8) | kind


def rate_entry(key: Bits, points: Bits) -> Bits:
    """`RateTableLib._entryOf`."""
    return (key << 16) | points


def timeline_entry(value: Bits, since: Bits, older: Bits) -> Bits:
    """`TimelineLib.set`."""
    return value | (since << 160) | (older << 208)


# ------------------------------------------------------------------------------------------ LockLib

STATES, CARES = 6, 3


@restates("LockLib.opened", "lockOpened", 8, 48)
def lock_opened(care, time):
    return (time << 176) | (z3.URem(care, word(CARES)) << 8) | word(1)


@restates("LockLib.state", "lockState", 256)
def lock_state(lock):
    return z3.URem(lock & ones(8), word(STATES))


@restates("LockLib.care", "lockCare", 256)
def lock_care(lock):
    return z3.URem(shr(lock, 8) & ones(8), word(CARES))


@restates("LockLib.redirectedTo", "lockRedirectedTo", 256)
def lock_redirected_to(lock):
    return shr(lock, 16) & ones(160)


@restates("LockLib.openedAt", "lockOpenedAt", 256)
def lock_opened_at(lock):
    return shr(lock, 176) & ones(48)


@restates("LockLib.withState", "lockWithState", 256, 8)
def lock_with_state(lock, state):
    return (lock & ~ones(8)) | z3.URem(state, word(STATES))


@restates("LockLib.withRedirection", "lockWithRedirection", 256, 160)
def lock_with_redirection(lock, other):
    return (lock & ~(ones(160) << 16)) | (other << 16)


# -------------------------------------------------------------------------------- PayeeAndClaimsLib


@restates("PayeeAndClaimsLib.payee", "filePayee", 256)
def file_payee(file):
    return file & ones(160)


@restates("PayeeAndClaimsLib.windowOf", "fileWindow", 32)
def file_window(ordinal):
    return shr(ordinal + word(192), 8)


@restates("PayeeAndClaimsLib.bitOf", "fileBit", 32)
def file_mark(ordinal):
    return word(1) << ((ordinal + word(192)) & ones(8))


@restates("PayeeAndClaimsLib.setPayee", "fileWithPayee", 256, 160)
def file_with_payee(file, payee):
    return (shr(file, 160) << 160) | payee


def file_home(file: Bits) -> Bits:
    """The series whose first marks are in the file."""
    return shr(file, 160) & ones(32)


@restates("PayeeAndClaimsLib.find", "fileFound", 256, 32, 24)
def file_found(file, series, window):
    home = file_home(file)
    first = z3.If(home == series, file, z3.If(home == 0, file | (series << 160), word(0)))
    return z3.If(window == 0, first, word(0))


# -------------------------------------------------------------------------------------- ProgressLib


def lost_bits(width: Bits) -> Bits:
    """`ProgressLib._lostBits`."""
    return z3.If(z3.ULT(width, word(32)), width, word(32))


def lane_width(lane: Bits) -> Bits:
    """How wide the settled shares of a lane are."""
    return lane & ones(8)


def lane_shift(lane: Bits) -> Bits:
    """Where a lane begins in its slot."""
    return shr(lane, 8) & ones(8)


def mask(width: Bits) -> Bits:
    """A mask as wide as is only known later."""
    return (word(1) << width) - word(1)


@restates("ProgressLib.settledIn", "progressSettledIn", 256, 40)
def settled_in(lanes, lane):
    return shr(lanes, lane_shift(lane)) & mask(lane_width(lane))


@restates("ProgressLib.lostIn", "progressLostIn", 256, 40)
def lost_in(lanes, lane):
    width = lane_width(lane)
    return shr(lanes, lane_shift(lane) + width) & mask(lost_bits(width))


@restates("ProgressLib.keyOf", "progressKeyOf", 256, 256)
def progress_key(series, lane):
    return (series << 24) | shr(lane, 16)


def lanes_after(lanes: Bits, lane: Bits, shares: Bits, loses: z3.BoolRef) -> Bits:
    """What `ClaimBatchLib.settleDown` leaves of a slot."""
    booked = z3.If(loses, shares | (word(1) << lane_width(lane)), shares)
    return lanes + (booked << lane_shift(lane))


def allotted(position: Bits, width: Bits) -> tuple[Bits, Bits, Bits]:
    """`ProgressLib.allocate` for shares of this width: where it begins and ends, its reference."""
    bits = width + lost_bits(width)
    over = z3.UGT((position & ones(8)) + bits, word(256))
    start = z3.If(over, (position | ones(8)) + word(1), position)
    return start, start + bits, (start << 8) | width


# -------------------------------------------------------------------------------------- TermsLib


def sheet_first(token: Bits, series: Bits, ordinal: Bits, record: Bits) -> Bits:
    """`setAsset`, then `setPlace`."""
    return (token | (record << 224)) | ((series << 160) | (ordinal << 192))


def sheet_second(currency: Bits, payable_from: Bits, deadline: Bits) -> Bits:
    """`setPayment`."""
    last = z3.If(deadline == 0, ones(48), deadline)
    return currency | (payable_from << 160) | (last << 208)


def sheet_third(amount: Bits, eligible: Bits) -> Bits:
    """`setDivision`."""
    return amount | (eligible << 160)


def sheet_fourth(declarer: Bits, carried_in: Bits, lane: Bits, kind: Bits, flags: Bits) -> Bits:
    """`setOrigin`, `setFlag`, `setPlace`, `setCarriedIn`."""
    return (((declarer | (kind << 248)) | flags) | (lane << 208)) | (carried_in << 160)


SHEET_FIELDS = {
    "token": (0, 0, 160),
    "series": (0, 160, 32),
    "ordinal": (0, 192, 32),
    "recordId": (0, 224, 32),
    "currency": (1, 0, 160),
    "payableFrom": (1, 160, 48),
    "lastSecond": (1, 208, 48),
    "amount": (2, 0, 160),
    "eligible": (2, 160, 96),
    "declarer": (3, 0, 160),
    "carriedIn": (3, 160, 48),
    "lane": (3, 208, 40),
    "kind": (3, 248, 3),
}


def sheet_field(name: str, value: Bits) -> Bits:
    """A field of the word of a sheet in which it lies."""
    _, at, width = SHEET_FIELDS[name]
    return shr(value, at) & ones(width)


def same_series(first: Bits, other: Bits) -> z3.BoolRef:
    """As `TermsLib.loadBatch` compares two first words."""
    return (first ^ other) << 64 == 0


# ------------------------------------------------------------------------------------ RangeTermsLib


def stream_part(record: Bits, weight: Bits, closes_at: Bits) -> Bits:
    """`RangeTermsLib.setComponent`."""
    return (record << 224) | ((weight << 192) | (closes_at << 144))

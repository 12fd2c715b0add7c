"""Facts about packed words of 256 bits: no setter touches another's field, nothing is cut off.

(Law 24)
"""

from __future__ import annotations

import z3

from tests.assurance.proofs import layouts as of
from tests.assurance.proofs.facts import Facts
from tests.assurance.proofs.layouts import fits, ones, shr, word, words

FACTS = Facts()


def kept(before, after, *fields):
    """None of these fields has changed."""
    return z3.And(*(field(before) == field(after) for field in fields))


# ---------------------------------------------------------------------------------------- Account

BALANCE, SINCE, COUNT, FLAGS, UNUSED = (
    of.account_balance,
    of.account_since,
    of.account_past_count,
    of.account_flags,
    of.account_unused,
)


@FACTS.about("AccountLib.balance", "AccountLib.since", "AccountLib.pastCount")
def an_account_is_its_four_fields():
    """Balance, count, since, flags and unused bits are all of an account, and do not overlap."""
    (w,) = words("w")
    low = BALANCE(w) + (COUNT(w) << 96) + (UNUSED(w) << 128)
    return [], low + (SINCE(w) << 208) + (FLAGS(w) << 240) == w


@FACTS.about("AccountLib.plus")
def account_plus_adds_to_the_balance_alone():
    """A sum within 96 bits is credited exactly, and no other field changes."""
    w, x = words("w x")
    after = of.account_plus(w, x)
    given = [fits(x, 96), fits(BALANCE(w) + x, 96)]
    return given, z3.And(BALANCE(after) == BALANCE(w) + x, kept(w, after, SINCE, COUNT, FLAGS))


@FACTS.about("AccountLib.minus")
def account_minus_takes_from_the_balance_alone():
    """No more than the balance is debited exactly, and no other field changes."""
    w, x = words("w x")
    after = of.account_minus(w, x)
    given = [z3.ULE(x, BALANCE(w))]
    return given, z3.And(BALANCE(after) == BALANCE(w) - x, kept(w, after, SINCE, COUNT, FLAGS))


@FACTS.about("AccountLib.withSince")
def account_with_since_reads_back():
    """A count of records within 32 bits reads back, and no other field changes."""
    w, n = words("w n")
    after = of.account_with_since(w, n)
    return [fits(n, 32)], z3.And(SINCE(after) == n, kept(w, after, BALANCE, COUNT, FLAGS))


@FACTS.about("AccountLib.withOneMorePast")
def account_with_one_more_past_counts_one():
    """The count grows by one, below its limit of 2^32 - 1, and no other field changes."""
    (w,) = words("w")
    after = of.account_with_one_more_past(w)
    given = [z3.ULT(COUNT(w), ones(32))]
    return given, z3.And(COUNT(after) == COUNT(w) + 1, kept(w, after, BALANCE, SINCE, FLAGS))


@FACTS.about("AccountLib.with", "AccountLib.has")
def account_flags_are_set_and_cleared_alone():
    """Setting or clearing one flag reads back, and leaves every other flag and field."""
    w, flag, other = words("w flag other")
    on = z3.Bool("on")
    after = of.account_with(w, flag, on)
    lone = [flag & (flag - 1) == 0, other & (other - 1) == 0, flag != other, other != 0]
    given = [*lone, z3.UGE(flag, word(1 << 240))]
    same = z3.And(of.account_has(after, other) == of.account_has(w, other))
    return given, z3.And(
        of.account_has(after, flag) == on, same, kept(w, after, BALANCE, SINCE, COUNT)
    )


@FACTS.about("AccountLib.anyFlag")
def any_flag_sees_every_flag_of_both():
    """Two accounts are ordinary exactly if neither has a flag."""
    w, v = words("w v")
    return [], of.account_any_flag(w, v) == z3.Or(FLAGS(w) != 0, FLAGS(v) != 0)


@FACTS.about("AccountLib.bothReady")
def both_are_ready_if_neither_has_a_flag_or_is_behind():
    """Two accounts are ready exactly if both are ordinary and know of the ledger's last record,
    whatever else the ledger says.
    """
    w, v, ledger = words("w v ledger")
    closed = of.ledger_closed(ledger)
    ordinary = z3.And(FLAGS(w) == 0, FLAGS(v) == 0)
    present = z3.And(SINCE(w) == closed, SINCE(v) == closed)
    return [], of.account_both_ready(w, v, ledger) == z3.And(ordinary, present)


# ----------------------------------------------------------------------------------- FrozenShares

ORDERED, HELD, TOTAL = of.frozen_ordered, of.frozen_held, of.frozen_total


@FACTS.about("FrozenSharesLib.ordered", "FrozenSharesLib.held")
def frozen_shares_are_two_numbers():
    """Ordered and held are all there is, and do not overlap."""
    (w,) = words("w")
    return [], ORDERED(w) + (HELD(w) << 128) == w


@FACTS.about("FrozenSharesLib.withOrdered")
def an_order_leaves_what_is_held():
    """An order reads back, one of 2^128 - 1 or more as without limit, and changes no hold. (Law
    28)
    """
    w, n = words("w n")
    after = of.frozen_with_ordered(w, n)
    endless = TOTAL(after) == ones(256)
    read = z3.If(z3.UGE(n, ones(128)), endless, z3.And(ORDERED(after) == n, z3.Not(endless)))
    return [], z3.And(read, HELD(after) == HELD(w))


@FACTS.about("FrozenSharesLib.withHeld")
def a_hold_leaves_what_is_ordered():
    """A hold within 128 bits reads back, and changes no order. (Law 28)"""
    w, n = words("w n")
    after = of.frozen_with_held(w, n)
    return [fits(n, 128)], z3.And(HELD(after) == n, ORDERED(after) == ORDERED(w))


@FACTS.about("FrozenSharesLib.free", "FrozenSharesLib.withHeld")
def a_hold_of_free_shares_is_within_the_balance():
    """What is held stays within the balance if only free shares are added. (Law 28)"""
    w, balance, n = words("w balance n")
    given = [fits(balance, 96), z3.ULE(HELD(w), balance), z3.ULE(n, of.frozen_free(w, balance))]
    return given, z3.ULE(HELD(of.frozen_with_held(w, HELD(w) + n)), balance)


@FACTS.about("FrozenSharesLib.plus")
def frozen_shares_of_two_wallets_add_up():
    """Both numbers add up; what is without limit stays so. (Law 28)"""
    w, v = words("w v")
    after = of.frozen_plus(w, v)
    ordered = ORDERED(w) + ORDERED(v)
    endless = TOTAL(after) == ones(256)
    summed = z3.If(z3.UGE(ordered, ones(128)), endless, ORDERED(after) == ordered)
    given = [fits(HELD(w), 96), fits(HELD(v), 96)]
    return given, z3.And(summed, HELD(after) == HELD(w) + HELD(v))


# --------------------------------------------------------------------------------------- HistoryLib


@FACTS.about("HistoryLib.checkpoint", "HistoryLib._entry")
def an_entry_is_balance_and_since():
    """What is kept of an account are its balance and since, in 128 bits, whatever else it has."""
    (w,) = words("w")
    entry = of.history_entry(w)
    read = z3.And(entry & ones(96) == BALANCE(w), shr(entry, 96) == SINCE(w))
    return [], z3.And(read, fits(entry, 128))


@FACTS.about("HistoryLib.checkpoint", "HistoryLib._entry")
def the_first_entry_of_a_slot_reads_back():
    """An entry at an even place, written over whatever was there, is what is read there."""
    (w,) = words("w")
    slot = of.history_entry(w)
    return [], slot & ones(128) == of.history_entry(w)


@FACTS.about("HistoryLib.checkpoint", "HistoryLib._entry")
def the_second_entry_of_a_slot_reads_back_and_keeps_the_first():
    """An entry at an odd place reads back, and the one before it stays: older balances never
    change. (Law 5)
    """
    first, w = words("first w")
    before = of.history_entry(first)
    slot = before | (of.history_entry(w) << 128)
    return [], z3.And(shr(slot, 128) == of.history_entry(w), slot & ones(128) == before)


# ----------------------------------------------------------------------------------------- Ledger

RULES, NEXT, CLOSED, SWITCHES = (
    of.ledger_rules,
    of.ledger_next,
    of.ledger_closed,
    of.ledger_flags,
)


@FACTS.about("LedgerLib.rules", "LedgerLib.nextRecordAt", "LedgerLib.closedRecords")
def a_ledger_is_its_four_fields():
    """Rules, next record, closed records and flags are all there is of a ledger."""
    (w,) = words("w")
    return [], RULES(w) + (NEXT(w) << 160) + (CLOSED(w) << 208) + (SWITCHES(w) << 240) == w


@FACTS.about("LedgerLib.withRules")
def ledger_with_rules_reads_back():
    """The rules' address reads back, and no other field changes."""
    w, a = words("w a")
    after = of.ledger_with_rules(w, a)
    return [fits(a, 160)], z3.And(RULES(after) == a, kept(w, after, NEXT, CLOSED, SWITCHES))


@FACTS.about("LedgerLib.withRecords")
def ledger_with_records_reads_back():
    """Closed records and the next time read back, and neither rules nor flags change."""
    w, n, t = words("w n t")
    after = of.ledger_with_records(w, n, t)
    given = [fits(n, 32), fits(t, 48)]
    return given, z3.And(CLOSED(after) == n, NEXT(after) == t, kept(w, after, RULES, SWITCHES))


@FACTS.about("LedgerLib.with", "LedgerLib.has")
def ledger_flags_are_set_and_cleared_alone():
    """Setting or clearing one flag reads back, and leaves every other flag and field."""
    w, flag, other = words("w flag other")
    on = z3.Bool("on")
    after = of.ledger_with(w, flag, on)
    given = [flag & (flag - 1) == 0, other & (other - 1) == 0, flag != other, other != 0]
    given += [z3.UGE(flag, word(1 << 240))]
    same = of.ledger_has(after, other) == of.ledger_has(w, other)
    return given, z3.And(
        of.ledger_has(after, flag) == on, same, kept(w, after, RULES, NEXT, CLOSED)
    )


@FACTS.about("LedgerLib.guarded")
def a_transfer_is_guarded_if_anything_stands_in_its_way():
    """A transfer passes unguarded exactly if there are no rules, no registry to ask and
    no pause.
    """
    (w,) = words("w")
    registry, paused = (
        of.ledger_has(w, word(of.FLAG_REGISTRY)),
        of.ledger_has(w, word(of.FLAG_PAUSED)),
    )
    return [], of.ledger_guarded(w) == z3.Or(RULES(w) != 0, registry, paused)


@FACTS.about("LedgerLib.asksOnlyOurRules")
def the_short_way_is_never_taken_past_a_pause_or_a_registry():
    """One call to rules of ours is enough only for a token that is not paused and asks no registry.
    (Law 12)
    """
    (w,) = words("w")
    registry, paused = (
        of.ledger_has(w, word(of.FLAG_REGISTRY)),
        of.ledger_has(w, word(of.FLAG_PAUSED)),
    )
    ours = of.ledger_has(w, word(of.FLAG_OUR_RULES))
    return [], of.ledger_asks_only_our_rules(w) == z3.And(ours, z3.Not(registry), z3.Not(paused))


# -------------------------------------------------------------------------------------- ProgressLib


def _lane(names: str = "lanes position width"):
    """A slot, and a lane as `allot` gives it."""
    lanes, position, width = words(names)
    start, end, lane = of.allotted(position, width)
    given = [fits(position, 32), fits(end, 32), z3.UGE(width, word(1)), z3.ULE(width, word(96))]
    return lanes, position, width, start, end, lane, given


@FACTS.about("ProgressLib.allocate")
def no_lane_reaches_over_two_slots():
    """A lane, up to 128 bits wide, lies within one slot."""
    _, _, _, start, end, _, given = _lane()
    return given, shr(start, 8) == shr(end - 1, 8)


@FACTS.about("ProgressLib.allocate")
def no_two_lanes_overlap():
    """A lane begins where the one before ended, or later."""
    _, position, _, start, end, _, given = _lane()
    return given, z3.And(z3.UGE(start, position), z3.UGT(end, start))


@FACTS.about("ProgressLib.allocate", "ProgressLib.keyOf")
def a_lane_reference_reads_back():
    """Width, shift and slot of a lane's 40 bits are those it was given."""
    _, _, width, start, _, lane, given = _lane()
    parts = [of.lane_width(lane) == width, of.lane_shift(lane) == start & ones(8)]
    return given, z3.And(*parts, shr(lane, 16) == shr(start, 8), fits(lane, 40))


@FACTS.about("ProgressLib.keyOf")
def no_two_series_share_a_slot_of_progress():
    """Different series, or different slots of one, have different keys."""
    series, slot, other, place = words("series slot other place")
    given = [fits(series, 32), fits(other, 32), fits(slot, 24), fits(place, 24)]
    same = of.progress_key(series, slot << 16) == of.progress_key(other, place << 16)
    return given, same == z3.And(series == other, slot == place)


def _settlement():
    """A settlement that stays within the bounds that `arithmetic.py` proves."""
    lanes, _, width, start, _, lane, given = _lane()
    (shares,) = words("shares")
    loses = z3.Bool("loses")
    loss = z3.If(loses, word(1), word(0))
    settled, lost = of.settled_in(lanes, lane), of.lost_in(lanes, lane)
    given += [z3.ULE(shares, of.mask(width) - settled)]
    given += [z3.ULE(loss, of.mask(of.lost_bits(width)) - lost)]
    return lanes, lane, start, shares, loss, of.lanes_after(lanes, lane, shares, loses), given


# What z3 cannot decide here bit by bit in a minute, `arithmetic.py` says of digits, and proves.


@FACTS.about("ClaimBatchLib.settleDown", "ProgressLib.settledIn", deep=True)
def settling_adds_the_shares():
    """The settled shares of the lane grow by the holder's, exactly."""
    lanes, lane, _, shares, _, after, given = _settlement()
    return given, of.settled_in(after, lane) == of.settled_in(lanes, lane) + shares


@FACTS.about("ClaimBatchLib.settleDown", "ProgressLib.lostIn", deep=True)
def settling_adds_the_lost_unit():
    """The units lost in the lane grow by one or none, exactly."""
    lanes, lane, _, _, loss, after, given = _settlement()
    return given, of.lost_in(after, lane) == of.lost_in(lanes, lane) + loss


@FACTS.about("ClaimBatchLib.settleDown", deep=True)
def settling_touches_no_lane_below():
    """No bit of the slot below the lane changes."""
    lanes, lane, _, _, _, after, given = _settlement()
    below = of.mask(of.lane_shift(lane))
    return given, lanes & below == after & below


@FACTS.about("ClaimBatchLib.settleDown", deep=True)
def settling_touches_no_lane_above():
    """No bit of the slot above the lane changes."""
    lanes, lane, _, _, _, after, given = _settlement()
    width = of.lane_width(lane)
    end = of.lane_shift(lane) + width + of.lost_bits(width)
    return given, z3.Or(end == 256, shr(lanes, end) == shr(after, end))


# -------------------------------------------------------------------------------- PayeeAndClaimsLib

PAYEE, HOME = of.file_payee, of.file_home


def marks(file):
    """The marks of a holder's home series."""
    return shr(file, 192)


@FACTS.about("PayeeAndClaimsLib.setPayee")
def setting_a_payee_changes_nothing_else():
    """A payee reads back, and neither home nor any mark changes. (Law 4)"""
    w, a = words("w a")
    after = of.file_with_payee(w, a)
    return [fits(a, 160)], z3.And(PAYEE(after) == a, kept(w, after, HOME, marks))


@FACTS.about("PayeeAndClaimsLib.find")
def a_home_is_given_once():
    """The first series becomes the home, no later one does, and neither payee nor marks change."""
    w, series = words("w series")
    after = of.file_found(w, series, word(0))
    ours = z3.Or(HOME(w) == 0, HOME(w) == series)
    given = [fits(series, 32), series != 0, ours]
    return given, z3.And(HOME(after) == series, kept(w, after, PAYEE, marks))


@FACTS.about("PayeeAndClaimsLib.find")
def another_series_never_sees_a_home():
    """The file of a holder whose home is another series shows no mark and changes nothing."""
    w, series, window = words("w series window")
    given = [fits(series, 32), fits(window, 24), HOME(w) != 0, HOME(w) != series]
    return given, of.file_found(w, series, window) == 0


@FACTS.about("PayeeAndClaimsLib.windowOf", "PayeeAndClaimsLib.bitOf")
def window_0_fits_beside_payee_and_home():
    """The ordinals of window 0 are those below 64, and their marks are above payee and home."""
    (n,) = words("n")
    first = of.file_window(n) == 0
    mark = of.file_mark(n)
    clear = z3.And(mark != 0, mark & (mark - 1) == 0, PAYEE(mark) == 0, HOME(mark) == 0)
    return [fits(n, 32)], z3.And(first == z3.ULT(n, word(64)), z3.Implies(first, clear))


@FACTS.about("PayeeAndClaimsLib.windowOf", "PayeeAndClaimsLib.bitOf")
def no_two_distributions_share_a_mark():
    """Window and bit of a mark are those of one ordinal only. (Law 4)"""
    n, m = words("n m")
    window = of.file_window(n) == of.file_window(m)
    bit = of.file_mark(n) == of.file_mark(m)
    return [fits(n, 32), fits(m, 32)], z3.And(window, bit) == (n == m)


@FACTS.about("ClaimBatchLib.isClaimed")
def a_mark_is_fresh_once():
    """A run finds a distribution unmarked at most once: the second time it pays nothing. (Law 4)"""
    w, n = words("w n")
    mark = of.file_mark(n)
    once = w | mark
    fresh, again = once != w, (once | mark) != once
    return [], z3.And(z3.Not(again), fresh == (w & mark == 0))


@FACTS.about("ClaimBatchLib.isClaimed", "DividendVault._takeBack")
def a_mark_taken_back_leaves_the_others():
    """Taking back a mark that was not there before leaves every other mark as it was."""
    w, n, m = words("w n m")
    mark, other = of.file_mark(n), of.file_mark(m)
    after = (w | mark) ^ mark
    given = [w & mark == 0, mark != other]
    return given, z3.And(after == w, (after & other) == (w & other))


# -------------------------------------------------------------------------------------- TermsLib


def _sheet(*names: str):
    """Values of fields, each within its width."""
    values = words(" ".join(names))
    return values, [fits(v, of.SHEET_FIELDS[n][2]) for v, n in zip(values, names, strict=True)]


def _reads_back(packed, values, *names: str):
    return z3.And(*(of.sheet_field(n, packed) == v for v, n in zip(values, names, strict=True)))


@FACTS.about("TermsLib.setAsset", "TermsLib.setPlace")
def a_sheets_first_word_reads_back():
    """Token, series, ordinal and record are those that were put on the sheet. (Law 9)"""
    names = ("token", "series", "ordinal", "recordId")
    values, given = _sheet(*names)
    return given, _reads_back(of.sheet_first(*values), values, *names)


@FACTS.about("TermsLib.setPayment", "TermsLib.deadline")
def a_sheets_second_word_reads_back():
    """Currency, first second and deadline are those that were put on the sheet, none included. (Law
    9)
    """
    values, given = _sheet("currency", "payableFrom", "lastSecond")
    currency, first, deadline = values
    packed = of.sheet_second(*values)
    last = of.sheet_field("lastSecond", packed)
    reported = z3.If(last == ones(48), word(0), last)
    same = _reads_back(packed, [currency, first], "currency", "payableFrom")
    return [*given, deadline != ones(48)], z3.And(same, reported == deadline)


@FACTS.about("TermsLib.setDivision")
def a_sheets_third_word_reads_back():
    """Amount and eligible shares are those that were put on the sheet. (Law 9)"""
    names = ("amount", "eligible")
    values, given = _sheet(*names)
    return given, _reads_back(of.sheet_third(*values), values, *names)


@FACTS.about("TermsLib.setDivision", "DividendVault._openEligible")
def a_late_denominator_leaves_the_amount():
    """Filling in the eligible shares later changes nothing of the amount. (Law 9)"""
    (w, eligible) = words("w eligible")
    after = of.sheet_third(of.sheet_field("amount", w), eligible)
    same = of.sheet_field("amount", after) == of.sheet_field("amount", w)
    return [fits(eligible, 96)], z3.And(same, of.sheet_field("eligible", after) == eligible)


@FACTS.about("TermsLib.setOrigin", "TermsLib.setCarriedIn", "TermsLib.setPlace", "TermsLib.setFlag")
def a_sheets_fourth_word_reads_back():
    """Declarer, carried part, lane, kind and flags are those that were put on the sheet. (Law 9)"""
    names = ("declarer", "carriedIn", "lane", "kind")
    values, given = _sheet(*names)
    (flags,) = words("flags")
    given += [flags & ~word(0xF << 252) == 0]
    packed = of.sheet_fourth(*values, flags)
    return given, z3.And(_reads_back(packed, values, *names), packed & word(0xF << 252) == flags)


@FACTS.about("TermsLib.loadBatch")
def the_same_series_is_the_same_token_and_number():
    """Two sheets are of one series exactly if token and series number agree, whatever
    else differs.
    """
    w, v = words("w v")
    alike = [of.sheet_field(n, w) == of.sheet_field(n, v) for n in ("token", "series")]
    return [], of.same_series(w, v) == z3.And(*alike)


@FACTS.about("DividendVault._enrol", "TermsLib.setDivision")
def an_amount_with_its_carry_fits_its_field():
    """What is received, and what joins it from the carry, does not wrap before it is compared with
    the limit.
    """
    received, carried = words("received carried")
    given = [fits(received, 160), fits(carried, 48)]
    return given, z3.And(z3.UGE(received + carried, received), fits(received + carried, 161))


# -------------------------------------------------------------------------- registry, withholding

PERSON, COUNTRY, CLASS, UNTIL = (
    of.investor_person,
    of.investor_country,
    of.investor_class,
    of.investor_until,
)


@FACTS.about("InvestorLib.pack")
def an_investor_reads_back():
    """Person, country, class and last second are those that were packed, and the wallet is not
    lost.
    """
    p, c, k, t = words("p c k t")
    packed = of.investor_pack(p, c, k, t)
    given = [fits(p, 48), fits(c, 16), fits(k, 8), fits(t, 48)]
    same = z3.And(PERSON(packed) == p, COUNTRY(packed) == c, CLASS(packed) == k, UNTIL(packed) == t)
    return given, z3.And(same, z3.Not(of.investor_is_lost(packed)), fits(packed, 120))


@FACTS.about("InvestorLib.withCountry")
def an_investors_country_changes_alone():
    """A new country reads back, and neither person, class, last second nor the mark of loss
    changes.
    """
    w, c = words("w c")
    after = of.investor_with_country(w, c)
    same = kept(w, after, PERSON, CLASS, UNTIL, of.investor_is_lost)
    return [fits(c, 16)], z3.And(COUNTRY(after) == c, same)


@FACTS.about("InvestorLib.asLost")
def a_lost_wallet_keeps_its_person_and_may_not_receive():
    """A lost wallet is still its person's, is marked, and its eligibility ended at the beginning of
    time. (Law 13)
    """
    (w,) = words("w")
    after = of.investor_as_lost(w)
    same = kept(w, after, PERSON, COUNTRY, CLASS)
    return [], z3.And(same, of.investor_is_lost(after), UNTIL(after) == 0)


@FACTS.about("InvestorLib.asLost", "InvestorLib.asFound")
def a_wallet_that_is_found_is_as_it_was():
    """What an issuer may give of a wallet is what a loss confirmed and undone leaves, to the bit.
    (Law 31)
    """
    (w,) = words("w")
    return [fits(w, 120)], of.investor_as_found(of.investor_as_lost(w)) == w


@FACTS.about("InvestorLib.group")
def a_group_is_country_and_class():
    """The group of an investor is country and class, and fits 24 bits. (Law 11)"""
    (w,) = words("w")
    group = of.investor_group(w)
    return [], z3.And(group == COUNTRY(w) + (CLASS(w) << 16), fits(group, 24))


@FACTS.about("PersonHoldingLib.pack")
def a_holding_reads_back():
    """Shares and group are those that were packed. (Law 11)"""
    s, g = words("s g")
    packed = of.holding_pack(s, g)
    given = [fits(s, 96), fits(g, 24)]
    return given, z3.And(of.holding_shares(packed) == s, of.holding_group(packed) == g)


@FACTS.about("InvestorStatusLib.withInvestor")
def a_standing_takes_on_what_the_registry_says():
    """Country and class of a known person read back, of nobody nothing is left, and certificates
    stay.
    """
    w, investor = words("w investor")
    after = of.standing_with_investor(w, investor)
    known = PERSON(investor) != 0
    country = of.standing_country(after) == z3.If(known, COUNTRY(investor), word(0))
    class_ = of.standing_class(after) == z3.If(known, CLASS(investor), word(0))
    same = kept(w, after, of.standing_certificates)
    return [], z3.And(country, class_, of.standing_known(after) == known, same)


@FACTS.about("InvestorStatusLib.withOneMoreCertificate")
def a_certificate_is_counted_alone():
    """The number of certificates grows by one, and country, class and knowledge stay."""
    (w,) = words("w")
    after = of.standing_with_one_more_certificate(w)
    given = [fits(of.standing_certificates(w) + 1, 32), fits(w, 57)]
    one_more = of.standing_certificates(after) == of.standing_certificates(w) + 1
    same = kept(w, after, of.standing_country, of.standing_class, of.standing_known)
    return given, z3.And(one_more, same, fits(after, 57))


@FACTS.about("RateTableLib._entryOf", "RateTableLib._key", "RateTableLib._find")
def a_rate_reads_back():
    """Country, class, kind and rate of an entry of six bytes are those that were packed."""
    c, k, n, p = words("c k n p")
    entry = of.rate_entry(of.rate_key(c, k, n), p)
    given = [fits(c, 16), fits(k, 8), fits(n, 8), fits(p, 16)]
    parts = [shr(entry, 32) == c, shr(entry, 24) & ones(8) == k, shr(entry, 16) & ones(8) == n]
    key = shr(entry, 16) == of.rate_key(c, k, n)
    return given, z3.And(*parts, entry & ones(16) == p, key, fits(entry, 48))


@FACTS.about("RateTableLib._key", "RateTableLib._pack")
def no_two_rates_share_a_key():
    """A key is of one country, class and kind only, so that an ascending table has each once."""
    c, k, n, c2, k2, n2 = words("c k n c2 k2 n2")
    given = [fits(c, 16), fits(k, 8), fits(n, 8), fits(c2, 16), fits(k2, 8), fits(n2, 8)]
    same = of.rate_key(c, k, n) == of.rate_key(c2, k2, n2)
    return given, same == z3.And(c == c2, k == k2, n == n2)


@FACTS.about("TimelineLib.set", "TimelineLib.valueAt")
def an_entry_of_a_timeline_reads_back():
    """Value, first second and number of older entries are those that were packed."""
    v, t, n = words("v t n")
    entry = of.timeline_entry(v, t, n)
    given = [fits(v, 160), fits(t, 48), fits(n, 48)]
    parts = [entry & ones(160) == v, shr(entry, 160) & ones(48) == t, shr(entry, 208) == n]
    return given, z3.And(*parts)


@FACTS.about("InvestorStatusLib.withInvestor", "TimelineLib.set")
def a_standing_fits_a_timeline():
    """A standing with fewer than 2^32 certificates has 57 bits, of the 160 that a
    timeline keeps.
    """
    w, investor = words("w investor")
    return [fits(w, 57)], fits(of.standing_with_investor(w, investor), 57)


# ---------------------------------------------------------------------------------------- streams


@FACTS.about("RangeTermsLib.setComponent", "RangeTermsLib.unpack")
def a_part_of_a_stream_reads_back():
    """Record, weight and time of a part are those that were written, in its own 112 bits."""
    r, w, t = words("r w t")
    part = of.stream_part(r, w, t)
    given = [fits(r, 32), fits(w, 32), fits(t, 48)]
    fields = [shr(part, 224) == r, shr(part, 192) & ones(32) == w, shr(part, 144) & ones(48) == t]
    return given, z3.And(*fields, part & ones(144) == 0)


# ------------------------------------------------------------------------------------------- Lock

STATE, CARE, REDIRECTED = of.lock_state, of.lock_care, of.lock_redirected_to
OPENED = of.lock_opened_at


def a_lock(lock):
    """What a lock is given: a state and a care that there are, an address and a time."""
    known = [z3.ULT(lock & ones(8), word(of.STATES)), fits(lock, 224)]
    return [*known, z3.ULT(shr(lock, 8) & ones(8), word(of.CARES))]


@FACTS.about("LockLib.state", "LockLib.care", "LockLib.redirectedTo", "LockLib.openedAt")
def a_lock_is_its_four_fields():
    """State, care, redirection and time are all of a lock, and do not overlap."""
    (w,) = words("w")
    fields = STATE(w) + (CARE(w) << 8) + (REDIRECTED(w) << 16) + (OPENED(w) << 176)
    return a_lock(w), fields == w


@FACTS.about("LockLib.opened", "LockLib.isNone")
def a_lock_that_opens_is_open_and_not_redirected():
    """It has the care that was chosen and the time, and is not taken for none."""
    care, time = words("care time")
    lock = of.lock_opened(care, time)
    fields = [STATE(lock) == 1, CARE(lock) == care, REDIRECTED(lock) == 0, OPENED(lock) == time]
    given = [z3.ULT(care, word(of.CARES)), fits(time, 48)]
    return given, z3.And(*fields, lock != 0, *a_lock(lock))


@FACTS.about("LockLib.withState")
def lock_with_state_changes_the_state_alone():
    """Any state reads back, and care, redirection and time stay (Law 46)."""
    w, s = words("w s")
    after = of.lock_with_state(w, s)
    given = [*a_lock(w), z3.ULT(s, word(of.STATES))]
    same = kept(w, after, CARE, REDIRECTED, OPENED)
    return given, z3.And(STATE(after) == s, same, *a_lock(after))


@FACTS.about("LockLib.withRedirection")
def lock_with_redirection_changes_the_receiver_alone():
    """Any address reads back, and state, care and time stay: where shares are is decided once."""
    w, other = words("w other")
    after = of.lock_with_redirection(w, other)
    given = [*a_lock(w), fits(other, 160)]
    same = kept(w, after, STATE, CARE, OPENED)
    return given, z3.And(REDIRECTED(after) == other, same, *a_lock(after))


# --------------------------------------------------------------------------- controls: are refuted

CONTROLS = Facts()


@CONTROLS.about("AccountLib.plus")
def control_any_amount_can_be_added():
    """False: whatever is added to a balance, no other field changes."""
    w, x = words("w x")
    return [], kept(w, of.account_plus(w, x), SINCE, COUNT, FLAGS)


@CONTROLS.about("PayeeAndClaimsLib.bitOf")
def control_a_file_has_room_for_65_marks():
    """False: every ordinal up to 64 has its mark in window 0."""
    (n,) = words("n")
    return [z3.ULE(n, word(64))], of.file_window(n) == 0

"""Facts about orders: what parts cost together, and that a nonce which is spent stays so.

Of an order, `g` is what the maker gives in all, `t` what it takes for all of it, and `c` what the
first `d` of it cost: the least whole number that is not below `t * d / g`. Words are those of a
maker's book: in the first, 64 bits for the lowest nonce that is not cancelled and one bit for each
nonce below 192; two amounts of 128 bits in a word of orders in parts.
"""

from __future__ import annotations

import z3

from tests.assurance.proofs.arithmetic import floored, natural, whole
from tests.assurance.proofs.facts import Facts
from tests.assurance.proofs.layouts import Bits, fits, ones, shr, word, words

FACTS = Facts()

PARTS = "OrderLib.partsOf"


def cost(
    taken: z3.ArithRef, done: z3.ArithRef, given: z3.ArithRef, least: z3.ArithRef, over: z3.ArithRef
) -> list[z3.BoolRef]:
    """`least` is the price of the first `done`, rounded up by `over`."""
    return [taken * done + over == least * given, over >= 0, over < given]


# ------------------------------------------------------------------------------------ prices


@FACTS.about("OrderLib._divUp")
def the_quotient_of_a_sum_is_the_rounded_price():
    """(p + g - 1) / g, rounded down, is p / g, rounded up: no whole number below it is as much (Law
    48).
    """
    p, g, q, r = whole("p g q r")
    given = [*natural(p), g > 0, *floored(p + g - 1, g, q, r)]
    return given, [q * g >= p, (q - 1) * g < p]


@FACTS.about("OrderLib._divUp", PARTS)
def the_rounded_price_fits_a_word():
    """Of amounts of 128 bits the product and what is added to it stay below 2^256 (Law 48)."""
    t, d, g = whole("t d g")
    limit = 2**128
    given = [*natural(t, d), t < limit, d <= g, g > 0, g < limit]
    return given, [t * d <= (limit - 1) * d, t * d <= (limit - 1) ** 2, t * d + g - 1 < 2**256]


@FACTS.about(PARTS)
def a_price_is_unique():
    """One number only is the price of the first units, so that naming it is no choice (Law 48)."""
    t, d, g, c, r, c2, r2 = whole("t d g c r c2 r2")
    given = [*natural(t, d), g > 0, *cost(t, d, g, c, r), *cost(t, d, g, c2, r2)]
    return given, [(c - c2) * g == r - r2, c == c2]


@FACTS.about(PARTS)
def nothing_costs_nothing():
    """Before anything is filled, nothing is due (Law 48)."""
    t, g, c, r = whole("t g c r")
    return [*natural(t), g > 0, *cost(t, 0 * t, g, c, r)], [c * g == r, c == 0]


@FACTS.about(PARTS)
def all_of_it_costs_exactly_the_price():
    """When all is given, exactly `takeAmount` was taken (Law 48)."""
    t, g, c, r = whole("t g c r")
    return [*natural(t), g > 0, *cost(t, g, g, c, r)], [(c - t) * g == r, c == t]


@FACTS.about(PARTS)
def a_further_part_never_costs_less_than_nothing():
    """What more of an order costs is at least what less of it cost: no part is negative (Laws 47,
    48).
    """
    t, d, a, g, c, r, c2, r2 = whole("t d a g c r c2 r2")
    given = [*natural(t, d, a), g > 0, *cost(t, d, g, c, r), *cost(t, d + a, g, c2, r2)]
    return given, [t * a >= 0, (c2 - c) * g >= r2 - r, c2 >= c]


@FACTS.about(PARTS)
def a_part_costs_its_share_to_the_unit():
    """A part costs less than one unit more or less than its exact share of the price (Law 47)."""
    t, d, a, g, c, r, c2, r2 = whole("t d a g c r c2 r2")
    given = [*natural(t, d, a), g > 0, *cost(t, d, g, c, r), *cost(t, d + a, g, c2, r2)]
    part = c2 - c
    return given, [
        part * g == t * a + r2 - r, z3.And(part * g > t * a - g, part * g < t * a + g),
    ]  # fmt: skip


@FACTS.about(PARTS)
def the_maker_is_never_behind():
    """However an order was cut, the maker has received at least the exact share of what it has
    given, and less than a unit more (Law 47).
    """
    t, d, g, c, r = whole("t d g c r")
    given = [*natural(t, d), g > 0, *cost(t, d, g, c, r)]
    return given, z3.And(c * g >= t * d, c * g < t * d + g)


# -------------------------------------------------------------------------------- any cutting


@FACTS.about(PARTS, "TradeSettlement._spendPart")
def parts_add_up_to_begin_with():
    """Before the first part, what was paid is the price of what was filled (Law 48)."""
    t, g, done, paid, c, r = whole("t g done paid c r")
    given = [*natural(t), g > 0, done == 0, paid == 0, *cost(t, done, g, c, r)]
    return given, [c * g == r, paid == c]


@FACTS.about(PARTS, "TradeSettlement._spendPart")
def parts_add_up_part_by_part():
    """Whatever was filled before, after a part what was paid is the price of what is filled then,
    and no more than `giveAmount` is: so it is after any number of parts, in any sizes (Law 48).
    """
    t, g, done, paid, a, c, r, c2, r2 = whole("t g done paid a c r c2 r2")
    given = [*natural(t, done, paid), g > 0, a >= 1, done <= g, a <= g - done, paid == c]
    given += [*cost(t, done, g, c, r), *cost(t, done + a, g, c2, r2)]
    after = paid + (c2 - c)
    return given, z3.And(after == c2, done + a <= g, done + a > done)


@FACTS.about(PARTS, "TradeSettlement._spendPart")
def parts_add_up_in_the_end():
    """When the parts have given all, what was paid is the price, to the unit (Law 48)."""
    t, g, done, paid, c, r = whole("t g done paid c r")
    given = [*natural(t, paid), g > 0, done == g, paid == c, *cost(t, done, g, c, r)]
    return given, [(c - t) * g == r, paid == t]


@FACTS.about("TradeSettlement._requireWithin", PARTS)
def all_at_once_was_not_begun():
    """Who fills as much as the order gives in all finds nothing filled before, so that the price of
    the whole is the price of the part (Law 48).
    """
    g, done, a = whole("g done a")
    return [*natural(done), g > 0, done <= g, a <= g - done, a == g], done == 0


# ------------------------------------------------------------------------------------ fees


@FACTS.about(PARTS, "OrderLib.netsOf")
def a_fee_leaves_99_parts_of_100():
    """A fee within the limit is at most a hundredth of the money, so that the seller receives the
    rest, which is never negative (Law 47).
    """
    m, b, f, r = whole("m b f r")
    given = [*natural(m, b), b <= 100, *floored(m * b, z3.IntVal(10_000), f, r)]
    return given, [m * b <= 100 * m, 100 * f <= m, z3.And(f >= 0, m - f >= 0)]


# ------------------------------------------------------------------------------------ nonces

LOWEST, FIRST_BIT = ones(64), word(1 << 64)
PARTIAL = word(1 << 63)
ALL = ones(128)


def lowest(first: Bits) -> Bits:
    """The lowest nonce that is not cancelled."""
    return first & LOWEST


def marked(first: Bits, nonce: Bits) -> z3.BoolRef:
    """Whether the bit of a nonce below 192 is set."""
    return first & (FIRST_BIT << nonce) != 0


def is_spent(first: Bits, nonce: Bits) -> z3.BoolRef:
    """Whether a nonce below 192 is spent."""
    return z3.Or(z3.ULT(nonce, lowest(first)), marked(first, nonce))


def low(nonce: Bits) -> z3.BoolRef:
    """Whether a nonce has its bit in the first word."""
    return z3.ULT(nonce, word(192))


@FACTS.about("TradeSettlement.cancel", "TradeSettlement._spend")
def to_spend_a_nonce_is_to_mark_it():
    """A nonce below 192 that is filled or cancelled is spent, and the lowest stays (Law 50)."""
    first, n = words("first n")
    after = first | (FIRST_BIT << n)
    return [low(n)], z3.And(is_spent(after, n), lowest(after) == lowest(first))


@FACTS.about("TradeSettlement.cancel", "TradeSettlement._spend")
def to_spend_a_nonce_spends_no_other():
    """Any other nonce below 192 is spent afterwards exactly if it was before (Law 50)."""
    first, n, other = words("first n other")
    after = first | (FIRST_BIT << n)
    return [low(n), low(other), n != other], is_spent(after, other) == is_spent(first, other)


@FACTS.about("TradeSettlement.cancelBelow")
def to_cancel_below_frees_no_nonce():
    """With a higher number below which all is cancelled, what was spent is, and no mark is lost
    (Law 50).
    """
    first, n, nonce = words("first n nonce")
    after = (first ^ lowest(first)) | nonce
    given = [fits(nonce, 63), z3.UGT(nonce, lowest(first)), low(n)]
    kept = z3.And(lowest(after) == nonce, marked(after, n) == marked(first, n))
    return given, z3.And(kept, z3.Implies(is_spent(first, n), is_spent(after, n)))


@FACTS.about("TradeSettlement._stateOf", "TradeSettlement.cancelBelow")
def below_is_below_with_bit_63_or_without():
    """Of a nonce with bit 63, the rest decides whether it is cancelled; the two ways in which that
    is asked are one (Law 50).
    """
    (n,) = words("n")
    given = [fits(n, 64), z3.UGE(n, PARTIAL)]
    return given, (n & ~PARTIAL) == (n ^ PARTIAL)


def shift(nonce: Bits) -> Bits:
    """Where in its word the amount of a nonce stands."""
    return (nonce & word(1)) << word(7)


def filled(pair: Bits, nonce: Bits) -> Bits:
    """The amount of a nonce."""
    return shr(pair, shift(nonce)) & ALL


@FACTS.about("TradeSettlement._spendPart")
def a_fill_writes_its_own_amount_alone():
    """The amount of a nonce is afterwards what was written, and its neighbour's what it was (Law
    50).
    """
    pair, n, amount = words("pair n amount")
    after = pair ^ ((filled(pair, n) ^ amount) << shift(n))
    neighbour = n ^ word(1)
    written = z3.And(
        filled(after, n) == amount, filled(after, neighbour) == filled(pair, neighbour)
    )
    return [fits(amount, 128)], written


@FACTS.about("TradeSettlement.cancel")
def a_cancelled_order_in_parts_is_spent():
    """The amount of a nonce that is cancelled says so afterwards, and its neighbour's is what it
    was (Law 50).
    """
    pair, n = words("pair n")
    after = pair | (ALL << shift(n))
    neighbour = n ^ word(1)
    return [], z3.And(filled(after, n) == ALL, filled(after, neighbour) == filled(pair, neighbour))


@FACTS.about("TradeSettlement._spendPart")
def a_part_never_looks_spent_before_it_is():
    """What is filled of an order of which something is left is no sign that it is spent: an amount
    of 128 bits is larger than it (Law 50).
    """
    done, amount, gives = words("done amount gives")
    given = [fits(gives, 128), z3.ULE(done, gives), z3.ULT(amount, gives - done)]
    return given, z3.ULT(done + amount, ALL)


@FACTS.about("TradeSettlement.cancelTrades", "TradeSettlement._spendTrade")
def a_trades_number_is_spent_alone():
    """A bit that is set stays, and no other changes (Law 50)."""
    bits, n, other = words("bits n other")
    byte = word(0xFF)
    mine, its = word(1) << (n & byte), word(1) << (other & byte)
    after = bits | mine
    same = z3.Implies((n & byte) != (other & byte), (after & its) == (bits & its))
    return [], z3.And(after & mine != 0, same, z3.Implies(bits & its != 0, after & its != 0))


# --------------------------------------------------------------------------- controls: are refuted

CONTROLS = Facts()


@CONTROLS.about(PARTS)
def control_parts_rounded_by_themselves_add_up():
    """False: parts whose prices are each rounded up by themselves add up to the price of all (Law
    48).
    """
    t, d, a, g, c, r, c2, r2, c3, r3 = whole("t d a g c r c2 r2 c3 r3")
    given = [*natural(t, d, a), g > 0, d + a == g]
    given += [*cost(t, d, g, c, r), *cost(t, a, g, c2, r2), *cost(t, g, g, c3, r3)]
    return given, c + c2 == c3


@CONTROLS.about(PARTS)
def control_every_part_costs_something():
    """False: no part is so small that those before it have paid for it."""
    t, d, a, g, c, r, c2, r2 = whole("t d a g c r c2 r2")
    given = [t >= 1, *natural(d), a >= 1, g > 0, d + a <= g]
    return [*given, *cost(t, d, g, c, r), *cost(t, d + a, g, c2, r2)], c2 - c >= 1


@CONTROLS.about("TradeSettlement.cancelBelow")
def control_any_number_cancels_below():
    """False: with a lower number too, what was spent stays spent (Law 50)."""
    first, n, nonce = words("first n nonce")
    after = (first ^ lowest(first)) | nonce
    return [fits(nonce, 63), low(n)], z3.Implies(is_spent(first, n), is_spent(after, n))


@CONTROLS.about("TradeSettlement._spendPart")
def control_a_fill_may_write_more_than_128_bits():
    """False: whatever is written, the neighbour's amount stays (Law 50)."""
    pair, n, amount = words("pair n amount")
    after = pair ^ ((filled(pair, n) ^ amount) << shift(n))
    neighbour = n ^ word(1)
    return [n & word(1) == 0], filled(after, neighbour) == filled(pair, neighbour)

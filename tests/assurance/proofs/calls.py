"""Facts about calls: who gets how many lots, at which price, and that money is where the books say.

Of orders at the margin, `q` is what they share and `t` what they add up to; `b` is what was placed
there before an order, and `f` what of `q` was handed out for it, rounded down. Of a step, demand is
what is bid for there or above it, and supply what is asked there or below it.
"""

from __future__ import annotations

import z3

from tests.assurance.proofs.arithmetic import floored, natural, whole
from tests.assurance.proofs.facts import Facts

FACTS = Facts()

SHARE, SEARCH = "CallClearingLib.share", "CallClearingLib._search"
ALLOT, PAY = "CallSettlement._allot", "CallBooks._pay"
BPS = 10_000


# ----------------------------------------------------------------------------------- sharing out


@FACTS.about(SHARE, ALLOT)
def nothing_is_handed_out_before_the_first_order():
    """Before anybody has had its turn, nothing was handed out (Law 54)."""
    q, t, f, r = whole("q t f r")
    return [*natural(q), t > 0, *floored(q * 0, t, f, r)], [f * t + r == 0, f == 0]


@FACTS.about(SHARE, ALLOT)
def shares_add_up_order_by_order():
    """Whatever was handed out before, after an order it is the part of all that was placed up to
    it, rounded down: so it is after any number of orders, of any sizes (Law 54).
    """
    q, t, b, own, handed, f, r, f2, r2 = whole("q t b own handed f r f2 r2")
    given = [*natural(q, b), own > 0, t > 0, b + own <= t, handed == f]
    given += [*floored(q * b, t, f, r), *floored(q * (b + own), t, f2, r2)]
    return given, handed + (f2 - f) == f2


@FACTS.about(SHARE, ALLOT)
def all_is_handed_out_in_the_end():
    """When all orders at the margin have had their turn, exactly what was left was handed out, to
    the lot (Law 54).
    """
    q, t, b, f, r = whole("q t b f r")
    given = [*natural(q), t > 0, b == t, *floored(q * b, t, f, r)]
    return given, [(f - q) * t == -r, f == q]


@FACTS.about(SHARE)
def a_share_is_the_exact_part_rounded_down_or_up():
    """An order at the margin gets less than one lot more or less than its exact part (Law 55)."""
    q, t, b, own, f, r, f2, r2 = whole("q t b own f r f2 r2")
    given = [*natural(q, b, own), t > 0, *floored(q * b, t, f, r)]
    given += floored(q * (b + own), t, f2, r2)
    got = f2 - f
    return given, [
        got * t == q * own + r - r2, z3.And(got * t < q * own + t, got * t > q * own - t),
    ]  # fmt: skip


@FACTS.about(SHARE)
def a_share_is_never_less_than_nothing():
    """No order at the margin takes from those before it (Law 55)."""
    q, t, b, own, f, r, f2, r2 = whole("q t b own f r f2 r2")
    given = [*natural(q, b, own), t > 0, *floored(q * b, t, f, r)]
    given += floored(q * (b + own), t, f2, r2)
    return given, [q * own >= 0, (f2 - f) * t > -t, f2 >= f]


@FACTS.about(SHARE)
def a_share_is_never_more_than_was_asked_for():
    """Of no more than all want, nobody gets more than it wants (Law 55)."""
    q, t, b, own, f, r, f2, r2 = whole("q t b own f r f2 r2")
    given = [*natural(q, b, own), t > 0, q <= t, *floored(q * b, t, f, r)]
    given += floored(q * (b + own), t, f2, r2)
    return given, [q * own <= t * own, (f2 - f) * t < t * own + t, f2 - f <= own]


@FACTS.about(SHARE)
def equal_orders_get_as_much_but_for_one_lot():
    """Two orders of one size at the margin differ by one lot at most, wherever they stand (Law
    55).
    """
    q, t, b, c, own, f, r, f2, r2, g, s, g2, s2 = whole("q t b c own f r f2 r2 g s g2 s2")
    given = [*natural(q, b, c, own), t > 0, *floored(q * b, t, f, r)]
    given += [*floored(q * (b + own), t, f2, r2), *floored(q * c, t, g, s)]
    given += floored(q * (c + own), t, g2, s2)
    apart = (f2 - f) - (g2 - g)
    return given, [
        apart * t == r - r2 - s + s2, z3.And(apart * t < 2 * t, apart * t > -2 * t),
        z3.And(apart <= 1, apart >= -1),
    ]  # fmt: skip


@FACTS.about(ALLOT)
def money_buys_no_more_lots_than_there_are():
    """In a call by amount, whole lots of parts that add up to the price of all lots are no more
    than those: order by order, what was bought is within what was spent (Law 54).
    """
    p, spent, bought, part, k, r, lots = whole("p spent bought part k r lots")
    given = [*natural(spent, bought, part), p > 0, bought * p <= spent, *floored(part, p, k, r)]
    after = (bought + k) * p
    given += [spent + part <= lots * p]
    return given, [
        after == bought * p + part - r, after <= spent + part, (bought + k) * p <= lots * p,
        bought + k <= lots,
    ]  # fmt: skip


# ----------------------------------------------------------------------------------- the price


def volume(demand: z3.ArithRef, supply: z3.ArithRef) -> z3.ArithRef:
    """What changes hands."""
    return z3.If(demand < supply, demand, supply)


def surplus(demand: z3.ArithRef, supply: z3.ArithRef) -> z3.ArithRef:
    """What is left on the longer side."""
    return z3.If(demand < supply, supply - demand, demand - supply)


def no_better(d: z3.ArithRef, s: z3.ArithRef, d2: z3.ArithRef, s2: z3.ArithRef) -> z3.BoolRef:
    """The second step is no better than the first."""
    return z3.Or(
        volume(d2, s2) < volume(d, s),
        z3.And(volume(d2, s2) == volume(d, s), surplus(d2, s2) >= surplus(d, s)),
    )


def as_good(d: z3.ArithRef, s: z3.ArithRef, d2: z3.ArithRef, s2: z3.ArithRef) -> z3.BoolRef:
    """Both steps trade and leave as much."""
    return z3.And(volume(d2, s2) == volume(d, s), surplus(d2, s2) == surplus(d, s))


def next_to(d: z3.ArithRef, s: z3.ArithRef, d2: z3.ArithRef, s2: z3.ArithRef) -> list[z3.BoolRef]:
    """The second step is above the first: no more demand, no less supply."""
    return [*natural(d, s, d2, s2), d2 <= d, s2 >= s]


@FACTS.about(SEARCH)
def better_bids_fit_where_bids_are_longer():
    """At the highest of the best steps, if bids are longer there, all better bids are no more than
    what changes hands: they are served whole (Law 55).
    """
    d, s, d2, s2 = whole("d s d2 s2")
    given = [*next_to(d, s, d2, s2), d > s, no_better(d, s, d2, s2)]
    given.append(z3.Not(z3.And(as_good(d, s, d2, s2), d2 > s2)))
    return given, d2 <= volume(d, s)


@FACTS.about(SEARCH)
def better_asks_fit_where_asks_are_longer():
    """At the lowest of the best steps, if asks are longer there and bids at none of them, all
    better asks are no more than what changes hands (Law 55).
    """
    d, s, d0, s0 = whole("d s d0 s0")
    given = [*next_to(d0, s0, d, s), d < s, no_better(d, s, d0, s0)]
    given.append(z3.Not(as_good(d, s, d0, s0)))
    return given, s0 <= volume(d, s)


@FACTS.about(SEARCH)
def better_orders_fit_where_both_are_equal():
    """Where demand is supply, better bids and better asks are no more than that (Law 55)."""
    d, s, d2, s2, d0, s0 = whole("d s d2 s2 d0 s0")
    given = [*next_to(d, s, d2, s2), *next_to(d0, s0, d, s), d == s]
    return given, z3.And(d2 <= volume(d, s), s0 <= volume(d, s))


@FACTS.about(SEARCH)
def between_equal_steps_all_are_equal():
    """Of two steps where demand is supply and as much trades, every step between is one of them:
    the middle is as good as the ends (Law 57).
    """
    d, s, m, n, d2, s2 = whole("d s m n d2 s2")
    given = [*next_to(d, s, m, n), *next_to(m, n, d2, s2), d == s, d2 == s2, d == d2]
    return given, z3.And(m == n, m == d)


@FACTS.about(SEARCH)
def steps_that_leave_both_ways_come_in_order():
    """Of steps that are as good, none where bids are longer is above one where asks are: the last
    of the ones is found before the first of the others (Law 57).
    """
    d, s, d2, s2 = whole("d s d2 s2")
    given = [*next_to(d, s, d2, s2), as_good(d, s, d2, s2), d2 > s2]
    return given, z3.Or(d > s)


@FACTS.about(SEARCH)
def one_number_ranks_steps():
    """Volume above 144 bits and what is left below them, subtracted from the largest: the larger
    number is the better step, and equal numbers are steps that are as good (Law 57).
    """
    v, g, v2, g2 = whole("v g v2 g2")
    rest = 2**144
    given = [*natural(v, g, v2, g2), g < rest, g2 < rest]
    first, second = v * rest + (rest - 1 - g), v2 * rest + (rest - 1 - g2)
    better = z3.Or(v2 > v, z3.And(v2 == v, g2 < g))
    return given, z3.And((second > first) == better, (second == first) == z3.And(v == v2, g == g2))


@FACTS.about(SEARCH, "CallTermsLib.bidAt")
def a_budget_buys_no_more_at_a_higher_price():
    """What the principal of a tender bids for does not rise with the price, as other demand does
    not (Law 57).
    """
    lots, money, p, p2, k, r, k2, r2 = whole("lots money p p2 k r k2 r2")
    given = [*natural(lots, money), p > 0, p2 >= p, *floored(money, p, k, r)]
    given += floored(money, p2, k2, r2)
    small = z3.If(k < lots, k, lots)
    return given, [k2 >= 0, k2 * p <= k2 * p2, k2 * p <= money, k2 <= k,
                   z3.If(k2 < lots, k2, lots) <= small]  # fmt: skip


@FACTS.about(SEARCH)
def a_sale_that_is_not_sold_out_clears_at_its_lowest_price():
    """If all bids together are for fewer lots than are sold, no step is better than the first, and
    asks are longer wherever as much trades (Law 57).
    """
    lots, d0, d = whole("lots d0 d")
    given = [*natural(d0, d), d <= d0, d0 < lots]
    return given, z3.And(no_better(d0, lots, d, lots), d < lots)


# ----------------------------------------------------------------------------------- the money


@FACTS.about("CallSettlement._giveExcess", "CallSettlement._deliver")
def a_limit_pays_for_every_lot():
    """What a bid gave is what its lots cost and what it gets back, neither less than nothing (Laws
    53 and 56).
    """
    wanted, limit, lots, price = whole("wanted limit lots price")
    given = [*natural(wanted, limit, lots, price), lots <= wanted, price <= limit]
    back = wanted * limit - lots * price
    return given, [
        lots * price <= lots * limit, lots * limit <= wanted * limit,
        z3.And(back >= 0, lots * price >= 0),
    ]  # fmt: skip


@FACTS.about("CallSettlement._deliver", "CallSettlement._refund")
def what_is_not_delivered_is_still_there():
    """Whatever of its lots an order is delivered, in any parts, what may go back of its money
    afterwards is the price of the rest (Law 53).
    """
    there, undelivered, lots, price = whole("there undelivered lots price")
    given = [*natural(undelivered, lots, price), lots <= undelivered]
    given.append(there == undelivered * price)
    return given, [
        there - lots * price == (undelivered - lots) * price,
        z3.And(there - lots * price >= 0, (undelivered - lots) * price >= 0),
    ]  # fmt: skip


BOOKS = "came went refundable proceeds owed"


def books() -> tuple[list[z3.BoolRef], tuple[z3.ArithRef, ...]]:
    """Books that add up, and their numbers."""
    came, went, refundable, proceeds, owed = every = tuple(whole(BOOKS))
    return [*natural(*every), came - went == refundable + proceeds + owed], every


def adds_up(*numbers: z3.ArithRef) -> z3.BoolRef:
    came, went, refundable, proceeds, owed = numbers
    return came - went == refundable + proceeds + owed


@FACTS.about("CallAuction._record")
def books_add_up_after_an_order():
    """What a bid brings may go back (Law 53)."""
    given, (came, went, refundable, proceeds, owed) = books()
    (x,) = whole("x")
    return [*given, x >= 0], adds_up(came + x, went, refundable + x, proceeds, owed)


@FACTS.about(PAY, "CallBooks._payBack", "CallSettlement._giveExcess", "CallSettlement._refund")
def books_add_up_after_money_goes_back():
    """What goes back was booked as gone, whether it was paid or is owed (Law 53)."""
    given, (came, went, refundable, proceeds, owed) = books()
    (x,) = whole("x")
    given += [x >= 0, x <= refundable]
    paid = adds_up(came, went + x, refundable - x, proceeds, owed)
    return given, z3.And(paid, adds_up(came, went, refundable - x, proceeds, owed + x))


@FACTS.about(PAY, "CallSettlement._deliver", "CallSettlement._payOut")
def books_add_up_after_a_delivery():
    """What delivered lots cost is proceeds, or goes to their seller and the venue, each of whom is
    paid or owed (Law 53).
    """
    given, (came, went, refundable, proceeds, owed) = books()
    cost, fee = whole("cost fee")
    # A fee is at most a hundredth (`a_fee_leaves_99_parts_of_100`).
    given += [*natural(cost, fee), fee <= cost, cost <= refundable]
    left = refundable - cost
    ways = [
        adds_up(came, went, left, proceeds + cost, owed),
        adds_up(came, went + (cost - fee) + fee, left, proceeds, owed),
        adds_up(came, went + fee, left, proceeds, owed + (cost - fee)),
        adds_up(came, went + (cost - fee), left, proceeds, owed + fee),
        adds_up(came, went, left, proceeds, owed + (cost - fee) + fee),
    ]
    return given, z3.And(ways)


@FACTS.about(PAY, "CallSettlement._payProceeds", "CallSettlement.returnShares")
def books_add_up_after_proceeds_go_out():
    """Proceeds go to the principal and the venue, or back for shares, paid or owed (Law 53)."""
    given, (came, went, refundable, proceeds, owed) = books()
    fee, x = whole("fee x")
    given += [*natural(fee, x), fee <= proceeds, x <= proceeds]
    out = proceeds - fee
    ways = [
        adds_up(came, went + out + fee, refundable, proceeds - proceeds, owed),
        adds_up(came, went + fee, refundable, proceeds - proceeds, owed + out),
        adds_up(came, went + x, refundable, proceeds - x, owed),
        adds_up(came, went, refundable, proceeds - x, owed + x),
    ]
    return given, z3.And(ways)


@FACTS.about("CallSettlement._take", "CallSettlement.sweep")
def books_add_up_after_what_is_owed_is_taken():
    """What is taken or swept was owed (Law 53)."""
    given, (came, went, refundable, proceeds, owed) = books()
    (x,) = whole("x")
    given += [x >= 0, x <= owed]
    return given, adds_up(came, went + x, refundable, proceeds, owed - x)


@FACTS.about("CallSettlement._unbook", deep=True)
def what_is_given_back_takes_its_part_of_the_fee():
    """When lots are given back one after the other, what is left of the fee is that of the lots
    that are left, and never less than nothing (Law 53).
    """
    # `k` is the price times the basis points.
    had, lots, k, f, r, f2, r2 = whole("had lots k f r f2 r2")
    given = [*natural(had, lots, k), lots <= had]
    given += floored(had * k, z3.IntVal(BPS), f, r)
    given += floored((had - lots) * k, z3.IntVal(BPS), f2, r2)
    return given, [
        lots * k >= 0, (f - f2) * BPS == lots * k + r2 - r, z3.And(f >= f2, f - (f - f2) == f2),
    ]  # fmt: skip


# --------------------------------------------------------------------------- controls: are refuted

CONTROLS = Facts()


@CONTROLS.about(SHARE)
def control_shares_rounded_by_themselves_add_up():
    """False: parts that are each rounded down by themselves add up to all (Law 54)."""
    q, t, a, b, f, r, g, s = whole("q t a b f r g s")
    given = [*natural(q), a > 0, b > 0, t == a + b, *floored(q * a, t, f, r)]
    return [*given, *floored(q * b, t, g, s)], f + g == q


@CONTROLS.about(SHARE)
def control_a_share_is_what_was_asked_for_even_of_more():
    """False: of more than all want, nobody gets more than it wants (Law 55)."""
    q, t, b, own, f, r, f2, r2 = whole("q t b own f r f2 r2")
    given = [*natural(q, b, own), t > 0, *floored(q * b, t, f, r)]
    return [*given, *floored(q * (b + own), t, f2, r2)], f2 - f <= own


@CONTROLS.about(SEARCH)
def control_any_of_the_best_steps_will_do():
    """False: better bids fit at every one of the best steps where bids are longer (Law 55)."""
    d, s, d2, s2 = whole("d s d2 s2")
    return [*next_to(d, s, d2, s2), d > s, no_better(d, s, d2, s2)], d2 <= volume(d, s)


@CONTROLS.about(PAY)
def control_money_may_be_paid_and_owed():
    """False: books add up if what was paid stays owed too (Law 53)."""
    given, (came, went, refundable, proceeds, owed) = books()
    (x,) = whole("x")
    given += [x >= 1, x <= refundable]
    return given, adds_up(came, went + x, refundable - x, proceeds, owed + x)

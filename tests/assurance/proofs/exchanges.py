"""Facts about exchanges of shares: that floors never add up to more than was funded, whatever the
wallets, and that shares and fractions are all of what one is entitled to.

`p` is for how many shares an exchange names its amounts, `g` the money, `o` the other shares, `f`
the money for a whole other share, `m` what `o` leaves when it is divided by `p`; `n` is how many
shares are left and `s` how many of them one wallet gives.
"""

from __future__ import annotations

import z3

from tests.assurance.proofs.arithmetic import floored, natural, whole
from tests.assurance.proofs.facts import Facts

FACTS = Facts()

QUOTE, MOST = "ExchangeQuoteLib.quote", "ExchangeQuoteLib.mostOf"
PAGE = "ShareExchange._carryOut"
UNTIE = "ShareExchange._untie"
SHARES, MONEY = 2**96, 2**128


# --------------------------------------------------------------------------------------- floors


@FACTS.about(QUOTE)
def what_is_paid_is_the_floor():
    """What shares bring is the whole number that is not above their exact part, and less than a
    unit below it: no other is (Law 62).
    """
    s, g, p, q, r, other = whole("s g p q r other")
    given = [*natural(s, g), p > 0, *floored(s * g, p, q, r)]
    is_floor = z3.And(other * p <= s * g, s * g < (other + 1) * p)
    return given, [
        z3.And(q * p <= s * g, s * g < (q + 1) * p),
        z3.Implies(is_floor, z3.And(q * p < (other + 1) * p, other * p < (q + 1) * p)),
        z3.Implies(is_floor, other == q),
    ]


@FACTS.about(QUOTE, MOST)
def products_of_an_exchange_fit_a_word():
    """Of shares of 96 bits and amounts of 128 every product fits a word, and so does the sum of
    what is paid; so nothing wraps around where nothing is checked (Law 62).
    """
    s, g, o, r, f, p = whole("s g o r f p")
    given = [*natural(s, g, o, r, f), s < SHARES, g < MONEY, o < SHARES, f < MONEY]
    given += [p > 0, p < SHARES, r < p]
    return given, [
        z3.And(s * g <= (SHARES - 1) * g, s * o <= (SHARES - 1) * o),
        z3.And(s * g <= (SHARES - 1) * (MONEY - 1), r * f <= (SHARES - 1) * (MONEY - 1)),
        z3.And(s * g + r * f < 2**256, s * o < 2**256),
    ]


@FACTS.about(QUOTE)
def what_is_due_is_the_ceiling():
    """What a holder pays, one more than the quotient where something is left, is not below its
    exact part, and less than a unit above it (Law 62).
    """
    s, g, p, q, r = whole("s g p q r")
    given = [*natural(s, g), p > 0, *floored(s * g, p, q, r)]
    due = q + z3.If(r == 0, z3.IntVal(0), z3.IntVal(1))
    return given, [z3.Implies(r == 0, q * p == s * g), due * p >= s * g, (due - 1) * p < s * g]


@FACTS.about(QUOTE)
def shares_and_their_rest_are_the_entitlement():
    """Other shares, times `p`, and the rest of the division are exactly what was given times `o`,
    and the rest is less than one other share (Law 64).
    """
    s, o, p, q, r = whole("s o p q r")
    given = [*natural(s, o), p > 0, *floored(s * o, p, q, r)]
    return given, z3.And(q * p + r == s * o, r >= 0, r < p)


# ---------------------------------------------------------------------------------- the funding


@FACTS.about(QUOTE, MOST, PAGE)
def floors_of_two_lots_never_exceed_the_floor_of_both():
    """What two lots bring by themselves is at most what they bring as one, and at most one unit
    less (Laws 62 and 63).
    """
    a, b, p, q, r, q2, r2, q3, r3 = whole("a b p q r q2 r2 q3 r3")
    given = [*natural(a, b), p > 0]
    given += [*floored(a, p, q, r), *floored(b, p, q2, r2), *floored(a + b, p, q3, r3)]
    total = (q + q2) * p + r + r2
    return given, [
        total == q3 * p + r3,
        (q3 - q - q2) * p == r + r2 - r3,
        z3.And((q3 - q - q2) * p > -p, (q3 - q - q2) * p < 2 * p),
        z3.And(q3 - q - q2 > -1, q3 - q - q2 < 2),
    ]


@FACTS.about(MOST, PAGE, "ShareExchange._secure")
def a_funded_exchange_stays_funded_when_a_lot_is_paid():
    """Is the money for all shares that are left there, then what one wallet's bring is, and
    afterwards the money for the rest is (Law 63).
    """
    n, s, g, p, q, r, q2, r2, q3, r3, funds = whole("n s g p q r q2 r2 q3 r3 funds")
    given = [*natural(n, s, g), p > 0, s <= n]
    # Of all, of the wallet's, of the rest.
    given += [*floored(n * g, p, q, r), *floored(s * g, p, q2, r2)]
    given += [*floored(n * g - s * g, p, q3, r3), funds >= q]
    return given, [
        q * p + r == (q2 + q3) * p + r2 + r3,
        (q2 + q3 - q) * p == r - r2 - r3,
        (q2 + q3 - q) * p < p,
        q2 + q3 - q < 1,
        z3.And(q2 + q3 <= q, funds - q2 >= q3),
        z3.And(n * g >= s * g, q3 * p > -p),
        q3 >= 0,
        z3.And(funds >= q2, funds - q2 >= q3),
    ]


@FACTS.about(QUOTE, MOST)
def a_wallets_fraction_is_no_more_than_its_shares_fractions():
    """What is left of a wallet's other shares is at most what would be left of each of its shares
    in a wallet of its own (Laws 63 and 64).
    """
    s, o, p, q, r, k, m = whole("s o p q r k m")
    given = [*natural(s, o), p > 0, *floored(s * o, p, q, r), *floored(o, p, k, m)]
    # The whole of the first division less that of the second, for every share.
    over = q - s * k
    return given, [
        s * o == s * (k * p + m),
        s * o == (s * k) * p + s * m,
        s * m == over * p + r,
        s * m >= 0,
        over * p > -p,
        over > -1,
        over * p >= 0,
        s * m >= r,
    ]


@FACTS.about(QUOTE, MOST, PAGE)
def fractions_stay_funded_when_a_lot_is_paid():
    """Is the money for the fractions of all shares that are left there, then a wallet's fraction,
    which is no more than its shares', is paid of it, and the rest are funded (Law 63).
    """
    c, x, y, p, q, r, q2, r2, q3, r3, funds = whole("c x y p q r q2 r2 q3 r3 funds")
    # In money: `c` of all that are left, `x` at most of the wallet's, `y` of its fraction.
    given = [*natural(c, x, y), p > 0, x <= c, y <= x, *floored(c, p, q, r)]
    given += [*floored(y, p, q2, r2), *floored(c - x, p, q3, r3), funds >= q]
    return given, [
        (q2 + q3) * p + r2 + r3 == y + c - x,
        (q2 + q3) * p + r2 + r3 <= q * p + r,
        (q2 + q3 - q) * p <= r,
        (q2 + q3 - q) * p < p,
        q2 + q3 - q < 1,
        z3.And(q2 + q3 <= q, funds - q2 >= q3),
    ]


@FACTS.about(MOST)
def nobody_needs_money_when_no_share_is_left():
    """For no shares no money is needed, so that what is left then is nobody's but the treasury's
    (Law 63).
    """
    p, q, r = whole("p q r")
    return [p > 0, *floored(0 * p, p, q, r)], [q * p == -r, q * p > -p, z3.And(q > -1, q <= 0)]


@FACTS.about("ExchangeQuoteLib.mostOther", QUOTE)
def other_shares_that_are_held_suffice():
    """Are as many other shares held as all that are left bring as one lot, then a wallet's are
    given of them, and the rest have theirs (Law 63).
    """
    n, s, o, p, q, r, q2, r2, q3, r3 = whole("n s o p q r q2 r2 q3 r3")
    given = [*natural(n, s, o), p > 0, s <= n, *floored(n * o, p, q, r)]
    given += [*floored(s * o, p, q2, r2), *floored(n * o - s * o, p, q3, r3)]
    return given, [
        (q2 + q3 - q) * p == r - r2 - r3,
        (q2 + q3 - q) * p < p,
        q2 + q3 - q < 1,
        q2 + q3 <= q,
    ]


# ------------------------------------------------------------------------------------- held shares


@FACTS.about("ShareExchange._payOrOwe")
def what_is_tied_is_a_part():
    """What held shares brought is no more than all of the wallet's brought, since no more are held
    than it has: so the rest, which is paid, is not negative (Laws 62 and 64).
    """
    paid, held, s, q, r = whole("paid held s q r")
    given = [*natural(paid, held), s > 0, held <= s, *floored(paid * held, s, q, r)]
    return given, [
        paid * held <= paid * s,
        q * s <= paid * s,
        z3.And(q <= paid, q * s > -s),
        q >= 0,
    ]


@FACTS.about(UNTIE)
def what_is_untied_is_a_part():
    """Of what is tied no more is untied than there is (Law 62)."""
    paid, shares, every, q, r = whole("paid shares every q r")
    given = [*natural(paid), shares >= 1, shares <= every, *floored(paid * shares, every, q, r)]
    return given, [
        paid * shares <= paid * every, q * every <= paid * every,
        z3.And(q <= paid, q * every > -every), q >= 0,
    ]  # fmt: skip


@FACTS.about(UNTIE)
def the_last_untied_take_what_rounding_left():
    """When the last held shares are untied, all of the rest goes with them (Law 64)."""
    paid, every, q, r = whole("paid every q r")
    given = [*natural(paid), every >= 1, *floored(paid * every, every, q, r)]
    return given, [(paid - q) * every == r, paid == q]


# --------------------------------------------------------------------------- controls: are refuted

CONTROLS = Facts()


@CONTROLS.about(MOST)
def control_ceilings_stay_funded():
    """False: were everybody paid the ceiling, the money for all as one lot would do (Law 63)."""
    n, s, g, p, q, r, q2, r2, q3, r3 = whole("n s g p q r q2 r2 q3 r3")
    given = [*natural(n, s, g), p > 0, s <= n, *floored(n * g, p, q, r)]
    given += [*floored(s * g + p - 1, p, q2, r2), *floored((n - s) * g + p - 1, p, q3, r3)]
    return given, q2 + q3 <= q


@CONTROLS.about(MOST)
def control_one_fraction_funds_all():
    """False: the fraction of all shares as one lot is at least the fractions of two (Law 63)."""
    a, b, p, q, r, q2, r2, q3, r3 = whole("a b p q r q2 r2 q3 r3")
    given = [*natural(a, b), p > 0, *floored(a, p, q, r), *floored(b, p, q2, r2)]
    return [*given, *floored(a + b, p, q3, r3)], r + r2 <= r3


@CONTROLS.about("ShareExchange._payOrOwe")
def control_more_can_be_held_than_there_is():
    """False: whatever is held, what it brought is a part of what was paid (Law 62)."""
    paid, held, s, q, r = whole("paid held s q r")
    return [*natural(paid, held), s > 0, *floored(paid * held, s, q, r)], q <= paid

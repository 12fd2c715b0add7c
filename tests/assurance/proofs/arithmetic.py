"""Facts about whole numbers of any size: rounding, conservation, order, withholding, streams.

`a` is a distribution's amount, `e` its eligible shares, `s` the shares settled so far, `b` a
holder's balance. A quotient is named by what makes it one: `product == quotient * divisor +
remainder`.
"""

from __future__ import annotations

import z3

from tests.assurance.proofs.facts import Facts

FACTS = Facts()


def whole(names: str) -> list[z3.ArithRef]:
    """Integers that are not negative."""
    return [z3.Int(name) for name in names.split()]


def natural(*numbers: z3.ArithRef) -> list[z3.BoolRef]:
    """None of them is negative."""
    return [number >= 0 for number in numbers]


def floored(
    product: z3.ArithRef, divisor: z3.ArithRef, quotient: z3.ArithRef, remainder: z3.ArithRef
) -> list[z3.BoolRef]:
    """`quotient` and `remainder` are those of a division."""
    return [product == quotient * divisor + remainder, remainder >= 0, remainder < divisor]


# ------------------------------------------------------------------------------------ entitlement


@FACTS.about("ProRataLib.portionDown")
def a_quotient_is_unique():
    """One number only is the floor of a division, so that naming it by its remainder is
    no choice.
    """
    p, e, q, r, q2, r2 = whole("p e q r q2 r2")
    given = [e > 0, *floored(p, e, q, r), *floored(p, e, q2, r2)]
    return given, z3.And(q == q2, r == r2)


@FACTS.about("ProRataLib.portionDown")
def an_entitlement_is_at_most_the_amount():
    """No holder is owed more than the whole amount."""
    a, b, e, q, r = whole("a b e q r")
    return [*natural(a, b), e > 0, b <= e, *floored(a * b, e, q, r)], z3.And(q >= 0, q <= a)


@FACTS.about("ProRataLib.portionDown")
def nothing_is_owed_for_no_shares():
    """An account without shares at the record is owed nothing."""
    a, e, q, r = whole("a e q r")
    return [*natural(a), e > 0, *floored(a * 0, e, q, r)], q == 0


@FACTS.about("ProRataLib.portionDown")
def a_sole_holder_is_owed_everything():
    """Who holds all eligible shares is owed exactly the amount."""
    a, e, q, r = whole("a e q r")
    return [*natural(a), e > 0, *floored(a * e, e, q, r)], z3.And(q == a, r == 0)


@FACTS.about("ProRataLib.portionDown")
def an_entitlement_loses_less_than_one_unit():
    """The floor is short of the exact share by less than one unit, and never over it."""
    a, b, e, q, r = whole("a b e q r")
    given = [*natural(a, b), e > 0, *floored(a * b, e, q, r)]
    return given, z3.And(q * e <= a * b, a * b < (q + 1) * e)


@FACTS.about("ProRataLib.portionDown")
def more_shares_are_never_owed_less():
    """A holder of more shares is owed at least as much."""
    a, b, c, e, q, r, q2, r2 = whole("a b c e q r q2 r2")
    given = [*natural(a, b), b <= c, e > 0, *floored(a * b, e, q, r), *floored(a * c, e, q2, r2)]
    return given, [a * (c - b) >= 0, q <= q2]


@FACTS.about("ProRataLib.portionDown")
def a_larger_amount_owes_nobody_less():
    """Of a larger amount every holder is owed at least as much."""
    a, d, b, e, q, r, q2, r2 = whole("a d b e q r q2 r2")
    given = [*natural(a, b, d), e > 0]
    return [*given, *floored(a * b, e, q, r), *floored((a + d) * b, e, q2, r2)], q <= q2


@FACTS.about("ProRataLib.portionDown")
def splitting_an_account_gains_nothing():
    """Two accounts are together owed what one with their shares is owed, or one unit less."""
    a, b, c, e, q, r, q2, r2, q3, r3 = whole("a b c e q r q2 r2 q3 r3")
    given = [*natural(a, b, c), e > 0, *floored(a * b, e, q, r), *floored(a * c, e, q2, r2)]
    return [*given, *floored(a * (b + c), e, q3, r3)], z3.Or(q3 == q + q2, q3 == q + q2 + 1)


@FACTS.about("ProRataLib.portionDown")
def splitting_an_amount_gains_nothing():
    """Two distributions owe a holder together what one of their sum owes, or one unit less."""
    a, d, b, e, q, r, q2, r2, q3, r3 = whole("a d b e q r q2 r2 q3 r3")
    given = [*natural(a, d, b), e > 0, *floored(a * b, e, q, r), *floored(d * b, e, q2, r2)]
    return [*given, *floored((a + d) * b, e, q3, r3)], z3.Or(q3 == q + q2, q3 == q + q2 + 1)


@FACTS.about("ProRataLib.portionDown")
def a_finer_share_changes_no_exact_entitlement():
    """Counting each share as `k` shares, for everybody, changes no entitlement."""
    a, b, e, k, q, r, q2, r2 = whole("a b e k q r q2 r2")
    given = [*natural(a, b), e > 0, k > 0, *floored(a * b, e, q, r)]
    given += floored(k * (a * b), k * e, q2, r2)
    # `k * r` is a remainder of the finer division, and there is only one.
    return given, [k * e > 0, z3.And(k * r >= 0, k * r < k * e), q == q2]


# ------------------------------------------------------------------------------------ all holders


@FACTS.about("ProRataLib.portionDown")
def entitlements_add_up_with_their_remainders_to_begin_with():
    """Before the first holder is counted, floors times the eligible shares and remainders are
    nothing.
    """
    a, e, total, rest, shares, n = whole("a e total rest shares n")
    given = [*natural(a), e > 0, total == 0, rest == 0, shares == 0, n == 0]
    return given, z3.And(total * e + rest == a * shares, rest <= n * (e - 1))


@FACTS.about("ProRataLib.portionDown")
def entitlements_add_up_with_their_remainders_holder_by_holder():
    """Counting one holder more keeps: floors times `e` plus remainders are the amount times the
    shares.
    """
    a, b, e, q, r, total, rest, shares, n = whole("a b e q r total rest shares n")
    given = [*natural(a, b, total, rest, shares, n), e > 0, *floored(a * b, e, q, r)]
    given += [total * e + rest == a * shares, rest <= n * (e - 1)]
    kept = (total + q) * e + (rest + r) == a * (shares + b)
    return given, z3.And(kept, rest + r <= (n + 1) * (e - 1), rest + r >= 0)


@FACTS.about("ProRataLib.portionDown")
def entitlements_together_are_at_most_the_amount():
    """All holders together are owed at most the amount."""
    a, e, total, rest, n = whole("a e total rest n")
    given = [*natural(a, total, rest, n), e > 0, total * e + rest == a * e, rest <= n * (e - 1)]
    return given, total <= a


@FACTS.about("ProRataLib.portionDown", "DividendVault._carry")
def the_remainder_is_less_than_a_unit_for_each_holder():
    """What all entitlements leave of the amount is less than one unit for each holder."""
    a, e, total, rest, n = whole("a e total rest n")
    given = [*natural(a, total, rest), n > 0, e > 0]
    given += [total * e + rest == a * e, rest <= n * (e - 1)]
    return given, z3.And(a - total >= 0, a - total < n)


@FACTS.about("EligibleLib._less")
def excluding_leaves_the_shares_of_all_others():
    """If accounts hold the supply, taking out the excluded ones leaves what the others hold."""
    supply, others, first, second = whole("supply others first second")
    given = [*natural(others, first, second), supply == others + first + second]
    left = supply - first - second
    return given, z3.And(left == others, left >= 0)


# -------------------------------------------------------------------------------------- progress


@FACTS.about("ClaimBatchLib.settleDown")
def the_rounding_loss_is_one_unit_or_none():
    """floor(a(s+b)/e) - floor(as/e) - floor(ab/e) is 0 or 1."""
    a, s, b, e, q, r, q2, r2, q3, r3 = whole("a s b e q r q2 r2 q3 r3")
    given = [*natural(a, s, b), e > 0, *floored(a * s, e, q, r), *floored(a * b, e, q2, r2)]
    loss = q3 - q - q2
    return [*given, *floored(a * (s + b), e, q3, r3)], z3.Or(loss == 0, loss == 1)


@FACTS.about("ClaimBatchLib.settleDown")
def the_rounding_loss_is_what_the_remainders_say():
    """The loss is 1 exactly if the remainders of as/e and ab/e reach e together."""
    a, s, b, e, q, r, q2, r2, q3, r3 = whole("a s b e q r q2 r2 q3 r3")
    given = [*natural(a, s, b), e > 0, *floored(a * s, e, q, r), *floored(a * b, e, q2, r2)]
    given += floored(a * (s + b), e, q3, r3)
    return given, q3 - q - q2 == z3.If(r + r2 >= e, 1, 0)


@FACTS.about("ClaimBatchLib.settleDown")
def the_remainders_go_on_as_one():
    """The remainder of a(s+b)/e is the sum of the two remainders, less e if they reach it."""
    a, s, b, e, q, r, q2, r2, q3, r3 = whole("a s b e q r q2 r2 q3 r3")
    given = [*natural(a, s, b), e > 0, *floored(a * s, e, q, r), *floored(a * b, e, q2, r2)]
    given += floored(a * (s + b), e, q3, r3)
    return given, [
        z3.Or(q3 == q + q2, q3 == q + q2 + 1),
        z3.Implies(q3 == q + q2, r3 == r + r2),
        z3.Implies(q3 == q + q2 + 1, r3 == r + r2 - e),
        r3 == z3.If(r + r2 >= e, r + r2 - e, r + r2),
    ]


@FACTS.about("ClaimBatchLib.settleDown")
def the_first_settlement_loses_nothing():
    """Nothing is lost when the first holder is settled: one floor is not short of itself."""
    a, b, e, q, r, q2, r2 = whole("a b e q r q2 r2")
    given = [*natural(a, b), e > 0, *floored(a * 0, e, q, r), *floored(a * b, e, q2, r2)]
    return given, z3.And(r + r2 < e, q == 0)


@FACTS.about("ClaimBatchLib.settleDown")
def less_is_lost_than_settled():
    """Units lost stay below shares settled, since each settlement takes a share and loses a unit at
    most.
    """
    s, b, lost, loss = whole("s b lost loss")
    given = [*natural(s, lost), b >= 1, z3.Or(loss == 0, loss == 1)]
    # The first loses nothing.
    given += [z3.Or(z3.And(s == 0, lost == 0, loss == 0), lost < s)]
    return given, lost + loss < s + b


@FACTS.about("ClaimBatchLib.settleDown", "ProgressLib.allocate")
def neither_field_of_a_lane_outgrows_it():
    """Settled shares stay below two to the width, and units lost too, or below 2^32, however many
    settle.
    """
    s, b, e, lost, loss, power, settlements = whole("s b e lost loss power settlements")
    given = [*natural(s, lost, loss), b >= 1, s + b <= e, e < power, lost + loss < s + b]
    given += [lost + loss <= settlements, settlements < 2**32]
    return given, z3.And(s + b < power, lost + loss < power, lost + loss < 2**32)


@FACTS.about("ClaimBatchLib.settleDown", "ProgressLib.settledIn", "ProgressLib.lostIn")
def a_settlement_adds_to_two_digits_of_the_slot():
    """A slot read as digits, lanes below, settled, lost, lanes above: a settlement changes two of
    them only.
    """
    below, s, lost, above, b, loss = whole("below s lost above b loss")
    at, width, lost_width = whole("at width lost_width")

    def slot(settled, gone):
        return below + at * (settled + width * (gone + lost_width * above))

    given = [*natural(below, s, lost, above, b, loss), below < at, s + b < width]
    given += [lost + loss < lost_width]
    return given, slot(s, lost) + at * (b + width * loss) == slot(s + b, lost + loss)


@FACTS.about("ProgressLib.settledIn", "ProgressLib.lostIn")
def a_slot_has_one_reading():
    """Digits within their bounds are read from a slot in one way only, so that none borrows from
    another.
    """
    below, mid, above, below2, mid2, above2 = whole("below mid above below2 mid2 above2")
    at, width = whole("at width")
    given = [*natural(below, mid, above, below2, mid2, above2), below < at, below2 < at]
    given += [mid < width, mid2 < width]
    upper, upper2 = whole("upper upper2")
    given += [upper == mid + width * above, upper2 == mid2 + width * above2]
    given += [below + at * upper == below2 + at * upper2]
    return given, [upper == upper2, below == below2, above == above2, mid == mid2]


@FACTS.about("ClaimBatchLib.settleDown")
def no_product_of_a_settlement_overflows():
    """amount * shares, amount * settled and the sum of two remainders stay below 2^256."""
    a, s, b, e, r, r2 = whole("a s b e r r2")
    given = [*natural(a, s, b, r, r2), a < 2**160, e > 0, e < 2**96, s <= e, b <= e - s]
    given += [r < e, r2 < e]
    limit = (2**160 - 1) * (2**96 - 1)
    return given, [
        z3.And(a * b <= (2**160 - 1) * b, a * s <= (2**160 - 1) * s),
        z3.And(a * b <= limit, a * s <= limit, r + r2 < 2**97),
        z3.And(a * b < 2**256, a * s < 2**256),
    ]


@FACTS.about("ClaimBatchLib.settleDown", "DividendVaultViews._paid")
def nothing_is_paid_before_the_first_settlement():
    """floor(a*0/e) - 0 is zero: the formula for what was paid begins right."""
    a, e, q, r = whole("a e q r")
    return [*natural(a), e > 0, *floored(a * 0, e, q, r)], q - 0 == 0


@FACTS.about("ClaimBatchLib.settleDown", "DividendVaultViews._paid")
def what_was_paid_follows_from_progress_at_every_step():
    """If paid = floor(as/e) - lost before a settlement, then also after it."""
    a, s, b, e, lost, paid = whole("a s b e lost paid")
    q, r, q2, r2, q3, r3 = whole("q r q2 r2 q3 r3")
    given = [*natural(a, s, b, lost), e > 0, *floored(a * s, e, q, r), *floored(a * b, e, q2, r2)]
    given += [*floored(a * (s + b), e, q3, r3), paid == q - lost]
    return given, paid + q2 == q3 - (lost + z3.If(r + r2 >= e, 1, 0))


@FACTS.about("DividendVaultViews._paid")
def no_more_than_the_amount_is_ever_paid():
    """Whatever has been settled, what was paid is at most the amount."""
    a, s, e, lost, q, r = whole("a s e lost q r")
    given = [*natural(a, s, lost), e > 0, s <= e, *floored(a * s, e, q, r)]
    return given, q - lost <= a


@FACTS.about("DividendVault._settle", "DividendVault._trySettle", "DividendVault._carry")
def the_last_settlement_leaves_exactly_what_was_lost():
    """When all shares are settled, the amount less what was paid is the number of units lost."""
    a, s, e, lost, paid, q, r = whole("a s e lost paid q r")
    given = [*natural(a, lost), e > 0, s == e, *floored(a * s, e, q, r), paid == q - lost]
    return given, a - paid == lost


@FACTS.about("DividendVaultViews._paid", "ClaimBatchLib.settleDown")
def what_is_unpaid_covers_every_holder_left():
    """Any holder not yet settled can be paid from what the distribution still owes."""
    a, s, b, e, lost, q, r, q2, r2 = whole("a s b e lost q r q2 r2")
    given = [*natural(a, s, b, lost), e > 0, s + b <= e]
    given += [*floored(a * s, e, q, r), *floored(a * b, e, q2, r2)]
    return given, [a * (e - s - b) >= 0, q2 <= a - (q - lost)]


# --------------------------------------------------------------------------------- order, batches


@FACTS.about("ClaimBatchLib.settleDown")
def two_settlements_commute():
    """Whichever of two holders is settled first, both get the same, and the same is lost in all."""
    a, s, b, c, e = whole("a s b c e")
    q, r, qb, rb, qc, rc = whole("q r qb rb qc rc")
    qsb, rsb, qsc, rsc = whole("qsb rsb qsc rsc")
    given = [*natural(a, s, b, c), e > 0, *floored(a * s, e, q, r)]
    given += [*floored(a * b, e, qb, rb), *floored(a * c, e, qc, rc)]
    given += [*floored(a * (s + b), e, qsb, rsb), *floored(a * (s + c), e, qsc, rsc)]

    def loss(one, other):
        return z3.If(one + other >= e, 1, 0)

    def joined(whole_, rest, part, part_rest):
        lost = whole_ - q - part
        return [
            z3.Or(lost == 0, lost == 1),
            z3.Implies(lost == 0, rest == r + part_rest),
            z3.Implies(lost == 1, rest == r + part_rest - e),
        ]

    same = loss(r, rb) + loss(rsb, rc) == loss(r, rc) + loss(rsc, rb)
    return given, [*joined(qsb, rsb, qb, rb), *joined(qsc, rsc, qc, rc), same]


@FACTS.about("ClaimBatchLib.settleDown", "DividendVaultViews._paid")
def what_is_lost_depends_on_who_is_settled_only():
    """Two histories that paid the same holders the same have lost the same."""
    a, s, e, lost, lost2, paid, q, r = whole("a s e lost lost2 paid q r")
    given = [*natural(a, s), e > 0, *floored(a * s, e, q, r)]
    return [*given, paid == q - lost, paid == q - lost2], lost == lost2


@FACTS.about("ClaimBatchLib.settleDown", "DividendVault._settleBatch")
def a_run_keeps_its_progress_exact():
    """However many a run settles, a * settled = (floors + losses) * e + the remainder
    that goes on.
    """
    a, s, b, e, q, r, floors, losses, rest = whole("a s b e q r floors losses rest")
    given = [*natural(a, s, b), e > 0, *floored(a * b, e, q, r)]
    given += floored(a * s, e, floors + losses, rest)
    reached = rest + r >= e
    rest_then = z3.If(reached, rest + r - e, rest + r)
    total = floors + q + losses + z3.If(reached, 1, 0)
    exact = a * (s + b) == total * e + rest_then
    return given, [
        a * (s + b) == (floors + q + losses) * e + (rest + r),
        z3.And(z3.Implies(reached, exact), z3.Implies(z3.Not(reached), exact)),
        z3.And(exact, rest_then >= 0, rest_then < e),
    ]


@FACTS.about("ClaimBatchLib.settleDown", "DividendVault._settleBatch")
def a_run_pays_what_its_progress_says():
    """At the end of a run, floor(a * settled / e) less the losses is exactly what it has paid."""
    a, s, e, floors, losses, rest, q, r = whole("a s e floors losses rest q r")
    given = [*natural(a, s), e > 0, *floored(a * s, e, floors + losses, rest)]
    return [*given, *floored(a * s, e, q, r)], q - losses == floors


@FACTS.about("ClaimBatchLib.settleDown", "DividendVault._payBatch")
def a_claim_of_twelve_pays_the_sum_of_twelve_claims():
    """A run that adds up twelve net amounts sends exactly what twelve claims of one would send."""
    gross = whole(" ".join(f"g{i}" for i in range(12)))
    tax = whole(" ".join(f"t{i}" for i in range(12)))
    due = z3.IntVal(0)
    for g, t in zip(gross, tax, strict=True):
        due = due + (g - t)
    given = [z3.And(t >= 0, t <= g) for g, t in zip(gross, tax, strict=True)]
    return given, z3.And(due == z3.Sum(gross) - z3.Sum(tax), due >= 0)


@FACTS.about("DividendVault._claim", "DividendVault._payBatch")
def where_a_claim_is_cut_into_runs_does_not_matter():
    """Cutting a claim between two distributions changes neither what is paid nor how many."""
    due, due2, count, count2, g, t = whole("due due2 count count2 g t")
    given = natural(due, due2, count, count2, g - t)
    return given, z3.And(
        due + (g - t) + due2 == due + ((g - t) + due2), count + 1 + count2 == count + (1 + count2)
    )


# ----------------------------------------------------------------------------------- conservation

BOOKS = "received paid withheld remitted owed carried swept"


def _books(then: str = "") -> list[z3.ArithRef]:
    """The vault's books of one token and currency; `then` names a later state of them."""
    return whole(" ".join(name + then for name in BOOKS.split()))


def _balanced(books: list[z3.ArithRef]) -> z3.BoolRef:
    """Law 3; what was withheld and remitted has left, what was withheld and not
    remitted has not.
    """
    received, paid, withheld, remitted, owed, carried, swept = books
    return received == paid + (withheld + remitted) + owed + carried + swept


def _unharmed(books: list[z3.ArithRef]) -> list[z3.BoolRef]:
    return natural(*books)


@FACTS.about("DividendVault._declare", "DividendVault._enrol")
def declaring_conserves_money():
    """A declaration turns what was received, and what it takes of the carry, into what is owed.
    (Law 3)
    """
    books = received, paid, withheld, remitted, owed, carried, swept = _books()
    x, c = whole("x c")
    given = [*_unharmed(books), _balanced(books), x > 0, c >= 0, c <= carried]
    after = [received + x, paid, withheld, remitted, owed + (x + c), carried - c, swept]
    return given, z3.And(_balanced(after), *_unharmed(after))


@FACTS.about("DividendVault._settle", "DividendVault._send")
def claiming_conserves_money():
    """A claim turns what is owed into what is paid and what is withheld. (Law 3)"""
    books = received, paid, withheld, remitted, owed, carried, swept = _books()
    gross, tax = whole("gross tax")
    given = [*_unharmed(books), _balanced(books), gross >= 0, gross <= owed, tax >= 0, tax <= gross]
    after = [received, paid + (gross - tax), withheld + tax, remitted, owed - gross, carried, swept]
    return given, z3.And(_balanced(after), *_unharmed(after))


@FACTS.about("DividendVault._settle", "DividendVault._carry")
def the_last_claim_conserves_money():
    """The last claim of a distribution moves its lost units from what is owed to the
    carry. (Law 3)
    """
    books = received, paid, withheld, remitted, owed, carried, swept = _books()
    gross, tax, lost = whole("gross tax lost")
    given = [*_unharmed(books), _balanced(books), gross >= 0, lost >= 0, gross + lost <= owed]
    given += [tax >= 0, tax <= gross]
    net = gross - tax
    after = [
        received,
        paid + net,
        withheld + tax,
        remitted,
        owed - gross - lost,
        carried + lost,
        swept,
    ]
    return given, z3.And(_balanced(after), *_unharmed(after))


@FACTS.about("DividendVault.remit")
def remitting_conserves_money():
    """Remitting moves what was withheld out, and no other money. (Law 3)"""
    books = received, paid, withheld, remitted, owed, carried, swept = _books()
    x = z3.Int("x")
    given = [*_unharmed(books), _balanced(books), x >= 0, x <= withheld]
    after = [received, paid, withheld - x, remitted + x, owed, carried, swept]
    return given, z3.And(_balanced(after), *_unharmed(after))


@FACTS.about("DividendVault.sweep", "DividendVault._carry")
def sweeping_conserves_money():
    """A sweep turns what is owed into what is swept and a remainder that is carried. (Law 3)"""
    books = received, paid, withheld, remitted, owed, carried, swept = _books()
    x, remainder = whole("x remainder")
    given = [*_unharmed(books), _balanced(books), x >= 0, remainder >= 0, x + remainder <= owed]
    after = [
        received,
        paid,
        withheld,
        remitted,
        owed - x - remainder,
        carried + remainder,
        swept + x,
    ]
    return given, z3.And(_balanced(after), *_unharmed(after))


@FACTS.about("DividendVault.refund", "DividendVault._carry")
def refunding_conserves_money():
    """A refund gives back what was received and to the carry what came from it. (Law 3)"""
    books = received, paid, withheld, remitted, owed, carried, swept = _books()
    amount, carried_in = whole("amount carried_in")
    given = [
        *_unharmed(books),
        _balanced(books),
        carried_in >= 0,
        carried_in <= amount,
        amount <= owed,
    ]
    back = amount - carried_in
    after = [received, paid, withheld, remitted, owed - amount, carried + carried_in, swept + back]
    return given, z3.And(_balanced(after), *_unharmed(after))


@FACTS.about("DividendVault.remit")
def no_tax_is_remitted_twice():
    """Two remittances in a row move what was withheld once: the second finds nothing. (Law 8)"""
    withheld, remitted = whole("withheld remitted")
    first = withheld - remitted
    given = [*natural(remitted, first)]
    return given, z3.And(withheld - (remitted + first) == 0, remitted + first == withheld)


@FACTS.about("DividendVault._enrol", "DividendVault._carry")
def a_carried_unit_joins_one_distribution():
    """What a declaration takes of the carry is not there for the next, and what it leaves is. (Law
    10)
    """
    carry, first, second, most = whole("carry first second most")
    given = [*natural(carry, most), first == z3.If(carry > most, most, carry)]
    left = carry - first
    given += [second == z3.If(left > most, most, left)]
    return given, z3.And(left >= 0, first + second <= carry, left - second >= 0)


# ------------------------------------------------------------------------------------------ sweep


@FACTS.about("DividendVault.sweep")
def a_sweep_takes_no_more_than_is_owed():
    """What a sweep sends, the floor for all unsettled shares, is at most what is owed."""
    a, s, e, lost, q, r, q2, r2 = whole("a s e lost q r q2 r2")
    given = [*natural(a, s, lost), e > 0, s <= e, *floored(a * s, e, q, r)]
    return [*given, *floored(a * (e - s), e, q2, r2)], q2 <= a - (q - lost)


@FACTS.about("DividendVault.sweep", "DividendVault._carry")
def a_sweep_carries_what_was_lost_and_a_unit_at_most():
    """A sweep leaves for the carry the units lost so far, and at most one of its own."""
    a, s, e, lost, q, r, q2, r2 = whole("a s e lost q r q2 r2")
    given = [*natural(a, s, lost), e > 0, s <= e, *floored(a * s, e, q, r)]
    given += floored(a * (e - s), e, q2, r2)
    remainder = a - (q - lost) - q2
    return given, z3.And(remainder >= lost, remainder <= lost + 1)


@FACTS.about("DividendVault.sweep")
def a_sweep_of_everything_sends_the_whole_amount():
    """If nobody was paid, a sweep sends the amount and carries nothing."""
    a, e, q, r = whole("a e q r")
    return [*natural(a), e > 0, *floored(a * (e - 0), e, q, r)], q == a


# ------------------------------------------------------------------------------------ withholding

WHOLE = 10_000


def _tax(gross: z3.ArithRef, points: z3.ArithRef, tax: z3.ArithRef, rest: z3.ArithRef):
    """`tax` is withheld from `gross` at `points` hundredths of a percent."""
    return [
        *natural(gross, points),
        points <= WHOLE,
        *floored(gross * points, z3.IntVal(WHOLE), tax, rest),
    ]


@FACTS.about("WithholdingPolicy.taxOn", "DividendVaultViews._taxOn")
def tax_is_between_nothing_and_the_income():
    """At a rate of at most the whole, tax is neither negative nor more than the gross income."""
    g, p, t, r = whole("g p t r")
    return _tax(g, p, t, r), [g * (WHOLE - p) >= 0, z3.And(t >= 0, t <= g, g - t >= 0)]


@FACTS.about("WithholdingPolicy.taxOn")
def tax_is_rounded_in_the_holders_favour():
    """Tax is never more than the exact share, and less than one unit below it."""
    g, p, t, r = whole("g p t r")
    return _tax(g, p, t, r), z3.And(t * WHOLE <= g * p, g * p < (t + 1) * WHOLE)


@FACTS.about("WithholdingPolicy.taxOn")
def a_rate_of_nothing_withholds_nothing():
    """At a rate of zero the holder gets the gross income."""
    g, p, t, r = whole("g p t r")
    return [*_tax(g, p, t, r), p == 0], t == 0


@FACTS.about("WithholdingPolicy.taxOn")
def a_rate_of_the_whole_withholds_all():
    """At 100 percent all is withheld, and not a unit more."""
    g, p, t, r = whole("g p t r")
    return [*_tax(g, p, t, r), p == WHOLE], t == g


@FACTS.about("WithholdingPolicy.taxOn")
def a_higher_rate_never_withholds_less():
    """Tax does not fall when the rate rises."""
    g, p, p2, t, r, t2, r2 = whole("g p p2 t r t2 r2")
    given = [*_tax(g, p, t, r), *_tax(g, p2, t2, r2), p <= p2]
    return given, [g * (p2 - p) >= 0, t <= t2]


@FACTS.about("WithholdingPolicy.taxOn")
def a_higher_income_never_keeps_less():
    """One unit more of gross income never leaves the holder less."""
    g, p, t, r, t2, r2 = whole("g p t r t2 r2")
    return [*_tax(g, p, t, r), *_tax(g + 1, p, t2, r2)], z3.And(
        t2 >= t, t2 <= t + 1, g + 1 - t2 >= g - t
    )


@FACTS.about("DividendVault._settle")
def withheld_taxes_add_up():
    """Gross incomes less their taxes are net incomes, holder after holder."""
    gross, tax, net, g, t = whole("gross tax net g t")
    return [net == gross - tax, t >= 0, t <= g], net + (g - t) == (gross + g) - (tax + t)


# ----------------------------------------------------------------------------------------- shares


@FACTS.about("ShareLedger._move")
def a_transfer_keeps_the_sum():
    """A transfer between two accounts keeps the sum of all balances. (Law 6)"""
    giver, receiver, others, amount, supply = whole("giver receiver others amount supply")
    given = [*natural(giver, receiver, others, amount), amount <= giver]
    given += [giver + receiver + others == supply]
    after = [giver - amount, receiver + amount]
    return given, z3.And(z3.Sum(after) + others == supply, *natural(*after))


@FACTS.about("ShareLedger._move", "ShareLedger._growSupply", "ShareLedger._create")
def no_balance_outgrows_the_supply():
    """If balances add up to a supply below 2^96, no balance leaves 96 bits, before or after a
    transfer. (Law 6)
    """
    giver, receiver, others, amount, supply = whole("giver receiver others amount supply")
    given = [*natural(giver, receiver, others, amount), amount <= giver, supply < 2**96]
    given += [giver + receiver + others == supply]
    return given, z3.And(receiver + amount < 2**96, giver - amount < 2**96)


@FACTS.about("ShareLedger._growSupply", "ShareLedger._create")
def issuing_keeps_the_sum():
    """Issuing adds the same to supply and balances, and stays below 2^96. (Law 6)"""
    balance, others, amount, supply = whole("balance others amount supply")
    limit = 2**96 - 1
    given = [*natural(balance, others, amount), balance + others == supply, supply <= limit]
    given += [amount <= limit - supply]
    return given, z3.And(balance + amount + others == supply + amount, balance + amount <= limit)


@FACTS.about("ShareLedger._destroy")
def burning_keeps_the_sum():
    """Burning takes the same from supply and a balance, and neither becomes negative. (Law 6)"""
    balance, others, amount, supply = whole("balance others amount supply")
    given = [*natural(balance, others, amount), balance + others == supply, amount <= balance]
    return given, z3.And(balance - amount + others == supply - amount, supply - amount >= 0)


@FACTS.about("ShareToken._sum", "ShareToken.batchMint")
def a_saturated_sum_is_refused():
    """A sum that was cut off at the largest number is more than any supply can grow by."""
    total, amount, supply = whole("total amount supply")
    largest, limit = 2**256 - 1, 2**96 - 1
    given = [*natural(total, amount, supply), amount <= largest, total <= largest, supply <= limit]
    reported = z3.If(amount > largest - total, largest, total + amount)
    return given, z3.And(
        reported <= largest, z3.Implies(total + amount > largest, reported > limit - supply)
    )


@FACTS.about("ShareToken._takeFrozen", "FrozenSharesLib.taken", "FrozenSharesLib.free")
def shares_taken_by_order_release_no_more_freeze_than_needed():
    """What a forced transfer takes beyond the unfrozen shares is released, and no more: of what
    was ordered first, and of what is held only where less is left. (Law 28)
    """
    balance, ordered, held, amount = whole("balance ordered held amount")
    frozen = ordered + held
    unfrozen = z3.If(balance > frozen, balance - frozen, 0)
    given = [*natural(balance, ordered, held, amount), held <= balance]
    given += [amount <= balance, amount > unfrozen]
    rest = balance - amount
    still_held = z3.If(held < rest, held, rest)
    still_ordered = frozen - (amount - unfrozen) - still_held
    ordered_falls = z3.And(still_ordered >= 0, still_ordered <= ordered)
    excess = z3.If(frozen > balance, frozen - balance, 0)
    held_last = z3.Implies(still_held < held, still_ordered == excess)
    within = z3.Implies(frozen <= balance, still_ordered + still_held <= rest)
    return given, z3.And(still_held >= 0, still_held <= rest, ordered_falls, held_last, within)


@FACTS.about("ShareToken._freezeMore")
def freezing_step_by_step_never_exceeds_the_balance():
    """After a partial freeze no more is frozen than is held."""
    balance, frozen, amount = whole("balance frozen amount")
    given = [*natural(balance, frozen, amount), frozen <= balance, amount <= balance - frozen]
    return given, frozen + amount <= balance


# ---------------------------------------------------------------------------------------- streams


@FACTS.about("RecordRanges._weigh")
def a_weighted_balance_is_within_the_weighted_supply():
    """Record by record, a holder's weighted balance stays within the weighted supply."""
    w, b, supply, sum_b, sum_s = whole("w b supply sum_b sum_s")
    given = [w >= 1, b >= 0, b <= supply, sum_b >= 0, sum_b <= sum_s]
    return given, [w * (supply - b) >= 0, sum_b + w * b <= sum_s + w * supply]


@FACTS.about("RecordRanges._weigh")
def weighted_balances_add_up_to_the_weighted_supply():
    """If two holders' balances are a record's supply, their weighted sums are the weighted supply,
    still.
    """
    w, b, c, supply, sum_b, sum_c, sum_s = whole("w b c supply sum_b sum_c sum_s")
    given = [w >= 1, *natural(b, c), b + c == supply, sum_b + sum_c == sum_s]
    return given, (sum_b + w * b) + (sum_c + w * c) == sum_s + w * supply


@FACTS.about("RecordRanges._weigh")
def a_weight_loses_no_holder():
    """Who held one share at one record of a stream has a weighted balance above zero."""
    w, b, rest = whole("w b rest")
    return [w >= 1, b >= 1, rest >= 0], rest + w * b >= 1


@FACTS.about("RecordRanges._weigh")
def a_hundred_products_do_not_overflow():
    """A hundred amounts below 2^216, each times a weight below 2^32, add up to less than 2^256."""
    amounts = whole(" ".join(f"x{i}" for i in range(100)))
    most = 2**216 - 1
    given = [z3.And(x >= 0, x <= most) for x in amounts]
    return given, z3.Sum(amounts) * (2**32 - 1) < 2**256


@FACTS.about("RecordRanges._weigh", "ProRataLib.portionDown")
def a_stream_rounds_once():
    """One floor for the weighted sum pays at least the floors for each record, and less than one
    unit per record more.
    """
    a, e, x, y, q, r, q2, r2, q3, r3 = whole("a e x y q r q2 r2 q3 r3")
    given = [*natural(a, x, y), e > 0, *floored(a * x, e, q, r), *floored(a * y, e, q2, r2)]
    return [*given, *floored(a * (x + y), e, q3, r3)], z3.And(q3 >= q + q2, q3 <= q + q2 + 1)


# --------------------------------------------------------------------------- controls: are refuted

CONTROLS = Facts()


@CONTROLS.about("ClaimBatchLib.settleDown")
def control_rounding_never_loses():
    """False: the rounding loss is always zero."""
    a, s, b, e, q, r, q2, r2, q3, r3 = whole("a s b e q r q2 r2 q3 r3")
    given = [*natural(a, s, b), e > 0, *floored(a * s, e, q, r), *floored(a * b, e, q2, r2)]
    return [*given, *floored(a * (s + b), e, q3, r3)], q3 == q + q2


@CONTROLS.about("DividendVault.sweep")
def control_a_given_that_nothing_satisfies():
    """False: says nothing, since no number is both below and above zero."""
    a = z3.Int("a")
    return [a < 0, a > 0], a == a + 1


# ----------------------------------------------------------------------------------------- lock-ups
# `d` is a day, `p` a period in days, `h` the next shorter one, and shares are released on the first
# multiple of their period that is not before `end`.

BY_DAY = 92


def _rounded_up(
    number: z3.ArithRef, period: z3.ArithRef, count: z3.ArithRef, rest: z3.ArithRef
) -> list[z3.BoolRef]:
    """`count` periods are the fewest that reach a number."""
    return [period >= 1, *floored(number + period - 1, period, count, rest)]


@FACTS.about("LockUps._releaseDay")
def a_release_is_never_early_and_less_than_a_period_late():
    """Shares are free on the day on which their lock-up ends, or less than a period later
    (Law 33).
    """
    end, p, q, r = whole("end p q r")
    return [*natural(end), *_rounded_up(end, p, q, r)], z3.And(q * p >= end, q * p < end + p)


@FACTS.about("LockUps._releaseDay")
def a_release_is_late_by_less_than_a_46th_of_the_lock_up():
    """A period that is longer than a day was needed: half of it, 92 times, is shorter than the
    lock-up (Law 33).
    """
    end, length, h, q, r = whole("end length h q r")
    p = 2 * h
    given = [*natural(end), h >= 1, length > BY_DAY * h, *_rounded_up(end, p, q, r)]
    return given, [q * p - end < p, 46 * (q * p - end) < length]


@FACTS.about("LockUps._releaseDay")
def one_period_has_93_ends_within_reach():
    """After any day, shares acquired until then under lock-ups of 92 periods at most are released
    on one of 93 days (Law 33).
    """
    d, p, past, r, last, s = whole("d p past r last s")
    given = [*natural(d), *floored(d, p, past, r), *_rounded_up(d + 1 + BY_DAY * p, p, last, s)]
    return given, [(last - past - 93) * p == r - s, last - past <= 93]


@FACTS.about("LockUps._releaseDay")
def a_longer_period_adds_47_ends():
    """Beyond the reach of one period, that of twice its length has 47 ends at most (Law 33)."""
    d, h, shorter, r, longer, s, before = whole("d h shorter r longer s before")
    odd = z3.Int("odd")
    given = [
        *natural(d, odd),
        odd <= 1,
        *_rounded_up(d + 1, h, shorter, r),
        *_rounded_up(d + 1, 2 * h, longer, s),
        shorter + BY_DAY == 2 * before + odd,
    ]
    return given, [
        (2 * longer - shorter - 1) * h == r - s,
        2 * longer <= shorter + 1,
        longer + BY_DAY - before <= 47,
    ]

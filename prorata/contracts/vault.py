# SPDX-License-Identifier: MIT
"""The dividend vault (`DividendVault`): distributions, their terms and what was settled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prorata.chain.calls import Call, DecodedEvent
from prorata.chain.node import HEAVY_BATCH
from prorata.contracts.base import NATIVE, BoundContract
from prorata.contracts.share_token import ShareToken
from prorata.errors import InputError
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.kinds import Kind, Numbered
from prorata.values.words import counted

__all__ = [
    "Distribution",
    "DividendVault",
    "Entitlement",
    "Permit",
    "Reason",
    "Settlement",
    "Terms",
    "find_distribution",
    "settlements",
]


class Reason(Numbered):
    """Why a push skipped a holder: `IDividendVault.Reason`."""

    NOTHING = 0
    CLAIMED = 1
    PAYMENT_FAILED = 2
    POLICY_FAILED = 3
    HELD = 4

    @property
    def label(self) -> str:
        """As people write it: `payment failed`; of income that waits, `held`."""
        return "held" if self is Reason.HELD else super().label


@dataclass(frozen=True)
class Terms:
    """The terms of a distribution, as in `IDividendVault.Terms`; the default pays all at once."""

    kind: Kind = Kind.DIVIDEND
    payable_from: int = 0
    deadline: int = 0
    sweep_to: str = ZERO_ADDRESS
    tax_policy: str = ZERO_ADDRESS
    document_hash: bytes = bytes(32)
    excluded: tuple[str, ...] = ()

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Terms:
        """From the struct as the ABI names it."""
        return cls(
            kind=Kind(struct["kind"]),
            payable_from=struct["payableFrom"],
            deadline=struct["deadline"],
            sweep_to=struct["sweepTo"],
            tax_policy=struct["taxPolicy"],
            document_hash=struct["documentHash"],
            excluded=tuple(struct["excluded"]),
        )

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (
            int(self.kind),
            self.payable_from,
            self.deadline,
            self.sweep_to,
            self.tax_policy,
            self.document_hash,
            list(self.excluded),
        )


@dataclass(frozen=True)
class Entitlement:
    """What a holder earned in a distribution, in the currency's smallest unit."""

    gross: int
    tax: int
    net: int


@dataclass(frozen=True)
class Settlement:
    """A holder's income from one distribution, settled: `gross - tax` went to `payee`."""

    distribution_id: int
    holder: str
    payee: str
    gross: int
    tax: int

    @property
    def net(self) -> int:
        """What went to the payee."""
        return self.gross - self.tax


@dataclass(frozen=True)
class Permit:
    """An ERC-2612 signature over an allowance for the vault, valid until `deadline`."""

    deadline: int
    v: int
    r: bytes
    s: bytes

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return self.deadline, self.v, self.r, self.s


@dataclass(frozen=True)
class Distribution:
    """Everything about one distribution; see `IDividendVault.Distribution`.

    `eligible_supply` is 0 until the shares that earn are counted: one declared while its record was
    open has that done by its first payment, or by `fix_eligible`.
    """

    id: int
    token: str
    record_id: int
    currency: str
    declarer: str
    terms: Terms
    tax_collector: str
    amount: int
    carried_in: int
    eligible_supply: int
    settled_shares: int
    paid: int
    withheld: int
    remitted: int
    owed: int
    carried_out: int
    swept: int

    @property
    def received(self) -> int:
        """What arrived from the declarer: the amount without what earlier ones left over."""
        return self.amount - self.carried_in


def settlements(events: Iterable[DecodedEvent]) -> Iterator[Settlement]:
    """What the events settle, in order, each distribution for itself.

    A vault tells of one distribution in `Claimed`, and of several that one claim has settled in
    `ClaimedMany`; whoever counts payments should not have to know.
    """
    for event in events:
        if event.name not in ("Claimed", "ClaimedMany"):
            continue
        together = event.args
        parts = together["settlements"] if event.name == "ClaimedMany" else [together]
        for part in parts:
            yield Settlement(
                distribution_id=int(part["id"]),
                holder=str(together["holder"]),
                payee=str(together["payee"]),
                gross=int(part["gross"]),
                tax=int(part["tax"]),
            )


# ----------------------------------------------------------------------------------- the vault


class DividendVault(BoundContract):
    """Takes funded distributions and pays the holders of record."""

    CONTRACT = "DividendVault"

    def distribution_count(self) -> int:
        """Distributions declared so far; their ids run from 1 to this."""
        return int(self._view("distributionCount"))

    def distribution(self, distribution_id: int) -> Distribution:
        """Everything about one distribution."""
        return _distribution(distribution_id, self._view("distribution", distribution_id))

    def distributions(self) -> list[Distribution]:
        """All distributions of the vault, of whatever token."""
        return self._distributions(range(1, self.distribution_count() + 1))

    def distributions_of(self, tokens: Collection[str]) -> list[Distribution]:
        """Those declared for `tokens`; no other token, which may answer anything, is asked."""
        assets = enumerate(self._assets(), start=1)
        return self._distributions([number for number, (token, _) in assets if token in tokens])

    def distributions_in(self, currency: str) -> list[Distribution]:
        """Those paid in `currency`, of whatever token; no token is asked anything."""
        assets = enumerate(self._assets(), start=1)
        return self._distributions([number for number, (_, paid) in assets if paid == currency])

    def _distributions(self, ids: Sequence[int]) -> list[Distribution]:
        structs = self._views("distribution", [(number,) for number in ids])
        return [_distribution(*pair) for pair in zip(ids, structs, strict=True)]

    def _assets(self) -> list[tuple[str, str]]:
        """The token and the currency of every distribution; neither is asked anything."""
        ids = range(1, self.distribution_count() + 1)
        return self._views("assetOf", [(number,) for number in ids])

    def has_paid_out(self, token: str) -> bool:
        """Whether shares of `token` were ever the currency of a distribution."""
        return any(currency == token for _, currency in self._assets())

    def earns(self, found: Distribution, holder: str) -> bool:
        """Whether `holder` is owed at least one unit of one whose record has closed, before tax.

        Unlike `entitlement` it asks no tax policy, which may be anybody's and answer nothing.
        """
        if not found.owed or self.excludes(found.terms, holder):
            return False
        token = ShareToken(self.chain, found.token, block=self.block)
        shares = token.balance_of_at(holder, found.record_id)
        # Until somebody is paid, it may not be known by how many shares the amount is divided.
        return found.amount * shares >= max(found.eligible_supply, 1)

    def excludes(self, terms: Terms, holder: str) -> bool:
        """Whether nobody is paid for `holder`: the terms exclude it, or it is the vault itself."""
        return holder == self.address or holder in terms.excluded

    def entitlement(self, distribution_id: int, holder: str) -> Entitlement:
        """What `holder` earned, claimed or not."""
        return Entitlement(*self._view("entitlement", distribution_id, holder))

    def entitlements(self, distribution_id: int, holders: Sequence[str]) -> list[Entitlement]:
        """`entitlement` for many at once."""
        rows = [(distribution_id, holder) for holder in holders]
        return [Entitlement(*row) for row in self._views("entitlement", rows)]

    def claimable(self, distribution_id: int, holder: str) -> int:
        """What a claim would pay now, net."""
        return int(self._view("claimable", distribution_id, holder))

    def claimables(self, distribution_id: int, holders: Sequence[str]) -> list[int]:
        """`claimable` for many at once."""
        return self._views("claimable", [(distribution_id, holder) for holder in holders])

    def is_claimed(self, distribution_id: int, holder: str) -> bool:
        """Whether the income of `holder` has been settled."""
        return bool(self._view("isClaimed", distribution_id, holder))

    def are_claimed(self, distribution_id: int, holders: Sequence[str]) -> list[bool]:
        """`is_claimed` for many at once."""
        return self._views("isClaimed", [(distribution_id, holder) for holder in holders])

    def relayer(self) -> str:
        """The contract that executes signed payment instructions for this vault."""
        return str(self._view("relayer"))

    def payee_of(self, holder: str) -> str:
        """Where the income of `holder` goes."""
        return str(self._view("payeeOf", holder))

    def payees_of(self, holders: Sequence[str]) -> list[str]:
        """`payee_of` for many at once."""
        return self._views("payeeOf", [(holder,) for holder in holders])

    def carried(self, token: str, currency: str) -> int:
        """What finished distributions left over for the next."""
        return int(self._view("carried", token, currency))

    def declare(
        self, token: str, record_id: int, currency: str, amount: int, terms: Terms | None = None
    ) -> Call:
        """Declare a distribution and fund it; for the native coin the amount is sent along."""
        terms = terms or Terms()
        return self._write(
            "declare",
            token,
            record_id,
            currency,
            amount,
            terms.encodable(),
            label=f"declare {terms.kind.label} of {amount} at record {record_id}",
            value=amount if currency == NATIVE else 0,
        )

    def declare_with_permit(
        self,
        token: str,
        record_id: int,
        currency: str,
        amount: int,
        terms: Terms,
        *,
        permit: Permit,
    ) -> Call:
        """`declare`, funded by a signature instead of an approval."""
        return self._write(
            "declareWithPermit",
            token,
            record_id,
            currency,
            amount,
            terms.encodable(),
            permit.encodable(),
            label=f"declare {terms.kind.label} of {amount} at record {record_id} by permit",
        )

    def claim(self, ids: Sequence[int], holder: str) -> Call:
        """Pay `holder` what it is owed from the distributions `ids`."""
        label = f"claim {', '.join(map(str, ids))} for {holder}"
        return self._write("claim", list(ids), holder, label=label)

    def push(
        self, distribution_id: int, holders: Sequence[str], gas_each: int | None = None
    ) -> Call:
        """Pay a page of holders; each payee is offered `gas_each`, or its part of what there is."""
        label = f"push distribution {distribution_id} to {counted(len(holders), 'holder')}"
        if gas_each is not None:
            return self._write("pushWithGas", distribution_id, list(holders), gas_each, label=label)
        return self._write("push", distribution_id, list(holders), label=label)

    def would_push(self, distribution_id: int, pages: Sequence[Sequence[str]]) -> list[int]:
        """How many of each page a push of it would pay now."""
        rows = [(distribution_id, list(page)) for page in pages]
        # Each is a question of millions of gas, and an answer has to come in time.
        starts = range(0, len(rows), HEAVY_BATCH)
        return [
            n for start in starts for n in self._views("push", rows[start : start + HEAVY_BATCH])
        ]

    def set_payee(self, payee: str) -> Call:
        """Send the sender's income to `payee` from now on."""
        return self._write("setPayee", payee, label=f"set the payee to {payee}")

    def remit(self, distribution_id: int) -> Call:
        """Send the tax withheld so far to the collector."""
        label = f"remit the tax of distribution {distribution_id}"
        return self._write("remit", distribution_id, label=label)

    def sweep(self, distribution_id: int) -> Call:
        """After the deadline, send what is unclaimed to the recipient of the terms."""
        return self._write("sweep", distribution_id, label=f"sweep distribution {distribution_id}")

    def fix_eligible(self, distribution_id: int, most: int) -> Call:
        """Look at `most` more excluded accounts; after the last, count the shares that earn."""
        label = f"count the shares of distribution {distribution_id}"
        return self._write("fixEligible", distribution_id, most, label=label)

    def accounts_left(self, distribution_id: int) -> int:
        """Excluded accounts that are still to be looked at before the shares are counted."""
        return int(self._view("fixEligible", distribution_id, 0))

    def refund(self, distribution_id: int) -> Call:
        """Return a distribution that nobody can receive to its declarer."""
        label = f"refund distribution {distribution_id}"
        return self._write("refund", distribution_id, label=label)


def _distribution(number: int, struct: Mapping[str, Any]) -> Distribution:
    return Distribution(
        id=number,
        token=struct["token"],
        record_id=struct["recordId"],
        currency=struct["currency"],
        declarer=struct["declarer"],
        terms=Terms.of(struct["terms"]),
        tax_collector=struct["taxCollector"],
        amount=struct["amount"],
        carried_in=struct["carriedIn"],
        eligible_supply=struct["eligibleSupply"],
        settled_shares=struct["settledShares"],
        paid=struct["paid"],
        withheld=struct["withheld"],
        remitted=struct["remitted"],
        owed=struct["owed"],
        carried_out=struct["carriedOut"],
        swept=struct["swept"],
    )


# --------------------------------------------------------------------------- what was declared


def find_distribution(vault: DividendVault, distribution_id: int) -> Distribution:
    """The distribution of this id.

    Raises: InputError when it was never declared.
    """
    count = vault.distribution_count()
    if not 1 <= distribution_id <= count:
        known = f"there are 1 to {count}" if count else "there is none yet"
        raise InputError.of(
            "distribution", distribution_id, f"was never declared: {known}", "check the id"
        )
    return vault.distribution(distribution_id)

"""Random histories of two assets and a vault, such as their contracts could tell."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.prorata.store.made_logs import (
    OTHER,
    START,
    TOKEN,
    Event,
    claimed,
    declared,
    move,
    paid,
    person,
    told,
)

PEOPLE = 6
LARGEST = 2**256 - 1


class _Teller:
    """What has been told so far, so that what is told next makes sense."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.held: dict[str, list[int]] = {token: [0] * (PEOPLE + 1) for token in (TOKEN, OTHER)}
        self.records = dict.fromkeys((TOKEN, OTHER), 0)
        self.lost: dict[str, set[int]] = {TOKEN: set(), OTHER: set()}
        self.distributions = 0
        self.block = 0

    def event(self) -> Event:
        token = self.draw(st.sampled_from((TOKEN, TOKEN, OTHER)))
        kind = self.draw(st.sampled_from("mmmmiiburdcwfse"))
        return getattr(self, f"_{kind}")(token)

    def _person(self) -> int:
        return self.draw(st.integers(1, PEOPLE))

    def _m(self, token: str) -> Event:
        giver, receiver = self._person(), self._person()
        held = self.held[token]
        amount = self.draw(st.sampled_from((0, 1, held[giver], held[giver] // 2)))
        amount = min(amount, held[giver])
        held[giver] -= amount
        held[receiver] += amount
        return move(giver, receiver, amount, token)

    def _i(self, token: str) -> Event:
        held, receiver = self.held[token], self._person()
        room = LARGEST - sum(held)
        amount = min(room, self.draw(st.sampled_from((0, 7, 10**18, 2**96, 2**255, LARGEST))))
        held[receiver] += amount
        return move(0, receiver, amount, token)

    def _b(self, token: str) -> Event:
        giver, held = self._person(), self.held[token]
        amount = self.draw(st.integers(0, held[giver]))
        held[giver] -= amount
        return move(giver, 0, amount, token)

    def _u(self, token: str) -> Event:
        return told("AddressFrozen", token, userAddress=person(self._person()), isFrozen=True,
                    owner=person(1))  # fmt: skip

    def _f(self, token: str) -> Event:
        return told("AddressFrozen", token, userAddress=person(self._person()), isFrozen=False,
                    owner=person(1))  # fmt: skip

    def _r(self, token: str) -> Event:
        self.records[token] += 1
        closes_at = START + 10_000_000 + self.records[token]
        return told("RecordScheduled", token, recordId=self.records[token], closesAt=closes_at)

    def _s(self, token: str) -> Event:
        lost, successor = self._person(), self._person()
        gone = self.lost[token]
        if lost == successor or {lost, successor} & gone:
            return self._e(token)
        gone.add(lost)
        return told("RecoverySuccess", token, lostWallet=person(lost), newWallet=person(successor),
                    investorOnchainID=person(successor))  # fmt: skip

    def _d(self, token: str) -> Event:
        self.distributions += 1
        # Anybody may declare for a token of his own, whose records have numbers as he likes.
        record = self.draw(st.sampled_from((1, 2, 2**63 - 1, 2**63, LARGEST)))
        return declared(self.distributions, record, self.draw(st.integers(1, LARGEST)), token)

    def _c(self, _: str) -> Event:
        gross = self.draw(st.integers(0, LARGEST))
        return claimed(1 + self.distributions, self._person(), gross, gross // 3)

    def _w(self, _: str) -> Event:
        parts = [(number, 10**18 + number, number) for number in range(1, 3)]
        return paid("ClaimedMany", holder=person(self._person()), payee=person(self._person()),
                    settlements=parts)  # fmt: skip

    def _e(self, token: str) -> Event:
        return told("Approval", token, owner=person(1), spender=person(2), value=LARGEST)


@st.composite
def histories(draw: st.DrawFn, *, most: int = 12) -> list[list[Event]]:
    """Blocks of events; many blocks have none."""
    teller = _Teller(draw)
    sizes = draw(st.lists(st.sampled_from((0, 0, 1, 2, 5)), min_size=1, max_size=most))
    return [[teller.event() for _ in range(size)] for size in sizes]

"""Claims that a holder has signed for, and that anybody may bring."""

from __future__ import annotations

from collections.abc import Sequence

from tests.model.outcomes import Event, Reason, Refused, refuse
from tests.model.vault import RELAYER, Vault


class Relayer:
    """The relayer of one vault: each instruction is executed once."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.spent: set[tuple[str, int]] = set()
        """Signers and the nonces that they have used."""

    def execute(
        self, signer: str, holder: str, ids: Sequence[int], receiver: str, nonce: int
    ) -> list[Event]:
        """Claim as `signer` has signed for."""
        known = self.vault.known(ids)
        claimants = [(it.id, it.ledger.claimant(holder)) for it in known]
        unknown = [self.vault.unknown(number) for number in ids]
        others = [
            ("ClaimRelayer_NotClaimant", (number, signer, claimant))
            for number, claimant in claimants
            if claimant != signer
        ]
        nothing = not any(it.unclaimed(holder) for it in known)
        why: list[Reason | None] = [
            *unknown,
            *others,
            ("ClaimRelayer_NonceSpent", (signer, nonce)) if (signer, nonce) in self.spent else None,
            ("ClaimRelayer_NothingToPay", (holder,)) if nothing else None,
        ]
        try:
            refuse(*why)
        except Refused as refused:
            later = [self.vault.unpayable(number) for number in ids]
            raise Refused(*refused.reasons, *(reason for reason in later if reason)) from None
        events = self.vault.claim(ids, holder, RELAYER, receiver)
        self.spent.add((signer, nonce))
        return events

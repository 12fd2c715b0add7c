"""Claims that a holder has signed for, and that anybody may bring."""

from __future__ import annotations

from collections.abc import Sequence

from tests.model.outcomes import Event, Reason
from tests.model.vault import Vault


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
        nothing = not any(it.unclaimed(holder) for it in self.vault.known(ids))
        why: list[Reason | None] = [
            ("ClaimRelayer_NonceSpent", (signer, nonce)) if (signer, nonce) in self.spent else None,
            ("ClaimRelayer_NothingToPay", (holder,)) if nothing else None,
        ]
        events = self.vault.claim(ids, holder, receiver, signer, why)
        self.spent.add((signer, nonce))
        return events

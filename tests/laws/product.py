"""The product's own arithmetic beside the model's: `prorata.apportion` in every distribution."""

from __future__ import annotations

from collections.abc import Iterator

from prorata.apportion import apportion, withhold
from tests.model.vault import Vault


def differences(vault: Vault) -> Iterator[str]:
    """Where the product divides or taxes otherwise than the model."""
    for it in vault.distributions:
        if not it.eligible:
            continue
        product = apportion(it.amount, it.balances, it.excluded)
        ours = {who: it.entitled(who).gross for who in it.balances}
        if (product.gross, product.eligible, product.remainder) != (
            ours,
            it.eligible,
            it.remainder,
        ):
            yield f"{it.id} is divided as {product}, the law has {ours} and {it.remainder}"
        for who, payment in it.settled.items():
            if withhold(payment.gross, it.rate) != payment.tax:
                yield f"{it.id} withholds otherwise from {who}, the law has {payment}"

# SPDX-License-Identifier: MIT
"""Secrets of the office's webhooks: derived from a master secret of the operator, stored nowhere.

A secret is HMAC-SHA256 by the master secret of tenant, webhook and a salt. So a stolen database
signs nothing, and a master secret that is replaced takes only those secrets with it that were
derived from it: each version knows its master by a fingerprint.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from prorata.errors import InputError

__all__ = ["SET_MASTER", "SHORTEST_MASTER", "Masters"]

SHORTEST_MASTER = 32
"""Characters of a master secret."""

SET_MASTER = "set PRORATA_WEBHOOK_SECRETS, or name a file with --webhook-secret-file"


class Masters:
    """The master secrets, the newest first: new secrets are derived from it, old ones from each."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        """Raises: InputError for one that could be guessed."""
        if any(len(one) < SHORTEST_MASTER for one in secrets):
            raise InputError.of(
                "webhook-secret", "…", f"has fewer than {SHORTEST_MASTER} characters",
                "make one with: python -c 'import secrets; print(secrets.token_hex(32))'",
            )  # fmt: skip
        self._secrets = {_code(one, b"fingerprint").hex()[:16]: one for one in secrets}

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def __contains__(self, fingerprint: str) -> bool:
        return fingerprint in self._secrets

    @property
    def newest(self) -> str:
        """The fingerprint of the one that new secrets are derived from.

        Raises: InputError when there is none.
        """
        if not self._secrets:
            rule = "is missing: secrets of webhooks are derived from it"
            raise InputError.of("webhook-secret", "", rule, SET_MASTER)
        return next(iter(self._secrets))

    def secret(self, fingerprint: str, tenant: str, webhook: str, salt: str) -> str:
        """The secret of a webhook with that salt, as Standard Webhooks writes it.

        Raises: InputError when its master secret is not among these.
        """
        if fingerprint not in self._secrets:
            rule = f"has a secret of the master secret {fingerprint}, which is not given"
            remedy = "give that one too, or rotate the webhook: `prorata webhooks rotate`"
            raise InputError.of("webhook", webhook, rule, remedy)
        said = f"secret\n{tenant}\n{webhook}\n{salt}".encode()
        code = _code(self._secrets[fingerprint], said)
        return "whsec_" + base64.b64encode(code).decode()


def _code(secret: str, said: bytes) -> bytes:
    return hmac.new(secret.encode(), b"prorata.webhook\n" + said, hashlib.sha256).digest()

"""Faults planted in the share token to see whether the machine finds them, each behind a number.

Those of the vault are `tests/contracts/faulty_vault.py`'s; these are written into the sources the
same way.
"""

from __future__ import annotations

from prorata.chain.artifacts import Artifact
from tests.contracts.faulty_vault import Fault, planted

TOKEN = "contracts/token/ShareToken.sol"
LEDGER = "contracts/token/ShareLedger.sol"
FAULTY = "BrokenToken"

FAULTS = (
    Fault(
        "forgets what a giver had at the record", LEDGER,
        r"source\.since\(\) != closed", "SOUND && !FAULT", (),
    ),
    Fault(
        "forgets the supply at the record when shares are destroyed", LEDGER,
        r"_supply\.past\.upTo\(_supply\.account, closed\)", "(FAULT ? _supply.account : SOUND)", (),
    ),
    Fault(
        "finds a record closed a second early", LEDGER,
        r"block\.timestamp <= closesAt", "block.timestamp < closesAt + (FAULT ? 0 : 1)", (),
    ),
    Fault(
        "spends no allowance", LEDGER, r"_allowances\[owner\]\[spender\] = allowed - amount;",
        "if (!FAULT) SOUND", (),
    ),
    Fault(
        "forgets the freezes of a lost wallet", TOKEN, r"_moveFreezes\(lostWallet.*;",
        "if (!FAULT) SOUND", (),
    ),
    Fault(
        "pays a frozen holder", TOKEN, r"_holders\[claimant\]\.account\.has",
        "!FAULT && SOUND", (),
    ),
    Fault(
        "lets a frozen spender spend", TOKEN, r"_isBlocked\(msg\.sender\)\) \{",
        "!FAULT && SOUND", (),
    ),
    Fault(
        "frees what a forced transfer to oneself did not take", TOKEN,
        r"from != to(?=\) _takeFrozen)", "FAULT || SOUND", (),
    ),
)  # fmt: skip


def build(token: Artifact) -> Artifact:
    """Compile the faulty vault of the token."""
    return planted(token, FAULTY, FAULTS)

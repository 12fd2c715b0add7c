"""Faults planted in the share token to see whether the machine finds them, each behind a number.

Those of the vault are `tests/contracts/twin.py`'s; these are written into the sources the same way.
"""

from __future__ import annotations

import re
from dataclasses import replace

from prorata.build import Artifact, compile_standard, standard_json
from tests.contracts.twin import SWITCH, SWITCH_SOURCE, Fault

TOKEN = "contracts/ShareToken.sol"
LEDGER = "contracts/ShareLedger.sol"
TWIN = "BrokenToken"

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
    """Compile the twin: a token that has all the faults, each behind its number.

    Raises: LookupError when a fault no longer fits the source that it was written for.
    """
    source = standard_json()
    texts = {path: source["sources"][path]["content"] for path in (TOKEN, LEDGER)}
    for number, fault in enumerate(FAULTS, start=1):
        broken = fault.broken.replace("FAULT", f"Fault.on({number})")
        texts[fault.path], found = re.subn(
            fault.sound, lambda match, to=broken: to.replace("SOUND", match[0]), texts[fault.path]
        )
        if not found:
            raise LookupError(
                f"{fault.path} has nothing like {fault.sound!r}; rewrite the fault {fault.code!r}"
            )
    imported = rf'\1\nimport {{Fault}} from "{SWITCH}";'
    for path, text in texts.items():
        known = re.sub(r"(pragma solidity .*;)", imported, text, count=1)
        source["sources"][path] = {"content": known}
    commit = "function commit(uint256 fault) external { Fault.commit(fault); }"
    text = source["sources"][TOKEN]["content"]
    text = re.sub(r"(contract ShareToken is .*\{)", rf"\1\n    {commit}", text)
    source["sources"][TOKEN] = {"content": text}
    source["sources"][SWITCH] = {"content": SWITCH_SOURCE}
    wanted = {"ShareToken": ["abi", "evm.bytecode.object"]}
    source["settings"] = {**source["settings"], "outputSelection": {TOKEN: wanted}}
    contract = compile_standard(source)["contracts"][TOKEN]["ShareToken"]
    creation = bytes.fromhex(contract["evm"]["bytecode"]["object"])
    return replace(token, name=TWIN, abi=contract["abi"], bytecode=creation)

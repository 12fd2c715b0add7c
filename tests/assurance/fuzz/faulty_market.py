"""Faults planted in what trades and in what holds, to see whether the machine finds them."""

from __future__ import annotations

from prorata.chain.artifacts import Artifact
from tests.contracts.faulty_vault import Fault, planted

SETTLEMENT = "contracts/market/TradeSettlement.sol"
ORDER = "contracts/market/OrderLib.sol"
RECORD = "contracts/market/RecordGuardLib.sol"
DELIVERY = "contracts/market/DeliveryLib.sol"
HOLDS = "contracts/market/Holds.sol"
FAULTY_SETTLEMENT, FAULTY_HOLDS = "BrokenSettlement", "BrokenHolds"

SETTLEMENT_FAULTS = (
    Fault(
        "forgets what was filled", SETTLEMENT,
        r"_filled\[maker\]\[nonce >> 1\] \^= \(done \^ now_\) << shift;", "if (!FAULT) SOUND", (),
    ),
    Fault(
        "spends the neighbour of a nonce", SETTLEMENT,
        r"(?<=_filled\[msg\.sender\]\[nonce >> 1\] \|= SPENT << )_shiftOf\(nonce\)",
        "(FAULT ? 128 - SOUND : SOUND)", (),
    ),
    Fault(
        "lets bit 63 pass below", SETTLEMENT,
        r"nonce & ~OrderLib\.PARTIAL < lowestNonce\[maker\]",
        "(FAULT ? nonce : nonce & ~OrderLib.PARTIAL) < lowestNonce[maker]", (),
    ),
    Fault(
        "rounds each part up by itself", ORDER,
        r"(?<=parts\.taken = )_costOf\(order, done \+ amount\) - _costOf\(order, done\)",
        "(FAULT ? _costOf(order, amount) : SOUND)", (),
    ),
    Fault(
        "takes the fee on top", ORDER, r"(?<=return )parts\.taken - parts\.fee \+ fee \+ tax",
        "(FAULT ? parts.taken + tax : SOUND)", (),
    ),
    Fault(
        "fills in the second after the close", RECORD, r"answer < block\.timestamp",
        "answer + (FAULT ? 1 : 0) < block.timestamp", (),
    ),
    Fault(
        "believes what arrives", SETTLEMENT,
        r"if \(amount != 0\) DeliveryLib\.moveMeasured\(order\.take, msg\.sender, order\.maker, amount\);",
        "if (FAULT) DeliveryLib.move(order.take, msg.sender, order.maker, amount); else SOUND", (),
    ),
    Fault(
        "takes any answer for yes", DELIVERY, r"if \(!moved\) revert", "if (!moved && !FAULT) revert",
        (),
    ),
    Fault(
        "spends the number of the first giver only", SETTLEMENT,
        r"_spendTrade\(givers\[i\], nonce\);", "if (!FAULT || i == 0) SOUND", (),
    ),
)  # fmt: skip

HOLDS_FAULTS = (
    Fault(
        "delivers to whom it was promised first", HOLDS,
        r"(?<=address to = )lock\.redirectedTo == address\(0\)", "FAULT || SOUND", (),
    ),
    Fault(
        "lets the owner out early", HOLDS,
        r"if \(block\.timestamp <= terms\.until\) revert Holds_TooEarly",
        "if (!FAULT && block.timestamp <= terms.until) revert Holds_TooEarly", (),
    ),
    Fault(
        "releases what was claimed", HOLDS,
        r"_requireState\(id, lock, State\.Open\);\n            if \(block\.timestamp <= terms\.until\)",
        "if (!FAULT) SOUND", (),
    ),
    Fault(
        "decides anew where a hold lies", HOLDS,
        r"(?<=Care care = )lock\.care(?=;\n        address to)",
        "(FAULT ? _careFor(terms.asset, terms.owner) : SOUND)", (),
    ),
    Fault(
        "forgets what a keeper delivered", HOLDS, r"keep\.kept = kept - amount;",
        "if (!FAULT) SOUND", (),
    ),
    Fault(
        "keeps the consent that was ended", HOLDS,
        r"delete _keeps\[keeper\]\[asset\]\[owner\];", "if (FAULT) keep.kept = 0; else SOUND", (),
    ),
    Fault(
        "lets a lost wallet open a hold", HOLDS,
        r"if \(_inPlaceOf\(asset, Care\.Shares, owner\) != owner\) revert Holds_HasSuccessor\(owner\);",
        "if (!FAULT) { SOUND }", (),
    ),
    Fault(
        "counts what was asked for", HOLDS, r"if \(arrived < amount\) revert Holds_Short",
        "if (!FAULT && arrived < amount) revert Holds_Short", (),
    ),
)  # fmt: skip


def build_settlement(sound: Artifact) -> Artifact:
    """Compile the faulty settlement."""
    return planted(sound, FAULTY_SETTLEMENT, SETTLEMENT_FAULTS)


def build_holds(sound: Artifact) -> Artifact:
    """Compile the faulty holds."""
    return planted(sound, FAULTY_HOLDS, HOLDS_FAULTS)

"""Faults planted in what trades and in what holds, to see whether the machine finds them."""

from __future__ import annotations

from prorata.chain.artifacts import Artifact
from tests.contracts.faulty_vault import Fault, planted

SETTLEMENT = "contracts/market/TradeSettlement.sol"
RECORD = "contracts/market/RecordGuardLib.sol"
DELIVERY = "contracts/market/DeliveryLib.sol"
HOLDS = "contracts/market/Holds.sol"
CALLS = "contracts/market/CallSettlement.sol"
ORDERS = "contracts/market/CallAuction.sol"
FAULTY_SETTLEMENT, FAULTY_HOLDS = "BrokenSettlement", "BrokenHolds"
FAULTY_CALLS = "BrokenCallAuction"
EXCHANGES = "contracts/market/ShareExchange.sol"
FAULTY_EXCHANGES = "BrokenShareExchange"

SETTLEMENT_FAULTS = (
    Fault(
        "forgets what was filled", SETTLEMENT,
        r"book\.amounts\[nonce >> 1\] = pair \^ .*;", "if (!FAULT) SOUND", (),
    ),
    Fault(
        "fills the neighbour of a nonce", SETTLEMENT, r"(?<=uint256 shift = )_shiftOf\(nonce\)",
        "(FAULT ? 0 : SOUND)", (),
    ),
    Fault(
        "lets bit 63 pass below", SETTLEMENT,
        r"nonce \^ OrderLib\.PARTIAL < uint64\(first\)", "!FAULT && SOUND", (),
    ),
    Fault(
        "charges a part for what was before it", SETTLEMENT,
        r"order\.partsOf\(_spend\(order, amount\), amount\)",
        "order.partsOf(FAULT ? _spend(order, amount) / 2 : _spend(order, amount), amount)", (),
    ),
    Fault(
        "asks for no more than the first price", SETTLEMENT, r"if \(due > mostDue\)",
        "if (!FAULT && due > mostDue)", (),
    ),
    Fault(
        "fills in the second after the close", RECORD, r"answer < block\.timestamp",
        "answer + (FAULT ? 1 : 0) < block.timestamp", (),
    ),
    Fault(
        "believes what arrives", SETTLEMENT,
        r"DeliveryLib\.moveMeasured\(order\.take, msg\.sender, order\.maker, toMaker\);",
        "{ if (FAULT) DeliveryLib.move(order.take, msg.sender, order.maker, toMaker); else SOUND }",
        (),
    ),
    Fault(
        "takes any answer for yes", DELIVERY, r"if \(!moved\) revert",
        "if (!moved && !FAULT) revert", (),
    ),
    Fault(
        "spends the number of the first giver only", SETTLEMENT,
        r"_spendTrade\(giver, nonce\);", "if (!FAULT || i == 0) SOUND", (),
    ),
    Fault(
        "takes the fee from whom it goes to", SETTLEMENT, r"if \(fee != 0\) DeliveryLib",
        "if (fee != 0 && !FAULT) DeliveryLib", (),
    ),
)  # fmt: skip

HOLDS_FAULTS = (
    Fault(
        "delivers to whom it was promised first", HOLDS,
        r"to == address\(0\)(?= \? terms\.to)", "FAULT || SOUND", (),
    ),
    Fault(
        "releases what was claimed", HOLDS,
        r"if \(lock\.state\(\) != State\.Open\)(?= revert Holds_NotIn)",
        "if (!FAULT && lock.state() != State.Open)", (),
    ),
    Fault(
        "lets the owner out early", HOLDS,
        r"if \(block\.timestamp <= terms\.until\) revert Holds_TooEarly",
        "if (!FAULT && block.timestamp <= terms.until) revert Holds_TooEarly", (),
    ),
    Fault(
        "decides anew where a hold lies", HOLDS,
        r"(?<=Care care = )lock\.care\(\)(?=;\n        address to)",
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
        r"if \(_inPlaceOf\(asset, Care\.Shares, owner\) != owner\)(?= revert)",
        "if (!FAULT && _inPlaceOf(asset, Care.Shares, owner) != owner)", (),
    ),
    Fault(
        "counts what was asked for", HOLDS, r"if \(arrived < amount\) revert Holds_Short",
        "if (!FAULT && arrived < amount) revert Holds_Short", (),
    ),
)  # fmt: skip

CALL_FAULTS = (
    Fault(
        "takes orders after the close", ORDERS,
        r"_requireOpenAt\(terms\.opensAtOf\(\), terms\.closesAtOf\(\)\);",
        "if (!FAULT) SOUND", (),
    ),
    Fault(
        "forgets a number", ORDERS, r"_spent\[owner\]\[nonce >> 8\] = word \| bit;",
        "if (!FAULT) SOUND", (),
    ),
    Fault(
        "keeps the interest of a withdrawn order", CALLS,
        r"if \(state == ICallAuction\.OrderState\.Placed\)(?= _subtractInterest)",
        "if (!FAULT && state == ICallAuction.OrderState.Placed)", (),
    ),
    Fault(
        "keeps what an order paid too much", CALLS,
        r"page\.refundable\[ladder\] -= money;\n            emit ICallAuction\.Refunded",
        "if (FAULT) return;\n            SOUND", (),
    ),
    Fault(
        "takes no fee", CALLS, r"page\.fees\[ladder\] \+= fee;", "if (!FAULT) SOUND", (),
    ),
    Fault(
        "pays an asker its fee", CALLS, r"(?<=_pay\(terms, book, page, 0, seller, )cost - fee",
        "FAULT ? cost : SOUND", (),
    ),
    Fault(
        "settles after its time", CALLS,
        r"(?<=Stage\.Settling\);\n        )_requireUntil\(terms\.settleBy\);",
        "if (!FAULT) SOUND", (),
    ),
    Fault(
        "refunds before its time", CALLS, r"if \(!isOver\)", "if (!FAULT && !isOver)", (),
    ),
)  # fmt: skip

EXCHANGE_FAULTS = (
    Fault(
        "pays and owes as well", EXCHANGES,
        r"(?<=_owe\(page\.id, holder, )isPaid(?= \? 0)", "isPaid && !FAULT", (),
    ),
    Fault(
        "forgets a debt that it paid not", EXCHANGES,
        r"record\.owed = \(record\.owed \+ paid\)\.toUint128\(\);", "if (!FAULT) SOUND", (),
    ),
    Fault(
        "pays what held shares brought at once", EXCHANGES, r"if \(held != 0\) \{",
        "if (FAULT) held = 0;\n        SOUND", (),
    ),
    Fault(
        "forgets what the day has used", EXCHANGES,
        r"\(record\.day, record\.dayShares\) = .*;", "if (!FAULT) SOUND", (),
    ),
    Fault(
        "minds owed shares that are to be minted", EXCHANGES,
        r"FixedPointMathLib\.zeroFloorSub\(record\.otherKept, record\.owedOther\)",
        "FAULT ? record.otherKept - record.owedOther : SOUND", (),
    ),
    Fault(
        "counts as locked what an order has taken", EXCHANGES,
        r"_numberOf\(token, IShareToken\.heldOf\.selector, inPlace\)",
        "FAULT ? locked : SOUND", (),
    ),
)  # fmt: skip


def build_settlement(sound: Artifact) -> Artifact:
    """Compile the faulty settlement."""
    return planted(sound, FAULTY_SETTLEMENT, SETTLEMENT_FAULTS)


def build_holds(sound: Artifact) -> Artifact:
    """Compile the faulty holds."""
    return planted(sound, FAULTY_HOLDS, HOLDS_FAULTS)


def build_calls(sound: Artifact) -> Artifact:
    """Compile the faulty calls."""
    return planted(sound, FAULTY_CALLS, CALL_FAULTS)


def build_exchanges(sound: Artifact) -> Artifact:
    """Compile the faulty exchanges."""
    return planted(sound, FAULTY_EXCHANGES, EXCHANGE_FAULTS)

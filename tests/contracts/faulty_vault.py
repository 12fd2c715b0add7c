"""A vault with every fault that somebody could build into its payments, one at a time.

The faulty vault is compiled from the vault's own sources, into which the faults are written;
`commit` chooses which of them it has. Chosen none, it must be as good as the original.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from prorata.chain.artifacts import Artifact
from prorata.toolchain.compiler import compile_standard, standard_json

VAULT = "contracts/income/DividendVault.sol"
PAYMENT = "contracts/libraries/PaymentLib.sol"
GUARD = "node_modules/@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol"
SWITCH = "contracts/libraries/Fault.sol"
FAULTY = "BrokenVault"

SWITCH_SOURCE = """// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

library Fault {
    uint256 private constant SLOT = uint256(keccak256("the fault of the faulty vault"));

    function commit(uint256 fault) internal {
        uint256 slot = SLOT;
        assembly ("memory-safe") {
            sstore(slot, fault)
        }
    }

    function on(uint256 fault) internal view returns (bool yes) {
        uint256 slot = SLOT;
        assembly ("memory-safe") {
            yes := eq(sload(slot), fault)
        }
    }
}
"""


@dataclass(frozen=True)
class Fault:
    """One fault: what it replaces in a source, by what, and the cells of the matrix that notice it.

    `sound` is a regular expression; in `broken`, FAULT is whether the faulty vault has this fault,
    and SOUND what was found. The faulty vault turns bad when the harness has been opened, or, where
    only the opening has a payment that shows it, before.
    """

    code: str
    path: str
    sound: str
    broken: str
    caught: tuple[str, ...]
    opening: bool = False


def after_the_call(code: str, assembly: str, *caught: str) -> Fault:
    """A fault in how the answer of an ERC-20 is read."""
    broken = "if (FAULT) { assembly { " + assembly + " } }\n        SOUND"
    return Fault(code, PAYMENT, r"if \(!called", broken, caught)


FAULTS = (
    # ------------------------------------------------------- sending an ERC-20
    after_the_call(
        "takes any answer for yes", "succeeded := 1",
        "unasked answers-no claim", "unasked moves-and-answers-no push",
    ),
    after_the_call(
        "takes any word for yes", "succeeded := gt(mload(0), 0)",
        "unasked answers-two claim", "unasked answers-two refund",
    ),
    after_the_call(
        "takes a short answer for yes", "succeeded := or(succeeded, eq(returndatasize(), 31))",
        "unasked answers-short remit", "unasked answers-short push",
    ),
    after_the_call(
        "pays where there is no code",
        "if iszero(returndatasize()) { called := 1 succeeded := 1 }",
        "unasked vanishes claim", "unasked vanishes push",
    ),
    after_the_call(
        "wants an answer", "succeeded := and(succeeded, gt(returndatasize(), 0))",
        "no-return claim", "no-return push",
    ),
    after_the_call(
        "wants nothing but the answer", "succeeded := and(succeeded, lt(returndatasize(), 33))",
        "long-answer claim",
    ),
    after_the_call(
        "copies what comes back", "returndatacopy(mload(0x40), 0, returndatasize())",
        "long-answer claim",
    ),
    Fault(
        "takes a revert for a payment", PAYMENT, r"(?<=if \(!called\) return )Outcome\.Failed",
        "FAULT ? Outcome.Paid : SOUND",
        ("unasked paused claim", "unasked holder-blocked push", "unasked down refund"),
    ),
    Fault(
        "has no bound for a page's payment", PAYMENT, r"bool called;",
        "if (FAULT) gasLimit = gasleft();\n        SOUND",
        ("unasked burns push", "hungry push"),
    ),
    Fault(
        "pays what is left", PAYMENT, r"bool called;",
        "if (FAULT && amount > holdingOf(currency)) amount = holdingOf(currency);\n        SOUND",
        ("unasked down claim", "unasked down sweep"),
    ),
    Fault(
        "loses a unit of large amounts", PAYMENT, r"if \(currency == address\(0\)\) \{",
        "if (FAULT && amount > 200_000) --amount;\n        SOUND",
        ("decimals-36 claim", "160-bits push", "dai-permit claim", "coin claim"),
    ),
    # ------------------------------------------------- sending the native coin
    Fault(
        "gives receivers all gas", PAYMENT, r"(?<=trySafeTransferETH\(to, amount, )gasLimit",
        "FAULT ? gasleft() : SOUND",
        ("coin coin-burns push", "coin coin-hungry push"),
    ),
    Fault(
        "gives receivers the same in a claim as in a page", PAYMENT,
        r"uint256 gasLimit\) internal returns \(Outcome\) \{",
        "SOUND if (FAULT && currency == address(0)) gasLimit = LEAST_NATIVE_GAS;",
        ("coin coin-hungry claim", "coin coin-megabyte remit"),
    ),
    Fault(
        "copies what receivers say", PAYMENT, r"return sent \?",
        "if (FAULT) { assembly { returndatacopy(mload(0x40), 0, returndatasize()) } }\n"
        "            SOUND",
        ("coin coin-megabyte claim", "coin coin-megabyte refund"),
    ),
    Fault(
        "takes a receiver's refusal for a payment", PAYMENT, r"return sent \?",
        "return sent || FAULT ?",
        ("coin coin-refused claim", "coin coin-refused sweep"),
    ),
    # ------------------------------------------------------------------ taking
    Fault(
        "counts what was asked", PAYMENT, r"arrived = ", "SOUND FAULT ? amount : ",
        ("fee declare", "one-less declare", "max-means-all declare", "unasked fee-on declare"),
    ),
    Fault(
        "counts what was there", PAYMENT, r"arrived = ", "SOUND FAULT ? held : ",
        ("unasked declare",),
    ),
    Fault(
        "does not mind how it was paid", PAYMENT,
        r"!SafeTransferLib\.trySafeTransferFrom\(currency, from, address\(this\), amount\)",
        "(SOUND && !FAULT)",
        ("unasked moves-and-answers-no declare", "unasked answers-two declare"),
    ),
    Fault(
        "takes silence for nothing", PAYMENT, r"!reported", "(SOUND && !FAULT)",
        ("unasked tells-late declare",),
    ),
    Fault(
        "lets a question burn everything", PAYMENT, r"(?<=_holdingQuestion\(\), )QUESTION_GAS",
        "FAULT ? gasleft() : QUESTION_GAS",
        ("unasked burns-when-asked push",),
    ),
    Fault(
        "does not mind whether it was paid", VAULT, r"if \(!taken\)", "if (!taken && !FAULT)",
        ("no-code declare", "unasked answers-no declare"),
    ),
    Fault(
        "loses a unit of small amounts", VAULT, r"if \(received == 0\)",
        "if (FAULT && received < 5_000) --received;\n        SOUND",
        ("decimals-2 declare", "flash-mint declare", "max-means-all declare", "coin declare"),
    ),
    Fault(
        "knows no limit", VAULT, r"TermsLib\.MAX_AMOUNT\) \{",
        "(FAULT ? type(uint256).max : TermsLib.MAX_AMOUNT)) {",
        ("over-160-bits declare",),
    ),
    # ------------------------------------------------------------------ paying
    Fault(
        "pays nothing where nothing is due, by claim", VAULT, r"if \(amount == 0\) return",
        "if (!FAULT && amount == 0) return",
        ("refuses-zero claim",), opening=True,
    ),
    Fault(
        "pays nothing where nothing is due, by push", VAULT, r"if \(net != 0\)",
        "if (FAULT || net != 0)",
        ("refuses-zero push",), opening=True,
    ),
    Fault(
        "does not mind whether a payment failed", VAULT,
        r"PaymentLib\.trySend\(currency, to, amount, PaymentLib\.forwardable\(\)\) !=",
        "!FAULT && SOUND",
        ("unasked answers-no claim", "coin coin-refused remit", "unasked paused sweep"),
    ),
    Fault(
        "lets one failure stop the page", VAULT,
        r"page\.batch\.undo\(terms, page\.progressBefore\);",
        "if (FAULT) revert DividendVault_PaymentFailed(terms.currency(), page.batch.holder, 1);\n"
        "        SOUND",
        ("unasked holder-blocked push", "coin coin-refused push"),
    ),
    Fault(
        "forgets to undo the progress", VAULT,
        r"page\.batch\.undo\(terms, page\.progressBefore\);",
        "uint256 bits = page.batch.progress;\n        SOUND\n"
        "        if (FAULT) { page.batch.progress = bits; page.batch.saveProgress(); }",
        ("unasked holder-blocked push", "unasked paused push"),
    ),
    Fault(
        "forgets to undo the claimed bit", VAULT,
        r"page\.batch\.undo\(terms, page\.progressBefore\);",
        "SOUND\n        if (FAULT) page.batch.saveClaimed();",
        ("unasked holder-blocked push", "unasked answers-no push"),
    ),
    Fault(
        "withholds of what it did not pay", VAULT,
        r"(?<=if \(tax != 0)(?=\) _withheld\[terms\.id\] -= tax)",
        " && !FAULT",
        ("unasked holder-blocked push", "coin coin-burns push"),
    ),
    Fault(
        "takes a denial for a failure", VAULT, r"if \(outcome == PaymentLib\.Outcome\.Denied",
        "if (!FAULT && outcome == PaymentLib.Outcome.Denied",
        ("unasked moves-and-answers-no push", "unasked answers-short push"),
    ),
    # ------------------------------------------------------------------ ending
    Fault(
        "remits again", VAULT, r"_remitted\[id\] \+= amount;", "if (!FAULT) SOUND",
        ("unasked remit", "coin remit"),
    ),
    Fault(
        "sweeps and refunds again", VAULT, r"_endings\[id\] = ", "if (!FAULT) SOUND",
        ("unasked sweep", "own-coin refund"),
    ),
    Fault(
        "sweeps everything", VAULT, r"(?<=_send\(terms\.currency\(\), recipient, )amount",
        "FAULT ? PaymentLib.holdingOf(terms.currency()) : amount",
        ("decimals-18 sweep", "second-address sweep"),
    ),
    # -------------------------------------------------------------- re-entering
    Fault(
        "has no guard", GUARD, r"tstore\(true\)", "tstore(!FAULT)",
        ("calls-before claim into push", "calls-after declare into claim", "coin sweep into remit"),
    ),
)  # fmt: skip


def build(vault: Artifact) -> Artifact:
    """Compile the faulty vault of the vault."""
    return planted(vault, FAULTY, FAULTS)


def planted(artifact: Artifact, name: str, faults: Sequence[Fault]) -> Artifact:
    """A contract under another name that has all the faults, each behind its number.

    Raises: LookupError when a fault no longer fits the source that it was written for.
    """
    source = standard_json()
    sources = source["sources"]
    for number, fault in enumerate(faults, start=1):
        content = sources[fault.path]["content"]
        broken = fault.broken.replace("FAULT", f"Fault.on({number})")
        content, found = re.subn(
            fault.sound, lambda match, to=broken: to.replace("SOUND", match[0]), content
        )
        if not found:
            raise LookupError(
                f"{fault.path} has nothing like {fault.sound!r}; rewrite the fault {fault.code!r}"
            )
        sources[fault.path] = {"content": content}
    path = artifact.source_name
    for edited in {path, *(fault.path for fault in faults)}:
        _edit(sources, edited, r"(pragma solidity .*;)", rf'\1\nimport {{Fault}} from "{SWITCH}";')
    function = "function commit(uint256 fault) external { Fault.commit(fault); }"
    _edit(sources, path, rf"(contract {artifact.name} is .*\{{)", rf"\1\n    {function}")
    sources[SWITCH] = {"content": SWITCH_SOURCE}
    wanted = {artifact.name: ["abi", "evm.bytecode.object"]}
    source["settings"] = {**source["settings"], "outputSelection": {path: wanted}}
    contract = compile_standard(source)["contracts"][path][artifact.name]
    creation = bytes.fromhex(contract["evm"]["bytecode"]["object"])
    return replace(artifact, name=name, abi=contract["abi"], bytecode=creation)


def _edit(sources: dict[str, dict[str, str]], path: str, pattern: str, by: str) -> None:
    content, found = re.subn(pattern, by, sources[path]["content"], count=1)
    assert found, f"{path} has nothing like {pattern!r}"
    sources[path] = {"content": content}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDividendVault} from "./IDividendVault.sol";
import {PayeeAndClaimsLib} from "./PayeeAndClaimsLib.sol";
import {ProgressLib} from "./ProgressLib.sol";
import {StoredTerms} from "./TermsLib.sol";

/// @dev A claim run: where in memory it lies. No struct, for the reason of `StoredTerms`.
type ClaimBatch is uint256;

using ClaimBatchLib for ClaimBatch global;

/// @title ClaimBatchLib
/// @notice A claim of several distributions of one series: everything that it changes, in memory until it is done.
/// @dev Distributions of one series share a holder's marks, most of their lanes, their event and their payment, so that
/// each slot is written once, however many are claimed. In memory, a word each:
///
///     laneKey    which slot of progress is in `lanes`
///     laneSlot   where that slot is
///     lanes      what it says, with what the run has settled
///     window     which window of the holder's marks is in `marks`
///     markSlot   where that window is
///     marks      what it says, with the marks that the run has set
///     holder     whose income it is
///     due        what is to be paid
///     end        where the next settlement is written
///     data       the event's data: payee, offset, count, and three words for each settlement
library ClaimBatchLib {
    using PayeeAndClaimsLib for PayeeAndClaimsLib.Files;

    uint256 private constant LANE_KEY = 0x00;
    uint256 private constant LANE_SLOT = 0x20;
    uint256 private constant LANES = 0x40;
    uint256 private constant WINDOW = 0x60;
    uint256 private constant MARK_SLOT = 0x80;
    uint256 private constant MARKS = 0xa0;
    uint256 private constant HOLDER = 0xc0;
    uint256 private constant DUE = 0xe0;
    uint256 private constant END = 0x100;
    uint256 private constant DATA = 0x120;
    uint256 private constant ENTRIES = 0x180;
    uint256 private constant ENTRY_BYTES = 0x60;

    /// @dev As `TermsLib` and `PayeeAndClaimsLib` have them, whose constants assembly cannot name.
    uint256 private constant SHEET_FIRST = 0x20;
    uint256 private constant SHEET_THIRD = 0x60;
    uint256 private constant SHEET_FOURTH = 0x80;
    uint256 private constant SHEET_BYTES = 0xa0;
    uint256 private constant UNUSUAL = 0x6000000000000000000000000000000000000000000000000000000000000000;
    uint256 private constant CLAIMED_AT = 192;
    uint256 private constant MASK_32 = 0xffffffff;
    uint256 private constant MASK_24 = 0xffffff;

    // -------------------------------------------------------------------- opening

    /// @dev Room for a run of up to `most` settlements, not cleared: both `turn`s must follow.
    function open(address holder_, uint256 most) internal pure returns (ClaimBatch run) {
        assembly ("memory-safe") {
            run := mload(0x40)
            let entries := add(run, ENTRIES)
            mstore(0x40, add(entries, mul(most, ENTRY_BYTES)))
            mstore(add(run, HOLDER), holder_)
            mstore(add(run, DUE), 0)
            mstore(add(run, END), entries)
        }
    }

    /// @dev Begins anew for a holder, in the same room and with the same slot of progress.
    function restart(ClaimBatch self, address holder_) internal view {
        assembly ("memory-safe") {
            mstore(add(self, LANES), sload(mload(add(self, LANE_SLOT))))
            mstore(add(self, HOLDER), holder_)
            mstore(add(self, DUE), 0)
            mstore(add(self, END), add(self, ENTRIES))
        }
    }

    /// @dev Reads the slot of progress with this key. What the run has of another must have been saved.
    function turnLanes(ClaimBatch self, uint256 key, ProgressLib.Lanes storage slot) internal view {
        assembly ("memory-safe") {
            mstore(add(self, LANE_KEY), key)
            mstore(add(self, LANE_SLOT), slot.slot)
            mstore(add(self, LANES), sload(slot.slot))
        }
    }

    /// @dev The same with a window of marks, for the holder whose `file` says `fileBits`.
    function turnMarks(
        ClaimBatch self,
        PayeeAndClaimsLib.Files storage files,
        PayeeAndClaimsLib.Word storage file,
        uint256 fileBits,
        StoredTerms sheet
    ) internal view {
        uint256 window = PayeeAndClaimsLib.windowOf(sheet.ordinal());
        (PayeeAndClaimsLib.Word storage slot, uint256 marks) = files.find(
            self.holder(),
            file,
            fileBits,
            sheet.series(),
            window
        );
        assembly ("memory-safe") {
            mstore(add(self, WINDOW), window)
            mstore(add(self, MARK_SLOT), slot.slot)
            mstore(add(self, MARKS), marks)
        }
    }

    /// @dev Whether a distribution, whose mark is in memory, is marked as paid.
    function isMarked(ClaimBatch self, StoredTerms sheet) internal pure returns (bool) {
        return _get(self, MARKS) & PayeeAndClaimsLib.markOf(sheet.ordinal()) != 0;
    }

    /// @dev Whether the mark of a distribution is in memory.
    function hasMark(ClaimBatch self, StoredTerms sheet) internal pure returns (bool) {
        return PayeeAndClaimsLib.windowOf(sheet.ordinal()) == _get(self, WINDOW);
    }

    // -------------------------------------------------------------------- settling

    // One block, since each call between its parts would cost as much as the part.
    // solhint-disable function-max-lines

    /// @dev Settles distributions from `start` on as long as they are ordinary, and tells where that ends. `shares` are
    /// the holder's, and `sheet` is the one of `start`, as `last` is the one of `next`.
    ///
    /// Ordinary is what needs nothing from outside this memory and leaves nothing else to be done: no exclusion, no
    /// tax, the mark in `marks`, progress in `lanes`, a denominator, and not the last settlement. It is what
    /// `DividendVault` does with any other, and `ProgressLib.settleDown` with its numbers, at a third of the gas: most of
    /// what they cost is the way between functions.
    function settleOrdinary(
        ClaimBatch self,
        StoredTerms sheet,
        uint256[] memory shares,
        uint256 start
    ) internal pure returns (StoredTerms last, uint256 next) {
        assembly ("memory-safe") {
            next := start
            let marks := mload(add(self, MARKS))
            let lanes_ := mload(add(self, LANES))
            let entry := mload(add(self, END))
            let due_ := mload(add(self, DUE))
            for {} lt(next, mload(shares)) {
                next := add(next, 1)
                sheet := add(sheet, SHEET_BYTES)
            } {
                let held := mload(add(add(shares, 0x20), shl(5, next)))
                if iszero(held) {
                    continue
                }
                let mark := add(and(shr(192, mload(add(sheet, SHEET_FIRST))), MASK_32), CLAIMED_AT)
                if xor(shr(8, mark), mload(add(self, WINDOW))) {
                    break
                }
                mark := shl(and(mark, 0xff), 1)
                if and(marks, mark) {
                    continue
                }
                let lane := mload(add(sheet, SHEET_FOURTH))
                // Series are the same, so slots of progress differ in the last 24 bits of their keys.
                if or(and(lane, UNUSUAL), and(xor(shr(224, lane), mload(add(self, LANE_KEY))), MASK_24)) {
                    break
                }

                let eligible := mload(add(sheet, SHEET_THIRD))
                let amount := shr(96, shl(96, eligible))
                eligible := shr(160, eligible)
                let width := and(shr(208, lane), 0xff)
                lane := and(shr(216, lane), 0xff)
                let settled := and(shr(lane, lanes_), sub(shl(width, 1), 1))
                // The denominator is not known yet, or the shares left are not more than these.
                if iszero(and(lt(settled, eligible), lt(held, sub(eligible, settled)))) {
                    break
                }
                marks := or(marks, mark)
                mstore(entry, mload(sheet))
                mstore(add(entry, 0x40), 0)
                // As `ProgressLib.settleDown` says.
                settled := mulmod(amount, settled, eligible)
                amount := mul(amount, held)
                settled := add(settled, mod(amount, eligible))
                lanes_ := add(lanes_, shl(lane, or(held, shl(width, iszero(lt(settled, eligible))))))
                amount := div(amount, eligible)
                mstore(add(entry, 0x20), amount)
                due_ := add(due_, amount)
                entry := add(entry, ENTRY_BYTES)
            }
            last := sheet
            mstore(add(self, MARKS), marks)
            mstore(add(self, LANES), lanes_)
            mstore(add(self, END), entry)
            mstore(add(self, DUE), due_)
        }
    }

    // solhint-enable function-max-lines

    /// @dev Marks a distribution, whose mark is in memory, as paid; false if it was already.
    function tryMark(ClaimBatch self, uint256 ordinal) internal pure returns (bool fresh) {
        uint256 mark = PayeeAndClaimsLib.markOf(ordinal);
        uint256 marks = _get(self, MARKS);
        fresh = marks & mark == 0;
        _set(self, MARKS, marks | mark);
    }

    /// @dev Adds a settlement; there is room.
    function add(ClaimBatch self, uint256 id, uint256 gross, uint256 lanesAfter) internal pure {
        assembly ("memory-safe") {
            let entry := mload(add(self, END))
            mstore(entry, id)
            mstore(add(entry, 0x20), gross)
            mstore(add(entry, 0x40), 0)
            mstore(add(self, END), add(entry, ENTRY_BYTES))
            // No sum of amounts, which are of at most 160 bits, overflows.
            mstore(add(self, DUE), add(mload(add(self, DUE)), gross))
            mstore(add(self, LANES), lanesAfter)
        }
    }

    /// @dev Takes `tax`, which is at most its gross, off the settlement added last.
    function taxLast(ClaimBatch self, uint256 tax) internal pure {
        assembly ("memory-safe") {
            mstore(sub(mload(add(self, END)), 0x20), tax)
            mstore(add(self, DUE), sub(mload(add(self, DUE)), tax))
        }
    }

    // ----------------------------------------------------------------------- ending

    /// @dev Writes the slot of progress back.
    function saveLanes(ClaimBatch self) internal {
        assembly ("memory-safe") {
            sstore(mload(add(self, LANE_SLOT)), mload(add(self, LANES)))
        }
    }

    /// @dev Writes the window of marks back.
    function saveMarks(ClaimBatch self) internal {
        assembly ("memory-safe") {
            sstore(mload(add(self, MARK_SLOT)), mload(add(self, MARKS)))
        }
    }

    /// @dev Takes back the one settlement of a run that was saved. The marks are read anew, for the slot may have a
    /// payee, who may have been changed meanwhile.
    function undo(ClaimBatch self, StoredTerms sheet, uint256 lanesBefore) internal {
        uint256 mark = PayeeAndClaimsLib.markOf(sheet.ordinal());
        assembly ("memory-safe") {
            sstore(mload(add(self, LANE_SLOT)), lanesBefore)
            let slot := mload(add(self, MARK_SLOT))
            sstore(slot, and(sload(slot), not(mark)))
        }
    }

    /// @dev Tells of `settled` settlements: `Claimed` of one, `ClaimedMany` of more.
    function tell(ClaimBatch self, address payee, uint256 settled) internal {
        bytes32 one = IDividendVault.Claimed.selector;
        bytes32 many = IDividendVault.ClaimedMany.selector;
        assembly ("memory-safe") {
            // The compiler does not warrant that the upper bits of an address are clean.
            payee := shr(96, shl(96, payee))
            let whose := shr(96, shl(96, mload(add(self, HOLDER))))
            switch settled
            case 1 {
                // An entry is the event's data once the payee is where the id was.
                let entry := add(self, ENTRIES)
                let id := mload(entry)
                mstore(entry, payee)
                log3(entry, ENTRY_BYTES, one, id, whose)
            }
            default {
                let data := add(self, DATA)
                mstore(data, payee)
                mstore(add(data, 0x20), 0x40)
                mstore(add(data, 0x40), settled)
                log2(data, sub(mload(add(self, END)), data), many, whose)
            }
        }
    }

    /// @dev How many have been settled.
    function count(ClaimBatch self) internal pure returns (uint256 settled) {
        assembly ("memory-safe") {
            settled := div(sub(sub(mload(add(self, END)), self), ENTRIES), ENTRY_BYTES)
        }
    }

    // ----------------------------------------------------------------------- fields

    function lanes(ClaimBatch self) internal pure returns (uint256) {
        return _get(self, LANES);
    }

    function laneKey(ClaimBatch self) internal pure returns (uint256) {
        return _get(self, LANE_KEY);
    }

    /// @dev The tax of the settlement added last.
    function lastTax(ClaimBatch self) internal pure returns (uint256 tax) {
        assembly ("memory-safe") {
            tax := mload(sub(mload(add(self, END)), 0x20))
        }
    }

    function due(ClaimBatch self) internal pure returns (uint256) {
        return _get(self, DUE);
    }

    function holder(ClaimBatch self) internal pure returns (address) {
        return address(uint160(_get(self, HOLDER)));
    }

    function _get(ClaimBatch self, uint256 at) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(self, at))
        }
    }

    function _set(ClaimBatch self, uint256 at, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(add(self, at), word)
        }
    }
}

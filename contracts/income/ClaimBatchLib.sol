// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PROGRESS_FIELD_AT, PROGRESS_SLOT_MASK, SETTLEMENT_BYTES, WINDOW_ZERO_AT} from "./ClaimLayout.sol";
// Assembly reads this.
// solhint-disable-next-line no-unused-import
import {DATA_HEAD_BYTES} from "./ClaimLayout.sol";
import {IDividendVault} from "./IDividendVault.sol";
import {PayeeAndClaimsLib} from "./PayeeAndClaimsLib.sol";
import {ProgressLib} from "./ProgressLib.sol";
import {StoredTerms} from "./TermsLib.sol";

/// @dev Everything that a claim of several distributions of one series changes, in memory until it is done.
/// @param origin A word of terms whose progress field is in the slot that is in `progress`
/// @param progressSlot Where that slot is
/// @param progress What it says, with what the batch has settled
/// @param windowStart The index whose claimed bit is the lowest in `claimed`
/// @param claimedSlot Where that window is
/// @param claimed What it says, with the bits that the batch has set
/// @param holder Whose income it is
/// @param due What is to be paid
/// @param data Where the settlements begin, as the event has them: see `ClaimLayout`
/// @param end Where the next one is written
struct ClaimBatch {
    uint256 origin;
    uint256 progressSlot;
    uint256 progress;
    uint256 windowStart;
    uint256 claimedSlot;
    uint256 claimed;
    address holder;
    uint256 due;
    uint256 data;
    uint256 end;
}

using ClaimBatchLib for ClaimBatch global;

/// @title ClaimBatchLib
/// @notice A claim of several distributions of one series, from the first look at a slot to the event.
/// @dev Distributions of one series share a holder's claimed bits, most of their slots of progress, their event and their
/// payment, so that each slot is written once, however many are claimed.
library ClaimBatchLib {
    using PayeeAndClaimsLib for PayeeAndClaimsLib.Files;

    // -------------------------------------------------------------------- opening

    /// @dev A batch of up to `most` settlements for `holder_`: both `load`s must follow.
    function open(address holder_, uint256 most) internal pure returns (ClaimBatch memory batch) {
        uint256 data;
        assembly ("memory-safe") {
            data := add(mload(0x40), DATA_HEAD_BYTES)
            mstore(0x40, add(data, mul(most, SETTLEMENT_BYTES)))
        }
        batch.holder = holder_;
        batch.data = data;
        batch.end = data;
    }

    /// @dev Begins anew for a holder, in the same memory and with the same slot of progress.
    function restart(ClaimBatch memory self, address holder_) internal pure {
        self.holder = holder_;
        self.due = 0;
        self.end = self.data;
    }

    /// @dev Reads the slot of progress of a distribution. What the batch has of another must have been saved.
    function loadProgress(
        ClaimBatch memory self,
        StoredTerms memory terms,
        ProgressLib.Progress storage progress
    ) internal view {
        uint256 slot;
        assembly ("memory-safe") {
            slot := progress.slot
        }
        self.origin = terms.origin;
        self.progressSlot = slot;
        self.progress = progress.bits;
    }

    /// @dev The same with the window of claimed bits that has the distribution's, for the holder whose `file` says
    /// `fileBits`.
    function loadClaimed(
        ClaimBatch memory self,
        PayeeAndClaimsLib.Files storage files,
        PayeeAndClaimsLib.Word storage file,
        uint256 fileBits,
        StoredTerms memory terms
    ) internal view {
        uint256 window = PayeeAndClaimsLib.windowOf(terms.index());
        (PayeeAndClaimsLib.Word storage word, uint256 bits) = files.find(
            self.holder,
            file,
            fileBits,
            terms.series(),
            window
        );
        uint256 slot;
        assembly ("memory-safe") {
            slot := word.slot
        }
        unchecked {
            // Before the first index of window 0 there are places that it does not use.
            self.windowStart = (window << 8) - WINDOW_ZERO_AT;
        }
        self.claimedSlot = slot;
        self.claimed = bits;
    }

    /// @dev Whether the progress of a distribution of this series is in memory.
    function hasProgress(ClaimBatch memory self, StoredTerms memory terms) internal pure returns (bool) {
        return (self.origin ^ terms.origin) & PROGRESS_SLOT_MASK == 0;
    }

    /// @dev The place of a distribution's claimed bit in the window that is in memory; over 255 if it is in another.
    function placeOf(ClaimBatch memory self, StoredTerms memory terms) internal pure returns (uint256) {
        unchecked {
            // Below the first place it wraps around, to far above 255.
            return terms.index() - self.windowStart;
        }
    }

    /// @dev Whether the distribution whose claimed bit is at `place` has been claimed.
    function isClaimed(ClaimBatch memory self, uint256 place) internal pure returns (bool) {
        return (self.claimed >> place) & 1 != 0;
    }

    // -------------------------------------------------------------------- settling

    /// @dev Settles the holder's `shares` of a distribution whose claimed bit, at `place`, and whose slot of progress are
    /// in memory: their gross income, rounded down, is added to what is due, and noted for the event. `last` tells that
    /// nothing of the distribution is left to settle. Every payment is settled here, whether claimed or pushed.
    ///
    /// Beside the income it books what rounding has lost, one unit or none:
    ///
    ///     floor(a * (s + b) / e) - floor(a * s / e) - floor(a * b / e)
    ///
    /// which is 1 if the remainders of the last two divisions reach `e`. Adding it up gives the loss of any set of
    /// settled holders without storing what they were paid.
    ///
    /// The caller warrants `0 < eligible < 2^96`, and amounts are below 2^160. Then no product overflows, unless there
    /// are more shares than eligible ones, which is refused: a token whose balances exceed its supply would break the
    /// sum, and may break its own payments only.
    function settleDown(
        ClaimBatch memory self,
        StoredTerms memory terms,
        uint256 place,
        uint256 shares,
        uint256 eligible
    ) internal pure returns (uint256 gross, bool last) {
        uint256 amount = terms.amount();
        // The flags that are left above the field are not read.
        uint256 field = terms.origin >> PROGRESS_FIELD_AT;
        uint256 progress = self.progress;
        uint256 left;
        assembly ("memory-safe") {
            let width := and(field, 0xff)
            let shift := and(shr(8, field), 0xff)
            let settled := and(shr(shift, progress), sub(shl(width, 1), 1))
            let product := mul(amount, shares)
            gross := div(product, eligible)
            let remainders := add(mod(mul(amount, settled), eligible), mod(product, eligible))
            let lost := shl(width, iszero(lt(remainders, eligible)))
            progress := add(progress, shl(shift, or(shares, lost)))
            left := sub(eligible, settled)
            last := eq(shares, left)
        }
        if (shares > left) revert IDividendVault.DividendVault_SupplyTooLarge(shares, left);
        self.progress = progress;
        self.claimed |= 1 << place;
        uint256 end = self.end;
        assembly ("memory-safe") {
            mstore(end, mload(terms))
            mstore(add(end, 0x20), gross)
            mstore(add(end, 0x40), 0)
        }
        unchecked {
            // No sum of amounts overflows.
            self.end = end + SETTLEMENT_BYTES;
            self.due += gross;
        }
    }

    /// @dev Takes `tax`, which is at most its gross, off the settlement added last.
    function taxLast(ClaimBatch memory self, uint256 tax) internal pure {
        uint256 end = self.end;
        assembly ("memory-safe") {
            mstore(sub(end, 0x20), tax)
        }
        self.due -= tax;
    }

    // ----------------------------------------------------------------------- ending

    /// @dev Writes the slot of progress back.
    function saveProgress(ClaimBatch memory self) internal {
        (uint256 slot, uint256 bits) = (self.progressSlot, self.progress);
        assembly ("memory-safe") {
            sstore(slot, bits)
        }
    }

    /// @dev Writes the window of claimed bits back.
    function saveClaimed(ClaimBatch memory self) internal {
        (uint256 slot, uint256 bits) = (self.claimedSlot, self.claimed);
        assembly ("memory-safe") {
            sstore(slot, bits)
        }
    }

    /// @dev Takes back the one settlement of a batch that was saved. The claimed bits are read anew, for the slot may have
    /// a payee, who may have been changed meanwhile.
    function undo(ClaimBatch memory self, StoredTerms memory terms, uint256 progressBefore) internal {
        self.progress = progressBefore;
        saveProgress(self);
        uint256 bit = PayeeAndClaimsLib.bitOf(terms.index());
        uint256 slot = self.claimedSlot;
        assembly ("memory-safe") {
            sstore(slot, and(sload(slot), not(bit)))
        }
    }

    /// @dev Emits `Claimed` of one settlement, `ClaimedMany` of more; `settled` is how many there are.
    function emitClaimed(ClaimBatch memory self, address payee, uint256 settled) internal {
        bytes32 one = IDividendVault.Claimed.selector;
        bytes32 many = IDividendVault.ClaimedMany.selector;
        (uint256 data, uint256 end, address holder) = (self.data, self.end, self.holder);
        assembly ("memory-safe") {
            // The compiler does not warrant that the upper bits of an address are clean.
            payee := shr(96, shl(96, payee))
            holder := shr(96, shl(96, holder))
            switch settled
            case 1 {
                // A settlement is the event's data once the payee is where the id was.
                let id := mload(data)
                mstore(data, payee)
                log3(data, SETTLEMENT_BYTES, one, id, holder)
            }
            default {
                let head := sub(data, DATA_HEAD_BYTES)
                mstore(head, payee)
                mstore(add(head, 0x20), 0x40)
                mstore(add(head, 0x40), settled)
                log2(head, sub(end, head), many, holder)
            }
        }
    }

    // ----------------------------------------------------------------------- reading

    /// @dev How many have been settled.
    function count(ClaimBatch memory self) internal pure returns (uint256) {
        unchecked {
            // `end` is never before `data`.
            return (self.end - self.data) / SETTLEMENT_BYTES;
        }
    }

    /// @dev The tax of the settlement added last.
    function lastTax(ClaimBatch memory self) internal pure returns (uint256 tax) {
        uint256 end = self.end;
        assembly ("memory-safe") {
            tax := mload(sub(end, 0x20))
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DATA_HEAD_BYTES, SETTLEMENT_BYTES} from "./ClaimLayout.sol";
import {IDividendVault} from "./IDividendVault.sol";
import {PayeeAndClaimsLib} from "./PayeeAndClaimsLib.sol";
import {ProgressLib} from "./ProgressLib.sol";
import {StoredTerms} from "./TermsLib.sol";

/// @dev Everything that a claim of several distributions of one series changes, in memory until it is done.
/// @param progressKey Which slot of progress is in `progress`
/// @param progressSlot Where that slot is
/// @param progress What it says, with what the batch has settled
/// @param window Which window of the holder's claimed bits is in `claimed`
/// @param claimedSlot Where that window is
/// @param claimed What it says, with the bits that the batch has set
/// @param holder Whose income it is
/// @param due What is to be paid
/// @param data Where the settlements begin, as the event has them: see `ClaimLayout`
/// @param end Where the next one is written
struct ClaimBatch {
    uint256 progressKey;
    uint256 progressSlot;
    uint256 progress;
    uint256 window;
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

    /// @dev Reads the slot of progress with this key. What the batch has of another must have been saved.
    function loadProgress(ClaimBatch memory self, uint256 key, ProgressLib.Progress storage progress) internal view {
        uint256 slot;
        assembly ("memory-safe") {
            slot := progress.slot
        }
        self.progressKey = key;
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
        self.window = window;
        self.claimedSlot = slot;
        self.claimed = bits;
    }

    /// @dev Whether the claimed bit of a distribution is in memory.
    function hasWindow(ClaimBatch memory self, StoredTerms memory terms) internal pure returns (bool) {
        return PayeeAndClaimsLib.windowOf(terms.index()) == self.window;
    }

    /// @dev Whether a distribution, whose claimed bit is in memory, has been claimed.
    function isClaimed(ClaimBatch memory self, StoredTerms memory terms) internal pure returns (bool) {
        return self.claimed & PayeeAndClaimsLib.bitOf(terms.index()) != 0;
    }

    // -------------------------------------------------------------------- settling

    /// @dev Settles the holder's `shares` of a distribution whose claimed bit and whose slot of progress are in memory,
    /// and notes it for the event. `last` tells that nothing of the distribution is left to settle.
    function settleDown(
        ClaimBatch memory self,
        StoredTerms memory terms,
        uint256 shares,
        uint256 eligible
    ) internal pure returns (uint256 gross, bool last) {
        (gross, self.progress, last) = ProgressLib.settleDown(
            self.progress,
            terms.progressField(),
            terms.amount(),
            shares,
            eligible
        );
        self.claimed |= PayeeAndClaimsLib.bitOf(terms.index());
        uint256 entry = self.end;
        assembly ("memory-safe") {
            mstore(entry, mload(terms))
            mstore(add(entry, 0x20), gross)
            mstore(add(entry, 0x40), 0)
        }
        unchecked {
            // No sum of amounts, which are of at most 160 bits, overflows.
            self.end = entry + SETTLEMENT_BYTES;
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

    /// @dev Emits `Claimed` of one settlement, `ClaimedMany` of more.
    function emitClaimed(ClaimBatch memory self, address payee) internal {
        bytes32 one = IDividendVault.Claimed.selector;
        bytes32 many = IDividendVault.ClaimedMany.selector;
        (uint256 data, uint256 end, address holder) = (self.data, self.end, self.holder);
        uint256 settled = count(self);
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

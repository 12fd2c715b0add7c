// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HOME_AT, MASK_32, WINDOW_ZERO_AT} from "./ClaimLayout.sol";

/// @title PayeeAndClaimsLib
/// @notice What the vault keeps for one holder: its payee, and which distributions it has been paid.
/// @dev The claimed bits of a series are in windows, by index: the first 64 in window 0, then 256 in each. A window is a
/// slot of its own, but window 0 of the holder's home shares one with the payee, so that paying the holder of one asset
/// costs one slot. `ClaimLayout` draws them.
///
/// The home is the series of the first bit set in any window 0, and never changes, so no bit is ever where the next look
/// does not look. Anyone can pay a holder from a series of their own making and so give it a useless home, which costs
/// the holder one more slot per claim and nothing else.
library PayeeAndClaimsLib {
    /// @dev A struct, so that its slot can be found once and written to later.
    struct Word {
        uint256 bits;
    }

    struct Files {
        mapping(address holder => Word) file;
        mapping(address holder => mapping(uint256 key => Word)) words;
    }

    function payee(uint256 file) internal pure returns (address) {
        return address(uint160(file));
    }

    function setPayee(Files storage self, address holder, address newPayee) internal {
        Word storage file = self.file[holder];
        file.bits = ((file.bits >> HOME_AT) << HOME_AT) | uint160(newPayee);
    }

    /// @dev The window of an index. Window 0 fills the upper bits only, wherever it is.
    function windowOf(uint256 index) internal pure returns (uint256) {
        unchecked {
            // Indices are of 32 bits.
            return (index + WINDOW_ZERO_AT) >> 8;
        }
    }

    /// @dev The bit of an index in its window.
    function bitOf(uint256 index) internal pure returns (uint256) {
        unchecked {
            return 1 << ((index + WINDOW_ZERO_AT) & 0xff);
        }
    }

    /// @dev Where a window of `holder` is, and what it says; `file` is the holder's and says `fileBits`. What it says at
    /// the first look at any window 0 has the home in it, which is given once that is written.
    function find(
        Files storage self,
        address holder,
        Word storage file,
        uint256 fileBits,
        uint256 series,
        uint256 window
    ) internal view returns (Word storage slot, uint256 bits) {
        if (window == 0) {
            uint256 home = (fileBits >> HOME_AT) & MASK_32;
            if (home == series) return (file, fileBits);
            if (home == 0) return (file, fileBits | (series << HOME_AT));
        }
        slot = self.words[holder][(series << 32) | window];
        bits = slot.bits;
    }

    /// @dev Whether `holder` has been paid the distribution `index` of `series`.
    function isClaimed(Files storage self, address holder, uint256 series, uint256 index) internal view returns (bool) {
        Word storage file = self.file[holder];
        (, uint256 bits) = find(self, holder, file, file.bits, series, windowOf(index));
        return bits & bitOf(index) != 0;
    }
}

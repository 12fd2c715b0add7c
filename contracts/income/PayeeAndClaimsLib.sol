// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title PayeeAndClaimsLib
/// @notice What the vault keeps for one holder: its payee, and which distributions it has been paid.
/// @dev The marks of a series are in windows, by ordinal: the first 64 in window 0, then 256 in each. A window is a
/// word of its own, but window 0 of the holder's home shares a slot with the payee, so that paying the holder of one
/// asset costs one slot:
///
///     payee    160 bits   where the holder's income goes; zero for the holder itself
///     home      32 bits   the series whose window 0 is here; zero before any
///     claimed   64 bits   window 0 of the home
///
/// The home is the series of the first mark in any window 0, and never changes, so no mark is ever where the next look
/// does not look. Anyone can pay a holder from a series of their own making and so give it a useless home, which costs
/// the holder one more slot per claim and nothing else.
library PayeeAndClaimsLib {
    uint256 private constant HOME_AT = 160;
    uint256 private constant CLAIMED_AT = 192;
    uint256 private constant MASK_32 = type(uint32).max;

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

    /// @dev The window of an ordinal. Window 0 fills the upper bits only, wherever it is.
    function windowOf(uint256 ordinal) internal pure returns (uint256) {
        unchecked {
            // Ordinals are of 32 bits.
            return (ordinal + CLAIMED_AT) >> 8;
        }
    }

    /// @dev The mark of an ordinal in its window.
    function markOf(uint256 ordinal) internal pure returns (uint256) {
        unchecked {
            return 1 << ((ordinal + CLAIMED_AT) & 0xff);
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

    /// @dev Whether `holder` has been paid the distribution `ordinal` of `series`.
    function isMarked(
        Files storage self,
        address holder,
        uint256 series,
        uint256 ordinal
    ) internal view returns (bool) {
        Word storage file = self.file[holder];
        (, uint256 bits) = find(self, holder, file, file.bits, series, windowOf(ordinal));
        return bits & markOf(ordinal) != 0;
    }
}

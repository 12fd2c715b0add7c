// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title HolderFile
/// @notice What the vault keeps for one holder: its payee, and which distributions it has been paid.
/// @dev The first 64 distributions of the series it was first paid from, its home, share a slot with the payee, so that
/// paying the holder of one asset costs one slot. All others have words of 256 bits. The home is given once and never
/// changes; anyone can pay a holder from a series of their own making and so give it a useless home, which costs
/// the holder one more slot per claim and nothing else.
///
///     payee    160 bits   where the holder's income goes; zero for the holder itself
///     home      32 bits   the series whose marks are in this slot; zero before the first payment
///     claimed   64 bits   by ordinal of the home series
library HolderFile {
    uint256 private constant HOME_AT = 160;
    uint256 private constant CLAIMED_AT = 192;
    uint256 private constant HOME_SIZE = 64;
    uint256 private constant MASK_32 = type(uint32).max;

    struct Files {
        mapping(address holder => uint256) file;
        mapping(address holder => mapping(uint256 key => uint256 bits)) words;
    }

    function payee(uint256 file) internal pure returns (address) {
        return address(uint160(file));
    }

    function setPayee(Files storage self, address holder, address newPayee) internal {
        self.file[holder] = ((self.file[holder] >> HOME_AT) << HOME_AT) | uint160(newPayee);
    }

    /// @dev Whether `holder` has been paid the distribution `ordinal` of `series`.
    function isMarked(
        Files storage self,
        address holder,
        uint256 series,
        uint256 ordinal
    ) internal view returns (bool) {
        uint256 file = self.file[holder];
        if (_isHome(file, series, ordinal)) return file & homeMark(ordinal) != 0;
        return self.words[holder][wordKey(series, ordinal)] & wordMark(ordinal) != 0;
    }

    /// @dev Marks it as paid, or takes the mark back. The caller warrants that it changes.
    function flip(Files storage self, address holder, uint256 series, uint256 ordinal) internal {
        uint256 file = self.file[holder];
        if (_home(file) == 0) {
            file |= series << HOME_AT;
            // Even if this mark has no place in the file, so that no mark that has one is ever elsewhere.
            self.file[holder] = file;
        }
        if (_isHome(file, series, ordinal)) self.file[holder] = file ^ homeMark(ordinal);
        else self.words[holder][wordKey(series, ordinal)] ^= wordMark(ordinal);
    }

    // ---------------------------------------------------- for runs that change several

    /// @dev The file of `holder` for a run of payments from `series`, and how many ordinals of the series have their
    /// marks in it: all that fit, or none. A run that settles anything writes the file back if there are any.
    function open(
        Files storage self,
        address holder,
        uint256 series
    ) internal view returns (uint256 file, uint256 homeSize) {
        file = self.file[holder];
        if (_home(file) == 0) file |= series << HOME_AT;
        if (_home(file) == series) homeSize = HOME_SIZE;
    }

    function homeMark(uint256 ordinal) internal pure returns (uint256) {
        return 1 << (CLAIMED_AT + ordinal);
    }

    function wordKey(uint256 series, uint256 ordinal) internal pure returns (uint256) {
        return (series << 24) | (ordinal >> 8);
    }

    function wordMark(uint256 ordinal) internal pure returns (uint256) {
        return 1 << (ordinal & 0xff);
    }

    // ------------------------------------------------------------------------ inside

    function _home(uint256 file) private pure returns (uint256) {
        return (file >> HOME_AT) & MASK_32;
    }

    function _isHome(uint256 file, uint256 series, uint256 ordinal) private pure returns (bool) {
        return _home(file) == series && ordinal < HOME_SIZE;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

/// @title ProgressLib
/// @notice How far each distribution has been paid, in fields as narrow as its shares allow, many to a slot.
/// @dev A field has two parts: the shares whose income is settled, as wide as the eligible shares, and above them the
/// units lost to rounding on the way. Neither leaves its width: settled shares are at most the eligible ones; every
/// settlement takes one share or more and loses less than one unit, so the loss is below the settled shares, and below
/// 2^32, which is more settlements than a chain can carry.
///
/// A distribution that 10,000 shares divide has a field of 28 bits, so that nine of a series share a slot, and paying
/// them together writes it once. `ClaimLayout` draws how a field is referred to in 40 bits.
library ProgressLib {
    uint256 private constant MAX_LOST_BITS = 32;
    uint256 private constant SLOT_BITS = 256;
    uint256 private constant MAX_POSITION = type(uint32).max;

    /// @dev A struct, so that its slot can be found once and written to later.
    struct Progress {
        uint256 bits;
    }

    /// @notice Thrown when a series has more distributions than it can have fields.
    error Progress_Full(uint256 position, uint256 limit);

    /// @dev A field behind bit `position` of a series, for up to `eligible` shares, and the bit behind it.
    function allocate(uint256 position, uint256 eligible) internal pure returns (uint256 field, uint256 end) {
        uint256 width = FixedPointMathLib.log2(eligible) + 1;
        uint256 bits = width + _lostBits(width);
        // No field reaches over two slots.
        if ((position % SLOT_BITS) + bits > SLOT_BITS) position = (position | (SLOT_BITS - 1)) + 1;
        end = position + bits;
        if (end > MAX_POSITION) revert Progress_Full(end, MAX_POSITION);
        field = (position << 8) | width;
    }

    /// @dev The slot's key among those of all series.
    function keyOf(uint256 series, uint256 field) internal pure returns (uint256) {
        return (series << 24) | (field >> 16);
    }

    /// @dev Settled shares in a field of the slot `progress`.
    function settledIn(uint256 progress, uint256 field) internal pure returns (uint256) {
        return (progress >> ((field >> 8) & 0xff)) & ((1 << (field & 0xff)) - 1);
    }

    /// @dev Units lost to rounding in a field of the slot `progress`.
    function lostIn(uint256 progress, uint256 field) internal pure returns (uint256) {
        uint256 width = field & 0xff;
        return (progress >> (((field >> 8) & 0xff) + width)) & ((1 << _lostBits(width)) - 1);
    }

    function _lostBits(uint256 width) private pure returns (uint256) {
        return width < MAX_LOST_BITS ? width : MAX_LOST_BITS;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {IDividendVault} from "./IDividendVault.sol";

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

    /// @dev Settles `shares` in a field of the slot `progress`: their gross income, rounded down, and the slot afterwards.
    ///
    /// Beside the income it books what rounding has lost, one unit or none:
    ///
    ///     floor(a * (s + b) / e) - floor(a * s / e) - floor(a * b / e)
    ///
    /// which is 1 if the remainders of the last two divisions reach `e`. Adding it up gives the loss of any set of
    /// settled holders without storing what they were paid.
    ///
    /// The caller warrants `amount < 2^160` and `0 < eligible < 2^96`. Then no product overflows, unless there are more
    /// shares than eligible ones, which is refused: a token whose balances exceed its supply would break the sum, and
    /// may break its own payments only. `last` tells that nothing is left to settle.
    function settleDown(
        uint256 progress,
        uint256 field,
        uint256 amount,
        uint256 shares,
        uint256 eligible
    ) internal pure returns (uint256 gross, uint256 progressAfter, bool last) {
        uint256 left;
        assembly ("memory-safe") {
            let width := and(field, 0xff)
            let shift := and(shr(8, field), 0xff)
            let settled := and(shr(shift, progress), sub(shl(width, 1), 1))
            let product := mul(amount, shares)
            gross := div(product, eligible)
            let remainders := add(mod(mul(amount, settled), eligible), mod(product, eligible))
            let lost := shl(width, iszero(lt(remainders, eligible)))
            progressAfter := add(progress, shl(shift, or(shares, lost)))
            left := sub(eligible, settled)
            last := eq(shares, left)
        }
        if (shares > left) revert IDividendVault.DividendVault_SupplyTooLarge(shares, left);
    }

    function _lostBits(uint256 width) private pure returns (uint256) {
        return width < MAX_LOST_BITS ? width : MAX_LOST_BITS;
    }
}

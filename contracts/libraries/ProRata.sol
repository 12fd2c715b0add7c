// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

/// @title ProRata
/// @notice The arithmetic of a distribution. All division of the vault happens here, and rounds down.
library ProRata {
    /// @dev `floor(amount * shares / eligible)`, exact: the product has 512 bits. Reverts if `eligible` is
    /// zero; with `shares <= eligible` the result cannot exceed `amount`.
    ///
    /// What rounding loses: over all holders the results fall short of `amount` by less than one unit each.
    function portionDown(uint256 amount, uint256 shares, uint256 eligible) internal pure returns (uint256) {
        return FixedPointMathLib.fullMulDiv(amount, shares, eligible);
    }

    /// @dev What `shares` earn when `settled` shares have been paid before, and whether paying them loses one
    /// more unit to rounding:
    ///
    ///     floor(a * (s + b) / e) - floor(a * s / e) - floor(a * b / e)
    ///
    /// which is 1 if the remainders of the last two divisions reach `e`, else 0. Adding it up gives the rounding
    /// loss of any set of settled holders without storing what they were paid. `eligible` is below 2^96, so the
    /// sum of two remainders cannot overflow.
    function portionDown(
        uint256 amount,
        uint256 settled,
        uint256 shares,
        uint256 eligible
    ) internal pure returns (uint256 portion, uint256 lost) {
        portion = FixedPointMathLib.fullMulDiv(amount, shares, eligible);
        unchecked {
            uint256 remainders = mulmod(amount, settled, eligible) + mulmod(amount, shares, eligible);
            lost = remainders < eligible ? 0 : 1;
        }
    }
}

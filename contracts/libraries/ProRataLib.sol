// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

/// @title ProRataLib
/// @notice The share of a holder in a distribution, rounded down. `ProgressLib` books it as settled.
library ProRataLib {
    /// @dev `floor(amount * shares / eligible)`, exact: the product has 512 bits. Reverts if `eligible` is
    /// zero; with `shares <= eligible` the result cannot exceed `amount`.
    ///
    /// What rounding loses: over all holders the results fall short of `amount` by less than one unit each.
    function portionDown(uint256 amount, uint256 shares, uint256 eligible) internal pure returns (uint256) {
        return FixedPointMathLib.fullMulDiv(amount, shares, eligible);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title ReturnsFalse
/// @notice A currency that, once broken, moves nothing and says so by returning false.
contract ReturnsFalse is Currency {
    bool public broken;

    /// @notice Breaks it, or mends it.
    function setBroken(bool on) external {
        broken = on;
    }

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        if (broken) return false;
        _move(from, to, amount);
        return true;
    }
}

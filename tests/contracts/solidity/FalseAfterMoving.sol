// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title FalseAfterMoving
/// @notice A currency that, once broken, moves the money and returns false all the same.
contract FalseAfterMoving is Currency {
    bool public broken;

    /// @notice Breaks it, or mends it.
    function setBroken(bool on) external {
        broken = on;
    }

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        _move(from, to, amount);
        return !broken;
    }
}

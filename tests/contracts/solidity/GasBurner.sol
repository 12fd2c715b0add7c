// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title GasBurner
/// @notice A currency that, once broken, burns all the gas it is given.
contract GasBurner is Currency {
    bool public broken;

    /// @notice Breaks it, or mends it.
    function setBroken(bool on) external {
        broken = on;
    }

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        if (broken) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        _move(from, to, amount);
        return true;
    }
}

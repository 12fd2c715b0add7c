// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title PausableCurrency
/// @notice A currency that can stop altogether.
contract PausableCurrency is Currency {
    bool public paused;

    error PausableCurrency_Paused();

    /// @notice Stops it, or lets it go on.
    function setPaused(bool on) external {
        paused = on;
    }

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        if (paused) revert PausableCurrency_Paused();
        _move(from, to, amount);
        return true;
    }
}

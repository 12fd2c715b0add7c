// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title SilentBlockList
/// @notice A currency whose issuer blocks accounts, and which says so by returning false.
contract SilentBlockList is Currency {
    mapping(address account => bool) public blocked;

    /// @notice Blocks an account, or frees it.
    function setBlocked(address account, bool on) external {
        blocked[account] = on;
    }

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        if (blocked[from] || blocked[to]) return false;
        _move(from, to, amount);
        return true;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title BlockList
/// @notice A currency whose issuer blocks accounts, as USDC's does.
contract BlockList is Currency {
    mapping(address account => bool) public blocked;

    error BlockList_Blocked(address account);

    /// @notice Blocks an account, or frees it.
    function setBlocked(address account, bool on) external {
        blocked[account] = on;
    }

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        if (blocked[from]) revert BlockList_Blocked(from);
        if (blocked[to]) revert BlockList_Blocked(to);
        _move(from, to, amount);
        return true;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Coins} from "./Coins.sol";

/// @title NoReturn
/// @notice A currency that returns nothing, as USDT does.
contract NoReturn is Coins {
    /// @notice Moves the caller's, without an answer.
    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    /// @notice Moves what the owner allowed, without an answer.
    function transferFrom(address from, address to, uint256 amount) external {
        _spend(from, amount);
        _move(from, to, amount);
    }
}

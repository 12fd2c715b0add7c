// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Coins} from "./Coins.sol";

/// @title Currency
/// @notice The two movements of an ERC-20 that a payer sees; an successor_ says how they go wrong.
abstract contract Currency is Coins {
    /// @notice Moves the caller's.
    function transfer(address to, uint256 amount) external returns (bool) {
        return _pay(msg.sender, to, amount);
    }

    /// @notice Moves what the owner allowed.
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        _spend(from, amount);
        return _pay(from, to, amount);
    }

    function _pay(address from, address to, uint256 amount) internal virtual returns (bool);
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IdentityBook
/// @notice The one question of an identity registry that a token asks, answered from a list.
contract IdentityBook {
    mapping(address account => bool) public isVerified;

    /// @notice Lets `account` hold shares, or not.
    function setVerified(address account, bool on) external {
        isVerified[account] = on;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IIdentityRegistry} from "../../../contracts/interfaces/IIdentityRegistry.sol";

/// @title IdentityBook
/// @notice An identity registry that is a list.
contract IdentityBook is IIdentityRegistry {
    /// @inheritdoc IIdentityRegistry
    mapping(address account => bool) public isVerified;

    /// @notice Lets `account` hold shares, or not.
    function setVerified(address account, bool on) external {
        isVerified[account] = on;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IIdentityRegistry
/// @notice The one question a share token asks of an ERC-3643 identity registry.
interface IIdentityRegistry {
    /// @notice Whether `account` may hold shares.
    function isVerified(address account) external view returns (bool);
}

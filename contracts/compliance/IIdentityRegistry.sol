// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IIdentityRegistry
/// @notice The identity registry of ERC-3643. Identity contracts are named by their addresses.
interface IIdentityRegistry {
    /// @notice Registers `wallet`. Agents only.
    function registerIdentity(address wallet, address identity_, uint16 country) external;

    /// @notice Registers many wallets. Agents only.
    function batchRegisterIdentity(
        address[] calldata wallets,
        address[] calldata identities,
        uint16[] calldata countries
    ) external;

    /// @notice Removes `wallet`. Agents only.
    function deleteIdentity(address wallet) external;

    /// @notice Changes the country of `wallet`. Agents only.
    function updateCountry(address wallet, uint16 country) external;

    /// @notice Changes the identity contract of `wallet`. Agents only.
    function updateIdentity(address wallet, address identity_) external;

    /// @notice Whether `wallet` is registered.
    function contains(address wallet) external view returns (bool);

    /// @notice Whether `wallet` may hold shares.
    function isVerified(address wallet) external view returns (bool);

    /// @notice The identity contract of `wallet`.
    function identity(address wallet) external view returns (address);

    /// @notice The country of `wallet`, ISO 3166-1 numeric.
    function investorCountry(address wallet) external view returns (uint16);

    /// @notice The contract that stores identities.
    function identityStorage() external view returns (address);

    /// @notice The registry of trusted claim issuers.
    function issuersRegistry() external view returns (address);

    /// @notice The registry of required claim topics.
    function topicsRegistry() external view returns (address);

    /// @notice Replaces the contract that stores identities.
    function setIdentityRegistryStorage(address identityRegistryStorage) external;

    /// @notice Replaces the registry of required claim topics.
    function setClaimTopicsRegistry(address claimTopicsRegistry) external;

    /// @notice Replaces the registry of trusted claim issuers.
    function setTrustedIssuersRegistry(address trustedIssuersRegistry) external;
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IIdentityRegistry} from "../../../contracts/compliance/IIdentityRegistry.sol";

/// @title ForeignRegistry
/// @notice An ERC-3643 identity registry in which whoever has an identity is verified.
contract ForeignRegistry is IIdentityRegistry {
    mapping(address account => bool) public isAgent;

    /// @inheritdoc IIdentityRegistry
    mapping(address wallet => address) public identity;

    /// @inheritdoc IIdentityRegistry
    mapping(address wallet => uint16) public investorCountry;

    error ForeignRegistry_NotAgent(address caller);
    error ForeignRegistry_Unused();

    modifier onlyAgent() {
        if (!isAgent[msg.sender]) revert ForeignRegistry_NotAgent(msg.sender);
        _;
    }

    constructor() {
        isAgent[msg.sender] = true;
    }

    /// @notice Lets an agent act.
    function addAgent(address agent) external onlyAgent {
        isAgent[agent] = true;
    }

    /// @inheritdoc IIdentityRegistry
    function registerIdentity(address wallet, address identity_, uint16 country) external onlyAgent {
        (identity[wallet], investorCountry[wallet]) = (identity_, country);
    }

    /// @inheritdoc IIdentityRegistry
    function deleteIdentity(address wallet) external onlyAgent {
        (identity[wallet], investorCountry[wallet]) = (address(0), 0);
    }

    /// @inheritdoc IIdentityRegistry
    function contains(address wallet) public view returns (bool) {
        return identity[wallet] != address(0);
    }

    /// @inheritdoc IIdentityRegistry
    function isVerified(address wallet) external view returns (bool) {
        return contains(wallet);
    }

    /// @inheritdoc IIdentityRegistry
    function identityStorage() external view returns (address) {
        return address(this);
    }

    /// @inheritdoc IIdentityRegistry
    function issuersRegistry() external view returns (address) {
        return address(this);
    }

    /// @inheritdoc IIdentityRegistry
    function topicsRegistry() external view returns (address) {
        return address(this);
    }

    /// @inheritdoc IIdentityRegistry
    function batchRegisterIdentity(address[] calldata, address[] calldata, uint16[] calldata) external pure {
        revert ForeignRegistry_Unused();
    }

    /// @inheritdoc IIdentityRegistry
    function updateCountry(address, uint16) external pure {
        revert ForeignRegistry_Unused();
    }

    /// @inheritdoc IIdentityRegistry
    function updateIdentity(address, address) external pure {
        revert ForeignRegistry_Unused();
    }

    /// @inheritdoc IIdentityRegistry
    function setIdentityRegistryStorage(address) external pure {
        revert ForeignRegistry_Unused();
    }

    /// @inheritdoc IIdentityRegistry
    function setClaimTopicsRegistry(address) external pure {
        revert ForeignRegistry_Unused();
    }

    /// @inheritdoc IIdentityRegistry
    function setTrustedIssuersRegistry(address) external pure {
        revert ForeignRegistry_Unused();
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRecordToken} from "../../../contracts/token/IRecordToken.sol";

/// @title BareToken
/// @notice A share token with no more than the vault needs, whose figures the test sets: it can lie.
contract BareToken is IRecordToken {
    mapping(uint256 recordId => uint48) public recordTime;
    mapping(uint256 recordId => uint256) public supplyOf;
    mapping(address account => mapping(uint256 recordId => uint256)) public sharesOf;

    error BareToken_Open(uint256 recordId);

    /// @notice Sets when a record closes.
    function setTime(uint256 recordId, uint48 closesAt) external {
        recordTime[recordId] = closesAt;
    }

    /// @notice Sets the supply at a record.
    function setSupply(uint256 recordId, uint256 supply) external {
        supplyOf[recordId] = supply;
    }

    /// @notice Sets a balance at a record.
    function setShares(address account, uint256 recordId, uint256 shares) external {
        sharesOf[account][recordId] = shares;
    }

    /// @inheritdoc IRecordToken
    function balanceOfAt(address account, uint256 recordId) external view returns (uint256) {
        if (block.timestamp <= recordTime[recordId]) revert BareToken_Open(recordId);
        return sharesOf[account][recordId];
    }

    /// @inheritdoc IRecordToken
    function totalSupplyAt(uint256 recordId) external view returns (uint256) {
        if (block.timestamp <= recordTime[recordId]) revert BareToken_Open(recordId);
        return supplyOf[recordId];
    }
}

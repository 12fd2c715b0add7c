// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRecordToken} from "../../../contracts/token/IRecordToken.sol";
import {BareToken} from "./BareToken.sol";

/// @title CancellingToken
/// @notice A bare token that anybody speaks for, and whose records can be cancelled: those answer no question any more.
contract CancellingToken is IRecordToken {
    BareToken public immutable figures = new BareToken();
    uint256 public recordCount;
    mapping(uint256 recordId => bool) public isRecordCancelled;

    error CancellingToken_Cancelled(uint256 recordId);

    modifier standing(uint256 recordId) {
        if (isRecordCancelled[recordId]) revert CancellingToken_Cancelled(recordId);
        _;
    }

    /// @notice Adds a record with a supply.
    function addRecord(uint48 closesAt, uint256 supply) external {
        figures.setTime(++recordCount, closesAt);
        figures.setSupply(recordCount, supply);
    }

    /// @notice Sets a balance at a record.
    function setShares(address account, uint256 recordId, uint256 shares) external {
        figures.setShares(account, recordId, shares);
    }

    /// @notice Cancels a record, or lets it stand again, which an honest token cannot do.
    function setCancelled(uint256 recordId, bool cancelled) external {
        isRecordCancelled[recordId] = cancelled;
    }

    /// @notice Anybody speaks for it.
    function isAgent(address) external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IRecordToken
    function balanceOfAt(address account, uint256 recordId) external view standing(recordId) returns (uint256) {
        return figures.balanceOfAt(account, recordId);
    }

    /// @inheritdoc IRecordToken
    function totalSupplyAt(uint256 recordId) external view standing(recordId) returns (uint256) {
        return figures.totalSupplyAt(recordId);
    }

    /// @inheritdoc IRecordToken
    function recordTime(uint256 recordId) external view standing(recordId) returns (uint48) {
        return figures.recordTime(recordId);
    }
}

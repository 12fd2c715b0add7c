// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IRecordToken
/// @notice All that `DividendVault` needs of a share token: who held what when a record closed.
interface IRecordToken {
    /// @notice Shares of `account` when record `recordId` closed. Reverts until it has closed.
    function balanceOfAt(address account, uint256 recordId) external view returns (uint256);

    /// @notice All shares in existence when record `recordId` closed. Reverts until it has closed.
    function totalSupplyAt(uint256 recordId) external view returns (uint256);

    /// @notice The time of record `recordId` (Unix seconds): it closes at the end of that second.
    function recordTime(uint256 recordId) external view returns (uint48);
}

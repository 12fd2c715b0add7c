// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IRecordHoldings
/// @notice What a share token can offer a vault beside `IRecordToken`: all that a payment asks of it in one call.
interface IRecordHoldings {
    /// @notice Whether `holdingsAt` tells all that a payment has to ask. A vault asks once, when a distribution is
    /// declared; if the answer is no, it asks `claimantOf` and `balanceOfAt` at each payment.
    function supportsHoldings() external view returns (bool);

    /// @notice Who is to be paid what `account` is owed, and the shares of `account` at each of some closed records.
    /// @dev For callers who know that the records have closed, as a vault does from its terms: at a record that has
    /// not, the answer is the present balance. Everyone else asks `balanceOfAt`, which refuses.
    /// @param recordIds Records that have closed; fastest in ascending order
    /// @return claimant `account`, or its successor after a recovery; zero while the income is held
    /// @return balances Shares at each record, in the order of `recordIds`
    function holdingsAt(
        address account,
        uint256[] calldata recordIds
    ) external view returns (address claimant, uint256[] memory balances);
}

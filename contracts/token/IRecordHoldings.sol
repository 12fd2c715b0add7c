// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IRecordHoldings
/// @notice What a share token can offer a vault beside `IRecordToken`: all that a payment asks of it in one call.
interface IRecordHoldings {
    /// @notice Whether income is held while its holder is not eligible. A vault asks once, when a distribution is
    /// declared: an answer of 0 or 1 also says that the token answers `holdingsAt`, and a distribution keeps the answer as
    /// one of its terms. A token that does not answer is asked `claimantOf` and `balanceOfAt` at each payment.
    function incomeHeldWhileIneligible() external view returns (bool);

    /// @notice Who is to be paid what `account` is owed, and the shares of `account` at each of some closed records.
    /// @dev For callers who know that the records have closed, as a vault does from its terms: at a record that has
    /// not, the answer is the present balance. Everyone else asks `balanceOfAt`, which refuses.
    /// @param recordIds Records that have closed; fastest in ascending order
    /// @param eligibleOnly Whether income is held while the person to be paid is not eligible, as the terms of the
    /// distribution say; what the token would say of a new one does not matter
    /// @return claimant `account`, or its successor after a recovery; zero while the income is held: while that wallet
    /// is frozen in any case
    /// @return balances Shares at each record, in the order of `recordIds`
    function holdingsAt(
        address account,
        uint256[] calldata recordIds,
        bool eligibleOnly
    ) external view returns (address claimant, uint256[] memory balances);
}

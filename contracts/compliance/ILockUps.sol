// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ILockUps
/// @notice Which shares of a wallet may not be sold yet, lot by lot, first in, first out.
/// @dev Shares acquired on one UTC day are one lot. A lot is released `lockUp` seconds after the end of its day.
/// Shares acquired while no lock-up was in force are in no lot, and free. Only the rules contract that the token
/// names may write.
interface ILockUps {
    /// @notice Thrown when `caller` is not the rules contract of `token`.
    error LockUps_NotRules(address caller, address token);

    /// @notice Notes that `wallet` acquired `amount` shares of `token` now.
    function acquired(address token, address wallet, uint256 amount, uint256 lockUp) external;

    /// @notice Drops lots, oldest first, until no more than `balance` shares are locked.
    function reduced(address token, address wallet, uint256 balance) external;

    /// @notice Moves all lots of `lost` to `successor`, keeping their order in time.
    function recovered(address token, address lost, address successor) external;

    /// @notice Shares of `wallet` that are locked now, and when the next of them are released (0 for none).
    function locked(address token, address wallet) external view returns (uint256 amount, uint256 nextRelease);
}

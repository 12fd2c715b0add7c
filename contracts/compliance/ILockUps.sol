// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ILockUps
/// @notice Which shares of a wallet may not be sold yet, lot by lot, first in, first out.
///
/// Shares that are released at the same time are one lot. When shares are released depends on nothing but the day on
/// which they were acquired and the lock-up of that day:
///
/// - The lock-up counts from the end of that day (UTC), in days; a part of a day counts as one.
/// - A lock-up of up to 92 days is kept to the day.
/// - A longer one ends at the next end of a period, so that there are few lots: of 2 days for a lock-up of up to
///   184 days, of 4 days up to 368, of 8 days up to 736, and so on, doubling. So shares are released at most 1, 3, 7...
///   days later than the lock-up says, which is less than one part in 46 of it. They are never released earlier.
/// - A lock-up of more than 36,525 days is for ever.
///
/// So a wallet has at most 93 lots of a token while there is one lock-up, and at most 496 whatever lock-ups follow each
/// other and whatever others send: every function here fits a transaction, always.
///
/// Shares acquired while no lock-up was in force are in no lot, and free. Only the rules contract that the token names
/// may write.
interface ILockUps {
    /// @notice Shares that are released at the same time.
    /// @param amount How many
    /// @param releasedAt The first second in which they are free; the largest value is never
    struct Lot {
        uint96 amount;
        uint48 releasedAt;
    }

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

    /// @notice The lots of `wallet` that are locked now, in the order of their release.
    function lotsOf(address token, address wallet) external view returns (Lot[] memory);

    /// @notice When shares that are acquired in second `time` under a lock-up of `lockUp` seconds are released.
    function releaseOf(uint256 time, uint256 lockUp) external pure returns (uint256 releasedAt);
}

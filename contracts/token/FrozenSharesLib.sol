// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev How many shares of one account it cannot give, in one storage slot, from the lowest bit up:
///
///     ordered   128 bits   frozen by order of an agent, be they there or not; all ones for a freeze without limit
///     held      128 bits   held for a purpose that their holder agreed to (`IShareToken.hold`); never more than there are
///
/// Two numbers, since either has its own reason to end: a court's freeze must not be lifted where a hold is released,
/// and what is delivered out of a hold must not pass beneath a court's freeze.
type FrozenShares is uint256;

using FrozenSharesLib for FrozenShares global;

/// @title FrozenSharesLib
/// @notice Reads and writes the two numbers of `FrozenShares`. Pure: it touches no storage.
library FrozenSharesLib {
    /// @dev Of `ordered`: without limit.
    uint256 internal constant UNLIMITED = type(uint128).max;

    function ordered(FrozenShares self) internal pure returns (uint256) {
        return FrozenShares.unwrap(self) & UNLIMITED;
    }

    function held(FrozenShares self) internal pure returns (uint256) {
        return FrozenShares.unwrap(self) >> 128;
    }

    function holdsOther(FrozenShares self, FrozenShares before) internal pure returns (bool) {
        return (FrozenShares.unwrap(self) ^ FrozenShares.unwrap(before)) >> 128 != 0;
    }

    /// @dev Both. Cannot overflow: two numbers of 128 bits.
    function total(FrozenShares self) internal pure returns (uint256) {
        uint256 amount = ordered(self);
        unchecked {
            return amount == UNLIMITED ? type(uint256).max : amount + held(self);
        }
    }

    /// @dev What of a balance is neither.
    function free(FrozenShares self, uint256 balance) internal pure returns (uint256) {
        uint256 frozen = total(self);
        unchecked {
            return balance > frozen ? balance - frozen : 0;
        }
    }

    /// @dev Of more than `UNLIMITED`: without limit too.
    function withOrdered(FrozenShares self, uint256 amount) internal pure returns (FrozenShares) {
        if (amount > UNLIMITED) amount = UNLIMITED;
        return FrozenShares.wrap((FrozenShares.unwrap(self) & ~UNLIMITED) | amount);
    }

    /// @dev The caller warrants that `amount` fits 128 bits: it is at most a balance, or the sum of two.
    function withHeld(FrozenShares self, uint256 amount) internal pure returns (FrozenShares) {
        return FrozenShares.wrap(ordered(self) | (amount << 128));
    }

    /// @dev Those of two accounts together. A freeze without limit stays one.
    function plus(FrozenShares self, FrozenShares other) internal pure returns (FrozenShares) {
        unchecked {
            // Sums of two numbers of 128 bits; what is held is at most two balances.
            return self.withHeld(held(self) + held(other)).withOrdered(ordered(self) + ordered(other));
        }
    }

    /// @dev What stays frozen of a balance of which more is taken than is free: free shares go first, then those that were
    /// frozen by order, and held ones last. A freeze without limit stays one.
    function taken(FrozenShares self, uint256 balance, uint256 amount) internal pure returns (FrozenShares) {
        unchecked {
            // `free < amount <= balance`, and `held <= balance`.
            uint256 left = balance - amount;
            if (held(self) < left) left = held(self);
            uint256 still = ordered(self);
            // What was frozen in all, less what is missing, less what is still held.
            if (still != UNLIMITED) still = total(self) - (amount - free(self, balance)) - left;
            return FrozenShares.wrap(still | (left << 128));
        }
    }
}

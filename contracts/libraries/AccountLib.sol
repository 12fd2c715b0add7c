// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev One account of the share ledger in one storage slot, from the lowest bit up:
///
///     balance    96 bits   shares held now, in the token's smallest unit
///     since      32 bits   how many records had closed when `balance` was last written
///     pastCount  32 bits   how many older balances the account's history holds
///     flags      96 bits   see the `FLAG_` constants
type Account is uint256;

using AccountLib for Account global;

/// @title AccountLib
/// @notice Reads and writes the fields of a packed `Account`. Pure: it touches no storage, and no
/// setter disturbs a field other than its own.
library AccountLib {
    uint256 internal constant MAX_BALANCE = type(uint96).max;

    uint256 private constant SINCE_AT = 96;
    uint256 private constant PAST_COUNT_AT = 128;
    uint256 private constant MASK_32 = type(uint32).max;

    function balance(Account self) internal pure returns (uint256) {
        return Account.unwrap(self) & MAX_BALANCE;
    }

    function since(Account self) internal pure returns (uint256) {
        return (Account.unwrap(self) >> SINCE_AT) & MASK_32;
    }

    function pastCount(Account self) internal pure returns (uint256) {
        return (Account.unwrap(self) >> PAST_COUNT_AT) & MASK_32;
    }

    /// @dev The caller warrants that the new balance fits 96 bits: every balance is bounded by the
    /// supply, and the supply by `MAX_BALANCE` where shares are created.
    function plus(Account self, uint256 amount) internal pure returns (Account) {
        unchecked {
            return Account.wrap(Account.unwrap(self) + amount);
        }
    }

    /// @dev The caller warrants `amount <= balance`, so that the subtraction borrows from no other field.
    function minus(Account self, uint256 amount) internal pure returns (Account) {
        unchecked {
            return Account.wrap(Account.unwrap(self) - amount);
        }
    }

    /// @dev `closedRecords` comes from the ledger's own 32-bit counter.
    function withSince(Account self, uint256 closedRecords) internal pure returns (Account) {
        return Account.wrap((Account.unwrap(self) & ~(MASK_32 << SINCE_AT)) | (closedRecords << SINCE_AT));
    }

    /// @dev The count cannot overflow: it grows at most once per record, and record ids are 32 bits wide.
    function withOneMorePast(Account self) internal pure returns (Account) {
        unchecked {
            return Account.wrap(Account.unwrap(self) + (1 << PAST_COUNT_AT));
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev One account of the share ledger in one storage slot, from the lowest bit up:
///
///     balance    96 bits   shares held now, in the token's smallest unit
///     since      32 bits   how many records had closed when `balance` was last written
///     pastCount  32 bits   how many older balances the account's history holds
///     flags      96 bits   see the `FLAG_` constants; zero for an ordinary account
type Account is uint256;

using AccountLib for Account global;

/// @title AccountLib
/// @notice Reads and writes the fields of a packed `Account`. Pure: it touches no storage, and no
/// setter disturbs a field other than its own.
library AccountLib {
    uint256 internal constant MAX_BALANCE = type(uint96).max;

    /// @dev The wallet is frozen: it neither sends nor receives.
    uint256 internal constant FLAG_FROZEN = 1 << 160;

    /// @dev Some of the wallet's shares are frozen; how many is kept elsewhere.
    uint256 internal constant FLAG_PARTLY_FROZEN = 1 << 161;

    /// @dev The wallet was lost and recovered: it has a successor, and neither sends nor receives again.
    uint256 internal constant FLAG_LOST = 1 << 162;

    /// @dev Nobody's account, which may never hold shares.
    uint256 internal constant FLAG_BARRED = 1 << 163;

    uint256 private constant FLAGS_AT = 160;
    uint256 private constant SINCE_AT = 96;
    uint256 private constant PAST_COUNT_AT = 128;
    uint256 private constant MASK_32 = type(uint32).max;

    /// @dev Everything of an account but its balance and the length of its history.
    uint256 private constant STANDING = ~(MAX_BALANCE | (MASK_32 << PAST_COUNT_AT));

    function balance(Account self) internal pure returns (uint256) {
        return Account.unwrap(self) & MAX_BALANCE;
    }

    function since(Account self) internal pure returns (uint256) {
        return (Account.unwrap(self) >> SINCE_AT) & MASK_32;
    }

    function pastCount(Account self) internal pure returns (uint256) {
        return (Account.unwrap(self) >> PAST_COUNT_AT) & MASK_32;
    }

    function has(Account self, uint256 flags) internal pure returns (bool) {
        return Account.unwrap(self) & flags != 0;
    }

    /// @dev Whether either account is anything but ordinary.
    function anyFlag(Account self, Account other) internal pure returns (bool) {
        return (Account.unwrap(self) | Account.unwrap(other)) >> FLAGS_AT != 0;
    }

    /// @dev Whether both accounts are ordinary and were written since the last of `closedRecords` closed: nothing but
    /// their balances has a say in a movement between them, and nothing else changes.
    function bothReady(Account self, Account other, uint256 closedRecords) internal pure returns (bool) {
        uint256 present = closedRecords << SINCE_AT;
        return ((Account.unwrap(self) ^ present) | (Account.unwrap(other) ^ present)) & STANDING == 0;
    }

    function with(Account self, uint256 flag, bool on) internal pure returns (Account) {
        return Account.wrap(on ? Account.unwrap(self) | flag : Account.unwrap(self) & ~flag);
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

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ledger, LedgerLib} from "./LedgerLib.sol";

/// @dev One account of the share ledger in one storage slot, from the lowest bit up:
///
///     balance    96 bits   shares held now, in the token's smallest unit
///     pastCount  32 bits   how many older balances the account's history holds
///     -          80 bits   not used
///     since      32 bits   how many records had closed when `balance` was last written
///     flags      16 bits   see the `FLAG_` constants; zero for an ordinary account
///
/// `since` stands where the ledger's `closedRecords` stands, below the flags of each. So one comparison of what stands
/// from there on tells whether an account is ordinary, and was written since the last record closed.
type Account is uint256;

using AccountLib for Account global;

/// @title AccountLib
/// @notice Reads and writes the fields of a packed `Account`. Pure: it touches no storage, and no
/// setter disturbs a field other than its own.
library AccountLib {
    uint256 internal constant MAX_BALANCE = type(uint96).max;

    /// @dev The wallet is frozen: it neither sends nor receives.
    uint256 internal constant FLAG_FROZEN = 1 << 240;

    /// @dev Some of the wallet's shares are frozen; how many is kept elsewhere.
    uint256 internal constant FLAG_PARTLY_FROZEN = 1 << 241;

    /// @dev The wallet was lost and recovered: it has a successor, and neither sends nor receives again.
    uint256 internal constant FLAG_LOST = 1 << 242;

    /// @dev Nobody's account, which may never hold shares.
    uint256 internal constant FLAG_BARRED = 1 << 243;

    uint256 private constant PAST_COUNT_AT = 96;
    uint256 private constant SINCE_AT = LedgerLib.CLOSED_AT;
    uint256 private constant FLAGS_AT = 240;
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

    function has(Account self, uint256 flags) internal pure returns (bool) {
        return Account.unwrap(self) & flags != 0;
    }

    /// @dev Whether either account is anything but ordinary.
    function anyFlag(Account self, Account other) internal pure returns (bool) {
        return (Account.unwrap(self) | Account.unwrap(other)) >> FLAGS_AT != 0;
    }

    /// @dev Whether both accounts are ordinary and were written since the last record closed: nothing but their balances
    /// has a say in a movement between them, and nothing else changes. The ledger brings its `closedRecords` where an
    /// account has its `since`; its own flags, above, say nothing of accounts.
    function bothReady(Account self, Account other, Ledger ledger) internal pure returns (bool) {
        uint256 present = Ledger.unwrap(ledger) & (MASK_32 << SINCE_AT);
        return ((Account.unwrap(self) ^ present) | (Account.unwrap(other) ^ present)) >> SINCE_AT == 0;
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

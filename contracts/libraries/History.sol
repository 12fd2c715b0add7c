// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Account} from "./AccountLib.sol";

/// @title History
/// @notice The balances of one account at records that have closed.
/// @dev An `Account` is the newest checkpoint: its balance holds for every record after `since`.
/// When it is about to change and a record has closed in between, it moves into the history, which is
/// a list of older checkpoints `(since, balance)` in ascending order of `since`, two to a slot. So
/// nothing is written until a record date has really passed, and then once per account.
///
/// The balance at record `r` is the balance of the newest checkpoint with `since < r`, or zero if
/// there is none. An account that was empty from the beginning therefore needs no checkpoint.
library History {
    uint256 private constant ENTRY_BITS = 128;
    uint256 private constant ENTRY_MASK = type(uint128).max;

    /// @dev Slot `i` holds checkpoint `2i` in its low half and checkpoint `2i + 1` in its high half.
    struct Past {
        mapping(uint256 slotIndex => uint256 twoEntries) slots;
    }

    /// @dev `account` ready for a change of balance: if a record closed since it was last written, its present
    /// balance moves into `past` first.
    function upTo(Past storage past, Account account, uint256 closedRecords) internal returns (Account) {
        return account.since() == closedRecords ? account : _checkpoint(past, account, closedRecords);
    }

    function _checkpoint(Past storage past, Account account, uint256 closedRecords) private returns (Account) {
        uint256 count = account.pastCount();
        if (count == 0 && account.balance() == 0) return account.withSince(closedRecords);

        // Balance and `since` are the lowest 128 bits of an account: exactly one entry.
        uint256 entry = Account.unwrap(account) & ENTRY_MASK;
        if (count & 1 == 0) past.slots[count >> 1] = entry;
        else past.slots[count >> 1] |= entry << ENTRY_BITS;
        return account.withOneMorePast().withSince(closedRecords);
    }

    /// @dev The balance of `account` at `recordId`, which the caller has found to be closed.
    function balanceAt(Past storage past, Account account, uint256 recordId) internal view returns (uint256) {
        if (account.since() < recordId) return account.balance();

        // Binary search for the number of checkpoints with `since < recordId`.
        uint256 low = 0;
        uint256 high = account.pastCount();
        while (low < high) {
            uint256 middle = (low + high) >> 1;
            if (_entry(past, middle).since() < recordId) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : _entry(past, low - 1).balance();
    }

    function _entry(Past storage past, uint256 index) private view returns (Account) {
        uint256 twoEntries = past.slots[index >> 1];
        return Account.wrap((index & 1 == 0 ? twoEntries : twoEntries >> ENTRY_BITS) & ENTRY_MASK);
    }
}

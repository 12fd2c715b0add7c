// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Account} from "./AccountLib.sol";

/// @title HistoryLib
/// @notice The balances of one account at records that have closed.
/// @dev An `Account` is the newest checkpoint: its balance holds for every record after `since`.
/// When it is about to change and a record has closed in between, it moves into the history, which is
/// a list of older checkpoints `(balance, since)` in ascending order of `since`, two to a slot, 96 and 32 bits each. So
/// nothing is written until a record date has really passed, and then once per account.
///
/// The balance at record `r` is the balance of the newest checkpoint with `since < r`, or zero if
/// there is none. An account that was empty from the beginning therefore needs no checkpoint.
library HistoryLib {
    /// @dev A checkpoint, from its lowest bit up: balance 96 bits, `since` 32 bits.
    uint256 private constant ENTRY_BITS = 128;
    uint256 private constant BALANCE_BITS = 96;

    /// @dev Larger than any number of checkpoints.
    uint256 private constant ANYWHERE = type(uint64).max;

    /// @dev Slot `i` holds checkpoint `2i` in its low half and checkpoint `2i + 1` in its high half.
    struct Past {
        mapping(uint256 slotIndex => uint256 twoEntries) slots;
    }

    /// @dev `account` ready for a change of balance: if a record closed since it was last written, its present
    /// balance moves into `past` first.
    function upTo(Past storage past, Account account, uint256 closedRecords) internal returns (Account) {
        return account.since() == closedRecords ? account : checkpoint(past, account, closedRecords);
    }

    /// @dev The same, where a record is known to have closed.
    function checkpoint(Past storage past, Account account, uint256 closedRecords) internal returns (Account) {
        uint256 count = account.pastCount();
        if (count == 0 && account.balance() == 0) return account.withSince(closedRecords);

        uint256 entry = account.balance() | (account.since() << BALANCE_BITS);
        if (count & 1 == 0) past.slots[count >> 1] = entry;
        else past.slots[count >> 1] |= entry << ENTRY_BITS;
        return account.withOneMorePast().withSince(closedRecords);
    }

    /// @dev The balance of `account` at `recordId`, which the caller has found to be closed.
    function balanceAt(Past storage past, Account account, uint256 recordId) internal view returns (uint256 held) {
        if (account.since() < recordId) return account.balance();
        (held, ) = balanceNear(past, account, recordId, ANYWHERE);
    }

    /// @dev The same for an account that has been written since the record, and how many checkpoints have
    /// `since < recordId`: that many are guessed at first, or some more. Who asks for one record after the other, and
    /// guesses the last answer, reads each checkpoint about once.
    function balanceNear(
        Past storage past,
        Account account,
        uint256 recordId,
        uint256 guess
    ) internal view returns (uint256 held, uint256 low) {
        uint256 high = account.pastCount();
        uint256 step = guess == ANYWHERE ? ANYWHERE : 0;
        unchecked {
            // Numbers of checkpoints, which have 32 bits; what is out of bounds becomes the middle.
            while (low < high) {
                if (guess >= high) guess = (low + high) >> 1;
                uint256 entry = _entry(past, guess);
                if (entry >> BALANCE_BITS < recordId) {
                    (low, held) = (guess + 1, uint96(entry));
                    (guess, step) = (low + step, (step << 1) | 1);
                } else {
                    high = guess;
                    (guess, step) = (step == 0 ? guess - 1 : ANYWHERE, ANYWHERE);
                }
            }
        }
    }

    function _entry(Past storage past, uint256 index) private view returns (uint256) {
        uint256 twoEntries = past.slots[index >> 1];
        return index & 1 == 0 ? uint128(twoEntries) : twoEntries >> ENTRY_BITS;
    }
}

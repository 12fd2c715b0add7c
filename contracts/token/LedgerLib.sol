// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What every transfer must know about the token, in one storage slot, from the lowest bit up:
///
///     rules          160 bits   the rules contract, zero for an open token
///     nextRecordAt    48 bits   when the earliest record not yet counted closes; all ones if there is none
///     closedRecords   32 bits   how many records have been counted as closed
///     flags           16 bits   see the `FLAG_` constants
type Ledger is uint256;

using LedgerLib for Ledger global;

/// @title LedgerLib
/// @notice Reads and writes the fields of a packed `Ledger`. It touches no storage.
library LedgerLib {
    /// @dev `nextRecordAt` of a ledger with no record ahead; no record may close at this time.
    uint256 internal constant NO_RECORD = type(uint48).max;

    /// @dev The identity registry must be asked before an account receives, since the rules do not ask it.
    uint256 internal constant FLAG_REGISTRY = 1 << 240;

    /// @dev Holders may not transfer.
    uint256 internal constant FLAG_PAUSED = 1 << 241;

    /// @dev The rules contract is one of ours (`ITransferRules`), not an ERC-3643 compliance contract.
    uint256 internal constant FLAG_OUR_RULES = 1 << 242;

    /// @dev Some wallet has been frozen or recovered once, so spenders are worth a look.
    uint256 internal constant FLAG_FREEZES = 1 << 243;

    /// @dev Income is held while its holder is not eligible.
    uint256 internal constant FLAG_HOLDS_INCOME = 1 << 244;

    /// @dev Some record has been cancelled once, so an id alone does not tell that its record closed.
    uint256 internal constant FLAG_CANCELS = 1 << 245;

    uint256 private constant NEXT_AT = 160;
    uint256 internal constant CLOSED_AT = 208;
    uint256 private constant MASK_32 = type(uint32).max;
    uint256 private constant RECORD_FIELDS = (NO_RECORD << NEXT_AT) | (MASK_32 << CLOSED_AT);
    uint256 private constant GUARDS = type(uint160).max | FLAG_REGISTRY | FLAG_PAUSED;

    function rules(Ledger self) internal pure returns (address) {
        return address(uint160(Ledger.unwrap(self)));
    }

    function nextRecordAt(Ledger self) internal pure returns (uint256) {
        return (Ledger.unwrap(self) >> NEXT_AT) & NO_RECORD;
    }

    function closedRecords(Ledger self) internal pure returns (uint256) {
        return (Ledger.unwrap(self) >> CLOSED_AT) & MASK_32;
    }

    /// @dev Whether the second of the next record is over.
    function recordDue(Ledger self) internal view returns (bool) {
        return block.timestamp > (Ledger.unwrap(self) >> NEXT_AT) & NO_RECORD;
    }

    /// @dev True if a holder's transfer needs more than a look at the two accounts.
    function guarded(Ledger self) internal pure returns (bool) {
        return Ledger.unwrap(self) & GUARDS != 0;
    }

    /// @dev True if one call to rules of ours is all that a transfer needs.
    function asksOnlyOurRules(Ledger self) internal pure returns (bool) {
        return Ledger.unwrap(self) & (FLAG_OUR_RULES | FLAG_PAUSED | FLAG_REGISTRY) == FLAG_OUR_RULES;
    }

    function has(Ledger self, uint256 flag) internal pure returns (bool) {
        return Ledger.unwrap(self) & flag != 0;
    }

    function with(Ledger self, uint256 flag, bool on) internal pure returns (Ledger) {
        return Ledger.wrap(on ? Ledger.unwrap(self) | flag : Ledger.unwrap(self) & ~flag);
    }

    function withRules(Ledger self, address newRules) internal pure returns (Ledger) {
        return Ledger.wrap((Ledger.unwrap(self) & ~uint256(type(uint160).max)) | uint160(newRules));
    }

    /// @dev `closed` counts records, of which there are fewer than 2^32, and `next` is a `uint48`.
    function withRecords(Ledger self, uint256 closed, uint256 next) internal pure returns (Ledger) {
        return Ledger.wrap((Ledger.unwrap(self) & ~RECORD_FIELDS) | (next << NEXT_AT) | (closed << CLOSED_AT));
    }
}

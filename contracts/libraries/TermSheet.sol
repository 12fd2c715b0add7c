// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";

/// @title TermSheet
/// @notice The unchangeable part of a distribution, stored as the code of a contract of its own.
/// @dev Code cannot be changed by anyone, and reading all of it costs less than two storage slots. The
/// vault creates no other contracts, so sheet `id` is its `id`-th creation, and the address follows from
/// the id (EIP-161: a contract's first creation has nonce 1) without being stored.
///
/// The code is four words, and behind them the tail if the terms have one:
///
///     token     160 bits | recordId    32 | ordinal  32 | kind 8 | flags 8
///     currency  160 bits | payableFrom 48 | deadline 48
///     amount    160 bits | eligible    96
///     declarer  160 bits | carriedIn   96
library TermSheet {
    /// @dev As stored, so that reading is one copy. `eligible` is 0 if the record was open at declaration.
    struct Sheet {
        uint256 id;
        uint256 first;
        uint256 second;
        uint256 third;
        uint256 fourth;
    }

    /// @notice The part that ordinary distributions do without.
    struct Tail {
        address sweepTo;
        address taxPolicy;
        address taxCollector;
        bytes32 documentHash;
        address[] excluded;
    }

    uint256 internal constant FLAG_TAIL = 1;
    uint256 internal constant FLAG_TAXED = 2;
    uint256 internal constant FLAG_EXCLUDING = 4;

    uint256 internal constant MAX_AMOUNT = type(uint160).max;
    uint256 internal constant MAX_ELIGIBLE = type(uint96).max;
    uint256 internal constant MAX_RECORD = type(uint32).max;

    uint256 private constant HEAD_BYTES = 128;
    uint256 private constant MASK_48 = type(uint48).max;
    uint256 private constant MASK_32 = type(uint32).max;
    uint256 private constant MASK_8 = type(uint8).max;

    // --------------------------------------------------------------------- fields

    function token(Sheet memory self) internal pure returns (address) {
        return address(uint160(self.first));
    }

    function recordId(Sheet memory self) internal pure returns (uint256) {
        return (self.first >> 160) & MASK_32;
    }

    /// @dev Where this distribution's bit is among those of one holder: the word, and the bit in it.
    function claimedAt(Sheet memory self) internal pure returns (uint256 wordIndex, uint256 bit) {
        uint256 first = self.first;
        return ((first >> 200) & (MASK_32 >> 8), 1 << ((first >> 192) & 0xff));
    }

    /// @dev Where the progress of this distribution is: the slot it shares with its neighbour, and the shift in it.
    function laneAt(Sheet memory self) internal pure returns (uint256 pairIndex, uint256 shift) {
        uint256 first = self.first;
        return ((first >> 193) & (MASK_32 >> 1), (first >> 185) & 128);
    }

    function kind(Sheet memory self) internal pure returns (uint256) {
        return (self.first >> 224) & MASK_8;
    }

    function has(Sheet memory self, uint256 flag) internal pure returns (bool) {
        return self.first & (flag << 232) != 0;
    }

    function currency(Sheet memory self) internal pure returns (address) {
        return address(uint160(self.second));
    }

    function payableFrom(Sheet memory self) internal pure returns (uint256) {
        return (self.second >> 160) & MASK_48;
    }

    function deadline(Sheet memory self) internal pure returns (uint256) {
        return self.second >> 208;
    }

    function amount(Sheet memory self) internal pure returns (uint256) {
        return self.third & MAX_AMOUNT;
    }

    function eligible(Sheet memory self) internal pure returns (uint256) {
        return self.third >> 160;
    }

    function declarer(Sheet memory self) internal pure returns (address) {
        return address(uint160(self.fourth));
    }

    /// @dev The part of the amount that earlier distributions left over.
    function carriedIn(Sheet memory self) internal pure returns (uint256) {
        return self.fourth >> 160;
    }

    // ------------------------------------------------------------ building a sheet

    function setAsset(
        Sheet memory self,
        address token_,
        uint256 recordId_,
        uint256 kind_,
        address declarer_
    ) internal pure {
        self.first = uint160(token_) | (recordId_ << 160) | (kind_ << 224);
        self.fourth = uint160(declarer_);
    }

    function setOrdinal(Sheet memory self, uint256 ordinal_) internal pure {
        self.first |= ordinal_ << 192;
    }

    function setFlag(Sheet memory self, uint256 flag) internal pure {
        self.first |= flag << 232;
    }

    function setPayment(Sheet memory self, address currency_, uint256 payableFrom_, uint256 deadline_) internal pure {
        self.second = uint160(currency_) | (payableFrom_ << 160) | (deadline_ << 208);
    }

    function setDivision(Sheet memory self, uint256 amount_, uint256 eligible_) internal pure {
        self.third = amount_ | (eligible_ << 160);
    }

    function setCarriedIn(Sheet memory self, uint256 carriedIn_) internal pure {
        self.fourth |= carriedIn_ << 160;
    }

    // -------------------------------------------------------------------- storing

    /// @dev Stores `sheet`, with `tail` if its flags say so.
    function write(Sheet memory sheet, Tail memory tail) internal {
        bytes memory code = abi.encodePacked(sheet.first, sheet.second, sheet.third, sheet.fourth);
        if (has(sheet, FLAG_TAIL)) code = abi.encodePacked(code, abi.encode(tail));
        SSTORE2.write(code);
    }

    /// @dev Reads sheet `id`; its token is zero if there is none.
    function read(uint256 id) internal view returns (Sheet memory sheet) {
        sheet.id = id;
        address pointer = LibRLP.computeAddress(address(this), id);
        // The words lie behind the STOP byte; where there is no code, zeros are copied.
        assembly ("memory-safe") {
            extcodecopy(pointer, add(sheet, 0x20), 1, HEAD_BYTES)
        }
    }

    /// @dev The tail of `sheet`, empty if it has none.
    function readTail(Sheet memory sheet) internal view returns (Tail memory tail) {
        if (!has(sheet, FLAG_TAIL)) return tail;
        bytes memory code = SSTORE2.read(LibRLP.computeAddress(address(this), sheet.id), HEAD_BYTES);
        return abi.decode(code, (Tail));
    }

    /// @dev Whether `account` is excluded. The list is short: `DividendVault` limits it.
    function excludes(Tail memory tail, address account) internal pure returns (bool) {
        for (uint256 i = 0; i < tail.excluded.length; ++i) {
            if (tail.excluded[i] == account) return true;
        }
        return false;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";

/// @dev A term sheet: where in memory it lies. No struct, since the compiler clears memory for every struct that a
/// function returns.
type StoredTerms is uint256;

using TermsLib for StoredTerms global;

/// @title TermsLib
/// @notice The unchangeable part of a distribution, stored as the code of a contract of its own.
/// @dev Code cannot be changed by anyone, and reading all of it costs less than two storage slots. The
/// vault's first creation (EIP-161: nonce 1) is its relayer; it creates nothing else but sheets, so sheet `id` is
/// creation `id + 1`, and the address follows from the id without being stored.
///
/// The code is four words, and behind them the tail if the terms have one; from the lowest bit up:
///
///     token     160 bits | series      32 | ordinal  32 | recordId 32
///     currency  160 bits | payableFrom 48 | lastSecond 48
///     amount    160 bits | eligible    96
///     declarer  160 bits | carriedIn   48 | lane     40 | kind 3 | flags 5
library TermsLib {
    /// @notice The part that ordinary distributions do without.
    struct Tail {
        address sweepTo;
        address taxPolicy;
        address taxCollector;
        bytes32 documentHash;
        address[] excluded;
    }

    /// @dev Income is held while its holder is not eligible: see `IRecordHoldings`.
    uint256 internal constant FLAG_ELIGIBLE_ONLY = 1 << 251;

    uint256 internal constant FLAG_TAIL = 1 << 252;
    uint256 internal constant FLAG_TAXED = 1 << 253;
    uint256 internal constant FLAG_EXCLUDING = 1 << 254;

    /// @dev One question to the token settles a holder: see `IRecordHoldings`.
    uint256 internal constant FLAG_HOLDINGS = 1 << 255;

    uint256 internal constant MAX_AMOUNT = type(uint160).max;
    uint256 internal constant MAX_ELIGIBLE = type(uint96).max;
    uint256 internal constant MAX_RECORD = type(uint32).max;
    uint256 internal constant MAX_CARRIED_IN = 0xffffffffffff;
    uint256 internal constant NO_DEADLINE = 0xffffffffffff;

    /// @dev In memory: the id, then the four words as they are stored, so that reading is one copy.
    uint256 private constant FIRST = 0x20;
    uint256 private constant SECOND = 0x40;
    uint256 private constant THIRD = 0x60;
    uint256 private constant FOURTH = 0x80;
    uint256 private constant SHEET_BYTES = 0xa0;

    /// @dev `FLAG_HOLDINGS` and `FLAG_ELIGIBLE_ONLY`: how the token is asked.
    uint256 private constant FLAGS_OF_QUESTION = 0x8800000000000000000000000000000000000000000000000000000000000000;
    uint256 private constant HEAD_BYTES = 0x80;
    uint256 private constant MASK_48 = 0xffffffffffff;
    uint256 private constant MASK_40 = 0xffffffffff;
    uint256 private constant MASK_32 = 0xffffffff;
    uint256 private constant MASK_3 = 0x7;

    // --------------------------------------------------------------------- fields

    function id(StoredTerms self) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(self)
        }
    }

    function token(StoredTerms self) internal pure returns (address value) {
        assembly ("memory-safe") {
            value := shr(96, shl(96, mload(add(self, FIRST))))
        }
    }

    /// @dev Which distributions of one token in one currency this one belongs to.
    function series(StoredTerms self) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := and(shr(160, mload(add(self, FIRST))), MASK_32)
        }
    }

    /// @dev The how manieth of its series this is, from 0.
    function ordinal(StoredTerms self) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := and(shr(192, mload(add(self, FIRST))), MASK_32)
        }
    }

    function recordId(StoredTerms self) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(224, mload(add(self, FIRST)))
        }
    }

    function currency(StoredTerms self) internal pure returns (address value) {
        assembly ("memory-safe") {
            value := shr(96, shl(96, mload(add(self, SECOND))))
        }
    }

    function payableFrom(StoredTerms self) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := and(shr(160, mload(add(self, SECOND))), MASK_48)
        }
    }

    /// @dev The last second for payments; `NO_DEADLINE` if there is none.
    function lastSecond(StoredTerms self) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(208, mload(add(self, SECOND)))
        }
    }

    function amount(StoredTerms self) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(96, shl(96, mload(add(self, THIRD))))
        }
    }

    /// @dev 0 if the record was open at declaration.
    function eligible(StoredTerms self) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(160, mload(add(self, THIRD)))
        }
    }

    function declarer(StoredTerms self) internal pure returns (address value) {
        assembly ("memory-safe") {
            value := shr(96, shl(96, mload(add(self, FOURTH))))
        }
    }

    /// @dev The part of the amount that earlier distributions left over.
    function carriedIn(StoredTerms self) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := and(shr(160, mload(add(self, FOURTH))), MASK_48)
        }
    }

    /// @dev Where the progress of this distribution is kept: see `ProgressLib`.
    function lane(StoredTerms self) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := and(shr(208, mload(add(self, FOURTH))), MASK_40)
        }
    }

    function kind(StoredTerms self) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := and(shr(248, mload(add(self, FOURTH))), MASK_3)
        }
    }

    /// @dev Whether it has any of the flags.
    function has(StoredTerms self, uint256 flags) internal pure returns (bool value) {
        assembly ("memory-safe") {
            value := iszero(iszero(and(mload(add(self, FOURTH)), flags)))
        }
    }

    /// @dev Whether holders can be paid in this second: never, if there is no such sheet.
    function isPayable(StoredTerms self) internal view returns (bool value) {
        assembly ("memory-safe") {
            let dates := shr(160, mload(add(self, SECOND)))
            value := iszero(or(lt(timestamp(), and(dates, MASK_48)), gt(timestamp(), shr(48, dates))))
        }
    }

    /// @dev The deadline as the terms have it: 0 for none.
    function deadline(StoredTerms self) internal pure returns (uint256 value) {
        value = lastSecond(self);
        if (value == NO_DEADLINE) value = 0;
    }

    // ------------------------------------------------------------ building a sheet

    /// @dev A sheet with nothing on it.
    function blank() internal pure returns (StoredTerms sheet) {
        sheet = room(1);
        assembly ("memory-safe") {
            // Nothing lies behind the calldata.
            calldatacopy(sheet, calldatasize(), SHEET_BYTES)
        }
    }

    function setId(StoredTerms self, uint256 id_) internal pure {
        _put(self, 0, id_);
    }

    function setAsset(StoredTerms self, address token_, uint256 recordId_) internal pure {
        _put(self, FIRST, uint160(token_) | (recordId_ << 224));
    }

    function setPlace(StoredTerms self, uint256 series_, uint256 ordinal_, uint256 lane_) internal pure {
        _add(self, FIRST, (series_ << 160) | (ordinal_ << 192));
        _add(self, FOURTH, lane_ << 208);
    }

    function setPayment(StoredTerms self, address currency_, uint256 payableFrom_, uint256 deadline_) internal pure {
        uint256 lastSecond_ = deadline_ == 0 ? NO_DEADLINE : deadline_;
        _put(self, SECOND, uint160(currency_) | (payableFrom_ << 160) | (lastSecond_ << 208));
    }

    function setDivision(StoredTerms self, uint256 amount_, uint256 eligible_) internal pure {
        _put(self, THIRD, amount_ | (eligible_ << 160));
    }

    function setOrigin(StoredTerms self, address declarer_, uint256 kind_) internal pure {
        _add(self, FOURTH, uint160(declarer_) | (kind_ << 248));
    }

    function setCarriedIn(StoredTerms self, uint256 carriedIn_) internal pure {
        _add(self, FOURTH, carriedIn_ << 160);
    }

    function setFlag(StoredTerms self, uint256 flag) internal pure {
        _add(self, FOURTH, flag);
    }

    // -------------------------------------------------------------------- storing

    /// @dev Stores `sheet`, with `tail` if its flags say so.
    function write(StoredTerms sheet, Tail memory tail) internal {
        uint256 id_ = sheet.id();
        bytes memory code;
        assembly ("memory-safe") {
            // While it is written, the sheet is the array of its four words.
            mstore(sheet, HEAD_BYTES)
            code := sheet
        }
        if (has(sheet, FLAG_TAIL)) code = abi.encodePacked(code, abi.encode(tail));
        SSTORE2.write(code);
        setId(sheet, id_);
    }

    /// @dev Reads sheet `id`; its token is zero if there is none.
    function read(uint256 id_) internal view returns (StoredTerms sheet) {
        sheet = room(1);
        load(sheet, id_);
    }

    /// @dev The same, into memory that is there.
    function load(StoredTerms sheet, uint256 id_) internal view {
        address pointer = _pointer(id_);
        // The words lie behind the STOP byte; where there is no code, zeros are copied.
        assembly ("memory-safe") {
            mstore(sheet, id_)
            extcodecopy(pointer, add(sheet, FIRST), 1, HEAD_BYTES)
        }
    }

    /// @dev Loads the sheets of `ids` from `start` on behind each other from `first` on, and puts down their records, as
    /// long as they are payable, of one series, and the token is asked about them alike. The sheet that ends this is loaded, but not counted.
    ///
    /// Written out, for each call between its steps would cost as much as the step.
    function loadRun(
        StoredTerms first,
        uint256[] calldata ids,
        uint256 start,
        uint256[] memory recordIds
    ) internal view returns (uint256 count) {
        unchecked {
            // No index leaves the arrays.
            uint256 most = ids.length - start;
            for (StoredTerms sheet = first; count < most; ++count) {
                uint256 nonce;
                assembly ("memory-safe") {
                    let id_ := calldataload(add(ids.offset, shl(5, add(start, count))))
                    mstore(sheet, id_)
                    nonce := add(id_, iszero(iszero(id_)))
                }
                address pointer = LibRLP.computeAddress(address(this), nonce);
                bool ends;
                assembly ("memory-safe") {
                    extcodecopy(pointer, add(sheet, FIRST), 1, HEAD_BYTES)
                    let place := mload(add(sheet, FIRST))
                    let dates := shr(160, mload(add(sheet, SECOND)))
                    ends := or(lt(timestamp(), and(dates, MASK_48)), gt(timestamp(), shr(48, dates)))
                    ends := or(ends, shl(64, xor(place, mload(add(first, FIRST)))))
                    // One question is for all, so all must have it answered alike.
                    let flags := xor(mload(add(sheet, FOURTH)), mload(add(first, FOURTH)))
                    ends := or(ends, and(flags, FLAGS_OF_QUESTION))
                    mstore(add(recordIds, shl(5, add(count, 1))), shr(224, place))
                    sheet := add(sheet, SHEET_BYTES)
                }
                if (ends) break;
            }
        }
    }

    /// @dev Memory for `count` sheets behind each other, not cleared: each is loaded before it is read.
    function room(uint256 count) internal pure returns (StoredTerms first) {
        assembly ("memory-safe") {
            first := mload(0x40)
            mstore(0x40, add(first, mul(count, SHEET_BYTES)))
        }
    }

    /// @dev The sheet `index` places behind this one, in memory that `room` has given.
    function at(StoredTerms self, uint256 index) internal pure returns (StoredTerms sheet) {
        assembly ("memory-safe") {
            sheet := add(self, mul(index, SHEET_BYTES))
        }
    }

    /// @dev The tail of `sheet`, empty if it has none.
    function readTail(StoredTerms sheet) internal view returns (Tail memory tail) {
        if (!has(sheet, FLAG_TAIL)) return tail;
        return abi.decode(SSTORE2.read(_pointer(id(sheet)), HEAD_BYTES), (Tail));
    }

    /// @dev Whether `account` is excluded. The list is short: `DividendVault` limits it.
    function excludes(Tail memory tail, address account) internal pure returns (bool) {
        for (uint256 i = 0; i < tail.excluded.length; ++i) {
            if (tail.excluded[i] == account) return true;
        }
        return false;
    }

    /// @dev Where sheet `id_` is, or would be. Creation 1 is the relayer, which the id 0 would name; creation 0, to which
    /// the last id would wrap, is never made.
    function _pointer(uint256 id_) private view returns (address) {
        unchecked {
            return LibRLP.computeAddress(address(this), id_ == 0 ? 0 : id_ + 1);
        }
    }

    function _word(StoredTerms self, uint256 at) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(self, at))
        }
    }

    function _put(StoredTerms self, uint256 at, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(add(self, at), word)
        }
    }

    function _add(StoredTerms self, uint256 at, uint256 bits) private pure {
        _put(self, at, _word(self, at) | bits);
    }
}

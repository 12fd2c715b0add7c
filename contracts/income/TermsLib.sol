// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {
    CARRIED_IN_AT,
    ELIGIBLE_AT,
    INDEX_AT,
    KIND_AT,
    LAST_SECOND_AT,
    MASK_3,
    MASK_32,
    MASK_40,
    MASK_48,
    PAYABLE_FROM_AT,
    PROGRESS_FIELD_AT,
    RECORD_AT,
    SERIES_AT,
    TERMS_CODE_BYTES
} from "./ClaimLayout.sol";
// Assembly reads these.
// solhint-disable-next-line no-unused-import
import {TERMS_ASSET, TERMS_BYTES, TERMS_ORIGIN, TERMS_PAYMENT} from "./ClaimLayout.sol";

/// @dev The unchangeable part of a distribution: its id, and the four words that are stored. `ClaimLayout` draws them.
struct StoredTerms {
    uint256 id;
    uint256 asset;
    uint256 payment;
    uint256 division;
    uint256 origin;
}

using TermsLib for StoredTerms global;

/// @title TermsLib
/// @notice The unchangeable part of a distribution, stored as the code of a contract of its own.
/// @dev Code cannot be changed by anyone, and reading all of it costs less than two storage slots. The
/// vault's first creation (EIP-161: nonce 1) is its relayer; it creates nothing else but terms, so the terms of
/// distribution `id` are creation `id + 1`, and the address follows from the id without being stored.
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

    /// @dev `FLAG_HOLDINGS` and `FLAG_ELIGIBLE_ONLY`: how the token is asked.
    uint256 private constant FLAGS_OF_QUESTION = 0x8800000000000000000000000000000000000000000000000000000000000000;

    // --------------------------------------------------------------------- fields

    function token(StoredTerms memory self) internal pure returns (address) {
        return address(uint160(self.asset));
    }

    /// @dev Which distributions of one token in one currency this one belongs to.
    function series(StoredTerms memory self) internal pure returns (uint256) {
        return (self.asset >> SERIES_AT) & MASK_32;
    }

    /// @dev Its place in the series, from 0.
    function index(StoredTerms memory self) internal pure returns (uint256) {
        return (self.asset >> INDEX_AT) & MASK_32;
    }

    function recordId(StoredTerms memory self) internal pure returns (uint256) {
        return self.asset >> RECORD_AT;
    }

    function currency(StoredTerms memory self) internal pure returns (address) {
        return address(uint160(self.payment));
    }

    function payableFrom(StoredTerms memory self) internal pure returns (uint256) {
        return (self.payment >> PAYABLE_FROM_AT) & MASK_48;
    }

    /// @dev The last second for payments; `NO_DEADLINE` if there is none.
    function lastSecond(StoredTerms memory self) internal pure returns (uint256) {
        return self.payment >> LAST_SECOND_AT;
    }

    function amount(StoredTerms memory self) internal pure returns (uint256) {
        return uint160(self.division);
    }

    /// @dev 0 if the record was open at declaration.
    function eligible(StoredTerms memory self) internal pure returns (uint256) {
        return self.division >> ELIGIBLE_AT;
    }

    function declarer(StoredTerms memory self) internal pure returns (address) {
        return address(uint160(self.origin));
    }

    /// @dev The part of the amount that earlier distributions left over.
    function carriedIn(StoredTerms memory self) internal pure returns (uint256) {
        return (self.origin >> CARRIED_IN_AT) & MASK_48;
    }

    /// @dev Where the progress of this distribution is kept: see `ProgressLib`.
    function progressField(StoredTerms memory self) internal pure returns (uint256) {
        return (self.origin >> PROGRESS_FIELD_AT) & MASK_40;
    }

    function kind(StoredTerms memory self) internal pure returns (uint256) {
        return (self.origin >> KIND_AT) & MASK_3;
    }

    /// @dev Whether it has any of the flags.
    function has(StoredTerms memory self, uint256 flags) internal pure returns (bool) {
        return self.origin & flags != 0;
    }

    /// @dev Whether holders can be paid in this second: never, if there are no such terms.
    function isPayable(StoredTerms memory self) internal view returns (bool) {
        return block.timestamp >= payableFrom(self) && block.timestamp <= lastSecond(self);
    }

    /// @dev The deadline as the terms have it: 0 for none.
    function deadline(StoredTerms memory self) internal pure returns (uint256 value) {
        value = lastSecond(self);
        if (value == NO_DEADLINE) value = 0;
    }

    // -------------------------------------------------------------------- building

    function setAsset(StoredTerms memory self, address token_, uint256 recordId_) internal pure {
        self.asset = uint160(token_) | (recordId_ << RECORD_AT);
    }

    function setPlace(StoredTerms memory self, uint256 series_, uint256 index_, uint256 field) internal pure {
        self.asset |= (series_ << SERIES_AT) | (index_ << INDEX_AT);
        self.origin |= field << PROGRESS_FIELD_AT;
    }

    function setPayment(
        StoredTerms memory self,
        address currency_,
        uint256 payableFrom_,
        uint256 deadline_
    ) internal pure {
        uint256 lastSecond_ = deadline_ == 0 ? NO_DEADLINE : deadline_;
        self.payment = uint160(currency_) | (payableFrom_ << PAYABLE_FROM_AT) | (lastSecond_ << LAST_SECOND_AT);
    }

    function setDivision(StoredTerms memory self, uint256 amount_, uint256 eligible_) internal pure {
        self.division = amount_ | (eligible_ << ELIGIBLE_AT);
    }

    function setOrigin(StoredTerms memory self, address declarer_, uint256 kind_) internal pure {
        self.origin |= uint160(declarer_) | (kind_ << KIND_AT);
    }

    function setCarriedIn(StoredTerms memory self, uint256 carriedIn_) internal pure {
        self.origin |= carriedIn_ << CARRIED_IN_AT;
    }

    function setFlag(StoredTerms memory self, uint256 flag) internal pure {
        self.origin |= flag;
    }

    // -------------------------------------------------------------------- storing

    /// @dev Stores the terms, with `tail` if their flags say so.
    function write(StoredTerms memory self, Tail memory tail) internal {
        bytes memory code = abi.encodePacked(self.asset, self.payment, self.division, self.origin);
        if (has(self, FLAG_TAIL)) code = abi.encodePacked(code, abi.encode(tail));
        SSTORE2.write(code);
    }

    /// @dev Reads the terms of distribution `id_`; their token is zero if there are none.
    function read(uint256 id_) internal view returns (StoredTerms memory terms) {
        terms.id = id_;
        address pointer = _pointer(id_);
        // The words lie behind the STOP byte; where there is no code, zeros are copied.
        assembly ("memory-safe") {
            extcodecopy(pointer, add(terms, TERMS_ASSET), 1, TERMS_CODE_BYTES)
        }
    }

    /// @dev Memory for the terms of `count` distributions behind each other: each is loaded before it is read.
    function allocate(uint256 count) internal pure returns (StoredTerms memory first) {
        assembly ("memory-safe") {
            // The first has been allocated by now, at the end of what was taken.
            mstore(0x40, add(first, mul(count, TERMS_BYTES)))
        }
    }

    /// @dev Loads the terms of `ids` from `start` on behind each other from `first` on, and their records, as long as
    /// they are payable, of one series, and the token is asked about them alike. The terms that end this are loaded, but
    /// not counted.
    ///
    /// Written out, for each call between its steps would cost as much as the step.
    function loadBatch(
        StoredTerms memory first,
        uint256[] calldata ids,
        uint256 start,
        uint256[] memory recordIds
    ) internal view returns (uint256 count) {
        unchecked {
            // No index leaves the arrays.
            uint256 most = ids.length - start;
            for (StoredTerms memory terms = first; count < most; ++count) {
                uint256 nonce;
                assembly ("memory-safe") {
                    let id_ := calldataload(add(ids.offset, shl(5, add(start, count))))
                    mstore(terms, id_)
                    nonce := add(id_, iszero(iszero(id_)))
                }
                address pointer = LibRLP.computeAddress(address(this), nonce);
                bool ends;
                assembly ("memory-safe") {
                    extcodecopy(pointer, add(terms, TERMS_ASSET), 1, TERMS_CODE_BYTES)
                    let asset := mload(add(terms, TERMS_ASSET))
                    let dates := shr(PAYABLE_FROM_AT, mload(add(terms, TERMS_PAYMENT)))
                    ends := or(lt(timestamp(), and(dates, MASK_48)), gt(timestamp(), shr(48, dates)))
                    // Token and series: the lower 192 bits.
                    ends := or(ends, shl(64, xor(asset, mload(add(first, TERMS_ASSET)))))
                    // One question is for all, so all must have it answered alike.
                    let flags := xor(mload(add(terms, TERMS_ORIGIN)), mload(add(first, TERMS_ORIGIN)))
                    ends := or(ends, and(flags, FLAGS_OF_QUESTION))
                    mstore(add(recordIds, shl(5, add(count, 1))), shr(RECORD_AT, asset))
                    terms := add(terms, TERMS_BYTES)
                }
                if (ends) break;
            }
        }
    }

    /// @dev The terms `places` behind these, in memory that `allocate` has given.
    function at(StoredTerms memory self, uint256 places) internal pure returns (StoredTerms memory terms) {
        assembly ("memory-safe") {
            terms := add(self, mul(places, TERMS_BYTES))
        }
    }

    /// @dev The tail of the terms, empty if they have none.
    function readTail(StoredTerms memory self) internal view returns (Tail memory tail) {
        if (!has(self, FLAG_TAIL)) return tail;
        return abi.decode(SSTORE2.read(_pointer(self.id), TERMS_CODE_BYTES), (Tail));
    }

    /// @dev Whether `account` is excluded. The list is short: `DividendVault` limits it.
    function excludes(Tail memory tail, address account) internal pure returns (bool) {
        for (uint256 i = 0; i < tail.excluded.length; ++i) {
            if (tail.excluded[i] == account) return true;
        }
        return false;
    }

    /// @dev Where the terms of distribution `id_` are, or would be. Creation 1 is the relayer, which the id 0 would name;
    /// creation 0, to which the last id would wrap, is never made.
    function _pointer(uint256 id_) private view returns (address) {
        unchecked {
            return LibRLP.computeAddress(address(this), id_ == 0 ? 0 : id_ + 1);
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IDividendVault} from "../income/IDividendVault.sol";
import {IWithholdingPolicy} from "./IWithholdingPolicy.sol";
import {InvestorStatus} from "./InvestorStatusLib.sol";

/// @title RateTableLib
/// @notice A whole table of withholding rates, stored as the code of a contract of its own.
/// @dev Code cannot be changed by anyone, and reading all of it costs less than two storage slots, however many steps
/// it takes to find a rate. The code is entries of six bytes in ascending order:
///
///     country 16 bits | class 8 | kind 8 | basisPoints 16
///
/// of which the first four bytes are the key.
library RateTableLib {
    /// @dev The whole income.
    uint256 internal constant WHOLE = 10_000;

    uint256 internal constant MAX_KIND = uint256(type(IDividendVault.Kind).max);

    /// @dev Code has at most 24,576 bytes (EIP-170).
    uint256 internal constant MAX_RATES = 4_000;

    uint256 private constant ANY_COUNTRY = 0;
    uint256 private constant ANY_CLASS = type(uint8).max;

    uint256 private constant ENTRY_BYTES = 6;
    uint256 private constant RATE_BITS = 16;

    // -------------------------------------------------------------------- storing

    /// @dev Stores a table after checking it; `pointer` is where.
    function write(IWithholdingPolicy.Rate[] memory rates) internal returns (address pointer) {
        if (rates.length > MAX_RATES) {
            revert IWithholdingPolicy.WithholdingPolicy_TooManyRates(rates.length, MAX_RATES);
        }
        bytes memory table = _pack(rates);
        for (uint256 kind = 0; kind <= MAX_KIND; ++kind) {
            (bool found, ) = _find(table, _key(ANY_COUNTRY, ANY_CLASS, kind));
            if (!found) revert IWithholdingPolicy.WithholdingPolicy_NoDefault(kind);
        }
        return SSTORE2.write(table);
    }

    function _pack(IWithholdingPolicy.Rate[] memory rates) private pure returns (bytes memory table) {
        // One word more than is used, because entries are written as whole words, each over the end of the last.
        table = new bytes(rates.length * ENTRY_BYTES + 32);
        uint256 previous = 0;
        for (uint256 i = 0; i < rates.length; ++i) {
            uint256 entry = _entryOf(rates[i]);
            if (i != 0 && entry >> RATE_BITS <= previous) revert IWithholdingPolicy.WithholdingPolicy_NotAscending(i);
            previous = entry >> RATE_BITS;
            assembly ("memory-safe") {
                mstore(add(add(table, 0x20), mul(i, ENTRY_BYTES)), shl(208, entry))
            }
        }
        uint256 length = rates.length * ENTRY_BYTES;
        assembly ("memory-safe") {
            mstore(table, length)
        }
    }

    function _entryOf(IWithholdingPolicy.Rate memory rate) private pure returns (uint256) {
        if (rate.kind > MAX_KIND) revert IWithholdingPolicy.WithholdingPolicy_UnknownKind(rate.kind, MAX_KIND);
        if (rate.basisPoints > WHOLE) {
            revert IWithholdingPolicy.WithholdingPolicy_RateTooHigh(rate.basisPoints, WHOLE);
        }
        return (_key(rate.country, rate.class, rate.kind) << RATE_BITS) | rate.basisPoints;
    }

    // -------------------------------------------------------------------- reading

    /// @dev The rate for a holder of this standing, and what it rests on.
    function rateFor(
        address pointer,
        InvestorStatus standing,
        uint256 kind
    ) internal view returns (uint256 basisPoints, IWithholdingPolicy.Basis basis) {
        bytes memory table = SSTORE2.read(pointer);
        bool found;
        if (standing.known()) {
            (uint256 country, uint256 class) = (standing.country(), standing.class());
            (found, basisPoints) = _find(table, _key(country, class, kind));
            if (found) return (basisPoints, IWithholdingPolicy.Basis.Exact);
            (found, basisPoints) = _find(table, _key(country, ANY_CLASS, kind));
            if (found) return (basisPoints, IWithholdingPolicy.Basis.Country);
            (found, basisPoints) = _find(table, _key(ANY_COUNTRY, class, kind));
            if (found) return (basisPoints, IWithholdingPolicy.Basis.Class);
        }
        (, basisPoints) = _find(table, _key(ANY_COUNTRY, ANY_CLASS, kind));
        return (basisPoints, IWithholdingPolicy.Basis.Default);
    }

    /// @dev The whole table, as it was given.
    function read(address pointer) internal view returns (IWithholdingPolicy.Rate[] memory rates) {
        bytes memory table = SSTORE2.read(pointer);
        rates = new IWithholdingPolicy.Rate[](table.length / ENTRY_BYTES);
        for (uint256 i = 0; i < rates.length; ++i) {
            uint256 entry = _entryAt(table, i);
            // Each cast keeps one field of the entry.
            rates[i] = IWithholdingPolicy.Rate({
                country: uint16(entry >> 32),
                class: uint8(entry >> 24),
                kind: uint8(entry >> 16),
                basisPoints: uint16(entry)
            });
        }
    }

    function _find(bytes memory table, uint256 key) private pure returns (bool found, uint256 basisPoints) {
        uint256 low = 0;
        uint256 high = table.length / ENTRY_BYTES;
        unchecked {
            // Both are indices of entries, of which there are at most MAX_RATES.
            while (low < high) {
                uint256 middle = (low + high) >> 1;
                uint256 entry = _entryAt(table, middle);
                if (entry >> RATE_BITS == key) return (true, entry & type(uint16).max);
                if (entry >> RATE_BITS < key) low = middle + 1;
                else high = middle;
            }
        }
        return (false, 0);
    }

    /// @dev The caller warrants that there is such an entry; what lies behind it is shifted out.
    function _entryAt(bytes memory table, uint256 index) private pure returns (uint256 entry) {
        assembly ("memory-safe") {
            entry := shr(208, mload(add(add(table, 0x20), mul(index, ENTRY_BYTES))))
        }
    }

    function _key(uint256 country, uint256 class, uint256 kind) private pure returns (uint256) {
        return (country << 16) | (class << 8) | kind;
    }
}

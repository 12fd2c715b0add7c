// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";

/// @title RangeTermsLib
/// @notice The records of a range and their weights, stored as the code of a contract of its own.
/// @dev Code cannot be changed by anyone, and reading ninety records of it costs little more than one storage slot. Who
/// uses this creates nothing else, so sheet `id` is creation `id` (EIP-161: the first has nonce 1), and its address
/// follows from the id.
///
/// The code is a time, 6 bytes, and 14 bytes for each record:
///
///     closesAt 48 bits, the latest of all
///     recordId 32 bits | weight 32 | closesAt 48
library RangeTermsLib {
    uint256 internal constant MAX_RECORD = type(uint32).max;
    uint256 internal constant MAX_WEIGHT = type(uint32).max;

    uint256 private constant HEAD_BYTES = 6;
    uint256 private constant PART_BYTES = 14;
    uint256 private constant HEAD_AT = 0x20;
    uint256 private constant PARTS_AT = 0x26;

    /// @dev An empty sheet for `parts` records.
    function create(uint256 parts) internal pure returns (bytes memory sheet) {
        uint256 size = HEAD_BYTES + parts * PART_BYTES;
        // A part is written as a whole word, and the last one reaches over the end.
        sheet = new bytes(size + 0x20);
        assembly ("memory-safe") {
            mstore(sheet, size)
        }
    }

    /// @dev Writes a part. Parts are written in order, since each clears what follows it; record and weight are within
    /// their limits, and the time is a `uint48`.
    function setPart(
        bytes memory sheet,
        uint256 index,
        uint256 recordId,
        uint256 weight,
        uint256 closesAt_
    ) internal pure {
        uint256 latest = closesAt(sheet);
        if (closesAt_ > latest) latest = closesAt_;
        assembly ("memory-safe") {
            let head := add(sheet, HEAD_AT)
            mstore(head, or(shl(208, latest), shr(48, shl(48, mload(head)))))
            let place := add(add(sheet, PARTS_AT), mul(index, PART_BYTES))
            mstore(place, or(shl(224, recordId), or(shl(192, weight), shl(144, closesAt_))))
        }
    }

    /// @dev When the last record closes.
    function closesAt(bytes memory sheet) internal pure returns (uint256 latest) {
        assembly ("memory-safe") {
            latest := shr(208, mload(add(sheet, HEAD_AT)))
        }
    }

    /// @dev The parts, in three arrays. Written out, since this is what a claim pays for each record.
    function unpack(
        bytes memory sheet
    ) internal pure returns (uint256[] memory recordIds, uint256[] memory weights, uint256[] memory times) {
        uint256 count = (sheet.length - HEAD_BYTES) / PART_BYTES;
        recordIds = new uint256[](count);
        weights = new uint256[](count);
        times = new uint256[](count);
        assembly ("memory-safe") {
            let place := add(sheet, PARTS_AT)
            let end := add(mul(add(count, 1), 0x20), recordIds)
            let toWeight := sub(weights, recordIds)
            let toTime := sub(times, recordIds)
            for {
                let to := add(recordIds, 0x20)
            } lt(to, end) {
                to := add(to, 0x20)
                place := add(place, PART_BYTES)
            } {
                let packed := mload(place)
                mstore(to, shr(224, packed))
                mstore(add(to, toWeight), and(shr(192, packed), 0xffffffff))
                mstore(add(to, toTime), and(shr(144, packed), 0xffffffffffff))
            }
        }
    }

    /// @dev Stores a finished sheet as the next creation.
    function write(bytes memory sheet) internal {
        SSTORE2.write(sheet);
    }

    /// @dev StoredTerms `id`; empty if there is none.
    function read(uint256 id) internal view returns (bytes memory sheet) {
        address pointer = LibRLP.computeAddress(address(this), id);
        if (pointer.code.length != 0) sheet = SSTORE2.read(pointer);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";

/// @title RangeTermsLib
/// @notice The records of a range and their weights, stored as the code of a contract of its own.
/// @dev Code cannot be changed by anyone, and reading ninety records of it costs little more than one storage slot. Who
/// uses this creates nothing else, so range `id` is creation `id` (EIP-161: the first has nonce 1), and its address
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
    uint256 private constant COMPONENT_BYTES = 14;
    uint256 private constant HEAD_AT = 0x20;
    uint256 private constant COMPONENTS_AT = 0x26;

    /// @dev Empty terms for `components` records.
    function create(uint256 components) internal pure returns (bytes memory terms) {
        uint256 size = HEAD_BYTES + components * COMPONENT_BYTES;
        // A component is written as a whole word, and the last one reaches over the end.
        terms = new bytes(size + 0x20);
        assembly ("memory-safe") {
            mstore(terms, size)
        }
    }

    /// @dev Writes a component. Components are written in order, since each clears what follows it; record and weight are within
    /// their limits, and the time is a `uint48`.
    function setComponent(
        bytes memory terms,
        uint256 index,
        uint256 recordId,
        uint256 weight,
        uint256 closesAt_
    ) internal pure {
        uint256 latest = closesAt(terms);
        if (closesAt_ > latest) latest = closesAt_;
        assembly ("memory-safe") {
            let head := add(terms, HEAD_AT)
            mstore(head, or(shl(208, latest), shr(48, shl(48, mload(head)))))
            let place := add(add(terms, COMPONENTS_AT), mul(index, COMPONENT_BYTES))
            mstore(place, or(shl(224, recordId), or(shl(192, weight), shl(144, closesAt_))))
        }
    }

    /// @dev When the last record closes.
    function closesAt(bytes memory terms) internal pure returns (uint256 latest) {
        assembly ("memory-safe") {
            latest := shr(208, mload(add(terms, HEAD_AT)))
        }
    }

    /// @dev The record of the last component.
    function lastRecord(bytes memory terms) internal pure returns (uint256 recordId) {
        assembly ("memory-safe") {
            let end := add(add(terms, HEAD_AT), mload(terms))
            recordId := shr(224, mload(sub(end, COMPONENT_BYTES)))
        }
    }

    /// @dev The components, in three arrays. Written out, since this is what a claim pays for each record.
    function unpack(
        bytes memory terms
    ) internal pure returns (uint256[] memory recordIds, uint256[] memory weights, uint256[] memory times) {
        uint256 count = (terms.length - HEAD_BYTES) / COMPONENT_BYTES;
        recordIds = new uint256[](count);
        weights = new uint256[](count);
        times = new uint256[](count);
        assembly ("memory-safe") {
            let place := add(terms, COMPONENTS_AT)
            let end := add(mul(add(count, 1), 0x20), recordIds)
            let toWeight := sub(weights, recordIds)
            let toTime := sub(times, recordIds)
            for {
                let to := add(recordIds, 0x20)
            } lt(to, end) {
                to := add(to, 0x20)
                place := add(place, COMPONENT_BYTES)
            } {
                let packed := mload(place)
                mstore(to, shr(224, packed))
                mstore(add(to, toWeight), and(shr(192, packed), 0xffffffff))
                mstore(add(to, toTime), and(shr(144, packed), 0xffffffffffff))
            }
        }
    }

    /// @dev Stores finished terms as the next creation.
    function write(bytes memory terms) internal {
        SSTORE2.write(terms);
    }

    /// @dev The terms of range `id`; empty if there is none.
    function read(uint256 id) internal view returns (bytes memory terms) {
        address pointer = LibRLP.computeAddress(address(this), id);
        if (pointer.code.length != 0) terms = SSTORE2.read(pointer);
    }
}

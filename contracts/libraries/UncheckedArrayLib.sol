// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title UncheckedArrayLib
/// @notice Arrays of words without the compiler's check of each index, for loops that have checked their bounds.
library UncheckedArrayLib {
    function at(uint256[] memory self, uint256 index) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(self, 0x20), shl(5, index)))
        }
    }

    function put(uint256[] memory self, uint256 index, uint256 word) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(self, 0x20), shl(5, index)), word)
        }
    }

    /// @dev Ends the array earlier.
    function cut(uint256[] memory self, uint256 length) internal pure {
        assembly ("memory-safe") {
            mstore(self, length)
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title MemoryLib
/// @notice Gives memory back, so that what is done many times in one call costs as much as if it were done once.
library MemoryLib {
    /// @dev Where free memory begins.
    function free() internal pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := mload(0x40)
        }
    }

    /// @dev Gives back all that was taken since `free` said `position`. The caller warrants that nothing in it is read
    /// again. Nothing in it is cleared: the compiler clears what it takes itself, and the libraries here what they read.
    function release(uint256 position) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, position)
        }
    }
}

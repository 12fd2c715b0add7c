// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title GasBurningReceiver
/// @notice Burns all the gas that comes with the native coin.
contract GasBurningReceiver {
    receive() external payable {
        assembly ("memory-safe") {
            invalid()
        }
    }
}

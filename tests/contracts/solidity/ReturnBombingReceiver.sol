// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ReturnBombingReceiver
/// @notice Answers the native coin with a great many bytes, as a result or as a reason.
contract ReturnBombingReceiver {
    uint256 private immutable SIZE;
    bool private immutable REVERTING;

    constructor(uint256 size, bool reverting) {
        (SIZE, REVERTING) = (size, reverting);
    }

    receive() external payable {
        (uint256 size, bool reverting) = (SIZE, REVERTING);
        assembly {
            if reverting {
                revert(0, size)
            }
            return(0, size)
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title RejectingReceiver
/// @notice Refuses the native coin until it is opened.
contract RejectingReceiver {
    bool public open;

    error RejectingReceiver_Closed();

    receive() external payable {
        if (!open) revert RejectingReceiver_Closed();
    }

    /// @notice From now on takes the coin.
    function unlock() external {
        open = true;
    }
}

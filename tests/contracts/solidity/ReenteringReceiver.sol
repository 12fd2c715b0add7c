// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ambush} from "./Ambush.sol";

/// @title ReenteringReceiver
/// @notice Takes the native coin, and calls somebody back while at it.
contract ReenteringReceiver is Ambush {
    receive() external payable {
        _spring();
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BareToken} from "./BareToken.sol";

/// @title RecoveringToken
/// @notice A bare token that names successors of recovered wallets.
contract RecoveringToken is BareToken {
    mapping(address account => address) public successorOf;

    /// @notice Names the successor of `account`.
    function setSuccessor(address account, address successor) external {
        successorOf[account] = successor;
    }
}

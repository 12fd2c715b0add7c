// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";
import {Ambush} from "./Ambush.sol";

/// @title Reentrant
/// @notice A currency that calls somebody back in the middle of every movement.
contract Reentrant is Currency, Ambush {
    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        _spring();
        _move(from, to, amount);
        return true;
    }
}

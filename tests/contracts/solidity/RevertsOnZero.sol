// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title RevertsOnZero
/// @notice A currency that refuses to move nothing.
contract RevertsOnZero is Currency {
    error RevertsOnZero_Nothing();

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        if (amount == 0) revert RevertsOnZero_Nothing();
        _move(from, to, amount);
        return true;
    }
}

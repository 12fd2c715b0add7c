// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title DepositingCoin
/// @notice Takes every call that it does not know for a deposit, as wrapped ether does: asked without the right to
/// write, it burns all the gas that it gets.
contract DepositingCoin is Currency {
    receive() external payable {
        _deposit();
    }

    fallback() external payable {
        _deposit();
    }

    function _deposit() private {
        balanceOf[msg.sender] += msg.value;
    }

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        _move(from, to, amount);
        return true;
    }
}

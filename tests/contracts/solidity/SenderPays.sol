// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title SenderPays
/// @notice A currency that takes a fee on top of what is sent, from the sender.
contract SenderPays is Currency {
    uint256 public fee;

    /// @notice Sets the fee.
    function setFee(uint256 fee_) external {
        fee = fee_;
    }

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        _move(from, to, amount);
        _move(from, address(this), fee);
        return true;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title FeeOnTransfer
/// @notice A currency that keeps a part of every movement; the fee can be switched on later.
contract FeeOnTransfer is Currency {
    uint256 public feeBasisPoints;

    /// @notice Sets the fee.
    function setFee(uint256 basisPoints) external {
        feeBasisPoints = basisPoints;
    }

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        uint256 fee = (amount * feeBasisPoints) / 10_000;
        _move(from, to, amount - fee);
        _move(from, address(this), fee);
        return true;
    }
}

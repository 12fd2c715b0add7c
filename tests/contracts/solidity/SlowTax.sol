// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaxPolicy} from "../../../contracts/tax/ITaxPolicy.sol";

/// @title SlowTax
/// @notice A tax policy that needs much gas, though less than a vault gives it, to ask a tenth of each.
contract SlowTax is ITaxPolicy {
    uint256 private constant GAS = 300_000;

    /// @inheritdoc ITaxPolicy
    address public collector = msg.sender;

    /// @inheritdoc ITaxPolicy
    function taxOn(address, uint256, uint8, address, uint256 gross) external view returns (uint256) {
        uint256 enough = gasleft() - GAS;
        while (gasleft() > enough) {}
        return gross / 10;
    }
}

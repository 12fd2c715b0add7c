// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title PermitCoin
/// @notice A currency with permits (ERC-2612). Anyone can make as much of it as they like.
contract PermitCoin is ERC20Permit {
    constructor() ERC20("Permit coin", "PMT") ERC20Permit("Permit coin") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

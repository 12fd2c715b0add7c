// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WilfulCurrency} from "./WilfulCurrency.sol";

/// @title SecondAddress
/// @notice Another address of a currency: the same balances, allowances of its own.
contract SecondAddress {
    WilfulCurrency private immutable MAIN;

    mapping(address owner => mapping(address spender => uint256)) public allowance;

    error SecondAddress_TooFew(uint256 allowed, uint256 asked);

    constructor(WilfulCurrency main) {
        MAIN = main;
    }

    /// @notice Lets `spender` take `amount` of the caller's.
    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    /// @notice Moves the caller's.
    function transfer(address to, uint256 amount) external returns (bool) {
        _relay(abi.encodeCall(MAIN.moveFor, (msg.sender, to, amount)));
    }

    /// @notice Moves what the owner allowed.
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed < amount) revert SecondAddress_TooFew(allowed, amount);
        allowance[from][msg.sender] = allowed - amount;
        _relay(abi.encodeCall(MAIN.moveFor, (from, to, amount)));
    }

    /// @notice What an account has, under either address.
    function balanceOf(address account) external view returns (uint256) {
        return MAIN.balanceOf(account);
    }

    /// @dev Ends the call as the first address ended it.
    function _relay(bytes memory call_) private {
        (bool done, bytes memory answer) = address(MAIN).call(call_);
        assembly ("memory-safe") {
            if iszero(done) {
                revert(add(answer, 0x20), mload(answer))
            }
            return(add(answer, 0x20), mload(answer))
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Coins
/// @notice Balances and allowances, from which the awkward currencies of the tests are made.
abstract contract Coins {
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    error Coins_TooFew(address account, uint256 available, uint256 asked);

    /// @notice Makes `amount` units for `to`.
    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    /// @notice Lets `spender` take `amount` of the caller's.
    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function _spend(address owner, uint256 amount) internal {
        uint256 allowed = allowance[owner][msg.sender];
        if (allowed < amount) revert Coins_TooFew(owner, allowed, amount);
        allowance[owner][msg.sender] = allowed - amount;
    }

    function _move(address from, address to, uint256 amount) internal {
        if (balanceOf[from] < amount) revert Coins_TooFew(from, balanceOf[from], amount);
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title OwnCoin
/// @notice The chain's own coin as an ERC-20: the balance here is the native balance.
/// @dev On chains that have such a token a precompile moves the coins. Here the test does, after each transaction; until
/// then the movement is pending, and the balance says as if it were done.
contract OwnCoin {
    mapping(address account => int256) public pending;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    error OwnCoin_TooFew(uint256 available, uint256 asked);

    /// @notice Lets `spender` take `amount` of the caller's.
    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    /// @notice Moves the caller's.
    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    /// @notice Moves what the owner allowed.
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed < amount) revert OwnCoin_TooFew(allowed, amount);
        allowance[from][msg.sender] = allowed - amount;
        _move(from, to, amount);
        return true;
    }

    /// @notice Forgets what was pending for `account`: the test has moved it.
    function settle(address account) external {
        delete pending[account];
    }

    /// @notice The native balance.
    function balanceOf(address account) public view returns (uint256) {
        return uint256(int256(account.balance) + pending[account]);
    }

    function _move(address from, address to, uint256 amount) private {
        if (balanceOf(from) < amount) revert OwnCoin_TooFew(balanceOf(from), amount);
        pending[from] -= int256(amount);
        pending[to] += int256(amount);
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ITransferRules
/// @notice Decides which movements of one token's shares are allowed.
interface ITransferRules {
    /// @notice Called by the token before it moves shares. Reverts to refuse the movement.
    /// @dev The token has neither read nor written the two accounts when it calls, so a rules contract
    /// that calls back finds and leaves a consistent ledger. Shares being issued are already in the supply.
    /// @param spender Who asked for the movement: the holder itself, an approved spender or an agent
    /// @param from The account that gives shares; zero when shares are issued
    /// @param to The account that receives shares; zero when shares are burned
    /// @param amount Shares to move, in the token's smallest unit
    function authorize(address spender, address from, address to, uint256 amount) external;
}

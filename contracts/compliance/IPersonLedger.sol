// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Investor} from "./InvestorLib.sol";

/// @title IPersonLedger
/// @notice How much each person holds of a token, over all of the person's wallets: the side of the registry that
/// rules which count persons write to.
/// @dev Only the rules contract that a bound token names may write, and only if it took over the count without a
/// gap: from the rules before it, or by counting all holders.
interface IPersonLedger {
    /// @notice What a movement leads to.
    /// @param giver What is known of the sender
    /// @param taker What is known of the receiver
    /// @param giverHolding Shares of the sender's person after the movement
    /// @param takerHolding Shares of the receiver's person after the movement
    /// @param newHolder Whether the receiver's person held nothing before; only then are the sizes below known
    /// @param holders Persons holding the token after the movement
    /// @param holdersInCountry Persons in the receiver's country after the movement
    /// @param holdersOfClass Persons of the receiver's class after the movement
    /// @param holdersOfClassInCountry Persons of both after the movement
    struct Outcome {
        Investor giver;
        Investor taker;
        uint256 giverHolding;
        uint256 takerHolding;
        bool newHolder;
        uint256 holders;
        uint256 holdersInCountry;
        uint256 holdersOfClass;
        uint256 holdersOfClassInCountry;
    }

    /// @notice Books a movement of `token`; zero stands for issuing and burning. The token's rules only.
    /// @dev Returns fields of an `Outcome`, and no more than rules need, because every transfer pays for this.
    function move(
        address token,
        address from,
        address to,
        uint256 amount
    ) external returns (Investor taker, uint256 giverHolding, uint256 takerHolding, bool newHolder);

    /// @notice How many persons hold `token`: all, those of a country, of a class, and of both.
    function sizes(
        address token,
        uint256 country,
        uint256 class
    ) external view returns (uint256 holders, uint256 inCountry, uint256 ofClass, uint256 ofClassInCountry);

    /// @notice What a movement would lead to.
    function preview(address token, address from, address to, uint256 amount) external view returns (Outcome memory);

    /// @notice Reports that in this asset `successor` takes the place of `lost`, with all its shares. The token's rules,
    /// or the token itself, only. It binds this asset: nothing is registered, and no other asset sees `lost` otherwise.
    /// Both wallets must be registered, as the same person.
    function recover(address token, address lost, address successor) external;

    /// @notice Lets `newRules` go on with the count if they keep one here, or else ends it. Has no effect unless the
    /// caller keeps it.
    function handOver(address token, address newRules) external;
}

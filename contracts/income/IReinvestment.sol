// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IReinvestment
/// @notice A contract that takes a holder's income and makes something else of it, such as more shares.
///
/// A holder names it in a signed instruction (`IClaimRelayer`). The vault pays the income straight to it, and in the same
/// transaction the relayer calls `onIncome`. Whatever goes wrong undoes the payment too: the holder is owed as before.
///
/// Warnings for implementers:
/// - Anyone can call `onIncome`. Believe only a relayer that you know, else you give for money that never came.
/// - Anyone may bring an instruction, and so chooses the moment and the gas. Where the price can move, let the holder sign
///   the least that it accepts as part of `data`, and refuse to give less: the relayer cannot know what your goods are. Let
///   nothing that you give depend on how much gas is left.
/// - Keep the money until you are told of it. What has left by then is not counted in `amount`.
/// - `amount` is what your balance grew by while the vault paid. A currency that calls strangers in the middle of a transfer
///   lets them pay you meanwhile: do not take such a one, or do not count what they pay a second time.
interface IReinvestment {
    /// @notice Tells that `amount` of `currency` has arrived for `receiver`; it is in this contract's balance.
    /// @param receiver Who is to have what the money buys, and what is left of it
    /// @param currency What arrived; zero for the native coin
    /// @param amount What arrived, measured: after fees on transfer, if the currency has any
    /// @param data What the holder signed for this contract to read
    /// @return done `IReinvestment.onIncome.selector`; any other answer undoes the payment
    function onIncome(
        address receiver,
        address currency,
        uint256 amount,
        bytes calldata data
    ) external returns (bytes4 done);
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title IERC7943Fungible
/// @notice ERC-7943 in its Final text (2026-05-05), for fungible tokens: interface id 0x3edbb4c4.
interface IERC7943Fungible is IERC165 {
    /// @notice `amount` was moved by force.
    event ForcedTransfer(address indexed from, address indexed to, uint256 amount);

    /// @notice `amount` of the account's shares are now frozen, whatever its balance: as `getFrozenTokens` says.
    event Frozen(address indexed account, uint256 amount);

    /// @notice Thrown when `account` may not send.
    error ERC7943CannotSend(address account);

    /// @notice Thrown when `account` may not receive.
    error ERC7943CannotReceive(address account);

    /// @notice Thrown when a transfer is refused for another reason than its two parties.
    error ERC7943CannotTransfer(address from, address to, uint256 amount);

    /// @notice Thrown when an amount is within the balance, but not within its unfrozen part.
    error ERC7943InsufficientUnfrozenBalance(address account, uint256 amount, uint256 unfrozen);

    /// @notice Moves shares without the holder's consent.
    function forcedTransfer(address from, address to, uint256 amount) external returns (bool);

    /// @notice Sets how many shares of an account are frozen by order; may exceed the balance, and is without limit from
    /// 2^128 - 1 on. What is held (`IShareToken.hold`) is another number, which no order of this kind touches.
    function setFrozenTokens(address account, uint256 amount) external returns (bool);

    /// @notice Whether `account` may send at all. Never reverts.
    function canSend(address account) external view returns (bool);

    /// @notice Whether `account` may receive at all. Never reverts.
    function canReceive(address account) external view returns (bool);

    /// @notice How many shares of `account` are frozen by order or held; may exceed the balance. The largest number if
    /// they are frozen without limit.
    function getFrozenTokens(address account) external view returns (uint256);

    /// @notice Whether a transfer would be allowed, balance and allowance apart. Never reverts.
    function canTransfer(address from, address to, uint256 amount) external view returns (bool);
}

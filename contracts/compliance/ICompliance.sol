// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ICompliance
/// @notice The compliance contract of ERC-3643, as a token uses it.
interface ICompliance {
    /// @notice Lets `token` report its movements.
    function bindToken(address token) external;

    /// @notice No longer lets `token` report its movements.
    function unbindToken(address token) external;

    /// @notice Books a transfer.
    function transferred(address from, address to, uint256 amount) external;

    /// @notice Books shares issued.
    function created(address to, uint256 amount) external;

    /// @notice Books shares burned.
    function destroyed(address from, uint256 amount) external;

    /// @notice Whether a transfer is allowed.
    function canTransfer(address from, address to, uint256 amount) external view returns (bool);
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IPayoutDesk
interface IPayoutDesk {
    /// @notice An instruction was carried out: income of `holder` went to `receiver`, or to `hook` for it.
    event CarriedOut(
        address indexed claimant,
        uint256 indexed nonce,
        address indexed holder,
        address receiver,
        address hook
    );
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Ambush
/// @notice A call prepared in advance, made when the moment comes, its answer kept for the test.
abstract contract Ambush {
    address public target;
    bytes public prepared;

    uint256 public sprung;
    bool public succeeded;
    bytes public answer;

    /// @notice Prepares the call.
    function prepare(address target_, bytes calldata prepared_) external {
        (target, prepared) = (target_, prepared_);
    }

    function _spring() internal {
        if (target == address(0)) return;
        ++sprung;
        (succeeded, answer) = target.call(prepared);
    }
}

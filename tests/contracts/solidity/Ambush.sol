// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Ambush
/// @notice A call prepared in advance, made when the moment comes, its answer kept for the test.
abstract contract Ambush {
    address public target;
    bytes public prepared;

    bool public once;
    uint256 public sprung;
    bool public succeeded;
    bytes public answer;

    /// @notice Prepares the call, for every time.
    function prepare(address target_, bytes calldata prepared_) external {
        (target, prepared) = (target_, prepared_);
    }

    /// @notice Prepares the call, for the next time only.
    function prepareOnce(address target_, bytes calldata prepared_) external {
        (target, prepared, once) = (target_, prepared_, true);
    }

    function _spring() internal {
        address called = target;
        if (called == address(0)) return;
        if (once) target = address(0);
        ++sprung;
        (succeeded, answer) = called.call(prepared);
    }
}

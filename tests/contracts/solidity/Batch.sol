// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Batch
/// @notice Calls one contract several times in one transaction, so that a long history is staged in few blocks.
contract Batch {
    /// @notice Makes all calls, or none if one of them reverts.
    function run(address target, bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool done, bytes memory answer) = target.call(calls[i]);
            assembly ("memory-safe") {
                if iszero(done) {
                    revert(add(answer, 0x20), mload(answer))
                }
            }
        }
    }
}

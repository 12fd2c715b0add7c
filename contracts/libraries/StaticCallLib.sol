// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title StaticCallLib
/// @notice Asks a contract that may not answer.
library StaticCallLib {
    /// @dev The one word that `callee` answers to `question`, or that it does not answer: it reverts, runs out of
    /// `gasLimit`, has no code, or says less than a word. Copies one word at most, whatever comes back.
    function tryAsk(
        address callee,
        bytes memory question,
        uint256 gasLimit
    ) internal view returns (bool answered, uint256 answer) {
        assembly ("memory-safe") {
            let ok := staticcall(gasLimit, callee, add(question, 0x20), mload(question), 0x00, 0x20)
            answered := and(ok, gt(returndatasize(), 0x1f))
            answer := mul(mload(0x00), answered)
        }
    }
}

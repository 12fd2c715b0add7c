// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Puppet
/// @notice Says what the test says, to whom it says: a contract that can stand for a token, or for its rules.
contract Puppet {
    address public compliance;

    /// @notice Names the rules, as a token would.
    function setCompliance(address rules) external {
        compliance = rules;
    }

    /// @notice Lets a token bind it, as rules would.
    function bindToken(address) external {}

    /// @notice Calls, and hands back whatever comes.
    function say(address target, bytes calldata what) external {
        (bool done, bytes memory answer) = target.call(what);
        assembly ("memory-safe") {
            if iszero(done) {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }
}

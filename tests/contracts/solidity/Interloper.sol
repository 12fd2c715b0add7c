// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Interloper
/// @notice Passes for whatever it is told to pass for, and calls somebody back when it is asked one particular thing.
/// @dev It wears another contract's code on its own storage, or passes every question on to another contract. The call
/// back happens before the answer. Where nothing can be written (`Way.Judging`), what came of it is compared with what
/// the test expects, and the gas of the question burns if it is anything else.
contract Interloper {
    enum Way {
        Noting,
        Judging,
        Ignoring
    }

    /// @param mask Whose code it wears, or whom it asks if it relays; zero for an ordinary wallet
    /// @param relays Whether it only passes questions on
    /// @param trigger The function at which it calls back; zero for the native coin
    /// @param least The gas from which on it calls back; of it the call gets four fifths
    /// @param target Whom it calls back; zero for nobody
    /// @param succeeds Judging: whether the call is expected to succeed
    /// @param expected Judging: the hash of the expected answer; zero for any
    /// @param sprung Noting: how often it has called
    /// @param succeeded Noting: whether the last call succeeded
    /// @param answer Noting: what it answered
    struct Plan {
        address mask;
        bool relays;
        Way way;
        bytes4 trigger;
        uint256 least;
        address target;
        bytes prepared;
        bool succeeds;
        bytes32 expected;
        uint256 sprung;
        bool succeeded;
        bytes answer;
    }

    // Far from where any mask keeps its things.
    bytes32 private constant PLAN_AT = keccak256("tests.Interloper.Plan");

    fallback() external payable {
        Plan storage plan = _plan();
        // A call back that leads here again has less gas, and so is answered only.
        if (plan.target != address(0) && msg.sig == plan.trigger && gasleft() > plan.least) _spring(plan);
        if (plan.mask == address(0)) return;
        (bool done, bytes memory answer) = plan.relays
            ? plan.mask.staticcall(msg.data)
            : plan.mask.delegatecall(msg.data);
        // A question that it does not know, such as a permit, is none that it would refuse.
        if (answer.length == 0) return;
        assembly ("memory-safe") {
            if iszero(done) {
                revert(add(answer, 0x20), mload(answer))
            }
            return(add(answer, 0x20), mload(answer))
        }
    }

    /// @notice Chooses whom it passes for.
    function wearMask(address mask, bool relays) external {
        (_plan().mask, _plan().relays) = (mask, relays);
    }

    /// @notice Prepares the call back.
    function lieInWait(Way way, bytes4 trigger, uint256 least, address target, bytes calldata prepared) external {
        Plan storage plan = _plan();
        (plan.way, plan.trigger, plan.least, plan.target, plan.prepared) = (way, trigger, least, target, prepared);
        (plan.sprung, plan.succeeded, plan.answer) = (0, false, "");
    }

    /// @notice Says what is to come of it.
    function foresee(bool succeeds, bytes32 expected) external {
        (_plan().succeeds, _plan().expected) = (succeeds, expected);
    }

    /// @notice Calls in its own name, as any account can.
    function act(address target, bytes calldata data) external payable {
        (bool done, bytes memory answer) = target.call{value: msg.value}(data);
        assembly ("memory-safe") {
            if iszero(done) {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    /// @notice What came of it.
    function whatCame() external view returns (uint256 sprung, bool succeeded, bytes memory answer) {
        return (_plan().sprung, _plan().succeeded, _plan().answer);
    }

    function _spring(Plan storage plan) private {
        (bool succeeded, bytes memory answer) = plan.target.call{gas: (plan.least * 4) / 5}(plan.prepared);
        if (plan.way == Way.Noting) {
            ++plan.sprung;
            (plan.succeeded, plan.answer) = (succeeded, answer);
            return;
        }
        if (plan.way == Way.Ignoring) return;
        bool asForeseen = succeeded == plan.succeeds;
        if (plan.expected != 0) asForeseen = asForeseen && keccak256(answer) == plan.expected;
        if (asForeseen) return;
        assembly ("memory-safe") {
            invalid()
        }
    }

    function _plan() private pure returns (Plan storage plan) {
        bytes32 at_ = PLAN_AT;
        assembly ("memory-safe") {
            plan.slot := at_
        }
    }
}

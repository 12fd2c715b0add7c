// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ambush} from "./Ambush.sol";

/// @title WilfulReceiver
/// @notice A wallet that takes the native coin as the test says, or does not, and calls what it is told to.
contract WilfulReceiver is Ambush {
    enum Mood {
        Taking,
        Refusing,
        Burning,
        Megabyte,
        MegabyteAsReason,
        Hungry,
        Talkative
    }

    uint256 private constant MEGABYTE = 1_000_000;

    /// @dev More than the vault gives a receiver.
    uint256 private constant HUNGER = 150_000;

    /// @dev As many bytes as a receiver can afford to answer with the gas that it is given.
    uint256 private constant TALK = 180_000;

    Mood public mood;

    error WilfulReceiver_Refused();

    receive() external payable {
        Mood present = mood;
        if (present == Mood.Refusing) revert WilfulReceiver_Refused();
        if (present == Mood.Hungry) _eat();
        _spring();
        assembly {
            // The order of `Mood`.
            switch present
            case 2 {
                invalid()
            }
            case 3 {
                return(0, MEGABYTE)
            }
            case 4 {
                revert(0, MEGABYTE)
            }
            case 6 {
                return(0, TALK)
            }
        }
    }

    /// @notice Changes how it takes the coin.
    function setMood(Mood mood_) external {
        mood = mood_;
    }

    /// @notice Calls `target` as this wallet and with its coins, and hands back whatever comes.
    function execute(address target, bytes calldata data, uint256 value) external {
        (bool done, bytes memory answer) = target.call{value: value}(data);
        assembly ("memory-safe") {
            if iszero(done) {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }

    function _eat() private view {
        uint256 enough = gasleft() - HUNGER;
        while (gasleft() > enough) {}
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReinvestment} from "../../../contracts/income/IReinvestment.sol";
import {Ambush} from "./Ambush.sol";

/// @title WilfulHook
/// @notice Takes income as the test says, keeps it, and remembers what it was told.
contract WilfulHook is IReinvestment, Ambush {
    enum Mood {
        Taking,
        Denying,
        Speechless,
        Stammering,
        Reverting,
        Burning,
        Bombing,
        BombingAsReason
    }

    uint256 private constant MEGABYTE = 1_000_000;

    Mood public mood;
    address payable public drain;

    uint256 public timesTold;
    address public toldReceiver;
    address public toldCurrency;
    uint256 public toldAmount;
    bytes public toldData;

    error WilfulHook_Reverted(uint256 amount);

    receive() external payable {
        if (drain != address(0)) drain.transfer(msg.value);
        _spring();
    }

    /// @notice Changes how it answers.
    function setMood(Mood mood_) external {
        mood = mood_;
    }

    /// @notice From now on the native coin runs through to `drain`.
    function setDrain(address payable drain_) external {
        drain = drain_;
    }

    /// @inheritdoc IReinvestment
    function onIncome(
        address receiver,
        address currency,
        uint256 amount,
        bytes calldata data
    ) external returns (bytes4) {
        ++timesTold;
        (toldReceiver, toldCurrency, toldAmount, toldData) = (receiver, currency, amount, data);
        _spring();
        _answer(amount);
        return IReinvestment.onIncome.selector;
    }

    function _answer(uint256 amount) private view {
        Mood present = mood;
        if (present == Mood.Reverting) revert WilfulHook_Reverted(amount);
        bytes32 yes = bytes32(IReinvestment.onIncome.selector);
        assembly {
            // The order of `Mood`; the first is not here, and answers as it should.
            mstore(0, yes)
            switch present
            case 1 {
                mstore(0, not(yes))
                return(0, 32)
            }
            case 2 {
                return(0, 0)
            }
            case 3 {
                // The right bytes, but too few of them to be a word.
                return(0, 31)
            }
            case 5 {
                invalid()
            }
            case 6 {
                return(0, MEGABYTE)
            }
            case 7 {
                revert(0, MEGABYTE)
            }
        }
    }
}

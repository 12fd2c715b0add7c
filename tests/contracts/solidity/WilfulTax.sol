// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaxPolicy} from "../../../contracts/tax/ITaxPolicy.sol";

/// @title WilfulTax
/// @notice A tax policy that asks each holder what the test says, refuses to answer, or answers with nothing.
contract WilfulTax is ITaxPolicy {
    enum Mood {
        Answering,
        Refusing,
        Burning,
        Speechless
    }

    /// @inheritdoc ITaxPolicy
    address public collector;

    mapping(address holder => uint256) public taxOf;
    mapping(address holder => Mood) public moodOf;

    error WilfulTax_Refused(address holder);

    constructor(address collector_) {
        collector = collector_;
    }

    /// @notice Sets what one holder is asked, and how.
    function setTax(address holder, uint256 tax, Mood mood) external {
        (taxOf[holder], moodOf[holder]) = (tax, mood);
    }

    /// @inheritdoc ITaxPolicy
    function taxOn(address, uint256, uint8, address holder, uint256) external view returns (uint256 tax) {
        Mood mood = moodOf[holder];
        if (mood == Mood.Refusing) revert WilfulTax_Refused(holder);
        if (mood == Mood.Burning) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (mood == Mood.Speechless) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return taxOf[holder];
    }
}

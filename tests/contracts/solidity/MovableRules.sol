// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITransferRules} from "../../../contracts/interfaces/ITransferRules.sol";
import {Ambush} from "./Ambush.sol";

/// @title MovableRules
/// @notice Rules that allow or refuse as the test says, remember what they were asked, and can call back.
contract MovableRules is ITransferRules, Ambush {
    bool public refusing;

    event Asked(address spender, address from, address to, uint256 amount);

    error MovableRules_Refused(address spender, address from, address to, uint256 amount);

    /// @notice Refuses from now on, or allows.
    function setRefusing(bool on) external {
        refusing = on;
    }

    /// @inheritdoc ITransferRules
    function authorize(address spender, address from, address to, uint256 amount) external {
        if (refusing) revert MovableRules_Refused(spender, from, to, amount);
        emit Asked(spender, from, to, amount);
        _spring();
    }
}

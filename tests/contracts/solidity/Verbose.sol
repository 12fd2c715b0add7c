// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRecordToken} from "../../../contracts/token/IRecordToken.sol";

/// @title Verbose
/// @notice A token of one share that, once asked to, refuses to tell a record's time, and gives a long reason.
contract Verbose is IRecordToken {
    bool public talking;

    error Verbose_Reason(string reason);

    /// @notice Lets it talk, or be quiet again.
    function setTalking(bool on) external {
        talking = on;
    }

    /// @inheritdoc IRecordToken
    function recordTime(uint256) external view returns (uint48) {
        if (talking) revert Verbose_Reason(string(new bytes(1_000)));
        return 1;
    }

    /// @inheritdoc IRecordToken
    function balanceOfAt(address, uint256) external pure returns (uint256) {
        return 1;
    }

    /// @inheritdoc IRecordToken
    function totalSupplyAt(uint256) external pure returns (uint256) {
        return 1;
    }
}

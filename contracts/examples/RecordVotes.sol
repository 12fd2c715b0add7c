// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";
import {IShareToken} from "../token/IShareToken.sol";

/// @title RecordVotes
/// @notice The records of a share token as ERC-5805 votes, for a Governor: at a time they are those of the last record
/// that closed by then. Nothing is delegated. No wallet votes for one whose place it took; `Ballot` lets it.
contract RecordVotes is IERC5805 {
    IShareToken public immutable token;

    error RecordVotes_NotDelegated();
    error ERC5805FutureLookup(uint256 timepoint, uint48 clock);

    constructor(IShareToken token_) {
        token = token_;
    }

    function clock() public view returns (uint48) {
        return uint48(block.timestamp);
    }

    function getVotes(address account) external view returns (uint256) {
        return getPastVotes(account, block.timestamp - 1);
    }

    function getPastVotes(address account, uint256 timepoint) public view returns (uint256) {
        uint256 record = _recordBy(timepoint);
        return record == 0 ? 0 : token.balanceOfAt(account, record);
    }

    function getPastTotalSupply(uint256 timepoint) external view returns (uint256) {
        uint256 record = _recordBy(timepoint);
        return record == 0 ? 0 : token.totalSupplyAt(record);
    }

    function delegate(address) external pure {
        revert RecordVotes_NotDelegated();
    }

    function delegateBySig(address, uint256, uint256, uint8, bytes32, bytes32) external pure {
        revert RecordVotes_NotDelegated();
    }

    function delegates(address account) external pure returns (address) {
        return account;
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() external pure returns (string memory) {
        return "mode=timestamp";
    }

    function _recordBy(uint256 timepoint) private view returns (uint256 record) {
        if (timepoint >= block.timestamp) revert ERC5805FutureLookup(timepoint, clock());
        record = token.recordCount();
        while (record != 0 && (token.isRecordCancelled(record) || token.recordTime(record) > timepoint)) --record;
    }
}

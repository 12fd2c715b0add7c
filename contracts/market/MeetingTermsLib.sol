// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {VoteCountLib} from "./VoteCountLib.sol";
import {IBallot} from "./IBallot.sol";

/// @dev The most resolutions of a meeting.
uint256 constant MAX_RESOLUTIONS = 60;

/// @title MeetingTermsLib
/// @notice The terms of a meeting: which are refused, how they are kept, and how many shares may vote by them.
/// @dev They are kept as code, which costs a vote nothing: what it needs of them the meeting has in its own slots.
library MeetingTermsLib {
    uint256 internal constant MAX_EXCLUDED = 32;
    uint256 internal constant LONGEST = 400 days;

    bytes32 internal constant TYPEHASH = keccak256(
        "Terms(address token,uint256 recordId,uint48 opensAt,uint48 closesAt,uint16 quorumBps,bool frozenMayNotVote,"
        "address[] excluded,Resolution[] resolutions,bytes32 documentHash)"
        "Resolution(bytes32 textHash,uint8 basis,uint16 thresholdBps,bool inclusive)"
    );

    bytes32 internal constant RESOLUTION_TYPEHASH = keccak256(
        "Resolution(bytes32 textHash,uint8 basis,uint16 thresholdBps,bool inclusive)"
    );

    // ------------------------------------------------------------------ refusing

    /// @dev Reverts unless the terms can be those of a meeting that is convened now.
    function check(IBallot.Terms memory terms) internal view {
        _checkTimes(terms);
        if (terms.quorumBps > VoteCountLib.WHOLE) {
            revert IBallot.Ballot_QuorumTooHigh(terms.quorumBps, VoteCountLib.WHOLE);
        }
        if (terms.excluded.length > MAX_EXCLUDED) {
            revert IBallot.Ballot_TooManyExcluded(terms.excluded.length, MAX_EXCLUDED);
        }
        uint256 resolutions = terms.resolutions.length;
        if (resolutions == 0 || resolutions > MAX_RESOLUTIONS) {
            revert IBallot.Ballot_WrongResolutions(resolutions, MAX_RESOLUTIONS);
        }
        for (uint256 i = 0; i < resolutions; ++i) {
            _checkThreshold(i, terms.resolutions[i].thresholdBps, terms.resolutions[i].inclusive);
        }
    }

    function _checkTimes(IBallot.Terms memory terms) private view {
        (uint256 opensAt, uint256 closesAt) = (terms.opensAt, terms.closesAt);
        if (opensAt < block.timestamp) revert IBallot.Ballot_TimesOutOfOrder(block.timestamp, opensAt);
        if (closesAt < opensAt) revert IBallot.Ballot_TimesOutOfOrder(opensAt, closesAt);
        uint256 limit = block.timestamp + LONGEST;
        if (closesAt > limit) revert IBallot.Ballot_TooFar(closesAt, limit);
        bytes memory question = abi.encodeCall(IRecordToken.recordTime, (terms.recordId));
        // Of a record that is not known, or was cancelled, a share token says no time.
        (, uint256 recordTime) = StaticCallLib.tryAsk(terms.token, question, gasleft());
        bool isKnown = recordTime != 0 && terms.recordId <= type(uint64).max;
        if (!isKnown || recordTime >= opensAt) {
            revert IBallot.Ballot_RecordNotClosed(terms.recordId, recordTime, opensAt);
        }
    }

    /// @dev More than all can never be for it, and at least none always is.
    function _checkThreshold(uint256 resolution, uint256 thresholdBps, bool inclusive) private pure {
        bool isNever = thresholdBps > VoteCountLib.WHOLE || (thresholdBps == VoteCountLib.WHOLE && !inclusive);
        if (isNever || (thresholdBps == 0 && inclusive)) {
            revert IBallot.Ballot_WrongThreshold(resolution, thresholdBps, inclusive);
        }
    }

    // ------------------------------------------------------------------- keeping

    function write(IBallot.Terms memory terms) internal returns (address pointer) {
        return SSTORE2.write(abi.encode(terms));
    }

    function read(address pointer) internal view returns (IBallot.Terms memory) {
        return abi.decode(SSTORE2.read(pointer), (IBallot.Terms));
    }

    /// @dev `hashStruct` of EIP-712.
    function hash(IBallot.Terms memory terms) internal pure returns (bytes32) {
        bytes32[] memory resolutions = new bytes32[](terms.resolutions.length);
        for (uint256 i = 0; i < resolutions.length; ++i) {
            resolutions[i] = keccak256(abi.encode(RESOLUTION_TYPEHASH, terms.resolutions[i]));
        }
        // In two halves: one is too many fields for the compiler. All of them are words, so nothing lies between.
        bytes memory head = abi.encode(TYPEHASH, terms.token, terms.recordId, terms.opensAt, terms.closesAt);
        bytes memory tail = abi.encode(
            terms.quorumBps,
            terms.frozenMayNotVote,
            // A list of accounts is hashed as their words, one after the other.
            keccak256(abi.encodePacked(terms.excluded)),
            keccak256(abi.encodePacked(resolutions)),
            terms.documentHash
        );
        return keccak256(bytes.concat(head, tail));
    }

    // ------------------------------------------------------------------ counting

    /// @dev The shares that may vote: the supply at the record, less what those excluded had, each counted once. Reverts, as
    /// the token does, until the record has closed.
    function eligible(IBallot.Terms memory terms) internal view returns (uint256) {
        IRecordToken token = IRecordToken(terms.token);
        address[] memory excluded = terms.excluded;
        uint256 without = 0;
        for (uint256 i = 0; i < excluded.length; ++i) {
            if (!_isEarlier(excluded, i)) without += token.balanceOfAt(excluded[i], terms.recordId);
        }
        return FixedPointMathLib.zeroFloorSub(token.totalSupplyAt(terms.recordId), without);
    }

    /// @dev Whether the account at `index` is also at an earlier one.
    function _isEarlier(address[] memory accounts, uint256 index) private pure returns (bool) {
        for (uint256 i = 0; i < index; ++i) {
            if (accounts[i] == accounts[index]) return true;
        }
        return false;
    }
}

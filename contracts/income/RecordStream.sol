// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IHoldings} from "../token/IHoldings.sol";
import {IRecordStream} from "./IRecordStream.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {Authority} from "../libraries/Authority.sol";
import {Holdings} from "./Holdings.sol";
import {Question} from "../libraries/Question.sol";
import {StreamSheet} from "./StreamSheet.sol";

/// @title RecordStream
/// @notice Ranges of records, paid as one. `IRecordStream` is the specification.
/// @dev Promise: nothing is kept but the definitions, and those never change. All else is the token's to say, each time.
contract RecordStream is IRecordStream, IERC165 {
    using StreamSheet for bytes;

    // ------------------------------------------------------------------ constants

    /// @dev So many that a claim, which may have to weigh 32 excluded accounts first, always fits a transaction.
    uint256 private constant MAX_RECORDS = 100;

    /// @dev What a vault can account for.
    uint256 private constant MAX_SUPPLY = type(uint96).max;

    /// @dev No balance of an honest token comes near.
    uint256 private constant MAX_AMOUNT = 1 << 216;

    /// @inheritdoc IRecordStream
    address public immutable token;

    /// @dev Whether the token answers `holdingsAt`.
    bool private immutable _tellsHoldings;

    // -------------------------------------------------------------------- storage

    /// @inheritdoc IRecordStream
    uint256 public recordCount;

    constructor(address token_) {
        if (token_.code.length == 0) revert RecordStream_NoToken(token_);
        token = token_;
        bytes memory question = abi.encodeCall(IHoldings.holdingsAt, (address(this), new uint256[](0)));
        (bool answered, bytes memory answer) = token_.staticcall(question);
        // A claimant, and where an array of none is: a token that answers anything to everything does not say so.
        _tellsHoldings = answered && answer.length == 0x60;
    }

    // ------------------------------------------------------------------- defining

    /// @inheritdoc IRecordStream
    function defineStream(
        uint256[] calldata recordIds,
        uint256[] calldata weights
    ) external returns (uint256 streamId) {
        (, bool speaks) = Authority.speaksFor(token, msg.sender);
        if (!speaks) revert RecordStream_NotSpeaker(msg.sender);
        if (recordIds.length == 0 || recordIds.length > MAX_RECORDS) {
            revert RecordStream_RecordCount(recordIds.length, MAX_RECORDS);
        }
        if (recordIds.length != weights.length) {
            revert RecordStream_LengthMismatch(recordIds.length, weights.length);
        }
        bytes memory sheet = StreamSheet.create(recordIds.length);
        uint256[] memory supplies = new uint256[](recordIds.length);
        uint256 previousId = 0;
        for (uint256 i = 0; i < recordIds.length; ++i) {
            _requireInRange(recordIds[i], previousId, weights[i]);
            previousId = recordIds[i];
            // Reverts for a record that was never scheduled.
            uint256 closesAt = IRecordToken(token).recordTime(previousId);
            sheet.setPart(i, previousId, weights[i], closesAt);
            if (closesAt < block.timestamp) supplies[i] = _supplyAt(previousId);
        }
        uint256 supply = _weigh(supplies, weights);
        if (supply > MAX_SUPPLY) revert RecordStream_SupplyTooLarge(supply, MAX_SUPPLY);

        streamId = ++recordCount;
        sheet.write();
        emit StreamDefined(streamId, msg.sender, recordIds, weights);
    }

    function _requireInRange(uint256 recordId, uint256 previousId, uint256 weight) private pure {
        if (recordId <= previousId) revert RecordStream_NotAscending(recordId, previousId);
        if (recordId > StreamSheet.MAX_RECORD) revert RecordStream_RecordTooLarge(recordId, StreamSheet.MAX_RECORD);
        if (weight == 0 || weight > StreamSheet.MAX_WEIGHT) {
            revert RecordStream_WeightOutOfRange(recordId, weight, StreamSheet.MAX_WEIGHT);
        }
    }

    // ------------------------------------------------------------ as a record token

    /// @inheritdoc IRecordToken
    function balanceOfAt(address account, uint256 streamId) external view returns (uint256 balance) {
        (, balance) = _holdingAt(account, streamId);
    }

    /// @inheritdoc IRecordToken
    function totalSupplyAt(uint256 streamId) external view returns (uint256) {
        (uint256[] memory amounts, uint256[] memory weights, ) = _closedSheet(streamId).unpack();
        for (uint256 i = 0; i < amounts.length; ++i) {
            amounts[i] = _supplyAt(amounts[i]);
        }
        return _weigh(amounts, weights);
    }

    /// @inheritdoc IRecordToken
    function recordTime(uint256 streamId) external view returns (uint48) {
        return uint48(_sheet(streamId).closesAt());
    }

    /// @inheritdoc IHoldings
    /// @dev Refuses a stream that has not closed.
    function holdingsAt(
        address account,
        uint256[] calldata streamIds
    ) external view returns (address claimant, uint256[] memory balances) {
        balances = new uint256[](streamIds.length);
        for (uint256 i = 0; i < streamIds.length; ++i) {
            (claimant, balances[i]) = _holdingAt(account, streamIds[i]);
        }
        if (streamIds.length == 0) (claimant, ) = _ask(account, streamIds);
    }

    /// @inheritdoc IRecordStream
    function partsOf(uint256 streamId) external view returns (Part[] memory parts) {
        (uint256[] memory ids, uint256[] memory weights, uint256[] memory times) = _sheet(streamId).unpack();
        parts = new Part[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            // They were as narrow when they were written.
            parts[i] = Part(uint32(ids[i]), uint32(weights[i]), uint48(times[i]));
        }
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IRecordToken).interfaceId ||
            interfaceId == type(IRecordStream).interfaceId;
    }

    // --------------------------------------------------------- as the token answers

    /// @inheritdoc IHoldings
    function holdingsSuffice() external view returns (bool) {
        return _answer() == 1;
    }

    /// @inheritdoc IRecordStream
    function claimantOf(address) external view returns (address) {
        return _address();
    }

    /// @inheritdoc IRecordStream
    function successorOf(address) external view returns (address) {
        return _address();
    }

    /// @inheritdoc IRecordStream
    function owner() external view returns (address) {
        return _address();
    }

    /// @inheritdoc IRecordStream
    function isAgent(address) external view returns (bool) {
        return _answer() == 1;
    }

    /// @dev What the token answers to the very question that was asked here. No answer, or one that makes no sense, is
    /// none here either, so that a vault treats this contract as it would the token.
    function _answer() private view returns (uint256 word) {
        bool answered;
        (answered, word) = Question.ask(token, msg.data, gasleft());
        if (!answered) revert RecordStream_Unanswered(msg.sig);
    }

    function _address() private view returns (address) {
        uint256 word = _answer();
        if (word > type(uint160).max) revert RecordStream_Unanswered(msg.sig);
        return address(uint160(word));
    }

    // --------------------------------------------------------------------- weighing

    /// @dev Who is to be paid for `account`, and its weighted balance: one question to the token for all records.
    function _holdingAt(address account, uint256 streamId) private view returns (address claimant, uint256) {
        (uint256[] memory amounts, uint256[] memory weights, ) = _closedSheet(streamId).unpack();
        (claimant, amounts) = _ask(account, amounts);
        return (claimant, _weigh(amounts, weights));
    }

    function _ask(
        address account,
        uint256[] memory recordIds
    ) private view returns (address claimant, uint256[] memory balances) {
        return
            _tellsHoldings
                ? Holdings.inOne(token, account, Holdings.withRoom(recordIds))
                : Holdings.oneByOne(token, account, recordIds);
    }

    function _supplyAt(uint256 recordId) private view returns (uint256) {
        return IRecordToken(token).totalSupplyAt(recordId);
    }

    /// @dev The sum of the amounts times their weights, which are as many; the largest number if one of the amounts is
    /// so large that no share token could have it.
    function _weigh(uint256[] memory amounts, uint256[] memory weights) private pure returns (uint256 sum) {
        uint256 all = 0;
        unchecked {
            // Below the bound below, a hundred products with 32 bits stay below 2^256.
            for (uint256 i = 0; i < amounts.length; ++i) {
                all |= amounts[i];
                sum += amounts[i] * weights[i];
            }
        }
        if (all >= MAX_AMOUNT) sum = type(uint256).max;
    }

    function _sheet(uint256 streamId) private view returns (bytes memory sheet) {
        sheet = StreamSheet.read(streamId);
        if (sheet.length == 0) revert RecordStream_UnknownStream(streamId);
    }

    function _closedSheet(uint256 streamId) private view returns (bytes memory sheet) {
        sheet = _sheet(streamId);
        uint256 closesAt = sheet.closesAt();
        if (block.timestamp <= closesAt) revert RecordStream_Open(streamId, closesAt, block.timestamp);
    }
}

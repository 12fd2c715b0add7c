// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IRecordHoldings} from "../token/IRecordHoldings.sol";
import {IRecordRanges} from "./IRecordRanges.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {TokenRolesLib} from "../libraries/TokenRolesLib.sol";
import {RecordQueryLib} from "./RecordQueryLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {RangeTermsLib} from "./RangeTermsLib.sol";

/// @title RecordRanges
/// @notice Ranges of records, paid as one. `IRecordRanges` is the specification.
/// @dev Promise: nothing is kept but the definitions, and those never change. All else is the token's to say, each time.
contract RecordRanges is IRecordRanges, IERC165 {
    using RangeTermsLib for bytes;

    // ------------------------------------------------------------------ constants

    /// @dev So many that a claim, and one excluded account at a time (`IDividendVault.fixEligible`), always fit a
    /// transaction, however the shares moved.
    uint256 private constant MAX_RECORDS = 100;

    /// @dev What a vault can account for.
    uint256 private constant MAX_SUPPLY = type(uint96).max;

    /// @dev No balance of an honest token comes near.
    uint256 private constant MAX_AMOUNT = 1 << 216;

    /// @inheritdoc IRecordRanges
    address public immutable token;

    /// @dev Whether the token answers `holdingsAt`.
    bool private immutable _supportsHoldings;

    // -------------------------------------------------------------------- storage

    /// @inheritdoc IRecordRanges
    uint256 public recordCount;

    constructor(address token_) {
        if (token_.code.length == 0) revert RecordRanges_NoToken(token_);
        // Over ranges, a question about a hundred records would become one about ten thousand.
        if (RecordQueryLib.hasRanges(token_)) revert RecordRanges_NotPlain(token_);
        token = token_;
        bytes memory question = abi.encodeCall(IRecordHoldings.holdingsAt, (address(this), new uint256[](0), false));
        (bool answered, bytes memory answer) = token_.staticcall(question);
        // A claimant, and where an array of none is: a token that answers anything to everything does not say so.
        _supportsHoldings = answered && answer.length == 0x60;
    }

    // ------------------------------------------------------------------- defining

    /// @inheritdoc IRecordRanges
    function defineRange(uint256[] calldata recordIds, uint256[] calldata weights) external returns (uint256 rangeId) {
        (, bool isOwnerOrAgent) = TokenRolesLib.isOwnerOrAgent(token, msg.sender);
        if (!isOwnerOrAgent) revert RecordRanges_NotOwnerOrAgent(msg.sender);
        if (recordIds.length == 0 || recordIds.length > MAX_RECORDS) {
            revert RecordRanges_RecordCount(recordIds.length, MAX_RECORDS);
        }
        if (recordIds.length != weights.length) {
            revert RecordRanges_LengthMismatch(recordIds.length, weights.length);
        }
        bytes memory terms = RangeTermsLib.create(recordIds.length);
        uint256[] memory supplies = new uint256[](recordIds.length);
        uint256 previousId = 0;
        for (uint256 i = 0; i < recordIds.length; ++i) {
            _requireInRange(recordIds[i], previousId, weights[i]);
            previousId = recordIds[i];
            // Reverts for a record that was never scheduled, or was cancelled.
            uint256 closesAt = IRecordToken(token).recordTime(previousId);
            terms.setComponent(i, previousId, weights[i], closesAt);
            if (closesAt < block.timestamp) supplies[i] = _supplyAt(previousId);
        }
        uint256 supply = _weigh(supplies, weights);
        if (supply > MAX_SUPPLY) revert RecordRanges_SupplyTooLarge(supply, MAX_SUPPLY);

        rangeId = ++recordCount;
        terms.write();
        emit RangeDefined(rangeId, msg.sender, recordIds, weights);
    }

    function _requireInRange(uint256 recordId, uint256 previousId, uint256 weight) private pure {
        if (recordId <= previousId) revert RecordRanges_NotAscending(recordId, previousId);
        if (recordId > RangeTermsLib.MAX_RECORD) revert RecordRanges_RecordTooLarge(recordId, RangeTermsLib.MAX_RECORD);
        if (weight == 0 || weight > RangeTermsLib.MAX_WEIGHT) {
            revert RecordRanges_WeightOutOfRange(recordId, weight, RangeTermsLib.MAX_WEIGHT);
        }
    }

    // ------------------------------------------------------------ as a record token

    /// @inheritdoc IRecordToken
    function balanceOfAt(address account, uint256 rangeId) external view returns (uint256 balance) {
        bytes memory terms = _closedTerms(rangeId);
        _requireStanding(terms);
        (, balance) = _holdingAt(account, terms, false);
    }

    /// @inheritdoc IRecordToken
    function totalSupplyAt(uint256 rangeId) external view returns (uint256) {
        (uint256[] memory amounts, uint256[] memory weights, ) = _closedTerms(rangeId).unpack();
        for (uint256 i = 0; i < amounts.length; ++i) {
            amounts[i] = _supplyAt(amounts[i]);
        }
        return _weigh(amounts, weights);
    }

    /// @inheritdoc IRecordToken
    function recordTime(uint256 rangeId) external view returns (uint48) {
        bytes memory terms = _terms(rangeId);
        _requireStanding(terms);
        return uint48(terms.closesAt());
    }

    /// @inheritdoc IRecordRanges
    function isRecordCancelled(uint256 rangeId) external view returns (bool) {
        (uint256[] memory ids, , ) = _terms(rangeId).unpack();
        for (uint256 i = 0; i < ids.length; ++i) {
            bytes memory question = abi.encodeCall(IRecordRanges.isRecordCancelled, (ids[i]));
            (, uint256 answer) = StaticCallLib.tryAsk(token, question, gasleft());
            if (answer == 1) return true;
        }
        return false;
    }

    /// @inheritdoc IRecordHoldings
    /// @dev Refuses a range that has not closed. One that was cancelled has no supply, so that no vault asks about it.
    function holdingsAt(
        address account,
        uint256[] calldata rangeIds,
        bool eligibleOnly
    ) external view returns (address claimant, uint256[] memory balances) {
        balances = new uint256[](rangeIds.length);
        for (uint256 i = 0; i < rangeIds.length; ++i) {
            (claimant, balances[i]) = _holdingAt(account, _closedTerms(rangeIds[i]), eligibleOnly);
        }
        if (rangeIds.length == 0) (claimant, ) = _ask(account, rangeIds, eligibleOnly);
    }

    /// @inheritdoc IRecordRanges
    function componentsOf(uint256 rangeId) external view returns (Component[] memory components) {
        (uint256[] memory ids, uint256[] memory weights, uint256[] memory times) = _terms(rangeId).unpack();
        components = new Component[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            // They were as narrow when they were written.
            components[i] = Component(uint32(ids[i]), uint32(weights[i]), uint48(times[i]));
        }
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IRecordToken).interfaceId ||
            interfaceId == type(IRecordRanges).interfaceId;
    }

    // --------------------------------------------------------- as the token answers

    /// @inheritdoc IRecordHoldings
    function incomeHeldWhileIneligible() external view returns (bool) {
        uint256 word = _answer();
        if (word > 1) revert RecordRanges_Unanswered(msg.sig);
        return word == 1;
    }

    /// @inheritdoc IRecordRanges
    function claimantOf(address) external view returns (address) {
        return _address();
    }

    /// @inheritdoc IRecordRanges
    function successorOf(address) external view returns (address) {
        return _address();
    }

    /// @inheritdoc IRecordRanges
    function owner() external view returns (address) {
        return _address();
    }

    /// @inheritdoc IRecordRanges
    function isAgent(address) external view returns (bool) {
        return _answer() == 1;
    }

    /// @dev What the token answers to the very question that was asked here. No answer, or one that makes no sense, is
    /// none here either, so that a vault treats this contract as it would the token.
    function _answer() private view returns (uint256 word) {
        bool answered;
        (answered, word) = StaticCallLib.tryAsk(token, msg.data, gasleft());
        if (!answered) revert RecordRanges_Unanswered(msg.sig);
    }

    function _address() private view returns (address) {
        uint256 word = _answer();
        if (word > type(uint160).max) revert RecordRanges_Unanswered(msg.sig);
        return address(uint160(word));
    }

    // --------------------------------------------------------------------- weighing

    /// @dev Who is to be paid for `account`, and its weighted balance: one question to the token for all records.
    function _holdingAt(
        address account,
        bytes memory terms,
        bool eligibleOnly
    ) private view returns (address claimant, uint256) {
        (uint256[] memory amounts, uint256[] memory weights, ) = terms.unpack();
        (claimant, amounts) = _ask(account, amounts, eligibleOnly);
        return (claimant, _weigh(amounts, weights));
    }

    function _ask(
        address account,
        uint256[] memory recordIds,
        bool eligibleOnly
    ) private view returns (address claimant, uint256[] memory balances) {
        return
            _supportsHoldings
                ? RecordQueryLib.inOne(token, account, RecordQueryLib.allocateCopy(recordIds), eligibleOnly)
                : RecordQueryLib.oneByOne(token, account, recordIds);
    }

    function _supplyAt(uint256 recordId) private view returns (uint256) {
        return RecordQueryLib.supplyAt(token, recordId);
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

    /// @dev Reverts, with the token's own error, if a record of the range was cancelled: then the last one was, since a
    /// token cancels from the end.
    function _requireStanding(bytes memory terms) private view {
        IRecordToken(token).recordTime(terms.lastRecord());
    }

    function _terms(uint256 rangeId) private view returns (bytes memory terms) {
        terms = RangeTermsLib.read(rangeId);
        if (terms.length == 0) revert RecordRanges_UnknownRange(rangeId);
    }

    function _closedTerms(uint256 rangeId) private view returns (bytes memory terms) {
        terms = _terms(rangeId);
        uint256 closesAt = terms.closesAt();
        if (block.timestamp <= closesAt) revert RecordRanges_Open(rangeId, closesAt, block.timestamp);
    }
}

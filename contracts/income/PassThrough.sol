// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";
import {IDividendVault} from "./IDividendVault.sol";
import {IPassThrough} from "./IPassThrough.sol";
import {IRecordStream} from "./IRecordStream.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {Authority} from "../libraries/Authority.sol";
import {Payment} from "../libraries/Payment.sol";
import {Question} from "../libraries/Question.sol";

/// @title PassThrough
/// @notice Assigns a pool's income to the pool's holders. `IPassThrough` is the specification.
/// @dev Promise: what leaves goes to the vault, for the holders of one second, or to the pool; and what this contract
/// held of the currency before a distribution was claimed here, it holds afterwards.
contract PassThrough is IPassThrough, ReentrancyGuardTransient {
    // ------------------------------------------------------------------ constants

    /// @dev What one distribution of a batch may use: several times what the longest stream needs, so that one which
    /// burns all it gets leaves the others theirs.
    uint256 private constant PASS_GAS = 3_000_000;

    /// @dev A selector and four words.
    uint256 private constant REASON_BYTES = 0x84;

    uint256 private constant QUESTION_GAS = 100_000;

    /// @dev What the vault can divide by.
    uint256 private constant MAX_SUPPLY = type(uint96).max;

    /// @inheritdoc IPassThrough
    IDividendVault public immutable vault;

    /// @inheritdoc IPassThrough
    address public immutable pool;

    /// @inheritdoc IPassThrough
    address public immutable poolToken;

    /// @inheritdoc IPassThrough
    IRecordStream public immutable poolStreams;

    // -------------------------------------------------------------------- storage

    /// @inheritdoc IPassThrough
    mapping(uint256 id => bool) public isDone;

    /// @inheritdoc IPassThrough
    mapping(uint256 id => uint256) public passedAs;

    constructor(IDividendVault vault_, address pool_, address poolToken_, IRecordStream poolStreams_) {
        // Records of one second are one record, but streams that end at one second are not.
        if (_isStream(poolToken_)) revert PassThrough_NotPlain(poolToken_);
        if (address(poolStreams_) != address(0) && poolStreams_.token() != poolToken_) {
            revert PassThrough_OtherToken(address(poolStreams_), poolToken_);
        }
        (vault, pool, poolToken, poolStreams) = (vault_, pool_, poolToken_, poolStreams_);
    }

    /// @dev The native coin is claimed here like any currency; nobody else has a reason to send it.
    receive() external payable {
        if (msg.sender != address(vault)) revert PassThrough_NotVault(msg.sender);
    }

    // -------------------------------------------------------------------- passing on

    /// @inheritdoc IPassThrough
    function pass(uint256[] calldata ids, uint256[] calldata poolRecordIds) external returns (uint256 passed) {
        if (ids.length != poolRecordIds.length) {
            revert PassThrough_LengthMismatch(ids.length, poolRecordIds.length);
        }
        for (uint256 i = 0; i < ids.length; ++i) {
            if (_tryPass(ids[i], poolRecordIds[i])) ++passed;
        }
    }

    /// @inheritdoc IPassThrough
    function passOne(uint256 id, uint256 poolRecordId) external nonReentrant returns (uint256 distributionId) {
        IDividendVault.Distribution memory origin = _begin(id);
        address token = _counterpart(id, origin, poolRecordId);
        (uint256 amount, uint256 held) = _collect(id, origin.currency);
        distributionId = _declare(id, origin, token, poolRecordId, amount);
        uint256 left = _holdingOf(origin.currency);
        // A currency that rounds may leave something; none may take what else is here.
        if (left < held) revert PassThrough_Unbalanced(origin.currency, left, held);
        passedAs[id] = distributionId;
        emit Passed(id, distributionId, origin.currency, amount);
    }

    /// @dev `passOne` for the same caller, as a call of its own, so that a failure undoes all of it and nothing else.
    function _tryPass(uint256 id, uint256 poolRecordId) private returns (bool passed) {
        // A call gets at most 63 of 64 parts of what is left.
        uint256 needed = PASS_GAS + PASS_GAS / 32;
        if (gasleft() < needed) revert PassThrough_TooLittleGas(gasleft(), needed);
        bytes memory data = abi.encodeCall(this.passOne, (id, poolRecordId));
        bytes memory reason = new bytes(REASON_BYTES);
        uint256 gasLimit = PASS_GAS;
        assembly ("memory-safe") {
            passed := delegatecall(gasLimit, address(), add(data, 0x20), mload(data), add(reason, 0x20), REASON_BYTES)
            if lt(returndatasize(), REASON_BYTES) {
                mstore(reason, returndatasize())
            }
        }
        if (!passed) emit NotPassed(id, reason);
    }

    function _declare(
        uint256 id,
        IDividendVault.Distribution memory origin,
        address token,
        uint256 poolRecordId,
        uint256 amount
    ) private returns (uint256) {
        IDividendVault.Terms memory terms;
        terms.kind = origin.terms.kind;
        terms.documentHash = originHash(id);
        uint256 value = 0;
        if (origin.currency == address(0)) value = amount;
        else SafeTransferLib.safeApproveWithRetry(origin.currency, address(vault), amount);
        return vault.declare{value: value}(token, poolRecordId, origin.currency, amount, terms);
    }

    // --------------------------------------------------------------------- returning

    /// @inheritdoc IPassThrough
    function returnUnmatched(
        uint256 id,
        uint256 part,
        uint256 laterRecordId
    ) external nonReentrant returns (uint256 amount) {
        IDividendVault.Distribution memory origin = _begin(id);
        uint256 closesAt = _secondOf(id, origin, part);
        if (!_lacks(closesAt, laterRecordId)) revert PassThrough_Matched(id, closesAt, laterRecordId);
        return _giveBack(id, origin.currency);
    }

    /// @inheritdoc IPassThrough
    function returnUnheld(uint256 id, uint256 poolRecordId) external nonReentrant returns (uint256 amount) {
        IDividendVault.Distribution memory origin = _begin(id);
        address token = _counterpart(id, origin, poolRecordId);
        uint256 supply = IRecordToken(token).totalSupplyAt(poolRecordId);
        if (supply != 0 && supply <= MAX_SUPPLY) revert PassThrough_Held(id, supply);
        return _giveBack(id, origin.currency);
    }

    function _giveBack(uint256 id, address currency) private returns (uint256 amount) {
        (amount, ) = _collect(id, currency);
        emit Returned(id, currency, amount);
        if (Payment.trySend(currency, pool, amount, gasleft()) != Payment.Outcome.Paid) {
            revert PassThrough_ReturnFailed(currency, pool, amount);
        }
    }

    // ------------------------------------------------------------------------- views

    /// @inheritdoc IPassThrough
    function isRegistered() external view returns (bool) {
        return vault.payeeOf(pool) == address(this);
    }

    /// @inheritdoc IPassThrough
    function originHash(uint256 id) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(vault), id));
    }

    // -------------------------------------------------------------------- collecting

    /// @dev Marks the distribution as done, which a failure further on undoes.
    function _begin(uint256 id) private returns (IDividendVault.Distribution memory origin) {
        if (isDone[id]) revert PassThrough_Done(id);
        isDone[id] = true;
        return vault.distribution(id);
    }

    /// @dev What the pool was paid from the distribution, now or before; and what else is held of the currency.
    function _collect(uint256 id, address currency) private returns (uint256 amount, uint256 held) {
        held = _holdingOf(currency);
        if (vault.isClaimed(id, pool)) {
            if (!_answersForPool(msg.sender)) revert PassThrough_PaidBefore(id, msg.sender);
            (, , amount) = vault.entitlement(id, pool);
            // Less is here only if the currency took some.
            if (amount > held) amount = held;
            held -= amount;
        } else {
            uint256[] memory ids = new uint256[](1);
            ids[0] = id;
            vault.claim(ids, pool);
            uint256 present = _holdingOf(currency);
            if (present > held) amount = present - held;
        }
        if (amount == 0) revert PassThrough_NothingArrived(id);
    }

    function _answersForPool(address caller) private view returns (bool speaks) {
        if (caller == pool) return true;
        (, speaks) = Authority.speaksFor(poolToken, caller);
    }

    function _holdingOf(address currency) private view returns (uint256) {
        return currency == address(0) ? address(this).balance : Payment.holdingOf(currency);
    }

    // ---------------------------------------------------------------------- matching

    /// @dev The pool's token, or its streams, after checking that its record is the distribution's counterpart.
    function _counterpart(
        uint256 id,
        IDividendVault.Distribution memory origin,
        uint256 poolRecordId
    ) private view returns (address) {
        if (_isStream(origin.token)) {
            if (address(poolStreams) == address(0)) revert PassThrough_NoStreams(id);
            IRecordStream.Part[] memory parts = IRecordStream(origin.token).partsOf(origin.recordId);
            if (!_weighAlike(parts, poolStreams.partsOf(poolRecordId))) {
                revert PassThrough_OtherStream(id, poolRecordId);
            }
            return address(poolStreams);
        }
        uint256 closesAt = IRecordToken(origin.token).recordTime(origin.recordId);
        uint256 poolClosesAt = IRecordToken(poolToken).recordTime(poolRecordId);
        if (closesAt != poolClosesAt) revert PassThrough_OtherTime(id, closesAt, poolClosesAt);
        return poolToken;
    }

    /// @dev When the record of the distribution closed, or record `part` of its stream. Without streams of its own the
    /// pool matches none: then it is as if there were no record at the first second of all.
    function _secondOf(
        uint256 id,
        IDividendVault.Distribution memory origin,
        uint256 part
    ) private view returns (uint256) {
        if (!_isStream(origin.token)) return IRecordToken(origin.token).recordTime(origin.recordId);
        if (address(poolStreams) == address(0)) return 0;
        IRecordStream.Part[] memory parts = IRecordStream(origin.token).partsOf(origin.recordId);
        if (part >= parts.length) revert PassThrough_UnknownPart(id, part, parts.length);
        return parts[part].closesAt;
    }

    function _weighAlike(
        IRecordStream.Part[] memory parts,
        IRecordStream.Part[] memory others
    ) private pure returns (bool) {
        if (parts.length != others.length) return false;
        for (uint256 i = 0; i < parts.length; ++i) {
            if (parts[i].closesAt != others[i].closesAt || parts[i].weight != others[i].weight) return false;
        }
        return true;
    }

    /// @dev Whether `later` is the pool's first record after the second, and the one before it is no longer at it. A share
    /// token's records are in order of time, and none can be added in the past.
    function _lacks(uint256 closesAt, uint256 later) private view returns (bool) {
        IShareToken token = IShareToken(poolToken);
        uint256 count = token.recordCount();
        if (closesAt >= block.timestamp || later == 0 || later > count + 1) return false;
        if (later <= count && token.recordTime(later) <= closesAt) return false;
        return later == 1 || token.recordTime(later - 1) < closesAt;
    }

    function _isStream(address token) private view returns (bool) {
        bytes memory question = abi.encodeCall(IERC165.supportsInterface, (type(IRecordStream).interfaceId));
        (, uint256 answer) = Question.ask(token, question, QUESTION_GAS);
        return answer == 1;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";
import {IDividendVault} from "./IDividendVault.sol";
import {IPassThrough} from "./IPassThrough.sol";
import {IRecordRanges} from "./IRecordRanges.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {TokenRolesLib} from "../libraries/TokenRolesLib.sol";
import {PaymentLib} from "../libraries/PaymentLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";

/// @title PassThrough
/// @notice Assigns a pool's income to the pool's holders. `IPassThrough` is the specification.
/// @dev Promise: what leaves goes to the vault, for the holders of one second, or to the pool; and what this contract
/// held of the currency before a distribution was claimed here, it holds afterwards.
contract PassThrough is IPassThrough, ReentrancyGuardTransient {
    // ------------------------------------------------------------------ constants

    /// @dev What one distribution of a batch may use: several times what the longest range needs, so that one which
    /// burns all it gets leaves the others theirs.
    uint256 private constant FORWARD_GAS = 3_000_000;

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
    IRecordRanges public immutable poolRanges;

    // -------------------------------------------------------------------- storage

    /// @inheritdoc IPassThrough
    mapping(uint256 id => bool) public isDone;

    /// @inheritdoc IPassThrough
    mapping(uint256 id => uint256) public forwardedAs;

    constructor(IDividendVault vault_, address pool_, address poolToken_, IRecordRanges poolRanges_) {
        // Records of one second are one record, but ranges that end at one second are not.
        if (_isRange(poolToken_)) revert PassThrough_NotPlain(poolToken_);
        if (address(poolRanges_) != address(0) && poolRanges_.token() != poolToken_) {
            revert PassThrough_OtherToken(address(poolRanges_), poolToken_);
        }
        (vault, pool, poolToken, poolRanges) = (vault_, pool_, poolToken_, poolRanges_);
    }

    /// @dev The native coin is claimed here like any currency; nobody else has a reason to send it.
    receive() external payable {
        if (msg.sender != address(vault)) revert PassThrough_NotVault(msg.sender);
    }

    // -------------------------------------------------------------------- forwarding

    /// @inheritdoc IPassThrough
    function forward(uint256[] calldata ids, uint256[] calldata poolRecordIds) external returns (uint256 forwarded) {
        if (ids.length != poolRecordIds.length) {
            revert PassThrough_LengthMismatch(ids.length, poolRecordIds.length);
        }
        for (uint256 i = 0; i < ids.length; ++i) {
            if (_tryForward(ids[i], poolRecordIds[i])) ++forwarded;
        }
    }

    /// @inheritdoc IPassThrough
    function forwardOne(uint256 id, uint256 poolRecordId) external nonReentrant returns (uint256 distributionId) {
        IDividendVault.Distribution memory origin = _begin(id);
        address token = _counterpart(id, origin, poolRecordId);
        (uint256 amount, uint256 held) = _collect(id, origin.currency);
        distributionId = _declare(id, origin, token, poolRecordId, amount);
        uint256 left = _holdingOf(origin.currency);
        // A currency that rounds may leave something; none may take what else is here.
        if (left < held) revert PassThrough_Unbalanced(origin.currency, left, held);
        forwardedAs[id] = distributionId;
        emit Forwarded(id, distributionId, origin.currency, amount);
    }

    /// @dev `forwardOne` for the same caller, as a call of its own, so that a failure undoes all of it and nothing else.
    function _tryForward(uint256 id, uint256 poolRecordId) private returns (bool done) {
        // A call gets at most 63 of 64 parts of what is left.
        uint256 needed = FORWARD_GAS + FORWARD_GAS / 32;
        if (gasleft() < needed) revert PassThrough_TooLittleGas(gasleft(), needed);
        bytes memory data = abi.encodeCall(this.forwardOne, (id, poolRecordId));
        bytes memory reason = new bytes(REASON_BYTES);
        uint256 gasLimit = FORWARD_GAS;
        assembly ("memory-safe") {
            done := delegatecall(gasLimit, address(), add(data, 0x20), mload(data), add(reason, 0x20), REASON_BYTES)
            if lt(returndatasize(), REASON_BYTES) {
                mstore(reason, returndatasize())
            }
        }
        if (!done) emit NotForwarded(id, reason);
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
        if (PaymentLib.trySend(currency, pool, amount, gasleft()) != PaymentLib.Outcome.Paid) {
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
        (, speaks) = TokenRolesLib.isOwnerOrAgent(poolToken, caller);
    }

    function _holdingOf(address currency) private view returns (uint256) {
        return currency == address(0) ? address(this).balance : PaymentLib.holdingOf(currency);
    }

    // ---------------------------------------------------------------------- matching

    /// @dev The pool's token, or its ranges, after checking that its record is the distribution's counterpart.
    function _counterpart(
        uint256 id,
        IDividendVault.Distribution memory origin,
        uint256 poolRecordId
    ) private view returns (address) {
        if (_isRange(origin.token)) {
            if (address(poolRanges) == address(0)) revert PassThrough_NoRanges(id);
            IRecordRanges.Component[] memory parts = IRecordRanges(origin.token).componentsOf(origin.recordId);
            if (!_weighAlike(parts, poolRanges.componentsOf(poolRecordId))) {
                revert PassThrough_OtherRange(id, poolRecordId);
            }
            return address(poolRanges);
        }
        uint256 closesAt = IRecordToken(origin.token).recordTime(origin.recordId);
        uint256 poolClosesAt = IRecordToken(poolToken).recordTime(poolRecordId);
        if (closesAt != poolClosesAt) revert PassThrough_OtherTime(id, closesAt, poolClosesAt);
        return poolToken;
    }

    /// @dev When the record of the distribution closed, or record `part` of its range. Without ranges of its own the
    /// pool matches none: then it is as if there were no record at the first second of all.
    function _secondOf(
        uint256 id,
        IDividendVault.Distribution memory origin,
        uint256 part
    ) private view returns (uint256) {
        if (!_isRange(origin.token)) return IRecordToken(origin.token).recordTime(origin.recordId);
        if (address(poolRanges) == address(0)) return 0;
        IRecordRanges.Component[] memory parts = IRecordRanges(origin.token).componentsOf(origin.recordId);
        if (part >= parts.length) revert PassThrough_UnknownComponent(id, part, parts.length);
        return parts[part].closesAt;
    }

    function _weighAlike(
        IRecordRanges.Component[] memory parts,
        IRecordRanges.Component[] memory others
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

    function _isRange(address token) private view returns (bool) {
        bytes memory question = abi.encodeCall(IERC165.supportsInterface, (type(IRecordRanges).interfaceId));
        (, uint256 answer) = StaticCallLib.tryAsk(token, question, QUESTION_GAS);
        return answer == 1;
    }
}

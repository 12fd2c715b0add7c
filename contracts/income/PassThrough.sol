// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";
import {IDividendVault} from "./IDividendVault.sol";
import {IPassThrough} from "./IPassThrough.sol";
import {IRecordRanges} from "./IRecordRanges.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {TokenRolesLib} from "../libraries/TokenRolesLib.sol";
import {RecordQueryLib} from "./RecordQueryLib.sol";
import {PaymentLib} from "../libraries/PaymentLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";

/// @title PassThrough
/// @notice Assigns a pool's income to the pool's holders. `IPassThrough` is the specification.
/// @dev Promise: what leaves goes to the vault, for the holders of one second, or to the pool; and what this contract
/// held of the currency before a distribution was claimed here, it holds afterwards.
contract PassThrough is IPassThrough, ReentrancyGuardTransient {
    // ------------------------------------------------------------------ constants

    /// @dev What one distribution of a batch may use, so that one which burns all it gets leaves the others theirs: more
    /// than the longest range needs whose records are seven apart. For any that needs more there is `forwardOne`.
    uint256 private constant FORWARD_GAS = 5_000_000;

    /// @dev The code of an account with a key that has named a contract to act for it.
    bytes3 private constant DELEGATION = 0xef0100;
    uint256 private constant DELEGATION_BYTES = 23;

    /// @dev A selector and four words.
    uint256 private constant REASON_BYTES = 0x84;

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
        if (RecordQueryLib.hasRanges(poolToken_)) revert PassThrough_NotPlain(poolToken_);
        if (address(poolRanges_) != address(0) && poolRanges_.token() != poolToken_) {
            revert PassThrough_OtherToken(address(poolRanges_), poolToken_);
        }
        if (!_canAct(pool_) && !_namesSomebody(poolToken_)) revert PassThrough_NobodyToForward(pool_, poolToken_);
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
        // A call gets at most 63 of 64 components of what is left.
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
        uint256 component,
        uint256 laterRecordId
    ) external nonReentrant returns (uint256 amount) {
        IDividendVault.Distribution memory origin = _begin(id);
        uint256 closesAt = _secondOf(id, origin, component);
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
            if (!_actsForPool(msg.sender)) revert PassThrough_PaidBefore(id, msg.sender);
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

    function _actsForPool(address caller) private view returns (bool acts) {
        if (caller == pool) return true;
        (, acts) = TokenRolesLib.isOwnerOrAgent(poolToken, caller);
    }

    /// @dev Whether an account can call this contract, as far as that can be known: it has a key. The code of one that has
    /// named a contract to act for it (EIP-7702) begins with three bytes that no other code can begin with.
    function _canAct(address account) private view returns (bool) {
        bytes memory code = account.code;
        return code.length == 0 || (code.length == DELEGATION_BYTES && bytes3(code) == DELEGATION);
    }

    /// @dev Whether the token has an owner, or knows agents but no owner at all. Who its agents are cannot be asked.
    function _namesSomebody(address token) private view returns (bool) {
        (bool named, bool ownedByNobody) = TokenRolesLib.isOwnerOrAgent(token, address(0));
        return named && !ownedByNobody;
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
        if (RecordQueryLib.hasRanges(origin.token)) {
            if (address(poolRanges) == address(0)) revert PassThrough_NoRanges(id);
            IRecordRanges.Component[] memory components = IRecordRanges(origin.token).componentsOf(origin.recordId);
            if (!_weighAlike(components, poolRanges.componentsOf(poolRecordId))) {
                revert PassThrough_OtherRange(id, poolRecordId);
            }
            return address(poolRanges);
        }
        uint256 closesAt = IRecordToken(origin.token).recordTime(origin.recordId);
        uint256 poolClosesAt = IRecordToken(poolToken).recordTime(poolRecordId);
        if (closesAt != poolClosesAt) revert PassThrough_OtherTime(id, closesAt, poolClosesAt);
        return poolToken;
    }

    /// @dev When the record of the distribution closed, or a component of its range did. Without ranges of its
    /// own the pool matches none: then it is as if there were no record at the first second of all.
    function _secondOf(
        uint256 id,
        IDividendVault.Distribution memory origin,
        uint256 component
    ) private view returns (uint256) {
        if (!RecordQueryLib.hasRanges(origin.token)) return IRecordToken(origin.token).recordTime(origin.recordId);
        if (address(poolRanges) == address(0)) return 0;
        IRecordRanges.Component[] memory components = IRecordRanges(origin.token).componentsOf(origin.recordId);
        if (component >= components.length) {
            revert PassThrough_UnknownComponent(id, component, components.length);
        }
        return components[component].closesAt;
    }

    function _weighAlike(
        IRecordRanges.Component[] memory components,
        IRecordRanges.Component[] memory others
    ) private pure returns (bool) {
        if (components.length != others.length) return false;
        for (uint256 i = 0; i < components.length; ++i) {
            if (components[i].closesAt != others[i].closesAt || components[i].weight != others[i].weight) return false;
        }
        return true;
    }

    /// @dev Whether `later` is a record of the pool's after the second, or the next that could be, and the one before it,
    /// of those that were not cancelled, closed before the second. A share token's records are in order of time, and none
    /// can be added in the past.
    function _lacks(uint256 closesAt, uint256 later) private view returns (bool) {
        IShareToken token = IShareToken(poolToken);
        uint256 count = token.recordCount();
        if (closesAt >= block.timestamp || later == 0 || later > count + 1) return false;
        // Reverts if that one was cancelled.
        if (later <= count && token.recordTime(later) <= closesAt) return false;
        uint256 before = later - 1;
        while (before != 0 && _isCancelled(before)) --before;
        return before == 0 || token.recordTime(before) < closesAt;
    }

    /// @dev A token that does not know the question cancels none.
    function _isCancelled(uint256 recordId) private view returns (bool) {
        bytes memory question = abi.encodeCall(IRecordRanges.isRecordCancelled, (recordId));
        (, uint256 answer) = StaticCallLib.tryAsk(poolToken, question, gasleft());
        return answer == 1;
    }
}

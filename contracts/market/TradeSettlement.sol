// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {SignatureLib} from "../libraries/SignatureLib.sol";
import {DeliveryLib} from "./DeliveryLib.sol";
import {ITradeSettlement} from "./ITradeSettlement.sol";
import {OrderExplanationLib} from "./OrderExplanationLib.sol";
import {OrderLib} from "./OrderLib.sol";
import {RecordGuardLib} from "./RecordGuardLib.sol";
import {TradeLib} from "./TradeLib.sol";

/// @title TradeSettlement
/// @notice Carries out trades that people have signed. `ITradeSettlement` is the specification.
/// @dev Promise: a wallet gives only what its holder has signed for, or what the caller gives itself; a nonce is spent
/// before anything moves; and this contract holds nothing, so that whatever fails half-way leaves nothing behind.
///
/// A nonce has one bit. That of an order in parts has 128 bits instead, two to a slot, which say how much was filled,
/// or with all bits set that the nonce is spent.
contract TradeSettlement is ITradeSettlement, EIP712, ReentrancyGuardTransient {
    using OrderLib for Order;
    using RecordGuardLib for Order;
    using TradeLib for Trade;

    // -------------------------------------------------------------------- constants

    /// @dev What was filled of an order of which nothing can be filled any more.
    uint256 private constant SPENT = type(uint128).max;

    // -------------------------------------------------------------------- storage

    mapping(address maker => mapping(uint256 word => uint256 bits)) private _spent;

    mapping(address maker => mapping(uint256 pair => uint256 amounts)) private _filled;

    mapping(address signer => mapping(uint256 word => uint256 bits)) private _tradeSpent;

    /// @inheritdoc ITradeSettlement
    mapping(address maker => uint64) public lowestNonce;

    // --------------------------------------------------------------------- orders

    /// @inheritdoc ITradeSettlement
    function fill(
        Order calldata order,
        bytes calldata signature,
        uint256 amount,
        uint256 mostDue
    ) external nonReentrant returns (uint256 due) {
        return _fill(order, signature, amount, mostDue);
    }

    /// @inheritdoc ITradeSettlement
    function fillWithPermits(
        Order calldata order,
        bytes calldata signature,
        uint256 amount,
        uint256 mostDue,
        Permit[] calldata permits
    ) external nonReentrant returns (uint256 due) {
        _use(permits);
        return _fill(order, signature, amount, mostDue);
    }

    /// @inheritdoc ITradeSettlement
    function cancel(uint64[] calldata nonces) external {
        for (uint256 i = 0; i < nonces.length; ++i) {
            uint64 nonce = nonces[i];
            if (nonce & OrderLib.PARTIAL == 0) _spent[msg.sender][nonce >> 8] |= 1 << (nonce & 0xff);
            else _filled[msg.sender][nonce >> 1] |= SPENT << _shiftOf(nonce);
            emit Cancelled(msg.sender, nonce);
        }
    }

    /// @inheritdoc ITradeSettlement
    function cancelBelow(uint64 nonce) external {
        uint256 present = lowestNonce[msg.sender];
        if (nonce <= present || nonce >= OrderLib.PARTIAL) revert TradeSettlement_NotHigher(nonce, present);
        lowestNonce[msg.sender] = nonce;
        emit CancelledBelow(msg.sender, nonce);
    }

    /// @inheritdoc ITradeSettlement
    function post(Order calldata order, bytes calldata signature) external {
        _requireSigned(order.maker, digestOf(order), signature);
        emit Posted(order.maker, order.give, order.take, order, signature);
    }

    // --------------------------------------------------------------------- trades

    /// @inheritdoc ITradeSettlement
    function settle(Trade calldata trade, bytes[] calldata signatures) external nonReentrant returns (bytes32 digest) {
        return _settle(trade, signatures);
    }

    /// @inheritdoc ITradeSettlement
    function settleWithPermits(
        Trade calldata trade,
        bytes[] calldata signatures,
        Permit[] calldata permits
    ) external nonReentrant returns (bytes32 digest) {
        _use(permits);
        return _settle(trade, signatures);
    }

    /// @inheritdoc ITradeSettlement
    function cancelTrades(uint256[] calldata nonces) external {
        for (uint256 i = 0; i < nonces.length; ++i) {
            _tradeSpent[msg.sender][nonces[i] >> 8] |= 1 << (nonces[i] & 0xff);
            emit TradeCancelled(msg.sender, nonces[i]);
        }
    }

    // ---------------------------------------------------------------------- views

    /// @inheritdoc ITradeSettlement
    function left(Order calldata order) external view returns (uint256) {
        (bool spent, uint256 done) = _stateOf(order.maker, order.nonce);
        return spent || done >= order.giveAmount ? 0 : order.giveAmount - done;
    }

    /// @inheritdoc ITradeSettlement
    function isSpent(address maker, uint64 nonce) external view returns (bool spent) {
        (spent, ) = _stateOf(maker, nonce);
    }

    /// @inheritdoc ITradeSettlement
    function isTradeSpent(address signer, uint256 nonce) external view returns (bool) {
        return (_tradeSpent[signer][nonce >> 8] >> (nonce & 0xff)) & 1 != 0;
    }

    /// @inheritdoc ITradeSettlement
    function explain(
        Order calldata order,
        bytes calldata signature,
        address taker,
        uint256 amount
    ) external view returns (Explanation memory) {
        (bool spent, uint256 done) = _stateOf(order.maker, order.nonce);
        return OrderExplanationLib.explain(order, digestOf(order), signature, taker, amount, spent, done);
    }

    /// @inheritdoc ITradeSettlement
    function digestOf(Order calldata order) public view returns (bytes32) {
        return _hashTypedData(order.hash());
    }

    /// @inheritdoc ITradeSettlement
    function digestOfTrade(Trade calldata trade) public view returns (bytes32) {
        return _hashTypedData(trade.hash());
    }

    // -------------------------------------------------------------------- filling

    function _fill(
        Order calldata order,
        bytes calldata signature,
        uint256 amount,
        uint256 mostDue
    ) private returns (uint256 due) {
        _checkFields(order);
        OrderLib.Parts memory parts = order.partsOf(_spend(order, amount), amount);
        due = order.dueOf(parts, msg.sender);
        if (due > mostDue) revert TradeSettlement_PriceMoved(due, mostDue);
        (bool ended, uint256 closedAt) = order.ended(gasleft());
        if (ended) revert TradeSettlement_RecordClosed(order.record, closedAt);
        _requireSigned(order.maker, digestOf(order), signature);
        emit Filled({
            maker: order.maker,
            nonce: order.nonce,
            taker: msg.sender,
            give: order.give,
            take: order.take,
            given: parts.given,
            taken: parts.taken,
            fee: parts.fee,
            tax: parts.tax
        });
        _exchange(order, parts);
    }

    /// @dev What can be said of an order without asking anybody.
    function _checkFields(Order calldata order) private view {
        if (block.timestamp > order.validUntil) revert TradeSettlement_Expired(order.validUntil, block.timestamp);
        if (order.taker != address(0) && order.taker != msg.sender) {
            revert TradeSettlement_NotTaker(msg.sender, order.taker);
        }
        if (order.isMalformed(msg.sender)) revert TradeSettlement_Malformed(order.maker, order.nonce);
        _requireLow(order.feeBps);
        _requireLow(order.taxBps);
    }

    function _requireLow(uint256 bps) private pure {
        if (bps > OrderLib.MAX_BPS) revert TradeSettlement_FeeTooHigh(bps, OrderLib.MAX_BPS);
    }

    /// @dev Books a fill of `amount`.
    /// @return done What was filled before
    function _spend(Order calldata order, uint256 amount) private returns (uint256 done) {
        (address maker, uint64 nonce) = (order.maker, order.nonce);
        bool spent;
        (spent, done) = _stateOf(maker, nonce);
        if (spent) revert TradeSettlement_Spent(maker, nonce);
        // Two orders of one nonce may differ in size.
        uint256 present = order.giveAmount > done ? order.giveAmount - done : 0;
        if (amount > present) revert TradeSettlement_TooMuch(amount, present);
        uint256 least = order.leastOf(present);
        if (amount < least) revert TradeSettlement_TooLittle(amount, least);
        if (nonce & OrderLib.PARTIAL == 0) {
            _spent[maker][nonce >> 8] |= 1 << (nonce & 0xff);
        } else {
            uint256 now_ = amount == present ? SPENT : done + amount;
            uint256 shift = _shiftOf(nonce);
            // Swaps the one half, which is `done` now.
            _filled[maker][nonce >> 1] ^= (done ^ now_) << shift;
        }
    }

    /// @dev The maker's side goes first. What the maker receives is measured; what the taker receives it has chosen.
    function _exchange(Order calldata order, OrderLib.Parts memory parts) private {
        DeliveryLib.move(order.give, order.maker, msg.sender, order.takerGets(parts));
        if (order.makerPays) _payExtras(order, parts, order.give, order.maker);
        uint256 amount = order.makerGets(parts);
        // A part so small that the parts before it have paid for it.
        if (amount != 0) DeliveryLib.moveMeasured(order.take, msg.sender, order.maker, amount);
        if (!order.makerPays) _payExtras(order, parts, order.take, msg.sender);
    }

    function _payExtras(Order calldata order, OrderLib.Parts memory parts, address money, address payer) private {
        (uint256 fee, uint256 tax) = order.extras(parts, payer);
        if (fee != 0) DeliveryLib.move(money, payer, order.feeTo, fee);
        if (tax != 0) DeliveryLib.move(money, payer, order.taxTo, tax);
    }

    // ------------------------------------------------------------------- settling

    function _settle(Trade calldata trade, bytes[] calldata signatures) private returns (bytes32 digest) {
        if (block.timestamp > trade.validUntil) revert TradeSettlement_Expired(trade.validUntil, block.timestamp);
        address[] memory givers = trade.givers();
        digest = digestOfTrade(trade);
        _spendAndCheck(trade.nonce, digest, givers, signatures);
        emit Settled(digest, trade);
        for (uint256 i = 0; i < trade.legs.length; ++i) {
            Leg calldata leg = trade.legs[i];
            DeliveryLib.moveMeasured(leg.asset, leg.from, leg.to, leg.amount);
        }
    }

    /// @dev Spends the nonce of everybody who gives, and checks that everybody but the caller has signed.
    function _spendAndCheck(
        uint256 nonce,
        bytes32 digest,
        address[] memory givers,
        bytes[] calldata signatures
    ) private {
        uint256 needed = givers.length;
        for (uint256 i = 0; i < givers.length; ++i) {
            _spendTrade(givers[i], nonce);
            if (givers[i] == msg.sender) --needed;
        }
        if (signatures.length != needed) revert TradeSettlement_Signatures(signatures.length, needed);
        uint256 next = 0;
        for (uint256 i = 0; i < givers.length; ++i) {
            if (givers[i] != msg.sender) _requireSigned(givers[i], digest, signatures[next++]);
        }
    }

    function _spendTrade(address signer, uint256 nonce) private {
        uint256 word = _tradeSpent[signer][nonce >> 8];
        uint256 bit = 1 << (nonce & 0xff);
        if (word & bit != 0) revert TradeSettlement_Spent(signer, nonce);
        _tradeSpent[signer][nonce >> 8] = word | bit;
    }

    // --------------------------------------------------------------------- inside

    /// @dev Whether nothing can be filled any more with a nonce, and else what was filled with it.
    function _stateOf(address maker, uint64 nonce) private view returns (bool spent, uint256 done) {
        if (nonce & ~OrderLib.PARTIAL < lowestNonce[maker]) return (true, 0);
        if (nonce & OrderLib.PARTIAL == 0) return ((_spent[maker][nonce >> 8] >> (nonce & 0xff)) & 1 != 0, 0);
        done = (_filled[maker][nonce >> 1] >> _shiftOf(nonce)) & SPENT;
        if (done == SPENT) return (true, 0);
    }

    /// @dev Where in its slot the amount of a nonce stands.
    function _shiftOf(uint64 nonce) private pure returns (uint256) {
        return (nonce & 1) << 7;
    }

    function _requireSigned(address signer, bytes32 digest, bytes calldata signature) private view {
        if (!SignatureLib.isOf(signer, digest, signature)) revert TradeSettlement_NotSigned(signer);
    }

    /// @dev A permit that fails is passed over: it may have been used before, by anybody.
    function _use(Permit[] calldata permits) private {
        for (uint256 i = 0; i < permits.length; ++i) {
            Permit calldata permit = permits[i];
            bytes memory order = abi.encodeCall(
                IERC20Permit.permit,
                (permit.owner, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s)
            );
            address token = permit.token;
            // Copies no answer. Whether there is an allowance is found when it is used.
            assembly ("memory-safe") {
                pop(call(gas(), token, 0, add(order, 0x20), mload(order), 0, 0))
            }
        }
    }

    /// @inheritdoc EIP712
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("prorata TradeSettlement", "1");
    }
}

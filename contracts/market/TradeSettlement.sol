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
/// A nonce has one bit; those of a maker's first orders stand in one slot with the number below which all are cancelled.
/// That of an order in parts has 128 bits instead, two to a slot, which say how much was filled, or with all bits set
/// that the nonce is spent.
contract TradeSettlement is ITradeSettlement, EIP712, ReentrancyGuardTransient {
    using OrderLib for Order;
    using RecordGuardLib for Order;
    using TradeLib for Trade;

    // -------------------------------------------------------------------- constants

    /// @dev What was filled of an order of which nothing can be filled any more.
    uint256 private constant SPENT = type(uint128).max;

    /// @dev The bit of nonce 0 in the first slot of a maker, above the lowest nonce that is not cancelled; and the first
    /// nonce that has its bit elsewhere.
    uint256 private constant FIRST_BIT = 1 << 64;
    uint256 private constant FIRST_ELSEWHERE = 192;

    // -------------------------------------------------------------------- storage

    /// @dev What is known of the orders of a maker.
    /// @param first The lowest nonce that is not cancelled, in 64 bits, and a bit for each nonce below 192
    /// @param bits A bit for each nonce from 192 on, 256 to a word
    /// @param amounts What was filled with each nonce of an order in parts, two to a word
    struct Book {
        uint256 first;
        mapping(uint256 word => uint256) bits;
        mapping(uint256 pair => uint256) amounts;
    }

    mapping(address maker => Book) private _books;

    mapping(address signer => mapping(uint256 word => uint256 bits)) private _tradeSpent;

    // --------------------------------------------------------------------- orders

    /// @inheritdoc ITradeSettlement
    function fill(
        Order calldata order,
        bytes calldata signature,
        uint256 amount,
        uint256 mostDue
    ) external nonReentrant returns (uint256 due) {
        return _fill(order.load(), signature, amount, mostDue);
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
        return _fill(order.load(), signature, amount, mostDue);
    }

    /// @inheritdoc ITradeSettlement
    function cancel(uint64[] calldata nonces) external {
        Book storage book = _books[msg.sender];
        for (uint256 i = 0; i < nonces.length; ++i) {
            uint64 nonce = nonces[i];
            if (nonce < FIRST_ELSEWHERE) book.first |= FIRST_BIT << nonce;
            else if (nonce < OrderLib.PARTIAL) book.bits[nonce >> 8] |= 1 << (nonce & 0xff);
            else book.amounts[nonce >> 1] |= SPENT << _shiftOf(nonce);
            emit Cancelled(msg.sender, nonce);
        }
    }

    /// @inheritdoc ITradeSettlement
    function cancelBelow(uint64 nonce) external {
        Book storage book = _books[msg.sender];
        uint256 first = book.first;
        uint64 present = uint64(first);
        if (nonce <= present || nonce >= OrderLib.PARTIAL) revert TradeSettlement_NotHigher(nonce, present);
        book.first = (first ^ present) | nonce;
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
    function lowestNonce(address maker) external view returns (uint64) {
        // The lowest 64 bits.
        return uint64(_books[maker].first);
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
        return OrderExplanationLib.explain(order.load(), digestOf(order), signature, taker, amount, spent, done);
    }

    /// @inheritdoc ITradeSettlement
    function digestOf(Order calldata order) public view returns (bytes32) {
        return _digestOf(order.load());
    }

    /// @inheritdoc ITradeSettlement
    function digestOfTrade(Trade calldata trade) public view returns (bytes32) {
        return _digestOf(trade, TradeLib.load(trade.legs));
    }

    // -------------------------------------------------------------------- filling

    function _fill(
        Order memory order,
        bytes calldata signature,
        uint256 amount,
        uint256 mostDue
    ) private returns (uint256 due) {
        _checkFields(order);
        OrderLib.Parts memory parts = order.partsOf(_spend(order, amount), amount);
        due = order.dueOf(parts, msg.sender);
        if (due > mostDue) revert TradeSettlement_PriceMoved(due, mostDue);
        if (order.record != 0) _requireOpen(order);
        _requireSigned(order.maker, _digestOf(order), signature);
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
    function _checkFields(Order memory order) private view {
        if (block.timestamp > order.validUntil) revert TradeSettlement_Expired(order.validUntil, block.timestamp);
        address taker = order.taker;
        if (taker != address(0) && taker != msg.sender) revert TradeSettlement_NotTaker(msg.sender, taker);
        if (order.isMalformed(msg.sender)) revert TradeSettlement_Malformed(order.maker, order.nonce);
        uint256 bps = order.feeBps;
        if (bps <= OrderLib.MAX_BPS) bps = order.taxBps;
        if (bps > OrderLib.MAX_BPS) revert TradeSettlement_FeeTooHigh(bps, OrderLib.MAX_BPS);
    }

    function _requireOpen(Order memory order) private view {
        (bool ended, uint256 closedAt) = order.ended(gasleft());
        if (ended) revert TradeSettlement_RecordClosed(order.record, closedAt);
    }

    /// @dev Books a fill of `amount`.
    /// @return done What was filled before
    function _spend(Order memory order, uint256 amount) private returns (uint256) {
        uint64 nonce = order.nonce;
        Book storage book = _books[order.maker];
        uint256 first = book.first;
        if (nonce >= OrderLib.PARTIAL) return _spendPart(order, book, first, amount);
        uint256 bit;
        if (nonce < FIRST_ELSEWHERE) {
            bit = FIRST_BIT << nonce;
            _requireLive(order, nonce < uint64(first) || first & bit != 0);
            book.first = first | bit;
        } else {
            bit = 1 << (nonce & 0xff);
            uint256 word = book.bits[nonce >> 8];
            _requireLive(order, nonce < uint64(first) || word & bit != 0);
            book.bits[nonce >> 8] = word | bit;
        }
        _requireWithin(order, amount, order.giveAmount);
        return 0;
    }

    function _spendPart(
        Order memory order,
        Book storage book,
        uint256 first,
        uint256 amount
    ) private returns (uint256 done) {
        uint64 nonce = order.nonce;
        uint256 shift = _shiftOf(nonce);
        uint256 pair = book.amounts[nonce >> 1];
        done = (pair >> shift) & SPENT;
        _requireLive(order, nonce ^ OrderLib.PARTIAL < uint64(first) || done == SPENT);
        // Two orders of one nonce may differ in size.
        uint256 present = order.giveAmount > done ? order.giveAmount - done : 0;
        _requireWithin(order, amount, present);
        uint256 filled = amount == present ? SPENT : done + amount;
        // Swaps the one half, which is `done` now.
        book.amounts[nonce >> 1] = pair ^ ((done ^ filled) << shift);
    }

    function _requireLive(Order memory order, bool spent) private pure {
        if (spent) revert TradeSettlement_Spent(order.maker, order.nonce);
    }

    function _requireWithin(Order memory order, uint256 amount, uint256 present) private pure {
        // The common case: all that is left.
        if (amount == present && amount != 0) return;
        if (amount > present) revert TradeSettlement_TooMuch(amount, present);
        uint256 least = order.leastOf(present);
        if (amount < least) revert TradeSettlement_TooLittle(amount, least);
    }

    /// @dev The maker's side goes first. What the maker receives is measured; what the taker receives it has chosen.
    function _exchange(Order memory order, OrderLib.Parts memory parts) private {
        (uint256 toTaker, uint256 toMaker) = order.netsOf(parts);
        bool extra = parts.fee | parts.tax != 0;
        DeliveryLib.move(order.give, order.maker, msg.sender, toTaker);
        if (extra && order.makerPays) _payExtras(order, parts, order.give, order.maker);
        // Nothing is due for a part so small that the parts before it have paid for it.
        if (toMaker != 0) DeliveryLib.moveMeasured(order.take, msg.sender, order.maker, toMaker);
        if (extra && !order.makerPays) _payExtras(order, parts, order.take, msg.sender);
    }

    function _payExtras(Order memory order, OrderLib.Parts memory parts, address money, address payer) private {
        (uint256 fee, uint256 tax) = order.extras(parts, payer);
        if (fee != 0) DeliveryLib.move(money, payer, order.feeTo, fee);
        if (tax != 0) DeliveryLib.move(money, payer, order.taxTo, tax);
    }

    // ------------------------------------------------------------------- settling

    function _settle(Trade calldata trade, bytes[] calldata signatures) private returns (bytes32 digest) {
        if (block.timestamp > trade.validUntil) revert TradeSettlement_Expired(trade.validUntil, block.timestamp);
        Leg[] memory legs = TradeLib.load(trade.legs);
        address[] memory givers = TradeLib.giversOf(legs);
        digest = _digestOf(trade, legs);
        _spendAndCheck(trade.nonce, digest, givers, signatures);
        emit Settled(digest, trade);
        for (uint256 i = 0; i < legs.length; ++i) {
            Leg memory leg = legs[i];
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
        uint256 next = 0;
        for (uint256 i = 0; i < givers.length; ++i) {
            address giver = givers[i];
            _spendTrade(giver, nonce);
            if (giver == msg.sender) continue;
            if (next == signatures.length) _refuseSignatures(givers, next);
            _requireSigned(giver, digest, signatures[next++]);
        }
        if (next != signatures.length) _refuseSignatures(givers, signatures.length);
    }

    function _refuseSignatures(address[] memory givers, uint256 given) private view {
        uint256 needed = 0;
        for (uint256 i = 0; i < givers.length; ++i) {
            if (givers[i] != msg.sender) ++needed;
        }
        revert TradeSettlement_Signatures(given, needed);
    }

    function _spendTrade(address signer, uint256 nonce) private {
        mapping(uint256 => uint256) storage bits = _tradeSpent[signer];
        uint256 word = bits[nonce >> 8];
        uint256 bit = 1 << (nonce & 0xff);
        if (word & bit != 0) revert TradeSettlement_Spent(signer, nonce);
        bits[nonce >> 8] = word | bit;
    }

    // --------------------------------------------------------------------- inside

    function _digestOf(Order memory order) private view returns (bytes32) {
        return _hashTypedData(order.hash());
    }

    function _digestOf(Trade calldata trade, Leg[] memory legs) private view returns (bytes32) {
        return _hashTypedData(trade.hash(legs));
    }

    /// @dev Whether nothing can be filled any more with a nonce, and else what was filled with it.
    function _stateOf(address maker, uint64 nonce) private view returns (bool spent, uint256 done) {
        Book storage book = _books[maker];
        uint256 first = book.first;
        if (nonce & ~OrderLib.PARTIAL < uint64(first)) return (true, 0);
        if (nonce < FIRST_ELSEWHERE) return (first & (FIRST_BIT << nonce) != 0, 0);
        if (nonce < OrderLib.PARTIAL) return ((book.bits[nonce >> 8] >> (nonce & 0xff)) & 1 != 0, 0);
        done = (book.amounts[nonce >> 1] >> _shiftOf(nonce)) & SPENT;
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

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {MemoryLib} from "../libraries/MemoryLib.sol";
import {PaymentLib} from "../libraries/PaymentLib.sol";
import {SignatureLib} from "../libraries/SignatureLib.sol";
import {IERC7943Fungible} from "../token/IERC7943Fungible.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {CallOrder} from "./CallOrderLib.sol";
import {CallTermsLib} from "./CallTermsLib.sol";
import {CallWordLib} from "./CallWordLib.sol";
import {ICallAuction} from "./ICallAuction.sol";
import {IHolds} from "./IHolds.sol";

/// @title CallBooks
/// @notice What is stored of calls, and what both halves of `CallAuction` do with it.
/// @dev Promise: money is booked as gone before it goes, and as owed if it could not. Shares are booked as let go once they
/// are.
abstract contract CallBooks is ReentrancyGuardTransient {
    using CallTermsLib for ICallAuction.Terms;
    using CallWordLib for ICallAuction.Terms;

    // ------------------------------------------------------------------- constants

    /// @dev What a question may use that a token may not answer.
    uint256 internal constant QUESTION_GAS = 50_000;

    /// @dev Where the interest of a sale at one price is while the call is open, in the slot of a `Head`: in place of lots
    /// that were delivered and returned, of which there are none yet. It has room for as many orders as are counted, each
    /// of as many lots as one can have.
    uint256 internal constant KEPT = 48;
    uint256 private constant KEPT_MASK = type(uint80).max;

    // --------------------------------------------------------------------- storage

    /// @dev One slot, from the lowest bit up. `KEPT` says what else lies there until the close.
    /// @param stage How far the call is
    /// @param orders Orders placed
    /// @param delivered Lots that were ever delivered
    /// @param returned Lots of them that were given back
    /// @param refundable Money in the first currency that may go back
    struct Head {
        ICallAuction.Stage stage;
        uint40 orders;
        uint40 delivered;
        uint40 returned;
        uint128 refundable;
    }

    /// @dev One slot.
    /// @param price What the call cleared at, in the first currency
    /// @param lots Lots that change hands
    /// @param step The step, unless a valuer named the price
    /// @param passed Orders that have had their turn
    /// @param released Lots of the principal's that were let go
    struct Result {
        uint128 price;
        uint40 lots;
        uint8 step;
        uint40 passed;
        uint40 released;
    }

    /// @dev Two sums in one slot: demand and supply; or proceeds, and the venue's part of them.
    struct Two {
        uint128 first;
        uint128 second;
    }

    /// @dev What is known of an order beside its slot.
    /// @param amount Money that a bid by amount is of; shares of an ask that it did not need in its turn, and that could not
    /// be let go
    /// @param undelivered Lots that it got, and that were not delivered
    /// @param returned Lots that were delivered, and given back
    struct Detail {
        uint128 amount;
        uint64 undelivered;
        uint64 returned;
    }

    /// @dev The books of a call.
    /// @param named A bit for each step whose interest is not zero, and was not kept in the head
    /// @param cursors How far the orders of each side are; see `CallSettlement`
    /// @param second Money in the second currency that may go back
    /// @param total In a call by amount, the money of all bids that take part
    /// @param interest By step: bids in the lower half, asks in the upper
    /// @param ordered By person: bids in the lower half, asks in the upper
    struct Book {
        Head head;
        uint256 named;
        Result result;
        Two sums;
        uint256[2] cursors;
        uint256 second;
        uint256 total;
        Two[2] proceeds;
        uint256[2] owed;
        mapping(uint256 step => uint256) interest;
        mapping(uint256 order => CallOrder) orders;
        mapping(uint256 order => Detail) details;
        mapping(uint256 person => uint256) ordered;
        mapping(uint256 person => uint256) entitled;
        mapping(address wallet => bool) counted;
        mapping(uint256 ladder => mapping(address account => uint256)) owedTo;
    }

    /// @dev What a page works on.
    /// @param delivered Lots that were ever delivered
    /// @param passed Orders that have had their turn
    /// @param bidNumber The bid that is being delivered to; 0 for the principal
    /// @param askNumber The ask that is being delivered
    /// @param refundable What may go back, for each ladder
    /// @param prices Money for a lot, for each ladder
    /// @param gross What was paid for delivered lots, for each ladder
    /// @param fees The venue's part of it
    /// @param held What this contract holds of each currency
    struct Page {
        bytes32 id;
        Head head;
        Result result;
        uint256 delivered;
        uint256 passed;
        uint256 bidNumber;
        uint256 askNumber;
        CallOrder bid;
        CallOrder ask;
        uint256[2] refundable;
        uint256[2] prices;
        uint256[2] gross;
        uint256[2] fees;
        uint256[2] held;
    }

    IHolds internal immutable _holds;

    mapping(bytes32 id => Book) internal _books;

    constructor(IHolds holds_) {
        _holds = holds_;
    }

    // -------------------------------------------------------------------- checking

    function _bookAt(
        ICallAuction.Terms calldata terms,
        ICallAuction.Stage stage
    ) internal view returns (bytes32 id, Book storage book) {
        id = terms.idOf();
        book = _books[id];
        _requireStage(id, book.head.stage, stage);
    }

    function _requireStage(bytes32 id, ICallAuction.Stage stage, ICallAuction.Stage expected) internal pure {
        if (stage == expected) return;
        if (stage == ICallAuction.Stage.None) revert ICallAuction.CallAuction_UnknownCall(id);
        revert ICallAuction.CallAuction_NotAt(id, stage);
    }

    function _requireUntil(uint256 until) internal view {
        if (block.timestamp > until) revert ICallAuction.CallAuction_TooLate(until, block.timestamp);
    }

    function _requireAfter(uint256 last) internal view {
        if (block.timestamp <= last) revert ICallAuction.CallAuction_TooEarly(last + 1, block.timestamp);
    }

    function _requireSigned(address signer, bytes32 digest, bytes calldata signature) internal view {
        if (!SignatureLib.isOf(signer, digest, signature)) revert ICallAuction.CallAuction_NotSigned(signer);
    }

    function _requireInPlace(address token, address account, address caller) internal view {
        if (caller != _inPlaceOf(token, account)) revert ICallAuction.CallAuction_NotOwner(caller, account);
    }

    function _orderIn(bytes32 id, Book storage book, uint256 order) internal view returns (CallOrder found) {
        found = book.orders[order];
        if (CallOrder.unwrap(found) == 0) revert ICallAuction.CallAuction_UnknownOrder(id, order);
    }

    /// @dev Whether orders of a call at this stage may have had their turn.
    function _settles(ICallAuction.Stage stage) internal pure returns (bool) {
        return stage > ICallAuction.Stage.Cleared && stage < ICallAuction.Stage.Failed;
    }

    /// @dev An order of such a call. One that got all its lots, and had them delivered at once, is left as it was placed:
    /// that its side has passed it says the rest.
    function _turned(bytes32 id, Book storage book, uint256 order) internal view returns (CallOrder found) {
        found = _orderIn(id, book, order);
        if (found.state() != ICallAuction.OrderState.Placed) return found;
        // The lowest bits of a cursor are the last order that was called.
        if (order <= uint40(book.cursors[uint256(found.side())])) return found.served(found.lots());
    }

    // ---------------------------------------------------------------------- asking

    /// @dev The wallet that has taken the place of `account`, or itself. A token that does not answer knows none: money
    /// must not depend on it.
    function _inPlaceOf(address token, address account) internal view returns (address inPlace) {
        bytes4 selector = IShareToken.successorOf.selector;
        uint256 gasLimit = QUESTION_GAS;
        inPlace = account;
        // From scratch memory: every payment asks.
        assembly ("memory-safe") {
            mstore(0x00, selector)
            // The compiler does not warrant that the upper bits of an address are clean.
            mstore(0x04, shr(96, shl(96, account)))
            let answered := staticcall(gasLimit, token, 0x00, 0x24, 0x00, 0x20)
            if and(answered, gt(returndatasize(), 0x1f)) {
                let answer := mload(0x00)
                // An answer with bits where none belong is none.
                if iszero(or(iszero(answer), shr(160, answer))) {
                    inPlace := answer
                }
            }
        }
    }

    /// @dev Whether the token would let `owner` have new shares, by all its rules. The shares come from nobody: those of a
    /// seller are held, which the token would say and nothing else.
    function _allows(address token, address owner, uint256 shares) internal view returns (bool allowed) {
        bytes4 selector = IERC7943Fungible.canTransfer.selector;
        // Every bid asks, and every delivery of new shares.
        assembly ("memory-safe") {
            let question := mload(0x40)
            mstore(question, selector)
            mstore(add(question, 0x04), 0)
            // The compiler does not warrant that the upper bits of an address are clean.
            mstore(add(question, 0x24), shr(96, shl(96, owner)))
            mstore(add(question, 0x44), shares)
            let answered := staticcall(gas(), token, question, 0x64, 0x00, 0x20)
            allowed := and(and(answered, gt(returndatasize(), 0x1f)), eq(mload(0x00), 1))
        }
    }

    function _halves(uint256 word) internal pure returns (uint256 low, uint256 high) {
        return (uint128(word), word >> 128);
    }

    // ------------------------------------------------------------------- recording

    /// @dev The slot of a `Head` as it is: every order reads and writes several of its fields.
    function _headOf(Book storage book) internal view returns (uint256 head) {
        assembly ("memory-safe") {
            head := sload(book.slot)
        }
    }

    function _setHead(Book storage book, uint256 head) internal {
        assembly ("memory-safe") {
            sstore(book.slot, head)
        }
    }

    /// @dev Interest that is kept in the head of a call that is open.
    function _keptIn(Book storage book) internal view returns (uint256) {
        return (_headOf(book) >> KEPT) & KEPT_MASK;
    }

    /// @dev When a call takes no more orders: what its head keeps of interest goes to where that of other calls is.
    function _moveKept(Book storage book) internal returns (uint256 kept) {
        kept = _keptIn(book);
        if (kept == 0) return kept;
        book.interest[0] = kept;
        _setHead(book, _headOf(book) ^ (kept << KEPT));
    }

    function _addInterest(
        ICallAuction.Terms calldata terms,
        Book storage book,
        CallOrder found,
        uint256 quantity
    ) internal {
        if (terms.hasOnePrice()) _setHead(book, _headOf(book) + (quantity << KEPT));
        else _addToStep(book, found.step(), found.side(), quantity);
    }

    function _addToStep(Book storage book, uint256 step, ICallAuction.Side side, uint256 quantity) internal {
        uint256 word = book.interest[step];
        if (word == 0) book.named |= 1 << step;
        book.interest[step] = word + (quantity << (side == ICallAuction.Side.Bid ? 0 : 128));
    }

    function _subtractInterest(
        ICallAuction.Terms calldata terms,
        Book storage book,
        CallOrder found,
        uint256 quantity
    ) internal {
        if (terms.hasOnePrice()) return _setHead(book, _headOf(book) - (quantity << KEPT));
        uint256 step = found.step();
        uint256 word = book.interest[step] - (quantity << (found.isBid() ? 0 : 128));
        book.interest[step] = word;
        if (word == 0) book.named &= ~(1 << step);
    }

    // ------------------------------------------------------------------ collecting

    /// @dev Calls, and copies `most` bytes of a refusal at most.
    function _tryCall(
        address callee,
        bytes memory data,
        uint256 gasLimit,
        uint256 most
    ) internal returns (bool succeeded, bytes memory reason) {
        assembly ("memory-safe") {
            succeeded := call(gasLimit, callee, 0, add(data, 0x20), mload(data), 0, 0)
            if iszero(succeeded) {
                let size := returndatasize()
                if gt(size, most) {
                    size := most
                }
                reason := mload(0x40)
                mstore(reason, size)
                returndatacopy(add(reason, 0x20), 0, size)
                mstore(0x40, add(reason, add(0x20, and(add(size, 0x1f), not(0x1f)))))
            }
        }
    }

    // ----------------------------------------------------------------- withdrawing

    function _quantityOf(Book storage book, uint256 order, CallOrder found) internal view returns (uint256 quantity) {
        quantity = found.lots();
        if (quantity == 0) quantity = book.details[order].amount;
    }

    /// @dev The money that came with a bid.
    function _paidWith(
        ICallAuction.Terms calldata terms,
        CallOrder bid,
        uint256 quantity
    ) internal pure returns (uint256) {
        return terms.isByAmount() ? quantity : quantity * terms.priceAt(bid.ladder(), bid.step());
    }

    /// @dev Gives a bid money back.
    function _payBack(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        CallOrder bid,
        uint256 money
    ) internal {
        if (money == 0) return;
        uint256 ladder = bid.ladder();
        page.refundable[ladder] -= money;
        _pay(terms, book, page, ladder, bid.owner(), money);
    }

    // --------------------------------------------------------------------- closing

    function _clearingOf(Book storage book) internal view returns (ICallAuction.Clearing memory) {
        Result memory result = book.result;
        Two memory sums = book.sums;
        return ICallAuction.Clearing(result.step, result.price, result.lots, sums.first, sums.second);
    }

    // -------------------------------------------------------------------- settling

    /// @dev Begins a page.
    function _turn(
        ICallAuction.Terms calldata terms,
        bytes32 id,
        Book storage book
    ) internal view returns (Page memory page) {
        page.id = id;
        page.head = book.head;
        page.result = book.result;
        (page.delivered, page.passed) = (page.head.delivered, page.result.passed);
        page.refundable[0] = page.head.refundable;
        page.prices[0] = page.result.price;
        page.held[0] = PaymentLib.holdingOf(terms.currencyOf(0));
        address second = terms.currencyOf(1);
        if (second == address(0)) return page;
        page.refundable[1] = book.second;
        page.prices[1] = terms.priceAt(1, page.result.step);
        page.held[1] = PaymentLib.holdingOf(second);
    }

    /// @dev Ends it, before money goes to those who are paid for all of it at once.
    function _store(Book storage book, Page memory page) internal {
        Head memory head = page.head;
        // Money has only fallen; lots, and orders, are of 40 bits.
        (head.refundable, head.delivered) = (uint128(page.refundable[0]), uint40(page.delivered));
        book.head = head;
        if (page.passed != page.result.passed) {
            page.result.passed = uint40(page.passed);
            book.result = page.result;
        }
        if (book.second != page.refundable[1]) book.second = page.refundable[1];
    }

    /// @dev Nobody makes a call fail by bringing little gas.
    function _requireGas(uint256 needed) internal view {
        if (PaymentLib.forwardable() < needed) revert ICallAuction.CallAuction_TooLittleGas(gasleft(), needed);
    }

    // ---------------------------------------------------------------------- paying

    /// @dev Lets go of held shares, of as many as are still held.
    function _letGo(address token, address owner, uint256 shares) internal {
        uint96 amount = _stillHeld(token, owner, shares);
        if (amount != 0) _holds.letGo(token, owner, amount);
    }

    /// @dev The same, with so much gas that a failure is the token's, which is no reason to keep others waiting.
    function _tryLetGo(
        ICallAuction.Terms calldata terms,
        address owner,
        uint256 shares
    ) internal returns (bool released) {
        uint256 free = MemoryLib.free();
        address token = terms.tokenOf();
        uint96 amount = _stillHeld(token, owner, shares);
        released = true;
        if (amount != 0) {
            uint256 gasLimit = terms.deliveryGasOf();
            bytes memory order = abi.encodeCall(IHolds.letGo, (token, owner, amount));
            _requireGas(gasLimit);
            (released, ) = _tryCall(address(_holds), order, gasLimit, 0);
        }
        // Nothing of it is read again.
        MemoryLib.release(free);
    }

    function _stillHeld(address token, address owner, uint256 shares) private view returns (uint96) {
        uint256 kept = _holds.consentOf(address(this), token, owner).kept;
        // Of the 96 bits that were held.
        return uint96(kept < shares ? kept : shares);
    }

    /// @dev Pays `account`, or the wallet in its place; or owes it. What it is was booked as gone.
    function _pay(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        uint256 ladder,
        address account,
        uint256 amount
    ) internal returns (bool) {
        _requireGas(PaymentLib.LEAST_TOKEN_GAS);
        address currency = terms.currencyOf(ladder);
        address to = _inPlaceOf(terms.tokenOf(), account);
        PaymentLib.Outcome outcome = PaymentLib.trySend(currency, to, amount, PaymentLib.LEAST_TOKEN_GAS);
        if (outcome == PaymentLib.Outcome.Paid) {
            // Only compared with a balance, and only if the currency says no.
            unchecked {
                page.held[ladder] -= amount;
            }
            return true;
        }
        // A currency that says no may have moved it all the same.
        if (outcome == PaymentLib.Outcome.Denied && !PaymentLib.holds(currency, page.held[ladder])) {
            revert ICallAuction.CallAuction_PaymentFailed(currency, to, amount);
        }
        book.owed[ladder] += amount;
        book.owedTo[ladder][account] += amount;
        emit ICallAuction.Owed(page.id, account, currency, amount);
        return false;
    }
}

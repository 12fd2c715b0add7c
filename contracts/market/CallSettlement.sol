// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IInvestorRegistry} from "../compliance/IInvestorRegistry.sol";
import {MemoryLib} from "../libraries/MemoryLib.sol";
import {PaymentLib} from "../libraries/PaymentLib.sol";
import {IERC3643Token} from "../token/IERC3643Token.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {CallBooks} from "./CallBooks.sol";
import {CallClearingLib} from "./CallClearingLib.sol";
import {CallOrder} from "./CallOrderLib.sol";
import {CallTermsLib} from "./CallTermsLib.sol";
import {CallWordLib} from "./CallWordLib.sol";
import {ICallAuction} from "./ICallAuction.sol";
import {IHolds} from "./IHolds.sol";

/// @title CallSettlement
/// @notice The half of `CallAuction` that comes after the close: it delivers, pays and refunds. `ICallAuction` is the
/// specification.
/// @dev Promise: shares go to who has paid, by `Holds` or as new ones, and money only to whom the terms and the clearing
/// say. `CallAuction` calls this code with its own storage. By itself it knows no call, and refuses everything.
contract CallSettlement is CallBooks {
    using CallTermsLib for ICallAuction.Terms;
    using CallWordLib for ICallAuction.Terms;

    /// @dev A field of a stored cursor, in bits.
    uint256 private constant LOTS = 40;
    uint256 private constant LOTS_MASK = type(uint40).max;

    /// @dev One side while a page is settled. The first four are stored, in one slot, from the lowest bit up.
    /// @param number The last order that was looked at
    /// @param left Its lots that were not tried yet
    /// @param failed Its lots whose delivery was refused
    /// @param run The sum of the orders before it that share with others
    /// @param order The order itself, as it will be stored
    /// @param walks Whether there are orders; the principal, on its side, takes what comes
    /// @param isResumed Whether the order was left unfinished by an earlier page
    /// @param quota What orders share among them
    /// @param total What they add up to
    struct Seat {
        uint256 number;
        uint256 left;
        uint256 failed;
        uint256 run;
        CallOrder order;
        bool walks;
        bool isResumed;
        uint256 quota;
        uint256 total;
    }

    uint256 private constant BPS = 10_000;

    /// @dev A selector and four words.
    uint256 private constant REASON_BYTES = 0x84;

    constructor(IHolds holds_) CallBooks(holds_) {}

    // ----------------------------------------------------------------- withdrawing

    /// @notice See `ICallAuction`.
    function withdraw(ICallAuction.Terms calldata terms, uint256 order) external nonReentrant {
        (bytes32 id, Book storage book) = _bookAt(terms, ICallAuction.Stage.Open);
        _requireInPlace(terms.token, _orderIn(id, book, order).owner(), msg.sender);
        _withdraw(terms, id, book, order);
    }

    /// @notice See `ICallAuction`.
    function withdrawFor(
        ICallAuction.Terms calldata terms,
        uint256 order,
        uint256 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        (bytes32 id, Book storage book) = _bookAt(terms, ICallAuction.Stage.Open);
        _requireUntil(validUntil);
        address signer = _inPlaceOf(terms.token, _orderIn(id, book, order).owner());
        _requireSigned(signer, ICallAuction(address(this)).digestOfWithdrawal(id, order, validUntil), signature);
        _withdraw(terms, id, book, order);
    }

    /// @notice See `ICallAuction`.
    function strike(
        ICallAuction.Terms calldata terms,
        uint256[] calldata orders
    ) external nonReentrant returns (uint256 struck) {
        return _sort(terms, orders, ICallAuction.OrderState.Placed);
    }

    /// @notice See `ICallAuction`.
    function restore(
        ICallAuction.Terms calldata terms,
        uint256[] calldata orders
    ) external nonReentrant returns (uint256 restored) {
        return _sort(terms, orders, ICallAuction.OrderState.Struck);
    }

    // -------------------------------------------------------------------- settling

    /// @notice See `ICallAuction`.
    function settle(ICallAuction.Terms calldata terms, uint256 most) external nonReentrant returns (bool done) {
        (bytes32 id, Book storage book) = _bookAt(terms, ICallAuction.Stage.Settling);
        _requireUntil(terms.settleBy);
        Page memory page = _turn(terms, id, book);
        Seat memory bids = _seat(terms, book, page, ICallAuction.Side.Bid);
        Seat memory asks = _seat(terms, book, page, ICallAuction.Side.Ask);
        done = _settle(terms, book, page, bids, asks, most);
        if (done) page.head.stage = ICallAuction.Stage.Settled;
        _rise(book, bids, ICallAuction.Side.Bid);
        _rise(book, asks, ICallAuction.Side.Ask);
        _payOut(terms, book, page);
    }

    /// @notice See `ICallAuction`.
    function deliver(
        ICallAuction.Terms calldata terms,
        ICallAuction.Pair[] calldata pairs
    ) external nonReentrant returns (uint64 delivered) {
        (bytes32 id, Book storage book) = _bookAt(terms, ICallAuction.Stage.Settled);
        _requireUntil(terms.settleBy);
        Page memory page = _turn(terms, id, book);
        uint256 before = page.delivered;
        for (uint256 i = 0; i < pairs.length; ++i) {
            _retry(terms, book, page, pairs[i].bid, pairs[i].ask);
        }
        // Of 40 bits.
        delivered = uint64(page.delivered - before);
        _payOut(terms, book, page);
    }

    // ------------------------------------------------------------------- refunding

    /// @notice See `ICallAuction`.
    function refund(
        ICallAuction.Terms calldata terms,
        uint256[] calldata orders
    ) external nonReentrant returns (uint256 refunded) {
        bytes32 id = terms.idOf();
        Book storage book = _books[id];
        Page memory page = _turn(terms, id, book);
        ICallAuction.Stage stage = page.head.stage;
        if (stage == ICallAuction.Stage.None) revert ICallAuction.CallAuction_UnknownCall(id);
        bool isOver =
            stage >= ICallAuction.Stage.Failed ||
                (stage >= ICallAuction.Stage.Settling && block.timestamp > terms.settleBy);
        bool settles = _settles(stage);
        for (uint256 i = 0; i < orders.length; ++i) {
            uint256 number = orders[i];
            CallOrder order = settles ? _turned(id, book, number) : _orderIn(id, book, number);
            ICallAuction.OrderState state = order.state();
            if (state == ICallAuction.OrderState.Withdrawn) continue;
            if (state == ICallAuction.OrderState.Ended) {
                // Only shares can still be here, that could not be let go.
                if (order.isBid() || book.details[number].amount == 0) continue;
            } else if (!isOver) {
                revert ICallAuction.CallAuction_NotRefundable(id, number, terms.settleBy);
            }
            bool hadTurn = state >= ICallAuction.OrderState.Allotted;
            if (_refund(terms, book, page, number, order, hadTurn)) ++refunded;
        }
        _store(book, page);
    }

    /// @notice See `ICallAuction`.
    function returnShares(
        ICallAuction.Terms calldata terms,
        uint256 order,
        uint64 lots
    ) external nonReentrant returns (uint256 paid) {
        bytes32 id = terms.idOf();
        Book storage book = _books[id];
        Head memory head = book.head;
        if (head.stage != ICallAuction.Stage.Settled) _requireStage(id, head.stage, ICallAuction.Stage.Settling);
        uint256 delivered = uint256(head.delivered) - head.returned;
        if (delivered >= terms.leastLots) revert ICallAuction.CallAuction_EnoughDelivered(delivered, terms.leastLots);
        _requireAfter(terms.settleBy);
        _requireUntil(terms.returnUntil);
        CallOrder bid = _turned(id, book, order);
        _requireInPlace(terms.token, bid.owner(), msg.sender);
        if (lots == 0) revert ICallAuction.CallAuction_TooSmall(0, 1);
        Page memory page = _turn(terms, id, book);
        uint256 ladder = bid.ladder();
        paid = _unbook(terms, book, page, order, bid, lots);
        emit ICallAuction.Returned(id, order, bid.owner(), lots, paid);
        _takeShares(terms, lots * uint256(terms.lot));
        _pay(terms, book, page, ladder, bid.owner(), paid);
    }

    /// @notice See `ICallAuction`.
    function payPrincipal(ICallAuction.Terms calldata terms) external nonReentrant returns (uint256[2] memory amounts) {
        bytes32 id = terms.idOf();
        Book storage book = _books[id];
        Page memory page = _turn(terms, id, book);
        ICallAuction.Stage stage = page.head.stage;
        if (stage < ICallAuction.Stage.Settling) _requireStage(id, stage, ICallAuction.Stage.Settling);
        // What can still be needed for deliveries.
        uint256 needed = 0;
        if (stage < ICallAuction.Stage.Failed && block.timestamp <= terms.settleBy) {
            needed = page.result.lots - page.delivered;
        }
        bool changed = false;
        if (terms.kind == ICallAuction.Kind.Tender) {
            uint256 left = page.refundable[0] - needed * page.prices[0];
            page.refundable[0] -= left;
            amounts[0] = left;
            changed = left != 0;
            _store(book, page);
            if (changed) _payPrincipal(terms, book, page, 0, left);
        } else if (terms.kind == ICallAuction.Kind.Sale) {
            if (!terms.mint) changed = _releasePrincipal(terms, book, page, needed);
            if (_isPayable(terms, page)) {
                amounts = _payProceeds(terms, book, page);
                if (amounts[0] | amounts[1] != 0) changed = true;
            }
        }
        if (!changed) revert ICallAuction.CallAuction_NothingLeft(id, terms.principal);
    }

    /// @notice See `ICallAuction`.
    function take(
        ICallAuction.Terms calldata terms,
        uint8 ladder,
        address account
    ) external nonReentrant returns (uint256 amount) {
        return _take(terms, ladder, account, _inPlaceOf(terms.token, account));
    }

    /// @notice See `ICallAuction`.
    function takeTo(
        ICallAuction.Terms calldata terms,
        uint8 ladder,
        address account,
        address receiver
    ) external nonReentrant returns (uint256 amount) {
        _requireInPlace(terms.token, account, msg.sender);
        return _take(terms, ladder, account, receiver);
    }

    /// @notice See `ICallAuction`.
    function sweep(ICallAuction.Terms calldata terms, uint8 ladder) external nonReentrant returns (uint256 amount) {
        bytes32 id = terms.idOf();
        Book storage book = _books[id];
        ICallAuction.Stage stage = book.head.stage;
        if (stage < ICallAuction.Stage.Settling) _requireStage(id, stage, ICallAuction.Stage.Settling);
        address sweepTo = terms.sweepTo;
        if (ladder > 1) revert ICallAuction.CallAuction_UnknownLadder(ladder);
        amount = book.owed[ladder];
        if (amount == 0 || sweepTo == address(0)) revert ICallAuction.CallAuction_NothingLeft(id, sweepTo);
        _requireAfter(terms.takeUntil);
        book.owed[ladder] = 0;
        address currency = terms.ladders[ladder].currency;
        emit ICallAuction.Swept(id, currency, sweepTo, amount);
        _send(currency, sweepTo, amount);
    }

    // ----------------------------------------------------------------- withdrawing

    function _withdraw(ICallAuction.Terms calldata terms, bytes32 id, Book storage book, uint256 order) private {
        _requireUntil(terms.withdrawUntil);
        CallOrder found = book.orders[order];
        ICallAuction.OrderState state = found.state();
        if (state != ICallAuction.OrderState.Placed && state != ICallAuction.OrderState.Struck) {
            revert ICallAuction.CallAuction_OrderNotIn(id, order, state);
        }
        uint256 quantity = _quantityOf(book, order, found);
        if (state == ICallAuction.OrderState.Placed) _subtractInterest(terms, book, found, quantity);
        if (terms.mostPerPerson | terms.recordId != 0) _uncount(terms, book, found, quantity);
        book.orders[order] = found.withState(ICallAuction.OrderState.Withdrawn);
        emit ICallAuction.Withdrawn(id, order, found.owner());
        Page memory page = _turn(terms, id, book);
        if (found.isBid()) _payBack(terms, book, page, found, _paidWith(terms, found, quantity));
        else _letGo(terms.token, found.owner(), quantity * terms.lot);
        _store(book, page);
    }

    /// @dev Who has joined another person since stays counted for the person that it was.
    function _uncount(ICallAuction.Terms calldata terms, Book storage book, CallOrder found, uint256 quantity) private {
        uint256 person = uint160(found.owner());
        address registry = terms.registry;
        if (registry != address(0)) {
            person = IInvestorRegistry(registry).investorOf(found.owner()).person();
            if (!found.isOf(person)) return;
        }
        book.ordered[person] -= quantity << (found.isBid() ? 0 : 128);
    }

    /// @dev Takes out orders that cannot be delivered, or puts back those that can.
    function _sort(
        ICallAuction.Terms calldata terms,
        uint256[] calldata orders,
        ICallAuction.OrderState from
    ) private returns (uint256 count) {
        (bytes32 id, Book storage book) = _bookAt(terms, ICallAuction.Stage.Open);
        bool strikes = from == ICallAuction.OrderState.Placed;
        if (strikes && IShareToken(terms.token).paused()) revert ICallAuction.CallAuction_TokenPaused(terms.token);
        for (uint256 i = 0; i < orders.length; ++i) {
            uint256 order = orders[i];
            CallOrder found = _orderIn(id, book, order);
            if (found.state() != from) continue;
            uint256 quantity = _quantityOf(book, order, found);
            (bool deliverable, uint256 shares) = _isDeliverable(terms, found, quantity);
            if (deliverable == strikes) continue;
            ++count;
            if (strikes) {
                book.orders[order] = found.withState(ICallAuction.OrderState.Struck);
                _subtractInterest(terms, book, found, quantity);
                emit ICallAuction.Struck(id, order, _undeliverable(found.owner(), shares));
            } else {
                book.orders[order] = found.withState(ICallAuction.OrderState.Placed);
                _addInterest(terms, book, found, quantity);
                emit ICallAuction.Restored(id, order);
            }
        }
    }

    /// @dev Whether an order could be delivered now, as far as can be known before its counterpart is: a bid if the token
    /// lets its owner receive, an ask if its shares are held long enough.
    function _isDeliverable(
        ICallAuction.Terms calldata terms,
        CallOrder found,
        uint256 quantity
    ) private view returns (bool, uint256 shares) {
        address token = terms.token;
        address owner = found.owner();
        address inPlace = _inPlaceOf(token, owner);
        if (found.isBid()) {
            shares = (terms.byAmount ? quantity / terms.priceAt(0, found.step()) : quantity) * terms.lot;
            return (_allows(token, inPlace, shares), shares);
        }
        shares = quantity * terms.lot;
        IHolds.Consent memory consent = _holds.consentOf(address(this), token, owner);
        // The token's owner may have voided it, or forced shares away since.
        if (consent.kept < shares || consent.until < terms.settleBy) return (false, shares);
        return (consent.inCustody || IShareToken(token).heldOf(inPlace) >= shares, shares);
    }

    // -------------------------------------------------------------------- settling

    /// @dev Delivers between the orders whose turn it is, and calls the next, until `most` of them have been tried or
    /// passed.
    /// @return Whether all have had their turn
    function _settle(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        Seat memory bids,
        Seat memory asks,
        uint256 most
    ) private returns (bool) {
        bool asksRules = _asksRules(terms);
        uint256 orders = page.head.orders;
        while (true) {
            // The principal's side always has lots left.
            if (bids.left == 0 && bids.number != orders) {
                if (most == 0) return false;
                if (!_call(terms, book, page, bids, ICallAuction.Side.Bid)) --most;
            } else if (asks.left == 0 && asks.number != orders) {
                if (most == 0) return false;
                if (!_call(terms, book, page, asks, ICallAuction.Side.Ask)) --most;
            } else {
                // Both sides add up to the same. Were one at its end before the other, the rest could not be delivered.
                if (bids.left == 0 || asks.left == 0) return true;
                // Not zero: a page ends before it calls an order that it could not try.
                --most;
                _match(terms, book, page, bids, asks, asksRules);
            }
        }
    }

    /// @dev Whether new shares are to be asked for by the token's rules. A token that has none, and is not paused, refuses
    /// by itself what it would refuse.
    function _asksRules(ICallAuction.Terms calldata terms) private view returns (bool) {
        if (!terms.isMinted()) return false;
        IERC3643Token token = IERC3643Token(terms.tokenOf());
        return token.paused() || token.compliance() != address(0);
    }

    /// @dev Where a side is.
    function _seat(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        ICallAuction.Side side
    ) private view returns (Seat memory seat) {
        bool isBid = side == ICallAuction.Side.Bid;
        if (isBid ? terms.isTender() : terms.isSale()) {
            seat.left = type(uint256).max;
            return seat;
        }
        seat.walks = true;
        uint256 cursor = book.cursors[uint256(side)];
        seat.number = cursor & LOTS_MASK;
        seat.left = (cursor >> LOTS) & LOTS_MASK;
        seat.failed = (cursor >> (2 * LOTS)) & LOTS_MASK;
        seat.run = cursor >> (3 * LOTS);
        if (seat.left != 0) (seat.order, seat.isResumed) = (book.orders[seat.number], true);
        uint256 lots = page.result.lots;
        uint256 sum = isBid ? book.sums.first : book.sums.second;
        if (!terms.isValued()) {
            (uint256 bids, uint256 asks) = _halves(book.interest[page.result.step]);
            seat.total = isBid ? bids : asks;
            // Better orders are served whole.
            seat.quota = lots - (sum - seat.total);
        } else if (terms.isByAmount()) {
            // Money is shared out only if it would buy more than there is.
            seat.total = book.total;
            seat.quota = sum == lots ? seat.total : lots * page.prices[0];
        } else {
            (seat.total, seat.quota) = (sum, lots);
        }
    }

    /// @dev Calls the next order of a side. Pays back what it does not need.
    /// @return Whether it has lots to deliver
    function _call(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        Seat memory seat,
        ICallAuction.Side side
    ) private returns (bool) {
        uint256 number = seat.number + 1;
        seat.number = number;
        CallOrder order = book.orders[number];
        if (order.side() != side) return false;
        ++page.passed;
        if (order.state() != ICallAuction.OrderState.Placed) return false;
        uint256 quantity = _quantityOf(book, number, order);
        uint256 lots = _allot(terms, seat, page, order, quantity);
        order = order.served(lots);
        (seat.order, seat.left) = (order, lots);
        (seat.failed, seat.isResumed) = (0, false);
        if (lots == 0) book.orders[number] = order;
        _giveExcess(terms, book, page, number, order, quantity);
        return lots != 0;
    }

    /// @dev What an order gets of the call's lots.
    function _allot(
        ICallAuction.Terms calldata terms,
        Seat memory seat,
        Page memory page,
        CallOrder order,
        uint256 quantity
    ) private pure returns (uint256 lots) {
        uint256 step = order.step();
        bool isBid = order.isBid();
        if (!terms.isValued()) {
            uint256 clearing = page.result.step;
            if (step != clearing) return isBid == (step > clearing) ? quantity : 0;
        } else {
            uint256 limit = terms.priceAt(0, step);
            if (isBid ? limit < page.prices[0] : limit > page.prices[0]) return 0;
        }
        uint256 run = seat.run;
        // At most the sum of what was placed, of 128 bits.
        unchecked {
            seat.run = run + quantity;
        }
        // The common case: all get what they asked for.
        if (seat.quota == seat.total) lots = quantity;
        else lots = CallClearingLib.share(seat.quota, run, quantity, seat.total);
        if (terms.isByAmount()) lots /= page.prices[0];
    }

    function _giveExcess(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        uint256 number,
        CallOrder order,
        uint256 quantity
    ) private {
        uint256 lots = order.allotted();
        address owner = order.owner();
        if (order.isBid()) {
            uint256 ladder = order.ladder();
            uint256 money = terms.isByAmount() ? quantity : quantity * terms.priceAt(ladder, order.step());
            money -= lots * page.prices[ladder];
            if (money == 0) return;
            page.refundable[ladder] -= money;
            emit ICallAuction.Refunded(page.id, number, owner, money, 0);
            _pay(terms, book, page, ladder, owner, money);
        } else if (quantity != lots) {
            uint256 shares = (quantity - lots) * terms.lotOf();
            if (_tryLetGo(terms, owner, shares)) {
                emit ICallAuction.Refunded(page.id, number, owner, 0, shares);
            } else {
                // Of the 96 bits that were held. `refund` tries again.
                book.details[number].amount = uint128(shares);
                emit ICallAuction.NotReleased(page.id, number, owner, shares);
            }
        }
    }

    /// @dev Tries to deliver between the two orders whose turn it is.
    function _match(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        Seat memory bids,
        Seat memory asks,
        bool asksRules
    ) private {
        uint256 lots = bids.left < asks.left ? bids.left : asks.left;
        (page.bidNumber, page.bid) = (bids.number, bids.order);
        (page.askNumber, page.ask) = (asks.number, asks.order);
        bool delivered = _deliver(terms, book, page, lots, asksRules);
        _advance(book, bids, delivered, lots);
        _advance(book, asks, delivered, lots);
    }

    function _advance(Book storage book, Seat memory seat, bool delivered, uint256 lots) private {
        if (!seat.walks) return;
        // What is tried is at most what was left.
        unchecked {
            seat.left -= lots;
            if (!delivered) seat.failed += lots;
        }
        if (seat.left == 0) _write(book, seat);
    }

    function _write(Book storage book, Seat memory seat) private {
        uint256 undelivered = seat.left + seat.failed;
        CallOrder order = seat.order;
        if (undelivered | (seat.isResumed ? 1 : 0) != 0) {
            // Of 40 bits.
            book.details[seat.number].undelivered = uint64(undelivered);
            bool isDone = undelivered == 0;
            order = order.withState(isDone ? ICallAuction.OrderState.Ended : ICallAuction.OrderState.Allotted);
        } else if (order.allotted() == order.lots()) {
            // It stays as it is: see `CallBooks._turned`.
            return;
        }
        book.orders[seat.number] = order;
    }

    /// @dev Leaves a side as it is at the end of a page.
    function _rise(Book storage book, Seat memory seat, ICallAuction.Side side) private {
        if (!seat.walks) return;
        if (seat.left != 0) _write(book, seat);
        book.cursors[uint256(side)] =
            seat.number |
            (seat.left << LOTS) |
            (seat.failed << (2 * LOTS)) |
            (seat.run << (3 * LOTS));
    }

    /// @dev Delivers the page's bid and ask to each other and books it, or reports why not.
    function _deliver(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        uint256 lots,
        bool asksRules
    ) private returns (bool) {
        address buyer = page.bidNumber == 0 ? terms.principalOf() : page.bid.owner();
        address seller = page.askNumber == 0 ? terms.principalOf() : page.ask.owner();
        if (terms.isMinted()) seller = address(0);
        (bool moved, bytes memory reason) = _move(terms, seller, buyer, lots, asksRules);
        if (!moved) {
            emit ICallAuction.NotDelivered(page.id, page.bidNumber, page.askNumber, uint64(lots), reason);
            return false;
        }
        // Lots are of 40 bits; money is part of what came in, of 128.
        unchecked {
            page.delivered += lots;
            uint256 ladder = page.bid.ladder();
            uint256 cost = lots * page.prices[ladder];
            uint256 fee = (cost * terms.feeBpsOf()) / BPS;
            page.refundable[ladder] -= cost;
            page.gross[ladder] += cost;
            page.fees[ladder] += fee;
            _emitDelivered(page, seller, buyer, lots, cost, fee);
            // Who sells is paid at once; the principal of a sale for all of a page.
            if (page.askNumber != 0) _pay(terms, book, page, 0, seller, cost - fee);
        }
        return true;
    }

    function _emitDelivered(
        Page memory page,
        address seller,
        address buyer,
        uint256 lots,
        uint256 cost,
        uint256 fee
    ) private {
        emit ICallAuction.Delivered(
            page.id,
            page.bidNumber,
            page.askNumber,
            seller,
            buyer,
            // Of 40 bits.
            uint64(lots),
            cost,
            fee
        );
    }

    /// @dev Moves shares to the buyer, or to the wallet in its place.
    function _move(
        ICallAuction.Terms calldata terms,
        address seller,
        address buyer,
        uint256 lots,
        bool asksRules
    ) private returns (bool moved, bytes memory reason) {
        uint256 free = MemoryLib.free();
        uint256 shares = lots * terms.lotOf();
        (moved, reason) = _tryMove(terms, seller, buyer, shares, asksRules);
        if (!moved) {
            address inPlace = _inPlaceOf(terms.tokenOf(), buyer);
            if (inPlace == buyer) return (false, reason);
            (moved, reason) = _tryMove(terms, seller, inPlace, shares, asksRules);
        }
        // The question is not read again. A reason is.
        if (moved) MemoryLib.release(free);
    }

    /// @dev Moves shares, with so much gas that a failure is the token's.
    function _tryMove(
        ICallAuction.Terms calldata terms,
        address seller,
        address buyer,
        uint256 shares,
        bool asksRules
    ) private returns (bool moved, bytes memory reason) {
        uint256 gasLimit = terms.deliveryGasOf();
        address callee = terms.tokenOf();
        bytes memory order;
        if (terms.isMinted()) {
            if (asksRules) {
                _requireGas(gasLimit);
                if (!_allows(callee, buyer, shares)) return (false, _undeliverable(buyer, shares));
            }
            order = abi.encodeCall(IERC3643Token.mint, (buyer, shares));
        } else {
            // What is held is of 96 bits.
            order = abi.encodeCall(IHolds.deliverKept, (callee, seller, buyer, uint96(shares)));
            callee = address(_holds);
        }
        _requireGas(gasLimit);
        return _tryCall(callee, order, gasLimit, REASON_BYTES);
    }

    function _undeliverable(address owner, uint256 shares) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICallAuction.CallAuction_Undeliverable.selector, owner, shares);
    }

    /// @dev Tries a delivery again.
    function _retry(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        uint256 bidNumber,
        uint256 askNumber
    ) private {
        bool buys = terms.isTender();
        bool sells = terms.isSale();
        bool isPair = (bidNumber == 0) == buys && (askNumber == 0) == sells;
        uint256 lots = type(uint256).max;
        (page.bidNumber, page.askNumber) = (bidNumber, askNumber);
        if (isPair && !buys) (page.bid, lots) = _undelivered(book, page, bidNumber, lots);
        if (isPair && !sells) (page.ask, lots) = _undelivered(book, page, askNumber, lots);
        if (!isPair || !page.bid.isBid() || (!sells && page.ask.isBid())) {
            revert ICallAuction.CallAuction_NotAPair(bidNumber, askNumber);
        }
        if (!_deliver(terms, book, page, lots, terms.isMinted())) return;
        if (!buys) _complete(book, bidNumber, page.bid, lots);
        if (!sells) _complete(book, askNumber, page.ask, lots);
    }

    /// @dev An order that has lots to deliver, and how many, `most` at most.
    function _undelivered(
        Book storage book,
        Page memory page,
        uint256 number,
        uint256 most
    ) private view returns (CallOrder order, uint256 lots) {
        order = _turned(page.id, book, number);
        ICallAuction.OrderState state = order.state();
        if (state != ICallAuction.OrderState.Allotted) {
            revert ICallAuction.CallAuction_OrderNotIn(page.id, number, state);
        }
        lots = book.details[number].undelivered;
        if (lots > most) lots = most;
    }

    function _complete(Book storage book, uint256 number, CallOrder order, uint256 lots) private {
        Detail storage detail = book.details[number];
        // At most what was undelivered.
        uint64 left = detail.undelivered - uint64(lots);
        detail.undelivered = left;
        if (left == 0) book.orders[number] = order.withState(ICallAuction.OrderState.Ended);
    }

    // ------------------------------------------------------------------- refunding

    /// @dev Gives back what is left of what an order gave.
    /// @return Whether it could: if its shares cannot be let go, it stays as it was
    function _refund(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        uint256 number,
        CallOrder order,
        bool hadTurn
    ) private returns (bool) {
        uint256 money = 0;
        uint256 shares = 0;
        if (order.isBid()) {
            if (hadTurn) money = book.details[number].undelivered * page.prices[order.ladder()];
            else money = _paidWith(terms, order, _quantityOf(book, number, order));
        } else {
            shares = hadTurn ? _unreleased(terms, book, number) : order.lots() * terms.lotOf();
            if (!_tryLetGo(terms, order.owner(), shares)) return false;
            if (hadTurn) book.details[number].amount = 0;
        }
        CallOrder ended = order.withState(ICallAuction.OrderState.Ended);
        // Where nothing was allotted, what is kept there is a person's number.
        book.orders[number] = hadTurn ? ended : ended.withAllotted(0);
        _payBack(terms, book, page, order, money);
        emit ICallAuction.Refunded(page.id, number, order.owner(), money, shares);
        return true;
    }

    /// @dev Shares of an ask that are still held once it has had its turn.
    function _unreleased(
        ICallAuction.Terms calldata terms,
        Book storage book,
        uint256 number
    ) private view returns (uint256) {
        Detail storage detail = book.details[number];
        // An order that has ended has nothing to deliver.
        return detail.undelivered * uint256(terms.lot) + detail.amount;
    }

    /// @dev Books a return.
    function _unbook(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        uint256 number,
        CallOrder bid,
        uint256 lots
    ) private returns (uint256 paid) {
        Detail storage detail = book.details[number];
        uint256 delivered = 0;
        if (bid.state() >= ICallAuction.OrderState.Allotted) {
            delivered = bid.allotted() - detail.undelivered - detail.returned;
        }
        if (lots > delivered) revert ICallAuction.CallAuction_OverDelivered(lots, delivered);
        uint256 price = page.prices[bid.ladder()];
        uint256 bps = terms.feeBps;
        // All of an order was delivered at once, at one fee.
        uint256 fee = (delivered * price * bps) / BPS - ((delivered - lots) * price * bps) / BPS;
        paid = lots * price;
        // At most what was delivered, and booked for it.
        detail.returned += uint64(lots);
        book.head.returned += uint40(lots);
        Two storage proceeds = book.proceeds[bid.ladder()];
        (proceeds.first, proceeds.second) = (proceeds.first - uint128(paid), proceeds.second - uint128(fee));
    }

    /// @dev Takes shares back from the caller: to the principal, or out of existence.
    function _takeShares(ICallAuction.Terms calldata terms, uint256 shares) private {
        if (terms.mint) return IERC3643Token(terms.token).burn(msg.sender, shares);
        bool moved = IERC20(terms.token).transferFrom(msg.sender, terms.principal, shares);
        if (!moved) revert ICallAuction.CallAuction_Undeliverable(terms.principal, shares);
    }

    // ---------------------------------------------------------------------- paying

    /// @dev Whether proceeds are the principal's: enough was delivered, or nobody can give back any more.
    function _isPayable(ICallAuction.Terms calldata terms, Page memory page) private view returns (bool) {
        ICallAuction.Stage stage = page.head.stage;
        if (stage != ICallAuction.Stage.Settling && stage != ICallAuction.Stage.Settled) return false;
        if (page.delivered - page.head.returned >= terms.leastLotsOf()) return true;
        return block.timestamp > terms.returnUntil;
    }

    /// @dev Stores a page, and pays who is paid for all of it.
    function _payOut(ICallAuction.Terms calldata terms, Book storage book, Page memory page) private {
        _store(book, page);
        if (terms.kind != ICallAuction.Kind.Sale) {
            if (page.fees[0] != 0) _pay(terms, book, page, 0, terms.feeTo, page.fees[0]);
            return;
        }
        for (uint256 ladder = 0; ladder < 2; ++ladder) {
            if (page.gross[ladder] == 0) continue;
            Two storage proceeds = book.proceeds[ladder];
            // Parts of what was refundable, of 128 bits.
            proceeds.first += uint128(page.gross[ladder]);
            proceeds.second += uint128(page.fees[ladder]);
        }
        if (_isPayable(terms, page)) _payProceeds(terms, book, page);
    }

    function _payProceeds(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page
    ) private returns (uint256[2] memory amounts) {
        for (uint256 ladder = 0; ladder < 2; ++ladder) {
            Two memory proceeds = book.proceeds[ladder];
            if (proceeds.first == 0) continue;
            delete book.proceeds[ladder];
            amounts[ladder] = proceeds.first - proceeds.second;
            if (proceeds.second != 0) _pay(terms, book, page, ladder, terms.feeTo, proceeds.second);
            _payPrincipal(terms, book, page, ladder, amounts[ladder]);
        }
    }

    function _payPrincipal(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        uint256 ladder,
        uint256 amount
    ) private {
        if (_pay(terms, book, page, ladder, terms.principal, amount)) {
            emit ICallAuction.PrincipalPaid(page.id, terms.principal, terms.ladders[ladder].currency, amount);
        }
    }

    /// @dev Lets go of the principal's shares beyond what `needed` lots take, if it can: money does not wait for shares.
    function _releasePrincipal(
        ICallAuction.Terms calldata terms,
        Book storage book,
        Page memory page,
        uint256 needed
    ) private returns (bool) {
        uint256 lots = terms.lots - page.delivered - page.result.released - needed;
        if (lots == 0) return false;
        if (!_tryLetGo(terms, terms.principal, lots * terms.lot)) return false;
        // Of the 40 bits of the call's lots.
        book.result.released += uint40(lots);
        return true;
    }

    function _take(
        ICallAuction.Terms calldata terms,
        uint8 ladder,
        address account,
        address receiver
    ) private returns (uint256 amount) {
        bytes32 id = terms.idOf();
        Book storage book = _books[id];
        if (book.head.stage == ICallAuction.Stage.None) revert ICallAuction.CallAuction_UnknownCall(id);
        if (ladder > 1) revert ICallAuction.CallAuction_UnknownLadder(ladder);
        if (terms.takeUntil != 0) _requireUntil(terms.takeUntil);
        if (receiver == address(0) || receiver == address(this))
            revert ICallAuction.CallAuction_InvalidReceiver(receiver);
        amount = book.owedTo[ladder][account];
        if (amount == 0) revert ICallAuction.CallAuction_NothingLeft(id, account);
        book.owedTo[ladder][account] = 0;
        book.owed[ladder] -= amount;
        address currency = terms.ladders[ladder].currency;
        emit ICallAuction.Taken(id, account, currency, receiver, amount);
        _send(currency, receiver, amount);
    }

    function _send(address currency, address receiver, uint256 amount) private {
        if (PaymentLib.trySend(currency, receiver, amount, gasleft()) != PaymentLib.Outcome.Paid) {
            revert ICallAuction.CallAuction_PaymentFailed(currency, receiver, amount);
        }
    }
}

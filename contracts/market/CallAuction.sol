// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {IInvestorRegistry} from "../compliance/IInvestorRegistry.sol";
import {Investor} from "../compliance/InvestorLib.sol";
import {PaymentLib} from "../libraries/PaymentLib.sol";
import {TokenRolesLib} from "../libraries/TokenRolesLib.sol";
import {IShareToken} from "../token/IShareToken.sol";
import {CallBooks} from "./CallBooks.sol";
import {CallClearingLib} from "./CallClearingLib.sol";
import {CallOrder, CallOrderLib} from "./CallOrderLib.sol";
import {CallSettlement} from "./CallSettlement.sol";
import {CallTermsLib} from "./CallTermsLib.sol";
import {CallWordLib} from "./CallWordLib.sol";
import {ICallAuction} from "./ICallAuction.sol";
import {IHolds} from "./IHolds.sol";

/// @title CallAuction
/// @notice Collects orders until a time, finds one price for all, allots and settles. `ICallAuction` is the
/// specification.
/// @dev Promise: an order counts only with all that it gives, and its owner, or its owner's signature, has asked for it.
/// Until the close, what it gave goes back to its owner and to nobody else.
///
/// The terms are not stored: every call brings them, and their hash finds the books.
contract CallAuction is ICallAuction, CallBooks, EIP712 {
    using CallTermsLib for Terms;
    using CallWordLib for Terms;

    // ------------------------------------------------------------------- constants

    /// @dev Where money begins in the slot of a `Head`, in bits, and one order more.
    uint256 private constant REFUNDABLE = 128;
    uint256 private constant ONE_ORDER = 1 << 8;

    bytes32 private constant PLACEMENT_TYPEHASH = keccak256(
        "Placement(bytes32 id,address owner,uint8 side,uint128 quantity,uint8 step,uint8 ladder,uint256 nonce,"
        "uint256 validUntil)"
    );
    bytes32 private constant OPENING_TYPEHASH = keccak256("Opening(bytes32 id)");
    bytes32 private constant WITHDRAWAL_TYPEHASH = keccak256("Withdrawal(bytes32 id,uint256 order,uint256 validUntil)");

    /// @dev ERC-3009, of a currency that has it.
    bytes4 private constant RECEIVE = bytes4(
        keccak256("receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)")
    );

    // --------------------------------------------------------------------- storage

    mapping(address owner => mapping(uint256 word => uint256 bits)) private _spent;

    /// @dev Carries out what comes after the close, with this contract's storage: the code of both is too much for one.
    address private immutable _settlement;

    constructor(IHolds holds_) CallBooks(holds_) {
        _settlement = address(new CallSettlement(holds_));
    }

    // --------------------------------------------------------------------- opening

    /// @inheritdoc ICallAuction
    function open(Terms calldata terms, bytes calldata signature) external nonReentrant returns (bytes32 id) {
        id = terms.idOf();
        Book storage book = _books[id];
        if (book.head.stage != Stage.None) revert CallAuction_KnownCall(id);
        terms.requireValid();
        if (msg.sender != terms.opener) revert CallAuction_NotOpener(msg.sender, terms.opener);
        address principal = terms.principal;
        if (terms.mint) {
            _requireSpeaks(terms.token, msg.sender);
            _requireSpeaks(terms.token, address(this));
        } else if (principal != address(0) && principal != msg.sender) {
            _requireSigned(principal, digestOfOpening(id), signature);
        }
        book.head.stage = Stage.Open;
        _announce(id, terms, terms.token, principal);
        if (terms.kind == Kind.Tender) {
            book.head.refundable = terms.budget;
            _takeMoney(terms.ladders[0].currency, principal, terms.budget);
        } else if (terms.kind == Kind.Sale && !terms.mint) {
            _hold(terms, principal, uint256(terms.lots) * terms.lot);
        }
    }

    /// @inheritdoc ICallAuction
    function cancel(Terms calldata terms, bytes32 documentHash) external nonReentrant {
        (bytes32 id, Book storage book) = _bookAt(terms, Stage.Open);
        if (msg.sender != terms.opener && msg.sender != terms.principal) {
            revert CallAuction_MayNotCancel(msg.sender, id);
        }
        _moveKept(book);
        book.head.stage = Stage.Cancelled;
        emit Cancelled(id, msg.sender, documentHash);
    }

    /// @inheritdoc ICallAuction
    function entitle(Terms calldata terms, address[] calldata wallets) external nonReentrant {
        (bytes32 id, Book storage book) = _bookAt(terms, Stage.Open);
        if (terms.recordId == 0) revert CallAuction_TermsMismatch(terms.kind, terms.valuer, 0);
        _requireUntil(terms.closesAt);
        for (uint256 i = 0; i < wallets.length; ++i) {
            address wallet = wallets[i];
            if (book.counted[wallet]) revert CallAuction_EntitledBefore(id, wallet);
            book.counted[wallet] = true;
            uint256 person = _personOf(terms, _inPlaceOf(terms.token, wallet));
            uint256 shares = IShareToken(terms.token).balanceOfAt(wallet, terms.recordId);
            book.entitled[person] += shares;
            emit Entitled(id, person, wallet, shares);
        }
    }

    // --------------------------------------------------------------------- placing

    /// @inheritdoc ICallAuction
    function place(
        Terms calldata terms,
        Side side,
        uint128 quantity,
        uint8 step,
        uint8 ladder
    ) external nonReentrant returns (uint256 order) {
        Placement memory placement = Placement(terms.idOf(), msg.sender, side, quantity, step, ladder, 0, 0);
        uint256 due;
        (order, due) = _record(terms, placement);
        _collect(terms, placement, due);
    }

    /// @inheritdoc ICallAuction
    function placeWithPermit(
        Terms calldata terms,
        Side side,
        uint128 quantity,
        uint8 step,
        uint8 ladder,
        Permit calldata permit
    ) external nonReentrant returns (uint256 order) {
        Placement memory placement = Placement(terms.idOf(), msg.sender, side, quantity, step, ladder, 0, 0);
        uint256 due;
        (order, due) = _record(terms, placement);
        _use(terms, placement, due, permit);
        _collect(terms, placement, due);
    }

    /// @inheritdoc ICallAuction
    function placeFor(
        Terms calldata terms,
        Placement calldata placement,
        bytes calldata signature,
        Permit calldata permit
    ) external nonReentrant returns (uint256 order) {
        bytes32 digest = _spend(terms, placement);
        _requireSigned(placement.owner, digest, signature);
        uint256 due;
        (order, due) = _record(terms, placement);
        _use(terms, placement, due, permit);
        _collect(terms, placement, due);
    }

    /// @inheritdoc ICallAuction
    function placeWithAuthorization(
        Terms calldata terms,
        Placement calldata placement,
        Authorization calldata authorization
    ) external nonReentrant returns (uint256 order) {
        bytes32 digest = _spend(terms, placement);
        if (placement.side != Side.Bid) revert CallAuction_WrongSide(placement.side, terms.kind);
        uint256 due;
        (order, due) = _record(terms, placement);
        _receive(terms.ladders[placement.ladder].currency, placement.owner, due, digest, authorization);
    }

    /// @inheritdoc ICallAuction
    function cancelNonce(uint256 nonce) external {
        _spendNonce(msg.sender, nonce);
        emit NonceCancelled(msg.sender, nonce);
    }

    // --------------------------------------------------------------------- closing

    /// @inheritdoc ICallAuction
    function close(Terms calldata terms) external nonReentrant returns (Clearing memory clearing) {
        if (terms.valuer != address(0)) revert CallAuction_NotValuer(msg.sender, terms.valuer);
        (bytes32 id, Book storage book, uint256 kept) = _closing(terms);
        clearing = CallClearingLib.clear(terms, book.interest, book.named, kept);
        _close(terms, id, book, clearing);
    }

    /// @inheritdoc ICallAuction
    function closeAt(Terms calldata terms, uint256 price) external nonReentrant returns (Clearing memory clearing) {
        if (terms.valuer == address(0) || msg.sender != terms.valuer) {
            revert CallAuction_NotValuer(msg.sender, terms.valuer);
        }
        (bytes32 id, Book storage book, uint256 kept) = _closing(terms);
        uint256 most = terms.priceAt(0, uint256(terms.steps) - 1);
        if (price < terms.ladders[0].firstPrice || price > most) {
            revert CallAuction_WrongPrice(price, terms.ladders[0].firstPrice, most);
        }
        uint256 bids;
        (clearing, bids) = CallClearingLib.clearAt(terms, book.interest, book.named, kept, price);
        if (terms.byAmount) book.total = bids;
        _close(terms, id, book, clearing);
    }

    /// @inheritdoc ICallAuction
    function accept(Terms calldata terms) external nonReentrant {
        (bytes32 id, Book storage book) = _bookAt(terms, Stage.Cleared);
        if (msg.sender != terms.principal) revert CallAuction_NotPrincipal(msg.sender, terms.principal);
        _requireUntil(terms.acceptBy);
        book.head.stage = Stage.Settling;
        emit Accepted(id);
    }

    /// @inheritdoc ICallAuction
    function fail(Terms calldata terms) external nonReentrant {
        bytes32 id = terms.idOf();
        Book storage book = _books[id];
        Stage stage = book.head.stage;
        bool isCleared = stage == Stage.Cleared;
        if (!isCleared) _requireStage(id, stage, Stage.Open);
        _requireAfter(isCleared ? terms.acceptBy : terms.closeBy);
        _moveKept(book);
        book.head.stage = Stage.Failed;
        emit Failed(id, isCleared ? Failure.NotAccepted : Failure.NotClosed);
    }

    // ----------------------------------------------------------------- withdrawing

    /// @inheritdoc ICallAuction
    function withdraw(Terms calldata, uint256) external {
        _delegate();
    }

    /// @inheritdoc ICallAuction
    function withdrawFor(Terms calldata, uint256, uint256, bytes calldata) external {
        _delegate();
    }

    /// @inheritdoc ICallAuction
    function strike(Terms calldata, uint256[] calldata) external returns (uint256) {
        _delegate();
    }

    /// @inheritdoc ICallAuction
    function restore(Terms calldata, uint256[] calldata) external returns (uint256) {
        _delegate();
    }

    // -------------------------------------------------------------------- settling

    /// @inheritdoc ICallAuction
    function settle(Terms calldata, uint256) external returns (bool) {
        _delegate();
    }

    /// @inheritdoc ICallAuction
    function deliver(Terms calldata, Pair[] calldata) external returns (uint64) {
        _delegate();
    }

    /// @inheritdoc ICallAuction
    function refund(Terms calldata, uint256[] calldata) external returns (uint256) {
        _delegate();
    }

    /// @inheritdoc ICallAuction
    function returnShares(Terms calldata, uint256, uint64) external returns (uint256) {
        _delegate();
    }

    /// @inheritdoc ICallAuction
    function payPrincipal(Terms calldata) external returns (uint256[2] memory) {
        _delegate();
    }

    /// @inheritdoc ICallAuction
    function take(Terms calldata, uint8, address) external returns (uint256) {
        _delegate();
    }

    /// @inheritdoc ICallAuction
    function takeTo(Terms calldata, uint8, address, address) external returns (uint256) {
        _delegate();
    }

    /// @inheritdoc ICallAuction
    function sweep(Terms calldata, uint8) external returns (uint256) {
        _delegate();
    }

    // ----------------------------------------------------------------------- views

    /// @inheritdoc ICallAuction
    function holds() external view returns (IHolds) {
        return _holds;
    }

    /// @inheritdoc ICallAuction
    function idOf(Terms calldata terms) external pure returns (bytes32) {
        return terms.idOf();
    }

    /// @inheritdoc ICallAuction
    function digestOf(Placement memory placement) public view returns (bytes32) {
        return _hashTypedData(keccak256(abi.encode(PLACEMENT_TYPEHASH, placement)));
    }

    /// @inheritdoc ICallAuction
    function digestOfOpening(bytes32 id) public view returns (bytes32) {
        return _hashTypedData(keccak256(abi.encode(OPENING_TYPEHASH, id)));
    }

    /// @inheritdoc ICallAuction
    function digestOfWithdrawal(bytes32 id, uint256 order, uint256 validUntil) public view returns (bytes32) {
        return _hashTypedData(keccak256(abi.encode(WITHDRAWAL_TYPEHASH, id, order, validUntil)));
    }

    /// @inheritdoc ICallAuction
    function callOf(bytes32 id) external view returns (Call memory) {
        Book storage book = _books[id];
        Head memory head = book.head;
        uint256 delivered = head.stage == Stage.Open ? 0 : uint256(head.delivered) - head.returned;
        // Of 40 bits.
        return Call(head.stage, head.orders, _clearingOf(book), uint64(delivered), book.result.passed);
    }

    /// @inheritdoc ICallAuction
    function orderOf(bytes32 id, uint256 order) external view returns (Order memory) {
        Book storage book = _books[id];
        CallOrder found = _settles(book.head.stage) ? _turned(id, book, order) : _orderIn(id, book, order);
        Detail memory detail = book.details[order];
        OrderState state = found.state();
        uint256 quantity = found.lots();
        if (quantity == 0) quantity = detail.amount;
        uint256 allotted = state < OrderState.Allotted ? 0 : found.allotted();
        uint256 gone = uint256(detail.undelivered) + detail.returned;
        return
            Order({
                owner: found.owner(),
                side: found.side(),
                state: state,
                // Each field was packed from its type.
                step: uint8(found.step()),
                ladder: uint8(found.ladder()),
                quantity: uint128(quantity),
                allotted: uint64(allotted),
                delivered: uint64(allotted - gone)
            });
    }

    /// @inheritdoc ICallAuction
    function interestAt(bytes32 id, uint8 step) external view returns (uint256 bids, uint256 asks) {
        Book storage book = _books[id];
        uint256 kept = step == 0 && book.head.stage == Stage.Open ? _keptIn(book) : 0;
        return _halves(book.interest[step] + kept);
    }

    /// @inheritdoc ICallAuction
    function escrowOf(bytes32 id, uint8 ladder) external view nonReentrantView returns (Escrow memory) {
        Book storage book = _books[id];
        uint256 refundable = ladder == 0 ? book.head.refundable : book.second;
        uint256 proceeds = book.proceeds[ladder].first;
        uint256 owed = book.owed[ladder];
        return Escrow(refundable + proceeds + owed, refundable, proceeds, owed);
    }

    /// @inheritdoc ICallAuction
    function owedTo(bytes32 id, uint8 ladder, address account) external view returns (uint256) {
        uint256 owed = _books[id].owedTo[ladder][account];
        // After a sweep nothing is.
        uint256 all = _books[id].owed[ladder];
        return owed < all ? owed : all;
    }

    /// @inheritdoc ICallAuction
    function orderedBy(bytes32 id, Side side, uint256 person) external view returns (uint256) {
        (uint256 bids, uint256 asks) = _halves(_books[id].ordered[person]);
        return side == Side.Bid ? bids : asks;
    }

    /// @inheritdoc ICallAuction
    function entitledSharesOf(bytes32 id, uint256 person) external view returns (uint256) {
        return _books[id].entitled[person];
    }

    /// @inheritdoc ICallAuction
    function isEntitled(bytes32 id, address wallet) external view returns (bool) {
        return _books[id].counted[wallet];
    }

    /// @inheritdoc ICallAuction
    function isSpent(address owner, uint256 nonce) external view returns (bool) {
        return (_spent[owner][nonce >> 8] >> (nonce & 0xff)) & 1 != 0;
    }

    /// @inheritdoc ICallAuction
    function preview(Terms calldata terms, uint256 price) external view returns (Clearing memory clearing) {
        bytes32 id = terms.idOf();
        Book storage book = _books[id];
        Stage stage = book.head.stage;
        if (stage == Stage.None) revert CallAuction_UnknownCall(id);
        if (stage != Stage.Open) return _clearingOf(book);
        if (terms.valuer == address(0)) return CallClearingLib.clear(terms, book.interest, book.named, _keptIn(book));
        (clearing, ) = CallClearingLib.clearAt(terms, book.interest, book.named, _keptIn(book), price);
    }

    // -------------------------------------------------------------------- checking

    function _requireSpeaks(address token, address account) private view {
        (, bool speaks) = TokenRolesLib.isOwnerOrAgent(token, account);
        if (!speaks) revert CallAuction_NotOwnerOrAgent(account, token);
    }

    // ---------------------------------------------------------------------- asking

    function _personOf(Terms calldata terms, address wallet) private view returns (uint256 person) {
        if (terms.registry == address(0)) return uint160(wallet);
        person = IInvestorRegistry(terms.registry).investorOf(wallet).person();
        if (person == 0) revert CallAuction_UnknownPerson(wallet, terms.registry);
    }

    /// @dev Whose orders are counted, who is not the principal.
    function _bidderOf(Terms calldata terms, address owner) private view returns (uint256 person) {
        address principal = terms.principalOf();
        address registry = terms.registryOf();
        bool isPrincipals = owner == principal;
        if (registry == address(0)) {
            person = uint160(owner);
        } else {
            (Investor investor, Investor other) = IInvestorRegistry(registry).investorsOf(owner, principal);
            person = investor.person();
            if (person == 0) revert CallAuction_UnknownPerson(owner, registry);
            if (person == other.person()) isPrincipals = true;
        }
        if (isPrincipals) revert CallAuction_PrincipalsPerson(owner, person);
    }

    // ------------------------------------------------------------------- recording

    /// @dev Writes an order.
    /// @return order Its number
    /// @return due What its owner gives: money, or shares
    function _record(Terms calldata terms, Placement memory placement) private returns (uint256 order, uint256 due) {
        Book storage book = _books[placement.id];
        uint256 head = _headOf(book);
        // The lowest eight bits are the stage.
        _requireStage(placement.id, Stage(head & 0xff), Stage.Open);
        _requireOpenAt(terms.opensAtOf(), terms.closesAtOf());
        bool isBid = placement.side == Side.Bid;
        due = _dueOf(terms, placement, placement.ladder == 0 ? head >> REFUNDABLE : book.second);
        uint256 person = _bidderOf(terms, placement.owner);
        if (terms.isCounted()) _countPerson(terms, book, placement, person);
        // The number of orders cannot reach 40 bits, and `_dueOf` has seen that money fits into 128.
        unchecked {
            head += ONE_ORDER;
            if (isBid && placement.ladder == 0) head += due << REFUNDABLE;
            else if (isBid) book.second += due;
            // The sum of so many orders, of 40 bits each, has 80.
            if (terms.hasOnePrice()) head += uint256(placement.quantity) << KEPT;
            else _addToStep(book, placement.step, placement.side, placement.quantity);
        }
        _setHead(book, head);
        order = (head / ONE_ORDER) & CallOrderLib.MAX_LOTS;
        bool byAmount = terms.isByAmount();
        book.orders[order] = CallOrderLib.pack(
            placement.owner,
            byAmount ? 0 : placement.quantity,
            placement.step,
            placement.side,
            placement.ladder,
            person
        );
        if (byAmount) book.details[order].amount = placement.quantity;
        _announceOrder(placement, order);
    }

    function _announceOrder(Placement memory placement, uint256 order) private {
        bytes32 topic = Placed.selector;
        // In memory a placement lies as the event has it: the call, the owner, and then side, quantity, step and ladder.
        // The compiler's way costs each order 300 gas more.
        assembly ("memory-safe") {
            log4(add(placement, 0x40), 0x80, topic, mload(placement), order, mload(add(placement, 0x20)))
        }
    }

    function _requireOpenAt(uint256 opensAt, uint256 closesAt) private view {
        if (block.timestamp < opensAt) revert CallAuction_TooEarly(opensAt, block.timestamp);
        _requireUntil(closesAt);
    }

    /// @dev What an order gives, after checking everything about it that is not about its owner's person.
    /// @param present Money of its currency that is here
    function _dueOf(
        Terms calldata terms,
        Placement memory placement,
        uint256 present
    ) private view returns (uint256 due) {
        _requirePlace(terms, placement);
        uint256 quantity = placement.quantity;
        uint256 least = terms.leastOrderOf();
        if (quantity == 0 || quantity < least) revert CallAuction_TooSmall(quantity, least);
        uint256 price = terms.priceAt(placement.ladder, placement.step);
        // Numbers of 128 bits, and lots of 96, the divisors not zero.
        unchecked {
            uint256 money = CallTermsLib.MAX_MONEY - present;
            uint256 lots = quantity;
            due = quantity;
            bool isBid = placement.side == Side.Bid;
            bool isByAmount = terms.isByAmount();
            if (isByAmount) lots = quantity / price;
            else due = quantity * price;
            uint256 shares = lots * terms.lotOf();
            if (
                (isBid && due > money) ||
                (!isByAmount && (quantity > CallOrderLib.MAX_LOTS || shares > CallTermsLib.MAX_SHARES))
            ) revert CallAuction_TooLarge(quantity, _mostOf(terms, isBid, money, price));
            if (!isBid) return shares;
            if (!_allows(terms.tokenOf(), placement.owner, shares)) {
                revert CallAuction_Undeliverable(placement.owner, shares);
            }
        }
    }

    /// @dev The largest order at a price, if a bid can bring so much money.
    function _mostOf(
        Terms calldata terms,
        bool isBid,
        uint256 money,
        uint256 price
    ) private pure returns (uint256 most) {
        if (terms.isByAmount()) return money;
        most = isBid ? money / price : CallOrderLib.MAX_LOTS;
        uint256 limit = CallTermsLib.MAX_SHARES / terms.lotOf();
        if (limit > CallOrderLib.MAX_LOTS) limit = CallOrderLib.MAX_LOTS;
        if (most > limit) most = limit;
    }

    function _requirePlace(Terms calldata terms, Placement memory placement) private pure {
        Side side = placement.side;
        if (side == Side.Bid ? terms.isTender() : terms.isSale()) revert CallAuction_WrongSide(side, terms.kind);
        uint256 step = placement.step;
        if (step >= terms.stepCount()) revert CallAuction_UnknownStep(step, terms.stepCount());
        uint256 ladder = placement.ladder;
        if (ladder > 1 || terms.currencyOf(ladder) == address(0)) revert CallAuction_UnknownLadder(ladder);
    }

    /// @dev Counts an order for its person, within its limit.
    function _countPerson(Terms calldata terms, Book storage book, Placement memory placement, uint256 person) private {
        uint256 limit = terms.mostPerPerson;
        if (terms.recordId != 0) {
            // Two factors of 96 and 64 bits.
            uint256 right = (book.entitled[person] * terms.entitledLots) / terms.entitledShares;
            if (limit == 0 || right < limit) limit = right;
        }
        uint256 shift = placement.side == Side.Bid ? 0 : 128;
        uint256 word = book.ordered[person];
        uint256 sum = uint128(word >> shift) + uint256(placement.quantity);
        if (sum > limit) revert CallAuction_OverLimit(person, sum, limit);
        // Not above a limit of 128 bits.
        book.ordered[person] = word + (uint256(placement.quantity) << shift);
    }

    /// @dev Checks and spends a signed placement.
    function _spend(Terms calldata terms, Placement calldata placement) private returns (bytes32) {
        bytes32 id = terms.idOf();
        if (placement.id != id) revert CallAuction_OtherCall(placement.id, id);
        _requireUntil(placement.validUntil);
        _spendNonce(placement.owner, placement.nonce);
        return digestOf(placement);
    }

    function _spendNonce(address owner, uint256 nonce) private {
        uint256 bit = 1 << (nonce & 0xff);
        uint256 word = _spent[owner][nonce >> 8];
        if (word & bit != 0) revert CallAuction_NonceSpent(owner, nonce);
        _spent[owner][nonce >> 8] = word | bit;
    }

    /// @dev `Opened`, with the terms as they came.
    function _announce(bytes32 id, Terms calldata terms, address token, address principal) private {
        bytes32 topic = Opened.selector;
        uint256 size = CallTermsLib.TERMS_BYTES;
        // The compiler's way would check and copy each word anew.
        assembly ("memory-safe") {
            let words := mload(0x40)
            calldatacopy(words, terms, size)
            log4(words, size, topic, id, token, principal)
        }
    }

    // ------------------------------------------------------------------ collecting

    function _collect(Terms calldata terms, Placement memory placement, uint256 due) private {
        if (placement.side == Side.Ask) return _hold(terms, placement.owner, due);
        _takeMoney(terms.currencyOf(placement.ladder), placement.owner, due);
    }

    function _hold(Terms calldata terms, address owner, uint256 shares) private {
        uint256 until = _holds.consentOf(address(this), terms.token, owner).until;
        if (until < terms.settleBy) revert CallAuction_ConsentTooShort(owner, until, terms.settleBy);
        // The terms, and the limit of an order, leave no more than 96 bits.
        _holds.holdFor(terms.token, owner, uint96(shares));
    }

    function _takeMoney(address currency, address payer, uint256 amount) private {
        (, uint256 arrived) = PaymentLib.tryTake(currency, payer, amount);
        if (arrived < amount) revert CallAuction_Short(currency, arrived, amount);
    }

    /// @dev A permit that fails is passed over: it may have been used before, by anybody.
    function _use(Terms calldata terms, Placement memory placement, uint256 due, Permit calldata permit) private {
        if (permit.deadline == 0 || placement.side == Side.Ask) return;
        _tryCall(
            terms.ladders[placement.ladder].currency,
            abi.encodeCall(
                IERC20Permit.permit,
                (placement.owner, address(this), due, permit.deadline, permit.v, permit.r, permit.s)
            ),
            gasleft(),
            0
        );
    }

    function _receive(
        address currency,
        address payer,
        uint256 amount,
        bytes32 digest,
        Authorization calldata authorization
    ) private {
        uint256 before = PaymentLib.holdingOf(currency);
        bytes memory order = abi.encodeWithSelector(
            RECEIVE,
            payer,
            address(this),
            amount,
            authorization.validAfter,
            authorization.validBefore,
            digest,
            authorization.v,
            authorization.r,
            authorization.s
        );
        (bool taken, ) = _tryCall(currency, order, gasleft(), 0);
        uint256 present = PaymentLib.holdingOf(currency);
        uint256 arrived = taken && present > before ? present - before : 0;
        if (arrived < amount) revert CallAuction_Short(currency, arrived, amount);
    }

    // --------------------------------------------------------------------- closing

    /// @dev The books of a call that can be closed now, and the interest that was kept in its head until now.
    function _closing(Terms calldata terms) private returns (bytes32 id, Book storage book, uint256 kept) {
        (id, book) = _bookAt(terms, Stage.Open);
        _requireAfter(terms.closesAt);
        _requireUntil(terms.closeBy);
        kept = _moveKept(book);
    }

    function _close(Terms calldata terms, bytes32 id, Book storage book, Clearing memory clearing) private {
        uint256 lots = clearing.lots;
        if (lots == 0 || lots < terms.leastLots) {
            book.head.stage = Stage.Failed;
            emit Failed(id, lots == 0 ? Failure.NoVolume : Failure.BelowLeast);
            return;
        }
        book.head.stage = terms.acceptBy == 0 ? Stage.Settling : Stage.Cleared;
        // The terms leave a price of 128 bits; lots beyond 40 bits, or sums beyond 128, are refused rather than cut.
        if (lots > CallOrderLib.MAX_LOTS) revert CallAuction_TooLarge(lots, CallOrderLib.MAX_LOTS);
        book.result = Result(uint128(clearing.price), uint40(lots), clearing.step, 0, 0);
        book.sums = Two(uint128(clearing.demand), uint128(clearing.supply));
        emit Closed(id, clearing.step, clearing.price, clearing.lots, clearing.demand, clearing.supply);
    }

    // ---------------------------------------------------------------------- paying

    /// @inheritdoc EIP712
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("prorata CallAuction", "1");
    }

    /// @dev Has the other half of the code do the same with this contract's storage, and ends with what it answers.
    function _delegate() private {
        address settlement = _settlement;
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let done := delegatecall(gas(), settlement, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            if iszero(done) {
                revert(data, returndatasize())
            }
            return(data, returndatasize())
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {IERC3643Token} from "../token/IERC3643Token.sol";
import {IRecordToken} from "../token/IRecordToken.sol";
import {ICallAuction} from "./ICallAuction.sol";

/// @title CallTermsLib
/// @notice What the terms of a call say: their id, their prices, and whether a call with them can be opened.
///
/// Terms come as calldata with every entry, and only the hash of their words is stored. `requireValid` sees once, when a
/// call is opened, that no word has bits that its type has no room for; after that whoever brings the same hash brings
/// the same words, and they are read as they are.
///
/// Promise: terms that pass `requireValid` can be cleared, delivered and refunded without a price, a number of shares or
/// a time of theirs being too large.
/// @dev The compiler would check each word each time it is read, and write each error where it is thrown. The contract
/// that this is part of has no room for that: so words are read by their place, and one function throws all errors.
library CallTermsLib {
    /// @dev Where a word of the terms lies, in bytes.
    uint256 private constant KIND = 0x40;
    uint256 private constant TOKEN = 0x60;
    uint256 private constant LOT = 0x80;
    uint256 private constant PRINCIPAL = 0xa0;
    uint256 private constant MINT = 0xc0;
    uint256 private constant BY_AMOUNT = 0xe0;
    uint256 private constant LOTS = 0x100;
    uint256 private constant LEAST_LOTS = 0x120;
    uint256 private constant BUDGET = 0x140;
    uint256 private constant CURRENCY = 0x160;
    uint256 private constant FIRST_PRICE = 0x180;
    uint256 private constant INCREMENT = 0x1a0;
    uint256 private constant STEPS = 0x220;
    uint256 private constant OPENS_AT = 0x240;
    uint256 private constant CLOSES_AT = 0x280;
    uint256 private constant ACCEPT_BY = 0x2c0;
    uint256 private constant RETURN_UNTIL = 0x300;
    uint256 private constant RECORD_ID = 0x380;
    uint256 private constant ENTITLED_LOTS = 0x3a0;
    uint256 private constant ENTITLED_SHARES = 0x3c0;
    uint256 private constant VALUER = 0x3e0;
    uint256 private constant FEE_TO = 0x400;
    uint256 private constant FEE_BPS = 0x420;
    uint256 private constant DELIVERY_GAS = 0x440;
    uint256 private constant TAKE_UNTIL = 0x460;
    uint256 private constant SWEEP_TO = 0x480;
    uint256 internal constant TERMS_BYTES = 0x4c0;

    /// @dev A ladder, in bytes.
    uint256 private constant LADDER_BYTES = 0x60;

    /// @dev For each word of the terms the bits that its type has, less one.
    uint256 private constant BITS_0 = 0x9fff019f5f9f00003f3f7f9f7f7f9f7f7f072f2f2f2f2f2f2f7f7f9f1f3f5f9f;
    uint256 private constant BITS_1 = 0x9f0f1f2f9fff0000000000000000000000000000000000000000000000000000;

    uint256 private constant SALE = uint256(ICallAuction.Kind.Sale);
    uint256 private constant TENDER = uint256(ICallAuction.Kind.Tender);
    uint256 private constant AUCTION = uint256(ICallAuction.Kind.Auction);

    /// @dev Of the seven times from `opensAt` to `returnUntil`: those that may be 0, and those that may equal the one
    /// before.
    uint256 private constant OPTIONAL_TIMES = 0x52;
    uint256 private constant EQUAL_TIMES = 0x13;
    uint256 private constant TIMES_BYTES = 0xe0;

    /// @dev The longest that a call may take from now.
    uint256 internal constant LONGEST = 400 days;

    /// @dev The highest fee, in hundredths of a percent.
    uint256 internal constant MAX_FEE_BPS = 100;

    uint256 internal constant LEAST_DELIVERY_GAS = 500_000;
    uint256 internal constant MOST_DELIVERY_GAS = 10_000_000;

    /// @dev Money of one currency is counted in 128 bits.
    uint256 internal constant MAX_MONEY = type(uint128).max;

    /// @dev Share tokens of this system count shares in 96 bits.
    uint256 internal constant MAX_SHARES = type(uint96).max;

    /// @dev Lots of a call, and of an order, are counted in 40 bits.
    uint256 internal constant MAX_LOTS = type(uint40).max;

    /// @dev `TransferRules.leastHolding`, which other rules need not know.
    bytes4 private constant LEAST_HOLDING = bytes4(keccak256("leastHolding()"));

    /// @dev The length of an error with two values, and with three.
    uint256 private constant TWO = 0x44;
    uint256 private constant THREE = 0x64;

    // ------------------------------------------------------------------- reading

    /// @dev The hash of the words as they came. Terms with bits where none belong have another id, and `requireValid` lets
    /// none of that id be opened.
    function idOf(ICallAuction.Terms calldata terms) internal pure returns (bytes32 id) {
        uint256 size = TERMS_BYTES;
        assembly ("memory-safe") {
            let words := mload(0x40)
            calldatacopy(words, terms, size)
            id := keccak256(words, size)
        }
    }

    function isTender(ICallAuction.Terms calldata terms) internal pure returns (bool) {
        return _at(terms, KIND) == TENDER;
    }

    function isByAmount(ICallAuction.Terms calldata terms) internal pure returns (bool) {
        return _at(terms, BY_AMOUNT) != 0;
    }

    /// @dev Whether all orders bid for lots at the one price of a sale.
    function hasOnePrice(ICallAuction.Terms calldata terms) internal pure returns (bool) {
        return _at(terms, STEPS) == 1 && _at(terms, KIND) == SALE && _at(terms, BY_AMOUNT) == 0;
    }

    function stepCount(ICallAuction.Terms calldata terms) internal pure returns (uint256) {
        return _at(terms, STEPS);
    }

    /// @dev The most lots of the principal's; none in an auction.
    function mostLots(ICallAuction.Terms calldata terms) internal pure returns (uint256) {
        return _at(terms, LOTS);
    }

    /// @dev Money for a lot at a step of a ladder.
    function priceAt(ICallAuction.Terms calldata terms, uint256 ladder, uint256 step) internal pure returns (uint256) {
        // Two factors of 8 and 128 bits.
        unchecked {
            uint256 skipped = ladder * LADDER_BYTES;
            return _at(terms, FIRST_PRICE + skipped) + step * _at(terms, INCREMENT + skipped);
        }
    }

    /// @dev With how many lots the principal of a tender bids at a price: as many as its budget pays for.
    function bidAt(ICallAuction.Terms calldata terms, uint256 price) internal pure returns (uint256 lots) {
        lots = _at(terms, LOTS);
        uint256 paid = _at(terms, BUDGET) / price;
        if (paid < lots) lots = paid;
    }

    // ------------------------------------------------------------------ refusing

    /// @dev Reverts unless a call with these terms can be opened now, as far as the terms and the token say.
    function requireValid(ICallAuction.Terms calldata terms) internal view {
        _requireClean(terms);
        _requireParts(terms);
        _requireLots(terms);
        _requireLadders(terms);
        _requireTimes(terms);
        _requirePayments(terms);
        _requireToken(terms);
    }

    /// @dev Reverts, as the compiler's own decoder would, if a word has bits that its type has no room for.
    function _requireClean(ICallAuction.Terms calldata terms) private pure {
        uint256 bits0 = BITS_0;
        uint256 bits1 = BITS_1;
        uint256 auction = AUCTION;
        uint256 kind = KIND;
        assembly ("memory-safe") {
            let dirty := gt(calldataload(add(terms, kind)), auction)
            mstore(0x00, bits0)
            mstore(0x20, bits1)
            for {
                let i := 0
            } lt(i, 38) {
                i := add(i, 1)
            } {
                let bits := add(byte(0, mload(i)), 1)
                dirty := or(dirty, shr(bits, calldataload(add(terms, shl(5, i)))))
            }
            if dirty {
                revert(0x00, 0x00)
            }
        }
    }

    /// @dev Parts of the terms that go with some kinds of calls only.
    function _requireParts(ICallAuction.Terms calldata terms) private view {
        uint256 kind = _at(terms, KIND);
        uint256 principal = _at(terms, PRINCIPAL);
        _check(
            (kind == AUCTION) == (principal == 0) && principal != uint160(address(this)),
            uint32(ICallAuction.CallAuction_WrongPrincipal.selector),
            TWO,
            kind,
            principal,
            0
        );
        bool isSale = kind == SALE;
        uint256 byAmount = _at(terms, BY_AMOUNT);
        _match(terms, isSale || _at(terms, MINT) | byAmount == 0, 1);
        _match(terms, byAmount == 0 || _at(terms, VALUER) != 0, byAmount);
        uint256 time = _at(terms, RETURN_UNTIL);
        _match(terms, (time != 0) == (isSale && _at(terms, LEAST_LOTS) != 0), time);
        time = _at(terms, ACCEPT_BY);
        _match(terms, time == 0 || kind != AUCTION, time);
        uint256 recordId = _at(terms, RECORD_ID);
        bool hasNone = recordId == 0;
        _match(
            terms,
            hasNone == (_at(terms, ENTITLED_LOTS) == 0) &&
                hasNone == (_at(terms, ENTITLED_SHARES) == 0) &&
                (hasNone || byAmount == 0),
            recordId
        );
    }

    function _match(ICallAuction.Terms calldata terms, bool matches, uint256 given) private pure {
        _check(
            matches,
            uint32(ICallAuction.CallAuction_TermsMismatch.selector),
            THREE,
            _at(terms, KIND),
            _at(terms, VALUER),
            given
        );
    }

    function _requireLots(ICallAuction.Terms calldata terms) private view {
        uint256 kind = _at(terms, KIND);
        uint256 lot = _at(terms, LOT);
        uint256 expected = lot == 0 ? 1 : lot;
        if (kind == TENDER) {
            // A token that does not say has shares that cannot be divided.
            (, uint256 decimals) = _ask(_at(terms, TOKEN), abi.encodeCall(IERC20Metadata.decimals, ()));
            // What does not fit is no lot.
            unchecked {
                expected = 10 ** decimals;
            }
        }
        _check(lot == expected, uint32(ICallAuction.CallAuction_WrongLot.selector), TWO, lot, expected, 0);
        uint256 lots = _at(terms, LOTS);
        uint256 least = _at(terms, LEAST_LOTS);
        uint256 limit = kind == AUCTION ? 0 : FixedPointMathLib.min(MAX_SHARES / lot, MAX_LOTS);
        _check(
            lots <= limit && (limit == 0 || (lots != 0 && lots >= least)),
            uint32(ICallAuction.CallAuction_WrongLots.selector),
            THREE,
            lots,
            least,
            limit
        );
        uint256 budget = _at(terms, BUDGET);
        least = kind == TENDER ? _at(terms, FIRST_PRICE) : 0;
        _check(
            kind == TENDER ? budget >= least : budget == 0,
            uint32(ICallAuction.CallAuction_WrongBudget.selector),
            TWO,
            budget,
            least,
            0
        );
    }

    function _requireLadders(ICallAuction.Terms calldata terms) private pure {
        uint256 steps = _at(terms, STEPS);
        _check(steps != 0, uint32(ICallAuction.CallAuction_WrongSteps.selector), TWO, steps, type(uint8).max, 0);
        uint256 first = _at(terms, CURRENCY);
        _requireLadder(terms, 0, first != 0);
        uint256 second = _at(terms, CURRENCY + LADDER_BYTES);
        if (second == 0) {
            bool isEmpty = _at(terms, FIRST_PRICE + LADDER_BYTES) | _at(terms, INCREMENT + LADDER_BYTES) == 0;
            return _checkLadder(isEmpty, 1, second);
        }
        // A sale without a valuer: both are 0.
        _requireLadder(terms, 1, _at(terms, KIND) | _at(terms, VALUER) == SALE && second != first);
    }

    function _requireLadder(ICallAuction.Terms calldata terms, uint256 ladder, bool belongs) private pure {
        // A ladder is one of two; the type of steps, which are not 0, has no room for more than 255.
        unchecked {
            uint256 currency = _at(terms, CURRENCY + ladder * LADDER_BYTES);
            _checkLadder(belongs && currency != _at(terms, TOKEN), ladder, currency);
            uint256 steps = _at(terms, STEPS);
            uint256 price = priceAt(terms, ladder, 0);
            _checkPrice(price != 0, price, 1);
            uint256 last = priceAt(terms, ladder, steps - 1);
            _checkPrice(steps == 1 || last != price, price, price + 1);
            _checkPrice(last <= MAX_MONEY, last, 1);
        }
    }

    function _checkLadder(bool fits, uint256 ladder, uint256 currency) private pure {
        _check(fits, uint32(ICallAuction.CallAuction_WrongLadder.selector), TWO, ladder, currency, 0);
    }

    function _checkPrice(bool fits, uint256 price, uint256 least) private pure {
        _check(fits, uint32(ICallAuction.CallAuction_WrongPrice.selector), THREE, price, least, MAX_MONEY);
    }

    function _requireTimes(ICallAuction.Terms calldata terms) private view {
        uint256 time = _at(terms, CLOSES_AT);
        _check(time >= block.timestamp, uint32(ICallAuction.CallAuction_Past.selector), TWO, time, block.timestamp, 0);
        time = 0;
        // Times have 48 bits.
        unchecked {
            uint256 equals = EQUAL_TIMES;
            uint256 optional = OPTIONAL_TIMES;
            for (uint256 place = OPENS_AT; place != OPENS_AT + TIMES_BYTES; place += 0x20) {
                uint256 next = _at(terms, place);
                if (next != 0 || optional & 1 == 0) {
                    _checkOrder(next + (equals & 1) > time, time, next);
                    time = next;
                }
                (equals, optional) = (equals >> 1, optional >> 1);
            }
            uint256 limit = block.timestamp + LONGEST;
            _check(time <= limit, uint32(ICallAuction.CallAuction_TooFar.selector), TWO, time, limit, 0);
        }
        uint256 takeUntil = _at(terms, TAKE_UNTIL);
        _checkOrder(takeUntil == 0 || takeUntil > time, time, takeUntil);
    }

    function _checkOrder(bool inOrder, uint256 time, uint256 next) private pure {
        _check(inOrder, uint32(ICallAuction.CallAuction_TimesOutOfOrder.selector), TWO, time, next, 0);
    }

    /// @dev The fee, the gas of a delivery, and where money goes in the end.
    function _requirePayments(ICallAuction.Terms calldata terms) private view {
        uint256 value = _at(terms, FEE_BPS);
        uint256 to = _at(terms, FEE_TO);
        _check(
            value == 0 || (value <= MAX_FEE_BPS && to != 0),
            uint32(ICallAuction.CallAuction_WrongFee.selector),
            THREE,
            value,
            MAX_FEE_BPS,
            to
        );
        _checkReceiver(to);
        value = _at(terms, TAKE_UNTIL);
        to = _at(terms, SWEEP_TO);
        _check((value == 0) == (to == 0), uint32(ICallAuction.CallAuction_SweepMismatch.selector), TWO, value, to, 0);
        _checkReceiver(to);
        value = _at(terms, DELIVERY_GAS);
        _check(
            value >= LEAST_DELIVERY_GAS && value <= MOST_DELIVERY_GAS,
            uint32(ICallAuction.CallAuction_WrongDeliveryGas.selector),
            THREE,
            value,
            LEAST_DELIVERY_GAS,
            MOST_DELIVERY_GAS
        );
    }

    function _checkReceiver(uint256 to) private view {
        if (to == uint160(address(this))) revert ICallAuction.CallAuction_InvalidReceiver(address(this));
    }

    /// @dev What only the token can say.
    function _requireToken(ICallAuction.Terms calldata terms) private view {
        uint256 token = _at(terms, TOKEN);
        uint256 recordId = _at(terms, RECORD_ID);
        if (recordId != 0) {
            // A token says no time of a record that it never had, or cancelled.
            (bool known, uint256 closesAt) = _ask(token, abi.encodeCall(IRecordToken.recordTime, (recordId)));
            uint256 opensAt = _at(terms, OPENS_AT);
            _check(
                known && closesAt < opensAt,
                uint32(ICallAuction.CallAuction_RecordNotClosed.selector),
                THREE,
                recordId,
                closesAt,
                opensAt
            );
        }
        if (_at(terms, KIND) != AUCTION) return;
        // However many orders there are, no more shares are sold than exist.
        (, uint256 supply) = _ask(token, abi.encodeCall(IERC20.totalSupply, ()));
        uint256 lot = _at(terms, LOT);
        uint256 expected = FixedPointMathLib.divUp(supply, MAX_LOTS);
        _check(lot >= expected, uint32(ICallAuction.CallAuction_WrongLot.selector), TWO, lot, expected, 0);
        // Rules that do not answer ask for no least holding that could be known here.
        (, uint256 rules) = _ask(token, abi.encodeCall(IERC3643Token.compliance, ()));
        (, uint256 least) = _ask(rules, abi.encodePacked(LEAST_HOLDING));
        // A least holding of one is none: nobody holds less.
        _check(least <= 1, uint32(ICallAuction.CallAuction_LeastHolding.selector), TWO, token, least, 0);
    }

    function _ask(uint256 callee, bytes memory question) private view returns (bool answered, uint256 answer) {
        return StaticCallLib.tryAsk(address(uint160(callee)), question, gasleft());
    }

    /// @dev A word of the terms, by its place.
    function _at(ICallAuction.Terms calldata terms, uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(terms, place))
        }
    }

    /// @dev Reverts with an error of `size` bytes, unless all is well.
    function _check(
        bool isWell,
        uint256 selector,
        uint256 size,
        uint256 first,
        uint256 second,
        uint256 third
    ) private pure {
        if (isWell) return;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, shl(224, selector))
            mstore(add(data, 0x04), first)
            mstore(add(data, 0x24), second)
            mstore(add(data, 0x44), third)
            revert(data, size)
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITradeSettlement} from "./ITradeSettlement.sol";

/// @title OrderLib
/// @notice What an order says, and what a part of it costs. One place for `fill` and for `explain`.
library OrderLib {
    /// @dev What changes hands in one fill.
    /// @param given How much of `give` the maker gives, a fee in it included
    /// @param taken How much of `take` the taker gives for it, a fee in it included
    /// @param fee How much of the money the venue gets, out of what the seller receives
    /// @param tax How much of the money the buyer pays on top
    struct Parts {
        uint256 given;
        uint256 taken;
        uint256 fee;
        uint256 tax;
    }

    bytes32 internal constant TYPEHASH = keccak256(
        "Order(address maker,address taker,address give,address take,uint128 giveAmount,uint128 takeAmount,"
        "uint128 leastFill,uint48 validUntil,uint64 nonce,address recordToken,uint32 record,bool makerPays,"
        "address feeTo,uint16 feeBps,address taxTo,uint16 taxBps)"
    );

    /// @dev Marks the nonce of an order that may be filled in parts.
    uint64 internal constant PARTIAL = 1 << 63;

    /// @dev The highest fee, and the highest tax, in hundredths of a percent.
    uint256 internal constant MAX_BPS = 100;

    uint256 private constant BPS = 10_000;
    uint256 private constant ORDER_BYTES = 0x200;

    /// @dev `hashStruct` of EIP-712. An order is encoded as it is signed, word by word. Words with bits that their type
    /// has no room for are refused where a field is read: `fill` reads every one.
    function hash(ITradeSettlement.Order calldata order) internal pure returns (bytes32 structHash) {
        bytes32 typehash = TYPEHASH;
        uint256 size = ORDER_BYTES;
        // The compiler would read, check and write word by word, for three times the gas.
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, typehash)
            calldatacopy(add(data, 0x20), order, size)
            structHash := keccak256(data, add(size, 0x20))
        }
    }

    /// @dev Whether the fields of an order contradict each other, or `taker` is its maker.
    function isMalformed(ITradeSettlement.Order calldata order, address taker) internal pure returns (bool) {
        uint256 giveAmount = order.giveAmount;
        uint256 leastFill = order.leastFill;
        bool partial_ = order.nonce & PARTIAL != 0;
        return
            giveAmount == 0 ||
            order.takeAmount == 0 ||
            leastFill > giveAmount ||
            partial_ != (leastFill < giveAmount) ||
            order.give == order.take ||
            order.maker == taker ||
            (order.recordToken == address(0)) != (order.record == 0) ||
            (order.feeTo == address(0) && order.feeBps != 0) ||
            (order.taxTo == address(0) && order.taxBps != 0);
    }

    /// @dev Whether fee and tax are within the limit.
    function isFeeLow(ITradeSettlement.Order calldata order) internal pure returns (bool) {
        return order.feeBps <= MAX_BPS && order.taxBps <= MAX_BPS;
    }

    /// @dev The least that may be filled when `left` is left: never nothing.
    function leastOf(ITradeSettlement.Order calldata order, uint256 left) internal pure returns (uint256 least) {
        least = order.leastFill;
        if (least > left) least = left;
        if (least == 0) least = 1;
    }

    /// @dev What a fill of `amount` consists of, after `done`. The caller warrants `done + amount <= giveAmount`, which is
    /// not zero, and `isFeeLow`.
    function partsOf(
        ITradeSettlement.Order calldata order,
        uint256 done,
        uint256 amount
    ) internal pure returns (Parts memory parts) {
        parts.given = amount;
        parts.taken = _costOf(order, done + amount) - _costOf(order, done);
        uint256 money = order.makerPays ? amount : parts.taken;
        // Products of 128 and 16 bits.
        unchecked {
            parts.fee = (money * order.feeBps) / BPS;
            parts.tax = (money * order.taxBps) / BPS;
        }
    }

    /// @dev What `payer` pays beside what the other side receives. What it would pay itself stays where it is.
    function extras(
        ITradeSettlement.Order calldata order,
        Parts memory parts,
        address payer
    ) internal pure returns (uint256 fee, uint256 tax) {
        if (order.feeTo != payer) fee = parts.fee;
        if (order.taxTo != payer) tax = parts.tax;
    }

    /// @dev What the maker gives in all, of `give`.
    function givesOf(ITradeSettlement.Order calldata order, Parts memory parts) internal pure returns (uint256) {
        if (!order.makerPays) return parts.given;
        (uint256 fee, uint256 tax) = extras(order, parts, order.maker);
        return parts.given - parts.fee + fee + tax;
    }

    /// @dev What the taker gives in all, of `take`.
    function dueOf(
        ITradeSettlement.Order calldata order,
        Parts memory parts,
        address taker
    ) internal pure returns (uint256) {
        if (order.makerPays) return parts.taken;
        (uint256 fee, uint256 tax) = extras(order, parts, taker);
        return parts.taken - parts.fee + fee + tax;
    }

    /// @dev What the taker receives, of `give`.
    function takerGets(ITradeSettlement.Order calldata order, Parts memory parts) internal pure returns (uint256) {
        return order.makerPays ? parts.given - parts.fee : parts.given;
    }

    /// @dev What the maker receives, of `take`.
    function makerGets(ITradeSettlement.Order calldata order, Parts memory parts) internal pure returns (uint256) {
        return order.makerPays ? parts.taken : parts.taken - parts.fee;
    }

    /// @dev What the first `done` of an order cost, rounded up.
    function _costOf(ITradeSettlement.Order calldata order, uint256 done) private pure returns (uint256) {
        uint256 giveAmount = order.giveAmount;
        // The product of two numbers of 128 bits leaves room for a third. Divided by zero reverts here too.
        unchecked {
            return (uint256(order.takeAmount) * done + giveAmount - 1) / giveAmount;
        }
    }
}

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

    /// @dev The order in memory, where its fields cost least to read. Reverts, as the compiler's own decoder would, if a
    /// word has bits that its type has no room for: so what is hashed is what is read.
    function load(ITradeSettlement.Order calldata source) internal pure returns (ITradeSettlement.Order memory order) {
        uint256 size = ORDER_BYTES;
        // The compiler would read, check and write word by word, for three times the gas.
        assembly ("memory-safe") {
            calldatacopy(order, source, size)
            // maker, taker, give, take, recordToken, feeTo, taxTo
            let dirty := or(
                or(mload(order), mload(add(order, 0x20))),
                or(mload(add(order, 0x40)), mload(add(order, 0x60)))
            )
            dirty := or(dirty, or(mload(add(order, 0x120)), or(mload(add(order, 0x180)), mload(add(order, 0x1c0)))))
            dirty := shr(160, dirty)
            // giveAmount, takeAmount, leastFill
            let amounts := or(mload(add(order, 0x80)), or(mload(add(order, 0xa0)), mload(add(order, 0xc0))))
            dirty := or(dirty, shr(128, amounts))
            // validUntil, nonce
            dirty := or(dirty, or(shr(48, mload(add(order, 0xe0))), shr(64, mload(add(order, 0x100)))))
            // record, makerPays
            dirty := or(dirty, or(shr(32, mload(add(order, 0x140))), shr(1, mload(add(order, 0x160)))))
            // feeBps, taxBps
            dirty := or(dirty, shr(16, or(mload(add(order, 0x1a0)), mload(add(order, 0x1e0)))))
            if dirty {
                revert(0x00, 0x00)
            }
        }
    }

    /// @dev `hashStruct` of EIP-712. In memory an order lies as it is signed, word by word.
    function hash(ITradeSettlement.Order memory order) internal pure returns (bytes32 structHash) {
        bytes32 typehash = TYPEHASH;
        uint256 size = ORDER_BYTES;
        // In place: the word before the order is another's, and is put back.
        assembly ("memory-safe") {
            let data := sub(order, 0x20)
            let kept := mload(data)
            mstore(data, typehash)
            structHash := keccak256(data, add(size, 0x20))
            mstore(data, kept)
        }
    }

    /// @dev Whether the fields of an order contradict each other, or `taker` is its maker.
    function isMalformed(ITradeSettlement.Order memory order, address taker) internal pure returns (bool malformed) {
        // The compiler would cut every field to its type again, which `load` has done, for four times the gas.
        assembly ("memory-safe") {
            let giveAmount := mload(add(order, 0x80))
            let leastFill := mload(add(order, 0xc0))
            // An amount of zero: giveAmount, takeAmount
            malformed := or(iszero(giveAmount), iszero(mload(add(order, 0xa0))))
            malformed := or(malformed, gt(leastFill, giveAmount))
            // Bit 63 of the nonce says the opposite
            malformed := or(malformed, xor(shr(63, mload(add(order, 0x100))), lt(leastFill, giveAmount)))
            // give, take
            malformed := or(malformed, eq(mload(add(order, 0x40)), mload(add(order, 0x60))))
            malformed := or(malformed, eq(mload(order), shr(96, shl(96, taker))))
            // recordToken, record
            malformed := or(malformed, xor(iszero(mload(add(order, 0x120))), iszero(mload(add(order, 0x140)))))
            // feeTo, feeBps; taxTo, taxBps
            malformed := or(malformed, gt(iszero(mload(add(order, 0x180))), iszero(mload(add(order, 0x1a0)))))
            malformed := or(malformed, gt(iszero(mload(add(order, 0x1c0))), iszero(mload(add(order, 0x1e0)))))
        }
    }

    /// @dev Whether fee and tax are within the limit.
    function isFeeLow(ITradeSettlement.Order memory order) internal pure returns (bool) {
        return order.feeBps <= MAX_BPS && order.taxBps <= MAX_BPS;
    }

    /// @dev The least that may be filled when `left` is left: never nothing.
    function leastOf(ITradeSettlement.Order memory order, uint256 left) internal pure returns (uint256 least) {
        least = order.leastFill;
        if (least > left) least = left;
        if (least == 0) least = 1;
    }

    /// @dev What a fill of `amount` consists of, after `done`. The caller warrants `done + amount <= giveAmount`, which is
    /// not zero, and `isFeeLow`.
    function partsOf(
        ITradeSettlement.Order memory order,
        uint256 done,
        uint256 amount
    ) internal pure returns (Parts memory parts) {
        uint256 giveAmount = order.giveAmount;
        uint256 taken = order.takeAmount;
        // A product of two numbers of 128 bits leaves room for a third; one of 128 and 16 bits for much more. What is done
        // is never more than the whole, nor what the earlier part cost more than what both do.
        unchecked {
            if (amount != giveAmount) {
                taken = _divUp(taken * (done + amount), giveAmount) - _divUp(taken * done, giveAmount);
            }
            (parts.given, parts.taken) = (amount, taken);
            uint256 feeBps = order.feeBps;
            uint256 taxBps = order.taxBps;
            if (feeBps | taxBps == 0) return parts;
            uint256 money = order.makerPays ? amount : taken;
            parts.fee = (money * feeBps) / BPS;
            parts.tax = (money * taxBps) / BPS;
        }
    }

    /// @dev What `payer` pays beside what the other side receives. What it would pay itself stays where it is.
    function extras(
        ITradeSettlement.Order memory order,
        Parts memory parts,
        address payer
    ) internal pure returns (uint256 fee, uint256 tax) {
        if (order.feeTo != payer) fee = parts.fee;
        if (order.taxTo != payer) tax = parts.tax;
    }

    /// @dev What the maker gives in all, of `give`.
    function givesOf(ITradeSettlement.Order memory order, Parts memory parts) internal pure returns (uint256) {
        return order.makerPays ? _withExtras(order, parts, parts.given, order.maker) : parts.given;
    }

    /// @dev What the taker gives in all, of `take`.
    function dueOf(
        ITradeSettlement.Order memory order,
        Parts memory parts,
        address taker
    ) internal pure returns (uint256) {
        return order.makerPays ? parts.taken : _withExtras(order, parts, parts.taken, taker);
    }

    /// @dev What the taker receives of `give`, and the maker of `take`: the seller what the fee leaves.
    function netsOf(
        ITradeSettlement.Order memory order,
        Parts memory parts
    ) internal pure returns (uint256 toTaker, uint256 toMaker) {
        (toTaker, toMaker) = (parts.given, parts.taken);
        // The fee is a hundredth of the money at most.
        unchecked {
            if (order.makerPays) toTaker -= parts.fee;
            else toMaker -= parts.fee;
        }
    }

    function _withExtras(
        ITradeSettlement.Order memory order,
        Parts memory parts,
        uint256 money,
        address payer
    ) private pure returns (uint256) {
        if (parts.fee | parts.tax == 0) return money;
        (uint256 fee, uint256 tax) = extras(order, parts, payer);
        // Of 128 bits, with two hundredths of it.
        unchecked {
            return money - parts.fee + fee + tax;
        }
    }

    /// @dev The caller warrants that the sum fits.
    function _divUp(uint256 product, uint256 divisor) private pure returns (uint256) {
        unchecked {
            return (product + divisor - 1) / divisor;
        }
    }
}

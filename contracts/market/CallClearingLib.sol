// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {UncheckedArrayLib} from "../libraries/UncheckedArrayLib.sol";
import {CallTermsLib} from "./CallTermsLib.sol";
import {ICallAuction} from "./ICallAuction.sol";

/// @title CallClearingLib
/// @notice The price of a call, and what each order gets at it: the law that `ICallAuction` states.
///
/// Interest is what was placed with each step as its limit: bids in the lower 128 bits, asks in the upper. `named` has a
/// bit for each step whose word is not zero. Bids may be `kept` elsewhere, with step 0, if nothing is named. The
/// principal's side is in no word and is added here. The caller warrants that fewer than 2 ** 64 lots are asked.
library CallClearingLib {
    using CallTermsLib for ICallAuction.Terms;
    using UncheckedArrayLib for uint256[];

    /// @dev Where the asks of a word begin.
    uint256 private constant HALF = 128;

    /// @dev Where lots begin in the rank of a step: above more than any sum of lots, and below more than can change hands.
    uint256 private constant RANK_AT = 144;

    uint256 private constant MAX_REST = (1 << RANK_AT) - 1;

    /// @dev What a call without a valuer clears at. Every step is tried, whether somebody named it or not.
    function clear(
        ICallAuction.Terms calldata terms,
        mapping(uint256 step => uint256) storage interest,
        uint256 named,
        uint256 kept
    ) internal view returns (ICallAuction.Clearing memory found) {
        (uint256[] memory words, uint256 bids) = _read(terms, interest, named);
        if (kept != 0) {
            words[0] = kept;
            bids = kept;
        }
        uint256 step = _search(terms, words, bids, found);
        (found.step, found.price) = (uint8(step), terms.priceAt(0, step));
        found.lots = uint64(FixedPointMathLib.min(found.demand, found.supply));
    }

    /// @dev What a call clears at whose valuer names the price; and the sum of its bids, which is money in a call by
    /// amount.
    function clearAt(
        ICallAuction.Terms calldata terms,
        mapping(uint256 step => uint256) storage interest,
        uint256 named,
        uint256 kept,
        uint256 price
    ) internal view returns (ICallAuction.Clearing memory found, uint256 bids) {
        (uint256[] memory words, ) = _read(terms, interest, named);
        if (kept != 0) words[0] = kept;
        uint256 asks = terms.mostLots();
        // Sums of 255 numbers of 128 bits. Nobody but the principal asks in a sale, or bids in a tender.
        unchecked {
            for (uint256 step = 0; step < words.length; ++step) {
                uint256 word = words.at(step);
                uint256 limit = terms.priceAt(0, step);
                if (limit >= price) bids += uint128(word);
                if (limit <= price) asks += word >> HALF;
            }
            if (terms.isTender()) (bids, asks) = (terms.bidAt(price), asks - terms.mostLots());
        }
        (found.price, found.supply) = (price, asks);
        found.demand = terms.isByAmount() ? bids / price : bids;
        found.lots = uint64(FixedPointMathLib.min(found.demand, asks));
    }

    /// @dev What an order of `own` gets of `quantity`, if `before` was placed before it of a `total` that is not zero.
    /// All orders together get all of it.
    function share(uint256 quantity, uint256 before, uint256 own, uint256 total) internal pure returns (uint256) {
        // What grows with the sum of orders does not fall; and `before + own` is at most `total`.
        unchecked {
            return
                FixedPointMathLib.fullMulDiv(quantity, before + own, total) -
                FixedPointMathLib.fullMulDiv(quantity, before, total);
        }
    }

    /// @dev The best step; writes what is bid and asked there to `found`.
    function _search(
        ICallAuction.Terms calldata terms,
        uint256[] memory words,
        uint256 bids,
        ICallAuction.Clearing memory found
    ) private pure returns (uint256 low) {
        uint256 asks = terms.isTender() ? 0 : terms.mostLots();
        uint256 best = 0;
        uint256 high = 0;
        // Sums of 255 numbers of 128 bits; what is taken from the bids was added to them.
        unchecked {
            for (uint256 step = 0; step < words.length; ++step) {
                uint256 word = words.at(step);
                asks += word >> HALF;
                if (terms.isTender()) bids = terms.bidAt(terms.priceAt(0, step));
                // The more lots the better; of as many, the less is left over.
                uint256 rank =
                    (FixedPointMathLib.min(bids, asks) << RANK_AT) + MAX_REST - FixedPointMathLib.dist(bids, asks);
                // Of equal steps the last if bids are longer, the first if asks are, and both if neither is.
                if (rank > best || (rank == best && bids >= asks)) {
                    high = step;
                    if (rank != best || bids != asks) (low, found.demand, found.supply) = (step, bids, asks);
                    best = rank;
                }
                bids -= uint128(word);
            }
            return (low + high) >> 1;
        }
    }

    /// @dev The word of each step, and the sum of all bids. A step that nobody named is not read.
    function _read(
        ICallAuction.Terms calldata terms,
        mapping(uint256 step => uint256) storage interest,
        uint256 named
    ) private view returns (uint256[] memory words, uint256 bids) {
        words = new uint256[](terms.stepCount());
        // A sum of 255 numbers of 128 bits.
        unchecked {
            for (uint256 step = 0; step < words.length; ++step) {
                if ((named >> step) & 1 == 0) continue;
                uint256 word = interest[step];
                words.put(step, word);
                bids += uint128(word);
            }
        }
    }
}

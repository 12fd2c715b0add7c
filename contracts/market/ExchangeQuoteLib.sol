// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {SafeCastLib} from "solady/utils/SafeCastLib.sol";
import {IShareExchange} from "./IShareExchange.sol";

/// @title ExchangeQuoteLib
/// @notice What shares bring, and what everybody's can bring at most.
/// @dev Every division rounds against whoever gives the shares, by less than one unit, and the sum over wallets never
/// exceeds `mostOf` all their shares:
///
///     floor(a * x / p) + floor(b * x / p) <= floor((a + b) * x / p)
///
/// and the rest of a division by `p` of `a * other` is at most `a * (other % p)`.
library ExchangeQuoteLib {
    /// @dev What `shares` of one wallet bring while `price` is paid for `terms.per` of them. The caller warrants that the
    /// price has 128 bits.
    function quote(
        IShareExchange.Terms memory terms,
        uint256 price,
        uint256 shares
    ) internal pure returns (IShareExchange.Quote memory result) {
        shares = SafeCastLib.toUint96(shares);
        // Shares have 96 bits, `per` too, and amounts 128: no product overflows, and no sum of two; and `per` is not zero.
        // The compiler would check all of that again for every holder of a page.
        assembly ("memory-safe") {
            let per := mload(add(terms, 0x20))
            // otherShares, fractionPrice
            let product := mul(shares, mload(add(terms, 0x100)))
            let inLieu := div(mul(mod(product, per), mload(add(terms, 0x140))), per)
            // pays, rounded up
            let product2 := mul(shares, mload(add(terms, 0xc0)))
            mstore(result, add(div(mul(shares, price), per), inLieu))
            mstore(add(result, 0x20), add(div(product2, per), iszero(iszero(mod(product2, per)))))
            mstore(add(result, 0x40), div(product, per))
            mstore(add(result, 0x60), inLieu)
        }
    }

    /// @dev The most money that `shares` can bring, in whatever wallets they are: as one lot, and with the fractions of as
    /// many wallets as there are shares.
    function mostOf(IShareExchange.Terms memory terms, uint256 price, uint256 shares) internal pure returns (uint256) {
        uint256 per = terms.per;
        shares = SafeCastLib.toUint96(shares);
        // As above; the second product has 512 bits, and its quotient less than the 224 of shares and price.
        unchecked {
            uint256 fractions = shares * (terms.otherShares % per);
            return (shares * price) / per + FixedPointMathLib.fullMulDiv(fractions, terms.fractionPrice, per);
        }
    }

    /// @dev The most shares of the other token that `shares` can bring. The caller warrants that they have 96 bits.
    function mostOther(IShareExchange.Terms memory terms, uint256 shares) internal pure returns (uint256) {
        unchecked {
            return (shares * terms.otherShares) / terms.per;
        }
    }
}

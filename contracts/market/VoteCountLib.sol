// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {IBallot} from "./IBallot.sol";

/// @title VoteCountLib
/// @notice What votes add up to, and what is carried. Pure: it touches no storage.
/// @dev The sums of one resolution are one word, against in the upper 128 bits and for in the lower. Neither is more than
/// the shares present, which have 128 bits: so neither half of a word reaches into the other. Abstentions are what is left
/// of the shares present.
library VoteCountLib {
    uint256 internal constant WHOLE = 10_000;

    /// @dev The lower bit of every choice.
    uint256 private constant LOWER_BITS = 0x55555555555555555555555555555555;

    /// @dev Whether there is a choice for a resolution that is none, or one that is neither of the three.
    function isWrong(uint256 choices, uint256 resolutions) internal pure returns (bool) {
        return choices >> (2 * resolutions) != 0 || choices & (choices >> 1) & LOWER_BITS != 0;
    }

    /// @dev What `shares` add to the sums of a resolution by the lowest of their `choices`. The caller warrants that they
    /// have at most 128 bits.
    function wordOf(uint256 choices, uint256 shares) internal pure returns (uint256) {
        // 0 for an abstention; the shifts say which half, without a jump.
        return ((choices & 1) * shares) | ((((choices >> 1) & 1) * shares) << 128);
    }

    /// @dev The sums of one resolution, `was` taken out and `isNow` added. `was` is a part of `sums`, so nothing is borrowed
    /// from the other half; and neither sum is more than the shares present.
    function replaced(uint256 sums, uint256 was, uint256 isNow) internal pure returns (uint256) {
        unchecked {
            return sums - was + isNow;
        }
    }

    /// @dev Adds parts to the sums of each resolution. The caller warrants that the parts have at most 128 bits together.
    function add(uint256[] memory sums, IBallot.Part[] calldata parts) internal pure {
        for (uint256 i = 0; i < parts.length; ++i) {
            addAlike(sums, parts[i].choices, parts[i].shares);
        }
    }

    /// @dev Adds shares that choose alike to the sums of each resolution: what `wordOf` says, at each. The caller warrants
    /// that the choices are valid, so that they end before the array does.
    function addAlike(uint256[] memory sums, uint256 choices, uint256 shares) internal pure {
        // Written out: 256 parts on 60 resolutions are gone through twice in one vote.
        assembly ("memory-safe") {
            let place := add(sums, 0x20)
            for {} choices {} {
                let inFavour := mul(and(choices, 1), shares)
                let against := mul(and(shr(1, choices), 1), shares)
                mstore(place, add(mload(place), or(inFavour, shl(128, against))))
                place := add(place, 0x20)
                choices := shr(2, choices)
            }
        }
    }

    /// @dev Whether enough shares are present.
    function isQuorate(uint256 present, uint256 quorumBps, uint256 eligible) internal pure returns (bool) {
        return present != 0 && present * WHOLE >= quorumBps * eligible;
    }

    /// @dev How a resolution stands by its sums.
    function resultOf(
        IBallot.Resolution memory resolution,
        uint256 sums,
        IBallot.Tally memory tally
    ) internal pure returns (IBallot.Result memory result) {
        result.inFavour = uint128(sums);
        result.against = sums >> 128;
        uint256 cast = result.inFavour + result.against;
        result.abstained = FixedPointMathLib.zeroFloorSub(tally.present, cast);
        uint256 basis = cast;
        if (resolution.basis == IBallot.Basis.Present) basis = tally.present;
        if (resolution.basis == IBallot.Basis.Eligible) basis = tally.eligible;
        bool passed = isPassed(result.inFavour, basis, resolution.thresholdBps, resolution.inclusive);
        result.carried = tally.quorate && passed;
    }

    /// @dev Whether so many shares are more than the threshold's part of a basis, or as many if `inclusive`.
    function isPassed(
        uint256 inFavour,
        uint256 basis,
        uint256 thresholdBps,
        bool inclusive
    ) internal pure returns (bool) {
        if (basis == 0) return false;
        (uint256 given, uint256 needed) = (inFavour * WHOLE, thresholdBps * basis);
        return inclusive ? given >= needed : given > needed;
    }
}

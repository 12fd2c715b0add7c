// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBallot} from "../../../../contracts/market/IBallot.sol";
import {VoteCountLib} from "../../../../contracts/market/VoteCountLib.sol";
import {VM} from "./Vm.sol";

/// @title BallotFacts
/// @notice What the bytecode of a count does, for any choices and any shares. Each check's notice is its sentence. (Law 74)
contract BallotFacts {
    /// @dev Choices of one resolution that are one of the three.
    function _isChoice(uint256 choice) private pure returns (bool) {
        return choice < 3;
    }

    /// @notice What shares add to the sums of a resolution is all of them, to the half that they choose, or nothing if they
    /// abstain. (Law 74)
    function check_a_word_has_all_shares_in_one_half_or_none(uint128 shares, uint256 choices) public pure {
        uint256 choice = choices & 3;
        VM.assume(_isChoice(choice));
        uint256 word = VoteCountLib.wordOf(choices, shares);
        assert(uint128(word) == (choice == 1 ? shares : 0));
        assert(word >> 128 == (choice == 2 ? shares : 0));
    }

    /// @notice A vote that is replaced leaves nothing behind: each half has what it had, less what was chosen before, and
    /// more what is chosen now. (Laws 74 and 75)
    function check_a_replaced_vote_leaves_nothing_behind(
        uint128 inFavour,
        uint128 against,
        uint128 weight,
        uint8 was,
        uint8 isNow
    ) public pure {
        VM.assume(_isChoice(was) && _isChoice(isNow));
        // Both halves without this vote, and room for it, as for shares present of 128 bits.
        VM.assume(uint256(inFavour) + weight <= type(uint128).max && uint256(against) + weight <= type(uint128).max);
        uint256 without = (uint256(against) << 128) | inFavour;
        uint256 sums = without + VoteCountLib.wordOf(was, weight);
        sums = VoteCountLib.replaced(sums, VoteCountLib.wordOf(was, weight), VoteCountLib.wordOf(isNow, weight));
        assert(uint128(sums) == inFavour + (isNow == 1 ? weight : 0));
        assert(sums >> 128 == against + (isNow == 2 ? weight : 0));
    }

    /// @notice Choices are taken if and only if each is one of the three and none is for a resolution that is none, here of
    /// three. (Law 74)
    function check_only_the_three_choices_are_taken(uint128 choices) public pure {
        bool isWrong = VoteCountLib.isWrong(choices, 3);
        bool isFine =
            choices < 64 && _isChoice(choices & 3) && _isChoice((choices >> 2) & 3) && _isChoice((choices >> 4) & 3);
        assert(isWrong != isFine);
    }

    /// @notice For, against and abstained add up to the shares present, of a count that holds; here of 64 bits, since halmos does not multiply more in time. (Law 74)
    function check_a_result_adds_up(uint64 inFavour, uint64 against, uint64 present, uint64 eligible) public pure {
        VM.assume(uint256(inFavour) + against <= present);
        IBallot.Tally memory tally;
        (tally.present, tally.eligible) = (present, eligible);
        IBallot.Resolution memory resolution;
        resolution.thresholdBps = 5_000;
        uint256 sums = (uint256(against) << 128) | inFavour;
        IBallot.Result memory result = VoteCountLib.resultOf(resolution, sums, tally);
        assert(result.inFavour == inFavour && result.against == against);
        assert(result.inFavour + result.against + result.abstained == present && !result.carried);
    }
}

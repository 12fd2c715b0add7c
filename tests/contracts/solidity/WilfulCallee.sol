// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {ITransferRules} from "../../../contracts/compliance/ITransferRules.sol";

/// @title WilfulCallee
/// @notice Answers every question of a token as the test says: it can stand for rules, compliance or a registry.
contract WilfulCallee is IERC165 {
    enum Mood {
        Agreeing,
        Denying,
        Reverting,
        Burning,
        Speechless,
        Garbling,
        Bombing,
        BombingAsReason,
        Overstating,
        Miscoding,
        Truncating
    }

    uint256 private constant MEGABYTE = 1_000_000;

    Mood public mood;
    bool public ours;

    error WilfulCallee_Reverted();

    /// @notice Changes how it answers, and whether it passes for our kind of rules.
    function setMood(Mood mood_, bool ours_) external {
        (mood, ours) = (mood_, ours_);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external view returns (bool) {
        return ours && interfaceId == type(ITransferRules).interfaceId;
    }

    fallback() external {
        Mood present = mood;
        if (present == Mood.Reverting) revert WilfulCallee_Reverted();
        assembly {
            // The order of `Mood`.
            switch present
            case 0 {
                // `registry()` is none; everything else is agreed to.
                mstore(0, iszero(eq(shr(224, calldataload(0)), 0x7b103999)))
                return(0, 32)
            }
            case 1 {
                mstore(0, 0)
                return(0, 32)
            }
            case 3 {
                invalid()
            }
            case 5 {
                mstore(0, not(0))
                mstore(32, not(0))
                mstore(64, not(0))
                return(0, 96)
            }
            case 6 {
                return(0, MEGABYTE)
            }
            case 7 {
                revert(0, MEGABYTE)
            }
            case 8 {
                // A list, and more of it than there can be.
                mstore(0, 0x40)
                mstore(32, 1)
                mstore(64, not(0))
                return(0, 160)
            }
            case 9 {
                // A list of one, with a code that is none.
                mstore(0, 0x40)
                mstore(32, 1)
                mstore(64, 1)
                mstore(96, 19)
                return(0, 192)
            }
            case 10 {
                // A list of one, of which nothing follows.
                mstore(0, 0x40)
                mstore(32, 1)
                mstore(64, 1)
                return(0, 96)
            }
        }
    }
}

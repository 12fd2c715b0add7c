// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Currency} from "./Currency.sol";

/// @title ReturnBomb
/// @notice A currency that, once broken, moves nothing and answers with a megabyte, as a result or as a reason.
contract ReturnBomb is Currency {
    uint256 private constant MEGABYTE = 1_000_000;

    bool public broken;
    bool public reverting;

    /// @notice Breaks it, or mends it; and says whether the megabyte comes as the reason of a revert.
    function setBroken(bool on, bool asReason) external {
        (broken, reverting) = (on, asReason);
    }

    function _pay(address from, address to, uint256 amount) internal override returns (bool) {
        bool asReason = reverting;
        if (broken) {
            assembly {
                if asReason {
                    revert(0, MEGABYTE)
                }
                return(0, MEGABYTE)
            }
        }
        _move(from, to, amount);
        return true;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ITradeSettlement} from "./ITradeSettlement.sol";

/// @title DeliveryLib
/// @notice Moves an ERC-20 from one wallet to another by allowance, and sees that it arrives.
library DeliveryLib {
    /// @dev No reason of a token's is longer, in bytes; what is was made to burn gas.
    uint256 private constant MAX_REASON = 1_024;

    /// @dev Moves `amount`. A token's reason to refuse is passed on as it is; a token that says no without one, or has no
    /// code, has moved nothing.
    function move(address asset, address from, address to, uint256 amount) internal {
        bytes4 selector = IERC20.transferFrom.selector;
        uint256 longest = MAX_REASON;
        bool moved;
        // Written out because a high-level call would copy all of an endless answer, and cannot tell no answer from false.
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, selector)
            // The compiler does not warrant that the upper bits of an address are clean.
            mstore(add(data, 0x04), shr(96, shl(96, from)))
            mstore(add(data, 0x24), shr(96, shl(96, to)))
            mstore(add(data, 0x44), amount)
            switch call(gas(), asset, 0, data, 0x64, 0x00, 0x20)
            case 0 {
                let size := returndatasize()
                if and(iszero(iszero(size)), iszero(gt(size, longest))) {
                    returndatacopy(data, 0x00, size)
                    revert(data, size)
                }
            }
            default {
                switch returndatasize()
                case 0 {
                    moved := iszero(iszero(extcodesize(asset)))
                }
                default {
                    moved := and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))
                }
            }
        }
        if (!moved) revert ITradeSettlement.TradeSettlement_Short(asset, to, 0, amount);
    }

    /// @dev Moves `amount`, and reverts if the balance of `to` has not grown by as much.
    function moveMeasured(address asset, address from, address to, uint256 amount) internal {
        (bool reported, uint256 before) = holdingOf(asset, to, gasleft());
        move(asset, from, to, amount);
        (, uint256 held) = holdingOf(asset, to, gasleft());
        // Silence is no zero: a balance reported only after the money has moved would make all of it seem new.
        uint256 arrived = reported && held > before ? held - before : 0;
        if (arrived < amount) revert ITradeSettlement.TradeSettlement_Short(asset, to, arrived, amount);
    }

    /// @dev What an account holds, if the token reports it within `gasLimit`. Copies one word at most.
    function holdingOf(
        address asset,
        address account,
        uint256 gasLimit
    ) internal view returns (bool reported, uint256 held) {
        bytes4 selector = IERC20.balanceOf.selector;
        // From scratch memory: every fill asks twice.
        assembly ("memory-safe") {
            mstore(0x00, selector)
            // The compiler does not warrant that the upper bits of an address are clean.
            mstore(0x04, shr(96, shl(96, account)))
            let answered := staticcall(gasLimit, asset, 0x00, 0x24, 0x00, 0x20)
            reported := and(answered, gt(returndatasize(), 0x1f))
            held := mul(mload(0x00), reported)
        }
    }
}

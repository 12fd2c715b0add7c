// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";
import {StaticCallLib} from "./StaticCallLib.sol";

/// @title PaymentLib
/// @notice Takes and sends the native coin (`address(0)`) and any ERC-20, well behaved or not.
library PaymentLib {
    /// @dev `Failed`: the currency or the payee reverted, so nothing moved. `Denied`: the currency answered,
    /// but not with success, so something may have moved.
    enum Outcome {
        Paid,
        Failed,
        Denied
    }

    /// @dev The least that a payee of the native coin is offered before a page may pass it over: it writes four slots.
    uint256 internal constant LEAST_NATIVE_GAS = 100_000;

    /// @dev The same for a transfer of an ERC-20, most of which is the currency's own work.
    uint256 internal constant LEAST_TOKEN_GAS = 500_000;

    /// @dev What one question may use.
    uint256 internal constant QUESTION_GAS = 500_000;

    /// @dev What stays here when everything else is forwarded: the price of the call itself, at most 36,600 (an account
    /// that is cold, and new, and gets coins), and what it takes to end with an error that says what failed.
    uint256 internal constant RESERVE_GAS = 40_000;

    /// @dev What a page needs for each holder beside what the payee is offered, on slots that are cold and empty.
    uint256 internal constant OWN_GAS = 80_000;

    /// @dev All that a call from here can be sure to get. The chain forwards at most 63 of 64 parts, and less than was
    /// asked for without a word: so this is what to compare with before anything is concluded from a failure.
    function forwardable() internal view returns (uint256) {
        uint256 left = gasleft();
        if (left <= RESERVE_GAS) return 0;
        unchecked {
            left -= RESERVE_GAS;
            return left - left / 64;
        }
    }

    /// @dev What each of `payees` gets if all get the same of what is left; nothing if there are none.
    function shareOf(uint256 payees) internal view returns (uint256) {
        if (payees == 0) return 0;
        return FixedPointMathLib.zeroFloorSub(gasleft() / payees, OWN_GAS);
    }

    /// @dev The least that is offered to a payee of a page.
    function leastGas(address currency) internal pure returns (uint256) {
        return currency == address(0) ? LEAST_NATIVE_GAS : LEAST_TOKEN_GAS;
    }

    /// @dev Sends `amount`, using at most `gasLimit` gas. Never reverts and copies at most one word of what the callee
    /// returns.
    function trySend(address currency, address to, uint256 amount, uint256 gasLimit) internal returns (Outcome) {
        if (currency == address(0)) {
            bool sent = SafeTransferLib.trySafeTransferETH(to, amount, gasLimit);
            return sent ? Outcome.Paid : Outcome.Failed;
        }
        bool called;
        bool succeeded;
        // Written out because a high-level call would copy all of an endless answer into memory.
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, 0xa9059cbb00000000000000000000000000000000000000000000000000000000)
            // The compiler does not warrant that the upper bits of an address are clean.
            mstore(add(data, 0x04), shr(96, shl(96, to)))
            mstore(add(data, 0x24), amount)
            called := call(gasLimit, currency, 0, data, 0x44, 0x00, 0x20)
            // No answer counts as success if there is a contract to give none.
            switch returndatasize()
            case 0 {
                succeeded := iszero(iszero(extcodesize(currency)))
                // Without code nothing has moved.
                called := and(called, succeeded)
            }
            default {
                succeeded := and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))
            }
        }
        if (!called) return Outcome.Failed;
        return succeeded ? Outcome.Paid : Outcome.Denied;
    }

    /// @dev Takes `amount` of an ERC-20 from `from`, if the currency lets it and reports balances before and after;
    /// `arrived` is what a fee leaves of it.
    function tryTake(address currency, address from, uint256 amount) internal returns (bool taken, uint256 arrived) {
        bytes memory question = _holdingQuestion();
        // Silence is no zero: a balance reported only after the money has moved would make all of it seem new.
        (bool reported, uint256 before) = StaticCallLib.tryAsk(currency, question, QUESTION_GAS);
        if (!reported || !SafeTransferLib.trySafeTransferFrom(currency, from, address(this), amount)) return (false, 0);
        uint256 held;
        (taken, held) = StaticCallLib.tryAsk(currency, question, QUESTION_GAS);
        arrived = held > before ? held - before : 0;
    }

    /// @dev What this contract holds of an ERC-20; nothing if the currency does not report it. A currency that burns what it
    /// gets cannot burn everything.
    function holdingOf(address currency) internal view returns (uint256 held) {
        (, held) = StaticCallLib.tryAsk(currency, _holdingQuestion(), QUESTION_GAS);
    }

    /// @dev Whether the currency says that this contract holds exactly `amount`. Silence says nothing.
    function holds(address currency, uint256 amount) internal view returns (bool) {
        (bool reported, uint256 held) = StaticCallLib.tryAsk(currency, _holdingQuestion(), QUESTION_GAS);
        return reported && held == amount;
    }

    function _holdingQuestion() private view returns (bytes memory) {
        return abi.encodeCall(IERC20.balanceOf, (address(this)));
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
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

    /// @dev Enough for any wallet contract, too little to burn a whole page of payments.
    uint256 internal constant NATIVE_GAS = 100_000;

    /// @dev What one ERC-20 transfer may use when others wait behind it, and one question in any case.
    uint256 internal constant PAGE_GAS = 500_000;

    /// @dev Sends `amount`, using at most `gasLimit` gas for an ERC-20. Never reverts and copies at most one
    /// word of what the callee returns.
    function trySend(address currency, address to, uint256 amount, uint256 gasLimit) internal returns (Outcome) {
        if (currency == address(0)) {
            bool sent = SafeTransferLib.trySafeTransferETH(to, amount, NATIVE_GAS);
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

    /// @dev Takes `amount` of an ERC-20 from `from`, if the currency lets it and tells balances before and after;
    /// `arrived` is what a fee leaves of it.
    function tryTake(address currency, address from, uint256 amount) internal returns (bool taken, uint256 arrived) {
        bytes memory question = _holdingQuestion();
        // Silence is no zero: a balance told only after the money has moved would make all of it seem new.
        (bool told, uint256 before) = StaticCallLib.tryAsk(currency, question, PAGE_GAS);
        if (!told || !SafeTransferLib.trySafeTransferFrom(currency, from, address(this), amount)) return (false, 0);
        uint256 held;
        (taken, held) = StaticCallLib.tryAsk(currency, question, PAGE_GAS);
        arrived = held > before ? held - before : 0;
    }

    /// @dev What this contract holds of an ERC-20; nothing if the currency does not tell. A currency that burns what it
    /// gets cannot burn a whole page.
    function holdingOf(address currency) internal view returns (uint256 held) {
        (, held) = StaticCallLib.tryAsk(currency, _holdingQuestion(), PAGE_GAS);
    }

    /// @dev Whether the currency says that this contract holds exactly `amount`. Silence says nothing.
    function holds(address currency, uint256 amount) internal view returns (bool) {
        (bool told, uint256 held) = StaticCallLib.tryAsk(currency, _holdingQuestion(), PAGE_GAS);
        return told && held == amount;
    }

    function _holdingQuestion() private view returns (bytes memory) {
        return abi.encodeCall(IERC20.balanceOf, (address(this)));
    }
}

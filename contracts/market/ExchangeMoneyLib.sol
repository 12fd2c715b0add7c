// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";
import {PaymentLib} from "../libraries/PaymentLib.sol";
import {StaticCallLib} from "../libraries/StaticCallLib.sol";
import {IShareExchange} from "./IShareExchange.sol";

/// @title ExchangeMoneyLib
/// @notice Takes and pays the money of exchanges, and sees that it arrives.
library ExchangeMoneyLib {
    /// @dev Moves `amount` by allowance. Reverts if less arrives. What one pays to oneself stays where it is.
    function move(address currency, address from, address to, uint256 amount) internal {
        if (amount == 0 || from == to) return;
        bytes memory question = abi.encodeCall(IERC20.balanceOf, (to));
        // Silence is no zero: a balance reported only after the money has moved would make all of it seem new.
        (bool reported, uint256 before) = StaticCallLib.tryAsk(currency, question, PaymentLib.QUESTION_GAS);
        bool moved = reported && SafeTransferLib.trySafeTransferFrom(currency, from, to, amount);
        (, uint256 held) = StaticCallLib.tryAsk(currency, question, PaymentLib.QUESTION_GAS);
        uint256 arrived = moved && held > before ? held - before : 0;
        if (arrived < amount) revert IShareExchange.ShareExchange_Short(currency, arrived, amount);
    }

    /// @dev Pays `amount`, or reverts.
    function pay(address currency, address to, uint256 amount) internal {
        if (amount == 0) return;
        if (PaymentLib.trySend(currency, to, amount, gasleft()) != PaymentLib.Outcome.Paid) {
            revert IShareExchange.ShareExchange_PaymentFailed(currency, to, amount);
        }
    }

    /// @dev Uses a permit. One that fails is passed over: it may have been used before, by anybody.
    function permit(address currency, address owner, IShareExchange.Permit calldata given) internal {
        bytes memory order = abi.encodeCall(
            IERC20Permit.permit,
            (owner, address(this), given.value, given.deadline, given.v, given.r, given.s)
        );
        // Copies no answer. Whether there is an allowance is found when it is used.
        assembly ("memory-safe") {
            pop(call(gas(), currency, 0, add(order, 0x20), mload(order), 0, 0))
        }
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Account, AccountLib} from "../../../../contracts/token/AccountLib.sol";
import {Holding} from "../../../../contracts/compliance/PersonHoldingLib.sol";

// What the compiler's own model checker is asked about the small libraries: one question to a contract, since it takes
// the questions of one contract together and then answers none.

/// @title BalanceModel
contract BalanceModel {
    /// @notice A balance never exceeds 2^96 - 1, whatever the account's word.
    function balanceIsBounded(uint256 bits) external pure {
        assert(Account.wrap(bits).balance() <= AccountLib.MAX_BALANCE);
    }
}

/// @title SinceModel
contract SinceModel {
    /// @notice A count of records never exceeds 2^32 - 1, whatever the account's word.
    function sinceIsBounded(uint256 bits) external pure {
        assert(Account.wrap(bits).since() <= type(uint32).max);
    }
}

/// @title HoldingModel
contract HoldingModel {
    /// @notice A person's shares never exceed 2^96 - 1, whatever the holding's word.
    function holdingIsBounded(uint256 bits) external pure {
        assert(Holding.wrap(bits).shares() <= type(uint96).max);
    }
}

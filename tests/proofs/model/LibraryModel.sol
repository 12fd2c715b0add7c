// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Account, AccountLib} from "../../../contracts/libraries/AccountLib.sol";
import {Holding, HoldingLib} from "../../../contracts/libraries/HoldingLib.sol";
import {Ledger} from "../../../contracts/libraries/LedgerLib.sol";

/// @title LibraryModel
/// @notice What the compiler's own model checker is asked about the small libraries. Each notice is a sentence.
contract LibraryModel {
    /// @notice A balance never exceeds 2^96 - 1, whatever the account's word.
    function balanceIsBounded(uint256 bits) external pure {
        assert(Account.wrap(bits).balance() <= AccountLib.MAX_BALANCE);
    }

    /// @notice A count of records never exceeds 2^32 - 1, whatever the account's word.
    function sinceIsBounded(uint256 bits) external pure {
        assert(Account.wrap(bits).since() <= type(uint32).max);
    }

    /// @notice A time of a next record never exceeds 2^48 - 1, whatever the ledger's word.
    function nextRecordIsBounded(uint256 bits) external pure {
        assert(Ledger.wrap(bits).nextRecordAt() <= type(uint48).max);
    }

    /// @notice A person's shares never exceed 2^96 - 1, whatever the holding's word.
    function holdingIsBounded(uint256 bits) external pure {
        assert(Holding.wrap(bits).shares() <= type(uint96).max);
    }

    /// @notice Shares within 96 bits read back from a holding without a group.
    function holdingReadsBack(uint96 shares) external pure {
        assert(HoldingLib.pack(shares, 0).shares() == shares);
    }

    /// @notice An empty account credited with an amount has that balance, exactly.
    function emptyAccountIsCredited(uint96 amount) external pure {
        assert(Account.wrap(0).plus(amount).balance() == amount);
    }

    /// @notice False: a balance is always zero.
    function controlBalanceIsZero(uint256 bits) external pure {
        assert(Account.wrap(bits).balance() == 0);
    }
}

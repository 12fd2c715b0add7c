// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ClaimBatch, ClaimBatchLib} from "../../../contracts/income/ClaimBatchLib.sol";
import {PROGRESS_FIELD_AT} from "../../../contracts/income/ClaimLayout.sol";
import {StoredTerms} from "../../../contracts/income/TermsLib.sol";

/// @title SettlementLib
/// @notice One settlement by itself, as a function of five numbers.
library SettlementLib {
    /// @notice What `ClaimBatchLib.settleDown` makes of a slot of progress, in a batch of its own.
    function settleDown(
        uint256 progress,
        uint256 field,
        uint256 amount,
        uint256 shares,
        uint256 eligible
    ) internal pure returns (uint256 gross, uint256 progressAfter, bool last) {
        StoredTerms memory terms;
        terms.setDivision(amount, 0);
        terms.origin = field << PROGRESS_FIELD_AT;
        ClaimBatch memory batch = ClaimBatchLib.open(address(0), 1);
        batch.progress = progress;
        (gross, last) = batch.settleDown(terms, 0, shares, eligible);
        progressAfter = batch.progress;
    }
}

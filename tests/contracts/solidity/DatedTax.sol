// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRecordToken} from "../../../contracts/token/IRecordToken.sol";
import {ITaxPolicy} from "../../../contracts/tax/ITaxPolicy.sol";

/// @title DatedTax
/// @notice Withholds a tenth of what belongs to records that close before a reform, and a fifth of the rest.
contract DatedTax is ITaxPolicy {
    /// @inheritdoc ITaxPolicy
    address public immutable collector;

    uint256 public immutable reform;

    constructor(address collector_, uint256 reform_) {
        (collector, reform) = (collector_, reform_);
    }

    /// @inheritdoc ITaxPolicy
    function taxOn(address token, uint256 recordId, uint8, address, uint256 gross) external view returns (uint256) {
        return IRecordToken(token).recordTime(recordId) < reform ? gross / 10 : gross / 5;
    }
}

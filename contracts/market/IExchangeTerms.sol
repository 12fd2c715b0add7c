// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IShareExchange} from "./IShareExchange.sol";

/// @title IExchangeTerms
/// @notice Refuses terms of an exchange that contradict each other, in themselves and at the present time.
interface IExchangeTerms {
    /// @notice Reverts, with an error of `IShareExchange`, if an exchange cannot have these terms. `ShareExchange` asks;
    /// whoever else does must send the question as if from there, since some terms must not name the exchange itself.
    function check(IShareExchange.Terms calldata terms, uint256 funding, uint256 lockedShares) external view;
}

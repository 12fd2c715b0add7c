// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITaxPolicy} from "../tax/ITaxPolicy.sol";

/// @title FlatTax
/// @notice Withholds one rate from every holder. Rate and collector can never change.
contract FlatTax is ITaxPolicy {
    uint256 private constant WHOLE = 10_000;

    /// @notice The rate in basis points: 10,000 is the whole income.
    uint256 public immutable basisPoints;

    /// @inheritdoc ITaxPolicy
    address public immutable collector;

    /// @notice Thrown when the rate is more than the whole income.
    error FlatTax_RateTooHigh(uint256 basisPoints, uint256 limit);

    // The vault refuses a policy without a collector.
    // slither-disable-next-line missing-zero-check
    constructor(uint256 basisPoints_, address collector_) {
        if (basisPoints_ > WHOLE) revert FlatTax_RateTooHigh(basisPoints_, WHOLE);
        basisPoints = basisPoints_;
        collector = collector_;
    }

    /// @inheritdoc ITaxPolicy
    /// @dev Amounts in the vault have at most 160 bits, so the product cannot overflow.
    function taxOn(address, uint256, uint8, address, uint256 gross) external view returns (uint256 tax) {
        return (gross * basisPoints) / WHOLE;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ITaxPolicy
/// @notice What is withheld from a holder's income, and for whom.
/// @dev A policy named in a distribution's terms stays that distribution's policy. Its answer for a
/// given holder, record and kind must not change once the distribution is declared.
interface ITaxPolicy {
    /// @notice The tax withheld from `gross`, rounded down, at most `gross`.
    /// @param token The share token that pays
    /// @param recordId The record whose holders are paid
    /// @param kind The kind of income, a value of `IDividendVault.Kind`
    /// @param holder The holder of record
    /// @param gross Income before tax, in the currency's smallest unit
    function taxOn(
        address token,
        uint256 recordId,
        uint8 kind,
        address holder,
        uint256 gross
    ) external view returns (uint256 tax);

    /// @notice Who receives what is withheld.
    function collector() external view returns (address);
}
